#include "media/pktcache.h"

#include <string.h>

#include "base/mem.h"
#include "base/util.h"

enum { EXPIRE = 4 };

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

static uint32_t power_of(unsigned slots)
{
    uint32_t n = 1;
    while (n < slots && n < PKTCACHE_SLOTS_MAX)
        n *= 2;
    return n;
}

void pktcache_init(struct pktcache *c, struct pktcache_memory *m, unsigned slots)
{
    uint32_t n = power_of(slots);
    *c = (struct pktcache){
        .memory = m,
        .mask = n - 1,
        .keep_ms = PKTCACHE_KEEP_MS,
        .held = INT64_MAX,
        .newest = -1,
    };
    c->slots = xcalloc(n, sizeof *c->slots);
}

static struct pool *pool_of(struct pktcache *c, size_t n)
{
    return n > PKTCACHE_SMALL ? &c->memory->large : &c->memory->small;
}

static void empty(struct pktcache *c, struct pktcache_packet *k)
{
    pool_put(pool_of(c, k->n), k->p);
    *k = (struct pktcache_packet){0};
}

void pktcache_clear(struct pktcache *c)
{
    for (uint32_t i = 0; c->slots != NULL && i <= c->mask; i++)
        empty(c, &c->slots[i]);
    c->oldest = c->whole = 0;
    c->held = INT64_MAX;
    c->newest = -1;
}

void pktcache_free(struct pktcache *c)
{
    pktcache_clear(c);
    xfree(c->slots);
    c->slots = NULL;
}

void pktcache_keep(struct pktcache *c, unsigned ms)
{
    c->keep_ms = (uint16_t)MIN_OF(ms, (unsigned)PKTCACHE_KEEP_MAX_MS);
}

void pktcache_grow(struct pktcache *c, unsigned slots)
{
    uint32_t n = power_of(slots);
    if (n <= c->mask + 1)
        return;
    struct pktcache_packet *to = xcalloc(n, sizeof *to);
    for (uint32_t i = 0; i <= c->mask; i++) {
        if (c->slots[i].p != NULL)
            to[c->slots[i].seq & (n - 1)] = c->slots[i];
    }
    xfree(c->slots);
    c->slots = to;
    c->mask = n - 1;
}

static struct pktcache_packet *slot(struct pktcache *c, int64_t seq)
{
    return &c->slots[(uint64_t)seq & c->mask];
}

/* The oldest one: has it gone already, or had its time? */
static bool is_old(struct pktcache *c, uint16_t now_ms)
{
    const struct pktcache_packet *k = slot(c, c->oldest);
    return k->p == NULL || (c->oldest < c->held && (uint16_t)(now_ms - k->at_ms) >= c->keep_ms);
}

/* The oldest ones go: those that the ring has no place for beside seq, and a few of those that are too old. */
static void expire(struct pktcache *c, int64_t seq, uint16_t now_ms)
{
    unsigned old = 0;
    if (seq - c->newest > c->mask)
        c->oldest = MAX_OF(c->oldest, c->newest - (int64_t)c->mask);
    for (; c->oldest <= c->newest; c->oldest++) {
        struct pktcache_packet *k = slot(c, c->oldest);
        if (c->oldest >= seq - (int64_t)c->mask) {
            if (c->newest - c->oldest < PKTCACHE_LEAST || !is_old(c, now_ms) || old++ == EXPIRE)
                return;
        }
        empty(c, k);
    }
}

void pktcache_age(struct pktcache *c, int64_t now_us)
{
    for (; c->oldest <= c->newest && is_old(c, (uint16_t)(now_us / 1000)); c->oldest++)
        empty(c, slot(c, c->oldest));
}

/* A slab of that size: a free one, or that of our oldest packet of the size. */
static uint8_t *slab(struct pktcache *c, size_t n)
{
    uint8_t *p = pool_get(pool_of(c, n));
    for (int64_t i = c->oldest; p == NULL && i <= c->newest; i++) {
        struct pktcache_packet *k = slot(c, i);
        if (k->p == NULL || pool_of(c, k->n) != pool_of(c, n))
            continue;
        p = k->p;
        c->whole = MAX_OF(c->whole, i + 1);
        *k = (struct pktcache_packet){0};
    }
    return p;
}

const struct pktcache_packet *pktcache_put(struct pktcache *c, int64_t seq, int64_t at_us,
                                           const uint8_t *p, size_t n)
{
    uint16_t at_ms = (uint16_t)(at_us / 1000);
    struct pktcache_packet *k = slot(c, seq);
    if (seq < 0 || c->newest - seq > c->mask || pktcache_get(c, seq) != NULL)
        return NULL;
    expire(c, seq, at_ms);
    uint8_t *to = n <= PKTCACHE_LARGE ? slab(c, n) : NULL;
    if (to == NULL) {
        c->dropped++;
        c->whole = MAX_OF(c->whole, seq + 1);
        return NULL;
    }
    c->oldest = c->oldest > c->newest ? seq : MIN_OF(c->oldest, seq);
    c->newest = MAX_OF(c->newest, seq);
    memcpy(to, p, n);
    *k = (struct pktcache_packet){.p = to, .seq = (uint32_t)seq, .n = (uint16_t)n, .at_ms = at_ms};
    return k;
}
