/* DTLS on a UDP port, with OpenSSL's client on the other side: the cookie, what is never answered, limits, data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/count.h"
#include "io/dtls_port.h"
#include "io_peer.h"
#include "proto/dtls_hello.h"

enum { QUEUE = 64, PACKET = 2048 };

/* Datagrams on their way to the client. */
struct queue {
    uint8_t bytes[QUEUE][PACKET];
    size_t len[QUEUE];
    unsigned n;
};

struct house {
    struct loop *loop;
    struct dtls_port *port;
    struct dtls_ctx *ctx;
    struct queue out;
    struct buf got; /* what arrived decrypted */
    uint64_t number;
    unsigned closed, asked;
    bool keeps;
};

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    struct udp_path path;
    uint8_t first[PACKET]; /* its first datagram */
    size_t first_len;
};

static void on_send(void *ctx, struct udp *u, const struct udp_path *to, const uint8_t *p, size_t n)
{
    struct house *h = ctx;
    (void)u, (void)to;
    assert_true(n <= DTLS_DATAGRAM && h->out.n < QUEUE);
    memcpy(h->out.bytes[h->out.n], p, n);
    h->out.len[h->out.n++] = n;
}

static void on_data(void *ctx, uint64_t number, const struct udp_path *from, const uint8_t *p,
                    size_t n)
{
    struct house *h = ctx;
    (void)from;
    h->number = number;
    buf_put(&h->got, p, n);
}

static bool on_keep(void *ctx, uint64_t number, const struct udp_path *who)
{
    struct house *h = ctx;
    (void)number, (void)who;
    h->asked++;
    return h->keeps;
}

static void on_closed(void *ctx, uint64_t number, const struct udp_path *who)
{
    struct house *h = ctx;
    (void)number, (void)who;
    h->closed++;
}

static const struct dtls_port_user user = {on_send, on_data, on_keep, on_closed};

static void open_house(struct house *h, struct dtls_port_conf conf)
{
    char err[200], *chain, *key;
    memset(h, 0, sizeof *h);
    buf_init(&h->got, 1 << 20);
    io_peer_identity(&chain, &key);
    h->ctx = dtls_ctx_new(chain, key, err, sizeof err);
    assert_non_null(h->ctx);
    h->loop = loop_new(NULL);
    memset(conf.cookie_key, 7, sizeof conf.cookie_key);
    h->port = dtls_port_new(h->loop, &conf, &user, h);
    dtls_port_ctx(h->port, h->ctx);
}

static void close_house(struct house *h)
{
    dtls_port_free(h->port);
    dtls_ctx_unref(h->ctx);
    loop_free(h->loop);
    buf_free(&h->got);
}

static struct client client_new(uint16_t port, bool srtp)
{
    struct client c = {
        .path = {.peer = addr_ip4(203, 0, 113, 9, port), .local = addr_ip4(198, 51, 100, 1, 3478)}};
    c.ctx = SSL_CTX_new(DTLS_client_method());
    if (srtp)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(c.ctx, "SRTP_AES128_CM_SHA1_80"), 0);
    c.ssl = SSL_new(c.ctx);
    c.in = BIO_new(BIO_s_mem());
    c.out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(c.in, -1);
    SSL_set_bio(c.ssl, c.in, c.out);
    SSL_set_options(c.ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(c.ssl, 1400);
    SSL_set_connect_state(c.ssl);
    return c;
}

static void client_free(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
}

/* Gives the server what the client has written; the last verdict. */
static enum dtls_port_verdict push(struct house *h, struct client *c)
{
    enum dtls_port_verdict v = DTLS_PORT_VERDICTS;
    uint8_t all[16384];
    int n = BIO_read(c->out, all, sizeof all);
    for (int at = 0; at < n;) { /* a memory BIO forgets where datagrams ended: one record each */
        int len = 13 + (all[at + 11] << 8 | all[at + 12]);
        if (c->first_len == 0) {
            memcpy(c->first, all + at, (size_t)len);
            c->first_len = (size_t)len;
        }
        v = dtls_port_input(h->port, NULL, &c->path, all + at, (size_t)len);
        at += len;
    }
    return v;
}

static void pull(struct house *h, struct client *c)
{
    for (unsigned i = 0; i < h->out.n; i++) {
        BIO_write(c->in, h->out.bytes[i], (int)h->out.len[i]);
        if (!SSL_is_init_finished(c->ssl))
            SSL_do_handshake(c->ssl);
    }
    h->out.n = 0;
}

/* Plays the handshake; whether it ended well. */
static bool shake(struct house *h, struct client *c)
{
    SSL_do_handshake(c->ssl);
    for (int i = 0; i < 10 && !SSL_is_init_finished(c->ssl); i++) {
        push(h, c);
        pull(h, c);
    }
    push(h, c);
    return SSL_is_init_finished(c->ssl);
}

/* ---- Tests ---- */

