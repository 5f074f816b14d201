/*
 * How one RTP stream arrives: sequence numbers counted on, what is missing and when to ask for it
 * (RFC 4585), jitter and loss for reports (RFC 3550 6.4, A.3, A.8), and the sender's own clock from its
 * reports. Pure; a flat struct without pointers.
 */
#ifndef MADANG_MEDIA_RECV_H
#define MADANG_MEDIA_RECV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/rtcp.h"

enum {
    RECV_WINDOW = 1024,     /* numbers of which it is known whether they came */
    RECV_MISSING_MAX = 128, /* numbers that are waited for at a time */
    RECV_JUMP = 2000,       /* a number so far ahead, or behind, is another beginning */
    RECV_TRIES = 10,        /* that one number is asked for */
    RECV_FIRST_US = 5000,   /* packets that overtake each other a little are not lost */
    RECV_AGAIN_US = 20000   /* at least, before it is asked for again */
};

enum recv_verdict {
    RECV_NEW,    /* ahead of all others */
    RECV_LATE,   /* fills a gap, or comes out of order */
    RECV_REPEAT, /* was there before, or too far behind to tell */
    RECV_BEGIN   /* the first one, or the stream has begun anew */
};

struct recv_missing {
    int64_t seq, next_us;
    int64_t since_us, asked_us; /* asked_us: the last time */
    uint32_t tries;
};

struct recv {
    uint32_t ssrc, clock; /* clock: Hz of its timestamps */
    bool begun;
    bool asks;   /* what is missing can be had again */
    bool broken; /* something was given up: only a key frame helps. The owner clears it */
    int64_t base, highest;
    uint64_t received, expected_before, received_before; /* since base; at the last report */
    uint64_t bytes, packets;                             /* in all, with begins anew */
    uint64_t late, repeats, asked, given_up;
    int64_t
        answer_us; /* from a question to what came then, the last time that one was enough; 0: unknown */
    uint64_t window[RECV_WINDOW / 64]; /* a ring: which of the last numbers were there */
    double jitter;                     /* ticks */
    int64_t transit;                   /* ticks, of the last packet */
    int64_t first_us;                  /* where the clock of arrivals begins */
    uint64_t sr_ntp;                   /* of the sender's last report; 0: none */
    uint32_t sr_timestamp;
    int64_t sr_at_us;
    unsigned n_missing;
    struct recv_missing missing[RECV_MISSING_MAX]; /* in order */
};

/* clock > 0. */
void recv_init(struct recv *r, uint32_t ssrc, uint32_t clock, bool asks);
/* A packet of n bytes; *seq is its number, counted on over wraps from 65536 upwards. */
enum recv_verdict recv_packet(struct recv *r, int64_t now_us, uint16_t number, uint32_t timestamp,
                              size_t n, int64_t *seq);
/* Is that a number that has not come, though others of the stream have? */
bool recv_lacks(const struct recv *r, uint16_t number);
/* What to ask for now, in order, at most max numbers; rtt_us is what an answer takes. What was asked for in
 * vain RECV_TRIES times, or has been missing for too long to be of use, is given up (broken). */
unsigned recv_nack(struct recv *r, int64_t now_us, int64_t rtt_us, uint16_t *out, unsigned max);
/* When recv_nack() has something; INT64_MAX: nothing is missing. */
int64_t recv_deadline(const struct recv *r);
/* Whatever is missing below seq is of no use any more: a key frame begins there. */
void recv_forget_before(struct recv *r, int64_t seq);

void recv_sender_report(struct recv *r, int64_t now_us, const struct rtcp_sr *sr);
/* The report block about it; begins the next interval. */
void recv_report(struct recv *r, int64_t now_us, struct rtcp_report *out);
/* The sender's wall clock (32.32 seconds, as NTP) at a timestamp of the stream; false: it has said
 * nothing of it yet. */
bool recv_ntp_at(const struct recv *r, uint32_t timestamp, uint64_t *ntp);

#endif
