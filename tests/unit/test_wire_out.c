/* Messages that go out: each event and answer as the protocol has it, escaping, and full buffers.
 * Also: the code's tables and docs/protocol.md name the same types and error codes. */
#include "domain_world.h"
#include "proto/turn_users.h"

static void same(struct buf *b, const char *want)
{
    char q[2000];
    snprintf(q, sizeof q, "%s", want);
    for (char *p = q; *p; p++)
        if (*p == '\'')
            *p = '"';
    assert_false(b->failed);
    assert_string_equal(buf_cstr(b), q);
    buf_reset(b);
}

#define ID1 "'0000000000001'"
#define ID2 "'0000000000002'"
#define ID3 "'0000000000003'"

static void events(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 16);
    struct person_view mina = {.session = 2, .name = STR("Mina"), .cam = true, .media = true};
    struct event e = {
        .type = EVENT_ENTERED, .room = 1, .u.entered = {.person = mina, .count = 3, .replaces = 3}};
#define MINA                                                                                      \
    "{'session':" ID2 ",'name':'Mina','mic':false,'cam':true,'screen':false,'media':true,'away':" \
    "false}"
    wire_out_event(&b, &e);
    same(&b,
         "{'type':'entered','room':" ID1 ",'participant':" MINA ",'count':3,'replaces':" ID3 "}");
    static const char *const reasons[] = {"left", "gone", "removed", "replaced", "merged", "ended"};
    for (int i = 0; i < LEFT_REASONS; i++) {
        char want[200];
        e = (struct event){.type = EVENT_LEFT,
                           .room = 1,
                           .from = 2,
                           .u.left = {.reason = (enum left_reason)i, .count = 9}};
        wire_out_event(&b, &e);
        snprintf(want, sizeof want,
                 "{'type':'left','room':" ID1 ",'session':" ID2 ",'reason':'%s','count':9}",
                 reasons[i]);
        same(&b, want);
    }
    e = (struct event){.type = EVENT_PARTICIPANT, .room = 1, .u.participant = mina};
    wire_out_event(&b, &e);
    same(&b, "{'type':'participant','room':" ID1 ",'participant':" MINA "}");
    struct room_view room = {
        .id = 1, .title = STR("T"), .count = 1, .capacity = 100, .locked = true};
#define ROOM                                                                                   \
    "'room':" ID1 ",'title':'T','public':false,'password':false,'locked':true,'capacity':100," \
    "'count':1,'owner':null"
    e = (struct event){.type = EVENT_ROOM_CHANGED, .room = 1, .from = 2, .u.room = room};
    wire_out_event(&b, &e);
    same(&b, "{'type':'room_changed','room':{" ROOM "},'by':" ID2 "}");
    e = (struct event){
        .type = EVENT_CHAT, .room = 1, .from = 2, .u.chat = {2, STR("Mina"), STR("hi"), 7, 1234}};
    wire_out_event(&b, &e);
#define CHAT \
    "{'type':'chat','room':" ID1 ",'from':" ID2 ",'name':'Mina','text':'hi','seq':7,'time':1234}"
    same(&b, CHAT);
    struct chat_view said = e.u.chat;
    e.type = EVENT_WHISPER;
    e.u.chat.seq = 0;
    wire_out_event(&b, &e);
    same(&b,
         "{'type':'whisper','room':" ID1 ",'from':" ID2 ",'name':'Mina','text':'hi','time':1234}");
    struct joined_view joined = {.room = room,
                                 .self = 2,
                                 .people = &mina,
                                 .n_people = 1,
                                 .history = &said,
                                 .n_history = 1,
                                 .ticket = STR("tick"),
                                 .media = true};
