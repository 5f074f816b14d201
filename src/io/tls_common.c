#include "io/tls_common.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>

bool tls_fail(char *err, size_t errlen, const char *what)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    snprintf(err, errlen, "%s%s%s", what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    ERR_clear_error();
    return false;
}

/* ---- BIO ---- */

static long only_flush(BIO *b, int cmd, long num, void *ptr)
{
    (void)b, (void)num, (void)ptr;
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static int create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

BIO_METHOD *tls_bio_method(const char *name, int (*read)(BIO *, char *, int),
                           int (*write)(BIO *, const char *, int))
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name);
    if (m == NULL)
        return NULL;
    BIO_meth_set_read(m, read);
    BIO_meth_set_write(m, write);
    BIO_meth_set_ctrl(m, only_flush);
    BIO_meth_set_create(m, create);
    return m;
}

/* ---- Certificate and key ---- */

static bool use_chain(SSL_CTX *c, const char *pem, char *err, size_t errlen)
{
    BIO *b = BIO_new_mem_buf(pem, -1);
    X509 *leaf = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
    bool ok = leaf != NULL && SSL_CTX_use_certificate(c, leaf) == 1;
    X509_free(leaf);
    X509 *above;
    while (ok && (above = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(c, above) != 1) {
            X509_free(above);
            ok = false;
        }
    }
    BIO_free(b);
    if (!ok)
        return tls_fail(err, errlen, "the certificate cannot be used");
    ERR_clear_error(); /* PEM_read says "no start line" at the end of the chain */
    return true;
}

static bool use_key(SSL_CTX *c, const char *pem, char *err, size_t errlen)
{
    BIO *b = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = b != NULL ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    bool ok = key != NULL && SSL_CTX_use_PrivateKey(c, key) == 1;
    EVP_PKEY_free(key);
    if (!ok)
        return tls_fail(err, errlen, "the private key cannot be used");
    if (SSL_CTX_check_private_key(c) != 1)
        return tls_fail(err, errlen, "the private key does not belong to the certificate");
    return true;
}

bool tls_use_identity(SSL_CTX *c, const char *chain_pem, const char *key_pem, char *err,
                      size_t errlen)
{
    return use_chain(c, chain_pem, err, errlen) && use_key(c, key_pem, err, errlen);
}
