/* A small world for tests of the domain: the real policy, wire and store on virtual time, a fake
 * password thread, and clients that keep every message they got as text. */
#ifndef MADANG_TESTS_DOMAIN_WORLD_H
#define MADANG_TESTS_DOMAIN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/code.h"
#include "base/mem.h"
#include "domain/domain.h"
#include "edge/store/mem_store.h"
#include "edge/web/wire_in.h"
#include "edge/web/wire_out.h"
#include "edge/web/wire_push.h"
#include "db_inline.h"
#include "disk_inline.h"
#include "scope_watch.h"

#ifndef CLIENTS_MAX
#define CLIENTS_MAX 64
#endif
#define SECOND 1000000LL
#define MINUTE (60 * SECOND)

/* Keeps the cookie of who is signed in. */
struct browser {
    bool has_cookie;
    uint8_t cookie[32];
};

struct client {
    struct world *w;
    const struct browser *browser; /* its cookie goes with hello; or NULL */
    uint64_t conn;
    uint64_t session; /* 0: none */
    uint32_t slot;
    int64_t next_id;
    char **log;
    size_t n_log;
    size_t seen; /* messages that next() has given */
    int ended;   /* enum ended_reason + 1 */
    char token[32];
    char sid[B32_SIZE];
};

struct held_job {
    struct password_job job;
    char password[600];
    char hash[PASSWORD_HASH_MAX + 1];
};

struct kept_push {
    char endpoint[PUSH_ENDPOINT_MAX + 1], topic[PUSH_TOPIC_MAX + 1], body[PUSH_BODY_MAX + 1];
    uint8_t p256dh, auth; /* the first byte of each */
    enum push_urgency urgency;
    uint32_t ttl_s;
};

struct world {
    struct domain_config cfg;
    struct domain *d;
    struct mem_store *ms;
    struct db_inline db; /* db.hold: answers wait for world_dbs */
    struct disk_inline disk;
    int64_t now;
    int64_t wall;
    uint64_t next_conn;
    struct client clients[CLIENTS_MAX];
    size_t n_clients;
    struct held_job jobs[64];
    size_t n_jobs;
    unsigned jobs_done[4];          /* by kind */
    enum password_outcome jobs_end; /* of all jobs, unless PASSWORD_OK */
    bool hold_jobs;                 /* password answers wait for world_passwords */
    bool hold_store;                /* store answers wait for world_stores */
    uint64_t addr_key;
    const char *addr;  /* of calls and hellos; NULL: 192.0.2.7 */
    const char *agent; /* NULL: Tester/1 */
    uint64_t effects;
    struct kept_push pushes[4]; /* the last ones */
    unsigned n_pushes;
    uint64_t last_call; /* by HTTP */
    struct {
        uint64_t call; /* that this answers; 0: none yet */
        char text[16384];
        enum errcode code;
        struct cookie_change cookie;
    } http;
    unsigned http_codes[CODE_COUNT]; /* of all answers */
    struct scope_watch scopes;
    uint8_t whip[WHIP_RESOURCE]; /* the session that was answered last */
    struct buf groups;           /* orders to workers, as world_group() writes them */
    uint64_t group, peer;        /* of the last order that had one */
    uint64_t recording;          /* of the last order about one */
    uint64_t order_tracks[8];
    size_t n_order_tracks; /* that its lines named */
    struct buf relays;     /* what was said of them, and "send;" for each desc and cand */
};

static inline struct client *client_of(struct world *w, uint64_t session)
{
    for (size_t i = 0; i < w->n_clients; i++)
        if (w->clients[i].session == session)
            return &w->clients[i];
    return NULL;
}

static inline struct client *client_on(struct world *w, uint64_t conn)
{
    for (size_t i = 0; i < w->n_clients; i++)
        if (w->clients[i].conn == conn)
            return &w->clients[i];
    return NULL;
}

