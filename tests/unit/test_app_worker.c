#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/stun.h"
#include "worker_house.h"

static size_t request(uint8_t *p, unsigned i)
{
    struct stun_builder b;
    uint8_t txid[STUN_TXID] = {(uint8_t)i, (uint8_t)(i >> 8), 'x'};
    stun_begin(&b, p, 64, STUN_REQUEST, STUN_BINDING, txid);
    stun_put_fingerprint(&b);
    return stun_end(&b);
}

static void expect_answer(const uint8_t *p, size_t n, unsigned i, struct addr *mapped)
{
    struct stun_msg m;
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.cls, STUN_SUCCESS);
    assert_int_equal(m.txid[0], i & 0xFF);
    assert_true(m.fingerprint);
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_MAPPED_ADDRESS), mapped));
}

/* ---- Tests ---- */

static void udp_bindings_are_answered(void **state)
{
    struct house h;
    struct sockaddr_storage ss;
    uint8_t p[64], got[256];
    struct addr mapped, me;
    (void)state;
    house_open(&h, (struct worker_conf){0});
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t len = addr_to_sockaddr(&h.set.udp_at[0], &ss);
    assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
    local_of(fd, &me);
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    for (unsigned i = 0; i < 20; i++) {
        send(fd, "\x80noise", 6, 0);
        send(fd, p, request(p, i), 0);
        assert_int_equal(poll(&pfd, 1, 5000), 1);
        ssize_t n = recv(fd, got, sizeof got, 0);
        expect_answer(got, (size_t)n, i, &mapped);
        assert_true(addr_eq(&mapped, &me));
    }
    assert_int_equal(counted(&h, COUNT_STUN_UDP), 20);
    assert_int_equal(counted(&h, COUNT_DROP_UDP_MEDIA), 20);
    close(fd);
    house_close(&h);
}

static void streams_are_handed_over_and_answered(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct house h;
        struct peer c;
        struct addr mapped, me;
        uint8_t p[64], got[4096];
        house_open(&h, (struct worker_conf){0});
        peer_connect(&c, h.set.tcp_at[0].port, tls);
        if (tls)
            peer_shake(&c, h.l);
        local_of(c.fd, &me);
        size_t have = 0, n = 0;
        for (unsigned i = 0; i < 50; i++) { /* many in one go, and one cut in the middle */
            n = request(p, i);
            assert_int_equal(peer_write(&c, p, n / 2), n / 2);
            loop_round(h.l, i == 0 ? 1000 : 0);
            assert_int_equal(peer_write(&c, p + n / 2, n - n / 2), n - n / 2);
        }
        int64_t until = clock_mono_us() + 5000000;
        while (have < 50 * 40 && clock_mono_us() < until) {
            loop_round(h.l, 1000);
            have += peer_read(&c, got + have, sizeof got - have);
        }
        assert_int_equal(have, 50 * 40);
        for (unsigned i = 0; i < 50; i++) {
            expect_answer(got + i * 40, 40, i, &mapped);
            assert_true(addr_eq(&mapped, &me));
        }
        assert_int_equal(counted(&h, tls ? COUNT_STUN_TLS : COUNT_STUN_TCP), 50);
        assert_int_equal(counted(&h, COUNT_CONNS), 1);
        assert_int_equal(census_total(h.census), 1);
        worker_ask_dump(h.w, 77);
        PUMP_UNTIL(h.l, h.dumped != NULL);
        assert_int_equal(h.cookie, 77);
        assert_non_null(strstr(h.dumped, tls ? "\"tls\":true" : "\"tls\":false"));
        assert_non_null(strstr(h.dumped, "\"messages\":50"));
        peer_close(&c);
        PUMP_UNTIL(h.l, census_total(h.census) == 0);
        house_close(&h);
    }
}

static void bad_frames_idle_streams_and_too_many_end(void **state)
{
    struct house h;
    struct peer c[3];
    uint8_t p[64], x;
    (void)state;
    house_open(&h, (struct worker_conf){.max_streams = 2, .stream_idle_us = 300000});
    for (int i = 0; i < 3; i++) {
        peer_connect(&c[i], h.set.tcp_at[0].port, false);
        peer_write(&c[i], p, request(p, 1));
        PUMP_UNTIL(h.l, counted(&h, COUNT_STUN_TCP) == (i < 2 ? (uint64_t)i + 1 : 2) &&
                            counted(&h, COUNT_DROP_STUN_STREAM_CAP) == (i == 2));
    }
    peer_write(&c[0], "GET / HTTP/1.1\r\n\r\n", 18);
    PUMP_UNTIL(h.l,
               counted(&h, COUNT_STREAM_PROTOCOL) == 1 || counted(&h, COUNT_STREAM_TIMEOUT) == 2);
    PUMP_UNTIL(h.l, counted(&h, COUNT_DROP_CONN_DEADLINE) >= 1);
    PUMP_UNTIL(h.l, census_total(h.census) == 0);
    for (int i = 0; i < 3; i++) {
        while (peer_read(&c[i], &x, 1) > 0)
            ;
        assert_true(c[i].eof || c[i].failed);
        peer_close(&c[i]);
    }
    house_close(&h);
}

static void stopping_ends_streams_in_order(void **state)
{
    struct house h;
    struct peer c;
    uint8_t p[64], got[64];
    size_t have = 0;
    (void)state;
    house_open(&h, (struct worker_conf){0});
    peer_connect(&c, h.set.tcp_at[0].port, false);
    peer_write(&c, p, request(p, 9));
    PUMP_UNTIL(h.l, counted(&h, COUNT_STUN_TCP) == 1);
    house_close(&h);
    for (int i = 0; i < 2; i++)
        have += peer_read(&c, got + have, sizeof got - have);
    assert_int_equal(have, 40);
    assert_true(c.eof);
    peer_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_bindings_are_answered),
        cmocka_unit_test(streams_are_handed_over_and_answered),
        cmocka_unit_test(bad_frames_idle_streams_and_too_many_end),
        cmocka_unit_test(stopping_ends_streams_in_order),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
