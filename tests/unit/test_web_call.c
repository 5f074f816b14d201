/* Calls by HTTP at the web edge: who may, what is taken for a cookie, waiting, and answers that come late
 * or to nobody. */
#include "web_fixture.h"

#include "msg/effect.h"

#define HEAD                                                             \
    "POST /api/me HTTP/1.1\r\nHost: h\r\nContent-Type: application/json" \
    "\r\nOrigin: http://h\r\n"
#define BODY "Content-Length: 2\r\n\r\n{}"
#define CALL HEAD BODY
/* 32 bytes of 0, 1, 2… */
#define TOKEN "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static void answer(struct fx *fx, uint64_t call, const char *json)
{
    web_call_answer(fx->web, call, &(struct web_answer){.status = 200, .json = str_from(json)});
    fx_round(fx);
}

static void a_call_waits_for_its_answer(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, CALL);
    assert_string_equal(fx->heard, "me {};");
    assert_string_equal(fx_out(f), "");
    answer(fx, fx->call, "{\"user\":null}");
    const char *out = fx_out(f);
    assert_has(out, "HTTP/1.1 200 OK\r\n");
    assert_has(out, "Content-Type: application/json\r\n");
    assert_has(out, "Cache-Control: no-store\r\n");
    assert_has(out, "X-Content-Type-Options: nosniff\r\n");
    assert_has(out, "\r\n\r\n{\"user\":null}");
    assert_has_not(out, "Set-Cookie");
    assert_has_not(out, "Access-Control");
    answer(fx, fx->call, "{\"again\":1}"); /* it has one already */
    answer(fx, 77, "{}");
    answer(fx, 0, "{}");
    assert_string_equal(fx_out(f), "");
    fx->call_now = true;
    fx_send(fx, f, CALL);
    assert_has(fx_out(f), "{\"now\":true}");
    fx_free(fx);
}

static void what_comes_behind_it_waits(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, CALL "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" CALL);
    assert_string_equal(fx->heard, "me {};");
    assert_string_equal(fx_out(f), "");
    assert_true(f->s.paused);
    answer(fx, fx->call, "{\"first\":1}");
    const char *out = fx_out(f);
    const char *first = strstr(out, "{\"first\":1}"), *health = strstr(out, "\"status\"");
    assert_true(first && health && first < health);
    assert_string_equal(fx->heard, "me {};me {};");
    answer(fx, fx->call, "{\"second\":1}");
    assert_has(fx_out(f), "{\"second\":1}");
    fx_free(fx);
}

static void the_body_may_come_in_pieces(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    static const char *const forms[] = {
        CALL, HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct stream_fake *f = fx_connect(fx);
        fx->heard[0] = 0;
        for (const char *p = forms[i]; *p; p++)
            fx_send_n(fx, f, p, 1);
        assert_string_equal(fx->heard, "me {};");
        answer(fx, fx->call, "{}");
        assert_has(fx_out(f), "HTTP/1.1 200 OK\r\n");
    }
    fx_free(fx);
}

static void refused(struct fx *fx, const char *request, const char *status)
{
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, request);
    const char *out = fx_out(f);
    assert_has(out, status);
    assert_has(out, "Connection: close\r\n");
    assert_string_equal(fx->heard, "");
}

