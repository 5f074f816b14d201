#include "io/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include "base/mem.h"
#include "io/dtls_int.h"
#include "io/tls_common.h"

enum { RECORD_HEAD = 13, FIRST_RETRANSMIT_US = 50000, LAST_RETRANSMIT_US = 2000000 };

/* ---- The BIO: one datagram in, records out ---- */

static int wire_read(BIO *b, char *p, int n)
{
    struct dtls *d = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (d->in == NULL) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t k = d->in_len < (size_t)n ? d->in_len : (size_t)n;
    memcpy(p, d->in, k);
    d->in = NULL;
    return (int)k;
}

static size_t record_len(const uint8_t *p, size_t n)
{
    size_t len = n < RECORD_HEAD ? n : RECORD_HEAD + (size_t)(p[11] << 8 | p[12]);
    return len < n ? len : n;
}

/* OpenSSL gives a whole flight at once; as many records as fit leave together. */
static int wire_write(BIO *b, const char *bytes, int len)
{
    struct dtls *d = BIO_get_data(b);
    const uint8_t *p = (const uint8_t *)bytes;
    size_t n = len > 0 ? (size_t)len : 0;
    BIO_clear_retry_flags(b);
    while (n > 0) {
        size_t take = record_len(p, n);
        while (take < n && take + record_len(p + take, n - take) <= DTLS_DATAGRAM)
            take += record_len(p + take, n - take);
        d->ops->datagram(d->ctx, p, take);
        p += take;
        n -= take;
    }
    return len;
}

static BIO_METHOD *wire_method;
static pthread_once_t wire_once = PTHREAD_ONCE_INIT;

static void wire_setup(void)
{
    wire_method = tls_bio_method("dtls wire", wire_read, wire_write);
}

/* ---- Context ---- */

/* struct dtls_ctx is an SSL_CTX by another name: its reference count is ours too. */
static SSL_CTX *ssl_ctx(struct dtls_ctx *c)
{
    return (SSL_CTX *)c;
}

/* dtls_hello_cookie_ok() has said so before an association was made. */
static int cookie_was_checked(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    (void)ssl, (void)cookie, (void)len;
    return 1;
}

static int no_cookie_from_here(SSL *ssl, unsigned char *cookie, unsigned *len)
{
    (void)ssl, (void)cookie, (void)len;
    return 0;
}

