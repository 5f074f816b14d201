#include "domain/idset.h"

#include <string.h>

#include "base/mem.h"

/* Where id is or would be. */
static uint32_t place_of(const struct idset *s, uint64_t id)
{
    uint32_t low = 0, high = s->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (s->v[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool idset_has(const struct idset *s, uint64_t id)
{
    uint32_t at = place_of(s, id);
    return at < s->n && s->v[at] == id;
}

bool idset_add(struct idset *s, uint64_t id)
{
    uint32_t at = place_of(s, id);
    if (at < s->n && s->v[at] == id)
        return false;
    if (s->n == s->cap) {
        s->cap = s->cap * 2 + 4;
        s->v = xrealloc_array(s->v, s->cap, sizeof *s->v);
    }
    memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof *s->v);
    s->v[at] = id;
    s->n++;
    return true;
}

bool idset_remove(struct idset *s, uint64_t id)
{
    uint32_t at = place_of(s, id);
    if (at == s->n || s->v[at] != id)
        return false;
    s->n--;
    memmove(s->v + at, s->v + at + 1, (s->n - at) * sizeof *s->v);
    return true;
}

void idset_free(struct idset *s)
{
    xfree(s->v);
    *s = (struct idset){0};
}
