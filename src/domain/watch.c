/* Telling those who watch. A person that changes is noted once, however often it happens; then, at most twice
 * a second, each watcher gets one event with all that looks different to them now. */
#include "domain/presence.h"

#include "base/mem.h"
#include "domain/domain_int.h"
#include "domain/user.h"

enum {
    TOLD_NOTHING = PRESENCE_UNTOLD + 1, /* its answer is still to come */
    PORTION = 256                       /* watchers that are told in one go */
};

struct watch_item {
    struct watched *who;
    int64_t last_seen_ms; /* as it was told, and the last that is known of who is not in memory */
    uint32_t place;       /* in who->by */
    uint8_t told;         /* enum presence */
    bool dirty;
};

/* Of a session. */
struct watcher {
    struct session *session;
    struct list dirty; /* in .dirty */
    uint64_t number;   /* of the request that made it */
    uint32_t n;
    uint32_t n_dirty;
    uint32_t one; /* one that is dirty */
    struct watch_item items[];
};

struct watch_ref {
    struct watcher *by;
    uint32_t item;
};

struct watched {
    struct hnode by_id;
    struct list changed; /* in .changed */
    uint64_t id;
    struct watch_ref *by;
    uint32_t n;
    uint32_t cap;
    bool renamed;
};

/* ---- who watches whom ---- */

static struct watched *watched_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->presence.watched, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct watched *who = container_of(it, struct watched, by_id);
        if (who->id == id)
            return who;
    }
    return NULL;
}

static struct watched *watched_get(struct domain *d, uint64_t id)
{
    struct watched *who = watched_find(d, id);
    if (who)
        return who;
    who = xcalloc(1, sizeof *who);
    who->id = id;
    list_init(&who->changed);
    hmap_insert(&d->presence.watched, &who->by_id, hash_u64(&d->hash_key, id));
    return who;
}

static void watch_add(struct domain *d, struct watcher *w, uint64_t id)
{
    struct watched *who = watched_get(d, id);
    if (who->n == who->cap) {
        who->cap = who->cap * 2 + 2;
        who->by = xrealloc_array(who->by, who->cap, sizeof *who->by);
    }
    w->items[w->n] = (struct watch_item){.who = who, .place = who->n, .told = TOLD_NOTHING};
    who->by[who->n++] = (struct watch_ref){w, w->n++};
    d->presence.n_pairs++;
}

static void watch_remove(struct domain *d, struct watch_item *it)
{
    struct watched *who = it->who;
    struct watch_ref *last = &who->by[--who->n];
    who->by[it->place] = *last;
    last->by->items[last->item].place = it->place;
    d->presence.n_pairs--;
    if (who->n > 0)
        return;
    list_del(&who->changed);
    hmap_remove(&d->presence.watched, &who->by_id);
    xfree(who->by);
    xfree(who);
}

void presence_forget(struct domain *d, struct session *s)
{
    struct watcher *w = s->watcher;
    if (!w)
        return;
    for (uint32_t i = 0; i < w->n; i++)
        watch_remove(d, &w->items[i]);
    list_del(&w->dirty);
    xfree(w);
    s->watcher = NULL;
}

/* ---- something has changed ---- */

static void note_changed(struct domain *d, struct watched *who)
{
    struct presence_house *h = &d->presence;
    if (!list_empty(&who->changed))
        return;
    if (list_empty(&h->changed))
        h->changed_at = d->now;
    list_push_back(&h->changed, &who->changed);
}

void presence_touch(struct domain *d, uint64_t user)
{
    struct watched *who = watched_find(d, user);
    if (who)
        note_changed(d, who);
}

void presence_user_changed(struct domain *d, struct user *u)
{
    struct watched *who = watched_find(d, u->id);
    if (!who)
        return;
    who->renamed = true;
    note_changed(d, who);
}

void watch_touch_all(struct domain *d)
{
    HMAP_FOREACH(it, &d->presence.watched) {
        note_changed(d, container_of(it, struct watched, by_id));
    }
}

/* ---- telling ---- */

