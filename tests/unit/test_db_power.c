/* What was acknowledged survives the loss of power, and the database is sound afterwards: on a disk that keeps what
 * was synced, and of the rest keeps, loses and tears what it likes (power_vfs.h). Cut before each write, sync and
 * truncation of a life, and at random in long ones. POWER_ROUNDS (30; less under sanitizers), POWER_SEED. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "db_requests.h"
#include "edge/store/db_int.h"
#include "power_vfs.h"
#include "unit/slow.h"

enum { KEYS = 4000, GROUP = 6 };

struct yard {
    char dir[64], path[96];
    struct db *db;
    bool acked[KEYS]; /* the value of this key was acknowledged */
    unsigned version[KEYS],
        doubt[KEYS]; /* what it was; what it may be, if a commit did not come back */
    unsigned n_keys, calls, calls_doubt, messages, messages_doubt;
};

static void path_of(const struct yard *y, const char *more, char out[128])
{
    snprintf(out, 128, "%s%s", y->path, more);
}

static void remove_files(const struct yard *y)
{
    static const char *const more[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        char path[128];
        path_of(y, more[i], path);
        unlink(path);
    }
}

static bool open_db(struct yard *y)
{
    char why[512];
    struct db_conf conf = {.vfs = "power", .own_checkpoints = true};
    y->db = db_open(y->path, &conf, why, sizeof why);
    if (!y->db && !power.off)
        fail_msg("%s", why);
    return y->db != NULL;
}

/* A value of up to some pages that says what it is. */
static struct str value_of(unsigned key, unsigned version, char out[20000])
{
    size_t n = 1 + (key * 7919u + version * 104729u) % (key % 10 == 0 ? 19000 : 300);
    int head = snprintf(out, 64, "%u/%u/", key, version);
    memset(out + head, 'a' + (int)(key + version) % 26, n);
    return str_of(out, (size_t)head + n);
}

static enum db_status put(struct yard *y, unsigned key, unsigned version)
{
    static char text[20000];
    char name[16];
    struct buf rows;
    snprintf(name, sizeof name, "k%u", key);
    struct val args[] = {VAL_T(str_from(name)), VAL_T(value_of(key, version, text))};
    buf_init(&rows, 1 << 20);
    enum db_status s = db_run(y->db, &(struct db_request){DB_SETTING_SET, 1, args, 2}, &rows);
    buf_free(&rows);
    return s;
}

/* Several steps in one request: all of them, or none. */
static enum db_status put_call(struct yard *y, unsigned id)
{
    struct buf rows;
    struct val args[REQUEST_ARGS];
    struct db_request rq = request_call(args, 1000 + id, 1, 2);
    buf_init(&rows, 4096);
    enum db_status s = db_run(y->db, &rq, &rows);
    buf_free(&rows);
    return s;
}

/* With its words in the index, which are put in at the end of the group. */
static enum db_status put_message(struct yard *y, unsigned n)
{
    struct buf rows;
    struct val args[REQUEST_ARGS];
    char client[16];
    snprintf(client, sizeof client, "c%u", n);
    struct db_request rq = request_message(args, 5, 1 + n % 2, client, "words of a message");
    buf_init(&rows, 4096);
    enum db_status s = db_run(y->db, &rq, &rows);
    buf_free(&rows);
    return s;
}

static bool make_people(struct yard *y)
{
    struct buf rows;
    bool good = true;
    buf_init(&rows, 4096);
    for (uint64_t id = 1; id <= 2 && good; id++) {
        struct val args[REQUEST_ARGS];
        struct db_request rq = request_user(args, id, id == 1 ? "mina" : "jun");
        enum db_status s = db_run(y->db, &rq, &rows);
        good = s == DB_OK || s == DB_CONFLICT;
    }
    struct val args[REQUEST_ARGS];
    struct db_request rq = request_conv(args, 5, 1, 2);
    good = good && db_run(y->db, &rq, &rows) == DB_OK;
    buf_free(&rows);
    return good;
}

