/* Messages that come in: strictness, fields, bodies. What the commands do is test_domain_*. */
#include "domain_world.h"

#include "edge/web/sdp_scan.h"

#define R  "\"room\":\"0000000000001\""
#define TO "\"to\":\"0000000000002\""

static enum errcode code_of(const char *text, unsigned flags)
{
    struct wire_in in;
    bool good = wire_in_parse(&in, str_from(text), flags);
    enum errcode code = in.error.code;
    assert_int_equal(good, code == CODE_NONE);
    wire_in_free(&in);
    return code;
}

static void json_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "x",
        "null",
        "[]",
        "\"bye\"",
        "1",
        "{",
        "}",
        "{\"type\":\"bye\"",
        "{'type':'bye'}",
        "{\"type\":\"bye\"}{}",
        "{\"type\":\"bye\"} x",
        "{\"type\":\"bye\",}",
        "{\"type\":\"bye\"}\nx",
        "{\"type\":\"bye\",\"a\":1,\"a\":2}",
        "{\"type\":\"bye\",\"type\":\"bye\"}",
        "{\"type\":\"bye\",\"o\":{\"a\":1,\"a\":1}}",
        "{\"type\":\"bye\",\"a\":NaN}",
        "{\"type\":\"bye\",\"a\":Infinity}",
        "{\"type\":\"bye\",\"a\":01}",
        "{\"type\":\"bye\",\"a\":+1}",
        "{\"type\":\"bye\",\"a\":\"\\u0000\"}",
        "{\"type\":\"bye\",\"a\":\"\\ud800\"}",
        "{\"type\":\"bye\",\"a\":\"\x01\"}",
        "{\"type\":\"bye\",\"a\":\"\xff\"}",
        "{\"type\":\"bye\",\"a\":\"\xc0\x80\"}",
        "{\"type\":\"bye\",\"a\":\"\xed\xa0\x80\"}",
        "{\"type\":\"bye\",\"a\":[[[[[[[[1]]]]]]]]}",
        "{\"type\":\"bye\",\"a\":1e999}",
        "{\"type\":\"bye\",\"a\":99999999999999999999}",
        "\xef\xbb\xbf{\"type\":\"bye\"}",
        "{\"type\":\"bye\"]",
        "{\"type\":\"bye\",\"a\":\"\\x\"}",
        "{\"type\":\"bye\"} /* */",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (code_of(bad[i], 0) != CODE_BAD_JSON)
            fail_msg("taken: %s", bad[i]);
    static const char *const good[] = {
        "{\"type\":\"bye\"}",
        " \r\n\t{ \"type\" : \"bye\" } \n ",
        "{\"x\":{\"y\":[{}]},\"type\":\"bye\"}",
        "{\"type\":\"bye\",\"a\":[[[[[[[1]]]]]]]}",
        "{\"type\":\"b\\u0079e\",\"a\":\"}\\\"{\"}",
        "{\"type\":\"bye\",\"id\":5}",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (code_of(good[i], 0) != CODE_NONE)
            fail_msg("refused: %s", good[i]);
}

static void a_nul_is_no_json(void **state)
{
    (void)state;
    struct wire_in in;
    assert_false(wire_in_parse(&in, STR("{\"type\":\"bye\"}\0"), 0));
    wire_in_free(&in);
    assert_false(wire_in_parse(&in, STR("{\"type\":\"b\0ye\"}"), 0));
    wire_in_free(&in);
}

static void types_and_ids(void **state)
{
    (void)state;
    assert_int_equal(code_of("{}", 0), CODE_BAD_REQUEST);
    assert_int_equal(code_of("{\"type\":1}", 0), CODE_BAD_REQUEST);
    assert_int_equal(code_of("{\"type\":\"dance\"}", 0), CODE_UNKNOWN_TYPE);
    assert_int_equal(code_of("{\"type\":\"\"}", 0), CODE_UNKNOWN_TYPE);
    struct wire_in in;
    assert_false(wire_in_parse(&in, STR("{\"type\":\"dance\",\"id\":7}"), 0));
    assert_int_equal(in.cmd.id, 7);
    wire_in_free(&in);
    static const char *const ids[] = {"0",    "-1",  "1.0", "\"1\"", "9007199254740992",
                                      "true", "null"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        char text[80];
        snprintf(text, sizeof text, "{\"type\":\"leave\"," R ",\"id\":%s}", ids[i]);
        assert_false(wire_in_parse(&in, str_from(text), 0));
        assert_int_equal(in.error.code, CODE_BAD_REQUEST);
        assert_string_equal(in.error.field, "id");
        assert_int_equal(in.cmd.id, 0);
        wire_in_free(&in);
    }
    assert_true(wire_in_parse(&in, STR("{\"type\":\"typing\"," R ",\"on\":true,\"id\":7}"), 0));
    assert_int_equal(in.cmd.id, 0); /* a notification has none */
    assert_int_equal(in.cmd.room, 1);
    wire_in_free(&in);
}