static void a_client_gets_in_by_the_cookie_and_data_goes_both_ways(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){0});
    struct client c = client_new(4000, false);
    SSL_do_handshake(c.ssl);
    assert_int_equal(push(&h, &c), DTLS_PORT_ASKED);
    assert_int_equal(dtls_port_count(h.port), 0); /* nothing is kept */
    assert_int_equal(h.out.n, 1);
    assert_int_equal(h.out.len[0], DTLS_VERIFY_REQUEST);
    assert_true(h.out.len[0] <= c.first_len); /* no amplifier */
    pull(&h, &c);
    assert_int_equal(push(&h, &c), DTLS_PORT_OPENED);
    assert_int_equal(dtls_port_count(h.port), 1);
    pull(&h, &c);
    assert_true(shake(&h, &c));
    assert_int_equal(SSL_write(c.ssl, "hello", 5), 5);
    assert_int_equal(push(&h, &c), DTLS_PORT_TAKEN);
    assert_int_equal(buf_len(&h.got), 5);
    assert_memory_equal(buf_data(&h.got), "hello", 5);
    struct iovec v[2] = {{(void *)"wel", 3}, {(void *)"come", 4}};
    char back[16];
    assert_true(dtls_port_send(h.port, h.number, v, 2));
    pull(&h, &c);
    assert_int_equal(SSL_read(c.ssl, back, sizeof back), 7);
    assert_memory_equal(back, "welcome", 7);
    assert_false(dtls_port_send(h.port, h.number + 1, v, 2));
    SSL_shutdown(c.ssl);
    push(&h, &c);
    assert_int_equal(h.closed, 1);
    assert_int_equal(dtls_port_count(h.port), 0);
    client_free(&c);
    close_house(&h);
}

static void media_is_never_answered(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){0});
    struct client c = client_new(4000, true);
    SSL_do_handshake(c.ssl);
    assert_int_equal(push(&h, &c), DTLS_PORT_MEDIA);
    assert_int_equal(h.out.n, 0);
    /* A first fragment: whether it offers use_srtp cannot be seen. */
    uint8_t part[200];
    memcpy(part, c.first, sizeof part);
    part[12] = sizeof part - 13, part[11] = 0;
    part[23] = sizeof part - 25, part[22] = 0;
    assert_int_equal(dtls_port_input(h.port, NULL, &c.path, part, sizeof part), DTLS_PORT_MEDIA);
    assert_int_equal(h.out.n, 0);
    assert_int_equal(dtls_port_count(h.port), 0);
    client_free(&c);
    close_house(&h);
}

static void a_cookie_is_good_for_one_address_and_not_for_long(void **state)
{
    uint8_t key[32] = {1}, answer[DTLS_VERIFY_REQUEST];
    struct addr a = addr_ip4(203, 0, 113, 9, 4000), port = addr_ip4(203, 0, 113, 9, 4001);
    struct addr host = addr_ip4(203, 0, 113, 10, 4000);
    struct dtls_hello h = {.kind = DTLS_HELLO_COOKIE, .cookie_len = DTLS_COOKIE};
    int64_t minute = 60000000;
    (void)state;
    dtls_hello_verify_request(key, 5 * minute, &a, &h, answer);
    h.cookie = answer + DTLS_VERIFY_REQUEST - DTLS_COOKIE;
    assert_true(dtls_hello_cookie_ok(key, 5 * minute, &a, &h));
    assert_true(dtls_hello_cookie_ok(key, 7 * minute - 1, &a, &h));
    assert_false(dtls_hello_cookie_ok(key, 7 * minute, &a, &h));
    assert_false(dtls_hello_cookie_ok(key, 5 * minute, &port, &h));
    assert_false(dtls_hello_cookie_ok(key, 5 * minute, &host, &h));
    key[0] = 2;
    assert_false(dtls_hello_cookie_ok(key, 5 * minute, &a, &h));
    h.cookie_len = DTLS_COOKIE - 1;
    key[0] = 1;
    assert_false(dtls_hello_cookie_ok(key, 5 * minute, &a, &h));
}

static void every_cut_and_every_changed_byte_is_survived(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){.max_handshakes = 1});
    struct client c = client_new(4000, false);
    SSL_do_handshake(c.ssl);
    push(&h, &c);
    for (size_t n = 0; n < c.first_len; n++) {
        h.out.n = 0;
        assert_int_not_equal(dtls_port_input(h.port, NULL, &c.path, c.first, n), DTLS_PORT_ASKED);
        assert_int_equal(h.out.n, 0);
    }
    for (size_t i = 0; i < c.first_len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t copy[PACKET];
            memcpy(copy, c.first, c.first_len);
            copy[i] ^= (uint8_t)(1u << bit);
            h.out.n = 0;
            dtls_port_input(h.port, NULL, &c.path, copy, c.first_len);
            assert_int_equal(dtls_port_count(h.port), 0);
        }
    client_free(&c);
    close_house(&h);
}

