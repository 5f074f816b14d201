/* The lobby of a room: who would come in waits until somebody who moderates lets them. Whoever has passed everything
 * else (lock, capacity, password) stands at the door, and may knock. */
#include "domain/domain_int.h"

#include "base/mem.h"
#include "domain/user.h"

enum { OF_ROOM_MAX = 200, OF_SESSION_MAX = 8 };

enum waiter_state { AT_DOOR, WAITING, ADMITTED };

struct waiter {
    struct list of_room, of_session;
    struct room *room;
    struct session *session;
    enum waiter_state state;
};

static struct waiter *waiter_find(const struct room *r, const struct session *s)
{
    LIST_FOREACH(l, &s->doors) {
        struct waiter *w = container_of(l, struct waiter, of_session);
        if (w->room == r)
            return w;
    }
    return NULL;
}

static void waiter_free(struct waiter *w)
{
    list_del(&w->of_room);
    list_del(&w->of_session);
    w->room->n_waiters--;
    w->session->n_doors--;
    xfree(w);
}

/* ---- what people are told ---- */

static struct event knocking(const struct waiter *w, bool on)
{
    const struct session *s = w->session;
    return (struct event){.type = EVENT_KNOCKING,
                          .u.moderate.knocking = {.room = w->room->id,
                                                  .session = s->id,
                                                  .name = session_name(s),
                                                  .user = s->user ? s->user->id : 0,
                                                  .on = on}};
}

static void tell_moderators(struct domain *d, const struct waiter *w, bool on)
{
    const struct room *r = w->room;
    struct session_ref *to = scratch_refs(d, r->n_parts);
    struct event e = knocking(w, on);
    size_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (moderates(d, r, r->parts[i].session))
            to[n++] = session_ref(r->parts[i].session);
    emit_list(d, to, n, &e);
}

static void tell_admitted(struct domain *d, const struct waiter *w, bool on)
{
    emit_to(d, w->session,
            &(struct event){.type = EVENT_ADMITTED, .u.moderate.admitted = {w->room->id, on}});
}

void lobby_show(struct domain *d, const struct room *r, struct session *s)
{
    if (!moderates(d, r, s))
        return;
    LIST_FOREACH(l, &r->waiters) {
        const struct waiter *w = container_of(l, struct waiter, of_room);
        struct event e = knocking(w, true);
        if (w->state == WAITING)
            emit_to(d, s, &e);
    }
}

/* ---- at the door ---- */

bool lobby_admitted(const struct room *r, const struct session *s)
{
    const struct waiter *w = waiter_find(r, s);
    return w && w->state == ADMITTED;
}

bool lobby_holds(struct domain *d, const struct room *r, const struct session *s,
                 const struct ticket *t)
{
    return r->lobby && !join_ticket_good(t, r) && !moderates(d, r, s) && !lobby_admitted(r, s);
}

void lobby_arrive(struct domain *d, struct room *r, struct session *s)
{
    if (waiter_find(r, s) || r->n_waiters >= OF_ROOM_MAX)
        return;
    if (s->n_doors >= OF_SESSION_MAX)
        lobby_leave(d, container_of(list_first(&s->doors), struct waiter, of_session)->room, s);
    struct waiter *w = xcalloc(1, sizeof *w);
    w->room = r;
    w->session = s;
    list_push_back(&r->waiters, &w->of_room);
    list_push_back(&s->doors, &w->of_session);
    r->n_waiters++;
    s->n_doors++;
}

void lobby_leave(struct domain *d, struct room *r, struct session *s)
{
    struct waiter *w = waiter_find(r, s);
    if (!w)
        return;
    if (w->state == WAITING)
        tell_moderators(d, w, false);
    waiter_free(w);
}

void lobby_session_ends(struct domain *d, struct session *s)
{
    while (!list_empty(&s->doors))
        lobby_leave(d, container_of(list_first(&s->doors), struct waiter, of_session)->room, s);
}

static void end_all(struct domain *d, struct room *r, bool let_in)
{
    while (!list_empty(&r->waiters)) {
        struct waiter *w = container_of(list_first(&r->waiters), struct waiter, of_room);
        if (w->state == WAITING)
            tell_admitted(d, w, let_in);
        lobby_leave(d, r, w->session);
    }
}

void lobby_opens(struct domain *d, struct room *r)
{
    end_all(d, r, true);
}

void lobby_room_ends(struct domain *d, struct room *r)
{
    end_all(d, r, false);
}

void lobby_forget(struct room *r)
{
    while (!list_empty(&r->waiters))
        waiter_free(container_of(list_first(&r->waiters), struct waiter, of_room));
}

/* ---- requests ---- */

void knock_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_knock *q = &cmd->u.moderate.knock;
    struct room *r = room_find(d, q->room);
    struct waiter *w = r ? waiter_find(r, s) : NULL;
    if (!w) {
        emit_error(d, s, cmd->id, CODE_ROOM_UNKNOWN);
        return;
    }
    emit_ok(d, s, cmd->id);
    if (q->on == TRI_NO) {
        lobby_leave(d, r, s);
    } else if (w->state == AT_DOOR) {
        w->state = WAITING;
        tell_moderators(d, w, true);
    }
}

void room_admit(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_admit *q = &cmd->u.moderate.admit;
    struct room *r = moderated(d, s, cmd->id, q->room);
    struct session *other = r ? session_find(d, q->session) : NULL;
    struct waiter *w = other ? waiter_find(r, other) : NULL;
    if (!r)
        return;
    if (!w || w->state != WAITING) {
        emit_error(d, s, cmd->id, CODE_PEER_UNKNOWN);
        return;
    }
    emit_ok(d, s, cmd->id);
    tell_moderators(d, w, false);
    tell_admitted(d, w, q->on);
    if (q->on)
        w->state = ADMITTED;
    else
        waiter_free(w);
}
