/* What clients and peers send each other through the relay. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "proto/turn_frame.h"
#include "turn_load.h"

enum { READ_MAX = 65536, EVENTS = 256, QUIET_US = 200000 };

static uint8_t filler[SEGS_MAX * PACKET_MAX]; /* of each direction: what a burst looks like */
static uint8_t input[READ_MAX];

/* ---- Receiving ---- */

/* One packet arrived where it should: with the right size and, at the client, on its channel. */
static void check(struct load *l, enum direction d, const struct alloc *a, const uint8_t *p,
                  size_t n)
{
    size_t head = d == DOWN ? 4 : 0;
    bool right =
        n == l->size + head && p[n - 1] == 0x5A &&
        (d == UP || ((p[0] << 8 | p[1]) == a->channel && (size_t)(p[2] << 8 | p[3]) == l->size));
    if (right)
        l->received[d]++;
    else
        l->wrong++;
}

static bool read_train(struct load *l, enum direction d, struct alloc *a)
{
    struct iovec v = {input, sizeof input};
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(d == UP ? a->peer : a->client, &m, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    int seg = (int)n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == 104)
            memcpy(&seg, CMSG_DATA(c), sizeof seg);
    for (ssize_t at = 0; at < n; at += seg)
        check(l, d, a, input + at, (size_t)(n - at < seg ? n - at : seg));
    return true;
}

static void keep(struct bytes *b, const uint8_t *p, size_t n)
{
    if (b->n + n > b->cap)
        b->p = realloc(b->p, b->cap = b->n + n + READ_MAX);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void drop_front(struct bytes *b, size_t n)
{
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static bool read_stream(struct load *l, struct alloc *a)
{
    ssize_t n = a->ssl ? SSL_read(a->ssl, input, sizeof input)
                       : recv(a->client, input, sizeof input, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    keep(&a->in, input, (size_t)n);
    size_t at = 0;
    for (;;) {
        struct turn_frame f = turn_frame_next(a->in.p + at, a->in.n - at, READ_MAX);
        if (f.kind != TURN_FRAME_CHANNEL && f.kind != TURN_FRAME_STUN)
            break;
        if (f.kind == TURN_FRAME_CHANNEL)
            check(l, DOWN, a, a->in.p + at, f.size);
        at += f.taken;
    }
    drop_front(&a->in, at);
    return true;
}

static void send_rest(struct alloc *a)
{
    while (a->out.n > 0) {
        ssize_t n = a->ssl ? SSL_write(a->ssl, a->out.p, (int)a->out.n)
                           : send(a->client, a->out.p, a->out.n, MSG_DONTWAIT);
        if (n <= 0)
            return;
        drop_front(&a->out, (size_t)n);
    }
}

/* Reads what has come; false: nothing. */
static bool receive(struct load *l)
{
    struct epoll_event ev[EVENTS];
    int n = epoll_wait(l->epfd, ev, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        struct alloc *a = &l->allocs[ev[i].data.u64 >> 1];
        enum direction d = ev[i].data.u64 & 1 ? DOWN : UP;
        if (d == UP || l->transport == OVER_UDP) {
            while (read_train(l, d, a)) {
            }
        } else {
            while (read_stream(l, a)) {
            }
            send_rest(a);
        }
    }
    return n > 0;
}

void traffic_watch(struct load *l, unsigned i)
{
    struct epoll_event up = {.events = EPOLLIN, .data.u64 = (uint64_t)i << 1};
    struct epoll_event down = {.events = EPOLLIN, .data.u64 = (uint64_t)i << 1 | 1};
    fcntl(l->allocs[i].client, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->allocs[i].peer, &up) < 0 ||
        epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->allocs[i].client, &down) < 0)
        die("epoll");
}

/* ---- Sending ---- */

/* n packets that touch each other, as a burst of that direction and allocation looks. Returns the size of one. */
static size_t fill(const struct load *l, enum direction d, const struct alloc *a, unsigned n)
{
    size_t head = d == UP ? 4 : 0, each = l->size + head;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *p = filler + i * each;
        memset(p, (int)i, each);
        if (d == UP) {
            const uint8_t h[4] = {(uint8_t)(a->channel >> 8), (uint8_t)a->channel,
                                  (uint8_t)(l->size >> 8), (uint8_t)l->size};
            memcpy(p, h, 4);
        }
        p[each - 1] = 0x5A;
    }
    return each;
}

