/*
 * TCP and TLS connections that speak STUN or TURN, and those of groups (ICE-TCP: RFC 6544, framed as RFC
 * 4571 says). What comes is cut into messages, by proto/turn_frame or by their lengths. What leaves waits in a bounded queue until the end of the round, so that several
 * datagrams are one send and one TLS record; a datagram that the kernel has not taken in time is
 * dropped whole, and answers to requests are not, since nobody would repeat them.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "app/worker_int.h"
#include "base/buf.h"
#include "base/mem.h"
#include "proto/turn_frame.h"

enum { FRAME_HEAD = 2, COOKIE_AT = 6 };
enum { PIECES = 256, ANSWER_ROOM = STUN_MESSAGE_MAX + 2 * (int)sizeof(struct out_mark) };

/* ---- The queue ---- */

static struct out_mark *mark_at(const struct out_queue *q, uint32_t at)
{
    return (struct out_mark *)(void *)(q->bytes + at);
}

static uint32_t size_of(uint32_t len)
{
    return (uint32_t)sizeof(struct out_mark) + ((len + 7) & ~7u);
}

static void give_back(struct media_conn *c)
{
    if (c->out == NULL)
        return;
    c->out->next = c->w->stock;
    c->w->stock = c->out;
    c->out = NULL;
}

static struct out_queue *queue_of(struct media_conn *c)
{
    if (c->out != NULL)
        return c->out;
    c->out = c->w->stock;
    if (c->out != NULL)
        c->w->stock = c->out->next;
    else
        c->out = xmalloc(sizeof(*c->out)); /* its pages are taken when they are used */
    c->out->head = c->out->tail = c->out->sent = 0;
    return c->out;
}

/* What is too late, and not begun yet, is passed over when its turn comes. */
static void drop_late(struct media_conn *c, int64_t now_us)
{
    struct out_queue *q = c->out;
    for (uint32_t at = q->head; at < q->tail; at += size_of(mark_at(q, at)->len)) {
        struct out_mark *m = mark_at(q, at);
        if (m->at_us + LATE_US > now_us)
            return; /* the others came later still */
        if (m->late_ok || m->dropped || (at == q->head && q->sent > 0))
            continue;
        m->dropped = 1;
        count_inc(&c->w->counts, COUNT_DROP_STREAM_LATE);
    }
}

/* Moves what still waits to the front. */
static void tidy(struct out_queue *q)
{
    uint32_t to = 0, size;
    for (uint32_t at = q->head; at < q->tail; at += size) {
        size = size_of(mark_at(q, at)->len);
        if (mark_at(q, at)->dropped)
            continue;
        memmove(q->bytes + to, q->bytes + at, size);
        to += size;
    }
    q->head = 0;
    q->tail = to;
}

static uint32_t room_of(const struct media_conn *c)
{
    return c->out == NULL ? OUT_MAX : OUT_MAX - (c->out->tail - c->out->head);
}

/* Room for len bytes behind a mark; spare is to stay free. NULL: there isn't so much. */
static uint8_t *reserve(struct media_conn *c, uint32_t len, uint32_t spare, int64_t now_us)
{
    struct out_queue *q = queue_of(c);
    uint32_t need = size_of(len) + spare;
    if (need > OUT_MAX - q->tail) {
        drop_late(c, now_us);
        tidy(q);
    }
    if (need > OUT_MAX - q->tail) {
        if (q->tail == 0)
            give_back(c);
        return NULL;
    }
    return q->bytes + q->tail;
}

