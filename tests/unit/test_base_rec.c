/* rec: what is written is read again, through the ring's turns, pauses, crashes and damage */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/rec.h"
#include "base/rec_format.h"

static char dir[] = "/tmp/madang-rec-XXXXXX";
static char file[64], older[64];

enum { IN = REC_INPUT + 3, MIB = 1024 * 1024 };

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/r", dir);
    snprintf(older, sizeof older, "%s/r.1", dir);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(file);
    unlink(older);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static struct rec *opened(uint64_t size)
{
    struct rec *r;
    assert_int_equal(rec_open(&r, file, size), ERR_OK);
    return r;
}

static struct rec_reader *reading(void)
{
    struct rec_reader *r;
    assert_int_equal(rec_reader_open(&r, file), ERR_OK);
    return r;
}

static void expect(struct rec_reader *rd, uint16_t kind, uint16_t core, int64_t time,
                   struct str data)
{
    struct rec_record rc;
    assert_int_equal(rec_next(rd, &rc), ERR_OK);
    assert_int_equal(rc.kind, kind);
    assert_int_equal(rc.core, core);
    assert_int_equal(rc.time, time);
    assert_true(str_eq(rc.data, data));
}

static void expect_end(struct rec_reader *rd)
{
    struct rec_record rc;
    assert_int_equal(rec_next(rd, &rc), ERR_EOF);
    assert_int_equal(rec_next(rd, &rc), ERR_EOF);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct rec *r = opened(MIB);
    assert_false(rec_on(r, 1));
    rec_put(r, IN, 1, 5, "too early", 9);
    assert_int_equal(rec_dropped(r), 1);
    rec_checkpoint(r, 1, -10, "seed", 4);
    assert_true(rec_on(r, 1));
    rec_put(r, IN, 1, INT64_MIN, "", 0);
    rec_put2(r, IN, 1, INT64_MAX, "head\n", 5, "body", 4);
    rec_put(r, REC_NOTE, 7, 1, "a note", 6);
    rec_core_end(r, 1);
    rec_put(r, IN, 1, 9, "too late", 8);
    rec_close(r);

    struct rec_reader *rd = reading();
    expect(rd, REC_CHECKPOINT, 1, -10, STR("seed"));
    expect(rd, IN, 1, INT64_MIN, STR(""));
    expect(rd, IN, 1, INT64_MAX, STR("head\nbody"));
    expect(rd, REC_NOTE, 7, 1, STR("a note"));
    expect_end(rd);
    assert_int_equal(rec_reader_skipped(rd), 0);
    rec_reader_close(rd);
}

static void test_null_recorder_does_nothing(void **state)
{
    (void)state;
    struct rec_hash h = {0};
    rec_hash_add(&h, 1, "x", 1);
    rec_checkpoint(NULL, 0, 0, "", 0);
    rec_put(NULL, IN, 0, 0, "", 0);
    rec_put_hash(NULL, 0, 0, &h);
    assert_int_equal(h.n, 0);
    assert_false(rec_on(NULL, 0));
    assert_int_equal(rec_dropped(NULL), 0);
    rec_core_end(NULL, 0);
    rec_close(NULL);
    rec_reader_close(NULL);
}

/* A file of its own: private, not through links, an older recording put aside, nothing else touched. */
static void test_file_is_made_safely(void **state)
{
    (void)state;
    struct stat st;
    struct rec *r;
    rec_close(opened(MIB));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    rec_close(opened(MIB));
    assert_int_equal(access(older, F_OK), 0);
    unlink(older);
    assert_int_equal(rename(file, older), 0);
    assert_int_equal(symlink(older, file), 0);
    assert_int_equal(rec_open(&r, file, MIB), ERR_IO);
    assert_int_equal(errno, ELOOP);
    unlink(file);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "precious", 8), 8);
    close(fd);
    assert_int_equal(rec_open(&r, file, MIB), ERR_EXISTS);
    assert_null(r);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 8);
    assert_int_equal(rec_open(&r, file, MIB - 1), ERR_RANGE);
    assert_int_equal(rec_open(&r, "/nonexistent/dir/r", MIB), ERR_IO);
}

