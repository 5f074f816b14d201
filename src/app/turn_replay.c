/* The other half of app/turn_core.c: checkpoints, and a core that is fed from a recording. */
#include <stdio.h>
#include <string.h>

#include "app/turn_core_int.h"
#include "base/mem.h"
#include "base/version.h"

/* ---- the checkpoint ---- */

static void put_text(struct buf *b, struct str s)
{
    buf_u32(b, (uint32_t)s.n);
    buf_put_str(b, s);
}

static struct str get_text(struct rd *r)
{
    uint32_t n = rd_u32(r);
    return rd_str(r, n);
}

void turn_core_put(struct buf *b, const struct turn_core *c)
{
    struct turn_server_conf s;
    memcpy(&s, &c->conf.server, sizeof s);
    s.scopes = NULL;
    s.auth.users = (struct stun_auth_users){0};
    put_text(b, str_from(madang_version()));
    buf_u32(b, sizeof s);
    buf_put(b, &s, sizeof s);
    memzero(&s, sizeof s);
    buf_u64(b, (uint64_t)c->wall_offset_us);
    buf_put(b, c->conf.scope_key, sizeof c->conf.scope_key);
    buf_u32(b, c->conf.max_scopes);
    buf_u32(b, c->conf.n_users);
    put_text(b, c->conf.secrets[0]);
    put_text(b, c->conf.secrets[1]);
    for (unsigned i = 0; i < c->conf.n_users; i++)
        put_text(b, c->conf.users[i]);
}

bool turn_core_get(struct rd *r, struct turn_core *c)
{
    struct turn_core_conf *conf = &c->conf;
    if (!str_eq(get_text(r), str_from(madang_version())) || rd_u32(r) != sizeof conf->server ||
        !rd_copy(r, &conf->server, sizeof conf->server))
        return false;
    c->wall_offset_us = (int64_t)rd_u64(r);
    rd_copy(r, conf->scope_key, sizeof conf->scope_key);
    conf->max_scopes = rd_u32(r);
    conf->n_users = rd_u32(r);
    conf->secrets[0] = get_text(r);
    conf->secrets[1] = get_text(r);
    bool good = !r->bad && conf->n_users <= r->n;
    if (!good)
        conf->n_users = 0;
    struct str *users = xcalloc(conf->n_users + 1, sizeof *users);
    for (unsigned i = 0; i < conf->n_users; i++)
        users[i] = get_text(r);
    conf->users = users;
    turn_core_own_texts(c);
    xfree(users);
    return good && !r->bad;
}

/* ---- a core without a worker ---- */

enum { PORTS = 65536 };

struct turn_replay {
    struct turn_core core;
    struct turn_relay *open[2][PORTS]; /* by family and port */
    bool (*next)(void *ctx, struct rec_record *out);
    void *ctx;
    const char *wrong; /* what the recording did not go on with */
    bool made;
};

static struct turn_relay **place(struct turn_replay *t, const struct addr *at)
{
    return &t->open[at->family == 6][at->port];
}

static void to_client(void *ctx, const struct tuple *to, const struct datagram *d)
{
    (void)ctx, (void)to, (void)d; /* has been hashed */
}

static bool relay_open(void *ctx, struct turn_relay *r)
{
    struct turn_replay *t = ctx;
    struct rec_record answer;
    if (!t->next(t->ctx, &answer) || answer.kind != TURN_REC_OPENED || answer.data.n != 1) {
        t->wrong = "a relay was opened, of which the recording knows nothing";
        return false;
    }
    if (!answer.data.p[0])
        return false;
    *place(t, &r->at) = r;
    r->io = t;
    return true;
}

static void relay_close(void *ctx, struct turn_relay *r)
{
    *place(ctx, &r->at) = NULL;
    r->io = NULL;
}

static void to_peer(void *ctx, struct turn_relay *r, const struct addr *peer,
                    const struct datagram *d, unsigned flags)
{
    (void)ctx, (void)r, (void)peer, (void)d, (void)flags;
}

static void to_worker(void *ctx, unsigned worker, const struct addr *from, uint64_t scope,
                      const struct addr *to, const struct datagram *d)
{
    (void)ctx, (void)worker, (void)from, (void)scope, (void)to, (void)d;
}

static void to_owner(void *ctx, unsigned worker, const struct tuple *from, const uint8_t *p,
                     size_t n)
{
    (void)ctx, (void)worker, (void)from, (void)p, (void)n;
}

static void to_media(void *ctx, const struct addr *from, const struct addr *to,
                     const struct datagram *d)
{
    (void)ctx, (void)from, (void)to, (void)d;
}