static inline void client_log(struct client *c, struct buf *b)
{
    assert_false(b->failed);
    c->log = realloc(c->log, (c->n_log + 1) * sizeof *c->log);
    assert_non_null(c->log);
    c->log[c->n_log++] = str_dup(buf_str(b));
    buf_free(b);
}

static inline void world_opened(struct world *w, const struct effect *e)
{
    struct client *c = client_on(w, e->conn);
    assert_non_null(c);
    c->session = e->session.id;
    c->slot = e->session.slot;
    b32_encode(c->sid, c->session);
}

static inline void world_job(struct world *w, const struct password_job *job)
{
    assert_true(w->n_jobs < 64);
    struct held_job *h = &w->jobs[w->n_jobs++];
    h->job = *job;
    assert_true(str_copy(job->password, h->password, sizeof h->password));
    assert_true(str_copy(job->hash, h->hash, sizeof h->hash));
}

static inline void world_relay(struct world *w, const struct effect *e)
{
    bool before = e->type == EFFECT_RELAY && e->relay->kind != RELAY_OPEN;
    if (before)
        watch_text(&w->scopes, e->relay, &w->relays);
    watch_effect(&w->scopes, e);
    if (e->type == EFFECT_RELAY && !before)
        watch_text(&w->scopes, e->relay, &w->relays);
    if (e->type == EFFECT_SEND && (e->event->type == EVENT_DESC || e->event->type == EVENT_CAND))
        buf_puts(&w->relays, "send;");
}

/* What was said of relays since this was asked last. */
static inline const char *relays(struct world *w)
{
    static char text[4096];
    assert_true(buf_len(&w->relays) < sizeof text);
    memcpy(text, buf_data(&w->relays), buf_len(&w->relays));
    text[buf_len(&w->relays)] = 0;
    buf_reset(&w->relays);
    return text;
}

/* "open;", "offer 3 v=0 0:mic 1:-;", "wish 1:640x360/0;": rights, the body, the lines; - is no track. */
static inline void world_group(struct world *w, const struct group_order *o)
{
    static const char *const orders[GROUP_ORDERS] = {"open", "close", "offer",  "wish",  "leave",
                                                     "mute", "stats", "record", "agree", "name"};
    static const char *const kinds[] = {"mic", "camera", "screen", "sound", ""};
    buf_puts(&w->groups, orders[o->kind]);
    w->group = o->room;
    if (o->peer)
        w->peer = o->peer;
    if (o->kind == GROUP_ORDER_RECORD)
        w->recording = o->recording;
    if (o->kind == GROUP_ORDER_NAME)
        buf_putf(&w->groups, " " PRIstr, STR_ARG(o->text));
    if (o->kind == GROUP_ORDER_MUTE || o->kind == GROUP_ORDER_RECORD)
        buf_puts(&w->groups, o->on ? " on" : " off");
    if (o->kind == GROUP_ORDER_AGREE && !o->on)
        buf_puts(&w->groups, " no more");
    w->n_order_tracks = o->n_lines ? 0 : w->n_order_tracks;
    if (o->kind == GROUP_ORDER_OFFER)
        buf_putf(&w->groups, " %u " PRIstr, o->rights, STR_ARG(o->sdp));
    for (uint32_t i = 0; i < o->n_lines && o->kind < GROUP_ORDER_MUTE; i++) {
        const struct group_line *l = &o->lines[i];
        if (o->kind == GROUP_ORDER_WISH)
            buf_putf(&w->groups, " " PRIstr ":%dx%d/%d", STR_ARG(l->mid), (int)l->width,
                     (int)l->height, (int)l->priority);
        else
            buf_putf(&w->groups, " " PRIstr ":%s", STR_ARG(l->mid), kinds[l->kind]);
        if (!l->track)
            buf_puts(&w->groups, "-");
        else if (w->n_order_tracks < ARRAY_LEN(w->order_tracks))
            w->order_tracks[w->n_order_tracks++] = l->track;
    }
    buf_puts(&w->groups, ";");
}

