#include "proto/stun_auth.h"

#include <string.h>

#include "base/buf.h"
#include "base/code.h"

enum {
    NONCE_TIME = 6,
    NONCE_PORT = 2,
    NONCE_MAC = 10,
    NONCE_BYTES = NONCE_TIME + NONCE_PORT + NONCE_MAC,
    NONCE_TEXT = 24, /* base64 of 18 bytes needs no padding */
    COOKIE = 13,
    ALGORITHMS = 8
};
#define NONCE_TIME_MASK  ((INT64_C(1) << 48) - 1)
#define NONCE_DEFAULT_US (INT64_C(3600) * 1000000)

static const char *const cookie_prefix = "obMatJos2";

/* The better one first (RFC 8489 18.5); neither has parameters. */
static const uint8_t algorithms[ALGORITHMS] = {0, STUN_PW_SHA256, 0, 0, 0, STUN_PW_MD5, 0, 0};

static const char *const verdict_names[STUN_AUTH_VERDICTS] = {"ok",      "bad_request", "challenge",
                                                              "unknown", "wrong",       "stale"};

const char *stun_auth_verdict_name(enum stun_auth_verdict v)
{
    return (unsigned)v < STUN_AUTH_VERDICTS ? verdict_names[v] : "none";
}

unsigned stun_auth_code(enum stun_auth_verdict v)
{
    switch (v) {
    case STUN_AUTH_OK: return 0;
    case STUN_AUTH_BAD_REQUEST: return 400;
    case STUN_AUTH_STALE: return 438;
    default: return 401;
    }
}

/* ---- Nonces ---- */

static unsigned offered(const struct stun_auth_conf *conf)
{
    return conf->users.features != NULL ? conf->users.features(conf->users.ctx) : STUN_AUTH_SHA256;
}

static void put_cookie(const struct stun_auth_conf *conf, char out[COOKIE + 1])
{
    uint8_t features[3] = {0, 0, (uint8_t)offered(conf)};
    size_t n = strlen(cookie_prefix);
    memcpy(out, cookie_prefix, n);
    b64_encode(out + n, COOKIE + 1 - n, features, sizeof features);
}

/* The features that a nonce says; 0 for one without cookie. */
static unsigned nonce_features(struct str nonce)
{
    uint8_t features[3];
    size_t n;
    struct str prefix = str_from(cookie_prefix);
    if (!str_starts(nonce, prefix) ||
        !b64_decode(features, sizeof features, &n, str_head(str_skip(nonce, prefix.n), 4)))
        return 0;
    return n == sizeof features ? features[2] : 0;
}

static void nonce_mac(const struct stun_auth_conf *conf, const char cookie[COOKIE],
                      const uint8_t *time_and_port, const struct addr *from,
                      uint8_t out[SHA256_SIZE])
{
    uint8_t text[COOKIE + NONCE_TIME + NONCE_PORT + 16 + 1 + 4], *p = text;
    struct addr plain = *from;
    addr_unmap(&plain);
    memcpy(p, cookie, COOKIE);
    memcpy(p += COOKIE, time_and_port, NONCE_TIME + NONCE_PORT);
    memcpy(p += NONCE_TIME + NONCE_PORT, plain.ip, 16);
    p[16] = plain.family;
    set_u32(p + 17, conf->generation);
    hmac_sha256(conf->nonce_key, sizeof conf->nonce_key, text, sizeof text, out);
}

size_t stun_auth_nonce(const struct stun_auth_conf *conf, int64_t now_us, const struct addr *from,
                       char out[STUN_NONCE_MAX + 1])
{
    uint8_t bytes[NONCE_BYTES], mac[SHA256_SIZE];
    uint64_t t = (uint64_t)now_us;
    put_cookie(conf, out);
    set_u16(bytes, (uint16_t)(t >> 32));
    set_u32(bytes + 2, (uint32_t)t);
    set_u16(bytes + NONCE_TIME, from->port);
    nonce_mac(conf, out, bytes, from, mac);
    memcpy(bytes + NONCE_TIME + NONCE_PORT, mac, NONCE_MAC);
    b64_encode(out + COOKIE, STUN_NONCE_MAX + 1 - COOKIE, bytes, sizeof bytes);
    return COOKIE + NONCE_TEXT;
}

