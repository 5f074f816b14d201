/* utf8, hash, code */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <utf8proc.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/util.h"

static bool oracle(const uint8_t *p, size_t n)
{
    utf8proc_int32_t cp;
    while (n) {
        utf8proc_ssize_t len = utf8proc_iterate(p, (utf8proc_ssize_t)n, &cp);
        if (len <= 0)
            return false;
        p += len;
        n -= (size_t)len;
    }
    return true;
}

/* Every sequence of one, two and three bytes. */
static void test_utf8_exhaustive(void **state)
{
    (void)state;
    uint8_t b[3];
    size_t valid = 0;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        size_t n = v < 1u << 8 ? 1 : v < 1u << 16 ? 2 : 3;
        b[0] = (uint8_t)v;
        b[1] = (uint8_t)(v >> 8);
        b[2] = (uint8_t)(v >> 16);
        bool ok = utf8_valid(b, n);
        if (ok != oracle(b, n))
            fail_msg("%02x %02x %02x (%zu bytes)", b[0], b[1], b[2], n);
        valid += ok;
    }
    assert_true(valid > 1u << 20);
}

/* Every pair of first bytes, with last bytes around each bound. */
static void test_utf8_four_bytes(void **state)
{
    (void)state;
    static const uint8_t tail[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    size_t valid = 0;
    for (uint32_t lead = 0xF0; lead < 0x100; lead++)
        for (uint32_t second = 0; second < 0x100; second++)
            for (size_t i = 0; i < ARRAY_LEN(tail) * ARRAY_LEN(tail); i++) {
                uint8_t b[4] = {(uint8_t)lead, (uint8_t)second, tail[i / ARRAY_LEN(tail)],
                                tail[i % ARRAY_LEN(tail)]};
                assert_int_equal(utf8_valid(b, 4), oracle(b, 4));
                valid += utf8_valid(b, 4);
            }
    assert_int_equal(valid, (0x30 + 3 * 0x40 + 0x10) * 36);
}

static const char *const samples[] = {
    "",
    "plain ASCII that is longer than eight bytes",
    "\xEB\xA7\x88\xEB\x8B\xB9 (madang), \xF0\x9F\x98\x80!",
    "abcdefg\xC3\xA9",
    "abcdefgh\xC3\xA9",
    "abcdefgh\xC3",
    "\xED\xA0\x80",
    "abc\xF4\x90\x80\x80",
    "\xC0\x80",
    "\x80",
    "0123456789012345\xFF",
};

/* Cut at every two places, the pieces give what the whole gives. */
static void test_utf8_in_pieces(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(samples); k++) {
        struct str s = str_from(samples[k]);
        bool whole = utf8_valid(s.p, s.n);
        for (size_t i = 0; i <= s.n; i++)
            for (size_t j = i; j <= s.n; j++) {
                struct utf8 u = {0};
                bool ok = utf8_feed(&u, s.p, i) && utf8_feed(&u, s.p + i, j - i) &&
                          utf8_feed(&u, s.p + j, s.n - j) && utf8_done(&u);
                assert_int_equal(ok, whole);
            }
    }
}

/* RFC 6455 asks to fail at once: the piece that cannot be completed is refused, not the end. */
static void test_utf8_fails_early(void **state)
{
    (void)state;
    struct utf8 u = {0};
    assert_true(utf8_feed(&u, "\xF4", 1));
    assert_false(utf8_done(&u));
    assert_false(utf8_feed(&u, "\x90", 1));
}

static void test_utf8_decode(void **state)
{
    (void)state;
    static const uint32_t want[] = {'a', 0xE9, 0xB9C8, 0x1F600, 0x10FFFF, 0};
    struct str s = STR("a\xC3\xA9\xEB\xA7\x88\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\0");
    uint32_t cp;
    assert_int_equal(utf8_count(s.p, s.n), 6);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(utf8_next(&s, &cp));
        assert_int_equal(cp, want[i]);
    }
    assert_false(utf8_next(&s, &cp));
    static const char *const bad[] = {"\xC3",
                                      "\xE2\x82",
                                      "\x80",
                                      "\xED\xA0\x80",
                                      "\xFF",
                                      ("\xC3"
                                       "a")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        s = str_from(bad[i]);
        assert_false(utf8_next(&s, &cp));
        assert_ptr_equal(s.p, bad[i]);
    }
}

/* Appendix A of the SipHash paper, and three of the reference implementation's vectors (key and
 * input 00 01 02 ...). */
