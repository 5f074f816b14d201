/* Who has shown a moment ago that it is them. What lets somebody in for good (a passkey, a token) wants more than an open
 * page: a password or a passkey that was used with this sign-in within the last ten minutes. It is kept in memory and by
 * the monotonic clock: after a restart one is asked again, and no clock that jumps makes ten minutes longer. */
#include "domain/account.h"

#include "base/mem.h"

#define RECENT_US  INT64_C(600000000)
#define RECENT_MAX 16384 /* one more, and the oldest is asked again */

struct confirmed {
    struct hnode node;
    struct list order; /* by time */
    uint64_t web_key;
    int64_t until;
    bool passkey;
};

void confirm_init(struct domain *d)
{
    hmap_init(&d->confirmed);
    list_init(&d->confirmed_order);
}

static void drop(struct domain *d, struct confirmed *c)
{
    hmap_remove(&d->confirmed, &c->node);
    list_del(&c->order);
    xfree(c);
}

void confirm_free(struct domain *d)
{
    LIST_FOREACH_SAFE(l, &d->confirmed_order) {
        drop(d, container_of(l, struct confirmed, order));
    }
    hmap_free(&d->confirmed);
}

static struct confirmed *find(const struct domain *d, uint64_t web_key)
{
    uint64_t hash = hash_u64(&d->hash_key, web_key);
    for (struct hnode *it = hmap_first(&d->confirmed, hash); it; it = hmap_next_same(it)) {
        struct confirmed *c = container_of(it, struct confirmed, node);
        if (c->web_key == web_key)
            return c;
    }
    return NULL;
}

void confirm_mark(struct domain *d, uint64_t web_key, bool passkey)
{
    struct confirmed *c = find(d, web_key);
    LIST_FOREACH_SAFE(l, &d->confirmed_order) {
        struct confirmed *old = container_of(l, struct confirmed, order);
        if (old->until > d->now && d->confirmed.n < RECENT_MAX)
            break;
        if (old != c)
            drop(d, old);
    }
    if (!c) {
        c = xcalloc(1, sizeof *c);
        c->web_key = web_key;
        list_init(&c->order);
        hmap_insert(&d->confirmed, &c->node, hash_u64(&d->hash_key, web_key));
    }
    c->passkey = passkey || (c->passkey && c->until > d->now);
    c->until = d->now + RECENT_US;
    list_del(&c->order);
    list_push_back(&d->confirmed_order, &c->order);
}

bool confirm_by_passkey(const struct domain *d, uint64_t web_key)
{
    const struct confirmed *c = find(d, web_key);
    return c && c->until > d->now && c->passkey;
}

bool confirm_recent(struct domain *d, struct session *s, int64_t id)
{
    const struct confirmed *c = find(d, s->web_key);
    if (c && c->until > d->now)
        return true;
    emit_error(d, s, id, CODE_CONFIRM_REQUIRED);
    return false;
}
