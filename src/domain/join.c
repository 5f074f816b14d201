/* Joining: the checks, which are made again after every wait, and the entry itself. A join may wait
 * twice: for the password thread, then for the room's history. Nobody sees it before it is through. */
#include "domain/domain_int.h"

#include "base/mem.h"

#define BUSY_WAIT_MS 1000

struct entry { /* one join that is through */
    struct room *room;
    struct part *part;
    uint64_t replaces; /* whose place it took; 0: nobody's */
    bool tell_room;    /* the room itself is another one now */
};

void join_refuse(struct domain *d, struct session *s, struct pending *p,
                 const struct wire_error *error)
{
    int64_t id = p->id;
    bool hello = p->hello;
    pending_free(s, p);
    if (hello)
        session_hello_done(d, s, id, NULL, error);
    else if (error->retry_ms)
        emit_retry(d, s, id, error->code, error->retry_ms);
    else
        emit_error(d, s, id, error->code);
}

static void join_fail(struct domain *d, struct session *s, struct pending *p, enum errcode code)
{
    int64_t retry = code == CODE_BUSY ? BUSY_WAIT_MS : 0;
    if (code == CODE_LOBBY)
        lobby_arrive(d, room_find(d, p->room), s);
    join_refuse(d, s, p, &(struct wire_error){.code = code, .retry_ms = retry});
}

struct session *join_replaced(struct domain *d, const struct room *r, const struct session *s)
{
    struct session *old = s->replaces ? session_find(d, s->replaces) : NULL;
    return old && room_part(r, old) ? old : NULL;
}

bool join_ticket_good(const struct ticket *t, const struct room *r)
{
    return t && t->version >= r->access;
}

/* May it enter now? *ask: if it proves the password. */
static enum errcode join_check(struct domain *d, struct session *s, const struct pending *p,
                               bool *ask)
{
    struct room *r = room_find(d, p->room);
    const struct ticket *t = p->ticket;
    *ask = false;
    if (!r && !t)
        return CODE_ROOM_UNKNOWN;
    if (!r && d->rooms.n >= (size_t)d->cfg.max_rooms)
        return CODE_ROOM_LIMIT;
    if (r && (room_banned(d, r, s->lineage) || (t && room_banned(d, r, t->lineage))))
        return CODE_REMOVED;
    if (r && session_room(s, r->id))
        return CODE_ALREADY_JOINED;
    if (s->n_rooms >= d->cfg.rooms_per_session)
        return CODE_ROOMS_CAP;
    if (!r || join_replaced(d, r, s))
        return CODE_NONE;
    bool called = r->locked && call_admits(d, r, s);
    if (r->locked && !called && (r->call || !join_ticket_good(t, r)))
        return CODE_ROOM_LOCKED;
    if (r->n_parts >= r->capacity)
        return CODE_ROOM_FULL;
    *ask = r->hash && !join_ticket_good(t, r) && !lobby_admitted(r, s) &&
           !(p->verified && p->password == r->password);
    if (!*ask && !called && lobby_holds(d, r, s, t))
        return CODE_LOBBY;
    return !*ask && record_holds(d, r, s, p->agrees) ? CODE_RECORDED : CODE_NONE;
}

static void join_load(struct domain *d, struct session *s, struct pending *p)
{
    struct store_request load = {.kind = STORE_LOAD,
                                 .room = p->room,
                                 .ctx = {.kind = CTX_JOIN,
                                         .session = s->id,
                                         .id = p->id,
                                         .arg = p->number,
                                         .flags = room_epoch(d, p->room)}};
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_STORE, .store = &load});
}

/* A ticket that is forged, too old or of another room counts as none. */
static struct ticket *join_ticket(struct domain *d, const struct cmd_join *join)
{
    if (join->ticket.n == 0 || join->ticket.n >= TICKET_TEXT_MAX)
        return NULL;
    struct ticket *t = xmalloc(sizeof *t);
    if (ticket_open(t, d->cfg.ticket_key, join->ticket, d->wall) && t->room == join->room)
        return t;
    xfree(t);
    return NULL;
}

