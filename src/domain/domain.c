/* The door of the domain: configuration, what comes in, time, and a look at everything. */
#include "domain/domain_int.h"

#include "base/mem.h"
#include "domain/account.h"
#include "domain/conv.h"
#include "domain/upload.h"
#include "domain/user.h"

#define SECOND 1000000

static void conv_defaults(struct domain_config *cfg)
{
    cfg->convs_max = 2000;
    cfg->members_max = 1000;
    cfg->rates[RATE_SEND] = (struct domain_rate){30, SECOND / 5};
    cfg->rates[RATE_CONV] = (struct domain_rate){100, SECOND / 20};
    cfg->rates[RATE_SEARCH] = (struct domain_rate){10, SECOND};
    cfg->rates[RATE_EXPORT] = (struct domain_rate){2, 300LL * SECOND};
    cfg->rates[RATE_STRANGER] = (struct domain_rate){60, 5LL * SECOND};
}

static const struct hello_facts facts_defaults = {
    .resume_s = 30,
    .ping_s = 20,
    .stun_port = 3478,
    .limit_name = 32,
    .limit_chat = 2000,
    .limit_title = 64,
    .limit_message = 70000,
    .limit_rooms_per_session = 8,
    .limit_mesh = 4,
};

void domain_config_defaults(struct domain_config *cfg)
{
    *cfg = (struct domain_config){
        .max_sessions = 20000,
        .max_rooms = 5000,
        .rooms_per_session = 8,
        .mesh = 4,
        .capacity_default = 100,
        .capacity_max = 1000,
        .name_max = 32,
        .title_max = 64,
        .chat_max = 2000,
        .password_queue = 32,
        .list_max = 500,
        .bans_per_room = 100,
        .resume_us = 30LL * SECOND,
        .leave_us = 5LL * SECOND,
        .list_every_us = SECOND / 2,
        .ban_us = 600LL * SECOND,
        .ticket_ms = 600LL * 1000,
        .owner_wait_us = 30LL * SECOND,
        .registration = REGISTRATION_INVITE,
        .guests = true,
        .sign_in_ms = 30 * INT64_C(86400) * 1000,
        .upload_max = 100 << 20,
        .uploads_each_max = 500 << 20,
        .files_each_max = 2000LL << 20,
        .ring_us = 45LL * SECOND,
        .upload_us = 3600LL * SECOND,
        .hello = {60, SECOND / 10},
        .sign_in = {20, SECOND},
        .rates =
            {
                [RATE_JOIN] = {10, SECOND},
                [RATE_CHAT] = {20, SECOND / 5},
                [RATE_WHISPER] = {20, SECOND / 5},
                [RATE_TYPING] = {10, SECOND / 2},
                [RATE_DESC] = {60, SECOND / 20},
                [RATE_CAND] = {200, SECOND / 50},
                [RATE_FILE] = {20, SECOND / 2},
                [RATE_STATE] = {20, SECOND / 5},
                [RATE_NAME] = {5, 5LL * SECOND},
                [RATE_WATCH] = {10, SECOND},
                [RATE_MANAGE] = {20, SECOND / 5},
                [RATE_RESUME] = {10, SECOND},
                [RATE_PEOPLE] = {40, SECOND / 10},
                [RATE_CALL] = {10, 6LL * SECOND},
            },
        .facts = facts_defaults,
    };
    conv_defaults(cfg);
    cfg->groups = GROUPS_NEVER;
    cfg->group_places = 100;
    cfg->recordings = true;
}

