/* Every command of the wire, as everybody, on what is somebody else's. mina has one of everything; somebody who is more or
 * less to her tries each request on it. Who may not, gets an error that says nothing, nobody else hears anything, and
 * mina finds all as it was. A command without a row here fails the test. */
#define CLIENTS_MAX 256
#include "conv_world.h"

#include "domain/account.h"

/* Who asks. */
enum role {
    GUEST,
    DISABLED, /* with the cookie of an account that was disabled */
    STRANGER,
    MEMBER,    /* of mina's room */
    MODERATOR, /* of it */
    ADMIN,     /* of the server, and nothing to mina */
    PROGRAM,   /* with a token of mina's that may do all that tokens may */
    OWNER,     /* mina herself, on another device */
    ROLES
};
static const char *const role_names[ROLES] = {"a guest",   "a disabled one", "a stranger",
                                              "a member",  "a moderator",    "an administrator",
                                              "a program", "the owner"};
#define R(role)  (1u << (role))
#define NO_ONE   0u
#define MINAS    (R(PROGRAM) | R(OWNER))
#define MANAGERS (MINAS | R(MODERATOR))
#define MEMBERS  (MANAGERS | R(MEMBER))
#define PERSONS \
    (R(STRANGER) | R(MEMBER) | R(MODERATOR) | R(ADMIN) | R(OWNER)) /* signed in, and no program */
#define SIGNED_IN (PERSONS | R(PROGRAM))
#define ALL       (SIGNED_IN | R(GUEST) | R(DISABLED))

/* What is hers, as ids in requests. */
enum thing {
    USER = 'U',
    PARTNER = 'J', /* whom she talks and writes to */
    SESSION = 'S',
    SIGN_IN = 'K',
    GUEST_ROOM = 'R',
    CALL = 'C',
    DIRECT = 'D',
    ROOM = 'V',
    LINK = 'L',
    FILE_ = 'F',
    UPLOAD = 'X',
    INVITE = 'I',
    TOKEN = 'T',
    PASSKEY = 'P'
};

struct trial {
    enum cmd_type type;
    unsigned may;       /* who gets an ack */
    const char *fields; /* after the type and the id; $U is USER's id, and so on */
};

/* BY_HTTP alone: there is no session, and no id in them; by a session nobody may. */
#define BY_HTTP_ONLY NO_ONE, ""

