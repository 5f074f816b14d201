/* Groups: when a room is one, connections to the SFU, tracks, wishes, what workers tell. */
#include "domain_world.h"

#include "domain/domain_int.h"

#define OFFER "'type':'group_offer','room':'%s','conn':'%s','lines':[%s]\nv=0"
#define MIC   "{'mid':'0','kind':'mic'}"
#define BOTH  MIC ",{'mid':'1','kind':'camera'}"

static void set(struct world *w, enum groups_when when)
{
    w->cfg.groups = when;
    w->cfg.group_places = 6;
    w->cfg.facts.limit_group = 6;
    world_again(w);
}

/* n people with media in one room, which the first one has made. */
static void meet(struct world *w, char room[B32_SIZE], struct client **all, int n)
{
    static const char *const names[] = {"Ann", "Ben", "Cho", "Dan", "Eva", "Fay", "Gus"};
    for (int i = 0; i < n; i++) {
        all[i] = hello(w, names[i]);
        if (i == 0)
            create(all[i], room, "");
        else
            assert_ack(join(all[i], room, ""));
    }
}

static void tell(struct world *w, struct group_news news)
{
    news.room = news.room ? news.room : w->group;
    domain_group(w->d, w->now, w->wall, &news);
    world_settle(w);
}

static uint64_t id_of(const char *text)
{
    uint64_t id = 0;
    assert_true(b32_decode(str_from(text), &id));
    return id;
}

/* c publishes these lines on that connection; the worker has answered and has the tracks. The peer. */
static uint64_t publish(struct client *c, const char *room, const char *conn, const char *lines)
{
    struct world *w = c->w;
    char track[B32_SIZE];
    const char *a = ask(c, OFFER, room, conn, lines);
    assert_ack(a);
    uint64_t peer = w->peer;
    tell(w, (struct group_news){.about = GROUP_NEWS_ANSWER, .peer = peer, .text = STR("v=1")});
    for (const char *at = a; (at = strstr(at, "\"mid\":")) != NULL; at++)
        tell(w, (struct group_news){.about = GROUP_NEWS_TRACK,
                                    .peer = peer,
                                    .track = id_of(value(at, "track", track, sizeof track)),
                                    .codec = GROUP_VP8,
                                    .there = true});
    return peer;
}

static void connected(struct world *w, uint64_t peer)
{
    tell(w, (struct group_news){.about = GROUP_NEWS_STATE, .peer = peer, .there = true});
}

/* ---- the mode ---- */

static void without_groups_nothing_is_said_of_them(void **state)
{
    struct world *w = *state;
    struct client *all[5];
    char room[B32_SIZE];
    meet(w, room, all, 4);
    all[4] = hello(w, "Eva");
    assert_has(join(all[4], room, ""), "'media':false}");
    assert_string_equal(groups(w), "");
    for (int i = 0; i < 5; i++)
        for (size_t k = 0; k < all[i]->n_log; k++)
            assert_false(has(all[i]->log[k], "group") || has(all[i]->log[k], "'mode'"));
    assert_error(ask(all[0], OFFER, room, "g", MIC), "not_group");
    assert_error(ask(all[0], "'type':'group_stats','room':'%s'", room), "not_group");
}

static void the_third_one_makes_it_a_group(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 2);
    assert_has(all[0]->log[0], "'group':true,'server':");
    assert_has(all[0]->log[0], "'mesh':4,'group':6}");
    assert_has(all[1]->log[1], "'media':true,'mode':'direct'}");
    assert_string_equal(groups(w), "");
    drain_all(w);
    all[2] = hello(w, "Cho");
    assert_has(join(all[2], room, ""), "'media':true,'mode':'group'}");
    assert_string_equal(groups(w), "open;");
    assert_has(next(all[0]), "'type':'entered'");
    assert_has(next(all[0]), "{'type':'group_mode','room':'");
    assert_has(last(all[0]), "'mode':'group'}");
    assert_string_equal(last(all[1]), last(all[0]));
    assert_ack(last(all[2])); /* it knows already */
}

