/* A virtual network for the sender's estimation: a link with rate, delay, queue, loss, jitter and reordering, on
 * which flows send as the estimate says and get transport-wide feedback or RFC 8888 back, written and read by the real
 * code. All on virtual time, from a seed. */
#ifndef TESTS_SIM_BWE_WORLD_H
#define TESTS_SIM_BWE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "media/alloc.h"
#include "media/bwe.h"
#include "media/pacer.h"

#define MS ((int64_t)1000)
#define S  ((int64_t)1000000)
enum { ARRIVALS = 8192, IN_FLIGHT = 64, DELAYS = 4096, PACKET = 1100, SOUND = 110 };

struct link {
    double bps;
    int64_t delay_us, queue_us; /* one way; the longest queue, as time at this rate */
    double loss, reorder, feedback_loss;
    int64_t jitter_us;
    double cross_bps; /* of somebody else, on and off each second */
    bool down;        /* nothing gets through */
    bool policer;     /* drops what is too much, instead of queueing it */
    int64_t free_us;
    double tokens; /* of the policer */
    int64_t tokens_us;
};

struct feedback {
    int64_t at_us;
    uint8_t bytes[RTCP_PACKET_MAX];
    size_t n;
};

struct flow {
    struct bwe b;
    struct link *link;
    uint64_t rng;
    bool ccfb, on;
    double wanted_bps;
    bool layered; /* a layer of simulcast that fits is sent; else any rate */
    struct alloc alloc;
    struct alloc_line line;
    int64_t alloc_us;
    int64_t clock_us; /* the receiver's, against ours */
    double drift;
    /* Sending. */
    uint16_t number, seq[2]; /* of sound and pictures */
    int64_t frame_us, sound_us;
    struct pacer pacer;
    /* Receiving. */
    int64_t arrival[ARRIVALS]; /* by the true clock; RTCP_NOT_CAME */
    uint16_t sizes[ARRIVALS], seqs[ARRIVALS];
    bool told[ARRIVALS];
    int64_t base, highest, count; /* numbers counted on */
    int64_t feedback_us;
    uint8_t feedback_count;
    struct feedback back[IN_FLIGHT];
    unsigned n_back;
    /* What was seen. */
    double sent_bytes, came_bytes;
    int64_t queue[DELAYS];
    unsigned n_queue;
};

static inline double chance(struct flow *f)
{
    f->rng ^= f->rng << 13;
    f->rng ^= f->rng >> 7;
    f->rng ^= f->rng << 17;
    return (double)(f->rng >> 11) / 9007199254740992.0;
}

static inline void flow_begin(struct flow *f, struct link *l, uint64_t seed, int64_t now,
                              const struct bwe_conf *conf)
{
    memset(f, 0, sizeof *f);
    f->link = l;
    f->rng = seed * 0x9E3779B97F4A7C15ull + 1;
    for (int i = 0; i < 8; i++)
        chance(f);
    f->on = true;
    f->wanted_bps = 5e6;
    f->clock_us = (int64_t)(chance(f) * 1e12);
    f->drift = (chance(f) - 0.5) * 1e-4;
    f->number = (uint16_t)(chance(f) * 65536);
    f->feedback_us = now + (int64_t)(chance(f) * 50000);
    bwe_init(&f->b, now, conf);
    bwe_want(&f->b, f->wanted_bps);
    pacer_init(&f->pacer, now, &(struct pacer_conf){0});
}

static inline void flow_end(struct flow *f)
{
    bwe_free(&f->b);
    pacer_free(&f->pacer);
}

/* ---- The link ---- */

static inline bool link_takes(struct flow *f, int64_t now, unsigned size, int64_t *out_us)
{
    struct link *l = f->link;
    if (l->down || chance(f) < l->loss)
        return false;
    double bps = l->bps - (now / S % 2 != 0 ? l->cross_bps : 0);
    if (l->policer) {
        l->tokens = fmin(l->tokens + bps * (double)(now - l->tokens_us) / 8e6, 15000);
        l->tokens_us = now;
        if (l->tokens < size)
            return false;
        l->tokens -= size;
        *out_us = now;
        return true;
    }
    int64_t begin = MAX_OF(now, l->free_us);
    if (begin - now > l->queue_us)
        return false;
    l->free_us = begin + (int64_t)(size * 8e6 / bps);
    *out_us = l->free_us;
    return true;
}

