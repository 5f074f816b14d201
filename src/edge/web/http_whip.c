/* WHIP (RFC 9725) and WHEP: /whip/ROOM/NAME, /whep/ROOM, /whep/ROOM/NAME, and behind each of them the sessions that
 * were made there, "/SESSION". Programs and pages of any origin may ask: what lets them in is a token, no cookie. */
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

enum { PATH_MAX_LEN = 13 + 1 + 3 * WHIP_NAME_MAX + 1 + B64URL_SIZE(WHIP_RESOURCE) + 8 };

struct whip_request {
    struct cmd_whip cmd;
    uint64_t room;
    struct str at; /* the path of the endpoint */
    bool of_session;
    char name[WHIP_NAME_MAX];
    uint8_t session[WHIP_RESOURCE];
};

/* ---- the path -------------------------------------------------------------------------------- */

/* RFC 3986, 2.1. */
static bool percent_decode(struct str s, char *out, size_t cap, struct str *decoded)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++, n++) {
        uint8_t byte = (uint8_t)s.p[i];
        size_t got;

        if (n >= cap)
            return false;
        if (s.p[i] == '%') {
            if (i + 2 >= s.n || !hex_decode(&byte, 1, &got, str_of(s.p + i + 1, 2)))
                return false;
            i += 2;
        }
        out[n] = (char)byte;
    }
    *decoded = str_of(out, n);
    return true;
}

static bool is_session(struct str s, uint8_t out[WHIP_RESOURCE])
{
    size_t n;

    return s.n == B64URL_SIZE(WHIP_RESOURCE) - 1 && b64url_decode(out, WHIP_RESOURCE, &n, s) &&
           n == WHIP_RESOURCE;
}

/* "ROOM[/NAME][/SESSION]". A session's name is no participant's: those have at most 32 characters that people
 * chose, and whoever is called like 22 random ones is watched by everybody's endpoint. */
