/*
 * RTCP: reading compound and reduced-size packets (RFC 3550 6, RFC 5506) with iterators, and writing
 * all that an SFU sends. Pure, and nothing is allocated: what is read borrows the caller's bytes.
 * rtcp_check() accepts a datagram or refuses it as a whole; rtcp_next() walks the packets in it, and
 * for each kind there are readers, which answer false where the packet is shorter than what it
 * should hold. Kinds that nobody knows are passed over. Feedback inside one packet is read by iterators
 * of its own, so nothing limits a sender but the datagram.
 */
#ifndef MADANG_PROTO_RTCP_H
#define MADANG_PROTO_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    RTCP_HEADER = 4,
    RTCP_REPORTS_MAX = 31,  /* five bits */
    RTCP_CNAME_MAX = 255,   /* one byte */
    RTCP_PACKET_MAX = 2048, /* a datagram; more is refused */
    RTCP_PACKETS_MAX = 64,  /* in one datagram; more is refused */
    RTCP_REMB_SSRCS_MAX = 255,
    RTCP_TWCC_TICK_US = 250, /* deltas of transport-wide feedback */
    RTCP_TWCC_MAX =
        4096 /* packets told of by one of them; more is refused (128 Mbit/s at 250 ms) */
};

enum rtcp_type {
    RTCP_SR = 200,    /* RFC 3550 6.4.1 */
    RTCP_RR = 201,    /* 6.4.2 */
    RTCP_SDES = 202,  /* 6.5 */
    RTCP_BYE = 203,   /* 6.6 */
    RTCP_APP = 204,   /* 6.7 */
    RTCP_RTPFB = 205, /* RFC 4585 6.2 */
    RTCP_PSFB = 206,  /* RFC 4585 6.3 */
    RTCP_XR = 207     /* RFC 3611 */
};

/* The "count" of feedback packets says what they are. */
enum rtcp_format {
    RTCP_FMT_NACK = 1,  /* RTPFB: RFC 4585 6.2.1 */
    RTCP_FMT_CCFB = 11, /* RTPFB: RFC 8888 3.1 */
    RTCP_FMT_TWCC = 15, /* RTPFB: draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1 */
    RTCP_FMT_PLI = 1,   /* PSFB: RFC 4585 6.3.1 */
    RTCP_FMT_FIR = 4,   /* PSFB: RFC 5104 4.3.1 */
    RTCP_FMT_AFB = 15   /* PSFB: RFC 4585 6.4; REMB lives here (draft-alvestrand-rmcat-remb-03) */
};

enum rtcp_result {
    RTCP_OK = 0,
    RTCP_E_SHORT,   /* fewer bytes than a header, or than a packet announces */
    RTCP_E_LONG,    /* more than RTCP_PACKET_MAX, or RTCP_PACKETS_MAX */
    RTCP_E_VERSION, /* a packet that isn't version 2 */
    RTCP_E_TYPE,    /* a packet type outside 192 .. 223 */
    RTCP_E_PADDING, /* a count of 0, or more than there is behind the header */
    RTCP_RESULTS
};
const char *rtcp_result_name(enum rtcp_result r);

/* One packet of a datagram. */
struct rtcp_packet {
    const uint8_t *p; /* its header */
    size_t len;       /* without padding, at least RTCP_HEADER */
    uint8_t type;     /* enum rtcp_type, or another one */
    uint8_t count;    /* of reports, sources, or the format */
};

struct rtcp_iter {
    const uint8_t *p;
    size_t n;
};

/* Is all of it well formed? The order of a compound packet (a report first) is not asked for, since
 * reduced-size RTCP has none. */
enum rtcp_result rtcp_check(const uint8_t *p, size_t n);
/* Over a datagram that rtcp_check accepted. */
struct rtcp_iter rtcp_iter(const uint8_t *p, size_t n);
/* false at the end. */
bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *out);
/* Is it feedback of this type and format? */
static inline bool rtcp_is_fb(const struct rtcp_packet *k, enum rtcp_type type, unsigned format)
{
    return k->type == type && k->count == format;
}
/* The SSRC of whoever sent the packet: the first word. false: too short. */
bool rtcp_sender(const struct rtcp_packet *k, uint32_t *ssrc);

/* ---- Reports ---- */

struct rtcp_sr {
    uint64_t ntp; /* 32.32 seconds since 1900 */
    uint32_t ssrc;
    uint32_t timestamp; /* RTP's, of the same moment */
    uint32_t packets;
    uint32_t octets; /* of payload */
};
bool rtcp_read_sr(const struct rtcp_packet *k, struct rtcp_sr *out);

