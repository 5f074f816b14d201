#include "proto/turn_server.h"

#include <string.h>

#include "base/mem.h"
#include "proto/turn_int.h"

enum {
    PORT_MIN = 49152,
    PORT_MAX = 65535,
    ALLOCATIONS = 10000,
    SCOPE_QUOTA = 16,
    PEERS = 256,
    LIFETIME_S = 600,
    LIFETIME_MAX_S = 3600,
    CHALLENGE_BURST = 300,
    CHALLENGES = 100,
    CHALLENGE_TABLE = 8192,
    USER_BURST = 200,
    USERS = 100,
    SHARE = 16 /* permissions and channels for each allocation, on average */
};
#define BPS_MAX UINT64_C(1000000000000)

static const char *const drop_names[TURN_DROP_COUNT] = {"none",
#define NAME(symbol, name) name,
                                                        TURN_DROPS(NAME)
#undef NAME
};

const char *turn_drop_name(enum turn_drop d)
{
    return (unsigned)d < TURN_DROP_COUNT ? drop_names[d] : "unknown";
}

/* ---- Making ---- */

static void default_to(unsigned *v, unsigned other)
{
    if (*v == 0)
        *v = other;
}

static void set_defaults(struct turn_server_conf *c)
{
    default_to(&c->workers, 1);
    if (c->port_min == 0)
        c->port_min = PORT_MIN;
    if (c->port_max == 0)
        c->port_max = PORT_MAX;
    if (c->port_max < c->port_min)
        c->port_max = c->port_min;
    default_to(&c->max_allocations, ALLOCATIONS);
    default_to(&c->scope_quota, SCOPE_QUOTA);
    default_to(&c->permissions, PEERS);
    default_to(&c->channels, PEERS);
    default_to(&c->challenge_burst, CHALLENGE_BURST);
    default_to(&c->challenge_per_s, CHALLENGES);
    default_to(&c->user_burst, USER_BURST);
    default_to(&c->user_per_s, USERS);
    if (c->lifetime_us <= 0)
        c->lifetime_us = LIFETIME_S * TURN_S;
    if (c->lifetime_max_us <= 0)
        c->lifetime_max_us = LIFETIME_MAX_S * TURN_S;
    c->lifetime_max_us = MAX_OF(c->lifetime_max_us, c->lifetime_us);
    c->max_bps = MIN_OF(c->max_bps, BPS_MAX);
    c->total_bps = MIN_OF(c->total_bps, BPS_MAX);
}

static struct rate *rate_of(unsigned per_s, unsigned burst, unsigned table)
{
    return rate_new(&(struct rate_conf){MAX_OF(TURN_S / per_s, 1), burst, table});
}

static void make_pools(struct turn_server *s)
{
    uint32_t n = s->conf.max_allocations;
    uint32_t permissions = MAX_OF(n * SHARE, s->conf.permissions);
    uint32_t channels = MAX_OF(n * SHARE, s->conf.channels);
    pool_init(&s->alloc_pool, sizeof(struct turn_alloc), n);
    pool_init(&s->owner_pool, sizeof(struct turn_owner), n);
    pool_init(&s->permission_pool, sizeof(struct turn_permission), permissions);
    pool_init(&s->guard_pool, sizeof(struct turn_guard), permissions);
    pool_init(&s->consent_pool, sizeof(struct turn_consent), permissions);
    pool_init(&s->channel_pool, sizeof(struct turn_channel), channels);
    pool_init(&s->reservation_pool, sizeof(struct turn_reservation), n);
    pool_init(&s->guest_pool, sizeof(struct turn_guest), n);
    list_init(&s->guest_order);
}

static void make_keys(struct turn_server *s)
{
    rng_init(&s->rng, s->conf.seed);
    s->token_key.k0 = rng_u64(&s->rng);
    s->token_key.k1 = rng_u64(&s->rng);
    /* Shared by workers, as nonces are: each can read every ticket. */
    hmac_sha256(s->conf.auth.nonce_key, sizeof s->conf.auth.nonce_key, "turn ticket", 11,
                s->ticket_key);
    hmac_sha256(s->conf.auth.nonce_key, sizeof s->conf.auth.nonce_key, "turn ticket tag", 15,
                s->ticket_tag_key);
}

