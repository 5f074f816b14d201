/* WHIP and WHEP: who may, what a program is among people, what players are given, and how all of it ends. */
#include "domain_world.h"

#include "domain/domain_int.h"
#include "domain/media_token.h"

#define HOUR 3600

static int setup_groups(void **state)
{
    struct world *w = world_new();
    w->cfg.groups = GROUPS_AUTO;
    w->cfg.group_places = 6;
    world_again(w);
    *state = w;
    return 0;
}

/* ---- asking ---- */

static uint64_t id_of(const char *room)
{
    uint64_t id = 0;
    assert_true(b32_decode(str_from(room), &id));
    return id;
}

static const char *token_for(struct world *w, const char *room, unsigned rights)
{
    static char text[MEDIA_TOKEN_TEXT_MAX];
    struct media_token t = {.until_ms = w->wall + HOUR * 1000,
                            .publish = rights & 1,
                            .view = rights & 2,
                            .by_operator = rights & 4};
    struct rng rng;
    rng_init(&rng, (const uint8_t[RNG_SEED_SIZE]){5});
    assert_true(b32_decode(str_from(room), &t.room));
    media_token_seal(&t, w->cfg.ticket_key, &rng, text);
    return text;
}

static const char *request(struct world *w, const char *room, struct cmd_whip q)
{
    struct cmd c = {.type = CMD_WHIP, .http = ++w->last_call, .addr_key = 77, .u.whip = q};
    assert_true(b32_decode(str_from(room), &c.room));
    w->http.call = 0;
    domain_cmd(w->d, w->now, w->wall, &c);
    world_settle(w);
    return w->http.call == w->last_call ? w->http.text : "";
}

#define SDP "v=0\r\na=ice-ufrag:old\r\na=ice-pwd:oldpwd\r\nm=audio\r\n"
static const struct whip_line both[] = {{STR_INIT("0"), false, true}, {STR_INIT("1"), true, true}};
static const struct whip_line seen[] = {
    {STR_INIT("a"), false, false}, {STR_INIT("v"), true, false}, {STR_INIT("w"), true, false}};

static const char *send_in(struct world *w, const char *room, const char *name, const char *token)
{
    return request(w, room,
                   (struct cmd_whip){.verb = WHIP_OFFER,
                                     .name = str_from(name),
                                     .token = str_from(token),
                                     .body = STR(SDP),
                                     .lines = {both, ARRAY_LEN(both)}});
}

static const char *look_at(struct world *w, const char *room, const char *name, const char *token)
{
    return request(w, room,
                   (struct cmd_whip){.verb = WHIP_OFFER,
                                     .view = true,
                                     .name = str_from(name),
                                     .token = str_from(token),
                                     .body = STR(SDP),
                                     .lines = {seen, ARRAY_LEN(seen)}});
}

static void tell(struct world *w, struct group_news news)
{
    news.room = w->group;
    domain_group(w->d, w->now, w->wall, &news);
    world_settle(w);
}

#define ANSWER \
    "v=1\r\na=ice-ufrag:srv\r\na=ice-pwd:srvpwd\r\na=ice-ufrag:srv\r\na=ice-pwd:srvpwd\r\n"

static const char *answered(struct world *w, uint64_t peer)
{
    tell(w, (struct group_news){.about = GROUP_NEWS_ANSWER, .peer = peer, .text = STR(ANSWER)});
    return w->http.call == w->last_call ? w->http.text : "";
}

/* The worker has these tracks of that connection. */
static void has_tracks(struct world *w, uint64_t peer, const uint64_t tracks[2])
{
    for (int i = 0; i < 2; i++)
        tell(w, (struct group_news){.about = GROUP_NEWS_TRACK,
                                    .peer = peer,
                                    .track = tracks[i],
                                    .codec = i ? GROUP_VP8 : GROUP_OPUS,
                                    .there = true});
}

