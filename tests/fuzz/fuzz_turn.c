/* The TURN server as a state machine: the input is a program of requests with real credentials and any
 * attributes, data of all kinds, packets of peers, letters of signaling, connections that end, time.
 * After each step the numbers add up; what leaves obeys the rules of turn_yard.h; at the end, after
 * enough time, nothing is left. */
#include <stdint.h>

#include "turn_yard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPS = 300 };

struct program {
    const uint8_t *p;
    size_t n;
};

static unsigned take(struct program *g)
{
    if (g->n == 0)
        return 0;
    g->n--;
    return *g->p++;
}

static struct str some(struct program *g)
{
    size_t n = take(g);
    n = MIN_OF(n, g->n);
    struct str s = str_of(g->p, n);
    g->p += n;
    g->n -= n;
    return s;
}

static struct yard_client *any_client(struct yard *y, struct program *g)
{
    return &y->client[take(g) % CLIENTS];
}

static const struct addr *any_peer(struct yard *y, struct program *g)
{
    return &y->peer[take(g) % PEERS];
}

static void input(struct yard *y, struct yard_client *c, const uint8_t *p, size_t n)
{
    y->asking = c;
    unsigned before = y->outputs;
    turn_server_input(y->s, y->now, &c->at, p, n);
    check(y->outputs <= before + 1, "one packet makes one at most");
    y->asking = NULL;
}

/* ---- Requests ---- */

static void put_attribute(struct yard *y, struct program *g, struct stun_builder *b)
{
    unsigned what = take(g);
    switch (what % 16) {
    case 0: stun_put_u32(b, STUN_REQUESTED_TRANSPORT, (what & 0x80 ? 6u : 17u) << 24); break;
    case 1: stun_put_u32(b, STUN_LIFETIME, take(g) * 30); break;
    case 2: stun_put_xaddr(b, STUN_XOR_PEER_ADDRESS, any_peer(y, g)); break;
    case 3: stun_put_u32(b, STUN_CHANNEL_NUMBER, (0x4000 + take(g) % 8) << 16); break;
    case 4: stun_put(b, STUN_EVEN_PORT, what & 0x80 ? "\x80" : "\0", 1); break;
    case 5: stun_put_u64(b, STUN_RESERVATION_TOKEN, y->token); break;
    case 6: stun_put_u32(b, STUN_REQUESTED_ADDRESS_FAMILY, take(g) << 24); break;
    case 7: stun_put_u32(b, STUN_ADDITIONAL_ADDRESS_FAMILY, take(g) << 24); break;
    case 8: stun_put(b, STUN_MOBILITY_TICKET, y->ticket, what & 0x80 ? y->ticket_n : 0); break;
    case 9: stun_put(b, STUN_DONT_FRAGMENT, "", 0); break;
    case 10: {
        struct str s = some(g);
        unsigned type = take(g) << 8;
        stun_put(b, type | take(g), s.p, s.n);
        break;
    }
    case 11: {
        struct str s = some(g);
        stun_put(b, STUN_DATA_ATTR, s.p, s.n);
        break;
    }
    default: stun_put_u32(b, STUN_REQUESTED_TRANSPORT, 17u << 24); break;
    }
}

static void put_auth(struct yard *y, struct yard_client *c, struct stun_builder *b, bool right)
{
    char nonce[STUN_NONCE_MAX + 1], text[200];
    uint8_t key[MD5_SIZE];
    size_t n = stun_auth_nonce(&y->conf.auth, y->now, &c->at.peer, nonce);
    stun_put(b, STUN_USERNAME, c->name, strlen(c->name));
    stun_put(b, STUN_REALM, "r", 1);
    stun_put(b, STUN_NONCE, nonce, n);
    int len = snprintf(text, sizeof text, "%s:r:%s", c->name, right ? c->password : "x");
    md5(text, (size_t)len, key);
    stun_put_integrity(b, key, sizeof key);
}

