/* The live room of a room that stays: where its people meet with camera and microphone. Made when the first comes in,
 * gone when the last leaves; what it is called, who may be there and who moderates is the conversation's. Who is there
 * is told to members who have the list open, collected. How somebody gets in: conv_door.c. */
#include "domain/conv.h"

#include "base/mem.h"

/* ---- the room ---- */

struct room *live_open(struct domain *d, struct conv *c, const struct ticket *ticket)
{
    struct room *r = room_new(d, c->id, str_from(c->title));
    c->refs++; /* until live_closed() */
    r->stays = true;
    r->programs = c->flags & CONV_PROGRAMS;
    room_set_hash(r, str_from(c->hash));
    if (ticket) {
        r->version = r->base = ticket->version;
        r->access = ticket->access;
        r->locked = ticket->locked;
        r->lobby = ticket->lobby;
        r->publish_few = ticket->publish_few;
        r->share_few = ticket->share_few;
    }
    if (c->flags & CONV_PUBLIC)
        roomlist_show(d, r);
    return r;
}

void live_closed(struct domain *d, const struct room *r)
{
    struct conv *c = conv_pinned(d, r->id);
    live_touch(d, r);
    if (c)
        c->refs--;
}

static void let_go(struct domain *d, struct conv *c, struct session *s, enum left_reason reason)
{
    struct room *r = room_find(d, c->id);
    if (r && room_part(r, s))
        room_leave(d, r, s, reason);
}

void live_sieve(struct domain *d, struct conv *c, enum left_reason reason)
{
    struct room *r = room_find(d, c->id);
    bool closed = c->missing || c->n == 0 || (c->flags & CONV_ARCHIVED);
    c->refs++;
    for (uint32_t i = r ? r->n_parts : 0; i-- > 0;) {
        const struct part *p = &r->parts[i];
        if (closed)
            let_go(d, c, p->session, LEFT_ENDED);
        else if (p->user && !conv_insider(c, p->user))
            let_go(d, c, p->session, reason);
    }
    c->refs--;
}

/* False: it looks as before. */
static bool take_over(struct domain *d, struct room *r, const struct conv *c)
{
    bool is_public = c->flags & CONV_PUBLIC;
    struct str title = str_from(c->title), hash = str_from(c->hash);
    bool same = str_eq(title, str_of(r->title, r->title_n)) && r->is_public == is_public &&
                str_eq(hash, str_from(r->hash));
    if (same)
        return false;
    room_set_title(r, title);
    room_set_hash(r, hash);
    if (r->is_public && !is_public)
        roomlist_hide(d, r);
    else if (!r->is_public && is_public)
        roomlist_show(d, r);
    return true;
}

void live_edited(struct domain *d, struct conv *c, bool access)
{
    struct room *r = room_find(d, c->id);
    if (!r || !r->stays)
        return;
    live_sieve(d, c, LEFT_REMOVED);
    r = room_find(d, c->id);
    if (r && (take_over(d, r, c) || access))
        room_changed(d, r, 0, access);
}

void live_correct(struct domain *d, struct room *r, const struct ticket *t)
{
    if (t->epoch == r->epoch || !r->base || t->version <= r->base)
        return;
    r->version = r->base = t->version;
    r->access = t->access;
    r->locked = t->locked;
    for (uint32_t i = r->n_parts; i-- > 0;) {
        struct session *other = r->parts[i].session;
        if (!r->parts[i].user && r->parts[i].access < r->access)
            room_leave(d, r, other, LEFT_REMOVED);
    }
}

/* ---- moderation ---- */

uint64_t live_ban_key(const struct session *s)
{
    return s->user ? s->user->id : s->lineage;
}

/* The member who may moderate; otherwise the request is answered. */
static const struct conv_member *moderator(struct domain *d, struct session *s, int64_t id,
                                           const struct room *r)
{
    const struct conv *c = conv_pinned(d, r->id);
    const struct conv_member *m = c && s->user ? conv_insider(c, s->user->id) : NULL;
    if (m && conv_may(c, m, CONV_DO_REMOVE))
        return m;
    emit_error(d, s, id, CODE_NOT_ALLOWED);
    return NULL;
}

static void answer_set(struct domain *d, const struct asker *who, const struct room *r)
{
    struct event e = {.type = RESULT_ROOM, .room = r->id};
    room_view(r, &e.u.room);
    reply(d, who, &e);
}

/* a->a: whether programs may come in. */
static void programs_kept(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    struct room *r = room_find(d, conv_call(a)->conv);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (c)
        c->flags = (uint8_t)(a->a ? c->flags | CONV_PROGRAMS : c->flags & ~CONV_PROGRAMS);
    if (!r || !r->stays) {
        reply_error(d, &a->who, CODE_ROOM_UNKNOWN); /* all have left it meanwhile */
        return;
    }
    bool changed = whip_switch(d, r, a->a ? TRI_YES : TRI_NO);
    answer_set(d, &a->who, r);
    if (changed)
        room_changed(d, r, a->who.session, false);
}

/* They may come in after a restart, too: it is answered when that is stored. */
static void keep_programs(struct domain *d, const struct cmd *cmd, const struct room *r)
{
    struct ask *a = ask_new(d, asker_of(cmd), programs_kept, NULL, sizeof(struct conv_call));
    conv_call(a)->conv = r->id;
    a->a = cmd->u.room_set.programs == TRI_YES;
    CONV_ASK(d, a, conv_pinned(d, r->id), programs_kept, DB_ROOM_PROGRAMS, VAL_ID(r->id),
             VAL_I((int64_t)a->a));
}

