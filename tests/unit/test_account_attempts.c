/* Guessing goes on where it was after a restart, and still nobody is kept out of where they have been. */
#include "account_world.h"

static void guesses(struct world *w, unsigned from, unsigned n)
{
    struct browser b = {.has_cookie = false};
    char addr[32];
    for (unsigned i = from; i < from + n; i++) {
        snprintf(addr, sizeof addr, "198.51.100.%u", i);
        w->addr_key = 1000 + i;
        w->addr = addr;
        sign_in(w, &b, "mina", "wrong");
    }
}

static const char *right(struct world *w, uint64_t addr_key, const char *addr)
{
    struct browser b = {.has_cookie = false};
    w->addr_key = addr_key;
    w->addr = addr;
    return sign_in(w, &b, "mina", PW);
}

static void restart(struct world *w)
{
    db_inline_answer(&w->db, world_db_answered, w);
    w->next_conn++; /* another seed: no token comes twice */
    world_again(w);
}

static void test_a_restart_forgives_no_guessing(void **state)
{
    (void)state;
    struct world *w = open_world();
    person(w, "mina");
    guesses(w, 0, 51);
    world_pass(w, 5 * SECOND); /* written, and what was to wait is over */
    guesses(w, 51, 4);
    world_pass(w, 5 * SECOND);
    restart(w);
    guesses(w, 55, 1); /* the first one who tries has it read */
    assert_has(right(w, 5, "203.0.113.5"), "'code':'rate'");
    assert_has(right(w, 7, NULL), "{'user':"); /* not where she has been */
    world_pass(w, 3601 * SECOND);
    restart(w);
    guesses(w, 56, 1);
    assert_has(right(w, 5, "203.0.113.5"), "{'user':"); /* an hour forgets it, also then */
    world_free(w);
}

/* Two halves of a guess, and what is written when the server is stopped. */
static void test_guesses_before_and_after_add_up(void **state)
{
    (void)state;
    struct world *w = open_world();
    person(w, "mina");
    guesses(w, 0, 26);
    domain_drain(w->d, w->now, w->wall);
    restart(w);
    guesses(w, 26, 26);
    assert_has(right(w, 5, "203.0.113.5"), "'code':'rate'");
    world_free(w);
}

/* People mistype: that is not written at all, and is forgiven. */
static void test_few_are_not_kept(void **state)
{
    (void)state;
    struct world *w = open_world();
    person(w, "mina");
    guesses(w, 0, 24);
    assert_false(w->d->attempts.changed);
    restart(w);
    guesses(w, 24, 26);
    assert_has(right(w, 5, "203.0.113.5"), "{'user':");
    world_free(w);
}

static int64_t rest(struct world *w)
{
    return domain_deadline(w->d) - w->now;
}

/* However fast somebody guesses: once in five seconds. */
static void test_written_seldom(void **state)
{
    (void)state;
    struct world *w = open_world();
    person(w, "mina");
    guesses(w, 0, 40);
    world_pass(w, SECOND);
    int64_t at = w->d->attempts_written;
    assert_true(at > 0);
    guesses(w, 40, 3);
    assert_true(w->d->attempts.changed);
    assert_true(rest(w) > 0);
    world_pass(w, 3 * SECOND);
    assert_int_equal(w->d->attempts_written, at);
    world_pass(w, 2 * SECOND);
    assert_int_equal(w->d->attempts_written, at + 5 * SECOND);
    assert_false(w->d->attempts.changed);
    world_free(w);
}

/* What is in the table is believed only where it makes sense. */
static void test_what_is_no_line(void **state)
{
    (void)state;
    struct world *w = open_world();
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "x",
                                        "1 2",
                                        "1 2 3",
                                        "1 -2 3\n",
                                        "1 99999999999 3",
                                        "18446744073709551616 1 1",
                                        "7 60 9223372036854775807\n"};
    person(w, "mina");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        w->d->attempts.changed = false;
        OUTSIDE(w, DB_SETTING_SET, VAL_T(STR("attempts")), VAL_T(str_from(texts[i])));
        restart(w);
        assert_has(right(w, 5, "203.0.113.5"), "{'user':");
        assert_int_equal(w->d->attempts.counts.n, i + 1 == ARRAY_LEN(texts)); /* whose nobody is */
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restart_forgives_no_guessing),
        cmocka_unit_test(test_guesses_before_and_after_add_up),
        cmocka_unit_test(test_few_are_not_kept),
        cmocka_unit_test(test_written_seldom),
        cmocka_unit_test(test_what_is_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
