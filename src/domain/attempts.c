#include "domain/attempts.h"

#include "base/mem.h"
#include "base/util.h"

#define COUNTS_MAX 65536
#define SECOND     INT64_C(1000000)
#define FORGET     (3600 * SECOND)

/* Of one name; fewer are forgiven by a restart: half of what is free. */
#define KEEP_FROM 25
#define KEEP_MOST 1000000

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
    bool kept;
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

static struct count *find_key(struct attempts *a, const struct count *key, bool make)
{
    struct count *c;
    uint64_t parts[3] = {(uint64_t)key->kind, key->addr, key->name};
    uint64_t hash = siphash24(&a->key, parts, sizeof parts);
    for (struct hnode *it = hmap_first(&a->counts, hash); it; it = hmap_next_same(it)) {
        c = container_of(it, struct count, node);
        if (c->kind == key->kind && c->addr == key->addr && c->name == key->name)
            return c;
    }
    if (!make)
        return NULL;
    c = xcalloc(1, sizeof *c);
    c->kind = key->kind;
    c->addr = key->addr;
    c->name = key->name;
    list_init(&c->order);
    hmap_insert(&a->counts, &c->node, hash);
    return c;
}

static struct count *find(struct attempts *a, enum kind kind, const struct attempt *who, bool make)
{
    struct count key;
    return key_of(a, kind, who, &key) ? find_key(a, &key, make) : NULL;
}

static bool is_kept(const struct count *c)
{
    return c->kept && c->failures >= KEEP_FROM;
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
        c->kept = kind == KIND_NAME && who->kept;
        a->changed |= is_kept(c);
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
        a->changed |= is_kept(c);
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

size_t attempts_save(struct attempts *a, int64_t now_us, struct attempt_kept *out, size_t max)
{
    size_t n = 0;
    for (struct list *l = a->order.prev; l != &a->order && n < max; l = l->prev) {
        const struct count *c = container_of(l, struct count, order);
        if (c->last + FORGET <= now_us)
            break;
        if (is_kept(c))
            out[n++] = (struct attempt_kept){c->name, c->failures, now_us - c->last};
    }
    a->changed = false;
    return n;
}

void attempts_load(struct attempts *a, int64_t now_us, const struct attempt_kept *kept)
{
    const struct count key = {.kind = KIND_NAME, .name = kept->name};
    if (kept->ago_us >= FORGET || a->counts.n >= COUNTS_MAX)
        return;
    struct count *c = find_key(a, &key, true);
    if (c->failures == 0) { /* behind those of this run */
        c->last = now_us - MAX_OF(kept->ago_us, 0);
        list_push_front(&a->order, &c->order);
    }
    c->failures += MIN_OF(kept->failures, KEEP_MOST);
    c->kept = true;
}
