#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/count.h"
#include "io/census.h"
#include "io/doorman.h"
#include "io/listen.h"
#include "io/seam.h"
#include "io_peer.h"

#define COOKIE "\x21\x12\xA4\x42"
static const char stun[] = "\x00\x01\x00\x00" COOKIE "0123456789ab";
static const char ice_tcp[] = "\x00\x14\x00\x01\x00\x00" COOKIE "0123456789ab";
static const char http[] = "GET / HTTP/1.1\r\n\r\n";

/* ---- The guess ---- */

static void the_first_bytes_say_what_it_is(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        enum doorman_guess guess;
        size_t needs; /* how many bytes it takes to say so */
    } cases[] = {
        {stun, 20, GUESS_STUN, 8},
        {ice_tcp, 22, GUESS_ICE_TCP, 10},
        {http, 18, GUESS_HTTP, 3},
        {"POST /x HTTP/1.1\r\n", 18, GUESS_HTTP, 3},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10, GUESS_TLS, 1},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10, GUESS_TLS, 1},
        {"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", 10, GUESS_HTTP, 7}, /* RFC 3489, noise */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, GUESS_HTTP, 3},
        {"\x40\x00\x00\x01" COOKIE "zz", 10, GUESS_HTTP, 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t n = 0; n <= cases[i].n; n++) {
            enum doorman_guess g = doorman_guess((const uint8_t *)cases[i].p, n, false);
            if (n < cases[i].needs)
                assert_int_equal(g, GUESS_MORE);
            else
                assert_int_equal(g, cases[i].guess);
        }
    }
    assert_int_equal(doorman_guess((const uint8_t *)"\x16\x03\x01\x02\x00", 5, true), GUESS_MORE);
    assert_int_equal(
        doorman_guess((const uint8_t *)"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10, true),
        GUESS_HTTP);
}

/* ---- The house ---- */

struct house {
    struct loop *l;
    struct counts *c;
    struct census *census;
    struct doorman *d;
    struct listen_set set;
    struct tls_ctx *tls;
    unsigned taken[DOORMAN_KINDS], closed;
    size_t got;
    char text[64];
    struct stream *last;
};

static size_t guest_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct house *h = s->ctx;
    for (size_t i = 0; i < n && h->got + 1 < sizeof h->text; i++)
        h->text[h->got++] = (char)p[i];
    return n;
}

static void guest_closed(struct stream *s, enum stream_why why)
{
    (void)why;
    ((struct house *)s->ctx)->closed++;
}

static const struct stream_user guest = {
    .name = "guest", .on_data = guest_data, .on_closed = guest_closed};

static void take(struct house *h, enum doorman_kind kind, struct stream *s)
{
    h->taken[kind]++;
    h->last = s;
    stream_set_user(s, &guest, h);
}

static void take_http(void *ctx, struct stream *s)
{
    take(ctx, DOORMAN_HTTP, s);
}

static void take_stun(void *ctx, struct stream *s)
{
    take(ctx, DOORMAN_STUN, s);
}

static void house_open(struct house *h, const struct doorman_conf *conf, unsigned per_addr,
                       bool tls)
{
    char err[256];
    memset(h, 0, sizeof *h);
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}, .no_udp = true};
    assert_true(listen_open(&lc, &h->set, err, sizeof err));
    h->l = loop_new(NULL);
    h->c = loop_counts(h->l);
    h->census = census_new(20, per_addr);
    struct doorman_conf dc = *conf;
    dc.census = h->census;
    h->d = doorman_new(h->l, &dc);
    if (tls) {
        h->tls = peer_server_ctx();
        doorman_tls(h->d, h->tls);
        tls_ctx_unref(h->tls);
    }
    doorman_taker(h->d, DOORMAN_HTTP, take_http, h);
    doorman_taker(h->d, DOORMAN_STUN, take_stun, h);
    assert_int_equal(doorman_listen(h->d, h->set.tcp[0]), 0);
}

static void house_close(struct house *h)
{
    doorman_free(h->d);
    loop_round(h->l, 0);
    assert_int_equal(count_get(h->c, COUNT_CONNS), 0);
    assert_int_equal(census_total(h->census), 0);
    loop_free(h->l);
    census_free(h->census);
    listen_close(&h->set);
}

static void peer_in(struct house *h, struct peer *p, bool tls)
{
    peer_connect(p, h->set.tcp_at[0].port, tls);
    if (tls) {
        peer_shake(p, h->l);
        assert_true(p->shaken);
    }
}

