/* The sender's estimation by itself: the detector of queues, what losses say, and feedback that is wrong, late, twice
 * there, or lies. On a network it is tested by tests/sim/test_sim_bwe.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "media/bwe.h"

#define MS    ((int64_t)1000)
#define S     ((int64_t)1000000)
#define BEGIN (1000 * S)
enum { SIZE = 1000 };

/* ---- The detector ---- */

/* A packet each 10 ms; each is ms later than the one before. */
static enum bwe_usage trend(struct bwe_trend *t, int64_t *at, unsigned n, double ms)
{
    static double late;
    late = t->deltas == 0 ? 0 : late;
    for (unsigned i = 0; i < n; i++) {
        late += ms;
        bwe_trend_packet(t, *at, *at + 77 * S + (int64_t)(late * 1000));
        *at += 10 * MS;
    }
    return t->usage;
}

static void a_queue_that_grows_is_seen_and_one_that_shrinks(void **state)
{
    (void)state;
    struct bwe_trend t;
    int64_t at = BEGIN;
    bwe_trend_init(&t);
    assert_int_equal(trend(&t, &at, 100, 0), BWE_NORMAL);
    assert_int_equal(trend(&t, &at, 40, 2), BWE_OVERUSE);
    assert_true(bwe_trend_queue_ms(&t) > 50);
    assert_int_equal(trend(&t, &at, 25, -2), BWE_UNDERUSE);
    assert_int_equal(trend(&t, &at, 200, 0), BWE_NORMAL);
}

static void jitter_is_no_queue(void **state)
{
    (void)state;
    struct bwe_trend t;
    struct rng r;
    rng_init(&r, (const uint8_t[RNG_SEED_SIZE]){1});
    bwe_trend_init(&t);
    unsigned overused = 0;
    for (int64_t at = BEGIN; at < BEGIN + 60 * S; at += 10 * MS) {
        bwe_trend_packet(&t, at, at - 5 * S + (int64_t)rng_below(&r, 30000));
        overused += t.usage == BWE_OVERUSE;
    }
    assert_in_range(overused, 0, 60); /* of 6,000 */
}

static void a_clock_that_jumps_begins_anew(void **state)
{
    (void)state;
    struct bwe_trend t;
    int64_t at = BEGIN;
    bwe_trend_init(&t);
    trend(&t, &at, 100, 0);
    assert_int_equal(t.n, BWE_TREND_WINDOW);
    bwe_trend_packet(&t, at, at + 90 * S);
    bwe_trend_packet(&t, at + 10 * MS, at + 90 * S + 10 * MS);
    assert_int_equal(t.n, 0);
    assert_int_equal(t.usage, BWE_NORMAL);
}

/* ---- Losses ---- */

/* A second at that rate, of which a share is lost. */
static void second(struct bwe_loss *l, int64_t *now, double bps, double share)
{
    static double owed;
    for (int part = 0; part < 4; part++) {
        unsigned n = (unsigned)(bps / 8 / SIZE / 4);
        for (unsigned i = 0; i < n; i++) {
            int64_t at = *now + 250 * MS * i / n;
            owed += share;
            bwe_loss_packet(l, *now, at, SIZE, owed >= 1);
            owed -= owed >= 1;
        }
        *now += 250 * MS;
        bwe_loss_update(l, *now, 2e6, bps * (1 - share), false);
    }
}

static void losses_that_do_not_grow_with_the_rate_limit_nothing(void **state)
{
    (void)state;
    struct bwe_loss l;
    int64_t now = BEGIN;
    bwe_loss_init(&l);
    for (int i = 0; i < 20; i++)
        second(&l, &now, 1e6 + 2e5 * (i % 5), 0.08);
    assert_true(l.cap_bps == 0);
    assert_true(fabs(bwe_loss_share(&l) - 0.08) < 0.01);
}

