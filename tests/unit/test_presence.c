/* Who is there: several devices, grace, modes, blocks, and how few events it takes to tell. */
#define CLIENTS_MAX 1300
#include "people_world.h"

enum { SOON = 200000, TELLING = 500000 };

static char seen_text[64];

/* "offline" with when it was. */
static const char *seen_at(int64_t ms)
{
    snprintf(seen_text, sizeof seen_text, "'offline','last_seen':%lld", (long long)ms);
    return seen_text;
}

static void coming_and_going(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    assert_has(watch(mina, JUN), "'people':[{'user':'0000000000002','presence':'offline',"
                                 "'last_seen':1000}]");
    struct client *jun = device(w, JUN);
    assert_not_told(mina);
    world_pass(w, SOON);
    assert_told(mina, JUN, "'online'");
    assert_has(watch(mina, JUN), "'presence':'online'}");
    world_pass(w, MINUTE);
    int64_t closed = w->wall;
    close_page(jun);
    world_pass(w, 5 * SECOND); /* the session is over */
    assert_int_equal(jun->session, 0);
    world_pass(w, 3 * SECOND - 1000);
    assert_not_told(mina);
    world_pass(w, 1000 + TELLING);
    assert_told(mina, JUN, seen_at(closed));
    assert_has(watch(mina, JUN), seen_at(closed));
}

static void a_reload_does_not_blink(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN);
    world_pass(w, SECOND);
    watch(mina, JUN);
    /* the new page names the old session */
    close_page(jun);
    world_pass(w, SECOND);
    struct client *again = client_new(w);
    again->browser = jun->browser;
    assert_ack(ask(again, "'type':'hello','v':1,'replaces':'%s'", jun->token));
    assert_int_equal(jun->session, 0);
    world_pass(w, 20 * SECOND);
    /* it is slow and does not: the old session is over before */
    close_page(again);
    world_pass(w, 7 * SECOND);
    assert_int_equal(again->session, 0);
    struct client *slow = client_new(w);
    slow->browser = jun->browser;
    assert_ack(ask(slow, "'type':'hello','v':1"));
    world_pass(w, 20 * SECOND);
    assert_not_told(mina);
    assert_has(watch(mina, JUN), "'presence':'online'");
}

static void a_lost_network_is_waited_for(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN);
    watch(mina, JUN);
    world_pass(w, SECOND);
    drain(mina);
    int64_t lost = w->wall;
    lose_pipe(jun);
    world_pass(w, 29 * SECOND);
    assert_not_told(mina);
    world_pass(w, SECOND + SOON);
    assert_told(mina, JUN, seen_at(lost)); /* 30 s are more than the grace */
}

static void who_signs_out_is_not_waited_for(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *phone = device(w, JUN), *desk = device(w, JUN);
    ask(mina, "'type':'people_watch','users':['%s','%s']", id_text(JUN), id_text(SORA));
    world_pass(w, SECOND);
    drain(mina);
    assert_ack(ask(phone, "'type':'account_end','others':true"));
    world_pass(w, SECOND);
    assert_int_equal(desk->session, 0);
    assert_not_told(mina);
    int64_t out = w->wall;
    ask(phone, "'type':'account_end','all':true");
    assert_int_equal(phone->session, 0);
    world_pass(w, SOON);
    assert_told(mina, JUN, seen_at(out));
    /* an account that ends is not kept for the sake of when it was seen */
    device(w, SORA);
    world_pass(w, SECOND);
    drain(mina);
    RUN(w, DB_USER_DISABLE, VAL_ID(SORA));
    domain_db(w->d, w->now, w->wall, &(struct db_answer){.status = DB_OK});
    world_settle(w);
    assert_null(user_find(w->d, SORA));
    world_pass(w, SOON);
    assert_told(mina, SORA, "'offline'");
    RUN(w, DB_USER_DISABLE, VAL_ID(JUN)); /* also when it was on its way out */
    domain_db(w->d, w->now, w->wall, &(struct db_answer){.status = DB_OK});
    world_settle(w);
    assert_null(user_find(w->d, JUN));
    world_pass(w, MINUTE);
}

