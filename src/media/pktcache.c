#include "media/pktcache.h"

#include <string.h>

#include "base/mem.h"
#include "base/util.h"

void pktcache_memory_init(struct pktcache_memory *m, size_t bytes)
{
    pool_init(&m->large, PKTCACHE_LARGE, (uint32_t)(bytes / PKTCACHE_LARGE));
    pool_init(&m->small, PKTCACHE_SMALL, (uint32_t)(bytes / 8 / PKTCACHE_SMALL));
}

void pktcache_memory_free(struct pktcache_memory *m)
{
    pool_free(&m->large);
    pool_free(&m->small);
}

void pktcache_init(struct pktcache *c, struct pktcache_memory *m, unsigned slots)
{
    uint32_t n = 1;
    while (n < slots && n < PKTCACHE_SLOTS_MAX)
        n *= 2;
    *c = (struct pktcache){
        .memory = m,
        .mask = n - 1,
    };
    c->slots = xcalloc(n, sizeof *c->slots);
    for (uint32_t i = 0; i < n; i++)
        c->slots[i].seq = -1;
}

static struct pool *pool_of(struct pktcache *c, bool large)
{
    return large ? &c->memory->large : &c->memory->small;
}

static void empty(struct pktcache *c, struct pktcache_packet *k)
{
    pool_put(pool_of(c, k->large), k->p);
    *k = (struct pktcache_packet){.seq = -1};
}

void pktcache_free(struct pktcache *c)
{
    for (uint32_t i = 0; c->slots != NULL && i <= c->mask; i++)
        empty(c, &c->slots[i]);
    xfree(c->slots);
    c->slots = NULL;
}

/* A slab of that size: a free one, or that of our oldest packet of the size. */
static uint8_t *slab(struct pktcache *c, bool large, int64_t seq)
{
    uint8_t *p = pool_get(pool_of(c, large));
    if (p == NULL)
        c->steal_from = MAX_OF(c->steal_from, seq - (int64_t)c->mask);
    for (; p == NULL && c->steal_from < seq; c->steal_from++) {
        struct pktcache_packet *k = &c->slots[(uint64_t)c->steal_from & c->mask];
        if (k->seq != c->steal_from || (bool)k->large != large)
            continue;
        p = k->p;
        *k = (struct pktcache_packet){.seq = -1};
    }
    return p;
}

const struct pktcache_packet *pktcache_put(struct pktcache *c, int64_t seq, int64_t at_us,
                                           const uint8_t *p, size_t n)
{
    struct pktcache_packet *k = &c->slots[(uint64_t)seq & c->mask];
    bool large = n > PKTCACHE_SMALL;
    if (seq < 0 || k->seq >= seq)
        return NULL;
    if (k->seq >= 0 && ((bool)k->large != large || n > PKTCACHE_LARGE))
        empty(c, k);
    uint8_t *to = NULL;
    if (n <= PKTCACHE_LARGE)
        to = k->seq >= 0 ? k->p : slab(c, large, seq);
    if (to == NULL) {
        c->dropped++;
        return NULL;
    }
    memcpy(to, p, n);
    *k = (struct pktcache_packet){
        .p = to, .seq = seq, .at_us = at_us, .n = (uint16_t)n, .large = large};
    return k;
}
