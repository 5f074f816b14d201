#include <stdio.h>
#include <string.h>

#include "app/turn_core_int.h"
#include "app/turn_metrics.h"
#include "base/mem.h"
#include "base/util.h"
#include "msg/media_msg.h"

enum { ANEW_AFTER = REC_SIZE_MIN / 4, QUIET_US = 60000000, HEAD = sizeof(struct letter) };

/* ---- outputs on their way to the worker ---- */

static void hash_datagram(struct turn_core *c, const struct datagram *d)
{
    rec_hash_add(&c->hash, d->pad, d->head, d->nhead);
    rec_hash_add(&c->hash, d->ndata, d->data, d->ndata);
}

static void to_client(void *ctx, const struct tuple *to, const struct datagram *d)
{
    struct turn_core *c = ctx;
    rec_hash_add(&c->hash, TURN_OUT_CLIENT, to, sizeof *to);
    hash_datagram(c, d);
    c->ops.to_client(c->ops.ctx, to, d);
}

static bool relay_open(void *ctx, struct turn_relay *r)
{
    struct turn_core *c = ctx;
    bool opened = c->ops.relay_open(c->ops.ctx, r);
    uint8_t byte = opened;
    rec_hash_add(&c->hash, TURN_OUT_OPEN, &r->at, sizeof r->at);
    rec_put(c->rec, TURN_REC_OPENED, c->id, c->last_us, &byte, 1);
    return opened;
}

static void relay_close(void *ctx, struct turn_relay *r)
{
    struct turn_core *c = ctx;
    rec_hash_add(&c->hash, TURN_OUT_CLOSE, &r->at, sizeof r->at);
    c->ops.relay_close(c->ops.ctx, r);
}

static void to_peer(void *ctx, struct turn_relay *r, const struct addr *peer,
                    const struct datagram *d, unsigned flags)
{
    struct turn_core *c = ctx;
    struct addr both[2] = {r->at, *peer};
    rec_hash_add(&c->hash, TURN_OUT_PEER + (flags << 8), both, sizeof both);
    hash_datagram(c, d);
    c->ops.to_peer(c->ops.ctx, r, peer, d, flags);
}

static void to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d)
{
    struct turn_core *c = ctx;
    struct turn_rec_foreign f = {*from, *to, scope};
    rec_hash_add(&c->hash, TURN_OUT_WORKER + (worker << 8), &f, sizeof f);
    hash_datagram(c, d);
    c->ops.to_worker(c->ops.ctx, worker, from, scope, to, d);
}

static void to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n)
{
    struct turn_core *c = ctx;
    rec_hash_add(&c->hash, TURN_OUT_OWNER + (worker << 8), from, sizeof *from);
    rec_hash_add(&c->hash, 0, p, n);
    c->ops.to_owner(c->ops.ctx, worker, from, p, n);
}

static void to_media(void *ctx, const struct addr *from, const struct addr *to,
                     const struct datagram *d)
{
    struct turn_core *c = ctx;
    struct addr both[2] = {*from, *to};
    rec_hash_add(&c->hash, TURN_OUT_MEDIA, both, sizeof both);
    hash_datagram(c, d);
    c->ops.to_media(c->ops.ctx, from, to, d);
}

/* ---- making ---- */

/* The server keeps this, not the table: a new table may take its place. */
static bool find_user(void *ctx, const struct stun_auth_query *q, struct stun_user *out)
{
    return turn_users_find(((struct turn_core *)ctx)->users, q, out);
}

static unsigned offer(void *ctx)
{
    return turn_users_features(((struct turn_core *)ctx)->users);
}

static bool scope_open(void *ctx, uint64_t scope)
{
    return turn_scopes_is_open(((struct turn_core *)ctx)->scopes, scope);
}

