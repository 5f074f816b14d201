/* The thread of edge/store/disk.h: a queue before disk_do(). */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/util.h"
#include "edge/store/disk.h"

enum { QUEUE = 256, QUEUE_BYTES = 16 << 20 };

struct task {
    struct list link;
    struct disk_request rq;
    char data[];
};

struct disk_thread {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows; never held while the disk works */
    pthread_cond_t wake;
    bool stopping;
    unsigned waiting;
    size_t waiting_bytes;
    struct list tasks;
    struct disk_stats stats;
    struct disk_options options; /* constant */
    struct disk *disk;           /* the thread's */
};

static void letter_free(struct letter *l)
{
    xfree(container_of(l, struct disk_letter, letter));
}

/* Waits for a task and takes it out. NULL: there is none and it is time to end. */
static struct task *take(struct disk_thread *t)
{
    struct task *task = NULL;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping && list_empty(&t->tasks))
        pthread_cond_wait(&t->wake, &t->lock);
    if (!list_empty(&t->tasks)) {
        task = container_of(list_pop_front(&t->tasks), struct task, link);
        t->waiting--;
        t->waiting_bytes -= task->rq.data.n;
    }
    pthread_mutex_unlock(&t->lock);
    return task;
}

static bool stopping(struct disk_thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool yes = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

static void deliver(struct disk_thread *t, struct disk_letter *l)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    while (!stopping(t)) {
        if (t->options.deliver(t->options.ctx, l))
            return;
        nanosleep(&pause, NULL);
    }
    letter_drop(&l->letter);
}

static void work(struct disk_thread *t, const struct task *task)
{
    bool reads = task->rq.op == DISK_READ;
    size_t room = reads ? MIN_OF(task->rq.n, (uint32_t)DISK_PIECE_MAX) : 0;
    struct disk_letter *l = xmalloc(sizeof *l + room);
    l->letter = (struct letter){.kind = t->options.kind, .drop = letter_free};
    disk_do(t->disk, &task->rq, l->bytes, &l->answer);
    pthread_mutex_lock(&t->lock);
    t->stats.answers[l->answer.status]++;
    pthread_mutex_unlock(&t->lock);
    deliver(t, l);
}

static void *run(void *arg)
{
    struct disk_thread *t = arg;
    struct task *task;
    pthread_setname_np(pthread_self(), "disk");
    while ((task = take(t))) {
        work(t, task);
        xfree(task);
    }
    return NULL;
}

static void free_thread(struct disk_thread *t)
{
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    disk_close(t->disk);
    xfree(t);
}

struct disk_thread *disk_start(struct disk *d, const struct disk_options *options)
{
    struct disk_thread *t = xcalloc(1, sizeof *t);
    t->disk = d;
    t->options = *options;
    t->options.queue = options->queue ? options->queue : QUEUE;
    t->options.queue_bytes = options->queue_bytes ? options->queue_bytes : QUEUE_BYTES;
    list_init(&t->tasks);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    int e = thread_start(&t->thread, run, t);
    if (e == 0)
        return t;
    free_thread(t);
    errno = e;
    return NULL;
}

bool disk_submit(struct disk_thread *t, const struct disk_request *rq)
{
    struct task *task = mem_try_alloc(sizeof *task + rq->data.n);
    if (!task)
        return false;
    task->rq = *rq;
    task->rq.data = str_of(task->data, rq->data.n);
    if (rq->data.n)
        memcpy(task->data, rq->data.p, rq->data.n);
    pthread_mutex_lock(&t->lock);
    bool room = !t->stopping && t->waiting < t->options.queue &&
                t->waiting_bytes + rq->data.n <= t->options.queue_bytes;
    if (room) {
        t->waiting++;
        t->waiting_bytes += rq->data.n;
        list_push_back(&t->tasks, &task->link);
        pthread_cond_signal(&t->wake);
    }
    t->stats.refused += !room;
    pthread_mutex_unlock(&t->lock);
    if (!room)
        xfree(task);
    return room;
}

void disk_stats(struct disk_thread *t, struct disk_stats *out)
{
    pthread_mutex_lock(&t->lock);
    *out = t->stats;
    out->waiting = t->waiting;
    pthread_mutex_unlock(&t->lock);
    out->bytes = disk_bytes(t->disk);
    out->bytes_max = disk_bytes_max(t->disk);
}

void disk_stop(struct disk_thread *t)
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
