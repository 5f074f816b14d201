/* An authenticator and its browser, small enough for tests: makes keys of each algorithm with OpenSSL and
 * says what they would say, with any part of it made wrong on demand. */
#ifndef MADANG_TESTS_WEBAUTHN_DEVICE_H
#define MADANG_TESTS_WEBAUTHN_DEVICE_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/buf.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/util.h"
#include "msg/passkey_msg.h"

struct device {
    int32_t algorithm;
    EVP_PKEY *pkey;
    uint8_t id[64];
    size_t id_len;
    const char *rp_id, *origin;
    uint8_t flags; /* without "credential" and "extensions" */
    uint32_t counter;
    const uint8_t *challenge; /* NULL: device_challenge */
};

/* What comes out of it; the slices of a check point into these. */
struct said {
    struct buf client_data, attestation, auth_data, signature;
};

static const uint8_t device_challenge[PASSKEY_CHALLENGE] = "0123456789abcdef0123456789abcde";
static const struct str device_origins[] = {STR_INIT("https://other.example"),
                                            STR_INIT("https://talk.example:8443")};

static inline EVP_PKEY *device_key(int32_t algorithm)
{
    switch (algorithm) {
    case PASSKEY_ES256: return EVP_EC_gen("P-256");
    case PASSKEY_RS256: return EVP_RSA_gen(2048);
    default: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
}

static inline struct device device_new(int32_t algorithm)
{
    struct device d = {.algorithm = algorithm,
                       .pkey = device_key(algorithm),
                       .id_len = 32,
                       .rp_id = "talk.example",
                       .origin = "https://talk.example:8443",
                       .flags = 0x05,
                       .counter = 7};
    memset(d.id, 0x1d, sizeof d.id);
    return d;
}

/* ---- CBOR ---- */

static inline void put_head(struct buf *b, unsigned major, uint32_t n)
{
    if (n < 24) {
        buf_u8(b, (uint8_t)(major << 5 | n));
    } else if (n < 256) {
        buf_u8(b, (uint8_t)(major << 5 | 24));
        buf_u8(b, (uint8_t)n);
    } else {
        buf_u8(b, (uint8_t)(major << 5 | 25));
        buf_u16(b, (uint16_t)n);
    }
}

static inline void put_int(struct buf *b, int32_t v)
{
    put_head(b, v < 0, (uint32_t)(v < 0 ? -1 - v : v));
}

static inline void put_bytes(struct buf *b, const void *p, size_t n)
{
    put_head(b, 2, (uint32_t)n);
    buf_put(b, p, n);
}

static inline void put_text(struct buf *b, const char *z)
{
    put_head(b, 3, (uint32_t)strlen(z));
    buf_puts(b, z);
}

static inline void put_bn(struct buf *b, EVP_PKEY *pkey, const char *name, int width)
{
    uint8_t bytes[512];
    BIGNUM *n = NULL;
    EVP_PKEY_get_bn_param(pkey, name, &n);
    width = width ? width : BN_num_bytes(n);
    BN_bn2binpad(n, bytes, width);
    put_bytes(b, bytes, (size_t)width);
    BN_free(n);
}

static inline void put_cose(struct buf *b, const struct device *d)
{
    uint8_t raw[32];
    size_t n = sizeof raw;
    put_head(b, 5, d->algorithm == PASSKEY_ES256 ? 5 : 4);
    put_int(b, 1);
    put_int(b, d->algorithm == PASSKEY_ES256 ? 2 : d->algorithm == PASSKEY_EDDSA ? 1 : 3);
    put_int(b, 3);
    put_int(b, d->algorithm);
    put_int(b, -1);
    if (d->algorithm == PASSKEY_ES256) {
        put_int(b, 1);
        put_int(b, -2);
        put_bn(b, d->pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32);
        put_int(b, -3);
        put_bn(b, d->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    } else if (d->algorithm == PASSKEY_EDDSA) {
        put_int(b, 6);
        put_int(b, -2);
        EVP_PKEY_get_raw_public_key(d->pkey, raw, &n);
        put_bytes(b, raw, n);
    } else {
        put_bn(b, d->pkey, OSSL_PKEY_PARAM_RSA_N, 0);
        put_int(b, -2);
        put_bn(b, d->pkey, OSSL_PKEY_PARAM_RSA_E, 0);
    }
}

/* ---- what it says ---- */

static inline void say_client_data(const struct device *d, struct said *s, const char *type)
{
    char challenge[B64URL_SIZE(PASSKEY_CHALLENGE)];
    b64url_encode(challenge, sizeof challenge, d->challenge ? d->challenge : device_challenge,
                  PASSKEY_CHALLENGE);
    buf_putf(&s->client_data,
             "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", type,
             challenge, d->origin);
}

static inline void say_auth_data(const struct device *d, struct buf *b, bool credential)
{
    static const uint8_t aaguid[16] = "an authenticator";
    uint8_t hash[SHA256_SIZE];
    sha256(d->rp_id, strlen(d->rp_id), hash);
    buf_put(b, hash, sizeof hash);
    buf_u8(b, (uint8_t)(d->flags | (credential ? 0x40 : 0)));
    buf_u32(b, d->counter);
    if (credential) {
        buf_put(b, aaguid, sizeof aaguid);
        buf_u16(b, (uint16_t)d->id_len);
        buf_put(b, d->id, d->id_len);
        put_cose(b, d);
    }
}

static inline void say_attestation(struct buf *b, struct str auth_data)
{
    put_head(b, 5, 3);
    put_text(b, "fmt");
    put_text(b, "none");
    put_text(b, "attStmt");
    put_head(b, 5, 0);
    put_text(b, "authData");
    put_bytes(b, auth_data.p, auth_data.n);
}

static inline void sign(const struct device *d, struct said *s)
{
    uint8_t out[512];
    size_t n = sizeof out;
    struct buf data;
    uint8_t hash[SHA256_SIZE];
    buf_init(&data, 1 << 16);
    buf_put_str(&data, buf_str(&s->auth_data));
    sha256(buf_data(&s->client_data), buf_len(&s->client_data), hash);
    buf_put(&data, hash, sizeof hash);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_DigestSignInit(md, NULL, d->algorithm == PASSKEY_EDDSA ? NULL : EVP_sha256(), NULL,
                       d->pkey);
    EVP_DigestSign(md, out, &n, buf_data(&data), buf_len(&data));
    EVP_MD_CTX_free(md);
    buf_reset(&s->signature);
    buf_put(&s->signature, out, n);
    buf_free(&data);
}

static inline struct said said_new(void)
{
    struct said s;
    buf_init(&s.client_data, 1 << 16);
    buf_init(&s.attestation, 1 << 16);
    buf_init(&s.auth_data, 1 << 16);
    buf_init(&s.signature, 1 << 16);
    return s;
}

static inline void said_free(struct said *s)
{
    buf_free(&s->client_data);
    buf_free(&s->attestation);
    buf_free(&s->auth_data);
    buf_free(&s->signature);
}

static inline struct passkey_check check_of(enum passkey_kind kind, const struct said *s)
{
    return (struct passkey_check){.kind = kind,
                                  .challenge = str_of(device_challenge, sizeof device_challenge),
                                  .rp_id = STR("talk.example"),
                                  .origins = device_origins,
                                  .n_origins = ARRAY_LEN(device_origins),
                                  .verified = true,
                                  .client_data = buf_str(&s->client_data),
                                  .attestation = buf_str(&s->attestation),
                                  .auth_data = buf_str(&s->auth_data),
                                  .signature = buf_str(&s->signature)};
}

static inline void device_register(const struct device *d, struct said *s)
{
    say_client_data(d, s, "webauthn.create");
    say_auth_data(d, &s->auth_data, true);
    say_attestation(&s->attestation, buf_str(&s->auth_data));
}

static inline void device_sign_in(const struct device *d, struct said *s)
{
    say_client_data(d, s, "webauthn.get");
    say_auth_data(d, &s->auth_data, false);
    sign(d, s);
}

#endif
