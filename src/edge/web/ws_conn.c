#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

/* A WebSocket as a pipe. Frames wait in the session's outbox until the round ends; then as many as fit
 * are gathered and leave with one send. Only what the kernel did not take is kept here (conn->out). */

enum {
    PING_AFTER_COUNT =
        128, /* unacknowledged messages; so the replay is trimmed in busy rooms too */
    PING_AFTER_BYTES = 65536,
    WS_BEFORE_MAX = 4096, /* of what goes out before the outbox: copied, to leave with it */
};

static struct web_conn *conn_of(const struct pipe *p)
{
    return container_of(p, struct ws_state, pipe)->conn;
}

/* ---- ending --------------------------------------------------------------------------------- */

/* Nothing goes through the pipe any more; its state dies with the connection. */
static void end_pipe(struct web_conn *c)
{
    c->u.ws->pipe.closed = true;
    pipe_detach(&c->u.ws->pipe);
}

/* The owner hears of it. */
static void lose_pipe(struct web_conn *c)
{
    struct pipe *p = &c->u.ws->pipe;
    void *user = p->user;

    if (p->closed)
        return;
    /* Perhaps it never learned that it was let in: it won't come back, but by another way. */
    p->leaving = p->leaving || c->u.ws->unheard;
    end_pipe(c);
    c->web->h.pipe_lost(c->web->h.ctx, p, user, conn_now(c));
}

/* Queues a close frame; what is in out and the frame still go out, for WEB_CLOSE_US. */
static void say_close(struct web_conn *c, unsigned code)
{
    uint8_t frame[2 + WS_CONTROL_MAX];
    size_t n = code == WS_CLOSE_NO_STATUS ? ws_control_write(frame, WS_OP_CLOSE, NULL, 0)
                                          : ws_close_write(frame, code, "");

    conn_put(c, frame, n);
    stream_deadline(c->s, conn_now(c) + WEB_CLOSE_US);
}

static void fail(struct web_conn *c, unsigned code)
{
    count_inc(c->web->counts, COUNT_DROP_WS_PROTOCOL);
    log_limited(LOG_LEVEL_INFO, "ws", NULL, "conn %llu breaks the protocol: close %u",
                (unsigned long long)c->id, code);
    lose_pipe(c);
    say_close(c, code);
}

/* ---- sending -------------------------------------------------------------------------------- */

struct gather {
    uint8_t *buf;
    size_t n;
};

/* Hands the gathered bytes to the stream and keeps what it did not take. False: the way is full. */
static bool send_gathered(struct web_conn *c, struct gather *g)
{
    struct iovec iov = {g->buf, g->n};
    ssize_t n = g->n > 0 ? stream_writev(c->s, &iov, 1) : 0;
    size_t sent = n > 0 ? (size_t)n : 0;
    bool all = sent == g->n;

    if (sent > 0)
        c->progress_at = conn_now(c);
    if (!all)
        buf_put(&c->out, g->buf + sent, g->n - sent);
    g->n = 0;
    return all;
}

/* A frame that is too large to be gathered goes by itself. */
static bool send_large(struct web_conn *c, struct frame *f)
{
    uint8_t head[WS_HEAD_MAX];
    struct iovec iov[2] = {{head, ws_head_write(head, WS_OP_TEXT, f->len)}, {f->data, f->len}};
    ssize_t n = stream_writev(c->s, iov, 2);
    size_t sent = n > 0 ? (size_t)n : 0, head_len = iov[0].iov_len;

    if (sent > 0)
        c->progress_at = conn_now(c);
    if (sent == head_len + f->len)
        return true;
    if (sent < head_len) {
        buf_put(&c->out, head + sent, head_len - sent);
        sent = head_len;
    }
    buf_put(&c->out, f->data + (sent - head_len), f->len - (sent - head_len));
    return false;
}

