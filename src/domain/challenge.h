/* What passkeys are to sign, while it waits for that: a table of each kind, of which the oldest is overwritten. */
#ifndef MADANG_DOMAIN_CHALLENGE_H
#define MADANG_DOMAIN_CHALLENGE_H

#include <stdint.h>

#include "msg/passkey_msg.h"

/* What a passkey is to sign; all zeros: free. */
struct challenge {
    uint8_t bytes[PASSKEY_CHALLENGE];
    uint64_t by; /* who may use it; of those to sign in: the address it was made for */
    int64_t until;
};
enum challenge_for { CHALLENGE_SIGN_IN, CHALLENGE_ADD, CHALLENGE_CONFIRM, CHALLENGE_KINDS };
/* Of each kind, and of one person or address. */
#define CHALLENGES      1024
#define CHALLENGES_EACH 4

#endif
