/* A crowd that speaks docs/protocol.md through the whole control side (tape, web edge, hub, policy,
 * store), on virtual time, over all three kinds of pipe, with every fault that ways between people
 * and servers have: cuts in the middle of anything, short writes, slow and silent readers, POSTs that
 * overtake each other, requests said twice, resumes from the right, an old and a wrong number, two
 * pipes for one session, late answers about passwords, nonsense. Each person believes only what it
 * hears; what must hold is checked with every message, and when it is quiet against what is.
 *
 * SIM_SEED=N runs one seed, SIM_RUNS=N as many as wanted, SIM_STEPS=N longer ones; SIM_TRACE=N
 * prints what person N hears, SIM_LOG=1 what the server logs. Everything is recorded: a run that fails
 * leaves sim_exchange-SEED.rec in MADANG_ARTIFACTS (or ./artifacts) for `madang replay`; one that
 * does not is replayed and must give the same bytes. */
#include <sys/stat.h>
#include <unistd.h>

#include "app/replay.h"
#include "base/log.h"
#include "sim/crowd_person.h"
#include "unit/slow.h"

enum { STEPS = 1200, CHECK_EVERY = 400, RECORD = 64 << 20 };

/* ---- what people ask for ---- */

static struct ask *ask_new(struct person *p, const char *type)
{
    for (int i = 0; i < ASKS; i++) {
        struct ask *a = &p->asks[i];
        if (a->state == ASK_FREE) {
            *a = (struct ask){.state = ASK_WAITS, .id = p->next_id++};
            snprintf(a->type, sizeof a->type, "%s", type);
            return a;
        }
    }
    return NULL;
}

PRINTF_CHECK(2, 3)
static void ask_text(struct ask *a, const char *fmt, ...)
{
    char *fields;
    va_list ap;
    va_start(ap, fmt);
    assert_true(vasprintf(&fields, fmt, ap) >= 0);
    va_end(ap);
    a->text = formatted("{\"type\":\"%s\",\"id\":%lld%s", a->type, (long long)a->id, fields);
    a->n = strlen(a->text);
    free(fields);
}

static const char *some_password(struct world *w)
{
    static const char *const fields[] = {"", "", ",\"password\":\"right\"",
                                         ",\"password\":\"right\"", ",\"password\":\"wrong\""};
    return fields[below(w, ARRAY_LEN(fields))];
}

static uint64_t some_room(struct world *w, struct person *p)
{
    if (p->n_rooms && chance(w, 90)) {
        return p->rooms[below(w, p->n_rooms)].id;
    }
    unsigned lately = MIN_OF(w->n_rooms, 12);
    return lately ? w->rooms[w->n_rooms - 1 - below(w, lately)].id : 1;
}

static uint64_t somebody(struct world *w, struct person *p, uint64_t room)
{
    const struct seen_room *r = room_of(p, room);
    return r && r->n && chance(w, 95) ? r->people[below(w, r->n)]
                                      : w->people[below(w, PEOPLE)].session;
}

static void ask_about_room(struct person *p, const char *type)
{
    struct world *w = p->w;
    struct ask *a = ask_new(p, type);
    char room[B32_SIZE], other[B32_SIZE];
    a->room = some_room(w, p);
    b32_encode(room, a->room);
    if (strcmp(type, "join") == 0 && w->n_rooms) {
        a->room = w->rooms[w->n_rooms - 1 - below(w, MIN_OF(w->n_rooms, 12))].id;
        b32_encode(room, a->room);
        p->joins++;
        ask_text(a, ",\"room\":\"%s\"%s}", room, some_password(w));
    } else if (strcmp(type, "room_remove") == 0) {
        b32_encode(other, somebody(w, p, a->room));
        ask_text(a, ",\"room\":\"%s\",\"session\":\"%s\"}", room, other);
    } else if (strcmp(type, "room_merge") == 0) {
        b32_encode(other, some_room(w, p));
        ask_text(a, ",\"room\":\"%s\",\"into\":\"%s\"}", room, other);
    } else if (strcmp(type, "room_set") == 0) {
        ask_text(a, ",\"room\":\"%s\",\"locked\":%s%s}", room, chance(w, 10) ? "true" : "false",
                 chance(w, 30) ? some_password(w) : "");
    } else {
        p->joins += strcmp(type, "join") == 0;
        ask_text(a, ",\"room\":\"%s\",\"on\":%s}", room, chance(w, 50) ? "true" : "false");
    }
}

