/*
 * Memory for what lives briefly: frames on their way to clients, and the rings that hold them. Kept
 * apart from what lives as long as a connection, so that after a burst its pages come back to the
 * system instead of staying half empty under long-lived neighbours (measured: docs/benchmarks.md).
 * Blocks come from 64 kB slabs of one size each; an empty slab is given back by brief_trim() or, beyond
 * 16 MB of empty ones, at once. One set of slabs for each thread: memory is given back by the thread
 * that took it. Large blocks come from malloc.
 */
#ifndef MADANG_BASE_BRIEF_H
#define MADANG_BASE_BRIEF_H

#include <stddef.h>

/* n bytes, aligned to 16, never NULL: aborts when memory is gone, as xmalloc does. */
void *brief_alloc(size_t n);
/* n must be what was asked for. NULL is fine. */
void brief_free(void *p, size_t n);

/* Gives empty slabs back that are kept for the next block; now and then, when it is quiet. */
void brief_trim(void);

/* What this thread holds of slabs, in bytes; for tests. */
size_t brief_held(void);

#endif
