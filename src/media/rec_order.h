/*
 * Packets of one stream in the order in which they were sent, for recordings: what is in order goes
 * through at once, what is ahead waits for what was asked for again, and what has been missing for too long is
 * given up. A core.
 */
#ifndef MADANG_MEDIA_REC_ORDER_H
#define MADANG_MEDIA_REC_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REC_ORDER_SLOTS = 1024, /* packets that may wait; a power of two */
    REC_ORDER_WAIT_US =
        2000000, /* for one that is missing: publishers are asked for 10 times in that time */
    REC_PACKET_MAX = 2048
};

/* The payload of a packet; n = 0: it had none (padding), but its number counts. Borrowed for the call. */
struct rec_packet {
    int64_t seq;   /* counted on over wraps */
    int64_t at_us; /* when it came */
    uint32_t timestamp;
    bool marker;
    const uint8_t *p;
    uint16_t n;
};

struct rec_order {
    bool begun;
    int64_t next;     /* the number that is waited for */
    int64_t since_us; /* when something came that is ahead of it */
    unsigned waiting;
    struct rec_packet *slots; /* a ring by number, owned, with what they point to; .p NULL: empty */
    uint64_t lost, late;
};

/* In order; lost: how many numbers before it were given up. */
typedef void rec_order_fn(void *ctx, const struct rec_packet *p, unsigned lost);

void rec_order_put(struct rec_order *o, const struct rec_packet *p, rec_order_fn *fn, void *ctx);
/* Gives up what has been missing for too long. */
void rec_order_tick(struct rec_order *o, int64_t now_us, rec_order_fn *fn, void *ctx);
/* Everything that waits goes out; the next packet begins anew, whatever its number. */
void rec_order_flush(struct rec_order *o, rec_order_fn *fn, void *ctx);
void rec_order_free(struct rec_order *o);

#endif