static void test_unreadable_files(void **state)
{
    (void)state;
    struct rec_reader *rd;
    assert_int_equal(rec_reader_open(&rd, file), ERR_NOT_FOUND);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(rec_reader_open(&rd, file), ERR_SYNTAX);
    assert_int_equal(ftruncate(fd, MIB), 0);
    assert_int_equal(rec_reader_open(&rd, file), ERR_SYNTAX);
    close(fd);
    assert_int_equal(rec_reader_open(&rd, dir), ERR_IO);
    assert_null(rd);
}

/* Many records of random sizes and many turns of the ring, with a checkpoint now and then: what the
 * reader gives is the newest of what was written, whole, in order, beginning with a checkpoint. */
static void test_ring_keeps_the_newest(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {9};
    static uint8_t noise[40000];
    struct rng rng;
    rng_init(&rng, seed);
    rng_bytes(&rng, noise, sizeof noise);
    struct rec *r = opened(2 * MIB);
    enum { N = 3000 };
    static size_t size[N];
    for (int i = 0; i < N; i++) {
        size[i] = rng_below(&rng, i % 50 ? 3000 : sizeof noise);
        if (i % 20 == 0)
            rec_checkpoint(r, 2, i, noise, size[i]);
        else
            rec_put(r, IN, 2, i, noise, size[i]);
    }
    assert_int_equal(rec_dropped(r), 0);
    struct rec_reader *rd = reading(); /* while it is open for writing */
    rec_close(r);
    struct rec_record rc;
    int64_t at = -1;
    size_t bytes = 0;
    for (int n = 0; rec_next(rd, &rc) == ERR_OK; n++) {
        assert_int_equal(rc.number, rc.time);
        if (n == 0)
            assert_int_equal(rc.kind, REC_CHECKPOINT);
        else
            assert_int_equal(rc.time, at + 1);
        at = rc.time;
        assert_int_equal(rc.data.n, size[at]);
        assert_memory_equal(rc.data.p, noise, rc.data.n);
        bytes += rc.data.n;
    }
    assert_int_equal(at, N - 1);
    assert_true(bytes > MIB && bytes < 2 * MIB);
    assert_true(rec_reader_skipped(rd) < 40);
    rec_reader_close(rd);
}

static void put_many(struct rec *r, uint16_t core, int n)
{
    static const uint8_t zeros[1000];
    for (int i = 0; i < n; i++)
        rec_put(r, IN, core, i, zeros, sizeof zeros);
}

/* One core, one checkpoint: when the ring is full the core pauses, and what there is can be
 * replayed from the start; with the next checkpoint it goes on. */
static void test_pause_keeps_what_can_be_replayed(void **state)
{
    (void)state;
    struct rec *r = opened(MIB);
    struct rec_record rc;
    rec_checkpoint(r, 0, 1, "first", 5);
    put_many(r, 0, 5000);
    assert_false(rec_on(r, 0));
    uint64_t dropped = rec_dropped(r);
    assert_in_range(dropped, 5000 - MIB / 1000, 4200);
    struct rec_reader *rd = reading();
    expect(rd, REC_CHECKPOINT, 0, 1, STR("first"));
    int n = 0;
    while (rec_next(rd, &rc) == ERR_OK && rc.kind == IN)
        assert_int_equal(rc.time, n++);
    assert_int_equal(n, 5000 - (int)dropped);
    assert_int_equal(rc.kind, REC_PAUSE);
    expect_end(rd);
    rec_reader_close(rd);

    rec_checkpoint(r, 0, 2, "second", 6);
    assert_true(rec_on(r, 0));
    put_many(r, 0, 5);
    assert_int_equal(rec_dropped(r), dropped);
    rec_close(r);
    rd = reading();
    expect(rd, REC_CHECKPOINT, 0, 2, STR("second"));
    assert_true(rec_reader_skipped(rd) > 500); /* inputs of the first stretch, without its start */
    rec_reader_close(rd);
}

/* A busy core takes the room of a quiet one: the quiet one is paused, and none of it is given out
 * once its checkpoint is gone. */
static void test_quiet_core_gives_way(void **state)
{
    (void)state;
    struct rec *r = opened(MIB);
    struct rec_record rc;
    rec_checkpoint(r, 5, 1, "quiet", 5);
    for (int i = 0; i < 100; i++) {
        rec_checkpoint(r, 6, 1, "busy", 4);
        put_many(r, 6, 100);
        rec_put(r, IN, 5, i, "q", 1);
    }
    assert_false(rec_on(r, 5));
    assert_true(rec_on(r, 6));
    rec_close(r);
    struct rec_reader *rd = reading();
    while (rec_next(rd, &rc) == ERR_OK)
        assert_int_equal(rc.core, 6);
    rec_reader_close(rd);
}

