#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#include "relay_client.h"

/* ---- Tests ---- */

static void channels_carry_data_both_ways(void **state)
{
    (void)state;
    for (enum tuple_transport over = TUPLE_UDP; over <= TUPLE_TLS; over++) {
        struct house h;
        struct client *c = malloc(sizeof *c);
        struct other o;
        uint8_t p[2000], got[2000];
        house_open(&h, turn_conf());
        other_open(&o);
        client_open(c, &h, over);
        assert_true(client_allocate(c));
        assert_true(client_bind(c, 0x4001, &o.at));
        for (unsigned i = 1; i < 300; i += 7) {
            uint8_t data[300];
            size_t n;
            memset(data, (int)i, sizeof data);
            client_write(c, p, client_channel(c, 0x4001, p, data, i));
            assert_int_equal(other_wait(&o, &h, got, sizeof got), i);
            assert_memory_equal(got, data, i);
            assert_true(addr_eq(&o.relay, &c->relayed));
            other_send(&o, &o.relay, data, i, 0);
            const uint8_t *back = client_wait(c, &n);
            assert_int_equal(n, 4 + i);
            assert_int_equal(get_u16(back), 0x4001);
            assert_int_equal(get_u16(back + 2), i);
            assert_memory_equal(back + 4, data, i);
        }
        client_close(c);
        if (over != TUPLE_UDP) /* its connection was all that it had */
            PUMP_UNTIL(h.l, stats_of(&h).allocations == 0);
        close(o.fd);
        free(c);
        house_close(&h);
    }
}

/* What comes as one burst leaves as one send, in both directions. */
static void bursts_stay_bursts(void **state)
{
    enum { N = 32, SIZE = 1100, ROUNDS = 20, ANSWERS = 3 /* nonce, allocation, channel */ };
    struct house h;
    struct client *c = malloc(sizeof *c);
    struct other o, to;
    static uint8_t burst[N * (SIZE + 4)], got[65536];
    int seg = SIZE + 4;
    size_t n, packets = 0;
    (void)state;
    house_open(&h, turn_conf());
    other_open(&o);
    client_open(c, &h, TUPLE_UDP);
    assert_true(client_allocate(c) && client_bind(c, 0x4002, &o.at));
    local_of(c->p.fd, &to.at);
    COUNTED(&h, COUNT_UDP_PACKETS_OUT, ANSWERS);
    uint64_t calls = counted(&h, COUNT_UDP_CALLS_OUT);
    assert_int_equal(setsockopt(c->p.fd, SOL_UDP, 103, &seg, sizeof seg), 0);
    for (unsigned r = 0; r < ROUNDS; r++) {
        for (unsigned i = 0; i < N; i++) {
            uint8_t *p = burst + i * (SIZE + 4);
            memset(p, (int)(r + i), SIZE + 4);
            client_channel(c, 0x4002, p, got, 0);
            set_u16(p + 2, SIZE);
        }
        client_write(c, burst, sizeof burst);
        n = other_wait(&o, &h, got, sizeof got); /* its socket gathers, too */
        while (n < N * SIZE)
            n += other_wait(&o, &h, got + n, sizeof got - n);
        for (unsigned i = 0; i < N; i++)
            assert_int_equal(got[i * SIZE + 7], (uint8_t)(r + i));
        other_send(&o, &c->relayed, got, N * SIZE, SIZE);
        for (packets = 0; packets < N; packets++) {
            const uint8_t *p = client_wait(c, &n);
            assert_int_equal(n, SIZE + 4);
            assert_int_equal(p[10], (uint8_t)(r + packets));
        }
    }
    COUNTED(&h, COUNT_UDP_PACKETS_OUT, ANSWERS + 2 * N * ROUNDS);
    assert_true(counted(&h, COUNT_UDP_CALLS_OUT) - calls <= 2 * ROUNDS + 4);
    close(o.fd);
    client_close(c);
    free(c);
    house_close(&h);
}

/* Until some of it has been dropped as late; returns the number of the last datagram. */
static uint32_t fill(struct house *h, struct client *c, struct other *o, uint8_t *p, size_t size)
{
    uint64_t before = counted(h, COUNT_UDP_PACKETS_IN);
    int64_t until = clock_mono_us() + PATIENCE_US;
    uint32_t i = 0;
    while (counted(h, COUNT_DROP_STREAM_LATE) <= 100) {
        memset(p, (int)++i, size);
        set_u32(p, i);
        other_send(o, &c->relayed, p, size, 0);
        if (i % 20 == 0) /* more than its buffer holds would be lost there */
            PUMP_UNTIL(h->l, counted(h, COUNT_UDP_PACKETS_IN) >= before + i);
        assert_true(clock_mono_us() < until);
    }
    return i;
}

