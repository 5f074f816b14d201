#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/log.h"
#include "base/mem.h"

enum { EVENTS_MAX = 256, DEFER_PASSES = 8 };

struct loop {
    const char *name;
    int64_t slow_us;
    int epfd;
    bool stopping; /* atomic */
    bool no_pwait2;

    int64_t now_us;
    int64_t took_us; /* the last round, without waiting */
    struct heap timers;
    int64_t next_us;      /* no timer is due before that */
    int64_t nap_us;       /* what the next round begins with */
    int64_t alarm_us;     /* when the alarm rings; 0: it is off */
    struct loop_fd alarm; /* timerfd: it stays set over many rounds, which a timeout would not */
    struct list ready, deferred, hooks;

    struct epoll_event events[EVENTS_MAX];
    int ev_i, ev_n; /* the ones that this round has fetched and not yet handled */

    struct loop_fd wake; /* eventfd of loop_stop() */
    struct loop_fd signals;
    void (*on_signal)(void *ctx, int sig);
    void *signal_ctx;

    /* Who took longest in this round. Callbacks of one name that follow one another count as one. */
    uint64_t round_ticks, lap_ticks, longest_ticks;
    const char *running, *longest;
    int ran;

    struct counts *counts, *own_counts;
    const char *stall; /* of the last slow round */
    int64_t stall_us;

    void *aux;
    void (*aux_release)(void *aux);
};

/* Some clock that costs next to nothing; how long a tick is follows from how long the round was. */
static uint64_t ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000;
#endif
}

static void drain_eventfd(struct loop_fd *self, unsigned events)
{
    uint64_t n;
    (void)events;
    while (read(self->fd, &n, sizeof(n)) > 0)
        ;
}

static void on_alarm(struct loop_fd *self, unsigned events)
{
    (void)events; /* not read: it is edge-triggered, and setting it again clears it */
    container_of(self, struct loop, alarm)->alarm_us = 0;
}

struct loop *loop_new(const struct loop_conf *conf)
{
    struct loop *l = xcalloc(1, sizeof(*l));
    l->counts = conf != NULL ? conf->counts : NULL;
    if (l->counts == NULL)
        l->counts = l->own_counts = xcalloc(1, sizeof(*l->own_counts));
    l->name = conf != NULL && conf->name != NULL ? conf->name : "loop";
    l->slow_us = conf != NULL && conf->slow_round_us > 0 ? conf->slow_round_us : 20000;
    heap_init(&l->timers);
    list_init(&l->ready);
    list_init(&l->deferred);
    list_init(&l->hooks);
    l->wake = (struct loop_fd){.fn = drain_eventfd, .name = "wake", .fd = -1};
    l->alarm = (struct loop_fd){.fn = on_alarm, .name = "alarm", .fd = -1};
    l->signals.fd = -1;
    l->next_us = INT64_MAX;
    l->now_us = clock_mono_us();
    l->epfd = epoll_create1(EPOLL_CLOEXEC);
    int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (l->epfd < 0 || efd < 0 || tfd < 0 || loop_fd_add(l, &l->wake, efd) < 0 ||
        loop_fd_add_in(l, &l->alarm, tfd) < 0) {
        int e = errno;
        if (tfd >= 0)
            close(tfd);
        if (efd >= 0)
            close(efd);
        if (l->epfd >= 0)
            close(l->epfd);
        xfree(l->own_counts);
        xfree(l);
        errno = e;
        return NULL;
    }
    return l;
}

void loop_set_aux(struct loop *l, void *aux, void (*release)(void *aux))
{
    l->aux = aux;
    l->aux_release = release;
}

void *loop_aux(const struct loop *l)
{
    return l->aux;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    heap_free(&l->timers); /* first: it touches timers, and one lies in aux */
    if (l->aux != NULL && l->aux_release != NULL)
        l->aux_release(l->aux);
    if (l->signals.fd >= 0)
        close(l->signals.fd);
    close(l->alarm.fd);
    close(l->wake.fd);
    close(l->epfd);
    xfree(l->own_counts);
    xfree(l);
}