/* One group; what is acknowledged is noted. False: the power is gone. */
static bool group(struct yard *y)
{
    unsigned keys[GROUP], n = 1 + power_random(GROUP), calls = 0, messages = power_random(4);
    if (db_begin(y->db) != DB_OK)
        return false;
    for (unsigned i = 0; i < n; i++) {
        keys[i] = power_random(4) ? power_random(y->n_keys + 1) % KEYS : y->n_keys % KEYS;
        y->n_keys = MAX_OF(y->n_keys, keys[i] + 1);
        y->doubt[keys[i]] = y->version[keys[i]] + 1;
        if (put(y, keys[i], y->doubt[keys[i]]) != DB_OK)
            return false;
    }
    if (power_random(3) == 0) {
        if (put_call(y, y->calls + 1) != DB_OK)
            return false;
        y->calls_doubt = ++calls + y->calls;
    }
    y->messages_doubt = y->messages + messages;
    for (unsigned i = 1; i <= messages; i++)
        if (put_message(y, y->messages + i) != DB_OK)
            return false;
    if (db_commit(y->db) != DB_OK)
        return false;
    y->messages += messages;
    for (unsigned i = 0; i < n; i++) {
        y->acked[keys[i]] = true;
        y->version[keys[i]] = y->doubt[keys[i]];
    }
    y->calls += calls;
    if (power_random(8) == 0)
        return db_checkpoint(y->db) >= 0 || !power.off;
    return power_random(20) != 0 || db_shred(y->db) || !power.off;
}

static void live(struct yard *y, unsigned groups)
{
    bool on = open_db(y) && make_people(y);
    for (unsigned i = 0; i < groups && on; i++)
        on = group(y);
    db_close(y->db);
    y->db = NULL;
}

static void check_key(struct yard *y, unsigned key)
{
    static char expected[20000], other[20000];
    char name[16];
    struct buf rows;
    struct val v, args[1];
    snprintf(name, sizeof name, "k%u", key);
    args[0] = VAL_T(str_from(name));
    buf_init(&rows, 1 << 20);
    assert_int_equal(db_run(y->db, &(struct db_request){DB_SETTING_GET, 1, args, 1}, &rows), DB_OK);
    struct db_rows it = db_rows_of(buf_str(&rows));
    bool there = db_rows_next(&it, &v, 1);
    bool is_new = there && str_eq(v.s, value_of(key, y->doubt[key], other));
    bool is_old = there && str_eq(v.s, value_of(key, y->version[key], expected));
    if (y->acked[key] ? !is_old && !is_new : there && !is_new)
        fail_msg("key %u: %s, acknowledged was version %u", key,
                 there ? "another value" : "nothing", y->version[key]);
    if (is_new) {
        y->version[key] = y->doubt[key];
        y->acked[key] = true;
    }
    buf_free(&rows);
}

static void check_calls(struct yard *y)
{
    int64_t calls = db_pragma(y->db, "SELECT count(*) FROM call");
    int64_t lines = db_pragma(y->db, "SELECT count(*) FROM call_party");
    assert_true(calls == y->calls || calls == y->calls_doubt);
    assert_int_equal(lines, calls * 2);
    y->calls = y->calls_doubt = (unsigned)calls;
}

static void check_messages(struct yard *y)
{
    int64_t messages = db_pragma(y->db, "SELECT count(*) FROM message");
    assert_true(messages == y->messages || messages == y->messages_doubt);
    if (messages > 0)
        assert_int_equal(db_pragma(y->db, "SELECT max(seq) FROM message"), messages);
    assert_true(index_is_whole(y->db));
    y->messages = y->messages_doubt = (unsigned)messages;
}

