#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/tls/certs.h"
#include "edge/tls/identity.h"
#include "edge/tls/local_ca.h"

#define NOW INT64_C(1795000000)
#define DAY INT64_C(86400)

static char data[64];
static char why[512];

static int make_data(void **state)
{
    (void)state;
    snprintf(data, sizeof data, "/tmp/madang-certs-XXXXXX");
    return mkdtemp(data) ? 0 : -1;
}

static void path_of(char out[256], const char *name)
{
    snprintf(out, 256, "%s/%s", data, name);
}

static void empty_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    char full[512];

    while (dir && (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        if (unlink(full) != 0) {
            empty_dir(full);
            rmdir(full);
        }
    }
    if (dir)
        closedir(dir);
}

static int drop_data(void **state)
{
    (void)state;
    empty_dir(data);
    return rmdir(data);
}

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    path_of(path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char *get(const char *name)
{
    static char text[65536];
    char path[256];
    FILE *f;

    path_of(path, name);
    f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

static mode_t mode_of(const char *name)
{
    char path[256];
    struct stat st;

    path_of(path, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static struct tls_names names_of(const char *const *list)
{
    struct tls_names names = {0};

    for (; *list; list++)
        assert_true(tls_names_add(&names, *list));
    return names;
}

static const char *const at_home[] = {"pc-1", "192.168.0.7", "203.0.113.9", NULL};

static struct certs *open_local_at(int64_t now)
{
    struct certs_options options = {.data_dir = data};
    struct tls_names names = names_of(at_home);

    return certs_open(&options, &names, now, why, sizeof why);
}

static void first_start_makes_and_keeps(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);

    assert_non_null(c);
    assert_string_equal(why, "");
    assert_int_equal(mode_of("tls"), 0700);
    assert_int_equal(mode_of("tls/ca.pem"), 0600);
    assert_int_equal(mode_of("tls/server.pem"), 0600);
    assert_int_equal(mode_of("tls/ca.crt"), 0644);
    assert_string_equal(get("tls/ca.crt"), certs_ca_pem(c));
    assert_null(strstr(certs_ca_pem(c), "PRIVATE"));
    assert_true(tls_names_have(certs_names(c), "localhost"));
    assert_true(tls_names_have(certs_names(c), "pc-1"));
    assert_true(tls_names_have(certs_names(c), "203.0.113.9"));
    assert_int_equal(certs_uncovered(c)->len, 0);
    assert_false(certs_is_real(c));

    struct certs *again = open_local_at(NOW + DAY);
    assert_string_equal(certs_ca_fingerprint(c), certs_ca_fingerprint(again));
    assert_string_equal(certs_fingerprint(c), certs_fingerprint(again));
    certs_free(again);
    certs_free(c);
}

static bool tick(struct certs *c, int64_t now, const char *const *list)
{
    struct tls_names names = names_of(list);

    return certs_tick(c, now, &names, why, sizeof why);
}

static void tick_renews_in_time(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);
    int64_t end = certs_not_after(c);
    char before[TLS_FINGERPRINT_CAP];

    snprintf(before, sizeof before, "%s", certs_fingerprint(c));
    assert_false(tick(c, NOW + DAY, at_home));
    assert_false(tick(c, end - CERTS_RENEW_DAYS * DAY - 1, at_home));
    assert_string_equal(before, certs_fingerprint(c));
    assert_true(tick(c, end - CERTS_RENEW_DAYS * DAY, at_home));
    assert_string_equal(why, "");
    assert_string_not_equal(before, certs_fingerprint(c));
    assert_true(certs_not_after(c) > end);
    assert_false(tick(c, end - CERTS_RENEW_DAYS * DAY, at_home));

    /* The renewed one is what the next start finds. */
    struct certs *again = open_local_at(end);
    assert_string_equal(certs_fingerprint(again), certs_fingerprint(c));
    certs_free(again);
    certs_free(c);
}

static void tick_follows_addresses(void **state)
{
    (void)state;
    static const char *const more[] = {"pc-1", "192.168.0.7", "203.0.113.9", "10.9.8.7", NULL};
    static const char *const fewer[] = {"pc-1", NULL};
    static const char *const foreign[] = {"pc-1", "198.51.100.4", "other.example", NULL};
    struct certs *c = open_local_at(NOW);
    char root[TLS_FINGERPRINT_CAP], leaf[TLS_FINGERPRINT_CAP];

    snprintf(root, sizeof root, "%s", certs_ca_fingerprint(c));
    assert_true(tick(c, NOW + 60, more));
    assert_true(tls_names_have(certs_names(c), "10.9.8.7"));
    assert_false(tick(c, NOW + 120, more));
    /* An address that is gone is no reason for a new warning on everybody's screen. */
    snprintf(leaf, sizeof leaf, "%s", certs_fingerprint(c));
    assert_false(tick(c, NOW + 180, fewer));
    assert_string_equal(leaf, certs_fingerprint(c));
    /* What the authority cannot sign for is left out and told; it is never made anew for that. */
    assert_false(tick(c, NOW + 240, foreign));
    assert_int_equal(certs_uncovered(c)->len, 2);
    assert_true(tls_names_have(certs_uncovered(c), "198.51.100.4"));
    assert_string_equal(root, certs_ca_fingerprint(c));
    certs_free(c);
}

static void authority_ends_after_ten_years(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);
    int64_t end = NOW - 3600 + LOCAL_CA_DAYS * DAY;
    char root[TLS_FINGERPRINT_CAP];

    snprintf(root, sizeof root, "%s", certs_ca_fingerprint(c));
    assert_true(tick(c, end - 31 * DAY, at_home));
    assert_string_equal(root, certs_ca_fingerprint(c));
    assert_int_equal(certs_not_after(c), end);
    assert_true(tick(c, end - 29 * DAY, at_home));
    assert_string_not_equal(root, certs_ca_fingerprint(c));
    assert_string_equal(get("tls/ca.crt"), certs_ca_pem(c));
    certs_free(c);
}

static void clock_before_the_authority(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);

    /* A board without a clock battery starts in 1970 and learns the time later. */
    assert_non_null(c);
    certs_free(c);
    c = open_local_at(1000);
    assert_non_null(c);
    assert_true(certs_not_after(c) > NOW);
    certs_free(c);
}

