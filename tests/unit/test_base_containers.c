/* list, hmap, heap, pool: each against a naive model */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/heap.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"

static const uint8_t seed[32] = "containers";

struct item {
    struct list node;
    struct hnode hnode;
    struct timer timer;
    uint64_t key;
    bool in;
    bool seen;
};

static void test_list(void **state)
{
    (void)state;
    struct list head, other;
    struct item it[5];
    list_init(&head);
    list_init(&other);
    assert_true(list_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_last(&head));
    assert_null(list_pop_front(&head));
    for (int i = 0; i < 5; i++) {
        it[i].key = (uint64_t)i;
        list_init(&it[i].node);
        list_push_back(&head, &it[i].node);
    }
    list_del(&it[2].node);
    list_del(&it[2].node); /* harmless */
    list_push_front(&head, &it[2].node);
    static const uint64_t want[] = {2, 0, 1, 3, 4};
    int at = 0;
    LIST_FOREACH(n, &head)
        assert_int_equal(container_of(n, struct item, node)->key, want[at++]);
    assert_int_equal(at, 5);
    LIST_FOREACH_SAFE(n, &head)
        if (container_of(n, struct item, node)->key % 2) {
            list_del(n);
            list_push_back(&other, n);
        }
    assert_ptr_equal(list_last(&head), &it[4].node);
    list_splice_back(&other, &head);
    list_splice_back(&other, &head); /* of an empty list */
    assert_true(list_empty(&head));
    static const uint64_t joined[] = {1, 3, 2, 0, 4};
    for (int i = 0; i < 5; i++)
        assert_int_equal(container_of(list_pop_front(&other), struct item, node)->key, joined[i]);
    assert_true(list_empty(&other));
}

enum { ITEMS = 3000 };

static struct item *lookup(const struct hmap *m, uint64_t key, uint64_t hash)
{
    for (struct hnode *n = hmap_first(m, hash); n; n = hmap_next_same(n)) {
        struct item *it = container_of(n, struct item, hnode);
        assert_int_equal(n->hash, hash);
        if (it->key == key)
            return it;
    }
    return NULL;
}

/* Few distinct hashes, so that equal ones are common. */
static uint64_t poor_hash(uint64_t key)
{
    return key / 3 * 1024;
}

static void check_all(struct hmap *m, struct item *items, size_t n)
{
    size_t seen = 0;
    assert_int_equal(m->n, n);
    for (int i = 0; i < ITEMS; i++) {
        items[i].seen = false;
        assert_ptr_equal(lookup(m, items[i].key, poor_hash(items[i].key)),
                         items[i].in ? &items[i] : NULL);
    }
    HMAP_FOREACH(it, m) {
        struct item *item = container_of(it, struct item, hnode);
        assert_true(item->in && !item->seen);
        item->seen = true;
        seen++;
    }
    assert_int_equal(seen, n);
}

static void test_hmap_against_model(void **state)
{
    (void)state;
    struct rng rng;
    struct hmap m;
    size_t n = 0;
    struct item *items = xcalloc(ITEMS, sizeof *items);
    rng_init(&rng, seed);
    hmap_init(&m);
    for (uint64_t i = 0; i < ITEMS; i++)
        items[i].key = i;
    assert_null(hmap_begin(&m));
    assert_null(hmap_first(&m, 7));
    for (int round = 0; round < 40; round++) {
        bool filling = round % 4 < 2;
        for (int i = 0; i < 2000; i++) {
            struct item *it = &items[rng_below(&rng, ITEMS)];
            if (!it->in && (filling || rng_below(&rng, 10) == 0)) {
                hmap_insert(&m, &it->hnode, poor_hash(it->key));
                it->in = true;
                n++;
            } else if (it->in && (!filling || rng_below(&rng, 10) == 0)) {
                hmap_remove(&m, &it->hnode);
                it->in = false;
                n--;
            }
        }
        if (round % 7 == 0)
            hmap_shrink(&m);
        check_all(&m, items, n);
        assert_true(m.n_slots <= 8 || m.n_slots < 16 * (n + 1));
    }
    hmap_free(&m);
    xfree(items);
}

static void test_hmap_removal_while_iterating(void **state)
{
    (void)state;
    struct hmap m = {0};
    struct item *items = xcalloc(ITEMS, sizeof *items);
    for (uint64_t i = 0; i < ITEMS; i++) {
        items[i].key = i;
        hmap_insert(&m, &items[i].hnode, poor_hash(i));
    }
    size_t visited = 0;
    HMAP_FOREACH_SAFE(it, &m) {
        visited++;
        if (container_of(it, struct item, hnode)->key % 5)
            hmap_remove(&m, it);
    }
    assert_int_equal(visited, ITEMS);
    assert_int_equal(m.n, ITEMS / 5);
    HMAP_FOREACH_SAFE(it, &m)
        hmap_remove(&m, it);
    assert_int_equal(m.n, 0);
    hmap_shrink(&m);
    assert_int_equal(m.n_slots, 0);
    assert_null(m.slots);
    xfree(items);
}