static void limits_hold(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){.max = 3, .max_per_addr = 2});
    struct client c[3];
    for (unsigned i = 0; i < 3; i++)
        c[i] = client_new((uint16_t)(4000 + i), false);
    assert_true(shake(&h, &c[0]));
    assert_true(shake(&h, &c[1]));
    SSL_do_handshake(c[2].ssl);
    assert_int_equal(push(&h, &c[2]), DTLS_PORT_ASKED);
    pull(&h, &c[2]);
    assert_int_equal(push(&h, &c[2]), DTLS_PORT_FULL); /* its address has two */
    assert_int_equal(h.out.n, 0);
    assert_int_equal(dtls_port_count(h.port), 2);
    dtls_port_close_all(h.port);
    assert_int_equal(h.closed, 2);
    for (unsigned i = 0; i < 3; i++)
        client_free(&c[i]);
    close_house(&h);
}

static void the_silent_are_asked_about_and_closed(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){.idle_us = 20000});
    struct client c = client_new(4000, false);
    h.keeps = true;
    assert_true(shake(&h, &c));
    for (int i = 0; i < 100 && h.asked < 2; i++)
        loop_round(h.loop, 50000);
    assert_int_equal(h.asked, 2);
    assert_int_equal(h.closed, 0);
    h.keeps = false;
    for (int i = 0; i < 100 && h.closed == 0; i++)
        loop_round(h.loop, 50000);
    assert_int_equal(h.closed, 1);
    pull(&h, &c);
    char b[8];
    assert_int_equal(SSL_get_error(c.ssl, SSL_read(c.ssl, b, sizeof b)), SSL_ERROR_ZERO_RETURN);
    client_free(&c);
    close_house(&h);
}

/* As far as the server's first flight, which is lost. */
static struct client begin_and_lose(struct house *h, struct dtls_port_conf conf)
{
    open_house(h, conf);
    struct client c = client_new(4000, false);
    SSL_do_handshake(c.ssl);
    push(h, &c);
    pull(h, &c);
    assert_int_equal(push(h, &c), DTLS_PORT_OPENED);
    assert_true(h->out.n > 0);
    h->out.n = 0;
    return c;
}

static void a_lost_flight_is_sent_again(void **state)
{
    struct house h;
    (void)state;
    struct client c = begin_and_lose(&h, (struct dtls_port_conf){0});
    for (int i = 0; i < 100 && h.out.n == 0; i++)
        loop_round(h.loop, 50000);
    assert_true(h.out.n > 0);
    client_free(&c);
    close_house(&h);
}

static void a_dead_handshake_ends(void **state)
{
    struct house h;
    (void)state;
    struct client c = begin_and_lose(&h, (struct dtls_port_conf){.handshake_us = 300000});
    for (int i = 0; i < 100 && h.closed == 0; i++) {
        h.out.n = 0;
        loop_round(h.loop, 50000);
    }
    assert_int_equal(h.closed, 1);
    assert_int_equal(dtls_port_count(h.port), 0);
    client_free(&c);
    close_house(&h);
}

static void a_client_may_begin_anew_from_the_same_port(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){0});
    struct client c = client_new(4000, false), again = client_new(4000, false);
    assert_true(shake(&h, &c));
    assert_true(shake(&h, &again));
    assert_int_equal(h.closed, 1);
    assert_int_equal(dtls_port_count(h.port), 1);
    assert_int_equal(SSL_write(again.ssl, "x", 1), 1);
    push(&h, &again);
    assert_int_equal(buf_len(&h.got), 1);
    client_free(&c);
    client_free(&again);
    close_house(&h);
}

static void without_a_certificate_it_is_off(void **state)
{
    struct house h;
    (void)state;
    open_house(&h, (struct dtls_port_conf){0});
    struct client c = client_new(4000, false);
    dtls_port_ctx(h.port, NULL);
    SSL_do_handshake(c.ssl);
    assert_int_equal(push(&h, &c), DTLS_PORT_OFF);
    assert_int_equal(h.out.n, 0);
    client_free(&c);
    close_house(&h);
}

static void an_unusable_pair_is_refused_with_a_sentence(void **state)
{
    char err[200], *chain, *key;
    (void)state;
    io_peer_identity(&chain, &key);
    assert_null(dtls_ctx_new("nothing", key, err, sizeof err));
    assert_non_null(strstr(err, "the certificate cannot be used"));
    assert_null(dtls_ctx_new(chain, chain, err, sizeof err));
    assert_non_null(strstr(err, "the private key cannot be used"));
    assert_int_equal(ERR_peek_error(), 0); /* nothing is left for others to stumble over */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_gets_in_by_the_cookie_and_data_goes_both_ways),
        cmocka_unit_test(media_is_never_answered),
        cmocka_unit_test(a_cookie_is_good_for_one_address_and_not_for_long),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_survived),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(the_silent_are_asked_about_and_closed),
        cmocka_unit_test(a_lost_flight_is_sent_again),
        cmocka_unit_test(a_dead_handshake_ends),
        cmocka_unit_test(a_client_may_begin_anew_from_the_same_port),
        cmocka_unit_test(without_a_certificate_it_is_off),
        cmocka_unit_test(an_unusable_pair_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
