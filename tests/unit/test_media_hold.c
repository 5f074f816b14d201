/* How long pictures are held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/hold.h"

enum { SECOND = 1000000, RTT_US = 100000 };

static void losses_and_the_way_say_how_long(void **state)
{
    (void)state;
    assert_int_equal(hold_need_ms(0, RTT_US), 0);
    assert_int_equal(hold_need_ms(4, RTT_US), 0); /* so few that they are not worth a delay */
    unsigned once = hold_need_ms(50, RTT_US), twice = hold_need_ms(200, RTT_US);
    assert_in_range(once, 120, 180);
    assert_in_range(twice, once + 100, once + 150);
    assert_true(hold_need_ms(50, 3 * RTT_US) >= once + 200);
    assert_int_equal(hold_need_ms(200, 50 * RTT_US), HOLD_MAX_MS);
}

static void it_rises_at_once_and_falls_slowly(void **state)
{
    (void)state;
    struct hold h = {0};
    int64_t now = SECOND;
    hold_update(&h, now, 0);
    assert_false(h.told);
    hold_update(&h, now, 160);
    assert_int_equal(h.ms, 160);
    hold_update(&h, now, 170); /* hardly more */
    assert_int_equal(h.ms, 160);
    hold_update(&h, now, 300);
    assert_int_equal(h.ms, 300);
    hold_update(&h, now + 9 * SECOND, 0);
    assert_int_equal(h.ms, 300);
    hold_update(&h, now + 9 * SECOND, 290);
    hold_update(&h, now + 18 * SECOND, 0);
    assert_int_equal(h.ms, 300);
    hold_update(&h, now + 20 * SECOND, 160);
    assert_int_equal(h.ms, 160);
    hold_update(&h, now + 31 * SECOND, 0);
    assert_int_equal(h.ms, 0);
    assert_true(h.told); /* whoever was told of more has to be told of less */
    hold_update(&h, now, 10000);
    assert_int_equal(h.ms, HOLD_MAX_MS);
}

/* http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: 12 bits of least, 12 of most, in 10 ms. */
static void it_is_written_in_hundredths_of_a_second(void **state)
{
    (void)state;
    struct hold h = {.ms = 165};
    uint8_t v[HOLD_SIZE];
    hold_write(&h, v);
    assert_int_equal(v[0] << 4 | v[1] >> 4, 17);
    assert_int_equal((v[1] & 15) << 8 | v[2], 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_and_the_way_say_how_long),
        cmocka_unit_test(it_rises_at_once_and_falls_slowly),
        cmocka_unit_test(it_is_written_in_hundredths_of_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
