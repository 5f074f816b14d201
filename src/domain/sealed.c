#include "domain/sealed.h"

#include <string.h>

size_t sealed_put(const char *purpose, const uint8_t key[AEAD_KEY_SIZE], struct rng *rng,
                  const uint8_t *plain, size_t n, char *out, size_t cap)
{
    uint8_t sealed[AEAD_NONCE_SIZE + SEALED_PLAIN_MAX + AEAD_TAG_SIZE];
    rng_bytes(rng, sealed, AEAD_NONCE_SIZE);
    aead_seal(key, sealed, purpose, strlen(purpose) + 1, plain, n, sealed + AEAD_NONCE_SIZE);
    return b64url_encode(out, cap, sealed, AEAD_NONCE_SIZE + n + AEAD_TAG_SIZE);
}

bool sealed_open(const char *purpose, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                 uint8_t *plain, size_t cap, size_t *n)
{
    uint8_t sealed[AEAD_NONCE_SIZE + SEALED_PLAIN_MAX + AEAD_TAG_SIZE];
    uint8_t opened[SEALED_PLAIN_MAX + AEAD_TAG_SIZE];
    size_t len;
    if (!b64url_decode(sealed, sizeof sealed, &len, text) ||
        len < AEAD_NONCE_SIZE + AEAD_TAG_SIZE || len - AEAD_NONCE_SIZE - AEAD_TAG_SIZE > cap)
        return false;
    len -= AEAD_NONCE_SIZE;
    if (!aead_open(key, sealed, purpose, strlen(purpose) + 1, sealed + AEAD_NONCE_SIZE, len,
                   opened))
        return false;
    *n = len - AEAD_TAG_SIZE;
    memcpy(plain, opened, *n);
    memzero(opened, sizeof opened);
    return true;
}