static void request(struct yard *y, struct program *g)
{
    static const uint16_t methods[8] = {STUN_ALLOCATE,     STUN_REFRESH,  STUN_CREATE_PERMISSION,
                                        STUN_CHANNEL_BIND, STUN_ALLOCATE, STUN_CHANNEL_BIND,
                                        STUN_SEND,         0x00A};
    struct yard_client *c = any_client(y, g);
    unsigned head = take(g), n = head >> 4 & 7;
    uint8_t txid[STUN_TXID] = {0};
    struct stun_builder b;
    set_u32(txid, ++y->txid);
    stun_begin(&b, y->last, sizeof y->last, STUN_REQUEST, methods[head % 8], txid);
    if (methods[head % 8] == STUN_ALLOCATE && !(head & 8))
        stun_put_u32(&b, STUN_REQUESTED_TRANSPORT, 17u << 24);
    for (unsigned i = 0; i < n; i++)
        put_attribute(y, g, &b);
    if (head != 0xFF)
        put_auth(y, c, &b, (head & 0x88) != 0x88);
    if (head & 0x80)
        stun_put_fingerprint(&b);
    y->last_n = stun_end(&b);
    y->last_client = (unsigned)(c - y->client);
    input(y, c, y->last, y->last_n);
}

/* A relay with a channel, and for somebody in a call what signaling tells first. */
static void set_up(struct yard *y, struct program *g)
{
    uint8_t client = (uint8_t)take(g), peer = (uint8_t)take(g), channel = (uint8_t)take(g);
    uint8_t allocate[] = {client, 0}, bind[] = {client, 0x23, 2, peer, 3, channel};
    struct program first = {allocate, sizeof allocate}, second = {bind, sizeof bind};
    uint64_t scope = y->client[client % CLIENTS].scope;
    if (scope != 0 && !(channel & 0x80)) {
        turn_scopes_open(y->scopes, scope);
        turn_scopes_party(y->scopes, scope, 1 + channel / 8 % SCOPES, STR("pwd"),
                          &y->peer[peer % PEERS], 1);
    }
    request(y, &first);
    request(y, &second);
}

/* ---- Data ---- */

static void channel_data(struct yard *y, struct program *g)
{
    uint8_t p[4 + 255 + 3] = {0x40};
    struct yard_client *c = any_client(y, g);
    p[1] = (uint8_t)(take(g) % 8);
    struct str s = some(g);
    set_u16(p + 2, (uint16_t)s.n);
    if (s.n > 0)
        memcpy(p + 4, s.p, s.n);
    input(y, c, p, 4 + s.n + take(g) % 5);
}

static size_t binding(uint8_t *p, size_t cap, unsigned cls, const char *pwd)
{
    struct stun_builder b;
    uint8_t txid[STUN_TXID] = {7};
    stun_begin(&b, p, cap, (enum stun_class)(cls % 4), STUN_BINDING, txid);
    stun_put_integrity(&b, pwd, strlen(pwd));
    return stun_end(&b);
}

/* A check of ICE through a channel. */
static void channel_binding(struct yard *y, struct program *g)
{
    uint8_t p[200] = {0x40};
    struct yard_client *c = any_client(y, g);
    unsigned v = take(g);
    p[1] = (uint8_t)(v % 8);
    size_t n = binding(p + 4, sizeof p - 4, v >> 4, "pwd");
    set_u16(p + 2, (uint16_t)n);
    input(y, c, p, 4 + n);
}

static void send_indication(struct yard *y, struct program *g)
{
    uint8_t p[512], txid[STUN_TXID] = {2};
    struct yard_client *c = any_client(y, g);
    struct stun_builder b;
    stun_begin(&b, p, sizeof p, STUN_INDICATION, STUN_SEND, txid);
    stun_put_xaddr(&b, STUN_XOR_PEER_ADDRESS, any_peer(y, g));
    struct str s = some(g);
    stun_put(&b, STUN_DATA_ATTR, s.p, s.n);
    input(y, c, p, stun_end(&b));
}

static struct turn_relay *any_relay(struct yard *y, struct program *g)
{
    unsigned v = take(g);
    for (unsigned i = 0; i < 2 * PORTS; i++) {
        struct turn_relay *r = y->relay[(v + i) / PORTS % 2][(v + i) % PORTS];
        if (r != NULL)
            return r;
    }
    return NULL;
}

static void peer_sends(struct yard *y, struct program *g)
{
    struct turn_relay *r = any_relay(y, g);
    unsigned i = take(g) % PEERS;
    struct str s = some(g);
    unsigned before = y->outputs;
    if (r != NULL)
        turn_server_peer(y->s, y->now, r, &y->peer[i], (const uint8_t *)s.p, s.n);
    check(y->outputs <= before + 1, "one packet makes one at most");
}

/* The right answer to a check: every scope to which that peer is known may take it as consent. */
static void peer_consents(struct yard *y, struct program *g)
{
    uint8_t p[200];
    struct turn_relay *r = any_relay(y, g);
    unsigned i = take(g) % PEERS;
    size_t n = binding(p, sizeof p, STUN_SUCCESS, take(g) % 4 ? "pwd" : "other");
    if (r == NULL)
        return;
    for (unsigned s = 1; s <= SCOPES; s++)
        y->consented[s][i] = y->now;
    turn_server_peer(y->s, y->now, r, &y->peer[i], p, n);
}

