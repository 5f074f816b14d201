/* proto/srtp: vectors of RFC 3711 (B.2, B.3) and RFC 7714 (16, 17), indices around wraps, windows,
 * what changes nothing, streams, fan-out, saving and loading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/srtp_int.h"
#include "srtp_fixture.h"

#define EACH_PROFILE(p)                                                                   \
    for (unsigned i_##p = 0; i_##p < ARRAY_LEN(all_profiles); i_##p++)                    \
        for (enum srtp_profile p = all_profiles[i_##p], once_##p = SRTP_AEAD_AES_128_GCM; \
             once_##p; once_##p = SRTP_NONE)

static void expect_hex(const uint8_t *p, size_t n, const char *hex)
{
    struct packet want = packet_of_hex(hex);
    assert_int_equal(n, want.n);
    assert_memory_equal(p, want.p, n);
}

static enum srtp_result protect(struct srtp *s, struct packet *k)
{
    return srtp_protect(s, k->p, &k->n, sizeof k->p);
}

static enum srtp_result unprotect(struct srtp *s, struct packet *k)
{
    return srtp_unprotect(s, k->p, &k->n);
}

static enum srtp_result protect_rtcp(struct srtp *s, struct packet *k)
{
    return srtp_protect_rtcp(s, k->p, &k->n, sizeof k->p);
}

static enum srtp_result unprotect_rtcp(struct srtp *s, struct packet *k)
{
    return srtp_unprotect_rtcp(s, k->p, &k->n);
}

/* Everything that counts of its state. */
static struct packet *saved(const struct srtp *s)
{
    struct packet *k = test_calloc(1, sizeof *k);
    k->n = srtp_save(s, k->p, sizeof k->p);
    assert_int_equal(k->n, srtp_save_size(s));
    return k;
}

/* ---- Vectors ---- */