struct turn_server *turn_server_new(const struct turn_server_conf *conf, const struct turn_ops *ops,
                                    int64_t now_us, int64_t wall_offset_us)
{
    struct turn_server *s = xcalloc(1, sizeof *s);
    s->conf = *conf;
    s->ops = *ops;
    s->wall_offset_us = wall_offset_us;
    set_defaults(&s->conf);
    const struct turn_server_conf *c = &s->conf;
    turn_ports_init(&s->ports, c->port_min, c->port_max, c->turn_port, c->worker, c->workers,
                    3 * c->max_allocations); /* two families and a reservation */
    make_pools(s);
    make_keys(s);
    s->challenges = rate_of(c->challenge_per_s, c->challenge_burst, CHALLENGE_TABLE);
    s->users = rate_of(c->user_per_s, c->user_burst, c->max_allocations);
    s->next_id = (uint64_t)c->worker << TURN_ID_WORKER;
    s->up.at_us = s->down.at_us = now_us - TURN_S;
    turn_server_own(s, conf->policy.own, conf->policy.nown, conf->policy.lan, conf->policy.nlan);
    return s;
}

void turn_server_free(struct turn_server *s)
{
    if (s == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &s->allocs)
        turn_alloc_free(s, 0, container_of(it, struct turn_alloc, node));
    HMAP_FOREACH_SAFE(r, &s->reservations) {
        struct turn_reservation *one = container_of(r, struct turn_reservation, node);
        turn_ports_give(&s->ports, turn_reservation_take(s, one), &s->ops);
    }
    turn_ports_free(&s->ports);
    struct pool *pools[] = {&s->alloc_pool,       &s->owner_pool,   &s->permission_pool,
                            &s->guard_pool,       &s->consent_pool, &s->channel_pool,
                            &s->reservation_pool, &s->guest_pool};
    for (size_t i = 0; i < ARRAY_LEN(pools); i++)
        pool_free(pools[i]);
    struct hmap *maps[] = {&s->allocs, &s->permissions,  &s->channels, &s->channel_peers,
                           &s->owners, &s->reservations, &s->guests};
    for (size_t i = 0; i < ARRAY_LEN(maps); i++)
        hmap_free(maps[i]);
    heap_free(&s->timers);
    heap_free(&s->reservation_timers);
    rate_free(s->challenges);
    rate_free(s->users);
    memzero(s, sizeof *s);
    xfree(s);
}

/* ---- Input ---- */

static enum turn_drop input(struct turn_server *s, int64_t now_us, const struct tuple *from,
                            const uint8_t *p, size_t n)
{
    struct stun_msg m;
    if (n > 0 && p[0] >= 0x40 && p[0] < 0x80)
        return turn_channel_data(s, now_us, from, p, n);
    if (stun_parse(&m, p, n) != STUN_OK)
        return TURN_DROP_MALFORMED;
    if (m.cls == STUN_REQUEST)
        return turn_request(s, now_us, from, &m);
    if (m.cls == STUN_INDICATION && m.method == STUN_SEND)
        return turn_send_indication(s, now_us, from, &m);
    return TURN_DROP_CLASS;
}

enum turn_drop turn_server_input(struct turn_server *s, int64_t now_us, const struct tuple *from,
                                 const uint8_t *p, size_t n)
{
    if (turn_server_deadline(s) <= now_us)
        turn_server_tick(s, now_us);
    if (s->guests.n > 0 && turn_guest_pass(s, now_us, from, p, n))
        return TURN_DROP_NONE;
    enum turn_drop d = input(s, now_us, from, p, n);
    if (d != TURN_DROP_NONE)
        s->stats.drops[d]++;
    return d;
}

