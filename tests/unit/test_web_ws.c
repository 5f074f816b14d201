/* WebSockets as pipes, over fake streams: opening, messages, outbox, pings, slow readers, closing. */
#include "unit/web_fixture.h"

#include "proto/ws.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE                                                                  \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Protocol: madang.v1\r\n" KEY

static const char *opening(struct fx *fx, struct stream_fake *f, const char *fields)
{
    static char req[2048];

    snprintf(req, sizeof req, "GET /api/ws HTTP/1.1\r\nHost: h:1\r\n%s\r\n", fields);
    fx_send(fx, f, req);
    return fx_out(f);
}

static struct stream_fake *open_ws(struct fx *fx)
{
    struct stream_fake *f = fx_connect(fx);

    assert_has(opening(fx, f, UPGRADE), "101 Switching Protocols");
    return f;
}

static void send_frame(struct fx *fx, struct stream_fake *f, unsigned first, const char *payload)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    size_t len = strlen(payload), n = 0;
    uint8_t out[300];

    assert_true(len < 126);
    out[n++] = (uint8_t)first;
    out[n++] = (uint8_t)(0x80 | len);
    memcpy(out + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        out[n++] = (uint8_t)payload[i] ^ mask[i & 3];
    fx_send_n(fx, f, out, n);
}

static void push(struct fx *fx, const char *text, size_t len)
{
    struct frame *f = frame_new(text, len);

    pipe_push(&fx->box, f);
    frame_unref(f);
}

static void opens(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);
    const char *out = opening(fx, f, UPGRADE "Origin: http://h:1\r\n");

    (void)state;
    assert_string_equal(out, "HTTP/1.1 101 Switching Protocols\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Protocol: madang.v1\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    assert_int_equal(count_get(&fx->counts, COUNT_CONNS_WS), 1);
    send_frame(fx, f, 0x81, "one");
    send_frame(fx, f, 0x01, "tw");
    send_frame(fx, f, 0x80, "o");
    assert_string_equal(fx->heard, "one;two;");
    assert_int_equal(fx->pipe->kind, PIPE_WS);
    assert_false(pipe_reorders(fx->pipe));
    assert_int_equal(pipe_peer(fx->pipe)->ip[3], 7);
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    assert_string_equal(fx->heard, "one;two;lost;");
    assert_int_equal(count_get(&fx->counts, COUNT_CONNS_WS), 0);
    fx_free(fx);
}

static void takes_frames_behind_the_opening(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);

    (void)state;
    fx_send(fx, f,
            "GET /api/ws HTTP/1.1\r\nHost: h:1\r\n" UPGRADE "\r\n\x81\x82\x20\x20\x20\x20HI");
    assert_string_equal(fx->heard, "hi;");
    fx_free(fx);
}

#define WITH(hello) UPGRADE "Sec-WebSocket-Protocol: madang.v1.hello, hello." hello "\r\n"
#define ATTACH      "YXR0YWNo"

static void takes_a_hello_with_the_request(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);

    (void)state;
    push(fx, "ack", 3);
    f->room = 0;
    opening(fx, f, WITH(ATTACH));
    assert_string_equal(fx->heard, "attach;");
    /* The answer to hello leaves with the answer to the request, however narrow the way is. */
    for (int i = 0; i < 400; i++) {
        stream_fake_room(f, 1);
        fx_round(fx);
    }
    f->room = SIZE_MAX;
    const char *out = fx_out(f);
    assert_has(out, "\r\nSec-WebSocket-Protocol: madang.v1.hello\r\n");
    assert_has(out, "\r\n\r\n\x81\x03"
                    "ack");
    assert_int_equal(strlen(strstr(out, "\r\n\r\n")), 4 + 5);
    send_frame(fx, f, 0x81, "two");
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    assert_string_equal(fx->heard, "attach;two;lost session;");
    fx_free(fx);
}

