/* Relays of a call: whom they reach, what passes before consent, and when they end. And any relay to
 * any other in this process. */
#include "unit/turn_world.h"

enum { ANN = 100, BEN = 200, EVE = 300 };
#define BEN_IP  "8.8.4.4"
#define BEN_AT  BEN_IP ":7000"
#define BEN_PWD "benbenbenbenbenbenbenb"
#define ANN_PWD "annannannannannannanna"

static struct client ann, ben, eve;

static int begin(void **state)
{
    begin_running(state);
    client_in_call(&ann, &w, "192.0.2.1:4000", ANN);
    client_in_call(&ben, &w, "192.0.2.2:4000", BEN);
    client_in_call(&eve, &w, "192.0.2.3:4000", EVE);
    return 0;
}

/* party told scope this password and address. */
static void signals(uint64_t scope, uint64_t party, const char *pwd, const char *ip)
{
    struct addr a = {0};
    if (ip != NULL)
        a = address(ip);
    turn_scopes_party(w.scopes, scope, party, str_from(pwd), &a, ip != NULL);
}

static uint8_t packet[STUN_MESSAGE_MAX];

static size_t binding(enum stun_class cls, const char *pwd)
{
    struct stun_builder b;
    uint8_t txid[STUN_TXID] = {9};
    struct addr a = address("192.0.2.1:1");
    stun_begin(&b, packet, sizeof packet, cls, STUN_BINDING, txid);
    if (cls == STUN_SUCCESS)
        stun_put_xaddr(&b, STUN_XOR_MAPPED_ADDRESS, &a);
    stun_put_integrity(&b, pwd, strlen(pwd));
    stun_put_fingerprint(&b);
    return stun_end(&b);
}

static enum turn_drop answers(struct addr *relay, const char *from, const char *pwd)
{
    size_t n = binding(STUN_SUCCESS, pwd);
    return peer_sends(&w, relay, from, packet, n);
}

/* Ann has a relay and may reach Ben; its socket is opened by a first check. */
static struct addr ann_calls_ben(void)
{
    struct addr relay;
    signals(ANN, BEN, BEN_PWD, BEN_IP);
    assert_int_equal(allocate(&ann, &relay), 0);
    assert_int_equal(bind_channel(&ann, 0x4000, BEN_AT), 0);
    size_t n = binding(STUN_REQUEST, BEN_PWD);
    assert_int_equal(channel_send(&ann, 0x4000, packet, n), TURN_DROP_NONE);
    return relay;
}

/* ---- Whom ---- */

static void only_signalled_addresses_are_reached(void **state)
{
    (void)state;
    assert_int_equal(allocate(&ann, NULL), 0);
    assert_int_equal(permit(&ann, BEN_AT), 403);
    signals(ANN, BEN, BEN_PWD, BEN_IP);
    assert_int_equal(permit(&ann, BEN_AT), 0);
    assert_int_equal(permit(&ann, "8.8.4.4:9"), 0); /* IP addresses, not ports */
    assert_int_equal(permit(&ann, PUBLIC_PEER2), 403);
    assert_int_equal(bind_channel(&ann, 0x4000, PUBLIC_PEER2), 403);
    signals(ANN, BEN, BEN_PWD, "127.0.0.1");
    signals(ANN, BEN, BEN_PWD, "10.0.0.1");
    assert_int_equal(permit(&ann, "127.0.0.1:9"), 403); /* signalled, but nobody may */
    assert_int_equal(permit(&ann, "10.0.0.1:9"), 403);
    assert_int_equal(allocate(&eve, NULL), 0);
    assert_int_equal(permit(&eve, BEN_AT), 403); /* told to Ann, not to her */
    assert_int_equal(stats()->refused_peers[TURN_PEER_OK], 4);
}

static void a_credential_is_of_an_open_scope(void **state)
{
    (void)state;
    turn_scopes_close(w.scopes, ANN);
    assert_int_equal(allocate(&ann, NULL), 401);
}

