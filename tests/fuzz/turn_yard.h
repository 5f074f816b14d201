/* The world of fuzz_turn.c: a TURN server with users and scopes, clients of every transport, peers of
 * every kind of address, and what must hold of everything that leaves. */
#ifndef MADANG_TESTS_TURN_YARD_H
#define MADANG_TESTS_TURN_YARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/turn_server.h"
#include "proto/turn_users.h"

#define YARD_SEC INT64_C(1000000)

enum { CLIENTS = 8, PEERS = 12, SCOPES = 3, PORT_FIRST = 40000, PORTS = 64, ALLOCATIONS = 20 };

struct yard_client {
    struct tuple at;
    uint64_t scope;
    char name[TURN_SCOPE_NAME + 1], password[TURN_SCOPE_PASSWORD + 1];
};

struct yard {
    struct turn_server_conf conf;
    struct turn_server *s;
    struct turn_users *users;
    struct turn_scopes *scopes;
    int64_t now;
    struct yard_client client[CLIENTS];
    struct addr peer[PEERS];
    struct turn_relay *relay[2][PORTS]; /* open */
    unsigned nrelays, outputs, refuse;
    const struct yard_client *asking;     /* whose packet is being handled */
    int64_t consented[SCOPES + 1][PEERS]; /* when a right answer of that peer last came; 0: never */
    uint8_t last[2048];                   /* the last request */
    size_t last_n;
    unsigned last_client;
    uint8_t ticket[128];
    unsigned ticket_n;
    uint64_t token;
    uint32_t txid;
};

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

/* ---- What leaves ---- */

static struct turn_relay **relay_slot(struct yard *y, const struct turn_relay *r)
{
    check(r->at.port >= PORT_FIRST && r->at.port < PORT_FIRST + PORTS, "a port of the range");
    return &y->relay[r->at.family == 6][r->at.port - PORT_FIRST];
}

static void read_answer(struct yard *y, const struct datagram *d)
{
    struct stun_msg m;
    const struct stun_attr *at;
    if (d->ndata > 0 || d->nhead == 0 || stun_parse(&m, d->head, d->nhead) != STUN_OK ||
        m.cls != STUN_SUCCESS)
        return;
    at = stun_find(&m, STUN_MOBILITY_TICKET);
    if (at != NULL && at->len <= sizeof y->ticket) {
        y->ticket_n = at->len;
        memcpy(y->ticket, stun_value(&m, at), at->len);
    }
    at = stun_find(&m, STUN_RESERVATION_TOKEN);
    if (at != NULL)
        stun_get_u64(&m, at, &y->token);
    for (unsigned i = 0; i < m.nattrs; i++) { /* relays are peers of others */
        if (m.attrs[i].type == STUN_XOR_RELAYED_ADDRESS)
            stun_get_xaddr(&m, &m.attrs[i], &y->peer[y->txid % 2]);
    }
}

static void to_client(void *ctx, const struct tuple *to, const struct datagram *d)
{
    struct yard *y = ctx;
    uint8_t whole[2048];
    size_t n = (size_t)d->nhead + d->ndata + d->pad;
    struct stun_msg m;
    y->outputs++;
    check(d->pad < 4 && n >= 4, "a whole message");
    if (n <= sizeof whole) {
        if (d->nhead > 0)
            memcpy(whole, d->head, d->nhead);
        if (d->ndata > 0)
            memcpy(whole + d->nhead, d->data, d->ndata);
        memset(whole + d->nhead + d->ndata, 0, d->pad);
        if (whole[0] < 0x40)
            check(stun_parse(&m, whole, n) == STUN_OK, "what we say is STUN");
        else
            check(get_u16(whole + 2) == d->ndata, "the length of ChannelData");
    }
    check(turn_server_knows(y->s, to) || y->asking != NULL, "data for those who have a relay");
    read_answer(y, d);
}

static bool relay_open(void *ctx, struct turn_relay *r)
{
    struct yard *y = ctx;
    if (y->refuse > 0) {
        y->refuse--;
        return false;
    }
    check(*relay_slot(y, r) == NULL, "a port is opened once");
    *relay_slot(y, r) = r;
    r->io = y;
    y->nrelays++;
    return true;
}

