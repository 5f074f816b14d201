#include "edge/web/outbox.h"

#include <string.h>

#include "base/brief.h"

enum { RING_FIRST = 8 };

const struct outbox_limits outbox_limits_default = {
    .unsent_bytes = 1u << 20,
    .unsent_count = 4096,
    .replay_bytes = 256u << 10,
    .replay_count = 1000,
    .kept_bytes = 2u << 20,
    .kept_count = 8192,
};

void outbox_init(struct outbox *o, const struct outbox_limits *limits)
{
    memset(o, 0, sizeof *o);
    o->limits = limits != NULL ? limits : &outbox_limits_default;
}

static struct frame *frame_at(const struct outbox *o, uint32_t i)
{
    return o->ring[(o->first + i) & (o->size - 1)];
}

/* Forgets the oldest n frames, which must have been sent. */
static void forget(struct outbox *o, uint32_t n)
{
    for (; n > 0; n--) {
        struct frame *f = o->ring[o->first];

        o->first = (o->first + 1) & (o->size - 1);
        o->bytes -= f->len;
        o->sent_bytes -= f->len;
        o->count--;
        o->sent--;
        o->acked++;
        frame_unref(f);
    }
    if (o->count == 0 && o->ring != NULL) {
        brief_free(o->ring, o->size * sizeof(struct frame *));
        o->ring = NULL;
        o->size = 0;
        o->first = 0;
    }
}

void outbox_free(struct outbox *o)
{
    o->sent = o->count;
    o->sent_bytes = o->bytes;
    forget(o, o->count);
}

static void grow(struct outbox *o)
{
    uint32_t size = o->size != 0 ? o->size * 2 : RING_FIRST;
    struct frame **ring = brief_alloc(size * sizeof(struct frame *));

    for (uint32_t i = 0; i < o->count; i++)
        ring[i] = frame_at(o, i);
    brief_free(o->ring, o->size * sizeof(struct frame *));
    o->ring = ring;
    o->size = size;
    o->first = 0;
}

/* A busy client acknowledges long before this; a silent one loses the means to resume from the
 * beginning, but not its connection. The newest stays: the caller is just sending it. */
static void trim_replay(struct outbox *o)
{
    while (o->sent > 1 &&
           (o->sent_bytes > o->limits->replay_bytes || o->sent > o->limits->replay_count))
        forget(o, 1);
}

enum outbox_result outbox_push(struct outbox *o, struct frame *f)
{
    const struct outbox_limits *l = o->limits;

    if (o->count >= l->kept_count || f->len > l->kept_bytes - o->bytes)
        return OUTBOX_FULL;
    if (o->count == o->size)
        grow(o);
    o->ring[(o->first + o->count) & (o->size - 1)] = frame_ref(f);
    o->count++;
    o->bytes += f->len;
    if (o->pipe == NULL)
        return OUTBOX_OK;
    /* Who gets more at once than may wait for others (a large room's history, say) isn't slow for it. */
    if (f->len > l->unsent_bytes)
        o->grace_bytes += f->len;
    if (o->bytes - o->sent_bytes > l->unsent_bytes + o->grace_bytes ||
        o->count - o->sent > l->unsent_count + o->grace_count)
        return OUTBOX_SLOW;
    return OUTBOX_OK;
}

static uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

struct frame *outbox_next(struct outbox *o, uint64_t *seq)
{
    struct frame *f;

    if (o->sent == o->count)
        return NULL;
    f = frame_at(o, o->sent);
    o->sent++;
    o->sent_bytes += f->len;
    *seq = o->acked + o->sent;
    o->grace_bytes = min32(o->grace_bytes, o->bytes - o->sent_bytes);
    o->grace_count = min32(o->grace_count, o->count - o->sent);
    trim_replay(o);
    return f;
}

enum outbox_result outbox_acked(struct outbox *o, uint64_t seq)
{
    if (seq > outbox_sent_seq(o))
        return OUTBOX_BAD;
    if (seq > o->acked)
        forget(o, (uint32_t)(seq - o->acked));
    return OUTBOX_OK;
}

enum outbox_result outbox_rewind(struct outbox *o, uint64_t seq)
{
    if (seq < o->acked)
        return OUTBOX_GONE;
    if (seq > outbox_sent_seq(o))
        return OUTBOX_BAD;
    outbox_acked(o, seq);
    o->sent = 0;
    o->sent_bytes = 0;
    o->grace_bytes = o->bytes;
    o->grace_count = o->count;
    return OUTBOX_OK;
}
