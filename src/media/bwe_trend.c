#include "media/bwe_trend.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

enum {
    GROUP_US = 5000,        /* sent within: one group */
    BURST_US = 5000,        /* arrivals that were held up together follow each other within, ... */
    BURST_MAX_US = 100000,  /* ... and are one group for at most so long */
    STRANGE_US = 3000000,   /* clocks do not differ by so much between two groups */
    DELTAS_MAX = 60,        /* with that many the slope counts in full */
    THRESHOLD_GAP_MS = 100, /* the threshold moves at most as in so long */
    QUEUE_POINTS = 10,      /* none of which is fast, when there is a queue, ... */
    LONG_POINTS = 4,        /* ... or, when it is longer than LONG_MS, none of these */
    LEAST_US = 10000000     /* the least delay is remembered for one to two of these */
};
static const double SMOOTHING = 0.9, GAIN = 4, K_UP = 0.0087, K_DOWN = 0.039;
static const double THRESHOLD = 12.5, THRESHOLD_MIN = 6, THRESHOLD_MAX = 600, OUTLIER = 15;
static const double OVERUSE_MS = 10;
static const double QUEUE_MS = 8; /* less is none */
/* Jitter is learnt fast, but much slower than a queue grows, and forgotten slowly. */
static const double NOISE_UP_MS = 500, NOISE_DOWN_MS = 30000, NOISE_MAX_MS = 100, NOISE_ROOM = 1.5;
static const double LONG_MS = 80, STEADY_MS = 15;

void bwe_trend_init(struct bwe_trend *t)
{
    memset(t, 0, sizeof *t);
    t->threshold = THRESHOLD;
}

void bwe_trend_reset(struct bwe_trend *t)
{
    double threshold = t->threshold, noise_ms = t->noise_ms;
    bwe_trend_init(t);
    t->threshold = threshold;
    t->noise_ms = noise_ms;
}

/* ---- The threshold ---- */

