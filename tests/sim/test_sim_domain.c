/* A crowd on virtual time: bots that do what people, bad networks and slow helpers do, in random
 * order, against the real policy and store. Each bot believes only what it is told; at quiet moments
 * what the bots believe must be what is. SIM_SEED=N runs one seed, SIM_RUNS=N as many as wanted. A run
 * that fails leaves artifacts/sim_domain-SEED.log with every input, and the same seed fails again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "domain/domain.h"
#include "edge/store/mem_store.h"
#include "unit/scope_watch.h"

enum { BOTS = 24, ROOMS = 16, PEOPLE = 32, WAITING = 64, STEPS = 4000, LIST = 64 };

struct seen_room { /* a room as one bot believes it to be */
    uint64_t id, owner, scope;
    uint64_t people[PEOPLE];
    uint32_t n;
    int64_t last_seq;
};

struct waiting {
    int64_t id;
    enum cmd_type type;
    uint64_t room;
};

struct bot {
    uint64_t conn, session;
    bool acked; /* hello is answered */
    bool away;
    char token[32];
    int64_t next_id;
    struct seen_room rooms[ROOMS];
    uint32_t n_rooms;
    struct waiting waiting[WAITING];
    uint32_t n_waiting;
    char ticket[1024];
    size_t ticket_n;
    uint64_t ticket_room;
    bool watching;
    uint64_t list[LIST];
    uint32_t list_count[LIST];
    uint32_t n_list;
    uint32_t got[BOTS]; /* number of the last description from each other bot */
};

struct sim {
    struct domain_config cfg;
    struct domain *d;
    struct mem_store *ms;
    struct rng rng;
    int64_t now, wall;
    uint64_t next_conn, hash;
    uint32_t next_desc;
    struct bot bots[BOTS];
    struct password_job jobs[64];
    uint32_t n_jobs;
    struct db_request dbs[128]; /* is there a room that stays of that id? There is none */
    uint32_t n_dbs;
    uint64_t known[LIST]; /* room ids that exist or existed */
    uint32_t n_known;
    struct scope_watch scopes;
    FILE *log;
};

static uint64_t below(struct sim *s, uint64_t n)
{
    return rng_below(&s->rng, n);
}

static void mix(struct sim *s, uint64_t v)
{
    s->hash = (s->hash ^ v) * 0x100000001b3ULL;
}

static struct bot *bot_of(struct sim *s, uint64_t session)
{
    for (int i = 0; i < BOTS; i++)
        if (session && s->bots[i].session == session)
            return &s->bots[i];
    return NULL;
}

static struct seen_room *seen(struct bot *b, uint64_t room)
{
    for (uint32_t i = 0; i < b->n_rooms; i++)
        if (b->rooms[i].id == room)
            return &b->rooms[i];
    return NULL;
}

static int person_at(const struct seen_room *r, uint64_t session)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->people[i] == session)
            return (int)i;
    return -1;
}

static void forget_room(struct bot *b, uint64_t room)
{
    struct seen_room *r = seen(b, room);
    assert_non_null(r);
    *r = b->rooms[--b->n_rooms];
}

/* ---- what bots are told ---- */

static void told_joined(struct sim *s, struct bot *b, const struct joined_view *j)
{
    struct seen_room *r = seen(b, j->room.id);
    assert_true(j->self == b->session);
    if (!r) {
        assert_true(b->n_rooms < ROOMS);
        r = &b->rooms[b->n_rooms++];
    }
    *r = (struct seen_room){.id = j->room.id, .owner = j->room.owner, .scope = j->relay.scope};
    assert_true(watch_number(&s->scopes, r->scope) > 0);
    assert_int_equal(j->room.count, j->n_people);
    for (size_t i = 0; i < j->n_people; i++)
        r->people[r->n++] = j->people[i].session;
    assert_true(person_at(r, b->session) >= 0);
    for (size_t i = 1; i < j->n_history; i++)
        assert_true(j->history[i].seq == j->history[i - 1].seq + 1);
    r->last_seq = j->n_history ? j->history[j->n_history - 1].seq : -1; /* forgotten, or none */
    assert_true(j->ticket.n < sizeof b->ticket);
    memcpy(b->ticket, j->ticket.p, j->ticket.n);
    b->ticket_n = j->ticket.n;
    b->ticket_room = j->room.id;
    if (s->n_known < LIST)
        s->known[s->n_known++] = j->room.id;
    else
        s->known[below(s, LIST)] = j->room.id;
}

