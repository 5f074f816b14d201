/*
 * One DTLS association, the server's side (RFC 6347; DTLS 1.2), on OpenSSL without its sockets:
 * datagrams go in and come out. Flights are cut at record boundaries into datagrams of at most
 * DTLS_DATAGRAM bytes. OpenSSL reads the clock itself for its retransmissions (50 ms, doubling);
 * everything else is the caller's.
 */
#ifndef MADANG_IO_DTLS_H
#define MADANG_IO_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct dtls_ctx;
struct dtls;

enum { DTLS_DATAGRAM = 1200, DTLS_RECORD_MAX = 16384 };

/* As tls_ctx_new(): PEM texts, leaf first; NULL with a sentence in err. Counted by reference, from
 * any thread. */
struct dtls_ctx *dtls_ctx_new(const char *chain_pem, const char *key_pem, char *err, size_t errlen);
struct dtls_ctx *dtls_ctx_ref(struct dtls_ctx *c);
void dtls_ctx_unref(struct dtls_ctx *c);

/* What an association does while one of the calls below runs. Borrowed bytes. */
struct dtls_ops {
    void (*datagram)(void *ctx, const uint8_t *p, size_t n); /* to the other side */
    void (*data)(void *ctx, const uint8_t *p, size_t n);     /* decrypted: one record each */
};

enum dtls_state { DTLS_HANDSHAKING, DTLS_OPEN, DTLS_CLOSED };

/* hello: the datagram whose cookie was right (proto/dtls_hello.h); it is the association's first
 * input and must be given again by dtls_input(). NULL: OpenSSL does not like it, or no memory. */
struct dtls *dtls_new(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx,
                      const uint8_t *hello, size_t n);
void dtls_free(struct dtls *d);
/* One datagram. CLOSED: a fatal alert or close_notify; only dtls_free() is left to do. */
enum dtls_state dtls_input(struct dtls *d, const uint8_t *p, size_t n);
/* The pieces as one record. false: not open, or too long. */
bool dtls_send(struct dtls *d, const struct iovec *iov, unsigned n);
/* Until dtls_timeout() must be called, in us; -1: nothing to retransmit. */
int64_t dtls_wait_us(struct dtls *d);
enum dtls_state dtls_timeout(struct dtls *d);
/* Says close_notify. */
void dtls_close(struct dtls *d);
enum dtls_state dtls_state(const struct dtls *d);

#endif
