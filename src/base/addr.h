/* Addresses of the network: IPv4 or IPv6 and a port, in 24 bytes without holes, so that they can
 * be compared and hashed as bytes. IPv6 link-local addresses carry their interface (scope). Where
 * a relay may reach stands on addr_canon and addr_classify: every form that hides an IPv4 address
 * in an IPv6 one is taken apart first. */
#ifndef MADANG_BASE_ADDR_H
#define MADANG_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/str.h"

struct addr {
    uint8_t ip[16]; /* network order; IPv4 in the first four, the rest zero */
    uint32_t scope; /* interface index of an IPv6 link-local address, else 0 */
    uint16_t port;  /* host order */
    uint8_t family; /* 4, 6, or 0 for none */
    uint8_t zero;
};

enum addr_class {
    ADDR_GLOBAL,        /* anything not named below */
    ADDR_NONE,          /* family 0 */
    ADDR_UNSPECIFIED,   /* 0.0.0.0/8, :: */
    ADDR_LOOPBACK,      /* 127.0.0.0/8, ::1 */
    ADDR_LINK_LOCAL,    /* 169.254.0.0/16, fe80::/10 */
    ADDR_PRIVATE,       /* RFC 1918; fec0::/10 (site-local, deprecated) */
    ADDR_CGN,           /* 100.64.0.0/10, RFC 6598 */
    ADDR_ULA,           /* fc00::/7 */
    ADDR_MULTICAST,     /* 224.0.0.0/4, ff00::/8 */
    ADDR_BROADCAST,     /* 255.255.255.255 */
    ADDR_DOCUMENTATION, /* 192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32, 3fff::/20 */
    ADDR_BENCHMARK,     /* 198.18.0.0/15, 2001:2::/48 */
    ADDR_RESERVED,      /* 192.0.0.0/24, 240.0.0.0/4, 100::/64, 64:ff9b:1::/48, ... */
};

/* Address and port in brackets where needed, scope as %number, and the NUL. */
#define ADDR_STR_SIZE 64

/* False for families other than AF_INET and AF_INET6, and for short structures; *a is "none". */
bool addr_from_sockaddr(struct addr *a, const struct sockaddr *sa, socklen_t len);
/* Fills *ss and returns its length; 0 for family 0. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss);

struct addr addr_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/* From 16 bytes in network order. */
struct addr addr_ip6(const uint8_t ip[16], uint16_t port);

/* "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", "fe80::1%2" (scope as a number). Strict:
 * no names, no leading zeros in IPv4, port 0..65535. False leaves *a alone. */
bool addr_parse(struct addr *a, struct str s);
/* Address and port ("1.2.3.4:80", "[::1]:80"); without the port when it is 0. Returns out. */
const char *addr_format(const struct addr *a, char out[ADDR_STR_SIZE]);
/* The address alone, without brackets. IPv6 as RFC 5952 wants it. Returns out. */
const char *addr_format_ip(const struct addr *a, char out[ADDR_STR_SIZE]);

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static inline bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, 16) == 0;
}

static inline int addr_cmp(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof *a);
}

static inline uint64_t addr_hash(const struct hash_key *key, const struct addr *a)
{
    return siphash24(key, a, sizeof *a);
}

/* Who counts as one for limits per address: IPv4 whole, IPv6 by its /64; no port, no scope. The
 * address is canonicalised first. */
struct addr addr_limit_key(const struct addr *a);

/* Turns an IPv6 address that carries an IPv4 one into that IPv4 address: mapped (::ffff:0:0/96),
 * compatible (::/96 except :: and ::1), translated (::ffff:0:0:0/96, RFC 2765), NAT64
 * (64:ff9b::/96), 6to4 (2002::/16) and Teredo (2001::/32, the client's address). True when it did. */
bool addr_canon(struct addr *a);
/* Of the canonical form; a itself is not changed. */
enum addr_class addr_classify(const struct addr *a);
/* "loopback", "link-local", ... static. */
const char *addr_class_name(enum addr_class c);

/* Only the mapped form (::ffff:1.2.3.4), which is how IPv4 peers look on a socket for both. For
 * lists that allow something: the other forms can be somebody else's address there. */
bool addr_unmap(struct addr *a);
/* Whether a peer is this machine: loopback, or mapped loopback, and no other disguise. */
bool addr_is_loopback(const struct addr *a);

struct cidr {
    uint8_t ip[16];
    uint8_t family;
    uint8_t bits;
};

/* "10.0.0.0/8", "::1/128", or an address alone (all bits). Bits below the prefix must be zero: a
 * typo there would open more than was meant. Of mapped addresses ("::ffff:10.0.0.0/104") it is the
 * IPv4 network, which is what they are compared as. False leaves *c alone. */
bool cidr_parse(struct cidr *c, struct str s);
const char *cidr_format(const struct cidr *c, char out[ADDR_STR_SIZE]);
/* Compares the unmapped form of a, so that ::ffff:10.0.0.1 is in 10.0.0.0/8. No other disguise is
 * taken apart, since these lists allow: for lists that deny, addr_canon first. */
bool cidr_contains(const struct cidr *c, const struct addr *a);

#endif
