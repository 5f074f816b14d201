/* proto/rtp and proto/rtp_ext: headers by hand (RFC 3550 5.1, RFC 8285), every cut of a packet, what
 * is refused, rewriting, padding, extension blocks with other ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "proto/rtp.h"
#include "proto/rtp_ext.h"

/* V=2 P X CC=2, M, PT 96, two CSRCs, a one-byte extension (id 1: "ab", id 3: one byte), payload
 * "hello", four bytes of padding. */
static const uint8_t full[] = {
    0xB2, 0xE0, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 0x01, 0x02, 0x03, 0x04, /* fixed */
    0x00, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x00, 0x0B,                         /* CSRCs */
    0xBE, 0xDE, 0x00, 0x02, 0x11, 'a',  'b',  0x00, 0x30, 0x85, 0x00, 0x00, /* extension */
    'h',  'e',  'l',  'l',  'o',  0x00, 0x00, 0x00, 0x04};

static void test_fields(void **state)
{
    (void)state;
    struct rtp r;
    assert_int_equal(rtp_parse(&r, full, sizeof full), RTP_OK);
    assert_int_equal(r.seq, 0x1234);
    assert_int_equal(r.timestamp, 0xDEADBEEF);
    assert_int_equal(r.ssrc, 0x01020304);
    assert_int_equal(r.pt, 96);
    assert_true(r.marker);
    assert_int_equal(r.csrcs, 2);
    assert_int_equal(rtp_csrc(&r, full, 0), 10);
    assert_int_equal(rtp_csrc(&r, full, 1), 11);
    assert_int_equal(rtp_csrc(&r, full, 2), 0);
    assert_true(r.ext);
    assert_int_equal(r.ext_profile, RTP_EXT_ONE_BYTE);
    assert_int_equal(r.ext_at, 24);
    assert_int_equal(r.ext_len, 8);
    assert_int_equal(r.head, 32);
    assert_int_equal(rtp_head_size(full, sizeof full), 32);
    assert_int_equal(r.payload, 5);
    assert_int_equal(r.padding, 4);
    assert_int_equal(r.size, sizeof full);
    assert_int_equal(rtp_parse_sealed(&r, full, sizeof full), RTP_OK);
    assert_int_equal(r.payload, 9);
    assert_int_equal(r.padding, 0);
}

/* Each cut in memory of exactly that size: a step too far is ASan's. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof full; n++) {
        uint8_t *p = malloc(n ? n : 1);
        struct rtp r;
        memcpy(p, full, n);
        enum rtp_result want = n < 20 ? RTP_E_SHORT : n < 32 ? RTP_E_EXT : RTP_E_PADDING;
        assert_int_equal(rtp_parse(&r, p, n), want);
        assert_int_equal(rtp_parse_sealed(&r, p, n), n < 32 ? want : RTP_OK);
        assert_int_equal(rtp_head_size(p, n), n < 32 ? 0 : 32);
        free(p);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static uint8_t big[RTP_PACKET_MAX + 1] = {0x80};
    uint8_t p[sizeof full];
    struct rtp r;
    assert_int_equal(rtp_parse(&r, big, RTP_PACKET_MAX), RTP_OK);
    assert_int_equal(r.payload, RTP_PACKET_MAX - RTP_HEADER);
    assert_int_equal(rtp_parse(&r, big, sizeof big), RTP_E_LONG);
    assert_int_equal(rtp_head_size(big, sizeof big), 0);
    for (unsigned version = 0; version < 4; version++) {
        memcpy(p, full, sizeof p);
        p[0] = (uint8_t)((p[0] & 0x3F) | version << 6);
        assert_int_equal(rtp_parse(&r, p, sizeof p), version == 2 ? RTP_OK : RTP_E_VERSION);
        assert_int_equal(rtp_head_size(p, sizeof p), version == 2 ? 32 : 0);
    }
    /* Padding: 0, all of the payload, one byte more than that. */
    memcpy(p, full, sizeof p);
    p[sizeof p - 1] = 0;
    assert_int_equal(rtp_parse(&r, p, sizeof p), RTP_E_PADDING);
    p[sizeof p - 1] = 9;
    assert_int_equal(rtp_parse(&r, p, sizeof p), RTP_OK);
    assert_int_equal(r.payload, 0);
    p[sizeof p - 1] = 10;
    assert_int_equal(rtp_parse(&r, p, sizeof p), RTP_E_PADDING);
    /* An extension of more than we take, though the packet would hold it. */
    big[0] = 0x90;
    big[RTP_HEADER + 2] = RTP_EXT_MAX / 4 >> 8;
    big[RTP_HEADER + 3] = RTP_EXT_MAX / 4 & 255;
    assert_int_equal(rtp_parse(&r, big, RTP_PACKET_MAX), RTP_OK);
    assert_int_equal(r.ext_len, RTP_EXT_MAX);
    big[RTP_HEADER + 3]++;
    assert_int_equal(rtp_parse(&r, big, RTP_PACKET_MAX), RTP_E_EXT);
    assert_int_equal(rtp_head_size(big, RTP_PACKET_MAX), 0);
    for (int i = 0; i < RTP_RESULTS; i++)
        assert_string_not_equal(rtp_result_name((enum rtp_result)i), "unknown");
    assert_string_equal(rtp_result_name(RTP_RESULTS), "unknown");
}

