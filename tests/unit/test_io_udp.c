#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "io/loop.h"
#include "io/seam.h"
#include "io/udp.h"

struct got {
    unsigned trains, packets, answers;
    size_t bytes;
    struct udp_path path;
    uint32_t sizes[4096];
    uint8_t firsts[4096];
    bool echo;
};

static void on_train(void *ctx, struct udp *u, const struct udp_train *t)
{
    struct got *g = ctx;
    g->trains++;
    g->path = *t->path;
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t n;
        uint8_t *p = udp_train_at(t, i, &n);
        g->sizes[g->packets % 4096] = n;
        g->firsts[g->packets % 4096] = n > 0 ? p[0] : 0;
        g->packets++;
        g->bytes += n;
        if (g->echo) {
            struct iovec v = {p, n};
            assert_true(udp_send(u, t->path, &v, 1));
        }
    }
}

struct side {
    int fd;
    struct udp *u;
    struct got got;
    struct addr at;
};

static bool side_open(struct side *s, struct loop *l, const char *ip)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    memset(s, 0, sizeof *s);
    assert_true(addr_parse(&s->at, str_from(ip)));
    s->fd = udp_open(&s->at, false);
    if (s->fd < 0)
        return false;
    getsockname(s->fd, (struct sockaddr *)&ss, &len);
    addr_from_sockaddr(&s->at, (struct sockaddr *)&ss, len);
    s->u = udp_new(l, s->fd, on_train, &s->got);
    assert_non_null(s->u);
    assert_int_equal(udp_port(s->u), s->at.port);
    return true;
}

static void side_close(struct side *s)
{
    udp_free(s->u);
    close(s->fd);
}

#define PUMP_UNTIL(l, cond)                                              \
    do {                                                                 \
        int64_t until_ = clock_mono_us() + 5000000;                      \
        while (!(cond)) {                                                \
            loop_round(l, 1000);                                         \
            if (clock_mono_us() > until_)                                \
                fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #cond); \
        }                                                                \
    } while (0)

static void send_to(struct side *from, const struct side *to, const void *p, size_t n)
{
    struct udp_path path = {.peer = to->at};
    assert_true(udp_send_copy(from->u, &path, p, n));
}

static void answers_leave_from_the_address_that_was_asked(void **state)
{
    static const char *const pairs[][2] = {{"0.0.0.0", "127.0.0.1"}, {"::", "::1"}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct loop *l = loop_new(NULL);
        struct side server, client;
        if (!side_open(&server, l, pairs[i][0])) {
            loop_free(l);
            continue; /* no IPv6 here */
        }
        assert_true(side_open(&client, l, pairs[i][1]));
        assert_int_equal(udp_is_v6(server.u), i);
        server.got.echo = true;
        struct addr target;
        assert_true(addr_parse(&target, str_from(i == 0 ? "127.0.0.2" : "::1")));
        target.port = server.at.port;
        struct udp_path path = {.peer = target};
        assert_true(udp_send_copy(client.u, &path, "ping", 4));
        PUMP_UNTIL(l, client.got.packets == 1);
        assert_true(addr_eq(&server.got.path.local, &target));
        assert_true(addr_eq(&client.got.path.peer, &target)); /* not 127.0.0.1 */
        side_close(&server);
        side_close(&client);
        loop_free(l);
    }
}

static void equal_sizes_leave_with_one_send(void **state)
{
    struct loop *l = loop_new(NULL);
    struct counts *c = loop_counts(l);
    struct side a, b;
    uint8_t p[1200];
    (void)state;
    assert_true(side_open(&a, l, "127.0.0.1") && side_open(&b, l, "127.0.0.1"));
    for (unsigned i = 0; i < 20; i++) {
        memset(p, (int)i, sizeof p);
        send_to(&a, &b, p, i == 19 ? 300 : 1200); /* the last may be shorter */
    }
    PUMP_UNTIL(l, b.got.packets == 20);
    assert_int_equal(count_get(c, COUNT_UDP_CALLS_OUT), 1);
    assert_int_equal(count_get(c, COUNT_UDP_PACKETS_OUT), 20);
    assert_int_equal(count_get(c, COUNT_UDP_BYTES_OUT), 19 * 1200 + 300);
    assert_int_equal(count_get(c, COUNT_UDP_GSO_REFUSED), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(b.got.firsts[i], i);
        assert_int_equal(b.got.sizes[i], i == 19 ? 300 : 1200);
    }
    assert_true(b.got.trains < 20); /* and they came as trains */
    side_close(&a);
    side_close(&b);
    loop_free(l);
}

