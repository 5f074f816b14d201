/* Payloads of each codec, byte by byte as the RFCs draw them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/codec.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* From exactly as much memory as there is, so that a sanitizer sees what is read beyond. */
static bool read_exact(enum codec c, const uint8_t *p, size_t n, struct codec_packet *k)
{
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    bool ok = codec_read(c, copy, n, k);
    free(copy);
    return ok;
}

static void vp8_with_everything(void **state)
{
    struct codec_packet k;
    (void)state;
    /* X, S; I L T K; a picture id of 15 bits; TL0PICIDX; TID 2, Y, KEYIDX 5; a key frame of 640 x 360. */
    assert_true(read_exact(CODEC_VP8,
                           BYTES(0x90, 0xF0, 0x92, 0x34, 0x56, 0xA5, 0x10, 0, 0, 0x9D, 0x01, 0x2A,
                                 0x80, 0x02, 0x68, 0x01),
                           &k));
    assert_true(k.begins && k.key && k.up && !k.no_ref);
    assert_int_equal(k.descriptor, 6);
    assert_int_equal(k.picture, 0x1234);
    assert_int_equal(k.picture_bits, 15);
    assert_int_equal(k.picture_at, 2);
    assert_int_equal(k.tl0_at, 4);
    assert_int_equal(k.tl0, 0x56);
    assert_int_equal(k.keyidx_at, 5);
    assert_int_equal(k.temporal, 2);
    assert_int_equal(k.width, 640);
    assert_int_equal(k.height, 360);
}

static void vp8_in_short(void **state)
{
    struct codec_packet k;
    (void)state;
    assert_true(read_exact(CODEC_VP8, BYTES(0x10, 0x01), &k));
    assert_true(k.begins && !k.key && !k.up);
    assert_int_equal(k.descriptor, 1);
    assert_int_equal(k.picture_at, 0);
    assert_true(read_exact(CODEC_VP8, BYTES(0x10, 0x00), &k)); /* key, without its size */
    assert_true(k.key);
    assert_int_equal(k.width, 0);
    assert_true(read_exact(CODEC_VP8, BYTES(0x11, 0x00), &k)); /* another partition */
    assert_false(k.begins || k.key);
    assert_true(read_exact(CODEC_VP8, BYTES(0x00, 0x00), &k)); /* goes on */
    assert_false(k.begins || k.key);
    assert_true(read_exact(CODEC_VP8, BYTES(0xB0, 0x80, 0x7F, 0x01), &k)); /* N; 7 bits */
    assert_true(k.no_ref);
    assert_int_equal(k.picture_bits, 7);
    assert_int_equal(k.picture, 0x7F);
    assert_true(read_exact(CODEC_VP8, BYTES(0x90, 0x20, 0x60, 0x01), &k)); /* T only */
    assert_int_equal(k.temporal, 1);
    assert_true(k.up);
    assert_int_equal(k.keyidx_at, 0);
}

static void vp8_cut_short_is_nothing(void **state)
{
    static const uint8_t whole[] = {0x90, 0xF0, 0x92, 0x34, 0x56, 0xA5, 0x10};
    struct codec_packet k;
    (void)state;
    for (size_t n = 0; n < sizeof whole; n++)
        assert_false(read_exact(CODEC_VP8, whole, n, &k));
    assert_true(read_exact(CODEC_VP8, whole, sizeof whole, &k));
}

static void vp8_numbers_are_rewritten_in_place(void **state)
{
    struct codec_packet k, again;
    uint8_t p[] = {0x90, 0xF0, 0x92, 0x34, 0x56, 0xA5, 0x10};
    uint8_t seven[] = {0x90, 0x80, 0x11, 0x01};
    (void)state;
    assert_true(codec_read(CODEC_VP8, p, sizeof p, &k));
    codec_renumber(p, &k, 0x7FFF, 0x99);
    assert_true(codec_read(CODEC_VP8, p, sizeof p, &again));
    assert_int_equal(again.picture, 0x7FFF);
    assert_int_equal(again.picture_bits, 15);
    assert_int_equal(again.tl0, 0x99);
    assert_int_equal(again.temporal, 2);
    assert_true(codec_read(CODEC_VP8, seven, sizeof seven, &k));
    codec_renumber(seven, &k, 0x1FF, 0x99);
    assert_int_equal(seven[2], 0x7F);
}