/* RFC 5761 4: which of the two is it? */
static void test_kind(void **state)
{
    (void)state;
    uint8_t p[2] = {0x80, 0};
    for (unsigned second = 0; second < 256; second++) {
        p[1] = (uint8_t)second;
        assert_int_equal(rtp_kind_of(p, 2),
                         second >= 192 && second <= 223 ? RTP_KIND_RTCP : RTP_KIND_RTP);
    }
    for (unsigned first = 0; first < 256; first++) {
        p[0] = (uint8_t)first;
        p[1] = 0;
        assert_int_equal(rtp_kind_of(p, 2), first >> 6 == 2 ? RTP_KIND_RTP : RTP_KIND_OTHER);
    }
    assert_int_equal(rtp_kind_of(p, 1), RTP_KIND_OTHER);
}

static void test_write_and_rewrite(void **state)
{
    (void)state;
    const uint32_t csrcs[2] = {10, 11};
    struct rtp in = {.marker = true,
                     .pt = 96,
                     .seq = 0x1234,
                     .timestamp = 0xDEADBEEF,
                     .ssrc = 0x01020304,
                     .csrcs = 2};
    struct rtp r;
    uint8_t p[64];
    assert_int_equal(rtp_put_head(p, 19, &in, csrcs), 0);
    assert_int_equal(rtp_put_head(p, 20, &in, NULL), 0);
    assert_int_equal(rtp_put_head(p, 20, &in, csrcs), 20);
    assert_memory_equal(p + 1, full + 1, 19);
    assert_int_equal(p[0], 0x82);
    in.pt = 128;
    assert_int_equal(rtp_put_head(p, sizeof p, &in, csrcs), 0);

    rtp_set_seq(p, 0xFFFE);
    rtp_set_timestamp(p, 77);
    rtp_set_ssrc(p, 0xCAFE);
    rtp_set_pt(p, 111);
    assert_int_equal(rtp_parse(&r, p, 20), RTP_OK);
    assert_int_equal(r.seq, 0xFFFE);
    assert_int_equal(r.timestamp, 77);
    assert_int_equal(r.ssrc, 0xCAFE);
    assert_int_equal(r.pt, 111);
    assert_true(r.marker);
    rtp_set_marker(p, false);
    assert_int_equal(p[1], 111);
    rtp_set_marker(p, true);
    assert_int_equal(p[1], 0x80 | 111);
}

