#include "line.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/util.h"

#define MILLION UINT64_C(1000000)

void line_init(struct line *l, uint64_t seed)
{
    uint8_t bytes[RNG_SEED_SIZE] = {0};
    uint64_t le = htole64(seed);
    memset(l, 0, sizeof *l);
    memcpy(bytes, &le, sizeof le);
    rng_init(&l->rng, bytes);
    l->packets = xcalloc(LINE_HELD_MAX, sizeof *l->packets);
    for (int i = LINE_HELD_MAX - 1; i >= 0; i--) {
        l->packets[i].next_free = l->free;
        l->free = &l->packets[i];
    }
}

void line_free(struct line *l)
{
    heap_free(&l->out);
    xfree(l->packets);
}

static bool chance(struct line *l, uint32_t share)
{
    return share > 0 && rng_below(&l->rng, MILLION) < share;
}

/* Gilbert: within a burst everything is lost, it ends with 1 / length, and begins as often as gives the share. */
static bool in_burst(struct line *l)
{
    const struct line_set *s = &l->set;
    if (s->burst == 0) {
        l->bad = false;
        return false;
    }
    uint64_t ends = MILLION / s->burst_len;
    uint64_t begins = ends * s->burst / (MILLION - s->burst);
    uint64_t dice = rng_below(&l->rng, MILLION);
    l->bad = l->bad ? dice >= ends : dice < begins;
    return l->bad;
}

static bool is_lost(struct line *l)
{
    /* Both are asked each time, so that the same seed has the same bursts whatever else is set. */
    bool burst = in_burst(l), lost = chance(l, l->set.loss);
    if (l->set.cut)
        l->counts.cut++;
    else if (burst)
        l->counts.burst++;
    else if (lost)
        l->counts.lost++;
    else
        return false;
    return true;
}

/* When the slow link has sent it; -1 when its queue is full. */
static int64_t through_link(struct line *l, int64_t now_us, uint32_t size)
{
    const struct line_set *s = &l->set;
    if (s->rate_bps == 0)
        return now_us;
    int64_t begins = l->free_us > now_us ? l->free_us : now_us, wait = begins - now_us;
    int64_t limit = s->queue_us ? s->queue_us : LINE_QUEUE_US;
    if (wait > limit ||
        (s->queue_bytes && wait * s->rate_bps / 8 / US_PER_S + size > s->queue_bytes))
        return -1;
    if (wait > l->counts.waited_max_us)
        l->counts.waited_max_us = wait;
    l->free_us = begins + (int64_t)size * 8 * US_PER_S / s->rate_bps;
    return l->free_us;
}

static int64_t jitter(struct line *l, int64_t now_us)
{
    const struct line_set *s = &l->set;
    if (s->jitter_us == 0)
        return 0;
    if (s->jitter_overtakes || now_us >= l->jitter_until_us) {
        l->jitter_now_us = (int64_t)rng_below(&l->rng, (uint64_t)s->jitter_us * 2 + 1) -
                           s->jitter_us;
        l->jitter_until_us = now_us + LINE_JITTER_US;
    }
    return l->jitter_now_us;
}

/* The way behind the link: when what enters it at `at_us` arrives. */
static int64_t along_way(struct line *l, int64_t at_us)
{
    const struct line_set *s = &l->set;
    int64_t wait = s->delay_us + jitter(l, at_us), arrives = at_us + (wait > 0 ? wait : 0);
    if (chance(l, s->reorder)) {
        l->counts.reordered++;
        return arrives + s->detour_us;
    }
    /* Of two at the same time the heap might give the second one first. */
    if (!s->jitter_overtakes && arrives <= l->last_us)
        arrives = l->last_us + 1;
    l->last_us = arrives;
    return arrives;
}

struct line_packet *line_put(struct line *l, int64_t now_us, uint32_t size)
{
    l->counts.packets++;
    l->counts.bytes += size;
    if (is_lost(l))
        return NULL;
    if (!l->free) {
        l->counts.full++;
        return NULL;
    }
    int64_t sent = through_link(l, now_us, size);
    if (sent < 0) {
        l->counts.queue++;
        return NULL;
    }
    struct line_packet *p = l->free;
    l->free = p->next_free;
    *p = (struct line_packet){.size = size, .twice = chance(l, l->set.twice)};
    heap_set(&l->out, &p->out, along_way(l, sent));
    return p;
}

struct line_packet *line_take(struct line *l, int64_t now_us)
{
    struct timer *t = heap_pop_due(&l->out, now_us);
    if (!t)
        return NULL;
    struct line_packet *p = container_of(t, struct line_packet, out);
    l->counts.passed++;
    l->counts.passed_bytes += p->size;
    l->counts.twice += p->twice;
    return p;
}

void line_done(struct line *l, struct line_packet *p)
{
    p->next_free = l->free;
    l->free = p;
}

int64_t line_deadline(const struct line *l)
{
    return heap_next_at(&l->out);
}

void line_report(const struct line *l, struct buf *out)
{
    const struct line_counts *c = &l->counts;
    buf_putf(out, "{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64, c->packets, c->bytes);
    buf_putf(out, ",\"lost\":%" PRIu64 ",\"burst\":%" PRIu64, c->lost, c->burst);
    buf_putf(out, ",\"queue\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"full\":%" PRIu64, c->queue, c->cut,
             c->full);
    buf_putf(out, ",\"reordered\":%" PRIu64 ",\"twice\":%" PRIu64, c->reordered, c->twice);
    buf_putf(out, ",\"passed\":%" PRIu64 ",\"passedBytes\":%" PRIu64, c->passed, c->passed_bytes);
    buf_putf(out, ",\"waitedMaxMs\":%" PRId64 "}", c->waited_max_us / US_PER_MS);
}
