#include "io/udp_int.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/seam.h"

enum { ERRORS_MAX = 32 }; /* of one turn */
#define STAMP_MAX_US \
    (10 * US_PER_S) /* an older one comes from a wall clock that was set meanwhile */

static void reset_slot(struct udp_receiver *in, unsigned i)
{
    in->msgs[i].msg_hdr.msg_namelen = sizeof(union udp_name);
    in->msgs[i].msg_hdr.msg_controllen = sizeof(union udp_control);
}

void udp_receiver_init(struct udp_receiver *in)
{
    in->memory = xmalloc((size_t)UDP_SLOTS * UDP_SLOT_STEP);
    in->used = 0;
    in->current = NULL;
    in->busy = false;
    for (unsigned i = 0; i < UDP_SLOTS; i++) {
        struct udp_slot *s = &in->slots[i];
        s->iov = (struct iovec){in->memory + (size_t)i * UDP_SLOT_STEP, UDP_SLOT};
        in->msgs[i].msg_hdr = (struct msghdr){
            .msg_name = &s->name, .msg_iov = &s->iov, .msg_iovlen = 1, .msg_control = &s->control};
        reset_slot(in, i);
    }
}

/* ---- One train ---- */

struct notes { /* from the control messages of one train */
    bool has_local;
    uint32_t seg;
    int64_t stamp_us; /* wall clock; 0: none */
};

static struct notes read_control(struct udp *u, struct msghdr *m, struct udp_path *path)
{
    struct notes n = {.has_local = u->relay || !u->any};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo p;
            memcpy(&p, CMSG_DATA(c), sizeof(p));
            const uint8_t *ip = (const uint8_t *)&p.ipi_addr;
            path->local = addr_ip4(ip[0], ip[1], ip[2], ip[3], u->local.port);
            path->ifindex = (uint32_t)p.ipi_ifindex;
            n.has_local = true;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo p;
            memcpy(&p, CMSG_DATA(c), sizeof(p));
            path->local = addr_ip6(p.ipi6_addr.s6_addr, u->local.port);
            path->ifindex = p.ipi6_ifindex;
            n.has_local = true;
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int seg;
            memcpy(&seg, CMSG_DATA(c), sizeof(seg));
            n.seg = seg > 0 ? (uint32_t)seg : 0;
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof(at));
            n.stamp_us = at.tv_sec * US_PER_S + at.tv_nsec / 1000;
        }
    }
    return n;
}

static int64_t came_us(const struct udp_receiver *in, int64_t stamp_us)
{
    int64_t ago = in->wall_us - stamp_us;
    return stamp_us != 0 && ago > 0 && ago < STAMP_MAX_US ? in->now_us - ago : in->now_us;
}

static void take_train(struct udp *u, struct mmsghdr *mm, uint8_t *data)
{
    struct udp_path path = {.local = u->local};
    struct counts *counts = u->net->counts;
    struct notes notes = read_control(u, &mm->msg_hdr, &path);
    struct udp_train t = {.path = &path, .data = data, .len = mm->msg_len};
    t.seg = notes.seg != 0 && notes.seg < t.len ? notes.seg : t.len;
    t.n = notes.seg != 0 && notes.seg < t.len ? (t.len + t.seg - 1) / t.seg : 1;
    t.came_us = came_us(&u->net->in, notes.stamp_us);
    count_add(counts, COUNT_UDP_PACKETS_IN, t.n);
    count_add(counts, COUNT_UDP_BYTES_IN, t.len);
    if (mm->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        count_add(counts, COUNT_DROP_UDP_TRUNCATED, t.n);
        return;
    }
    if (!notes.has_local ||
        !addr_from_sockaddr(&path.peer, mm->msg_hdr.msg_name, mm->msg_hdr.msg_namelen)) {
        count_add(counts, COUNT_DROP_UDP_NO_PKTINFO, t.n);
        return;
    }
    u->user->on_train(u->ctx, u, &t);
}

/* ---- ICMP errors ---- */