static void relays_end_with_the_call(void **state)
{
    struct client second = ann;
    (void)state;
    second.at.peer.port = 4001;
    ann_calls_ben();
    assert_int_equal(allocate(&second, NULL), 0);
    assert_int_equal(allocate(&ben, NULL), 0);
    turn_scopes_close(w.scopes, ANN);
    turn_server_scope_closed(w.s, w.now, ANN);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(stats()->permissions + stats()->channels, 0);
    assert_int_equal(w.opened, w.closed);
    assert_int_equal(channel_text(&ann, 0x4000, "x"), TURN_DROP_NO_ALLOCATION);
    turn_server_scope_closed(w.s, w.now, ANN);
    turn_server_scope_closed(w.s, w.now, 0);
    assert_int_equal(stats()->allocations, 1);
}

static void who_leaves_the_call_is_not_reached_any_more(void **state)
{
    struct addr relay = ann_calls_ben();
    (void)state;
    signals(ANN, EVE, "evepwd", "1.1.1.1");
    assert_int_equal(permit(&ann, "1.1.1.1:1"), 0);
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NONE);
    turn_scopes_drop_party(w.scopes, ANN, BEN);
    turn_server_party_dropped(w.s, w.now, ANN, BEN);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_PERMISSION);
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, "x", 1), TURN_DROP_NO_PERMISSION);
    assert_int_equal(stats()->permissions, 1);
}

/* ---- Lazy ---- */

static void the_socket_is_opened_by_what_must_leave(void **state)
{
    (void)state;
    signals(ANN, BEN, BEN_PWD, BEN_IP);
    assert_int_equal(allocate(&ann, NULL), 0);
    assert_int_equal(permit(&ann, BEN_AT), 0);
    assert_int_equal(send_ind(&ann, BEN_AT, "media"), TURN_DROP_NO_CONSENT);
    assert_int_equal(w.opened, 0);
    size_t n = binding(STUN_REQUEST, BEN_PWD);
    struct addr ben_at = address(BEN_AT);
    w.refuse_open = 1;
    assert_int_equal(send_to(&ann, &ben_at, packet, n), TURN_DROP_CAPACITY);
    assert_int_equal(send_to(&ann, &ben_at, packet, n), TURN_DROP_CAPACITY); /* not tried again */
    assert_int_equal(w.refuse_open, 0);
    wait_us(&w, SEC);
    assert_int_equal(send_to(&ann, &ben_at, packet, n), TURN_DROP_NONE);
    assert_int_equal(w.opened, 1);
    assert_int_equal(send_to(&ann, &ben_at, packet, n), TURN_DROP_NONE);
    assert_int_equal(w.opened, 1);
}

/* ---- Consent ---- */

static void only_bindings_pass_before_consent(void **state)
{
    uint8_t big[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct addr relay = ann_calls_ben();
    (void)state;
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    assert_int_equal(channel_text(&ann, 0x4000, ""), TURN_DROP_NO_CONSENT);
    for (enum stun_class c = STUN_REQUEST; c <= STUN_ERROR; c++)
        assert_int_equal(channel_send(&ann, 0x4000, packet, binding(c, BEN_PWD)), TURN_DROP_NONE);
    size_t n = binding(STUN_REQUEST, BEN_PWD);
    assert_int_equal(channel_send(&ann, 0x4000, packet, n - 1), TURN_DROP_NO_CONSENT);
    packet[1] = 3; /* Allocate */
    assert_int_equal(channel_send(&ann, 0x4000, packet, n), TURN_DROP_NO_CONSENT);
    stun_begin(&b, big, sizeof big, STUN_REQUEST, STUN_BINDING, packet + 8);
    stun_put(&b, STUN_DATA_ATTR, packet, 1000 < sizeof packet ? 1000 : 0);
    assert_int_equal(channel_send(&ann, 0x4000, big, stun_end(&b)), TURN_DROP_NO_CONSENT);
    assert_int_equal(drops(&w, TURN_DROP_NO_CONSENT), 5);
    /* down: Bindings and the first of DTLS, no media */
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, "\x80media", 6), TURN_DROP_NO_CONSENT);
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, "\x16hello", 6), TURN_DROP_NONE);
    n = binding(STUN_REQUEST, ANN_PWD);
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, packet, n), TURN_DROP_NONE);
}

