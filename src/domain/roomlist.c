/* The live list of public rooms. What changes is collected and told to the watchers a few times a
 * second, however much it was: a thousand joins are not a million messages. */
#include "domain/domain_int.h"

#include "base/mem.h"

static void list_forget(struct domain *d)
{
    while (list_pop_front(&d->dirty))
        ;
    xfree(d->gone);
    d->gone = NULL;
    d->n_gone = 0;
    d->cap_gone = 0;
}

void roomlist_people(struct domain *d)
{
    d->list_changed = true;
}

void roomlist_touch(struct domain *d, struct room *r)
{
    if (r->stays)
        live_touch(d, r);
    if (!r->is_public)
        return;
    d->list_changed = true;
    if (d->n_watchers > 0 && list_empty(&r->dirty))
        list_push_back(&d->dirty, &r->dirty);
}

/* Shown again before the watchers heard that it was gone: `gone` counts after `changed`. */
static void list_keep(struct domain *d, uint64_t id)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_gone; i++)
        if (d->gone[i] != id)
            d->gone[n++] = d->gone[i];
    d->n_gone = n;
}

void roomlist_show(struct domain *d, struct room *r)
{
    list_keep(d, r->id);
    r->is_public = true;
    list_push_back(&d->public, &r->public);
    d->n_public++;
    roomlist_touch(d, r);
}

void roomlist_hide(struct domain *d, struct room *r)
{
    if (!r->is_public)
        return;
    r->is_public = false;
    list_del(&r->public);
    list_del(&r->dirty);
    d->n_public--;
    d->list_changed = true;
    if (d->n_watchers == 0)
        return;
    if (d->n_gone == d->cap_gone) {
        d->cap_gone = d->cap_gone * 2 + 8;
        d->gone = xrealloc_array(d->gone, d->cap_gone, sizeof *d->gone);
    }
    d->gone[d->n_gone++] = r->id;
}

void roomlist_unwatch(struct domain *d, struct session *s)
{
    if (list_empty(&s->watch))
        return;
    list_del(&s->watch);
    if (--d->n_watchers == 0)
        list_forget(d);
}

static struct room_view *scratch_views(struct domain *d, size_t n)
{
    if (n > d->cap_views) {
        d->cap_views = n;
        d->views = xrealloc_array(d->views, d->cap_views, sizeof *d->views);
    }
    return d->views;
}

void roomlist_watch(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!session_rate(d, s, cmd->id, RATE_WATCH))
        return;
    if (!cmd->u.on) {
        roomlist_unwatch(d, s);
        emit_ok(d, s, cmd->id);
        return;
    }
    if (list_empty(&s->watch)) {
        list_push_back(&d->watchers, &s->watch);
        d->n_watchers++;
    }
    struct room_view *views = scratch_views(d, MIN_OF(d->n_public, (uint32_t)d->cfg.list_max));
    size_t n = 0;
    LIST_FOREACH(it, &d->public) {
        if (n >= (size_t)d->cfg.list_max)
            break;
        room_view(container_of(it, struct room, public), &views[n++]);
    }
    struct event e = {.type = RESULT_WATCH};
    e.u.rooms = (struct rooms_view){
        .changed = views, .n_changed = n, .total = d->n_public, .people = (uint32_t)d->sessions.n};
    emit_ack(d, s, cmd->id, &e);
}

int64_t roomlist_deadline(const struct domain *d)
{
    if (!d->list_changed || d->n_watchers == 0)
        return INT64_MAX;
    return d->list_sent + d->cfg.list_every_us;
}

static size_t list_take_dirty(struct domain *d)
{
    size_t n = 0;
    struct list *it;
    struct room_view *views = scratch_views(d, (size_t)d->cfg.list_max);
    while (n < (size_t)d->cfg.list_max && (it = list_pop_front(&d->dirty)) != NULL)
        room_view(container_of(it, struct room, dirty), &views[n++]);
    return n;
}

void roomlist_tick(struct domain *d)
{
    if (roomlist_deadline(d) > d->now)
        return;
    struct event e = {.type = EVENT_ROOMS};
    size_t n_gone = MIN_OF(d->n_gone, (size_t)d->cfg.list_max);
    e.u.rooms.n_changed = list_take_dirty(d);
    e.u.rooms.changed = d->views;
    e.u.rooms.gone = d->gone;
    e.u.rooms.n_gone = n_gone;
    e.u.rooms.total = d->n_public;
    e.u.rooms.people = (uint32_t)d->sessions.n;
    struct session_ref *to = scratch_refs(d, d->n_watchers);
    size_t n = 0;
    LIST_FOREACH(it, &d->watchers) {
        to[n++] = session_ref(container_of(it, struct session, watch));
    }
    emit_list(d, to, n, &e);
    d->n_gone -= n_gone;
    if (d->n_gone)
        memmove(d->gone, d->gone + n_gone, d->n_gone * sizeof *d->gone);
    d->list_sent = d->now;
    d->list_changed = d->n_gone > 0 || !list_empty(&d->dirty);
}
