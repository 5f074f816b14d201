/* The floor: what forwarding costs when nothing is asked. A loop that opens each packet once and seals and sends it for
 * everybody else, with the project's own SRTP: no ICE, no DTLS, no numbers of its own, no cache, no feedback, no time.
 * floor IP PORT HOW: how = each (a sendto for each packet), wake (one UDP_SEGMENT send for each receiver and wake-up),
 * gather (the same, every 5 ms). */
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "proto/rtp.h"
#include "proto/srtp.h"

enum {
    BATCH = 64,
    PACKET = 2048,
    PEERS = 2048,
    HELD = 64, /* packets that are held together */
    GATHER_US = 5000,
    SEGS = 60,
    OUT = (HELD + 1) * PACKET
};

struct peer {
    struct sockaddr_in at;
    struct srtp *in, *out;
    bool views;
    uint32_t added[128];
    unsigned n_added;
};

struct held {
    const struct peer *from;
    uint32_t ssrc;
    size_t n, head;
    uint8_t p[PACKET];
};

static struct peer *peers[PEERS];
static unsigned n_peers, n_held;
static struct held held[HELD];
static uint8_t slots[BATCH][PACKET], out[OUT];
static int fd;

static struct peer *peer_of(const struct sockaddr_in *at)
{
    static struct peer *by_port[65536];
    return by_port[at->sin_port] != NULL ? by_port[at->sin_port]
                                         : (by_port[at->sin_port] = calloc(1, sizeof(struct peer)));
}

static void meet(const struct sockaddr_in *at, const uint8_t *p)
{
    uint8_t k[60];
    struct peer *who = peer_of(at);
    if (who->in != NULL)
        return;
    memset(k, 7, sizeof k);
    srtp_pair(SRTP_AEAD_AES_128_GCM, k, true, 16, 256, &who->in, &who->out);
    who->at = *at;
    who->views = p[3] != 0;
    peers[n_peers++] = who;
}

static void add(struct peer *who, uint32_t ssrc)
{
    for (unsigned i = 0; i < who->n_added; i++) {
        if (who->added[i] == ssrc)
            return;
    }
    who->added[who->n_added++] = ssrc;
    srtp_add(who->out, ssrc);
}

/* One send for packets of one size, the last of which may be shorter. */
static void send_run(struct msghdr *m, struct iovec *v, unsigned n)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.bytes = {0}};
    uint16_t seg = (uint16_t)v[0].iov_len;
    m->msg_iov = v;
    m->msg_iovlen = n;
    m->msg_control = NULL;
    m->msg_controllen = 0;
    if (n > 1) {
        m->msg_control = &control;
        m->msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(m);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = 103;
        c->cmsg_len = CMSG_LEN(sizeof seg);
        memcpy(CMSG_DATA(c), &seg, sizeof seg);
    }
    sendmsg(fd, m, 0);
}

static void send_to(struct peer *who, bool each)
{
    struct iovec v[HELD];
    unsigned n = 0, first = 0;
    uint8_t *to = out;
    for (unsigned i = 0; i < n_held; i++) {
        struct held *h = &held[i];
        struct srtp_parts parts = {.head = h->p,
                                   .head_n = (uint16_t)h->head,
                                   .payload = h->p + h->head,
                                   .payload_n = (uint16_t)(h->n - h->head)};
        size_t len;
        if (h->from == who)
            continue;
        add(who, h->ssrc);
        if (srtp_protect_to(who->out, to, PACKET, &parts, &len) != SRTP_OK)
            continue;
        v[n++] = (struct iovec){to, len};
        to += len;
    }
    while (first < n) {
        struct msghdr m = {.msg_name = &who->at, .msg_namelen = sizeof who->at};
        unsigned run = 1;
        size_t sum = v[first].iov_len;
        while (!each && first + run < n && run < SEGS && sum < 60000 &&
               v[first + run - 1].iov_len == v[first].iov_len &&
               v[first + run].iov_len <= v[first].iov_len)
            sum += v[first + run++].iov_len;
        send_run(&m, v + first, run);
        first += run;
    }
}

static void forward(bool each)
{
    for (unsigned i = 0; n_held > 0 && i < n_peers; i++) {
        if (peers[i]->views)
            send_to(peers[i], each);
    }
    n_held = 0;
}

static void take(const struct sockaddr_in *at, const uint8_t *p, size_t n, bool each)
{
    struct rtp r;
    if (n == 4 && p[0] == 'h') {
        meet(at, p);
        return;
    }
    struct held *h = &held[n_held];
    h->from = peer_of(at);
    h->n = n;
    memcpy(h->p, p, n);
    if (h->from->in == NULL || srtp_unprotect(h->from->in, h->p, &h->n) != SRTP_OK ||
        rtp_parse(&r, h->p, h->n) != RTP_OK)
        return;
    h->ssrc = r.ssrc;
    h->head = r.head;
    if (++n_held == HELD)
        forward(each);
}

static void receive(bool each)
{
    static struct mmsghdr m[BATCH];
    static struct iovec v[BATCH];
    static struct sockaddr_in from[BATCH];
    for (int i = 0; i < BATCH; i++) {
        v[i] = (struct iovec){slots[i], PACKET};
        m[i].msg_hdr = (struct msghdr){
            .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &v[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        take(&from[i], slots[i], m[i].msg_len, each);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int big = 8 << 20;
    if (argc != 4)
        return 2;
    bool each = strcmp(argv[3], "each") == 0, gathers = strcmp(argv[3], "gather") == 0;
    inet_pton(AF_INET, argv[1], &at.sin_addr);
    at.sin_port = htons((uint16_t)atoi(argv[2]));
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        perror("floor");
        return 1;
    }
    int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    for (int64_t since = 0;;) {
        int64_t left = since != 0 ? since + GATHER_US - now_us() : 0;
        struct timespec t = {.tv_nsec = left > 0 ? left * 1000 : 0};
        if (epoll_pwait2(ep, &e, 1, since != 0 ? &t : NULL, NULL) > 0)
            receive(each);
        if (n_held == 0) {
            since = 0;
        } else if (!gathers || (since != 0 && now_us() >= since + GATHER_US)) {
            forward(each);
            since = 0;
        } else if (since == 0) {
            since = now_us();
        }
    }
}
