/* Tables of fields: what each kind takes, refuses and writes; and the tables that there are. */
#include "domain_world.h"

#include "edge/web/wire_fields.h"

struct inner {
    uint64_t id;
    struct str text;
};

static const struct field inner_list[] = {
    F_ID(struct inner, "id", id, NEEDED),
    F_TEXT(struct inner, "text", text, 0, 5),
};
static const struct fields inner = FIELDS(struct inner, inner_list);

struct all {
    struct str str, text, blob;
    int64_t number;
    bool yes;
    enum tri tri;
    uint64_t id, must;
    struct id_list ids;
    struct str_list strs;
    enum presence word;
    const struct inner *object;
    struct object_list objects;
    struct id_map map;
};

static const char *const words[] = {"one", "two", "three"};

static const struct field all_list[] = {
    F_STR(struct all, "str", str, 4),
    F_TEXT(struct all, "text", text, 2, 4),
    F_INT(struct all, "number", number, -2, 9, .absent = 5),
    F_BOOL(struct all, "yes", yes),
    F_TRI(struct all, "tri", tri),
    F_ID(struct all, "id", id),
    F_ID(struct all, "must", must, NEEDED),
    F_IDS(struct all, "ids", ids, 2),
    F_STRS(struct all, "strs", strs, 2, 3),
    F_BLOB(struct all, "blob", blob, 2, 4),
    F_WORD(struct all, "word", word, words, .absent = 2),
    F_OBJECT(struct all, "object", object, &inner),
    F_OBJECTS(struct all, "objects", objects, &inner, 2),
    F_ID_MAP(struct all, "map", map),
};
static const struct fields all = FIELDS(struct all, all_list);

/* ' for ", and what is always needed is added. The caller frees in. */
static bool read_all(struct wire_in *in, const char *members, struct all *out)
{
    char text[600];
    snprintf(text, sizeof text, "{'type':'x','must':'0000000000001'%s%s}", *members ? "," : "",
             members);
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    wire_in_parse(in, str_from(text), 0);
    assert_non_null(in->tree);
    in->error = (struct wire_error){0};
    return wire_fields_read(in, &all, in->tree, out);
}

static void what_fits_is_read(void **state)
{
    (void)state;
    struct wire_in in;
    struct all v;
    assert_true(read_all(&in,
                         "'str':'abcd','text':'가나다라','number':-2,'yes':true,'tri':false,"
                         "'id':'0000000000002','ids':['0000000000003','mistyped'],"
                         "'strs':['a','나나나'],'blob':'AQIDBA','word':'one',"
                         "'object':{'id':'0000000000004','text':'hello','more':1},"
                         "'objects':[{'id':'0000000000005'},{'id':'0000000000006'}],'foreign':[]",
                         &v));
    assert_true(str_eq(v.str, STR("abcd")) && str_eq(v.text, STR("가나다라")));
    assert_true(v.number == -2 && v.yes && v.tri == TRI_NO && v.id == 2 && v.must == 1);
    assert_true(v.ids.n == 2 && v.ids.p[0] == 3 && v.ids.p[1] == 0);
    assert_true(v.strs.n == 2 && str_eq(v.strs.p[1], STR("나나나")));
    assert_true(str_eq(v.blob, STR("\1\2\3\4")));
    assert_int_equal(v.word, 0);
    assert_true(v.object->id == 4 && str_eq(v.object->text, STR("hello")));
    const struct inner *o = v.objects.p;
    assert_true(v.objects.n == 2 && o[0].id == 5 && o[1].id == 6 && o[1].text.n == 0);
    wire_in_free(&in);
}