static void an_answer_with_the_right_password_opens_for_30_seconds(void **state)
{
    struct addr relay = ann_calls_ben();
    (void)state;
    assert_int_equal(answers(&relay, BEN_AT, "wrong"), TURN_DROP_NONE); /* Bindings pass */
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    assert_int_equal(answers(&relay, BEN_IP ":7009", BEN_PWD), TURN_DROP_NONE); /* another port */
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NONE);
    assert_true(peer_got(&w, BEN_AT, "media"));
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, "\x80media", 6), TURN_DROP_NONE);
    wait_us(&w, 20 * SEC);
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    wait_us(&w, 30 * SEC - 1);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NONE);
    assert_int_equal(answers(&relay, BEN_AT, "wrong"), TURN_DROP_NONE);
    wait_us(&w, 1);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    assert_int_equal(peer_sends(&w, &relay, BEN_AT, "\x80media", 6), TURN_DROP_NO_CONSENT);
}

static void many_ports_of_a_peer_may_consent_and_the_oldest_gives_way(void **state)
{
    struct addr relay = ann_calls_ben(), at = address(BEN_AT);
    char from[64];
    (void)state;
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    for (unsigned i = 0; i < 15; i++) {
        w.now += 100 * MS;
        snprintf(from, sizeof from, BEN_IP ":%u", 8000 + i);
        assert_int_equal(answers(&relay, from, BEN_PWD), TURN_DROP_NONE);
    }
    assert_int_equal(send_to(&ann, &at, "m", 1), TURN_DROP_NONE);
    w.now += 100 * MS;
    assert_int_equal(answers(&relay, BEN_IP ":9000", BEN_PWD), TURN_DROP_NONE);
    assert_int_equal(send_to(&ann, &at, "m", 1), TURN_DROP_NO_CONSENT);
    at.port = 8000;
    assert_int_equal(send_to(&ann, &at, "m", 1), TURN_DROP_NONE);
    at.port = 9000;
    assert_int_equal(send_to(&ann, &at, "m", 1), TURN_DROP_NONE);
}

/* In no second of any start there are more than 50. */
static void bindings_are_at_most_50_a_second(void **state)
{
    static int64_t passed[2000];
    unsigned n = 0, tried = 0;
    (void)state;
    ann_calls_ben();
    passed[n++] = w.now;
    for (int64_t step = 1; tried < 5000; tried++) {
        step = (step * 48271) % 2147483647;
        w.now += step % 3000;
        size_t size = binding(STUN_REQUEST, BEN_PWD);
        enum turn_drop d = channel_send(&ann, 0x4000, packet, size);
        assert_true(d == TURN_DROP_NONE || d == TURN_DROP_BINDING_RATE);
        if (d == TURN_DROP_NONE && n < ARRAY_LEN(passed))
            passed[n++] = w.now;
    }
    assert_true(n > 300); /* about 7.5 s */
    for (unsigned i = 50; i < n; i++)
        assert_true(passed[i] - passed[i - 50] > SEC);
    assert_int_equal(drops(&w, TURN_DROP_BINDING_RATE), tried + 1 - n);
    wait_us(&w, 2 * SEC);
    assert_int_equal(channel_send(&ann, 0x4000, packet, binding(STUN_REQUEST, BEN_PWD)),
                     TURN_DROP_NONE);
}

static void after_consent_nothing_is_counted(void **state)
{
    struct addr relay = ann_calls_ben();
    (void)state;
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(channel_send(&ann, 0x4000, packet, binding(STUN_REQUEST, BEN_PWD)),
                         TURN_DROP_NONE);
}

/* Wrong answers cost few HMACs: the right one of the same moment is not heard either, the next is. */
static void verifying_is_limited(void **state)
{
    struct addr relay = ann_calls_ben();
    (void)state;
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(answers(&relay, BEN_AT, "wrong"), TURN_DROP_NONE);
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    wait_us(&w, 2 * SEC);
    assert_int_equal(answers(&relay, BEN_AT, BEN_PWD), TURN_DROP_NONE);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NONE);
}

/* ---- Relay to relay ---- */

/* Two of no call. */
static void two_relays(struct client *a, struct client *b, struct addr *ra, struct addr *rb)
{
    *a = client_at(&w, "192.0.2.11:1", "ann");
    *b = client_at(&w, "192.0.2.12:1", "bob");
    assert_int_equal(allocate(a, ra), 0);
    assert_int_equal(allocate(b, rb), 0);
}