static void test_too_big_pauses(void **state)
{
    (void)state;
    uint8_t *big = xcalloc(1, REC_DATA_MAX + 1);
    struct rec *r = opened(MIB);
    rec_checkpoint(r, 0, 0, "", 0);
    rec_put(r, IN, 0, 1, big, REC_DATA_MAX);
    assert_true(rec_on(r, 0));
    rec_put(r, IN, 0, 2, big, REC_DATA_MAX + 1);
    assert_false(rec_on(r, 0));
    rec_put(r, IN, 0, 3, big, 1);
    assert_int_equal(rec_dropped(r), 2);
    rec_put(r, IN, REC_CORES, 3, big, 1);
    assert_int_equal(rec_dropped(r), 3);
    rec_close(r);
    struct rec_reader *rd = reading();
    struct rec_record rc;
    assert_int_equal(rec_next(rd, &rc), ERR_OK);
    assert_int_equal(rec_next(rd, &rc), ERR_OK);
    assert_int_equal(rc.data.n, REC_DATA_MAX);
    expect(rd, REC_PAUSE, 0, 2, STR(""));
    expect_end(rd);
    rec_reader_close(rd);
    xfree(big);
}

/* Every core pauses in the same block, at its very end. */
static void test_all_cores_pause_at_once(void **state)
{
    (void)state;
    struct rec *r = opened(MIB);
    for (uint16_t c = 0; c < REC_CORES; c++)
        rec_checkpoint(r, c, 0, "", 0);
    for (int i = 0; i < 3000; i++)
        put_many(r, (uint16_t)(i % REC_CORES), 1);
    rec_close(r);
    struct rec_reader *rd = reading();
    struct rec_record rc;
    int pauses = 0, checkpoints = 0;
    while (rec_next(rd, &rc) == ERR_OK) {
        pauses += rc.kind == REC_PAUSE;
        checkpoints += rc.kind == REC_CHECKPOINT;
    }
    assert_int_equal(pauses, REC_CORES);
    assert_int_equal(checkpoints, REC_CORES);
    assert_int_equal(rec_reader_skipped(rd), 0);
    rec_reader_close(rd);
}