/* Whoever was let in without knowing it is not waited for. */
static void forgets_who_was_never_heard(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = fx_connect(fx);

    (void)state;
    opening(fx, f, WITH(ATTACH));
    stream_fake_break(f, STREAM_RESET);
    fx_round(fx);
    assert_string_equal(fx->heard, "attach;lost session for good;");
    fx_free(fx);
}

static void leaves_a_hello_that_it_cannot_read(void **state)
{
    static const char *const fields[] = {WITH("b25l="),
                                         WITH("b25"),
                                         WITH("b2 l"),
                                         WITH(""),
                                         WITH("_w" /* 0xff */),
                                         WITH("b25l, hello.b25l"),
                                         UPGRADE "Sec-WebSocket-Protocol: hello.b25l\r\n"};
    struct fx *fx = fx_new_with(NULL);
    char most[1367], text[1900];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_has(opening(fx, fx_connect(fx), fields[i]), "-Protocol: madang.v1\r\n");
    for (int over = 0; over < 2; over++) { /* 1,024 bytes, and one more */
        for (int i = 0; i < 1364; i++)     /* 1,023 bytes */
            most[i] = "YWFh"[i % 4];
        memcpy(most + 1364, over ? "YWE" : "YQ", 3);
        snprintf(text, sizeof text, WITH("%.*s"), over ? 1367 : 1366, most);
        assert_has(opening(fx, fx_connect(fx), text),
                   over ? "-Protocol: madang.v1\r\n" : "-Protocol: madang.v1.hello\r\n");
    }
    assert_int_equal(strlen(fx->heard), 41); /* of that one */
    fx_free(fx);
}

static struct str allowed[] = {STR_INIT("https://app.example.kr")};

static void with_origins(struct web_conf *conf)
{
    conf->origins = allowed;
    conf->n_origins = 1;
}

static void checks_the_origin(void **state)
{
    struct fx *fx = fx_new_with(with_origins);

    (void)state;
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: http://evil\r\n"), "403 Forbidden");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: http://h:12\r\n"), "403 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: http://h\r\n"), "403 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: null\r\n"), "403 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: http://h:1\r\nOrigin: http://h:1\r\n"),
               "403 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: https://app.example.kr\r\n"), "101 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: https://app.example.kr.evil\r\n"),
               "403 ");
    assert_has(opening(fx, fx_connect(fx), UPGRADE "Origin: https://h:1\r\n"), "101 ");
    struct stream_fake *tls = fx_connect_as(fx, "192.0.2.1", true);
    assert_has(opening(fx, tls, UPGRADE "Origin: http://h:1\r\n"), "403 "); /* a page without TLS */
    assert_int_equal(count_get(&fx->counts, COUNT_DROP_WS_ORIGIN), 7);
    fx_free(fx);
}

static void refuses_other_handshakes(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    const char *out;

    (void)state;
    out = opening(fx, fx_connect(fx),
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Protocol: madang.v1\r\n" KEY);
    assert_has(out, "HTTP/1.1 426 Upgrade Required\r\n");
    assert_has(out, "Sec-WebSocket-Version: 13\r\n");
    assert_has(opening(fx, fx_connect(fx), ""), "400 ");
    web_drain(fx->web, fx->now);
    assert_has(opening(fx, fx_connect(fx), UPGRADE), "503 ");
    fx_free(fx);
}

static void sends_a_round_at_once(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);
    struct frame *raw = frame_new("raw", 3);
    char big[200];

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    memset(big, 'b', sizeof big);
    push(fx, "one", 3);
    push(fx, big, 200);
    pipe_send(fx->pipe, raw);
    frame_unref(raw);
    assert_int_equal(f->out_len, 0); /* not before the round ends */
    fx_round(fx);
    assert_int_equal(f->out_len, 5 + 5 + 204);
    assert_memory_equal(f->out,
                        "\x81\x03raw\x81\x03one\x81\x7e\x00\xc8"
                        "bbb",
                        17);
    assert_int_equal(fx->box.sent, 2);
    fx_free(fx);
}

