/*
 * Counts connections in all and per address, against caps. Shared by all threads, because a
 * connection that the doorman has counted may end on a worker; guarded by a mutex that is taken
 * once when a connection begins and once when it ends. IPv4 counts by address, IPv6 by /64, and
 * v4-mapped as IPv4.
 */
#ifndef MADANG_IO_CENSUS_H
#define MADANG_IO_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct census;
enum census_answer { CENSUS_OK, CENSUS_TOTAL, CENSUS_ADDR };

/* max_per_addr: 0 = as many as in all. */
struct census *census_new(unsigned max_total, unsigned max_per_addr);
void census_free(struct census *c);
enum census_answer census_enter(struct census *c, const struct addr *a);
void census_leave(struct census *c, const struct addr *a);
unsigned census_total(struct census *c);
unsigned census_of(struct census *c, const struct addr *a);

#endif
