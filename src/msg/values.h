/* Small kinds of values that commands and events are made of (edge/web/wire_fields.h reads and writes
 * them). Lists are borrowed, as slices are. */
#ifndef MADANG_MSG_VALUES_H
#define MADANG_MSG_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A yes or no that may be absent. */
enum tri { TRI_ABSENT = -1, TRI_NO = 0, TRI_YES = 1 };

struct id_list {
    const uint64_t *p;
    size_t n;
};

struct str_list {
    const struct str *p;
    size_t n;
};

/* Objects of one kind: p points to n structs of that kind. */
struct object_list {
    const void *p;
    size_t n;
};

/* {"key":[ids],…}: of each key who; goes out only. */
struct id_map_item {
    struct str key;
    struct id_list ids;
};
struct id_map {
    const struct id_map_item *p;
    size_t n;
};

#endif