static void what_is_absent_has_its_value(void **state)
{
    (void)state;
    struct wire_in in;
    struct all v;
    static const char *const forms[] = {
        "",
        "'str':null,'number':null,'tri':null,'word':null,'object':null,'ids':[],'objects':null"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        memset(&v, 0xaa, sizeof v);
        assert_true(read_all(&in, forms[i], &v));
        assert_true(v.str.n == 0 && v.text.n == 0 && v.blob.n == 0 && v.number == 5 && !v.yes);
        assert_true(v.tri == TRI_ABSENT && v.id == 0 && v.ids.n == 0 && v.strs.n == 0);
        assert_true(v.word == 2 && !v.object && v.objects.n == 0);
        wire_in_free(&in);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *members, *field;
        enum errcode code;
    } bad[] = {
        {"'str':'abcde'", "str", CODE_BAD_REQUEST},
        {"'str':1", "str", CODE_BAD_REQUEST},
        {"'text':'가'", "text", CODE_BAD_REQUEST},
        {"'text':'가나다라마'", "text", CODE_TOO_LONG},
        {"'text':[]", "text", CODE_BAD_REQUEST},
        {"'number':10", "number", CODE_BAD_REQUEST},
        {"'number':-3", "number", CODE_BAD_REQUEST},
        {"'number':1.0", "number", CODE_BAD_REQUEST},
        {"'number':'1'", "number", CODE_BAD_REQUEST},
        {"'yes':1", "yes", CODE_BAD_REQUEST},
        {"'tri':'true'", "tri", CODE_BAD_REQUEST},
        {"'id':1", "id", CODE_BAD_REQUEST},
        {"'id':'mistyped'", "id", CODE_BAD_REQUEST},
        {"'ids':'0000000000001'", "ids", CODE_BAD_REQUEST},
        {"'ids':[1]", "ids", CODE_BAD_REQUEST},
        {"'ids':['a','b','c']", "ids", CODE_TOO_LONG},
        {"'strs':['']", "strs", CODE_BAD_REQUEST},
        {"'strs':['abcd']", "strs", CODE_TOO_LONG},
        {"'strs':[null]", "strs", CODE_BAD_REQUEST},
        {"'blob':'AQ'", "blob", CODE_BAD_REQUEST},
        {"'blob':'AQIDBAU'", "blob", CODE_TOO_LONG},
        {"'blob':'AQIDBAUGBwgJCg'", "blob", CODE_TOO_LONG},
        {"'blob':'AQID='", "blob", CODE_BAD_REQUEST},
        {"'blob':'AQ!D'", "blob", CODE_BAD_REQUEST},
        {"'word':'four'", "word", CODE_BAD_REQUEST},
        {"'word':0", "word", CODE_BAD_REQUEST},
        {"'object':[]", "object", CODE_BAD_REQUEST},
        {"'object':{}", "id", CODE_BAD_REQUEST},
        {"'object':{'id':'0000000000001','text':'longer'}", "text", CODE_TOO_LONG},
        {"'objects':{}", "objects", CODE_BAD_REQUEST},
        {"'objects':[{},{},{}]", "objects", CODE_TOO_LONG},
        {"'objects':[{'id':'0000000000001'},1]", "objects", CODE_BAD_REQUEST},
        {"'objects':[{'id':'0000000000001'},{}]", "id", CODE_BAD_REQUEST},
        {"'map':{}", "map", CODE_BAD_REQUEST},
    };
    struct wire_in in;
    struct all v;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (read_all(&in, bad[i].members, &v) || in.error.code != bad[i].code ||
            strcmp(in.error.field, bad[i].field) != 0)
            fail_msg("%s: %d, %s", bad[i].members, in.error.code, in.error.field);
        wire_in_free(&in);
    }
    wire_in_parse(&in, STR("{\"type\":\"x\"}"), 0);
    assert_false(wire_fields_read(&in, &all, in.tree, &v));
    assert_string_equal(in.error.field, "must");
    wire_in_free(&in);
    /* an id that must be there is taken as one that nobody has: links are mistyped */
    wire_in_parse(&in, STR("{\"type\":\"x\",\"must\":\"mistyped\"}"), 0);
    assert_true(wire_fields_read(&in, &all, in.tree, &v));
    assert_true(v.must == 0);
    wire_in_free(&in);
}

static void same(struct buf *b, const char *want)
{
    char q[1000];
    snprintf(q, sizeof q, "%s", want);
    for (char *p = q; *p; p++)
        if (*p == '\'')
            *p = '"';
    assert_false(b->failed);
    assert_string_equal(buf_cstr(b), q);
    buf_reset(b);
}

static void what_is_there_is_written(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4000);
    struct all v = {.number = 5, .tri = TRI_ABSENT, .word = 2};
    wire_fields_object(&b, "", &all, &v);
    same(&b, "{'must':null}");
    static const uint64_t ids[] = {1, 2};
    static const struct str texts[] = {STR_INIT("a\"b"), STR_INIT("c")};
    static const struct inner objects[] = {{1, STR_INIT("x")}, {2, {NULL, 0}}};
    static const struct id_map_item items[] = {{STR_INIT("+1"), {ids, 1}},
                                               {STR_INIT("\n"), {ids, 2}}};
    v = (struct all){
        .str = STR("s"),
        .text = STR("\\t"),
        .blob = STR("\1\2\3\4"),
        .number = -7,
        .yes = true,
        .tri = TRI_NO,
        .id = 2,
        .must = 1,
        .ids = {ids, 2},
        .strs = {texts, 2},
        .word = 1,
        .object = &objects[0],
        .objects = {objects, 2},
        .map = {items, 2},
    };
    wire_fields_write(&b, &all, &v, ',');
    same(&b, ",'str':'s','text':'\\\\t','number':-7,'yes':true,'tri':false,'id':'0000000000002',"
             "'must':'0000000000001','ids':['0000000000001','0000000000002'],'strs':['a\\\"b','c'],"
             "'blob':'AQIDBA','word':'two','object':{'id':'0000000000001','text':'x'},"
             "'objects':[{'id':'0000000000001','text':'x'},{'id':'0000000000002'}],"
             "'map':{'+1':['0000000000001'],'\\n':['0000000000001','0000000000002']}");
    buf_free(&b);
}

