/*
 * The long-term credential mechanism, the server's side (RFC 8489 9.2): stateless nonces with the
 * nonce cookie (9.2, bid-down protection), MD5 and SHA-256 keys (PASSWORD-ALGORITHMS, 18.5),
 * USERHASH, MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256. A core: no clock, no randomness, no
 * memory per client. Who users are is somebody else's knowledge (struct stun_auth_users).
 *
 * A nonce is the cookie, then base64 of: 6 bytes microseconds, 2 bytes the client's port (so that
 * no two 5-tuples get the same one), 10 bytes HMAC-SHA256 over these, the cookie, the client's IP
 * and the generation of the key.
 */
#ifndef MADANG_PROTO_STUN_AUTH_H
#define MADANG_PROTO_STUN_AUTH_H

#include "base/crypto.h"
#include "base/str.h"
#include "proto/stun.h"

enum { STUN_REALM_MAX = 127, STUN_USERNAME_MAX = 508, STUN_NONCE_MAX = 127 };

enum stun_password_algorithm { STUN_PW_MD5 = 1, STUN_PW_SHA256 = 2 }; /* RFC 8489 18.5 */

/* A user as the table of users knows it. */
struct stun_user {
    uint8_t key[SHA256_SIZE]; /* of the long-term credential, by the algorithm that was asked for */
    uint32_t key_n;           /* 16 or 32 */
    uint64_t scope;           /* of a call-scoped credential, else 0 */
    uint64_t account;         /* quotas are counted under this number; the same for the same user */
};

/* Who has that name? One name can have several passwords (REST secrets in rotation, two forms of
 * HMAC): attempt counts from 0 until the table says false. */
struct stun_auth_query {
    struct str name; /* USERNAME's value as it came or, when hashed, the 32 bytes of USERHASH */
    bool hashed;
    enum stun_password_algorithm algorithm;
    unsigned attempt;
    int64_t wall_s;
};

/* false: nobody of that name (any more), or no key by that algorithm. At most STUN_AUTH_TRIES
 * attempts are made. */
struct stun_auth_users {
    void *ctx;
    bool (*find)(void *ctx, const struct stun_auth_query *q, struct stun_user *out);
    /* What may be offered now (enum stun_auth_feature); NULL: STUN_AUTH_SHA256. */
    unsigned (*features)(void *ctx);
};
enum { STUN_AUTH_TRIES = 4 };

/* RFC 8489 18.1, as erratum 6290 numbers the bits. */
enum stun_auth_feature {
    STUN_AUTH_SHA256 = 1,   /* every user has a SHA-256 key: clients must take it when offered */
    STUN_AUTH_ANONYMITY = 2 /* every user can be found by USERHASH: clients must use it (9.2.5) */
};

struct stun_auth_conf {
    char realm[STUN_REALM_MAX + 1];
    uint8_t nonce_key[32]; /* random; may be shared by workers, so that each accepts all nonces */
    uint32_t generation;   /* nonces of another generation are stale: revokes all at once */
    int64_t nonce_us;      /* life of a nonce; 0 = 1 h (RFC 8656 5 wants at most that) */
    struct stun_auth_users users;
};

enum stun_auth_verdict {
    STUN_AUTH_OK,
    STUN_AUTH_BAD_REQUEST, /* 400: credentials are there, but not whole or contradictory */
    STUN_AUTH_CHALLENGE,   /* 401: no integrity at all: the first request of every client */
    STUN_AUTH_UNKNOWN,     /* 401: nobody of that name */
    STUN_AUTH_WRONG,       /* 401: the integrity does not verify */
    STUN_AUTH_STALE,       /* 438 */
    STUN_AUTH_VERDICTS
};
const char *stun_auth_verdict_name(enum stun_auth_verdict v);
unsigned stun_auth_code(enum stun_auth_verdict v); /* 0, 400, 401 or 438 */

struct stun_auth_result {
    enum stun_auth_verdict verdict;
    struct stun_user user; /* OK only */
    bool sha256; /* the answer gets MESSAGE-INTEGRITY-SHA256: the request named an algorithm */
};

/* Checks a request in the order of RFC 8489 9.2.4, but for one thing: a nonce that was never given
 * to this address is stale whoever asks, so that a flood with made-up credentials costs one HMAC a
 * packet. from: whom the nonce was given to (its IP counts, not the port). wall_s is what the
 * expiry of a credential is compared with: for requests on an allocation that is there, pass the
 * time at which it was made, so that a call may outlast its credential (as with coturn). */
void stun_auth_check(const struct stun_auth_conf *conf, int64_t now_us, int64_t wall_s,
                     const struct stun_msg *m, const struct addr *from,
                     struct stun_auth_result *out);
/* Adds what a 401 or 438 carries besides ERROR-CODE: REALM, NONCE, PASSWORD-ALGORITHMS. */
void stun_auth_put_challenge(const struct stun_auth_conf *conf, int64_t now_us,
                             const struct addr *from, struct stun_builder *b);
/* Adds the integrity of an answer to an authenticated request: MESSAGE-INTEGRITY unless the request
 * named a password algorithm (the last paragraph of 9.2.4). */
void stun_auth_put_integrity(const struct stun_auth_result *r, struct stun_builder *b);
/* Do two results speak of the same user? (RFC 8656 7.2: 441.) */
bool stun_auth_same_user(const struct stun_user *a, const struct stun_user *b);

/* What clients send back; exposed for tests. Two requests get the same one only from the same
 * address and port in the same microsecond. Returns its length; out is NUL-terminated. */
size_t stun_auth_nonce(const struct stun_auth_conf *conf, int64_t now_us, const struct addr *from,
                       char out[STUN_NONCE_MAX + 1]);
enum stun_nonce {
    STUN_NONCE_GOOD,
    STUN_NONCE_STALE,  /* given to this address, but too old */
    STUN_NONCE_FOREIGN /* of another address, key or generation, or made up */
};
enum stun_nonce stun_auth_nonce_check(const struct stun_auth_conf *conf, int64_t now_us,
                                      const struct addr *from, struct str nonce);

#endif