static void test_padding(void **state)
{
    (void)state;
    uint8_t p[RTP_HEADER + 300] = {0x80};
    struct rtp r;
    assert_int_equal(rtp_pad(p, RTP_HEADER, sizeof p, 0), 0);
    assert_int_equal(rtp_pad(p, RTP_HEADER, sizeof p, 256), 0);
    assert_int_equal(rtp_pad(p, RTP_HEADER, RTP_HEADER + 2, 3), 0);
    assert_int_equal(p[0], 0x80);
    for (unsigned pad = 1; pad <= RTP_PADDING_MAX; pad++) {
        size_t n = rtp_pad(p, RTP_HEADER, RTP_HEADER + pad, pad);
        assert_int_equal(n, RTP_HEADER + pad);
        assert_int_equal(rtp_parse(&r, p, n), RTP_OK); /* nothing but padding: a probe */
        assert_int_equal(r.padding, pad);
        assert_int_equal(r.payload, 0);
        assert_int_equal(rtp_unpad(p, &r), RTP_HEADER);
        assert_int_equal(rtp_parse(&r, p, RTP_HEADER), RTP_OK);
        assert_int_equal(r.padding, 0);
    }
}

static void test_numbers_that_wrap(void **state)
{
    (void)state;
    assert_int_equal(rtp_seq_diff(0, 65535), 1);
    assert_int_equal(rtp_seq_diff(65535, 0), -1);
    assert_int_equal(rtp_seq_diff(32768, 0), -32768);
    assert_int_equal(rtp_timestamp_diff(5, 0xFFFFFFFF), 6);
    int64_t at = 65000;
    for (int64_t want = 65000; want < 300000; want += 7) {
        at = rtp_seq_unwrap(at, (uint16_t)want);
        assert_int_equal(at, want);
    }
    assert_int_equal(rtp_seq_unwrap(3, 65530), -6);
    assert_int_equal(rtp_timestamp_unwrap(0xFFFFFFF0, 16), 0x100000010);
    assert_int_equal(rtp_timestamp_unwrap(0x100000010, 0xFFFFFFF0), 0xFFFFFFF0);
}

/* ---- Extensions ---- */

/* A packet with this extension block, in memory of exactly its size. */
static uint8_t *with_block(unsigned profile, const void *data, size_t n, struct rtp *r)
{
    size_t size = RTP_HEADER + RTP_EXT_HEADER + n;
    uint8_t *p = calloc(1, size);
    assert_int_equal(n % 4, 0);
    p[0] = 0x90;
    set_u16(p + 12, (uint16_t)profile);
    set_u16(p + 14, (uint16_t)(n / 4));
    memcpy(p + 16, data, n);
    assert_int_equal(rtp_parse(r, p, size), RTP_OK);
    return p;
}

/* Elements as "id:length" in hexadecimal digits; '!' at the end when malformed. */
static void expect_elements(unsigned profile, const void *data, size_t n, const char *want)
{
    struct rtp r;
    struct rtp_ext e;
    char got[256] = "";
    size_t at = 0;
    uint8_t *p = with_block(profile, data, n, &r);
    struct rtp_ext_iter it = rtp_ext_iter(&r, p);
    while (rtp_ext_next(&it, &e))
        at += (size_t)snprintf(got + at, sizeof got - at, "%x:%x ", e.id, e.len);
    if (it.bad)
        snprintf(got + at, sizeof got - at, "!");
    assert_string_equal(got, want);
    assert_false(rtp_ext_next(&it, &e));
    free(p);
}

#define ELEMENTS(profile, want, ...)                         \
    do {                                                     \
        const uint8_t bytes[] = {__VA_ARGS__};               \
        expect_elements(profile, bytes, sizeof bytes, want); \
    } while (0)

