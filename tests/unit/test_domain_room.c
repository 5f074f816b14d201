/* Rooms: making, joining, leaving, owners, locks, passwords, tickets, merging, the list, media. */
#include "domain_world.h"

static void create_answers_with_the_room(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "Mina");
    const char *m = ask(a, "'type':'create','title':'  Book   club ','mic':true");
    assert_has(m, "'title':'Book club','public':true,'password':false,'locked':false,"
                  "'capacity':100,'count':1,'owner':'");
    assert_has(m,
               "'name':'Mina','mic':true,'cam':false,'screen':false,'media':true,'away':false}]");
    assert_has(m, "'history':[],'ticket':'");
    assert_has(m, "'media':true}");
    ask(a, "'type':'create','media':false");
    assert_non_null(strstr(last(a), "\"title\":\"Mina's room\""));
    assert_has(last(a), "'media':false}");
}

static void create_is_refused(void **state)
{
    struct world *w = *state;
    w->cfg.max_rooms = 4;
    w->cfg.rooms_per_session = 3;
    world_again(w);
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    char room[B32_SIZE];
    assert_error(ask(a, "'type':'create','title':'a\\u200bb'"), "bad_title");
    assert_error(ask(a, "'type':'create','capacity':1"), "bad_request");
    assert_has(last(a), "'field':'capacity'");
    assert_error(ask(a, "'type':'create','capacity':1001"), "bad_request");
    for (int i = 0; i < 3; i++)
        create(a, room, "");
    assert_error(ask(a, "'type':'create'"), "rooms_cap");
    assert_error(join(a, "0000000000000", ""), "room_unknown");
    create(b, room, "");
    assert_error(ask(b, "'type':'create'"), "room_limit");
    assert_error(join(a, room, ""), "rooms_cap");
}

static void create_and_join_have_a_rate(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "a");
    for (int i = 0; i < 10; i++)
        assert_error(join(a, "0000000000001", ""), "room_unknown");
    assert_error(ask(a, "'type':'create'"), "rate");
    world_pass(w, SECOND);
    assert_ack(ask(a, "'type':'create'"));
}

static void joining_and_leaving_is_told(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    drain_all(w);
    assert_has(join(b, room, ""), "'count':2");
    assert_has(next(a), "{'type':'entered'");
    assert_has(last(a), "'name':'b'");
    assert_has(last(a), "'count':2}");
    assert_error(join(b, room, ""), "already_joined");
    assert_ack(ask(b, "'type':'leave','room':'%s'", room));
    assert_has(next(a), "{'type':'left'");
    assert_has(last(a), "'reason':'left','count':1}");
    assert_error(ask(b, "'type':'leave','room':'%s'", room), "not_in_room");
    assert_ack(ask(a, "'type':'leave','room':'%s'", room));
    assert_error(join(b, room, ""), "room_unknown"); /* empty rooms go away */
    assert_error(join(b, "not an id", ""), "room_unknown");
}

static void a_room_can_be_full(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, ",'capacity':2");
    assert_ack(join(b, room, ""));
    assert_error(join(c, room, ""), "room_full");
    assert_ack(ask(a, "'type':'room_set','room':'%s','capacity':3", room));
    assert_ack(join(c, room, ""));
}

static void passwords(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'password':'right'");
    assert_has(last(a), "'password':true");
    assert_error(join(b, room, ""), "password_required");
    assert_error(join(b, room, ",'password':'wrong'"), "password_wrong");
    assert_ack(join(b, room, ",'password':'right'"));
    ask(b, "'type':'leave','room':'%s'", room);
    drain_all(w);
    assert_ack(ask(a, "'type':'room_set','room':'%s','password':''", room));
    assert_has(last(a), "'type':'room_changed'");
    assert_has(last(a), "'password':false");
    assert_ack(join(b, room, ""));
    assert_ack(ask(a, "'type':'room_set','room':'%s','password':'new'", room));
    assert_has(last(b), "'password':true");
    char body[200];
    memset(body, 'x', sizeof body);
    body[129] = 0;
    assert_error(ask(a, "'type':'room_set','room':'%s','password':'%s'", room, body),
                 "bad_request");
    assert_has(last(a), "'field':'password'");
}