static void destinations_are_gathered_and_order_holds(void **state)
{
    struct loop *l = loop_new(NULL);
    struct counts *c = loop_counts(l);
    struct side a, to[3];
    (void)state;
    assert_true(side_open(&a, l, "127.0.0.1"));
    for (int i = 0; i < 3; i++)
        assert_true(side_open(&to[i], l, "127.0.0.1"));
    uint32_t x = 1;
    unsigned sent[3] = {0};
    uint32_t sizes[3][400];
    for (int k = 0; k < 900; k++) {
        uint8_t p[900];
        x = x * 1664525u + 1013904223u;
        unsigned who = (x >> 20) % 3, n = 1 + (x >> 8) % 4 * 200;
        memset(p, (int)(sent[who] & 0xFF), n);
        sizes[who][sent[who]++] = n;
        send_to(&a, &to[who], p, n);
    }
    PUMP_UNTIL(l, to[0].got.packets + to[1].got.packets + to[2].got.packets == 900);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(to[i].got.packets, sent[i]);
        for (unsigned k = 0; k < sent[i]; k++) {
            assert_int_equal(to[i].got.sizes[k], sizes[i][k]);
            assert_int_equal(to[i].got.firsts[k], k & 0xFF);
        }
        side_close(&to[i]);
    }
    assert_true(count_get(c, COUNT_UDP_CALLS_OUT) < 20);
    side_close(&a);
    loop_free(l);
}

static void more_than_the_queue_holds_still_leaves(void **state)
{
    struct loop *l = loop_new(NULL);
    struct side a, b;
    (void)state;
    assert_true(side_open(&a, l, "127.0.0.1") && side_open(&b, l, "127.0.0.1"));
    for (unsigned i = 0; i < UDP_QUEUE_MAX + 500; i++)
        send_to(&a, &b, "x", i % 2); /* empty datagrams too */
    PUMP_UNTIL(l, b.got.packets == UDP_QUEUE_MAX + 500);
    uint8_t big[9000];
    memset(big, 7, sizeof big);
    for (unsigned i = 0; i < 60; i++) /* more than UDP_COPY_MAX */
        send_to(&a, &b, big, sizeof big);
    PUMP_UNTIL(l, b.got.packets == UDP_QUEUE_MAX + 560);
    side_close(&a);
    side_close(&b);
    loop_free(l);
}

static void a_refused_segment_send_is_done_singly(void **state)
{
    static const int errors[] = {EIO, EINVAL, EMSGSIZE};
    (void)state;
    for (int e = 0; e < 3; e++) {
        struct loop *l = loop_new(NULL);
        struct counts *c = loop_counts(l);
        struct side a, b;
        uint8_t p[500] = {0};
        assert_true(side_open(&a, l, "127.0.0.1") && side_open(&b, l, "127.0.0.1"));
        seam_script(SEAM_GSO, errors[e], 1);
        for (int i = 0; i < 10; i++)
            send_to(&a, &b, p, sizeof p);
        PUMP_UNTIL(l, b.got.packets == 10);
        assert_int_equal(count_get(c, COUNT_UDP_GSO_REFUSED), 1);
        assert_int_equal(count_get(c, COUNT_UDP_PACKETS_OUT), 10);
        uint64_t calls = count_get(c, COUNT_UDP_CALLS_OUT);
        for (int i = 0; i < 10; i++)
            send_to(&a, &b, p, sizeof p);
        PUMP_UNTIL(l, b.got.packets == 20);
        /* Not tried again for a while, unless only the size was wrong; still one call. */
        assert_int_equal(count_get(c, COUNT_UDP_CALLS_OUT), calls + 1);
        assert_int_equal(count_get(c, COUNT_UDP_GSO_REFUSED), 1);
        seam_disarm();
        side_close(&a);
        side_close(&b);
        loop_free(l);
    }
}

static void what_cannot_be_sent_is_counted_by_reason(void **state)
{
    static const struct {
        int err;
        enum count which;
    } cases[] = {{EAGAIN, COUNT_UDP_SEND_AGAIN},
                 {ENOBUFS, COUNT_UDP_SEND_NOBUFS},
                 {EMSGSIZE, COUNT_UDP_SEND_MSGSIZE},
                 {EPERM, COUNT_UDP_SEND_PERM},
                 {ENOMEM, COUNT_UDP_SEND_OTHER}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct loop *l = loop_new(NULL);
        struct counts *c = loop_counts(l);
        struct side a, to[3];
        assert_true(side_open(&a, l, "127.0.0.1"));
        for (int i = 0; i < 3; i++)
            assert_true(side_open(&to[i], l, "127.0.0.1"));
        seam_script(SEAM_SENDMMSG, cases[k].err, 1); /* only the first one is lost */
        for (int i = 0; i < 3; i++)
            send_to(&a, &to[i], "x", 1);
        PUMP_UNTIL(l, to[1].got.packets == 1 && to[2].got.packets == 1);
        assert_int_equal(count_get(c, cases[k].which), 1);
        assert_int_equal(count_get(c, COUNT_UDP_PACKETS_OUT), 2);
        assert_int_equal(to[0].got.packets, 0);
        seam_disarm();
        side_close(&a);
        for (int i = 0; i < 3; i++)
            side_close(&to[i]);
        loop_free(l);
    }
}

