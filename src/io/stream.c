#include "io/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/census.h"
#include "io/stream_int.h"
#include "io/tls.h"

enum { RETRY_US = 10000 };

static const char *const why_names[STREAM_WHYS] = {"eof",       "reset", "timeout",  "tls_error",
                                                   "dead_peer", "error", "overflow", "done",
                                                   "protocol",  "limit", "slow",     "drain"};

const char *stream_why_name(enum stream_why why)
{
    return (unsigned)why < STREAM_WHYS ? why_names[why] : "unknown";
}

/* ---- Shared buffers ---- */

static void on_retry(struct loop_timer *t, int64_t now_us)
{
    struct stream_shared *sh = container_of(t, struct stream_shared, retry_timer);
    struct list *n;
    (void)now_us;
    while ((n = list_pop_front(&sh->retry)) != NULL) {
        struct loop_task *task = container_of(n, struct loop_task, link);
        task->queued = false;
        loop_ready(sh->loop, task);
    }
}

static struct stream_shared *shared_of(struct loop *l)
{
    struct stream_shared *sh = loop_aux(l);
    if (sh == NULL) {
        sh = xmalloc(sizeof(*sh)); /* not zeroed: its pages are taken when they are used */
        sh->loop = l;
        sh->counts = loop_counts(l);
        sh->current = NULL;
        sh->wire = (struct tls_wire){.out = sh->cipher_out, .out_cap = CIPHER_OUT_CAP};
        sh->retry_timer = (struct loop_timer){.fn = on_retry, .name = "stream retry"};
        list_init(&sh->retry);
        loop_set_aux(l, sh, xfree);
    }
    return sh;
}

/* The kernel has no memory, or a fault was injected: no event will come, so ask again soon. */
void sock_try_again_soon(struct sock *k)
{
    if (k->turn.queued)
        return;
    k->turn.queued = true;
    list_push_back(&k->sh->retry, &k->turn.link);
    if (!loop_timer_armed(&k->sh->retry_timer))
        loop_timer_set(k->sh->loop, &k->sh->retry_timer, loop_now(k->sh->loop) + RETRY_US);
}

void stream_piece_set(struct stream_piece *x, const uint8_t *p, size_t n)
{
    uint8_t *copy = NULL;
    if (n > 0) {
        copy = xmalloc(n);
        memcpy(copy, p, n);
    }
    xfree(x->p); /* after the copy: p may lie in it */
    x->p = copy;
    x->n = (uint32_t)n;
}

void stream_piece_drop(struct stream_piece *x)
{
    xfree(x->p);
    *x = (struct stream_piece){NULL, 0};
}

/* ---- Ends ---- */

static void let_go(struct sock *k)
{
    loop_timer_del(k->sh->loop, &k->timer);
    loop_task_cancel(&k->flush);
    loop_task_cancel(&k->turn);
    if (k->sh->current == k)
        k->sh->current = NULL;
    k->s.closing = true;
}

void sock_close(struct stream *s, enum stream_why why)
{
    struct sock *k = sock_of(s);
    if (s->closing)
        return;
    loop_fd_close(k->sh->loop, &k->fd);
    let_go(k);
    k->state = SOCK_ENDED;
    k->why = (uint8_t)why;
    loop_defer(k->sh->loop, &k->turn);
}

static void sock_free(struct sock *k)
{
    tls_session_free(k->tls);
    stream_piece_drop(&k->held);
    stream_piece_drop(&k->cipher);
    stream_piece_drop(&k->out);
    xfree(k);
}

static void sock_end(struct sock *k)
{
    if (k->state == SOCK_ENDED) {
        struct counts *c = k->sh->counts;
        count_dec(c, COUNT_CONNS);
        count_inc(c, (enum count)(COUNT_STREAM_EOF + k->why));
        if (k->census != NULL)
            census_leave(k->census, &k->s.peer);
        k->s.user->on_closed(&k->s, (enum stream_why)k->why);
    }
    sock_free(k);
}

enum stream_why sock_why_of_errno(int e)
{
    switch (e) {
    case ECONNRESET:
    case EPIPE: return STREAM_RESET;
    case ETIMEDOUT: return STREAM_DEAD_PEER;
    default: return STREAM_ERROR;
    }
}

/* An error while we are only saying goodbye changes nothing. */
void sock_broken(struct sock *k, enum stream_why why)
{
    sock_close(&k->s, k->state >= SOCK_FLUSHING ? STREAM_DONE : why);
}

static void on_fd(struct loop_fd *h, unsigned events)
{
    struct sock *k = container_of(h, struct sock, fd);
    if (events & LOOP_HUP)
        k->hup = true;
    if (events & LOOP_IN)
        k->readable = true;
    if (events & LOOP_OUT)
        sock_unblock(k);
    if (k->readable && !k->s.closing && !(k->s.paused && k->state == SOCK_OPEN))
        sock_take_turn(k);
}

