#include "media/pacer.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/util.h"

enum {
    PAD_LEAST = 64,  /* bytes */
    PAD_MOST = 255,  /* RFC 3550 5.1 has one byte for the count */
    OWED_US = 250000 /* at most: sound may be more than there is room for */
};
static const double FACTOR = 2.5;

void pacer_init(struct pacer *p, int64_t now_us, const struct pacer_conf *conf)
{
    static const unsigned entries[PACER_CLASSES] = {32, 64, 256};
    memset(p, 0, sizeof *p);
    p->conf = *conf;
    p->conf.factor = conf->factor > 0 ? conf->factor : FACTOR;
    p->conf.gather_us = conf->gather_us > 0 ? conf->gather_us : 1000;
    p->conf.burst_us = conf->burst_us > 0 ? conf->burst_us : p->conf.gather_us;
    p->conf.longest_us = conf->longest_us > 0 ? conf->longest_us : 250000;
    p->now_us = p->train_us = now_us;
    p->bps = 300e3;
    for (unsigned c = 0; c < PACER_CLASSES; c++) {
        struct pacer_ring *r = &p->ring[c];
        r->cap = conf->entries[c] != 0 ? conf->entries[c] : entries[c];
        r->entries = xcalloc(r->cap, sizeof *r->entries);
    }
}

void pacer_free(struct pacer *p)
{
    for (unsigned c = 0; c < PACER_CLASSES; c++)
        xfree(p->ring[c].entries);
    memset(p->ring, 0, sizeof p->ring);
}

/* ---- Budget ---- */

static bool is_probing(const struct pacer *p)
{
    return p->cluster.id != BWE_PROBE_NONE;
}

static double pace(const struct pacer *p)
{
    return is_probing(p) ? p->cluster.bps : p->conf.factor * p->bps;
}

/* What was not used is good for one train; that of a probe has to keep its pace. */
static void count(struct pacer *p, int64_t now_us)
{
    int64_t us = now_us - p->now_us;
    if (us <= 0)
        return;
    int64_t burst = is_probing(p) ? p->conf.gather_us : p->conf.burst_us;
    double most = pace(p) * (double)burst / 8e6;
    p->budget = fmin(p->budget + pace(p) * (double)us / 8e6, most);
    p->now_us = now_us;
}

void pacer_set(struct pacer *p, int64_t now_us, double bps)
{
    count(p, now_us);
    p->bps = fmax(bps, 1);
}

void pacer_probe(struct pacer *p, int64_t now_us, const struct bwe_cluster *c)
{
    count(p, now_us);
    p->cluster = *c;
    p->cluster_bytes = 0;
    p->cluster_packets = 0;
    p->budget = 0; /* the cluster has its own pace from its first packet on */
}

int64_t pacer_takes_us(const struct pacer *p, uint32_t bytes)
{
    return (int64_t)(8e6 * bytes / (p->conf.factor * p->bps));
}

int64_t pacer_wait_us(const struct pacer *p)
{
    return pacer_takes_us(p, p->bytes);
}

/* ---- Queues ---- */

static struct pacer_entry *entry(const struct pacer_ring *r, uint32_t i)
{
    return &r->entries[(r->head + i) & (r->cap - 1)];
}

bool pacer_push(struct pacer *p, int64_t now_us, enum pacer_class c, const struct pacer_entry *e)
{
    struct pacer_ring *r = &p->ring[c];
    if (r->n == r->cap) {
        p->dropped++;
        p->late = p->late || c == PACER_PICTURE;
        return false;
    }
    struct pacer_entry *to = entry(r, r->n++);
    *to = *e;
    to->queued_us = (uint32_t)now_us;
    p->bytes += c == PACER_SOUND ? 0 : e->size;
    p->late = p->late || (c == PACER_PICTURE && pacer_wait_us(p) > p->conf.longest_us);
    return true;
}

