/* The live room of a room that stays: who comes in and who moderates, as matrices; its chat, which is the conversation;
 * who is told that somebody is there; and what a restart leaves. */
#include "stay_world.h"

static const char *enter(struct client *c, uint64_t room, const char *more)
{
    return join(c, id_text(room), more);
}

static const char *lock(struct scene *s, const char *password)
{
    char fields[200];
    snprintf(fields, sizeof fields, ",'password':'%s'", password);
    return ask_conv(s->mina, "room_password", s->room, fields);
}

static const char *outcome(const char *answer, char out[64])
{
    return has(answer, "{'type':'ack'") ? "ok" : value(answer, "code", out, 64);
}

/* ---- who comes in ---- */

#define OK  "ok"
#define U   "room_unknown"
#define B   "banned"
#define IN  OK, OK, OK, OK
#define REQ "password_required"
#define BAD "password_wrong"
static const struct {
    const char *room;     /* fields of room_make */
    const char *password; /* of the room; NULL: none */
    bool archived;
    const char *join;
    const char *expected[WHO];
} doors[] = {
    {"", NULL, false, "", {IN, U, U, U}},
    {"", NULL, false, ",'link':'LINK'", {IN, B, OK, OK}},
    {"", NULL, false, ",'link':'AAAAAAAAAAAAAAAAAAAAAA'", {IN, U, U, U}},
    {",'public':true", NULL, false, "", {IN, B, OK, OK}},
    {",'unlisted':true", NULL, false, "", {IN, B, OK, OK}},
    {",'public':true", "tree", false, "", {IN, B, REQ, REQ}},
    {",'public':true", "tree", false, ",'password':'bush'", {IN, B, BAD, BAD}},
    {",'public':true", "tree", false, ",'password':'tree'", {IN, B, OK, OK}},
    {"", "tree", false, ",'password':'tree'", {IN, U, U, U}},
    {"", "tree", false, ",'link':'LINK'", {IN, B, REQ, REQ}},
    {"", "tree", false, ",'link':'LINK','password':'tree'", {IN, B, OK, OK}},
    {"", NULL, true, ",'link':'LINK'", {"not_allowed", "not_allowed", "not_allowed", U, U, U, U}},
    {",'public':true", NULL, true, "", {"not_allowed", "not_allowed", "not_allowed", U, B, U, U}},
};

static void door(size_t row, enum who who)
{
    void *state = NULL;
    char code[64], fields[200];
    call_setup(&state);
    struct scene s = scene_new(state, doors[row].room);
    if (doors[row].password)
        assert_ack(lock(&s, doors[row].password));
    struct client *c = actor(&s, who);
    if (doors[row].archived)
        assert_ack(ask_conv(s.mina, "room_archive", s.room, ",'on':true"));
    const char *link = strstr(doors[row].join, "LINK");
    if (link)
        snprintf(fields, sizeof fields, "%.*s%s%s", (int)(link - doors[row].join), doors[row].join,
                 s.link, link + 4);
    const char *a = enter(c, s.room, link ? fields : doors[row].join);
    const char *got = outcome(a, code);
    if (strcmp(got, doors[row].expected[who]) != 0)
        fail_msg("%s, password %s, join%s as %s: %s, expected %s", doors[row].room,
                 doors[row].password ? doors[row].password : "none", doors[row].join,
                 who_names[who], got, doors[row].expected[who]);
    if (strcmp(got, OK) == 0) {
        assert_has(a, "'stays':true");
        assert_has(a, "'owner':null");
        bool inside = has(ask_conv(s.mina, "conv_get", s.room, ""), "'live':{'count':1");
        assert_true(inside);
        if (who != GUEST) /* and is a member from then on */
            assert_ack(ask_conv(c, "history", s.room, ""));
    }
    world_teardown(&state);
}

static void every_door_for_everybody(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(doors); row++)
        for (int who = 0; who < WHO; who++)
            door(row, (enum who)who);
}

/* The same password at room_join. */
static void a_password_is_asked_of_who_is_not_inside(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    assert_ack(lock(&s, "tree"));
    assert_has(told(s.sora, "conv"), "'password':true");
    assert_false(has(told(s.mina, "conv"), "hash of"));
    assert_has(ask(s.hana, "'type':'rooms_public'"), "'password':true");
    assert_error(ask_conv(s.hana, "room_join", s.room, ""), "password_required");
    assert_error(ask_conv(s.hana, "room_join", s.room, ",'password':'bush'"), "password_wrong");
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", s.link), "password_required");
    assert_ack(ask(s.hana, "'type':'room_join','link':'%s','password':'tree'", s.link));
    assert_ack(ask_conv(s.hana, "room_leave", s.room, ""));
    assert_ack(lock(&s, ""));
    assert_ack(ask_conv(s.hana, "room_join", s.room, ""));
}

