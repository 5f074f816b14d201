/* Direct calls: docs/protocol-people.md, section 3. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_CALL_H
#define MADANG_MSG_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define CALL_CMDTYPES(CMDTYPE)

#define CALL_EVENTTYPES(EVENTTYPE)

#define CALL_RESULTTYPES(RESULTTYPE)

/* Of struct cmd, u.call. */
union call_args {
    char none;
};

/* Of struct event, u.call. */
union call_view {
    char none;
};

#endif
