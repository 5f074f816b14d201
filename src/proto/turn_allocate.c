/* Allocate (RFC 8656 7.2), the checks in the order of the RFC. */
#include <string.h>

#include "base/buf.h"
#include "proto/turn_int.h"

enum { UDP_PROTOCOL = 17, EVEN_RESERVE = 0x80 };

/* What a request asks for. */
struct wish {
    bool family[2];
    bool dual; /* ADDITIONAL-ADDRESS-FAMILY: one of two is enough */
    bool even, reserve, mobile;
    uint64_t token; /* of a reservation */
    bool has_token;
    const uint32_t *lifetime;
    uint32_t lifetime_s;
};

/* ---- Reading ---- */

static enum turn_drop read_transport(const struct stun_msg *m)
{
    uint32_t v;
    const struct stun_attr *at = stun_find(m, STUN_REQUESTED_TRANSPORT);
    if (at == NULL || !stun_get_u32(m, at, &v))
        return TURN_DROP_BAD_REQUEST;
    return v >> 24 == UDP_PROTOCOL ? TURN_DROP_NONE : TURN_DROP_TRANSPORT;
}

static bool read_even(const struct stun_msg *m, struct wish *w)
{
    const struct stun_attr *at = stun_find(m, STUN_EVEN_PORT);
    if (at == NULL)
        return true;
    w->even = true;
    w->reserve = at->len == 1 && (stun_value(m, at)[0] & EVEN_RESERVE) != 0;
    return at->len == 1;
}

static bool read_token(const struct stun_msg *m, struct wish *w)
{
    const struct stun_attr *at = stun_find(m, STUN_RESERVATION_TOKEN);
    w->has_token = at != NULL;
    return at == NULL || stun_get_u64(m, at, &w->token);
}

static enum turn_drop read_families(const struct stun_msg *m, struct wish *w)
{
    int one = turn_asked_family(m, STUN_REQUESTED_ADDRESS_FAMILY);
    int more = turn_asked_family(m, STUN_ADDITIONAL_ADDRESS_FAMILY);
    if (one == -2 || (w->has_token && (w->even || one != -1 || more != -1)))
        return TURN_DROP_BAD_REQUEST;
    if (more != -1 && (one != -1 || more != 1 || w->reserve)) /* IPv6 is all it may say */
        return TURN_DROP_BAD_REQUEST;
    if (one == -3)
        return TURN_DROP_FAMILY;
    w->dual = more == 1;
    w->family[0] = one != 1;
    w->family[1] = one == 1 || w->dual;
    return TURN_DROP_NONE;
}

/* RFC 8016 3.1: the attribute is empty in an Allocate. */
static enum turn_drop read_mobility(const struct turn_request *rq, struct wish *w)
{
    const struct stun_attr *at = stun_find(rq->m, STUN_MOBILITY_TICKET);
    w->mobile = at != NULL;
    if (at != NULL && at->len != 0)
        return TURN_DROP_BAD_REQUEST;
    return at == NULL || rq->s->conf.mobility ? TURN_DROP_NONE : TURN_DROP_MOBILITY_FORBIDDEN;
}

static enum turn_drop read_wish(const struct turn_request *rq, struct wish *w)
{
    enum turn_drop drop = read_transport(rq->m);
    if (drop != TURN_DROP_NONE)
        return drop;
    if (!read_even(rq->m, w) || !read_token(rq->m, w) ||
        !turn_asked_lifetime(rq->m, &w->lifetime_s, &w->lifetime))
        return TURN_DROP_BAD_REQUEST;
    drop = read_families(rq->m, w);
    return drop != TURN_DROP_NONE ? drop : read_mobility(rq, w);
}

/* ---- Reservations (EVEN-PORT's R bit) ---- */

/* It follows from the allocation, so that a repeated request gets the same one; its last byte says
 * which worker has the port. */
static uint64_t token_of(const struct turn_server *s, const struct turn_alloc *a)
{
    return (hash_u64(&s->token_key, a->id) & ~UINT64_C(0xFF)) | (s->conf.worker & 0xFF);
}

static struct turn_reservation *reservation_of(const struct turn_server *s, uint64_t token,
                                               const struct stun_user *user, int64_t now_us)
{
    struct hnode *it = hmap_first(&s->reservations, token);
    if (it == NULL)
        return NULL;
    struct turn_reservation *r = container_of(it, struct turn_reservation, node);
    return r->timer.at > now_us && turn_owner_is(&r->who, user) ? r : NULL;
}