static void look_again(struct domain *d, struct watch_item *it, struct watcher *w)
{
    const struct user *me = w->session->user;
    const struct seen_row row = {
        .user = it->who->id, .last_seen_ms = it->last_seen_ms, .settings = USER_LAST_SEEN};
    struct presence_view v;
    presence_seen_by(d, me, it->who->id, &row, &v);
    const struct user *u = user_find(d, it->who->id);
    /* Whom they have blocked they left at that moment; after it nothing changes any more. */
    if ((it->told == PRESENCE_OFFLINE || it->told == PRESENCE_UNTOLD) && u && v.last_seen_ms &&
        idset_has(&u->blocked, me->id))
        v.last_seen_ms = it->last_seen_ms;
    if (v.presence == it->told && v.last_seen_ms == it->last_seen_ms)
        return;
    it->told = (uint8_t)v.presence;
    it->last_seen_ms = v.last_seen_ms;
    if (v.presence == PRESENCE_UNTOLD || it->dirty)
        return;
    it->dirty = true;
    if (w->n_dirty++ == 0)
        list_push_back(&d->presence.dirty, &w->dirty);
    w->one = (uint32_t)(it - w->items);
}

static void tell_renamed(struct domain *d, const struct user *u, struct watcher *w,
                         const struct watch_item *it)
{
    const struct user *me = w->session->user;
    if (me == u || user_blocks(me, u) || it->told == TOLD_NOTHING)
        return;
    struct somebody_view v = {
        .user = u->id,
        .name = user_name(u),
        .display = user_display(u),
        .avatar = u->avatar,
        .presence = (enum presence)it->told,
        .last_seen_ms = it->last_seen_ms,
        .favourite = idset_has(&me->favourites, u->id),
    };
    struct event e = {.type = EVENT_PERSON_CHANGED, .u.people.person = &v};
    emit_to(d, w->session, &e);
}

static void take_changes(struct domain *d)
{
    struct list *l;
    while ((l = list_pop_front(&d->presence.changed)) != NULL) {
        struct watched *who = container_of(l, struct watched, changed);
        const struct user *u = user_find(d, who->id);
        for (uint32_t i = 0; i < who->n; i++) {
            struct watcher *w = who->by[i].by;
            struct watch_item *it = &w->items[who->by[i].item];
            if (it->told != TOLD_NOTHING)
                look_again(d, it, w);
            if (who->renamed && u)
                tell_renamed(d, u, w, it);
        }
        who->renamed = false;
    }
}

static void item_view(const struct watch_item *it, struct presence_view *v)
{
    *v = (struct presence_view){it->who->id, (enum presence)it->told, it->last_seen_ms};
}

static void tell(struct domain *d, const struct session_ref *to, size_t n,
                 const struct presence_view *views, size_t n_views)
{
    struct event e = {.type = EVENT_PRESENCE, .u.people.presence = {views, n_views}};
    emit_list(d, to, n, &e);
}

static void tell_many(struct domain *d, struct watcher *w)
{
    struct presence_view views[PEOPLE_WATCH_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        struct watch_item *it = &w->items[i];
        if (it->dirty && it->told != PRESENCE_UNTOLD)
            item_view(it, &views[n++]);
        it->dirty = false;
    }
    struct session_ref ref = session_ref(w->session);
    if (n)
        tell(d, &ref, 1, views, n);
}

/* Watchers to whom one person has changed come one after the other: they get one event, encoded once. */
struct batch {
    struct presence_view view;
    size_t n;
    struct session_ref to[PORTION];
};

static void batch_send(struct domain *d, struct batch *b)
{
    tell(d, b->to, b->n, &b->view, 1);
    b->n = 0;
}

static void tell_one(struct domain *d, struct watcher *w, struct batch *b)
{
    struct presence_view v;
    struct watch_item *it = &w->items[w->one];
    it->dirty = false;
    if (it->told == PRESENCE_UNTOLD)
        return;
    item_view(it, &v);
    if (b->n && (v.user != b->view.user || v.presence != b->view.presence ||
                 v.last_seen_ms != b->view.last_seen_ms))
        batch_send(d, b);
    b->view = v;
    b->to[b->n++] = session_ref(w->session);
}

