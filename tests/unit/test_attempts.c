/* Growing delays, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/util.h"
#include "domain/attempts.h"

#define SECOND INT64_C(1000000)

static struct attempts a;
static const struct attempt mina = {7, STR_INIT("mina"), true}, other = {8, STR_INIT("mina"), true},
                            jun = {7, STR_INIT("jun"), true};

static int setup(void **state)
{
    (void)state;
    attempts_init(&a, &(struct hash_key){1, 2});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attempts_free(&a);
    return 0;
}

static void fail_times(int64_t now, const struct attempt *who, int n)
{
    while (n-- > 0)
        attempts_begin(&a, now, who);
}

static void test_grows(void **state)
{
    (void)state;
    fail_times(0, &mina, 4);
    assert_int_equal(attempts_wait(&a, 0, &mina, false), 0);
    int64_t now = 0, expected = 1000;
    for (int i = 0; i < 12; i++) {
        attempts_begin(&a, now, &mina);
        int64_t wait = attempts_wait(&a, now, &mina, true);
        assert_int_equal(wait, expected);
        assert_int_equal(attempts_wait(&a, now + 1000 * wait - 1, &mina, true), 1);
        now += 1000 * wait;
        assert_int_equal(attempts_wait(&a, now, &mina, true), 0);
        expected = MIN_OF(expected * 2, 300000);
    }
}

static void test_nobody_else_is_locked_out(void **state)
{
    (void)state;
    fail_times(0, &mina, 29);
    assert_true(attempts_wait(&a, 0, &mina, false) > 0);
    assert_int_equal(attempts_wait(&a, 0, &other, false), 0); /* from elsewhere */
    assert_int_equal(attempts_wait(&a, 0, &jun, false), 0);   /* somebody else from there */
    fail_times(0, &mina, 1);
    assert_true(attempts_wait(&a, 0, &jun, false) > 0);    /* now the address guesses */
    assert_int_equal(attempts_wait(&a, 0, &jun, true), 0); /* but it is jun's own, too */
}

static void test_many_addresses(void **state)
{
    (void)state;
    for (uint64_t i = 100; i < 160; i++)
        fail_times(0, &(struct attempt){i, STR("mina"), true}, 1);
    assert_true(attempts_wait(&a, 0, &other, false) > 0);
    assert_true(attempts_wait(&a, 0, &other, false) <= 60000);
    assert_int_equal(attempts_wait(&a, 0, &other, true), 0); /* signed in from there before */
    assert_int_equal(attempts_wait(&a, 0, &jun, false), 0);
}

static void test_good_and_undone(void **state)
{
    (void)state;
    fail_times(0, &mina, 6);
    attempts_good(&a, &mina);
    assert_int_equal(attempts_wait(&a, 0, &mina, false), 0);
    fail_times(0, &mina, 5);
    attempts_undo(&a, &mina);
    assert_int_equal(attempts_wait(&a, 0, &mina, false), 0);
    fail_times(0, &mina, 1);
    assert_true(attempts_wait(&a, 0, &mina, false) > 0);
}

static void test_forgets(void **state)
{
    (void)state;
    fail_times(0, &mina, 20);
    assert_true(attempts_wait(&a, 0, &mina, false) > 0);
    assert_int_equal(attempts_wait(&a, 3600 * SECOND, &mina, false), 0);
    fail_times(3600 * SECOND, &mina, 1);
    assert_int_equal(attempts_wait(&a, 3600 * SECOND, &mina, false), 0);
}

/* A flood of names takes no more memory than the cap. */
static void test_bounded(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 100000; i++) {
        char name[32];
        int n = snprintf(name, sizeof name, "n%llu", (unsigned long long)i);
        attempts_begin(&a, (int64_t)i, &(struct attempt){i, str_of(name, (size_t)n), true});
    }
    assert_true(a.counts.n <= 65536 + 3);
    attempts_begin(&a, 7200 * SECOND, &mina);
    assert_int_equal(a.counts.n, 3);
}

static void test_kept(void **state)
{
    struct attempt_kept kept[4];
    (void)state;
    for (uint64_t i = 100; i < 160; i++) {
        fail_times(0, &(struct attempt){i, STR("mina"), true}, 1);
        fail_times(0, &(struct attempt){i, STR("a room"), false}, 1);
    }
    fail_times(SECOND, &jun, 24); /* too few */
    assert_int_equal(attempts_save(&a, 2 * SECOND, kept, ARRAY_LEN(kept)), 1);
    assert_int_equal(kept[0].failures, 60);
    assert_int_equal(kept[0].ago_us, 2 * SECOND);
    assert_int_equal(attempts_save(&a, 3600 * SECOND, kept, ARRAY_LEN(kept)), 0);
    teardown(NULL);
    setup(NULL);
    attempts_load(&a, 10 * SECOND, &kept[0]);
    assert_true(attempts_wait(&a, 10 * SECOND, &other, false) > 0);
    assert_int_equal(attempts_wait(&a, 10 * SECOND, &other, true), 0); /* known there */
    assert_int_equal(attempts_wait(&a, 10 * SECOND, &jun, false), 0);
    assert_int_equal(attempts_wait(&a, (8 + 3600) * SECOND, &other, false), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_grows),   T(test_nobody_else_is_locked_out), T(test_many_addresses), T(test_bounded),
        T(test_forgets), T(test_good_and_undone),           T(test_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
