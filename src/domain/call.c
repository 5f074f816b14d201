/* Calls as objects: the core decides, here is what its outputs mean. */
#include "domain/call.h"

#include "base/mem.h"

/* ---- finding ---- */

struct call *call_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->calls, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct call *c = container_of(it, struct call, by_id);
        if (c->id == id)
            return c;
    }
    return NULL;
}

enum call_who call_side(const struct call *c, const struct user *u)
{
    return c->user[CALL_CALLEE] == u ? CALL_CALLEE : CALL_CALLER;
}

uint64_t call_device(const struct call *c, const struct user *u)
{
    return c->f.sides[call_side(c, u)].device;
}

struct call *call_at(const struct session *s, const struct call *but)
{
    for (struct call_end *e = s->user ? s->user->calls : NULL; e; e = e->next) {
        const struct call_side *side = &e->call->f.sides[call_side(e->call, s->user)];
        if (!call_fsm_over(&e->call->f) && side->device == s->id && !side->held &&
            !(but && e->call->room == but->room))
            return e->call;
    }
    return NULL;
}

/* Whether u is to know of c as something that goes on. */
static bool call_counts(const struct call *c, const struct user *u)
{
    return !call_fsm_over(&c->f) && !(c->f.hidden && call_side(c, u) == CALL_CALLEE);
}

uint32_t call_count(const struct user *u)
{
    uint32_t n = 0;
    for (const struct call_end *e = u->calls; e; e = e->next) {
        bool seen = !call_counts(e->call, u);
        for (const struct call_end *o = u->calls; o != e && !seen; o = o->next)
            seen = o->call->room == e->call->room && call_counts(o->call, u);
        n += !seen;
    }
    return n;
}

bool call_user_talks(const struct user *u)
{
    for (const struct call_end *e = u->calls; e; e = e->next)
        if (call_fsm_talking(&e->call->f))
            return true;
    return false;
}

/* ---- life ---- */

static void call_plan(struct domain *d, struct call *c)
{
    list_del(&c->timed);
    c->due = call_fsm_deadline(&c->f);
    if (c->due == INT64_MAX)
        return;
    struct list *at = d->timed_calls.prev;
    while (at != &d->timed_calls && container_of(at, struct call, timed)->due > c->due)
        at = at->prev;
    list_push_front(at, &c->timed); /* behind `at` */
}

struct call *call_new(struct domain *d, uint64_t id, struct user *caller, struct user *callee)
{
    struct call *c = xcalloc(1, sizeof *c);
    list_init(&c->timed);
    while ((id & 0xffffffffffffULL) == 0 || call_find(d, id))
        id = ID_MAKE(d->cfg.node, d->cfg.worker, rng_u64(&d->rng));
    c->id = id;
    c->user[CALL_CALLER] = user_hold(caller);
    c->user[CALL_CALLEE] = user_hold(callee);
    for (int i = 0; i < 2; i++) {
        c->end[i] = (struct call_end){c->user[i]->calls, c};
        c->user[i]->calls = &c->end[i];
    }
    c->started_ms = d->wall;
    hmap_insert(&d->calls, &c->by_id, hash_u64(&d->hash_key, id));
    return c;
}

static void call_unlink(struct call *c)
{
    list_del(&c->timed);
    for (int i = 0; i < 2; i++) {
        struct call_end **at = &c->user[i]->calls;
        while (*at != &c->end[i])
            at = &(*at)->next;
        *at = c->end[i].next;
    }
}

void call_drop(struct domain *d, struct call *c)
{
    call_unlink(c);
    hmap_remove(&d->calls, &c->by_id);
    user_drop(d, c->user[CALL_CALLER]);
    user_drop(d, c->user[CALL_CALLEE]);
    xfree(c->text);
    xfree(c);
}

void call_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->calls) {
        call_drop(d, container_of(it, struct call, by_id));
    }
    hmap_free(&d->calls);
}