static const struct trial trials[] = {
    /* rooms of guests, hers being locked */
    {CMD_HELLO, ALL, ",'v':1,'replaces':'AAAAAAAAAAAAAAAAAAAAAA'"}, /* somebody new */
    {CMD_RESUME, NO_ONE, ",'v':1,'token':'AAAAAAAAAAAAAAAAAAAAAA','seq':0"},
    {CMD_PING, NO_ONE, ""},
    {CMD_BYE, NO_ONE, ""},
    {CMD_CREATE, ALL, ""},
    {CMD_JOIN, NO_ONE, ",'room':'$R'"},
    {CMD_JOIN, NO_ONE, ",'room':'$C'"},
    {CMD_JOIN, MEMBERS, ",'room':'$V'"},
    {CMD_LEAVE, NO_ONE, ",'room':'$R'"},
    {CMD_WATCH, ALL, ",'on':true"},
    {CMD_ROOM_SET, NO_ONE, ",'room':'$R','title':'Mine'"},
    {CMD_ROOM_SET, NO_ONE, ",'room':'$V','locked':true"},
    {CMD_ROOM_REMOVE, NO_ONE, ",'room':'$R','session':'$S'"},
    {CMD_ROOM_REMOVE, NO_ONE, ",'room':'$V','session':'$S'"},
    {CMD_ROOM_MERGE, NO_ONE, ",'room':'$R','into':'$R'"},
    {CMD_TICKET, NO_ONE, ",'room':'$R'"},
    {CMD_MEDIA, NO_ONE, ",'room':'$R','on':true"},
    {CMD_STATE, ALL, ",'mic':true"},
    {CMD_NAME, R(GUEST) | R(DISABLED), ",'name':'mina'"},
    {CMD_CHAT, NO_ONE, ",'room':'$R','text':'x'"},
    {CMD_WHISPER, NO_ONE, ",'room':'$R','to':'$S','text':'x'"},
    {CMD_TYPING, NO_ONE, ",'room':'$R','on':true"},
    {CMD_DESC, NO_ONE, ",'room':'$R','to':'$S','conn':'c','kind':'offer'\nv=0"},
    {CMD_CAND, NO_ONE, ",'room':'$R','to':'$S','conn':'c'\na=x"},
    {CMD_FILE, NO_ONE, ",'room':'$R','to':'$S','conn':'c','kind':'accept'"},
    {CMD_GROUP_OFFER, NO_ONE, ",'room':'$R','conn':'c','lines':[]\nv=0"},
    {CMD_GROUP_WISH, NO_ONE, ",'room':'$R','conn':'c','wishes':[]"},
    {CMD_GROUP_CLOSE, NO_ONE, ",'room':'$R','conn':'c'"},
    {CMD_GROUP_STATS, NO_ONE, ",'room':'$R'"},
    {CMD_ROOM_MUTE, NO_ONE, ",'room':'$R','session':'$S','kind':'mic','hard':true"},
    {CMD_KNOCK, NO_ONE, ",'room':'$R'"},
    {CMD_ROOM_ADMIT, NO_ONE, ",'room':'$R','session':'$S','on':true"},
    {CMD_MEDIA_TOKEN, NO_ONE, ",'room':'$R','view':true"},
    {CMD_RECORD_START, NO_ONE, ",'room':'$R'"},
    {CMD_RECORD_START, NO_ONE, ",'room':'$V'"},
    {CMD_RECORD_STOP, NO_ONE, ",'room':'$R'"},
    {CMD_RECORD_AGREE, NO_ONE, ",'room':'$R'"},
    {CMD_RECORDINGS, PERSONS, ""},
    {CMD_RECORDING_REMOVE, NO_ONE, ",'recording':'$R'"},
    /* the account */
    {CMD_ME, BY_HTTP_ONLY},
    {CMD_REGISTER, BY_HTTP_ONLY},
    {CMD_SIGN_IN, BY_HTTP_ONLY},
    {CMD_SIGN_OUT, BY_HTTP_ONLY},
    {CMD_RECOVER, BY_HTTP_ONLY},
    {CMD_RESET, BY_HTTP_ONLY},
    {CMD_INVITE, BY_HTTP_ONLY},
    {CMD_PASSKEY_SIGN_IN, BY_HTTP_ONLY},
    {CMD_PASSKEY_BEGIN, PERSONS, ""},
    {CMD_PASSKEY_BEGIN, R(OWNER), ",'confirm':true"},
    {CMD_PASSKEY_ADD, NO_ONE, ",'name':'x','client_data':'AA','attestation':'AA'"},
    {CMD_PASSKEY_CONFIRM, NO_ONE,
     ",'credential':'AA','client_data':'AA','auth_data':'AA','signature':'AA'"},
    {CMD_PASSKEYS, PERSONS, ""},
    {CMD_PASSKEY_NAME, R(OWNER), ",'key':'$P','name':'mine'"},
    {CMD_PASSKEY_REMOVE, R(OWNER), ",'key':'$P'"},
    {CMD_ACCOUNT_SET, PERSONS, ",'display':'Somebody'"},
    {CMD_CONFIRM, NO_ONE, ",'password':'not hers'"},
    {CMD_ACCOUNT_PASSWORD, NO_ONE, ",'old':'not hers','password':'another horse'"},
    {CMD_ACCOUNT_RECOVERY, NO_ONE, ",'password':'not hers'"},
    {CMD_ACCOUNT_DELETE, NO_ONE, ",'password':'not hers'"},
    {CMD_ACCOUNT_SESSIONS, PERSONS, ""},
    {CMD_ACCOUNT_END, R(OWNER), ",'key':'$K'"},
    {CMD_ACCOUNT_END, NO_ONE, ",'key':'$T'"},
    {CMD_ACCOUNT_END, PERSONS, ",'others':true"},
    {CMD_INVITE_MAKE, PERSONS, ""},
    {CMD_INVITES, PERSONS, ""},
    {CMD_INVITE_END, R(OWNER), ",'key':'$I'"},
    {CMD_TOKEN_MAKE, PERSONS, ",'name':'bot','scopes':['calls']"},
    {CMD_TOKENS, PERSONS, ""},
    {CMD_TOKEN_END, R(OWNER), ",'key':'$T'"},
    {CMD_TOKEN_END, NO_ONE, ",'key':'$K'"},
    /* people */
    {CMD_PEOPLE, SIGNED_IN, ""},
    {CMD_PERSON, SIGNED_IN, ",'user':'$U'"},
    {CMD_PEOPLE_WATCH, SIGNED_IN, ",'users':['$U']"},
    {CMD_FAVOURITE, SIGNED_IN & ~MINAS, ",'user':'$U','on':true"},
    {CMD_BLOCK, SIGNED_IN, ",'user':'$J','on':false"},
    {CMD_PRESENCE, SIGNED_IN, ",'mode':'auto'"},
    {CMD_IDLE, NO_ONE, ",'on':true"},
    /* her call */
    {CMD_CALL, NO_ONE, ",'to':'$K$K','video':true"},
    {CMD_CALL_ANSWER, NO_ONE, ",'call':'$C','video':true"},
    {CMD_CALL_DECLINE, NO_ONE, ",'call':'$C'"},
    {CMD_CALL_CANCEL, MINAS, ",'call':'$C'"},
    {CMD_CALL_END, MINAS, ",'call':'$C'"},
    {CMD_CALL_HOLD, NO_ONE, ",'call':'$C','on':true"},
    {CMD_CALL_VIDEO, NO_ONE, ",'call':'$C','on':false"},
    {CMD_CALL_TAKE, MINAS, ",'call':'$C'"},
    {CMD_CALL_INVITE, NO_ONE, ",'call':'$C','to':'$J'"},
    {CMD_CALL_BACK, MINAS, ",'call':'$C'"},
    {CMD_CALL_QUALITY, MINAS, ",'call':'$C','stars':1"},
    {CMD_CALLS, SIGNED_IN, ""},
    {CMD_CALLS_SEEN, SIGNED_IN, ""},
    /* her conversations: one with jun, and a room */
    {CMD_CONVS, SIGNED_IN, ""},
    {CMD_CONV_OPEN, SIGNED_IN & ~MINAS, ",'user':'$U'"},
    {CMD_CONV_GET, MINAS, ",'conv':'$D'"},
    {CMD_CONV_GET, MEMBERS, ",'conv':'$V'"},
    {CMD_SEND, MINAS, ",'conv':'$D','client':'a','text':'x'"},
    {CMD_SEND, MEMBERS, ",'conv':'$V','client':'a','text':'x'"},
    {CMD_SEND, MEMBERS, ",'conv':'$V','client':'a','text':'x','files':['$F']"}, /* without it */
    {CMD_EDIT, MINAS, ",'conv':'$D','seq':1,'text':'x'"},
    {CMD_EDIT, MINAS, ",'conv':'$V','seq':1,'text':'x'"},
    {CMD_DELETE, MINAS, ",'conv':'$D','seq':1"},
    {CMD_DELETE, MANAGERS, ",'conv':'$V','seq':1"},
    {CMD_REACT, MINAS, ",'conv':'$D','seq':1,'emoji':'+','on':true"},
    {CMD_REACT, MEMBERS, ",'conv':'$V','seq':1,'emoji':'+','on':true"},
    {CMD_HISTORY, MINAS, ",'conv':'$D'"},
    {CMD_HISTORY, MEMBERS, ",'conv':'$V'"},
    {CMD_READ, MINAS, ",'conv':'$D','seq':1"},
    {CMD_READ, MEMBERS, ",'conv':'$V','seq':1"},
    {CMD_TYPING_CONV, NO_ONE, ",'conv':'$D','on':true"},
    {CMD_DRAFT, MINAS, ",'conv':'$D','text':'x'"},
    {CMD_DRAFT, MEMBERS, ",'conv':'$V','text':'x'"},
    {CMD_CONV_ANSWER, MINAS, ",'conv':'$D','as':'block'"},
    {CMD_CONV_ANSWER, NO_ONE, ",'conv':'$V','as':'accept'"},
    {CMD_SEARCH, SIGNED_IN, ",'text':'secret'"},
    {CMD_SEARCH, SIGNED_IN, ",'text':'secret','conv':'$D'"}, /* and find nothing */
    {CMD_EXPORT, SIGNED_IN, ""},
    {CMD_ROOM_MAKE, SIGNED_IN, ",'title':'Mine'"},
    {CMD_ROOM_EDIT, MANAGERS, ",'conv':'$V','title':'Mine'"},
    {CMD_ROOM_EDIT, MINAS, ",'conv':'$V','public':true"},
    {CMD_ROOM_EDIT, NO_ONE, ",'conv':'$D','title':'Mine'"},
    {CMD_MEMBERS, MEMBERS, ",'conv':'$V'"},
    {CMD_MEMBER_SET, NO_ONE, ",'conv':'$V','user':'$U','role':'removed'"},
    {CMD_MEMBER_SET, MINAS, ",'conv':'$V','user':'$J','role':'owner'"},
    {CMD_MEMBER_SET, MANAGERS, ",'conv':'$V','user':'$J','role':'banned'"},
    {CMD_MEMBER_SET, NO_ONE, ",'conv':'$D','user':'$J','role':'removed'"},
    {CMD_ROOM_INVITE, MANAGERS, ",'conv':'$V','uses':1"},
    {CMD_ROOM_INVITE, MANAGERS, ",'conv':'$V','user':'$J'"},
    {CMD_ROOM_JOIN, MEMBERS, ",'conv':'$V'"},
    {CMD_ROOM_JOIN, NO_ONE, ",'conv':'$D'"},
    {CMD_ROOM_LEAVE, R(MEMBER) | R(MODERATOR), ",'conv':'$V'"},
    {CMD_ROOM_LEAVE, NO_ONE, ",'conv':'$D'"},
    {CMD_ROOM_ARCHIVE, MINAS, ",'conv':'$V','on':true"},
    {CMD_ROOMS_PUBLIC, ALL, ""},
    {CMD_ROOM_LINKS, MANAGERS, ",'conv':'$V'"},
    {CMD_ROOM_LINK_END, MANAGERS, ",'conv':'$V','key':'$L'"},
    {CMD_ROOM_PICTURE, MANAGERS, ",'conv':'$V','none':true"},
    {CMD_ROOM_PICTURE, NO_ONE, ",'conv':'$D','none':true"},
    {CMD_ROOM_PASSWORD, MINAS, ",'conv':'$V','password':'x'"},
    {CMD_ROOM_LOOK, MEMBERS, ",'conv':'$V'"},
    {CMD_ROOM_LOOK, NO_ONE, ",'conv':'$D'"},
    {CMD_CONV_WATCH, SIGNED_IN, ",'on':true"},
    /* notifications and files */
    {CMD_PUSH_ADD, NO_ONE, ",'endpoint':'https://push.example/x','p256dh':'AA','auth':'AA'"},
    {CMD_PUSH_REMOVE, PERSONS, ",'endpoint':'https://push.example/mina'"},
    {CMD_UPLOAD, PERSONS, ",'size':10,'name':'x'"},
    {CMD_UPLOAD_END, R(OWNER), ",'upload':'$X'"},
    {CMD_AVATAR, NO_ONE, ",'upload':{'small':'$X','large':'$X'}"},
    {CMD_ATTACH, NO_ONE, ",'upload':'$X'"},
};

