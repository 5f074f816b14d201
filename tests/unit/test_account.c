/* Accounts: registering, signing in and out, on virtual time with the real database. */
#include "account_world.h"

static void test_register_and_hello(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    const char *a = call(w, &b, "register",
                         "{'name':'Mina','display':'김미나','password':'" PW "','lang':'ko'}");
    assert_has(a, "{'user':{'user':'");
    assert_has(a,
               "'name':'Mina','display':'김미나','role':'user','avatar':0,'created':1800000000000,"
               "'settings':{'last_seen':true,'read_marks':true,'early_address':false,"
               "'push':false,'strangers':true},'mode':'auto','recovery_left':10,'passkeys':0},'"
               "recovery':['");
    assert_int_equal(w->http.cookie.max_age_s, 30 * 86400);
    struct client *c = session_of(w, &b);
    assert_has(answer_to(c, 1), "'name':'김미나'");
    assert_has(answer_to(c, 1), "'user':{'user':'");
    assert_has(answer_to(c, 1), "'recovery_left':10,'passkeys':0}");
    assert_has(answer_to(c, 1), "'badges':{'missed':0,'unread':0,'requests':0}");
    assert_has(post(w, &b, "me", "{}"), "{'user':{'user':'");
    assert_has(w->http.text, "'policy':{'registration':'open'");
    assert_int_equal(w->http.cookie.op, COOKIE_SET); /* for longer */
    /* a guest beside */
    struct client *g = hello(w, "Bo");
    assert_false(has(answer_to(g, 1), "'user':{"));
    assert_error(ask(g, "'type':'account_sessions'"), "sign_in_required");
    assert_error(ask(c, "'type':'name','name':'Queen'"), "not_allowed");
    world_free(w);
}

static void test_names(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    person(w, "mina");
    assert_has(call(w, &b, "register", "{'name':'MINA','password':'" PW "'}"), "'name_taken'");
    assert_has(call(w, &b, "register", "{'name':'rnina','password':'" PW "'}"),
               "'name_confusable'");
    assert_has(call(w, &b, "register", "{'name':'a','password':'" PW "'}"), "'bad_name'");
    assert_has(w->http.text, "'field':'name','reason':'short'");
    assert_has(call(w, &b, "register", "{'name':'p\xd0\xb0ul','password':'" PW "'}"),
               "'reason':'mixed'");
    assert_has(call(w, &b, "register", "{'name':'paul','display':'a\\u202eb','password':'" PW "'}"),
               "'field':'display'");
    assert_has(call(w, &b, "register", "{'name':'paul','password':'short'}"),
               "'code':'weak_password'");
    assert_has(w->http.text, "'reason':'short'");
    assert_has(call(w, &b, "register", "{'name':'paul','password':'weak password'}"),
               "'reason':'common'");
    assert_false(b.has_cookie);
    world_free(w);
}

/* Two at the same moment: the database decides, and nobody gets half an account. */
static void test_same_name_at_once(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    w->hold_jobs = true;
    call(w, &b, "register", "{'name':'mina','password':'" PW "'}");
    uint64_t first = w->last_call;
    call(w, &b, "register", "{'name':'Mina','password':'" PW "'}");
    unsigned refused = w->http_codes[CODE_NAME_TAKEN];
    w->hold_jobs = false;
    world_settle(w);
    assert_has(call_answer(w, &b, first), "{'user':{");
    assert_int_equal(w->http_codes[CODE_NAME_TAKEN], refused + 1);
    assert_int_equal(outside(w, DB_OK, DB_USER_COUNT, NULL, 0), 1);
    world_free(w);
}

