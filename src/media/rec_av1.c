/* AV1 of a recording: OBUs put together from fragments, each with its size ("low overhead", 5.2). */
#include <string.h>

#include "media/rec_bits.h"
#include "media/rec_unpack.h"

enum { OBU_SEQUENCE = 1, OBU_DELIMITER = 2, OBU_TILES = 8, OBU_PADDING = 15 };

/* leb128() (4.10.5); false: it doesn't end. */
static bool read_leb128(struct rd *r, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = rd_u8(r);
        *v |= (uint64_t)(byte & 0x7F) << 7 * i;
        if (!(byte & 0x80))
            return !r->bad;
    }
    return false;
}

static void put_leb128(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_u8(b, (uint8_t)(v | 0x80));
    buf_u8(b, (uint8_t)v);
}

/* ---- sequence_header_obu() (5.5) ---- */

struct sequence {
    unsigned profile, level, tier, width, height;
    bool still, high_bits, twelve_bits, mono, sub_x, sub_y;
    unsigned sample_position;
};

static void skip_timing(struct rec_bits *b, bool *decoder_model, unsigned *delay_bits)
{
    rec_bits(b, 32);
    rec_bits(b, 32);
    if (rec_bits(b, 1))
        rec_bits_ue(b);
    *decoder_model = rec_bits(b, 1);
    if (*decoder_model) {
        *delay_bits = rec_bits(b, 5) + 1;
        rec_bits(b, 32);
        rec_bits(b, 10);
    }
}

static void read_points(struct rec_bits *b, struct sequence *s)
{
    bool model = false;
    unsigned delay_bits = 0;
    if (rec_bits(b, 1))
        skip_timing(b, &model, &delay_bits);
    bool initial_delay = rec_bits(b, 1);
    unsigned points = rec_bits(b, 5) + 1;
    for (unsigned i = 0; i < points && !b->bad; i++) {
        rec_bits(b, 12);
        unsigned level = rec_bits(b, 5), tier = level > 7 ? rec_bits(b, 1) : 0;
        if (i == 0) {
            s->level = level;
            s->tier = tier;
        }
        if (model && rec_bits(b, 1)) {
            rec_bits(b, delay_bits);
            rec_bits(b, delay_bits);
            rec_bits(b, 1);
        }
        if (initial_delay && rec_bits(b, 1))
            rec_bits(b, 4);
    }
}

/* What lies between the size and the colours. */
static void skip_tools(struct rec_bits *b, bool reduced)
{
    rec_bits(b, 3); /* superblocks, filters */
    if (reduced) {
        rec_bits(b, 3);
        return;
    }
    rec_bits(b, 4);
    bool order_hint = rec_bits(b, 1);
    if (order_hint)
        rec_bits(b, 2);
    bool choose_content = rec_bits(b, 1);
    unsigned content = choose_content ? 2 : rec_bits(b, 1);
    if (content > 0 && !rec_bits(b, 1))
        rec_bits(b, 1);
    if (order_hint)
        rec_bits(b, 3);
    rec_bits(b, 3); /* superres, cdef, restoration */
}

/* color_config() (5.5.2) */
static void read_colours(struct rec_bits *b, struct sequence *s)
{
    unsigned primaries = 2, transfer = 2, matrix = 2;
    s->high_bits = rec_bits(b, 1);
    s->twelve_bits = s->profile == 2 && s->high_bits && rec_bits(b, 1);
    s->mono = s->profile != 1 && rec_bits(b, 1);
    if (rec_bits(b, 1)) {
        primaries = rec_bits(b, 8);
        transfer = rec_bits(b, 8);
        matrix = rec_bits(b, 8);
    }
    s->sub_x = s->sub_y = s->mono || s->profile == 0;
    if (s->mono || (primaries == 1 && transfer == 13 && matrix == 0))
        return;
    rec_bits(b, 1);
    if (s->profile == 2) {
        s->sub_x = !s->twelve_bits || rec_bits(b, 1);
        s->sub_y = s->twelve_bits && s->sub_x && rec_bits(b, 1);
    }
    if (s->sub_x && s->sub_y)
        s->sample_position = rec_bits(b, 2);
}

/* p: behind the OBU's header. */
static bool read_sequence(const uint8_t *p, size_t n, struct sequence *s)
{
    struct rec_bits b = rec_bits_of(p, n);
    *s = (struct sequence){0};
    s->profile = rec_bits(&b, 3);
    s->still = rec_bits(&b, 1);
    bool reduced = rec_bits(&b, 1);
    if (reduced)
        s->level = rec_bits(&b, 5);
    else
        read_points(&b, s);
    unsigned width_bits = rec_bits(&b, 4) + 1, height_bits = rec_bits(&b, 4) + 1;
    s->width = rec_bits(&b, width_bits) + 1;
    s->height = rec_bits(&b, height_bits) + 1;
    if (!reduced && rec_bits(&b, 1))
        rec_bits(&b, 7); /* frame ids */
    skip_tools(&b, reduced);
    read_colours(&b, s);
    return !b.bad && s->width <= UINT16_MAX && s->height <= UINT16_MAX;
}