struct rtcp_report {      /* RFC 3550 6.4.1 */
    uint32_t ssrc;        /* whom it is about */
    int32_t lost;         /* in all; 24 bits, may be negative */
    uint32_t highest_seq; /* with the count of wraps above */
    uint32_t jitter;      /* ticks of the payload's clock */
    uint32_t lsr;         /* middle 32 bits of the last SR's ntp, or 0 */
    uint32_t dlsr;        /* delay since then, 1/65536 s */
    uint8_t fraction;     /* lost since the last report, of 256 */
};
/* Report block i of a SR or RR; false at the end. */
bool rtcp_read_report(const struct rtcp_packet *k, unsigned i, struct rtcp_report *out);
/* The middle 32 bits, as lsr has them. */
static inline uint32_t rtcp_ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}
/* From wall-clock microseconds since 1970 (>= 0). */
uint64_t rtcp_ntp(int64_t wall_us);
/* Round trip in microseconds from the ntp time at which a report came in (RFC 3550 6.4.1); false:
 * the report has none, or it is negative or above a minute. */
bool rtcp_rtt_us(const struct rtcp_report *r, uint64_t ntp_now, int64_t *out);

/* CNAME of the source (RFC 3550 6.5.1), borrowed; false: none, or the packet is malformed. */
bool rtcp_read_cname(const struct rtcp_packet *k, uint32_t ssrc, struct str *out);
/* Source i of a BYE; false at the end. */
bool rtcp_read_bye(const struct rtcp_packet *k, unsigned i, uint32_t *ssrc);

/* ---- Feedback ---- */

struct rtcp_nack_iter {
    const uint8_t *p, *end;
    uint16_t pid, blp;
    uint32_t sender, media;
};
bool rtcp_read_nack(const struct rtcp_packet *k, struct rtcp_nack_iter *out);
/* One lost sequence number after the other; false at the end. */
bool rtcp_nack_next(struct rtcp_nack_iter *it, uint16_t *seq);

bool rtcp_read_pli(const struct rtcp_packet *k, uint32_t *sender, uint32_t *media);

struct rtcp_fir {
    uint32_t sender;
    uint32_t ssrc; /* whose picture is wanted */
    uint8_t seq;   /* a new one for each request, the same when it is repeated */
};
/* Entry i; false at the end. */
bool rtcp_read_fir(const struct rtcp_packet *k, unsigned i, struct rtcp_fir *out);

struct rtcp_remb {
    uint64_t bps; /* bits a second; what doesn't fit 64 bits is UINT64_MAX */
    uint32_t sender;
    uint8_t n; /* sources it is about */
};
bool rtcp_read_remb(const struct rtcp_packet *k, struct rtcp_remb *out);
/* i < n of what rtcp_read_remb gave. */
uint32_t rtcp_remb_ssrc(const struct rtcp_packet *k, unsigned i);

/* Transport-wide feedback. Times are microseconds; their origin is the receiver's own. */
struct rtcp_twcc {
    const uint8_t *chunk, *delta; /* the iterator's; borrowed */
    int64_t time_us;              /* of the last packet that had one; 64 ms * reference first */
    uint32_t sender, media;
    uint16_t seq;     /* of the next packet; at first the base */
    uint16_t left;    /* packets to come; at first all of them */
    uint16_t run;     /* the iterator's: packets left in this chunk */
    uint16_t symbols; /* and their symbols, the first one topmost */
    uint8_t number;   /* the feedback's own count */
    uint8_t bits;     /* the iterator's: 0 = run of one symbol */
};
/* Checks all of it at once: that chunks and deltas are as many as announced. false: malformed, or
 * more than RTCP_TWCC_MAX packets. */
bool rtcp_read_twcc(const struct rtcp_packet *k, struct rtcp_twcc *out);

struct rtcp_arrival {
    int64_t at_us; /* only if it came */
    uint16_t seq;
    bool came;
};
bool rtcp_twcc_next(struct rtcp_twcc *it, struct rtcp_arrival *out);

/* RFC 8888: for each source a range of packets. num_reports is how many they are (erratum 8166, and what
 * libwebrtc does); the RFC's "inclusive" made others write one less. */
