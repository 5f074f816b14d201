/* Clients that move (RFC 8016), connections that go, streams and their padding, ICMP, and data of
 * awkward sizes. */
#include "unit/turn_world.h"

static struct request r;
static struct stun_msg m;
static uint8_t ticket[128];
static unsigned ticket_n;

static int begin(void **state)
{
    begin_configured(state);
    w.conf.mobility = true;
    world_start(&w);
    return 0;
}

static void keep_ticket(void)
{
    const struct stun_attr *at = stun_find(&m, STUN_MOBILITY_TICKET);
    assert_non_null(at);
    assert_in_range(at->len, 1, sizeof ticket);
    ticket_n = at->len;
    memcpy(ticket, stun_value(&m, at), ticket_n);
}

static int allocate_mobile(struct client *c, struct addr *relay)
{
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put(&r.b, STUN_MOBILITY_TICKET, "", 0);
    int code = request_send(&r, c, &m);
    *relay = code == 0 ? relayed(&m) : (struct addr){0};
    if (code == 0)
        keep_ticket();
    return code;
}

static int refresh_with(struct client *c, const uint8_t *p, unsigned n, int lifetime)
{
    request_begin(&r, c, STUN_REFRESH);
    stun_put(&r.b, STUN_MOBILITY_TICKET, p, n);
    if (lifetime >= 0)
        stun_put_u32(&r.b, STUN_LIFETIME, (uint32_t)lifetime);
    return request_send(&r, c, &m);
}

/* ---- Moving ---- */

static void a_ticket_moves_an_allocation(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), there = c;
    struct addr relay;
    uint8_t first[sizeof ticket];
    (void)state;
    there.at.peer = address("198.51.100.7:99");
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    memcpy(first, ticket, ticket_n);
    assert_int_equal(refresh_with(&there, ticket, ticket_n, 700), 0);
    assert_int_equal(lifetime_in(&m), 700);
    keep_ticket();
    assert_memory_not_equal(first, ticket, ticket_n);
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(channel_text(&there, 0x4000, "moved"), TURN_DROP_NONE);
    assert_true(peer_got(&w, PUBLIC_PEER, "moved"));
    assert_int_equal(last_sent(&w, 0)->relay.at.port, relay.port);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "hi", 2), TURN_DROP_NONE);
    assert_true(client_got_channel(&there, 0x4000, "hi", 2));
    assert_int_equal(channel_text(&c, 0x4000, "old"), TURN_DROP_NO_ALLOCATION);
    assert_int_equal(refresh(&c, 600, NULL), 437);
}

/* The answer was lost: the request comes again, or the client moves on with the ticket it has. */
static void the_ticket_before_counts_until_the_new_one_is_used(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), b = c, d = c, e = c;
    struct addr relay;
    uint8_t first[sizeof ticket], second[sizeof ticket];
    (void)state;
    b.at.peer.port = 4001;
    d.at.peer.port = 4002;
    e.at.peer.port = 4003;
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    memcpy(first, ticket, ticket_n);
    assert_int_equal(refresh_with(&b, first, ticket_n, -1), 0);
    keep_ticket();
    memcpy(second, ticket, ticket_n);
    uint32_t n = last_sent(&w, 0)->n;
    assert_int_equal(request_raw(&r, &b, &m), 0); /* the same bytes again */
    keep_ticket();
    assert_memory_equal(ticket, second, ticket_n);
    assert_int_equal(last_sent(&w, 0)->n, n);
    assert_int_equal(refresh_with(&d, first, ticket_n, -1), 0);
    keep_ticket();
    assert_memory_equal(ticket, second, ticket_n);
    assert_int_equal(refresh_with(&e, second, ticket_n, -1), 0);
    assert_int_equal(refresh_with(&c, first, ticket_n, -1), 437);
    assert_int_equal(stats()->allocations, 1);
}

