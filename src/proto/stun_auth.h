/*
 * The long-term credential mechanism, the server's side (RFC 8489 9.2): stateless nonces with the
 * nonce cookie (9.2, bid-down protection), MD5 and SHA-256 keys (PASSWORD-ALGORITHMS, 18.5),
 * USERHASH, MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256. A core: no clock, no randomness, no
 * memory per client. Who users are is somebody else's knowledge (struct stun_auth_users).
 */
#ifndef MADANG_PROTO_STUN_AUTH_H
#define MADANG_PROTO_STUN_AUTH_H

#include "base/crypto.h"
#include "base/str.h"
#include "proto/stun.h"

enum { STUN_REALM_MAX = 127, STUN_USERNAME_MAX = 508, STUN_NONCE_MAX = 127 };

enum stun_password_algorithm { STUN_PW_MD5 = 1, STUN_PW_SHA256 = 2 }; /* RFC 8489 18.5 */

/* What a user's request is checked with. */
struct stun_key {
    uint8_t md5[MD5_SIZE];       /* MD5(user:realm:password) */
    uint8_t sha256[SHA256_SIZE]; /* the same by SHA-256 */
    bool has_md5, has_sha256;    /* a pre-computed key exists in one form only */
};

/* A user as the table of users knows it. */
struct stun_user {
    struct stun_key key;
    uint64_t scope;   /* of a call-scoped credential, else 0 */
    uint64_t account; /* quotas are counted under this number; the same for the same user */
};

/* Name is USERNAME's value as it came, or, when hashed, the 32 bytes of USERHASH. false: nobody
 * of that name, or its time is over. */
struct stun_auth_users {
    void *ctx;
    bool (*find)(void *ctx, int64_t wall_s, struct str name, bool hashed, struct stun_user *out);
};

struct stun_auth_conf {
    char realm[STUN_REALM_MAX + 1];
    uint8_t nonce_key[32]; /* random; may be shared by workers, so that each accepts all nonces */
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
    bool sha256;           /* which integrity the request had: the answer gets the same */
    enum stun_password_algorithm algorithm; /* which key it was made with */
};

/* Checks a request (RFC 8489 9.2.4). from: whom the nonce was given to (its IP counts). */
void stun_auth_check(const struct stun_auth_conf *conf, int64_t now_us, int64_t wall_s,
                     const struct stun_msg *m, const struct addr *from,
                     struct stun_auth_result *out);
/* Adds what a 401 or 438 carries besides ERROR-CODE: REALM, NONCE, PASSWORD-ALGORITHMS. */
void stun_auth_put_challenge(const struct stun_auth_conf *conf, int64_t now_us,
                             const struct addr *from, struct stun_builder *b);
/* Adds the integrity of an answer to an authenticated request: in the request's form. */
void stun_auth_put_integrity(const struct stun_auth_result *r, struct stun_builder *b);
/* Do two results speak of the same user? (RFC 8656 7.2: 441.) */
bool stun_auth_same_user(const struct stun_user *a, const struct stun_user *b);

/* What clients send back; exposed for tests. out gets STUN_NONCE_MAX + 1 bytes at most. */
size_t stun_auth_nonce(const struct stun_auth_conf *conf, int64_t now_us, const struct addr *from,
                       char *out);
enum stun_nonce { STUN_NONCE_GOOD, STUN_NONCE_STALE };
enum stun_nonce stun_auth_nonce_check(const struct stun_auth_conf *conf, int64_t now_us,
                                      const struct addr *from, struct str nonce);

#endif
