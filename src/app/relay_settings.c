#include "app/relay_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

enum { PORT_USUAL = 3478, NO_LIMIT = 1000000000 };

const char *relay_realm(const struct config *c)
{
    if (c->realm)
        return c->realm;
    return c->name.n && c->name.v[0].n <= STUN_REALM_MAX ? c->name.v[0].p : "madang";
}

struct addr relay_other(const struct netif_list *list, uint8_t family)
{
    static const enum netif_kind wanted[] = {NETIF_PUBLIC, NETIF_LAN, NETIF_CONTAINER};
    for (size_t k = 0; k < ARRAY_LEN(wanted); k++)
        for (size_t i = 0; i < list->len; i++)
            if (list->addr[i].kind == wanted[k] && list->addr[i].ip.family == family)
                return list->addr[i].ip;
    return (struct addr){0};
}

static struct addr of_family(const struct config_addrs *list, uint8_t family)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].family == family)
            return list->v[i];
    return (struct addr){0};
}

static void apply_policy(struct turn_policy *p, const struct config *c)
{
    p->nallow = (unsigned)MIN_OF(c->allow_peer.n, ARRAY_LEN(p->allow));
    p->ndeny = (unsigned)MIN_OF(c->deny_peer.n, ARRAY_LEN(p->deny));
    memcpy(p->allow, c->allow_peer.v, p->nallow * sizeof *p->allow);
    memcpy(p->deny, c->deny_peer.v, p->ndeny * sizeof *p->deny);
}

/* Of all workers together, for one of them. */
static uint64_t share(uint64_t of_all, const struct config *c)
{
    return (of_all + c->workers - 1) / c->workers;
}

static void apply_limits(struct turn_server_conf *s, const struct config *c)
{
    s->max_allocations = (unsigned)share(c->max_allocations, c);
    s->total_quota = (unsigned)share(c->total_quota, c);
    s->user_quota = c->user_quota;
    s->scope_quota = c->call_quota;
    s->max_bps = c->max_bps;
    s->total_bps = share(c->total_bps, c);
    s->lifetime_max_us = c->max_lifetime;
    s->challenge_burst = c->rate_challenge.burst ? c->rate_challenge.burst : NO_LIMIT;
    s->challenge_per_s = c->rate_challenge.burst
                             ? (unsigned)MAX_OF(1, c->rate_challenge.per_s_e6 / 1000000)
                             : NO_LIMIT;
    s->user_burst = c->rate_relay.burst ? c->rate_relay.burst : NO_LIMIT;
    s->user_per_s = c->rate_relay.burst ? (unsigned)MAX_OF(1, c->rate_relay.per_s_e6 / 1000000)
                                        : NO_LIMIT;
}

void relay_settings_apply(struct worker_conf *w, const struct config *c,
                          const struct relay_people *people)
{
    struct turn_server_conf *s = &w->turn.server;
    w->relays = c->relay;
    w->turn.secrets[0] = people->secrets[0];
    w->turn.secrets[1] = people->secrets[1];
    w->turn.users = people->users;
    w->turn.n_users = people->n_users;
    /* One for each place in a room: as many as signaling lets there be, so that nobody takes the last. */
    w->turn.max_scopes = c->turn_only ? 0 : c->max_sessions * c->rooms_per_session;
    snprintf(s->auth.realm, sizeof s->auth.realm, "%s", relay_realm(c));
    s->auth.nonce_us = c->nonce_lifetime;
    s->workers = c->workers;
    s->port_min = c->relay_ports.first;
    s->port_max = c->relay_ports.last;
    s->relay4 = of_family(&c->relay_ip, 4);
    s->relay6 = of_family(&c->relay_ip, 6);
    s->announce4 = of_family(&c->public_ip, 4);
    s->announce6 = of_family(&c->public_ip, 6);
    s->alternate = c->alternate_server;
    if (s->alternate.family && !s->alternate.port)
        s->alternate.port = PORT_USUAL;
    s->mobility = c->mobility;
    s->rfc5766_channels = c->rfc5766_channels;
    apply_policy(&s->policy, c);
    apply_limits(s, c);
}
