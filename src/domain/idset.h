/* A small set of ids: sorted, searched by halves. For what one person has in tens or hundreds: whom they
 * blocked, their favourites. All zeros is empty. */
#ifndef MADANG_DOMAIN_IDSET_H
#define MADANG_DOMAIN_IDSET_H

#include <stdbool.h>
#include <stdint.h>

struct idset {
    uint64_t *v; /* ascending */
    uint32_t n;
    uint32_t cap;
};

bool idset_has(const struct idset *s, uint64_t id);
/* Whether that changed anything. */
bool idset_add(struct idset *s, uint64_t id);
bool idset_remove(struct idset *s, uint64_t id);
/* Empties it and gives its memory back. */
void idset_free(struct idset *s);

#endif