static void a_relay_is_reached_inside(void **state)
{
    struct client a, b;
    struct addr ra, rb;
    (void)state;
    two_relays(&a, &b, &ra, &rb);
    assert_int_equal(permit(&a, LOCAL_IP ":1"), 0);
    assert_int_equal(send_to(&a, &rb, "hello", 5), TURN_DROP_NO_PERMISSION); /* Bob's */
    assert_int_equal(bind_to(&b, 0x4005, &ra), 0);
    assert_int_equal(send_to(&a, &rb, "hello", 5), TURN_DROP_NONE);
    assert_true(client_got_channel(&b, 0x4005, "hello", 5));
    assert_int_equal(channel_text(&b, 0x4005, "hi"), TURN_DROP_NONE);
    assert_true(client_got_data(&a, &rb, "hi", 2));
    assert_int_equal(stats()->inside_packets, 2);
    assert_int_equal(stats()->up_packets, 2);
    assert_int_equal(stats()->down_packets, 2);
}

static void own_addresses_without_a_relay_lead_nowhere(void **state)
{
    struct client a = client_at(&w, "192.0.2.11:1", "ann");
    struct addr ssh = address(LOCAL_IP ":22"), turn = address(LOCAL_IP ":3478"), ra;
    (void)state;
    assert_int_equal(allocate(&a, &ra), 0);
    assert_int_equal(bind_to(&a, 0x4000, &ssh), 0);
    assert_int_equal(channel_text(&a, 0x4000, "x"), TURN_DROP_NO_RELAY);
    assert_int_equal(bind_to(&a, 0x4001, &turn), 0);
    assert_int_equal(channel_text(&a, 0x4001, "x"), TURN_DROP_NO_RELAY);
    assert_int_equal(stats()->up_packets, 0);
    /* and what comes from one of our own addresses by the socket is no relay */
    assert_int_equal(peer_sends(&w, &ra, LOCAL_IP ":22", "x", 1), TURN_DROP_NO_PERMISSION);
}

/* Of a call, and without anybody's consent: whoever is at that port sees to that. */
static void the_media_port_is_reached_inside(void **state)
{
    struct addr ra, at = address(LOCAL_IP ":3478");
    const struct sent *o;
    (void)state;
    world_end(&w);
    world_conf(&w);
    w.conf.media = true;
    world_start(&w);
    client_in_call(&ann, &w, "192.0.2.1:4000", ANN);
    assert_int_equal(allocate(&ann, &ra), 0);
    assert_int_equal(
        turn_server_foreign(w.s, w.now, &at, TURN_SCOPE_MEDIA, &ra, (const uint8_t *)"early", 5),
        TURN_DROP_NO_PERMISSION);
    assert_int_equal(bind_to(&ann, 0x4001, &at), 0);
    assert_int_equal(channel_text(&ann, 0x4001, "media"), TURN_DROP_NONE);
    o = last_sent(&w, 0);
    assert_int_equal(o->kind, TO_MEDIA);
    assert_true(addr_eq(&o->from, &ra) && addr_eq(&o->peer, &at));
    assert_int_equal(o->n, 5);
    assert_int_equal(
        turn_server_foreign(w.s, w.now, &at, TURN_SCOPE_MEDIA, &ra, (const uint8_t *)"back", 4),
        TURN_DROP_NONE);
    assert_true(client_got_channel(&ann, 0x4001, "back", 4));
    assert_int_equal(w.opened, 0); /* no socket was needed */
    /* Other ports of ours stay closed to it, and it to whoever is out there. */
    at.port = 22;
    assert_int_equal(bind_to(&ann, 0x4002, &at), 0);
    assert_int_equal(channel_text(&ann, 0x4002, "x"), TURN_DROP_NO_CONSENT);
    at.port = 3478;
    assert_int_equal(turn_server_foreign(w.s, w.now, &at, BEN, &ra, (const uint8_t *)"x", 1),
                     TURN_DROP_POLICY);
}

