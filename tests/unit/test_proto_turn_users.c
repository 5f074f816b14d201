#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/code.h"
#include "base/mem.h"
#include "proto/opaque.h"
#include "proto/turn_users.h"

#define REALM "example.org"
#define SOUTH                                                      \
    "south-south-south-south-south-south-south-south-south-south-" \
    "south-south-south-south-south-south-south-south-south-south-" /* > one block */

enum { EXPIRY = 1900000000 };

static uint64_t open_scope; /* the only one that is open */

static bool scope_open(void *ctx, uint64_t scope)
{
    assert_ptr_equal(ctx, &open_scope);
    return scope == open_scope;
}

static struct turn_users_conf conf_of(const char *newer, const char *older, bool scopes)
{
    struct turn_users_conf c = {.realm = REALM, .hash = {3, 4}, .ctx = &open_scope};
    c.secrets[0] = str_from(newer);
    c.secrets[1] = str_from(older);
    for (int i = 0; i < 32; i++)
        c.scope_key[i] = (uint8_t)i;
    if (scopes)
        c.scope_open = scope_open;
    return c;
}

static struct turn_users *table(const char *newer, const char *older, bool scopes)
{
    struct turn_users_conf c = conf_of(newer, older, scopes);
    return turn_users_new(&c);
}

static void add(struct turn_users *u, const char *text)
{
    char why[128] = "";
    if (!turn_users_add(u, str_from(text), why, sizeof why))
        fail_msg("%s: %s", text, why);
}

static bool ask(struct turn_users *u, struct str name, enum stun_password_algorithm alg,
                unsigned attempt, int64_t wall, struct stun_user *out)
{
    struct stun_auth_query q = {.name = name, .algorithm = alg, .attempt = attempt, .wall_s = wall};
    return turn_users_find(u, &q, out);
}

/* The MD5 key of a name in hex; "" when there is none. */
static const char *key_of(struct turn_users *u, const char *name, unsigned attempt)
{
    static char hex[2 * SHA256_SIZE + 1];
    struct stun_user s;
    hex[0] = '\0';
    if (ask(u, str_from(name), STUN_PW_MD5, attempt, EXPIRY - 1, &s)) {
        assert_int_equal(s.key_n, MD5_SIZE);
        hex_encode(hex, sizeof hex, s.key, s.key_n);
    }
    return hex;
}

static uint64_t account(struct turn_users *u, const char *name)
{
    struct stun_user s;
    assert_true(ask(u, str_from(name), STUN_PW_MD5, 0, 1, &s));
    assert_true(s.account != 0);
    return s.account;
}

/* ---- Users with a password or a key ---- */

/* md5 and sha256 of alice:example.org:secret, by another program. */
static const char alice_md5[] = "543e1aec5d3614f03141652d6ada51b2";
static const char alice_sha256[] =
    "d1659fff7a501be15962adc35514ca6a5868905695f2dd1093741f931e000a1f";

static void passwords_become_keys(void **state)
{
    struct turn_users *u = table(NULL, NULL, false);
    struct stun_user s;
    char hex[65];
    (void)state;
    add(u, "alice:secret");
    assert_string_equal(key_of(u, "alice", 0), alice_md5);
    assert_string_equal(key_of(u, "alice", 1), "");
    assert_string_equal(key_of(u, "Alice", 0), "");
    assert_string_equal(key_of(u, "alic", 0), "");
    assert_string_equal(key_of(u, "", 0), "");
    assert_true(ask(u, STR("alice"), STUN_PW_SHA256, 0, 1, &s));
    assert_int_equal(s.key_n, 32);
    assert_true(s.scope == 0);
    hex_encode(hex, sizeof hex, s.key, 32);
    assert_string_equal(hex, alice_sha256);
    assert_true(turn_users_features(u) & STUN_AUTH_SHA256);
    turn_users_free(u);
    turn_users_free(NULL);
}

