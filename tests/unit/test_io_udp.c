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

static struct udp_net *net; /* of the loop that a test has made */

static struct loop *open_loop(void)
{
    struct loop *l = loop_new(NULL);
    net = udp_net_new(l);
    return l;
}

static void close_loop(struct loop *l)
{
    udp_net_free(net);
    loop_free(l);
}

struct got {
    unsigned trains, packets, answers;
    size_t bytes;
    struct udp_path path;
    unsigned icmps;
    struct udp_icmp icmp;
    struct side *onward; /* relays everything to there, from this socket, behind "hd:" */
    struct udp *by;
    int64_t came_us; /* the last one */
    uint32_t sizes[4096];
    uint8_t firsts[4096], fourths[4096];
    struct side *dies; /* with its first datagram */
    bool echo;
};

static void send_on(struct got *g, const uint8_t *p, uint32_t n);
static void let_die(struct got *g);

static void on_train(void *ctx, struct udp *u, const struct udp_train *t)
{
    struct got *g = ctx;
    g->trains++;
    g->path = *t->path;
    g->came_us = t->came_us;
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t n;
        uint8_t *p = udp_train_at(t, i, &n);
        g->sizes[g->packets % 4096] = n;
        g->firsts[g->packets % 4096] = n > 0 ? p[0] : 0;
        g->fourths[g->packets % 4096] = n > 3 ? p[3] : 0;
        g->packets++;
        g->bytes += n;
        if (g->onward != NULL)
            send_on(g, p, n);
        if (g->echo) {
            struct udp_datagram d = {.data = p, .ndata = n};
            assert_true(udp_send(u, t->path, &d, 0));
        }
    }
    if (g->dies != NULL)
        let_die(g);
}

static void on_icmp(void *ctx, struct udp *u, const struct udp_icmp *e)
{
    struct got *g = ctx;
    (void)u;
    g->icmps++;
    g->icmp = *e;
}

static const struct udp_user user = {.name = "test", .on_train = on_train, .on_icmp = on_icmp};

struct side {
    int fd;
    struct udp *u;
    struct got got;
    struct addr at;
};

static void send_on(struct got *g, const uint8_t *p, uint32_t n)
{
    struct udp_path path = {.peer = g->onward->at};
    struct udp_datagram d = {.head = "hd:", .nhead = 3, .data = p, .ndata = n, .pad = 2};
    assert_true(udp_send(g->by, &path, &d, 0));
}

static void let_die(struct got *g)
{
    struct side *s = g->dies;
    g->dies = NULL;
    udp_free(s->u);
    s->u = NULL;
}

static bool side_open_as(struct side *s, const char *ip, unsigned flags)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    memset(s, 0, sizeof *s);
    assert_true(addr_parse(&s->at, str_from(ip)));
    s->fd = udp_open(&s->at, flags);
    if (s->fd < 0)
        return false;
    getsockname(s->fd, (struct sockaddr *)&ss, &len);
    addr_from_sockaddr(&s->at, (struct sockaddr *)&ss, len);
    s->u = flags & UDP_RELAY ? udp_new_relay(net, s->fd, &s->at, &user, &s->got)
                             : udp_new(net, s->fd, &user, &s->got);
    assert_non_null(s->u);
    assert_int_equal(udp_port(s->u), s->at.port);
    return true;
}

static bool side_open(struct side *s, const char *ip)
{
    return side_open_as(s, ip, 0);
}

static void side_close(struct side *s)
{
    udp_free(s->u);
    close(s->fd);
}

#define PUMP_UNTIL(l, cond)                                              \
    do {                                                                 \
        int64_t until_ = clock_mono_us() + 90000000;                     \
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
        struct loop *l = open_loop();
        struct side server, client;
        if (!side_open(&server, pairs[i][0])) {
            close_loop(l);
            continue; /* no IPv6 here */
        }
        assert_true(side_open(&client, pairs[i][1]));
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
        close_loop(l);
    }
}

