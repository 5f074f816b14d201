#include "edge/store/password.h"

#include <argon2.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/util.h"
#include "edge/store/weak.h"

enum {
    HASH_BYTES = 32,
    BLOB_MAX = 64, /* salt or hash in a text that we read */
    MEMORY_KB = 19456,
    MEMORY_KB_MAX = 256 * 1024,
    PASSES = 2,
    PASSES_MAX = 16,
    LANES_MAX = 4,
    QUEUE = 64,
    NICE = 10, /* a ninth of a processor that others want, too */
    SECRET_MAX = PASSWORD_MAX * 4
};

/* ---- argon2id ---- */

/* Straight from the system and back to it: the heap of a thread would keep 19 MiB for ever. */
static int map_memory(uint8_t **memory, size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *memory = p == MAP_FAILED ? NULL : p;
    return p == MAP_FAILED ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

static void unmap_memory(uint8_t *memory, size_t bytes)
{
    munmap(memory, bytes);
}

struct recipe {
    uint32_t memory_kb, passes, lanes;
    uint8_t salt[BLOB_MAX], hash[BLOB_MAX];
    size_t salt_len, hash_len;
};

/* Fills r->hash. The library wipes its blocks before it gives them back. */
static bool cook(struct str password, struct recipe *r)
{
    argon2_context c = {
        .out = r->hash,
        .outlen = (uint32_t)r->hash_len,
        .pwd = (uint8_t *)password.p,
        .pwdlen = (uint32_t)password.n,
        .salt = r->salt,
        .saltlen = (uint32_t)r->salt_len,
        .t_cost = r->passes,
        .m_cost = r->memory_kb,
        .lanes = r->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = map_memory,
        .free_cbk = unmap_memory,
        .flags = ARGON2_DEFAULT_FLAGS,
    };

    return argon2id_ctx(&c) == ARGON2_OK;
}

/* The text form wants base64 without padding, base/code.h has it with. */
static void put_blob(char *out, size_t cap, const uint8_t *blob, size_t len)
{
    size_t n = b64_encode(out, cap, blob, len);

    while (n > 0 && out[n - 1] == '=')
        out[--n] = 0;
}

static bool get_blob(struct str text, uint8_t out[BLOB_MAX], size_t *len)
{
    char padded[BLOB_MAX * 2];
    size_t n = text.n;

    if (n == 0 || n > sizeof padded - 4)
        return false;
    memcpy(padded, text.p, n);
    while (n % 4 != 0)
        padded[n++] = '=';
    return b64_decode(out, BLOB_MAX, len, str_of(padded, n));
}

bool password_hash(struct str password, const uint8_t salt[16], uint32_t memory_kb, uint32_t passes,
                   char encoded[PASSWORD_HASH_MAX])
{
    struct recipe r = {.memory_kb = memory_kb ? memory_kb : MEMORY_KB,
                       .passes = passes ? passes : PASSES,
                       .lanes = 1,
                       .salt_len = 16,
                       .hash_len = HASH_BYTES};
    char salt_text[B64_SIZE(16)], hash_text[B64_SIZE(HASH_BYTES)];

    memcpy(r.salt, salt, 16);
    if (!cook(password, &r))
        return false;
    put_blob(salt_text, sizeof salt_text, r.salt, r.salt_len);
    put_blob(hash_text, sizeof hash_text, r.hash, r.hash_len);
    snprintf(encoded, PASSWORD_HASH_MAX, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", r.memory_kb,
             r.passes, salt_text, hash_text);
    return true;
}

/* "NAME=123" before sep, between 1 and max. */
static bool get_number(struct str *rest, struct str name, char sep, uint32_t max, uint32_t *out)
{
    struct str head;
    uint64_t value;

    if (!str_split_once(*rest, sep, &head, rest) || !str_starts(head, name) ||
        !str_to_u64(str_skip(head, name.n), max, &value) || value == 0)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool parse(struct str text, struct recipe *r)
{
    const struct str prefix = STR("$argon2id$v=19$");
    struct str rest, salt, hash;

    if (!str_starts(text, prefix))
        return false;
    rest = str_skip(text, prefix.n);
    return get_number(&rest, STR("m="), ',', MEMORY_KB_MAX, &r->memory_kb) &&
           get_number(&rest, STR("t="), ',', PASSES_MAX, &r->passes) &&
           get_number(&rest, STR("p="), '$', LANES_MAX, &r->lanes) &&
           r->memory_kb >= 8 * r->lanes && str_split_once(rest, '$', &salt, &hash) &&
           get_blob(salt, r->salt, &r->salt_len) && r->salt_len >= 8 &&
           get_blob(hash, r->hash, &r->hash_len) && r->hash_len >= 16;
}

bool password_outdated(struct str encoded, uint32_t memory_kb, uint32_t passes)
{
    struct recipe r;

    return parse(encoded, &r) && (r.memory_kb != (memory_kb ? memory_kb : MEMORY_KB) ||
                                  r.passes != (passes ? passes : PASSES) || r.lanes != 1 ||
                                  r.hash_len != HASH_BYTES || r.salt_len != 16);
}

enum password_outcome password_verify(struct str password, struct str encoded)
{
    struct recipe r;
    uint8_t expected[BLOB_MAX];
    bool same;

    if (!parse(encoded, &r))
        return PASSWORD_WRONG;
    memcpy(expected, r.hash, sizeof expected);
    if (!cook(password, &r))
        return PASSWORD_BUSY;
    same = ct_equal(expected, r.hash, r.hash_len);
    memzero(&r, sizeof r);
    return same ? PASSWORD_OK : PASSWORD_WRONG;
}

/* ---- The thread ---- */

struct task {
    enum password_kind kind;
    uint64_t job;
    size_t secret_len, hash_len;
    char secret[SECRET_MAX];
    char hash[PASSWORD_HASH_MAX];
    uint8_t salt[16];
    bool renew;
    unsigned n_names;
    size_t name_len[PASSWORD_NAMES];
    char name[PASSWORD_NAMES][PASSWORD_NAME_MAX];
};

struct password_thread {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows; never held while hashing */
    pthread_cond_t wake;
    bool stopping;
    unsigned cap, first, waiting;
    struct task *ring;
    struct password_options options; /* constant */
};

static void letter_free(struct letter *self)
{
    struct password_letter *l = (struct password_letter *)self;

    memzero(l, sizeof *l);
    xfree(l);
}

/* With the cost of today. */
static enum password_outcome hash_it(const struct password_options *o, struct str secret,
                                     const struct task *task, struct password_letter *l)
{
    if (!password_hash(secret, task->salt, o->memory_kb, o->passes, l->encoded)) {
        return PASSWORD_BUSY;
    }
    l->answer.hash = str_from(l->encoded);
    return PASSWORD_OK;
}

/* A renewal that fails is left for the next time. */
static enum password_outcome verify_it(const struct password_options *o, struct str secret,
                                       const struct task *task, struct password_letter *l)
{
    struct str hash = str_of(task->hash, task->hash_len);
    enum password_outcome outcome = password_verify(secret, hash);

    if (outcome == PASSWORD_OK && task->renew && password_outdated(hash, o->memory_kb, o->passes)) {
        hash_it(o, secret, task, l);
    }
    return outcome;
}

static enum password_outcome judge_and_hash(const struct password_options *o, struct str secret,
                                            const struct task *task, struct password_letter *l)
{
    struct str names[PASSWORD_NAMES];

    for (unsigned i = 0; i < task->n_names; i++) {
        names[i] = str_of(task->name[i], task->name_len[i]);
    }
    l->answer.weak = weak_judge(secret, names, task->n_names).reason;
    return l->answer.weak ? PASSWORD_WEAK : hash_it(o, secret, task, l);
}

/* The work of a hash, whose result nobody sees. */
static enum password_outcome for_nobody(const struct password_options *o, struct str secret,
                                        const struct task *task)
{
    char encoded[PASSWORD_HASH_MAX];
    bool done = password_hash(secret, task->salt, o->memory_kb, o->passes, encoded);

    memzero(encoded, sizeof encoded);
    return done ? PASSWORD_WRONG : PASSWORD_BUSY;
}

static struct password_letter *work(const struct password_thread *t, const struct task *task)
{
    struct password_letter *l = xcalloc(1, sizeof *l);
    struct str secret = str_of(task->secret, task->secret_len);
    const struct password_options *o = &t->options;

    l->letter.kind = o->kind;
    l->letter.drop = letter_free;
    l->answer.job = task->job;
    switch (task->kind) {
    case PASSWORD_VERIFY: l->answer.outcome = verify_it(o, secret, task, l); break;
    case PASSWORD_NEW: l->answer.outcome = judge_and_hash(o, secret, task, l); break;
    case PASSWORD_NOBODY: l->answer.outcome = for_nobody(o, secret, task); break;
    default: l->answer.outcome = hash_it(o, secret, task, l);
    }
    return l;
}

/* Waits for a job and takes it out. False: it is time to end. */
static bool take(struct password_thread *t, struct task *out)
{
    bool got = false;

    pthread_mutex_lock(&t->lock);
    while (!t->stopping && t->waiting == 0)
        pthread_cond_wait(&t->wake, &t->lock);
    if (!t->stopping) {
        *out = t->ring[t->first];
        memzero(&t->ring[t->first], sizeof *out);
        t->first = (t->first + 1) % t->cap;
        t->waiting--;
        got = true;
    }
    pthread_mutex_unlock(&t->lock);
    return got;
}

static bool stopping(struct password_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool yes = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

static void deliver(struct password_thread *t, struct password_letter *l)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

    while (!stopping(t)) {
        if (t->options.deliver(t->options.ctx, l))
            return;
        nanosleep(&pause, NULL);
    }
    letter_drop(&l->letter);
}

static void *run(void *arg)
{
    struct password_thread *t = arg;
    struct task task;

    pthread_setname_np(pthread_self(), "password");
    /* Of this thread alone (Linux). It works for long at a stretch: where there are too few processors, what others
     * wait for goes first. */
    setpriority(PRIO_PROCESS, 0, NICE);
    while (take(t, &task)) {
        struct password_letter *l = work(t, &task);
        memzero(&task, sizeof task);
        deliver(t, l);
    }
    return NULL;
}

static void free_thread(struct password_thread *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    memzero(t->ring, t->cap * sizeof *t->ring);
    xfree(t->ring);
    xfree(t);
}

struct password_thread *password_start(const struct password_options *options)
{
    struct password_thread *t = xcalloc(1, sizeof *t);
    int e;

    t->options = *options;
    t->cap = options->queue ? options->queue : QUEUE;
    t->ring = xcalloc(t->cap, sizeof *t->ring);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    e = thread_start(&t->thread, run, t);
    if (e == 0)
        return t;
    free_thread(t);
    errno = e;
    return NULL;
}

static void fill(struct task *task, const struct password_job *job)
{
    task->kind = job->kind;
    task->job = job->job;
    task->secret_len = job->password.n;
    task->hash_len = job->hash.n;
    task->renew = job->renew;
    task->n_names = MIN_OF(job->n_names, PASSWORD_NAMES);
    if (job->password.n)
        memcpy(task->secret, job->password.p, job->password.n);
    if (job->hash.n)
        memcpy(task->hash, job->hash.p, job->hash.n);
    for (unsigned i = 0; i < task->n_names; i++) {
        struct str name = str_head(job->names[i], PASSWORD_NAME_MAX);
        task->name_len[i] = name.n;
        if (name.n)
            memcpy(task->name[i], name.p, name.n);
    }
    memcpy(task->salt, job->salt, sizeof task->salt);
}

bool password_submit(struct password_thread *t, const struct password_job *job)
{
    bool room;

    if (job->password.n > SECRET_MAX || job->hash.n > PASSWORD_HASH_MAX)
        return false;
    pthread_mutex_lock(&t->lock);
    room = t->waiting < t->cap && !t->stopping;
    if (room) {
        fill(&t->ring[(t->first + t->waiting++) % t->cap], job);
        pthread_cond_signal(&t->wake);
    }
    pthread_mutex_unlock(&t->lock);
    return room;
}

unsigned password_waiting(struct password_thread *t)
{
    pthread_mutex_lock(&t->lock);
    unsigned n = t->waiting;
    pthread_mutex_unlock(&t->lock);
    return n;
}

void password_stop(struct password_thread *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    free_thread(t);
}