static void on_turn(struct loop_task *t)
{
    struct sock *k = container_of(t, struct sock, turn);
    if (k->s.closing) {
        sock_end(k);
        return;
    }
    if (k->retry) {
        k->retry = false;
        sock_unblock(k);
    }
    if (k->s.closing)
        return;
    sock_redeliver(k);
    if (!k->s.closing)
        sock_take_turn(k);
}

static void on_timer(struct loop_timer *t, int64_t now_us)
{
    struct sock *k = container_of(t, struct sock, timer);
    if (k->state >= SOCK_FLUSHING)
        sock_close(&k->s, STREAM_DONE);
    else if (k->s.user->on_deadline != NULL)
        k->s.user->on_deadline(&k->s, now_us);
    else
        sock_close(&k->s, STREAM_TIMEOUT);
}

static void sock_pause(struct stream *s, bool paused)
{
    struct sock *k = sock_of(s);
    s->paused = paused;
    if (!paused && !s->closing)
        loop_defer(k->sh->loop, &k->turn);
}

static void sock_deadline(struct stream *s, int64_t at_us)
{
    struct sock *k = sock_of(s);
    if (s->closing || k->state > SOCK_OPEN)
        return;
    if (at_us == 0)
        loop_timer_del(k->sh->loop, &k->timer);
    else
        loop_timer_set(k->sh->loop, &k->timer, at_us);
}

/* Everything has left: say goodbye and wait for the other side to do so. */
void sock_linger(struct sock *k)
{
    shutdown(k->fd.fd, SHUT_WR);
    k->state = SOCK_LINGERING;
    loop_timer_del(k->sh->loop, &k->timer);
    loop_timer_set(k->sh->loop, &k->timer, loop_now(k->sh->loop) + STREAM_LINGER_MS * 1000);
    if (k->eof)
        sock_close(&k->s, STREAM_DONE);
    else
        loop_defer(k->sh->loop, &k->turn);
}

static void sock_shutdown(struct stream *s)
{
    struct sock *k = sock_of(s);
    if (s->closing || k->state > SOCK_OPEN)
        return;
    if (k->state == SOCK_HANDSHAKE) {
        sock_close(s, STREAM_DONE);
        return;
    }
    k->state = SOCK_FLUSHING;
    loop_task_cancel(&k->flush);
    stream_piece_drop(&k->held);
    stream_piece_drop(&k->cipher);
    if (k->tls != NULL) {
        tls_session_shutdown(k->tls);
        sock_send_wire(k);
    }
    if (s->closing)
        return;
    if (k->out.n == 0) {
        sock_linger(k);
        return;
    }
    loop_timer_del(k->sh->loop, &k->timer);
    loop_timer_set(k->sh->loop, &k->timer, loop_now(k->sh->loop) + 5 * STREAM_LINGER_MS * 1000);
}

static int64_t sock_now(const struct stream *s)
{
    return loop_now(sock_of(s)->sh->loop);
}

static const struct stream_ops sock_ops = {
    .writev = sock_writev,
    .want_write = sock_want_write,
    .pause = sock_pause,
    .deadline = sock_deadline,
    .shutdown = sock_shutdown,
    .close = sock_close,
    .now = sock_now,
};

static const char *name_of(const struct stream_user *user)
{
    return user != NULL && user->name != NULL ? user->name : "stream";
}

/* All but TLS; fd is closed when it fails. */
static struct sock *sock_new(struct loop *l, int fd, const struct addr *peer,
                             const struct addr *local, const struct stream_user *user, void *ctx)
{
    struct sock *k = xcalloc(1, sizeof(*k));
    k->s = (struct stream){.ops = &sock_ops, .user = user, .ctx = ctx, .peer = *peer};
    if (local != NULL)
        k->s.local = *local;
    k->sh = shared_of(l);
    k->state = SOCK_OPEN;
    k->fd = (struct loop_fd){.fn = on_fd, .name = name_of(user), .fd = -1};
    k->timer = (struct loop_timer){.fn = on_timer, .name = name_of(user)};
    k->flush = (struct loop_task){.fn = sock_on_flush, .name = name_of(user)};
    k->turn = (struct loop_task){.fn = on_turn, .name = name_of(user)};
    if (loop_fd_add(l, &k->fd, fd) < 0) {
        close(fd);
        xfree(k);
        return NULL;
    }
    count_inc(k->sh->counts, COUNT_CONNS);
    return k;
}

