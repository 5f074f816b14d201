#include "proto/rtcp_write.h"

#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "proto/rtp.h"

void rtcp_begin(struct rtcp_writer *w, void *mem, size_t cap)
{
    *w = (struct rtcp_writer){.p = mem, .cap = MIN_OF(cap, RTCP_PACKET_MAX)};
}

uint8_t *rtcp_add_packet(struct rtcp_writer *w, unsigned type, unsigned count, size_t size)
{
    if (count > 31 || size > w->cap - w->len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->p + w->len;
    p[0] = (uint8_t)(0x80 | count);
    p[1] = (uint8_t)type;
    set_u16(p + 2, (uint16_t)(size / 4 - 1));
    w->len += size;
    return p;
}

/* ---- Reports ---- */

static void put_reports(uint8_t *p, const struct rtcp_report *r, unsigned n)
{
    for (; n > 0; n--, r++, p += 24) {
        int32_t lost = MAX_OF(-0x800000, MIN_OF(r->lost, 0x7FFFFF)); /* RFC 3550 A.3 */
        set_u32(p, r->ssrc);
        set_u32(p + 4, (uint32_t)r->fraction << 24 | ((uint32_t)lost & 0xFFFFFF));
        set_u32(p + 8, r->highest_seq);
        set_u32(p + 12, r->jitter);
        set_u32(p + 16, r->lsr);
        set_u32(p + 20, r->dlsr);
    }
}

void rtcp_put_sr(struct rtcp_writer *w, const struct rtcp_sr *sr, const struct rtcp_report *reports,
                 unsigned n)
{
    uint8_t *p = rtcp_add_packet(w, RTCP_SR, n, 28 + 24 * (size_t)n);
    if (!p)
        return;
    set_u32(p + 4, sr->ssrc);
    set_u64(p + 8, sr->ntp);
    set_u32(p + 16, sr->timestamp);
    set_u32(p + 20, sr->packets);
    set_u32(p + 24, sr->octets);
    put_reports(p + 28, reports, n);
}

void rtcp_put_rr(struct rtcp_writer *w, uint32_t ssrc, const struct rtcp_report *reports,
                 unsigned n)
{
    uint8_t *p = rtcp_add_packet(w, RTCP_RR, n, 8 + 24 * (size_t)n);
    if (!p)
        return;
    set_u32(p + 4, ssrc);
    put_reports(p + 8, reports, n);
}

void rtcp_put_cname(struct rtcp_writer *w, uint32_t ssrc, struct str cname)
{
    size_t items = 2 + cname.n + 1, size = 8 + ((items + 3) & ~(size_t)3); /* at least one zero */
    if (cname.n == 0 || cname.n > RTCP_CNAME_MAX) {
        w->failed = true;
        return;
    }
    uint8_t *p = rtcp_add_packet(w, RTCP_SDES, 1, size);
    if (!p)
        return;
    memset(p + 8, 0, size - 8);
    set_u32(p + 4, ssrc);
    p[8] = 1; /* CNAME */
    p[9] = (uint8_t)cname.n;
    memcpy(p + 10, cname.p, cname.n);
}

void rtcp_put_bye(struct rtcp_writer *w, const uint32_t *ssrcs, unsigned n)
{
    if (n == 0) {
        w->failed = true;
        return;
    }
    uint8_t *p = rtcp_add_packet(w, RTCP_BYE, n, 4 + 4 * (size_t)n);
    for (unsigned i = 0; p && i < n; i++)
        set_u32(p + 4 + 4 * (size_t)i, ssrcs[i]);
}

/* ---- Feedback ---- */

static uint8_t *add_feedback(struct rtcp_writer *w, unsigned type, unsigned format, size_t fci,
                             uint32_t sender, uint32_t media)
{
    uint8_t *p = rtcp_add_packet(w, type, format, 12 + fci);
    if (!p)
        return NULL;
    set_u32(p + 4, sender);
    set_u32(p + 8, media);
    return p + 12;
}

/* The numbers from seqs[*i] on that one pair of pid and bits can name; moves *i behind them. */
static uint32_t nack_pair(const uint16_t *seqs, unsigned n, unsigned *i)
{
    uint16_t pid = seqs[(*i)++];
    uint32_t bits = 0;
    for (; *i < n; ++*i) {
        int behind = rtp_seq_diff(seqs[*i], pid);
        if (behind < 0 || behind > 16)
            break;
        if (behind > 0)
            bits |= 1u << (behind - 1);
    }
    return (uint32_t)pid << 16 | bits;
}

void rtcp_put_nack(struct rtcp_writer *w, uint32_t sender, uint32_t media, const uint16_t *seqs,
                   unsigned n)
{
    if (n == 0) {
        w->failed = true;
        return;
    }
    unsigned pairs = 0;
    for (unsigned i = 0; i < n; pairs++)
        nack_pair(seqs, n, &i);
    uint8_t *p = add_feedback(w, RTCP_RTPFB, RTCP_FMT_NACK, 4 * (size_t)pairs, sender, media);
    for (unsigned i = 0; p && i < n; p += 4)
        set_u32(p, nack_pair(seqs, n, &i));
}

void rtcp_put_pli(struct rtcp_writer *w, uint32_t sender, uint32_t media)
{
    add_feedback(w, RTCP_PSFB, RTCP_FMT_PLI, 0, sender, media);
}

void rtcp_put_fir(struct rtcp_writer *w, uint32_t sender, const struct rtcp_fir *entries,
                  unsigned n)
{
    if (n == 0) {
        w->failed = true;
        return;
    }
    /* The media source is 0: the entries name theirs (RFC 5104 4.3.1.2). */
    uint8_t *p = add_feedback(w, RTCP_PSFB, RTCP_FMT_FIR, 8 * (size_t)n, sender, 0);
    for (unsigned i = 0; p && i < n; i++, p += 8) {
        set_u32(p, entries[i].ssrc);
        set_u32(p + 4, (uint32_t)entries[i].seq << 24);
    }
}

void rtcp_put_remb(struct rtcp_writer *w, uint32_t sender, uint64_t bps, const uint32_t *ssrcs,
                   unsigned n)
{
    if (n == 0 || n > RTCP_REMB_SSRCS_MAX) {
        w->failed = true;
        return;
    }
    uint8_t *p = add_feedback(w, RTCP_PSFB, RTCP_FMT_AFB, 8 + 4 * (size_t)n, sender, 0);
    if (!p)
        return;
    uint32_t exponent = 0;
    for (; bps > 0x3FFFF; bps >>= 1)
        exponent++;
    memcpy(p, "REMB", 4);
    set_u32(p + 4, n << 24 | exponent << 18 | (uint32_t)bps);
    for (unsigned i = 0; i < n; i++)
        set_u32(p + 8 + 4 * (size_t)i, ssrcs[i]);
}
