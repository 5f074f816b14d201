#include "app/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/stun_core.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/count.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/listen.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "io/stream.h"
#include "io/udp.h"
#include "msg/media_msg.h"
#include "proto/turn_frame.h"

enum {
    MAX_STREAMS = 4096,
    IDLE_US = 30000000,
    LETTERS_MAX = 4096,
    FRAME_MAX = 65536 + 4,
    OUT_MAX = 65536,     /* answers waiting on one stream; beyond that it isn't read */
    MESSAGES_MAX = 1000, /* Bindings that one stream may send in its life */
    DUMP_STREAMS_MAX = 200
};

/* A TCP or TLS connection that speaks STUN. */
struct media_conn {
    struct list link;
    struct worker *w;
    struct stream *s;
    struct buf out;
    int64_t since_us;
    unsigned messages;
};

struct worker {
    struct worker_conf conf;
    char name[16];
    pthread_t thread;
    struct loop *loop;
    struct counts counts;
    struct mailbox *box;
    struct udp_net *net;
    struct udp *udp[LISTEN_ADDRS_MAX];
    unsigned nudp;
    struct stun_core stun;
    struct list conns;
    unsigned nconns;
    struct loop_hook round;
    int64_t drain_us;
};

/* ---- Counting ---- */

static void count_verdict(struct worker *w, enum stun_verdict v, enum count transport)
{
    static const enum count drops[STUN_VERDICTS] = {
        [STUN_SILENT_MALFORMED] = COUNT_DROP_STUN_MALFORMED,
        [STUN_SILENT_LEGACY] = COUNT_DROP_STUN_LEGACY,
        [STUN_SILENT_CLASS] = COUNT_DROP_STUN_CLASS,
        [STUN_SILENT_METHOD] = COUNT_DROP_STUN_METHOD,
        [STUN_SILENT_RATE] = COUNT_DROP_STUN_RATE,
        [STUN_SILENT_SIZE] = COUNT_DROP_STUN_SIZE,
    };
    if (v == STUN_ANSWERED || v == STUN_ANSWERED_420)
        count_inc(&w->counts, transport);
    else
        count_inc(&w->counts, drops[v]);
    if (v == STUN_ANSWERED_420)
        count_inc(&w->counts, COUNT_STUN_420);
}

/* ---- UDP ---- */

static void on_packet(struct worker *w, struct udp *u, const struct udp_path *path,
                      const uint8_t *p, size_t n)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    if (n == 0 || p[0] >= 0x40) {
        count_inc(&w->counts, COUNT_DROP_UDP_UNKNOWN);
        return;
    }
    enum stun_verdict v =
        stun_core_input(&w->stun, loop_now(w->loop), p, n, &path->peer, false, out, &len);
    count_verdict(w, v, COUNT_STUN_UDP);
    if (len > 0)
        udp_send_copy(u, path, out, len);
}

static void on_train(void *ctx, struct udp *u, const struct udp_train *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t n;
        const uint8_t *p = udp_train_at(t, i, &n);
        on_packet(ctx, u, t->path, p, n);
    }
}

static const struct udp_user udp_user = {.name = "udp", .on_train = on_train};

/* ---- Streams ---- */

static void answer_stream(struct media_conn *c, const uint8_t *p, size_t n)
{
    uint8_t out[STUN_MESSAGE_MAX];
    size_t len;
    struct worker *w = c->w;
    enum stun_verdict v =
        stun_core_input(&w->stun, loop_now(w->loop), p, n, &c->s->peer, true, out, &len);
    count_verdict(w, v, c->s->tls ? COUNT_STUN_TLS : COUNT_STUN_TCP);
    buf_put(&c->out, out, len);
    if (len > 0)
        stream_want_write(c->s);
}

/* false: the stream is lost. */
static bool take_frame(struct media_conn *c, const uint8_t *p, const struct turn_frame *f)
{
    if (f->kind != TURN_FRAME_STUN) { /* channels come with TURN */
        count_inc(&c->w->counts, COUNT_DROP_STUN_FRAME);
        stream_close(c->s, STREAM_PROTOCOL);
        return false;
    }
    if (++c->messages > MESSAGES_MAX) {
        count_inc(&c->w->counts, COUNT_DROP_STUN_RATE);
        stream_close(c->s, STREAM_LIMIT);
        return false;
    }
    answer_stream(c, p, f->size);
    stream_deadline(c->s, loop_now(c->w->loop) + c->w->conf.stream_idle_us);
    return true;
}

static size_t conn_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct media_conn *c = s->ctx;
    size_t at = 0;
    while (at < n) {
        if (buf_room(&c->out) < STUN_MESSAGE_MAX) {
            stream_pause(s); /* it asks and doesn't read the answers: conn_writable() goes on */
            break;
        }
        struct turn_frame f = turn_frame_next(p + at, n - at, FRAME_MAX);
        if (f.kind == TURN_FRAME_MORE)
            break;
        if (!take_frame(c, p + at, &f))
            break;
        at += f.taken;
    }
    return at;
}

