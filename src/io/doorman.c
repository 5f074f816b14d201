#include "io/doorman.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/count.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/census.h"
#include "io/loop.h"
#include "io/seam.h"
#include "io/tls.h"

enum {
    LISTENERS_MAX = 16,
    GUESS_BYTES = 10,
    TLS_HANDSHAKE_RECORD = 0x16,
    USER_TIMEOUT_MS = 30000,
    NO_FDS_PAUSE_US = 100000
};

static const uint8_t cookie[4] = {0x21, 0x12, 0xA4, 0x42}; /* RFC 8489 5 */

struct listener {
    struct loop_fd fd;
    struct loop_task more; /* accepts_per_round was used up */
    struct doorman *d;
};

/* A connection between accept and its taker. */
struct guest {
    struct list link;
    struct doorman *d;
    struct stream *s;
    bool shaking; /* counted as a handshake */
};

struct taker {
    doorman_take_fn *fn;
    void *ctx;
};

struct doorman {
    struct loop *loop;
    struct counts *counts;
    struct doorman_conf conf;
    struct tls_ctx *tls;
    struct taker takers[DOORMAN_KINDS];
    struct listener listeners[LISTENERS_MAX];
    unsigned nlisteners;
    struct list guests;
    unsigned nguests, nshaking;
    int spare_fd; /* given up for a moment to tell somebody that there are none left */
    struct loop_timer again;
    bool deferred; /* the kernel keeps connections back until they have bytes for us */
    bool stopped;
};

/* ---- What is it? ---- */

enum doorman_guess doorman_guess(const uint8_t *p, size_t n, bool inside_tls)
{
    if (n == 0)
        return GUESS_MORE;
    if (p[0] == TLS_HANDSHAKE_RECORD && !inside_tls)
        return GUESS_TLS;
    /* As long as every byte so far could still be that: STUN begins with two zero bits; behind a
     * length, the first byte of ICE-TCP can be anything, but no method name has a byte below '
     * '. */
    if (n >= 8 && memcmp(p + 4, cookie, sizeof(cookie)) == 0 && p[0] < 0x40)
        return GUESS_STUN;
    if (n >= GUESS_BYTES && memcmp(p + 6, cookie, sizeof(cookie)) == 0 && p[2] < 0x40)
        return GUESS_ICE_TCP;
    bool stun = p[0] < 0x40, ice = true;
    for (size_t i = 0; i < n && i < GUESS_BYTES; i++) {
        if (i >= 4 && i < 8 && p[i] != cookie[i - 4])
            stun = false;
        if ((i >= 6 && p[i] != cookie[i - 6]) || (i == 2 && p[2] >= 0x40))
            ice = false;
    }
    return (stun && n < 8) || (ice && n < GUESS_BYTES) ? GUESS_MORE : GUESS_HTTP;
}

/* ---- Guests ---- */

static void guest_shaken(struct guest *g)
{
    if (g->shaking) {
        g->shaking = false;
        g->d->nshaking--;
    }
}

static void guest_free(struct guest *g)
{
    guest_shaken(g);
    list_del(&g->link);
    g->d->nguests--;
    xfree(g);
}

static const enum count kind_counts[DOORMAN_KINDS] = {COUNT_KIND_HTTP, COUNT_KIND_STUN,
                                                      COUNT_KIND_ICE_TCP};

static void hand_over(struct guest *g, enum doorman_kind kind)
{
    struct doorman *d = g->d;
    struct stream *s = g->s;
    struct taker *t = &d->takers[kind];
    count_inc(d->counts, kind_counts[kind]);
    if (t->fn == NULL) {
        count_inc(d->counts, COUNT_DROP_CONN_NO_TAKER);
        stream_close(s, STREAM_PROTOCOL);
        return;
    }
    guest_free(g);
    stream_deadline(s, 0);
    t->fn(t->ctx, s);
}