static void only_our_page_may_call(void **state)
{
    (void)state;
#define AS(fields) "POST /api/me HTTP/1.1\r\nHost: h\r\n" fields "Content-Length: 2\r\n\r\n{}"
#define JSON       "Content-Type: application/json\r\n"
#define OURS       "Origin: http://h\r\n"
    static const struct {
        const char *request, *status;
    } bad[] = {
        {AS(JSON), " 403 "},
        {AS(JSON "Origin: null\r\n"), " 403 "},
        {AS(JSON "Origin: http://evil.example\r\n"), " 403 "},
        {AS(JSON "Origin: http://h.evil.example\r\n"), " 403 "},
        {AS(JSON "Origin: http://h:81\r\n"), " 403 "},
        {AS(JSON OURS OURS), " 403 "},
        {AS(JSON OURS "Sec-Fetch-Site: cross-site\r\n"), " 403 "},
        {AS(JSON OURS "Sec-Fetch-Site: same-site\r\n"), " 403 "},
        {AS(JSON "Origin: https://friend.example\r\n"), " 403 "}, /* may join rooms, not sign in */
        {AS(OURS), " 415 "},
        {AS(OURS "Content-Type: text/plain\r\n"), " 415 "},
        {AS(OURS "Content-Type: application/x-www-form-urlencoded\r\n"), " 415 "},
        {AS(OURS "Content-Type: multipart/form-data; boundary=x\r\n"), " 415 "},
        {AS(OURS "Content-Type: text/plain; application/json\r\n"), " 415 "},
        {AS(OURS "Content-Type: application/json; charset=utf-7\r\n"), " 415 "},
        {AS(OURS JSON JSON), " 415 "},
    };
    struct str friend = STR("https://friend.example");
    struct fx *fx = fx_new_with(NULL);
    fx->conf.origins = &friend;
    fx->conf.n_origins = 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        refused(fx, bad[i].request, bad[i].status);
    fx_free(fx);
    fx = fx_new_with(NULL);
    fx_send(fx, fx_connect(fx),
            AS(OURS "Sec-Fetch-Site: same-origin\r\n"
                    "Content-Type: Application/JSON ; charset=UTF-8\r\n"));
    assert_string_equal(fx->heard, "me {};");
    fx_free(fx);
}

static void what_is_no_call_is_refused(void **state)
{
    (void)state;
#define TO(path)                                                          \
    "POST " path " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json" \
    "\r\nOrigin: http://h\r\n" BODY
    struct fx *fx = fx_new_with(NULL);
    refused(fx, TO("/api/"), " 404 ");
    refused(fx, TO("/api/me/"), " 404 ");
    refused(fx, TO("/api/../me"), " 404 ");
    refused(fx, TO("/api/ME"), " 404 ");
    refused(fx, TO("/api/%6de"), " 404 ");
    refused(fx, TO("/api/abcdefghijklmnopqrstuvwxyzabcdefg"), " 404 ");
    refused(fx, HEAD "\r\n", " 411 ");
    refused(fx, HEAD "Content-Length: 65537\r\n\r\n", " 413 ");
    refused(fx, HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", " 400 ");
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, "GET /api/me HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_has(fx_out(f), " 405 ");
    fx_free(fx);
}

static void slow_bodies_and_slow_answers_end(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, HEAD "Content-Length: 100\r\n\r\n{");
    fx_wait(fx, fx->conf.body_us + FX_SECOND);
    assert_has(fx_out(f), " 408 ");
    assert_string_equal(fx->heard, "");
    f = fx_connect(fx);
    fx_send(fx, f, CALL);
    fx_wait(fx, fx->conf.call_us - FX_SECOND);
    assert_string_equal(fx_out(f), "");
    fx_wait(fx, 2 * FX_SECOND);
    const char *out = fx_out(f);
    assert_has(out, " 503 ");
    assert_has(out, "\"code\":\"busy\"");
    answer(fx, fx->call, "{}"); /* too late */
    assert_string_equal(fx_out(f), "");
    fx_send(fx, f, CALL); /* and the next one is one of its own */
    answer(fx, fx->call, "{\"next\":1}");
    assert_has(fx_out(f), "{\"next\":1}");
    fx_free(fx);
}

static void the_client_may_go_before_the_answer(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, CALL);
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    assert_int_equal(web_connections(fx->web), 0);
    answer(fx, fx->call, "{}");
    /* who has said all may still listen */
    f = fx_connect(fx);
    fx_send(fx, f, CALL);
    stream_fake_feed_eof(f);
    fx_round(fx);
    answer(fx, fx->call, "{\"heard\":1}");
    const char *out = fx_out(f);
    assert_has(out, "{\"heard\":1}");
    fx_free(fx);
    /* and one whose call waits at the end of all */
    fx = fx_new_with(NULL);
    fx_send(fx, fx_connect(fx), CALL);
    fx_free(fx);
}

/* ---- the cookie ---- */

