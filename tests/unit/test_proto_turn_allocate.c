/* Allocate and Refresh: what is given, refused, and when it ends (RFC 8656 7, 8). */
#include "unit/turn_world.h"

static struct request r;
static struct stun_msg m;

/* ---- Who ---- */

static void strangers_are_asked_for_credentials_and_leave_nothing(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    assert_int_equal(request_raw(&r, &c, &m), 401);
    assert_non_null(stun_find(&m, STUN_REALM));
    assert_non_null(stun_find(&m, STUN_NONCE));
    assert_null(stun_find(&m, STUN_SOFTWARE));
    assert_null(stun_find(&m, STUN_FINGERPRINT));
    assert_int_equal(w.drop, TURN_DROP_UNAUTHORIZED);
    assert_int_equal(stats()->allocations, 0);
    assert_int_equal(turn_server_deadline(w.s), INT64_MAX);
    c.password = "guess";
    assert_int_equal(allocate(&c, NULL), 401);
    c.name = "nobody";
    assert_int_equal(allocate(&c, NULL), 401);
    assert_int_equal(drops(&w, TURN_DROP_UNAUTHORIZED), 3);
    assert_int_equal(stats()->requests, 3);
}

static void an_old_nonce_is_stale(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    put_auth(&r, &c);
    w.now += 2 * 3600 * SEC;
    assert_int_equal(request_raw(&r, &c, &m), 438);
    assert_non_null(stun_find(&m, STUN_NONCE));
    assert_int_equal(drops(&w, TURN_DROP_STALE_NONCE), 1);
}

static void an_allocation_has_what_the_rfc_says(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay, mapped, want = address(LOCAL_IP);
    (void)state;
    c.fingerprint = true;
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    assert_int_equal(request_send(&r, &c, &m), 0);
    relay = relayed(&m);
    assert_true(relay.port >= 49152);
    assert_true(addr_eq_ip(&relay, &want));
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_MAPPED_ADDRESS), &mapped));
    assert_true(addr_eq(&mapped, &c.at.peer));
    assert_int_equal(lifetime_in(&m), 600);
    assert_null(stun_find(&m, STUN_SOFTWARE));
    assert_null(stun_find(&m, STUN_RESERVATION_TOKEN));
    assert_null(stun_find(&m, STUN_MOBILITY_TICKET));
    assert_int_equal(w.opened, 1);
    assert_int_equal(stats()->allocated[TUPLE_UDP][0], 1);
}

static void the_answer_has_the_integrity_of_the_request(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    c.sha256 = true;
    assert_int_equal(allocate(&c, NULL), 0);
    c.sha256 = false;
    assert_int_equal(refresh(&c, 600, NULL), 0);
}

/* ---- Repeated requests ---- */

static void a_repeated_request_is_answered_with_the_same_bytes(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put(&r.b, STUN_EVEN_PORT, "\x80", 1);
    assert_int_equal(request_send(&r, &c, &m), 0);
    uint8_t first[STUN_MESSAGE_MAX];
    uint32_t n = last_sent(&w, 0)->n;
    memcpy(first, last_sent(&w, 0)->p, n);
    w.now += 3 * SEC;
    assert_int_equal(request_raw(&r, &c, &m), 0);
    assert_int_equal(last_sent(&w, 0)->n, n);
    assert_memory_equal(last_sent(&w, 0)->p, first, n);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(stats()->reservations, 1);
}

static void another_allocate_on_the_same_tuple_is_a_mismatch(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(allocate(&c, NULL), 437);
    assert_int_equal(drops(&w, TURN_DROP_MISMATCH), 1);
    assert_int_equal(stats()->allocations, 1);
}

static void a_repeated_end_is_answered_as_the_first(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    request_begin(&r, &c, STUN_REFRESH);
    stun_put_u32(&r.b, STUN_LIFETIME, 0);
    assert_int_equal(request_send(&r, &c, &m), 0);
    assert_int_equal(stats()->allocations, 0);
    w.now += 39 * SEC;
    assert_int_equal(request_raw(&r, &c, &m), 0);
    assert_int_equal(lifetime_in(&m), 0);
    w.now += 1 * SEC;
    assert_int_equal(request_raw(&r, &c, &m), 437);
}

/* ---- Time ---- */

static void a_lifetime_is_at_least_the_default_and_at_most_an_hour(void **state)
{
    static const uint32_t asked[][2] = {{1, 600},     {599, 600},   {601, 601},
                                        {3600, 3600}, {3601, 3600}, {UINT32_MAX, 3600}};
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    uint32_t got;
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        assert_int_equal(refresh(&c, asked[i][0], &got), 0);
        assert_int_equal(got, asked[i][1]);
        assert_int_equal(turn_server_deadline(w.s) <= w.now + got * SEC, 1);
    }
    assert_int_equal(refresh(&c, -1, &got), 0);
    assert_int_equal(got, 600);
}