static void make_room(struct world *w, char room[B32_SIZE], struct client **owner)
{
    *owner = hello(w, "Ann");
    create(*owner, room, "");
    assert_has(ask(*owner, "'type':'room_set','room':'%s','programs':true", room),
               "'programs':true");
    drain_all(w);
}

/* ---- who may ---- */

static void only_tokens_let_in(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE], other[B32_SIZE];
    make_room(w, room, &ann);
    create(hello(w, "Ben"), other, "");
    assert_has(send_in(w, room, "cam", ""), "sign_in_required");
    assert_has(send_in(w, room, "cam", "mdm_nonsense"), "sign_in_wrong");
    assert_has(send_in(w, room, "cam", token_for(w, room, 2)), "not_allowed");
    assert_has(send_in(w, room, "cam", token_for(w, other, 1)), "not_allowed");
    assert_has(look_at(w, room, "", token_for(w, room, 1)), "not_allowed");
    assert_has(send_in(w, other, "cam", token_for(w, other, 1)),
               "not_allowed"); /* its owner has not said so */
    assert_has(send_in(w, "000000000000b", "cam", token_for(w, "000000000000b", 1)),
               "room_unknown");
    assert_has(look_at(w, "000000000000b", "", token_for(w, "000000000000b", 6)), "room_unknown");
    assert_has(send_in(w, room, "", token_for(w, room, 1)), "bad_name");
    assert_has(send_in(w, room, "ev\xe2\x80\xaeil", token_for(w, room, 1)), "bad_name");
    assert_ack(ask(ann, "'type':'room_set','room':'%s','locked':true", room));
    assert_has(send_in(w, room, "cam", token_for(w, room, 1)), "room_locked");
    world_pass(w, (int64_t)HOUR * SECOND);
    assert_string_equal(groups(w), "");
}

static void nobody_asks_without_end(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    w->cfg.hello = (struct domain_rate){3, SECOND};
    world_again(w);
    make_room(w, room, &ann);
    for (int i = 0; i < 3; i++)
        assert_has(send_in(w, room, "cam", ""), "sign_in_required");
    assert_has(send_in(w, room, "cam", ""), "'rate'");
}

static void where_there_are_no_groups_there_is_no_whip(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    w->cfg.groups = GROUPS_NEVER;
    world_again(w);
    make_room(w, room, &ann);
    assert_has(send_in(w, room, "cam", token_for(w, room, 1)), "not_group");
    assert_error(ask(ann, "'type':'media_token','room':'%s','view':true", room), "not_allowed");
}

static void owners_give_tokens(void **state)
{
    struct world *w = *state;
    struct client *ann, *ben;
    char room[B32_SIZE], token[200];
    make_room(w, room, &ann);
    ben = hello(w, "Ben");
    assert_ack(join(ben, room, ""));
    assert_error(ask(ben, "'type':'media_token','room':'%s','view':true", room), "not_owner");
    assert_error(ask(ann, "'type':'media_token','room':'%s'", room), "bad_request");
    const char *a = ask(ann, "'type':'media_token','room':'%s','publish':true,'ttl_s':60", room);
    assert_ack(a);
    value(a, "token", token, sizeof token);
    groups(w);
    assert_string_equal(send_in(w, room, "cam", token), "");
    assert_has(groups(w), "offer 1 v=0");
    world_pass(w, 60 * SECOND);
    assert_has(send_in(w, room, "cam2", token), "sign_in_wrong");
    assert_ack(ask(ann, "'type':'room_set','room':'%s','programs':false", room));
    assert_error(ask(ann, "'type':'media_token','room':'%s','view':true", room), "not_allowed");
}

/* ---- publishing ---- */

