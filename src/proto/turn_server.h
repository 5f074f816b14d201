/*
 * The TURN server of one worker (RFC 8656, RFC 8489, RFC 8016) as a core: it takes packets, times
 * and letters, and gives datagrams and sockets to open by struct turn_ops. It knows no socket, clock
 * or global; randomness comes from its seed, so that a recording gives the same answers. What it
 * does not answer it drops with a reason (enum turn_drop), counted in struct turn_stats.
 *
 * Ownership: a worker owns the relayed ports p with p / 2 % workers == worker (so that an even port and
 * the odd one after it have the same owner: turn_port_owner in proto/turn_ports.h), and the clients
 * whose packets reached it first. Memory: fixed pools; an allocation takes what
 * sizeof says and nothing for what is not used (permissions and channels come from pools too).
 */
#ifndef MADANG_PROTO_TURN_SERVER_H
#define MADANG_PROTO_TURN_SERVER_H

#include "proto/stun_auth.h"
#include "proto/turn.h"
#include "proto/turn_policy.h"
#include "proto/turn_scope.h"

struct buf;
struct turn_server;

struct turn_server_conf {
    unsigned worker, workers; /* workers = 0: one */
    struct stun_auth_conf auth;
    struct turn_scopes *scopes; /* borrowed; NULL: no call-scoped relays */
    struct turn_policy policy;
    uint8_t seed[RNG_SEED_SIZE];
    struct hash_key hash;

    uint16_t port_min, port_max;      /* relayed ports, inclusive; 0 = 49152, 65535 */
    struct addr relay4, relay6;       /* to bind; family 0: any */
    struct addr announce4, announce6; /* told to clients; family 0: the address that the client
                                         reached, else relay4/6; without one: 440 */
    struct addr other4, other6;       /* told to clients that came by the other family, when none
                                         of the above says it */
    bool no_relay4, no_relay6;        /* 440 */
    uint16_t turn_port;               /* UDP: never given to a relay */
    bool media;                       /* relays reach it at our own addresses: ops.to_media */
    struct addr alternate;            /* ALTERNATE-SERVER while draining; family 0: none */
    bool mobility;                    /* RFC 8016 */
    bool rfc5766_channels;            /* up to 0x7FFF instead of 0x4FFF */

    unsigned max_allocations; /* of this worker; 0 = 10,000 */
    unsigned user_quota;      /* allocations of one account; 0 = unlimited */
    unsigned total_quota;     /* of all accounts that are no scopes; 0 = unlimited: 486 */
    unsigned scope_quota;     /* and of one scope; 0 = 16 */
    unsigned permissions;     /* of one allocation; 0 = 256 */
    unsigned channels;        /* of one allocation; 0 = 256 */
    uint64_t max_bps;         /* bits/s of one allocation, each way; 0 = unlimited */
    uint64_t total_bps;       /* of this worker; 0 = unlimited */
    int64_t lifetime_us;      /* default 600 s (RFC 8656 3.2) */
    int64_t lifetime_max_us;  /* 3600 s */
    unsigned challenge_burst,
        challenge_per_s;             /* 401 and 438 to one address over UDP; 0 = 300, 100 */
    unsigned user_burst, user_per_s; /* requests of one allocation; 0 = 200, 100 */
};

/* Why something was dropped or refused; each has a counter. */
#define TURN_DROPS(X)                                                                            \
    X(MALFORMED, "malformed")           /* no STUN, no ChannelData */                            \
    X(CLASS, "class")                   /* a response or an indication that nobody sends here */ \
    X(METHOD, "method")                 /* a request that is none of TURN's: 400 */              \
    X(CHALLENGE_RATE, "challenge_rate") /* no 401 any more to this address */                    \
    X(USER_RATE, "user_rate")           /* too many requests of one client */                    \
    X(BAD_REQUEST, "400")                                                                        \
    X(UNAUTHORIZED, "401")                                                                       \
    X(FORBIDDEN, "403")                                                                          \
    X(MOBILITY_FORBIDDEN, "405")                                                                 \
    X(UNKNOWN_ATTRIBUTE, "420")                                                                  \
    X(MISMATCH, "437")                                                                           \
    X(STALE_NONCE, "438")                                                                        \
    X(FAMILY, "440")                                                                             \
    X(WRONG_CREDENTIALS, "441")                                                                  \
    X(TRANSPORT, "442")                                                                          \
    X(PEER_FAMILY, "443")                                                                        \
    X(QUOTA, "486")                                                                              \
    X(SERVER_ERROR, "500")                                                                       \
    X(CAPACITY, "508")                                                                           \
    X(ALTERNATE, "300")                                                                          \
    X(NO_ALLOCATION, "no_allocation") /* data from a client that has none */                     \
    X(NO_CHANNEL, "no_channel")                                                                  \
    X(NO_PERMISSION, "no_permission") /* from or to a peer without one */                        \
    X(NO_CONSENT, "no_consent")       /* call-scoped: anything but Bindings before consent */    \
    X(BINDING_RATE, "binding_rate")   /* call-scoped: more than 50 Bindings/s to a peer */       \
    X(POLICY, "policy")               /* an address that may not be reached */                   \
    X(BANDWIDTH, "bandwidth")         /* max-bps or total-bps */                                 \
    X(NO_RELAY, "no_relay")           /* to our own address, but no relay has that port */       \
    X(OVERSIZE, "oversize")           /* it fits no datagram to where it should go */

