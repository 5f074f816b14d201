/*
 * Whom the TURN server knows: users with a password or a pre-computed key; REST-style names
 * `expiry:user` whose password is base64(HMAC(secret, name)), SHA-1 as coturn's use-auth-secret
 * makes it or SHA-256, with two secrets at a time for rotation; and call-scoped names, which
 * signaling makes and which live as long as their scope (proto/turn_scope.h). One table for each
 * thread. The account of a REST name is its user's, whatever the expiry.
 */
#ifndef MADANG_PROTO_TURN_USERS_H
#define MADANG_PROTO_TURN_USERS_H

#include "base/hash.h"
#include "proto/stun_auth.h"

struct turn_users;

enum { TURN_SCOPE_NAME = 16, TURN_SCOPE_PASSWORD = 32 }; /* characters, without NUL */

struct turn_users_conf {
    char realm[STUN_REALM_MAX + 1];
    struct str secrets[2]; /* REST: the newer first; n = 0: none. Borrowed for the call. */
    uint8_t scope_key[32]; /* of call-scoped passwords: signaling has the same */
    struct hash_key hash;
    unsigned max_users; /* 0 = 10,000 */
    /* Is that scope open? NULL: there are no scopes. */
    bool (*scope_open)(void *ctx, uint64_t scope);
    void *ctx;
};

struct turn_users *turn_users_new(const struct turn_users_conf *conf);
void turn_users_free(struct turn_users *u);

/* "name:password", or "name:0x" and 32 (MD5) or 64 (SHA-256) hex digits: the key itself. Names and
 * passwords are UTF-8 after OpaqueString's rules (proto/opaque.h). false with a sentence in why
 * that holds no secret. */
bool turn_users_add(struct turn_users *u, struct str name_and_secret, char *why, size_t why_n);
/* Other secrets from now on; allocations that exist stay. */
void turn_users_secrets(struct turn_users *u, const struct str secrets[2]);
/* stun_auth_users.find: ctx is the table. USERHASH finds users of the first kind only. A user from
 * turn_users_add comes before a REST name or a scope of the same name. */
bool turn_users_find(void *ctx, const struct stun_auth_query *q, struct stun_user *out);
/* stun_auth_users.features: SHA-256 unless some user has only an MD5 key, and anonymity when all can
 * be found by USERHASH (users of the first kind, no secrets, no scopes). */
unsigned turn_users_features(void *ctx);

/* ---- Making credentials (signaling, madang token, tests); pure ---- */

/* The name and password of a scope (NUL-terminated). */
void turn_scope_credential(const uint8_t key[32], uint64_t scope, char name[TURN_SCOPE_NAME + 1],
                           char password[TURN_SCOPE_PASSWORD + 1]);
enum turn_hmac { TURN_HMAC_SHA1, TURN_HMAC_SHA256 };
/* REST: `expiry:user` (`expiry` alone when user is empty) and its password. Returns false when it
 * doesn't fit, or is no name. */
bool turn_rest_credential(struct str secret, int64_t expiry_s, struct str user, enum turn_hmac hmac,
                          char *name, size_t name_n, char *password, size_t password_n);

#endif
