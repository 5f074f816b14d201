/* Deadlines: a binary heap of timers that are embedded in their objects. The earliest is on top;
 * which of two equal ones comes first depends only on the order of operations. */
#ifndef MADANG_BASE_HEAP_H
#define MADANG_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

struct timer {
    int64_t at;   /* microseconds, monotonic */
    uint32_t pos; /* 1-based place in the heap, 0: not set */
};

struct heap {
    struct timer **v;
    uint32_t n;
    uint32_t cap;
};

/* An empty heap without memory; the same as all zeros. A timer of zeros is a timer not set. */
void heap_init(struct heap *h);
/* Frees the heap's memory; timers still in it are marked as not set. */
void heap_free(struct heap *h);

/* Sets the timer to `at`, or moves it there. A timer belongs to one heap. */
void heap_set(struct heap *h, struct timer *t, int64_t at);
/* Takes it out; harmless when it is not set. */
void heap_del(struct heap *h, struct timer *t);
/* The earliest, or NULL; heap_pop also takes it out. */
struct timer *heap_top(const struct heap *h);
struct timer *heap_pop(struct heap *h);
/* Takes out the earliest if its time has come (at <= now), else NULL. */
struct timer *heap_pop_due(struct heap *h, int64_t now);
/* When the earliest is due; INT64_MAX when there is none. */
int64_t heap_next_at(const struct heap *h);

static inline bool timer_is_set(const struct timer *t)
{
    return t->pos != 0;
}

#endif