static bool takes(struct fx *fx, const char *fields, bool tls)
{
    char request[1000];
    struct stream_fake *f = fx_connect_as(fx, "192.0.2.7", tls);
    snprintf(request, sizeof request,
             "POST /api/me HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nOrigin: "
             "%s://h\r\n%s" BODY,
             tls ? "https" : "http", fields);
    fx->heard[0] = 0;
    fx_send(fx, f, request);
    assert_string_equal(fx->heard, "me {};");
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    return fx->visitor.has_cookie;
}

static void a_cookie_is_taken_strictly(void **state)
{
    (void)state;
    static const char *const good[] = {
        "Cookie: __Host-madang=" TOKEN "\r\n",
        "Cookie: a=b; __Host-madang=" TOKEN "; c=d\r\n",
        "Cookie: a=b;__Host-madang=" TOKEN "\r\n",
        "cookie: madang=x; __Host-madang=" TOKEN "\r\n",
        "Cookie: =; ; a; __Host-madang=" TOKEN ";\r\n",
    };
    static const char *const bad[] = {
        "",
        "Cookie: \r\n",
        "Cookie: __Host-madang\r\n",
        "Cookie: __Host-madang=\r\n",
        "Cookie: __Host-madang=\"" TOKEN "\"\r\n",
        "Cookie: __host-madang=" TOKEN "\r\n",
        "Cookie: madang=" TOKEN "\r\n",
        "Cookie: x__Host-madang=" TOKEN "\r\n",
        "Cookie: __Host-madang =" TOKEN "\r\n",
        "Cookie: __Host-madang= " TOKEN "\r\n",
        "Cookie: __Host-madang=" TOKEN "A\r\n",
        "Cookie: __Host-madang=" TOKEN "=\r\n",
        "Cookie: __Host-madang=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\r\n", /* loose bits */
        "Cookie: __Host-madang=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+\r\n",
        "Cookie: __Host-madang=" TOKEN "; __Host-madang=" TOKEN "\r\n",
        "Cookie: __Host-madang=" TOKEN "; __Host-madang=x\r\n",
        "Cookie: __Host-madang=" TOKEN "\r\nCookie: a=b\r\n",
        "Cookie: __Host-madang=" TOKEN ", a=b\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct fx *fx = fx_new_with(NULL);
        if (!takes(fx, good[i], true))
            fail_msg("not taken: %s", good[i]);
        for (unsigned k = 0; k < COOKIE_TOKEN; k++)
            assert_int_equal(fx->visitor.cookie[k], k);
        fx_free(fx);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct fx *fx = fx_new_with(NULL);
        if (takes(fx, bad[i], true))
            fail_msg("taken: %s", bad[i]);
        fx_free(fx);
    }
    struct fx *fx = fx_new_with(NULL);
    assert_true(takes(fx, "Cookie: madang=" TOKEN "\r\n", false));
    assert_false(takes(fx, "Cookie: __Host-madang=" TOKEN "\r\n", false));
    fx_free(fx);
}

static void an_answer_sets_and_ends_the_cookie(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct cookie_change set = {.op = COOKIE_SET, .max_age_s = 1000},
                         clear = {COOKIE_CLEAR, {0}, 0};
    struct web_answer a = {.status = 200, .json = STR("{}"), .cookie = &set};
    for (unsigned i = 0; i < sizeof set.token; i++)
        set.token[i] = (uint8_t)i;
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f, CALL);
    web_call_answer(fx->web, fx->call, &a);
    fx_round(fx);
    assert_has(fx_out(f), "\r\nSet-Cookie: madang=" TOKEN
                          "; Path=/; Max-Age=1000; HttpOnly; SameSite=Lax\r\n");
    f = fx_connect_as(fx, "192.0.2.7", true);
    fx_send(fx, f,
            "POST /api/me HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n"
            "Content-Type: application/json\r\n" BODY);
    web_call_answer(fx->web, fx->call, &a);
    fx_round(fx);
    assert_has(fx_out(f), "\r\nSet-Cookie: __Host-madang=" TOKEN
                          "; Path=/; Max-Age=1000; HttpOnly; SameSite=Lax; Secure\r\n");
    f = fx_connect(fx);
    fx_send(fx, f, CALL);
    a = (struct web_answer){.status = 429, .json = STR("{}"), .cookie = &clear, .retry_ms = 1001};
    web_call_answer(fx->web, fx->call, &a);
    fx_round(fx);
    const char *out = fx_out(f);
    assert_has(out, " 429 ");
    assert_has(out, "\r\nSet-Cookie: madang=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\r\n");
    assert_has(out, "\r\nRetry-After: 2\r\n");
    fx_free(fx);
}

