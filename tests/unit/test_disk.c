/* Files beside the database: pieces, names, quota, what a full or broken disk answers, and the thread. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "edge/store/disk.h"
#include "io/mailbox.h"

static char top[] = "/tmp/madang-disk-XXXXXX";
static uint8_t into[DISK_PIECE_MAX];
static struct disk_answer got;

static struct disk *fresh(uint64_t max)
{
    static int n;
    char dir[80], err[400];
    snprintf(dir, sizeof dir, "%s/%d", top, ++n);
    struct disk *d = disk_open(&(struct disk_conf){.dir = dir, .bytes_max = max}, err, sizeof err);
    if (!d)
        fail_msg("%s", err);
    return d;
}

#define NAME(area, id, part) ((struct disk_name){area, id, part})

static enum disk_status put(struct disk *d, struct disk_name name, uint64_t at, const char *text)
{
    disk_do(d,
            &(struct disk_request){.op = DISK_WRITE,
                                   .number = 7,
                                   .name = name,
                                   .at = at,
                                   .sync = true,
                                   .data = str_from(text)},
            into, &got);
    assert_true(got.op == DISK_WRITE && got.number == 7);
    return got.status;
}

static enum disk_status get(struct disk *d, struct disk_name name, uint64_t at, uint32_t n)
{
    disk_do(d, &(struct disk_request){.op = DISK_READ, .name = name, .at = at, .n = n}, into, &got);
    return got.status;
}

static enum disk_status move(struct disk *d, struct disk_name name, struct disk_name to)
{
    disk_do(d, &(struct disk_request){.op = DISK_RENAME, .name = name, .to = to}, into, &got);
    return got.status;
}

static enum disk_status drop(struct disk *d, struct disk_name name)
{
    disk_do(d, &(struct disk_request){.op = DISK_UNLINK, .name = name}, into, &got);
    return got.status;
}

static void files_are_written_and_read_in_pieces(void **state)
{
    (void)state;
    struct disk *d = fresh(0);
    struct disk_name a = NAME(DISK_UPLOAD, UINT64_MAX, UINT32_MAX);
    assert_int_equal(get(d, a, 0, 10), DISK_MISSING);
    assert_int_equal(put(d, a, 0, "hello "), DISK_OK);
    assert_int_equal(got.size, 6);
    assert_int_equal(put(d, a, 6, "world"), DISK_OK);
    assert_int_equal(put(d, a, 12, "a gap"), DISK_FAILED); /* it ends at 11 */
    assert_int_equal(get(d, a, 0, 100), DISK_OK);
    assert_true(got.size == 11 && str_eq(got.data, STR("hello world")));
    assert_int_equal(get(d, a, 6, 3), DISK_OK);
    assert_true(str_eq(got.data, STR("wor")));
    assert_int_equal(get(d, a, 0, 0), DISK_OK); /* the size alone */
    assert_true(got.size == 11 && got.data.n == 0);
    assert_int_equal(get(d, a, 99, 10), DISK_OK);
    assert_int_equal(got.data.n, 0);
    assert_int_equal(put(d, a, 0, "J"), DISK_OK); /* again, within it */
    assert_int_equal(got.size, 11);
    assert_int_equal(get(d, NAME(DISK_UPLOAD, UINT64_MAX, 0), 0, 10), DISK_MISSING);
    assert_int_equal(get(d, NAME(DISK_FILE, UINT64_MAX, UINT32_MAX), 0, 10), DISK_MISSING);
    assert_int_equal(get(d, NAME((enum disk_area)9, 1, 1), 0, 10), DISK_FAILED);
    disk_close(d);
}

static void names_change_and_go(void **state)
{
    (void)state;
    struct disk *d = fresh(0);
    struct disk_name up = NAME(DISK_UPLOAD, 5, 0), file = NAME(DISK_FILE, 0x1234, 1);
    put(d, up, 0, "new");
    put(d, file, 0, "older");
    assert_int_equal(disk_bytes(d), 8);
    assert_int_equal(move(d, up, file), DISK_OK);
    assert_int_equal(got.size, 3);
    assert_int_equal(disk_bytes(d), 3);
    assert_int_equal(get(d, up, 0, 9), DISK_MISSING);
    assert_int_equal(get(d, file, 0, 9), DISK_OK);
    assert_true(str_eq(got.data, STR("new")));
    assert_int_equal(move(d, up, file), DISK_MISSING);
    assert_int_equal(drop(d, file), DISK_OK);
    assert_int_equal(drop(d, file), DISK_OK);
    assert_int_equal(disk_bytes(d), 0);
    disk_close(d);
}

