/* Requests: who asks, refusals, and Refresh, CreatePermission, ChannelBind (RFC 8656 8, 10, 12). */
#include <string.h>

#include "base/buf.h"
#include "proto/turn_int.h"

static const uint16_t codes[TURN_DROP_COUNT] = {
    [TURN_DROP_METHOD] = 400,
    [TURN_DROP_BAD_REQUEST] = 400,
    [TURN_DROP_UNAUTHORIZED] = 401,
    [TURN_DROP_FORBIDDEN] = 403,
    [TURN_DROP_MOBILITY_FORBIDDEN] = 405,
    [TURN_DROP_UNKNOWN_ATTRIBUTE] = 420,
    [TURN_DROP_MISMATCH] = 437,
    [TURN_DROP_STALE_NONCE] = 438,
    [TURN_DROP_FAMILY] = 440,
    [TURN_DROP_WRONG_CREDENTIALS] = 441,
    [TURN_DROP_TRANSPORT] = 442,
    [TURN_DROP_PEER_FAMILY] = 443,
    [TURN_DROP_QUOTA] = 486,
    [TURN_DROP_SERVER_ERROR] = 500,
    [TURN_DROP_CAPACITY] = 508,
    [TURN_DROP_ALTERNATE] = 300,
};

bool turn_known_attribute(unsigned type)
{
    switch (type) {
    case STUN_CHANNEL_NUMBER:
    case STUN_LIFETIME:
    case STUN_XOR_PEER_ADDRESS:
    case STUN_DATA_ATTR:
    case STUN_REQUESTED_ADDRESS_FAMILY:
    case STUN_EVEN_PORT:
    case STUN_REQUESTED_TRANSPORT:
    case STUN_DONT_FRAGMENT:
    case STUN_RESERVATION_TOKEN: return true;
    default: return stun_is_credential(type);
    }
}

/* ---- Answers ---- */

static void send_answer(struct turn_request *rq)
{
    if (rq->auth.verdict == STUN_AUTH_OK)
        stun_auth_put_integrity(&rq->auth, &rq->b);
    if (rq->m->fingerprint)
        stun_put_fingerprint(&rq->b);
    struct datagram d = {.head = rq->out, .nhead = (uint32_t)stun_end(&rq->b)};
    if (d.nhead > 0)
        rq->s->ops.to_client(rq->s->ops.ctx, rq->from, &d);
}

void turn_answer_begin(struct turn_request *rq)
{
    stun_begin(&rq->b, rq->out, sizeof rq->out, STUN_SUCCESS, rq->m->method, rq->m->txid);
}

enum turn_drop turn_answer_end(struct turn_request *rq)
{
    send_answer(rq);
    return TURN_DROP_NONE;
}

static enum turn_drop refuse(struct turn_request *rq, enum turn_drop why)
{
    uint16_t unknown[STUN_UNKNOWN_MAX];
    stun_begin(&rq->b, rq->out, sizeof rq->out, STUN_ERROR, rq->m->method, rq->m->txid);
    stun_put_error(&rq->b, codes[why], "");
    if (why == TURN_DROP_UNKNOWN_ATTRIBUTE)
        stun_put_unknown(&rq->b, unknown, stun_unknown(rq->m, turn_known_attribute, unknown));
    if (why == TURN_DROP_ALTERNATE)
        stun_put_addr(&rq->b, STUN_ALTERNATE_SERVER, &rq->s->conf.alternate);
    if (why == TURN_DROP_UNAUTHORIZED || why == TURN_DROP_STALE_NONCE)
        stun_auth_put_challenge(&rq->s->conf.auth, rq->now_us, &rq->from->peer, &rq->b);
    send_answer(rq);
    return why;
}

/* ---- What is asked ---- */

int64_t turn_lifetime_us(const struct turn_server *s, const uint32_t *asked_s)
{
    int64_t asked = asked_s != NULL ? (int64_t)*asked_s * TURN_S : 0;
    return MAX_OF(s->conf.lifetime_us, MIN_OF(asked, s->conf.lifetime_max_us));
}

bool turn_asked_lifetime(const struct stun_msg *m, uint32_t *v, const uint32_t **asked)
{
    const struct stun_attr *at = stun_find(m, STUN_LIFETIME);
    *asked = at != NULL ? v : NULL;
    return at == NULL || stun_get_u32(m, at, v);
}

