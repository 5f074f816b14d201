/* Tables of msg/moderate.h. */
#include "edge/web/wire_fields.h"

static const char *const kinds[MUTE_KINDS] = {"mic", "camera", "screen", "hand"};

static const struct field mute_list[] = {
    F_ID(struct cmd_room_mute, "room", room, NEEDED),
    F_ID(struct cmd_room_mute, "session", session, NEEDED),
    F_WORD(struct cmd_room_mute, "kind", kind, kinds, NEEDED),
    F_BOOL(struct cmd_room_mute, "hard", hard),
    F_TRI(struct cmd_room_mute, "on", on),
};
static const struct fields mute = FIELDS(struct cmd_room_mute, mute_list);

static const struct field request_list[] = {
    F_ID(union moderate_view, "room", mute.room, NEEDED),
    F_ID(union moderate_view, "by", mute.by, NEEDED),
    F_WORD(union moderate_view, "kind", mute.kind, kinds, NEEDED),
    F_BOOL(union moderate_view, "hard", mute.hard),
};
static const struct fields request = FIELDS(union moderate_view, request_list);

static const struct field knock_list[] = {
    F_ID(struct cmd_knock, "room", room, NEEDED),
    F_TRI(struct cmd_knock, "on", on),
};
static const struct fields knock = FIELDS(struct cmd_knock, knock_list);

static const struct field admit_list[] = {
    F_ID(struct cmd_room_admit, "room", room, NEEDED),
    F_ID(struct cmd_room_admit, "session", session, NEEDED),
    F_BOOL(struct cmd_room_admit, "on", on, NEEDED),
};
static const struct fields admit = FIELDS(struct cmd_room_admit, admit_list);

static const struct field knocking_list[] = {
    F_ID(union moderate_view, "room", knocking.room, NEEDED),
    F_ID(union moderate_view, "session", knocking.session, NEEDED),
    F_STR(union moderate_view, "name", knocking.name, 0, NEEDED),
    F_ID(union moderate_view, "user", knocking.user),
    F_BOOL(union moderate_view, "on", knocking.on, NEEDED),
};
static const struct fields knocking = FIELDS(union moderate_view, knocking_list);

static const struct field admitted_list[] = {
    F_ID(union moderate_view, "room", admitted.room, NEEDED),
    F_BOOL(union moderate_view, "on", admitted.on, NEEDED),
};
static const struct fields admitted = FIELDS(union moderate_view, admitted_list);

const struct wire_topic wire_moderate = {
    .commands =
        {
            [CMD_ROOM_MUTE] = &mute,
            [CMD_KNOCK] = &knock,
            [CMD_ROOM_ADMIT] = &admit,
        },
    .views =
        {
            [EVENT_MUTE_REQUEST] = &request,
            [EVENT_KNOCKING] = &knocking,
            [EVENT_ADMITTED] = &admitted,
        },
};