/* However late it is read. The kernel begins to stamp a little after the first socket has asked for it. */
static void it_is_known_when_a_packet_came(void **state)
{
    struct loop *l = open_loop();
    struct side a, b;
    int64_t sent;
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
    int64_t until = clock_mono_us() + 90 * US_PER_S;
    do {
        unsigned had = b.got.packets;
        send_to(&a, &b, "now", 3);
        udp_flush(net);
        sent = clock_mono_us();
        while (clock_mono_us() < sent + 5000) /* somebody else has the processor */
            ;
        PUMP_UNTIL(l, b.got.packets > had);
        assert_true(b.got.came_us <= clock_mono_us());
    } while (b.got.came_us > sent && clock_mono_us() < until);
    assert_true(b.got.came_us <= sent);
    side_close(&a);
    side_close(&b);
    close_loop(l);
}

static void equal_sizes_leave_with_one_send(void **state)
{
    struct loop *l = open_loop();
    struct counts *c = loop_counts(l);
    struct side a, b;
    uint8_t p[1200];
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
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
    close_loop(l);
}

static void destinations_are_gathered_and_order_holds(void **state)
{
    struct loop *l = open_loop();
    struct counts *c = loop_counts(l);
    struct side a, to[3];
    (void)state;
    assert_true(side_open(&a, "127.0.0.1"));
    for (int i = 0; i < 3; i++)
        assert_true(side_open(&to[i], "127.0.0.1"));
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
    close_loop(l);
}

static void more_than_the_queue_holds_still_leaves(void **state)
{
    struct loop *l = open_loop();
    struct side a, b;
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
    for (unsigned i = 0; i < UDP_QUEUE_MAX + 500; i++)
        send_to(&a, &b, "x", i % 2); /* empty datagrams too */
    PUMP_UNTIL(l, b.got.packets == UDP_QUEUE_MAX + 500);
    uint8_t big[9000];
    memset(big, 7, sizeof big);
    for (unsigned i = 0; i < 60; i++) /* more than UDP_ARENA_MAX */
        send_to(&a, &b, big, sizeof big);
    PUMP_UNTIL(l, b.got.packets == UDP_QUEUE_MAX + 560);
    side_close(&a);
    side_close(&b);
    close_loop(l);
}

static void a_refused_segment_send_is_done_singly(void **state)
{
    static const int errors[] = {EIO, EINVAL, EMSGSIZE};
    (void)state;
    for (int e = 0; e < 3; e++) {
        struct loop *l = open_loop();
        struct counts *c = loop_counts(l);
        struct side a, b;
        uint8_t p[500] = {0};
        assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
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
        close_loop(l);
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
        struct loop *l = open_loop();
        struct counts *c = loop_counts(l);
        struct side a, to[3];
        assert_true(side_open(&a, "127.0.0.1"));
        for (int i = 0; i < 3; i++)
            assert_true(side_open(&to[i], "127.0.0.1"));
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
        close_loop(l);
    }
}

static void receive_faults_lose_nothing(void **state)
{
    struct loop *l = open_loop();
    struct side a, b;
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
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
    close_loop(l);
}

static void wrong_arguments_are_refused(void **state)
{
    struct loop *l = open_loop();
    struct side a;
    static uint8_t big[70000];
    struct udp_path nowhere = {.ifindex = 0}, path = {.peer = addr_ip4(127, 0, 0, 1, 9)};
    struct udp_path other = {.peer = addr_ip6((uint8_t[16]){0}, 9)};
    struct udp_datagram d = {.head = big, .nhead = 40000, .data = big, .ndata = 40000};
    (void)state;
    assert_true(side_open(&a, "127.0.0.1"));
    assert_false(udp_send_copy(a.u, &path, big, sizeof big));
    assert_false(udp_send(a.u, &path, &d, 0));
    assert_false(udp_send_copy(a.u, &other, big, 1));
    assert_false(udp_send_copy(a.u, &nowhere, big, 1));
    assert_true(udp_rcvbuf(a.u) >= 200000);
    side_close(&a);
    close_loop(l);
}