/* `madang user` renames somebody while they are here. */
static void changes_from_outside(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    const char *e;
    device(w, JUN);
    watch(mina, JUN);
    world_pass(w, SECOND);
    drain(mina);
    RUN(w, DB_USER_SET_DISPLAY, VAL_ID(JUN), VAL_T(STR("Junior")), VAL_T(STR("junior\n")));
    RUN(w, DB_USER_SET_PRESENCE, VAL_ID(JUN), VAL_I(PRESENCE_MODE_DND));
    domain_db(w->d, w->now, w->wall, &(struct db_answer){.status = DB_OK});
    world_settle(w);
    world_pass(w, SECOND);
    assert_int_equal(told_times(mina, "person_changed", &e), 1);
    assert_has(e, "'display':'Junior'");
    assert_told(mina, JUN, "'dnd'");
}

static void several_devices(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *phone = device(w, JUN), *desk = device(w, JUN);
    watch(mina, JUN);
    world_pass(w, SECOND);
    drain(mina);
    say(phone, "{\"type\":\"idle\",\"on\":true}");
    world_pass(w, SECOND);
    assert_not_told(mina);
    say(desk, "{\"type\":\"idle\",\"on\":true}");
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'away'");
    say(phone, "{\"type\":\"idle\",\"on\":false}");
    say(phone, "{\"type\":\"idle\",\"on\":false}");
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'online'");
    close_page(phone); /* the one that was looked at is gone, the other one is idle */
    world_pass(w, 5 * SECOND + SOON);
    assert_told(mina, JUN, "'away'");
    struct client *tablet = device(w, JUN);
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'online'");
    say(tablet, "{\"type\":\"bye\"}");
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'away'");
    say(desk, "{\"type\":\"bye\"}");
    world_pass(w, 7 * SECOND);
    assert_not_told(mina); /* and stays so while it fades */
    world_pass(w, SECOND + TELLING);
    assert_told(mina, JUN, seen_at(w->wall - 8500));
}

static void modes(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN), *other = device(w, JUN);
    watch(mina, JUN);
    world_pass(w, SECOND);
    drain_all(w);
    assert_ack(ask(jun, "'type':'presence','mode':'dnd'"));
    assert_has(next(other), "{'type':'me','user':{");
    assert_has(last(other), "'mode':'dnd'");
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'dnd'");
    assert_int_equal(stored(w, JUN, COLUMN_PRESENCE), PRESENCE_MODE_DND);
    int64_t hid = w->wall;
    assert_ack(ask(jun, "'type':'presence','mode':'invisible'"));
    world_pass(w, SECOND);
    assert_told(mina, JUN, seen_at(hid));
    /* whatever they do, nobody sees it */
    world_pass(w, MINUTE);
    say(jun, "{\"type\":\"bye\"}");
    close_page(other);
    world_pass(w, MINUTE);
    struct client *back = device(w, JUN);
    assert_has(answer_to(back, 1), "'mode':'invisible'");
    world_pass(w, MINUTE);
    assert_not_told(mina);
    assert_has(watch(mina, JUN), seen_at(hid));
    assert_int_equal(stored(w, JUN, COLUMN_LAST_SEEN), hid);
    assert_ack(ask(back, "'type':'presence','mode':'auto'"));
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'online'");
    assert_error(ask(back, "'type':'presence','mode':'ghost'"), "bad_request");
    w->db.fail = DB_FULL;
    assert_error(ask(back, "'type':'presence','mode':'dnd'"), "store_full");
    world_pass(w, SECOND);
    assert_not_told(mina);
}

static void a_mode_survives_a_restart(void **state)
{
    struct world *w = *state;
    assert_ack(ask(device(w, JUN), "'type':'presence','mode':'invisible'"));
    world_again(w);
    struct client *mina = device(w, MINA);
    device(w, JUN);
    assert_has(watch(mina, JUN), "'presence':'offline'");
}

