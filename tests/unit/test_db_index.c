/* The index of words is put in at the end of a group, and is whole after each commit: with messages that are changed,
 * deleted or taken back in the same group, with more than can be remembered, and when the disk is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "db_requests.h"

enum { CONV = 5, MINA = 1, JUN = 2 };

static enum db_status run(struct db *db, const struct db_request *rq)
{
    struct buf rows;
    buf_init(&rows, 1 << 20);
    enum db_status s = db_run(db, rq, &rows);
    buf_free(&rows);
    return s;
}

static struct db *open_db(unsigned max_pages)
{
    char why[512];
    struct val args[REQUEST_ARGS];
    struct db *db = db_open(":memory:", &(struct db_conf){.max_pages = max_pages}, why, sizeof why);
    if (!db)
        fail_msg("%s", why);
    struct db_request rq = request_user(args, MINA, "mina");
    assert_int_equal(run(db, &rq), DB_OK);
    rq = request_user(args, JUN, "jun");
    assert_int_equal(run(db, &rq), DB_OK);
    rq = request_conv(args, CONV, MINA, JUN);
    assert_int_equal(run(db, &rq), DB_OK);
    return db;
}

static enum db_status say(struct db *db, unsigned n, const char *text)
{
    char client[16];
    struct val args[REQUEST_ARGS];
    snprintf(client, sizeof client, "c%u", n);
    struct db_request rq = request_message(args, CONV, MINA, client, text);
    return run(db, &rq);
}

static enum db_status edit(struct db *db, int seq, const char *text)
{
    struct val args[] = {VAL_ID(CONV),          VAL_I(seq), VAL_ID(MINA), VAL_I(2001),
                         VAL_T(str_from(text)), VAL_I(0),   VAL_NONE};
    return run(db, &(struct db_request){DB_MESSAGE_EDIT, 1, args, 7});
}

static enum db_status delete (struct db *db, int seq) {
    struct val args[] = {VAL_ID(CONV), VAL_I(seq), VAL_ID(MINA), VAL_I(2001), VAL_I(0)};
    return run(db, &(struct db_request){DB_MESSAGE_DELETE, 1, args, 5});
}

static int64_t found(struct db *db, const char *word)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM message_words WHERE message_words MATCH '%s'",
             word);
    return db_pragma(db, sql);
}

static void test_what_changes_within_a_group(void **state)
{
    struct db *db = open_db(0);
    (void)state;
    assert_int_equal(db_begin(db), DB_OK);
    assert_int_equal(say(db, 1, "apple"), DB_OK);
    assert_int_equal(edit(db, 1, "pear"), DB_OK);
    assert_int_equal(say(db, 2, "plum"), DB_OK);
    assert_int_equal(say(db, 2, "plum"), DB_OK); /* the same again */
    assert_int_equal(delete (db, 2), DB_OK);
    assert_int_equal(say(db, 3, "cherry"), DB_OK);
    assert_int_equal(delete (db, 9), DB_REFUSED);
    assert_int_equal(say(db, 4, "quince"), DB_OK);
    assert_int_equal(db_commit(db), DB_OK);
    assert_true(index_is_whole(db));
    assert_int_equal(found(db, "apple"), 0);
    assert_int_equal(found(db, "pear"), 1);
    assert_int_equal(found(db, "plum"), 0);
    assert_int_equal(found(db, "cherry"), 1);
    assert_int_equal(found(db, "quince"), 1);
    db_close(db);
}

static void test_a_group_that_is_taken_back(void **state)
{
    struct db *db = open_db(0);
    (void)state;
    assert_int_equal(db_begin(db), DB_OK);
    assert_int_equal(say(db, 1, "apple"), DB_OK);
    db_rollback(db);
    assert_int_equal(say(db, 2, "pear"), DB_OK);
    assert_true(index_is_whole(db));
    assert_int_equal(found(db, "apple"), 0);
    assert_int_equal(found(db, "pear"), 1);
    db_close(db);
}

static void test_more_than_are_remembered(void **state)
{
    struct db *db = open_db(0);
    (void)state;
    assert_int_equal(db_begin(db), DB_OK);
    for (unsigned i = 1; i <= INDEX_LATER_MAX + 10; i++)
        assert_int_equal(say(db, i, "apple"), DB_OK);
    assert_int_equal(db_commit(db), DB_OK);
    assert_true(index_is_whole(db));
    assert_int_equal(found(db, "apple"), INDEX_LATER_MAX + 10);
    db_close(db);
}

/* One by one until there is no room: each message is there with its words, or neither is. */
static void test_a_full_disk(void **state)
{
    struct db *db = open_db(120);
    char text[2000];
    enum db_status s = DB_OK;
    unsigned n = 0;
    (void)state;
    while (s == DB_OK && n < 1000) {
        int head = snprintf(text, sizeof text, "apple ");
        memset(text + head, 'a' + (int)(n % 26), sizeof text - 1 - (size_t)head);
        text[sizeof text - 1] = 0;
        s = say(db, ++n, text);
    }
    assert_int_equal(s, DB_FULL);
    assert_false(db_in_group(db));
    assert_true(index_is_whole(db));
    assert_int_equal(found(db, "apple"), n - 1);
    assert_int_equal(db_pragma(db, "SELECT count(*) FROM message"), n - 1);
    db_close(db);
}

/* Whatever names the index says so, so that what waits is put in before. */
static void test_each_step_with_the_index_says_so(void **state)
{
    (void)state;
    schema_init();
    for (int i = DB_NONE + 1; i < DB_PROC_COUNT; i++) {
        const struct sql_info *info = schema_proc((enum db_proc)i);
        for (const struct sql_step *s = info->sql->steps; s->sql; s++)
            if (info->mode == DB_WRITE && i != DB_MESSAGE_INDEX &&
                strstr(s->sql, "message_words") && !s->words)
                fail_msg("%s: %s", info->name, s->sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changes_within_a_group),
        cmocka_unit_test(test_a_group_that_is_taken_back),
        cmocka_unit_test(test_more_than_are_remembered),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_each_step_with_the_index_says_so),
    };
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
