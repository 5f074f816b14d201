/* Who speaks, by made-up conversations on virtual time: turns, coughs, noise, silence, and more people than are
 * heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/crypto.h"
#include "media/speaker.h"

#define MS ((int64_t)1000)
#define S  ((int64_t)1000000)
enum { PEOPLE = 40, VOICE = 25, ROOM = 68, QUIET = 127 }; /* -dBov */

struct world {
    struct speakers s;
    struct speaker p[PEOPLE];
    unsigned level[PEOPLE]; /* about; QUIET: sends nothing */
    bool heard[PEOPLE];     /* the last packet */
    struct rng rng;
    int64_t now;
    unsigned n;
};

static void begin(struct world *w, unsigned n, unsigned loudest, uint8_t seed)
{
    memset(w, 0, sizeof *w);
    w->now = 1000 * S;
    w->n = n;
    rng_init(&w->rng, (const uint8_t[RNG_SEED_SIZE]){seed});
    speakers_init(&w->s, PEOPLE, loudest);
    for (unsigned i = 0; i < n; i++) {
        assert_true(speakers_add(&w->s, &w->p[i], w));
        w->level[i] = ROOM;
    }
}

/* Speech has syllables: a third of its packets is much weaker. */
static unsigned level(struct world *w, unsigned i)
{
    unsigned l = w->level[i];
    if (l < 50 && rng_below(&w->rng, 3) == 0)
        l += 20;
    l += (unsigned)rng_below(&w->rng, 7);
    return l < 127 ? l : 127;
}

/* 20 ms of everybody. */
static void step(struct world *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        if (w->level[i] != QUIET)
            w->heard[i] = speakers_level(&w->s, w->now, &w->p[i], level(w, i), false);
    }
    if (w->now / (20 * MS) % 10 == 0)
        speakers_tick(&w->s, w->now);
    w->now += 20 * MS;
    assert_true(w->s.n_top <= w->s.top_max);
}

static void talk(struct world *w, unsigned who, double seconds)
{
    w->level[who] = VOICE;
    for (int i = 0; i < (int)(seconds * 50); i++)
        step(w);
    w->level[who] = ROOM;
}

static void wait(struct world *w, double seconds)
{
    for (int i = 0; i < (int)(seconds * 50); i++)
        step(w);
}

/* Which of them; -1: none. */
static int dominant(const struct world *w)
{
    return w->s.dominant == NULL ? -1 : (int)(w->s.dominant - w->p);
}

/* ---- The dominant one ---- */

static void who_speaks_dominates_and_silence_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 4, 0, 1);
    wait(&w, 5);
    assert_int_equal(dominant(&w), -1); /* noise is nobody */
    talk(&w, 2, 1.5);
    assert_int_equal(dominant(&w), 2);
    wait(&w, 60);
    assert_int_equal(dominant(&w), 2);
    assert_int_equal(w.s.changes, 1);
    talk(&w, 0, 1.5);
    assert_int_equal(dominant(&w), 0);
    w.level[0] = QUIET; /* sends no packets at all */
    wait(&w, 3);
    talk(&w, 1, 1.5);
    assert_int_equal(dominant(&w), 1);
    speakers_free(&w.s);
}

static void a_cough_or_a_yes_takes_nothing_over(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3, 0, 2);
    talk(&w, 0, 10);
    for (int i = 0; i < 10; i++) {
        w.level[0] = VOICE + 5;
        talk(&w, 1 + (unsigned)i % 2, 0.3);
        talk(&w, 0, 2);
        assert_int_equal(dominant(&w), 0);
    }
    for (int i = 0; i < 10; i++) { /* nor where it is quiet */
        wait(&w, 3.06);
        talk(&w, 1, 0.24);
        assert_int_equal(dominant(&w), 0);
    }
    assert_int_equal(w.s.changes, 1);
    speakers_free(&w.s);
}

static void who_is_louder_for_a_moment_takes_nothing_over(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3, 0, 11);
    w.level[0] = 45;
    wait(&w, 20);
    assert_int_equal(dominant(&w), 0);
    talk(&w, 1, 1.2);
    assert_int_equal(dominant(&w), 0);
    wait(&w, 5);
    talk(&w, 1, 5); /* but for good */
    assert_int_equal(dominant(&w), 1);
    speakers_free(&w.s);
}