/* A byte at a time: nothing is lost, nothing twice. */
static void survives_a_narrow_way(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);
    static char big[100000];
    size_t want = 0, at = 0;
    uint8_t head[WS_HEAD_MAX];

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    memset(big, 'b', sizeof big);
    f->room = 0;
    static const size_t sizes[] = {1, 100, 20000, 20000, 40000, 5, 100000, 3, 32700, 70};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        push(fx, big, sizes[i]);
        want += ws_head_len(sizes[i]) + sizes[i];
    }
    for (size_t n = 1; f->out_len < want; n = n % 977 + 1) {
        size_t before = f->out_len;

        stream_fake_room(f, n);
        fx_round(fx);
        assert_true(f->out_len > before);
    }
    fx_round(fx);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = ws_head_write(head, WS_OP_TEXT, sizes[i]);

        assert_memory_equal(f->out + at, head, n);
        assert_memory_equal(f->out + at + n, big, sizes[i]);
        at += n + sizes[i];
    }
    fx_free(fx);
}

static void pings_and_learns_from_pongs(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    push(fx, "a", 1);
    push(fx, "b", 1);
    fx_wait(fx, 100000);
    fx_out(f);
    fx_wait(fx, 1 * FX_SECOND);
    push(fx, "c", 1);
    fx_wait(fx, 1 * FX_SECOND); /* two seconds, but they were not quiet */
    assert_string_equal(fx_out(f), "\x81\x01"
                                   "c");
    fx_wait(fx, 2 * FX_SECOND); /* something is unacknowledged: sooner than ping_us */
    assert_string_equal(fx_out(f), "\x89\x01"
                                   "3");
    send_frame(fx, f, 0x8a, "4"); /* never sent */
    assert_int_equal(fx->box.count, 3);
    send_frame(fx, f, 0x8a, "3");
    assert_int_equal(fx->box.count, 0);
    assert_null(fx->box.ring);
    fx_wait(fx, 15 * FX_SECOND);
    assert_string_equal(fx_out(f), "");
    fx_wait(fx, 10 * FX_SECOND);
    assert_string_equal(fx_out(f), "\x89\x01"
                                   "3");
    send_frame(fx, f, 0x8a, "junk");
    assert_false(f->s.closing);
    send_frame(fx, f, 0x89, "you?");
    assert_string_equal(fx_out(f), "\x8a\x04you?");
    fx_free(fx);
}

static void notices_the_dead(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    fx_wait(fx, 29 * FX_SECOND);
    assert_false(f->s.closing);
    fx_wait(fx, 2 * FX_SECOND);
    assert_true(f->s.closing);
    assert_string_equal(fx->heard, "attach;lost session;");
    assert_null(fx->box.pipe);
    fx_free(fx);
}

/* A ping that asks about the replay comes early, but death does not. */
static void gives_the_silent_their_time(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    push(fx, "x", 1);
    fx_wait(fx, 3 * FX_SECOND);
    assert_has(fx_out(f), "\x89\x01"
                          "1");
    fx_wait(fx, 26 * FX_SECOND);
    assert_false(f->s.closing);
    fx_wait(fx, 2 * FX_SECOND);
    assert_true(f->s.closing);
    fx_free(fx);
}

static void wants_hello(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx), *g = open_ws(fx);

    (void)state;
    send_frame(fx, g, 0x81, "attach");
    fx_wait(fx, 9 * FX_SECOND);
    send_frame(fx, f, 0x81, "chatter");
    fx_wait(fx, 2 * FX_SECOND);
    assert_string_equal(fx_out(f), "\x88\x02\x0f\xa0");
    assert_true(f->s.closing);
    assert_false(g->s.closing);
    fx_free(fx);
}

