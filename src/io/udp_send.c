#include "io/udp_int.h"

#include <errno.h>
#include <string.h>

#include "io/seam.h"

enum { GSO_PAUSE_US = 60000000, DATAGRAM_MAX = 65507 };

void udp_sender_init(struct udp_sender *o)
{
    o->nqueue = o->ngroups = o->nmsgs = o->niov = 0;
    o->recent = -1;
    o->hashed = false;
    o->narena = 0;
    o->u = NULL;
    memset(o->slots, -1, sizeof(o->slots));
}

/* ---- Queue ---- */

static bool is_group(const struct udp_group *g, const struct udp *u, const struct udp_path *p,
                     unsigned flags)
{
    return g->u == u && addr_eq(&g->path.peer, &p->peer) && addr_eq(&g->path.local, &p->local) &&
           g->path.ifindex == p->ifindex && g->flags == flags;
}

/* Only spreads over slots; who collides waits in a chain of at most one flush. */
static unsigned slot_of(const struct udp *u, const struct udp_path *p)
{
    uint64_t a, b;
    memcpy(&a, p->peer.ip, sizeof(a));
    memcpy(&b, p->peer.ip + 8, sizeof(b));
    a = (a ^ (uintptr_t)u) * 0x9E3779B97F4A7C15u;
    a = (a ^ (a >> 32) ^ b ^ p->peer.port) * 0x9E3779B97F4A7C15u;
    return (unsigned)(a >> 56);
}

static void into_slot(struct udp_sender *o, int group)
{
    struct udp_group *g = &o->groups[group];
    unsigned slot = slot_of(g->u, &g->path);
    g->slot = (uint8_t)slot;
    g->same_slot = o->slots[slot];
    o->slots[slot] = (int16_t)group;
}

static int known_group(const struct udp_sender *o, const struct udp *u, const struct udp_path *path,
                       unsigned flags)
{
    if (!o->hashed) {
        for (int g = 0; g < o->ngroups; g++) {
            if (is_group(&o->groups[g], u, path, flags))
                return g;
        }
        return -1;
    }
    int g = o->slots[slot_of(u, path)];
    while (g >= 0 && !is_group(&o->groups[g], u, path, flags))
        g = o->groups[g].same_slot;
    return g;
}

static int new_group(struct udp_sender *o, struct udp *u, const struct udp_path *path,
                     unsigned flags)
{
    int at = o->ngroups++;
    o->groups[at] = (struct udp_group){.u = u, .path = *path, .first = -1, .flags = (uint8_t)flags};
    for (int g = 0; at == UDP_FEW_GROUPS && g < at; g++)
        into_slot(o, g);
    o->hashed = at >= UDP_FEW_GROUPS;
    if (o->hashed)
        into_slot(o, at);
    return at;
}

static int find_group(struct udp_sender *o, struct udp *u, const struct udp_path *path,
                      unsigned flags)
{
    if (o->recent >= 0 && is_group(&o->groups[o->recent], u, path, flags))
        return o->recent;
    int g = known_group(o, u, path, flags);
    return o->recent = g >= 0 ? g : new_group(o, u, path, flags);
}

static bool is_sendable(const struct udp *u, const struct udp_path *path,
                        const struct udp_datagram *d)
{
    return d->nhead <= DATAGRAM_MAX && d->ndata <= DATAGRAM_MAX &&
           d->nhead + d->ndata + d->pad <= DATAGRAM_MAX && d->pad <= 3 &&
           path->peer.family == u->local.family;
}

static void to_arena(struct udp_sender *o, const void *p, uint32_t n)
{
    if (n > 0)
        memcpy(o->arena + o->narena, p, n);
    o->narena += n;
}

bool udp_send(struct udp *u, const struct udp_path *path, const struct udp_datagram *d,
              unsigned flags)
{
    struct udp_net *net = u->net;
    struct udp_sender *o = &net->out;
    uint32_t copied = d->nhead + (flags & UDP_COPY ? d->ndata : 0);
    if (!is_sendable(u, path, d))
        return false;
    if (o->nqueue == UDP_QUEUE_MAX || copied > UDP_ARENA_MAX - o->narena)
        udp_flush(net);
    struct udp_group *g = &o->groups[find_group(o, u, path, flags & UDP_DF)];
    int16_t at = (int16_t)o->nqueue++;
    o->queue[at] = (struct udp_out){.head = o->arena + o->narena,
                                    .data = d->data,
                                    .nhead = (uint16_t)copied,
                                    .ndata = (uint16_t)(d->nhead + d->ndata - copied),
                                    .pad = (uint8_t)d->pad,
                                    .next = -1};
    to_arena(o, d->head, d->nhead);
    if (flags & UDP_COPY)
        to_arena(o, d->data, d->ndata);
    if (g->first < 0)
        g->first = at;
    else
        o->queue[g->last].next = at;
    g->last = at;
    if (!net->in.busy)
        loop_defer(net->loop, &net->flush);
    return true;
}

