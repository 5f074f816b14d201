#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/code.h"
#include "proto/stun_auth.h"

#define SEC       INT64_C(1000000)
#define REALM     "example.org"
#define MATRIX    "\xE3\x83\x9E\xE3\x83\x88\xE3\x83\xAA\xE3\x83\x83\xE3\x82\xAF\xE3\x82\xB9"
#define MATRIX_PW "TheMatrIX"

enum { NOW = 5000000, WALL = 1800000000 };

static const uint8_t list_good[] = {0, 2, 0, 0, 0, 1, 0, 0};
static const uint8_t alg_sha256[] = {0, 2, 0, 0}, alg_md5[] = {0, 1, 0, 0};

/* ---- A table with two users; "twin" has two passwords ---- */

static int64_t asked_wall;
static unsigned asked;

static bool give(const struct stun_auth_query *q, const char *name, const char *password,
                 struct stun_user *out)
{
    if (q->algorithm == STUN_PW_SHA256)
        stun_key_sha256(name, REALM, password, out->key);
    else
        stun_key_md5(name, REALM, password, out->key);
    out->key_n = q->algorithm == STUN_PW_SHA256 ? 32 : 16;
    out->account = 7;
    return true;
}

static bool find(void *ctx, const struct stun_auth_query *q, struct stun_user *out)
{
    static const char *const twin[] = {"one", "two", "three", "four", "five"};
    uint8_t hash[32];
    (void)ctx;
    asked++;
    asked_wall = q->wall_s;
    stun_userhash(MATRIX, REALM, hash);
    struct str want = q->hashed ? str_of(hash, 32) : str_from(MATRIX);
    if (str_eq(q->name, want))
        return q->attempt == 0 && give(q, MATRIX, MATRIX_PW, out);
    if (!q->hashed && str_eq(q->name, STR("twin")) && q->attempt < 5)
        return give(q, "twin", twin[q->attempt], out);
    return false;
}

static unsigned offer; /* 0 is none, to be set in the test */

static unsigned features(void *ctx)
{
    (void)ctx;
    return offer;
}

static struct stun_auth_conf conf_of(void)
{
    struct stun_auth_conf c = {.realm = REALM, .nonce_key = {1, 2, 3}, .users = {NULL, find, NULL}};
    return c;
}

static struct addr client(void)
{
    return addr_ip4(203, 0, 113, 5, 50000);
}

/* ---- A request in pieces; what is NULL is left out ---- */

struct ask {
    const char *user, *realm, *nonce, *password;
    bool hash;                 /* USERHASH instead of USERNAME */
    const uint8_t *list, *alg; /* PASSWORD-ALGORITHMS, PASSWORD-ALGORITHM */
    size_t nlist, nalg;
    bool sha1, sha256; /* which integrity */
};

static struct ask ask_with(const char *nonce)
{
    return (struct ask){
        .user = MATRIX, .realm = REALM, .nonce = nonce, .password = MATRIX_PW, .sha1 = true};
}

static struct ask ask_sha256(const char *nonce)
{
    struct ask a = ask_with(nonce);
    a.list = list_good;
    a.nlist = sizeof list_good;
    a.alg = alg_sha256;
    a.nalg = sizeof alg_sha256;
    a.sha1 = false;
    a.sha256 = true;
    return a;
}

