#include "media/recv.h"

#include <string.h>

#include "base/util.h"
#include "proto/rtp.h"

enum { USEFUL_US = 1000000, MIN_BASE = 65536 };

void recv_init(struct recv *r, uint32_t ssrc, uint32_t clock, bool asks)
{
    memset(r, 0, sizeof *r);
    r->ssrc = ssrc;
    r->clock = clock;
    r->asks = asks;
}

/* ---- What is missing ---- */

static void miss(struct recv *r, int64_t now_us, int64_t from, int64_t to)
{
    if (!r->asks)
        return;
    if (to - from > RECV_MISSING_MAX) { /* more than anybody would send again */
        r->n_missing = 0;
        r->broken = true;
        return;
    }
    for (int64_t seq = from; seq < to; seq++) {
        if (r->n_missing == RECV_MISSING_MAX) {
            memmove(r->missing, r->missing + 1, --r->n_missing * sizeof *r->missing);
            r->given_up++;
            r->broken = true;
        }
        r->missing[r->n_missing++] = (struct recv_missing){
            .seq = seq, .next_us = now_us + RECV_FIRST_US, .since_us = now_us};
    }
}

static void found(struct recv *r, int64_t now_us, int64_t seq)
{
    for (unsigned i = 0; i < r->n_missing; i++) {
        if (r->missing[i].seq != seq)
            continue;
        if (r->missing[i].tries == 1)
            r->answer_us = now_us - r->missing[i].asked_us;
        r->n_missing--;
        memmove(r->missing + i, r->missing + i + 1, (r->n_missing - i) * sizeof *r->missing);
        return;
    }
}

void recv_forget_before(struct recv *r, int64_t seq)
{
    unsigned n = 0;
    while (n < r->n_missing && r->missing[n].seq < seq)
        n++;
    r->n_missing -= n;
    memmove(r->missing, r->missing + n, r->n_missing * sizeof *r->missing);
}

unsigned recv_nack(struct recv *r, int64_t now_us, int64_t rtt_us, uint16_t *out, unsigned max)
{
    unsigned n = 0, kept = 0;
    for (unsigned i = 0; i < r->n_missing; i++) {
        struct recv_missing m = r->missing[i];
        if (m.tries >= RECV_TRIES || now_us - m.since_us > USEFUL_US + rtt_us) {
            r->given_up++;
            r->broken = true;
            continue;
        }
        if (m.next_us <= now_us && n < max) {
            out[n++] = (uint16_t)m.seq;
            m.tries++;
            m.asked_us = now_us;
            m.next_us = now_us + MAX_OF((int64_t)RECV_AGAIN_US, rtt_us + rtt_us / 4);
        }
        r->missing[kept++] = m;
    }
    r->n_missing = kept;
    r->asked += n;
    return n;
}

int64_t recv_deadline(const struct recv *r)
{
    int64_t at = INT64_MAX;
    for (unsigned i = 0; i < r->n_missing; i++)
        at = MIN_OF(at, r->missing[i].next_us);
    return at;
}

/* ---- Packets ---- */

static bool was_there(const struct recv *r, int64_t seq)
{
    uint64_t at = (uint64_t)seq % RECV_WINDOW;
    return r->window[at / 64] >> at % 64 & 1;
}

static void set_there(struct recv *r, int64_t seq, bool there)
{
    uint64_t at = (uint64_t)seq % RECV_WINDOW;
    r->window[at / 64] = (r->window[at / 64] & ~(1ull << at % 64)) | (uint64_t)there << at % 64;
}

static void begin(struct recv *r, int64_t now_us, uint16_t number)
{
    r->begun = true;
    r->base = r->highest = MIN_BASE + number;
    r->received = r->expected_before = r->received_before = 0;
    memset(r->window, 0, sizeof r->window);
    set_there(r, r->highest, true);
    r->n_missing = 0;
    r->first_us = now_us;
    r->jitter = 0;
    r->transit = 0;
}

