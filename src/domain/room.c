/* The room: what it is, who is in it, who owns it. */
#include "domain/domain_int.h"

#include "base/mem.h"
#include "domain/user.h"

struct room *room_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->rooms, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct room *r = container_of(it, struct room, by_id);
        if (r->id == id)
            return r;
    }
    return NULL;
}

uint32_t room_epoch(const struct domain *d, uint64_t id)
{
    const struct room *r = room_find(d, id);
    return r ? r->epoch : 0;
}

void room_set_title(struct room *r, struct str title)
{
    xfree(r->title);
    r->title = str_dup(title);
    r->title_n = (uint16_t)title.n;
}

void room_set_hash(struct room *r, struct str hash)
{
    xfree(r->hash);
    r->hash = hash.n ? str_dup(hash) : NULL;
    r->password++;
}

struct room *room_new(struct domain *d, uint64_t id, struct str title)
{
    struct room *r = xcalloc(1, sizeof *r);
    list_init(&r->public);
    list_init(&r->dirty);
    list_init(&r->orphan);
    list_init(&r->waiters);
    list_init(&r->whips);
    list_init(&r->no_group);
    r->id = id;
    r->version = 1;
    r->access = 1;
    r->epoch = (uint32_t)rng_u64(&d->rng) | 1;
    r->capacity = (uint32_t)d->cfg.capacity_default;
    room_set_title(r, title);
    hmap_insert(&d->rooms, &r->by_id, hash_u64(&d->hash_key, id));
    return r;
}

static void room_release(struct domain *d, struct room *r)
{
    group_forget(d, r);
    record_forget(r);
    lobby_forget(r);
    list_del(&r->public);
    list_del(&r->dirty);
    list_del(&r->orphan);
    xfree(r->title);
    xfree(r->hash);
    for (uint32_t i = 0; i < r->n_parts; i++)
        scope_free(&r->parts[i].scope);
    xfree(r->parts);
    xfree(r->bans);
    xfree(r);
}

void room_destroy(struct domain *d, struct room *r)
{
    roomlist_hide(d, r);
    record_room_ends(d, r);
    group_room_ends(d, r);
    lobby_room_ends(d, r);
    whip_room_ends(r);
    if (r->stays)
        live_closed(d, r);
    struct store_request drop = {.kind = STORE_DROP, .room = r->id, .ctx = {.kind = CTX_DROP}};
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_STORE, .store = &drop});
    hmap_remove(&d->rooms, &r->by_id);
    room_release(d, r);
}

void room_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->rooms) {
        hmap_remove(&d->rooms, it);
        room_release(d, container_of(it, struct room, by_id));
    }
}

void room_view(const struct room *r, struct room_view *v)
{
    *v = (struct room_view){
        .id = r->id,
        .title = str_of(r->title, r->title_n),
        .owner = r->owner,
        .count = r->n_parts,
        .capacity = r->capacity,
        .is_public = r->is_public,
        .password = r->hash != NULL,
        .locked = r->locked,
        .stays = r->stays,
        .lobby = r->lobby,
        .publish_few = r->publish_few,
        .share_few = r->share_few,
        .programs = r->programs,
        .recording_ms = record_since(r),
    };
}

void person_view(const struct part *p, struct person_view *v)
{
    const struct session *s = p->session;
    *v = (struct person_view){
        .session = s->id,
        .user = p->user,
        .name = session_name(s),
        .mic = s->mic,
        .cam = s->cam,
        .screen = s->screen,
        .media = p->media,
        .away = s->state == SESSION_AWAY,
        .hand_ms = s->hand_ms,
        .muted = p->muted,
        .program = s->program,
        .recorded = p->agreed,
    };
}

const struct person_view *room_people(struct domain *d, const struct room *r)
{
    if (r->n_parts > d->cap_people) {
        d->cap_people = r->n_parts + r->n_parts / 2 + 16;
        d->people = xrealloc_array(d->people, d->cap_people, sizeof *d->people);
    }
    for (uint32_t i = 0; i < r->n_parts; i++)
        person_view(&r->parts[i], &d->people[i]);
    return d->people;
}

struct part *room_part(const struct room *r, const struct session *s)
{
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].session == s)
            return &r->parts[i];
    return NULL;
}

struct room *session_room(const struct session *s, uint64_t id)
{
    for (unsigned i = 0; i < s->n_rooms; i++)
        if (s->rooms[i]->id == id)
            return s->rooms[i];
    return NULL;
}

static void session_add_room(struct session *s, struct room *r)
{
    if (s->n_rooms == s->cap_rooms) {
        unsigned cap = s->cap_rooms * 2u;
        bool inside = s->rooms == &s->one;
        s->rooms = xrealloc_array(inside ? NULL : s->rooms, cap, sizeof *s->rooms);
        if (inside)
            s->rooms[0] = s->one;
        s->cap_rooms = (uint8_t)MIN_OF(cap, 255u);
    }
    s->rooms[s->n_rooms++] = r;
}

static void session_del_room(struct session *s, struct room *r)
{
    for (unsigned i = 0; i < s->n_rooms; i++) {
        if (s->rooms[i] != r)
            continue;
        for (unsigned j = i + 1; j < s->n_rooms; j++)
            s->rooms[j - 1] = s->rooms[j];
        s->n_rooms--;
        if (s->n_rooms == 0)
            s->hand_ms = 0;
        return;
    }
}