static void shake(struct guest *g)
{
    struct doorman *d = g->d;
    if (d->tls == NULL) {
        count_inc(d->counts, COUNT_DROP_CONN_NO_TAKER);
        stream_close(g->s, STREAM_PROTOCOL);
        return;
    }
    if (d->nshaking >= d->conf.max_handshakes) {
        count_inc(d->counts, COUNT_DROP_CONN_HANDSHAKES);
        stream_close(g->s, STREAM_LIMIT);
        return;
    }
    g->shaking = true;
    d->nshaking++;
    stream_deadline(g->s, loop_now(d->loop) + d->conf.handshake_us);
    stream_start_tls(g->s, d->tls);
}

static size_t guest_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct guest *g = s->ctx;
    switch (doorman_guess(p, n, s->tls)) {
    case GUESS_MORE: break;
    case GUESS_TLS: shake(g); break;
    case GUESS_HTTP: hand_over(g, DOORMAN_HTTP); break;
    case GUESS_STUN: hand_over(g, DOORMAN_STUN); break;
    case GUESS_ICE_TCP: hand_over(g, DOORMAN_ICE_TCP); break;
    }
    return 0; /* all of it is for whoever comes next */
}

static void guest_open(struct stream *s)
{
    struct guest *g = s->ctx;
    guest_shaken(g);
    stream_deadline(s, loop_now(g->d->loop) + g->d->conf.classify_us);
}

static void guest_late(struct stream *s, int64_t now_us)
{
    struct guest *g = s->ctx;
    (void)now_us;
    count_inc(g->d->counts, COUNT_DROP_CONN_DEADLINE);
    stream_close(s, STREAM_TIMEOUT);
}

static void guest_closed(struct stream *s, enum stream_why why)
{
    (void)why;
    guest_free(s->ctx);
}

static const struct stream_user guest_user = {
    .name = "doorman",
    .on_open = guest_open,
    .on_data = guest_data,
    .on_deadline = guest_late,
    .on_closed = guest_closed,
};

/* ---- Accepting ---- */

static void welcome(struct doorman *d, int fd, const struct addr *peer)
{
    switch (d->conf.census != NULL ? census_enter(d->conf.census, peer) : CENSUS_OK) {
    case CENSUS_TOTAL:
        count_inc(d->counts, COUNT_DROP_CONN_CAP);
        close(fd);
        return;
    case CENSUS_ADDR:
        count_inc(d->counts, COUNT_DROP_CONN_ADDR_CAP);
        close(fd);
        return;
    case CENSUS_OK: break;
    }
    struct guest *g = xcalloc(1, sizeof(*g));
    g->d = d;
    g->s = stream_new(d->loop, fd, peer, NULL, NULL, d->conf.census, &guest_user, g);
    if (g->s == NULL) {
        count_inc(d->counts, COUNT_DROP_CONN_FDS);
        xfree(g);
        return;
    }
    list_push_back(&d->guests, &g->link);
    d->nguests++;
    count_inc(d->counts, COUNT_ACCEPTED);
    stream_deadline(g->s, loop_now(d->loop) + d->conf.classify_us);
    if (d->deferred)
        stream_expect(g->s);
}

/* No descriptors left: the spare one lets us take the connection and close it, so that its owner
 * learns at once instead of waiting, and the listener doesn't stay readable for ever. */