static void a_password_changes_while_it_is_checked(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'password':'old'");
    w->hold_jobs = true;
    assert_string_equal(join(b, room, ",'password':'old'"), "");
    ask(a, "'type':'room_set','room':'%s','password':''", room);
    ask(a, "'type':'room_set','room':'%s','password':'new'", room);
    /* the join's job is answered first, then the new password comes: still right */
    world_passwords(w, PASSWORD_OK);
    assert_ack(answer_to(b, 2));
    ask(b, "'type':'leave','room':'%s'", room);
    join(b, room, ",'password':'new'");
    struct held_job verify = w->jobs[0];
    w->n_jobs = 0;
    ask(a, "'type':'room_set','room':'%s','password':'newer'", room);
    world_passwords(w, PASSWORD_OK);
    w->jobs[w->n_jobs++] = verify; /* overtaken */
    world_passwords(w, PASSWORD_OK);
    assert_error(answer_to(b, 4), "password_wrong");
}

static void a_busy_password_thread(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.password_queue = 2;
    world_again(w);
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'password':'pw'");
    w->hold_jobs = true;
    for (int i = 0; i < 2; i++)
        assert_string_equal(ask(a, "'type':'create','password':'x'"), "");
    assert_error(ask(a, "'type':'create','password':'x'"), "busy");
    assert_error(join(b, room, ",'password':'pw'"), "busy");
    assert_error(ask(a, "'type':'room_set','room':'%s','password':'x'", room), "busy");
    world_passwords(w, PASSWORD_BUSY);
    assert_error(answer_to(a, 3), "busy");
    assert_error(answer_to(a, 4), "busy");
    assert_string_equal(join(b, room, ",'password':'pw'"), "");
    world_passwords(w, PASSWORD_BUSY);
    assert_error(last(b), "busy");
}

/* One address never fills the queue: half of it is for others. */
static void half_of_the_queue(void **state)
{
    struct world *w = *state;
    w->cfg.password_queue = 4;
    world_again(w);
    w->addr_key = 7;
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    w->addr_key = 8;
    struct client *c = hello(w, "c");
    w->hold_jobs = true;
    assert_string_equal(ask(a, "'type':'create','password':'x'"), "");
    assert_string_equal(ask(b, "'type':'create','password':'x'"), "");
    assert_error(ask(a, "'type':'create','password':'x'"), "busy");
    assert_error(ask(b, "'type':'create','password':'x'"), "busy");
    assert_string_equal(ask(c, "'type':'create','password':'x'"), "");
    world_passwords(w, PASSWORD_OK);
    assert_ack(last(c));
    assert_string_equal(ask(a, "'type':'create','password':'x'"), "");
    world_passwords(w, PASSWORD_OK);
    assert_ack(last(a));
}

static void gone_while_waiting(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, ",'password':'pw'");
    w->hold_jobs = true;
    join(b, room, ",'password':'pw'");
    join(c, room, ",'password':'pw'");
    ask(c, "'type':'create','password':'pw'");
    say(c, "{\"type\":\"bye\"}");               /* the session ends */
    ask(a, "'type':'leave','room':'%s'", room); /* the room ends */
    world_passwords(w, PASSWORD_OK);
    assert_error(answer_to(b, 2), "room_unknown");
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.rooms, 0);
    assert_int_equal(n.password_jobs, 0);
}

static void gone_while_the_store_works(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, "");
    w->hold_store = true;
    join(b, room, "");
    join(c, room, "");
    ask(a, "'type':'chat','room':'%s','text':'x'", room);
    say(c, "{\"type\":\"bye\"}");
    world_stores(w);
    assert_ack(answer_to(b, 2));
    assert_ack(answer_to(a, 3));
    assert_has(last(b), "'type':'chat'"); /* entered before the chat was stored */
    ask(a, "'type':'chat','room':'%s','text':'y'", room);
    ask(a, "'type':'leave','room':'%s'", room);
    ask(b, "'type':'leave','room':'%s'", room);
    world_stores(w);
    assert_ack(answer_to(a, 4));         /* nobody hears it any more, but it is answered */
    domain_stored(w->d, w->now, w->wall, /* a store that failed */
                  &(struct store_answer){.failed = true,
                                         .ctx = {.kind = 1, .session = a->session, .id = 99}});
    assert_error(last(a), "busy");
}

