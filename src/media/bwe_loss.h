/*
 * What losses say about the capacity of the way to the receiver. A wireless link loses packets whatever is sent;
 * a full one loses what is too much. Both are one model: of what is sent at a rate r, a share i is lost anyway,
 * and of the rest whatever exceeds the capacity c: p = 1 - (1 - i) min(1, c / r). The last observations are
 * compared with it for some capacities; the highest one that they do not contradict is the estimate. So 5 or 20 %
 * of random loss cost nothing, while losses that grow with the rate limit it. Pure; a flat struct.
 */
#ifndef MADANG_MEDIA_BWE_LOSS_H
#define MADANG_MEDIA_BWE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

enum { BWE_LOSS_WINDOW = 24 };

struct bwe_loss_seen {
    double bps; /* at which they were sent */
    uint32_t sent, lost;
};

struct bwe_loss {
    struct bwe_loss_seen seen[BWE_LOSS_WINDOW]; /* a ring */
    unsigned n, next;
    /* Since the last one. */
    uint32_t sent, lost, bytes;
    int64_t first_us, last_us; /* sent */
    int64_t begun_us;
    double cap_bps; /* 0: losses limit nothing */
    double anyway;  /* the share that is lost whatever is sent */
};

void bwe_loss_init(struct bwe_loss *l);
/* The fate of a packet, about in order of sending. */
void bwe_loss_packet(struct bwe_loss *l, int64_t now_us, int64_t sent_us, unsigned size, bool lost);
/* One that was taken for lost has come after all. */
void bwe_loss_undo(struct bwe_loss *l);
/* What happened until now was an outage, and says nothing of the capacity. */
void bwe_loss_reset(struct bwe_loss *l);
/* After feedback: estimate and acknowledged rate as they are; cap_bps is what losses allow. limited: much less is sent than
 * the estimate. */
void bwe_loss_update(struct bwe_loss *l, int64_t now_us, double bps, double acked_bps,
                     bool limited);
/* A probe has shown that more than cap_bps gets through. */
void bwe_loss_found(struct bwe_loss *l, double bps);
/* Of the last observation, and of what has come since. */
double bwe_loss_now(const struct bwe_loss *l);
/* The share that was lost in the observations that are kept. */
double bwe_loss_share(const struct bwe_loss *l);

#endif
