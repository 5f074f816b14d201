/* What people do with their own account: names, settings, passwords, codes, sign-ins, tokens, the end. */
#include "account_world.h"

static void test_set(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false};
    struct browser b_jun = person(w, "jun");
    char room[B32_SIZE];
    sign_in(w, &two, "mina", PW);
    struct client *a = session_of(w, &one), *b = session_of(w, &two), *j = session_of(w, &b_jun);
    create(a, room, "");
    assert_ack(join(j, room, ""));
    drain_all(w);
    const char *m =
        ask(a, "'type':'account_set','display':'김미나','settings':{'last_seen':false}");
    assert_has(m, "'display':'김미나'");
    assert_has(m, "'settings':{'last_seen':false,'read_marks':true");
    assert_has(last(b), "{'type':'me','user':{'user':'"); /* the other device */
    assert_has(next(j), "'name':'김미나'");               /* and who is in a room with her */
    m = ask(b, "'type':'account_set','settings':{'push':true}");
    assert_has(m, "'last_seen':false");
    assert_has(m, "'push':true");
    assert_error(ask(a, "'type':'account_set','display':'a\\u202eb'"), "bad_name");
    assert_error(ask(a, "'type':'account_set','settings':{'push':7}"), "bad_request");
    struct client *again = session_of(w, &one);
    assert_has(answer_to(again, 1), "'name':'김미나','tag'");
    assert_has(answer_to(again, 1), "'push':true");
    world_free(w);
}

/* What somebody with a stolen session can leave behind: a token, and a passkey of their own. */
struct left_behind {
    char token[64];
};

static struct left_behind leave_behind(struct world *w, struct client *c)
{
    struct left_behind l;
    const uint8_t id[16] = "a thief's key";
    value(ask(c, "'type':'token_make','name':'bot','scopes':['messages']"), "token", l.token,
          sizeof l.token);
    OUTSIDE(w, DB_PASSKEY_ADD, VAL_B(id, sizeof id), VAL_I(77),
            VAL_I(OUTSIDE(w, DB_USER_BY_NAME, VAL_T(STR("mina")))), VAL_T(STR("Phone")),
            VAL_B(id, sizeof id), VAL_I(-7), VAL_I(0), VAL_I(0), VAL_I(w->wall),
            VAL_ID(sign_in_of(c)));
    assert_has(ask(c, "'type':'passkeys'"), "'name':'Phone'");
    return l;
}

static struct client *program(struct world *w, const struct left_behind *l)
{
    struct client *c = client_new(w);
    ask(c, "'type':'hello','v':1,'api_token':'%s'", l->token);
    return c;
}

/* b has signed in since: of what was left behind, the token is gone and the passkey as told. */
static void assert_left(struct world *w, const struct left_behind *l, const struct browser *b,
                        bool passkey)
{
    struct client *c = session_of(w, b);
    assert_error(answer_to(program(w, l), 1), "sign_in_required");
    assert_has(ask(c, "'type':'tokens'"), "'tokens':[]");
    assert_has(ask(c, "'type':'passkeys'"), passkey ? "'name':'Phone'" : "'passkeys':[]");
    assert_has(answer_to(c, 1), passkey ? "'passkeys':1" : "'passkeys':0");
}

static void test_change_password(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false}, b = {.has_cookie = false};
    sign_in(w, &two, "mina", PW);
    struct client *a = session_of(w, &one), *other = session_of(w, &two);
    assert_error(ask(a, "'type':'account_password','old':'wrong','password':'another horse'"),
                 "sign_in_wrong");
    assert_error(ask(a, "'type':'account_password','old':'" PW "','password':'weak horse'"),
                 "weak_password");
    assert_int_equal(other->ended, 0);
    struct left_behind l = leave_behind(w, a);
    struct client *bot = program(w, &l);
    assert_ack(answer_to(bot, 1));
    assert_ack(ask(a, "'type':'account_password','old':'" PW "','password':'another horse'"));
    assert_int_equal(other->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(bot->ended, ENDED_SIGNED_OUT + 1);
    assert_left(w, &l, &one, true); /* passkeys are seen beside, and removed one by one */
    assert_int_equal(a->ended, 0);
    assert_has(post(w, &two, "me", "{}"), "{'user':null");
    assert_has(post(w, &one, "me", "{}"), "{'user':{");
    assert_has(sign_in(w, &b, "mina", PW), "'sign_in_wrong'");
    assert_has(sign_in(w, &b, "mina", "another horse"), "{'user':{");
    /* guesses at an open screen are counted like all others */
    for (int i = 0; i < 5; i++)
        ask(a, "'type':'account_delete','password':'wrong'");
    assert_error(ask(a, "'type':'account_delete','password':'another horse'"), "rate");
    world_free(w);
}

