#include "base/pool.h"

#include "base/mem.h"
#include "base/util.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif
#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { POOL_ALIGN = 16, POOL_SLAB_BYTES = 64 * 1024 };

struct pool_item {
    struct pool_item *next;
};

struct pool_slab {
    struct pool_slab *next;
    char pad[POOL_ALIGN - sizeof(struct pool_slab *)];
    char objects[];
};

void pool_init(struct pool *p, size_t size, uint32_t cap)
{
    size_t rounded = (MAX_OF(size, 1) + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
    *p = (struct pool){.size = (uint32_t)rounded, .cap = cap};
}

void pool_free(struct pool *p)
{
    while (p->slabs) {
        struct pool_slab *slab = p->slabs;
        p->slabs = slab->next;
        xfree(slab);
    }
    p->free = NULL;
    p->made = 0;
    p->in_use = 0;
}

static void give(struct pool *p, struct pool_item *item)
{
    item->next = p->free;
    p->free = item;
    ASAN_POISON_MEMORY_REGION(item, p->size);
}

static void add_slab(struct pool *p)
{
    uint32_t n = MAX_OF(POOL_SLAB_BYTES / p->size, 1);
    n = MIN_OF(n, p->cap - p->made);
    struct pool_slab *slab = mem_try_alloc(sizeof *slab + (size_t)n * p->size);
    if (!slab)
        return;
    slab->next = p->slabs;
    p->slabs = slab;
    p->made += n;
    for (uint32_t i = n; i > 0; i--)
        give(p, (struct pool_item *)(void *)(slab->objects + (size_t)(i - 1) * p->size));
}

void *pool_get(struct pool *p)
{
    if (!p->free && p->made < p->cap)
        add_slab(p);
    struct pool_item *item = p->free;
    if (!item)
        return NULL;
    ASAN_UNPOISON_MEMORY_REGION(item, p->size);
    p->free = item->next;
    p->in_use++;
    return item;
}

void pool_put(struct pool *p, void *object)
{
    if (!object)
        return;
    give(p, object);
    p->in_use--;
}
