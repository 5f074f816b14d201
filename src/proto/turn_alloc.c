#include <string.h>

#include "proto/turn_int.h"

/* ---- Owners ---- */

static uint64_t owner_hash(const struct turn_server *s, uint64_t account, uint64_t scope)
{
    uint64_t key[2] = {scope != 0 ? 0 : account, scope};
    return siphash24(&s->conf.hash, key, sizeof key);
}

struct turn_owner *turn_owner_find(const struct turn_server *s, uint64_t account, uint64_t scope)
{
    struct hnode *it = hmap_first(&s->owners, owner_hash(s, account, scope));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct turn_owner *o = container_of(it, struct turn_owner, node);
        if (o->scope == scope && (scope != 0 || o->account == account))
            return o;
    }
    return NULL;
}

bool turn_owner_is(const struct turn_owner *o, const struct stun_user *user)
{
    return o->scope == user->scope && (o->scope != 0 || o->account == user->account);
}

static struct turn_owner *owner_of(struct turn_server *s, const struct stun_user *user)
{
    struct turn_owner *o = turn_owner_find(s, user->account, user->scope);
    if (o != NULL || (o = pool_get(&s->owner_pool)) == NULL)
        return o;
    *o = (struct turn_owner){.account = user->scope != 0 ? 0 : user->account, .scope = user->scope};
    list_init(&o->allocs);
    hmap_insert(&s->owners, &o->node, owner_hash(s, o->account, o->scope));
    return o;
}

static void owner_leave(struct turn_server *s, struct turn_alloc *a)
{
    struct turn_owner *o = a->owner;
    list_del(&a->of_owner);
    if (o->scope == 0)
        s->unscoped--;
    if (--o->n > 0)
        return;
    hmap_remove(&s->owners, &o->node);
    pool_put(&s->owner_pool, o);
}

/* ---- By tuple ---- */

/* The client's end alone: of our own there are few. */
uint64_t turn_tuple_hash(const struct turn_server *s, const struct tuple *t)
{
    struct {
        struct addr peer;
        uint64_t stream;
    } key = {t->peer, t->stream};
    return siphash24(&s->conf.hash, &key, sizeof key);
}

