#include "proto/codec.h"

#include <string.h>

#include "base/buf.h"

uint32_t codec_clock(enum codec c)
{
    return codec_is_video(c) ? 90000 : c == CODEC_OPUS ? 48000 : 8000;
}

/* ---- VP8 (RFC 7741 4.2, 4.3) ---- */

/* The optional bytes behind the first, which say which there are. */
static void vp8_extended(struct rd *r, size_t whole, struct codec_packet *k)
{
    uint8_t which = rd_u8(r);
    if (which & 0x80) { /* I */
        k->picture_at = (uint8_t)(whole - r->n);
        k->picture = rd_u8(r);
        k->picture_bits = k->picture & 0x80 ? 15 : 7;
        if (k->picture_bits == 15)
            k->picture = (uint16_t)((k->picture & 0x7F) << 8 | rd_u8(r));
    }
    if (which & 0x40) { /* L */
        k->tl0_at = (uint8_t)(whole - r->n);
        k->tl0 = rd_u8(r);
    }
    if (which & 0x30) { /* T, K */
        k->keyidx_at = which & 0x10 ? (uint8_t)(whole - r->n) : 0;
        uint8_t v = rd_u8(r);
        if (which & 0x20) {
            k->temporal = v >> 6;
            k->up = v >> 5 & 1;
        }
    }
}

static bool read_vp8(const uint8_t *p, size_t n, struct codec_packet *k)
{
    struct rd r = rd_of(p, n);
    uint8_t first = rd_u8(&r);
    if (first & 0x80)
        vp8_extended(&r, n, k);
    k->no_ref = first >> 5 & 1;
    k->begins = (first & 0x10) && (first & 0x07) == 0;
    k->descriptor = (uint8_t)(n - r.n);
    if (r.bad || r.n == 0)
        return false;
    k->key = k->begins && !(r.p[0] & 1);
    if (k->key && r.n >= 10 && r.p[3] == 0x9D && r.p[4] == 0x01 && r.p[5] == 0x2A) {
        k->width = (uint16_t)((r.p[7] << 8 | r.p[6]) & 0x3FFF);
        k->height = (uint16_t)((r.p[9] << 8 | r.p[8]) & 0x3FFF);
    }
    k->alone = k->key;
    k->up |= k->key;
    return true;
}

/* ---- VP9 (RFC 9628 4.2) ---- */

enum { VP9_PICTURE = 0x80, VP9_INTER = 0x40, VP9_LAYERS = 0x20, VP9_FLEXIBLE = 0x10 };
enum { VP9_BEGINS = 0x08, VP9_ENDS = 0x04, VP9_STRUCTURE = 0x02 };

static void vp9_structure(struct rd *r, struct codec_packet *k)
{
    uint8_t head = rd_u8(r);
    unsigned layers = (head >> 5) + 1u;
    if (head & 0x10) { /* Y: sizes */
        for (unsigned i = 0; i < layers; i++) {
            k->width = rd_u16(r);
            k->height = rd_u16(r);
        }
    }
    if (!(head & 0x08)) /* G: groups of pictures */
        return;
    for (unsigned groups = rd_u8(r); groups > 0 && !r->bad; groups--)
        rd_skip(r, rd_u8(r) >> 2 & 3);
}

static void vp9_layers(struct rd *r, size_t whole, bool flexible, struct codec_packet *k)
{
    uint8_t v = rd_u8(r);
    k->temporal = v >> 5;
    k->up = v >> 4 & 1;
    k->spatial = v >> 1 & 7;
    k->between = v & 1;
    if (flexible)
        return;
    k->tl0_at = (uint8_t)(whole - r->n);
    k->tl0 = rd_u8(r);
}

static bool read_vp9(const uint8_t *p, size_t n, struct codec_packet *k)
{
    struct rd r = rd_of(p, n);
    uint8_t first = rd_u8(&r);
    if (first & VP9_PICTURE) {
        k->picture_at = (uint8_t)(n - r.n);
        k->picture = rd_u8(&r);
        k->picture_bits = k->picture & 0x80 ? 15 : 7;
        if (k->picture_bits == 15)
            k->picture = (uint16_t)((k->picture & 0x7F) << 8 | rd_u8(&r));
    }
    if (first & VP9_LAYERS)
        vp9_layers(&r, n, first & VP9_FLEXIBLE, k);
    if ((first & (VP9_FLEXIBLE | VP9_INTER)) == (VP9_FLEXIBLE | VP9_INTER)) {
        unsigned refs = 0;
        while (!r.bad && (rd_u8(&r) & 1) && ++refs < 3) {
        }
        r.bad |= refs == 3; /* at most three */
    }
    if (first & VP9_STRUCTURE)
        vp9_structure(&r, k);
    if (r.bad || r.n == 0 || n - r.n > UINT8_MAX)
        return false;
    k->descriptor = (uint8_t)(n - r.n);
    k->begins = first & VP9_BEGINS;
    k->ends = first & VP9_ENDS;
    k->alone = !(first & VP9_INTER);
    k->key = k->begins && k->alone && k->spatial == 0;
    k->up |= k->key;
    return true;
}

