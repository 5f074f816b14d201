/*
 * RTP headers (RFC 3550 5.1): strict parsing, writing, and rewriting in place. Pure: bytes in, bytes
 * out. rtp_parse() takes exactly one packet as it is after decryption and borrows nothing: what it
 * gives are values and offsets from the packet's first byte. Integers are in host order, lengths in
 * bytes, timestamps in ticks of the payload's clock. What lies inside the header extension is
 * read by proto/rtp_ext.h.
 */
#ifndef MADANG_PROTO_RTP_H
#define MADANG_PROTO_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    RTP_HEADER = 12,       /* without CSRCs and extension */
    RTP_CSRC_MAX = 15,     /* four bits */
    RTP_EXT_HEADER = 4,    /* profile and length */
    RTP_EXT_MAX = 1024,    /* of extension data; more is refused */
    RTP_PADDING_MAX = 255, /* one byte */
    RTP_PACKET_MAX = 2048  /* beyond every MTU that media is sent for; more is refused */
};
/* The largest header: what a buffer for rtp_put_head and an extension needs. */
#define RTP_HEAD_MAX (RTP_HEADER + 4 * RTP_CSRC_MAX + RTP_EXT_HEADER + RTP_EXT_MAX)

enum rtp_result {
    RTP_OK = 0,
    RTP_E_SHORT,   /* fewer bytes than the fixed header and its CSRCs */
    RTP_E_LONG,    /* more than RTP_PACKET_MAX */
    RTP_E_VERSION, /* not version 2 */
    RTP_E_EXT,     /* the extension runs over the end, or has more than RTP_EXT_MAX bytes */
    RTP_E_PADDING, /* a count of 0, or more than there is behind the header */
    RTP_RESULTS
};
/* "short", "padding", ...: static, for counters. */
const char *rtp_result_name(enum rtp_result r);

/* What belongs on a port that RTP and RTCP share, by the first two bytes (RFC 5761 4, RFC 7983 7). */
enum rtp_kind { RTP_KIND_OTHER, RTP_KIND_RTP, RTP_KIND_RTCP };
static inline enum rtp_kind rtp_kind_of(const uint8_t *p, size_t n)
{
    if (n < 2 || p[0] < 128 || p[0] > 191)
        return RTP_KIND_OTHER;
    return p[1] >= 192 && p[1] <= 223 ? RTP_KIND_RTCP : RTP_KIND_RTP;
}

struct rtp {
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t seq;
    uint8_t pt;    /* 0 .. 127 */
    uint8_t csrcs; /* how many; they begin at RTP_HEADER */
    bool marker;
    bool ext;             /* X: there is an extension, be it empty */
    uint8_t padding;      /* bytes at the end, their count included; 0 = none */
    uint16_t ext_profile; /* RTP_EXT_ONE_BYTE, ... (rtp_ext.h) */
    uint16_t ext_at;      /* of the extension's data, behind its header; 0 without one */
    uint16_t ext_len;
    uint16_t head; /* the whole header: here the payload begins */
    uint16_t payload;
    uint16_t size; /* head + payload + padding */
};

/* Reads a whole packet in the clear. Anything but RTP_OK leaves *r undefined. */
enum rtp_result rtp_parse(struct rtp *r, const uint8_t *p, size_t n);
/* The same for a packet that is still encrypted: SRTP covers the padding, so its count is unknown;
 * padding is 0 and payload is everything behind the header. */
enum rtp_result rtp_parse_sealed(struct rtp *r, const uint8_t *p, size_t n);
/* Only where the payload begins, as cheap as can be; 0 when rtp_parse_sealed would refuse it. */
size_t rtp_head_size(const uint8_t *p, size_t n);

/* Contributing source i < r->csrcs. */
static inline uint32_t rtp_csrc(const struct rtp *r, const uint8_t *p, unsigned i)
{
    return i < r->csrcs ? get_u32(p + RTP_HEADER + 4 * (size_t)i) : 0;
}

/* Writes version, marker, pt, seq, timestamp, ssrc and r->csrcs CSRCs (csrcs may be NULL for none),
 * with neither extension nor padding: those are added behind (rtp_ext_end, rtp_pad) and set their
 * bits. Returns the bytes, or 0 if cap is too small or a field is out of range. */
size_t rtp_put_head(uint8_t *out, size_t cap, const struct rtp *r, const uint32_t *csrcs);

/* ---- In place; the packet is one that rtp_parse accepted, or that rtp_put_head wrote ---- */

static inline void rtp_set_seq(uint8_t *p, uint16_t v)
{
    set_u16(p + 2, v);
}

static inline void rtp_set_timestamp(uint8_t *p, uint32_t v)
{
    set_u32(p + 4, v);
}

static inline void rtp_set_ssrc(uint8_t *p, uint32_t v)
{
    set_u32(p + 8, v);
}

static inline void rtp_set_pt(uint8_t *p, uint8_t pt)
{
    p[1] = (uint8_t)((p[1] & 0x80) | (pt & 0x7F));
}

static inline void rtp_set_marker(uint8_t *p, bool on)
{
    p[1] = (uint8_t)((p[1] & 0x7F) | (on ? 0x80 : 0));
}

static inline void rtp_set_ext_bit(uint8_t *p, bool on)
{
    p[0] = (uint8_t)((p[0] & ~0x10) | (on ? 0x10 : 0));
}

static inline void rtp_set_padding_bit(uint8_t *p, bool on)
{
    p[0] = (uint8_t)((p[0] & ~0x20) | (on ? 0x20 : 0));
}

/* Appends `pad` bytes (1 .. 255) to a packet of n bytes that has none. The new size, or 0 if they do
 * not fit into cap or pad is out of range. */
size_t rtp_pad(uint8_t *p, size_t n, size_t cap, unsigned pad);
/* Takes the padding away. The new size. */
size_t rtp_unpad(uint8_t *p, const struct rtp *r);

/* ---- Numbers that wrap (RFC 1982, RFC 3550 A.1) ---- */

/* How far b is behind a (a - b) on the circle: -32768 .. 32767. */
static inline int rtp_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

static inline int32_t rtp_timestamp_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* The number that has v as its low 16 bits and is nearest to `near`, which is such a number itself;
 * may be negative just below the first one. */
static inline int64_t rtp_seq_unwrap(int64_t near, uint16_t v)
{
    return near + rtp_seq_diff(v, (uint16_t)(uint64_t)near);
}

static inline int64_t rtp_timestamp_unwrap(int64_t near, uint32_t v)
{
    return near + rtp_timestamp_diff(v, (uint32_t)(uint64_t)near);
}

#endif
