/* Sessions: hello, names, resume, away, the end, the state table, rates. */
#include "domain_world.h"

#include "domain/session_fsm.h"

static void hello_is_answered(void **state)
{
    struct world *w = *state;
    struct client *c = client_new(w);
    const char *a = ask(c, "'type':'hello','v':1,'name':'  Mina  ','client':'test','extra':[1]");
    assert_ack(a);
    assert_has(a, "'name':'Mina'");
    assert_has(a, "'resume_s':30,'ping_s':20,'stun_port':3478,'server':'madang/test'");
    assert_has(a, "'limits':{'name':32,'chat':2000,'title':64,'message':70000,"
                  "'rooms_per_session':8,'mesh':4}");
    char token[32], sid[32], tag[8];
    assert_int_equal(strlen(value(a, "token", token, sizeof token)), TOKEN_TEXT_LEN);
    assert_int_equal(strlen(value(a, "session", sid, sizeof sid)), ID_TEXT_LEN);
    assert_string_equal(value(a, "tag", tag, sizeof tag), sid + ID_TEXT_LEN - 4);
}

static void names_are_made_up(void **state)
{
    struct world *w = *state;
    char name[80];
    struct client *c = client_new(w);
    assert_true(strlen(value(ask(c, "'type':'hello','v':1"), "name", name, sizeof name)) > 4);
    assert_true((unsigned char)name[0] < 0x80);
    c = client_new(w);
    value(ask(c, "'type':'hello','v':1,'lang':'ko','name':'   '"), "name", name, sizeof name);
    assert_true((unsigned char)name[0] >= 0xea); /* Hangul */
}

static void bad_hellos_are_refused(void **state)
{
    struct world *w = *state;
    struct client *c = client_new(w);
    assert_error(ask(c, "'type':'hello','v':2"), "version");
    assert_has(last(c), "'min':1,'max':1");
    assert_error(ask(c, "'type':'hello','v':1,'name':'a\\u202eb'"), "bad_name");
    assert_error(ask(c, "'type':'hello'"), "bad_request");
    assert_has(last(c), "'field':'v'");
    assert_int_equal(c->session, 0);
}

static void sessions_have_a_cap(void **state)
{
    struct world *w = *state;
    w->cfg.max_sessions = 2;
    world_again(w);
    hello(w, "a");
    struct client *b = hello(w, "b");
    struct client *c = client_new(w);
    assert_error(ask(c, "'type':'hello','v':1"), "busy");
    assert_has(last(c), "'retry_ms':");
    say(b, "{\"type\":\"bye\"}");
    assert_int_equal(b->ended, ENDED_BYE + 1);
    assert_ack(ask(c, "'type':'hello','v':1"));
    assert_int_equal(c->slot, b->slot); /* slots are used again */
}

static void hello_has_a_rate_per_address(void **state)
{
    struct world *w = *state;
    w->cfg.hello = (struct domain_rate){3, SECOND};
    world_again(w);
    w->addr_key = 11;
    for (int i = 0; i < 3; i++)
        hello(w, "x");
    struct client *c = client_new(w);
    assert_error(ask(c, "'type':'hello','v':1"), "rate");
    assert_has(last(c), "'retry_ms':1000");
    w->addr_key = 12; /* somebody else doesn't wait */
    hello(w, "y");
    w->addr_key = 11;
    world_pass(w, SECOND);
    hello(w, "z");
}

static void away_and_back(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, "");
    drain_all(w);
    lose_pipe(b);
    assert_has(next(a), "'type':'participant'");
    assert_has(a->log[a->seen - 1], "'away':true");
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.away, 1);
    world_pass(w, 29 * SECOND);
    ask(a, "'type':'chat','room':'%s','text':'missed'", room);
    drain(a);
    resume(b, b->token);
    assert_has(next(b), "'text':'missed'"); /* went into its outbox */
    assert_has(next(b), "'type':'resumed'");
    assert_has(next(a), "'away':false");
    domain_count(w->d, &n);
    assert_int_equal(n.away, 0);
    world_pass(w, 60 * SECOND);
    assert_int_equal(b->ended, 0);
}