void turn_server_hangup(struct turn_server *s, int64_t now_us, const struct tuple *who)
{
    struct turn_alloc *a = turn_alloc_find(s, who, turn_tuple_hash(s, who));
    if (a == NULL)
        return;
    if (a->ticket != 0)
        a->adrift = true;
    else
        turn_alloc_free(s, now_us, a);
}

bool turn_server_knows(const struct turn_server *s, const struct tuple *who)
{
    return turn_alloc_at(s, who, turn_tuple_hash(s, who)) != NULL;
}

/* ---- Time ---- */

void turn_server_tick(struct turn_server *s, int64_t now_us)
{
    struct timer *t;
    while ((t = heap_pop_due(&s->timers, now_us)) != NULL)
        turn_alloc_sweep(s, now_us, container_of(t, struct turn_alloc, timer));
    while ((t = heap_top(&s->reservation_timers)) != NULL && t->at <= now_us) {
        struct turn_reservation *r = container_of(t, struct turn_reservation, timer);
        turn_ports_give(&s->ports, turn_reservation_take(s, r), &s->ops);
    }
    turn_guest_tick(s, now_us);
}

int64_t turn_server_deadline(const struct turn_server *s)
{
    int64_t a = heap_next_at(&s->timers), r = heap_next_at(&s->reservation_timers);
    int64_t g = turn_guest_deadline(s);
    return MIN_OF(MIN_OF(a, r), g);
}

/* ---- Letters ---- */

void turn_server_scope_closed(struct turn_server *s, int64_t now_us, uint64_t scope)
{
    struct turn_owner *o;
    while (scope != 0 && (o = turn_owner_find(s, 0, scope)) != NULL)
        turn_alloc_free(s, now_us,
                        container_of(list_first(&o->allocs), struct turn_alloc, of_owner));
}

void turn_server_party_dropped(struct turn_server *s, int64_t now_us, uint64_t scope,
                               uint64_t party)
{
    struct turn_owner *o = scope != 0 ? turn_owner_find(s, 0, scope) : NULL;
    (void)now_us;
    (void)party;
    if (o == NULL)
        return;
    LIST_FOREACH(it, &o->allocs)
        turn_permission_recheck(s, container_of(it, struct turn_alloc, of_owner));
}

static void add_own(struct turn_policy *p, const struct addr *a)
{
    struct addr ip = *a;
    static const struct addr any[2] = {{.family = 4}, {.family = 6}};
    ip.port = 0;
    if (ip.family == 0 || addr_eq_ip(&ip, &any[0]) || addr_eq_ip(&ip, &any[1]))
        return;
    for (unsigned i = 0; i < p->nown; i++) {
        if (addr_eq_ip(&p->own[i], &ip))
            return;
    }
    if (p->nown < TURN_OWN_MAX)
        p->own[p->nown++] = ip;
}

/* What relays are announced by comes first, should there be too many. */
void turn_server_own(struct turn_server *s, const struct addr *own, unsigned n,
                     const struct cidr *lan, unsigned nlan)
{
    struct turn_policy *p = &s->conf.policy;
    const struct addr *ours[] = {&s->conf.announce4, &s->conf.announce6, &s->conf.relay4,
                                 &s->conf.relay6};
    p->nown = 0;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        add_own(p, ours[i]);
    for (unsigned i = 0; i < n; i++)
        add_own(p, &own[i]);
    p->nlan = MIN_OF(nlan, TURN_POLICY_LIST);
    for (unsigned i = 0; i < p->nlan; i++)
        p->lan[i] = lan[i];
    HMAP_FOREACH(it, &s->allocs)
        turn_permission_recheck(s, container_of(it, struct turn_alloc, node));
}

void turn_server_wall(struct turn_server *s, int64_t wall_offset_us)
{
    s->wall_offset_us = wall_offset_us;
}

void turn_server_drain(struct turn_server *s)
{
    s->draining = true;
}

/* ---- Looking in ---- */

const struct turn_stats *turn_server_stats(const struct turn_server *s)
{
    return &s->stats;
}