static void list_set(struct bot *b, const struct room_view *v)
{
    uint32_t i = 0;
    while (i < b->n_list && b->list[i] != v->id)
        i++;
    assert_true(i < LIST);
    if (i == b->n_list)
        b->n_list++;
    b->list[i] = v->id;
    b->list_count[i] = v->count;
}

static void told_rooms(struct bot *b, const struct rooms_view *v)
{
    for (size_t k = 0; k < v->n_gone; k++)
        for (uint32_t i = 0; i < b->n_list; i++)
            if (b->list[i] == v->gone[k]) {
                b->list[i] = b->list[--b->n_list];
                b->list_count[i] = b->list_count[b->n_list];
                break;
            }
    for (size_t k = 0; k < v->n_changed; k++)
        list_set(b, &v->changed[k]);
    assert_true(v->total <= LIST);
}

static struct waiting answered(struct bot *b, int64_t id)
{
    for (uint32_t i = 0; i < b->n_waiting; i++)
        if (b->waiting[i].id == id) {
            struct waiting w = b->waiting[i];
            b->waiting[i] = b->waiting[--b->n_waiting];
            return w;
        }
    fail_msg("an answer that nobody waits for: %lld", (long long)id);
    return (struct waiting){0};
}

static void told_ack(struct sim *s, struct bot *b, int64_t id, const struct event *e)
{
    struct waiting w = answered(b, id);
    if (e->type == RESULT_HELLO) {
        assert_true(str_copy(e->u.hello.token, b->token, sizeof b->token));
        b->acked = true;
        if (e->u.hello.joined)
            told_joined(s, b, e->u.hello.joined);
    } else if (e->type == RESULT_JOINED) {
        told_joined(s, b, e->u.joined);
    } else if (e->type == RESULT_WATCH) {
        b->watching = true;
        b->n_list = 0;
        for (size_t i = 0; i < e->u.rooms.n_changed; i++)
            list_set(b, &e->u.rooms.changed[i]);
    } else if (w.type == CMD_LEAVE) {
        forget_room(b, w.room);
    }
    assert_true(b->acked); /* hello's is the first */
}

static void told_desc(struct sim *s, struct bot *b, const struct event *e)
{
    struct bot *from = bot_of(s, e->from);
    uint32_t n;
    assert_true(from != b && e->u.relay.body.n == sizeof n);
    assert_true(person_at(seen(b, e->room), e->from) >= 0);
    memcpy(&n, e->u.relay.body.p, sizeof n);
    assert_true(n > b->got[from - s->bots]); /* in order (some are refused by the rate) */
    b->got[from - s->bots] = n;
    if (e->u.relay.scan) { /* the relays of b know of it just before */
        assert_true(s->scopes.latest.scope == seen(b, e->room)->scope);
        assert_true(s->scopes.latest.party == seen(from, e->room)->scope);
    }
}

static void told_left(struct bot *b, const struct event *e)
{
    struct seen_room *r = seen(b, e->room);
    assert_non_null(r);
    if (e->from == b->session) {
        assert_true(e->u.left.reason == LEFT_REMOVED || e->u.left.reason == LEFT_MERGED);
        forget_room(b, e->room);
        return;
    }
    int at = person_at(r, e->from);
    assert_true(at >= 0);
    r->people[at] = r->people[--r->n];
    assert_int_equal(r->n, e->u.left.count);
}

