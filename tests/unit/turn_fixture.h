/* A TURN server with its users and scopes in a world without network: time is a number, what leaves is
 * kept, and clients are a few functions that build requests. For tests of proto/turn_*. */
#ifndef MADANG_TESTS_TURN_FIXTURE_H
#define MADANG_TESTS_TURN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/turn_server.h"
#include "proto/turn_users.h"

#define SEC          INT64_C(1000000)
#define MS           INT64_C(1000)
#define REALM        "madang"
#define WALL_S       INT64_C(1800000000)
#define LOCAL_IP     "203.0.113.9" /* the server as clients see it */
#define PUBLIC_PEER  "8.8.4.4:7000"
#define PUBLIC_PEER2 "9.9.9.9:7001"

enum { KEPT = 64, PACKET_MAX = 70000 };

/* Something that left. */
struct sent {
    enum { TO_NOBODY, TO_CLIENT, TO_PEER, TO_WORKER, TO_MEDIA } kind;
    struct tuple client;
    struct turn_relay relay; /* a copy */
    struct addr peer, from;  /* TO_WORKER, TO_MEDIA: to, from */
    unsigned flags, worker;
    uint64_t scope;
    uint32_t n;
    uint8_t *p;
};

struct world {
    struct turn_server_conf conf;
    struct turn_server *s;
    struct turn_users *users;
    struct turn_scopes *scopes;
    uint8_t scope_key[32];
    int64_t now;
    struct turn_relay *(*relays)[65536]; /* the open ones: [family][port] */
    unsigned opened, closed;
    unsigned refuse_open; /* so many are not opened */
    unsigned nsent;       /* in all; the newest is sent[(nsent - 1) % KEPT] */
    struct sent sent[KEPT];
    struct sent none;
    uint32_t txid; /* of the last request */
    enum turn_drop drop;
};

/* A client with its 5-tuple and credential. */
struct client {
    struct world *w;
    struct tuple at;
    const char *name, *password;
    char scope_name[TURN_SCOPE_NAME + 1], scope_password[TURN_SCOPE_PASSWORD + 1];
    bool fingerprint;
    bool sha256; /* PASSWORD-ALGORITHM SHA-256 */
};

static inline struct addr address(const char *text)
{
    struct addr a = {0};
    if (!addr_parse(&a, str_from(text)))
        fail_msg("no address: %s", text);
    return a;
}

/* ---- What leaves ---- */

static inline struct sent *keep(struct world *w, const struct datagram *d)
{
    struct sent *o = &w->sent[w->nsent++ % KEPT];
    xfree(o->p);
    *o = (struct sent){.n = d->nhead + d->ndata + d->pad};
    o->p = xcalloc(o->n + 1, 1);
    if (d->nhead > 0)
        memcpy(o->p, d->head, d->nhead);
    if (d->ndata > 0)
        memcpy(o->p + d->nhead, d->data, d->ndata);
    return o;
}

static inline void to_client(void *ctx, const struct tuple *to, const struct datagram *d)
{
    struct sent *o = keep(ctx, d);
    o->kind = TO_CLIENT;
    o->client = *to;
}

static inline bool relay_open(void *ctx, struct turn_relay *r)
{
    struct world *w = ctx;
    if (w->refuse_open > 0) {
        w->refuse_open--;
        return false;
    }
    assert_null(r->io);
    assert_int_not_equal(r->at.port, 0);
    struct turn_relay **slot = &w->relays[r->at.family == 6][r->at.port];
    assert_null(*slot);
    *slot = r;
    w->opened++;
    r->io = w;
    return true;
}

static inline void relay_close(void *ctx, struct turn_relay *r)
{
    struct world *w = ctx;
    assert_non_null(r->io);
    w->closed++;
    w->relays[r->at.family == 6][r->at.port] = NULL;
    r->io = NULL;
}

