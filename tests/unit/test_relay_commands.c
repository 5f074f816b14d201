/* madang token, madang turn-key, and the files of users and secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/relay_commands.h"
#include "app/relay_people.h"
#include "app/relay_settings.h"
#include "app/turn_core.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "msg/media_msg.h"

struct ran {
    int status;
    char out[2000], err[2000];
};

static struct ran run(int (*command)(const struct command *), char *const *argv, char *const *env,
                      const char *input)
{
    struct ran r = {0};
    FILE *in = fmemopen((void *)(uintptr_t)input, strlen(input) ? strlen(input) : 1, "r");
    FILE *out = fmemopen(r.out, sizeof r.out - 1, "w"),
         *err = fmemopen(r.err, sizeof r.err - 1, "w");
    int argc = 0;
    while (argv[argc])
        argc++;
    struct command cmd = {argc, argv, env, 1700000000000, in, out, err};
    r.status = command(&cmd);
    fclose(in);
    fclose(out);
    fclose(err);
    return r;
}

#define ARGS(...)       ((char *[]){__VA_ARGS__, NULL})
#define TOKEN(...)      run(relay_command_token, ARGS("token", __VA_ARGS__), NULL, "")
#define KEY(input, ...) run(relay_command_key, ARGS("turn-key", __VA_ARGS__), NULL, input)

static void token(void **state)
{
    uint8_t mac[SHA256_SIZE];
    char password[B64_SIZE(SHA256_SIZE)], want[300];
    (void)state;
    struct ran r = TOKEN("--secret", "northstar", "--user", "bob", "--ttl=90s");
    assert_int_equal(r.status, 0);
    assert_string_equal(r.err, "");
    hmac_sha1("northstar", 9, "1700000090:bob", 14, mac);
    b64_encode(password, sizeof password, mac, SHA1_SIZE);
    snprintf(want, sizeof want,
             "username:   1700000090:bob\ncredential: %s\niceServers: "
             "{\"urls\":[\"turn:HOST:3478\"],\"username\":\"1700000090:bob\","
             "\"credential\":\"%s\"}\n",
             password, password);
    assert_string_equal(r.out, want);
    hmac_sha256("northstar", 9, "1700003600", 10, mac);
    b64_encode(password, sizeof password, mac, SHA256_SIZE);
    r = run(relay_command_token,
            ARGS("token", "--json", "--sha256", "--url", "turn:[::1]:1", "--url=turns:a:2"),
            ARGS("HOME=/", "MADANG_SECRET=northstar"), "");
    snprintf(want, sizeof want,
             "{\"urls\":[\"turn:[::1]:1\",\"turns:a:2\"],\"username\":\"1700003600\","
             "\"credential\":\"%s\"}\n",
             password);
    assert_string_equal(r.out, want);
}

static void expect_no(struct ran r, const char *said)
{
    assert_int_equal(r.status, 1);
    assert_string_equal(r.out, "");
    if (!strstr(r.err, said))
        fail_msg("wanted: %s\nsaid:   %s", said, r.err);
    if (strchr(r.err, '\n') != r.err + strlen(r.err) - 1)
        fail_msg("not one line: %s", r.err);
}

static void token_says_what_is_wrong(void **state)
{
    (void)state;
    expect_no(TOKEN("--user", "a"), "madang token: there is no secret");
    expect_no(TOKEN("--secret", "short"), "the secret is too short");
    assert_null(strstr(TOKEN("--secret", "xyzzy").err, "xyzzy"));
    expect_no(TOKEN("--secret", "northstar", "--ttl", "0"), "--ttl \"0\" is no time");
    expect_no(TOKEN("--secret", "northstar", "--ttl", "-1h"), "is no time");
    expect_no(TOKEN("--secret", "northstar", "--ttl", "99999999d"), "is no time");
    expect_no(TOKEN("--secret", "northstar", "--ttl", "9h9"), "is no time");
    expect_no(TOKEN("--secret", "northstar", "--secret", "northstar"), "--secret is given twice");
    expect_no(TOKEN("--secret"), "--secret wants a value");
    expect_no(TOKEN("--secret="), "--secret wants a value");
    expect_no(TOKEN("--sha256=1"), "--sha256 takes no value");
    expect_no(TOKEN("--wat", "--secret", "northstar"), "there is no option \"--wat\"");
    expect_no(TOKEN("--secret", "northstar", "--json"), "wants the server's --url");
    expect_no(TOKEN("--secret", "northstar", "--url", "stun:a"), "neither turn: nor turns:");
    expect_no(TOKEN("--secret-file", "/nonexistent/f"), "/nonexistent/f cannot be read: No such");
    expect_no(TOKEN("--secret", "northstar", "--user", "a\tb"), "the name of --user contains");
    struct ran r = TOKEN("--help");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "Usage: madang token"));
}

static void key(void **state)
{
    (void)state;
    /* RFC 5389 15.4: MD5("user:realm:pass") */
    struct ran r = KEY("pass\n", "--user", "user", "--realm", "realm");
    assert_string_equal(r.out, "user:0x8493fbc53ba582fb4c044c456bdc40eb\n");
    r = KEY("TheMatrIX", "--user",
            "\xE3\x83\x9E\xE3\x83\x88\xE3\x83\xAA\xE3\x83\x83\xE3\x82\xAF\xE3\x82\xB9", "--realm",
            "example.org", "--sha256");
    assert_int_equal(r.status, 0);
    assert_int_equal(strlen(strchr(r.out, ':')), 3 + 64 + 1);
    expect_no(KEY("", "--user", "user", "--realm", "realm"), "a password is expected");
    expect_no(KEY("\n", "--user", "user", "--realm", "realm"), "a password is expected");
    expect_no(KEY("p\x01", "--user", "user", "--realm", "realm"), "the password contains");
    expect_no(KEY("p", "--user", "us:er", "--realm", "realm"), "the name has a colon");
    expect_no(KEY("p", "--user", "user"), "--user and --realm are needed");
    assert_int_equal(KEY("p", "--help").status, 0);
}

