/* Events, and the pipe's own messages. */
#include "edge/web/wire_fields.h"
#include "edge/web/wire_out_int.h"

static void ev_entered(struct buf *b, const struct event *e)
{
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"entered\",\"room\":"), e->room);
    stop(b, at, LIT(p, ",\"participant\":"));
    wire_out_person(b, &e->u.entered.person);
    at = p = start(b, 80, 0);
    if (!at)
        return;
    p = put_int(LIT(p, ",\"count\":"), e->u.entered.count);
    if (e->u.entered.replaces)
        p = put_id(LIT(p, ",\"replaces\":"), e->u.entered.replaces);
    *p++ = '}';
    stop(b, at, p);
}

static void ev_left(struct buf *b, const struct event *e)
{
    static const char *const reasons[LEFT_REASONS] = {"left",     "gone",   "removed",
                                                      "replaced", "merged", "ended"};
    struct str reason = str_from(reasons[e->u.left.reason]);
    char *at = start(b, 160, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"left\",\"room\":"), e->room);
    p = put_id(LIT(p, ",\"session\":"), e->from);
    p = put_text(LIT(p, ",\"reason\":"), reason);
    p = put_int(LIT(p, ",\"count\":"), e->u.left.count);
    *p++ = '}';
    stop(b, at, p);
}

static void ev_participant(struct buf *b, const struct event *e)
{
    char *at = start(b, 80, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"participant\",\"room\":"), e->room);
    stop(b, at, LIT(p, ",\"participant\":"));
    wire_out_person(b, &e->u.participant);
    buf_u8(b, '}');
}

static void ev_room_changed(struct buf *b, const struct event *e)
{
    buf_puts(b, "{\"type\":\"room_changed\",\"room\":");
    wire_out_room(b, &e->u.room);
    char *at = start(b, 32, 0), *p = at;
    if (!at)
        return;
    p = put_id_or_null(LIT(p, ",\"by\":"), e->from);
    *p++ = '}';
    stop(b, at, p);
}

static void ev_merged(struct buf *b, const struct event *e)
{
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"merged\",\"from\":"), e->u.merged.from);
    stop(b, at, LIT(p, ",\"joined\":"));
    wire_out_joined(b, e->u.merged.joined);
    buf_u8(b, '}');
}

static void ev_rooms(struct buf *b, const struct event *e)
{
    const struct rooms_view *v = &e->u.rooms;
    wire_out_room_list(b, "{\"type\":\"rooms\",\"changed\":[", v->changed, v->n_changed);
    buf_puts(b, ",\"gone\":[");
    for (size_t i = 0; i < v->n_gone; i++) {
        char *at = start(b, 32, 0), *p = at;
        if (!at)
            return;
        if (i)
            *p++ = ',';
        stop(b, at, put_id(p, v->gone[i]));
    }
    buf_u8(b, ']');
    wire_out_totals(b, v);
    buf_u8(b, '}');
}

static void ev_chat(struct buf *b, const struct event *e)
{
    wire_out_said(b, "chat", e->room, &e->u.chat);
}

static void ev_whisper(struct buf *b, const struct event *e)
{
    wire_out_said(b, "whisper", e->room, &e->u.chat);
}

static void ev_typing(struct buf *b, const struct event *e)
{
    char *at = start(b, 96, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"typing\",\"room\":"), e->room);
    p = put_id(LIT(p, ",\"from\":"), e->from);
    p = put_bool(LIT(p, ",\"on\":"), e->u.on);
    *p++ = '}';
    stop(b, at, p);
}

static void ev_notice(struct buf *b, const struct event *e)
{
    char *at = start(b, 80, e->u.notice.code.n + e->u.notice.text.n), *p = at;
    if (!at)
        return;
    p = put_text(LIT(p, "{\"type\":\"notice\",\"code\":"), e->u.notice.code);
    if (e->u.notice.text.n)
        p = put_text(LIT(p, ",\"text\":"), e->u.notice.text);
    if (e->room)
        p = put_id(LIT(p, ",\"room\":"), e->room);
    *p++ = '}';
    stop(b, at, p);
}

/* {"type":T,"room":R,"from":S,"conn":C: the caller closes the object. NULL: the buffer is full. */
static char *relay_head(char *p, struct str type, const struct event *e, struct str conn)
{
    p = put_text(LIT(p, "{\"type\":"), type);
    p = put_id(LIT(p, ",\"room\":"), e->room);
    p = put_id(LIT(p, ",\"from\":"), e->from);
    return put_text(LIT(p, ",\"conn\":"), conn);
}

