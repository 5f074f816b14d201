/*
 * The event loop: one per thread, and everything that a thread does starts from here. A round is
 * wait -> descriptors -> deadlines -> ready tasks -> end-of-round tasks. The monotonic clock is
 * read once when the round begins; whoever needs the time asks loop_now() and hands it on to the
 * cores. Nothing here is thread-safe: only loop_stop() may be called from outside, everything else
 * comes by mailbox. All handles are embedded in their owner, so nothing is allocated for each
 * descriptor, timer or task, and a handle may be removed from within any callback, its own
 * included.
 */
#ifndef MADANG_IO_LOOP_H
#define MADANG_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/list.h"

struct counts;
struct loop;

/* Events of a descriptor. LOOP_HUP: the other side is gone or the socket has an error; read on. */
enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_HUP = 4 };

/* A descriptor with its handler. Registered once, edge-triggered, for both directions: the handler
 * reads or writes until the kernel has no more (or comes back by loop_ready()). */
struct loop_fd {
    void (*fn)(struct loop_fd *self, unsigned events);
    const char *name; /* static text, named in the report of a slow round */
    int fd;           /* -1 while it isn't registered */
};

/* A deadline. Setting a later time than before costs nothing (no heap work until it is due). */
struct loop_timer {
    struct timer node;
    void (*fn)(struct loop_timer *self, int64_t now_us);
    const char *name;
    int64_t at_us; /* 0 = not set */
};

/* A piece of work for the end of this round or for the next one. Queued at most once at a time. */
struct loop_task {
    struct list link;
    void (*fn)(struct loop_task *self);
    const char *name;
    bool queued;
};

struct loop_conf {
    const char *name;      /* "control", "media0": named in the log; static text */
    int64_t slow_round_us; /* a round longer than this is logged with what ran; 0 = 20 ms */
    struct counts *counts; /* of this thread; borrowed. NULL: the loop has some of its own */
};

/* Makes a loop for the calling thread; NULL with errno when the kernel refuses. */
struct loop *loop_new(const struct loop_conf *conf);
/* Everything must have been removed before; remaining registrations are only forgotten. */
void loop_free(struct loop *l);

/* Runs rounds until loop_stop(). */
void loop_run(struct loop *l);
/* One round; waits at most max_wait_us (-1: until something happens). Returns how many callbacks
 * ran. */
int loop_round(struct loop *l, int64_t max_wait_us);
/* Ends loop_run() after the current round. Thread-safe and async-signal-safe. */
void loop_stop(struct loop *l);

/* Monotonic microseconds when this round began. */
int64_t loop_now(const struct loop *l);
/* Reads the clock again, for work that must not be charged with what ran before it in this
 * round. */
int64_t loop_now_fresh(struct loop *l);
/* How long the last round was at work. */
int64_t loop_took_us(const struct loop *l);

/* fd must be non-blocking. 0, or -1 with errno. The descriptor stays the caller's. */
int loop_fd_add(struct loop *l, struct loop_fd *h, int fd);
/* The same for input only: who never waits until he may write isn't woken by every datagram that
 * has left. */
int loop_fd_add_in(struct loop *l, struct loop_fd *h, int fd);
/* Before close(fd). Events that this round has already fetched for it are dropped. */
void loop_fd_del(struct loop *l, struct loop_fd *h);
/* The same, and close(fd): one system call instead of two. For descriptors that nobody has
 * duplicated (epoll watches what they stand for until the last of them is closed). */
void loop_fd_close(struct loop *l, struct loop_fd *h);

/* at_us is absolute (loop_now() + x); setting again moves it. A time in the past fires this
 * round. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_us);
void loop_timer_del(struct loop *l, struct loop_timer *t);
static inline bool loop_timer_armed(const struct loop_timer *t)
{
    return t->at_us != 0;
}

/* Runs once at the end of this round, after all input: the place to flush writes, so that
 * several messages to one connection leave with one send. Work queued by such a task still runs
 * this round. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Runs once in the next round, which then does not wait: for connections that used up their
 * turn. */
void loop_ready(struct loop *l, struct loop_task *t);
void loop_task_cancel(struct loop_task *t);

/* The next round does not begin before so long after this one did, unless there is work left over or a
 * deadline: what comes meanwhile is found together. Nothing else ends it, so at most some milliseconds. */
void loop_nap(struct loop *l, int64_t us);

/* Standing hook: runs at the very end of each round (counters, batched sends, mailboxes). */
struct loop_hook {
    struct list link;
    void (*fn)(struct loop_hook *self, int64_t now_us);
    const char *name;
};
void loop_hook_add(struct loop *l, struct loop_hook *h);
void loop_hook_del(struct loop_hook *h);

/* Blocks the signals in sigs (ended by 0) for this thread, and those that it starts afterwards, and
 * delivers them to fn from the loop through a signalfd. Once for each loop. 0, or -1 with errno. */
int loop_signals(struct loop *l, const int *sigs, void (*fn)(void *ctx, int sig), void *ctx);

/* Where everything on this thread is counted; the loop itself keeps the histogram of its rounds and
 * LOOP_STALLS in it. Never NULL. */
struct counts *loop_counts(const struct loop *l);

/* The last round that took longer than slow_round_us: what ran longest in it, and for how long the
 * round took; NULL if there was none. */
const char *loop_last_stall(const struct loop *l, int64_t *us);

/* One place in the loop for the stream layer's shared buffers; freed with the loop. */
void loop_set_aux(struct loop *l, void *aux, void (*release)(void *aux));
void *loop_aux(const struct loop *l);

#endif