static bool read_path(struct str path, struct whip_request *w)
{
    struct str rest = str_skip(path, strlen("/whip/")), parts[3] = {STR_NONE};
    unsigned n = 0;

    if (path.n > PATH_MAX_LEN)
        return false;
    for (bool more = true; more; n++) {
        struct str part = rest, behind;

        more = str_split_once(rest, '/', &part, &behind);
        if (n == ARRAY_LEN(parts) || part.n == 0)
            return false;
        parts[n] = part;
        rest = behind;
    }
    w->at = path;
    w->cmd.view = str_starts(path, STR("/whep/"));
    if (n > 1 && is_session(parts[n - 1], w->session)) {
        w->of_session = true;
        w->at.n -= parts[--n].n + 1;
    }
    return n <= 2 && (n == 2 || w->cmd.view) && b32_decode(parts[0], &w->room) &&
           percent_decode(n == 2 ? parts[1] : STR_NONE, w->name, sizeof w->name, &w->cmd.name);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static struct str bearer(const struct http1_request *req)
{
    struct str kind, token;

    if (http1_field_count(req, STR("authorization")) != 1 ||
        !str_split_once(http1_field(req, STR("authorization")), ' ', &kind, &token) ||
        !str_eq_nocase(kind, STR("bearer")))
        return STR_NONE;
    return str_trim(token);
}

static struct str etag_of(struct str field)
{
    field = str_trim(field);
    if (field.n >= 2 && field.p[0] == '"' && field.p[field.n - 1] == '"')
        return str_of(field.p + 1, field.n - 2);
    return str_eq(field, STR("*")) ? field : STR_NONE;
}

static bool has_type(const struct http1_request *req, struct str want)
{
    struct str type = http1_field(req, STR("content-type")), media = type, params;

    str_split_once(type, ';', &media, &params);
    return http1_field_count(req, STR("content-type")) == 1 && str_eq_nocase(str_trim(media), want);
}

static const char *methods_of(const struct whip_request *w)
{
    return w->of_session ? "PATCH, DELETE, OPTIONS" : "POST, OPTIONS";
}

/* 0: the request is one for the policy. */
static int check(struct web_conn *c, const struct http1_request *req, struct whip_request *w)
{
    switch (req->method) {
    case HTTP1_POST:
        w->cmd.verb = WHIP_OFFER;
        if (w->of_session)
            return 405;
        if (!has_type(req, STR("application/sdp")))
            return 415;
        break;
    case HTTP1_PATCH:
        w->cmd.verb = WHIP_TRICKLE;
        if (!w->of_session)
            return 405;
        if (!has_type(req, STR("application/trickle-ice-sdpfrag")))
            return 415;
        w->cmd.etag = etag_of(http1_field(req, STR("if-match")));
        if (w->cmd.etag.n == 0 || w->cmd.etag.n > WHIP_ETAG_MAX)
            return w->cmd.etag.n == 0 ? 428 : 412;
        break;
    case HTTP1_DELETE: w->cmd.verb = WHIP_END; return w->of_session ? 0 : 405;
    default: return 405;
    }
    if (!req->chunked && !req->has_length)
        return 411;
    return c->web->draining ? 503 : 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What outlives the request's head while its body comes. */
struct whip_call {
    struct cmd_whip cmd;
    uint64_t room;
    struct str host, at;
    uint8_t session[WHIP_RESOURCE];
    size_t n;
    char text[];
};

static struct str keep(struct whip_call *k, struct str s)
{
    struct str kept = str_of(k->text + k->n, s.n);

    if (s.n > 0)
        memcpy(k->text + k->n, s.p, s.n);
    k->n += s.n;
    return kept;
}

static struct whip_call *whip_call_new(const struct http1_request *req,
                                       const struct whip_request *w)
{
    struct str token = bearer(req);
    struct whip_call *k =
        xcalloc(1, sizeof *k + w->cmd.name.n + token.n + w->cmd.etag.n + req->host.n + w->at.n);

    k->cmd = w->cmd;
    k->room = w->room;
    memcpy(k->session, w->session, sizeof k->session);
    k->cmd.session = k->session;
    k->cmd.name = keep(k, w->cmd.name);
    k->cmd.token = keep(k, token);
    k->cmd.etag = keep(k, w->cmd.etag);
    k->host = keep(k, req->host);
    k->at = keep(k, w->at);
    return k;
}

void whip_call_free(struct whip_call *k)
{
    if (k != NULL)
        memzero(k, sizeof *k + k->n);
    xfree(k);
}

static void whole(struct web_conn *c, uint8_t *body, size_t n)
{
    struct http_call *call = c->u.http->call;
    struct web_handlers *h = &c->web->h;

    if (!http_call_wait(c, call))
        return;
    call->whip->cmd.body = str_of(body, n);
    h->whip(h->ctx,
            &(struct web_whip){.number = call->number,
                               .room = call->whip->room,
                               .cmd = call->whip->cmd,
                               .peer = &c->peer,
                               .visitor = call->visitor},
            conn_now(c));
}

/* Any origin: there are no cookies in it. */
#define ANY_ORIGIN "Access-Control-Allow-Origin: *\r\n"

static void refuse(struct web_conn *c, const struct http1_request *req, int status,
                   const char *allow)
{
    struct reply r = {.status = status,
                      .type = "text/plain; charset=utf-8",
                      .allow = status == 405 ? allow : NULL,
                      .body = str_from(http1_reason(status)),
                      .extra = STR(ANY_ORIGIN)};

    c->u.http->close |= req->method != HTTP1_GET && req->method != HTTP1_HEAD;
    http_reply(c, req, &r);
}

/* What a page of another origin may do here (Fetch, CORS preflight); RFC 9725, 4.1. */
static void preflight(struct web_conn *c, const struct http1_request *req,
                      const struct whip_request *w)
{
    struct buf *b = &c->web->scratch;
    struct reply r = {.status = 204, .allow = methods_of(w)};

    buf_putf(b,
             ANY_ORIGIN "Access-Control-Allow-Methods: %s\r\n"
                        "Access-Control-Allow-Headers: Authorization, Content-Type, If-Match\r\n"
                        "Access-Control-Max-Age: 86400\r\n"
                        "Accept-Post: application/sdp\r\n",
             methods_of(w));
    r.extra = buf_str(b);
    http_reply(c, req, &r);
    buf_reset(b);
}

void http_whip_begin(struct web_conn *c, const struct http1_request *req)
{
    struct http_state *h = c->u.http;
    struct whip_request w = {0};
    int status;

    if (!read_path(req->path, &w)) {
        refuse(c, req, 404, NULL);
        return;
    }
    if (req->method == HTTP1_OPTIONS) {
        preflight(c, req, &w);
        return;
    }
    status = check(c, req, &w);
    if (status == 0)
        status = -http1_body_init(&h->body, req, WHIP_BODY_MAX);
    if (status != 0) {
        refuse(c, req, status, methods_of(&w));
        return;
    }
    http_call_new(c, req, CALL_WHIP)->whip = whip_call_new(req, &w);
    http_body_begin(c, req, whole);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* RFC 9725, 4.6. Only relays over streams: libwebrtc takes what comes from the address of a STUN or TURN/UDP server
 * that it knows for that server's, and our media comes from there. */
static void put_relays(struct buf *b, const struct whip_call *k, const struct web_whip_answer *a)
{
    struct str host = k->host;

    if (a->turn_tcp == 0 || host.n == 0)
        return;
    while (host.n > 0 && host.p[host.n - 1] != ':' && host.p[host.n - 1] != ']')
        host.n--; /* the port, if there is one */
    host.n = host.n == 0 ? k->host.n : host.n - (host.p[host.n - 1] == ':');
    buf_putf(b,
             "Link: <%s:" PRIstr ":%lld?transport=tcp>; rel=\"ice-server\"; username=\"" PRIstr
             "\"; credential=\"" PRIstr "\"; credential-type=\"password\"\r\n",
             a->turn_tls ? "turns" : "turn", STR_ARG(host), (long long)a->turn_tcp,
             STR_ARG(a->username), STR_ARG(a->credential));
}

static void put_fields(struct buf *b, const struct whip_call *k, const struct web_whip_answer *a)
{
    char session[B64URL_SIZE(WHIP_RESOURCE)];

    buf_puts(b, ANY_ORIGIN "Access-Control-Expose-Headers: Location, ETag, Link\r\n");
    if (a->status == 201) {
        b64url_encode(session, sizeof session, a->session, WHIP_RESOURCE);
        buf_putf(b, "Location: " PRIstr "/%s\r\nAccept-Patch: application/trickle-ice-sdpfrag\r\n",
                 STR_ARG(k->at), session);
        put_relays(b, k, a);
    }
    if (a->status == 401)
        buf_puts(b, "WWW-Authenticate: Bearer\r\n");
    if (a->retry_ms > 0)
        buf_putf(b, "Retry-After: %lld\r\n", (long long)(a->retry_ms + 999) / 1000);
}

void web_whip_answer(struct web *w, uint64_t number, const struct web_whip_answer *a)
{
    struct http_call *call = http_call_find(w, number);
    char mem[1600], etag[WHIP_ETAG_MAX + 3];
    struct reply r = {.status = a->status, .body = a->body};
    struct buf fields, quoted;

    if (call == NULL || call->kind != CALL_WHIP)
        return;
    struct web_conn *c = call->conn;
    buf_init_fixed(&fields, mem, sizeof mem);
    buf_init_fixed(&quoted, etag, sizeof etag);
    put_fields(&fields, call->whip, a);
    if (a->etag.n > 0)
        buf_putf(&quoted, "\"" PRIstr "\"", STR_ARG(a->etag));
    r.etag = buf_str(&quoted);
    r.extra = buf_str(&fields);
    if (a->body.n > 0)
        r.type = a->status >= 400                       ? "application/json"
                 : call->whip->cmd.verb == WHIP_TRICKLE ? "application/trickle-ice-sdpfrag"
                                                        : "application/sdp";
    http_call_free(c);
    http_reply(c, NULL, &r);
    memzero(mem, sizeof mem);
}