static void who_interrupts_and_goes_on_takes_over(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3, 0, 3);
    talk(&w, 0, 20);
    int64_t from = w.now;
    while (dominant(&w) != 1 && w.now - from < 10 * S) { /* the other one has stopped */
        w.level[1] = VOICE;
        step(&w);
    }
    assert_in_range(w.now - from, 300 * MS, 1600 * MS);
    speakers_free(&w.s);
}

static void noise_that_goes_on_is_no_speech(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3, 0, 4);
    w.level[1] = 52; /* a fan */
    wait(&w, 40);
    assert_true(w.now - w.p[1].speech_us > 5 * S);
    talk(&w, 0, 2);
    assert_int_equal(dominant(&w), 0);
    wait(&w, 30);
    assert_int_equal(dominant(&w), 0);
    w.level[1] = 30; /* over it, one is still heard */
    wait(&w, 2);
    assert_int_equal(dominant(&w), 1);
    speakers_free(&w.s);
}

/* Turns of 2 to 15 s with pauses in them, and short words of others meanwhile. */
static void a_conversation_is_followed(void **state)
{
    (void)state;
    for (uint8_t seed = 10; seed < 20; seed++) {
        struct world w;
        begin(&w, 6, 0, seed);
        uint64_t right = 0, all = 0, turns = 0;
        unsigned last = 9;
        for (int turn = 0; turn < 60; turn++) {
            unsigned who = (unsigned)rng_below(&w.rng, 6);
            turns += who != last;
            last = who;
            unsigned steps = 100 + (unsigned)rng_below(&w.rng, 650);
            for (unsigned i = 0; i < steps; i++) {
                unsigned other = (who + 1) % 6;
                w.level[who] = i % 150 < 125 ? VOICE : ROOM;
                w.level[other] = i % 200 < 15 ? VOICE : ROOM;
                step(&w);
                right += dominant(&w) == (int)who;
                all++;
            }
            for (unsigned i = 0; i < 6; i++)
                w.level[i] = ROOM;
            wait(&w, 0.3);
        }
        assert_true((double)right / (double)all > 0.85);
        assert_true(w.s.changes <= turns + turns / 5);
        speakers_free(&w.s);
    }
}

/* ---- The loudest ---- */

static void few_people_are_all_heard(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 8, 0, 5);
    wait(&w, 1);
    for (unsigned i = 0; i < 8; i++)
        assert_true(w.heard[i]);
    speakers_free(&w.s);
}

static void no_word_is_cut_at_its_beginning(void **state)
{
    (void)state;
    struct world w;
    begin(&w, PEOPLE, 8, 6);
    wait(&w, 2);
    for (unsigned i = 0; i < 7; i++)
        w.level[i] = VOICE;
    wait(&w, 3);
    for (int round = 0; round < 200; round++) { /* seven speak, and one after the other a word */
        unsigned who = 7 + (unsigned)rng_below(&w.rng, PEOPLE - 7);
        bool was_quiet = round % 2 != 0;
        w.level[who] = was_quiet ? QUIET : ROOM;
        wait(&w, 0.7);
        w.level[who] = VOICE;
        unsigned unheard = 0;
        for (int i = 0; i < 25; i++) {
            step(&w);
            unheard += !w.heard[who];
        }
        assert_in_range(unheard, 0, 1);
        w.level[who] = ROOM;
        for (unsigned i = 0; i < 7; i++)
            assert_true(w.heard[i]);
    }
    speakers_free(&w.s);
}

static void when_too_many_speak_places_do_not_flap(void **state)
{
    (void)state;
    struct world w;
    begin(&w, PEOPLE, 8, 7);
    for (unsigned i = 0; i < 20; i++)
        w.level[i] = VOICE;
    wait(&w, 5);
    uint64_t before = w.s.swaps;
    wait(&w, 60);
    assert_in_range(w.s.swaps - before, 0, 60);
    w.level[30] = 5; /* but one shouts */
    wait(&w, 0.2);
    assert_true(w.heard[30]);
    speakers_free(&w.s);
}

