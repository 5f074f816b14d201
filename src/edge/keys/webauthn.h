/*
 * Passkeys: what a server checks when one is registered and when one is used (W3C Web Authentication
 * Level 3, https://www.w3.org/TR/webauthn-3/, 7.1 and 7.2; Level 2 differs in step numbers and knows no
 * backup flags). Pure: no clock, no randomness, nothing kept; all input is a stranger's and capped. A
 * check takes 0.1 to 0.25 ms, most of it the key and the signature.
 *
 * Attestation is not asked for (conveyance "none"), since nobody here decides by the maker of a device. A
 * statement of another format that a client sends all the same is taken as none (7.1, step 24 leaves
 * that to policy): its CBOR must be sound, its signature and certificates are not looked at.
 */
#ifndef MADANG_EDGE_KEYS_WEBAUTHN_H
#define MADANG_EDGE_KEYS_WEBAUTHN_H

#include "msg/passkey_msg.h"

/* The verdict on a registration or a sign-in; only `outcome` means something when it is not PASSKEY_OK.
 * That a credential id is new (7.1, step 26) is the store's to say. json_mem_init() has been called. */
void webauthn_check(const struct passkey_check *check, struct passkey_verdict *verdict);

/* "signature", "counter", … for logs. Static. */
const char *passkey_outcome_name(enum passkey_outcome outcome);

#endif
