/* Calls: POST /api/VERB with a JSON object, for what has to set or end the cookie, and so cannot be asked on a
 * pipe. The policy answers now or later; the connection waits with nothing else under way. */
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

enum { CALL_BODY_MAX = 65536, CALLS_MAX = 4096 };

void http_call_free(struct web_conn *c)
{
    struct http_call *call = c->u.http->call;

    if (call == NULL)
        return;
    if (call->number != 0)
        hmap_remove(&c->web->calls, &call->node);
    visitor_free(call->visitor);
    transfer_free(call->t);
    whip_call_free(call->whip);
    xfree(call);
    c->u.http->call = NULL;
}

struct http_call *http_call_new(struct web_conn *c, const struct http1_request *req,
                                enum call_kind kind)
{
    struct http_call *call = xcalloc(1, sizeof *call);

    call->conn = c;
    call->kind = (uint8_t)kind;
    call->visitor = http_visitor(c, req);
    c->u.http->call = call;
    return call;
}

bool http_call_wait(struct web_conn *c, struct http_call *call)
{
    struct web *w = c->web;

    if (w->calls.n >= CALLS_MAX) {
        http_call_fail(c, 503, "busy");
        return false;
    }
    call->number = ++w->next_call;
    hmap_insert(&w->calls, &call->node, call->number);
    c->u.http->phase = HTTP_WAIT;
    stream_deadline(c->s, conn_now(c) + w->conf->call_us);
    return true;
}

/* ---- who may --------------------------------------------------------------------------------- */

/* Only our own page: what another site sends has another Origin, or none, and forms cannot say that they
 * are JSON. */
int http_refuse_stranger(const struct web_conn *c, const struct http1_request *req)
{
    struct str origin, site = http1_field(req, STR("sec-fetch-site"));

    if (http1_field_count(req, STR("origin")) != 1 || !http_origin_ok(c, req, &origin) ||
        origin.n > 0 || (site.p != NULL && !str_eq(site, STR("same-origin"))))
        return 403;
    return 0;
}

static bool is_json(const struct http1_request *req)
{
    struct str type = http1_field(req, STR("content-type")), media, params;

    if (http1_field_count(req, STR("content-type")) != 1)
        return false;
    str_split_once(type, ';', &media, &params);
    params = str_trim(params);
    return str_eq_nocase(str_trim(media), STR("application/json")) &&
           (params.n == 0 || str_eq_nocase(params, STR("charset=utf-8")));
}

static bool verb_ok(struct str verb)
{
    for (size_t i = 0; i < verb.n; i++)
        if (!((verb.p[i] >= 'a' && verb.p[i] <= 'z') || verb.p[i] == '_'))
            return false;
    return verb.n > 0 && verb.n <= HTTP_VERB_MAX;
}

static int check(struct web_conn *c, const struct http1_request *req, struct str verb)
{
    int refused = http_refuse_stranger(c, req);

    if (refused != 0)
        count_inc(c->web->counts, COUNT_DROP_WS_ORIGIN);
    else if (!verb_ok(verb))
        refused = 404;
    else if (!is_json(req))
        refused = 415;
    else if (!req->chunked && !req->has_length)
        refused = 411;
    else if (c->web->draining)
        refused = 503;
    return refused;
}

/* Whoever only looks: is there such a thing at all? */
static void refuse_looks(struct web_conn *c, const struct http1_request *req, struct str verb)
{
    struct reply r = {.status = 405,
                      .type = "text/plain; charset=utf-8",
                      .allow = "POST",
                      .page = true,
                      .body = STR("405 Method Not Allowed\n")};

    if (verb_ok(verb))
        http_reply(c, req, &r);
    else
        http_reply_status(c, req, 404);
}