struct part *room_add_moved(struct domain *d, struct room *r, struct session *s,
                            const struct scope *scope)
{
    if (r->n_parts == r->cap_parts) {
        r->cap_parts = r->cap_parts < 2 ? r->cap_parts + 1 : r->cap_parts + (r->cap_parts + 1) / 2;
        r->parts = xrealloc_array(r->parts, r->cap_parts, sizeof *r->parts);
    }
    struct part *p = &r->parts[r->n_parts++];
    *p = (struct part){.session = s, .scope = *scope, .access = UINT32_MAX};
    if (r->stays && s->user)
        p->user = s->user->id;
    session_add_room(s, r);
    d->n_parts++;
    roomlist_touch(d, r);
    return p;
}

struct part *room_add(struct domain *d, struct room *r, struct session *s)
{
    struct scope scope = scope_open(d);
    return room_add_moved(d, r, s, &scope);
}

struct scope room_take_part(struct domain *d, struct room *r, struct session *s)
{
    struct part *p = room_part(r, s);
    struct scope scope = p->scope;
    group_leave(d, r, p);
    if (p->media) {
        r->n_media--;
        s->media = NULL;
    }
    size_t after = r->n_parts - (size_t)(p - r->parts) - 1;
    memmove(p, p + 1, after * sizeof *p);
    r->n_parts--;
    d->n_parts--;
    session_del_room(s, r);
    roomlist_touch(d, r);
    return scope;
}

void room_drop_part(struct domain *d, struct room *r, struct session *s)
{
    struct scope scope = room_take_part(d, r, s);
    scope_close(d, r, &scope);
}

void room_own(struct domain *d, struct room *r, uint64_t owner)
{
    r->owner = owner;
    list_del(&r->orphan);
    for (uint32_t i = 0; r->share_few && i < r->n_parts; i++) /* who may share is another one now */
        group_mute(d, &r->parts[i], false);
}

/* The one who has been here longest owns it now; programs own nothing. */
static void room_succeed(struct domain *d, struct room *r)
{
    uint32_t i = 0;
    while (i < r->n_parts && r->parts[i].session->program)
        i++;
    room_own(d, r, i < r->n_parts ? r->parts[i].session->id : 0);
    room_changed(d, r, 0, false);
    if (i < r->n_parts)
        lobby_show(d, r, r->parts[i].session);
}

void room_leave(struct domain *d, struct room *r, struct session *s, enum left_reason reason)
{
    bool was_full = r->n_media >= group_places(d, r);
    bool was_owner = r->owner == s->id;
    room_drop_part(d, r, s);
    struct event e = {.type = EVENT_LEFT,
                      .room = r->id,
                      .from = s->id,
                      .u.left = {.reason = reason, .count = r->n_parts - (d->entering != NULL)}};
    if (reason == LEFT_REMOVED || reason == LEFT_MERGED || reason == LEFT_ENDED)
        emit_to(d, s, &e);
    emit_room(d, r, &e, d->entering);
    record_left(d, r);
    if (r->n_parts == 0) {
        if (!r->of_calls || !call_wants(d, r))
            room_destroy(d, r);
        else
            group_review(d, r);
        return;
    }
    if (was_owner)
        room_succeed(d, r);
    if (was_full && r->n_media < group_places(d, r))
        media_tell_free(d, r);
    group_review(d, r);
}

void room_changed(struct domain *d, struct room *r, uint64_t by, bool access)
{
    r->version++;
    if (access)
        r->access = r->version;
    struct event e = {.type = EVENT_ROOM_CHANGED, .room = r->id, .from = by};
    room_view(r, &e.u.room);
    emit_room(d, r, &e, NULL);
    roomlist_touch(d, r);
}

void room_ticket(struct domain *d, const struct room *r, const struct session *s,
                 char out[TICKET_TEXT_MAX], size_t *n)
{
    struct ticket t = {
        .room = r->id,
        .lineage = s->lineage,
        .until_ms = d->wall + d->cfg.ticket_ms,
        .version = r->version,
        .access = r->access,
        .epoch = r->epoch,
        .capacity = r->capacity,
        .is_public = r->is_public,
        .locked = r->locked,
        .lobby = r->lobby,
        .publish_few = r->publish_few,
        .share_few = r->share_few,
        .programs = r->programs,
        .owner = r->owner == s->id,
        .stays = r->stays,
        .since = room_part(r, s)->since,
        .title_n = r->title_n,
    };
    memcpy(t.title, r->title, r->title_n);
    if (r->hash) {
        t.hash_n = (uint8_t)MIN_OF(strlen(r->hash), sizeof t.hash);
        memcpy(t.hash, r->hash, t.hash_n);
    }
    *n = ticket_seal(&t, d->cfg.ticket_key, &d->rng, out);
}

bool room_banned(const struct domain *d, const struct room *r, uint64_t lineage)
{
    for (unsigned i = 0; i < r->n_bans; i++)
        if (r->bans[i].lineage == lineage && r->bans[i].until > d->now)
            return true;
    return false;
}

void room_ban(struct domain *d, struct room *r, uint64_t lineage)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->n_bans; i++)
        if (r->bans[i].lineage != lineage && r->bans[i].until > d->now)
            r->bans[n++] = r->bans[i];
    if (n > 0 && n >= (unsigned)d->cfg.bans_per_room) { /* the oldest gives way */
        memmove(r->bans, r->bans + 1, (n - 1) * sizeof *r->bans);
        n--;
    }
    r->bans = xrealloc_array(r->bans, n + 1, sizeof *r->bans);
    r->bans[n] = (struct ban){lineage, d->now + d->cfg.ban_us};
    r->n_bans = (uint16_t)(n + 1);
}

int64_t room_deadline(const struct domain *d)
{
    struct list *first = list_first(&d->orphans);
    return first ? container_of(first, struct room, orphan)->orphan_until : INT64_MAX;
}

void room_tick(struct domain *d)
{
    while (room_deadline(d) <= d->now)
        room_succeed(d, container_of(list_first(&d->orphans), struct room, orphan));
}
