/* Mobility (RFC 8016): a ticket names an allocation, sealed so that only we can read or make one. It
 * costs the allocation four bytes. Which one of its tickets is valid follows from its number: the
 * last that was given, and the one before (the answer with the last may be lost). */
#include <string.h>

#include "base/buf.h"
#include "proto/turn_int.h"

enum { PLAIN = 16, TICKET = AEAD_NONCE_SIZE + PLAIN + AEAD_TAG_SIZE };

struct ticket {
    uint64_t id;
    uint32_t number;
    uint16_t port; /* one of its relays: where to find it */
    uint8_t family;
};

/* The nonce follows from what is sealed, so that the same ticket is the same bytes again, and no two
 * share one. */
static void seal(const struct turn_server *s, const struct ticket *t, uint8_t out[TICKET])
{
    uint8_t plain[PLAIN] = {0}, mac[SHA256_SIZE];
    set_u64(plain, t->id);
    set_u32(plain + 8, t->number);
    set_u16(plain + 12, t->port);
    plain[14] = t->family;
    hmac_sha256(s->ticket_nonce_key, sizeof s->ticket_nonce_key, plain, PLAIN, mac);
    memcpy(out, mac, AEAD_NONCE_SIZE);
    aead_seal(s->ticket_key, out, NULL, 0, plain, PLAIN, out + AEAD_NONCE_SIZE);
}

static bool open_ticket(const struct turn_server *s, const uint8_t *p, size_t n, struct ticket *t)
{
    uint8_t plain[PLAIN + AEAD_TAG_SIZE];
    if (n != TICKET ||
        !aead_open(s->ticket_key, p, NULL, 0, p + AEAD_NONCE_SIZE, n - AEAD_NONCE_SIZE, plain))
        return false;
    t->id = get_u64(plain);
    t->number = get_u32(plain + 8);
    t->port = get_u16(plain + 12);
    t->family = plain[14] & 1;
    return true;
}

void turn_mobility_put_ticket(const struct turn_server *s, const struct turn_alloc *a,
                              struct stun_builder *b)
{
    uint8_t out[TICKET];
    unsigned f = a->port[0] != NULL ? 0 : 1;
    struct ticket t = {a->id, a->ticket, a->port[f]->relay.at.port, (uint8_t)f};
    seal(s, &t, out);
    stun_put(b, STUN_MOBILITY_TICKET, out, sizeof out);
}

static struct turn_alloc *alloc_of(const struct turn_server *s, const struct ticket *t)
{
    struct turn_port *p = turn_ports_find(&s->ports, t->family, t->port);
    struct turn_alloc *a = p != NULL ? p->alloc : NULL;
    if (a == NULL || a->id != t->id || (t->number != a->ticket && t->number + 1 != a->ticket))
        return NULL;
    return a;
}

enum turn_drop turn_mobility_refresh(struct turn_request *rq)
{
    struct turn_server *s = rq->s;
    const struct stun_attr *at = stun_find(rq->m, STUN_MOBILITY_TICKET);
    struct ticket t;
    if (!s->conf.mobility)
        return TURN_DROP_MOBILITY_FORBIDDEN;
    if (!open_ticket(s, stun_value(rq->m, at), at->len, &t))
        return TURN_DROP_BAD_REQUEST;
    if (t.id >> TURN_ID_WORKER != s->conf.worker)
        return turn_pass_on(rq, (unsigned)(t.id >> TURN_ID_WORKER), TURN_DROP_MISMATCH);
    struct turn_alloc *a = alloc_of(s, &t);
    if (a == NULL || (rq->a != NULL && rq->a != a))
        return TURN_DROP_MISMATCH;
    if (!turn_owner_is(a->owner, &rq->auth.user))
        return TURN_DROP_WRONG_CREDENTIALS;
    if (rq->a == a)
        return TURN_DROP_NONE; /* nothing has moved, or it is asked again */
    turn_alloc_move(s, a, rq->from, rq->tuple_hash);
    if (t.number == a->ticket)
        a->ticket++;
    rq->a = a;
    return TURN_DROP_NONE;
}
