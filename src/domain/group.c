/* When media of a room goes through the server, and how many may have it: the mode of a room. */
#include "domain/group.h"

#include "base/mem.h"

#define SECOND 1000000LL

enum {
    DIRECT_MAX = 2, /* with GROUPS_AUTO so many send to each other */
    BACK_US = 5 * SECOND,
    AGAIN_US = 60 * SECOND, /* after no worker took one */
    CLOSE_US = 15 * SECOND  /* people move their media within 10 s */
};

void group_order(struct domain *d, const struct group_order *order)
{
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_GROUP, .group = order});
}

struct group *group_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->groups, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct group *g = container_of(it, struct group, by_id);
        if (g->id == id)
            return g;
    }
    return NULL;
}

/* ---- life ---- */

static struct group *group_begin(struct domain *d, struct room *r)
{
    struct group *g = xcalloc(1, sizeof *g);
    list_init(&g->timed);
    g->room = r;
    do
        g->id = rng_u64(&d->rng);
    while (g->id == 0 || group_find(d, g->id));
    hmap_insert(&d->groups, &g->by_id, hash_u64(&d->hash_key, g->id));
    r->group = g;
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_OPEN, .room = g->id});
    return g;
}

static void group_free(struct domain *d, struct group *g)
{
    g->room->group = NULL;
    list_del(&g->timed);
    hmap_remove(&d->groups, &g->by_id);
    xfree(g);
}

void group_end(struct domain *d, struct group *g)
{
    struct room *r = g->room;
    uint64_t id = g->id;
    g->n_peers++; /* it stays until the last one has gone */
    for (uint32_t i = 0; i < r->n_parts; i++)
        while (r->parts[i].peers)
            group_peer_end(d, r->parts[i].peers, false);
    while (g->watchers)
        group_peer_end(d, g->watchers, false);
    group_free(d, g);
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_CLOSE, .room = id});
}

void group_room_ends(struct domain *d, struct room *r)
{
    if (r->group)
        group_end(d, r->group);
}

static void forget_peers(struct domain *d, struct group_peer **first)
{
    while (*first) {
        struct group_peer *p = *first;
        *first = p->next;
        list_del(&p->waits);
        hmap_remove(&d->group_peers, &p->by_id);
        xfree(p);
    }
}

void group_forget(struct domain *d, struct room *r)
{
    for (uint32_t i = 0; i < r->n_parts; i++)
        forget_peers(d, &r->parts[i].peers);
    list_del(&r->no_group);
    if (!r->group)
        return;
    forget_peers(d, &r->group->watchers);
    group_free(d, r->group);
}

/* ---- the mode ---- */

bool group_on(const struct room *r)
{
    return r->group && r->group->on;
}

/* A callee is told nothing before the answer. */
static bool group_possible(const struct domain *d, const struct room *r)
{
    return d->cfg.groups != GROUPS_NEVER && d->now >= r->no_group_until && !call_rings_in(d, r);
}

uint32_t group_places(const struct domain *d, const struct room *r)
{
    return (uint32_t)(group_on(r) || group_possible(d, r) ? d->cfg.group_places : d->cfg.mesh);
}

static void plan(struct group *g, struct list *with, int64_t until)
{
    list_del(&g->timed);
    g->until = until;
    if (with)
        list_push_back(with, &g->timed);
}

/* Two may go back to each other, after a while. */
static void plan_back(struct domain *d, struct group *g)
{
    const struct room *r = g->room;
    bool may = d->cfg.groups == GROUPS_AUTO && r->n_media <= DIRECT_MAX && !r->recording &&
               !r->publish_few && list_empty(&r->whips);
    if (may && list_empty(&g->timed))
        plan(g, &d->group_back, d->now + BACK_US);
    else if (!may)
        plan(g, NULL, 0);
}

/* How many have to publish. */
static uint32_t group_from(const struct domain *d, const struct room *r)
{
    if (!list_empty(&r->whips) || r->recording) /* both know the server only */
        return 0;
    if (d->cfg.groups == GROUPS_ALWAYS || r->publish_few) /* so do those who only watch */
        return 1;
    return DIRECT_MAX + 1;
}

bool group_decide(struct domain *d, struct room *r)
{
    if (group_on(r)) {
        plan_back(d, r->group);
        return false;
    }
    if (r->n_media < group_from(d, r) || !group_possible(d, r))
        return false;
    if (!r->group)
        group_begin(d, r);
    plan(r->group, NULL, 0);
    r->group->on = true;
    return true;
}