struct stream *stream_new(struct loop *l, int fd, const struct addr *peer, const struct addr *local,
                          struct tls_ctx *tls, struct census *census,
                          const struct stream_user *user, void *ctx)
{
    struct sock *k = sock_new(l, fd, peer, local, user, ctx);
    if (k == NULL) {
        if (census != NULL)
            census_leave(census, peer);
        return NULL;
    }
    k->census = census;
    if (tls != NULL)
        stream_start_tls(&k->s, tls);
    return &k->s;
}

void stream_expect(struct stream *s)
{
    struct sock *k = sock_of(s);
    k->readable = true;
    loop_defer(k->sh->loop, &k->turn);
}

void stream_start_tls(struct stream *s, struct tls_ctx *tls)
{
    struct sock *k = sock_of(s);
    if (s->closing || k->state != SOCK_OPEN || k->tls != NULL)
        return;
    k->tls = tls_session_new(tls, &k->sh->wire);
    if (k->tls == NULL) {
        sock_close(s, STREAM_TLS_ERROR);
        return;
    }
    s->tls = true;
    k->state = SOCK_HANDSHAKE;
    loop_defer(k->sh->loop, &k->turn);
}

bool stream_open(const struct stream *s)
{
    return !s->closing && sock_of(s)->state == SOCK_OPEN;
}

void stream_alpn(const struct stream *s, char *out, size_t cap)
{
    out[0] = '\0';
    if (sock_of(s)->tls != NULL)
        tls_session_alpn(sock_of(s)->tls, out, cap);
}

/* ---- From one loop to another ---- */

/* Everything that was read and decrypted and that nobody has taken, in the shared buffer. */
static size_t bytes_in_hand(struct sock *k)
{
    struct stream_shared *sh = k->sh;
    size_t n = sh->current == k ? sh->current_n : sock_bring_held(k);
    if (k->tls == NULL)
        return n;
    if (sh->current != k) {
        if (k->cipher.n > 0)
            memcpy(sh->cipher_in, k->cipher.p, k->cipher.n);
        sh->wire.in = sh->cipher_in;
        sh->wire.in_len = k->cipher.n;
    }
    n = sock_decrypt(k, n);
    sh->wire.in_len = 0;
    return n;
}

const struct addr *stream_local(struct stream *s)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    if (s->local.family == 0 && !s->closing &&
        getsockname(sock_of(s)->fd.fd, (struct sockaddr *)&ss, &len) == 0)
        addr_from_sockaddr(&s->local, (struct sockaddr *)&ss, len);
    return &s->local;
}

struct stream_handover *stream_detach(struct stream *s)
{
    struct sock *k = sock_of(s);
    if (s->closing)
        return NULL;
    size_t n = k->state == SOCK_OPEN && k->out.n == 0 ? bytes_in_hand(k) : 0;
    if (s->closing)
        return NULL;
    if (k->state != SOCK_OPEN || k->out.n > 0) {
        sock_close(s, STREAM_ERROR);
        return NULL;
    }
    struct stream_handover *h = xcalloc(1, sizeof(*h));
    h->fd = k->fd.fd;
    h->ssl = k->tls;
    h->bytes = xmalloc(n);
    memcpy(h->bytes, k->sh->plain, n);
    h->nbytes = n;
    h->deadline_us = k->timer.at_us;
    h->peer = s->peer;
    h->local = *stream_local(s);
    h->census = k->census;
    k->tls = NULL;
    loop_fd_del(k->sh->loop, &k->fd);
    let_go(k);
    k->state = SOCK_GIVEN_AWAY;
    count_dec(k->sh->counts, COUNT_CONNS);
    loop_defer(k->sh->loop, &k->turn);
    return h;
}

struct stream *stream_attach(struct loop *l, struct stream_handover *h,
                             const struct stream_user *user, void *ctx)
{
    struct sock *k = sock_new(l, h->fd, &h->peer, &h->local, user, ctx);
    if (k == NULL) {
        h->fd = -1;
        stream_handover_free(h);
        return NULL;
    }
    k->census = h->census;
    k->tls = h->ssl;
    k->s.tls = k->tls != NULL;
    if (k->tls != NULL)
        tls_session_wire(k->tls, &k->sh->wire);
    k->held = (struct stream_piece){h->bytes, (uint32_t)h->nbytes};
    if (h->nbytes == 0)
        stream_piece_drop(&k->held);
    k->readable = true; /* what the former loop has seen won't be told again if it read it all */
    if (h->deadline_us != 0)
        loop_timer_set(l, &k->timer, h->deadline_us);
    xfree(h);
    loop_defer(l, &k->turn);
    return &k->s;
}

void stream_handover_free(struct stream_handover *h)
{
    if (h == NULL)
        return;
    if (h->fd >= 0)
        close(h->fd);
    tls_session_free(h->ssl);
    if (h->census != NULL)
        census_leave(h->census, &h->peer);
    xfree(h->bytes);
    xfree(h);
}