static void two_go_back_after_a_while(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    assert_ack(ask(all[2], "'type':'media','room':'%s','on':false", room));
    world_pass(w, 4 * SECOND);
    assert_ack(ask(all[2], "'type':'media','room':'%s','on':true", room));
    world_pass(w, 10 * SECOND); /* three again: it stays */
    assert_string_equal(groups(w), "open;");
    assert_ack(ask(all[2], "'type':'leave','room':'%s'", room));
    drain_all(w);
    world_pass(w, 5 * SECOND - 1);
    assert_string_equal(next(all[0]), "");
    world_pass(w, 1);
    assert_has(next(all[0]), "'type':'group_mode'");
    assert_has(last(all[0]), "'mode':'direct'}");
    assert_has(last(all[1]), "'mode':'direct'}");
    assert_string_equal(groups(w), "close;"); /* nobody has a connection */
}

static void connections_stay_for_a_while_on_the_way_back(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    publish(all[0], room, "g0", BOTH);
    publish(all[1], room, "g1", MIC);
    assert_ack(ask(all[2], "'type':'leave','room':'%s'", room));
    world_pass(w, 5 * SECOND);
    groups(w);
    assert_error(ask(all[0], OFFER, room, "g2", MIC), "not_group");
    assert_ack(ask(all[0], "'type':'group_wish','room':'%s','conn':'g0','wishes':[]", room));
    assert_string_equal(groups(w), "wish;");
    assert_ack(ask(all[0], "'type':'group_close','room':'%s','conn':'g0'", room));
    assert_string_equal(groups(w), "leave;");
    /* somebody comes meanwhile: the same group goes on */
    assert_ack(join(all[2], room, ""));
    assert_string_equal(groups(w), "");
    assert_has(last(all[1]), "'mode':'group','tracks':[{'track':'");
    assert_ack(ask(all[2], "'type':'leave','room':'%s'", room));
    world_pass(w, 20 * SECOND - 1);
    assert_string_equal(groups(w), "");
    world_pass(w, 1);
    assert_string_equal(groups(w), "leave;close;");
    assert_error(ask(all[1], "'type':'group_wish','room':'%s','conn':'g1','wishes':[]", room),
                 "not_group");
}

static void always_is_from_the_first_one_on(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    set(w, GROUPS_ALWAYS);
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    create(a, room, ",'media':false");
    assert_has(last(a), "'mode':'direct'}");
    assert_has(join(b, room, ""), "'mode':'group'}");
    assert_has(last(a), "'type':'group_mode'");
    create(b, room, ",'media':false");
    ask(b, "'type':'leave','room':'%s'", room);
    world_pass(w, MINUTE);
    assert_string_equal(groups(w), "open;");
}

static void a_group_has_more_places(void **state)
{
    struct world *w = *state;
    struct client *all[7];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 7);
    assert_has(last(all[6]), "'media':false,'mode':'group'}");
    drain(all[6]);
    assert_error(ask(all[6], "'type':'media','room':'%s','on':true", room), "media_full");
    assert_ack(ask(all[5], "'type':'media','room':'%s','on':false", room));
    assert_has(last(all[6]), "'media_free'");
    assert_ack(ask(all[6], "'type':'media','room':'%s','on':true", room));
}

static void no_worker_takes_it(void **state)
{
    struct world *w = *state;
    struct client *all[6];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 6);
    drain_all(w);
    tell(w, (struct group_news){.about = GROUP_NEWS_REFUSED, .refusal = GROUP_FULL});
    assert_has(next(all[0]), "'mode':'direct'}");
    assert_has(next(all[0]), "'name':'Fay','mic':false,'cam':false,'screen':false,'media':false");
    assert_has(next(all[0]), "'name':'Eva','mic':false,'cam':false,'screen':false,'media':false");
    assert_string_equal(next(all[0]), "");
    assert_string_equal(groups(w), "open;close;");
    assert_error(ask(all[4], "'type':'media','room':'%s','on':true", room), "media_full");
    drain_all(w);
    world_pass(w, MINUTE); /* it may be another time: nobody has to ask for that */
    assert_string_equal(groups(w), "open;");
    assert_has(next(all[0]), "'mode':'group'}");
    assert_string_equal(next(all[0]), "");
    assert_has(next(all[4]), "'mode':'group'}");
    assert_has(next(all[4]), "'code':'media_free'");
    assert_ack(ask(all[4], "'type':'media','room':'%s','on':true", room));
}

static void the_room_ends_and_so_does_its_group(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    publish(all[0], room, "g", MIC);
    groups(w);
    for (int i = 0; i < 3; i++)
        assert_ack(ask(all[i], "'type':'leave','room':'%s'", room));
    assert_string_equal(groups(w), "leave;close;");
    assert_int_equal(w->d->groups.n, 0);
    assert_int_equal(w->d->group_peers.n, 0);
}

