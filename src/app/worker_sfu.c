#include "app/worker_sfu.h"

#include <stdio.h>
#include <string.h>

#include "app/group_mail.h"
#include "app/sfu_core.h"
#include "app/sfu_letter.h"
#include "app/sfu_metrics.h"
#include "app/worker_int.h"
#include "app/worker_rec.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/hmap.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/dtls_media.h"
#include "media/sfu.h"

enum {
    WALL_US = 10000000,   /* the wall clock is looked at so often */
    RENEW_S = 30 * 86400, /* a certificate for new peers after so long */
    SHAKES_MAX = 512,     /* handshakes at once; those that are done make room */
    LINGER_US = 10000000, /* the last flight may have to be sent again */
    LAST_MAX = 256,       /* bytes of it */
    REPEATS_MAX = 16,
    DTLS_HANDSHAKE = 22, /* RFC 5246 6.2.1 */
    WAITING_MAX = 256,   /* datagrams of handshakes that wait for their turn */
    GATHER_US = 1500,    /* media that comes within so much time is handled, and leaves, together */
    TURN_US = 1000,      /* what handshakes may take of a round */
    DATAGRAM_MAX = 1500,
    SHOW_US = 50000, /* others see the numbers so late at most */
    STATS_WORDS = sizeof(struct sfu_stats) / sizeof(uint64_t)
};
_Static_assert(sizeof(struct sfu_stats) % sizeof(uint64_t) == 0, "is copied by words");

/* The DTLS association of a peer, until its keys are known; then for a little longer the flight that ended it,
 * since OpenSSL's state takes 40 kB. */
struct shake {
    struct hnode node; /* worker_sfu.shakes, by peer */
    struct list ended; /* worker_sfu.ended, once it is done */
    struct worker_sfu *f;
    uint64_t peer;
    struct dtls *dtls;       /* NULL once it is done */
    struct loop_timer timer; /* retransmission, then the end of it */
    bool done;
    uint8_t repeats; /* of the last flight */
    uint16_t last_n;
    uint8_t last[LAST_MAX]; /* the newest datagram of ours; of the last flight there is but one */
};

/* One datagram of a handshake: media comes first. */
struct waiting {
    uint64_t peer;
    uint32_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

struct worker_sfu {
    struct worker *w;
    struct sfu_core *core;
    struct dtls_ctx *ctx;
    int64_t ctx_s, wall_at_us;
    struct worker_rec *rec; /* NULL: nothing can be recorded */
    struct hmap shakes;
    struct list ended;     /* of these what only lingers, the longest first */
    struct waiting *queue; /* a ring of WAITING_MAX; owned */
    unsigned first, n;
    struct loop_task turn;
    struct loop_timer timer, show_timer;
    bool busy;
    bool gathers;        /* media has come in this round */
    int64_t gathered_us; /* the last round in which it has */
    unsigned n_ended;    /* in ended */
    int64_t shown_us;
    _Atomic uint64_t shown[STATS_WORDS]; /* struct sfu_stats */
};

/* ---- Sending ---- */

static void on_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    struct worker_sfu *f = ctx;
    struct worker *w = f->w;
    bool was = w->fleeting;
    w->fleeting = !(flags & TRANSPORT_BORROWED);
    if (to->transport == TUPLE_UDP)
        worker_udp_send(w, to, d);
    else if (to->transport == TUPLE_RELAY)
        worker_relay_send(w, to, d);
    else
        worker_stream_send(w, to, d);
    w->fleeting = was;
}

static void on_flush(void *ctx)
{
    struct worker_sfu *f = ctx;
    udp_flush(f->w->net);
}

/* ---- Handshakes ---- */

static struct shake *find(const struct worker_sfu *f, uint64_t peer)
{
    struct hnode *n = hmap_first(&f->shakes, hash_u64(&f->w->conf.stun.key, peer));
    while (n != NULL && container_of(n, struct shake, node)->peer != peer)
        n = hmap_next_same(n);
    return n != NULL ? container_of(n, struct shake, node) : NULL;
}

static void shake_free(struct shake *s)
{
    hmap_remove(&s->f->shakes, &s->node);
    s->f->n_ended -= s->done;
    list_del(&s->ended);
    loop_timer_del(s->f->w->loop, &s->timer);
    dtls_free(s->dtls);
    xfree(s);
}