static void a_program_is_a_participant(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    assert_string_equal(send_in(w, room, "Stage", token_for(w, room, 1)), "");
    assert_string_equal(groups(w), "open;offer 1 " SDP " 0:mic 1:camera;");
    assert_has(next(ann), "'type':'entered'");
    assert_has(ann->log[ann->n_log - 2],
               "'name':'Stage','mic':true,'cam':true,'screen':false,'media':true,"
               "'away':false,'program':true}");
    assert_has(last(ann), "'type':'group_mode'");
    uint64_t peer = w->peer;
    assert_has(answered(w, peer), "offer 1 v=1");
    has_tracks(w, peer, w->order_tracks);
    assert_has(last(ann), "'type':'group_track'");
    /* nobody can be told anything by it, and nothing comes back for it */
    assert_ack(ask(ann, "'type':'chat','room':'%s','text':'hello'", room));
    assert_int_equal(w->http.code, CODE_NONE);

    assert_has(request(w, room, (struct cmd_whip){.verb = WHIP_END, .session = w->whip}), "end");
    assert_string_equal(groups(w), "leave;");
    assert_has(last(ann), "'type':'left'");
    assert_has(request(w, room, (struct cmd_whip){.verb = WHIP_END, .session = w->whip}),
               "'unknown'");
    drain_all(w);
    world_pass(w, 30 * SECOND); /* one person alone goes back */
    assert_has(next(ann), "'mode':'direct'");
    assert_string_equal(groups(w), "close;");
}

static void what_the_worker_refuses_is_refused(void **state)
{
    static const struct {
        enum group_refusal why;
        const char *code;
    } cases[] = {{GROUP_BAD_OFFER, "bad_body"},
                 {GROUP_NO_MEDIA, "no_media"},
                 {GROUP_FULL, "busy"},
                 {GROUP_GONE, "busy"}};
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(send_in(w, room, "Stage", token_for(w, room, 1)), "");
        tell(w, (struct group_news){
                    .about = GROUP_NEWS_REFUSED, .peer = w->peer, .refusal = cases[i].why});
        assert_has(w->http.text, cases[i].code);
        world_pass(w, 1);
        assert_has(last(ann), "'type':'left'");
    }
    assert_string_equal(send_in(w, room, "Stage", token_for(w, room, 1)), "");
    world_pass(w, 10 * SECOND); /* the worker says nothing */
    assert_has(w->http.text, "busy");
    world_pass(w, 1);
    assert_has(last(ann), "'type':'left'");
}

static void who_comes_back_takes_the_old_ones_place(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    send_in(w, room, "Stage", token_for(w, room, 1));
    uint64_t first = w->peer;
    answered(w, first);
    uint8_t old[WHIP_RESOURCE];
    memcpy(old, w->whip, sizeof old);
    groups(w);
    assert_string_equal(send_in(w, room, "Stage", token_for(w, room, 1)), "");
    assert_has(groups(w), "leave;offer 1");
    assert_has(answered(w, w->peer), "offer 1");
    assert_has(request(w, room, (struct cmd_whip){.verb = WHIP_END, .session = old}), "'unknown'");
    struct room_view v;
    room_view(room_find(w->d, id_of(room)), &v);
    assert_int_equal(v.count, 2);
}

static void the_operators_token_makes_the_room(void **state)
{
    struct world *w = *state;
    const char *room = "000000000000b";
    assert_string_equal(send_in(w, room, "Stage", token_for(w, room, 5)), "");
    assert_string_equal(groups(w), "open;offer 1 " SDP " 0:mic 1:camera;");
    answered(w, w->peer);
    struct client *ann = hello(w, "Ann");
    assert_has(join(ann, room, ""), "'owner':null");
    assert_ack(ask(ann, "'type':'leave','room':'%s'", room));
    assert_non_null(room_find(w->d, id_of(room)));
    tell(w,
         (struct group_news){.about = GROUP_NEWS_STATE, .peer = w->peer, .end = GROUP_NO_CONSENT});
    world_pass(w, 1);
    assert_null(room_find(w->d, id_of(room)));
    assert_string_equal(groups(w), "leave;close;");
    assert_int_equal(w->d->whips.n, 0);
}