static size_t build(uint8_t out[1024], const struct ask *a)
{
    struct stun_builder b;
    uint8_t key[32];
    size_t nkey = 16;
    stun_begin(&b, out, 1024, STUN_REQUEST, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
    if (a->user != NULL && a->hash) {
        stun_userhash(a->user, REALM, key);
        stun_put(&b, STUN_USERHASH, key, 32);
    } else if (a->user != NULL) {
        stun_put(&b, STUN_USERNAME, a->user, strlen(a->user));
    }
    if (a->realm != NULL)
        stun_put(&b, STUN_REALM, a->realm, strlen(a->realm));
    if (a->nonce != NULL)
        stun_put(&b, STUN_NONCE, a->nonce, strlen(a->nonce));
    if (a->list != NULL)
        stun_put(&b, STUN_PASSWORD_ALGORITHMS, a->list, a->nlist);
    if (a->alg != NULL)
        stun_put(&b, STUN_PASSWORD_ALGORITHM, a->alg, a->nalg);
    const char *user = a->user != NULL ? a->user : "x", *pw = a->password;
    if (a->alg != NULL && a->nalg >= 2 && a->alg[1] == 2) {
        stun_key_sha256(user, REALM, pw, key);
        nkey = 32;
    } else {
        stun_key_md5(user, REALM, pw, key);
    }
    if (a->sha1)
        stun_put_integrity(&b, key, nkey);
    if (a->sha256)
        stun_put_integrity_sha256(&b, key, nkey);
    size_t n = stun_end(&b);
    assert_true(n > 0);
    return n;
}

static struct stun_auth_result check_at(const struct stun_auth_conf *c, int64_t now,
                                        const struct addr *from, const struct ask *a)
{
    uint8_t p[1024];
    struct stun_msg m;
    struct stun_auth_result r;
    assert_int_equal(stun_parse(&m, p, build(p, a)), STUN_OK);
    stun_auth_check(c, now, WALL, &m, from, &r);
    static const uint8_t none[32];
    if (r.verdict != STUN_AUTH_OK) /* a key is given out only with a right answer */
        assert_memory_equal(r.user.key, none, 32);
    return r;
}

static enum stun_auth_verdict verdict(const struct ask *a)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    return check_at(&c, NOW, &from, a).verdict;
}

static const char *fresh(char nonce[STUN_NONCE_MAX + 1])
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    nonce[stun_auth_nonce(&c, NOW, &from, nonce)] = '\0';
    return nonce;
}

static size_t unhex(uint8_t *out, size_t cap, const char *text)
{
    char packed[2048];
    size_t n = 0, len = 0;
    for (; *text != '\0'; text++)
        if (*text != ' ')
            packed[n++] = *text;
    assert_true(hex_decode(out, cap, &len, str_of(packed, n)));
    return len;
}

/* ---- Verdicts ---- */

static void the_first_request_is_challenged(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    struct ask a = {.password = ""};
    uint8_t p[1024];
    struct stun_builder b;
    struct stun_msg m;
    (void)state;
    asked = 0;
    assert_int_equal(verdict(&a), STUN_AUTH_CHALLENGE);
    a = (struct ask){.user = MATRIX, .realm = REALM, .nonce = "n", .password = ""};
    assert_int_equal(verdict(&a), STUN_AUTH_CHALLENGE);
    assert_int_equal(asked, 0);
    stun_begin(&b, p, sizeof p, STUN_ERROR, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
    stun_auth_put_challenge(&c, NOW, &from, &b);
    assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
    assert_int_equal(m.nattrs, 3);
    const struct stun_attr *at = stun_find(&m, STUN_REALM);
    assert_int_equal(at->len, strlen(REALM));
    assert_memory_equal(stun_value(&m, at), REALM, at->len);
    at = stun_find(&m, STUN_PASSWORD_ALGORITHMS);
    assert_int_equal(at->len, 8);
    assert_memory_equal(stun_value(&m, at), list_good, 8);
    at = stun_find(&m, STUN_NONCE);
    assert_memory_equal(stun_value(&m, at), "obMatJos2AAAB", 13);
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &from, str_of(stun_value(&m, at), at->len)),
                     STUN_NONCE_GOOD);
    assert_true(stun_end(&b) <= 20 + 16 + 44 + 12); /* small: it answers who may be anybody */
}

