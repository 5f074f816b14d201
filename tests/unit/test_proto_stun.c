#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/code.h"
#include "proto/stun.h"
#include "proto/stun_server.h"
#include "proto/turn_frame.h"

static size_t unhex(uint8_t *out, size_t cap, const char *text)
{
    char packed[2048];
    size_t n = 0, len = 0;
    for (; *text != '\0'; text++)
        if (*text != ' ')
            packed[n++] = *text;
    assert_true(hex_decode(out, cap, &len, str_of(packed, n)));
    return len;
}

/* ---- RFC 5769: samples of 2.1 to 2.4; RFC 8489 appendix B.1 with erratum 6268 ---- */

#define SHORT_PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"
#define LONG_USER      "\xE3\x83\x9E\xE3\x83\x88\xE3\x83\xAA\xE3\x83\x83\xE3\x82\xAF\xE3\x82\xB9"

static const char rfc5769_request[] =
    "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74"
    "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf";
static const char rfc5769_ipv4[] =
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96";
static const char rfc5769_ipv6[] =
    "01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c";
static const char rfc5769_long_term[] =
    "00010060 2112a442 78ad3433c6ad72c029da412e"
    "00060012 e3839ee38388e383aae38383e382afe382b90000"
    "0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341"
    "0014000b 6578616d706c652e6f726700 00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666";
static const char rfc8489_b1[] =
    "00010090 2112a442 78ad3433c6ad72c029da412e"
    "001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
    "00150029 6f624d61744a6f7332414141 43662f2f3439396b39353464364f4c33346f4c39465354767936347341"
    "000000 0014000b 6578616d706c652e6f726700 001d0004 00020000"
    "001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65";

static void rfc5769_request_verifies_and_is_rebuilt(void **state)
{
    uint8_t p[256], out[256];
    struct stun_msg m;
    uint32_t priority;
    uint64_t tie;
    (void)state;
    size_t n = unhex(p, sizeof p, rfc5769_request);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.method, STUN_BINDING);
    assert_int_equal(m.cls, STUN_REQUEST);
    assert_true(m.fingerprint);
    assert_true(stun_check_sha1(&m, SHORT_PASSWORD, strlen(SHORT_PASSWORD)));
    assert_false(stun_check_sha1(&m, "wrong", 5));
    assert_false(stun_check_sha256(&m, SHORT_PASSWORD, strlen(SHORT_PASSWORD)));
    const struct stun_attr *a = stun_find(&m, STUN_USERNAME);
    assert_memory_equal(stun_value(&m, a), "evtj:h6vY", a->len);
    assert_true(stun_get_u32(&m, stun_find(&m, STUN_PRIORITY), &priority));
    assert_int_equal(priority, 0x6e0001ff);
    assert_true(stun_get_u64(&m, stun_find(&m, STUN_ICE_CONTROLLED), &tie));
    assert_false(stun_get_u32(&m, stun_find(&m, STUN_ICE_CONTROLLED), &priority));
    assert_true(tie == 0x932ff9b151263b36);
    struct stun_builder b;
    stun_begin(&b, out, sizeof out, STUN_REQUEST, STUN_BINDING, m.txid);
    stun_put(&b, STUN_SOFTWARE, "STUN test client", 16);
    stun_put_u32(&b, STUN_PRIORITY, priority);
    stun_put_u64(&b, STUN_ICE_CONTROLLED, tie);
    stun_put(&b, STUN_USERNAME, "evtj:h6vY", 9);
    memset(out + b.len - 3, ' ', 3); /* the RFC pads with spaces, we with zeros */
    stun_put_integrity(&b, SHORT_PASSWORD, strlen(SHORT_PASSWORD));
    stun_put_fingerprint(&b);
    assert_int_equal(stun_end(&b), n);
    assert_memory_equal(out, p, n);
}

