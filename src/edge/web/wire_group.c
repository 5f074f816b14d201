/* Tables of msg/group.h. */
#include "edge/web/wire_fields.h"

/* ---- words ---- */

static const char *const kinds[GROUP_KINDS] = {"mic", "camera", "screen", "sound"};
static const char *const codecs[GROUP_CODECS] = {
    [GROUP_CODEC_NONE] = "", [GROUP_OPUS] = "opus", [GROUP_PCMU] = "pcmu", [GROUP_PCMA] = "pcma",
    [GROUP_VP8] = "vp8",     [GROUP_VP9] = "vp9",   [GROUP_H264] = "h264", [GROUP_AV1] = "av1",
};
static const char *const priorities[GROUP_PRIORITIES] = {"pinned", "speaker", "screen", "visible",
                                                         "thumbnail"};
static const char *const modes[GROUP_MODES] = {"direct", "group"};
static const char *const refusals[GROUP_REFUSALS] = {"bad_offer", "no_media", "full", "gone"};
static const char *const links[GROUP_LINKS] = {"connected", "ended"};
static const char *const ends[GROUP_ENDS] = {"no_consent",  "timeout", "refused",
                                             "fingerprint", "profile", "no_place"};

/* ---- requests ---- */

static const struct field line_list[] = {
    F_STR(struct group_line, "mid", mid, GROUP_MID_MAX, NEEDED),
    F_WORD(struct group_line, "kind", kind, kinds, .absent = GROUP_KINDS),
    F_ID(struct group_line, "track", track),
};
static const struct fields line = FIELDS(struct group_line, line_list);

static const struct field wish_line_list[] = {
    F_STR(struct group_line, "mid", mid, GROUP_MID_MAX, NEEDED),
    F_ID(struct group_line, "track", track),
    F_INT(struct group_line, "width", width, 0, UINT16_MAX),
    F_INT(struct group_line, "height", height, 0, UINT16_MAX),
    F_WORD(struct group_line, "priority", priority, priorities, .absent = GROUP_VISIBLE),
};
static const struct fields wish_line = FIELDS(struct group_line, wish_line_list);

static const struct field offer_list[] = {
    F_ID(struct cmd_group_offer, "room", room, NEEDED),
    F_CONN(struct cmd_group_offer, "conn", conn),
    F_OBJECTS(struct cmd_group_offer, "lines", lines, &line, GROUP_LINES_MAX, NEEDED),
};
static const struct fields offer = FIELDS(struct cmd_group_offer, offer_list);

static const struct field wish_list[] = {
    F_ID(struct cmd_group_wish, "room", room, NEEDED),
    F_CONN(struct cmd_group_wish, "conn", conn),
    F_OBJECTS(struct cmd_group_wish, "wishes", wishes, &wish_line, GROUP_LINES_MAX, NEEDED),
};
static const struct fields wish = FIELDS(struct cmd_group_wish, wish_list);

static const struct field close_list[] = {
    F_ID(struct cmd_group_close, "room", room, NEEDED),
    F_CONN(struct cmd_group_close, "conn", conn),
};
static const struct fields close_fields = FIELDS(struct cmd_group_close, close_list);

static const struct field stats_list[] = {
    F_ID(union group_args, "room", room, NEEDED),
};
static const struct fields stats = FIELDS(union group_args, stats_list);

static const struct field token_list[] = {
    F_ID(struct cmd_media_token, "room", room, NEEDED),
    F_BOOL(struct cmd_media_token, "publish", publish),
    F_BOOL(struct cmd_media_token, "view", view),
    F_INT(struct cmd_media_token, "ttl_s", ttl_s, 1, 366 * 86400, .absent = 3600),
};
static const struct fields token = FIELDS(struct cmd_media_token, token_list);

/* ---- answers and events ---- */

static const struct field track_list[] = {
    F_ID(struct group_track, "track", track, NEEDED),
    F_ID(struct group_track, "session", session, NEEDED),
    F_WORD(struct group_track, "kind", kind, kinds, NEEDED),
    F_WORD(struct group_track, "codec", codec, codecs, NEEDED),
};
static const struct fields track = FIELDS(struct group_track, track_list);

static const struct field published_list[] = {
    F_STR(struct group_published, "mid", mid, 0, NEEDED),
    F_ID(struct group_published, "track", track, NEEDED),
};
static const struct fields published = FIELDS(struct group_published, published_list);

