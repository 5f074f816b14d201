/*
 * RTCP: the check of a datagram, every reader on every packet in it, and the writers with what was
 * read: written again it must read the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "proto/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[RTCP_PACKET_MAX];

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* The only packet of what was written. */
static struct rtcp_packet written(const struct rtcp_writer *w)
{
    struct rtcp_packet k = {0};
    struct rtcp_iter it = rtcp_iter(out, w->len);
    require(!w->failed && rtcp_check(out, w->len) == RTCP_OK && rtcp_next(&it, &k));
    return k;
}

static void reports(const struct rtcp_packet *k)
{
    struct rtcp_report r[RTCP_REPORTS_MAX], again;
    struct rtcp_sr sr, sr_again;
    struct rtcp_writer w;
    struct str cname;
    uint32_t ssrc;
    unsigned n = 0;
    int64_t rtt;
    while (rtcp_read_report(k, n, &r[n]) && ++n < RTCP_REPORTS_MAX)
        rtcp_rtt_us(&r[n - 1], 0x8000000000000000, &rtt);
    rtcp_begin(&w, out, sizeof out);
    bool is_sr = rtcp_read_sr(k, &sr);
    if (is_sr)
        rtcp_put_sr(&w, &sr, r, n);
    else
        rtcp_put_rr(&w, 1, r, n);
    struct rtcp_packet k2 = written(&w);
    require(!is_sr || (rtcp_read_sr(&k2, &sr_again) && sr_again.ntp == sr.ntp));
    for (unsigned i = 0; i < n; i++)
        require(rtcp_read_report(&k2, i, &again) && again.lost == r[i].lost &&
                again.highest_seq == r[i].highest_seq);
    for (unsigned i = 0; rtcp_read_bye(k, i, &ssrc); i++)
        require(i < 31);
    if (rtcp_sender(k, &ssrc) && rtcp_read_cname(k, ssrc, &cname))
        require((const uint8_t *)cname.p + cname.n <= k->p + k->len);
}

/* Which numbers are named; returns how many, each counted once. */
static unsigned collect(struct rtcp_nack_iter it, uint8_t named[65536])
{
    unsigned n = 0;
    uint16_t seq;
    memset(named, 0, 65536);
    while (rtcp_nack_next(&it, &seq)) {
        n += !named[seq];
        named[seq] = 1;
    }
    return n;
}

static void nacks(const struct rtcp_packet *k)
{
    static uint16_t seqs[RTCP_PACKET_MAX / 4 * 17];
    static uint8_t before[65536], after[65536];
    struct rtcp_nack_iter it, again;
    struct rtcp_writer w;
    unsigned n = 0;
    uint16_t seq;
    if (!rtcp_read_nack(k, &it))
        return;
    unsigned different = collect(it, before);
    while (rtcp_nack_next(&it, &seq)) {
        require(n < ARRAY_LEN(seqs));
        seqs[n++] = seq;
    }
    rtcp_begin(&w, out, sizeof out);
    rtcp_put_nack(&w, 1, 2, seqs, n);
    struct rtcp_packet k2 = written(&w);
    require(k2.len <= k->len && rtcp_read_nack(&k2, &again));
    require(different > 0 && collect(again, after) == different);
    require(memcmp(before, after, sizeof before) == 0);
}

static void other_feedback(const struct rtcp_packet *k)
{
    struct rtcp_remb r, again;
    struct rtcp_fir f;
    struct rtcp_writer w;
    uint32_t a, b, ssrcs[RTCP_REMB_SSRCS_MAX];
    rtcp_read_pli(k, &a, &b);
    for (unsigned i = 0; rtcp_read_fir(k, i, &f); i++)
        require(i < RTCP_PACKET_MAX / 8);
    if (!rtcp_read_remb(k, &r) || r.n == 0)
        return;
    for (unsigned i = 0; i < r.n; i++)
        ssrcs[i] = rtcp_remb_ssrc(k, i);
    rtcp_begin(&w, out, sizeof out);
    rtcp_put_remb(&w, 1, r.bps, ssrcs, r.n);
    struct rtcp_packet k2 = written(&w);
    require(rtcp_read_remb(&k2, &again) && again.n == r.n && again.bps <= r.bps &&
            again.bps >= r.bps - (r.bps >> 17));
}