static void conn_writable(struct stream *s)
{
    struct media_conn *c = s->ctx;
    struct iovec v = {(void *)buf_data(&c->out), buf_len(&c->out)};
    ssize_t n = stream_writev(s, &v, 1);
    if (n > 0)
        buf_consume(&c->out, (size_t)n);
    if (buf_len(&c->out) == 0)
        buf_free(&c->out);
    if (s->paused && buf_room(&c->out) >= STUN_MESSAGE_MAX)
        stream_resume(s);
}

static void conn_closed(struct stream *s, enum stream_why why)
{
    struct media_conn *c = s->ctx;
    if (why == STREAM_TIMEOUT)
        count_inc(&c->w->counts, COUNT_DROP_CONN_DEADLINE);
    list_del(&c->link);
    c->w->nconns--;
    buf_free(&c->out);
    xfree(c);
}

static const struct stream_user conn_user = {
    .name = "media stream",
    .on_data = conn_data,
    .on_writable = conn_writable,
    .on_closed = conn_closed,
};

static void take_stream(struct worker *w, struct stream_handover *h)
{
    if (w->nconns >= w->conf.max_streams) {
        count_inc(&w->counts, COUNT_DROP_STUN_STREAM_CAP);
        stream_handover_free(h);
        return;
    }
    struct media_conn *c = xcalloc(1, sizeof(*c));
    c->w = w;
    c->since_us = loop_now(w->loop);
    buf_init(&c->out, OUT_MAX);
    h->deadline_us = loop_now(w->loop) + w->conf.stream_idle_us;
    c->s = stream_attach(w->loop, h, &conn_user, c);
    if (c->s == NULL) {
        count_inc(&w->counts, COUNT_DROP_CONN_FDS);
        xfree(c);
        return;
    }
    list_push_back(&w->conns, &c->link);
    w->nconns++;
}

/* ---- Letters ---- */

static void drop_stream_letter(struct letter *l)
{
    struct media_stream *m = container_of(l, struct media_stream, letter);
    stream_handover_free(m->conn);
    xfree(m);
}

static void drop_dump_letter(struct letter *l)
{
    struct media_dump *m = container_of(l, struct media_dump, letter);
    xfree(m->text);
    xfree(m);
}

static void dump(struct worker *w, struct buf *b)
{
    unsigned listed = 0;
    char peer[ADDR_STR_SIZE];
    buf_putf(b, "{\"worker\":%u,\"streams\":%u,\"list\":[", w->conf.index, w->nconns);
    LIST_FOREACH(it, &w->conns) {
        struct media_conn *c = container_of(it, struct media_conn, link);
        if (listed++ == DUMP_STREAMS_MAX)
            break;
        buf_putf(b, "%s{\"peer\":\"%s\",\"tls\":%s,\"age_ms\":%lld,\"messages\":%u,\"queued\":%zu}",
                 listed > 1 ? "," : "", addr_format(&c->s->peer, peer),
                 c->s->tls ? "true" : "false", (long long)(loop_now(w->loop) - c->since_us) / 1000,
                 c->messages, buf_len(&c->out));
    }
    buf_puts(b, "],\"udp\":[");
    for (unsigned i = 0; i < w->nudp; i++)
        buf_putf(b, "%s{\"port\":%u,\"family\":%d,\"rcvbuf\":%d}", i > 0 ? "," : "",
                 udp_port(w->udp[i]), udp_is_v6(w->udp[i]) ? 6 : 4, udp_rcvbuf(w->udp[i]));
    struct mailbox_stats st;
    mailbox_stats(w->box, &st);
    buf_putf(b, "],\"letters\":{\"posted\":%llu,\"refused\":%llu,\"waiting\":%llu}}",
             (unsigned long long)st.posted, (unsigned long long)st.refused,
             (unsigned long long)st.waiting);
}

static void answer_dump(struct worker *w, struct media_dump *m)
{
    struct buf b;
    buf_init(&b, 1 << 18);
    dump(w, &b);
    xfree(m->text);
    m->text = str_dup(b.failed ? STR("{}") : buf_str(&b));
    buf_free(&b);
    m->letter.kind = MEDIA_DUMPED;
    m->worker = w->conf.index;
    if (w->conf.control == NULL || !mailbox_post(w->conf.control, &m->letter)) {
        count_inc(&w->counts, COUNT_DROP_MAILBOX_FULL);
        letter_drop(&m->letter);
    }
}