static void tickets_of_others_and_made_up_ones_are_refused(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), bob, d = c;
    struct addr relay;
    (void)state;
    bob = client_at(&w, "192.0.2.9:1", "bob");
    d.at.peer.port = 4001;
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    assert_int_equal(refresh_with(&bob, ticket, ticket_n, -1), 441);
    assert_int_equal(refresh_with(&d, ticket, ticket_n - 1, -1), 400);
    assert_int_equal(refresh_with(&d, ticket, 0, -1), 400);
    ticket[20] ^= 3;
    assert_int_equal(refresh_with(&d, ticket, ticket_n, -1), 400);
    ticket[20] ^= 3;
    assert_int_equal(allocate(&d, NULL), 0); /* has one of its own now */
    assert_int_equal(refresh_with(&d, ticket, ticket_n, -1), 437);
    assert_int_equal(refresh(&c, 0, NULL), 0);
    d.at.peer.port = 4002;
    assert_int_equal(refresh_with(&d, ticket, ticket_n, -1), 437); /* it is gone */
}

static void others_cannot_use_an_allocation(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), bob = c;
    (void)state;
    bob.name = "bob";
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(refresh(&bob, 0, NULL), 441);
    assert_int_equal(permit(&bob, PUBLIC_PEER), 441);
    assert_int_equal(bind_channel(&bob, 0x4000, PUBLIC_PEER), 441);
    assert_int_equal(allocate(&bob, NULL), 437);
    assert_int_equal(drops(&w, TURN_DROP_WRONG_CREDENTIALS), 3);
    assert_int_equal(stats()->allocations, 1);
}

static void without_mobility_it_is_forbidden(void **state)
{
    struct client c;
    struct addr relay;
    (void)state;
    world_end(&w);
    world_conf(&w);
    world_start(&w);
    c = client_at(&w, "192.0.2.1:4000", "ann");
    assert_int_equal(allocate_mobile(&c, &relay), 405);
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(refresh_with(&c, (const uint8_t *)"x", 1, -1), 405);
    assert_int_equal(drops(&w, TURN_DROP_MOBILITY_FORBIDDEN), 2);
}

static void a_move_may_end_it(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), d = c;
    struct addr relay;
    (void)state;
    d.at.peer.port = 4001;
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    assert_int_equal(refresh_with(&d, ticket, ticket_n, 0), 0);
    assert_int_equal(lifetime_in(&m), 0);
    assert_int_equal(stats()->allocations, 0);
}

/* ---- Another worker ---- */

static struct {
    unsigned n, worker;
    struct tuple from;
    uint8_t p[STUN_MESSAGE_MAX];
    size_t size;
} passed;

static void to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n)
{
    (void)ctx;
    passed.n++;
    passed.worker = worker;
    passed.from = *from;
    passed.size = n;
    memcpy(passed.p, p, n);
}

static void a_client_that_moves_to_another_worker_is_passed_on(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), there = c;
    struct turn_ops ops = {&w,      to_client, relay_open, relay_close,
                           to_peer, to_worker, to_owner,   NULL};
    struct turn_server_conf conf = w.conf;
    struct addr relay;
    (void)state;
    there.at.peer = address("198.51.100.7:99");
    conf.worker = 1;
    conf.workers = 2;
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    struct turn_server *owner = w.s;
    struct turn_server *second = turn_server_new(&conf, &ops, w.now, WALL_S * SEC - w.now);
    w.s = second;
    memset(&passed, 0, sizeof passed);
    assert_int_equal(refresh_with(&there, ticket, ticket_n, -1), -1); /* the other one answers */
    assert_int_equal(passed.n, 1);
    assert_int_equal(passed.worker, 0);
    assert_memory_equal(&passed.from, &there.at, sizeof there.at);
    assert_int_equal(turn_server_input(owner, w.now, &passed.from, passed.p, passed.size),
                     TURN_DROP_NONE);
    assert_int_equal(code_of(last_sent(&w, 0), r.txid, &m), 0);
    keep_ticket();
    assert_int_equal(channel_text(&there, 0x4000, "x"), TURN_DROP_NONE);
    assert_int_equal(passed.n, 2);
    assert_int_equal(passed.size, 5);
    assert_int_equal(turn_server_stats(second)->allocations, 0);
    there.at.transport = TUPLE_DTLS; /* what the other one knows nothing of */
    there.at.stream = 5;
    assert_int_equal(refresh_with(&there, ticket, ticket_n, -1), 437);
    assert_int_equal(passed.n, 2);
    there.at.transport = TUPLE_TCP; /* moves itself; no guest is remembered */
    assert_int_equal(refresh_with(&there, ticket, ticket_n, -1), -1);
    assert_int_equal(refresh_with(&there, ticket, ticket_n, -1), -1);
    assert_int_equal(passed.n, 4);
    assert_int_equal(permit(&there, PUBLIC_PEER), 437);
    there.at = passed.from;
    wait_us(&w, 3600 * SEC); /* and is forgotten */
    assert_int_equal(channel_text(&there, 0x4000, "x"), TURN_DROP_NO_ALLOCATION);
    w.s = owner;
    turn_server_free(second);
    turn_server_tick(owner, w.now);
}

