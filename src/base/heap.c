#include "base/heap.h"

#include "base/mem.h"

void heap_init(struct heap *h)
{
    *h = (struct heap){0};
}

void heap_free(struct heap *h)
{
    for (uint32_t i = 0; i < h->n; i++)
        h->v[i]->pos = 0;
    xfree(h->v);
    heap_init(h);
}

/* Places are 1-based here: parent of i is i / 2, children 2i and 2i + 1; v[i - 1] holds place i. */
static void place(struct heap *h, struct timer *t, uint32_t i)
{
    h->v[i - 1] = t;
    t->pos = i;
}

static void sift_up(struct heap *h, struct timer *t, uint32_t i)
{
    while (i > 1 && t->at < h->v[i / 2 - 1]->at) {
        place(h, h->v[i / 2 - 1], i);
        i /= 2;
    }
    place(h, t, i);
}

static void sift_down(struct heap *h, struct timer *t, uint32_t i)
{
    while (i <= h->n / 2) {
        uint32_t child = i * 2;
        if (child < h->n && h->v[child]->at < h->v[child - 1]->at)
            child++;
        if (h->v[child - 1]->at >= t->at)
            break;
        place(h, h->v[child - 1], i);
        i = child;
    }
    place(h, t, i);
}

static void settle(struct heap *h, struct timer *t, uint32_t i)
{
    if (i > 1 && t->at < h->v[i / 2 - 1]->at)
        sift_up(h, t, i);
    else
        sift_down(h, t, i);
}

void heap_set(struct heap *h, struct timer *t, int64_t at)
{
    t->at = at;
    if (t->pos) {
        settle(h, t, t->pos);
        return;
    }
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->v = xrealloc_array(h->v, h->cap, sizeof h->v[0]);
    }
    h->n++;
    sift_up(h, t, h->n);
}

void heap_del(struct heap *h, struct timer *t)
{
    uint32_t i = t->pos;
    if (!i)
        return;
    struct timer *last = h->v[h->n - 1];
    h->n--;
    t->pos = 0;
    if (last != t)
        settle(h, last, i);
}

struct timer *heap_top(const struct heap *h)
{
    return h->n ? h->v[0] : NULL;
}

struct timer *heap_pop(struct heap *h)
{
    struct timer *t = heap_top(h);
    if (t)
        heap_del(h, t);
    return t;
}

struct timer *heap_pop_due(struct heap *h, int64_t now)
{
    return heap_next_at(h) <= now && h->n ? heap_pop(h) : NULL;
}

int64_t heap_next_at(const struct heap *h)
{
    return h->n ? h->v[0]->at : INT64_MAX;
}
