/* Whom an allocation may talk to: permissions (RFC 8656 9) and channels (12). */
#include <string.h>

#include "proto/turn_int.h"

static struct addr ip_of(const struct addr *peer)
{
    struct addr ip = *peer;
    ip.port = 0;
    return ip;
}

static uint64_t hash_of(const struct turn_server *s, const struct turn_alloc *a,
                        const struct addr *peer)
{
    struct {
        struct addr peer;
        uint64_t id;
    } key = {*peer, a->id};
    return siphash24(&s->conf.hash, &key, sizeof key);
}

/* ---- Permissions ---- */

static struct turn_permission *find(const struct turn_server *s, const struct turn_alloc *a,
                                    const struct addr *ip)
{
    struct hnode *it = hmap_first(&s->permissions, hash_of(s, a, ip));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct turn_permission *p = container_of(it, struct turn_permission, node);
        if (p->alloc == a && addr_eq(&p->ip, ip))
            return p;
    }
    return NULL;
}

struct turn_permission *turn_permission_find(const struct turn_server *s, struct turn_alloc *a,
                                             const struct addr *peer, int64_t now_us)
{
    struct addr ip = ip_of(peer);
    struct turn_permission *p = a->last_permission;
    if (p == NULL || !addr_eq(&p->ip, &ip))
        p = find(s, a, &ip);
    if (p == NULL || p->expires <= now_us)
        return NULL;
    a->last_permission = p;
    return p;
}

static bool listed(const struct cidr *list, unsigned n, const struct addr *ip)
{
    for (unsigned i = 0; i < n; i++) {
        if (cidr_contains(&list[i], ip))
            return true;
    }
    return false;
}

/* An own address: relays here, for everybody (and of a scope only those of its parties, which is
 * asked for each packet). By the socket only when the operator has listed it. */
static void ask_own(const struct turn_policy *p, uint64_t scope, struct turn_permission *out)
{
    out->inside = true;
    out->outside = scope == 0 && listed(p->allow, p->nallow, &out->ip) &&
                   !listed(p->deny, p->ndeny, &out->ip);
}

bool turn_permission_ask(const struct turn_server *s, const struct turn_alloc *a,
                         const struct addr *peer, struct turn_permission *out,
                         enum turn_peer_verdict *why)
{
    uint64_t scope = a->owner->scope;
    *out = (struct turn_permission){.ip = ip_of(peer)};
    bool in_call = scope != 0 && s->conf.scopes != NULL &&
                   turn_scopes_has_addr(s->conf.scopes, scope, &out->ip);
    enum turn_peer_verdict v = turn_policy_check(&s->conf.policy, &out->ip, in_call);
    if (why != NULL)
        *why = v;
    if (v == TURN_PEER_OWN) {
        ask_own(&s->conf.policy, scope, out);
        return true;
    }
    out->outside = v == TURN_PEER_OK && (scope == 0 || in_call);
    return out->outside;
}

static struct turn_permission *permission_new(struct turn_server *s, struct turn_alloc *a,
                                              const struct turn_permission *want)
{
    struct turn_permission *p = pool_get(&s->permission_pool);
    if (p == NULL)
        return NULL;
    *p = *want;
    if (a->owner->scope != 0) {
        p->guard = pool_get(&s->guard_pool);
        if (p->guard == NULL) {
            pool_put(&s->permission_pool, p);
            return NULL;
        }
        *p->guard = (struct turn_guard){0};
    }
    p->alloc = a;
    p->next = a->permissions;
    a->permissions = p;
    a->npermissions++;
    s->stats.permissions++;
    hmap_insert(&s->permissions, &p->node, hash_of(s, a, &p->ip));
    return p;
}