/* What was moved or dropped while its next piece was on the way does not come back. */
static void late_pieces_make_no_file(void **state)
{
    (void)state;
    struct disk *d = fresh(0);
    struct disk_name up = NAME(DISK_UPLOAD, 5, 0);
    struct disk_request rq = {.op = DISK_WRITE, .name = up, .there = true, .data = STR("piece")};
    disk_do(d, &rq, into, &got);
    assert_int_equal(got.status, DISK_MISSING);
    assert_int_equal(put(d, up, 0, ""), DISK_OK); /* made by writing nothing */
    assert_int_equal(got.size, 0);
    disk_do(d, &rq, into, &got);
    assert_true(got.status == DISK_OK && got.size == 5);
    assert_int_equal(drop(d, up), DISK_OK);
    disk_do(d, &rq, into, &got);
    assert_int_equal(got.status, DISK_MISSING);
    assert_int_equal(get(d, up, 0, 9), DISK_MISSING);
    assert_int_equal(disk_bytes(d), 0);
    disk_close(d);
}

static void quota_and_restart(void **state)
{
    (void)state;
    char dir[80], err[400];
    snprintf(dir, sizeof dir, "%s/quota", top);
    struct disk_conf conf = {.dir = dir, .bytes_max = 10};
    struct disk *d = disk_open(&conf, err, sizeof err);
    struct disk_name a = NAME(DISK_AVATAR, 1, 96), up = NAME(DISK_UPLOAD, 2, 0);
    assert_int_equal(put(d, a, 0, "123456"), DISK_OK);
    assert_int_equal(put(d, up, 0, "1234"), DISK_OK);
    assert_int_equal(put(d, up, 4, "5"), DISK_FULL);
    struct disk_answer ahead;
    struct disk_request rq = {.op = DISK_WRITE, .name = up, .room = 4};
    disk_do(d, &rq, NULL, &ahead);
    assert_int_equal(ahead.status, DISK_OK);
    rq.room = 5; /* nothing is written, but more would not fit */
    disk_do(d, &rq, NULL, &ahead);
    assert_int_equal(ahead.status, DISK_FULL);
    assert_int_equal(put(d, up, 0, "4321"), DISK_OK); /* takes no more than before */
    disk_close(d);
    d = disk_open(&conf, err, sizeof err);
    assert_int_equal(disk_bytes(d), 6); /* what was on its way is gone */
    assert_int_equal(get(d, up, 0, 9), DISK_MISSING);
    assert_int_equal(get(d, a, 0, 9), DISK_OK);
    struct stat st;
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    disk_close(d);
    snprintf(dir, sizeof dir, "%s/no/such/place", top);
    assert_null(disk_open(&conf, err, sizeof err));
    assert_non_null(strstr(err, "cannot be used"));
}

/* A limit on the size of files is what a full disk looks like from here. */
static void a_full_disk_keeps_whole_pieces(void **state)
{
    (void)state;
    struct disk *d = fresh(0);
    struct disk_name a = NAME(DISK_FILE, 3, 0);
    struct rlimit before, small = {8, 8};
    assert_int_equal(put(d, a, 0, "12345"), DISK_OK);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    enum disk_status status = put(d, a, 5, "678901");
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, DISK_FULL);
    assert_int_equal(get(d, a, 0, 100), DISK_OK);
    assert_true(str_eq(got.data, STR("12345")));
    assert_int_equal(disk_bytes(d), 5);
    assert_int_equal(put(d, a, 5, "678901"), DISK_OK);
    disk_close(d);
}

static void nothing_is_followed(void **state)
{
    (void)state;
    char dir[80], path[120], err[400];
    snprintf(dir, sizeof dir, "%s/links", top);
    struct disk *d = disk_open(&(struct disk_conf){.dir = dir}, err, sizeof err);
    put(d, NAME(DISK_FILE, 0x109, 0), 0, "makes the folder");
    snprintf(path, sizeof path, "%s/file/09/0000000000000009-0", dir);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(get(d, NAME(DISK_FILE, 9, 0), 0, 10), DISK_FAILED);
    assert_int_equal(put(d, NAME(DISK_FILE, 9, 0), 0, "x"), DISK_FAILED);
    disk_close(d);
}

