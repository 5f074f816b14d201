/* The models of a bad line, with virtual time: rates, delays and losses come out as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "line.h"

enum { N = 100000, GAP_US = 2000, SIZE = 1000 };

/* What came out of a line into which a packet went every GAP_US: when each one left (0: lost), and in which order. */
struct run {
    struct line line;
    int64_t *left_us; /* by number */
    uint32_t *order;
    uint32_t out;
    uint32_t n;
    int64_t now_us;
};

static void setup(struct run *r, const char *const *settings)
{
    *r = (struct run){.left_us = xcalloc(N, sizeof *r->left_us),
                      .order = xcalloc(N, sizeof *r->order),
                      .now_us = 1};
    line_init(&r->line, 7);
    for (; *settings; settings++)
        assert_null(line_tell(&r->line, str_from(*settings)));
}

static void teardown(struct run *r)
{
    line_free(&r->line);
    xfree(r->left_us);
    xfree(r->order);
}

static void drain(struct run *r, int64_t until_us)
{
    struct line_packet *p;
    while (line_deadline(&r->line) <= until_us) {
        int64_t at = line_deadline(&r->line);
        assert_null(line_take(&r->line, at - 1));
        p = line_take(&r->line, at);
        assert_non_null(p);
        r->left_us[p->id] = at;
        r->order[r->out++] = p->id;
        line_done(&r->line, p);
    }
}

static int64_t came_us(uint32_t i)
{
    return 1 + (int64_t)i * GAP_US;
}

static void feed(struct run *r, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, r->n++, r->now_us += GAP_US) {
        drain(r, r->now_us);
        struct line_packet *p = line_put(&r->line, r->now_us, SIZE);
        if (p)
            p->id = r->n;
    }
}

#define RUN(r, n, ...)                                     \
    setup(&(r), (const char *const[]){__VA_ARGS__, NULL}); \
    feed(&(r), n);                                         \
    drain(&(r), INT64_MAX - 1)