static void a_failing_store(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    w->hold_store = true;
    join(b, room, "");
    struct store_answer s;
    assert_true(mem_store_answer(w->ms, &s));
    s.failed = true;
    domain_stored(w->d, w->now, w->wall, &s);
    assert_error(last(b), "busy");
}

static void too_much_at_once(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.rooms_per_session = 2;
    world_again(w);
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'password':'pw'");
    w->hold_jobs = true;
    join(b, room, ",'password':'pw'");
    join(b, room, ",'password':'pw'");
    assert_error(join(b, room, ",'password':'pw'"), "busy");
    assert_error(ask(b, "'type':'create'"), "busy");
    world_passwords(w, PASSWORD_OK);
    assert_ack(answer_to(b, 2));
    assert_error(answer_to(b, 3), "already_joined");
}

static void locks_and_owners(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, "");
    join(b, room, "");
    assert_error(ask(b, "'type':'room_set','room':'%s','locked':true", room), "not_owner");
    assert_error(ask(c, "'type':'room_set','room':'%s','locked':true", room), "not_in_room");
    drain_all(w);
    const char *m = ask(a, "'type':'room_set','room':'%s','locked':true,'title':'New'", room);
    assert_has(m, "'title':'New'");
    assert_has(m, "'locked':true");
    assert_has(next(b), "{'type':'room_changed','room':{");
    assert_has(last(b), "'by':'");
    assert_has(last(b), a->sid);
    assert_error(join(c, room, ""), "room_locked");
    assert_error(ask(a, "'type':'room_set','room':'%s','title':''", room), "bad_title");
    assert_error(ask(a, "'type':'room_set','room':'%s','capacity':1", room), "bad_request");
    drain_all(w);
    assert_ack(ask(a, "'type':'room_set','room':'%s','locked':true", room));
    assert_string_equal(next(b), ""); /* nothing changed */
    ask(a, "'type':'leave','room':'%s'", room);
    assert_has(next(b), "'type':'left'");
    assert_has(next(b), "'type':'room_changed'");
    assert_has(last(b), "'by':null");
    assert_ack(ask(b, "'type':'room_set','room':'%s','locked':false", room));
    assert_ack(join(c, room, ""));
}

static void management_has_a_rate(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a");
    create(a, room, "");
    for (int i = 0; i < 20; i++)
        assert_ack(ask(a, "'type':'ticket','room':'%s'", room));
    assert_error(ask(a, "'type':'ticket','room':'%s'", room), "rate");
    assert_error(ask(a, "'type':'leave','room':'%s'", room), "rate");
}

static void removing(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], ticket[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, "");
    value(join(b, room, ""), "ticket", ticket, sizeof ticket);
    assert_error(ask(b, "'type':'room_remove','room':'%s','session':'%s'", room, a->sid),
                 "not_owner");
    assert_error(ask(a, "'type':'room_remove','room':'%s','session':'%s'", room, c->sid),
                 "peer_unknown");
    assert_error(ask(a, "'type':'room_remove','room':'%s','session':'%s'", room, a->sid),
                 "bad_request");
    assert_error(ask(c, "'type':'room_remove','room':'%s','session':'%s'", room, b->sid),
                 "not_in_room");
    drain_all(w);
    assert_ack(ask(a, "'type':'room_remove','room':'%s','session':'%s'", room, b->sid));
    assert_has(next(b), "'type':'left'");
    assert_has(last(b), "'reason':'removed','count':1");
    assert_error(join(b, room, ""), "removed");
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, ticket), "removed");
    assert_ack(join(c, room, ""));
    /* a reload does not help */
    struct client *again = client_new(w);
    assert_has(
        ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}", b->token, room),
        "'join_error':{'code':'removed'}");
    world_pass(w, 10 * MINUTE);
    assert_ack(join(again, room, ""));
}

static void bans_have_a_cap(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.bans_per_room = 2;
    world_again(w);
    struct client *a = hello(w, "a"), *v[3];
    create(a, room, "");
    for (int i = 0; i < 3; i++) {
        v[i] = hello(w, "v");
        join(v[i], room, "");
        ask(a, "'type':'room_remove','room':'%s','session':'%s'", room, v[i]->sid);
    }
    assert_error(join(v[2], room, ""), "removed");
    assert_error(join(v[1], room, ""), "removed");
    assert_ack(join(v[0], room, "")); /* the oldest gave way */
}

/* ---- tickets ---- */

