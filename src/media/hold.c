#include "media/hold.h"

#include "base/util.h"

enum {
    FEW = 5,      /* thousandths: a freeze now and then is better than a delay all the time */
    MANY = 80,    /* what is sent again is lost again too often */
    GAP_MS = 40,  /* until the next packets show what is missing */
    MORE_MS = 20, /* what receivers and pacers take for a round, beyond the way itself */
    STEP_MS = 20, /* less is no change */
    FALL_US = 10000000,
    UNIT_MS = 10,
    MOST = 1000 /* units: ten seconds */
};

unsigned hold_need_ms(unsigned lost, int64_t rtt_us)
{
    unsigned rounds = lost > MANY ? 2 : 1;
    if (lost < FEW)
        return 0;
    return (unsigned)MIN_OF(GAP_MS + rounds * (rtt_us / 1000 + MORE_MS), (int64_t)HOLD_MAX_MS);
}

void hold_update(struct hold *h, int64_t now_us, unsigned need_ms)
{
    unsigned need = MIN_OF(need_ms, (unsigned)HOLD_MAX_MS);
    bool rises = need > h->ms + (h->ms > 0 ? STEP_MS : 0u);
    if (rises || need + STEP_MS >= h->ms)
        h->at_us = now_us;
    if (rises || now_us - h->at_us > FALL_US)
        h->ms = (uint16_t)need;
    h->told = h->told || h->ms > 0;
}

void hold_write(const struct hold *h, uint8_t out[HOLD_SIZE])
{
    unsigned least = (h->ms + UNIT_MS - 1) / UNIT_MS;
    out[0] = (uint8_t)(least >> 4);
    out[1] = (uint8_t)((least & 15) << 4 | MOST >> 8);
    out[2] = (uint8_t)(MOST & 255);
}