enum turn_drop turn_permission_install(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                       const struct turn_permission *want, unsigned n)
{
    struct turn_permission *p, *fresh[STUN_ATTRS_MAX];
    unsigned nfresh = 0;
    int64_t expires = now_us + TURN_PERMISSION_S * TURN_S;
    for (unsigned i = 0; i < n; i++) {
        p = find(s, a, &want[i].ip);
        if (p != NULL)
            continue;
        p = a->npermissions < s->conf.permissions ? permission_new(s, a, &want[i]) : NULL;
        if (p == NULL) {
            while (nfresh > 0)
                turn_permission_free(s, fresh[--nfresh]);
            return TURN_DROP_CAPACITY;
        }
        fresh[nfresh++] = p;
    }
    for (unsigned i = 0; i < n; i++) {
        p = find(s, a, &want[i].ip);
        p->expires = expires;
        p->inside = want[i].inside;
        p->outside = want[i].outside;
    }
    turn_alloc_wake(s, a, expires);
    return TURN_DROP_NONE;
}

void turn_permission_free(struct turn_server *s, struct turn_permission *p)
{
    struct turn_alloc *a = p->alloc;
    struct turn_permission **at = &a->permissions;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    a->npermissions--;
    for (struct turn_channel *c = a->channels; c != NULL; c = c->next) {
        if (c->permission == p)
            c->permission = NULL;
    }
    if (a->last_permission == p)
        a->last_permission = NULL;
    hmap_remove(&s->permissions, &p->node);
    turn_guard_free(s, p->guard);
    s->stats.permissions--;
    pool_put(&s->permission_pool, p);
}

void turn_permission_recheck(struct turn_server *s, struct turn_alloc *a)
{
    struct turn_permission again, *next;
    for (struct turn_permission *p = a->permissions; p != NULL; p = next) {
        next = p->next;
        if (!turn_permission_ask(s, a, &p->ip, &again, NULL)) {
            turn_permission_free(s, p);
            continue;
        }
        p->inside = again.inside;
        p->outside = again.outside;
    }
}

/* ---- Channels ---- */

static uint64_t number_hash(const struct turn_server *s, const struct turn_alloc *a,
                            uint16_t number)
{
    return hash_u64(&s->conf.hash, a->id << 16 | number);
}

struct turn_channel *turn_channel_by_number(const struct turn_server *s, const struct turn_alloc *a,
                                            uint16_t number)
{
    struct hnode *it = hmap_first(&s->channels, number_hash(s, a, number));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct turn_channel *c = container_of(it, struct turn_channel, by_number);
        if (c->alloc == a && c->number == number)
            return c;
    }
    return NULL;
}

struct turn_channel *turn_channel_by_peer(const struct turn_server *s, const struct turn_alloc *a,
                                          const struct addr *peer)
{
    struct hnode *it = hmap_first(&s->channel_peers, hash_of(s, a, peer));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct turn_channel *c = container_of(it, struct turn_channel, by_peer);
        if (c->alloc == a && addr_eq(&c->peer, peer))
            return c;
    }
    return NULL;
}

struct turn_channel *turn_channel_new(struct turn_server *s, int64_t now_us, struct turn_alloc *a,
                                      uint16_t number, const struct addr *peer)
{
    struct turn_channel *c = a->nchannels < s->conf.channels ? pool_get(&s->channel_pool) : NULL;
    if (c == NULL)
        return NULL;
    *c = (struct turn_channel){.alloc = a,
                               .next = a->channels,
                               .peer = *peer,
                               .number = number,
                               .expires = now_us + TURN_CHANNEL_S * TURN_S};
    a->channels = c;
    a->nchannels++;
    s->stats.channels++;
    hmap_insert(&s->channels, &c->by_number, number_hash(s, a, number));
    hmap_insert(&s->channel_peers, &c->by_peer, hash_of(s, a, peer));
    turn_alloc_wake(s, a, c->expires);
    return c;
}

void turn_channel_free(struct turn_server *s, struct turn_channel *c)
{
    struct turn_alloc *a = c->alloc;
    struct turn_channel **at = &a->channels;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    a->nchannels--;
    if (a->last_up == c)
        a->last_up = NULL;
    if (a->last_down == c)
        a->last_down = NULL;
    hmap_remove(&s->channels, &c->by_number);
    hmap_remove(&s->channel_peers, &c->by_peer);
    s->stats.channels--;
    pool_put(&s->channel_pool, c);
}
