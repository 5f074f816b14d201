#include "app/worker_sfu.h"

#include <stdio.h>
#include <string.h>

#include "app/sfu_metrics.h"
#include "app/worker_rec.h"
#include "app/worker_sfu_int.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"

enum {
    WALL_US = 10000000, /* the wall clock is looked at so often */
    GATHER_US = 1500,   /* media that comes within so much time is handled, and leaves, together */
    SHOW_US = 50000,    /* others see the numbers so late at most ... */
    SHOW_ROOMS_US = 1000000 /* ... and those of single rooms */
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

static void on_path(void *ctx, const struct tuple *at, bool is_ours)
{
    const struct worker_sfu *f = ctx;
    if (f->w->pass != NULL)
        worker_pass_path(f->w->pass, at, is_ours);
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

static void look_at_clock(struct worker_sfu *f, int64_t now_us)
{
    int64_t wall = clock_wall_us();
    f->wall_at_us = now_us;
    sfu_core_wall(f->core, now_us, wall - clock_mono_us());
    worker_shakes_renew(f, wall / 1000000);
}

static void on_timer(struct loop_timer *t, int64_t now_us)
{
    struct worker_sfu *f = container_of(t, struct worker_sfu, timer);
    f->busy = true;
    sfu_core_tick(f->core, now_us);
}

static struct shown_room *place_of(struct worker_sfu *f, uint64_t room)
{
    struct shown_room *free = NULL;
    for (unsigned i = 0; i < f->w->conf.show_rooms; i++) {
        uint64_t id = atomic_load_explicit(&f->rooms[i].room, memory_order_relaxed);
        if (id == room)
            return &f->rooms[i];
        if (id == 0 && free == NULL)
            free = &f->rooms[i];
    }
    return free;
}

static void show_room(void *ctx, uint64_t room, const struct sfu_stats *st)
{
    struct shown_room *k = place_of(ctx, room);
    uint64_t words[SFU_STATS_WORDS];
    if (k == NULL)
        return;
    memcpy(words, st, sizeof words);
    for (unsigned i = 0; i < SFU_STATS_WORDS; i++)
        atomic_store_explicit(&k->v[i], words[i], memory_order_release);
    atomic_store_explicit(&k->room, room, memory_order_release);
    k->is_there = true;
}

static void show_rooms(struct worker_sfu *f, int64_t now_us, uint64_t rooms)
{
    if (now_us - f->rooms_us < SHOW_ROOMS_US && rooms == f->n_rooms)
        return;
    f->rooms_us = now_us;
    f->n_rooms = rooms;
    sfu_look_at_estimates(sfu_core_sfu(f->core));
    for (unsigned i = 0; i < f->w->conf.show_rooms; i++)
        f->rooms[i].is_there = false;
    sfu_each_room(sfu_core_sfu(f->core), f, show_room);
    for (unsigned i = 0; i < f->w->conf.show_rooms; i++) {
        if (!f->rooms[i].is_there)
            atomic_store_explicit(&f->rooms[i].room, 0, memory_order_release);
    }
}

unsigned worker_sfu_copy_rooms(const struct worker_sfu *f, struct sfu_room_stats *out, unsigned max)
{
    unsigned n = 0;
    for (unsigned i = 0; i < f->w->conf.show_rooms && n < max; i++) {
        uint64_t words[SFU_STATS_WORDS];
        uint64_t room = atomic_load_explicit(&f->rooms[i].room, memory_order_acquire);
        for (unsigned k = 0; k < SFU_STATS_WORDS; k++)
            words[k] = atomic_load_explicit(&f->rooms[i].v[k], memory_order_acquire);
        if (room == 0 || atomic_load_explicit(&f->rooms[i].room, memory_order_acquire) != room)
            continue;
        out[n].room = room;
        memcpy(&out[n++].st, words, sizeof words);
    }
    return n;
}

static void show(struct worker_sfu *f, int64_t now_us)
{
    uint64_t words[SFU_STATS_WORDS];
    struct sfu_stats all;
    sfu_core_stats(f->core, &all);
    show_rooms(f, now_us, all.rooms);
    memcpy(words, &all, sizeof words);
    f->shown_us = now_us;
    for (unsigned i = 0; i < SFU_STATS_WORDS; i++)
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
    uint64_t words[SFU_STATS_WORDS];
    memcpy(words, sum, sizeof words);
    for (unsigned i = 0; i < SFU_STATS_WORDS; i++)
        words[i] += atomic_load_explicit(&f->shown[i], memory_order_relaxed);
    memcpy(sum, words, sizeof words);
}

/* Where media comes so often that waiting a little finds more of it, the rounds are fewer, and each receiver
 * gets more with one send. Whoever connects is not held up. */
static void gather(struct worker_sfu *f, int64_t now_us)
{
    if (!f->gathers)
        return;
    if (now_us - f->gathered_us < 2 * GATHER_US && !worker_shakes_go_on(f))
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
                          .dtls = worker_shakes_input,
                          .dtls_end = worker_shakes_end,
                          .path = on_path};
    worker_sfu_tells(&ops);
    conf.worker = w->conf.index;
    random_bytes(conf.seed, sizeof conf.seed);
    random_bytes(&conf.hash, sizeof conf.hash);
    f->w = w;
    worker_shakes_open(f);
    f->rooms = xcalloc(MAX_OF(w->conf.show_rooms, 1u), sizeof *f->rooms);
    f->rooms_us = INT64_MIN / 2;
    f->timer = (struct loop_timer){.fn = on_timer, .name = "sfu"};
    f->show_timer = (struct loop_timer){.fn = on_show_timer, .name = "sfu stats"};
    f->core = sfu_core_new(&conf, &ops, w->conf.rec, loop_now(w->loop));
    memzero(&conf, sizeof conf);
    look_at_clock(f, loop_now(w->loop));
    if (w->conf.recorder != NULL)
        f->rec = worker_rec_open(w, f->core, w->conf.recorder);
    if (f->shakes.ctx != NULL)
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
    worker_shakes_close(f);
    loop_timer_del(f->w->loop, &f->timer);
    loop_timer_del(f->w->loop, &f->show_timer);
    xfree(f->rooms);
    xfree(f);
}
