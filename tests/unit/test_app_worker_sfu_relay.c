/* Groups by relays of this server: for networks that let nothing out but what looks like the web. */
#include "group_house.h"

/* ---- A little TURN ---- */

struct turn_asker {
    struct client *c;
    uint8_t serial;
    char nonce[128];
    uint8_t key[16];
};

static void begin(struct turn_asker *t, struct stun_builder *b, uint8_t *mem, unsigned method)
{
    uint8_t txid[STUN_TXID] = {++t->serial};
    stun_begin(b, mem, STUN_MESSAGE_MAX, STUN_REQUEST, method, txid);
}

static size_t read_message(struct client *c, uint8_t *p, size_t cap)
{
    if (!c->tcp)
        return client_read(c, p, cap);
    assert_int_equal(recv(c->fd, p, STUN_HEADER, MSG_WAITALL), STUN_HEADER);
    size_t n = get_u16(p + 2);
    assert_int_equal(recv(c->fd, p + STUN_HEADER, n, MSG_WAITALL), (ssize_t)n);
    return STUN_HEADER + n;
}

static bool ask(struct turn_asker *t, struct stun_builder *b, uint8_t *p, struct stun_msg *m)
{
    if (t->nonce[0] != 0) {
        stun_put(b, STUN_USERNAME, "u", 1);
        stun_put(b, STUN_REALM, TURN_REALM, strlen(TURN_REALM));
        stun_put(b, STUN_NONCE, t->nonce, strlen(t->nonce));
        stun_put_integrity(b, t->key, sizeof t->key);
    }
    size_t n = stun_end(b);
    assert_int_equal(send(t->c->fd, b->p, n, MSG_NOSIGNAL), (ssize_t)n);
    n = read_message(t->c, p, STUN_MESSAGE_MAX);
    assert_int_equal(stun_parse(m, p, n), STUN_OK);
    return m->cls == STUN_SUCCESS;
}

static void allocate(struct turn_asker *t)
{
    uint8_t mem[STUN_MESSAGE_MAX], answer[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    for (int i = 0; i < 2; i++) {
        begin(t, &b, mem, STUN_ALLOCATE);
        stun_put_u32(&b, STUN_REQUESTED_TRANSPORT, 17u << 24);
        if (ask(t, &b, answer, &m))
            return;
        const struct stun_attr *nonce = stun_find(&m, STUN_NONCE);
        assert_non_null(nonce);
        memcpy(t->nonce, stun_value(&m, nonce), nonce->len);
        stun_key_md5("u", TURN_REALM, "p", t->key);
    }
    fail_msg("no relay");
}

/* From now on everything goes to the peer, by a relay. */
static bool go_by_relay(struct client *c, const struct addr *peer)
{
    struct turn_asker t = {.c = c};
    uint8_t mem[STUN_MESSAGE_MAX], answer[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    allocate(&t);
    begin(&t, &b, mem, STUN_CHANNEL_BIND);
    stun_put_u32(&b, STUN_CHANNEL_NUMBER, (uint32_t)CHANNEL << 16);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, peer);
    c->turn = ask(&t, &b, answer, &m);
    return c->turn;
}

/* ---- Tests ---- */

static void speak_and_hear(struct client *a, struct client *b)
{
    uint8_t p[2048];
    for (uint16_t i = 0; i < 50; i++) {
        client_talk(a, i);
        struct rtp r = client_hear(b, p, sizeof p);
        assert_int_equal(r.ssrc, b->ssrc);
        assert_int_equal(p[r.head], (uint8_t)i);
    }
}

static void meet(struct house *h, struct client *a, struct client *b)
{
    const struct addr *sfu = &h->set.udp_at[0];
    struct turn_stats st = {0};
    assert_true(go_by_relay(a, sfu));
    assert_true(go_by_relay(b, sfu));
    client_connect(a);
    client_connect(b);
    speak_and_hear(a, b);
    while (st.inside_packets < 50) { /* seen some milliseconds later */
        st = (struct turn_stats){0};
        worker_turn_stats(h->w, &st);
        if (h->other != NULL)
            worker_turn_stats(h->other, &st);
    }
    client_close(a);
    client_close(b);
    close_house(h);
}

static void both_by_relays_over_udp(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house_with(&h, 1, true);
    client_open(&a, &h, 1, true);
    client_open(&b, &h, 2, false);
    meet(&h, &a, &b);
}

static void both_by_relays_over_tcp(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house_with(&h, 1, true);
    client_open(&a, &h, 1, true);
    client_open(&b, &h, 2, false);
    close(a.fd);
    close(b.fd);
    a.fd = stream_to(&h, h.w);
    b.fd = stream_to(&h, h.w);
    a.tcp = b.tcp = true;
    meet(&h, &a, &b);
}

/* One speaks by a relay of the other worker, the other hears by one, too. */
static void relays_of_another_worker(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house_with(&h, 2, true);
    client_open(&a, &h, 1, true);
    client_arrive_at(&a, h.other);
    client_open(&b, &h, 2, false);
    client_arrive_at(&b, h.other);
    meet(&h, &a, &b);
}

/* The media port is no way to anything else: what is no check of somebody who is expected is not answered. */
static void nobody_else_is_there(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    uint8_t p[2048], txid[STUN_TXID] = {9};
    struct stun_builder b;
    open_house_with(&h, 1, true);
    client_open(&a, &h, 1, true);
    assert_true(go_by_relay(&a, &h.set.udp_at[0]));
    client_offer(&a, a.print);
    take_answer(&a);
    uint64_t lost = count_get(worker_counts(h.w), COUNT_DROP_UDP_MEDIA);
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_BINDING, txid);
    client_write(&a, p, stun_end(&b));
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_ALLOCATE, txid);
    client_write(&a, p, stun_end(&b));
    client_write(&a, p, ice_check(p, "00abcdef:xyzw", "not the password", true));
    memset(p, 22, 100);
    client_write(&a, p, 100);
    memset(p, 0x80, 100);
    client_write(&a, p, 100);
    client_check(&a); /* whose answer is the first that comes */
    assert_int_equal(count_get(worker_counts(h.w), COUNT_DROP_UDP_MEDIA), lost + 5);
    client_close(&a);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_by_relays_over_udp),
        cmocka_unit_test(both_by_relays_over_tcp),
        cmocka_unit_test(relays_of_another_worker),
        cmocka_unit_test(nobody_else_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
