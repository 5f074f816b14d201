/* H.264 of a recording: units behind their lengths (ISO/IEC 14496-15, four bytes), parameter sets kept. */
#include <string.h>

#include "media/rec_bits.h"
#include "media/rec_unpack.h"

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_PPS = 8, NAL_UNITS_END = 24, NAL_STAP_A = 24, NAL_FU_A = 28 };

/* ---- The size that a sequence parameter set tells (H.264 7.3.2.1.1) ---- */

/* Without the bytes that keep start codes from appearing (7.4.1). */
static size_t unescape(const uint8_t *p, size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (i >= 2 && p[i] == 3 && p[i - 1] == 0 && p[i - 2] == 0)
            continue;
        out[k++] = p[i];
    }
    return k;
}

/* Only its end matters: a delta that makes the next scale 0 (all modulo 256). */
static void skip_scaling_list(struct rec_bits *b, unsigned size)
{
    uint32_t last = 8, next = 8;
    for (unsigned i = 0; i < size && !b->bad; i++) {
        if (next != 0) {
            uint32_t v = rec_bits_ue(b), half = v / 2 + (v & 1);
            next = (v & 1 ? last + half : last - half) & 255;
        }
        last = next == 0 ? last : next;
    }
}

static bool has_chroma_format(unsigned profile)
{
    static const uint8_t with[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    return memchr(with, (int)profile, sizeof with) != NULL;
}

/* chroma_format_idc */
static unsigned read_high_profile(struct rec_bits *b)
{
    unsigned chroma = rec_bits_ue(b);
    if (chroma == 3)
        rec_bits(b, 1);
    rec_bits_ue(b); /* bit depths */
    rec_bits_ue(b);
    rec_bits(b, 1);
    if (rec_bits(b, 1)) {
        for (unsigned i = 0; i < (chroma != 3 ? 8u : 12u) && !b->bad; i++) {
            if (rec_bits(b, 1))
                skip_scaling_list(b, i < 6 ? 16 : 64);
        }
    }
    return chroma;
}

static void skip_order_count(struct rec_bits *b)
{
    unsigned type = rec_bits_ue(b);
    if (type == 0)
        rec_bits_ue(b);
    if (type != 1)
        return;
    rec_bits(b, 1);
    rec_bits_ue(b);
    rec_bits_ue(b);
    for (unsigned n = rec_bits_ue(b); n > 0 && !b->bad; n--)
        rec_bits_ue(b);
}

/* What is cut off at one side and the other, in its units, of `whole`. */
static uint16_t cropped(uint64_t whole, uint64_t a, uint64_t b, unsigned unit)
{
    uint64_t cut = (a + b) * unit;
    return whole > cut && whole - cut <= UINT16_MAX ? (uint16_t)(whole - cut) : 0;
}

static void read_size(struct rec_unpack *u, const uint8_t *sps, size_t n)
{
    uint8_t plain[REC_SETUP_MAX];
    struct rec_bits b = rec_bits_of(plain, unescape(sps, n, plain));
    uint64_t crop[4] = {0};
    rec_bits(&b, 8);
    unsigned profile = rec_bits(&b, 8), chroma = 1;
    rec_bits(&b, 16);
    rec_bits_ue(&b);
    if (has_chroma_format(profile))
        chroma = read_high_profile(&b);
    rec_bits_ue(&b);
    skip_order_count(&b);
    rec_bits_ue(&b);
    rec_bits(&b, 1);
    uint64_t width = ((uint64_t)rec_bits_ue(&b) + 1) * 16, height = (uint64_t)rec_bits_ue(&b) + 1;
    unsigned fields = rec_bits(&b, 1) ? 1 : 2;
    height *= 16 * (uint64_t)fields;
    if (fields == 2)
        rec_bits(&b, 1);
    rec_bits(&b, 1);
    if (rec_bits(&b, 1)) {
        for (unsigned i = 0; i < 4; i++)
            crop[i] = rec_bits_ue(&b);
    }
    if (b.bad)
        return;
    u->width = cropped(width, crop[0], crop[1], chroma == 1 || chroma == 2 ? 2 : 1);
    u->height = cropped(height, crop[2], crop[3], (chroma == 1 ? 2 : 1) * fields);
}

/* ---- Units ---- */

static void keep(struct rec_set *set, const uint8_t *p, size_t n)
{
    if (n > sizeof set->bytes)
        return;
    memcpy(set->bytes, p, n);
    set->n = (uint16_t)n;
}

static bool add_unit(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    unsigned type = n > 0 ? p[0] & 0x1F : 0;
    if (n == 0 || type == 0 || type >= NAL_UNITS_END)
        return false;
    if (type == NAL_SPS && n >= 4) {
        keep(&u->sps, p, n);
        if (u->sps.n == n)
            read_size(u, p, n);
    }
    if (type == NAL_PPS)
        keep(&u->pps, p, n);
    u->key |= type == NAL_IDR;
    buf_u32(&u->frame, (uint32_t)n);
    return buf_put(&u->frame, p, n);
}

static bool add_aggregate(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    struct rd r = rd_of(p + 1, n - 1);
    while (r.n > 0) {
        struct str unit = rd_str(&r, rd_u16(&r));
        if (r.bad || !add_unit(u, (const uint8_t *)unit.p, unit.n))
            return false;
    }
    return true;
}

static bool end_fragments(struct rec_unpack *u)
{
    uint8_t *at = u->frame.base + u->frame.start + u->unit_at;
    if (u->frame.failed)
        return false;
    set_u32(at, (uint32_t)(buf_len(&u->frame) - u->unit_at - 4));
    return true;
}

/* RFC 6184 5.8. The length is known at the end. */
static bool add_fragment(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    if (n < 3)
        return false;
    bool first = p[1] & 0x80, last = p[1] & 0x40;
    unsigned type = p[1] & 0x1F;
    if (first == u->in_unit)
        return false;
    if (first) {
        u->in_unit = true;
        u->unit_at = buf_len(&u->frame);
        u->key |= type == NAL_IDR;
        buf_u32(&u->frame, 0);
        buf_u8(&u->frame, (uint8_t)((p[0] & 0xE0) | type));
    }
    if (!buf_put(&u->frame, p + 2, n - 2))
        return false;
    if (last) {
        u->in_unit = false;
        return end_fragments(u);
    }
    return true;
}

bool rec_h264_add(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    unsigned type = p[0] & 0x1F;
    if (type == NAL_FU_A)
        return add_fragment(u, p, n);
    if (u->in_unit)
        return false;
    return type == NAL_STAP_A ? add_aggregate(u, p, n) : add_unit(u, p, n);
}

/* A key frame needs its parameter sets; those of this stream may have come long before. */
bool rec_h264_end(struct rec_unpack *u)
{
    return !u->in_unit && (!u->key || (u->sps.n >= 4 && u->pps.n > 0));
}

/* AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1). */
size_t rec_h264_setup(const struct rec_unpack *u, uint8_t *out)
{
    struct buf b;
    buf_init_fixed(&b, out, 3 * REC_SETUP_MAX);
    if (u->sps.n < 4 || u->pps.n == 0)
        return 0;
    buf_u8(&b, 1);
    buf_put(&b, u->sps.bytes + 1, 3); /* profile, what it keeps to, level */
    buf_u8(&b, 0xFC | 3);             /* lengths of four bytes */
    buf_u8(&b, 0xE0 | 1);
    buf_u16(&b, u->sps.n);
    buf_put(&b, u->sps.bytes, u->sps.n);
    buf_u8(&b, 1);
    buf_u16(&b, u->pps.n);
    buf_put(&b, u->pps.bytes, u->pps.n);
    return buf_len(&b);
}
