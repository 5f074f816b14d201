#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/worker.h"
#include "base/count.h"
#include "base/mem.h"
#include "io/census.h"
#include "io/doorman.h"
#include "io/listen.h"
#include "io/mailbox.h"
#include "io_peer.h"
#include "msg/media_msg.h"
#include "proto/stun.h"

/* Control: a loop with a doorman; a worker in its own thread. */
struct house {
    struct loop *l;
    struct doorman *d;
    struct census *census;
    struct listen_set set;
    struct worker *w;
    struct mailbox *letters;
    char *dumped;
    uint64_t cookie;
};

static void on_letter(void *ctx, struct letter *l)
{
    struct house *h = ctx;
    assert_int_equal(l->kind, MEDIA_DUMPED);
    struct media_dump *m = container_of(l, struct media_dump, letter);
    h->dumped = m->text;
    h->cookie = m->cookie;
    m->text = NULL;
    letter_drop(l);
}

static void house_open(struct house *h, struct worker_conf conf)
{
    char err[256];
    memset(h, 0, sizeof *h);
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}};
    assert_true(listen_open(&lc, &h->set, err, sizeof err));
    h->l = loop_new(NULL);
    h->census = census_new(100, 100);
    h->letters = mailbox_new("control", 16);
    assert_int_equal(mailbox_attach(h->letters, h->l, on_letter, h), 0);
    conf.udp_fds = h->set.udp;
    conf.nudp = h->set.nudp;
    conf.control = h->letters;
    conf.stun.key = (struct hash_key){3, 4};
    h->w = worker_start(&conf, err, sizeof err);
    assert_non_null(h->w);
    h->d = doorman_new(h->l, &(struct doorman_conf){.census = h->census});
    struct tls_ctx *tls = peer_server_ctx();
    doorman_tls(h->d, tls);
    tls_ctx_unref(tls);
    doorman_taker(h->d, DOORMAN_STUN, worker_take, h->w);
    assert_int_equal(doorman_listen(h->d, h->set.tcp[0]), 0);
}

static void house_close(struct house *h)
{
    worker_stop(h->w, 100000);
    doorman_free(h->d);
    loop_round(h->l, 0);
    assert_int_equal(census_total(h->census), 0);
    mailbox_free(h->letters);
    loop_free(h->l);
    census_free(h->census);
    listen_close(&h->set);
    xfree(h->dumped);
}

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

static uint64_t counted(struct house *h, enum count which)
{
    return count_get(worker_counts(h->w), which);
}

static void local_of(int fd, struct addr *a)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    getsockname(fd, (struct sockaddr *)&ss, &len);
    addr_from_sockaddr(a, (struct sockaddr *)&ss, len);
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
    assert_int_equal(counted(&h, COUNT_DROP_UDP_UNKNOWN), 20);
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
