/* Clocks that jump: the steady time by itself, and what people lose by a clock that is wrong, which is nothing. */
#include "conv_world.h"

#include "domain/account.h"
#include "domain/steady.h"

#define DAY   (86400 * SECOND)
#define DAYMS INT64_C(86400000)

struct clocks {
    struct steady s;
    int64_t now, wall;
};

static struct clocks at(int64_t known_ms, int64_t wall_ms)
{
    struct clocks c = {.now = 5 * SECOND, .wall = wall_ms};
    steady_known(&c.s, known_ms);
    steady_run(&c.s, c.now, c.wall);
    return c;
}

static void pass(struct clocks *c, int64_t us)
{
    c->now += us;
    c->wall += us / 1000;
    steady_run(&c->s, c->now, c->wall);
}

static void jump(struct clocks *c, int64_t ms)
{
    c->wall += ms;
    steady_run(&c->s, c->now, c->wall);
}

#define T0 INT64_C(1800000000000)

static void small_steps_are_followed(void **state)
{
    (void)state;
    struct clocks c = at(0, T0);
    assert_int_equal(steady_ms(&c.s), T0);
    pass(&c, 10 * SECOND);
    jump(&c, -3000);
    assert_int_equal(steady_ms(&c.s), T0 + 7000);
    jump(&c, DAYMS - 10);
    assert_int_equal(steady_ms(&c.s), c.wall);
}

static void a_jump_is_believed_after_a_day(void **state)
{
    (void)state;
    const int64_t jumps[] = {2 * DAYMS, 70 * 365 * DAYMS, -2 * DAYMS, -30 * 365 * DAYMS};
    for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
        struct clocks c = at(0, T0 + 40 * 365 * DAYMS);
        jump(&c, jumps[i]);
        for (int k = 0; k < 23; k++)
            pass(&c, 3600 * SECOND);
        assert_int_equal(steady_ms(&c.s), T0 + 40 * 365 * DAYMS + 23 * 3600000);
        pass(&c, 3600 * SECOND);
        assert_int_equal(steady_ms(&c.s), c.wall);
    }
}

static void there_and_back(void **state)
{
    (void)state;
    struct clocks c = at(0, T0);
    jump(&c, 70 * 365 * DAYMS);
    pass(&c, 60 * SECOND);
    jump(&c, -70 * 365 * DAYMS);
    assert_int_equal(steady_ms(&c.s), T0 + 60000);
    /* a clock that jumps about is not believed at all */
    for (int i = 0; i < 10; i++) {
        jump(&c, (i % 2 ? -1 : 1) * 365 * DAYMS);
        pass(&c, DAY / 2);
    }
    assert_in_range(steady_ms(&c.s), T0 + 5 * DAYMS, T0 + 5 * DAYMS + 60000);
}

static void what_an_earlier_run_knew(void **state)
{
    (void)state;
    struct clocks c = at(T0, T0 + 3600000); /* it was away for an hour */
    assert_int_equal(steady_ms(&c.s), T0 + 3600000);
    c = at(T0, 1000); /* a clock that nobody set, until somebody does */
    assert_int_equal(steady_ms(&c.s), T0);
    assert_int_equal(steady_stamp_ms(&c.s), T0);
    pass(&c, 60 * SECOND);
    assert_int_equal(steady_ms(&c.s), T0 + 60000);
    jump(&c, T0 + 7200000);
    assert_int_equal(steady_ms(&c.s), c.wall);
    c = at(T0, T0 + 40 * DAYMS); /* away for weeks, or wrong: shown as it says, believed tomorrow */
    assert_int_equal(steady_ms(&c.s), T0);
    assert_int_equal(steady_stamp_ms(&c.s), T0 + 40 * DAYMS);
    pass(&c, DAY);
    assert_int_equal(steady_ms(&c.s), c.wall);
}

static void a_first_start_without_a_clock(void **state)
{
    (void)state;
    struct clocks c = at(0, 1000);
    assert_int_equal(steady_ms(&c.s), 1000);
    pass(&c, 30 * SECOND);
    jump(&c, T0);
    assert_int_equal(steady_ms(&c.s), c.wall);
}

