/* proto/ws: cases by hand in the manner of the Autobahn suite, each fed at every split; the reader
 * must say the same each time. Sections are those of RFC 6455. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/util.h"
#include "proto/http1.h"
#include "proto/ws.h"

enum { CAP = 1000 };

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d}; /* of section 5.7 */

/* A client's frame: first byte, payload. form: 0 shortest length, 2 or 8 bytes by force. */
static size_t frame(uint8_t *out, unsigned first, const void *payload, size_t len, int form)
{
    size_t n = 0;

    out[n++] = (uint8_t)first;
    if (form == 8 || (form == 0 && len > 65535)) {
        out[n++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            out[n++] = (uint8_t)((uint64_t)len >> shift);
    } else if (form == 2 || (form == 0 && len > 125)) {
        out[n++] = 0x80 | 126;
        out[n++] = (uint8_t)(len >> 8);
        out[n++] = (uint8_t)len;
    } else {
        out[n++] = (uint8_t)(0x80 | len);
    }
    memcpy(out + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        out[n + i] = ((const uint8_t *)payload)[i] ^ mask[i & 3];
    return n + len;
}

/* What came out, as text: "text(hi)ping()close(1000,bye)fail(1002)". */
struct seen {
    char text[8192];
    size_t n;
};

static void note(struct seen *s, const char *what, const struct ws_event *ev)
{
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%s(", what);
    if (ev->type == WS_CLOSE || ev->type == WS_FAIL)
        s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%u", ev->code);
    if (ev->type == WS_CLOSE && ev->len > 0)
        s->text[s->n++] = ',';
    memcpy(s->text + s->n, ev->data ? (char *)ev->data : "", ev->len);
    s->n += ev->len;
    s->text[s->n++] = ')';
    s->text[s->n] = '\0';
}

static void feed(struct ws_reader *r, const uint8_t *p, size_t len, struct seen *s)
{
    uint8_t *copy = malloc(len + 1); /* exact, so that ASan sees a step too far */
    struct ws_event ev;
    size_t at = 0, used;

    copy = realloc(copy, len ? len : 1);
    memcpy(copy, p, len);
    for (;;) {
        enum ws_event_type type = ws_read(r, copy + at, len - at, &used, &ev);

        at += used;
        assert_int_equal(type, ev.type);
        if (type == WS_NEED_MORE)
            break;
        if (type == WS_MESSAGE)
            note(s, ev.op == WS_OP_TEXT ? "text" : "binary", &ev);
        else
            note(s,
                 type == WS_PING    ? "ping"
                 : type == WS_PONG  ? "pong"
                 : type == WS_CLOSE ? "close"
                                    : "fail",
                 &ev);
    }
    assert_int_equal(at, len);
    free(copy);
}

static void check(const uint8_t *p, size_t len, const char *want)
{
    for (size_t step = 0; step < 3; step++) {
        for (size_t cut = 0; cut <= len; cut++) {
            struct ws_reader r;
            struct seen s = {.n = 0};

            s.text[0] = '\0';
            ws_reader_init(&r, CAP);
            feed(&r, p, cut, &s);
            if (step == 0) {
                feed(&r, p + cut, len - cut, &s);
            } else {
                for (size_t at = cut; at < len; at += step)
                    feed(&r, p + at, MIN_OF(step, len - at), &s);
            }
            ws_reader_free(&r);
            assert_string_equal(s.text, want);
        }
    }
}

#define CHECK1(first, payload, form, want)                                  \
    do {                                                                    \
        uint8_t buf_[4096];                                                 \
        size_t n_ = frame(buf_, first, payload, sizeof(payload) - 1, form); \
        check(buf_, n_, want);                                              \
    } while (0)

static void reads_the_rfc_examples(void **state)
{
    /* 5.7, the masked ones */
    static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                    0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const uint8_t pong[] = {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                   0x7f, 0x9f, 0x4d, 0x51, 0x58};

    (void)state;
    check(hello, sizeof hello, "text(Hello)");
    check(pong, sizeof pong, "pong(Hello)");
}

static void reads_messages(void **state)
{
    uint8_t buf[4096];
    char big[200];
    size_t n = 0;

    (void)state;
    CHECK1(0x81, "", 0, "text()");
    CHECK1(0x82, "\x00\xff", 0, "binary(\0\xff)");
    memset(big, 'x', sizeof big);
    big[199] = '\0';
    char want[256];
    n = frame(buf, 0x81, big, 126, 0);
    snprintf(want, sizeof want, "text(%.126s)", big);
    check(buf, n, want);
    /* several in one read, with a ping in between */
    n = frame(buf, 0x81, "a", 1, 0);
    n += frame(buf + n, 0x89, "p", 1, 0);
    n += frame(buf + n, 0x81, "bc", 2, 0);
    n += frame(buf + n, 0x8a, "", 0, 0);
    check(buf, n, "text(a)ping(p)text(bc)pong()");
}

static void joins_fragments(void **state)
{
    uint8_t buf[4096];
    size_t n;

    (void)state;
    n = frame(buf, 0x01, "ab", 2, 0);
    n += frame(buf + n, 0x00, "", 0, 0);
    n += frame(buf + n, 0x89, "in between", 10, 0);
    n += frame(buf + n, 0x00, "cd", 2, 0);
    n += frame(buf + n, 0x8a, "x", 1, 0);
    n += frame(buf + n, 0x80, "e", 1, 0);
    n += frame(buf + n, 0x82, "f", 1, 0);
    check(buf, n, "ping(in between)pong(x)text(abcde)binary(f)");
    n = frame(buf, 0x01, "", 0, 0);
    n += frame(buf + n, 0x80, "", 0, 0);
    check(buf, n, "text()");
    n = frame(buf, 0x01, "", 0, 0);
    n += frame(buf + n, 0x80, "tail", 4, 0);
    check(buf, n, "text(tail)");
    /* a close in the middle of a message */
    n = frame(buf, 0x01, "ab", 2, 0);
    n += frame(buf + n, 0x88, "\x03\xe8", 2, 0);
    n += frame(buf + n, 0x80, "cd", 2, 0);
    check(buf, n, "close(1000)");
}

static void refuses_broken_framing(void **state)
{
    static const uint8_t unmasked[] = {0x81, 0x02, 'h', 'i'};
    static const uint8_t top_bit[] = {0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    uint8_t buf[4096];
    size_t n;

    (void)state;
    check(unmasked, sizeof unmasked, "fail(1002)");
    check(top_bit, sizeof top_bit, "fail(1002)");
    for (unsigned rsv = 0x10; rsv <= 0x70; rsv += 0x10)
        CHECK1(0x81 | rsv, "x", 0, "fail(1002)");
    for (unsigned op = 3; op < 16; op++)
        if (op < 8 || op > 10)
            CHECK1(0x80 | op, "x", 0, "fail(1002)");
    CHECK1(0x80, "x", 0, "fail(1002)"); /* continues nothing */
    CHECK1(0x00, "x", 0, "fail(1002)");
    for (unsigned op = 8; op <= 10; op++)
        CHECK1(op, "x", 0, "fail(1002)"); /* fragmented control frame */
    n = frame(buf, 0x01, "a", 1, 0);
    n += frame(buf + n, 0x81, "b", 1, 0); /* a new message inside another one */
    check(buf, n, "fail(1002)");
    n = frame(buf, 0x01, "a", 1, 0);
    n += frame(buf + n, 0x02, "b", 1, 0);
    check(buf, n, "fail(1002)");
    /* nothing after a failure counts */
    n = frame(buf, 0x83, "a", 1, 0);
    n += frame(buf + n, 0x81, "b", 1, 0);
    check(buf, n, "fail(1002)");
}

static void wants_the_shortest_length(void **state)
{
    char big[300];

    (void)state;
    memset(big, 'x', sizeof big);
    CHECK1(0x81, "short", 2, "fail(1002)");
    CHECK1(0x81, "short", 8, "fail(1002)");
    uint8_t buf[400];
    check(buf, frame(buf, 0x81, big, 125, 2), "fail(1002)");
    check(buf, frame(buf, 0x81, big, 126, 8), "fail(1002)");
    check(buf, frame(buf, 0x89, big, 126, 0), "fail(1002)"); /* 5.5: control of 126 */
}

static void caps_messages_before_they_come(void **state)
{
    uint8_t buf[4096];
    char big[CAP + 1];
    size_t n;
    struct ws_reader r;
    struct seen s = {.n = 0};

    (void)state;
    memset(big, 'x', sizeof big);
    n = frame(buf, 0x81, big, CAP + 1, 0);
    check(buf, n, "fail(1009)");
    n = frame(buf, 0x81, big, CAP, 0);
    ws_reader_init(&r, CAP);
    feed(&r, buf, n, &s);
    assert_int_equal(s.n, CAP + strlen("text()"));
    ws_reader_free(&r);
    /* over all fragments */
    n = frame(buf, 0x01, big, CAP - 1, 0);
    n += frame(buf + n, 0x80, big, 2, 0);
    ws_reader_init(&r, CAP);
    s.n = 0;
    feed(&r, buf, n, &s);
    assert_string_equal(s.text, "fail(1009)");
    ws_reader_free(&r);
    /* the head alone decides; 2^63-1 bytes are announced */
    static const uint8_t huge[] = {0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 1,    2,    3,    4};
    check(huge, sizeof huge, "fail(1009)");
}

static void holds_no_more_than_came(void **state)
{
    uint8_t buf[2048];
    char big[CAP];
    struct ws_reader r;
    struct seen s = {.n = 0};

    (void)state;
    memset(big, 'x', sizeof big);
    frame(buf, 0x81, big, CAP, 0);
    ws_reader_init(&r, CAP);
    feed(&r, buf, 8 + 10, &s);
    assert_true(ws_reader_busy(&r));
    assert_int_equal(r.msg_size, 10);
    feed(&r, buf + 18, 11, &s);
    assert_true(r.msg_size < 50);
    ws_reader_free(&r);
}

static void validates_close(void **state)
{
    static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                    1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
    static const unsigned bad[] = {0,    1,    999,  1004, 1005, 1006, 1015,
                                   1016, 1100, 2000, 2999, 5000, 65535};
    uint8_t buf[256], payload[2];
    char want[64];

    (void)state;
    CHECK1(0x88, "", 0, "close(1005)");
    CHECK1(0x88, "\x03", 0, "fail(1002)");
    CHECK1(0x88,
           "\x03\xe8"
           "bye",
           0, "close(1000,bye)");
    CHECK1(0x88, "\x03\xe8\xed\xa0\x80", 0, "fail(1007)");
    CHECK1(0x88, "\x03\xe8\xe2\x82", 0, "fail(1007)");
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        payload[0] = (uint8_t)(good[i] >> 8);
        payload[1] = (uint8_t)good[i];
        snprintf(want, sizeof want, "close(%u)", good[i]);
        check(buf, frame(buf, 0x88, payload, 2, 0), want);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        payload[0] = (uint8_t)(bad[i] >> 8);
        payload[1] = (uint8_t)bad[i];
        check(buf, frame(buf, 0x88, payload, 2, 0), "fail(1002)");
    }
}

/* RFC 3629, and Markus Kuhn's classes of wrong sequences. */
static void checks_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xea\xb0\x80\xeb\x82\x98",
                                       "abcdefgh\xc3\xa4ijklmnopq"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\xc2\x80",
                                      "\xc2 ",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "\xf0\x9f\x98",
                                      ("abcdefgh\xff"
                                       "abcdefgh")};
    uint8_t buf[256];
    char want[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        snprintf(want, sizeof want, "text(%s)", good[i]);
        check(buf, frame(buf, 0x81, good[i], strlen(good[i]), 0), want);
        /* binary may hold anything */
        snprintf(want, sizeof want, "binary(%s)", good[i]);
        check(buf, frame(buf, 0x82, good[i], strlen(good[i]), 0), want);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check(buf, frame(buf, 0x81, bad[i], strlen(bad[i]), 0), "fail(1007)");
}

static void checks_utf8_across_fragments(void **state)
{
    uint8_t buf[256];
    size_t n;

    (void)state;
    n = frame(buf, 0x01, "\xf0\x9f", 2, 0);
    n += frame(buf + n, 0x89, "", 0, 0);
    n += frame(buf + n, 0x00, "\x98", 1, 0);
    n += frame(buf + n, 0x80, "\x80", 1, 0);
    check(buf, n, "ping()text(\xf0\x9f\x98\x80)");
    n = frame(buf, 0x01, "\xf0\x9f", 2, 0);
    n += frame(buf + n, 0x80, "", 0, 0);
    check(buf, n, "fail(1007)");
    /* fails at once, not at the end of the message */
    n = frame(buf, 0x01, "\xf0\x8f", 2, 0);
    check(buf, n, "fail(1007)");
}

static void unmasks_at_any_phase(void **state)
{
    uint8_t a[67], b[67];

    (void)state;
    for (unsigned phase = 0; phase < 4; phase++) {
        for (size_t len = 0; len <= 67; len++) {
            for (size_t i = 0; i < len; i++) {
                a[i] = (uint8_t)(i * 7);
                b[i] = a[i] ^ mask[(phase + i) & 3];
            }
            ws_unmask(a, len, mask, phase);
            assert_memory_equal(a, b, len);
        }
    }
}

/* Each allocation fails once: a clean 1011, nothing leaks. */
static void survives_without_memory(void **state)
{
    uint8_t buf[256];
    size_t n = frame(buf, 0x01, "abc", 3, 0);

    (void)state;
    n += frame(buf + n, 0x89, "ping", 4, 0);
    n += frame(buf + n, 0x80, "defghijklm", 10, 0);
    for (uint64_t at = 1; at < 20; at++) {
        struct ws_reader r;
        struct seen s = {.n = 0};

        ws_reader_init(&r, CAP);
        mem_fail_at(at);
        for (size_t i = 0; i < n; i++)
            feed(&r, buf + i, 1, &s);
        if (mem_try_count() < at) {
            assert_string_equal(s.text, "ping(ping)text(abcdefghijklm)");
            assert_true(at > 3);
            ws_reader_free(&r);
            break;
        }
        assert_non_null(strstr(s.text, "fail(1011)"));
        ws_reader_free(&r);
    }
    mem_fail_at(0);
}

static void writes_frames(void **state)
{
    uint8_t out[2 + WS_CONTROL_MAX];
    char reason[200];

    (void)state;
    assert_int_equal(ws_head_write(out, WS_OP_TEXT, 125), 2);
    assert_memory_equal(out, "\x81\x7d", 2);
    assert_int_equal(ws_head_write(out, WS_OP_TEXT, 126), 4);
    assert_memory_equal(out, "\x81\x7e\x00\x7e", 4);
    assert_int_equal(ws_head_write(out, WS_OP_BINARY, 65535), 4);
    assert_memory_equal(out, "\x82\x7e\xff\xff", 4);
    assert_int_equal(ws_head_write(out, WS_OP_TEXT, 65536), 10);
    assert_memory_equal(out, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
    for (size_t n = 0; n < 70000; n += 13)
        assert_int_equal(ws_head_len(n), ws_head_write(out, WS_OP_TEXT, n));
    assert_int_equal(ws_close_write(out, 4008, "slow"), 8);
    assert_memory_equal(out, "\x88\x06\x0f\xa8slow", 8);
    memset(reason, 'x', sizeof reason);
    reason[199] = '\0';
    assert_int_equal(ws_close_write(out, 1000, reason), 127);
    assert_int_equal(out[1], 125);
    assert_int_equal(ws_control_write(out, WS_OP_PING, "12", 2), 4);
    assert_memory_equal(out,
                        "\x89\x02"
                        "12",
                        4);
}

/* ---- handshake ------------------------------------------------------------------------------ */

static int handshake(const char *extra, const char *line)
{
    static char text[1024];
    struct http1_request req;
    struct http1_scan scan = {0};
    const char *key;

    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n", line, extra);
    assert_true(http1_head(&scan, &http1_limits_default, text, strlen(text), &req) > 0);
    return ws_handshake_check(&req, "madang.v1", &key);
}

#define UP  "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define SUB "Sec-WebSocket-Protocol: other, madang.v1\r\n"

static void checks_the_handshake(void **state)
{
    char accept[WS_ACCEPT_LEN];

    (void)state;
    /* 1.3 */
    ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WS_ACCEPT_LEN);

    assert_int_equal(handshake(UP KEY V13 SUB, "GET /"), 101);
    assert_int_equal(handshake(UP KEY V13 SUB, "POST /"), 405);
    assert_int_equal(handshake(KEY V13 SUB, "GET /"), 400);
    assert_int_equal(handshake("Upgrade: websocket\r\n" KEY V13 SUB, "GET /"), 400);
    assert_int_equal(handshake("Connection: upgrade\r\nUpgrade: h2c\r\n" KEY V13 SUB, "GET /"),
                     400);
    assert_int_equal(handshake(UP V13 SUB, "GET /"), 400);
    assert_int_equal(handshake(UP KEY KEY V13 SUB, "GET /"), 400);
    assert_int_equal(handshake(UP "Sec-WebSocket-Key: short\r\n" V13 SUB, "GET /"), 400);
    assert_int_equal(
        handshake(UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\n" V13 SUB, "GET /"), 400);
    assert_int_equal(
        handshake(UP "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n" V13 SUB, "GET /"), 400);
    assert_int_equal(handshake(UP KEY SUB, "GET /"), 426);
    assert_int_equal(handshake(UP KEY "Sec-WebSocket-Version: 8\r\n" SUB, "GET /"), 426);
    assert_int_equal(handshake(UP KEY V13, "GET /"), 400);
    assert_int_equal(handshake(UP KEY V13 "Sec-WebSocket-Protocol: madang.v2\r\n", "GET /"), 400);
    assert_int_equal(handshake(UP KEY V13 "Sec-WebSocket-Protocol: a\r\n" SUB, "GET /"), 101);
    assert_int_equal(handshake(UP KEY V13 SUB "Content-Length: 1\r\n", "GET /"), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_rfc_examples),
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(joins_fragments),
        cmocka_unit_test(refuses_broken_framing),
        cmocka_unit_test(wants_the_shortest_length),
        cmocka_unit_test(caps_messages_before_they_come),
        cmocka_unit_test(holds_no_more_than_came),
        cmocka_unit_test(validates_close),
        cmocka_unit_test(checks_utf8),
        cmocka_unit_test(checks_utf8_across_fragments),
        cmocka_unit_test(unmasks_at_any_phase),
        cmocka_unit_test(survives_without_memory),
        cmocka_unit_test(writes_frames),
        cmocka_unit_test(checks_the_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