static void away_for_too_long(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, "");
    lose_pipe(b);
    drain_all(w);
    world_pass(w, 30 * SECOND);
    assert_has(next(a), "'type':'left'");
    assert_has(a->log[a->seen - 1], "'reason':'gone','count':1");
    assert_int_equal(b->ended, ENDED_GONE + 1);
    resume(b, b->token);
    assert_error(last(b), "session_unknown");
}

static void a_wrong_token_changes_nothing(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *thief = client_new(w);
    create(a, room, "");
    join(b, room, "");
    drain_all(w);
    static const char *const tokens[] = {"", "x", "AAAAAAAAAAAAAAAAAAAAAA",
                                         "!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        resume(thief, tokens[i]);
        assert_error(next(thief), "session_unknown");
        assert_string_equal(next(thief), "");
    }
    assert_string_equal(next(a), "");
    assert_string_equal(next(b), "");
    struct session_ref ref;
    assert_false(domain_find_token(w->d, STR("AAAAAAAAAAAAAAAAAAAAAA"), &ref));
    assert_true(domain_find_token(w->d, str_from(b->token), &ref));
    assert_true(ref.id == b->session);
}

static void a_second_pipe_replaces_the_first(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, "");
    drain_all(w);
    uint64_t old = b->conn;
    resume(b, b->token);
    assert_has(next(b), "'type':'resumed'");
    struct cmd late = {.type = CMD_PIPE_LOST, .session = b->session, .conn = old};
    domain_cmd(w->d, w->now, w->wall, &late);
    assert_string_equal(next(a), ""); /* nobody notices: it was the old pipe */
    world_pass(w, 60 * SECOND);
    assert_int_equal(b->ended, 0);
}

static void resume_has_a_rate_and_a_version(void **state)
{
    struct world *w = *state;
    w->cfg.rates[RATE_RESUME] = (struct domain_rate){2, SECOND};
    world_again(w);
    struct client *a = hello(w, "a");
    resume(a, a->token);
    resume(a, a->token);
    resume(a, a->token);
    assert_error(last(a), "rate");
    struct cmd c = {.type = CMD_RESUME, .session = a->session, .conn = a->conn};
    c.u.resume.v = 9;
    domain_cmd(w->d, w->now, w->wall, &c);
    assert_error(last(a), "version");
}

static void overflow_ends(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, "");
    lose_pipe(b);
    drain_all(w);
    struct cmd c = {.type = CMD_OVERFLOW, .session = b->session};
    domain_cmd(w->d, w->now, w->wall, &c);
    assert_int_equal(b->ended, ENDED_OVERFLOW + 1);
    assert_has(next(b), "{'type':'ended','reason':'overflow'}");
    assert_has(next(a), "'reason':'gone'");
}

static void a_reload_takes_the_place(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *again = client_new(w);
    create(a, room, ",'capacity':2,'password':'pw'");
    join(b, room, ",'password':'pw'");
    assert_ack(ask(a, "'type':'room_set','room':'%s','locked':true", room));
    drain_all(w);
    char sid[B32_SIZE];
    memcpy(sid, a->sid, sizeof sid);
    /* full, locked, with a password: but it is the same person */
    const char *m = ask(again,
                        "'type':'hello','v':1,'name':'a','replaces':'%s',"
                        "'join':{'room':'%s'}",
                        a->token, room);
    assert_ack(m);
    assert_has(m, "'joined':{'room':{");
    assert_has(m, "'media':true}");
    assert_int_equal(a->ended, ENDED_REPLACED + 1);
    assert_has(next(a), "{'type':'ended','reason':'replaced'}");
    const char *left = next(b);
    assert_has(left, "'type':'left'");
    assert_has(left, sid);
    assert_has(left, "'reason':'replaced','count':1");
    const char *entered = next(b);
    assert_has(entered, "'type':'entered'");
    assert_has(entered, "'count':2,'replaces':'");
    assert_has(entered, sid);
    const char *changed = next(b); /* owns what it owned */
    assert_has(changed, "'type':'room_changed'");
    assert_has(changed, again->sid);
    assert_ack(ask(again, "'type':'room_set','room':'%s','locked':false", room));
}