static void rfc5769_responses_carry_the_address(void **state)
{
    const char *texts[] = {rfc5769_ipv4, rfc5769_ipv6};
    const char *addrs[] = {"192.0.2.1:32853", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t p[256], out[256];
        struct stun_msg m;
        struct addr got, want;
        size_t n = unhex(p, sizeof p, texts[i]);
        assert_true(addr_parse(&want, str_from(addrs[i])));
        assert_int_equal(stun_parse(&m, p, n), STUN_OK);
        assert_int_equal(m.cls, STUN_SUCCESS);
        assert_true(stun_check_sha1(&m, SHORT_PASSWORD, strlen(SHORT_PASSWORD)));
        assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_MAPPED_ADDRESS), &got));
        assert_true(addr_eq(&got, &want));
        struct stun_builder b;
        stun_begin(&b, out, sizeof out, STUN_SUCCESS, STUN_BINDING, m.txid);
        stun_put(&b, STUN_SOFTWARE, "test vector", 11);
        out[b.len - 1] = ' ';
        stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, &want);
        stun_put_integrity(&b, SHORT_PASSWORD, strlen(SHORT_PASSWORD));
        stun_put_fingerprint(&b);
        assert_int_equal(stun_end(&b), n);
        assert_memory_equal(out, p, n);
        p[n - 1] ^= 1;
        assert_int_equal(stun_parse(&m, p, n), STUN_E_FINGERPRINT);
    }
}

static void long_term_keys_verify(void **state)
{
    uint8_t p[256], key[32], hash[32];
    struct stun_msg m;
    (void)state;
    size_t n = unhex(p, sizeof p, rfc5769_long_term);
    stun_key_md5(LONG_USER, "example.org", "TheMatrIX", key);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_true(stun_check_sha1(&m, key, 16));
    n = unhex(p, sizeof p, rfc8489_b1);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    stun_key_sha256(LONG_USER, "example.org", "TheMatrIX", key);
    assert_true(stun_check_sha256(&m, key, 32));
    p[30] ^= 1;
    assert_false(stun_check_sha256(&m, key, 32));
    stun_userhash(LONG_USER, "example.org", hash);
    p[30] ^= 1;
    assert_memory_equal(hash, stun_value(&m, stun_find(&m, STUN_USERHASH)), 32);
}

