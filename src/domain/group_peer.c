/* Connections of people to the SFU: what they offer, wish to see, and let go of. */
#include "domain/group.h"

#include "base/mem.h"
#include "domain/whip.h"

#define OFFER_US 10000000LL /* a worker answers in milliseconds, or never */

struct group_peer *group_peer_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->group_peers, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct group_peer *p = container_of(it, struct group_peer, by_id);
        if (p->id == id)
            return p;
    }
    return NULL;
}

/* ---- what people are told ---- */

void group_tell_track(struct domain *d, const struct group_peer *p,
                      const struct group_published_track *t, bool on)
{
    const struct room *r = p->group->room;
    emit_room(d, r,
              &(struct event){.type = EVENT_GROUP_TRACK,
                              .u.group.track = {.room = r->id, .track = &t->track, .on = on}},
              NULL);
}

void group_tell_refused(struct domain *d, const struct group_peer *p, enum group_refusal code)
{
    if (p->whip) {
        whip_refused(d, p->whip, code);
        return;
    }
    emit_to(d, p->session,
            &(struct event){.type = EVENT_GROUP_REFUSED,
                            .u.group.refused = {p->group->room->id, str_from(p->conn), code}});
}

void group_tell_state(struct domain *d, const struct group_peer *p, enum group_link state,
                      enum group_end reason)
{
    if (p->whip)
        return;
    emit_to(
        d, p->session,
        &(struct event){.type = EVENT_GROUP_STATE,
                        .u.group.state = {p->group->room->id, str_from(p->conn), state, reason}});
}

/* ---- life ---- */

static struct group_peer *peer_named(const struct part *part, struct str conn)
{
    struct group_peer *p = part->peers;
    while (p && !str_eq(conn, str_from(p->conn)))
        p = p->next;
    return p;
}

/* part NULL: of somebody who only watches. */
static struct group_peer *peer_new(struct domain *d, struct room *r, struct part *part,
                                   struct str conn)
{
    struct group_peer **first = part ? &part->peers : &r->group->watchers;
    struct group_peer *p = xcalloc(1, sizeof *p);
    list_init(&p->waits);
    p->group = r->group;
    p->session = part ? part->session : NULL;
    str_copy(conn, p->conn, sizeof p->conn);
    do
        p->id = rng_u64(&d->rng);
    while (p->id == 0 || group_peer_find(d, p->id));
    hmap_insert(&d->group_peers, &p->by_id, hash_u64(&d->hash_key, p->id));
    p->next = *first;
    *first = p;
    r->group->n_peers++;
    return p;
}

void group_peer_end(struct domain *d, struct group_peer *p, bool tell)
{
    struct group *g = p->group;
    struct group_peer **at = p->session ? &room_part(g->room, p->session)->peers : &g->watchers;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    list_del(&p->waits);
    hmap_remove(&d->group_peers, &p->by_id);
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_LEAVE, .room = g->id, .peer = p->id});
    for (unsigned i = 0; tell && i < p->n_tracks; i++)
        if (p->tracks[i].there)
            group_tell_track(d, p, &p->tracks[i], false);
    if (p->whip)
        whip_lost(d, p->whip);
    if (p->n_tracks > 0)
        whip_review(d, g->room);
    xfree(p);
    if (--g->n_peers == 0 && !g->on)
        group_end(d, g);
}

void group_leave(struct domain *d, struct room *r, struct part *part)
{
    if (r->group && r->group->speaker == part->session->id)
        r->group->speaker = 0;
    while (part->peers)
        group_peer_end(d, part->peers, false);
}

void group_lost_place(struct domain *d, struct part *part)
{
    struct group_peer *next;
    for (struct group_peer *p = part->peers; p; p = next) {
        next = p->next;
        if (p->n_tracks == 0)
            continue;
        group_tell_state(d, p, GROUP_LINK_ENDED, GROUP_NO_PLACE);
        group_peer_end(d, p, true);
    }
}

/* The one of that name, or a new one. Of attempts to move only the last goes on. */
static struct group_peer *peer_for(struct domain *d, struct room *r, struct part *part,
                                   struct str conn)
{
    struct group_peer *p = peer_named(part, conn);
    if (p)
        return p;
    if (part->peers && part->peers->next)
        group_peer_end(d, part->peers->open ? part->peers->next : part->peers, true);
    return peer_new(d, r, part, conn);
}

/* ---- offers ---- */

static bool is_shared(enum group_kind kind)
{
    return kind == GROUP_SCREEN || kind == GROUP_SOUND;
}

static bool is_in(const struct object_list *lines, const char *mid)
{
    const struct group_line *l = lines->p;
    for (size_t i = 0; i < lines->n; i++)
        if (l[i].kind != GROUP_KINDS && str_eq(l[i].mid, str_from(mid)))
            return true;
    return false;
}