static void vp9_layers(void **state)
{
    struct codec_packet k;
    (void)state;
    /* I L B E V; picture 15 bits; TID 0 U SID 0; TL0; structure: 2 layers with sizes, one group of 2. */
    assert_true(read_exact(CODEC_VP9,
                           BYTES(0xAE, 0x81, 0x02, 0x10, 0x33, 0x38, 0x01, 0x40, 0x00, 0xB4, 0x02,
                                 0x80, 0x01, 0x68, 0x02, 0x04, 0x11, 0x08, 0x22, 0x33, 0xEE),
                           &k));
    assert_true(k.begins && k.ends && k.key && k.up);
    assert_int_equal(k.picture, 0x102);
    assert_int_equal(k.tl0_at, 4);
    assert_int_equal(k.tl0, 0x33);
    assert_int_equal(k.width, 640); /* of the highest layer */
    assert_int_equal(k.height, 360);
    assert_int_equal(k.descriptor, 20);
    /* The layer above it: predicted from below, so no key by itself. */
    assert_true(read_exact(CODEC_VP9, BYTES(0xA8, 0x81, 0x02, 0x13, 0x33, 0xEE), &k));
    assert_int_equal(k.spatial, 1);
    assert_true(k.between && k.begins && !k.key && !k.ends);
    /* P, temporal layer 2 without U. */
    assert_true(read_exact(CODEC_VP9, BYTES(0xE8, 0x05, 0x40, 0x34, 0xEE), &k));
    assert_int_equal(k.temporal, 2);
    assert_int_equal(k.picture_bits, 7);
    assert_false(k.key || k.up);
}

static void vp9_references(void **state)
{
    struct codec_packet k;
    (void)state;
    /* Flexible, P, three references (the last has N = 0). */
    assert_true(read_exact(CODEC_VP9, BYTES(0xD8, 0x05, 0x03, 0x05, 0x06, 0xEE), &k));
    assert_int_equal(k.descriptor, 5);
    assert_false(k.key);
    /* A fourth is not allowed (RFC 9628 4.2: up to three). */
    assert_false(read_exact(CODEC_VP9, BYTES(0xD8, 0x05, 0x03, 0x05, 0x07, 0x02, 0xEE), &k));
    static const uint8_t whole[] = {0xAE, 0x81, 0x02, 0x10, 0x33, 0x18, 0x01,
                                    0x40, 0x00, 0xB4, 0x01, 0x04, 0x11};
    for (size_t n = 0; n <= sizeof whole; n++)
        assert_false(read_exact(CODEC_VP9, whole, n, &k));
}

static void h264_units(void **state)
{
    struct codec_packet k;
    (void)state;
    assert_true(read_exact(CODEC_H264, BYTES(0x65, 0x88), &k)); /* IDR */
    assert_true(k.key && k.begins && k.up);
    assert_true(read_exact(CODEC_H264, BYTES(0x67, 0x42), &k)); /* SPS */
    assert_true(k.key);
    assert_true(read_exact(CODEC_H264, BYTES(0x41, 0x9A), &k));
    assert_false(k.key);
    assert_true(read_exact(CODEC_H264, BYTES(0x7C, 0x85, 0x88), &k)); /* FU-A, start of an IDR */
    assert_true(k.key && k.begins);
    assert_true(read_exact(CODEC_H264, BYTES(0x7C, 0x05, 0x88), &k)); /* its middle */
    assert_false(k.key || k.begins);
    assert_true(read_exact(CODEC_H264, BYTES(0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xCE), &k));
    assert_true(k.key);
    assert_true(read_exact(CODEC_H264, BYTES(0x78, 0, 2, 0x06, 0x42, 0, 2, 0x41, 0xCE), &k));
    assert_false(k.key);
    assert_false(read_exact(CODEC_H264, BYTES(0x78, 0, 9, 0x67), &k)); /* runs over the end */
    assert_false(read_exact(CODEC_H264, BYTES(0x7C), &k));
    assert_false(read_exact(CODEC_H264, BYTES(0x60, 0x00), &k));
}