/* RFC 3711 B.2: 1,044,512 bytes of keystream, its beginning and its end. */
static void test_keystream(void **state)
{
    (void)state;
    enum { ALL = 1044512 };
    struct srtp_half h = {0};
    struct packet key = packet_of_hex("2B7E151628AED2A6ABF7158809CF4F3C"),
                  salt = packet_of_hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
    uint8_t iv[SRTP_CTR_IV], *out = test_malloc(ALL);
    memcpy(h.salt, salt.p, salt.n);
    srtp_ctr_iv(&h, 0, 0, iv);
    expect_hex(iv, sizeof iv, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
    assert_true(srtp_keystream(key.p, key.n, iv, out, ALL));
    expect_hex(out, 48,
               "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB"
               "41E95B3BB0A2E8DD477901E4FCA894C0");
    expect_hex(out + ALL - 48, 48,
               "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE"
               "6A2CC3787889374FBEB4C81B17BA6C44");
    test_free(out);
}

/* RFC 3711 B.3 */
static void test_derivation(void **state)
{
    (void)state;
    struct packet key = packet_of_hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
                  salt = packet_of_hex("0EC675AD498AFEEBB6960B3AABE6");
    struct srtp_keys k;
    assert_true(srtp_derive(SRTP_AES128_CM_SHA1_80, key.p, salt.p, &k));
    expect_hex(k.rtp.key, 16, "C61E7A93744F39EE10734AFE3FF7A087");
    expect_hex(k.rtp.salt, 14, "30CBBC08863D8C85D49DB34A9AE1");
    expect_hex(k.rtp.auth, 20, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
    assert_memory_not_equal(k.rtcp.key, k.rtp.key, 16);
}

#define SALT_7714 "517569642070726f2071756f"
#define KEY_128   "000102030405060708090a0b0c0d0e0f"
#define KEY_256   KEY_128 "101112131415161718191a1b1c1d1e1f"
#define RTP_7714                                                                 \
    "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e6973206469766973612069" \
    "6e207061727465732074726573"
#define RTCP_7714                                                                      \
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef" \
    "deadbeefdeadbeefdeadbeef"

static const struct vector {
    enum srtp_profile profile;
    const char *key, *rtp, *rtcp;           /* 16.1.1, 16.2.1; 17.1, 17.2 */
    const char *rtp_tag, *rtcp_tag, *clear; /* 16.1.3, 16.2.3; 17.3, 17.4: nothing encrypted */
} vectors[] = {
    {SRTP_AEAD_AES_128_GCM, KEY_128,
     "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b"
     "36de3adf8833899d7f27beb16a9152cf765ee4390cce",
     "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
     "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
     "22493f82d2bce397e9d79e3b19aa4216", "841dd9683dd78ec92ae58790125f62b3",
     RTCP_7714 "841dd9683dd78ec92ae58790125f62b3000005d4"},
    {SRTP_AEAD_AES_256_GCM, KEY_256,
     "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f"
     "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
     "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658"
     "c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
     "a866d5910f887463067ceefec45215d4", "91db4afbfeee5a978fab4393ed2615fe",
     RTCP_7714 "91db4afbfeee5a978fab4393ed2615fe000005d4"},
};

/* RFC 7714's keys are session keys. */
static struct srtp *of_vector(const struct vector *v, enum srtp_way way)
{
    struct srtp_keys keys = {0};
    struct packet key = packet_of_hex(v->key), salt = packet_of_hex(SALT_7714);
    memcpy(keys.rtp.key, key.p, key.n);
    memcpy(keys.rtp.salt, salt.p, salt.n);
    keys.rtcp = keys.rtp;
    return srtp_make(v->profile, way, &keys, 4);
}

static void test_rfc7714(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct srtp *out = of_vector(v, SRTP_OUT), *in = of_vector(v, SRTP_IN);
        struct packet k = packet_of_hex(RTP_7714);
        assert_int_equal(srtp_add(out, 0x5501a0b2), ERR_OK);
        assert_int_equal(protect(out, &k), SRTP_OK);
        expect_hex(k.p, k.n, v->rtp);
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        expect_hex(k.p, k.n, RTP_7714);

        k = packet_of_hex(RTCP_7714);
        assert_int_equal(srtp_add(out, 0x4d617273), ERR_OK);
        srtp_window_mark(&srtp_find(out, 0x4d617273)->rtcp, 0x5d3);
        assert_int_equal(protect_rtcp(out, &k), SRTP_OK);
        expect_hex(k.p, k.n, v->rtcp);
        assert_int_equal(unprotect_rtcp(in, &k), SRTP_OK);
        expect_hex(k.p, k.n, RTCP_7714);
        k = packet_of_hex(v->clear); /* authentic, but we never agreed to that */
        assert_int_equal(unprotect_rtcp(in, &k), SRTP_E_CLEAR);
        srtp_free(in);
        srtp_free(out);
    }
}

static void expect_tag(struct srtp_cipher *c, const char *iv_hex, const char *aad_hex,
                       const char *want)
{
    struct packet iv = packet_of_hex(iv_hex), aad = packet_of_hex(aad_hex);
    uint8_t tag[SRTP_GCM_TAG];
    assert_true(srtp_gcm_begin(c, iv.p) && srtp_gcm_aad(c, aad.p, aad.n));
    assert_true(srtp_gcm_seal_end(c, tag));
    expect_hex(tag, sizeof tag, want);
}

/* 16.1.3, 16.2.3, 17.3, 17.4: tags alone. */
static void test_rfc7714_tags(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct packet key = packet_of_hex(v->key);
        struct srtp_cipher *c = srtp_cipher_new(v->profile, true, key.p, NULL);
        expect_tag(c, "51753c6580c2726f20718414", RTP_7714, v->rtp_tag);
        expect_tag(c, "517524055203726f207170bb", RTCP_7714 "000005d4", v->rtcp_tag);
        srtp_cipher_free(c);
    }
}

/* ---- Indices and windows ---- */

/* RFC 3711 3.3.1 and appendix A: { highest so far, sequence number, index }. */
static void test_guess(void **state)
{
    (void)state;
    static const struct {
        uint64_t top, index;
        uint16_t seq;
    } cases[] = {
        {0, 0, 0},
        {0, 0xFFFF, 0xFFFF}, /* before the first wrap there is nothing behind */
        {0x8000, 0, 0},
        {0x8001, 0x10000, 0}, /* more than half a turn back: it wrapped */
        {0x8000, 0xFFFF, 0xFFFF},
        {0xFFFF, 0x10000, 0},
        {0xFFFF, 0x17FFE, 0x7FFE},
        {0xFFFF, 0x7FFF, 0x7FFF}, /* exactly half a turn: stays */
        {0x10000, 0xFFFF, 0xFFFF},
        {0x10000, 0x18000, 0x8000},
        {0x10000, 0x8001, 0x8001},
        {0x17FFF, 0xFFFF + 0x10000, 0xFFFF},
        {0x18000, 0x1FFFF, 0xFFFF},
        {0x18001, 0x20000, 0},
        {0xFFFFFFFFFFFE, 0xFFFFFFFFFFFF, 0xFFFF},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct srtp_window w = {0};
        uint64_t index;
        srtp_window_mark(&w, cases[i].top);
        assert_int_equal(srtp_window_guess(&w, cases[i].seq, &index), SRTP_OK);
        assert_int_equal(index, cases[i].index);
    }
    struct srtp_window w = {0};
    uint64_t index;
    assert_int_equal(srtp_window_guess(&w, 40000, &index), SRTP_OK);
    assert_int_equal(index, 40000);
    srtp_window_mark(&w, SRTP_INDEX_LIMIT - 1);
    assert_int_equal(srtp_window_guess(&w, 0, &index), SRTP_E_EXHAUSTED);
    assert_int_equal(srtp_window_guess(&w, 0xFFF0, &index), SRTP_OK);
}

