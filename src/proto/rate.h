/*
 * How often somebody may have something: token buckets in a table of fixed size, found by a hash of
 * who it is. Whoever is not in the table takes the fullest bucket of those that it may have, with
 * what is left in it (an owner with a full one has lost nothing): a flood of made-up names gets no
 * more than the whole table allows. No clock, no memory after the start.
 */
#ifndef MADANG_PROTO_RATE_H
#define MADANG_PROTO_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct rate_conf {
    int64_t every_us; /* one in that time, > 0 */
    unsigned burst;   /* and so many at once, > 0 */
    unsigned table;   /* buckets, rounded up to a power of two; 24 bytes each */
};

struct rate;

struct rate *rate_new(const struct rate_conf *conf);
void rate_free(struct rate *r);
/* As new. */
void rate_reset(struct rate *r);
/* After so long without use every bucket is full again. */
int64_t rate_full_us(const struct rate *r);

/* who is a hash with a random key, so that nobody can aim at somebody else's bucket. rate_has says
 * whether there is one; rate_take takes it. */
bool rate_has(const struct rate *r, int64_t now_us, uint64_t who);
bool rate_take(struct rate *r, int64_t now_us, uint64_t who);
/* The name of an address: IPv6 by its /64, no port. */
uint64_t rate_of_addr(const struct hash_key *key, const struct addr *a);

#endif
