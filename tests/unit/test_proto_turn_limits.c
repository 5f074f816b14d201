/* Quotas, rates, bandwidth, caps; what happens when memory runs out; and ten thousand at once. */
#include "unit/turn_world.h"

static struct request r;
static struct stun_msg m;

static struct client numbered(unsigned i, const char *name)
{
    struct client c = client_at(&w, "192.0.2.1:4000", name);
    c.at.peer.ip[2] = (uint8_t)(i >> 8);
    c.at.peer.ip[3] = (uint8_t)i;
    return c;
}

/* ---- Quotas ---- */

static void a_user_has_so_many_allocations(void **state)
{
    (void)state;
    w.conf.user_quota = 3;
    world_start(&w);
    for (unsigned i = 0; i < 3; i++) {
        struct client c = numbered(i, "ann");
        assert_int_equal(allocate(&c, NULL), 0);
    }
    struct client fourth = numbered(3, "ann"), first = numbered(0, "ann"), bob = numbered(4, "bob");
    assert_int_equal(allocate(&fourth, NULL), 486);
    assert_int_equal(allocate(&bob, NULL), 0);
    assert_int_equal(refresh(&first, 0, NULL), 0);
    assert_int_equal(allocate(&fourth, NULL), 0);
    assert_int_equal(drops(&w, TURN_DROP_QUOTA), 1);
}

static void all_users_together_have_so_many(void **state)
{
    struct client in_call;
    (void)state;
    w.conf.total_quota = 2;
    world_start(&w);
    struct client a = numbered(0, "ann"), b = numbered(1, "bob"), c = numbered(2, "bob");
    assert_int_equal(allocate(&a, NULL), 0);
    assert_int_equal(allocate(&b, NULL), 0);
    assert_int_equal(allocate(&c, NULL), 486);
    client_in_call(&in_call, &w, "192.0.2.50:1", 77);
    assert_int_equal(allocate(&in_call, NULL), 0); /* calls don't count */
    assert_int_equal(refresh(&a, 0, NULL), 0);
    assert_int_equal(allocate(&c, NULL), 0);
}

static void a_participant_has_so_many(void **state)
{
    (void)state;
    w.conf.scope_quota = 4;
    world_start(&w);
    for (unsigned i = 0; i < 5; i++) {
        struct client c;
        client_in_call(&c, &w, "192.0.2.1:4000", 77);
        c.at.peer.port = (uint16_t)(5000 + i);
        assert_int_equal(allocate(&c, NULL), i < 4 ? 0 : 486);
    }
}

static void the_worker_has_so_many(void **state)
{
    (void)state;
    w.conf.max_allocations = 2;
    world_start(&w);
    struct client a = numbered(0, "ann"), b = numbered(1, "bob"), c = numbered(2, "bob");
    assert_int_equal(allocate(&a, NULL), 0);
    assert_int_equal(allocate(&b, NULL), 0);
    assert_int_equal(allocate(&c, NULL), 508);
    assert_int_equal(drops(&w, TURN_DROP_CAPACITY), 1);
    wait_us(&w, 600 * SEC);
    assert_int_equal(allocate(&c, NULL), 0);
}

static void peers_of_an_allocation_are_counted(void **state)
{
    char peer[32];
    (void)state;
    w.conf.permissions = 5;
    w.conf.channels = 3;
    world_start(&w);
    struct client c = numbered(0, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(peer, sizeof peer, "8.8.4.%u:9", i);
        assert_int_equal(permit(&c, peer), 0);
    }
    assert_int_equal(permit(&c, "8.8.4.9:9"), 508);
    assert_int_equal(permit(&c, "8.8.4.4:10"), 0); /* there already */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(bind_channel(&c, 0x4000 + i,
                                      i == 0   ? "8.8.4.0:1"
                                      : i == 1 ? "8.8.4.1:1"
                                               : "8.8.4.2:1"),
                         0);
    assert_int_equal(bind_channel(&c, 0x4003, "8.8.4.3:1"), 508);
    assert_int_equal(refresh(&c, 0, NULL), 0);
    assert_int_equal(allocate(&c, NULL), 0);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(peer, sizeof peer, "8.8.4.%u:9", i);
        assert_int_equal(permit(&c, peer), 0);
    }
    assert_int_equal(bind_channel(&c, 0x4000, "8.8.4.77:1"), 508); /* no room for its permission */
    assert_int_equal(stats()->channels, 0);
}