static void on_letter(void *ctx, struct letter *l)
{
    struct worker *w = ctx;
    if (l->kind == MEDIA_STREAM) {
        struct media_stream *m = container_of(l, struct media_stream, letter);
        take_stream(w, m->conn);
        m->conn = NULL;
        letter_drop(l);
    } else if (l->kind == MEDIA_DUMP) {
        answer_dump(w, container_of(l, struct media_dump, letter));
    } else {
        letter_drop(l);
    }
}

void worker_give_stream(struct worker *w, struct stream_handover *h)
{
    struct media_stream *m = xcalloc(1, sizeof(*m));
    m->letter.kind = MEDIA_STREAM;
    m->letter.drop = drop_stream_letter;
    m->conn = h;
    if (!mailbox_post(w->box, &m->letter)) {
        log_limited(LOG_LEVEL_WARN, "media", NULL, "%s: its mailbox is full, a stream was closed",
                    w->name);
        letter_drop(&m->letter);
    }
}

void worker_take(void *ctx, struct stream *s)
{
    struct stream_handover *h = stream_detach(s);
    if (h != NULL)
        worker_give_stream(ctx, h);
}

bool worker_post(struct worker *w, struct letter *l)
{
    return mailbox_post(w->box, l);
}

void worker_ask_dump(struct worker *w, uint64_t cookie)
{
    struct media_dump *m = xcalloc(1, sizeof(*m));
    m->letter.kind = MEDIA_DUMP;
    m->letter.drop = drop_dump_letter;
    m->cookie = cookie;
    if (!mailbox_post(w->box, &m->letter))
        letter_drop(&m->letter);
}

/* ---- Thread ---- */

static void on_round(struct loop_hook *h, int64_t now_us)
{
    stun_core_round(&container_of(h, struct worker, round)->stun, now_us);
}

static void close_all(struct worker *w, bool orderly)
{
    LIST_FOREACH_SAFE(it, &w->conns) {
        struct stream *s = container_of(it, struct media_conn, link)->s;
        if (orderly)
            stream_shutdown(s);
        else
            stream_close(s, STREAM_DRAIN);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    loop_run(w->loop);
    close_all(w, true);
    int64_t until = clock_mono_us() + w->drain_us, now;
    while (w->nconns > 0 && (now = clock_mono_us()) < until)
        loop_round(w->loop, until - now);
    close_all(w, false);
    loop_round(w->loop, 0); /* their on_closed */
    return NULL;
}

static void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    for (unsigned i = 0; i < w->nudp; i++)
        udp_free(w->udp[i]);
    udp_net_free(w->net);
    mailbox_free(w->box);
    stun_core_free(&w->stun);
    loop_free(w->loop);
    xfree(w);
}

static bool equip(struct worker *w)
{
    const struct worker_conf *conf = &w->conf;
    w->loop = loop_new(&(struct loop_conf){.name = w->name, .counts = &w->counts});
    w->box = mailbox_new("letters", LETTERS_MAX);
    if (w->loop == NULL || w->box == NULL || mailbox_attach(w->box, w->loop, on_letter, w) < 0)
        return false;
    w->net = udp_net_new(w->loop);
    stun_core_init(&w->stun, &conf->stun, conf->rec, conf->index, loop_now(w->loop));
    for (unsigned i = 0; i < conf->nudp && i < LISTEN_ADDRS_MAX; i++) {
        if (conf->udp_fds[i] < 0)
            continue;
        w->udp[w->nudp] = udp_new(w->net, conf->udp_fds[i], &udp_user, w);
        if (w->udp[w->nudp] == NULL)
            return false;
        w->nudp++;
    }
    w->round = (struct loop_hook){.fn = on_round, .name = "stun record"};
    loop_hook_add(w->loop, &w->round);
    return true;
}

/* Signals belong to control. */
static int start_thread(struct worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e == 0)
        pthread_setname_np(w->thread, w->name);
    return e;
}

struct worker *worker_start(const struct worker_conf *conf, char *err, size_t errlen)
{
    struct worker *w = xcalloc(1, sizeof(*w));
    w->conf = *conf;
    if (w->conf.max_streams == 0)
        w->conf.max_streams = MAX_STREAMS;
    if (w->conf.stream_idle_us == 0)
        w->conf.stream_idle_us = IDLE_US;
    snprintf(w->name, sizeof(w->name), "media%u", conf->index);
    list_init(&w->conns);
    int e = equip(w) ? start_thread(w) : errno;
    if (e != 0) {
        snprintf(err, errlen, "media worker %u could not be started: %s", conf->index, strerror(e));
        worker_free(w);
        return NULL;
    }
    return w;
}

void worker_stop(struct worker *w, int64_t drain_us)
{
    if (w == NULL)
        return;
    w->drain_us = drain_us; /* read after the stop, which orders it */
    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    worker_free(w);
}

const struct counts *worker_counts(const struct worker *w)
{
    return &w->counts;
}
