#include "io/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/seam.h"
#include "io/udp_int.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* ---- Sockets ---- */

int udp_prepare(int fd)
{
    int one = 1, want = UDP_RCVBUF, domain = 0;
    socklen_t len = sizeof(domain);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        return -1;
    int r = domain == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one))
                               : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
    if (r < 0)
        return -1;
    /* What follows makes it better; without it, it still works. */
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
    setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one));
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof(want)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want));
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
    return 0;
}

int udp_open(const struct addr *bind_to, bool reuseport)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(bind_to, &ss);
    int one = 1;
    int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if ((bind_to->family == 6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
        (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0) ||
        bind(fd, (struct sockaddr *)&ss, len) < 0 || udp_prepare(fd) < 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

/*
 * Source address and source port, mixed, modulo n: which member of the group gets the packet. It
 * must not hang on the receive hash, which changes with the device and its settings. M[0] gathers;
 * offsets below SKF_NET_OFF count from the IP header.
 */
enum { NET = SKF_NET_OFF, MIX = 0x9E3779B1 };
#define ABS_W(k)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(NET + (k)))
#define ABS_H(k)  BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)(NET + (k)))
#define SAVE      BPF_STMT(BPF_ST, 0)
#define TO_X      BPF_STMT(BPF_LDX | BPF_MEM, 0)
#define XOR_X     BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0)
#define MUL_MIX   BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (unsigned)MIX)
#define HIGH_HALF BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16)
#define MOD(n)    BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (n))
#define RET_A     BPF_STMT(BPF_RET | BPF_A, 0)

static int attach(int fd, struct sock_filter *code, unsigned len)
{
    struct sock_fprog prog = {.len = (unsigned short)len, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
}

int udp_spread(int fd, unsigned n)
{
    int domain = 0;
    socklen_t len = sizeof(domain);
    struct sock_filter v4[] = {
        ABS_W(12),
        SAVE,                                               /* source address */
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, (unsigned)NET), /* X = length of the IP header */
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, (unsigned)NET),  /* source port */
        MUL_MIX,
        TO_X,
        XOR_X,
        MUL_MIX,
        HIGH_HALF,
        MOD(n),
        RET_A};
    struct sock_filter v6[] = {
        ABS_W(8), SAVE,    ABS_W(12), TO_X,      XOR_X,     MUL_MIX, SAVE,    ABS_W(16), TO_X,
        XOR_X,    MUL_MIX, SAVE,      ABS_W(20), TO_X,      XOR_X,   MUL_MIX, SAVE,      ABS_H(40),
        MUL_MIX,  TO_X,    XOR_X,     MUL_MIX,   HIGH_HALF, MOD(n),  RET_A};
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        return -1;
    return domain == AF_INET6 ? attach(fd, v6, ARRAY_LEN(v6)) : attach(fd, v4, ARRAY_LEN(v4));
}

/* ---- Receiving ---- */

struct slot_names {
    struct mmsghdr msgs[UDP_BATCH];
    struct iovec iov[UDP_BATCH];
    struct sockaddr_storage names[UDP_BATCH];
    union {
        struct cmsghdr align;
        uint8_t bytes[CONTROL_ROOM];
    } control[UDP_BATCH];
};

struct notes { /* from the control messages of one train */
    bool has_local;
    uint32_t seg;
};

static void read_overflow(struct udp *u, const struct cmsghdr *c)
{
    uint32_t sum;
    memcpy(&sum, CMSG_DATA(c), sizeof(sum));
    count_add(u->counts, COUNT_DROP_UDP_RXQ_OVERFLOW, sum - u->overflow);
    if (sum != u->overflow)
        log_limited(LOG_LEVEL_WARN, "udp", NULL,
                    "port %u: the receive buffer was full, %u packets lost", u->port,
                    sum - u->overflow);
    u->overflow = sum;
}

static struct notes read_control(struct udp *u, struct msghdr *m, struct udp_path *path)
{
    struct notes n = {false, 0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo p;
            memcpy(&p, CMSG_DATA(c), sizeof(p));
            const uint8_t *ip = (const uint8_t *)&p.ipi_addr;
            path->local = addr_ip4(ip[0], ip[1], ip[2], ip[3], u->port);
            path->ifindex = (uint32_t)p.ipi_ifindex;
            n.has_local = true;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo p;
            memcpy(&p, CMSG_DATA(c), sizeof(p));
            path->local = addr_ip6(p.ipi6_addr.s6_addr, u->port);
            path->ifindex = p.ipi6_ifindex;
            n.has_local = true;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            read_overflow(u, c);
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int seg;
            memcpy(&seg, CMSG_DATA(c), sizeof(seg));
            n.seg = seg > 0 ? (uint32_t)seg : 0;
        }
    }
    return n;
}