void join_request(struct domain *d, struct session *s, int64_t id, const struct cmd_join *join,
                  bool hello)
{
    if (!hello && !session_rate(d, s, id, RATE_JOIN))
        return;
    if (s->n_pending >= d->cfg.rooms_per_session) {
        emit_retry(d, s, id, CODE_BUSY, BUSY_WAIT_MS);
        return;
    }
    struct pending *p = pending_new(d, s, PENDING_JOIN, id, STR_NONE);
    p->hello = hello;
    p->room = join->room;
    p->media = join->media;
    p->mic = join->mic;
    p->cam = join->cam;
    p->agrees = join->agrees;
    p->ticket = join_ticket(d, join);
    struct room *r = room_find(d, p->room);
    if (r ? r->stays : !p->ticket || p->ticket->stays) {
        live_join(d, s, p, join);
        return;
    }
    bool ask;
    enum errcode code = join_check(d, s, p, &ask);
    if (code) {
        join_fail(d, s, p, code);
        return;
    }
    if (!ask || !r) { /* no room asks for none */
        join_load(d, s, p);
        return;
    }
    p->password = r->password;
    if (!join->password.n)
        join_fail(d, s, p, CODE_PASSWORD_REQUIRED);
    else if (!pending_job(d, s, p, PASSWORD_VERIFY, join->password, str_from(r->hash)))
        join_fail(d, s, p, CODE_BUSY);
}

void join_password(struct domain *d, struct session *s, struct pending *p,
                   const struct password_answer *answer)
{
    bool ask;
    p->verified = answer->outcome == PASSWORD_OK;
    enum errcode code = answer->outcome == PASSWORD_BUSY ? CODE_BUSY : join_check(d, s, p, &ask);
    if (!code && ask) /* wrong, or right for a password that was changed since */
        code = CODE_PASSWORD_WRONG;
    if (code)
        join_fail(d, s, p, code);
    else
        join_load(d, s, p);
}

/* ---- entry ---- */

static void room_from_ticket(struct room *r, const struct ticket *t)
{
    r->version = t->version;
    r->base = t->version;
    r->access = t->access;
    r->capacity = t->capacity;
    r->locked = t->locked;
    r->lobby = t->lobby;
    r->publish_few = t->publish_few;
    r->share_few = t->share_few;
    r->programs = t->programs;
    room_set_hash(r, str_of(t->hash, t->hash_n));
}

static void room_wait_for_owner(struct domain *d, struct room *r)
{
    room_own(d, r, 0);
    r->orphan_until = d->now + d->cfg.owner_wait_us;
    list_push_back(&d->orphans, &r->orphan);
}

static struct room *room_revive(struct domain *d, const struct ticket *t)
{
    struct room *r = room_new(d, t->room, str_of(t->title, t->title_n));
    room_from_ticket(r, t);
    room_wait_for_owner(d, r);
    if (t->is_public)
        roomlist_show(d, r);
    return r;
}

/* A later ticket of the life before the restart than the one that made the room: what it says
 * counts, and who came in by an earlier one that no longer opens the room is put out. The newcomer
 * is in the room already. */
static void room_correct(struct domain *d, struct room *r, const struct ticket *t,
                         const struct session *newcomer)
{
    if (r->is_public && !t->is_public)
        roomlist_hide(d, r);
    room_set_title(r, str_of(t->title, t->title_n));
    room_from_ticket(r, t);
    if (!r->is_public && t->is_public)
        roomlist_show(d, r);
    room_wait_for_owner(d, r);
    d->entering = newcomer;
    for (uint32_t i = r->n_parts; i-- > 0;) {
        struct session *other = r->parts[i].session;
        if (other != newcomer && r->parts[i].access < r->access)
            room_leave(d, r, other, LEFT_REMOVED);
    }
    d->entering = NULL;
    roomlist_touch(d, r);
}

/* s gets the place, media, ownership and raised hand of the session that it replaces. */
static void entry_swap(struct domain *d, struct entry *en, struct session *old, struct session *s)
{
    struct room *r = en->room;
    struct event e = {.type = EVENT_LEFT,
                      .room = r->id,
                      .from = old->id,
                      .u.left = {.reason = LEFT_REPLACED, .count = r->n_parts - 1}};
    emit_room(d, r, &e, old);
    struct part was = *room_part(r, old);
    size_t place = (size_t)(room_part(r, old) - r->parts);
    bool owner = r->owner == old->id;
    en->replaces = old->id;
    s->hand_ms = old->hand_ms;
    room_add(d, r, s);
    room_drop_part(d, r, old);
    struct part mine = r->parts[r->n_parts - 1];
    memmove(&r->parts[place + 1], &r->parts[place], (r->n_parts - 1 - place) * sizeof *r->parts);
    r->parts[place] = mine;
    en->part = &r->parts[place];
    en->part->access = was.access;
    en->part->muted = was.muted;
    en->part->agreed = was.agreed;
    if (owner) {
        room_own(d, r, s->id);
        en->tell_room = true;
    }
    if (was.media)
        media_take(d, r, en->part);
}

