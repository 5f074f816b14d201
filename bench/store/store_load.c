/* store_load DIR: what the store does with messages on the disk of DIR. One person writes to another, as many requests
 * under way as people who wait for their acknowledgement; each is acknowledged after the commit. Then a reader scrolls
 * while the writer writes, and at the end the store is started on what has been written. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "edge/store/db.h"
#include "edge/store/store.h"
#include "io/mailbox.h"

enum { SYNCS = 200, TEXT = 120, CAP = 1 << 20, MILLION = 1000000 };

static struct {
    char path[4096];
    struct mailbox *mail;
    struct store *store;
    uint64_t asked, answered, failed, named;
    int64_t asked_at[CAP]; /* by number */
    int64_t took[2][CAP];  /* of writes, of reads */
    size_t n_took[2];
} b;

static void die(const char *what)
{
    fprintf(stderr, "store_load: %s\n", what);
    exit(1);
}

static int by_size(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, c = *(const int64_t *)y;
    return (a > c) - (a < c);
}

static int64_t part(int64_t *v, size_t n, double p)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof *v, by_size);
    size_t i = (size_t)(p * (double)n);
    return v[i < n ? i : n - 1];
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the disk ---- */

static void measure_disk(const char *dir)
{
    char file[4096], page[4096] = {1};
    static int64_t took[SYNCS];
    snprintf(file, sizeof file, "%s/raw", dir);
    int fd = open(file, O_CREAT | O_TRUNC | O_RDWR, 0600);
    for (int i = 0; i < SYNCS; i++) {
        int64_t start = clock_mono_us();
        if (fd < 0 || pwrite(fd, page, sizeof page, i * (off_t)sizeof page) < 0 ||
            fdatasync(fd) != 0)
            die("the disk cannot be written");
        took[i] = clock_mono_us() - start;
    }
    close(fd);
    unlink(file);
    printf("fdatasync after 4 kB         median %" PRId64 " us, p99 %" PRId64 " us\n",
           part(took, SYNCS, 0.5), part(took, SYNCS, 0.99));
}

/* ---- requests ---- */

static bool deliver(void *ctx, struct store_letter *l)
{
    (void)ctx;
    return mailbox_post(b.mail, &l->letter);
}

static void on_letter(void *ctx, struct letter *l)
{
    struct store_letter *s = container_of(l, struct store_letter, letter);
    bool read = s->answer.proc == DB_HISTORY;
    (void)ctx;
    b.answered++;
    b.failed += s->answer.status != DB_OK;
    if (b.n_took[read] < CAP)
        b.took[read][b.n_took[read]++] = clock_mono_us() - b.asked_at[s->answer.number % CAP];
    letter_drop(l);
}

static void ask(enum db_proc proc, const struct val *args, unsigned n)
{
    uint64_t number = ++b.asked;
    b.asked_at[number % CAP] = clock_mono_us();
    if (!store_submit(b.store, &(struct db_request){proc, number, args, n}))
        die("the queue is full");
}

static void hear(uint64_t until)
{
    while (b.answered < until)
        if (mailbox_wait(b.mail, 60000))
            mailbox_take(b.mail, on_letter, NULL, 1024);
        else
            die("no answer within a minute");
    if (b.failed)
        die("a request failed: are the procedures others by now?");
}

static void say_something(void)
{
    static char text[TEXT];
    char client[32];
    memset(text, 'x', sizeof text);
    snprintf(client, sizeof client, "c%" PRIu64, ++b.named);
    struct val args[] = {VAL_I(5),
                         VAL_I(1),
                         VAL_T(str_from(client)),
                         VAL_I((int64_t)b.named),
                         VAL_T(str_of(text, 30 + b.named % (TEXT - 30))),
                         VAL_NONE,
                         VAL_I(0),
                         VAL_NONE,
                         VAL_NONE};
    ask(DB_MESSAGE_ADD, args, 9);
}

