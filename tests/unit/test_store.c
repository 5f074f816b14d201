/* The store's threads: every request gets one letter, in order; what is answered is on the disk; a request that
 * fails harms no other of its group; full disks and full queues pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db_requests.h"
#include "edge/store/db.h"
#include "edge/store/store.h"
#include "io/mailbox.h"

enum { PATIENCE_MS = 60000 };

struct yard {
    char dir[64], path[96];
    struct mailbox *mail;
    struct store *store;
    uint64_t last; /* number of the last request */
    struct store_letter *heard[16384];
    unsigned n;
};

static bool deliver(void *ctx, struct store_letter *l)
{
    struct yard *y = ctx;
    return mailbox_post(y->mail, &l->letter);
}

static void begin(struct yard *y, unsigned queue, unsigned max_pages)
{
    char why[512] = "";
    y->store = store_start(&(struct store_options){.path = y->path,
                                                   .queue = queue,
                                                   .kind = 7,
                                                   .deliver = deliver,
                                                   .ctx = y,
                                                   .max_pages = max_pages},
                           why, sizeof why);
    if (!y->store)
        fail_msg("%s", why);
}

static void on_letter(void *ctx, struct letter *l)
{
    struct yard *y = ctx;
    assert_true(y->n < ARRAY_LEN(y->heard));
    assert_int_equal(l->kind, 7);
    y->heard[y->n++] = container_of(l, struct store_letter, letter);
}

static void forget(struct yard *y)
{
    while (y->n > 0)
        letter_drop(&y->heard[--y->n]->letter);
}

/* Waits until n letters have come. */
static void hear(struct yard *y, unsigned n)
{
    while (y->n < n) {
        if (!mailbox_wait(y->mail, PATIENCE_MS))
            fail_msg("%u letters of %u have come", y->n, n);
        mailbox_take(y->mail, on_letter, y, n - y->n);
    }
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);
    snprintf(y->dir, sizeof y->dir, "/tmp/madang-store-XXXXXX");
    if (!mkdtemp(y->dir))
        return 1;
    snprintf(y->path, sizeof y->path, "%s/madang.db", y->dir);
    y->mail = mailbox_new("test", 16384);
    *state = y;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"", "-wal", "-shm"};
    struct yard *y = *state;
    store_stop(y->store);
    forget(y);
    mailbox_free(y->mail);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", y->path, files[i]);
        unlink(path);
    }
    rmdir(y->dir);
    free(y);
    return 0;
}

static bool ask(struct yard *y, enum db_proc proc, const struct val *args, unsigned n)
{
    struct db_request rq = {.proc = proc, .number = y->last + 1, .args = args, .n_args = n};
    bool taken = store_submit(y->store, &rq);
    y->last += taken;
    return taken;
}
#define ASK(y, proc, ...)                           \
    ask(y, proc, (const struct val[]){__VA_ARGS__}, \
        sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))

static bool set_key(struct yard *y, unsigned key, struct str value)
{
    char text[32];
    snprintf(text, sizeof text, "key%06u", key);
    return ASK(y, DB_SETTING_SET, VAL_T(str_from(text)), VAL_T(value));
}

static const char *get_key(struct yard *y, unsigned key, char out[64])
{
    char text[32];
    struct val v;
    forget(y);
    snprintf(text, sizeof text, "key%06u", key);
    assert_true(ASK(y, DB_SETTING_GET, VAL_T(str_from(text))));
    hear(y, 1);
    assert_int_equal(y->heard[0]->answer.status, DB_OK);
    out[0] = 0;
    if (db_row(&y->heard[0]->answer, &v, 1))
        assert_true(str_copy(v.s, out, 64));
    forget(y);
    return out;
}

static void test_letters_in_order(void **state)
{
    struct yard *y = *state;
    begin(y, 16384, 0);
    for (unsigned i = 0; i < 3000; i++)
        assert_true(set_key(y, i, STR("value")));
    hear(y, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        assert_int_equal(y->heard[i]->answer.number, i + 1);
        assert_int_equal(y->heard[i]->answer.status, DB_OK);
        assert_int_equal(y->heard[i]->answer.proc, DB_SETTING_SET);
    }
    struct store_stats s;
    store_stats(y->store, &s);
    assert_int_equal(s.committed, 3000);
    assert_true(s.commits < 3000); /* groups */
    assert_int_equal(s.answers[DB_OK], 3000);
    char text[64];
    assert_string_equal(get_key(y, 2999, text), "value");
}