/* The window beside a plain list of what came, over jumps of all sizes. */
static void test_window(void **state)
{
    (void)state;
    enum { SPAN = 200000 };
    uint8_t *came = test_calloc(SPAN, 1);
    struct srtp_window w = {0};
    uint64_t top = 0;
    uint32_t x = 1;
    bool any = false;
    for (int i = 0; i < 300000 && top < SPAN - 3000; i++) {
        x = x * 1664525 + 1013904223;
        uint64_t reach = x >> 29 == 0 ? 2900 : 40, back = x >> 30 == 1 ? 1100 : 20;
        uint64_t index = top + (x >> 8) % reach;
        index = index > (x >> 4) % back ? index - (x >> 4) % back : 0;
        enum srtp_result want = SRTP_OK;
        if (any && index + SRTP_WINDOW <= top)
            want = SRTP_E_OLD;
        else if (came[index])
            want = SRTP_E_REPLAY;
        assert_int_equal(srtp_window_check(&w, index), want);
        if (want != SRTP_OK)
            continue;
        srtp_window_mark(&w, index);
        came[index] = 1;
        any = true;
        top = MAX_OF(top, index);
        assert_true(srtp_window_valid(&w, SPAN));
    }
    assert_true(top > SPAN / 2);
    test_free(came);
}

/* Out and in over two wraps, with every 1,000th packet arriving 1,000 late. */
static void test_wraps(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *out = with_key(p, SRTP_OUT, 1, 1), *in = with_key(p, SRTP_IN, 1, 1);
        struct packet held = {.n = 0};
        assert_int_equal(srtp_add(out, 7), ERR_OK);
        for (uint32_t i = 0; i < 140000; i++) {
            struct packet k = rtp_packet(7, (uint16_t)(i + 60000), 8), plain = k;
            assert_int_equal(protect(out, &k), SRTP_OK);
            if (i % 1000 == 0 && held.n == 0) {
                held = k;
                continue;
            }
            assert_int_equal(unprotect(in, &k), SRTP_OK);
            assert_int_equal(k.n, plain.n);
            assert_memory_equal(k.p, plain.p, k.n);
            if (i % 1000 == 999) {
                assert_int_equal(unprotect(in, &held), SRTP_OK);
                held.n = 0;
            }
        }
        assert_int_equal(srtp_counts(in)->rtp[SRTP_OK], 140000);
        srtp_free(in);
        srtp_free(out);
    }
}

/* A late packet of before the wrap, one beyond the window, and one that comes twice. */
static void test_late_and_twice(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        static struct packet sent[1200];
        struct srtp *out = with_key(p, SRTP_OUT, 1, 1), *in = with_key(p, SRTP_IN, 1, 1);
        srtp_add(out, 7);
        for (unsigned i = 0; i < ARRAY_LEN(sent); i++) {
            sent[i] = rtp_packet(7, (uint16_t)(65000 + i), 20);
            assert_int_equal(protect(out, &sent[i]), SRTP_OK);
        }
        struct packet k = sent[0];
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        k = sent[1100];
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        k = sent[1100 - SRTP_WINDOW + 1]; /* the oldest in the window, before the wrap */
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        struct packet *before = saved(in), *after;
        k = sent[1100 - SRTP_WINDOW];
        assert_int_equal(unprotect(in, &k), SRTP_E_OLD);
        assert_memory_equal(k.p, sent[1100 - SRTP_WINDOW].p, k.n); /* untouched */
        k = sent[1100];
        assert_int_equal(unprotect(in, &k), SRTP_E_REPLAY);
        assert_memory_equal(k.p, sent[1100].p, k.n);
        after = saved(in);
        assert_memory_equal(before, after, sizeof *before);
        assert_int_equal(srtp_counts(in)->rtp[SRTP_E_OLD], 1);
        assert_int_equal(srtp_counts(in)->rtp[SRTP_E_REPLAY], 1);
        test_free(before);
        test_free(after);
        srtp_free(in);
        srtp_free(out);
    }
}