static char *ticket_of(struct client *c, const char *room, char out[900])
{
    return value(ask(c, "'type':'ticket','room':'%s'", room), "ticket", out, 900);
}

static void tickets_survive_a_restart(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], ta[900], tb[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c;
    create(a, room, ",'title':'Kept','password':'pw','capacity':7");
    join(b, room, ",'password':'pw'");
    ask(a, "'type':'room_set','room':'%s','locked':true", room);
    ticket_of(a, room, ta);
    ticket_of(b, room, tb);
    world_again(w);
    a = client_new(w);
    b = client_new(w);
    c = hello(w, "stranger");
    assert_error(join(c, room, ",'password':'pw'"), "room_unknown");
    const char *m = ask(b, "'type':'hello','v':1,'join':{'room':'%s','ticket':'%s'}", room, tb);
    assert_has(m, "'title':'Kept','public':true,'password':true,'locked':true,'capacity':7,"
                  "'count':1,'owner':null");
    assert_error(ask(b, "'type':'room_set','room':'%s','locked':false", room), "not_owner");
    assert_error(join(c, room, ",'password':'pw'"), "room_locked");
    drain(b);
    m = ask(a, "'type':'hello','v':1,'join':{'room':'%s','ticket':'%s'}", room, ta);
    assert_has(m, "'count':2,'owner':'");
    assert_has(m, a->sid);
    assert_has(next(b), "'type':'entered'");
    assert_has(next(b), "'type':'room_changed'");
    assert_ack(ask(a, "'type':'room_set','room':'%s','locked':false", room));
    assert_error(join(c, room, ",'password':'no'"), "password_wrong");
    assert_ack(join(c, room, ",'password':'pw'"));
}

static void a_room_waits_for_its_owner(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], tb[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, "");
    join(b, room, "");
    ticket_of(b, room, tb);
    world_again(w);
    b = hello(w, "b");
    assert_ack(ask(b, "'type':'join','room':'%s','ticket':'%s'", room, tb));
    drain(b);
    world_pass(w, 29 * SECOND);
    assert_string_equal(next(b), "");
    world_pass(w, SECOND);
    assert_has(next(b), "'type':'room_changed'");
    assert_has(last(b), b->sid);
}

static void tickets_are_checked(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], other[B32_SIZE], t[900], forged[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'password':'pw'");
    create(b, other, "");
    ticket_of(a, room, t);
    memcpy(forged, t, sizeof forged);
    forged[30] = forged[30] == 'A' ? 'B' : 'A';
    struct client *c = hello(w, "c");
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, forged),
                 "password_required");
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'x'", room), "password_required");
    ticket_of(b, other, forged); /* of another room */
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, forged),
                 "password_required");
    assert_ack(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, t)); /* for the password */
    ask(c, "'type':'leave','room':'%s'", room);
    ask(a, "'type':'room_set','room':'%s','password':'other'", room);
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, t), "password_required");
    ticket_of(a, room, t);
    world_pass(w, 10 * MINUTE);
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, t), "password_required");
    world_again(w);
    c = hello(w, "c");
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, t), "room_unknown");
    w->cfg.ticket_key[0]++; /* another server's */
    w->wall -= 600000;
    world_again(w);
    c = hello(w, "c");
    assert_error(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, t), "room_unknown");
}

/* One who was removed comes first after a restart, with the ticket of before. */
static void a_later_ticket_wins(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], told[900], tnew[900], tmid[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, room, ",'title':'Old'");
    value(join(b, room, ""), "ticket", told, sizeof told);
    value(join(c, room, ""), "ticket", tmid, sizeof tmid);
    ask(a, "'type':'room_remove','room':'%s','session':'%s'", room, b->sid);
    ask(a, "'type':'room_set','room':'%s','locked':true,'title':'New','public':false", room);
    ticket_of(a, room, tnew);
    world_again(w);
    a = hello(w, "a");
    b = hello(w, "b");
    c = hello(w, "c");
    assert_has(ask(b, "'type':'join','room':'%s','ticket':'%s'", room, told), "'title':'Old'");
    assert_ack(ask(c, "'type':'join','room':'%s','ticket':'%s'", room, tmid));
    drain_all(w);
    assert_has(ask(a, "'type':'join','room':'%s','ticket':'%s'", room, tnew),
               "'title':'New','public':false,'password':false,'locked':true,'capacity':100,"
               "'count':1,'owner':'");
    assert_has(last(b), "'reason':'removed'");
    assert_has(last(c), "'reason':'removed'"); /* its ticket was of before the lock, too */
    assert_error(ask(b, "'type':'join','room':'%s','ticket':'%s'", room, told), "room_locked");
}

