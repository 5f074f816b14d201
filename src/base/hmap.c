#include "base/hmap.h"

#include <string.h>

#include "base/mem.h"

enum { MIN_SLOTS = 8 };

void hmap_init(struct hmap *m)
{
    *m = (struct hmap){0};
}

void hmap_free(struct hmap *m)
{
    xfree(m->slots);
    hmap_init(m);
}

/* Callers may use hashes with poor low bits (counters): mix by Fibonacci's multiplier. */
static size_t slot_of(const struct hmap *m, uint64_t hash)
{
    return (size_t)((hash * 0x9E3779B97F4A7C15u) >> 32) & (m->n_slots - 1);
}

static void resize(struct hmap *m, size_t n_slots)
{
    struct hmap to = {xcalloc(n_slots, sizeof(struct hnode *)), n_slots, m->n};
    for (size_t i = 0; i < m->n_slots; i++) {
        struct hnode *node = m->slots[i];
        while (node) {
            struct hnode *next = node->next;
            struct hnode **slot = &to.slots[slot_of(&to, node->hash)];
            node->next = *slot;
            *slot = node;
            node = next;
        }
    }
    xfree(m->slots);
    *m = to;
}

static size_t fitting_slots(size_t n)
{
    size_t slots = MIN_SLOTS;
    while (slots < n)
        slots *= 2;
    return slots;
}

void hmap_insert(struct hmap *m, struct hnode *node, uint64_t hash)
{
    if (m->n >= m->n_slots || (m->n_slots > MIN_SLOTS && m->n < m->n_slots / 8))
        resize(m, fitting_slots(m->n * 2));
    struct hnode **slot = &m->slots[slot_of(m, hash)];
    node->hash = hash;
    node->next = *slot;
    *slot = node;
    m->n++;
}

void hmap_remove(struct hmap *m, struct hnode *node)
{
    if (m->n == 0)
        return;
    struct hnode **at = &m->slots[slot_of(m, node->hash)];
    while (*at && *at != node)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = node->next;
    node->next = NULL;
    m->n--;
}

void hmap_shrink(struct hmap *m)
{
    if (m->n == 0)
        hmap_free(m);
    else if (fitting_slots(m->n) < m->n_slots)
        resize(m, fitting_slots(m->n));
}

static struct hnode *with_hash(struct hnode *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct hnode *hmap_first(const struct hmap *m, uint64_t hash)
{
    return m->n == 0 ? NULL : with_hash(m->slots[slot_of(m, hash)], hash);
}

struct hnode *hmap_next_same(const struct hnode *node)
{
    return with_hash(node->next, node->hash);
}

static struct hnode *first_from(const struct hmap *m, size_t slot)
{
    for (; slot < m->n_slots; slot++)
        if (m->slots[slot])
            return m->slots[slot];
    return NULL;
}

struct hnode *hmap_begin(const struct hmap *m)
{
    return m->n == 0 ? NULL : first_from(m, 0);
}

struct hnode *hmap_next(const struct hmap *m, const struct hnode *node)
{
    return node->next ? node->next : first_from(m, slot_of(m, node->hash) + 1);
}
