/* Event streams, long-polls and POSTs as pipes: docs/protocol.md, section 7. */
#include "unit/web_fixture.h"

#define KEY1 "AAAAAAAAAAAAAAAAAAAA-_"
#define KEY2 "BBBBBBBBBBBBBBBBBBBB-_"

static struct stream_fake *get_stream(struct fx *fx, const char *key, const char *query)
{
    struct stream_fake *f = fx_connect(fx);
    char req[300];

    snprintf(req, sizeof req, "GET /api/stream/%s%s HTTP/1.1\r\nHost: h:1\r\n\r\n", key, query);
    fx_send(fx, f, req);
    return f;
}

static const char *post_to(struct fx *fx, struct stream_fake *f, const char *target,
                           const char *fields, const char *body)
{
    char req[2000];

    snprintf(req, sizeof req,
             "POST /api/send/%s HTTP/1.1\r\nHost: h:1\r\nContent-Length: %zu\r\n%s\r\n%s", target,
             strlen(body), fields, body);
    fx_send(fx, f, req);
    return fx_out(f);
}

static void push(struct fx *fx, const char *text)
{
    struct frame *f = frame_new(text, strlen(text));

    pipe_push(&fx->box, f);
    frame_unref(f);
    fx_round(fx);
}

static void streams(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, ""), *p = fx_connect(fx);
    struct frame *raw = frame_new("{\"type\":\"pong\"}", 15);
    const char *out = fx_out(s);

    (void)state;
    assert_has(out, "HTTP/1.1 200 OK\r\n");
    assert_has(out, "Content-Type: text/event-stream\r\n");
    assert_has(out, "Transfer-Encoding: chunked\r\n");
    assert_has(out, "\r\n\r\n3\r\n:\n\n\r\n");
    assert_int_equal(count_get(&fx->counts, COUNT_CONNS_SSE), 1);

    out = post_to(fx, p, KEY1 "/t1", "Origin: http://h:1\r\n", "attach me");
    assert_has(out, "HTTP/1.1 202 Accepted\r\n");
    assert_string_equal(fx->heard, "attach me;");
    assert_int_equal(fx->pipe->kind, PIPE_STREAM);
    assert_true(pipe_reorders(fx->pipe));

    push(fx, "{\"a\":1}\nv=0\r\nlast");
    assert_string_equal(fx_out(s),
                        "35\r\nevent: t1\nid: 1\ndata: {\"a\":1}\ndata: v=0\r\ndata: last\n\n\r\n");
    pipe_send(fx->pipe, raw);
    frame_unref(raw);
    fx_round(fx);
    assert_has(fx_out(s), "\r\nevent: t1\ndata: {\"type\":\"pong\"}\n\n\r\n");
    fx_wait(fx, 15 * FX_SECOND);
    assert_string_equal(fx_out(s), "3\r\n:\n\n\r\n");

    stream_fake_break(s, STREAM_RESET);
    fx_round(fx);
    assert_string_equal(fx->heard, "attach me;lost session;");
    assert_null(fx->box.pipe);
    assert_int_equal(count_get(&fx->counts, COUNT_CONNS_SSE), 0);
    assert_has(post_to(fx, p, KEY1 "/t1", "", "x"),
               "{\"type\":\"error\",\"code\":\"stream_unknown\"");
    fx_free(fx);
}

