#include "app/worker_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum {
    MAX_STREAMS = 4096,
    IDLE_US = 30000000,
    LETTERS_MAX = 65536,
    LETTERS_PER_READ = 4096,
    COUNT_LOST_US = 100000,
    DUMP_MAX = 1 << 18,
    DUMP_MAX_LISTED = 200
};

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

static void dump_streams(const struct worker *w, struct buf *b)
{
    unsigned listed = 0;
    char peer[ADDR_STR_SIZE];
    LIST_FOREACH(it, &w->conns) {
        struct media_conn *c = container_of(it, struct media_conn, link);
        if (listed++ == DUMP_MAX_LISTED)
            break;
        buf_putf(b, "%s{\"peer\":\"%s\",\"tls\":%s,\"age_ms\":%lld,\"messages\":%u,\"queued\":%u}",
                 listed > 1 ? "," : "", addr_format(&c->s->peer, peer),
                 c->s->tls ? "true" : "false", (long long)(loop_now(w->loop) - c->since_us) / 1000,
                 c->messages, c->out != NULL ? c->out->tail - c->out->head : 0);
    }
}

static void dump(struct worker *w, struct buf *b)
{
    struct mailbox_stats st;
    buf_putf(b, "{\"worker\":%u,\"streams\":%u,\"list\":[", w->conf.index, w->nconns);
    dump_streams(w, b);
    buf_puts(b, "],\"udp\":[");
    for (unsigned i = 0; i < w->nudp; i++)
        buf_putf(b, "%s{\"port\":%u,\"family\":%d,\"rcvbuf\":%d}", i > 0 ? "," : "",
                 udp_port(w->udp[i]), udp_is_v6(w->udp[i]) ? 6 : 4, udp_rcvbuf(w->udp[i]));
    buf_puts(b, "],\"allocations\":");
    if (w->turn != NULL)
        turn_core_dump(w->turn, loop_now(w->loop), b, DUMP_MAX_LISTED);
    else
        buf_puts(b, "[]");
    buf_puts(b, ",\"groups\":");
    if (w->sfu != NULL)
        worker_sfu_dump(w->sfu, b, DUMP_MAX_LISTED);
    else
        buf_puts(b, "[]");
    mailbox_stats(w->box, &st);
    buf_putf(b, ",\"letters\":{\"posted\":%llu,\"refused\":%llu,\"waiting\":%llu}}",
             (unsigned long long)st.posted, (unsigned long long)st.refused,
             (unsigned long long)st.waiting);
}

