/* Objects of one size from slabs, with a cap: what a thread may hold of one kind. Getting and
 * putting are a few instructions and no malloc once the slabs exist; slabs are made on demand and
 * given back only by pool_free. Under ASan an object that was put back is poisoned. */
#ifndef MADANG_BASE_POOL_H
#define MADANG_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool_slab;
struct pool_item;

struct pool {
    struct pool_item *free;
    struct pool_slab *slabs;
    uint32_t size;   /* of one object, rounded up to 16 */
    uint32_t cap;    /* objects at most */
    uint32_t made;   /* objects in slabs, in use or free */
    uint32_t in_use; /* objects handed out */
};

/* For at most cap objects of size bytes; takes no memory yet. */
void pool_init(struct pool *p, size_t size, uint32_t cap);
/* Frees all slabs, whether their objects came back or not. */
void pool_free(struct pool *p);
/* An object with undefined content, aligned to 16; NULL at the cap or when memory is gone. */
void *pool_get(struct pool *p);
/* Gives it back; NULL is fine. */
void pool_put(struct pool *p, void *object);

#endif
