#include "io/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/util.h"
#include "io/loop.h"

enum { LETTERS_PER_ROUND = 256 };

/*
 * Senders push onto a stack with one compare-and-swap; the owner takes the whole stack with one
 * exchange and turns it round. Nobody pops single letters, so there is no ABA to fear.
 */
struct mailbox {
    _Atomic(struct letter *) in;
    atomic_bool rung;    /* the owner has been woken, and hasn't begun to take since */
    atomic_uint waiting; /* posted and not yet taken, the pushed and the turned ones */
    unsigned cap;
    atomic_ulong posted, refused, wakeups;

    struct letter *out; /* the owner's: taken from `in`, oldest first */
    struct loop *loop;
    struct loop_fd fd;
    struct loop_task more;
    mailbox_fn *fn;
    void *ctx;
    int efd;
};

static void on_wake(struct loop_fd *self, unsigned events);
static void on_more(struct loop_task *self);

struct mailbox *mailbox_new(const char *name, unsigned cap)
{
    int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (efd < 0)
        return NULL;
    struct mailbox *m = xcalloc(1, sizeof(*m));
    m->efd = efd;
    m->cap = cap;
    m->fd = (struct loop_fd){.fn = on_wake, .name = name, .fd = -1};
    m->more = (struct loop_task){.fn = on_more, .name = name};
    atomic_init(&m->in, NULL);
    atomic_init(&m->rung, false);
    return m;
}

bool mailbox_put(struct mailbox *m, struct letter *l)
{
    if (atomic_fetch_add_explicit(&m->waiting, 1, memory_order_relaxed) >= m->cap) {
        atomic_fetch_sub_explicit(&m->waiting, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
        return false;
    }
    struct letter *top = atomic_load_explicit(&m->in, memory_order_relaxed);
    do {
        l->next = top;
    } while (!atomic_compare_exchange_weak_explicit(&m->in, &top, l, memory_order_acq_rel,
                                                    memory_order_relaxed));
    atomic_fetch_add_explicit(&m->posted, 1, memory_order_relaxed);
    return true;
}

/* After the push: whoever finds the bell silent rings it. */
static void ring(struct mailbox *m)
{
    uint64_t one = 1;
    if (atomic_exchange(&m->rung, true))
        return;
    atomic_fetch_add_explicit(&m->wakeups, 1, memory_order_relaxed);
    if (write(m->efd, &one, sizeof(one)) < 0)
        return; /* the counter is full, so the owner is awake */
}

bool mailbox_post(struct mailbox *m, struct letter *l)
{
    if (!mailbox_put(m, l))
        return false;
    ring(m);
    return true;
}

void mailbox_ring(struct mailbox *m)
{
    if (atomic_load(&m->in) != NULL)
        ring(m);
}

/* Everything that was pushed, oldest first, behind what is still in `out`. */
static void turn_round(struct mailbox *m)
{
    struct letter *l = atomic_exchange_explicit(&m->in, NULL, memory_order_acq_rel);
    struct letter *turned = NULL;
    while (l != NULL) {
        struct letter *next = l->next;
        l->next = turned;
        turned = l;
        l = next;
    }
    struct letter **end = &m->out;
    while (*end != NULL)
        end = &(*end)->next;
    *end = turned;
}

unsigned mailbox_take(struct mailbox *m, mailbox_fn *fn, void *ctx, unsigned max)
{
    unsigned n = 0;
    while (n < max) {
        if (m->out == NULL)
            turn_round(m);
        struct letter *l = m->out;
        if (l == NULL)
            break;
        m->out = l->next;
        l->next = NULL;
        atomic_fetch_sub_explicit(&m->waiting, 1, memory_order_relaxed);
        fn(ctx, l);
        n++;
    }
    return n;
}

/* Before taking: a letter that comes in between wakes us once more, never too seldom. */
static void silence(struct mailbox *m)
{
    uint64_t n;
    if (read(m->efd, &n, sizeof(n)) < 0)
        return;                       /* nothing there: taken by an earlier round */
    atomic_exchange(&m->rung, false); /* and sees what was pushed by those who found it rung */
}

static void deliver(struct mailbox *m)
{
    silence(m);
    if (mailbox_take(m, m->fn, m->ctx, LETTERS_PER_ROUND) == LETTERS_PER_ROUND && m->loop != NULL)
        loop_ready(m->loop, &m->more);
}

static void on_wake(struct loop_fd *self, unsigned events)
{
    if (events & LOOP_IN)
        deliver(container_of(self, struct mailbox, fd));
}

static void on_more(struct loop_task *self)
{
    deliver(container_of(self, struct mailbox, more));
}

int mailbox_attach(struct mailbox *m, struct loop *l, mailbox_fn *fn, void *ctx)
{
    m->fn = fn;
    m->ctx = ctx;
    if (loop_fd_add(l, &m->fd, m->efd) < 0)
        return -1;
    m->loop = l;
    return 0;
}

void mailbox_detach(struct mailbox *m)
{
    if (m->loop == NULL)
        return;
    loop_fd_del(m->loop, &m->fd);
    loop_task_cancel(&m->more);
    m->loop = NULL;
}

bool mailbox_wait(struct mailbox *m, int timeout_ms)
{
    struct pollfd p = {.fd = m->efd, .events = POLLIN};
    if (m->out != NULL)
        return true;
    if (poll(&p, 1, timeout_ms) <= 0)
        return false;
    silence(m);
    return true;
}

static void drop_letter(void *ctx, struct letter *l)
{
    (void)ctx;
    letter_drop(l);
}

void mailbox_free(struct mailbox *m)
{
    if (m == NULL)
        return;
    mailbox_detach(m);
    mailbox_take(m, drop_letter, NULL, UINT32_MAX);
    close(m->efd);
    xfree(m);
}

void mailbox_stats(const struct mailbox *m, struct mailbox_stats *out)
{
    struct mailbox *mm = (struct mailbox *)m; /* C11's atomic loads want no const */
    out->posted = atomic_load_explicit(&mm->posted, memory_order_relaxed);
    out->refused = atomic_load_explicit(&mm->refused, memory_order_relaxed);
    out->wakeups = atomic_load_explicit(&mm->wakeups, memory_order_relaxed);
    out->waiting = atomic_load_explicit(&mm->waiting, memory_order_relaxed);
}
