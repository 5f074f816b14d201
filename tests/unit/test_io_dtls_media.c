/* DTLS of media, with OpenSSL's client on the other side: profiles, keys, certificates, lost and split datagrams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "io/dtls_media.h"

#define ALL "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"

enum { QUEUE = 64, PACKET = 2048, WALL_S = 1790000000 };

struct pair {
    struct dtls_ctx *ctx;
    struct dtls *server;
    SSL_CTX *client_ctx;
    SSL *client;
    X509 *cert;
    BIO *in, *out;
    uint8_t bytes[QUEUE][PACKET]; /* datagrams on their way to the client */
    size_t len[QUEUE];
    unsigned n;
    unsigned client_datagrams;
};

static void on_datagram(void *ctx, const uint8_t *p, size_t n)
{
    struct pair *w = ctx;
    assert_true(n <= DTLS_DATAGRAM && w->n < QUEUE);
    memcpy(w->bytes[w->n], p, n);
    w->len[w->n++] = n;
}

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    (void)ctx, (void)p, (void)n;
    fail_msg("media needs no data");
}

static const struct dtls_ops ops = {on_datagram, on_data};

static void show_certificate(struct pair *w, EVP_PKEY *key)
{
    w->cert = X509_new();
    X509_set_version(w->cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(w->cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(w->cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(w->cert), 3600);
    X509_set_pubkey(w->cert, key);
    assert_true(X509_sign(w->cert, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(w->client_ctx, w->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(w->client_ctx, key), 1);
    EVP_PKEY_free(key);
}

static void begin(struct pair *w, const char *profiles, EVP_PKEY *key)
{
    char err[200];
    memset(w, 0, sizeof *w);
    w->ctx = dtls_media_ctx_new(WALL_S, err, sizeof err);
    assert_non_null(w->ctx);
    w->server = dtls_media_new(w->ctx, &ops, w);
    assert_non_null(w->server);
    w->client_ctx = SSL_CTX_new(DTLS_client_method());
    if (profiles != NULL)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(w->client_ctx, profiles), 0);
    if (key != NULL)
        show_certificate(w, key);
    w->client = SSL_new(w->client_ctx);
    w->in = BIO_new(BIO_s_mem());
    w->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(w->in, -1);
    SSL_set_bio(w->client, w->in, w->out);
    SSL_set_options(w->client, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(w->client, 1200);
    SSL_set_connect_state(w->client);
}

static void end(struct pair *w)
{
    SSL_free(w->client);
    SSL_CTX_free(w->client_ctx);
    X509_free(w->cert);
    dtls_free(w->server);
    dtls_ctx_unref(w->ctx);
}

/* What the client has written, one record a datagram: a memory BIO forgets where datagrams ended. */
static void push(struct pair *w)
{
    uint8_t all[16384];
    int n = BIO_read(w->out, all, sizeof all);
    for (int at = 0; at < n;) {
        int len = 13 + (all[at + 11] << 8 | all[at + 12]);
        dtls_input(w->server, all + at, (size_t)len);
        w->client_datagrams++;
        at += len;
    }
}

static void pull(struct pair *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        BIO_write(w->in, w->bytes[i], (int)w->len[i]);
        if (!SSL_is_init_finished(w->client))
            SSL_do_handshake(w->client);
    }
    w->n = 0;
}

static enum dtls_state shake(struct pair *w)
{
    SSL_do_handshake(w->client);
    for (int i = 0; i < 8 && dtls_state(w->server) == DTLS_HANDSHAKING; i++) {
        push(w);
        pull(w);
    }
    return dtls_state(w->server);
}

static EVP_PKEY *p256(void)
{
    return EVP_EC_gen("P-256");
}

static void the_server_chooses_the_profile(void **state)
{
    static const struct {
        const char *offered;
        uint16_t chosen, n;
    } cases[] = {
        {ALL, 7, 56},
        {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", 8, 88},
        {"SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", 1, 60},
        {"SRTP_AES128_CM_SHA1_32", 0, 0},
        {NULL, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair w;
        struct dtls_keying k;
        uint8_t theirs[DTLS_KEYING_MAX];
        begin(&w, cases[i].offered, p256());
        assert_false(dtls_media_keying(w.server, &k));
        assert_int_equal(shake(&w), DTLS_OPEN);
        assert_int_equal(dtls_media_keying(w.server, &k), cases[i].chosen != 0);
        if (cases[i].chosen != 0) {
            assert_int_equal(k.profile, cases[i].chosen);
            assert_int_equal(k.n, cases[i].n);
            assert_int_equal(SSL_get_selected_srtp_profile(w.client)->id, k.profile);
            assert_int_equal(SSL_export_keying_material(w.client, theirs, k.n,
                                                        "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
                             1);
            assert_memory_equal(k.bytes, theirs, k.n);
        }
        end(&w);
    }
}

static void both_fingerprints_are_told(void **state)
{
    static const EVP_MD *(*const hashes[DTLS_HASHES])(void) = {EVP_sha256, EVP_sha384, EVP_sha512};
    struct pair w;
    uint8_t want[EVP_MAX_MD_SIZE], got[DTLS_FINGERPRINT_MAX];
    char text[DTLS_FINGERPRINT_TEXT + 1], ours[DTLS_FINGERPRINT_TEXT + 1];
    unsigned n;
    (void)state;
    begin(&w, ALL, EVP_RSA_gen(2048));
    assert_int_equal(dtls_media_fingerprint(w.server, DTLS_SHA256, got), 0);
    assert_int_equal(shake(&w), DTLS_OPEN);
    for (unsigned h = 0; h < DTLS_HASHES; h++) {
        X509_digest(w.cert, hashes[h](), want, &n);
        assert_int_equal(dtls_media_fingerprint(w.server, h, got), n);
        assert_memory_equal(got, want, n);
    }
    X509_digest(SSL_get0_peer_certificate(w.client), EVP_sha256(), want, &n);
    for (unsigned i = 0; i < n; i++)
        snprintf(ours + 3 * (size_t)i, sizeof ours - 3 * (size_t)i, i + 1 < n ? "%02X:" : "%02X",
                 want[i]);
    dtls_media_ctx_fingerprint(w.ctx, text);
    assert_string_equal(text, ours);
    assert_int_equal(strlen(text), DTLS_FINGERPRINT_TEXT);
    end(&w);
}

static void our_certificate_is_fresh_small_and_signed_by_itself(void **state)
{
    struct pair w;
    char text[2][DTLS_FINGERPRINT_TEXT + 1];
    (void)state;
    begin(&w, ALL, p256());
    assert_int_equal(shake(&w), DTLS_OPEN);
    X509 *x = SSL_get0_peer_certificate(w.client);
    EVP_PKEY *key = X509_get0_pubkey(x);
    time_t now = WALL_S, later = (time_t)WALL_S + 59 * 86400,
           end_of_it = (time_t)WALL_S + 61 * 86400;
    assert_int_equal(EVP_PKEY_get_id(key), EVP_PKEY_EC);
    assert_int_equal(EVP_PKEY_get_bits(key), 256);
    assert_int_equal(X509_verify(x, key), 1);
    assert_true(X509_cmp_time(X509_get0_notBefore(x), &now) < 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(x), &later) > 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(x), &end_of_it) < 0);
    assert_false(ASN1_INTEGER_get(X509_get0_serialNumber(x)) == 0);
    char err[200];
    struct dtls_ctx *other = dtls_media_ctx_new(WALL_S, err, sizeof err);
    dtls_media_ctx_fingerprint(w.ctx, text[0]);
    dtls_media_ctx_fingerprint(other, text[1]);
    assert_string_not_equal(text[0], text[1]);
    dtls_ctx_unref(other);
    end(&w);
}

static void who_shows_no_certificate_is_refused(void **state)
{
    struct pair w;
    struct dtls_keying k;
    (void)state;
    begin(&w, ALL, NULL);
    assert_int_equal(shake(&w), DTLS_CLOSED);
    assert_false(dtls_media_keying(w.server, &k));
    end(&w);
}

static void a_client_hello_comes_in_parts(void **state)
{
    struct pair w;
    (void)state;
    begin(&w, ALL, p256());
    uint8_t protocols[250 * 5]; /* as long as browsers' with a post-quantum key */
    memset(protocols, 'x', sizeof protocols);
    for (unsigned i = 0; i < sizeof protocols; i += 250)
        protocols[i] = 249;
    assert_int_equal(SSL_set_alpn_protos(w.client, protocols, sizeof protocols), 0);
    SSL_do_handshake(w.client);
    push(&w);
    assert_true(w.client_datagrams > 1);
    assert_int_equal(shake(&w), DTLS_OPEN);
    end(&w);
}

static void a_lost_flight_is_sent_again(void **state)
{
    struct pair w;
    (void)state;
    begin(&w, ALL, p256());
    SSL_do_handshake(w.client);
    push(&w);
    assert_true(w.n > 0);
    w.n = 0; /* lost */
    int64_t wait = dtls_wait_us(w.server);
    assert_in_range(wait, 0, 50000);
    poll(NULL, 0, (int)(wait / 1000) + 1); /* OpenSSL reads the clock itself */
    assert_int_equal(dtls_timeout(w.server), DTLS_HANDSHAKING);
    assert_true(w.n > 0);
    pull(&w);
    assert_int_equal(shake(&w), DTLS_OPEN);
    assert_int_equal(dtls_wait_us(w.server), -1);
    end(&w);
}

static void noise_is_no_handshake_and_no_harm(void **state)
{
    struct pair w;
    uint8_t noise[64];
    (void)state;
    begin(&w, ALL, p256());
    memset(noise, 22, sizeof noise);
    dtls_input(w.server, noise, sizeof noise);
    dtls_input(w.server, noise, 5);
    assert_int_equal(dtls_state(w.server), DTLS_HANDSHAKING);
    assert_int_equal(shake(&w), DTLS_OPEN);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_chooses_the_profile),
        cmocka_unit_test(both_fingerprints_are_told),
        cmocka_unit_test(our_certificate_is_fresh_small_and_signed_by_itself),
        cmocka_unit_test(who_shows_no_certificate_is_refused),
        cmocka_unit_test(a_client_hello_comes_in_parts),
        cmocka_unit_test(a_lost_flight_is_sent_again),
        cmocka_unit_test(noise_is_no_handshake_and_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
