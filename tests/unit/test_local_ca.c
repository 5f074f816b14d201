#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "edge/tls/identity.h"
#include "edge/tls/local_ca.h"

#define NOW INT64_C(1795000000) /* 2026-11-18 */
#define DAY INT64_C(86400)

static struct tls_names names_of(const char *const *list)
{
    struct tls_names names = {0};

    for (; *list; list++)
        assert_true(tls_names_add(&names, *list));
    return names;
}

static const char *const home[] = {"localhost",   "studio",       "vm-1", "talk.example.kr",
                                   "203.0.113.7", "192.168.1.20", "::1",  "2001:db8:1:2::5",
                                   NULL};

static struct local_ca *home_ca(void)
{
    struct tls_names own = names_of(home);
    struct local_ca *ca = local_ca_make(&own, NOW);

    assert_non_null(ca);
    return ca;
}

static X509 *root_of(const struct local_ca *ca)
{
    BIO *bio = BIO_new_mem_buf(local_ca_root_pem(ca), -1);
    X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(root);
    return root;
}

/* The issuing certificate, the second of the chain that the server sends. */
static X509 *issuer_of(const struct tls_identity *id)
{
    char *pem = tls_identity_chain_pem(id);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509 *issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    X509_free(leaf);
    tls_secret_free(pem);
    assert_non_null(issuer);
    return issuer;
}

/* As `openssl verify -purpose sslserver -CAfile root -untrusted issuer leaf`, for a host at a time. */
static int verify_code(const struct local_ca *ca, const struct tls_identity *id, int64_t at)
{
    X509 *root = root_of(ca), *issuer = issuer_of(id);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int code;

    X509_STORE_add_cert(store, root);
    sk_X509_push(chain, issuer);
    X509_STORE_CTX_init(ctx, store, tls_identity_leaf(id), chain);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)at);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    X509_verify_cert(ctx);
    code = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    sk_X509_free(chain);
    X509_STORE_free(store);
    X509_free(root);
    X509_free(issuer);
    return code;
}

static int issue_and_verify(const struct local_ca *ca, const char *name)
{
    struct tls_names one = {0};
    struct tls_identity *id;
    int code;

    assert_true(tls_names_add(&one, name));
    id = local_ca_issue(ca, &one, NOW);
    assert_non_null(id);
    assert_true(tls_identity_has(id, name));
    code = verify_code(ca, id, NOW);
    tls_identity_free(id);
    return code;
}

static void leaf_for_all_names_is_valid(void **state)
{
    (void)state;
    struct local_ca *ca = home_ca();
    struct tls_names own = names_of(home);
    struct tls_identity *id = local_ca_issue(ca, &own, NOW);

    assert_non_null(id);
    assert_int_equal(verify_code(ca, id, NOW), X509_V_OK);
    for (size_t i = 0; i < own.len; i++)
        assert_true(tls_identity_has(id, own.name[i]));
    assert_false(tls_identity_has(id, "google.com"));
    assert_false(tls_identity_has(id, "203.0.113.8"));
    assert_true(local_ca_signed(ca, id));
    tls_identity_free(id);
    local_ca_free(ca);
}

