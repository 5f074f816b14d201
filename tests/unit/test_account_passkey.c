/* Passkeys through the policy: with the real check, the real database and an authenticator of the tests. */
#include "passkey_world.h"

static void test_add_and_use(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false};
    char key[32];
    const char *begun = ask(k.c, "'type':'passkey_begin'");
    assert_has(begun, "'rp':'talk.example','user':{'id':'");
    assert_has(begun, "'name':'mina','display':'mina'}");
    const char *a = add(&k);
    assert_ack(a);
    value(a, "key", key, sizeof key);
    assert_has(last(k.c), "'passkeys':1");
    assert_has(ask(k.c, "'type':'passkeys'"), "'name':'My phone','created':1800000000000}]");
    assert_has(ask(k.c, "'type':'passkey_begin'"), "'exclude':['HR0d");
    assert_has(use(&k, &b), "{'user':{");
    assert_has(k.w->http.text, "'name':'mina'");
    assert_has(post(k.w, &b, "me", "{}"), "'passkeys':1");
    assert_has(ask(k.c, "'type':'passkeys'"), "'used':1800000000000");
    assert_ack(ask(k.c, "'type':'passkey_name','key':'%s','name':'Old phone'", key));
    assert_has(ask(k.c, "'type':'passkeys'"), "Old phone");
    assert_ack(ask(k.c, "'type':'passkey_remove','key':'%s'", key));
    assert_error(ask(k.c, "'type':'passkey_remove','key':'%s'", key), "unknown");
    assert_has(use(&k, &b), "'passkey_refused'");
    assert_has(post(k.w, &b, "me", "{}"), "'passkeys':0"); /* what it signed in goes on */
    keys_free(&k);
}

static void test_challenges(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false};
    assert_ack(add(&k));
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    assert_has(use_with(&k, &b, k.handle), "{'user':{");
    assert_has(use_with(&k, &b, k.handle), "'passkey_refused'"); /* once */
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    world_pass(k.w, 301 * SECOND);
    assert_has(use_with(&k, &b, k.handle), "'passkey_refused'"); /* in time */
    take_challenge(&k, ask(k.c, "'type':'passkey_begin'"));
    assert_has(use_with(&k, &b, k.handle), "'passkey_refused'"); /* for what it was made */
    memset(k.challenge, 0, sizeof k.challenge);
    assert_has(use_with(&k, &b, k.handle), "'passkey_refused'"); /* ours, and no free place */
    keys_free(&k);
}

/* So many challenges for other things, or for others, leave a pending one alone. */
static void test_challenges_of_others(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false}, jun = person(k.w, "jun");
    struct client *other = session_of(k.w, &jun);
    assert_ack(add(&k));
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    for (int i = 0; i < CHALLENGES + 10; i++) {
        assert_ack(ask(other, "'type':'passkey_begin'"));
        world_pass(k.w, SECOND / 5);
    }
    k.w->addr_key = 8;
    for (int i = 0; i < 50; i++)
        assert_has(post(k.w, &b, "passkey_begin", "{}"), "'challenge'");
    assert_has(use_with(&k, &b, k.handle), "{'user':{"); /* and from the other address */
    keys_free(&k);
}

static void test_few_challenges_each(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false};
    uint8_t first[PASSKEY_CHALLENGE], second[PASSKEY_CHALLENGE];
    assert_ack(add(&k));
    for (int i = 0; i < 1 + CHALLENGES_EACH; i++) {
        take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
        if (i < 2)
            memcpy(i ? second : first, k.challenge, sizeof first);
        world_pass(k.w, SECOND);
    }
    memcpy(k.challenge, first, sizeof first);
    assert_has(use_with(&k, &b, k.handle), "'passkey_refused'"); /* one's own oldest went */
    memcpy(k.challenge, second, sizeof second);
    assert_has(use_with(&k, &b, k.handle), "{'user':{");
    keys_free(&k);
}

static void test_refused(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false}, jun = person(k.w, "jun");
    assert_ack(add(&k));
    assert_error(add(&k), "passkey_refused"); /* it is there already */
    struct client *c = k.c;
    k.c = session_of(k.w, &jun);
    assert_error(add(&k), "passkey_refused"); /* and not jun's */
    char key[32];
    value(ask(c, "'type':'passkeys'"), "key", key, sizeof key);
    assert_error(ask(k.c, "'type':'passkey_remove','key':'%s'", key), "unknown");
    assert_error(ask(k.c, "'type':'passkey_name','key':'%s','name':'mine'", key), "unknown");
    /* another site's page, another key, another person's handle */
    k.device.origin = "https://evil.example";
    assert_has(use(&k, &b), "'passkey_refused'");
    k.device.origin = "https://talk.example";
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    assert_has(use_with(&k, &b, ",'user_handle':'AAAAAAAAAAE'"), "'passkey_refused'");
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    assert_has(use_with(&k, &b, ""), "'passkey_refused'");
    k.device.id[0] ^= 1;
    assert_has(use(&k, &b), "'passkey_refused'");
    k.device.id[0] ^= 1;
    assert_false(b.has_cookie);
    assert_has(use(&k, &b), "{'user':{");
    /* a copy of the authenticator */
    k.device.counter -= 5;
    assert_has(use(&k, &b), "'passkey_refused'");
    k.device.counter += 10;
    OUTSIDE(k.w, DB_USER_DISABLE, VAL_I(OUTSIDE(k.w, DB_USER_BY_NAME, VAL_T(STR("mina")))));
    assert_has(use(&k, &b), "'passkey_refused'");
    keys_free(&k);
}

static void test_off(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false};
    k.w->d->cfg.passkeys = false;
    assert_has(post(k.w, &b, "passkey_begin", "{}"), "'passkey_refused'");
    assert_error(ask(k.c, "'type':'passkey_begin'"), "passkey_refused");
    struct client *guest = hello(k.w, "Bo");
    assert_error(ask(guest, "'type':'passkey_begin'"), "sign_in_required");
    keys_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_and_use),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_challenges_of_others),
        cmocka_unit_test(test_few_challenges_each),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