static void an_old_client_is_let_in(void **state)
{
    char nonce[128];
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    struct ask a = ask_with(fresh(nonce));
    struct stun_auth_result r = check_at(&c, NOW, &from, &a);
    uint8_t key[16];
    (void)state;
    assert_int_equal(r.verdict, STUN_AUTH_OK);
    assert_false(r.sha256);
    assert_int_equal(r.user.account, 7);
    assert_int_equal(r.user.key_n, 16);
    stun_key_md5(MATRIX, REALM, MATRIX_PW, key);
    assert_memory_equal(r.user.key, key, 16);
    assert_true(asked_wall == WALL);
    a.hash = true;
    assert_int_equal(verdict(&a), STUN_AUTH_OK);
}

static void a_new_client_is_let_in(void **state)
{
    char nonce[128];
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    struct ask a = ask_sha256(fresh(nonce));
    struct stun_auth_result r = check_at(&c, NOW, &from, &a);
    (void)state;
    assert_int_equal(r.verdict, STUN_AUTH_OK);
    assert_true(r.sha256);
    assert_int_equal(r.user.key_n, 32);
    a.hash = true;
    assert_int_equal(verdict(&a), STUN_AUTH_OK);
    a.alg = alg_md5; /* the second of the list is allowed too */
    assert_int_equal(verdict(&a), STUN_AUTH_OK);
    a.sha1 = true; /* both: the better one counts, and the other is covered by it */
    assert_int_equal(verdict(&a), STUN_AUTH_OK);
}

static void what_is_missing_is_a_bad_request(void **state)
{
    char nonce[128], longest[600];
    struct ask whole = ask_with(fresh(nonce)), a = whole;
    (void)state;
    a.user = NULL;
    assert_int_equal(verdict(&a), STUN_AUTH_BAD_REQUEST);
    a = whole;
    a.realm = NULL;
    assert_int_equal(verdict(&a), STUN_AUTH_BAD_REQUEST);
    a = whole;
    a.nonce = NULL;
    assert_int_equal(verdict(&a), STUN_AUTH_BAD_REQUEST);
    a = whole; /* RFC 8489 14.3: fewer than 509 bytes */
    memset(longest, 'x', sizeof longest);
    longest[509] = '\0';
    a.user = longest;
    assert_int_equal(verdict(&a), STUN_AUTH_BAD_REQUEST);
    longest[508] = '\0';
    assert_int_equal(verdict(&a), STUN_AUTH_UNKNOWN);
    a.user = "";
    assert_int_equal(verdict(&a), STUN_AUTH_UNKNOWN);
}

static void two_names_are_a_bad_request(void **state)
{
    char nonce[128];
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    uint8_t p[1024];
    struct stun_builder b;
    struct stun_msg m;
    struct stun_auth_result r;
    (void)state;
    fresh(nonce);
    for (size_t n = 31; n <= 33; n++) {
        for (int both = 0; both < 2; both++) {
            stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_REFRESH,
                       (const uint8_t *)"abcdefghijkl");
            if (both)
                stun_put(&b, STUN_USERNAME, "x", 1);
            stun_put(&b, STUN_USERHASH, "0123456789012345678901234567890123", n);
            stun_put(&b, STUN_REALM, REALM, strlen(REALM));
            stun_put(&b, STUN_NONCE, nonce, strlen(nonce));
            stun_put_integrity(&b, "k", 1);
            assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
            stun_auth_check(&c, NOW, WALL, &m, &from, &r);
            assert_int_equal(r.verdict,
                             n == 32 && !both ? STUN_AUTH_UNKNOWN : STUN_AUTH_BAD_REQUEST);
        }
    }
}

