#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_MAX = 1 << 18, EVENTS_MAX = 512, SPIN_MS = 1 };

static uint8_t reading[READ_MAX];

void die(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void put(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        if (b->p == NULL)
            die("out of memory");
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void drop(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

void conn_open(struct load *l, struct conn *c)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)l->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
        die("connect: %s", strerror(errno));
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, c->fd, &ev) < 0)
        die("epoll_ctl: %s", strerror(errno));
    c->state = CONN_CONNECTING;
    l->in_flight++;
}

void conn_close(struct load *l, struct conn *c)
{
    if (c->state == CONN_NONE)
        return;
    SSL_free(c->ssl);
    c->ssl = NULL;
    close(c->fd);
    drop(&c->in);
    drop(&c->out);
    c->fd = -1;
    c->state = CONN_NONE;
    l->closed++;
}

/* The other side ended it. */
static void gone(struct load *l, struct conn *c)
{
    if (c->state != CONN_CLOSING)
        l->lost++;
    if (c->state != CONN_CLOSING && c->state < CONN_READY)
        die("a connection broke in state %d: %s", c->state, strerror(errno));
    conn_close(l, c);
}

/* ---- writing ---- */

static void mark(struct load *l, struct conn *c)
{
    if (!c->dirty) {
        c->dirty = true;
        l->dirty[l->n_dirty++] = c->index;
    }
}

static void put_frame(struct load *l, struct conn *c, uint8_t op, const void *data, size_t n)
{
    static const uint8_t key[4] = {0x5a, 0x17, 0xc3, 0x2e};
    uint8_t head[14] = {(uint8_t)(0x80 | op)};
    size_t h = 2;
    if (n < 126) {
        head[1] = (uint8_t)(0x80 | n);
    } else {
        if (n > 0xffff)
            die("a message of %zu bytes", n);
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        h = 4;
    }
    memcpy(head + h, key, 4);
    put(&c->out, head, h + 4);
    put(&c->out, data, n);
    uint8_t *p = c->out.p + c->out.n - n;
    for (size_t i = 0; i < n; i++)
        p[i] ^= key[i & 3];
    mark(l, c);
}

void conn_send(struct load *l, struct conn *c, const char *p, size_t n)
{
    put_frame(l, c, 1, p, n);
}

void conn_send_close(struct load *l, struct conn *c)
{
    static const uint8_t normal[2] = {0x03, 0xe8};
    c->said_close = true;
    put_frame(l, c, 8, normal, sizeof normal);
}

static void flush(struct load *l, struct conn *c)
{
    while (c->out.n > 0) {
        ssize_t n = c->ssl != NULL ? SSL_write(c->ssl, c->out.p, (int)c->out.n)
                                   : send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
        if (n <= 0) {
            if (c->ssl != NULL ? SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_WRITE
                               : errno == EAGAIN)
                return;
            gone(l, c);
            return;
        }
        memmove(c->out.p, c->out.p + n, c->out.n - (size_t)n);
        c->out.n -= (size_t)n;
    }
    drop(&c->out);
}

void conn_flush_all(struct load *l)
{
    for (unsigned i = 0; i < l->n_dirty; i++) {
        struct conn *c = &l->conns[l->dirty[i]];
        c->dirty = false;
        if (c->state > CONN_SHAKING)
            flush(l, c);
    }
    l->n_dirty = 0;
}

/* ---- reading ---- */

static size_t take_upgrade(struct load *l, struct conn *c, const uint8_t *p, size_t n)
{
    const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (n < 12 || memcmp(p + 9, "101", 3) != 0)
        die("the upgrade was refused: %.*s", (int)n, (const char *)p);
    dialect_open(l, c);
    return (size_t)(end + 4 - p);
}