static void ask_to_talk(struct person *p, const char *type)
{
    static const char padding[] =
        "\\u00e9 lorem ipsum dolor sit amet, consetetur sadipscing elitr ";
    struct world *w = p->w;
    struct ask *a = ask_new(p, type);
    char room[B32_SIZE];
    a->room = some_room(w, p);
    a->number = ++p->number;
    b32_encode(room, a->room);
    ask_text(a, ",\"room\":\"%s\",\"text\":\"c%d.%u.%u %.*s\"}", room, p->n, p->life, a->number,
             (int)below(w, 5) * 14, padding);
}

static void ask_to_tell(struct person *p, const char *type)
{
    static char body[65537];
    struct world *w = p->w;
    struct ask *a = ask_new(p, type);
    char room[B32_SIZE], to[B32_SIZE];
    a->room = some_room(w, p);
    a->to = somebody(w, p, a->room);
    a->number = ++p->number;
    b32_encode(room, a->room);
    b32_encode(to, a->to);
    if (strcmp(type, "whisper") == 0) {
        ask_text(a, ",\"room\":\"%s\",\"to\":\"%s\",\"text\":\"%u\"}", room, to, a->number);
    } else if (strcmp(type, "file") == 0) {
        ask_text(a, ",\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"%u\",\"kind\":\"accept\"}", room, to,
                 a->number);
    } else {
        size_t n = chance(w, 97) || type[0] == 'c' ? below(w, 3000) : below(w, 60000);
        memset(body, 'x', n);
        body[n] = 0;
        ask_text(a,
                 ",\"room\":\"%s\",\"to\":\"%s\",\"conn\":\"c\",\"kind\":\"offer\"}\n%u\n"
                 "a=candidate:1 1 udp 1 192.0.2.%u 9 typ host\n%s",
                 room, to, a->number, a->number % 200, body);
    }
}

static void ask_nonsense(struct person *p)
{
    static const char *const rest[] = {",\"x\":1}", ",\"room\":7}", ",\"room\":\"\"}", "}\nbody"};
    struct ask *a = ask_new(p, chance(p->w, 50) ? "chat" : "whatever");
    a->malformed = true;
    ask_text(a, "%s", rest[below(p->w, a->type[0] == 'c' ? 2 : 3)]);
}

static void ask_something(struct person *p)
{
    struct world *w = p->w;
    unsigned free_places = 0;
    for (int i = 0; i < ASKS; i++) {
        free_places += p->asks[i].state == ASK_FREE;
    }
    if (free_places < 2) {
        return;
    }
    bool more_rooms = p->n_rooms + p->joins < IN_ROOMS - 1;
    switch (below(w, 26)) {
    case 0:
        if (more_rooms && (w->n_rooms < 12 || chance(w, 20))) {
            p->joins++;
            ask_text(ask_new(p, "create"), ",\"title\":\"T\"%s}", some_password(w));
            return;
        }
        break;
    case 1:
    case 2:
    case 3:
        if (more_rooms) {
            ask_about_room(p, "join");
        }
        break;
    case 4: ask_about_room(p, "leave"); break;
    case 5: ask_about_room(p, "room_set"); break;
    case 6: ask_about_room(p, chance(w, 50) ? "room_remove" : "ticket"); break;
    case 7: ask_about_room(p, chance(w, 30) ? "room_merge" : "media"); break;
    case 8: ask_text(ask_new(p, "watch"), ",\"on\":%s}", chance(w, 50) ? "true" : "false"); break;
    case 9: ask_text(ask_new(p, "state"), ",\"mic\":%s}", chance(w, 50) ? "true" : "false"); break;
    case 10: ask_text(ask_new(p, "name"), ",\"name\":\"N%u\"}", ++p->number); break;
    case 11: ask_nonsense(p); break;
    case 12:
    case 13:
    case 14: ask_to_tell(p, "whisper"); break;
    case 15:
    case 16: ask_to_tell(p, "desc"); break;
    case 17: ask_to_tell(p, "cand"); break;
    case 18: ask_to_tell(p, "file"); break;
    default: ask_to_talk(p, "chat");
    }
}

/* ---- what goes wrong ---- */

static struct line *way_of(const struct person *p)
{
    return p->line ? p->line : p->browser ? p->browser->line : NULL;
}

static void say_noise(struct line *l)
{
    uint8_t noise[64];
    rng_bytes(&l->w->rng, noise, sizeof noise);
    buf_put(&l->tx, noise, below(l->w, sizeof noise));
}

