/* What is kept of calls: history, missed ones, restarts, a store that refuses; and who may ask for what. */
#include "call_world.h"

static void history_of_both(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct talk t = talk(a, b, JUN);
    world_pass(w, 90 * SECOND);
    ask_call(a, "call_end", &t, "");
    t = talk_of(dial(a, JUN));
    world_pass(w, 5 * SECOND);
    ask_call(b, "call_decline", &t, ",'text':'later'");
    t = talk_of(dial(b, MINA));
    world_pass(w, 5 * SECOND);
    ask_call(b, "call_cancel", &t, "");
    dial(a, JUN);
    world_pass(w, 45 * SECOND);
    session_of(b)->user->mode = PRESENCE_MODE_DND;
    world_pass(w, 5 * SECOND);
    dial(a, JUN);

    const char *mine = ask(a, "'type':'calls'");
    const char *lines[] = {
        "'way':'out','outcome':'busy','reason':'dnd'",
        "'way':'out','outcome':'missed','reason':'no_answer'",
        "'way':'in','outcome':'missed','reason':'hangup'",
        "'way':'out','outcome':'declined','reason':'declined','text':'later'",
        ("'way':'out','outcome':'answered','reason':'hangup','started':1800000000000,"
         "'duration_ms':90000,'video':true,'seen':true"),
    };
    const char *at = mine;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) { /* the newest first */
        char want[256];
        snprintf(want, sizeof want, "%s", lines[i]);
        for (char *p = want; *p; p++)
            if (*p == '\'')
                *p = '"';
        at = strstr(at, want);
        if (!at)
            fail_msg("%s is not where it should be in: %s", want, mine);
    }
    assert_has(mine, "'with':{'user':'0000000000002','name':'jun','display':'jun','avatar':0}");
    const char *his = ask(b, "'type':'calls','limit':1");
    assert_has(his, "'way':'in','outcome':'missed','reason':'dnd'");
    assert_has(his, "'seen':false");
    assert_null(strstr(his, "no_answer"));
    his = ask(b, "'type':'calls','before':1800000000001");
    assert_has(his, "'outcome':'answered'");
    assert_null(strstr(his, "declined"));
    assert_has(ask(c, "'type':'calls'"), "'calls':[]");
    assert_error(ask(c, "'type':'calls','limit':0"), "bad_request");
    assert_error(ask(c, "'type':'calls','limit':101"), "bad_request");
}

static void missed_until_seen(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    for (int i = 1; i <= 2; i++) {
        struct talk t = talk_of(dial(a, JUN));
        drain_all(w);
        world_pass(w, SECOND);
        ask_call(a, "call_cancel", &t, "");
        assert_has(told(b, "badges"), i == 1 ? "'missed':1" : "'missed':2");
        assert_has(told(b2, "badges"), i == 1 ? "'missed':1" : "'missed':2");
        assert_string_equal(told(a, "badges"), "");
    }
    drain_all(w);
    assert_ack(ask(b, "'type':'calls_seen'"));
    assert_has(told(b, "badges"), "'missed':0");
    assert_has(told(b2, "badges"), "'missed':0");
    assert_null(strstr(ask(b, "'type':'calls'"), "\"seen\":false"));
}

static void how_it_was(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    struct talk t = talk(a, b, JUN);
    ask_call(a, "call_end", &t, "");
    assert_ack(ask_call(a, "call_quality", &t, ",'stars':4"));
    assert_error(ask_call(c, "call_quality", &t, ",'stars':1"), "call_unknown");
    assert_error(ask_call(a, "call_quality", &t, ",'stars':6"), "bad_request");
    assert_error(ask_call(a, "call_quality", &t, ",'stars':0"), "bad_request");
}