#define JOINED                                                                    \
    "'room':{" ROOM "},'self':" ID2 ",'participants':[" MINA "],'history':[" CHAT \
    "],'ticket':'tick',"                                                          \
    "'media':true"
    e = (struct event){.type = EVENT_MERGED, .u.merged = {.from = 3, .joined = &joined}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'merged','from':" ID3 ",'joined':{" JOINED "}}");
    uint64_t gone[] = {3, 2};
    struct room_view two[] = {room, room};
    e = (struct event){.type = EVENT_ROOMS, .u.rooms = {two, 2, gone, 2, 5, 6}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'rooms','changed':[{" ROOM "},{" ROOM "}],'gone':[" ID3 "," ID2
             "],'total':5,'people':6}");
    e = (struct event){.type = EVENT_TYPING, .room = 1, .from = 2, .u.on = true};
    wire_out_event(&b, &e);
    same(&b, "{'type':'typing','room':" ID1 ",'from':" ID2 ",'on':true}");
    e = (struct event){.type = EVENT_NOTICE, .room = 1, .u.notice = {STR("c"), STR("t")}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'notice','code':'c','text':'t','room':" ID1 "}");
    e = (struct event){
        .type = EVENT_DESC,
        .room = 1,
        .from = 2,
        .u.relay = {.conn_name = STR("m1"), .kind = DESC_ANSWER, .body = STR("v=0\r\n")}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'desc','room':" ID1 ",'from':" ID2 ",'conn':'m1','kind':'answer'}\nv=0\r\n");
    e.type = EVENT_CAND;
    wire_out_event(&b, &e);
    same(&b, "{'type':'cand','room':" ID1 ",'from':" ID2 ",'conn':'m1'}\nv=0\r\n");
    e = (struct event){.type = EVENT_FILE,
                       .room = 1,
                       .from = 2,
                       .u.file = {STR("f"), FILE_OFFER, STR("n"), STR_NONE, 5}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'file','room':" ID1 ",'from':" ID2
             ",'conn':'f','kind':'offer','name':'n','size':5}");
    /* answers */
    e = (struct event){.type = RESULT_EMPTY};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9}");
    e = (struct event){.type = RESULT_JOINED, .u.joined = &joined};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9," JOINED "}");
    e = (struct event){.type = RESULT_WATCH, .u.rooms = {two, 1, NULL, 0, 5, 6}};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9,'rooms':[{" ROOM "}],'total':5,'people':6}");
    e = (struct event){.type = RESULT_ROOM, .u.room = room};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9," ROOM "}");
    e = (struct event){.type = RESULT_CHAT, .u.chat = said};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9,'seq':7,'time':1234}");
    e.type = RESULT_WHISPER;
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9,'time':1234}");
    struct hello_facts facts = {.server = STR("s"),
                                .resume_s = 1,
                                .ping_s = 2,
                                .stun_port = 3,
                                .limit_name = 4,
                                .limit_chat = 5,
                                .limit_title = 6,
                                .limit_message = 7,
                                .limit_rooms_per_session = 8,
                                .limit_mesh = 9};
    e = (struct event){.type = RESULT_HELLO,
                       .u.hello = {.session = 2,
                                   .token = STR("tok"),
                                   .name = STR("Mina"),
                                   .facts = &facts,
                                   .join_error = {.code = CODE_BUSY, .retry_ms = 5}}};
    wire_out_ack(&b, 1, &e);
#define HELLO                                                                                  \
    "{'type':'ack','id':1,'session':" ID2                                                      \
    ",'token':'tok','name':'Mina','tag':'0002','resume_s':1,"                                  \
    "'ping_s':2,'stun_port':3,'server':'s','limits':{'name':4,'chat':5,'title':6,'message':7," \
    "'rooms_per_session':8,'mesh':9}"
    same(&b, HELLO ",'join_error':{'code':'busy','retry_ms':5}}");
    e.u.hello.join_error.code = CODE_NONE;
    e.u.hello.joined = &joined;
    wire_out_ack(&b, 1, &e);
    same(&b, HELLO ",'joined':{" JOINED "}}");
    buf_free(&b);
}