static void keys_are_taken_as_they_are(void **state)
{
    struct turn_users *u = table(NULL, NULL, false);
    struct stun_user s;
    char text[128], hex[65];
    (void)state;
    snprintf(text, sizeof text, "shae:0x%s", alice_sha256);
    add(u, text);
    assert_true(turn_users_features(u) & STUN_AUTH_SHA256);
    assert_string_equal(key_of(u, "shae", 0), ""); /* no key of that kind */
    assert_true(ask(u, STR("shae"), STUN_PW_SHA256, 0, 1, &s));
    hex_encode(hex, sizeof hex, s.key, s.key_n);
    assert_string_equal(hex, alice_sha256);
    snprintf(text, sizeof text, "mad:0x%s", alice_md5);
    add(u, text);
    assert_string_equal(key_of(u, "mad", 0), alice_md5);
    assert_false(ask(u, STR("mad"), STUN_PW_SHA256, 0, 1, &s));
    assert_int_equal(turn_users_features(u) & STUN_AUTH_SHA256,
                     0); /* who takes SHA-256 could not be let in as mad */
    turn_users_free(u);
}

static void hashes_find_users_with_passwords_only(void **state)
{
    struct turn_users *u = table(NULL, NULL, false), *rest = table("north", NULL, false),
                      *scopes = table(NULL, NULL, true), *empty = table(NULL, NULL, false);
    struct stun_auth_query q = {.hashed = true, .algorithm = STUN_PW_MD5, .wall_s = 1};
    struct stun_user s;
    uint8_t hash[32];
    (void)state;
    add(u, "alice:secret");
    add(u, "bob:0x00112233445566778899aabbccddeeff");
    stun_userhash("bob", REALM, hash);
    q.name = str_of(hash, 32);
    assert_true(turn_users_find(u, &q, &s));
    assert_int_equal(s.key[15], 0xff);
    assert_true(s.account == account(u, "bob"));
    hash[31] ^= 1;
    assert_false(turn_users_find(u, &q, &s));
    stun_userhash("1900000000:bob", REALM, hash);
    assert_false(turn_users_find(rest, &q, &s));
    q.name = STR("1900000000:bob"); /* a name where a hash should be */
    assert_false(turn_users_find(rest, &q, &s));
    assert_true(turn_users_features(u) & STUN_AUTH_ANONYMITY);
    assert_false(turn_users_features(empty) & STUN_AUTH_ANONYMITY);
    add(rest, "alice:secret");
    add(scopes, "alice:secret");
    assert_false(turn_users_features(rest) & STUN_AUTH_ANONYMITY);
    assert_false(turn_users_features(scopes) & STUN_AUTH_ANONYMITY);
    turn_users_secrets(rest, (struct str[2]){STR_NONE, STR_INIT("old")});
    assert_false(turn_users_features(rest) & STUN_AUTH_ANONYMITY);
    turn_users_secrets(rest, (struct str[2]){STR_NONE, STR_NONE});
    assert_true(turn_users_features(rest) & STUN_AUTH_ANONYMITY);
    turn_users_free(u);
    turn_users_free(rest);
    turn_users_free(scopes);
    turn_users_free(empty);
}

static void what_is_no_user_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "a user is name:password"},
        {"alice", "a user is name:password"},
        {":secret", "the name is empty"},
        {"carol:", "the password of carol is empty"},
        {"alice:other", "the user alice is there twice"},
        {"\xFF:x", "the name is not UTF-8"},
        {"dora:\xC3", "the password of dora is not UTF-8"},
        {"do\tra:x", "the name contains a character that cannot be typed reliably"},
        {"emil:0x1234", "the password of emil is no key: 0x wants 32 or 64 hex digits behind it"},
        {"emil:0x", "the password of emil is no key: 0x wants 32 or 64 hex digits behind it"},
        {"emil:0x0011223344556677 8899aabbccddeef",
         "the password of emil is no key: 0x wants 32 or 64 hex digits behind it"},
    };
    struct turn_users *u = table(NULL, NULL, false);
    char why[128], tiny[6] = "";
    (void)state;
    add(u, "alice:secret");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(turn_users_add(u, str_from(cases[i].text), why, sizeof why));
        assert_string_equal(why, cases[i].why);
    }
    assert_false(turn_users_add(u, STR("alice:secret"), tiny, sizeof tiny));
    assert_string_equal(tiny, "the u");
    assert_false(turn_users_add(u, STR("alice:secret"), NULL, 0));
    assert_string_equal(key_of(u, "alice", 0), alice_md5);
    add(u, "emil:pass:word with: colons");
    turn_users_free(u);
}

