/* Media and handshakes share a worker's rounds: neither starves. Rounds are counted, no time goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "app/shake_turn.h"

enum { FLIGHTS = 2, COST_US = 400, COMERS = 100 };

struct day {
    unsigned rounds;
    int64_t media_us, shakes_us, longest_us; /* longest_us: what handshakes added to one round */
};

/* So many come at once; each flight is one datagram that costs as much, and the next one comes a round later. Each round
 * has as much media. */
static struct day live(int64_t media_us, unsigned comers)
{
    struct day d = {0};
    int64_t took_us = media_us;
    unsigned waiting[FLIGHTS + 1] = {comers};
    while (waiting[FLIGHTS] < comers) {
        int64_t spent_us = 0, may_us = shake_turn_us(took_us);
        unsigned next[FLIGHTS + 1] = {0};
        for (int i = FLIGHTS - 1; i >= 0; i--) {
            for (; waiting[i] > 0 && spent_us < may_us; waiting[i]--, next[i + 1]++)
                spent_us += COST_US;
        }
        for (int i = 0; i <= FLIGHTS; i++)
            waiting[i] += next[i];
        took_us = media_us + spent_us;
        d.rounds++;
        d.media_us += media_us;
        d.shakes_us += spent_us;
        d.longest_us = spent_us > d.longest_us ? spent_us : d.longest_us;
    }
    return d;
}

static void media_is_held_up_by_no_more_than_a_millisecond(void **state)
{
    (void)state;
    for (int64_t media_us = 50; media_us <= 9000; media_us += 50)
        assert_in_range(live(media_us, COMERS).longest_us, COST_US, SHAKE_TURN_US + COST_US);
}

static void or_by_a_tenth_where_rounds_are_long(void **state)
{
    (void)state;
    for (int64_t media_us = 10000; media_us <= 450000; media_us += 10000) {
        struct day d = live(media_us, COMERS);
        assert_true(d.shakes_us * 8 <= d.media_us + 8 * d.rounds * COST_US);
        assert_true(d.longest_us <= SHAKE_TURN_MAX_US + COST_US);
    }
}

/* With a millisecond of each round, as it once was, these would be 67 rounds, half a minute. */
static void whoever_comes_while_there_is_too_much_media_gets_in(void **state)
{
    (void)state;
    assert_in_range(live(450000, COMERS).rounds, FLIGHTS, 3);
    assert_in_range(live(100000, COMERS).rounds, FLIGHTS, 9);
    assert_in_range(live(20000, COMERS).rounds, FLIGHTS, 40);
    assert_in_range(live(450000, 1).rounds, FLIGHTS, FLIGHTS);
}

static void no_round_is_too_short_or_too_long_for_it(void **state)
{
    (void)state;
    assert_int_equal(shake_turn_us(0), SHAKE_TURN_US);
    assert_int_equal(shake_turn_us(10000), SHAKE_TURN_US);
    assert_int_equal(shake_turn_us(20000), 2000);
    assert_int_equal(shake_turn_us(3600 * INT64_C(1000000)), SHAKE_TURN_MAX_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_is_held_up_by_no_more_than_a_millisecond),
        cmocka_unit_test(or_by_a_tenth_where_rounds_are_long),
        cmocka_unit_test(whoever_comes_while_there_is_too_much_media_gets_in),
        cmocka_unit_test(no_round_is_too_short_or_too_long_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