SSL_CTX *dtls_ssl_ctx_new(char *err, size_t errlen)
{
    pthread_once(&wire_once, wire_setup);
    ERR_clear_error();
    SSL_CTX *c = wire_method ? SSL_CTX_new(DTLS_server_method()) : NULL;
    if (c == NULL) {
        tls_fail(err, errlen, "DTLS could not be set up");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    return c;
}

struct dtls_ctx *dtls_ctx_new(const char *chain_pem, const char *key_pem, char *err, size_t errlen)
{
    SSL_CTX *c = dtls_ssl_ctx_new(err, errlen);
    if (c != NULL && !tls_use_identity(c, chain_pem, key_pem, err, errlen)) {
        SSL_CTX_free(c);
        return NULL;
    }
    if (c != NULL) {
        SSL_CTX_set_options(c, SSL_OP_COOKIE_EXCHANGE);
        SSL_CTX_set_cookie_verify_cb(c, cookie_was_checked);
        SSL_CTX_set_cookie_generate_cb(c, no_cookie_from_here);
    }
    return (struct dtls_ctx *)c;
}

struct dtls_ctx *dtls_ctx_ref(struct dtls_ctx *c)
{
    if (c != NULL)
        SSL_CTX_up_ref(ssl_ctx(c));
    return c;
}

void dtls_ctx_unref(struct dtls_ctx *c)
{
    SSL_CTX_free(ssl_ctx(c));
}

/* ---- Association ---- */

/* Browsers send again after 50 ms; OpenSSL's own first wait of a second would be felt. */
static unsigned next_timeout(SSL *ssl, unsigned before_us)
{
    (void)ssl;
    if (before_us == 0)
        return FIRST_RETRANSMIT_US;
    return before_us < LAST_RETRANSMIT_US / 2 ? before_us * 2 : LAST_RETRANSMIT_US;
}

struct dtls *dtls_attach(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx)
{
    struct dtls *d = xcalloc(1, sizeof(*d));
    BIO *b = BIO_new(wire_method);
    d->ops = ops;
    d->ctx = ops_ctx;
    d->ssl = b ? SSL_new(ssl_ctx(ctx)) : NULL;
    if (d->ssl == NULL) {
        BIO_free(b);
        xfree(d);
        return NULL;
    }
    BIO_set_data(b, d);
    SSL_set_bio(d->ssl, b, b);
    SSL_set_accept_state(d->ssl);
    DTLS_set_link_mtu(d->ssl, DTLS_DATAGRAM);
    DTLS_set_timer_cb(d->ssl, next_timeout);
    return d;
}

struct dtls *dtls_new(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx,
                      const uint8_t *hello, size_t n)
{
    ERR_clear_error();
    struct dtls *d = dtls_attach(ctx, ops, ops_ctx);
    BIO_ADDR *nobody = BIO_ADDR_new();
    bool ok = d != NULL && nobody != NULL;
    if (ok) {
        d->in = hello;
        d->in_len = n;
        /* Tells OpenSSL that the cookie exchange is behind us: message and record numbers go on. */
        ok = DTLSv1_listen(d->ssl, nobody) == 1;
        d->in = NULL;
    }
    BIO_ADDR_free(nobody);
    ERR_clear_error();
    if (!ok) {
        dtls_free(d);
        return NULL;
    }
    return d;
}

void dtls_free(struct dtls *d)
{
    if (d == NULL)
        return;
    SSL_free(d->ssl);
    xfree(d);
}

static void read_all(struct dtls *d)
{
    uint8_t plain[DTLS_RECORD_MAX];
    for (;;) {
        int n = SSL_read(d->ssl, plain, sizeof(plain));
        if (n > 0) {
            d->ops->data(d->ctx, plain, (size_t)n);
            continue;
        }
        int e = SSL_get_error(d->ssl, n);
        if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
            d->state = DTLS_CLOSED;
        return;
    }
}

static enum dtls_state go_on(struct dtls *d)
{
    ERR_clear_error();
    if (d->state == DTLS_HANDSHAKING) {
        int r = SSL_do_handshake(d->ssl);
        int e = r == 1 ? SSL_ERROR_NONE : SSL_get_error(d->ssl, r);
        if (r == 1)
            d->state = DTLS_OPEN;
        else if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
            d->state = DTLS_CLOSED;
    }
    if (d->state == DTLS_OPEN)
        read_all(d);
    ERR_clear_error();
    return d->state;
}

enum dtls_state dtls_input(struct dtls *d, const uint8_t *p, size_t n)
{
    if (d->state == DTLS_CLOSED)
        return d->state;
    d->in = p;
    d->in_len = n;
    go_on(d);
    d->in = NULL;
    return d->state;
}

bool dtls_send(struct dtls *d, const struct iovec *iov, unsigned n)
{
    uint8_t plain[DTLS_RECORD_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        if (iov[i].iov_len > sizeof(plain) - len)
            return false;
        memcpy(plain + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    if (d->state != DTLS_OPEN || len == 0)
        return false;
    ERR_clear_error();
    bool ok = SSL_write(d->ssl, plain, (int)len) == (int)len;
    ERR_clear_error();
    return ok;
}

int64_t dtls_wait_us(struct dtls *d)
{
    struct timeval t;
    if (d->state != DTLS_HANDSHAKING || DTLSv1_get_timeout(d->ssl, &t) != 1)
        return -1;
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

enum dtls_state dtls_timeout(struct dtls *d)
{
    if (d->state == DTLS_HANDSHAKING && DTLSv1_handle_timeout(d->ssl) < 0)
        d->state = DTLS_CLOSED; /* too many, OpenSSL says */
    ERR_clear_error();
    return d->state;
}

void dtls_close(struct dtls *d)
{
    if (d->state == DTLS_OPEN)
        SSL_shutdown(d->ssl);
    ERR_clear_error();
    d->state = DTLS_CLOSED;
}

enum dtls_state dtls_state(const struct dtls *d)
{
    return d->state;
}