static void strangers_and_wrong_passwords_are_told_apart(void **state)
{
    char nonce[128];
    struct ask a = ask_with(fresh(nonce));
    (void)state;
    a.user = "nobody";
    assert_int_equal(verdict(&a), STUN_AUTH_UNKNOWN);
    a.hash = true;
    assert_int_equal(verdict(&a), STUN_AUTH_UNKNOWN);
    a = ask_with(nonce);
    a.password = "TheMatrix";
    assert_int_equal(verdict(&a), STUN_AUTH_WRONG);
    a = ask_with(nonce);
    a.realm = "example.net";
    assert_int_equal(verdict(&a), STUN_AUTH_WRONG);
    a = ask_sha256(nonce);
    a.password = "";
    assert_int_equal(verdict(&a), STUN_AUTH_WRONG);
}

static void one_name_may_have_several_passwords(void **state)
{
    static const char *const pw[] = {"one", "two", "three", "four", "five", "six"};
    char nonce[128];
    struct ask a = ask_with(fresh(nonce));
    (void)state;
    a.user = "twin";
    for (unsigned i = 0; i < 6; i++) {
        a.password = pw[i];
        asked = 0;
        assert_int_equal(verdict(&a), i < STUN_AUTH_TRIES ? STUN_AUTH_OK : STUN_AUTH_WRONG);
        assert_int_equal(asked, i < STUN_AUTH_TRIES ? i + 1 : STUN_AUTH_TRIES);
    }
}

/* 9.2.4: where both are, MESSAGE-INTEGRITY-SHA256 decides. */
static void the_better_integrity_decides(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char nonce[128];
    uint8_t p[1024], key[16];
    struct stun_builder b;
    struct stun_msg m;
    struct stun_auth_result r;
    (void)state;
    fresh(nonce);
    stun_key_md5(MATRIX, REALM, MATRIX_PW, key);
    for (int wrong = 0; wrong < 3; wrong++) {
        stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_REFRESH, (const uint8_t *)"abcdefghijkl");
        stun_put(&b, STUN_USERNAME, MATRIX, strlen(MATRIX));
        stun_put(&b, STUN_REALM, REALM, strlen(REALM));
        stun_put(&b, STUN_NONCE, nonce, strlen(nonce));
        stun_put_integrity(&b, key, wrong == 1 ? 15 : 16);
        stun_put_integrity_sha256(&b, key, wrong == 2 ? 15 : 16);
        assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
        stun_auth_check(&c, NOW, WALL, &m, &from, &r);
        assert_int_equal(r.verdict, wrong == 2 ? STUN_AUTH_WRONG : STUN_AUTH_OK);
    }
}

static void every_changed_byte_of_a_request_is_refused(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char nonce[128];
    (void)state;
    fresh(nonce);
    for (int kind = 0; kind < 2; kind++) {
        struct ask a = kind ? ask_sha256(nonce) : ask_with(nonce);
        uint8_t p[1024];
        size_t n = build(p, &a);
        for (size_t i = 0; i < n * 8; i++) {
            struct stun_msg m;
            struct stun_auth_result r = {0};
            p[i / 8] ^= (uint8_t)(1u << i % 8);
            if (stun_parse(&m, p, n) == STUN_OK) {
                stun_auth_check(&c, NOW, WALL, &m, &from, &r);
                assert_int_not_equal(r.verdict, STUN_AUTH_OK);
            }
            p[i / 8] ^= (uint8_t)(1u << i % 8);
        }
    }
}

/* ---- Bid-down (RFC 8489 9.2.1, 9.2.4) ---- */