static void gather_ping(struct ws_state *ws, struct gather *g, int64_t now_us)
{
    char seq[24];
    int n = snprintf(seq, sizeof seq, "%llu",
                     ws->pipe.out != NULL ? (unsigned long long)outbox_sent_seq(ws->pipe.out) : 0);

    g->n += ws_control_write(g->buf + g->n, WS_OP_PING, seq, (size_t)n);
    ws->pinged_at = now_us;
}

/* Everything that is unsent in the outbox, as far as the way is free. */
static bool send_outbox(struct web_conn *c)
{
    struct ws_state *ws = c->u.ws;
    struct outbox *o = ws->pipe.out;
    struct gather g = {c->web->gather, 0};
    struct frame *f;
    uint64_t seq;

    if (buf_len(&c->out) > 0) { /* what goes before it leaves with it */
        g.n = buf_len(&c->out);
        memcpy(g.buf, buf_data(&c->out), g.n);
        buf_free(&c->out);
    }
    while (o != NULL && (f = outbox_next(o, &seq)) != NULL) {
        if (g.n + WS_HEAD_MAX + f->len > WEB_GATHER && !send_gathered(c, &g)) {
            /* It counts as sent: keep it behind what the kernel did not take. */
            uint8_t head[WS_HEAD_MAX];

            buf_put(&c->out, head, ws_head_write(head, WS_OP_TEXT, f->len));
            buf_put(&c->out, f->data, f->len);
            return false;
        }
        if (WS_HEAD_MAX + f->len > WEB_GATHER) {
            if (!send_large(c, f))
                return false;
            continue;
        }
        g.n += ws_head_write(g.buf + g.n, WS_OP_TEXT, f->len);
        memcpy(g.buf + g.n, f->data, f->len);
        g.n += f->len;
    }
    if (o != NULL && ws->pinged_at == 0 && g.n + 32 <= WEB_GATHER &&
        (o->sent >= PING_AFTER_COUNT || o->sent_bytes >= PING_AFTER_BYTES))
        gather_ping(ws, &g, conn_now(c));
    return send_gathered(c, &g);
}

/* Replay is memory: once it is quiet, a ping asks whether it is still needed. */
static void watch_replay(struct web_conn *c)
{
    struct ws_state *ws = c->u.ws;

    if (ws->watching || ws->pipe.out == NULL || ws->pipe.out->sent == 0)
        return;
    ws->watching = true;
    ws->seen_seq = outbox_sent_seq(ws->pipe.out);
    if (ws->pinged_at == 0 && !ws->slow)
        stream_deadline(c->s, conn_now(c) + WS_QUIET_US);
}

void ws_on_writable(struct web_conn *c)
{
    struct ws_state *ws = c->u.ws;
    bool alone = ws->pipe.closed || ws->pipe.out == NULL || buf_len(&c->out) > WS_BEFORE_MAX;

    if (alone && !conn_flush_out(c))
        return;
    if (ws->pipe.closed) {
        stream_shutdown(c->s);
    } else {
        list_del(&ws->soon);
        send_outbox(c);
        conn_check_out(c);
        watch_replay(c);
    }
}

/* ---- as a pipe ------------------------------------------------------------------------------ */

static void op_wake(struct pipe *p)
{
    conn_want_write(conn_of(p));
}

static void op_wake_soon(struct pipe *p)
{
    struct web_conn *c = conn_of(p);
    struct web *w = c->web;

    if (w->conf->notice_us == 0) {
        op_wake(p);
    } else if (list_empty(&c->u.ws->soon)) {
        list_push_back(&w->soon, &c->u.ws->soon);
        if (w->soon_at == 0)
            w->soon_at = conn_now(c) + w->conf->notice_us;
    }
}

void ws_soon_is_now(struct web *w)
{
    struct list *it;

    w->soon_at = 0;
    while ((it = list_pop_front(&w->soon)) != NULL)
        conn_want_write(container_of(it, struct ws_state, soon)->conn);
}

static void put_frame(struct web_conn *c, struct frame *f)
{
    uint8_t head[WS_HEAD_MAX];

    conn_put(c, head, ws_head_write(head, WS_OP_TEXT, f->len));
    conn_put(c, f->data, f->len);
}