static void on_datagram(void *ctx, const uint8_t *p, size_t n)
{
    struct shake *s = ctx;
    s->last_n = n <= LAST_MAX ? (uint16_t)n : 0;
    memcpy(s->last, p, s->last_n);
    sfu_core_dtls_send(s->f->core, loop_now(s->f->w->loop), s->peer, p, n);
}

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    (void)ctx, (void)p, (void)n; /* nobody has agreed on any */
}

static const struct dtls_ops dtls_ops = {on_datagram, on_data};

/* It stays for what may have to be sent again. */
static void linger(struct shake *s)
{
    s->f->n_ended += !s->done;
    s->done = true;
    dtls_free(s->dtls);
    s->dtls = NULL;
    list_del(&s->ended);
    list_push_back(&s->f->ended, &s->ended);
    loop_timer_set(s->f->w->loop, &s->timer, loop_now(s->f->w->loop) + LINGER_US);
}

/* Keys, once; its peer may end by it. */
static void take_keys(struct shake *s)
{
    struct worker_sfu *f = s->f;
    uint64_t peer = s->peer;
    struct dtls_keying k = {0};
    uint8_t print[DTLS_FINGERPRINT_MAX];
    size_t n = dtls_media_fingerprint(
        s->dtls, (enum dtls_hash)sfu_dtls_hash(sfu_core_sfu(f->core), peer), print);
    bool ok = dtls_media_keying(s->dtls, &k);
    linger(s);
    sfu_core_dtls_done(f->core, loop_now(f->w->loop), peer,
                       ok ? (enum srtp_profile)k.profile : SRTP_NONE, k.bytes, print, n);
    memzero(&k, sizeof k);
}

/* The other side shakes hands still: our last flight was lost (RFC 6347 4.2.4). */
static void say_again(struct shake *s, const uint8_t *p, size_t n)
{
    if (n == 0 || p[0] != DTLS_HANDSHAKE || s->repeats == REPEATS_MAX)
        return;
    s->repeats++;
    sfu_core_dtls_send(s->f->core, loop_now(s->f->w->loop), s->peer, s->last, s->last_n);
    s->f->busy = true;
}

static void after(struct shake *s, enum dtls_state state)
{
    struct worker_sfu *f = s->f;
    if (state == DTLS_OPEN) {
        take_keys(s);
    } else if (state == DTLS_CLOSED) {
        uint64_t peer = s->peer;
        shake_free(s);
        sfu_core_dtls_failed(f->core, loop_now(f->w->loop), peer);
    } else {
        int64_t wait = dtls_wait_us(s->dtls);
        if (wait >= 0)
            loop_timer_set(f->w->loop, &s->timer, loop_now_fresh(f->w->loop) + wait);
    }
    f->busy = true;
}

static void on_shake_timer(struct loop_timer *t, int64_t now_us)
{
    struct shake *s = container_of(t, struct shake, timer);
    (void)now_us;
    if (s->done)
        shake_free(s);
    else
        after(s, dtls_timeout(s->dtls));
}

static struct shake *shake_new(struct worker_sfu *f, uint64_t peer)
{
    struct dtls *d;
    struct shake *s;
    struct list *oldest = list_first(&f->ended);
    if (f->shakes.n >= SHAKES_MAX && oldest != NULL)
        shake_free(container_of(oldest, struct shake, ended));
    if (f->shakes.n >= SHAKES_MAX)
        return NULL;
    s = xcalloc(1, sizeof *s);
    d = dtls_media_new(f->ctx, &dtls_ops, s);
    if (d == NULL) {
        xfree(s);
        return NULL;
    }
    s->f = f;
    s->peer = peer;
    s->dtls = d;
    list_init(&s->ended);
    s->timer = (struct loop_timer){.fn = on_shake_timer, .name = "media handshake"};
    hmap_insert(&f->shakes, &s->node, hash_u64(&f->w->conf.stun.key, peer));
    return s;
}

