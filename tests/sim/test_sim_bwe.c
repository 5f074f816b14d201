/* The sender's estimation on a virtual network, on virtual time: what it finds on links that are slow, lossy, shaky,
 * that change, fail, or are shared, and whom it believes. SIM_SEED=N runs the random worlds from one seed, SIM_RUNS=N
 * as many as wanted. */
#include "sim/bwe_world.h"
#include "unit/slow.h"

enum { SEEDS = 5 };
static struct flow flow, other;
static int64_t now;

static struct link a_link(double bps)
{
    return (struct link){.bps = bps, .delay_us = 25 * MS, .queue_us = 300 * MS};
}

static void begin(struct link *l, uint64_t seed)
{
    now = 1000 * S;
    flow_begin(&flow, l, seed, now, &(struct bwe_conf){0});
}

static void run(double seconds)
{
    for (int64_t end = now + (int64_t)(seconds * 1e6); now < end; now += MS)
        flow_step(&flow, now);
}

/* Seconds until the estimate is at least so much, or limit. */
static double until_above(double bps, double limit)
{
    int64_t from = now;
    while (bwe_bps(&flow.b) < bps && now - from < (int64_t)(limit * 1e6))
        run(0.001);
    return (double)(now - from) / 1e6;
}

static double until_below(double bps, double limit)
{
    int64_t from = now;
    while (bwe_bps(&flow.b) > bps && now - from < (int64_t)(limit * 1e6))
        run(0.001);
    return (double)(now - from) / 1e6;
}

/* Of the link, what arrived in so many seconds. */
static double goodput(double seconds)
{
    flow_measure(&flow);
    run(seconds);
    return flow.came_bytes * 8 / seconds / flow.link->bps;
}

#define AT_LEAST(value, least)                                                          \
    do {                                                                                \
        double v = (value);                                                             \
        if (v < (least))                                                                \
            fail_msg("seed %d, line %d: %s = %g, not >= %g", seed, __LINE__, #value, v, \
                     (double)(least));                                                  \
    } while (0)
#define AT_MOST(value, most)                                                            \
    do {                                                                                \
        double v = (value);                                                             \
        if (v > (most))                                                                 \
            fail_msg("seed %d, line %d: %s = %g, not <= %g", seed, __LINE__, #value, v, \
                     (double)(most));                                                   \
    } while (0)

/* ---- Links ---- */

static void slow_links_are_filled_without_long_queues(void **state)
{
    (void)state;
    static const double links[] = {1.5e6, 600e3, 250e3};
    for (unsigned i = 0; i < ARRAY_LEN(links); i++) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            struct link l = a_link(links[i]);
            begin(&l, (uint64_t)seed);
            flow.ccfb = seed % 2 != 0;
            AT_MOST(until_above(0.85 * l.bps, 10), 9.9);
            run(10);
            AT_LEAST(goodput(30), 0.85);
            AT_MOST(queue_p95_ms(&flow), links[i] < 300e3 ? 160 : 120);
            assert_int_equal(flow.b.stats.refused, 0);
            flow_end(&flow);
        }
    }
}

static void a_fast_link_is_found_at_once(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(50e6);
        begin(&l, (uint64_t)seed);
        AT_MOST(until_above(5e6, 10), 2);
        flow_end(&flow);
    }
}

static void loss_by_chance_costs_little(void **state)
{
    (void)state;
    static const double losses[][2] = {{0.01, 0.8}, {0.05, 0.78}, {0.10, 0.72}, {0.20, 0.65}};
    for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            struct link l = a_link(1.5e6);
            l.loss = losses[i][0];
            l.delay_us = 50 * MS;
            begin(&l, (uint64_t)seed);
            run(10);
            AT_LEAST(goodput(30), losses[i][1]);
            AT_MOST(queue_p95_ms(&flow), 120);
            flow_end(&flow);
        }
    }
}

static void what_a_policer_drops_is_not_sent_for_long(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(1e6);
        l.policer = true;
        begin(&l, (uint64_t)seed);
        run(15);
        AT_LEAST(goodput(30), 0.8);
        AT_LEAST(flow.came_bytes / flow.sent_bytes, 0.75);
        flow_end(&flow);
    }
}

