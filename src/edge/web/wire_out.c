#include "edge/web/wire_out.h"

#include "base/code.h"
#include "base/util.h"
#include "proto/turn_users.h"

/* ---- pieces: each appends a bounded run of bytes at p and returns the end ---- */

#define LIT(p, text) lit((p), (text), sizeof(text) - 1)
#define NUM_MAX      20 /* characters of an int64_t */

static inline char *lit(char *p, const char *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}

static char *put_int(char *p, int64_t v)
{
    char digits[NUM_MAX];
    size_t n = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (v < 0)
        *p++ = '-';
    do
        digits[n++] = (char)('0' + u % 10);
    while ((u /= 10) > 0);
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

static inline char *put_bool(char *p, bool v)
{
    return v ? LIT(p, "true") : LIT(p, "false");
}

/* Takes B32_SIZE + 2 bytes of room. */
static char *put_id(char *p, uint64_t id)
{
    *p++ = '"';
    b32_encode(p, id);
    p += ID_TEXT_LEN;
    *p++ = '"';
    return p;
}

static char *put_id_or_null(char *p, uint64_t id)
{
    return id ? put_id(p, id) : LIT(p, "null");
}

/* Needs no escape in a JSON string. */
static inline bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static char *put_escaped(char *p, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    *p++ = '\\';
    switch (c) {
    case '"':
    case '\\': *p++ = (char)c; break;
    case '\n': *p++ = 'n'; break;
    case '\r': *p++ = 'r'; break;
    case '\t': *p++ = 't'; break;
    default:
        p = LIT(p, "u00");
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }
    return p;
}

/* Takes at most 2 + 6 * s.n bytes. */
static char *put_text(char *p, struct str s)
{
    *p++ = '"';
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && is_plain((unsigned char)s.p[i]))
            i++;
        p = lit(p, s.p + from, i - from);
        if (i < s.n)
            p = put_escaped(p, (unsigned char)s.p[i++]);
    }
    *p++ = '"';
    return p;
}

/* Room for `fixed` bytes and for texts of n bytes in all; NULL when the buffer is full. */
static char *start(struct buf *b, size_t fixed, size_t n)
{
    return (char *)buf_reserve(b, fixed + 6 * n);
}

static void stop(struct buf *b, const char *from, const char *to)
{
    buf_commit(b, (size_t)(to - from));
}

/* ---- objects ---- */

/* The fields of a room object, without braces. */
static void out_room_fields(struct buf *b, const struct room_view *r)
{
    char *at = start(b, 256, r->title.n), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "\"room\":"), r->id);
    p = put_text(LIT(p, ",\"title\":"), r->title);
    p = put_bool(LIT(p, ",\"public\":"), r->is_public);
    p = put_bool(LIT(p, ",\"password\":"), r->password);
    p = put_bool(LIT(p, ",\"locked\":"), r->locked);
    p = put_int(LIT(p, ",\"capacity\":"), r->capacity);
    p = put_int(LIT(p, ",\"count\":"), r->count);
    p = put_id_or_null(LIT(p, ",\"owner\":"), r->owner);
    stop(b, at, p);
}

static void out_room(struct buf *b, const struct room_view *r)
{
    buf_u8(b, '{');
    out_room_fields(b, r);
    buf_u8(b, '}');
}

static void out_person(struct buf *b, const struct person_view *v)
{
    char *at = start(b, 160, v->name.n), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"session\":"), v->session);
    p = put_text(LIT(p, ",\"name\":"), v->name);
    p = put_bool(LIT(p, ",\"mic\":"), v->mic);
    p = put_bool(LIT(p, ",\"cam\":"), v->cam);
    p = put_bool(LIT(p, ",\"screen\":"), v->screen);
    p = put_bool(LIT(p, ",\"media\":"), v->media);
    p = put_bool(LIT(p, ",\"away\":"), v->away);
    *p++ = '}';
    stop(b, at, p);
}

/* A chat or whisper event; seq 0: none. */
static void out_said(struct buf *b, const char *type, uint64_t room, const struct chat_view *c)
{
    struct str t = str_from(type);
    char *at = start(b, 192 + t.n, c->name.n + c->text.n), *p = at;
    if (!at)
        return;
    p = LIT(p, "{\"type\":\"");
    p = lit(p, t.p, t.n);
    p = put_id(LIT(p, "\",\"room\":"), room);
    p = put_id(LIT(p, ",\"from\":"), c->from);
    p = put_text(LIT(p, ",\"name\":"), c->name);
    p = put_text(LIT(p, ",\"text\":"), c->text);
    if (c->seq)
        p = put_int(LIT(p, ",\"seq\":"), c->seq);
    p = put_int(LIT(p, ",\"time\":"), c->time_ms);
    *p++ = '}';
    stop(b, at, p);
}