/* The answer to `verb`, which does that to the cookie. */
static const char *answer_to_verb(struct fx *fx, const char *verb, enum cookie_op op)
{
    char request[300];
    struct cookie_change change = {.op = op, .max_age_s = 1000};
    struct stream_fake *f = fx_connect(fx);
    snprintf(request, sizeof request,
             "POST /api/%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
             "Origin: http://h\r\n" BODY,
             verb);
    fx_send(fx, f, request);
    web_call_answer(fx->web, fx->call,
                    &(struct web_answer){.status = 200, .json = STR("{}"), .cookie = &change});
    fx_round(fx);
    return fx_out(f);
}

static void signing_out_empties_the_cache(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    assert_has(answer_to_verb(fx, "sign_out", COOKIE_CLEAR), "\r\nClear-Site-Data: \"cache\"\r\n");
    assert_has_not(answer_to_verb(fx, "sign_out", COOKIE_KEEP), "Clear-Site-Data"); /* it failed */
    assert_has_not(answer_to_verb(fx, "me", COOKIE_CLEAR), "Clear-Site-Data");
    assert_has_not(answer_to_verb(fx, "sign_in", COOKIE_SET), "Clear-Site-Data");
    fx_free(fx);
}

static void pipes_know_their_visitor(void **state)
{
    (void)state;
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    fx_send(fx, f,
            "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Cookie: madang=" TOKEN "\r\nUser-Agent: Tester/1\r\n\r\n");
    fx_send_n(fx, f, "\x81\x82\0\0\0\0hi", 8);
    assert_string_equal(fx->heard, "hi;");
    assert_true(fx->pipe->visitor->has_cookie);
    assert_true(str_eq(visitor_agent(fx->pipe->visitor), STR("Tester/1")));
    fx_send_n(fx, f, "\x81\x86\0\0\0\0attach", 12);
    assert_null(fx->pipe->visitor); /* the session knows it by now */
    pipe_detach(fx->pipe);
    struct stream_fake *es = fx_connect(fx);
    fx_send(fx, es, "GET /api/stream/0123456789abcdefghijkl HTTP/1.1\r\nHost: h\r\n\r\n");
    fx_send(fx, fx_connect(fx),
            "POST /api/send/0123456789abcdefghijkl/a HTTP/1.1\r\nHost: h\r\n"
            "Content-Length: 2\r\nCookie: madang=" TOKEN "\r\n\r\nho");
    assert_has(fx->heard, "ho;");
    assert_true(fx->pipe->visitor->has_cookie);
    fx_send(fx, fx_connect(fx),
            "POST /api/send/0123456789abcdefghijkl/a HTTP/1.1\r\nHost: h\r\n"
            "Content-Length: 2\r\n\r\nhu");
    assert_has(fx->heard, "hu;");
    assert_false(fx->pipe->visitor->has_cookie); /* the one that it came with counts */
    fx_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_waits_for_its_answer),
        cmocka_unit_test(what_comes_behind_it_waits),
        cmocka_unit_test(the_body_may_come_in_pieces),
        cmocka_unit_test(only_our_page_may_call),
        cmocka_unit_test(what_is_no_call_is_refused),
        cmocka_unit_test(slow_bodies_and_slow_answers_end),
        cmocka_unit_test(the_client_may_go_before_the_answer),
        cmocka_unit_test(a_cookie_is_taken_strictly),
        cmocka_unit_test(an_answer_sets_and_ends_the_cookie),
        cmocka_unit_test(signing_out_empties_the_cache),
        cmocka_unit_test(pipes_know_their_visitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
