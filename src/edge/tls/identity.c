#include "edge/tls/identity.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <limits.h>
#include <stdio.h>

#include "base/mem.h"
#include "edge/tls/tls_names.h"
#include "edge/tls/x509_util.h"

/* Longer chains exist nowhere; a folder of CAs given by mistake is refused early. */
#define CHAIN_CAP 10

struct tls_identity {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf; never NULL */
    EVP_PKEY *key;
};

/* An encrypted key would make OpenSSL ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

struct tls_identity *tls_identity_take(struct x509_st *leaf, struct stack_st_X509 *chain,
                                       struct evp_pkey_st *key)
{
    struct tls_identity *id = xcalloc(1, sizeof *id);

    id->leaf = leaf;
    id->chain = chain ? chain : sk_X509_new_null();
    id->key = key;
    if (id->leaf && id->chain && id->key)
        return id;
    tls_identity_free(id);
    return NULL;
}

void tls_identity_free(struct tls_identity *id)
{
    if (!id)
        return;
    X509_free(id->leaf);
    sk_X509_pop_free(id->chain, X509_free);
    EVP_PKEY_free(id->key);
    xfree(id);
}

static BIO *bio_of(const char *text, size_t len)
{
    return len <= INT_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
}

/* All certificates of a PEM text in their order; keys in between are skipped. */
static STACK_OF(X509) * read_certs(const char *text, size_t len)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    BIO *bio = bio_of(text, len);
    X509 *cert;

    while (bio && certs && sk_X509_num(certs) < CHAIN_CAP &&
           (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
        if (!sk_X509_push(certs, cert))
            X509_free(cert);
    /* "No start line" is how PEM ends. */
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    BIO_free(bio);
    return certs;
}

static EVP_PKEY *read_key(const char *text, size_t len)
{
    BIO *bio = bio_of(text, len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static bool key_in_chain(const struct tls_identity *id)
{
    for (int i = 0; i < sk_X509_num(id->chain); i++)
        if (X509_check_private_key(sk_X509_value(id->chain, i), id->key) == 1)
            return true;
    return false;
}

/* The sentence fragment for what is wrong with the parts, NULL when they fit together. */
static const char *misfit(const struct tls_identity *id)
{
    X509 *below = id->leaf;

    if (X509_check_private_key(id->leaf, id->key) != 1)
        return key_in_chain(id) ? "the server's own certificate must come first in it"
                                : "the key does not belong to the certificate";
    if (X509_check_purpose(id->leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
        return "the certificate is not one for TLS servers";
    for (int i = 0; i < sk_X509_num(id->chain); i++) {
        X509 *above = sk_X509_value(id->chain, i);
        if (X509_check_issued(above, below) != X509_V_OK ||
            X509_verify(below, X509_get0_pubkey(above)) != 1)
            return "the chain is broken: each certificate must be signed by the next one";
        below = above;
    }
    return NULL;
}

struct tls_identity *tls_identity_parse(const char *chain, size_t chain_len, const char *key,
                                        size_t key_len, char *why, size_t why_cap)
{
    struct tls_identity *id;
    const char *wrong = NULL;

    ERR_clear_error();
    STACK_OF(X509) *certs = read_certs(chain, chain_len);
    if (ERR_peek_error() || !certs || sk_X509_num(certs) == 0) {
        snprintf(why, why_cap, "there is no readable PEM certificate in it (%s)",
                 ERR_peek_error() ? x509_reason() : "nothing between BEGIN and END");
        sk_X509_pop_free(certs, X509_free);
        return NULL;
    }
    EVP_PKEY *pkey = read_key(key, key_len);
    if (!pkey) {
        snprintf(why, why_cap, "there is no readable PEM key without a passphrase (%s)",
                 x509_reason());
        sk_X509_pop_free(certs, X509_free);
        return NULL;
    }
    id = tls_identity_take(sk_X509_shift(certs), certs, pkey);
    wrong = id ? misfit(id) : "no memory";
    ERR_clear_error();
    if (!wrong)
        return id;
    snprintf(why, why_cap, "%s", wrong);
    tls_identity_free(id);
    return NULL;
}

char *tls_identity_chain_pem(const struct tls_identity *id)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && PEM_write_bio_X509(bio, id->leaf);

    for (int i = 0; ok && i < sk_X509_num(id->chain); i++)
        ok = PEM_write_bio_X509(bio, sk_X509_value(id->chain, i));
    if (ok)
        return x509_bio_text(bio);
    BIO_free(bio);
    return NULL;
}

char *tls_identity_key_pem(const struct tls_identity *id)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL))
        return x509_bio_text(bio);
    BIO_free(bio);
    return NULL;
}

int64_t tls_identity_not_before(const struct tls_identity *id)
{
    return x509_seconds(X509_get0_notBefore(id->leaf));
}

int64_t tls_identity_not_after(const struct tls_identity *id)
{
    return x509_seconds(X509_get0_notAfter(id->leaf));
}

int64_t tls_identity_chain_ends(const struct tls_identity *id)
{
    int64_t ends = tls_identity_not_after(id);

    for (int i = 0; i < sk_X509_num(id->chain); i++) {
        int64_t t = x509_seconds(X509_get0_notAfter(sk_X509_value(id->chain, i)));
        if (t < ends)
            ends = t;
    }
    return ends;
}

bool tls_identity_has(const struct tls_identity *id, const char *name)
{
    char canonical[TLS_NAME_MAX + 1];
    bool address;

    if (!tls_name_canonical(name, canonical, &address))
        return false;
    if (address)
        return X509_check_ip_asc(id->leaf, canonical, 0) == 1;
    return X509_check_host(id->leaf, canonical, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static void add_alt_name(const GENERAL_NAME *gn, struct tls_names *out)
{
    char text[TLS_NAME_MAX + 1] = "";
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(gn, &kind);
    const unsigned char *data;
    int len;

    if (kind != GEN_DNS && kind != GEN_IPADD)
        return;
    data = ASN1_STRING_get0_data(value);
    len = ASN1_STRING_length(value);
    if (kind == GEN_DNS && len > 0 && len <= TLS_NAME_MAX)
        snprintf(text, sizeof text, "%.*s", len, (const char *)data);
    else if (kind == GEN_IPADD && (len == 4 || len == 16))
        inet_ntop(len == 4 ? AF_INET : AF_INET6, data, text, sizeof text);
    tls_names_add(out, text);
}

void tls_identity_names(const struct tls_identity *id, struct tls_names *out)
{
    GENERAL_NAMES *alt = X509_get_ext_d2i(id->leaf, NID_subject_alt_name, NULL, NULL);

    out->len = 0;
    for (int i = 0; alt && i < sk_GENERAL_NAME_num(alt); i++)
        add_alt_name(sk_GENERAL_NAME_value(alt, i), out);
    GENERAL_NAMES_free(alt);
}

bool tls_identity_self_signed(const struct tls_identity *id)
{
    return X509_self_signed(id->leaf, 0) == 1;
}

bool tls_identity_lacks_chain(const struct tls_identity *id)
{
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(id->leaf, NID_info_access, NULL, NULL);
    bool elsewhere = false;

    for (int i = 0; access && i < sk_ACCESS_DESCRIPTION_num(access); i++)
        elsewhere = elsewhere || OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) ==
                                     NID_ad_ca_issuers;
    AUTHORITY_INFO_ACCESS_free(access);
    return elsewhere && sk_X509_num(id->chain) == 0;
}

bool tls_identity_same(const struct tls_identity *a, const struct tls_identity *b)
{
    return X509_cmp(a->leaf, b->leaf) == 0;
}

void tls_identity_fingerprint(const struct tls_identity *id, char out[TLS_FINGERPRINT_CAP])
{
    x509_fingerprint(id->leaf, out);
}

struct x509_st *tls_identity_leaf(const struct tls_identity *id)
{
    return id->leaf;
}
