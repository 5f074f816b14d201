/*
 * Where a relay may send to at all. Every form that hides an IPv4 address in an IPv6 one is taken
 * apart first; then what is not a global unicast address, and the server's own addresses, is denied
 * unless a list allows it. deny wins over allow. Pure.
 */
#ifndef MADANG_PROTO_TURN_POLICY_H
#define MADANG_PROTO_TURN_POLICY_H

#include "base/addr.h"

enum { TURN_POLICY_LIST = 64, TURN_OWN_MAX = 64 };

enum turn_peer_verdict {
    TURN_PEER_OK,
    TURN_PEER_OWN,       /* an address of this server: only its relayed ports, inside the process */
    TURN_PEER_DENIED,    /* deny-peer */
    TURN_PEER_LOOPBACK,  /* and below: by class */
    TURN_PEER_PRIVATE,   /* private, CGN, ULA, link-local, ... */
    TURN_PEER_MULTICAST, /* multicast, broadcast */
    TURN_PEER_RESERVED,  /* documentation, benchmark, reserved, unspecified */
    TURN_PEER_METADATA, /* metadata services of clouds: only a list entry for it alone allows one */
    TURN_PEER_FAMILY,   /* an IPv4 address in IPv6's clothes: denied in this dress whatever it is */
    TURN_PEER_VERDICTS
};
const char *turn_peer_verdict_name(enum turn_peer_verdict v);

struct turn_policy {
    struct cidr allow[TURN_POLICY_LIST], deny[TURN_POLICY_LIST];
    unsigned nallow, ndeny;
    struct addr own[TURN_OWN_MAX]; /* port 0; also the public address of a 1:1 NAT */
    unsigned nown;
    /* Host candidates of people in the same network as the server: only for call-scoped relays,
     * only private addresses (RFC 1918, ULA) inside one of these networks. */
    struct cidr lan[TURN_POLICY_LIST];
    unsigned nlan;
};

/* own is asked before everything else. The port does not matter (RFC 8656 10.2 ignores it in
 * CreatePermission). in_call: the peer was signalled by another party of the relay's call. */
enum turn_peer_verdict turn_policy_check(const struct turn_policy *p, const struct addr *peer,
                                         bool in_call);

#endif