static void told_entered(struct bot *b, const struct event *e)
{
    struct seen_room *r = seen(b, e->room);
    assert_non_null(r);
    assert_int_equal(person_at(r, e->u.entered.person.session), -1);
    assert_true(r->n < PEOPLE);
    r->people[r->n++] = e->u.entered.person.session;
}

static void told(struct sim *s, struct bot *b, const struct event *e)
{
    struct seen_room *r = e->room ? seen(b, e->room) : NULL;
    assert_true(b->acked);
    if (e->room)
        assert_non_null(r);
    switch ((int)e->type) {
    case EVENT_ENTERED: told_entered(b, e); break;
    case EVENT_LEFT: told_left(b, e); break;
    case EVENT_PARTICIPANT: assert_true(person_at(r, e->u.participant.session) >= 0); break;
    case EVENT_ROOM_CHANGED:
        assert_true(e->u.room.owner == 0 || person_at(r, e->u.room.owner) >= 0);
        r->owner = e->u.room.owner;
        break;
    case EVENT_MERGED:
        forget_room(b, e->u.merged.from);
        told_joined(s, b, e->u.merged.joined);
        break;
    case EVENT_ROOMS: told_rooms(b, &e->u.rooms); break;
    case EVENT_CHAT:
        assert_true(r->last_seq < 0 || e->u.chat.seq == r->last_seq + 1);
        r->last_seq = e->u.chat.seq;
        break;
    case EVENT_WHISPER: assert_true(person_at(r, e->from) >= 0); break;
    case EVENT_TYPING: assert_true(!b->away && person_at(r, e->from) >= 0); break;
    case EVENT_DESC: told_desc(s, b, e); break;
    default: break;
    }
}

static void sink(void *arg, const struct effect *e)
{
    struct sim *s = arg;
    struct bot *b = bot_of(s, e->session.id);
    mix(s, (uint64_t)e->type << 56 ^ e->session.id ^ (uint64_t)e->id ^ e->n_to);
    watch_effect(&s->scopes, e);
    switch (e->type) {
    case EFFECT_SESSION_OPENED:
        for (int i = 0; i < BOTS; i++)
            if (s->bots[i].conn == e->conn)
                s->bots[i].session = e->session.id;
        break;
    case EFFECT_SESSION_BOUND: b->away = false; break;
    case EFFECT_SESSION_ENDED:
        assert_non_null(b);
        memset(b, 0, sizeof *b);
        break;
    case EFFECT_SEND:
        for (size_t i = 0; i < e->n_to; i++) {
            b = bot_of(s, e->to[i].id);
            assert_non_null(b);
            mix(s, e->to[i].id ^ (uint64_t)e->event->type);
            told(s, b, e->event);
        }
        break;
    case EFFECT_ACK:
        assert_non_null(b);
        told_ack(s, b, e->id, e->event);
        break;
    case EFFECT_ERROR:
        if (b)
            answered(b, e->id);
        else
            for (int i = 0; i < BOTS; i++) /* hello or resume was refused */
                if (s->bots[i].conn == e->conn && !s->bots[i].session)
                    memset(&s->bots[i], 0, sizeof s->bots[i]);
        break;
    case EFFECT_STORE: mem_store_request(s->ms, e->store); break;
    case EFFECT_PASSWORD:
        assert_true(s->n_jobs < 64);
        s->jobs[s->n_jobs++] = *e->password;
        break;
    case EFFECT_DB:
        assert_true(e->db->proc == DB_CONV_GET || e->db->proc == DB_CONV_MEMBERS);
        assert_true(s->n_dbs < ARRAY_LEN(s->dbs));
        s->dbs[s->n_dbs++] = *e->db;
        break;
    case EFFECT_GROUP: fail_msg("there are no groups"); break;
    case EFFECT_PUSH: fail_msg("nobody pushes to guests"); break;
    case EFFECT_DISK: fail_msg("guests have no files"); break;
    case EFFECT_HTTP_FILE:
    case EFFECT_HTTP: fail_msg("nobody calls"); break;
    case EFFECT_RELAY: mix(s, e->relay->scope ^ e->relay->party ^ (uint64_t)e->relay->kind); break;
    }
}

