#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "io/stream_fake.h"

/* A user that takes lines and answers each with "ok". */
struct talker {
    unsigned lines, writable, closed, eofs, late;
    enum stream_why why;
    bool pause_after_line;
    size_t last_n;
};

static size_t on_data(struct stream *s, const uint8_t *p, size_t n)
{
    struct talker *t = s->ctx;
    t->last_n = n;
    const uint8_t *nl = memchr(p, '\n', n);
    if (nl == NULL)
        return 0;
    t->lines++;
    stream_want_write(s);
    if (t->pause_after_line)
        stream_pause(s);
    return (size_t)(nl - p) + 1;
}

static void on_eof(struct stream *s)
{
    ((struct talker *)s->ctx)->eofs++;
}

static void on_writable(struct stream *s)
{
    struct talker *t = s->ctx;
    struct iovec v[2] = {{"ok", 2}, {"\n", 1}};
    t->writable++;
    stream_writev(s, v, 2);
}

static void on_closed(struct stream *s, enum stream_why why)
{
    struct talker *t = s->ctx;
    t->closed++;
    t->why = why;
}

static const struct stream_user user = {
    .name = "talker", .on_data = on_data, .on_writable = on_writable, .on_closed = on_closed};
static const struct stream_user half = {
    .name = "half", .on_data = on_data, .on_eof = on_eof, .on_closed = on_closed};

static void bytes_left_lying_come_again_in_one_piece(void **state)
{
    (void)state;
    struct talker t = {0};
    struct stream_fake *f = stream_fake_new("2001:db8::7", true, &user, &t);
    assert_int_equal(f->s.peer.family, 6);
    assert_true(f->s.tls);
    stream_fake_feed(f, "he", 2);
    stream_fake_feed(f, "llo", 3);
    assert_int_equal(t.last_n, 5);
    stream_fake_feed(f, "\nmore", 5);
    assert_int_equal(t.lines, 1);
    assert_int_equal(f->held_len, 4);
    stream_fake_round(f);
    assert_int_equal(f->out_len, 3);
    assert_memory_equal(f->out, "ok\n", 3);
    stream_fake_free(f);
}

static void pause_holds_and_resume_delivers(void **state)
{
    (void)state;
    struct talker t = {.pause_after_line = true};
    struct stream_fake *f = stream_fake_new(NULL, false, &user, &t);
    stream_fake_feed(f, "1\n2\n", 4);
    stream_fake_feed(f, "3\n", 2);
    stream_fake_round(f);
    assert_int_equal(t.lines, 1);
    stream_resume(&f->s);
    assert_int_equal(t.lines, 1); /* never from inside */
    stream_fake_round(f);
    assert_int_equal(t.lines, 2);
    stream_fake_free(f);
}

static void a_full_kernel_blocks_and_comes_back(void **state)
{
    (void)state;
    struct talker t = {0};
    struct stream_fake *f = stream_fake_new(NULL, false, &user, &t);
    f->room = 1;
    stream_fake_feed(f, "x\n", 2);
    stream_fake_round(f);
    assert_int_equal(f->out_len, 1);
    stream_want_write(&f->s);
    stream_fake_round(f);
    assert_int_equal(t.writable, 1);
    stream_fake_room(f, 10);
    stream_fake_round(f);
    assert_int_equal(t.writable, 2);
    assert_int_equal(f->out_len, 4);
    stream_fake_take(f, 3);
    assert_int_equal(f->out_len, 1);
    stream_fake_free(f);
}

static void every_end_is_told_once(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        static const enum stream_why expect[] = {STREAM_SLOW, STREAM_DONE, STREAM_EOF,
                                                 STREAM_TIMEOUT, STREAM_RESET};
        struct talker t = {0};
        struct stream_fake *f = stream_fake_new(NULL, false, &user, &t);
        switch (i) {
        case 0: stream_close(&f->s, STREAM_SLOW); break;
        case 1: stream_shutdown(&f->s); break;
        case 2: stream_fake_feed_eof(f); break;
        case 3:
            stream_deadline(&f->s, f->now_us + 10);
            stream_fake_time(f, f->now_us + 9);
            assert_false(f->s.closing);
            stream_fake_time(f, f->now_us + 1);
            break;
        default: stream_fake_break(f, STREAM_RESET); break;
        }
        assert_int_equal(t.closed, 0);
        stream_close(&f->s, STREAM_ERROR);
        stream_fake_round(f);
        stream_fake_round(f);
        assert_int_equal(t.closed, 1);
        if (i != 1) /* there, close came before the goodbye was over */
            assert_int_equal(t.why, expect[i]);
        assert_int_equal(stream_writev(&f->s, NULL, 0), -1);
        stream_fake_feed(f, "x\n", 2);
        assert_int_equal(t.lines, 0);
        stream_fake_free(f);
    }
}

static void too_much_left_lying_is_an_overflow(void **state)
{
    (void)state;
    struct talker t = {0};
    struct stream_fake *f = stream_fake_new(NULL, false, &user, &t);
    static uint8_t junk[STREAM_HELD_MAX / 2];
    memset(junk, 'x', sizeof junk);
    stream_fake_feed(f, junk, sizeof junk);
    stream_fake_feed(f, junk, sizeof junk);
    assert_false(f->s.closing);
    stream_fake_feed(f, junk, 1);
    stream_fake_round(f);
    assert_int_equal(t.why, STREAM_OVERFLOW);
    stream_fake_free(f);
}

static void a_new_user_gets_what_was_left(void **state)
{
    (void)state;
    struct talker a = {0}, b = {0};
    struct stream_fake *f = stream_fake_new(NULL, false, &user, &a);
    stream_fake_feed(f, "abc", 3);
    stream_set_user(&f->s, &half, &b);
    stream_fake_round(f);
    assert_int_equal(b.last_n, 3);
    stream_fake_feed_eof(f);
    stream_fake_round(f);
    assert_int_equal(b.eofs, 1);
    assert_false(f->s.closing); /* it may still write */
    stream_fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_left_lying_come_again_in_one_piece),
        cmocka_unit_test(pause_holds_and_resume_delivers),
        cmocka_unit_test(a_full_kernel_blocks_and_comes_back),
        cmocka_unit_test(every_end_is_told_once),
        cmocka_unit_test(too_much_left_lying_is_an_overflow),
        cmocka_unit_test(a_new_user_gets_what_was_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
