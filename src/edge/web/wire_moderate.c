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

const struct wire_topic wire_moderate = {
    .commands = {[CMD_ROOM_MUTE] = &mute},
    .views = {[EVENT_MUTE_REQUEST] = &request},
};
