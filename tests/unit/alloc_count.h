/*
 * How much memory this program has taken: every allocation of every library is counted, with and without sanitizers.
 * For one .c file of a test.
 */
#ifndef MADANG_TESTS_ALLOC_COUNT_H
#define MADANG_TESTS_ALLOC_COUNT_H

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t alloc_calls; /* so far */
static int64_t alloc_bytes;  /* in use */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOC_HOOKS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOC_HOOKS 1
#endif

#ifdef ALLOC_HOOKS

/* Of all sanitizers; not every compiler brings the header. */
int __sanitizer_install_malloc_and_free_hooks(void (*took)(const volatile void *, size_t),
                                              void (*gave)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static void alloc_took(const volatile void *p, size_t n)
{
    (void)p;
    alloc_calls++;
    alloc_bytes += (int64_t)n;
}

static void alloc_gave(const volatile void *p)
{
    alloc_bytes -= (int64_t)__sanitizer_get_allocated_size(p);
}

static inline void alloc_begin(void)
{
    __sanitizer_install_malloc_and_free_hooks(alloc_took, alloc_gave);
}

#else

/* glibc's own, under the names that it keeps for this. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static inline void *alloc_took(void *p)
{
    alloc_calls++;
    alloc_bytes += p != NULL ? (int64_t)malloc_usable_size(p) : 0;
    return p;
}

void *malloc(size_t n)
{
    return alloc_took(__libc_malloc(n));
}

void *calloc(size_t count, size_t n)
{
    return alloc_took(__libc_calloc(count, n));
}

void *realloc(void *p, size_t n)
{
    alloc_bytes -= p != NULL ? (int64_t)malloc_usable_size(p) : 0;
    return alloc_took(__libc_realloc(p, n));
}

void free(void *p)
{
    alloc_bytes -= p != NULL ? (int64_t)malloc_usable_size(p) : 0;
    __libc_free(p);
}

static inline void alloc_begin(void)
{
}

#endif
#endif
