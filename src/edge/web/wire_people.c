/* Tables of msg/people.h. */
#include "edge/web/wire_fields.h"

static const char *const presences[PRESENCES] = {"offline", "online", "away", "call", "dnd"};

static const struct field presence_list[] = {
    F_ID(struct presence_view, "user", user, NEEDED),
    F_WORD(struct presence_view, "presence", presence, presences, NEEDED),
    F_INT(struct presence_view, "last_seen", last_seen_ms, 0, 0),
};
const struct fields wire_presence = FIELDS(struct presence_view, presence_list);

static const struct field watch_list[] = {
    F_IDS(struct cmd_people_watch, "users", users, PEOPLE_WATCH_MAX, NEEDED),
};
static const struct fields watch = FIELDS(struct cmd_people_watch, watch_list);

static const struct field result_watch_list[] = {
    F_OBJECTS(union people_view, "people", presence, &wire_presence, 0, NEEDED),
};
static const struct fields result_watch = FIELDS(union people_view, result_watch_list);

static const struct field event_presence_list[] = {
    F_OBJECTS(union people_view, "changed", presence, &wire_presence, 0, NEEDED),
};
static const struct fields event_presence = FIELDS(union people_view, event_presence_list);

const struct wire_topic wire_people = {
    .commands =
        {
            [CMD_PEOPLE_WATCH] = &watch,
        },
    .views =
        {
            [EVENT_PRESENCE] = &event_presence,
            [RESULT_PEOPLE_WATCH] = &result_watch,
        },
};
