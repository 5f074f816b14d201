#include "app/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "edge/keys/webauthn.h"
#include "edge/web/wire_push.h"

/* What the password thread or the store had no room for: its answer must not come from within the call
 * that asked for it. */
struct refused {
    struct list link;
    uint64_t number;
    enum db_proc proc; /* DB_NONE: a password, or what the disk should do */
    bool disk;
};

struct exchange {
    struct exchange_conf conf;
    struct exchange_ports ports;
    struct web *web;
    struct hub *hub;
    struct domain *domain;
    struct mem_store *store;
    struct list refused; /* in the order asked */
    int64_t wall_offset_us;
};

static int64_t wall_ms(const struct exchange *x, int64_t now_us)
{
    return (now_us + x->wall_offset_us) / US_PER_MS;
}

/* ---- policy ---- */

static struct refused *refuse(struct exchange *x, uint64_t number, enum db_proc proc)
{
    struct refused *r = xmalloc(sizeof *r);
    *r = (struct refused){.number = number, .proc = proc};
    list_push_back(&x->refused, &r->link);
    return r;
}

static void answer_refused(struct exchange *x, int64_t now_us, struct refused *r)
{
    if (r->disk) {
        struct disk_answer busy = {.number = r->number, .status = DISK_BUSY};
        domain_disk(x->domain, now_us, wall_ms(x, now_us), &busy);
    } else if (r->proc == DB_NONE) {
        struct password_answer busy = {.job = r->number, .outcome = PASSWORD_BUSY};
        domain_password(x->domain, now_us, wall_ms(x, now_us), &busy);
    } else {
        struct db_answer busy = {.proc = r->proc, .number = r->number, .status = DB_BUSY};
        domain_db(x->domain, now_us, wall_ms(x, now_us), &busy);
    }
    xfree(r);
}

static void push_note(struct exchange *x, const struct effect *e)
{
    struct push_job job = *e->push;
    struct buf body;
    buf_init(&body, PUSH_BODY_MAX);
    wire_push_note(&body, e->note);
    job.body = buf_str(&body);
    if (x->ports.push && !body.failed) {
        x->ports.push(x->ports.ctx, &job);
    }
    buf_free(&body);
}

static void on_effect(void *ctx, const struct effect *e)
{
    struct exchange *x = ctx;
    if (e->type == EFFECT_STORE) {
        mem_store_request(x->store, e->store);
    } else if (e->type == EFFECT_PASSWORD) {
        if (!x->ports.password(x->ports.ctx, e->password)) {
            refuse(x, e->password->job, DB_NONE);
        }
    } else if (e->type == EFFECT_DB) {
        if (!x->ports.db || !x->ports.db(x->ports.ctx, e->db)) {
            refuse(x, e->db->number, e->db->proc);
        }
    } else if (e->type == EFFECT_DISK) {
        if (!x->ports.disk || !x->ports.disk(x->ports.ctx, e->disk)) {
            refuse(x, e->disk->number, DB_NONE)->disk = true;
        }
    } else if (e->type == EFFECT_RELAY) {
        x->ports.relay(x->ports.ctx, e->relay);
    } else if (e->type == EFFECT_GROUP) {
        x->ports.group(x->ports.ctx, e->group);
    } else if (e->type == EFFECT_PUSH) {
        push_note(x, e);
    } else {
        hub_effect(x->hub, e);
    }
}

/* The answers that the policy's last call has made necessary. */
static void settle(struct exchange *x, int64_t now_us)
{
    struct store_answer stored;
    for (;;) {
        struct list *r;
        if (mem_store_answer(x->store, &stored)) {
            domain_stored(x->domain, now_us, wall_ms(x, now_us), &stored);
        } else if ((r = list_pop_front(&x->refused))) {
            answer_refused(x, now_us, container_of(r, struct refused, link));
        } else {
            return;
        }
    }
}