static void sha256_may_be_truncated(void **state)
{
    uint8_t out[256];
    struct stun_msg m;
    struct stun_builder b;
    (void)state;
    stun_begin(&b, out, sizeof out, STUN_REQUEST, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
    stun_put_u32(&b, STUN_LIFETIME, 600);
    stun_put_integrity_sha256(&b, "key", 3);
    size_t n = stun_end(&b);
    assert_int_equal(stun_parse(&m, out, n), STUN_OK);
    assert_int_equal(m.method, STUN_ALLOCATE);
    assert_true(stun_check_sha256(&m, "key", 3));
    /* The HMAC covers the length, so a shorter form is another value: 12 bytes are too few. */
    set_u16(out + 2, (uint16_t)(n - 20 - 20));
    set_u16(out + m.integrity256_at + 2, 12);
    assert_int_equal(stun_parse(&m, out, n - 20), STUN_OK);
    assert_false(stun_check_sha256(&m, "key", 3));
}

/* ---- Strictness ---- */

static void methods_and_classes_survive(void **state)
{
    uint8_t out[64];
    struct stun_msg m;
    (void)state;
    for (unsigned method = 0; method < 0x1000; method += 7) {
        for (unsigned cls = 0; cls < 4; cls++) {
            struct stun_builder b;
            stun_begin(&b, out, sizeof out, (enum stun_class)cls, method,
                       (const uint8_t *)"abcdefghijkl");
            assert_int_equal(stun_parse(&m, out, stun_end(&b)), STUN_OK);
            assert_int_equal(m.method, method);
            assert_int_equal(m.cls, cls);
        }
    }
}

static void every_truncation_and_extension_is_refused(void **state)
{
    uint8_t p[256];
    struct stun_msg m;
    (void)state;
    size_t n = unhex(p, sizeof p, rfc5769_request);
    p[n] = 0;
    for (size_t k = 0; k < n; k++) {
        uint8_t *exact = malloc(k + 1); /* so that the sanitizer sees every read beyond */
        memcpy(exact, p, k);
        assert_int_not_equal(stun_parse(&m, exact, k), STUN_OK);
        free(exact);
    }
    assert_int_equal(stun_parse(&m, p, n + 1), STUN_E_LENGTH);
}

static void every_changed_byte_is_noticed(void **state)
{
    uint8_t p[256];
    struct stun_msg m;
    (void)state;
    size_t n = unhex(p, sizeof p, rfc5769_request);
    for (size_t k = 0; k < n; k++) {
        p[k] ^= 0x20;
        /* FINGERPRINT covers all but its own type, without which it isn't there. */
        assert_false(stun_parse(&m, p, n) == STUN_OK && m.fingerprint);
        p[k] ^= 0x20;
    }
}

static void malformed_messages_say_why(void **state)
{
    static const struct {
        const char *hex;
        enum stun_result expect;
    } cases[] = {
        {"0001", STUN_E_SHORT},
        {"00010000 2112a443 000000000000000000000000", STUN_E_NO_COOKIE},
        {"40010000 2112a442 000000000000000000000000", STUN_E_NOT_STUN},
        {"00010002 2112a442 000000000000000000000000 0000", STUN_E_LENGTH},
        {"00010008 2112a442 000000000000000000000000 00060001", STUN_E_SHORT},
        {"00010004 2112a442 000000000000000000000000 00060001", STUN_E_ATTR},
        {"00010008 2112a442 000000000000000000000000 0006000561626364", STUN_E_ATTR},
        {"00010008 2112a442 000000000000000000000000 0006ffff61626364", STUN_E_ATTR},
        {"00010008 2112a442 000000000000000000000000 8028000400000000", STUN_E_FINGERPRINT},
        {"00010004 2112a442 000000000000000000000000 80280000", STUN_E_FINGERPRINT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t p[64];
        struct stun_msg m;
        size_t n = unhex(p, sizeof p, cases[i].hex);
        assert_string_equal(stun_result_name(stun_parse(&m, p, n)),
                            stun_result_name(cases[i].expect));
    }
}

static void nothing_may_follow_fingerprint(void **state)
{
    uint8_t out[64];
    struct stun_msg m;
    struct stun_builder b;
    (void)state;
    stun_begin(&b, out, sizeof out, STUN_REQUEST, STUN_BINDING, (const uint8_t *)"abcdefghijkl");
    stun_put_fingerprint(&b);
    stun_put_u32(&b, STUN_PRIORITY, 1);
    size_t n = stun_end(&b);
    uint32_t crc = crc32_ieee(0, out, 20) ^ STUN_FINGERPRINT_XOR; /* right for the longer header */
    set_u32(out + 24, crc);
    assert_int_equal(stun_parse(&m, out, n), STUN_E_ORDER);
}

static void what_follows_integrity_is_ignored(void **state)
{
    uint8_t out[256];
    struct stun_msg m;
    struct stun_builder b;
    (void)state;
    stun_begin(&b, out, sizeof out, STUN_REQUEST, STUN_BINDING, (const uint8_t *)"abcdefghijkl");
    stun_put_integrity(&b, "k", 1);
    stun_put(&b, STUN_USERNAME, "evil", 4);
    stun_put_integrity_sha256(&b, "k", 1);
    stun_put(&b, STUN_REALM, "evil", 4);
    stun_put_fingerprint(&b);
    assert_int_equal(stun_parse(&m, out, stun_end(&b)), STUN_OK);
    assert_null(stun_find(&m, STUN_USERNAME));
    assert_null(stun_find(&m, STUN_REALM));
    assert_true(stun_check_sha1(&m, "k", 1));
    assert_true(stun_check_sha256(&m, "k", 1));
    assert_true(m.fingerprint);
}

static void the_builder_never_overflows(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 140; cap++) {
        uint8_t *mem = malloc(cap + 1);
        struct addr a = addr_ip4(1, 2, 3, 4, 5);
        struct stun_builder b;
        stun_begin(&b, mem, cap, STUN_ERROR, STUN_BINDING, (const uint8_t *)"abcdefghijkl");
        stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, &a);
        stun_put_addr(&b, STUN_ALTERNATE_SERVER, &a);
        stun_put_error(&b, 420, "Unknown");
        stun_put_unknown(&b, (uint16_t[]){1, 2, 3}, 3);
        stun_put_integrity(&b, "k", 1);
        stun_put_fingerprint(&b);
        size_t n = stun_end(&b);
        assert_true(n == 0 || n <= cap);
        assert_true((n != 0) == (cap >= 20 + 12 + 12 + 16 + 12 + 24 + 8));
        if (n != 0) {
            struct stun_msg m;
            assert_int_equal(stun_parse(&m, mem, n), STUN_OK);
            assert_int_equal(stun_get_error(&m), 420);
        }
        free(mem);
    }
}