static void the_store_refuses(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    w->db.fail = DB_OK;
    struct talk t = talk(a, b, JUN);
    w->db.fail = DB_FULL; /* calls go on */
    world_pass(w, 60 * SECOND);
    assert_ack(ask_call(a, "call_hold", &t, ",'on':true"));
    assert_error(ask_call(a, "call_end", &t, ""), "store_full");
    assert_has(told(b, "call"), "'state':'ended'"); /* but it is over */
    assert_error(ask_call(b, "call_end", &t, ""), "call_over");
    assert_int_equal(w->d->calls.n, 1);
    world_pass(w, 300 * SECOND);
    w->db.fail = DB_OK;
    world_pass(w, 30 * SECOND); /* recorded at last, as it was */
    assert_int_equal(w->d->calls.n, 0);
    assert_has(ask(b, "'type':'calls'"), "'outcome':'answered','reason':'hangup'");
    assert_has(ask(b, "'type':'calls'"), "'duration_ms':60000");

    w->db.fail = DB_BUSY;
    assert_error(ask(b, "'type':'calls'"), "store_busy");
    assert_error(ask(b, "'type':'calls_seen'"), "store_busy");
    assert_error(dial(a, JUN), "store_busy");
    assert_error(ask_call(b, "call_back", &t, ""), "store_busy");
    assert_error(ask_call(b, "call_quality", &t, ",'stars':4"), "store_busy");
}

static void an_end_is_answered_when_it_is_recorded(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    w->db.hold = true;
    assert_string_equal(ask_call(a, "call_end", &t, ""), "");
    assert_has(told(b, "call"), "'state':'ended'");
    w->db.hold = false;
    world_settle(w);
    assert_ack(answer_to(a, a->next_id - 1));
}

static void somebody_is_deleted_meanwhile(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    w->db.fail = DB_CONFLICT; /* what the database says then */
    assert_ack(ask_call(a, "call_end", &t, ""));
    assert_int_equal(w->d->calls.n, 0); /* nothing is kept, or waits to be */
}

/* ---- the server restarts ---- */

static void restart(struct world *w)
{
    db_inline_answer(&w->db, world_db_answered, w);
    world_again(w);
}

static void talking_over_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    char ticket[2][2000], more[2100];
    pick_up(b, &t, "");
    value(join(a, t.room, ""), "ticket", ticket[0], sizeof ticket[0]);
    value(join(b, t.room, ""), "ticket", ticket[1], sizeof ticket[1]);
    world_pass(w, 130 * SECOND);
    restart(w);
    world_pass(w, 10 * SECOND);
    a = device(w, MINA);
    snprintf(more, sizeof more, ",'ticket':'%s'", ticket[0]);
    assert_ack(join(a, t.room, more));
    const char *ack = ask_call(a, "call_back", &t, "");
    assert_has(ack, "'state':'accepted'");
    assert_has(ack, "'started':1800000000000");
    assert_false(has(ack, "'group'"));
    assert_has(ack, "'lost':['0000000000002']");
    struct client *c = device(w, SORA);
    assert_error(ask_call(c, "call_back", &t, ""), "call_unknown");
    world_pass(w, 50 * SECOND);
    b = device(w, JUN);
    snprintf(more, sizeof more, ",'ticket':'%s'", ticket[1]);
    assert_ack(join(b, t.room, more));
    assert_false(has(ask_call(b, "call_back", &t, ""), "lost"));
    assert_int_equal(people_in(w, &t), 2);
    world_pass(w, 200 * SECOND); /* what was left open is closed: not this one */
    assert_int_equal(w->d->calls.n, 1);
    assert_ack(ask_call(b, "call_end", &t, ""));
    assert_has(told(a, "call"), "'reason':'hangup'");
    assert_has(ask(a, "'type':'calls'"), "'outcome':'answered','reason':'hangup'");
    assert_has(ask(a, "'type':'calls'"), "'duration_ms':390000");
    assert_error(ask_call(a, "call_back", &t, ""), "call_over");
    struct talk none = {.call = "000000000000z"};
    assert_error(ask_call(a, "call_back", &none, ""), "call_unknown");
}

#define YEARS (30 * 365 * INT64_C(86400000))

