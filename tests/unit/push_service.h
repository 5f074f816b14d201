/* A push service for tests: TLS on loopback with a certificate for "localhost" that it makes itself, one
 * connection after the other, with answers that the test writes down before; and the browser's end: a
 * subscription whose messages it decrypts (RFC 8291, 4). */
#ifndef MADANG_TESTS_PUSH_SERVICE_H
#define MADANG_TESTS_PUSH_SERVICE_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/util.h"
#include "edge/push/p256.h"

enum { SERVICE_ANSWERS = 16, REQUEST_MAX = 32768 };

struct service {
    pthread_t thread;
    pthread_mutex_t lock;
    int fd, stop[2];
    uint16_t port;
    SSL_CTX *tls;
    char ca[64]; /* file */
    /* guarded */
    const char *answers[SERVICE_ANSWERS]; /* NULL: close without one */
    unsigned n_answers, served;
    char request[REQUEST_MAX]; /* the last one */
    size_t request_n;
};

static inline void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

static inline void service_certificate(struct service *s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"tests", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, NID_subject_alt_name, "DNS:localhost");
    X509_sign(cert, key, EVP_sha256());
    s->tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(s->tls, cert);
    SSL_CTX_use_PrivateKey(s->tls, key);
    int fd = mkstemp(s->ca);
    FILE *f = fdopen(fd, "w");
    PEM_write_X509(f, cert);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static inline bool whole_request(const struct service *s)
{
    struct str all = str_of(s->request, s->request_n), head, rest;
    size_t end = str_find(all, STR("\r\n\r\n"));
    uint64_t length = 0;
    if (end == STR_NPOS) {
        return false;
    }
    size_t at = str_find(all, STR("Content-Length: "));
    if (at != STR_NPOS && at < end) {
        str_split_once(str_skip(all, at + 16), '\r', &head, &rest);
        str_to_u64(head, REQUEST_MAX, &length);
    }
    return s->request_n >= end + 4 + length;
}

static inline void serve_one(struct service *s, int fd)
{
    SSL *ssl = SSL_new(s->tls);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        int n;
        pthread_mutex_lock(&s->lock);
        s->request_n = 0;
        while (!whole_request(s) && s->request_n < REQUEST_MAX &&
               (n = SSL_read(ssl, s->request + s->request_n, (int)(REQUEST_MAX - s->request_n))) >
                   0) {
            s->request_n += (size_t)n;
        }
        const char *answer = s->served < s->n_answers ? s->answers[s->served]
                                                      : "HTTP/1.1 500 No\r\n\r\n";
        bool asked = whole_request(s); /* not when it disliked the certificate */
        s->served += asked;
        pthread_mutex_unlock(&s->lock);
        if (asked && answer) {
            SSL_write(ssl, answer, (int)strlen(answer));
            SSL_shutdown(ssl);
        }
    }
    SSL_free(ssl);
    close(fd);
}

static inline void *service_run(void *arg)
{
    struct service *s = arg;
    struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
    while (poll(p, 2, -1) > 0 && !p[1].revents) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve_one(s, fd);
        }
    }
    return NULL;
}

static inline void service_start(struct service *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    memset(s, 0, sizeof *s);
    snprintf(s->ca, sizeof s->ca, "/tmp/madang-push-ca-XXXXXX");
    service_certificate(s);
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->fd, (struct sockaddr *)&a, n) != 0 || listen(s->fd, 16) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&a, &n) != 0 || pipe2(s->stop, O_CLOEXEC) != 0 ||
        pthread_create(&s->thread, NULL, service_run, s) != 0) {
        abort();
    }
    s->port = ntohs(a.sin_port);
}

static inline void service_answers(struct service *s, const char *answer)
{
    pthread_mutex_lock(&s->lock);
    s->answers[s->n_answers++] = answer;
    pthread_mutex_unlock(&s->lock);
}

static inline unsigned service_served(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = s->served;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static inline void service_stop(struct service *s)
{
    if (write(s->stop[1], "x", 1) != 1) {
        abort();
    }
    pthread_join(s->thread, NULL);
    close(s->fd);
    close(s->stop[0]);
    close(s->stop[1]);
    unlink(s->ca);
    SSL_CTX_free(s->tls);
    pthread_mutex_destroy(&s->lock);
}

/* ---- the browser's end ---- */

static inline void hkdf_once(const uint8_t *salt, size_t salt_n, const uint8_t *ikm, size_t ikm_n,
                             const void *info, size_t info_n, uint8_t out[32])
{
    uint8_t prk[32], text[256];
    hmac_sha256(salt, salt_n, ikm, ikm_n, prk);
    memcpy(text, info, info_n);
    text[info_n] = 1;
    hmac_sha256(prk, 32, text, info_n + 1, out);
}

/* Opens one record; out gets the text without padding. False: it is not authentic or has no end. */
static inline bool open_record(const uint8_t *ikm, size_t ikm_n, struct str body, uint8_t out[4096],
                               size_t *n)
{
    uint8_t key[32], nonce[32];
    int len = 0, last = 0;
    const uint8_t *p = (const uint8_t *)body.p;
    size_t head = 21u + p[20], text_n = body.n - head - 16;
    hkdf_once(p, 16, ikm, ikm_n, "Content-Encoding: aes128gcm", 28, key);
    hkdf_once(p, 16, ikm, ikm_n, "Content-Encoding: nonce", 24, nonce);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool good = EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
                EVP_DecryptUpdate(c, out, &len, p + head, (int)text_n) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16,
                                    (void *)(uintptr_t)(p + head + text_n)) == 1 &&
                EVP_DecryptFinal_ex(c, out + len, &last) == 1;
    EVP_CIPHER_CTX_free(c);
    *n = (size_t)(len + last);
    while (good && *n > 0 && out[*n - 1] == 0) {
        --*n;
    }
    good = good && *n > 0 && out[*n - 1] == 2;
    *n -= good;
    return good;
}

static inline bool open_push(const struct p256 *browser, const uint8_t auth[16], struct str body,
                             uint8_t out[4096], size_t *n)
{
    uint8_t shared[32], ikm[32], info[14 + 130];
    const uint8_t *server = (const uint8_t *)body.p + 21;
    if (body.n < 21 + 65 + 17 || body.p[20] != 65 || !p256_ecdh(browser, server, shared)) {
        return false;
    }
    memcpy(info, "WebPush: info", 14);
    memcpy(info + 14, p256_public(browser), 65);
    memcpy(info + 14 + 65, server, 65);
    hkdf_once(auth, 16, shared, 32, info, sizeof info, ikm);
    return open_record(ikm, 32, body, out, n);
}

/* Whether the signature of a JWT is the key's: both texts as they stand in the header. */
static inline bool jwt_is_of(struct str token, const uint8_t point[65])
{
    size_t dot = token.n;
    uint8_t raw[64], der[80];
    size_t n = 0;
    while (dot > 0 && token.p[dot - 1] != '.') {
        dot--;
    }
    if (dot == 0 || !b64url_decode(raw, sizeof raw, &n, str_skip(token, dot)) || n != 64) {
        return false;
    }
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t *at = der;
    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
    int der_n = i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    uint8_t spki[91] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                        0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0};
    memcpy(spki + 26, point, 65);
    const uint8_t *in = spki;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &in, sizeof spki);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = key && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(md, der, (size_t)der_n, (const uint8_t *)token.p, dot - 1) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return good;
}

#endif