/* Of two changes at once, one wins; the other was made from a password that is no more. */
static void test_two_changes(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), b = {.has_cookie = false};
    struct client *a = session_of(w, &one), *c = session_of(w, &one);
    w->hold_jobs = true;
    ask(a, "'type':'account_password','old':'" PW "','password':'first horse'");
    ask(c, "'type':'account_password','old':'" PW "','password':'second horse'");
    w->hold_jobs = false;
    world_settle(w);
    assert_ack(answer_to(a, 2));
    assert_error(answer_to(c, 2), "sign_in_wrong");
    assert_has(sign_in(w, &b, "mina", "first horse"), "{'user':{");
    world_free(w);
}

static void test_recovery(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = {.has_cookie = false}, b = {.has_cookie = false};
    char code[RECOVERY_TEXT + 1], shouted[32], fresh[RECOVERY_TEXT + 1];
    const char *a = call(w, &one, "register", "{'name':'mina','password':'" PW "'}");
    memcpy(code, strstr(a, "\"recovery\":[\"") + 13, RECOVERY_TEXT);
    code[RECOVERY_TEXT] = 0;
    struct client *c = session_of(w, &one);
    struct left_behind l = leave_behind(w, c);
    struct client *bot = program(w, &l);
    assert_ack(answer_to(bot, 1));
    /* as people type them */
    snprintf(shouted, sizeof shouted, " %s ", code);
    for (char *p = shouted; *p; p++)
        *p = *p == '-' ? ' ' : *p == '0' ? 'O' : *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    assert_has(
        call(w, &b, "recover", "{'name':'mina','code':'%s','password':'weak horse'}", shouted),
        "'weak_password'");
    assert_has(
        call(w, &b, "recover", "{'name':'mina','code':'%s','password':'third horse'}", shouted),
        "'left':9}");
    assert_true(b.has_cookie);
    assert_int_equal(c->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(bot->ended, ENDED_SIGNED_OUT + 1);
    assert_left(w, &l, &b, false);
    assert_has(post(w, &one, "me", "{}"), "{'user':null");
    assert_has(call(w, &b, "recover", "{'name':'mina','code':'%s','password':'more horses'}", code),
               "'sign_in_wrong'"); /* once */
    /* new ones: the old are void */
    c = session_of(w, &b);
    assert_error(ask(c, "'type':'account_recovery','password':'wrong'"), "sign_in_wrong");
    const char *n = ask(c, "'type':'account_recovery','password':'third horse'");
    assert_ack(n);
    memcpy(fresh, strstr(n, "\"recovery\":[\"") + 13, RECOVERY_TEXT);
    fresh[RECOVERY_TEXT] = 0;
    assert_has(last(c), "'recovery_left':10");
    assert_has(
        call(w, &b, "recover", "{'name':'MINA','code':'%s','password':'fourth horse'}", fresh),
        "'left':9}");
    world_free(w);
}

static int64_t id_of(struct world *w, const char *name)
{
    return OUTSIDE(w, DB_USER_BY_NAME, VAL_T(str_from(name)));
}

static void reset_link(struct world *w, int64_t target, char text[B64URL_SIZE(INVITE_LEN)])
{
    uint8_t code[INVITE_LEN] = {9, (uint8_t)target}, hash[SHA256_SIZE];
    sha256(code, sizeof code, hash);
    b64url_encode(text, B64URL_SIZE(INVITE_LEN), code, sizeof code);
    OUTSIDE(w, DB_INVITE_ADD, VAL_B(hash, sizeof hash), VAL_I(target ^ 1), VAL_NONE,
            VAL_I(INVITE_RESET), VAL_I(target), VAL_I(1), VAL_I(w->wall), VAL_I(w->wall + 100000));
}

static void test_reset(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), b = {.has_cookie = false};
    struct client *c = session_of(w, &one);
    struct left_behind l = leave_behind(w, c);
    char link[B64URL_SIZE(INVITE_LEN)];
    reset_link(w, id_of(w, "mina"), link);
    assert_has(call(w, &b, "invite", "{'invite':'%s'}", link),
               "{'kind':'reset','by':'','name':'mina'}");
    assert_has(call(w, &b, "register", "{'name':'jun','password':'" PW "','invite':'%s'}", link),
               "'bad_invite'"); /* it makes no account */
    assert_has(call(w, &b, "reset", "{'link':'%s','password':'weak horse'}", link),
               "'weak_password'");
    assert_has(ask(c, "'type':'passkeys'"), "'name':'Phone'"); /* nothing happened yet */
    assert_has(call(w, &b, "reset", "{'link':'%s','password':'fifth horse'}", link), "{'user':{");
    assert_int_equal(c->ended, ENDED_SIGNED_OUT + 1);
    assert_left(w, &l, &b, false);
    assert_has(call(w, &b, "reset", "{'link':'%s','password':'sixth horse'}", link),
               "'bad_invite'");
    assert_has(call(w, &b, "reset", "{'link':'x','password':'sixth horse'}"), "'bad_invite'");
    assert_has(post(w, &b, "me", "{}"), "'name':'mina'");
    world_free(w);
}

