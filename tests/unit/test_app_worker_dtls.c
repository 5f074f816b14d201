/* TURN over DTLS on the worker's UDP port, with OpenSSL's client over loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#include "io/dtls.h"
#include "relay_client.h"

static void drop_certificate(struct letter *l)
{
    struct media_dtls *m = container_of(l, struct media_dtls, letter);
    dtls_ctx_unref(m->ctx);
    xfree(m);
}

/* The certificate, as control posts it; returns when the worker has it. */
static void show_certificate(struct house *h)
{
    char err[200], *chain, *key;
    struct media_dtls *m = xcalloc(1, sizeof *m);
    io_peer_identity(&chain, &key);
    m->letter.kind = MEDIA_DTLS;
    m->letter.drop = drop_certificate;
    m->ctx = dtls_ctx_new(chain, key, err, sizeof err);
    assert_non_null(m->ctx);
    assert_true(worker_post(h->w, &m->letter));
    worker_ask_dump(h->w, 1); /* letters are read in order */
    PUMP_UNTIL(h->l, h->dumped != NULL);
    xfree(h->dumped);
    h->dumped = NULL;
}

static struct client *client_new(struct house *h)
{
    struct client *c = malloc(sizeof *c);
    client_open(c, h, TUPLE_DTLS);
    assert_true(c->p.shaken);
    return c;
}

static void client_gone(struct client *c)
{
    client_close(c);
    free(c);
}

/* One datagram each way. */
static void check_channel(struct client *c, struct other *o, unsigned channel, unsigned size)
{
    uint8_t data[1200], p[1204], got[2000];
    size_t n;
    memset(data, (int)size, sizeof data);
    client_write(c, p, client_channel(c, channel, p, data, size));
    assert_int_equal(other_wait(o, c->h, got, sizeof got), size);
    assert_memory_equal(got, data, size);
    assert_true(addr_eq(&o->relay, &c->relayed));
    other_send(o, &o->relay, data, size, 0);
    const uint8_t *back = client_wait(c, &n);
    assert_int_equal(n, 4 + size);
    assert_int_equal(get_u16(back), channel);
    assert_int_equal(get_u16(back + 2), size);
    assert_memory_equal(back + 4, data, size);
}

/* ---- Tests ---- */

static void a_channel_carries_data_both_ways(void **state)
{
    struct house h;
    struct other o;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    other_open(&o);
    struct client *c = client_new(&h);
    COUNTED(&h, COUNT_DTLS_ASKED, 1);
    COUNTED(&h, COUNT_DTLS_OPENED, 1); /* the last flight leaves before that */
    assert_true(client_allocate(c) && client_bind(c, 0x4001, &o.at));
    for (unsigned size = 1; size <= 1100; size += 157)
        check_channel(c, &o, 0x4001, size);
    PUMP_UNTIL(h.l, stats_of(&h).allocations == 1); /* numbers are shown now and then */
    assert_int_equal(SSL_shutdown(c->p.ssl), 0);    /* the association was all that it had */
    PUMP_UNTIL(h.l, stats_of(&h).allocations == 0);
    client_gone(c);
    close(o.fd);
    house_close(&h);
}

/* Decrypted bytes are gone with the record, so each must be sent as it was; what comes to the relay as
 * one train leaves as one record for each datagram. */
static void many_at_once_keep_their_bytes_and_their_order(void **state)
{
    enum { N = 24, SIZE = 600 };
    static uint8_t got[65536];
    struct house h;
    struct other o;
    uint8_t data[SIZE], p[SIZE + 4];
    size_t n;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    other_open(&o);
    struct client *c = client_new(&h);
    assert_true(client_allocate(c) && client_bind(c, 0x4001, &o.at));
    for (unsigned i = 0; i < N; i++) {
        memset(data, (int)i, sizeof data);
        client_write(c, p, client_channel(c, 0x4001, p, data, sizeof data));
    }
    for (n = 0; n < N * SIZE;) /* its socket gathers */
        n += other_wait(&o, &h, got + n, sizeof got - n);
    for (unsigned i = 0; i < N * SIZE; i++)
        assert_int_equal(got[i], i / SIZE);
    other_send(&o, &c->relayed, got, N * SIZE, SIZE);
    for (unsigned i = 0; i < N; i++) {
        const uint8_t *back = client_wait(c, &n);
        assert_int_equal(n, SIZE + 4);
        assert_int_equal(back[4], i);
        assert_int_equal(back[SIZE + 3], i);
    }
    assert_true(client_release(c));
    client_gone(c);
    close(o.fd);
    house_close(&h);
}