/* ---- the files ---- */

static char file[] = "/tmp/madang-people-XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void people(void **state)
{
    struct config c = {0};
    struct relay_people p;
    char why[512];
    (void)state;
    close(mkstemp(file));
    c.user.v[c.user.n++] = STR("first:one");
    c.users_file = file;
    write_file("# who\n\n  alice:pass, word  \r\nbob:0x00112233445566778899aabbccddeeff\n");
    assert_true(relay_people_load(&p, &c, why, sizeof why));
    assert_int_equal(p.n_users, 3);
    assert_string_equal(p.users[0].p, "first:one");
    assert_string_equal(p.users[1].p, "alice:pass, word");
    struct letter *l = relay_people_letter(&p);
    struct media_users *m = container_of(l, struct media_users, letter);
    assert_int_equal(l->kind, MEDIA_USERS);
    assert_int_equal(m->secrets, 0);
    assert_int_equal(m->users, 3);
    assert_memory_equal(m->text, "first:one\0alice:pass, word\0bob:", 31);
    letter_drop(l);
    relay_people_free(&p);
    write_file("alice:secretpass\nbobsecret\n");
    assert_false(relay_people_load(&p, &c, why, sizeof why));
    assert_non_null(strstr(why, ", line 2: this is no name and password."));
    assert_null(strstr(why, "secret"));
    c = (struct config){.secret_file = file};
    write_file("the newer one\nthe older one\n");
    assert_true(relay_people_load(&p, &c, why, sizeof why));
    assert_string_equal(p.secrets[0].p, "the newer one");
    assert_string_equal(p.secrets[1].p, "the older one");
    l = relay_people_letter(&p);
    assert_int_equal(container_of(l, struct media_users, letter)->secrets, 2);
    letter_drop(l);
    relay_people_free(&p);
    write_file("the newer one\nthe older one\nthe oldest one\n");
    assert_false(relay_people_load(&p, &c, why, sizeof why));
    assert_non_null(strstr(why, ", line 3: this is a third secret."));
    unlink(file);
}

/* ---- settings ---- */

static void settings(void **state)
{
    struct config *c = xcalloc(1, sizeof *c);
    struct worker_conf *w = xcalloc(1, sizeof *w);
    struct relay_people p = {.secrets = {STR("northstar")}};
    struct buf text;
    char z[ADDR_STR_SIZE];
    char *argv[] = {"madang",       "--workers",   "3",          "--max-allocations",
                    "10",           "--name",      "a.example",  "--alternate-server",
                    "192.0.2.1",    "--relay-ip",  "::1",        "--public-ip",
                    "198.51.100.1", "--deny-peer", "10.0.0.0/8", "--rate-challenge",
                    "off",          "--total-bps", "10",         NULL};
    (void)state;
    buf_init(&text, 65536);
    int argc = (int)(sizeof argv / sizeof *argv) - 1;
    assert_int_equal(config_load_text(c, NULL, STR(""), argc, argv, NULL, &text), CONFIG_START);
    relay_settings_apply(w, c, &p);
    const struct turn_server_conf *s = &w->turn.server;
    assert_true(w->relays);
    assert_string_equal(s->auth.realm, "a.example");
    assert_int_equal(s->workers, 3);
    assert_int_equal(s->max_allocations, 4); /* a third, rounded up */
    assert_int_equal(s->total_bps, 4);
    assert_int_equal(s->user_quota, 0);
    assert_int_equal(s->scope_quota, 64);
    assert_string_equal(addr_format(&s->alternate, z), "192.0.2.1:3478");
    assert_int_equal(s->relay4.family, 0);
    assert_int_equal(s->relay6.family, 6);
    assert_int_equal(s->announce4.family, 4);
    assert_int_equal(s->policy.ndeny, 1);
    assert_true(s->challenge_per_s > 1000000);
    assert_true(w->turn.max_scopes > 0);
    assert_int_equal(w->turn.secrets[0].n, 9);
    config_free(c);
    buf_free(&text);
    xfree(c);
    xfree(w);
}

static void the_other_family(void **state)
{
    struct netif_list *list = xcalloc(1, sizeof *list);
    char z[ADDR_STR_SIZE];
    (void)state;
    list->addr[list->len++] =
        (struct netif_addr){.ip = addr_ip4(10, 0, 0, 1, 0), .kind = NETIF_LAN};
    list->addr[list->len++] =
        (struct netif_addr){.ip = addr_ip4(127, 0, 0, 1, 0), .kind = NETIF_LOOPBACK};
    list->addr[list->len++] =
        (struct netif_addr){.ip = addr_ip6((uint8_t[16]){[15] = 1}, 0), .kind = NETIF_LOOPBACK};
    assert_int_equal(relay_other(list, 6).family, 0);
    struct addr four = relay_other(list, 4);
    assert_string_equal(addr_format_ip(&four, z), "10.0.0.1");
    list->addr[list->len++] =
        (struct netif_addr){.ip = addr_ip4(8, 8, 4, 4, 0), .kind = NETIF_PUBLIC};
    assert_int_equal(relay_other(list, 4).ip[0], 8);
    xfree(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token),    cmocka_unit_test(token_says_what_is_wrong),
        cmocka_unit_test(key),      cmocka_unit_test(people),
        cmocka_unit_test(settings), cmocka_unit_test(the_other_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