enum stun_nonce stun_auth_nonce_check(const struct stun_auth_conf *conf, int64_t now_us,
                                      const struct addr *from, struct str nonce)
{
    uint8_t bytes[NONCE_BYTES], mac[SHA256_SIZE];
    size_t n;
    if (nonce.n != COOKIE + NONCE_TEXT ||
        !b64_decode(bytes, sizeof bytes, &n, str_skip(nonce, COOKIE)))
        return STUN_NONCE_FOREIGN;
    nonce_mac(conf, nonce.p, bytes, from, mac);
    if (!ct_equal(mac, bytes + NONCE_TIME + NONCE_PORT, NONCE_MAC))
        return STUN_NONCE_FOREIGN;
    int64_t made = (int64_t)((uint64_t)get_u16(bytes) << 32 | get_u32(bytes + 2));
    int64_t life = conf->nonce_us > 0 ? conf->nonce_us : NONCE_DEFAULT_US;
    /* Modulo 2^48 us, almost nine years; one from the future is very old by that. */
    int64_t age = (now_us - made) & NONCE_TIME_MASK;
    return age < life ? STUN_NONCE_GOOD : STUN_NONCE_STALE;
}

/* ---- Checking ---- */

/* What a request says of who made it; borrowed from the message. */
struct claim {
    struct str name, realm, nonce;
    bool hashed;
    bool named; /* it had PASSWORD-ALGORITHM or PASSWORD-ALGORITHMS */
    enum stun_password_algorithm algorithm;
};

static bool get_str(const struct stun_msg *m, unsigned type, struct str *out)
{
    const struct stun_attr *a = stun_find(m, type);
    *out = a != NULL ? str_of(stun_value(m, a), a->len) : STR_NONE;
    return a != NULL;
}

/* The second step of 9.2.4: all that belongs together is there. */
static bool read_names(const struct stun_msg *m, struct claim *c)
{
    struct str hash;
    bool name = get_str(m, STUN_USERNAME, &c->name);
    c->hashed = get_str(m, STUN_USERHASH, &hash);
    if (name == c->hashed || !get_str(m, STUN_REALM, &c->realm) ||
        !get_str(m, STUN_NONCE, &c->nonce))
        return false;
    if (c->hashed)
        c->name = hash;
    return c->hashed ? hash.n == SHA256_SIZE : c->name.n <= STUN_USERNAME_MAX;
}

/* RFC 8489 14.12: number, length of the parameters (which neither has). */
static bool read_algorithm(struct str s, enum stun_password_algorithm *out)
{
    const uint8_t *p = (const uint8_t *)s.p;
    if (s.n != 4 || get_u16(p + 2) != 0)
        return false;
    unsigned v = get_u16(p);
    *out = (enum stun_password_algorithm)v;
    return v == STUN_PW_MD5 || v == STUN_PW_SHA256;
}

/* The third step of 9.2.4. Our nonces have the bit whenever the list was sent with them; one whose
 * bit somebody cleared passes here and is then found to be foreign. */
static bool read_algorithms(const struct stun_msg *m, struct claim *c)
{
    struct str one, list;
    bool has_one = get_str(m, STUN_PASSWORD_ALGORITHM, &one);
    bool has_list = get_str(m, STUN_PASSWORD_ALGORITHMS, &list);
    c->named = has_one || has_list;
    c->algorithm = STUN_PW_MD5;
    if (has_one && !read_algorithm(one, &c->algorithm))
        return false;
    if (!c->named || !(nonce_features(c->nonce) & STUN_AUTH_SHA256))
        return true;
    return has_one && has_list && list.n == ALGORITHMS &&
           memcmp(list.p, algorithms, ALGORITHMS) == 0;
}