/* ---- connections ---- */

static void an_offer_goes_to_the_worker_and_its_answer_comes_back(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE], mic[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    groups(w);
    drain_all(w);
    const char *a = ask(all[0], OFFER, room, "g", BOTH ",{'mid':'2'},{'mid':'3','track':null}");
    assert_has(a, "'tracks':[{'mid':'0','track':'");
    assert_string_equal(groups(w), "offer 3 v=0 0:mic 1:camera 2:- 3:-;");
    value(a, "track", mic, sizeof mic);
    tell(w, (struct group_news){
                .about = GROUP_NEWS_ANSWER, .peer = w->peer, .text = STR("v=0\r\nan answer")});
    assert_has(last(all[0]), "{'type':'group_answer','room':'");
    assert_has(last(all[0]), "'conn':'g'}\nv=0\r\nan answer");
    assert_string_equal(next(all[1]), "");
    tell(w, (struct group_news){.about = GROUP_NEWS_TRACK,
                                .peer = w->peer,
                                .track = id_of(mic),
                                .codec = GROUP_OPUS,
                                .there = true});
    assert_has(next(all[1]), "{'type':'group_track','room':'");
    assert_has(last(all[1]), "'kind':'mic','codec':'opus'},'on':true}");
    assert_true(has(last(all[1]), all[0]->sid) && has(last(all[1]), mic));
    connected(w, w->peer);
    assert_has(last(all[0]), "'conn':'g','state':'connected'}");
    a = ask(all[0], OFFER, room, "g", BOTH); /* the same lines, the same tracks */
    assert_true(has(a, mic));
    assert_string_equal(groups(w), "offer 3 v=0 0:mic 1:camera;");
    a = ask(all[0], OFFER, room, "g",
            "{'mid':'0','kind':'sound'}"); /* another thing, another one */
    assert_false(has(a, mic));
    assert_has(last(all[1]), "'kind':'mic','codec':'opus'},'on':false}");
    /* who comes later is told at once */
    publish(all[1], room, "h", MIC);
    struct client *d = hello(w, "Dan");
    assert_has(join(d, room, ""), "'mode':'group','tracks':[{'track':'");
    assert_true(has(last(d), all[1]->sid));
}

static void offers_are_refused(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE], many[1000] = "";
    size_t at = 0;
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    groups(w);
    struct client *d = hello(w, "Dan"), *e = hello(w, "Eva");
    assert_ack(join(d, room, ",'media':false"));
    assert_error(ask(d, OFFER, room, "g", MIC), "no_media");
    assert_error(ask(e, OFFER, room, "g", MIC), "not_in_room");
    assert_error(ask(d, OFFER, room, "a b", ""), "bad_request");
    assert_error(ask(d, OFFER, room, "g", "{'mid':'0'},{'mid':'0'}"), "bad_request");
    assert_error(ask(d, OFFER, room, "g", "{'mid':''}"), "bad_request");
    assert_error(ask(d, OFFER, room, "g", "{'mid':'0','kind':'smell'}"), "bad_request");
    for (int i = 0; i < 9; i++)
        at += (size_t)snprintf(many + at, sizeof many - at, "%s{'mid':'%d','kind':'mic'}",
                               i ? "," : "", i);
    assert_error(ask(all[0], OFFER, room, "g", many), "bad_request");
    assert_error(ask(d, "'type':'group_offer','room':'%s','conn':'g','lines':[]", room),
                 "bad_body");
    assert_string_equal(groups(w), "");
    assert_ack(ask(d, OFFER, room, "g", "{'mid':'0'}")); /* looking on needs no place */
    assert_string_equal(groups(w), "offer 2 v=0 0:-;");
    tell(w, (struct group_news){
                .about = GROUP_NEWS_REFUSED, .peer = w->peer, .refusal = GROUP_BAD_OFFER});
    assert_has(last(d), "{'type':'group_refused','room':'");
    assert_has(last(d), "'conn':'g','code':'bad_offer'}");
    assert_string_equal(groups(w), "leave;");
}

