/* A connectivity check as browsers send it (RFC 8445 7.2), for tests of what answers them. */
#ifndef TESTS_UNIT_ICE_CHECK_H
#define TESTS_UNIT_ICE_CHECK_H

#include <stdbool.h>
#include <string.h>

#include "proto/stun.h"

enum { ICE_CHECK_MAX = 640 };

/* name: "ours:theirs". Returns its length. */
static inline size_t ice_check(uint8_t out[ICE_CHECK_MAX], const char *name, const char *pwd,
                               bool use_candidate)
{
    static const uint8_t txid[STUN_TXID] = {1};
    struct stun_builder b;
    stun_begin(&b, out, ICE_CHECK_MAX, STUN_REQUEST, STUN_BINDING, txid);
    stun_put(&b, STUN_USERNAME, name, strlen(name));
    stun_put_u64(&b, STUN_ICE_CONTROLLING, 7);
    stun_put_u32(&b, STUN_PRIORITY, 1);
    if (use_candidate)
        stun_put(&b, STUN_USE_CANDIDATE, "", 0);
    stun_put_integrity(&b, pwd, strlen(pwd));
    stun_put_fingerprint(&b);
    return stun_end(&b);
}

#endif