static bool peer_is_gone(struct peer *p)
{
    char x;
    peer_read(p, &x, 1);
    return p->eof || p->failed;
}

static void every_kind_finds_its_taker(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        enum doorman_kind kind;
    } cases[] = {{http, 18, DOORMAN_HTTP}, {stun, 20, DOORMAN_STUN}};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct house h;
        struct peer p;
        house_open(&h, &(struct doorman_conf){0}, 0, true);
        peer_in(&h, &p, i / 2);
        for (size_t k = 0; k < cases[i % 2].n; k++) { /* byte by byte */
            assert_int_equal(peer_write(&p, cases[i % 2].p + k, 1), 1);
            loop_round(h.l, k < 12 ? 1000 : 0);
        }
        PUMP_UNTIL(h.l, h.got == cases[i % 2].n);
        assert_memory_equal(h.text, cases[i % 2].p, h.got); /* nothing lost on the way */
        assert_int_equal(h.taken[cases[i % 2].kind], 1);
        assert_int_equal(h.last->tls, i / 2);
        assert_true(addr_is_loopback(&h.last->peer));
        assert_int_equal(stream_local(h.last)->port, h.set.tcp_at[0].port);
        assert_int_equal(doorman_pending(h.d), 0);
        peer_close(&p);
        PUMP_UNTIL(h.l, h.closed);
        house_close(&h);
    }
}

static void nobody_takes_ice_tcp_or_tls_when_it_is_off(void **state)
{
    struct house h;
    struct peer p;
    (void)state;
    house_open(&h, &(struct doorman_conf){0}, 0, false);
    peer_in(&h, &p, false);
    peer_write(&p, ice_tcp, 22);
    PUMP_UNTIL(h.l, peer_is_gone(&p));
    peer_close(&p);
    peer_in(&h, &p, false);
    peer_write(&p, "\x16\x03\x01", 3);
    PUMP_UNTIL(h.l, peer_is_gone(&p));
    assert_int_equal(count_get(h.c, COUNT_DROP_CONN_NO_TAKER), 2);
    peer_close(&p);
    house_close(&h);
}

static void the_silent_are_shown_out(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* at once, in the handshake, after it */
        struct house h;
        struct peer p;
        house_open(&h, &(struct doorman_conf){.classify_us = 300000, .handshake_us = 300000}, 0,
                   true);
        int64_t t0 = loop_now(h.l);
        peer_in(&h, &p, i == 2);
        if (i == 1)
            peer_write(&p, "\x16\x03\x01\x02\x00\x01", 6);
        PUMP_UNTIL(h.l, peer_is_gone(&p));
        assert_true(loop_now(h.l) - t0 >= 300000); /* by the loop's time, not sooner */
        assert_int_equal(count_get(h.c, COUNT_DROP_CONN_DEADLINE), 1);
        peer_close(&p);
        house_close(&h);
    }
}

static void caps_hold(void **state)
{
    struct house h;
    struct peer p[6];
    (void)state;
    house_open(&h, &(struct doorman_conf){.max_handshakes = 1}, 4, true);
    for (int i = 0; i < 5;
         i++) { /* the silent ones the kernel would keep for itself for a second */
        peer_in(&h, &p[i], false);
        peer_write(&p[i], i == 0 ? "\x16" : "G", 1);
        loop_round(h.l, 100000);
    }
    PUMP_UNTIL(h.l, count_get(h.c, COUNT_DROP_CONN_ADDR_CAP) == 1);
    PUMP_UNTIL(h.l, peer_is_gone(&p[4]));
    assert_int_equal(census_total(h.census), 4);
    peer_close(&p[4]);
    peer_close(&p[1]);
    PUMP_UNTIL(h.l, census_total(h.census) == 3);
    peer_in(&h, &p[1], false);
    peer_write(&p[1], "\x16\x03\x01", 3); /* one handshake at a time */
    PUMP_UNTIL(h.l, peer_is_gone(&p[1]));
    assert_int_equal(count_get(h.c, COUNT_DROP_CONN_HANDSHAKES), 1);
    peer_close(&p[1]);
    PUMP_UNTIL(h.l, census_total(h.census) == 3);
    peer_in(&h, &p[5], false); /* a place is free again */
    peer_write(&p[5], http, 18);
    PUMP_UNTIL(h.l, h.taken[DOORMAN_HTTP] == 1);
    for (int i = 0; i < 6; i++)
        peer_close(&p[i]);
    PUMP_UNTIL(h.l, census_total(h.census) == 0);
    house_close(&h);
}