/* A read that needs what was asked before it sees it, though that is not answered yet. */
static void test_reading_after_writing(void **state)
{
    struct yard *y = *state;
    struct val v;
    begin(y, 0, 0);
    assert_true(set_key(y, 1, STR("one")));
    assert_true(ASK(y, DB_SETTING_GET, VAL_T(STR("key000001"))));
    hear(y, 2);
    assert_true(db_row(&y->heard[1]->answer, &v, 1));
    assert_true(str_eq(v.s, STR("one")));
}

static bool send(struct yard *y, struct db_request rq)
{
    return ask(y, rq.proc, rq.args, rq.n_args);
}

static bool user_add(struct yard *y, uint64_t id, const char *name)
{
    struct val args[REQUEST_ARGS];
    return send(y, request_user(args, id, name));
}

static bool put_call(struct yard *y, uint64_t caller, uint64_t callee)
{
    struct val args[REQUEST_ARGS];
    return send(y, request_call(args, 10, caller, callee));
}

/* In one group: a name that is taken, a call between people who do not exist (its first step writes nothing, its
 * second would), a session that is not there; what stands around them is kept. */
static void test_one_that_fails_harms_no_other(void **state)
{
    static const enum db_status expected[] = {DB_OK,      DB_OK, DB_CONFLICT, DB_CONFLICT,
                                              DB_REFUSED, DB_OK, DB_OK};
    struct yard *y = *state;
    struct val row[2];
    begin(y, 0, 0);
    assert_true(user_add(y, 1, "mina"));
    assert_true(user_add(y, 2, "jun"));
    assert_true(user_add(y, 3, "mina"));
    assert_true(put_call(y, 1, 99));
    assert_true(ASK(y, DB_WEB_SESSION_END, VAL_B("x", 1)));
    assert_true(user_add(y, 4, "sora"));
    assert_true(put_call(y, 1, 2));
    hear(y, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(y->heard[i]->answer.status, expected[i]);
    forget(y);
    assert_true(ASK(y, DB_USER_COUNT, VAL_NONE));
    hear(y, 1); /* it takes no value */
    assert_int_equal(y->heard[0]->answer.status, DB_FAILED);
    forget(y);
    assert_true(ask(y, DB_USER_COUNT, NULL, 0));
    hear(y, 1);
    assert_true(db_row(&y->heard[0]->answer, row, 2));
    assert_int_equal(row[0].i, 3);
}

static void test_what_is_answered_is_there_afterwards(void **state)
{
    struct yard *y = *state;
    char text[64];
    begin(y, 0, 0);
    assert_true(set_key(y, 1, STR("kept")));
    hear(y, 1);
    store_stop(y->store);
    begin(y, 0, 0);
    assert_string_equal(get_key(y, 1, text), "kept");
}

/* What waits when the store is stopped is done, and answered as far as somebody takes the letters. */
static void test_stopping_drains(void **state)
{
    struct yard *y = *state;
    char text[64];
    begin(y, 0, 0);
    for (unsigned i = 0; i < 500; i++)
        assert_true(set_key(y, i, STR("late")));
    store_stop(y->store);
    y->store = NULL;
    hear(y, 500);
    assert_int_equal(y->heard[499]->answer.status, DB_OK);
    begin(y, 0, 0);
    assert_string_equal(get_key(y, 499, text), "late");
}

static void test_a_full_queue_refuses_and_recovers(void **state)
{
    struct yard *y = *state;
    unsigned refused = 0;
    begin(y, 4, 0);
    while (refused == 0 && y->last < 15000)
        refused += !set_key(y, (unsigned)y->last, STR("value"));
    assert_true(refused > 0);
    hear(y, (unsigned)y->last);
    for (unsigned i = 0; i < y->n; i++)
        assert_int_equal(y->heard[i]->answer.status, DB_OK);
    struct store_stats s;
    store_stats(y->store, &s);
    assert_int_equal(s.refused, refused);
    forget(y);
    assert_true(set_key(y, 1, STR("again")));
    hear(y, 1);
    assert_int_equal(y->heard[0]->answer.status, DB_OK);
}

/* Nothing that was refused is kept, all that was answered is; and when things are deleted, it goes on. */
static void test_a_full_disk_refuses_and_recovers(void **state)
{
    static char big[100000];
    struct yard *y = *state;
    char text[64];
    unsigned full = 0;
    memset(big, 'x', sizeof big);
    begin(y, 0, 200); /* pages of 4 kB */
    for (unsigned i = 0; i < 40; i++) {
        assert_true(set_key(y, i, str_of(big, sizeof big)));
        assert_true(set_key(y, 1000 + i, STR("small")));
    }
    hear(y, 80);
    for (unsigned i = 0; i < 80; i++) {
        enum db_status s = y->heard[i]->answer.status;
        if (i % 2 == 1)
            assert_int_equal(s, DB_OK); /* for which there is room, though it shares the group */
        else if (s != DB_OK)
            assert_int_equal(s, DB_FULL);
        full += s == DB_FULL;
    }
    assert_true(full > 0);
    forget(y);
    /* Reading goes on, and does not see what was not kept. */
    struct val v;
    assert_true(set_key(y, 500, str_of(big, sizeof big)));
    assert_true(ASK(y, DB_SETTING_GET, VAL_T(STR("key000500"))));
    assert_true(ASK(y, DB_SETTING_GET, VAL_T(STR("key001000"))));
    hear(y, 3);
    assert_int_equal(y->heard[0]->answer.status, DB_FULL);
    assert_int_equal(y->heard[1]->answer.status, DB_OK);
    assert_false(db_row(&y->heard[1]->answer, &v, 1));
    assert_true(db_row(&y->heard[2]->answer, &v, 1));
    assert_true(str_eq(v.s, STR("small")));
    forget(y);
    /* There is room again. */
    for (unsigned i = 0; i < 40; i++)
        assert_true(set_key(y, i, STR("")));
    hear(y, 40);
    forget(y);
    assert_true(set_key(y, 0, STR("again")));
    hear(y, 1);
    assert_int_equal(y->heard[0]->answer.status, DB_OK);
    assert_string_equal(get_key(y, 0, text), "again");
    struct store_stats s;
    store_stats(y->store, &s);
    assert_true(s.answers[DB_FULL] >= full);
}

static void test_what_others_change_is_noticed(void **state)
{
    struct yard *y = *state;
    char why[512], text[64];
    struct buf rows;
    begin(y, 0, 0);
    assert_true(set_key(y, 1, STR("ours")));
    hear(y, 1);
    forget(y);
    struct db *other = db_open(y->path, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(other);
    buf_init(&rows, 4096);
    struct val args[] = {VAL_T(STR("key000001")), VAL_T(STR("theirs"))};
    struct db_request rq = {DB_SETTING_SET, 1, args, 2};
    assert_int_equal(db_run(other, &rq, &rows), DB_OK);
    db_close(other);
    hear(y, 1); /* within a second or two, unasked */
    assert_int_equal(y->heard[0]->answer.number, 0);
    forget(y);
    assert_string_equal(get_key(y, 1, text), "theirs");
    struct store_stats s;
    store_stats(y->store, &s);
    assert_int_equal(s.outside, 1);
}

/* Another process that writes for long: busy, and nobody waits for ever. */
static void test_a_locked_database_is_busy(void **state)
{
    struct yard *y = *state;
    char why[512];
    begin(y, 0, 0);
    struct db *other = db_open(y->path, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(other);
    assert_int_equal(db_begin(other), DB_OK);
    assert_true(set_key(y, 1, STR("value")));
    assert_true(ask(y, DB_USER_COUNT, NULL, 0)); /* the reader is not concerned */
    hear(y, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(y->heard[i]->answer.status,
                         y->heard[i]->answer.proc == DB_SETTING_SET ? DB_BUSY : DB_OK);
    db_rollback(other);
    db_close(other);
    forget(y);
    assert_true(set_key(y, 1, STR("value")));
    hear(y, 1);
    assert_int_equal(y->heard[0]->answer.status, DB_OK);
}

static void test_what_is_no_request(void **state)
{
    static char huge[DB_BYTES_MAX + 1];
    struct yard *y = *state;
    begin(y, 0, 0);
    assert_false(ask(y, DB_NONE, NULL, 0));
    assert_false(ask(y, DB_PROC_COUNT, NULL, 0));
    assert_false(set_key(y, 1, str_of(huge, sizeof huge)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_letters_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading_after_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_fails_harms_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_answered_is_there_afterwards, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopping_drains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_queue_refuses_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_disk_refuses_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_others_change_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_locked_database_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_request, setup, teardown),
    };
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
