/* Rooms that stay: who may do what, as a matrix of every role and every request; and what becomes of it. */
#include "stay_world.h"

#define OK      "ok"
#define N       "not_allowed"
#define C       "conv_unknown"
#define S       "sign_in_required"
#define OUTSIDE C, C, C, S
/* ROOM, LINK, and ids of people are put in. */
static const struct {
    const char *request;
    const char *expected[WHO];
} matrix[] = {
    {"'type':'conv_get','conv':'ROOM'", {OK, OK, OK, OK, C, C, S}},
    {"'type':'history','conv':'ROOM'", {OK, OK, OK, OUTSIDE}},
    {"'type':'members','conv':'ROOM'", {OK, OK, OK, OUTSIDE}},
    {"'type':'send','conv':'ROOM','client':'m','text':'hi'", {OK, OK, OK, OUTSIDE}},
    {"'type':'react','conv':'ROOM','seq':1,'emoji':'x','on':true", {OK, OK, OK, OUTSIDE}},
    {"'type':'react','conv':'ROOM','seq':1,'emoji':'x','on':false", {OK, OK, OK, OUTSIDE}},
    {"'type':'read','conv':'ROOM','seq':3", {OK, OK, OK, OUTSIDE}},
    {"'type':'draft','conv':'ROOM','text':'x'", {OK, OK, OK, OUTSIDE}},
    {"'type':'edit','conv':'ROOM','seq':1,'text':'x'", {N, N, OK, OUTSIDE}},
    {"'type':'edit','conv':'ROOM','seq':3,'text':'x'", {OK, N, N, OUTSIDE}},
    {"'type':'delete','conv':'ROOM','seq':1", {OK, OK, OK, OUTSIDE}},
    {"'type':'delete','conv':'ROOM','seq':2", {OK, OK, N, OUTSIDE}},
    {"'type':'delete','conv':'ROOM','seq':3", {OK, OK, N, OUTSIDE}},
    {"'type':'room_edit','conv':'ROOM','title':'New'", {OK, OK, N, OUTSIDE}},
    {"'type':'room_edit','conv':'ROOM','topic':''", {OK, OK, N, OUTSIDE}},
    {"'type':'room_picture','conv':'ROOM','none':true", {OK, OK, N, OUTSIDE}},
    {"'type':'room_edit','conv':'ROOM','public':true", {OK, N, N, OUTSIDE}},
    {"'type':'room_edit','conv':'ROOM','unlisted':true", {OK, N, N, OUTSIDE}},
    {"'type':'room_edit','conv':'ROOM','retention_s':60", {OK, N, N, OUTSIDE}},
    {"'type':'room_invite','conv':'ROOM','user':'KIM'", {OK, OK, N, OUTSIDE}},
    {"'type':'room_invite','conv':'ROOM','uses':1", {OK, OK, N, OUTSIDE}},
    {"'type':'room_invite','conv':'ROOM','uses':0", {OK, OK, N, OUTSIDE}},
    {"'type':'room_links','conv':'ROOM'", {OK, OK, N, OUTSIDE}},
    {"'type':'room_link_end','conv':'ROOM','key':'KIM'", {"unknown", "unknown", N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'KIM','role':'removed'", {OK, OK, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'KIM','role':'banned'", {OK, OK, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'KIM','role':'moderator'", {OK, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'KIM','role':'member'", {OK, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'KIM','role':'owner'", {OK, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'JUN','role':'removed'", {OK, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'JUN','role':'banned'", {OK, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'MINA','role':'removed'", {N, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'MINA','role':'member'", {N, N, N, OUTSIDE}},
    {"'type':'member_set','conv':'ROOM','user':'SORA','role':'none'",
     {"unknown", "unknown", N, OUTSIDE}},
    {"'type':'room_archive','conv':'ROOM','on':true", {OK, N, N, OUTSIDE}},
    {"'type':'room_password','conv':'ROOM','password':'x'", {OK, N, N, OUTSIDE}},
    {"'type':'room_password','conv':'ROOM','password':''", {OK, N, N, OUTSIDE}},
    {"'type':'room_look','conv':'ROOM'", {OK, OK, OK, OK, C, C, C}},
    {"'type':'room_look','link':'LINK'", {OK, OK, OK, OK, OK, OK, OK}},
    {"'type':'room_leave','conv':'ROOM'", {N, OK, OK, OUTSIDE}},
    {"'type':'conv_answer','conv':'ROOM','as':'accept'", {N, N, N, OK, C, C, S}},
    {"'type':'conv_answer','conv':'ROOM','as':'ignore'", {N, N, N, OK, C, C, S}},
    {"'type':'room_join','conv':'ROOM'", {OK, OK, OK, OK, C, C, S}},
    {"'type':'room_join','link':'LINK'", {OK, OK, OK, OK, "banned", OK, S}},
};

static void put_in(struct buf *b, const char *request, const struct scene *s)
{
    static const struct {
        const char *name;
        uint64_t user;
    } people[] = {{"'KIM'", KIM}, {"'JUN'", JUN}, {"'MINA'", MINA}, {"'SORA'", SORA}};
    for (const char *p = request; *p;) {
        size_t skip = 0;
        if (strncmp(p, "'ROOM'", 6) == 0 && (skip = 6))
            buf_putf(b, "'%s'", id_text(s->room));
        if (strncmp(p, "'LINK'", 6) == 0 && (skip = 6))
            buf_putf(b, "'%s'", s->link);
        for (size_t i = 0; i < ARRAY_LEN(people); i++)
            if (strncmp(p, people[i].name, strlen(people[i].name)) == 0) {
                skip = strlen(people[i].name);
                buf_putf(b, "'%s'", id_text(people[i].user));
            }
        if (skip == 0)
            buf_u8(b, (uint8_t)*p++);
        p += skip;
    }
}

static const char *outcome(const char *answer, char out[64])
{
    if (has(answer, "{'type':'ack'"))
        return OK;
    return value(answer, "code", out, 64);
}

static void cell(size_t row, enum who who)
{
    void *state = NULL;
    char code[64];
    struct buf b;
    call_setup(&state);
    struct scene s = scene_new(state, "");
    struct client *c = actor(&s, who);
    buf_init(&b, 1024);
    put_in(&b, matrix[row].request, &s);
    const char *got = outcome(ask(c, "%s", buf_cstr(&b)), code);
    if (strcmp(got, matrix[row].expected[who]) != 0)
        fail_msg("%s as %s: %s, expected %s", matrix[row].request, who_names[who], got,
                 matrix[row].expected[who]);
    buf_free(&b);
    world_teardown(&state);
}

static void every_request_as_every_role(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(matrix); row++)
        for (int who = 0; who < WHO; who++)
            cell(row, (enum who)who);
}

/* What asks for a conversation is in the matrix. */
static void the_matrix_is_whole(void **state)
{
    static const char *const types[] = {
#define NAME(symbol, type, ways) [CMD_##symbol - CMD_CONVS] = type,
        CONV_CMDTYPES(NAME)
#undef NAME
    };
    static const char *const elsewhere[] = {"convs",  "conv_open", "typing_conv",
                                            "search", "room_make", "rooms_public",
                                            "export", "conv_watch"};
    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(types); t++) {
        char start[64];
        bool found = false;
        snprintf(start, sizeof start, "'type':'%s'", types[t]);
        for (size_t i = 0; i < ARRAY_LEN(matrix); i++)
            found |= strncmp(matrix[i].request, start, strlen(start)) == 0;
        for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
            found |= strcmp(elsewhere[i], types[t]) == 0;
        if (!found)
            fail_msg("%s is not in the matrix", types[t]);
    }
}

/* A direct conversation has no roles: what is for rooms alone is not allowed, and others know nothing of it. */
static void a_direct_conversation_is_no_room(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t conv = friends(a, b, JUN);
    static const char *const only_rooms[][2] = {
        {"room_edit", ",'title':'x'"},
        {"room_invite", ",'uses':1"},
        {"room_links", ""},
        {"room_picture", ",'none':true"},
        {"room_invite", ",'user':'0000000000003'"},
        {"member_set", ",'user':'0000000000002','role':'removed'"},
        {"room_leave", ""},
        {"room_archive", ",'on':true"},
    };
    for (size_t i = 0; i < ARRAY_LEN(only_rooms); i++) {
        assert_error(ask_conv(a, only_rooms[i][0], conv, only_rooms[i][1]), "not_allowed");
        assert_error(ask_conv(c, only_rooms[i][0], conv, only_rooms[i][1]), "conv_unknown");
    }
    assert_error(ask_conv(c, "room_join", conv, ""), "conv_unknown");
    assert_error(ask_conv(c, "conv_get", conv, ""), "conv_unknown");
    assert_error(ask_conv(c, "history", conv, ""), "conv_unknown");
}

static void an_archived_room_is_only_read(void **state)
{
    struct scene s = scene_new(*state, "");
    assert_ack(ask_conv(s.mina, "room_archive", s.room, ",'on':true"));
    assert_has(told(s.sora, "conv"), "'state':'archived'");
    assert_error(ask_conv(s.sora, "send", s.room, ",'client':'a','text':'x'"), "not_allowed");
    assert_error(ask_conv(s.mina, "send", s.room, ",'client':'a','text':'x'"), "not_allowed");
    assert_error(ask_conv(s.mina, "room_edit", s.room, ",'title':'x'"), "not_allowed");
    assert_error(ask_conv(s.mina, "room_invite", s.room, ",'uses':1"), "not_allowed");
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", s.link), "bad_invite");
    assert_ack(ask_conv(s.sora, "history", s.room, ""));
    assert_ack(ask_conv(s.sora, "delete", s.room, ",'seq':1"));
    assert_ack(ask_conv(s.sora, "room_leave", s.room, ""));
    assert_ack(ask_conv(s.mina, "room_archive", s.room, ",'on':false"));
    assert_ack(ask_conv(s.mina, "send", s.room, ",'client':'a','text':'x'"));
}

static void messages_go_to_members_alone(void **state)
{
    struct scene s = scene_new(*state, "");
    member_of(&s, NULL, HANA);
    assert_has(told(s.hana, "conv"), "'state':'request'");
    assert_has(told(s.hana, "badges"), "'requests':1");
    assert_false(has(told(s.hana, "conv"), "of mina")); /* nothing is shown before */
    drain_all(s.w);
    send_text(s.sora, s.room, "psst");
    assert_has(told(s.mina, "message"), "psst");
    assert_has(told(s.jun, "message"), "psst");
    assert_string_equal(told(s.hana, "message"), "");
    assert_has(ask(s.hana, "'type':'search','text':'psst'"), "'found':[]");
    assert_ack(ask_conv(s.hana, "conv_answer", s.room, ",'as':'accept'"));
    assert_has(told(s.hana, "badges"),
               "'unread':1,'requests':0"); /* what came since the invitation */
    assert_has(ask(s.hana, "'type':'search','text':'psst'"), "psst");
    assert_ack(set_role(s.jun, s.room, HANA, "removed"));
    assert_has(told(s.hana, "conv"), "'gone':true");
    drain_all(s.w);
    send_text(s.sora, s.room, "well");
    assert_string_equal(told(s.hana, "message"), "");
    assert_has(ask(s.hana, "'type':'search','text':'psst'"), "'found':[]");
    assert_has(ask(s.hana, "'type':'convs'"), "'convs':[]");
}

static void links_have_uses_and_an_end(void **state)
{
    struct scene s = scene_new(*state, "");
    char link[64];
    value(ask_conv(s.jun, "room_invite", s.room, ",'uses':1,'ttl_s':3600"), "link", link,
          sizeof link);
    assert_ack(ask(s.hana, "'type':'room_join','link':'%s'", link));
    assert_ack(ask_conv(s.hana, "room_leave", s.room, ""));
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", link), "bad_invite");
    value(ask_conv(s.jun, "room_invite", s.room, ",'uses':1,'ttl_s':3600"), "link", link,
          sizeof link);
    world_pass(s.w, 3601 * SECOND);
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", link), "bad_invite");
    assert_ack(ask_conv(s.jun, "room_invite", s.room, ",'uses':0"));
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", s.link), "bad_invite");
    assert_error(ask(s.hana, "'type':'room_join','link':'AAAAAAAAAAAAAAAAAAAAAA'"), "bad_invite");
    assert_error(ask(s.hana, "'type':'room_join','link':'short'"), "bad_request");
}

/* What the list says of the only link, and its key. */
static uint64_t only_link(const char *list, int64_t uses, const char *by)
{
    uint64_t key;
    char text[B32_SIZE], maker[48];
    assert_int_equal(number_of(list, "uses_left"), uses);
    snprintf(maker, sizeof maker, "'by':'%s'", by);
    assert_has(list, maker);
    assert_true(b32_decode(str_from(value(list, "key", text, sizeof text)), &key));
    return key;
}

static void links_are_listed_and_ended_one_by_one(void **state)
{
    struct scene s = scene_new(*state, "");
    char link[64], fields[64];
    const char *none = "'links':[]";
    uint64_t own = only_link(ask_conv(s.jun, "room_links", s.room, ""), 5, "mina");
    assert_ack(ask(s.hana, "'type':'room_join','link':'%s'", s.link));
    assert_int_equal(only_link(ask_conv(s.mina, "room_links", s.room, ""), 4, "mina"), own);
    value(ask_conv(s.jun, "room_invite", s.room, ",'uses':1,'ttl_s':3600"), "link", link,
          sizeof link);
    snprintf(fields, sizeof fields, ",'key':'%s'", id_text(own));
    /* of another room it is none */
    uint64_t other = make_room(s.hana, "");
    assert_error(ask_conv(s.hana, "room_link_end", other, fields), "unknown");
    assert_ack(ask_conv(s.jun, "room_link_end", s.room, fields));
    assert_error(ask_conv(s.jun, "room_link_end", s.room, fields), "unknown");
    assert_ack(ask_conv(s.hana, "room_leave", s.room, ""));
    assert_error(ask(s.hana, "'type':'room_join','link':'%s'", s.link), "bad_invite");
    only_link(ask_conv(s.mina, "room_links", s.room, ""), 1, "jun");
    assert_ack(ask(s.hana, "'type':'room_join','link':'%s'", link)); /* used up: not shown */
    assert_has(ask_conv(s.mina, "room_links", s.room, ""), none);
    assert_ack(ask_conv(s.mina, "room_invite", s.room, ",'ttl_s':3600"));
    world_pass(s.w, 3601 * SECOND); /* over: not shown */
    assert_has(ask_conv(s.mina, "room_links", s.room, ""), none);
}

static void public_rooms_are_found(void **state)
{
    struct scene s = scene_new(*state, ",'public':true,'topic':'Tomatoes'");
    uint64_t hidden = make_room(s.mina, ",'unlisted':true");
    const char *list = ask(s.hana, "'type':'rooms_public','query':'tomato'");
    assert_has(list, id_text(s.room));
    assert_has(list, "'members':4");
    assert_false(has(list, id_text(hidden)));
    assert_has(ask(s.hana, "'type':'rooms_public','query':'xyz'"), "'rooms':[]");
    assert_error(ask_conv(s.hana, "history", s.room, ""), "conv_unknown"); /* join first */
    assert_ack(ask_conv(s.hana, "room_join", s.room, ""));
    assert_ack(ask_conv(s.hana, "history", s.room, ""));
    assert_ack(ask_conv(s.hana, "room_join", hidden, ""));
    assert_ack(set_role(s.mina, s.room, HANA, "banned"));
    assert_error(ask_conv(s.hana, "room_join", s.room, ""), "banned");
    assert_ack(set_role(s.mina, s.room, HANA, "none"));
    assert_ack(ask_conv(s.hana, "room_join", s.room, ""));
}

static void a_room_is_handed_over(void **state)
{
    struct scene s = scene_new(*state, "");
    assert_ack(set_role(s.mina, s.room, SORA, "owner"));
    assert_has(told(s.sora, "conv"), "'role':'owner'");
    assert_has(told(s.mina, "conv"), "'role':'moderator'");
    assert_error(ask_conv(s.mina, "room_archive", s.room, ",'on':true"), "not_allowed");
    assert_ack(ask_conv(s.mina, "room_leave", s.room, ""));
    assert_has(told(s.mina, "conv"), "'gone':true");
    assert_ack(set_role(s.sora, s.room, JUN, "removed"));
    assert_ack(set_role(s.sora, s.room, KIM, "removed"));
    assert_ack(ask_conv(s.sora, "room_leave", s.room, "")); /* the last one */
    assert_error(ask_conv(s.sora, "conv_get", s.room, ""), "conv_unknown");
    assert_error(ask_conv(s.sora, "history", s.room, ""), "conv_unknown");
}

/* Who has the list of members open sees it as it is. */
static void others_see_who_is_what(void **state)
{
    struct scene s = scene_new(*state, "");
    drain_all(s.w);
    assert_ack(set_role(s.mina, s.room, JUN, "member"));
    assert_has(told(s.sora, "member"), "'user':'0000000000002','role':'member'");
    assert_has(told(s.mina, "member"), "'role':'member'");
    assert_string_equal(told(s.hana, "member"), ""); /* is outside */
    drain_all(s.w);
    assert_ack(set_role(s.mina, s.room, SORA, "owner"));
    assert_has(told(s.jun, "member"), "'role':'moderator'"); /* the last: who was it */
    drain_all(s.w);
    assert_ack(set_role(s.sora, s.room, JUN, "removed"));
    assert_has(told(s.mina, "conv"), "'members':3");
    assert_string_equal(told(s.mina, "member"), "");
}

static void who_blocks_is_not_invited(void **state)
{
    struct world *w = *state;
    blocks(w, HANA, MINA);
    struct scene s = scene_new(w, "");
    member_of(&s, NULL, HANA); /* the same answer */
    assert_string_equal(told(s.hana, "conv"), "");
    assert_error(ask_conv(s.hana, "conv_get", s.room, ""), "conv_unknown");
}

static const char *invite(struct client *c, uint64_t room, uint64_t user)
{
    char fields[64];
    snprintf(fields, sizeof fields, ",'user':'%s'", id_text(user));
    return ask_conv(c, "room_invite", room, fields);
}

static void who_wants_no_strangers_is_not_invited(void **state)
{
    struct world *w = *state;
    struct scene s = scene_new(w, "");
    assert_ack(ask(s.hana, "'type':'account_set','settings':{'strangers':false}"));
    assert_error(invite(s.mina, s.room, HANA), "not_allowed");
    /* a request that was not answered makes nobody known */
    assert_ack(ask(s.hana, "'type':'account_set','settings':{'strangers':true}"));
    uint64_t direct = open_with(s.mina, HANA);
    send_text(s.mina, direct, "hello");
    assert_ack(ask(s.hana, "'type':'account_set','settings':{'strangers':false}"));
    drain_all(w);
    assert_error(invite(s.mina, s.room, HANA), "not_allowed");
    assert_error(invite(s.jun, s.room, HANA), "not_allowed");
    /* nor can anybody see by it that they are blocked */
    assert_ack(ask(s.hana, "'type':'block','user':'%s','on':true", id_text(JUN)));
    assert_error(invite(s.jun, s.room, HANA), "not_allowed");
    assert_string_equal(told(s.hana, "conv"), "");
    assert_error(ask_conv(s.hana, "conv_get", s.room, ""), "conv_unknown");
    /* whom they answered, or chose, may */
    assert_ack(ask_conv(s.hana, "conv_answer", direct, ",'as':'accept'"));
    assert_ack(ask(s.hana, "'type':'block','user':'%s','on':true", id_text(MINA)));
    drain_all(w);
    assert_ack(invite(s.mina, s.room, HANA));
    assert_string_equal(told(s.hana, "conv"), "");
    assert_ack(ask(s.hana, "'type':'block','user':'%s','on':false", id_text(MINA)));
    assert_ack(invite(s.mina, s.room, HANA));
    assert_has(told(s.hana, "conv"), "Garden");
}

static void favourites_are_no_strangers(void **state)
{
    struct world *w = *state;
    struct scene s = scene_new(w, "");
    assert_ack(ask(s.hana, "'type':'account_set','settings':{'strangers':false}"));
    assert_ack(ask(s.hana, "'type':'favourite','user':'%s','on':true", id_text(MINA)));
    drain_all(w);
    assert_ack(invite(s.mina, s.room, HANA));
    assert_has(told(s.hana, "conv"), "Garden");
}

static void limits(void **state)
{
    struct world *w = *state;
    w->cfg.members_max = 3;
    w->cfg.convs_max = 2;
    world_again(w);
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA),
                  *e = device(w, HANA);
    uint64_t room = make_room(a, ",'public':true");
    make_room(a, "");
    assert_error(ask(a, "'type':'room_make','title':'Third'"), "not_allowed");
    assert_error(ask(a, "'type':'conv_open','user':'%s'", id_text(JUN)), "not_allowed");
    assert_ack(ask_conv(b, "room_join", room, ""));
    assert_ack(ask_conv(c, "room_join", room, ""));
    assert_error(ask_conv(e, "room_join", room, ""), "room_full");
    assert_error(ask(a, "'type':'room_make','title':'\\u202e'"), "bad_title");
    assert_error(ask_conv(a, "room_edit", room, ",'title':'\\u202e'"), "bad_title");
}

/* What others ask somebody does not keep them from having conversations of their own. */
static void requests_of_others_take_no_place(void **state)
{
    struct world *w = *state;
    w->cfg.convs_max = 2;
    world_again(w);
    struct client *mina = device(w, MINA), *jun = device(w, JUN), *hana = device(w, HANA);
    struct client *others[] = {mina, jun};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char fields[64];
        snprintf(fields, sizeof fields, ",'user':'%s'", id_text(HANA));
        assert_ack(ask_conv(others[i], "room_invite", make_room(others[i], ""), fields));
    }
    assert_ack(ask(hana, "'type':'room_make','title':'Mine'"));
    assert_ack(ask(hana, "'type':'conv_open','user':'%s'", id_text(SORA)));
    assert_error(ask(hana, "'type':'room_make','title':'Third'"), "not_allowed");
}

/* Who leaves, joins or accepts while a ban is on its way to the store is banned all the same. */
static void a_ban_is_not_overtaken(void **state)
{
    struct scene s = scene_new(*state, ",'public':true");
    member_of(&s, NULL, HANA);
    s.w->db.hold = true;
    set_role(s.mina, s.room, SORA, "banned");
    ask_conv(s.sora, "room_leave", s.room, "");
    set_role(s.mina, s.room, HANA, "banned");
    ask_conv(s.hana, "conv_answer", s.room, ",'as':'accept'");
    ask_conv(s.hana, "room_join", s.room, "");
    s.w->db.hold = false;
    world_settle(s.w);
    for (int again = 0; again < 2; again++) {
        assert_error(ask_conv(s.sora, "room_join", s.room, ""), "banned");
        assert_error(ask_conv(s.hana, "room_join", s.room, ""), "banned");
        conv_stale_all(s.w->d);
    }
    assert_ack(set_role(s.mina, s.room, SORA, "none"));
    assert_ack(ask_conv(s.sora, "room_join", s.room, ""));
}

static void old_messages_go(void **state)
{
    struct scene s = scene_new(*state, "");
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'retention_s':3600"));
    assert_has(told(s.mina, "conv"), "'retention_s':3600");
    uint64_t other = friends(s.mina, s.jun, JUN);
    world_pass(s.w, 50 * MINUTE);
    int64_t seq = send_text(s.sora, s.room, "fresh");
    assert_int_equal(seq, 4);
    world_pass(s.w, 30 * MINUTE);
    const char *h = ask_conv(s.sora, "history", s.room, "");
    assert_has(h, "fresh");
    assert_false(has(h, "of sora"));
    assert_has(ask(s.sora, "'type':'search','text':'of'"), "'found':[]");
    assert_has(ask(s.sora, "'type':'search','text':'fresh'"), "fresh");
    assert_has(ask_conv(s.mina, "history", other, ""), "hello"); /* keeps for ever */
    assert_int_equal(send_text(s.sora, s.room, "more"), 5);
    world_pass(s.w, 100 * MINUTE);
    assert_has(ask_conv(s.sora, "history", s.room, ""), "'messages':[]");
    assert_int_equal(send_text(s.sora, s.room, "again"), 6); /* numbers go on */
}

static void the_server_keeps_so_long(void **state)
{
    struct world *w = *state;
    w->cfg.retention_s = 3600;
    world_again(w);
    struct scene s = scene_new(w, "");
    uint64_t other = friends(s.mina, s.jun, JUN);
    /* A room may keep them shorter, not longer. */
    assert_ack(ask_conv(s.mina, "room_edit", s.room, ",'retention_s':1800"));
    uint64_t longer = make_room(s.mina, "");
    assert_ack(ask_conv(s.mina, "room_edit", longer, ",'retention_s':864000"));
    send_text(s.mina, longer, "of mina");
    world_pass(w, 40 * MINUTE);
    assert_has(ask_conv(s.mina, "history", s.room, ""), "'messages':[]");
    assert_has(ask_conv(s.mina, "history", other, ""), "hello");
    assert_has(ask_conv(s.mina, "history", longer, ""), "of mina");
    world_pass(w, 40 * MINUTE);
    assert_has(ask_conv(s.mina, "history", other, ""), "'messages':[]");
    assert_has(ask_conv(s.mina, "history", longer, ""), "'messages':[]");
}

/* As another process does it; the same procedure as with account_delete. */
static void run_deletion(struct world *w, uint64_t user)
{
    const struct val id[] = {VAL_ID(user)};
    run_proc(w, DB_USER_DELETE, id, 1);
    domain_db(w->d, w->now, w->wall, &(struct db_answer){.number = 0});
    world_settle(w);
}

static void who_is_gone_leaves_messages(void **state)
{
    struct scene s = scene_new(*state, "");
    uint64_t conv = friends(s.mina, s.jun, JUN), alone = make_room(s.mina, "");
    run_deletion(s.w, MINA);
    const char *c = ask_conv(s.jun, "conv_get", conv, "");
    assert_has(c, "'with':{'user':'0000000000001','name':'','display':''");
    assert_has(ask_conv(s.jun, "history", conv, ""), "hello");
    assert_error(send_as(s.jun, conv, "g", "gone?"), "not_allowed");
    assert_error(ask(s.jun, "'type':'conv_open','user':'%s'", id_text(MINA)), "user_unknown");
    assert_has(ask_conv(s.sora, "history", s.room, ""), "of mina");
    assert_has(ask_conv(s.jun, "conv_get", s.room, ""), "'role':'owner'"); /* had most to say */
    assert_ack(ask_conv(s.jun, "room_archive", s.room, ",'on':true"));
    assert_error(ask_conv(s.jun, "conv_get", alone, ""), "conv_unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_as_every_role),
        cmocka_unit_test(the_matrix_is_whole),
        CALL_TEST(a_direct_conversation_is_no_room),
        CALL_TEST(an_archived_room_is_only_read),
        CALL_TEST(messages_go_to_members_alone),
        CALL_TEST(links_have_uses_and_an_end),
        CALL_TEST(links_are_listed_and_ended_one_by_one),
        CALL_TEST(public_rooms_are_found),
        CALL_TEST(a_room_is_handed_over),
        CALL_TEST(others_see_who_is_what),
        CALL_TEST(who_blocks_is_not_invited),
        CALL_TEST(who_wants_no_strangers_is_not_invited),
        CALL_TEST(favourites_are_no_strangers),
        CALL_TEST(limits),
        CALL_TEST(requests_of_others_take_no_place),
        CALL_TEST(a_ban_is_not_overtaken),
        CALL_TEST(old_messages_go),
        CALL_TEST(the_server_keeps_so_long),
        CALL_TEST(who_is_gone_leaves_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