static void tickets_of_this_life_change_nothing(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], tb[900], tnow[900];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, room, ",'title':'Old'");
    join(b, room, "");
    ticket_of(b, room, tb);
    world_again(w);
    b = hello(w, "b");
    a = hello(w, "a");
    ask(b, "'type':'join','room':'%s','ticket':'%s'", room, tb);
    world_pass(w, 30 * SECOND); /* b owns it */
    ask(b, "'type':'room_set','room':'%s','title':'One'", room);
    value(join(a, room, ""), "ticket", tnow, sizeof tnow);
    ask(a, "'type':'leave','room':'%s'", room);
    ask(b, "'type':'room_set','room':'%s','title':'Two'", room);
    assert_has(ask(a, "'type':'join','room':'%s','ticket':'%s'", room, tnow), "'title':'Two'");
}

static void too_many_rooms_for_a_ticket(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], t[900], other[B32_SIZE];
    struct client *a = hello(w, "a");
    create(a, room, "");
    ticket_of(a, room, t);
    w->cfg.max_rooms = 1;
    world_again(w);
    a = hello(w, "a");
    create(a, other, "");
    assert_error(ask(a, "'type':'join','room':'%s','ticket':'%s'", room, t), "room_limit");
}

/* ---- merging ---- */

static void merging(void **state)
{
    struct world *w = *state;
    char from[B32_SIZE], into[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c"), *d = hello(w, "d");
    create(a, from, ",'title':'From'");
    create(c, into, ",'title':'Into'");
    join(b, from, "");
    join(d, from, "");
    join(d, into, "");
    join(a, into, "");
    ask(c, "'type':'chat','room':'%s','text':'hi'", into);
    drain_all(w);
    const char *m = ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into);
    assert_ack(m);
    const char *e = next(c);
    assert_has(e, "'type':'entered'");
    assert_has(e, "'name':'b'");
    assert_has(e, "'count':4");
    for (size_t i = 0; i < 2; i++) { /* those who were there, and publish there now */
        e = next(c);
        assert_has(e, "'type':'participant'");
        assert_has(e, i ? "'name':'d'" : "'name':'a'");
        assert_has(e, "'media':true");
    }
    e = next(b);
    assert_has(e, "{'type':'merged','from':'");
    assert_has(e, "'title':'Into'");
    assert_has(e, "'text':'hi'");
    assert_has(next(d), "'type':'entered'");
    assert_has(next(d), "'type':'merged'");
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.rooms, 1);
    assert_int_equal(n.participants, 4);
    assert_error(ask(a, "'type':'leave','room':'%s'", from), "not_in_room");
    assert_ack(ask(b, "'type':'chat','room':'%s','text':'x'", into));
}

static void merging_is_refused(void **state)
{
    struct world *w = *state;
    char from[B32_SIZE], into[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b"), *c = hello(w, "c");
    create(a, from, "");
    create(b, into, ",'capacity':2");
    join(c, from, "");
    assert_error(ask(c, "'type':'room_merge','room':'%s','into':'%s'", from, into), "not_owner");
    assert_error(ask(b, "'type':'room_merge','room':'%s','into':'%s'", from, into), "not_in_room");
    assert_error(ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into), "not_in_room");
    assert_error(ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, from), "bad_request");
    assert_ack(join(a, into, ""));
    assert_error(ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into), "room_full");
    ask(b, "'type':'room_set','room':'%s','capacity':9,'locked':true", into);
    assert_error(ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into), "not_owner");
    ask(b, "'type':'room_set','room':'%s','locked':false", into);
    w->hold_store = true;
    ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into);
    struct store_answer s;
    assert_true(mem_store_answer(w->ms, &s));
    s.failed = true;
    domain_stored(w->d, w->now, w->wall, &s);
    assert_error(last(a), "busy");
}