/* ---- what bots do ---- */

static void give(struct sim *s, struct bot *b, struct cmd *c)
{
    c->session = b->session;
    c->conn = b->conn;
    if (c->type == CMD_HELLO || (c->type > CMD_BYE && c->type < CMD_WIRE_COUNT &&
                                 c->type != CMD_TYPING && c->type != CMD_RESUME)) {
        c->id = ++b->next_id;
        assert_true(b->n_waiting < WAITING);
        b->waiting[b->n_waiting++] = (struct waiting){c->id, c->type, c->room};
    }
    fprintf(s->log, "%lld bot %d: command %d id %lld room %llx to %llx\n", (long long)s->now,
            (int)(b - s->bots), (int)c->type, (long long)c->id, (unsigned long long)c->room,
            (unsigned long long)c->to);
    domain_cmd(s->d, s->now, s->wall, c);
}

static uint64_t some_room(struct sim *s, const struct bot *b)
{
    if (b->n_rooms && below(s, 8))
        return b->rooms[below(s, b->n_rooms)].id;
    return s->n_known ? s->known[below(s, s->n_known)] : 1;
}

static uint64_t somebody(struct sim *s, struct bot *b, uint64_t room)
{
    struct seen_room *r = seen(b, room);
    if (r && below(s, 8))
        return r->people[below(s, r->n)];
    return s->bots[below(s, BOTS)].session;
}

static struct str some_password(struct sim *s)
{
    static const char *const words[] = {"", "", "", "right", "right", "wrong"};
    return str_from(words[below(s, ARRAY_LEN(words))]);
}

static void fill_join(struct sim *s, struct bot *b, struct cmd *c)
{
    struct cmd_join j = {.room = s->n_known ? s->known[below(s, s->n_known)] : 1,
                         .password = some_password(s),
                         .media = below(s, 2),
                         .mic = (enum tri)((int)below(s, 3) - 1)};
    if (b->ticket_n && below(s, 3) == 0) {
        j.room = b->ticket_room;
        j.ticket = str_of(b->ticket, b->ticket_n);
    }
    c->room = j.room;
    if (c->type == CMD_HELLO)
        c->u.hello.join = j;
    else
        c->u.join = j;
}

static void do_hello(struct sim *s, struct bot *b)
{
    struct cmd c = {.type = CMD_HELLO, .u.hello = {.v = 1, .name = STR("bot")}};
    char token[32];
    struct bot *old = &s->bots[below(s, BOTS)];
    b->conn = ++s->next_conn;
    b->next_id = 0;
    if (old->acked && below(s, 3) == 0) {
        memcpy(token, old->token, sizeof token);
        c.u.hello.replaces = str_from(token);
    }
    c.u.hello.has_join = below(s, 2);
    if (c.u.hello.has_join)
        fill_join(s, b, &c);
    give(s, b, &c);
}

static void do_room_set(struct sim *s, struct cmd *c)
{
    struct cmd_room_set *r = &c->u.room_set;
    r->is_public = (enum tri)((int)below(s, 3) - 1);
    r->locked = (enum tri)((int)below(s, 5) - 1);
    if (r->locked > TRI_YES)
        r->locked = TRI_NO;
    r->has_password = below(s, 3) == 0;
    r->password = some_password(s);
    r->capacity = below(s, 4) ? 0 : 2 + (int64_t)below(s, PEOPLE - 2);
}

