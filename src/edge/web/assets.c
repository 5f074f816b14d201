#include "edge/web/assets.h"

#include <string.h>

const struct asset *asset_find(const char *path, size_t len)
{
    size_t lo = 0, hi = assets_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int cmp = strncmp(assets_table[mid].path, path, len);

        if (cmp == 0 && assets_table[mid].path[len] != '\0')
            cmp = 1;
        if (cmp == 0)
            return &assets_table[mid];
        if (cmp < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const char *asset_type(const char *path, size_t len)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
#define TYPE(ending, type) {ending, type},
#include "edge/web/asset_types.h"
#undef TYPE
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i].ending);

        if (len > n && memcmp(path + len - n, types[i].ending, n) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}
