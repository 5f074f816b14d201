#include "io/dtls_media.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "io/dtls_int.h"
#include "io/tls_common.h"

enum { DAY_S = 86400, DAYS = 60, SERIAL = 16 };

static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

/* ---- The identity ---- */

static bool set_serial(X509 *x)
{
    uint8_t bytes[SERIAL];
    random_bytes(bytes, sizeof bytes);
    bytes[0] &= 0x7F; /* RFC 5280 4.1.2.2: positive */
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key, int64_t wall_s)
{
    X509 *x = X509_new();
    X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
    bool ok = name != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"madang",
                                         -1, -1, 0) == 1 &&
              X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(x), wall_s - DAY_S) != NULL &&
              ASN1_TIME_set(X509_getm_notAfter(x), wall_s + (int64_t)DAYS * DAY_S) != NULL &&
              X509_sign(x, key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static bool use_fresh_identity(SSL_CTX *c, int64_t wall_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key != NULL ? make_certificate(key, wall_s) : NULL;
    bool ok = x != NULL && SSL_CTX_use_certificate(c, x) == 1 &&
              SSL_CTX_use_PrivateKey(c, key) == 1;
    X509_free(x);
    EVP_PKEY_free(key);
    return ok;
}

/* Whoever it is, its fingerprint has been signalled: the caller compares. */
static int take_any(int preverified, X509_STORE_CTX *store)
{
    (void)preverified, (void)store;
    return 1;
}

struct dtls_ctx *dtls_media_ctx_new(int64_t wall_s, char *err, size_t errlen)
{
    SSL_CTX *c = dtls_ssl_ctx_new(err, errlen);
    if (c == NULL)
        return NULL;
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
    /* 0 is its success. */
    if (SSL_CTX_set_tlsext_use_srtp(c, profiles) != 0 || !use_fresh_identity(c, wall_s)) {
        tls_fail(err, errlen, "a certificate for media could not be made");
        SSL_CTX_free(c);
        return NULL;
    }
    return (struct dtls_ctx *)c;
}

void dtls_media_ctx_fingerprint(const struct dtls_ctx *c, char out[DTLS_FINGERPRINT_TEXT + 1])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const X509 *x = SSL_CTX_get0_certificate((const SSL_CTX *)c);
    out[0] = '\0';
    if (x != NULL && X509_digest(x, EVP_sha256(), md, &n) == 1)
        hex_colons(out, md, n);
}

/* ---- Associations ---- */

struct dtls *dtls_media_new(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx)
{
    ERR_clear_error();
    return dtls_attach(ctx, ops, ops_ctx);
}

static size_t keying_length(unsigned long profile)
{
    switch (profile) {
    case SRTP_AES128_CM_SHA1_80: return 2 * (16 + 14);
    case SRTP_AEAD_AES_128_GCM: return 2 * (16 + 12);
    case SRTP_AEAD_AES_256_GCM: return 2 * (32 + 12);
    default: return 0;
    }
}

bool dtls_media_keying(struct dtls *d, struct dtls_keying *out)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
    size_t n = p != NULL ? keying_length(p->id) : 0;
    if (d->state != DTLS_OPEN || n == 0)
        return false;
    out->profile = (uint16_t)p->id;
    out->n = (uint16_t)n;
    bool ok =
        SSL_export_keying_material(d->ssl, out->bytes, n, label, sizeof label - 1, NULL, 0, 0) == 1;
    ERR_clear_error();
    return ok;
}

size_t dtls_media_fingerprint(struct dtls *d, enum dtls_hash hash,
                              uint8_t out[DTLS_FINGERPRINT_MAX])
{
    const EVP_MD *md = hash == DTLS_SHA512   ? EVP_sha512()
                       : hash == DTLS_SHA384 ? EVP_sha384()
                                             : EVP_sha256();
    unsigned n = 0;
    const X509 *x = SSL_get0_peer_certificate(d->ssl);
    return x != NULL && X509_digest(x, md, out, &n) == 1 ? n : 0;
}