static void pings_when_much_is_unacknowledged(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    for (int i = 0; i < 128; i++)
        push(fx, "x", 1);
    fx_round(fx);
    assert_int_equal(f->out_len, 128 * 3 + 2 + 3);
    assert_memory_equal(f->out + 128 * 3,
                        "\x89\x03"
                        "128",
                        5);
    for (int i = 0; i < 128; i++)
        push(fx, "x", 1);
    fx_round(fx); /* one ping at a time */
    assert_int_equal(f->out_len, 256 * 3 + 2 + 3);
    fx_free(fx);
}

static void drops_slow_readers(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);
    static char big[60000];
    int pushed = 0;

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    memset(big, 'b', sizeof big);
    f->room = 100;
    while (fx->box.pipe != NULL && pushed < 100) {
        push(fx, big, sizeof big);
        pushed++;
        fx_wait(fx, 1000);
    }
    assert_in_range(pushed, 18, 21); /* 1 MB */
    assert_string_equal(fx->heard, "attach;lost session;");
    assert_int_equal(count_get(&fx->counts, COUNT_DROP_OUTBOX_FULL), 1);
    /* nothing of it is lost for a resume */
    assert_int_equal(outbox_last_seq(&fx->box), pushed);
    assert_int_equal(outbox_rewind(&fx->box, 0), OUTBOX_OK);
    /* it reads on after all: the close code is the end */
    stream_fake_room(f, 1000000);
    fx_round(fx);
    assert_memory_equal(f->out + f->out_len - 4, "\x88\x02\x0f\xa8", 4);
    assert_true(f->s.closing);
    fx_free(fx);
}

enum { LONG = 6 << 20 };

static void long_frames(struct web_conf *conf)
{
    conf->frame_max = LONG;
}

/* The kernel takes a little of it: the rest is kept, whole, or the connection ends. */
static void a_long_message_comes_whole_or_not_at_all(void **state)
{
    static const struct outbox_limits wide = {.unsent_bytes = 2 * LONG,
                                              .unsent_count = 100,
                                              .replay_bytes = 2 * LONG,
                                              .replay_count = 100,
                                              .kept_bytes = 2 * LONG,
                                              .kept_count = 100};
    char *big = malloc(LONG);

    (void)state;
    memset(big, 'b', LONG);
    for (int fits = 0; fits < 2; fits++) {
        struct fx *fx = fx_new_with(fits ? long_frames : NULL);
        struct stream_fake *f = open_ws(fx);

        fx->box.limits = &wide;
        send_frame(fx, f, 0x81, "attach");
        f->room = 1000;
        push(fx, big, LONG);
        push(fx, "next", 4);
        fx_round(fx);
        assert_int_equal(f->s.closing, !fits);
        assert_int_equal(f->out_len, 1000);
        if (fits) {
            stream_fake_room(f, SIZE_MAX);
            fx_round(fx);
            size_t end = 10 + LONG + 6; /* a ping may follow */
            assert_true(f->out_len >= end);
            assert_memory_equal(f->out + 10 + LONG - 1, "b\x81\x04next", 7);
        } else {
            assert_string_equal(fx->heard, "attach;lost session;");
            assert_int_equal(outbox_rewind(&fx->box, 0), OUTBOX_OK);
        }
        fx_free(fx);
    }
    free(big);
}

/* Pings without end and nothing read: the pongs have a cap too. */
static void drops_who_asks_and_never_reads(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);
    char text[101];

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    memset(text, 'p', 100);
    text[100] = '\0';
    f->room = 0;
    for (int i = 0; i < 3000 && !fx->pipe->closed; i++) {
        send_frame(fx, f, 0x89, text);
        if (i % 100 == 0)
            fx_wait(fx, 1);
    }
    fx_wait(fx, 1);
    assert_string_equal(fx->heard, "attach;lost session;");
    fx_wait(fx, 3 * FX_SECOND);
    assert_true(f->s.closing);
    fx_free(fx);
}

