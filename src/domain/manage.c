/* What the owner of a room does with it. */
#include "domain/domain_int.h"

#include "domain/names.h"

#define BUSY_WAIT_MS 1000

struct room *manage_owned(struct domain *d, struct session *s, int64_t id, uint64_t room)
{
    struct room *r = session_room(s, room);
    enum errcode code = !r ? CODE_NOT_IN_ROOM : r->owner != s->id ? CODE_NOT_OWNER : CODE_NONE;
    if (!code)
        return r;
    emit_error(d, s, id, code);
    return NULL;
}

void manage_set(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_set *set = &cmd->u.room_set;
    char title[NAMES_BYTES_MAX];
    size_t title_n = 0;
    struct room *stays = session_room(s, cmd->room);
    if (stays && stays->stays) {
        live_set(d, s, cmd, stays);
        return;
    }
    if (!manage_owned(d, s, cmd->id, cmd->room))
        return;
    if (set->has_title && names_clean(set->title, d->cfg.title_max, title, &title_n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_TITLE);
        return;
    }
    if (set->capacity && (set->capacity < 2 || set->capacity > d->cfg.capacity_max)) {
        emit_bad(d, s, cmd->id, "capacity");
        return;
    }
    if (s->n_pending >= d->cfg.rooms_per_session) {
        emit_retry(d, s, cmd->id, CODE_BUSY, BUSY_WAIT_MS);
        return;
    }
    struct pending *p = pending_new(d, s, PENDING_ROOM_SET, cmd->id, str_of(title, title_n));
    struct str kept = p->set.title;
    p->room = cmd->room;
    p->set = *set;
    p->set.title = kept;
    p->set.password = STR_NONE; /* borrowed, and secret */
    if (!set->has_password || set->password.n == 0) {
        manage_set_finish(d, s, p, STR_NONE);
    } else if (!pending_job(d, s, p, PASSWORD_HASH, set->password, STR_NONE)) {
        pending_free(s, p);
        emit_retry(d, s, cmd->id, CODE_BUSY, BUSY_WAIT_MS);
    }
}

/* *access: who may enter is another question now. */
static bool set_apply(struct domain *d, struct room *r, const struct cmd_room_set *set,
                      struct str hash, bool *access)
{
    bool changed = false;
    *access = false;
    if (set->has_title && !str_eq(set->title, str_of(r->title, r->title_n))) {
        room_set_title(r, set->title);
        changed = true;
    }
    if (set->capacity && (uint32_t)set->capacity != r->capacity) {
        r->capacity = (uint32_t)set->capacity;
        changed = true;
    }
    if (set->locked != TRI_ABSENT && r->locked != (set->locked == TRI_YES)) {
        r->locked = set->locked == TRI_YES;
        *access = true;
    }
    changed |= whip_switch(d, r, set->programs);
    if (set->has_password && (hash.n || r->hash)) {
        room_set_hash(r, hash);
        *access = true;
    }
    if (set->is_public != TRI_ABSENT && r->is_public != (set->is_public == TRI_YES)) {
        if (r->is_public)
            roomlist_hide(d, r);
        else
            roomlist_show(d, r);
        changed = true;
    }
    changed |= order_set(d, r, set);
    return changed || *access;
}

void manage_set_finish(struct domain *d, struct session *s, struct pending *p, struct str hash)
{
    bool access;
    struct room *r = manage_owned(d, s, p->id, p->room);
    if (r) {
        bool changed = set_apply(d, r, &p->set, hash, &access);
        struct event e = {.type = RESULT_ROOM, .room = r->id};
        room_view(r, &e.u.room);
        emit_ack(d, s, p->id, &e);
        if (changed)
            room_changed(d, r, s->id, access);
    }
    pending_free(s, p);
}

void manage_remove(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *stays = session_room(s, cmd->room);
    if (stays && stays->stays) {
        live_remove(d, s, cmd, stays);
        return;
    }
    struct room *r = manage_owned(d, s, cmd->id, cmd->room);
    if (!r)
        return;
    struct session *other = session_find(d, cmd->to);
    if (!other || !room_part(r, other)) {
        emit_error(d, s, cmd->id, CODE_PEER_UNKNOWN);
        return;
    }
    if (other == s) {
        emit_bad(d, s, cmd->id, "session");
        return;
    }
    emit_ok(d, s, cmd->id);
    room_ban(d, r, other->lineage);
    room_leave(d, r, other, LEFT_REMOVED);
    call_left(d, r->id, other);
    /* The others get new tickets, so that the one that was removed has none that opens the room,
     * even if the server restarts and the list of the removed is gone. */
    room_changed(d, r, s->id, true);
}

void manage_ticket(struct domain *d, struct session *s, const struct cmd *cmd)
{
    char ticket[TICKET_TEXT_MAX];
    size_t n;
    struct room *r = session_room(s, cmd->room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    room_ticket(d, r, s, ticket, &n);
    emit_ack(d, s, cmd->id, &(struct event){.type = RESULT_TICKET, .u.ticket = str_of(ticket, n)});
}
