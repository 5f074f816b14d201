/* What the domain asks about a passkey, and the verdict (W3C Web Authentication Level 3, 7.1 and 7.2).
 * The check is a pure function (edge/keys/webauthn.h): whoever carries the question calls it and gives
 * the verdict back at once, and a replay computes it again. The domain keeps challenges (random, used
 * once, short-lived) and finds the credential by its id before it asks. */
#ifndef MADANG_MSG_PASSKEY_MSG_H
#define MADANG_MSG_PASSKEY_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"

enum {
    PASSKEY_CHALLENGE = 32,   /* bytes that the domain draws (at least 16: 13.4.3) */
    PASSKEY_ID_MAX = 1023,    /* bytes of a credential id (7.1, step 25) */
    PASSKEY_KEY_MAX = 640,    /* bytes of a public key as DER: RSA with 4096 bits takes 550 */
    PASSKEY_DATA_MAX = 16384, /* bytes of each thing that a client sends */
    PASSKEY_ORIGINS_MAX = 40
};

/* COSE numbers (RFC 9053, RFC 8812): what pubKeyCredParams offers, in this order. */
enum passkey_algorithm { PASSKEY_ES256 = -7, PASSKEY_EDDSA = -8, PASSKEY_RS256 = -257 };

enum passkey_kind { PASSKEY_REGISTER, PASSKEY_SIGN_IN };

/* All slices are raw bytes (not base64url), borrowed for the call. */
struct passkey_check {
    enum passkey_kind kind;
    struct str challenge;      /* the one that was given out */
    struct str rp_id;          /* host name, lower case: talk.example.org */
    const struct str *origins; /* "https://talk.example.org", with ":port" unless it is 443 */
    size_t n_origins;          /* at most PASSKEY_ORIGINS_MAX */
    bool verified;             /* user verification (PIN, finger) is required */
    struct str client_data;    /* response.clientDataJSON */
    struct str attestation;    /* register: response.attestationObject */
    struct str auth_data;      /* sign in: response.authenticatorData */
    struct str signature;      /* sign in: response.signature */
    struct str user_handle;    /* sign in: response.userHandle, may be empty */
    /* sign in: what the store has of the credential */
    struct str owner; /* the user handle that it was made for; empty: not compared */
    struct str public_key;
    int32_t algorithm;
    uint32_t counter;
    bool backup_eligible;
};

/* Only for logs and tests: a client learns that it was refused, not why. */
enum passkey_outcome {
    PASSKEY_OK,
    PASSKEY_TOO_LONG,    /* something is larger than PASSKEY_DATA_MAX, or empty */
    PASSKEY_CLIENT_DATA, /* not the JSON object that it must be */
    PASSKEY_TYPE,        /* made for the other ceremony */
    PASSKEY_WRONG_CHALLENGE,
    PASSKEY_ORIGIN,         /* another site's page, */
    PASSKEY_CROSS_ORIGIN,   /* or ours in somebody else's frame */
    PASSKEY_CBOR,           /* malformed, or more than CTAP2's canonical form allows */
    PASSKEY_AUTH_DATA,      /* authenticator data that do not add up */
    PASSKEY_RP,             /* made for another host */
    PASSKEY_NOBODY_PRESENT, /* nobody touched it */
    PASSKEY_NOT_VERIFIED,
    PASSKEY_ALGORITHM,  /* none of ours */
    PASSKEY_PUBLIC_KEY, /* not on the curve, too short, … */
    PASSKEY_OWNER,      /* another person's handle */
    PASSKEY_SIGNATURE,
    PASSKEY_COUNTER, /* it went back: somebody has a copy of the authenticator */
    PASSKEY_BACKUP,  /* backup flags that contradict each other, or what was registered */
    PASSKEY_OUTCOMES
};

struct passkey_verdict {
    enum passkey_outcome outcome;
    /* Both, when OK: to be stored. */
    uint32_t counter;
    bool user_verified;
    bool backed_up; /* synchronised: it outlives the device */
    /* Register, when OK. */
    bool backup_eligible;
    int32_t algorithm;
    size_t id_len, key_len;
    uint8_t aaguid[16]; /* model of the authenticator, or zeros */
    uint8_t id[PASSKEY_ID_MAX];
    uint8_t key[PASSKEY_KEY_MAX]; /* SubjectPublicKeyInfo, DER */
};

/* Whether browsers offer passkeys to pages of this host (5.1.2: a domain, not an address). */
static inline bool passkey_host(struct str host)
{
    struct addr a;
    return host.n > 0 && host.n <= 253 && !addr_parse(&a, host);
}

#endif