static void credentials_of_relays(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    static const uint8_t key[32] = "a key for relays";
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1], want[400];
    struct joined_view joined = {.self = 2, .relay = {77, key}};
    struct event e = {.type = RESULT_JOINED, .u.joined = &joined};
    turn_scope_credential(key, 77, name, password);
    wire_out_ack(&b, 9, &e);
    snprintf(want, sizeof want, "'media':false,'relay':{'username':'%s','credential':'%s'}}", name,
             password);
    assert_has(buf_cstr(&b), want);
    buf_reset(&b);
    struct hello_facts facts = {.turn_udp = 3478, .turn_tcp = 8443, .turn_tls = true};
    e = (struct event){.type = RESULT_HELLO, .u.hello = {.facts = &facts, .joined = &joined}};
    wire_out_ack(&b, 1, &e);
    assert_has(buf_cstr(&b), want);
    assert_has(buf_cstr(&b), "'turn':{'udp':3478,'tcp':8443,'tls':true},'server'");
    buf_reset(&b);
    facts.turn_tcp = 0;
    facts.turn_tls = false;
    joined.relay.scope = 0;
    wire_out_ack(&b, 1, &e);
    assert_has(buf_cstr(&b), "'turn':{'udp':3478,'tcp':0,'tls':false},'server'");
    assert_false(has(buf_cstr(&b), "'relay'"));
    buf_free(&b);
}

static void pipes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    wire_out_error(&b, 3, &(struct wire_error){CODE_BAD_REQUEST, "room", 0, NULL});
    same(&b,
         "{'type':'error','id':3,'code':'bad_request','message':'A field is missing, of the wrong "
         "type or out of range.','field':'room'}");
    wire_out_error(&b, 0, &(struct wire_error){CODE_RATE, NULL, 250, NULL});
    same(&b, "{'type':'error','code':'rate','message':'Too many of this kind.','retry_ms':250}");
    wire_out_resumed(&b, 2, 41, 17);
    same(&b, "{'type':'resumed','session':" ID2 ",'seq':41,'last_id':17}");
    wire_out_pong(&b);
    same(&b, "{'type':'pong'}");
    wire_out_closing(&b, 800);
    same(&b, "{'type':'closing','retry_ms':800}");
    assert_true(wire_out_ended(&b, ENDED_REPLACED));
    same(&b, "{'type':'ended','reason':'replaced'}");
    assert_true(wire_out_ended(&b, ENDED_OVERFLOW));
    same(&b, "{'type':'ended','reason':'overflow'}");
    assert_false(wire_out_ended(&b, ENDED_BYE));
    assert_false(wire_out_ended(&b, ENDED_GONE));
    assert_false(wire_out_ended(&b, ENDED_NEW));
    assert_int_equal(buf_len(&b), 0);
    buf_free(&b);
}

/* Every byte in a text comes back through a strict parser. */
static void texts_are_escaped(void **state)
{
    (void)state;
    char text[700];
    size_t n = 0;
    for (int c = 1; c < 128; c++)
        text[n++] = (char)c;
    memcpy(text + n, "\xed\x95\x9c\xf0\x9f\x98\x80\xe2\x80\xa8", 10);
    n += 10;
    struct buf b, m;
    buf_init(&b, 1 << 16);
    buf_init(&m, 1 << 16);
    struct event e = {.type = RESULT_NAME, .u.name = str_of(text, n)};
    wire_out_ack(&b, 1, &e);
    /* {"type":"ack","id":1,"name":...} -> a request that wire_in reads */
    buf_puts(&m, "{\"type\":\"name\",\"id\":1,");
    buf_put_str(&m, str_skip(buf_str(&b), strlen("{\"type\":\"ack\",\"id\":1,")));
    struct wire_in in;
    assert_true(wire_in_parse(&in, buf_str(&m), 0));
    assert_true(str_eq(in.cmd.u.name, e.u.name));
    wire_in_free(&in);
    buf_free(&b);
    buf_free(&m);
}