static void a_reload_with_a_wrong_token(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = client_new(w);
    create(a, room, ",'password':'pw'");
    drain_all(w);
    const char *m = ask(b,
                        "'type':'hello','v':1,'replaces':'AAAAAAAAAAAAAAAAAAAAAA',"
                        "'join':{'room':'%s'}",
                        room);
    assert_ack(m);
    assert_has(m, "'join_error':{'code':'password_required'}");
    assert_string_equal(next(a), "");
    assert_int_equal(a->ended, 0);
}

static void a_reload_leaves_the_other_rooms(void **state)
{
    struct world *w = *state;
    char one[B32_SIZE], two[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *again = client_new(w);
    create(b, one, "");
    create(b, two, "");
    join(a, one, "");
    join(a, two, "");
    drain_all(w);
    ask(again, "'type':'hello','v':1,'replaces':'%s'", a->token);
    assert_has(next(b), "'reason':'replaced'");
    assert_has(next(b), "'reason':'replaced'");
    assert_string_equal(next(b), "");
}

static void hello_with_join_waits_for_the_password(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = client_new(w);
    create(a, room, ",'password':'pw'");
    drain_all(w);
    w->hold_jobs = true;
    assert_string_equal(ask(b, "'type':'hello','v':1,'join':{'room':'%s','password':'pw'}", room),
                        "");
    assert_error(ask(b, "'type':'watch','on':true"), "busy"); /* too early */
    say(b, "{\"type\":\"typing\",\"room\":\"0000000000000\",\"on\":true}");
    assert_string_equal(next(a), "");
    world_passwords(w, PASSWORD_OK);
    assert_has(answer_to(b, 1), "'joined':{");
    assert_has(next(a), "'type':'entered'");
    assert_ack(ask(b, "'type':'watch','on':true"));
}

static void a_pipe_lost_before_hello_is_answered(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *old = hello(w, "old"), *b = client_new(w);
    create(a, room, ",'password':'pw'");
    drain_all(w);
    w->hold_jobs = true;
    ask(b, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s','password':'pw'}", old->token,
        room);
    lose_pipe(b);
    assert_int_equal(b->ended, ENDED_NEW + 1);
    world_passwords(w, PASSWORD_OK);
    assert_string_equal(next(a), ""); /* nobody came, nobody was replaced */
    assert_int_equal(old->ended, 0);
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.sessions, 2);
    assert_int_equal(n.password_jobs, 0);
}

static void state_and_name_are_told(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, ",'mic':true");
    assert_has(last(a), "'mic':true,'cam':false");
    drain_all(w);
    assert_ack(ask(b, "'type':'state','cam':true,'screen':true"));
    assert_has(next(a), "'mic':true,'cam':true,'screen':true");
    assert_ack(ask(b, "'type':'state','cam':true")); /* nothing new: nothing told */
    assert_string_equal(next(a), "");
    assert_has(ask(b, "'type':'name','name':' \xe1\x84\x80\xe1\x85\xa1 '"),
               "'name':'\xea\xb0\x80'");
    assert_has(next(a), "'name':'\xea\xb0\x80'");
    assert_error(ask(b, "'type':'name','name':'\\u0007'"), "bad_name");
    assert_error(ask(b, "'type':'name','name':'123456789012345678901234567890123'"), "bad_name");
    assert_error(ask(b, "'type':'state','mic':1"), "bad_request");
    for (int i = 0; i < 2; i++)
        assert_ack(ask(b, "'type':'name','name':'n%d'", i));
    assert_error(ask(b, "'type':'name','name':'one more'"), "rate");
    world_pass(w, 5 * SECOND);
    assert_ack(ask(b, "'type':'name','name':'one more'"));
}