/* What does not fit ends the stream: what was taken from the outbox for it is there for a resume. */
static void a_message_that_is_too_long_breaks_the_stream(void **state)
{
    static const struct outbox_limits wide = {.unsent_bytes = 16 << 20,
                                              .unsent_count = 100,
                                              .replay_bytes = 16 << 20,
                                              .replay_count = 100,
                                              .kept_bytes = 16 << 20,
                                              .kept_count = 100};
    char *big = malloc((5 << 20) + 1);

    (void)state;
    memset(big, 'b', 5 << 20);
    big[5 << 20] = '\0';
    for (int poll = 0; poll < 2; poll++) {
        struct fx *fx = fx_new_with(NULL);
        struct stream_fake *s = get_stream(fx, KEY1, poll ? "?poll=1" : ""), *p = fx_connect(fx);

        fx_out(s);
        fx->box.limits = &wide;
        assert_has(post_to(fx, p, KEY1 "/t1", "", "attach me"), "202 Accepted");
        push(fx, big);
        assert_true(s->s.closing);
        assert_int_equal(s->out_len, 0);
        assert_string_equal(fx->heard, "attach me;lost session;");
        assert_int_equal(outbox_rewind(&fx->box, 0), OUTBOX_OK);
        fx_free(fx);
    }
    free(big);
}

static void shares_a_stream_between_tabs(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, ""), *p = fx_connect(fx);
    struct pipe *one, *two;
    struct frame *f = frame_new("m", 1);

    (void)state;
    fx_out(s);
    post_to(fx, p, KEY1 "/one", "", "first");
    one = fx->pipe;
    post_to(fx, p, KEY1 "/two", "", "second");
    two = fx->pipe;
    assert_true(one != two);
    post_to(fx, p, KEY1 "/one", "", "third");
    assert_ptr_equal(fx->pipe, one);
    pipe_send(two, f);
    fx_round(fx);
    assert_string_equal(fx_out(s), "14\r\nevent: two\ndata: m\n\n\r\n");
    pipe_close(one, PIPE_CLOSE_REPLACED);
    fx_round(fx);
    assert_has(fx_out(s), "event: one\ndata: {\"type\":\"closed\",\"code\":4009}\n\n");
    pipe_send(two, f);
    frame_unref(f);
    fx_round(fx);
    assert_has(fx_out(s), "event: two\ndata: m\n");
    /* many tabs: those without a session make room */
    for (int i = 0; i < 40; i++) {
        char target[64];

        snprintf(target, sizeof target, KEY1 "/n%d", i);
        assert_has(post_to(fx, p, target, "", "x"), "202");
    }
    fx->heard[0] = '\0';
    stream_fake_break(s, STREAM_EOF);
    fx_round(fx);
    assert_string_equal(
        fx->heard,
        "lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;lost;");
    fx_free(fx);
}

static void ends_the_former_stream(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, ""), *p = fx_connect(fx), *again;

    (void)state;
    post_to(fx, p, KEY1 "/t", "", "attach");
    fx_out(s);
    again = get_stream(fx, KEY1, "");
    assert_string_equal(fx_out(s), "0\r\n\r\n");
    assert_true(s->s.closing);
    assert_string_equal(fx->heard, "attach;lost session;");
    assert_has(post_to(fx, p, KEY1 "/t", "", "resume"), "202");
    assert_false(again->s.closing);
    fx_free(fx);
}

