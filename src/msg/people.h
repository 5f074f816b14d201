/* Who is there: docs/protocol-people.md, section 2. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_PEOPLE_H
#define MADANG_MSG_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define PEOPLE_CMDTYPES(CMDTYPE)       CMDTYPE(PEOPLE_WATCH, "people_watch", BY_PIPE)

#define PEOPLE_EVENTTYPES(EVENTTYPE)   EVENTTYPE(PRESENCE, "presence")

#define PEOPLE_RESULTTYPES(RESULTTYPE) RESULTTYPE(PEOPLE_WATCH)

#define PEOPLE_WATCH_MAX               200

enum presence {
    PRESENCE_OFFLINE,
    PRESENCE_ONLINE,
    PRESENCE_AWAY,
    PRESENCE_CALL,
    PRESENCE_DND,
    PRESENCES
};

struct presence_view {
    uint64_t user;
    enum presence presence;
    int64_t last_seen_ms; /* 0: not told */
};

/* Of struct cmd, u.people. */
union people_args {
    struct cmd_people_watch {
        struct id_list users;
    } watch;
};

/* Of struct event, u.people. */
union people_view {
    struct object_list presence; /* of presence_view: EVENT_PRESENCE, RESULT_PEOPLE_WATCH */
};

#endif
