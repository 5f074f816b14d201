/* Conversations: the objects, loaded from the database and kept while they are used. */
#include "domain/conv.h"

#include "base/mem.h"

enum { GET_COLS = 8, MEMBER_COLS = 5, LOADS = 2, CONVS_KEPT = 4096 };

struct waiter {
    struct list node;
    struct ask *ask;
    conv_then *then;
};

struct conv *conv_pinned(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->convs, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct conv *c = container_of(it, struct conv, by_id);
        if (c->id == id)
            return c;
    }
    return NULL;
}

struct conv *conv_find(const struct domain *d, uint64_t id)
{
    struct conv *c = conv_pinned(d, id);
    return c && !c->loading ? c : NULL;
}

static void release(struct domain *d, struct conv *c)
{
    hmap_remove(&d->convs, &c->by_id);
    list_del(&c->used);
    list_del(&c->live);
    xfree(c->members);
    xfree(c->title);
    xfree(c->hash);
    xfree(c);
}

/* Those that were not used for longest go when there are too many. */
static void make_room(struct domain *d)
{
    LIST_FOREACH_SAFE(l, &d->convs_used) {
        struct conv *c = container_of(l, struct conv, used);
        if (d->convs.n <= CONVS_KEPT)
            return;
        if (c->refs == 0 && !c->loading)
            release(d, c);
    }
}

void conv_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->convs) {
        struct conv *c = container_of(it, struct conv, by_id);
        struct list *l;
        while ((l = list_pop_front(&c->waiting)) != NULL) {
            struct waiter *w = container_of(l, struct waiter, node);
            ask_free(w->ask);
            xfree(w);
        }
        release(d, c);
    }
    hmap_free(&d->convs);
}

void conv_stale_all(struct domain *d)
{
    HMAP_FOREACH(it, &d->convs) {
        container_of(it, struct conv, by_id)->stale = true;
    }
}

uint64_t conv_new_id(struct domain *d)
{
    uint64_t id;
    do
        id = ID_MAKE(d->cfg.node, d->cfg.worker, rng_u64(&d->rng));
    while ((id & 0xffffffffffffULL) == 0 || room_find(d, id));
    return id;
}

/* ---- members ---- */

static uint32_t place(const struct conv *c, uint64_t user)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (c->members[mid].user < user)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct conv_member *conv_member(const struct conv *c, uint64_t user)
{
    uint32_t at = place(c, user);
    return at < c->n && c->members[at].user == user ? &c->members[at] : NULL;
}

struct conv_member *conv_insider(const struct conv *c, uint64_t user)
{
    struct conv_member *m = conv_member(c, user);
    bool in = m && (m->state == CONV_OPEN || (c->kind == CONV_DIRECT && m->state != CONV_BANNED));
    return in ? m : NULL;
}

uint64_t conv_other(const struct conv *c, uint64_t user)
{
    return c->people[0] == user ? c->people[1] : c->people[0];
}

struct conv_member *conv_put_member(struct conv *c, uint64_t user)
{
    uint32_t at = place(c, user);
    if (at < c->n && c->members[at].user == user)
        return &c->members[at];
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 2;
        c->members = xrealloc_array(c->members, c->cap, sizeof *c->members);
    }
    memmove(c->members + at + 1, c->members + at, (c->n - at) * sizeof *c->members);
    c->n++;
    c->members[at] = (struct conv_member){.user = user};
    return &c->members[at];
}

void conv_drop_member(struct conv *c, uint64_t user)
{
    uint32_t at = place(c, user);
    if (at == c->n || c->members[at].user != user)
        return;
    c->n--;
    memmove(c->members + at, c->members + at + 1, (c->n - at) * sizeof *c->members);
}

/* ---- loading ---- */

static void call_then(struct domain *d, struct ask *ask, conv_then *then, struct conv *c,
                      enum db_status status)
{
    bool inside = ask->running; /* then who called `then` of the ask frees it */
    ask->running = true;
    if (c)
        c->refs++;
    then(d, ask, c, status);
    if (c)
        c->refs--;
    ask->running = inside;
    if (!inside && !ask->waits)
        ask_free(ask);
}

