/* mem, err, str */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static void test_try_alloc_fails_where_told(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 4; n++) {
        mem_fail_at(n);
        for (uint64_t i = 1; i <= 4; i++) {
            void *p = i % 2 ? mem_try_alloc(8) : mem_try_realloc(NULL, 8);
            assert_true((p == NULL) == (i == n));
            xfree(p);
        }
        assert_int_equal(mem_try_count(), 4);
    }
    mem_fail_at(0);
    void *p = mem_try_alloc(0);
    assert_non_null(p);
    xfree(p);
    assert_int_equal(mem_try_count(), 1);
}

static void test_failed_realloc_keeps_block(void **state)
{
    (void)state;
    char *p = mem_try_alloc(4);
    memcpy(p, "abc", 4);
    mem_fail_at(1);
    assert_null(mem_try_realloc(p, 400));
    assert_string_equal(p, "abc");
    xfree(p);
}

/* Runs f in a child; what it wrote to stderr comes back in text, its wait status as the result. */
static int in_child(void (*f)(void), char *text, size_t cap)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* not cmocka's */
        dup2(ends[1], STDERR_FILENO);
        f();
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], text, cap - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void ask_too_much(void)
{
    volatile size_t many = SIZE_MAX / 2;
    xfree(xrealloc_array(NULL, many, 16));
}

static void test_out_of_memory_aborts_with_a_message(void **state)
{
    (void)state;
    char text[256];
    int status = in_child(ask_too_much, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "madang: out of memory"));
}

static void test_x_functions(void **state)
{
    (void)state;
    uint8_t *p = xcalloc(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(p[i], 0);
    p = xrealloc(p, 100);
    p = xrealloc_array(p, 50, 4);
    xfree(p);
    char *z = xstrdup("madang");
    assert_string_equal(z, "madang");
    xfree(z);
    xfree(xmalloc(0));
}

static void test_err_names(void **state)
{
    (void)state;
    assert_int_equal(ERR_OK, 0);
    assert_string_equal(err_name(ERR_OK), "ok");
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_name(-1000), "unknown");
#define X(sym, value, name) assert_true((value) <= 0 && err_name(value) == err_name(ERR_##sym));
    ERR_TABLE(X)
#undef X
}

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_from("abc")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("@"), STR("`"))); /* 0x40 and 0x60: no letters */
    assert_true(str_starts(STR("turn:a"), STR("turn:")));
    assert_false(str_starts(STR("tur"), STR("turn:")));
    assert_true(str_starts_nocase(STR("TURN:a"), STR("turn:")));
    assert_true(str_ends(STR("a.html"), STR(".html")));
    assert_false(str_ends(STR("html"), STR(".html")));
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("ab"), STR("a")) > 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
}

static void test_find_and_cut(void **state)
{
    (void)state;
    struct str head, tail;
    assert_int_equal(str_chr(STR("a:b"), ':'), 1);
    assert_int_equal(str_chr(STR_NONE, ':'), STR_NPOS);
    assert_int_equal(str_find(STR("abcd"), STR("cd")), 2);
    assert_int_equal(str_find(STR("abcd"), STR("ce")), STR_NPOS);
    assert_int_equal(str_find(STR_NONE, STR("x")), STR_NPOS);
    assert_int_equal(str_find(STR("x"), STR("")), 0);
    assert_true(str_eq(str_trim(STR(" \t a b\r\n ")), STR("a b")));
    assert_true(str_eq(str_trim(STR(" \t ")), STR("")));
    assert_true(str_split_once(STR("k=v=w"), '=', &head, &tail));
    assert_true(str_eq(head, STR("k")) && str_eq(tail, STR("v=w")));
    assert_true(str_split_once(STR("="), '=', &head, &tail));
    assert_true(head.n == 0 && tail.n == 0);
    assert_false(str_split_once(STR("kv"), '=', &head, &tail));
    assert_true(str_eq(head, STR("kv")) && tail.n == 0);
    assert_true(str_eq(str_skip(STR("abc"), 2), STR("c")));
    assert_int_equal(str_skip(STR("abc"), 9).n, 0);
    assert_true(str_eq(str_head(STR("abc"), 9), STR("abc")));
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "1a",
                                      "\xEF\xBC\x91"};
    uint64_t v = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_to_u64(str_from(bad[i]), UINT64_MAX, &v));
    assert_false(str_to_u64(STR("101"), 100, &v));
    assert_false(str_to_u64(STR_NONE, 100, &v));
    assert_int_equal(v, 7);
    assert_true(str_to_u64(STR("100"), 100, &v) && v == 100);
    assert_true(str_to_u64(STR("0007"), 100, &v) && v == 7);
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &v) && v == UINT64_MAX);
}

static void test_copies(void **state)
{
    (void)state;
    char out[4] = "zzz";
    char *z = str_dup(str_of("abcdef", 3));
    assert_string_equal(z, "abc");
    xfree(z);
    z = str_dup(STR_NONE);
    assert_string_equal(z, "");
    xfree(z);
    assert_true(str_copy(STR("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(str_copy(STR("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(str_copy(STR("a\0b"), out, sizeof out));
    assert_false(str_copy(STR("a"), out, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_try_alloc_fails_where_told),
        cmocka_unit_test(test_failed_realloc_keeps_block),
        cmocka_unit_test(test_out_of_memory_aborts_with_a_message),
        cmocka_unit_test(test_x_functions),
        cmocka_unit_test(test_err_names),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_find_and_cut),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