static void scroll(void)
{
    struct val args[] = {VAL_I(5), VAL_I(1), VAL_I((int64_t)(b.named / 2 + 50)), VAL_I(50),
                         VAL_I(0)};
    ask(DB_HISTORY, args, 5);
}

static void make_people(void)
{
    for (int id = 1; id <= 2; id++) {
        struct str name = id == 1 ? STR("mina") : STR("jun");
        struct val args[] = {VAL_I(id), VAL_T(name), VAL_T(name), VAL_T(name),      VAL_T(name),
                             VAL_I(0),  VAL_NONE,    VAL_I(0),    VAL_T(STR("ko")), VAL_I(1)};
        ask(DB_USER_ADD, args, 10);
    }
    struct val conv[] = {VAL_I(5), VAL_I(1), VAL_I(2), VAL_I(1),
                         VAL_I(0), VAL_I(0), VAL_I(1), VAL_I(1000)};
    ask(DB_CONV_DIRECT, conv, 8);
    hear(b.asked);
}

/* ---- measures ---- */

static int64_t start(void)
{
    char why[512];
    int64_t began = clock_mono_us();
    b.store =
        store_start(&(struct store_options){.path = b.path, .queue = 100000, .deliver = deliver},
                    why, sizeof why);
    if (!b.store)
        die(why);
    return clock_mono_us() - began;
}

/* `window` people write, each again when the one before was acknowledged; every 100th request scrolls, if asked. */
static void write_messages(unsigned window, uint64_t total, bool scrolling, bool quiet)
{
    struct store_stats before, after;
    uint64_t first = b.asked, sent = 0;
    int64_t began = clock_mono_us();
    double cpu = cpu_s();
    store_stats(b.store, &before);
    b.n_took[0] = b.n_took[1] = 0;
    while (sent < total) {
        while (sent < total && b.asked - b.answered < window) {
            if (scrolling && sent % 100 == 0)
                scroll();
            say_something();
            sent++;
        }
        hear(b.answered + 1);
    }
    hear(b.asked);
    double s = (double)(clock_mono_us() - began) / 1e6;
    store_stats(b.store, &after);
    if (quiet)
        return;
    printf("%5u under way: %7.0f acknowledged/s, %5.1f in a commit, median %6" PRId64
           " us, p99 %6" PRId64 " us, CPU %4.1f us each\n",
           window, (double)(b.asked - first) / s,
           (double)(after.committed - before.committed) / (double)(after.commits - before.commits),
           part(b.took[0], b.n_took[0], 0.5), part(b.took[0], b.n_took[0], 0.99),
           (cpu_s() - cpu) * 1e6 / (double)total);
    if (scrolling)
        printf("      scrolling beside it (50 messages): median %" PRId64 " us, p99 %" PRId64
               " us\n",
               part(b.took[1], b.n_took[1], 0.5), part(b.took[1], b.n_took[1], 0.99));
}

static void remove_files(void)
{
    static const char *const more[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char file[4200];
        snprintf(file, sizeof file, "%s%s", b.path, more[i]);
        unlink(file);
    }
}

int main(int argc, char **argv)
{
    static const unsigned windows[] = {1, 10, 100, 1000};
    if (argc != 2)
        die("store_load DIR");
    snprintf(b.path, sizeof b.path, "%.4000s/store_load.db", argv[1]);
    remove_files();
    measure_disk(argv[1]);
    b.mail = mailbox_new("bench", 65536);
    start();
    make_people();
    for (size_t i = 0; i < 4; i++)
        write_messages(windows[i], windows[i] * 100 < 50000 ? windows[i] * 300 : 50000, false,
                       false);
    write_messages(100, 30000, true, false);
    write_messages(1000, MILLION - b.named, false, true);
    store_stop(b.store);
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t took = start();
        best = took < best ? took : best;
        store_stop(b.store);
    }
    printf("start with %" PRIu64 " messages: %.1f ms\n", b.named, (double)best / 1000);
    mailbox_free(b.mail);
    remove_files();
    return 0;
}