/* ---- One sendmmsg ---- */

static void add_control(struct msghdr *m, int level, int type, const void *p, size_t n)
{
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(n);
    memcpy(CMSG_DATA(c), p, n);
    m->msg_controllen += CMSG_SPACE(n);
}

static bool is_any(const struct addr *a)
{
    static const uint8_t none[16];
    return memcmp(a->ip, none, sizeof(none)) == 0;
}

/* The answer leaves from the address that was asked. */
static void add_source(struct msghdr *m, const struct udp_path *path)
{
    if (is_any(&path->local))
        return;
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

static socklen_t set_name(union udp_name *name, const struct addr *a)
{
    if (a->family == 4) {
        name->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&name->in.sin_addr, a->ip, 4);
        return sizeof(name->in);
    }
    name->in6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
    memcpy(&name->in6.sin6_addr, a->ip, 16);
    return sizeof(name->in6);
}

/* The pieces of one datagram, into the iov under construction. */
static unsigned add_pieces(struct iovec *v, const struct udp_out *d)
{
    static const uint8_t zeros[4];
    unsigned n = 0;
    if (d->nhead > 0)
        v[n++] = (struct iovec){(void *)d->head, d->nhead};
    if (d->ndata > 0)
        v[n++] = (struct iovec){(void *)d->data, d->ndata};
    if (d->pad > 0)
        v[n++] = (struct iovec){(void *)zeros, d->pad};
    return n;
}

static uint32_t length_of(const struct udp_out *d)
{
    return (uint32_t)d->nhead + d->ndata + d->pad;
}

/* A header for `run` datagrams to where the group goes, their pieces to follow. */
static void begin_message(struct msghdr *m, union udp_name *name, union udp_control *control,
                          const struct udp_group *g, unsigned run, uint16_t seg)
{
    *m = (struct msghdr){
        .msg_name = name, .msg_namelen = set_name(name, &g->path.peer), .msg_control = control};
    if (g->u->any)
        add_source(m, &g->path);
    if (run > 1)
        add_control(m, SOL_UDP, UDP_SEGMENT, &seg, sizeof(seg));
    if (m->msg_controllen == 0)
        m->msg_control = NULL;
}

/* Appends a message that stands for `run` datagrams of the group's chain from `at` on. Returns
 * where the chain goes on. */
static int16_t add_message(struct udp_sender *o, int group, int16_t at, unsigned run)
{
    int i = o->nmsgs++;
    struct msghdr *m = &o->msgs[i].msg_hdr;
    struct udp_message *more = &o->more[i];
    more->group = (int16_t)group;
    more->from = at;
    more->run = (uint16_t)run;
    begin_message(m, &more->name, &more->control, &o->groups[group], run,
                  (uint16_t)length_of(&o->queue[at]));
    m->msg_iov = &o->iov[o->niov];
    for (unsigned k = 0; k < run; k++, at = o->queue[at].next)
        o->niov += (int)add_pieces(&o->iov[o->niov], &o->queue[at]);
    m->msg_iovlen = (size_t)(&o->iov[o->niov] - m->msg_iov);
    return at;
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
    count_add(u->net->counts, which, n);
}

/* The kernel or the device doesn't do UDP_SEGMENT (EIO: no checksum offload), or not with these
 * sizes (EMSGSIZE, EINVAL: beyond the MTU of the path). */
static bool refuses_segments(int e)
{
    return e == EIO || e == EINVAL || e == EMSGSIZE || e == EOPNOTSUPP || e == ENOPROTOOPT;
}

/* On a socket with IP_RECVERR, an ICMP error that came for any peer fails the next call once,
 * whomever it was for. */
static bool may_be_stale(const struct udp *u, int e)
{
    return u->relay && (e == ECONNREFUSED || e == EHOSTUNREACH || e == ENETUNREACH ||
                        e == EMSGSIZE || e == EACCES || e == EPROTO || e == ENOPROTOOPT);
}

static int send_once(struct udp *u, struct mmsghdr *v, unsigned n, bool gso)
{
    count_inc(u->net->counts, COUNT_UDP_CALLS_OUT);
    return seam_sendmmsg(u->fd.fd, v, n, MSG_NOSIGNAL | MSG_DONTWAIT, gso);
}