static void a_password_that_was_changed_meanwhile_is_wrong(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    assert_ack(lock(&s, "tree"));
    s.w->hold_jobs = true;
    int64_t id = s.hana->next_id;
    enter(s.hana, s.room, ",'password':'tree'");
    const struct val v[] = {VAL_ID(s.room), VAL_T(STR("hash of bush"))};
    run_proc(s.w, DB_ROOM_PASSWORD, v, 2);
    domain_db(s.w->d, s.w->now, s.w->wall, &(struct db_answer){.number = 0});
    s.w->hold_jobs = false;
    world_settle(s.w);
    assert_error(answer_to(s.hana, id), "password_wrong");
    assert_ack(enter(s.hana, s.room, ",'password':'bush'"));
}

/* Each person, and each address of guests, by itself. */
static void guesses_are_limited(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    bool limited = false;
    s.w->addr_key = 77;
    struct client *guest = hello(s.w, "Guest");
    s.w->addr_key = 78;
    struct client *other = hello(s.w, "Other");
    assert_ack(lock(&s, "tree"));
    for (int i = 0; i < 10 && !limited; i++) {
        world_pass(s.w, 1100000);
        limited = has(enter(guest, s.room, ",'password':'bush'"), "'code':'rate'");
    }
    assert_true(limited);
    assert_error(enter(guest, s.room, ",'password':'tree'"), "rate");
    assert_ack(enter(other, s.room, ",'password':'tree'"));
    assert_error(ask_conv(s.hana, "room_join", s.room, ",'password':'bush'"), "password_wrong");
    assert_ack(enter(s.hana, s.room, ",'password':'tree'"));
    world_pass(s.w, 30 * MINUTE);
    assert_ack(enter(guest, s.room, ",'password':'tree'"));
}

/* ---- inside ---- */

/* Everybody is there, and a guest, who came by the link. */
static struct client *all_inside(struct scene *s)
{
    struct client *guest = hello(s->w, "Guest");
    assert_ack(enter(s->mina, s->room, ""));
    assert_ack(enter(s->jun, s->room, ""));
    assert_ack(enter(s->sora, s->room, ""));
    char link[100];
    snprintf(link, sizeof link, ",'link':'%s'", s->link);
    assert_ack(enter(guest, s->room, link));
    drain_all(s->w);
    return guest;
}

enum { BY_OWNER_, BY_MODERATOR_, BY_MEMBER_, BY_GUEST_, ACTORS };
#define N "not_allowed"
static const struct {
    const char *what;
    const char *whom; /* NULL: room_set */
    const char *expected[ACTORS];
} acts[] = {
    {"'type':'room_remove','room':'%s','session':'%s'", "guest", {OK, OK, N, N}},
    {"'type':'room_remove','room':'%s','session':'%s'", "sora", {OK, OK, N, N}},
    {"'type':'room_remove','room':'%s','session':'%s'", "jun", {OK, N, N, N}},
    {"'type':'room_remove','room':'%s','session':'%s'", "mina", {N, N, N, N}},
    {"'type':'room_set','room':'%s','locked':true", NULL, {OK, OK, N, N}},
    {"'type':'room_set','room':'%s','title':'x'", NULL, {N, N, N, N}},
    {"'type':'room_set','room':'%s','password':'x'", NULL, {N, N, N, N}},
    {"'type':'room_set','room':'%s','public':true", NULL, {N, N, N, N}},
    {"'type':'room_set','room':'%s','capacity':5", NULL, {N, N, N, N}},
};

static void act(size_t row, int who)
{
    void *state = NULL;
    char code[64], fields[200];
    call_setup(&state);
    struct scene s = scene_new(state, "");
    struct client *guest = all_inside(&s), *all[] = {s.mina, s.jun, s.sora, guest};
    const char *whom = acts[row].whom;
    const struct client *other = !whom                        ? NULL
                                 : strcmp(whom, "guest") == 0 ? guest
                                 : strcmp(whom, "sora") == 0  ? s.sora
                                 : strcmp(whom, "jun") == 0   ? s.jun
                                                              : s.mina;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(fields, sizeof fields, acts[row].what, id_text(s.room), other ? other->sid : "");
#pragma GCC diagnostic pop
    const char *got = outcome(ask(all[who], "%s", fields), code);
    if (strcmp(got, acts[row].expected[who]) != 0)
        fail_msg("%s by %d: %s, expected %s", fields, who, got, acts[row].expected[who]);
    if (strcmp(got, OK) == 0 && other)
        assert_has(told(other, "left"), "'reason':'removed'");
    world_teardown(&state);
}