/* ---- Framing ---- */

static void frames_are_found_at_every_split(void **state)
{
    uint8_t all[512];
    (void)state;
    size_t n = unhex(all, sizeof all, rfc5769_request);
    size_t stun_size = n;
    n += unhex(all + n, sizeof all - n, "40000005 6162636465 000000"); /* padded channel data */
    n += unhex(all + n, sizeof all - n, "4fff0000");
    n += unhex(all + n, sizeof all - n, rfc5769_ipv6);
    for (size_t split = 0; split <= n; split++) {
        size_t at = 0, frames = 0, have = split;
        for (int step = 0; step < 2; step++, have = n) {
            for (;;) {
                size_t left = have - at;
                uint8_t *exact = malloc(left + 1);
                memcpy(exact, all + at, left);
                struct turn_frame f = turn_frame_next(exact, left, 65540);
                free(exact);
                assert_int_not_equal(f.kind, TURN_FRAME_BAD);
                if (f.kind == TURN_FRAME_MORE) {
                    assert_true(f.need > left);
                    break;
                }
                static const size_t sizes[] = {108, 9, 4, 92};
                assert_int_equal(f.size, sizes[frames]);
                assert_int_equal(f.kind,
                                 frames == 1 || frames == 2 ? TURN_FRAME_CHANNEL : TURN_FRAME_STUN);
                if (frames == 1)
                    assert_int_equal(f.channel, 0x4000);
                frames++;
                at += f.taken;
            }
        }
        assert_int_equal(frames, 4);
        assert_int_equal(at, n);
    }
    assert_int_equal(stun_size, 108);
}

static void noise_is_no_frame(void **state)
{
    (void)state;
    assert_int_equal(turn_frame_next((const uint8_t *)"GET / HTTP/1.1\r\n", 16, 65540).kind,
                     TURN_FRAME_MORE); /* "G" looks like a channel */
    assert_int_equal(turn_frame_next((const uint8_t *)"\x16\x03\x01\x02\x00", 5, 65540).kind,
                     TURN_FRAME_BAD);
    assert_int_equal(turn_frame_next((const uint8_t *)"\x80", 1, 65540).kind, TURN_FRAME_BAD);
    assert_int_equal(
        turn_frame_next((const uint8_t *)"\x00\x01\x00\x58\x21\x12\xa4\x43", 8, 65540).kind,
        TURN_FRAME_BAD);
    assert_int_equal(turn_frame_next((const uint8_t *)"\x00\x01\x00\x57", 4, 65540).kind,
                     TURN_FRAME_BAD);
    uint8_t big[4] = {0x40, 0x00, 0xFF, 0xFF};
    assert_int_equal(turn_frame_next(big, 4, 2000).kind, TURN_FRAME_BAD);
    assert_int_equal(turn_frame_next(big, 4, 65540).need, 65540);
}