/* What was ordered since this was asked last. */
static inline const char *groups(struct world *w)
{
    static char text[4096];
    assert_true(buf_len(&w->groups) < sizeof text);
    memcpy(text, buf_data(&w->groups), buf_len(&w->groups));
    text[buf_len(&w->groups)] = 0;
    buf_reset(&w->groups);
    return text;
}

/* "offer 1 v=1": verb, ETag, body. */
static inline void world_whip(struct world *w, const struct whip_view *v, struct buf *b)
{
    static const char *const verbs[] = {"offer", "trickle", "end"};
    buf_putf(b, "%s%s " PRIstr " " PRIstr, verbs[v->verb], v->stale ? " stale" : "",
             STR_ARG(v->etag), STR_ARG(v->body));
    if (v->session)
        memcpy(w->whip, v->session, sizeof w->whip);
}

static inline void world_http(struct world *w, const struct effect *e, struct buf *b)
{
    assert_true(e->http > 0 && e->http <= w->last_call && e->http != w->http.call);
    if (e->event && e->event->type == RESULT_WHIP)
        world_whip(w, &e->event->u.whip, b);
    else if (e->event)
        wire_out_call_result(b, e->event);
    else
        wire_out_call_error(b, &e->error);
    assert_true(str_copy(buf_str(b), w->http.text, sizeof w->http.text));
    w->http.call = e->http;
    w->http.code = e->event ? CODE_NONE : e->error.code;
    w->http.cookie = e->cookie;
    w->http_codes[e->event ? CODE_NONE : e->error.code]++;
}

static inline void world_push(struct world *w, const struct effect *e)
{
    struct kept_push *p = &w->pushes[w->n_pushes++ % ARRAY_LEN(w->pushes)];
    struct buf body;
    p->ttl_s = e->push->ttl_s;
    p->urgency = e->push->urgency;
    p->p256dh = e->push->p256dh[0];
    p->auth = e->push->auth[0];
    assert_true(str_copy(e->push->endpoint, p->endpoint, sizeof p->endpoint));
    assert_true(str_copy(e->push->topic, p->topic, sizeof p->topic));
    buf_init(&body, PUSH_BODY_MAX);
    wire_push_note(&body, e->note);
    assert_true(str_copy(buf_str(&body), p->body, sizeof p->body));
    buf_free(&body);
}

static inline void world_http_file(struct world *w, const struct effect *e)
{
    const struct file_grant *g = e->file;
    assert_true(e->http > 0 && e->http <= w->last_call && e->http != w->http.call);
    if (g)
        snprintf(w->http.text, sizeof w->http.text,
                 "file %d %llx-%llu " PRIstr " \"" PRIstr "\" %llu", (int)g->name.area,
                 (unsigned long long)g->name.id, (unsigned long long)g->name.part, STR_ARG(g->type),
                 STR_ARG(g->filename), (unsigned long long)(g->size ? g->size : g->stamp));
    else
        snprintf(w->http.text, sizeof w->http.text, "none");
    w->http.call = e->http;
    w->http.code = CODE_NONE;
    w->http.cookie = (struct cookie_change){.op = COOKIE_KEEP};
}