static void users_have_a_cap(void **state)
{
    struct turn_users_conf c = conf_of(NULL, NULL, false);
    char why[128];
    (void)state;
    c.max_users = 2;
    struct turn_users *u = turn_users_new(&c);
    add(u, "a:1");
    add(u, "b:2");
    assert_false(turn_users_add(u, STR("c:3"), why, sizeof why));
    assert_string_equal(why, "there are 2 users already");
    turn_users_free(u);
}

static void no_memory_refuses_one_user(void **state)
{
    struct turn_users *u = table(NULL, NULL, false);
    char why[128];
    (void)state;
    mem_fail_at(1);
    assert_false(turn_users_add(u, STR("alice:secret"), why, sizeof why));
    assert_string_equal(why, "there is no memory for another user");
    mem_fail_at(0);
    add(u, "alice:secret");
    assert_string_equal(key_of(u, "alice", 0), alice_md5);
    turn_users_free(u);
}

/* ---- OpaqueString ---- */

static void names_are_prepared(void **state)
{
    static const struct {
        const char *in, *out; /* out NULL: refused */
    } cases[] = {
        {"alice", "alice"},
        {"Alice B", "Alice B"}, /* case and spaces stay */
        {"a\xC2\xA0"
         "b\xE3\x80\x80"
         "c",
         "a b c"}, /* U+00A0 and U+3000 become spaces */
        {"\xEB\xA7\x88\xEB\x8B\xB9", "\xEB\xA7\x88\xEB\x8B\xB9"}, /* hangul */
        {"\xE3\x83\x9E", "\xE3\x83\x9E"},
        {"\xEF\xBC\xA1", "\xEF\xBC\xA1"}, /* full width stays */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"\xE1\x84\x86\xE1\x85\xA1", NULL}, /* the same in jamo */
        {"a\x01", NULL},
        {"a\x7F", NULL},
        {"a\xC2\x85", NULL},
        {"The\xC2\xADMatrix", NULL}, /* soft hyphen */
        {"a\xE2\x80\x8B", NULL},     /* zero width space */
        {"a\xE2\x80\xAE", NULL},     /* turned round */
        {"a\xEF\xBB\xBF", NULL},
        {"a\xEF\xBF\xBF", NULL},
        {"a\xF0\x9F\xBF\xBE", NULL}, /* U+1FFFE */
        {"a\xEE\x80\x80", NULL},     /* private use */
        {"a\xED\xA0\x80", NULL},     /* a surrogate */
        {"", NULL},
    };
    char out[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = opaque_string(str_from(cases[i].in), out, sizeof out);
        assert_int_equal(why == NULL, cases[i].out != NULL);
        assert_string_equal(out, cases[i].out != NULL ? cases[i].out : "");
    }
    assert_null(opaque_string(STR("abc"), out, 4));
    assert_string_equal(opaque_string(STR("abc"), out, 3), "is too long");
    assert_string_equal(out, "");
    assert_non_null(opaque_string(str_of("a\0b", 3), out, sizeof out));
}

static void prepared_names_are_found(void **state)
{
    struct turn_users *u = table(NULL, NULL, false);
    (void)state;
    add(u, "al\xC2\xA0ice:sec\xE3\x80\x80ret");
    uint8_t key[16];
    char hex[33];
    stun_key_md5("al ice", REALM, "sec ret", key);
    hex_encode(hex, sizeof hex, key, 16);
    assert_string_equal(key_of(u, "al ice", 0), hex);
    turn_users_free(u);
}

/* ---- REST ---- */

/* base64(HMAC(secret, name)) and MD5(name:example.org:password), by Python and openssl. */
static const struct {
    const char *secret, *name;
    enum turn_hmac hmac;
    const char *password, *key;
} rest[] = {
    {"north", "1900000000:alice", TURN_HMAC_SHA1,
     "SnH0MEKWgnUzXU+ElSVhRG+O/9g=", "be0a919d8f448df4e46d1e2b721f0356"},
    {"north", "1900000000:alice", TURN_HMAC_SHA256,
     "Xe2LCV3NSyWqCozPmIYLLCugzTG/ms8cgR/jvfTajB8=", "639723df0602ccb76b0a271c7a11c8fe"},
    {"north", "1900000000", TURN_HMAC_SHA1,
     "Y84u/PlFlPchf5/1HmQYJrZ34c4=", "fa4b07232b6f491c29885d74e025c197"},
    {"north", "1900000000", TURN_HMAC_SHA256,
     "zMTlprdQDLo1g/11L5kPvvdx0iHTGr+gbtycYnvu4pw=", "2867807b41d8d5a6edec2e4a67fee1b3"},
    {"north", "bob:1900000000", TURN_HMAC_SHA1, NULL, "81141a553e353cf85878e3614380288b"},
    {SOUTH, "1900000000:alice", TURN_HMAC_SHA1,
     "4Qvzmjyp2VhF1WtCVrsQucScxe8=", "62e97c67c36c5f7e1aebf34db4893a09"},
    {SOUTH, "1900000000:alice", TURN_HMAC_SHA256,
     "C6clucBUC7ANe0sNY7BMBxFtLgpMTNlElijvfaJXFDA=", "e6054f2a1d3282d7a646bc7e8c8530ff"},
};

