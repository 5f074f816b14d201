/* Which layers each line gets, on virtual time: order of importance, sizes, hysteresis, and that nothing flaps whatever
 * the estimate does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"
#include "media/alloc.h"

#define MS    ((int64_t)1000)
#define S     ((int64_t)1000000)
#define BEGIN (1000 * S)
enum { LINES = 12 };

/* Simulcast of three, with three temporal layers each: 150, 500 and 1,500 kbit/s. */
static const struct alloc_option camera[] = {
    {75000, 320, 180, 0, 0, 0, 2},    {105000, 320, 180, 0, 0, 1, 1},
    {150000, 320, 180, 0, 0, 2, 0},   {250000, 640, 360, 1, 0, 0, 2},
    {350000, 640, 360, 1, 0, 1, 1},   {500000, 640, 360, 1, 0, 2, 0},
    {750000, 1280, 720, 2, 0, 0, 2},  {1050000, 1280, 720, 2, 0, 1, 1},
    {1500000, 1280, 720, 2, 0, 2, 0},
};

struct world {
    struct alloc a;
    struct alloc_line lines[LINES], *refs[LINES];
    unsigned n;
    int64_t now;
};

static void begin(struct world *w, unsigned last_n)
{
    memset(w, 0, sizeof *w);
    w->now = BEGIN;
    alloc_init(&w->a, last_n);
}

static struct alloc_line *add(struct world *w, enum alloc_priority p, uint16_t width,
                              uint16_t height)
{
    struct alloc_line *l = &w->lines[w->n];
    w->refs[w->n++] = l;
    alloc_line_init(l);
    alloc_line_wish(l, p, width, height);
    alloc_line_options(l, camera, ARRAY_LEN(camera));
    return l;
}

static bool run(struct world *w, double bps)
{
    return alloc_run(&w->a, w->now, bps, 0, w->refs, w->n);
}

/* So long, each 100 ms. */
static void wait(struct world *w, double seconds, double bps)
{
    for (int64_t end = w->now + (int64_t)(seconds * 1e6); w->now < end; w->now += 100 * MS)
        run(w, bps);
}

static uint32_t bps_of(const struct alloc_line *l)
{
    return alloc_choice(l) != NULL ? alloc_choice(l)->bps : 0;
}

static double total(const struct world *w)
{
    double sum = 0;
    for (unsigned i = 0; i < w->n; i++)
        sum += bps_of(&w->lines[i]);
    return sum;
}

/* ---- Options ---- */

static void ways_that_cost_more_and_show_less_are_left_out(void **state)
{
    (void)state;
    static const uint32_t left[] = {75000, 105000, 150000, 500000, 1500000};
    struct world w;
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 1920, 1080);
    assert_int_equal(l->n, ARRAY_LEN(left));
    for (unsigned i = 0; i < l->n; i++)
        assert_int_equal(l->options[i].bps, left[i]);
}

static void nothing_larger_than_what_is_shown(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *small = add(&w, ALLOC_VISIBLE, 320, 180);
    struct alloc_line *middle = add(&w, ALLOC_VISIBLE, 500, 400);
    struct alloc_line *hidden = add(&w, ALLOC_VISIBLE, 0, 0);
    run(&w, 20e6);
    assert_int_equal(bps_of(small), 150000);
    assert_int_equal(bps_of(middle), 500000);
    assert_int_equal(bps_of(hidden), 0);
    assert_true(fabs(alloc_wanted(&w.a, 40e3, w.refs, w.n) - (650e3 * 1.15 + 40e3)) < 1);
}

static void unknown_sizes_go_by_bits(void **state)
{
    (void)state;
    static const struct alloc_option unknown[] = {
        {900000, 0, 0, 1, 0, 0, 0}, {200000, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 2, 0, 0, 0}};
    struct world w;
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 320, 180);
    alloc_line_options(l, unknown, 3);
    assert_int_equal(l->n, 3);
    assert_int_equal(l->options[0].bps, 10000); /* it may begin again */
    assert_int_equal(l->options[2].stream, 1);
}