static void what_finds_the_buffer_full_is_counted(void **state)
{
    struct loop *l = open_loop();
    struct side a, b;
    int small = 8192;
    static uint8_t p[1000];
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
    setsockopt(b.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 100; i++) {
        p[0] = (uint8_t)i;
        send_to(&a, &b, p, 1 + (size_t)i * 9); /* each longer: no two in one send */
    }
    udp_flush(net);
    PUMP_UNTIL(l, b.got.packets > 0);
    loop_round(l, 0);
    udp_count_lost(b.u);
    udp_count_lost(b.u); /* not twice */
    assert_int_equal(count_get(loop_counts(l), COUNT_DROP_UDP_RXQ_OVERFLOW), 100 - b.got.packets);
    assert_true(b.got.packets < 100);
    side_close(&a);
    side_close(&b);
    close_loop(l);
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
        fds[0] = udp_open(&at, UDP_REUSEPORT);
        if (fds[0] < 0)
            continue;
        getsockname(fds[0], (struct sockaddr *)&ss, &len);
        addr_from_sockaddr(&at, (struct sockaddr *)&ss, len);
        for (int i = 1; i < N; i++)
            assert_true((fds[i] = udp_open(&at, UDP_REUSEPORT)) >= 0);
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

/* A burst comes in by one socket and leaves by another, a head before each datagram. */
static void a_train_is_sent_on_by_another_socket_with_one_send(void **state)
{
    struct loop *l = open_loop();
    struct counts *c = loop_counts(l);
    struct side a, in, out, b;
    uint8_t p[1100];
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&in, "127.0.0.1"));
    assert_true(side_open_as(&out, "0.0.0.0", UDP_RELAY) && side_open(&b, "127.0.0.1"));
    in.got.onward = &b;
    in.got.by = out.u;
    for (unsigned i = 0; i < 32; i++) {
        memset(p, (int)i, sizeof p);
        send_to(&a, &in, p, sizeof p);
    }
    PUMP_UNTIL(l, b.got.packets == 32);
    assert_int_equal(in.got.trains, 1);
    assert_int_equal(count_get(c, COUNT_UDP_CALLS_OUT), 2); /* the burst, and what it became */
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(b.got.sizes[i], 3 + sizeof p + 2);
        assert_int_equal(b.got.firsts[i], 'h');
        assert_int_equal(b.got.fourths[i], i);
    }
    side_close(&a);
    side_close(&in);
    side_close(&out);
    side_close(&b);
    close_loop(l);
}

/* Many sockets get something in the same round: all slots are used, some of them twice, and what is
 * lent to the queue stays what it was until it has left. */
static void what_is_borrowed_holds_until_it_has_left(void **state)
{
    enum { MANY = 80 };
    struct loop *l = open_loop();
    static struct side from[MANY], a, b;
    uint8_t seen[256] = {0};
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1"));
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(side_open_as(&from[i], "127.0.0.1", UDP_RELAY));
        from[i].got.onward = &b;
        from[i].got.by = a.u;
    }
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t p[64];
        memset(p, (int)i, sizeof p);
        send_to(&a, &from[i], p, sizeof p);
        send_to(&a, &from[i], p, sizeof p - 1); /* another train */
        send_to(&a, &from[i], p, sizeof p);
    }
    PUMP_UNTIL(l, b.got.packets == 3 * MANY);
    for (unsigned i = 0; i < 3 * MANY; i++)
        seen[b.got.fourths[i]]++;
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(seen[i], 3);
        side_close(&from[i]);
    }
    side_close(&a);
    side_close(&b);
    close_loop(l);
}

static void a_socket_may_be_freed_by_what_it_got(void **state)
{
    struct loop *l = open_loop();
    struct side a, b, c;
    (void)state;
    assert_true(side_open(&a, "127.0.0.1") && side_open(&b, "127.0.0.1") &&
                side_open(&c, "127.0.0.1"));
    b.got.onward = &c;
    b.got.by = b.u;
    b.got.dies = &b;
    for (int i = 0; i < 3; i++)
        send_to(&a, &b, "last words", 5 + (size_t)i);
    PUMP_UNTIL(l, c.got.packets == 1);
    assert_null(b.u);
    loop_round(l, 0);
    assert_int_equal(b.got.packets, 1);
    side_close(&a);
    side_close(&b);
    side_close(&c);
    close_loop(l);
}