static bool verifies(const struct stun_msg *m, const struct stun_user *u)
{
    return m->integrity256_at != 0 ? stun_check_sha256(m, u->key, u->key_n)
                                   : stun_check_sha1(m, u->key, u->key_n);
}

/* Steps four and five of 9.2.4. */
static enum stun_auth_verdict find_user(const struct stun_auth_conf *conf, int64_t wall_s,
                                        const struct stun_msg *m, const struct claim *c,
                                        struct stun_user *out)
{
    struct stun_auth_query q = {
        .name = c->name, .hashed = c->hashed, .algorithm = c->algorithm, .wall_s = wall_s};
    enum stun_auth_verdict v = STUN_AUTH_UNKNOWN;
    for (; q.attempt < STUN_AUTH_TRIES; q.attempt++) {
        *out = (struct stun_user){0};
        if (!conf->users.find(conf->users.ctx, &q, out))
            break;
        if (verifies(m, out))
            return STUN_AUTH_OK;
        v = STUN_AUTH_WRONG;
    }
    return v;
}

static enum stun_auth_verdict check(const struct stun_auth_conf *conf, int64_t now_us,
                                    int64_t wall_s, const struct stun_msg *m,
                                    const struct addr *from, struct stun_auth_result *out)
{
    struct claim c;
    if (m->integrity_at == 0 && m->integrity256_at == 0)
        return STUN_AUTH_CHALLENGE;
    if (!read_names(m, &c) || !read_algorithms(m, &c))
        return STUN_AUTH_BAD_REQUEST;
    enum stun_nonce nonce = stun_auth_nonce_check(conf, now_us, from, c.nonce);
    if (nonce == STUN_NONCE_FOREIGN)
        return STUN_AUTH_STALE;
    /* A key is made with one realm: with another no integrity could verify. */
    if (!str_eq(c.realm, str_from(conf->realm)))
        return STUN_AUTH_WRONG;
    enum stun_auth_verdict v = find_user(conf, wall_s, m, &c, &out->user);
    out->sha256 = c.named;
    return v == STUN_AUTH_OK && nonce == STUN_NONCE_STALE ? STUN_AUTH_STALE : v;
}

void stun_auth_check(const struct stun_auth_conf *conf, int64_t now_us, int64_t wall_s,
                     const struct stun_msg *m, const struct addr *from,
                     struct stun_auth_result *out)
{
    *out = (struct stun_auth_result){0};
    out->verdict = check(conf, now_us, wall_s, m, from, out);
    if (out->verdict != STUN_AUTH_OK)
        memzero(&out->user, sizeof out->user);
}

/* ---- Answering ---- */

void stun_auth_put_challenge(const struct stun_auth_conf *conf, int64_t now_us,
                             const struct addr *from, struct stun_builder *b)
{
    char nonce[STUN_NONCE_MAX + 1];
    size_t n = stun_auth_nonce(conf, now_us, from, nonce);
    stun_put(b, STUN_REALM, conf->realm, strlen(conf->realm));
    stun_put(b, STUN_NONCE, nonce, n);
    if (offered(conf) & STUN_AUTH_SHA256)
        stun_put(b, STUN_PASSWORD_ALGORITHMS, algorithms, sizeof algorithms);
}

void stun_auth_put_integrity(const struct stun_auth_result *r, struct stun_builder *b)
{
    if (r->sha256)
        stun_put_integrity_sha256(b, r->user.key, r->user.key_n);
    else
        stun_put_integrity(b, r->user.key, r->user.key_n);
}

bool stun_auth_same_user(const struct stun_user *a, const struct stun_user *b)
{
    return a->account == b->account && a->scope == b->scope;
}
