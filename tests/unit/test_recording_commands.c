/* madang recordings: on a database and a folder of their own, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/recording_commands.h"
#include "base/code.h"
#include "base/util.h"
#include "domain/user.h"
#include "edge/store/data_lock.h"
#include "edge/store/db.h"
#include "msg/disk_msg.h"
#include "msg/record.h"

#define BEGAN INT64_C(1800000000000)
enum { MINA = 7, ROOM = 0x55 };

struct ran {
    int status;
    char out[200000], err[2000];
};

static char folder[64];

static struct ran *run(char **argv)
{
    static struct ran r;
    char *env[] = {NULL};
    int argc = 0;
    while (argv[argc])
        argc++;
    memset(&r, 0, sizeof r);
    FILE *out = fmemopen(r.out, sizeof r.out - 1, "w"),
         *err = fmemopen(r.err, sizeof r.err - 1, "w");
    r.status = recording_command(&(struct command){argc, argv, env, 0, NULL, out, err});
    fclose(out);
    fclose(err);
    return &r;
}

#define RUN(...) run((char *[]){"recordings", __VA_ARGS__, "--data", folder, NULL})

static char *text_of(uint64_t id)
{
    static char text[B32_SIZE];
    b32_encode(text, id);
    return text;
}

/* ---- what lies there ---- */

static void proc(struct db *db, enum db_proc proc, const struct val *args, unsigned n)
{
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(db, &(struct db_request){proc, 1, args, n}, &rows), DB_OK);
    buf_free(&rows);
}
#define PROC(db, name, ...)                           \
    proc(db, name, (const struct val[]){__VA_ARGS__}, \
         (unsigned)(sizeof((struct val[]){__VA_ARGS__}) / sizeof(struct val)))

static struct db *database(void)
{
    char path[96], why[512];
    snprintf(path, sizeof path, "%s/madang.db", folder);
    struct db *db = db_open(path, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(db);
    return db;
}

static void recording(struct db *db, uint64_t id, uint64_t user, struct str title, int state)
{
    PROC(db, DB_RECORDING_ADD, VAL_ID(id), VAL_ID(user), VAL_ID(ROOM), VAL_T(title),
         VAL_I(RECORDING_RUNS), VAL_I(BEGAN));
    PROC(db, DB_RECORDING_SET, VAL_ID(id), VAL_I(state), VAL_I(123456), VAL_I(3723000));
}

/* Mina and what she has recorded: one that is over, one that runs. */
static void mina_records(void)
{
    struct db *db = database();
    PROC(db, DB_USER_ADD, VAL_ID(MINA), VAL_T(STR("mina")), VAL_T(STR("mina")), VAL_T(STR("mina")),
         VAL_T(STR("Mina")), VAL_I(USER_MEMBER), VAL_NONE, VAL_I(USER_SETTINGS_DEFAULT),
         VAL_T(STR("")), VAL_I(BEGAN));
    recording(db, 0x1, MINA, STR("가족 모임"), REC_QUOTA);
    recording(db, 0x2, MINA, STR("Talk"), RECORDING_RUNS);
    db_close(db);
}

static void path_of(char *path, size_t size, uint64_t id, const char *file)
{
    snprintf(path, size, "%s/recordings/%02x/%016" PRIx64 "%s", folder, (unsigned)(id & 0xff), id,
             file);
}

/* A folder as the recording thread makes it. */
static void files_of(uint64_t id)
{
    static const char *const names[] = {"/manifest.json", "/0001-camera.webm"};
    char path[160];
    snprintf(path, sizeof path, "%s/recordings", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/recordings/%02x", folder, (unsigned)(id & 0xff));
    mkdir(path, 0700);
    path_of(path, sizeof path, id, "");
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        path_of(path, sizeof path, id, names[i]);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs("something", f);
        fclose(f);
    }
}

static bool has_files(uint64_t id)
{
    char path[160];
    path_of(path, sizeof path, id, "");
    return access(path, F_OK) == 0;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/madang-recs-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

/* Nothing is left of those that a test has removed. */
static int teardown(void **state)
{
    static const char *const parts[] = {"madang.db", "madang.db-wal", "madang.db-shm",
                                        "madang.lock", "recordings/02/0000000000000002"};
    static const char *const dirs[] = {"recordings/01", "recordings/02", "recordings", ""};
    char path[160];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
        unlink(path);
    }
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, dirs[i]);
        rmdir(path);
    }
    return access(folder, F_OK) == 0;
}