/* Whole frames; servers don't mask. */
static size_t take_frame(struct load *l, struct conn *c, const uint8_t *p, size_t n)
{
    size_t h = 2, len;
    if (n < 2)
        return 0;
    len = p[1];
    if (len == 126) {
        h = 4;
        if (n < h)
            return 0;
        len = (size_t)p[2] << 8 | p[3];
    } else if (len == 127) {
        h = 10;
        if (n < h)
            return 0;
        len = 0;
        for (int i = 2; i < 10; i++)
            len = len << 8 | p[i];
    }
    if (n < h + len)
        return 0;
    switch (p[0] & 15) {
    case 1: dialect_message(l, c, (const char *)p + h, len); break;
    case 8:
        if (c->state != CONN_CLOSING)
            l->lost++;
        c->state = CONN_CLOSING;
        if (!c->said_close) /* ws waits 30 s for it */
            conn_send_close(l, c);
        break;
    case 9: put_frame(l, c, 10, p + h, len); break;
    default: break;
    }
    return h + len;
}

static size_t take(struct load *l, struct conn *c, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n && c->state != CONN_NONE) {
        size_t k = c->state == CONN_UPGRADING ? take_upgrade(l, c, p + at, n - at)
                                              : take_frame(l, c, p + at, n - at);
        if (k == 0)
            break;
        at += k;
    }
    return at;
}

static void arrived(struct load *l, struct conn *c, const uint8_t *p, size_t n)
{
    if (c->in.n == 0) {
        size_t k = take(l, c, p, n);
        if (k < n && c->state != CONN_NONE)
            put(&c->in, p + k, n - k);
        return;
    }
    put(&c->in, p, n);
    size_t k = take(l, c, c->in.p, c->in.n);
    if (c->state == CONN_NONE)
        return;
    memmove(c->in.p, c->in.p + k, c->in.n - k);
    c->in.n -= k;
    if (c->in.n == 0)
        drop(&c->in);
}

static void read_all(struct load *l, struct conn *c)
{
    while (c->state != CONN_NONE) {
        ssize_t n = c->ssl != NULL ? SSL_read(c->ssl, reading, sizeof reading)
                                   : recv(c->fd, reading, sizeof reading, 0);
        if (n > 0) {
            arrived(l, c, reading, (size_t)n);
            continue;
        }
        bool wait = c->ssl != NULL ? SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ
                                   : n < 0 && errno == EAGAIN;
        if (!wait)
            gone(l, c);
        return;
    }
}

static void upgrade(struct load *l, struct conn *c)
{
    char text[4096];
    size_t n = dialect_upgrade(l, c, text, sizeof text);
    c->state = CONN_UPGRADING;
    put(&c->out, text, n);
    mark(l, c);
}

static void shake(struct load *l, struct conn *c)
{
    int r = SSL_do_handshake(c->ssl);
    if (r == 1) {
        upgrade(l, c);
        return;
    }
    int e = SSL_get_error(c->ssl, r);
    if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
        gone(l, c);
}

static void connected(struct load *l, struct conn *c)
{
    int e = 0;
    socklen_t n = sizeof e;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n);
    if (e != 0)
        die("connect: %s", strerror(e));
    if (!l->tls) {
        upgrade(l, c);
        return;
    }
    c->ssl = SSL_new(l->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
        die("TLS could not be set up");
    SSL_set_connect_state(c->ssl);
    c->state = CONN_SHAKING;
    shake(l, c);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void conn_poll(struct load *l, int ms)
{
    struct epoll_event ev[EVENTS_MAX];
    conn_flush_all(l);
    /* Awake for a while: over loopback, waking us would be charged to the server that sends. Not for
     * long: who never sleeps waits longer for a processor that others want too. */
    int n;
    double end = now_s() + (ms < SPIN_MS ? ms : SPIN_MS) / 1e3;
    while ((n = epoll_wait(l->epfd, ev, EVENTS_MAX, 0)) == 0 && now_s() < end)
        ;
    if (n == 0 && ms > SPIN_MS)
        n = epoll_wait(l->epfd, ev, EVENTS_MAX, ms - SPIN_MS);
    for (int i = 0; i < n; i++) {
        struct conn *c = ev[i].data.ptr;
        if (c->state == CONN_CONNECTING && (ev[i].events & (EPOLLOUT | EPOLLERR)))
            connected(l, c);
        else if (c->state == CONN_SHAKING)
            shake(l, c);
        if (c->state > CONN_SHAKING && (ev[i].events & EPOLLOUT) && c->out.n > 0)
            mark(l, c);
        if (c->state > CONN_SHAKING && (ev[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)))
            read_all(l, c);
    }
    conn_flush_all(l);
}
