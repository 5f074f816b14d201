/* Opening a database: a new one, an old one, and everything that is no database of ours. Tools on it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "app/db_commands.h"
#include "base/log.h"
#include "edge/store/data_lock.h"
#include "edge/store/db_int.h"

struct yard {
    char dir[64], path[96], why[1024];
};

static void remove_all(struct yard *y)
{
    static const char *const files[] = {
        "madang.db",     "madang.db-wal",        "madang.db-shm",        "madang.db.before",
        "madang.db.new", "madang.db.before-wal", "madang.db.before-shm", "backup",
        "madang.lock",   "backup-wal",           "backup-shm",
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", y->dir, files[i]);
        unlink(path);
    }
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);
    snprintf(y->dir, sizeof y->dir, "/tmp/madang-db-XXXXXX");
    if (!mkdtemp(y->dir))
        return 1;
    snprintf(y->path, sizeof y->path, "%s/madang.db", y->dir);
    *state = y;
    return 0;
}

static int teardown(void **state)
{
    struct yard *y = *state;
    remove_all(y);
    rmdir(y->dir);
    free(y);
    return 0;
}

static struct db *try_open(struct yard *y)
{
    y->why[0] = 0;
    return db_open(y->path, &(struct db_conf){0}, y->why, sizeof y->why);
}

static struct db *must_open(struct yard *y)
{
    struct db *db = try_open(y);
    if (!db)
        fail_msg("%s", y->why);
    return db;
}

static enum db_status put_value(struct db *db, const char *key, struct str value)
{
    struct buf rows;
    struct val args[] = {VAL_T(str_from(key)), VAL_T(value)};
    buf_init(&rows, 4096);
    enum db_status s = db_run(db, &(struct db_request){DB_SETTING_SET, 1, args, 2}, &rows);
    buf_free(&rows);
    return s;
}

static const char *get_value(struct db *db, const char *key, char out[64])
{
    struct buf rows;
    struct val args[] = {VAL_T(str_from(key))}, v;
    buf_init(&rows, 4096);
    assert_int_equal(db_run(db, &(struct db_request){DB_SETTING_GET, 1, args, 1}, &rows), DB_OK);
    struct db_rows it = db_rows_of(buf_str(&rows));
    out[0] = 0;
    if (db_rows_next(&it, &v, 1))
        assert_true(str_copy(v.s, out, 64));
    buf_free(&rows);
    return out;
}

static void sql(const char *path, const char *text)
{
    sqlite3 *sq = NULL;
    assert_int_equal(sqlite3_open(path, &sq), SQLITE_OK);
    if (sqlite3_exec(sq, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(sq), text);
    sqlite3_close(sq);
}

static void refused_with(struct yard *y, const char *part)
{
    assert_null(try_open(y));
    if (!strstr(y->why, part))
        fail_msg("expected \"%s\" in: %s", part, y->why);
    assert_string_equal(y->why + strlen(y->why) - 1, "."); /* a sentence */
}

/* ---- opening ---- */

