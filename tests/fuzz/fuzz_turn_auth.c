/*
 * Who uses a relay and whom it reaches: the same bytes as a request (as it came, and again with our
 * nonce and a right signature), as a user of the settings, as a name, and as an address. Whoever is
 * let in must have named somebody known; whoever may be reached must be global.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/opaque.h"
#include "proto/turn_policy.h"
#include "proto/turn_scope.h"
#include "proto/turn_users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REALM "example.org"
enum { NOW = 7000000, WALL = 1000 };

static bool scope_open(void *ctx, uint64_t scope)
{
    (void)ctx;
    return scope == 77;
}

static struct turn_users *users(void)
{
    static struct turn_users *u;
    struct turn_users_conf c = {.realm = REALM,
                                .secrets = {STR_INIT("north"), STR_INIT("south")},
                                .scope_open = scope_open};
    char why[64];
    if (u == NULL) {
        u = turn_users_new(&c);
        if (!turn_users_add(u, STR("alice:secret"), why, sizeof why))
            abort();
    }
    return u;
}

static bool is_alice(const struct stun_msg *m)
{
    uint8_t hash[32];
    const struct stun_attr *name = stun_find(m, STUN_USERNAME), *h = stun_find(m, STUN_USERHASH);
    stun_userhash("alice", REALM, hash);
    return name != NULL ? str_eq(str_of(stun_value(m, name), name->len), STR("alice"))
                        : h != NULL && h->len == 32 && memcmp(stun_value(m, h), hash, 32) == 0;
}

/* The same attributes with a fresh nonce, signed with one of alice's keys. */
static size_t sign(uint8_t *out, size_t cap, const struct stun_msg *m,
                   const struct stun_auth_conf *conf, const struct addr *from, bool sha256)
{
    const struct stun_attr *alg = stun_find(m, STUN_PASSWORD_ALGORITHM);
    bool long_key = alg != NULL && alg->len >= 2 && stun_value(m, alg)[1] == STUN_PW_SHA256;
    char nonce[STUN_NONCE_MAX + 1];
    uint8_t key[32];
    struct stun_builder b;
    stun_begin(&b, out, cap, m->cls, m->method, m->txid);
    for (unsigned i = 0; i < m->nattrs; i++) {
        const struct stun_attr *a = &m->attrs[i];
        if (a->type == STUN_NONCE)
            stun_put(&b, STUN_NONCE, nonce, stun_auth_nonce(conf, NOW, from, nonce));
        else if (a->type != STUN_MESSAGE_INTEGRITY && a->type != STUN_FINGERPRINT &&
                 a->type != STUN_MESSAGE_INTEGRITY_SHA256)
            stun_put(&b, a->type, stun_value(m, a), a->len);
    }
    if (long_key)
        stun_key_sha256("alice", REALM, "secret", key);
    else
        stun_key_md5("alice", REALM, "secret", key);
    if (sha256)
        stun_put_integrity_sha256(&b, key, long_key ? 32 : 16);
    else
        stun_put_integrity(&b, key, long_key ? 32 : 16);
    return stun_end(&b);
}

static void requests(const uint8_t *p, size_t n)
{
    struct stun_auth_conf conf = {.realm = REALM,
                                  .users = {users(), turn_users_find, turn_users_features}};
    struct addr from = addr_ip4(198, 51, 100, 1, 5);
    struct stun_msg m, again;
    struct stun_auth_result r;
    static uint8_t out[STUN_MESSAGE_MAX], answer[STUN_MESSAGE_MAX];
    if (stun_parse(&m, p, n) != STUN_OK)
        return;
    stun_auth_check(&conf, NOW, WALL, &m, &from, &r);
    if (r.verdict == STUN_AUTH_OK) /* nobody guesses a nonce */
        abort();
    for (int sha256 = 0; sha256 < 2; sha256++) {
        size_t len = sign(out, sizeof out, &m, &conf, &from, sha256);
        if (len == 0 || stun_parse(&again, out, len) != STUN_OK)
            continue;
        stun_auth_check(&conf, NOW, WALL, &again, &from, &r);
        struct stun_builder b;
        stun_begin(&b, answer, sizeof answer, STUN_SUCCESS, m.method, m.txid);
        if (r.verdict == STUN_AUTH_OK)
            stun_auth_put_integrity(&r, &b);
        else
            stun_auth_put_challenge(&conf, NOW, &from, &b);
        if (stun_end(&b) == 0 || (r.verdict == STUN_AUTH_OK && !is_alice(&again)))
            abort();
    }
}

static void names(const char *p, size_t n)
{
    struct turn_users_conf c = {.realm = REALM};
    struct turn_users *u = turn_users_new(&c);
    struct stun_auth_query q = {.name = {p, n}, .algorithm = STUN_PW_MD5, .wall_s = WALL};
    struct stun_user s;
    char why[128], out[64], twice[64];
    if (turn_users_add(u, str_of(p, n), why, sizeof why) &&
        turn_users_add(u, str_of(p, n), why, sizeof why))
        abort();
    turn_users_free(u);
    if (opaque_string(str_of(p, n), out, sizeof out) == NULL &&
        (opaque_string(str_from(out), twice, sizeof twice) != NULL || strcmp(out, twice) != 0))
        abort();
    for (; q.attempt < 6; q.attempt++) {
        q.hashed = n == 32 && q.attempt % 2;
        if (turn_users_find(users(), &q, &s) && (q.attempt > 3 || s.account == 0 || s.key_n != 16))
            abort();
    }
}

static void peers(const uint8_t *p, size_t n)
{
    static struct turn_policy policy;
    struct hash_key key = {1, 2};
    struct addr a;
    if (n < 16)
        return;
    for (int v6 = 0; v6 < 2; v6++) {
        a = v6 ? addr_ip6(p, 1) : addr_ip4(p[0], p[1], p[2], p[3], 1);
        struct addr canon = a;
        if (turn_policy_check(&policy, &a, true) == TURN_PEER_OK &&
            (addr_classify(&a) != ADDR_GLOBAL || addr_canon(&canon)))
            abort();
    }
    struct turn_scopes *t = turn_scopes_new(&key, 2);
    turn_scopes_open(t, 1);
    turn_scopes_party(t, 1, 2, str_of(p + 1, n - 1), &a, 1);
    turn_scopes_consents(t, 1, &a, p[0] % 3, p, n);
    turn_scopes_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    requests(data, size);
    names((const char *)data, size);
    peers(data, size);
    return 0;
}
