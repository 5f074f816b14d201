/*
 * The machine's network interfaces and addresses, as far as people are concerned: which address a
 * phone on the same Wi-Fi can open, which is public, which means nothing outside this machine. Read
 * from the kernel (rtnetlink, RFC 3549); nobody is asked over the network.
 */
#ifndef MADANG_APP_NETIF_H
#define MADANG_APP_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define NETIF_CAP      64
#define NETIF_NAME_CAP 16

enum netif_kind {
    NETIF_LAN,       /* a private address on a real interface */
    NETIF_PUBLIC,    /* reachable from everywhere, as far as firewalls let it */
    NETIF_OVERLAY,   /* a VPN: for those who are in it, too */
    NETIF_INNER,     /* a bridge for containers or virtual machines on this machine */
    NETIF_CONTAINER, /* we are in a container, and this is its own address on such a bridge */
    NETIF_LINK,      /* link-local: a browser cannot be given the interface */
    NETIF_LOOPBACK
};

/* What is known of an interface. */
struct netif_link {
    char name[NETIF_NAME_CAP];
    uint32_t index;
    bool loopback;
    bool up;
    bool default_route; /* it has one, for either family */
    uint32_t metric;    /* of that route, less is better */
    char type[16];      /* the kernel's word: "bridge", "veth", "tun", "wireguard", ...; or "" */
};

struct netif_addr {
    struct addr ip; /* port 0 */
    uint8_t bits;
    enum netif_kind kind;
    char ifname[NETIF_NAME_CAP];
    bool default_route;
    uint32_t metric;
};

struct netif_list {
    bool container; /* we run in one (Docker, Podman, Kubernetes, ...) */
    size_t len;
    struct netif_addr addr[NETIF_CAP];
};

/*
 * Reads all addresses of interfaces that are up, best first (see netif_best). Left out: IPv6
 * addresses that are temporary (RFC 8981), deprecated or not yet proven unique, since they come and
 * go. False with errno: the kernel did not answer; the list is then empty. Blocks for microseconds.
 */
bool netif_read(struct netif_list *out);

/* The same with the addresses that come and go: all that this machine answers to. */
bool netif_read_all(struct netif_list *out);

/* What an address on that link is for. Pure. */
enum netif_kind netif_classify(const struct netif_link *link, const struct addr *ip,
                               bool container);

/*
 * Sorts: private addresses of the network that has the default route, then public ones, other
 * private ones, VPNs, the rest; IPv4 before IPv6, since people may have to type it. Pure.
 */
void netif_sort(struct netif_list *list);

/* The address to show as QR code, or NULL when people elsewhere can open none. */
const struct netif_addr *netif_best(const struct netif_list *list);

/*
 * For --public-ip auto: a public address of the interface with the default route, IPv4 first. NULL:
 * there is none (behind a NAT, or in a container).
 */
const struct netif_addr *netif_public(const struct netif_list *list);

/* Whether both hold the same addresses with the same meaning. */
bool netif_equal(const struct netif_list *a, const struct netif_list *b);

/*
 * A descriptor that becomes readable when addresses, links or routes change, or -1 with errno. The
 * caller closes it. netif_watch_drain() takes out what is there; true: something has changed, read
 * again (a little later: changes come in bursts).
 */
int netif_watch_open(void);
bool netif_watch_drain(int fd);

/* Whether this process runs in a container; looks at the marks that the usual ones leave. */
bool netif_in_container(void);

#endif