static void test_a_new_one(void **state)
{
    struct yard *y = *state;
    struct stat st;
    char text[64];
    umask(077);
    struct db *db = must_open(y);
    assert_int_equal(db_pragma(db, "PRAGMA user_version"), SCHEMA_VERSION);
    assert_int_equal(db_pragma(db, "PRAGMA application_id"), SCHEMA_APPLICATION);
    assert_int_equal(db_pragma(db, "PRAGMA synchronous"), 2);
    assert_int_equal(db_pragma(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(db_pragma(db, "PRAGMA secure_delete"), 1);
    assert_int_equal(
        db_pragma(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(put_value(db, "key", STR("값")), DB_OK);
    db_close(db);
    assert_int_equal(stat(y->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "값");
    db_close(db);
}

static void test_a_newer_one(void **state)
{
    struct yard *y = *state;
    db_close(must_open(y));
    sql(y->path, "PRAGMA user_version = 4711");
    refused_with(y, "made by a newer madang");
}

static void test_one_of_another_program(void **state)
{
    struct yard *y = *state;
    sql(y->path, "CREATE TABLE cookies(host)");
    refused_with(y, "not one of madang");
    sql(y->path, "PRAGMA application_id = 77");
    refused_with(y, "not one of madang");
}

static void test_one_whose_tables_are_others(void **state)
{
    struct yard *y = *state;
    db_close(must_open(y));
    sql(y->path, "ALTER TABLE user ADD COLUMN shoe_size INTEGER");
    refused_with(y, "not those of this version");
}

/* A start that was killed in the middle of making the tables left nothing. */
static void test_an_empty_file_is_new(void **state)
{
    struct yard *y = *state;
    int fd = open(y->path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    db_close(must_open(y));
}

static void test_a_file_that_is_none(void **state)
{
    struct yard *y = *state;
    FILE *f = fopen(y->path, "w");
    for (int i = 0; i < 4096; i++)
        fputs("This is a letter, and no database.\n", f);
    fclose(f);
    refused_with(y, "file is not a database");
}

static void scribble(const char *path, long from, long n)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, from, SEEK_SET);
    for (long i = 0; i < n; i++)
        fputc(0x5a, f);
    fclose(f);
}

/* The tables' list is on the first page: the start reads it. What lies deeper shows itself to check. */
static void test_a_damaged_one(void **state)
{
    struct yard *y = *state;
    struct buf out;
    db_close(must_open(y));
    scribble(y->path, 4096 * 3, 4096 * 12);
    struct db *db = try_open(y);
    if (db) {
        buf_init(&out, 1 << 20);
        assert_false(db_check(db, &out));
        assert_true(buf_len(&out) > 0);
        buf_free(&out);
        db_close(db);
    }
    scribble(y->path, 100, 3000);
    refused_with(y, "malformed");
}

static void test_a_folder_in_its_place(void **state)
{
    struct yard *y = *state;
    assert_int_equal(mkdir(y->path, 0700), 0);
    refused_with(y, "cannot be opened");
    rmdir(y->path);
}

/* Where even root may not write. */
static void test_a_disk_that_may_only_be_read(void **state)
{
    struct yard *y = *state;
    db_close(must_open(y));
    if (geteuid() != 0) {
        assert_int_equal(chmod(y->path, 0400), 0);
        refused_with(y, "may only be read");
        return;
    }
    pid_t pid = fork(); /* as nobody, who owns nothing here */
    if (pid == 0) {
        chmod(y->dir, 0755);
        chmod(y->path, 0444);
        if (setuid(65534) != 0)
            _exit(2);
        struct db *db = try_open(y);
        _exit(db || !strstr(y->why, "may only be read"));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- rows ---- */

static void test_too_many_rows_are_no_answer(void **state)
{
    static char big[DB_BYTES_MAX / 2];
    struct yard *y = *state;
    struct buf rows;
    struct db *db = must_open(y);
    memset(big, 'x', sizeof big);
    assert_int_equal(put_value(db, "big", str_of(big, sizeof big)), DB_OK);
    struct val args[] = {VAL_T(STR("big"))};
    buf_init(&rows, 1000); /* as if it were too much */
    assert_int_equal(db_run(db, &(struct db_request){DB_SETTING_GET, 1, args, 1}, &rows),
                     DB_FAILED);
    assert_int_equal(buf_len(&rows), 0);
    buf_free(&rows);
    db_close(db);
}

/* Bytes that no store has written: from a broken recording. Nothing is read beyond them, and what is missing
 * is empty. */
static void test_broken_rows(void **state)
{
    struct buf b;
    struct val cols[3], row[3] = {VAL_I(-5), VAL_T(STR("text")), VAL_NONE};
    (void)state;
    buf_init(&b, 4096);
    db_row_write(&b, row, 3);
    db_row_write(&b, row, 3);
    for (size_t cut = 0; cut <= buf_len(&b); cut++) {
        uint8_t *copy = malloc(cut ? cut : 1); /* so that sanitizers see a byte too far */
        memcpy(copy, buf_data(&b), cut);
        struct db_rows it = db_rows_of(str_of(copy, cut));
        unsigned n = 0;
        while (db_rows_next(&it, cols, 3))
            n++;
        assert_int_equal(n, cut / (buf_len(&b) / 2));
        assert_int_equal(it.bad, cut % (buf_len(&b) / 2) != 0);
        assert_int_equal(cols[1].s.n, 0);
        free(copy);
    }
    uint32_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        uint8_t noise[48];
        for (size_t i = 0; i < sizeof noise; i++) {
            seed = seed * 1664525 + 1013904223;
            noise[i] = (uint8_t)(seed >> 24) % (round % 2 ? 256 : 5);
        }
        struct db_rows it = db_rows_of(str_of(noise, sizeof noise));
        for (unsigned n = 0; db_rows_next(&it, cols, 3); n++) {
            assert_true(n < sizeof noise);
            for (int i = 0; i < 3; i++)
                assert_true(cols[i].s.n <= sizeof noise);
        }
    }
    struct db_rows it = db_rows_of(buf_str(&b));
    assert_false(db_rows_next(&it, cols, 2)); /* not the row that was asked for */
    assert_true(it.bad);
    buf_free(&b);
}

/* ---- the commands ---- */

static int run(struct yard *y, const char *verb, const char *file)
{
    char dir[80], text[4096] = "";
    snprintf(dir, sizeof dir, "--data=%s", y->dir);
    const char *argv[] = {"db", verb, file ? file : dir, file ? dir : NULL, NULL};
    FILE *out = tmpfile();
    int status =
        db_command(&(struct command){file ? 4 : 3, (char *const *)argv, NULL, 0, NULL, out, out});
    rewind(out);
    size_t n = fread(text, 1, sizeof text - 1, out);
    text[n] = 0;
    snprintf(y->why, sizeof y->why, "%.1000s", text);
    fclose(out);
    return status;
}

#define assert_said(y, part)                                    \
    do {                                                        \
        if (!strstr((y)->why, part))                            \
            fail_msg("expected \"%s\" in: %s", part, (y)->why); \
    } while (0)

static void test_backup_and_restore(void **state)
{
    struct yard *y = *state;
    char backup[96], text[64];
    struct stat st;
    snprintf(backup, sizeof backup, "%s/backup", y->dir);
    struct db *db = must_open(y); /* a server would keep it open like that */
    assert_int_equal(put_value(db, "key", STR("then")), DB_OK);
    assert_int_equal(run(y, "backup", backup), 0);
    assert_int_equal(stat(backup, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(put_value(db, "key", STR("later")), DB_OK);
    assert_int_equal(run(y, "backup", backup), 1); /* nothing is overwritten */
    assert_said(y, "File exists");

    int lock = data_lock(y->dir, y->why, sizeof y->why);
    assert_true(lock >= 0);
    assert_int_equal(run(y, "restore", backup), 1);
    assert_said(y, "Another madang uses the data folder");
    data_unlock(lock);
    db_close(db);

    assert_int_equal(run(y, "restore", backup), 0);
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "then");
    db_close(db);
    snprintf(backup, sizeof backup, "%s/madang.db.before", y->dir);
    assert_int_equal(run(y, "restore", backup), 0); /* and back again */
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "later");
    db_close(db);
}

/* What was in the log of a server that was killed comes along, and a foreign log never joins a database. */
static void test_restoring_over_what_a_killed_server_left(void **state)
{
    struct yard *y = *state;
    char backup[96], text[64];
    snprintf(backup, sizeof backup, "%s/backup", y->dir);
    struct db *db = must_open(y);
    assert_int_equal(put_value(db, "key", STR("then")), DB_OK);
    assert_int_equal(run(y, "backup", backup), 0);
    db_close(db);
    pid_t pid = fork();
    if (pid == 0) {
        db = try_open(y);
        _exit(!db || put_value(db, "key", STR("in the log")) != DB_OK); /* without closing */
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(run(y, "restore", backup), 0);
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "then");
    db_close(db);
    snprintf(backup, sizeof backup, "%s/madang.db.before", y->dir);
    assert_int_equal(run(y, "restore", backup), 0);
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "in the log");
    db_close(db);
}

static void test_restoring_what_is_not_sound(void **state)
{
    struct yard *y = *state;
    char backup[96], text[64];
    snprintf(backup, sizeof backup, "%s/backup", y->dir);
    struct db *db = must_open(y);
    assert_int_equal(put_value(db, "key", STR("kept")), DB_OK);
    assert_int_equal(run(y, "backup", backup), 0);
    db_close(db);
    scribble(backup, 4096 * 3, 4096 * 12);
    assert_int_equal(run(y, "restore", backup), 1);
    assert_int_equal(run(y, "restore", "/nonexistent"), 1);
    assert_said(y, "nothing was changed");
    db = must_open(y);
    assert_string_equal(get_value(db, "key", text), "kept");
    db_close(db);
}

static void test_check(void **state)
{
    struct yard *y = *state;
    assert_int_equal(run(y, "check", NULL), 1);
    assert_said(y, "there is no database");
    db_close(must_open(y));
    assert_int_equal(run(y, "check", NULL), 0);
    assert_said(y, "is sound");
    sql(y->path, "PRAGMA foreign_keys = OFF; INSERT INTO favourite VALUES(1, 2)");
    assert_int_equal(run(y, "check", NULL), 1);
    assert_said(y, "foreign key: ");
    assert_said(y, "is not sound");
}

static void test_what_is_no_command(void **state)
{
    struct yard *y = *state;
    assert_int_equal(run(y, "destroy", NULL), 1);
    assert_said(y, "there is no command \"destroy\"");
    assert_int_equal(run(y, "backup", NULL), 1);
    assert_said(y, "backup wants a FILE");
    assert_int_equal(run(y, "--help", NULL), 0);
    assert_said(y, "Usage: madang db check");
    assert_int_equal(run(y, "restore", "--port=1"), 1);
}

static void test_one_server_a_folder(void **state)
{
    struct yard *y = *state;
    char who[64];
    int lock = data_lock(y->dir, y->why, sizeof y->why);
    assert_true(lock >= 0);
    assert_int_equal(data_lock(y->dir, y->why, sizeof y->why), -1);
    snprintf(who, sizeof who, "as process %ld.", (long)getpid());
    assert_said(y, who);
    data_unlock(lock);
    lock = data_lock(y->dir, y->why, sizeof y->why);
    assert_true(lock >= 0);
    data_unlock(lock);
    assert_int_equal(data_lock("/nonexistent/folder", y->why, sizeof y->why), -1);
    assert_said(y, "cannot be made");
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_a_new_one),
        DB_TEST(test_a_newer_one),
        DB_TEST(test_one_of_another_program),
        DB_TEST(test_one_whose_tables_are_others),
        DB_TEST(test_an_empty_file_is_new),
        DB_TEST(test_a_file_that_is_none),
        DB_TEST(test_a_damaged_one),
        DB_TEST(test_a_folder_in_its_place),
        DB_TEST(test_a_disk_that_may_only_be_read),
        DB_TEST(test_too_many_rows_are_no_answer),
        DB_TEST(test_broken_rows),
        DB_TEST(test_backup_and_restore),
        DB_TEST(test_restoring_over_what_a_killed_server_left),
        DB_TEST(test_restoring_what_is_not_sound),
        DB_TEST(test_check),
        DB_TEST(test_what_is_no_command),
        DB_TEST(test_one_server_a_folder),
    };
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