static void losses_that_do_limit(void **state)
{
    (void)state;
    struct bwe_loss l;
    int64_t now = BEGIN;
    bwe_loss_init(&l);
    for (int i = 0; i < 20; i++) {
        double bps = l.cap_bps > 0 ? l.cap_bps : 2e6;
        second(&l, &now, bps, fmax(0, 1 - 1e6 / bps));
    }
    assert_true(l.cap_bps > 0.7e6 && l.cap_bps < 1.5e6);
    for (int i = 0; i < 20; i++)
        second(&l, &now, 1e6, 0);
    assert_true(l.cap_bps == 0);
}

/* ---- Feedback ---- */

struct world {
    struct bwe b;
    int64_t now;
    uint16_t number;
    uint8_t count;
};

static struct world begin(void)
{
    struct world w = {.now = BEGIN, .number = 65000};
    bwe_init(&w.b, w.now, &(struct bwe_conf){.max_bps = 5e6});
    return w;
}

static void send_one(struct world *w)
{
    struct bwe_packet p = {.ssrc = 7, .number = w->number, .seq = w->number, .size = SIZE};
    w->number++;
    bwe_sent(&w->b, w->now, &p);
}

static void tell(struct world *w, uint16_t base, const int64_t *at, unsigned n)
{
    uint8_t mem[RTCP_PACKET_MAX];
    struct rtcp_writer o;
    struct rtcp_packet k;
    struct rtcp_twcc t;
    rtcp_begin(&o, mem, sizeof mem);
    if (rtcp_put_twcc(&o, 1, 2, w->count++, base, at, n) == 0)
        return;
    assert_int_equal(rtcp_check(mem, o.len), RTCP_OK);
    struct rtcp_iter it = rtcp_iter(mem, o.len);
    assert_true(rtcp_next(&it, &k) && rtcp_read_twcc(&k, &t));
    bwe_twcc(&w->b, w->now, &t);
}

/* Seconds of 400 kbit/s, each packet told of 50 ms later; its arrivals are apart by so much of the truth. */
static void talk(struct world *w, double seconds, double apart, int64_t clock)
{
    int64_t at[5];
    for (int i = 0; i < (int)(seconds * 10); i++) {
        uint16_t base = w->number;
        for (int k = 0; k < 5; k++) {
            at[k] = clock + BEGIN + (int64_t)((double)(w->now - BEGIN) * apart);
            send_one(w);
            w->now += 20 * MS;
        }
        tell(w, base, at, 5);
        bwe_tick(&w->b, w->now);
    }
}

static void numbers_and_clocks_wrap(void **state)
{
    (void)state;
    struct world w = begin();
    talk(&w, 30, 1, ((int64_t)64000 << 24) - BEGIN - 15 * S);
    assert_int_equal(w.b.stats.refused, 0);
    assert_int_equal(w.b.stats.came, w.b.stats.sent);
    assert_true(fabs(w.b.acked.bps - 400e3) < 20e3);
    assert_int_equal(w.b.trend.usage, BWE_NORMAL);
    assert_int_equal(w.b.stats.overuses, 0);
    bwe_free(&w.b);
}

static void what_was_never_sent_or_is_told_twice_moves_nothing(void **state)
{
    (void)state;
    struct world w = begin();
    int64_t at[40];
    talk(&w, 5, 1, 0);
    double bps = bwe_bps(&w.b), acked = w.b.acked.bps;
    for (int i = 0; i < 40; i++)
        at[i] = w.now + i;
    tell(&w, w.number, at, 40); /* the future */
    tell(&w, (uint16_t)(w.number + 20000), at, 40);
    assert_int_equal(w.b.stats.refused, 80);
    assert_true(bwe_bps(&w.b) == bps && w.b.acked.bps == acked);
    for (int i = 0; i < 100; i++)
        tell(&w, (uint16_t)(w.number - 40), at, 40); /* known long since */
    assert_int_equal(w.b.stats.repeated, 4000);
    assert_true(w.b.acked.bps == acked);
    assert_int_equal(w.b.stats.came, w.b.stats.sent);
    bwe_free(&w.b);
}

