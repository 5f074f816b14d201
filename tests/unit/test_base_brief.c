#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/brief.h"

enum { BLOCKS = 3000, BIG = 10000 };

static size_t size_of(unsigned i)
{
    return 1 + (i * 7919) % 9000; /* all classes, and some from malloc */
}

static void blocks_keep_what_is_in_them(void **state)
{
    (void)state;
    static uint8_t *p[BLOCKS];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            p[i] = brief_alloc(size_of(i));
            assert_int_equal((uintptr_t)p[i] % 16, 0);
            memset(p[i], (int)(i & 255), size_of(i));
        }
        for (unsigned k = 0; k < BLOCKS; k++) {
            unsigned i = (k * 1237) % BLOCKS; /* in another order */
            for (size_t b = 0; b < size_of(i); b++) {
                assert_int_equal(p[i][b], i & 255);
            }
            brief_free(p[i], size_of(i));
        }
    }
    brief_free(NULL, 10);
}

static void empty_slabs_are_given_back(void **state)
{
    (void)state;
    static void *p[BIG];
    brief_trim();
    assert_int_equal(brief_held(), 0);
    for (unsigned i = 0; i < BIG; i++) {
        p[i] = brief_alloc(3000);
    }
    size_t full = brief_held();
    for (unsigned i = 0; i < BIG; i++) {
        brief_free(p[i], 3000);
    }
    assert_true(brief_held() <= full / 2);
    for (unsigned i = 0; i < 100; i++) { /* an empty one serves another size */
        size_t before = brief_held();
        brief_free(brief_alloc(700), 700);
        assert_true(brief_held() <= before);
    }
    brief_trim();
    assert_int_equal(brief_held(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_keep_what_is_in_them),
        cmocka_unit_test(empty_slabs_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
