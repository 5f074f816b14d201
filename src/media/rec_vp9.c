/* VP9 of a recording: layers of one picture become a superframe (VP9 bitstream specification, annex B). */
#include "media/rec_bits.h"
#include "media/rec_unpack.h"

enum { SYNC_CODE = 0x498342, SRGB = 7, SUPERFRAME = 0xC0 };

/* uncompressed_header() (7.2) of a key frame, as far as the size. */
static void read_size(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    struct rec_bits b = rec_bits_of(p, n);
    unsigned profile;
    if (rec_bits(&b, 2) != 2)
        return;
    profile = rec_bits(&b, 1);
    profile |= rec_bits(&b, 1) << 1;
    if (profile == 3)
        rec_bits(&b, 1);
    if (rec_bits(&b, 2) != 0) /* shows an existing one, or is no key frame */
        return;
    rec_bits(&b, 2); /* shown, error resilient */
    if (rec_bits(&b, 24) != SYNC_CODE)
        return;
    if (profile >= 2)
        rec_bits(&b, 1); /* 10 or 12 bits */
    if (rec_bits(&b, 3) != SRGB)
        rec_bits(&b, profile & 1 ? 4 : 1);
    else
        rec_bits(&b, profile & 1);
    unsigned width = rec_bits(&b, 16), height = rec_bits(&b, 16);
    if (b.bad || width == UINT16_MAX || height == UINT16_MAX)
        return;
    u->width = (uint16_t)(width + 1);
    u->height = (uint16_t)(height + 1);
}

bool rec_vp9_add(struct rec_unpack *u, const uint8_t *p, size_t n, const struct codec_packet *k)
{
    const uint8_t *data = p + k->descriptor;
    if (k->begins) {
        if (u->layers == REC_LAYERS_MAX)
            return false;
        u->layer_at[u->layers++] = (uint32_t)buf_len(&u->frame);
        if (k->key) {
            u->key = true;
            read_size(u, data, n - k->descriptor);
        }
    }
    return u->layers > 0 && buf_put(&u->frame, data, n - k->descriptor);
}

bool rec_vp9_end(struct rec_unpack *u)
{
    uint8_t mark = (uint8_t)(SUPERFRAME | 3 << 3 | (u->layers - 1)); /* sizes of four bytes */
    uint32_t end = (uint32_t)buf_len(&u->frame);
    if (u->layers < 2)
        return true;
    buf_u8(&u->frame, mark);
    for (unsigned i = 0; i < u->layers; i++) {
        uint32_t size = (i + 1 < u->layers ? u->layer_at[i + 1] : end) - u->layer_at[i];
        for (int shift = 0; shift < 32; shift += 8) /* little endian */
            buf_u8(&u->frame, (uint8_t)(size >> shift));
    }
    return buf_u8(&u->frame, mark);
}
