/*
 * From packets of one stream, in order, back to the frames that an encoder has made, as Matroska wants them:
 * VP8 (RFC 7741), VP9 (RFC 9628; layers of a picture become a superframe), H.264 (RFC 6184, modes 0 and 1; as
 * AVC with lengths), AV1 (its RTP specification 1.0; OBUs with sizes, no temporal delimiters), Opus and G.711
 * as they are. A picture that is not whole is left out, and so is what comes behind it, up to the next key
 * frame: nothing in the file needs what isn't there. A core, with caps.
 */
#ifndef MADANG_MEDIA_REC_UNPACK_H
#define MADANG_MEDIA_REC_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/rec_order.h"
#include "proto/codec.h"

enum {
    REC_FRAME_MAX = 4 << 20, /* bytes */
    REC_SETUP_MAX = 1024,    /* of a parameter set, a sequence header, a CodecPrivate */
    REC_LAYERS_MAX = 8
};

/* Borrowed for the call. */
struct rec_frame {
    uint32_t timestamp;
    int64_t at_us; /* when its last packet came */
    bool key;
    uint16_t width, height; /* of pictures, as the last key frame had them */
    struct str bytes;
};
typedef void rec_frame_fn(void *ctx, const struct rec_frame *f);

/* A parameter set. */
struct rec_set {
    uint16_t n;
    uint8_t bytes[REC_SETUP_MAX];
};

struct rec_unpack {
    enum codec codec;
    bool waits;   /* for a key frame: nothing else is of use */
    bool open;    /* a frame has begun */
    bool damaged; /* ... of which something is missing */
    bool key;
    uint32_t timestamp;
    uint16_t width, height;
    struct buf frame; /* so far */
    /* VP9: where each layer of the picture begins. */
    unsigned layers;
    uint32_t layer_at[REC_LAYERS_MAX];
    /* A unit (H.264) or OBU (AV1) that comes in pieces: where its length lies; what there is of it. */
    size_t unit_at;
    bool in_unit;
    struct buf obu;
    /* What a decoder needs before the first frame: SPS and PPS, or the sequence header. */
    struct rec_set sps, pps;
    uint64_t frames, left_out;
};

void rec_unpack_init(struct rec_unpack *u, enum codec codec);
void rec_unpack_free(struct rec_unpack *u);
/* lost: packets before it that will never come. */
void rec_unpack_packet(struct rec_unpack *u, const struct rec_packet *p, unsigned lost,
                       rec_frame_fn *fn, void *ctx);
/* Whatever is open will not be completed. */
void rec_unpack_end(struct rec_unpack *u);
/* CodecPrivate of the stream, once a key frame was given: its bytes, 0 when there is none. out: REC_SETUP_MAX * 3. */
size_t rec_unpack_setup(const struct rec_unpack *u, uint8_t *out);

/* ---- rec_vp9.c, rec_h264.c, rec_av1.c: the payload of one packet goes into u->frame. false: it doesn't fit
 * what came before. k: what codec_read() says of it. ---- */
bool rec_vp9_add(struct rec_unpack *u, const uint8_t *p, size_t n, const struct codec_packet *k);
bool rec_vp9_end(struct rec_unpack *u);
bool rec_h264_add(struct rec_unpack *u, const uint8_t *p, size_t n);
bool rec_h264_end(struct rec_unpack *u);
size_t rec_h264_setup(const struct rec_unpack *u, uint8_t *out);
bool rec_av1_add(struct rec_unpack *u, const uint8_t *p, size_t n);
bool rec_av1_end(struct rec_unpack *u);
size_t rec_av1_setup(const struct rec_unpack *u, uint8_t *out);

#endif
