/* Order in a room: the lobby, who may publish and share, who may mute whom. */
#define CLIENTS_MAX 256
#include "stay_world.h"

#define SET   "'type':'room_set','room':'%s'"
#define KNOCK "'type':'knock','room':'%s'"
#define ADMIT "'type':'room_admit','room':'%s','session':'%s','on':%s"

/* ---- the lobby ---- */

static void who_would_come_in_waits(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben"), *c = hello(w, "Cho");
    create(a, room, "");
    assert_ack(join(b, room, ""));
    assert_error(ask(b, SET ",'lobby':true", room), "not_owner");
    assert_has(ask(a, SET ",'lobby':true", room), "'lobby':true");
    drain_all(w);
    assert_error(ask(c, KNOCK, room), "room_unknown"); /* it has not been at the door */
    assert_error(join(c, room, ""), "lobby");
    assert_string_equal(next(a), ""); /* nobody is disturbed before somebody knocks */
    assert_error(ask(a, ADMIT, room, c->sid, "true"), "peer_unknown");
    drain_all(w);
    assert_ack(ask(c, KNOCK, room));
    assert_has(next(a), "{'type':'knocking','room':'");
    assert_has(last(a), "'name':'Cho','on':true}");
    assert_true(has(last(a), c->sid));
    assert_string_equal(next(b), "");
    assert_ack(ask(c, KNOCK, room)); /* once is enough */
    assert_string_equal(next(a), "");
    assert_error(join(c, room, ""), "lobby");
    assert_error(ask(b, ADMIT, room, c->sid, "true"), "not_owner");
    drain_all(w);
    assert_ack(ask(a, ADMIT, room, c->sid, "true"));
    assert_has(last(a), "'name':'Cho','on':false}");
    assert_has(next(c), "{'type':'admitted','room':'");
    assert_has(last(c), "'on':true}");
    assert_ack(join(c, room, ""));
    assert_ack(ask(c, "'type':'leave','room':'%s'", room));
    assert_error(join(c, room, ""), "lobby"); /* that was for once */
}

static void who_is_not_let_in_is_told_so(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    create(a, room, "");
    assert_ack(ask(a, SET ",'lobby':true", room));
    assert_error(join(b, room, ""), "lobby");
    assert_ack(ask(b, KNOCK, room));
    drain_all(w);
    assert_ack(ask(a, ADMIT, room, b->sid, "false"));
    assert_has(next(b), "'type':'admitted'");
    assert_has(last(b), "'on':false}");
    assert_error(ask(b, KNOCK, room), "room_unknown");
    assert_error(join(b, room, ""), "lobby");
    assert_ack(ask(b, KNOCK, room));
    assert_ack(ask(b, KNOCK ",'on':false", room)); /* it thinks better of it */
    assert_has(last(a), "'name':'Ben','on':false}");
    assert_error(join(b, room, ""), "lobby");
    assert_ack(ask(b, KNOCK, room));
    lose_pipe(b);
    world_pass(w, MINUTE);
    assert_has(last(a), "'name':'Ben','on':false}");
    struct client *c = hello(w, "Cho");
    assert_error(join(c, room, ""), "lobby");
    assert_ack(ask(c, KNOCK, room));
    drain(c);
    assert_ack(ask(a, "'type':'leave','room':'%s'", room)); /* the room goes */
    assert_has(next(c), "'type':'admitted'");
    assert_has(last(c), "'on':false}");
    assert_error(join(c, room, ""), "room_unknown");
}

static void a_password_is_asked_first_and_once(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    create(a, room, ",'password':'let me in'");
    assert_ack(ask(a, SET ",'lobby':true", room));
    assert_error(join(b, room, ""), "password_required");
    assert_error(ask(b, KNOCK, room), "room_unknown");
    assert_error(join(b, room, ",'password':'please'"), "password_wrong");
    assert_error(ask(b, KNOCK, room), "room_unknown");
    assert_error(join(b, room, ",'password':'let me in'"), "lobby");
    assert_ack(ask(b, KNOCK, room));
    assert_ack(ask(a, ADMIT, room, b->sid, "true"));
    assert_ack(join(b, room, ""));
}

