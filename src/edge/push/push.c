#include "edge/push/push.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/util.h"
#include "edge/push/push_int.h"
#include "edge/push/push_url.h"

enum { QUEUE = 256, AT_ONCE = 8, ATTEMPTS = 5, BACKOFF_MS = 1000, BACKOFF_MAX_MS = 300000 };
enum { POLL_MS = 1000, AGAIN_MS = 5, FEWEST_S = 5 };

/* A job of ours: waits for its time, or is under way. */
struct task {
    struct list link;
    struct push_job job; /* slices point into text */
    struct push_http *http;
    int64_t due_us, until_us; /* monotonic: next attempt, and the last one that makes sense */
    unsigned attempts;
    char text[];
};

struct push_thread {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    struct list fresh;    /* submitted, not yet seen by the thread */
    bool stopping;
    unsigned n, cap;
    /* of the thread alone */
    struct list waiting, running, letters;
    unsigned n_running;
    struct p256 *key;
    struct push_multi *multi;
    struct push_options options; /* constant */
};

struct late {
    struct list link;
    struct push_letter *letter;
};

/* ---- tasks ---- */

static struct task *task_new(const struct push_job *job)
{
    size_t n = job->endpoint.n + job->body.n + job->topic.n;
    struct task *task = xcalloc(1, sizeof *task + n);
    struct str *const slices[] = {&task->job.endpoint, &task->job.body, &task->job.topic};
    char *at = task->text;
    task->job = *job;
    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        if (slices[i]->n > 0) {
            memcpy(at, slices[i]->p, slices[i]->n);
        }
        slices[i]->p = at;
        at += slices[i]->n;
    }
    return task;
}

static void task_free(struct task *task)
{
    push_http_free(task->http);
    memzero(task->text, task->job.endpoint.n + task->job.body.n + task->job.topic.n);
    xfree(task);
}

static bool fits(const struct push_job *job)
{
    return job->endpoint.n <= PUSH_ENDPOINT_MAX && job->body.n <= PUSH_BODY_MAX &&
           job->topic.n <= PUSH_TOPIC_MAX;
}

static void free_tasks(struct list *tasks)
{
    struct list *l;
    while ((l = list_pop_front(tasks))) {
        task_free(container_of(l, struct task, link));
    }
}

/* ---- answers ---- */

static void letter_free(struct letter *self)
{
    xfree(self);
}

static bool give(struct push_thread *t, struct push_letter *l)
{
    return t->options.deliver(t->options.ctx, l);
}

static void deliver_late(struct push_thread *t)
{
    struct list *l;
    while ((l = list_pop_front(&t->letters))) {
        struct late *late = container_of(l, struct late, link);
        if (!give(t, late->letter)) {
            list_push_front(&t->letters, l);
            return;
        }
        xfree(late);
    }
}

static void answer(struct push_thread *t, struct task *task, enum push_outcome outcome,
                   unsigned status)
{
    struct push_letter *l = xcalloc(1, sizeof *l);
    struct late *late = xcalloc(1, sizeof *late);
    l->letter.kind = t->options.kind;
    l->letter.drop = letter_free;
    memcpy(l->endpoint, task->job.endpoint.p, task->job.endpoint.n);
    l->answer = (struct push_answer){str_of(l->endpoint, task->job.endpoint.n), outcome, status,
                                     task->attempts};
    late->letter = l;
    task_free(task);
    pthread_mutex_lock(&t->lock);
    t->n--;
    pthread_mutex_unlock(&t->lock);
    list_push_back(&t->letters, &late->link);
    deliver_late(t);
}

/* ---- attempts ---- */

/* The host is no secret of the log's; the path is: it is all that one needs to reach the browser. */
static void log_result(const struct task *task, const struct push_result *r)
{
    struct push_url url;
    if (push_url_parse(&url, task->job.endpoint)) {
        log_limited(LOG_LEVEL_WARN, "push", NULL, PRIstr ": %s (status %u, attempt %u)",
                    STR_ARG(url.host), r->error, r->status, task->attempts);
    }
}

static void begin(struct push_thread *t, struct task *task)
{
    list_del(&task->link);
    task->http = push_http_new(&t->options, t->key, &task->job, task);
    if (!task->http || !push_multi_add(t->multi, task->http)) {
        answer(t, task, PUSH_FORBIDDEN, 0);
        return;
    }
    task->attempts++;
    t->n_running++;
    list_push_back(&t->running, &task->link);
}

static int64_t pause_us(const struct push_thread *t, const struct task *task,
                        const struct push_result *r)
{
    int64_t ms = t->options.backoff_ms;
    for (unsigned i = 1; i < task->attempts && ms < BACKOFF_MAX_MS; i++) {
        ms *= 2;
    }
    int64_t us = MIN_OF(ms, (int64_t)BACKOFF_MAX_MS) * US_PER_MS;
    return MAX_OF(us, r->retry_after_s * US_PER_S);
}

