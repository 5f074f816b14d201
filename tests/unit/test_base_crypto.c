/* crypto, rng */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/util.h"

static void assert_hex(const void *p, size_t n, const char *want)
{
    char text[512];
    assert_int_equal(hex_encode(text, sizeof text, p, n), n * 2);
    assert_string_equal(text, want);
}

/* FIPS 180-4 examples; the last of SHA-1 is RFC 6455, 1.3. */
static void test_digests(void **state)
{
    (void)state;
    uint8_t out[32];
    sha1("abc", 3, out);
    assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1("", 0, out);
    assert_hex(out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    sha256("abc", 3, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static const char accept[] = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[B64_SIZE(20)];
    sha1(accept, strlen(accept), out);
    b64_encode(text, sizeof text, out, 20);
    assert_string_equal(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void fill(uint8_t *p, size_t n, uint8_t with)
{
    memset(p, with, n);
}

/* RFC 2202 (HMAC-SHA-1), cases 1, 2, 3, 6 */
static void test_hmac_sha1(void **state)
{
    (void)state;
    uint8_t key[80], data[50], out[20];
    fill(key, 20, 0x0b);
    hmac_sha1(key, 20, "Hi There", 8, out);
    assert_hex(out, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
    hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_hex(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    fill(key, 20, 0xaa);
    fill(data, 50, 0xdd);
    hmac_sha1(key, 20, data, 50, out);
    assert_hex(out, 20, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
    fill(key, 80, 0xaa);
    hmac_sha1(key, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    assert_hex(out, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

/* RFC 4231, cases 1, 2, 6 */
static void test_hmac_sha256(void **state)
{
    (void)state;
    uint8_t key[131], out[32];
    fill(key, 20, 0x0b);
    hmac_sha256(key, 20, "Hi There", 8, out);
    assert_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    fill(key, 131, 0xaa);
    hmac_sha256(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 8439, 2.3.2, and A.1 vectors 1 and 2 */
static void test_chacha20(void **state)
{
    (void)state;
    uint8_t key[32], nonce[12] = {0}, out[64];
    for (size_t i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    nonce[3] = 9;
    nonce[7] = 0x4a;
    chacha20_block(key, 1, nonce, out);
    assert_hex(out, 64,
               "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
               "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
    fill(key, 32, 0);
    fill(nonce, 12, 0);
    chacha20_block(key, 0, nonce, out);
    assert_hex(out, 64,
               "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
               "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    chacha20_block(key, 1, nonce, out);
    assert_hex(out, 64,
               "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
               "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

/* What the header promises: the stream is blocks 0..3 under the key, less the next key. */
static void test_rng_stream(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {7, 7, 7}, nonce[12];
    uint8_t want[512], key[32], got[448];
    struct rng r;
    memcpy(key, seed, 32);
    for (size_t half = 0; half < 2; half++) {
        uint8_t *block = want + half * 256;
        for (uint32_t i = 0; i < 4; i++)
            chacha20_block(key, i, nonce, block + 64 * i);
        memcpy(key, block, 32);
    }
    rng_init(&r, seed);
    for (size_t at = 0, n = 1; at < sizeof got; at += n, n = MIN_OF(n + 3, sizeof got - at))
        rng_bytes(&r, got + at, n); /* pieces of any size */
    assert_memory_equal(got, want + 32, 224);
    assert_memory_equal(got + 224, want + 256 + 32, 224);
}

static void test_rng_replays_and_differs(void **state)
{
    (void)state;
    static const uint8_t seed_a[32] = {1}, seed_b[32] = {2};
    struct rng a, b, c;
    rng_init(&a, seed_a);
    rng_init(&b, seed_a);
    rng_init(&c, seed_b);
    size_t same = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t v = rng_u64(&a);
        assert_true(v == rng_u64(&b));
        same += v == rng_u64(&c);
    }
    assert_int_equal(same, 0);
}

static void test_rng_below_is_even(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {3};
    struct rng r;
    unsigned seen[10] = {0};
    rng_init(&r, seed);
    for (int i = 0; i < 100000; i++)
        seen[rng_below(&r, 10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 9600, 10400); /* four standard deviations */
    assert_int_equal(rng_below(&r, 0), 0);
    assert_int_equal(rng_below(&r, 1), 0);
    uint64_t quarter = UINT64_C(1) << 62, high = 0;
    for (int i = 0; i < 1000; i++)
        high += rng_below(&r, 3 * quarter) >= quarter;
    assert_in_range(high, 610, 720); /* two thirds; modulo alone would give 500 */
}

/* The GCM specification's test case 16 (AES-256, with additional data). */
static void test_aead_vector(void **state)
{
    (void)state;
    uint8_t key[32], nonce[12], in[60], aad[20], out[76], back[60];
    size_t n;
    hex_decode(key, 32, &n,
               STR("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
    hex_decode(nonce, 12, &n, STR("cafebabefacedbaddecaf888"));
    hex_decode(in, 60, &n,
               STR("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                   "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));
    hex_decode(aad, 20, &n, STR("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    aead_seal(key, nonce, aad, 20, in, 60, out);
    assert_hex(out, 76,
               "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
               "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
               "76fc6ece0f4e1768cddf8853bb2d551b");
    assert_true(aead_open(key, nonce, aad, 20, out, 76, back));
    assert_memory_equal(back, in, 60);
}

static void test_aead_refuses(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1}, nonce[12] = {2}, zero[5];
    uint8_t sealed[5 + 16], out[5];
    aead_seal(key, nonce, "aad", 3, "hello", 5, sealed);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memset(out, 0xEE, sizeof out);
        assert_false(aead_open(key, nonce, "aad", 3, sealed, sizeof sealed, out));
        assert_memory_equal(out, zero, 5);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(aead_open(key, nonce, "aae", 3, sealed, sizeof sealed, out));
    assert_false(aead_open(key, nonce, "aa", 2, sealed, sizeof sealed, out));
    assert_false(aead_open(key, nonce, "aad", 3, sealed, sizeof sealed - 1, out));
    assert_false(aead_open(key, nonce, "aad", 3, sealed, 15, out));
    assert_true(aead_open(key, nonce, "aad", 3, sealed, sizeof sealed, sealed)); /* in place */
    assert_memory_equal(sealed, "hello", 5);
    aead_seal(key, nonce, NULL, 0, NULL, 0, sealed);
    assert_true(aead_open(key, nonce, NULL, 0, sealed, 16, out));
}

static void *hash_in_thread(void *p)
{
    uint8_t *out = p;
    for (int i = 0; i < 1000; i++)
        hmac_sha256(out, 32, out, 32, out);
    return NULL;
}

/* Contexts belong to threads: results don't mix, and a thread that ends leaves nothing (LSan). */
static void test_threads(void **state)
{
    (void)state;
    static uint8_t out[4][32];
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hash_in_thread, out[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(out[0], out[i], 32);
}

static void test_random_and_compare(void **state)
{
    (void)state;
    uint8_t a[64] = {0}, b[64] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_false(ct_equal(a, b, sizeof a));
    memcpy(b, a, sizeof a);
    assert_true(ct_equal(a, b, sizeof a));
    b[63] ^= 1;
    assert_false(ct_equal(a, b, sizeof a));
    assert_true(ct_equal(a, b, 63));
    memzero(a, sizeof a);
    for (size_t i = 0; i < sizeof a; i++)
        assert_int_equal(a[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_hmac_sha1),
        cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_chacha20),
        cmocka_unit_test(test_rng_stream),
        cmocka_unit_test(test_rng_replays_and_differs),
        cmocka_unit_test(test_rng_below_is_even),
        cmocka_unit_test(test_aead_vector),
        cmocka_unit_test(test_aead_refuses),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_random_and_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