static void take_train(struct udp *u, struct mmsghdr *mm, uint8_t *data)
{
    struct udp_path path = {.ifindex = 0};
    struct notes notes = read_control(u, &mm->msg_hdr, &path);
    struct udp_train t = {.path = &path, .data = data, .len = mm->msg_len};
    t.seg = notes.seg != 0 && notes.seg < t.len ? notes.seg : t.len;
    t.n = t.seg != 0 ? (t.len + t.seg - 1) / t.seg : 1;
    count_add(u->counts, COUNT_UDP_PACKETS_IN, t.n);
    count_add(u->counts, COUNT_UDP_BYTES_IN, t.len);
    if (mm->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        count_add(u->counts, COUNT_DROP_UDP_TRUNCATED, t.n);
        return;
    }
    if (!notes.has_local ||
        !addr_from_sockaddr(&path.peer, mm->msg_hdr.msg_name, mm->msg_hdr.msg_namelen)) {
        count_add(u->counts, COUNT_DROP_UDP_NO_PKTINFO, t.n);
        return;
    }
    u->fn(u->ctx, u, &t);
}

/* One recvmmsg. How many trains; less than UDP_BATCH: there are no more. -1: an error, perhaps
 * more. */
static int receive_batch(struct udp *u)
{
    struct slot_names v;
    for (int i = 0; i < UDP_BATCH; i++) {
        v.iov[i] = (struct iovec){u->slots + (size_t)i * UDP_SLOT, UDP_SLOT};
        v.msgs[i].msg_hdr = (struct msghdr){.msg_name = &v.names[i],
                                            .msg_namelen = sizeof(v.names[i]),
                                            .msg_iov = &v.iov[i],
                                            .msg_iovlen = 1,
                                            .msg_control = &v.control[i],
                                            .msg_controllen = sizeof(v.control[i])};
        v.msgs[i].msg_len = 0;
    }
    count_inc(u->counts, COUNT_UDP_CALLS_IN);
    int n = seam_recvmmsg(u->fd.fd, v.msgs, UDP_BATCH, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0) {
        count_inc(u->counts, COUNT_UDP_RECV_ERRORS);
        return -1;
    }
    u->receiving = true;
    for (int i = 0; i < n; i++)
        take_train(u, &v.msgs[i], u->slots + (size_t)i * UDP_SLOT);
    u->receiving = false;
    udp_flush(u);
    return n;
}

static void receive(struct udp *u)
{
    for (int i = 0; i < UDP_TURN; i++) {
        int n = receive_batch(u);
        if (n >= 0 && n < UDP_BATCH && !seam_armed)
            return;
        if (n == 0 && seam_armed) /* an injected fault has no event behind it */
            break;
    }
    loop_ready(u->loop, &u->more);
}

static void on_fd(struct loop_fd *h, unsigned events)
{
    if (events & LOOP_IN)
        receive(container_of(h, struct udp, fd));
}

static void on_more(struct loop_task *t)
{
    receive(container_of(t, struct udp, more));
}

static void on_flush(struct loop_task *t)
{
    udp_flush(container_of(t, struct udp, flush));
}

/* ---- Life ---- */

struct udp *udp_new(struct loop *l, int fd, udp_train_fn *fn, void *ctx)
{
    struct udp *u = xmalloc(sizeof(*u)); /* large: only what is used is touched */
    memset(u, 0, offsetof(struct udp, out));
    u->out.nqueue = u->out.ngroups = u->out.nmsgs = u->out.niov = 0;
    u->out.ncopied = 0;
    u->out.gso_again_us = 0;
    memset(u->out.slots, -1, sizeof(u->out.slots));
    struct sockaddr_storage ss;
    struct addr at = {.family = 0};
    socklen_t len = sizeof(ss);
    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
        addr_from_sockaddr(&at, (struct sockaddr *)&ss, len);
    len = sizeof(u->rcvbuf);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &u->rcvbuf, &len);
    u->loop = l;
    u->counts = loop_counts(l);
    u->port = at.port;
    u->v6 = at.family == 6;
    u->fn = fn;
    u->ctx = ctx;
    u->fd = (struct loop_fd){.fn = on_fd, .name = "udp", .fd = -1};
    u->more = (struct loop_task){.fn = on_more, .name = "udp"};
    u->flush = (struct loop_task){.fn = on_flush, .name = "udp send"};
    u->slots = xmalloc((size_t)UDP_BATCH * UDP_SLOT);
    if (loop_fd_add(l, &u->fd, fd) < 0) {
        xfree(u->slots);
        xfree(u);
        return NULL;
    }
    return u;
}

void udp_free(struct udp *u)
{
    if (u == NULL)
        return;
    udp_flush(u);
    loop_fd_del(u->loop, &u->fd);
    loop_task_cancel(&u->more);
    loop_task_cancel(&u->flush);
    xfree(u->slots);
    xfree(u);
}

int udp_rcvbuf(const struct udp *u)
{
    return u->rcvbuf;
}

uint16_t udp_port(const struct udp *u)
{
    return u->port;
}

bool udp_is_v6(const struct udp *u)
{
    return u->v6;
}