static void in_a_call(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN), *sora = device(w, SORA);
    char call[B32_SIZE];
    ask(mina, "'type':'people_watch','users':['%s','%s']", id_text(JUN), id_text(SORA));
    world_pass(w, SECOND);
    drain_all(w);
    const char *a = ask(jun, "'type':'call','to':'%s','video':false", id_text(SORA));
    assert_ack(a);
    value(a, "call\":{\"call", call, sizeof call);
    world_pass(w, SECOND);
    assert_not_told(mina); /* it rings, and is nobody's business */
    assert_ack(ask(sora, "'type':'call_answer','call':'%s','video':false", call));
    world_pass(w, SECOND);
    const char *e;
    assert_int_equal(told_times(mina, "presence", &e), 1);
    assert_has(e, "{'user':'0000000000002','presence':'call'}");
    assert_has(e, "{'user':'0000000000003','presence':'call'}");
    drain(mina);
    assert_ack(ask(jun, "'type':'presence','mode':'dnd'"));
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'dnd'"); /* what they say of themselves comes first */
    assert_ack(ask(sora, "'type':'call_end','call':'%s'", call));
    world_pass(w, SECOND);
    assert_told(mina, SORA, "'online'");
}

static void a_block_is_seen_at_once_and_says_nothing(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN);
    watch(mina, JUN);
    watch(jun, MINA);
    world_pass(w, SECOND);
    drain_all(w);
    int64_t blocked = w->wall;
    assert_ack(ask(jun, "'type':'block','user':'%s','on':true", id_text(MINA)));
    world_pass(w, SOON);
    assert_told(mina, JUN, seen_at(blocked + 200)); /* as if they had left then */
    assert_told(jun, MINA, "'offline'");
    assert_has(ask(mina, "'type':'person','user':'%s'", id_text(JUN)),
               "'presence':'offline','last_seen':1800000001000,'favourite':false,'blocked':false}");
    /* nothing that they do is seen any more, live or by asking again */
    world_pass(w, MINUTE);
    ask(jun, "'type':'presence','mode':'dnd'");
    struct client *more = device(w, JUN);
    world_pass(w, SECOND);
    say(more, "{\"type\":\"bye\"}");
    say(jun, "{\"type\":\"bye\"}");
    world_pass(w, MINUTE);
    assert_not_told(mina);
    assert_has(watch(mina, JUN), seen_at(blocked));
    /* and taken back */
    jun = device(w, JUN);
    watch(jun, MINA);
    world_pass(w, SECOND);
    assert_not_told(mina);
    assert_ack(ask(jun, "'type':'block','user':'%s','on':false", id_text(MINA)));
    assert_ack(ask(jun, "'type':'presence','mode':'auto'"));
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'online'");
    assert_told(jun, MINA, "'online'");
}

static void last_seen_is_of_who_shows_theirs(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *sora = device(w, SORA);
    const char *both = "'presence':'offline','last_seen':1000}";
    assert_has(watch(mina, JUN), both);
    assert_has(watch(sora, JUN), both);
    assert_ack(ask(mina, "'type':'account_set','settings':{'last_seen':false}"));
    assert_has(watch(mina, JUN), "'presence':'offline'}]");
    assert_has(ask(mina, "'type':'person','user':'%s'", id_text(JUN)),
               "'presence':'offline','favourite'");
    assert_has(watch(sora, JUN), both);
    struct client *jun = device(w, JUN);
    assert_ack(ask(jun, "'type':'account_set','settings':{'last_seen':false}"));
    world_pass(w, SECOND);
    drain_all(w);
    say(jun, "{\"type\":\"bye\"}");
    world_pass(w, MINUTE);
    assert_told(sora, JUN, "'offline'");
    assert_has(watch(sora, JUN), "'presence':'offline'}]");
}