static inline void world_sink(void *arg, const struct effect *e)
{
    struct world *w = arg;
    struct client *c = client_of(w, e->session.id);
    struct buf b;
    w->effects++;
    world_relay(w, e);
    buf_init(&b, 1 << 22);
    switch (e->type) {
    case EFFECT_SESSION_OPENED: world_opened(w, e); break;
    case EFFECT_SESSION_BOUND:
        assert_non_null(c);
        assert_int_equal(c->conn, e->conn);
        wire_out_resumed(&b, e->session.id, e->seq, c->next_id - 1);
        client_log(c, &b);
        break;
    case EFFECT_SESSION_ENDED:
        assert_non_null(c);
        c->ended = (int)e->reason + 1;
        c->session = 0;
        if (wire_out_ended(&b, e->reason))
            client_log(c, &b);
        break;
    case EFFECT_SEND:
        assert_true(e->n_to > 0);
        wire_out_event(&b, e->event);
        for (size_t i = 0; i < e->n_to; i++) {
            struct buf copy;
            buf_init(&copy, 1 << 22);
            buf_put_str(&copy, buf_str(&b));
            c = client_of(w, e->to[i].id);
            assert_non_null(c);
            assert_int_equal(c->slot, e->to[i].slot);
            client_log(c, &copy);
        }
        break;
    case EFFECT_ACK:
        assert_non_null(c);
        wire_out_ack(&b, e->id, e->event);
        client_log(c, &b);
        break;
    case EFFECT_ERROR:
        c = e->session.id ? c : client_on(w, e->conn);
        assert_non_null(c);
        wire_out_error(&b, e->id, &e->error);
        client_log(c, &b);
        break;
    case EFFECT_STORE: mem_store_request(w->ms, e->store); break;
    case EFFECT_PASSWORD: world_job(w, e->password); break;
    case EFFECT_DISK: assert_true(disk_inline_ask(&w->disk, e->disk)); break;
    case EFFECT_HTTP_FILE: world_http_file(w, e); break;
    case EFFECT_HTTP: world_http(w, e, &b); break;
    case EFFECT_DB: assert_true(db_inline_ask(&w->db, e->db)); break;
    case EFFECT_RELAY: break;
    case EFFECT_PUSH: world_push(w, e); break;
    case EFFECT_GROUP: world_group(w, e->group); break;
    }
    buf_free(&b);
}

static inline void world_stores(struct world *w)
{
    struct store_answer a;
    while (mem_store_answer(w->ms, &a))
        domain_stored(w->d, w->now, w->wall, &a);
}

static inline void world_db_answered(void *ctx, const struct db_answer *answer)
{
    struct world *w = ctx;
    domain_db(w->d, w->now, w->wall, answer);
}

static inline void world_disk_answered(void *ctx, const struct disk_answer *answer)
{
    struct world *w = ctx;
    domain_disk(w->d, w->now, w->wall, answer);
}

/* Answers of the database that were held. */
static inline void world_dbs(struct world *w)
{
    bool hold = w->db.hold;
    w->db.hold = false;
    db_inline_answer(&w->db, world_db_answered, w);
    w->db.hold = hold;
}

/* The fake hash of a password is "hash of PASSWORD", at an earlier cost "old hash of PASSWORD". A password
 * with "weak" in it is. */
static inline void world_passwords(struct world *w, enum password_outcome forced)
{
    while (w->n_jobs > 0) {
        struct held_job h = w->jobs[0];
        char hash[700];
        memmove(w->jobs, w->jobs + 1, --w->n_jobs * sizeof h);
        int n = snprintf(hash, sizeof hash, "hash of %s", h.password);
        struct password_answer a = {.job = h.job.job, .outcome = forced};
        bool good = strcmp(hash, h.hash) == 0;
        bool old = strncmp(h.hash, "old ", 4) == 0 && strcmp(hash, h.hash + 4) == 0;
        w->jobs_done[h.job.kind]++;
        if (h.job.kind == PASSWORD_HASH || h.job.kind == PASSWORD_NEW || (old && h.job.renew))
            a.hash = str_of(hash, (size_t)n);
        if (forced == PASSWORD_OK && h.job.kind == PASSWORD_NEW && strstr(h.password, "weak")) {
            a = (struct password_answer){
                .job = h.job.job, .outcome = PASSWORD_WEAK, .weak = WEAK_COMMON};
        } else if (forced == PASSWORD_OK && (h.job.kind == PASSWORD_NOBODY ||
                                             (h.job.kind == PASSWORD_VERIFY && !good && !old)))
            a.outcome = PASSWORD_WRONG;
        domain_password(w->d, w->now, w->wall, &a);
        world_stores(w);
    }
}

