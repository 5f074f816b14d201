/*
 * When packets leave to one peer: not as they come, but spread over time at a multiple of the estimate, so that key
 * frames and several tracks do not fill the queue of a slow link; sound never waits, what is sent again goes before
 * new pictures, padding last and only for probes. What becomes due within the gathering time leaves at once, so that a
 * train of datagrams is one system call. Entries are the owner's; a core without clock, O(1) for each packet.
 */
#ifndef MADANG_MEDIA_PACER_H
#define MADANG_MEDIA_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/bwe_probe.h"

enum pacer_class {
    PACER_SOUND,   /* leaves at the next pacer_pop, whatever the budget */
    PACER_AGAIN,   /* retransmissions */
    PACER_PICTURE, /* in order */
    PACER_CLASSES
};

struct pacer_entry { /* 16 bytes */
    uint32_t ref;    /* the owner's, as the next ones */
    uint16_t sub, seq;
    uint8_t stream, flags;
    uint16_t size;      /* as it will leave, in bytes */
    uint32_t queued_us; /* the pacer's: low bits */
};

struct pacer_ring {
    struct pacer_entry *entries; /* cap of them, owned */
    uint32_t head, n, cap;       /* cap is a power of two */
};

struct pacer_conf {
    double factor;      /* of the estimate; 0: 2.5 */
    int64_t gather_us;  /* 0: 1,000 */
    int64_t burst_us;   /* what was not used of so much time may leave at once; 0: gather_us */
    int64_t longest_us; /* that pictures may wait; 0: 250,000 */
    unsigned entries[PACER_CLASSES]; /* powers of two; 0: 32, 64, 256 */
};

struct pacer {
    struct pacer_conf conf;
    struct pacer_ring ring[PACER_CLASSES];
    double bps;       /* the estimate */
    double budget;    /* bytes that may leave; negative: owed */
    int64_t now_us;   /* when it was counted */
    int64_t train_us; /* when packets last left */
    uint32_t bytes;   /* of what is sent again and of pictures, that wait */
    struct bwe_cluster cluster;
    uint32_t cluster_bytes;
    unsigned cluster_packets;
    bool late; /* since pacer_late() was asked */
    uint64_t dropped;
};

void pacer_init(struct pacer *p, int64_t now_us, const struct pacer_conf *conf);
void pacer_free(struct pacer *p);
/* The estimate. */
void pacer_set(struct pacer *p, int64_t now_us, double bps);
/* What follows leaves as this cluster, media first; padding is asked for where there is not enough. */
void pacer_probe(struct pacer *p, int64_t now_us, const struct bwe_cluster *c);

/* false: full, it is dropped. size > 0. */
bool pacer_push(struct pacer *p, int64_t now_us, enum pacer_class c, const struct pacer_entry *e);

/* The short way: nothing waits, and one of this size may leave now. true: it is counted as if it had been pushed and
 * popped; false: it is to be pushed. */
bool pacer_pass(struct pacer *p, int64_t now_us, enum pacer_class c, unsigned size,
                uint8_t *cluster);
/* What left instead of padding was so much larger. */
void pacer_spent_more(struct pacer *p, unsigned bytes);

enum pacer_verdict {
    PACER_NOTHING, /* until pacer_deadline() */
    PACER_SEND,    /* *out leaves now */
    PACER_PAD      /* out->size bytes of padding leave now, for the probe */
};
/* To be called until it says PACER_NOTHING. *cluster: what bwe_sent() is to be told. */
enum pacer_verdict pacer_pop(struct pacer *p, int64_t now_us, struct pacer_entry *out,
                             uint8_t *cluster);
/* When pacer_pop() has something to say; INT64_MAX: nothing waits. At least gather_us after the last train. */
int64_t pacer_deadline(const struct pacer *p);

/* How long pictures have to wait, at the pace. */
int64_t pacer_wait_us(const struct pacer *p);
/* How long so many bytes take to leave, at the pace. */
int64_t pacer_takes_us(const struct pacer *p, uint32_t bytes);
/* Has a picture waited longer than longest_us since this was asked last, or been dropped? Then less should be sent;
 * those of a layer that is given up go by pacer_drop(). */
bool pacer_late(struct pacer *p);
/* All pictures (and what is sent again) of a subscription, or of all (sub UINT16_MAX). How many. */
unsigned pacer_drop(struct pacer *p, uint16_t sub);
static inline bool pacer_is_empty(const struct pacer *p)
{
    return p->ring[PACER_SOUND].n + p->ring[PACER_AGAIN].n + p->ring[PACER_PICTURE].n == 0;
}

#endif