/* All or nothing when the last does not fit. */
static void permissions_that_do_not_fit_are_none(void **state)
{
    (void)state;
    w.conf.permissions = 3;
    world_start(&w);
    struct client c = numbered(0, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(permit(&c, "8.8.4.1:9"), 0);
    request_begin(&r, &c, STUN_CREATE_PERMISSION);
    for (unsigned i = 0; i < 4; i++) {
        struct addr a = address("8.8.4.1:9");
        a.ip[3] = (uint8_t)(1 + i);
        stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &a);
    }
    assert_int_equal(request_send(&r, &c, &m), 508);
    assert_int_equal(stats()->permissions, 1);
}

/* ---- Rates ---- */

static int challenge(struct client *c)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    return request_raw(&r, c, &m);
}

static unsigned looked_up;

static bool count_look_ups(void *ctx, const struct stun_auth_query *q, struct stun_user *out)
{
    looked_up++;
    return turn_users_find(ctx, q, out);
}

/* A flood costs no more than looking into a table. */
static void who_has_used_up_the_answers_is_not_even_checked(void **state)
{
    (void)state;
    w.conf.challenge_burst = 10;
    w.conf.auth.users.find = count_look_ups;
    world_start(&w);
    struct client c = numbered(0, "ann");
    c.password = "wrong";
    looked_up = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(allocate(&c, NULL), 401);
    assert_true(looked_up >= 10);
    unsigned before = looked_up;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(allocate(&c, NULL), -1);
    assert_int_equal(looked_up, before);
}

static void strangers_get_few_answers_over_udp(void **state)
{
    (void)state;
    w.conf.challenge_burst = 10;
    w.conf.challenge_per_s = 2;
    world_start(&w);
    struct client c = numbered(0, "ann"), other = numbered(1, "ann"), tcp = numbered(0, "ann");
    tcp.at.transport = TUPLE_TCP;
    tcp.at.stream = 1;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(challenge(&c), 401);
    assert_int_equal(challenge(&c), -1);
    assert_int_equal(w.drop, TURN_DROP_CHALLENGE_RATE);
    c.at.peer.port++; /* it is the address that counts */
    assert_int_equal(challenge(&c), -1);
    assert_int_equal(challenge(&other), 401);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(challenge(&tcp), 401); /* its address is proven */
    w.now += SEC;
    assert_int_equal(challenge(&c), 401);
    assert_int_equal(challenge(&c), 401);
    assert_int_equal(challenge(&c), -1);
    assert_int_equal(drops(&w, TURN_DROP_CHALLENGE_RATE), 3);
}