static void test_policies(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    struct browser mina = person(w, "mina");
    struct client *c = session_of(w, &mina);
    char code[64];
    assert_error(ask(c, "'type':'invite_make'"), "not_allowed");
    w->d->cfg.user_invites = true;
    w->d->cfg.registration = REGISTRATION_INVITE;
    const char *a = ask(c, "'type':'invite_make','uses':2,'ttl_s':3600");
    assert_ack(a);
    assert_has(a, "'url_path':'/i/");
    assert_has(a, "'expires':1800003600000");
    value(a, "code", code, sizeof code);
    assert_has(ask(c, "'type':'invites'"), "'uses_left':2");
    assert_has(call(w, &b, "register", "{'name':'jun','password':'" PW "'}"),
               "'registration_closed'");
    assert_has(call(w, &b, "invite", "{'invite':'%s'}", code), "{'kind':'user','by':'mina'}");
    assert_has(call(w, &b, "invite", "{'invite':'AAAAAAAAAAAAAAAAAAAAAA'}"), "'bad_invite'");
    assert_has(call(w, &b, "register", "{'name':'jun','password':'" PW "','invite':'%s'}", code),
               "'role':'user'");
    assert_has(call(w, &b, "register", "{'name':'sora','password':'" PW "','invite':'%s'}", code),
               "{'user':");
    assert_has(call(w, &b, "register", "{'name':'late','password':'" PW "','invite':'%s'}", code),
               "'bad_invite'");
    /* ended by who made it, or by time */
    value(ask(c, "'type':'invite_make','ttl_s':60"), "code", code, sizeof code);
    world_pass(w, 61 * SECOND);
    assert_has(call(w, &b, "invite", "{'invite':'%s'}", code), "'bad_invite'");
    value(ask(c, "'type':'invite_make'"), "code", code, sizeof code);
    char key[32];
    value(ask(c, "'type':'invites'"), "key", key, sizeof key);
    struct client *other = session_of(w, &b);
    assert_error(ask(other, "'type':'invite_end','key':'%s'", key), "unknown");
    assert_ack(ask(c, "'type':'invite_end','key':'%s'", key));
    assert_has(call(w, &b, "invite", "{'invite':'%s'}", code), "'bad_invite'");
    /* closed: no link of a user's */
    value(ask(c, "'type':'invite_make'"), "code", code, sizeof code);
    w->d->cfg.registration = REGISTRATION_CLOSED;
    assert_has(call(w, &b, "register", "{'name':'late','password':'" PW "','invite':'%s'}", code),
               "'registration_closed'");
    assert_error(ask(c, "'type':'invite_make'"), "not_allowed");
    world_free(w);
}

/* The link of the first start: an administrator, once; also on a closed server. */
static void test_admin_link(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    uint8_t code[INVITE_LEN] = {1, 2, 3}, hash[SHA256_SIZE];
    char text[B64URL_SIZE(INVITE_LEN)];
    w->d->cfg.registration = REGISTRATION_CLOSED;
    sha256(code, sizeof code, hash);
    b64url_encode(text, sizeof text, code, sizeof code);
    OUTSIDE(w, DB_INVITE_ADD, VAL_B(hash, sizeof hash), VAL_ID(9), VAL_NONE, VAL_I(INVITE_ADMIN),
            VAL_NONE, VAL_I(1), VAL_I(w->wall), VAL_I(w->wall + 1000));
    assert_has(call(w, &b, "invite", "{'invite':'%s'}", text), "{'kind':'admin','by':''}");
    assert_has(call(w, &b, "register", "{'name':'boss','password':'" PW "','invite':'%s'}", text),
               "'role':'admin'");
    assert_has(call(w, &b, "register", "{'name':'bos2','password':'" PW "','invite':'%s'}", text),
               "'bad_invite'");
    struct client *c = session_of(w, &b);
    w->d->cfg.registration = REGISTRATION_INVITE;
    assert_ack(ask(c, "'type':'invite_make'"));
    assert_error(ask(c, "'type':'account_delete','password':'" PW "'"), "last_admin");
    assert_has(ask(c, "'type':'account_sessions'"), "'this':true");
    world_free(w);
}

