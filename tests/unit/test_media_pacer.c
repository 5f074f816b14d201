/* When packets leave, on virtual time: who goes first, how fast, in which trains, and how probes are filled up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "media/pacer.h"

#define MS    ((int64_t)1000)
#define S     ((int64_t)1000000)
#define BEGIN (1000 * S)
enum { SIZE = 1000 };

static struct pacer begin(double bps, int64_t gather_us)
{
    struct pacer p;
    pacer_init(&p, BEGIN, &(struct pacer_conf){.gather_us = gather_us});
    pacer_set(&p, BEGIN, bps);
    return p;
}

static bool push(struct pacer *p, int64_t now, enum pacer_class c, uint16_t sub, uint32_t ref)
{
    return pacer_push(p, now, c, &(struct pacer_entry){.ref = ref, .sub = sub, .size = SIZE});
}

/* What leaves now, as text: a letter for each class and what it refers to. */
static const char *leave(struct pacer *p, int64_t now)
{
    static char text[4096];
    struct pacer_entry e;
    uint8_t cluster;
    unsigned n = 0;
    for (;;) {
        enum pacer_verdict v = pacer_pop(p, now, &e, &cluster);
        if (v == PACER_NOTHING)
            break;
        assert_true(n < sizeof text - 2);
        text[n++] = v == PACER_PAD ? 'p' : (char)e.ref;
        if (cluster != BWE_PROBE_NONE)
            text[n++] = '*';
    }
    text[n] = '\0';
    return text;
}

static void sound_first_then_what_is_wanted_again_then_pictures_in_order(void **state)
{
    (void)state;
    struct pacer p = begin(80e6, 0); /* a millisecond is 25 packets */
    int64_t now = BEGIN + S;
    assert_int_equal(pacer_deadline(&p), INT64_MAX);
    push(&p, now, PACER_PICTURE, 1, 'a');
    push(&p, now, PACER_PICTURE, 2, 'b');
    push(&p, now, PACER_AGAIN, 1, 'A');
    push(&p, now, PACER_SOUND, 3, '1');
    push(&p, now, PACER_PICTURE, 1, 'c');
    push(&p, now, PACER_AGAIN, 1, 'B');
    push(&p, now, PACER_SOUND, 3, '2');
    assert_int_equal(pacer_deadline(&p), BEGIN);
    assert_string_equal(leave(&p, now), "12ABabc");
    assert_true(pacer_is_empty(&p));
    assert_int_equal(pacer_deadline(&p), INT64_MAX);
    pacer_free(&p);
}

static void what_need_not_wait_takes_the_short_way(void **state)
{
    (void)state;
    struct pacer p = begin(3.2e6, 0); /* a packet a millisecond */
    int64_t now = BEGIN + S;
    uint8_t cluster;
    assert_true(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster));
    assert_int_equal(cluster, BWE_PROBE_NONE);
    assert_true(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster)); /* on credit */
    assert_false(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster));
    assert_true(pacer_pass(&p, now, PACER_SOUND, SIZE, &cluster));
    push(&p, now, PACER_PICTURE, 1, 'a');
    now += 20 * MS;
    assert_false(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster)); /* one waits before it */
    assert_false(pacer_pass(&p, now, PACER_AGAIN, SIZE, &cluster));
    assert_string_equal(leave(&p, now), "a");
    assert_true(pacer_pass(&p, now, PACER_AGAIN, SIZE, &cluster));
    /* It counts for a probe as well. */
    now += 20 * MS;
    pacer_probe(&p, now,
                &(struct bwe_cluster){.bps = 8e6, .bytes = 2 * SIZE, .packets = 2, .id = 9});
    assert_true(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster));
    assert_int_equal(cluster, 9);
    pacer_spent_more(&p, SIZE); /* what was sent instead of padding is large */
    now += 20 * MS;
    assert_true(pacer_pass(&p, now, PACER_PICTURE, SIZE, &cluster));
    assert_int_equal(pacer_deadline(&p), INT64_MAX); /* nothing more for it */
    pacer_free(&p);
}

static void a_burst_of_so_long_may_leave_at_once(void **state)
{
    (void)state;
    struct pacer p;
    uint8_t cluster;
    unsigned n = 0;
    pacer_init(&p, BEGIN, &(struct pacer_conf){.burst_us = 5000});
    pacer_set(&p, BEGIN, 3.2e6);
    while (pacer_pass(&p, BEGIN + S, PACER_PICTURE, SIZE, &cluster))
        n++;
    assert_int_equal(n, 6); /* five, and one on credit */
    pacer_free(&p);
}

