/* Scopes of relays: opened, told of parties, dropped and closed, each before clients can know. */
#include "domain_world.h"

static int relays_on(void **state)
{
    struct world *w = world_new();
    w->cfg.relays = true;
    memset(w->cfg.relay_key, 9, sizeof w->cfg.relay_key);
    world_again(w);
    *state = w;
    return 0;
}

#define RELAY_TEST(name) cmocka_unit_test_setup_teardown(name, relays_on, world_teardown)

struct trio {
    struct client *a, *b, *c; /* scopes 1, 2, 3 of one room */
    char room[B32_SIZE];
};

static struct trio trio(struct world *w)
{
    struct trio t = {hello(w, "a"), hello(w, "b"), hello(w, "c"), ""};
    create(t.a, t.room, "");
    join(t.b, t.room, "");
    join(t.c, t.room, "");
    assert_string_equal(relays(w), "open 1;open 2;open 3;");
    return t;
}

static const char *cand(struct client *from, const struct client *to, const char *room,
                        const char *body)
{
    return ask(from, "'type':'cand','room':'%s','to':'%s','conn':'m'\n%s", room, to->sid, body);
}

static const char *desc(struct client *from, const struct client *to, const char *room,
                        const char *body)
{
    return ask(from, "'type':'desc','kind':'offer','room':'%s','to':'%s','conn':'m'\n%s", room,
               to->sid, body);
}

#define CAND(host) "a=candidate:1 1 udp 1 " host " 9 typ host\r\n"

static void what_is_signalled_is_known_before_it_arrives(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    assert_ack(cand(t.a, t.b, t.room, CAND("192.0.2.7")));
    assert_string_equal(relays(w), "party 1 of 2 192.0.2.7;send;");
    assert_ack(desc(t.b, t.a, t.room,
                    "v=0\r\nc=IN IP4 198.51.100.1\r\na=ice-ufrag:u\r\na=ice-pwd:pwd1\r\n" CAND(
                        "2001:db8::5") CAND("192.0.2.9") CAND("2001:db8::5")));
    assert_string_equal(relays(w), "party 2 of 1 pwd pwd1 2001:db8::5 192.0.2.9;send;");
    assert_ack(desc(t.b, t.c, t.room, "v=0\r\na=ice-pwd:pwd2\r\n"));
    assert_string_equal(relays(w), "party 2 of 3 pwd pwd2;send;");
}

static void only_addresses_of_candidates_count(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    static const char *const nothing[] = {
        "a=ice-ufrag:u\r\n",         "a=end-of-candidates\r\n",
        "c=IN IP4 198.51.100.1\r\n", CAND("0b2c3f4e-1111-2222-3333-444455556666.local"),
        CAND("example.org"),         CAND("192.0.2.7:80"),
        CAND("[2001:db8::1]"),       CAND("fe80::1%1"),
        CAND("192.0.2.07"),          CAND("1.2.3"),
        "a=madang-instance:x\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        assert_ack(cand(t.a, t.b, t.room, nothing[i]));
        assert_string_equal(relays(w), "send;");
    }
    assert_ack(cand(t.a, t.b, t.room,
                    "a=candidate:1 1 udp 1 192.0.2.1 9 typ srflx raddr 192.0.2.2 rport 9\r\n"));
    assert_string_equal(relays(w), "party 1 of 2 192.0.2.1;send;");
    char pwd[300];
    snprintf(pwd, sizeof pwd, "a=ice-pwd:%0257d\r\n", 0);
    assert_ack(cand(t.a, t.b, t.room, pwd)); /* longer than one can be */
    assert_string_equal(relays(w), "send;");
    ask(t.a, "'type':'desc','kind':'rollback','room':'%s','to':'%s','conn':'m'", t.room, t.b->sid);
    assert_string_equal(relays(w), "send;");
}

static void nothing_is_known_of_what_was_refused(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    struct client *d = hello(w, "d");
    assert_error(cand(d, t.a, t.room, CAND("192.0.2.7")), "not_in_room");
    assert_error(cand(t.a, d, t.room, CAND("192.0.2.7")), "peer_unknown");
    assert_error(cand(t.a, t.a, t.room, CAND("192.0.2.7")), "peer_unknown");
    assert_string_equal(relays(w), "");
}

static void who_leaves_is_dropped_where_it_was_known(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    cand(t.a, t.b, t.room, CAND("192.0.2.7"));
    cand(t.a, t.b, t.room, CAND("192.0.2.8"));
    cand(t.b, t.a, t.room, CAND("192.0.2.9"));
    relays(w);
    ask(t.a, "'type':'leave','room':'%s'", t.room);
    assert_string_equal(relays(w), "drop 1 of 2;close 1;");
    ask(t.b, "'type':'leave','room':'%s'", t.room); /* nobody is left who knew it */
    assert_string_equal(relays(w), "close 2;");
    join(t.a, t.room, "");
    assert_string_equal(relays(w), "open 4;");
}