static void a_place_that_was_taken_is_kept_for_a_while(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2, 1, 12);
    w.level[0] = 40;
    wait(&w, 3);
    assert_true(w.heard[0]);
    w.level[1] = 20;
    wait(&w, 0.2);
    assert_true(w.heard[1] && !w.heard[0]);
    w.level[0] = 2;
    wait(&w, 0.6);
    assert_true(w.heard[1] && !w.heard[0]);
    wait(&w, 0.6);
    assert_true(w.heard[0] && !w.heard[1]);
    speakers_free(&w.s);
}

static void the_list_has_the_loudest_first(void **state)
{
    (void)state;
    struct world w;
    struct speaker *out[4];
    begin(&w, 6, 0, 8);
    wait(&w, 1);
    assert_int_equal(speakers_list(&w.s, w.now, out, 4), 0);
    w.level[3] = 20;
    w.level[1] = 40;
    w.level[5] = 12;
    wait(&w, 1);
    assert_int_equal(speakers_list(&w.s, w.now, out, 4), 3);
    assert_ptr_equal(out[0], &w.p[5]);
    assert_ptr_equal(out[1], &w.p[3]);
    assert_ptr_equal(out[2], &w.p[1]);
    assert_int_equal(speakers_list(&w.s, w.now, out, 2), 2);
    assert_ptr_equal(out[0], &w.p[5]);
    speakers_free(&w.s);
}

static void who_has_no_levels_is_heard(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 20, 4, 9);
    wait(&w, 2);
    for (int i = 0; i < 10; i++, w.now += 20 * MS)
        assert_true(speakers_level(&w.s, w.now, &w.p[19], SPEAKER_UNKNOWN, false));
    speakers_free(&w.s);
}

static void people_come_and_go(void **state)
{
    (void)state;
    struct world w;
    begin(&w, PEOPLE, 8, 10);
    struct speaker one;
    assert_false(speakers_add(&w.s, &one, NULL)); /* full */
    bool in[PEOPLE];
    memset(in, 1, sizeof in);
    for (int i = 0; i < 20000; i++) {
        unsigned k = (unsigned)rng_below(&w.rng, PEOPLE);
        if (rng_below(&w.rng, 50) == 0) {
            if (in[k])
                speakers_remove(&w.s, &w.p[k]);
            else
                assert_true(speakers_add(&w.s, &w.p[k], NULL));
            in[k] = !in[k];
        } else if (in[k]) {
            speakers_level(&w.s, w.now, &w.p[k], (unsigned)rng_below(&w.rng, 129),
                           rng_below(&w.rng, 2) != 0);
        }
        if (i % 10 == 0)
            speakers_tick(&w.s, w.now);
        w.now += (int64_t)rng_below(&w.rng, 5000);
        unsigned loudest = 0;
        for (unsigned q = 0; q < PEOPLE; q++)
            loudest += in[q] && w.p[q].loudest;
        assert_int_equal(loudest, w.s.n_top);
        assert_true(w.s.n_top <= 8);
        assert_true(w.s.dominant == NULL || in[dominant(&w)]);
    }
    speakers_free(&w.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_speaks_dominates_and_silence_changes_nothing),
        cmocka_unit_test(a_cough_or_a_yes_takes_nothing_over),
        cmocka_unit_test(who_is_louder_for_a_moment_takes_nothing_over),
        cmocka_unit_test(who_interrupts_and_goes_on_takes_over),
        cmocka_unit_test(noise_that_goes_on_is_no_speech),
        cmocka_unit_test(a_conversation_is_followed),
        cmocka_unit_test(few_people_are_all_heard),
        cmocka_unit_test(no_word_is_cut_at_its_beginning),
        cmocka_unit_test(when_too_many_speak_places_do_not_flap),
        cmocka_unit_test(a_place_that_was_taken_is_kept_for_a_while),
        cmocka_unit_test(the_list_has_the_loudest_first),
        cmocka_unit_test(who_has_no_levels_is_heard),
        cmocka_unit_test(people_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
