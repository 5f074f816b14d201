/* Which relayed addresses an Allocate gets: parity, reservations, families, workers, and what happens
 * when there is none (RFC 8656 7.2). */
#include "proto/turn_ports.h"
#include "unit/turn_world.h"

static struct request r;
static struct stun_msg m;

static struct client numbered(unsigned i)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    c.at.peer.port = (uint16_t)(2000 + i);
    return c;
}

/* EVEN-PORT; the token or 0 */
static int allocate_even(struct client *c, bool reserve, struct addr *relay, uint64_t *token)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put(&r.b, STUN_EVEN_PORT, reserve ? "\x80" : "", 1);
    int code = request_send(&r, c, &m);
    const struct stun_attr *at = code == 0 ? stun_find(&m, STUN_RESERVATION_TOKEN) : NULL;
    *relay = code == 0 ? relayed(&m) : (struct addr){0};
    *token = 0;
    if (at != NULL)
        assert_true(stun_get_u64(&m, at, token));
    return code;
}

static int allocate_reserved(struct client *c, uint64_t token, struct addr *relay)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put_u64(&r.b, STUN_RESERVATION_TOKEN, token);
    int code = request_send(&r, c, &m);
    *relay = code == 0 ? relayed(&m) : (struct addr){0};
    return code;
}

static int allocate_family(struct client *c, unsigned type, unsigned family)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    put_family(&r, type, family);
    return request_send(&r, c, &m);
}

/* ---- Parity ---- */

static void even_is_even(void **state)
{
    struct addr relay;
    uint64_t token;
    (void)state;
    world_start(&w);
    for (unsigned i = 0; i < 50; i++) {
        struct client c = numbered(i);
        assert_int_equal(allocate_even(&c, false, &relay, &token), 0);
        assert_int_equal(relay.port % 2, 0);
        assert_int_equal(token, 0);
    }
    assert_int_equal(stats()->reservations, 0);
}

static void the_next_port_is_kept_for_30_seconds(void **state)
{
    struct addr relay, next;
    uint64_t token;
    (void)state;
    world_start(&w);
    struct client a = numbered(0), b = numbered(1), c = numbered(2);
    assert_int_equal(allocate_even(&a, true, &relay, &token), 0);
    assert_int_not_equal(token, 0);
    assert_int_equal(stats()->reservations, 1);
    assert_int_equal(w.opened, 2);
    assert_int_equal(allocate_reserved(&b, token ^ 0x100, &next), 508);
    wait_us(&w, 30 * SEC - 1);
    assert_int_equal(allocate_reserved(&b, token, &next), 0);
    assert_int_equal(next.port, relay.port + 1);
    assert_int_equal(stats()->reservations, 0);
    assert_int_equal(w.opened, 2);
    assert_int_equal(allocate_reserved(&c, token, &next), 508); /* once */
    assert_int_equal(permit(&b, PUBLIC_PEER), 0);
    assert_int_equal(send_ind(&b, PUBLIC_PEER, "rtcp"), TURN_DROP_NONE);
    assert_int_equal(last_sent(&w, 0)->relay.at.port, relay.port + 1);
}

static void a_reservation_ends(void **state)
{
    struct addr relay, next;
    uint64_t token;
    (void)state;
    world_start(&w);
    struct client a = numbered(0), b = numbered(1);
    assert_int_equal(allocate_even(&a, true, &relay, &token), 0);
    wait_us(&w, 30 * SEC);
    assert_int_equal(stats()->reservations, 0);
    assert_int_equal(w.closed, 1);
    assert_int_equal(allocate_reserved(&b, token, &next), 508);
    assert_int_equal(drops(&w, TURN_DROP_CAPACITY), 1);
}

static void a_token_is_of_whom_it_was_given_to(void **state)
{
    struct addr relay, next;
    uint64_t token;
    (void)state;
    world_start(&w);
    struct client a = numbered(0), b = client_at(&w, "192.0.2.1:4001", "bob");
    assert_int_equal(allocate_even(&a, true, &relay, &token), 0);
    assert_int_equal(allocate_reserved(&b, token, &next), 508);
    b.name = "ann";
    assert_int_equal(allocate_reserved(&b, token, &next), 0);
}

static void what_arrives_at_a_reserved_port_goes_nowhere(void **state)
{
    struct addr relay;
    uint64_t token;
    (void)state;
    world_start(&w);
    struct client a = numbered(0);
    assert_int_equal(allocate_even(&a, true, &relay, &token), 0);
    relay.port++;
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NO_ALLOCATION);
}

/* ---- Families ---- */

static void without_a_word_it_is_ipv4(void **state)
{
    struct addr relay, six = address("2001:db8::9");
    (void)state;
    w.conf.announce6 = six;
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(relay.family, 4);
}

