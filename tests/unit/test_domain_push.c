/* Web Push in the domain: subscriptions of browsers, and who is told of calls. */
#include "account_world.h"

#include "base/utf8.h"
#include "domain/push.h"

#define KEY_TEXT \
    "BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define AUTH_TEXT "AgICAgICAgICAgICAgICAg"

static struct world *push_world(void)
{
    struct world *w = open_world();
    memset(w->cfg.push_key, 'k', 87);
    world_again(w);
    return w;
}

static const char *subscribe(struct client *c, const char *endpoint)
{
    char text[600];
    snprintf(text, sizeof text,
             "'type':'push_add','endpoint':'%s','p256dh':'" KEY_TEXT "','auth':'" AUTH_TEXT "'",
             endpoint);
    return ask(c, "%s", text);
}

static void wish(struct client *c)
{
    assert_ack(ask(c, "'type':'account_set','settings':{'push':true}"));
}

static uint64_t user_of(struct client *c)
{
    return session_find(c->w->d, c->session)->user->id;
}

static void tell(struct world *w, uint64_t user, enum push_kind kind)
{
    const struct push_note note = {.kind = kind,
                                   .id = 5,
                                   .name = STR("jun"),
                                   .display = STR("준 \"the second\""),
                                   .video = true,
                                   .time_ms = 1800000000000};
    push_user(w->d, user, 0, &note, 45);
    world_settle(w);
}

static struct push_answer answer_of(const char *endpoint, enum push_outcome outcome)
{
    return (struct push_answer){.endpoint = str_from(endpoint), .outcome = outcome};
}

static void browsers_without_a_page_are_told(void **state)
{
    struct world *w = push_world();
    struct browser at_home = person(w, "mina"), phone = {.has_cookie = false};
    sign_in(w, &phone, "mina", PW);
    struct client *home = session_of(w, &at_home), *mobile = session_of(w, &phone);
    uint64_t mina = user_of(home);
    *state = w;
    wish(home);
    assert_ack(subscribe(home, "https://push.example/home"));
    assert_ack(subscribe(mobile, "https://push.example/phone"));
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 0); /* both look at the page */
    lose_pipe(mobile);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 1);
    assert_string_equal(w->pushes[0].endpoint, "https://push.example/phone");
    assert_int_equal(w->pushes[0].urgency, PUSH_HIGH);
    assert_int_equal(w->pushes[0].ttl_s, 45);
    assert_int_equal(w->pushes[0].p256dh, 4);
    assert_int_equal(w->pushes[0].auth, 2);
    assert_string_equal(w->pushes[0].topic, "0000000000005");
    assert_string_equal(w->pushes[0].body,
                        "{\"type\":\"call\",\"id\":\"0000000000005\",\"name\":\"jun\","
                        "\"display\":\"준 \\\"the second\\\"\",\"video\":true,"
                        "\"time\":1800000000000}");
    lose_pipe(home);
    tell(w, mina, PUSH_MISSED);
    assert_int_equal(w->n_pushes, 3);
    assert_int_equal(w->pushes[2].urgency, PUSH_NORMAL);
    assert_non_null(strstr(w->pushes[2].body, "\"type\":\"missed\""));
}

static void only_who_wishes_it(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina");
    struct client *c = session_of(w, &b);
    uint64_t mina = user_of(c);
    *state = w;
    assert_ack(subscribe(c, "https://push.example/1"));
    lose_pipe(c);
    tell(w, mina, PUSH_CALL);
    tell(w, mina + 1, PUSH_CALL);
    assert_int_equal(w->n_pushes, 0);
    c = session_of(w, &b);
    wish(c);
    lose_pipe(c);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 1);
    c = session_of(w, &b);
    assert_ack(ask(c, "'type':'push_remove','endpoint':'https://push.example/1'"));
    lose_pipe(c);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 1);
}

static void a_subscription_goes_with_its_sign_in(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina"), other = {.has_cookie = false};
    sign_in(w, &other, "mina", PW);
    struct client *c = session_of(w, &b), *o = session_of(w, &other);
    uint64_t mina = user_of(c);
    *state = w;
    wish(c);
    assert_ack(subscribe(c, "https://push.example/1"));
    /* Somebody else's subscription cannot be taken away. */
    struct browser foreign = person(w, "jun");
    struct client *jun = session_of(w, &foreign);
    assert_ack(ask(jun, "'type':'push_remove','endpoint':'https://push.example/1'"));
    lose_pipe(o);
    lose_pipe(c);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 1);
    call(w, &b, "sign_out", "{}");
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 1);
}

static void what_is_gone_is_forgotten(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina");
    struct client *c = session_of(w, &b);
    uint64_t mina = user_of(c);
    const char *const urls[] = {"https://push.example/0", "https://push.example/1",
                                "https://push.example/2", "https://push.example/3"};
    *state = w;
    wish(c);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        assert_ack(subscribe(c, urls[i]));
    lose_pipe(c);
    struct push_answer answers[] = {answer_of(urls[0], PUSH_SENT), answer_of(urls[1], PUSH_GONE),
                                    answer_of(urls[2], PUSH_FORBIDDEN),
                                    answer_of(urls[3], PUSH_BUSY)};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        domain_pushed(w->d, w->now, w->wall, &answers[i]);
    world_settle(w);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 2);
    /* Not reached ten times: forgotten, too; unless it is subscribed anew. */
    struct push_answer failed = answer_of(urls[0], PUSH_FAILED);
    for (int i = 0; i < 9; i++)
        domain_pushed(w->d, w->now, w->wall, &failed);
    world_settle(w);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 4);
    c = session_of(w, &b);
    assert_ack(subscribe(c, urls[0]));
    lose_pipe(c);
    for (int i = 0; i < 9; i++)
        domain_pushed(w->d, w->now, w->wall, &failed);
    world_settle(w);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 6);
    domain_pushed(w->d, w->now, w->wall, &failed);
    world_settle(w);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 7);
}

