/*
 * The last packets of one stream that comes in, in the clear: what is sent to subscribers, at once or a
 * little later, and what is sent to them again (RFC 4588) is read from here. A ring by sequence
 * number over slabs that all streams of an SFU share; a packet lives until the ring comes round, newer ones come
 * pktcache_keep() later (of them at least PKTCACHE_LEAST), or the shared memory is wanted by a newer one of this stream. No
 * allocation for a packet once slabs exist.
 */
#ifndef MADANG_MEDIA_PKTCACHE_H
#define MADANG_MEDIA_PKTCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

enum {
    PKTCACHE_SMALL = 304,  /* bytes of a slab for sound ... */
    PKTCACHE_LARGE = 1504, /* ... and for pictures; nothing larger is kept */
    PKTCACHE_SLOTS_MAX = 4096,
    PKTCACHE_KEEP_MS = 600, /* at first ... */
    PKTCACHE_KEEP_MAX_MS = 2000,
    PKTCACHE_LEAST = 16 /* so many of the last packets, however old */
};

/* One for all streams of a worker. */
struct pktcache_memory {
    struct pool small, large;
};
/* bytes: at most so much for large slabs, and an eighth of it for small ones. */
void pktcache_memory_init(struct pktcache_memory *m, size_t bytes);
void pktcache_memory_free(struct pktcache_memory *m);

/* A packet as it came, RTP header first. 16 bytes: each stream has hundreds of them. */
struct pktcache_packet {
    uint8_t *p;     /* NULL: the slot is empty */
    uint32_t seq;   /* low bits */
    uint16_t n;     /* more than PKTCACHE_SMALL: of the pool for large ones */
    uint16_t at_ms; /* when it came, low bits */
};

struct pktcache {
    struct pktcache_memory *memory;
    struct pktcache_packet *slots; /* owned */
    uint32_t mask;
    uint16_t keep_ms;
    int64_t held;           /* from here on nothing is too old; INT64_MAX: as of pktcache_keep() */
    int64_t oldest, newest; /* what is there lies between them, both included */
    int64_t whole;    /* nothing that was to be put has gone, or found no room, from here on */
    uint64_t dropped; /* there was no memory, or it was too large */
};

/* slots: rounded up to a power of two, at most PKTCACHE_SLOTS_MAX. Aborts without memory (control plane). */
void pktcache_init(struct pktcache *c, struct pktcache_memory *m, unsigned slots);
/* Gives everything back. */
void pktcache_free(struct pktcache *c);
/* The stream begins anew, under other numbers. */
void pktcache_clear(struct pktcache *c);
/* How long packets are kept from now on, at most PKTCACHE_KEEP_MAX_MS. */
void pktcache_keep(struct pktcache *c, unsigned ms);
/* What has come from that number on stays however old it is, as long as there is room; INT64_MAX: no longer. */
static inline void pktcache_hold(struct pktcache *c, int64_t seq)
{
    c->held = seq;
}
/* At least so many slots, as of pktcache_init(). Takes memory; not for a packet. */
void pktcache_grow(struct pktcache *c, unsigned slots);
/* All that is too old goes, though nothing new comes. To be called at least each minute. */
void pktcache_age(struct pktcache *c, int64_t now_us);

/* Copies the packet in, over the one that is `slots` older. NULL: it is there already, older than all that
 * the ring can hold, too large, or there is no memory. What it gives lives until its slot is needed. */
const struct pktcache_packet *pktcache_put(struct pktcache *c, int64_t seq, int64_t at_us,
                                           const uint8_t *p, size_t n);

/* NULL: not there (any more). */
static inline const struct pktcache_packet *pktcache_get(const struct pktcache *c, int64_t seq)
{
    const struct pktcache_packet *k = &c->slots[(uint64_t)seq & c->mask];
    return k->p != NULL && k->seq == (uint32_t)seq && seq >= c->oldest ? k : NULL;
}

/* Is all there that was to be put from that number on? */
static inline bool pktcache_is_whole(const struct pktcache *c, int64_t seq)
{
    return seq >= c->oldest && seq >= c->whole;
}

#endif