/* A minute of talk, a restart with a wall clock that is wrong by years, 10 s until they are back, 20 s more. */
static void a_clock_jumps_over_a_restart(void **state)
{
    struct world *w = *state;
    static const int64_t jumps[] = {YEARS, -YEARS};
    for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
        struct client *a = device(w, MINA), *b = device(w, JUN);
        struct talk t = talk(a, b, JUN);
        world_pass(w, 60 * SECOND);
        w->cfg.clock_ms = w->wall; /* what the store keeps of it */
        restart(w);
        w->wall += jumps[i];
        a = device(w, MINA);
        world_pass(w, 10 * SECOND);
        assert_ack(ask_call(a, "call_back", &t, ""));
        b = device(w, JUN);
        assert_ack(ask_call(b, "call_back", &t, ""));
        world_pass(w, 20 * SECOND);
        assert_ack(ask_call(b, "call_end", &t, ""));
        assert_has(ask(a, "'type':'calls','limit':1"), "'duration_ms':90000");
        w->wall -= jumps[i];
        world_pass(w, SECOND);
    }
}

/* What is known of the time may be an hour old, and the clock of a machine starts in 1970 after a power cut. */
static void a_clock_that_knows_little_after_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    world_pass(w, 1000 * SECOND);
    int64_t kept = w->d->steady - 900000;
    struct talk t = talk(a, b, JUN);
    world_pass(w, 65 * SECOND);
    w->cfg.clock_ms = kept;
    restart(w);
    w->wall -= YEARS;
    a = device(w, MINA);
    assert_ack(ask_call(a, "call_back", &t, ""));
    b = device(w, JUN);
    assert_ack(ask_call(b, "call_back", &t, ""));
    world_pass(w, 20 * SECOND);
    assert_ack(ask_call(b, "call_end", &t, ""));
    assert_has(ask(a, "'type':'calls','limit':1"),
               "'duration_ms':80000"); /* known to go on at 60 s */
}

/* It was wrong while they began to talk: no length below nothing. */
static void a_clock_that_was_wrong_before_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    w->wall += YEARS;
    struct talk t = talk(a, b, JUN);
    world_pass(w, 30 * SECOND);
    w->cfg.clock_ms = w->d->steady;
    restart(w);
    w->wall -= YEARS;
    a = device(w, MINA);
    assert_ack(ask_call(a, "call_back", &t, ""));
    b = device(w, JUN);
    assert_ack(ask_call(b, "call_back", &t, ""));
    world_pass(w, 20 * SECOND);
    assert_ack(ask_call(b, "call_end", &t, ""));
    assert_has(ask(a, "'type':'calls','limit':1"), "'duration_ms':20000");
}

static void nobody_comes_back_after_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    world_pass(w, 150 * SECOND); /* known to go on after 60 s and 120 s */
    restart(w);
    a = device(w, MINA);
    assert_has(ask(a, "'type':'calls'"), "'calls':[]"); /* not yet known to be over */
    world_pass(w, 120 * SECOND);
    assert_has(ask(a, "'type':'calls'"), "'outcome':'answered','reason':'restart'");
    assert_has(ask(a, "'type':'calls'"), "'duration_ms':120000");
    assert_error(ask_call(a, "call_back", &t, ""), "call_over");
}

static void only_one_comes_back_after_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    world_pass(w, 30 * SECOND);
    restart(w);
    a = device(w, MINA);
    assert_ack(ask_call(a, "call_back", &t, ""));
    world_pass(w, 60 * SECOND);
    assert_has(told(a, "call"), "'reason':'lost'");
    assert_has(ask(a, "'type':'calls'"), "'duration_ms':30000");
}

/* A block ends a call, also one that has not come back yet: for both of them. */
static void a_block_after_a_restart_ends_the_call(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk(a, b, JUN);
    world_pass(w, 30 * SECOND);
    restart(w);
    b = device(w, JUN);
    assert_ack(ask(b, "'type':'block','user':'%s','on':true", id_text(MINA)));
    a = device(w, MINA);
    assert_error(ask_call(a, "call_back", &t, ""), "call_over");
    assert_error(ask_call(b, "call_back", &t, ""), "call_over");
    assert_string_equal(told(b, "call"), "");
    assert_int_equal(w->d->calls.n, 0);
    assert_ack(ask(b, "'type':'block','user':'%s','on':false", id_text(MINA)));
    assert_ack(ask_call(a, "call_back", &t, "")); /* it was that alone */
}