struct domain *domain_new(const struct domain_config *cfg, const uint8_t seed[32],
                          domain_sink_fn *sink, void *arg)
{
    struct domain *d = xcalloc(1, sizeof *d);
    d->cfg = *cfg;
    d->sink = sink;
    d->sink_arg = arg;
    rng_init(&d->rng, seed);
    d->hash_key.k0 = rng_u64(&d->rng);
    d->hash_key.k1 = rng_u64(&d->rng);
    pool_init(&d->sessions_pool, sizeof(struct session), (uint32_t)cfg->max_sessions);
    hmap_init(&d->sessions);
    hmap_init(&d->tokens);
    hmap_init(&d->rooms);
    hmap_init(&d->users);
    hmap_init(&d->addrs);
    hmap_init(&d->asks);
    list_init(&d->hashing);
    presence_init(d);
    hmap_init(&d->whips);
    list_init(&d->whips_over);
    hmap_init(&d->groups);
    hmap_init(&d->group_peers);
    list_init(&d->group_back);
    list_init(&d->group_close);
    list_init(&d->no_group);
    list_init(&d->group_offers);
    list_init(&d->recordings);
    hmap_init(&d->calls);
    list_init(&d->timed_calls);
    hmap_init(&d->convs);
    list_init(&d->convs_used);
    list_init(&d->live.dirty);
    d->live.sent = INT64_MIN / 2;
    steady_known(&d->clock, cfg->clock_ms);
    attempts_start(d);
    confirm_init(d);
    for (int i = 0; i < CHALLENGE_KINDS; i++)
        d->challenges[i] = xcalloc(CHALLENGES, sizeof *d->challenges[i]);
    list_init(&d->addr_order);
    list_init(&d->away);
    list_init(&d->leaving);
    list_init(&d->orphans);
    list_init(&d->watchers);
    list_init(&d->public);
    list_init(&d->dirty);
    hmap_init(&d->uploads);
    list_init(&d->uploads_order);
    d->list_sent = INT64_MIN / 2;
    d->jobs = xcalloc((size_t)MAX_OF(cfg->password_queue, 1), sizeof *d->jobs);
    return d;
}

void domain_free(struct domain *d)
{
    if (!d)
        return;
    whip_free_all(d);
    room_free_all(d);
    record_free_all(d);
    upload_free_all(d);
    session_free_all(d);
    call_free_all(d);
    presence_free(d);
    conv_free_all(d);
    user_free_all(d);
    ask_free_all(d);
    pool_free(&d->sessions_pool);
    hmap_free(&d->sessions);
    hmap_free(&d->tokens);
    hmap_free(&d->rooms);
    hmap_free(&d->whips);
    hmap_free(&d->groups);
    hmap_free(&d->group_peers);
    hmap_free(&d->addrs);
    attempts_free(&d->attempts);
    confirm_free(d);
    for (int i = 0; i < CHALLENGE_KINDS; i++) {
        memzero(d->challenges[i], CHALLENGES * sizeof *d->challenges[i]);
        xfree(d->challenges[i]);
    }
    xfree(d->gone);
    xfree(d->jobs);
    xfree(d->free_slots);
    xfree(d->refs);
    xfree(d->told);
    xfree(d->people);
    xfree(d->views);
    xfree(d->tracks);
    memzero(d, sizeof *d);
    xfree(d);
}

/* ---- what comes in ---- */

void domain_time(struct domain *d, int64_t now_us, int64_t wall_ms)
{
    steady_run(&d->clock, now_us, wall_ms);
    d->now = now_us;
    d->wall = steady_stamp_ms(&d->clock);
    d->steady = steady_ms(&d->clock);
}

void domain_start(struct domain *d, int64_t now_us, int64_t wall_ms)
{
    domain_time(d, now_us, wall_ms);
    presence_start(d);
}

void domain_drain(struct domain *d, int64_t now_us, int64_t wall_ms)
{
    domain_time(d, now_us, wall_ms);
    presence_drain(d);
    record_drain(d);
    attempts_write(d);
}

void domain_cmd(struct domain *d, int64_t now_us, int64_t wall_ms, const struct cmd *cmd)
{
    domain_time(d, now_us, wall_ms);
    dispatch(d, cmd);
}

void domain_stored(struct domain *d, int64_t now_us, int64_t wall_ms,
                   const struct store_answer *answer)
{
    domain_time(d, now_us, wall_ms);
    if (answer->ctx.kind == CTX_CHAT) {
        chat_stored(d, answer);
        return;
    }
    struct session *s = session_find(d, answer->ctx.session);
    if (!s)
        return; /* it ended while it waited */
    struct pending *p = pending_find(s, answer->ctx.arg);
    if (answer->ctx.kind == CTX_JOIN && p)
        join_go_on(d, s, p, answer);
    else if (answer->ctx.kind == CTX_MERGE)
        merge_go_on(d, s, answer);
}

