#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "edge/web/web_int.h"

/* Reading requests, one after the other: the next one is looked at when the answer to the last one has
 * been written. What comes early waits in the stream. */

void http_begin(struct web_conn *c)
{
    c->mode = MODE_HTTP;
    c->u.http = xcalloc(1, sizeof *c->u.http);
    buf_init(&c->u.http->collect, c->web->conf->message_max);
    stream_deadline(c->s, conn_now(c) + c->web->conf->head_us);
}

static void refuse(struct web_conn *c, const struct http1_request *req, int status)
{
    bool cap = status == 413 || status == 414 || status == 431;

    count_inc(c->web->counts, cap ? COUNT_DROP_HTTP_CAP : COUNT_DROP_HTTP_SYNTAX);
    http_fail(c, req, status);
}

/* The head is complete: who asks, may they, what do they want. */
static void request(struct web_conn *c, const struct http1_request *req)
{
    struct http_state *h = c->u.http;
    const struct web_conf *conf = c->web->conf;

    h->head_only = req->method == HTTP1_HEAD;
    h->close = h->close || !req->keep_alive || req->minor == 0 || c->web->draining;
    http_see_peer(c, req);
    if (conf->rate_burst > 0 && !addr_is_loopback(&c->peer) &&
        !http_rate_ok(c->web, &c->peer, conn_now(c))) {
        count_inc(c->web->counts, COUNT_DROP_HTTP_RATE);
        http_fail(c, req, 429);
        return;
    }
    /* A body that nobody will read: nothing behind it can be understood. */
    if ((req->chunked || req->length > 0) && !http_has_body(req->method))
        http_fail(c, req, 400);
    else
        http_route(c, req);
}

static size_t read_head(struct web_conn *c, const uint8_t *p, size_t n)
{
    struct http_state *h = c->u.http;
    struct http1_request req;
    int r = http1_head(&h->scan, &c->web->conf->head, (const char *)p, n, &req);

    if (r < 0) {
        refuse(c, NULL, -r);
        return n;
    }
    if (r == 0) {
        if (!h->head_begun)
            stream_deadline(c->s, conn_now(c) + c->web->conf->head_us);
        h->head_begun = true;
        return 0;
    }
    h->head_begun = true;
    request(c, &req);
    return (size_t)r;
}

void http_body_begin(struct web_conn *c, const struct http1_request *req, http_body_fn *then)
{
    struct http_state *h = c->u.http;

    h->then = then;
    h->phase = HTTP_BODY;
    if (req->expect_continue)
        conn_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    stream_deadline(c->s, conn_now(c) + c->web->conf->body_us);
    if (http1_body_done(&h->body))
        then(c, NULL, 0);
}

static void body_complete(struct web_conn *c, struct str whole)
{
    c->u.http->then(c, (uint8_t *)(uintptr_t)whole.p, whole.n);
}

/* The body of a POST. In one piece it is used where it lies; otherwise it is collected. */
static size_t read_body(struct web_conn *c, const uint8_t *p, size_t n)
{
    struct http_state *h = c->u.http;
    struct str piece, alone = STR_NONE;
    size_t at = 0, used;

    for (;;) {
        enum http1_body_result r =
            http1_body(&h->body, (const char *)p + at, n - at, &used, &piece);

        at += used;
        if (r == HTTP1_BODY_DATA && buf_len(&h->collect) == 0 && alone.n == 0) {
            alone = piece;
        } else if (r == HTTP1_BODY_DATA) {
            buf_put_str(&h->collect, alone);
            buf_put_str(&h->collect, piece);
            alone = STR_NONE;
        } else if (r == HTTP1_BODY_ERROR || h->collect.failed) {
            refuse(c, NULL, h->collect.failed ? 413 : h->body.status);
            return n;
        } else if (r == HTTP1_BODY_END) {
            body_complete(c, alone.n > 0 ? alone : buf_str(&h->collect));
            return at;
        } else {
            buf_put_str(&h->collect, alone);
            return at;
        }
    }
}

size_t http_on_data(struct web_conn *c, uint8_t *p, size_t n)
{
    size_t at = 0;

    while (at < n && c->mode == MODE_HTTP && !c->s->closing) {
        struct http_state *h = c->u.http;
        size_t used;

        if (h->phase >= HTTP_WAIT) {
            stream_pause(c->s);
            return at;
        }
        if (h->phase == HTTP_HEAD)
            used = read_head(c, p + at, n - at);
        else if (h->phase == HTTP_PIECES)
            used = http_upload_data(c, p + at, n - at);
        else
            used = read_body(c, p + at, n - at);
        if (used == 0 && h->phase == HTTP_HEAD && c->mode == MODE_HTTP)
            return at;
        at += used;
    }
    if (c->mode == MODE_WS && at < n)
        at += ws_on_data(c, p + at, n - at);
    else if (c->mode == MODE_POLL && at < n)
        stream_pause(c->s);
    else if (c->mode == MODE_DONE)
        at = n;
    return at;
}

/* Out and tail with one call. True when both are gone. */
static bool flush(struct web_conn *c)
{
    struct http_state *h = c->u.http;
    struct iovec iov[2];
    size_t head = buf_len(&c->out);
    ssize_t n;

    if (head == 0 && h->tail.n == 0)
        return true;
    iov[0].iov_base = (void *)(uintptr_t)buf_data(&c->out);
    iov[0].iov_len = head;
    iov[1].iov_base = (void *)(uintptr_t)h->tail.p;
    iov[1].iov_len = h->tail.n;
    n = stream_writev(c->s, iov + (head == 0), (head != 0) + (h->tail.n != 0));
    if (n <= 0)
        return false;
    c->progress_at = conn_now(c);
    head = (size_t)n < head ? (size_t)n : head;
    buf_consume(&c->out, head);
    h->tail = str_skip(h->tail, (size_t)n - head);
    return buf_len(&c->out) == 0 && h->tail.n == 0;
}

void http_sent(struct web_conn *c)
{
    struct http_state *h = c->u.http;

    buf_free(&c->out);
    buf_free(&h->collect);
    xfree(h->owned);
    h->owned = NULL;
    h->tail = STR_NONE;
    visitor_free(h->visitor);
    h->visitor = NULL;
    http_call_free(c);
    if (h->close) {
        stream_shutdown(c->s);
        return;
    }
    memset(&h->scan, 0, sizeof h->scan);
    h->phase = HTTP_HEAD;
    h->head_begun = false;
    stream_deadline(c->s, conn_now(c) + c->web->conf->idle_us);
    if (c->s->paused)
        stream_resume(c->s);
}

void http_on_writable(struct web_conn *c)
{
    if (flush(c) && c->u.http->phase == HTTP_SEND && !http_file_more(c))
        http_sent(c);
}

void http_on_deadline(struct web_conn *c, int64_t now_us)
{
    struct http_state *h = c->u.http;

    if (h->phase == HTTP_WAIT) {
        http_call_late(c);
        return;
    }
    if (h->phase == HTTP_SEND && now_us < c->progress_at + c->web->conf->write_us) {
        stream_deadline(c->s, c->progress_at + c->web->conf->write_us);
        return;
    }
    if (h->phase == HTTP_SEND || !h->head_begun) {
        if (h->phase == HTTP_SEND)
            count_inc(c->web->counts, COUNT_DROP_CONN_DEADLINE);
        stream_close(c->s, STREAM_TIMEOUT);
        return;
    }
    count_inc(c->web->counts, COUNT_DROP_CONN_DEADLINE);
    http_fail(c, NULL, 408);
}