static void test_sign_ins(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false}, jun = person(w, "jun");
    char key[32];
    w->agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    w->addr = "198.51.100.4";
    world_pass(w, 10 * SECOND);
    sign_in(w, &two, "mina", PW);
    struct client *a = session_of(w, &one), *b = session_of(w, &two), *j = session_of(w, &jun);
    const char *list = ask(a, "'type':'account_sessions'");
    assert_has(list,
               "'device':'Firefox on Linux','address':'192.0.2.7'"); /* where hello came from */
    assert_has(list, "'device':'Tester'");
    assert_has(list, "'created':1800000010000");
    const char *other = strstr(list, "Firefox on Linux");
    assert_non_null(other);
    const char *from = other;
    while (from > list && strncmp(from, "\"key\":\"", 7) != 0)
        from--;
    value(from, "key", key, sizeof key);
    assert_error(ask(j, "'type':'account_end','key':'%s'", key), "unknown"); /* not his */
    assert_int_equal(b->ended, 0);
    assert_ack(ask(a, "'type':'account_end','key':'%s'", key));
    assert_int_equal(b->ended, ENDED_SIGNED_OUT + 1);
    assert_has(post(w, &two, "me", "{}"), "{'user':null");
    sign_in(w, &two, "mina", PW);
    b = session_of(w, &two);
    assert_ack(ask(a, "'type':'account_end','others':true"));
    assert_int_equal(b->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(a->ended, 0);
    ask(a, "'type':'account_end','all':true");
    assert_int_equal(a->ended, ENDED_SIGNED_OUT + 1);
    assert_has(post(w, &one, "me", "{}"), "{'user':null");
    assert_int_equal(j->ended, 0);
    world_free(w);
}

/* Everything is ended while hello is still reading whose it is: that session is over, too. */
static void test_hello_meets_the_end(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina");
    struct browser same = one;
    struct client *a = client_new(w);
    a->browser = &one;
    w->db.hold = true;
    ask(a, "'type':'hello','v':1"); /* the cookie was good */
    post(w, &same, "sign_out", "{}");
    w->db.hold = false;
    world_settle(w);
    assert_int_equal(a->ended, ENDED_SIGNED_OUT + 1);
    world_free(w);
}

static void test_delete(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false};
    struct client *a = session_of(w, &one);
    sign_in(w, &two, "mina", PW);
    /* There is a picture, which goes, too. */
    const struct val picture[] = {VAL_ID(session_find(w->d, a->session)->user->id), VAL_I(77)};
    struct db_request set = {DB_AVATAR_SET, 1, picture, 2};
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(w->db.db, &set, &rows), DB_OK);
    buf_free(&rows);
    assert_error(ask(a, "'type':'account_delete','password':'wrong'"), "sign_in_wrong");
    ask(a, "'type':'account_delete','password':'" PW "'");
    assert_ack(answer_to(a, a->next_id - 1));
    assert_int_equal(a->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(w->d->users.n, 0);
    assert_int_equal(w->disk.asked, 2); /* the picture, in two sizes */
    assert_has(post(w, &two, "me", "{}"), "{'user':null");
    assert_has(sign_in(w, &two, "mina", PW), "'sign_in_wrong'");
    person(w, "mina"); /* the name is free */
    world_free(w);
}