static void every_moderation_by_everybody(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(acts); row++)
        for (int who = 0; who < ACTORS; who++)
            act(row, who);
}

static void who_was_removed_stays_out_for_a_while(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    struct client *guest = all_inside(&s), *again;
    char ticket[2000];
    value(ask(guest, "'type':'ticket','room':'%s'", id_text(s.room)), "ticket", ticket,
          sizeof ticket);
    assert_ack(ask(s.jun, "'type':'room_remove','room':'%s','session':'%s'", id_text(s.room),
                   s.sora->sid));
    assert_ack(
        ask(s.jun, "'type':'room_remove','room':'%s','session':'%s'", id_text(s.room), guest->sid));
    assert_error(enter(s.sora, s.room, ""), "removed");
    assert_error(enter(device(s.w, SORA), s.room, ""), "removed"); /* on any device */
    assert_ack(ask_conv(s.sora, "history", s.room, ""));           /* a member all the same */
    assert_error(enter(guest, s.room, ""), "removed");
    again = hello(s.w, "Guest");
    char by[2100];
    snprintf(by, sizeof by, ",'ticket':'%s'", ticket);
    assert_error(enter(again, s.room, by), "removed");
    world_pass(s.w, 11 * MINUTE);
    assert_ack(enter(s.sora, s.room, ""));
}

static void a_lock_keeps_all_but_moderators_out(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    assert_ack(enter(s.mina, s.room, ""));
    assert_ack(ask(s.mina, "'type':'room_set','room':'%s','locked':true", id_text(s.room)));
    assert_error(enter(s.sora, s.room, ""), "room_locked");
    assert_ack(enter(s.jun, s.room, ""));
    assert_ack(ask(s.jun, "'type':'room_set','room':'%s','locked':false", id_text(s.room)));
    assert_ack(enter(s.sora, s.room, ""));
}

/* The conversation says who is there: at once. */
static void who_is_no_member_any_more_is_out(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *guest = all_inside(&s);
    assert_ack(set_role(s.mina, s.room, SORA, "removed"));
    assert_has(told(s.sora, "left"), "'reason':'removed'");
    assert_has(told(guest, "left"), s.sora->sid);
    assert_error(enter(s.sora, s.room, ""), "room_unknown");
    assert_ack(set_role(s.mina, s.room, JUN, "banned"));
    assert_has(told(s.jun, "left"), "'reason':'removed'");
    assert_error(enter(s.jun, s.room, ""), "room_unknown");
    assert_string_equal(told(guest, "ended"), "");
    assert_ack(ask_conv(s.mina, "room_archive", s.room, ",'on':true"));
    assert_has(told(s.mina, "left"), "'reason':'ended'");
    assert_has(told(guest, "left"), "'reason':'ended'");
    struct domain_counts n;
    domain_count(s.w->d, &n);
    assert_int_equal(n.rooms, 0);
}

static void who_leaves_or_deletes_the_room_ends_it(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *guest = all_inside(&s);
    assert_ack(ask_conv(s.sora, "room_leave", s.room, ""));
    assert_has(told(s.sora, "left"), "'reason':'ended'");
    assert_ack(set_role(s.mina, s.room, JUN, "removed"));
    assert_ack(set_role(s.mina, s.room, KIM, "removed"));
    assert_ack(ask_conv(s.mina, "room_leave", s.room, "")); /* the last one: it is deleted */
    assert_has(told(s.mina, "left"), "'reason':'ended'");
    assert_has(told(guest, "left"), "'reason':'ended'");
    assert_error(enter(s.mina, s.room, ""), "room_unknown");
}

/* As `madang user` does it beside the server. */
static void another_process_removes_somebody(void **state)
{
    struct scene s = scene_new(*state, "");
    all_inside(&s);
    const struct val gone[] = {VAL_ID(s.room), VAL_ID(SORA), VAL_I(0)};
    run_proc(s.w, DB_MEMBER_GONE, gone, 3);
    domain_db(s.w->d, s.w->now, s.w->wall, &(struct db_answer){.number = 0});
    world_settle(s.w);
    send_text(s.mina, s.room, "is anybody there?"); /* the conversation is read again */
    assert_has(told(s.sora, "left"), "'reason':'removed'");
}