static void who_gets_no_answer_is_told_so(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    assert_ack(ask(all[0], OFFER, room, "g", MIC));
    uint64_t lost = w->peer;
    world_pass(w, 5 * SECOND);
    assert_ack(ask(all[1], OFFER, room, "h", MIC));
    tell(w, (struct group_news){.about = GROUP_NEWS_ANSWER, .peer = w->peer, .text = STR("v=1")});
    groups(w);
    world_pass(w, 5 * SECOND);
    assert_has(last(all[0]), "'conn':'g','code':'gone'}");
    assert_string_equal(groups(w), "leave;");
    world_pass(w, MINUTE);
    assert_string_equal(groups(w), "");
    drain_all(w);
    tell(w, (struct group_news){.about = GROUP_NEWS_ANSWER, .peer = lost, .text = STR("v=1")});
    assert_string_equal(next(all[0]), ""); /* too late */
}

static void a_client_moves_without_a_gap(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    uint64_t first = publish(all[0], room, "a", MIC);
    connected(w, first);
    groups(w);
    publish(all[0], room, "b", MIC);
    assert_has(groups(w), "offer");
    uint64_t third = publish(all[0], room, "c", MIC); /* instead of the second, which got nowhere */
    assert_has(groups(w), "leave;offer 3 v=0 0:mic;");
    drain_all(w);
    connected(w, third);
    assert_string_equal(groups(w), "leave;");
    assert_has(next(all[1]), "'on':false}"); /* of the first */
    assert_string_equal(next(all[1]), "");
    tell(w, (struct group_news){.about = GROUP_NEWS_STATE, .peer = first, .end = GROUP_NO_CONSENT});
    assert_has(next(all[0]), "'conn':'c','state':'connected'}");
    assert_has(next(all[0]), "'on':false}");
    assert_string_equal(next(all[0]), "");
    tell(w, (struct group_news){.about = GROUP_NEWS_STATE, .peer = third, .end = GROUP_NO_CONSENT});
    assert_has(next(all[1]), "'on':false}");
    assert_has(all[0]->log[all[0]->n_log - 2], "'conn':'c','state':'ended','reason':'no_consent'}");
    assert_string_equal(groups(w), "leave;");
}

static void who_leaves_takes_all_along(void **state)
{
    struct world *w = *state;
    struct client *all[4];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 4);
    uint64_t peer = publish(all[0], room, "g", BOTH);
    tell(w, (struct group_news){.about = GROUP_NEWS_SPEAKER, .peer = peer});
    assert_has(last(all[1]), "{'type':'group_speaker','room':'");
    assert_true(has(last(all[1]), all[0]->sid));
    groups(w);
    drain_all(w);
    tell(w, (struct group_news){.about = GROUP_NEWS_SPEAKER, .peer = peer});
    assert_string_equal(next(all[1]), ""); /* it is still that one */
    lose_pipe(all[0]);
    assert_string_equal(groups(w), ""); /* away, but there */
    world_pass(w, 31 * SECOND);
    assert_string_equal(groups(w), "leave;");
    assert_has(next(all[1]), "'away':true");
    assert_has(next(all[1]), "'type':'left'");
    drain_all(w);
    struct client *d = hello(w, "Dan");
    assert_has(join(d, room, ""), "'mode':'group'}"); /* without tracks */
    assert_ack(ask(all[1], "'type':'media','room':'%s','on':false", room));
    publish(all[2], room, "g", BOTH);
    groups(w);
    drain_all(w);
    assert_ack(ask(all[2], "'type':'media','room':'%s','on':false", room));
    assert_string_equal(groups(w), "leave;");
    assert_has(all[2]->log[all[2]->seen], "'ack'");
    assert_has(all[2]->log[all[2]->seen + 1], "'state':'ended','reason':'no_place'}");
    assert_has(next(d), "'on':false}");
}

static void who_reloads_starts_anew(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    publish(all[0], room, "g", MIC);
    groups(w);
    drain_all(w);
    struct client *again = client_new(w);
    assert_has(ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}",
                   all[0]->token, room),
               "'mode':'group'");
    assert_string_equal(groups(w), "leave;");
    assert_false(has(last(again), "'tracks'"));
    assert_ack(ask(again, OFFER, room, "g", MIC));
    assert_string_equal(groups(w), "offer 3 v=0 0:mic;");
}

