/* Small records that clients keep for the server, sealed by AES-256-GCM: they can neither read nor change
 * them. As text: base64url of nonce, ciphertext and tag. */
#ifndef MADANG_DOMAIN_SEALED_H
#define MADANG_DOMAIN_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/str.h"

enum { SEALED_PLAIN_MAX = 1024 };

/* The room that the text of a record of n bytes takes, with its NUL. */
#define SEALED_TEXT_SIZE(n) B64URL_SIZE(AEAD_NONCE_SIZE + (n) + AEAD_TAG_SIZE)

/* What the text is for: another use of the same key has other words. n at most SEALED_PLAIN_MAX; the result is the
 * length of the text, which has a NUL behind it. */
size_t sealed_put(const char *purpose, const uint8_t key[AEAD_KEY_SIZE], struct rng *rng,
                  const uint8_t *plain, size_t n, char *out, size_t cap);
/* How long the record is; false for everything that was not made by sealed_put with this key for this. */
bool sealed_open(const char *purpose, const uint8_t key[AEAD_KEY_SIZE], struct str text,
                 uint8_t *plain, size_t cap, size_t *n);

#endif
