/* Call-scoped relays: a participant's relay may reach what the others in the room have signalled to
 * it. Here is who that is; what may pass is the relays' own business (proto/turn_scope.h). */
#include "domain/domain_int.h"

#include "base/mem.h"

static void emit_relay(struct domain *d, const struct relay_scope *what)
{
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_RELAY, .relay = what});
}

struct scope scope_open(struct domain *d)
{
    struct scope scope = {0};
    if (!d->cfg.relays)
        return scope;
    while (scope.id == 0)
        scope.id = rng_u64(&d->rng);
    emit_relay(d, &(struct relay_scope){.kind = RELAY_OPEN, .scope = scope.id});
    return scope;
}

void scope_free(struct scope *scope)
{
    xfree(scope->told);
    *scope = (struct scope){0};
}

static bool scope_in_room(const struct room *r, uint64_t id)
{
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].scope.id == id)
            return true;
    return false;
}

void scope_close(struct domain *d, const struct room *r, struct scope *scope)
{
    for (uint32_t i = 0; scope->told && i < scope->told->n; i++)
        if (scope_in_room(r, scope->told->ids[i]))
            emit_relay(d, &(struct relay_scope){.kind = RELAY_DROP,
                                                .scope = scope->told->ids[i],
                                                .party = scope->id});
    if (scope->id)
        emit_relay(d, &(struct relay_scope){.kind = RELAY_CLOSE, .scope = scope->id});
    scope_free(scope);
}

/* ---- who knows whom ---- */

/* Forgets those that have left the room. How many are left. */
static uint32_t told_prune(const struct room *r, struct scope_list *told)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < told->n; i++)
        if (scope_in_room(r, told->ids[i]))
            told->ids[n++] = told->ids[i];
    return n;
}

static void told_add(const struct room *r, struct scope *scope, uint64_t to)
{
    struct scope_list *told = scope->told;
    for (uint32_t i = 0; told && i < told->n; i++)
        if (told->ids[i] == to)
            return;
    if (!told || told->n == told->cap) {
        uint32_t n = told ? told_prune(r, told) : 0, cap = 2 * n + 4;
        told = scope->told = xrealloc(told, sizeof *told + cap * sizeof *told->ids);
        told->n = n;
        told->cap = cap;
    }
    told->ids[told->n++] = to;
}

/* ---- what is signalled ---- */

/* Addresses only: names, those that end in .local among them, never count. */
static bool addr_of_text(struct str host, struct addr *a)
{
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] == '[' || host.p[i] == '%')
            return false;
    return addr_parse(a, host) && a->port == 0;
}

/* Each address once. */
static uint32_t addrs_of_scan(const struct sdp_scan *scan, struct addr out[SDP_SCAN_ADDRS])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < scan->n_addrs && i < SDP_SCAN_ADDRS; i++) {
        uint32_t k = 0;
        if (!addr_of_text(scan->addrs[i].host, &out[n]))
            continue;
        while (!addr_eq(&out[k], &out[n]))
            k++;
        if (k == n)
            n++;
    }
    return n;
}

void scope_signalled(struct domain *d, const struct room *r, const struct session *from,
                     const struct session *to, const struct sdp_scan *scan)
{
    struct addr addrs[SDP_SCAN_ADDRS];
    struct part *by = room_part(r, from), *who = room_part(r, to);
    if (!by->scope.id || !who->scope.id)
        return;
    struct relay_scope what = {
        .kind = RELAY_PARTY,
        .scope = who->scope.id,
        .party = by->scope.id,
        .pwd = scan->pwd.n <= RELAY_PWD_MAX ? scan->pwd : STR_NONE,
        .addrs = addrs,
        .n_addrs = addrs_of_scan(scan, addrs),
    };
    if (what.n_addrs == 0 && what.pwd.n == 0)
        return;
    told_add(r, &by->scope, who->scope.id);
    emit_relay(d, &what);
}
