/* Memory runs out at every place where what a stranger sends makes us ask for some: each parser, and
 * the whole control side through an evening, with the first, second, ... allocation failing until there
 * is none left to fail. A message may be refused and a connection dropped; nothing else may happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/config.h"
#include "app/tape.h"
#include "base/mem.h"
#include "edge/web/wire_in.h"
#include "io/stream_fake.h"
#include "proto/http1.h"
#include "proto/stun.h"
#include "proto/stun_server.h"
#include "proto/ws.h"

enum { DEPTH_MAX = 100000 };

/* ---- JSON ---- */

static const char *const messages[] = {
    "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Mina\",\"client\":\"madang-web/"
    "0.1\",\"join\":{"
    "\"room\":\"0000000000001\",\"password\":\"let me in\",\"media\":false}}",
    "{\"type\":\"chat\",\"id\":77,\"room\":\"0000000000001\",\"text\":\"A text that is longer than "
    "the "
    "first buffer, and then longer than the second, with \\u00e9 and \\ud83d\\ude00 in it\"}",
    "{\"type\":\"file\",\"id\":123456789,\"room\":\"0000000000001\",\"to\":\"0000000000002\","
    "\"conn\":"
    "\"f-7\",\"kind\":\"offer\",\"name\":\"a.pdf\",\"size\":9007199254740991,\"mime\":\"text/"
    "plain\"}",
    "{\"type\":\"desc\",\"id\":9,\"room\":\"0000000000001\",\"to\":\"0000000000002\",\"conn\":"
    "\"m1\","
    "\"kind\":\"offer\",\"extra\":[1,2.5,null,true,{\"deep\":[[\"x\"]]}]}\nv=0\na=ice-ufrag:abcd\n",
    "{\"type\":\"ping\",\"seq\":57}",
    "{\"type\":\"people_watch\",\"id\":4,\"users\":[\"0000000000001\",\"0000000000002\"]}",
    "{\"type\":\"room_set\",\"id\":3,\"room\":\"0000000000001\",\"a\":1,\"b\":2,\"c\":3,\"d\":4,"
    "\"e\":5,"
    "\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"title\":\"many keys\",\"locked\":true}",
};

static void json_is_refused_or_right(void **state)
{
    (void)state;
    wire_in_init();
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct str message = str_from(messages[i]);
        struct wire_in whole, in;
        assert_true(wire_in_parse(&whole, message, 0));
        uint64_t n = 1;
        for (bool failed = true; failed; n++) {
            mem_fail_at(n);
            bool good = wire_in_parse(&in, message, 0);
            failed = mem_try_count() >= n;
            mem_fail_at(0);
            assert_in_range(n, 1, DEPTH_MAX);
            assert_true(good || failed);
            assert_int_equal(in.error.code, good ? CODE_NONE : CODE_BUSY);
            assert_true(!good || (in.cmd.type == whole.cmd.type && in.cmd.id == whole.cmd.id));
            wire_in_free(&in);
        }
        assert_in_range(n, 5, DEPTH_MAX);
        wire_in_free(&whole);
    }
}

/* ---- those that ask for nothing ---- */