/* The same sequence number is never protected twice, whatever is in it. */
static void test_no_nonce_twice(void **state)
{
    (void)state;
    struct srtp *out = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 1);
    srtp_add(out, 7);
    struct packet k = rtp_packet(7, 1, 20), again = rtp_packet(7, 1, 21),
                  far = rtp_packet(7, 2000, 1), old = rtp_packet(7, 2, 1);
    assert_int_equal(protect(out, &k), SRTP_OK);
    assert_int_equal(protect(out, &again), SRTP_E_REPLAY);
    assert_int_equal(protect(out, &far), SRTP_OK);
    assert_int_equal(protect(out, &old), SRTP_E_OLD);
    srtp_free(out);
}

static void test_exhausted(void **state)
{
    (void)state;
    struct srtp *out = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 1),
                *in = with_key(SRTP_AEAD_AES_128_GCM, SRTP_IN, 1, 1);
    srtp_add(out, 7);
    srtp_window_mark(&srtp_find(out, 7)->rtp, SRTP_INDEX_LIMIT - 2);
    srtp_window_mark(&srtp_find(out, 7)->rtcp, SRTCP_INDEX_LIMIT - 2);
    srtp_window_mark(&srtp_place(in, 7)->rtp, SRTP_INDEX_LIMIT - 2);
    struct packet last = rtp_packet(7, 65535, 9), next = rtp_packet(7, 0, 9), c = rtcp_packet(7, 1);
    assert_int_equal(protect(out, &last), SRTP_OK);
    assert_int_equal(protect(out, &next), SRTP_E_EXHAUSTED);
    assert_int_equal(unprotect(in, &last), SRTP_OK);
    next.n += SRTP_GCM_TAG;
    assert_int_equal(unprotect(in, &next), SRTP_E_EXHAUSTED);
    assert_int_equal(protect_rtcp(out, &c), SRTP_OK);
    assert_int_equal(unprotect_rtcp(in, &c), SRTP_OK);
    assert_int_equal(protect_rtcp(out, &c), SRTP_E_EXHAUSTED);
    srtp_free(in);
    srtp_free(out);
}

/* ---- What changes nothing ---- */

typedef enum srtp_result packet_fn(struct srtp *s, struct packet *k);

/* Every bit of a packet turned, every cut: refused, and the state is as it was. */
static void tamper(struct srtp *in, const struct packet *good, packet_fn *open)
{
    struct packet *before = saved(in), *after;
    for (size_t bit = 0; bit < 8 * good->n; bit++) {
        struct packet k = *good;
        k.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(open(in, &k), SRTP_OK);
    }
    for (size_t n = 0; n < good->n; n++) {
        struct packet k = *good;
        uint8_t *exact = test_malloc(n ? n : 1);
        size_t size = n;
        memcpy(exact, k.p, n);
        enum srtp_result r = open == unprotect ? srtp_unprotect(in, exact, &size)
                                               : srtp_unprotect_rtcp(in, exact, &size);
        assert_int_not_equal(r, SRTP_OK);
        assert_int_equal(size, n);
        test_free(exact);
    }
    after = saved(in);
    assert_int_equal(before->n, after->n);
    assert_memory_equal(before->p, after->p, before->n);
    test_free(before);
    test_free(after);
}

static void test_tampered(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *out = with_key(p, SRTP_OUT, 1, 2), *in = with_key(p, SRTP_IN, 1, 2);
        struct packet k = rtp_packet(7, 100, 40), c = rtcp_packet(7, 99);
        srtp_add(out, 7);
        assert_int_equal(protect(out, &k), SRTP_OK);
        assert_int_equal(protect_rtcp(out, &c), SRTP_OK);
        tamper(in, &k, unprotect);
        tamper(in, &c, unprotect_rtcp);
        assert_int_equal(srtp_streams(in), 0); /* nobody authentic came */
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        assert_int_equal(unprotect_rtcp(in, &c), SRTP_OK);
        assert_int_equal(srtp_streams(in), 1);
        k = rtp_packet(7, 101, 40);
        protect(out, &k);
        tamper(in, &k, unprotect); /* now with a stream */
        c = rtcp_packet(7, 98);
        protect_rtcp(out, &c);
        tamper(in, &c, unprotect_rtcp);
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        assert_int_equal(unprotect_rtcp(in, &c), SRTP_OK);
        srtp_free(in);
        srtp_free(out);
    }
}

