/* Permissions, channels and what goes through them (RFC 8656 9 to 12). */
#include "unit/turn_world.h"

static struct request r;
static struct stun_msg m;

/* ---- Permissions ---- */

static void data_needs_a_permission_in_both_directions(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay, peer = address(PUBLIC_PEER);
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "hello"), TURN_DROP_NO_PERMISSION);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "ho", 2), TURN_DROP_NO_PERMISSION);
    assert_int_equal(permit(&c, "8.8.4.4:1"), 0); /* of the IP, whatever the port */
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "hello"), TURN_DROP_NONE);
    assert_true(peer_got(&w, PUBLIC_PEER, "hello"));
    assert_int_equal(last_sent(&w, 0)->relay.at.port, relay.port);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "ho", 2), TURN_DROP_NONE);
    assert_true(client_got_data(&c, &peer, "ho", 2));
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER2, "ho", 2), TURN_DROP_NO_PERMISSION);
    assert_int_equal(stats()->up_packets, 1);
    assert_int_equal(stats()->up_bytes, 5);
    assert_int_equal(stats()->down_packets, 1);
    assert_int_equal(stats()->down_bytes, 2);
    assert_int_equal(drops(&w, TURN_DROP_NO_PERMISSION), 3);
}

static void a_permission_lasts_300_seconds(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay;
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    wait_us(&w, 100 * SEC);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    assert_int_equal(stats()->permissions, 1);
    wait_us(&w, 300 * SEC - 1);
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "x"), TURN_DROP_NONE);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NONE);
    assert_int_equal(stats()->permissions, 1);
    wait_us(&w, 1);
    assert_int_equal(stats()->permissions, 0);
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "x"), TURN_DROP_NO_PERMISSION);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NO_PERMISSION);
}

static int permit_all(struct client *c, const char *const *peers, unsigned n)
{
    request_begin(&r, c, STUN_CREATE_PERMISSION);
    for (unsigned i = 0; i < n; i++) {
        struct addr a = address(peers[i]);
        stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &a);
    }
    return request_send(&r, c, &m);
}

static void many_permissions_are_made_all_or_none(void **state)
{
    static const char *const good[] = {"8.8.4.4:1", "9.9.9.9:2", "8.8.4.4:3"};
    static const char *const bad[] = {"1.1.1.1:1", "127.0.0.1:2"};
    static const char *const mixed[] = {"1.1.1.1:1", "[2606:4700::1]:2"};
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(permit_all(&c, good, 3), 437);
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(permit_all(&c, good, 0), 400);
    assert_int_equal(permit_all(&c, good, 3), 0);
    assert_int_equal(stats()->permissions, 2);
    assert_int_equal(permit_all(&c, bad, 2), 403);
    assert_int_equal(permit_all(&c, mixed, 2), 443);
    assert_int_equal(stats()->permissions, 2);
    request_begin(&r, &c, STUN_CREATE_PERMISSION);
    stun_put(&r.b, STUN_XOR_PEER_ADDRESS, "\0\1\0\0", 4);
    assert_int_equal(request_send(&r, &c, &m), 400);
}

static void addresses_of_the_inside_get_403(void **state)
{
    static const char *const inside[] = {"127.0.0.1:1",       "10.1.2.3:1",   "192.168.0.1:1",
                                         "169.254.169.254:1", "224.0.0.1:1",  "255.255.255.255:1",
                                         "0.0.0.0:1",         "100.64.0.1:1", "192.0.2.77:1"};
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        assert_int_equal(permit(&c, inside[i]), 403);
        assert_int_equal(bind_channel(&c, 0x4000, inside[i]), 403);
        assert_int_equal(send_ind(&c, inside[i], "x"), TURN_DROP_NO_PERMISSION);
    }
    assert_int_equal(drops(&w, TURN_DROP_FORBIDDEN), 2 * ARRAY_LEN(inside));
    assert_int_equal(stats()->refused_peers[TURN_PEER_LOOPBACK], 2);
    assert_int_equal(stats()->refused_peers[TURN_PEER_PRIVATE], 2 * 3);
    assert_int_equal(stats()->refused_peers[TURN_PEER_METADATA], 2);
    assert_int_equal(stats()->refused_peers[TURN_PEER_MULTICAST], 2 * 2);
    assert_int_equal(stats()->refused_peers[TURN_PEER_RESERVED], 2 * 2);
    assert_int_equal(stats()->permissions + stats()->channels, 0);
}

/* ---- Channels ---- */