static bool reserve(struct turn_request *rq, struct turn_alloc *a, struct turn_port *port)
{
    struct turn_server *s = rq->s;
    struct turn_reservation *r = pool_get(&s->reservation_pool);
    if (r == NULL)
        return false;
    *r = (struct turn_reservation){.token = token_of(s, a), .port = port};
    r->who.account = rq->auth.user.account;
    r->who.scope = rq->auth.user.scope;
    hmap_insert(&s->reservations, &r->node, r->token);
    heap_set(&s->reservation_timers, &r->timer, rq->now_us + TURN_RESERVATION_S * TURN_S);
    s->stats.reservations++;
    a->reserved = true;
    return true;
}

struct turn_port *turn_reservation_take(struct turn_server *s, struct turn_reservation *r)
{
    struct turn_port *port = r->port;
    hmap_remove(&s->reservations, &r->node);
    heap_del(&s->reservation_timers, &r->timer);
    s->stats.reservations--;
    pool_put(&s->reservation_pool, r);
    return port;
}

/* ---- Ports ---- */

/* What the relay binds and what others are told (both without the port); false: none of that
 * family. */
static bool addresses(const struct turn_request *rq, unsigned family, struct addr *at,
                      struct addr *announced)
{
    const struct turn_server_conf *c = &rq->s->conf;
    const struct addr *relay = family == 1 ? &c->relay6 : &c->relay4;
    const struct addr *told = family == 1 ? &c->announce6 : &c->announce4;
    static const struct addr any[2] = {{.family = 4}, {.family = 6}};
    if (family == 1 ? c->no_relay6 : c->no_relay4)
        return false;
    *at = relay->family != 0 ? *relay : any[family];
    if (told->family != 0)
        *announced = *told;
    else if (rq->from->local.family == any[family].family)
        *announced = rq->from->local;
    else if (relay->family != 0)
        *announced = *relay;
    else
        *announced = family == 1 ? c->other6 : c->other4;
    return announced->family != 0 && !addr_eq_ip(announced, &any[family]);
}

/* The port of one family into a; 440 or 508. */
static enum turn_drop give_port(struct turn_request *rq, struct turn_alloc *a, unsigned family,
                                const struct wish *w, int64_t expires)
{
    struct turn_server *s = rq->s;
    struct turn_port *pair[2];
    struct addr at, announced;
    enum turn_parity parity = w->reserve ? TURN_EVEN_PAIR : w->even ? TURN_EVEN : TURN_ANY;
    if (!addresses(rq, family, &at, &announced))
        return TURN_DROP_FAMILY;
    if (!turn_ports_take(&s->ports, &s->rng, parity, &at, &announced,
                         a->owner->scope == 0 ? &s->ops : NULL, pair))
        return TURN_DROP_CAPACITY;
    if (pair[1] != NULL && !reserve(rq, a, pair[1])) {
        turn_ports_give(&s->ports, pair[1], &s->ops);
        turn_ports_give(&s->ports, pair[0], &s->ops);
        return TURN_DROP_CAPACITY;
    }
    turn_alloc_add_port(s, a, pair[0], expires);
    return TURN_DROP_NONE;
}

static enum turn_drop give_ports(struct turn_request *rq, struct turn_alloc *a,
                                 const struct wish *w, int64_t expires)
{
    static const uint16_t error[TURN_DROP_COUNT] = {
        [TURN_DROP_FAMILY] = 440, [TURN_DROP_CAPACITY] = 508};
    enum turn_drop drop[2] = {TURN_DROP_NONE, TURN_DROP_NONE};
    if (w->has_token) {
        struct turn_reservation *r = reservation_of(rq->s, w->token, &rq->auth.user, rq->now_us);
        if (r == NULL)
            return TURN_DROP_CAPACITY;
        turn_alloc_add_port(rq->s, a, turn_reservation_take(rq->s, r), expires);
        return TURN_DROP_NONE;
    }
    for (unsigned f = 0; f < 2; f++) {
        if (w->family[f])
            drop[f] = give_port(rq, a, f, w, expires);
        if (w->dual)
            a->family_error[f] = error[drop[f]];
    }
    if (a->port[0] != NULL || a->port[1] != NULL)
        return TURN_DROP_NONE;
    return drop[0] != TURN_DROP_NONE ? drop[0] : drop[1];
}

/* ---- Answer ---- */