static void out_relay_credential(struct buf *b, const struct relay_view *r)
{
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    if (!r->scope)
        return;
    turn_scope_credential(r->key, r->scope, name, password);
    char *at = start(b, 64, TURN_SCOPE_NAME + TURN_SCOPE_PASSWORD), *p = at;
    if (!at)
        return;
    p = put_text(LIT(p, ",\"relay\":{\"username\":"), str_from(name));
    p = put_text(LIT(p, ",\"credential\":"), str_from(password));
    *p++ = '}';
    stop(b, at, p);
}

/* The fields of a joined object, without braces. */
static void out_joined_fields(struct buf *b, const struct joined_view *j)
{
    buf_puts(b, "\"room\":");
    out_room(b, &j->room);
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, ",\"self\":"), j->self);
    p = LIT(p, ",\"participants\":[");
    stop(b, at, p);
    for (size_t i = 0; i < j->n_people; i++) {
        if (i)
            buf_u8(b, ',');
        out_person(b, &j->people[i]);
    }
    buf_puts(b, "],\"history\":[");
    for (size_t i = 0; i < j->n_history; i++) {
        if (i)
            buf_u8(b, ',');
        out_said(b, "chat", j->room.id, &j->history[i]);
    }
    buf_puts(b, "],\"ticket\":\"");
    buf_put_str(b, j->ticket); /* base64url */
    buf_puts(b, j->media ? "\",\"media\":true" : "\",\"media\":false");
    out_relay_credential(b, &j->relay);
}

static void out_joined(struct buf *b, const struct joined_view *j)
{
    buf_u8(b, '{');
    out_joined_fields(b, j);
    buf_u8(b, '}');
}

static void out_room_list(struct buf *b, const char *key, const struct room_view *rooms, size_t n)
{
    buf_puts(b, key);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_u8(b, ',');
        out_room(b, &rooms[i]);
    }
    buf_u8(b, ']');
}

static void out_totals(struct buf *b, const struct rooms_view *v)
{
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_int(LIT(p, ",\"total\":"), v->total);
    p = put_int(LIT(p, ",\"people\":"), v->people);
    stop(b, at, p);
}

/* ---- events ---- */

static void ev_entered(struct buf *b, const struct event *e)
{
    char *at = start(b, 64, 0), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, "{\"type\":\"entered\",\"room\":"), e->room);
    stop(b, at, LIT(p, ",\"participant\":"));
    out_person(b, &e->u.entered.person);
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
    static const char *const reasons[LEFT_REASONS] = {"left", "gone", "removed", "replaced",
                                                      "merged"};
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
    out_person(b, &e->u.participant);
    buf_u8(b, '}');
}

static void ev_room_changed(struct buf *b, const struct event *e)
{
    buf_puts(b, "{\"type\":\"room_changed\",\"room\":");
    out_room(b, &e->u.room);
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
    out_joined(b, e->u.merged.joined);
    buf_u8(b, '}');
}

static void ev_rooms(struct buf *b, const struct event *e)
{
    const struct rooms_view *v = &e->u.rooms;
    out_room_list(b, "{\"type\":\"rooms\",\"changed\":[", v->changed, v->n_changed);
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
    out_totals(b, v);
    buf_u8(b, '}');
}

static void ev_chat(struct buf *b, const struct event *e)
{
    out_said(b, "chat", e->room, &e->u.chat);
}

static void ev_whisper(struct buf *b, const struct event *e)
{
    out_said(b, "whisper", e->room, &e->u.chat);
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
    };
    writers[e->type](b, e);
}

/* ---- answers ---- */

static void res_limits(struct buf *b, const struct hello_facts *f)
{
    char *at = start(b, 400, f->server.n), *p = at;
    if (!at)
        return;
    p = put_int(LIT(p, ",\"resume_s\":"), f->resume_s);
    p = put_int(LIT(p, ",\"ping_s\":"), f->ping_s);
    p = put_int(LIT(p, ",\"stun_port\":"), f->stun_port);
    if (f->turn_udp || f->turn_tcp) {
        p = put_int(LIT(p, ",\"turn\":{\"udp\":"), f->turn_udp);
        p = put_int(LIT(p, ",\"tcp\":"), f->turn_tcp);
        p = put_bool(LIT(p, ",\"tls\":"), f->turn_tls);
        *p++ = '}';
    }
    p = put_text(LIT(p, ",\"server\":"), f->server);
    p = put_int(LIT(p, ",\"limits\":{\"name\":"), f->limit_name);
    p = put_int(LIT(p, ",\"chat\":"), f->limit_chat);
    p = put_int(LIT(p, ",\"title\":"), f->limit_title);
    p = put_int(LIT(p, ",\"message\":"), f->limit_message);
    p = put_int(LIT(p, ",\"rooms_per_session\":"), f->limit_rooms_per_session);
    p = put_int(LIT(p, ",\"mesh\":"), f->limit_mesh);
    *p++ = '}';
    stop(b, at, p);
}