static void tokens_are_what_coturn_expects(void **state)
{
    char name[128], password[64];
    (void)state;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        struct str user, head;
        if (rest[i].password == NULL)
            continue;
        str_split_once(str_from(rest[i].name), ':', &head, &user);
        assert_true(turn_rest_credential(str_from(rest[i].secret), EXPIRY, user, rest[i].hmac, name,
                                         sizeof name, password, sizeof password));
        assert_string_equal(name, rest[i].name);
        assert_string_equal(password, rest[i].password);
    }
    assert_false(turn_rest_credential(STR("s"), EXPIRY, STR("bob"), TURN_HMAC_SHA1, name, 14,
                                      password, sizeof password));
    assert_true(
        turn_rest_credential(STR("s"), EXPIRY, STR("bob"), TURN_HMAC_SHA1, name, 15, password, 29));
    assert_false(
        turn_rest_credential(STR("s"), EXPIRY, STR("bob"), TURN_HMAC_SHA1, name, 15, password, 28));
    assert_false(turn_rest_credential(STR(""), EXPIRY, STR("bob"), TURN_HMAC_SHA1, name,
                                      sizeof name, password, sizeof password));
    assert_false(turn_rest_credential(STR("s"), 0, STR("bob"), TURN_HMAC_SHA1, name, sizeof name,
                                      password, sizeof password));
}

static void rest_names_have_a_key_for_each_secret(void **state)
{
    struct turn_users *u = table("north", SOUTH, false);
    struct str rotated[2] = {STR("west"), STR("north")}, none[2] = {{NULL, 0}, {NULL, 0}};
    const char *alice = "1900000000:alice";
    (void)state;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        unsigned attempt = (strcmp(rest[i].secret, SOUTH) == 0) * 2 +
                           (rest[i].hmac == TURN_HMAC_SHA256);
        assert_string_equal(key_of(u, rest[i].name, attempt), rest[i].key);
    }
    assert_string_equal(key_of(u, alice, 4), "");
    turn_users_secrets(u, rotated);
    assert_string_equal(key_of(u, alice, 2), rest[0].key);
    assert_string_not_equal(key_of(u, alice, 0), rest[0].key);
    rotated[0] = STR_NONE; /* only the second place taken: still attempts 0 and 1 */
    turn_users_secrets(u, rotated);
    assert_string_equal(key_of(u, alice, 0), rest[0].key);
    assert_string_equal(key_of(u, alice, 2), "");
    turn_users_secrets(u, none);
    assert_string_equal(key_of(u, alice, 0), "");
    turn_users_free(u);
}

static void rest_names_expire_to_the_second(void **state)
{
    struct turn_users *u = table("north", NULL, false);
    static const char *const good[] = {
        "1900000000:alice", "1900000000",     "1900000000:",  "bob:1900000000",
        ":1900000000",      "1900000000:7:x", "01900000000:x"};
    static const char *const bad[] = {"alice",
                                      "",
                                      ":",
                                      "alice:bob",
                                      "-1900000000:x",
                                      "1900000000x",
                                      " 1900000000:x",
                                      "0x71400000:x",
                                      "99999999999999999999:x",
                                      "a:b:1900000000"};
    struct stun_user s;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(ask(u, str_from(good[i]), STUN_PW_SHA256, 0, EXPIRY - 1, &s));
        assert_false(ask(u, str_from(good[i]), STUN_PW_SHA256, 0, EXPIRY, &s));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ask(u, str_from(bad[i]), STUN_PW_MD5, 0, 1, &s));
    assert_false(ask(u, str_of("1900000000:a\0b", 14), STUN_PW_MD5, 0, 1, &s));
    char longest[STUN_USERNAME_MAX + 2];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "1900000000:", 11);
    assert_true(ask(u, str_of(longest, STUN_USERNAME_MAX), STUN_PW_MD5, 0, 1, &s));
    assert_false(ask(u, str_of(longest, STUN_USERNAME_MAX + 1), STUN_PW_MD5, 0, 1, &s));
    turn_users_free(u);
}