static void test_tokens(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), jun = person(w, "jun");
    struct client *a = session_of(w, &one), *j = session_of(w, &jun);
    char token[64], key[32];
    assert_error(ask(a, "'type':'token_make','name':'bot','scopes':['all']"), "bad_request");
    assert_error(ask(a, "'type':'token_make','name':'bot','scopes':[]"), "bad_request");
    value(ask(a, "'type':'token_make','name':'bot','scopes':['messages','calls'],'ttl_s':3600"),
          "token", token, sizeof token);
    assert_int_equal(strlen(token), 47);
    const char *list = ask(a, "'type':'tokens'");
    assert_has(list, "'name':'bot','created':1800000000000,'expires':1800003600000,"
                     "'scopes':['messages','calls']}]");
    assert_null(strstr(list, token));
    value(list, "key", key, sizeof key);
    assert_has(ask(j, "'type':'tokens'"), "'tokens':[]");
    assert_error(ask(j, "'type':'token_end','key':'%s'", key), "unknown");
    /* a program signs in by it, and may do what it is for */
    struct client *p = client_new(w);
    assert_ack(ask(p, "'type':'hello','v':1,'api_token':'%s'", token));
    assert_has(answer_to(p, 1), "'user':{'user':'");
    assert_error(ask(p, "'type':'account_sessions'"), "not_allowed");
    assert_error(ask(p, "'type':'account_set','display':'Bot'"), "not_allowed");
    assert_error(ask(p, "'type':'token_make','name':'more','scopes':['directory']"), "not_allowed");
    assert_ack(ask(p, "'type':'create'"));
    drain(p);
    ask(a, "'type':'account_set','display':'Mina Kim'");
    for (const char *m; *(m = next(p));)
        assert_false(has(m, "{'type':'me'"));
    struct client *liar = client_new(w);
    token[10] ^= 1;
    assert_error(ask(liar, "'type':'hello','v':1,'api_token':'%s'", token), "sign_in_required");
    assert_error(ask(client_new(w), "'type':'hello','v':1,'api_token':'x'"), "sign_in_required");
    token[10] ^= 1;
    assert_ack(ask(a, "'type':'token_end','key':'%s'", key));
    assert_int_equal(p->ended, ENDED_SIGNED_OUT + 1);
    assert_error(ask(client_new(w), "'type':'hello','v':1,'api_token':'%s'", token),
                 "sign_in_required");
    value(ask(a, "'type':'token_make','name':'bot','scopes':['calls'],'ttl_s':60"), "token", token,
          sizeof token);
    world_pass(w, 61 * SECOND);
    assert_error(ask(client_new(w), "'type':'hello','v':1,'api_token':'%s'", token),
                 "sign_in_required");
    assert_has(ask(a, "'type':'tokens'"), "'tokens':[]");
    world_free(w);
}

static struct client *program_of(struct world *w, const char *token)
{
    struct client *c = client_new(w);
    ask(c, "'type':'hello','v':1,'api_token':'%s'", token);
    return c;
}

/* Being connected makes no token last longer, also where the clock makes a step meanwhile. */
static void test_tokens_run_out(void **state)
{
    struct world *w = open_world();
    struct browser one = person(w, "mina");
    struct client *a = session_of(w, &one);
    static const int ttl_s[] = {600, 5 * 3600, 5 * 3600};
    struct client *p[ARRAY_LEN(ttl_s) + 1];
    char token[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ttl_s); i++) {
        value(ask(a, "'type':'token_make','name':'bot','scopes':['messages'],'ttl_s':%d", ttl_s[i]),
              "token", token, sizeof token);
        p[i] = program_of(w, token);
    }
    value(ask(a, "'type':'token_make','name':'bot','scopes':['messages']"), "token", token,
          sizeof token);
    p[3] = program_of(w, token); /* for ever */
    lose_pipe(p[2]);             /* is not there: ends before */
    world_pass(w, 599 * SECOND);
    assert_ack(ask(p[0], "'type':'convs'"));
    world_pass(w, SECOND);
    assert_int_equal(p[0]->ended, ENDED_SIGNED_OUT + 1);
    assert_ack(ask(p[1], "'type':'convs'"));
    w->wall += 3 * 3600000; /* was behind */
    world_pass(w, 2 * 3600 * SECOND);
    assert_int_equal(p[1]->ended, ENDED_SIGNED_OUT + 1);
    assert_ack(ask(p[3], "'type':'convs'"));
    assert_ack(ask(a, "'type':'convs'"));
    world_pass(w, 86400 * SECOND);
    assert_int_equal(p[3]->ended, 0);
    assert_int_equal(w->d->tokens_at, 0); /* nothing to look for */
    world_free(w);
}

