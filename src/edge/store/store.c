#include "edge/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "edge/store/db.h"
#include "edge/store/schema.h"

enum {
    QUEUE = 4096,
    QUEUE_BYTES = 64 << 20,
    GROUP_MAX = 1000,
    GROUP_BYTES = 8 << 20,
    ALONE_MAX = 8,        /* requests of a group that was not kept that may fail again */
    LOG_PAGES = 1000,     /* a log that has grown by so many is copied when nothing waits */
    LOG_PAGES_MAX = 8000, /* and by so many also when something does */
    ROWS_KEPT = 64 << 10,
    LOOK_US = 1000000, /* for changes by other processes */
    AGAIN_NS = 1000000
};

struct waiting {
    struct list link;
    size_t bytes;
    struct db_request request;
    struct val args[];
};

/* A request of the group under way, and its answer. */
struct entry {
    struct waiting *asked;
    struct store_letter *letter;
};

/* One of the threads. */
struct lane {
    struct store *store;
    const char *name;
    pthread_t thread;
    bool started;
    pthread_mutex_t
        lock; /* guards what follows up to `stopping`; never held while the database works */
    pthread_cond_t wake;
    struct list queue;
    unsigned waiting;
    size_t bytes;
    bool stopping;
    /* The thread's own. */
    struct db *db;
    struct buf rows;
    struct entry group[GROUP_MAX];
    enum db_status ill; /* what has been said of the disk in the log; DB_OK: it is well */
    bool shred;         /* deleted things are still in the log */
    int64_t data_version, look_at;
    int log_pages; /* when it was last copied */
};

struct store {
    struct store_options options;
    struct lane lanes[STORE_LANES];
    struct hist commit;
    _Atomic uint64_t answers[DB_STATUSES];
    _Atomic uint64_t refused, commits, committed, group_max, checkpoints, wal_pages, outside;
};

static void add(_Atomic uint64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}

static void set(_Atomic uint64_t *v, uint64_t n)
{
    atomic_store_explicit(v, n, memory_order_relaxed);
}