static void the_choice_stays_when_rates_are_measured_anew(void **state)
{
    (void)state;
    struct world w;
    struct alloc_option now[ARRAY_LEN(camera)];
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 1280, 720);
    run(&w, 800e3);
    assert_int_equal(bps_of(l), 500000);
    memcpy(now, camera, sizeof now);
    for (unsigned i = 0; i < ARRAY_LEN(now); i++)
        now[i].bps = now[i].bps * 9 / 10;
    alloc_line_options(l, now, ARRAY_LEN(now));
    assert_int_equal(bps_of(l), 450000);
    alloc_line_options(l, now, 3); /* the larger streams are gone */
    assert_int_equal(bps_of(l), 135000);
    alloc_line_options(l, now, 0);
    assert_null(alloc_choice(l));
}

/* ---- Who gets what ---- */

static void sound_is_paid_first(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 1280, 720);
    alloc_run(&w.a, w.now, 400e3, 350e3, w.refs, w.n);
    assert_null(alloc_choice(l));
    alloc_run(&w.a, w.now, 400e3, 200e3, w.refs, w.n);
    assert_int_equal(bps_of(l), 150000);
    alloc_run(&w.a, w.now, 300e3, 320e3, w.refs, w.n);
    assert_null(alloc_choice(l));
}

static void everybody_a_little_and_the_rest_to_the_important(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *thumb = add(&w, ALLOC_THUMBNAIL, 160, 90);
    struct alloc_line *seen = add(&w, ALLOC_VISIBLE, 640, 360);
    struct alloc_line *pinned = add(&w, ALLOC_PINNED, 1280, 720);
    struct alloc_line *speaker = add(&w, ALLOC_SPEAKER, 640, 360);
    run(&w, 900e3);
    assert_int_equal(bps_of(thumb), 75000);
    assert_int_equal(bps_of(seen), 75000);
    assert_int_equal(bps_of(pinned), 500000);
    assert_int_equal(bps_of(speaker), 105000);
    begin(&w, 0);
    thumb = add(&w, ALLOC_THUMBNAIL, 160, 90);
    pinned = add(&w, ALLOC_PINNED, 1280, 720);
    run(&w, 100e3); /* for one only */
    assert_null(alloc_choice(thumb));
    assert_int_equal(bps_of(pinned), 75000);
}

