/* JSON out of bytes that strangers sent, also when memory runs out. jansson does not check everywhere
 * whether its buffer could grow (a string whose end was lost is read on past its memory), so an
 * allocation that fails leaves the parse at once, and what it had allocated is given back. */
#ifndef MADANG_EDGE_WEB_JSON_MEM_H
#define MADANG_EDGE_WEB_JSON_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Once for the process, before anything is parsed: allocation by base/mem.h, a random seed for the
 * tables. */
void json_mem_init(void);
/* A json_t * (json_decref gives it back), or NULL: not JSON, a key that occurs twice, or, with
 * *no_memory, no memory. */
void *json_mem_load(const char *p, size_t n, bool *no_memory);

#endif
