/* Tables of msg/people.h. */
#include "edge/web/wire_fields.h"

static const char *const presences[PRESENCES] = {"offline", "online", "away", "call", "dnd"};
static const char *const modes[PRESENCE_MODES] = {"auto", "dnd", "invisible"};
static const char *const onlys[PEOPLE_ONLYS] = {"all", "favourites", "blocked", "online"};

static const struct field presence_list[] = {
    F_ID(struct presence_view, "user", user, NEEDED),
    F_WORD(struct presence_view, "presence", presence, presences, .absent = PRESENCE_UNTOLD),
    F_INT(struct presence_view, "last_seen", last_seen_ms, 0, 0),
};
const struct fields wire_presence = FIELDS(struct presence_view, presence_list);

static const struct field somebody_list[] = {
    F_ID(struct somebody_view, "user", user, NEEDED),
    F_STR(struct somebody_view, "name", name, 0, NEEDED),
    F_STR(struct somebody_view, "display", display, 0, NEEDED),
    F_INT(struct somebody_view, "avatar", avatar, 0, 0, NEEDED),
    F_WORD(struct somebody_view, "presence", presence, presences, .absent = PRESENCE_UNTOLD),
    F_INT(struct somebody_view, "last_seen", last_seen_ms, 0, 0),
    F_BOOL(struct somebody_view, "favourite", favourite, NEEDED),
    F_BOOL(struct somebody_view, "blocked", blocked, NEEDED),
};
const struct fields wire_somebody = FIELDS(struct somebody_view, somebody_list);

/* ---- what comes in ---- */

#define QUERY_BYTES  512
#define CURSOR_BYTES 2048
#define NAME_BYTES   512

static const struct field find_list[] = {
    F_STR(struct cmd_people, "query", query, QUERY_BYTES),
    F_WORD(struct cmd_people, "only", only, onlys, .absent = PEOPLE_ALL),
    F_STR(struct cmd_people, "after", after, CURSOR_BYTES),
    F_INT(struct cmd_people, "limit", limit, 1, PEOPLE_PAGE_MAX, .absent = 50),
};
static const struct fields find = FIELDS(struct cmd_people, find_list);

static const struct field person_list[] = {
    F_ID(struct cmd_person, "user", user),
    F_STR(struct cmd_person, "name", name, NAME_BYTES),
};
static const struct fields person = FIELDS(struct cmd_person, person_list);

static const struct field watch_list[] = {
    F_IDS(struct cmd_people_watch, "users", users, PEOPLE_WATCH_MAX, NEEDED),
};
static const struct fields watch = FIELDS(struct cmd_people_watch, watch_list);

static const struct field mark_list[] = {
    F_ID(struct cmd_mark, "user", user, NEEDED),
    F_BOOL(struct cmd_mark, "on", on, NEEDED),
};
static const struct fields mark = FIELDS(struct cmd_mark, mark_list);

static const struct field mode_list[] = {
    F_WORD(union people_args, "mode", mode, modes, NEEDED),
};
static const struct fields mode = FIELDS(union people_args, mode_list);

static const struct field idle_list[] = {
    F_BOOL(union people_args, "on", on, NEEDED),
};
static const struct fields idle = FIELDS(union people_args, idle_list);

/* ---- what goes out ---- */

static const struct field result_people_list[] = {
    F_OBJECTS(union people_view, "people", page.people, &wire_somebody, 0, NEEDED),
    F_STR(union people_view, "next", page.next, 0),
};
static const struct fields result_people = FIELDS(union people_view, result_people_list);

static const struct field one_person_list[] = {
    F_OBJECT(union people_view, "person", person, &wire_somebody, NEEDED),
};
static const struct fields one_person = FIELDS(union people_view, one_person_list);

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
            [CMD_PEOPLE] = &find,
            [CMD_PERSON] = &person,
            [CMD_PEOPLE_WATCH] = &watch,
            [CMD_FAVOURITE] = &mark,
            [CMD_BLOCK] = &mark,
            [CMD_PRESENCE] = &mode,
            [CMD_IDLE] = &idle,
        },
    .views =
        {
            [EVENT_PRESENCE] = &event_presence,
            [EVENT_PERSON_CHANGED] = &one_person,
            [RESULT_PEOPLE] = &result_people,
            [RESULT_PERSON] = &one_person,
            [RESULT_PEOPLE_WATCH] = &result_watch,
        },
};
