#include "proto/rtp.h"

#include <string.h>

#include "base/util.h"

const char *rtp_result_name(enum rtp_result r)
{
    static const char *const names[RTP_RESULTS] = {
        [RTP_OK] = "ok",       [RTP_E_SHORT] = "short",
        [RTP_E_LONG] = "long", [RTP_E_VERSION] = "version",
        [RTP_E_EXT] = "ext",   [RTP_E_PADDING] = "padding",
    };
    return (unsigned)r < RTP_RESULTS ? names[r] : "unknown";
}

/* Fills in what lies in the fixed header and where the parts are; padding is not looked at. */
enum rtp_result rtp_parse_sealed(struct rtp *r, const uint8_t *p, size_t n)
{
    if (n < RTP_HEADER)
        return RTP_E_SHORT;
    if (n > RTP_PACKET_MAX)
        return RTP_E_LONG;
    if (p[0] >> 6 != 2)
        return RTP_E_VERSION;
    size_t at = RTP_HEADER + 4 * (size_t)(p[0] & 15);
    if (n < at)
        return RTP_E_SHORT;
    *r = (struct rtp){.timestamp = get_u32(p + 4),
                      .ssrc = get_u32(p + 8),
                      .seq = get_u16(p + 2),
                      .pt = p[1] & 0x7F,
                      .csrcs = p[0] & 15,
                      .marker = p[1] & 0x80,
                      .ext = p[0] & 0x10,
                      .size = (uint16_t)n};
    if (r->ext) {
        if (n < at + RTP_EXT_HEADER)
            return RTP_E_EXT;
        size_t len = 4 * (size_t)get_u16(p + at + 2);
        if (len > RTP_EXT_MAX || len > n - at - RTP_EXT_HEADER)
            return RTP_E_EXT;
        r->ext_profile = get_u16(p + at);
        r->ext_at = (uint16_t)(at + RTP_EXT_HEADER);
        r->ext_len = (uint16_t)len;
        at += RTP_EXT_HEADER + len;
    }
    r->head = (uint16_t)at;
    r->payload = (uint16_t)(n - at);
    return RTP_OK;
}

enum rtp_result rtp_parse(struct rtp *r, const uint8_t *p, size_t n)
{
    enum rtp_result result = rtp_parse_sealed(r, p, n);
    if (result || !(p[0] & 0x20))
        return result;
    uint8_t padding = p[n - 1];
    if (r->payload == 0 || padding == 0 || padding > r->payload)
        return RTP_E_PADDING;
    r->padding = padding;
    r->payload = (uint16_t)(r->payload - padding);
    return RTP_OK;
}

size_t rtp_head_size(const uint8_t *p, size_t n)
{
    if (n < RTP_HEADER || n > RTP_PACKET_MAX || p[0] >> 6 != 2)
        return 0;
    size_t at = RTP_HEADER + 4 * (size_t)(p[0] & 15);
    if (p[0] & 0x10) {
        if (n < at + RTP_EXT_HEADER)
            return 0;
        size_t len = 4 * (size_t)get_u16(p + at + 2);
        if (len > RTP_EXT_MAX)
            return 0;
        at += RTP_EXT_HEADER + len;
    }
    return at <= n ? at : 0;
}

size_t rtp_put_head(uint8_t *out, size_t cap, const struct rtp *r, const uint32_t *csrcs)
{
    size_t n = RTP_HEADER + 4 * (size_t)r->csrcs;
    if (r->csrcs > RTP_CSRC_MAX || r->pt > 127 || cap < n || (r->csrcs > 0 && !csrcs))
        return 0;
    out[0] = (uint8_t)(0x80 | r->csrcs);
    out[1] = (uint8_t)((r->marker ? 0x80 : 0) | r->pt);
    set_u16(out + 2, r->seq);
    set_u32(out + 4, r->timestamp);
    set_u32(out + 8, r->ssrc);
    for (unsigned i = 0; i < r->csrcs; i++)
        set_u32(out + RTP_HEADER + 4 * (size_t)i, csrcs[i]);
    return n;
}

size_t rtp_pad(uint8_t *p, size_t n, size_t cap, unsigned pad)
{
    if (pad == 0 || pad > RTP_PADDING_MAX || n > cap || cap - n < pad)
        return 0;
    memset(p + n, 0, pad - 1);
    p[n + pad - 1] = (uint8_t)pad;
    rtp_set_padding_bit(p, true);
    return n + pad;
}

size_t rtp_unpad(uint8_t *p, const struct rtp *r)
{
    rtp_set_padding_bit(p, false);
    return (size_t)r->head + r->payload;
}