static void at_most_twenty_browsers(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina");
    struct client *c = session_of(w, &b);
    uint64_t mina = user_of(c);
    char url[64];
    *state = w;
    wish(c);
    for (int i = 0; i < 25; i++) {
        snprintf(url, sizeof url, "https://push.example/%d", i);
        assert_ack(subscribe(c, url));
        world_pass(w, 2 * SECOND);
    }
    lose_pipe(c);
    tell(w, mina, PUSH_CALL);
    assert_int_equal(w->n_pushes, 20);
}

static void what_is_no_subscription(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina");
    struct client *c = session_of(w, &b), *guest = hello(w, "a guest");
    *state = w;
    assert_error(subscribe(guest, "https://push.example/1"), "sign_in_required");
    assert_error(subscribe(c, "http://push.example/1"), "bad_request");
    assert_error(
        ask(c, "'type':'push_add','endpoint':'https://a.example/','p256dh':'AA','auth':'" AUTH_TEXT
               "'"),
        "bad_request");
    assert_error(ask(c, "'type':'push_add','endpoint':'https://a.example/','p256dh':'" KEY_TEXT
                        "','auth':'AA'"),
                 "bad_request");
    assert_error(ask(c, "'type':'push_add','p256dh':'" KEY_TEXT "','auth':'" AUTH_TEXT "'"),
                 "bad_request");
    w->cfg.push_key[0] = 0;
    world_again(w);
    c = session_of(w, &b);
    assert_error(subscribe(c, "https://push.example/1"), "not_allowed");
    tell(w, user_of(c), PUSH_CALL);
    assert_int_equal(w->n_pushes, 0);
}

static void a_call_reaches_closed_pages(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina"), other = person(w, "jun");
    struct client *c = session_of(w, &b), *jun = session_of(w, &other);
    char text[100], id[B32_SIZE];
    *state = w;
    wish(c);
    assert_ack(subscribe(c, "https://push.example/1"));
    b32_encode(id, user_of(c));
    lose_pipe(c);
    world_pass(w, 60 * SECOND); /* her session is over, too */
    snprintf(text, sizeof text, "'type':'call','to':'%s','video':true", id);
    assert_ack(ask(jun, "%s", text));
    assert_int_equal(w->n_pushes, 1);
    assert_int_equal(w->pushes[0].ttl_s, 45);
    assert_non_null(strstr(w->pushes[0].body, "\"type\":\"call\""));
    assert_non_null(strstr(w->pushes[0].body, "\"name\":\"jun\""));
    assert_non_null(strstr(w->pushes[0].body, "\"video\":true"));
    world_pass(w, 46 * SECOND);
    assert_int_equal(w->n_pushes, 2);
    assert_non_null(strstr(w->pushes[1].body, "\"type\":\"missed\""));
    assert_string_equal(w->pushes[1].topic, w->pushes[0].topic);
    /* Whom she has blocked she hears nothing of. */
    c = session_of(w, &b);
    snprintf(text, sizeof text, "%s", id);
    OUTSIDE(w, DB_BLOCK_ON, VAL_ID(user_of(c)), VAL_ID(user_of(jun)), VAL_I(1));
    const struct db_answer outside_change = {.proc = DB_NONE};
    lose_pipe(c);
    world_pass(w, 60 * SECOND);
    domain_db(w->d, w->now, w->wall, &outside_change);
    world_settle(w);
    snprintf(text, sizeof text, "'type':'call','to':'%s','video':true", id);
    ask(jun, "%s", text);
    world_pass(w, 60 * SECOND);
    assert_int_equal(w->n_pushes, 2);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    struct world *w = push_world();
    struct browser b = person(w, "mina");
    struct client *c = session_of(w, &b);
    uint64_t mina = user_of(c);
    char longer[3000];
    *state = w;
    for (size_t i = 0; i + 3 <= sizeof longer; i += 3)
        memcpy(longer + i, "가", 3);
    longer[0] = longer[1] = longer[2] = 'x';
    const struct push_note note = {.kind = PUSH_MESSAGE, .text = str_of(longer + 1, 2999)};
    wish(c);
    assert_ack(subscribe(c, "https://push.example/1"));
    lose_pipe(c);
    push_user(w->d, mina, 0, &note, 1);
    world_settle(w);
    assert_int_equal(w->n_pushes, 1);
    assert_true(utf8_valid(w->pushes[0].body, strlen(w->pushes[0].body)));
    assert_in_range(strlen(w->pushes[0].body), 290, 420);
}

#define T(f) cmocka_unit_test_teardown(f, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(browsers_without_a_page_are_told),
        T(only_who_wishes_it),
        T(a_subscription_goes_with_its_sign_in),
        T(what_is_gone_is_forgotten),
        T(at_most_twenty_browsers),
        T(what_is_no_subscription),
        T(a_call_reaches_closed_pages),
        T(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
