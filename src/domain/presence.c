/* Who is there: how each person is, across their devices, and when they were last seen. */
#include "domain/presence.h"

#include "base/mem.h"
#include "domain/account.h"

/* ---- how somebody is ---- */

bool presence_is_here(const struct user *u)
{
    return u->n_sessions > 0 || timer_is_set(&u->presence.fade);
}

static bool is_visible(const struct user *u)
{
    return presence_is_here(u) && u->mode != PRESENCE_MODE_INVISIBLE;
}

static bool all_idle(const struct user *u)
{
    LIST_FOREACH(l, &u->sessions) {
        if (!container_of(l, struct session, of_user)->idle)
            return false;
    }
    return u->n_sessions > 0 || u->presence.idle;
}

enum presence presence_of(const struct user *u)
{
    if (!is_visible(u))
        return PRESENCE_OFFLINE;
    if (u->mode == PRESENCE_MODE_DND)
        return PRESENCE_DND;
    if (call_user_talks(u))
        return PRESENCE_CALL;
    return all_idle(u) ? PRESENCE_AWAY : PRESENCE_ONLINE;
}

int64_t presence_last_seen(const struct domain *d, const struct user *u)
{
    return is_visible(u) ? d->wall : u->last_seen_ms;
}

void presence_seen_by(const struct domain *d, const struct user *me, uint64_t user,
                      const struct seen_row *row, struct presence_view *v)
{
    const struct user *u = user_find(d, user);
    bool mine = idset_has(&me->blocked, user);
    bool hidden = (row && row->hidden_since_ms) || (u && idset_has(&u->blocked, me->id));
    *v = (struct presence_view){.user = user};
    if (mine)
        return;
    if (u && !hidden)
        v->presence = presence_of(u);
    if (v->presence != PRESENCE_OFFLINE)
        return;
    if (d->presence.quiet)
        v->presence = PRESENCE_UNTOLD;
    uint32_t both = me->settings & (u ? u->settings : row ? row->settings : 0);
    if (!(both & USER_LAST_SEEN))
        return;
    v->last_seen_ms = u ? presence_last_seen(d, u) : row->last_seen_ms;
    /* For whom they blocked, time has stood still since. */
    if (hidden)
        v->last_seen_ms =
            row && row->hidden_since_ms ? MIN_OF(v->last_seen_ms, row->hidden_since_ms) : d->wall;
}

/* ---- coming and going ---- */

void presence_user_init(struct user *u)
{
    list_init(&u->presence.seen);
}

static void let_go(struct domain *d, struct user *u)
{
    u->presence.held = false;
    user_drop(d, u);
}

void presence_came(struct domain *d, struct user *u)
{
    struct presence_house *h = &d->presence;
    if (u->n_sessions == 1 && !timer_is_set(&u->presence.fade)) {
        if (!list_empty(&u->presence.seen)) { /* it was not written yet that they had left */
            list_del(&u->presence.seen);
            h->n_left--;
        }
        if (!u->presence.held)
            user_hold(u);
        u->presence.held = true;
        u->presence.written_at = d->now;
        list_push_back(&h->here, &u->presence.seen);
        h->n_here++;
    }
    heap_del(&h->fading, &u->presence.fade);
    presence_touch(d, u->id);
}

void presence_went(struct domain *d, struct user *u, const struct session *s)
{
    int64_t lost = s->conn ? d->now : s->lost_at;
    u->presence.gone_at = MAX_OF(u->presence.gone_at, lost);
    if (u->n_sessions == 0) {
        u->presence.idle = s->idle;
        heap_set(&d->presence.fading, &u->presence.fade,
                 MAX_OF(d->now, u->presence.gone_at + PRESENCE_GRACE_US));
    }
    presence_touch(d, u->id);
}

/* Nobody of theirs has come back. */
static void faded(struct domain *d, struct user *u)
{
    struct presence_house *h = &d->presence;
    list_del(&u->presence.seen);
    h->n_here--;
    presence_touch(d, u->id);
    if (u->mode == PRESENCE_MODE_INVISIBLE) {
        let_go(d, u);
        return;
    }
    u->last_seen_ms = d->wall - (d->now - u->presence.gone_at) / 1000;
    u->presence.written_at = d->now;
    list_push_back(&h->left, &u->presence.seen);
    h->n_left++;
}

void presence_signed_out(struct domain *d, struct user *u)
{
    if (timer_is_set(&u->presence.fade))
        heap_set(&d->presence.fading, &u->presence.fade, d->now);
}

void presence_drop(struct domain *d, struct user *u)
{
    if (!u->presence.held || u->n_sessions > 0)
        return;
    if (timer_is_set(&u->presence.fade))
        d->presence.n_here--;
    else
        d->presence.n_left--;
    heap_del(&d->presence.fading, &u->presence.fade);
    list_del(&u->presence.seen);
    presence_touch(d, u->id);
    let_go(d, u);
}

void presence_user_talks(struct domain *d, struct user *u)
{
    presence_touch(d, u->id);
}

/* ---- when they were last seen, for the database ---- */

static void put_seen(struct buf *b, uint64_t id, int64_t ms)
{
    buf_putf(b, "%s[%lld,%lld]", buf_len(b) > 1 ? "," : "", (long long)id, (long long)ms);
}