static void changed_lists_of_algorithms_are_noticed(void **state)
{
    static const struct {
        const char *list, *alg; /* hex; NULL: absent */
        enum stun_auth_verdict expect;
    } cases[] = {
        {NULL, NULL, STUN_AUTH_OK},
        {"0002000000010000", "00020000", STUN_AUTH_OK},
        {"0002000000010000", "00010000", STUN_AUTH_OK},
        {"0002000000010000", NULL, STUN_AUTH_BAD_REQUEST}, /* the list without a choice */
        {NULL, "00020000", STUN_AUTH_BAD_REQUEST},         /* a choice without the list */
        {NULL, "00010000", STUN_AUTH_BAD_REQUEST},
        {"00010000", "00010000", STUN_AUTH_BAD_REQUEST},         /* SHA-256 taken out */
        {"0001000000020000", "00010000", STUN_AUTH_BAD_REQUEST}, /* turned round */
        {"00020000", "00020000", STUN_AUTH_BAD_REQUEST},
        {"000200000001000000030000", "00020000", STUN_AUTH_BAD_REQUEST},
        {"", "00010000", STUN_AUTH_BAD_REQUEST},
        {"0002000000010000", "00030000", STUN_AUTH_BAD_REQUEST}, /* not in the list */
        {"0002000000010000", "00000000", STUN_AUTH_BAD_REQUEST},
        {"0002000000010000", "0002000400000000", STUN_AUTH_BAD_REQUEST}, /* with parameters */
        {"0002000000010000", "00020001", STUN_AUTH_BAD_REQUEST},
        {"0002000000010000", "0002", STUN_AUTH_BAD_REQUEST},
        {"0002000000010000", "0002000000", STUN_AUTH_BAD_REQUEST},
        {"0002000000010000", "", STUN_AUTH_BAD_REQUEST},
        {"0002000000010001", "00020000", STUN_AUTH_BAD_REQUEST},
    };
    char nonce[128];
    (void)state;
    fresh(nonce);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t list[16], alg[16];
        for (int sha256 = 0; sha256 < 2; sha256++) {
            struct ask a = ask_with(nonce);
            a.sha256 = sha256;
            a.sha1 = !sha256;
            if (cases[i].list != NULL) {
                a.nlist = unhex(list, sizeof list, cases[i].list);
                a.list = list;
            }
            if (cases[i].alg != NULL) {
                a.nalg = unhex(alg, sizeof alg, cases[i].alg);
                a.alg = alg;
            }
            assert_string_equal(stun_auth_verdict_name(verdict(&a)),
                                stun_auth_verdict_name(cases[i].expect));
        }
    }
}

/* Who takes a bit out of the cookie makes the nonce one that we never gave. */
static void changed_cookies_are_noticed(void **state)
{
    static const char *const cookies[] = {"obMatJos2AAAA", "obMatJos2AAAC", "obMatJos2gAAA",
                                          "obMatJos2AAAD", "obMatJos3AAAB", "xbMatJos2AAAB"};
    char nonce[128];
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        fresh(nonce);
        memcpy(nonce, cookies[i], 13);
        struct ask a = ask_with(nonce);
        assert_int_equal(verdict(&a), STUN_AUTH_STALE);
        a = ask_sha256(nonce);
        assert_int_equal(verdict(&a), STUN_AUTH_STALE);
        a.alg = alg_md5;
        a.list = NULL;
        /* With the bit still there it is a bad request before anything else. */
        assert_int_equal(verdict(&a), i == 3 ? STUN_AUTH_BAD_REQUEST : STUN_AUTH_STALE);
    }
}

static void features_follow_the_configuration(void **state)
{
    struct addr from = client();
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct stun_auth_conf c = conf_of();
        char nonce[128];
        uint8_t p[256];
        struct stun_builder b;
        struct stun_msg m;
        c.users.features = features;
        offer = (unsigned)i;
        size_t n = stun_auth_nonce(&c, NOW, &from, nonce);
        static const char *const want[] = {"AAAA", "AAAB", "AAAC", "AAAD"};
        assert_memory_equal(nonce + 9, want[i], 4);
        assert_int_equal(strlen(nonce), n);
        stun_begin(&b, p, sizeof p, STUN_ERROR, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
        stun_auth_put_challenge(&c, NOW, &from, &b);
        assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
        assert_int_equal(stun_find(&m, STUN_PASSWORD_ALGORITHMS) == NULL, !(i & STUN_AUTH_SHA256));
        struct ask a = ask_with(nonce);
        assert_int_equal(check_at(&c, NOW, &from, &a).verdict, STUN_AUTH_OK);
        a.hash = true;
        assert_int_equal(check_at(&c, NOW, &from, &a).verdict, STUN_AUTH_OK);
        /* The list goes with the nonce that it was sent with, whatever is offered by now. */
        offer = STUN_AUTH_ANONYMITY;
        a.list = (const uint8_t[]){0, 1, 0, 0};
        a.nlist = 4;
        a.alg = alg_md5;
        a.nalg = 4;
        assert_int_equal(check_at(&c, NOW, &from, &a).verdict,
                         i & STUN_AUTH_SHA256 ? STUN_AUTH_BAD_REQUEST : STUN_AUTH_OK);
    }
}