static const struct field offered_list[] = {
    F_OBJECTS(union group_view, "tracks", offered.tracks, &published, 0, NEEDED),
};
static const struct fields offered = FIELDS(union group_view, offered_list);

static const struct field person_list[] = {
    F_ID(struct group_person, "session", session, NEEDED),
    F_INT(struct group_person, "up_bps", up_bps, 0, 0, NEEDED),
    F_INT(struct group_person, "down_bps", down_bps, 0, 0, NEEDED),
    F_MILLI(struct group_person, "loss_up", loss_up),
    F_MILLI(struct group_person, "loss_down", loss_down),
    F_INT(struct group_person, "rtt_ms", rtt_ms, 0, 0, .absent = -1),
    F_INT(struct group_person, "estimate_bps", estimate_bps, 0, 0),
};
static const struct fields person = FIELDS(struct group_person, person_list);

static const struct field people_list[] = {
    F_OBJECTS(union group_view, "people", stats.people, &person, 0, NEEDED),
};
static const struct fields people = FIELDS(union group_view, people_list);

static const struct field token_view_list[] = {
    F_STR(union group_view, "token", token.token, 0, NEEDED),
};
static const struct fields token_view = FIELDS(union group_view, token_view_list);

static const struct field view_mode_list[] = {
    F_WORD(struct group_view_mode, "mode", mode, modes, NEEDED),
    F_OBJECTS(struct group_view_mode, "tracks", tracks, &track, 0),
};
const struct fields wire_group_mode = FIELDS(struct group_view_mode, view_mode_list);

static const struct field mode_list[] = {
    F_ID(struct group_mode_event, "room", room, NEEDED),
    F_WORD(struct group_mode_event, "mode", now.mode, modes, NEEDED),
    F_OBJECTS(struct group_mode_event, "tracks", now.tracks, &track, 0),
};
static const struct fields mode = FIELDS(struct group_mode_event, mode_list);

static const struct field answer_list[] = {
    F_ID(struct group_answer, "room", room, NEEDED),
    F_CONN(struct group_answer, "conn", conn),
};
static const struct fields answer = FIELDS(struct group_answer, answer_list);

static const struct field refused_list[] = {
    F_ID(struct group_refused, "room", room, NEEDED),
    F_CONN(struct group_refused, "conn", conn),
    F_WORD(struct group_refused, "code", code, refusals, NEEDED),
};
static const struct fields refused = FIELDS(struct group_refused, refused_list);

static const struct field state_list[] = {
    F_ID(struct group_state, "room", room, NEEDED),
    F_CONN(struct group_state, "conn", conn),
    F_WORD(struct group_state, "state", state, links, NEEDED),
    F_WORD(struct group_state, "reason", reason, ends, .absent = GROUP_ENDS),
};
static const struct fields state = FIELDS(struct group_state, state_list);

static const struct field track_event_list[] = {
    F_ID(struct group_track_event, "room", room, NEEDED),
    F_OBJECT(struct group_track_event, "track", track, &track, NEEDED),
    F_BOOL(struct group_track_event, "on", on, NEEDED),
};
static const struct fields track_event = FIELDS(struct group_track_event, track_event_list);

static const struct field speaker_list[] = {
    F_ID(struct group_speaker, "room", room, NEEDED),
    F_ID(struct group_speaker, "session", session, NEEDED),
};
static const struct fields speaker = FIELDS(struct group_speaker, speaker_list);

const struct wire_topic wire_group = {
    .commands =
        {
            [CMD_GROUP_OFFER] = &offer,
            [CMD_GROUP_WISH] = &wish,
            [CMD_GROUP_CLOSE] = &close_fields,
            [CMD_GROUP_STATS] = &stats,
            [CMD_MEDIA_TOKEN] = &token,
        },
    .views =
        {
            [EVENT_GROUP_MODE] = &mode,
            [EVENT_GROUP_ANSWER] = &answer,
            [EVENT_GROUP_REFUSED] = &refused,
            [EVENT_GROUP_STATE] = &state,
            [EVENT_GROUP_TRACK] = &track_event,
            [EVENT_GROUP_SPEAKER] = &speaker,
            [RESULT_GROUP_OFFER] = &offered,
            [RESULT_GROUP_STATS] = &people,
            [RESULT_MEDIA_TOKEN] = &token_view,
        },
};