static void only_the_first_n_are_shown(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    for (int i = 0; i < 6; i++)
        add(&w, i == 5 ? ALLOC_SPEAKER : ALLOC_VISIBLE, 320, 180);
    run(&w, 20e6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(alloc_choice(&w.lines[i]) != NULL, i < 2 || i == 5);
    alloc_line_wish(&w.lines[4], ALLOC_PINNED, 320, 180); /* takes somebody's place */
    run(&w, 20e6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(alloc_choice(&w.lines[i]) != NULL, i < 1 || i > 3);
}

/* ---- Time ---- */

static void down_at_once_and_up_when_there_has_been_room(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 1280, 720);
    assert_true(run(&w, 2e6));
    assert_int_equal(bps_of(l), 1500000);
    wait(&w, 60, 2e6);
    run(&w, 1.4e6);
    assert_int_equal(bps_of(l), 500000);
    wait(&w, 1.9, 2e6);
    assert_int_equal(bps_of(l), 500000);
    wait(&w, 0.3, 2e6);
    assert_int_equal(bps_of(l), 1500000);
    run(&w, 1.4e6);
    wait(&w, 20, 1.7e6); /* 13 % more than needed */
    assert_int_equal(bps_of(l), 500000);
    wait(&w, 4.1, 1.73e6); /* it was in vain: twice as long */
    assert_int_equal(bps_of(l), 1500000);
}

static void a_probe_that_has_shown_it_saves_the_waiting(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *l = add(&w, ALLOC_PINNED, 1280, 720);
    run(&w, 800e3);
    wait(&w, 30, 800e3);
    alloc_confirm(&w.a, w.now);
    run(&w, 2e6);
    assert_int_equal(bps_of(l), 1500000);
}

static void what_becomes_important_does_not_wait(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    struct alloc_line *one = add(&w, ALLOC_PINNED, 1280, 720);
    struct alloc_line *two = add(&w, ALLOC_THUMBNAIL, 160, 90);
    run(&w, 2e6);
    assert_int_equal(bps_of(one), 1500000);
    alloc_line_wish(one, ALLOC_THUMBNAIL, 160, 90);
    alloc_line_options(one, camera, ARRAY_LEN(camera));
    alloc_line_wish(two, ALLOC_PINNED, 1280, 720);
    alloc_line_options(two, camera, ARRAY_LEN(camera));
    run(&w, 2e6);
    assert_int_equal(bps_of(one), 150000);
    assert_int_equal(bps_of(two), 1500000);
}

static void an_estimate_like_a_saw_does_not_flap(void **state)
{
    (void)state;
    for (double mean = 200e3; mean < 5e6; mean *= 1.13) {
        struct world w;
        begin(&w, 0);
        for (int i = 0; i < 4; i++)
            add(&w, i == 0 ? ALLOC_SPEAKER : ALLOC_VISIBLE, 1280, 720);
        wait(&w, 60, mean);
        uint64_t before = w.a.raised;
        for (int i = 0; i < 6000; i++, w.now += 100 * MS) /* ten minutes, teeth of 6 s and 20 % */
            run(&w, mean * (0.85 + 0.2 * (i % 60) / 60));
        assert_in_range(w.a.raised - before, 0, 4 * 12);
    }
}

/* Whatever comes: never more than there is, never two steps up of a line in 5 s, nobody important sees nothing
 * while somebody less important sees what would be enough. */
static void invariants_of_any_history(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, (const uint8_t[RNG_SEED_SIZE]){4});
    for (int round = 0; round < 300; round++) {
        struct world w;
        int before[LINES];
        int64_t raised[LINES] = {0};
        begin(&w, (unsigned)rng_below(&r, 2) * 5);
        unsigned n = 1 + (unsigned)rng_below(&r, LINES);
        for (unsigned i = 0; i < n; i++)
            add(&w, (enum alloc_priority)rng_below(&r, ALLOC_PRIORITIES),
                (uint16_t)(16 * rng_below(&r, 81)), (uint16_t)(9 * rng_below(&r, 81)));
        double bps = 1e6;
        for (int i = 0; i < 500; i++) {
            bps *= exp(((double)rng_below(&r, 2001) - 1000) / 5000);
            bps = fmin(fmax(bps, 30e3), 20e6);
            for (unsigned k = 0; k < n; k++)
                before[k] = w.lines[k].choice;
            run(&w, bps);
            assert_true(total(&w) <= bps);
            unsigned seen = 0;
            for (unsigned k = 0; k < n; k++) {
                struct alloc_line *l = &w.lines[k];
                assert_true(l->choice < (int)l->n);
                seen += l->choice >= 0;
                if (l->choice > before[k]) {
                    assert_true(raised[k] == 0 || w.now - raised[k] >= 5 * S);
                    raised[k] = w.now;
                }
                assert_false(l->choice >= 0 && (l->width == 0 || l->height == 0));
            }
            assert_true(w.a.last_n == 0 || seen <= w.a.last_n);
            w.now += (int64_t)rng_below(&r, 1000000);
        }
        wait(&w, 200, 200e6); /* and in the end everybody has everything */
        unsigned seen = 0;
        for (unsigned k = 0; k < n; k++)
            seen += w.lines[k].choice >= 0 && w.lines[k].choice + 1 == (int)w.lines[k].n;
        unsigned shown = 0;
        for (unsigned k = 0; k < n; k++)
            shown += w.lines[k].width != 0 && w.lines[k].height != 0;
        assert_int_equal(seen, w.a.last_n != 0 ? MIN_OF(shown, w.a.last_n) : shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_that_cost_more_and_show_less_are_left_out),
        cmocka_unit_test(nothing_larger_than_what_is_shown),
        cmocka_unit_test(unknown_sizes_go_by_bits),
        cmocka_unit_test(the_choice_stays_when_rates_are_measured_anew),
        cmocka_unit_test(sound_is_paid_first),
        cmocka_unit_test(everybody_a_little_and_the_rest_to_the_important),
        cmocka_unit_test(only_the_first_n_are_shown),
        cmocka_unit_test(down_at_once_and_up_when_there_has_been_room),
        cmocka_unit_test(a_probe_that_has_shown_it_saves_the_waiting),
        cmocka_unit_test(what_becomes_important_does_not_wait),
        cmocka_unit_test(an_estimate_like_a_saw_does_not_flap),
        cmocka_unit_test(invariants_of_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