static void owners_put_programs_out(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE], stage[B32_SIZE];
    make_room(w, room, &ann);
    send_in(w, room, "Stage", token_for(w, room, 1));
    value(strstr(ann->log[ann->n_log - 2], "participant"), "session", stage, sizeof stage);
    answered(w, w->peer);
    assert_ack(ask(ann, "'type':'room_remove','room':'%s','session':'%s'", room, stage));
    world_pass(w, 1);
    assert_int_equal(w->d->whips.n, 0);
    assert_int_equal(w->d->n_programs, 0);
    /* and by the switch; the operator's stays */
    send_in(w, room, "One", token_for(w, room, 1));
    answered(w, w->peer);
    send_in(w, room, "Two", token_for(w, room, 5));
    answered(w, w->peer);
    assert_ack(ask(ann, "'type':'room_set','room':'%s','programs':false", room));
    world_pass(w, 1);
    assert_int_equal(w->d->whips.n, 1);
    /* who stays alone with programs is the owner; programs own nothing */
    assert_ack(ask(ann, "'type':'leave','room':'%s'", room));
    assert_true(room_find(w->d, id_of(room))->owner == 0);
}

/* Each costs what an offer does, and counts as one. */
static void nobody_restarts_without_end(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    w->cfg.hello = (struct domain_rate){3, SECOND};
    world_again(w);
    make_room(w, room, &ann);
    send_in(w, room, "Stage", token_for(w, room, 1));
    answered(w, w->peer);
    struct cmd_whip q = {.verb = WHIP_TRICKLE, .session = w->whip, .etag = STR("*")};
    const char *answer = "";
    for (int i = 0; i < 3; i++) {
        q.ufrag = q.pwd = str_from(i == 0 ? "one" : i == 1 ? "two" : "three");
        answer = request(w, room, q);
        if (i < 2)
            assert_has(answered(w, w->peer), "trickle");
    }
    assert_has(answer, "'rate'");
    q.ufrag = q.pwd = STR_NONE; /* candidates cost nothing */
    assert_string_equal(request(w, room, q), "trickle  ");
}

static void ice_restarts_by_patch(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    send_in(w, room, "Stage", token_for(w, room, 1));
    answered(w, w->peer);
    groups(w);
    struct cmd_whip q = {.verb = WHIP_TRICKLE, .session = w->whip, .etag = STR("2")};
    assert_has(request(w, room, q), "trickle stale");
    q.etag = STR("1"); /* candidates alone */
    assert_string_equal(request(w, room, q), "trickle  ");
    q.ufrag = STR("old"), q.pwd = STR("oldpwd");
    assert_string_equal(request(w, room, q), "trickle  ");
    assert_string_equal(groups(w), "");
    q.ufrag = STR("new"), q.pwd = STR("newpwd"), q.etag = STR("*");
    assert_string_equal(request(w, room, q), "");
    assert_string_equal(
        groups(w),
        "offer 1 v=0\r\na=ice-ufrag:new\r\na=ice-pwd:newpwd\r\nm=audio\r\n 0:mic 1:camera;");
    assert_string_equal(answered(w, w->peer), "trickle 2 a=ice-ufrag:srv\r\na=ice-pwd:srvpwd\r\n");
}

/* ---- watching ---- */

#define NOTHING "wish a:1920x1920/3- v:1920x1920/3- w:1920x1920/3-;"

