/* Cryptography from OpenSSL behind plain functions: digests, HMAC, AES-256-GCM, the kernel's
 * randomness, and a deterministic generator for cores. Algorithm objects are fetched once and
 * contexts are kept for each thread, since fetching costs more than hashing. Where OpenSSL fails
 * for want of memory the program aborts, as with xmalloc. */
#ifndef MADANG_BASE_CRYPTO_H
#define MADANG_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MD5_SIZE = 16,
    SHA1_SIZE = 20,
    SHA256_SIZE = 32,
    AEAD_KEY_SIZE = 32,
    AEAD_NONCE_SIZE = 12,
    AEAD_TAG_SIZE = 16,
    RNG_SEED_SIZE = 32
};

/* From the kernel; blocks only before the machine's generator is ready once; aborts on error. */
void random_bytes(void *p, size_t n);

/* A stream that follows from its seed alone: ChaCha20 (RFC 8439) with its key replaced after each
 * 224 bytes, so that what was given out cannot be computed from a later state. Cores get one, so
 * that a replay gives the same ids and tokens. Not for several threads. */
struct rng {
    uint8_t key[32];
    uint8_t out[224];
    uint32_t used; /* bytes of out that were given */
};

void rng_init(struct rng *r, const uint8_t seed[RNG_SEED_SIZE]);
void rng_bytes(struct rng *r, void *p, size_t n);
uint64_t rng_u64(struct rng *r);
/* Uniform in 0 .. n - 1 without bias; n = 0 gives 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* One block of RFC 8439, 2.3; here for the test vectors. */
void chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                    uint8_t out[64]);

/* Only where a protocol wants it: the long-term keys of STUN (RFC 8489, 18.5.1.1). */
void md5(const void *p, size_t n, uint8_t out[MD5_SIZE]);
void sha1(const void *p, size_t n, uint8_t out[SHA1_SIZE]);
void sha256(const void *p, size_t n, uint8_t out[SHA256_SIZE]);
/* RFC 2104 */
void hmac_sha1(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SHA1_SIZE]);
void hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SHA256_SIZE]);

/* The time depends on n only. */
bool ct_equal(const void *a, const void *b, size_t n);
/* Zeros that the compiler doesn't remove. */
void memzero(void *p, size_t n);

/* AES-256-GCM. out gets n bytes and the tag (n + 16 in all). The nonce must never repeat under one
 * key: the caller's duty. in and out may be the same memory. n and aad_n < 2 GiB. */
void aead_seal(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
               const void *aad, size_t aad_n, const void *in, size_t n, uint8_t *out);
/* in is n bytes with the tag at its end; out gets n - 16. False when it is not authentic (out is
 * zeroed then) or n < 16. */
bool aead_open(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
               const void *aad, size_t aad_n, const void *in, size_t n, uint8_t *out);

#endif