static void sound_waits_for_nothing(void **state)
{
    (void)state;
    struct pacer p = begin(30e3, 0);
    for (int64_t now = BEGIN; now < BEGIN + 2 * S;
         now += 5 * MS) { /* much more than there is room for */
        push(&p, now, PACER_PICTURE, 1, 'a');
        push(&p, now, PACER_SOUND, 2, '1');
        assert_true(pacer_deadline(&p) <= now);
        assert_int_equal(leave(&p, now)[0], '1');
    }
    assert_true(pacer_late(&p));
    pacer_set(&p, BEGIN + 2 * S, 1e6);
    assert_string_not_equal(leave(&p, BEGIN + 2 * S + 300 * MS), ""); /* and is forgiven */
    pacer_free(&p);
}

static void pictures_leave_at_the_pace(void **state)
{
    (void)state;
    static const int64_t gather[] = {1000, 5000};
    for (unsigned g = 0; g < 2; g++) {
        struct pacer p = begin(1e6, gather[g]);
        int64_t now = BEGIN, wakes = 0;
        for (int i = 0; i < 100; i++)
            assert_true(push(&p, now, PACER_PICTURE, 1, 'a'));
        assert_int_equal(pacer_wait_us(&p), 320 * MS); /* 100 kB at 2.5 Mbit/s */
        while (!pacer_is_empty(&p)) {
            leave(&p, now);
            wakes++;
            assert_true(pacer_is_empty(&p) || pacer_deadline(&p) > now);
            now = pacer_is_empty(&p) ? now : pacer_deadline(&p);
        }
        assert_in_range(now - BEGIN, 310 * MS, 325 * MS);
        /* A packet is 3.2 ms of that pace, so of 5 ms there are fewer wakes. */
        assert_in_range(wakes, g == 0 ? 95 : 60, g == 0 ? 101 : 70);
        pacer_free(&p);
    }
}

static void trains_are_as_long_as_the_gathering_time(void **state)
{
    (void)state;
    struct pacer p = begin(8e6, 2000); /* 2.5 packets a ms */
    int64_t now = BEGIN + S;
    for (int i = 0; i < 200; i++)
        push(&p, now, PACER_PICTURE, 1, 'a');
    leave(&p, now);
    for (int i = 0; i < 20; i++) {
        assert_in_range(pacer_deadline(&p), now + 2 * MS, now + 2500);
        now = pacer_deadline(&p);
        assert_in_range(strlen(leave(&p, now)), 5, 6);
    }
    pacer_free(&p);
}

static void idle_time_is_not_saved_up(void **state)
{
    (void)state;
    struct pacer p = begin(1e6, 1000);
    int64_t now = BEGIN + 60 * S;
    for (int i = 0; i < 100; i++)
        push(&p, now, PACER_PICTURE, 1, 'a');
    assert_in_range(strlen(leave(&p, now)), 1, 2);
    pacer_free(&p);
}

static void probes_take_media_first_and_padding_then(void **state)
{
    (void)state;
    struct pacer p = begin(300e3, 1000);
    int64_t now = BEGIN + S;
    struct bwe_cluster c = {.bps = 4e6, .bytes = 5000, .packets = 5, .id = 9};
    unsigned bytes = 0, packets = 0, pads = 0;
    push(&p, now, PACER_PICTURE, 1, 'a');
    push(&p, now, PACER_PICTURE, 1, 'b');
    pacer_probe(&p, now, &c);
    while (pacer_deadline(&p) != INT64_MAX) {
        struct pacer_entry e;
        uint8_t cluster;
        now = pacer_deadline(&p) > now ? pacer_deadline(&p) : now;
        enum pacer_verdict v = pacer_pop(&p, now, &e, &cluster);
        if (v == PACER_NOTHING)
            continue;
        assert_int_equal(cluster, 9);
        assert_true(v == PACER_SEND ? packets < 2 : e.size <= 255);
        pads += v == PACER_PAD;
        bytes += e.size;
        packets++;
    }
    assert_in_range(bytes, 5000, 5254);
    assert_int_equal(pads, 12); /* 3,000 bytes of 255 */
    assert_in_range(now - BEGIN - S, 9 * MS, 12 * MS);
    pacer_free(&p);
}