static void receive_faults_lose_nothing(void **state)
{
    struct loop *l = loop_new(NULL);
    struct side a, b;
    (void)state;
    assert_true(side_open(&a, l, "127.0.0.1") && side_open(&b, l, "127.0.0.1"));
    seam_seed(3);
    seam_rule(SEAM_RECVMMSG, EAGAIN, 300000);
    seam_rule(SEAM_RECVMMSG, ENOMEM, 200000);
    seam_rule(SEAM_RECVMMSG, SEAM_SHORT, 300000);
    for (unsigned i = 0; i < 500; i++)
        send_to(&a, &b, "abcdefgh", 1 + i % 8);
    PUMP_UNTIL(l, b.got.packets == 500);
    assert_true(count_get(loop_counts(l), COUNT_UDP_RECV_ERRORS) > 0);
    seam_disarm();
    side_close(&a);
    side_close(&b);
    loop_free(l);
}

static void wrong_arguments_are_refused(void **state)
{
    struct loop *l = loop_new(NULL);
    struct side a;
    static uint8_t big[70000];
    struct udp_path nowhere = {.ifindex = 0}, path = {.peer = addr_ip4(127, 0, 0, 1, 9)};
    struct iovec v[UDP_IOV_MAX + 1] = {{0}};
    (void)state;
    assert_true(side_open(&a, l, "127.0.0.1"));
    assert_false(udp_send_copy(a.u, &path, big, sizeof big));
    assert_false(udp_send(a.u, &path, v, UDP_IOV_MAX + 1));
    assert_false(udp_send_copy(a.u, &nowhere, big, 1));
    assert_true(udp_rcvbuf(a.u) >= 200000);
    side_close(&a);
    loop_free(l);
}

static void a_group_of_sockets_shares_by_source(void **state)
{
    enum { N = 4, CLIENTS = 64 };
    static const char *const ips[] = {"127.0.0.1", "::1"};
    (void)state;
    for (int f = 0; f < 2; f++) {
        int fds[N];
        struct addr at;
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        assert_true(addr_parse(&at, str_from(ips[f])));
        fds[0] = udp_open(&at, true);
        if (fds[0] < 0)
            continue;
        getsockname(fds[0], (struct sockaddr *)&ss, &len);
        addr_from_sockaddr(&at, (struct sockaddr *)&ss, len);
        for (int i = 1; i < N; i++)
            assert_true((fds[i] = udp_open(&at, true)) >= 0);
        assert_int_equal(udp_spread(fds[0], N), 0);
        unsigned hits[N] = {0};
        len = addr_to_sockaddr(&at, &ss);
        for (int k = 0; k < CLIENTS; k++) {
            int c = socket(ss.ss_family, SOCK_DGRAM, 0), owner = -1;
            for (int again = 0; again < 4; again++) {
                char buf[8];
                assert_int_equal(sendto(c, "x", 1, 0, (struct sockaddr *)&ss, len), 1);
                int found = -1;
                for (int i = 0; i < N; i++)
                    if (recv(fds[i], buf, sizeof buf, MSG_DONTWAIT) == 1)
                        found = i;
                assert_true(found >= 0);
                assert_true(owner == -1 || owner == found); /* always the same one */
                owner = found;
            }
            hits[owner]++;
            close(c);
        }
        for (int i = 0; i < N; i++) {
            assert_true(hits[i] >= CLIENTS / N / 4); /* nobody starves */
            close(fds[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_leave_from_the_address_that_was_asked),
        cmocka_unit_test(equal_sizes_leave_with_one_send),
        cmocka_unit_test(destinations_are_gathered_and_order_holds),
        cmocka_unit_test(more_than_the_queue_holds_still_leaves),
        cmocka_unit_test(a_refused_segment_send_is_done_singly),
        cmocka_unit_test(what_cannot_be_sent_is_counted_by_reason),
        cmocka_unit_test(receive_faults_lose_nothing),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_group_of_sockets_shares_by_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