static void without_descriptors_people_are_turned_away_at_once(void **state)
{
    struct house h;
    struct peer p;
    (void)state;
    house_open(&h, &(struct doorman_conf){0}, 0, false);
    seam_script(SEAM_ACCEPT, EMFILE, 1);
    peer_in(&h, &p, false);
    PUMP_UNTIL(h.l, peer_is_gone(&p));
    assert_int_equal(count_get(h.c, COUNT_DROP_CONN_FDS), 1);
    seam_disarm();
    peer_close(&p);
    peer_in(&h, &p, false);
    peer_write(&p, http, 18);
    PUMP_UNTIL(h.l, h.taken[DOORMAN_HTTP] == 1);
    peer_close(&p);
    PUMP_UNTIL(h.l, h.closed);
    house_close(&h);
}

static void accept_errors_do_not_stop_the_door(void **state)
{
    struct house h;
    struct peer p[10];
    (void)state;
    house_open(&h, &(struct doorman_conf){0}, 0, false);
    seam_seed(5);
    seam_rule(SEAM_ACCEPT, ECONNABORTED, 300000);
    seam_rule(SEAM_ACCEPT, EAGAIN, 300000);
    for (int i = 0; i < 10; i++) {
        peer_in(&h, &p[i], false);
        peer_write(&p[i], http, 18);
    }
    PUMP_UNTIL(h.l, h.taken[DOORMAN_HTTP] == 10);
    seam_disarm();
    for (int i = 0; i < 10; i++)
        peer_close(&p[i]);
    PUMP_UNTIL(h.l, h.closed == 10);
    house_close(&h);
}

static void stopping_closes_the_undecided_only(void **state)
{
    struct house h;
    struct peer a, b;
    (void)state;
    house_open(&h, &(struct doorman_conf){0}, 0, false);
    peer_in(&h, &a, false);
    peer_write(&a, http, 18);
    PUMP_UNTIL(h.l, h.taken[DOORMAN_HTTP] == 1);
    peer_in(&h, &b, false);
    PUMP_UNTIL(h.l, doorman_pending(h.d) == 1);
    doorman_stop(h.d);
    PUMP_UNTIL(h.l, peer_is_gone(&b));
    assert_int_equal(h.closed, 0);
    peer_close(&a);
    peer_close(&b);
    PUMP_UNTIL(h.l, h.closed);
    house_close(&h);
}

/* ---- Listening ---- */

static void a_taken_port_is_one_sentence(void **state)
{
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}};
    struct listen_set first, second;
    char err[256], want[64];
    (void)state;
    assert_true(listen_open(&lc, &first, err, sizeof err));
    assert_int_equal(first.ntcp, 1);
    assert_int_equal(first.nudp, 1);
    lc.tcp_port = first.tcp_at[0].port;
    assert_false(listen_open(&lc, &second, err, sizeof err));
    snprintf(want, sizeof want, "TCP port %u on 127.0.0.1 is taken", lc.tcp_port);
    assert_non_null(strstr(err, want));
    assert_non_null(strstr(err, "--port"));
    for (unsigned workers = 1; workers <= 2; workers++) {
        lc.tcp_port = 0;
        lc.workers = workers;
        lc.udp_port = first.udp_at[0].port;
        assert_false(listen_open(&lc, &second, err, sizeof err));
        snprintf(want, sizeof want, "UDP port %u on 127.0.0.1 is taken", lc.udp_port);
        assert_non_null(strstr(err, want));
        assert_non_null(strstr(err, "--udp-port"));
    }
    lc = (struct listen_conf){.naddrs = 1, .addrs = {addr_ip4(203, 0, 113, 77, 0)}};
    assert_false(listen_open(&lc, &second, err, sizeof err));
    assert_non_null(strstr(err, "203.0.113.77 is not an address of this machine"));
    listen_close(&first);
}