static void test_other_key(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *out = with_key(p, SRTP_OUT, 1, 2), *in = with_key(p, SRTP_IN, 2, 2);
        srtp_add(out, 7);
        struct packet k = rtp_packet(7, 1, 100), c = rtcp_packet(7, 1);
        protect(out, &k);
        protect_rtcp(out, &c);
        assert_int_equal(unprotect(in, &k), SRTP_E_AUTH);
        assert_int_equal(unprotect_rtcp(in, &c), SRTP_E_AUTH);
        assert_int_equal(srtp_counts(in)->rtp[SRTP_E_AUTH], 1);
        assert_int_equal(srtp_counts(in)->rtcp[SRTP_E_AUTH], 1);
        assert_int_equal(srtp_streams(in), 0);
        srtp_free(in);
        srtp_free(out);
    }
}

static void test_room_and_shape(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *out = with_key(p, SRTP_OUT, 1, 2), *in = with_key(p, SRTP_IN, 1, 2);
        size_t tag = srtp_trailer_size(p), n;
        srtp_add(out, 7);
        struct packet k = rtp_packet(7, 1, 30), c = rtcp_packet(7, 1), big = rtp_packet(7, 2, 100);
        n = k.n;
        assert_int_equal(srtp_protect(out, k.p, &n, k.n + tag - 1), SRTP_E_ROOM);
        assert_int_equal(srtp_protect(out, k.p, &n, k.n + tag),
                         SRTP_OK); /* and no index was lost */
        assert_int_equal(n, k.n + tag);
        n = c.n;
        assert_int_equal(srtp_protect_rtcp(out, c.p, &n, c.n + tag + 3), SRTP_E_ROOM);
        assert_int_equal(srtp_protect_rtcp(out, c.p, &n, c.n + tag + 4), SRTP_OK);
        assert_int_equal(n, c.n + tag + 4);
        big.n = RTP_PACKET_MAX + 1;
        assert_int_equal(protect(out, &big), SRTP_E_MALFORMED);
        big.n = RTP_PACKET_MAX;
        assert_int_equal(protect(out, &big), SRTP_OK);
        assert_int_equal(unprotect(in, &big), SRTP_OK); /* the largest there and back */
        assert_int_equal(big.n, RTP_PACKET_MAX);
        /* The wrong way round. */
        assert_int_equal(srtp_add(in, 7), ERR_MISUSE);
        struct packet w = rtp_packet(7, 3, 30);
        assert_int_equal(protect(in, &w), SRTP_E_STREAM);
        assert_int_equal(unprotect(out, &w), SRTP_E_STREAM);
        w = rtcp_packet(7, 5);
        assert_int_equal(protect_rtcp(in, &w), SRTP_E_STREAM);
        w.n = 60;
        assert_int_equal(unprotect_rtcp(out, &w), SRTP_E_STREAM);
        srtp_free(in);
        srtp_free(out);
    }
}

/* ---- Streams ---- */

static void test_many_ssrcs(void **state)
{
    (void)state;
    enum { CAP = 33 };
    struct srtp *out = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 200),
                *in = with_key(SRTP_AEAD_AES_128_GCM, SRTP_IN, 1, CAP);
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(srtp_add(out, i * 0x01000193u), ERR_OK);
        assert_int_equal(srtp_add(out, i * 0x01000193u), ERR_EXISTS);
        struct packet k = rtp_packet(i * 0x01000193u, 5, 30);
        assert_int_equal(protect(out, &k), SRTP_OK);
        assert_int_equal(unprotect(in, &k), i < CAP ? SRTP_OK : SRTP_E_FULL);
    }
    assert_int_equal(srtp_add(out, 0xFFFFFFFF), ERR_CAP);
    assert_int_equal(srtp_streams(in), CAP);
    assert_int_equal(srtp_counts(in)->rtp[SRTP_E_FULL], 200 - CAP);
    /* RTCP of a new one is refused as well, of a known one it passes. */
    struct packet c = rtcp_packet(199 * 0x01000193u, 1), d = rtcp_packet(0, 1);
    assert_int_equal(protect_rtcp(out, &c), SRTP_OK);
    assert_int_equal(unprotect_rtcp(in, &c), SRTP_E_FULL);
    assert_int_equal(protect_rtcp(out, &d), SRTP_OK);
    assert_int_equal(unprotect_rtcp(in, &d), SRTP_OK);
    c = rtp_packet(0xFFFFFFFF, 1, 1);
    assert_int_equal(protect(out, &c), SRTP_E_STREAM);
    srtp_free(in);
    srtp_free(out);
}

