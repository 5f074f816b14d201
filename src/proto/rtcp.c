#include "proto/rtcp.h"

#include <string.h>

#include "base/buf.h"
#include "base/util.h"

enum { REPORT = 24, SR_HEAD = 28, RR_HEAD = 8, FB_HEAD = 12 };

const char *rtcp_result_name(enum rtcp_result r)
{
    static const char *const names[RTCP_RESULTS] = {
        [RTCP_OK] = "ok",       [RTCP_E_SHORT] = "short",
        [RTCP_E_LONG] = "long", [RTCP_E_VERSION] = "version",
        [RTCP_E_TYPE] = "type", [RTCP_E_PADDING] = "padding",
    };
    return (unsigned)r < RTCP_RESULTS ? names[r] : "unknown";
}

/* ---- Datagrams ---- */

/* Bytes of the packet at p, header and padding included. */
static size_t packet_size(const uint8_t *p)
{
    return 4 * ((size_t)get_u16(p + 2) + 1);
}

/* RFC 3550 6.4.1 wants padding on the last packet alone and by multiples of four; browsers pad
 * transport-wide feedback, wherever it stands, by as much as it needs. */
static bool padding_ok(const uint8_t *p, size_t size)
{
    return p[size - 1] > 0 && p[size - 1] <= size - RTCP_HEADER;
}

enum rtcp_result rtcp_check(const uint8_t *p, size_t n)
{
    if (n > RTCP_PACKET_MAX)
        return RTCP_E_LONG;
    if (n == 0)
        return RTCP_E_SHORT;
    for (unsigned packets = 0; n > 0; packets++) {
        if (packets == RTCP_PACKETS_MAX)
            return RTCP_E_LONG;
        if (n < RTCP_HEADER)
            return RTCP_E_SHORT;
        if (p[0] >> 6 != 2)
            return RTCP_E_VERSION;
        if (p[1] < 192 || p[1] > 223)
            return RTCP_E_TYPE;
        size_t size = packet_size(p);
        if (size > n)
            return RTCP_E_SHORT;
        if ((p[0] & 0x20) && !padding_ok(p, size))
            return RTCP_E_PADDING;
        p += size;
        n -= size;
    }
    return RTCP_OK;
}

struct rtcp_iter rtcp_iter(const uint8_t *p, size_t n)
{
    return (struct rtcp_iter){p, n};
}

bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *out)
{
    if (it->n < RTCP_HEADER)
        return false;
    size_t size = packet_size(it->p);
    size_t padding = it->p[0] & 0x20 ? it->p[size - 1] : 0;
    *out = (struct rtcp_packet){
        .p = it->p, .len = size - padding, .type = it->p[1], .count = it->p[0] & 31};
    it->p += size;
    it->n -= size;
    return true;
}

bool rtcp_sender(const struct rtcp_packet *k, uint32_t *ssrc)
{
    if (k->len < RTCP_HEADER + 4)
        return false;
    *ssrc = get_u32(k->p + 4);
    return true;
}

/* ---- Reports ---- */

bool rtcp_read_sr(const struct rtcp_packet *k, struct rtcp_sr *out)
{
    if (k->type != RTCP_SR || k->len < SR_HEAD)
        return false;
    *out = (struct rtcp_sr){.ssrc = get_u32(k->p + 4),
                            .ntp = get_u64(k->p + 8),
                            .timestamp = get_u32(k->p + 16),
                            .packets = get_u32(k->p + 20),
                            .octets = get_u32(k->p + 24)};
    return true;
}

bool rtcp_read_report(const struct rtcp_packet *k, unsigned i, struct rtcp_report *out)
{
    if (k->type != RTCP_SR && k->type != RTCP_RR)
        return false;
    size_t at = (k->type == RTCP_SR ? SR_HEAD : RR_HEAD) + REPORT * (size_t)i;
    if (i >= k->count || at + REPORT > k->len)
        return false;
    const uint8_t *p = k->p + at;
    uint32_t lost = get_u32(p + 4) & 0xFFFFFF;
    *out = (struct rtcp_report){.ssrc = get_u32(p),
                                .fraction = p[4],
                                .lost = (int32_t)lost - (lost & 0x800000 ? 1 << 24 : 0),
                                .highest_seq = get_u32(p + 8),
                                .jitter = get_u32(p + 12),
                                .lsr = get_u32(p + 16),
                                .dlsr = get_u32(p + 20)};
    return true;
}

uint64_t rtcp_ntp(int64_t wall_us)
{
    const uint64_t since_1900 = 2208988800u; /* seconds until 1970 (RFC 5905 6) */
    uint64_t s = (uint64_t)wall_us / 1000000, us = (uint64_t)wall_us % 1000000;
    return (s + since_1900) << 32 | (us << 32) / 1000000;
}

