/*
 * How long the handshakes of a worker may go on in one round of its loop. Media comes first, so it is little; but where
 * rounds take long, since there is more media than can be carried, it is a part of that: else whoever comes then waits
 * for one round after the other, and finds no handshake.
 */
#ifndef MADANG_APP_SHAKE_TURN_H
#define MADANG_APP_SHAKE_TURN_H

#include <stdint.h>

enum {
    SHAKE_TURN_US = 1000, /* of a round, whatever else is to be done */
    SHAKE_TURN_PART = 10, /* ... or so much of it: a tenth */
    SHAKE_TURN_MAX_US = 50000
};

/* took_us: the last round, with its handshakes. */
static inline int64_t shake_turn_us(int64_t took_us)
{
    int64_t part = took_us / SHAKE_TURN_PART;
    part = part < SHAKE_TURN_MAX_US ? part : SHAKE_TURN_MAX_US;
    return part > SHAKE_TURN_US ? part : SHAKE_TURN_US;
}

#endif