static void turn_away(struct doorman *d, int listener)
{
    count_inc(d->counts, COUNT_DROP_CONN_FDS);
    log_limited(LOG_LEVEL_WARN, "doorman", NULL,
                "no file descriptors left: a connection was turned away; raise the limit of open "
                "files or lower the cap on connections");
    if (d->spare_fd >= 0) {
        close(d->spare_fd);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (!loop_timer_armed(&d->again))
        loop_timer_set(d->loop, &d->again, loop_now(d->loop) + NO_FDS_PAUSE_US);
}

static void accept_some(struct listener *li)
{
    struct doorman *d = li->d;
    for (unsigned i = 0; i < d->conf.accepts_per_round; i++) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof(ss);
        struct addr peer = {.family = 0};
        int fd = seam_accept(li->fd.fd, (struct sockaddr *)&ss, &len);
        if (fd >= 0) {
            addr_from_sockaddr(&peer, (struct sockaddr *)&ss, len);
            if (peer.family == 6)
                addr_unmap(&peer);
            welcome(d, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            turn_away(d, li->fd.fd);
            return;
        } else if (errno == EAGAIN && !seam_armed) {
            return;
        } /* else: it died in the queue (ECONNABORTED and its like), or a fault: the next one */
    }
    loop_ready(d->loop, &li->more);
}

static void on_listener(struct loop_fd *self, unsigned events)
{
    if (events & LOOP_IN)
        accept_some(container_of(self, struct listener, fd));
}

static void on_more(struct loop_task *self)
{
    accept_some(container_of(self, struct listener, more));
}

static void on_again(struct loop_timer *t, int64_t now_us)
{
    struct doorman *d = container_of(t, struct doorman, again);
    (void)now_us;
    for (unsigned i = 0; i < d->nlisteners && !d->stopped; i++)
        loop_ready(d->loop, &d->listeners[i].more);
}

/* ---- Life ---- */

struct doorman *doorman_new(struct loop *l, const struct doorman_conf *conf)
{
    struct doorman *d = xcalloc(1, sizeof(*d));
    d->loop = l;
    d->counts = loop_counts(l);
    d->conf = *conf;
    if (d->conf.max_handshakes == 0)
        d->conf.max_handshakes = 512;
    if (d->conf.classify_us == 0)
        d->conf.classify_us = 5000000;
    if (d->conf.handshake_us == 0)
        d->conf.handshake_us = 10000000;
    if (d->conf.accepts_per_round == 0)
        d->conf.accepts_per_round = 64;
    list_init(&d->guests);
    d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    d->again = (struct loop_timer){.fn = on_again, .name = "doorman"};
    return d;
}

void doorman_taker(struct doorman *d, enum doorman_kind kind, doorman_take_fn *fn, void *ctx)
{
    d->takers[kind] = (struct taker){fn, ctx};
}

void doorman_tls(struct doorman *d, struct tls_ctx *tls)
{
    if (tls != NULL)
        tls_ctx_ref(tls);
    tls_ctx_unref(d->tls);
    d->tls = tls;
}

int doorman_listen(struct doorman *d, int fd)
{
    int one = 1, ms = USER_TIMEOUT_MS;
    if (d->nlisteners == LISTENERS_MAX) {
        errno = ENOSPC;
        return -1;
    }
    /* Accepted sockets inherit these, which saves two calls for each. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
    /* Who connects comes to us with its first bytes: one wake-up instead of two. Who stays silent
     * comes after the kernel's first repetition of its SYN-ACK, a second later. */
    d->deferred = setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof(one)) == 0;
    struct listener *li = &d->listeners[d->nlisteners];
    li->d = d;
    li->fd = (struct loop_fd){.fn = on_listener, .name = "doorman", .fd = -1};
    li->more = (struct loop_task){.fn = on_more, .name = "doorman"};
    if (loop_fd_add(d->loop, &li->fd, fd) < 0)
        return -1;
    d->nlisteners++;
    return 0;
}

void doorman_stop(struct doorman *d)
{
    d->stopped = true;
    for (unsigned i = 0; i < d->nlisteners; i++) {
        loop_fd_del(d->loop, &d->listeners[i].fd);
        loop_task_cancel(&d->listeners[i].more);
    }
    d->nlisteners = 0;
    loop_timer_del(d->loop, &d->again);
    LIST_FOREACH_SAFE(it, &d->guests) {
        stream_close(container_of(it, struct guest, link)->s, STREAM_DRAIN);
    }
}

unsigned doorman_pending(const struct doorman *d)
{
    return d->nguests;
}

void doorman_free(struct doorman *d)
{
    if (d == NULL)
        return;
    if (!d->stopped)
        doorman_stop(d);
    /* Their streams end with this round, after us: they must not find us gone. */
    for (int i = 0; i < 4 && d->nguests > 0; i++)
        loop_round(d->loop, 0);
    doorman_tls(d, NULL);
    if (d->spare_fd >= 0)
        close(d->spare_fd);
    xfree(d);
}