static void a_token_of_another_worker_is_passed_on(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann"), d = c;
    struct turn_ops ops = {&w,      to_client, relay_open, relay_close,
                           to_peer, to_worker, to_owner,   NULL};
    struct turn_server_conf conf = w.conf;
    struct addr relay;
    uint64_t token;
    (void)state;
    d.at.peer.port = 4001;
    conf.worker = 1;
    conf.workers = 2;
    request_begin(&r, &c, STUN_ALLOCATE);
    put_udp(&r);
    stun_put(&r.b, STUN_EVEN_PORT, "\x80", 1);
    assert_int_equal(request_send(&r, &c, &m), 0);
    relay = relayed(&m);
    assert_true(stun_get_u64(&m, stun_find(&m, STUN_RESERVATION_TOKEN), &token));
    struct turn_server *owner = w.s;
    w.s = turn_server_new(&conf, &ops, w.now, WALL_S * SEC - w.now);
    memset(&passed, 0, sizeof passed);
    request_begin(&r, &d, STUN_ALLOCATE);
    put_udp(&r);
    stun_put_u64(&r.b, STUN_RESERVATION_TOKEN, token);
    assert_int_equal(request_send(&r, &d, &m), -1);
    assert_int_equal(passed.n, 1);
    assert_int_equal(turn_server_input(owner, w.now, &passed.from, passed.p, passed.size),
                     TURN_DROP_NONE);
    assert_int_equal(code_of(last_sent(&w, 0), r.txid, &m), 0);
    assert_int_equal(relayed(&m).port, relay.port + 1);
    assert_int_equal(request_raw(&r, &d, &m), -1); /* repeated */
    assert_int_equal(passed.n, 2);
    d.at.peer.port = 4002;
    request_begin(&r, &d, STUN_ALLOCATE);
    put_udp(&r);
    stun_put_u64(&r.b, STUN_RESERVATION_TOKEN, 7); /* of no worker that there is */
    assert_int_equal(request_send(&r, &d, &m), 508);
    turn_server_free(w.s);
    w.s = owner;
}

/* ---- Connections ---- */

static struct client by_tcp(uint64_t stream)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    c.at.transport = TUPLE_TCP;
    c.at.stream = stream;
    return c;
}

static void an_allocation_goes_with_its_connection(void **state)
{
    struct client c = by_tcp(1), d = by_tcp(2);
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(allocate(&d, NULL), 0);
    assert_true(turn_server_knows(w.s, &c.at));
    turn_server_hangup(w.s, w.now, &c.at);
    turn_server_hangup(w.s, w.now, &c.at);
    assert_false(turn_server_knows(w.s, &c.at));
    assert_int_equal(stats()->allocations, 1);
    assert_int_equal(stats()->ended[TUPLE_TCP][0], 1);
}

static void with_a_ticket_it_may_come_back(void **state)
{
    struct client c = by_tcp(1), d = by_tcp(2);
    struct addr relay;
    (void)state;
    assert_int_equal(allocate_mobile(&c, &relay), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    turn_server_hangup(w.s, w.now, &c.at);
    assert_int_equal(stats()->allocations, 1);
    unsigned before = w.nsent;
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NO_ALLOCATION);
    assert_int_equal(w.nsent, before);
    assert_int_equal(refresh_with(&d, ticket, ticket_n, -1), 0);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "x", 1), TURN_DROP_NONE);
    turn_server_hangup(w.s, w.now, &d.at);
    wait_us(&w, 600 * SEC);
    assert_int_equal(stats()->allocations, 0);
}

