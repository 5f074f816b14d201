/* log, count, clock */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/util.h"

static FILE *sink;
static char text[256 * 1024];

static int open_sink(void **state)
{
    (void)state;
    sink = tmpfile();
    log_set_fd(fileno(sink));
    log_set_level(LOG_LEVEL_DEBUG);
    log_set_format(LOG_FORMAT_TEXT);
    return sink ? 0 : -1;
}

static int close_sink(void **state)
{
    (void)state;
    log_set_fd(STDERR_FILENO);
    log_set_level(LOG_LEVEL_INFO);
    return fclose(sink);
}

/* All that was logged since the last call, without the time of the first line. */
static const char *logged(void)
{
    ssize_t n = pread(fileno(sink), text, sizeof text - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(fileno(sink), 0), 0);
    lseek(fileno(sink), 0, SEEK_SET);
    return n >= 25 && text[0] == '2' ? text + 25 : text;
}

static void test_text_lines(void **state)
{
    (void)state;
    log_info("ws", "7f3k", "closed: %s", "going away");
    assert_string_equal(logged(), "info  ws 7f3k: closed: going away\n");
    log_error("main", NULL, "port %d is taken", 8443);
    assert_string_equal(logged(), "error main: port 8443 is taken\n");
    log_warn("x", NULL, "\xEB\xA7\x88\xEB\x8B\xB9");
    assert_string_equal(logged(), "warn  x: \xEB\xA7\x88\xEB\x8B\xB9\n");
    assert_int_equal(strlen(text), 25 + 16);
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
}

