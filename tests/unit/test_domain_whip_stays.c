/* Programs in rooms that stay, and what a restart leaves of who may come in: domain/whip_door.c, conv_live.c, the ticket. */
#include "stay_world.h"

#include "domain/domain_int.h"
#include "domain/media_token.h"

enum { BY_ROOM, BY_OPERATOR };

static int setup_groups(void **state)
{
    call_setup(state);
    struct world *w = *state;
    w->cfg.groups = GROUPS_AUTO;
    w->cfg.group_places = 6;
    world_again(w);
    return 0;
}

/* "": the worker has been asked; what it would answer is told elsewhere. */
static const char *publish(struct world *w, uint64_t room, int by)
{
    static const struct whip_line lines[] = {{STR_INIT("0"), true, true}};
    struct media_token t = {.until_ms = w->wall + 3600000,
                            .publish = true,
                            .by_operator = by == BY_OPERATOR,
                            .room = room};
    char token[MEDIA_TOKEN_TEXT_MAX];
    struct rng rng;
    rng_init(&rng, (const uint8_t[RNG_SEED_SIZE]){7});
    size_t n = media_token_seal(&t, w->cfg.ticket_key, &rng, token);
    struct cmd c = {.type = CMD_WHIP,
                    .http = ++w->last_call,
                    .addr_key = 77,
                    .room = room,
                    .u.whip = {.verb = WHIP_OFFER,
                               .name = STR("Stage"),
                               .token = str_of(token, n),
                               .body = STR("v=0\r\n"),
                               .lines = {lines, ARRAY_LEN(lines)}}};
    w->http.call = 0;
    groups(w);
    domain_cmd(w->d, w->now, w->wall, &c);
    memset(token, 'x', sizeof token); /* nothing of the request is needed after it */
    world_settle(w);
    return w->http.call == w->last_call ? w->http.text : "";
}

static const char *let_programs_in(struct client *c, uint64_t room, bool on)
{
    return ask(c, "'type':'room_set','room':'%s','programs':%s", id_text(room),
               on ? "true" : "false");
}

static void programs_are_let_in_for_good(void **state)
{
    struct scene s = scene_new(*state, "");
    assert_ack(join(s.mina, id_text(s.room), ""));
    assert_ack(join(s.sora, id_text(s.room), ""));
    assert_error(let_programs_in(s.sora, s.room, true), "not_allowed");
    assert_has(let_programs_in(s.mina, s.room, true), "'programs':true");
    assert_has(told(s.sora, "room_changed"), "'programs':true");
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'title':'Lawn','unlisted':true"));
    world_again(s.w);
    /* nobody is there: the room opens for the program, as that room and no other */
    assert_string_equal(publish(s.w, s.room, BY_ROOM), "");
    assert_has(groups(s.w), "offer 1 v=0");
    struct room *r = room_find(s.w->d, s.room);
    assert_non_null(r);
    assert_true(r->stays && r->programs);
    struct client *guest = hello(s.w, "Guest");
    s.mina = device(s.w, MINA);
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'unlisted':false"));
    assert_error(join(guest, id_text(s.room), ""), "room_unknown");
    const char *a = join(s.mina, id_text(s.room), "");
    assert_has(a, "'stays':true");
    assert_has(a, "'program':true");
    /* and out again, for good */
    assert_ack(let_programs_in(s.mina, s.room, false));
    world_pass(s.w, 1);
    assert_int_equal(s.w->d->n_programs, 0);
    assert_has(publish(s.w, s.room, BY_ROOM), "not_allowed");
    world_again(s.w);
    assert_has(publish(s.w, s.room, BY_ROOM), "not_allowed");
    assert_null(room_find(s.w->d, s.room));
}

static void the_operator_opens_the_room_itself(void **state)
{
    struct scene s = scene_new(*state, "");
    assert_string_equal(publish(s.w, s.room, BY_OPERATOR), "");
    assert_true(room_find(s.w->d, s.room)->stays);
    /* a namesake ends the old one, and the room with it, and opens it anew */
    assert_string_equal(publish(s.w, s.room, BY_OPERATOR), "");
    assert_true(room_find(s.w->d, s.room)->stays);
    assert_int_equal(s.w->d->n_programs, 1);
    assert_ack(ask_conv(s.mina, "room_archive", s.room, ",'on':true"));
    assert_null(room_find(s.w->d, s.room));
    assert_has(publish(s.w, s.room, BY_OPERATOR), "room_unknown");
    uint64_t direct = open_with(s.mina, JUN);
    assert_has(publish(s.w, direct, BY_OPERATOR), "room_unknown");
}

static void rooms_of_guests_keep_it_in_their_tickets(void **state)
{
    struct world *w = *state;
    struct client *ann = hello(w, "Ann");
    char room[B32_SIZE], ticket[2100];
    uint64_t id;
    create(ann, room, "");
    assert_true(b32_decode(str_from(room), &id));
    assert_has(let_programs_in(ann, id, true), "'programs':true");
    ticket_of(ann, id, ticket);
    world_again(w);
    assert_has(publish(w, id, BY_ROOM), "room_unknown"); /* not before somebody has come back */
    ann = hello(w, "Ann");
    assert_has(join(ann, room, ticket), "'programs':true");
    assert_string_equal(publish(w, id, BY_ROOM), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_groups, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(programs_are_let_in_for_good),
        TEST(the_operator_opens_the_room_itself),
        TEST(rooms_of_guests_keep_it_in_their_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