static void policy_command(void *ctx, int64_t now_us, const struct cmd *cmd)
{
    struct exchange *x = ctx;
    domain_cmd(x->domain, now_us, wall_ms(x, now_us), cmd);
    settle(x, now_us);
}

static bool policy_find_token(void *ctx, struct str token, struct session_ref *out)
{
    const struct exchange *x = ctx;
    return domain_find_token(x->domain, token, out);
}

/* ---- web ---- */

static int on_message(void *ctx, struct pipe *p, int64_t now_us, uint8_t *msg, size_t n)
{
    struct exchange *x = ctx;
    return hub_message(x->hub, p, now_us, str_of(msg, n), p->kind == PIPE_WS);
}

static void on_pipe_lost(void *ctx, struct pipe *p, void *user, int64_t now_us)
{
    struct exchange *x = ctx;
    hub_pipe_lost(x->hub, p, user, now_us);
}

static void on_call(void *ctx, const struct web_call *call, int64_t now_us)
{
    struct exchange *x = ctx;
    hub_call(x->hub, call, now_us);
}

static void on_call_answer(void *ctx, uint64_t call, const struct web_answer *a)
{
    struct exchange *x = ctx;
    web_call_answer(x->web, call, a);
}

static void on_fetch(void *ctx, const struct web_fetch *fetch, int64_t now_us)
{
    struct exchange *x = ctx;
    hub_fetch(x->hub, fetch, now_us);
}

static void on_grant(void *ctx, uint64_t fetch, const struct file_grant *file)
{
    struct exchange *x = ctx;
    web_file_grant(x->web, fetch, file);
}

static void on_whip(void *ctx, const struct web_whip *whip, int64_t now_us)
{
    struct exchange *x = ctx;
    hub_whip(x->hub, whip, now_us);
}

static void on_whip_answer(void *ctx, uint64_t whip, const struct web_whip_answer *a)
{
    struct exchange *x = ctx;
    web_whip_answer(x->web, whip, a);
}

static bool on_disk(void *ctx, const struct disk_request *rq)
{
    struct exchange *x = ctx;
    return x->ports.disk && x->ports.disk(x->ports.ctx, rq);
}

static struct str on_ca_cert(void *ctx)
{
    struct exchange *x = ctx;
    return x->ports.ca_cert(x->ports.ctx);
}

static void on_health(void *ctx, struct buf *json)
{
    struct exchange *x = ctx;
    x->ports.health(x->ports.ctx, json);
}

static void on_metrics(void *ctx, struct buf *out)
{
    struct exchange *x = ctx;
    x->ports.metrics(x->ports.ctx, out);
}

static int64_t on_wall_s(void *ctx, int64_t now_us)
{
    const struct exchange *x = ctx;
    return wall_ms(x, now_us) / 1000;
}

/* ---- life ---- */

struct exchange *exchange_new(const struct exchange_conf *conf, const struct exchange_ports *ports,
                              int64_t wall_offset_us, struct counts *counts)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    struct rng rng;
    uint8_t domain_seed[RNG_SEED_SIZE], store_seed[16];
    x->conf = *conf;
    x->ports = *ports;
    x->wall_offset_us = wall_offset_us;
    list_init(&x->refused);
    rng_init(&rng, conf->seed);
    rng_bytes(&rng, domain_seed, sizeof domain_seed);
    rng_bytes(&rng, store_seed, sizeof store_seed);
    rng_bytes(&rng, &x->conf.web.hash, sizeof x->conf.web.hash);

    x->conf.domain.passkey_check = webauthn_check;
    struct hub_conf hub = {
        .policy = {policy_command, policy_find_token, x},
        .answer = on_call_answer,
        .grant = on_grant,
        .whip = on_whip_answer,
        .answer_ctx = x,
        .outbox = conf->outbox,
        .message_max = conf->frame_max,
        .reorder_max = conf->reorder_max,
        .reorder_wait_us = conf->reorder_wait_us,
    };
    rng_bytes(&rng, &hub.hash, sizeof hub.hash);
    x->hub = hub_new(&hub);
    x->domain = domain_new(&x->conf.domain, domain_seed, on_effect, x);
    x->store = mem_store_new(conf->history, conf->history_bytes, store_seed);
    x->web = web_new(&x->conf.web,
                     &(struct web_handlers){
                         .ctx = x,
                         .message = on_message,
                         .pipe_lost = on_pipe_lost,
                         .ca_cert = on_ca_cert,
                         .health = on_health,
                         .metrics = on_metrics,
                         .wall_s = on_wall_s,
                         .call = on_call,
                         .fetch = on_fetch,
                         .whip = on_whip,
                         .disk = on_disk,
                     },
                     counts);
    memzero(&rng, sizeof rng);
    memzero(domain_seed, sizeof domain_seed);
    return x;
}