/* Follows the slope slowly upwards and fast downwards; what is far outside is a step of the route. */
static void adapt(struct bwe_trend *t, double slope, int64_t at_us)
{
    double size = fabs(slope);
    double ms = t->threshold_us == 0 ? 0 : (double)(at_us - t->threshold_us) / 1000;
    t->threshold_us = at_us;
    if (size > t->threshold + OUTLIER || ms <= 0)
        return;
    double k = size < t->threshold ? K_DOWN : K_UP;
    t->threshold += k * (size - t->threshold) * MIN_OF(ms, THRESHOLD_GAP_MS);
    t->threshold = fmin(fmax(t->threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}

static double least_of(const struct bwe_trend *t, unsigned points)
{
    double least = INFINITY;
    for (unsigned i = 1; i <= MIN_OF(t->n, points); i++)
        least = fmin(least, t->raw_ms[(t->next + BWE_TREND_WINDOW - i) % BWE_TREND_WINDOW]);
    return least - fmin(t->least_ms, t->least_before_ms);
}

/* At 25 frames a second points are rare; what is beyond all jitter needs fewer of them. */
double bwe_trend_queue_ms(const struct bwe_trend *t)
{
    double few = t->n == 0 ? 0 : least_of(t, LONG_POINTS);
    return few < LONG_MS ? fmin(few, least_of(t, QUEUE_POINTS)) : few;
}

void bwe_trend_learn(struct bwe_trend *t, double ms)
{
    double more = fmin(bwe_trend_queue_ms(t), NOISE_MAX_MS) - t->noise_ms;
    t->noise_ms += more * (1 - exp(-ms / (more > 0 ? NOISE_UP_MS : NOISE_DOWN_MS)));
}

bool bwe_trend_is_steady(const struct bwe_trend *t)
{
    double least = INFINITY, most = -INFINITY;
    for (unsigned i = 0; i < t->n; i++) {
        least = fmin(least, t->raw_ms[i]);
        most = fmax(most, t->raw_ms[i]);
    }
    return t->n == BWE_TREND_WINDOW && most - least < STEADY_MS;
}

void bwe_trend_settle(struct bwe_trend *t)
{
    t->least_ms = t->least_before_ms = INFINITY;
    for (unsigned i = 0; i < t->n; i++)
        t->least_ms = fmin(t->least_ms, t->raw_ms[i]);
}

static void detect(struct bwe_trend *t, double slope, double sent_ms, int64_t at_us)
{
    bool queue = bwe_trend_queue_ms(t) > fmax(QUEUE_MS, NOISE_ROOM * t->noise_ms);
    if (slope > t->threshold && queue) {
        /* Until now it may have been so for half of the time between two groups. */
        t->over_ms += t->overs == 0 ? sent_ms / 2 : sent_ms;
        t->overs++;
        if (t->over_ms > OVERUSE_MS && t->overs > 1 && slope >= t->slope) {
            t->over_ms = 0;
            t->overs = 0;
            t->usage = BWE_OVERUSE;
        }
    } else {
        t->over_ms = 0;
        t->overs = 0;
        t->usage = slope < -t->threshold && queue ? BWE_UNDERUSE : BWE_NORMAL;
    }
    t->slope = slope;
    adapt(t, slope, at_us);
}

/* ---- The line ---- */

/* Least squares: milliseconds of delay for each millisecond. */
static double fit(const struct bwe_trend *t)
{
    double x = 0, y = 0, up = 0, down = 0;
    for (unsigned i = 0; i < t->n; i++) {
        x += t->at_ms[i];
        y += t->delay_ms[i];
    }
    x /= t->n;
    y /= t->n;
    for (unsigned i = 0; i < t->n; i++) {
        up += (t->at_ms[i] - x) * (t->delay_ms[i] - y);
        down += (t->at_ms[i] - x) * (t->at_ms[i] - x);
    }
    return down > 0 ? up / down : 0;
}

static void note_least(struct bwe_trend *t, double delay_ms, int64_t at_us)
{
    if (t->deltas == 0)
        t->least_ms = t->least_before_ms = delay_ms;
    if (t->deltas == 0 || at_us - t->least_us >= LEAST_US) {
        t->least_before_ms = t->least_ms;
        t->least_ms = delay_ms;
        t->least_us = at_us;
    }
    t->least_ms = fmin(t->least_ms, delay_ms);
}

/* Delays are measured from the first group on, so the clocks do not matter. */
static void add_point(struct bwe_trend *t, double sent_ms)
{
    int64_t at_us = t->group.at_us;
    if (t->deltas == 0) {
        t->begin_us = at_us;
        t->begin_sent_us = t->group.sent_us;
    }
    double delay_ms = (double)(at_us - t->begin_us - (t->group.sent_us - t->begin_sent_us)) / 1000;
    note_least(t, delay_ms, at_us);
    t->deltas = MIN_OF(t->deltas + 1, (unsigned)DELTAS_MAX);
    t->smooth_ms = SMOOTHING * t->smooth_ms + (1 - SMOOTHING) * delay_ms;
    t->at_ms[t->next] = (double)(at_us - t->begin_us) / 1000;
    t->delay_ms[t->next] = t->smooth_ms;
    t->raw_ms[t->next] = delay_ms;
    t->next = (t->next + 1) % BWE_TREND_WINDOW;
    t->n = MIN_OF(t->n + 1, (unsigned)BWE_TREND_WINDOW);
    if (t->n == BWE_TREND_WINDOW)
        detect(t, fit(t) * t->deltas * GAIN, sent_ms, at_us);
}

/* ---- Groups ---- */

/* Packets that a link has held up, and then let go at once, are no queue that grows. */
static bool is_burst(const struct bwe_group *g, int64_t sent_us, int64_t at_us)
{
    int64_t gap = at_us - g->at_us;
    return gap - (sent_us - g->sent_us) < 0 && gap <= BURST_US && gap >= -BURST_US &&
           at_us - g->first_at_us < BURST_MAX_US;
}

static void compare(struct bwe_trend *t)
{
    const struct bwe_group *g = &t->group, *b = &t->before;
    int64_t sent = g->sent_us - b->sent_us, at = g->at_us - b->at_us;
    if (at - sent > STRANGE_US || sent - at > STRANGE_US) {
        bwe_trend_reset(t);
        return;
    }
    if (at >= 0) /* else the groups have overtaken each other: nothing is learnt from that */
        add_point(t, (double)sent / 1000);
}

void bwe_trend_packet(struct bwe_trend *t, int64_t sent_us, int64_t at_us)
{
    struct bwe_group *g = &t->group;
    if (g->there && sent_us < g->first_sent_us)
        return;
    if (g->there && (sent_us - g->first_sent_us <= GROUP_US || is_burst(g, sent_us, at_us))) {
        g->sent_us = MAX_OF(g->sent_us, sent_us);
        g->at_us = MAX_OF(g->at_us, at_us);
        return;
    }
    if (g->there && t->before.there)
        compare(t);
    if (g->there)
        t->before = *g;
    t->group = (struct bwe_group){sent_us, sent_us, at_us, at_us, true};
}