/* data, when there is any, makes it a datagram, which may be lost. */
static bool enqueue(struct media_conn *c, const struct datagram *d)
{
    int64_t now_us = loop_now(c->w->loop);
    uint32_t size = d->nhead + d->ndata + d->pad, len = size + (c->framed ? FRAME_HEAD : 0);
    uint8_t *p = len > OUT_MAX / 2 ? NULL : reserve(c, len, d->ndata > 0 ? OUT_SPARE : 0, now_us);
    if (p == NULL)
        return false;
    *(struct out_mark *)(void *)p =
        (struct out_mark){.at_us = now_us, .len = len, .late_ok = d->ndata == 0};
    p += sizeof(struct out_mark);
    if (c->framed) {
        set_u16(p, (uint16_t)size);
        p += FRAME_HEAD;
    }
    if (d->nhead > 0)
        memcpy(p, d->head, d->nhead);
    if (d->ndata > 0)
        memcpy(p + d->nhead, d->data, d->ndata);
    memset(p + d->nhead + d->ndata, 0, d->pad);
    c->out->tail += size_of(len);
    stream_want_write(c->s);
    return true;
}

/* What may leave now, in order. *sum: bytes. */
static int pieces_of(const struct out_queue *q, struct iovec *v, size_t *sum)
{
    int n = 0;
    *sum = 0;
    for (uint32_t at = q->head; at < q->tail && n < PIECES; at += size_of(mark_at(q, at)->len)) {
        struct out_mark *m = mark_at(q, at);
        uint32_t from = at == q->head ? q->sent : 0;
        if (m->dropped)
            continue;
        v[n++] = (struct iovec){(uint8_t *)m + sizeof(*m) + from, m->len - from};
        *sum += m->len - from;
    }
    return n;
}

/* n bytes have left. */
static void take_off(struct out_queue *q, size_t n)
{
    while (q->head < q->tail) {
        struct out_mark *m = mark_at(q, q->head);
        size_t left = m->dropped ? 0 : m->len - q->sent;
        if (left > n) {
            q->sent += (uint32_t)n;
            return;
        }
        n -= left;
        q->sent = 0;
        q->head += size_of(m->len);
    }
}

static void conn_writable(struct stream *s)
{
    struct media_conn *c = s->ctx;
    struct iovec v[PIECES];
    size_t sum = 0;
    ssize_t n = 0;
    while (c->out != NULL && (size_t)n == sum) {
        drop_late(c, loop_now(c->w->loop));
        int pieces = pieces_of(c->out, v, &sum);
        n = sum > 0 ? stream_writev(s, v, pieces) : 0;
        if (n < 0)
            return;
        take_off(c->out, (size_t)n);
        if (c->out->head == c->out->tail)
            give_back(c);
    }
    if (s->paused && room_of(c) >= ANSWER_ROOM)
        stream_resume(s);
}

void worker_stream_send(struct worker *w, const struct tuple *to, const struct datagram *d)
{
    struct media_conn *c = w->by_stream[to->stream % w->conf.max_streams];
    if (c == NULL || c->tuple.stream != to->stream || c->s->closing)
        return;
    if (enqueue(c, d))
        return;
    if (d->ndata > 0)
        count_inc(&w->counts, COUNT_DROP_STREAM_FULL);
    else
        stream_close(c->s, STREAM_SLOW); /* it asks and doesn't read the answers */
}

/* ---- Messages ---- */

static void answer_binding(struct media_conn *c, const uint8_t *p, size_t n)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    struct worker *w = c->w;
    enum stun_verdict v =
        stun_core_input(&w->stun, loop_now(w->loop), p, n, &c->s->peer, true, out, &len);
    struct datagram d = {.head = out, .nhead = (uint32_t)len};
    worker_count_verdict(w, v, c->s->tls ? COUNT_STUN_TLS : COUNT_STUN_TCP);
    if (len > 0)
        worker_stream_send(w, &c->tuple, &d);
}

/* An allocation, or a path of a group: then it may stay. */
static bool is_somebodys(const struct media_conn *c)
{
    if (c->framed)
        return worker_sfu_knows(c->w->sfu, &c->tuple);
    return c->may_relay && turn_core_knows(c->w->turn, &c->tuple);
}

/* false: the stream is lost. */
static bool may_go_on(struct media_conn *c, const struct turn_frame *f)
{
    bool turn = c->w->turn != NULL || c->framed;
    if (f->kind != TURN_FRAME_STUN && (f->kind != TURN_FRAME_CHANNEL || !turn)) {
        count_inc(&c->w->counts, COUNT_DROP_STUN_FRAME);
        stream_close(c->s, STREAM_PROTOCOL);
        return false;
    }
    if (++c->messages <= MESSAGES_MAX || is_somebodys(c))
        return true;
    count_inc(&c->w->counts, COUNT_DROP_STUN_RATE);
    stream_close(c->s, STREAM_LIMIT);
    return false;
}

