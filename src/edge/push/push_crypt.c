#include "edge/push/push_crypt.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

enum { KEY = 16, NONCE = 12, TAG = 16, PAD_STEP = 256, INFO_MAX = 160 };

/* HKDF (RFC 5869) with one block of output, which is all that is needed. */
static void hkdf(const uint8_t *salt, size_t salt_n, const uint8_t *ikm, size_t ikm_n,
                 const void *info, size_t info_n, uint8_t *out, size_t n)
{
    uint8_t prk[SHA256_SIZE], block[SHA256_SIZE], text[INFO_MAX];
    hmac_sha256(salt, salt_n, ikm, ikm_n, prk);
    memcpy(text, info, info_n);
    text[info_n] = 1;
    hmac_sha256(prk, sizeof prk, text, info_n + 1, block);
    memcpy(out, block, n);
    memzero(prk, sizeof prk);
    memzero(block, sizeof block);
}

/* AES-128-GCM without associated data; out gets n + TAG bytes. */
static bool seal(const uint8_t key[KEY], const uint8_t nonce[NONCE], const uint8_t *in, size_t n,
                 uint8_t *out)
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(ctx, out, &len, in, (int)n) == 1 &&
                EVP_EncryptFinal_ex(ctx, out + len, &len) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

bool aes128gcm_seal(struct buf *out, const uint8_t *ikm, size_t ikm_n,
                    const uint8_t salt[PUSH_SALT], const void *keyid, size_t keyid_n,
                    struct str text, size_t padded)
{
    static const char cek_info[] = "Content-Encoding: aes128gcm"; /* with its NUL */
    static const char nonce_info[] = "Content-Encoding: nonce";
    uint8_t key[KEY], nonce[NONCE];
    uint8_t plain[PUSH_TEXT_MAX + 1];
    size_t n = MAX_OF(text.n, padded) + 1;
    if (text.n > PUSH_TEXT_MAX || padded > PUSH_TEXT_MAX || keyid_n > 255) {
        return false;
    }
    memset(plain, 0, n);
    if (text.n > 0) {
        memcpy(plain, text.p, text.n);
    }
    plain[text.n] = 2; /* the last record (RFC 8188, 2) */
    hkdf(salt, PUSH_SALT, ikm, ikm_n, cek_info, sizeof cek_info, key, sizeof key);
    hkdf(salt, PUSH_SALT, ikm, ikm_n, nonce_info, sizeof nonce_info, nonce, sizeof nonce);

    buf_put(out, salt, PUSH_SALT);
    buf_u32(out, PUSH_RECORD);
    buf_u8(out, (uint8_t)keyid_n);
    buf_put(out, keyid, keyid_n);
    uint8_t *record = buf_reserve(out, n + TAG);
    bool good = record && seal(key, nonce, plain, n, record);
    if (good) {
        buf_commit(out, n + TAG);
    }
    memzero(plain, sizeof plain);
    memzero(key, sizeof key);
    return good && !out->failed;
}

/* RFC 8291, 3.3 and 3.4. */
bool push_ikm(const uint8_t p256dh[P256_POINT], const uint8_t auth[PUSH_AUTH],
              const struct p256 *ephemeral, uint8_t ikm[32])
{
    static const char label[] = "WebPush: info"; /* with its NUL */
    uint8_t shared[P256_SECRET], info[sizeof label + 2 * P256_POINT];
    if (!p256_ecdh(ephemeral, p256dh, shared)) {
        return false;
    }
    memcpy(info, label, sizeof label);
    memcpy(info + sizeof label, p256dh, P256_POINT);
    memcpy(info + sizeof label + P256_POINT, p256_public(ephemeral), P256_POINT);
    hkdf(auth, PUSH_AUTH, shared, sizeof shared, info, sizeof info, ikm, 32);
    memzero(shared, sizeof shared);
    return true;
}

bool push_seal(struct buf *out, const uint8_t p256dh[P256_POINT], const uint8_t auth[PUSH_AUTH],
               const struct p256 *ephemeral, const uint8_t salt[PUSH_SALT], struct str text)
{
    uint8_t ikm[32];
    size_t padded = (text.n / PAD_STEP + 1) * PAD_STEP;
    if (!push_ikm(p256dh, auth, ephemeral, ikm)) {
        return false;
    }
    bool good = aes128gcm_seal(out, ikm, sizeof ikm, salt, p256_public(ephemeral), P256_POINT, text,
                               MIN_OF(padded, (size_t)PUSH_TEXT_MAX));
    memzero(ikm, sizeof ikm);
    return good;
}