static void test_siphash(void **state)
{
    (void)state;
    struct hash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t in[64];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i;
    assert_true(siphash24(&key, in, 15) == UINT64_C(0xa129ca6149be45e5));
    assert_true(siphash24(&key, in, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(siphash24(&key, in, 8) == UINT64_C(0x93f5f5799a932462));
    assert_true(siphash24(&key, in, 63) == UINT64_C(0x958a324ceb064572));
    key.k0 ^= 1;
    assert_false(siphash24(&key, in, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void test_crc32(void **state)
{
    (void)state;
    assert_int_equal(crc32_ieee(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(crc32_ieee(0, "", 0), 0);
    static const char text[] = "The quick brown fox jumps over the lazy dog";
    assert_int_equal(crc32_ieee(0, text, 43), 0x414FA339);
    for (size_t i = 0; i <= 43; i++)
        assert_int_equal(crc32_ieee(crc32_ieee(0, text, i), text + i, 43 - i), 0x414FA339);
}

static void test_base64(void **state)
{
    (void)state;
    /* RFC 4648, 10 */
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    char text[64], back[64];
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        const char *plain = pairs[i][0], *coded = pairs[i][1];
        assert_int_equal(b64_encode(text, sizeof text, plain, strlen(plain)), strlen(coded));
        assert_string_equal(text, coded);
        assert_true(b64_decode(back, strlen(plain), &n, str_from(coded)));
        assert_int_equal(n, strlen(plain));
        assert_memory_equal(back, plain, n);
        if (n)
            assert_false(b64_decode(back, n - 1, &n, str_from(coded)));
        assert_int_equal(b64_encode(text, strlen(coded), plain, strlen(plain)), 0);
        assert_string_equal(text, "");
    }
    assert_int_equal(b64url_encode(text, 5, "\xFB\xEF\xFF", 3), 4);
    assert_string_equal(text, "--__");
    assert_true(b64url_decode(back, 3, &n, STR("--__")) && n == 3);
    assert_memory_equal(back, "\xFB\xEF\xFF", 3);
    assert_int_equal(b64_encode(text, 5, "\xFB\xEF\xFF", 3), 4);
    assert_string_equal(text, "++//");
}

static void test_base64_refuses_other_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg",   "Zg=",  "Zg===",    "Zh==", "Zm9=",
                                      "Z",    "====", "Zg==Zg==", " Zg=", "Zm9v\n",
                                      "Zm-v", "=g==", "Zm8\xFF",  "Z=8="};
    static const char *const bad_url[] = {"Zh", "Zm9", "Z", "Zg==", "Zm+v", "Zm/v", "Zm v"};
    char out[16];
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(b64_decode(out, sizeof out, &n, str_from(bad[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad_url); i++)
        assert_false(b64url_decode(out, sizeof out, &n, str_from(bad_url[i])));
}

/* Whatever a decoder takes, its encoder gives back: one text for one value. */
static void test_codes_are_one_to_one(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {2};
    static const char alphabet[] = "AZaz09+/-_=fg";
    struct rng rng;
    char text[16], again[32];
    uint8_t out[16];
    size_t n, taken = 0;
    rng_init(&rng, seed);
    for (int i = 0; i < 300000; i++) {
        struct str s = {text, rng_below(&rng, 9)};
        for (size_t k = 0; k < s.n; k++)
            text[k] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        if (b64_decode(out, sizeof out, &n, s)) {
            b64_encode(again, sizeof again, out, n);
            assert_true(str_eq(s, str_from(again)));
            taken++;
        }
        if (b64url_decode(out, sizeof out, &n, s)) {
            b64url_encode(again, sizeof again, out, n);
            assert_true(str_eq(s, str_from(again)));
            taken++;
        }
    }
    assert_true(taken > 10000);
}

static void test_hex(void **state)
{
    (void)state;
    char text[8];
    uint8_t out[4];
    size_t n;
    assert_int_equal(hex_encode(text, sizeof text, "\x00\xAB\x7F", 3), 6);
    assert_string_equal(text, "00ab7f");
    char colons[9];
    hex_colons(colons, "\x00\xAB\x7F", 3);
    assert_string_equal(colons, "00:AB:7F");
    assert_int_equal(hex_encode(text, 6, "\x00\xAB\x7F", 3), 0);
    assert_true(hex_decode(out, 3, &n, STR("00aB7f")) && n == 3);
    assert_memory_equal(out, "\x00\xAB\x7F", 3);
    assert_false(hex_decode(out, 4, &n, STR("0")));
    assert_false(hex_decode(out, 4, &n, STR("0g")));
    assert_false(hex_decode(out, 2, &n, STR("000000")));
}

static void test_base32(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 31, 32, 0x123456789ABCDEF, UINT64_MAX};
    char text[B32_SIZE];
    uint64_t v;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        b32_encode(text, values[i]);
        assert_int_equal(strlen(text), 13);
        assert_true(b32_decode(str_from(text), &v) && v == values[i]);
    }
    b32_encode(text, UINT64_MAX);
    assert_string_equal(text, "fzzzzzzzzzzzz");
    b32_encode(text, 32);
    assert_string_equal(text, "0000000000010");
    assert_true(b32_decode(STR("FZZZZZZZZZZZZ"), &v) && v == UINT64_MAX);
    static const char *const bad[] = {
        "gzzzzzzzzzzzz", "fzzzzzzzzzzz",  "fzzzzzzzzzzzzz", "",
        "000000000000i", "000000000000l", "000000000000o",  "000000000000u",
        "00000 0000000", "000000000000-"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(b32_decode(str_from(bad[i]), &v));
    assert_false(b32_decode(STR("000000000000\0"), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_exhaustive),
        cmocka_unit_test(test_utf8_four_bytes),
        cmocka_unit_test(test_utf8_in_pieces),
        cmocka_unit_test(test_utf8_fails_early),
        cmocka_unit_test(test_utf8_decode),
        cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_refuses_other_forms),
        cmocka_unit_test(test_codes_are_one_to_one),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
