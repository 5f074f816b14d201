/* Tables of msg/call.h. */
#include "edge/web/wire_fields.h"

/* ---- what comes in ---- */

static const char *const others[CALL_OTHERS] = {"none", "hold", "end"};

static const struct field call_list[] = {
    F_ID(struct cmd_call, "to", to, NEEDED),
    F_BOOL(struct cmd_call, "video", video, NEEDED),
};
static const struct fields call = FIELDS(struct cmd_call, call_list);

static const struct field invite_list[] = {
    F_ID(struct cmd_call, "call", call, NEEDED),
    F_ID(struct cmd_call, "to", to, NEEDED),
};
static const struct fields invite = FIELDS(struct cmd_call, invite_list);

static const struct field answer_list[] = {
    F_ID(struct cmd_call_answer, "call", call, NEEDED),
    F_BOOL(struct cmd_call_answer, "video", video, NEEDED),
    F_WORD(struct cmd_call_answer, "other", other, others, .absent = CALL_OTHER_NONE),
};
static const struct fields answer = FIELDS(struct cmd_call_answer, answer_list);

static const struct field decline_list[] = {
    F_ID(struct cmd_call_decline, "call", call, NEEDED),
    F_TEXT(struct cmd_call_decline, "text", text, 0, CALL_TEXT_MAX),
};
static const struct fields decline = FIELDS(struct cmd_call_decline, decline_list);

static const struct field on_list[] = {
    F_ID(struct cmd_call_on, "call", call, NEEDED),
    F_BOOL(struct cmd_call_on, "on", on, NEEDED),
};
static const struct fields on = FIELDS(struct cmd_call_on, on_list);

static const struct field id_list[] = {
    F_ID(union call_args, "call", id, NEEDED),
};
static const struct fields id = FIELDS(union call_args, id_list);

static const struct field quality_list[] = {
    F_ID(struct cmd_call_quality, "call", call, NEEDED),
    F_INT(struct cmd_call_quality, "stars", stars, 1, 5, NEEDED),
};
static const struct fields quality = FIELDS(struct cmd_call_quality, quality_list);

static const struct field calls_list[] = {
    F_INT(struct cmd_calls, "before", before, 0, INT64_MAX),
    F_INT(struct cmd_calls, "limit", limit, 1, CALL_PAGE_MAX, .absent = 50),
};
static const struct fields calls = FIELDS(struct cmd_calls, calls_list);

static const struct fields nothing = FIELDS_NONE;

/* ---- what goes out ---- */

static const char *const states[CALL_SHOWN_STATES] = {
    "ringing", "accepted", "declined", "cancelled", "busy", "expired", "ended"};
static const char *const outcomes[CALL_OUTCOMES] = {"answered", "missed", "declined", "cancelled",
                                                    "busy"};
static const char *const ways[] = {"in", "out"};

static const struct field who_list[] = {
    F_ID(struct who_view, "user", user, NEEDED),
    F_STR(struct who_view, "name", name, 0, NEEDED),
    F_STR(struct who_view, "display", display, 0, NEEDED),
    F_INT(struct who_view, "avatar", avatar, 0, 0, NEEDED),
};
const struct fields wire_who = FIELDS(struct who_view, who_list);

static const struct field object_list[] = {
    F_ID(struct call_object, "call", call, NEEDED),
    F_WORD(struct call_object, "state", state, states, NEEDED),
    F_OBJECT(struct call_object, "caller", caller, &wire_who, NEEDED),
    F_OBJECT(struct call_object, "callee", callee, &wire_who, NEEDED),
    F_BOOL(struct call_object, "video", video, NEEDED),
    F_BOOL(struct call_object, "group", group),
    F_BOOL(struct call_object, "early", early),
    F_ID(struct call_object, "room", room),
    F_INT(struct call_object, "started", started_ms, 0, 0, NEEDED),
    F_INT(struct call_object, "answered", answered_ms, 0, 0),
    F_INT(struct call_object, "ended", ended_ms, 0, 0),
    F_STR(struct call_object, "reason", reason, 0),
    F_STR(struct call_object, "text", text, 0),
    F_ID(struct call_object, "caller_device", caller_device),
    F_ID(struct call_object, "callee_device", callee_device),
    F_IDS(struct call_object, "held", held, 0),
    F_IDS(struct call_object, "lost", lost, 0),
};
static const struct fields object = FIELDS(struct call_object, object_list);

static const struct field record_list[] = {
    F_ID(struct call_record, "call", call, NEEDED),
    F_OBJECT(struct call_record, "with", with, &wire_who, NEEDED),
    F_WORD(struct call_record, "way", way, ways, NEEDED),
    F_WORD(struct call_record, "outcome", outcome, outcomes, NEEDED),
    F_STR(struct call_record, "reason", reason, 0),
    F_STR(struct call_record, "text", text, 0),
    F_INT(struct call_record, "started", started_ms, 0, 0, NEEDED),
    F_INT(struct call_record, "duration_ms", duration_ms, 0, 0, NEEDED),
    F_BOOL(struct call_record, "video", video, NEEDED),
    F_BOOL(struct call_record, "seen", seen, NEEDED),
};
static const struct fields record = FIELDS(struct call_record, record_list);

static const struct field call_out_list[] = {
    F_OBJECT(union call_view, "call", call.call, &object, NEEDED),
    F_BOOL(union call_view, "waiting", call.waiting),
};
static const struct fields call_out = FIELDS(union call_view, call_out_list);

static const struct field records_list[] = {
    F_OBJECTS(union call_view, "calls", records, &record, 0, NEEDED),
};
static const struct fields records = FIELDS(union call_view, records_list);

const struct wire_topic wire_call = {
    .commands =
        {
            [CMD_CALL] = &call,
            [CMD_CALL_ANSWER] = &answer,
            [CMD_CALL_DECLINE] = &decline,
            [CMD_CALL_CANCEL] = &id,
            [CMD_CALL_END] = &id,
            [CMD_CALL_HOLD] = &on,
            [CMD_CALL_VIDEO] = &on,
            [CMD_CALL_TAKE] = &id,
            [CMD_CALL_INVITE] = &invite,
            [CMD_CALL_BACK] = &id,
            [CMD_CALL_QUALITY] = &quality,
            [CMD_CALLS] = &calls,
            [CMD_CALLS_SEEN] = &nothing,
        },
    .views =
        {
            [EVENT_RING] = &call_out,
            [EVENT_CALL] = &call_out,
            [RESULT_CALL] = &call_out,
            [RESULT_CALLS] = &records,
        },
};