/* Those that end make room, and never come back. */
static void test_ended(void **state)
{
    (void)state;
    struct srtp *out = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 3),
                *in = with_key(SRTP_AEAD_AES_128_GCM, SRTP_IN, 1, 3);
    assert_int_equal(srtp_end(out, 1), ERR_NOT_FOUND);
    for (uint32_t ssrc = 1; ssrc <= 3 * SRTP_ENDED_EACH; ssrc++) {
        struct packet k = rtp_packet(ssrc, 1, 30), again;
        assert_int_equal(srtp_add(out, ssrc), ERR_OK);
        assert_int_equal(protect(out, &k), SRTP_OK);
        again = k;
        assert_int_equal(unprotect(in, &k), SRTP_OK);
        assert_int_equal(srtp_end(in, ssrc), ERR_OK);
        assert_int_equal(srtp_end(out, ssrc), ERR_OK);
        assert_int_equal(srtp_add(out, ssrc), ERR_CLOSED);
        assert_int_equal(unprotect(in, &again), SRTP_E_STREAM); /* no replay by the back door */
        k = rtp_packet(ssrc, 2, 30);
        assert_int_equal(protect(out, &k), SRTP_E_STREAM);
    }
    assert_int_equal(srtp_add(out, 1000), ERR_OK);
    assert_int_equal(srtp_end(out, 1000), ERR_CAP); /* as many as can be remembered */
    assert_int_equal(srtp_streams(out), 1);
    srtp_free(in);
    srtp_free(out);
}

/* The others stay what they are when one of them ends. */
static void test_end_in_the_middle(void **state)
{
    (void)state;
    enum { N = 50 };
    struct srtp *out = with_key(SRTP_AES128_CM_SHA1_80, SRTP_OUT, 1, N),
                *in = with_key(SRTP_AES128_CM_SHA1_80, SRTP_IN, 1, N);
    for (uint32_t ssrc = 1; ssrc <= N; ssrc++) {
        struct packet k = rtp_packet(ssrc, (uint16_t)ssrc, 10);
        srtp_add(out, ssrc);
        protect(out, &k);
        assert_int_equal(unprotect(in, &k), SRTP_OK);
    }
    for (uint32_t ended = 1; ended <= N; ended += 2) {
        assert_int_equal(srtp_end(in, ended), ERR_OK);
        for (uint32_t ssrc = 2; ssrc <= N; ssrc += 2)
            assert_int_equal(srtp_find(in, ssrc)->rtp.next, ssrc + 1);
        assert_null(srtp_find(in, ended));
    }
    assert_int_equal(srtp_streams(in), N / 2);
    srtp_free(in);
    srtp_free(out);
}

/* DTLS-SRTP: client and server hear each other. */
static void test_pair(void **state)
{
    (void)state;
    uint8_t material[SRTP_MATERIAL_MAX];
    for (size_t i = 0; i < sizeof material; i++)
        material[i] = (uint8_t)(i * 11);
    EACH_PROFILE(p)
    {
        struct srtp *in[2], *out[2];
        for (int server = 0; server < 2; server++)
            assert_int_equal(srtp_pair(p, material, server, 4, 4, &in[server], &out[server]),
                             ERR_OK);
        for (int server = 0; server < 2; server++) {
            struct packet k = rtp_packet(7 + (uint32_t)server, 1, 30), copy;
            srtp_add(out[server], 7 + (uint32_t)server);
            protect(out[server], &k);
            copy = k;
            assert_int_equal(unprotect(in[server], &copy), SRTP_E_AUTH); /* not to oneself */
            assert_int_equal(unprotect(in[!server], &k), SRTP_OK);
        }
        for (int server = 0; server < 2; server++) {
            srtp_free(in[server]);
            srtp_free(out[server]);
        }
    }
    struct srtp *in, *out;
    assert_int_equal(srtp_pair(SRTP_NONE, material, true, 4, 4, &in, &out), ERR_UNSUPPORTED);
    assert_int_equal(srtp_pair((enum srtp_profile)2, material, true, 4, 4, &in, &out),
                     ERR_UNSUPPORTED);
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, material, true, 0, 4, &in, &out), ERR_RANGE);
    assert_int_equal(
        srtp_pair(SRTP_AEAD_AES_128_GCM, material, true, 4, SRTP_STREAMS_MAX + 1, &in, &out),
        ERR_RANGE);
    assert_null(srtp_new(SRTP_NONE, SRTP_IN, material, material, 1));
    assert_int_equal(srtp_material_size(SRTP_AEAD_AES_128_GCM), 56);
    assert_int_equal(srtp_material_size(SRTP_AEAD_AES_256_GCM), 88);
    assert_int_equal(srtp_material_size(SRTP_AES128_CM_SHA1_80), 60);
    assert_int_equal(srtp_material_size(SRTP_NONE), 0);
    for (int i = 0; i < SRTP_RESULTS; i++)
        assert_string_not_equal(srtp_result_name((enum srtp_result)i), "unknown");
}