static void seen_is_written_lazily(void **state)
{
    struct world *w = *state;
    struct client *jun = device(w, JUN);
    say(jun, "{\"type\":\"bye\"}");
    world_pass(w, 20 * SECOND);
    struct client *again = device(w, JUN); /* a blink that is never written */
    world_pass(w, MINUTE);
    assert_int_equal(stored(w, JUN, COLUMN_LAST_SEEN), 1000);
    say(again, "{\"type\":\"bye\"}");
    int64_t gone = w->wall;
    world_pass(w, 8 * SECOND + 29 * SECOND);
    assert_int_equal(stored(w, JUN, COLUMN_LAST_SEEN), 1000);
    assert_non_null(user_find(w->d, JUN));
    world_pass(w, 2 * SECOND);
    assert_int_equal(stored(w, JUN, COLUMN_LAST_SEEN), gone);
    assert_null(user_find(w->d, JUN)); /* nobody needs them any more */
    /* who stays for long is written now and then, for the case that the server ends without a word */
    device(w, SORA);
    world_pass(w, 10 * MINUTE + SECOND);
    assert_in_range(w->wall - stored(w, SORA, COLUMN_LAST_SEEN), 0, 2000);
}

static void after_a_start_nobody_blinks(void **state)
{
    struct world *w = *state;
    domain_start(w->d, w->now, w->wall);
    struct client *mina = device(w, MINA);
    device(w, SORA);
    const char *a = ask(mina, "'type':'people_watch','users':['%s','%s','%s']", id_text(SORA),
                        id_text(JUN), id_text(HANA));
    assert_has(a, "'people':[{'user':'0000000000003','presence':'online'}]");
    assert_has(ask(mina, "'type':'person','user':'%s'", id_text(JUN)),
               "'avatar':0,'favourite':false");
    world_pass(w, 5 * SECOND);
    device(w, JUN);
    world_pass(w, SECOND);
    assert_told(mina, JUN, "'online'");
    world_pass(w, 3 * SECOND);
    assert_not_told(mina);
    world_pass(w, SECOND + TELLING);
    assert_told(mina, HANA, seen_at(1000)); /* now it is sure */
    assert_has(ask(mina, "'type':'person','user':'%s'", id_text(HANA)), seen_at(1000));
}

/* A block and being invisible look like being late, too. */
static void after_a_start_nothing_shows_a_block(void **state)
{
    struct world *w = *state;
    RUN(w, DB_BLOCK_ON, VAL_ID(JUN), VAL_ID(MINA), VAL_I(500));
    RUN(w, DB_USER_SET_PRESENCE, VAL_ID(SORA), VAL_I(PRESENCE_MODE_INVISIBLE));
    domain_start(w->d, w->now, w->wall);
    device(w, JUN);
    device(w, SORA);
    struct client *mina = device(w, MINA);
    assert_has(ask(mina, "'type':'people_watch','users':['%s','%s','%s']", id_text(SORA),
                   id_text(JUN), id_text(HANA)),
               "'people':[]");
    world_pass(w, 11 * SECOND);
    const char *e;
    assert_int_equal(told_times(mina, "presence", &e), 1);
    assert_has(e, "{'user':'0000000000003','presence':'offline','last_seen':1000}");
    assert_has(e, "{'user':'0000000000002','presence':'offline','last_seen':500}");
    assert_has(e, "{'user':'0000000000004','presence':'offline','last_seen':1000}");
}

static void a_new_name_is_told_to_watchers(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *sora = device(w, SORA), *hana = device(w, HANA);
    struct client *jun = device(w, JUN);
    const char *e;
    assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true", id_text(JUN)));
    assert_ack(ask(jun, "'type':'block','user':'%s','on':true", id_text(HANA)));
    watch(mina, JUN);
    watch(hana, JUN);
    world_pass(w, SECOND);
    drain_all(w);
    assert_ack(ask(jun, "'type':'account_set','display':'박준서'"));
    world_pass(w, SECOND);
    assert_int_equal(told_times(mina, "person_changed", &e), 1);
    assert_has(e, "'person':{'user':'0000000000002','name':'jun','display':'박준서','avatar':0,"
                  "'presence':'online','favourite':true,'blocked':false}}");
    assert_int_equal(told_times(sora, "person_changed", &e), 0);
    assert_int_equal(told_times(hana, "person_changed", &e), 0);
    assert_int_equal(told_times(jun, "person_changed", &e), 0);
    assert_has(ask(sora, "'type':'people','query':'준서'"), "'display':'박준서'");
}

