#include "io/udp_int.h"

#include <errno.h>
#include <string.h>

#include "io/seam.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { GSO_PAUSE_US = 60000000, DATAGRAM_MAX = 65507 };

/* ---- Queue ---- */

static bool same_path(const struct udp_path *a, const struct udp_path *b)
{
    return addr_eq(&a->peer, &b->peer) && addr_eq(&a->local, &b->local) && a->ifindex == b->ifindex;
}

/* Only spreads over slots; who collides waits in a chain of at most one flush. */
static unsigned slot_of(const struct udp_path *p)
{
    uint32_t h = 2166136261u;
    for (unsigned i = 0; i < sizeof(p->peer.ip); i += 4) {
        uint32_t w;
        memcpy(&w, p->peer.ip + i, sizeof(w));
        h = (h ^ w) * 16777619u;
    }
    h = (h ^ p->peer.port) * 0x9E3779B1u;
    return h >> 24;
}

static void enqueue(struct udp *u, int16_t at)
{
    struct udp_sender *o = &u->out;
    struct udp_out *d = &o->queue[at];
    unsigned slot = slot_of(&d->path);
    d->next = -1;
    for (int16_t g = o->slots[slot]; g >= 0; g = o->groups[g].same_slot) {
        struct udp_group *group = &o->groups[g];
        if (same_path(&o->queue[group->first].path, &d->path)) {
            o->queue[group->last].next = at;
            group->last = at;
            return;
        }
    }
    o->groups[o->ngroups] = (struct udp_group){at, at, o->slots[slot]};
    o->slots[slot] = (int16_t)o->ngroups++;
}

bool udp_send(struct udp *u, const struct udp_path *path, const struct iovec *iov, unsigned n)
{
    struct udp_sender *o = &u->out;
    size_t len = 0;
    for (unsigned i = 0; i < n; i++)
        len += iov[i].iov_len;
    if (n > UDP_IOV_MAX || len > DATAGRAM_MAX || path->peer.family == 0)
        return false;
    if (o->nqueue == UDP_QUEUE_MAX)
        udp_flush(u);
    struct udp_out *d = &o->queue[o->nqueue];
    d->path = *path;
    memcpy(d->iov, iov, n * sizeof(*iov));
    d->niov = (uint16_t)n;
    d->len = (uint32_t)len;
    enqueue(u, (int16_t)o->nqueue++);
    if (!u->receiving)
        loop_defer(u->loop, &u->flush);
    return true;
}

bool udp_send_copy(struct udp *u, const struct udp_path *path, const void *p, size_t n)
{
    struct udp_sender *o = &u->out;
    if (n > DATAGRAM_MAX)
        return false;
    if (n > UDP_COPY_MAX - o->ncopied || o->nqueue == UDP_QUEUE_MAX)
        udp_flush(u);
    struct iovec v = {memcpy(o->copies + o->ncopied, p, n), n};
    o->ncopied += n;
    return udp_send(u, path, &v, 1);
}

/* ---- One sendmmsg ---- */

static struct cmsghdr *add_control(struct msghdr *m, int level, int type, const void *p, size_t n)
{
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(n);
    memcpy(CMSG_DATA(c), p, n);
    m->msg_controllen += CMSG_SPACE(n);
    return c;
}

/* The answer leaves from the address that was asked. */
static void add_source(struct msghdr *m, const struct udp_path *path)
{
    if (path->local.family == 4) {
        struct in_pktinfo p = {.ipi_ifindex = 0};
        memcpy(&p.ipi_spec_dst, path->local.ip, 4);
        add_control(m, IPPROTO_IP, IP_PKTINFO, &p, sizeof(p));
    } else if (path->local.family == 6) {
        struct in6_pktinfo p = {.ipi6_ifindex = 0};
        memcpy(&p.ipi6_addr, path->local.ip, 16);
        if (path->local.ip[0] == 0xFE && (path->local.ip[1] & 0xC0) == 0x80)
            p.ipi6_ifindex = path->ifindex; /* link-local: the route doesn't say which link */
        add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &p, sizeof(p));
    }
}

/* Appends a message that stands for `run` datagrams of the chain from `at` on. */
static void add_message(struct udp_sender *o, int16_t at, unsigned run)
{
    struct udp_out *d = &o->queue[at];
    int i = o->nmsgs++;
    struct msghdr *m = &o->msgs[i].msg_hdr;
    memset(&o->control[i], 0, sizeof(o->control[i]));
    *m = (struct msghdr){.msg_name = &o->names[i],
                         .msg_namelen = addr_to_sockaddr(&d->path.peer, &o->names[i]),
                         .msg_iov = &o->iov[o->niov],
                         .msg_control = &o->control[i]};
    add_source(m, &d->path);
    if (run > 1) {
        uint16_t seg = (uint16_t)d->len;
        add_control(m, SOL_UDP, UDP_SEGMENT, &seg, sizeof(seg));
    }
    if (m->msg_controllen == 0)
        m->msg_control = NULL;
    o->from[i] = at;
    o->run[i] = (uint16_t)run;
    for (unsigned k = 0; k < run; k++, at = o->queue[at].next) {
        memcpy(&o->iov[o->niov], o->queue[at].iov, o->queue[at].niov * sizeof(struct iovec));
        o->niov += o->queue[at].niov;
        m->msg_iovlen += o->queue[at].niov;
    }
}

