/*
 * How much may be sent to one peer: bandwidth estimation of the sender (docs/architecture/sfu.md). It is
 * told what leaves and what the receiver's feedback says of it (transport-wide feedback or RFC 8888; REMB
 * or plain reports of whoever has neither) and keeps an estimate: the rate that delay allows (bwe_trend, bwe_rate),
 * as far as losses do (bwe_loss), found faster by probes (bwe_probe). A core; memory is taken by bwe_init only.
 *
 * Feedback is somebody else's word: numbers that were not sent, repeated ones and impossible times move nothing,
 * and however good it sounds, the estimate stays within 1.5 times of what has really been sent.
 */
#ifndef MADANG_MEDIA_BWE_H
#define MADANG_MEDIA_BWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/bwe_loss.h"
#include "media/bwe_probe.h"
#include "media/bwe_rate.h"
#include "media/bwe_trend.h"
#include "proto/rtcp.h"

enum { BWE_HISTORY = 1024, BWE_HISTORY_MAX = 4096 };

struct bwe_conf {
    double start_bps, min_bps, max_bps; /* 0: 300 kbit/s, 30 kbit/s, 20 Mbit/s */
    unsigned history;                   /* packets remembered, a power of two; 0: BWE_HISTORY */
};

/* UNTOLD: feedback has passed over it, as after feedback that was lost. */
enum bwe_fate { BWE_FREE, BWE_UNDER_WAY, BWE_UNTOLD, BWE_CAME, BWE_LOST };

struct bwe_sent {     /* 16 bytes: there is a ring of them for each peer */
    uint32_t sent_us; /* low bits */
    uint32_t ssrc;
    uint16_t number, seq, size;
    uint8_t cluster, fate;
};

struct bwe_packet {
    uint32_t ssrc;   /* with seq: what RFC 8888 tells of */
    uint16_t number; /* transport-wide: each packet one more, also without the extension */
    uint16_t seq;
    uint16_t size;   /* as it leaves, in bytes */
    uint8_t cluster; /* of a probe, or BWE_PROBE_NONE */
};

struct bwe_stats {
    uint64_t sent, came, lost;
    uint64_t refused; /* told of, but never sent, forgotten, or at impossible times */
    uint64_t repeated, probes, overuses, outages;
};

struct bwe {
    struct bwe_conf conf;
    struct bwe_sent *ring; /* by number; owned */
    uint32_t mask;
    uint16_t next;         /* number after the newest one */
    uint16_t told;         /* number after the newest one that feedback was about */
    int64_t now_us;        /* latest time it was told */
    int64_t clock_us;      /* last arrival, unwrapped; by the receiver's clock */
    int64_t clock_wire_us; /* the same as it was told */
    bool clock_begun;
    struct bwe_trend trend;
    struct bwe_acked acked;
    struct bwe_rate rate;
    struct bwe_loss loss;
    struct bwe_probes probes;
    double probe_bps; /* that this feedback has shown */
    double bps;       /* the estimate */
    double wanted_bps;
    double remb_bps; /* 0: none */
    int64_t rtt_us;
    int64_t calm_us;    /* since when no queue grows */
    int64_t updated_us; /* the last feedback */
    /* What leaves: a window, and the highest of late. */
    int64_t window_us;
    uint32_t window_bytes;
    double sent_bps, peak_bps;
    bool limited; /* less is sent than might be */
    /* Feedback. */
    int64_t waits_us; /* first packet that was sent since the last one, or 0 */
    bool has_feedback, outage;
    int64_t reported_us; /* last report; 0: none */
    struct bwe_stats stats;
};

/* Takes memory for the history; aborts without. */
void bwe_init(struct bwe *b, int64_t now_us, const struct bwe_conf *conf);
void bwe_free(struct bwe *b);

void bwe_sent(struct bwe *b, int64_t now_us, const struct bwe_packet *p);
void bwe_twcc(struct bwe *b, int64_t now_us, const struct rtcp_twcc *f);
void bwe_ccfb(struct bwe *b, int64_t now_us, const struct rtcp_ccfb *f);
/* A report about the stream with most packets: fraction lost of 256, and the round trip, or < 0: unknown. */
void bwe_report(struct bwe *b, int64_t now_us, unsigned fraction, int64_t rtt_us);
void bwe_remb(struct bwe *b, int64_t now_us, uint64_t bps);

/* What there is to be sent, if there were no limit: while it is more than the estimate, probes look for it. */
void bwe_want(struct bwe *b, double bps);
/* A probe that should be sent now. */
bool bwe_probe(struct bwe *b, int64_t now_us, struct bwe_cluster *out);
/* Time passes: feedback that does not come. */
void bwe_tick(struct bwe *b, int64_t now_us);
/* When bwe_tick and then bwe_probe (until it says no) should be called; after that it lies ahead. INT64_MAX: never. */
int64_t bwe_deadline(const struct bwe *b);

/* The estimate in bits a second. */
static inline double bwe_bps(const struct bwe *b)
{
    return b->bps;
}

/* The same, whatever is lost: what queues allow. */
double bwe_delay_bps(const struct bwe *b);

#endif