/* ---- how few events it takes ---- */

enum { CROWD = 1000, FIRST = 5000 };

static void a_thousand_come_in_a_second(void **state)
{
    struct world *w = *state;
    static char list[CROWD * 20];
    struct client *watchers[5];
    struct client *crowd[CROWD];
    char name[32];
    for (int i = 0; i < CROWD; i++) {
        snprintf(name, sizeof name, "crowd%d", i);
        put_person(w, (uint64_t)(FIRST + i), name, name);
    }
    for (int i = 0; i < 5; i++) {
        size_t n = 0;
        watchers[i] = device(w, MINA);
        for (int k = 0; k < 200; k++)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s'%s'", k ? "," : "",
                                  id_text((uint64_t)(FIRST + 200 * i + k)));
        assert_ack(ask(watchers[i], "'type':'people_watch','users':[%s]", list));
    }
    drain_all(w);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = device(w, (uint64_t)(FIRST + (i * 7) % CROWD));
        world_pass(w, SECOND / CROWD);
    }
    world_pass(w, SECOND);
    for (int i = 0; i < 5; i++) {
        const char *e;
        unsigned people = 0, n = told_times(watchers[i], "presence", &e);
        assert_in_range(n, 1, 4); /* not two hundred */
        for (size_t m = watchers[i]->seen; m < watchers[i]->n_log; m++)
            for (const char *p = watchers[i]->log[m]; (p = strstr(p, "\"online\"")) != NULL; p++)
                people++;
        assert_int_equal(people, 200);
    }
    /* they leave together; all of it is written */
    for (int i = 0; i < CROWD; i++)
        say(crowd[i], "{\"type\":\"bye\"}");
    drain_all(w);
    int64_t gone = w->wall;
    world_pass(w, MINUTE);
    for (int i = 0; i < 5; i++) {
        const char *e;
        assert_in_range(told_times(watchers[i], "presence", &e), 1, 4);
        assert_has(e, seen_at(gone));
    }
    for (int i = 0; i < CROWD; i += 111)
        assert_int_equal(stored(w, (uint64_t)(FIRST + i), COLUMN_LAST_SEEN), gone);
    assert_int_equal(w->d->users.n, 1); /* MINA */
}

/* Who blinks all the time costs a watcher two events a second. */
static void blinking_is_collected(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN);
    const char *e;
    w->cfg.rates[RATE_PEOPLE] = (struct domain_rate){0, 0};
    watch(mina, JUN);
    world_pass(w, SECOND);
    drain_all(w);
    for (int i = 0; i < 1000; i++) {
        say(jun, i % 2 ? "{\"type\":\"idle\",\"on\":false}" : "{\"type\":\"idle\",\"on\":true}");
        world_pass(w, SECOND / 100);
    }
    assert_in_range(told_times(mina, "presence", &e), 0, 21);
}

/* ---- those who mean no good ---- */

static void lists_of_all_kinds(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    static char list[8000];
    size_t n = 0;
    device(w, JUN);
    for (int k = 0; k < 201; k++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s'%s'", k ? "," : "",
                              id_text((uint64_t)(FIRST + k)));
    assert_error(ask(mina, "'type':'people_watch','users':[%s]", list), "too_long");
    assert_error(ask(mina, "'type':'people_watch'"), "bad_request");
    assert_error(ask(mina, "'type':'people_watch','users':'all'"), "bad_request");
    /* what is no id, who is nobody, who comes twice, oneself */
    assert_has(ask(mina, "'type':'people_watch','users':['x','%s','%s','%s','%s']", id_text(NOBODY),
                   id_text(JUN), id_text(JUN), id_text(MINA)),
               "'people':[{'user':'000000000003"
               "3','presence':'offline'},{'user':'0000000000002','presence':'online'},"
               "{'user':'0000000000001','presence':'online'}]");
    struct domain_counts counts;
    domain_count(w->d, &counts);
    assert_int_equal(counts.people_pairs, 3);
    assert_has(ask(mina, "'type':'people_watch','users':[]"), "'people':[]");
    domain_count(w->d, &counts);
    assert_int_equal(counts.people_pairs, 0);
    watch(mina, JUN);
    say(mina, "{\"type\":\"bye\"}");
    domain_count(w->d, &counts);
    assert_int_equal(counts.people_pairs, 0);
}