/* A scope is what it says, and none is more; and a token ends with what it belongs to. */
static void test_token_limits(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false};
    struct client *a = session_of(w, &one);
    char token[64];
    static const char *const scopes[] = {"messages", "calls", "directory"};
    static const char *const requests[] = {"'type':'convs'", "'type':'calls'", "'type':'people'"};
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        value(ask(a, "'type':'token_make','name':'bot','scopes':['%s']", scopes[i]), "token", token,
              sizeof token);
        struct client *c = program_of(w, token);
        for (size_t k = 0; k < ARRAY_LEN(requests); k++) {
            if (i == k)
                assert_ack(ask(c, "%s", requests[k]));
            else
                assert_error(ask(c, "%s", requests[k]), "not_allowed");
        }
        assert_error(ask(c, "'type':'upload','size':3,'name':'a'"), "not_allowed");
        assert_error(ask(c, "'type':'tokens'"), "not_allowed");
        assert_error(ask(c, "'type':'confirm','password':'" PW "'"), "not_allowed");
    }
    /* to sign out of a browser leaves programs alone */
    sign_in(w, &two, "mina", PW);
    post(w, &one, "sign_out", "{}");
    struct client *c = program_of(w, token);
    assert_ack(answer_to(c, 1));
    /* a disabled account has none: the session is over as soon as the server hears of it */
    const struct db_answer changed = {.number = 0, .status = DB_OK};
    OUTSIDE(w, DB_USER_DISABLE, VAL_I(id_of(w, "mina")));
    domain_db(w->d, w->now, w->wall, &changed);
    world_settle(w);
    assert_int_equal(c->ended, ENDED_SIGNED_OUT + 1);
    assert_error(answer_to(program_of(w, token), 1), "sign_in_required");
    OUTSIDE(w, DB_USER_ENABLE, VAL_I(id_of(w, "mina")));
    assert_ack(answer_to(program_of(w, token), 1));
    /* nor has a deleted one */
    sign_in(w, &two, "mina", PW);
    a = session_of(w, &two);
    assert_ack(ask(a, "'type':'account_delete','password':'" PW "'"));
    assert_error(answer_to(program_of(w, token), 1), "sign_in_required");
    world_free(w);
}

/* A program that may read messages does not ring, whether it was there before the call or comes to it. */
static void test_token_does_not_ring(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser mina = person(w, "mina"), jun = person(w, "jun");
    struct client *a = session_of(w, &mina), *j = session_of(w, &jun);
    char token[64], calls[64], id[B32_SIZE];
    value(ask(a, "'type':'token_make','name':'reader','scopes':['messages']"), "token", token,
          sizeof token);
    value(ask(a, "'type':'token_make','name':'phone','scopes':['calls']"), "token", calls,
          sizeof calls);
    struct client *early = client_new(w), *late = client_new(w), *phone = client_new(w);
    assert_ack(ask(early, "'type':'hello','v':1,'api_token':'%s'", token));
    assert_ack(ask(phone, "'type':'hello','v':1,'api_token':'%s'", calls));
    b32_encode(id, (uint64_t)id_of(w, "mina"));
    drain_all(w);
    assert_ack(ask(j, "'type':'call','to':'%s','video':true", id));
    assert_ack(ask(late, "'type':'hello','v':1,'api_token':'%s'", token));
    drain(late);
    struct client *later = session_of(w, &mina);
    assert_has(next(a), "'type':'ring'");
    assert_has(next(phone), "'type':'ring'");
    assert_has(last(later), "'type':'ring'");
    assert_string_equal(next(early), "");
    assert_string_equal(next(late), "");
    world_free(w);
}

/* Another process (madang user ...) has changed something: who is there is read again. */
static void test_outside_changes(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = person(w, "jun");
    struct client *a = session_of(w, &one), *b = session_of(w, &two);
    const struct db_answer changed = {.number = 0, .status = DB_OK};
    domain_db(w->d, w->now, w->wall, &changed);
    world_settle(w);
    assert_int_equal(a->ended, 0);
    OUTSIDE(w, DB_USER_DISABLE, VAL_I(id_of(w, "mina")));
    OUTSIDE(w, DB_USER_SET_ROLE, VAL_I(id_of(w, "jun")), VAL_I(USER_ADMIN));
    domain_db(w->d, w->now, w->wall, &changed);
    world_settle(w);
    assert_int_equal(a->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(b->ended, 0);
    assert_ack(ask(b, "'type':'invite_make'")); /* an administrator now */
    OUTSIDE(w, DB_PASSWORD_SET, VAL_I(id_of(w, "jun")), VAL_T(STR("hash of " PW)));
    domain_db(w->d, w->now, w->wall, &changed);
    world_settle(w);
    assert_int_equal(b->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(w->d->users.n, 1); /* until it is written when he was last seen */
    world_pass(w, MINUTE);
    assert_int_equal(w->d->users.n, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_change_password),
        cmocka_unit_test(test_two_changes),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_sign_ins),
        cmocka_unit_test(test_hello_meets_the_end),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_run_out),
        cmocka_unit_test(test_token_limits),
        cmocka_unit_test(test_token_does_not_ring),
        cmocka_unit_test(test_outside_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