/* A buffer of any smaller size fails as a whole and is not written past its end. */
static void buffers_may_be_full(void **state)
{
    (void)state;
    struct person_view p = {.session = 2, .name = STR("Mina")};
    struct chat_view c = {2, STR("a"), STR("b"), 1, 2};
    struct joined_view j = {.self = 2, .people = &p, .n_people = 1, .history = &c, .n_history = 1};
    struct room_view r = {.id = 1};
    uint64_t gone = 3;
    struct hello_facts facts = {.server = STR("s")};
    struct event all[] = {
        {.type = EVENT_ENTERED},
        {.type = EVENT_LEFT},
        {.type = EVENT_PARTICIPANT},
        {.type = EVENT_ROOM_CHANGED},
        {.type = EVENT_MERGED, .u.merged.joined = &j},
        {.type = EVENT_ROOMS, .u.rooms = {&r, 1, &gone, 1, 1, 1}},
        {.type = EVENT_CHAT},
        {.type = EVENT_WHISPER},
        {.type = EVENT_TYPING},
        {.type = EVENT_NOTICE},
        {.type = EVENT_DESC, .u.relay.body = STR("0123456789")},
        {.type = EVENT_CAND},
        {.type = EVENT_FILE},
        {.type = RESULT_EMPTY},
        {.type = RESULT_HELLO, .u.hello = {.facts = &facts, .joined = &j}},
        {.type = RESULT_JOINED, .u.joined = &j},
        {.type = RESULT_WATCH, .u.rooms = {&r, 1, &gone, 1, 1, 1}},
        {.type = RESULT_ROOM},
        {.type = RESULT_TICKET},
        {.type = RESULT_MEDIA},
        {.type = RESULT_NAME},
        {.type = RESULT_CHAT},
        {.type = RESULT_WHISPER},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bool fitted = false;
        for (size_t cap = 0; cap < 4000; cap++) {
            char *mem = malloc(cap ? cap : 1);
            struct buf b;
            buf_init_fixed(&b, mem, cap);
            if ((int)all[i].type < EVENT_COUNT)
                wire_out_event(&b, &all[i]);
            else
                wire_out_ack(&b, 1, &all[i]);
            assert_true(!fitted || !b.failed);
            fitted = !b.failed;
            free(mem);
        }
        assert_true(fitted);
    }
}

/* ---- the document ---- */

static char *read_file(const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/../docs/%s", TESTS_DIR, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *text = calloc(1, 200000);
    assert_true(fread(text, 1, 199999, f) > 1000);
    fclose(f);
    return text;
}

static char *read_doc(void)
{
    return read_file("protocol.md");
}

/* Between the heading and the next one of its level. */
static char *section(const char *doc, const char *heading)
{
    const char *from = strstr(doc, heading);
    assert_non_null(from);
    const char *to = strstr(from + 4, "\n## ");
    size_t n = to ? (size_t)(to - from) : strlen(from);
    return str_dup(str_of(from, n));
}