static void merging_leaves_the_removed_out(void **state)
{
    struct world *w = *state;
    char from[B32_SIZE], into[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, from, "");
    create(a, into, "");
    join(b, into, "");
    ask(a, "'type':'room_remove','room':'%s','session':'%s'", into, b->sid);
    join(b, from, "");
    assert_ack(ask(a, "'type':'room_merge','room':'%s','into':'%s'", from, into));
    assert_has(last(b), "'type':'left'");
    assert_has(last(b), "'reason':'merged'");
}

/* ---- the list ---- */

static void the_list_is_coalesced(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], hidden[B32_SIZE];
    struct client *a = hello(w, "a"), *v = hello(w, "v"), *c[10];
    create(a, room, ",'title':'Seen'");
    create(a, hidden, ",'title':'Hidden','public':false");
    const char *m = ask(v, "'type':'watch','on':true");
    assert_has(m, "'rooms':[{'room':'");
    assert_has(m, "'title':'Seen'");
    assert_false(has(m, "Hidden"));
    assert_has(m, "'total':1,'people':2}");
    world_pass(w, SECOND);
    drain(v);
    for (int i = 0; i < 10; i++) {
        c[i] = hello(w, "c");
        join(c[i], room, "");
        join(c[i], hidden, "");
    }
    world_pass(w, SECOND / 2);
    assert_has(next(v), "{'type':'rooms','changed':[{'room':'");
    assert_has(last(v), "'count':11");
    assert_has(last(v), "'gone':[],'total':1,'people':12}");
    assert_string_equal(next(v), ""); /* ten joins, one message */
    assert_ack(ask(a, "'type':'room_set','room':'%s','public':false", room));
    assert_ack(ask(a, "'type':'room_set','room':'%s','public':true", hidden));
    drain(v);
    world_pass(w, SECOND / 2);
    assert_has(next(v), "'title':'Hidden'");
    assert_has(last(v), "'gone':['");
    assert_has(last(v), room);
    assert_ack(ask(v, "'type':'watch','on':false"));
    drain(v);
    ask(a, "'type':'leave','room':'%s'", hidden);
    world_pass(w, SECOND);
    assert_string_equal(next(v), "");
    assert_true(domain_deadline(w->d) == INT64_MAX);
}

static void a_room_that_comes_back_at_once_stays_in_the_list(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "a"), *v = hello(w, "v");
    create(a, room, "");
    ask(v, "'type':'watch','on':true");
    world_pass(w, SECOND);
    drain(v);
    assert_ack(ask(a, "'type':'room_set','room':'%s','public':false", room));
    assert_ack(ask(a, "'type':'room_set','room':'%s','public':true", room));
    world_pass(w, SECOND);
    assert_has(next(v), room);
    assert_has(last(v), "'gone':[],'total':1");
}

static void the_list_has_a_cap(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.list_max = 2;
    world_again(w);
    struct client *a = hello(w, "a"), *v = hello(w, "v");
    ask(v, "'type':'watch','on':true");
    for (int i = 0; i < 5; i++)
        create(a, room, "");
    drain(v);
    world_pass(w, 0);
    assert_has(next(v), "'total':5");
    world_pass(w, 2 * SECOND); /* the rest follows, two by two */
    next(v);
    next(v);
    assert_string_equal(next(v), "");
    say(a, "{\"type\":\"bye\"}");
    world_pass(w, 2 * SECOND);
    assert_has(next(v), "'gone':['");
    next(v);
    next(v);
    assert_has(last(v), "'total':0,'people':1");
    assert_string_equal(next(v), "");
    struct client *u = hello(w, "u");
    for (int i = 0; i < 3; i++)
        create(u, room, "");
    const char *m = ask(v, "'type':'watch','on':true");
    assert_has(m, "'total':3");
    say(v, "{\"type\":\"bye\"}"); /* watching ends with the session */
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.watchers, 0);
}

static void watching_has_a_rate(void **state)
{
    struct world *w = *state;
    struct client *v = hello(w, "v");
    for (int i = 0; i < 10; i++)
        assert_ack(ask(v, "'type':'watch','on':true"));
    assert_error(ask(v, "'type':'watch','on':true"), "rate");
}

/* ---- media ---- */