static void arrivals_faster_than_sending_are_not_believed(void **state)
{
    (void)state;
    static const double apart[] = {0.5, 0.1, 0.001, 0, -1};
    for (unsigned i = 0; i < 5; i++) {
        struct world w = begin();
        talk(&w, 60, apart[i], 20 * S);
        assert_true(bwe_bps(&w.b) <= 1.5 * 1.1 * 400e3 + 10e3);
        assert_true(isfinite(bwe_bps(&w.b)) && bwe_bps(&w.b) >= 30e3);
        talk(&w, 20, 1, 500 * S); /* and the truth heals it */
        assert_true(bwe_bps(&w.b) >= 250e3);
        bwe_free(&w.b);
    }
}

static void any_feedback_leaves_it_sane(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, (const uint8_t[RNG_SEED_SIZE]){2});
    for (int run = 0; run < 200; run++) {
        struct world w = begin();
        for (int i = 0; i < 200; i++) {
            int64_t at[100], t = (int64_t)rng_below(&r, 1000) * S;
            unsigned n = 1 + (unsigned)rng_below(&r, 100);
            for (uint64_t k = rng_below(&r, 50); k > 0; k--)
                send_one(&w);
            for (unsigned k = 0; k < n; k++) {
                t += (int64_t)rng_below(&r, 100000) - 30000;
                at[k] = rng_below(&r, 3) == 0 || t < 0 ? RTCP_NOT_CAME : t;
            }
            tell(&w, (uint16_t)(w.number - rng_below(&r, 150)), at, n);
            if (rng_below(&r, 9) == 0)
                bwe_report(&w.b, w.now, (unsigned)rng_below(&r, 256), -1);
            if (rng_below(&r, 40) == 0)
                bwe_remb(&w.b, w.now, rng_u64(&r) >> rng_below(&r, 60));
            w.now += (int64_t)rng_below(&r, 300000);
            bwe_tick(&w.b, w.now);
            bwe_want(&w.b, (double)rng_below(&r, 8000000));
            struct bwe_cluster c;
            while (bwe_probe(&w.b, w.now, &c))
                assert_true(c.id != 0 && c.bps <= 5e6 && c.bps > bwe_bps(&w.b));
            assert_true(bwe_deadline(&w.b) > w.now); /* so nobody asks again and again */
            assert_true(bwe_bps(&w.b) >= 30e3 && bwe_bps(&w.b) <= 5e6);
            assert_true(w.b.stats.came + w.b.stats.lost <= w.b.stats.sent);
            assert_true(isfinite(w.b.trend.slope) && isfinite(w.b.acked.bps));
        }
        bwe_free(&w.b);
    }
}