static void take(struct pacer *p, enum pacer_class c, struct pacer_entry *out)
{
    struct pacer_ring *r = &p->ring[c];
    *out = *entry(r, 0);
    r->head = (r->head + 1) & (r->cap - 1);
    r->n--;
    p->bytes -= c == PACER_SOUND ? 0 : out->size;
    if (c == PACER_PICTURE && (uint32_t)p->now_us - out->queued_us > p->conf.longest_us)
        p->late = true; /* the pace has changed meanwhile */
}

bool pacer_late(struct pacer *p)
{
    bool late = p->late;
    p->late = false;
    return late;
}

unsigned pacer_drop(struct pacer *p, uint16_t sub)
{
    unsigned dropped = 0;
    for (unsigned c = PACER_AGAIN; c < PACER_CLASSES; c++) {
        struct pacer_ring *r = &p->ring[c];
        uint32_t kept = 0;
        for (uint32_t i = 0; i < r->n; i++) {
            const struct pacer_entry *e = entry(r, i);
            if (sub == e->sub || sub == UINT16_MAX)
                p->bytes -= e->size;
            else
                *entry(r, kept++) = *e;
        }
        dropped += r->n - kept;
        r->n = kept;
    }
    p->dropped += dropped;
    return dropped;
}

/* ---- Leaving ---- */

static void spend(struct pacer *p, unsigned size)
{
    p->budget -= size;
    p->train_us = p->now_us;
    if (!is_probing(p))
        return;
    p->cluster_bytes += size;
    p->cluster_packets++;
    if (p->cluster_packets >= p->cluster.packets && p->cluster_bytes >= p->cluster.bytes)
        p->cluster.id = BWE_PROBE_NONE;
}

static unsigned padding(const struct pacer *p)
{
    unsigned size = p->cluster.bytes / MAX_OF(p->cluster.packets, 1);
    return MIN_OF(MAX_OF(size, (unsigned)PAD_LEAST), (unsigned)PAD_MOST);
}

/* Sound costs, but it does not wait. */
static void spend_on_sound(struct pacer *p, unsigned size)
{
    p->budget = fmax(p->budget - size, -pace(p) * OWED_US / 8e6);
}

bool pacer_pass(struct pacer *p, int64_t now_us, enum pacer_class c, unsigned size,
                uint8_t *cluster)
{
    count(p, now_us);
    *cluster = BWE_PROBE_NONE;
    if (c == PACER_SOUND) {
        if (p->ring[PACER_SOUND].n > 0)
            return false;
        spend_on_sound(p, size);
        return true;
    }
    if (p->budget < 0 || !pacer_is_empty(p))
        return false;
    *cluster = p->cluster.id;
    spend(p, size);
    return true;
}

void pacer_spent_more(struct pacer *p, unsigned bytes)
{
    p->budget -= bytes;
    if (is_probing(p))
        p->cluster_bytes += bytes;
}

enum pacer_verdict pacer_pop(struct pacer *p, int64_t now_us, struct pacer_entry *out,
                             uint8_t *cluster)
{
    count(p, now_us);
    *cluster = BWE_PROBE_NONE;
    if (p->ring[PACER_SOUND].n > 0) {
        take(p, PACER_SOUND, out);
        spend_on_sound(p, out->size);
        return PACER_SEND;
    }
    if (p->budget < 0)
        return PACER_NOTHING;
    *cluster = p->cluster.id;
    for (enum pacer_class c = PACER_AGAIN; c < PACER_CLASSES; c++) {
        if (p->ring[c].n == 0)
            continue;
        take(p, c, out);
        spend(p, out->size);
        return PACER_SEND;
    }
    if (!is_probing(p))
        return PACER_NOTHING;
    *out = (struct pacer_entry){.size = (uint16_t)padding(p)};
    spend(p, out->size);
    return PACER_PAD;
}

int64_t pacer_deadline(const struct pacer *p)
{
    if (p->ring[PACER_SOUND].n > 0)
        return p->now_us;
    if (pacer_is_empty(p) && !is_probing(p))
        return INT64_MAX;
    if (p->budget >= 0)
        return p->now_us;
    int64_t at = p->now_us + (int64_t)ceil(-p->budget * 8e6 / pace(p));
    return MAX_OF(at, p->train_us + p->conf.gather_us);
}