static void take_frame(struct media_conn *c, const uint8_t *p, const struct turn_frame *f)
{
    struct worker *w = c->w;
    bool stun = f->kind == TURN_FRAME_STUN;
    stream_deadline(c->s, loop_now(w->loop) + w->conf.stream_idle_us);
    if (w->turn == NULL || (stun && !worker_is_turn(p, f->size))) {
        answer_binding(c, p, f->size);
        return;
    }
    c->may_relay = true;
    if (stun)
        worker_read_letters(w);
    worker_turn_input(w, &c->tuple, p, f->size);
}

/* What the first bytes say; a connection that moves is looked at again. */
static void look(struct media_conn *c, const uint8_t *p, size_t n)
{
    static const uint8_t cookie[4] = {0x21, 0x12, 0xA4, 0x42};
    c->framed = c->w->sfu != NULL && n >= COOKIE_AT + sizeof cookie &&
                memcmp(p + COOKIE_AT, cookie, sizeof cookie) == 0 &&
                memcmp(p + COOKIE_AT - FRAME_HEAD, cookie, sizeof cookie) != 0;
}

/* RFC 4571: a length and so many bytes. The kinds are those of turn_frame: STUN, or something else. */
static struct turn_frame packet_next(const uint8_t *p, size_t n)
{
    size_t size = n >= FRAME_HEAD ? get_u16(p) : 0;
    if (size > PACKET_MAX || (n >= FRAME_HEAD && size == 0))
        return (struct turn_frame){.kind = TURN_FRAME_BAD};
    if (n < FRAME_HEAD || n < FRAME_HEAD + size)
        return (struct turn_frame){.kind = TURN_FRAME_MORE};
    return (struct turn_frame){.kind = p[FRAME_HEAD] < STUN_END ? TURN_FRAME_STUN
                                                                : TURN_FRAME_CHANNEL,
                               .size = size,
                               .taken = FRAME_HEAD + size};
}

/* Media is opened in place, and the stream's bytes are not ours to change. */
static void take_packet(struct media_conn *c, const uint8_t *p, const struct turn_frame *f)
{
    struct worker *w = c->w;
    uint8_t copy[PACKET_MAX];
    bool taken;
    stream_deadline(c->s, loop_now(w->loop) + w->conf.stream_idle_us);
    if (f->kind == TURN_FRAME_STUN) {
        taken = worker_sfu_stun(w->sfu, &c->tuple, p + FRAME_HEAD, f->size);
    } else {
        memcpy(copy, p + FRAME_HEAD, f->size);
        taken = worker_sfu_input(w->sfu, &c->tuple, copy, f->size, f->size);
    }
    if (!taken)
        count_inc(&w->counts, COUNT_DROP_UDP_MEDIA);
}

static size_t conn_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct media_conn *c = s->ctx;
    struct worker *w = c->w;
    size_t at = 0;
    if (c->messages == 0)
        look(c, p, n);
    while (at < n && !s->closing && c->to == 0) {
        if (room_of(c) < ANSWER_ROOM) {
            stream_pause(s); /* conn_writable() goes on */
            break;
        }
        struct turn_frame f = c->framed ? packet_next(p + at, n - at)
                                        : turn_frame_next(p + at, n - at, FRAME_MAX);
        if (f.kind == TURN_FRAME_MORE || !may_go_on(c, &f))
            break;
        if (c->framed)
            take_packet(c, p + at, &f);
        else
            take_frame(c, p + at, &f);
        if (c->to == 0)
            at += f.taken; /* else it is answered where it goes */
    }
    udp_flush(w->net); /* what is queued may point into p */
    return at;
}

/* ---- Life ---- */

