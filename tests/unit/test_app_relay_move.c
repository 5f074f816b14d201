/* Connections that come to one worker with a ticket or a token of another: they move there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#include "relay_client.h"

struct pair {
    struct worker_team *team;
    struct house h[2];
    struct client *c[2];
};

static struct worker_conf conf_of(struct pair *p, unsigned index)
{
    struct worker_conf c = turn_conf();
    c.index = index;
    c.team = p->team;
    c.turn.server.mobility = true;
    return c;
}

/* c[0] is at worker 0, c[1] comes to worker 1. */
static void pair_open(struct pair *p, enum tuple_transport over)
{
    p->team = worker_team_new(2);
    assert_non_null(p->team);
    for (unsigned i = 0; i < 2; i++) {
        house_open(&p->h[i], conf_of(p, i));
        p->c[i] = malloc(sizeof *p->c[i]);
        client_open(p->c[i], &p->h[i], over);
    }
}

/* The connection may be at either worker: both are stopped before anybody counts. */
static void pair_close(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        client_close(p->c[i]);
        free(p->c[i]);
    }
    house_close(&p->h[0]);
    house_close(&p->h[1]);
    worker_team_free(p->team);
}

/* What the server gave in an attribute of its answer. */
struct gift {
    uint8_t p[64];
    size_t n;
};

static struct gift gift_of(const struct stun_msg *m, unsigned type)
{
    struct gift g = {.n = 0};
    const struct stun_attr *at = stun_find(m, type);
    assert_non_null(at);
    assert_in_range(at->len, 1, sizeof g.p);
    g.n = at->len;
    memcpy(g.p, stun_value(m, at), g.n);
    return g;
}

/* One request with one attribute more. */
static bool ask(struct client *c, unsigned method, unsigned type, const void *v, size_t n,
                struct stun_msg *m)
{
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    client_begin(c, &b, mem, method);
    if (method == STUN_ALLOCATE)
        stun_put_u32(&b, STUN_REQUESTED_TRANSPORT, 17u << 24);
    stun_put(&b, type, v, n);
    return client_ask(c, &b, m);
}

/* Learns its nonce by an allocation that is given back. */
static void introduce(struct client *c)
{
    struct stun_msg m;
    assert_true(client_allocate(c));
    assert_true(ask(c, STUN_REFRESH, STUN_LIFETIME, "\0\0\0\0", 4, &m));
}

static void relays_work(struct client *c)
{
    struct addr at = addr_ip4(127, 0, 0, 1, 0), from = {0};
    uint8_t frame[16], got[16];
    int fd = udp_open(&at, 0);
    ssize_t n = -1;
    assert_true(fd >= 0);
    local_of(fd, &from);
    assert_true(client_bind(c, 0x4000, &from));
    client_write(c, frame, client_channel(c, 0x4000, frame, "moved", 5));
    PUMP_UNTIL(c->h->l, (n = recv(fd, got, sizeof got, 0)) >= 0);
    assert_int_equal(n, 5);
    assert_memory_equal(got, "moved", 5);
    close(fd);
}

static void a_ticket_takes_its_connection_along(void **state)
{
    static const enum tuple_transport over[] = {TUPLE_TCP, TUPLE_TLS};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(over); i++) {
        struct pair p;
        struct stun_msg m;
        pair_open(&p, over[i]);
        introduce(p.c[0]);
        introduce(p.c[1]);
        assert_true(ask(p.c[0], STUN_ALLOCATE, STUN_MOBILITY_TICKET, "", 0, &m));
        struct gift ticket = gift_of(&m, STUN_MOBILITY_TICKET);
        assert_true(ask(p.c[1], STUN_REFRESH, STUN_MOBILITY_TICKET, ticket.p, ticket.n, &m));
        gift_of(&m, STUN_MOBILITY_TICKET);
        relays_work(p.c[1]);
        pair_close(&p);
    }
}

static void a_token_takes_its_connection_along(void **state)
{
    struct pair p;
    struct stun_msg m;
    struct addr relay;
    (void)state;
    pair_open(&p, TUPLE_TCP);
    introduce(p.c[0]);
    introduce(p.c[1]);
    assert_true(ask(p.c[0], STUN_ALLOCATE, STUN_EVEN_PORT, "\x80", 1, &m));
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_RELAYED_ADDRESS), &relay));
    struct gift token = gift_of(&m, STUN_RESERVATION_TOKEN);
    assert_true(ask(p.c[1], STUN_ALLOCATE, STUN_RESERVATION_TOKEN, token.p, token.n, &m));
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_RELAYED_ADDRESS), &p.c[1]->relayed));
    assert_int_equal(p.c[1]->relayed.port, relay.port + 1);
    relays_work(p.c[1]);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_takes_its_connection_along),
        cmocka_unit_test(a_token_takes_its_connection_along),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