static bool tuple_eq(const struct tuple *a, const struct tuple *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

struct turn_alloc *turn_alloc_at(const struct turn_server *s, const struct tuple *t, uint64_t hash)
{
    for (struct hnode *it = hmap_first(&s->allocs, hash); it != NULL; it = hmap_next_same(it)) {
        struct turn_alloc *a = container_of(it, struct turn_alloc, node);
        if (tuple_eq(&a->tuple, t))
            return a;
    }
    return NULL;
}

struct turn_alloc *turn_alloc_find(struct turn_server *s, const struct tuple *t, uint64_t hash)
{
    struct turn_alloc *a = turn_alloc_at(s, t, hash);
    if (a != NULL)
        s->last = a;
    return a;
}

void turn_alloc_move(struct turn_server *s, struct turn_alloc *a, const struct tuple *to,
                     uint64_t hash)
{
    hmap_remove(&s->allocs, &a->node);
    a->tuple = *to;
    a->adrift = false;
    hmap_insert(&s->allocs, &a->node, hash);
}

/* ---- Life ---- */

struct turn_alloc *turn_alloc_new(struct turn_server *s, int64_t now_us, const struct tuple *t,
                                  uint64_t hash, const struct stun_user *user)
{
    struct turn_alloc *a = pool_get(&s->alloc_pool);
    struct turn_owner *o = a != NULL ? owner_of(s, user) : NULL;
    if (o == NULL) {
        pool_put(&s->alloc_pool, a);
        return NULL;
    }
    *a = (struct turn_alloc){.tuple = *t, .owner = o, .created_us = now_us, .id = ++s->next_id};
    hmap_insert(&s->allocs, &a->node, hash);
    list_push_back(&o->allocs, &a->of_owner);
    o->n++;
    if (o->scope == 0)
        s->unscoped++;
    s->stats.allocations++;
    return a;
}

static void count_lifetime(struct turn_stats *st, int64_t s)
{
    static const int64_t bounds[TURN_LIFETIME_BUCKETS - 1] = {1,    10,   60,   300,  600,
                                                              1800, 3600, 7200, 86400};
    unsigned i = 0;
    while (i < TURN_LIFETIME_BUCKETS - 1 && s >= bounds[i])
        i++;
    st->lifetime[i]++;
    st->lifetime_sum_s += (uint64_t)s;
}

void turn_alloc_unmake(struct turn_server *s, struct turn_alloc *a)
{
    heap_del(&s->timers, &a->timer);
    hmap_remove(&s->allocs, &a->node);
    owner_leave(s, a);
    if (s->last == a)
        s->last = NULL;
    s->stats.allocations--;
    pool_put(&s->alloc_pool, a);
}

void turn_alloc_free(struct turn_server *s, int64_t now_us, struct turn_alloc *a)
{
    for (unsigned f = 0; f < 2; f++)
        turn_alloc_drop_port(s, a, f);
    count_lifetime(&s->stats, (now_us - a->created_us) / TURN_S);
    turn_alloc_unmake(s, a);
}

void turn_alloc_add_port(struct turn_server *s, struct turn_alloc *a, struct turn_port *p,
                         int64_t expires)
{
    p->alloc = a;
    p->expires = expires;
    p->transport = (uint8_t)(a->tuple.transport < TUPLE_TRANSPORTS ? a->tuple.transport : 0);
    a->port[p->family] = p;
    s->stats.allocated[p->transport][p->family]++;
    s->stats.relays++;
    turn_alloc_wake(s, a, expires);
}

void turn_alloc_drop_port(struct turn_server *s, struct turn_alloc *a, unsigned family)
{
    struct turn_port *p = a->port[family];
    if (p == NULL)
        return;
    struct turn_permission *next;
    for (struct turn_permission *it = a->permissions; it != NULL; it = next) {
        next = it->next;
        if (turn_family(&it->ip) == family)
            turn_permission_free(s, it);
    }
    struct turn_channel *after;
    for (struct turn_channel *it = a->channels; it != NULL; it = after) {
        after = it->next;
        if (turn_family(&it->peer) == family)
            turn_channel_free(s, it);
    }
    s->stats.ended[p->transport][family]++;
    s->stats.relays--;
    a->port[family] = NULL;
    turn_ports_give(&s->ports, p, &s->ops);
}

/* ---- Time ---- */

void turn_alloc_wake(struct turn_server *s, struct turn_alloc *a, int64_t at)
{
    if (!timer_is_set(&a->timer) || at < a->timer.at)
        heap_set(&s->timers, &a->timer, at);
}

static int64_t sweep_channels(struct turn_server *s, int64_t now_us, struct turn_alloc *a)
{
    int64_t first = INT64_MAX;
    struct turn_channel *next;
    for (struct turn_channel *c = a->channels; c != NULL; c = next) {
        next = c->next;
        if (c->expires <= now_us)
            turn_channel_free(s, c);
        else
            first = MIN_OF(first, c->expires);
    }
    return first;
}

static int64_t sweep_permissions(struct turn_server *s, int64_t now_us, struct turn_alloc *a)
{
    int64_t first = INT64_MAX;
    struct turn_permission *next;
    for (struct turn_permission *p = a->permissions; p != NULL; p = next) {
        next = p->next;
        if (p->expires <= now_us)
            turn_permission_free(s, p);
        else
            first = MIN_OF(first, p->expires);
    }
    return first;
}

void turn_alloc_sweep(struct turn_server *s, int64_t now_us, struct turn_alloc *a)
{
    int64_t first = INT64_MAX;
    for (unsigned f = 0; f < 2; f++) {
        if (a->port[f] != NULL && a->port[f]->expires <= now_us)
            turn_alloc_drop_port(s, a, f);
        if (a->port[f] != NULL)
            first = MIN_OF(first, a->port[f]->expires);
    }
    if (a->port[0] == NULL && a->port[1] == NULL) {
        turn_alloc_free(s, now_us, a);
        return;
    }
    int64_t c = sweep_channels(s, now_us, a), p = sweep_permissions(s, now_us, a);
    heap_set(&s->timers, &a->timer, MIN_OF(first, MIN_OF(c, p)));
}