static void answer_dump(struct worker *w, struct media_dump *m)
{
    struct buf b;
    buf_init(&b, DUMP_MAX);
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

static void take_turn_letter(struct worker *w, const struct letter *l)
{
    w->turn_busy = true;
    if (l->kind == MEDIA_DRAIN)
        turn_core_drain(w->turn, loop_now(w->loop));
    else
        turn_core_letter(w->turn, loop_now(w->loop), l);
}

static void on_letter(void *ctx, struct letter *l)
{
    struct worker *w = ctx;
    if (l->kind == MEDIA_STREAM) {
        struct media_stream *m = container_of(l, struct media_stream, letter);
        worker_take_stream(w, m->conn);
        m->conn = NULL;
    } else if (l->kind == MEDIA_DUMP) {
        answer_dump(w, container_of(l, struct media_dump, letter));
        return;
    } else if (l->kind == MEDIA_DTLS) {
        worker_dtls_ctx(w, container_of(l, struct media_dtls, letter)->ctx);
    } else if (l->kind >= MEDIA_SFU_AT && l->kind <= MEDIA_SFU_LEAVE) {
        if (w->sfu != NULL)
            worker_sfu_letter(w->sfu, l);
    } else if (w->turn != NULL) {
        take_turn_letter(w, l);
    }
    letter_drop(l);
}

void worker_read_letters(struct worker *w)
{
    mailbox_take(w->box, on_letter, w, LETTERS_PER_READ);
}

bool worker_post(struct worker *w, struct letter *l)
{
    return mailbox_post(w->box, l);
}

bool worker_put(struct worker *w, struct letter *l)
{
    return mailbox_put(w->box, l);
}

void worker_ring(struct worker *w)
{
    mailbox_ring(w->box);
}

static void post_or_drop(struct worker *w, struct letter *l)
{
    if (worker_post(w, l))
        return;
    log_limited(LOG_LEVEL_WARN, "media", NULL, "%s: its mailbox is full, a letter was dropped",
                w->name);
    letter_drop(l);
}

void worker_give_stream(struct worker *w, struct stream_handover *h)
{
    struct media_stream *m = xcalloc(1, sizeof(*m));
    m->letter = (struct letter){.kind = MEDIA_STREAM, .drop = drop_stream_letter};
    m->conn = h;
    post_or_drop(w, &m->letter);
}

void worker_take(void *ctx, struct stream *s)
{
    struct stream_handover *h = stream_detach(s);
    if (h != NULL)
        worker_give_stream(ctx, h);
}

void worker_ask_dump(struct worker *w, uint64_t cookie)
{
    struct media_dump *m = xcalloc(1, sizeof(*m));
    m->letter = (struct letter){.kind = MEDIA_DUMP, .drop = drop_dump_letter};
    m->cookie = cookie;
    post_or_drop(w, &m->letter);
}

/* ---- Thread ---- */

static void on_round(struct loop_hook *h, int64_t now_us)
{
    struct worker *w = container_of(h, struct worker, round);
    if (w->pass != NULL)
        worker_read_team(w); /* what others have put there without waking us */
    stun_core_round(&w->stun, now_us);
    worker_turn_round(w, now_us);
    if (w->sfu != NULL)
        worker_sfu_round(w->sfu, now_us);
    if (w->pass != NULL)
        worker_pass_round(w->pass);
    if (now_us - w->counted_us > COUNT_LOST_US) {
        w->counted_us = now_us;
        worker_udp_count_lost(w);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    loop_run(w->loop);
    worker_close_streams(w, true);
    worker_dtls_end(w);
    int64_t until = clock_mono_us() + w->drain_us, now;
    while (w->nconns > 0 && (now = clock_mono_us()) < until)
        loop_round(w->loop, until - now);
    worker_close_streams(w, false);
    loop_round(w->loop, 0); /* their on_closed */
    return NULL;
}

static void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    if (w->net != NULL) { /* else not even the loop may be there */
        worker_leave_team(w);
        worker_sfu_close(w->sfu);
        worker_pass_free(w->pass);
        worker_dtls_close(w);
        worker_relay_close(w);
        worker_udp_close(w);
        stun_core_free(&w->stun);
    }
    udp_net_free(w->net);
    mailbox_free(w->box);
    worker_free_streams(w);
    loop_free(w->loop);
    memzero(&w->conf.turn, sizeof(w->conf.turn));
    xfree(w);
}

/* false with a sentence in why, or with errno. */
static bool equip(struct worker *w, char *why, size_t why_n)
{
    const struct worker_conf *conf = &w->conf;
    w->loop = loop_new(&(struct loop_conf){.name = w->name, .counts = &w->counts});
    w->box = mailbox_new("letters", LETTERS_MAX);
    if (w->loop == NULL || w->box == NULL || mailbox_attach(w->box, w->loop, on_letter, w) < 0)
        return false;
    w->net = udp_net_new(w->loop);
    w->by_stream = xcalloc(w->conf.max_streams, sizeof(struct media_conn *));
    stun_core_init(&w->stun, &conf->stun, conf->rec, conf->index, loop_now(w->loop));
    if (!worker_udp_open(w) || !worker_relay_open(w, why, why_n))
        return false;
    worker_dtls_open(w);
    if (conf->groups && conf->team != NULL)
        w->pass = worker_pass_new(w);
    if (conf->groups && (w->sfu = worker_sfu_open(w, why, why_n)) == NULL)
        return false;
    if (!worker_join_team(w))
        return false;
    w->round = (struct loop_hook){.fn = on_round, .name = "end of round"};
    loop_hook_add(w->loop, &w->round);
    return true;
}

static int start_thread(struct worker *w)
{
    int e = thread_start(&w->thread, run, w);
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
    err[0] = 0;
    int e = equip(w, err, errlen) ? start_thread(w) : errno;
    if (e != 0 || err[0] != 0) {
        if (err[0] == 0)
            snprintf(err, errlen, "media worker %u could not be started: %s", conf->index,
                     strerror(e));
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

uint64_t worker_cpu_us(const struct worker *w)
{
    return thread_cpu_us(w->thread);
}

void worker_sfu_stats(const struct worker *w, struct sfu_stats *sum)
{
    if (w->sfu != NULL)
        worker_sfu_add_stats(w->sfu, sum);
}

unsigned worker_sfu_rooms(const struct worker *w, struct sfu_room_stats *out, unsigned max)
{
    return w->sfu != NULL ? worker_sfu_copy_rooms(w->sfu, out, max) : 0;
}

const struct counts *worker_counts(const struct worker *w)
{
    return &w->counts;
}