static void rfc_8888_says_the_same_whatever_its_order(void **state)
{
    (void)state;
    struct world w = begin();
    w.b.reported_us = 1;
    for (int round = 0; round < 100; round++) {
        uint8_t mem[RTCP_PACKET_MAX];
        struct rtcp_ccfb_packet sound[5], picture[5];
        for (unsigned i = 0; i < 10; i++) {
            struct bwe_packet p = {.ssrc = 1 + i % 2,
                                   .number = w.number++,
                                   .seq = (uint16_t)(65500 + round * 5 + (int)i / 2),
                                   .size = SIZE};
            bwe_sent(&w.b, w.now, &p);
            struct rtcp_ccfb_packet *to = i % 2 != 0 ? &picture[i / 2] : &sound[i / 2];
            *to = (struct rtcp_ccfb_packet){.came = i != 4,
                                            .ato = rtcp_ccfb_ato(100 * MS - 10 * MS * (int)i)};
            w.now += 10 * MS;
        }
        struct rtcp_writer o;
        struct rtcp_ccfb_writer c;
        rtcp_begin(&o, mem, sizeof mem);
        rtcp_ccfb_begin(&c, &o, 9);
        rtcp_ccfb_source(&c, 2, (uint16_t)(65500 + round * 5), picture, 5);
        rtcp_ccfb_source(&c, 1, (uint16_t)(65500 + round * 5), sound, 5);
        rtcp_ccfb_source(&c, 3, 0, sound, 5);
        rtcp_ccfb_end(&c, (uint32_t)((w.now << 16) / S));
        struct rtcp_iter it = rtcp_iter(mem, o.len);
        struct rtcp_packet k;
        struct rtcp_ccfb f;
        assert_true(rtcp_next(&it, &k) && rtcp_read_ccfb(&k, &f));
        bwe_ccfb(&w.b, w.now, &f);
    }
    assert_int_equal(w.b.stats.came, 900);
    assert_int_equal(w.b.stats.lost, 100);
    assert_int_equal(w.b.stats.refused, 500);
    assert_int_equal(w.b.stats.overuses, 0);
    assert_true(fabs(w.b.acked.bps - 720e3) < 40e3);
    bwe_free(&w.b);
}

/* ---- Without it ---- */

static void probes_begin_one_after_the_other_and_end(void **state)
{
    (void)state;
    struct world w = begin();
    struct bwe_cluster c;
    assert_true(bwe_probe(&w.b, w.now, &c));
    assert_true(c.id != BWE_PROBE_NONE && c.bps == 900e3 && c.packets == 5);
    assert_int_equal(c.bytes, 2250); /* 20 ms */
    assert_false(bwe_probe(&w.b, w.now, &c));
    assert_true(bwe_deadline(&w.b) > w.now);
    w.now = bwe_deadline(&w.b);
    assert_true(bwe_probe(&w.b, w.now, &c) && c.bps == 1800e3);
    w.now = bwe_deadline(&w.b);
    assert_int_equal(w.now, INT64_MAX); /* nothing more is wanted */
    bwe_free(&w.b);
}

/* More is wanted than there is: a cluster that gets through raises the estimate, and is followed by the next. */
static void what_a_probe_shows_is_taken(void **state)
{
    (void)state;
    struct world w = begin();
    struct bwe_cluster c;
    int64_t at[5];
    while (bwe_probe(&w.b, w.now, &c))
        w.now = bwe_deadline(&w.b) < INT64_MAX ? bwe_deadline(&w.b) : w.now;
    talk(&w, 8, 1, 0);
    double bps = bwe_bps(&w.b);
    bwe_want(&w.b, 2e6);
    assert_true(bwe_probe(&w.b, w.now, &c) && c.bps > bps);
    uint16_t base = w.number;
    for (int i = 0; i < 5; i++) {
        struct bwe_packet p = {.number = w.number++, .size = SIZE, .cluster = c.id};
        bwe_sent(&w.b, w.now, &p);
        at[i] = w.now;
        w.now += (int64_t)(SIZE * 8e6 / c.bps);
    }
    w.now += 50 * MS;
    tell(&w, base, at, 5);
    assert_true(fabs(bwe_bps(&w.b) - c.bps) < c.bps / 20);
    assert_true(bwe_probe(&w.b, w.now, &c) && c.bps > 1.9 * bwe_bps(&w.b));
    bwe_free(&w.b);
}

static void silence_halves_the_estimate(void **state)
{
    (void)state;
    struct world w = begin();
    talk(&w, 20, 1, 0);
    double bps = bwe_bps(&w.b);
    for (int i = 0; i < 35; i++) {
        send_one(&w);
        w.now += 100 * MS;
        bwe_tick(&w.b, w.now);
    }
    assert_true(fabs(bwe_bps(&w.b) - bps / 8) < 1);
    assert_int_equal(w.b.stats.outages, 3);
    w.now += 600 * S; /* nothing is sent, so nothing is waited for */
    struct world idle = begin();
    talk(&idle, 20, 1, 0);
    bps = bwe_bps(&idle.b);
    idle.now += 600 * S;
    bwe_tick(&idle.b, idle.now);
    assert_true(bwe_bps(&idle.b) == bps);
    bwe_free(&w.b);
    bwe_free(&idle.b);
}