static void take_turn(struct loop_task *t)
{
    struct worker_sfu *f = container_of(t, struct worker_sfu, turn);
    int64_t until = clock_mono_us() + TURN_US;
    while (f->n > 0) {
        struct waiting *d = &f->queue[f->first];
        struct shake *s = find(f, d->peer);
        bool begins = s == NULL && sfu_dtls_waits(sfu_core_sfu(f->core), d->peer);
        if (begins)
            s = shake_new(f, d->peer);
        f->first = (f->first + 1) % WAITING_MAX;
        f->n--;
        if (s == NULL)
            count_inc(&f->w->counts, begins ? COUNT_DROP_DTLS_FULL : COUNT_DROP_DTLS_STRAY);
        else if (s->done)
            say_again(s, d->bytes, d->n);
        else
            after(s, dtls_input(s->dtls, d->bytes, d->n));
        if (clock_mono_us() >= until)
            break;
    }
    if (f->n > 0)
        loop_ready(f->w->loop, &f->turn);
}

static void on_dtls(void *ctx, uint64_t peer, const uint8_t *p, size_t n)
{
    struct worker_sfu *f = ctx;
    if (f->n == WAITING_MAX || n > DATAGRAM_MAX) {
        count_inc(&f->w->counts, COUNT_DROP_DTLS_FULL);
        return;
    }
    struct waiting *d = &f->queue[(f->first + f->n++) % WAITING_MAX];
    d->peer = peer;
    d->n = (uint32_t)n;
    memcpy(d->bytes, p, n);
    loop_ready(f->w->loop, &f->turn);
}

static void on_dtls_end(void *ctx, uint64_t peer)
{
    struct shake *s = find(ctx, peer);
    /* It may be what is being asked about: it goes when the loop comes round. */
    if (s != NULL)
        linger(s);
}

/* ---- Letters ---- */

static void post(struct worker_sfu *f, struct media_sfu *m)
{
    if (f->w->conf.control != NULL && mailbox_post(f->w->conf.control, &m->letter))
        return;
    count_inc(&f->w->counts, COUNT_DROP_MAILBOX_FULL);
    letter_drop(&m->letter);
}

static void on_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    post(ctx, sfu_letter(MEDIA_SFU_ANSWER, room, peer, 0, sdp));
}

static void on_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_REFUSED, room, peer, 0, STR_NONE);
    m->code = why;
    post(ctx, m);
}

static void on_track(void *ctx, uint64_t room, const struct sfu_track *t, bool is_there)
{
    struct worker_sfu *f = ctx;
    struct media_sfu *m = sfu_letter(MEDIA_SFU_TRACK, room, t->peer, 1, STR_NONE);
    if (f->rec != NULL && !is_there)
        worker_rec_track_gone(f->rec, room, t->id);
    m->there = is_there;
    m->lines[0].track = t->id;
    m->lines[0].kind = t->kind;
    m->lines[0].codec = t->codec;
    m->lines[0].streams = t->streams;
    post(ctx, m);
}

static void on_speaker(void *ctx, uint64_t room, uint64_t peer, uint64_t track)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_SPEAKER, room, peer, 1, STR_NONE);
    m->lines[0].track = track;
    post(ctx, m);
}

static void on_state(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                     enum transport_end why)
{
    struct media_sfu *m = sfu_letter(MEDIA_SFU_STATE, room, peer, 0, STR_NONE);
    m->there = s == TRANSPORT_OPEN;
    m->code = why;
    post(ctx, m);
}

static void on_path(void *ctx, const struct tuple *at, bool is_ours)
{
    const struct worker_sfu *f = ctx;
    if (f->w->pass != NULL)
        worker_pass_path(f->w->pass, at, is_ours);
}

static void take_offer(struct worker_sfu *f, const struct media_sfu *m)
{
    struct sfu_line lines[MEDIA_SFU_LINES];
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    for (unsigned i = 0; i < n; i++)
        lines[i] = (struct sfu_line){.mid = str_from(m->lines[i].mid),
                                     .kind = (enum sfu_kind)m->lines[i].kind,
                                     .track = m->lines[i].track};
    struct sfu_offer o = {.room = m->room,
                          .peer = m->peer,
                          .rights = m->rights,
                          .sdp = str_of(media_sfu_text(m), m->text_n),
                          .lines = lines,
                          .n_lines = n};
    sfu_core_offer(f->core, loop_now(f->w->loop), &o);
}