static void test_ext_elements(void **state)
{
    (void)state;
    ELEMENTS(0xBEDE, "1:2 3:1 ", 0x11, 1, 2, 0, 0x30, 9, 0, 0);
    ELEMENTS(0xBEDE, "e:1 ", 0, 0, 0xE0, 7);
    ELEMENTS(0xBEDE, "1:3 ", 0x12, 1, 2, 3);
    ELEMENTS(0xBEDE, "!", 0x13, 1, 2, 3); /* runs over the end by one */
    ELEMENTS(0xBEDE, "1:1 2:1 ", 0x10, 1, 0x20, 2);
    ELEMENTS(0xBEDE, "1:1 !", 0x10, 1, 0x2F, 2);
    ELEMENTS(0xBEDE, "1:1 ", 0x10, 1, 0xF0, 2, 0x10, 3, 0, 0); /* id 15 ends it (RFC 8285 4.2) */
    ELEMENTS(0xBEDE, "1:1 ", 0x10, 1, 0x01, 2, 0x10, 3, 0, 0); /* so does id 0 with a length */
    ELEMENTS(0xBEDE, "1:1 !", 0x10, 1, 0, 0x20);               /* a head without its value */
    ELEMENTS(0x1000, "1:0 f:1 ", 1, 0, 15, 1, 9, 0, 0, 0); /* two-byte: no value, id 15 is fine */
    ELEMENTS(0x100F, "ff:2 ", 0xFF, 2, 1, 2);              /* appbits don't matter */
    ELEMENTS(0x1000, "!", 1, 3, 0, 0);
    ELEMENTS(0x1000, "!", 0, 0, 0, 1); /* an id without a length */
    ELEMENTS(0x1010, "", 1, 1, 1, 1);  /* some other profile */
    ELEMENTS(0xABAC, "", 1, 1, 1, 1);
}

static void test_ext_map(void **state)
{
    (void)state;
    struct rtp_ext_map m = {0};
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_MID, 0), ERR_RANGE);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_MID, 256), ERR_RANGE);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_NONE, 1), ERR_RANGE);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_KINDS, 1), ERR_RANGE);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_MID, 4), ERR_OK);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_RID, 4), ERR_EXISTS);
    assert_int_equal(rtp_ext_map_add(&m, RTP_EXT_MID, 5), ERR_EXISTS);
    for (int kind = RTP_EXT_NONE + 1; kind < RTP_EXT_KINDS; kind++)
        assert_int_equal(rtp_ext_of_uri(str_from(rtp_ext_uri((enum rtp_ext_kind)kind))), kind);
    assert_null(rtp_ext_uri(RTP_EXT_NONE));
    assert_null(rtp_ext_uri(RTP_EXT_KINDS));
    assert_int_equal(rtp_ext_of_uri(STR("urn:ietf:params:rtp-hdrext:toffset")), RTP_EXT_NONE);
}

static struct rtp_ext_map map_of(const unsigned ids[RTP_EXT_KINDS])
{
    struct rtp_ext_map m = {0};
    for (int kind = 1; kind < RTP_EXT_KINDS; kind++) {
        if (ids[kind])
            assert_int_equal(rtp_ext_map_add(&m, (enum rtp_ext_kind)kind, ids[kind]), ERR_OK);
    }
    return m;
}

static const unsigned chromium[RTP_EXT_KINDS] = {[RTP_EXT_MID] = 4,
                                                 [RTP_EXT_RID] = 10,
                                                 [RTP_EXT_REPAIRED_RID] = 11,
                                                 [RTP_EXT_ABS_SEND_TIME] = 2,
                                                 [RTP_EXT_TRANSPORT_CC] = 3,
                                                 [RTP_EXT_AUDIO_LEVEL] = 1,
                                                 [RTP_EXT_VIDEO_ORIENTATION] = 13};

