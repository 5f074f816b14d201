/* Tables of msg/conv.h. */
#include "edge/web/wire_fields.h"
#include "msg/store_msg.h"

/* ---- what comes in ---- */

static const char *const answers[CONV_ANSWERS] = {"accept", "ignore", "block"};
static const char *const member_as[MEMBERS_AS] = {"member",  "moderator", "owner",
                                                  "removed", "banned",    "none"};

#define LIMIT(s)   F_INT(s, "limit", limit, 1, CONV_PAGE_MAX, .absent = 50)
#define IN_CONV(s) F_ID(s, "conv", conv, NEEDED)

static const struct field convs_list[] = {
    F_STR(struct cmd_page, "after", after, CONV_CURSOR_MAX),
    LIMIT(struct cmd_page),
};
static const struct fields convs = FIELDS(struct cmd_page, convs_list);

static const struct field open_list[] = {F_ID(union conv_args, "user", id, NEEDED)};
static const struct fields conv_open = FIELDS(union conv_args, open_list);

static const struct field id_list[] = {F_ID(union conv_args, "conv", id, NEEDED)};
static const struct fields id = FIELDS(union conv_args, id_list);

static const struct field send_list[] = {
    IN_CONV(struct cmd_send),
    F_TEXT(struct cmd_send, "client", client, 1, CONV_CLIENT_MAX, NEEDED),
    F_TEXT(struct cmd_send, "text", text, 0, CONV_TEXT_MAX, NEEDED),
    F_INT(struct cmd_send, "reply", reply, 1, INT64_MAX),
    F_IDS(struct cmd_send, "files", files, CONV_FILES_MAX),
};
static const struct fields send = FIELDS(struct cmd_send, send_list);

static const struct field edit_list[] = {
    IN_CONV(struct cmd_send),
    F_INT(struct cmd_send, "seq", seq, 1, INT64_MAX, NEEDED),
    F_TEXT(struct cmd_send, "text", text, 1, CONV_TEXT_MAX, NEEDED),
};
static const struct fields edit = FIELDS(struct cmd_send, edit_list);

static const struct field at_list[] = {
    IN_CONV(struct cmd_send),
    F_INT(struct cmd_send, "seq", seq, 1, INT64_MAX, NEEDED),
};
static const struct fields at = FIELDS(struct cmd_send, at_list);

static const struct field draft_list[] = {
    IN_CONV(struct cmd_send),
    F_TEXT(struct cmd_send, "text", text, 0, CONV_TEXT_MAX, NEEDED),
};
static const struct fields draft = FIELDS(struct cmd_send, draft_list);

static const struct field react_list[] = {
    IN_CONV(struct cmd_react),
    F_INT(struct cmd_react, "seq", seq, 1, INT64_MAX, NEEDED),
    F_TEXT(struct cmd_react, "emoji", emoji, 1, CONV_EMOJI_MAX, NEEDED),
    F_BOOL(struct cmd_react, "on", on, NEEDED),
};
static const struct fields react = FIELDS(struct cmd_react, react_list);

static const struct field history_list[] = {
    IN_CONV(struct cmd_history),
    F_INT(struct cmd_history, "before", before, 0, INT64_MAX - 1, .absent = -1),
    F_INT(struct cmd_history, "after", after, 0, INT64_MAX - 1, .absent = -1),
    F_INT(struct cmd_history, "around", around, 0, INT64_MAX - 1, .absent = -1),
    LIMIT(struct cmd_history),
};
static const struct fields history = FIELDS(struct cmd_history, history_list);

static const struct field on_list[] = {
    IN_CONV(struct cmd_conv_on),
    F_BOOL(struct cmd_conv_on, "on", on, NEEDED),
};
static const struct fields on = FIELDS(struct cmd_conv_on, on_list);

static const struct field answer_list[] = {
    IN_CONV(struct cmd_conv_answer),
    F_WORD(struct cmd_conv_answer, "as", as, answers, NEEDED),
};
static const struct fields answer = FIELDS(struct cmd_conv_answer, answer_list);

static const struct field search_list[] = {
    F_TEXT(struct cmd_page, "text", text, 1, 200, NEEDED),
    F_ID(struct cmd_page, "conv", conv),
    F_STR(struct cmd_page, "before", after, CONV_CURSOR_MAX),
    LIMIT(struct cmd_page),
};
static const struct fields search = FIELDS(struct cmd_page, search_list);