static uint64_t get(_Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

/* ---- requests ---- */

static struct waiting *copy_request(const struct db_request *rq)
{
    size_t head = sizeof(struct waiting) + rq->n_args * sizeof(struct val), bytes = head;
    for (unsigned i = 0; i < rq->n_args; i++)
        bytes += rq->args[i].s.n;
    struct waiting *w = xmalloc(bytes);
    char *at = (char *)w + head;
    w->bytes = bytes;
    w->request = *rq;
    w->request.args = w->args;
    for (unsigned i = 0; i < rq->n_args; i++) {
        w->args[i] = rq->args[i];
        if (w->args[i].s.n > 0)
            memcpy(at, rq->args[i].s.p, rq->args[i].s.n);
        w->args[i].s.p = at;
        at += w->args[i].s.n;
    }
    return w;
}

static bool acceptable(const struct db_request *rq)
{
    size_t bytes = 0;
    if (!schema_proc(rq->proc) || rq->n_args > DB_ARGS_MAX)
        return false;
    for (unsigned i = 0; i < rq->n_args; i++)
        bytes += rq->args[i].s.n;
    return bytes <= DB_BYTES_MAX;
}

static bool enqueue(struct lane *l, struct waiting *w)
{
    unsigned cap = l->store->options.queue;
    pthread_mutex_lock(&l->lock);
    bool room = !l->stopping && l->waiting < cap && l->bytes + w->bytes <= QUEUE_BYTES;
    if (room) {
        list_push_back(&l->queue, &w->link);
        l->bytes += w->bytes;
        if (l->waiting++ == 0)
            pthread_cond_signal(&l->wake);
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

bool store_submit(struct store *s, const struct db_request *rq)
{
    if (!acceptable(rq)) {
        log_error("store", NULL, "a request is too big or unknown (procedure %d)", (int)rq->proc);
        return false;
    }
    struct waiting *w = copy_request(rq);
    bool read = schema_proc(rq->proc)->mode == DB_READ;
    if (enqueue(&s->lanes[read ? STORE_READER : STORE_WRITER], w))
        return true;
    add(&s->refused, 1);
    xfree(w);
    return false;
}

/* Waits until something is in the queue or it is time to look around, and takes a group. False: the end. */
static bool take_group(struct lane *l, struct list *group)
{
    size_t n = 0, bytes = 0;
    struct timespec until;
    int64_t at = clock_mono_us() + LOOK_US;
    until = (struct timespec){at / US_PER_S, at % US_PER_S * 1000};
    pthread_mutex_lock(&l->lock);
    while (!l->stopping && l->waiting == 0)
        if (pthread_cond_timedwait(&l->wake, &l->lock, &until) == ETIMEDOUT)
            break;
    bool more = l->waiting > 0 || !l->stopping;
    while (l->waiting > 0 && n < GROUP_MAX && bytes < GROUP_BYTES) {
        struct waiting *w = container_of(list_pop_front(&l->queue), struct waiting, link);
        list_push_back(group, &w->link);
        bytes += w->bytes;
        l->bytes -= w->bytes;
        l->waiting--;
        n++;
    }
    pthread_mutex_unlock(&l->lock);
    return more;
}

static bool stopping(struct lane *l, bool *idle)
{
    pthread_mutex_lock(&l->lock);
    bool yes = l->stopping;
    if (idle)
        *idle = l->waiting == 0;
    pthread_mutex_unlock(&l->lock);
    return yes;
}

/* ---- answers ---- */

static void letter_free(struct letter *self)
{
    xfree(container_of(self, struct store_letter, letter));
}

static struct store_letter *letter_new(const struct store *s, const struct db_request *rq,
                                       enum db_status status, struct str rows)
{
    struct store_letter *l = xmalloc(sizeof *l + rows.n);
    l->letter = (struct letter){.kind = s->options.kind, .drop = letter_free};
    l->answer = (struct db_answer){rq->proc, rq->number, status, str_of(l->rows, rows.n)};
    if (rows.n > 0)
        memcpy(l->rows, rows.p, rows.n);
    return l;
}

static void deliver(struct lane *l, struct store_letter *letter)
{
    const struct timespec pause = {.tv_nsec = AGAIN_NS};
    struct store *s = l->store;
    add(&s->answers[letter->answer.status], 1);
    while (!s->options.deliver(s->options.ctx, letter)) {
        if (stopping(l, NULL)) {
            letter_drop(&letter->letter);
            return;
        }
        nanosleep(&pause, NULL);
    }
}

/* The log says once that the disk is ill, and once that it is well again. */
static void note_health(struct lane *l, enum db_status status)
{
    if (status == l->ill || status == DB_CONFLICT || status == DB_REFUSED)
        return;
    l->ill = status;
    if (status == DB_OK)
        log_info("store", NULL, "the database works again");
    else if (status == DB_FULL)
        log_error("store", NULL, "the disk is full: nothing is stored until there is room");
    else if (status == DB_BUSY)
        log_warn("store", NULL, "another process keeps the database locked");
    else
        log_error("store", NULL, "the database does not work: %s", db_error(l->db));
}

/* ---- the writer ---- */

static struct store_letter *run_one(struct lane *l, const struct db_request *rq,
                                    enum db_status begun)
{
    buf_reset(&l->rows);
    enum db_status status = begun == DB_OK ? db_run(l->db, rq, &l->rows) : begun;
    struct str rows = status == DB_OK ? buf_str(&l->rows) : STR_NONE;
    struct store_letter *letter = letter_new(l->store, rq, status, rows);
    if (l->rows.cap > ROWS_KEPT)
        buf_free(&l->rows);
    return letter;
}

static bool is_write(const struct waiting *w)
{
    return schema_proc(w->request.proc)->mode == DB_WRITE;
}

/* A group was not kept (or never begun): what was done there was not done, and what was read and decided there is not
 * so. Each is run again alone, so that one that is too big for the disk harms no other; but a disk that fails goes
 * on failing, and may take its time for it: after `tries` failures it is taken at its word. */
static void run_alone(struct lane *l, unsigned n, enum db_status why, unsigned tries)
{
    for (unsigned i = 0; i < n; i++) {
        struct entry *e = &l->group[i];
        bool write = is_write(e->asked);
        letter_drop(e->letter ? &e->letter->letter : NULL);
        e->letter = run_one(l, &e->asked->request, write && tries == 0 ? why : DB_OK);
        enum db_status status = e->letter->answer.status;
        if (write && (status == DB_FAILED || status == DB_BUSY) && tries > 0)
            tries--;
    }
}

/* Not DB_OK: SQLite has taken the whole group back, since it could not go on. */
static enum db_status run_together(struct lane *l, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        l->group[i].letter = run_one(l, &l->group[i].asked->request, DB_OK);
        if (!db_in_group(l->db))
            return l->group[i].letter->answer.status;
    }
    return DB_OK;
}

static bool shreds(enum db_proc proc)
{
    const struct sql_proc *sql = schema_proc(proc)->sql;
    for (unsigned i = 0; sql && i < SQL_STEPS_MAX && sql->steps[i].sql; i++)
        if (sql->steps[i].shred)
            return true;
    return false;
}

static enum db_status commit(struct lane *l, unsigned n)
{
    struct store *s = l->store;
    int64_t start = clock_mono_us();
    enum db_status status = db_commit(l->db);
    if (status == DB_OK) {
        hist_observe(&s->commit, clock_mono_us() - start);
        add(&s->commits, 1);
        add(&s->committed, n);
        set(&s->group_max, MAX_OF(get(&s->group_max), n));
        set(&s->wal_pages, (uint64_t)db_wal_pages(l->db));
    }
    if (status == DB_OK)
        note_health(l, status);
    return status;
}

/* Fills l->group; its letters may be delivered when it returns. */
static unsigned run_group(struct lane *l, struct list *requests)
{
    unsigned n = 0, writes = 0;
    struct list *it;
    while ((it = list_pop_front(requests))) {
        struct waiting *w = container_of(it, struct waiting, link);
        l->group[n++] = (struct entry){w, NULL};
        writes += is_write(w);
        l->shred |= shreds(w->request.proc);
    }
    enum db_status status = writes ? db_begin(l->db) : DB_BUSY;
    bool begun = status == DB_OK;
    if (begun)
        status = run_together(l, n);
    if (begun && status == DB_OK)
        status = commit(l, n);
    if (status != DB_OK) {
        if (writes)
            note_health(l, status);
        run_alone(l, n, status, begun ? ALONE_MAX : 0);
    }
    return n;
}

static void look_outside(struct lane *l)
{
    int64_t now = clock_mono_us();
    if (now < l->look_at)
        return;
    l->look_at = now + LOOK_US;
    int64_t version = db_data_version(l->db);
    if (version != l->data_version && version >= 0 && l->data_version >= 0) {
        add(&l->store->outside, 1);
        deliver(l, letter_new(l->store, &(struct db_request){0}, DB_OK, STR_NONE));
    }
    l->data_version = version;
}

/* After the answers, so that nobody waits for it: copies the log into the database. */
static void tidy(struct lane *l)
{
    bool idle;
    int pages = db_wal_pages(l->db), grown = pages - (pages < l->log_pages ? 0 : l->log_pages);
    stopping(l, &idle);
    if (l->shred && idle && db_shred(l->db))
        l->shred = false;
    else if (grown < LOG_PAGES || (!idle && grown < LOG_PAGES_MAX))
        return;
    else
        db_checkpoint(l->db);
    l->log_pages = db_wal_pages(l->db);
    set(&l->store->wal_pages, (uint64_t)l->log_pages);
    add(&l->store->checkpoints, 1);
}

static void run_writer(struct lane *l)
{
    struct list requests;
    list_init(&requests);
    l->data_version = db_data_version(l->db);
    while (take_group(l, &requests)) {
        unsigned n = list_empty(&requests) ? 0 : run_group(l, &requests);
        for (unsigned i = 0; i < n; i++) {
            xfree(l->group[i].asked);
            deliver(l, l->group[i].letter);
        }
        look_outside(l);
        tidy(l);
    }
}

/* ---- the reader ---- */

static void run_reader(struct lane *l)
{
    struct list requests, *it;
    list_init(&requests);
    while (take_group(l, &requests)) {
        while ((it = list_pop_front(&requests))) {
            struct waiting *w = container_of(it, struct waiting, link);
            struct store_letter *letter = run_one(l, &w->request, DB_OK);
            xfree(w);
            deliver(l, letter);
        }
    }
}

/* ---- life ---- */

static void *run(void *arg)
{
    struct lane *l = arg;
    pthread_setname_np(pthread_self(), l->name);
    if (l == &l->store->lanes[STORE_WRITER])
        run_writer(l);
    else
        run_reader(l);
    return NULL;
}

static void lane_init(struct store *s, unsigned i)
{
    static const char *const names[STORE_LANES] = {"store", "store-read"};
    struct lane *l = &s->lanes[i];
    pthread_condattr_t attr;
    l->store = s;
    l->name = names[i];
    list_init(&l->queue);
    buf_init(&l->rows, DB_ROWS_MAX + 4096);
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* the wall clock may jump */
    pthread_cond_init(&l->wake, &attr);
    pthread_condattr_destroy(&attr);
}

static bool lane_start(struct lane *l, char *err, size_t errlen)
{
    int e = thread_start(&l->thread, run, l);
    if (e != 0)
        snprintf(err, errlen, "The store's thread cannot be started: %s.", strerror(e));
    return l->started = e == 0;
}

static void lane_stop(struct lane *l)
{
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
    if (l->started)
        pthread_join(l->thread, NULL);
    db_close(l->db);
    buf_free(&l->rows);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wake);
}

struct store *store_start(const struct store_options *options, char *err, size_t errlen)
{
    struct store *s = xcalloc(1, sizeof *s);
    struct db_conf conf = {
        .vfs = options->vfs, .max_pages = options->max_pages, .own_checkpoints = true};
    s->options = *options;
    s->options.queue = options->queue ? options->queue : QUEUE;
    for (unsigned i = 0; i < STORE_LANES; i++)
        lane_init(s, i);
    s->lanes[STORE_WRITER].db = db_open(options->path, &conf, err, errlen);
    conf.reader = true;
    if (s->lanes[STORE_WRITER].db)
        s->lanes[STORE_READER].db = db_open(options->path, &conf, err, errlen);
    if (!s->lanes[STORE_READER].db || !lane_start(&s->lanes[STORE_WRITER], err, errlen) ||
        !lane_start(&s->lanes[STORE_READER], err, errlen)) {
        store_stop(s);
        return NULL;
    }
    return s;
}

void store_stop(struct store *s)
{
    if (!s)
        return;
    /* The reader first: the last connection that closes copies the log and removes it. */
    lane_stop(&s->lanes[STORE_READER]);
    lane_stop(&s->lanes[STORE_WRITER]);
    xfree(s);
}

void store_stats(struct store *s, struct store_stats *out)
{
    *out = (struct store_stats){
        .refused = get(&s->refused),
        .commits = get(&s->commits),
        .committed = get(&s->committed),
        .group_max = get(&s->group_max),
        .checkpoints = get(&s->checkpoints),
        .wal_pages = get(&s->wal_pages),
        .outside = get(&s->outside),
        .commit = &s->commit,
    };
    for (unsigned i = 0; i < DB_STATUSES; i++)
        out->answers[i] = get(&s->answers[i]);
    for (unsigned i = 0; i < STORE_LANES; i++) {
        pthread_mutex_lock(&s->lanes[i].lock);
        out->waiting[i] = s->lanes[i].waiting;
        pthread_mutex_unlock(&s->lanes[i].lock);
    }
}