/* Some addresses, a name, a pwd: or nothing that relays have to know. */
static const struct sdp_scan *some_scan(struct sim *s)
{
    static struct sdp_scan scan;
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1"};
    scan = (struct sdp_scan){0};
    if (below(s, 4) == 0)
        return NULL;
    scan.pwd = STR("a password of ICE, long");
    scan.n_addrs = (uint32_t)below(s, SDP_SCAN_ADDRS + 1);
    for (uint32_t i = 0; i < scan.n_addrs; i++)
        scan.addrs[i].host = below(s, 5) ? str_from(hosts[below(s, ARRAY_LEN(hosts))])
                                         : STR("x.local");
    return &scan;
}

static void do_something(struct sim *s, struct bot *b)
{
    static const enum cmd_type types[] = {
        CMD_CREATE, CMD_JOIN,     CMD_JOIN,        CMD_JOIN,       CMD_LEAVE,   CMD_WATCH,
        CMD_CHAT,   CMD_CHAT,     CMD_CHAT,        CMD_WHISPER,    CMD_TYPING,  CMD_DESC,
        CMD_DESC,   CMD_DESC,     CMD_STATE,       CMD_NAME,       CMD_MEDIA,   CMD_MEDIA,
        CMD_TICKET, CMD_ROOM_SET, CMD_ROOM_REMOVE, CMD_ROOM_MERGE, CMD_ROOM_SET};
    struct cmd c = {.type = types[below(s, ARRAY_LEN(types))]};
    uint32_t n = 0;
    c.room = some_room(s, b);
    c.to = somebody(s, b, c.room);
    switch ((int)c.type) {
    case CMD_CREATE:
        c.u.create = (struct cmd_create){.is_public = below(s, 3),
                                         .password = some_password(s),
                                         .media = below(s, 2),
                                         .capacity = 2 + (int64_t)below(s, PEOPLE - 2)};
        c.room = 0;
        break;
    case CMD_JOIN: fill_join(s, b, &c); break;
    case CMD_WATCH: c.u.on = true; break;
    case CMD_CHAT:
    case CMD_WHISPER: c.u.text = STR("hello"); break;
    case CMD_TYPING:
    case CMD_MEDIA: c.u.on = below(s, 2); break;
    case CMD_DESC:
        n = ++s->next_desc;
        c.u.relay = (struct cmd_relay){
            .conn_name = STR("c"), .body = str_of(&n, sizeof n), .scan = some_scan(s)};
        break;
    case CMD_STATE: c.u.state.mic = (enum tri)((int)below(s, 3) - 1); break;
    case CMD_NAME: c.u.name = STR("another"); break;
    case CMD_ROOM_SET: do_room_set(s, &c); break;
    case CMD_ROOM_MERGE: c.u.into = some_room(s, b); break;
    default: break;
    }
    give(s, b, &c);
}

static void do_pipe(struct sim *s, struct bot *b)
{
    struct cmd c = {.type = CMD_PIPE_LOST};
    struct session_ref ref;
    if (b->away) {
        c.type = CMD_RESUME;
        b->conn = ++s->next_conn;
        c.u.resume = (struct cmd_resume){.v = 1, .token = str_from(b->token)};
        assert_true(domain_find_token(s->d, c.u.resume.token, &ref) && ref.id == b->session);
    } else if (below(s, 6) == 0) {
        c.type = below(s, 2) ? CMD_BYE : CMD_OVERFLOW;
    } else {
        b->away = true;
    }
    give(s, b, &c);
}

/* ---- the slow helpers ---- */

static void password_one(struct sim *s)
{
    uint32_t i = (uint32_t)below(s, s->n_jobs); /* in any order */
    struct password_answer a = {.job = s->jobs[i].job, .hash = STR("a hash")};
    a.outcome = (enum password_outcome)(below(s, 4) ? PASSWORD_OK : below(s, 3));
    s->jobs[i] = s->jobs[--s->n_jobs];
    fprintf(s->log, "%lld password job %llu: %d\n", (long long)s->now, (unsigned long long)a.job,
            (int)a.outcome);
    domain_password(s->d, s->now, s->wall, &a);
}

