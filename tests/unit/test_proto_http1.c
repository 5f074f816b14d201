/* proto/http1: what is taken, what is refused and with which status, and that the way the bytes are
 * split changes nothing. Sections are those of RFC 9112 unless another one is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "proto/http1.h"

static int head(const char *text, size_t len, struct http1_request *req)
{
    struct http1_scan scan = {0};

    return http1_head(&scan, &http1_limits_default, text, len, req);
}

/* Feeds the bytes in two pieces, then one by one; the result must be that of one piece. */
static int head_all_splits(const char *text, size_t len)
{
    static struct http1_request req;
    int whole = head(text, len, &req);
    struct http1_scan scan;

    for (size_t cut = 0; cut <= len; cut++) {
        int r;

        memset(&scan, 0, sizeof scan);
        r = http1_head(&scan, &http1_limits_default, text, cut, &req);
        if (r == 0)
            r = http1_head(&scan, &http1_limits_default, text, len, &req);
        assert_int_equal(r, whole);
    }
    memset(&scan, 0, sizeof scan);
    for (size_t n = 0; n <= len; n++) {
        int r = http1_head(&scan, &http1_limits_default, text, n, &req);

        if (r != 0 || n == len) {
            assert_int_equal(r, whole);
            break;
        }
    }
    return whole;
}

#define H "Host: a\r\n"

struct refusal {
    int status;
    const char *text;
};