static void test_guests_may_be_shut_out(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = person(w, "mina"), stale = {.has_cookie = true, .cookie = {1}};
    w->d->cfg.guests = false;
    struct client *c = client_new(w);
    assert_error(ask(c, "'type':'hello','v':1"), "sign_in_required");
    assert_int_equal(c->session, 0);
    c = client_new(w);
    c->browser = &stale;
    assert_error(ask(c, "'type':'hello','v':1"), "sign_in_required");
    assert_int_equal(c->session, 0);
    session_of(w, &b);
    w->d->cfg.guests = true;
    c = client_new(w);
    c->browser = &stale; /* a guest like others */
    assert_ack(ask(c, "'type':'hello','v':1"));
    assert_false(has(last(c), "'user':"));
    world_free(w);
}

static void test_sign_in_and_out(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser one = person(w, "mina"), two = {.has_cookie = false};
    assert_has(sign_in(w, &two, "MINA", PW), "{'user':{");
    assert_memory_not_equal(one.cookie, two.cookie, sizeof one.cookie);
    struct client *a = session_of(w, &one), *b = session_of(w, &two), *b2 = session_of(w, &two);
    char room[B32_SIZE];
    create(b, room, "");
    /* one browser signs out: its sessions end at once, and no others */
    struct browser copy = two;
    assert_string_equal(post(w, &two, "sign_out", "{}"), "{}");
    assert_false(two.has_cookie);
    assert_int_equal(b->ended, ENDED_SIGNED_OUT + 1);
    assert_int_equal(b2->ended, ENDED_SIGNED_OUT + 1);
    assert_has(last(b), "{'type':'ended','reason':'signed_out'}");
    assert_int_equal(a->ended, 0);
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.rooms, 0); /* it left its room */
    /* the cookie is worth nothing any more */
    assert_has(post(w, &copy, "me", "{}"), "{'user':null,");
    assert_false(copy.has_cookie);
    assert_string_equal(post(w, &two, "sign_out", "{}"), "{}"); /* again: the same */
    world_free(w);
}

/* Whatever cookie a browser brings when it signs in, it leaves with a new one. */
static void test_fixation(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser evil = person(w, "evil"), mina = person(w, "mina");
    struct browser victim = evil; /* somebody planted it */
    assert_has(sign_in(w, &victim, "mina", PW), "'name':'mina'");
    assert_memory_not_equal(victim.cookie, evil.cookie, sizeof evil.cookie);
    assert_has(post(w, &evil, "me", "{}"), "'name':'evil'");
    struct browser planted = {.has_cookie = true, .cookie = {42}};
    uint8_t before[32];
    memcpy(before, planted.cookie, sizeof before);
    assert_has(sign_in(w, &planted, "mina", PW), "'name':'mina'");
    assert_memory_not_equal(planted.cookie, before, sizeof before);
    /* what the database keeps is no cookie */
    struct val token = VAL_B(mina.cookie, sizeof mina.cookie);
    outside(w, DB_REFUSED, DB_WEB_SESSION_END, &token, 1);
    world_free(w);
}