#define RETENTION_MAX (100LL * 366 * 86400)
static const struct field make_list[] = {
    F_STR(struct cmd_room_edit, "title", title, 0, NEEDED),
    F_TEXT(struct cmd_room_edit, "topic", topic, 0, CONV_TOPIC_MAX),
    F_TRI(struct cmd_room_edit, "public", is_public),
    F_TRI(struct cmd_room_edit, "unlisted", unlisted),
};
static const struct fields make = FIELDS(struct cmd_room_edit, make_list);

static const struct field room_edit_list[] = {
    IN_CONV(struct cmd_room_edit),
    F_STR(struct cmd_room_edit, "title", title, 0),
    F_TEXT(struct cmd_room_edit, "topic", topic, 0, CONV_TOPIC_MAX),
    F_TRI(struct cmd_room_edit, "public", is_public),
    F_TRI(struct cmd_room_edit, "unlisted", unlisted),
    F_INT(struct cmd_room_edit, "retention_s", retention_s, 0, RETENTION_MAX, .absent = -1),
};
static const struct fields room_edit = FIELDS(struct cmd_room_edit, room_edit_list);

static const struct field members_list[] = {
    IN_CONV(struct cmd_page),
    F_STR(struct cmd_page, "after", after, CONV_CURSOR_MAX),
    LIMIT(struct cmd_page),
};
static const struct fields members = FIELDS(struct cmd_page, members_list);

static const struct field member_set_list[] = {
    IN_CONV(struct cmd_member_set),
    F_ID(struct cmd_member_set, "user", user, NEEDED),
    F_WORD(struct cmd_member_set, "role", role, member_as, NEEDED),
};
static const struct fields member_set = FIELDS(struct cmd_member_set, member_set_list);

static const struct field invite_list[] = {
    IN_CONV(struct cmd_room_invite),
    F_ID(struct cmd_room_invite, "user", user),
    F_INT(struct cmd_room_invite, "uses", uses, 0, 10000, .absent = 1),
    F_INT(struct cmd_room_invite, "ttl_s", ttl_s, 60, 366LL * 86400, .absent = 7 * 86400),
};
static const struct fields invite = FIELDS(struct cmd_room_invite, invite_list);

static const struct field link_end_list[] = {
    IN_CONV(struct cmd_room_link_end),
    F_ID(struct cmd_room_link_end, "key", key, NEEDED),
};
static const struct fields link_end = FIELDS(struct cmd_room_link_end, link_end_list);

static const struct field picture_list[] = {
    IN_CONV(struct cmd_room_picture),
    F_OBJECT(struct cmd_room_picture, "upload", upload, &wire_avatar_uploads),
    F_BOOL(struct cmd_room_picture, "none", none),
};
static const struct fields picture = FIELDS(struct cmd_room_picture, picture_list);

static const struct field join_list[] = {
    F_ID(struct cmd_room_join, "conv", conv),
    F_BLOB(struct cmd_room_join, "link", link, CONV_LINK_BYTES, CONV_LINK_BYTES),
    F_TEXT(struct cmd_room_join, "password", password, 0, PASSWORD_MAX),
};
static const struct fields join = FIELDS(struct cmd_room_join, join_list);

static const struct field password_list[] = {
    F_ID(struct cmd_room_password, "conv", conv, NEEDED),
    F_TEXT(struct cmd_room_password, "password", password, 0, PASSWORD_MAX, NEEDED),
};
static const struct fields password = FIELDS(struct cmd_room_password, password_list);

static const struct field watch_list[] = {F_BOOL(union conv_args, "on", watch, NEEDED)};
static const struct fields watch = FIELDS(union conv_args, watch_list);

static const struct field public_list[] = {
    F_TEXT(struct cmd_page, "query", text, 0, 100),
    F_STR(struct cmd_page, "after", after, CONV_CURSOR_MAX),
    LIMIT(struct cmd_page),
};
static const struct fields public_in = FIELDS(struct cmd_page, public_list);

/* ---- what goes out ---- */

static const char *const kinds[CONV_KINDS] = {"direct", "room"};
static const char *const ranks[CONV_RANKS] = {"member", "moderator", "owner"};
static const char *const states[CONV_SHOWN] = {"open", "request", "ignored", "archived"};