bool rtcp_rtt_us(const struct rtcp_report *r, uint64_t ntp_now, int64_t *out)
{
    const uint32_t minute = 60u << 16;
    uint32_t rtt = rtcp_ntp_middle(ntp_now) - r->lsr - r->dlsr; /* modulo 2^32, as the clock is */
    if (r->lsr == 0 || rtt > minute)
        return false;
    *out = ((int64_t)rtt * 1000000) >> 16;
    return true;
}

/* The items of one chunk, up to and with the zeros at their end; *cname is the first CNAME. */
static bool read_items(struct rd *r, struct str *cname)
{
    enum { END = 0, CNAME = 1 };
    *cname = STR_NONE;
    for (;;) {
        uint8_t type = rd_u8(r);
        if (r->bad)
            return false;
        if (type == END)
            return rd_skip(r, r->n % 4); /* the packet ends at a multiple of four */
        struct str value = rd_str(r, rd_u8(r));
        if (type == CNAME && !cname->p && !r->bad)
            *cname = value;
    }
}

bool rtcp_read_cname(const struct rtcp_packet *k, uint32_t ssrc, struct str *out)
{
    if (k->type != RTCP_SDES || k->len % 4 != 0)
        return false;
    struct rd r = rd_of(k->p + RTCP_HEADER, k->len - RTCP_HEADER);
    bool found = false;
    for (unsigned i = 0; i < k->count; i++) {
        struct str cname;
        uint32_t source = rd_u32(&r);
        if (!read_items(&r, &cname))
            return false;
        if (!found && source == ssrc && cname.p) {
            *out = cname;
            found = true;
        }
    }
    return found;
}

bool rtcp_read_bye(const struct rtcp_packet *k, unsigned i, uint32_t *ssrc)
{
    size_t at = RTCP_HEADER + 4 * (size_t)i;
    if (k->type != RTCP_BYE || i >= k->count || at + 4 > k->len)
        return false;
    *ssrc = get_u32(k->p + at);
    return true;
}

/* ---- Feedback ---- */

bool rtcp_read_nack(const struct rtcp_packet *k, struct rtcp_nack_iter *out)
{
    if (!rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_NACK) || k->len < FB_HEAD + 4 || k->len % 4 != 0)
        return false;
    *out = (struct rtcp_nack_iter){.sender = get_u32(k->p + 4),
                                   .media = get_u32(k->p + 8),
                                   .p = k->p + FB_HEAD,
                                   .end = k->p + k->len};
    return true;
}

bool rtcp_nack_next(struct rtcp_nack_iter *it, uint16_t *seq)
{
    if (it->blp == 0) {
        if (it->p == it->end)
            return false;
        it->pid = get_u16(it->p);
        it->blp = get_u16(it->p + 2);
        it->p += 4;
        *seq = it->pid;
        return true;
    }
    unsigned bit = (unsigned)__builtin_ctz(it->blp);
    it->blp &= (uint16_t)(it->blp - 1);
    *seq = (uint16_t)(it->pid + bit + 1);
    return true;
}

bool rtcp_read_pli(const struct rtcp_packet *k, uint32_t *sender, uint32_t *media)
{
    if (!rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_PLI) || k->len < FB_HEAD)
        return false;
    *sender = get_u32(k->p + 4);
    *media = get_u32(k->p + 8);
    return true;
}

bool rtcp_read_fir(const struct rtcp_packet *k, unsigned i, struct rtcp_fir *out)
{
    size_t at = FB_HEAD + 8 * (size_t)i;
    if (!rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_FIR) || i >= RTCP_PACKET_MAX || at + 8 > k->len)
        return false;
    *out = (struct rtcp_fir){
        .sender = get_u32(k->p + 4), .ssrc = get_u32(k->p + at), .seq = k->p[at + 4]};
    return true;
}

/* 18 bits of mantissa over 6 bits of exponent: up to 81 bits. */
static uint64_t remb_bps(uint32_t v)
{
    unsigned exponent = v >> 18 & 63;
    uint64_t mantissa = v & 0x3FFFF;
    if (exponent > 0 && mantissa >> (64 - exponent) != 0)
        return UINT64_MAX;
    return mantissa << exponent;
}

bool rtcp_read_remb(const struct rtcp_packet *k, struct rtcp_remb *out)
{
    enum { REMB_HEAD = FB_HEAD + 8 };
    if (!rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_AFB) || k->len < REMB_HEAD ||
        memcmp(k->p + FB_HEAD, "REMB", 4) != 0 ||
        k->len < REMB_HEAD + 4 * (size_t)k->p[FB_HEAD + 4])
        return false;
    *out = (struct rtcp_remb){.sender = get_u32(k->p + 4),
                              .bps = remb_bps(get_u32(k->p + FB_HEAD + 4) & 0xFFFFFF),
                              .n = k->p[FB_HEAD + 4]};
    return true;
}

uint32_t rtcp_remb_ssrc(const struct rtcp_packet *k, unsigned i)
{
    return get_u32(k->p + FB_HEAD + 8 + 4 * (size_t)i);
}
