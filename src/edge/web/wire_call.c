/* Tables of msg/call.h. */
#include "edge/web/wire_fields.h"

const struct wire_topic wire_call = {{NULL}, {NULL}};