static inline void world_settle(struct world *w)
{
    do { /* a request may ask the one and then the other */
        db_inline_answer(&w->db, world_db_answered, w);
        if (!w->hold_store)
            world_stores(w);
        disk_inline_answer(&w->disk, world_disk_answered, w);
        if (!w->hold_jobs)
            world_passwords(w, w->jobs_end);
    } while ((!w->db.hold && w->db.waiting) || (!w->disk.hold && w->disk.waiting));
}

/* Time goes on; what is due by then is done when it is due. */
static inline void world_pass(struct world *w, int64_t us)
{
    int64_t end = w->now + us;
    while (domain_deadline(w->d) <= end) {
        int64_t at = MAX_OF(domain_deadline(w->d), w->now);
        w->wall += (at - w->now) / 1000;
        w->now = at;
        domain_tick(w->d, w->now, w->wall);
        world_settle(w);
    }
    w->wall += (end - w->now) / 1000;
    w->now = end;
}

static inline void world_boot(struct world *w)
{
    uint8_t seed[32] = "a seed for the domain's tests.";
    seed[31] = (uint8_t)(w->next_conn);
    w->d = domain_new(&w->cfg, seed, world_sink, w);
    w->ms = mem_store_new(100, 1 << 20, seed);
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    domain_config_defaults(&w->cfg);
    memset(w->cfg.ticket_key, 7, sizeof w->cfg.ticket_key);
    w->cfg.facts.server = STR("madang/test");
    w->now = 1000 * SECOND;
    w->wall = 1800000000000LL;
    buf_init(&w->relays, 1 << 16);
    buf_init(&w->groups, 1 << 20);
    world_boot(w);
    return w;
}

/* With another configuration; forgets everything. */
static inline void world_again(struct world *w)
{
    domain_free(w->d);
    mem_store_free(w->ms);
    for (size_t i = 0; i < w->n_clients; i++)
        w->clients[i].session = 0;
    memset(&w->scopes, 0, sizeof w->scopes);
    buf_reset(&w->relays);
    buf_reset(&w->groups);
    w->n_jobs = 0;
    world_boot(w);
}

static inline void world_free(struct world *w)
{
    domain_free(w->d);
    mem_store_free(w->ms);
    for (size_t i = 0; i < w->n_clients; i++) {
        for (size_t k = 0; k < w->clients[i].n_log; k++)
            xfree(w->clients[i].log[k]);
        free(w->clients[i].log);
    }
    buf_free(&w->relays);
    buf_free(&w->groups);
    db_inline_free(&w->db);
    disk_inline_free(&w->disk);
    free(w);
}

static inline struct client *client_new(struct world *w)
{
    assert_true(w->n_clients < CLIENTS_MAX);
    struct client *c = &w->clients[w->n_clients++];
    memset(c, 0, sizeof *c);
    c->w = w;
    c->conn = ++w->next_conn;
    c->next_id = 1;
    return c;
}

/* Gives one message to the domain as the edge would. An error of the wire becomes a message. */
static inline void say(struct client *c, const char *text)
{
    struct world *w = c->w;
    struct wire_in in;
    if (wire_in_parse(&in, str_from(text), 0)) {
        in.cmd.session = c->session;
        in.cmd.conn = c->conn;
        if (in.cmd.type == CMD_HELLO) {
            in.cmd.u.hello.addr_key = w->addr_key;
            in.cmd.u.hello.addr = STR("192.0.2.7");
            in.cmd.u.hello.agent = STR("Tester/1");
            if (c->browser && c->browser->has_cookie)
                in.cmd.u.hello.cookie = str_of(c->browser->cookie, sizeof c->browser->cookie);
        }
        domain_cmd(w->d, w->now, w->wall, &in.cmd);
    } else {
        struct buf b;
        buf_init(&b, 4096);
        wire_out_error(&b, in.cmd.id, &in.error);
        client_log(c, &b);
    }
    wire_in_free(&in);
    world_settle(w);
}