/* Each type with what it needs, and without each of these. */
static void fields_are_needed(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *fields[5];
        const char *body;
    } types[] = {
        {"hello", {"\"v\":1"}, ""},
        {"resume", {"\"v\":1", "\"token\":\"x\"", "\"seq\":0"}, ""},
        {"ping", {NULL}, ""},
        {"bye", {NULL}, ""},
        {"create", {NULL}, ""},
        {"join", {R}, ""},
        {"leave", {R}, ""},
        {"watch", {"\"on\":true"}, ""},
        {"room_set", {R}, ""},
        {"room_remove", {R, "\"session\":\"0000000000002\""}, ""},
        {"room_merge", {R, "\"into\":\"0000000000002\""}, ""},
        {"ticket", {R}, ""},
        {"media", {R, "\"on\":true"}, ""},
        {"state", {NULL}, ""},
        {"name", {"\"name\":\"\""}, ""},
        {"chat", {R, "\"text\":\"x\""}, ""},
        {"whisper", {R, TO, "\"text\":\"x\""}, ""},
        {"typing", {R, "\"on\":false"}, ""},
        {"desc", {R, TO, "\"conn\":\"c\"", "\"kind\":\"offer\""}, "\nv=0"},
        {"cand", {R, TO, "\"conn\":\"c\""}, "\nx"},
        {"file", {R, TO, "\"conn\":\"c\"", "\"kind\":\"accept\""}, ""},
    };
    assert_int_equal(ARRAY_LEN(types), CMD_FILE); /* the last one of those about rooms */
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        for (int without = -1; without < 5; without++) {
            char text[400];
            if (without >= 0 && !types[i].fields[without])
                break;
            int n = snprintf(text, sizeof text, "{\"type\":\"%s\",\"id\":1", types[i].type);
            for (int k = 0; k < 5 && types[i].fields[k]; k++)
                if (k != without)
                    n += snprintf(text + n, sizeof text - (size_t)n, ",%s", types[i].fields[k]);
            snprintf(text + n, sizeof text - (size_t)n, "}%s", types[i].body);
            enum errcode want = without < 0 ? CODE_NONE : CODE_BAD_REQUEST;
            if (code_of(text, 0) != want)
                fail_msg("%d: %s", want, text);
        }
        assert_string_equal(cmd_text((enum cmd_type)(i + 1)), types[i].type);
    }
}

static void fields_have_types(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"type\":\"hello\",\"id\":1,\"v\":\"1\"}",
        "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":1}",
        "{\"type\":\"hello\",\"id\":1,\"v\":1,\"join\":1}",
        "{\"type\":\"hello\",\"id\":1,\"v\":1,\"join\":{}}",
        "{\"type\":\"hello\",\"id\":1,\"v\":1,\"replaces\":{}}",
        "{\"type\":\"hello\",\"id\":1,\"v\":1,\"client\":"
        "\"12345678901234567890123456789012345678901234567890123456789012345\"}",
        "{\"type\":\"join\",\"id\":1,\"room\":1}",
        "{\"type\":\"join\",\"id\":1," R ",\"media\":\"yes\"}",
        "{\"type\":\"create\",\"id\":1,\"public\":1}",
        "{\"type\":\"create\",\"id\":1,\"capacity\":\"9\"}",
        "{\"type\":\"create\",\"id\":1,\"capacity\":0}",
        "{\"type\":\"create\",\"id\":1,\"title\":[]}",
        "{\"type\":\"state\",\"id\":1,\"mic\":\"on\"}",
        "{\"type\":\"resume\",\"v\":1,\"token\":\"x\",\"seq\":-1}",
        "{\"type\":\"ping\",\"seq\":\"1\"}",
        "{\"type\":\"desc\",\"id\":1," R "," TO ",\"conn\":\"\",\"kind\":\"offer\"}\nx",
        "{\"type\":\"desc\",\"id\":1," R "," TO ",\"conn\":\"a b\",\"kind\":\"offer\"}\nx",
        "{\"type\":\"desc\",\"id\":1," R "," TO
        ",\"conn\":\"123456789012345678901234567890123\",\"kind\":\"offer\"}\nx",
        "{\"type\":\"desc\",\"id\":1," R "," TO ",\"conn\":\"a\",\"kind\":\"pranswer\"}\nx",
        "{\"type\":\"file\",\"id\":1," R "," TO
        ",\"conn\":\"a\",\"kind\":\"offer\",\"name\":\"\",\"size\":1}",
        "{\"type\":\"file\",\"id\":1," R "," TO
        ",\"conn\":\"a\",\"kind\":\"offer\",\"name\":\"n\",\"size\":-1}",
        "{\"type\":\"file\",\"id\":1," R "," TO
        ",\"conn\":\"a\",\"kind\":\"offer\",\"name\":\"n\",\"size\":1,\"mime\":\"\\u0007\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (code_of(bad[i], 0) != CODE_BAD_REQUEST)
            fail_msg("not refused: %s", bad[i]);
}