struct yard {
    struct world *w;
    struct client *mina, *jun; /* hers and his device, in their call */
    struct client *who;
    struct buf as_it_was; /* what mina sees, before somebody tries */
    char ids[128][B32_SIZE];
    char token[64];
};

static void put_id(struct yard *y, enum thing what, const char *text)
{
    snprintf(y->ids[what], sizeof y->ids[what], "%s", text);
}

static void put_key(struct yard *y, enum thing what, const char *answer)
{
    assert_ack(answer);
    value(answer, "key", y->ids[what], sizeof y->ids[what]);
}

static void no_passkey(const struct passkey_check *check, struct passkey_verdict *verdict)
{
    (void)check;
    verdict->outcome = PASSKEY_SIGNATURE;
}

static struct world *world_of_people(void)
{
    static const char *const names[] = {NULL, "mina", "jun", "sora"};
    struct world *w = world_new();
    w->cfg.user_invites = true;
    w->cfg.passkeys = true;
    w->cfg.passkey_check = no_passkey;
    w->cfg.push_key[0] = 'k';
    world_again(w);
    for (int k = 0; k < RATE_KINDS; k++)
        w->d->cfg.rates[k].burst = 0; /* as often as one likes */
    for (uint64_t user = MINA; user <= SORA; user++) {
        put_user(w, user, names[user]);
        put_browser(w, user);
    }
    return w;
}

