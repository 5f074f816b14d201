#include "base/count.h"

#include <inttypes.h>
#include <string.h>

#include "base/util.h"

enum { LOOPS_MAX = 128 };

struct row {
    const char *name;
    const char *labels;
    const char *help;
    enum count_type type;
};

static const struct row rows[COUNT_N] = {
#define X(sym, name, labels, type, help) {name, labels, help, COUNT_TYPE_##type},
    COUNT_TABLE(X)
#undef X
};

static const int64_t bounds_us[HIST_N - 1] = HIST_BOUNDS;

void hist_observe(struct hist *h, int64_t us)
{
    size_t i = 0;
    while (i < HIST_N - 1 && us > bounds_us[i])
        i++;
    uint64_t n = atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
    atomic_store_explicit(&h->bucket[i], n + 1, memory_order_relaxed);
    uint64_t sum = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
    atomic_store_explicit(&h->sum_us, sum + (us > 0 ? (uint64_t)us : 0), memory_order_relaxed);
}

uint64_t count_sum(const struct counts *const *threads, size_t n, enum count which)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += count_get(threads[i], which);
    return sum;
}

static void print_row(struct buf *b, size_t i, uint64_t v)
{
    const struct row *r = &rows[i];
    if (i == 0 || strcmp(r->name, rows[i - 1].name) != 0)
        buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", r->name, r->help, r->name,
                 r->type == COUNT_TYPE_GAUGE ? "gauge" : "counter");
    buf_puts(b, r->name);
    if (r->labels[0])
        buf_putf(b, "{%s}", r->labels);
    buf_putf(b, " %" PRIu64 "\n", v);
}

void hist_print(struct buf *b, const char *name, const char *help, const struct hist *const *h,
                size_t n)
{
    uint64_t sum_us = 0, seen = 0;
    buf_putf(b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    for (size_t i = 0; i < HIST_N; i++) {
        for (size_t t = 0; t < n; t++)
            seen += atomic_load_explicit(&h[t]->bucket[i], memory_order_relaxed);
        if (i < HIST_N - 1)
            buf_putf(b, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)bounds_us[i] / 1e6,
                     seen);
        else
            buf_putf(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, seen);
    }
    for (size_t t = 0; t < n; t++)
        sum_us += atomic_load_explicit(&h[t]->sum_us, memory_order_relaxed);
    buf_putf(b, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)sum_us / 1e6, name, seen);
}

static void print_loop(struct buf *b, const struct counts *const *threads, size_t n)
{
    const struct hist *loops[LOOPS_MAX];
    n = MIN_OF(n, (size_t)LOOPS_MAX);
    for (size_t t = 0; t < n; t++)
        loops[t] = &threads[t]->loop;
    hist_print(b, "madang_loop_round_seconds", "Work of one loop round", loops, n);
}

void count_print(struct buf *b, const struct counts *const *threads, size_t n)
{
    for (size_t i = 0; i < COUNT_N; i++)
        print_row(b, i, count_sum(threads, n, (enum count)i));
    print_loop(b, threads, n);
}

const char *count_name(enum count which)
{
    return rows[which].name;
}

const char *count_labels(enum count which)
{
    return rows[which].labels;
}