static bool db_one(struct sim *s)
{
    if (s->n_dbs == 0)
        return false;
    struct db_answer a = {.proc = s->dbs[0].proc, .number = s->dbs[0].number, .status = DB_OK};
    memmove(s->dbs, s->dbs + 1, --s->n_dbs * sizeof *s->dbs);
    domain_db(s->d, s->now, s->wall, &a);
    return true;
}

static bool store_one(struct sim *s)
{
    struct store_answer a;
    if (!mem_store_answer(s->ms, &a))
        return false;
    fprintf(s->log, "%lld store answer %d room %llx\n", (long long)s->now, (int)a.kind,
            (unsigned long long)a.room);
    domain_stored(s->d, s->now, s->wall, &a);
    return true;
}

static void pass(struct sim *s, int64_t us)
{
    int64_t end = s->now + us;
    while (domain_deadline(s->d) <= end) {
        s->now = MAX_OF(domain_deadline(s->d), s->now);
        fprintf(s->log, "%lld tick\n", (long long)s->now);
        domain_tick(s->d, s->now, s->wall + s->now / 1000);
    }
    s->now = end;
}

/* ---- what must hold ---- */

struct tally {
    struct sim *s;
    uint32_t people, publics, rooms;
};

static void check_session(void *arg, const struct session_dump *d)
{
    struct tally *t = arg;
    struct bot *b = bot_of(t->s, d->ref.id);
    assert_non_null(b);
    assert_int_equal(b->n_rooms, d->rooms);
    assert_int_equal(b->watching, d->watching);
    assert_int_equal(b->away, d->conn == 0);
}

static void check_room(void *arg, const struct room_dump *r)
{
    struct tally *t = arg;
    uint32_t media = 0;
    bool owner = r->view.owner == 0;
    t->rooms++;
    t->publics += r->view.is_public;
    t->people += r->view.count;
    assert_true(r->view.count > 0);
    for (uint32_t i = 0; i < r->view.count; i++) {
        struct bot *b = bot_of(t->s, r->people[i].session);
        struct seen_room *seen_as = b ? seen(b, r->view.id) : NULL;
        assert_non_null(seen_as);
        assert_int_equal(seen_as->n, r->view.count);
        assert_true(seen_as->owner == r->view.owner);
        assert_true(watch_number(&t->s->scopes, seen_as->scope) > 0);
        for (uint32_t k = 0; k < r->view.count; k++)
            assert_true(person_at(seen_as, r->people[k].session) >= 0);
        media += r->people[i].media;
        owner |= r->people[i].session == r->view.owner;
    }
    assert_true(owner);
    assert_true(media == r->media && media <= (uint32_t)t->s->cfg.mesh);
    for (int i = 0; i < BOTS; i++) {
        struct bot *b = &t->s->bots[i];
        uint32_t k = 0;
        while (k < b->n_list && b->list[k] != r->view.id)
            k++;
        if (b->watching && r->view.is_public)
            assert_true(k < b->n_list && b->list_count[k] == r->view.count);
        else if (b->watching)
            assert_true(k == b->n_list);
    }
}

static void check_quiet(struct sim *s)
{
    struct tally t = {.s = s};
    struct domain_counts n;
    do
        while (s->n_jobs)
            password_one(s);
    while (store_one(s) || db_one(s) || s->n_jobs);
    pass(s, 2 * s->cfg.list_every_us);
    domain_visit(s->d, &(struct domain_visitor){check_session, check_room}, &t);
    domain_count(s->d, &n);
    assert_true(n.rooms == t.rooms && n.public_rooms == t.publics && n.participants == t.people);
    assert_int_equal(n.password_jobs, 0);
    assert_int_equal(s->scopes.n_open, n.participants);
    for (int i = 0; i < BOTS; i++) {
        assert_int_equal(s->bots[i].n_waiting, 0); /* every request was answered */
        if (s->bots[i].watching)
            assert_int_equal(s->bots[i].n_list, t.publics);
    }
}

