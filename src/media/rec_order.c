#include "media/rec_order.h"

#include <string.h>

#include "base/mem.h"

static struct rec_packet *slot(struct rec_order *o, int64_t seq)
{
    return &o->slots[(uint64_t)seq & (REC_ORDER_SLOTS - 1)];
}

/* What is next has come. */
static void take(struct rec_order *o, unsigned lost, rec_order_fn *fn, void *ctx)
{
    struct rec_packet *k = slot(o, o->next);
    uint8_t *owned = (uint8_t *)(uintptr_t)k->p;
    o->since_us = k->at_us;
    fn(ctx, k, lost);
    k->p = NULL;
    xfree(owned);
    o->waiting--;
    o->next++;
}

/* Whatever has come behind it without a gap. */
static void release(struct rec_order *o, rec_order_fn *fn, void *ctx)
{
    while (o->waiting > 0 && slot(o, o->next)->p != NULL)
        take(o, 0, fn, ctx);
}

/* The numbers up to the first one that is there are lost. */
static void give_up(struct rec_order *o, rec_order_fn *fn, void *ctx)
{
    unsigned lost = 0;
    while (slot(o, o->next)->p == NULL) {
        o->next++;
        lost++;
    }
    o->lost += lost;
    take(o, lost, fn, ctx);
    release(o, fn, ctx);
}

static void keep(struct rec_order *o, const struct rec_packet *p)
{
    if (o->slots == NULL)
        o->slots = xcalloc(REC_ORDER_SLOTS, sizeof *o->slots);
    struct rec_packet *k = slot(o, p->seq);
    if (k->p != NULL)
        return; /* came twice */
    uint8_t *owned = xmalloc(p->n);
    if (p->n > 0)
        memcpy(owned, p->p, p->n);
    *k = *p;
    k->p = owned;
    if (o->waiting++ == 0)
        o->since_us = p->at_us;
}

void rec_order_put(struct rec_order *o, const struct rec_packet *p, rec_order_fn *fn, void *ctx)
{
    if (!o->begun) {
        o->begun = true;
        o->next = p->seq;
    }
    while (o->waiting > 0 && p->seq - o->next >= REC_ORDER_SLOTS)
        give_up(o, fn, ctx);
    if (p->seq < o->next) {
        o->late++;
    } else if (p->seq - o->next >= REC_ORDER_SLOTS) {
        unsigned lost = (unsigned)(p->seq - o->next);
        o->lost += lost;
        o->next = p->seq + 1;
        fn(ctx, p, lost);
    } else if (p->seq > o->next) {
        keep(o, p);
    } else {
        o->next++;
        fn(ctx, p, 0);
        release(o, fn, ctx);
    }
    rec_order_tick(o, p->at_us, fn, ctx);
}

void rec_order_tick(struct rec_order *o, int64_t now_us, rec_order_fn *fn, void *ctx)
{
    while (o->waiting > 0 && now_us - o->since_us > REC_ORDER_WAIT_US)
        give_up(o, fn, ctx);
}

void rec_order_flush(struct rec_order *o, rec_order_fn *fn, void *ctx)
{
    while (o->waiting > 0)
        give_up(o, fn, ctx);
    o->begun = false;
}

void rec_order_free(struct rec_order *o)
{
    for (unsigned i = 0; o->slots != NULL && i < REC_ORDER_SLOTS; i++)
        xfree((uint8_t *)(uintptr_t)o->slots[i].p);
    xfree(o->slots);
    *o = (struct rec_order){0};
}