static int is_code_char(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static int known_code(struct str s)
{
    for (int c = 1; c < CODE_COUNT; c++)
        if (str_eq(s, str_from(errcode_text((enum errcode)c))))
            return 1;
    return 0;
}

static void the_document_lists_the_error_codes(void **state)
{
    (void)state;
    char *doc = read_doc();
    char *codes = section(doc, "\n## 8. Error codes");
    for (int c = 1; c < CODE_COUNT; c++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", errcode_text((enum errcode)c));
        if (!strstr(codes, quoted))
            fail_msg("docs/protocol.md, section 8, lacks %s", quoted);
    }
    /* and the other way round: the first column of its table */
    int seen = 0;
    for (const char *line = codes; line; line = strchr(line + 1, '\n')) {
        if (strncmp(line, "\n| `", 4) != 0)
            continue;
        const char *end = strchr(line + 3, '|');
        for (const char *p = strchr(line, '`'); p && p < end; p = strchr(p + 1, '`')) {
            size_t n = 0;
            while (is_code_char(p[1 + n]))
                n++;
            if (n && !known_code(str_of(p + 1, n)))
                fail_msg("the code does not know the error %.*s", (int)n, p + 1);
            p = strchr(p + 1, '`');
            seen++;
        }
    }
    assert_int_equal(seen, CODE_COUNT - 1);
    xfree(codes);
    free(doc);
}

static int known_type(struct str s)
{
#define ROW(symbol, type, ...) \
    if (str_eq(s, STR(type)))  \
        return 1;
    CMDTYPES(ROW)
    EVENTTYPES(ROW)
#undef ROW
    static const char *const pipe[] = {"ack",     "error", "resumed", "pong",
                                       "closing", "ended", "closed"};
    for (size_t i = 0; i < ARRAY_LEN(pipe); i++)
        if (str_eq(s, str_from(pipe[i])))
            return 1;
    return 0;
}

static void need_type(const char *doc, const char *type)
{
    char row[64], example[64];
    snprintf(row, sizeof row, "\n| `%s`", type);
    snprintf(example, sizeof example, "{\"type\":\"%s\"", type);
    if (!strstr(doc, row) && !strstr(doc, example))
        fail_msg("docs/protocol.md has neither a row nor an example of %s", type);
}

static void need_people_type(const char *doc, const char *type)
{
    char name[64], call[64];
    snprintf(name, sizeof name, "`%s`", type);
    snprintf(call, sizeof call, "`/api/%s`", type);
    if (!strstr(doc, name) && !strstr(doc, call))
        fail_msg("docs/protocol-people.md does not speak of %s", type);
}

static void the_document_has_every_type_of_people(void **state)
{
    (void)state;
    char *doc = read_file("protocol-people.md");
#define ROW(symbol, type, ...) need_people_type(doc, type);
    ACCOUNT_CMDTYPES(ROW)
    PEOPLE_CMDTYPES(ROW)
    CALL_CMDTYPES(ROW)
    CONV_CMDTYPES(ROW)
    FILES_CMDTYPES(ROW)
    ACCOUNT_EVENTTYPES(ROW)
    PEOPLE_EVENTTYPES(ROW)
    CALL_EVENTTYPES(ROW)
    CONV_EVENTTYPES(ROW)
    FILES_EVENTTYPES(ROW)
#undef ROW
    free(doc);
}

static void the_document_has_every_type(void **state)
{
    (void)state;
    char *doc = read_doc();
#define ROW(symbol, type, ...) need_type(doc, type);
    ROOM_CMDTYPES(ROW)
    ROOM_EVENTTYPES(ROW)
#undef ROW
    /* every example's type, and every row of the tables of requests and events */
    for (const char *p = doc; (p = strstr(p, "{\"type\":\"")) != NULL; p++) {
        struct str t = str_of(p + 9, strcspn(p + 9, "\""));
        if (!known_type(t))
            fail_msg("the code does not know the type " PRIstr, STR_ARG(t));
    }
    static const char *const tables[] = {"\n| request |", "\n| event |"};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const char *t = doc; (t = strstr(t, tables[i])) != NULL; t++)
            for (const char *line = strchr(t + 1, '\n'); line && line[1] == '|';
                 line = strchr(line + 1, '\n'))
                if (line[3] == '`') {
                    struct str type = str_of(line + 4, strcspn(line + 4, "`"));
                    if (!known_type(type))
                        fail_msg("the code does not know the type " PRIstr, STR_ARG(type));
                }
    free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),
        cmocka_unit_test(credentials_of_relays),
        cmocka_unit_test(pipes),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(buffers_may_be_full),
        cmocka_unit_test(the_document_lists_the_error_codes),
        cmocka_unit_test(the_document_has_every_type),
        cmocka_unit_test(the_document_has_every_type_of_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