static const struct refusal refusals[] = {
    /* 2.2: bare LF, bare CR, space before the first field */
    {400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    {400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
    /* 3: request line */
    {400, "GET  / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /  HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {400, " GET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET\t/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\r\n" H "\r\n"},
    {400, "GET\r\n" H "\r\n"},
    {400, "G(T / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\x80 HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /a#b HTTP/1.1\r\n" H "\r\n"},
    {400, "GET a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET * HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://u@h/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http:/// HTTP/1.1\r\n" H "\r\n"},
    {400, "GET ftp://h/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / http/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/11\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1x\r\n" H "\r\n"},
    {505, "GET / HTTP/2.0\r\n" H "\r\n"},
    {505, "GET / HTTP/1.2\r\n" H "\r\n"},
    {505, "GET / HTTP/0.9\r\n" H "\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {501, "BREW / HTTP/1.1\r\n" H "\r\n"},
    {501, "get / HTTP/1.1\r\n" H "\r\n"},
    {501, "TRACE / HTTP/1.1\r\n" H "\r\n"},
    {501, "CONNECT a:1 HTTP/1.1\r\n" H "\r\n"},
    /* 3.2: Host */
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.0\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
    {400, "GET http://b/ HTTP/1.1\r\n\r\n"},
    /* 5: fields */
    {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\x80: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"},
    /* 6: framing of the body */
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
    {400,
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"},
    /* RFC 9110, 10.1.1 */
    {417, "POST / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n"},
    {417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        int r = head_all_splits(refusals[i].text, strlen(refusals[i].text));

        if (r != -refusals[i].status)
            fail_msg("wanted %d, got %d: %s", refusals[i].status, r, refusals[i].text);
    }
}

static void refuses_nul(void **state)
{
    static const char in_target[] = "GET /\0 HTTP/1.1\r\n" H "\r\n";
    static const char in_value[] = "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n";
    static const char in_name[] = "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n";
    static const char in_method[] = "G\0T / HTTP/1.1\r\n" H "\r\n";

    (void)state;
    assert_int_equal(head_all_splits(in_target, sizeof in_target - 1), -400);
    assert_int_equal(head_all_splits(in_value, sizeof in_value - 1), -400);
    assert_int_equal(head_all_splits(in_name, sizeof in_name - 1), -400);
    assert_int_equal(head_all_splits(in_method, sizeof in_method - 1), -400);
}

static void takes_a_browser_request(void **state)
{
    static const char text[] = "GET /a/b%20c?x=1&y=?2 HTTP/1.1\r\n"
                               "Host: example.kr:8443\r\n"
                               "Accept:\t text/html , */* \t\r\n"
                               "X-Empty:\r\n"
                               "X-Obs: \xea\xb0\x80\r\n"
                               "Connection: Upgrade, keep-alive\r\n"
                               "\r\n"
                               "NEXT";
    struct http1_request req;

    (void)state;
    assert_int_equal(head_all_splits(text, sizeof text - 1), (int)sizeof text - 1 - 4);
    assert_int_equal(head(text, sizeof text - 1, &req), (int)sizeof text - 1 - 4);
    assert_int_equal(req.method, HTTP1_GET);
    assert_int_equal(req.minor, 1);
    assert_true(str_eq(req.path, STR("/a/b%20c")));
    assert_true(str_eq(req.query, STR("x=1&y=?2")));
    assert_true(str_eq(req.target, STR("/a/b%20c?x=1&y=?2")));
    assert_true(str_eq(req.host, STR("example.kr:8443")));
    assert_true(str_eq(http1_field(&req, STR("ACCEPT")), STR("text/html , */*")));
    assert_true(http1_field(&req, STR("x-empty")).p != NULL);
    assert_int_equal(http1_field(&req, STR("x-empty")).n, 0);
    assert_true(str_eq(http1_field(&req, STR("x-obs")), STR("\xea\xb0\x80")));
    assert_null(http1_field(&req, STR("x-none")).p);
    assert_true(req.keep_alive);
    assert_true(req.upgrade);
    assert_false(req.chunked);
    assert_false(req.has_length);
    assert_int_equal(req.n_fields, 5);
}

static void takes_the_forms_of_a_target(void **state)
{
    struct http1_request req;
    static const char absolute[] = "GET HTTP://real:1/p?q HTTP/1.1\r\nHost: other\r\n\r\n";
    static const char bare[] = "GET https://real HTTP/1.1\r\nHost: other\r\n\r\n";
    static const char query[] = "GET http://real?q HTTP/1.1\r\nHost: other\r\n\r\n";
    static const char star[] = "OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n";
    static const char old[] = "GET / HTTP/1.0\r\n\r\n";
    static const char old_keep[] = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    static const char empty_line[] = "\r\nGET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n";

    (void)state;
    assert_true(head_all_splits(absolute, sizeof absolute - 1) > 0);
    assert_true(head(absolute, sizeof absolute - 1, &req) > 0);
    /* 3.2.2: the target wins over Host */
    assert_true(str_eq(req.host, STR("real:1")));
    assert_true(str_eq(req.path, STR("/p")));
    assert_true(str_eq(req.query, STR("q")));
    assert_true(head(bare, sizeof bare - 1, &req) > 0);
    assert_true(str_eq(req.path, STR("/")));
    assert_true(head(query, sizeof query - 1, &req) > 0);
    assert_true(str_eq(req.host, STR("real")));
    assert_true(str_eq(req.path, STR("/")));
    assert_true(str_eq(req.query, STR("q")));
    assert_true(head(star, sizeof star - 1, &req) > 0);
    assert_true(str_eq(req.path, STR("*")));
    assert_true(head(old, sizeof old - 1, &req) > 0);
    assert_false(req.keep_alive);
    assert_true(head(old_keep, sizeof old_keep - 1, &req) > 0);
    assert_true(req.keep_alive);
    assert_int_equal(head_all_splits(empty_line, sizeof empty_line - 1), sizeof empty_line - 1);
    assert_true(head(empty_line, sizeof empty_line - 1, &req) > 0);
    assert_true(str_eq(req.host, STR("[::1]:80")));
}

static void understands_close_and_expect(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\n" H "Connection: x, CLOSE\r\n"
                               "Content-Length: 007\r\nExpect: 100-Continue\r\n\r\n";
    static const char empty[] = "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n"
                                "Expect: 100-continue\r\n\r\n";
    static const char chunked[] = "POST / HTTP/1.1\r\n" H "Transfer-Encoding: CHUNKED\r\n\r\n";
    struct http1_request req;

    (void)state;
    assert_true(head(text, sizeof text - 1, &req) > 0);
    assert_false(req.keep_alive);
    assert_true(req.expect_continue);
    assert_true(req.has_length);
    assert_int_equal(req.length, 7);
    assert_true(head(empty, sizeof empty - 1, &req) > 0);
    assert_false(req.expect_continue);
    assert_true(head(chunked, sizeof chunked - 1, &req) > 0);
    assert_true(req.chunked);
}

static void caps_the_request_line(void **state)
{
    size_t max = http1_limits_default.line_max;
    char *text = malloc(max + 200);
    size_t fixed = strlen("GET / HTTP/1.1"), n;

    (void)state;
    for (int over = 0; over <= 1; over++) {
        n = (size_t)snprintf(text, 20, "GET /");
        memset(text + n, 'a', max - fixed + (size_t)over);
        n += max - fixed + (size_t)over;
        n += (size_t)snprintf(text + n, 100, " HTTP/1.1\r\n" H "\r\n");
        assert_int_equal(head_all_splits(text, n), over ? -414 : (int)n);
    }
    /* Without an end it is refused as soon as it is too long. */
    memset(text, 'a', max + 200);
    struct http1_scan scan = {0};
    struct http1_request req;
    assert_int_equal(http1_head(&scan, &http1_limits_default, text, max + 1, &req), 0);
    assert_int_equal(http1_head(&scan, &http1_limits_default, text, max + 2, &req), -414);
    free(text);
}

static void caps_the_head(void **state)
{
    size_t max = http1_limits_default.head_max, n;
    char *text = malloc(max + 100);
    static const char begin[] = "GET / HTTP/1.1\r\n" H "X: ";

    (void)state;
    for (size_t over = 0; over <= 2; over++) {
        size_t fill = max - (sizeof begin - 1) - 4 + over;

        memcpy(text, begin, sizeof begin - 1);
        n = sizeof begin - 1;
        memset(text + n, 'a', fill);
        n += fill;
        memcpy(text + n, "\r\n\r\n", 4);
        n += 4;
        assert_int_equal(head_all_splits(text, n), over ? -431 : (int)n);
    }
    free(text);
}

static void caps_the_number_of_fields(void **state)
{
    char text[2048];

    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        size_t n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);

        for (int i = 1; i < HTTP1_FIELDS_MAX + extra; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "X: %d\r\n", i);
        n += (size_t)snprintf(text + n, sizeof text - n, "\r\n");
        assert_int_equal(head_all_splits(text, n), extra ? -431 : (int)n);
    }
}

static void looks_into_lists(void **state)
{
    (void)state;
    assert_true(http1_list_has(STR("a, B ,c"), STR("b")));
    assert_true(http1_list_has(STR("websocket"), STR("WebSocket")));
    assert_false(http1_list_has(STR("websockets"), STR("websocket")));
    assert_false(http1_list_has(STR("a;b"), STR("b")));
    assert_false(http1_list_has(STR(",,"), STR("b")));
}

/* ---- bodies --------------------------------------------------------------------------------- */

struct got {
    char data[512];
    size_t n, used;
    int result; /* enum http1_body_result */
    int status;
};

static void feed(struct http1_body *b, const char *p, size_t len, struct got *g)
{
    size_t at = 0, used;
    struct str out;

    do {
        g->result = (int)http1_body(b, p + at, len - at, &used, &out);
        at += used;
        g->used += used;
        if (g->result == HTTP1_BODY_DATA) {
            assert_true(out.p >= p && out.p + out.n <= p + len);
            memcpy(g->data + g->n, out.p, out.n);
            g->n += out.n;
        }
    } while (g->result == HTTP1_BODY_DATA);
    g->status = b->status;
}

static void check_same(const struct got *a, const struct got *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->used, b->used);
    assert_memory_equal(a->data, b->data, a->n);
}

static void body_all_splits(const struct http1_request *req, uint64_t cap, const char *text,
                            size_t len, struct got *whole)
{
    struct http1_body b;

    memset(whole, 0, sizeof *whole);
    assert_int_equal(http1_body_init(&b, req, cap), 0);
    feed(&b, text, len, whole);
    for (size_t step = 1; step < 4; step++) {
        for (size_t cut = 0; cut <= len; cut++) {
            struct got g = {0};
            size_t at = cut;

            http1_body_init(&b, req, cap);
            feed(&b, text, cut, &g);
            while (g.result == HTTP1_BODY_MORE && at < len) {
                size_t n = MIN_OF(step, len - at);

                feed(&b, text + at, n, &g);
                at += n;
            }
            check_same(&g, whole);
        }
    }
}

static void decodes_chunks(void **state)
{
    struct http1_request req = {.chunked = true};
    static const char text[] = "4\r\nWiki\r\n6;a=\"b\";c\r\npedia \r\n00D\r\nin\r\n\r\nchunks.\r\n"
                               "0;last\r\nExpires: never\r\nX:\r\n\r\nNEXT";
    struct got g;

    (void)state;
    body_all_splits(&req, 100, text, sizeof text - 1, &g);
    assert_int_equal(g.result, HTTP1_BODY_END);
    assert_int_equal(g.used, sizeof text - 1 - 4);
    assert_int_equal(g.n, 23);
    assert_memory_equal(g.data, "Wikipedia in\r\n\r\nchunks.", 23);
}

static void refuses_bad_chunks(void **state)
{
    static const struct refusal bad[] = {
        {400, "4\nWiki\r\n0\r\n\r\n"},
        {400, "\r\nWiki\r\n"},
        {400, "4\r\nWikix\r\n"},
        {400, "4\r\nWiki\n0\r\n\r\n"},
        {400, " 4\r\nWiki\r\n0\r\n\r\n"},
        {400, "4 \r\nWiki\r\n0\r\n\r\n"},
        {400, "0x4\r\nWiki\r\n0\r\n\r\n"},
        {400, "-4\r\nWiki\r\n0\r\n\r\n"},
        {400, "g\r\n"},
        {400, "00000000000000001\r\n"},
        {413, "ffffffffffffffff\r\n"},
        {400, "10000000000000000\r\n"},
        {400, "4;\x01\r\nWiki\r\n"},
        {400, "4;a\rb\r\n"},
        {400, "0\r\n a: b\r\n\r\n"},
        {400, "0\r\n: b\r\n\r\n"},
        {400, "0\r\na: b\n\r\n"},
        {400, "0\r\n\n"},
        {413, "65\r\n"},
        {413, "5\r\nabcde\r\n60\r\n"},
    };
    struct http1_request req = {.chunked = true};
    struct got g;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        body_all_splits(&req, 100, bad[i].text, strlen(bad[i].text), &g);
        if (g.result != HTTP1_BODY_ERROR || g.status != bad[i].status)
            fail_msg("wanted %d, got %d/%d: %s", bad[i].status, g.result, g.status, bad[i].text);
    }
}

static void caps_extensions_and_trailers(void **state)
{
    struct http1_request req = {.chunked = true};
    struct http1_body b;
    struct got g = {0};
    char text[8192];

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "1;", 2);
    http1_body_init(&b, &req, 100);
    feed(&b, text, 2 + 256, &g);
    assert_int_equal(g.result, HTTP1_BODY_MORE);
    feed(&b, text + 2, 1, &g);
    assert_int_equal(g.result, HTTP1_BODY_ERROR);
    assert_int_equal(g.status, 400);

    memset(&g, 0, sizeof g);
    memcpy(text, "0\r\n", 3);
    http1_body_init(&b, &req, 100);
    feed(&b, text, 3 + 4096, &g);
    assert_int_equal(g.result, HTTP1_BODY_MORE);
    feed(&b, text + 3, 1, &g);
    assert_int_equal(g.result, HTTP1_BODY_ERROR);
}

static void counts_content_length(void **state)
{
    struct http1_request req = {.has_length = true, .length = 5};
    struct http1_body b;
    struct got g;

    (void)state;
    body_all_splits(&req, 5, "helloNEXT", 9, &g);
    assert_int_equal(g.result, HTTP1_BODY_END);
    assert_int_equal(g.used, 5);
    assert_memory_equal(g.data, "hello", 5);
    assert_int_equal(http1_body_init(&b, &req, 4), -413);
    req.length = 0;
    assert_int_equal(http1_body_init(&b, &req, 0), 0);
    assert_true(http1_body_done(&b));
    body_all_splits(&req, 0, "NEXT", 4, &g);
    assert_int_equal(g.result, HTTP1_BODY_END);
    assert_int_equal(g.used, 0);
}

/* ---- responses ------------------------------------------------------------------------------ */

static void writes_heads(void **state)
{
    char mem[512];
    struct buf out;

    (void)state;
    buf_init_fixed(&out, mem, sizeof mem);
    http1_status(&out, 404);
    http1_date(&out, 784111777); /* RFC 9110, 5.6.7 */
    http1_date(&out, 951782400); /* a leap day */
    http1_date(&out, 4102444799);
    http1_header_u64(&out, "Content-Length", 12);
    http1_header(&out, "X", STR("a\r\nInjected: b"));
    http1_head_end(&out);
    static const char want[] = "HTTP/1.1 404 Not Found\r\n"
                               "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                               "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n"
                               "Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n"
                               "Content-Length: 12\r\n"
                               "X: a  Injected: b\r\n"
                               "\r\n";
    assert_int_equal(buf_len(&out), sizeof want - 1);
    assert_memory_equal(buf_data(&out), want, sizeof want - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_nul),
        cmocka_unit_test(takes_a_browser_request),
        cmocka_unit_test(takes_the_forms_of_a_target),
        cmocka_unit_test(understands_close_and_expect),
        cmocka_unit_test(caps_the_request_line),
        cmocka_unit_test(caps_the_head),
        cmocka_unit_test(caps_the_number_of_fields),
        cmocka_unit_test(looks_into_lists),
        cmocka_unit_test(decodes_chunks),
        cmocka_unit_test(refuses_bad_chunks),
        cmocka_unit_test(caps_extensions_and_trailers),
        cmocka_unit_test(counts_content_length),
        cmocka_unit_test(writes_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
