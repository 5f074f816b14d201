/* Every procedure of msg/db_procs.h against a fresh database: its SQL is there, prepares, takes as many values
 * and gives as many columns as the list says, and reads no whole table unless it says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/log.h"
#include "edge/store/db_int.h"

static struct db *db;

static int setup(void **state)
{
    char why[512] = "";
    (void)state;
    db = db_open(":memory:", &(struct db_conf){0}, why, sizeof why);
    if (!db)
        print_error("%s\n", why);
    return db ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static sqlite3_stmt *prepare(const struct sql_info *info, const char *sql)
{
    sqlite3_stmt *st = NULL;
    const char *tail = "";
    if (sqlite3_prepare_v2(db->sq, sql, -1, &st, &tail) != SQLITE_OK)
        fail_msg("%s: %s: %s", info->name, sqlite3_errmsg(db->sq), sql);
    if (tail[strspn(tail, " \n;")] != 0)
        fail_msg("%s: more than one statement in one step: %s", info->name, tail);
    return st;
}

static void test_each_has_its_sql(void **state)
{
    (void)state;
    for (int i = DB_NONE + 1; i < DB_PROC_COUNT; i++) {
        const struct sql_info *info = schema_proc((enum db_proc)i);
        if (!info->sql || !info->sql->steps[0].sql)
            fail_msg("%s has no SQL", info->name);
        assert_true(info->n_args <= DB_ARGS_MAX && info->n_cols <= DB_COLS_MAX);
    }
    assert_null(schema_proc(DB_NONE));
    assert_null(schema_proc(DB_PROC_COUNT));
}

static void test_counts_are_as_declared(void **state)
{
    (void)state;
    for (int i = DB_NONE + 1; i < DB_PROC_COUNT; i++) {
        const struct sql_info *info = schema_proc((enum db_proc)i);
        unsigned args = 0, cols = 0;
        for (const struct sql_step *s = info->sql->steps; s->sql; s++) {
            sqlite3_stmt *st = prepare(info, s->sql);
            args = MAX_OF(args, (unsigned)sqlite3_bind_parameter_count(st));
            if (sqlite3_column_count(st) > 0)
                cols = (unsigned)sqlite3_column_count(st);
            if (info->mode != DB_WRITE && !sqlite3_stmt_readonly(st))
                fail_msg("%s is declared to read, and writes", info->name);
            sqlite3_finalize(st);
        }
        if (args != info->n_args)
            fail_msg("%s: \"%s\" is %u values, its SQL takes %u", info->name, info->args,
                     info->n_args, args);
        if (cols != info->n_cols)
            fail_msg("%s: \"%s\" is %u columns, its SQL gives %u", info->name, info->cols,
                     info->n_cols, cols);
    }
}

/* Big is every table: who reads one from end to end says why. */
static void test_no_procedure_reads_a_whole_table(void **state)
{
    (void)state;
    for (int i = DB_NONE + 1; i < DB_PROC_COUNT; i++) {
        const struct sql_info *info = schema_proc((enum db_proc)i);
        bool scans = false;
        for (const struct sql_step *s = info->sql->steps; s->sql; s++) {
            char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", s->sql);
            sqlite3_stmt *st = prepare(info, explain);
            while (sqlite3_step(st) == SQLITE_ROW) {
                const char *what = (const char *)sqlite3_column_text(st, 3);
                bool scan = strncmp(what, "SCAN ", 5) == 0 && !strstr(what, " CONSTANT ROW") &&
                            strncmp(what, "SCAN (subquery", 14) != 0 &&
                            !strstr(what, "VIRTUAL TABLE") && !strstr(what, "-ROW VALUES CLAUSE");
                scans |= scan;
                if (scan && !info->sql->scans)
                    fail_msg("%s: %s: %s", info->name, what, s->sql);
            }
            sqlite3_finalize(st);
            sqlite3_free(explain);
        }
        if (info->sql->scans && !scans)
            fail_msg("%s says why it reads a whole table, and does not", info->name);
    }
}

/* What refers to a row is found when that row goes away: each foreign key has an index that begins with it. */
static void test_each_foreign_key_has_an_index(void **state)
{
    static const char missing[] =
        "SELECT t.name || '.' || f.\"from\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f"
        " WHERE t.type = 'table' AND NOT EXISTS("
        "   SELECT 1 FROM pragma_index_list(t.name) i, pragma_index_info(i.name) c"
        "   WHERE c.seqno = 0 AND c.name = f.\"from\" AND i.partial = 0)";
    sqlite3_stmt *st = NULL;
    (void)state;
    assert_int_equal(sqlite3_prepare_v2(db->sq, missing, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        fail_msg("%s has no index", sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_its_sql),
        cmocka_unit_test(test_counts_are_as_declared),
        cmocka_unit_test(test_no_procedure_reads_a_whole_table),
        cmocka_unit_test(test_each_foreign_key_has_an_index),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