static void who_watches_is_nobody_and_gets_what_there_is(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    make_room(w, room, &ann);
    send_in(w, room, "Stage", token_for(w, room, 1));
    uint64_t stage = w->peer;
    answered(w, stage);
    uint64_t tracks[2] = {w->order_tracks[0], w->order_tracks[1]};
    groups(w);
    drain_all(w);
    assert_string_equal(look_at(w, room, "", token_for(w, room, 2)), "");
    assert_string_equal(groups(w), "offer 2 " SDP " a:- v:- w:-;" NOTHING); /* is there yet */
    uint64_t eye = w->peer;
    assert_has(answered(w, eye), "offer 1");
    assert_string_equal(next(ann), "");
    has_tracks(w, stage, tracks);
    assert_string_equal(groups(w), "wish a:1920x1920/3 v:1920x1920/3- w:1920x1920/3-;"
                                   "wish a:1920x1920/3 v:1920x1920/3 w:1920x1920/3-;");
    assert_true(w->order_tracks[0] == tracks[0] && w->order_tracks[1] == tracks[1]);
    assert_string_equal(look_at(w, room, "Stage", token_for(w, room, 2)), "");
    assert_string_equal(groups(w), "offer 2 " SDP " a: v: w:-;"
                                   "wish a:1920x1920/3 v:1920x1920/3 w:1920x1920/3-;");
    assert_string_equal(look_at(w, room, "Nobody", token_for(w, room, 2)), "");
    assert_string_equal(groups(w), "offer 2 " SDP " a:- v:- w:-;" NOTHING);
    tell(w, (struct group_news){.about = GROUP_NEWS_STATE, .peer = eye, .end = GROUP_NO_CONSENT});
    world_pass(w, 1);
    assert_int_equal(w->d->whips.n, 3);
}

/* Sound and picture of one program on lines of the same place, whoever of them comes first. */
static void what_belongs_together_comes_together(void **state)
{
    static const struct whip_line four[] = {{STR_INIT("a"), false, false},
                                            {STR_INIT("b"), false, false},
                                            {STR_INIT("v"), true, false},
                                            {STR_INIT("w"), true, false}};
    static const char *const names[] = {"Stage", "Hall"};
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE];
    uint64_t peers[2], tracks[2][2];
    make_room(w, room, &ann);
    for (int i = 0; i < 2; i++) {
        send_in(w, room, names[i], token_for(w, room, 1));
        peers[i] = w->peer;
        answered(w, peers[i]);
        memcpy(tracks[i], w->order_tracks, sizeof tracks[i]);
    }
    request(w, room,
            (struct cmd_whip){.verb = WHIP_OFFER,
                              .view = true,
                              .token = str_from(token_for(w, room, 2)),
                              .body = STR(SDP),
                              .lines = {four, ARRAY_LEN(four)}});
    static const int order[][2] = {{1, 1}, {0, 0}, {0, 1}, {1, 0}}; /* program, picture */
    for (unsigned i = 0; i < ARRAY_LEN(order); i++)
        tell(w, (struct group_news){.about = GROUP_NEWS_TRACK,
                                    .peer = peers[order[i][0]],
                                    .track = tracks[order[i][0]][order[i][1]],
                                    .codec = order[i][1] ? GROUP_VP8 : GROUP_OPUS,
                                    .there = true});
    assert_true(w->order_tracks[0] == tracks[1][0] && w->order_tracks[1] == tracks[0][0]);
    assert_true(w->order_tracks[2] == tracks[1][1] && w->order_tracks[3] == tracks[0][1]);
}

static void merging_rooms_leaves_programs_behind(void **state)
{
    struct world *w = *state;
    struct client *ann;
    char room[B32_SIZE], into[B32_SIZE];
    make_room(w, room, &ann);
    create(ann, into, "");
    send_in(w, room, "Stage", token_for(w, room, 1));
    answered(w, w->peer);
    look_at(w, room, "", token_for(w, room, 2));
    answered(w, w->peer);
    assert_ack(ask(ann, "'type':'room_merge','room':'%s','into':'%s'", room, into));
    assert_int_equal(w->d->whips.n, 0);
    assert_int_equal(w->d->n_programs, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_groups, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_tokens_let_in),
        TEST(nobody_asks_without_end),
        TEST(where_there_are_no_groups_there_is_no_whip),
        TEST(owners_give_tokens),
        TEST(a_program_is_a_participant),
        TEST(what_the_worker_refuses_is_refused),
        TEST(who_comes_back_takes_the_old_ones_place),
        TEST(the_operators_token_makes_the_room),
        TEST(owners_put_programs_out),
        TEST(ice_restarts_by_patch),
        TEST(nobody_restarts_without_end),
        TEST(who_watches_is_nobody_and_gets_what_there_is),
        TEST(what_belongs_together_comes_together),
        TEST(merging_rooms_leaves_programs_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
