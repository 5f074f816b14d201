/* Token buckets in eight bytes each: the generic cell rate algorithm keeps only the time at which the
 * bucket would be full again. */
#ifndef MADANG_DOMAIN_RATELIMIT_H
#define MADANG_DOMAIN_RATELIMIT_H

#include <stdint.h>

#include "domain/domain.h"

/* Takes one token out of the bucket *full_at (0 at the start). 0: taken; otherwise nothing is taken
 * and the result says in how many milliseconds (at least 1) there will be one. */
int64_t ratelimit_take(int64_t *full_at, const struct domain_rate *rate, int64_t now_us);

#endif