static void op_slow(struct pipe *p)
{
    struct web_conn *c = conn_of(p);

    /* Not here: the owner is in the middle of something. The deadline comes from the loop. */
    c->u.ws->slow = true;
    stream_deadline(c->s, conn_now(c));
}

static void op_send(struct pipe *p, struct frame *f)
{
    struct web_conn *c = conn_of(p);

    put_frame(c, f);
    /* Somebody who asks and asks and never reads. */
    if (buf_len(&c->out) > WEB_SAID_MAX)
        op_slow(p);
}

static void op_close(struct pipe *p, unsigned code)
{
    struct web_conn *c = conn_of(p);
    struct frame *f;
    uint64_t seq;

    if (code != PIPE_CLOSE_REPLACED && code != PIPE_CLOSE_SLOW && p->out != NULL)
        while (buf_len(&c->out) < WEB_SAID_MAX && (f = outbox_next(p->out, &seq)) != NULL)
            put_frame(c, f);
    end_pipe(c);
    say_close(c, code);
}

static const struct addr *op_peer(const struct pipe *p)
{
    return &conn_of(p)->peer;
}

static const struct pipe_ops ws_pipe_ops = {
    .wake = op_wake,
    .wake_soon = op_wake_soon,
    .send = op_send,
    .slow = op_slow,
    .close = op_close,
    .peer = op_peer,
};

/* ---- beginning ------------------------------------------------------------------------------ */