/* A client that reads nothing: what is late is dropped whole, and what arrives is whole. */
static void late_datagrams_are_dropped_whole(void **state)
{
    enum { SIZE = 1201 };
    (void)state;
    for (enum tuple_transport over = TUPLE_TCP; over <= TUPLE_TLS; over++) {
        struct house h;
        struct client *c = malloc(sizeof *c);
        struct other o;
        uint8_t p[SIZE];
        size_t n;
        unsigned arrived = 0;
        uint32_t last = 0, end;
        house_open(&h, turn_conf());
        other_open(&o);
        client_open(c, &h, over);
        assert_true(client_allocate(c) && client_bind(c, 0x4003, &o.at));
        end = fill(&h, c, &o, p, SIZE) + 1;
        set_u32(p, end);
        int64_t until = clock_mono_us() + PATIENCE_US;
        while (last < end) {
            const uint8_t *m = client_next(c, &n);
            if (m == NULL) { /* once the queue has emptied, this comes through */
                other_send(&o, &c->relayed, p, sizeof p, 0);
                loop_round(h.l, 1000);
                assert_true(clock_mono_us() < until);
                continue;
            }
            assert_int_equal(n, SIZE + 4);
            assert_true(get_u32(m + 4) > last); /* in order */
            last = get_u32(m + 4);
            arrived++;
            assert_int_equal(m[100], last == end ? p[96] : (uint8_t)last);
        }
        assert_true(arrived > 1);
        close(o.fd);
        client_close(c);
        free(c);
        house_close(&h);
    }
}

/* Somebody without an allocation, who says nothing more; until the server hangs up. */
static void silent_stranger(struct house *h)
{
    struct client *c = malloc(sizeof *c);
    uint64_t before = counted(h, COUNT_DROP_CONN_DEADLINE);
    uint8_t x;
    client_open(c, h, TUPLE_TCP);
    c->password = "wrong";
    c->brief = true;
    assert_false(client_allocate(c));
    COUNTED(h, COUNT_DROP_CONN_DEADLINE, before + 1);
    /* It is counted before it is closed. */
    PUMP_UNTIL(h->l, (peer_read(&c->p, &x, 1), client_ended(c)));
    client_close(c);
    free(c);
}

/* Who has one outlives those who have been silent since later. */
static void silent_connections_live_by_their_allocation(void **state)
{
    struct house h;
    struct client *a = malloc(sizeof *a);
    struct worker_conf conf = turn_conf();
    (void)state;
    conf.stream_idle_us = 100000;
    house_open(&h, conf);
    client_stay(a, &h, TUPLE_TCP);
    for (int i = 0; i < 3; i++)
        silent_stranger(&h);
    PUMP_UNTIL(h.l, stats_of(&h).allocations == 1);
    assert_true(client_permit(a, &(struct addr){.ip = {127, 0, 0, 1}, .family = 4, .port = 9}));
    client_close(a);
    PUMP_UNTIL(h.l, stats_of(&h).allocations == 0);
    free(a);
    house_close(&h);
}

static void icmp_errors_reach_the_client(void **state)
{
    struct house h;
    struct client *c = malloc(sizeof *c);
    struct other o;
    uint8_t p[100];
    size_t n;
    struct stun_msg m;
    struct addr about;
    struct sockaddr_storage elsewhere;
    (void)state;
    house_open(&h, turn_conf());
    other_open(&o);
    client_open(c, &h, TUPLE_UDP);
    assert_true(client_allocate(c) && client_bind(c, 0x4004, &o.at));
    /* Connected to somebody else it is as good as closed, and nobody else can get its port. */
    socklen_t len = addr_to_sockaddr(&h.set.udp_at[0], &elsewhere);
    assert_int_equal(connect(o.fd, (struct sockaddr *)&elsewhere, len), 0);
    client_write(c, p, client_channel(c, 0x4004, p, "anybody?", 8));
    const uint8_t *got = client_wait(c, &n);
    assert_int_equal(stun_parse(&m, got, n), STUN_OK);
    assert_int_equal(m.cls, STUN_INDICATION);
    assert_int_equal(m.method, STUN_DATA);
    const struct stun_attr *icmp = stun_find(&m, STUN_ICMP);
    assert_non_null(icmp);
    assert_int_equal(get_u16(stun_value(&m, icmp) + 2), 3 << 9 | 3); /* type and code */
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_PEER_ADDRESS), &about));
    assert_true(addr_eq_ip(&about, &o.at));
    close(o.fd);
    client_close(c);
    free(c);
    house_close(&h);
}

