/* Tables of msg/record.h. */
#include "edge/web/wire_fields.h"
#include "msg/rec_msg.h"

static const char *const states[RECORDING_STATES] = {"stopped", "quota",    "disk_full", "failed",
                                                     "refused", "shutdown", "running",   "cut_off"};

static const struct field room_list[] = {
    F_ID(struct record_args, "room", room, NEEDED),
};
static const struct fields room = FIELDS(struct record_args, room_list);

static const struct field agree_list[] = {
    F_ID(struct record_args, "room", room, NEEDED),
    F_TRI(struct record_args, "on", on),
};
static const struct fields agree = FIELDS(struct record_args, agree_list);

static const struct field one_list[] = {
    F_ID(struct record_args, "recording", recording, NEEDED),
};
static const struct fields one = FIELDS(struct record_args, one_list);

static const struct fields nothing = FIELDS_NONE;

static const struct field event_list[] = {
    F_ID(union record_view, "room", recording.room, NEEDED),
    F_BOOL(union record_view, "on", recording.on, NEEDED),
    F_ID(union record_view, "by", recording.by),
    F_STR(union record_view, "name", recording.name, 0, NEEDED),
    F_INT(union record_view, "since", recording.since_ms, 0, 0, NEEDED),
    F_WORD(union record_view, "why", recording.why, states, .absent = REC_ENDS),
};
static const struct fields event = FIELDS(union record_view, event_list);

static const struct field recording_list[] = {
    F_ID(struct recording_view, "recording", recording, NEEDED),
    F_ID(struct recording_view, "room", room, NEEDED),
    F_STR(struct recording_view, "title", title, 0, NEEDED),
    F_INT(struct recording_view, "started", started_ms, 0, 0, NEEDED),
    F_INT(struct recording_view, "duration_ms", duration_ms, 0, 0, NEEDED),
    F_INT(struct recording_view, "bytes", bytes, 0, 0, NEEDED),
    F_WORD(struct recording_view, "state", state, states, NEEDED),
};
static const struct fields recording = FIELDS(struct recording_view, recording_list);

static const struct field list_list[] = {
    F_OBJECTS(union record_view, "recordings", list, &recording, 0, NEEDED),
};
static const struct fields list = FIELDS(union record_view, list_list);

const struct wire_topic wire_record = {
    .commands =
        {
            [CMD_RECORD_START] = &room,
            [CMD_RECORD_STOP] = &room,
            [CMD_RECORD_AGREE] = &agree,
            [CMD_RECORDINGS] = &nothing,
            [CMD_RECORDING_REMOVE] = &one,
        },
    .views =
        {
            [EVENT_RECORDING] = &event,
            [RESULT_RECORDINGS] = &list,
        },
};