/* ---- Fan-out ---- */

/* Gathered from parts it is the same packet, for fronts and payloads of all small sizes. */
static void test_parts(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *one = with_key(p, SRTP_OUT, 1, 1), *two = with_key(p, SRTP_OUT, 1, 1);
        uint16_t seq = 0;
        srtp_add(one, 7);
        srtp_add(two, 7);
        for (unsigned front = 0; front <= 35; front++) {
            for (unsigned payload = 0; payload <= 70; payload += 1 + payload / 20) {
                uint8_t pad = (uint8_t)(seq % 3 == 0 ? 0 : seq % 40);
                struct packet k = rtp_packet(7, ++seq, front + payload), got = {.n = 0};
                struct srtp_job job = {.parts = {.head = k.p,
                                                 .front = k.p + RTP_HEADER,
                                                 .payload = k.p + RTP_HEADER + front,
                                                 .head_n = RTP_HEADER,
                                                 .front_n = (uint16_t)front,
                                                 .payload_n = (uint16_t)payload,
                                                 .pad = pad},
                                       .dst = got.p,
                                       .cap = k.n + pad + srtp_trailer_size(p)};
                assert_int_equal(srtp_protect_batch(two, &job, 1), 1);
                if (pad > 0)
                    k.n = rtp_pad(k.p, k.n, sizeof k.p, pad);
                assert_int_equal(protect(one, &k), SRTP_OK);
                assert_int_equal(job.n, k.n);
                assert_memory_equal(got.p, k.p, k.n);
            }
        }
        srtp_free(one);
        srtp_free(two);
    }
}

static void test_parts_refused(void **state)
{
    (void)state;
    struct srtp *out = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 1);
    struct packet k = rtp_packet(7, 1, 100), got;
    size_t n = 0;
    struct srtp_parts parts = {
        .head = k.p, .payload = k.p + RTP_HEADER, .head_n = RTP_HEADER, .payload_n = 100};
    assert_int_equal(srtp_protect_to(out, got.p, 128, &parts, &n), SRTP_E_STREAM);
    srtp_add(out, 7);
    assert_int_equal(srtp_protect_to(out, got.p, 127, &parts, &n), SRTP_E_ROOM);
    parts.head_n = RTP_HEADER + 1; /* not where the header ends */
    assert_int_equal(srtp_protect_to(out, got.p, 200, &parts, &n), SRTP_E_MALFORMED);
    parts.head_n = RTP_HEADER - 1;
    assert_int_equal(srtp_protect_to(out, got.p, 200, &parts, &n), SRTP_E_MALFORMED);
    parts.head_n = RTP_HEADER;
    parts.payload_n = RTP_PACKET_MAX;
    assert_int_equal(srtp_protect_to(out, got.p, 4096, &parts, &n), SRTP_E_MALFORMED);
    assert_int_equal(n, 0);
    parts.payload_n = 100;
    struct srtp_job jobs[3] = {{.parts = parts, .dst = got.p, .cap = 1},
                               {.parts = parts, .dst = got.p, .cap = 128},
                               {.parts = parts, .dst = got.p, .cap = 128}};
    assert_int_equal(srtp_protect_batch(out, jobs, 3), 1);
    assert_int_equal(jobs[0].result, SRTP_E_ROOM);
    assert_int_equal(jobs[1].result, SRTP_OK);
    assert_int_equal(jobs[2].result, SRTP_E_REPLAY);
    srtp_free(out);
}

/* ---- Saving and loading ---- */

static struct srtp *reloaded(struct srtp *s)
{
    struct packet *before = saved(s), *after;
    struct srtp *loaded = NULL;
    assert_int_equal(srtp_load(&loaded, before->p, before->n), ERR_OK);
    after = saved(loaded);
    assert_int_equal(before->n, after->n);
    assert_memory_equal(before->p, after->p, before->n);
    test_free(before);
    test_free(after);
    srtp_free(s);
    return loaded;
}