/* Written by the recording thread. */
static void recordings_are_read_and_removed(void **state)
{
    (void)state;
    char dir[80], all[100], path[160], err[400];
    const struct disk_name camera = NAME(DISK_RECORDING, 0x109, disk_recording_part(1, 1, false));
    snprintf(dir, sizeof dir, "%s/beside", top);
    snprintf(all, sizeof all, "%s/recordings", top);
    struct disk *d = disk_open(&(struct disk_conf){.dir = dir, .recordings = all}, err, sizeof err);
    assert_non_null(d);
    snprintf(path, sizeof path, "%s/09", all);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/09/0000000000000109", all);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/09/0000000000000109/0001-camera.webm", all);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("a picture", f);
    fclose(f);
    assert_int_equal(get(d, camera, 2, 100), DISK_OK);
    assert_true(str_eq(got.data, STR("picture")));
    assert_int_equal(get(d, NAME(DISK_RECORDING, 0x109, 0), 0, 9), DISK_MISSING);
    assert_int_equal(put(d, camera, 0, "another"), DISK_FAILED);
    assert_int_equal(disk_bytes(d), 0);
    struct disk_request rq = {.op = DISK_UNLINK,
                              .name = NAME(DISK_RECORDING, 0x109, DISK_RECORDING_ALL)};
    for (int i = 0; i < 2; i++) { /* what isn't there is gone, too */
        disk_do(d, &rq, into, &got);
        assert_int_equal(got.status, DISK_OK);
        assert_int_equal(get(d, camera, 0, 9), DISK_MISSING);
    }
    rq = (struct disk_request){.op = DISK_RENAME, .name = camera, .to = NAME(DISK_FILE, 1, 0)};
    disk_do(d, &rq, into, &got);
    assert_int_equal(got.status, DISK_FAILED);
    disk_close(d);
}

/* ---- the thread ---- */

enum { KIND = 99, MANY = 100 };

static struct mailbox *mail;
static unsigned heard;

static bool deliver(void *ctx, struct disk_letter *l)
{
    (void)ctx;
    return mailbox_post(mail, &l->letter);
}

static void hear(void *ctx, struct letter *l)
{
    const struct disk_answer *a = &((struct disk_letter *)l)->answer;
    (void)ctx;
    assert_int_equal(l->kind, KIND);
    assert_int_equal(a->number, heard); /* in order */
    assert_int_equal(a->status, DISK_OK);
    if (a->op == DISK_READ)
        assert_true(a->data.n == 4 && memcmp(a->data.p, "word", 4) == 0);
    heard++;
    letter_drop(l);
}

static void the_thread_answers_in_order(void **state)
{
    (void)state;
    heard = 0;
    mail = mailbox_new("test", 1024);
    struct disk_thread *t = disk_start(
        fresh(0), &(struct disk_options){.kind = KIND, .deliver = deliver, .queue = 2 * MANY});
    assert_non_null(t);
    for (unsigned i = 0; i < MANY; i++) {
        char word[] = "word";
        assert_true(
            disk_submit(t, &(struct disk_request){.op = i % 2 ? DISK_READ : DISK_WRITE,
                                                  .number = i,
                                                  .name = NAME(DISK_FILE, i / 2, 0),
                                                  .n = 10,
                                                  .data = i % 2 ? STR_NONE : str_from(word)}));
        memset(word, 0, sizeof word); /* it was copied */
    }
    while (heard < MANY && mailbox_wait(mail, 10000))
        mailbox_take(mail, hear, NULL, MANY);
    assert_int_equal(heard, MANY);
    struct disk_stats stats;
    disk_stats(t, &stats);
    assert_true(stats.bytes == MANY / 2 * 4 && stats.waiting == 0 && stats.refused == 0);
    assert_int_equal(stats.answers[DISK_OK], MANY);
    disk_stop(t);
    mailbox_free(mail);
}

/* A mailbox that takes nothing holds the thread: so the queue can be filled. */
static bool refuse(void *ctx, struct disk_letter *l)
{
    (void)ctx;
    (void)l;
    return false;
}

static void the_queue_has_an_end(void **state)
{
    (void)state;
    struct disk_thread *t = disk_start(
        fresh(0), &(struct disk_options){.deliver = refuse, .queue = 4, .queue_bytes = 100});
    struct disk_request rq = {.op = DISK_WRITE, .name = NAME(DISK_FILE, 1, 0), .data = STR("x")};
    char much[101] = "";
    unsigned taken = 0;
    while (disk_submit(t, &rq))
        taken++;
    assert_true(taken >= 4 && taken <= 5);
    disk_stop(t);
    t = disk_start(fresh(0), &(struct disk_options){.deliver = refuse, .queue_bytes = 100});
    rq.data = str_of(much, sizeof much);
    assert_false(disk_submit(t, &rq));
    disk_stop(t);
    disk_stop(NULL);
}

static int begin(void **state)
{
    (void)state;
    log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* it tells of each error */
    return mkdtemp(top) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_and_read_in_pieces),
        cmocka_unit_test(names_change_and_go),
        cmocka_unit_test(late_pieces_make_no_file),
        cmocka_unit_test(quota_and_restart),
        cmocka_unit_test(a_full_disk_keeps_whole_pieces),
        cmocka_unit_test(nothing_is_followed),
        cmocka_unit_test(recordings_are_read_and_removed),
        cmocka_unit_test(the_thread_answers_in_order),
        cmocka_unit_test(the_queue_has_an_end),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