/* ---- Nonces ---- */

static void nonces_live_an_hour(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char nonce[128];
    struct str s = {nonce, stun_auth_nonce(&c, NOW, &from, nonce)};
    (void)state;
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &from, s), STUN_NONCE_GOOD);
    assert_int_equal(stun_auth_nonce_check(&c, NOW + 3600 * SEC - 1, &from, s), STUN_NONCE_GOOD);
    assert_int_equal(stun_auth_nonce_check(&c, NOW + 3600 * SEC, &from, s), STUN_NONCE_STALE);
    assert_int_equal(stun_auth_nonce_check(&c, NOW - 1, &from, s), STUN_NONCE_STALE);
    c.nonce_us = 10 * SEC;
    assert_int_equal(stun_auth_nonce_check(&c, NOW + 10 * SEC - 1, &from, s), STUN_NONCE_GOOD);
    assert_int_equal(stun_auth_nonce_check(&c, NOW + 10 * SEC, &from, s), STUN_NONCE_STALE);
    struct ask a = ask_with(nonce);
    assert_int_equal(check_at(&c, NOW + 9 * SEC, &from, &a).verdict, STUN_AUTH_OK);
    assert_int_equal(check_at(&c, NOW + 10 * SEC, &from, &a).verdict, STUN_AUTH_STALE);
    a.password = "wrong"; /* the order of 9.2.4: who is wrong hears that first */
    assert_int_equal(check_at(&c, NOW + 10 * SEC, &from, &a).verdict, STUN_AUTH_WRONG);
    a.user = "nobody";
    assert_int_equal(check_at(&c, NOW + 10 * SEC, &from, &a).verdict, STUN_AUTH_UNKNOWN);
}

static void nonces_are_for_one_address(void **state)
{
    struct stun_auth_conf c = conf_of(), other = conf_of();
    struct addr from = client(), a = from, mapped;
    char nonce[128];
    struct str s = {nonce, stun_auth_nonce(&c, NOW, &from, nonce)};
    (void)state;
    a.port++; /* a NAT may draw another */
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &a, s), STUN_NONCE_GOOD);
    assert_true(addr_parse(&mapped, STR("[::ffff:203.0.113.5]:7")));
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &mapped, s), STUN_NONCE_GOOD);
    a.ip[3]++;
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &a, s), STUN_NONCE_FOREIGN);
    assert_true(addr_parse(&a, STR("[cb00:7105::]:50000"))); /* the same bytes, as IPv6 */
    assert_int_equal(stun_auth_nonce_check(&c, NOW, &a, s), STUN_NONCE_FOREIGN);
    other.nonce_key[31]++;
    assert_int_equal(stun_auth_nonce_check(&other, NOW, &from, s), STUN_NONCE_FOREIGN);
    other = c;
    other.generation++;
    assert_int_equal(stun_auth_nonce_check(&other, NOW, &from, s), STUN_NONCE_FOREIGN);
}