/* What tickets and the list of rooms say follows the conversation. */
static void the_room_is_called_as_the_conversation(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *watcher = hello(s.w, "Watcher");
    assert_has(ask(watcher, "'type':'watch','on':true"), "'rooms':[]");
    assert_ack(enter(s.mina, s.room, ""));
    assert_has(ask_conv(s.jun, "room_edit", s.room, ",'title':'Orchard'"), "'ack'");
    assert_has(told(s.mina, "room_changed"), "'title':'Orchard'");
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'public':true"));
    world_pass(s.w, SECOND);
    assert_has(told(watcher, "rooms"), "'title':'Orchard'");
    assert_has(told(watcher, "rooms"), "'stays':true");
    assert_has(ask(watcher, "'type':'rooms_public'"), "'live':1");
    assert_ack(lock(&s, "tree"));
    assert_has(told(s.mina, "room_changed"), "'password':true");
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'public':false"));
    world_pass(s.w, SECOND);
    assert_has(told(watcher, "rooms"), id_text(s.room));
    assert_has(told(watcher, "rooms"), "'gone':['");
}

static void rooms_are_not_merged(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    char other[B32_SIZE];
    assert_ack(enter(s.mina, s.room, ""));
    create(s.mina, other, "");
    assert_error(ask(s.mina, "'type':'room_merge','room':'%s','into':'%s'", other, id_text(s.room)),
                 "not_allowed");
    assert_error(ask(s.mina, "'type':'room_merge','room':'%s','into':'%s'", id_text(s.room), other),
                 "not_owner");
}

/* ---- the chat is the conversation ---- */

static void what_is_said_stays(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *guest = all_inside(&s), *kim;
    assert_ack(ask(s.sora, "'type':'leave','room':'%s'", id_text(s.room)));
    assert_ack(ask_conv(s.sora, "read", s.room, ",'seq':3"));
    drain_all(s.w);
    const char *a = ask(guest, "'type':'chat','room':'%s','text':'hello there'", id_text(s.room));
    assert_has(a, "'seq':4");
    assert_has(told(s.sora, "message"), "'guest':'Guest'"); /* who is not in the live room */
    assert_has(told(s.sora, "message"), "hello there");
    assert_false(has(told(s.sora, "message"), "'from'"));
    assert_has(told(s.sora, "badges"), "'unread':1");
    assert_has(told(guest, "chat"),
               "hello there"); /* a guest is told by chat, members by message */
    assert_string_equal(told(s.mina, "chat"), "");
    assert_has(told(s.mina, "message"), "hello there");
    assert_int_equal(send_text(s.jun, s.room, "welcome"), 5);
    assert_has(told(guest, "chat"), s.jun->sid);
    assert_has(told(guest, "chat"), "'seq':5");
    assert_has(told(guest, "chat"), "'name':'jun'");
    assert_has(ask(s.mina, "'type':'chat','room':'%s','text':'by chat'", id_text(s.room)),
               "'seq':6");
    assert_has(told(s.sora, "message"), "by chat");
    assert_has(ask_conv(s.sora, "conv_get", s.room, ""), "'unread':3");
    assert_has(ask_conv(s.sora, "history", s.room, ""), "'guest':'Guest'");
    assert_has(ask(s.sora, "'type':'search','text':'hello'"), "hello there");
    /* one who writes from elsewhere is named as a person */
    send_text(s.sora, s.room, "from afar");
    assert_has(told(guest, "chat"), id_text(SORA));
    kim = hello(s.w, "Late"); /* sees nothing of before */
    char link[100];
    snprintf(link, sizeof link, ",'link':'%s'", s.link);
    assert_has(enter(kim, s.room, link), "'history':[]");
    /* moderators delete what guests say */
    assert_ack(ask_conv(s.jun, "delete", s.room, ",'seq':4"));
    assert_error(ask_conv(s.sora, "delete", s.room, ",'seq':4"), "unknown");
}

static void a_guest_may_not_write_without_being_there(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    struct client *guest = hello(s.w, "Guest");
    assert_error(ask(guest, "'type':'chat','room':'%s','text':'x'", id_text(s.room)),
                 "not_in_room");
    assert_ack(enter(guest, s.room, ""));
    s.w->db.hold = true;
    int64_t id = guest->next_id;
    ask(guest, "'type':'chat','room':'%s','text':'on its way'", id_text(s.room));
    ask_conv(s.mina, "room_archive", s.room, ",'on':true");
    s.w->db.hold = false;
    world_settle(s.w);
    assert_ack(answer_to(guest, id)); /* was there first */
    assert_error(ask(guest, "'type':'chat','room':'%s','text':'x'", id_text(s.room)),
                 "not_in_room");
}

