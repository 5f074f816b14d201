/* Words for searching: how text is cut, and that FTS5 finds by them what people look for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "edge/store/db_int.h"
#include "edge/store/words.h"

static int put(void *ctx, struct str word, size_t start, size_t end)
{
    struct buf *b = ctx;
    assert_true(start < end);
    if (buf_len(b))
        buf_puts(b, " ");
    buf_put_str(b, word);
    return 0;
}

static void check_cut(const char *text, bool query, const char *expected)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_int_equal(words_cut(str_from(text), query, put, &b), 0);
    buf_u8(&b, 0);
    assert_string_equal((const char *)buf_data(&b), expected);
    buf_free(&b);
}

static void cut(void **state)
{
    (void)state;
    check_cut("", false, "");
    check_cut(" ,.!? \n", false, "");
    check_cut("Hello, World2", false, "hello world2");
    check_cut("Straße ÉCOLE", false, "strasse école");
    check_cut("서울역에서 Wi-Fi", false, "서울 울역 역에 에서 서 wi fi");
    check_cut("서울역", true, "서울 울역");
    check_cut("역", true, "역");
    check_cut("역", false, "역");
    check_cut("abc한국xyz", false, "abc 한국 국 xyz");
    check_cut("日本語テスト", false, "日本 本語 語テ テス スト ト");
    /* Letters that a Mac sends decomposed are the same word. */
    check_cut("\xe1\x84\x80\xe1\x85\xa1\xe1\x84\x82\xe1\x85\xa1", false, "가나 나");
    check_cut("e\xcc\x81t", false, "ét");
    check_cut("ㅋㅋ", false, "ㅋㅋ ㅋ");
    /* A character that Unicode 14 doesn't know (U+0378) is no letter. */
    check_cut("a\xcd\xb8z", false, "a z");
}

static void long_words_are_cut_between_characters(void **state)
{
    (void)state;
    char text[4000];
    struct buf b;
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "é", 2);
    buf_init(&b, 1 << 16);
    assert_int_equal(words_cut(str_of(text, sizeof text), false, put, &b), 0);
    assert_true(utf8_valid(buf_data(&b), buf_len(&b)));
    buf_free(&b);
}

static int stop_at_two(void *ctx, struct str word, size_t start, size_t end)
{
    (void)word;
    (void)start;
    (void)end;
    return ++*(int *)ctx == 2 ? 7 : 0;
}

static void stops_when_told(void **state)
{
    (void)state;
    int n = 0;
    assert_int_equal(words_cut(STR("a b c"), false, stop_at_two, &n), 7);
    n = 0;
    assert_int_equal(words_cut(STR("가나다라"), false, stop_at_two, &n), 7);
    assert_int_equal(n, 2);
}

/* ---- with FTS5 ---- */

static sqlite3 *open_table(void)
{
    sqlite3 *sq = NULL;
    assert_int_equal(sqlite3_open(":memory:", &sq), SQLITE_OK);
    assert_true(db_words_register(sq));
    assert_int_equal(sqlite3_exec(sq,
                                  "CREATE VIRTUAL TABLE f USING fts5(text, tokenize = 'madang');"
                                  "INSERT INTO f VALUES('내일 서울역에서 만나요'),('서울 시청'),"
                                  "('Meet me at the Café'),('부산역'),('역사 공부'),('AND or NOT')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return sq;
}

/* The rows that are found, as "1,2". */
static void check_found(sqlite3 *sq, const char *typed, const char *expected)
{
    struct buf q;
    sqlite3_stmt *st = NULL;
    char found[64] = "";
    buf_init(&q, 1 << 16);
    if (words_query(&q, str_from(typed))) {
        assert_int_equal(
            sqlite3_prepare_v2(sq,
                               "SELECT ifnull(group_concat(rowid), '') FROM"
                               " (SELECT rowid FROM f WHERE f MATCH ?1 ORDER BY rowid)",
                               -1, &st, NULL),
            SQLITE_OK);
        sqlite3_bind_text(st, 1, (const char *)buf_data(&q), (int)buf_len(&q), SQLITE_STATIC);
        if (sqlite3_step(st) != SQLITE_ROW)
            fail_msg("%s: %s", typed, sqlite3_errmsg(sq));
        snprintf(found, sizeof found, "%s", (const char *)sqlite3_column_text(st, 0));
        sqlite3_finalize(st);
    }
    buf_free(&q);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: found %s, not %s", typed, found, expected);
}

static void finds(void **state)
{
    (void)state;
    sqlite3 *sq = open_table();
    check_found(sq, "서울", "1,2");
    check_found(sq, "울역", "1"); /* two syllables inside of a longer word */
    check_found(sq, "서울역", "1");
    check_found(sq, "역", "1,4,5");
    check_found(sq, "울시", ""); /* not across words */
    check_found(sq, "시청 서울", "2");
    check_found(sq, "서울 부산", "");
    check_found(sq, "caf", "3");
    check_found(sq, "CAFÉ", "3");
    check_found(sq, "me at", "3");
    sqlite3_close(sq);
}

static void queries_cannot_be_injected(void **state)
{
    (void)state;
    sqlite3 *sq = open_table();
    check_found(sq, "and or not", "6");
    check_found(sq, "AND", "6");
    check_found(sq, "\" OR text:*", "");
    check_found(sq, "서울\" OR \"부산", "");
    check_found(sq, "NEAR(서울 부산)", "");
    check_found(sq, "text : 서울", "");
    check_found(sq, "\"", "");
    check_found(sq, "*", "");
    check_found(sq, "^서울", "1,2"); /* no operator: the word */
    check_found(sq, "a b c d e f g h i j k l m n o p q r s t u v w x y z", "");
    sqlite3_close(sq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(finds),
        cmocka_unit_test(queries_cannot_be_injected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