static void a_relay_is_found_by_its_inner_and_its_public_address(void **state)
{
    struct client a, b;
    struct addr ra, rb, inner;
    (void)state;
    world_end(&w);
    world_conf(&w);
    w.conf.announce4 = address("198.51.100.1");
    world_start(&w);
    two_relays(&a, &b, &ra, &rb);
    assert_true(addr_eq_ip(&ra, &w.conf.announce4));
    inner = address(LOCAL_IP);
    inner.port = rb.port;
    assert_int_equal(permit(&b, LOCAL_IP ":1"), 0); /* Bob expects the inner form */
    assert_int_equal(permit(&a, "198.51.100.1:1"), 0);
    assert_int_equal(permit(&a, LOCAL_IP ":1"), 0);
    struct addr seen = address(LOCAL_IP);
    seen.port = ra.port;
    assert_int_equal(send_to(&a, &inner, "in", 2), TURN_DROP_NONE);
    assert_true(client_got_data(&b, &seen, "in", 2));
    assert_int_equal(send_to(&a, &rb, "out", 3), TURN_DROP_NONE);
    assert_true(client_got_data(&b, &seen, "out", 3));
}

static void the_operator_may_open_own_addresses(void **state)
{
    struct client a, b;
    struct addr ra, rb;
    (void)state;
    world_end(&w);
    world_conf(&w);
    assert_true(cidr_parse(&w.conf.policy.allow[w.conf.policy.nallow++], STR(LOCAL_IP)));
    world_start(&w);
    two_relays(&a, &b, &ra, &rb);
    assert_int_equal(permit(&a, LOCAL_IP ":1"), 0);
    assert_int_equal(permit(&b, LOCAL_IP ":1"), 0);
    assert_int_equal(send_ind(&a, LOCAL_IP ":22", "ssh"), TURN_DROP_NONE);
    assert_true(peer_got(&w, LOCAL_IP ":22", "ssh"));
    assert_int_equal(peer_sends(&w, &ra, LOCAL_IP ":22", "x", 1), TURN_DROP_NONE);
    assert_int_equal(send_to(&a, &rb, "hello", 5), TURN_DROP_NONE);
    assert_true(client_got_data(&b, &ra, "hello", 5));
    assert_int_equal(stats()->inside_packets, 1);
}

static void parties_of_a_call_meet_inside_after_consent(void **state)
{
    struct addr ra, rb;
    (void)state;
    assert_int_equal(allocate(&ann, &ra), 0);
    assert_int_equal(allocate(&ben, &rb), 0);
    assert_int_equal(bind_to(&ann, 0x4000, &rb), 0);
    assert_int_equal(bind_to(&ben, 0x4000, &ra), 0);
    size_t n = binding(STUN_REQUEST, BEN_PWD);
    assert_int_equal(channel_send(&ann, 0x4000, packet, n), TURN_DROP_POLICY); /* no party yet */
    signals(ANN, BEN, BEN_PWD, NULL);
    signals(BEN, ANN, ANN_PWD, NULL);
    assert_int_equal(channel_send(&ann, 0x4000, packet, n), TURN_DROP_NONE);
    assert_true(client_got_channel(&ben, 0x4000, packet, n));
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    n = binding(STUN_SUCCESS, BEN_PWD);
    assert_int_equal(channel_send(&ben, 0x4000, packet, n), TURN_DROP_NONE);
    assert_true(client_got_channel(&ann, 0x4000, packet, n));
    /* Ann may send now; for Ben's side of it he must have heard from her */
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NO_CONSENT);
    n = binding(STUN_SUCCESS, ANN_PWD);
    assert_int_equal(channel_send(&ann, 0x4000, packet, n), TURN_DROP_NONE);
    assert_int_equal(channel_text(&ann, 0x4000, "media"), TURN_DROP_NONE);
    assert_true(client_got_channel(&ben, 0x4000, "media", 5));
    assert_int_equal(channel_text(&ben, 0x4000, "media"), TURN_DROP_NONE);
    assert_int_equal(w.opened, 0); /* nothing left the process */
}

