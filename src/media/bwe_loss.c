#include "media/bwe_loss.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

enum {
    SEEN_US = 250000,  /* an observation lasts at least so long, ... */
    SEEN_PACKETS = 20, /* ... and is about so many */
    SEEN_LEAST = 4     /* fewer observations limit nothing */
};
/* Losses that happen anyway: what is tried. Beyond, it is taken for too much, whatever the rate. */
static const double ANYWAY[] = {0,    0.005, 0.01, 0.02, 0.035, 0.05, 0.07,
                                0.10, 0.13,  0.16, 0.20, 0.25,  0.30};
static const double AGE = 0.95; /* the weight of an observation when the next one comes */
static const double ANYWAY_COST =
    30; /* in nats, for all: above some 10 % less is tried now and then */
static const double CONTRADICTION = 2; /* in nats: 7 to 1 */
/* That a link should carry just what is sent, although that is far less than the estimate, takes better proof. */
static const double CONTRADICTION_LIMITED = 6;
static const double UP = 1.04;     /* for each observation */
static const double UP_FREE = 1.2; /* when nothing is lost */
static const double FOUND = 1.5;   /* at most, of what a probe has shown */
static const double FEW = 0.01;    /* fewer are nobody's concern, and are not looked at */

void bwe_loss_init(struct bwe_loss *l)
{
    memset(l, 0, sizeof *l);
}

void bwe_loss_reset(struct bwe_loss *l)
{
    double cap = l->cap_bps;
    bwe_loss_init(l);
    l->cap_bps = cap;
}

void bwe_loss_packet(struct bwe_loss *l, int64_t now_us, int64_t sent_us, unsigned size, bool lost)
{
    if (l->sent == 0) {
        l->begun_us = now_us;
        l->first_us = l->last_us = sent_us;
    }
    l->sent++;
    l->lost += lost;
    l->bytes += size;
    l->first_us = MIN_OF(l->first_us, sent_us);
    l->last_us = MAX_OF(l->last_us, sent_us);
}

void bwe_loss_undo(struct bwe_loss *l)
{
    struct bwe_loss_seen *last = &l->seen[(l->next + BWE_LOSS_WINDOW - 1) % BWE_LOSS_WINDOW];
    if (l->lost > 0)
        l->lost--;
    else if (l->n > 0 && last->lost > 0)
        last->lost--;
}

double bwe_loss_share(const struct bwe_loss *l)
{
    double sent = l->sent, lost = l->lost;
    for (unsigned i = 0; i < l->n; i++) {
        sent += l->seen[i].sent;
        lost += l->seen[i].lost;
    }
    return sent > 0 ? lost / sent : 0;
}

double bwe_loss_now(const struct bwe_loss *l)
{
    const struct bwe_loss_seen *last = &l->seen[(l->next + BWE_LOSS_WINDOW - 1) % BWE_LOSS_WINDOW];
    double sent = l->sent, lost = l->lost;
    if (l->n > 0) {
        sent += last->sent;
        lost += last->lost;
    }
    return sent > 0 ? lost / sent : 0;
}

/* log of the likelihood of what was seen, if the capacity is c and a share is lost anyway. */
static double likelihood(const struct bwe_loss *l, double c, double anyway)
{
    double sum = -ANYWAY_COST * anyway, weight = 1;
    for (unsigned i = 1; i <= l->n; i++, weight *= AGE) {
        const struct bwe_loss_seen *s = &l->seen[(l->next + BWE_LOSS_WINDOW - i) % BWE_LOSS_WINDOW];
        double p = 1 - (1 - anyway) * fmin(1, c / s->bps);
        p = fmin(fmax(p, 0.001), 0.999);
        sum += weight * (s->lost * log(p) + (s->sent - s->lost) * log(1 - p));
    }
    return sum;
}

static double best_likelihood(const struct bwe_loss *l, double c, double *anyway)
{
    double best = -INFINITY;
    for (unsigned i = 0; i < ARRAY_LEN(ANYWAY); i++) {
        double score = likelihood(l, c, ANYWAY[i]);
        if (score > best)
            *anyway = ANYWAY[i];
        best = fmax(best, score);
    }
    return best;
}

/* The highest capacity that what was seen does not contradict. */
static void estimate(struct bwe_loss *l, double bps, double acked_bps, bool limited)
{
    static const double steps[] = {1, 0.95, 0.9, 0.8, 0.7};
    double from = l->cap_bps > 0 ? fmin(l->cap_bps * UP, bps) : bps;
    double c[1 + ARRAY_LEN(steps)], score[ARRAY_LEN(c)], anyway[ARRAY_LEN(c)], best = -INFINITY;
    unsigned n = 0;
    if (bwe_loss_share(l) < FEW) {
        from = l->cap_bps > 0 ? fmin(l->cap_bps * UP_FREE, bps) : bps;
        l->cap_bps = from >= bps ? 0 : from;
        l->anyway = 0;
        return;
    }
    for (unsigned i = 0; i < ARRAY_LEN(steps); i++)
        c[n++] = from * steps[i];
    if (acked_bps > 0 && acked_bps < c[n - 1])
        c[n++] = acked_bps;
    for (unsigned i = 0; i < n; i++) {
        score[i] = best_likelihood(l, c[i], &anyway[i]);
        best = fmax(best, score[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (score[i] < best - (limited ? CONTRADICTION_LIMITED : CONTRADICTION))
            continue;
        l->anyway = anyway[i];
        l->cap_bps = i == 0 && c[0] >= bps ? 0 : c[i];
        return;
    }
}

void bwe_loss_update(struct bwe_loss *l, int64_t now_us, double bps, double acked_bps, bool limited)
{
    if (l->sent < SEEN_PACKETS || now_us - l->begun_us < SEEN_US || l->last_us <= l->first_us)
        return;
    l->seen[l->next] =
        (struct bwe_loss_seen){.bps = fmax(8e6 * l->bytes / (double)(l->last_us - l->first_us), 1),
                               .sent = l->sent,
                               .lost = l->lost};
    l->next = (l->next + 1) % BWE_LOSS_WINDOW;
    l->n = MIN_OF(l->n + 1, (unsigned)BWE_LOSS_WINDOW);
    l->sent = l->lost = l->bytes = 0;
    if (l->n >= SEEN_LEAST || l->cap_bps > 0)
        estimate(l, bps, acked_bps, limited);
}

void bwe_loss_found(struct bwe_loss *l, double bps)
{
    if (l->cap_bps > 0)
        l->cap_bps = fmax(l->cap_bps, fmin(bps, FOUND * l->cap_bps));
}