static void jitter_and_packets_that_overtake_are_no_congestion(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(1.5e6);
        l.jitter_us = seed % 3 != 0 ? 30 * MS : 0;
        l.reorder = seed % 3 != 1 ? 0.05 : 0;
        begin(&l, (uint64_t)seed);
        run(15);
        AT_LEAST(goodput(30), 0.65);
        flow_end(&flow);
    }
}

/* Simulcast of three through estimate, pacer and sharing: the layer that fits is found, and it stays. */
static void layers_that_fit_are_carried_and_do_not_flap(void **state)
{
    (void)state;
    static const struct alloc_option camera[] = {{150000, 320, 180, 0, 0, 0, 0},
                                                 {500000, 640, 360, 1, 0, 0, 0},
                                                 {1500000, 1280, 720, 2, 0, 0, 0}};
    static const double links[][2] = {
        {250e3, 150e3}, {900e3, 500e3}, {2.5e6, 1.5e6}, {50e6, 1.5e6}};
    for (unsigned i = 0; i < ARRAY_LEN(links); i++) {
        for (int seed = 1; seed <= SEEDS; seed++) {
            struct link l = a_link(links[i][0]);
            begin(&l, (uint64_t)seed);
            flow_layers(&flow, camera, ARRAY_LEN(camera));
            run(15);
            uint64_t raised = flow.alloc.raised;
            flow_measure(&flow);
            run(60);
            AT_LEAST(flow.came_bytes * 8 / 60 / links[i][1], 0.85);
            AT_MOST(queue_p95_ms(&flow), 120);
            AT_MOST((double)(flow.alloc.raised - raised), 2);
            flow_end(&flow);
        }
    }
}

/* ---- Changes ---- */

static void a_drop_is_seen_at_once_and_undone_soon(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(5e6);
        begin(&l, (uint64_t)seed);
        run(15);
        AT_LEAST(bwe_bps(&flow.b), 3.2e6);
        l.bps = 500e3;
        AT_MOST(until_below(600e3, 5), 2);
        run(20);
        AT_LEAST(goodput(10), 0.75);
        AT_MOST(queue_p95_ms(&flow), 150);
        l.bps = 5e6;
        AT_MOST(until_above(4e6, 20), 10);
        flow_end(&flow);
    }
}

static void three_seconds_of_nothing_are_forgotten_in_five(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(2e6);
        begin(&l, (uint64_t)seed);
        run(15);
        l.down = true;
        run(3);
        AT_MOST(bwe_bps(&flow.b), 1.2e6);
        assert_true(flow.b.stats.outages > 0);
        l.down = false;
        AT_MOST(until_above(1.5e6, 10), 5);
        run(3);
        AT_LEAST(goodput(10), 0.75);
        flow_end(&flow);
    }
}

static void lost_feedback_costs_little(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(1.5e6);
        l.feedback_loss = 0.3;
        begin(&l, (uint64_t)seed);
        run(10);
        AT_LEAST(goodput(20), 0.7);
        flow_end(&flow);
    }
}

static void without_any_feedback_little_is_sent(void **state)
{
    (void)state;
    struct link l = a_link(1.5e6);
    begin(&l, 1);
    run(10);
    l.feedback_loss = 1;
    run(30);
    assert_true(bwe_bps(&flow.b) <= 30e3);
    l.feedback_loss = 0;
    assert_true(until_above(0.8 * l.bps, 15) < 5);
    flow_end(&flow);
}

/* ---- Others ---- */

static void two_share_a_link(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(2e6);
        begin(&l, (uint64_t)seed);
        run(10); /* one is there before the other */
        flow_begin(&other, &l, (uint64_t)seed + 100, now, &(struct bwe_conf){0});
        for (int64_t end = now + 60 * S; now < end; now += MS) {
            if (end - now == 30 * S) {
                flow_measure(&flow);
                flow_measure(&other);
            }
            flow_step(&flow, now);
            flow_step(&other, now);
        }
        AT_LEAST((flow.came_bytes + other.came_bytes) * 8 / 30 / l.bps, 0.75);
        AT_LEAST(flow.came_bytes / other.came_bytes, 1.0 / 3);
        AT_MOST(flow.came_bytes / other.came_bytes, 3);
        flow_end(&flow);
        flow_end(&other);
    }
}

