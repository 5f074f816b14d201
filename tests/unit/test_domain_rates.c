/* What one person may do so often, and have so many of: with all their sessions together, also with those that come
 * after others have ended. */
#include "conv_world.h"

#include "domain/account.h"

static void bye(struct client *c)
{
    ask(c, "'type':'bye'");
    assert_int_equal(c->ended, ENDED_BYE + 1);
}

/* As often as the burst, from two devices in turn; then from neither, nor from one that comes later. */
static void one_rate(struct world *w, enum domain_rate_kind kind, const char *request)
{
    struct client *a = device(w, MINA), *b = device(w, MINA);
    int burst = w->d->cfg.rates[kind].burst;
    for (int i = 0; i < burst; i++)
        if (has(ask(i % 2 ? a : b, "%s", request), "'code':'rate'"))
            fail_msg("%s: %d of %d", request, i, burst);
    assert_error(ask(a, "%s", request), "rate");
    assert_error(ask(b, "%s", request), "rate");
    bye(a);
    bye(b);
    a = device(w, MINA);
    assert_error(ask(a, "%s", request), "rate");
    assert_false(has(ask(device(w, JUN), "%s", request), "'code':'rate'"));
    world_pass(w, w->d->cfg.rates[kind].every_us);
    assert_false(has(ask(a, "%s", request), "'code':'rate'"));
    assert_error(ask(a, "%s", request), "rate");
    bye(a);
}

static void of_a_person(void **state)
{
    struct world *w = *state;
    one_rate(w, RATE_SEARCH, "'type':'search','text':'word'");
    one_rate(w, RATE_EXPORT, "'type':'export'");
    one_rate(w, RATE_SEND, "'type':'send','conv':'1','client':'a','text':'b'");
    one_rate(w, RATE_MANAGE, "'type':'account_sessions'");
    one_rate(w, RATE_CALL, "'type':'call','to':'1','video':false");
    w->d->cfg.rates[RATE_CONV].burst = 0;
    one_rate(w, RATE_STRANGER, "'type':'conv_open','user':'9'");
}

/* Not even when nothing else remembers them. */
static void longer_than_the_person(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    assert_ack(ask(a, "'type':'export'"));
    assert_ack(ask(a, "'type':'export'"));
    bye(a);
    world_pass(w, 60 * SECOND);
    assert_null(user_find(w->d, MINA));
    assert_error(ask(device(w, MINA), "'type':'export'"), "rate");
}

/* Others stay a session's: what one device looks at, or a guest does. */
static void of_a_session(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *g = hello(w, "Guest"), *h = hello(w, "Guest");
    w->d->cfg.rates[RATE_CONV].burst = 1;
    w->d->cfg.rates[RATE_MANAGE].burst = 1;
    assert_ack(ask(a, "'type':'convs'"));
    assert_error(ask(a, "'type':'convs'"), "rate");
    assert_ack(ask(device(w, MINA), "'type':'convs'"));
    assert_error(ask(g, "'type':'leave','room':'1'"), "not_in_room");
    assert_error(ask(g, "'type':'leave','room':'1'"), "rate");
    assert_error(ask(h, "'type':'leave','room':'1'"), "not_in_room");
}

static void one_export_at_a_time(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, MINA);
    w->d->cfg.rates[RATE_EXPORT].burst = 0;
    disk_inline_open(&w->disk);
    w->disk.hold = true;
    int64_t id = a->next_id;
    assert_string_equal(ask(a, "'type':'export'"), ""); /* under way */
    assert_error(ask(b, "'type':'export'"), "rate");
    bye(a); /* goes on, and is still the one */
    bye(b);
    b = device(w, MINA);
    assert_error(ask(b, "'type':'export'"), "rate");
    w->disk.hold = false;
    world_settle(w);
    assert_string_equal(answer_to(a, id), "");
    assert_ack(ask(b, "'type':'export'"));
    w->disk.fail = DISK_FULL; /* one that failed is over, too */
    assert_error(ask(b, "'type':'export'"), "store_full");
    w->disk.fail = DISK_OK;
    w->db.fail = DB_BUSY;
    assert_error(ask(b, "'type':'export'"), "store_busy");
    w->db.fail = DB_OK;
    assert_ack(ask(b, "'type':'export'"));
    bye(b);
    world_pass(w, 60 * SECOND);
    assert_null(user_find(w->d, MINA)); /* nobody holds her */
}

/* A hundred, and no more, until one has ended or time has ended one. */
static void a_hundred(struct world *w, struct client *c, const char *make, const char *soon)
{
    w->d->cfg.rates[RATE_MANAGE].burst = 0;
    assert_ack(ask(c, "%s%s", make, soon));
    for (int i = 1; i < 100; i++)
        assert_ack(ask(c, "%s", make));
    assert_error(ask(c, "%s", make), "not_allowed");
    world_pass(w, 61 * SECOND);
    assert_ack(ask(c, "%s", make));
    assert_error(ask(c, "%s", make), "not_allowed");
}

static void tokens(void **state)
{
    static const char make[] = "'type':'token_make','name':'bot','scopes':['calls']";
    struct world *w = *state;
    struct client *c = device(w, MINA);
    char key[32];
    confirm_mark(w->d, MINA, false); /* her sign-in, and his */
    confirm_mark(w->d, JUN, false);
    a_hundred(w, c, make, ",'ttl_s':60");
    assert_ack(ask(device(w, JUN), "%s", make));
    value(ask(c, "'type':'tokens'"), "key", key, sizeof key);
    assert_ack(ask(c, "'type':'token_end','key':'%s'", key));
    assert_ack(ask(c, "%s", make));
}

static void invitations(void **state)
{
    static const char make[] = "'type':'invite_make'";
    struct world *w = *state;
    struct client *c = device(w, MINA);
    char key[32];
    w->d->cfg.user_invites = true;
    a_hundred(w, c, make, ",'ttl_s':60");
    assert_ack(ask(device(w, JUN), "%s", make));
    value(ask(c, "'type':'invites'"), "key", key, sizeof key);
    assert_ack(ask(c, "'type':'invite_end','key':'%s'", key));
    assert_ack(ask(c, "%s", make));
}

static void links_of_a_room(void **state)
{
    struct world *w = *state;
    struct client *c = device(w, MINA);
    char make[96];
    uint64_t room = make_room(c, ""), other = make_room(c, "");
    snprintf(make, sizeof make, "'type':'room_invite','conv':'%s','uses':1", id_text(room));
    a_hundred(w, c, make, ",'ttl_s':60");
    assert_ack(ask_conv(c, "room_invite", other, ",'uses':1"));
    assert_ack(ask_conv(c, "room_invite", room, ",'uses':0"));
    assert_ack(ask(c, "%s", make));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(of_a_person),     CALL_TEST(longer_than_the_person),
        CALL_TEST(of_a_session),    CALL_TEST(one_export_at_a_time),
        CALL_TEST(tokens),          CALL_TEST(invitations),
        CALL_TEST(links_of_a_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
