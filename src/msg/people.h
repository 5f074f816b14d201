/* Who is there: docs/protocol-people.md, section 2. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_PEOPLE_H
#define MADANG_MSG_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define PEOPLE_CMDTYPES(CMDTYPE)                   \
    CMDTYPE(PEOPLE, "people", BY_PIPE)             \
    CMDTYPE(PERSON, "person", BY_PIPE)             \
    CMDTYPE(PEOPLE_WATCH, "people_watch", BY_PIPE) \
    CMDTYPE(FAVOURITE, "favourite", BY_PIPE)       \
    CMDTYPE(BLOCK, "block", BY_PIPE)               \
    CMDTYPE(PRESENCE, "presence", BY_PIPE)         \
    CMDTYPE(IDLE, "idle", BY_PIPE | NO_ID)

#define PEOPLE_EVENTTYPES(EVENTTYPE) \
    EVENTTYPE(PRESENCE, "presence")  \
    EVENTTYPE(PERSON_CHANGED, "person_changed")

#define PEOPLE_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(PEOPLE)                 \
    RESULTTYPE(PERSON)                 \
    RESULTTYPE(PEOPLE_WATCH)

#define PEOPLE_WATCH_MAX 200
#define PEOPLE_PAGE_MAX  100

enum presence {
    PRESENCE_OFFLINE,
    PRESENCE_ONLINE,
    PRESENCE_AWAY,
    PRESENCE_CALL,
    PRESENCE_DND,
    PRESENCES,
    PRESENCE_UNTOLD = PRESENCES /* the server has just started and does not know yet: left out */
};

/* What somebody wants to be seen as: column `presence`. */
enum presence_mode {
    PRESENCE_MODE_AUTO,
    PRESENCE_MODE_DND,
    PRESENCE_MODE_INVISIBLE,
    PRESENCE_MODES
};

enum people_only { PEOPLE_ALL, PEOPLE_FAVOURITES, PEOPLE_BLOCKED, PEOPLE_ONLINE, PEOPLE_ONLYS };

struct presence_view {
    uint64_t user;
    enum presence presence;
    int64_t last_seen_ms; /* 0: not told */
};

/* The Person of the protocol, as one other person sees them. */
struct somebody_view {
    uint64_t user;
    struct str name;
    struct str display;
    int64_t avatar;
    enum presence presence;
    int64_t last_seen_ms; /* 0: not told */
    bool favourite;
    bool blocked;
};

/* Of struct cmd, u.people. */
union people_args {
    struct cmd_people {
        struct str query;
        enum people_only only;
        struct str after; /* a cursor that was given as `next`; n = 0: from the start */
        int64_t limit;
    } find;
    struct cmd_person {
        uint64_t user; /* 0: by name */
        struct str name;
    } person;
    struct cmd_people_watch {
        struct id_list users;
    } watch;
    struct cmd_mark { /* favourite, block */
        uint64_t user;
        bool on;
    } mark;
    enum presence_mode mode;
    bool on; /* idle */
};

/* Of struct event, u.people. */
union people_view {
    struct {
        struct object_list people;      /* of somebody_view */
        struct str next;                /* n = 0: that is all */
    } page;                             /* RESULT_PEOPLE */
    const struct somebody_view *person; /* RESULT_PERSON, EVENT_PERSON_CHANGED */
    struct object_list presence;        /* of presence_view: EVENT_PRESENCE, RESULT_PEOPLE_WATCH */
};

#endif