static void entry_by_ticket(struct domain *d, struct entry *en, struct session *s,
                            const struct ticket *t)
{
    struct room *r = en->room;
    if (s->lineage == s->id)
        s->lineage = t->lineage;
    if (join_ticket_good(t, r))
        en->part->access = t->version;
    if (r->stays) {
        live_correct(d, r, t);
        en->part = room_part(r, s);
    } else if (t->epoch != r->epoch && r->base && t->version > r->base) {
        room_correct(d, r, t, s);
        en->part = room_part(r, s);
        en->tell_room = true;
    }
    if (t->owner && r->owner == 0 && t->version >= r->base) {
        room_own(d, r, s->id);
        en->tell_room = true;
    }
}

static void entry_tell(struct domain *d, const struct entry *en, struct session *s)
{
    struct event e = {.type = EVENT_ENTERED, .room = en->room->id};
    person_view(en->part, &e.u.entered.person);
    e.u.entered.count = en->room->n_parts;
    e.u.entered.replaces = en->replaces;
    emit_room(d, en->room, &e, s);
    if (en->tell_room && en->room->n_parts > 1) {
        e = (struct event){.type = EVENT_ROOM_CHANGED, .room = en->room->id};
        room_view(en->room, &e.u.room);
        emit_room(d, en->room, &e, s);
    }
}

void join_enter(struct domain *d, struct session *s, struct pending *p,
                const struct store_answer *history)
{
    struct entry en = {.room = room_find(d, p->room)};
    struct joined_text text;
    struct joined_view joined;
    if (!en.room)
        en.room = room_revive(d, p->ticket);
    struct session *old = join_replaced(d, en.room, s);
    if (old)
        entry_swap(d, &en, old, s);
    else
        en.part = room_add(d, en.room, s);
    en.part->since = p->since;
    en.part->agreed |= p->agrees && record_on(en.room);
    if (p->ticket)
        entry_by_ticket(d, &en, s, p->ticket);
    bool freed = !p->media && en.part->media; /* the one that it replaces had a place */
    if (freed)
        media_release(d, en.room, en.part);
    if (p->media && !media_take(d, en.room, en.part))
        en.part->wants_media = true;
    bool changed = session_take_state(s, p->mic, p->cam, TRI_ABSENT);
    bool mode = group_decide(d, en.room);
    joined_fill(d, en.room, s, history, &text, &joined);
    int64_t id = p->id;
    bool hello = p->hello;
    pending_free(s, p);
    if (hello)
        session_hello_done(d, s, id, &joined, NULL);
    else
        emit_ack(d, s, id, &(struct event){.type = RESULT_JOINED, .u.joined = &joined});
    entry_tell(d, &en, s);
    if (mode)
        group_tell_mode(d, en.room, s);
    lobby_leave(d, en.room, s);
    lobby_show(d, en.room, s);
    call_entered(d, en.room, s);
    if (freed && en.room->n_media == group_places(d, en.room) - 1)
        media_tell_free(d, en.room);
    if (changed && s->n_rooms > 1)
        session_tell_except(d, s, en.room);
}

void join_go_on(struct domain *d, struct session *s, struct pending *p,
                const struct store_answer *history)
{
    bool ask;
    if (history->ctx.flags != room_epoch(d, p->room)) {
        join_load(d, s, p); /* that was another life of the room */
        return;
    }
    enum errcode code = history->failed ? CODE_BUSY : join_check(d, s, p, &ask);
    if (!code && ask)
        code = CODE_PASSWORD_WRONG;
    if (code)
        join_fail(d, s, p, code);
    else
        join_enter(d, s, p, history);
}

void joined_fill(struct domain *d, struct room *r, struct session *s,
                 const struct store_answer *history, struct joined_text *text,
                 struct joined_view *v)
{
    size_t n;
    room_ticket(d, r, s, text->ticket, &n);
    group_view(d, r, &text->group);
    *v = (struct joined_view){
        .self = s->id,
        .people = room_people(d, r),
        .n_people = r->n_parts,
        .history = history ? history->history : NULL,
        .n_history = history ? history->n_history : 0,
        .ticket = str_of(text->ticket, n),
        .media = room_part(r, s)->media,
        .relay = {room_part(r, s)->scope.id, d->cfg.relay_key},
        .group = d->cfg.groups != GROUPS_NEVER ? &text->group : NULL,
    };
    room_view(r, &v->room);
}

void leave_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    uint64_t id = r->id;
    emit_ok(d, s, cmd->id);
    call_left(d, id, s);
    if (session_room(s, id)) /* the end of a call has not done it */
        room_leave(d, r, s, LEFT_LEFT);
}