static const struct field file_list[] = {
    F_ID(struct file_view, "file", file, NEEDED),
    F_STR(struct file_view, "name", name, 0, NEEDED),
    F_INT(struct file_view, "size", size, 0, 0, NEEDED),
    F_STR(struct file_view, "mime", mime, 0, NEEDED),
    F_INT(struct file_view, "width", width, 0, 0),
    F_INT(struct file_view, "height", height, 0, 0),
    F_BOOL(struct file_view, "thumb", thumb),
    F_BOOL(struct file_view, "gone", gone),
};
static const struct fields file = FIELDS(struct file_view, file_list);

static const struct field message_list[] = {
    F_ID(struct message_view, "conv", conv, NEEDED),
    F_INT(struct message_view, "seq", seq, 0, 0, NEEDED),
    F_ID(struct message_view, "from", from),
    F_STR(struct message_view, "guest", guest, 0),
    F_INT(struct message_view, "time", time_ms, 0, 0, NEEDED),
    F_STR(struct message_view, "text", text, 0, NEEDED),
    F_INT(struct message_view, "reply", reply, 0, 0),
    F_INT(struct message_view, "edited", edited_ms, 0, 0),
    F_BOOL(struct message_view, "deleted", deleted),
    F_STR(struct message_view, "client", client, 0),
    F_ID_MAP(struct message_view, "reactions", reactions),
    F_OBJECTS(struct message_view, "files", files, &file, 0),
    F_IDS(struct message_view, "mentions", mentions, 0),
};
static const struct fields message = FIELDS(struct message_view, message_list);

static const struct field live_person_list[] = {
    F_ID(struct live_person, "user", user),
    F_STR(struct live_person, "name", name, 0, NEEDED),
};
static const struct fields live_person = FIELDS(struct live_person, live_person_list);

static const struct field live_list[] = {
    F_INT(struct live_view, "count", count, 0, 0, NEEDED),
    F_OBJECTS(struct live_view, "people", people, &live_person, 0, NEEDED),
};
static const struct fields live = FIELDS(struct live_view, live_list);

static const struct field conv_list[] = {
    F_ID(struct conv_object, "conv", conv, NEEDED),
    F_WORD(struct conv_object, "kind", kind, kinds, NEEDED),
    F_OBJECT(struct conv_object, "with", with, &wire_who),
    F_STR(struct conv_object, "title", title, 0, NEEDED),
    F_STR(struct conv_object, "topic", topic, 0, NEEDED),
    F_INT(struct conv_object, "picture", picture, 0, 0, NEEDED),
    F_BOOL(struct conv_object, "public", is_public, NEEDED),
    F_BOOL(struct conv_object, "unlisted", unlisted),
    F_WORD(struct conv_object, "role", role, ranks, NEEDED),
    F_OBJECT(struct conv_object, "last", last, &message),
    F_INT(struct conv_object, "seq", seq, 0, 0, NEEDED),
    F_INT(struct conv_object, "read", read, 0, 0, NEEDED),
    F_INT(struct conv_object, "unread", unread, 0, 0, NEEDED),
    F_INT(struct conv_object, "others_read", others_read, 0, 0),
    F_INT(struct conv_object, "delivered", delivered, 0, 0),
    F_STR(struct conv_object, "draft", draft, 0),
    F_WORD(struct conv_object, "state", state, states, NEEDED),
    F_INT(struct conv_object, "retention_s", retention_s, 0, 0),
    F_INT(struct conv_object, "members", members, 0, 0, NEEDED),
    F_BOOL(struct conv_object, "password", password),
    F_OBJECT(struct conv_object, "live", live, &live),
};
static const struct fields conversation = FIELDS(struct conv_object, conv_list);

static const struct field conv_out_list[] = {
    F_OBJECT(union conv_view, "conv", conv.conv, &conversation, NEEDED),
};
static const struct fields conv_out = FIELDS(union conv_view, conv_out_list);

static const struct field conv_id_list[] = {F_ID(struct conv_object, "conv", conv, NEEDED)};
static const struct fields conv_id = FIELDS(struct conv_object, conv_id_list);

static const struct field conv_gone_list[] = {
    F_OBJECT(union conv_view, "conv", conv.conv, &conversation),
    F_OBJECT(union conv_view, "conv", conv.was, &conv_id),
    F_BOOL(union conv_view, "gone", conv.gone),
};
static const struct fields conv_gone = FIELDS(union conv_view, conv_gone_list);

static const struct field message_out_list[] = {
    F_OBJECT(union conv_view, "message", message, &message, NEEDED),
};
static const struct fields message_out = FIELDS(union conv_view, message_out_list);