/* ADDRESS-ERROR-CODE (18.12): family, then class and number as in ERROR-CODE. */
static void put_family_error(struct stun_builder *b, unsigned family, unsigned code)
{
    uint8_t v[4] = {(uint8_t)(family + 1), 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};
    if (code != 0)
        stun_put(b, STUN_ADDRESS_ERROR_CODE, v, sizeof v);
}

/* Everything in it follows from the allocation: said again, it is the same. */
static enum turn_drop answer(struct turn_request *rq)
{
    const struct turn_alloc *a = rq->a;
    turn_answer_begin(rq);
    for (unsigned f = 0; f < 2; f++) {
        if (a->port[f] != NULL)
            stun_put_xaddr(&rq->b, STUN_XOR_RELAYED_ADDRESS, &a->port[f]->relay.announced);
    }
    for (unsigned f = 0; f < 2; f++)
        put_family_error(&rq->b, f, a->family_error[f]);
    stun_put_u32(&rq->b, STUN_LIFETIME, a->granted_s);
    if (a->reserved)
        stun_put_u64(&rq->b, STUN_RESERVATION_TOKEN, token_of(rq->s, a));
    stun_put_xaddr(&rq->b, STUN_XOR_MAPPED_ADDRESS, &rq->from->peer);
    if (a->ticket != 0)
        turn_mobility_put_ticket(rq->s, a, &rq->b);
    return turn_answer_end(rq);
}

/* ---- Whether ---- */

static enum turn_drop quota(const struct turn_request *rq)
{
    const struct turn_server_conf *c = &rq->s->conf;
    const struct stun_user *u = &rq->auth.user;
    const struct turn_owner *o = turn_owner_find(rq->s, u->account, u->scope);
    unsigned has = o != NULL ? o->n : 0, max = u->scope != 0 ? c->scope_quota : c->user_quota;
    if (max != 0 && has >= max)
        return TURN_DROP_QUOTA;
    if (u->scope == 0 && c->total_quota != 0 && rq->s->unscoped >= c->total_quota)
        return TURN_DROP_QUOTA;
    return TURN_DROP_NONE;
}

/* Whoever is to leave gets somewhere to go, if there is something in its family. */
static enum turn_drop drained(const struct turn_request *rq)
{
    if (!rq->s->draining)
        return TURN_DROP_NONE;
    return rq->s->conf.alternate.family == rq->from->peer.family ? TURN_DROP_ALTERNATE
                                                                 : TURN_DROP_CAPACITY;
}

static enum turn_drop make(struct turn_request *rq, const struct wish *w)
{
    struct turn_server *s = rq->s;
    int64_t lifetime = turn_lifetime_us(s, w->lifetime);
    struct turn_alloc *a = turn_alloc_new(s, rq->now_us, rq->from, rq->tuple_hash, &rq->auth.user);
    if (a == NULL) /* the cap, or no memory now */
        return s->alloc_pool.in_use == s->alloc_pool.cap ? TURN_DROP_CAPACITY
                                                         : TURN_DROP_SERVER_ERROR;
    enum turn_drop drop = give_ports(rq, a, w, rq->now_us + lifetime);
    if (drop != TURN_DROP_NONE) {
        turn_alloc_unmake(s, a);
        return drop;
    }
    memcpy(a->txid, rq->m->txid, STUN_TXID);
    a->granted_s = (uint32_t)(lifetime / TURN_S);
    a->ticket = w->mobile;
    rq->a = a;
    return TURN_DROP_NONE;
}

enum turn_drop turn_allocate(struct turn_request *rq)
{
    struct wish w = {0};
    if (rq->a != NULL) { /* the same request again, or a mistake */
        bool again = memcmp(rq->a->txid, rq->m->txid, STUN_TXID) == 0;
        return again ? answer(rq) : TURN_DROP_MISMATCH;
    }
    enum turn_drop drop = read_wish(rq, &w);
    if (drop == TURN_DROP_NONE && w.has_token && (w.token & 0xFF) != rq->s->conf.worker)
        return turn_pass_on(rq, w.token & 0xFF, TURN_DROP_CAPACITY);
    if (drop == TURN_DROP_NONE)
        drop = quota(rq);
    if (drop == TURN_DROP_NONE)
        drop = drained(rq);
    if (drop == TURN_DROP_NONE)
        drop = make(rq, &w);
    return drop == TURN_DROP_NONE ? answer(rq) : drop;
}
