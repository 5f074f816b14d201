/*
 * What the files of the TURN server share: its objects and who may do what to them. Nobody else
 * includes this. How they hang together: docs/architecture/turn.md.
 */
#ifndef MADANG_PROTO_TURN_INT_H
#define MADANG_PROTO_TURN_INT_H

#include "base/hash.h"
#include "base/heap.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/pool.h"
#include "proto/rate.h"
#include "proto/turn_ports.h"
#include "proto/turn_server.h"

enum {
    TURN_PERMISSION_S = 300, /* RFC 8656 9 */
    TURN_CHANNEL_S = 600,    /* 12 */
    TURN_RESERVATION_S = 30, /* 7.2 */
    TURN_CONSENT_S = 30,     /* RFC 7675 5.1 */
    TURN_BINDINGS_S = 50,    /* to a peer without consent */
    TURN_BINDING_MAX = 600,  /* bytes; larger ones carry something else */
    TURN_CONSENTS_MAX = 16,  /* ports of one peer's IP that consented */
    TURN_CHANNEL_MIN = 0x4000,
    TURN_UDP4_MAX = 65507, /* payload of one datagram */
    TURN_UDP6_MAX = 65487,
    TURN_ID_WORKER = 40, /* bits of an allocation's number below the worker's */
    TURN_ENDED = 64      /* deleted allocations whose last request may be repeated */
};
#define TURN_S INT64_C(1000000)

/* ---- Objects ---- */

/* Bits times microseconds at some rate. */
struct turn_bucket {
    int64_t at_us, saved;
};

/* How many in the last second: eleven slots of a tenth, so that no second holds more than allowed. */
enum { TURN_SLOTS = 11, TURN_SLOT_US = 100000 };
struct turn_window {
    uint32_t slot; /* number of the newest */
    uint8_t n[TURN_SLOTS];
};

struct turn_consent {
    struct turn_consent *next;
    struct addr at;
    int64_t until;
};

/* Of a permission of a call-scoped allocation. */
struct turn_guard {
    struct turn_consent *consents;
    unsigned nconsents;
    struct turn_window up, down;
};

struct turn_permission {
    struct hnode node; /* in turn_server.permissions, by allocation and IP */
    struct turn_permission *next;
    struct turn_alloc *alloc;
    struct turn_guard *guard; /* NULL: any packet may pass */
    struct addr ip;           /* port 0 */
    int64_t expires;
    bool inside;  /* an address of this server: relays here */
    bool outside; /* by the socket */
};

struct turn_channel {
    struct hnode by_number, by_peer;
    struct turn_channel *next;
    struct turn_alloc *alloc;
    struct turn_permission *permission; /* NULL: it has expired */
    struct addr peer;
    int64_t expires;
    uint16_t number;
};

/* Whoever has allocations: an account, or a scope. */
struct turn_owner {
    struct hnode node;
    uint64_t account, scope; /* one of them is 0 */
    struct list allocs;
    unsigned n;
};

struct turn_alloc {
    struct hnode node; /* in turn_server.allocs, by tuple */
    struct tuple tuple;
    struct timer timer; /* the earliest of all its deadlines, or earlier */
    struct list of_owner;
    struct turn_owner *owner;
    struct turn_port *port[2]; /* IPv4, IPv6 */
    struct turn_permission *permissions;
    struct turn_channel *channels;
    struct turn_channel *last_up, *last_down; /* what the last packet used */
    struct turn_permission *last_permission;
    uint64_t id;
    int64_t created_us;
    struct turn_bucket up, down;
    uint64_t up_bytes, down_bytes;
    uint8_t txid[STUN_TXID]; /* of its Allocate, to answer that again */
    uint32_t granted_s;      /* and what that was answered */
    uint32_t ticket;         /* RFC 8016: number of the last ticket; 0: not mobile */
    uint16_t npermissions, nchannels;
    uint16_t family_error[2]; /* ADDRESS-ERROR-CODE */
    bool reserved;            /* its Allocate was given a token */
    bool adrift;              /* its connection is gone; a ticket may bring it back */
};

struct turn_reservation {
    struct hnode node; /* by token */
    struct timer timer;
    uint64_t token;
    struct turn_owner who; /* copies of its numbers; not in any table */
    struct turn_port *port;
};

