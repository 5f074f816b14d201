#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"
#include "io/loop.h"
#include "io/mailbox.h"

static char trace[256];

static void mark(char c)
{
    size_t n = strlen(trace);
    if (n + 1 < sizeof trace) {
        trace[n] = c;
        trace[n + 1] = '\0';
    }
}

static int setup(void **state)
{
    *state = loop_new(NULL);
    trace[0] = '\0';
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

/* ---- Timers ---- */

struct named_timer {
    struct loop_timer t;
    char name;
    int64_t due;
};

static void fire(struct loop_timer *t, int64_t now_us)
{
    struct named_timer *n = container_of(t, struct named_timer, t);
    assert_false(loop_timer_armed(t));
    assert_true(now_us >= n->due);
    mark(n->name);
}

static void timers_fire_in_order_and_put_off(void **state)
{
    struct loop *l = *state;
    struct named_timer v[4];
    for (int i = 0; i < 4; i++)
        v[i] = (struct named_timer){{.fn = fire, .name = "t"}, (char)('a' + i), 0};
    /* Far enough apart that a stall of a busy machine does not make all of them late at once. */
    int64_t t0 = loop_now_fresh(l);
    loop_timer_set(l, &v[0].t, t0 + 60000);
    loop_timer_set(l, &v[1].t, t0 + 20000);
    loop_timer_set(l, &v[2].t, t0 + 40000);
    loop_timer_set(l, &v[3].t, t0 + 30000);
    v[1].due = t0 + 80000;
    loop_timer_set(l, &v[1].t, v[1].due); /* put off: the heap isn't told, the order must hold */
    loop_timer_del(l, &v[3].t);
    while (strlen(trace) < 3)
        loop_round(l, 100000);
    assert_string_equal(trace, "cab");
    loop_timer_set(l, &v[0].t, t0 + 900000000);
    loop_timer_set(l, &v[0].t, t0); /* sooner, in the past: this round */
    loop_round(l, 0);
    assert_string_equal(trace, "caba");
}

struct stopper {
    struct loop_timer t;
    struct loop *l;
};

static void last_one(struct loop_timer *t, int64_t now_us)
{
    (void)now_us;
    loop_stop(container_of(t, struct stopper, t)->l);
}

/* Without an end to the wait the alarm is all that wakes the loop: sooner and later deadlines, and
 * some that are gone when it rings. */
static void deadlines_wake_a_loop_that_waits_for_nothing_else(void **state)
{
    struct loop *l = *state;
    struct named_timer v[4];
    struct stopper end = {{.fn = last_one, .name = "end"}, l};
    for (int round = 0; round < 3; round++) {
        trace[0] = 0;
        for (int i = 0; i < 4; i++)
            v[i] = (struct named_timer){{.fn = fire, .name = "t"}, (char)('a' + i), 0};
        int64_t t0 = loop_now_fresh(l);
        loop_timer_set(l, &end.t, t0 + 50000);
        loop_timer_set(l, &v[0].t, t0 + 30000);
        loop_timer_set(l, &v[1].t, t0 + 10000);
        v[1].due = t0 + 40000;
        loop_timer_set(l, &v[1].t, v[1].due);
        loop_timer_set(l, &v[2].t, t0 + 5000);
        loop_timer_del(l, &v[2].t);
        loop_timer_set(l, &v[3].t, t0 - 1);
        loop_run(l);
        assert_string_equal(trace, "dab");
        assert_true(loop_now(l) >= t0 + 50000);
    }
}

/* ---- Tasks ---- */

struct named_task {
    struct loop_task t;
    struct loop *l;
    char name;
    int again; /* defers itself so often */
};

static void task_run(struct loop_task *t)
{
    struct named_task *n = container_of(t, struct named_task, t);
    mark(n->name);
    if (n->again-- > 0)
        loop_defer(n->l, t);
}

static void hook_run(struct loop_hook *h, int64_t now_us)
{
    (void)h;
    (void)now_us;
    mark('|');
}

static void deferred_work_runs_this_round_and_ready_work_the_next(void **state)
{
    struct loop *l = *state;
    struct named_task d = {{.fn = task_run, .name = "d"}, l, 'd', 2};
    struct named_task r = {{.fn = task_run, .name = "r"}, l, 'r', 0};
    struct named_task x = {{.fn = task_run, .name = "x"}, l, 'x', 0};
    struct loop_hook h = {.fn = hook_run, .name = "h"};
    loop_hook_add(l, &h);
    loop_defer(l, &d.t);
    loop_defer(l, &d.t); /* only once */
    loop_ready(l, &r.t);
    loop_defer(l, &x.t);
    loop_task_cancel(&x.t);
    loop_round(l, 0);
    assert_string_equal(trace, "rddd|");
    loop_ready(l, &r.t);
    loop_round(l, -1); /* does not wait, or it would for ever */
    assert_string_equal(trace, "rddd|r|");
    loop_hook_del(&h);
    loop_round(l, 0);
    assert_string_equal(trace, "rddd|r|");
}

static void endless_deferring_does_not_stop_the_loop(void **state)
{
    struct loop *l = *state;
    struct named_task d = {{.fn = task_run, .name = "d"}, l, 'd', 1000000};
    loop_defer(l, &d.t);
    loop_round(l, 0);
    size_t n = strlen(trace);
    assert_true(n > 0 && n < 100);
    loop_task_cancel(&d.t);
}

/* ---- Descriptors ---- */

struct pair {
    struct loop_fd h;
    struct loop *l;
    struct pair *other; /* removed by whoever runs first */
    int runs;
    unsigned last;
};

static void on_pair(struct loop_fd *h, unsigned events)
{
    struct pair *p = container_of(h, struct pair, h);
    p->runs++;
    p->last = events;
    if (p->other != NULL)
        loop_fd_del(p->l, &p->other->h);
}

static void removing_drops_events_that_were_fetched(void **state)
{
    struct loop *l = *state;
    int fds[2] = {eventfd(1, EFD_NONBLOCK), eventfd(1, EFD_NONBLOCK)};
    struct pair a = {{.fn = on_pair, .name = "a", .fd = -1}, l, NULL, 0, 0}, b = a;
    a.other = &b;
    b.other = &a;
    assert_int_equal(loop_fd_add(l, &a.h, fds[0]), 0);
    assert_int_equal(loop_fd_add(l, &b.h, fds[1]), 0);
    loop_round(l, 0);
    assert_int_equal(a.runs + b.runs, 1);
    loop_fd_del(l, &a.h);
    loop_fd_del(l, &b.h);
    close(fds[0]);
    close(fds[1]);
}

static void a_nap_is_ended_by_work_and_deadlines_only(void **state)
{
    enum { MINUTE_US = 60000000, NAP_US = 20000 };
    struct loop *l = *state;
    struct named_task r = {{.fn = task_run, .name = "r"}, l, 'r', 0};
    struct named_timer t = {{.fn = fire, .name = "t"}, 't', 0};
    int fd = eventfd(1, EFD_NONBLOCK);
    struct pair a = {{.fn = on_pair, .name = "a", .fd = -1}, l, NULL, 0, 0};
    loop_nap(l, MINUTE_US);
    loop_ready(l, &r.t);
    loop_round(l, -1);
    assert_string_equal(trace, "r");
    loop_nap(l, MINUTE_US);
    t.due = loop_now_fresh(l) + 1000;
    loop_timer_set(l, &t.t, t.due);
    while (strlen(trace) < 2)
        loop_round(l, -1);
    assert_string_equal(trace, "rt");
    assert_int_equal(loop_fd_add(l, &a.h, fd), 0);
    int64_t before = loop_now_fresh(l);
    loop_nap(l, NAP_US);
    loop_round(l, -1);
    assert_int_equal(a.runs, 1);
    assert_true(loop_now(l) >= before + NAP_US);
    loop_fd_del(l, &a.h);
    close(fd);
}

static void registration_is_edge_triggered_and_tells_the_end(void **state)
{
    struct loop *l = *state;
    int sv[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
    struct pair a = {{.fn = on_pair, .name = "a", .fd = -1}, l, NULL, 0, 0};
    assert_int_equal(loop_fd_add(l, &a.h, sv[0]), 0);
    loop_round(l, 0);
    assert_int_equal(a.last, LOOP_OUT);
    assert_int_equal(write(sv[1], "x", 1), 1);
    loop_round(l, 0);
    assert_true(a.last & LOOP_IN);
    int runs = a.runs;
    loop_round(l, 0);
    assert_int_equal(a.runs, runs); /* nothing new */
    close(sv[1]);
    loop_round(l, 0);
    assert_true(a.last & LOOP_HUP);
    loop_fd_del(l, &a.h);
    close(sv[0]);
}

/* ---- Slow rounds, signals, stop ---- */

enum { SLOW_US = 1000 };

struct sleepy {
    struct loop_task t;
    int64_t began; /* the round */
};

/* Takes longer than whatever came before it in this round, and than what is slow. */
static void sleepy(struct loop_task *t)
{
    int64_t start = clock_mono_us(), before = start - container_of(t, struct sleepy, t)->began;
    while (clock_mono_us() <= start + 2 * before + SLOW_US)
        ;
}

static void a_slow_round_is_reported_with_what_ran(void **state)
{
    (void)state;
    struct counts *c = xcalloc(1, sizeof *c);
    struct loop *l =
        loop_new(&(struct loop_conf){.name = "test", .counts = c, .slow_round_us = SLOW_US});
    struct sleepy slow = {.t = {.fn = sleepy, .name = "sleepy"}};
    struct named_task quick = {{.fn = task_run, .name = "quick"}, l, 'q', 0};
    int64_t us;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_set_fd(fds[1]);
    assert_null(loop_last_stall(l, &us));
    loop_defer(l, &quick.t);
    loop_defer(l, &slow.t);
    slow.began = clock_mono_us();
    loop_round(l, 0);
    log_set_fd(2);
    assert_string_equal(loop_last_stall(l, &us), "sleepy");
    assert_true(us >= SLOW_US);
    assert_int_equal(count_get(c, COUNT_LOOP_STALLS), 1);
    char line[512] = "";
    assert_true(read(fds[0], line, sizeof line - 1) > 0);
    assert_non_null(strstr(line, "sleepy"));
    assert_non_null(strstr(line, "test"));
    close(fds[0]);
    close(fds[1]);
    loop_free(l);
    xfree(c);
}

static void a_round_that_is_not_slow_is_not_reported(void **state)
{
    (void)state;
    struct loop *l = loop_new(&(struct loop_conf){.slow_round_us = 3600 * US_PER_S});
    struct sleepy slow = {.t = {.fn = sleepy, .name = "sleepy"}};
    slow.began = clock_mono_us();
    loop_defer(l, &slow.t);
    loop_round(l, 0);
    assert_null(loop_last_stall(l, NULL));
    assert_int_equal(count_get(loop_counts(l), COUNT_LOOP_STALLS), 0);
    loop_free(l);
}

static void on_signal(void *ctx, int sig)
{
    *(int *)ctx = sig;
}

static void signals_come_from_the_loop(void **state)
{
    struct loop *l = *state;
    int got = 0;
    assert_int_equal(loop_signals(l, (int[]){SIGUSR1, SIGHUP, 0}, on_signal, &got), 0);
    raise(SIGUSR1);
    loop_round(l, 1000000);
    assert_int_equal(got, SIGUSR1);
    raise(SIGHUP);
    loop_round(l, 1000000);
    assert_int_equal(got, SIGHUP);
}

struct other_thread {
    struct loop_task running;
    struct loop *l;
    sem_t run;
};

static void it_runs(struct loop_task *t)
{
    sem_post(&container_of(t, struct other_thread, running)->run);
}

static void *stop_it(void *arg)
{
    struct other_thread *s = arg;
    while (sem_wait(&s->run) < 0)
        ;
    loop_stop(s->l);
    return NULL;
}

static void stop_works_from_another_thread(void **state)
{
    struct other_thread s = {.running = {.fn = it_runs, .name = "running"}, .l = *state};
    pthread_t t;
    assert_int_equal(sem_init(&s.run, 0, 0), 0);
    assert_int_equal(pthread_create(&t, NULL, stop_it, &s), 0);
    loop_defer(*state, &s.running);
    loop_run(*state);
    pthread_join(t, NULL);
    sem_destroy(&s.run);
}

/* ---- Mailbox ---- */

struct number {
    struct letter letter;
    unsigned sender, n;
};

static void drop_number(struct letter *l)
{
    xfree(container_of(l, struct number, letter));
}

static struct letter *number_new(unsigned sender, unsigned n)
{
    struct number *x = xcalloc(1, sizeof *x);
    x->letter.drop = drop_number;
    x->sender = sender;
    x->n = n;
    return &x->letter;
}

struct seen {
    unsigned next[4], total, wrong;
};

static void on_number(void *ctx, struct letter *l)
{
    struct seen *s = ctx;
    struct number *x = container_of(l, struct number, letter);
    if (s->next[x->sender]++ != x->n)
        s->wrong++;
    s->total++;
    letter_drop(l);
}

static void a_box_is_bounded_ordered_and_wakes_once(void **state)
{
    struct loop *l = *state;
    struct mailbox *m = mailbox_new("box", 10);
    struct mailbox_stats st;
    struct seen seen = {0};
    assert_int_equal(mailbox_attach(m, l, on_number, &seen), 0);
    for (unsigned i = 0; i < 10; i++)
        assert_true(mailbox_post(m, number_new(0, i)));
    struct letter *eleventh = number_new(0, 10);
    assert_false(mailbox_post(m, eleventh));
    mailbox_stats(m, &st);
    assert_int_equal(st.wakeups, 1);
    assert_int_equal(st.refused, 1);
    assert_int_equal(st.waiting, 10);
    loop_round(l, 100000);
    assert_int_equal(seen.total, 10);
    assert_int_equal(seen.wrong, 0);
    assert_true(mailbox_post(m, eleventh));
    mailbox_free(m); /* drops it: the leak check would tell */
    assert_int_equal(seen.total, 10);
}

static void what_is_put_waits_for_the_bell(void **state)
{
    struct loop *l = *state;
    struct mailbox *m = mailbox_new("box", 10);
    struct mailbox_stats st;
    struct seen seen = {0};
    assert_int_equal(mailbox_attach(m, l, on_number, &seen), 0);
    mailbox_ring(m); /* nothing there: nobody is woken */
    assert_true(mailbox_put(m, number_new(0, 0)));
    loop_round(l, 0);
    assert_int_equal(seen.total, 0);
    mailbox_ring(m);
    mailbox_ring(m);
    loop_round(l, 100000);
    assert_int_equal(seen.total, 1);
    assert_true(mailbox_put(m, number_new(0, 1)));
    assert_true(mailbox_post(m, number_new(0, 2))); /* the box isn't empty, and yet it wakes */
    loop_round(l, 100000);
    assert_int_equal(seen.total, 3);
    /* Taken by the owner before the bell was heard: the next letter is not lost. */
    assert_true(mailbox_post(m, number_new(0, 3)));
    assert_int_equal(mailbox_take(m, on_number, &seen, 9), 1);
    assert_true(mailbox_post(m, number_new(0, 4)));
    loop_round(l, 100000);
    assert_int_equal(seen.total, 5);
    assert_int_equal(seen.wrong, 0);
    mailbox_stats(m, &st);
    assert_int_equal(st.wakeups, 3);
    mailbox_free(m);
}

static void a_flood_is_taken_in_several_rounds(void **state)
{
    struct loop *l = *state;
    struct mailbox *m = mailbox_new("box", 1000);
    struct seen seen = {0};
    mailbox_attach(m, l, on_number, &seen);
    for (unsigned i = 0; i < 600; i++)
        assert_true(mailbox_post(m, number_new(0, i)));
    loop_round(l, 0);
    assert_int_equal(seen.total, 256);
    loop_round(l, 0);
    loop_round(l, 0);
    assert_int_equal(seen.total, 600);
    assert_int_equal(seen.wrong, 0);
    mailbox_free(m);
}

enum { EACH = 20000, SENDERS = 4 };

struct sender {
    struct mailbox *m;
    unsigned id;
};

static void *send_numbers(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < EACH; i++) {
        struct letter *l = number_new(s->id, i);
        while (!mailbox_post(s->m, l))
            sched_yield();
    }
    return NULL;
}

static void many_senders_keep_their_order(void **state)
{
    struct mailbox *m = mailbox_new("box", 512);
    struct seen seen = {0};
    pthread_t t[SENDERS];
    struct sender s[SENDERS];
    (void)state;
    for (unsigned i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){m, i};
        assert_int_equal(pthread_create(&t[i], NULL, send_numbers, &s[i]), 0);
    }
    while (seen.total < EACH * SENDERS) {
        assert_true(mailbox_wait(m, 20000)); /* a lost wake-up would stop here */
        mailbox_take(m, on_number, &seen, 100);
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(seen.wrong, 0);
    mailbox_free(m);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(timers_fire_in_order_and_put_off),
        T(deadlines_wake_a_loop_that_waits_for_nothing_else),
        T(deferred_work_runs_this_round_and_ready_work_the_next),
        T(endless_deferring_does_not_stop_the_loop),
        T(removing_drops_events_that_were_fetched),
        T(a_nap_is_ended_by_work_and_deadlines_only),
        T(registration_is_edge_triggered_and_tells_the_end),
        T(a_slow_round_is_reported_with_what_ran),
        T(a_round_that_is_not_slow_is_not_reported),
        T(signals_come_from_the_loop),
        T(stop_works_from_another_thread),
        T(a_box_is_bounded_ordered_and_wakes_once),
        T(what_is_put_waits_for_the_bell),
        T(a_flood_is_taken_in_several_rounds),
        T(many_senders_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