static void test_ext_values(void **state)
{
    (void)state;
    const uint8_t block[] = {0x10, 0xC5, 0x22, 1,   2,   3, 0x31, 0xAB, 0xCD, 0x40,
                             '0',  0xA2, 'h',  '-', '_', 0, 0xD0, 0x0D, 0x40, '9'};
    struct rtp_ext_map m = map_of(chromium);
    struct rtp_ext_set set;
    struct rtp_audio_level level;
    struct rtp_orientation turn;
    struct str text;
    struct rtp r;
    uint32_t abs;
    uint16_t seq;
    uint8_t *p = with_block(0xBEDE, block, sizeof block, &r);
    assert_true(rtp_ext_read(&set, &m, &r, p));
    assert_true(rtp_ext_audio_level(&set.at[RTP_EXT_AUDIO_LEVEL], &level));
    assert_int_equal(level.level, 0x45);
    assert_true(level.voice);
    assert_true(rtp_ext_abs_send_time(&set.at[RTP_EXT_ABS_SEND_TIME], &abs));
    assert_int_equal(abs, 0x010203);
    assert_true(rtp_ext_transport_cc(&set.at[RTP_EXT_TRANSPORT_CC], &seq));
    assert_int_equal(seq, 0xABCD);
    assert_true(rtp_ext_text(&set.at[RTP_EXT_MID], &text));
    assert_true(str_eq(text, STR("0"))); /* the first of two */
    assert_true(rtp_ext_text(&set.at[RTP_EXT_RID], &text));
    assert_true(str_eq(text, STR("h-_")));
    assert_true(rtp_ext_orientation(&set.at[RTP_EXT_VIDEO_ORIENTATION], &turn));
    assert_int_equal(turn.degrees, 90);
    assert_true(turn.flip && turn.back);
    assert_null(set.at[RTP_EXT_DEPENDENCY].p);
    assert_false(rtp_ext_text(&set.at[RTP_EXT_REPAIRED_RID], &text));
    assert_false(rtp_ext_audio_level(&set.at[RTP_EXT_DEPENDENCY], &level));

    /* Sizes that can't be, and a text that isn't one. */
    struct rtp_ext two = {.p = block, .id = 1, .len = 2}, none = {0};
    assert_false(rtp_ext_audio_level(&two, &level));
    assert_false(rtp_ext_orientation(&two, &turn));
    assert_false(rtp_ext_abs_send_time(&two, &abs));
    assert_false(rtp_ext_text(&two, &text));
    two.len = 1;
    assert_false(rtp_ext_transport_cc(&two, &seq));
    assert_false(rtp_ext_transport_cc(&none, &seq));
    struct rtp_ext seventeen = {.p = (const uint8_t *)"abcdefghijklmnopq", .id = 1, .len = 17};
    assert_false(rtp_ext_text(&seventeen, &text));
    seventeen.len = 16;
    assert_true(rtp_ext_text(&seventeen, &text));
    free(p);
}