/* Those who stay for long: so that not all is lost when the server ends without a word. all: it ends now. */
static unsigned put_those_here(struct domain *d, struct buf *b, unsigned n, bool all)
{
    struct list *l;
    while (n < SEEN_MAX && (l = list_first(&d->presence.here)) != NULL) {
        struct user *u = container_of(l, struct user, presence.seen);
        if (all ? u->presence.written_at == d->now
                : u->presence.written_at + SEEN_AGAIN_US > d->now)
            break;
        list_del(l);
        list_push_back(&d->presence.here, l);
        u->presence.written_at = d->now;
        if (u->mode == PRESENCE_MODE_INVISIBLE)
            continue;
        put_seen(b, u->id, d->wall);
        n++;
    }
    return n;
}

/* Not before their watchers were told, for which they have to be in memory. */
static unsigned put_those_left(struct domain *d, struct buf *b, bool all)
{
    struct presence_house *h = &d->presence;
    unsigned n = 0;
    struct list *l;
    while (n < SEEN_MAX && (l = list_first(&h->left)) != NULL) {
        struct user *u = container_of(l, struct user, presence.seen);
        if (!all && u->presence.written_at + SEEN_SOON_US > d->now)
            break;
        list_del(l);
        h->n_left--;
        put_seen(b, u->id, u->last_seen_ms);
        n++;
        let_go(d, u);
    }
    return n;
}

/* When they are written: soon if they are many. */
static int64_t seen_deadline(const struct domain *d)
{
    const struct presence_house *h = &d->presence;
    const struct list *left = list_first(&h->left), *here = list_first(&h->here);
    int64_t at = INT64_MAX;
    if (left)
        at = container_of(left, struct user, presence.seen)->presence.written_at +
             (h->n_left >= SEEN_MAX ? SEEN_SOON_US : SEEN_EVERY_US);
    if (here)
        at = MIN_OF(at, container_of(here, struct user, presence.seen)->presence.written_at +
                            SEEN_AGAIN_US);
    return at;
}

/* One group. Whether there was anybody. */
static bool write_group(struct domain *d, bool all)
{
    struct buf b;
    buf_init(&b, SEEN_MAX * 64);
    buf_puts(&b, "[");
    unsigned n = put_those_left(d, &b, all);
    n = put_those_here(d, &b, n, all);
    buf_puts(&b, "]");
    if (n)
        ASK_AND_FORGET(d, DB_USERS_SEEN, VAL_T(buf_str(&b)));
    buf_free(&b);
    return n > 0;
}

static void write_seen(struct domain *d)
{
    if (seen_deadline(d) <= d->now)
        write_group(d, false);
}

void presence_drain(struct domain *d)
{
    while (write_group(d, true))
        continue;
    LIST_FOREACH(l, &d->presence.here) {
        struct user *u = container_of(l, struct user, presence.seen);
        LIST_FOREACH(k, &u->sessions) {
            user_session_used(d, container_of(k, struct session, of_user));
        }
    }
}

/* ---- time ---- */

void presence_init(struct domain *d)
{
    struct presence_house *h = &d->presence;
    heap_init(&h->fading);
    list_init(&h->here);
    list_init(&h->left);
    hmap_init(&h->watched);
    list_init(&h->changed);
    list_init(&h->dirty);
    h->told_at = INT64_MIN / 2;
}

void presence_start(struct domain *d)
{
    d->presence.quiet = true;
    d->presence.quiet_until = d->now + PRESENCE_QUIET_US;
}

void presence_free(struct domain *d)
{
    heap_free(&d->presence.fading);
    hmap_free(&d->presence.watched);
}

void presence_tick(struct domain *d)
{
    struct presence_house *h = &d->presence;
    struct timer *t;
    while ((t = heap_pop_due(&h->fading, d->now)) != NULL)
        faded(d, container_of(t, struct user, presence.fade));
    if (h->quiet && h->quiet_until <= d->now) {
        h->quiet = false;
        watch_touch_all(d);
    }
    write_seen(d);
    watch_tick(d);
}

int64_t presence_deadline(const struct domain *d)
{
    const struct presence_house *h = &d->presence;
    int64_t at = MIN_OF(heap_next_at(&h->fading), seen_deadline(d));
    if (h->quiet)
        at = MIN_OF(at, h->quiet_until);
    return MIN_OF(at, watch_deadline(d));
}

/* ---- requests ---- */

void presence_idle(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (s->idle == cmd->u.people.on)
        return;
    s->idle = cmd->u.people.on;
    presence_touch(d, s->user->id);
}

static void mode_kept(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *u = user_find(d, a->a);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (u) {
        if (a->b == PRESENCE_MODE_INVISIBLE && is_visible(u)) {
            u->last_seen_ms = d->wall;
            char seen[64];
            snprintf(seen, sizeof seen, "[[%lld,%lld]]", (long long)u->id, (long long)d->wall);
            ASK_AND_FORGET(d, DB_USERS_SEEN, VAL_T(str_from(seen)));
        }
        u->mode = (uint8_t)a->b;
        presence_touch(d, u->id);
        account_tell(d, u->id);
    }
    reply_ok(d, &a->who);
}

void presence_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct user *u = s->user;
    struct ask *a = ask_new(d, asker_of(cmd), mode_kept, NULL, 0);
    a->a = u->id;
    a->b = (uint64_t)cmd->u.people.mode;
    ASK_DB(d, a, DB_USER_SET_PRESENCE, VAL_ID(u->id), VAL_I(cmd->u.people.mode));
}
