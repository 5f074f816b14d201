#include "io/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/udp_int.h"

/* ---- Sockets ---- */

static void set_buffer(int fd, int which, int force, int want)
{
    if (setsockopt(fd, SOL_SOCKET, force, &want, sizeof(want)) < 0)
        setsockopt(fd, SOL_SOCKET, which, &want, sizeof(want));
}

static bool is_any(const struct addr *a)
{
    static const uint8_t none[16];
    return memcmp(a->ip, none, sizeof(none)) == 0;
}

static struct addr bound_to(int fd)
{
    struct addr a = {.family = 0};
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
        addr_from_sockaddr(&a, (struct sockaddr *)&ss, len);
    return a;
}

int udp_prepare(int fd)
{
    int one = 1;
    struct addr at = bound_to(fd);
    int r = 0;
    if (at.family == 0)
        return -1;
    if (is_any(&at)) /* else it is known which address was asked, and the kernel needn't say it */
        r = at.family == 6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one))
                           : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
    if (r < 0)
        return -1;
    /* What follows makes it better; without it, it still works. */
    setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, UDP_RCVBUF);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, UDP_RCVBUF);
    return 0;
}

static void set_df(int fd, bool v6, bool df)
{
    int how = v6 ? (df ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT)
                 : (df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &how,
               sizeof(how));
}

static void prepare_relay(int fd, bool v6)
{
    int one = 1;
    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &one,
               sizeof(one));
    set_df(fd, v6, false);
    setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one));
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, UDP_RELAY_RCVBUF);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, UDP_RELAY_RCVBUF);
}

void udp_set_df(struct udp *u, bool df)
{
    u->df = df;
    set_df(u->fd.fd, u->local.family == 6, df);
}

static int prepare(int fd, bool v6, unsigned flags)
{
    if (!(flags & UDP_RELAY))
        return udp_prepare(fd);
    prepare_relay(fd, v6);
    return 0;
}

int udp_open(const struct addr *bind_to, unsigned flags)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(bind_to, &ss);
    bool v6 = bind_to->family == 6;
    int one = 1;
    int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if ((v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
        ((flags & UDP_REUSEPORT) &&
         setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0) ||
        bind(fd, (struct sockaddr *)&ss, len) < 0 || prepare(fd, v6, flags) < 0) {
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

/* ---- The net ---- */

static void on_flush(struct loop_task *t)
{
    udp_flush(container_of(t, struct udp_net, flush));
}

struct udp_net *udp_net_new(struct loop *l)
{
    struct udp_net *n = xmalloc(sizeof(*n)); /* large: only what is used is touched */
    n->loop = l;
    n->counts = loop_counts(l);
    n->flush = (struct loop_task){.fn = on_flush, .name = "udp send"};
    udp_receiver_init(&n->in);
    udp_sender_init(&n->out);
    return n;
}

void udp_net_free(struct udp_net *n)
{
    if (n == NULL)
        return;
    loop_task_cancel(&n->flush);
    xfree(n->in.memory);
    xfree(n);
}

/* ---- A socket on it ---- */

static struct udp *add(struct udp_net *n, int fd, const struct addr *at,
                       const struct udp_user *user, void *ctx)
{
    struct udp *u = xcalloc(1, sizeof(*u));
    u->local = *at;
    u->net = n;
    u->any = is_any(at);
    u->user = user;
    u->ctx = ctx;
    u->fd = (struct loop_fd){.fn = udp_on_fd, .name = user->name, .fd = -1};
    u->more = (struct loop_task){.fn = udp_on_more, .name = user->name};
    if (loop_fd_add_in(n->loop, &u->fd, fd) < 0) {
        int e = errno;
        xfree(u);
        errno = e;
        return NULL;
    }
    return u;
}

struct udp *udp_new(struct udp_net *n, int fd, const struct udp_user *user, void *ctx)
{
    struct addr at = bound_to(fd);
    return add(n, fd, &at, user, ctx);
}

struct udp *udp_new_relay(struct udp_net *n, int fd, const struct addr *at,
                          const struct udp_user *user, void *ctx)
{
    struct udp *u = add(n, fd, at, user, ctx);
    if (u != NULL)
        u->relay = true;
    return u;
}

void udp_free(struct udp *u)
{
    if (u == NULL)
        return;
    udp_flush(u->net);
    udp_count_lost(u);
    if (u->net->in.current == u)
        u->net->in.current = NULL;
    loop_fd_del(u->net->loop, &u->fd);
    loop_task_cancel(&u->more);
    xfree(u);
}

void udp_count_lost(struct udp *u)
{
    uint32_t info[SK_MEMINFO_VARS];
    socklen_t len = sizeof(info);
    if (getsockopt(u->fd.fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 || len < sizeof(info))
        return;
    uint32_t lost = info[SK_MEMINFO_DROPS] - u->lost;
    if (lost == 0)
        return;
    u->lost = info[SK_MEMINFO_DROPS];
    count_add(u->net->counts, COUNT_DROP_UDP_RXQ_OVERFLOW, lost);
    log_limited(LOG_LEVEL_WARN, "udp", NULL,
                "port %u: the receive buffer was full, %u packets lost", u->local.port, lost);
}

int udp_rcvbuf(const struct udp *u)
{
    int n = 0;
    socklen_t len = sizeof(n);
    getsockopt(u->fd.fd, SOL_SOCKET, SO_RCVBUF, &n, &len);
    return n;
}

uint16_t udp_port(const struct udp *u)
{
    return u->local.port;
}

bool udp_is_v6(const struct udp *u)
{
    return u->local.family == 6;
}

const struct addr *udp_local(const struct udp *u)
{
    return &u->local;
}