void domain_password(struct domain *d, int64_t now_us, int64_t wall_ms,
                     const struct password_answer *answer)
{
    domain_time(d, now_us, wall_ms);
    if (ask_password_answered(d, answer))
        return;
    struct session *s = pending_job_done(d, answer->job);
    struct pending *p = s ? pending_find(s, answer->job) : NULL;
    if (!p)
        return; /* the session ended while it waited */
    if (p->kind == PENDING_JOIN) {
        join_password(d, s, p, answer);
        return;
    }
    if (answer->outcome != PASSWORD_OK) {
        emit_retry(d, s, p->id, CODE_BUSY, 1000);
        pending_free(s, p);
        return;
    }
    struct str hash = str_head(answer->hash, PASSWORD_HASH_MAX);
    if (p->kind == PENDING_CREATE)
        create_finish(d, s, p, hash);
    else
        manage_set_finish(d, s, p, hash);
}

void domain_db(struct domain *d, int64_t now_us, int64_t wall_ms, const struct db_answer *answer)
{
    domain_time(d, now_us, wall_ms);
    if (answer->number != 0)
        ask_db_answered(d, answer);
    else {
        user_reload_all(d);
        conv_stale_all(d);
    }
}

void domain_disk(struct domain *d, int64_t now_us, int64_t wall_ms,
                 const struct disk_answer *answer)
{
    domain_time(d, now_us, wall_ms);
    ask_disk_answered(d, answer);
}

void domain_tick(struct domain *d, int64_t now_us, int64_t wall_ms)
{
    domain_time(d, now_us, wall_ms);
    session_tick(d);
    room_tick(d);
    group_tick(d);
    whip_tick(d);
    call_tick(d);
    presence_tick(d);
    conv_tick(d);
    live_tick(d);
    roomlist_tick(d);
    upload_tick(d);
    token_tick(d);
    attempts_tick(d);
}

int64_t domain_deadline(const struct domain *d)
{
    int64_t at = MIN_OF(session_deadline(d), room_deadline(d));
    at = MIN_OF(at, group_deadline(d));
    at = MIN_OF(at, whip_deadline(d));
    at = MIN_OF(at, call_deadline(d));
    at = MIN_OF(at, presence_deadline(d));
    at = MIN_OF(at, conv_deadline(d));
    at = MIN_OF(at, live_deadline(d));
    int64_t list = roomlist_deadline(d);
    at = MIN_OF(at, upload_deadline(d));
    at = MIN_OF(at, token_deadline(d));
    at = MIN_OF(at, attempts_deadline(d));
    return MIN_OF(at, list);
}

bool domain_find_token(const struct domain *d, struct str token, struct session_ref *out)
{
    const struct session *s = session_find_token(d, token);
    if (s)
        *out = session_ref(s);
    return s != NULL;
}

/* ---- a look at everything ---- */

void domain_count(const struct domain *d, struct domain_counts *out)
{
    *out = (struct domain_counts){
        .sessions = (uint32_t)d->sessions.n,
        .away = d->n_away,
        .rooms = (uint32_t)d->rooms.n,
        .public_rooms = d->n_public,
        .participants = d->n_parts,
        .password_jobs = d->n_jobs,
        .uploads = (uint32_t)d->uploads.n,
        .asks = (uint32_t)d->asks.n,
        .recordings = d->n_recordings,
        .watchers = d->n_watchers,
        .people_here = d->presence.n_here,
        .people_pairs = d->presence.n_pairs,
    };
}

static void visit_session(const struct session *s, const struct domain_visitor *v, void *arg)
{
    v->session(arg, &(struct session_dump){
                        .ref = session_ref(s),
                        .conn = s->conn,
                        .name = session_name(s),
                        .state = session_state_text((enum session_state)s->state),
                        .rooms = s->n_rooms,
                        .watching = !list_empty(&s->watch),
                    });
}

static void visit_room(const struct room *r, const struct domain_visitor *v, void *arg)
{
    struct person_view *people = xcalloc(MAX_OF(r->n_parts, 1), sizeof *people);
    for (uint32_t i = 0; i < r->n_parts; i++)
        person_view(&r->parts[i], &people[i]);
    struct room_dump dump = {
        .version = r->version, .media = r->n_media, .bans = r->n_bans, .people = people};
    room_view(r, &dump.view);
    v->room(arg, &dump);
    xfree(people);
}

void domain_visit(const struct domain *d, const struct domain_visitor *v, void *arg)
{
    if (v->session)
        HMAP_FOREACH(it, &d->sessions)
            visit_session(container_of(it, struct session, by_id), v, arg);
    if (v->room)
        HMAP_FOREACH(it, &d->rooms)
            visit_room(container_of(it, struct room, by_id), v, arg);
}
