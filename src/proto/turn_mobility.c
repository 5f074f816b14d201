/* Mobility (RFC 8016): a ticket names an allocation, sealed so that only we can read or make one. It
 * costs the allocation four bytes. Which one of its tickets is valid follows from its number: the
 * last that was given, and the one before (the answer with the last may be lost).
 *
 * Sealed is it as SIV does it (RFC 5297), with HMAC-SHA256 for both halves: the tag of the content is
 * the nonce of its cipher, so the same ticket is the same bytes again and none repeats. It is written as
 * 32 characters of base64url, since coturn's client keeps it as a text and has room for no more. */
#include <string.h>

#include "base/buf.h"
#include "base/code.h"
#include "proto/turn_int.h"

enum { HALF = 12, TICKET = 2 * HALF, TICKET_TEXT = 32, NUMBER_MASK = 0xFFFFFF };

struct ticket {
    uint64_t id;     /* 48 bits, the worker's with them */
    uint32_t number; /* 24 bits */
    uint16_t port;   /* one of its relays: where to find it */
    uint8_t family;
};

static void tag_of(const struct turn_server *s, const uint8_t plain[HALF], uint8_t tag[HALF])
{
    uint8_t mac[SHA256_SIZE];
    hmac_sha256(s->ticket_tag_key, sizeof s->ticket_tag_key, plain, HALF, mac);
    memcpy(tag, mac, HALF);
}

static void cipher(const struct turn_server *s, const uint8_t tag[HALF], const uint8_t in[HALF],
                   uint8_t out[HALF])
{
    uint8_t mac[SHA256_SIZE];
    hmac_sha256(s->ticket_key, sizeof s->ticket_key, tag, HALF, mac);
    for (unsigned i = 0; i < HALF; i++)
        out[i] = in[i] ^ mac[i];
}

static void seal(const struct turn_server *s, const struct ticket *t, char text[TICKET_TEXT + 1])
{
    uint8_t plain[HALF], out[TICKET];
    set_u64(plain, t->id << 16 | t->port);
    set_u32(plain + 8, (t->number & NUMBER_MASK) << 8 | t->family);
    tag_of(s, plain, out);
    cipher(s, out, plain, out + HALF);
    b64url_encode(text, TICKET_TEXT + 1, out, sizeof out);
}

static bool open_ticket(const struct turn_server *s, const uint8_t *text, size_t n,
                        struct ticket *t)
{
    uint8_t p[TICKET], plain[HALF], tag[HALF];
    if (n != TICKET_TEXT || !b64url_decode(p, sizeof p, &n, str_of(text, n)) || n != TICKET)
        return false;
    cipher(s, p, p + HALF, plain);
    tag_of(s, plain, tag);
    if (!ct_equal(tag, p, HALF))
        return false;
    t->id = get_u64(plain) >> 16;
    t->port = get_u16(plain + 6);
    t->number = get_u32(plain + 8) >> 8;
    t->family = plain[11] & 1;
    return true;
}

void turn_mobility_put_ticket(const struct turn_server *s, const struct turn_alloc *a,
                              struct stun_builder *b)
{
    char out[TICKET_TEXT + 1];
    unsigned f = a->port[0] != NULL ? 0 : 1;
    struct ticket t = {a->id, a->ticket, a->port[f]->relay.at.port, (uint8_t)f};
    seal(s, &t, out);
    stun_put(b, STUN_MOBILITY_TICKET, out, TICKET_TEXT);
}

static struct turn_alloc *alloc_of(const struct turn_server *s, const struct ticket *t)
{
    struct turn_port *p = turn_ports_find(&s->ports, t->family, t->port);
    struct turn_alloc *a = p != NULL ? p->alloc : NULL;
    if (a == NULL || a->id != t->id)
        return NULL;
    return ((a->ticket - t->number) & NUMBER_MASK) <= 1 ? a : NULL;
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
    if (t.number == (a->ticket & NUMBER_MASK))
        a->ticket++;
    rq->a = a;
    return TURN_DROP_NONE;
}
