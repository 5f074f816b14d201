/* User names, scripts, look-alikes, search keys. Vectors: RFC 8265, 3.5 (table 2 and 3) where they
 * fit our narrower rule, RFC 5893, UTS #39. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "domain/idset.h"
#include "domain/script.h"
#include "domain/search_key.h"
#include "domain/username.h"

static void expect_key(const char *typed, const char *name, const char *key)
{
    struct username u;
    if (username_make(str_from(typed), &u) != USERNAME_OK)
        fail_msg("%s is refused", typed);
    assert_int_equal(u.name_n, strlen(name));
    assert_memory_equal(u.name, name, u.name_n);
    assert_int_equal(u.key_n, strlen(key));
    assert_memory_equal(u.key, key, u.key_n);
    char again[USERNAME_KEY_MAX];
    size_t n;
    assert_true(username_key(str_from(typed), again, &n));
    assert_int_equal(n, u.key_n);
    assert_memory_equal(again, u.key, n);
}

static void expect(const char *typed, enum username_verdict v)
{
    struct username u;
    enum username_verdict got = username_make(str_from(typed), &u);
    if (got != v)
        fail_msg("%s: %d, expected %d", typed, (int)got, (int)v);
}

static void test_good(void **state)
{
    (void)state;
    expect_key("mina", "mina", "mina");
    expect_key(" Mina.Kim ", "Mina.Kim", "mina.kim");
    expect_key("김철수", "김철수", "김철수");
    expect_key("\xe1\x84\x80\xe1\x85\xb5\xe1\x86\xb7"
               "철수",
               "김철수", "김철수");             /* jamo, NFC */
    expect_key("ｍｉｎａ７", "mina7", "mina7"); /* fullwidth */
    expect_key("fu\xc3\x9f"
               "ball",
               "fu\xc3\x9f"
               "ball",
               "fussball");
    expect_key("FU\xc3\x9f"
               "BALL",
               "FU\xc3\x9f"
               "BALL",
               "fussball");
    expect_key("\xcf\x83\xcf\x80\xcf\x82", "\xcf\x83\xcf\x80\xcf\x82", "\xcf\x83\xcf\x80\xcf\x83");
    expect_key("e\xcc\x81lan", "\xc3\xa9lan", "\xc3\xa9lan");
    expect_key("user-1_x", "user-1_x", "user-1_x");
    expect_key("たなか太郎", "たなか太郎", "たなか太郎");
    expect_key("金철수kim", "金철수kim", "金철수kim");
    expect_key("בן1948", "בן1948", "בן1948");
    expect_key("คนดี", "คนดี", "คนดี");
}

static void test_refused(void **state)
{
    (void)state;
    expect("", USERNAME_SHORT);
    expect("ab", USERNAME_SHORT);
    expect("김철", USERNAME_SHORT);
    expect("abcdefghijklmnopqrstuvwxyz0123456", USERNAME_LONG);
    expect("juliet@example", USERNAME_BAD);
    expect("foo bar", USERNAME_BAD);
    expect("foo\tbar", USERNAME_BAD);
    expect("henry\xe2\x85\xa3", USERNAME_BAD);                    /* U+2163, RFC 8265 table 3 */
    expect("\xe2\x99\x9a\xe2\x99\x9a\xe2\x99\x9a", USERNAME_BAD); /* U+265A, the same */
    expect("ﬁona", USERNAME_BAD);                                 /* U+FB01 has a decomposition */
    expect("ㅋㅋㅋ", USERNAME_BAD);
    expect("abc\xe2\x80\x8b", USERNAME_BAD); /* zero width space */
    expect("abc\xe2\x80\xae"
           "def",
           USERNAME_BAD); /* right-to-left override */
    expect("\xcc\x81"
           "abc",
           USERNAME_BAD); /* a mark first */
    expect(".abc", USERNAME_BAD);
    expect("abc.", USERNAME_BAD);
    expect("a..bc", USERNAME_BAD);
    expect("a/bc", USERNAME_BAD);
    expect("abc\xf3\xa0\x84\x80", USERNAME_BAD); /* a variation selector */
    expect("<script>", USERNAME_BAD);
}

static void test_bidi(void **state)
{
    (void)state;
    expect("אבג", USERNAME_OK);
    expect("אבג12", USERNAME_OK);
    expect("12אבג", USERNAME_BAD);  /* must begin with R or AL */
    expect("אבגabc", USERNAME_BAD); /* no L in it */
    expect("ابج١٢", USERNAME_OK);   /* Arabic-Indic digits */
    expect("ابج١2", USERNAME_BAD);  /* AN and EN */
    expect("ابج١۲", USERNAME_BAD);  /* both kinds of digits */
}

static void test_scripts(void **state)
{
    (void)state;
    expect("p\xd0\xb0ul", USERNAME_MIXED); /* a Cyrillic a */
    expect("αlpha", USERNAME_MIXED);
    expect("кимfoo", USERNAME_MIXED);
    expect("김たろう", USERNAME_MIXED);
    expect("김철수kim", USERNAME_OK);
    expect("田中tanaka", USERNAME_OK);
    expect("たなかken", USERNAME_OK);
    expect("кимчи", USERNAME_OK);
    expect("คนदी", USERNAME_MIXED);
    expect("mina१२", USERNAME_MIXED);
}

