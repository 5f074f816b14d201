/* What dtls.c (associations) and dtls_media.c (those of media) share; nobody else includes this. */
#ifndef MADANG_IO_DTLS_INT_H
#define MADANG_IO_DTLS_INT_H

#include "io/dtls.h"

struct ssl_st;     /* SSL */
struct ssl_ctx_st; /* SSL_CTX */

struct dtls {
    struct ssl_st *ssl;
    const struct dtls_ops *ops;
    void *ctx;
    const uint8_t *in; /* the datagram that OpenSSL may read, once */
    size_t in_len;
    enum dtls_state state;
};

/* A server's context with what all associations have in common, but no identity. NULL with a sentence
 * in err. */
struct ssl_ctx_st *dtls_ssl_ctx_new(char *err, size_t errlen);
/* An association that has not begun. NULL: no memory. */
struct dtls *dtls_attach(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx);

#endif