static void constraints_allow_and_refuse(void **state)
{
    (void)state;
    static const char *const allowed[] = {"localhost",
                                          "studio",
                                          "vm-1",
                                          "talk.example.kr",
                                          "a.talk.example.kr",
                                          "pc.local",
                                          "nas.internal",
                                          "192.168.77.1",
                                          "10.1.2.3",
                                          "172.31.0.9",
                                          "100.100.1.1",
                                          "127.0.0.9",
                                          "169.254.3.4",
                                          "fd12::1",
                                          "fe80::7",
                                          "203.0.113.7",
                                          "2001:db8:1:2:3::4",
                                          "x.home.arpa",
                                          "::1",
                                          "sub.vm-1",
                                          NULL};
    static const char *const refused[] = {"google.com",
                                          "example.kr",
                                          "com",
                                          "web.studio",
                                          "a.b.studio",
                                          "notlocal",
                                          "xlocal",
                                          "8.8.8.8",
                                          "203.0.113.8",
                                          "172.32.0.1",
                                          "2001:db8:1:3::5",
                                          "2606:4700::1111",
                                          "100.128.0.1",
                                          "192.169.0.1",
                                          "11.0.0.1",
                                          "xtalk.example.kr",
                                          NULL};
    struct local_ca *ca = home_ca();

    for (size_t i = 0; allowed[i]; i++) {
        if (!local_ca_covers(ca, allowed[i]))
            fail_msg("%s is not covered", allowed[i]);
        assert_int_equal(issue_and_verify(ca, allowed[i]), X509_V_OK);
    }
    for (size_t i = 0; refused[i]; i++) {
        if (local_ca_covers(ca, refused[i]))
            fail_msg("%s is covered", refused[i]);
        assert_int_not_equal(issue_and_verify(ca, refused[i]), X509_V_OK);
    }
    local_ca_free(ca);
}

/* One name that is not permitted spoils the certificate: that is why callers filter. */
static void one_foreign_name_spoils_all(void **state)
{
    (void)state;
    struct local_ca *ca = home_ca();
    struct tls_names names = names_of((const char *const[]){"localhost", "google.com", NULL});
    struct tls_identity *id = local_ca_issue(ca, &names, NOW);

    assert_int_equal(verify_code(ca, id, NOW), X509_V_ERR_PERMITTED_VIOLATION);
    tls_identity_free(id);
    local_ca_free(ca);
}

static void lifetimes(void **state)
{
    (void)state;
    struct local_ca *ca = home_ca();
    struct tls_names own = names_of(home);
    struct tls_identity *id = local_ca_issue(ca, &own, NOW);
    int64_t life = tls_identity_not_after(id) - tls_identity_not_before(id);

    assert_int_equal(life, LOCAL_CA_LEAF_DAYS * DAY);
    assert_true(life <= 825 * DAY);
    assert_true(tls_identity_not_before(id) < NOW);
    assert_int_equal(verify_code(ca, id, tls_identity_not_after(id) + 1),
                     X509_V_ERR_CERT_HAS_EXPIRED);
    tls_identity_free(id);

    /* Near its end the authority does not sign beyond it, and after it not at all. */
    int64_t end = local_ca_not_after(ca);
    id = local_ca_issue(ca, &own, end - DAY);
    assert_non_null(id);
    assert_int_equal(tls_identity_not_after(id), end);
    tls_identity_free(id);
    assert_null(local_ca_issue(ca, &own, end));
    local_ca_free(ca);
}

static void dump_and_parse(void **state)
{
    (void)state;
    struct local_ca *ca = home_ca(), *again;
    struct tls_names own = names_of(home);
    char *pem = local_ca_dump(ca);

    assert_non_null(pem);
    again = local_ca_parse(pem, strlen(pem));
    assert_non_null(again);
    assert_string_equal(local_ca_fingerprint(ca), local_ca_fingerprint(again));
    assert_int_equal(strlen(local_ca_fingerprint(ca)), 95);
    assert_string_equal(local_ca_root_pem(ca), local_ca_root_pem(again));
    struct tls_identity *id = local_ca_issue(again, &own, NOW);
    assert_int_equal(verify_code(ca, id, NOW), X509_V_OK);
    tls_identity_free(id);
    local_ca_free(again);

    /* Every cut is refused, except one that only takes the last line end. */
    for (size_t len = 0; len + 1 < strlen(pem); len += 7)
        assert_null(local_ca_parse(pem, len));
    tls_secret_free(pem);
    local_ca_free(ca);
}

