/* Conversations and messages that stay: docs/protocol-people.md, section 4. What is added to cmd.h and
 * event.h. */
#ifndef MADANG_MSG_CONV_H
#define MADANG_MSG_CONV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define CONV_CMDTYPES(CMDTYPE)

#define CONV_EVENTTYPES(EVENTTYPE)

#define CONV_RESULTTYPES(RESULTTYPE)

/* Of struct cmd, u.conv. */
union conv_args {
    char none;
};

/* Of struct event, u.conv. */
union conv_view {
    char none;
};

#endif
