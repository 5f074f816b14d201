/* Public keys of authenticators: from a COSE_Key (RFC 9052, 7; RFC 9053, 2 and 7; RFC 8230) to the form
 * that is stored (SubjectPublicKeyInfo as DER, RFC 5280, 4.1.2.7), and the check of a signature. */
#ifndef MADANG_EDGE_KEYS_COSE_H
#define MADANG_EDGE_KEYS_COSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/passkey_msg.h"

/* One COSE_Key, and nothing behind it: ES256 on P-256 with both coordinates, EdDSA on Ed25519, RS256 with
 * 2048 to 4096 bits and an odd exponent between 3 and 2^32. PASSKEY_OK, PASSKEY_CBOR, PASSKEY_ALGORITHM,
 * or PASSKEY_PUBLIC_KEY (no such point, lengths, parameters of another algorithm). Labels that these
 * algorithms don't use are ignored. */
enum passkey_outcome cose_read(struct str cose, int32_t *algorithm, uint8_t key[PASSKEY_KEY_MAX],
                               size_t *key_len);

/* Whether the signature of data is right: ES256 as DER (RFC 3279, 2.2.3), EdDSA as 64 bytes (RFC 8032),
 * RS256 as PKCS #1 v1.5 (RFC 8017, 8.2). False for a key that is not of that algorithm, too. */
bool cose_verify(int32_t algorithm, struct str key, struct str signature, const void *data,
                 size_t n);

#endif