static void take_wishes(struct worker_sfu *f, const struct media_sfu *m)
{
    struct sfu_wish w[MEDIA_SFU_LINES];
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    for (unsigned i = 0; i < n; i++)
        w[i] = (struct sfu_wish){.mid = str_from(m->lines[i].mid),
                                 .track = m->lines[i].track,
                                 .width = m->lines[i].width,
                                 .height = m->lines[i].height,
                                 .priority = (enum alloc_priority)m->lines[i].priority};
    sfu_core_wish(f->core, loop_now(f->w->loop), m->peer, w, n);
}

static void take_candidates(struct worker_sfu *f, const struct media_sfu_at *m)
{
    struct sdp_candidate c[MEDIA_SFU_AT_MAX];
    unsigned n = MIN_OF(m->n, (uint32_t)MEDIA_SFU_AT_MAX);
    for (unsigned i = 0; i < n; i++)
        c[i] = (struct sdp_candidate){.at = m->at[i], .tcp = m->tcp >> i & 1};
    sfu_core_candidates(f->core, loop_now(f->w->loop), c, n);
}

static void mute(struct worker_sfu *f, const struct media_sfu *m)
{
    for (uint32_t i = 0; i < m->n_lines; i++)
        sfu_core_mute(f->core, loop_now(f->w->loop), m->lines[i].track, m->there);
}

/* Of a peer that is no more: nothing but its name. */
static struct group_person fares_of(struct worker_sfu *f, uint64_t peer)
{
    struct sfu_line_stats lines[SFU_LINES_MAX];
    struct sfu_peer_stats s;
    struct group_person p = {.session = peer, .rtt_ms = -1};
    if (!sfu_peer_stats(sfu_core_sfu(f->core), peer, &s, lines, SFU_LINES_MAX))
        return p;
    for (unsigned i = 0; i < s.n_lines; i++)
        p.up_bps += lines[i].publishes ? (int64_t)lines[i].bps : 0;
    p.down_bps = (int64_t)s.sent_bps;
    p.loss_up = s.loss_up;
    p.loss_down = s.loss_down;
    p.rtt_ms = s.rtt_ms;
    p.estimate_bps = (int64_t)s.estimate_bps;
    return p;
}

static void tell_fares(struct worker_sfu *f, const struct media_sfu *m)
{
    unsigned n = MIN_OF(m->n_lines, (uint32_t)MEDIA_SFU_LINES);
    struct media_sfu *fares = group_mail_fares(m->room, n);
    for (unsigned i = 0; i < n; i++)
        group_mail_people(fares)[i] = fares_of(f, m->lines[i].track);
    post(f, fares);
}

static void take_record(struct worker_sfu *f, const struct media_sfu *m)
{
    if (f->rec != NULL && m->there)
        worker_rec_begin(f->rec, m->room, m->peer, str_of(media_sfu_text(m), m->text_n));
    else if (f->rec != NULL)
        worker_rec_end(f->rec, m->room);
}

void worker_sfu_letter(struct worker_sfu *f, const struct letter *l)
{
    const struct media_sfu *m = container_of(l, struct media_sfu, letter);
    f->busy = true;
    switch (l->kind) {
    case MEDIA_SFU_AT: take_candidates(f, container_of(l, struct media_sfu_at, letter)); break;
    case MEDIA_SFU_OPEN:
        if (!sfu_core_room_open(f->core, loop_now(f->w->loop), m->room))
            on_refused(f, m->room, 0, SFU_FULL);
        break;
    case MEDIA_SFU_CLOSE:
        if (f->rec != NULL)
            worker_rec_end(f->rec, m->room);
        sfu_core_room_close(f->core, loop_now(f->w->loop), m->room);
        break;
    case MEDIA_SFU_RECORD: take_record(f, m); break;
    case MEDIA_SFU_KEY:
        if (m->n_lines > 0)
            sfu_core_key(f->core, loop_now(f->w->loop), m->lines[0].track, m->lines[0].streams);
        break;
    case MEDIA_SFU_OFFER: take_offer(f, m); break;
    case MEDIA_SFU_WISH: take_wishes(f, m); break;
    case MEDIA_SFU_STATS: tell_fares(f, m); break;
    case MEDIA_SFU_MUTE: mute(f, m); break;
    default: sfu_core_peer_close(f->core, loop_now(f->w->loop), m->peer);
    }
}