/* Parts of two authorities don't make one. */
static void foreign_parts_are_refused(void **state)
{
    (void)state;
    struct local_ca *a = home_ca(), *b = home_ca();
    char *pem_a = local_ca_dump(a), *pem_b = local_ca_dump(b), mixed[16384];
    const char *cut =
        strstr(strstr(pem_b, "-----BEGIN CERTIFICATE"), "-----END CERTIFICATE-----\n");

    cut += strlen("-----END CERTIFICATE-----\n");
    snprintf(mixed, sizeof mixed, "%.*s%s",
             (int)(strstr(strstr(pem_a, "-----END CERT"), "\n") + 1 - pem_a), pem_a, cut);
    assert_null(local_ca_parse(mixed, strlen(mixed)));
    struct tls_names own = names_of(home);
    struct tls_identity *id = local_ca_issue(a, &own, NOW);
    assert_false(local_ca_signed(b, id));
    tls_identity_free(id);
    tls_secret_free(pem_a);
    tls_secret_free(pem_b);
    local_ca_free(a);
    local_ca_free(b);
}

static void extension_shapes(void **state)
{
    (void)state;
    struct local_ca *ca = home_ca();
    X509 *root = root_of(ca);

    assert_true(X509_get_extension_flags(root) & EXFLAG_CA);
    assert_int_equal(X509_get_pathlen(root), 1);
    X509_EXTENSION *nc = X509_get_ext(root, X509_get_ext_by_NID(root, NID_name_constraints, -1));
    assert_non_null(nc);
    assert_true(X509_EXTENSION_get_critical(nc));

    struct tls_names own = names_of(home);
    struct tls_identity *id = local_ca_issue(ca, &own, NOW);
    X509 *issuer = issuer_of(id);
    assert_int_equal(X509_get_pathlen(issuer), 0);
    assert_int_equal(X509_get_extended_key_usage(issuer), XKU_SSL_SERVER);
    assert_int_equal(X509_get_extended_key_usage(tls_identity_leaf(id)), XKU_SSL_SERVER);
    assert_int_equal(X509_get_key_usage(tls_identity_leaf(id)), KU_DIGITAL_SIGNATURE);
    X509_free(issuer);
    X509_free(root);
    tls_identity_free(id);
    local_ca_free(ca);
}

static void names(void **state)
{
    (void)state;
    struct tls_names n = {0};
    static const char *const bad[] = {"",
                                      ".",
                                      "a..b",
                                      ".a",
                                      "a b",
                                      "192.168.1.300",
                                      "1",
                                      "x.256",
                                      "fe80::1%eth0",
                                      "a/b",
                                      "\xea\xb0\x80.kr",
                                      "*.x",
                                      "[::1]",
                                      NULL};

    assert_true(tls_names_add(&n, "Talk.Example.KR."));
    assert_true(tls_names_add(&n, "talk.example.kr"));
    assert_int_equal(n.len, 1);
    assert_string_equal(n.name[0], "talk.example.kr");
    assert_true(tls_names_add(&n, "2001:DB8:0:0::1"));
    assert_string_equal(n.name[1], "2001:db8::1");
    assert_true(tls_names_have(&n, "2001:db8:0::1"));
    assert_true(tls_names_add(&n, "::ffff:192.0.2.9"));
    assert_string_equal(n.name[2], "192.0.2.9");
    for (size_t i = 0; bad[i]; i++)
        if (tls_names_add(&n, bad[i]))
            fail_msg("'%s' was taken", bad[i]);
    char host[32];
    while (n.len < TLS_NAMES_CAP) {
        snprintf(host, sizeof host, "h-%zu", n.len);
        assert_true(tls_names_add(&n, host));
    }
    assert_false(tls_names_add(&n, "one-more"));
    assert_true(tls_names_add(&n, "h-5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_for_all_names_is_valid),
        cmocka_unit_test(constraints_allow_and_refuse),
        cmocka_unit_test(one_foreign_name_spoils_all),
        cmocka_unit_test(lifetimes),
        cmocka_unit_test(dump_and_parse),
        cmocka_unit_test(foreign_parts_are_refused),
        cmocka_unit_test(extension_shapes),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
