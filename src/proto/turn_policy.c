#include "proto/turn_policy.h"

#include <string.h>

#include "base/util.h"

static const char *const names[TURN_PEER_VERDICTS] = {
    "ok", "own", "denied", "loopback", "private", "multicast", "reserved", "metadata", "family"};

const char *turn_peer_verdict_name(enum turn_peer_verdict v)
{
    return (unsigned)v < TURN_PEER_VERDICTS ? names[v] : "none";
}

/* Where clouds tell a machine its secrets: some look global, and some lie in ranges that people allow
 * for their overlays. Not all that there are, but the rest is link-local or unique local too. */
static const struct cidr metadata[] = {
    {{169, 254, 169, 254}, 4, 32},                                     /* nearly all */
    {{169, 254, 170, 2}, 4, 32},                                       /* AWS, containers */
    {{169, 254, 170, 23}, 4, 32},                                      /* AWS, pods */
    {{169, 254, 42, 42}, 4, 32},                                       /* Scaleway */
    {{169, 254, 0, 23}, 4, 32},                                        /* Tencent */
    {{168, 63, 129, 16}, 4, 32},                                       /* Azure: looks global */
    {{100, 100, 100, 200}, 4, 32},                                     /* Alibaba: within CGN */
    {{192, 0, 0, 192}, 4, 32},                                         /* Oracle */
    {{0xFD, 0x00, 0x00, 0xC1, [12] = 0xA9, 0xFE, 0xA9, 0xFE}, 6, 128}, /* Oracle */
    {{0xFD, 0x00, 0x0E, 0xC2}, 6, 32},                                 /* AWS */
    {{0xFD, 0x20, 0x00, 0xCE, [14] = 0x02, 0x54}, 6, 128},             /* Google */
    {{0xFD, 0x00, 0x00, 0x42, [15] = 0x42}, 6, 128},                   /* Scaleway */
    {{0xFD, 0x00, 0xA9, 0xFE, 0xA9, 0xFE, [15] = 0x01}, 6, 128},       /* Linode */
    {{0xFE, 0x80, [12] = 0xA9, 0xFE, 0xA9, 0xFE}, 6, 128},             /* OpenStack */
};

static bool listed(const struct cidr *list, unsigned n, const struct addr *a)
{
    for (unsigned i = 0; i < n; i++)
        if (cidr_contains(&list[i], a))
            return true;
    return false;
}

/* Does an entry allow this address and no other? */
static bool named(const struct turn_policy *p, const struct addr *a)
{
    for (unsigned i = 0; i < p->nallow; i++) {
        const struct cidr *c = &p->allow[i];
        if (c->bits == (c->family == 4 ? 32 : 128) && cidr_contains(c, a))
            return true;
    }
    return false;
}

/* The scope of a link-local address is of no interest: STUN cannot say it. */
static bool is_own(const struct turn_policy *p, const struct addr *a)
{
    for (unsigned i = 0; i < p->nown; i++) {
        struct addr own = p->own[i];
        addr_unmap(&own);
        if (own.family == a->family && memcmp(own.ip, a->ip, sizeof own.ip) == 0)
            return true;
    }
    return false;
}

static enum turn_peer_verdict by_class(enum addr_class c)
{
    switch (c) {
    case ADDR_GLOBAL: return TURN_PEER_OK;
    case ADDR_LOOPBACK: return TURN_PEER_LOOPBACK;
    case ADDR_PRIVATE:
    case ADDR_CGN:
    case ADDR_ULA:
    case ADDR_LINK_LOCAL: return TURN_PEER_PRIVATE;
    case ADDR_MULTICAST:
    case ADDR_BROADCAST: return TURN_PEER_MULTICAST;
    case ADDR_NONE:
    case ADDR_UNSPECIFIED:
    case ADDR_DOCUMENTATION:
    case ADDR_BENCHMARK:
    case ADDR_RESERVED: break;
    }
    return TURN_PEER_RESERVED;
}

static bool in_lan(const struct turn_policy *p, const struct addr *a, enum addr_class c)
{
    return (c == ADDR_PRIVATE || c == ADDR_ULA) && listed(p->lan, p->nlan, a);
}

/* Nothing can be sent to an IPv4 address by an IPv6 relay but by a translator, whose other end is
 * somebody else's network: no list opens these. The reason is the plainest that there is. */
static enum turn_peer_verdict check_disguised(const struct turn_policy *p, const struct addr *raw,
                                              const struct addr *plain)
{
    if (listed(p->deny, p->ndeny, raw) || listed(p->deny, p->ndeny, plain))
        return TURN_PEER_DENIED;
    if (listed(metadata, ARRAY_LEN(metadata), plain))
        return TURN_PEER_METADATA;
    enum turn_peer_verdict v = by_class(addr_classify(plain));
    return v != TURN_PEER_OK ? v : TURN_PEER_FAMILY;
}

enum turn_peer_verdict turn_policy_check(const struct turn_policy *p, const struct addr *peer,
                                         bool in_call)
{
    struct addr plain = *peer;
    if (addr_canon(&plain))
        return check_disguised(p, peer, &plain);
    if (is_own(p, peer))
        return TURN_PEER_OWN;
    if (listed(p->deny, p->ndeny, peer))
        return TURN_PEER_DENIED;
    if (listed(metadata, ARRAY_LEN(metadata), peer))
        return named(p, peer) ? TURN_PEER_OK : TURN_PEER_METADATA;
    if (listed(p->allow, p->nallow, peer))
        return TURN_PEER_OK;
    enum addr_class c = addr_classify(peer);
    return in_call && in_lan(p, peer, c) ? TURN_PEER_OK : by_class(c);
}
