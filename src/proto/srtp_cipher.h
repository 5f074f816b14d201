/*
 * The ciphers under SRTP, around OpenSSL, which is included nowhere else for this. One struct
 * srtp_cipher has one session key, expanded once; a packet costs no allocation. For srtp*.c only.
 */
#ifndef MADANG_PROTO_SRTP_CIPHER_H
#define MADANG_PROTO_SRTP_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/srtp_profile.h"

enum {
    SRTP_GCM_IV = 12,
    SRTP_GCM_TAG = 16,
    SRTP_CTR_IV = 16,
    SRTP_AUTH_KEY = 20, /* HMAC-SHA1 (RFC 3711 5.2) */
    SRTP_SHA1_TAG = 10  /* of its 20 bytes */
};

static inline bool srtp_is_gcm(enum srtp_profile p)
{
    return p != SRTP_AES128_CM_SHA1_80;
}

struct srtp_cipher;

/* key: srtp_key_size(p) bytes; auth: SRTP_AUTH_KEY bytes, for AES-CM only. seal: encrypts, else decrypts.
 * NULL: no memory. */
struct srtp_cipher *srtp_cipher_new(enum srtp_profile p, bool seal, const uint8_t *key,
                                    const uint8_t *auth);
void srtp_cipher_free(struct srtp_cipher *c);

/* One packet: begin, update as often as needed, and for GCM one of the ends. All false: the library
 * failed, or (open_end) it is not authentic. in and out are the same or don't overlap. */
bool srtp_gcm_begin(struct srtp_cipher *c, const uint8_t iv[SRTP_GCM_IV]);
bool srtp_gcm_aad(struct srtp_cipher *c, const uint8_t *p, size_t n);
bool srtp_ctr_begin(struct srtp_cipher *c, const uint8_t iv[SRTP_CTR_IV]);
bool srtp_cipher_update(struct srtp_cipher *c, uint8_t *out, const uint8_t *in, size_t n);
bool srtp_gcm_seal_end(struct srtp_cipher *c, uint8_t tag[SRTP_GCM_TAG]);
bool srtp_gcm_open_end(struct srtp_cipher *c, const uint8_t tag[SRTP_GCM_TAG]);

/* The first SRTP_SHA1_TAG bytes of HMAC-SHA1 over n bytes of p and a number behind them. */
void srtp_sha1_tag(const struct srtp_cipher *c, const uint8_t *p, size_t n, uint32_t behind,
                   uint8_t tag[SRTP_SHA1_TAG]);

/* AES in counter mode over n zeros, for the key derivation: key of 16 or 32 bytes. */
bool srtp_keystream(const uint8_t *key, size_t key_n, const uint8_t iv[SRTP_CTR_IV], uint8_t *out,
                    size_t n);

#endif