static void test_hmap_gives_memory_back(void **state)
{
    (void)state;
    struct hmap m = {0};
    struct item *items = xcalloc(ITEMS, sizeof *items);
    for (uint64_t i = 0; i < ITEMS; i++)
        hmap_insert(&m, &items[i].hnode, i);
    size_t big = m.n_slots;
    assert_true(big >= ITEMS);
    for (int i = 1; i < ITEMS; i++)
        hmap_remove(&m, &items[i].hnode);
    hmap_remove(&m, &items[1].hnode); /* not in it: harmless */
    hmap_insert(&m, &items[1].hnode, 1);
    assert_true(m.n_slots < big / 8);
    hmap_free(&m);
    xfree(items);
}

/* The order in which a naive search would take timers out: by time; equal times in any order. */
static void test_heap_against_model(void **state)
{
    (void)state;
    struct rng rng;
    struct heap h;
    static struct item items[500];
    size_t n = 0;
    rng_init(&rng, seed);
    heap_init(&h);
    assert_true(heap_next_at(&h) == INT64_MAX);
    for (int i = 0; i < 60000; i++) {
        struct item *it = &items[rng_below(&rng, ARRAY_LEN(items))];
        struct timer *due;
        int64_t least = INT64_MAX, now;
        switch (rng_below(&rng, 5)) {
        case 0:
            heap_del(&h, &it->timer);
            n -= it->in;
            it->in = false;
            break;
        case 1:
            for (size_t k = 0; k < ARRAY_LEN(items); k++)
                if (items[k].in && items[k].timer.at < least)
                    least = items[k].timer.at;
            assert_true(heap_next_at(&h) == least);
            now = (int64_t)rng_below(&rng, 1000) - 500;
            due = heap_pop_due(&h, now);
            assert_true((due != NULL) == (n > 0 && least <= now));
            if (due) {
                assert_true(due->at == least && !timer_is_set(due));
                container_of(due, struct item, timer)->in = false;
                n--;
            }
            break;
        default:
            heap_set(&h, &it->timer, (int64_t)rng_below(&rng, 1000) - 500);
            n += !it->in;
            it->in = true;
        }
        assert_int_equal(h.n, n);
        assert_int_equal(timer_is_set(&it->timer), it->in);
    }
    int64_t last = INT64_MIN;
    for (struct timer *t; (t = heap_pop(&h)) != NULL; n--) {
        assert_true(t->at >= last);
        last = t->at;
    }
    assert_int_equal(n, 0);
    heap_free(&h);
}

static void test_heap_extremes(void **state)
{
    (void)state;
    struct heap h = {0};
    struct timer never = {0}, t = {0};
    heap_set(&h, &never, INT64_MAX);
    assert_null(heap_pop_due(&h, INT64_MAX - 1));
    assert_ptr_equal(heap_pop_due(&h, INT64_MAX), &never);
    assert_null(heap_pop_due(&h, INT64_MAX)); /* empty: not due, whatever the time */
    heap_set(&h, &t, 5);
    heap_set(&h, &t, 3);
    assert_int_equal(h.n, 1);
    assert_ptr_equal(heap_top(&h), &t);
    heap_free(&h);
    assert_false(timer_is_set(&t));
}

static void test_pool(void **state)
{
    (void)state;
    enum { CAP = 3000 };
    static void *got[CAP];
    struct pool p;
    pool_init(&p, 100, CAP);
    assert_int_equal(p.made, 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CAP; i++) {
            got[i] = pool_get(&p);
            assert_non_null(got[i]);
            assert_int_equal((uintptr_t)got[i] % 16, 0);
            memset(got[i], i, 100);
        }
        assert_null(pool_get(&p));
        assert_int_equal(p.in_use, CAP);
        for (int i = 0; i < CAP; i++) {
            assert_int_equal(((uint8_t *)got[i])[99], i & 0xFF); /* nobody else's memory */
            pool_put(&p, got[i]);
        }
        assert_int_equal(p.in_use, 0);
        assert_int_equal(p.made, CAP);
    }
    pool_put(&p, NULL);
    pool_free(&p);
}

static void test_pool_out_of_memory(void **state)
{
    (void)state;
    struct pool p;
    pool_init(&p, 100 * 1024, 3); /* one object per slab */
    mem_fail_at(2);
    void *a = pool_get(&p);
    assert_non_null(a);
    assert_null(pool_get(&p));
    void *b = pool_get(&p); /* tries again */
    assert_non_null(b);
    assert_int_equal(p.made, 2);
    pool_put(&p, a);
    assert_ptr_equal(pool_get(&p), a);
    pool_free(&p); /* with objects still out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_hmap_against_model),
        cmocka_unit_test(test_hmap_removal_while_iterating),
        cmocka_unit_test(test_hmap_gives_memory_back),
        cmocka_unit_test(test_heap_against_model),
        cmocka_unit_test(test_heap_extremes),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
