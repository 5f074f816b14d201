/*
 * A way to a client of sfu_world.h on virtual time: a rate, a delay, a queue that overflows, losses by chance, and a
 * receiver that tells every 50 ms what came when (transport-wide feedback).
 */
#ifndef MADANG_TESTS_SFU_LINK_H
#define MADANG_TESTS_SFU_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "proto/rtcp.h"

enum {
    LINK_FLIGHT = 1024,
    LINK_TOLD = 2048,
    LINK_TELL_US = 50000,
    LINK_HEADERS = 28,
    LINK_JITTER_US = 20000 /* packets of so much time wait alike */
};

struct in_flight {
    int64_t at_us, twcc;
    size_t n;
    uint8_t bytes[1500];
};

struct link {
    double bps; /* 0: nothing gets through */
    int64_t delay_us, queue_us;
    int64_t jitter_us; /* evenly within delay_us ± that; their order stays */
    int64_t jitter_now_us, jitter_until_us, last_us;
    unsigned loss;  /* of 1000 */
    unsigned burst; /* so many are lost at a time; 0: each by itself */
    unsigned losing;
    bool is_mute; /* nothing is told */
    uint64_t rng;
    int64_t free_us, waited_us; /* waited_us: the longest of late */
    uint64_t dropped;
    struct in_flight flight[LINK_FLIGHT]; /* a ring */
    unsigned first, n;
    int64_t at_us[LINK_TOLD]; /* by number; RTCP_NOT_CAME */
    int64_t base, next;       /* numbers that are to be told of */
    int64_t tell_us;
    uint8_t count;
};

static inline struct link *link_new(double bps, int64_t delay_us)
{
    struct link *l = calloc(1, sizeof *l);
    l->bps = bps;
    l->delay_us = delay_us;
    l->queue_us = 300000;
    l->base = l->next = -1;
    l->rng = 88172645463325252ull;
    return l;
}

static inline uint64_t link_random(struct link *l)
{
    l->rng ^= l->rng << 13;
    l->rng ^= l->rng >> 7;
    l->rng ^= l->rng << 17;
    return l->rng >> 20;
}

static inline bool link_loses(struct link *l)
{
    uint64_t random = link_random(l);
    if (l->losing == 0 && random % (1000 * MAX_OF(l->burst, 1u)) < l->loss)
        l->losing = MAX_OF(l->burst, 1u);
    if (l->losing == 0)
        return false;
    l->losing--;
    return true;
}

static inline int64_t link_arrives(struct link *l, int64_t sent_us)
{
    if (l->jitter_us > 0 && sent_us >= l->jitter_until_us) {
        l->jitter_now_us = (int64_t)(link_random(l) % (uint64_t)(2 * l->jitter_us)) - l->jitter_us;
        l->jitter_until_us = sent_us + LINK_JITTER_US;
    }
    int64_t wait = l->delay_us + (l->jitter_us > 0 ? l->jitter_now_us : 0);
    return l->last_us = MAX_OF(sent_us + wait, l->last_us + 1);
}

/* A packet sets out. */
static inline void link_take(struct link *l, int64_t now_us, int64_t twcc, const uint8_t *p,
                             size_t n)
{
    int64_t begins = MAX_OF(now_us, l->free_us);
    if (l->bps <= 0 || begins - now_us > l->queue_us || l->n == LINK_FLIGHT || link_loses(l)) {
        l->dropped++;
        return;
    }
    l->free_us = begins + (int64_t)((double)(n + LINK_HEADERS) * 8e6 / l->bps);
    l->waited_us = MAX_OF(l->waited_us, l->free_us - now_us);
    struct in_flight *f = &l->flight[(l->first + l->n++) % LINK_FLIGHT];
    *f = (struct in_flight){.at_us = link_arrives(l, l->free_us), .twcc = twcc, .n = n};
    memcpy(f->bytes, p, n);
}

static inline void link_note(struct link *l, int64_t now_us, int64_t twcc)
{
    if (l->base < 0)
        l->base = l->next = twcc;
    for (; l->next <= twcc; l->next++)
        l->at_us[l->next % LINK_TOLD] = RTCP_NOT_CAME;
    if (l->at_us[twcc % LINK_TOLD] == RTCP_NOT_CAME)
        l->at_us[twcc % LINK_TOLD] = now_us;
    l->base = MAX_OF(l->base, l->next - LINK_TOLD + 1);
    if (l->tell_us == 0)
        l->tell_us = now_us + LINK_TELL_US;
}

/* What has arrived; NULL: nothing (more). Good until the next one. */
static inline const struct in_flight *link_arrived(struct link *l, int64_t now_us)
{
    struct in_flight *f = &l->flight[l->first];
    if (l->n == 0 || f->at_us > now_us)
        return NULL;
    l->first = (l->first + 1) % LINK_FLIGHT;
    l->n--;
    link_note(l, now_us, f->twcc);
    return f;
}

/* One feedback; false: there is nothing to tell. */
static inline bool link_tell(struct link *l, int64_t now_us, uint32_t sender, struct rtcp_writer *w)
{
    int64_t at[LINK_TOLD];
    unsigned n = 0;
    if (l->tell_us == 0 || now_us < l->tell_us)
        return false;
    while (l->base + n < l->next) {
        at[n] = l->at_us[(l->base + n) % LINK_TOLD];
        n++;
    }
    unsigned told = n > 0 ? rtcp_put_twcc(w, sender, 0, l->count++, (uint16_t)l->base, at, n) : 0;
    if (told == 0)
        l->tell_us = 0;
    l->base += told;
    return told > 0 && !l->is_mute;
}

static inline int64_t link_due(const struct link *l)
{
    int64_t at = l->n > 0 ? l->flight[l->first].at_us : INT64_MAX;
    return l->tell_us != 0 ? MIN_OF(at, l->tell_us) : at;
}

#endif