static inline void to_peer(void *ctx, struct turn_relay *r, const struct addr *peer,
                           const struct datagram *d, unsigned flags)
{
    assert_non_null(r->io);
    struct sent *o = keep(ctx, d);
    o->kind = TO_PEER;
    o->relay = *r;
    o->peer = *peer;
    o->flags = flags;
}

static inline void to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                             const struct addr *to, const struct datagram *d)
{
    struct sent *o = keep(ctx, d);
    o->kind = TO_WORKER;
    o->worker = worker;
    o->from = *from;
    o->scope = scope;
    o->peer = *to;
}

static inline void to_media(void *ctx, const struct addr *from, const struct addr *to,
                            const struct datagram *d)
{
    struct sent *o = keep(ctx, d);
    o->kind = TO_MEDIA;
    o->from = *from;
    o->peer = *to;
}

/* The i-th last thing that left (0: the last). */
static inline struct sent *last_sent(struct world *w, unsigned i)
{
    return i < w->nsent && i < KEPT ? &w->sent[(w->nsent - 1 - i) % KEPT] : &w->none;
}

/* ---- The world ---- */

static inline bool world_scope_open(void *ctx, uint64_t scope)
{
    return turn_scopes_is_open(((struct world *)ctx)->scopes, scope);
}

/* The configuration of most tests; change it before world_start(). */
static inline void world_conf(struct world *w)
{
    *w = (struct world){.now = 1000 * SEC};
    w->relays = xcalloc(2, sizeof *w->relays);
    w->conf.hash = (struct hash_key){3, 4};
    memset(w->conf.seed, 5, sizeof w->conf.seed);
    memset(w->conf.auth.nonce_key, 6, sizeof w->conf.auth.nonce_key);
    memset(w->scope_key, 7, sizeof w->scope_key);
    memcpy(w->conf.auth.realm, REALM, sizeof REALM);
    w->conf.auth.users.find = turn_users_find;
    w->conf.turn_port = 3478;
    w->conf.policy.own[w->conf.policy.nown++] = address(LOCAL_IP);
    w->scopes = turn_scopes_new(&w->conf.hash, 100);
    w->conf.scopes = w->scopes;
}

static inline void world_start(struct world *w)
{
    struct turn_users_conf u = {.scope_open = world_scope_open, .ctx = w, .hash = w->conf.hash};
    struct turn_ops ops = {w,       to_client, relay_open, relay_close,
                           to_peer, to_worker, NULL,       to_media};
    char why[200];
    memcpy(u.realm, REALM, sizeof REALM);
    memcpy(u.scope_key, w->scope_key, sizeof u.scope_key);
    w->users = turn_users_new(&u);
    assert_true(turn_users_add(w->users, STR("ann:secret"), why, sizeof why));
    assert_true(turn_users_add(w->users, STR("bob:secret"), why, sizeof why));
    w->conf.auth.users.ctx = w->users;
    w->s = turn_server_new(&w->conf, &ops, w->now, WALL_S * SEC - w->now);
}

static inline void world_new(struct world *w)
{
    world_conf(w);
    world_start(w);
}

/* Everything adds up at any time. */
static inline void world_check(struct world *w)
{
    const struct turn_stats *st = turn_server_stats(w->s);
    uint64_t made = 0, ended = 0, lives = 0;
    for (unsigned t = 0; t < TUPLE_TRANSPORTS; t++) {
        for (unsigned f = 0; f < 2; f++) {
            made += st->allocated[t][f];
            ended += st->ended[t][f];
        }
    }
    for (unsigned i = 0; i < TURN_LIFETIME_BUCKETS; i++)
        lives += st->lifetime[i];
    assert_int_equal(made - ended, st->relays);
    assert_true(lives <= ended);
    assert_true(st->relays >= st->allocations && st->relays <= 2 * st->allocations);
    assert_true(w->opened - w->closed <= st->relays + st->reservations);
    assert_true(st->inside_packets <= st->up_packets);
    assert_true((st->allocations + st->reservations == 0) ==
                (turn_server_deadline(w->s) == INT64_MAX));
}