static void damaged_files(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);
    char root[TLS_FINGERPRINT_CAP];

    snprintf(root, sizeof root, "%s", certs_ca_fingerprint(c));
    certs_free(c);
    put("tls/server.pem", "rubbish");
    c = open_local_at(NOW);
    assert_non_null(c);
    assert_string_equal(root, certs_ca_fingerprint(c));
    certs_free(c);

    put("tls/ca.pem", "");
    assert_null(open_local_at(NOW));
    assert_non_null(strstr(why, "ca.pem is damaged"));
    assert_non_null(strstr(why, data));
}

static void folder_cannot_be_written(void **state)
{
    (void)state;
    struct certs_options options = {.data_dir = "/proc/madang"};
    struct tls_names names = {0};

    assert_null(certs_open(&options, &names, NOW, why, sizeof why));
    assert_non_null(strstr(why, "/proc/madang"));
    assert_null(strchr(why, '\n'));
    put("file", "x");
    char path[256];
    path_of(path, "file");
    options.data_dir = path;
    assert_null(certs_open(&options, &names, NOW, why, sizeof why));
    assert_non_null(strstr(why, "cannot be used: Not a directory"));
}

static void lost_folder_keeps_the_pair(void **state)
{
    (void)state;
    static const char *const more[] = {"pc-1", "10.9.8.7", NULL};
    struct certs *c = open_local_at(NOW);
    char path[256];

    path_of(path, "tls");
    empty_dir(path);
    assert_int_equal(rmdir(path), 0);
    /* It goes on with what is in memory, and says that it could not keep it. */
    assert_true(tick(c, NOW + 60, more));
    assert_non_null(strstr(why, "server.pem cannot be written"));
    assert_true(tls_names_have(certs_names(c), "10.9.8.7"));
    certs_free(c);
}

/* ---- The operator's files ---- */

/* An authority and a server of a foreign organisation, as files a.pem (chain) and a.key. */
static void foreign_files(const char *chain_file, const char *key_file, int64_t now)
{
    struct tls_names names = names_of((const char *const[]){"talk.example.kr", NULL});
    struct local_ca *ca = local_ca_make(&names, now);
    struct tls_identity *id = local_ca_issue(ca, &names, now);
    char *chain = tls_identity_chain_pem(id), *key = tls_identity_key_pem(id);

    put(chain_file, chain);
    put(key_file, key);
    tls_secret_free(chain);
    tls_secret_free(key);
    tls_identity_free(id);
    local_ca_free(ca);
}

static struct certs *open_files(const char *cert, const char *key, int64_t now)
{
    char cert_path[256], key_path[256];
    struct certs_options options = {.cert_file = cert_path, .key_file = key_path};
    struct tls_names none = {0};

    path_of(cert_path, cert);
    path_of(key_path, key);
    return certs_open(&options, &none, now, why, sizeof why);
}

static void files_are_taken(void **state)
{
    (void)state;
    foreign_files("a.pem", "a.key", NOW);
    struct certs *c = open_files("a.pem", "a.key", NOW);

    assert_non_null(c);
    assert_string_equal(why, "");
    assert_true(certs_is_real(c));
    assert_null(certs_ca_pem(c));
    assert_null(certs_ca_fingerprint(c));
    assert_true(tls_names_have(certs_names(c), "talk.example.kr"));
    char *chain = certs_chain_pem(c);
    assert_string_equal(chain, get("a.pem"));
    tls_secret_free(chain);
    certs_free(c);
}

static void refused(const char *cert, const char *key, int64_t now, const char *sentence)
{
    if (open_files(cert, key, now))
        fail_msg("taken, but expected: %s", sentence);
    if (!strstr(why, sentence))
        fail_msg("'%s' lacks '%s'", why, sentence);
    assert_null(strchr(why, '\n'));
}