static void ended(struct push_thread *t, struct task *task, int code)
{
    struct push_result r;
    enum push_outcome outcome;
    int64_t now = clock_mono_us();
    push_http_result(task->http, code, &r);
    push_multi_remove(t->multi, task->http);
    push_http_free(task->http);
    task->http = NULL;
    list_del(&task->link);
    t->n_running--;
    enum push_verdict verdict = push_judge(&r, &outcome);
    if (outcome != PUSH_SENT) {
        log_result(task, &r);
    }
    task->due_us = now + pause_us(t, task, &r);
    if (verdict == PUSH_AGAIN && task->attempts < t->options.attempts &&
        task->due_us <= task->until_us) {
        list_push_back(&t->waiting, &task->link);
    } else {
        answer(t, task, outcome, r.status);
    }
}

static void collect(struct push_thread *t)
{
    int code = 0;
    const struct push_http *h;
    while ((h = push_multi_ended(t->multi, &code))) {
        ended(t, push_http_owner(h), code);
    }
}

/* ---- the thread ---- */

/* False: it is time to end. */
static bool take_fresh(struct push_thread *t)
{
    struct list *l;
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&t->lock);
    bool go_on = !t->stopping;
    while ((l = list_pop_front(&t->fresh))) {
        struct task *task = container_of(l, struct task, link);
        task->due_us = now;
        /* "Now or never" still means a second try while a telephone would ring. */
        task->until_us = now + MAX_OF((int64_t)task->job.ttl_s, FEWEST_S) * US_PER_S;
        list_push_back(&t->waiting, l);
    }
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

/* Begins what is due; how long until the next one is. */
static int begin_due(struct push_thread *t)
{
    int64_t now = clock_mono_us(), next = now + POLL_MS * US_PER_MS;
    struct list *l = t->waiting.next;
    while (l != &t->waiting && t->n_running < AT_ONCE) {
        struct task *task = container_of(l, struct task, link);
        l = l->next;
        if (task->due_us <= now) {
            begin(t, task);
        } else {
            next = MIN_OF(next, task->due_us);
        }
    }
    return (int)((next - now) / US_PER_MS) + 1;
}

static void *run(void *arg)
{
    struct push_thread *t = arg;
    pthread_setname_np(pthread_self(), "push");
    while (take_fresh(t)) {
        int wait_ms = begin_due(t);
        push_multi_run(t->multi);
        collect(t);
        deliver_late(t);
        if (!list_empty(&t->letters)) {
            wait_ms = AGAIN_MS;
        } else if (t->n_running < AT_ONCE && !list_empty(&t->waiting)) {
            wait_ms = MIN_OF(wait_ms, begin_due(t));
        }
        push_multi_wait(t->multi, wait_ms);
    }
    return NULL;
}

/* ---- life ---- */

static struct push_options with_defaults(const struct push_options *options)
{
    struct push_options o = *options;
    o.queue = o.queue ? o.queue : QUEUE;
    o.attempts = o.attempts ? o.attempts : ATTEMPTS;
    o.backoff_ms = o.backoff_ms ? o.backoff_ms : BACKOFF_MS;
    return o;
}

static void free_thread(struct push_thread *t)
{
    struct list *l;
    while (t->running.next != &t->running) {
        struct task *task = container_of(t->running.next, struct task, link);
        push_multi_remove(t->multi, task->http);
        list_del(&task->link);
        task_free(task);
    }
    free_tasks(&t->waiting);
    free_tasks(&t->fresh);
    while ((l = list_pop_front(&t->letters))) {
        struct late *late = container_of(l, struct late, link);
        letter_drop(&late->letter->letter);
        xfree(late);
    }
    push_multi_free(t->multi);
    p256_free(t->key);
    pthread_mutex_destroy(&t->lock);
    memzero(t, sizeof *t);
    xfree(t);
}

struct push_thread *push_start(const struct push_options *options, char *err, size_t errlen)
{
    if (!push_http_load(err, errlen)) {
        return NULL;
    }
    struct push_thread *t = xcalloc(1, sizeof *t);
    t->options = with_defaults(options);
    t->cap = t->options.queue;
    list_init(&t->fresh);
    list_init(&t->waiting);
    list_init(&t->running);
    list_init(&t->letters);
    pthread_mutex_init(&t->lock, NULL);
    t->multi = push_multi_new();
    t->key = p256_new(t->options.secret);
    memzero(t->options.secret, sizeof t->options.secret);
    int e = t->multi ? thread_start(&t->thread, run, t) : ENOMEM;
    if (e == 0) {
        return t;
    }
    free_thread(t);
    snprintf(err, errlen, "the push thread cannot be started: %s", strerror(e));
    return NULL;
}

bool push_submit(struct push_thread *t, const struct push_job *job)
{
    if (!fits(job)) {
        return false;
    }
    struct task *task = task_new(job);
    pthread_mutex_lock(&t->lock);
    bool room = t->n < t->cap && !t->stopping;
    if (room) {
        t->n++;
        list_push_back(&t->fresh, &task->link);
    }
    pthread_mutex_unlock(&t->lock);
    if (room) {
        push_multi_wake(t->multi);
    } else {
        task_free(task);
    }
    return room;
}

unsigned push_waiting(struct push_thread *t)
{
    pthread_mutex_lock(&t->lock);
    unsigned n = t->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

void push_stop(struct push_thread *t)
{
    if (!t) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_mutex_unlock(&t->lock);
    push_multi_wake(t->multi);
    pthread_join(t->thread, NULL);
    free_thread(t);
}