static struct str look(const char *name, struct username *u)
{
    assert_int_equal(username_make(str_from(name), u), USERNAME_OK);
    return str_of(u->look, u->look_n);
}

static void alike(const char *a, const char *b, bool yes)
{
    struct username x, y;
    if (str_eq(look(a, &x), look(b, &y)) != yes)
        fail_msg("%s and %s: " PRIstr, a, b, STR_ARG(str_of(x.look, x.look_n)));
}

static void test_look_alikes(void **state)
{
    (void)state;
    alike("\xd1\x81\xd0\xbe\xd1\x81\xd0\xbe", "coco", true); /* all Cyrillic */
    alike("\xd0\xa0\xd0\xb0\xd1\x83\xd1\x80", "paup", false);
    alike("rn00n", "moon", true);
    alike("kirn", "kim", true);
    alike("pau1", "paul", true);
    alike("PauI", "paul", true);
    alike("paul", "pauI", true);
    alike("ΚΑΡΑ", "KAPA", true);
    alike("vvalter", "walter", true);
    alike("mina", "nina", false);
    alike("mina", "Mina", true);
    alike("김철수", "김철우", false);
    alike("ロロロ", "口口口", true);
    alike("M1NA", "mina", false);
}

static void key_of(const char *name, const char *display, char out[SEARCH_KEY_MAX])
{
    struct buf b;
    buf_init(&b, SEARCH_KEY_MAX + 1);
    search_key(&b, str_from(name), str_from(display));
    assert_true(str_copy(buf_str(&b), out, SEARCH_KEY_MAX));
    buf_free(&b);
}

static void test_search_keys(void **state)
{
    (void)state;
    char key[SEARCH_KEY_MAX];
    key_of("chulsoo.kim", "김철수", key);
    assert_string_equal(key, "김철수\nㄱㅊㅅ\n철수\nㅊㅅ\nchulsoo\nkim\n");
    key_of("mina", "Mina KIM", key);
    assert_string_equal(key, "mina\nkim\n");
    key_of("abc", "이 영희2", key);
    assert_string_equal(key, "이\nㅇ\n영희2\nㅇㅎ2\nabc\n");
    key_of("abc", " \xe2\x9d\xa4 ", key);
    assert_string_equal(key, "abc\n");
}

static void test_search(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        bool found;
    } cases[] = {
        {"ㄱㅊ", true},    {"ㄱㅊㅅ", true}, {"ㄱㅅ", false},
        {"김", true},      {"김철", true},   {"기", true},
        {"김ㅊ", true},    {"김처", true},   {"김천", false},
        {"철수", true},    {"ㅊㅅ", true},   {"CHUL", true},
        {"kim", true},     {"soo", false},   {"김 kim", true},
        {"김 lee", false}, {"", true},       {"\xe1\x84\x80\xe1\x84\x8e", true},
        {"가", false},
    };
    char key[SEARCH_KEY_MAX];
    key_of("chulsoo.kim", "김철수", key);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (search_matches(str_from(key), str_from(cases[i].typed)) != cases[i].found)
            fail_msg("%s", cases[i].typed);
}

static void test_queries(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    assert_true(search_query(&b, STR("김ㅊ Min")));
    assert_true(str_eq(buf_str(&b), STR("ㄱㅊ\nmin\n")));
    buf_reset(&b);
    assert_true(search_query(&b, STR("김철")));
    assert_true(str_eq(buf_str(&b), STR("김철\n")));
    buf_reset(&b);
    assert_false(search_query(&b, STR(" %*\"' ")));
    buf_free(&b);
}

/* Nothing that strangers send may be too much. */
static void test_long(void **state)
{
    (void)state;
    static char text[20000];
    struct username u;
    struct buf b;
    for (size_t i = 0; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, "\xea\xb9\x80", 3);
    assert_int_equal(username_make(str_of(text, 19998), &u), USERNAME_LONG);
    buf_init(&b, SEARCH_KEY_MAX * 2);
    search_key(&b, str_of(text, 19998), str_of(text, 19998));
    search_query(&b, str_of(text, 19998));
    assert_false(b.failed);
    assert_true(search_matches(str_of(text, 0), STR("")));
    buf_free(&b);
}

static void test_idset(void **state)
{
    (void)state;
    static const uint64_t ids[] = {5, 1, UINT64_MAX, 3, 5, 9, 1};
    struct idset s = {0};
    unsigned added = 0;
    assert_false(idset_has(&s, 0));
    assert_false(idset_remove(&s, 1));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        added += idset_add(&s, ids[i]);
    assert_int_equal(added, 5);
    for (uint32_t i = 1; i < s.n; i++)
        assert_true(s.v[i - 1] < s.v[i]);
    assert_true(idset_has(&s, UINT64_MAX));
    assert_true(idset_remove(&s, 3));
    assert_false(idset_has(&s, 3));
    assert_true(idset_has(&s, 9));
    assert_int_equal(s.n, 4);
    idset_free(&s);
    assert_false(idset_has(&s, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bidi),        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_look_alikes), cmocka_unit_test(test_search_keys),
        cmocka_unit_test(test_search),      cmocka_unit_test(test_queries),
        cmocka_unit_test(test_long),        cmocka_unit_test(test_idset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
