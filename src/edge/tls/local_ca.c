#include "edge/tls/local_ca.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "edge/tls/identity.h"
#include "edge/tls/name_constraints.h"
#include "edge/tls/x509_util.h"

#define DAY 86400
/* Phones whose clock is a little behind shall accept a certificate of this minute. */
#define BACKDATE 3600

struct local_ca {
    X509 *root;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    char *root_pem;
    char fingerprint[TLS_FINGERPRINT_CAP];
};

static void new_serial(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *bn = NULL;

    if (RAND_bytes(bytes, sizeof bytes) == 1) {
        /* Positive, and never shorter: RFC 5280 section 4.1.2.2. */
        bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
        bn = BN_bin2bn(bytes, sizeof bytes, NULL);
        if (bn)
            BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));
    }
    BN_free(bn);
}

static bool set_subject(X509 *cert, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"madang", -1,
                                      -1, 0) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                      -1, -1, 0);
}

static bool add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    ok = ext && X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

/* A certificate without extensions, for `key`, issued by `issuer` (NULL: by itself). */
static X509 *blank(EVP_PKEY *key, X509 *issuer, const char *common_name, int64_t from, int64_t to)
{
    X509 *cert = X509_new();
    bool ok = cert && X509_set_version(cert, X509_VERSION_3) && X509_set_pubkey(cert, key) &&
              ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) &&
              ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)to) &&
              set_subject(cert, common_name) &&
              X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));

    if (ok) {
        new_serial(cert);
        ok = add_ext(cert, cert, NID_subject_key_identifier, "hash") &&
             (!issuer || add_ext(cert, issuer, NID_authority_key_identifier, "keyid"));
    }
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

/* An authority's certificate. The root's has no own issuer: pass NULL and its own key to sign. */
static X509 *make_authority(EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer, const char *common_name,
                            const struct NAME_CONSTRAINTS_st *nc, int64_t from)
{
    X509 *cert = blank(key, issuer, common_name, from, from + (int64_t)LOCAL_CA_DAYS * DAY);
    bool ok = cert &&
              add_ext(cert, cert, NID_basic_constraints,
                      issuer ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE,pathlen:1") &&
              add_ext(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              (!issuer || add_ext(cert, cert, NID_ext_key_usage, "serverAuth")) &&
              name_constraints_add(cert, nc) && X509_sign(cert, signer, EVP_sha256()) > 0;

    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

/* The common name is what people see in the list of authorities on their phone. */
static void root_name(char out[64], const struct tls_names *own)
{
    unsigned char tag[3] = {0};
    const char *host = "server";
    struct in6_addr ignored;

    for (size_t i = own->len; i-- > 0;)
        if (inet_pton(AF_INET, own->name[i], &ignored) != 1 && !strchr(own->name[i], ':') &&
            strcmp(own->name[i], "localhost") != 0)
            host = own->name[i];
    RAND_bytes(tag, sizeof tag);
    snprintf(out, 64, "madang CA %.40s %02x%02x%02x", host, tag[0], tag[1], tag[2]);
}

/* Root PEM and fingerprint are asked for often and never change. */
static struct local_ca *finish(X509 *root, X509 *issuer, EVP_PKEY *issuer_key)
{
    struct local_ca *ca = xcalloc(1, sizeof *ca);
    BIO *bio = BIO_new(BIO_s_mem());

    ca->root = root;
    ca->issuer = issuer;
    ca->issuer_key = issuer_key;
    if (root && issuer && issuer_key && bio && PEM_write_bio_X509(bio, root)) {
        ca->root_pem = x509_bio_text(bio);
        bio = NULL;
        x509_fingerprint(root, ca->fingerprint);
    }
    BIO_free(bio);
    if (ca->root_pem)
        return ca;
    local_ca_free(ca);
    return NULL;
}

struct local_ca *local_ca_make(const struct tls_names *own, int64_t wall_s)
{
    struct NAME_CONSTRAINTS_st *nc = name_constraints_make(own);
    EVP_PKEY *root_key = EVP_EC_gen("P-256"), *issuer_key = EVP_EC_gen("P-256");
    int64_t from = wall_s - BACKDATE;
    X509 *root = NULL, *issuer = NULL;
    char name[64], issuing[72];

    if (nc && root_key && issuer_key) {
        root_name(name, own);
        snprintf(issuing, sizeof issuing, "%.54s issuing", name);
        root = make_authority(root_key, NULL, root_key, name, nc, from);
        if (root)
            issuer = make_authority(issuer_key, root, root_key, issuing, nc, from);
    }
    /* From here on nobody can sign with the root again: EVP_PKEY_free wipes the private number. */
    EVP_PKEY_free(root_key);
    NAME_CONSTRAINTS_free(nc);
    ERR_clear_error();
    return finish(root, issuer, issuer_key);
}

struct local_ca *local_ca_parse(const char *pem, size_t len)
{
    BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    X509 *issuer = key ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    X509 *root = issuer ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    bool ok = root && X509_check_private_key(issuer, key) == 1 &&
              X509_verify(issuer, X509_get0_pubkey(root)) == 1 &&
              X509_verify(root, X509_get0_pubkey(root)) == 1;

    BIO_free(bio);
    ERR_clear_error();
    if (ok)
        return finish(root, issuer, key);
    EVP_PKEY_free(key);
    X509_free(issuer);
    X509_free(root);
    return NULL;
}

char *local_ca_dump(const struct local_ca *ca)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, ca->issuer_key, NULL, NULL, 0, NULL, NULL) &&
        PEM_write_bio_X509(bio, ca->issuer) && PEM_write_bio_X509(bio, ca->root))
        return x509_bio_text(bio);
    BIO_free(bio);
    return NULL;
}

