#include "io/census.h"

#include <pthread.h>

#include "base/crypto.h"
#include "base/hmap.h"
#include "base/mem.h"

struct entry {
    struct hnode node;
    struct addr who; /* as addr_limit_key() */
    unsigned n;
};

struct census {
    pthread_mutex_t lock;
    struct hmap entries; /* at most max_total of them */
    struct hash_key key;
    unsigned total, max_total, max_per_addr;
};

struct census *census_new(unsigned max_total, unsigned max_per_addr)
{
    struct census *c = xcalloc(1, sizeof(*c));
    pthread_mutex_init(&c->lock, NULL);
    hmap_init(&c->entries);
    random_bytes(&c->key, sizeof(c->key));
    c->max_total = max_total;
    c->max_per_addr = max_per_addr != 0 ? max_per_addr : max_total;
    return c;
}

void census_free(struct census *c)
{
    if (c == NULL)
        return;
    HMAP_FOREACH_SAFE(it, &c->entries) {
        struct entry *e = container_of(it, struct entry, node);
        hmap_remove(&c->entries, it);
        xfree(e);
    }
    hmap_free(&c->entries);
    pthread_mutex_destroy(&c->lock);
    xfree(c);
}

static struct entry *find(struct census *c, const struct addr *who)
{
    struct hnode *it = hmap_first(&c->entries, addr_hash(&c->key, who));
    for (; it != NULL; it = hmap_next_same(it)) {
        struct entry *e = container_of(it, struct entry, node);
        if (addr_eq(&e->who, who))
            return e;
    }
    return NULL;
}

static enum census_answer enter(struct census *c, const struct addr *who)
{
    if (c->total >= c->max_total)
        return CENSUS_TOTAL;
    struct entry *e = find(c, who);
    if (e != NULL && e->n >= c->max_per_addr)
        return CENSUS_ADDR;
    if (e == NULL) {
        e = xcalloc(1, sizeof(*e));
        e->who = *who;
        hmap_insert(&c->entries, &e->node, addr_hash(&c->key, who));
    }
    e->n++;
    c->total++;
    return CENSUS_OK;
}

enum census_answer census_enter(struct census *c, const struct addr *a)
{
    struct addr who = addr_limit_key(a);
    pthread_mutex_lock(&c->lock);
    enum census_answer answer = enter(c, &who);
    pthread_mutex_unlock(&c->lock);
    return answer;
}

void census_leave(struct census *c, const struct addr *a)
{
    struct addr who = addr_limit_key(a);
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, &who);
    if (e != NULL) {
        c->total--;
        if (--e->n == 0) {
            hmap_remove(&c->entries, &e->node);
            xfree(e);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

unsigned census_total(struct census *c)
{
    pthread_mutex_lock(&c->lock);
    unsigned n = c->total;
    pthread_mutex_unlock(&c->lock);
    return n;
}

unsigned census_of(struct census *c, const struct addr *a)
{
    struct addr who = addr_limit_key(a);
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, &who);
    unsigned n = e != NULL ? e->n : 0;
    pthread_mutex_unlock(&c->lock);
    return n;
}
