#include "base/brief.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/util.h"

enum { SLAB = 65536, SMALLEST = 64, CLASSES = 8, LARGEST = SMALLEST << (CLASSES - 1) };
/* Empty slabs of any size that wait for their next use: under load, giving each one back at once cost
 * an eighth of relaying a description in page faults. */
enum { SPARE_MAX = 256 };

/* Lies at the start of its 64 kB, so that a block's slab is found by its address. */
struct slab {
    struct list link;         /* in brief.open while it has room */
    void *free;               /* blocks that were given back, linked through their first bytes */
    uint32_t used, untouched; /* blocks handed out; blocks never handed out, at the end */
    uint32_t size, cap;
};

struct brief {
    struct list open[CLASSES];
    struct slab *spare[SPARE_MAX];
    unsigned n_spare;
    size_t held;
};

static _Thread_local struct brief brief;

#if defined(__SANITIZE_ADDRESS__)
#define PLAIN 1 /* each block by itself, so that misuse is found */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLAIN 1
#endif
#endif
#ifndef PLAIN
#define PLAIN 0
#endif

static unsigned class_of(size_t n)
{
    unsigned c = 0;
    while (((size_t)SMALLEST << c) < n) {
        c++;
    }
    return c;
}

/* mmap aligns to pages: take twice as much and give the ends back. */
static struct slab *slab_map(void)
{
    uint8_t *p = mmap(NULL, 2 * SLAB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return xmalloc(SIZE_MAX); /* says what is wrong, and aborts */
    }
    size_t before = (SLAB - (uintptr_t)p % SLAB) % SLAB;
    if (before > 0) {
        munmap(p, before);
    }
    munmap(p + before + SLAB, SLAB - before);
    brief.held += SLAB;
    return (struct slab *)(void *)(p + before);
}

static struct slab *slab_new(unsigned class)
{
    struct slab *s = brief.n_spare > 0 ? brief.spare[--brief.n_spare] : slab_map();
    s->size = (uint32_t)SMALLEST << class;
    s->cap = s->untouched = (SLAB - SMALLEST) / s->size;
    s->used = 0;
    s->free = NULL;
    list_push_front(&brief.open[class], &s->link);
    return s;
}

static void slab_unmap(struct slab *s)
{
    munmap(s, SLAB);
    brief.held -= SLAB;
}

/* It is empty, and other sizes may have it. */
static void slab_retire(struct slab *s)
{
    list_del(&s->link);
    if (brief.n_spare < SPARE_MAX) {
        brief.spare[brief.n_spare++] = s;
    } else {
        slab_unmap(s);
    }
}

static struct slab *slab_open(unsigned class)
{
    struct list *open = &brief.open[class];
    if (!open->next) {
        list_init(open);
    }
    struct list *first = list_first(open);
    return first ? container_of(first, struct slab, link) : slab_new(class);
}

void *brief_alloc(size_t n)
{
    if (PLAIN || n > LARGEST) {
        return xmalloc(n);
    }
    struct slab *s = slab_open(class_of(n));
    void *p = s->free;
    if (p) {
        s->free = *(void **)p;
    } else {
        p = (uint8_t *)s + SMALLEST + (size_t)(s->cap - s->untouched) * s->size;
        s->untouched--;
    }
    if (++s->used == s->cap) {
        list_del(&s->link);
    }
    return p;
}

void brief_free(void *p, size_t n)
{
    if (!p) {
        return;
    }
    if (PLAIN || n > LARGEST) {
        xfree(p);
        return;
    }
    struct slab *s = (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB - 1));
    if (s->used-- == s->cap) {
        list_push_back(&brief.open[class_of(n)], &s->link);
    }
    *(void **)p = s->free;
    s->free = p;
    struct list *open = &brief.open[class_of(n)];
    if (s->used == 0 && list_first(open) != list_last(open)) {
        slab_retire(s); /* the last one stays until brief_trim: messages come and go one by one */
    }
}

void brief_trim(void)
{
    for (unsigned c = 0; c < CLASSES; c++) {
        struct list *open = &brief.open[c];
        struct list *last = open->next ? list_last(open) : NULL;
        struct slab *s = last ? container_of(last, struct slab, link) : NULL;
        if (s && s->used == 0) {
            slab_retire(s);
        }
    }
    while (brief.n_spare > 0) {
        slab_unmap(brief.spare[--brief.n_spare]);
    }
}

size_t brief_held(void)
{
    return brief.held;
}
