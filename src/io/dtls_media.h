/*
 * DTLS of media (RFC 5763, 5764): associations (io/dtls.h) that agree on keys for SRTP. The server's
 * side, which chooses the profile: AES-GCM with 128 bits, with 256, then AES-CM with HMAC-SHA1.
 *
 * There is no cookie: an association is made only for whom ICE has validated (RFC 8842 5.5, and
 * the race of CVE-2023-49786). The other side must show a certificate, and any will do: it is its
 * fingerprint that the caller compares with what was signalled.
 */
#ifndef MADANG_IO_DTLS_MEDIA_H
#define MADANG_IO_DTLS_MEDIA_H

#include "io/dtls.h"

enum {
    DTLS_KEYING_MAX = 2 * (32 + 14),
    DTLS_FINGERPRINT_MAX = 64, /* SHA-512 */
    DTLS_FINGERPRINT_TEXT = 95 /* SHA-256 as "AB:CD:..." */
};

/* Names of RFC 8122 5, as far as they are safe. */
enum dtls_hash { DTLS_SHA256, DTLS_SHA384, DTLS_SHA512, DTLS_HASHES };

/* A context with an ECDSA P-256 key and a certificate of its own, signed by itself, good from a day
 * before wall_s (Unix seconds) for 60 days. Unreferenced by dtls_ctx_unref(). NULL with a sentence in
 * err. */
struct dtls_ctx *dtls_media_ctx_new(int64_t wall_s, char *err, size_t errlen);
/* Its certificate's SHA-256, for `a=fingerprint:sha-256`. */
void dtls_media_ctx_fingerprint(const struct dtls_ctx *c, char out[DTLS_FINGERPRINT_TEXT + 1]);

/* NULL: no memory. The first input is the other side's ClientHello, whole or in parts. */
struct dtls *dtls_media_new(struct dtls_ctx *ctx, const struct dtls_ops *ops, void *ops_ctx);

/* Keying material of an open association (RFC 5764 4.2): client's key, server's key, client's salt,
 * server's salt, each as long as the profile wants it. The caller wipes it. */
struct dtls_keying {
    uint16_t profile; /* IANA's number: 1, 7, 8 */
    uint16_t n;
    uint8_t bytes[DTLS_KEYING_MAX];
};
/* false: not open, or no profile was agreed on. */
bool dtls_media_keying(struct dtls *d, struct dtls_keying *out);
/* Over the DER form of the other side's certificate; the length, 0: there is none. */
size_t dtls_media_fingerprint(struct dtls *d, enum dtls_hash hash,
                              uint8_t out[DTLS_FINGERPRINT_MAX]);

#endif