static void relay_close(void *ctx, struct turn_relay *r)
{
    struct yard *y = ctx;
    check(*relay_slot(y, r) == r && r->io == y, "what is closed was open");
    *relay_slot(y, r) = NULL;
    r->io = NULL;
    y->nrelays--;
}

static bool is_binding(const uint8_t *p, size_t n)
{
    return n >= 20 && p[0] <= 1 && (p[0] & 0xFE) == 0 && (p[1] & 0xEF) == 1;
}

static bool has_consent(const struct yard *y, uint64_t scope, const struct addr *peer)
{
    for (unsigned i = 0; i < PEERS; i++) {
        int64_t at = y->consented[scope][i];
        if (addr_eq(&y->peer[i], peer) && at != 0 && y->now - at < 30 * YARD_SEC)
            return true;
    }
    return false;
}

/* The rules of whom a relay may reach, said once more. */
static void to_peer(void *ctx, struct turn_relay *r, const struct addr *peer,
                    const struct datagram *d, unsigned flags)
{
    struct yard *y = ctx;
    const struct yard_client *c = y->asking;
    y->outputs++;
    (void)flags;
    check(*relay_slot(y, r) == r, "the relay is open");
    check(c != NULL, "only clients make packets leave");
    check(peer->port != 0 && peer->family == r->at.family, "a peer of the relay's family");
    bool in_call = c->scope != 0 && turn_scopes_has_addr(y->scopes, c->scope, peer);
    check(turn_policy_check(&y->conf.policy, peer, in_call) == TURN_PEER_OK, "an allowed peer");
    if (c->scope == 0)
        return;
    check(turn_scopes_is_open(y->scopes, c->scope), "the call is not over");
    check(in_call, "a peer of the call");
    check(is_binding(d->data, d->ndata) || has_consent(y, c->scope, peer), "consent");
}

static void to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d)
{
    struct yard *y = ctx;
    (void)from, (void)d;
    y->outputs++;
    check(worker == 1 && to->port / 2 % 2 == 1, "its owner");
    check(y->asking != NULL && scope == y->asking->scope, "whose scope it is");
}

static void to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n)
{
    struct yard *y = ctx;
    (void)p, (void)n;
    y->outputs++;
    check(worker == 1 && from->transport != TUPLE_DTLS, "a guest of another worker");
}

static void to_media(void *ctx, const struct addr *from, const struct addr *to,
                     const struct datagram *d)
{
    struct yard *y = ctx;
    (void)d;
    y->outputs++;
    check(y->asking != NULL, "only clients make packets leave");
    check(y->conf.media && to->port == y->conf.turn_port, "the media port");
    check(turn_policy_check(&y->conf.policy, to, false) == TURN_PEER_OWN, "of this server");
    check(from->family == to->family, "from a relay of that family");
    check(y->asking->scope == 0 || turn_scopes_is_open(y->scopes, y->asking->scope),
          "the call is not over");
}

/* ---- The yard ---- */

static bool scope_open(void *ctx, uint64_t scope)
{
    return turn_scopes_is_open(((struct yard *)ctx)->scopes, scope);
}

static struct addr at(const char *text)
{
    struct addr a = {0};
    check(addr_parse(&a, str_from(text)), text);
    return a;
}