static void a_flood_does_not_reach_those_who_are_in(void **state)
{
    (void)state;
    w.conf.challenge_burst = 5;
    w.conf.challenge_per_s = 1;
    world_start(&w);
    struct client c = numbered(0, "ann"), liar = numbered(0, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    liar.at.peer.port = 1;
    liar.password = "wrong";
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(allocate(&liar, NULL), 401);
    assert_int_equal(allocate(&liar, NULL), -1);
    assert_int_equal(refresh(&c, 600, NULL), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
}

/* Whoever writes the address of somebody who is in cannot use up the nonce that this one will need. */
static void a_lie_does_not_cost_the_others_their_nonce(void **state)
{
    static struct request own;
    (void)state;
    w.conf.challenge_burst = 3;
    w.conf.challenge_per_s = 1;
    w.conf.auth.nonce_us = SEC;
    world_start(&w);
    struct client c = numbered(0, "ann"), liar = numbered(0, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    liar.at.peer.port = 1;
    for (unsigned i = 0; i < 10; i++)
        challenge(&liar);
    assert_int_equal(challenge(&liar), -1);
    request_begin(&own, &c, STUN_REFRESH);
    put_auth(&own, &c);
    w.now += SEC + 100 * MS;
    for (unsigned i = 0; i < 10; i++)
        challenge(&liar);
    assert_int_equal(challenge(&liar), -1);
    assert_int_equal(request_raw(&own, &c, &m), 438);
}

static void one_client_asks_so_often(void **state)
{
    (void)state;
    w.conf.user_burst = 10;
    w.conf.user_per_s = 5;
    world_start(&w);
    struct client c = numbered(0, "ann"), other = numbered(1, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), -1);
    assert_int_equal(w.drop, TURN_DROP_USER_RATE);
    assert_int_equal(allocate(&other, NULL), 0);
    w.now += 200 * MS;
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), -1);
}

static void a_participant_allocates_so_often(void **state)
{
    struct client c;
    unsigned good = 0;
    (void)state;
    w.conf.user_burst = 10;
    w.conf.user_per_s = 5;
    world_start(&w);
    for (unsigned i = 0; i < 30; i++) {
        client_in_call(&c, &w, "192.0.2.1:4000", 77);
        c.at.peer.port = (uint16_t)(5000 + i);
        if (allocate(&c, NULL) != 0)
            continue;
        good++;
        assert_int_equal(refresh(&c, 0, NULL), 0);
    }
    assert_int_equal(good, 10);
}

/* ---- Bandwidth ---- */

/* How many bytes of 1,000-byte packets pass in so many seconds, at four times the rate. */
static uint64_t pushed(struct client *c, struct addr *relay, bool up, unsigned seconds)
{
    uint8_t p[1000] = {0};
    uint64_t passed = 0;
    for (unsigned i = 0; i < seconds * 500; i++) {
        enum turn_drop d = up ? channel_send(c, 0x4000, p, sizeof p)
                              : peer_sends(&w, relay, PUBLIC_PEER, p, sizeof p);
        assert_true(d == TURN_DROP_NONE || d == TURN_DROP_BANDWIDTH);
        passed += d == TURN_DROP_NONE ? sizeof p : 0;
        w.now += 2 * MS;
    }
    return passed;
}

static void bandwidth_is_limited_each_way(void **state)
{
    struct addr relay;
    (void)state;
    w.conf.max_bps = 1000000; /* 125,000 bytes a second */
    world_start(&w);
    struct client c = numbered(0, "ann");
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    for (unsigned way = 0; way < 2; way++) {
        w.now += 10 * SEC;
        uint64_t burst = pushed(&c, &relay, way == 0, 1); /* what had been saved is used up */
        assert_in_range(burst, 125000, 125000 + 65536 + 1000);
        assert_in_range(pushed(&c, &relay, way == 0, 10), 1249000, 1251000);
    }
    assert_true(drops(&w, TURN_DROP_BANDWIDTH) > 5000);
    assert_int_equal(stats()->up_bytes + stats()->down_bytes,
                     (stats()->up_packets + stats()->down_packets) * 1000);
}