static inline void world_end(struct world *w)
{
    world_check(w);
    turn_server_free(w->s);
    assert_int_equal(w->opened, w->closed);
    turn_users_free(w->users);
    turn_scopes_free(w->scopes);
    for (unsigned i = 0; i < KEPT; i++)
        xfree(w->sent[i].p);
    xfree(w->relays);
}

/* Time goes on, with the ticks that the server asks for. */
static inline void wait_us(struct world *w, int64_t us)
{
    int64_t until = w->now + us;
    while (turn_server_deadline(w->s) <= until) {
        int64_t at = turn_server_deadline(w->s);
        w->now = at > w->now ? at : w->now;
        turn_server_tick(w->s, w->now);
        assert_true(turn_server_deadline(w->s) > w->now);
    }
    w->now = until;
}

static inline uint64_t drops(const struct world *w, enum turn_drop d)
{
    return turn_server_stats(w->s)->drops[d];
}

/* ---- Clients ---- */

static inline struct client client_at(struct world *w, const char *from, const char *name)
{
    struct client c = {.w = w, .name = name, .password = "secret"};
    c.at.peer = address(from);
    c.at.local = address(c.at.peer.family == 6 ? "2001:db8::9" : LOCAL_IP);
    c.at.local.port = 3478;
    return c;
}

/* Somebody in a call: opens its scope. */
static inline void client_in_call(struct client *c, struct world *w, const char *from,
                                  uint64_t scope)
{
    *c = client_at(w, from, NULL);
    turn_scopes_open(w->scopes, scope);
    turn_scope_credential(w->scope_key, scope, c->scope_name, c->scope_password);
    c->name = c->scope_name;
    c->password = c->scope_password;
}

struct request {
    struct stun_builder b;
    uint8_t mem[PACKET_MAX], txid[STUN_TXID];
};

static inline void request_again(struct request *r, unsigned method)
{
    stun_begin(&r->b, r->mem, sizeof r->mem, STUN_REQUEST, method, r->txid);
}

static inline void request_begin(struct request *r, struct client *c, unsigned method)
{
    memset(r->txid, 0, sizeof r->txid);
    set_u32(r->txid, ++c->w->txid);
    set_u32(r->txid + 8, (uint32_t)(c->at.peer.port + c->at.stream));
    request_again(r, method);
}

static inline void put_nonce(struct request *r, struct client *c)
{
    char nonce[STUN_NONCE_MAX + 1];
    size_t n = stun_auth_nonce(&c->w->conf.auth, c->w->now, &c->at.peer, nonce);
    stun_put(&r->b, STUN_NONCE, nonce, n);
}

/* Without memory that could fail in a test. */
static inline void key_of(const struct client *c, uint8_t md[MD5_SIZE], uint8_t sha[SHA256_SIZE])
{
    char text[200];
    int n = snprintf(text, sizeof text, "%s:" REALM ":%s", c->name, c->password);
    md5(text, (size_t)n, md);
    sha256(text, (size_t)n, sha);
}

static inline void put_auth(struct request *r, struct client *c)
{
    uint8_t md[MD5_SIZE], sha[SHA256_SIZE];
    static const uint8_t offered[8] = {0, 2, 0, 0, 0, 1, 0, 0}, chosen[4] = {0, 2, 0, 0};
    stun_put(&r->b, STUN_USERNAME, c->name, strlen(c->name));
    stun_put(&r->b, STUN_REALM, REALM, strlen(REALM));
    put_nonce(r, c);
    key_of(c, md, sha);
    if (c->sha256) {
        stun_put(&r->b, STUN_PASSWORD_ALGORITHMS, offered, sizeof offered);
        stun_put(&r->b, STUN_PASSWORD_ALGORITHM, chosen, sizeof chosen);
        stun_put_integrity_sha256(&r->b, sha, sizeof sha);
    } else {
        stun_put_integrity(&r->b, md, sizeof md);
    }
    if (c->fingerprint)
        stun_put_fingerprint(&r->b);
}

