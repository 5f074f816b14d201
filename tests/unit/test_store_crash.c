/* kill -9 at random moments under load: what the store had answered is there, requests of several steps are whole, and
 * the database is sound. CRASH_ROUNDS (18, less under sanitizers; make crash: 200), CRASH_SEED. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/log.h"
#include "db_requests.h"
#include "edge/store/db_int.h"
#include "edge/store/store.h"
#include "io/mailbox.h"
#include "unit/slow.h"

enum { UNDER_WAY = 300, ACKS_MAX = 3000, USERS = 2 };

/* Number n is call n (two lines of history), the message that its author calls n, or key n. */
struct prey {
    struct mailbox *mail;
    struct store *store;
    uint64_t asked, answered;
    int pipe;
};

enum { CALL, MESSAGE, VALUE, KINDS, CONV = 5 };

static unsigned kind_of(uint64_t n)
{
    return n % KINDS;
}

static bool deliver(void *ctx, struct store_letter *l)
{
    struct prey *p = ctx;
    return mailbox_post(p->mail, &l->letter);
}

static void ask(struct prey *p)
{
    char key[32], value[600];
    uint64_t n = ++p->asked;
    snprintf(key, sizeof key, "k%llu", (unsigned long long)n);
    memset(value, 'v', sizeof value);
    struct val set[] = {VAL_T(str_from(key)), VAL_T(str_of(value, n % sizeof value))};
    struct val args[REQUEST_ARGS];
    struct db_request rq = {DB_SETTING_SET, n, set, 2};
    if (kind_of(n) == CALL)
        rq = request_call(args, n, 1, 2);
    else if (kind_of(n) == MESSAGE)
        rq = request_message(args, CONV, 1, key, "some words of a message");
    rq.number = n;
    if (!store_submit(p->store, &rq))
        _exit(3);
}

/* Told to the parent: this one is stored. */
static void on_letter(void *ctx, struct letter *l)
{
    struct prey *p = ctx;
    struct store_letter *s = container_of(l, struct store_letter, letter);
    uint64_t n = s->answer.number;
    if (s->answer.status != DB_OK)
        _exit(4);
    if (write(p->pipe, &n, sizeof n) != sizeof n)
        _exit(5);
    p->answered++;
    letter_drop(l);
}

static void live(const char *path, uint64_t from, int out)
{
    char why[512];
    struct prey p = {
        .mail = mailbox_new("crash", 4096), .asked = from, .answered = from, .pipe = out};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    p.store = store_start(&(struct store_options){.path = path, .deliver = deliver, .ctx = &p}, why,
                          sizeof why);
    if (!p.store)
        _exit(6);
    for (;;) {
        while (p.asked - p.answered < UNDER_WAY)
            ask(&p);
        if (mailbox_wait(p.mail, 60000))
            mailbox_take(p.mail, on_letter, &p, UNDER_WAY);
    }
}

struct hunt {
    char dir[64], path[96];
    uint64_t random, last; /* last: the highest number that may have been asked */
    uint8_t *acked;
    size_t cap;
};

static uint32_t draw(struct hunt *h, uint32_t below)
{
    h->random = h->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(h->random >> 33) % below;
}

static void note(struct hunt *h, uint64_t n)
{
    if (n >= h->cap) {
        size_t cap = (size_t)n * 2;
        h->acked = realloc(h->acked, cap);
        memset(h->acked + h->cap, 0, cap - h->cap);
        h->cap = cap;
    }
    h->acked[n] = 1;
    h->last = n > h->last ? n : h->last;
}

/* A life that ends after a number of acknowledgements that nobody knows before. */
static void round_of(struct hunt *h)
{
    int fds[2];
    uint64_t n;
    uint32_t until = 1 + draw(h, draw(h, 4) ? ACKS_MAX : 20);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        live(h->path, h->last + UNDER_WAY, fds[1]);
    }
    close(fds[1]);
    for (uint32_t i = 0; i < until; i++) {
        if (read(fds[0], &n, sizeof n) != sizeof n)
            fail_msg("the store ended by itself");
        note(h, n);
    }
    kill(pid, SIGKILL);
    while (read(fds[0], &n, sizeof n) == sizeof n)
        note(h, n);
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool is_there(struct db *db, uint64_t n)
{
    static const char *const where[] = {
        [CALL] = "call WHERE id = ",
        [MESSAGE] = "message WHERE author = 1 AND conv = 5 AND client = 'k",
        [VALUE] = "setting WHERE key = 'k"};
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s%llu%s", where[kind_of(n)],
             (unsigned long long)n, kind_of(n) == CALL ? "" : "'");
    return db_pragma(db, sql) == 1;
}

/* from: what was acknowledged before is looked at in the last round again. */
static void look(struct hunt *h, unsigned round, uint64_t from)
{
    char why[512];
    struct buf out;
    struct db *db = db_open(h->path, &(struct db_conf){0}, why, sizeof why);
    if (!db)
        fail_msg("%s", why);
    buf_init(&out, 1 << 16);
    if (!db_check(db, &out))
        fail_msg("round %u: " PRIstr, round, STR_ARG(buf_str(&out)));
    buf_free(&out);
    for (uint64_t n = from; n <= h->last; n++)
        if (h->acked[n] && !is_there(db, n))
            fail_msg("round %u: number %llu was acknowledged and is not there", round,
                     (unsigned long long)n);
    assert_int_equal(db_pragma(db, "SELECT count(*) FROM call_party"),
                     2 * db_pragma(db, "SELECT count(*) FROM call"));
    assert_int_equal(db_pragma(db, "SELECT count(*) - coalesce(max(seq), 0) FROM message"), 0);
    if (from == 1)
        assert_true(index_is_whole(db));
    db_close(db);
}

static void make_people(struct hunt *h)
{
    char why[512];
    struct buf rows;
    struct db *db = db_open(h->path, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(db);
    buf_init(&rows, 4096);
    for (uint64_t id = 1; id <= USERS; id++) {
        struct val args[REQUEST_ARGS];
        struct db_request rq = request_user(args, id, id == 1 ? "mina" : "jun");
        assert_int_equal(db_run(db, &rq, &rows), DB_OK);
    }
    struct val args[REQUEST_ARGS];
    struct db_request rq = request_conv(args, CONV, 1, 2);
    assert_int_equal(db_run(db, &rq, &rows), DB_OK);
    buf_free(&rows);
    db_close(db);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t v = otherwise;
    if (text)
        assert_true(str_to_u64(str_from(text), UINT64_MAX, &v));
    return v;
}

static void test_nothing_acknowledged_is_lost(void **state)
{
    static const char *const more[] = {"", "-wal", "-shm"};
    struct hunt h = {.random = number("CRASH_SEED", 1), .cap = 1};
    uint64_t rounds = number("CRASH_ROUNDS", 18 / SLOW);
    (void)state;
    snprintf(h.dir, sizeof h.dir, "/tmp/madang-crash-XXXXXX");
    assert_non_null(mkdtemp(h.dir));
    snprintf(h.path, sizeof h.path, "%s/madang.db", h.dir);
    h.acked = calloc(1, 1);
    make_people(&h);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t from = h.last + 1;
        round_of(&h);
        look(&h, i, i + 1 < rounds ? from : 1);
    }
    if (rounds > 15)
        printf("%llu kills, %llu requests asked, none lost that was acknowledged\n",
               (unsigned long long)rounds, (unsigned long long)h.last);
    free(h.acked);
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", h.path, more[i]);
        unlink(path);
    }
    rmdir(h.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_acknowledged_is_lost)};
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
