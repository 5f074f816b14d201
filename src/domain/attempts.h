/* How often somebody may guess: passwords and recovery codes. Delays grow with each failure and are
 * forgotten after an hour. Three things are counted, so that nobody can be locked out by somebody else:
 *
 *   pair     one name from one address: what a guesser meets first
 *   address  all names from one address
 *   name     one name from anywhere: against guessing from many addresses
 *
 * The last two only slow who is not known: an address that this person signed in from before meets
 * only the pair's delay. Names that nobody has are counted like all others. Pure: no clock. */
#ifndef MADANG_DOMAIN_ATTEMPTS_H
#define MADANG_DOMAIN_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/str.h"

struct attempts {
    struct hmap counts;
    struct list order; /* by last use */
    struct hash_key key;
    bool changed; /* something that attempts_save gives out */
};

/* Who tries: the hash of the address's network (0: not known, never slowed by it), and the key of
 * the name or any other text that stands for the account. */
struct attempt {
    uint64_t addr;
    struct str name;
    bool kept; /* the name's failures outlive a restart */
};

/* A name's failures, over a restart: by its keyed hash, since people type their passwords into the wrong field. */
struct attempt_kept {
    uint64_t name;
    uint32_t failures;
    int64_t ago_us; /* when the last one was */
};

/* What was saved is known again where the key is the same. */
void attempts_init(struct attempts *a, const struct hash_key *key);
void attempts_free(struct attempts *a);

/* How long this one has to wait, in milliseconds; 0: it may try now. known: the address is one that the
 * account was used from. */
int64_t attempts_wait(struct attempts *a, int64_t now_us, const struct attempt *who, bool known);
/* It tries: counts as a failure until attempts_good, so that guesses at the same time count, too. */
void attempts_begin(struct attempts *a, int64_t now_us, const struct attempt *who);
/* It was right: the pair is forgotten, the others lose this one. */
void attempts_good(struct attempts *a, const struct attempt *who);
/* It was neither right nor wrong (a full queue): as if it had not been. */
void attempts_undo(struct attempts *a, const struct attempt *who);

/* The names that were tried so often that a restart should not forgive it, the last one first. How many. */
size_t attempts_save(struct attempts *a, int64_t now_us, struct attempt_kept *out, size_t max);
/* One of them again, in the order in which they were saved. */
void attempts_load(struct attempts *a, int64_t now_us, const struct attempt_kept *kept);

#endif