int turn_asked_family(const struct stun_msg *m, unsigned type)
{
    const struct stun_attr *at = stun_find(m, type);
    uint32_t v;
    if (at == NULL)
        return -1;
    if (!stun_get_u32(m, at, &v))
        return -2;
    return v >> 24 == 1 ? 0 : v >> 24 == 2 ? 1 : -3;
}

/* ---- Refresh (8) ---- */

static struct turn_ended *ended_of(struct turn_request *rq, uint64_t who)
{
    for (unsigned i = 0; i < TURN_ENDED; i++) {
        struct turn_ended *e = &rq->s->ended[i];
        if (e->until > rq->now_us && e->tuple == rq->tuple_hash && e->who == who &&
            memcmp(e->txid, rq->m->txid, STUN_TXID) == 0)
            return e;
    }
    return NULL;
}

static uint64_t who_is(const struct turn_request *rq)
{
    return rq->auth.user.scope != 0 ? rq->auth.user.scope : rq->auth.user.account;
}

enum { REPEAT_S = 40 }; /* requests are repeated for so long (RFC 8489 6.2.1) */

static void remember_end(struct turn_request *rq)
{
    struct turn_ended *e = &rq->s->ended[rq->s->next_ended++ % TURN_ENDED];
    *e = (struct turn_ended){rq->tuple_hash, who_is(rq), rq->now_us + REPEAT_S * TURN_S, {0}};
    memcpy(e->txid, rq->m->txid, STUN_TXID);
}

static enum turn_drop refresh_done(struct turn_request *rq, int64_t lifetime_us)
{
    turn_answer_begin(rq);
    stun_put_u32(&rq->b, STUN_LIFETIME, (uint32_t)(lifetime_us / TURN_S));
    if (lifetime_us > 0 && rq->a->ticket != 0 && stun_find(rq->m, STUN_MOBILITY_TICKET) != NULL)
        turn_mobility_put_ticket(rq->s, rq->a, &rq->b);
    return turn_answer_end(rq);
}

/* Of one family, or of all that there are. */
static enum turn_drop refresh_end(struct turn_request *rq, int family)
{
    struct turn_alloc *a = rq->a;
    remember_end(rq);
    if (family >= 0)
        turn_alloc_drop_port(rq->s, a, (unsigned)family);
    if (family < 0 || (a->port[0] == NULL && a->port[1] == NULL))
        turn_alloc_free(rq->s, rq->now_us, a);
    return refresh_done(rq, 0);
}

static enum turn_drop refresh(struct turn_request *rq)
{
    uint32_t v;
    const uint32_t *asked;
    int family = turn_asked_family(rq->m, STUN_REQUESTED_ADDRESS_FAMILY);
    if (!turn_asked_lifetime(rq->m, &v, &asked) || family == -2)
        return TURN_DROP_BAD_REQUEST;
    if (stun_find(rq->m, STUN_MOBILITY_TICKET) != NULL) {
        enum turn_drop drop = turn_mobility_refresh(rq);
        if (drop != TURN_DROP_NONE || rq->passed_on)
            return drop;
    }
    if (asked != NULL && v == 0 && ended_of(rq, who_is(rq)) != NULL)
        return refresh_done(rq, 0);
    if (rq->a == NULL)
        return TURN_DROP_MISMATCH;
    if (family == -3 || (family >= 0 && rq->a->port[family] == NULL))
        return TURN_DROP_PEER_FAMILY;
    if (asked != NULL && v == 0)
        return refresh_end(rq, family);
    int64_t lifetime = turn_lifetime_us(rq->s, asked);
    for (int f = 0; f < 2; f++) {
        if (rq->a->port[f] != NULL && (family < 0 || family == f))
            rq->a->port[f]->expires = rq->now_us + lifetime;
    }
    turn_alloc_wake(rq->s, rq->a, rq->now_us + lifetime);
    return refresh_done(rq, lifetime);
}

/* ---- Peers ---- */

/* May there be a permission for this peer? 443 before 403: no relay could reach it at all. */
static enum turn_drop ask(const struct turn_request *rq, const struct addr *peer,
                          struct turn_permission *out)
{
    if (rq->a->port[turn_family(peer)] == NULL)
        return TURN_DROP_PEER_FAMILY;
    enum turn_peer_verdict why;
    if (turn_permission_ask(rq->s, rq->a, peer, out, &why))
        return TURN_DROP_NONE;
    rq->s->stats.refused_peers[why]++;
    return TURN_DROP_FORBIDDEN;
}