/* What of mina's no request makes: a passkey, a file that she has not sent yet, a browser that is to be woken. */
static void put_rows(struct yard *y)
{
    const uint8_t key[PUSH_P256DH] = {4}, cred[16] = "mina's passkey";
    const struct val passkey[] = {
        VAL_B(cred, sizeof cred), VAL_ID(77),  VAL_ID(MINA), VAL_T(STR("Phone")),
        VAL_B(cred, sizeof cred), VAL_I(-7),   VAL_I(0),     VAL_I(0),
        VAL_I(y->w->wall),        VAL_ID(MINA)};
    run_proc(y->w, DB_PASSKEY_ADD, passkey, ARRAY_LEN(passkey));
    put_id(y, PASSKEY, id_text(77));
    const struct val file[] = {VAL_ID(88),
                               VAL_ID(MINA),
                               VAL_T(STR("a.txt")),
                               VAL_T(STR("text/plain")),
                               VAL_I(5),
                               VAL_I(0),
                               VAL_I(0),
                               VAL_I(0),
                               VAL_I(y->w->wall),
                               VAL_I(y->w->wall * 2),
                               VAL_I(1000000)};
    run_proc(y->w, DB_ATTACHMENT_ADD, file, ARRAY_LEN(file));
    put_id(y, FILE_, id_text(88));
    const struct val push[] = {VAL_T(STR("https://push.example/mina")),
                               VAL_ID(MINA),
                               VAL_ID(MINA),
                               VAL_B(key, sizeof key),
                               VAL_B(key, PUSH_SECRET),
                               VAL_I(1)};
    run_proc(y->w, DB_PUSH_ADD, push, ARRAY_LEN(push));
}

