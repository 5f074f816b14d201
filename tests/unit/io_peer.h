/* The other side of a connection under test: a non-blocking socket, plain or with OpenSSL's client,
 * driven by the same thread as the loop. */
#ifndef TESTS_UNIT_IO_PEER_H
#define TESTS_UNIT_IO_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "edge/tls/identity.h"
#include "edge/tls/local_ca.h"
#include "io/loop.h"
#include "io/tls.h"

#define UNUSED_OK __attribute__((unused))

/* How long is waited for what must come: it ends a test that hangs, and says nothing about how fast a
 * machine with other work is. The limit of a whole test is longer. */
#define PATIENCE_US 90000000

/* A certificate for localhost and its key, as PEM, made once in the program. */
static UNUSED_OK void io_peer_identity(char **chain_pem, char **key_pem)
{
    static char *chain, *key;
    if (chain == NULL) {
        struct tls_names names = {0};
        assert_true(tls_names_add(&names, "localhost"));
        struct local_ca *ca = local_ca_make(&names, clock_wall_us() / 1000000);
        assert_non_null(ca);
        struct tls_identity *id = local_ca_issue(ca, &names, clock_wall_us() / 1000000);
        assert_non_null(id);
        chain = tls_identity_chain_pem(id);
        key = tls_identity_key_pem(id);
        tls_identity_free(id);
        local_ca_free(ca);
    }
    *chain_pem = chain;
    *key_pem = key;
}

static UNUSED_OK struct tls_ctx *peer_server_ctx(void)
{
    static const char *const alpn[] = {"http/1.1", "stun.turn", NULL};
    char err[256], *chain, *key;
    io_peer_identity(&chain, &key);
    struct tls_ctx *c = tls_ctx_new(chain, key, alpn, err, sizeof err);
    if (c == NULL)
        fail_msg("%s", err);
    return c;
}

struct peer {
    int fd;
    SSL *ssl;
    bool shaken, eof, failed;
};

static UNUSED_OK SSL_CTX *peer_client_ctx(void)
{
    static SSL_CTX *ctx;
    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    }
    return ctx;
}

static UNUSED_OK void peer_init(struct peer *p, int fd, bool tls)
{
    *p = (struct peer){.fd = fd};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (tls) {
        p->ssl = SSL_new(peer_client_ctx());
        SSL_set_fd(p->ssl, fd);
        SSL_set_connect_state(p->ssl);
    }
}

static UNUSED_OK void peer_close(struct peer *p)
{
    if (p->ssl != NULL) {
        SSL_set_shutdown(p->ssl, SSL_SENT_SHUTDOWN); /* else its session counts as broken */
        SSL_free(p->ssl);
    }
    if (p->fd >= 0)
        close(p->fd);
    *p = (struct peer){.fd = -1};
}

/* TCP to 127.0.0.1. */
static UNUSED_OK void peer_connect(struct peer *p, uint16_t port, bool tls)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    peer_init(p, fd, tls);
}

/* As much of n as goes now; what went. */
static UNUSED_OK size_t peer_write(struct peer *p, const void *data, size_t n)
{
    if (p->ssl == NULL) {
        ssize_t r = send(p->fd, data, n, MSG_NOSIGNAL);
        return r > 0 ? (size_t)r : 0;
    }
    size_t took = 0;
    ERR_clear_error();
    SSL_write_ex(p->ssl, data, n, &took);
    return took;
}

/* What has come; 0 with eof or failed set at the end. */
static UNUSED_OK size_t peer_read(struct peer *p, void *out, size_t cap)
{
    if (p->ssl == NULL) {
        ssize_t r = recv(p->fd, out, cap, 0);
        p->eof = p->eof || r == 0;
        p->failed = p->failed || (r < 0 && errno != EAGAIN);
        return r > 0 ? (size_t)r : 0;
    }
    size_t got = 0;
    ERR_clear_error();
    int r = SSL_read_ex(p->ssl, out, cap, &got);
    if (r != 1) {
        int e = SSL_get_error(p->ssl, r);
        p->eof = p->eof || e == SSL_ERROR_ZERO_RETURN;
        p->failed = p->failed || e == SSL_ERROR_SSL || e == SSL_ERROR_SYSCALL;
    }
    return got;
}

/* Rounds until cond, or until nobody waits any more. */
#define PUMP_UNTIL(l, cond)                                              \
    do {                                                                 \
        int64_t until_ = clock_mono_us() + PATIENCE_US;                  \
        while (!(cond)) {                                                \
            loop_round(l, 1000);                                         \
            if (clock_mono_us() > until_)                                \
                fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #cond); \
        }                                                                \
    } while (0)

/* The client's handshake, with the loop turning in between. */
static UNUSED_OK void peer_shake(struct peer *p, struct loop *l)
{
    int64_t until = clock_mono_us() + PATIENCE_US;
    while (!p->shaken && !p->failed && clock_mono_us() < until) {
        ERR_clear_error();
        int r = SSL_do_handshake(p->ssl), e = SSL_get_error(p->ssl, r);
        p->shaken = r == 1;
        p->failed = r != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
        loop_round(l, 1000);
    }
}

#endif
