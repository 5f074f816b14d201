/* Keys on P-256 (FIPS 186-5) for Web Push: Diffie-Hellman and signatures, over OpenSSL. Pure. */
#ifndef MADANG_EDGE_PUSH_P256_H
#define MADANG_EDGE_PUSH_P256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { P256_SECRET = 32, P256_POINT = 65 /* uncompressed */, P256_SIGNATURE = 64 };

struct p256;

/* The key of 32 random bytes, always the same for the same bytes. (Those few that are no scalar of the
 * curve are hashed until they are one.) Never NULL; p256_free wipes it. */
struct p256 *p256_new(const uint8_t secret[P256_SECRET]);
void p256_free(struct p256 *k);
/* 0x04, x, y. */
const uint8_t *p256_public(const struct p256 *k);

/* Whether it is a point of the curve that one can do Diffie-Hellman with. */
bool p256_is_point(const uint8_t point[P256_POINT]);
/* The shared secret (SEC 1, 3.3.1). False: peer is no such point. */
bool p256_ecdh(const struct p256 *k, const uint8_t peer[P256_POINT], uint8_t out[P256_SECRET]);
/* ECDSA over SHA-256, as r || s (RFC 7518, 3.4). */
void p256_sign(const struct p256 *k, const void *p, size_t n, uint8_t out[P256_SIGNATURE]);

#endif
