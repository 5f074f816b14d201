/* Loaded users: made from the database, kept while somebody needs them. */
#include "domain/user.h"

#include "base/mem.h"
#include "domain/domain_int.h"

enum { USER_COLS = 11, LOADS = 3 };

/* Somebody who asked for a user that is still being loaded. */
struct waiter {
    struct list node;
    struct ask *ask;
    user_then *then;
};

struct user *user_find(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->users, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct user *u = container_of(it, struct user, by_id);
        if (u->id == id)
            return u->loading ? NULL : u;
    }
    return NULL;
}

static struct user *find_any(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->users, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct user *u = container_of(it, struct user, by_id);
        if (u->id == id)
            return u;
    }
    return NULL;
}

static void user_release(struct domain *d, struct user *u)
{
    hmap_remove(&d->users, &u->by_id);
    xfree(u->name);
    xfree(u->display);
    idset_free(&u->blocked);
    idset_free(&u->favourites);
    xfree(u);
}

struct user *user_hold(struct user *u)
{
    u->refs++;
    return u;
}

void user_drop(struct domain *d, struct user *u)
{
    if (u && --u->refs == 0)
        user_release(d, u);
}

/* ---- loading ---- */

static void take_text(char **to, uint16_t *n, struct str text)
{
    text = str_head(text, UINT16_MAX);
    xfree(*to);
    *to = str_dup(text);
    *n = (uint16_t)text.n;
}

/* What USER_GET says of u. False: nobody may see them. */
static bool user_fill(struct user *u, const struct val row[USER_COLS])
{
    if (row[4].i & (USER_DISABLED | USER_DELETED))
        return false;
    take_text(&u->name, &u->name_n, row[1].s);
    take_text(&u->display, &u->display_n, row[2].s);
    u->role = (uint8_t)row[3].i;
    u->flags = (uint8_t)row[4].i;
    u->settings = (uint32_t)row[5].i;
    u->mode = (uint8_t)row[6].i;
    u->avatar = row[7].i;
    u->korean = str_eq(row[8].s, STR("ko"));
    u->created_ms = row[9].i;
    u->last_seen_ms = MAX_OF(u->last_seen_ms, row[10].i); /* theirs may not be written yet */
    return true;
}

static void call_then(struct domain *d, struct ask *ask, user_then *then, struct user *u,
                      enum db_status status)
{
    bool inside = ask->running; /* then who called `then` of the ask frees it */
    ask->running = true;
    then(d, ask, u, status);
    ask->running = inside;
    if (!inside && !ask->waits)
        ask_free(ask);
}

static void user_loaded(struct domain *d, struct user *u)
{
    struct list waiting, *l;
    bool good = !u->missing && u->status == DB_OK;
    list_init(&waiting);
    list_splice_back(&waiting, &u->waiting);
    while ((l = list_pop_front(&waiting)) != NULL) {
        struct waiter *w = container_of(l, struct waiter, node);
        w->ask->waits = false;
        call_then(d, w->ask, w->then, good ? u : NULL, u->status);
        xfree(w);
    }
    user_drop(d, u);
}

static void loaded_part(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *u = find_any(d, a->a);
    struct val row[USER_COLS];
    struct db_rows it = db_rows_of(answer->db->rows);
    if (!u || !u->loading)
        return;
    if (answer->db->status != DB_OK)
        u->status = answer->db->status;
    else if (answer->db->proc == DB_USER_GET)
        u->missing = !db_row(answer->db, row, USER_COLS) || !user_fill(u, row);
    else
        while (db_rows_next(&it, row, 1))
            idset_add(answer->db->proc == DB_BLOCKS ? &u->blocked : &u->favourites,
                      val_id(&row[0]));
    if (--u->loading == 0)
        user_loaded(d, u);
}

static struct user *user_load(struct domain *d, uint64_t id)
{
    static const enum db_proc parts[LOADS] = {DB_USER_GET, DB_BLOCKS, DB_FAVOURITES};
    struct user *u = xcalloc(1, sizeof *u);
    u->id = id;
    u->refs = 1; /* until it is loaded */
    u->loading = LOADS;
    list_init(&u->waiting);
    list_init(&u->sessions);
    presence_user_init(u);
    hmap_insert(&d->users, &u->by_id, hash_u64(&d->hash_key, id));
    for (int i = 0; i < LOADS; i++) {
        struct ask *a = ask_new(d, (struct asker){0}, loaded_part, NULL, 0);
        a->a = id;
        ASK_DB(d, a, parts[i], VAL_ID(id));
    }
    return u;
}

void user_with(struct domain *d, uint64_t id, struct ask *ask, user_then *then)
{
    struct user *u = id ? find_any(d, id) : NULL;
    if (id == 0) {
        call_then(d, ask, then, NULL, DB_OK);
        return;
    }
    if (u && !u->loading) {
        user_hold(u);
        call_then(d, ask, then, u, DB_OK);
        user_drop(d, u);
        return;
    }
    if (!u)
        u = user_load(d, id);
    struct waiter *w = xmalloc(sizeof *w);
    *w = (struct waiter){.ask = ask, .then = then};
    list_push_back(&u->waiting, &w->node);
    ask->waits = true;
}

