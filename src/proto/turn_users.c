#include "proto/turn_users.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/code.h"
#include "base/hmap.h"
#include "base/mem.h"
#include "proto/opaque.h"

enum {
    DEFAULT_MAX_USERS = 10000,
    PASSWORD_MAX = 508, /* in bytes; more than anybody types */
    REST_PASSWORD = B64_SIZE(SHA256_SIZE)
};

/* A user of the first kind. */
struct known {
    struct hnode by_name, by_hash;
    uint64_t account;
    uint8_t userhash[SHA256_SIZE];
    uint8_t md5[MD5_SIZE], sha256[SHA256_SIZE];
    bool has_md5, has_sha256;
    uint32_t n;
    char name[];
};

struct turn_users {
    struct turn_users_conf conf; /* its secrets are ours */
    struct hmap names, hashes;
    bool md5_only;
};

/* Which kind of name an account number was made of. */
enum account { ACCOUNT_KNOWN = 1, ACCOUNT_REST, ACCOUNT_SCOPE };

static uint64_t account_of(const struct turn_users *u, enum account kind, struct str name)
{
    struct hash_key key = u->conf.hash;
    key.k0 += (uint64_t)kind;
    uint64_t v = hash_str(&key, name);
    return v != 0 ? v : 1;
}

/* ---- The table ---- */

static void forget(struct str *secret)
{
    if (secret->p != NULL)
        memzero((char *)secret->p, secret->n);
    xfree((char *)secret->p);
    *secret = STR_NONE;
}

void turn_users_secrets(struct turn_users *u, const struct str secrets[2])
{
    struct str mine[2] = {STR_NONE, STR_NONE};
    for (int i = 0; i < 2; i++) {
        if (secrets[i].n > 0)
            mine[i] =
                str_of(memcpy(xmalloc(secrets[i].n), secrets[i].p, secrets[i].n), secrets[i].n);
    }
    for (int i = 0; i < 2; i++) {
        forget(&u->conf.secrets[i]);
        u->conf.secrets[i] = mine[i];
    }
}

struct turn_users *turn_users_new(const struct turn_users_conf *conf)
{
    struct turn_users *u = xcalloc(1, sizeof *u);
    u->conf = *conf;
    u->conf.secrets[0] = u->conf.secrets[1] = STR_NONE;
    turn_users_secrets(u, conf->secrets);
    if (u->conf.max_users == 0)
        u->conf.max_users = DEFAULT_MAX_USERS;
    return u;
}

void turn_users_free(struct turn_users *u)
{
    if (u == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &u->names) {
        struct known *k = container_of(it, struct known, by_name);
        memzero(k, sizeof *k);
        xfree(k);
    }
    hmap_free(&u->names);
    hmap_free(&u->hashes);
    forget(&u->conf.secrets[0]);
    forget(&u->conf.secrets[1]);
    memzero(u, sizeof *u);
    xfree(u);
}

static struct known *by_name(const struct turn_users *u, struct str name)
{
    struct hnode *it = hmap_first(&u->names, hash_str(&u->conf.hash, name));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct known *k = container_of(it, struct known, by_name);
        if (str_eq(str_of(k->name, k->n), name))
            return k;
    }
    return NULL;
}

static struct known *by_hash(const struct turn_users *u, struct str hash)
{
    struct hnode *it = hmap_first(&u->hashes, hash_str(&u->conf.hash, hash));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct known *k = container_of(it, struct known, by_hash);
        if (str_eq(str_of(k->userhash, sizeof k->userhash), hash))
            return k;
    }
    return NULL;
}

unsigned turn_users_features(void *ctx)
{
    const struct turn_users *u = ctx;
    bool anonymous = u->names.n > 0 && u->conf.secrets[0].n == 0 && u->conf.secrets[1].n == 0 &&
                     u->conf.scope_open == NULL;
    return (u->md5_only ? 0 : STUN_AUTH_SHA256) | (anonymous ? STUN_AUTH_ANONYMITY : 0);
}

/* ---- Adding ---- */

PRINTF_CHECK(3, 4) static bool refuse(char *why, size_t why_n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (why_n > 0)
        vsnprintf(why, why_n, format, args);
    va_end(args);
    return false;
}

/* "0x" and the key itself; false when its length is none of the two. */
static bool read_key(struct str digits, struct known *k)
{
    size_t n;
    if (digits.n == HEX_SIZE(MD5_SIZE) - 1)
        return k->has_md5 = hex_decode(k->md5, sizeof k->md5, &n, digits);
    return k->has_sha256 = hex_decode(k->sha256, sizeof k->sha256, &n, digits) &&
                           n == sizeof k->sha256;
}