/* ---- What a round runs ---- */

static void lap_begin(struct loop *l)
{
    l->round_ticks = l->lap_ticks = ticks();
    l->longest_ticks = 0;
    l->running = l->longest = NULL;
    l->ran = 0;
}

/* Charges the time since the last one to what was running. */
static void lap_end(struct loop *l)
{
    uint64_t t = ticks();
    if (l->running != NULL && (t - l->lap_ticks > l->longest_ticks || l->longest == NULL)) {
        l->longest_ticks = t - l->lap_ticks;
        l->longest = l->running;
    }
    l->lap_ticks = t;
}

/* Before each callback. */
static void lap(struct loop *l, const char *name)
{
    l->ran++;
    if (name == l->running)
        return;
    if (l->running != NULL)
        lap_end(l);
    l->running = name;
}

static unsigned events_of(uint32_t ep)
{
    unsigned ev = 0;
    if (ep & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        ev |= LOOP_IN;
    if (ep & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        ev |= LOOP_OUT;
    if (ep & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        ev |= LOOP_HUP;
    return ev;
}

static void run_fds(struct loop *l)
{
    for (l->ev_i = 0; l->ev_i < l->ev_n; l->ev_i++) {
        struct loop_fd *h = l->events[l->ev_i].data.ptr;
        if (h == NULL)
            continue; /* removed by an earlier callback of this round */
        lap(l, h->name);
        h->fn(h, events_of(l->events[l->ev_i].events));
    }
    l->ev_n = 0;
}

static void run_timers(struct loop *l)
{
    struct timer *n;
    if (l->next_us > l->now_us)
        return; /* not even the heap is looked at */
    while ((n = heap_pop_due(&l->timers, l->now_us)) != NULL) {
        struct loop_timer *t = container_of(n, struct loop_timer, node);
        if (t->at_us > n->at) { /* it was put off since: perhaps others come first now */
            heap_set(&l->timers, n, t->at_us);
            continue;
        }
        t->at_us = 0;
        lap(l, t->name);
        t->fn(t, l->now_us);
    }
    l->next_us = heap_next_at(&l->timers);
}

/* What is in the list now; what its tasks put into it is for the next pass. */
static void run_tasks(struct loop *l, struct list *tasks)
{
    struct list batch, *n;
    list_init(&batch);
    list_splice_back(&batch, tasks);
    while ((n = list_pop_front(&batch)) != NULL) {
        struct loop_task *t = container_of(n, struct loop_task, link);
        t->queued = false;
        lap(l, t->name);
        t->fn(t);
    }
}

static void run_hooks(struct loop *l)
{
    LIST_FOREACH_SAFE(it, &l->hooks) {
        struct loop_hook *h = container_of(it, struct loop_hook, link);
        lap(l, h->name);
        h->fn(h, l->now_us);
    }
}

static void account(struct loop *l, int64_t busy_us)
{
    hist_observe(&l->counts->loop, busy_us);
    if (busy_us <= l->slow_us)
        return;
    lap_end(l);
    uint64_t all = l->lap_ticks - l->round_ticks;
    int64_t longest_ms =
        (int64_t)((double)l->longest_ticks / (double)(all + 1) * (double)busy_us / 1000);
    count_inc(l->counts, COUNT_LOOP_STALLS);
    l->stall = l->longest != NULL ? l->longest : "nothing";
    l->stall_us = busy_us;
    log_limited(LOG_LEVEL_WARN, "loop", NULL,
                "%s: a round took %lld ms: %d callbacks, mostly %s (%lld ms)", l->name,
                (long long)busy_us / 1000, l->ran, l->stall, (long long)longest_ms);
}

/* The alarm rings at next_us at the latest. */
static bool set_alarm(struct loop *l)
{
    if (l->alarm_us != 0 && l->alarm_us <= l->next_us)
        return true; /* perhaps too early, which does no harm */
    struct itimerspec at = {
        .it_value = {.tv_sec = l->next_us / US_PER_S, .tv_nsec = l->next_us % US_PER_S * 1000}};
    if (timerfd_settime(l->alarm.fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
        return false;
    l->alarm_us = l->next_us;
    return true;
}

/* How long the wait may be: until the next deadline, not at all when work is left over. */
static int64_t wait_us(struct loop *l, int64_t max_us)
{
    if (!list_empty(&l->ready) || !list_empty(&l->deferred) || l->next_us <= l->now_us)
        return 0;
    if (l->next_us == INT64_MAX || max_us == 0 || (max_us < 0 && set_alarm(l)))
        return max_us;
    int64_t left = l->next_us - clock_mono_us();
    if (left < 0)
        left = 0;
    return max_us >= 0 && max_us < left ? max_us : left;
}

static void wait_events(struct loop *l, int64_t us)
{
    int n = -1;
    if (us <= 0) {
        n = epoll_wait(l->epfd, l->events, EVENTS_MAX, us < 0 ? -1 : 0);
        l->ev_n = n > 0 ? n : 0;
        return;
    }
    if (!l->no_pwait2) {
        struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        n = epoll_pwait2(l->epfd, l->events, EVENTS_MAX, &ts, NULL);
        l->no_pwait2 = n < 0 &&
                       (errno == ENOSYS || errno == EPERM); /* old kernels, old sandboxes */
    }
    if (l->no_pwait2) {
        int64_t ms = (us + 999) / 1000;
        n = epoll_wait(l->epfd, l->events, EVENTS_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
    }
    l->ev_n = n > 0 ? n : 0;
}

void loop_nap(struct loop *l, int64_t us)
{
    l->nap_us = us;
}

/* Until so long after the last round began; nothing that comes wakes us before that, deadlines do. */
static void nap(struct loop *l, int64_t max_wait_us)
{
    int64_t until = l->now_us + l->nap_us < l->next_us ? l->now_us + l->nap_us : l->next_us;
    bool sleepy = l->nap_us > 0 && max_wait_us != 0;
    l->nap_us = 0;
    if (!sleepy || !list_empty(&l->ready) || !list_empty(&l->deferred))
        return;
    int64_t us = until - clock_mono_us();
    if (us <= 0)
        return;
    struct timespec ts = {.tv_sec = us / US_PER_S, .tv_nsec = us % US_PER_S * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

int loop_round(struct loop *l, int64_t max_wait_us)
{
    nap(l, max_wait_us);
    wait_events(l, wait_us(l, max_wait_us));
    int64_t began_us = l->now_us = clock_mono_us(); /* which callbacks may bring up to date */
    lap_begin(l);
    struct list ready; /* only what was ready before this round: the rest is for the next one */
    list_init(&ready);
    list_splice_back(&ready, &l->ready);
    run_fds(l);
    run_timers(l);
    run_tasks(l, &ready);
    for (int pass = 0; pass < DEFER_PASSES && !list_empty(&l->deferred); pass++)
        run_tasks(l, &l->deferred);
    run_hooks(l);
    l->took_us = clock_mono_us() - began_us;
    account(l, l->took_us);
    return l->ran;
}

void loop_run(struct loop *l)
{
    while (!__atomic_load_n(&l->stopping, __ATOMIC_ACQUIRE))
        loop_round(l, -1);
    __atomic_store_n(&l->stopping, false, __ATOMIC_RELEASE);
}

void loop_stop(struct loop *l)
{
    uint64_t one = 1;
    __atomic_store_n(&l->stopping, true, __ATOMIC_RELEASE);
    if (write(l->wake.fd, &one, sizeof(one)) < 0)
        return; /* it is full: the loop will wake up anyway */
}

int64_t loop_now(const struct loop *l)
{
    return l->now_us;
}

int64_t loop_took_us(const struct loop *l)
{
    return l->took_us;
}

int64_t loop_now_fresh(struct loop *l)
{
    l->now_us = clock_mono_us();
    return l->now_us;
}

/* ---- Registrations ---- */

static int add_fd(struct loop *l, struct loop_fd *h, int fd, uint32_t events)
{
    struct epoll_event ev = {.events = events | EPOLLET, .data.ptr = h};
    if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
        return -1;
    h->fd = fd;
    return 0;
}

int loop_fd_add(struct loop *l, struct loop_fd *h, int fd)
{
    return add_fd(l, h, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

int loop_fd_add_in(struct loop *l, struct loop_fd *h, int fd)
{
    return add_fd(l, h, fd, EPOLLIN);
}

static void forget_events(struct loop *l, struct loop_fd *h)
{
    h->fd = -1;
    for (int i = l->ev_i; i < l->ev_n; i++) {
        if (l->events[i].data.ptr == h)
            l->events[i].data.ptr = NULL;
    }
}

void loop_fd_del(struct loop *l, struct loop_fd *h)
{
    if (h->fd < 0)
        return;
    epoll_ctl(l->epfd, EPOLL_CTL_DEL, h->fd, NULL);
    forget_events(l, h);
}

void loop_fd_close(struct loop *l, struct loop_fd *h)
{
    if (h->fd < 0)
        return;
    close(h->fd); /* and epoll forgets it: nobody else holds a descriptor of it (epoll(7), Q6) */
    forget_events(l, h);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_us)
{
    t->at_us = at_us > 0 ? at_us : 1;
    /* Later than it stands in the heap: found out when it comes up, which is cheaper than moving it
     * each time (idle deadlines are moved by every message and hardly ever fire). */
    if (!timer_is_set(&t->node) || t->at_us < t->node.at)
        heap_set(&l->timers, &t->node, t->at_us);
    if (t->at_us < l->next_us)
        l->next_us = t->at_us;
}

void loop_timer_del(struct loop *l, struct loop_timer *t)
{
    t->at_us = 0;
    heap_del(&l->timers, &t->node);
}

static void queue_task(struct list *where, struct loop_task *t)
{
    if (t->queued)
        return;
    t->queued = true;
    list_push_back(where, &t->link);
}

void loop_defer(struct loop *l, struct loop_task *t)
{
    queue_task(&l->deferred, t);
}

void loop_ready(struct loop *l, struct loop_task *t)
{
    queue_task(&l->ready, t);
}

void loop_task_cancel(struct loop_task *t)
{
    if (!t->queued)
        return;
    t->queued = false;
    list_del(&t->link);
}

void loop_hook_add(struct loop *l, struct loop_hook *h)
{
    list_push_back(&l->hooks, &h->link);
}

void loop_hook_del(struct loop_hook *h)
{
    list_del(&h->link);
}

static void read_signals(struct loop_fd *self, unsigned events)
{
    struct loop *l = container_of(self, struct loop, signals);
    struct signalfd_siginfo si;
    (void)events;
    while (read(self->fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
        l->on_signal(l->signal_ctx, (int)si.ssi_signo);
}

int loop_signals(struct loop *l, const int *sigs, void (*fn)(void *ctx, int sig), void *ctx)
{
    sigset_t set;
    sigemptyset(&set);
    for (; *sigs != 0; sigs++)
        sigaddset(&set, *sigs);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -1;
    l->on_signal = fn;
    l->signal_ctx = ctx;
    l->signals = (struct loop_fd){.fn = read_signals, .name = "signals", .fd = -1};
    if (loop_fd_add(l, &l->signals, fd) < 0) {
        close(fd);
        return -1;
    }
    return 0;
}

struct counts *loop_counts(const struct loop *l)
{
    return l->counts;
}

const char *loop_last_stall(const struct loop *l, int64_t *us)
{
    if (us != NULL)
        *us = l->stall_us;
    return l->stall;
}