/* ---- what people are told ---- */

static enum call_shown call_shown(const struct call_fsm *f)
{
    switch (f->state) {
    case CALL_IDLE:
    case CALL_RINGING: return CALL_SHOWN_RINGING;
    case CALL_ACCEPTED:
    case CALL_HELD: return CALL_SHOWN_ACCEPTED;
    case CALL_DECLINED: return CALL_SHOWN_DECLINED;
    case CALL_CANCELLED: return CALL_SHOWN_CANCELLED;
    case CALL_BUSY: return CALL_SHOWN_BUSY;
    case CALL_EXPIRED: return CALL_SHOWN_EXPIRED;
    default: return CALL_SHOWN_ENDED;
    }
}

static int64_t call_ms(const struct call *c, int64_t at)
{
    return at ? c->started_ms + (at - c->f.started) / 1000 : 0;
}

static struct who_view who_of(const struct user *u)
{
    return (struct who_view){u->id, user_name(u), user_display(u), u->avatar};
}

/* The room, for whom there is something to join. */
static uint64_t call_room_shown(const struct call *c, enum call_who to)
{
    if (call_fsm_talking(&c->f))
        return c->room;
    if (c->f.state != CALL_RINGING || (to == CALL_CALLEE && !call_may_prepare(c)))
        return 0;
    return c->room;
}

void call_fill(const struct call *c, enum call_who to, struct call_object *o, struct call_views *v)
{
    const struct call_fsm *f = &c->f;
    *o = (struct call_object){
        .call = c->id,
        .state = call_shown(f),
        .caller = &v->who[CALL_CALLER],
        .callee = &v->who[CALL_CALLEE],
        .video = f->video,
        .group = f->group && !c->back,
        .early = f->state == CALL_RINGING && call_open_early(c),
        .room = call_room_shown(c, to),
        .started_ms = c->started_ms,
        .answered_ms = call_ms(c, f->answered),
        .ended_ms = call_ms(c, f->ended),
        .reason = str_from(call_reason_text(f->reason)),
        .text = str_from(c->text ? c->text : ""),
        .caller_device = f->sides[CALL_CALLER].device,
        .callee_device = f->sides[CALL_CALLEE].device,
        .held = {v->held, 0},
        .lost = {v->lost, 0},
    };
    for (int i = 0; i < 2; i++) {
        v->who[i] = who_of(c->user[i]);
        if (call_fsm_talking(f) && f->sides[i].held)
            v->held[o->held.n++] = c->user[i]->id;
        if (call_fsm_talking(f) && f->sides[i].lost_until)
            v->lost[o->lost.n++] = c->user[i]->id;
    }
}

static struct event call_event(const struct call *c, enum call_who to, struct call_object *o,
                               struct call_views *v)
{
    call_fill(c, to, o, v);
    return (struct event){.type = EVENT_CALL, .u.call.call = {.call = o}};
}

static void call_show(struct domain *d, const struct call *c, enum call_who to, uint64_t device)
{
    struct call_object o;
    struct call_views v;
    struct session *s = session_find(d, device);
    struct event e = call_event(c, to, &o, &v);
    if (s)
        emit_to(d, s, &e);
}

/* While it rings, the callee's devices that do not ring are told nothing. */
static void call_tell(struct domain *d, const struct call *c)
{
    struct call_object o;
    struct call_views v;
    struct event e = call_event(c, CALL_CALLER, &o, &v);
    user_tell(d, c->user[CALL_CALLER], &e, NULL);
    if (c->f.hidden)
        return;
    for (uint32_t i = 0; i < c->f.n_legs; i++)
        call_show(d, c, CALL_CALLEE, c->f.legs[i]);
    if (c->f.state != CALL_RINGING) {
        e = call_event(c, CALL_CALLEE, &o, &v);
        user_tell(d, c->user[CALL_CALLEE], &e, NULL);
    }
}