struct rtcp_ccfb {
    const uint8_t *p, *end; /* the iterator's */
    uint32_t sender;
    uint32_t ntp_middle; /* when it was sent: middle 32 bits of that clock */
    uint32_t ssrc;       /* the current source */
    uint16_t seq, left;  /* its next packet, and packets to come */
};
bool rtcp_read_ccfb(const struct rtcp_packet *k, struct rtcp_ccfb *out);

enum rtcp_ecn { RTCP_ECN_NONE = 0, RTCP_ECN_ECT1 = 1, RTCP_ECN_ECT0 = 2, RTCP_ECN_CE = 3 };
enum {
    RTCP_ATO_OVER = 0x1FFE, /* came more than 8,189/1024 s before the report */
    RTCP_ATO_NONE = 0x1FFF  /* came, but its time isn't known */
};
struct rtcp_ccfb_packet {
    uint32_t ssrc;
    uint16_t seq;
    uint16_t ato; /* 1/1024 s before the report; or RTCP_ATO_OVER, RTCP_ATO_NONE */
    uint8_t ecn;  /* enum rtcp_ecn */
    bool came;
};
bool rtcp_ccfb_next(struct rtcp_ccfb *it, struct rtcp_ccfb_packet *out);

/* ---- Writing ---- */

/* Into the caller's memory, one packet after the other. What doesn't fit sets `failed` and leaves what
 * is there as it was, so one can go on, or check once at the end. */
struct rtcp_writer {
    uint8_t *p;
    size_t len, cap;
    bool failed;
};
void rtcp_begin(struct rtcp_writer *w, void *mem, size_t cap);

/* At most RTCP_REPORTS_MAX reports. */
void rtcp_put_sr(struct rtcp_writer *w, const struct rtcp_sr *sr, const struct rtcp_report *reports,
                 unsigned n);
void rtcp_put_rr(struct rtcp_writer *w, uint32_t ssrc, const struct rtcp_report *reports,
                 unsigned n);
/* 1 .. RTCP_CNAME_MAX bytes. */
void rtcp_put_cname(struct rtcp_writer *w, uint32_t ssrc, struct str cname);
/* 1 .. 31 sources. */
void rtcp_put_bye(struct rtcp_writer *w, const uint32_t *ssrcs, unsigned n);
/* seqs in the order of the stream (each behind the one before; repeats are fine), n >= 1. */
void rtcp_put_nack(struct rtcp_writer *w, uint32_t sender, uint32_t media, const uint16_t *seqs,
                   unsigned n);
void rtcp_put_pli(struct rtcp_writer *w, uint32_t sender, uint32_t media);
/* At least one entry; their `sender` is not looked at. */
void rtcp_put_fir(struct rtcp_writer *w, uint32_t sender, const struct rtcp_fir *entries,
                  unsigned n);
/* bps is rounded down to 18 bits of mantissa; 1 .. RTCP_REMB_SSRCS_MAX sources. */
void rtcp_put_remb(struct rtcp_writer *w, uint32_t sender, uint64_t bps, const uint32_t *ssrcs,
                   unsigned n);

/* Transport-wide feedback about packets base, base + 1, ...: at_us[i] is when that one came (>= 0, any
 * origin; on the wire it wraps after 12 days), or RTCP_NOT_CAME. Writes as many as there is room for
 * and as one feedback can say (two that follow each other at most 8 s apart, RTCP_TWCC_MAX packets) and
 * returns how many: the caller puts the rest into the next one. 0, and nothing written nor failed: no
 * room, or none of them came. Times are rounded to RTCP_TWCC_TICK_US, without errors adding up. */
#define RTCP_NOT_CAME INT64_MIN
unsigned rtcp_put_twcc(struct rtcp_writer *w, uint32_t sender, uint32_t media, uint8_t number,
                       uint16_t base, const int64_t *at_us, unsigned n);

/* RFC 8888, one source after the other: begin, source ..., end. */
struct rtcp_ccfb_writer {
    struct rtcp_writer *w;
    size_t start;
    bool failed;
};
void rtcp_ccfb_begin(struct rtcp_ccfb_writer *c, struct rtcp_writer *w, uint32_t sender);
/* n packets from `begin` on; their ssrc and seq fields are not looked at. 1 .. 16,384. */
void rtcp_ccfb_source(struct rtcp_ccfb_writer *c, uint32_t ssrc, uint16_t begin,
                      const struct rtcp_ccfb_packet *packets, unsigned n);
void rtcp_ccfb_end(struct rtcp_ccfb_writer *c, uint32_t ntp_middle);
/* ato for something that came so long before the report is sent. */
uint16_t rtcp_ccfb_ato(int64_t before_us);

#endif