struct turn_ended {
    uint64_t tuple;
    uint64_t who;
    int64_t until;
    uint8_t txid[STUN_TXID];
};

/* A client whose allocation another worker has: it came here with a ticket or a token of that one. */
struct turn_guest {
    struct hnode node;
    struct list order; /* by `until` */
    struct tuple tuple;
    int64_t until;
    unsigned worker;
};

struct turn_server {
    struct turn_server_conf conf;
    struct turn_ops ops;
    struct turn_stats stats;
    struct turn_ports ports;
    struct rng rng;
    struct hash_key token_key;
    uint8_t ticket_key[32], ticket_tag_key[32];
    int64_t wall_offset_us;
    struct pool alloc_pool, permission_pool, guard_pool, consent_pool, channel_pool, owner_pool,
        reservation_pool, guest_pool;
    struct hmap allocs, permissions, channels, channel_peers, owners, reservations, guests;
    struct list guest_order;
    struct heap timers, reservation_timers;
    struct rate *challenges, *users;
    struct turn_bucket up, down;
    struct turn_alloc *last; /* whose packet was the last */
    uint64_t next_id;
    unsigned unscoped; /* allocations of accounts */
    struct turn_ended ended[TURN_ENDED];
    unsigned next_ended;
    bool draining;
};

/* A request on its way, authenticated. */
struct turn_request {
    struct turn_server *s;
    int64_t now_us;
    const struct tuple *from;
    uint64_t tuple_hash;
    const struct stun_msg *m;
    struct turn_alloc *a; /* of the tuple; NULL: none */
    struct stun_auth_result auth;
    bool passed_on; /* another worker answers */
    struct stun_builder b;
    uint8_t out[STUN_MESSAGE_MAX];
};

static inline int64_t turn_wall_s(const struct turn_server *s, int64_t now_us)
{
    return (now_us + s->wall_offset_us) / TURN_S;
}

static inline unsigned turn_family(const struct addr *a) /* index of port[] */
{
    return a->family == 6;
}

static inline bool turn_is_stream(const struct tuple *t)
{
    return t->transport == TUPLE_TCP || t->transport == TUPLE_TLS;
}

/* ---- turn_alloc.c ---- */

uint64_t turn_tuple_hash(const struct turn_server *s, const struct tuple *t);
struct turn_alloc *turn_alloc_at(const struct turn_server *s, const struct tuple *t, uint64_t hash);
/* And remembers it as s->last. */
struct turn_alloc *turn_alloc_find(struct turn_server *s, const struct tuple *t, uint64_t hash);
/* Without ports. NULL: no memory, or the cap. */
struct turn_alloc *turn_alloc_new(struct turn_server *s, int64_t now_us, const struct tuple *t,
                                  uint64_t hash, const struct stun_user *user);
/* One that never was: it had no port yet. */
void turn_alloc_unmake(struct turn_server *s, struct turn_alloc *a);
/* Everything it holds goes too. */
void turn_alloc_free(struct turn_server *s, int64_t now_us, struct turn_alloc *a);
void turn_alloc_add_port(struct turn_server *s, struct turn_alloc *a, struct turn_port *p,
                         int64_t expires);
/* With the permissions and channels of that family. */
void turn_alloc_drop_port(struct turn_server *s, struct turn_alloc *a, unsigned family);
void turn_alloc_move(struct turn_server *s, struct turn_alloc *a, const struct tuple *to,
                     uint64_t hash);
/* Forgets what has expired; frees it when nothing is left. */
void turn_alloc_sweep(struct turn_server *s, int64_t now_us, struct turn_alloc *a);
/* The timer must come no later than `at`. */
void turn_alloc_wake(struct turn_server *s, struct turn_alloc *a, int64_t at);
struct turn_owner *turn_owner_find(const struct turn_server *s, uint64_t account, uint64_t scope);
bool turn_owner_is(const struct turn_owner *o, const struct stun_user *user);

/* ---- turn_peers.c: permissions and channels ---- */

/* A permission for the peer's IP that has not expired, or NULL. */
struct turn_permission *turn_permission_find(const struct turn_server *s, struct turn_alloc *a,
                                             const struct addr *peer, int64_t now_us);