static void channel_data_is_padded_on_streams(void **state)
{
    struct client c = by_tcp(1);
    struct addr relay, peer = address(PUBLIC_PEER);
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    for (unsigned n = 0; n < 9; n++) {
        assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "12345678", n), TURN_DROP_NONE);
        assert_true(client_got_data(&c, &peer, "12345678", n));
    }
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    for (unsigned n = 0; n < 9; n++) {
        assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, "12345678", n), TURN_DROP_NONE);
        assert_true(client_got_channel(&c, 0x4000, "12345678", n));
        assert_int_equal(last_sent(&w, 0)->n, 4 + (n + 3) / 4 * 4);
    }
}

/* ---- Sizes ---- */

static void what_fits_no_datagram_is_dropped(void **state)
{
    static uint8_t p[65536];
    struct client c = by_tcp(1), u = client_at(&w, "192.0.2.2:1", "ann");
    struct addr relay, ru;
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(channel_send(&c, 0x4000, p, 65507), TURN_DROP_NONE);
    assert_int_equal(channel_send(&c, 0x4000, p, 65508), TURN_DROP_OVERSIZE);
    assert_int_equal(allocate(&u, &ru), 0);
    assert_int_equal(permit(&u, PUBLIC_PEER), 0);
    assert_int_equal(peer_sends(&w, &ru, PUBLIC_PEER, p, 65468), TURN_DROP_NONE);
    assert_int_equal(last_sent(&w, 0)->n, 65504);
    assert_int_equal(peer_sends(&w, &ru, PUBLIC_PEER, p, 65469), TURN_DROP_OVERSIZE); /* padded */
    assert_int_equal(bind_channel(&u, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(peer_sends(&w, &ru, PUBLIC_PEER, p, 65503), TURN_DROP_NONE);
    assert_int_equal(peer_sends(&w, &ru, PUBLIC_PEER, p, 65504), TURN_DROP_OVERSIZE);
    assert_int_equal(peer_sends(&w, &relay, PUBLIC_PEER, p, 65507), TURN_DROP_NONE);
}

static void malformed_channel_data_is_dropped(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(bind_channel(&c, 0x4000, PUBLIC_PEER), 0);
    assert_int_equal(client_input(&c, (const uint8_t *)"\x40\0\0", 3), TURN_DROP_MALFORMED);
    assert_int_equal(client_input(&c, (const uint8_t *)"\x40\0\0\3ab", 6), TURN_DROP_MALFORMED);
    assert_int_equal(client_input(&c, (const uint8_t *)"\x40\0\0\1abcd", 8), TURN_DROP_NONE);
    assert_true(peer_got(&w, PUBLIC_PEER, "a")); /* padded, as some do over UDP, too */
    assert_int_equal(client_input(&c, (const uint8_t *)"\x40\0\0\1abcde", 9), TURN_DROP_MALFORMED);
    assert_int_equal(client_input(&c, (const uint8_t *)"", 0), TURN_DROP_MALFORMED);
    assert_int_equal(client_input(&c, (const uint8_t *)"\x80 media", 7), TURN_DROP_MALFORMED);
    assert_int_equal(drops(&w, TURN_DROP_MALFORMED), 5);
}

static void malformed_send_indications_are_dropped(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr peer = address(PUBLIC_PEER);
    uint8_t txid[STUN_TXID] = {1};
    (void)state;
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "x"), TURN_DROP_NO_ALLOCATION);
    assert_int_equal(allocate(&c, NULL), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    for (int i = 0; i < 4; i++) {
        stun_begin(&r.b, r.mem, sizeof r.mem, STUN_INDICATION, STUN_SEND, txid);
        if (i != 0)
            stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &peer);
        if (i != 1)
            stun_put(&r.b, STUN_DATA_ATTR, "x", 1);
        if (i == 2)
            stun_put(&r.b, 0x7FFF, "x", 1);
        if (i == 3)
            stun_put(&r.b, STUN_DONT_FRAGMENT, "", 0);
        static const enum turn_drop want[4] = {TURN_DROP_MALFORMED, TURN_DROP_MALFORMED,
                                               TURN_DROP_UNKNOWN_ATTRIBUTE, TURN_DROP_NONE};
        assert_int_equal(client_input(&c, r.mem, stun_end(&r.b)), want[i]);
    }
    assert_int_equal(last_sent(&w, 0)->flags, TURN_DF);
    assert_int_equal(send_ind(&c, PUBLIC_PEER, "x"), TURN_DROP_NONE);
    assert_int_equal(last_sent(&w, 0)->flags, 0);
    assert_int_equal(send_ind(&c, "8.8.4.4:0", "x"), TURN_DROP_POLICY);
}

