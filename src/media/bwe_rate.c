#include "media/bwe_rate.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

/* ---- Acknowledged ---- */

enum {
    WINDOW_US = 150000, /* a sample */
    GAP_US = 1000000    /* after nothing for so long, it begins anew */
};

void bwe_acked_init(struct bwe_acked *a)
{
    memset(a, 0, sizeof *a);
}

static void take_sample(struct bwe_acked *a, double bps)
{
    double sum = 0;
    memmove(a->samples + 1, a->samples, sizeof a->samples - sizeof *a->samples);
    a->samples[0] = bps;
    a->n = MIN_OF(a->n + 1, (unsigned)BWE_ACKED);
    for (unsigned i = 0; i < a->n; i++)
        sum += a->samples[i];
    a->newest = a->n < 2 ? bps : (bps + a->samples[1]) / 2;
    a->bps = a->n < 2 ? 0 : sum / a->n;
}

void bwe_acked_packet(struct bwe_acked *a, int64_t at_us, unsigned size)
{
    if (!a->begun || at_us - a->last_us > GAP_US || a->last_us - at_us > GAP_US) {
        a->begun = true;
        a->n = 0;
        a->begin_us = a->last_us = at_us;
        a->bytes = 0;
    }
    if (at_us - a->begin_us >= WINDOW_US) {
        take_sample(a, 8e6 * a->bytes / (double)(at_us - a->begin_us));
        a->bytes = 0;
        a->begin_us = at_us;
    }
    a->bytes += size;
    a->last_us = MAX_OF(a->last_us, at_us);
}

/* ---- The rate ---- */

enum {
    LOWER_MIN_US = 10000, /* between two steps down: a round trip, in these bounds */
    LOWER_MAX_US = 200000,
    STEP_MAX_US = 1000000
};
static const double BETA = 0.85, BETA_LIMITED = 0.7;
static const double FAST = 1.08, SLOW_MIN_BPS = 4000; /* each second */
static const double AHEAD = 1.5, AHEAD_BPS = 10000;   /* of what was acknowledged */
static const double LINK_ALPHA = 0.05, PACKET_BITS = 9600, FRAMES = 30;

void bwe_rate_init(struct bwe_rate *r, double bps)
{
    memset(r, 0, sizeof *r);
    r->bps = bps;
}

static double link_spread(const struct bwe_rate *r)
{
    return 3 * sqrt(r->link_variance * r->link_kbps);
}

static void learn_link(struct bwe_rate *r, double kbps)
{
    if (r->link_kbps <= 0) {
        r->link_kbps = kbps;
        r->link_variance = 0.4;
        return;
    }
    r->link_kbps += LINK_ALPHA * (kbps - r->link_kbps);
    double norm = fmax(r->link_kbps, 1), error = kbps - r->link_kbps;
    r->link_variance += LINK_ALPHA * (error * error / norm - r->link_variance);
    r->link_variance = fmin(fmax(r->link_variance, 0.4), 2.5);
}

/* A packet for each time that it takes to see what it did. */
static double slow_growth(const struct bwe_rate *r, int64_t rtt_us)
{
    double frame = r->bps / FRAMES, packets = ceil(frame / PACKET_BITS);
    double response_s = (double)rtt_us / 1e6 + 0.1;
    return fmax(frame / packets / response_s, SLOW_MIN_BPS);
}

static void raise_rate(struct bwe_rate *r, int64_t now_us, double acked_bps, int64_t rtt_us,
                       bool limited)
{
    double s = (double)MIN_OF(now_us - r->changed_us, STEP_MAX_US) / 1e6;
    if (r->link_kbps > 0 && acked_bps / 1000 > r->link_kbps + link_spread(r))
        r->link_kbps = 0; /* it has become another link */
    double bps = r->link_kbps > 0 ? r->bps + slow_growth(r, rtt_us) * s : r->bps * pow(FAST, s);
    /* Whoever sends little learns nothing of more. */
    double most = limited || acked_bps <= 0 ? r->bps : AHEAD * acked_bps + AHEAD_BPS;
    if (bps > most)
        bps = fmax(most, r->bps);
    r->bps = bps;
}

static bool lower_rate(struct bwe_rate *r, int64_t now_us, double acked_bps, int64_t rtt_us,
                       bool limited)
{
    int64_t wait = MIN_OF(MAX_OF(rtt_us, LOWER_MIN_US), LOWER_MAX_US);
    if (r->lowered && now_us - r->lowered_us < wait && acked_bps > r->bps / 2)
        return false;
    double to = BETA * (acked_bps > 0 ? acked_bps : r->bps);
    if (to > r->bps && r->link_kbps > 0)
        to = BETA * r->link_kbps * 1000;
    if (limited)
        to = fmax(to, BETA_LIMITED * r->bps);
    if (r->link_kbps > 0 && fabs(acked_bps / 1000 - r->link_kbps) > link_spread(r))
        r->link_kbps = 0;
    if (acked_bps > 0 && !limited)
        learn_link(r, acked_bps / 1000);
    r->hold = r->lowered = true;
    r->lowered_us = now_us;
    bool lower = to < r->bps;
    r->bps = fmin(r->bps, to);
    return lower;
}

bool bwe_rate_update(struct bwe_rate *r, int64_t now_us, enum bwe_usage usage, double acked_bps,
                     int64_t rtt_us, bool limited)
{
    bool lowered = false;
    if (r->changed_us == 0)
        r->changed_us = now_us;
    if (usage == BWE_OVERUSE)
        lowered = lower_rate(r, now_us, acked_bps, rtt_us, limited);
    else if (usage == BWE_UNDERUSE)
        r->hold = true; /* until the queue is empty */
    else if (r->hold)
        r->hold = false;
    else
        raise_rate(r, now_us, acked_bps, rtt_us, limited);
    r->changed_us = now_us;
    return lowered;
}

void bwe_rate_set(struct bwe_rate *r, int64_t now_us, double bps)
{
    r->bps = bps;
    r->changed_us = now_us;
    if (r->link_kbps > 0 && bps / 1000 > r->link_kbps + link_spread(r))
        r->link_kbps = 0;
}