static void count_drop(struct udp *u, int e, unsigned n)
{
    enum count which;
    switch (e) {
    case EAGAIN: which = COUNT_UDP_SEND_AGAIN; break;
    case ENOBUFS: which = COUNT_UDP_SEND_NOBUFS; break;
    case EMSGSIZE: which = COUNT_UDP_SEND_MSGSIZE; break;
    case EPERM:
    case EACCES: which = COUNT_UDP_SEND_PERM; break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ECONNREFUSED: which = COUNT_UDP_SEND_UNREACH; break;
    default: which = COUNT_UDP_SEND_OTHER; break;
    }
    count_add(u->counts, which, n);
}

/* The kernel or the device doesn't do UDP_SEGMENT (EIO: no checksum offload), or not with these
 * sizes (EMSGSIZE, EINVAL: beyond the MTU of the path). */
static bool refuses_segments(int e)
{
    return e == EIO || e == EINVAL || e == EMSGSIZE || e == EOPNOTSUPP || e == ENOPROTOOPT;
}

/* The datagrams of message i one by one. */
static void send_singly(struct udp *u, int i)
{
    struct udp_sender *o = &u->out;
    struct iovec *iov = o->msgs[i].msg_hdr.msg_iov;
    int16_t at = o->from[i];
    for (unsigned k = 0; k < o->run[i]; k++, at = o->queue[at].next) {
        struct mmsghdr one = {.msg_hdr = {.msg_name = o->msgs[i].msg_hdr.msg_name,
                                          .msg_namelen = o->msgs[i].msg_hdr.msg_namelen,
                                          .msg_iov = iov,
                                          .msg_iovlen = o->queue[at].niov}};
        union {
            struct cmsghdr align;
            uint8_t bytes[CONTROL_ROOM];
        } control = {.bytes = {0}};
        one.msg_hdr.msg_control = &control;
        add_source(&one.msg_hdr, &o->queue[at].path);
        count_inc(u->counts, COUNT_UDP_CALLS_OUT);
        if (seam_sendmsg(u->fd.fd, &one.msg_hdr, MSG_NOSIGNAL) < 0) {
            count_drop(u, errno, 1);
        } else {
            count_inc(u->counts, COUNT_UDP_PACKETS_OUT);
            count_add(u->counts, COUNT_UDP_BYTES_OUT, o->queue[at].len);
        }
        iov += o->queue[at].niov;
    }
}

static void sent(struct udp *u, int i)
{
    count_add(u->counts, COUNT_UDP_PACKETS_OUT, u->out.run[i]);
    count_add(u->counts, COUNT_UDP_BYTES_OUT, u->out.msgs[i].msg_len);
}

/* Message i was refused with e: it leaves in another form or is dropped. */
static void refused(struct udp *u, int i, int e)
{
    struct udp_sender *o = &u->out;
    if (o->run[i] == 1 || !refuses_segments(e)) {
        count_drop(u, e, o->run[i]);
        return;
    }
    count_inc(u->counts, COUNT_UDP_GSO_REFUSED);
    if (e != EMSGSIZE)
        o->gso_again_us = loop_now(u->loop) + GSO_PAUSE_US;
    send_singly(u, i);
}

static void send_messages(struct udp *u)
{
    struct udp_sender *o = &u->out;
    int i = 0;
    while (i < o->nmsgs) {
        count_inc(u->counts, COUNT_UDP_CALLS_OUT);
        int n = seam_sendmmsg(u->fd.fd, o->msgs + i, (unsigned)(o->nmsgs - i), MSG_NOSIGNAL,
                              o->run[i] > 1);
        for (int k = 0; k < n; k++)
            sent(u, i + k);
        if (n <= 0) {
            refused(u, i, n < 0 ? errno : EAGAIN);
            n = 1;
        }
        i += n;
    }
    o->nmsgs = 0;
    o->niov = 0;
}

/* ---- Flush ---- */

/* How many datagrams from `at` on may ride in one UDP_SEGMENT send: equal sizes, the last may be
 * shorter. */
static unsigned run_of(const struct udp_sender *o, int16_t at, bool gso)
{
    uint32_t seg = o->queue[at].len, sum = seg;
    unsigned n = 1;
    if (!gso || seg == 0)
        return 1;
    for (int16_t d = o->queue[at].next; d >= 0 && n < UDP_SEGS_MAX; d = o->queue[d].next) {
        uint32_t len = o->queue[d].len;
        if (len > seg || len == 0 || sum + len > UDP_GSO_BYTES)
            break;
        sum += len;
        n++;
        if (len < seg)
            break;
    }
    return n;
}

static void flush_group(struct udp *u, int16_t at)
{
    struct udp_sender *o = &u->out;
    while (at >= 0) {
        bool gso = loop_now(u->loop) >= o->gso_again_us;
        unsigned run = run_of(o, at, gso);
        if (o->nmsgs == UDP_OUT_BATCH || o->niov + (int)run * UDP_IOV_MAX > (int)ARRAY_LEN(o->iov))
            send_messages(u);
        add_message(o, at, run);
        for (unsigned k = 0; k < run; k++)
            at = o->queue[at].next;
    }
}

void udp_flush(struct udp *u)
{
    struct udp_sender *o = &u->out;
    if (o->nqueue == 0)
        return;
    for (int g = 0; g < o->ngroups; g++)
        flush_group(u, o->groups[g].first);
    send_messages(u);
    for (int g = 0; g < o->ngroups; g++)
        o->slots[slot_of(&o->queue[o->groups[g].first].path)] = -1;
    o->nqueue = o->ngroups = 0;
    o->ncopied = 0;
    loop_task_cancel(&u->flush);
}