/* RFC 8489 9.2.4: no two requests get the same one, but from one address and port. */
static void nonces_differ(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char a[128], b[128];
    (void)state;
    stun_auth_nonce(&c, NOW, &from, a);
    stun_auth_nonce(&c, NOW, &from, b);
    assert_string_equal(a, b);
    stun_auth_nonce(&c, NOW + 1, &from, b);
    assert_string_not_equal(a, b);
    from.port++;
    stun_auth_nonce(&c, NOW, &from, b);
    assert_string_not_equal(a, b);
    from = client();
    from.ip[0]++;
    stun_auth_nonce(&c, NOW, &from, b);
    assert_string_not_equal(a, b);
}

static void garbled_nonces_are_foreign_and_cost_no_search(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char nonce[128], bad[128];
    size_t n = stun_auth_nonce(&c, NOW, &from, nonce);
    (void)state;
    asked = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(bad, nonce, n + 1);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        assert_int_equal(stun_auth_nonce_check(&c, NOW, &from, str_of(bad, n)), STUN_NONCE_FOREIGN);
        struct ask a = ask_with(bad);
        assert_int_equal(check_at(&c, NOW, &from, &a).verdict, STUN_AUTH_STALE);
    }
    for (size_t i = 0; i <= n + 4; i++) {
        char *exact = malloc(i + 1);
        memset(exact, 'A', i + 1);
        memcpy(exact, nonce, i < n ? i : n);
        assert_int_equal(stun_auth_nonce_check(&c, NOW, &from, str_of(exact, i)),
                         i == n ? STUN_NONCE_GOOD : STUN_NONCE_FOREIGN);
        free(exact);
    }
    assert_int_equal(asked, 0);
}

static void time_wraps_without_harm(void **state)
{
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    char nonce[128];
    int64_t wrap = INT64_C(1) << 48;
    struct str s = {nonce, stun_auth_nonce(&c, wrap - 5, &from, nonce)};
    (void)state;
    assert_int_equal(stun_auth_nonce_check(&c, wrap + 5, &from, s), STUN_NONCE_GOOD);
    assert_int_equal(stun_auth_nonce_check(&c, wrap + 3600 * SEC, &from, s), STUN_NONCE_STALE);
}

/* ---- Answers ---- */

/* RFC 8489 9.2.4, last paragraph. */
static void answers_are_signed_as_the_request_wants(void **state)
{
    char nonce[128];
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    (void)state;
    fresh(nonce);
    for (int i = 0; i < 6; i++) {
        struct ask a = i < 2 ? ask_with(nonce) : ask_sha256(nonce);
        uint8_t p[256];
        struct stun_builder b;
        struct stun_msg m;
        a.alg = i < 2 ? NULL : i < 4 ? alg_md5 : alg_sha256;
        a.sha1 = i % 2 == 0;
        a.sha256 = !a.sha1;
        struct stun_auth_result r = check_at(&c, NOW, &from, &a);
        assert_int_equal(r.verdict, STUN_AUTH_OK);
        stun_begin(&b, p, sizeof p, STUN_SUCCESS, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
        stun_put_u32(&b, STUN_LIFETIME, 600);
        stun_auth_put_integrity(&r, &b);
        assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
        assert_int_equal(m.nattrs, 2);
        if (i < 2)
            assert_true(stun_check_sha1(&m, r.user.key, 16));
        else
            assert_true(stun_check_sha256(&m, r.user.key, i < 4 ? 16 : 32));
    }
}

/* The samples of RFC 5769 2.4 and RFC 8489 B.1 (erratum 6268): their keys are right, their nonces
 * are not ours, and so they are stale. Signed anew with our nonce they pass. */
static void samples_of_the_rfcs_are_understood(void **state)
{
    static const char *const samples[] = {
        "00010060 2112a442 78ad3433c6ad72c029da412e"
        "00060012 e3839ee38388e383aae38383e382afe382b90000"
        "0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341"
        "0014000b 6578616d706c652e6f726700 00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666",
        "00010090 2112a442 78ad3433c6ad72c029da412e"
        "001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
        "00150029 6f624d61744a6f7332414141 "
        "43662f2f3439396b39353464364f4c33346f4c39465354767936347341"
        "000000 0014000b 6578616d706c652e6f726700 001d0004 00020000"
        "001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65"};
    struct stun_auth_conf c = conf_of();
    struct addr from = client();
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t p[256];
        struct stun_msg m;
        struct stun_auth_result r;
        struct stun_user u;
        size_t n = unhex(p, sizeof p, samples[i]);
        assert_int_equal(stun_parse(&m, p, n), STUN_OK);
        struct stun_auth_query q = {.algorithm = i ? STUN_PW_SHA256 : STUN_PW_MD5};
        const struct stun_attr *a = stun_find(&m, i ? STUN_USERHASH : STUN_USERNAME);
        q.name = str_of(stun_value(&m, a), a->len);
        q.hashed = i == 1;
        assert_true(find(NULL, &q, &u));
        assert_true(i ? stun_check_sha256(&m, u.key, u.key_n)
                      : stun_check_sha1(&m, u.key, u.key_n));
        stun_auth_check(&c, NOW, WALL, &m, &from, &r);
        assert_int_equal(r.verdict, STUN_AUTH_STALE);
    }
}