static void step(struct sim *s)
{
    struct bot *b = &s->bots[below(s, BOTS)];
    uint64_t dice = below(s, 100);
    if (dice < 12)
        pass(s, (int64_t)below(s, below(s, 40) ? 300000 : 40000000));
    if (s->n_jobs && dice % 3 == 0)
        password_one(s);
    if (dice % 2 == 0)
        store_one(s);
    else
        db_one(s);
    if (b->n_waiting >= 6 || (b->session && !b->acked))
        return;
    if (!b->session)
        do_hello(s, b);
    else if (b->away || dice > 94)
        do_pipe(s, b);
    else
        do_something(s, b);
}

static uint64_t run(uint64_t seed, char *log_name, size_t log_cap)
{
    struct sim *s = calloc(1, sizeof *s);
    uint8_t bytes[32] = {0};
    assert_true(mkdir("artifacts", 0777) == 0 || errno == EEXIST);
    snprintf(log_name, log_cap, "artifacts/sim_domain-%llu.log", (unsigned long long)seed);
    s->log = fopen(log_name, "w");
    assert_non_null(s->log);
    setvbuf(s->log, NULL, _IOLBF, 1 << 16);
    memcpy(bytes, &seed, sizeof seed);
    rng_init(&s->rng, bytes);
    domain_config_defaults(&s->cfg);
    s->cfg.max_rooms = 20;
    s->cfg.rooms_per_session = 5;
    s->cfg.relays = true;
    s->cfg.password_queue = 5;
    for (int i = 0; i < RATE_KINDS; i++)
        s->cfg.rates[i] = (struct domain_rate){30, 100000};
    s->cfg.rates[RATE_RESUME].burst = 0;
    bytes[31] = 1;
    s->now = 1000000;
    s->wall = 1800000000000;
    s->d = domain_new(&s->cfg, bytes, sink, s);
    s->ms = mem_store_new(20, 5000, bytes);
    for (int i = 1; i <= STEPS; i++) {
        step(s);
        if (i % 100 == 0)
            check_quiet(s);
    }
    check_quiet(s);
    for (int i = 0; i < BOTS; i++)
        if (s->bots[i].session)
            give(s, &s->bots[i], &(struct cmd){.type = CMD_BYE});
    struct domain_counts n;
    domain_count(s->d, &n);
    assert_true(n.sessions + n.rooms + n.participants + n.watchers + n.away == 0);
    assert_true(s->scopes.n_open == 0 && s->scopes.n_pairs == 0);
    uint64_t hash = s->hash;
    domain_free(s->d);
    mem_store_free(s->ms);
    fclose(s->log);
    remove(log_name);
    free(s);
    return hash;
}

static uint64_t env(const char *name, uint64_t otherwise)
{
    const char *v = getenv(name);
    return v ? strtoull(v, NULL, 10) : otherwise;
}

static void the_crowd_believes_what_is(void **state)
{
    (void)state;
    char log_name[80];
    uint64_t first = env("SIM_SEED", 1), runs = env("SIM_RUNS", getenv("SIM_SEED") ? 1 : 40);
    for (uint64_t seed = first; seed < first + runs; seed++) {
        printf("seed %llu\r", (unsigned long long)seed);
        fflush(stdout);
        run(seed, log_name, sizeof log_name);
    }
}

static void the_same_seed_gives_the_same(void **state)
{
    (void)state;
    char log_name[80];
    uint64_t a = run(7, log_name, sizeof log_name);
    assert_true(a == run(7, log_name, sizeof log_name));
    assert_true(a != run(8, log_name, sizeof log_name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_crowd_believes_what_is),
        cmocka_unit_test(the_same_seed_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