/* The power is back; whatever a life had acknowledged is there, and nothing is broken. */
static void check(struct yard *y)
{
    struct buf out;
    char shm[128];
    power_back();
    path_of(y, "-shm", shm);
    unlink(shm);
    assert_true(open_db(y));
    buf_init(&out, 1 << 16);
    if (!db_check(y->db, &out))
        fail_msg(PRIstr, STR_ARG(buf_str(&out)));
    buf_free(&out);
    for (unsigned i = 0; i < y->n_keys; i++)
        check_key(y, i);
    check_calls(y);
    check_messages(y);
    db_close(y->db);
    y->db = NULL;
    power_forget();
}

static void again(struct yard *y)
{
    memset(y->acked, 0, sizeof y->acked);
    memset(y->version, 0, sizeof y->version);
    memset(y->doubt, 0, sizeof y->doubt);
    y->n_keys = y->calls = y->calls_doubt = y->messages = y->messages_doubt = 0;
    power_forget();
    remove_files(y);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t v = otherwise;
    if (text)
        assert_true(str_to_u64(str_from(text), UINT64_MAX, &v));
    return v;
}

/* The first life of a database, cut before every single thing that the disk is asked to do. */
static void test_cut_at_every_point(void **state)
{
    struct yard *y = *state;
    uint64_t seed = number("POWER_SEED", 11);
    power.random = seed;
    again(y);
    live(y, 9);
    uint64_t events = power.events;
    assert_true(events > 60);
    for (uint64_t at = 1; at <= events; at += SLOW * SLOW_ALONE) {
        again(y);
        power.random = seed;
        power.cut_at = at;
        live(y, 9);
        assert_true(power.off);
        power.random = seed + at; /* the fate of what was not synced */
        check(y);
    }
}

/* One database through many lives, each cut somewhere. */
static void test_many_cuts_in_a_row(void **state)
{
    struct yard *y = *state;
    uint64_t rounds = number("POWER_ROUNDS", 30 / SLOW);
    power.random = number("POWER_SEED", 12);
    again(y);
    for (uint64_t i = 0; i < rounds; i++) {
        power.cut_at = 1 + power_random(400);
        live(y, 100);
        check(y);
    }
}

/* Not always: but a disk that lies about syncs loses what was acknowledged, and this test sees it. */
static void test_a_disk_that_lies_is_found_out(void **state)
{
    struct yard *y = *state;
    unsigned lost = 0;
    power.random = 13;
    power.lies = true;
    for (unsigned i = 0; i < 10; i++) {
        char path[128];
        again(y);
        power.cut_at = 100 + power_random(200);
        live(y, 100);
        power.lies = false;
        power_back();
        path_of(y, "-shm", path);
        unlink(path);
        power.lies = true;
        sqlite3 *sq = NULL;
        sqlite3_stmt *st = NULL;
        unsigned acked = 0, there = 0;
        for (unsigned k = 0; k < y->n_keys; k++)
            acked += y->acked[k];
        sqlite3_open(y->path, &sq);
        if (sqlite3_prepare_v2(sq, "SELECT key FROM setting", -1, &st, NULL) == SQLITE_OK)
            while (sqlite3_step(st) == SQLITE_ROW)
                there++;
        sqlite3_finalize(st);
        sqlite3_close(sq);
        lost += there < acked;
    }
    power.lies = false;
    assert_true(lost > 0);
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);
    power_install();
    snprintf(y->dir, sizeof y->dir, "/tmp/madang-power-XXXXXX");
    if (!mkdtemp(y->dir))
        return 1;
    snprintf(y->path, sizeof y->path, "%s/madang.db", y->dir);
    *state = y;
    return 0;
}

static int teardown(void **state)
{
    struct yard *y = *state;
    power_forget();
    remove_files(y);
    rmdir(y->dir);
    free(y);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut_at_every_point, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_cuts_in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_disk_that_lies_is_found_out, setup, teardown),
    };
    log_set_level(LOG_LEVEL_ERROR);
    log_set_fd(-1); /* a disk without power is an error each time */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