/* Those who are no longer to know of it see it end as any other. */
static void call_hide(struct domain *d, const struct call *c)
{
    struct call_object o;
    struct call_views v;
    struct event e = call_event(c, CALL_CALLEE, &o, &v);
    o.state = CALL_SHOWN_CANCELLED;
    o.room = 0;
    user_tell(d, c->user[CALL_CALLEE], &e, NULL);
}

void call_ring(struct domain *d, struct call *c, struct session *s)
{
    struct call_object o;
    struct call_views v;
    call_fill(c, CALL_CALLEE, &o, &v);
    bool waiting = call_count(c->user[CALL_CALLEE]) > 1;
    emit_to(d, s,
            &(struct event){.type = EVENT_RING, .u.call.call = {.call = &o, .waiting = waiting}});
}

/* ---- outputs ---- */

void call_make_way(struct domain *d, struct session *s, const struct call *but, bool end)
{
    struct call *c;
    while ((c = call_at(s, but)) != NULL) {
        enum call_who side = call_side(c, s->user);
        if (end || !CALL_PUT(d, c, CEV_HOLD, .who = side))
            CALL_PUT(d, c, CEV_END, .who = side);
    }
}

static void call_out(struct domain *d, struct call *c, const struct call_out *o)
{
    struct session *s = o->device ? session_find(d, o->device) : NULL;
    switch (o->kind) {
    case CALL_OUT_RECORD: call_record(d, c); break;
    case CALL_OUT_RING:
        if (s)
            call_ring(d, c, s);
        break;
    case CALL_OUT_TELL: call_tell(d, c); break;
    case CALL_OUT_SHOW:
        if (s && s->user)
            call_show(d, c, call_side(c, s->user), o->device);
        break;
    case CALL_OUT_SIEVE: call_room_sieve(d, c); break;
    case CALL_OUT_FREE: call_room_media(d, c, o->device, false); break;
    case CALL_OUT_PUBLISH: call_room_media(d, c, o->device, true); break;
    case CALL_OUT_LEAVE: call_room_leave(d, c, o->device); break;
    case CALL_OUT_CLOSE: call_room_close(d, c); break;
    case CALL_OUT_GROUP: break; /* done by call_room_group, which asked for it */
    case CALL_OUT_HIDE: call_hide(d, c); break;
    case CALL_OUT_MISSED:
        call_tell_missed(d, c->user[CALL_CALLEE]);
        call_push(d, c, PUSH_MISSED);
        break;
    default: break;
    }
}

/* Outputs may make other calls end, never this one. */
static void call_run(struct domain *d, struct call *c, const struct call_outs *outs)
{
    uint64_t id = c->id, room = c->room;
    bool gone = false, talks = call_fsm_talking(&c->f), begins = talks && !c->talks;
    if (talks != c->talks) {
        c->talks = talks;
        presence_user_talks(d, c->user[CALL_CALLER]);
        presence_user_talks(d, c->user[CALL_CALLEE]);
    }
    for (uint32_t i = 0; i < outs->n; i++) {
        call_out(d, c, &outs->o[i]);
        gone |= outs->o[i].kind == CALL_OUT_FORGET;
    }
    struct room *r = begins ? room_find(d, room) : NULL;
    if (r)
        group_review(d, r);
    if (gone)
        call_drop(d, c);
    else if ((c = call_find(d, id)) != NULL)
        call_plan(d, c);
}

bool call_put(struct domain *d, struct call *c, const struct call_input *in)
{
    struct call_outs outs;
    bool rang = c->f.state == CALL_RINGING;
    bool group = (in->event == CEV_ANSWER || in->event == CEV_GLARE) && rang;
    if (!call_fsm_take(&c->f, d->now, in, &outs))
        return false;
    if (rang && (call_fsm_talking(&c->f) || c->f.state == CALL_DECLINED))
        call_push(d, c, PUSH_TAKEN);
    uint64_t id = c->id;
    call_run(d, c, &outs);
    if (group && (c = call_find(d, id)) != NULL)
        call_room_group(d, c);
    return true;
}