void exchange_free(struct exchange *x)
{
    if (!x) {
        return;
    }
    hub_free(x->hub);
    web_free(x->web);
    domain_free(x->domain);
    mem_store_free(x->store);
    struct list *r;
    while ((r = list_pop_front(&x->refused))) {
        xfree(container_of(r, struct refused, link));
    }
    memzero(x, sizeof *x);
    xfree(x);
}

/* ---- inputs ---- */

void exchange_take(void *ctx, struct stream *s)
{
    struct exchange *x = ctx;
    web_take(x->web, s);
}

void exchange_tick(struct exchange *x, int64_t now_us)
{
    web_tick(x->web, now_us);
    hub_tick(x->hub, now_us);
    domain_tick(x->domain, now_us, wall_ms(x, now_us));
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

int64_t exchange_deadline(const struct exchange *x)
{
    int64_t at = domain_deadline(x->domain);
    at = MIN_OF(at, hub_deadline(x->hub));
    return MIN_OF(at, web_deadline(x->web));
}

void exchange_password(struct exchange *x, int64_t now_us, const struct password_answer *answer)
{
    domain_password(x->domain, now_us, wall_ms(x, now_us), answer);
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_db(struct exchange *x, int64_t now_us, const struct db_answer *answer)
{
    domain_db(x->domain, now_us, wall_ms(x, now_us), answer);
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_pushed(struct exchange *x, int64_t now_us, const struct push_answer *answer)
{
    domain_pushed(x->domain, now_us, wall_ms(x, now_us), answer);
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_disk(struct exchange *x, int64_t now_us, const struct disk_answer *answer)
{
    if (answer->owner == DISK_OF_WEB) {
        web_disk(x->web, answer);
    } else {
        domain_disk(x->domain, now_us, wall_ms(x, now_us), answer);
    }
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_group(struct exchange *x, int64_t now_us, const struct group_news *news)
{
    domain_group(x->domain, now_us, wall_ms(x, now_us), news);
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_recorded(struct exchange *x, int64_t now_us, const struct rec_state *state)
{
    domain_recorded(x->domain, now_us, wall_ms(x, now_us), state);
    settle(x, now_us);
    hub_settle(x->hub, now_us);
}

void exchange_wall(struct exchange *x, int64_t wall_offset_us)
{
    x->wall_offset_us = wall_offset_us;
}

void exchange_hsts(struct exchange *x, bool on)
{
    x->conf.web.hsts = on; /* the web reads it there */
}

void exchange_ready(struct exchange *x, int64_t now_us)
{
    domain_start(x->domain, now_us, wall_ms(x, now_us));
    web_ready(x->web);
}

void exchange_drain(struct exchange *x, int64_t now_us, int64_t retry_ms)
{
    domain_drain(x->domain, now_us, wall_ms(x, now_us));
    hub_closing(x->hub, retry_ms);
    web_drain(x->web, now_us);
}

struct web *exchange_web(struct exchange *x)
{
    return x->web;
}

const struct hub *exchange_hub(const struct exchange *x)
{
    return x->hub;
}

const struct domain *exchange_domain(const struct exchange *x)
{
    return x->domain;
}

const struct mem_store *exchange_store(const struct exchange *x)
{
    return x->store;
}