static inline void flow_packet(struct flow *f, int64_t now, unsigned size, uint8_t cluster)
{
    struct link *l = f->link;
    int64_t out, i = f->count % ARRIVALS;
    struct bwe_packet p = {.ssrc = size == SOUND ? 5 : 6,
                           .number = f->number,
                           .seq = f->seq[size != SOUND]++,
                           .size = (uint16_t)size,
                           .cluster = cluster};
    bwe_sent(&f->b, now, &p);
    f->arrival[i] = RTCP_NOT_CAME;
    f->told[i] = false;
    f->sizes[i] = (uint16_t)size;
    f->seqs[i] = p.seq;
    if (link_takes(f, now, size, &out)) {
        if (f->n_queue < DELAYS && chance(f) < 0.2)
            f->queue[f->n_queue++] = out - now;
        int64_t jitter = (int64_t)(chance(f) * (double)l->jitter_us);
        if (chance(f) < l->reorder)
            jitter += 15 * MS;
        f->arrival[i] = out + l->delay_us + jitter;
    }
    f->sent_bytes += size;
    f->number++;
    f->count++;
}

/* ---- Sending ---- */

static inline void flow_layers(struct flow *f, const struct alloc_option *o, unsigned n)
{
    struct alloc_line *line = &f->line;
    f->layered = true;
    alloc_init(&f->alloc, 0);
    alloc_line_init(line);
    alloc_line_wish(line, ALLOC_PINNED, 1280, 720);
    alloc_line_options(line, o, n);
    f->wanted_bps = alloc_wanted(&f->alloc, SOUND * 400, &line, 1);
    bwe_want(&f->b, f->wanted_bps);
}

static inline double media_bps(struct flow *f, int64_t now)
{
    struct alloc_line *line = &f->line;
    if (!f->layered)
        return fmin(bwe_bps(&f->b), f->wanted_bps);
    if (now >= f->alloc_us) {
        alloc_run(&f->alloc, now, bwe_bps(&f->b), SOUND * 400, &line, 1);
        f->alloc_us = now + 100 * MS;
    }
    return SOUND * 400 + (alloc_choice(line) != NULL ? alloc_choice(line)->bps : 0);
}

/* A frame, in packets; when too much waits already, none. */
static inline void push_frame(struct flow *f, int64_t now)
{
    double bytes = fmax(media_bps(f, now) - SOUND * 400, 0) / 8 / 30 * (0.7 + 0.6 * chance(f));
    if (pacer_late(&f->pacer))
        return;
    for (unsigned left = (unsigned)bytes; left > 0;) {
        unsigned size = MIN_OF(left, (unsigned)PACKET);
        pacer_push(&f->pacer, now, PACER_PICTURE,
                   &(struct pacer_entry){.size = (uint16_t)MAX_OF(size, SOUND + 1u)});
        left -= size;
    }
}

static inline void flow_send(struct flow *f, int64_t now)
{
    struct bwe_cluster cluster;
    struct pacer_entry e;
    uint8_t id;
    if (!f->on)
        return;
    pacer_set(&f->pacer, now, bwe_bps(&f->b));
    if (bwe_probe(&f->b, now, &cluster))
        pacer_probe(&f->pacer, now, &cluster);
    if (now >= f->sound_us) {
        pacer_push(&f->pacer, now, PACER_SOUND, &(struct pacer_entry){.size = SOUND});
        f->sound_us = MAX_OF(f->sound_us + 20 * MS, now);
    }
    if (now >= f->frame_us) {
        push_frame(f, now);
        f->frame_us = MAX_OF(f->frame_us + S / 30, now);
    }
    while (pacer_pop(&f->pacer, now, &e, &id) != PACER_NOTHING)
        flow_packet(f, now, e.size, id);
}

/* ---- Feedback ---- */

static inline int64_t receiver_clock(const struct flow *f, int64_t us)
{
    return f->clock_us + us + (int64_t)((double)us * f->drift);
}

/* What came until now and was not told; numbers that are late go back to. */
static inline unsigned gather(struct flow *f, int64_t now, int64_t *at)
{
    int64_t from = f->base, to = f->base;
    for (int64_t i = MAX_OF(f->count - 2000, 0); i < f->count; i++) {
        int64_t a = f->arrival[i % ARRIVALS];
        if (a == RTCP_NOT_CAME || a > now || f->told[i % ARRIVALS])
            continue;
        f->came_bytes += f->sizes[i % ARRIVALS];
        f->told[i % ARRIVALS] = true;
        from = MIN_OF(from, i);
        to = MAX_OF(to, i + 1);
    }
    f->base = from;
    for (int64_t i = from; i < to; i++) {
        int64_t a = f->arrival[i % ARRIVALS];
        at[i - from] = a == RTCP_NOT_CAME || a > now ? RTCP_NOT_CAME : receiver_clock(f, a);
    }
    return (unsigned)(to - from);
}