static void res_hello(struct buf *b, const struct hello_view *h)
{
    char id[B32_SIZE];
    b32_encode(id, h->session);
    char *at = start(b, 128, h->token.n + h->name.n), *p = at;
    if (!at)
        return;
    p = put_id(LIT(p, ",\"session\":"), h->session);
    p = put_text(LIT(p, ",\"token\":"), h->token);
    p = put_text(LIT(p, ",\"name\":"), h->name);
    p = put_text(LIT(p, ",\"tag\":"), str_of(id + ID_TEXT_LEN - 4, 4));
    stop(b, at, p);
    res_limits(b, h->facts);
    if (h->joined) {
        buf_puts(b, ",\"joined\":");
        out_joined(b, h->joined);
    }
    if (h->join_error.code) {
        buf_putf(b, ",\"join_error\":{\"code\":\"%s\"", errcode_text(h->join_error.code));
        if (h->join_error.retry_ms)
            buf_putf(b, ",\"retry_ms\":%lld", (long long)h->join_error.retry_ms);
        buf_u8(b, '}');
    }
}

static void res_watch(struct buf *b, const struct rooms_view *v)
{
    out_room_list(b, ",\"rooms\":[", v->changed, v->n_changed);
    out_totals(b, v);
}

static void res_said(struct buf *b, const struct chat_view *c, bool seq)
{
    char *at = start(b, 80, 0), *p = at;
    if (!at)
        return;
    if (seq)
        p = put_int(LIT(p, ",\"seq\":"), c->seq);
    p = put_int(LIT(p, ",\"time\":"), c->time_ms);
    stop(b, at, p);
}

static void res_name(struct buf *b, struct str name)
{
    char *at = start(b, 32, name.n);
    if (at)
        stop(b, at, put_text(LIT(at, ",\"name\":"), name));
}

void wire_out_ack(struct buf *b, int64_t id, const struct event *r)
{
    char *at = start(b, 64, 0);
    if (!at)
        return;
    stop(b, at, put_int(LIT(at, "{\"type\":\"ack\",\"id\":"), id));
    switch ((int)r->type) {
    case RESULT_HELLO: res_hello(b, &r->u.hello); break;
    case RESULT_JOINED:
        buf_u8(b, ',');
        out_joined_fields(b, r->u.joined);
        break;
    case RESULT_WATCH: res_watch(b, &r->u.rooms); break;
    case RESULT_ROOM:
        buf_u8(b, ',');
        out_room_fields(b, &r->u.room);
        break;
    case RESULT_TICKET:
        buf_puts(b, ",\"ticket\":\"");
        buf_put_str(b, r->u.ticket);
        buf_u8(b, '"');
        break;
    case RESULT_MEDIA: buf_puts(b, r->u.on ? ",\"media\":true" : ",\"media\":false"); break;
    case RESULT_NAME: res_name(b, r->u.name); break;
    case RESULT_CHAT: res_said(b, &r->u.chat, true); break;
    case RESULT_WHISPER: res_said(b, &r->u.chat, false); break;
    default: break; /* RESULT_EMPTY */
    }
    buf_u8(b, '}');
}

static const struct {
    const char *code;
    const char *message;
} errors[CODE_COUNT] = {[CODE_NONE] = {"", ""},
#define ROW(symbol, code, message) [CODE_##symbol] = {code, message},
                        ERRCODES(ROW)
#undef ROW
};

const char *errcode_text(enum errcode code)
{
    return errors[code].code;
}

void wire_out_error(struct buf *b, int64_t id, const struct wire_error *error)
{
    buf_puts(b, "{\"type\":\"error\"");
    if (id > 0)
        buf_putf(b, ",\"id\":%lld", (long long)id);
    buf_putf(b, ",\"code\":\"%s\",\"message\":\"%s\"", errors[error->code].code,
             errors[error->code].message);
    if (error->field)
        buf_putf(b, ",\"field\":\"%s\"", error->field);
    if (error->retry_ms > 0)
        buf_putf(b, ",\"retry_ms\":%lld", (long long)error->retry_ms);
    if (error->code == CODE_VERSION)
        buf_putf(b, ",\"min\":%d,\"max\":%d", PROTOCOL_VERSION, PROTOCOL_VERSION);
    buf_u8(b, '}');
}

const char *cmd_text(enum cmd_type type)
{
    static const char *const names[CMD_COUNT] = {
        [CMD_NONE] = "",
#define ROW(symbol, type, id, body) [CMD_##symbol] = type,
        CMDTYPES(ROW)
#undef ROW
            [CMD_PIPE_LOST] = "(pipe lost)",
        [CMD_OVERFLOW] = "(overflow)",
        [CMD_ANNOUNCE] = "(announce)",
    };
    return names[type];
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
    if (reason != ENDED_REPLACED && reason != ENDED_OVERFLOW)
        return false;
    buf_putf(b, "{\"type\":\"ended\",\"reason\":\"%s\"}",
             reason == ENDED_REPLACED ? "replaced" : "overflow");
    return true;
}