static bool is_peer(const struct stun_attr *at)
{
    return at->type == STUN_XOR_PEER_ADDRESS;
}

/* ---- CreatePermission (10) ---- */

static enum turn_drop create_permission(struct turn_request *rq)
{
    struct turn_permission want[STUN_ATTRS_MAX];
    struct addr peers[STUN_ATTRS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < rq->m->nattrs; i++) {
        const struct stun_attr *at = &rq->m->attrs[i];
        if (is_peer(at) && !stun_get_xaddr(rq->m, at, &peers[n++]))
            return TURN_DROP_BAD_REQUEST;
    }
    if (n == 0)
        return TURN_DROP_BAD_REQUEST;
    if (rq->a == NULL)
        return TURN_DROP_MISMATCH;
    for (unsigned i = 0; i < n; i++) {
        enum turn_drop drop = ask(rq, &peers[i], &want[i]);
        if (drop != TURN_DROP_NONE)
            return drop;
    }
    enum turn_drop drop = turn_permission_install(rq->s, rq->now_us, rq->a, want, n);
    if (drop != TURN_DROP_NONE)
        return drop;
    turn_answer_begin(rq);
    return turn_answer_end(rq);
}

/* ---- ChannelBind (12) ---- */

static bool get_channel(const struct turn_request *rq, uint16_t *number, struct addr *peer)
{
    const struct stun_attr *at = stun_find(rq->m, STUN_CHANNEL_NUMBER);
    const struct stun_attr *to = stun_find(rq->m, STUN_XOR_PEER_ADDRESS);
    uint32_t v, max = rq->s->conf.rfc5766_channels ? 0x7FFF : 0x4FFF;
    if (at == NULL || to == NULL || !stun_get_u32(rq->m, at, &v) ||
        !stun_get_xaddr(rq->m, to, peer))
        return false;
    *number = (uint16_t)(v >> 16);
    return *number >= TURN_CHANNEL_MIN && *number <= max && peer->port != 0;
}

/* Expired ones may be waiting for their timer. */
static struct turn_channel *alive(struct turn_request *rq, struct turn_channel *c)
{
    if (c == NULL || c->expires > rq->now_us)
        return c;
    turn_channel_free(rq->s, c);
    return NULL;
}

static enum turn_drop bind_channel(struct turn_request *rq, uint16_t number,
                                   const struct addr *peer)
{
    struct turn_server *s = rq->s;
    struct turn_permission want;
    struct turn_channel *c = alive(rq, turn_channel_by_number(s, rq->a, number));
    if (alive(rq, turn_channel_by_peer(s, rq->a, peer)) != c ||
        (c != NULL && !addr_eq(&c->peer, peer)))
        return TURN_DROP_BAD_REQUEST;
    enum turn_drop drop = ask(rq, peer, &want);
    if (drop != TURN_DROP_NONE)
        return drop;
    bool fresh = c == NULL;
    if (fresh)
        c = turn_channel_new(s, rq->now_us, rq->a, number, peer);
    if (c == NULL)
        return TURN_DROP_CAPACITY;
    drop = turn_permission_install(s, rq->now_us, rq->a, &want, 1);
    if (drop != TURN_DROP_NONE && fresh)
        turn_channel_free(s, c);
    if (drop != TURN_DROP_NONE)
        return drop;
    c->expires = rq->now_us + TURN_CHANNEL_S * TURN_S;
    return TURN_DROP_NONE;
}

static enum turn_drop channel_bind(struct turn_request *rq)
{
    uint16_t number;
    struct addr peer;
    if (!get_channel(rq, &number, &peer))
        return TURN_DROP_BAD_REQUEST;
    if (rq->a == NULL)
        return TURN_DROP_MISMATCH;
    enum turn_drop drop = bind_channel(rq, number, &peer);
    if (drop != TURN_DROP_NONE)
        return drop;
    turn_answer_begin(rq);
    return turn_answer_end(rq);
}

/* ---- Any request ---- */