static inline void put_ccfb(struct flow *f, struct rtcp_writer *w, int64_t now, const int64_t *at,
                            unsigned n)
{
    struct rtcp_ccfb_writer c;
    struct rtcp_ccfb_packet k[2048];
    rtcp_ccfb_begin(&c, w, 1);
    for (unsigned ssrc = 5; ssrc <= 6; ssrc++) {
        unsigned m = 0;
        uint16_t first = 0;
        for (unsigned i = 0; i < n; i++) {
            unsigned at_i = (unsigned)((f->base + i) % ARRIVALS);
            if ((f->sizes[at_i] == SOUND) != (ssrc == 5))
                continue;
            first = m == 0 ? f->seqs[at_i] : first;
            k[m] = (struct rtcp_ccfb_packet){.came = at[i] != RTCP_NOT_CAME};
            if (k[m].came)
                k[m].ato = rtcp_ccfb_ato(receiver_clock(f, now) - at[i]);
            m++;
        }
        if (m > 0)
            rtcp_ccfb_source(&c, ssrc, first, k, m);
    }
    rtcp_ccfb_end(&c, (uint32_t)(((receiver_clock(f, now) % ((int64_t)65536 * S)) << 16) / S));
}

static inline void flow_feed_back(struct flow *f, int64_t now)
{
    static int64_t at[ARRIVALS];
    if (now < f->feedback_us || f->n_back == IN_FLIGHT)
        return;
    f->feedback_us = now + 50 * MS;
    unsigned n = gather(f, now, at), done = 0;
    while (done < n && f->n_back < IN_FLIGHT) {
        struct feedback *k = &f->back[f->n_back];
        struct rtcp_writer w;
        rtcp_begin(&w, k->bytes, sizeof k->bytes);
        unsigned part = MIN_OF(n - done, 400u);
        if (f->ccfb)
            put_ccfb(f, &w, now, at + done, part);
        else
            part = rtcp_put_twcc(&w, 1, 2, f->feedback_count++,
                                 (uint16_t)(f->number - f->count + f->base), at + done, part);
        if (part == 0) { /* none of them came */
            f->base += MIN_OF(n - done, 400u);
            done += MIN_OF(n - done, 400u);
            continue;
        }
        done += part;
        f->base += part;
        k->n = w.len;
        k->at_us = now + f->link->delay_us;
        if (!f->link->down && chance(f) >= f->link->feedback_loss)
            f->n_back++;
    }
}

static inline void flow_take(struct flow *f, int64_t now)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < f->n_back; i++) {
        struct feedback *k = &f->back[i];
        struct rtcp_packet p;
        struct rtcp_twcc t;
        struct rtcp_ccfb c;
        if (k->at_us > now) {
            if (kept != i)
                f->back[kept] = *k;
            kept++;
            continue;
        }
        assert_int_equal(rtcp_check(k->bytes, k->n), RTCP_OK);
        struct rtcp_iter it = rtcp_iter(k->bytes, k->n);
        while (rtcp_next(&it, &p)) {
            if (rtcp_is_fb(&p, RTCP_RTPFB, RTCP_FMT_TWCC) && rtcp_read_twcc(&p, &t))
                bwe_twcc(&f->b, now, &t);
            else if (rtcp_is_fb(&p, RTCP_RTPFB, RTCP_FMT_CCFB) && rtcp_read_ccfb(&p, &c))
                bwe_ccfb(&f->b, now, &c);
        }
    }
    f->n_back = kept;
}

/* A millisecond. */
static inline void flow_step(struct flow *f, int64_t now)
{
    flow_take(f, now);
    bwe_tick(&f->b, now);
    flow_send(f, now);
    flow_feed_back(f, now);
}

/* ---- Looking at it ---- */

static inline void flow_measure(struct flow *f)
{
    f->sent_bytes = f->came_bytes = 0;
    f->n_queue = 0;
}

static inline int later(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Of those that were measured, 95 % waited at most so long. */
static inline double queue_p95_ms(struct flow *f)
{
    if (f->n_queue == 0)
        return 0;
    qsort(f->queue, f->n_queue, sizeof *f->queue, later);
    return (double)f->queue[f->n_queue * 95 / 100] / 1000;
}

#endif