/* RFC 8489 9.2.2: the example of the text. */
static void the_key_of_the_text_is_ours(void **state)
{
    uint8_t key[32];
    char hex[33];
    (void)state;
    stun_key_md5("user", "realm", "pass", key);
    hex_encode(hex, sizeof hex, key, 16);
    assert_string_equal(hex, "8493fbc53ba582fb4c044c456bdc40eb");
}

static void names_codes_and_sameness(void **state)
{
    static const unsigned codes[] = {0, 400, 401, 401, 401, 438};
    struct stun_user a = {.account = 1, .scope = 2}, b = a;
    (void)state;
    for (int i = 0; i < STUN_AUTH_VERDICTS; i++) {
        assert_int_equal(stun_auth_code((enum stun_auth_verdict)i), codes[i]);
        assert_string_not_equal(stun_auth_verdict_name((enum stun_auth_verdict)i), "none");
    }
    assert_string_equal(stun_auth_verdict_name(STUN_AUTH_VERDICTS), "none");
    b.key[0] = 1; /* another algorithm, another secret: still the same one */
    assert_true(stun_auth_same_user(&a, &b));
    b.account = 3;
    assert_false(stun_auth_same_user(&a, &b));
    b = a;
    b.scope = 3;
    assert_false(stun_auth_same_user(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_request_is_challenged),
        cmocka_unit_test(an_old_client_is_let_in),
        cmocka_unit_test(a_new_client_is_let_in),
        cmocka_unit_test(what_is_missing_is_a_bad_request),
        cmocka_unit_test(two_names_are_a_bad_request),
        cmocka_unit_test(strangers_and_wrong_passwords_are_told_apart),
        cmocka_unit_test(one_name_may_have_several_passwords),
        cmocka_unit_test(the_better_integrity_decides),
        cmocka_unit_test(every_changed_byte_of_a_request_is_refused),
        cmocka_unit_test(changed_lists_of_algorithms_are_noticed),
        cmocka_unit_test(changed_cookies_are_noticed),
        cmocka_unit_test(features_follow_the_configuration),
        cmocka_unit_test(nonces_live_an_hour),
        cmocka_unit_test(nonces_are_for_one_address),
        cmocka_unit_test(nonces_differ),
        cmocka_unit_test(garbled_nonces_are_foreign_and_cost_no_search),
        cmocka_unit_test(time_wraps_without_harm),
        cmocka_unit_test(answers_are_signed_as_the_request_wants),
        cmocka_unit_test(samples_of_the_rfcs_are_understood),
        cmocka_unit_test(the_key_of_the_text_is_ours),
        cmocka_unit_test(names_codes_and_sameness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