static void files_are_refused(void **state)
{
    (void)state;
    foreign_files("a.pem", "a.key", NOW);
    foreign_files("b.pem", "b.key", NOW);
    refused("a.pem", "b.key", NOW, "the key does not belong to the certificate");
    refused("none.pem", "a.key", NOW, "none.pem cannot be read: No such file or directory");
    refused("a.pem", "none.key", NOW, "none.key cannot be read");
    refused("a.key", "a.key", NOW, "no readable PEM certificate");
    refused("a.pem", "a.pem", NOW, "no readable PEM key");
    refused("a.pem", "a.key", NOW + 400 * DAY, "has expired 3 days ago");
    refused("a.pem", "a.key", NOW - DAY, "is not valid yet");

    static char swapped[65536];
    char *second;
    snprintf(swapped, sizeof swapped, "%s", get("a.pem"));
    second = strstr(swapped + 1, "-----BEGIN");
    char turned[16384];
    snprintf(turned, sizeof turned, "%s%.*s", second, (int)(second - swapped), swapped);
    put("turned.pem", turned);
    refused("turned.pem", "a.key", NOW, "own certificate must come first");

    char mixed[16384], *b = get("b.pem");
    snprintf(mixed, sizeof mixed, "%.*s%s", (int)(second - swapped), swapped,
             strstr(b + 1, "-----BEGIN"));
    put("mixed.pem", mixed);
    refused("mixed.pem", "a.key", NOW, "the chain is broken");

    snprintf(mixed, sizeof mixed, "%.*s", (int)(second - swapped) - 40, swapped);
    put("cut.pem", mixed);
    refused("cut.pem", "a.key", NOW, "no readable PEM certificate");
    put("locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    refused("a.pem", "locked.key", NOW, "no readable PEM key without a passphrase");
}

static void files_reload(void **state)
{
    (void)state;
    struct tls_names none = {0};
    foreign_files("a.pem", "a.key", NOW);
    struct certs *c = open_files("a.pem", "a.key", NOW);
    char before[TLS_FINGERPRINT_CAP];

    snprintf(before, sizeof before, "%s", certs_fingerprint(c));
    assert_false(certs_reload(c, NOW, &none, why, sizeof why));
    assert_string_equal(why, "");
    put("a.key", "rubbish");
    assert_false(certs_reload(c, NOW, &none, why, sizeof why));
    assert_non_null(strstr(why, "cannot be used"));
    assert_string_equal(before, certs_fingerprint(c));
    foreign_files("a.pem", "a.key", NOW);
    assert_true(certs_reload(c, NOW, &none, why, sizeof why));
    assert_string_equal(why, "");
    assert_string_not_equal(before, certs_fingerprint(c));
    certs_free(c);
}

static void local_reload(void **state)
{
    (void)state;
    struct certs *c = open_local_at(NOW);
    struct tls_names names = names_of(at_home);
    char before[TLS_FINGERPRINT_CAP], path[256];

    snprintf(before, sizeof before, "%s", certs_fingerprint(c));
    assert_false(certs_reload(c, NOW, &names, why, sizeof why));
    path_of(path, "tls/server.pem");
    assert_int_equal(unlink(path), 0);
    assert_true(certs_reload(c, NOW, &names, why, sizeof why));
    assert_string_not_equal(before, certs_fingerprint(c));
    put("tls/ca.pem", "rubbish");
    snprintf(before, sizeof before, "%s", certs_fingerprint(c));
    assert_false(certs_reload(c, NOW, &names, why, sizeof why));
    assert_non_null(strstr(why, "damaged"));
    assert_string_equal(before, certs_fingerprint(c));
    certs_free(c);
}

static void files_warn_near_the_end(void **state)
{
    (void)state;
    struct tls_names none = {0};
    foreign_files("a.pem", "a.key", NOW);
    struct certs *c = open_files("a.pem", "a.key", NOW);
    int64_t end = certs_not_after(c);

    assert_false(certs_tick(c, end - 15 * DAY, &none, why, sizeof why));
    assert_string_equal(why, "");
    assert_false(certs_tick(c, end - 13 * DAY, &none, why, sizeof why));
    assert_non_null(strstr(why, "ends in 13 days"));
    assert_false(certs_tick(c, end - 13 * DAY + 3600, &none, why, sizeof why));
    assert_string_equal(why, "");
    assert_false(certs_tick(c, end + 1, &none, why, sizeof why));
    assert_non_null(strstr(why, "has expired"));
    certs_free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_data, drop_data)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_start_makes_and_keeps),
        T(tick_renews_in_time),
        T(tick_follows_addresses),
        T(authority_ends_after_ten_years),
        T(clock_before_the_authority),
        T(damaged_files),
        T(folder_cannot_be_written),
        T(lost_folder_keeps_the_pair),
        T(files_are_taken),
        T(files_are_refused),
        T(files_reload),
        T(local_reload),
        T(files_warn_near_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