static void noise_from_nowhere(struct world *w)
{
    static const char *const starts[] = {
        "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET",
        "POST /api/send/0123456789012345678901/a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        "GET /ca.crt HTTP/1.1\r\nHost: h\r\n\r\n",
        "\x16\x03\x01",
        ""};
    struct line *l = line_new(w, ROLE_NOISE, NULL, NULL);
    tx_text(l, starts[below(w, ARRAY_LEN(starts))]);
    if (chance(w, 50)) {
        say_noise(l);
    }
}

static void go_wrong(struct person *p)
{
    static const char *const nonsense[] = {"nonsense", "{\"type\":\"ping\",\"seq\":99999999}", "[]",
                                           "{\"type\":1}", "{\"type\":\"hello\",\"id\":1,\"v\":1}"};
    struct world *w = p->w;
    struct line *l = way_of(p);
    if (!l || (p->state != UP && chance(w, 50))) {
        return;
    }
    switch (below(w, 12)) {
    case 0:
    case 1:
    case 2:
        line_cut(l);
        way_lost(l);
        break;
    case 3: /* nobody notices at first */
        l->mute = true;
        for (int i = 0; i < PEOPLE; i++) {
            if (way_of(&w->people[i]) == l) {
                w->people[i].lost_since = MIN_OF(w->people[i].lost_since, w->now);
            }
        }
        break;
    case 4:
    case 5:
    case 6:
        l->slow = true;
        l->wake_at = w->now + (int64_t)below(w, 20000000);
        break;
    case 7:
        if (p->line) {
            say_noise(p->line);
        }
        break;
    case 8:
        if (p->state == UP) {
            notify(p, nonsense[below(w, ARRAY_LEN(nonsense))]);
        }
        break;
    case 9: /* another pipe takes the session over */
        if (p->session) {
            pipe_lost(p);
            start(p);
        }
        break;
    case 10:
        notify(p, "{\"type\":\"bye\"}");
        session_over(p);
        pipe_lost(p);
        break;
    default:
        LIST_FOREACH(it, &w->lines) {
            struct line *post = container_of(it, struct line, link);
            if (post->role == ROLE_POST && post->who == p && chance(w, 50)) {
                line_cut(post);
                way_lost(post);
                return;
            }
        }
    }
}

/* ---- the world ---- */

static void port_relay(void *ctx, const struct relay_scope *what)
{
    struct world *w = ctx;
    watch_relay(&w->scopes, what);
}

static bool port_password(void *ctx, const struct password_job *job)
{
    struct world *w = ctx;
    if (w->n_jobs == JOBS || (!w->calm && chance(w, 5))) {
        return false;
    }
    struct job *j = &w->jobs[w->n_jobs++];
    j->job = job->job;
    j->kind = job->kind;
    assert_true(str_copy(job->password, j->password, sizeof j->password));
    assert_true(str_copy(job->hash, j->hash, sizeof j->hash));
    return true;
}

static void password_answer(struct world *w)
{
    char hash[540];
    struct job j = w->jobs[0];
    memmove(w->jobs, w->jobs + 1, --w->n_jobs * sizeof j);
    snprintf(hash, sizeof hash, "hash of %s", j.password);
    struct password_answer a = {.job = j.job, .outcome = PASSWORD_OK};
    if (chance(w, 3)) {
        a.outcome = PASSWORD_BUSY;
    } else if (j.kind == PASSWORD_HASH) {
        a.hash = str_from(hash);
    } else if (strcmp(hash, j.hash) != 0) {
        a.outcome = PASSWORD_WRONG;
    }
    tape_password(w->tape, w->now, &a);
}

static struct str port_ca(void *ctx)
{
    (void)ctx;
    return STR("certificate");
}

static void port_text(void *ctx, struct buf *out)
{
    struct world *w = ctx;
    buf_putf(out, ",\"x\":%llu", (unsigned long long)below(w, 100));
}

static void pass_time(struct world *w, int64_t us)
{
    w->now += us;
    LIST_FOREACH(it, &w->lines) {
        stream_fake_time(container_of(it, struct line, link)->f, w->now);
    }
    if (exchange_deadline(tape_exchange(w->tape)) <= w->now) {
        tape_tick(w->tape, w->now);
    }
    settle(w);
}

/* ---- what must hold after each step ---- */

static struct line *line_of(struct person *p)
{
    struct line *l = way_of(p);
    bool free_way = l && l->open && !l->f->blocked && !l->f->s.closing && !l->f->shut;
    return free_way && p->state == UP && l->role != ROLE_POLL && !l->mute ? l : NULL;
}

