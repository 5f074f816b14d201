#include "edge/push/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"

enum { DER_MAX = 80 };

struct p256 {
    EVP_PKEY *pkey;
    uint8_t point[P256_POINT];
};

/* OpenSSL fails here only for want of memory: as with xmalloc, half a state is worse than none. */
static void must(bool good)
{
    if (!good) {
        fputs("madang: out of memory\n", stderr);
        abort();
    }
}

static EVP_PKEY *from_params(const uint8_t point[P256_POINT], const BIGNUM *scalar)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(bld && ctx &&
         OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
         OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, P256_POINT) &&
         (!scalar || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar)));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    must(params && EVP_PKEY_fromdata_init(ctx) == 1);
    int what = scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (EVP_PKEY_fromdata(ctx, &pkey, what, params) != 1) {
        pkey = NULL; /* not on the curve */
    }
    ERR_clear_error();
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* 1 <= scalar < order of the curve. */
static void to_scalar(const EC_GROUP *group, const uint8_t secret[P256_SECRET], BIGNUM *scalar)
{
    uint8_t bytes[P256_SECRET];
    memcpy(bytes, secret, sizeof bytes);
    for (;;) {
        must(BN_bin2bn(bytes, sizeof bytes, scalar) != NULL);
        if (!BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0) {
            break;
        }
        sha256(bytes, sizeof bytes, bytes);
    }
    memzero(bytes, sizeof bytes);
}

struct p256 *p256_new(const uint8_t secret[P256_SECRET])
{
    struct p256 *k = xcalloc(1, sizeof *k);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    BIGNUM *scalar = BN_secure_new();
    must(point && scalar);
    to_scalar(group, secret, scalar);
    must(EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
         EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, k->point, P256_POINT,
                            NULL) == P256_POINT);
    k->pkey = from_params(k->point, scalar);
    must(k->pkey != NULL);
    BN_clear_free(scalar);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return k;
}

void p256_free(struct p256 *k)
{
    if (k) {
        EVP_PKEY_free(k->pkey);
        xfree(k);
    }
}

const uint8_t *p256_public(const struct p256 *k)
{
    return k->point;
}

static EVP_PKEY *peer_key(const uint8_t point[P256_POINT])
{
    return point[0] == POINT_CONVERSION_UNCOMPRESSED ? from_params(point, NULL) : NULL;
}

bool p256_is_point(const uint8_t point[P256_POINT])
{
    EVP_PKEY *pkey = peer_key(point);
    EVP_PKEY_free(pkey);
    return pkey != NULL;
}

bool p256_ecdh(const struct p256 *k, const uint8_t peer[P256_POINT], uint8_t out[P256_SECRET])
{
    size_t n = P256_SECRET;
    EVP_PKEY *other = peer_key(peer);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    must(ctx != NULL);
    bool good = other && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer(ctx, other) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1 &&
                n == P256_SECRET;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    ERR_clear_error();
    return good;
}

void p256_sign(const struct p256 *k, const void *p, size_t n, uint8_t out[P256_SIGNATURE])
{
    uint8_t der[DER_MAX];
    const uint8_t *at = der;
    size_t len = sizeof der;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    must(md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
         EVP_DigestSign(md, der, &len, p, n) == 1);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(md);
}
