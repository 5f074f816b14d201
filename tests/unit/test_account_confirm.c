/* What an open page is not enough for: a password or a passkey used a moment ago. */
#include "passkey_world.h"

#include "domain/account.h"

#define TOKEN "'type':'token_make','name':'bot','scopes':['messages']"

static void test_password(void **state)
{
    (void)state;
    struct keys k = keys_new();
    char key[32];
    assert_ack(ask(k.c, TOKEN)); /* she has just registered */
    value(add(&k), "key", key, sizeof key);
    world_pass(k.w, 9 * MINUTE + 59 * SECOND);
    assert_ack(ask(k.c, TOKEN));
    world_pass(k.w, SECOND);
    assert_error(ask(k.c, TOKEN), "confirm_required");
    assert_error(ask(k.c, "'type':'passkey_begin'"), "confirm_required");
    assert_error(ask(k.c, "'type':'passkey_remove','key':'%s'", key), "confirm_required");
    assert_error(ask(k.c, "'type':'passkey_add','name':'x','client_data':'AA','attestation':'AA'"),
                 "confirm_required");
    /* what takes something away from a thief waits for nothing */
    assert_ack(ask(k.c, "'type':'account_end','others':true"));
    assert_error(ask(k.c, "'type':'confirm','password':'wrong horse'"), "sign_in_wrong");
    assert_error(ask(k.c, "'type':'confirm','password':''"), "bad_request");
    assert_error(ask(k.c, "'type':'confirm'"), "bad_request");
    assert_error(ask(k.c, TOKEN), "confirm_required");
    assert_ack(ask(k.c, "'type':'confirm','password':'" PW "'"));
    assert_ack(ask(k.c, TOKEN));
    assert_ack(ask(k.c, "'type':'passkey_remove','key':'%s'", key));
    keys_free(&k);
}

/* It is the sign-in that is sure, not the person: another browser of hers is asked. */
static void test_each_sign_in(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser other = {.has_cookie = false};
    world_pass(k.w, 11 * MINUTE);
    sign_in(k.w, &other, "mina", PW);
    struct client *there = session_of(k.w, &other);
    assert_ack(ask(there, TOKEN));
    assert_error(ask(k.c, TOKEN), "confirm_required");
    /* a page that is reloaded is the same sign-in */
    there = session_of(k.w, &other);
    assert_ack(ask(there, TOKEN));
    /* a clock that was set back makes it no longer */
    k.w->wall -= 86400 * 1000;
    world_pass(k.w, 10 * MINUTE);
    assert_error(ask(there, TOKEN), "confirm_required");
    keys_free(&k);
}

static void test_guesses_count(void **state)
{
    (void)state;
    struct keys k = keys_new();
    for (int i = 0; i < 5; i++)
        assert_error(ask(k.c, "'type':'confirm','password':'wrong'"), "sign_in_wrong");
    assert_error(ask(k.c, "'type':'confirm','password':'" PW "'"), "rate");
    keys_free(&k);
}

/* A passkey is as good as the password, also where that is asked for in the request. */
static void test_passkey(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false}, jun = person(k.w, "jun");
    assert_error(ask(k.c, "'type':'passkey_begin','confirm':true"), "passkey_refused"); /* none */
    assert_ack(add(&k));
    assert_error(ask(k.c, "'type':'account_recovery'"),
                 "confirm_required"); /* a password was used */
    world_pass(k.w, 11 * MINUTE);
    assert_error(ask(k.c, TOKEN), "confirm_required");
    struct client *other = session_of(k.w, &jun);
    const char *begun = ask(k.c, "'type':'passkey_begin','confirm':true");
    assert_has(begun, "'allow':['HR0d");
    assert_null(strstr(begun, "exclude"));
    assert_ack(confirm_with(&k, k.c));
    assert_has(ask(k.c, "'type':'passkeys'"), "'used':");
    assert_ack(ask(k.c, TOKEN));
    assert_ack(ask(k.c, "'type':'account_recovery'"));
    assert_ack(ask(k.c, "'type':'account_password','password':'another horse'"));
    assert_has(sign_in(k.w, &b, "mina", "another horse"), "{'user':{");
    struct client *by_password = session_of(k.w, &b);
    assert_error(ask(by_password, "'type':'account_delete'"), "confirm_required");
    assert_error(ask(by_password, "'type':'account_delete','password':''"), "confirm_required");
    assert_error(ask(other, "'type':'passkey_begin','confirm':true"), "passkey_refused");
    world_pass(k.w, 11 * MINUTE);
    assert_error(ask(k.c, "'type':'account_recovery'"), "confirm_required");
    assert_has(use(&k, &b), "{'user':{"); /* signed in by it */
    assert_ack(ask(session_of(k.w, &b), "'type':'account_delete'"));
    keys_free(&k);
}

