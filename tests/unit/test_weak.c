#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/util.h"
#include "edge/store/weak.h"
#include "unit/slow.h"

static struct weak_verdict judge(const char *password)
{
    static const struct str names[] = {STR_INIT("mina"), STR_INIT("김민지"), STR_INIT("Kim Min-ji"),
                                       STR_INIT("talk.example.org")};
    return weak_judge(str_from(password), names, ARRAY_LEN(names));
}

static void each_reason(void **state)
{
    (void)state;
    static const struct {
        const char *password;
        enum weak_reason reason;
    } all[] = {
        {"", WEAK_SHORT},
        {"x", WEAK_SHORT},
        {"k7#f", WEAK_SHORT},
        {"password", WEAK_COMMON},
        {"P@ssw0rd", WEAK_COMMON},
        {"qwertyuiop", WEAK_COMMON},
        {"비밀번호", WEAK_COMMON},
        {"qlalfqjsgh", WEAK_COMMON}, /* the same, typed on a Latin keyboard */
        {"사랑해요", WEAK_COMMON},
        {"madang12", WEAK_COMMON},
        {"monkeydragon", WEAK_GUESSABLE},
        {"mina2024", WEAK_NAME},
        {"M1na1234", WEAK_NAME},
        {"minjikim", WEAK_NAME},
        {"Min-Ji.Kim", WEAK_NAME},
        {"김민지99", WEAK_NAME},
        {"민지민지", WEAK_NAME},
        {"rlaalswl1", WEAK_NAME}, /* the keys of 김민지 */
        {"19900817", WEAK_DATE},
        {"17.08.1990", WEAK_DATE},
        {"aaaaaaaaaaaa", WEAK_REPEAT},
        {"abcdefghijk", WEAK_REPEAT},
        {"98765432", WEAK_REPEAT},
        {"zxcvbnm,./", WEAK_KEYBOARD},
    };
    int wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct weak_verdict v = judge(all[i].password);
        if (v.reason != all[i].reason || v.score >= WEAK_SCORE_WANTED) {
            print_error("%s: %s, score %d\n", all[i].password, weak_reason_name(v.reason), v.score);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void good_ones_pass(void **state)
{
    (void)state;
    static const char *const all[] = {"kq7vbx2m",
                                      "correct horse battery staple",
                                      "Nebel-Kater-7-Ofen",
                                      "고양이가 창문에서 잔다",
                                      "mina's cat sleeps on 3 pillows",
                                      "\xF0\x9F\x90\xB1\xF0\x9F\x8C\xB2\xF0\x9F\x9A\xB2 tree 81"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct weak_verdict v = judge(all[i]);
        if (v.reason != WEAK_NONE || v.score < WEAK_SCORE_WANTED) {
            fail_msg("%s: %s, score %d", all[i], weak_reason_name(v.reason), v.score);
        }
    }
}

/* What is a name to one person is as good as anything to another. */
static void names_count_only_when_told(void **state)
{
    (void)state;
    const struct str names[] = {STR("hgwtqx"), STR("뷁뾂쀍")};
    assert_int_equal(weak_judge(STR("hgwtqx7"), names, 2).reason, WEAK_NAME);
    assert_int_equal(weak_judge(STR("hgwtqx7"), NULL, 0).reason, WEAK_NONE);
    assert_int_equal(weak_judge(STR("뷁뾂쀍"), names, 2).reason, WEAK_NAME);
    assert_int_equal(weak_judge(STR("뷁뾂쀍"), NULL, 0).reason, WEAK_NONE);
}

static void anything_is_judged(void **state)
{
    (void)state;
    char text[600];
    struct str name[PASSWORD_NAMES + 2];
    for (unsigned fill = 1; fill < 256; fill += 3 * SLOW) {
        memset(text, (int)fill, sizeof text);
        for (unsigned i = 0; i < ARRAY_LEN(name); i++) {
            name[i] = str_of(text, i * 60);
        }
        for (size_t n = 0; n < sizeof text; n += 37) {
            struct weak_verdict v = weak_judge(str_of(text, n), name, ARRAY_LEN(name));
            assert_true(v.score >= 0 && v.score <= 4);
            assert_true((v.reason == WEAK_NONE) == (v.score >= WEAK_SCORE_WANTED));
        }
    }
    /* A long one of syllables is five times as long in keys; names of many words are cut. */
    for (size_t n = 0; n + 3 <= sizeof text; n += 3) {
        memcpy(text + n, "꽯", 3);
    }
    for (unsigned i = 0; i < ARRAY_LEN(name); i++) {
        name[i] =
            STR("a b-c.d_e,f'g@h 가 나 다 가나 다라 마바 사아 자차 가나다 라마바 사아자 i j k l");
    }
    assert_true(weak_judge(str_of(text, 598), name, ARRAY_LEN(name)).score <= 4);
}

static void every_reason_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < WEAK_REASONS; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(weak_reason_name((enum weak_reason)i),
                                    weak_reason_name((enum weak_reason)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason),
        cmocka_unit_test(good_ones_pass),
        cmocka_unit_test(names_count_only_when_told),
        cmocka_unit_test(anything_is_judged),
        cmocka_unit_test(every_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