static void a_channel_carries_data_both_ways(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay;
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(channel_text(&c, 0x4001, "hello"), TURN_DROP_NO_CHANNEL);
    assert_int_equal(bind_channel(&c, 0x4001, PUBLIC_PEER), 0);
    assert_int_equal(channel_text(&c, 0x4001, "hello"), TURN_DROP_NONE);
    assert_true(peer_got(&w, PUBLIC_PEER, "hello"));
    assert_int_equal(channel_text(&c, 0x4001, ""), TURN_DROP_NONE);
    assert_true(peer_got(&w, PUBLIC_PEER, ""));
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "hi", 2), TURN_DROP_NONE);
    assert_true(client_got_channel(&c, 0x4001, "hi", 2));
    assert_int_equal(last_sent(&w, 0)->n, 6);    /* no padding over UDP */
    struct addr other = address("8.8.4.4:7999"); /* permitted, but not the channel's */
    assert_int_equal(peer_sends(&w, &relay, "8.8.4.4:7999", "hi", 2), TURN_DROP_NONE);
    assert_true(client_got_data(&c, &other, "hi", 2));
}

static void a_channel_has_one_peer_and_a_peer_one_channel(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER2), 400);
    assert_int_equal(bind_channel(&c, 0x4001, PUBLIC_PEER), 400);
    assert_int_equal(bind_channel(&c, 0x4001, "8.8.4.4:7001"), 0); /* another port */
    assert_int_equal(stats()->channels, 2);
    assert_int_equal(stats()->permissions, 1);
}

static void channel_numbers_have_a_range(void **state)
{
    static const struct {
        unsigned number;
        int code, code5766;
    } v[] = {{0x3FFF, 400, 400}, {0x4000, 0, 0},     {0x4FFF, 0, 0},     {0x5000, 400, 0},
             {0x7FFF, 400, 0},   {0x8000, 400, 400}, {0xFFFF, 400, 400}, {0, 400, 400}};
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        world_end(&w);
        world_conf(&w);
        w.conf.rfc5766_channels = wide;
        world_start(&w);
        struct client c = client_at(&w, "192.0.2.1:4000", "ann");
        assert_int_equal(allocate(&c, NULL), 0);
        for (unsigned i = 0; i < ARRAY_LEN(v); i++) {
            char peer[32];
            snprintf(peer, sizeof peer, "8.8.4.4:%u", 100 + i);
            assert_int_equal(bind_channel(&c, v[i].number, peer), wide ? v[i].code5766 : v[i].code);
        }
    }
}

static void malformed_binds_get_400(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr peer = address(PUBLIC_PEER);
    (void)state;
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 437);
    assert_int_equal(allocate(&c, NULL), 0);
    request_begin(&r, &c, STUN_CHANNEL_BIND);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &peer);
    assert_int_equal(request_send(&r, &c, &m), 400);
    request_begin(&r, &c, STUN_CHANNEL_BIND);
    stun_put_u32(&r.b, STUN_CHANNEL_NUMBER, 0x40000000);
    assert_int_equal(request_send(&r, &c, &m), 400);
    request_begin(&r, &c, STUN_CHANNEL_BIND);
    stun_put(&r.b, STUN_CHANNEL_NUMBER, "\x40\0", 2);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &peer);
    assert_int_equal(request_send(&r, &c, &m), 400);
    assert_int_equal(bind_channel(&c, 0x4000, "[2606:4700::1]:5"), 443);
    assert_int_equal(bind_channel(&c, 0x4000, "8.8.4.4:0"), 400);
}

static void a_channel_lasts_600_seconds_and_its_permission_300(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay, peer = address(PUBLIC_PEER);
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(refresh(&c, 3600, NULL), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    wait_us(&w, 300 * SEC - 1);
    assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NONE);
    wait_us(&w, 1);
    assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NO_PERMISSION);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NO_PERMISSION);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NONE);
    wait_us(&w, 299 * SEC);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    wait_us(&w, 1 * SEC - 1);
    assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NONE);
    assert_int_equal(stats()->channels, 1);
    wait_us(&w, 1);
    assert_int_equal(stats()->channels, 0);
    assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NO_CHANNEL);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NONE);
    assert_true(client_got_data(&c, &peer, "x", 1));
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER2), 0);
}

static void binding_again_renews_channel_and_permission(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(refresh(&c, 3600, NULL), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    wait_us(&w, 299 * SEC);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
        wait_us(&w, 299 * SEC);
        assert_int_equal(channel_text(&c, 0x4000, "x"), TURN_DROP_NONE);
    }
    wait_us(&w, 301 * SEC);
    assert_int_equal(stats()->channels, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin_running, end)
    const struct CMUnitTest tests[] = {
        T(data_needs_a_permission_in_both_directions),
        T(a_permission_lasts_300_seconds),
        T(many_permissions_are_made_all_or_none),
        T(addresses_of_the_inside_get_403),
        T(a_channel_carries_data_both_ways),
        T(a_channel_has_one_peer_and_a_peer_one_channel),
        T(channel_numbers_have_a_range),
        T(malformed_binds_get_400),
        T(a_channel_lasts_600_seconds_and_its_permission_300),
        T(binding_again_renews_channel_and_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
