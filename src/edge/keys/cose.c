#include "edge/keys/cose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/buf.h"
#include "edge/keys/cbor_read.h"

/* Labels and values of the registries that RFC 9053 fills. */
enum { LABEL_KTY = 1, LABEL_ALG = 3, LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3 };
enum { LABEL_N = -1, LABEL_E = -2 };
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3, CRV_P256 = 1, CRV_ED25519 = 6 };
enum { COORDINATE = 32, RSA_MIN = 256, RSA_MAX = 512, EXPONENT_MAX = 4 };

struct cose {
    int64_t kty, alg, crv;
    struct str first, x, y; /* bytes of the labels -1 (n of RSA), -2 (x, or e of RSA), -3 */
};

/* ---- the map ---- */

static void take(struct cose *c, int64_t label, const struct cbor_part *part)
{
    bool bytes = part->kind == CBOR_PART_BYTES;
    int64_t v = 0;
    if (part->kind <= CBOR_PART_NINT && part->n <= INT32_MAX) {
        v = part->kind == CBOR_PART_UINT ? (int64_t)part->n : -1 - (int64_t)part->n;
    }
    switch (label) {
    case LABEL_KTY: c->kty = v; break;
    case LABEL_ALG: c->alg = v; break;
    case LABEL_CRV:
        c->crv = v;
        c->first = bytes ? part->bytes : STR_NONE;
        break;
    case LABEL_X: c->x = bytes ? part->bytes : STR_NONE; break;
    case LABEL_Y: c->y = bytes ? part->bytes : STR_NONE; break;
    default: break;
    }
}

static bool read_map(struct str cose, struct cose *c)
{
    struct rd r = rd_of(cose.p, cose.n);
    struct cbor_part part;
    if (!cbor_read_whole(&r, NULL) || r.n > 0) {
        return false;
    }
    r = rd_of(cose.p, cose.n);
    if (!cbor_read_kind(&r, CBOR_PART_MAP, &part)) {
        return false;
    }
    for (uint64_t pairs = part.n; pairs > 0; pairs--) {
        struct rd value;
        int64_t label = 0;
        if (!cbor_read_int(&r, &label)) {
            return false;
        }
        value = r;
        if (!cbor_read_whole(&r, NULL) || !cbor_read(&value, &part)) {
            return false;
        }
        take(c, label, &part);
    }
    return true;
}

/* ---- each algorithm ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* That the point is on the curve is checked where OpenSSL reads it. */
static EVP_PKEY *es256(const struct cose *c)
{
    uint8_t point[1 + 2 * COORDINATE] = {4};
    if (c->kty != KTY_EC2 || c->crv != CRV_P256 || c->x.n != COORDINATE || c->y.n != COORDINATE) {
        return NULL;
    }
    memcpy(point + 1, c->x.p, COORDINATE);
    memcpy(point + 1 + COORDINATE, c->y.p, COORDINATE);
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point)) {
        key = from_params("EC", bld);
    }
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static EVP_PKEY *ed25519(const struct cose *c)
{
    if (c->kty != KTY_OKP || c->crv != CRV_ED25519 || c->x.n != COORDINATE) {
        return NULL;
    }
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)c->x.p, c->x.n);
}

static bool rsa_is_sound(const BIGNUM *n, const BIGNUM *e)
{
    return BN_num_bits(n) >= RSA_MIN * 8 && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e);
}

static EVP_PKEY *rs256(const struct cose *c)
{
    if (c->kty != KTY_RSA || c->first.n < RSA_MIN || c->first.n > RSA_MAX || c->x.n == 0 ||
        c->x.n > EXPONENT_MAX) {
        return NULL;
    }
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn((const uint8_t *)c->first.p, (int)c->first.n, NULL);
    BIGNUM *e = BN_bin2bn((const uint8_t *)c->x.p, (int)c->x.n, NULL);
    if (bld && n && e && rsa_is_sound(n, e) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e)) {
        key = from_params("RSA", bld);
    }
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    return key;
}

static bool store(EVP_PKEY *pkey, uint8_t key[PASSKEY_KEY_MAX], size_t *key_len)
{
    uint8_t *at = key;
    int n = i2d_PUBKEY(pkey, NULL);
    if (n <= 0 || n > PASSKEY_KEY_MAX || i2d_PUBKEY(pkey, &at) != n) {
        return false;
    }
    *key_len = (size_t)n;
    return true;
}

enum passkey_outcome cose_read(struct str cose, int32_t *algorithm, uint8_t key[PASSKEY_KEY_MAX],
                               size_t *key_len)
{
    struct cose c = {0};
    EVP_PKEY *pkey = NULL;
    if (!read_map(cose, &c)) {
        return PASSKEY_CBOR;
    }
    switch (c.alg) {
    case PASSKEY_ES256: pkey = es256(&c); break;
    case PASSKEY_EDDSA: pkey = ed25519(&c); break;
    case PASSKEY_RS256: pkey = rs256(&c); break;
    default: return PASSKEY_ALGORITHM;
    }
    *algorithm = (int32_t)c.alg;
    bool good = pkey && store(pkey, key, key_len);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return good ? PASSKEY_OK : PASSKEY_PUBLIC_KEY;
}

/* ---- signatures ---- */

static bool is_of(const EVP_PKEY *pkey, int32_t algorithm)
{
    switch (algorithm) {
    case PASSKEY_ES256: return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_bits(pkey) == 256;
    case PASSKEY_EDDSA: return EVP_PKEY_is_a(pkey, "ED25519");
    case PASSKEY_RS256: return EVP_PKEY_is_a(pkey, "RSA");
    default: return false;
    }
}

bool cose_verify(int32_t algorithm, struct str key, struct str signature, const void *data,
                 size_t n)
{
    const uint8_t *at = (const uint8_t *)key.p;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)key.n);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const EVP_MD *hash = algorithm == PASSKEY_EDDSA ? NULL : EVP_sha256();
    bool good = pkey && md && is_of(pkey, algorithm) &&
                EVP_DigestVerifyInit(md, NULL, hash, NULL, pkey) == 1 &&
                EVP_DigestVerify(md, (const uint8_t *)signature.p, signature.n, data, n) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return good;
}