static void ipv6_relays(void **state)
{
    struct addr six = address("2001:db8::9"), relay;
    (void)state;
    w.conf.announce6 = six;
    world_start(&w);
    struct client c = numbered(0), d = numbered(1);
    assert_int_equal(allocate_family(&c, STUN_REQUESTED_ADDRESS_FAMILY, 2), 0);
    relay = relayed(&m);
    assert_true(addr_eq_ip(&relay, &six));
    assert_int_equal(stats()->allocated[TUPLE_UDP][1], 1);
    assert_int_equal(permit(&c, "8.8.4.4:1"), 443);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 0);
    assert_int_equal(send_ind(&c, "[2606:4700::1]:9", "six"), TURN_DROP_NONE);
    assert_true(peer_got(&w, "[2606:4700::1]:9", "six"));
    assert_int_equal(drops(&w, TURN_DROP_PEER_FAMILY), 1);
    assert_int_equal(allocate_family(&d, STUN_REQUESTED_ADDRESS_FAMILY, 3), 440);
}

static void a_family_without_relays_gets_440(void **state)
{
    (void)state;
    w.conf.no_relay4 = true;
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate(&c, NULL), 440);
    /* no IPv6 address is known: the client came by IPv4 */
    assert_int_equal(allocate_family(&c, STUN_REQUESTED_ADDRESS_FAMILY, 2), 440);
    assert_int_equal(drops(&w, TURN_DROP_FAMILY), 2);
    struct client six = client_at(&w, "[2001:db8::77]:5", "ann");
    assert_int_equal(allocate_family(&six, STUN_REQUESTED_ADDRESS_FAMILY, 2), 0);
    assert_int_equal(relayed(&m).family, 6);
}

static unsigned count_attrs(unsigned type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m.nattrs; i++)
        n += m.attrs[i].type == type;
    return n;
}

static void two_families_at_once(void **state)
{
    (void)state;
    w.conf.announce6 = address("2001:db8::9");
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate_family(&c, STUN_ADDITIONAL_ADDRESS_FAMILY, 2), 0);
    assert_int_equal(count_attrs(STUN_XOR_RELAYED_ADDRESS), 2);
    assert_int_equal(count_attrs(STUN_ADDRESS_ERROR_CODE), 0);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(stats()->relays, 2);
    assert_int_equal(permit(&c, "8.8.4.4:1"), 0);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 0);
    assert_int_equal(send_ind(&c, "[2606:4700::1]:9", "six"), TURN_DROP_NONE);
    assert_int_equal(last_sent(&w, 0)->relay.at.family, 6);
    assert_int_equal(send_ind(&c, "8.8.4.4:9", "four"), TURN_DROP_NONE);
    assert_int_equal(last_sent(&w, 0)->relay.at.family, 4);
}

static void one_of_two_families_is_enough(void **state)
{
    static const uint8_t no_six[4] = {2, 0, 4, 40};
    (void)state;
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate_family(&c, STUN_ADDITIONAL_ADDRESS_FAMILY, 2), 0);
    assert_int_equal(count_attrs(STUN_XOR_RELAYED_ADDRESS), 1);
    const struct stun_attr *at = stun_find(&m, STUN_ADDRESS_ERROR_CODE);
    assert_non_null(at);
    assert_int_equal(at->len, 4);
    assert_memory_equal(stun_value(&m, at), no_six, 4);
}

static int refresh_family(struct client *c, unsigned family, uint32_t lifetime)
{
    request_begin(&r, c, STUN_REFRESH);
    put_family(&r, STUN_REQUESTED_ADDRESS_FAMILY, family);
    stun_put_u32(&r.b, STUN_LIFETIME, lifetime);
    return request_send(&r, c, &m);
}

static void each_family_has_its_own_life(void **state)
{
    (void)state;
    w.conf.announce6 = address("2001:db8::9");
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate_family(&c, STUN_ADDITIONAL_ADDRESS_FAMILY, 2), 0);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 0);
    assert_int_equal(bind_channel(&c, 0x4000, "[2606:4700::1]:9"), 0);
    assert_int_equal(permit(&c, "8.8.4.4:1"), 0);
    wait_us(&w, 299 * SEC);
    assert_int_equal(refresh_family(&c, 1, 3600), 0);
    assert_int_equal(refresh_family(&c, 3, 600), 443);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 0);
    assert_int_equal(permit(&c, "8.8.4.4:1"), 0);
    wait_us(&w, 300 * SEC - 1);
    assert_int_equal(stats()->relays, 2);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 0);
    wait_us(&w, 1 * SEC + 1);
    assert_int_equal(stats()->relays, 1); /* IPv6 is gone, with all that it had */
    assert_int_equal(stats()->channels, 0);
    assert_int_equal(permit(&c, "[2606:4700::1]:1"), 443);
    assert_int_equal(refresh_family(&c, 2, 600), 443);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(refresh_family(&c, 1, 0), 0);
    assert_int_equal(stats()->allocations, 0);
    assert_int_equal(stats()->permissions, 0);
}