/* NULL with a sentence in why. */
static struct turn_users *make_users(struct turn_core *c, const struct str secrets[2],
                                     const struct str *users, unsigned n, char *why, size_t why_n)
{
    struct turn_users_conf conf = {
        .secrets = {secrets[0], secrets[1]},
        .hash = c->conf.server.hash,
        .max_users = n,
        .scope_open = c->scopes ? scope_open : NULL,
        .ctx = c,
    };
    memcpy(conf.realm, c->conf.server.auth.realm, sizeof conf.realm);
    memcpy(conf.scope_key, c->conf.scope_key, sizeof conf.scope_key);
    struct turn_users *u = turn_users_new(&conf);
    memzero(&conf, sizeof conf);
    for (unsigned i = 0; i < n; i++) {
        if (!turn_users_add(u, users[i], why, why_n)) {
            turn_users_free(u);
            return NULL;
        }
    }
    return u;
}

bool turn_core_build(struct turn_core *c, int64_t now_us, char *why, size_t why_n)
{
    struct turn_server_conf *s = &c->conf.server;
    static const struct turn_ops hashed = {NULL,    to_client, relay_open, relay_close,
                                           to_peer, to_worker, to_owner,   to_media};
    struct turn_ops ops = c->hashing ? hashed : c->ops;
    if (c->hashing)
        ops.ctx = c;
    c->scopes = c->conf.max_scopes ? turn_scopes_new(&s->hash, c->conf.max_scopes) : NULL;
    c->users = make_users(c, c->conf.secrets, c->conf.users, c->conf.n_users, why, why_n);
    if (!c->users)
        return false;
    s->scopes = c->scopes;
    s->auth.users = (struct stun_auth_users){c, find_user, offer};
    c->server = turn_server_new(s, &ops, now_us, c->wall_offset_us);
    return true;
}

void turn_core_tear(struct turn_core *c, bool texts)
{
    if (c->server)
        turn_server_free(c->server);
    if (c->users)
        turn_users_free(c->users);
    if (c->scopes)
        turn_scopes_free(c->scopes);
    c->server = NULL;
    c->users = NULL;
    c->scopes = NULL;
    if (!texts)
        return;
    struct str *users = (struct str *)c->conf.users;
    for (unsigned i = 0; i < 2 + c->conf.n_users; i++) {
        struct str s = i < 2 ? c->conf.secrets[i] : users[i - 2];
        if (s.n)
            memzero((void *)s.p, s.n);
        xfree((void *)s.p);
    }
    xfree(users);
    c->conf.users = NULL;
    c->conf.n_users = 0;
    c->conf.secrets[0] = c->conf.secrets[1] = STR_NONE;
}

void turn_core_own_texts(struct turn_core *c)
{
    struct str *users = xcalloc(c->conf.n_users + 1, sizeof *users);
    for (unsigned i = 0; i < c->conf.n_users; i++)
        users[i] = str_of(str_dup(c->conf.users[i]), c->conf.users[i].n);
    c->conf.users = users;
    for (unsigned i = 0; i < 2; i++)
        c->conf.secrets[i] = str_of(str_dup(c->conf.secrets[i]), c->conf.secrets[i].n);
}

static void checkpoint(struct turn_core *c, int64_t now_us)
{
    struct buf b;
    if (!c->rec)
        return;
    buf_init(&b, REC_DATA_MAX);
    turn_core_put(&b, c);
    rec_checkpoint(c->rec, c->id, now_us, buf_data(&b), b.failed ? REC_DATA_MAX + 1 : buf_len(&b));
    memzero((void *)(uintptr_t)buf_data(&b), buf_len(&b));
    buf_free(&b);
    c->recorded = 0;
}

struct turn_core *turn_core_new(const struct turn_core_conf *conf, const struct turn_ops *ops,
                                struct rec *rec, int64_t now_us, int64_t wall_offset_us, char *why,
                                size_t why_n)
{
    struct turn_core *c = xcalloc(1, sizeof *c);
    memcpy(&c->conf, conf, sizeof c->conf); /* with its padding: it is written as bytes */
    turn_core_own_texts(c);
    c->ops = *ops;
    c->id = (uint16_t)(TURN_CORE_FIRST + conf->server.worker);
    c->rec = c->id <= TURN_CORE_LAST ? rec : NULL;
    c->hashing = c->rec != NULL;
    c->wall_offset_us = wall_offset_us;
    c->last_us = now_us;
    if (!turn_core_build(c, now_us, why, why_n)) {
        turn_core_free(c);
        return NULL;
    }
    checkpoint(c, now_us);
    return c;
}

