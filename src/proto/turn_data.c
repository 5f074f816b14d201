/* Data on its way: ChannelData, Send and Data indications, relay to relay (RFC 8656 11, 12). */
#include <string.h>

#include "base/buf.h"
#include "proto/turn_int.h"

enum { CHANNEL_HEADER = 4, PADDING_MAX = 3, INDICATION_MAX = 64 };

/* ---- Bandwidth ---- */

/* A second's quarter may come at once, and one datagram always. */
static int64_t bucket_cap(uint64_t bps)
{
    return MAX_OF((int64_t)bps * (TURN_S / 4), INT64_C(65536) * 8 * TURN_S);
}

static bool bucket_fill(struct turn_bucket *b, int64_t now_us, uint64_t bps, size_t bytes)
{
    int64_t gone = MIN_OF(now_us - b->at_us, TURN_S);
    if (gone > 0) {
        b->saved = MIN_OF(b->saved + gone * (int64_t)bps, bucket_cap(bps));
        b->at_us = now_us;
    }
    return b->saved >= (int64_t)bytes * 8 * TURN_S;
}

/* From one allocation's bucket and from the worker's, or from neither. */
static bool bandwidth(struct turn_server *s, int64_t now_us, struct turn_bucket *mine,
                      struct turn_bucket *all, size_t bytes)
{
    uint64_t max = s->conf.max_bps, total = s->conf.total_bps;
    if ((max != 0 && !bucket_fill(mine, now_us, max, bytes)) ||
        (total != 0 && !bucket_fill(all, now_us, total, bytes)))
        return false;
    mine->saved -= max != 0 ? (int64_t)bytes * 8 * TURN_S : 0;
    all->saved -= total != 0 ? (int64_t)bytes * 8 * TURN_S : 0;
    return true;
}

static size_t datagram_max(const struct addr *to)
{
    return to->family == 6 ? TURN_UDP6_MAX : TURN_UDP4_MAX;
}

/* ---- Down: to the client ---- */

static bool fits_client(const struct tuple *to, size_t size)
{
    return turn_is_stream(to) || size <= datagram_max(&to->peer);
}

static enum turn_drop down_channel(struct turn_server *s, const struct turn_alloc *a,
                                   uint16_t number, const uint8_t *p, size_t n)
{
    uint8_t head[CHANNEL_HEADER];
    struct datagram d = {head, p, CHANNEL_HEADER, (uint32_t)n, 0};
    if (!fits_client(&a->tuple, CHANNEL_HEADER + n))
        return TURN_DROP_OVERSIZE;
    set_u16(head, number);
    set_u16(head + 2, (uint16_t)n);
    if (turn_is_stream(&a->tuple))
        d.pad = (uint32_t)(-n & 3); /* 12.5 */
    s->ops.to_client(s->ops.ctx, &a->tuple, &d);
    return TURN_DROP_NONE;
}

/* The header's length and that of DATA count what is gathered behind the head. */
static enum turn_drop down_indication(struct turn_server *s, const struct turn_alloc *a,
                                      const struct addr *peer, const uint8_t *p, size_t n)
{
    uint8_t head[INDICATION_MAX], txid[STUN_TXID];
    struct stun_builder b;
    uint32_t pad = (uint32_t)(-n & 3);
    rng_bytes(&s->rng, txid, sizeof txid);
    stun_begin(&b, head, sizeof head, STUN_INDICATION, STUN_DATA, txid);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, peer);
    stun_put(&b, STUN_DATA_ATTR, "", 0);
    size_t size = stun_end(&b) + n + pad;
    if (size - STUN_HEADER > UINT16_MAX || !fits_client(&a->tuple, size))
        return TURN_DROP_OVERSIZE;
    set_u16(head + 2, (uint16_t)(size - STUN_HEADER));
    set_u16(head + b.len - 2, (uint16_t)n);
    struct datagram d = {head, p, b.len, (uint32_t)n, pad};
    s->ops.to_client(s->ops.ctx, &a->tuple, &d);
    return TURN_DROP_NONE;
}

static struct turn_channel *channel_to(const struct turn_server *s, struct turn_alloc *a,
                                       const struct addr *peer, int64_t now_us)
{
    struct turn_channel *c = a->last_down;
    if (c == NULL || !addr_eq(&c->peer, peer))
        c = a->nchannels > 0 ? turn_channel_by_peer(s, a, peer) : NULL;
    if (c == NULL || c->expires <= now_us)
        return NULL;
    a->last_down = c;
    return c;
}

