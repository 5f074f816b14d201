/* Tables of msg/push_msg.h. */
#include "edge/web/wire_push.h"

#include "base/utf8.h"
#include "edge/web/wire_fields.h"

enum { TEXT_MAX = 300 };

static const struct field push_add_list[] = {
    F_STR(struct cmd_push, "endpoint", endpoint, PUSH_ENDPOINT_MAX, NEEDED),
    F_BLOB(struct cmd_push, "p256dh", p256dh, PUSH_P256DH, PUSH_P256DH, NEEDED),
    F_BLOB(struct cmd_push, "auth", auth, PUSH_SECRET, PUSH_SECRET, NEEDED),
};
static const struct fields push_add = FIELDS(struct cmd_push, push_add_list);

static const struct field push_remove_list[] = {
    F_STR(struct cmd_push, "endpoint", endpoint, PUSH_ENDPOINT_MAX, NEEDED),
};
static const struct fields push_remove = FIELDS(struct cmd_push, push_remove_list);

const struct wire_topic wire_push = {
    .commands =
        {
            [CMD_PUSH_ADD] = &push_add,
            [CMD_PUSH_REMOVE] = &push_remove,
        },
};

static const char *const kinds[PUSH_KINDS] = {"call", "missed", "taken", "message"};

static const struct field note_list[] = {
    F_WORD(struct push_note, "type", kind, kinds, NEEDED),
    F_ID(struct push_note, "id", id, NEEDED),
    F_STR(struct push_note, "name", name, 0, NEEDED),
    F_STR(struct push_note, "display", display, 0, NEEDED),
    F_BOOL(struct push_note, "video", video),
    F_STR(struct push_note, "text", text, 0),
    F_INT(struct push_note, "time", time_ms, 0, 0, NEEDED),
};
static const struct fields note_fields = FIELDS(struct push_note, note_list);

/* Not in the middle of a character. */
static struct str cut(struct str s)
{
    if (s.n <= TEXT_MAX) {
        return s;
    }
    size_t n = TEXT_MAX;
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return str_head(s, n);
}

void wire_push_note(struct buf *b, const struct push_note *note)
{
    struct push_note n = *note;
    n.text = cut(n.text);
    wire_fields_object(b, "", &note_fields, &n);
}
