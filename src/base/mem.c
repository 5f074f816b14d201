#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t fail_at;
static _Thread_local uint64_t tries;

static _Noreturn void out_of_memory(size_t n)
{
    fprintf(stderr, "madang: out of memory (%zu bytes wanted)\n", n);
    abort();
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory(n);
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        out_of_memory(count * size);
    return p;
}

void *xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        out_of_memory(n);
    return q;
}

void *xrealloc_array(void *p, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        out_of_memory(SIZE_MAX);
    return xrealloc(p, n);
}

char *xstrdup(const char *z)
{
    size_t n = strlen(z) + 1;
    return memcpy(xmalloc(n), z, n);
}

void xfree(void *p)
{
    free(p);
}

static int must_fail(void)
{
    tries++;
    return fail_at != 0 && tries == fail_at;
}

void *mem_try_alloc(size_t n)
{
    return must_fail() ? NULL : malloc(n ? n : 1);
}

void *mem_try_realloc(void *p, size_t n)
{
    return must_fail() ? NULL : realloc(p, n ? n : 1);
}

void mem_fail_at(uint64_t n)
{
    fail_at = n;
    tries = 0;
}

uint64_t mem_try_count(void)
{
    return tries;
}