static void all_share_the_bandwidth_of_the_worker(void **state)
{
    struct addr ra, rb;
    (void)state;
    w.conf.total_bps = 1000000;
    world_start(&w);
    struct client a = numbered(0, "ann"), b = numbered(1, "ann");
    assert_int_equal(allocate(&a, &ra), 0);
    assert_int_equal(bind_channel(&a, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(allocate(&b, &rb), 0);
    assert_int_equal(bind_channel(&b, 0x4000, PUBLIC_PEER), 0);
    pushed(&a, &ra, true, 2);
    uint8_t p[1000] = {0};
    unsigned passed = 0;
    for (unsigned i = 0; i < 5000; i++) {
        passed += channel_send(i % 2 ? &a : &b, 0x4000, p, sizeof p) == TURN_DROP_NONE;
        w.now += 2 * MS;
    }
    assert_in_range(passed, 1249, 1251);
}

static void a_large_datagram_passes_a_small_limit(void **state)
{
    static uint8_t p[60000];
    (void)state;
    w.conf.max_bps = 8000;
    world_start(&w);
    struct client c = numbered(0, "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(refresh(&c, 3600, NULL), 0);
    w.now += 80 * SEC;
    assert_int_equal(channel_send(&c, 0x4000, p, sizeof p), TURN_DROP_BANDWIDTH);
}

/* ---- Draining ---- */

static void who_drains_sends_newcomers_elsewhere(void **state)
{
    struct addr there = address("203.0.113.50:3478"), said;
    (void)state;
    w.conf.alternate = there;
    world_start(&w);
    struct client c = numbered(0, "ann"), d = numbered(1, "ann");
    struct client six = client_at(&w, "[2001:db8::77]:5", "ann");
    assert_int_equal(allocate(&c, NULL), 0);
    turn_server_drain(w.s);
    request_begin(&r, &d, STUN_ALLOCATE);
    put_udp(&r);
    assert_int_equal(request_send(&r, &d, &m), 300);
    assert_true(stun_get_addr(&m, stun_find(&m, STUN_ALTERNATE_SERVER), &said));
    assert_true(addr_eq(&said, &there));
    assert_int_equal(allocate(&six, NULL), 508); /* nothing in its family */
    assert_int_equal(refresh(&c, 600, NULL), 0); /* who is here stays */
    assert_int_equal(drops(&w, TURN_DROP_ALTERNATE), 1);
}

static void without_an_alternate_it_is_508(void **state)
{
    (void)state;
    world_start(&w);
    struct client c = numbered(0, "ann");
    turn_server_drain(w.s);
    assert_int_equal(allocate(&c, NULL), 508);
}

/* ---- Memory ---- */

/* A life with all that takes memory, whatever fails. How many allocations there were. */
static uint64_t life(uint64_t fail_at)
{
    struct client a, ann, ben;
    struct addr ra, rb, peer = address(PUBLIC_PEER);
    struct request *rq = &r;
    uint8_t binding[STUN_MESSAGE_MAX];
    struct stun_builder b;
    world_conf(&w);
    w.conf.announce6 = address("2001:db8::9");
    world_start(&w);
    a = client_at(&w, "192.0.2.1:4000", "ann");
    client_in_call(&ann, &w, "192.0.2.2:1", 100);
    client_in_call(&ben, &w, "192.0.2.3:1", 200);
    turn_scopes_party(w.scopes, 100, 200, STR("benpwd"), &peer, 1);
    turn_scopes_party(w.scopes, 200, 100, STR("annpwd"), &peer, 1);
    mem_fail_at(fail_at);
    request_begin(rq, &a, STUN_ALLOCATE);
    put_udp(rq);
    put_family(rq, STUN_ADDITIONAL_ADDRESS_FAMILY, 2);
    int code = request_send(rq, &a, &m);
    assert_true(code == 0 || code == 500 || code == 508 || code == 401);
    code = bind_channel(&a, 0x4000, PUBLIC_PEER);
    assert_true(code == 0 || code == 508 || code == 401 || code == 437 || code == 443);
    a.at.peer.port++;
    request_begin(rq, &a, STUN_ALLOCATE);
    put_udp(rq);
    stun_put(&rq->b, STUN_EVEN_PORT, "\x80", 1);
    code = request_send(rq, &a, &m);
    assert_true(code == 0 || code == 500 || code == 508 || code == 401);
    allocate(&ann, &ra);
    allocate(&ben, &rb);
    if (ra.port != 0 && rb.port != 0) {
        bind_to(&ann, 0x4000, &rb);
        bind_to(&ben, 0x4000, &ra);
    }
    permit(&ann, PUBLIC_PEER);
    stun_begin(&b, binding, sizeof binding, STUN_SUCCESS, STUN_BINDING, rq->txid);
    stun_put_integrity(&b, "benpwd", 6);
    channel_send(&ben, 0x4000, binding, stun_end(&b));
    uint64_t tries = mem_try_count();
    mem_fail_at(0);
    world_check(&w);
    wait_us(&w, 3600 * SEC);
    assert_int_equal(stats()->allocations + stats()->relays + stats()->permissions +
                         stats()->channels + stats()->reservations,
                     0);
    world_end(&w);
    return tries;
}

static void memory_may_run_out_anywhere(void **state)
{
    uint64_t n = 1;
    (void)state;
    world_start(&w);
    world_end(&w);
    while (life(n) >= n)
        assert_in_range(++n, 1, 1000);
    assert_in_range(n, 8, 1000); /* one for each pool at least */
    world_new(&w);
}

static void without_memory_it_is_500_and_later_it_works(void **state)
{
    (void)state;
    world_start(&w);
    struct client c = numbered(0, "ann");
    mem_fail_at(1);
    int code = allocate(&c, NULL);
    mem_fail_at(0);
    assert_int_equal(code, 500);
    assert_int_equal(drops(&w, TURN_DROP_SERVER_ERROR), 1);
    assert_int_equal(allocate(&c, NULL), 0);
}

/* ---- Many ---- */

static void ten_thousand_at_once_come_and_go(void **state)
{
    enum { MANY = 10000 };
    (void)state;
    w.conf.challenge_burst = 1000000;
    world_start(&w);
    for (unsigned i = 0; i < MANY; i++) {
        struct client c = numbered(i, "ann");
        assert_int_equal(allocate(&c, NULL), 0);
        w.now += MS;
    }
    assert_int_equal(stats()->allocations, MANY);
    struct client more = numbered(MANY, "ann");
    assert_int_equal(allocate(&more, NULL), 508);
    for (unsigned i = 0; i < MANY; i += 97) {
        struct client c = numbered(i, "ann");
        assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
        assert_int_equal(channel_text(&c, 0x4000, "hello"), TURN_DROP_NONE);
    }
    world_check(&w);
    wait_us(&w, 590 * SEC); /* the first ones end */
    assert_in_range(stats()->allocations, MANY - 5, MANY);
    wait_us(&w, 5 * SEC);
    assert_in_range(stats()->allocations, MANY / 2 - 10, MANY / 2 + 10);
    wait_us(&w, 5 * SEC);
    assert_int_equal(stats()->allocations, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_configured, end)
    const struct CMUnitTest tests[] = {
        T(a_user_has_so_many_allocations),
        T(all_users_together_have_so_many),
        T(a_participant_has_so_many),
        T(the_worker_has_so_many),
        T(peers_of_an_allocation_are_counted),
        T(permissions_that_do_not_fit_are_none),
        T(who_has_used_up_the_answers_is_not_even_checked),
        T(strangers_get_few_answers_over_udp),
        T(a_flood_does_not_reach_those_who_are_in),
        T(a_lie_does_not_cost_the_others_their_nonce),
        T(one_client_asks_so_often),
        T(a_participant_allocates_so_often),
        T(bandwidth_is_limited_each_way),
        T(all_share_the_bandwidth_of_the_worker),
        T(a_large_datagram_passes_a_small_limit),
        T(who_drains_sends_newcomers_elsewhere),
        T(without_an_alternate_it_is_508),
        T(memory_may_run_out_anywhere),
        T(without_memory_it_is_500_and_later_it_works),
        T(ten_thousand_at_once_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
