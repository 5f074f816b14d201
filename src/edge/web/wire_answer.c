/* Answers to requests: acks and errors. */
#include "edge/web/wire_fields.h"
#include "edge/web/wire_out_int.h"

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
    if (f->limit_group)
        p = LIT(p, ",\"group\":true");
    if (f->recordings)
        p = LIT(p, ",\"recordings\":true");
    p = put_text(LIT(p, ",\"server\":"), f->server);
    p = put_int(LIT(p, ",\"limits\":{\"name\":"), f->limit_name);
    p = put_int(LIT(p, ",\"chat\":"), f->limit_chat);
    p = put_int(LIT(p, ",\"title\":"), f->limit_title);
    p = put_int(LIT(p, ",\"message\":"), f->limit_message);
    p = put_int(LIT(p, ",\"rooms_per_session\":"), f->limit_rooms_per_session);
    p = put_int(LIT(p, ",\"mesh\":"), f->limit_mesh);
    if (f->limit_group)
        p = put_int(LIT(p, ",\"group\":"), f->limit_group);
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
        wire_out_joined(b, h->joined);
    }
    if (h->join_error.code) {
        buf_putf(b, ",\"join_error\":{\"code\":\"%s\"", errcode_text(h->join_error.code));
        if (h->join_error.retry_ms)
            buf_putf(b, ",\"retry_ms\":%lld", (long long)h->join_error.retry_ms);
        buf_u8(b, '}');
    }
    if (h->user)
        wire_fields_object(b, ",\"user\":", &wire_me, h->user);
    if (h->badges)
        wire_fields_object(b, ",\"badges\":", &wire_badges, h->badges);
}

static void res_watch(struct buf *b, const struct rooms_view *v)
{
    wire_out_room_list(b, ",\"rooms\":[", v->changed, v->n_changed);
    wire_out_totals(b, v);
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
        wire_out_joined_fields(b, r->u.joined);
        break;
    case RESULT_WATCH: res_watch(b, &r->u.rooms); break;
    case RESULT_ROOM:
        buf_u8(b, ',');
        wire_out_room_fields(b, &r->u.room);
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
    case RESULT_EMPTY: break;
    default: wire_fields_write(b, wire_table_view(r->type), &r->u, ',');
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

static void out_error_fields(struct buf *b, const struct wire_error *error)
{
    buf_putf(b, "\"code\":\"%s\",\"message\":\"%s\"", errors[error->code].code,
             errors[error->code].message);
    if (error->field)
        buf_putf(b, ",\"field\":\"%s\"", error->field);
    if (error->reason)
        buf_putf(b, ",\"reason\":\"%s\"", error->reason);
    if (error->retry_ms > 0)
        buf_putf(b, ",\"retry_ms\":%lld", (long long)error->retry_ms);
    if (error->code == CODE_VERSION)
        buf_putf(b, ",\"min\":%d,\"max\":%d", PROTOCOL_VERSION, PROTOCOL_VERSION);
    buf_u8(b, '}');
}

void wire_out_error(struct buf *b, int64_t id, const struct wire_error *error)
{
    buf_puts(b, "{\"type\":\"error\",");
    if (id > 0)
        buf_putf(b, "\"id\":%lld,", (long long)id);
    out_error_fields(b, error);
}

void wire_out_call_error(struct buf *b, const struct wire_error *error)
{
    buf_u8(b, '{');
    out_error_fields(b, error);
}

/* Only what has a table can be asked by HTTP. */
void wire_out_call_result(struct buf *b, const struct event *r)
{
    wire_fields_object(b, "", wire_table_view(r->type), &r->u);
}

const char *cmd_text(enum cmd_type type)
{
    static const char *const names[CMD_COUNT] = {
        [CMD_NONE] = "",
#define ROW(symbol, type, ways) [CMD_##symbol] = type,
        CMDTYPES(ROW)
#undef ROW
            [CMD_PIPE_LOST] = "(pipe lost)",
        [CMD_OVERFLOW] = "(overflow)",
        [CMD_ANNOUNCE] = "(announce)",
        [CMD_FETCH] = "(fetch)",
    };
    return names[type];
}
