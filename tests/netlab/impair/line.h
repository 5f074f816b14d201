/* One direction of a bad line, as a model: what becomes of each packet, and when it leaves. It knows no clock, no
 * socket and no packet, only their sizes; time is told in microseconds, chance comes from a seed. In this order:
 *
 *     cut, losses ─► a queue in front of a slow link ─► the way itself: delay, jitter, detours, doubles ─► out
 *
 * Settings may change at any time; a packet keeps what it was given when it came. */
#ifndef MADANG_TESTS_IMPAIR_LINE_H
#define MADANG_TESTS_IMPAIR_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/str.h"

enum {
    LINE_HELD_MAX = 16384, /* packets on the way at once; more are lost */
    LINE_JITTER_US = 20000 /* without overtaking, the packets of so much time wait alike */
};

/* All 0: everything passes at once. Shares are parts of a million. */
struct line_set {
    int64_t delay_us;
    int64_t jitter_us;     /* evenly within delay ± jitter (never below 0) ... */
    bool jitter_overtakes; /* ... for each packet by itself, or so that their order stays */
    uint32_t loss;         /* of single packets by chance */
    uint32_t burst;        /* share that is lost in bursts (Gilbert's model) ... */
    uint32_t burst_len;    /* ... of so many packets on average */
    uint32_t reorder;      /* share that takes a detour ... */
    int64_t detour_us;     /* ... of so much more time, so that others overtake it */
    uint32_t twice;        /* share that arrives two times */
    int64_t rate_bps;      /* IP packets with their headers; 0: no limit */
    int64_t queue_us;      /* what would wait longer for the link is lost; 0: LINE_QUEUE_US */
    int64_t queue_bytes;   /* so is what finds so many bytes waiting; 0: no such limit */
    bool cut;              /* nothing passes */
};

#define LINE_QUEUE_US INT64_C(300000)

struct line_counts {
    uint64_t packets, bytes;                /* that came */
    uint64_t lost, burst, queue, cut, full; /* that were lost, and to what (full: LINE_HELD_MAX) */
    uint64_t reordered, twice;
    uint64_t passed, passed_bytes;
    int64_t waited_max_us; /* for the link */
};

/* A packet on the way: `id` and `copy` are the caller's. */
struct line_packet {
    struct timer out;
    uint32_t id;
    uint32_t size;
    bool twice;
    void *copy;
    struct line_packet *next_free;
};

struct line {
    struct line_set set;
    struct line_counts counts;
    struct rng rng;
    bool bad;        /* within a burst */
    int64_t free_us; /* when the link has sent what waits for it */
    int64_t last_us; /* when the last packet that keeps its place arrives */
    int64_t jitter_until_us;
    int64_t jitter_now_us;
    struct heap out;
    struct line_packet *packets;
    struct line_packet *free;
};

/* A line without any fault. Owns its packets' memory until line_free(); their `copy` is the caller's. */
void line_init(struct line *l, uint64_t seed);
void line_free(struct line *l);

/* A packet of so many bytes comes. NULL: it is lost. Else the caller says in it what it is; valid until line_take() has
 * given it back and line_done() was told. Of `twice` it sends a second one when it leaves. */
struct line_packet *line_put(struct line *l, int64_t now_us, uint32_t size);

/* The next packet that leaves by now, or NULL; after each, line_done(). */
struct line_packet *line_take(struct line *l, int64_t now_us);
void line_done(struct line *l, struct line_packet *p);

/* When the next one leaves; INT64_MAX when none is on the way. */
int64_t line_deadline(const struct line *l);

/* One setting as words (docs/architecture/netlab.md has them all): "rate 500000", "jitter 30 overtaking", "clear".
 * NULL, or what is wrong with it; then nothing has changed. */
const char *line_tell(struct line *l, struct str words);

/* The counts as a JSON object. */
void line_report(const struct line *l, struct buf *out);

#endif
