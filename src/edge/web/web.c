#include "edge/web/web.h"

#include <unistd.h>

#include "base/mem.h"
#include "edge/web/web_int.h"

void web_conf_defaults(struct web_conf *conf)
{
    *conf = (struct web_conf){
        .head = http1_limits_default,
        .message_max = 70000,
        .streams_max = 10000,
        .rate_burst = 600,
        .rate_every_us = 10000,
        .upload_max = 1 << 30,
        .head_us = 10000000,
        .body_us = 30000000,
        .idle_us = 60000000,
        .write_us = 30000000,
        .call_us = 30000000,
        .hello_us = 10000000,
        .ping_us = 20000000,
        .pong_us = 10000000,
        .beat_us = 15000000,
        .poll_us = 25000000,
        .poll_gap_us = 10000000,
        .notice_us = 20000,
    };
}

struct web *web_new(const struct web_conf *conf, const struct web_handlers *handlers,
                    struct counts *counts)
{
    struct web *w = xcalloc(1, sizeof *w);

    w->conf = conf;
    w->h = *handlers;
    w->counts = counts;
    w->dir_fd = conf->web_dir != NULL ? http_dir_open(conf->web_dir) : -1;
    list_init(&w->conns);
    list_init(&w->gaps);
    list_init(&w->soon);
    list_init(&w->quiet);
    list_init(&w->graves);
    hmap_init(&w->streams);
    hmap_init(&w->rates);
    hmap_init(&w->calls);
    w->out_max = (size_t)WEB_OUT_MAX + conf->frame_max;
    buf_init(&w->scratch, w->out_max);
    return w;
}

static void nobody_listens(void *ctx, struct pipe *p, void *user, int64_t now_us)
{
    (void)ctx;
    (void)p;
    (void)user;
    (void)now_us;
}

void web_free(struct web *w)
{
    if (w == NULL)
        return;
    /* The hub may be gone already. */
    w->h.pipe_lost = nobody_listens;
    es_close_all(w);
    es_reap(w);
    http_rate_free(w);
    hmap_free(&w->streams);
    hmap_free(&w->rates);
    hmap_free(&w->calls);
    buf_free(&w->scratch);
    if (w->dir_fd >= 0)
        close(w->dir_fd);
    xfree(w);
}

/* ---- what all modes share ------------------------------------------------------------------- */

void conn_want_write(struct web_conn *c)
{
    if (!c->s->closing)
        stream_want_write(c->s);
}

void conn_check_out(struct web_conn *c)
{
    if (c->out.failed)
        stream_close(c->s, STREAM_LIMIT);
}

void conn_put(struct web_conn *c, const void *p, size_t n)
{
    buf_put(&c->out, p, n);
    conn_check_out(c);
    conn_want_write(c);
}

bool conn_flush_out(struct web_conn *c)
{
    struct iovec iov;
    ssize_t n;

    if (buf_len(&c->out) == 0)
        return true;
    iov.iov_base = (void *)(uintptr_t)buf_data(&c->out);
    iov.iov_len = buf_len(&c->out);
    n = stream_writev(c->s, &iov, 1);
    if (n <= 0)
        return false;
    c->progress_at = conn_now(c);
    buf_consume(&c->out, (size_t)n);
    if (buf_len(&c->out) > 0)
        return false;
    /* Idle connections hold no buffer. */
    buf_free(&c->out);
    return true;
}

void conn_finish(struct web_conn *c)
{
    c->mode = MODE_DONE;
    stream_deadline(c->s, conn_now(c) + WEB_CLOSE_US);
    conn_want_write(c);
}

void conn_free_http(struct web_conn *c)
{
    if (c->u.http == NULL)
        return;
    http_call_free(c);
    visitor_free(c->u.http->visitor);
    buf_free(&c->u.http->collect);
    xfree(c->u.http->owned);
    xfree(c->u.http);
    c->u.http = NULL;
}

/* ---- the stream's user ---------------------------------------------------------------------- */

static size_t on_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct web_conn *c = s->ctx;
    /* The stream's read buffer is writable memory that belongs to this callback until it returns; a
     * WebSocket message is unmasked in it, and all that was unmasked is taken. */
    uint8_t *bytes = (uint8_t *)(uintptr_t)p;

    es_reap(c->web);
    switch (c->mode) {
    case MODE_HTTP: return http_on_data(c, bytes, n);
    case MODE_WS: return ws_on_data(c, bytes, n);
    case MODE_POLL:
        /* A request behind an unanswered poll waits its turn. */
        stream_pause(s);
        return 0;
    case MODE_STREAM: stream_close(s, STREAM_PROTOCOL); return n;
    default: return n;
    }
}

static void on_eof(struct stream *s)
{
    struct web_conn *c = s->ctx;

    es_reap(c->web);
    /* Whoever says no more may still listen to an answer, but not to a pipe. */
    if (c->mode == MODE_HTTP && c->u.http->phase >= HTTP_WAIT)
        c->u.http->close = true;
    else if (c->mode == MODE_HTTP && c->u.http->head_begun)
        http_fail(c, NULL, 400);
    else if (c->mode != MODE_DONE)
        stream_close(s, STREAM_EOF);
}

