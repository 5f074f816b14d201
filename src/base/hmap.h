/* Intrusive hash table: the object embeds a struct hnode; the caller hashes (siphash24 with a
 * random key for anything that strangers choose) and compares keys. Equal hashes may occur many
 * times. Load at most 1; the table grows and shrinks when something is inserted, never when
 * something is removed, so that an iteration may remove the node it stands on (or any other that
 * it has not fetched yet). Iteration order depends only on hashes and the order of operations:
 * replays repeat it. */
#ifndef MADANG_BASE_HMAP_H
#define MADANG_BASE_HMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

struct hnode {
    struct hnode *next;
    uint64_t hash;
};

struct hmap {
    struct hnode **slots; /* NULL until the first insert */
    size_t n_slots;       /* 0 or a power of two */
    size_t n;             /* nodes in it */
};

/* An empty map without memory; the same as all zeros. */
void hmap_init(struct hmap *m);
/* Frees the table; the nodes are the caller's (empty it first or drop them all). */
void hmap_free(struct hmap *m);

/* The node must be in no map. Aborts when memory is gone (control plane). */
void hmap_insert(struct hmap *m, struct hnode *node, uint64_t hash);
/* The node must be in m. */
void hmap_remove(struct hmap *m, struct hnode *node);
/* Gives memory back now, for maps that were big once; not during an iteration. */
void hmap_shrink(struct hmap *m);

/* The first node with that hash or NULL; compare its key, then go on with hmap_next_same. */
struct hnode *hmap_first(const struct hmap *m, uint64_t hash);
struct hnode *hmap_next_same(const struct hnode *node);

/* for (struct hnode *it = hmap_begin(m); it; it = hmap_next(m, it)): nothing may be changed.
 * HMAP_FOREACH_SAFE allows to remove `it`. */
struct hnode *hmap_begin(const struct hmap *m);
struct hnode *hmap_next(const struct hmap *m, const struct hnode *node);

#define HMAP_FOREACH(it, m) for (struct hnode *it = hmap_begin(m); it; it = hmap_next(m, it))
#define HMAP_FOREACH_SAFE(it, m)                                                                   \
    for (struct hnode *it = hmap_begin(m), *it##_next; it && (it##_next = hmap_next(m, it), true); \
         it = it##_next)

#endif