/* May there be a permission? Then *out says which way. If not, *why (may be NULL) says of what class
 * the peer is; TURN_PEER_OK: nobody of the call. */
bool turn_permission_ask(const struct turn_server *s, const struct turn_alloc *a,
                         const struct addr *peer, struct turn_permission *out,
                         enum turn_peer_verdict *why);
/* Installs or refreshes all (n <= STUN_ATTRS_MAX, each asked before) or none: CAPACITY. */
enum turn_drop turn_permission_install(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                       const struct turn_permission *want, unsigned n);
void turn_permission_free(struct turn_server *s, struct turn_permission *p);
/* Takes away those that would not be given any more. */
void turn_permission_recheck(struct turn_server *s, struct turn_alloc *a);
/* Expired ones too. */
struct turn_channel *turn_channel_by_number(const struct turn_server *s, const struct turn_alloc *a,
                                            uint16_t number);
struct turn_channel *turn_channel_by_peer(const struct turn_server *s, const struct turn_alloc *a,
                                          const struct addr *peer);
/* Neither is bound. Its permission is there. NULL: no memory, or the cap. */
struct turn_channel *turn_channel_new(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                      uint16_t number, const struct addr *peer);
void turn_channel_free(struct turn_server *s, struct turn_channel *c);

/* ---- turn_consent.c ---- */

/* May this go to the peer? */
enum turn_drop turn_consent_up(const struct turn_permission *p, int64_t now_us,
                               const struct addr *peer, const uint8_t *data, size_t n);
/* And may this come from there? An answer to a Binding that verifies gives consent. party: whose
 * relay it came from, inside; else 0. */
enum turn_drop turn_consent_down(struct turn_server *s, struct turn_permission *p, int64_t now_us,
                                 const struct addr *peer, uint64_t party, const uint8_t *data,
                                 size_t n);
void turn_guard_free(struct turn_server *s, struct turn_guard *g);

/* ---- turn_data.c ---- */

enum turn_drop turn_channel_data(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                 const uint8_t *p, size_t n);
enum turn_drop turn_send_indication(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                    const struct stun_msg *m);

/* ---- turn_request.c, turn_allocate.c, turn_mobility.c ---- */

enum turn_drop turn_request(struct turn_server *s, int64_t now_us, const struct tuple *from,
                            const struct stun_msg *m);
bool turn_known_attribute(unsigned type);
/* Begins a success answer in rq->b; turn_answer_end() adds integrity and sends it. */
void turn_answer_begin(struct turn_request *rq);
enum turn_drop turn_answer_end(struct turn_request *rq);
/* What a client gets that asks for so much; RFC 8656 7.2. NULL: it asked for nothing. */
int64_t turn_lifetime_us(const struct turn_server *s, const uint32_t *asked_s);
/* LIFETIME of the request: false when it is malformed. *asked is NULL or v. */
bool turn_asked_lifetime(const struct stun_msg *m, uint32_t *v, const uint32_t **asked);
/* A family attribute: 0 or 1 (index), -1 when absent, -2 when malformed, -3 when it is none. */
int turn_asked_family(const struct stun_msg *m, unsigned type);
enum turn_drop turn_allocate(struct turn_request *rq);
/* The reservation is gone; its port is the caller's. */
struct turn_port *turn_reservation_take(struct turn_server *s, struct turn_reservation *r);
/* Refresh with MOBILITY-TICKET: finds the allocation, moves it here (rq->a), or passes the request on
 * to the worker that has it (rq->passed_on). */
enum turn_drop turn_mobility_refresh(struct turn_request *rq);
void turn_mobility_put_ticket(const struct turn_server *s, const struct turn_alloc *a,
                              struct stun_builder *b);

/* ---- turn_guest.c ---- */

/* The request belongs to another worker, and so does all that will come from there. If that cannot be
 * done: otherwise. */
enum turn_drop turn_pass_on(struct turn_request *rq, unsigned worker, enum turn_drop otherwise);
/* A packet of a guest is passed on. */
bool turn_guest_pass(struct turn_server *s, int64_t now_us, const struct tuple *from,
                     const uint8_t *p, size_t n);
void turn_guest_tick(struct turn_server *s, int64_t now_us);
int64_t turn_guest_deadline(const struct turn_server *s);

#endif