static void heads_and_packets_need_no_memory(void **state)
{
    (void)state;
    static const char head[] =
        "GET /api/stream/x?poll=1 HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n\r\n";
    static const uint8_t binding[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
    struct http1_scan scan = {0};
    struct http1_request req;
    struct stun_msg msg;
    mem_fail_at(1);
    assert_int_equal(http1_head(&scan, &http1_limits_default, head, sizeof head - 1, &req),
                     sizeof head - 1);
    assert_int_equal(stun_parse(&msg, binding, sizeof binding), STUN_OK);
    assert_int_equal(mem_try_count(), 0);
    mem_fail_at(0);
}

/* ---- configuration ---- */

static enum config_outcome configured(uint64_t n, uint64_t *tries)
{
    static const char file[] = "[server]\nport = 9443\nlisten = 127.0.0.1\nlisten = ::1\n"
                               "[web]\nallow-origin = https://example.kr\nnonsense = 1\n";
    char *argv[] = {(char *)"madang", (char *)"--udp-port", (char *)"99999", NULL};
    char *env[] = {(char *)"MADANG_LOG_LEVEL=whatever", NULL};
    struct config c;
    struct buf text;
    buf_init(&text, 1 << 17);
    mem_fail_at(n);
    enum config_outcome outcome = config_load_text(&c, "f", str_from(file), 3, argv, env, &text);
    *tries = mem_try_count();
    mem_fail_at(0);
    buf_free(&text);
    config_free(&c);
    return outcome;
}

static void a_wrong_configuration_stays_wrong(void **state)
{
    (void)state;
    uint64_t tries = 1;
    for (uint64_t n = 1; tries >= n; n++) {
        assert_int_equal(configured(n, &tries), CONFIG_WRONG);
        assert_in_range(n, 1, DEPTH_MAX);
    }
}

/* ---- the whole control side ---- */

struct evening {
    struct exchange_conf conf;
    struct counts counts;
    struct tape *tape;
    struct stream_fake *f[6];
    int n;
    int64_t now;
    char room[14], token[23];
};

static bool no_password(void *ctx, const struct password_job *job)
{
    (void)ctx;
    (void)job;
    return false;
}

static struct str ca(void *ctx)
{
    (void)ctx;
    return STR("certificate");
}

static void some_text(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_putf(out, ",\"x\":%d", 1);
}

static void rounds(struct evening *e)
{
    for (int turn = 0; turn < 4; turn++) {
        for (int i = 0; i < e->n; i++) {
            stream_fake_round(e->f[i]);
        }
    }
}

static struct stream_fake *come(struct evening *e, const char *text)
{
    struct stream_fake *f = stream_fake_new("192.0.2.7", true, NULL, NULL);
    f->now_us = e->now;
    e->f[e->n++] = f;
    tape_take(e->tape, &f->s);
    stream_fake_feed(f, text, strlen(text));
    rounds(e);
    return f;
}

/* One masked frame (a mask of zeros), in two pieces. */
static void tell(struct evening *e, struct stream_fake *f, const char *text)
{
    uint8_t head[8] = {0x81, 0x80 | 126};
    size_t n = strlen(text), half = n / 2;
    set_u16(head + 2, (uint16_t)n);
    stream_fake_feed(f, head, n < 126 ? 0 : 8);
    head[1] = (uint8_t)(0x80 | n);
    memset(head + 2, 0, 4);
    stream_fake_feed(f, head, n < 126 ? 6 : 0);
    stream_fake_feed(f, text, half);
    stream_fake_feed(f, text + half, n - half);
    rounds(e);
}

static void find(const struct stream_fake *f, const char *key, char *to, size_t size)
{
    const char *p = f->out_len ? memmem(f->out, f->out_len, key, strlen(key)) : NULL;
    if (p && p + strlen(key) + size < (const char *)f->out + f->out_len) {
        memcpy(to, p + strlen(key), size - 1);
    }
}

#define UPGRADE                                                                        \
    "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1\r\n"               \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define KEY "0123456789abcdefABCDEF"

static void post(struct evening *e, struct stream_fake *f, const char *text)
{
    char head[200];
    snprintf(head, sizeof head,
             "POST /api/send/" KEY "/A HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             strlen(text));
    stream_fake_feed(f, head, strlen(head));
    stream_fake_feed(f, text, 5);
    stream_fake_feed(f, text + 5, strlen(text) - 5);
    rounds(e);
}

static void people_talk(struct evening *e)
{
    char text[400];
    struct stream_fake *a = come(e, UPGRADE), *b, *s;
    tell(e, a, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"Ann\"}");
    find(a, "\"token\":\"", e->token, sizeof e->token);
    tell(e, a, "{\"type\":\"create\",\"id\":2,\"title\":\"Yard\"}");
    find(a, "{\"room\":\"", e->room, sizeof e->room);
    b = come(e, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    s = come(e, "GET /api/stream/" KEY " HTTP/1.1\r\nHost: h\r\n\r\n");
    snprintf(text, sizeof text, "{\"type\":\"hello\",\"id\":1,\"v\":1,\"join\":{\"room\":\"%s\"}}",
             e->room);
    post(e, b, text);
    snprintf(text, sizeof text, "{\"type\":\"chat\",\"id\":3,\"room\":\"%s\",\"text\":\"late\"}",
             e->room);
    post(e, b, text);
    post(e, b, "{\"type\":\"watch\",\"id\":2,\"on\":true}");
    s->room = 0; /* reads no more for a while */
    tell(e, a, text);
    stream_fake_feed(a, "\x89\x82\0\0\0\0hi", 8); /* a ping */
    rounds(e);
    stream_fake_room(s, SIZE_MAX);
    stream_fake_break(a, STREAM_RESET);
    rounds(e);
    a = come(e, UPGRADE);
    snprintf(text, sizeof text, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}",
             e->token);
    tell(e, a, text);
    tell(e, a, "{\"type\":\"bye\"}");
}

static void no_relay(void *ctx, const struct relay_scope *what)
{
    (void)ctx;
    (void)what;
}

/* How many allocations there were that may fail. */
static uint64_t evening(uint64_t n)
{
    struct evening e = {.now = 1000000};
    struct domain_counts left;
    web_conf_defaults(&e.conf.web);
    domain_config_defaults(&e.conf.domain);
    e.conf.domain.facts.server = STR("madang/test");
    e.conf.domain.relays = true;
    e.conf.outbox = outbox_limits_default;
    e.conf.frame_max = 4 << 20;
    e.conf.reorder_max = 4;
    e.conf.reorder_wait_us = 5000000;
    e.conf.history = 100;
    e.conf.history_bytes = 1 << 20;
    e.tape = tape_new(NULL, &e.conf,
                      &(struct exchange_ports){&e, no_password, ca, some_text, some_text, no_relay,
                                               NULL, NULL, NULL, NULL},
                      e.now, INT64_C(1800000000000000), &e.counts);
    tape_ready(e.tape, e.now);
    mem_fail_at(n);
    people_talk(&e);
    uint64_t tries = mem_try_count();
    mem_fail_at(0);
    for (int i = 0; i < e.n; i++) {
        stream_fake_break(e.f[i], STREAM_RESET);
    }
    rounds(&e);
    for (e.now += 1000000; exchange_deadline(tape_exchange(e.tape)) < INT64_MAX; e.now += 1000000) {
        tape_tick(e.tape, e.now);
        assert_true(e.now < INT64_C(100000000));
    }
    domain_count(exchange_domain(tape_exchange(e.tape)), &left);
    assert_int_equal(left.sessions + left.rooms + left.participants, 0);
    assert_int_equal(web_connections(exchange_web(tape_exchange(e.tape))), 0);
    for (int i = 0; i < e.n; i++) {
        stream_fake_free(e.f[i]);
    }
    tape_free(e.tape);
    return tries;
}

static void an_evening_ends_well(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (evening(n) >= n) {
        n++;
        assert_in_range(n, 1, DEPTH_MAX);
    }
    assert_in_range(n, 50, DEPTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_refused_or_right),
        cmocka_unit_test(heads_and_packets_need_no_memory),
        cmocka_unit_test(a_wrong_configuration_stays_wrong),
        cmocka_unit_test(an_evening_ends_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