/* The same answer and the same work for a wrong name, a wrong password and a disabled account. */
static void test_no_enumeration(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    char wrong[256];
    person(w, "mina");
    person(w, "gone");
    OUTSIDE(w, DB_USER_DISABLE, VAL_I(OUTSIDE(w, DB_USER_BY_NAME, VAL_T(STR("gone")))));
    sign_in(w, &b, "first", "wrong"); /* has what is kept of attempts read */
    memset(w->jobs_done, 0, sizeof w->jobs_done);
    unsigned asked = w->db.asked;
    snprintf(wrong, sizeof wrong, "%s", sign_in(w, &b, "mina", "wrong"));
    unsigned each = w->db.asked - asked;
    assert_has(wrong, "'code':'sign_in_wrong'");
    asked = w->db.asked;
    assert_string_equal(sign_in(w, &b, "nobody", "wrong"), wrong);
    assert_int_equal(w->db.asked - asked, each);
    assert_string_equal(sign_in(w, &b, "gone", PW), wrong);
    assert_string_equal(sign_in(w, &b, "no such <name>", "wrong"), wrong);
    assert_string_equal(sign_in(w, &b, "gone", "wrong"), wrong);
    assert_int_equal(w->jobs_done[PASSWORD_VERIFY] + w->jobs_done[PASSWORD_NOBODY], 5);
    assert_string_equal(
        call(w, &b, "recover", "{'name':'mina','code':'0000-0000-0000','password':'" PW "'}"),
        wrong);
    assert_string_equal(
        call(w, &b, "recover", "{'name':'nobody','code':'0000-0000-0000','password':'" PW "'}"),
        wrong);
    assert_string_equal(call(w, &b, "recover", "{'name':'x','code':'?','password':'" PW "'}"),
                        wrong);
    assert_int_equal(w->jobs_done[PASSWORD_VERIFY] + w->jobs_done[PASSWORD_NOBODY], 8);
    assert_int_equal(w->jobs_done[PASSWORD_NEW], 0);
    world_free(w);
}

static void test_guessing(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false}, mina = person(w, "mina");
    person(w, "jun");
    w->addr_key = 8;
    w->addr = "198.51.100.9";
    for (int i = 0; i < 5; i++)
        assert_has(sign_in(w, &b, "mina", "wrong"), "'sign_in_wrong'");
    unsigned jobs = w->jobs_done[PASSWORD_VERIFY];
    assert_has(sign_in(w, &b, "mina", PW), "'code':'rate'"); /* not even the right one */
    assert_has(w->http.text, "'retry_ms':1000");
    assert_int_equal(w->jobs_done[PASSWORD_VERIFY], jobs); /* and nothing was hashed */
    assert_has(sign_in(w, &b, "jun", PW), "{'user':");     /* others from there are not slowed */
    w->addr_key = 7;
    w->addr = NULL;
    struct browser home = {.has_cookie = false};
    assert_has(sign_in(w, &home, "mina", PW), "{'user':"); /* nor she herself at home */
    w->addr_key = 8;
    w->addr = "198.51.100.9";
    world_pass(w, SECOND);
    assert_has(sign_in(w, &b, "mina", "wrong"), "'sign_in_wrong'");
    assert_has(sign_in(w, &b, "mina", PW), "'retry_ms':2000");
    /* guesses under way count: a burst is no way around */
    world_pass(w, 3600 * SECOND);
    w->hold_jobs = true;
    w->d->cfg.password_queue = 64; /* of which an address has eight */
    for (int i = 0; i < 8; i++)
        sign_in(w, &b, "mina", "wrong");
    assert_int_equal(w->n_jobs, 5);
    w->hold_jobs = false;
    world_settle(w);
    assert_true(mina.has_cookie);
    world_free(w);
}

/* From many addresses: slowed, but not where she has been before. */
static void test_guessing_from_everywhere(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    char addr[32];
    person(w, "mina");
    for (unsigned i = 0; i < 60; i++) {
        snprintf(addr, sizeof addr, "198.51.100.%u", i);
        w->addr_key = 1000 + i;
        w->addr = addr;
        sign_in(w, &b, "mina", "wrong");
    }
    assert_has(w->http.text, "'code':'rate'");
    w->addr = "203.0.113.5";
    w->addr_key = 5;
    assert_has(sign_in(w, &b, "mina", PW), "'code':'rate'");
    w->addr = NULL;
    w->addr_key = 7;
    assert_has(sign_in(w, &b, "mina", PW), "{'user':");
    world_free(w);
}

static void from(struct world *w, uint64_t addr_key, const char *addr)
{
    w->addr_key = addr_key;
    w->addr = addr;
}