void turn_core_free(struct turn_core *c)
{
    if (!c)
        return;
    turn_core_tear(c, true);
    rec_core_end(c->rec, c->id);
    memzero(c, sizeof *c);
    xfree(c);
}

/* ---- recording ---- */

/* A ring that is full goes on after the next checkpoint. After a pause nothing that clients did
 * before matters any more, and the server can be made anew, which can be replayed from there. */
static void begin_anew(struct turn_core *c, int64_t now_us)
{
    const struct turn_stats *s = turn_server_stats(c->server);
    char why[200];
    if (c->draining || c->recorded < ANEW_AFTER || now_us - c->last_us < QUIET_US ||
        s->allocations + s->reservations > 0 || (c->scopes && turn_scopes_count(c->scopes) > 0))
        return;
    rec_put_hash(c->rec, c->id, now_us, &c->hash);
    turn_stats_add(&c->before, s);
    turn_core_tear(c, false);
    random_bytes(c->conf.server.seed, sizeof c->conf.server.seed);
    turn_core_build(c, now_us, why, sizeof why); /* it has been built of this before */
    checkpoint(c, now_us);
}

static void put(struct turn_core *c, int64_t now_us, enum turn_record kind, const void *head,
                size_t nhead, const void *p, size_t n)
{
    c->told = false;
    if (!c->rec)
        return;
    begin_anew(c, now_us);
    c->last_us = now_us;
    c->recorded += nhead + n;
    rec_put2(c->rec, (uint16_t)kind, c->id, now_us, head, nhead, p, n);
}

void turn_core_verdict(struct turn_core *c, enum turn_drop v)
{
    uint8_t byte = (uint8_t)v;
    if (c->hashing)
        rec_hash_add(&c->hash, TURN_OUT_VERDICT, &byte, 1);
}

/* ---- inputs ---- */

enum turn_drop turn_core_input(struct turn_core *c, int64_t now_us, const struct tuple *from,
                               const uint8_t *p, size_t n)
{
    put(c, now_us, TURN_REC_CLIENT, from, sizeof *from, p, n);
    enum turn_drop v = turn_server_input(c->server, now_us, from, p, n);
    turn_core_verdict(c, v);
    return v;
}

enum turn_drop turn_core_peer(struct turn_core *c, int64_t now_us, struct turn_relay *r,
                              const struct addr *from, const uint8_t *p, size_t n)
{
    struct turn_rec_peer head = {r->at, *from};
    put(c, now_us, TURN_REC_PEER, &head, sizeof head, p, n);
    enum turn_drop v = turn_server_peer(c->server, now_us, r, from, p, n);
    turn_core_verdict(c, v);
    return v;
}

enum turn_drop turn_core_foreign(struct turn_core *c, int64_t now_us, const struct addr *from,
                                 uint64_t scope, const struct addr *to, const uint8_t *p, size_t n)
{
    struct turn_rec_foreign head = {*from, *to, scope};
    put(c, now_us, TURN_REC_FOREIGN, &head, sizeof head, p, n);
    enum turn_drop v = turn_server_foreign(c->server, now_us, from, scope, to, p, n);
    turn_core_verdict(c, v);
    return v;
}

void turn_core_icmp(struct turn_core *c, int64_t now_us, struct turn_relay *r,
                    const struct addr *peer, uint8_t type, uint8_t code, uint32_t data)
{
    struct turn_rec_icmp head = {r->at, *peer, type, code, data};
    put(c, now_us, TURN_REC_ICMP, &head, sizeof head, NULL, 0);
    turn_server_icmp(c->server, now_us, r, peer, type, code, data);
}

