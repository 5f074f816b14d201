#include "base/err.h"

const char *err_name(int e)
{
    switch (e) {
#define X(sym, value, name) \
    case ERR_##sym: return name;
        ERR_TABLE(X)
#undef X
    default: return "unknown";
    }
}