static void state_has_a_rate(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "a");
    for (int i = 0; i < 20; i++)
        assert_ack(ask(a, "'type':'state','mic':%s", i & 1 ? "true" : "false"));
    assert_error(ask(a, "'type':'state','mic':true"), "rate");
    assert_has(last(a), "'retry_ms':200");
}

static void every_pair_is_listed(void **state)
{
    (void)state;
    for (int s = 0; s < SESSION_STATES; s++) {
        for (int e = 0; e < SESSION_EVENTS; e++) {
            const struct session_step *step =
                session_fsm((enum session_state)s, (enum session_event)e);
            assert_true(step->listed);
            if (step->action == SACT_IGNORE)
                assert_int_equal(step->next, s);
            if (step->action == SACT_END)
                assert_int_equal(step->next, SESSION_ENDED);
        }
        assert_true(strlen(session_state_text((enum session_state)s)) > 0);
    }
}

static void visit_one(void *arg, const struct session_dump *s)
{
    assert_string_equal(s->state, "live");
    assert_true(s->name.n > 0);
    *(int *)arg += 1 + (int)s->rooms * 10;
}

static void visit_two(void *arg, const struct room_dump *r)
{
    assert_int_equal(r->view.count, 1);
    assert_true(r->people[0].session == r->view.owner);
    *(int *)arg += 100;
}

static void everything_can_be_looked_at(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a");
    hello(w, "b");
    create(a, room, "");
    int seen = 0;
    domain_visit(w->d, &(struct domain_visitor){visit_one, visit_two}, &seen);
    assert_int_equal(seen, 112);
    domain_visit(w->d, &(struct domain_visitor){NULL, visit_two}, &seen);
    assert_int_equal(seen, 212);
}

static void announcements_reach_all(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    struct cmd c = {.type = CMD_ANNOUNCE, .u.text = STR("soon")};
    domain_cmd(w->d, w->now, w->wall, &c);
    assert_string_equal(last(a),
                        "{\"type\":\"notice\",\"code\":\"announcement\",\"text\":\"soon\"}");
    assert_string_equal(last(b), last(a));
}

static void strange_commands_do_nothing(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "a");
    drain(a);
    struct cmd c = {.type = CMD_CHAT, .session = 12345, .id = 9};
    domain_cmd(w->d, w->now, w->wall, &c);
    c = (struct cmd){.type = CMD_PING, .session = a->session};
    domain_cmd(w->d, w->now, w->wall, &c);
    c.type = CMD_NONE;
    domain_cmd(w->d, w->now, w->wall, &c);
    domain_password(w->d, w->now, w->wall, &(struct password_answer){.job = 77});
    domain_stored(w->d, w->now, w->wall, &(struct store_answer){.ctx.session = a->session});
    assert_string_equal(next(a), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(hello_is_answered),
        WORLD_TEST(names_are_made_up),
        WORLD_TEST(bad_hellos_are_refused),
        WORLD_TEST(sessions_have_a_cap),
        WORLD_TEST(hello_has_a_rate_per_address),
        WORLD_TEST(away_and_back),
        WORLD_TEST(away_for_too_long),
        WORLD_TEST(a_wrong_token_changes_nothing),
        WORLD_TEST(a_second_pipe_replaces_the_first),
        WORLD_TEST(resume_has_a_rate_and_a_version),
        WORLD_TEST(overflow_ends),
        WORLD_TEST(a_reload_takes_the_place),
        WORLD_TEST(a_reload_with_a_wrong_token),
        WORLD_TEST(a_reload_leaves_the_other_rooms),
        WORLD_TEST(hello_with_join_waits_for_the_password),
        WORLD_TEST(a_pipe_lost_before_hello_is_answered),
        WORLD_TEST(state_and_name_are_told),
        WORLD_TEST(state_has_a_rate),
        WORLD_TEST(every_pair_is_listed),
        WORLD_TEST(everything_can_be_looked_at),
        WORLD_TEST(announcements_reach_all),
        WORLD_TEST(strange_commands_do_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