/* Posted before the client asks: in effect when it does, however busy the worker is. */
static void letters_are_read_before_the_request(void **state)
{
    struct house h;
    struct client *c = malloc(sizeof *c);
    struct other o;
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    struct worker_conf conf = turn_conf();
    (void)state;
    house_open(&h, conf);
    other_open(&o);
    for (uint64_t scope = 1; scope < 40; scope++) {
        struct media_scope *open = calloc(1, sizeof *open), *party = calloc(1, sizeof *party);
        open->letter = (struct letter){.kind = MEDIA_SCOPE_OPEN};
        open->scope = scope;
        turn_scope_credential(conf.turn.scope_key, scope, name, password);
        client_open(c, &h, scope % 2 ? TUPLE_UDP : TUPLE_TCP);
        c->user = name;
        c->password = password;
        assert_false(client_allocate(c)); /* not yet */
        assert_int_equal(c->error, 401);
        open->letter.drop = NULL;
        assert_true(worker_post(h.w, &open->letter));
        assert_true(client_allocate(c));
        assert_false(client_permit(c, &o.at));
        assert_int_equal(c->error, 403);
        party->letter = (struct letter){.kind = MEDIA_SCOPE_PARTY};
        party->scope = scope;
        party->party = scope + 1000;
        party->naddrs = 1;
        party->addrs[0] = o.at;
        party->addrs[0].port = 0;
        assert_true(worker_post(h.w, &party->letter));
        assert_true(client_permit(c, &o.at));
        assert_true(client_release(c));
        client_close(c);
        worker_ask_dump(h.w, scope); /* answered behind them: they are ours again */
        PUMP_UNTIL(h.l, h.cookie == scope);
        xfree(h.dumped);
        h.dumped = NULL;
        free(open);
        free(party);
    }
    close(o.fd);
    free(c);
    house_close(&h);
}

static void a_worker_that_drains_takes_nobody_new(void **state)
{
    struct house h;
    struct client *c = malloc(sizeof *c);
    struct letter drain = {.kind = MEDIA_DRAIN};
    (void)state;
    house_open(&h, turn_conf());
    assert_true(worker_post(h.w, &drain));
    client_open(c, &h, TUPLE_UDP);
    assert_false(client_allocate(c));
    assert_int_equal(c->error, 508);
    client_close(c);
    free(c);
    house_close(&h);
}

/* Two workers, each with an allocation that has the other one as its peer. */
static void relays_of_two_workers_reach_each_other(void **state)
{
    enum { N = 40, SIZE = 500 };
    struct house h[2];
    struct client *c[2];
    struct worker_team *team = worker_team_new(2);
    (void)state;
    assert_non_null(team);
    for (unsigned i = 0; i < 2; i++) {
        struct worker_conf conf = turn_conf();
        conf.index = i;
        conf.team = team;
        house_open(&h[i], conf);
        c[i] = malloc(sizeof *c[i]);
        client_open(c[i], &h[i], i == 0 ? TUPLE_UDP : TUPLE_TCP);
        assert_true(client_allocate(c[i]));
        assert_int_equal(c[i]->relayed.port / 2 % 2, i);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_true(client_bind(c[i], 0x4005, &c[1 - i]->relayed));
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < N; k++) {
            uint8_t data[SIZE], p[SIZE + 8];
            memset(data, (int)k, sizeof data);
            client_write(c[i], p, client_channel(c[i], 0x4005, p, data, SIZE - k));
        }
        bool seen[N] = {false}; /* in any order: UDP promises none */
        for (unsigned k = 0; k < N; k++) {
            size_t n;
            const uint8_t *p = client_wait(c[1 - i], &n);
            assert_int_equal(get_u16(p), 0x4005);
            assert_true(p[4] < N && !seen[p[4]]);
            seen[p[4]] = true;
            assert_int_equal(n, 4 + SIZE - p[4]);
            assert_int_equal(p[n - 1], p[4]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        client_close(c[i]);
        free(c[i]);
        house_close(&h[i]);
    }
    worker_team_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_carry_data_both_ways),
        cmocka_unit_test(bursts_stay_bursts),
        cmocka_unit_test(late_datagrams_are_dropped_whole),
        cmocka_unit_test(silent_connections_live_by_their_allocation),
        cmocka_unit_test(icmp_errors_reach_the_client),
        cmocka_unit_test(letters_are_read_before_the_request),
        cmocka_unit_test(a_worker_that_drains_takes_nobody_new),
        cmocka_unit_test(relays_of_two_workers_reach_each_other),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
