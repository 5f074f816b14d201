/* Tables of msg/conv.h. */
#include "edge/web/wire_fields.h"

const struct wire_topic wire_conv = {{NULL}, {NULL}};