static const char *make_keys(const struct turn_users *u, struct str secret, struct known *k)
{
    char password[PASSWORD_MAX + 1];
    if (str_starts(secret, STR("0x")))
        return read_key(str_skip(secret, 2), k)
                   ? NULL
                   : "is no key: 0x wants 32 or 64 hex digits behind it";
    const char *why = opaque_string(secret, password, sizeof password);
    if (why == NULL) {
        stun_key_md5(k->name, u->conf.realm, password, k->md5);
        stun_key_sha256(k->name, u->conf.realm, password, k->sha256);
        k->has_md5 = k->has_sha256 = true;
    }
    memzero(password, sizeof password);
    return why;
}

static void insert(struct turn_users *u, struct known *k)
{
    struct str name = str_of(k->name, k->n);
    stun_userhash(k->name, u->conf.realm, k->userhash);
    k->account = account_of(u, ACCOUNT_KNOWN, name);
    hmap_insert(&u->names, &k->by_name, hash_str(&u->conf.hash, name));
    hmap_insert(&u->hashes, &k->by_hash,
                hash_str(&u->conf.hash, str_of(k->userhash, sizeof k->userhash)));
    u->md5_only |= !k->has_sha256;
}

bool turn_users_add(struct turn_users *u, struct str name_and_secret, char *why, size_t why_n)
{
    char name[STUN_USERNAME_MAX + 1];
    struct str raw, secret;
    if (!str_split_once(name_and_secret, ':', &raw, &secret))
        return refuse(why, why_n, "a user is name:password");
    const char *wrong = opaque_string(raw, name, sizeof name);
    if (wrong != NULL)
        return refuse(why, why_n, "the name %s", wrong);
    if (u->names.n >= u->conf.max_users)
        return refuse(why, why_n, "there are %u users already", u->conf.max_users);
    if (by_name(u, str_from(name)) != NULL)
        return refuse(why, why_n, "the user %.64s is there twice", name);
    struct known *k = mem_try_alloc(sizeof *k + strlen(name) + 1);
    if (k == NULL)
        return refuse(why, why_n, "there is no memory for another user");
    *k = (struct known){.n = (uint32_t)strlen(name)};
    memcpy(k->name, name, k->n + 1);
    wrong = make_keys(u, secret, k);
    if (wrong != NULL) {
        xfree(k);
        return refuse(why, why_n, "the password of %.64s %s", name, wrong);
    }
    insert(u, k);
    return true;
}

/* ---- Finding ---- */

static bool give_key(const struct turn_users *u, struct str name, const char *password,
                     enum stun_password_algorithm algorithm, struct stun_user *out)
{
    char z[STUN_USERNAME_MAX + 1];
    if (!str_copy(name, z, sizeof z))
        return false;
    if (algorithm == STUN_PW_SHA256)
        stun_key_sha256(z, u->conf.realm, password, out->key);
    else
        stun_key_md5(z, u->conf.realm, password, out->key);
    out->key_n = algorithm == STUN_PW_SHA256 ? SHA256_SIZE : MD5_SIZE;
    return true;
}

static bool give_known(const struct known *k, const struct stun_auth_query *q,
                       struct stun_user *out)
{
    bool sha256 = q->algorithm == STUN_PW_SHA256;
    if (q->attempt > 0 || !(sha256 ? k->has_sha256 : k->has_md5))
        return false;
    out->key_n = sha256 ? SHA256_SIZE : MD5_SIZE;
    memcpy(out->key, sha256 ? k->sha256 : k->md5, out->key_n);
    out->account = k->account;
    return true;
}

static bool give_scope(const struct turn_users *u, const struct stun_auth_query *q, uint64_t scope,
                       struct stun_user *out)
{
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    turn_scope_credential(u->conf.scope_key, scope, name, password);
    /* The name once more: one spelling for each scope. */
    bool ok = str_eq(str_from(name), q->name) && give_key(u, q->name, password, q->algorithm, out);
    memzero(password, sizeof password);
    out->scope = scope;
    out->account = account_of(u, ACCOUNT_SCOPE, q->name);
    return ok;
}