static void make_people(struct yard *y)
{
    static const char *const from[CLIENTS] = {
        "192.0.2.1:4000", "192.0.2.1:4001", "[2001:db8::1]:4000", "192.0.2.4:1",
        "192.0.2.5:1",    "192.0.2.6:1",    "192.0.2.7:1",        "192.0.2.8:1"};
    static const char *const peers[PEERS] = {
        "203.0.113.9:40000", "203.0.113.9:40001", "8.8.4.4:7000",         "9.9.9.9:7001",
        "8.8.4.4:7002",      "127.0.0.1:22",      "10.0.0.1:80",          "169.254.169.254:80",
        "203.0.113.9:3478",  "203.0.113.9:22",    "[2606:4700::1111]:53", "[::ffff:127.0.0.1]:22"};
    for (unsigned i = 0; i < PEERS; i++)
        y->peer[i] = at(peers[i]);
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct yard_client *c = &y->client[i];
        c->at.peer = at(from[i]);
        c->at.local = at(i == 2 ? "[2001:db8::9]:3478" : "203.0.113.9:3478");
        c->at.transport = i % TUPLE_TRANSPORTS;
        c->at.stream = c->at.transport == TUPLE_UDP ? 0 : i + 1;
        c->scope = i >= 5 ? i - 4 : 0;
        snprintf(c->name, sizeof c->name, "%s", i == 4 ? "bob" : "ann");
        snprintf(c->password, sizeof c->password, "secret");
        if (c->scope != 0)
            turn_scope_credential(y->conf.seed, c->scope, c->name, c->password);
    }
}

static void yard_begin(struct yard *y, uint8_t flags)
{
    struct turn_ops ops = {y,       to_client, relay_open, relay_close,
                           to_peer, to_worker, to_owner,   to_media};
    struct turn_users_conf u = {.realm = "r", .scope_open = scope_open, .ctx = y};
    char why[200];
    *y = (struct yard){.now = 1000 * YARD_SEC};
    y->conf = (struct turn_server_conf){.auth.realm = "r", .turn_port = 3478};
    y->conf.port_min = PORT_FIRST;
    y->conf.port_max = PORT_FIRST + PORTS - 1;
    y->conf.max_allocations = ALLOCATIONS;
    y->conf.permissions = y->conf.channels = 6;
    y->conf.scope_quota = 3;
    y->conf.mobility = flags & 1;
    y->conf.workers = flags & 2 ? 2 : 1;
    y->conf.max_bps = flags & 4 ? 100000 : 0;
    y->conf.user_quota = flags & 8 ? 2 : 0;
    y->conf.media = flags & 0x80;
    y->conf.no_relay4 = (flags & 0x30) == 0x30;
    y->conf.alternate = at("203.0.113.50:3478");
    y->conf.announce6 = flags & 0x40 ? at("2001:db8::9") : (struct addr){0};
    y->conf.policy.own[y->conf.policy.nown++] = at("203.0.113.9");
    y->scopes = turn_scopes_new(&y->conf.hash, SCOPES);
    y->conf.scopes = y->scopes;
    y->conf.auth.users.find = turn_users_find;
    memcpy(u.scope_key, y->conf.seed, sizeof u.scope_key);
    y->users = turn_users_new(&u);
    y->conf.auth.users.ctx = y->users;
    check(turn_users_add(y->users, STR("ann:secret"), why, sizeof why), why);
    check(turn_users_add(y->users, STR("bob:secret"), why, sizeof why), why);
    make_people(y);
    y->s = turn_server_new(&y->conf, &ops, y->now, 0);
}

static void yard_end(struct yard *y)
{
    turn_server_free(y->s);
    check(y->nrelays == 0, "every relay was closed");
    turn_users_free(y->users);
    turn_scopes_free(y->scopes);
}

/* After every step. */
static void yard_check(struct yard *y)
{
    const struct turn_stats *st = turn_server_stats(y->s);
    uint64_t made = 0, ended = 0;
    int64_t next = turn_server_deadline(y->s);
    for (unsigned t = 0; t < TUPLE_TRANSPORTS; t++) {
        for (unsigned f = 0; f < 2; f++) {
            made += st->allocated[t][f];
            ended += st->ended[t][f];
        }
    }
    check(made - ended == st->relays, "relays add up");
    check(st->allocations <= ALLOCATIONS, "no more than may be");
    check(st->relays >= st->allocations && st->relays <= 2 * st->allocations, "relays");
    check(y->nrelays <= st->relays + st->reservations, "sockets");
    check(st->permissions <= 6 * st->allocations, "permissions");
    check(st->channels <= 6 * st->allocations, "channels");
    check(next != INT64_MAX || st->allocations + st->reservations == 0, "a deadline");
    check(next == INT64_MAX || next <= y->now + 3600 * YARD_SEC, "not too far away");
    check(st->inside_packets <= st->up_packets, "inside");
}

#endif