static void what_rang_at_a_restart_was_missed(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    assert_has(told(b, "ring"), t.call);
    restart(w);
    world_pass(w, SECOND);
    b = device(w, JUN);
    const char *list = ask(b, "'type':'calls'");
    assert_has(list, "'outcome':'missed','reason':'restart'");
    assert_has(list, "'seen':false");
    a = device(w, MINA);
    assert_error(ask_call(a, "call_back", &t, ""), "call_over");
}

/* ---- who may ask for what ---- */

static void only_who_is_signed_in(void **state)
{
    struct world *w = *state;
    struct client *g = hello(w, "a guest");
    static const char *const requests[] = {
        "'type':'call','to':'0000000000001','video':true",
        "'type':'call_answer','call':'0000000000001','video':true",
        "'type':'call_decline','call':'0000000000001'",
        "'type':'call_cancel','call':'0000000000001'",
        "'type':'call_end','call':'0000000000001'",
        "'type':'call_hold','call':'0000000000001','on':true",
        "'type':'call_video','call':'0000000000001','on':true",
        "'type':'call_take','call':'0000000000001'",
        "'type':'call_invite','call':'0000000000001','to':'0000000000001'",
        "'type':'call_back','call':'0000000000001'",
        "'type':'call_quality','call':'0000000000001','stars':3",
        "'type':'calls'",
        "'type':'calls_seen'",
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        assert_error(ask(g, "%s", requests[i]), "sign_in_required");
}

static void calls_of_others(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *x = device(w, SORA);
    for (int answered = 0; answered < 2; answered++) {
        struct talk t = talk_of(dial(a, JUN));
        if (answered)
            pick_up(b, &t, "");
        struct {
            const char *type, *more;
        } requests[] = {
            {"call_answer", ",'video':true"},
            {"call_decline", ""},
            {"call_cancel", ""},
            {"call_end", ""},
            {"call_hold", ",'on':1"},
            {"call_hold", ",'on':true"},
            {"call_video", ",'on':true"},
            {"call_take", ""},
            {"call_back", ""},
            {"call_invite", ",'to':'0000000000004'"},
        };
        for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
            world_pass(w, SECOND);
            const char *answer = ask_call(x, requests[i].type, &t, requests[i].more);
            if (strstr(requests[i].more, ":1"))
                assert_error(answer, "bad_request");
            else
                assert_error(answer, "call_unknown");
        }
        assert_error(join(x, t.room, ""), "room_locked");
        assert_has(told(a, "call"), answered ? "'accepted'" : "");
        assert_int_equal(w->d->calls.n, 1);
        ask_call(a, "call_end", &t, "");
        world_pass(w, 30 * SECOND);
    }
}

static void calls_have_a_rate(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    for (int i = 0; i < 10; i++)
        assert_error(dial(a, NOBODY), "user_unknown");
    assert_error(dial(a, NOBODY), "rate");
    world_pass(w, 6 * SECOND);
    assert_ack(dial(a, JUN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(history_of_both),
        CALL_TEST(missed_until_seen),
        CALL_TEST(how_it_was),
        CALL_TEST(the_store_refuses),
        CALL_TEST(an_end_is_answered_when_it_is_recorded),
        CALL_TEST(somebody_is_deleted_meanwhile),
        CALL_TEST(talking_over_a_restart),
        CALL_TEST(a_clock_jumps_over_a_restart),
        CALL_TEST(a_clock_that_knows_little_after_a_restart),
        CALL_TEST(a_clock_that_was_wrong_before_a_restart),
        CALL_TEST(nobody_comes_back_after_a_restart),
        CALL_TEST(only_one_comes_back_after_a_restart),
        CALL_TEST(a_block_after_a_restart_ends_the_call),
        CALL_TEST(what_rang_at_a_restart_was_missed),
        CALL_TEST(only_who_is_signed_in),
        CALL_TEST(calls_of_others),
        CALL_TEST(calls_have_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