static void rooms_that_merge_become_one_group(void **state)
{
    struct world *w = *state;
    struct client *a[3], *b[2];
    char from[B32_SIZE], into[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, from, a, 3);
    meet(w, into, b, 2);
    publish(a[0], from, "g", MIC);
    assert_ack(join(a[0], into, ",'media':false"));
    groups(w);
    drain_all(w);
    assert_ack(ask(a[0], "'type':'room_merge','room':'%s','into':'%s'", from, into));
    assert_string_equal(groups(w), "leave;open;close;");
    assert_has(last(b[0]), "'type':'group_mode'");
    assert_has(a[1]->log[a[1]->seen], "'type':'merged'");
    assert_has(a[1]->log[a[1]->seen], "'mode':'group'}");
    assert_error(ask(a[0], OFFER, from, "g", MIC), "not_in_room");
    assert_ack(ask(a[0], OFFER, into, "h", MIC));
}

/* ---- order ---- */

static void who_owns_the_room_mutes_others(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    publish(all[1], room, "g", BOTH);
    groups(w);
    drain_all(w);
#define MUTE "'type':'room_mute','room':'%s','session':'%s','kind':'%s'"
    assert_error(ask(all[1], MUTE, room, all[2]->sid, "mic"), "not_owner");
    assert_error(ask(all[0], MUTE, room, room, "mic"), "peer_unknown");
    assert_error(ask(all[0], MUTE, room, all[1]->sid, "smell"), "bad_request");
    drain_all(w);
    assert_ack(ask(all[0], MUTE, room, all[1]->sid, "mic"));
    assert_has(next(all[1]), "{'type':'mute_request','room':'");
    assert_has(last(all[1]), "'kind':'mic'}");
    assert_true(has(last(all[1]), all[0]->sid));
    assert_string_equal(next(all[2]), "");
    assert_string_equal(groups(w), "");
    assert_ack(ask(all[0], MUTE ",'hard':true", room, all[1]->sid, "camera"));
    assert_string_equal(groups(w), "mute on;");
    assert_has(next(all[1]), "'away':false,'muted':['camera']}");
    assert_has(next(all[1]), "'kind':'camera','hard':true}");
    assert_has(next(all[2]), "'muted':['camera']}");
    assert_ack(ask(all[0], MUTE ",'hard':true", room, all[1]->sid, "camera")); /* it is */
    assert_string_equal(groups(w), "");
    /* whatever it offers, and under whatever name, even after a reload */
    assert_ack(ask(all[1], OFFER, room, "g", BOTH));
    assert_string_equal(groups(w), "offer 3 v=0 0:mic 1:camera;mute on;");
    struct client *again = client_new(w);
    assert_has(ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}",
                   all[1]->token, room),
               "'muted':['camera']}");
    assert_string_equal(groups(w), "leave;");
    assert_ack(ask(again, OFFER, room, "h", BOTH));
    assert_string_equal(groups(w), "offer 3 v=0 0:mic 1:camera;mute on;");
    drain_all(w);
    assert_ack(ask(all[0], MUTE ",'on':false", room, again->sid, "camera"));
    assert_string_equal(groups(w), "mute off;");
    assert_has(next(again), "'away':false}");
    assert_string_equal(next(again), "");
}

static void hands_are_raised_and_lowered(void **state)
{
    struct world *w = *state;
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    char room[B32_SIZE], other[B32_SIZE];
    create(a, room, "");
    assert_ack(join(b, room, ""));
    drain_all(w);
    assert_ack(ask(b, "'type':'state','hand':true"));
    assert_has(next(a), "'away':false,'hand':1800000000000}");
    world_pass(w, 5 * SECOND);
    drain_all(w);
    assert_ack(ask(b, "'type':'state','hand':true"));
    assert_string_equal(next(a), ""); /* it has been up since then */
    assert_ack(ask(a, MUTE, room, b->sid, "hand"));
    assert_has(a->log[a->n_log - 1], "'away':false}");
    assert_has(last(b), "'type':'mute_request'");
    assert_has(last(b), "'kind':'hand'}");
    assert_ack(ask(b, "'type':'state','hand':true"));
    struct client *again =
        client_new(w); /* it stays up over a reload, behind those who were before */
    drain_all(w);
    assert_has(
        ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}", b->token, room),
        "'hand':1800000005000");
    assert_ack(ask(again, "'type':'leave','room':'%s'", room));
    create(again, other, "");
    assert_has(last(again), "'away':false}]"); /* that was for the other room */
}

/* ---- wishes and numbers ---- */

