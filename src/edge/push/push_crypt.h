/* The content coding aes128gcm (RFC 8188) with one record, and the encryption of push messages on top of it
 * (RFC 8291): the push service carries what it cannot read. Pure: keys and salts come in. */
#ifndef MADANG_EDGE_PUSH_PUSH_CRYPT_H
#define MADANG_EDGE_PUSH_PUSH_CRYPT_H

#include "base/buf.h"
#include "edge/push/p256.h"

enum {
    PUSH_AUTH = 16, /* bytes of the subscription's secret (RFC 8291, 3.2) */
    PUSH_SALT = 16,
    PUSH_RECORD = 4096,  /* rs that is told; push services take no more (RFC 8030, 7.2) */
    PUSH_TEXT_MAX = 3993 /* what fits: RFC 8291, 4 */
};

/* Appends header and record: padded with zeros to at least `padded` bytes of text. False: text or key id
 * are too long (n <= PUSH_TEXT_MAX, keyid_n <= 255), or out is full. */
bool aes128gcm_seal(struct buf *out, const uint8_t *ikm, size_t ikm_n,
                    const uint8_t salt[PUSH_SALT], const void *keyid, size_t keyid_n,
                    struct str text, size_t padded);

/* The body for one subscription: p256dh and auth of it, a key pair (ephemeral) and a salt that are used
 * only once. The text is padded to the next multiple of 256 bytes, so that its length says little. False:
 * p256dh is no point, or the text is too long. */
bool push_seal(struct buf *out, const uint8_t p256dh[P256_POINT], const uint8_t auth[PUSH_AUTH],
               const struct p256 *ephemeral, const uint8_t salt[PUSH_SALT], struct str text);

/* The two steps apart, for the vectors of RFC 8291, appendix A. */
bool push_ikm(const uint8_t p256dh[P256_POINT], const uint8_t auth[PUSH_AUTH],
              const struct p256 *ephemeral, uint8_t ikm[32]);

#endif