static void check_box(void *arg, const struct hub_session_dump *d)
{
    struct world *w = arg;
    const struct outbox *o = d->out;
    const struct outbox_limits *most = &w->conf.outbox;
    struct person *p = person_of(w, d->session);
    CHECK(w, o->bytes <= most->kept_bytes && o->count <= most->kept_count, "%u bytes kept",
          o->bytes);
    CHECK(w, !o->pipe || o->sent_bytes <= most->replay_bytes + TEXT_MAX, "%u bytes for a resume",
          o->sent_bytes);
    CHECK(w, d->held <= w->conf.reorder_max, "%u requests wait", d->held);
    if (p && o->pipe && o->pipe->session == p->session && line_of(p) && !w->conf.web.notice_us) {
        CHECK(w, o->sent == o->count, "%d reads, but %u messages wait", p->n, o->count - o->sent);
    }
}

static void step(struct world *w)
{
    LIST_FOREACH_SAFE(it, &w->lines) {
        struct line *l = container_of(it, struct line, link);
        if (!line_step(l)) {
            line_free(l);
        }
    }
    settle(w);
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &w->people[i];
        person_step(p);
        if (!w->calm && p->state == UP && chance(w, 25)) {
            ask_something(p);
        }
        if (!w->calm && chance(w, 1)) {
            go_wrong(p);
        }
    }
    if (!w->calm && chance(w, 3)) {
        noise_from_nowhere(w);
    }
    if (w->n_jobs && chance(w, w->calm ? 100 : 20)) {
        password_answer(w);
    }
    settle(w);
    hub_visit(exchange_hub(tape_exchange(w->tape)), check_box, w);
    bool leap = !w->calm && chance(w, 1) && chance(w, 20);
    pass_time(w, 1000 + (int64_t)below(w, leap ? 50000000 : 120000));
}

/* ---- what must hold when it is quiet ---- */

static bool all_said(struct world *w)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &w->people[i];
        bool idle = p->state == UP || (p->state == OFF && !p->wanted);
        for (int k = 0; k < ASKS; k++) {
            idle &= p->asks[k].state == ASK_FREE;
        }
        if (!idle) {
            return false;
        }
    }
    return w->n_jobs == 0;
}

static void check_room(void *arg, const struct room_dump *r)
{
    struct world *w = arg;
    for (uint32_t i = 0; i < r->view.count; i++) {
        struct person *p = person_of(w, r->people[i].session);
        CHECK(w, p != NULL, "somebody is in a room whom nobody knows");
        const struct seen_room *seen = room_of(p, r->view.id);
        CHECK(w, seen && seen->n == r->view.count, "%d believes that %u are in a room of %u", p->n,
              seen ? seen->n : 0, r->view.count);
        for (uint32_t k = 0; k < r->view.count; k++) {
            CHECK(w, place_of(seen, r->people[k].session) >= 0, "%d doesn't see everybody", p->n);
        }
    }
}

static void check_session(void *arg, const struct session_dump *d)
{
    struct world *w = arg;
    const struct person *p = person_of(w, d->ref.id);
    CHECK(w, p && p->state == UP, "a session that nobody has: %.*s, connection %llu, %s",
          (int)d->name.n, d->name.p, (unsigned long long)d->conn, d->state);
    CHECK(w, p->n_rooms == d->rooms, "%d is in %u rooms, and believes %u", p->n, d->rooms,
          p->n_rooms);
}

/* A tab that was closed without a word is there as long as the stream that it shared. */
static void break_streams(struct world *w)
{
    for (int i = 0; i < BROWSERS; i++) {
        if (w->browsers[i].line) {
            way_lost(w->browsers[i].line);
        }
    }
}

static void quieten(struct world *w)
{
    int64_t end;
    w->calm = true;
    break_streams(w);
    LIST_FOREACH_SAFE(it, &w->lines) {
        struct line *l = container_of(it, struct line, link);
        l->slow = false;
        stream_fake_room(l->f, SIZE_MAX);
        if (l->role == ROLE_NOISE || (!l->who && !l->browser)) {
            stream_fake_break(l->f, STREAM_RESET);
        }
    }
    for (end = w->now + 100000000; !all_said(w) && w->now < end;) {
        step(w);
    }
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &w->people[i];
        for (int k = 0; k < ASKS; k++) {
            const struct ask *a = &p->asks[k];
            CHECK(w, a->state == ASK_FREE, "%d (%d, %s) waits for the answer to %s %lld (%d)", p->n,
                  (int)p->state, p->line ? "ws" : p->tab, a->type, (long long)a->id, (int)a->state);
        }
    }
    CHECK(w, all_said(w), "it doesn't become quiet");
    break_streams(w);
    /* Sessions that nobody came back to, and lines of which nobody heard the end, end. */
    for (end = w->now + 220000000; w->now < end;) {
        step(w);
    }
}