static void test_killed_process_leaves_everything(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rec *r;
        if (rec_open(&r, file, MIB) != ERR_OK)
            _exit(1);
        rec_checkpoint(r, 0, 0, "seed", 4);
        rec_put(r, IN, 0, 1, "last words", 10);
        raise(SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    struct rec_reader *rd = reading();
    expect(rd, REC_CHECKPOINT, 0, 0, STR("seed"));
    expect(rd, IN, 0, 1, STR("last words"));
    expect_end(rd);
    rec_reader_close(rd);
}

static void flip(off_t at)
{
    uint8_t b;
    int fd = open(file, O_RDWR);
    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= 0x10;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
    close(fd);
}

/* One flipped bit anywhere in a record: that record is not given out, and neither is what needs it. */
static void test_damage_is_noticed(void **state)
{
    (void)state;
    struct rec *r = opened(MIB);
    rec_checkpoint(r, 0, 0, "seed", 4);
    rec_put(r, IN, 0, 1, "data", 4);
    rec_put(r, IN, 0, 2, "more", 4);
    for (int i = 0; i < 300; i++) /* into the next block */
        put_many(r, 0, 1);
    rec_close(r);
    struct rec_record rc;
    off_t begin = REC_HEAD + REC_BLOCK_HEAD + REC_RECORD_HEAD + 8;
    for (off_t at = begin; at < begin + REC_RECORD_HEAD + 4; at++) {
        flip(at);
        struct rec_reader *rd = reading();
        assert_int_equal(rec_next(rd, &rc), ERR_OK);
        assert_int_equal(rc.kind, REC_CHECKPOINT);
        expect_end(rd);
        assert_true(rec_reader_skipped(rd) > 40); /* all of the second block */
        rec_reader_close(rd);
        flip(at);
    }
    for (off_t at = REC_HEAD; at < REC_HEAD + REC_BLOCK_HEAD; at++) {
        flip(at);
        struct rec_reader *rd = reading();
        expect_end(rd); /* the first block is gone, and with it the checkpoint */
        rec_reader_close(rd);
        flip(at);
    }
    struct rec_reader *rd = reading();
    int n = 0;
    while (rec_next(rd, &rc) == ERR_OK)
        n++;
    assert_int_equal(n, 303);
    rec_reader_close(rd);
}

/* A core that echoes its inputs, with a fault from some input on. */
static void run_core(struct rec_hash *h, struct str in, bool faulty)
{
    rec_hash_add(h, 40, in.p, in.n);
    if (in.n > 4)
        rec_hash_add(h, faulty ? 42 : 41, in.p, 4);
}

static bool replay(bool faulty, char *why, size_t why_n)
{
    struct rec_reader *rd = reading();
    struct rec_record rc;
    struct rec_hash h = {0};
    bool same = true;
    why[0] = '\0';
    while (same && rec_next(rd, &rc) == ERR_OK) {
        same = rc.kind == REC_OUTPUT ? rec_expect(&rc, &h, why, why_n)
                                     : rec_expect_none(&rc, &h, why, why_n);
        if (same && rc.kind >= REC_INPUT)
            run_core(&h, rc.data, faulty);
    }
    rec_reader_close(rd);
    return same;
}

static void test_replay_says_what_differs(void **state)
{
    (void)state;
    static const char *const inputs[] = {"a", "bb", "longer", "c"};
    struct rec *r = opened(MIB);
    struct rec_hash h = {0};
    char why[200];
    rec_checkpoint(r, 0, 0, "", 0);
    for (int i = 0; i < 4; i++) {
        rec_put(r, IN, 0, i, inputs[i], strlen(inputs[i]));
        run_core(&h, str_from(inputs[i]), false);
        rec_put_hash(r, 0, i, &h);
        assert_int_equal(h.n, 0);
        rec_put_hash(r, 0, i, &h); /* nothing given out: no record */
    }
    assert_true(replay(false, why, sizeof why));
    assert_string_equal(why, "");
    assert_false(replay(true, why, sizeof why));
    assert_memory_equal(why, "record 6 (core 0): output differs: recorded 2 outputs, hash ", 60);

    rec_put(r, IN, 0, 9, "silent", 6); /* its outputs are not recorded */
    rec_put(r, IN, 0, 9, "x", 1);
    assert_false(replay(false, why, sizeof why));
    assert_non_null(strstr(why, "record 10 (core 0): output differs: before it nothing"));
    rec_close(r);
}

static void test_hash_depends_on_everything(void **state)
{
    (void)state;
    struct rec_hash a = {0}, b = {0};
    rec_hash_add(&a, 1, "ab", 2);
    rec_hash_add(&b, 2, "ab", 2);
    assert_false(a.v == b.v);
    b = (struct rec_hash){0};
    rec_hash_add(&b, 1, "a", 1);
    rec_hash_add(&b, 1, "b", 1);
    assert_false(a.v == b.v);
    a = b = (struct rec_hash){0};
    rec_hash_add(&a, 1, "x", 1);
    rec_hash_add(&a, 1, "y", 1);
    rec_hash_add(&b, 1, "y", 1);
    rec_hash_add(&b, 1, "x", 1);
    assert_false(a.v == b.v);
}

int main(void)
{
#define REC_TEST(f) cmocka_unit_test_teardown(f, remove_files)
    const struct CMUnitTest tests[] = {
        REC_TEST(test_round_trip),
        REC_TEST(test_null_recorder_does_nothing),
        REC_TEST(test_file_is_made_safely),
        REC_TEST(test_unreadable_files),
        REC_TEST(test_ring_keeps_the_newest),
        REC_TEST(test_pause_keeps_what_can_be_replayed),
        REC_TEST(test_quiet_core_gives_way),
        REC_TEST(test_too_big_pauses),
        REC_TEST(test_all_cores_pause_at_once),
        REC_TEST(test_killed_process_leaves_everything),
        REC_TEST(test_damage_is_noticed),
        REC_TEST(test_replay_says_what_differs),
        cmocka_unit_test(test_hash_depends_on_everything),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