static void a_full_buffer_is_noticed(void **state)
{
    (void)state;
    struct all v = {.must = 1, .blob = STR("1234"), .text = STR("abcdef"), .word = 1};
    bool fitted = false;
    for (size_t n = 0; !fitted && n < 1000; n++) {
        char *mem = malloc(n + 1);
        struct buf b;
        buf_init_fixed(&b, mem, n);
        wire_fields_object(&b, "", &all, &v);
        fitted = !b.failed;
        free(mem);
    }
    assert_true(fitted);
}

/* ---- the tables that there are ---- */

static void every_type_has_its_table(void **state)
{
    (void)state;
    for (int c = CMD_FILE + 1; c < CMD_WIRE_COUNT; c++)
        if (!wire_table_command((enum cmd_type)c))
            fail_msg("the command %s has no table", cmd_text((enum cmd_type)c));
    for (int e = EVENT_FILE + 1; e < EVENT_COUNT; e++)
        assert_non_null(wire_table_view((enum event_type)e));
    for (int r = RESULT_WHISPER + 1; r < RESULT_END; r++)
        assert_non_null(wire_table_view((enum event_type)r));
    for (int c = 0; c <= CMD_FILE; c++)
        assert_null(wire_table_command((enum cmd_type)c));
}

static void commands_come_as_messages_and_as_calls(void **state)
{
    (void)state;
    struct wire_in in;
    assert_true(wire_in_parse(
        &in, STR("{\"type\":\"people_watch\",\"id\":2,\"users\":[\"0000000000007\"]}"), 0));
    assert_true(in.cmd.type == CMD_PEOPLE_WATCH && in.cmd.id == 2);
    assert_true(in.cmd.u.people.watch.users.n == 1 && in.cmd.u.people.watch.users.p[0] == 7);
    wire_in_free(&in);
    assert_false(wire_in_parse_call(&in, STR("people_watch"), STR("{\"users\":[]}")));
    assert_int_equal(in.error.code, CODE_UNKNOWN_TYPE);
    wire_in_free(&in);
    assert_true(wire_in_parse_call(&in, STR("me"), STR(" {} \n")));
    assert_int_equal(in.cmd.type, CMD_ME);
    wire_in_free(&in);
    assert_false(wire_in_parse(&in, STR("{\"type\":\"me\",\"id\":2}"), 0));
    assert_int_equal(in.error.code, CODE_UNKNOWN_TYPE);
    wire_in_free(&in);
    static const char *const bad[] = {"", "[]", "{", "{}x", "null", "{}{}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(wire_in_parse_call(&in, STR("me"), str_from(bad[i])));
        assert_int_equal(in.error.code, CODE_BAD_JSON);
        wire_in_free(&in);
    }
}

static void events_and_answers_are_written(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4000);
    static const struct presence_view list[] = {{1, PRESENCE_DND, 0}, {2, PRESENCE_OFFLINE, 1234}};
#define LIST                                      \
    "[{'user':'0000000000001','presence':'dnd'}," \
    "{'user':'0000000000002','presence':'offline','last_seen':1234}]"
    struct event e = {.type = EVENT_PRESENCE, .u.people.presence = {list, 2}};
    wire_out_event(&b, &e);
    same(&b, "{'type':'presence','changed':" LIST "}");
    e.type = RESULT_PEOPLE_WATCH;
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9,'people':" LIST "}");
    struct policy_view policy = {
        .registration = REGISTRATION_INVITE, .guests = true, .name_min = 3};
    e = (struct event){.type = RESULT_ME, .u.account.me.policy = &policy};
    wire_out_ack(&b, 9, &e);
    same(&b, "{'type':'ack','id':9,'user':null,'policy':{'registration':'invite','guests':true,"
             "'user_invites':false,'passkeys':false,'name_min':3,'name_max':0,'password_min':0,'"
             "upload_max':0}}");
    static const struct user_settings settings = {TRI_YES, TRI_NO, TRI_NO, TRI_NO, TRI_YES};
    struct me_view me = {.user = 7,
                         .name = STR("mina"),
                         .display = STR("김미나"),
                         .role = USER_ADMIN,
                         .settings = &settings};
#define ME                                                                                      \
    "{'user':'0000000000007','name':'mina','display':'김미나','role':'admin','avatar':0,"    \
    "'created':0,'settings':{'last_seen':true,'read_marks':false,'early_address':false,'push':" \
    "false,'strangers':true},'mode':'auto','recovery_left':0,'passkeys':0}"
    e = (struct event){.type = EVENT_ME, .u.account.me.user = &me};
    wire_out_event(&b, &e);
    same(&b, "{'type':'me','user':" ME "}");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_read),
        cmocka_unit_test(what_is_absent_has_its_value),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(what_is_there_is_written),
        cmocka_unit_test(a_full_buffer_is_noticed),
        cmocka_unit_test(every_type_has_its_table),
        cmocka_unit_test(commands_come_as_messages_and_as_calls),
        cmocka_unit_test(events_and_answers_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
