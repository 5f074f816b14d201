/*
 * What RTP payloads say of the frames in them, as far as somebody who forwards them has to know: VP8
 * (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184), AV1 (its RTP specification 1.0, by the aggregation header),
 * RED (RFC 2198). Nothing is decoded. Pure, strict, and silent about what it doesn't know.
 */
#ifndef MADANG_PROTO_CODEC_H
#define MADANG_PROTO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/dd.h"

enum codec {
    CODEC_NONE,
    CODEC_OPUS,
    CODEC_PCMU,
    CODEC_PCMA,
    CODEC_VP8,
    CODEC_VP9,
    CODEC_H264,
    CODEC_AV1,
    CODECS
};
/* Ticks a second of its timestamps. */
uint32_t codec_clock(enum codec c);
static inline bool codec_is_video(enum codec c)
{
    return c >= CODEC_VP8;
}

struct codec_packet {
    bool begins; /* it is the first of a frame of its layer */
    bool key;    /* ... that needs nothing that came before (VP9: of the lowest spatial layer) */
    bool ends;  /* it is the last of a frame of its layer (VP9 only; for others the marker tells) */
    bool alone; /* its frame is predicted from no earlier picture */
    bool up;    /* from here on this temporal layer can be added (VP8 Y, VP9 U; or a key frame) */
    bool between; /* VP9: predicted from the spatial layer below */
    bool no_ref;  /* nothing depends on it (VP8 N; VP9 D tells of upper layers only) */
    uint8_t spatial, temporal;
    uint8_t descriptor; /* bytes that lie before what the codec itself has made */
    /* Numbers that have to go on without gaps, where the descriptor has them. */
    uint8_t picture_at;   /* offset of the picture id; 0: none */
    uint8_t picture_bits; /* 7 or 15 */
    uint8_t tl0_at;       /* TL0PICIDX; 0: none */
    uint8_t keyidx_at;    /* VP8's KEYIDX byte; 0: none */
    uint16_t picture;
    uint8_t tl0;
    uint16_t width, height; /* of a key frame, where the first packet tells; else 0 */
    /* What the dependency descriptor says (codec_describe); NULL: nothing. picture is its frame number then. */
    const struct dd_frame *dd;
};

/* false: no payload of this codec. Sound is always true, with begins and key set. */
bool codec_read(enum codec c, const uint8_t *p, size_t n, struct codec_packet *out);

/* Of AV1 and H.264 only a dependency descriptor tells the layers; the payloads of the others say it themselves. */
static inline bool codec_is_described(enum codec c)
{
    return c == CODEC_AV1 || c == CODEC_H264;
}
/* Takes into k what the descriptor says; both live as long as k. */
void codec_describe(struct codec_packet *k, const struct dd_frame *dd);

/* Writes the numbers into a copy of the descriptor that lies at p: `picture` modulo 2^bits, and tl0, each
 * only where there is one. */
void codec_renumber(uint8_t *p, const struct codec_packet *k, uint16_t picture, uint8_t tl0);

enum { CODEC_RED_MAX = 4 }; /* blocks of a RED payload that are looked at */
struct codec_block {
    struct str bytes; /* borrowed */
    uint16_t back;    /* ticks before the newest block */
    uint8_t pt;
};
/* The blocks of a RED payload (RFC 2198 3), the newest first; how many. 0: malformed, or the newest is empty. */
unsigned codec_read_red(const uint8_t *p, size_t n, struct codec_block out[CODEC_RED_MAX]);

#endif