static const struct field sent_list[] = {
    F_INT(union conv_view, "seq", sent.seq, 0, 0, NEEDED),
    F_INT(union conv_view, "time", sent.time_ms, 0, 0, NEEDED),
};
static const struct fields sent_out = FIELDS(union conv_view, sent_list);

static const struct field mark_list[] = {
    F_ID(union conv_view, "conv", mark.conv, NEEDED),
    F_ID(union conv_view, "user", mark.user, NEEDED),
    F_INT(union conv_view, "seq", mark.seq, 0, 0, NEEDED),
};
static const struct fields mark_out = FIELDS(union conv_view, mark_list);

static const struct field typing_list[] = {
    F_ID(union conv_view, "conv", mark.conv, NEEDED),
    F_ID(union conv_view, "user", mark.user, NEEDED),
    F_BOOL(union conv_view, "on", mark.on, NEEDED),
};
static const struct fields typing = FIELDS(union conv_view, typing_list);

static const struct field member_out_list[] = {
    F_ID(union conv_view, "conv", mark.conv, NEEDED),
    F_ID(union conv_view, "user", mark.user, NEEDED),
    F_WORD(union conv_view, "role", mark.role, ranks, NEEDED),
};
static const struct fields member_out = FIELDS(union conv_view, member_out_list);

static const struct field convs_out_list[] = {
    F_OBJECTS(union conv_view, "convs", page.list, &conversation, 0, NEEDED),
    F_STR(union conv_view, "next", page.next, 0),
};
static const struct fields convs_out = FIELDS(union conv_view, convs_out_list);

static const struct field history_out_list[] = {
    F_OBJECTS(union conv_view, "messages", page.list, &message, 0, NEEDED),
    F_BOOL(union conv_view, "first", page.first, NEEDED),
    F_BOOL(union conv_view, "last", page.last, NEEDED),
};
static const struct fields history_out = FIELDS(union conv_view, history_out_list);

static const struct field found_list[] = {
    F_OBJECT(struct found_view, "message", message, &message, NEEDED),
    F_ID(struct found_view, "conv", conv, NEEDED),
};
static const struct fields found = FIELDS(struct found_view, found_list);

static const struct field search_out_list[] = {
    F_OBJECTS(union conv_view, "found", page.list, &found, 0, NEEDED),
    F_STR(union conv_view, "next", page.next, 0),
};
static const struct fields search_out = FIELDS(union conv_view, search_out_list);

static const struct field member_list[] = {
    F_ID(struct member_view, "user", who.user, NEEDED),
    F_STR(struct member_view, "name", who.name, 0, NEEDED),
    F_STR(struct member_view, "display", who.display, 0, NEEDED),
    F_INT(struct member_view, "avatar", who.avatar, 0, 0, NEEDED),
    F_WORD(struct member_view, "role", role, ranks, NEEDED),
    F_BOOL(struct member_view, "banned", banned),
    F_BOOL(struct member_view, "invited", invited),
};
static const struct fields member = FIELDS(struct member_view, member_list);

static const struct field members_out_list[] = {
    F_OBJECTS(union conv_view, "members", page.list, &member, 0, NEEDED),
    F_STR(union conv_view, "next", page.next, 0),
};
static const struct fields members_out = FIELDS(union conv_view, members_out_list);

static const struct field link_list[] = {
    F_STR(union conv_view, "link", link.code, 0, NEEDED),
    F_STR(union conv_view, "url_path", link.path, 0, NEEDED),
    F_INT(union conv_view, "expires", link.expires_ms, 0, 0, NEEDED),
};
static const struct fields room_link = FIELDS(union conv_view, link_list);

static const struct field room_list[] = {
    F_ID(struct room_public_view, "conv", conv, NEEDED),
    F_STR(struct room_public_view, "title", title, 0, NEEDED),
    F_STR(struct room_public_view, "topic", topic, 0, NEEDED),
    F_INT(struct room_public_view, "picture", picture, 0, 0, NEEDED),
    F_INT(struct room_public_view, "members", members, 0, 0, NEEDED),
    F_BOOL(struct room_public_view, "password", password),
    F_INT(struct room_public_view, "live", live, 0, 0),
};
static const struct fields room = FIELDS(struct room_public_view, room_list);

static const struct field rooms_list[] = {
    F_OBJECTS(union conv_view, "rooms", page.list, &room, 0, NEEDED),
    F_STR(union conv_view, "next", page.next, 0),
};
static const struct fields rooms = FIELDS(union conv_view, rooms_list);