static void what_waits_too_long_is_told(void **state)
{
    (void)state;
    struct pacer p = begin(1e6, 0);
    int64_t now = BEGIN;
    for (int i = 0; i < 78; i++)
        push(&p, now, PACER_PICTURE, 1, 'a');
    assert_false(pacer_late(&p)); /* 250 ms */
    push(&p, now, PACER_PICTURE, 1, 'a');
    assert_true(pacer_late(&p));
    assert_false(pacer_late(&p));
    pacer_set(&p, now, 100e3);
    leave(&p, now);
    leave(&p, now + 300 * MS);
    assert_true(pacer_late(&p)); /* by its age */
    pacer_free(&p);
}

static void a_layer_that_is_given_up_is_dropped(void **state)
{
    (void)state;
    struct pacer p = begin(80e6, 0);
    int64_t now = BEGIN + S;
    for (int i = 0; i < 5; i++) {
        push(&p, now, PACER_PICTURE, 1, 'a');
        push(&p, now, PACER_PICTURE, 2, 'b');
        push(&p, now, PACER_AGAIN, 1, 'A');
    }
    push(&p, now, PACER_SOUND, 1, '1');
    assert_int_equal(pacer_drop(&p, 1), 10);
    assert_int_equal(p.bytes, 5 * SIZE);
    assert_string_equal(leave(&p, now), "1bbbbb");
    push(&p, now, PACER_PICTURE, 3, 'c');
    assert_int_equal(pacer_drop(&p, UINT16_MAX), 1);
    assert_int_equal(p.bytes, 0);
    pacer_free(&p);
}

static void what_is_full_is_full(void **state)
{
    (void)state;
    struct pacer p = begin(30e3, 0);
    for (int i = 0; i < 256; i++)
        assert_true(push(&p, BEGIN, PACER_PICTURE, 1, 'a'));
    pacer_late(&p);
    assert_false(push(&p, BEGIN, PACER_PICTURE, 1, 'b'));
    assert_true(pacer_late(&p));
    assert_int_equal(p.dropped, 1);
    assert_int_equal(p.bytes, 256 * SIZE);
    assert_int_equal(sizeof(struct pacer_entry), 16);
    pacer_free(&p);
}

/* Whatever happens: everything that went in leaves or is dropped, in order, and never faster than the pace. */
static void nothing_is_lost_or_overtakes(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, (const uint8_t[RNG_SEED_SIZE]){3});
    for (int run = 0; run < 100; run++) {
        struct pacer p = begin(1e5 + (double)rng_below(&r, 10000000), (int64_t)rng_below(&r, 5000));
        uint32_t in[PACER_CLASSES] = {0}, out[PACER_CLASSES] = {0};
        int64_t now = BEGIN;
        for (int i = 0; i < 3000 || !pacer_is_empty(&p); i++) {
            enum pacer_class c = (enum pacer_class)rng_below(&r, PACER_CLASSES);
            struct pacer_entry e = {
                .ref = in[c], .flags = (uint8_t)c, .size = (uint16_t)(1 + rng_below(&r, 1200))};
            if (i < 3000 && pacer_push(&p, now, c, &e))
                in[c]++;
            if (rng_below(&r, 300) == 0)
                pacer_set(&p, now, 1e5 + (double)rng_below(&r, 10000000));
            uint8_t cluster;
            while (pacer_pop(&p, now, &e, &cluster) == PACER_SEND) {
                assert_int_equal(e.ref, out[e.flags]);
                out[e.flags]++;
            }
            assert_int_equal(p.ring[PACER_SOUND].n, 0);
            assert_true(pacer_is_empty(&p) || pacer_deadline(&p) > now);
            now += i < 3000 ? (int64_t)rng_below(&r, 2000) : pacer_deadline(&p) - now;
            if (pacer_is_empty(&p) && i >= 3000)
                break;
        }
        assert_memory_equal(in, out, sizeof in);
        assert_int_equal(p.bytes, 0);
        pacer_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_first_then_what_is_wanted_again_then_pictures_in_order),
        cmocka_unit_test(what_need_not_wait_takes_the_short_way),
        cmocka_unit_test(a_burst_of_so_long_may_leave_at_once),
        cmocka_unit_test(sound_waits_for_nothing),
        cmocka_unit_test(pictures_leave_at_the_pace),
        cmocka_unit_test(trains_are_as_long_as_the_gathering_time),
        cmocka_unit_test(idle_time_is_not_saved_up),
        cmocka_unit_test(probes_take_media_first_and_padding_then),
        cmocka_unit_test(what_waits_too_long_is_told),
        cmocka_unit_test(a_layer_that_is_given_up_is_dropped),
        cmocka_unit_test(what_is_full_is_full),
        cmocka_unit_test(nothing_is_lost_or_overtakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
