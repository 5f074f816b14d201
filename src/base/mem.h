/* Memory. The control plane allocates with the x functions: when memory is gone they say so on
 * stderr and abort, since half a state is worse than a restart. Parsers and everything else that
 * grows with what a stranger sends use the try functions, which return NULL, and give up that one
 * input. Tests make any one try-allocation of the calling thread fail. */
#ifndef MADANG_BASE_MEM_H
#define MADANG_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* n bytes, never NULL (n = 0 gives a pointer that can be freed). Contents undefined. */
void *xmalloc(size_t n);
/* count * size bytes of zeros; an overflow of the product counts as out of memory. */
void *xcalloc(size_t count, size_t size);
/* Moves p (may be NULL) to n bytes. The old pointer is gone. */
void *xrealloc(void *p, size_t n);
/* As xrealloc for count * size bytes, with the overflow check. */
void *xrealloc_array(void *p, size_t count, size_t size);
/* A copy of the string z. */
char *xstrdup(const char *z);
/* Frees what any function here returned; NULL is fine. */
void xfree(void *p);

/* n bytes or NULL. */
void *mem_try_alloc(size_t n);
/* Moves p (may be NULL) to n bytes; on NULL the old block is untouched and still owned by the
 * caller. */
void *mem_try_realloc(void *p, size_t n);

/* Test hook, per thread: the n-th try-allocation from now on fails (1 = the next one), once.
 * 0 turns it off. Starts the count of mem_try_count again. */
void mem_fail_at(uint64_t n);
/* Try-allocations of this thread since the last mem_fail_at. */
uint64_t mem_try_count(void);

#endif