static void accounts_are_of_people(void **state)
{
    struct turn_users *u = table("north", NULL, true);
    (void)state;
    open_scope = 0x1900000000000000;
    add(u, "alice:secret");
    uint64_t a = account(u, "1900000000:alice");
    assert_true(a == account(u, "1900000777:alice")); /* a renewed credential */
    assert_true(a == account(u, "alice:1900000000"));
    assert_true(a != account(u, "1900000000:bob"));
    assert_true(a != account(u, "alice")); /* who has another password is another one */
    assert_true(account(u, "1900000000") != account(u, "1900000001"));
    assert_true(account(u, "1900000000000000") != account(u, "x:1900000000000000"));
    turn_users_free(u);
}

/* ---- Scopes ---- */

static void scopes_have_a_credential_while_open(void **state)
{
    struct turn_users *u = table("north", NULL, true), *closed = table(NULL, NULL, false);
    struct turn_users_conf c = conf_of(NULL, NULL, true);
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    struct stun_user s;
    uint8_t key[32];
    (void)state;
    turn_scope_credential(c.scope_key, 0x0123456789abcdef, name, password);
    assert_string_equal(name, "0123456789abcdef");
    assert_string_equal(password, "gwcok7PHt5NWdatUqlx5CzRZ9SAi-fza"); /* by Python */
    open_scope = 0x0123456789abcdef;
    assert_true(ask(u, str_from(name), STUN_PW_SHA256, 0, 1, &s));
    stun_key_sha256(name, REALM, password, key);
    assert_memory_equal(s.key, key, 32);
    assert_true(s.scope == open_scope);
    assert_true(s.account != 0);
    assert_true(ask(u, str_from(name), STUN_PW_MD5, 0, 1, &s));
    stun_key_md5(name, REALM, password, key);
    assert_memory_equal(s.key, key, 16);
    assert_false(ask(u, str_from(name), STUN_PW_MD5, 1, 1, &s));
    assert_false(ask(u, STR("0123456789ABCDEF"), STUN_PW_MD5, 0, 1, &s));
    assert_false(ask(u, STR("0123456789abcde"), STUN_PW_MD5, 0, 1, &s));
    assert_false(ask(u, STR("0123456789abcdef0"), STUN_PW_MD5, 0, 1, &s));
    assert_false(ask(closed, str_from(name), STUN_PW_MD5, 0, 1, &s));
    open_scope++;
    assert_false(ask(u, str_from(name), STUN_PW_MD5, 0, 1, &s));
    turn_users_free(u);
    turn_users_free(closed);
}

static void scopes_have_passwords_of_their_own(void **state)
{
    uint8_t key[32] = {0};
    char a[2][TURN_SCOPE_NAME + 1], p[3][TURN_SCOPE_PASSWORD + 1];
    (void)state;
    turn_scope_credential(key, 1, a[0], p[0]);
    turn_scope_credential(key, 2, a[1], p[1]);
    assert_string_not_equal(a[0], a[1]);
    assert_string_not_equal(p[0], p[1]);
    key[31] = 1;
    turn_scope_credential(key, 1, a[1], p[2]);
    assert_string_equal(a[0], a[1]);
    assert_string_not_equal(p[0], p[2]);
    assert_int_equal(strlen(p[0]), TURN_SCOPE_PASSWORD);
}

static void a_user_comes_before_a_scope_of_that_name(void **state)
{
    struct turn_users *u = table("north", NULL, true);
    struct stun_user s;
    (void)state;
    open_scope = 0x0123456789abcdef;
    add(u, "0123456789abcdef:secret");
    assert_true(ask(u, STR("0123456789abcdef"), STUN_PW_MD5, 0, 1, &s));
    assert_true(s.scope == 0);
    add(u, "1900000000:secret");
    uint8_t key[16];
    stun_key_md5("1900000000", REALM, "secret", key);
    assert_true(ask(u, STR("1900000000"), STUN_PW_MD5, 0, 1, &s));
    assert_memory_equal(s.key, key, 16);
    turn_users_free(u);
}