/* Somebody who keeps signing in, with the right password, has a rate, also with codes and links; others have theirs. */
static void test_signing_in_has_a_rate(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    person(w, "mallory");
    person(w, "mina");
    from(w, 8, "198.51.100.9");
    for (int i = 0; i < 20; i++)
        assert_has(sign_in(w, &b, "mallory", PW), "{'user':");
    unsigned jobs = w->jobs_done[PASSWORD_VERIFY];
    assert_has(sign_in(w, &b, "mallory", PW), "'code':'rate'");
    assert_has(w->http.text, "'retry_ms':1000");
    assert_has(sign_in(w, &b, "mina", PW), "'code':'rate'"); /* it is the address's */
    assert_has(call(w, &b, "recover", "{'name':'mina','code':'0','password':'" PW "'}"),
               "'code':'rate'");
    assert_has(call(w, &b, "reset", "{'link':'AAAAAAAAAAAAAAAAAAAAAA','password':'" PW "'}"),
               "'code':'rate'");
    assert_int_equal(w->jobs_done[PASSWORD_VERIFY], jobs); /* and nothing was hashed */
    from(w, 9, "203.0.113.5");
    assert_has(sign_in(w, &b, "mina", PW), "{'user':");
    from(w, 8, "198.51.100.9");
    world_pass(w, SECOND);
    assert_has(sign_in(w, &b, "mallory", PW), "{'user':");
    assert_has(sign_in(w, &b, "mallory", PW), "'code':'rate'");
    world_free(w);
}

/* However many one address sends at once, four of them wait, and there is room for others. */
static void test_a_share_of_the_queue(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    person(w, "mallory");
    person(w, "mina");
    from(w, 8, "198.51.100.9");
    w->hold_jobs = true;
    for (int i = 0; i < 6; i++)
        sign_in(w, &b, "mallory", PW);
    assert_int_equal(w->n_jobs, 4);
    assert_int_equal(w->http_codes[CODE_BUSY], 2);
    call(w, &b, "register", "{'name':'second','password':'" PW "'}");
    call(w, &b, "recover", "{'name':'mina','code':'0','password':'" PW "'}");
    assert_int_equal(w->n_jobs, 4);
    assert_int_equal(w->http_codes[CODE_BUSY], 4);
    from(w, 9, "203.0.113.5");
    sign_in(w, &b, "mina", PW);
    assert_int_equal(w->n_jobs, 5);
    w->hold_jobs = false;
    world_settle(w);
    from(w, 8, "198.51.100.9"); /* what has been answered no longer counts; busy was no guess */
    assert_has(sign_in(w, &b, "mallory", PW), "{'user':");
    assert_int_equal(w->http_codes[CODE_BUSY], 4);
    world_free(w);
}

/* The same for an account that is tried from many addresses, except where that person has been before. */
static void test_a_share_of_an_account(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    static const char *const addr[] = {"198.51.100.1", "198.51.100.2", "198.51.100.3",
                                       "198.51.100.4", "198.51.100.5", "198.51.100.6"};
    person(w, "mina");
    w->hold_jobs = true;
    for (unsigned i = 0; i < 6; i++) {
        from(w, 100 + i, addr[i]);
        sign_in(w, &b, "mina", "wrong");
    }
    assert_int_equal(w->n_jobs, 4);
    assert_int_equal(w->http_codes[CODE_BUSY], 2);
    from(w, 7, NULL);
    sign_in(w, &b, "mina", PW);
    assert_int_equal(w->n_jobs, 5);
    w->hold_jobs = false;
    world_settle(w);
    world_free(w);
}