/* The one copy of the body that the relay makes. */
static void out_relay(struct buf *b, const struct event *e, struct str type, struct str kind)
{
    const struct cmd_relay *r = &e->u.relay;
    char *at = (char *)buf_reserve(b, 160 + 6 * CONN_NAME_MAX + r->body.n), *p = at;
    if (!at)
        return;
    p = relay_head(p, type, e, str_head(r->conn_name, CONN_NAME_MAX));
    if (kind.n)
        p = put_text(LIT(p, ",\"kind\":"), kind);
    p = LIT(p, "}\n");
    if (r->body.n)
        p = lit(p, r->body.p, r->body.n);
    stop(b, at, p);
}

static void ev_desc(struct buf *b, const struct event *e)
{
    static const char *const kinds[DESC_KINDS] = {"offer", "answer", "rollback"};
    out_relay(b, e, STR("desc"), str_from(kinds[e->u.relay.kind]));
}

static void ev_cand(struct buf *b, const struct event *e)
{
    out_relay(b, e, STR("cand"), STR_NONE);
}

static void ev_file(struct buf *b, const struct event *e)
{
    static const char *const kinds[FILE_KINDS] = {"offer", "accept", "decline", "cancel"};
    const struct cmd_file *f = &e->u.file;
    char *at = start(b, 224, f->conn_name.n + f->name.n + f->mime.n), *p = at;
    if (!at)
        return;
    p = relay_head(p, STR("file"), e, f->conn_name);
    p = put_text(LIT(p, ",\"kind\":"), str_from(kinds[f->kind]));
    if (f->kind == FILE_OFFER) {
        p = put_text(LIT(p, ",\"name\":"), f->name);
        p = put_int(LIT(p, ",\"size\":"), f->size);
        if (f->mime.n)
            p = put_text(LIT(p, ",\"mime\":"), f->mime);
    }
    *p++ = '}';
    stop(b, at, p);
}

static void table_event(struct buf *b, const struct event *e)
{
    static const struct str types[EVENT_COUNT] = {
#define ROW(symbol, type) [EVENT_##symbol] = STR_INIT(type),
        EVENTTYPES(ROW)
#undef ROW
    };
    buf_puts(b, "{\"type\":\"");
    buf_put_str(b, types[e->type]);
    buf_u8(b, '"');
    wire_fields_write(b, wire_table_view(e->type), &e->u, ',');
    buf_u8(b, '}');
}

static void ev_group_answer(struct buf *b, const struct event *e)
{
    table_event(b, e);
    buf_u8(b, '\n');
    buf_put_str(b, e->u.group.answer.sdp);
}

void wire_out_event(struct buf *b, const struct event *e)
{
    static void (*const writers[EVENT_COUNT])(struct buf *, const struct event *) = {
        [EVENT_ENTERED] = ev_entered,
        [EVENT_LEFT] = ev_left,
        [EVENT_PARTICIPANT] = ev_participant,
        [EVENT_ROOM_CHANGED] = ev_room_changed,
        [EVENT_MERGED] = ev_merged,
        [EVENT_ROOMS] = ev_rooms,
        [EVENT_CHAT] = ev_chat,
        [EVENT_WHISPER] = ev_whisper,
        [EVENT_TYPING] = ev_typing,
        [EVENT_NOTICE] = ev_notice,
        [EVENT_DESC] = ev_desc,
        [EVENT_CAND] = ev_cand,
        [EVENT_FILE] = ev_file,
        [EVENT_GROUP_ANSWER] = ev_group_answer,
    };
    if (writers[e->type])
        writers[e->type](b, e);
    else
        table_event(b, e);
}

/* ---- the pipe's own messages ---- */

void wire_out_resumed(struct buf *b, uint64_t session, int64_t seq, int64_t last_id)
{
    char *at = start(b, 160, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"resumed\",\"session\":"), session);
    p = put_int(LIT(p, ",\"seq\":"), seq);
    p = put_int(LIT(p, ",\"last_id\":"), last_id);
    *p++ = '}';
    stop(b, at, p);
}

void wire_out_pong(struct buf *b)
{
    buf_puts(b, "{\"type\":\"pong\"}");
}

void wire_out_closing(struct buf *b, int64_t retry_ms)
{
    buf_putf(b, "{\"type\":\"closing\",\"retry_ms\":%lld}", (long long)retry_ms);
}

bool wire_out_ended(struct buf *b, enum ended_reason reason)
{
    static const char *const told[ENDED_REASONS] = {
        [ENDED_REPLACED] = "replaced",
        [ENDED_OVERFLOW] = "overflow",
        [ENDED_SIGNED_OUT] = "signed_out",
    };
    if (told[reason])
        buf_putf(b, "{\"type\":\"ended\",\"reason\":\"%s\"}", told[reason]);
    return told[reason] != NULL;
}
