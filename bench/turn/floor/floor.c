/* The floor: what relaying costs when nothing is asked. A loop that strips and adds the four bytes of ChannelData between
 * one UDP port and a socket for each channel, with recvmmsg, UDP_GRO and UDP_SEGMENT, and nothing else: no authentication,
 * no permissions, no timers, no counters, no IPv6, nobody to be protected from. floor PORT [IP]. */
#include <netinet/udp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 32, SLOT = 65536, CHANNEL_FIRST = 0x4000, CHANNELS = 0x1000, SEGS = 64 };

struct relay {
    int fd;
    uint16_t channel;
    struct sockaddr_in client, peer;
};

static struct relay relays[CHANNELS];
static int port_fd, epfd;
static struct in_addr here; /* all its sockets */
static uint8_t slots[BATCH][SLOT];
static struct mmsghdr msgs[BATCH];
static struct iovec iovs[BATCH];
static struct sockaddr_in names[BATCH];
static union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
} controls[BATCH];

static int open_udp(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), one = 1, big = 8 << 20;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = here};
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        perror("floor");
        exit(1);
    }
    setsockopt(fd, SOL_UDP, 104, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big);
    return fd;
}

static void watch(int fd, struct relay *r)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = r};
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e);
}

/* n pieces of one size (the last may be shorter) leave with one send. */
static void send_train(int fd, const struct sockaddr_in *to, struct iovec *v, unsigned n,
                       unsigned pieces, size_t seg)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.bytes = {0}};
    struct msghdr m = {
        .msg_name = (void *)to, .msg_namelen = sizeof *to, .msg_iov = v, .msg_iovlen = pieces};
    if (n > 1) {
        uint16_t s = (uint16_t)seg;
        m.msg_control = &control;
        m.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = 103;
        c->cmsg_len = CMSG_LEN(sizeof s);
        memcpy(CMSG_DATA(c), &s, sizeof s);
    }
    sendmsg(fd, &m, 0);
}

/* The first packet of a channel says where its peer is; the answer says where its relay is. */
static void learn(struct relay *r, const struct sockaddr_in *from, const uint8_t *p)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    uint8_t answer[10];
    if (r->fd == 0) {
        r->fd = open_udp(0);
        watch(r->fd, r);
    }
    r->channel = (uint16_t)(p[0] << 8 | p[1]);
    r->client = *from;
    r->peer.sin_family = AF_INET;
    memcpy(&r->peer.sin_addr, p + 4, 4);
    memcpy(&r->peer.sin_port, p + 8, 2);
    getsockname(r->fd, (struct sockaddr *)&at, &len);
    memcpy(answer, p, 4);
    memcpy(answer + 4, &at.sin_addr, 4);
    memcpy(answer + 8, &at.sin_port, 2);
    sendto(port_fd, answer, sizeof answer, 0, (const struct sockaddr *)from, sizeof *from);
}

static void up(const struct sockaddr_in *from, uint8_t *p, size_t n, size_t seg)
{
    struct iovec v[SEGS];
    unsigned k = 0;
    struct relay *r = &relays[((p[0] << 8 | p[1]) - CHANNEL_FIRST) & (CHANNELS - 1)];
    if (n == 10) {
        learn(r, from, p);
        return;
    }
    for (size_t at = 0; at < n; at += seg)
        v[k++] = (struct iovec){p + at + 4, (n - at < seg ? n - at : seg) - 4};
    send_train(r->fd, &r->peer, v, k, k, seg - 4);
}

static void down(struct relay *r, uint8_t *p, size_t n, size_t seg)
{
    static uint8_t heads[SEGS][4];
    struct iovec v[2 * SEGS];
    unsigned k = 0;
    for (size_t at = 0; at < n; at += seg, k++) {
        size_t len = n - at < seg ? n - at : seg;
        const uint8_t h[4] = {(uint8_t)(r->channel >> 8), (uint8_t)r->channel, (uint8_t)(len >> 8),
                              (uint8_t)len};
        memcpy(heads[k], h, 4);
        v[2 * k] = (struct iovec){heads[k], 4};
        v[2 * k + 1] = (struct iovec){p + at, len};
    }
    send_train(port_fd, &r->client, v, k, 2 * k, seg + 4);
}

static void receive(int fd, struct relay *r)
{
    for (int i = 0; i < BATCH; i++) {
        msgs[i].msg_hdr.msg_namelen = sizeof names[i];
        msgs[i].msg_hdr.msg_controllen = sizeof controls[i];
    }
    int n = recvmmsg(fd, msgs, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        size_t len = msgs[i].msg_len, seg = len;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&msgs[i].msg_hdr); c;
             c = CMSG_NXTHDR(&msgs[i].msg_hdr, c)) {
            int s;
            memcpy(&s, CMSG_DATA(c), sizeof s);
            seg = (size_t)s;
        }
        if (r)
            down(r, slots[i], len, seg);
        else
            up(&names[i], slots[i], len, seg);
    }
}

int main(int argc, char **argv)
{
    inet_pton(AF_INET, argc > 2 ? argv[2] : "127.0.0.1", &here);
    epfd = epoll_create1(0);
    port_fd = open_udp((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0));
    watch(port_fd, NULL);
    for (int i = 0; i < BATCH; i++) {
        iovs[i] = (struct iovec){slots[i], SLOT};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &names[i],
                                          .msg_iov = &iovs[i],
                                          .msg_iovlen = 1,
                                          .msg_control = &controls[i]};
    }
    for (;;) {
        struct epoll_event ev[64];
        int n = epoll_wait(epfd, ev, 64, -1);
        for (int i = 0; i < n; i++) {
            struct relay *r = ev[i].data.ptr;
            receive(r ? r->fd : port_fd, r);
        }
    }
}