/* What the call of that number was answered; "" when it was not yet. */
static inline const char *call_answer(struct world *w, struct browser *b, uint64_t call)
{
    if (w->http.call != call)
        return "";
    if (b && w->http.cookie.op != COOKIE_KEEP) {
        b->has_cookie = w->http.cookie.op == COOKIE_SET;
        memcpy(b->cookie, w->http.cookie.token, sizeof b->cookie);
    }
    return w->http.text;
}

/* A request for a file, by its cookie: "file AREA ID-PART TYPE "NAME" SIZE", or "none". */
static inline const char *fetch(struct world *w, struct browser *b, enum fetch_what what,
                                uint64_t id, uint32_t part)
{
    struct cmd c = {.type = CMD_FETCH, .http = ++w->last_call, .u.fetch = {what, id, part}};
    if (b && b->has_cookie)
        c.cookie = str_of(b->cookie, sizeof b->cookie);
    domain_cmd(w->d, w->now, w->wall, &c);
    world_settle(w);
    return call_answer(w, b, w->last_call);
}

/* POST /api/VERB with this object, quotes written as ', from a browser (NULL: one without cookies) that takes
 * the cookie of the answer. "" when the answer waits (for what is held): call_answer(w, b, w->last_call). */
static inline const char *post(struct world *w, struct browser *b, const char *verb,
                               const char *json)
{
    struct wire_in in;
    char *text = str_dup(str_from(json));
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    bool good = wire_in_parse_call(&in, str_from(verb), str_from(text));
    in.cmd.http = ++w->last_call;
    in.cmd.addr_key = w->addr_key;
    in.cmd.addr = w->addr ? str_from(w->addr) : STR("192.0.2.7");
    in.cmd.agent = w->agent ? str_from(w->agent) : STR("Tester/1");
    if (b && b->has_cookie)
        in.cmd.cookie = str_of(b->cookie, sizeof b->cookie);
    if (good)
        domain_cmd(w->d, w->now, w->wall, &in.cmd);
    else
        world_sink(w,
                   &(struct effect){.type = EFFECT_HTTP, .http = in.cmd.http, .error = in.error});
    wire_in_free(&in);
    xfree(text);
    world_settle(w);
    return call_answer(w, b, w->last_call);
}

static inline const char *last(const struct client *c)
{
    return c->n_log ? c->log[c->n_log - 1] : "";
}

/* The next message that was not looked at; "" when there is none. */
static inline const char *next(struct client *c)
{
    return c->seen < c->n_log ? c->log[c->seen++] : "";
}

static inline void drain(struct client *c)
{
    c->seen = c->n_log;
}

static inline void drain_all(struct world *w)
{
    for (size_t i = 0; i < w->n_clients; i++)
        drain(&w->clients[i]);
}

/* The answer to request id; "" when there is none (yet). */
static inline const char *answer_to(const struct client *c, int64_t id)
{
    char a[64], e[64];
    const char *found = "";
    snprintf(a, sizeof a, "{\"type\":\"ack\",\"id\":%lld", (long long)id);
    snprintf(e, sizeof e, "{\"type\":\"error\",\"id\":%lld", (long long)id);
    for (size_t i = 0; i < c->n_log; i++) {
        const char *m = c->log[i];
        size_t n = strncmp(m, a, strlen(a)) == 0 ? strlen(a) : strlen(e);
        if ((strncmp(m, a, strlen(a)) == 0 || strncmp(m, e, strlen(e)) == 0) &&
            (m[n] == ',' || m[n] == '}')) {
            assert_string_equal(found, ""); /* answered once */
            found = m;
        }
    }
    return found;
}