static void the_next_owner_is_told_who_waits(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE], ticket[TICKET_TEXT_MAX];
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben"), *c = hello(w, "Cho");
    create(a, room, "");
    assert_ack(join(b, room, ""));
    assert_ack(ask(a, SET ",'lobby':true", room));
    value(ask(b, "'type':'ticket','room':'%s'", room), "ticket", ticket, sizeof ticket);
    assert_error(join(c, room, ""), "lobby");
    assert_ack(ask(c, KNOCK, room));
    drain_all(w);
    assert_ack(ask(a, "'type':'leave','room':'%s'", room));
    assert_has(next(b), "'type':'left'");
    assert_has(next(b), "'type':'room_changed'");
    assert_has(next(b), "'type':'knocking'");
    drain_all(w);
    assert_ack(ask(b, SET ",'lobby':false", room)); /* all may come in */
    assert_has(next(c), "'type':'admitted'");
    assert_ack(join(c, room, ""));
    assert_ack(ask(b, SET ",'lobby':true,'share':'moderators'", room));
    value(ask(c, "'type':'ticket','room':'%s'", room), "ticket", ticket, sizeof ticket);
    world_again(
        w); /* the server restarts: who has been inside comes back, and others wait as before */
    struct client *again = hello(w, "Cho"), *other = hello(w, "Dan");
    char fields[TICKET_TEXT_MAX + 32];
    snprintf(fields, sizeof fields, ",'ticket':'%s'", ticket);
    assert_has(join(again, room, fields), "'lobby':true,'share':'moderators'");
    assert_error(join(other, room, ""), "lobby");
}

static void members_of_a_room_that_stays_need_not_wait(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    struct client *guest = hello(s.w, "Guest");
    const char *room = id_text(s.room);
    char id[B32_SIZE];
    snprintf(id, sizeof id, "%s", room);
    assert_ack(join(s.sora, id, ""));
    assert_error(ask(s.sora, SET ",'lobby':true", id), "not_allowed");
    assert_ack(join(s.jun, id, ""));
    assert_has(ask(s.jun, SET ",'lobby':true", id), "'lobby':true");
    assert_ack(join(s.mina, id, ""));
    assert_error(join(guest, id, ""), "lobby");
    assert_error(join(s.hana, id, ""), "lobby");
    assert_error(ask_conv(s.hana, "conv_get", s.room, ""), "conv_unknown"); /* no member yet */
    drain_all(s.w);
    assert_ack(ask(guest, KNOCK, id));
    assert_has(told(s.jun, "knocking"), "'name':'Guest','on':true}");
    assert_ack(ask(s.hana, KNOCK, id));
    assert_has(told(s.mina, "knocking"), "'on':true}");
    assert_false(has(last(s.sora), "knocking"));
    assert_ack(ask(s.jun, ADMIT, id, guest->sid, "true"));
    assert_ack(ask(s.mina, ADMIT, id, s.hana->sid, "true"));
    assert_ack(join(guest, id, ""));
    assert_ack(join(s.hana, id, ""));
}

/* ---- who may publish, and share ---- */

static void only_who_moderates_publishes(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben"), *c = hello(w, "Cho");
    create(a, room, "");
    assert_ack(join(b, room, ""));
    drain_all(w);
    assert_error(ask(a, SET ",'publish':'nobody'", room), "bad_request");
    drain_all(w);
    assert_has(ask(a, SET ",'publish':'moderators'", room), "'publish':'moderators'");
    assert_has(next(b), "'name':'Ben','mic':false,'cam':false,'screen':false,'media':false");
    assert_has(next(b), "'type':'room_changed'");
    assert_error(ask(b, "'type':'media','room':'%s','on':true", room), "not_allowed");
    assert_has(join(c, room, ""), "'media':false}");
    struct client *again = client_new(w); /* the owner may, after a reload too */
    assert_has(
        ask(again, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}", a->token, room),
        "'media':true}");
    assert_ack(ask(again, SET ",'publish':'all'", room));
    assert_ack(ask(b, "'type':'media','room':'%s','on':true", room));
}

