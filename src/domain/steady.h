/* A wall clock that jumps is not believed at once. The steady time follows the wall clock while the two are less
 * than a day apart. After a jump of more it goes on from where it was, at the pace of the monotonic clock, and takes
 * the wall clock's word only when that has run for a day without another jump. What ends by itself (sign-ins, links,
 * tokens) and what deletes by age (retention, leftovers) goes by it: a clock that says 2099 for a minute, or 1970
 * after a power cut, ends and deletes nothing. Times that are shown and kept stay those of the wall clock, except
 * where that is more than a day behind what is known already. Pure: no clock. */
#ifndef MADANG_DOMAIN_STEADY_H
#define MADANG_DOMAIN_STEADY_H

#include <stdbool.h>
#include <stdint.h>

struct steady {
    int64_t at_us;    /* the steady time */
    int64_t wall_us;  /* the wall clock when it was looked at last, */
    int64_t now_us;   /* and the monotonic one */
    int64_t since_us; /* no jump since then (monotonic) */
    bool running;
};

/* What an earlier run of the program knew; 0: nothing. Before the first steady_run. */
void steady_known(struct steady *s, int64_t known_ms);
/* Both clocks now. */
void steady_run(struct steady *s, int64_t now_us, int64_t wall_ms);
/* In milliseconds. */
int64_t steady_ms(const struct steady *s);
/* What to put under messages: the wall clock, unless that is far behind. */
int64_t steady_stamp_ms(const struct steady *s);

#endif