/* RFC 3550 A.8; the first packet only sets the clock. */
static void measure(struct recv *r, int64_t now_us, uint32_t timestamp)
{
    int64_t arrival = (now_us - r->first_us) * r->clock / 1000000;
    int64_t transit = (int32_t)((uint32_t)arrival - timestamp);
    int64_t d = r->received > 0 ? (int32_t)(uint32_t)(transit - r->transit) : 0;
    r->transit = transit;
    r->jitter += ((double)(d < 0 ? -d : d) - r->jitter) / 16;
}

static void advance(struct recv *r, int64_t now_us, int64_t seq)
{
    int64_t from = MAX_OF(r->highest + 1, seq - RECV_WINDOW + 1);
    for (int64_t i = from; i < seq; i++)
        set_there(r, i, false);
    set_there(r, seq, true);
    miss(r, now_us, r->highest + 1, seq);
    r->highest = seq;
}

enum recv_verdict recv_packet(struct recv *r, int64_t now_us, uint16_t number, uint32_t timestamp,
                              size_t n, int64_t *seq)
{
    enum recv_verdict v = RECV_NEW;
    *seq = r->begun ? rtp_seq_unwrap(r->highest, number) : 0;
    int64_t step = *seq - r->highest;
    if (!r->begun || step > RECV_JUMP || step < -RECV_JUMP) {
        r->broken |= r->begun;
        begin(r, now_us, number);
        *seq = r->highest;
        v = RECV_BEGIN;
    } else if (step > 0) {
        advance(r, now_us, *seq);
    } else if (step <= -RECV_WINDOW || *seq < r->base || was_there(r, *seq)) {
        r->repeats++;
        return RECV_REPEAT;
    } else {
        set_there(r, *seq, true);
        r->late++;
        found(r, now_us, *seq);
        v = RECV_LATE;
    }
    if (v != RECV_LATE) /* it may have been sent twice */
        measure(r, now_us, timestamp);
    r->received++;
    r->packets++;
    r->bytes += n;
    return v;
}

bool recv_lacks(const struct recv *r, uint16_t number)
{
    int64_t seq = r->begun ? rtp_seq_unwrap(r->highest, number) : 0;
    int64_t step = seq - r->highest;
    return step > 0 ? step <= RECV_JUMP
                    : step > -RECV_WINDOW && seq >= r->base && r->begun && !was_there(r, seq);
}

/* ---- Reports ---- */

void recv_sender_report(struct recv *r, int64_t now_us, const struct rtcp_sr *sr)
{
    r->sr_ntp = sr->ntp;
    r->sr_timestamp = sr->timestamp;
    r->sr_at_us = now_us;
}

void recv_report(struct recv *r, int64_t now_us, struct rtcp_report *out)
{
    memset(out, 0, sizeof *out);
    out->ssrc = r->ssrc;
    if (!r->begun)
        return;
    uint64_t expected = (uint64_t)(r->highest - r->base + 1);
    int64_t lost = (int64_t)expected - (int64_t)r->received;
    int64_t interval = (int64_t)(expected - r->expected_before);
    int64_t lost_now = interval - (int64_t)(r->received - r->received_before);
    r->expected_before = expected;
    r->received_before = r->received;
    out->lost = (int32_t)MAX_OF(-0x800000, MIN_OF(lost, (int64_t)0x7FFFFF));
    out->fraction = interval > 0 && lost_now > 0 ? (uint8_t)MIN_OF(lost_now * 256 / interval, 255)
                                                 : 0;
    out->highest_seq = (uint32_t)(r->highest - MIN_BASE);
    out->jitter = (uint32_t)r->jitter;
    if (r->sr_ntp != 0) {
        out->lsr = rtcp_ntp_middle(r->sr_ntp);
        out->dlsr = (uint32_t)((now_us - r->sr_at_us) * 65536 / 1000000);
    }
}

bool recv_ntp_at(const struct recv *r, uint32_t timestamp, uint64_t *ntp)
{
    int64_t ticks = rtp_timestamp_diff(timestamp, r->sr_timestamp);
    if (r->sr_ntp == 0)
        return false;
    int64_t clock = r->clock, second = (int64_t)1 << 32;
    *ntp = r->sr_ntp + (uint64_t)(ticks / clock * second + ticks % clock * second / clock);
    return true;
}