static void test_save_and_load(void **state)
{
    (void)state;
    EACH_PROFILE(p)
    {
        struct srtp *out = with_key(p, SRTP_OUT, 1, 3), *in = with_key(p, SRTP_IN, 1, 3);
        struct packet first = rtp_packet(7, 65530, 30), late = rtp_packet(7, 65531, 30);
        srtp_add(out, 7);
        srtp_add(out, 8);
        protect(out, &first);
        protect(out, &late);
        struct packet replay = first, c = rtcp_packet(7, 1), c_replay;
        assert_int_equal(unprotect(in, &first), SRTP_OK);
        protect_rtcp(out, &c);
        c_replay = c;
        assert_int_equal(unprotect_rtcp(in, &c), SRTP_OK);
        assert_int_equal(srtp_end(out, 8), ERR_OK);
        for (int i = 0; i < 100; i++) { /* over the wrap, reloading each time */
            struct packet k = rtp_packet(7, (uint16_t)(65532 + i), 30), plain = k;
            assert_int_equal(protect(out, &k), SRTP_OK);
            out = reloaded(out);
            in = reloaded(in);
            assert_int_equal(unprotect(in, &k), SRTP_OK);
            assert_memory_equal(k.p, plain.p, k.n);
        }
        assert_int_equal(unprotect(in, &replay), SRTP_E_REPLAY);
        assert_int_equal(unprotect(in, &late), SRTP_OK);
        assert_int_equal(unprotect_rtcp(in, &c_replay), SRTP_E_REPLAY);
        assert_int_equal(srtp_add(out, 8), ERR_CLOSED);
        srtp_free(in);
        srtp_free(out);
    }
}

static void load_fails(const struct packet *k, enum err want)
{
    struct srtp *s = NULL;
    uint8_t *exact = test_malloc(k->n ? k->n : 1);
    memcpy(exact, k->p, k->n);
    assert_int_equal(srtp_load(&s, exact, k->n), want);
    assert_null(s);
    test_free(exact);
}

static void test_load_refuses(void **state)
{
    (void)state;
    struct srtp *s = with_key(SRTP_AEAD_AES_128_GCM, SRTP_OUT, 1, 3);
    srtp_add(s, 7);
    srtp_add(s, 8);
    srtp_add(s, 9);
    srtp_end(s, 9);
    struct packet p = rtp_packet(7, 5, 1);
    protect(s, &p);
    struct packet *good = saved(s), k;
    size_t streams = 16 + 2 * (16 + 12), each = 4 + 2 * (8 + 128);
    assert_int_equal(good->n, streams + 2 * each + 4);
    for (k = *good, k.n = 0; k.n < good->n; k.n++)
        load_fails(&k, ERR_SYNTAX);
    k = *good, k.n++;
    load_fails(&k, ERR_SYNTAX);
    k = *good, k.p[0]++;
    load_fails(&k, ERR_SYNTAX);
    k = *good, k.p[5]++; /* version */
    load_fails(&k, ERR_UNSUPPORTED);
    k = *good, k.p[7] = 2; /* profile */
    load_fails(&k, ERR_UNSUPPORTED);
    k = *good, k.p[9] = 2; /* way */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[11] = 0; /* streams_max */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[11] = 1;
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[streams + 3] = 8; /* the same SSRC twice */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[good->n - 1] = 7; /* alive and ended */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[streams + 4] = 1; /* an index beyond 48 bits */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[streams + 12] = 0x80; /* index 63 before the first packets came that far */
    load_fails(&k, ERR_RANGE);
    k = *good, k.p[streams + 4 + 7]++; /* its highest index isn't marked */
    load_fails(&k, ERR_RANGE);
    assert_int_equal(srtp_save(s, k.p, good->n - 1), 0);
    mem_fail_at(1);
    load_fails(good, ERR_NOMEM);
    mem_fail_at(0);
    test_free(good);
    srtp_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keystream),      cmocka_unit_test(test_derivation),
        cmocka_unit_test(test_rfc7714),        cmocka_unit_test(test_rfc7714_tags),
        cmocka_unit_test(test_guess),          cmocka_unit_test(test_window),
        cmocka_unit_test(test_wraps),          cmocka_unit_test(test_late_and_twice),
        cmocka_unit_test(test_no_nonce_twice), cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_tampered),       cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_room_and_shape), cmocka_unit_test(test_many_ssrcs),
        cmocka_unit_test(test_ended),          cmocka_unit_test(test_end_in_the_middle),
        cmocka_unit_test(test_pair),           cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parts_refused),  cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_load_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