static void those_who_only_report_are_served_by_loss(void **state)
{
    (void)state;
    struct world w = begin();
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < 100; k++, w.now += 10 * MS)
            send_one(&w);
        bwe_report(&w.b, w.now, 0, 50 * MS);
    }
    assert_true(bwe_bps(&w.b) > 1e6 && bwe_bps(&w.b) < 1.7e6);
    double bps = bwe_bps(&w.b);
    bwe_report(&w.b, w.now, 64, 50 * MS);
    assert_true(fabs(bwe_bps(&w.b) - bps * 0.875) < 1);
    bwe_free(&w.b);
}

static void remb_limits(void **state)
{
    (void)state;
    struct world w = begin();
    bwe_remb(&w.b, w.now, 150000);
    assert_true(bwe_bps(&w.b) == 150e3);
    bwe_remb(&w.b, w.now, 0);
    assert_true(bwe_bps(&w.b) == 30e3);
    bwe_remb(&w.b, w.now, UINT64_MAX);
    assert_true(bwe_bps(&w.b) == 300e3); /* and raises no further than what was sent */
    for (int k = 0; k < 200; k++, w.now += 10 * MS)
        send_one(&w);
    bwe_remb(&w.b, w.now, UINT64_MAX);
    assert_true(bwe_bps(&w.b) > 1e6 && bwe_bps(&w.b) <= 1.3e6);
    bwe_free(&w.b);
}

static void it_takes_little_memory(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct bwe_sent), 16);
    assert_true(sizeof(struct bwe) <= 2560);
}

static void a_way_that_has_become_longer_is_no_queue(void **state)
{
    (void)state;
    struct bwe_trend t;
    bwe_trend_init(&t);
    int64_t now = 0;
    for (unsigned i = 0; i < 60; i++, now += 20 * MS)
        bwe_trend_packet(&t, now, now + (i < 35 ? 10 : 210) * MS);
    assert_true(bwe_trend_queue_ms(&t) > 190);
    assert_true(bwe_trend_is_steady(&t));
    bwe_trend_settle(&t);
    assert_true(bwe_trend_queue_ms(&t) < 1);
    for (unsigned i = 0; i < 20; i++, now += 20 * MS)
        bwe_trend_packet(&t, now, now + (210 + 10 * i) * MS);
    assert_false(bwe_trend_is_steady(&t));
    assert_true(bwe_trend_queue_ms(&t) > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_that_has_become_longer_is_no_queue),
        cmocka_unit_test(a_queue_that_grows_is_seen_and_one_that_shrinks),
        cmocka_unit_test(jitter_is_no_queue),
        cmocka_unit_test(a_clock_that_jumps_begins_anew),
        cmocka_unit_test(losses_that_do_not_grow_with_the_rate_limit_nothing),
        cmocka_unit_test(losses_that_do_limit),
        cmocka_unit_test(numbers_and_clocks_wrap),
        cmocka_unit_test(what_was_never_sent_or_is_told_twice_moves_nothing),
        cmocka_unit_test(arrivals_faster_than_sending_are_not_believed),
        cmocka_unit_test(any_feedback_leaves_it_sane),
        cmocka_unit_test(rfc_8888_says_the_same_whatever_its_order),
        cmocka_unit_test(probes_begin_one_after_the_other_and_end),
        cmocka_unit_test(what_a_probe_shows_is_taken),
        cmocka_unit_test(silence_halves_the_estimate),
        cmocka_unit_test(those_who_only_report_are_served_by_loss),
        cmocka_unit_test(remb_limits),
        cmocka_unit_test(it_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