/* Somebody else's allocation is on this 5-tuple: 437 for who wants a new one, else 441 (5). */
static enum turn_drop dispatch(struct turn_request *rq)
{
    uint16_t unknown[STUN_UNKNOWN_MAX];
    if (stun_unknown(rq->m, turn_known_attribute, unknown) > 0)
        return TURN_DROP_UNKNOWN_ATTRIBUTE;
    if (rq->a != NULL && !turn_owner_is(rq->a->owner, &rq->auth.user))
        return rq->m->method == STUN_ALLOCATE ? TURN_DROP_MISMATCH : TURN_DROP_WRONG_CREDENTIALS;
    switch (rq->m->method) {
    case STUN_ALLOCATE: return turn_allocate(rq);
    case STUN_REFRESH: return refresh(rq);
    case STUN_CREATE_PERMISSION: return create_permission(rq);
    case STUN_CHANNEL_BIND: return channel_bind(rq);
    default: return TURN_DROP_METHOD;
    }
}

static enum turn_drop of_verdict(enum stun_auth_verdict v)
{
    switch (v) {
    case STUN_AUTH_OK: return TURN_DROP_NONE;
    case STUN_AUTH_BAD_REQUEST: return TURN_DROP_BAD_REQUEST;
    case STUN_AUTH_STALE: return TURN_DROP_STALE_NONCE;
    default: return TURN_DROP_UNAUTHORIZED;
    }
}

static bool is_turn(unsigned method)
{
    return method == STUN_ALLOCATE || method == STUN_REFRESH || method == STUN_CREATE_PERMISSION ||
           method == STUN_CHANNEL_BIND;
}

/* Who lies about an address uses up what is its alone, not the 438 of those who have a relay there. */
static uint64_t name_of(const struct turn_request *rq)
{
    return rq->a != NULL ? ~rq->tuple_hash | 1 : rate_of_addr(&rq->s->conf.hash, &rq->from->peer);
}

/* Answers to strangers are few for each address over UDP, where the address may be a lie. Who has
 * used them up isn't even checked: a flood costs no more than looking into a table. */
static bool stranger_may_ask(const struct turn_request *rq, uint64_t who)
{
    return rq->from->transport != TUPLE_UDP || rq->a != NULL ||
           rate_has(rq->s->challenges, rq->now_us, who);
}

static enum turn_drop refuse_stranger(struct turn_request *rq, uint64_t who, enum turn_drop why)
{
    if (rq->from->transport == TUPLE_UDP && !rate_take(rq->s->challenges, rq->now_us, who))
        return TURN_DROP_CHALLENGE_RATE;
    return refuse(rq, why);
}

/* A credential's time is compared with when the allocation was made: a call may outlast it. */
static void authenticate(struct turn_request *rq)
{
    const struct turn_server *s = rq->s;
    int64_t at = rq->a != NULL ? rq->a->created_us : rq->now_us;
    stun_auth_check(&s->conf.auth, rq->now_us, turn_wall_s(s, at), rq->m, &rq->from->peer,
                    &rq->auth);
}

/* Requests of one client; new allocations of one participant of a call, too: they cost a stranger
 * nothing. */
static bool too_fast(struct turn_request *rq)
{
    struct turn_server *s = rq->s;
    uint64_t scope = rq->auth.user.scope;
    if (!rate_take(s->users, rq->now_us, rq->tuple_hash | 1))
        return true;
    return rq->m->method == STUN_ALLOCATE && rq->a == NULL && scope != 0 &&
           !rate_take(s->users, rq->now_us, hash_u64(&s->conf.hash, scope) | 1);
}

enum turn_drop turn_request(struct turn_server *s, int64_t now_us, const struct tuple *from,
                            const struct stun_msg *m)
{
    struct turn_request rq = {.s = s, .now_us = now_us, .from = from, .m = m};
    rq.tuple_hash = turn_tuple_hash(s, from);
    rq.a = turn_alloc_find(s, from, rq.tuple_hash);
    uint64_t who = name_of(&rq);
    rq.auth.verdict = STUN_AUTH_CHALLENGE;
    s->stats.requests++;
    if (!stranger_may_ask(&rq, who))
        return TURN_DROP_CHALLENGE_RATE;
    if (!is_turn(m->method))
        return refuse_stranger(&rq, who, TURN_DROP_METHOD);
    authenticate(&rq);
    enum turn_drop drop = of_verdict(rq.auth.verdict);
    if (drop != TURN_DROP_NONE)
        return refuse_stranger(&rq, who, drop);
    if (too_fast(&rq))
        return TURN_DROP_USER_RATE;
    drop = dispatch(&rq);
    return drop == TURN_DROP_NONE ? drop : refuse(&rq, drop);
}