static struct turn_permission *permission_of(const struct turn_server *s, struct turn_channel *c,
                                             int64_t now_us)
{
    if (c->permission == NULL)
        c->permission = turn_permission_find(s, c->alloc, &c->peer, now_us);
    return c->permission != NULL && c->permission->expires > now_us ? c->permission : NULL;
}

/* Where a packet comes from: a peer out there, or a relay in here. */
struct origin {
    struct addr at;
    bool inside;
    uint64_t scope; /* of that relay */
};

/* A relay in here is known by its announced address, and by any other address of this server that
 * the client has a permission for. */
static struct turn_permission *alias(struct turn_alloc *a, struct origin *from, int64_t now_us)
{
    for (struct turn_permission *p = a->permissions; p != NULL; p = p->next) {
        if (p->inside && p->expires > now_us && p->ip.family == from->at.family) {
            uint16_t port = from->at.port;
            from->at = p->ip;
            from->at.port = port;
            return p;
        }
    }
    return NULL;
}

/* Parties of one call, or nobody of a call at all. */
static bool acquainted(const struct turn_server *s, const struct turn_alloc *a, uint64_t scope)
{
    uint64_t mine = a->owner->scope;
    if (mine == 0 || scope == 0)
        return mine == scope;
    return s->conf.scopes != NULL && turn_scopes_has_party(s->conf.scopes, mine, scope);
}

static struct turn_permission *permitted(struct turn_server *s, int64_t now_us,
                                         struct turn_alloc *a, struct origin *from,
                                         struct turn_channel **c)
{
    struct turn_permission *p;
    *c = channel_to(s, a, &from->at, now_us);
    p = *c != NULL ? permission_of(s, *c, now_us) : turn_permission_find(s, a, &from->at, now_us);
    if (p == NULL && from->inside) {
        p = alias(a, from, now_us);
        *c = p != NULL ? channel_to(s, a, &from->at, now_us) : NULL;
    }
    return p != NULL && (from->inside || p->outside) ? p : NULL;
}

static enum turn_drop down(struct turn_server *s, int64_t now_us, struct turn_port *to,
                           struct origin *from, const uint8_t *p, size_t n)
{
    struct turn_alloc *a = to->alloc;
    struct turn_channel *c;
    if (a == NULL || to->expires <= now_us || a->adrift)
        return TURN_DROP_NO_ALLOCATION;
    bool media = from->inside && from->scope == TURN_SCOPE_MEDIA;
    if (from->inside && !media && !acquainted(s, a, from->scope))
        return TURN_DROP_POLICY;
    struct turn_permission *perm = permitted(s, now_us, a, from, &c);
    if (perm == NULL)
        return TURN_DROP_NO_PERMISSION;
    enum turn_drop drop = TURN_DROP_NONE;
    if (perm->guard != NULL && !media)
        drop = turn_consent_down(s, perm, now_us, &from->at, from->scope, p, n);
    if (drop != TURN_DROP_NONE)
        return drop;
    if (!bandwidth(s, now_us, &a->down, &s->down, n))
        return TURN_DROP_BANDWIDTH;
    drop = c != NULL ? down_channel(s, a, c->number, p, n) : down_indication(s, a, &from->at, p, n);
    if (drop != TURN_DROP_NONE)
        return drop;
    a->down_bytes += n;
    s->stats.down_packets++;
    s->stats.down_bytes += n;
    return TURN_DROP_NONE;
}

static enum turn_drop counted(struct turn_server *s, enum turn_drop d)
{
    if (d != TURN_DROP_NONE)
        s->stats.drops[d]++;
    return d;
}

enum turn_drop turn_server_peer(struct turn_server *s, int64_t now_us, struct turn_relay *r,
                                const struct addr *from, const uint8_t *p, size_t n)
{
    struct origin o = {.at = *from};
    return counted(s, n > UINT16_MAX
                          ? TURN_DROP_OVERSIZE
                          : down(s, now_us, container_of(r, struct turn_port, relay), &o, p, n));
}