/* ---- The responder ---- */

static struct stun_server *server(unsigned per_s, unsigned burst, unsigned table)
{
    struct stun_server_conf conf = {
        .every_us = per_s ? 1000000 / per_s : 0, .burst = burst, .table = table, .key = {1, 2}};
    return stun_server_new(&conf);
}

static size_t request(uint8_t *p, size_t cap, bool fingerprint, const uint16_t *types, unsigned n)
{
    struct stun_builder b;
    stun_begin(&b, p, cap, STUN_REQUEST, STUN_BINDING, (const uint8_t *)"0123456789ab");
    for (unsigned i = 0; i < n; i++)
        stun_put(&b, types[i], NULL, 0);
    if (fingerprint)
        stun_put_fingerprint(&b);
    return stun_end(&b);
}

static void bindings_are_answered_with_what_was_asked(void **state)
{
    struct stun_server *s = server(0, 0, 0);
    const char *from[] = {"203.0.113.9:1234", "[2001:db8::9]:65535"};
    uint8_t p[256], out[STUN_MESSAGE_MAX];
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct addr a, got;
        struct stun_msg m;
        size_t len;
        assert_true(addr_parse(&a, str_from(from[i / 2])));
        size_t n = request(p, sizeof p, i % 2, NULL, 0);
        assert_int_equal(stun_server_input(s, 1000, p, n, &a, false, out, &len), STUN_ANSWERED);
        assert_int_equal(stun_parse(&m, out, len), STUN_OK);
        assert_int_equal(m.cls, STUN_SUCCESS);
        assert_memory_equal(m.txid, "0123456789ab", 12);
        assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_MAPPED_ADDRESS), &got));
        assert_true(addr_eq(&a, &got));
        assert_int_equal(m.fingerprint, i % 2);
        assert_int_equal(m.nattrs, 1 + i % 2); /* no SOFTWARE, nothing else */
    }
    stun_server_free(s);
}

static void unknown_required_attributes_get_420(void **state)
{
    struct stun_server *s = server(0, 0, 0);
    struct addr a = addr_ip4(203, 0, 113, 9, 1234);
    uint8_t p[512], out[STUN_MESSAGE_MAX];
    uint16_t types[40];
    struct stun_msg m;
    size_t len;
    (void)state;
    size_t n = request(p, sizeof p, true, (uint16_t[]){0x7F00, 0x9000, 0x7F00, 0x0003}, 4);
    assert_int_equal(stun_server_input(s, 0, p, n, &a, false, out, &len), STUN_ANSWERED_420);
    assert_int_equal(stun_parse(&m, out, len), STUN_OK);
    assert_int_equal(stun_get_error(&m), 420);
    const struct stun_attr *u = stun_find(&m, STUN_UNKNOWN_ATTRIBUTES);
    assert_int_equal(u->len, 4); /* each once, the optional one not */
    assert_int_equal(get_u16(stun_value(&m, u)), 0x7F00);
    assert_int_equal(get_u16(stun_value(&m, u) + 2), 0x0003);
    for (unsigned k = 1; k <= 40; k++) { /* never more than 1.5 times what came */
        for (unsigned i = 0; i < k; i++)
            types[i] = (uint16_t)(0x7000 + i);
        n = request(p, sizeof p, false, types, k);
        assert_int_equal(stun_server_input(s, 1000000 * (int64_t)k, p, n, &a, false, out, &len),
                         STUN_ANSWERED_420);
        assert_true(2 * (len + 28) <= 3 * (n + 28));
    }
    stun_server_free(s);
}

