/*
 * How long a receiver should hold pictures back before it shows them, so that what was lost on the way is there again in
 * time. Browsers find out for themselves how much packets jitter, but pictures that had to be asked for they leave out of
 * that, and who only receives does not know its round trip: it shows such a picture late, together with those behind it,
 * of which all but the last are seen by nobody. Who sends knows both, and says it by the playout delay extension. Pure.
 */
#ifndef MADANG_MEDIA_HOLD_H
#define MADANG_MEDIA_HOLD_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HOLD_MAX_MS = 800,
    HOLD_SIZE = 3 /* bytes of the extension's value */
};

struct hold {
    uint16_t ms; /* now */
    bool
        told; /* it was more than nothing at some time, so that it has to be told whenever it changes */
    int64_t at_us; /* when so much was last needed */
};

/* For a way that loses so many thousandths of its packets and takes so long for a question and its answer. */
unsigned hold_need_ms(unsigned lost, int64_t rtt_us);
/* Rises at once, and falls when less has been needed for some time. */
void hold_update(struct hold *h, int64_t now_us, unsigned need_ms);
/* The extension: at least that, and no limit that would make a receiver hurry. */
void hold_write(const struct hold *h, uint8_t out[HOLD_SIZE]);

#endif