static void tell_portion(struct domain *d)
{
    struct batch b;
    struct list *l;
    b.n = 0;
    for (int i = 0; i < PORTION && (l = list_pop_front(&d->presence.dirty)) != NULL; i++) {
        struct watcher *w = container_of(l, struct watcher, dirty);
        if (w->n_dirty == 1)
            tell_one(d, w, &b);
        else
            tell_many(d, w);
        w->n_dirty = 0;
    }
    batch_send(d, &b);
    d->presence.told_at = d->now;
}

int64_t watch_deadline(const struct domain *d)
{
    const struct presence_house *h = &d->presence;
    if (!list_empty(&h->dirty))
        return d->now; /* the rest of them, after what else has come meanwhile */
    if (list_empty(&h->changed))
        return INT64_MAX;
    return MAX_OF(h->changed_at + PRESENCE_COLLECT_US, h->told_at + PRESENCE_EVERY_US);
}

void watch_tick(struct domain *d)
{
    if (watch_deadline(d) > d->now)
        return;
    if (list_empty(&d->presence.dirty))
        take_changes(d);
    if (!list_empty(&d->presence.dirty))
        tell_portion(d);
}

/* ---- the request ---- */

struct watch_ask {
    size_t n;
    uint64_t ids[PEOPLE_WATCH_MAX];
};

/* Each id once, in their order. */
static void ids_once(const struct id_list *from, struct watch_ask *to)
{
    struct idset seen = {0};
    to->n = 0;
    for (size_t i = 0; i < from->n && to->n < PEOPLE_WATCH_MAX; i++)
        if (from->p[i] && idset_add(&seen, from->p[i]))
            to->ids[to->n++] = from->p[i];
    idset_free(&seen);
}

static void watch_answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct watch_ask *ask = (const struct watch_ask *)(void *)a->data;
    struct session *s = session_find(d, a->who.session);
    struct seen_row rows[PEOPLE_WATCH_MAX];
    struct presence_view views[PEOPLE_WATCH_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[5];
    size_t n_rows = 0, n = 0;
    if (!s || !s->user)
        return;
    struct watcher *w = s->watcher && s->watcher->number == a->a ? s->watcher : NULL;
    if (answer->db->status != DB_OK) {
        if (w)
            presence_forget(d, s);
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (n_rows < PEOPLE_WATCH_MAX && db_rows_next(&it, row, 5))
        rows[n_rows++] = (struct seen_row){val_id(&row[0]), row[1].i, (uint32_t)row[2].i, row[4].i};
    for (size_t i = 0; i < ask->n; i++) {
        size_t k = 0;
        while (k < n_rows && rows[k].user != ask->ids[i])
            k++;
        presence_seen_by(d, s->user, ask->ids[i], k < n_rows ? &rows[k] : NULL, &views[n]);
        if (w) {
            w->items[i].told = (uint8_t)views[n].presence;
            w->items[i].last_seen_ms = views[n].last_seen_ms;
        }
        n += views[n].presence != PRESENCE_UNTOLD;
    }
    reply(d, &a->who,
          &(struct event){.type = RESULT_PEOPLE_WATCH, .u.people.presence = {views, n}});
}

void watch_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct watch_ask ask;
    struct buf list;
    presence_forget(d, s);
    ids_once(&cmd->u.people.watch.users, &ask);
    if (ask.n == 0) {
        emit_ack(d, s, cmd->id, &(struct event){.type = RESULT_PEOPLE_WATCH});
        return;
    }
    struct watcher *w = xcalloc(1, sizeof *w + ask.n * sizeof *w->items);
    w->session = s;
    w->number = ++d->next_number;
    list_init(&w->dirty);
    s->watcher = w;
    buf_init(&list, PEOPLE_WATCH_MAX * 24);
    for (size_t i = 0; i < ask.n; i++) {
        watch_add(d, w, ask.ids[i]);
        buf_putf(&list, "%c%lld", i ? ',' : '[', (long long)ask.ids[i]);
    }
    buf_puts(&list, "]");
    struct ask *a = ask_new(d, asker_of(cmd), watch_answered, &ask, sizeof ask);
    a->a = w->number;
    ASK_DB(d, a, DB_PEOPLE_SEEN, VAL_ID(s->user->id), VAL_T(buf_str(&list)));
    buf_free(&list);
}