static bool read_icmp(struct msghdr *m, struct udp_icmp *e)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        struct sock_extended_err x;
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6)
            continue;
        memcpy(&x, CMSG_DATA(c), sizeof(x));
        *e = (struct udp_icmp){.type = x.ee_type, .code = x.ee_code, .data = x.ee_info};
        if (x.ee_origin == SO_EE_ORIGIN_LOCAL && x.ee_errno == EMSGSIZE) {
            e->type = v4 ? 3 : 2;
            e->code = v4 ? 4 : 0;
        } else if (x.ee_origin != SO_EE_ORIGIN_ICMP && x.ee_origin != SO_EE_ORIGIN_ICMP6) {
            return false;
        }
        return addr_from_sockaddr(&e->peer, m->msg_name, m->msg_namelen);
    }
    return false;
}

/* What the kernel keeps of errors; reading them also takes the error off the socket. false: u has
 * been freed by its user. */
static bool take_errors(struct udp *u)
{
    struct udp_net *net = u->net;
    net->in.current = u;
    for (int i = 0; i < ERRORS_MAX && net->in.current == u; i++) {
        union udp_name name;
        union udp_control control;
        uint8_t byte;
        struct iovec v = {&byte, 1};
        struct udp_icmp e;
        struct msghdr m = {.msg_name = &name,
                           .msg_namelen = sizeof(name),
                           .msg_iov = &v,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
        if (seam_recvmsg(u->fd.fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        count_inc(net->counts, COUNT_UDP_ICMP_IN);
        if (u->user->on_icmp != NULL && read_icmp(&m, &e))
            u->user->on_icmp(u->ctx, u, &e);
    }
    return net->in.current == u;
}

/* ---- A turn ---- */

/* Slots that nothing points into any more; a flush makes that all of them. */
static unsigned free_slots(struct udp_net *n)
{
    if (n->in.used + UDP_FEW_SLOTS > UDP_SLOTS)
        udp_flush(n);
    return UDP_SLOTS - n->in.used;
}

static void take_trains(struct udp *u, unsigned first, unsigned n)
{
    struct udp_net *net = u->net;
    struct udp_receiver *in = &net->in;
    in->busy = true;
    in->used = first + n;
    in->now_us = clock_mono_us();
    in->wall_us = clock_wall_us();
    for (unsigned i = first; i < first + n && in->current == u; i++)
        take_train(u, &in->msgs[i], in->slots[i].iov.iov_base);
    for (unsigned i = first; i < first + n; i++)
        reset_slot(in, i);
    in->busy = false;
    if (net->out.nqueue == 0)
        in->used = 0;
}

/* One recvmmsg. true: there may be more. */
static bool receive_batch(struct udp *u)
{
    struct udp_net *net = u->net;
    unsigned room = free_slots(net), first = net->in.used;
    count_inc(net->counts, COUNT_UDP_CALLS_IN);
    int n = seam_recvmmsg(u->fd.fd, net->in.msgs + first, room, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return seam_armed; /* an injected fault has no event behind it */
    if (n < 0) {
        if (u->relay)
            take_errors(u);
        else
            count_inc(net->counts, COUNT_UDP_RECV_ERRORS);
        return true;
    }
    take_trains(u, first, (unsigned)n);
    return (unsigned)n == room || seam_armed;
}

static void receive(struct udp *u)
{
    struct udp_net *net = u->net;
    net->in.current = u;
    for (int i = 0; i < UDP_TURN && net->in.current == u; i++) {
        if (!receive_batch(u))
            break;
        if (i == UDP_TURN - 1 && net->in.current == u)
            loop_ready(net->loop, &u->more);
    }
    net->in.current = NULL;
    if (net->out.nqueue > 0)
        loop_defer(net->loop, &net->flush);
}

void udp_on_fd(struct loop_fd *h, unsigned events)
{
    struct udp *u = container_of(h, struct udp, fd);
    if (!(events & LOOP_HUP) || !u->relay || take_errors(u))
        receive(u);
}

void udp_on_more(struct loop_task *t)
{
    receive(container_of(t, struct udp, more));
}