static void wishes_are_passed_on(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    publish(all[0], room, "g", "{'mid':'0'},{'mid':'1'}");
    groups(w);
    assert_ack(ask(all[0],
                   "'type':'group_wish','room':'%s','conn':'g','wishes':[{'mid':'0','track':'%s',"
                   "'width':640,'height':360,'priority':'pinned'},{'mid':'1','track':null}]",
                   room, all[1]->sid));
    assert_string_equal(groups(w), "wish 0:640x360/0 1:0x0/3-;");
    assert_ack(ask(all[0], "'type':'group_wish','room':'%s','conn':'x','wishes':[]", room));
    assert_string_equal(groups(w), ""); /* there is none of that name */
    assert_error(ask(all[0],
                     "'type':'group_wish','room':'%s','conn':'g','wishes':[{'mid':'0',"
                     "'width':65536}]",
                     room),
                 "bad_request");
}

static void numbers_are_those_of_the_time_before(void **state)
{
    struct world *w = *state;
    struct client *all[3];
    char room[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, room, all, 3);
    uint64_t peer = publish(all[0], room, "g", MIC);
    groups(w);
    assert_has(ask(all[1], "'type':'group_stats','room':'%s'", room), "'people':[]}");
    assert_string_equal(groups(w), "stats;");
    const struct group_person p = {.session = peer,
                                   .up_bps = 1000,
                                   .down_bps = 2000,
                                   .loss_up = 5,
                                   .loss_down = 1000,
                                   .rtt_ms = -1,
                                   .estimate_bps = 3000};
    tell(w, (struct group_news){.about = GROUP_NEWS_STATS, .people = &p, .n_people = 1});
    assert_has(ask(all[1], "'type':'group_stats','room':'%s'", room),
               "'up_bps':1000,'down_bps':2000,'loss_up':0.005,'loss_down':1.000,"
               "'estimate_bps':3000}]}");
    assert_true(has(last(all[1]), all[0]->sid));
}

static void foreign_news_are_nothing(void **state)
{
    struct world *w = *state;
    struct client *a[3], *b[3];
    char one[B32_SIZE], two[B32_SIZE];
    set(w, GROUPS_AUTO);
    meet(w, one, a, 3);
    meet(w, two, b, 3);
    uint64_t other = publish(b[0], two, "g", MIC), group = w->group;
    publish(a[0], one, "g", MIC);
    drain_all(w);
    groups(w);
    for (int about = 0; about < GROUP_NEWS_KINDS; about++) {
        struct group_person p = {.session = other};
        struct group_news n = {
            .about = (enum group_news_kind)about, .peer = other, .people = &p, .n_people = 1};
        tell(w, n); /* of the wrong room */
        n.room = group + 1;
        tell(w, n);
        n.room = group;
        n.peer = other + 1;
        if (about != GROUP_NEWS_STATS)
            tell(w, n);
    }
    for (int i = 0; i < 3; i++) {
        assert_string_equal(next(a[i]), "");
        assert_string_equal(next(b[i]), "");
    }
    assert_string_equal(groups(w), "");
    assert_has(ask(a[0], "'type':'group_stats','room':'%s'", one), "'people':[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(without_groups_nothing_is_said_of_them),
        WORLD_TEST(the_third_one_makes_it_a_group),
        WORLD_TEST(two_go_back_after_a_while),
        WORLD_TEST(connections_stay_for_a_while_on_the_way_back),
        WORLD_TEST(always_is_from_the_first_one_on),
        WORLD_TEST(a_group_has_more_places),
        WORLD_TEST(no_worker_takes_it),
        WORLD_TEST(the_room_ends_and_so_does_its_group),
        WORLD_TEST(an_offer_goes_to_the_worker_and_its_answer_comes_back),
        WORLD_TEST(offers_are_refused),
        WORLD_TEST(who_gets_no_answer_is_told_so),
        WORLD_TEST(a_client_moves_without_a_gap),
        WORLD_TEST(who_leaves_takes_all_along),
        WORLD_TEST(who_reloads_starts_anew),
        WORLD_TEST(rooms_that_merge_become_one_group),
        WORLD_TEST(who_owns_the_room_mutes_others),
        WORLD_TEST(hands_are_raised_and_lowered),
        WORLD_TEST(wishes_are_passed_on),
        WORLD_TEST(numbers_are_those_of_the_time_before),
        WORLD_TEST(foreign_news_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