/* ---- tests ---- */

static void they_are_listed(void **state)
{
    char expected[400], one[B32_SIZE], two[B32_SIZE], room[B32_SIZE];
    (void)state;
    assert_string_equal(RUN("list")->out, ""); /* nothing yet */
    mina_records();
    b32_encode(one, 1);
    b32_encode(two, 2);
    b32_encode(room, ROOM);
    snprintf(expected, sizeof expected,
             "2027-01-15T08:00:00Z\t%s\tmina\t%s\t가족 모임\t1:02:03\t123456 bytes\tquota\n"
             "2027-01-15T08:00:00Z\t%s\tmina\t%s\tTalk\t1:02:03\t123456 bytes\trunning\n",
             one, room, two, room);
    struct ran *r = RUN("list");
    assert_string_equal(r->err, "");
    assert_string_equal(r->out, expected);
}

static void many_are_all_listed(void **state)
{
    unsigned lines = 0;
    (void)state;
    struct db *db = database();
    for (uint64_t id = 1; id <= 450; id++)
        recording(db, id, 0, STR("Talk"), REC_STOPPED);
    db_close(db);
    struct ran *r = RUN("list");
    assert_non_null(strstr(r->out, text_of(450)));
    assert_non_null(strstr(r->out, "\t-\t")); /* their account is gone */
    for (const char *at = strchr(r->out, '\n'); at; at = strchr(at + 1, '\n'))
        lines++;
    assert_int_equal(lines, 450);
}

static void files_and_row_go(void **state)
{
    (void)state;
    mina_records();
    files_of(1);
    files_of(2);
    struct ran *r = RUN("remove", text_of(1));
    assert_string_equal(r->err, "");
    assert_int_equal(r->status, 0);
    assert_false(has_files(1));
    assert_true(has_files(2));
    assert_null(strstr(RUN("list")->out, text_of(1)));
    r = RUN("remove", text_of(1));
    assert_int_equal(r->status, 1);
    assert_non_null(strstr(r->err, "there is no recording"));
    /* No server runs that could be writing it: one fell. */
    assert_int_equal(RUN("remove", text_of(2))->status, 0);
    assert_false(has_files(2));
    assert_string_equal(RUN("list")->out, "");
}

static void what_runs_stays(void **state)
{
    char why[512];
    (void)state;
    mina_records();
    files_of(2);
    int server = data_lock(folder, why, sizeof why);
    assert_true(server >= 0);
    struct ran *r = RUN("remove", text_of(2));
    assert_int_equal(r->status, 1);
    assert_non_null(strstr(r->err, "it still runs"));
    assert_true(has_files(2));
    assert_int_equal(RUN("remove", text_of(1))->status, 0); /* over, without files */
    data_unlock(server);
    assert_int_equal(RUN("remove", text_of(2))->status, 0);
}

static void what_cannot_be_removed_stays_listed(void **state)
{
    char path[160];
    (void)state;
    mina_records();
    snprintf(path, sizeof path, "%s/recordings", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/recordings/02", folder);
    mkdir(path, 0700);
    path_of(path, sizeof path, 2, ""); /* a file in place of the folder */
    FILE *f = fopen(path, "w");
    fclose(f);
    struct ran *r = RUN("remove", text_of(2));
    assert_int_equal(r->status, 1);
    assert_non_null(strstr(r->err, "cannot be removed"));
    assert_non_null(strstr(RUN("list")->out, text_of(2)));
}

static void words(void **state)
{
    (void)state;
    assert_non_null(strstr(RUN("--help")->out, "madang recordings remove ID"));
    assert_int_equal(RUN("frob")->status, 1);
    assert_int_equal(run((char *[]){"recordings", NULL})->status, 1);
    assert_non_null(strstr(RUN("remove")->err, "wants an ID"));
    assert_non_null(strstr(RUN("remove", "../../etc")->err, "there is no recording \"../../etc\""));
    assert_int_equal(RUN("list", "--frob")->status, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(they_are_listed),
        T(many_are_all_listed),
        T(files_and_row_go),
        T(what_runs_stays),
        T(words),
        T(what_cannot_be_removed_stays_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