static void an_allocation_ends_to_the_second(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    wait_us(&w, 599 * SEC);
    assert_int_equal(refresh(&c, -1, NULL), 0);
    wait_us(&w, 600 * SEC - 1);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(w.closed, 0);
    wait_us(&w, 1);
    assert_int_equal(stats()->allocations, 0);
    assert_int_equal(w.closed, 1);
    assert_int_equal(refresh(&c, -1, NULL), 437);
    assert_int_equal(stats()->lifetime[5], 1); /* 600 to 1800 s */
    assert_int_equal(stats()->lifetime_sum_s, 1199);
}

/* Nobody called tick in time: what has ended has ended. */
static void the_end_does_not_wait_for_the_timer(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    w.now += 600 * SEC;
    assert_int_equal(refresh(&c, -1, NULL), 437);
}

/* ---- Refusals ---- */

static int refused_allocate(struct client *c, unsigned type, const void *p, size_t n)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put(&r.b, type, p, n);
    return request_send(&r, c, &m);
}

static void what_is_malformed_gets_400(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, STUN_ALLOCATE);
    assert_int_equal(request_send(&r, &c, &m), 400);
    request_begin(&r, &c, STUN_ALLOCATE);
    stun_put(&r.b, STUN_REQUESTED_TRANSPORT, "\x11", 1);
    assert_int_equal(request_send(&r, &c, &m), 400);
    assert_int_equal(refused_allocate(&c, STUN_LIFETIME, "\0\0", 2), 400);
    assert_int_equal(refused_allocate(&c, STUN_EVEN_PORT, "\x80\0", 2), 400);
    assert_int_equal(refused_allocate(&c, STUN_RESERVATION_TOKEN, "1234567", 7), 400);
    assert_int_equal(refused_allocate(&c, STUN_REQUESTED_ADDRESS_FAMILY, "\1", 1), 400);
    assert_int_equal(refused_allocate(&c, STUN_MOBILITY_TICKET, "full", 4), 400);
    assert_int_equal(drops(&w, TURN_DROP_BAD_REQUEST), 7);
    assert_int_equal(stats()->allocations, 0);
}

static void what_does_not_go_together_gets_400(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    for (int i = 0; i < 6; i++) {
        request_begin(&r, &c, STUN_ALLOCATE);
        put_udp(&r);
        if (i < 3)
            stun_put(&r.b, STUN_RESERVATION_TOKEN, "12345678", 8);
        if (i == 0)
            stun_put(&r.b, STUN_EVEN_PORT, "\0", 1);
        if (i == 1 || i == 3)
            put_family(&r, STUN_REQUESTED_ADDRESS_FAMILY, 1);
        if (i >= 2 && i <= 4)
            put_family(&r, STUN_ADDITIONAL_ADDRESS_FAMILY, 2);
        if (i == 4)
            stun_put(&r.b, STUN_EVEN_PORT, "\x80", 1);
        if (i == 5) /* IPv6 is all it may say */
            put_family(&r, STUN_ADDITIONAL_ADDRESS_FAMILY, 1);
        assert_int_equal(request_send(&r, &c, &m), 400);
    }
}

static void unknown_attributes_get_420_and_their_numbers(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(refused_allocate(&c, 0x7FF1, "abc", 3), 420);
    const struct stun_attr *at = stun_find(&m, STUN_UNKNOWN_ATTRIBUTES);
    assert_non_null(at);
    assert_int_equal(at->len, 2);
    assert_int_equal(get_u16(stun_value(&m, at)), 0x7FF1);
    assert_int_equal(refused_allocate(&c, 0xFFF1, "abc", 3), 0); /* optional */
}

static void tcp_relays_get_442(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, STUN_ALLOCATE);
    stun_put_u32(&r.b, STUN_REQUESTED_TRANSPORT, 6u << 24);
    assert_int_equal(request_send(&r, &c, &m), 442);
}

static void other_methods_get_400(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    request_begin(&r, &c, 0x00A); /* Connect, RFC 6062 */
    put_auth(&r, &c);
    assert_int_equal(request_raw(&r, &c, &m), 400);
    assert_int_equal(w.drop, TURN_DROP_METHOD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_running, end)
    const struct CMUnitTest tests[] = {
        T(strangers_are_asked_for_credentials_and_leave_nothing),
        T(an_old_nonce_is_stale),
        T(an_allocation_has_what_the_rfc_says),
        T(the_answer_has_the_integrity_of_the_request),
        T(a_repeated_request_is_answered_with_the_same_bytes),
        T(another_allocate_on_the_same_tuple_is_a_mismatch),
        T(a_repeated_end_is_answered_as_the_first),
        T(a_lifetime_is_at_least_the_default_and_at_most_an_hour),
        T(an_allocation_ends_to_the_second),
        T(the_end_does_not_wait_for_the_timer),
        T(what_is_malformed_gets_400),
        T(what_does_not_go_together_gets_400),
        T(unknown_attributes_get_420_and_their_numbers),
        T(tcp_relays_get_442),
        T(other_methods_get_400),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