static void check_quiet(struct world *w)
{
    quieten(w);
    domain_visit(exchange_domain(tape_exchange(w->tape)),
                 &(struct domain_visitor){check_session, check_room}, w);
    for (int i = 0; i < PAIRS; i++) {
        const struct pair *pair = &w->pairs[i];
        const struct person *from = person_of(w, pair->from), *to = person_of(w, pair->to);
        CHECK(w, !from || !to || (pair->sent == pair->got && pair->sent_hash == pair->got_hash),
              "%d told %d %u things, and %u arrived", from->n, to->n, pair->sent, pair->got);
    }
    w->calm = false;
}

/* ---- a run ---- */

static void configure(struct world *w, const uint8_t *seed)
{
    struct exchange_conf *c = &w->conf;
    web_conf_defaults(&c->web);
    if (w->seed % 5 != 0) {
        c->web.notice_us = 0; /* so that nothing may wait while its way is free */
    }
    domain_config_defaults(&c->domain);
    c->domain.facts.server = STR("madang/sim");
    c->outbox = outbox_limits_default;
    if (w->seed % 3 == 0) {
        c->outbox = (struct outbox_limits){100000, 60, 80000, 40, 150000, 100};
    }
    if (w->seed % 2 == 0) {
        for (int i = 0; i < RATE_KINDS; i++) {
            c->domain.rates[i] = (struct domain_rate){50, 20000};
        }
    }
    c->domain.rates[RATE_RESUME] = (struct domain_rate){20, 500000};
    c->domain.max_rooms = 40;
    c->domain.relays = true;
    c->frame_max = 4 << 20;
    c->reorder_max = 16;
    c->reorder_wait_us = 5000000;
    c->history = 20;
    c->history_bytes = 100000;
    memcpy(c->seed, seed, sizeof c->seed);
}

static void world_begin(struct world *w)
{
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &w->people[i];
        p->w = w;
        p->n = i;
        p->next_id = 1;
        p->wanted = true;
        p->lost_since = INT64_MAX;
    }
    for (int i = 0; i < BROWSERS; i++) {
        w->browsers[i].n = i;
    }
    memset(w->rooms, 0, sizeof w->rooms);
    w->n_rooms = 0;
}

static struct world *world_new(uint64_t seed, const char *file, uint64_t record)
{
    struct world *w = xcalloc(1, sizeof *w);
    uint8_t bytes[RNG_SEED_SIZE] = {0};
    w->seed = seed;
    snprintf(w->file, sizeof w->file, "%s", file);
    memcpy(bytes, &seed, sizeof seed);
    rng_init(&w->rng, bytes);
    list_init(&w->lines);
    configure(w, bytes);
    w->now = 1000000;
    unlink(file);
    assert_int_equal(rec_open(&w->rec, file, record), ERR_OK);
    w->tape = tape_new(w->rec, &w->conf,
                       &(struct exchange_ports){w, port_password, port_ca, port_text, port_text,
                                                port_relay, NULL, NULL, NULL, NULL},
                       w->now, INT64_C(1800000000000000), &w->counts);
    tape_ready(w->tape, w->now);
    return w;
}

/* Everybody goes: by a word, or just so. Then nothing may be left. */
static void all_leave(struct world *w)
{
    for (int i = 0; i < PEOPLE; i++) {
        struct person *p = &w->people[i];
        p->wanted = false;
        if (p->state == UP && chance(w, 50)) {
            notify(p, "{\"type\":\"bye\"}");
        }
        session_over(p);
        pipe_lost(p);
    }
    for (int i = 0; i < BROWSERS; i++) {
        browser_closed(&w->browsers[i]);
    }
    quieten(w);
    for (int64_t end = w->now + 130000000; w->now < end;) {
        step(w);
    }
    struct domain_counts n;
    struct exchange *x = tape_exchange(w->tape);
    domain_count(exchange_domain(x), &n);
    CHECK(w, n.sessions + n.away + n.rooms + n.participants + n.watchers + n.password_jobs == 0,
          "%u sessions and %u rooms are left", n.sessions, n.rooms);
    CHECK(w, hub_counts(exchange_hub(x))->sessions == 0, "the hub has sessions");
    CHECK(w, w->scopes.n_open == 0, "%u scopes of relays are open", w->scopes.n_open);
    CHECK(w, web_connections(exchange_web(x)) == 0, "%zu connections are left",
          web_connections(exchange_web(x)));
    CHECK(w, count_get(&w->counts, COUNT_CONNS_WS) + count_get(&w->counts, COUNT_CONNS_SSE) == 0,
          "pipes are counted that are gone");
    CHECK(w, exchange_deadline(x) == INT64_MAX, "something is still due");
    w->calm = false;
}