static void closes_as_told(void **state)
{
    struct fx *fx = fx_new_with(NULL);
    struct stream_fake *f = open_ws(fx);

    (void)state;
    send_frame(fx, f, 0x81, "attach");
    push(fx, "last", 4);
    pipe_close(fx->pipe, PIPE_CLOSE_GOING_AWAY);
    assert_null(fx->box.pipe);
    pipe_close(fx->pipe, PIPE_CLOSE_BYE); /* harmless */
    fx_round(fx);
    assert_memory_equal(f->out, "\x81\x04last\x88\x02\x03\xe9", f->out_len);
    assert_true(f->s.closing);
    assert_string_equal(fx->heard, "attach;"); /* not lost */
    /* replaced: what is unsent belongs to the new pipe */
    f = open_ws(fx);
    send_frame(fx, f, 0x81, "attach");
    push(fx, "mine", 4);
    pipe_close(fx->pipe, PIPE_CLOSE_REPLACED);
    fx_round(fx);
    assert_int_equal(f->out_len, 4);
    assert_memory_equal(f->out, "\x88\x02\x0f\xa9", 4);
    assert_true(outbox_has_unsent(&fx->box));
    /* from inside of message(): what follows in the same read is not heard */
    f = open_ws(fx);
    fx->close_on_message = PIPE_CLOSE_BYE;
    fx->heard[0] = '\0';
    fx_send(fx, f, "\x81\x82\x20\x20\x20\x20HI\x81\x82\x20\x20\x20\x20HO");
    assert_string_equal(fx->heard, "hi;");
    fx_free(fx);
}

static void answers_broken_frames(void **state)
{
    static const struct {
        const char *sent;
        size_t n;
        const char *code;
    } bad[] = {
        {"\x81\x02hi", 4, "\x03\xea"},                          /* 1002 */
        {"\x82\x82\0\0\0\0hi", 8, "\x03\xeb"},                  /* 1003 */
        {"\x81\x81\0\0\0\0\xff", 7, "\x03\xef"},                /* 1007 */
        {"\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0", 14, "\x03\xf1"}, /* 1009 */
        {"\x88\x82\0\0\0\0\x03\xe8", 8, "\x03\xe8"},            /* the client closes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fx *fx = fx_new_with(NULL);
        struct stream_fake *f = open_ws(fx);

        send_frame(fx, f, 0x81, "attach");
        fx_send_n(fx, f, bad[i].sent, bad[i].n);
        assert_int_equal(f->out_len, 4);
        assert_memory_equal(f->out, "\x88\x02", 2);
        assert_memory_equal(f->out + 2, bad[i].code, 2);
        assert_string_equal(fx->heard, "attach;lost session;");
        assert_true(f->s.closing);
        fx_free(fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens),
        cmocka_unit_test(takes_frames_behind_the_opening),
        cmocka_unit_test(takes_a_hello_with_the_request),
        cmocka_unit_test(forgets_who_was_never_heard),
        cmocka_unit_test(leaves_a_hello_that_it_cannot_read),
        cmocka_unit_test(checks_the_origin),
        cmocka_unit_test(refuses_other_handshakes),
        cmocka_unit_test(sends_a_round_at_once),
        cmocka_unit_test(survives_a_narrow_way),
        cmocka_unit_test(pings_and_learns_from_pongs),
        cmocka_unit_test(notices_the_dead),
        cmocka_unit_test(gives_the_silent_their_time),
        cmocka_unit_test(wants_hello),
        cmocka_unit_test(pings_when_much_is_unacknowledged),
        cmocka_unit_test(drops_slow_readers),
        cmocka_unit_test(a_long_message_comes_whole_or_not_at_all),
        cmocka_unit_test(drops_who_asks_and_never_reads),
        cmocka_unit_test(closes_as_told),
        cmocka_unit_test(answers_broken_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