static void what_nobody_sends_here_is_dropped(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    uint8_t txid[STUN_TXID] = {1};
    (void)state;
    for (enum stun_class cls = STUN_INDICATION; cls <= STUN_ERROR; cls++) {
        stun_begin(&r.b, r.mem, sizeof r.mem, cls, STUN_ALLOCATE, txid);
        assert_int_equal(client_input(&c, r.mem, stun_end(&r.b)), TURN_DROP_CLASS);
    }
    assert_int_equal(w.nsent, 0);
}

/* ---- ICMP ---- */

static bool got_icmp(struct client *c, uint8_t type, uint8_t code, uint32_t data)
{
    struct sent *o = last_sent(&w, 0);
    const struct stun_attr *at;
    if (o->kind != TO_CLIENT || memcmp(&o->client, &c->at, sizeof c->at) != 0 ||
        stun_parse(&m, o->p, o->n) != STUN_OK || m.method != STUN_DATA ||
        (at = stun_find(&m, STUN_ICMP)) == NULL || at->len != 8 ||
        stun_find(&m, STUN_DATA_ATTR) != NULL)
        return false;
    const uint8_t *v = stun_value(&m, at);
    return get_u16(v) == 0 && get_u16(v + 2) >> 9 == type && (get_u16(v + 2) & 0x1FF) == code &&
           get_u32(v + 4) == data;
}

static void icmp_errors_are_told(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct addr relay, peer = address(PUBLIC_PEER), other = address(PUBLIC_PEER2);
    (void)state;
    assert_int_equal(allocate(&c, &relay), 0);
    assert_int_equal(permit(&c, PUBLIC_PEER), 0);
    struct turn_relay *open = w.relays[0][relay.port];
    turn_server_icmp(w.s, w.now, open, &peer, 3, 3, 77);
    assert_true(got_icmp(&c, 3, 3, 0)); /* data only where it means something */
    turn_server_icmp(w.s, w.now, open, &peer, 3, 4, 1400);
    assert_true(got_icmp(&c, 3, 4, 1400));
    unsigned before = w.nsent;
    turn_server_icmp(w.s, w.now, open, &peer, 5, 0, 0);  /* a redirect is nobody's business */
    turn_server_icmp(w.s, w.now, open, &other, 3, 3, 0); /* no permission */
    wait_us(&w, 300 * SEC);
    turn_server_icmp(w.s, w.now, open, &peer, 3, 3, 0);
    assert_int_equal(w.nsent, before);
}

static void the_dump_is_json_without_secrets(void **state)
{
    struct client c = client_at(&w, "192.0.2.1:4000", "ann");
    struct buf b;
    (void)state;
    assert_int_equal(allocate(&c, NULL), 0);
    buf_init(&b, 100000);
    turn_server_dump(w.s, w.now, &b, 10);
    const char *text = buf_cstr(&b);
    assert_non_null(strstr(text, "\"client\":\"192.0.2.1:4000\""));
    assert_non_null(strstr(text, "\"ends_s\":600"));
    assert_null(strstr(text, "\"ann\""));
    buf_reset(&b);
    turn_server_dump(w.s, w.now, &b, 0);
    assert_string_equal(buf_cstr(&b), "[]");
    buf_free(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_ticket_moves_an_allocation),
        T(the_ticket_before_counts_until_the_new_one_is_used),
        T(tickets_of_others_and_made_up_ones_are_refused),
        T(others_cannot_use_an_allocation),
        T(without_mobility_it_is_forbidden),
        T(a_move_may_end_it),
        T(a_client_that_moves_to_another_worker_is_passed_on),
        T(a_token_of_another_worker_is_passed_on),
        T(an_allocation_goes_with_its_connection),
        T(with_a_ticket_it_may_come_back),
        T(channel_data_is_padded_on_streams),
        T(what_fits_no_datagram_is_dropped),
        T(malformed_channel_data_is_dropped),
        T(malformed_send_indications_are_dropped),
        T(what_nobody_sends_here_is_dropped),
        T(icmp_errors_are_told),
        T(the_dump_is_json_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