static void world_end(struct world *w)
{
    tape_free(w->tape);
    rec_close(w->rec);
    while (!list_empty(&w->lines)) {
        line_free(container_of(w->lines.next, struct line, link));
    }
    for (int i = 0; i < PEOPLE; i++) {
        session_over(&w->people[i]);
        xfree(w->people[i].first);
    }
    xfree(w);
}

static void replay(const char *file)
{
    struct replay_result r;
    assert_true(replay_file(file, false, stderr, &r));
    if (r.differences || r.outputs == 0) {
        fail_msg("%s: %llu of %llu outputs differ", file, (unsigned long long)r.differences,
                 (unsigned long long)r.outputs);
    }
    unlink(file);
}

static void artifact(char *to, size_t n, uint64_t seed)
{
    const char *dir = getenv("MADANG_ARTIFACTS");
    dir = dir ? dir : "artifacts";
    assert_true(mkdir(dir, 0777) == 0 || errno == EEXIST);
    snprintf(to, n, "%s/sim_exchange-%llu.rec", dir, (unsigned long long)seed);
}

static uint64_t env(const char *name, uint64_t otherwise)
{
    const char *v = getenv(name);
    return v ? strtoull(v, NULL, 10) : otherwise;
}

static void run(uint64_t seed)
{
    char file[200];
    uint64_t steps = env("SIM_STEPS", STEPS);
    artifact(file, sizeof file, seed);
    struct world *w = world_new(seed, file, RECORD * (1 + steps / 3000));
    world_begin(w);
    for (uint64_t i = 1; i <= steps; i++) {
        step(w);
        if (i % CHECK_EVERY == 0) {
            check_quiet(w);
        }
    }
    all_leave(w);
    printf("seed %llu: %llu answers, %llu events, %llu chat, %llu repeated, %llu resumes, %llu "
           "unknown, %llu cuts, %llu posts, %llu ended\n",
           (unsigned long long)seed, (unsigned long long)w->did.answers,
           (unsigned long long)w->did.events, (unsigned long long)w->did.chats,
           (unsigned long long)w->did.repeats, (unsigned long long)w->did.resumes,
           (unsigned long long)w->did.unknown, (unsigned long long)w->did.cuts,
           (unsigned long long)w->did.posts, (unsigned long long)w->did.ended);
    CHECK(w, w->did.chats > 100 && w->did.resumes > 5 && w->did.posts > 100, "nothing happens");
    CHECK(w, rec_dropped(w->rec) == 0, "not everything was recorded");
    world_end(w);
    replay(file);
}

static void everybody_hears_everything_once_and_in_order(void **state)
{
    (void)state;
    uint64_t first = env("SIM_SEED", 1), runs = env("SIM_RUNS", getenv("SIM_SEED") ? 1
                                                                : SLOW > 1         ? 2
                                                                                   : 5);
    for (uint64_t seed = first; seed < first + runs; seed++) {
        run(seed);
    }
}

/* A ring that is much too small: recording pauses, and begins again when nobody is there. */
static void a_small_ring_replays_from_a_quiet_moment(void **state)
{
    (void)state;
    char file[200];
    uint64_t seed = env("SIM_SEED", 1) + 1000;
    artifact(file, sizeof file, seed);
    struct world *w = world_new(seed, file, 2 << 20);
    for (int episode = 0; episode < 4; episode++) {
        world_begin(w);
        for (int i = 0; i < (episode == 3 ? 20 : 400); i++) {
            step(w);
        }
        all_leave(w);
        tape_idle(w->tape, w->now);
        w->excused = 0;
        assert_true(episode == 3 || /* it is a new one */
                    hub_counts(exchange_hub(tape_exchange(w->tape)))->opened == 0);
    }
    world_end(w);
    replay(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_hears_everything_once_and_in_order),
        cmocka_unit_test(a_small_ring_replays_from_a_quiet_moment),
    };
    log_set_level(getenv("SIM_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