static void test_busy(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    person(w, "mina");
    w->d->cfg.sign_in.burst = 0;
    w->jobs_end = PASSWORD_BUSY;
    for (int i = 0; i < 20; i++) /* a full queue is no guess */
        assert_has(sign_in(w, &b, "mina", PW), "'code':'busy'");
    assert_has(call(w, &b, "register", "{'name':'jun','password':'" PW "'}"), "'code':'busy'");
    w->jobs_end = PASSWORD_OK;
    w->db.fail = DB_BUSY;
    for (int i = 0; i < 20; i++)
        assert_has(sign_in(w, &b, "mina", PW), "'code':'store_busy'");
    struct browser known = {.has_cookie = true, .cookie = {1}};
    assert_has(post(w, &known, "me", "{}"), "'code':'store_busy'");
    assert_has(post(w, &known, "sign_out", "{}"), "'code':'store_busy'");
    assert_true(known.has_cookie); /* it may be good */
    struct client *c = client_new(w);
    c->browser = &known;
    assert_error(ask(c, "'type':'hello','v':1"), "store_busy");
    w->db.fail = DB_FULL;
    assert_has(sign_in(w, &b, "mina", PW), "'code':'store_full'");
    w->db.fail = DB_OK;
    assert_has(sign_in(w, &b, "mina", PW), "{'user':");
    world_free(w);
}

/* The same password from a keyboard that writes letters of Hangul one by one, and an accent after its letter. */
static void test_password_is_normalised(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    assert_has(call(w, &b, "register", "{'name':'mina','password':'비밀번호 caf\xc3\xa9'}"),
               "{'user':");
    assert_has(sign_in(w, &b, "mina",
                       "\xe1\x84\x87\xe1\x85\xb5\xe1\x84\x86\xe1\x85\xb5\xe1\x86\xaf"
                       "\xe1\x84\x87\xe1\x85\xa5\xe1\x86\xab\xe1\x84\x92\xe1\x85\xa9"
                       " cafe\xcc\x81"),
               "{'user':");
    assert_has(call(w, &b, "register",
                    "{'name':'jun','password':'\xe1\x84\x87\xe1\x85\xb5"
                    "\xe1\x84\x86\xe1\x85\xb5\xe1\x86\xaf"
                    "\xe1\x84\x87\xe1\x85\xa5'}"),
               "'reason':'short'"); /* three characters */
    char long_one[1024];
    memset(long_one, 'x', sizeof long_one);
    long_one[129] = 0;
    assert_has(sign_in(w, &b, "mina", long_one), "'field':'password'");
    assert_has(sign_in(w, &b, "mina", ""), "'field':'password'");
    world_free(w);
}

/* A hash of an earlier cost is replaced when its password is there anyway. */
static void test_rehash(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = {.has_cookie = false};
    person(w, "mina");
    int64_t id = OUTSIDE(w, DB_USER_BY_NAME, VAL_T(STR("mina")));
    OUTSIDE(w, DB_PASSWORD_SET, VAL_I(id), VAL_T(STR("old hash of " PW)));
    assert_has(sign_in(w, &b, "mina", PW), "{'user':");
    struct client *c = session_of(w, &b);
    OUTSIDE(w, DB_PASSWORD_CHANGE, VAL_I(id), VAL_T(STR("hash of " PW)), VAL_T(STR("x")),
            VAL_ID(sign_in_of(c)), VAL_I(w->wall));
    world_free(w);
}

static void test_sliding(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = person(w, "mina");
    for (int i = 0; i < 3; i++) { /* used each 20 days: it lasts */
        world_pass(w, 20LL * 86400 * SECOND);
        assert_has(post(w, &b, "me", "{}"), "{'user':{");
    }
    /* a page that stayed open for longer than that was used, too */
    struct client *c = session_of(w, &b);
    world_pass(w, 29LL * 86400 * SECOND);
    ask(c, "'type':'account_sessions'");
    lose_pipe(c);
    world_pass(w, MINUTE);
    assert_int_equal(c->session, 0);
    world_pass(w, 29LL * 86400 * SECOND);
    assert_has(post(w, &b, "me", "{}"), "{'user':{");
    world_pass(w, 31LL * 86400 * SECOND);
    assert_has(post(w, &b, "me", "{}"), "{'user':null");
    assert_false(b.has_cookie);
    world_free(w);
}