void turn_core_hangup(struct turn_core *c, int64_t now_us, const struct tuple *who)
{
    put(c, now_us, TURN_REC_HANGUP, who, sizeof *who, NULL, 0);
    turn_server_hangup(c->server, now_us, who);
}

bool turn_core_knows(const struct turn_core *c, const struct tuple *who)
{
    return turn_server_knows(c->server, who);
}

void turn_core_tick(struct turn_core *c, int64_t now_us)
{
    put(c, now_us, TURN_REC_TICK, NULL, 0, NULL, 0);
    turn_server_tick(c->server, now_us);
}

int64_t turn_core_deadline(const struct turn_core *c)
{
    return turn_server_deadline(c->server);
}

void turn_core_wall(struct turn_core *c, int64_t now_us, int64_t wall_offset_us)
{
    uint8_t b[8];
    set_u64(b, (uint64_t)wall_offset_us);
    put(c, now_us, TURN_REC_WALL, b, sizeof b, NULL, 0);
    c->wall_offset_us = wall_offset_us;
    turn_server_wall(c->server, wall_offset_us);
}

void turn_core_drain(struct turn_core *c, int64_t now_us)
{
    put(c, now_us, TURN_REC_DRAIN, NULL, 0, NULL, 0);
    c->draining = true;
    turn_server_drain(c->server);
}

void turn_core_dump(const struct turn_core *c, int64_t now_us, struct buf *out, unsigned max)
{
    turn_server_dump(c->server, now_us, out, max);
}

/* ---- letters ---- */

/* The texts of the letter, borrowed; false: they are not whole. conf->users is to be freed. */
static bool read_users(struct turn_core_conf *conf, const struct media_users *m)
{
    struct str *users = xcalloc(m->users + 1, sizeof *users);
    struct str rest = str_of(m->text, m->len), one;
    bool whole = m->secrets <= 2 && m->users <= m->len;
    conf->users = users;
    conf->n_users = whole ? m->users : 0;
    conf->secrets[0] = conf->secrets[1] = STR_NONE;
    for (unsigned i = 0; whole && i < m->secrets + m->users; i++) {
        whole = str_split_once(rest, '\0', &one, &rest);
        if (i < m->secrets)
            conf->secrets[i] = one;
        else
            users[i - m->secrets] = one;
    }
    return whole;
}

static void take_users(struct turn_core *c, const struct media_users *m)
{
    struct turn_core fresh = {.conf = c->conf};
    char why[200];
    bool whole = read_users(&fresh.conf, m);
    struct str *borrowed = (struct str *)fresh.conf.users;
    struct turn_users *table =
        whole ? make_users(c, fresh.conf.secrets, borrowed, fresh.conf.n_users, why, sizeof why)
              : NULL;
    if (table) {
        struct turn_core old = {.conf = c->conf, .users = c->users};
        turn_core_own_texts(&fresh);
        c->users = table;
        c->conf = fresh.conf;
        turn_core_tear(&old, true);
    }
    xfree(borrowed);
}

static void take_own(struct turn_core *c, const struct media_own *m)
{
    struct turn_policy *p = &c->conf.server.policy; /* for the next checkpoint */
    p->nown = MIN_OF(m->nown, ARRAY_LEN(p->own));
    p->nlan = MIN_OF(m->nlan, ARRAY_LEN(p->lan));
    memcpy(p->own, m->own, p->nown * sizeof *p->own);
    memcpy(p->lan, m->lan, p->nlan * sizeof *p->lan);
    turn_server_own(c->server, p->own, p->nown, p->lan, p->nlan);
}