static void it_lives_beside_what_comes_and_goes(void **state)
{
    (void)state;
    for (int seed = 1; seed <= SEEDS; seed++) {
        struct link l = a_link(2e6);
        l.cross_bps = 1e6;
        begin(&l, (uint64_t)seed);
        run(10);
        AT_LEAST(goodput(30), 0.3);
        AT_MOST(queue_p95_ms(&flow), 290);
        flow_end(&flow);
    }
}

/* ---- Anything ---- */

static struct link any_link(struct flow *f)
{
    struct link l = {.bps = 50e3 * pow(200, chance(f)),
                     .delay_us = (int64_t)(chance(f) * 300000),
                     .queue_us = (int64_t)(chance(f) * 1e6)};
    l.loss = chance(f) < 0.5 ? chance(f) * 0.4 : 0;
    l.jitter_us = chance(f) < 0.5 ? (int64_t)(chance(f) * 100000) : 0;
    l.reorder = chance(f) < 0.3 ? chance(f) * 0.3 : 0;
    l.feedback_loss = chance(f) < 0.3 ? chance(f) : 0;
    l.policer = chance(f) < 0.2;
    l.down = chance(f) < 0.1;
    return l;
}

static void check(uint64_t seed)
{
    double bps = bwe_bps(&flow.b);
    if (!(bps >= 30e3 && bps <= 20e6) || !isfinite(flow.b.acked.bps) ||
        !isfinite(flow.b.trend.slope) || !isfinite(flow.b.loss.cap_bps) ||
        !(flow.b.rate.bps >= 30e3 && flow.b.rate.bps <= 20e6))
        fail_msg("SIM_SEED=%llu: %g", (unsigned long long)seed, bps);
    if (flow.b.stats.came + flow.b.stats.lost > flow.b.stats.sent)
        fail_msg("SIM_SEED=%llu: more told of than sent", (unsigned long long)seed);
}

static void nothing_is_stuck_in_any_world(void **state)
{
    (void)state;
    const char *one = getenv("SIM_SEED"), *many = getenv("SIM_RUNS");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t runs = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 1000 / SLOW;
    for (uint64_t seed = first; seed < first + runs; seed++) {
        struct link l = a_link(1e6);
        begin(&l, seed);
        flow.ccfb = seed % 3 == 0;
        for (int part = 0; part < 4; part++) {
            int64_t free_us = l.free_us;
            l = any_link(&flow);
            l.free_us = MIN_OF(free_us, now + l.queue_us);
            for (int i = 0; i < 10; i++) {
                run(0.1);
                check(seed);
            }
        }
        l = a_link(1e6); /* and at the end a link as any: it has to find that again */
        l.free_us = now;
        if (seed % 10 == 0) {
            run(2);
            if (until_above(500e3, 30) >= 30)
                fail_msg("SIM_SEED=%llu: %g", (unsigned long long)seed, bwe_bps(&flow.b));
        }
        flow_end(&flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_links_are_filled_without_long_queues),
        cmocka_unit_test(a_fast_link_is_found_at_once),
        cmocka_unit_test(loss_by_chance_costs_little),
        cmocka_unit_test(what_a_policer_drops_is_not_sent_for_long),
        cmocka_unit_test(jitter_and_packets_that_overtake_are_no_congestion),
        cmocka_unit_test(layers_that_fit_are_carried_and_do_not_flap),
        cmocka_unit_test(a_drop_is_seen_at_once_and_undone_soon),
        cmocka_unit_test(three_seconds_of_nothing_are_forgotten_in_five),
        cmocka_unit_test(lost_feedback_costs_little),
        cmocka_unit_test(without_any_feedback_little_is_sent),
        cmocka_unit_test(two_share_a_link),
        cmocka_unit_test(it_lives_beside_what_comes_and_goes),
        cmocka_unit_test(nothing_is_stuck_in_any_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
