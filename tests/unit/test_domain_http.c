/* Calls by HTTP at the domain: who is answered, with which cookie, and what no call may do. */
#include "domain_world.h"

#include "domain/domain_int.h"

static void who_is_not_signed_in_learns_what_is_allowed(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->cfg.registration = REGISTRATION_OPEN;
    w->cfg.guests = false;
    world_again(w);
    assert_string_equal(post(w, NULL, "me", "{}"),
                        "{\"user\":null,\"policy\":{\"registration\":\"open\",\"guests\":false,"
                        "\"user_invites\":false,\"passkeys\":false,\"name_min\":3,\"name_max\":32,"
                        "\"password_min\":8}}");
    assert_int_equal(w->http.cookie.op, COOKIE_KEEP);
    world_free(w);
}

static void what_is_no_call_is_none(void **state)
{
    (void)state;
    struct world *w = world_new();
    assert_has(post(w, NULL, "people_watch", "{'users':[]}"), "'code':'unknown_type'");
    assert_has(post(w, NULL, "chat", "{}"), "'code':'unknown_type'");
    assert_has(post(w, NULL, "me", "[]"), "'code':'bad_json'");
    assert_int_equal(w->http.code, CODE_BAD_JSON);
    /* and the edge's own commands, or one that lost its handler, cannot come so */
    for (int type = CMD_NONE; type < CMD_COUNT; type++) {
        struct cmd c = {.type = (enum cmd_type)type, .http = ++w->last_call};
        if (type > CMD_FILE && type < CMD_WIRE_COUNT)
            continue; /* those of people: wire_in lets only some of them come so */
        domain_cmd(w->d, w->now, w->wall, &c);
        assert_int_equal(w->http.code, CODE_UNKNOWN_TYPE);
    }
    world_free(w);
}

static void replies_go_where_the_question_came_from(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct browser b = {.has_cookie = false};
    struct cookie_change set = {.op = COOKIE_SET, .token = {1, 2, 3}, .max_age_s = 60};
    struct asker who = {.http = ++w->last_call};
    reply_cookie(w->d, &who, &(struct event){.type = RESULT_EMPTY}, &set);
    assert_string_equal(call_answer(w, &b, who.http), "{}");
    assert_true(b.has_cookie && b.cookie[2] == 3);
    who.http = ++w->last_call;
    reply_retry(w->d, &who, CODE_RATE, 1500);
    assert_has(call_answer(w, &b, who.http), "'code':'rate','message':");
    assert_has(call_answer(w, &b, who.http), "'retry_ms':1500}");
    assert_true(b.has_cookie);
    who.http = ++w->last_call;
    reply_wire_error(w->d, &who,
                     &(struct wire_error){.code = CODE_WEAK_PASSWORD, .reason = "short"});
    assert_has(call_answer(w, &b, who.http), "'code':'weak_password'");
    assert_has(call_answer(w, &b, who.http), "'reason':'short'}");
    set = (struct cookie_change){.op = COOKIE_CLEAR};
    who.http = ++w->last_call;
    reply_cookie(w->d, &who, &(struct event){.type = RESULT_EMPTY}, &set);
    call_answer(w, &b, who.http);
    assert_false(b.has_cookie);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_signed_in_learns_what_is_allowed),
        cmocka_unit_test(what_is_no_call_is_none),
        cmocka_unit_test(replies_go_where_the_question_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