void call_ring_all(struct domain *d, struct call *c)
{
    struct user *u = c->user[CALL_CALLEE];
    LIST_FOREACH(l, &u->sessions) {
        struct call_outs outs;
        const struct session *s = container_of(l, struct session, of_user);
        if ((s->state == SESSION_LIVE || s->state == SESSION_AWAY) &&
            scope_allows_event(s, EVENT_RING) &&
            call_fsm_device(&c->f, d->now, CALL_CALLEE, s->id, CALL_CAME, &outs))
            call_run(d, c, &outs);
    }
}

void call_finish(struct domain *d, struct call *c, const struct asker *who,
                 const struct call_input *in)
{
    c->done = *who;
    if (!call_put(d, c, in)) {
        c->done = (struct asker){0};
        reply_error(d, who, CODE_CALL_OVER);
    }
}

/* ---- sessions ---- */

static void call_device_event(struct domain *d, struct session *s, enum call_happens what)
{
    struct call_outs outs;
    struct call_end *next;
    for (struct call_end *e = s->user ? s->user->calls : NULL; e; e = next) {
        next = e->next;
        struct call *c = e->call;
        if (call_fsm_device(&c->f, d->now, call_side(c, s->user), s->id, what, &outs))
            call_run(d, c, &outs);
    }
}

void call_session_came(struct domain *d, struct session *s)
{
    if (scope_allows_event(s, EVENT_RING)) /* otherwise it is a program with other business */
        call_device_event(d, s, CALL_CAME);
}

void call_session_away(struct domain *d, struct session *s)
{
    call_device_event(d, s, CALL_LOST);
}

void call_session_back(struct domain *d, struct session *s)
{
    call_device_event(d, s, CALL_BACK);
}

void call_session_gone(struct domain *d, struct session *s, bool said)
{
    while (said) {
        struct call_end *e = s->user ? s->user->calls : NULL;
        while (e && (call_fsm_over(&e->call->f) || call_device(e->call, s->user) != s->id))
            e = e->next;
        if (!e || !CALL_PUT(d, e->call, CEV_END, .who = call_side(e->call, s->user)))
            break;
    }
    call_device_event(d, s, CALL_GONE);
}

void call_session_reloaded(struct domain *d, struct session *old, struct session *s)
{
    struct call_outs outs;
    struct call_end *next;
    if (!old->user || old->user != s->user)
        return;
    for (struct call_end *e = s->user->calls; e; e = next) {
        next = e->next;
        struct call *c = e->call;
        if (call_fsm_reloaded(&c->f, d->now, call_side(c, s->user), old->id, s->id, &outs))
            call_run(d, c, &outs);
    }
}

void call_user_blocks(struct domain *d, struct user *u, uint64_t other)
{
    struct call_end *next;
    for (struct call_end *e = u->calls; e; e = next) {
        next = e->next;
        enum call_who side = call_side(e->call, u);
        if (e->call->user[!side]->id == other)
            CALL_PUT(d, e->call, CEV_BLOCK, .who = side);
    }
}

/* ---- time ---- */

static struct call *call_next(const struct domain *d)
{
    struct list *first = list_first(&d->timed_calls);
    return first ? container_of(first, struct call, timed) : NULL;
}

int64_t call_deadline(const struct domain *d)
{
    const struct call *c = call_next(d);
    return MIN_OF(c ? c->due : INT64_MAX, call_record_deadline(d));
}

void call_tick(struct domain *d)
{
    struct call *c;
    struct call_outs outs;
    while ((c = call_next(d)) != NULL && c->due <= d->now) {
        if (call_fsm_tick(&c->f, d->now, &outs))
            call_run(d, c, &outs);
        else
            call_plan(d, c);
    }
    call_record_tick(d);
}