static void loaded(struct domain *d, struct conv *c)
{
    struct list waiting, *l;
    bool good = !c->missing && c->status == DB_OK;
    list_init(&waiting);
    list_splice_back(&waiting, &c->waiting);
    c->refs++;
    if (c->status == DB_OK)
        live_edited(d, c, true);
    while ((l = list_pop_front(&waiting)) != NULL) {
        struct waiter *w = container_of(l, struct waiter, node);
        w->ask->waits = false;
        call_then(d, w->ask, w->then, good ? c : NULL, c->status);
        xfree(w);
    }
    c->refs--;
    if (!good && c->refs == 0 && !c->loading)
        release(d, c);
    else if (!good)
        c->stale = true;
}

static void fill(struct conv *c, const struct val row[GET_COLS])
{
    c->kind = row[0].i == 0 ? CONV_DIRECT : CONV_ROOM;
    c->last_seq = row[1].i;
    c->flags = (uint8_t)row[2].i;
    c->retention_s = row[3].i;
    c->people[0] = val_id(&row[4]);
    c->people[1] = val_id(&row[5]);
    xfree(c->title);
    xfree(c->hash);
    c->title = str_dup(row[6].s);
    c->hash = row[7].s.n ? str_dup(str_head(row[7].s, PASSWORD_HASH_MAX)) : NULL;
}

static void fill_members(struct conv *c, struct str rows)
{
    struct db_rows it = db_rows_of(rows);
    struct val row[MEMBER_COLS];
    c->n = 0;
    while (db_rows_next(&it, row, MEMBER_COLS)) {
        struct conv_member *m = conv_put_member(c, val_id(&row[0]));
        m->role = (uint8_t)MIN_OF(MAX_OF(row[1].i, CONV_MEMBER), CONV_OWNER);
        m->state = (uint8_t)MIN_OF(MAX_OF(row[2].i, CONV_OPEN), CONV_BANNED);
        m->read = row[3].i;
        m->delivered = row[4].i;
    }
}

static void loaded_part(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_pinned(d, a->a);
    struct val row[GET_COLS];
    if (!c || !c->loading)
        return;
    if (answer->db->status != DB_OK)
        c->status = answer->db->status;
    else if (answer->db->proc == DB_CONV_MEMBERS)
        fill_members(c, answer->db->rows);
    else if (db_row(answer->db, row, GET_COLS))
        fill(c, row);
    else
        c->missing = true;
    if (--c->loading == 0)
        loaded(d, c);
}

static void load(struct domain *d, struct conv *c)
{
    static const enum db_proc parts[LOADS] = {DB_CONV_GET, DB_CONV_MEMBERS};
    c->loading = LOADS;
    c->stale = c->missing = false;
    c->status = DB_OK;
    for (int i = 0; i < LOADS; i++) {
        struct ask *a = ask_new(d, (struct asker){0}, loaded_part, NULL, 0);
        a->a = c->id;
        ASK_DB(d, a, parts[i], VAL_ID(c->id));
    }
}

static struct conv *conv_new(struct domain *d, uint64_t id)
{
    struct conv *c = xcalloc(1, sizeof *c);
    make_room(d);
    c->id = id;
    c->stale = true;
    list_init(&c->waiting);
    list_init(&c->live);
    list_push_back(&d->convs_used, &c->used);
    hmap_insert(&d->convs, &c->by_id, hash_u64(&d->hash_key, id));
    return c;
}

void conv_with(struct domain *d, uint64_t id, struct ask *ask, conv_then *then)
{
    struct conv *c = id ? conv_pinned(d, id) : NULL;
    if (id == 0) {
        call_then(d, ask, then, NULL, DB_OK);
        return;
    }
    if (!c)
        c = conv_new(d, id);
    list_del(&c->used);
    list_push_back(&d->convs_used, &c->used);
    if (!c->loading && !c->stale) {
        call_then(d, ask, then, c, DB_OK);
        return;
    }
    if (!c->loading)
        load(d, c);
    struct waiter *w = xmalloc(sizeof *w);
    *w = (struct waiter){.ask = ask, .then = then};
    list_push_back(&c->waiting, &w->node);
    ask->waits = true;
}

/* ---- asking for it ---- */

void conv_ask(struct domain *d, struct ask *a, struct conv *c, ask_then *then, enum db_proc proc,
              const struct val *args, unsigned n)
{
    c->refs++;
    a->then = then;
    ask_db(d, a, proc, args, n);
}

struct conv *conv_back(struct domain *d, struct ask *a)
{
    struct conv *c = conv_pinned(d, conv_call(a)->conv);
    if (c)
        c->refs--;
    return c;
}