static void calls_do_not_mix(void **state)
{
    struct client static_one = client_at(&w, "192.0.2.20:1", "ann");
    struct addr ra, rs, re;
    (void)state;
    signals(ANN, BEN, BEN_PWD, BEN_IP);
    assert_int_equal(allocate(&ann, &ra), 0);
    assert_int_equal(allocate(&eve, &re), 0);
    assert_int_equal(allocate(&static_one, &rs), 0);
    assert_int_equal(permit(&ann, LOCAL_IP ":1"), 0);
    assert_int_equal(permit(&eve, LOCAL_IP ":1"), 0);
    assert_int_equal(permit(&static_one, LOCAL_IP ":1"), 0);
    size_t n = binding(STUN_REQUEST, BEN_PWD);
    assert_int_equal(send_to(&eve, &ra, packet, n), TURN_DROP_POLICY);
    assert_int_equal(send_to(&static_one, &ra, packet, n), TURN_DROP_POLICY);
    assert_int_equal(send_to(&ann, &rs, packet, n), TURN_DROP_POLICY);
    assert_int_equal(send_to(&ann, &ra, packet, n), TURN_DROP_POLICY); /* herself */
}

/* ---- Other workers ---- */

static void what_another_worker_owns_is_posted(void **state)
{
    struct client a, b;
    struct addr ra, rb, there;
    (void)state;
    world_end(&w);
    world_conf(&w);
    w.conf.workers = 2;
    world_start(&w);
    two_relays(&a, &b, &ra, &rb);
    assert_int_equal(permit(&a, LOCAL_IP ":1"), 0);
    there = ra;
    there.port = (uint16_t)(ra.port ^ 2); /* the other pair */
    assert_int_equal(send_to(&a, &there, "over", 4), TURN_DROP_NONE);
    struct sent *o = last_sent(&w, 0);
    assert_int_equal(o->kind, TO_WORKER);
    assert_int_equal(o->worker, 1);
    assert_true(addr_eq(&o->from, &ra));
    assert_true(addr_eq(&o->peer, &there));
    assert_int_equal(o->scope, 0);
    assert_memory_equal(o->p, "over", 4);
    /* and in the other direction */
    assert_int_equal(turn_server_foreign(w.s, w.now, &there, 0, &ra, (const uint8_t *)"back", 4),
                     TURN_DROP_NONE);
    assert_true(client_got_data(&a, &there, "back", 4));
    assert_int_equal(turn_server_foreign(w.s, w.now, &there, ANN, &ra, (const uint8_t *)"x", 1),
                     TURN_DROP_POLICY);
    assert_int_equal(turn_server_foreign(w.s, w.now, &there, 0, &there, (const uint8_t *)"x", 1),
                     TURN_DROP_NO_RELAY);
    there.port = 22;
    assert_int_equal(send_to(&a, &there, "over", 4), TURN_DROP_NO_RELAY);
}

static void what_is_ours_may_change(void **state)
{
    struct client a = client_at(&w, "192.0.2.11:1", "ann");
    struct addr own[2] = {address(LOCAL_IP), address("8.8.4.4")};
    (void)state;
    assert_int_equal(allocate(&a, NULL), 0);
    assert_int_equal(permit(&a, BEN_AT), 0);
    assert_int_equal(send_ind(&a, BEN_AT, "x"), TURN_DROP_NONE);
    turn_server_own(w.s, own, 2, NULL, 0);
    assert_int_equal(send_ind(&a, BEN_AT, "x"), TURN_DROP_NO_RELAY);
    assert_int_equal(permit(&a, BEN_AT), 0);
    turn_server_own(w.s, own, 1, NULL, 0);
    assert_int_equal(send_ind(&a, BEN_AT, "x"), TURN_DROP_NONE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(only_signalled_addresses_are_reached),
        T(a_credential_is_of_an_open_scope),
        T(relays_end_with_the_call),
        T(who_leaves_the_call_is_not_reached_any_more),
        T(the_socket_is_opened_by_what_must_leave),
        T(only_bindings_pass_before_consent),
        T(an_answer_with_the_right_password_opens_for_30_seconds),
        T(many_ports_of_a_peer_may_consent_and_the_oldest_gives_way),
        T(bindings_are_at_most_50_a_second),
        T(after_consent_nothing_is_counted),
        T(verifying_is_limited),
        T(a_relay_is_reached_inside),
        T(own_addresses_without_a_relay_lead_nowhere),
        T(the_media_port_is_reached_inside),
        T(a_relay_is_found_by_its_inner_and_its_public_address),
        T(the_operator_may_open_own_addresses),
        T(parties_of_a_call_meet_inside_after_consent),
        T(calls_do_not_mix),
        T(what_another_worker_owns_is_posted),
        T(what_is_ours_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