static void test_ext_write(void **state)
{
    (void)state;
    uint8_t p[64] = {0x80};
    struct rtp_ext_writer w;
    struct rtp r;

    /* Nothing written: no block. */
    rtp_ext_begin(&w, p, RTP_HEADER, sizeof p, false);
    assert_int_equal(rtp_ext_end(&w), RTP_HEADER);
    assert_int_equal(p[0], 0x80);

    rtp_ext_begin(&w, p, RTP_HEADER, sizeof p, false);
    assert_non_null(rtp_ext_put(&w, 4, "0", 1));
    uint8_t *seq = rtp_ext_put_transport_cc(&w, 3, 0);
    assert_non_null(rtp_ext_put_abs_send_time(&w, 2, 0x0A0B0C));
    assert_non_null(
        rtp_ext_put_audio_level(&w, 1, (struct rtp_audio_level){.level = 5, .voice = true}));
    assert_null(rtp_ext_put(&w, 15, "x", 1)); /* not in this form; the writer goes on */
    assert_null(rtp_ext_put(&w, 1, "x", 0));
    assert_null(rtp_ext_put(&w, 0, "x", 1));
    assert_null(rtp_ext_put(&w, 1, "12345678901234567", 17));
    set_u16(seq, 0x1234);
    size_t n = rtp_ext_end(&w);
    static const uint8_t want[] = {0xBE, 0xDE, 0x00, 0x03, 0x40, '0',  0x31, 0x12,
                                   0x34, 0x22, 0x0A, 0x0B, 0x0C, 0x10, 0x85, 0x00};
    assert_int_equal(n, RTP_HEADER + sizeof want);
    assert_memory_equal(p + RTP_HEADER, want, sizeof want);
    assert_int_equal(rtp_parse(&r, p, n), RTP_OK);
    assert_int_equal(r.head, n);

    /* The same in two bytes, with what the other form can't say. */
    rtp_ext_begin(&w, p, RTP_HEADER, sizeof p, true);
    assert_non_null(rtp_ext_put(&w, 200, "12345678901234567", 17));
    assert_non_null(rtp_ext_put(&w, 15, NULL, 0));
    assert_null(rtp_ext_put(&w, 256, "x", 1));
    n = rtp_ext_end(&w);
    assert_int_equal(n, RTP_HEADER + 4 + 24);
    assert_int_equal(rtp_parse(&r, p, n), RTP_OK);
    struct rtp_ext_iter it = rtp_ext_iter(&r, p);
    struct rtp_ext e;
    assert_true(rtp_ext_next(&it, &e));
    assert_int_equal(e.id, 200);
    assert_int_equal(e.len, 17);
    assert_true(rtp_ext_next(&it, &e));
    assert_int_equal(e.id, 15);
    assert_int_equal(e.len, 0);
    assert_false(rtp_ext_next(&it, &e));
    assert_false(it.bad);
}

/* Every capacity: it fits or it fails, and nothing is written beyond. */
static void test_ext_room(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 40; cap++) {
        uint8_t *p = calloc(1, cap ? cap : 1);
        struct rtp_ext_writer w;
        rtp_ext_begin(&w, p, RTP_HEADER, cap, false);
        rtp_ext_put(&w, 1, "abc", 3);
        rtp_ext_put(&w, 2, "defgh", 5);
        assert_int_equal(rtp_ext_end(&w), cap < 28 ? 0 : 28);
        free(p);
    }
    static uint8_t big[RTP_HEAD_MAX + 100];
    struct rtp_ext_writer w;
    rtp_ext_begin(&w, big, RTP_HEADER, sizeof big, true);
    for (int i = 0; i < 3; i++)
        assert_non_null(rtp_ext_put(&w, 1, NULL, 255));
    assert_non_null(rtp_ext_put(&w, 1, NULL, RTP_EXT_MAX - 3 * 257 - 2));
    assert_null(rtp_ext_put(&w, 1, NULL, 0)); /* one more would be over RTP_EXT_MAX */
    assert_int_equal(rtp_ext_end(&w), 0);
}