static const struct field link_view_list[] = {
    F_ID(struct room_link_view, "key", key, NEEDED),
    F_INT(struct room_link_view, "uses_left", uses_left, 0, 0, NEEDED),
    F_INT(struct room_link_view, "created", created_ms, 0, 0, NEEDED),
    F_INT(struct room_link_view, "expires", expires_ms, 0, 0, NEEDED),
    F_STR(struct room_link_view, "by", by, 0, NEEDED),
};
static const struct fields link_view = FIELDS(struct room_link_view, link_view_list);

static const struct field links_list[] = {
    F_OBJECTS(union conv_view, "links", page.list, &link_view, 0, NEEDED),
};
static const struct fields links = FIELDS(union conv_view, links_list);

static const struct field picture_out_list[] = {
    F_INT(union conv_view, "picture", picture, 0, 0, NEEDED),
};
static const struct fields picture_out = FIELDS(union conv_view, picture_out_list);

static const struct field look_list[] = {
    F_OBJECT(union conv_view, "room", look, &room, NEEDED),
};
static const struct fields look_out = FIELDS(union conv_view, look_list);

static const struct field live_out_list[] = {
    F_ID(union conv_view, "conv", live.conv, NEEDED),
    F_OBJECT(union conv_view, "live", live.live, &live, NEEDED),
};
static const struct fields live_out = FIELDS(union conv_view, live_out_list);

static const struct field export_list[] = {
    F_ID(union conv_view, "file", exported.file, NEEDED),
    F_INT(union conv_view, "size", exported.size, 0, 0, NEEDED),
    F_INT(union conv_view, "expires", exported.expires_ms, 0, 0, NEEDED),
};
static const struct fields exported = FIELDS(union conv_view, export_list);

static const struct fields nothing = FIELDS_NONE;

const struct wire_topic wire_conv = {
    .commands =
        {
            [CMD_CONVS] = &convs,
            [CMD_CONV_OPEN] = &conv_open,
            [CMD_CONV_GET] = &id,
            [CMD_SEND] = &send,
            [CMD_EDIT] = &edit,
            [CMD_DELETE] = &at,
            [CMD_REACT] = &react,
            [CMD_HISTORY] = &history,
            [CMD_READ] = &at,
            [CMD_TYPING_CONV] = &on,
            [CMD_DRAFT] = &draft,
            [CMD_CONV_ANSWER] = &answer,
            [CMD_SEARCH] = &search,
            [CMD_EXPORT] = &nothing,
            [CMD_ROOM_MAKE] = &make,
            [CMD_ROOM_EDIT] = &room_edit,
            [CMD_MEMBERS] = &members,
            [CMD_MEMBER_SET] = &member_set,
            [CMD_ROOM_INVITE] = &invite,
            [CMD_ROOM_JOIN] = &join,
            [CMD_ROOM_LEAVE] = &id,
            [CMD_ROOM_ARCHIVE] = &on,
            [CMD_ROOMS_PUBLIC] = &public_in,
            [CMD_ROOM_LINKS] = &id,
            [CMD_ROOM_LINK_END] = &link_end,
            [CMD_ROOM_PICTURE] = &picture,
            [CMD_ROOM_PASSWORD] = &password,
            [CMD_ROOM_LOOK] = &join,
            [CMD_CONV_WATCH] = &watch,
        },
    .views =
        {
            [EVENT_MESSAGE] = &message_out,
            [EVENT_MESSAGE_CHANGED] = &message_out,
            [EVENT_CONV] = &conv_gone,
            [EVENT_READ] = &mark_out,
            [EVENT_DELIVERED] = &mark_out,
            [EVENT_TYPING_CONV] = &typing,
            [EVENT_CONV_LIVE] = &live_out,
            [EVENT_MEMBER] = &member_out,
            [RESULT_CONV] = &conv_out,
            [RESULT_CONVS] = &convs_out,
            [RESULT_SENT] = &sent_out,
            [RESULT_HISTORY] = &history_out,
            [RESULT_SEARCH] = &search_out,
            [RESULT_EXPORT] = &exported,
            [RESULT_MEMBERS] = &members_out,
            [RESULT_ROOM_LINK] = &room_link,
            [RESULT_ROOMS_PUBLIC] = &rooms,
            [RESULT_ROOM_LINKS] = &links,
            [RESULT_ROOM_PICTURE] = &picture_out,
            [RESULT_ROOM_LOOK] = &look_out,
        },
};