static void polls(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, "?poll=1"), *p = fx_connect(fx);
    const char *out;

    (void)state;
    assert_string_equal(fx_out(s), "");
    post_to(fx, p, KEY1 "/t", "", "attach");
    assert_int_equal(fx->pipe->kind, PIPE_POLL);
    push(fx, "hello");
    out = fx_out(s);
    assert_has(out, "HTTP/1.1 200 OK\r\n");
    assert_has(out, "Content-Type: text/event-stream\r\n");
    assert_has(out, "Content-Length: 28\r\n");
    assert_has(out, "\r\n\r\nevent: t\nid: 1\ndata: hello\n\n");
    /* between two polls messages wait */
    push(fx, "more");
    fx_wait(fx, 5 * FX_SECOND);
    assert_string_equal(fx->heard, "attach;");
    fx_send(fx, s, "GET /api/stream/" KEY1 "?poll=1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    assert_has(fx_out(s), "event: t\nid: 2\ndata: more\n\n");
    fx_send(fx, s, "GET /api/stream/" KEY1 "?poll=1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    fx_wait(fx, 24 * FX_SECOND);
    assert_string_equal(fx_out(s), "");
    fx_wait(fx, 2 * FX_SECOND);
    assert_has(fx_out(s), "\r\n\r\n:\n\n");
    assert_string_equal(fx->heard, "attach;");
    assert_int_equal(web_deadline(fx->web) > fx->now, 1);
    fx_wait(fx, 11 * FX_SECOND); /* and no further poll */
    assert_string_equal(fx->heard, "attach;lost session;");
    assert_int_equal(web_deadline(fx->web), INT64_MAX);
    fx_free(fx);
}

static void a_newer_poll_ends_the_former_one(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, "?poll=1"), *p = fx_connect(fx), *t;

    (void)state;
    post_to(fx, p, KEY1 "/t", "", "attach");
    t = get_stream(fx, KEY1, "?poll=1");
    assert_has(fx_out(s), "\r\n\r\n:\n\n");
    assert_false(s->s.closing);
    push(fx, "x");
    assert_string_equal(fx_out(s), "");
    assert_has(fx_out(t), "data: x\n");
    assert_string_equal(fx->heard, "attach;");
    /* one that breaks while it waits breaks the pipe */
    fx_send(fx, t, "GET /api/stream/" KEY1 "?poll=1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    stream_fake_break(t, STREAM_RESET);
    fx_round(fx);
    assert_string_equal(fx->heard, "attach;lost session;");
    /* and so does an event stream in the place of a poll */
    get_stream(fx, KEY1, "?poll=1");
    post_to(fx, p, KEY1 "/t", "", "attach");
    get_stream(fx, KEY1, "");
    assert_string_equal(fx->heard, "attach;lost session;attach;lost session;");
    fx_free(fx);
}

static void takes_posts_in_pieces_and_chunks(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *p = fx_connect(fx);
    static const char chunked[] =
        "POST /api/send/" KEY1 "/t HTTP/1.1\r\nHost: h:1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    static const char whole[] = "POST /api/send/" KEY1 "/t HTTP/1.1\r\nHost: h:1\r\n"
                                "Content-Length: 7\r\n\r\nabcdefg";

    (void)state;
    get_stream(fx, KEY1, "");
    fx_send(fx, p, chunked);
    fx_send(fx, p, whole);
    for (const char *q = chunked; *q; q++)
        fx_send_n(fx, p, q, 1);
    for (const char *q = whole; *q; q++)
        fx_send_n(fx, p, q, 1);
    assert_string_equal(fx->heard, "abcdefg;abcdefg;abcdefg;abcdefg;");
    fx_out(p);
    /* two at once are answered in order */
    fx_send(fx, p,
            "POST /api/send/" KEY1 "/t HTTP/1.1\r\nHost: h:1\r\nContent-Length: 1\r\n\r\n1"
            "POST /api/send/" KEY2 "/t HTTP/1.1\r\nHost: h:1\r\nContent-Length: 1\r\n\r\n2");
    const char *out = fx_out(p);
    assert_true(strstr(out, "202 ") < strstr(out, "404 "));
    assert_has(out, "404 ");
    fx_send(fx, p,
            "POST /api/send/" KEY1
            "/t HTTP/1.1\r\nHost: h:1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_string_equal(fx_out(p), "HTTP/1.1 100 Continue\r\n\r\n");
    fx_send(fx, p, "hello");
    assert_has(fx_out(p), "202 ");
    fx_free(fx);
}

static void refuses_bad_posts(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *p = fx_connect(fx);

    (void)state;
    get_stream(fx, KEY1, "");
    assert_has(post_to(fx, fx_connect(fx), KEY1, "", "x"), "404 ");
    assert_has(post_to(fx, fx_connect(fx), KEY1 "/", "", "x"), "404 ");
    assert_has(post_to(fx, fx_connect(fx), KEY1 "/a/b", "", "x"), "404 ");
    assert_has(post_to(fx, fx_connect(fx), KEY1 "/aaaaaaaaaaaaaaaaa", "", "x"), "404 ");
    assert_has(post_to(fx, fx_connect(fx), "short/t", "", "x"), "404 ");
    assert_has(post_to(fx, fx_connect(fx), KEY1 "/t", "Origin: http://evil\r\n", "x"), "403 ");
    fx_send(fx, p,
            "POST /api/send/" KEY1 "/t HTTP/1.1\r\nHost: h:1\r\nContent-Length: 70001\r\n\r\n");
    assert_has(fx_out(p), "413 ");
    p = fx_connect(fx);
    fx_send(fx, p, "POST /api/send/" KEY1 "/t HTTP/1.1\r\nHost: h:1\r\n\r\n");
    assert_has(fx_out(p), "411 ");
    p = fx_connect(fx);
    fx_send(fx, p,
            "POST /api/send/" KEY1
            "/t HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: chunked\r\n\r\n11171\r\n");
    assert_has(fx_out(p), "413 ");
    assert_true(p->s.closing);
    assert_string_equal(fx->heard, "");
    fx->answer = 400;
    p = fx_connect(fx);
    assert_has(post_to(fx, p, KEY1 "/t", "", "junk"), "HTTP/1.1 400 ");
    assert_false(p->s.closing);
    assert_has(fx_out(get_stream(fx, "short", "")), "404 ");
    assert_has(fx_out(get_stream(fx, KEY2 "x", "")), "404 ");
    fx_free(fx);
}

static void drops_slow_streams(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, ""), *p = fx_connect(fx);
    static char big[60001];
    int n = 0;

    (void)state;
    post_to(fx, p, KEY1 "/t", "", "attach");
    memset(big, 'b', sizeof big - 1);
    s->room = 10;
    while (fx->box.pipe != NULL && n++ < 100) {
        push(fx, big);
        fx_wait(fx, 1);
    }
    assert_in_range(n, 18, 22);
    assert_string_equal(fx->heard, "attach;lost session;");
    assert_true(s->s.closing);
    /* between two polls as well */
    struct stream_fake *q = get_stream(fx, KEY2, "?poll=1");
    outbox_free(&fx->box);
    outbox_init(&fx->box, NULL);
    post_to(fx, p, KEY2 "/t", "", "attach");
    push(fx, "x");
    fx_out(q);
    for (n = 0; fx->box.pipe != NULL && n < 100; n++) {
        push(fx, big);
        fx_wait(fx, 1);
    }
    assert_in_range(n, 17, 21);
    assert_string_equal(fx->heard, "attach;lost session;attach;lost session;");
    fx_free(fx);
}

static void drains(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *s = get_stream(fx, KEY1, ""), *p = fx_connect(fx);

    (void)state;
    post_to(fx, p, KEY1 "/t", "", "attach");
    fx_out(s);
    struct frame *last = frame_new("last", 4);
    pipe_push(&fx->box, last);
    frame_unref(last);
    pipe_close(fx->pipe, PIPE_CLOSE_GOING_AWAY);
    fx_round(fx);
    assert_has(fx_out(s), "data: last\n\nevent: t\ndata: {\"type\":\"closed\",\"code\":1001}\n\n");
    web_drain(fx->web, fx->now);
    assert_has(fx_out(get_stream(fx, KEY2, "")), "503 ");
    fx_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(a_message_that_is_too_long_breaks_the_stream),
        cmocka_unit_test(shares_a_stream_between_tabs),
        cmocka_unit_test(ends_the_former_stream),
        cmocka_unit_test(polls),
        cmocka_unit_test(a_newer_poll_ends_the_former_one),
        cmocka_unit_test(takes_posts_in_pieces_and_chunks),
        cmocka_unit_test(refuses_bad_posts),
        cmocka_unit_test(drops_slow_streams),
        cmocka_unit_test(drains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