enum turn_drop {
    TURN_DROP_NONE,
#define TURN_DROP_ENUM(symbol, name) TURN_DROP_##symbol,
    TURN_DROPS(TURN_DROP_ENUM)
#undef TURN_DROP_ENUM
        TURN_DROP_COUNT
};
const char *turn_drop_name(enum turn_drop d);

enum { TURN_LIFETIME_BUCKETS = 10 };

struct turn_stats {
    uint64_t requests;                       /* authenticated or not */
    uint64_t allocated[TUPLE_TRANSPORTS][2]; /* [0]: IPv4 relays, [1]: IPv6 */
    uint64_t ended[TUPLE_TRANSPORTS][2];     /* by the transport that made them */
    uint64_t up_packets, up_bytes;           /* client to peer, payload */
    uint64_t down_packets, down_bytes;       /* peer to client */
    uint64_t inside_packets;                 /* of these: relay to relay */
    uint64_t drops[TURN_DROP_COUNT];
    uint64_t refused_peers[TURN_PEER_VERDICTS]; /* behind 403: by class; OK: nobody of the call */
    uint64_t lifetime[TURN_LIFETIME_BUCKETS];   /* ended after < 1 10 60 300 600 1800 3600
                                                         7200 86400 s, or more */
    uint64_t lifetime_sum_s;
    uint32_t allocations, relays, permissions, channels, reservations; /* now */
};

/* conf is copied; ops too. */
struct turn_server *turn_server_new(const struct turn_server_conf *conf, const struct turn_ops *ops,
                                    int64_t now_us, int64_t wall_offset_us);
/* Closes every relay by ops. */
void turn_server_free(struct turn_server *s);

/* Anything of a client that is not a Binding: STUN with a TURN method, or ChannelData; exactly one
 * message (streams are framed by proto/turn_frame, padding taken off). p may be borrowed by what it
 * causes. The result says why nothing was relayed or why an error was answered. */
enum turn_drop turn_server_input(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                 const uint8_t *p, size_t n);
/* A datagram for a relay of ours. */
enum turn_drop turn_server_peer(struct turn_server *s, int64_t now_us, struct turn_relay *r,
                                const struct addr *from, const uint8_t *p, size_t n);
/* The same from a relay of another worker (struct turn_ops.to_worker). */
enum turn_drop turn_server_foreign(struct turn_server *s, int64_t now_us, const struct addr *from,
                                   uint64_t scope, const struct addr *to, const uint8_t *p,
                                   size_t n);
/* An ICMP error came back for something that this relay sent (RFC 8656 11.5). */
void turn_server_icmp(struct turn_server *s, int64_t now_us, struct turn_relay *r,
                      const struct addr *peer, uint8_t type, uint8_t code, uint32_t data);
/* The client's connection is gone, and with it its allocation (unless mobility keeps it). */
void turn_server_hangup(struct turn_server *s, int64_t now_us, const struct tuple *who);

/* Has this client an allocation now? Connections without one may be closed when they are silent. */
bool turn_server_knows(const struct turn_server *s, const struct tuple *who);

void turn_server_tick(struct turn_server *s, int64_t now_us);
int64_t turn_server_deadline(const struct turn_server *s); /* INT64_MAX: never */

/* Letters of control. */
void turn_server_scope_closed(struct turn_server *s, int64_t now_us, uint64_t scope);
void turn_server_party_dropped(struct turn_server *s, int64_t now_us, uint64_t scope,
                               uint64_t party);
void turn_server_own(struct turn_server *s, const struct addr *own, unsigned n,
                     const struct cidr *lan, unsigned nlan);
void turn_server_wall(struct turn_server *s, int64_t wall_offset_us);
/* New Allocates are answered 300 (with an alternate server) or 508. */
void turn_server_drain(struct turn_server *s);

const struct turn_stats *turn_server_stats(const struct turn_server *s);
/* A JSON array of allocations, at most max. No secrets. */
void turn_server_dump(const struct turn_server *s, int64_t now_us, struct buf *out, unsigned max);

#endif