static int send_some(struct udp *u, struct mmsghdr *v, unsigned n, bool gso)
{
    int r = send_once(u, v, n, gso);
    return r < 0 && may_be_stale(u, errno) ? send_once(u, v, n, gso) : r;
}

static void count_sent(struct udp *u, unsigned packets, uint32_t bytes)
{
    count_add(u->net->counts, COUNT_UDP_PACKETS_OUT, packets);
    count_add(u->net->counts, COUNT_UDP_BYTES_OUT, bytes);
}

/* The datagrams of message i one by one. */
static void send_singly(struct udp_sender *o, int i)
{
    struct udp *u = o->u;
    const struct udp_message *more = &o->more[i];
    int16_t at = more->from;
    for (unsigned k = 0; k < more->run; k++, at = o->queue[at].next) {
        union udp_name name;
        union udp_control control;
        struct iovec v[3];
        struct mmsghdr one;
        begin_message(&one.msg_hdr, &name, &control, &o->groups[more->group], 1, 0);
        one.msg_hdr.msg_iov = v;
        one.msg_hdr.msg_iovlen = add_pieces(v, &o->queue[at]);
        if (send_some(u, &one, 1, false) < 0)
            count_drop(u, errno, 1);
        else
            count_sent(u, 1, length_of(&o->queue[at]));
    }
}

/* Message i was refused with e: it leaves in another form or is dropped. */
static void refused(struct udp_sender *o, int i, int e)
{
    struct udp *u = o->u;
    unsigned run = o->more[i].run;
    if (run == 1 || !refuses_segments(e)) {
        count_drop(u, e, run);
        return;
    }
    count_inc(u->net->counts, COUNT_UDP_GSO_REFUSED);
    if (e != EMSGSIZE)
        u->gso_again_us = loop_now(u->net->loop) + GSO_PAUSE_US;
    send_singly(o, i);
}

static void send_messages(struct udp_sender *o)
{
    int i = 0;
    while (i < o->nmsgs) {
        int n = send_some(o->u, o->msgs + i, (unsigned)(o->nmsgs - i), o->more[i].run > 1);
        for (int k = i; k < i + n; k++)
            count_sent(o->u, o->more[k].run, o->msgs[k].msg_len);
        if (n <= 0) {
            refused(o, i, n < 0 ? errno : EAGAIN);
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
    uint32_t seg = length_of(&o->queue[at]), sum = seg;
    unsigned n = 1;
    if (!gso || seg == 0)
        return 1;
    for (int16_t d = o->queue[at].next; d >= 0 && n < UDP_SEGS_MAX; d = o->queue[d].next) {
        uint32_t len = length_of(&o->queue[d]);
        if (len > seg || len == 0 || sum + len > UDP_GSO_BYTES)
            break;
        sum += len;
        n++;
        if (len < seg)
            break;
    }
    return n;
}

/* The messages under construction are all from one socket, and all with or without DF. */
static void turn_to(struct udp_sender *o, const struct udp_group *g)
{
    bool df = g->flags & UDP_DF, other_df = g->u->relay && g->u->df != df;
    if (o->nmsgs > 0 && (o->u != g->u || other_df))
        send_messages(o);
    o->u = g->u;
    if (other_df)
        udp_set_df(g->u, df);
}

static void flush_group(struct udp_sender *o, int group)
{
    struct udp_group *g = &o->groups[group];
    turn_to(o, g);
    for (int16_t at = g->first; at >= 0;) {
        bool gso = o->queue[at].next >= 0 && loop_now(g->u->net->loop) >= g->u->gso_again_us;
        unsigned run = run_of(o, at, gso);
        if (o->nmsgs == UDP_OUT_BATCH || o->niov + (int)run * 3 > UDP_OUT_IOV)
            send_messages(o);
        at = add_message(o, group, at, run);
    }
}

void udp_flush(struct udp_net *n)
{
    struct udp_sender *o = &n->out;
    if (o->nqueue == 0)
        return;
    for (int g = 0; g < o->ngroups; g++)
        flush_group(o, g);
    send_messages(o);
    for (int g = 0; o->hashed && g < o->ngroups; g++)
        o->slots[o->groups[g].slot] = -1;
    o->hashed = false;
    o->nqueue = o->ngroups = 0;
    o->recent = -1;
    o->narena = 0;
    if (!n->in.busy)
        n->in.used = 0;
    loop_task_cancel(&n->flush);
}