static void take_scope(struct turn_core *c, int64_t now_us, uint32_t kind,
                       const struct media_scope *m)
{
    uint32_t pwd = MIN_OF(m->pwd_len, (uint32_t)MEDIA_SCOPE_PWD);
    if (!c->scopes)
        return;
    switch (kind) {
    case MEDIA_SCOPE_OPEN: turn_scopes_open(c->scopes, m->scope); break;
    case MEDIA_SCOPE_PARTY:
        turn_scopes_party(c->scopes, m->scope, m->party, str_of(m->pwd, pwd), m->addrs,
                          MIN_OF(m->naddrs, (uint32_t)MEDIA_SCOPE_ADDRS));
        break;
    case MEDIA_PARTY_DROP:
        turn_scopes_drop_party(c->scopes, m->scope, m->party);
        turn_server_party_dropped(c->server, now_us, m->scope, m->party);
        break;
    default:
        turn_scopes_close(c->scopes, m->scope);
        turn_server_scope_closed(c->server, now_us, m->scope);
    }
}

static bool is_scope(uint32_t kind)
{
    return kind == MEDIA_SCOPE_OPEN || kind == MEDIA_SCOPE_PARTY || kind == MEDIA_PARTY_DROP ||
           kind == MEDIA_SCOPE_CLOSE;
}

/* How long such a letter is; 0: it is none of ours. */
static size_t size_of(const struct letter *l)
{
    if (l->kind == MEDIA_OWN_ADDRS)
        return sizeof(struct media_own);
    if (l->kind == MEDIA_USERS)
        return sizeof(struct media_users) + container_of(l, struct media_users, letter)->len;
    return is_scope(l->kind) ? media_scope_size(container_of(l, struct media_scope, letter)) : 0;
}

static void do_letter(struct turn_core *c, int64_t now_us, const struct letter *l)
{
    switch (l->kind) {
    case MEDIA_OWN_ADDRS: take_own(c, container_of(l, struct media_own, letter)); break;
    case MEDIA_USERS: take_users(c, container_of(l, struct media_users, letter)); break;
    default: take_scope(c, now_us, l->kind, container_of(l, struct media_scope, letter));
    }
}

void turn_core_replay_letter(struct turn_core *c, int64_t now_us, uint32_t kind,
                             const uint8_t *body, size_t n)
{
    size_t room = MAX_OF(sizeof(struct media_own), sizeof(struct media_scope));
    struct letter *l = xcalloc(1, MAX_OF(room, HEAD + n));
    memcpy((uint8_t *)l + HEAD, body, n);
    l->kind = kind;
    if (size_of(l) == HEAD + n)
        do_letter(c, now_us, l);
    memzero(l, HEAD + n);
    xfree(l);
}

bool turn_core_letter(struct turn_core *c, int64_t now_us, const struct letter *l)
{
    uint8_t kind[4];
    size_t size = size_of(l);
    if (size == 0)
        return false;
    set_u32(kind, l->kind);
    put(c, now_us, TURN_REC_LETTER, kind, sizeof kind, (const uint8_t *)l + HEAD, size - HEAD);
    do_letter(c, now_us, l);
    return true;
}

/* ---- what was counted ---- */

void turn_core_round(struct turn_core *c, int64_t now_us)
{
    uint64_t words[TURN_STATS_WORDS];
    if (c->told)
        return;
    c->told = true;
    if (c->rec)
        rec_put_hash(c->rec, c->id, now_us, &c->hash);
    struct turn_stats s = c->before;
    turn_stats_add(&s, turn_server_stats(c->server));
    memcpy(words, &s, sizeof words);
    for (unsigned i = 0; i < TURN_STATS_WORDS; i++)
        atomic_store_explicit(&c->visible[i], words[i], memory_order_relaxed);
}

void turn_core_stats(const struct turn_core *c, struct turn_stats *sum)
{
    uint64_t words[TURN_STATS_WORDS] = {0};
    struct turn_stats s;
    for (unsigned i = 0; i < TURN_STATS_WORDS; i++)
        words[i] = atomic_load_explicit(&c->visible[i], memory_order_relaxed);
    memcpy(&s, words, sizeof s);
    turn_stats_add(sum, &s);
}