/* Nobody listens there: the error comes up with the peer it is about, and costs no other peer a
 * datagram. */
static void icmp_errors_name_the_peer(void **state)
{
    static const char *const ips[][2] = {{"0.0.0.0", "127.0.0.1"}, {"::", "::1"}};
    (void)state;
    for (int f = 0; f < 2; f++) {
        struct loop *l = open_loop();
        struct counts *c = loop_counts(l);
        struct side relay, deaf, peer;
        if (!side_open_as(&relay, ips[f][0], UDP_RELAY)) {
            close_loop(l);
            continue; /* no IPv6 here */
        }
        assert_true(side_open(&deaf, ips[f][1]) && side_open(&peer, ips[f][1]));
        side_close(&deaf);
        send_to(&relay, &deaf, "anybody?", 8);
        udp_flush(net);
        for (int i = 0; i < 3; i++)
            send_to(&relay, &peer, "x", 1); /* the pending error hits this call */
        PUMP_UNTIL(l, relay.got.icmps == 1 && peer.got.packets == 3);
        assert_true(addr_eq(&relay.got.icmp.peer, &deaf.at));
        assert_int_equal(relay.got.icmp.type, f == 0 ? 3 : 1);
        assert_int_equal(relay.got.icmp.code, f == 0 ? 3 : 4);
        assert_int_equal(count_get(c, COUNT_UDP_ICMP_IN), 1);
        assert_int_equal(count_get(c, COUNT_UDP_SEND_UNREACH), 0);
        side_close(&relay);
        side_close(&peer);
        close_loop(l);
    }
}

static int df_of(int fd)
{
    int how = -1;
    socklen_t len = sizeof how;
    getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, &len);
    return how;
}

static void fragments_only_where_they_may_be(void **state)
{
    struct loop *l = open_loop();
    struct side relay, peer;
    (void)state;
    assert_true(side_open_as(&relay, "0.0.0.0", UDP_RELAY) && side_open(&peer, "127.0.0.1"));
    struct udp_path path = {.peer = peer.at};
    struct udp_datagram d = {.head = "x", .nhead = 1};
    assert_int_equal(df_of(relay.fd), IP_PMTUDISC_DONT);
    assert_true(udp_send(relay.u, &path, &d, UDP_DF));
    udp_flush(net);
    assert_int_equal(df_of(relay.fd), IP_PMTUDISC_DO);
    assert_true(udp_send(relay.u, &path, &d, 0) && udp_send(relay.u, &path, &d, UDP_DF) &&
                udp_send(relay.u, &path, &d, 0));
    udp_flush(net);
    PUMP_UNTIL(l, peer.got.packets == 4);
    side_close(&relay);
    side_close(&peer);
    close_loop(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_leave_from_the_address_that_was_asked),
        cmocka_unit_test(it_is_known_when_a_packet_came),
        cmocka_unit_test(equal_sizes_leave_with_one_send),
        cmocka_unit_test(destinations_are_gathered_and_order_holds),
        cmocka_unit_test(more_than_the_queue_holds_still_leaves),
        cmocka_unit_test(a_refused_segment_send_is_done_singly),
        cmocka_unit_test(what_cannot_be_sent_is_counted_by_reason),
        cmocka_unit_test(receive_faults_lose_nothing),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_train_is_sent_on_by_another_socket_with_one_send),
        cmocka_unit_test(what_is_borrowed_holds_until_it_has_left),
        cmocka_unit_test(a_socket_may_be_freed_by_what_it_got),
        cmocka_unit_test(icmp_errors_name_the_peer),
        cmocka_unit_test(fragments_only_where_they_may_be),
        cmocka_unit_test(what_finds_the_buffer_full_is_counted),
        cmocka_unit_test(a_group_of_sockets_shares_by_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
