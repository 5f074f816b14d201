#include <string.h>

#include "edge/web/web_int.h"

/* Nothing from elsewhere, no inline script or style. 'self' covers WebSockets to this host in current
 * browsers; older Safari wants them named. */
static void csp(struct web_conn *c, struct buf *b, struct str host)
{
    buf_puts(b, "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
                "img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; "
                "connect-src 'self'");
    if (host.n > 0)
        buf_putf(b, " %s://" PRIstr, c->u.http->secure ? "wss" : "ws", STR_ARG(host));
    buf_puts(b, "; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'\r\n");
}

static const char permissions[] =
    "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), "
    "fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), "
    "speaker-selection=(self), autoplay=(self), accelerometer=(), "
    "browsing-topics=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), "
    "local-fonts=(), magnetometer=(), midi=(), payment=(), publickey-credentials-get=(self), "
    "serial=(), usb=(), xr-spatial-tracking=()\r\n";

void http_common_fields(struct web_conn *c, struct buf *b, bool close)
{
    const struct web *w = c->web;

    http1_date(b, w->h.wall_s(w->h.ctx, conn_now(c)));
    if (close)
        buf_puts(b, "Connection: close\r\n");
    if (w->conf->hsts && c->u.http->secure)
        buf_puts(b, "Strict-Transport-Security: max-age=31536000\r\n");
    buf_puts(b, "X-Content-Type-Options: nosniff\r\n"
                "Referrer-Policy: no-referrer\r\n"
                "Cross-Origin-Opener-Policy: same-origin\r\n");
}

void http_count(struct web *w, int status)
{
    static const enum count classes[] = {COUNT_HTTP_1XX, COUNT_HTTP_2XX, COUNT_HTTP_3XX,
                                         COUNT_HTTP_4XX, COUNT_HTTP_5XX};

    count_inc(w->counts, classes[status / 100 - 1]);
}

static void describe_body(struct buf *b, const struct reply *r)
{
    uint64_t length = r->later ? r->length : r->body.n;

    if (r->type != NULL)
        http1_header(b, "Content-Type", str_from(r->type));
    if (r->gzip)
        buf_puts(b, "Content-Encoding: gzip\r\n");
    if (r->vary)
        buf_puts(b, "Vary: Accept-Encoding\r\n");
    if (r->ranges)
        buf_puts(b, "Accept-Ranges: bytes\r\n");
    if (r->etag.n > 0)
        http1_header(b, "ETag", r->etag);
    if (r->status == 206)
        buf_putf(b, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)r->first,
                 (unsigned long long)(r->first + length - 1), (unsigned long long)r->full);
    if (r->status == 416)
        buf_putf(b, "Content-Range: bytes */%llu\r\n", (unsigned long long)r->full);
    if (r->status != 304 && r->status != 204)
        http1_header_u64(b, "Content-Length", length);
}

void http_reply(struct web_conn *c, const struct http1_request *req, const struct reply *r)
{
    struct http_state *h = c->u.http;
    struct buf *b = &c->out;

    http1_status(b, r->status);
    http_common_fields(c, b, h->close);
    http1_header(b, "Cache-Control", str_from(r->cache != NULL ? r->cache : "no-store"));
    if (r->page) {
        csp(c, b, req != NULL ? req->host : STR_NONE);
        buf_puts(b, permissions);
    }
    if (r->allow != NULL)
        http1_header(b, "Allow", str_from(r->allow));
    if (r->origin.n > 0) {
        http1_header(b, "Access-Control-Allow-Origin", r->origin);
        buf_puts(b, "Vary: Origin\r\n");
    }
    buf_put_str(b, r->extra);
    describe_body(b, r);
    http1_head_end(b);
    if (!h->head_only && r->status != 304) {
        if (r->lasting)
            h->tail = r->body;
        else
            buf_put_str(b, r->body);
    }
    http_count(c->web, r->status);
    h->phase = HTTP_SEND;
    c->progress_at = conn_now(c);
    stream_deadline(c->s, c->progress_at + c->web->conf->write_us);
    conn_check_out(c);
    conn_want_write(c);
}

void http_reply_status(struct web_conn *c, const struct http1_request *req, int status)
{
    char mem[80];
    struct buf text;
    struct reply r = {.status = status, .type = "text/plain; charset=utf-8", .page = true};

    buf_init_fixed(&text, mem, sizeof mem);
    buf_putf(&text, "%d %s\n", status, http1_reason(status));
    r.body = buf_str(&text);
    if (status == 429)
        r.extra = STR("Retry-After: 1\r\n");
    http_reply(c, req, &r);
}

void http_fail(struct web_conn *c, const struct http1_request *req, int status)
{
    c->u.http->close = true;
    http_reply_status(c, req, status);
}

void http_reply_error(struct web_conn *c, const struct http1_request *req, int status,
                      const char *code, struct str origin)
{
    char mem[160];
    struct buf text;
    struct reply r = {.status = status, .type = "application/json", .origin = origin};

    buf_init_fixed(&text, mem, sizeof mem);
    buf_putf(&text, "{\"type\":\"error\",\"code\":\"%s\",\"message\":\"%s\"}", code,
             http1_reason(status));
    r.body = buf_str(&text);
    http_reply(c, req, &r);
}