static inline enum turn_drop client_input(struct client *c, const uint8_t *p, size_t n)
{
    c->w->drop = turn_server_input(c->w->s, c->w->now, &c->at, p, n);
    return c->w->drop;
}

/* The code of an answer: 0 success, -1 none (or no answer to that). */
static inline int code_of(const struct sent *o, const uint8_t *txid, struct stun_msg *m)
{
    if (o->kind != TO_CLIENT || stun_parse(m, o->p, o->n) != STUN_OK ||
        memcmp(m->txid, txid, STUN_TXID) != 0)
        return -1;
    return m->cls == STUN_SUCCESS ? 0 : m->cls == STUN_ERROR ? (int)stun_get_error(m) : -1;
}

static inline int request_raw(struct request *r, struct client *c, struct stun_msg *m)
{
    unsigned before = c->w->nsent;
    size_t n = stun_end(&r->b);
    assert_true(n > 0);
    client_input(c, r->mem, n);
    return c->w->nsent == before ? -1 : code_of(last_sent(c->w, 0), r->txid, m);
}

/* Adds the credential and sends. An answer must have the integrity of the request. */
static inline int request_send(struct request *r, struct client *c, struct stun_msg *m)
{
    uint8_t md[MD5_SIZE], sha[SHA256_SIZE];
    put_auth(r, c);
    int code = request_raw(r, c, m);
    if (code < 0 || code == 401 || code == 438)
        return code;
    key_of(c, md, sha);
    assert_true(c->sha256 ? stun_check_sha256(m, sha, sizeof sha)
                          : stun_check_sha1(m, md, sizeof md));
    assert_int_equal(m->fingerprint, c->fingerprint);
    return code;
}

static inline void put_udp(struct request *r)
{
    stun_put_u32(&r->b, STUN_REQUESTED_TRANSPORT, 17u << 24);
}

static inline void put_family(struct request *r, unsigned type, unsigned family)
{
    stun_put_u32(&r->b, type, family << 24);
}

static inline struct addr relayed(const struct stun_msg *m)
{
    struct addr a = {0};
    const struct stun_attr *at = stun_find(m, STUN_XOR_RELAYED_ADDRESS);
    if (at != NULL)
        assert_true(stun_get_xaddr(m, at, &a));
    return a;
}

static inline uint32_t lifetime_in(const struct stun_msg *m)
{
    uint32_t v;
    const struct stun_attr *at = stun_find(m, STUN_LIFETIME);
    assert_non_null(at);
    assert_true(stun_get_u32(m, at, &v));
    return v;
}

/* A plain Allocate; relay (may be NULL) gets the relayed address. */
static inline int allocate(struct client *c, struct addr *relay)
{
    static struct request r;
    struct stun_msg m;
    request_begin(&r, c, STUN_ALLOCATE);
    put_udp(&r);
    int code = request_send(&r, c, &m);
    if (relay != NULL)
        *relay = code == 0 ? relayed(&m) : (struct addr){0};
    return code;
}

/* lifetime < 0: without the attribute. */
static inline int refresh(struct client *c, int64_t lifetime, uint32_t *got)
{
    static struct request r;
    struct stun_msg m;
    request_begin(&r, c, STUN_REFRESH);
    if (lifetime >= 0)
        stun_put_u32(&r.b, STUN_LIFETIME, (uint32_t)lifetime);
    int code = request_send(&r, c, &m);
    if (got != NULL)
        *got = code == 0 ? lifetime_in(&m) : 0;
    return code;
}

static inline int permit(struct client *c, const char *peer)
{
    static struct request r;
    struct stun_msg m;
    struct addr a = address(peer);
    request_begin(&r, c, STUN_CREATE_PERMISSION);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, &a);
    return request_send(&r, c, &m);
}

