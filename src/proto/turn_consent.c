/* What a call-scoped relay may carry before the other side has said that it wants to hear of us:
 * Bindings, and few of them. After an answer that only the party of that call could have written,
 * anything, for 30 s (RFC 7675). Down, DTLS passes as well: the peer may be ready first, and what
 * comes to the relay's own client harms nobody else. */
#include <string.h>

#include "base/buf.h"
#include "proto/turn_int.h"

enum { BINDING_SUCCESS = 0x0101, DTLS_FIRST = 20, DTLS_LAST = 63 };

static bool window_take(struct turn_window *w, int64_t now_us, unsigned max)
{
    uint32_t slot = (uint32_t)(now_us / TURN_SLOT_US);
    unsigned sum = 0;
    if (slot - w->slot >= TURN_SLOTS)
        memset(w->n, 0, sizeof w->n);
    else
        for (uint32_t i = w->slot + 1; i != slot + 1; i++)
            w->n[i % TURN_SLOTS] = 0;
    w->slot = slot;
    for (unsigned i = 0; i < TURN_SLOTS; i++)
        sum += w->n[i];
    if (sum >= max)
        return false;
    w->n[slot % TURN_SLOTS]++;
    return true;
}

/* Binding, of any class: the method's bits are 1 (RFC 8489 5). */
static bool is_binding(const uint8_t *p, size_t n)
{
    return n <= TURN_BINDING_MAX && stun_looks_like(p, n) && (get_u16(p) & 0xFEEF) == 1 &&
           STUN_HEADER + (size_t)get_u16(p + 2) == n;
}

static bool consented(const struct turn_guard *g, const struct addr *peer, int64_t now_us)
{
    for (const struct turn_consent *c = g->consents; c != NULL; c = c->next) {
        if (addr_eq(&c->at, peer))
            return c->until > now_us;
    }
    return false;
}

enum turn_drop turn_consent_up(const struct turn_permission *p, int64_t now_us,
                               const struct addr *peer, const uint8_t *data, size_t n)
{
    if (consented(p->guard, peer, now_us))
        return TURN_DROP_NONE;
    if (!is_binding(data, n))
        return TURN_DROP_NO_CONSENT;
    return window_take(&p->guard->up, now_us, TURN_BINDINGS_S) ? TURN_DROP_NONE
                                                               : TURN_DROP_BINDING_RATE;
}

/* Its own, a new one, or at the cap the one that ends first. */
static struct turn_consent *consent_of(struct turn_server *s, struct turn_guard *g,
                                       const struct addr *peer)
{
    struct turn_consent *first = NULL;
    for (struct turn_consent *c = g->consents; c != NULL; c = c->next) {
        if (addr_eq(&c->at, peer))
            return c;
        if (first == NULL || c->until < first->until)
            first = c;
    }
    struct turn_consent *c = g->nconsents < TURN_CONSENTS_MAX ? pool_get(&s->consent_pool) : NULL;
    if (c == NULL)
        return first;
    c->next = g->consents;
    g->consents = c;
    g->nconsents++;
    return c;
}

static bool verify(struct turn_server *s, struct turn_permission *p, int64_t now_us,
                   const struct addr *peer, uint64_t party, const uint8_t *data, size_t n)
{
    if (s->conf.scopes == NULL || !window_take(&p->guard->down, now_us, TURN_BINDINGS_S) ||
        !turn_scopes_consents(s->conf.scopes, p->alloc->owner->scope, peer, party, data, n))
        return false;
    struct turn_consent *c = consent_of(s, p->guard, peer);
    if (c == NULL)
        return false;
    c->at = *peer;
    c->until = now_us + TURN_CONSENT_S * TURN_S;
    return true;
}

enum turn_drop turn_consent_down(struct turn_server *s, struct turn_permission *p, int64_t now_us,
                                 const struct addr *peer, uint64_t party, const uint8_t *data,
                                 size_t n)
{
    bool binding = is_binding(data, n);
    if (binding && get_u16(data) == BINDING_SUCCESS)
        verify(s, p, now_us, peer, party, data, n);
    if (binding || consented(p->guard, peer, now_us))
        return TURN_DROP_NONE;
    if (n == 0 || data[0] < DTLS_FIRST || data[0] > DTLS_LAST)
        return TURN_DROP_NO_CONSENT;
    return window_take(&p->guard->down, now_us, TURN_BINDINGS_S) ? TURN_DROP_NONE
                                                                 : TURN_DROP_BINDING_RATE;
}

void turn_guard_free(struct turn_server *s, struct turn_guard *g)
{
    if (g == NULL)
        return;
    while (g->consents != NULL) {
        struct turn_consent *c = g->consents;
        g->consents = c->next;
        pool_put(&s->consent_pool, c);
    }
    pool_put(&s->guard_pool, g);
}