static void put_call(struct yard *y)
{
    const char *inner;
    assert_ack(ask(y->mina, "'type':'call','to':'%s','video':true", id_text(JUN)));
    inner = strstr(told(y->jun, "ring"), "\"call\":{");
    assert_non_null(inner);
    value(inner, "call", y->ids[CALL], B32_SIZE);
    assert_ack(ask(y->jun, "'type':'call_answer','call':'%s','video':true", y->ids[CALL]));
}

static void put_conversations(struct yard *y)
{
    struct client *a = y->mina;
    uint64_t direct = friends(a, y->jun, JUN), room = make_room(a, ",'unlisted':false");
    put_id(y, DIRECT, id_text(direct));
    put_id(y, ROOM, id_text(room));
    send_text(a, direct, "a secret");
    send_text(a, room, "a secret");
    assert_ack(ask_conv(a, "room_invite", room, ",'uses':9"));
    put_key(y, LINK, ask_conv(a, "room_links", room, ""));
    put_id(y, USER, id_text(MINA));
    assert_ack(ask(a, "'type':'room_invite','conv':'%s','user':'%s'", y->ids[ROOM], id_text(JUN)));
    assert_ack(ask_conv(y->jun, "room_join", room, ""));
}

static void put_account(struct yard *y)
{
    struct client *a = y->mina;
    confirm_mark(y->w->d, MINA, false);
    value(ask(a, "'type':'token_make','name':'bot','scopes':['messages','calls','directory']"),
          "token", y->token, sizeof y->token);
    put_key(y, TOKEN, ask(a, "'type':'tokens'"));
    assert_ack(ask(a, "'type':'invite_make'"));
    put_key(y, INVITE, ask(a, "'type':'invites'"));
    put_id(y, SIGN_IN, id_text(MINA));
    const char *u = ask(a, "'type':'upload','size':10,'name':'a.txt'");
    assert_ack(u);
    value(u, "upload", y->ids[UPLOAD], B32_SIZE);
}