static inline int bind_to(struct client *c, unsigned number, const struct addr *peer)
{
    static struct request r;
    struct stun_msg m;
    request_begin(&r, c, STUN_CHANNEL_BIND);
    stun_put_u32(&r.b, STUN_CHANNEL_NUMBER, number << 16);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, peer);
    return request_send(&r, c, &m);
}

static inline int bind_channel(struct client *c, unsigned number, const char *peer)
{
    struct addr a = address(peer);
    return bind_to(c, number, &a);
}

static inline enum turn_drop send_to(struct client *c, const struct addr *peer, const void *p,
                                     size_t n)
{
    static struct request r;
    uint8_t txid[STUN_TXID] = {1};
    stun_begin(&r.b, r.mem, sizeof r.mem, STUN_INDICATION, STUN_SEND, txid);
    stun_put_xaddr(&r.b, STUN_XOR_PEER_ADDRESS, peer);
    stun_put(&r.b, STUN_DATA_ATTR, p, n);
    return client_input(c, r.mem, stun_end(&r.b));
}

static inline enum turn_drop send_ind(struct client *c, const char *peer, const char *text)
{
    struct addr a = address(peer);
    return send_to(c, &a, text, strlen(text));
}

static inline enum turn_drop channel_send(struct client *c, unsigned number, const void *p,
                                          size_t n)
{
    static uint8_t frame[PACKET_MAX];
    set_u16(frame, (uint16_t)number);
    set_u16(frame + 2, (uint16_t)n);
    memcpy(frame + 4, p, n);
    return client_input(c, frame, n + 4);
}

static inline enum turn_drop channel_text(struct client *c, unsigned number, const char *text)
{
    return channel_send(c, number, text, strlen(text));
}

/* ---- What came ---- */

static inline bool peer_got(struct world *w, const char *peer, const char *text)
{
    struct sent *o = last_sent(w, 0);
    struct addr a = address(peer);
    return o->kind == TO_PEER && addr_eq(&o->peer, &a) && o->n == strlen(text) &&
           memcmp(o->p, text, o->n) == 0;
}

static inline bool client_got_channel(struct client *c, unsigned number, const void *p, size_t n)
{
    struct sent *o = last_sent(c->w, 0);
    return o->kind == TO_CLIENT && memcmp(&o->client, &c->at, sizeof c->at) == 0 && o->n >= n + 4 &&
           get_u16(o->p) == number && get_u16(o->p + 2) == n && memcmp(o->p + 4, p, n) == 0;
}

static inline bool client_got_data(struct client *c, const struct addr *peer, const void *p,
                                   size_t n)
{
    struct sent *o = last_sent(c->w, 0);
    struct stun_msg m;
    struct addr a;
    if (o->kind != TO_CLIENT || memcmp(&o->client, &c->at, sizeof c->at) != 0 ||
        stun_parse(&m, o->p, o->n) != STUN_OK || m.cls != STUN_INDICATION || m.method != STUN_DATA)
        return false;
    const struct stun_attr *from = stun_find(&m, STUN_XOR_PEER_ADDRESS);
    const struct stun_attr *data = stun_find(&m, STUN_DATA_ATTR);
    return from != NULL && data != NULL && stun_get_xaddr(&m, from, &a) && addr_eq(&a, peer) &&
           data->len == n && memcmp(stun_value(&m, data), p, n) == 0;
}

/* A packet of a peer for an open relay. */
static inline enum turn_drop peer_sends(struct world *w, const struct addr *relay, const char *peer,
                                        const void *p, size_t n)
{
    struct turn_relay *r = w->relays[relay->family == 6][relay->port];
    struct addr from = address(peer);
    assert_non_null(r);
    w->drop = turn_server_peer(w->s, w->now, r, &from, p, n);
    return w->drop;
}

#endif
