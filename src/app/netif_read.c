/* netif_read(), over rtnetlink: three dumps (links, default routes, addresses), then a sort. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/netif.h"

enum { LINKS_CAP = 256, CHUNK = 32768 };

struct reader {
    int fd;
    unsigned links;
    struct netif_link link[LINKS_CAP];
    struct netif_list *out;
    bool all; /* also what comes and goes */
};

static struct netif_link *link_of(struct reader *r, uint32_t index)
{
    for (unsigned i = 0; i < r->links; i++)
        if (r->link[i].index == index)
            return &r->link[i];
    return NULL;
}

static void copy_text(char *dst, size_t cap, const struct rtattr *a)
{
    size_t n = RTA_PAYLOAD(a);

    snprintf(dst, cap, "%.*s", (int)strnlen(RTA_DATA(a), n), (const char *)RTA_DATA(a));
}

static uint32_t number_of(const struct rtattr *a)
{
    uint32_t n = 0;

    if (RTA_PAYLOAD(a) >= sizeof n)
        memcpy(&n, RTA_DATA(a), sizeof n);
    return n;
}

static void on_link(struct reader *r, const struct nlmsghdr *h)
{
    const struct ifinfomsg *info = NLMSG_DATA(h);
    int left = (int)IFLA_PAYLOAD(h);
    struct netif_link *l;

    if (r->links == LINKS_CAP)
        return;
    l = &r->link[r->links++];
    *l = (struct netif_link){.index = (uint32_t)info->ifi_index,
                             .loopback = (info->ifi_flags & IFF_LOOPBACK) != 0,
                             .up = (info->ifi_flags & IFF_UP) != 0};
    for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFLA_IFNAME)
            copy_text(l->name, sizeof l->name, a);
        if ((a->rta_type & NLA_TYPE_MASK) != IFLA_LINKINFO)
            continue;
        int inner = (int)RTA_PAYLOAD(a);
        for (struct rtattr *b = RTA_DATA(a); RTA_OK(b, inner); b = RTA_NEXT(b, inner))
            if (b->rta_type == IFLA_INFO_KIND)
                copy_text(l->type, sizeof l->type, b);
    }
}

static void on_route(struct reader *r, const struct nlmsghdr *h)
{
    const struct rtmsg *route = NLMSG_DATA(h);
    int left = (int)RTM_PAYLOAD(h);
    uint32_t index = 0, metric = 0;
    struct netif_link *l;

    if (route->rtm_dst_len != 0 || route->rtm_table != RT_TABLE_MAIN ||
        route->rtm_type != RTN_UNICAST)
        return;
    for (struct rtattr *a = RTM_RTA(route); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == RTA_OIF)
            index = number_of(a);
        if (a->rta_type == RTA_PRIORITY)
            metric = number_of(a);
    }
    l = link_of(r, index);
    if (!l)
        return;
    if (!l->default_route || metric < l->metric)
        l->metric = metric;
    l->default_route = true;
}

static bool address_of(const struct ifaddrmsg *m, const struct rtattr *a, struct addr *ip)
{
    const uint8_t *p = RTA_DATA(a);

    if (m->ifa_family == AF_INET && RTA_PAYLOAD(a) == 4)
        *ip = addr_ip4(p[0], p[1], p[2], p[3], 0);
    else if (m->ifa_family == AF_INET6 && RTA_PAYLOAD(a) == 16)
        *ip = addr_ip6(p, 0);
    else
        return false;
    return true;
}