/* Who only watches has nobody to connect with directly. */
static void few_who_publish_are_a_group(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.groups = GROUPS_AUTO;
    world_again(w);
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    create(a, room, "");
    assert_ack(join(b, room, ""));
    drain_all(w);
    assert_ack(ask(a, SET ",'publish':'moderators'", room));
    assert_has(next(b), "'media':false");
    assert_has(next(b), "'type':'group_mode'");
    assert_has(next(b), "'type':'room_changed'");
#define WATCH "'type':'group_offer','room':'%s','conn':'g','lines':[{'mid':'0'%s}]\nv=0"
    assert_ack(ask(b, WATCH, room, ""));
    assert_error(ask(b, WATCH, room, ",'kind':'mic'"), "no_media");
    world_pass(w, 4 * SECOND);
    drain_all(w);
    world_pass(w, 10 * SECOND);
    assert_string_equal(next(a), "");                 /* it stays one */
    assert_ack(ask(a, SET ",'publish':'all'", room)); /* two can talk directly again */
    world_pass(w, 6 * SECOND);
    assert_has(last(b), "'mode':'direct'}");
}

static void only_who_moderates_shares(void **state)
{
    struct world *w = *state;
    char room[B32_SIZE];
    w->cfg.groups = GROUPS_ALWAYS;
    world_again(w);
    struct client *a = hello(w, "Ann"), *b = hello(w, "Ben");
    create(a, room, "");
    assert_ack(join(b, room, ""));
#define LINES                                                                                   \
    "'lines':[{'mid':'0','kind':'mic'},{'mid':'1','kind':'screen'},{'mid':'2','kind':'sound'}]" \
    "\nv=0"
    assert_ack(ask(b, "'type':'group_offer','room':'%s','conn':'g'," LINES, room));
    groups(w);
    assert_ack(ask(a, SET ",'share':'moderators'", room));
    assert_string_equal(groups(w), "mute on;mute on;");
    assert_has(ask(b, "'type':'group_offer','room':'%s','conn':'h'," LINES, room),
               "{'mid':'1','track':null},{'mid':'2','track':null}]}");
    assert_has(groups(w), "offer 3 v=0 0:mic 1:screen- 2:sound-;");
    assert_ack(ask(a, "'type':'group_offer','room':'%s','conn':'g'," LINES, room));
    assert_string_equal(groups(w), "offer 3 v=0 0:mic 1:screen 2:sound;");
    assert_ack(ask(a, SET ",'share':'all'", room));
    assert_string_equal(groups(w), "mute off;mute off;");
}

/* ---- muting in a room that stays ---- */

static void nobody_mutes_their_like(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    struct client *all[] = {s.mina, s.jun, s.sora};
    char room[B32_SIZE];
    snprintf(room, sizeof room, "%s", id_text(s.room));
    for (int i = 0; i < 3; i++)
        assert_ack(join(all[i], room, ""));
    for (int by = 0; by < 3; by++)
        for (int whom = 0; whom < 3; whom++) {
            const char *a = ask(
                all[by], "'type':'room_mute','room':'%s','session':'%s','kind':'mic','hard':true",
                room, all[whom]->sid);
            bool may = by < 2 && (by <= whom);
            if (may)
                assert_ack(a);
            else
                assert_error(a, "not_allowed");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(who_would_come_in_waits),
        WORLD_TEST(who_is_not_let_in_is_told_so),
        WORLD_TEST(a_password_is_asked_first_and_once),
        WORLD_TEST(the_next_owner_is_told_who_waits),
        CALL_TEST(members_of_a_room_that_stays_need_not_wait),
        WORLD_TEST(only_who_moderates_publishes),
        WORLD_TEST(few_who_publish_are_a_group),
        WORLD_TEST(only_who_moderates_shares),
        CALL_TEST(nobody_mutes_their_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