/* ---- Packets ---- */

bool worker_sfu_stun(struct worker_sfu *f, const struct tuple *from, const uint8_t *p, size_t n)
{
    struct stun_msg m;
    if (stun_parse(&m, p, n) != STUN_OK || stun_find(&m, STUN_USERNAME) == NULL)
        return false;
    if (!sfu_core_stun(f->core, loop_now(f->w->loop), from, &m, p, n))
        return f->w->pass != NULL && worker_pass_stun(f->w->pass, from, &m, p, n);
    f->busy = true;
    return true;
}

void worker_sfu_came(struct worker_sfu *f, int64_t came_us)
{
    sfu_core_came(f->core, came_us);
    if (f->w->pass != NULL)
        worker_pass_came(f->w->pass, came_us);
}

static bool take_here(struct worker_sfu *f, const struct tuple *from, uint8_t *p, size_t len,
                      size_t seg)
{
    if (!sfu_core_input(f->core, loop_now(f->w->loop), from, p, len, seg))
        return false;
    f->busy = f->gathers = true;
    return true;
}

bool worker_sfu_input(struct worker_sfu *f, const struct tuple *from, uint8_t *p, size_t len,
                      size_t seg)
{
    struct worker_pass *pass = f->w->pass;
    if (pass == NULL)
        return take_here(f, from, p, len, seg);
    if (worker_pass_train(pass, from, p, len, seg) || take_here(f, from, p, len, seg))
        return true;
    if (p[0] >= DTLS_END)
        return false;
    /* A handshake may begin before the letter is read that says whose it is; it would be a second until
     * the client repeats that. */
    worker_read_team(f->w);
    return worker_pass_train(pass, from, p, len, seg);
}

bool worker_sfu_knows(const struct worker_sfu *f, const struct tuple *at)
{
    return sfu_knows(sfu_core_sfu(f->core), at);
}

void worker_sfu_hangup(struct worker_sfu *f, const struct tuple *at)
{
    sfu_core_hangup(f->core, loop_now(f->w->loop), at);
    f->busy = true;
}

/* ---- Time ---- */

/* Peers that come from now on see another certificate (RFC 8826 suggests short-lived ones). */
static void renew(struct worker_sfu *f, int64_t wall_s)
{
    char why[200], print[DTLS_FINGERPRINT_TEXT + 1];
    if (f->ctx != NULL && wall_s - f->ctx_s < RENEW_S && wall_s >= f->ctx_s)
        return;
    struct dtls_ctx *fresh = dtls_media_ctx_new(wall_s, why, sizeof why);
    if (fresh == NULL) {
        log_limited(LOG_LEVEL_WARN, "media", NULL, "%s: %s", f->w->name, why);
        return;
    }
    dtls_ctx_unref(f->ctx);
    f->ctx = fresh;
    f->ctx_s = wall_s;
    dtls_media_ctx_fingerprint(fresh, print);
    sfu_core_fingerprint(f->core, loop_now(f->w->loop), print);
}

static void look_at_clock(struct worker_sfu *f, int64_t now_us)
{
    int64_t wall = clock_wall_us();
    f->wall_at_us = now_us;
    sfu_core_wall(f->core, now_us, wall - clock_mono_us());
    renew(f, wall / 1000000);
}

static void on_timer(struct loop_timer *t, int64_t now_us)
{
    struct worker_sfu *f = container_of(t, struct worker_sfu, timer);
    f->busy = true;
    sfu_core_tick(f->core, now_us);
}

static void show(struct worker_sfu *f, int64_t now_us)
{
    uint64_t words[STATS_WORDS];
    struct sfu_stats all;
    sfu_core_stats(f->core, &all);
    memcpy(words, &all, sizeof words);
    f->shown_us = now_us;
    for (unsigned i = 0; i < STATS_WORDS; i++)
        atomic_store_explicit(&f->shown[i], words[i], memory_order_relaxed);
}

static void on_show_timer(struct loop_timer *t, int64_t now_us)
{
    show(container_of(t, struct worker_sfu, show_timer), now_us);
}