static void who_somebody_is_may_be_said_and_is_ignored(void **state)
{
    static const uint16_t known[] = {STUN_USERNAME,     STUN_REALM,    STUN_NONCE,
                                     STUN_USERHASH,     STUN_PRIORITY, STUN_PASSWORD_ALGORITHM,
                                     STUN_USE_CANDIDATE};
    struct stun_server *s = server(0, 0, 0);
    struct addr a = addr_ip4(203, 0, 113, 9, 1234);
    uint8_t p[512], out[STUN_MESSAGE_MAX];
    size_t len, n = request(p, sizeof p, true, known, ARRAY_LEN(known));
    (void)state;
    assert_int_equal(stun_server_input(s, 0, p, n, &a, false, out, &len), STUN_ANSWERED);
    /* What only TURN knows is unknown here. */
    n = request(p, sizeof p, true, (uint16_t[]){STUN_LIFETIME}, 1);
    assert_int_equal(stun_server_input(s, 0, p, n, &a, false, out, &len), STUN_ANSWERED_420);
    assert_true(stun_is_credential(STUN_MESSAGE_INTEGRITY));
    assert_true(stun_is_credential(STUN_MESSAGE_INTEGRITY_SHA256));
    stun_server_free(s);
}

static void everything_else_is_silence_with_a_reason(void **state)
{
    struct stun_server *s = server(0, 0, 0);
    struct addr a = addr_ip4(203, 0, 113, 9, 1234);
    uint8_t p[128], out[STUN_MESSAGE_MAX];
    size_t len = 99;
    struct stun_builder b;
    (void)state;
    stun_begin(&b, p, sizeof p, STUN_INDICATION, STUN_BINDING, (const uint8_t *)"0123456789ab");
    assert_int_equal(stun_server_input(s, 0, p, stun_end(&b), &a, false, out, &len),
                     STUN_SILENT_CLASS);
    assert_int_equal(len, 0);
    stun_begin(&b, p, sizeof p, STUN_SUCCESS, STUN_BINDING, (const uint8_t *)"0123456789ab");
    assert_int_equal(stun_server_input(s, 0, p, stun_end(&b), &a, false, out, &len),
                     STUN_SILENT_CLASS);
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_ALLOCATE, (const uint8_t *)"0123456789ab");
    assert_int_equal(stun_server_input(s, 0, p, stun_end(&b), &a, false, out, &len),
                     STUN_SILENT_METHOD);
    size_t n = unhex(p, sizeof p, "00010000 00000000 000000000000000000000000"); /* RFC 3489 */
    assert_int_equal(stun_server_input(s, 0, p, n, &a, false, out, &len), STUN_SILENT_LEGACY);
    n = request(p, sizeof p, true, NULL, 0);
    p[n - 1] ^= 1;
    assert_int_equal(stun_server_input(s, 0, p, n, &a, false, out, &len), STUN_SILENT_MALFORMED);
    assert_int_equal(len, 0);
    stun_server_free(s);
}

static void addresses_are_limited_and_refill(void **state)
{
    struct stun_server *s = server(10, 5, 64);
    uint8_t p[64], out[STUN_MESSAGE_MAX];
    size_t len, n = request(p, sizeof p, false, NULL, 0);
    int64_t now = 7000000;
    (void)state;
    /* One /64 is one; ports don't matter. */
    for (unsigned i = 0; i < 8; i++) {
        char text[64];
        struct addr a;
        snprintf(text, sizeof text, "[2001:db8:1:2::%x]:%u", i + 1, 1000 + i);
        assert_true(addr_parse(&a, str_from(text)));
        assert_int_equal(stun_server_input(s, now, p, n, &a, false, out, &len),
                         i < 5 ? STUN_ANSWERED : STUN_SILENT_RATE);
    }
    struct addr other = addr_ip4(192, 0, 2, 1, 5);
    assert_int_equal(stun_server_input(s, now, p, n, &other, false, out, &len), STUN_ANSWERED);
    struct addr a;
    assert_true(addr_parse(&a, STR("[2001:db8:1:2::1]:1")));
    now += 99999;
    assert_int_equal(stun_server_input(s, now, p, n, &a, false, out, &len), STUN_SILENT_RATE);
    now += 1; /* a tenth of a second: one token */
    assert_int_equal(stun_server_input(s, now, p, n, &a, false, out, &len), STUN_ANSWERED);
    assert_int_equal(stun_server_input(s, now, p, n, &a, false, out, &len), STUN_SILENT_RATE);
    assert_int_equal(stun_server_input(s, now, p, n, &a, true, out, &len), STUN_ANSWERED);
    stun_server_reset(s);
    assert_int_equal(stun_server_input(s, now, p, n, &a, false, out, &len), STUN_ANSWERED);
    stun_server_free(s);
}