/* The track of that line as it was, or a place for it among those that the offer no longer has. */
static struct group_published_track *
place_for(struct group_peer *p, const struct object_list *lines, const struct group_line *l)
{
    for (unsigned i = 0; i < p->n_tracks; i++)
        if (str_eq(l->mid, str_from(p->tracks[i].mid)))
            return &p->tracks[i];
    if (p->n_tracks < GROUP_PUBLISHED_MAX) {
        struct group_published_track *t = &p->tracks[p->n_tracks++];
        *t = (struct group_published_track){.track.session = p->session->id};
        return t;
    }
    for (unsigned i = 0; i < p->n_tracks; i++)
        if (!is_in(lines, p->tracks[i].mid))
            return &p->tracks[i];
    return NULL;
}

/* A line keeps its track as long as it is about the same thing. */
static uint64_t track_of(struct domain *d, struct group_peer *p, const struct object_list *lines,
                         const struct group_line *l)
{
    struct group_published_track *t = place_for(p, lines, l);
    if (t->track.track && t->track.kind == l->kind && str_eq(l->mid, str_from(t->mid)))
        return t->track.track;
    if (t->there)
        group_tell_track(d, p, t, false);
    t->there = t->muted = false;
    str_copy(l->mid, t->mid, sizeof t->mid);
    t->track.kind = l->kind;
    do
        t->track.track = rng_u64(&d->rng);
    while (t->track.track == 0);
    return t->track.track;
}