static void answers_that_come_late(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    w->db.hold = true;
    watch(mina, JUN); /* and another list before its answer */
    int64_t first = mina->next_id - 1;
    watch(mina, SORA);
    w->db.hold = false;
    world_settle(w);
    assert_has(answer_to(mina, first), "'user':'0000000000002'");
    struct client *jun = device(w, JUN);
    device(w, SORA);
    world_pass(w, SECOND);
    assert_told(mina, SORA, "'online'");
    w->db.hold =
        true; /* somebody changes while the answer is on its way: it says so, and nothing else does */
    watch(mina, JUN);
    int64_t id = mina->next_id - 1;
    say(jun, "{\"type\":\"idle\",\"on\":true}");
    world_pass(w, SECOND);
    w->db.hold = false;
    world_settle(w);
    world_pass(w, SECOND);
    assert_has(answer_to(mina, id), "'presence':'away'");
    assert_not_told(mina);
    w->db.fail = DB_BUSY;
    assert_error(watch(mina, JUN), "store_busy");
    struct domain_counts counts;
    domain_count(w->d, &counts);
    assert_int_equal(counts.people_pairs, 0);
    w->db.fail = DB_OK;
    w->db.hold = true; /* gone before its answer */
    watch(mina, JUN);
    say(mina, "{\"type\":\"bye\"}");
    w->db.hold = false;
    world_settle(w);
}

static void guests_are_told_nothing(void **state)
{
    struct world *w = *state;
    struct client *g = hello(w, "guest");
    static const char *const all[] = {
        "'type':'people'",
        "'type':'person','name':'mina'",
        "'type':'people_watch','users':[]",
        "'type':'favourite','user':'0000000000001','on':true",
        "'type':'block','user':'0000000000001','on':true",
        "'type':'presence','mode':'dnd'",
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        assert_error(ask(g, "%s", all[i]), "sign_in_required");
    size_t n = g->n_log;
    say(g, "{\"type\":\"idle\",\"on\":true}");
    assert_int_equal(g->n_log, n);
}

static void asking_has_its_rate(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    int refused = 0;
    for (int i = 0; i < 60; i++)
        refused += has(ask(mina, "'type':'people_watch','users':[]"), "'code':'rate'");
    assert_int_equal(refused, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(coming_and_going),
        PEOPLE_TEST(a_reload_does_not_blink),
        PEOPLE_TEST(a_lost_network_is_waited_for),
        PEOPLE_TEST(who_signs_out_is_not_waited_for),
        PEOPLE_TEST(changes_from_outside),
        PEOPLE_TEST(several_devices),
        PEOPLE_TEST(modes),
        PEOPLE_TEST(a_mode_survives_a_restart),
        PEOPLE_TEST(in_a_call),
        PEOPLE_TEST(a_block_is_seen_at_once_and_says_nothing),
        PEOPLE_TEST(last_seen_is_of_who_shows_theirs),
        PEOPLE_TEST(seen_is_written_lazily),
        PEOPLE_TEST(after_a_start_nobody_blinks),
        PEOPLE_TEST(after_a_start_nothing_shows_a_block),
        PEOPLE_TEST(a_new_name_is_told_to_watchers),
        PEOPLE_TEST(a_thousand_come_in_a_second),
        PEOPLE_TEST(blinking_is_collected),
        PEOPLE_TEST(lists_of_all_kinds),
        PEOPLE_TEST(answers_that_come_late),
        PEOPLE_TEST(guests_are_told_nothing),
        PEOPLE_TEST(asking_has_its_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