/* ---- H.264 (RFC 6184 5) ---- */

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_STAP_A = 24, NAL_FU_A = 28 };

static bool is_key(unsigned type)
{
    return type == NAL_IDR || type == NAL_SPS;
}

static bool read_h264(const uint8_t *p, size_t n, struct codec_packet *k)
{
    struct rd r = rd_of(p, n);
    unsigned type = rd_u8(&r) & 0x1F;
    if (type == NAL_FU_A) {
        uint8_t head = rd_u8(&r);
        k->begins = head & 0x80;
        k->key = k->begins && is_key(head & 0x1F);
    } else if (type == NAL_STAP_A) {
        k->begins = true;
        while (r.n > 0 && !r.bad) {
            struct str nal = rd_str(&r, rd_u16(&r));
            k->key |= nal.n > 0 && is_key((uint8_t)nal.p[0] & 0x1F);
        }
    } else {
        k->begins = true;
        k->key = is_key(type);
    }
    k->up = k->alone = k->key;
    return !r.bad && n > 1 && type != 0;
}

/* ---- AV1 (RTP payload format 4.4) ---- */

static bool read_av1(const uint8_t *p, size_t n, struct codec_packet *k)
{
    if (n < 2)
        return false;
    k->begins = !(p[0] & 0x80);               /* Z: goes on with an OBU of the packet before */
    k->key = k->begins && (p[0] & 0x08) != 0; /* N: a new coded video sequence */
    k->up = k->alone = k->key;
    k->descriptor = 1;
    return true;
}

/* ---- All ---- */

bool codec_read(enum codec c, const uint8_t *p, size_t n, struct codec_packet *out)
{
    memset(out, 0, sizeof *out);
    if (!codec_is_video(c)) {
        out->begins = out->key = out->alone = out->up = true;
        return true;
    }
    if (n == 0)
        return false;
    switch (c) {
    case CODEC_VP8: return read_vp8(p, n, out);
    case CODEC_VP9: return read_vp9(p, n, out);
    case CODEC_H264: return read_h264(p, n, out);
    case CODEC_AV1: return read_av1(p, n, out);
    default: return false;
    }
}

void codec_describe(struct codec_packet *k, const struct dd_frame *dd)
{
    unsigned top = dd->of->layers - 1u;
    k->dd = dd;
    k->picture = dd->number;
    k->spatial = dd->spatial;
    k->temporal = dd->temporal;
    k->begins = dd->start;
    k->ends = dd->end;
    k->key = dd_is_key(dd);
    k->up = k->alone = k->key;
    if (k->key) {
        k->width = dd->of->width[top];
        k->height = dd->of->height[top];
    }
}

void codec_renumber(uint8_t *p, const struct codec_packet *k, uint16_t picture, uint8_t tl0)
{
    if (k->picture_at != 0 && k->picture_bits == 15)
        set_u16(p + k->picture_at, (uint16_t)(picture | 0x8000));
    else if (k->picture_at != 0)
        p[k->picture_at] = (uint8_t)(picture & 0x7F);
    if (k->tl0_at != 0)
        p[k->tl0_at] = tl0;
}

/* ---- RED (RFC 2198 3): heads of four bytes for older blocks, one byte for the newest, then the blocks ---- */

unsigned codec_read_red(const uint8_t *p, size_t n, struct codec_block out[CODEC_RED_MAX])
{
    struct rd heads = rd_of(p, n), blocks;
    unsigned older = 0;
    uint8_t head;
    for (; (head = rd_u8(&heads)) & 0x80; older++)
        rd_skip(&heads, 3);
    blocks = heads;
    heads = rd_of(p, n);
    for (unsigned i = older; i > 0; i--) {
        uint8_t pt = rd_u8(&heads) & 0x7F;
        uint32_t bits = (uint32_t)rd_u8(&heads) << 16;
        bits |= rd_u16(&heads); /* 14 of time, 10 of length */
        struct str bytes = rd_str(&blocks, bits & 0x3FF);
        if (i < CODEC_RED_MAX)
            out[i] = (struct codec_block){bytes, (uint16_t)(bits >> 10), pt};
    }
    out[0] = (struct codec_block){rd_str(&blocks, blocks.n), 0, head};
    return blocks.bad || out[0].bytes.n == 0 ? 0 : MIN_OF(older + 1, (unsigned)CODEC_RED_MAX);
}