/* ---- With the mechanism around it ---- */

static enum stun_auth_verdict request(struct turn_users *u, const char *name, const char *password,
                                      bool sha256, int64_t wall)
{
    struct stun_auth_conf c = {.realm = REALM, .users = {u, turn_users_find, turn_users_features}};
    struct addr from = addr_ip4(198, 51, 100, 9, 999);
    struct stun_auth_result r;
    struct stun_builder b;
    struct stun_msg m;
    uint8_t p[1024], key[32];
    char nonce[STUN_NONCE_MAX + 1];
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_ALLOCATE, (const uint8_t *)"abcdefghijkl");
    stun_put(&b, STUN_USERNAME, name, strlen(name));
    stun_put(&b, STUN_REALM, REALM, strlen(REALM));
    stun_put(&b, STUN_NONCE, nonce, stun_auth_nonce(&c, 5, &from, nonce));
    if (sha256) {
        stun_put(&b, STUN_PASSWORD_ALGORITHMS, "\0\2\0\0\0\1\0\0", 8);
        stun_put(&b, STUN_PASSWORD_ALGORITHM, "\0\2\0\0", 4);
        stun_key_sha256(name, REALM, password, key);
        stun_put_integrity_sha256(&b, key, 32);
    } else {
        stun_key_md5(name, REALM, password, key);
        stun_put_integrity(&b, key, 16);
    }
    assert_int_equal(stun_parse(&m, p, stun_end(&b)), STUN_OK);
    stun_auth_check(&c, 5, wall, &m, &from, &r);
    return r.verdict;
}

static void both_forms_of_hmac_and_both_secrets_let_in(void **state)
{
    struct turn_users *u = table(SOUTH, "north", true);
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
    struct turn_users_conf c = conf_of(NULL, NULL, true);
    (void)state;
    add(u, "carol:secret");
    for (int sha256 = 0; sha256 < 2; sha256++) {
        for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
            if (rest[i].password == NULL)
                continue;
            assert_int_equal(request(u, rest[i].name, rest[i].password, sha256, 1), STUN_AUTH_OK);
            assert_int_equal(request(u, rest[i].name, rest[i].password, sha256, EXPIRY),
                             STUN_AUTH_UNKNOWN);
            assert_int_equal(request(u, rest[i].name, "guess", sha256, 1), STUN_AUTH_WRONG);
            assert_int_equal(request(u, "1900000001:alice", rest[i].password, sha256, 1),
                             STUN_AUTH_WRONG);
        }
        assert_int_equal(request(u, "carol", "secret", sha256, 1), STUN_AUTH_OK);
        assert_int_equal(request(u, "carol", "Secret", sha256, 1), STUN_AUTH_WRONG);
        open_scope = 77;
        turn_scope_credential(c.scope_key, 77, name, password);
        assert_int_equal(request(u, name, password, sha256, 1), STUN_AUTH_OK);
        open_scope = 78;
        assert_int_equal(request(u, name, password, sha256, 1), STUN_AUTH_UNKNOWN);
    }
    turn_users_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_become_keys),
        cmocka_unit_test(keys_are_taken_as_they_are),
        cmocka_unit_test(hashes_find_users_with_passwords_only),
        cmocka_unit_test(what_is_no_user_is_refused_with_a_reason),
        cmocka_unit_test(users_have_a_cap),
        cmocka_unit_test(no_memory_refuses_one_user),
        cmocka_unit_test(names_are_prepared),
        cmocka_unit_test(prepared_names_are_found),
        cmocka_unit_test(tokens_are_what_coturn_expects),
        cmocka_unit_test(rest_names_have_a_key_for_each_secret),
        cmocka_unit_test(rest_names_expire_to_the_second),
        cmocka_unit_test(accounts_are_of_people),
        cmocka_unit_test(scopes_have_a_credential_while_open),
        cmocka_unit_test(scopes_have_passwords_of_their_own),
        cmocka_unit_test(a_user_comes_before_a_scope_of_that_name),
        cmocka_unit_test(both_forms_of_hmac_and_both_secrets_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