static void av1_sequences(void **state)
{
    struct codec_packet k;
    (void)state;
    assert_true(read_exact(CODEC_AV1, BYTES(0x18, 0x0A), &k)); /* W 1, N */
    assert_true(k.key && k.begins);
    assert_true(read_exact(CODEC_AV1, BYTES(0x10, 0x32), &k));
    assert_true(k.begins && !k.key);
    assert_true(read_exact(CODEC_AV1, BYTES(0x90, 0x32), &k));
    assert_false(k.begins || k.key);
    assert_false(read_exact(CODEC_AV1, BYTES(0x18), &k));
}

static void sound_can_begin_anywhere(void **state)
{
    struct codec_packet k;
    (void)state;
    assert_true(codec_read(CODEC_OPUS, NULL, 0, &k));
    assert_true(k.begins && k.key && k.up);
    assert_false(codec_read(CODEC_VP8, NULL, 0, &k));
    assert_int_equal(codec_clock(CODEC_OPUS), 48000);
    assert_int_equal(codec_clock(CODEC_PCMA), 8000);
    assert_int_equal(codec_clock(CODEC_AV1), 90000);
    assert_false(codec_is_video(CODEC_OPUS));
}

static void red_gives_its_blocks(void **state)
{
    /* Older blocks of 3 bytes and 1, 960 and 480 ticks before; then the newest. */
    static const uint8_t red[] = {0xEF, 0x0F, 0x00, 0x03, 0xEE, 0x07, 0x80, 0x01,
                                  0x6F, 1,    2,    3,    4,    7,    8};
    static const uint8_t only[] = {0x6F, 9};
    struct codec_block b[CODEC_RED_MAX];
    (void)state;
    assert_int_equal(codec_read_red(red, sizeof red, b), 3);
    assert_true(str_eq(b[0].bytes, STR("\7\10")));
    assert_int_equal(b[0].pt, 111);
    assert_int_equal(b[0].back, 0);
    assert_true(str_eq(b[1].bytes, STR("\4")));
    assert_int_equal(b[1].pt, 110);
    assert_int_equal(b[1].back, 480);
    assert_true(str_eq(b[2].bytes, STR("\1\2\3")));
    assert_int_equal(b[2].pt, 111);
    assert_int_equal(b[2].back, 960);
    for (size_t n = 0; n < sizeof red - 1; n++) /* up to an empty newest block */
        assert_int_equal(codec_read_red(red, n, b), 0);
    assert_int_equal(codec_read_red(only, sizeof only, b), 1);
    assert_true(str_eq(b[0].bytes, STR("\11")));
}

static void of_many_blocks_the_newest_are_given(void **state)
{
    enum { OLDER = 9 };
    uint8_t red[4 * OLDER + 1 + OLDER + 1];
    struct codec_block b[CODEC_RED_MAX];
    (void)state;
    for (unsigned i = 0; i < OLDER; i++) {
        set_u32(red + 4 * (size_t)i, 0xEF000000u | (OLDER - i) * 960u << 10 | 1u);
        red[4 * OLDER + 1 + i] = (uint8_t)i;
    }
    red[4 * OLDER] = 0x6F;
    red[sizeof red - 1] = OLDER;
    assert_int_equal(codec_read_red(red, sizeof red, b), CODEC_RED_MAX);
    for (unsigned i = 0; i < CODEC_RED_MAX; i++) {
        assert_int_equal(b[i].bytes.n, 1);
        assert_int_equal(b[i].bytes.p[0], OLDER - i);
        assert_int_equal(b[i].back, i * 960);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_with_everything),
        cmocka_unit_test(vp8_in_short),
        cmocka_unit_test(vp8_cut_short_is_nothing),
        cmocka_unit_test(vp8_numbers_are_rewritten_in_place),
        cmocka_unit_test(vp9_layers),
        cmocka_unit_test(vp9_references),
        cmocka_unit_test(h264_units),
        cmocka_unit_test(av1_sequences),
        cmocka_unit_test(sound_can_begin_anywhere),
        cmocka_unit_test(red_gives_its_blocks),
        cmocka_unit_test(of_many_blocks_the_newest_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