void http_call_begin(struct web_conn *c, const struct http1_request *req)
{
    struct http_state *h = c->u.http;
    struct str verb = str_skip(req->path, strlen("/api/"));
    struct http_call *call;
    int status;

    if (req->method != HTTP1_POST) {
        refuse_looks(c, req, verb);
        return;
    }
    status = check(c, req, verb);
    if (status == 0) {
        status = -http1_body_init(&h->body, req, CALL_BODY_MAX);
        if (status != 0)
            count_inc(c->web->counts, COUNT_DROP_HTTP_CAP);
    }
    if (status != 0) {
        http_fail(c, req, status);
        return;
    }
    call = http_call_new(c, req, CALL_VERB);
    memcpy(call->verb, verb.p, verb.n);
    call->verb_len = (uint8_t)verb.n;
    http_body_begin(c, req, http_call_body);
}

/* The body is complete. */
void http_call_body(struct web_conn *c, uint8_t *body, size_t n)
{
    struct http_call *call = c->u.http->call;
    struct web_handlers *h = &c->web->h;

    if (!http_call_wait(c, call))
        return;
    h->call(h->ctx,
            &(struct web_call){.number = call->number,
                               .verb = str_of(call->verb, call->verb_len),
                               .body = str_of(body, n),
                               .peer = &c->peer,
                               .visitor = call->visitor},
            conn_now(c));
}

/* ---- the answer ------------------------------------------------------------------------------ */

struct http_call *http_call_find(struct web *w, uint64_t number)
{
    struct hnode *it = number != 0 ? hmap_first(&w->calls, number) : NULL;

    return it != NULL ? container_of(it, struct http_call, node) : NULL;
}

/* Pictures and files may stay in the browser's cache for good, and the next one at that computer is somebody else
 * (W3C Clear Site Data, 3.1). Not when a cookie only ran out: to empty the cache costs a while. */
static bool signed_out(const struct http_call *call, const struct web_answer *a)
{
    return a->cookie != NULL && a->cookie->op == COOKIE_CLEAR &&
           str_eq(str_of(call->verb, call->verb_len), STR("sign_out"));
}

void web_call_answer(struct web *w, uint64_t number, const struct web_answer *a)
{
    struct http_call *call = http_call_find(w, number);
    struct reply r = {.status = a->status, .type = "application/json", .body = a->json};
    char mem[256];
    struct buf fields;

    if (call == NULL)
        return;
    if (call->kind == CALL_WHIP) {
        web_whip_answer(w, number,
                        &(struct web_whip_answer){
                            .status = a->status, .body = a->json, .retry_ms = a->retry_ms});
        return;
    }
    struct web_conn *c = call->conn;
    buf_init_fixed(&fields, mem, sizeof mem);
    if (a->cookie != NULL)
        http_set_cookie(c, &fields, a->cookie);
    if (signed_out(call, a))
        buf_puts(&fields, "Clear-Site-Data: \"cache\"\r\n");
    if (a->retry_ms > 0)
        buf_putf(&fields, "Retry-After: %lld\r\n", (long long)(a->retry_ms + 999) / 1000);
    r.extra = buf_str(&fields);
    /* What wasn't read of an upload: nothing behind it can be understood. */
    c->u.http->close |= call->kind == CALL_PUT && !http1_body_done(&c->u.http->body);
    http_call_free(c);
    http_reply(c, NULL, &r);
    memzero(mem, sizeof mem);
}

void http_call_fail(struct web_conn *c, int status, const char *code)
{
    const struct http_call *call = c->u.http->call;

    c->u.http->close |= call->kind == CALL_PUT && !http1_body_done(&c->u.http->body);
    http_call_free(c);
    http_reply_error(c, NULL, status, code, STR_NONE);
}

/* It took too long: an answer that comes now goes nowhere. */
void http_call_late(struct web_conn *c)
{
    const struct http_call *call = c->u.http->call;

    count_inc(c->web->counts, COUNT_DROP_CONN_DEADLINE);
    if (call->kind == CALL_GET && call->t->begun)
        stream_close(c->s, STREAM_TIMEOUT);
    else
        http_call_fail(c, 503, "busy");
}
