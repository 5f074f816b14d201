/*
 * What io/tls.c and io/dtls.c do alike with OpenSSL: a BIO that ends in memory of ours, and a
 * certificate with its key from PEM. OpenSSL's types are named by their tags here, so that its
 * headers stay in the .c files.
 */
#ifndef MADANG_IO_TLS_COMMON_H
#define MADANG_IO_TLS_COMMON_H

#include <stdbool.h>
#include <stddef.h>

struct bio_st;        /* BIO */
struct bio_method_st; /* BIO_METHOD */
struct ssl_ctx_st;    /* SSL_CTX */

/* A kind of BIO that reads and writes by these and says no to all controls but a flush: no kTLS, no
 * MTU of its own, no peek. Lives as long as the process. NULL: no memory. */
struct bio_method_st *tls_bio_method(const char *name, int (*read)(struct bio_st *, char *, int),
                                     int (*write)(struct bio_st *, const char *, int));

/* chain_pem: leaf first. false with a sentence in err: they are unusable, or no pair. */
bool tls_use_identity(struct ssl_ctx_st *c, const char *chain_pem, const char *key_pem, char *err,
                      size_t errlen);

/* What, with OpenSSL's last reason where there is one; its queue is empty then. Always false. */
bool tls_fail(char *err, size_t errlen, const char *what);

#endif