void live_set(struct domain *d, struct session *s, const struct cmd *cmd, struct room *r)
{
    const struct cmd_room_set *set = &cmd->u.room_set;
    const struct asker who = asker_of(cmd);
    if (!moderator(d, s, cmd->id, r))
        return;
    if (set->has_title || set->has_password || set->capacity || set->is_public != TRI_ABSENT) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED); /* room_edit, room_password */
        return;
    }
    bool locked = set->locked == TRI_ABSENT ? r->locked : set->locked == TRI_YES;
    bool changed = locked != r->locked;
    r->locked = locked;
    bool order = order_set(d, r, set);
    if (set->programs != TRI_ABSENT && r->programs != (set->programs == TRI_YES))
        keep_programs(d, cmd, r);
    else
        answer_set(d, &who, r);
    if (changed || order)
        room_changed(d, r, s->id, changed);
}

void live_remove(struct domain *d, struct session *s, const struct cmd *cmd, struct room *r)
{
    const struct conv *c = conv_pinned(d, r->id);
    const struct conv_member *m = moderator(d, s, cmd->id, r);
    struct session *other = session_find(d, cmd->to);
    const struct part *p = other ? room_part(r, other) : NULL;
    if (!m)
        return;
    if (!p) {
        emit_error(d, s, cmd->id, CODE_PEER_UNKNOWN);
        return;
    }
    const struct conv_member *theirs = p->user ? conv_insider(c, p->user) : NULL;
    if (theirs && theirs->role >= m->role) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    emit_ok(d, s, cmd->id);
    room_ban(d, r, live_ban_key(other));
    room_leave(d, r, other, LEFT_REMOVED);
    room_changed(d, r, s->id, true);
}

/* ---- the chat, for who is not told of messages ---- */

static bool hears_chat(const struct session *s)
{
    return !s->user || !scope_allows_event(s, EVENT_MESSAGE);
}

/* The session in r that says what m says; where there is none, the person. */
static uint64_t speaker(const struct room *r, uint64_t session, const struct message_view *m)
{
    uint64_t found = m->from;
    for (uint32_t i = 0; i < r->n_parts; i++) {
        if (r->parts[i].session->id == session)
            return session;
        if (m->from && r->parts[i].user == m->from)
            found = r->parts[i].session->id;
    }
    return found;
}

void live_said(struct domain *d, const struct conv *c, uint64_t session,
               const struct message_view *m)
{
    const struct room *r = room_find(d, c->id);
    const struct user *u = m->from ? user_find(d, m->from) : NULL;
    size_t n = 0;
    if (!r || !r->stays)
        return;
    struct event e = {.type = EVENT_CHAT, .room = c->id};
    e.u.chat = (struct chat_view){
        .from = speaker(r, session, m),
        .name = u ? user_display(u) : m->guest,
        .text = m->text,
        .seq = m->seq,
        .time_ms = m->time_ms,
    };
    struct session_ref *to = scratch_refs(d, r->n_parts);
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (hears_chat(r->parts[i].session))
            to[n++] = session_ref(r->parts[i].session);
    if (n)
        emit_list(d, to, n, &e);
}

/* ---- who is there ---- */

const struct live_view *live_shown(const struct domain *d, uint64_t conv, struct live_shown *out)
{
    const struct room *r = room_find(d, conv);
    if (!r || !r->stays || r->n_parts == 0)
        return NULL;
    size_t n = MIN_OF(r->n_parts, (uint32_t)CONV_LIVE_NAMES);
    for (size_t i = 0; i < n; i++)
        out->people[i] = (struct live_person){r->parts[i].user, session_name(r->parts[i].session)};
    out->view = (struct live_view){.count = r->n_parts, .people = {out->people, n}};
    return &out->view;
}

void live_touch(struct domain *d, const struct room *r)
{
    struct conv *c = conv_pinned(d, r->id);
    if (!c || !list_empty(&c->live))
        return;
    c->refs++; /* until it is told */
    list_push_back(&d->live.dirty, &c->live);
}

int64_t live_deadline(const struct domain *d)
{
    return list_empty(&d->live.dirty) ? INT64_MAX : d->live.sent + d->cfg.list_every_us;
}

static size_t watchers(const struct domain *d, const struct conv *c, struct session_ref *to)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct user *u = user_find(d, c->members[i].user);
        if (!u || !conv_insider(c, u->id))
            continue;
        LIST_FOREACH(l, &u->sessions) {
            const struct session *s = container_of(l, struct session, of_user);
            if (!s->watches_convs || s->state == SESSION_NEW)
                continue;
            if (to)
                to[n] = session_ref(s);
            n++;
        }
    }
    return n;
}

void live_tick(struct domain *d)
{
    struct live_shown shown;
    struct list *l;
    if (live_deadline(d) > d->now)
        return;
    d->live.sent = d->now;
    while ((l = list_pop_front(&d->live.dirty)) != NULL) {
        struct conv *c = container_of(l, struct conv, live);
        size_t n = watchers(d, c, NULL);
        struct session_ref *to = n ? scratch_refs(d, n) : NULL;
        struct event e = {.type = EVENT_CONV_LIVE, .u.conv.live.conv = c->id};
        shown.view = (struct live_view){0};
        live_shown(d, c->id, &shown);
        e.u.conv.live.live = &shown.view;
        c->refs--;
        if (to && watchers(d, c, to))
            emit_list(d, to, n, &e);
    }
}

void live_watch(struct domain *d, struct session *s, const struct cmd *cmd)
{
    s->watches_convs = cmd->u.conv.watch;
    emit_ok(d, s, cmd->id);
}