static void on_addr(struct reader *r, const struct nlmsghdr *h)
{
    const uint32_t passing = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    int left = (int)IFA_PAYLOAD(h);
    const struct netif_link *l = link_of(r, m->ifa_index);
    uint32_t flags = m->ifa_flags;
    struct addr ip = {0};
    bool local = false;

    for (struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFA_FLAGS)
            flags = number_of(a);
        /* On a point-to-point link IFA_ADDRESS is the other end and IFA_LOCAL ours. */
        if (a->rta_type == IFA_LOCAL)
            local = address_of(m, a, &ip);
        if (a->rta_type == IFA_ADDRESS && !local)
            address_of(m, a, &ip);
    }
    bool unsteady = !r->all && m->ifa_family == AF_INET6 && (flags & passing) != 0;
    if (!l || !l->up || ip.family == 0 || unsteady || r->out->len == NETIF_CAP)
        return;
    struct netif_addr *to = &r->out->addr[r->out->len++];
    *to = (struct netif_addr){.ip = ip,
                              .bits = m->ifa_prefixlen,
                              .kind = netif_classify(l, &ip, r->out->container),
                              .default_route = l->default_route,
                              .metric = l->metric};
    snprintf(to->ifname, sizeof to->ifname, "%s", l->name);
}

/* False: the answer is complete, or broken (errno). */
static bool on_chunk(struct reader *r, const void *chunk, int len, bool *failed)
{
    for (const struct nlmsghdr *h = chunk; NLMSG_OK(h, (unsigned)len); h = NLMSG_NEXT(h, len)) {
        if (h->nlmsg_type == NLMSG_DONE)
            return false;
        if (h->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *e = NLMSG_DATA(h);
            errno = -e->error;
            *failed = true;
            return false;
        }
        if (h->nlmsg_type == RTM_NEWLINK)
            on_link(r, h);
        else if (h->nlmsg_type == RTM_NEWROUTE)
            on_route(r, h);
        else if (h->nlmsg_type == RTM_NEWADDR)
            on_addr(r, h);
    }
    return true;
}

static bool dump(struct reader *r, uint16_t type, char *chunk)
{
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } ask = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
                      .nlmsg_type = type,
                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
             .body = {.rtgen_family = AF_UNSPEC}};
    bool failed = false;
    ssize_t n;

    if (send(r->fd, &ask, ask.head.nlmsg_len, 0) < 0)
        return false;
    do {
        n = recv(r->fd, chunk, CHUNK, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
    } while (n < 0 || on_chunk(r, chunk, (int)n, &failed));
    return !failed;
}

static pthread_once_t container_once = PTHREAD_ONCE_INIT;
static bool container;

static void look_for_container(void)
{
    container = netif_in_container();
}

/* Asked at the first time, which is the start: it asks the file system, and stays as it is. */
static bool is_container(void)
{
    pthread_once(&container_once, look_for_container);
    return container;
}

static bool read_list(struct netif_list *out, bool all)
{
    const struct timeval patience = {.tv_sec = 2};
    struct reader *r = calloc(1, sizeof *r);
    char *chunk = malloc(CHUNK);
    bool ok = false;

    *out = (struct netif_list){.container = is_container()};
    if (r && chunk) {
        r->out = out;
        r->all = all;
        r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        ok = r->fd >= 0 &&
             setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
             dump(r, RTM_GETLINK, chunk) && dump(r, RTM_GETROUTE, chunk) &&
             dump(r, RTM_GETADDR, chunk);
        if (r->fd >= 0)
            close(r->fd);
    }
    free(chunk);
    free(r);
    if (ok)
        netif_sort(out);
    else
        out->len = 0;
    return ok;
}

bool netif_read(struct netif_list *out)
{
    return read_list(out, false);
}

bool netif_read_all(struct netif_list *out)
{
    return read_list(out, true);
}

int netif_watch_open(void)
{
    struct sockaddr_nl who = {.nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                           RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&who, sizeof who) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

bool netif_watch_drain(int fd)
{
    char chunk[8192];
    bool changed = false;

    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(fd, chunk, sizeof chunk, MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        /* ENOBUFS: so much has changed that the kernel has lost count. */
        if (n <= 0 && !(n < 0 && errno == ENOBUFS))
            break;
        changed = true;
    }
    return changed;
}
