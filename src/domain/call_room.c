/* The room of a call: made when it begins, locked, without an owner, for those whom the call admits. While
 * nobody has answered, the caller and the devices that ring may prepare in it, by relays only. It is over
 * with the call, unless a third person has come in. */
#include "domain/call.h"

#include "domain/names.h"

bool call_room_open(struct domain *d, struct call *c, const struct session *s)
{
    char title[NAMES_BYTES_MAX];
    struct buf made;
    uint64_t id;
    if (d->rooms.n >= (size_t)d->cfg.max_rooms)
        return false;
    do
        id = ID_MAKE(d->cfg.node, d->cfg.worker, rng_u64(&d->rng));
    while ((id & 0xffffffffffffULL) == 0 || room_find(d, id));
    buf_init_fixed(&made, title, sizeof title);
    names_room(&made, user_display(c->user[CALL_CALLER]), d->cfg.title_max, s->korean);
    struct room *r = room_new(d, id, str_of(title, buf_len(&made)));
    r->locked = true;
    r->call = c->id;
    r->of_calls = true;
    c->room = id;
    return true;
}

/* The room if it is still this call's own. */
static struct room *own_room(const struct domain *d, const struct call *c)
{
    struct room *r = room_find(d, c->room);
    return r && r->call == c->id ? r : NULL;
}

/* ---- who may be there ---- */

bool call_may_prepare(const struct call *c)
{
    return !c->joins && !c->f.hidden && c->user[CALL_CALLEE]->mode != PRESENCE_MODE_INVISIBLE;
}

static bool call_lets_in(const struct call *c, const struct room *r, const struct session *s)
{
    if (c->room != r->id || !call_fsm_admits(&c->f, s->id))
        return false;
    if (call_fsm_talking(&c->f))
        return true;
    return r->call == c->id && (call_side(c, s->user) == CALL_CALLER || call_may_prepare(c));
}

bool call_admits(struct domain *d, const struct room *r, const struct session *s)
{
    (void)d;
    for (struct call_end *e = s->user ? s->user->calls : NULL; e; e = e->next)
        if (call_lets_in(e->call, r, s))
            return true;
    return false;
}

void call_room_sieve(struct domain *d, struct call *c)
{
    struct room *r = own_room(d, c);
    for (uint32_t i = r ? r->n_parts : 0; i-- > 0;)
        if (!call_admits(d, r, r->parts[i].session))
            room_leave(d, r, r->parts[i].session, LEFT_ENDED);
}

/* Somebody goes on with the call here: the device that had it is done. */
void call_entered(struct domain *d, struct room *r, struct session *s)
{
    for (uint32_t i = r->call && s->user ? r->n_parts : 0; i-- > 0;) {
        struct session *old = r->parts[i].session;
        if (old != s && old->user == s->user && !call_admits(d, r, old))
            room_leave(d, r, old, LEFT_ENDED);
    }
}

/* ---- what may be said there ---- */

static bool open_to(const struct user *u, const struct user *other)
{
    return (u->settings & USER_EARLY_ADDRESS) && idset_has(&u->favourites, other->id);
}

bool call_open_early(const struct call *c)
{
    const struct user *a = c->user[CALL_CALLER], *b = c->user[CALL_CALLEE];
    return open_to(a, b) && open_to(b, a);
}

bool call_rings_in(const struct domain *d, const struct room *r)
{
    const struct call *c = r->call ? call_find(d, r->call) : NULL;
    return c && c->f.state == CALL_RINGING;
}

enum call_passes call_passes(const struct domain *d, const struct room *r, const struct session *s,
                             const struct session *to)
{
    if (!call_rings_in(d, r))
        return CALL_PASSES_ALL;
    const struct call *c = call_find(d, r->call);
    uint64_t caller = c->f.sides[CALL_CALLER].device;
    if (s->id != caller && to->id != caller)
        return CALL_PASSES_NOTHING;
    return call_open_early(c) ? CALL_PASSES_ALL : CALL_PASSES_RELAYED;
}

/* ---- the end ---- */

bool call_wants(const struct domain *d, const struct room *r)
{
    HMAP_FOREACH(it, &d->calls) {
        const struct call *c = container_of(it, struct call, by_id);
        if (c->room == r->id && !call_fsm_over(&c->f))
            return true;
    }
    return false;
}