static void put_who(struct yard *y, enum role role)
{
    struct world *w = y->w;
    uint64_t room;
    assert_true(b32_decode(str_from(y->ids[ROOM]), &room));
    const struct val id = VAL_ID(SORA), admin[] = {VAL_ID(SORA), VAL_I(USER_ADMIN)};
    confirm_mark(w->d, SORA, false);
    if (role == ADMIN)
        run_proc(w, DB_USER_SET_ROLE, admin, 2);
    if (role == DISABLED)
        run_proc(w, DB_USER_DISABLE, &id, 1);
    y->who = client_new(w);
    if (role != GUEST && role != PROGRAM)
        y->who->browser = &browsers[role == OWNER ? MINA : SORA];
    assert_ack(role == PROGRAM ? ask(y->who, "'type':'hello','v':1,'api_token':'%s'", y->token)
                               : ask(y->who, "'type':'hello','v':1,'name':'Sora'"));
    assert_int_equal(session_of(y->who)->user != NULL, role != GUEST && role != DISABLED);
    if (role != MEMBER && role != MODERATOR)
        return;
    assert_ack(
        ask(y->mina, "'type':'room_invite','conv':'%s','user':'%s'", y->ids[ROOM], id_text(SORA)));
    assert_ack(ask_conv(y->who, "room_join", room, ""));
    if (role == MODERATOR)
        assert_ack(ask(y->mina, "'type':'member_set','conv':'%s','user':'%s','role':'moderator'",
                       y->ids[ROOM], id_text(SORA)));
}

/* What mina sees of all that she has. */
static void look(struct yard *y, struct buf *b)
{
    const struct {
        const char *type;
        enum thing conv;
    } all[] = {
        {"account_sessions", 0}, {"tokens", 0},      {"passkeys", 0},
        {"invites", 0},          {"calls", 0},       {"convs", 0},
        {"conv_get", DIRECT},    {"conv_get", ROOM}, {"history", DIRECT},
        {"history", ROOM},       {"members", ROOM},  {"room_links", ROOM},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const char *a =
            all[i].conv ? ask(y->mina, "'type':'%s','conv':'%s'", all[i].type, y->ids[all[i].conv])
                        : ask(y->mina, "'type':'%s'", all[i].type);
        const char *rest = strchr(a, ':'), *end = rest ? strchr(rest, ',') : NULL;
        const char *after_id = end ? strchr(end + 1, ',') : NULL;
        buf_puts(b, after_id ? after_id : a);
    }
    const struct val subs[] = {VAL_ID(MINA), VAL_I(0), VAL_I(0)};
    struct db_request rq = {DB_PUSH_SUBS, 0, subs, 3};
    assert_int_equal(db_run(db_inline_open(&y->w->db), &rq, b), DB_OK);
}

static struct yard yard_new(enum role role)
{
    struct yard y = {.w = world_of_people()};
    char room[B32_SIZE];
    y.mina = device(y.w, MINA);
    y.jun = device(y.w, JUN);
    put_id(&y, PARTNER, id_text(JUN));
    put_id(&y, SESSION, y.mina->sid);
    put_conversations(&y);
    put_account(&y);
    put_rows(&y);
    create(y.mina, room, ",'password':'a lock'");
    put_id(&y, GUEST_ROOM, room);
    put_call(&y);
    put_who(&y, role);
    buf_init(&y.as_it_was, 1 << 20);
    look(&y, &y.as_it_was);
    drain_all(y.w);
    return y;
}

static void yard_free(struct yard *y)
{
    buf_free(&y->as_it_was);
    world_free(y->w);
}

/* ---- trying ---- */

static const char *fields_of(const struct yard *y, const char *fields)
{
    static char out[1024];
    size_t n = 0;
    for (const char *p = fields; *p && n < sizeof out - B32_SIZE; p++) {
        if (*p == '$') {
            const char *id = y->ids[(unsigned char)*++p];
            assert_true(id[0]);
            n += (size_t)snprintf(out + n, sizeof out - n, "%s", id);
        } else {
            out[n++] = *p;
        }
    }
    out[n] = 0;
    return out;
}

static bool no_id(enum cmd_type type)
{
    static const uint8_t ways[CMD_WIRE_COUNT] = {
#define WAY(symbol, type, ways) [CMD_##symbol] = ways,
        CMDTYPES(WAY)
#undef WAY
    };
    return (ways[type] & NO_ID) != 0;
}