enum turn_drop turn_server_foreign(struct turn_server *s, int64_t now_us, const struct addr *from,
                                   uint64_t scope, const struct addr *to, const uint8_t *p,
                                   size_t n)
{
    struct origin o = {.at = *from, .inside = true, .scope = scope};
    struct turn_port *port = turn_ports_find(&s->ports, turn_family(to), to->port);
    if (port == NULL || n > UINT16_MAX)
        return counted(s, port == NULL ? TURN_DROP_NO_RELAY : TURN_DROP_OVERSIZE);
    return counted(s, down(s, now_us, port, &o, p, n));
}

/* ---- Up: from the client ---- */

/* To an address of this server. NONE and *done: it was delivered; NONE without: by the socket. */
static enum turn_drop up_inside(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                const struct turn_permission *perm, const struct addr *peer,
                                const struct datagram *d, bool *done)
{
    struct turn_port *mine = a->port[turn_family(peer)];
    struct turn_port *to = turn_ports_find(&s->ports, turn_family(peer), peer->port);
    unsigned owner = turn_port_owner(peer->port, s->conf.workers);
    *done = true;
    if (to != NULL) {
        struct origin o = {mine->relay.announced, true, a->owner->scope};
        return down(s, now_us, to, &o, d->data, d->ndata);
    }
    if (perm->outside) {
        *done = false;
        return TURN_DROP_NONE;
    }
    if (owner == s->conf.worker || peer->port < s->ports.min || peer->port > s->ports.max)
        return TURN_DROP_NO_RELAY;
    s->ops.to_worker(s->ops.ctx, owner, &mine->relay.announced, a->owner->scope, peer, d);
    return TURN_DROP_NONE;
}

static bool up_media(struct turn_server *s, const struct turn_alloc *a, const struct addr *peer,
                     const struct datagram *d)
{
    s->ops.to_media(s->ops.ctx, &a->port[turn_family(peer)]->relay.announced, peer, d);
    return true;
}

enum { RETRY_US = 1000000 };

/* Of a call-scoped relay: bound when something must leave (docs/architecture/turn.md). */
static bool is_open(struct turn_server *s, int64_t now_us, struct turn_port *p)
{
    if (p->relay.io != NULL)
        return true;
    if (p->retry_us > now_us)
        return false;
    if (s->ops.relay_open(s->ops.ctx, &p->relay))
        return true;
    p->retry_us = now_us + RETRY_US;
    return false;
}

static enum turn_drop up_outside(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                 const struct addr *peer, const struct datagram *d, unsigned flags)
{
    struct turn_port *mine = a->port[turn_family(peer)];
    if (!is_open(s, now_us, mine))
        return TURN_DROP_CAPACITY;
    s->ops.to_peer(s->ops.ctx, &mine->relay, peer, d, flags);
    return TURN_DROP_NONE;
}

/* Whoever is there answers checks that know its password, and takes nothing else from others: it needs no
 * consent of ours. */
static bool is_media(const struct turn_server *s, const struct turn_permission *perm,
                     const struct addr *peer)
{
    return s->conf.media && perm->inside && peer->port == s->conf.turn_port;
}

static enum turn_drop up(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                         const struct turn_permission *perm, const struct addr *peer,
                         const uint8_t *p, size_t n, unsigned flags)
{
    struct datagram d = {.data = p, .ndata = (uint32_t)n};
    enum turn_drop drop = TURN_DROP_NONE;
    bool inside = false, media = is_media(s, perm, peer);
    if (n > datagram_max(peer))
        return TURN_DROP_OVERSIZE;
    if (peer->port == 0)
        return TURN_DROP_POLICY;
    if (perm->guard != NULL && !media)
        drop = turn_consent_up(perm, now_us, peer, p, n);
    if (drop != TURN_DROP_NONE)
        return drop;
    if (!bandwidth(s, now_us, &a->up, &s->up, n))
        return TURN_DROP_BANDWIDTH;
    if (media)
        inside = up_media(s, a, peer, &d);
    else if (perm->inside)
        drop = up_inside(s, now_us, a, perm, peer, &d, &inside);
    if (drop == TURN_DROP_NONE && !inside)
        drop = up_outside(s, now_us, a, peer, &d, flags);
    if (drop != TURN_DROP_NONE)
        return drop;
    a->up_bytes += n;
    s->stats.up_packets++;
    s->stats.up_bytes += n;
    s->stats.inside_packets += inside;
    return TURN_DROP_NONE;
}