/* A challenge is for what it was made for, and for whom. */
static void test_passkey_attacks(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false}, jun = person(k.w, "jun");
    assert_ack(add(&k));
    struct device minas = k.device;
    struct client *mina = k.c, *other = session_of(k.w, &jun);
    k.device.id[0] ^= 1; /* another passkey, of jun */
    k.c = other;
    k.handle[0] = 0;
    assert_ack(add(&k));
    world_pass(k.w, 11 * MINUTE);
    /* jun's passkey says nothing of mina */
    assert_error(confirm_with(&k, mina), "passkey_refused");
    /* nor mina's of jun, with her handle or his */
    k.device = minas;
    assert_error(confirm_with(&k, other), "passkey_refused");
    assert_error(ask(mina, TOKEN), "confirm_required");
    assert_error(ask(other, TOKEN), "confirm_required");
    /* a challenge to sign in, or to add one, is none to confirm */
    take_challenge(&k, post(k.w, &b, "passkey_begin", "{}"));
    struct said s = said_new();
    char id[128];
    device_sign_in(&k.device, &s);
    b64url_encode(id, sizeof id, k.device.id, k.device.id_len);
    assert_error(ask(mina,
                     "'type':'passkey_confirm','credential':'%s','client_data':'%s',"
                     "'auth_data':'%s','signature':'%s'",
                     id, b64(&s.client_data), b64(&s.auth_data), b64(&s.signature)),
                 "passkey_refused");
    said_free(&s);
    assert_error(ask(mina, TOKEN), "confirm_required");
    keys_free(&k);
}

/* The sign-in was ended while what it asked for was on its way: nothing of it stays. */
static void test_signed_out_meanwhile(void **state)
{
    (void)state;
    struct keys k = keys_new();
    struct browser b = {.has_cookie = false};
    assert_ack(add(&k));
    const int64_t mina = OUTSIDE(k.w, DB_USER_BY_NAME, VAL_T(STR("mina")));
    struct device first = k.device;
    k.device.id[0] ^= 1;
    OUTSIDE(k.w, DB_WEB_SESSIONS_END, VAL_I(mina),
            VAL_NONE); /* the domain has not heard of it yet */
    assert_error(ask(k.c, TOKEN), "not_allowed");
    assert_error(add(&k), "passkey_refused");
    assert_error(ask(k.c, "'type':'account_recovery','password':'" PW "'"), "sign_in_wrong");
    assert_error(ask(k.c, "'type':'account_password','old':'" PW "','password':'another horse'"),
                 "sign_in_wrong");
    k.device = first;
    assert_error(confirm_with(&k, k.c), "passkey_refused");
    assert_has(sign_in(k.w, &b, "mina", PW), "{'user':{");
    struct client *c = session_of(k.w, &b);
    assert_has(ask(c, "'type':'tokens'"), "'tokens':[]");
    assert_has(answer_to(c, 1), "'recovery_left':10,'passkeys':1");
    keys_free(&k);
}

static void test_twenty_passkeys(void **state)
{
    (void)state;
    struct keys k = keys_new();
    const int64_t mina = OUTSIDE(k.w, DB_USER_BY_NAME, VAL_T(STR("mina")));
    for (uint8_t i = 0; i < 20; i++) {
        const uint8_t id[2] = {99, i};
        OUTSIDE(k.w, DB_PASSKEY_ADD, VAL_B(id, sizeof id), VAL_I(100 + i), VAL_I(mina),
                VAL_T(STR("Phone")), VAL_B(id, sizeof id), VAL_I(-7), VAL_I(0), VAL_I(0),
                VAL_I(k.w->wall), VAL_ID(sign_in_of(k.c)));
    }
    assert_error(add(&k), "passkey_refused");
    keys_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password),        cmocka_unit_test(test_each_sign_in),
        cmocka_unit_test(test_guesses_count),   cmocka_unit_test(test_passkey),
        cmocka_unit_test(test_passkey_attacks), cmocka_unit_test(test_signed_out_meanwhile),
        cmocka_unit_test(test_twenty_passkeys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