/* A request: fields without braces and id, quotes written as '. Its answer. */
static inline const char *ask(struct client *c, const char *fmt, ...) PRINTF_CHECK(2, 3);
static inline const char *ask(struct client *c, const char *fmt, ...)
{
    struct buf b;
    int64_t id = c->next_id++;
    va_list ap;
    buf_init(&b, 1 << 20);
    buf_putf(&b, "{'id':%lld,", (long long)id);
    va_start(ap, fmt);
    buf_vputf(&b, fmt, ap);
    va_end(ap);
    char *text = str_dup(buf_str(&b));
    buf_free(&b);
    for (char *p = text; *p && *p != '\n'; p++)
        if (*p == '\'')
            *p = '"';
    char *body = strchr(text, '\n');
    struct buf m;
    buf_init(&m, 1 << 20);
    buf_put(&m, text, body ? (size_t)(body - text) : strlen(text));
    buf_u8(&m, '}');
    if (body)
        buf_puts(&m, body);
    const char *z = buf_cstr(&m);
    assert_non_null(z);
    say(c, z);
    buf_free(&m);
    xfree(text);
    return answer_to(c, id);
}

static inline int has(const char *message, const char *part)
{
    char q[512];
    snprintf(q, sizeof q, "%s", part);
    for (char *p = q; *p; p++)
        if (*p == '\'')
            *p = '"';
    return strstr(message, q) != NULL;
}

#define assert_has(message, part)                               \
    do {                                                        \
        const char *message_ = (message);                       \
        if (!has(message_, part))                               \
            fail_msg("expected %s in: %.600s", part, message_); \
    } while (0)
#define assert_error(message, name)                                                   \
    do {                                                                              \
        const char *message_ = (message);                                             \
        if (!has(message_, "{'type':'error'") || !has(message_, "'code':'" name "'")) \
            fail_msg("expected error %s, got: %.600s", name, message_);               \
    } while (0)
#define assert_ack(message)                                     \
    do {                                                        \
        const char *message_ = (message);                       \
        if (!has(message_, "{'type':'ack'"))                    \
            fail_msg("expected an ack, got: %.600s", message_); \
    } while (0)

/* The text value behind "key":" that comes first. */
static inline char *value(const char *message, const char *key, char *out, size_t cap)
{
    char k[64];
    snprintf(k, sizeof k, "\"%s\":\"", key);
    const char *p = strstr(message, k);
    if (!p)
        fail_msg("no %s in: %.600s", key, message);
    p += strlen(k);
    size_t n = strcspn(p, "\"");
    assert_true(n < cap);
    memcpy(out, p, n);
    out[n] = 0;
    return out;
}

static inline struct client *hello(struct world *w, const char *name)
{
    struct client *c = client_new(w);
    const char *a = ask(c, "'type':'hello','v':1,'name':'%s'", name);
    assert_ack(a);
    value(a, "token", c->token, sizeof c->token);
    return c;
}

/* c makes a room; its id is put into room. */
static inline char *create(struct client *c, char room[B32_SIZE], const char *more)
{
    const char *a = ask(c, "'type':'create'%s", more);
    assert_ack(a);
    const char *inner = strstr(a, "\"room\":{");
    assert_non_null(inner);
    return value(inner, "room", room, B32_SIZE);
}

static inline const char *join(struct client *c, const char *room, const char *more)
{
    return ask(c, "'type':'join','room':'%s'%s", room, more);
}

static inline void lose_pipe(struct client *c)
{
    struct cmd cmd = {.type = CMD_PIPE_LOST, .session = c->session, .conn = c->conn};
    domain_cmd(c->w->d, c->w->now, c->w->wall, &cmd);
    world_settle(c->w);
}

static inline void resume(struct client *c, const char *token)
{
    char text[160];
    c->conn = ++c->w->next_conn;
    snprintf(text, sizeof text, "{\"type\":\"resume\",\"v\":1,\"token\":\"%s\",\"seq\":1}", token);
    uint64_t mine = c->session;
    c->session = 0;
    struct wire_in in;
    assert_true(wire_in_parse(&in, str_from(text), 0));
    in.cmd.conn = c->conn;
    c->session = mine;
    domain_cmd(c->w->d, c->w->now, c->w->wall, &in.cmd);
    wire_in_free(&in);
    world_settle(c->w);
}

static inline int world_setup(void **state)
{
    *state = world_new();
    return 0;
}

static inline int world_teardown(void **state)
{
    world_free(*state);
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
