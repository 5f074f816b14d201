/* Calls by HTTP: to the policy, and back with a status. */
#include "base/crypto.h"
#include "base/utf8.h"
#include "edge/web/hub_int.h"
#include "edge/web/sdp_scan.h"
#include "edge/web/visitor.h"
#include "edge/web/web.h"
#include "edge/web/wire_in.h"
#include "edge/web/wire_out.h"
#include "proto/sdp.h"
#include "proto/turn_users.h"

/* RFC 9110, 15.5 and 15.6. What is not named is 400: the request itself is wrong. */
static int status_of(enum errcode code)
{
    switch (code) {
    case CODE_NONE: return 200;
    case CODE_SIGN_IN_REQUIRED:
    case CODE_SIGN_IN_WRONG:
    case CODE_PASSKEY_REFUSED: return 401;
    case CODE_NOT_ALLOWED:
    case CODE_REGISTRATION_CLOSED:
    case CODE_BANNED: return 403;
    case CODE_UNKNOWN_TYPE:
    case CODE_BAD_INVITE:
    case CODE_UNKNOWN:
    case CODE_USER_UNKNOWN:
    case CODE_CALL_UNKNOWN:
    case CODE_CONV_UNKNOWN:
    case CODE_ROOM_UNKNOWN: return 404;
    case CODE_NAME_TAKEN:
    case CODE_NAME_CONFUSABLE:
    case CODE_LAST_ADMIN: return 409;
    case CODE_RATE: return 429;
    case CODE_BUSY:
    case CODE_STORE_BUSY:
    case CODE_STORE_FULL: return 503;
    case CODE_INTERNAL: return 500;
    default: return 400;
    }
}

static void say(struct hub *h, uint64_t call, struct web_answer *a)
{
    static const struct wire_error busy = {.code = CODE_BUSY};

    if (h->text.failed) { /* too long, or no memory */
        buf_reset(&h->text);
        wire_out_call_error(&h->text, &busy);
        *a = (struct web_answer){.status = 503};
    }
    a->json = buf_str(&h->text);
    h->conf.answer(h->conf.answer_ctx, call, a);
}

static void say_error(struct hub *h, uint64_t call, const struct wire_error *e,
                      const struct cookie_change *cookie)
{
    struct web_answer a = {.status = status_of(e->code), .retry_ms = e->retry_ms, .cookie = cookie};

    h->counts.errors[e->code]++;
    buf_reset(&h->text);
    wire_out_call_error(&h->text, e);
    say(h, call, &a);
}

/* RFC 9725, 4.2, 4.3.1, 4.4. */
static int whip_status(const struct whip_view *v)
{
    if (v->verb == WHIP_OFFER)
        return 201;
    if (v->stale)
        return 412;
    return v->verb == WHIP_END || v->body.n > 0 ? 200 : 204;
}

static void whip_answer(struct hub *h, uint64_t number, const struct whip_view *v)
{
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    struct web_whip_answer a = {
        .status = whip_status(v),
        .session = v->session,
        .etag = v->etag,
        .body = v->body,
    };

    if (v->verb == WHIP_OFFER && v->relay.scope != 0) {
        turn_scope_credential(v->relay.key, v->relay.scope, name, password);
        a.turn_tcp = v->facts->turn_tcp;
        a.turn_tls = v->facts->turn_tls;
        a.username = str_from(name);
        a.credential = str_from(password);
    }
    h->conf.whip(h->conf.answer_ctx, number, &a);
    memzero(password, sizeof password);
}

void hub_call_answer(struct hub *h, const struct effect *e)
{
    struct web_answer a = {.status = 200, .cookie = &e->cookie};

    if (e->event == NULL) {
        say_error(h, e->http, &e->error, &e->cookie);
        return;
    }
    if (e->event->type == RESULT_WHIP) {
        whip_answer(h, e->http, &e->event->u.whip);
        return;
    }
    buf_reset(&h->text);
    wire_out_call_result(&h->text, e->event);
    say(h, e->http, &a);
}

/* Who asks; addr is memory for the text. */
static void fill_asker(const struct hub *h, struct cmd *c, uint64_t number, const struct addr *peer,
                       const struct visitor *v, char addr[ADDR_STR_SIZE])
{
    c->http = number;
    c->addr_key = hub_addr_key(h, peer);
    c->addr = str_from(addr_format_ip(peer, addr));
    c->cookie = visitor_cookie(v);
    c->agent = visitor_agent(v);
}

void hub_call(struct hub *h, const struct web_call *call, int64_t now_us)
{
    struct wire_in in;
    char addr[ADDR_STR_SIZE];
    bool good = wire_in_parse_call(&in, call->verb, call->body);

    fill_asker(h, &in.cmd, call->number, call->peer, call->visitor, addr);
    if (good)
        hub_command(h, now_us, &in.cmd);
    else
        say_error(h, call->number, &in.error, NULL);
    wire_in_free(&in);
}

void hub_fetch(struct hub *h, const struct web_fetch *fetch, int64_t now_us)
{
    struct cmd c = {.type = CMD_FETCH, .u.fetch = fetch->file};
    char addr[ADDR_STR_SIZE];

    fill_asker(h, &c, fetch->number, fetch->peer, fetch->visitor, addr);
    hub_command(h, now_us, &c);
}

/* What the policy wants to know of an offer; the lines live until it is freed. False: it is none. */
static bool read_offer(struct cmd_whip *q, struct sdp *sdp, struct whip_line lines[SDP_LINES_MAX])
{
    unsigned line;

    if (sdp_parse(sdp, q->body, &line) != SDP_OK)
        return false;
    for (unsigned i = 0; i < sdp->n; i++) {
        const struct sdp_media *m = &sdp->lines[i];

        if (m->kind != SDP_OTHER && !m->rejected && m->direction != 0)
            lines[q->lines.n++] = (struct whip_line){
                .mid = m->mid, .video = m->kind == SDP_VIDEO, .sends = m->direction & SDP_SENDS};
    }
    q->lines.p = lines;
    return true;
}

void hub_whip(struct hub *h, const struct web_whip *whip, int64_t now_us)
{
    static const struct wire_error bad = {.code = CODE_BAD_BODY};
    struct cmd c = {.type = CMD_WHIP, .room = whip->room, .u.whip = whip->cmd};
    struct whip_line lines[SDP_LINES_MAX];
    char addr[ADDR_STR_SIZE];
    struct sdp sdp = {0};
    struct sdp_scan scan;

    fill_asker(h, &c, whip->number, whip->peer, whip->visitor, addr);
    c.cookie = STR_NONE; /* other sites may send it along; the token is what counts */
    if (!utf8_valid(whip->cmd.name.p, whip->cmd.name.n) ||
        (c.u.whip.verb == WHIP_OFFER && !read_offer(&c.u.whip, &sdp, lines))) {
        say_error(h, whip->number, &bad, NULL);
        return;
    }
    if (c.u.whip.verb == WHIP_TRICKLE) {
        sdp_scan(whip->cmd.body, &scan);
        c.u.whip.ufrag = scan.ufrag;
        c.u.whip.pwd = scan.pwd;
    }
    hub_command(h, now_us, &c);
    sdp_free(&sdp);
}