/* ---- OBUs ---- */

/* One whole OBU as it came: into the frame, with its size; what Matroska doesn't want is left out. */
static bool add_obu(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    struct rd r = rd_of(p, n);
    uint8_t head = rd_u8(&r), extension = head & 4 ? rd_u8(&r) : 0;
    unsigned type = head >> 3 & 15;
    uint64_t size = r.n;
    size_t start = buf_len(&u->frame);
    struct sequence s;
    if (head & 2 && (!read_leb128(&r, &size) || size > r.n))
        return false;
    if (r.bad || head & 0x80)
        return false;
    if (type == OBU_DELIMITER || type == OBU_TILES || type == OBU_PADDING)
        return true;
    buf_u8(&u->frame, head | 2);
    if (head & 4)
        buf_u8(&u->frame, extension);
    put_leb128(&u->frame, size);
    if (!buf_put(&u->frame, r.p, (size_t)size))
        return false;
    if (type == OBU_SEQUENCE && read_sequence(r.p, (size_t)size, &s)) {
        size_t whole = buf_len(&u->frame) - start;
        u->key = true;
        u->width = (uint16_t)s.width;
        u->height = (uint16_t)s.height;
        u->sps.n = whole <= sizeof u->sps.bytes ? (uint16_t)whole : 0;
        memcpy(u->sps.bytes, buf_data(&u->frame) + start, u->sps.n);
    }
    return true;
}

static bool add_piece(struct rec_unpack *u, struct str piece, bool goes_on)
{
    bool alone = !u->in_unit && !goes_on;
    if (alone)
        return piece.n == 0 || add_obu(u, (const uint8_t *)piece.p, piece.n);
    u->in_unit = goes_on;
    if (!buf_put_str(&u->obu, piece))
        return false;
    if (goes_on)
        return true;
    bool good = add_obu(u, buf_data(&u->obu), buf_len(&u->obu));
    buf_reset(&u->obu);
    return good;
}

/* The aggregation header (RTP payload format 4.4): goes on with one, ends within one, how many elements. */
bool rec_av1_add(struct rec_unpack *u, const uint8_t *p, size_t n)
{
    struct rd r = rd_of(p, n);
    uint8_t head = rd_u8(&r);
    bool last_goes_on = head & 0x40;
    unsigned count = head >> 4 & 3;
    if (((head & 0x80) != 0) != u->in_unit)
        return false;
    for (unsigned i = 1; r.n > 0; i++) {
        uint64_t size = r.n;
        if (i != count && !read_leb128(&r, &size))
            return false;
        struct str piece = rd_str(&r, (size_t)size);
        if (r.bad || (count != 0 && i > count))
            return false;
        bool is_last = count != 0 ? i == count : r.n == 0;
        if (!add_piece(u, piece, is_last && last_goes_on))
            return false;
    }
    return true;
}

bool rec_av1_end(struct rec_unpack *u)
{
    return !u->in_unit && (!u->key || u->sps.n > 0);
}

/* AV1CodecConfigurationRecord (AV1 in ISO media files 2.3.3). */
size_t rec_av1_setup(const struct rec_unpack *u, uint8_t *out)
{
    struct rd r = rd_of(u->sps.bytes, u->sps.n);
    uint64_t size;
    struct sequence s;
    struct buf b;
    rd_skip(&r, rd_u8(&r) & 4 ? 1 : 0);
    if (!read_leb128(&r, &size) || size > r.n || !read_sequence(r.p, (size_t)size, &s))
        return 0;
    buf_init_fixed(&b, out, 3 * REC_SETUP_MAX);
    buf_u8(&b, 0x81);
    buf_u8(&b, (uint8_t)(s.profile << 5 | s.level));
    unsigned bits = s.tier << 7 | (s.high_bits ? 0x40 : 0) | (s.twelve_bits ? 0x20 : 0) |
                    (s.mono ? 0x10 : 0) | (s.sub_x ? 8 : 0) | (s.sub_y ? 4 : 0);
    buf_u8(&b, (uint8_t)(bits | s.sample_position));
    buf_u8(&b, 0);
    buf_put(&b, u->sps.bytes, u->sps.n);
    return buf_len(&b);
}