static void foreign(struct yard *y, struct program *g)
{
    const struct addr *from = any_peer(y, g), *to = any_peer(y, g);
    uint64_t scope = take(g) % (SCOPES + 1);
    struct str s = some(g);
    turn_server_foreign(y->s, y->now, from, scope, to, (const uint8_t *)s.p, s.n);
}

/* ---- Letters, time ---- */

static void letter(struct yard *y, struct program *g)
{
    unsigned v = take(g);
    uint64_t scope = 1 + v / 16 % SCOPES, party = 1 + take(g) % SCOPES;
    switch (v % 8) {
    case 0:
    case 1: turn_scopes_open(y->scopes, scope); break;
    case 2:
        turn_scopes_close(y->scopes, scope);
        turn_server_scope_closed(y->s, y->now, scope);
        break;
    case 3:
        turn_scopes_drop_party(y->scopes, scope, party);
        turn_server_party_dropped(y->s, y->now, scope, party);
        break;
    case 4: {
        struct cidr lan;
        check(cidr_parse(&lan, STR("10.0.0.0/8")), "a network");
        y->conf.policy.lan[0] = lan;
        y->conf.policy.nlan = take(g) % 2;
        y->conf.policy.own[1] = y->peer[3];
        y->conf.policy.own[1].port = 0;
        y->conf.policy.nown = 1 + take(g) % 2;
        turn_server_own(y->s, y->conf.policy.own, y->conf.policy.nown, y->conf.policy.lan,
                        y->conf.policy.nlan);
        break;
    }
    case 5:
        if (take(g) == 99)
            turn_server_drain(y->s);
        break;
    default: turn_scopes_party(y->scopes, scope, party, STR("pwd"), any_peer(y, g), 1); break;
    }
}

static void pass_time(struct yard *y, struct program *g)
{
    static const int64_t steps[8] = {1000,          100000,         YARD_SEC,       10 * YARD_SEC,
                                     30 * YARD_SEC, 300 * YARD_SEC, 600 * YARD_SEC, 299999999};
    unsigned v = take(g);
    y->now += steps[v % 8];
    if (v & 8) /* late */
        return;
    turn_server_tick(y->s, y->now);
    check(turn_server_deadline(y->s) > y->now, "what was due is done");
}

static void icmp(struct yard *y, struct program *g)
{
    struct turn_relay *r = any_relay(y, g);
    const struct addr *peer = any_peer(y, g);
    uint8_t type = (uint8_t)take(g), code = (uint8_t)take(g);
    if (r != NULL && peer->family == r->at.family)
        turn_server_icmp(y->s, y->now, r, peer, type, code, take(g));
}

static void step(struct yard *y, struct program *g)
{
    unsigned what = take(g);
    struct str s;
    switch (what % 16) {
    case 0:
    case 1:
    case 2: request(y, g); break;
    case 3: set_up(y, g); break;
    case 4: channel_data(y, g); break;
    case 5: channel_binding(y, g); break;
    case 6: send_indication(y, g); break;
    case 7: peer_sends(y, g); break;
    case 8: peer_consents(y, g); break;
    case 9: letter(y, g); break;
    case 10: pass_time(y, g); break;
    case 11: input(y, &y->client[y->last_client], y->last, y->last_n); break;
    case 12: turn_server_hangup(y->s, y->now, &any_client(y, g)->at); break;
    case 13: icmp(y, g); break;
    case 14: foreign(y, g); break;
    default:
        s = some(g);
        y->refuse = what >> 4 == 15 ? 3 : 0;
        input(y, any_client(y, g), (const uint8_t *)s.p, s.n);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yard y;
    struct program g = {data, size};
    yard_begin(&y, (uint8_t)take(&g));
    for (unsigned i = 0; i < OPS && g.n > 0; i++) {
        step(&y, &g);
        if (turn_server_deadline(y.s) <= y.now)
            turn_server_tick(y.s, y.now);
        yard_check(&y);
    }
    y.now += 2 * 3600 * YARD_SEC;
    turn_server_tick(y.s, y.now);
    const struct turn_stats *st = turn_server_stats(y.s);
    check(st->allocations + st->relays + st->permissions + st->channels + st->reservations == 0,
          "everything ends");
    yard_end(&y);
    return 0;
}