static void test_ext_rebuild(void **state)
{
    (void)state;
    /* audio level, id 9 which nobody knows, transport-cc, mid, and a second mid */
    const uint8_t block[] = {0x10, 0x7F, 0x91, 1, 2, 0x31, 0, 1, 0x40, '7', 0x40, '8'};
    const unsigned other[RTP_EXT_KINDS] = {
        [RTP_EXT_MID] = 14, [RTP_EXT_TRANSPORT_CC] = 5, [RTP_EXT_AUDIO_LEVEL] = 3};
    struct rtp_ext_map from = map_of(chromium), to = map_of(other);
    struct rtp_ext_writer w;
    struct rtp r, r2;
    struct rtp_ext_set set;
    struct str mid;
    uint16_t seq;
    uint8_t out[64];
    uint8_t *p = with_block(0xBEDE, block, sizeof block, &r);
    size_t at = rtp_put_head(out, sizeof out, &r, NULL);
    rtp_ext_begin(&w, out, at, sizeof out, false);
    uint32_t leave = 1u << RTP_EXT_TRANSPORT_CC;
    assert_false(rtp_ext_needs_two(&from, &to, leave, &r, p));
    assert_int_equal(rtp_ext_rebuild(&w, &from, &to, leave, &r, p), 0);
    rtp_ext_put_transport_cc(&w, 5, 0x4242);
    assert_int_equal(rtp_parse(&r2, out, rtp_ext_end(&w)), RTP_OK);
    assert_true(rtp_ext_read(&set, &to, &r2, out));
    assert_true(rtp_ext_transport_cc(&set.at[RTP_EXT_TRANSPORT_CC], &seq));
    assert_int_equal(seq, 0x4242);
    assert_true(rtp_ext_text(&set.at[RTP_EXT_MID], &mid));
    assert_true(str_eq(mid, STR("7")));
    assert_int_equal(set.at[RTP_EXT_MID].id, 14);
    assert_int_equal(set.at[RTP_EXT_AUDIO_LEVEL].id, 3);

    /* An id above 14 on the other side: the one-byte form loses that one, the other doesn't. */
    const unsigned high[RTP_EXT_KINDS] = {[RTP_EXT_MID] = 15, [RTP_EXT_AUDIO_LEVEL] = 3};
    struct rtp_ext_map to_high = map_of(high);
    assert_true(rtp_ext_needs_two(&from, &to_high, 0, &r, p));
    rtp_ext_begin(&w, out, at, sizeof out, false);
    assert_int_equal(rtp_ext_rebuild(&w, &from, &to_high, 0, &r, p), 2);
    assert_int_equal(rtp_ext_end(&w), at + 8);
    rtp_ext_begin(&w, out, at, sizeof out, true);
    assert_int_equal(rtp_ext_rebuild(&w, &from, &to_high, 0, &r, p), 0);
    assert_int_equal(rtp_parse(&r2, out, rtp_ext_end(&w)), RTP_OK);
    assert_int_equal(r2.ext_profile, RTP_EXT_TWO_BYTE);
    free(p);
}

/* Which form must it be? { the incoming block, the ids there }. */
static void test_ext_needs_two(void **state)
{
    (void)state;
    const uint8_t fits[] = {4, 1, '7', 0}, empty[] = {4, 0, 1, 1},
                  longer[24] = {4, 17, 'l', 'o', 'n', 'g'}, unknown[24] = {77, 17};
    const unsigned low_ids[RTP_EXT_KINDS] = {[RTP_EXT_MID] = 14};
    const unsigned high_ids[RTP_EXT_KINDS] = {[RTP_EXT_MID] = 1, [RTP_EXT_RID] = 15};
    struct rtp_ext_map from = map_of(chromium), low = map_of(low_ids), high = map_of(high_ids);
    const struct {
        const uint8_t *p;
        size_t n;
        bool two;
    } cases[] = {{fits, sizeof fits, false},
                 {empty, sizeof empty, true},
                 {longer, sizeof longer, true},
                 {unknown, sizeof unknown, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct rtp r;
        uint8_t *p = with_block(RTP_EXT_TWO_BYTE, cases[i].p, cases[i].n, &r);
        assert_int_equal(rtp_ext_needs_two(&from, &low, 0, &r, p), cases[i].two);
        assert_false(rtp_ext_needs_two(&from, &low, 1u << RTP_EXT_MID, &r, p));
        assert_true(rtp_ext_needs_two(&from, &high, 1u << RTP_EXT_MID, &r, p));
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_write_and_rewrite),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_numbers_that_wrap),
        cmocka_unit_test(test_ext_elements),
        cmocka_unit_test(test_ext_map),
        cmocka_unit_test(test_ext_values),
        cmocka_unit_test(test_ext_write),
        cmocka_unit_test(test_ext_room),
        cmocka_unit_test(test_ext_rebuild),
        cmocka_unit_test(test_ext_needs_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
