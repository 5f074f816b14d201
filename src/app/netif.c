#include "app/netif.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static bool is_type(const struct netif_link *link, const char *const *types)
{
    for (; *types; types++)
        if (strcmp(link->type, *types) == 0)
            return true;
    return false;
}

static bool is_overlay(const struct netif_link *link)
{
    static const char *const types[] = {"wireguard", "tun",    "ppp",  "ipip", "sit",
                                        "gre",       "ip6tnl", "xfrm", "vti",  NULL};

    return is_type(link, types);
}

/*
 * Bridges and the ends of virtual cables lead to containers and virtual machines on this machine,
 * unless the way to the rest of the world goes over them (a bridge with the network card in it).
 */
static bool is_inner(const struct netif_link *link)
{
    static const char *const types[] = {"bridge", "veth", "vxlan", "dummy", NULL};

    return !link->default_route && is_type(link, types);
}

enum netif_kind netif_classify(const struct netif_link *link, const struct addr *ip, bool container)
{
    enum addr_class class = addr_classify(ip);

    if (link->loopback || class == ADDR_LOOPBACK)
        return NETIF_LOOPBACK;
    if (class == ADDR_LINK_LOCAL)
        return NETIF_LINK;
    /* With the host's network, or a macvlan, the interface of a container is a real one. */
    if (container && strcmp(link->type, "veth") == 0)
        return NETIF_CONTAINER;
    if (is_inner(link))
        return NETIF_INNER;
    if (is_overlay(link))
        return NETIF_OVERLAY;
    if (class == ADDR_PRIVATE || class == ADDR_CGN || class == ADDR_ULA)
        return NETIF_LAN;
    return NETIF_PUBLIC;
}

/* Less is better. */
static int rank(const struct netif_addr *a)
{
    switch (a->kind) {
    case NETIF_LAN: return a->default_route ? 0 : 2;
    case NETIF_PUBLIC: return a->default_route ? 1 : 3;
    case NETIF_OVERLAY: return 4;
    case NETIF_INNER: return 5;
    case NETIF_CONTAINER: return 6;
    case NETIF_LINK: return 7;
    case NETIF_LOOPBACK: return 8;
    }
    return 9;
}

static int compare(const void *x, const void *y)
{
    const struct netif_addr *a = x, *b = y;

    if (a->ip.family != b->ip.family && rank(a) / 4 == rank(b) / 4)
        return a->ip.family < b->ip.family ? -1 : 1;
    if (rank(a) != rank(b))
        return rank(a) - rank(b);
    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1;
    int names = strcmp(a->ifname, b->ifname);
    return names ? names : addr_cmp(&a->ip, &b->ip);
}

void netif_sort(struct netif_list *list)
{
    qsort(list->addr, list->len, sizeof list->addr[0], compare);
}

const struct netif_addr *netif_best(const struct netif_list *list)
{
    if (list->len > 0 && list->addr[0].kind <= NETIF_OVERLAY)
        return &list->addr[0];
    return NULL;
}

const struct netif_addr *netif_public(const struct netif_list *list)
{
    const struct netif_addr *found = NULL;

    for (size_t i = 0; i < list->len; i++) {
        const struct netif_addr *a = &list->addr[i];
        if (a->kind != NETIF_PUBLIC || !a->default_route)
            continue;
        if (!found || (found->ip.family == 6 && a->ip.family == 4))
            found = a;
    }
    return found;
}

bool netif_equal(const struct netif_list *a, const struct netif_list *b)
{
    if (a->container != b->container || a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        const struct netif_addr *x = &a->addr[i], *y = &b->addr[i];
        if (!addr_eq(&x->ip, &y->ip) || x->kind != y->kind || x->bits != y->bits ||
            x->default_route != y->default_route || strcmp(x->ifname, y->ifname) != 0)
            return false;
    }
    return true;
}

bool netif_in_container(void)
{
    const char *manager = getenv("container");

    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
        getenv("KUBERNETES_SERVICE_HOST"))
        return true;
    /* Set by Podman and Docker; lxc and systemd-nspawn mostly stand on a real network. */
    return manager && (strcmp(manager, "podman") == 0 || strcmp(manager, "docker") == 0 ||
                       strcmp(manager, "oci") == 0);
}
