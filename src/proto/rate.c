#include "proto/rate.h"

#include "base/mem.h"

enum { WAYS = 4 }; /* places that a name may have in the table */

/* What is in it in microseconds (one costs conf.every_us), as of the time `at`. Nobody's has who 0. */
struct bucket {
    uint64_t who;
    int64_t at_us, saved_us;
};

struct rate {
    struct rate_conf conf;
    unsigned mask;
    struct bucket *table;
};

struct rate *rate_new(const struct rate_conf *conf)
{
    struct rate *r = xcalloc(1, sizeof *r);
    unsigned n = WAYS;
    r->conf = *conf;
    while (n < conf->table && n < 1u << 24)
        n *= 2;
    r->mask = n - 1;
    r->table = xcalloc(n, sizeof *r->table);
    return r;
}

void rate_free(struct rate *r)
{
    if (r == NULL)
        return;
    xfree(r->table);
    xfree(r);
}

void rate_reset(struct rate *r)
{
    memset(r->table, 0, ((size_t)r->mask + 1) * sizeof *r->table);
}

int64_t rate_full_us(const struct rate *r)
{
    return (int64_t)r->conf.burst * r->conf.every_us;
}

static int64_t saved_at(const struct rate *r, const struct bucket *b, int64_t now_us)
{
    int64_t cap = rate_full_us(r), gone = now_us - b->at_us;
    if (b->who == 0)
        return cap;
    if (gone < 0)
        gone = 0;
    return gone < cap - b->saved_us ? b->saved_us + gone : cap;
}

/* Its own, or the one that is fullest among those it may take; nobody's counts as fuller. */
static struct bucket *bucket_of(const struct rate *r, uint64_t who, int64_t now_us)
{
    struct bucket *first = &r->table[(unsigned)who & r->mask & ~(unsigned)(WAYS - 1)],
                  *best = first;
    int64_t most = -1;
    for (struct bucket *b = first; b < first + WAYS; b++) {
        if (b->who == who)
            return b;
        int64_t t = b->who == 0 ? INT64_MAX : saved_at(r, b, now_us);
        if (t > most) {
            most = t;
            best = b;
        }
    }
    return best;
}

bool rate_has(const struct rate *r, int64_t now_us, uint64_t who)
{
    return saved_at(r, bucket_of(r, who, now_us), now_us) >= r->conf.every_us;
}

bool rate_take(struct rate *r, int64_t now_us, uint64_t who)
{
    struct bucket *b = bucket_of(r, who, now_us);
    int64_t t = saved_at(r, b, now_us);
    bool has = t >= r->conf.every_us;
    *b = (struct bucket){who, now_us, has ? t - r->conf.every_us : t};
    return has;
}

uint64_t rate_of_addr(const struct hash_key *key, const struct addr *a)
{
    struct addr who = addr_limit_key(a);
    uint64_t h = addr_hash(key, &who);
    return h != 0 ? h : 1;
}