static void on_writable(struct stream *s)
{
    struct web_conn *c = s->ctx;

    es_reap(c->web);
    switch (c->mode) {
    case MODE_HTTP: http_on_writable(c); break;
    case MODE_WS: ws_on_writable(c); break;
    case MODE_STREAM:
    case MODE_POLL: es_on_writable(c); break;
    default:
        if (conn_flush_out(c))
            stream_shutdown(s);
    }
}

static void on_deadline(struct stream *s, int64_t now_us)
{
    struct web_conn *c = s->ctx;

    es_reap(c->web);
    switch (c->mode) {
    case MODE_HTTP: http_on_deadline(c, now_us); break;
    case MODE_WS: ws_on_deadline(c, now_us); break;
    case MODE_STREAM:
    case MODE_POLL: es_on_deadline(c, now_us); break;
    default: stream_close(s, STREAM_TIMEOUT);
    }
}

static void on_closed(struct stream *s, enum stream_why why)
{
    struct web_conn *c = s->ctx;
    struct web *w = c->web;

    es_reap(w);
    if (why == STREAM_DEAD_PEER)
        count_inc(w->counts, COUNT_DROP_PEER_DEAD);
    if (c->mode == MODE_WS)
        ws_on_closed(c);
    else if (c->mode == MODE_STREAM || c->mode == MODE_POLL)
        es_on_closed(c);
    if (c->mode != MODE_WS)
        conn_free_http(c);
    buf_free(&c->out);
    list_del(&c->link);
    w->n_conns--;
    xfree(c);
}

static const struct stream_user web_user = {
    .name = "web",
    .on_data = on_data,
    .on_eof = on_eof,
    .on_writable = on_writable,
    .on_deadline = on_deadline,
    .on_closed = on_closed,
};

void web_take(void *ctx, struct stream *s)
{
    struct web *w = ctx;
    struct web_conn *c = xcalloc(1, sizeof *c);

    c->web = w;
    c->s = s;
    c->id = ++w->next_id;
    c->peer = s->peer;
    buf_init(&c->out, w->out_max);
    list_push_back(&w->conns, &c->link);
    w->n_conns++;
    http_begin(c);
    stream_set_user(s, &web_user, c);
}

/* ---- the whole ------------------------------------------------------------------------------ */

void web_ready(struct web *w)
{
    w->ready = true;
}

void web_drain(struct web *w, int64_t now_us)
{
    (void)now_us;
    w->draining = true;
    LIST_FOREACH_SAFE(it, &w->conns) {
        struct web_conn *c = container_of(it, struct web_conn, link);

        if (c->mode != MODE_HTTP)
            continue;
        if (c->u.http->phase == HTTP_HEAD && !c->u.http->head_begun)
            stream_close(c->s, STREAM_DRAIN);
        else
            c->u.http->close = true;
    }
}

void web_close_all(struct web *w)
{
    LIST_FOREACH_SAFE(it, &w->conns)
        stream_close(container_of(it, struct web_conn, link)->s, STREAM_DRAIN);
}

size_t web_connections(const struct web *w)
{
    return w->n_conns;
}

int64_t web_deadline(const struct web *w)
{
    int64_t at = es_deadline(w);

    return w->soon_at != 0 ? MIN_OF(at, w->soon_at) : at;
}

void web_tick(struct web *w, int64_t now_us)
{
    es_reap(w);
    es_tick(w, now_us);
    if (w->soon_at != 0 && now_us >= w->soon_at)
        ws_soon_is_now(w);
}

static void dump_pipe(struct buf *b, const struct pipe *p)
{
    const struct outbox *o = p->out;

    if (p->session != 0)
        buf_putf(b, ",\"session\":\"%016llx\"", (unsigned long long)p->session);
    if (o != NULL)
        buf_putf(b, ",\"acked\":%llu,\"replay\":%u,\"unsent\":%u,\"bytes\":%u",
                 (unsigned long long)o->acked, o->sent, o->count - o->sent, o->bytes);
}

void web_dump(const struct web *w, int64_t now_us, struct buf *b)
{
    static const char *const modes[] = {"http", "ws", "stream", "poll", "closing"};
    const char *comma = "";

    buf_putf(b, "{\"connections\":%zu,\"streams\":%zu,\"draining\":%s,\"list\":[", w->n_conns,
             w->streams.n, w->draining ? "true" : "false");
    LIST_FOREACH(it, &w->conns) {
        const struct web_conn *c = container_of(it, struct web_conn, link);
        char peer[ADDR_STR_SIZE];

        buf_putf(b, "%s\n{\"conn\":%llu,\"mode\":\"%s\",\"peer\":\"%s\",\"tls\":%s,\"out\":%zu",
                 comma, (unsigned long long)c->id, modes[c->mode], addr_format(&c->peer, peer),
                 c->s->tls ? "true" : "false", buf_len(&c->out));
        if (c->mode == MODE_WS) {
            dump_pipe(b, &c->u.ws->pipe);
            buf_putf(b, ",\"silent_ms\":%lld", (long long)(now_us - c->u.ws->last_in) / 1000);
        }
        buf_puts(b, "}");
        comma = ",";
    }
    buf_puts(b, "]}");
}