static void whispers_are_not_kept(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *guest = all_inside(&s);
    assert_ack(ask(guest, "'type':'whisper','room':'%s','to':'%s','text':'psst'", id_text(s.room),
                   s.mina->sid));
    assert_has(told(s.mina, "whisper"), "psst");
    assert_string_equal(told(s.jun, "whisper"), "");
    assert_false(has(ask_conv(s.mina, "history", s.room, ""), "psst"));
    assert_has(ask_conv(s.mina, "conv_get", s.room, ""), "'seq':3");
}

/* ---- who is told that somebody is there ---- */

static void who_has_the_list_open_is_told(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *other = device(s.w, SORA);
    assert_ack(ask(s.sora, "'type':'conv_watch','on':true"));
    assert_ack(ask(s.hana, "'type':'conv_watch','on':true"));
    assert_error(ask(hello(s.w, "Guest"), "'type':'conv_watch','on':true"), "sign_in_required");
    drain_all(s.w);
    assert_ack(enter(s.mina, s.room, ""));
    assert_ack(enter(s.jun, s.room, ""));
    world_pass(s.w, SECOND);
    assert_has(told(s.sora, "conv_live"), "'live':{'count':2,'people':[{'user':'0000000000001',"
                                          "'name':'mina'},{'user':'0000000000002','name':'jun'}]}");
    assert_string_equal(told(s.hana, "conv_live"), ""); /* no member */
    assert_string_equal(told(other, "conv_live"), "");  /* does not look */
    assert_has(ask(s.sora, "'type':'convs'"), "'live':{'count':2");
    drain_all(s.w);
    for (int i = 0; i < 5; i++) { /* collected */
        assert_ack(ask(s.jun, "'type':'leave','room':'%s'", id_text(s.room)));
        assert_ack(enter(s.jun, s.room, ""));
    }
    world_pass(s.w, SECOND);
    size_t n = 0;
    for (size_t i = s.sora->seen; i < s.sora->n_log; i++)
        n += strstr(s.sora->log[i], "conv_live") != NULL;
    assert_int_equal(n, 1);
    drain_all(s.w);
    assert_ack(ask(s.jun, "'type':'leave','room':'%s'", id_text(s.room)));
    assert_ack(ask(s.mina, "'type':'leave','room':'%s'", id_text(s.room)));
    world_pass(s.w, SECOND);
    assert_has(told(s.sora, "conv_live"), "'live':{'count':0,'people':[]}");
    assert_ack(ask(s.sora, "'type':'conv_watch','on':false"));
    drain_all(s.w);
    assert_ack(enter(s.mina, s.room, ""));
    world_pass(s.w, SECOND);
    assert_string_equal(told(s.sora, "conv_live"), "");
    assert_false(has(ask_conv(s.hana, "rooms_public", s.room, ""), id_text(s.room)));
}

/* ---- reloads and restarts ---- */

static void a_guest_who_reloads_goes_on(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *guest = all_inside(&s);
    char fields[300];
    send_text(s.mina, s.room, "while you are here");
    lose_pipe(guest);
    send_text(s.mina, s.room, "while you are away");
    struct client *again = client_new(s.w);
    snprintf(fields, sizeof fields, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}",
             guest->token, id_text(s.room));
    const char *a = ask(again, "%s", fields);
    assert_has(a, "'joined':{");
    assert_has(a, "while you are here");
    assert_has(a, "while you are away");
    assert_false(has(a, "of mina")); /* said before the guest came */
    assert_has(told(s.mina, "left"), "'reason':'replaced'");
}

static void somebody_who_reloads_signed_out_is_not_let_in(void **state)
{
    struct scene s = scene_new(*state, "");
    all_inside(&s);
    struct client *again = client_new(s.w);
    char fields[300];
    snprintf(fields, sizeof fields, "'type':'hello','v':1,'replaces':'%s','join':{'room':'%s'}",
             s.sora->token, id_text(s.room));
    const char *a = ask(again, "%s", fields);
    assert_has(a, "'join_error':{'code':'room_unknown'");
}

