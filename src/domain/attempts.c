#include "domain/attempts.h"

#include "base/mem.h"
#include "base/util.h"

#define COUNTS_MAX 65536
#define SECOND     INT64_C(1000000)
#define FORGET     (3600 * SECOND)

enum kind { KIND_PAIR, KIND_ADDRESS, KIND_NAME, KINDS };

/* `free` failures cost nothing; each one more doubles the wait from `first` up to `most`. */
static const struct {
    uint32_t free;
    int64_t first;
    int64_t most;
} rules[KINDS] = {
    [KIND_PAIR] = {5, SECOND, 300 * SECOND},
    [KIND_ADDRESS] = {30, SECOND, 300 * SECOND},
    [KIND_NAME] = {50, 2 * SECOND, 60 * SECOND},
};

struct count {
    struct hnode node;
    struct list order;
    enum kind kind;
    uint64_t addr;
    uint64_t name;
    uint32_t failures;
    int64_t last;
};

void attempts_init(struct attempts *a, const struct hash_key *key)
{
    hmap_init(&a->counts);
    list_init(&a->order);
    a->key = *key;
}

static void drop(struct attempts *a, struct count *c)
{
    hmap_remove(&a->counts, &c->node);
    list_del(&c->order);
    xfree(c);
}

void attempts_free(struct attempts *a)
{
    struct list *l;
    while ((l = list_first(&a->order)) != NULL)
        drop(a, container_of(l, struct count, order));
    hmap_free(&a->counts);
}

static void forget_old(struct attempts *a, int64_t now)
{
    struct list *l;
    while ((l = list_first(&a->order)) != NULL) {
        struct count *c = container_of(l, struct count, order);
        if (c->last + FORGET > now && a->counts.n < COUNTS_MAX)
            return;
        drop(a, c);
    }
}

/* What is counted of who in this kind; false: nothing. */
static bool key_of(const struct attempts *a, enum kind kind, const struct attempt *who,
                   struct count *key)
{
    key->kind = kind;
    key->addr = kind == KIND_NAME ? 0 : who->addr;
    key->name = kind == KIND_ADDRESS ? 0 : hash_str(&a->key, who->name);
    return kind == KIND_NAME || who->addr != 0;
}

static struct count *find(struct attempts *a, enum kind kind, const struct attempt *who, bool make)
{
    struct count key, *c;
    if (!key_of(a, kind, who, &key))
        return NULL;
    uint64_t parts[3] = {(uint64_t)kind, key.addr, key.name};
    uint64_t hash = siphash24(&a->key, parts, sizeof parts);
    for (struct hnode *it = hmap_first(&a->counts, hash); it; it = hmap_next_same(it)) {
        c = container_of(it, struct count, node);
        if (c->kind == kind && c->addr == key.addr && c->name == key.name)
            return c;
    }
    if (!make)
        return NULL;
    c = xcalloc(1, sizeof *c);
    c->kind = kind;
    c->addr = key.addr;
    c->name = key.name;
    list_init(&c->order);
    hmap_insert(&a->counts, &c->node, hash);
    return c;
}

static int64_t wait_of(const struct count *c, int64_t now)
{
    if (!c || c->failures < rules[c->kind].free || c->last + FORGET <= now)
        return 0;
    unsigned more = MIN_OF(c->failures - rules[c->kind].free, 30u);
    int64_t wait = rules[c->kind].first << more;
    return MAX_OF(c->last + MIN_OF(wait, rules[c->kind].most) - now, 0);
}

int64_t attempts_wait(struct attempts *a, int64_t now_us, const struct attempt *who, bool known)
{
    int64_t wait = wait_of(find(a, KIND_PAIR, who, false), now_us);
    if (!known) {
        wait = MAX_OF(wait, wait_of(find(a, KIND_ADDRESS, who, false), now_us));
        wait = MAX_OF(wait, wait_of(find(a, KIND_NAME, who, false), now_us));
    }
    return (wait + 999) / 1000;
}

void attempts_begin(struct attempts *a, int64_t now_us, const struct attempt *who)
{
    forget_old(a, now_us);
    for (int kind = 0; kind < KINDS; kind++) {
        struct count *c = find(a, (enum kind)kind, who, true);
        if (!c)
            continue;
        if (c->last + FORGET <= now_us)
            c->failures = 0;
        c->failures++;
        c->last = now_us;
        list_del(&c->order);
        list_push_back(&a->order, &c->order);
    }
}

static void take_back(struct attempts *a, const struct attempt *who, bool pair)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct count *c = find(a, (enum kind)kind, who, false);
        if (!c)
            continue;
        c->failures -= c->failures > 0;
        if (c->failures == 0 || (pair && kind == KIND_PAIR))
            drop(a, c);
    }
}

void attempts_good(struct attempts *a, const struct attempt *who)
{
    take_back(a, who, true);
}

void attempts_undo(struct attempts *a, const struct attempt *who)
{
    take_back(a, who, false);
}