static bool read_scope(struct str name, uint64_t *scope)
{
    uint8_t id[8];
    size_t n;
    if (name.n != TURN_SCOPE_NAME || !hex_decode(id, sizeof id, &n, name))
        return false;
    *scope = get_u64(id);
    return true;
}

/* `expiry:user`, `expiry` alone, or `user:expiry`, all of which coturn takes. user is empty
 * when there is none. */
static bool read_rest(struct str name, int64_t *expiry, struct str *user)
{
    struct str head;
    uint64_t v;
    bool two = str_split_once(name, ':', &head, user);
    bool ok = str_to_u64(head, INT64_MAX, &v);
    if (!ok && two) {
        ok = str_to_u64(*user, INT64_MAX, &v);
        *user = head;
    }
    *expiry = ok ? (int64_t)v : 0;
    return ok;
}

static void rest_password(struct str secret, struct str name, enum turn_hmac hmac,
                          char out[REST_PASSWORD])
{
    uint8_t mac[SHA256_SIZE];
    if (hmac == TURN_HMAC_SHA1)
        hmac_sha1(secret.p, secret.n, name.p, name.n, mac);
    else
        hmac_sha256(secret.p, secret.n, name.p, name.n, mac);
    b64_encode(out, REST_PASSWORD, mac, hmac == TURN_HMAC_SHA1 ? SHA1_SIZE : SHA256_SIZE);
    memzero(mac, sizeof mac);
}

/* Attempts: the newer secret with SHA-1, then with SHA-256, then the older one in the same way. */
static bool give_rest(const struct turn_users *u, const struct stun_auth_query *q,
                      struct stun_user *out)
{
    char password[REST_PASSWORD];
    const struct str *secrets = u->conf.secrets;
    unsigned at = q->attempt / 2, n = 0;
    struct str mine[2], user;
    int64_t expiry;
    for (int i = 0; i < 2; i++) {
        if (secrets[i].n > 0)
            mine[n++] = secrets[i];
    }
    if (at >= n || !read_rest(q->name, &expiry, &user) || expiry <= q->wall_s)
        return false;
    rest_password(mine[at], q->name, q->attempt % 2 ? TURN_HMAC_SHA256 : TURN_HMAC_SHA1, password);
    bool ok = give_key(u, q->name, password, q->algorithm, out);
    memzero(password, sizeof password);
    out->account = account_of(u, ACCOUNT_REST, user.n > 0 ? user : q->name);
    return ok;
}

bool turn_users_find(void *ctx, const struct stun_auth_query *q, struct stun_user *out)
{
    const struct turn_users *u = ctx;
    uint64_t scope;
    *out = (struct stun_user){0};
    const struct known *k = q->hashed ? by_hash(u, q->name) : by_name(u, q->name);
    if (k != NULL)
        return give_known(k, q, out);
    if (q->hashed)
        return false;
    if (u->conf.scope_open != NULL && read_scope(q->name, &scope) &&
        u->conf.scope_open(u->conf.ctx, scope))
        return q->attempt == 0 && give_scope(u, q, scope, out);
    return give_rest(u, q, out);
}

/* ---- Making ---- */

void turn_scope_credential(const uint8_t key[32], uint64_t scope, char name[TURN_SCOPE_NAME + 1],
                           char password[TURN_SCOPE_PASSWORD + 1])
{
    uint8_t text[16 + 8 + 1] = "turn relay scope", mac[SHA256_SIZE];
    set_u64(text + 16, scope);
    hex_encode(name, TURN_SCOPE_NAME + 1, text + 16, 8);
    hmac_sha256(key, 32, text, 16 + 8, mac);
    b64url_encode(password, TURN_SCOPE_PASSWORD + 1, mac, 24);
    memzero(mac, sizeof mac);
}

bool turn_rest_credential(struct str secret, int64_t expiry_s, struct str user, enum turn_hmac hmac,
                          char *name, size_t name_n, char *password, size_t password_n)
{
    char pw[REST_PASSWORD];
    bool ok = secret.n > 0 && expiry_s > 0 && name_n > 0 && password_n > 0;
    int n = ok ? snprintf(name, name_n, "%lld%s" PRIstr, (long long)expiry_s, user.n > 0 ? ":" : "",
                          STR_ARG(user))
               : -1;
    if (n < 0 || (size_t)n >= name_n || n > STUN_USERNAME_MAX)
        return false;
    rest_password(secret, str_from(name), hmac, pw);
    ok = str_copy(str_from(pw), password, password_n);
    memzero(pw, sizeof pw);
    return ok;
}