static void the_mesh_has_four_places(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], other[B32_SIZE];
    struct client *c[5];
    for (int i = 0; i < 5; i++)
        c[i] = hello(w, "c");
    create(c[0], room, "");
    create(c[4], other, ",'media':false");
    for (int i = 1; i < 4; i++)
        assert_has(join(c[i], room, ""), "'media':true}");
    assert_has(join(c[4], room, ""), "'media':false}");
    assert_error(ask(c[4], "'type':'media','room':'%s','on':true", room), "media_full");
    drain_all(w);
    assert_has(ask(c[1], "'type':'media','room':'%s','on':false", room), "'media':false");
    assert_has(next(c[4]), "'type':'participant'");
    assert_has(next(c[4]), "{'type':'notice','code':'media_free','room':'");
    assert_string_equal(next(c[2]) + 0, c[4]->log[c[4]->seen - 2]); /* only who waits is told */
    assert_string_equal(next(c[2]), "");
    assert_has(ask(c[4], "'type':'media','room':'%s','on':true", room), "'media':true");
    assert_has(last(c[0]), "'media':true");
    assert_ack(ask(c[4], "'type':'media','room':'%s','on':true", room)); /* again: the same */
    assert_error(ask(c[4], "'type':'media','room':'%s','on':true", other), "media_elsewhere");
    assert_error(ask(c[4], "'type':'media','room':'0000000000001','on':true"), "not_in_room");
    drain_all(w);
    ask(c[1], "'type':'media','room':'%s','on':true", room); /* full: it waits */
    ask(c[0], "'type':'leave','room':'%s'", room);
    assert_has(last(c[1]), "'code':'media_free'");
    assert_ack(ask(c[1], "'type':'media','room':'%s','on':true", room));
}

static void a_reload_without_media_gives_its_place_free(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *c[5], *again = client_new(w);
    for (int i = 0; i < 5; i++)
        c[i] = hello(w, "c");
    create(c[0], room, "");
    for (int i = 1; i < 5; i++)
        join(c[i], room, "");
    drain_all(w);
    assert_has(ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s','media':false}",
                   c[1]->token, room),
               "'media':false}");
    assert_has(last(c[4]), "'code':'media_free'");
    assert_false(has(last(c[2]), "media_free")); /* it does not wait for one */
    assert_ack(ask(c[4], "'type':'media','room':'%s','on':true", room));
}

static void media_in_one_room_only(void **state)
{
    struct world *w = *state;
    char one[B32_SIZE], two[B32_SIZE];
    struct client *a = hello(w, "a"), *b = hello(w, "b");
    create(a, one, "");
    create(b, two, "");
    assert_has(join(a, two, ",'mic':true"), "'media':false}");
    assert_ack(ask(a, "'type':'media','room':'%s','on':false", one));
    assert_ack(ask(a, "'type':'media','room':'%s','on':true", two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(create_answers_with_the_room),
        WORLD_TEST(create_is_refused),
        WORLD_TEST(create_and_join_have_a_rate),
        WORLD_TEST(joining_and_leaving_is_told),
        WORLD_TEST(a_room_can_be_full),
        WORLD_TEST(passwords),
        WORLD_TEST(a_password_changes_while_it_is_checked),
        WORLD_TEST(a_busy_password_thread),
        WORLD_TEST(half_of_the_queue),
        WORLD_TEST(gone_while_waiting),
        WORLD_TEST(gone_while_the_store_works),
        WORLD_TEST(a_failing_store),
        WORLD_TEST(too_much_at_once),
        WORLD_TEST(locks_and_owners),
        WORLD_TEST(management_has_a_rate),
        WORLD_TEST(removing),
        WORLD_TEST(bans_have_a_cap),
        WORLD_TEST(tickets_survive_a_restart),
        WORLD_TEST(a_room_waits_for_its_owner),
        WORLD_TEST(tickets_are_checked),
        WORLD_TEST(a_later_ticket_wins),
        WORLD_TEST(tickets_of_this_life_change_nothing),
        WORLD_TEST(too_many_rooms_for_a_ticket),
        WORLD_TEST(merging),
        WORLD_TEST(merging_is_refused),
        WORLD_TEST(merging_leaves_the_removed_out),
        WORLD_TEST(the_list_is_coalesced),
        WORLD_TEST(a_room_that_comes_back_at_once_stays_in_the_list),
        WORLD_TEST(the_list_has_a_cap),
        WORLD_TEST(watching_has_a_rate),
        WORLD_TEST(the_mesh_has_four_places),
        WORLD_TEST(a_reload_without_media_gives_its_place_free),
        WORLD_TEST(media_in_one_room_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