static void test_nothing_set(void **state)
{
    (void)state;
    struct run r;
    RUN(r, 1000, "clear");
    assert_int_equal(r.out, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(r.left_us[i], came_us(i));
    assert_int_equal(r.line.counts.passed_bytes, 1000 * SIZE);
    teardown(&r);
}

static void test_delay_and_order(void **state)
{
    (void)state;
    struct run r;
    RUN(r, 1000, "delay 50.5");
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(r.left_us[i], came_us(i) + 50500);
    teardown(&r);
}

/* What comes later has less to wait and still leaves later. */
static void test_less_delay_keeps_order(void **state)
{
    (void)state;
    struct run r;
    setup(&r, (const char *const[]){"delay 300", NULL});
    feed(&r, 10);
    assert_null(line_tell(&r.line, STR("clear")));
    feed(&r, 300);
    drain(&r, INT64_MAX - 1);
    for (uint32_t i = 0; i < 310; i++)
        assert_int_equal(r.order[i], i);
    assert_int_equal(r.left_us[309], came_us(309));
    teardown(&r);
}

static void test_loss_share(void **state)
{
    (void)state;
    struct run r;
    RUN(r, N, "loss 5");
    assert_in_range(r.line.counts.lost, N * 48 / 1000, N * 52 / 1000);
    assert_int_equal(r.out + r.line.counts.lost, N);
    teardown(&r);
    RUN(r, 1000, "loss 100");
    assert_int_equal(r.out, 0);
    teardown(&r);
}

/* As many as told in the mean, and together: chance alone would lose 1.03 in a row. */
static void test_bursts(void **state)
{
    (void)state;
    struct run r;
    RUN(r, N, "burst 3 8");
    uint32_t bursts = 0;
    for (uint32_t i = 0; i < N; i++)
        bursts += r.left_us[i] == 0 && (i == 0 || r.left_us[i - 1] != 0);
    uint64_t lost = r.line.counts.burst;
    assert_in_range(lost, N * 25 / 1000, N * 35 / 1000);
    assert_in_range(lost * 10 / bursts, 70, 90);
    teardown(&r);
}

static void test_same_seed_same_losses(void **state)
{
    (void)state;
    struct run a, b;
    RUN(a, 5000, "burst 3 8", "loss 2");
    RUN(b, 5000, "burst 3 8", "loss 2");
    assert_memory_equal(a.left_us, b.left_us, 5000 * sizeof *a.left_us);
    teardown(&a);
    teardown(&b);
}

/* 4 Mbit/s come, 1 Mbit/s passes, what leaves has waited for at most the queue and its own time on the link. */
static void test_rate_and_queue(void **state)
{
    (void)state;
    struct run r;
    RUN(r, 10000, "rate 1000000", "queue 200");
    int64_t seconds_us = r.left_us[r.order[r.out - 1]] - 1;
    assert_in_range((int64_t)r.out * SIZE * 8 * US_PER_S / seconds_us, 999000, 1001000);
    for (uint32_t i = 0; i < 10000; i++) {
        if (r.left_us[i])
            assert_in_range(r.left_us[i] - came_us(i), 8000, 208000);
    }
    assert_int_equal(r.out + r.line.counts.queue, 10000);
    assert_in_range(r.line.counts.waited_max_us, 190000, 200000);
    teardown(&r);
}

static void test_queue_of_bytes(void **state)
{
    (void)state;
    struct run r;
    RUN(r, 10000, "rate 1000000", "queue_bytes 5000");
    for (uint32_t i = 0; i < 10000; i++) {
        if (r.left_us[i])
            assert_in_range(r.left_us[i] - came_us(i), 8000, 40000);
    }
    assert_in_range(r.line.counts.waited_max_us, 30000, 32000);
    teardown(&r);
}

static void test_rate_changes(void **state)
{
    (void)state;
    struct run r;
    setup(&r, (const char *const[]){"rate 5000000", NULL});
    feed(&r, 1000);
    assert_int_equal(r.line.counts.queue, 0);
    assert_null(line_tell(&r.line, STR("rate 500000")));
    feed(&r, 2000);
    assert_in_range(r.line.counts.queue, 1700, 1760);
    assert_null(line_tell(&r.line, STR("rate 0")));
    uint64_t before = r.line.counts.queue;
    feed(&r, 1000);
    drain(&r, INT64_MAX - 1);
    assert_int_equal(r.line.counts.queue, before);
    assert_int_equal(r.left_us[3999], came_us(3999));
    teardown(&r);
}

static void test_jitter(void **state)
{
    (void)state;
    struct run r;
    for (int overtaking = 0; overtaking < 2; overtaking++) {
        RUN(r, 20000, "delay 40", overtaking ? "jitter 30 overtaking" : "jitter 30");
        uint32_t late = 0;
        int64_t least = INT64_MAX, most = 0;
        for (uint32_t i = 0; i < 20000; i++) {
            int64_t took = r.left_us[i] - came_us(i);
            least = took < least ? took : least;
            most = took > most ? took : most;
            late += i > 0 && r.left_us[i] < r.left_us[i - 1];
        }
        assert_in_range(least, 10000, 11000);
        assert_in_range(most, 69000, 70000 + 1000);
        assert_int_equal(late > 0, overtaking);
        teardown(&r);
    }
}

static void test_reorder(void **state)
{
    (void)state;
    struct run r;
    RUN(r, N, "delay 10", "reorder 5 20");
    uint32_t detours = 0;
    for (uint32_t i = 0; i < N; i++) {
        int64_t took = r.left_us[i] - came_us(i);
        assert_true(took == 10000 || took == 30000);
        detours += took == 30000;
    }
    assert_int_equal(detours, r.line.counts.reordered);
    assert_in_range(detours, N * 48 / 1000, N * 52 / 1000);
    teardown(&r);
}

static void test_twice(void **state)
{
    (void)state;
    struct run r;
    RUN(r, N, "twice 10");
    assert_in_range(r.line.counts.twice, N * 97 / 1000, N * 103 / 1000);
    assert_int_equal(r.out, N);
    teardown(&r);
}

static void test_cut(void **state)
{
    (void)state;
    struct run r;
    setup(&r, (const char *const[]){"cut on", NULL});
    feed(&r, 1500);
    assert_int_equal(r.line.counts.cut, 1500);
    assert_null(line_tell(&r.line, STR("cut off")));
    feed(&r, 10);
    drain(&r, INT64_MAX - 1);
    assert_int_equal(r.out, 10);
    teardown(&r);
}

static void test_more_than_it_holds(void **state)
{
    (void)state;
    struct run r;
    RUN(r, LINE_HELD_MAX + 1000, "delay 60000");
    assert_int_equal(r.line.counts.full, 1000);
    assert_int_equal(r.out, LINE_HELD_MAX);
    teardown(&r);
}

static void test_words(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "los 5",        "loss",        "loss 101",  "loss -1",
        "loss 5 5", "loss 1.23456", "burst 3",     "burst 3 0", "burst 60 8",
        "delay",    "delay 60001",  "jitter 5 no", "reorder 5", "rate 1e6",
        "rate",     "queue x",      "cut",         "cut maybe", "clear all",
        "loss 5."};
    struct line l;
    line_init(&l, 1);
    struct line_set before = l.set;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(line_tell(&l, str_from(bad[i])));
    assert_memory_equal(&before, &l.set, sizeof before);
    assert_null(line_tell(&l, STR("loss 0.25")));
    assert_int_equal(l.set.loss, 2500);
    assert_null(line_tell(&l, STR(" reorder 5 20 ")));
    assert_int_equal(l.set.reorder, 50000);
    assert_int_equal(l.set.detour_us, 20000);
    struct buf out;
    buf_init(&out, 4096);
    line_report(&l, &out);
    assert_string_equal(
        buf_cstr(&out),
        "{\"packets\":0,\"bytes\":0,\"lost\":0,\"burst\":0,\"queue\":0,\"cut\":0,\"full\":0,"
        "\"reordered\":0,\"twice\":0,\"passed\":0,\"passedBytes\":0,\"waitedMaxMs\":0}");
    buf_free(&out);
    line_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_set),
        cmocka_unit_test(test_delay_and_order),
        cmocka_unit_test(test_less_delay_keeps_order),
        cmocka_unit_test(test_loss_share),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_same_seed_same_losses),
        cmocka_unit_test(test_rate_and_queue),
        cmocka_unit_test(test_queue_of_bytes),
        cmocka_unit_test(test_rate_changes),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_reorder),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_more_than_it_holds),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