static void a_flood_of_made_up_addresses_is_bounded(void **state)
{
    enum { RATE = 10, BURST = 5, TABLE = 64 };
    struct stun_server *s = server(RATE, BURST, TABLE);
    uint8_t p[64], out[STUN_MESSAGE_MAX];
    size_t len, n = request(p, sizeof p, false, NULL, 0);
    unsigned answered = 0;
    (void)state;
    for (unsigned i = 0; i < 100000; i++) { /* one second */
        struct addr a = addr_ip4((uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1, 7);
        answered += stun_server_input(s, 1000000 + i * 10, p, n, &a, false, out, &len) ==
                    STUN_ANSWERED;
    }
    assert_true(answered <= TABLE * (BURST + RATE));
    assert_true(answered >= TABLE * BURST / 2);
    stun_server_free(s);
}

static void a_slow_rate_is_kept_to_the_fraction_and_no_limit_is_none(void **state)
{
    struct stun_server_conf conf = {.every_us = 4000000, .burst = 1, .key = {1, 2}};
    struct stun_server *s = stun_server_new(&conf);
    struct addr a = addr_ip4(192, 0, 2, 1, 5);
    uint8_t p[64], out[STUN_MESSAGE_MAX];
    size_t len, n = request(p, sizeof p, false, NULL, 0);
    (void)state;
    assert_int_equal(stun_server_input(s, 1, p, n, &a, false, out, &len), STUN_ANSWERED);
    assert_int_equal(stun_server_input(s, 4000000, p, n, &a, false, out, &len), STUN_SILENT_RATE);
    assert_int_equal(stun_server_input(s, 4000001, p, n, &a, false, out, &len), STUN_ANSWERED);
    assert_int_equal(stun_server_full_us(s), 4000000);
    stun_server_free(s);
    conf.unlimited = true;
    s = stun_server_new(&conf);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(stun_server_input(s, 1, p, n, &a, false, out, &len), STUN_ANSWERED);
    stun_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5769_request_verifies_and_is_rebuilt),
        cmocka_unit_test(rfc5769_responses_carry_the_address),
        cmocka_unit_test(long_term_keys_verify),
        cmocka_unit_test(sha256_may_be_truncated),
        cmocka_unit_test(methods_and_classes_survive),
        cmocka_unit_test(every_truncation_and_extension_is_refused),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(malformed_messages_say_why),
        cmocka_unit_test(nothing_may_follow_fingerprint),
        cmocka_unit_test(what_follows_integrity_is_ignored),
        cmocka_unit_test(the_builder_never_overflows),
        cmocka_unit_test(frames_are_found_at_every_split),
        cmocka_unit_test(noise_is_no_frame),
        cmocka_unit_test(bindings_are_answered_with_what_was_asked),
        cmocka_unit_test(unknown_required_attributes_get_420),
        cmocka_unit_test(who_somebody_is_may_be_said_and_is_ignored),
        cmocka_unit_test(everything_else_is_silence_with_a_reason),
        cmocka_unit_test(addresses_are_limited_and_refill),
        cmocka_unit_test(a_flood_of_made_up_addresses_is_bounded),
        cmocka_unit_test(a_slow_rate_is_kept_to_the_fraction_and_no_limit_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
