/* Congestion control feedback (RFC 8888 3.1): for each source a range of packets, 16 bits for each. */
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "proto/rtcp.h"
#include "proto/rtcp_write.h"

enum { HEAD = 8, SOURCE = 8, STAMP = 4, PACKETS_MAX = 16384 };

/* Of n packets, padded to a word. */
static size_t metrics_size(unsigned n)
{
    return (2 * (size_t)n + 3) & ~(size_t)3;
}

bool rtcp_read_ccfb(const struct rtcp_packet *k, struct rtcp_ccfb *out)
{
    if (!rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_CCFB) || k->len < HEAD + STAMP || k->len % 4 != 0)
        return false;
    *out = (struct rtcp_ccfb){.sender = get_u32(k->p + 4),
                              .p = k->p + HEAD,
                              .end = k->p + k->len - STAMP,
                              .ntp_middle = get_u32(k->p + k->len - STAMP)};
    for (const uint8_t *p = out->p; p < out->end;) {
        if (out->end - p < SOURCE)
            return false;
        size_t size = SOURCE + metrics_size(get_u16(p + 6));
        if (size > (size_t)(out->end - p))
            return false;
        p += size;
    }
    return true;
}

bool rtcp_ccfb_next(struct rtcp_ccfb *it, struct rtcp_ccfb_packet *out)
{
    while (it->left == 0) {
        if (it->p == it->end)
            return false;
        it->ssrc = get_u32(it->p);
        it->seq = get_u16(it->p + 4);
        it->left = get_u16(it->p + 6);
        it->p += SOURCE;
    }
    uint16_t v = get_u16(it->p);
    *out = (struct rtcp_ccfb_packet){.ssrc = it->ssrc, .seq = it->seq, .came = v & 0x8000};
    if (out->came) { /* otherwise the rest says nothing */
        out->ecn = v >> 13 & 3;
        out->ato = v & RTCP_ATO_NONE;
    }
    bool last_of_odd = it->left == 1 && (it->end - it->p) % 4 == 0;
    it->p += last_of_odd ? 4 : 2; /* then there are two bytes of padding */
    it->seq++;
    it->left--;
    return true;
}

void rtcp_ccfb_begin(struct rtcp_ccfb_writer *c, struct rtcp_writer *w, uint32_t sender)
{
    *c = (struct rtcp_ccfb_writer){.w = w, .start = w->len};
    uint8_t *p = rtcp_add_packet(w, RTCP_RTPFB, RTCP_FMT_CCFB, HEAD);
    c->failed = !p;
    if (p)
        set_u32(p + 4, sender);
}

/* size more bytes of the packet, or NULL and the whole packet is taken back. */
static uint8_t *extend(struct rtcp_ccfb_writer *c, size_t size)
{
    struct rtcp_writer *w = c->w;
    if (c->failed)
        return NULL;
    if (size == 0 || size > w->cap - w->len) {
        c->failed = w->failed = true;
        w->len = c->start;
        return NULL;
    }
    w->len += size;
    return w->p + w->len - size;
}

void rtcp_ccfb_source(struct rtcp_ccfb_writer *c, uint32_t ssrc, uint16_t begin,
                      const struct rtcp_ccfb_packet *packets, unsigned n)
{
    size_t size = SOURCE + metrics_size(n);
    uint8_t *p = extend(c, n > 0 && n <= PACKETS_MAX ? size : 0);
    if (!p)
        return;
    memset(p + size - 4, 0, 4);
    set_u32(p, ssrc);
    set_u16(p + 4, begin);
    set_u16(p + 6, (uint16_t)n);
    for (unsigned i = 0; i < n; i++) {
        const struct rtcp_ccfb_packet *k = &packets[i];
        unsigned v = k->came ? 0x8000u | (k->ecn & 3u) << 13 | (k->ato & RTCP_ATO_NONE) : 0;
        set_u16(p + SOURCE + 2 * (size_t)i, (uint16_t)v);
    }
}

void rtcp_ccfb_end(struct rtcp_ccfb_writer *c, uint32_t ntp_middle)
{
    uint8_t *p = extend(c, STAMP);
    if (!p)
        return;
    set_u32(p, ntp_middle);
    set_u16(c->w->p + c->start + 2, (uint16_t)((c->w->len - c->start) / 4 - 1));
}

uint16_t rtcp_ccfb_ato(int64_t before_us)
{
    if (before_us < 0) /* after the report's time: RFC 8888 3.1 says it isn't known then */
        return RTCP_ATO_NONE;
    int64_t ato = before_us > 8000000 ? RTCP_ATO_OVER : before_us * 1024 / 1000000;
    return (uint16_t)MIN_OF(ato, RTCP_ATO_OVER);
}