/* mina or jun was told something that is no answer. */
static bool heard(struct client *c)
{
    for (const char *m; *(m = next(c));)
        if (!has(m, "{'type':'ack'"))
            return true;
    return false;
}

static bool unchanged(struct yard *y, bool *file_taken)
{
    struct buf b;
    bool mina_heard = heard(y->mina), jun_heard = heard(y->jun);
    buf_init(&b, 1 << 20);
    look(y, &b);
    bool same = str_eq(buf_str(&b), buf_str(&y->as_it_was));
    *file_taken = str_find(buf_str(&b), str_from(y->ids[FILE_])) != STR_NPOS;
    buf_free(&b);
    drain_all(y->w);
    return same && !mina_heard && !jun_heard;
}

static bool fine; /* of the role that is tried: all that is wrong is said */

static void complain(const char *what, const char *why, const char *answer)
{
    print_error("%s: %s %s\n", what, why, answer);
    fine = false;
}

/* Hers, by which one could do something: nobody else is told. */
static void look_for_secrets(const struct yard *y, const char *what, const char *answer)
{
    static const enum thing secret[] = {TOKEN, PASSKEY, INVITE, UPLOAD, FILE_, CALL, DIRECT};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++)
        if (strstr(answer, y->ids[secret[i]]))
            complain(what, "is told of what is mina's:", answer);
}

/* Whether the yard is still as it was. */
static bool try_one(struct yard *y, const struct trial *t, enum role role)
{
    char what[1200];
    const char *fields = fields_of(y, t->fields);
    uint64_t session = y->who->session;
    bool may = t->may & R(role), mute = no_id(t->type);
    bool own = t->type == CMD_PUSH_ADD || t->type == CMD_FAVOURITE || t->type == CMD_BLOCK;
    snprintf(what, sizeof what, "%s: %s%s", role_names[role], cmd_text(t->type), fields);
    const char *a = ask(y->who, "'type':'%s'%s", cmd_text(t->type), fields);
    if (has(a, "{'type':'ack'") != may || (!may && !mute && !has(a, "{'type':'error'")))
        complain(what, may ? "is refused:" : "is not refused:", a);
    if (!may && !own && has(a, "'code':'bad_request'"))
        complain(what, "is no request:", a);
    if (!(MINAS & R(role)))
        look_for_secrets(y, what, a);
    bool taken, same = unchanged(y, &taken);
    if (taken != (strstr(t->fields, "$F") && (MINAS & R(role))))
        complain(what, taken ? "has mina's file:" : "has not her own file:", a);
    if (!may && !same && !(t->type == CMD_TYPING_CONV && (MINAS & R(role))))
        complain(what, "something happened:", a);
    return same && y->who->session == session && y->w->n_clients < CLIENTS_MAX - 4;
}

static void as(enum role role)
{
    struct yard y = yard_new(role);
    fine = true;
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        if (try_one(&y, &trials[i], role))
            continue;
        yard_free(&y);
        y = yard_new(role);
    }
    yard_free(&y);
    assert_true(fine);
}

#define AS(name, role)             \
    static void name(void **state) \
    {                              \
        (void)state;               \
        as(role);                  \
    }
AS(as_a_guest, GUEST)
AS(as_a_disabled_one, DISABLED)
AS(as_a_stranger, STRANGER)
AS(as_a_member, MEMBER)
AS(as_a_moderator, MODERATOR)
AS(as_an_administrator, ADMIN)
AS(as_a_program, PROGRAM)
AS(as_the_owner, OWNER)

static void every_command_is_tried(void **state)
{
    (void)state;
    for (int type = CMD_NONE + 1; type < CMD_WIRE_COUNT; type++) {
        bool tried = false;
        for (size_t i = 0; i < ARRAY_LEN(trials); i++)
            tried |= trials[i].type == (enum cmd_type)type;
        if (!tried)
            fail_msg("%s has no row in the table", cmd_text((enum cmd_type)type));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_tried),
        cmocka_unit_test(as_a_guest),
        cmocka_unit_test(as_a_disabled_one),
        cmocka_unit_test(as_a_stranger),
        cmocka_unit_test(as_a_member),
        cmocka_unit_test(as_a_moderator),
        cmocka_unit_test(as_an_administrator),
        cmocka_unit_test(as_a_program),
        cmocka_unit_test(as_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
