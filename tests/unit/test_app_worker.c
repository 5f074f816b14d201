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
        assert_int_equal(poll(&pfd, 1, PATIENCE_US / 1000), 1);
        ssize_t n = recv(fd, got, sizeof got, 0);
        expect_answer(got, (size_t)n, i, &mapped);
        assert_true(addr_eq(&mapped, &me));
    }
    COUNTED(&h, COUNT_STUN_UDP, 20);
    COUNTED(&h, COUNT_DROP_UDP_MEDIA, 20);
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
        int64_t until = clock_mono_us() + PATIENCE_US;
        while (have < 50 * 40 && clock_mono_us() < until) {
            loop_round(h.l, 1000);
            have += peer_read(&c, got + have, sizeof got - have);
        }
        assert_int_equal(have, 50 * 40);
        for (unsigned i = 0; i < 50; i++) {
            expect_answer(got + i * 40, 40, i, &mapped);
            assert_true(addr_eq(&mapped, &me));
        }
        COUNTED(&h, tls ? COUNT_STUN_TLS : COUNT_STUN_TCP, 50);
        COUNTED(&h, COUNT_CONNS, 1);
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

/* Reads to the end, which has come or comes. */
static void expect_end(struct house *h, struct peer *c)
{
    uint8_t x;
    PUMP_UNTIL(h->l, peer_read(c, &x, 1) == 0 && (c->eof || c->failed));
    peer_close(c);
}

static void bad_frames_and_too_many_end(void **state)
{
    struct house h;
    struct peer c[3];
    uint8_t p[64];
    (void)state;
    house_open(&h, (struct worker_conf){.max_streams = 2});
    for (unsigned i = 0; i < 3; i++) {
        peer_connect(&c[i], h.set.tcp_at[0].port, false);
        peer_write(&c[i], p, request(p, 1));
        COUNTED(&h, COUNT_STUN_TCP, i < 2 ? i + 1 : 2);
        COUNTED(&h, COUNT_DROP_STUN_STREAM_CAP, i == 2);
    }
    expect_end(&h, &c[2]);
    for (int i = 0; i < 2; i++) {
        peer_write(&c[i], i == 0 ? "\xff\0\0\4what" : "\x40\0\0\4what",
                   8); /* no relay: no channels */
        COUNTED(&h, COUNT_DROP_STUN_FRAME, i + 1);
        expect_end(&h, &c[i]);
    }
    PUMP_UNTIL(h.l, census_total(h.census) == 0);
    house_close(&h);
}

static void idle_streams_end(void **state)
{
    struct house h;
    struct peer c;
    uint8_t p[64];
    (void)state;
    house_open(&h, (struct worker_conf){.stream_idle_us = 100000});
    peer_connect(&c, h.set.tcp_at[0].port, false);
    peer_write(&c, p, request(p, 1));
    COUNTED(&h, COUNT_STUN_TCP, 1);
    COUNTED(&h, COUNT_DROP_CONN_DEADLINE, 1);
    expect_end(&h, &c);
    PUMP_UNTIL(h.l, census_total(h.census) == 0);
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
        cmocka_unit_test(bad_frames_and_too_many_end),
        cmocka_unit_test(idle_streams_end),
        cmocka_unit_test(stopping_ends_streams_in_order),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