static void conn_deadline(struct stream *s, int64_t now_us)
{
    struct media_conn *c = s->ctx;
    if (is_somebodys(c)) {
        stream_deadline(s, now_us + c->w->conf.stream_idle_us);
        return;
    }
    count_inc(&c->w->counts, COUNT_DROP_CONN_DEADLINE);
    stream_close(s, STREAM_TIMEOUT);
}

static void leave(struct media_conn *c)
{
    struct worker *w = c->w;
    w->by_stream[c->tuple.stream % w->conf.max_streams] = NULL;
    if (c->may_relay && w->turn != NULL) {
        turn_core_hangup(w->turn, loop_now(w->loop), &c->tuple);
        w->turn_busy = true;
    }
    if (c->framed)
        worker_sfu_hangup(w->sfu, &c->tuple);
    loop_task_cancel(&c->move);
    list_del(&c->link);
    w->nconns--;
    give_back(c);
    xfree(c);
}

static void conn_closed(struct stream *s, enum stream_why why)
{
    (void)why;
    leave(s->ctx);
}

/* At the end of the round, when nothing of it is in use any more. */
static void on_move(struct loop_task *t)
{
    struct media_conn *c = container_of(t, struct media_conn, move);
    struct stream_handover *h = stream_detach(c->s);
    if (h == NULL)
        return; /* it is closing */
    worker_team_stream(c->w, c->to - 1, h);
    leave(c);
}

void worker_stream_move(struct worker *w, uint64_t stream, unsigned to)
{
    struct media_conn *c = w->by_stream[stream % w->conf.max_streams];
    if (c == NULL || c->tuple.stream != stream || c->to != 0)
        return;
    c->to = to + 1;
    c->move = (struct loop_task){.fn = on_move, .name = "stream moves"};
    loop_defer(w->loop, &c->move);
}

static const struct stream_user conn_user = {
    .name = "media stream",
    .on_data = conn_data,
    .on_writable = conn_writable,
    .on_deadline = conn_deadline,
    .on_closed = conn_closed,
};

/* A number whose place is free; there are fewer streams than places. */
static uint64_t next_number(struct worker *w)
{
    do
        w->streams++;
    while (w->by_stream[w->streams % w->conf.max_streams] != NULL);
    return w->streams;
}

static void enter(struct media_conn *c)
{
    struct worker *w = c->w;
    c->tuple = (struct tuple){.peer = c->s->peer,
                              .local = *stream_local(c->s),
                              .stream = next_number(w),
                              .transport = c->s->tls ? TUPLE_TLS : TUPLE_TCP};
    w->by_stream[c->tuple.stream % w->conf.max_streams] = c;
    list_push_back(&w->conns, &c->link);
    w->nconns++;
}

void worker_take_stream(struct worker *w, struct stream_handover *h)
{
    int lowat = NOTSENT_LOWAT, one = 1;
    if (w->nconns >= w->conf.max_streams) {
        count_inc(&w->counts, COUNT_DROP_STUN_STREAM_CAP);
        stream_handover_free(h);
        return;
    }
    setsockopt(h->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
    setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct media_conn *c = xcalloc(1, sizeof(*c));
    c->w = w;
    c->since_us = loop_now(w->loop);
    h->deadline_us = loop_now(w->loop) + w->conf.stream_idle_us;
    c->s = stream_attach(w->loop, h, &conn_user, c);
    if (c->s == NULL) {
        count_inc(&w->counts, COUNT_DROP_CONN_FDS);
        xfree(c);
        return;
    }
    enter(c);
}

void worker_close_streams(struct worker *w, bool orderly)
{
    LIST_FOREACH_SAFE(it, &w->conns) {
        struct stream *s = container_of(it, struct media_conn, link)->s;
        if (orderly)
            stream_shutdown(s);
        else
            stream_close(s, STREAM_DRAIN);
    }
}

void worker_free_streams(struct worker *w)
{
    while (w->stock != NULL) {
        struct out_queue *q = w->stock;
        w->stock = q->next;
        xfree(q);
    }
    xfree(w->by_stream);
}