void group_tell_mode(struct domain *d, const struct room *r, const struct session *except)
{
    struct event e = {.type = EVENT_GROUP_MODE, .u.group.mode = {.room = r->id}};
    group_view(d, r, &e.u.group.mode.now);
    emit_room(d, r, &e, except);
}

void group_review(struct domain *d, struct room *r)
{
    if (group_decide(d, r))
        group_tell_mode(d, r, d->entering);
}

bool group_may_hold(const struct domain *d, const struct room *r)
{
    return group_on(r) || group_possible(d, r);
}

bool group_hold(struct domain *d, struct room *r)
{
    group_review(d, r);
    return group_on(r);
}

static void go_back(struct domain *d, struct group *g)
{
    struct room *r = g->room;
    g->on = false;
    g->speaker = 0;
    plan(g, &d->group_close, d->now + CLOSE_US);
    group_tell_mode(d, r, NULL);
    if (g->n_peers == 0)
        group_end(d, g);
}

void group_failed(struct domain *d, struct room *r)
{
    r->no_group_until = d->now + AGAIN_US;
    list_del(&r->no_group);
    list_push_back(&d->no_group, &r->no_group);
    if (group_on(r))
        go_back(d, r->group);
    for (uint32_t i = r->n_parts; i-- > 0 && r->n_media > (uint32_t)d->cfg.mesh;) {
        struct part *p = &r->parts[i];
        if (!p->media)
            continue;
        media_release(d, r, p);
        p->wants_media = true;
        media_tell(d, r, p);
    }
}

/* ---- what newcomers see ---- */

static uint32_t tracks_of(const struct room *r, struct group_track *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        for (const struct group_peer *p = r->parts[i].peers; p; p = p->next)
            for (unsigned k = 0; k < p->n_tracks; k++) {
                if (!p->tracks[k].there)
                    continue;
                if (to)
                    to[n] = p->tracks[k].track;
                n++;
            }
    return n;
}

void group_view(struct domain *d, const struct room *r, struct group_view_mode *v)
{
    uint32_t n = group_on(r) ? tracks_of(r, NULL) : 0;
    if (n > d->cap_tracks) {
        d->cap_tracks = n + n / 2 + 16;
        d->tracks = xrealloc_array(d->tracks, d->cap_tracks, sizeof *d->tracks);
    }
    if (n)
        tracks_of(r, d->tracks);
    *v = (struct group_view_mode){
        .mode = group_on(r) ? GROUP_ON : GROUP_DIRECT,
        .tracks = {d->tracks, n},
    };
}

/* ---- time ---- */

static struct group *first_of(const struct list *l)
{
    struct list *first = list_first(l);
    return first ? container_of(first, struct group, timed) : NULL;
}

static struct group_peer *first_offer(const struct domain *d)
{
    struct list *first = list_first(&d->group_offers);
    return first ? container_of(first, struct group_peer, waits) : NULL;
}

static struct room *first_without(const struct domain *d)
{
    struct list *first = list_first(&d->no_group);
    return first ? container_of(first, struct room, no_group) : NULL;
}

/* Whoever found no place when none could be had may have one now. */
static void try_again(struct domain *d, struct room *r)
{
    list_del(&r->no_group);
    group_review(d, r);
    if (r->n_media < group_places(d, r))
        media_tell_free(d, r);
}

int64_t group_deadline(const struct domain *d)
{
    const struct room *without = first_without(d);
    const struct group *back = first_of(&d->group_back), *end = first_of(&d->group_close);
    const struct group_peer *offer = first_offer(d);
    int64_t at = back ? back->until : INT64_MAX;
    at = MIN_OF(at, end ? end->until : INT64_MAX);
    at = MIN_OF(at, without ? without->no_group_until : INT64_MAX);
    return MIN_OF(at, offer ? offer->until : INT64_MAX);
}

void group_tick(struct domain *d)
{
    struct group *g;
    struct group_peer *p;
    struct room *r;
    while ((r = first_without(d)) != NULL && r->no_group_until <= d->now)
        try_again(d, r);
    while ((g = first_of(&d->group_back)) != NULL && g->until <= d->now)
        go_back(d, g);
    while ((g = first_of(&d->group_close)) != NULL && g->until <= d->now)
        group_end(d, g);
    while ((p = first_offer(d)) != NULL && p->until <= d->now) {
        group_tell_refused(d, p, GROUP_GONE);
        group_peer_end(d, p, true);
    }
}