static void send_datagrams(const struct load *l, enum direction d, struct alloc *a, unsigned n,
                           bool gso)
{
    size_t each = fill(l, d, a, n);
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.bytes = {0}};
    int fd = d == UP ? a->client : a->peer;
    for (unsigned i = 0; i < n; i += gso ? n : 1) {
        struct iovec v = {filler + i * each, gso ? n * each : each};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
        if (d == DOWN) {
            m.msg_name = &a->relay;
            m.msg_namelen = sizeof a->relay;
        }
        if (gso && n > 1) {
            m.msg_control = &control;
            m.msg_controllen = sizeof control;
            struct cmsghdr *c = CMSG_FIRSTHDR(&m);
            c->cmsg_level = SOL_UDP;
            c->cmsg_type = 103; /* UDP_SEGMENT */
            c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
            uint16_t seg = (uint16_t)each;
            memcpy(CMSG_DATA(c), &seg, sizeof seg);
        }
        if (sendmsg(fd, &m, MSG_DONTWAIT) < 0)
            die("a packet");
    }
}

static void send_some(struct load *l, enum direction d, struct alloc *a, unsigned n, bool gso)
{
    if (d == UP && l->transport != OVER_UDP) {
        size_t each = fill(l, d, a, n);
        keep(&a->out, filler, n * each);
        send_rest(a);
    } else {
        send_datagrams(l, d, a, n, gso);
    }
    l->sent[d] += n;
}

static uint64_t under_way(const struct load *l, enum direction d)
{
    return l->sent[d] - l->received[d] - l->lost * (d == UP);
}

/* Waits for what is under way; what doesn't come is lost. */
static void settle(struct load *l)
{
    int64_t quiet = now_us() + QUIET_US;
    while (l->sent[UP] + l->sent[DOWN] > l->received[UP] + l->received[DOWN] + l->lost &&
           now_us() < quiet)
        if (receive(l))
            quiet = now_us() + QUIET_US;
    l->lost = l->sent[UP] + l->sent[DOWN] - l->received[UP] - l->received[DOWN];
}

void traffic_paced(struct load *l, unsigned pps, double seconds)
{
    int64_t start = now_us(), end = start + (int64_t)(seconds * 1e6);
    for (uint64_t i = 0;; i++) {
        int64_t at = start + (int64_t)(i * 1000000 / pps);
        if (at >= end)
            break;
        do
            receive(l);
        while (now_us() < at);
        send_some(l, i & 1 ? DOWN : UP, &l->allocs[(i >> 1) % l->n], 1, false);
    }
    settle(l);
}

void traffic_bursts(struct load *l, unsigned n, bool gso, unsigned window, double seconds)
{
    int64_t end = now_us() + (int64_t)(seconds * 1e6), moved = now_us();
    unsigned next[2] = {0, 0};
    while (now_us() < end) {
        bool did = false;
        for (int d = UP; d <= DOWN; d++) {
            struct alloc *a = &l->allocs[next[d] % l->n];
            if (under_way(l, d) + n > window || a->out.n > 0)
                continue;
            send_some(l, d, a, n, gso);
            next[d]++;
            did = true;
        }
        did |= receive(l);
        if (did)
            moved = now_us();
        else if (now_us() - moved > QUIET_US) /* lost packets must not hold up the rest */
            settle(l);
    }
    settle(l);
}

void traffic_exchange(struct load *l, unsigned i, unsigned n)
{
    send_some(l, UP, &l->allocs[i], n, false);
    send_some(l, DOWN, &l->allocs[i], n, false);
    settle(l);
}
