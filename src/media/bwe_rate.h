/*
 * The rate that delay allows: what the receiver has acknowledged in a second, and on it an estimate that grows
 * while no queue does, and goes below the acknowledged rate when one does (draft-ietf-rmcat-gcc-02 5.5:
 * AIMD). Pure; flat structs.
 */
#ifndef MADANG_MEDIA_BWE_RATE_H
#define MADANG_MEDIA_BWE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/bwe_trend.h"

enum { BWE_ACKED = 4 };

/* The acknowledged rate, by the receiver's clock. */
struct bwe_acked {
    double bps;    /* of the last 600 ms; 0: unknown */
    double newest; /* of the last 300 ms: of a link that is busy what it carries now */
    double samples[BWE_ACKED];
    unsigned n;
    int64_t begin_us, last_us;
    uint32_t bytes;
    bool begun;
};

void bwe_acked_init(struct bwe_acked *a);
/* A packet that came. */
void bwe_acked_packet(struct bwe_acked *a, int64_t at_us, unsigned size);

struct bwe_rate {
    double bps;
    /* What the capacity was when a queue grew: mean, and mean square deviation as a share of it. 0: unknown. */
    double link_kbps, link_variance;
    int64_t changed_us, lowered_us;
    bool hold, lowered;
};

void bwe_rate_init(struct bwe_rate *r, double bps);
/* acked_bps: 0 = unknown; limited: less is sent than might be. true: it was lowered. */
bool bwe_rate_update(struct bwe_rate *r, int64_t now_us, enum bwe_usage usage, double acked_bps,
                     int64_t rtt_us, bool limited);
/* A probe has shown that so much goes through. */
void bwe_rate_set(struct bwe_rate *r, int64_t now_us, double bps);

#endif