static void both_families_share_a_port_and_workers_their_own_sockets(void **state)
{
    struct listen_conf lc = {.workers = 3};
    struct listen_set set;
    char err[256];
    (void)state;
    assert_true(listen_open(&lc, &set, err, sizeof err));
    assert_true(set.ntcp >= 1 && set.nudp >= 1);
    assert_int_equal(set.workers, 3);
    for (unsigned i = 0; i < 3 * set.nudp; i++) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        struct addr at;
        assert_int_equal(getsockname(set.udp[i], (struct sockaddr *)&ss, &len), 0);
        assert_true(addr_from_sockaddr(&at, (struct sockaddr *)&ss, len));
        assert_true(addr_eq(&at, &set.udp_at[i % set.nudp]));
        assert_int_equal(at.port, set.udp_at[0].port);
    }
    if (set.ntcp == 2)
        assert_int_equal(set.tcp_at[0].port, set.tcp_at[1].port);
    listen_close(&set);
}

/* In a child, whose descriptors 3 and 4 may be overwritten. 0: fine, else which step was wrong. */
static int start_as_a_service(int tcp, int udp, uint16_t tcp_port)
{
    char pid[16], err[256];
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}};
    struct listen_set set;
    tcp = fcntl(tcp, F_DUPFD, 100); /* out of the way */
    udp = fcntl(udp, F_DUPFD, 100);
    if (dup2(tcp, 3) != 3 || dup2(udp, 4) != 4)
        return 1;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
    if (!listen_open(&lc, &set, err, sizeof err) || !set.inherited)
        return 2;
    if (set.ntcp != 1 || set.nudp != 1 || set.tcp[0] != 3 || set.udp[0] != 4)
        return 3;
    if (set.tcp_at[0].port != tcp_port || getenv("LISTEN_FDS") != NULL)
        return 4;
    listen_close(&set);
    dup2(open("/dev/null", O_RDONLY), 3); /* neither TCP nor UDP */
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    return listen_open(&lc, &set, err, sizeof err) || strstr(err, "descriptor 3") == NULL ? 5 : 0;
}

static void inherited_sockets_are_used(void **state)
{
    char err[256];
    int status = -1;
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}};
    struct listen_set set;
    (void)state;
    setenv("LISTEN_PID", "1", 1); /* somebody else's */
    setenv("LISTEN_FDS", "2", 1);
    assert_int_equal(listen_inherited(), 0);
    assert_null(getenv("LISTEN_FDS"));
    assert_true(listen_open(&lc, &set, err, sizeof err));
    pid_t child = fork();
    if (child == 0)
        _exit(start_as_a_service(set.tcp[0], set.udp[0], set.tcp_at[0].port));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    listen_close(&set);
}

/* ---- Census ---- */

static void the_census_counts_v6_by_its_64(void **state)
{
    struct census *c = census_new(4, 2);
    struct addr a[4];
    (void)state;
    assert_true(addr_parse(&a[0], STR("[2001:db8:0:1::1]:1")));
    assert_true(addr_parse(&a[1], STR("[2001:db8:0:1:ffff::2]:2")));
    assert_true(addr_parse(&a[2], STR("192.0.2.1:3")));
    assert_true(addr_parse(&a[3], STR("[::ffff:192.0.2.1]:4")));
    assert_int_equal(census_enter(c, &a[0]), CENSUS_OK);
    assert_int_equal(census_enter(c, &a[1]), CENSUS_OK);
    assert_int_equal(census_enter(c, &a[1]), CENSUS_ADDR);
    assert_int_equal(census_enter(c, &a[2]), CENSUS_OK);
    assert_int_equal(census_enter(c, &a[3]), CENSUS_OK);
    assert_int_equal(census_of(c, &a[2]), 2);
    struct addr other = addr_ip4(192, 0, 2, 9, 1);
    assert_int_equal(census_enter(c, &other), CENSUS_TOTAL);
    for (int i = 0; i < 4; i++)
        census_leave(c, &a[i]);
    census_leave(c, &other); /* was never in */
    assert_int_equal(census_total(c), 0);
    census_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_say_what_it_is),
        cmocka_unit_test(every_kind_finds_its_taker),
        cmocka_unit_test(nobody_takes_ice_tcp_or_tls_when_it_is_off),
        cmocka_unit_test(the_silent_are_shown_out),
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(without_descriptors_people_are_turned_away_at_once),
        cmocka_unit_test(accept_errors_do_not_stop_the_door),
        cmocka_unit_test(stopping_closes_the_undecided_only),
        cmocka_unit_test(a_taken_port_is_one_sentence),
        cmocka_unit_test(both_families_share_a_port_and_workers_their_own_sockets),
        cmocka_unit_test(inherited_sockets_are_used),
        cmocka_unit_test(the_census_counts_v6_by_its_64),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
