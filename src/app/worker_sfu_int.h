/*
 * Inside of app/worker_sfu.c (packets, time, life), worker_sfu_shake.c (DTLS handshakes) and worker_sfu_letter.c
 * (letters, both ways). Nobody else includes this.
 */
#ifndef MADANG_APP_WORKER_SFU_INT_H
#define MADANG_APP_WORKER_SFU_INT_H

#include <stdatomic.h>

#include "app/sfu_core.h"
#include "app/worker_int.h"
#include "base/hmap.h"
#include "media/sfu.h"

struct waiting;
struct worker_rec;

enum { SFU_STATS_WORDS = sizeof(struct sfu_stats) / sizeof(uint64_t) };
_Static_assert(sizeof(struct sfu_stats) % sizeof(uint64_t) == 0, "is copied by words");

/* A room as others may see it. Its numbers are the room's only if the name was the same before and after. */
struct shown_room {
    _Atomic uint64_t room; /* 0: free */
    _Atomic uint64_t v[SFU_STATS_WORDS];
    bool is_there;
};

struct worker_shakes {
    struct dtls_ctx *ctx;
    int64_t ctx_s; /* when it was made */
    struct hmap map;
    struct list ended; /* of these what only lingers, the longest first */
    unsigned n_ended;
    struct waiting *queue; /* a ring of datagrams; owned */
    unsigned first, n;
    struct loop_task turn;
};

struct worker_sfu {
    struct worker *w;
    struct sfu_core *core;
    struct worker_shakes shakes;
    struct worker_rec *rec; /* NULL: nothing can be recorded */
    int64_t wall_at_us;
    struct loop_timer timer, show_timer;
    bool busy;
    bool gathers;        /* media has come in this round */
    int64_t gathered_us; /* the last round in which it has */
    int64_t shown_us;
    _Atomic uint64_t shown[SFU_STATS_WORDS]; /* struct sfu_stats */
    struct shown_room *rooms; /* conf.show_rooms of them, those that came first; owned */
    int64_t rooms_us;         /* when they were shown */
    uint64_t n_rooms;         /* that there were then */
};

/* ---- worker_sfu_shake.c ---- */
void worker_shakes_open(struct worker_sfu *f);
void worker_shakes_close(struct worker_sfu *f);
/* A certificate for peers that come from now on, if there is none or it is old. */
void worker_shakes_renew(struct worker_sfu *f, int64_t wall_s);
/* Does anybody shake hands? */
bool worker_shakes_go_on(const struct worker_sfu *f);
/* sfu_ops.dtls, sfu_ops.dtls_end */
void worker_shakes_input(void *ctx, uint64_t peer, const uint8_t *p, size_t n);
void worker_shakes_end(void *ctx, uint64_t peer);

/* ---- worker_sfu_letter.c ---- */
/* What control is told: these of *ops. */
void worker_sfu_tells(struct sfu_ops *ops);

#endif