static void a_restart_loses_nothing(void **state)
{
    struct scene s = scene_new(*state, ",'unlisted':true");
    char guests[2100], minas[2100], removed[2100];
    assert_ack(lock(&s, "tree"));
    struct client *guest = hello(s.w, "Guest"), *bad = hello(s.w, "Bad");
    assert_ack(enter(s.mina, s.room, ""));
    assert_ack(enter(guest, s.room, ",'password':'tree'"));
    assert_ack(enter(bad, s.room, ",'password':'tree'"));
    ticket_of(bad, s.room, removed);
    assert_ack(
        ask(s.mina, "'type':'room_remove','room':'%s','session':'%s'", id_text(s.room), bad->sid));
    send_text(s.mina, s.room, "before");
    ticket_of(guest, s.room, guests);
    ticket_of(s.mina, s.room, minas);
    world_again(s.w);
    s.mina = device(s.w, MINA);
    guest = hello(s.w, "Guest");
    const char *a = enter(guest, s.room, guests); /* needs no password again */
    assert_ack(a);
    assert_has(a, "before");
    assert_ack(enter(s.mina, s.room, minas));
    /* who was removed before has a ticket that no longer counts */
    bad = hello(s.w, "Bad");
    assert_error(enter(bad, s.room, removed), "password_required");
    assert_int_equal(send_text(s.mina, s.room, "after"), 5);
    assert_has(told(guest, "chat"), "'seq':5");
    assert_has(ask_conv(s.mina, "conv_get", s.room, ""), "'live':{'count':2");
    /* a new password makes tickets of guests worthless */
    ticket_of(guest, s.room, guests);
    assert_ack(lock(&s, "bush"));
    world_again(s.w);
    guest = hello(s.w, "Guest");
    assert_error(enter(guest, s.room, guests), "password_required");
}

/* The one that was removed comes back first, and is found out when somebody with a later ticket does. */
static void a_later_ticket_corrects_the_room(void **state)
{
    struct scene s = scene_new(*state, "");
    struct client *bad = all_inside(&s);
    char removed[2100], minas[2100];
    ticket_of(bad, s.room, removed);
    assert_ack(
        ask(s.mina, "'type':'room_remove','room':'%s','session':'%s'", id_text(s.room), bad->sid));
    ticket_of(s.mina, s.room, minas);
    world_again(s.w);
    bad = hello(s.w, "Bad");
    assert_ack(enter(bad, s.room, removed));
    s.mina = device(s.w, MINA);
    assert_ack(enter(s.mina, s.room, minas));
    assert_has(told(bad, "left"), "'reason':'removed'");
    assert_error(enter(bad, s.room, removed), "room_unknown");
}

static void limits_hold(void **state)
{
    struct world *w = *state;
    w->cfg.capacity_default = 2;
    w->cfg.max_rooms = 1;
    world_again(w);
    struct scene s = scene_new(w, ",'public':true");
    uint64_t other = make_room(s.mina, "");
    assert_ack(enter(s.mina, s.room, ""));
    assert_error(enter(s.mina, s.room, ""), "already_joined");
    assert_error(enter(s.mina, other, ""), "room_limit");
    assert_ack(enter(s.jun, s.room, ""));
    assert_error(enter(s.sora, s.room, ""), "room_full");
    uint64_t direct = open_with(s.mina, JUN);
    assert_error(enter(s.mina, direct, ""), "room_unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_door_for_everybody),
        CALL_TEST(a_password_is_asked_of_who_is_not_inside),
        CALL_TEST(a_password_that_was_changed_meanwhile_is_wrong),
        CALL_TEST(guesses_are_limited),
        cmocka_unit_test(every_moderation_by_everybody),
        CALL_TEST(who_was_removed_stays_out_for_a_while),
        CALL_TEST(a_lock_keeps_all_but_moderators_out),
        CALL_TEST(who_is_no_member_any_more_is_out),
        CALL_TEST(who_leaves_or_deletes_the_room_ends_it),
        CALL_TEST(another_process_removes_somebody),
        CALL_TEST(the_room_is_called_as_the_conversation),
        CALL_TEST(rooms_are_not_merged),
        CALL_TEST(what_is_said_stays),
        CALL_TEST(a_guest_may_not_write_without_being_there),
        CALL_TEST(whispers_are_not_kept),
        CALL_TEST(who_has_the_list_open_is_told),
        CALL_TEST(a_guest_who_reloads_goes_on),
        CALL_TEST(somebody_who_reloads_signed_out_is_not_let_in),
        CALL_TEST(a_restart_loses_nothing),
        CALL_TEST(a_later_ticket_corrects_the_room),
        CALL_TEST(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