/* ---- Addresses ---- */

static void a_public_address_is_announced_for_another_one(void **state)
{
    struct addr relay, told = address("198.51.100.1");
    (void)state;
    w.conf.announce4 = told;
    w.conf.relay4 = address("10.0.0.5");
    world_start(&w);
    struct client c = numbered(0);
    assert_int_equal(allocate(&c, &relay), 0);
    assert_true(addr_eq_ip(&relay, &told));
    struct turn_relay *open = w.relays[0][relay.port];
    assert_non_null(open);
    assert_true(addr_eq_ip(&open->at, &w.conf.relay4));
}

/* ---- Scarcity ---- */

static void ports_of_a_small_range_are_all_given_and_no_other(void **state)
{
    bool seen[65536] = {false};
    struct addr relay;
    (void)state;
    w.conf.port_min = 40001;
    w.conf.port_max = 40010;
    w.conf.turn_port = 40003;
    w.conf.user_burst = 10000;
    world_start(&w);
    for (unsigned i = 0; i < 9; i++) {
        struct client c = numbered(i);
        assert_int_equal(allocate(&c, &relay), 0);
        assert_in_range(relay.port, 40001, 40010);
        assert_int_not_equal(relay.port, 40003);
        assert_false(seen[relay.port]);
        seen[relay.port] = true;
    }
    struct client c = numbered(9), first = numbered(0);
    assert_int_equal(allocate(&c, NULL), 508);
    assert_int_equal(stats()->allocations, 9);
    assert_int_equal(refresh(&first, 0, NULL), 0);
    assert_int_equal(allocate(&c, &relay), 0);
}

static void a_pair_needs_both_ports(void **state)
{
    struct addr relay;
    uint64_t token;
    (void)state;
    w.conf.port_min = 40001; /* pairs: 40002, 40003 */
    w.conf.port_max = 40004;
    world_start(&w);
    struct client a = numbered(0), b = numbered(1), c = numbered(2), d = numbered(3);
    assert_int_equal(allocate_even(&a, true, &relay, &token), 0);
    assert_int_equal(relay.port, 40002);
    assert_int_equal(allocate_even(&b, true, &relay, &token), 508);
    assert_int_equal(allocate_even(&b, false, &relay, &token), 0);
    assert_int_equal(relay.port, 40004);
    assert_int_equal(allocate_even(&c, false, &relay, &token), 508);
    assert_int_equal(allocate(&d, &relay), 0);
    assert_int_equal(relay.port, 40001);
}

static void a_port_that_others_hold_is_not_given(void **state)
{
    struct addr relay;
    uint64_t token;
    (void)state;
    world_start(&w);
    struct client a = numbered(0), b = numbered(1);
    w.refuse_open = 3;
    assert_int_equal(allocate(&a, &relay), 0);
    w.refuse_open = 1000;
    assert_int_equal(allocate(&b, &relay), 508);
    assert_in_range(1000 - w.refuse_open, 2, 64); /* it doesn't try all */
    w.refuse_open = 0;
    assert_int_equal(allocate_even(&b, true, &relay, &token), 0);
    assert_int_equal(w.opened - w.closed, 3);
}

/* ---- Workers ---- */

static void workers_share_no_port_and_keep_pairs(void **state)
{
    struct addr relay;
    uint64_t token;
    (void)state;
    for (unsigned worker = 0; worker < 3; worker++) {
        if (worker > 0) {
            world_end(&w);
            world_conf(&w);
        }
        w.conf.worker = worker;
        w.conf.workers = 3;
        w.conf.user_burst = 10000;
        world_start(&w);
        for (unsigned i = 0; i < 60; i++) {
            struct client c = numbered(i);
            assert_int_equal(allocate_even(&c, i % 2, &relay, &token), 0);
            assert_int_equal(turn_port_owner(relay.port, 3), worker);
            assert_int_equal(turn_port_owner((uint16_t)(relay.port + 1), 3), worker);
        }
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_configured, end)
    const struct CMUnitTest tests[] = {
        T(even_is_even),
        T(the_next_port_is_kept_for_30_seconds),
        T(a_reservation_ends),
        T(a_token_is_of_whom_it_was_given_to),
        T(what_arrives_at_a_reserved_port_goes_nowhere),
        T(without_a_word_it_is_ipv4),
        T(ipv6_relays),
        T(a_family_without_relays_gets_440),
        T(two_families_at_once),
        T(one_of_two_families_is_enough),
        T(each_family_has_its_own_life),
        T(a_public_address_is_announced_for_another_one),
        T(ports_of_a_small_range_are_all_given_and_no_other),
        T(a_pair_needs_both_ports),
        T(a_port_that_others_hold_is_not_given),
        T(workers_share_no_port_and_keep_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