static struct turn_alloc *alloc_of(struct turn_server *s, const struct tuple *from)
{
    struct turn_alloc *a = s->last;
    if (a != NULL && memcmp(&a->tuple, from, sizeof *from) == 0)
        return a;
    return turn_alloc_find(s, from, turn_tuple_hash(s, from));
}

enum turn_drop turn_channel_data(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                 const uint8_t *p, size_t n)
{
    if (n < CHANNEL_HEADER)
        return TURN_DROP_MALFORMED;
    uint16_t number = get_u16(p);
    size_t len = get_u16(p + 2);
    if (len > n - CHANNEL_HEADER || n - CHANNEL_HEADER - len > PADDING_MAX)
        return TURN_DROP_MALFORMED;
    struct turn_alloc *a = alloc_of(s, from);
    if (a == NULL)
        return TURN_DROP_NO_ALLOCATION;
    struct turn_channel *c = a->last_up;
    if (c == NULL || c->number != number)
        c = turn_channel_by_number(s, a, number);
    if (c == NULL || c->expires <= now_us)
        return TURN_DROP_NO_CHANNEL;
    a->last_up = c;
    const struct turn_permission *perm = permission_of(s, c, now_us);
    if (perm == NULL)
        return TURN_DROP_NO_PERMISSION;
    return up(s, now_us, a, perm, &c->peer, p + CHANNEL_HEADER, len, 0);
}

enum turn_drop turn_send_indication(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                    const struct stun_msg *m)
{
    const struct stun_attr *to = stun_find(m, STUN_XOR_PEER_ADDRESS);
    const struct stun_attr *data = stun_find(m, STUN_DATA_ATTR);
    uint16_t unknown[STUN_UNKNOWN_MAX];
    struct addr peer;
    struct turn_alloc *a = alloc_of(s, from);
    if (a == NULL)
        return TURN_DROP_NO_ALLOCATION;
    if (stun_unknown(m, turn_known_attribute, unknown) > 0)
        return TURN_DROP_UNKNOWN_ATTRIBUTE;
    if (to == NULL || data == NULL || !stun_get_xaddr(m, to, &peer))
        return TURN_DROP_MALFORMED;
    const struct turn_permission *perm = turn_permission_find(s, a, &peer, now_us);
    if (perm == NULL)
        return TURN_DROP_NO_PERMISSION;
    return up(s, now_us, a, perm, &peer, stun_value(m, data), data->len,
              stun_find(m, STUN_DONT_FRAGMENT) != NULL ? TURN_DF : 0);
}

/* ---- ICMP (11.5) ---- */

/* Only what tells a client something: unreachable, too big, time exceeded. */
static bool icmp_matters(const struct addr *peer, uint8_t type)
{
    return peer->family == 6 ? type >= 1 && type <= 3 : type == 3 || type == 11;
}

static bool icmp_has_data(const struct addr *peer, uint8_t type, uint8_t code)
{
    return peer->family == 6 ? type == 2 : type == 3 && code == 4;
}

void turn_server_icmp(struct turn_server *s, int64_t now_us, struct turn_relay *r,
                      const struct addr *peer, uint8_t type, uint8_t code, uint32_t data)
{
    struct turn_port *port = container_of(r, struct turn_port, relay);
    struct turn_alloc *a = port->alloc;
    uint8_t out[INDICATION_MAX + 12], txid[STUN_TXID], icmp[8] = {0};
    struct stun_builder b;
    if (a == NULL || a->adrift || port->expires <= now_us || !icmp_matters(peer, type) ||
        turn_permission_find(s, a, peer, now_us) == NULL)
        return;
    set_u16(icmp + 2, (uint16_t)((type & 0x7F) << 9 | code)); /* 7 bits and 9 (18.13) */
    if (icmp_has_data(peer, type, code))
        set_u32(icmp + 4, data);
    rng_bytes(&s->rng, txid, sizeof txid);
    stun_begin(&b, out, sizeof out, STUN_INDICATION, STUN_DATA, txid);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, peer);
    stun_put(&b, STUN_ICMP, icmp, sizeof icmp);
    struct datagram d = {.head = out, .nhead = (uint32_t)stun_end(&b)};
    s->ops.to_client(s->ops.ctx, &a->tuple, &d);
}