/* A Data indication: head, borrowed bytes and padding become one record. */
static void without_a_channel_data_comes_padded(void **state)
{
    struct house h;
    struct other o;
    struct stun_msg m;
    size_t n;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    other_open(&o);
    struct client *c = client_new(&h);
    assert_true(client_allocate(c) && client_permit(c, &o.at));
    other_send(&o, &c->relayed, "hello", 5, 0);
    const uint8_t *p = client_wait(c, &n);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.method, STUN_DATA);
    const struct stun_attr *data = stun_find(&m, STUN_DATA_ATTR);
    assert_int_equal(data->len, 5);
    assert_memory_equal(stun_value(&m, data), "hello\0\0\0", 8);
    client_gone(c);
    close(o.fd);
    house_close(&h);
}

static void a_binding_is_answered_inside(void **state)
{
    struct house h;
    uint8_t mem[STUN_MESSAGE_MAX];
    struct stun_builder b;
    struct stun_msg m;
    struct addr mine, seen;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    struct client *c = client_new(&h);
    client_begin(c, &b, mem, STUN_BINDING);
    assert_true(client_ask(c, &b, &m));
    local_of(c->p.fd, &mine);
    assert_true(stun_get_xaddr(&m, stun_find(&m, STUN_XOR_MAPPED_ADDRESS), &seen));
    assert_true(addr_eq(&mine, &seen));
    COUNTED(&h, COUNT_STUN_DTLS, 1);
    assert_int_equal(counted(&h, COUNT_STUN_UDP), 0);
    client_gone(c);
    house_close(&h);
}

static uint64_t refused(struct house *h)
{
    return counted(h, COUNT_DROP_DTLS_STRAY) + counted(h, COUNT_DROP_DTLS_MALFORMED);
}