void local_ca_free(struct local_ca *ca)
{
    if (!ca)
        return;
    X509_free(ca->root);
    X509_free(ca->issuer);
    EVP_PKEY_free(ca->issuer_key);
    OPENSSL_free(ca->root_pem);
    xfree(ca);
}

const char *local_ca_root_pem(const struct local_ca *ca)
{
    return ca->root_pem;
}

const char *local_ca_fingerprint(const struct local_ca *ca)
{
    return ca->fingerprint;
}

int64_t local_ca_made(const struct local_ca *ca)
{
    return x509_seconds(X509_get0_notBefore(ca->root)) + BACKDATE;
}

int64_t local_ca_not_after(const struct local_ca *ca)
{
    int64_t issuer = x509_seconds(X509_get0_notAfter(ca->issuer));
    int64_t root = x509_seconds(X509_get0_notAfter(ca->root));

    return issuer < root ? issuer : root;
}

static bool push_alt_name(GENERAL_NAMES *alt, const char *name)
{
    bool address = inet_pton(AF_INET, name, (char[16]){0}) == 1 || strchr(name, ':');
    GENERAL_NAME *gn = a2i_GENERAL_NAME(NULL, NULL, NULL, address ? GEN_IPADD : GEN_DNS, name, 0);

    if (gn && sk_GENERAL_NAME_push(alt, gn))
        return true;
    GENERAL_NAME_free(gn);
    return false;
}

static bool add_alt_names(X509 *cert, const struct tls_names *names)
{
    GENERAL_NAMES *alt = GENERAL_NAMES_new();
    bool ok = alt != NULL;

    for (size_t i = 0; ok && i < names->len; i++)
        ok = push_alt_name(alt, names->name[i]);
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, alt, 0, 0) == 1;
    GENERAL_NAMES_free(alt);
    return ok;
}

struct tls_identity *local_ca_issue(const struct local_ca *ca, const struct tls_names *names,
                                    int64_t wall_s)
{
    int64_t from = wall_s - BACKDATE, to = from + (int64_t)LOCAL_CA_LEAF_DAYS * DAY;
    STACK_OF(X509) *chain = sk_X509_new_null();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = NULL;
    bool ok;

    if (to > local_ca_not_after(ca))
        to = local_ca_not_after(ca);
    if (key && names->len > 0 && to > wall_s)
        leaf = blank(key, ca->issuer, "madang server", from, to);
    ok = leaf && add_ext(leaf, leaf, NID_basic_constraints, "critical,CA:FALSE") &&
         add_ext(leaf, leaf, NID_key_usage, "critical,digitalSignature") &&
         add_ext(leaf, leaf, NID_ext_key_usage, "serverAuth") && add_alt_names(leaf, names) &&
         X509_sign(leaf, ca->issuer_key, EVP_sha256()) > 0;
    if (ok && chain && sk_X509_push(chain, ca->issuer))
        X509_up_ref(ca->issuer);
    ERR_clear_error();
    if (ok)
        return tls_identity_take(leaf, chain, key);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    X509_free(leaf);
    return NULL;
}

bool local_ca_covers(const struct local_ca *ca, const char *name)
{
    struct tls_names one = {0};
    struct tls_identity *id;
    bool ok = false;

    /* OpenSSL itself is asked, on a certificate that nobody gets to see. */
    if (!tls_names_add(&one, name))
        return false;
    id = local_ca_issue(ca, &one, local_ca_not_after(ca) - DAY);
    if (id)
        ok = name_constraints_satisfied(ca->issuer, tls_identity_leaf(id));
    tls_identity_free(id);
    return ok;
}

bool local_ca_signed(const struct local_ca *ca, const struct tls_identity *identity)
{
    bool ok = X509_check_issued(ca->issuer, tls_identity_leaf(identity)) == X509_V_OK &&
              X509_verify(tls_identity_leaf(identity), X509_get0_pubkey(ca->issuer)) == 1;

    ERR_clear_error();
    return ok;
}