/* A client that goes, or a session that ends, while the database is asked. */
static void test_gone_meanwhile(void **state)
{
    (void)state;
    struct world *w = open_world();
    struct browser b = person(w, "mina");
    struct client *c = client_new(w);
    c->browser = &b;
    w->db.hold = true;
    ask(c, "'type':'hello','v':1");
    assert_int_equal(w->d->sessions.n, 1);
    lose_pipe(c);
    assert_int_equal(w->d->sessions.n, 0);
    w->db.hold = false;
    world_settle(w);
    assert_int_equal(w->d->users.n, 0);
    /* the sign-in ends between two steps of hello */
    c = client_new(w);
    c->browser = &b;
    w->db.hold = true;
    ask(c, "'type':'hello','v':1");
    world_dbs(w);
    OUTSIDE(w, DB_USER_DISABLE, VAL_I(OUTSIDE(w, DB_USER_BY_NAME, VAL_T(STR("mina")))));
    w->db.hold = false;
    world_settle(w);
    world_free(w);
}

/* Everything for people with accounts, asked by a guest and by a program whose token is for nothing of it, with all
 * its fields empty: nobody gets as far as to have an object looked at. */
static void test_every_command_of_people_wants_a_person(void **state)
{
    (void)state;
    static const struct {
        enum cmd_type type;
        int ways;
        const char *name;
        bool account;
    } commands[] = {
#define ROW(symbol, type, ways) {CMD_##symbol, ways, type, true},
        ACCOUNT_CMDTYPES(ROW) PUSH_CMDTYPES(ROW)
#undef ROW
#define ROW(symbol, type, ways) {CMD_##symbol, ways, type, false},
            PEOPLE_CMDTYPES(ROW) CALL_CMDTYPES(ROW) CONV_CMDTYPES(ROW)
#undef ROW
    };
    struct world *w = open_world();
    struct browser b = person(w, "mina");
    struct client *guest = hello(w, "Bo"), *program = session_of(w, &b);
    unsigned asked = w->db.asked;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct cmd cmd = {.type = commands[i].type, .session = guest->session, .conn = guest->conn};
        bool for_guests = commands[i].type == CMD_ROOMS_PUBLIC || commands[i].type == CMD_ROOM_LOOK;
        if (!(commands[i].ways & BY_PIPE) || (commands[i].ways & NO_ID) || for_guests)
            continue;
        cmd.id = guest->next_id++;
        domain_cmd(w->d, w->now, w->wall, &cmd);
        const char *a = answer_to(guest, cmd.id);
        if (!has(a, "'code':'sign_in_required'") && !has(a, "'code':'unknown_type'"))
            fail_msg("%s of a guest: %s", commands[i].name, a);
        if (!commands[i].account)
            continue;
        struct session *s = session_find(w->d, program->session);
        s->scopes = SCOPE_ALL;
        cmd.session = program->session;
        cmd.conn = program->conn;
        cmd.id = program->next_id++;
        domain_cmd(w->d, w->now, w->wall, &cmd);
        a = answer_to(program, cmd.id);
        if (!has(a, "'code':'not_allowed'") && !has(a, "'code':'unknown_type'"))
            fail_msg("%s of a program: %s", commands[i].name, a);
    }
    assert_int_equal(w->db.asked, asked);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register_and_hello),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_same_name_at_once),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_admin_link),
        cmocka_unit_test(test_guests_may_be_shut_out),
        cmocka_unit_test(test_sign_in_and_out),
        cmocka_unit_test(test_fixation),
        cmocka_unit_test(test_no_enumeration),
        cmocka_unit_test(test_guessing),
        cmocka_unit_test(test_guessing_from_everywhere),
        cmocka_unit_test(test_signing_in_has_a_rate),
        cmocka_unit_test(test_a_share_of_the_queue),
        cmocka_unit_test(test_a_share_of_an_account),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_rehash),
        cmocka_unit_test(test_every_command_of_people_wants_a_person),
        cmocka_unit_test(test_password_is_normalised),
        cmocka_unit_test(test_sliding),
        cmocka_unit_test(test_gone_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