static void show_soon(struct worker_sfu *f, int64_t now_us)
{
    if (now_us - f->shown_us >= SHOW_US)
        show(f, now_us);
    else if (!loop_timer_armed(&f->show_timer))
        loop_timer_set(f->w->loop, &f->show_timer, f->shown_us + SHOW_US);
}

void worker_sfu_add_stats(const struct worker_sfu *f, struct sfu_stats *sum)
{
    uint64_t words[STATS_WORDS];
    memcpy(words, sum, sizeof words);
    for (unsigned i = 0; i < STATS_WORDS; i++)
        words[i] += atomic_load_explicit(&f->shown[i], memory_order_relaxed);
    memcpy(sum, words, sizeof words);
}

/* Where media comes so often that waiting a little finds more of it, the rounds are fewer, and each receiver
 * gets more with one send. Whoever connects is not held up. */
static void gather(struct worker_sfu *f, int64_t now_us)
{
    if (!f->gathers)
        return;
    if (now_us - f->gathered_us < 2 * GATHER_US && f->shakes.n == f->n_ended)
        loop_nap(f->w->loop, GATHER_US);
    f->gathered_us = now_us;
    f->gathers = false;
}

void worker_sfu_round(struct worker_sfu *f, int64_t now_us)
{
    if (!f->busy)
        return;
    f->busy = false;
    udp_flush(f->w->net);
    sfu_core_flushed(f->core, now_us);
    if (now_us - f->wall_at_us > WALL_US)
        look_at_clock(f, now_us);
    int64_t at = sfu_deadline(sfu_core_sfu(f->core));
    if (at == INT64_MAX)
        loop_timer_del(f->w->loop, &f->timer);
    else
        loop_timer_set(f->w->loop, &f->timer, at);
    show_soon(f, now_us);
    gather(f, now_us);
}

void worker_sfu_dump(const struct worker_sfu *f, struct buf *out, unsigned max)
{
    sfu_metrics_dump(out, sfu_core_sfu(f->core), max);
}

/* ---- Life ---- */

struct worker_sfu *worker_sfu_open(struct worker *w, char *why, size_t why_n)
{
    struct worker_sfu *f = xcalloc(1, sizeof *f);
    struct sfu_conf conf = w->conf.sfu;
    struct sfu_ops ops = {.ctx = f,
                          .send = on_send,
                          .flush = on_flush,
                          .dtls = on_dtls,
                          .dtls_end = on_dtls_end,
                          .path = on_path,
                          .answer = on_answer,
                          .refused = on_refused,
                          .track = on_track,
                          .speaker = on_speaker,
                          .state = on_state};
    conf.worker = w->conf.index;
    random_bytes(conf.seed, sizeof conf.seed);
    random_bytes(&conf.hash, sizeof conf.hash);
    f->w = w;
    f->queue = xcalloc(WAITING_MAX, sizeof *f->queue);
    list_init(&f->ended);
    f->turn = (struct loop_task){.fn = take_turn, .name = "media handshakes"};
    f->timer = (struct loop_timer){.fn = on_timer, .name = "sfu"};
    f->show_timer = (struct loop_timer){.fn = on_show_timer, .name = "sfu stats"};
    f->core = sfu_core_new(&conf, &ops, w->conf.rec, loop_now(w->loop));
    memzero(&conf, sizeof conf);
    look_at_clock(f, loop_now(w->loop));
    if (w->conf.recorder != NULL)
        f->rec = worker_rec_open(w, f->core, w->conf.recorder);
    if (f->ctx != NULL)
        return f;
    snprintf(why, why_n, "a certificate for media could not be made");
    worker_sfu_close(f);
    return NULL;
}

void worker_sfu_close(struct worker_sfu *f)
{
    if (f == NULL)
        return;
    worker_rec_close(f->rec);
    f->rec = NULL;
    sfu_core_free(f->core);
    HMAP_FOREACH_SAFE(it, &f->shakes)
        shake_free(container_of(it, struct shake, node));
    hmap_free(&f->shakes);
    loop_task_cancel(&f->turn);
    loop_timer_del(f->w->loop, &f->timer);
    loop_timer_del(f->w->loop, &f->show_timer);
    dtls_ctx_unref(f->ctx);
    xfree(f->queue);
    xfree(f);
}