/* ---- what people have ---- */

static void world_jump(struct world *w, int64_t ms)
{
    w->wall += ms;
    world_pass(w, SECOND);
}

/* A sign-in, a token, messages that are to be kept a month: all there after a minute in 2099, and after one in 1970. */
static void test_nothing_goes(void **state, int64_t by)
{
    struct world *w = *state;
    w->d->cfg.retention_s = 30 * 86400;
    struct client *a = device(w, MINA);
    confirm_mark(w->d, MINA, false);
    uint64_t room = make_room(a, "");
    char token[64];
    value(ask(a, "'type':'token_make','name':'bot','scopes':['messages'],'ttl_s':86400"), "token",
          token, sizeof token);
    assert_ack(ask_conv(a, "room_invite", room, ",'uses':1"));
    assert_int_equal(send_text(a, room, "before"), 1);
    world_jump(w, by);
    assert_int_equal(send_text(a, room, "meanwhile"), 2);
    world_pass(w, 25 * MINUTE); /* time to look for what is too old, twice */
    a = device(w, MINA);        /* still signed in */
    struct client *bot = client_new(w);
    assert_ack(ask(bot, "'type':'hello','v':1,'api_token':'%s'", token));
    confirm_mark(w->d, MINA, false);
    assert_ack(ask(
        a, "'type':'token_make','name':'more','scopes':['calls']")); /* deletes what has ended */
    assert_ack(ask_conv(a, "room_invite", room, ",'uses':1"));
    world_jump(w, -by);
    world_pass(w, 25 * MINUTE);
    a = device(w, MINA);
    const char *all = ask_conv(a, "history", room, ",'limit':50");
    assert_has(all, "'text':'before'");
    assert_has(all, "'text':'meanwhile'");
    assert_int_equal(send_text(a, room, "after"), 3);
    assert_has(ask(a, "'type':'tokens'"), "'name':'bot'");
    assert_has(ask_conv(a, "room_links", room, ""), "'uses_left':1");
    /* and time does pass: a month later what is old goes, and so does the token */
    for (int i = 0; i < 32; i++)
        world_pass(w, DAY);
    assert_false(has(ask_conv(a, "history", room, ",'limit':50"), "'text':'before'"));
    assert_error(ask(client_new(w), "'type':'hello','v':1,'api_token':'%s'", token),
                 "sign_in_required");
}

static void a_minute_in_2099(void **state)
{
    test_nothing_goes(state, 72 * 365 * DAYMS);
}

static void a_minute_in_1990(void **state)
{
    test_nothing_goes(state, -37 * 365 * DAYMS);
}

static void back_by_days(void **state)
{
    test_nothing_goes(state, -4 * DAYMS);
}

/* What is measured goes by the other clock. */
static void a_call_lasts_as_long_as_it_does(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    char id[B32_SIZE];
    value(ask(a, "'type':'call','to':'%s','video':false", id_text(JUN)), "call", id, sizeof id);
    const char *inner = strstr(told(b, "ring"), "\"call\":{");
    assert_non_null(inner);
    value(inner, "call", id, sizeof id);
    assert_ack(ask(b, "'type':'call_answer','call':'%s','video':false", id));
    world_pass(w, 10 * SECOND);
    world_jump(w, 3650 * DAYMS);
    world_pass(w, 9 * SECOND);
    assert_ack(ask(a, "'type':'call_end','call':'%s'", id));
    assert_has(ask(a, "'type':'calls'"), "'duration_ms':20000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_steps_are_followed),
        cmocka_unit_test(a_jump_is_believed_after_a_day),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_an_earlier_run_knew),
        cmocka_unit_test(a_first_start_without_a_clock),
        CALL_TEST(a_minute_in_2099),
        CALL_TEST(a_minute_in_1990),
        CALL_TEST(back_by_days),
        CALL_TEST(a_call_lasts_as_long_as_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