void ws_become(struct web_conn *c)
{
    struct ws_state *ws = xcalloc(1, sizeof *ws);

    conn_free_http(c);
    c->mode = MODE_WS;
    c->u.ws = ws;
    ws_reader_init(&ws->reader, c->web->conf->message_max);
    ws->conn = c;
    list_init(&ws->soon);
    ws->pipe.ops = &ws_pipe_ops;
    ws->pipe.id = c->id;
    ws->pipe.kind = PIPE_WS;
    ws->opened_at = ws->last_in = conn_now(c);
    stream_deadline(c->s, ws->opened_at + c->web->conf->hello_us);
    count_inc(c->web->counts, COUNT_CONNS_WS);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void on_pong(struct web_conn *c, const struct ws_event *ev)
{
    struct ws_state *ws = c->u.ws;
    uint64_t seq;

    ws->pinged_at = 0;
    if (ws->pipe.out != NULL && str_to_u64(str_of(ev->data, ev->len), UINT64_MAX, &seq))
        outbox_acked(ws->pipe.out, seq);
    /* What was sent since that ping is watched again. */
    ws->watching = false;
    watch_replay(c);
}

static void on_ping(struct web_conn *c, const struct ws_event *ev)
{
    uint8_t pong[2 + WS_CONTROL_MAX];

    conn_put(c, pong, ws_control_write(pong, WS_OP_PONG, ev->data, ev->len));
    if (buf_len(&c->out) > WEB_SAID_MAX)
        op_slow(&c->u.ws->pipe);
}

static void on_event(struct web_conn *c, const struct ws_event *ev)
{
    struct web *w = c->web;

    switch (ev->type) {
    case WS_MESSAGE:
        if (ev->op == WS_OP_TEXT)
            w->h.message(w->h.ctx, &c->u.ws->pipe, conn_now(c), ev->data, ev->len);
        else
            fail(c, WS_CLOSE_UNSUPPORTED);
        break;
    case WS_PING: on_ping(c, ev); break;
    case WS_PONG: on_pong(c, ev); break;
    case WS_CLOSE:
        c->u.ws->pipe.leaving = ev->code == PIPE_CLOSE_GOING_AWAY;
        lose_pipe(c);
        say_close(c, ev->code);
        break;
    case WS_FAIL: fail(c, ev->code); break;
    default: break;
    }
}

size_t ws_on_data(struct web_conn *c, uint8_t *p, size_t n)
{
    struct ws_state *ws = c->u.ws;
    size_t at = 0, used;
    struct ws_event ev;

    ws->last_in = conn_now(c);
    ws->unheard = false;
    /* After a close, whatever side it came from, the rest is thrown away. */
    while (!ws->pipe.closed && !c->s->closing) {
        if (ws_read(&ws->reader, p + at, n - at, &used, &ev) == WS_NEED_MORE)
            break;
        at += used;
        on_event(c, &ev);
    }
    return n;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void drop_slow(struct web_conn *c)
{
    count_inc(c->web->counts, COUNT_DROP_OUTBOX_FULL);
    log_limited(LOG_LEVEL_INFO, "ws", NULL, "conn %llu reads too slowly",
                (unsigned long long)c->id);
    c->u.ws->slow = false;
    lose_pipe(c);
    say_close(c, PIPE_CLOSE_SLOW);
}

static void ping(struct web_conn *c, int64_t now_us)
{
    uint8_t mem[2 + WS_CONTROL_MAX];
    struct gather g = {mem, 0};

    gather_ping(c->u.ws, &g, now_us);
    conn_put(c, mem, g.n);
}

/* A slow reader that still makes progress is no dead one, and a ping that only asked about the replay
 * doesn't shorten the silence that is allowed. */
static int64_t pong_due(const struct web_conn *c)
{
    const struct ws_state *ws = c->u.ws;
    const struct web_conf *conf = c->web->conf;

    return MAX_OF(MAX_OF(ws->pinged_at, c->progress_at), ws->last_in + conf->ping_us) +
           conf->pong_us;
}

/* When the next look is due. Activity only moves last_in; the deadline is set here alone, so that a
 * message costs no work on timers. */
static void next_look(struct web_conn *c, int64_t now_us)
{
    const struct web_conf *conf = c->web->conf;
    struct ws_state *ws = c->u.ws;
    const struct outbox *o = ws->pipe.out;
    int64_t at;

    ws->watching = o != NULL && o->sent > 0;
    ws->seen_seq = o != NULL ? outbox_sent_seq(o) : 0;
    if (ws->pinged_at != 0)
        at = pong_due(c);
    else
        at = ws->watching ? now_us + WS_QUIET_US : ws->last_in + conf->ping_us;
    if (ws->pipe.user == NULL)
        at = MIN_OF(at, ws->opened_at + conf->hello_us);
    stream_deadline(c->s, at);
}

void ws_on_deadline(struct web_conn *c, int64_t now_us)
{
    const struct web_conf *conf = c->web->conf;
    struct ws_state *ws = c->u.ws;
    const struct outbox *o = ws->pipe.out;

    if (ws->pipe.closed) {
        stream_close(c->s, STREAM_TIMEOUT);
        return;
    }
    if (ws->slow) {
        drop_slow(c);
        return;
    }
    if (ws->pipe.user == NULL && now_us >= ws->opened_at + conf->hello_us) {
        count_inc(c->web->counts, COUNT_DROP_CONN_DEADLINE);
        lose_pipe(c);
        say_close(c, PIPE_CLOSE_NO_HELLO);
        return;
    }
    if (ws->pinged_at != 0 && now_us >= pong_due(c)) {
        if (ws->last_in <= ws->pinged_at) {
            count_inc(c->web->counts, COUNT_DROP_PEER_DEAD);
            stream_close(c->s, STREAM_TIMEOUT);
            return;
        }
        /* It lives, but its pong is stuck behind a long message, or it sends none. */
        ws->pinged_at = 0;
    }
    if (ws->pinged_at == 0 && (now_us >= ws->last_in + conf->ping_us ||
                               (o != NULL && o->sent > 0 && outbox_sent_seq(o) == ws->seen_seq)))
        ping(c, now_us);
    next_look(c, now_us);
}

void ws_on_closed(struct web_conn *c)
{
    lose_pipe(c);
    visitor_free(c->u.ws->pipe.visitor);
    ws_reader_free(&c->u.ws->reader);
    list_del(&c->u.ws->soon);
    count_dec(c->web->counts, COUNT_CONNS_WS);
    xfree(c->u.ws);
    c->u.ws = NULL;
}