static void test_levels(void **state)
{
    (void)state;
    enum log_level level;
    log_set_level(LOG_LEVEL_WARN);
    log_info("x", NULL, "not this");
    log_debug("x", NULL, "nor this");
    log_warn("x", NULL, "this");
    assert_string_equal(logged(), "warn  x: this\n");
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
        assert_true(log_level_parse(str_from(log_level_name((enum log_level)i)), &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse(STR("Info"), &level));
    assert_false(log_level_parse(STR(""), &level));
}

/* Whatever is in a value: one line, nothing that a terminal obeys. */
static void test_no_injection(void **state)
{
    (void)state;
    log_info("x", "a\nb",
             "1\r\n2026-01-01T00:00:00.000Z error x: forged \x1B[2J \x7F \\ \"q\" \xC2\x9B"
             " \xE2\x80\xAE \xE2\x80\xA8 \xFF\xC3");
    assert_string_equal(logged(),
                        "info  x a\\nb: 1\\x0d\\n2026-01-01T00:00:00.000Z error x: forged \\x1b[2J "
                        "\\x7f \\\\ \"q\" \\x9b \\u202e \\u2028 \\xff\\xc3\n");
}

static json_t *json_line(void)
{
    const char *line = logged();
    json_error_t error;
    assert_non_null(strchr(line, '\n'));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s: %s", error.text, line);
    return root;
}

static void test_json_lines(void **state)
{
    (void)state;
    const char *level, *area, *id, *msg, *when;
    log_set_format(LOG_FORMAT_JSON);
    log_warn("ws", "7f\"3k", "a\n\"b\\ \x01 \xFF \xE2\x80\xAE %s", "\xEB\xA7\x88");
    json_t *root = json_line();
    assert_int_equal(json_unpack(root, "{s:s, s:s, s:s, s:s, s:s !}", "time", &when, "level",
                                 &level, "area", &area, "id", &id, "msg", &msg),
                     0);
    assert_string_equal(level, "warn");
    assert_string_equal(area, "ws");
    assert_string_equal(id, "7f\"3k");
    assert_string_equal(msg, "a\n\"b\\ \x01 \xEF\xBF\xBD \xE2\x80\xAE \xEB\xA7\x88");
    assert_int_equal(strlen(when), 24);
    json_decref(root);
    log_info("ws", NULL, "x");
    root = json_line();
    assert_null(json_object_get(root, "id"));
    json_decref(root);
}

/* Cut at every place around the limit, never inside a character or an escape. */
static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static char big[2 * LOG_LINE_MAX];
    for (size_t n = 0; n < 4; n++) {
        memset(big, 'a', n);
        for (size_t i = n; i + 3 < sizeof big; i += 3)
            memcpy(big + i, n % 2 ? "\xEB\xA7\x88" : "\x01\x02\n", 4);
        for (int json = 0; json < 2; json++) {
            log_set_format(json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
            log_info("x", n == 3 ? big : "id", "%s", big);
            if (json)
                json_decref(json_line());
            else
                assert_non_null(strstr(logged(), "...\n"));
            assert_true(strlen(text) <= LOG_LINE_MAX && strlen(text) > LOG_LINE_MAX - 20);
            assert_true(utf8_valid(text, strlen(text)));
        }
    }
}

static void test_errno_survives(void **state)
{
    (void)state;
    log_set_fd(-1);
    errno = ENOBUFS;
    log_info("x", NULL, "to nowhere");
    assert_int_equal(errno, ENOBUFS);
}

static void say_one(int i)
{
    log_limited(LOG_LEVEL_INFO, "x", NULL, "line %d", i);
}

static void test_limited_by_place(void **state)
{
    (void)state;
    struct log_gate gate = {
        .window = clock_mono_us() / US_PER_S - LOG_GATE_SECONDS, .passed = 100, .held = 95};
    for (int i = 0; i < 100; i++)
        say_one(i);
    assert_non_null(strstr(logged(), "line 4\n"));
    assert_null(strstr(text, "line 5\n"));
    assert_true(log_gate_pass(&gate, "x")); /* a new window: the old count is told */
    assert_string_equal(logged(), "warn  x: 95 lines like the next one were left out\n");
    assert_true(log_gate_pass(&gate, "x"));
    assert_string_equal(logged(), "");
}

static void *log_in_thread(void *arg)
{
    for (int i = 0; i < 200; i++)
        log_info("t", NULL, "%s", (const char *)arg);
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
    (void)state;
    static char args[3][201];
    pthread_t t[3];
    for (int i = 0; i < 3; i++) {
        memset(args[i], 'a' + i, 200);
        assert_int_equal(pthread_create(&t[i], NULL, log_in_thread, args[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    logged();
    struct str rest = str_from(text), line;
    size_t lines = 0;
    for (; str_split_once(rest, '\n', &line, &rest); lines++) {
        struct str msg = str_skip(line, str_find(line, STR("t: ")) + 3);
        assert_int_equal(msg.n, 200);
        for (size_t i = 0; i < msg.n; i++)
            assert_int_equal(msg.p[i], msg.p[0]);
    }
    assert_int_equal(lines, 600);
}

static void test_counts(void **state)
{
    (void)state;
    static struct counts a, b;
    const struct counts *const both[] = {&a, &b};
    struct buf out;
    count_inc(&a, COUNT_ROOMS);
    count_add(&b, COUNT_ROOMS, 5);
    count_dec(&b, COUNT_ROOMS);
    count_inc(&a, COUNT_DROP_OUTBOX_FULL);
    count_dec(&a, COUNT_CONNS); /* closed by another thread than the one that opened it */
    count_set(&b, COUNT_CONNS, 3);
    assert_int_equal(count_sum(both, 2, COUNT_ROOMS), 5);
    assert_int_equal(count_sum(both, 2, COUNT_CONNS), 2);
    hist_observe(&a.loop, 100);
    hist_observe(&a.loop, 101);
    hist_observe(&b.loop, 2000000);
    hist_observe(&b.loop, -5);
    buf_init(&out, 1 << 20);
    count_print(&out, both, 2);
    assert_false(out.failed);
    const char *z = buf_cstr(&out);
    static const char *const want[] = {
        "\n# TYPE madang_rooms gauge\nmadang_rooms 5\n",
        "\nmadang_dropped_total{reason=\"outbox_full\"} 1\n",
        "# TYPE madang_dropped_total counter\n",
        "\nmadang_loop_round_seconds_bucket{le=\"0.0001\"} 2\n",
        "\nmadang_loop_round_seconds_bucket{le=\"0.00025\"} 3\n",
        "\nmadang_loop_round_seconds_bucket{le=\"1\"} 3\n",
        "\nmadang_loop_round_seconds_bucket{le=\"+Inf\"} 4\n",
        "\nmadang_loop_round_seconds_sum 2.000201\nmadang_loop_round_seconds_count 4\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        if (!strstr(z, want[i]))
            fail_msg("missing: %s", want[i]);
    buf_free(&out);
}

static bool is_name(const char *z)
{
    return *z && z[strspn(z, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

/* What Prometheus asks of the table: one run of lines for each name, no pair of name and labels
 * twice, counters end in _total, help where a name begins. */
static void test_count_table(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT_N; i++) {
        const char *name = count_name((enum count)i), *labels = count_labels((enum count)i);
        assert_true(is_name(name) && strncmp(name, "madang_", 7) == 0);
        for (int k = 0; k < i; k++) {
            bool same = strcmp(count_name((enum count)k), name) == 0;
            if (same && strcmp(count_labels((enum count)k), labels) == 0)
                fail_msg("twice: %s{%s}", name, labels);
            if (same && strcmp(count_name((enum count)(i - 1)), name) != 0)
                fail_msg("not together: %s", name);
        }
    }
    static struct counts none;
    const struct counts *const one[] = {&none};
    struct buf out;
    buf_init(&out, 1 << 20);
    count_print(&out, one, 1);
    struct str rest = buf_str(&out), line, name, what;
    while (str_split_once(rest, '\n', &line, &rest)) {
        if (str_starts(line, STR("# HELP "))) {
            assert_true(str_split_once(str_skip(line, 7), ' ', &name, &what));
            assert_true(what.n >= 5);
        } else if (str_starts(line, STR("# TYPE "))) {
            assert_true(str_split_once(str_skip(line, 7), ' ', &name, &what));
            assert_int_equal(str_eq(what, STR("counter")), str_ends(name, STR("_total")));
        }
    }
    buf_free(&out);
}

static void test_clocks(void **state)
{
    (void)state;
    int64_t a = clock_mono_us(), b = clock_mono_us();
    assert_true(a > 0 && b >= a);
    assert_true(clock_wall_us() > INT64_C(1700000000) * US_PER_S);
    assert_true(clock_thread_cpu_us() >= 0);
}

int main(void)
{
#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, open_sink, close_sink)
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_text_lines),         LOG_TEST(test_levels),
        LOG_TEST(test_no_injection),       LOG_TEST(test_json_lines),
        LOG_TEST(test_long_lines_are_cut), LOG_TEST(test_errno_survives),
        LOG_TEST(test_limited_by_place),   LOG_TEST(test_threads_do_not_mix_lines),
        cmocka_unit_test(test_counts),     cmocka_unit_test(test_count_table),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