static void garbage_is_counted_and_harms_nobody(void **state)
{
    static const uint8_t fatal_alert[] = {21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    static const uint8_t bad_seal[40] = {23, 254, 253, 0, 1, 0, 0, 0, 0, 1, 0, 0, 27};
    struct house h;
    struct other o;
    uint8_t junk[300];
    uint64_t sent = 0;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    other_open(&o);
    struct client *c = client_new(&h);
    assert_true(client_allocate(c) && client_bind(c, 0x4001, &o.at));
    int stranger = client_udp(&h.set.udp_at[0]);
    for (unsigned first = 20; first < 64; first++, sent++) {
        memset(junk, (int)(first * 7), sizeof junk);
        junk[0] = (uint8_t)first;
        assert_true(send(stranger, junk, first * 4, 0) > 0);
    }
    PUMP_UNTIL(h.l, refused(&h) == sent);
    assert_true(recv(stranger, junk, sizeof junk, 0) < 0);
    /* With the client's own address: forged, cut and broken. */
    assert_true(send(c->p.fd, fatal_alert, sizeof fatal_alert, 0) > 0);
    assert_true(send(c->p.fd, bad_seal, sizeof bad_seal, 0) > 0);
    for (size_t n = 1; n < sizeof bad_seal; n++)
        assert_true(send(c->p.fd, bad_seal, n, 0) > 0);
    check_channel(c, &o, 0x4001, 100);
    /* And what it says itself. */
    client_write(c, "\0", 1);
    client_write(c, "\0\3\0\0what is this, a message?", 28);
    client_write(c, "\x40\1\1\0too short", 13);
    client_write(c, "\x40", 1);
    client_write(c, "\xff\xff\xff\xff", 4);
    check_channel(c, &o, 0x4001, 101);
    assert_int_equal(refused(&h), sent);
    assert_true(client_release(c));
    close(stranger);
    client_gone(c);
    close(o.fd);
    house_close(&h);
}

static void a_hello_of_media_gets_no_answer(void **state)
{
    struct house h;
    uint8_t mem[STUN_MESSAGE_MAX], got[2000];
    struct stun_builder b;
    ssize_t n = -1;
    (void)state;
    house_open(&h, turn_conf());
    show_certificate(&h);
    struct client *c = calloc(1, sizeof *c);
    client_open(c, &h, TUPLE_UDP);
    c->p.ssl = client_dtls(c->p.fd, &h.set.udp_at[0]);
    assert_int_equal(SSL_set_tlsext_use_srtp(c->p.ssl, "SRTP_AES128_CM_SHA1_80"), 0);
    assert_int_equal(SSL_do_handshake(c->p.ssl), -1);
    PUMP_UNTIL(h.l, counted(&h, COUNT_DROP_DTLS_MEDIA) == 1);
    /* What leaves one socket for one address stays in order: an answer would come before this one. */
    client_begin(c, &b, mem, STUN_BINDING);
    assert_true(send(c->p.fd, b.p, stun_end(&b), 0) > 0);
    PUMP_UNTIL(h.l, (n = recv(c->p.fd, got, sizeof got, 0)) >= 0);
    assert_memory_equal(got + 8, b.p + 8, STUN_TXID);
    assert_int_equal(counted(&h, COUNT_DTLS_ASKED), 0);
    client_gone(c);
    house_close(&h);
}

static void the_silent_end_unless_they_have_an_allocation(void **state)
{
    struct house h;
    struct worker_conf conf = turn_conf();
    uint8_t x;
    (void)state;
    conf.stream_idle_us = 500000;
    house_open(&h, conf);
    show_certificate(&h);
    struct client *kept = malloc(sizeof *kept);
    client_stay(kept, &h, TUPLE_DTLS);
    struct client *ended = client_new(&h);
    /* Begun later, so that by its end the other one has been asked about, too. */
    PUMP_UNTIL(h.l, peer_read(&ended->p, &x, 1) == 0 && (ended->p.eof || ended->p.failed));
    assert_true(ended->p.eof);
    assert_int_equal(peer_read(&kept->p, &x, 1), 0);
    assert_false(kept->p.eof || kept->p.failed);
    assert_true(client_permit(kept, &(struct addr){.ip = {127, 0, 0, 1}, .family = 4, .port = 9}));
    assert_true(client_release(kept));
    PUMP_UNTIL(h.l, peer_read(&kept->p, &x, 1) == 0 && (kept->p.eof || kept->p.failed));
    assert_true(kept->p.eof);
    client_gone(kept);
    client_gone(ended);
    house_close(&h);
}

static void a_new_certificate_leaves_those_who_are_in(void **state)
{
    struct house h;
    struct other o;
    uint8_t x;
    (void)state;
    house_open(&h, turn_conf());
    other_open(&o);
    int early = client_udp(&h.set.udp_at[0]); /* before there is one */
    SSL *ssl = client_dtls(early, &h.set.udp_at[0]);
    assert_int_equal(SSL_do_handshake(ssl), -1);
    PUMP_UNTIL(h.l, counted(&h, COUNT_DROP_DTLS_OFF) == 1);
    SSL_free(ssl);
    close(early);
    show_certificate(&h);
    struct client *first = client_new(&h);
    assert_true(client_allocate(first) && client_bind(first, 0x4001, &o.at));
    show_certificate(&h);
    check_channel(first, &o, 0x4001, 50);
    struct client *second = client_new(&h);
    assert_true(client_allocate(second));
    PUMP_UNTIL(h.l, stats_of(&h).allocations == 2);
    close(o.fd);
    house_close(&h); /* says goodbye to both */
    peer_read(&first->p, &x, 1);
    peer_read(&second->p, &x, 1);
    assert_true(first->p.eof && second->p.eof);
    client_gone(first);
    client_gone(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_carries_data_both_ways),
        cmocka_unit_test(many_at_once_keep_their_bytes_and_their_order),
        cmocka_unit_test(without_a_channel_data_comes_padded),
        cmocka_unit_test(a_binding_is_answered_inside),
        cmocka_unit_test(garbage_is_counted_and_harms_nobody),
        cmocka_unit_test(a_hello_of_media_gets_no_answer),
        cmocka_unit_test(the_silent_end_unless_they_have_an_allocation),
        cmocka_unit_test(a_new_certificate_leaves_those_who_are_in),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