static void every_end_closes(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    char other[B32_SIZE];
    create(t.b, other, "");
    assert_string_equal(relays(w), "open 4;");
    say(t.b, "{\"type\":\"bye\"}");
    assert_string_equal(relays(w), "close 4;close 2;");
    ask(t.a, "'type':'room_remove','room':'%s','session':'%s'", t.room, t.c->sid);
    assert_string_equal(relays(w), "close 3;");
    lose_pipe(t.a); /* comes back in time, then does not */
    world_pass(w, 10 * SECOND);
    resume(t.a, t.a->token);
    assert_string_equal(relays(w), "");
    lose_pipe(t.a);
    world_pass(w, 31 * SECOND);
    assert_string_equal(relays(w), "close 1;");
    assert_int_equal(w->scopes.n_open, 0);
}

static void a_new_session_in_ones_place_has_a_scope_of_its_own(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    struct client *again = client_new(w);
    cand(t.a, t.b, t.room, CAND("192.0.2.7"));
    relays(w);
    const char *m =
        ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}", t.a->token, t.room);
    assert_has(m, "'relay':{'username':'");
    assert_string_equal(relays(w), "open 4;drop 1 of 2;close 1;");
}

static void a_merge_takes_scopes_along(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    struct client *d = hello(w, "d");
    char into[B32_SIZE];
    create(d, into, "");
    join(t.a, into, ""); /* a is in both */
    assert_string_equal(relays(w), "open 4;open 5;");
    cand(t.a, t.b, t.room, CAND("192.0.2.7"));
    cand(t.b, t.c, t.room, CAND("192.0.2.8"));
    cand(t.c, t.b, t.room, CAND("192.0.2.9"));
    char mine[40];
    value(answer_to(t.b, 2), "username", mine, sizeof mine);
    relays(w);
    drain_all(w);
    assert_ack(ask(t.a, "'type':'room_merge','room':'%s','into':'%s'", t.room, into));
    assert_string_equal(relays(w), "drop 1 of 2;close 1;");
    const char *merged = next(t.b);
    assert_has(merged, "'type':'merged'");
    assert_has(merged, mine); /* the same credential */
    cand(d, t.c, into, CAND("192.0.2.10"));
    assert_string_equal(relays(w), "party 4 of 3 192.0.2.10;send;");
    ask(t.b, "'type':'leave','room':'%s'", into); /* c knew it in the other room */
    assert_string_equal(relays(w), "drop 2 of 3;close 2;");
}

static void whom_the_other_room_does_not_let_in_is_closed(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    char into[B32_SIZE];
    create(t.a, into, "");
    join(t.b, into, "");
    ask(t.a, "'type':'room_remove','room':'%s','session':'%s'", into, t.b->sid);
    cand(t.b, t.c, t.room, CAND("192.0.2.8"));
    relays(w);
    assert_ack(ask(t.a, "'type':'room_merge','room':'%s','into':'%s'", t.room, into));
    assert_string_equal(relays(w), "close 1;drop 2 of 3;close 2;");
    assert_int_equal(w->scopes.n_open, 2); /* a and c */
}

static void many_come_and_go(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    for (int i = 0; i < 40; i++) {
        struct client *d = hello(w, "d");
        join(d, t.room, "");
        cand(t.a, d, t.room, CAND("192.0.2.7"));
        cand(d, t.a, t.room, CAND("192.0.2.8"));
        relays(w);
        if (i % 4)
            ask(d, "'type':'leave','room':'%s'", t.room);
        world_pass(w, SECOND);
    }
    relays(w);
    ask(t.a, "'type':'leave','room':'%s'", t.room);
    assert_int_equal(w->scopes.n_pairs, 0);
    const char *said = relays(w);
    unsigned drops = 0;
    while ((said = strstr(said, "drop 1 of ")) != NULL) {
        drops++;
        said++;
    }
    assert_int_equal(drops, 10);
}

static void credentials_come_with_what_is_joined(void **state)
{
    struct world *w = *state;
    struct trio t = trio(w);
    char name[40], password[40], other[40];
    const char *m = answer_to(t.b, 2);
    value(m, "username", name, sizeof name);
    value(m, "credential", password, sizeof password);
    value(answer_to(t.c, 2), "username", other, sizeof other);
    assert_string_not_equal(name, other);
    assert_has(answer_to(t.a, 2), "'relay':{'username':'");
    lose_pipe(t.b);
    resume(t.b, t.b->token);
    assert_string_equal(relays(w), "");
}

static void without_relays_there_is_nothing(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    char room[B32_SIZE];
    create(a, room, "");
    assert_false(has(answer_to(a, 2), "relay"));
    assert_false(has(join(b, room, ""), "relay"));
    assert_ack(desc(a, b, room, "v=0\r\na=ice-pwd:pwd1\r\n" CAND("192.0.2.1")));
    ask(a, "'type':'leave','room':'%s'", room);
    assert_string_equal(relays(w), "send;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RELAY_TEST(what_is_signalled_is_known_before_it_arrives),
        RELAY_TEST(only_addresses_of_candidates_count),
        RELAY_TEST(nothing_is_known_of_what_was_refused),
        RELAY_TEST(who_leaves_is_dropped_where_it_was_known),
        RELAY_TEST(every_end_closes),
        RELAY_TEST(a_new_session_in_ones_place_has_a_scope_of_its_own),
        RELAY_TEST(a_merge_takes_scopes_along),
        RELAY_TEST(whom_the_other_room_does_not_let_in_is_closed),
        RELAY_TEST(many_come_and_go),
        RELAY_TEST(credentials_come_with_what_is_joined),
        WORLD_TEST(without_relays_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