static void twcc(const struct rtcp_packet *k)
{
    static int64_t at[RTCP_TWCC_MAX];
    const int64_t origin = (int64_t)1 << 40; /* so that no time is negative */
    struct rtcp_twcc t, again;
    struct rtcp_arrival a, b;
    struct rtcp_writer w;
    unsigned n = 0;
    if (!rtcp_read_twcc(k, &t))
        return;
    again = t;
    while (rtcp_twcc_next(&t, &a))
        at[n++] = a.came ? a.at_us + origin : RTCP_NOT_CAME;
    require(n == again.left);
    rtcp_begin(&w, out, sizeof out);
    unsigned told = rtcp_put_twcc(&w, 1, 2, 3, again.seq, at, n);
    require(told <= n && (told > 0) == (w.len > 0));
    if (told == 0)
        return;
    struct rtcp_packet k2 = written(&w);
    struct rtcp_twcc t2;
    require(rtcp_read_twcc(&k2, &t2) && t2.left == told);
    int64_t shift = 0; /* the reference wraps: all times are off by the same */
    for (unsigned i = 0; i < told; i++) {
        require(rtcp_twcc_next(&again, &a) && rtcp_twcc_next(&t2, &b));
        require(a.seq == b.seq && a.came == b.came);
        if (a.came && shift == 0)
            shift = b.at_us - a.at_us + 1;
        require(!a.came || b.at_us - a.at_us + 1 == shift);
    }
}

static void ccfb(const struct rtcp_packet *k)
{
    struct rtcp_ccfb c, again;
    struct rtcp_ccfb_packet p, q, one[RTCP_PACKET_MAX / 2];
    struct rtcp_ccfb_writer cw;
    struct rtcp_writer w;
    unsigned n = 0;
    if (!rtcp_read_ccfb(k, &c))
        return;
    again = c;
    while (rtcp_ccfb_next(&c, &p)) {
        require(n < ARRAY_LEN(one));
        one[n++] = p;
    }
    if (n == 0)
        return;
    rtcp_begin(&w, out, sizeof out);
    rtcp_ccfb_begin(&cw, &w, c.sender);
    for (unsigned i = 0, j; i < n; i = j) {
        for (j = i + 1;
             j < n && one[j].ssrc == one[i].ssrc && one[j].seq == (uint16_t)(one[j - 1].seq + 1);)
            j++;
        rtcp_ccfb_source(&cw, one[i].ssrc, one[i].seq, one + i, j - i);
    }
    rtcp_ccfb_end(&cw, c.ntp_middle);
    struct rtcp_packet k2 = written(&w);
    require(rtcp_read_ccfb(&k2, &c) && c.ntp_middle == again.ntp_middle);
    while (rtcp_ccfb_next(&again, &p))
        require(rtcp_ccfb_next(&c, &q) && p.ssrc == q.ssrc && p.seq == q.seq && p.came == q.came &&
                p.ecn == q.ecn && p.ato == q.ato);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtcp_packet k;
    size_t at = 0;
    if (rtcp_check(data, size) != RTCP_OK)
        return 0;
    for (struct rtcp_iter it = rtcp_iter(data, size); rtcp_next(&it, &k);) {
        require(k.p == data + at && k.len >= RTCP_HEADER && at + k.len <= size);
        at = size - it.n;
        reports(&k);
        nacks(&k);
        other_feedback(&k);
        twcc(&k);
        ccfb(&k);
    }
    require(at == size);
    return 0;
}