static void loaded_again(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *u = user_find(d, a->a);
    struct val row[USER_COLS];
    if (!u || answer->db->status != DB_OK)
        return;
    user_hold(u);
    char *display = str_dup(user_display(u));
    int64_t avatar = u->avatar;
    if (!db_row(answer->db, row, USER_COLS) || !user_fill(u, row))
        user_gone(d, u);
    else if (avatar != u->avatar || !str_eq(user_display(u), str_from(display)))
        presence_user_changed(d, u);
    else
        presence_touch(d, u->id);
    xfree(display);
    user_drop(d, u);
}

static void sessions_again(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *u = user_find(d, a->a);
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val key[1];
    struct idset good = {0};
    if (!u || answer->db->status != DB_OK)
        return;
    while (db_rows_next(&it, key, 1))
        idset_add(&good, val_id(&key[0]));
    user_hold(u);
    LIST_FOREACH_SAFE(l, &u->sessions) {
        struct session *s = container_of(l, struct session, of_user);
        if (s->web_key && !idset_has(&good, s->web_key))
            session_event(d, s, SEV_SIGNED_OUT, &(struct cmd){0});
    }
    user_drop(d, u);
    idset_free(&good);
}

void user_check_sign_ins(struct domain *d, struct user *u)
{
    struct ask *a = ask_new(d, (struct asker){0}, sessions_again, NULL, 0);
    a->a = u->id;
    ASK_DB(d, a, DB_WEB_SESSION_KEYS, VAL_ID(u->id));
}

void user_reload_all(struct domain *d)
{
    HMAP_FOREACH(it, &d->users) {
        struct user *u = container_of(it, struct user, by_id);
        if (u->loading)
            continue;
        struct ask *a = ask_new(d, (struct asker){0}, loaded_again, NULL, 0);
        a->a = u->id;
        ASK_DB(d, a, DB_USER_GET, VAL_ID(u->id));
        user_check_sign_ins(d, u);
    }
}

void user_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->users) {
        struct user *u = container_of(it, struct user, by_id);
        struct list *l;
        while ((l = list_pop_front(&u->waiting)) != NULL) {
            struct waiter *w = container_of(l, struct waiter, node);
            ask_free(w->ask);
            xfree(w);
        }
        user_release(d, u);
    }
    hmap_free(&d->users);
}

/* ---- sessions ---- */

void user_attach(struct domain *d, struct user *u, struct session *s)
{
    call_boot(d);
    conv_boot(d);
    s->user = user_hold(u);
    list_push_back(&u->sessions, &s->of_user);
    u->n_sessions++;
    presence_came(d, u);
}

void user_session_used(struct domain *d, const struct session *s)
{
    if (s->web_key && !s->scopes)
        ASK_AND_FORGET(d, DB_WEB_SESSION_LEFT, VAL_ID(s->web_key), VAL_I(d->steady),
                       VAL_I(d->steady + d->cfg.sign_in_ms));
}

void user_detach(struct domain *d, struct session *s)
{
    struct user *u = s->user;
    if (!u)
        return;
    list_del(&s->of_user);
    user_session_used(d, s);
    s->user = NULL;
    u->n_sessions--;
    presence_went(d, u, s);
    user_drop(d, u);
}

void user_end_sessions(struct domain *d, struct user *u, uint64_t only, uint64_t except)
{
    user_hold(u);
    LIST_FOREACH_SAFE(l, &u->sessions) {
        struct session *s = container_of(l, struct session, of_user);
        if ((!only || s->web_key == only) && (!except || s->web_key != except))
            session_event(d, s, SEV_SIGNED_OUT, &(struct cmd){0});
    }
    presence_signed_out(d, u);
    user_drop(d, u);
}

void user_gone(struct domain *d, struct user *u)
{
    user_hold(u);
    user_end_sessions(d, u, 0, 0);
    presence_drop(d, u);
    user_drop(d, u);
}

void user_tell(struct domain *d, const struct user *u, const struct event *e,
               const struct session *except)
{
    struct session_ref *to = scratch_refs(d, u->n_sessions);
    size_t n = 0;
    LIST_FOREACH(l, &u->sessions) {
        const struct session *s = container_of(l, struct session, of_user);
        if (s != except && s->state != SESSION_NEW && scope_allows_event(s, e->type))
            to[n++] = session_ref(s);
    }
    emit_list(d, to, n, e);
}

bool user_blocks(const struct user *a, const struct user *b)
{
    return idset_has(&a->blocked, b->id) || idset_has(&b->blocked, a->id);
}

void user_set_display(struct user *u, struct str display)
{
    take_text(&u->display, &u->display_n, display);
}