struct turn_replay *turn_replay_new(bool (*next)(void *ctx, struct rec_record *out), void *ctx)
{
    struct turn_replay *t = xcalloc(1, sizeof *t);
    t->next = next;
    t->ctx = ctx;
    t->core.hashing = true;
    t->core.ops = (struct turn_ops){t,       to_client, relay_open, relay_close,
                                    to_peer, to_worker, to_owner,   to_media};
    return t;
}

void turn_replay_free(struct turn_replay *t)
{
    if (!t)
        return;
    turn_core_tear(&t->core, true);
    memzero(&t->core, sizeof t->core);
    xfree(t);
}

static bool start(struct turn_replay *t, const struct rec_record *r)
{
    struct rd rd = rd_of(r->data.p, r->data.n);
    char why[200];
    turn_core_tear(&t->core, true);
    t->core.hash = (struct rec_hash){0};
    t->made = turn_core_get(&rd, &t->core) && turn_core_build(&t->core, r->time, why, sizeof why);
    return t->made;
}

/* ---- feeding ---- */

static void feed_client(struct turn_core *c, int64_t now, struct rd *rd)
{
    struct tuple from;
    if (rd_copy(rd, &from, sizeof from))
        turn_core_verdict(c, turn_server_input(c->server, now, &from, rd->p, rd->n));
}

static void feed_peer(struct turn_replay *t, int64_t now, struct rd *rd)
{
    struct turn_rec_peer head;
    if (!rd_copy(rd, &head, sizeof head))
        return;
    struct turn_relay *r = *place(t, &head.at);
    if (r)
        turn_core_verdict(&t->core,
                          turn_server_peer(t->core.server, now, r, &head.from, rd->p, rd->n));
    else
        t->wrong = "a packet came for a relay that is not open";
}

static void feed_foreign(struct turn_core *c, int64_t now, struct rd *rd)
{
    struct turn_rec_foreign f;
    if (rd_copy(rd, &f, sizeof f))
        turn_core_verdict(
            c, turn_server_foreign(c->server, now, &f.from, f.scope, &f.to, rd->p, rd->n));
}

static void feed_icmp(struct turn_replay *t, int64_t now, struct rd *rd)
{
    struct turn_rec_icmp m;
    struct turn_relay *r = rd_copy(rd, &m, sizeof m) ? *place(t, &m.at) : NULL;
    if (r)
        turn_server_icmp(t->core.server, now, r, &m.peer, (uint8_t)m.type, (uint8_t)m.code, m.data);
    else
        t->wrong = "an ICMP error came for a relay that is not open";
}

static void feed_hangup(struct turn_core *c, int64_t now, struct rd *rd)
{
    struct tuple who;
    if (rd_copy(rd, &who, sizeof who))
        turn_server_hangup(c->server, now, &who);
}

static void feed(struct turn_replay *t, const struct rec_record *r)
{
    struct turn_core *c = &t->core;
    struct rd rd = rd_of(r->data.p, r->data.n);
    switch (r->kind) {
    case TURN_REC_CLIENT: feed_client(c, r->time, &rd); break;
    case TURN_REC_PEER: feed_peer(t, r->time, &rd); break;
    case TURN_REC_FOREIGN: feed_foreign(c, r->time, &rd); break;
    case TURN_REC_ICMP: feed_icmp(t, r->time, &rd); break;
    case TURN_REC_HANGUP: feed_hangup(c, r->time, &rd); break;
    case TURN_REC_TICK: turn_server_tick(c->server, r->time); break;
    case TURN_REC_WALL: turn_server_wall(c->server, (int64_t)rd_u64(&rd)); break;
    case TURN_REC_DRAIN: turn_server_drain(c->server); break;
    case TURN_REC_LETTER: {
        uint32_t kind = rd_u32(&rd);
        turn_core_replay_letter(c, r->time, kind, rd.p, rd.n);
        break;
    }
    default: t->wrong = "a relay was opened there, but not now";
    }
    if (rd.bad)
        t->wrong = "it is not whole";
}

bool turn_replay_feed(struct turn_replay *t, const struct rec_record *r, char *why, size_t why_n)
{
    t->wrong = NULL;
    if (r->kind == REC_OUTPUT)
        return rec_expect(r, &t->core.hash, why, why_n);
    if (r->kind == REC_CHECKPOINT) {
        if (!rec_expect_none(r, &t->core.hash, why, why_n))
            return false;
        if (!start(t, r))
            t->wrong = "a checkpoint of another version";
    } else if (r->kind >= REC_INPUT && t->made) {
        feed(t, r);
    } else if (r->kind >= REC_INPUT) {
        t->wrong = "there is no TURN server to feed it to";
    }
    if (t->wrong)
        snprintf(why, why_n, "record %llu (core %u): %s", (unsigned long long)r->number, r->core,
                 t->wrong);
    return !t->wrong;
}
