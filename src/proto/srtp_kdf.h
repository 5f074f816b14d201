/*
 * Session keys from the master key (RFC 3711 4.3, RFC 6188 for 256 bits, RFC 7714 11). For srtp*.c
 * only, and for the tests, which know the vectors.
 */
#ifndef MADANG_PROTO_SRTP_KDF_H
#define MADANG_PROTO_SRTP_KDF_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/srtp.h"
#include "proto/srtp_cipher.h"

struct srtp_half { /* of RTP or of RTCP; what the profile doesn't use is zero */
    uint8_t key[SRTP_KEY_MAX];
    uint8_t salt[SRTP_SALT_MAX];
    uint8_t auth[SRTP_AUTH_KEY];
};

struct srtp_keys {
    struct srtp_half rtp;
    struct srtp_half rtcp;
};

/* The key derivation rate is 0, so they are derived once. false: no memory. */
bool srtp_derive(enum srtp_profile p, const uint8_t *key, const uint8_t *salt,
                 struct srtp_keys *out);

#endif
