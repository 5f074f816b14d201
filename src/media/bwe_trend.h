/*
 * Is a queue growing on the way to the receiver? The delay-based detector of congestion: packets are taken
 * together that were sent within 5 ms, and how much later (or earlier) each of these groups came than the one before
 * is added up, smoothed, and fitted by a line; its slope is compared with a threshold that adapts itself, so that a
 * link with jitter is not taken for a full one (draft-ietf-rmcat-gcc-02 5.1 - 5.5, with the line fit that the
 * field has put in the place of its Kalman filter). Pure; a flat struct.
 */
#ifndef MADANG_MEDIA_BWE_TREND_H
#define MADANG_MEDIA_BWE_TREND_H

#include <stdbool.h>
#include <stdint.h>

enum { BWE_TREND_WINDOW = 20 };

enum bwe_usage {
    BWE_NORMAL,
    BWE_OVERUSE, /* a queue grows */
    BWE_UNDERUSE /* a queue gets shorter */
};

struct bwe_group {
    int64_t first_sent_us, sent_us; /* of its packets, by our clock */
    int64_t first_at_us, at_us;     /* arrivals, by the receiver's */
    bool there;
};

struct bwe_trend {
    struct bwe_group group, before;
    /* Rings: points of the line, and the delays as they were. */
    double at_ms[BWE_TREND_WINDOW], delay_ms[BWE_TREND_WINDOW], raw_ms[BWE_TREND_WINDOW];
    unsigned n, next;
    unsigned deltas; /* groups that were compared, up to a limit */
    int64_t begin_us, begin_sent_us;
    double smooth_ms;
    double noise_ms;                  /* what looks like a queue of that length is jitter */
    double least_ms, least_before_ms; /* delay, of these seconds and of those before */
    int64_t least_us;
    double slope, threshold, over_ms;
    unsigned overs;
    int64_t threshold_us;
    enum bwe_usage usage;
};

void bwe_trend_init(struct bwe_trend *t);
/* Forgets what came, as after a gap; keeps the threshold, and what is known of jitter. */
void bwe_trend_reset(struct bwe_trend *t);
/* Were the delays of all the last groups about the same? */
bool bwe_trend_is_steady(const struct bwe_trend *t);
/* The delay as it is now is the least there is. */
void bwe_trend_settle(struct bwe_trend *t);
/* So little was sent in the last ms that no queue can be ours: what looks like one is the way's own jitter. */
void bwe_trend_learn(struct bwe_trend *t, double ms);
/* How long the queue is at least, compared with the last seconds. */
double bwe_trend_queue_ms(const struct bwe_trend *t);
/* A packet that came, in order of sending; one that was sent before the current group is passed over. */
void bwe_trend_packet(struct bwe_trend *t, int64_t sent_us, int64_t at_us);

#endif