static void what_is_absent_has_a_default(void **state)
{
    (void)state;
    struct wire_in in;
    assert_true(wire_in_parse(&in, STR("{\"type\":\"create\",\"id\":1,\"title\":null}"), 0));
    assert_true(in.cmd.u.create.is_public && in.cmd.u.create.media);
    assert_int_equal(in.cmd.u.create.mic, TRI_ABSENT);
    assert_int_equal(in.cmd.u.create.capacity, 0);
    wire_in_free(&in);
    assert_true(wire_in_parse(&in, STR("{\"type\":\"join\",\"id\":1," R ",\"cam\":false}"), 0));
    assert_true(in.cmd.u.join.media);
    assert_int_equal(in.cmd.u.join.cam, TRI_NO);
    assert_true(in.cmd.u.join.room == 1 && in.cmd.room == 1);
    wire_in_free(&in);
    assert_true(wire_in_parse(&in, STR("{\"type\":\"ping\"}"), 0));
    assert_int_equal(in.cmd.u.ping.seq, -1);
    wire_in_free(&in);
    assert_true(wire_in_parse(&in, STR("{\"type\":\"leave\",\"id\":1,\"room\":\"nonsense\"}"), 0));
    assert_true(in.cmd.room == 0);
    wire_in_free(&in);
}

static char *relay_message(const char *type, size_t body, char fill)
{
    char *m = malloc(body + 300);
    int n = snprintf(m, 300,
                     "{\"type\":\"%s\",\"id\":1," R "," TO ",\"conn\":\"c\",\"kind\":\"offer\"}\n",
                     type);
    memset(m + n, fill, body);
    m[(size_t)n + body] = 0;
    return m;
}

static void bodies_have_a_size(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        size_t n;
        enum errcode code;
    } cases[] = {
        {"desc", 65536, CODE_NONE}, {"desc", 65537, CODE_BAD_BODY}, {"desc", 0, CODE_BAD_BODY},
        {"cand", 8192, CODE_NONE},  {"cand", 8193, CODE_BAD_BODY},  {"cand", 0, CODE_BAD_BODY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *m = relay_message(cases[i].type, cases[i].n, 'x');
        assert_int_equal(code_of(m, 0), cases[i].code);
        free(m);
    }
    char *m = relay_message("desc", 10, '\xff');
    assert_int_equal(code_of(m, 0), CODE_BAD_JSON);        /* no UTF-8 */
    assert_int_equal(code_of(m, WIRE_IN_UTF8), CODE_NONE); /* the pipe has checked, it says */
    free(m);
}

static void sdp_is_scanned(void **state)
{
    (void)state;
    struct sdp_scan s;
    struct str sdp =
        STR("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=ice-ufrag:AbC+\r\na=ice-pwd:pw/0\r\n"
            "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host\r\n"
            "a=candidate:2 1 udp 2122260223 2001:db8::1 9 typ host\n"
            "a=candidate:3 1 tcp 1 0a1b.local 65535 typ host tcptype active\r\n"
            "a=candidate:4 1 udp 1 192.0.2.2 65536 typ host\r\n"
            "a=candidate:5 1 udp 1  1 typ host\r\na=candidate:\r\na=candidate:6 1 udp\r\n"
            "a=ice-ufrag:other\r\na=ice-pwd:other\r\na=\r\na\r\n\r\n=\na=c\na=i");
    sdp_scan(sdp, &s);
    assert_true(str_eq(s.ufrag, STR("AbC+")) && str_eq(s.pwd, STR("pw/0")));
    assert_int_equal(s.n_addrs, 3);
    assert_false(s.more_addrs);
    assert_true(str_eq(s.addrs[0].host, STR("192.0.2.1")) && s.addrs[0].port == 50000);
    assert_true(str_eq(s.addrs[1].host, STR("2001:db8::1")) && s.addrs[1].port == 9);
    assert_true(str_eq(s.addrs[2].host, STR("0a1b.local")) && s.addrs[2].port == 65535);
    struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < SDP_SCAN_ADDRS + 1; i++)
        buf_putf(&b, "a=candidate:1 1 udp 1 192.0.2.1 %d typ host\n", i);
    sdp_scan(buf_str(&b), &s);
    assert_int_equal(s.n_addrs, SDP_SCAN_ADDRS);
    assert_true(s.more_addrs);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_strict),     cmocka_unit_test(a_nul_is_no_json),
        cmocka_unit_test(types_and_ids),      cmocka_unit_test(fields_are_needed),
        cmocka_unit_test(fields_have_types),  cmocka_unit_test(what_is_absent_has_a_default),
        cmocka_unit_test(bodies_have_a_size), cmocka_unit_test(sdp_is_scanned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
