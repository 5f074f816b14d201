#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "edge/web/assets.h"
#include "edge/web/web_int.h"

typedef void route_fn(struct web_conn *c, const struct http1_request *req);

enum {
    GETS = 1 << HTTP1_GET | 1 << HTTP1_HEAD,
    WHIPS = (1 << HTTP1_METHODS) - 1 /* it says itself which, for each of its paths */
};

static void asset(struct web_conn *c, const struct http1_request *req)
{
    struct str path = str_skip(req->path, 3), tree;

    /* /a/TREE/path: only this program's own tree, so that "immutable" stays true. */
    if (str_split_once(path, '/', &tree, &path) &&
        str_eq(tree, c->web->dir_fd >= 0 ? STR("dev") : str_from(assets_tree)))
        http_static(c, req, path, false);
    else
        http_reply_status(c, req, 404);
}

/* The address of the library for other people's pages; where it lies changes with every version. A module
 * that was redirected finds its imports beside the place it was redirected to. */
static void sdk(struct web_conn *c, const struct http1_request *req)
{
    char location[128];
    struct reply r = {.status = 302, .cache = "no-cache"};
    const char *tree = c->web->dir_fd >= 0 ? "dev" : assets_tree;
    int n = snprintf(location, sizeof location,
                     "Location: /a/%s/sdk/madang.js\r\nAccess-Control-Allow-Origin: *\r\n", tree);

    r.extra = str_of(location, (size_t)n);
    http_reply(c, req, &r);
}

/* /r/ROOM, /u/NAME, /g/CODE, /i/CODE: the page finds out what is there. A user name of 32 letters in Hangul has 288
 * characters in an address. */
static void linked(struct web_conn *c, const struct http1_request *req)
{
    struct str name = str_skip(req->path, 3);

    if (name.n == 0 || name.n > (req->path.p[1] == 'u' ? 400 : 64) ||
        str_chr(name, '/') != STR_NPOS)
        http_reply_status(c, req, 404);
    else
        http_page(c, req);
}

static void ca_cert(struct web_conn *c, const struct http1_request *req)
{
    struct web_handlers *h = &c->web->h;
    struct str cert = h->ca_cert != NULL ? h->ca_cert(h->ctx) : STR_NONE;
    struct reply r = {
        .status = 200,
        .type = "application/x-x509-ca-cert",
        .body = cert,
        .extra = STR("Content-Disposition: attachment; filename=\"madang-ca.crt\"\r\n"),
    };

    if (cert.n == 0)
        http_reply_status(c, req, 404);
    else
        http_reply(c, req, &r);
}

static const struct route {
    struct str path;
    bool prefix;
    bool plain; /* also without TLS on a TLS server */
    bool alone; /* also when there is no page */
    unsigned methods;
    const char *allow;
    route_fn *fn;
} routes[] = {
    {STR_INIT("/"), false, false, false, GETS, "GET, HEAD", http_page},
    {STR_INIT("/r/"), true, false, false, GETS, "GET, HEAD", linked},
    {STR_INIT("/u/"), true, false, false, GETS, "GET, HEAD", linked},
    {STR_INIT("/g/"), true, false, false, GETS, "GET, HEAD", linked},
    {STR_INIT("/i/"), true, false, false, GETS, "GET, HEAD", linked},
    {STR_INIT("/a/"), true, false, false, GETS, "GET, HEAD", asset},
    {STR_INIT("/sdk/madang.js"), false, false, false, GETS, "GET, HEAD", sdk},
    {STR_INIT("/api/ws"), false, false, false, 1 << HTTP1_GET, "GET", ws_begin},
    {STR_INIT("/api/stream/"), true, false, false, 1 << HTTP1_GET, "GET", es_begin},
    {STR_INIT("/api/send/"), true, false, false, 1 << HTTP1_POST, "POST", es_post_begin},
    {STR_INIT("/api/avatar/"), true, false, false, GETS, "GET, HEAD", http_file_begin},
    {STR_INIT("/api/file/"), true, false, false, GETS, "GET, HEAD", http_file_begin},
    {STR_INIT("/api/recording/"), true, false, false, GETS, "GET, HEAD", http_file_begin},
    {STR_INIT("/api/upload/"), true, false, false, 1 << HTTP1_PUT | 1 << HTTP1_HEAD, "PUT, HEAD",
     http_upload_begin},
    {STR_INIT("/api/"), true, false, false, GETS | 1 << HTTP1_POST, "POST", http_call_begin},
    {STR_INIT("/whip/"), true, false, false, WHIPS, "POST, PATCH, DELETE, OPTIONS",
     http_whip_begin},
    {STR_INIT("/whep/"), true, false, false, WHIPS, "POST, PATCH, DELETE, OPTIONS",
     http_whip_begin},
    {STR_INIT("/watch/"), true, false, false, GETS, "GET, HEAD", http_player},
    {STR_INIT("/healthz"), false, false, true, GETS, "GET, HEAD", http_health},
    {STR_INIT("/metrics"), false, false, true, GETS, "GET, HEAD", http_metrics},
    {STR_INIT("/ca.crt"), false, true, false, GETS, "GET, HEAD", ca_cert},
};

static const struct route *find(struct str path)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const struct route *r = &routes[i];

        if (r->prefix ? str_starts(path, r->path) : str_eq(path, r->path))
            return r;
    }
    return NULL;
}

/* Same host, same port: TLS is told apart from HTTP by its first byte. */
static void to_https(struct web_conn *c, const struct http1_request *req)
{
    struct buf *b = &c->web->scratch;
    struct reply r = {.status = 308};

    if (req->host.n == 0 || req->target.p[0] != '/') {
        http_fail(c, req, 400);
        return;
    }
    buf_puts(b, "Location: https://");
    buf_put_str(b, req->host);
    buf_put_str(b, req->target);
    buf_puts(b, "\r\n");
    r.extra = buf_str(b);
    http_reply(c, req, &r);
    buf_reset(b);
}

static void no_page(struct web_conn *c, const struct http1_request *req)
{
    struct reply r = {
        .status = 404,
        .type = "text/plain; charset=utf-8",
        .body = STR("This is a TURN server alone: there is no page here. /healthz says whether it "
                    "is well.\n"),
    };

    c->u.http->close |= req->method == HTTP1_POST;
    http_reply(c, req, &r);
}

void http_route(struct web_conn *c, const struct http1_request *req)
{
    const struct route *r = find(req->path);

    /* Only these routes read bodies; after any other answer to one the connection ends. */
    if (http_has_body(req->method) && (r == NULL || (r->methods >> req->method & 1) == 0))
        c->u.http->close = true;
    if (c->web->conf->alone && (r == NULL || !r->alone)) {
        no_page(c, req);
        return;
    }
    if (c->web->conf->tls && !c->u.http->secure && !c->web->conf->alone &&
        (r == NULL || !r->plain)) {
        c->u.http->close = true;
        to_https(c, req);
        return;
    }
    if (r == NULL && ((unsigned)GETS >> req->method & 1) != 0) {
        http_static(c, req, str_skip(req->path, 1), true);
    } else if (r == NULL || (r->methods >> req->method & 1) == 0) {
        struct reply refuse = {.status = 405,
                               .type = "text/plain; charset=utf-8",
                               .allow = r != NULL ? r->allow : "GET, HEAD",
                               .page = true,
                               .body = STR("405 Method Not Allowed\n")};

        http_reply(c, req, &refuse);
    } else {
        r->fn(c, req);
    }
}