/* How many of the lines send; -1: they make no sense. */
static int count_senders(const struct object_list *lines)
{
    const struct group_line *l = lines->p;
    int n = 0;
    for (size_t i = 0; i < lines->n; i++) {
        n += l[i].kind != GROUP_KINDS;
        if (l[i].mid.n == 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (str_eq(l[i].mid, l[k].mid))
                return -1;
    }
    return n <= GROUP_PUBLISHED_MAX ? n : -1;
}

/* False, and it is answered. */
static bool offer_allowed(struct domain *d, struct session *s, const struct cmd *cmd,
                          struct room **room)
{
    const struct cmd_group_offer *q = &cmd->u.group.offer;
    struct room *r = *room = session_room(s, q->room);
    int senders = count_senders(&q->lines);
    enum errcode code = CODE_NONE;
    if (senders < 0) {
        emit_bad(d, s, cmd->id, "lines");
        return false;
    }
    if (!r)
        code = CODE_NOT_IN_ROOM;
    else if (!group_on(r))
        code = CODE_NOT_GROUP;
    else if (senders > 0 && !room_part(r, s)->media)
        code = CODE_NO_MEDIA;
    if (code)
        emit_error(d, s, cmd->id, code);
    return code == CODE_NONE;
}

static bool is_muted(struct domain *d, const struct room *r, const struct part *part,
                     enum group_kind kind)
{
    static const uint8_t bits[GROUP_KINDS] = {
        [GROUP_MIC] = 1 << MUTE_MIC,
        [GROUP_CAMERA] = 1 << MUTE_CAMERA,
        [GROUP_SCREEN] = 1 << MUTE_SCREEN,
        [GROUP_SOUND] = 1 << MUTE_SCREEN,
    };
    return (part->muted & bits[kind]) || (is_shared(kind) && !may_share(d, r, part->session));
}

/* offered: the worker may have made it anew. */
void group_mute(struct domain *d, const struct part *part, bool offered)
{
    for (struct group_peer *p = part->peers; p; p = p->next)
        for (unsigned i = 0; i < p->n_tracks; i++) {
            struct group_published_track *t = &p->tracks[i];
            bool on = is_muted(d, p->group->room, part, t->track.kind);
            if (t->muted == on && !(on && offered))
                continue;
            t->muted = on;
            group_order(
                d, &(struct group_order){.kind = GROUP_ORDER_MUTE,
                                         .room = p->group->id,
                                         .on = on,
                                         .lines = &(struct group_line){.track = t->track.track},
                                         .n_lines = 1});
        }
}

void group_peer_offer(struct domain *d, struct group_peer *p, unsigned rights, struct str sdp,
                      const struct group_line *lines, uint32_t n)
{
    if (p->asked++ == 0) {
        p->until = d->now + OFFER_US;
        list_push_back(&d->group_offers, &p->waits);
    }
    group_order(d, &(struct group_order){
                       .kind = GROUP_ORDER_OFFER,
                       .room = p->group->id,
                       .peer = p->id,
                       .rights = rights,
                       .sdp = sdp,
                       .lines = lines,
                       .n_lines = n,
                   });
    if (p->session)
        group_mute(d, room_part(p->group->room, p->session), true);
    record_offered(d, p);
}

void group_offer(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_group_offer *q = &cmd->u.group.offer;
    struct group_line lines[GROUP_LINES_MAX];
    struct group_published told[GROUP_PUBLISHED_MAX];
    struct room *r;
    size_t n = 0;
    if (!offer_allowed(d, s, cmd, &r))
        return;
    struct group_peer *p = peer_for(d, r, room_part(r, s), q->conn);
    for (size_t i = 0; i < q->lines.n; i++) {
        lines[i] = ((const struct group_line *)q->lines.p)[i];
        if (lines[i].kind == GROUP_KINDS)
            continue;
        bool may = !is_shared(lines[i].kind) || may_share(d, r, s);
        lines[i].track = may ? track_of(d, p, &q->lines, &lines[i]) : 0;
        told[n++] = (struct group_published){lines[i].mid, lines[i].track};
    }
    emit_ack(d, s, cmd->id,
             &(struct event){.type = RESULT_GROUP_OFFER, .u.group.offered.tracks = {told, n}});
    group_peer_offer(d, p, GROUP_MAY_SUBSCRIBE | (room_part(r, s)->media ? GROUP_MAY_PUBLISH : 0),
                     q->sdp, lines, (uint32_t)q->lines.n);
}

/* ---- by whip ---- */

struct group_peer *group_peer_program(struct domain *d, struct room *r, struct part *part,
                                      struct whip *w)
{
    struct group_peer *p = peer_new(d, r, part, STR("whip"));
    p->whip = w;
    return p;
}

void group_peer_tracks(struct domain *d, struct group_peer *p, struct group_line *lines, uint32_t n)
{
    const struct object_list all = {lines, n};
    for (uint32_t i = 0; i < n; i++)
        lines[i].track = track_of(d, p, &all, &lines[i]);
}

uint32_t group_peer_lines(const struct group_peer *p, struct group_line *out)
{
    for (unsigned i = 0; i < p->n_tracks; i++)
        out[i] = (struct group_line){.mid = str_from(p->tracks[i].mid),
                                     .kind = p->tracks[i].track.kind,
                                     .track = p->tracks[i].track.track};
    return p->n_tracks;
}

void group_peer_answered(struct group_peer *p)
{
    p->asked -= p->asked > 0;
    if (p->asked == 0)
        list_del(&p->waits);
}

/* ---- wishes, the end, how people fare ---- */

/* The group that is there, on or on its way out; otherwise the request is answered. */
static struct room *room_of(struct domain *d, struct session *s, const struct cmd *cmd,
                            uint64_t room)
{
    struct room *r = session_room(s, room);
    if (!r || !r->group) {
        emit_error(d, s, cmd->id, r ? CODE_NOT_GROUP : CODE_NOT_IN_ROOM);
        return NULL;
    }
    return r;
}

void group_wish(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_group_wish *q = &cmd->u.group.wish;
    struct room *r = room_of(d, s, cmd, q->room);
    if (!r)
        return;
    const struct group_peer *p = peer_named(room_part(r, s), q->conn);
    emit_ok(d, s, cmd->id);
    if (p)
        group_order(d, &(struct group_order){.kind = GROUP_ORDER_WISH,
                                             .room = r->group->id,
                                             .peer = p->id,
                                             .lines = q->wishes.p,
                                             .n_lines = (uint32_t)q->wishes.n});
}

void group_hang_up(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->u.group.close.room);
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    struct group_peer *p = peer_named(room_part(r, s), cmd->u.group.close.conn);
    emit_ok(d, s, cmd->id);
    if (p)
        group_peer_end(d, p, true);
}

static void ask_fares_of(struct domain *d, const struct room *r, const struct group_line *peers,
                         uint32_t n)
{
    if (n)
        group_order(
            d, &(struct group_order){
                   .kind = GROUP_ORDER_STATS, .room = r->group->id, .lines = peers, .n_lines = n});
}

static void ask_fares(struct domain *d, const struct room *r)
{
    struct group_line peers[GROUP_LINES_MAX] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_parts; i++)
        for (const struct group_peer *p = r->parts[i].peers; p; p = p->next) {
            if (n == GROUP_LINES_MAX) {
                ask_fares_of(d, r, peers, n);
                n = 0;
            }
            peers[n++].track = p->id;
        }
    ask_fares_of(d, r, peers, n);
}

/* What is known now; what is asked for here is known the next time. */
void group_stats(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = room_of(d, s, cmd, cmd->u.group.room);
    size_t n = 0;
    if (!r)
        return;
    struct group_person *people = xcalloc(r->group->n_peers + 1, sizeof *people);
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct group_peer *p = r->parts[i].peers;
        while (p && !p->fares.session)
            p = p->next;
        if (p)
            people[n++] = p->fares;
    }
    emit_ack(d, s, cmd->id,
             &(struct event){.type = RESULT_GROUP_STATS, .u.group.stats.people = {people, n}});
    xfree(people);
    ask_fares(d, r);
}