/* Nobody may ever have come. */
static void room_let_go(struct domain *d, uint64_t id)
{
    struct room *r = room_find(d, id);
    if (r && r->of_calls && r->n_parts == 0 && !call_wants(d, r))
        room_destroy(d, r);
}

/* Those who ring for somebody to come here, with nobody left to come to. */
static void call_room_recall(struct domain *d, const struct call *c)
{
    struct call_end *next;
    for (int i = 0; i < 2; i++)
        for (struct call_end *e = c->user[i]->calls; e; e = next) {
            next = e->next;
            if (e->call != c && e->call->room == c->room)
                CALL_PUT(d, e->call, CEV_CANCEL);
        }
}

void call_room_close(struct domain *d, struct call *c)
{
    if (own_room(d, c))
        call_room_recall(d, c);
    struct room *r = own_room(d, c); /* an empty one has gone with the last that it was for */
    if (r)
        r->call = 0;
    for (uint32_t i = r ? r->n_parts : 0; i-- > 0;)
        room_leave(d, r, r->parts[i].session, LEFT_ENDED);
    room_let_go(d, c->room);
}

/* What this device still has to do with the room is over. lost: since it was lost. */
static void call_quit(struct domain *d, uint64_t room, struct session *s, bool lost)
{
    static const enum call_event lost_events[] = {CEV_CALLER_OVER, CEV_CALLEE_OVER};
    struct call_end *e = s->user ? s->user->calls : NULL;
    while (e) {
        struct call *c = e->call;
        enum call_who side = call_side(c, s->user);
        enum call_event ev = lost ? lost_events[side] : CEV_END;
        if (c->room == room && c->f.sides[side].device == s->id && CALL_PUT(d, c, ev, .who = side))
            e = s->user->calls;
        else
            e = e->next;
    }
}

void call_left(struct domain *d, uint64_t room, struct session *s)
{
    call_quit(d, room, s, false);
}

void call_room_leave(struct domain *d, struct call *c, uint64_t device)
{
    struct session *s = session_find(d, device);
    uint64_t room = c->room;
    if (s)
        call_quit(d, room, s, c->f.reason == CALL_WHY_LOST);
    struct room *r = s ? session_room(s, room) : NULL;
    if (r)
        room_leave(d, r, s, LEFT_ENDED);
    room_let_go(d, room);
}

/* ---- hold, and a third one ---- */

void call_room_media(struct domain *d, struct call *c, uint64_t device, bool on)
{
    struct session *s = session_find(d, device);
    struct room *r = s ? session_room(s, c->room) : NULL;
    struct part *p = r ? room_part(r, s) : NULL;
    if (!p)
        return;
    if (!on) {
        media_give(d, r, p);
    } else if (!p->media) {
        if (media_take(d, r, p)) {
            media_tell(d, r, p);
            group_review(d, r);
        } else {
            p->wants_media = true;
        }
    }
}

/* Who has the room on hold has it on hold for whoever comes. */
static void call_room_hold(struct domain *d, struct call *c, enum call_who side)
{
    struct user *u = c->user[side];
    for (struct call_end *e = u->calls; e; e = e->next)
        if (e->call != c && e->call->room == c->room &&
            call_device(e->call, u) == call_device(c, u) &&
            e->call->f.sides[call_side(e->call, u)].held) {
            CALL_PUT(d, c, CEV_HOLD, .who = side);
            return;
        }
}

void call_room_group(struct domain *d, struct call *c)
{
    struct room *r = room_find(d, c->room);
    struct call_end *next;
    if (!r || r->call == c->id)
        return; /* just the two of them */
    r->call = 0;
    if (r->owner == 0) {
        room_own(d, r, c->f.sides[CALL_CALLER].device);
        room_changed(d, r, 0, false);
    }
    for (struct call_end *e = c->user[CALL_CALLER]->calls; e; e = next) {
        next = e->next;
        if (e->call->room == c->room) {
            e->call->back = false;
            CALL_PUT(d, e->call, CEV_THIRD);
        }
    }
    call_room_hold(d, c, CALL_CALLER);
    call_room_hold(d, c, CALL_CALLEE);
}
