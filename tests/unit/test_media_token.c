/* Bearer tokens of rooms, and `madang token --room`, which makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/media_commands.h"
#include "app/secrets.h"
#include "base/code.h"
#include "domain/media_token.h"

static const uint8_t key[AEAD_KEY_SIZE] = {1, 2, 3};

static struct rng chance(void)
{
    struct rng rng;
    rng_init(&rng, (const uint8_t[RNG_SEED_SIZE]){7});
    return rng;
}

static void comes_back_as_it_was(void **state)
{
    char text[MEDIA_TOKEN_TEXT_MAX];
    struct rng rng = chance();
    (void)state;
    for (unsigned rights = 0; rights < 8; rights++) {
        const struct media_token made = {.room = 0x1234567890abcdef,
                                         .until_ms = 5000,
                                         .publish = rights & 1,
                                         .view = rights & 2,
                                         .by_operator = rights & 4};
        struct media_token t;
        size_t n = media_token_seal(&made, key, &rng, text);
        assert_int_equal(strlen(text), n);
        assert_memory_equal(text, "mdm_", 4);
        assert_true(media_token_open(&t, key, str_of(text, n), 4999));
        assert_true(t.room == made.room && t.until_ms == made.until_ms);
        assert_true(t.publish == made.publish && t.view == made.view &&
                    t.by_operator == made.by_operator);
        assert_false(media_token_open(&t, key, str_of(text, n), 5000));
    }
}

/* Every character changed, every length: nothing but the whole is taken. */
static void is_refused_when_changed(void **state)
{
    char text[MEDIA_TOKEN_TEXT_MAX], other[MEDIA_TOKEN_TEXT_MAX];
    uint8_t wrong[AEAD_KEY_SIZE] = {9};
    struct rng rng = chance();
    struct media_token t = {.room = 1, .until_ms = 5000, .publish = true};
    size_t n = media_token_seal(&t, key, &rng, text);
    (void)state;
    assert_false(media_token_open(&t, wrong, str_of(text, n), 0));
    for (size_t i = 0; i < n; i++) {
        memcpy(other, text, n + 1);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        assert_false(media_token_open(&t, key, str_of(other, n), 0));
        assert_false(media_token_open(&t, key, str_of(text, i), 0));
    }
}

/* ---- the command ---- */

struct ran {
    int status;
    char out[2000], err[2000];
};

static struct ran run(int argc, char *const *argv)
{
    struct ran r = {0};
    FILE *out = fmemopen(r.out, sizeof r.out - 1, "w"),
         *err = fmemopen(r.err, sizeof r.err - 1, "w");
    char *const env[] = {NULL};
    r.status =
        media_command(&(struct command){argc, argv, env, INT64_C(1700000000000), NULL, out, err});
    fclose(out);
    fclose(err);
    return r;
}

static char folder[64];
#define ARGC(...) (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *))
#define TOKEN(...)                                                                  \
    run(ARGC("token", "--data", folder, "--name", "call.example.org", __VA_ARGS__), \
        ((char *[]){"token", "--data", folder, "--name", "call.example.org", __VA_ARGS__}))

static struct media_token token_of(const struct ran *r)
{
    uint8_t kept[AEAD_KEY_SIZE];
    char why[200];
    struct media_token t;
    struct str text = str_skip(str_from(r->out), strlen("token:   ")), line, rest;
    assert_true(secrets_key(folder, "ticket.key", kept, sizeof kept, why, sizeof why));
    assert_true(str_split_once(text, '\n', &line, &rest));
    assert_true(media_token_open(&t, kept, line, INT64_C(1700000000000)));
    return t;
}

static void command_makes_them(void **state)
{
    (void)state;
    struct ran r = TOKEN("--room", "0123456789abc", "--publish", "--ttl=2h", "--port", "443");
    assert_string_equal(r.err, "");
    assert_int_equal(r.status, 0);
    struct media_token t = token_of(&r);
    char id[B32_SIZE];
    b32_encode(id, t.room);
    assert_string_equal(id, "0123456789abc");
    assert_true(t.publish && !t.view && t.by_operator);
    assert_int_equal(t.until_ms, INT64_C(1700007200000));
    assert_non_null(strstr(r.out, "publish: https://call.example.org/whip/0123456789abc/NAME\n"));
    assert_null(strstr(r.out, "whep"));

    r = TOKEN("--room=https://call.example.org:8443/r/0123456789abc", "--view");
    assert_int_equal(r.status, 0);
    assert_true(token_of(&r).view && !token_of(&r).publish);
    assert_non_null(strstr(r.out, "/whep/0123456789abc\n"));

    struct ran one = TOKEN("--room", "new", "--view"), two = TOKEN("--room", "new", "--view");
    assert_true(token_of(&one).room != token_of(&two).room && token_of(&one).room != 0);
}

static void command_says_what_is_wrong(void **state)
{
    (void)state;
    assert_non_null(strstr(TOKEN("--room", "kitchen", "--view").err, "neither a room's id"));
    assert_non_null(strstr(TOKEN("--room", "new").err, "--publish or --view"));
    assert_non_null(strstr(TOKEN("--room", "new", "--view", "--ttl", "soon").err, "no time"));
    assert_non_null(strstr(TOKEN("--room", "new", "--view", "--bogus").err, "bogus"));
    assert_non_null(strstr(TOKEN("--help").out, "Usage: madang token --room"));
    assert_true(media_command_is(3, (char *[]){"madang", "token", "--room=x"}));
    assert_true(media_command_is(4, (char *[]){"madang", "token", "--room", "x"}));
    assert_false(media_command_is(4, (char *[]){"madang", "token", "--secret", "x"}));
    assert_false(media_command_is(3, (char *[]){"madang", "user", "--room"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(is_refused_when_changed),
        cmocka_unit_test(command_makes_them),
        cmocka_unit_test(command_says_what_is_wrong),
    };
    snprintf(folder, sizeof folder, "/tmp/media-token.%d", (int)getpid());
    char why[200];
    if (!secrets_open_data(folder, why, sizeof why))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/secrets/ticket.key", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/secrets", folder);
    rmdir(path);
    rmdir(folder);
    return failed;
}
