/* buf, rd, frame */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/frame.h"
#include "base/mem.h"

static void test_cap_is_hard_and_sticky(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_true(buf_puts(&b, "12345678"));
    assert_int_equal(buf_room(&b), 2);
    assert_false(buf_puts(&b, "abc"));
    assert_true(b.failed);
    assert_false(buf_puts(&b, "a")); /* would fit, but something is missing already */
    assert_true(str_eq(buf_str(&b), STR("12345678")));
    buf_reset(&b);
    assert_true(buf_puts(&b, "1234567890"));
    assert_false(buf_u8(&b, 0));
    buf_free(&b);
    assert_true(buf_puts(&b, "again"));
    buf_free(&b);
}

static void test_fixed_never_grows(void **state)
{
    (void)state;
    char mem[8];
    struct buf b;
    buf_init_fixed(&b, mem, sizeof mem);
    assert_true(buf_puts(&b, "12345678"));
    buf_consume(&b, 6);
    assert_true(buf_puts(&b, "abcdef")); /* moves to the front */
    assert_memory_equal(mem, "78abcdef", 8);
    assert_false(buf_puts(&b, "x"));
    buf_shrink(&b);
    buf_free(&b);
    assert_int_equal(buf_len(&b), 0);
    assert_true(buf_puts(&b, "x"));
    assert_ptr_equal(buf_data(&b), mem);
}

static void test_integers_are_big_endian(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_u8(&b, 0x01);
    buf_u16(&b, 0x0203);
    buf_u32(&b, 0x04050607);
    buf_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    assert_int_equal(buf_len(&b), sizeof want);
    assert_memory_equal(buf_data(&b), want, sizeof want);
    buf_patch_u16(&b, 13, 0xABCD);
    assert_int_equal(buf_data(&b)[13], 0xAB);
    assert_int_equal(buf_data(&b)[14], 0xCD);
    buf_patch_u16(&b, 14, 1);
    assert_true(b.failed);

    struct rd r = rd_of(want, sizeof want);
    assert_int_equal(rd_u8(&r), 1);
    assert_int_equal(rd_u16(&r), 0x0203);
    assert_int_equal(rd_u32(&r), 0x04050607);
    assert_true(rd_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(r.n, 0);
    assert_false(r.bad);
    buf_free(&b);
}

static void test_reader_is_sticky(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct rd r = rd_of("abcdef", 6);
    assert_true(str_eq(rd_str(&r, 2), STR("ab")));
    assert_true(rd_skip(&r, 1));
    assert_false(rd_copy(&r, out, 4));
    assert_int_equal(out[0], 9);
    assert_true(r.bad);
    assert_int_equal(rd_u8(&r), 0); /* 'd' is there, but the cursor is bad */
    assert_null(rd_bytes(&r, 0));
    r = rd_of(NULL, 0);
    assert_non_null(rd_bytes(&r, 0));
    assert_int_equal(rd_u32(&r), 0);
    assert_true(r.bad);
    r = rd_of("abcd", 4);
    assert_null(rd_bytes(&r, SIZE_MAX));
    r = rd_of("abcd", 4);
    assert_true(rd_copy(&r, out, 4));
    assert_memory_equal(out, "abcd", 4);
}

static void test_printf(void **state)
{
    (void)state;
    struct buf b;
    char big[600];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    buf_init(&b, 603);
    assert_true(buf_putf(&b, "%d-%s", 42, "a"));
    assert_true(buf_putf(&b, "%s", big)); /* exactly to the cap, without room for a NUL */
    assert_int_equal(buf_len(&b), 603);
    assert_memory_equal(buf_data(&b), "42-ax", 5);
    assert_false(buf_putf(&b, "y"));
    buf_reset(&b);
    assert_false(buf_putf(&b, "%s%s", big, big));
    assert_int_equal(buf_len(&b), 0);
    buf_free(&b);
}

static void test_cstr_and_truncate(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 6);
    assert_string_equal(buf_cstr(&b), "");
    buf_puts(&b, "abcde");
    buf_consume(&b, 1);
    buf_truncate(&b, 3);
    buf_truncate(&b, 30);
    assert_string_equal(buf_cstr(&b), "bcd");
    assert_int_equal(buf_len(&b), 3);
    buf_puts(&b, "efg");
    assert_null(buf_cstr(&b));
    buf_free(&b);
}

static void test_commit_beyond_reserve_fails(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_non_null(buf_reserve(&b, 10));
    buf_commit(&b, 4000);
    assert_true(b.failed);
    buf_free(&b);
}

static void write_a_lot(struct buf *b)
{
    for (int i = 0; i < 100; i++)
        buf_putf(b, "%d %0300d;", i, i);
    buf_consume(b, 5000);
    buf_shrink(b);
    for (int i = 0; i < 100; i++)
        buf_u64(b, (uint64_t)i);
}

/* Whatever allocation fails, the buffer says so and keeps a prefix of the whole. */
static void test_allocation_failure_at_every_depth(void **state)
{
    (void)state;
    struct buf whole, b;
    buf_init(&whole, 1 << 20);
    mem_fail_at(0);
    write_a_lot(&whole);
    assert_false(whole.failed);
    uint64_t allocations = mem_try_count();
    assert_true(allocations > 100);
    for (uint64_t n = 1; n <= allocations; n++) {
        buf_init(&b, 1 << 20);
        mem_fail_at(n);
        write_a_lot(&b);
        mem_fail_at(0);
        assert_true(b.failed || buf_len(&b) == buf_len(&whole)); /* shrinking may fail in silence */
        if (b.failed && buf_len(&b))
            assert_true(buf_len(&b) < buf_len(&whole));
        buf_free(&b);
    }
    buf_free(&whole);
}

/* Random operations against plain memory. */
static void test_queue_against_model(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {1};
    struct rng rng;
    struct buf b;
    enum { MAX = 3000 };
    static uint8_t model[MAX], noise[MAX];
    size_t n = 0;
    rng_init(&rng, seed);
    buf_init(&b, MAX);
    for (int i = 0; i < 20000; i++) {
        size_t k = rng_below(&rng, i % 100 == 0 ? MAX : 200);
        switch (rng_below(&rng, 8)) {
        case 0: buf_shrink(&b); break;
        case 1:
        case 2:
        case 3:
            buf_consume(&b, k);
            k = k > n ? n : k;
            memmove(model, model + k, n - k);
            n -= k;
            break;
        default:
            rng_bytes(&rng, noise, k);
            assert_int_equal(buf_put(&b, noise, k), k <= MAX - n);
            if (b.failed) {
                buf_reset(&b);
                n = 0;
                break;
            }
            memcpy(model + n, noise, k);
            n += k;
        }
        assert_int_equal(buf_len(&b), n);
        assert_memory_equal(buf_data(&b), model, n);
        assert_true(b.cap <= MAX);
    }
    buf_free(&b);
}

/* Bytes in at one end and out at the other, never empty: moving must not cost per byte. */
static void test_consume_is_cheap(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1 << 16; i++)
        buf_u64(&b, (uint64_t)i);
    for (int i = 0; i < 1 << 18; i++) {
        assert_true(get_u64(buf_data(&b)) == (uint64_t)i);
        buf_consume(&b, 8);
        buf_u64(&b, (uint64_t)i + (1 << 16));
    }
    assert_false(b.failed);
    buf_free(&b);
}

static void test_frame_references(void **state)
{
    (void)state;
    struct frame *f = frame_new("hello", 5);
    assert_ptr_equal(frame_ref(f), f);
    frame_unref(f);
    assert_true(str_eq(frame_str(f), STR("hello")));
    frame_unref(f); /* a leak here is LeakSanitizer's to find */
    frame_unref(NULL);
    f = frame_new(NULL, 0);
    assert_int_equal(f->len, 0);
    frame_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cap_is_hard_and_sticky),
        cmocka_unit_test(test_fixed_never_grows),
        cmocka_unit_test(test_integers_are_big_endian),
        cmocka_unit_test(test_reader_is_sticky),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_cstr_and_truncate),
        cmocka_unit_test(test_commit_beyond_reserve_fails),
        cmocka_unit_test(test_allocation_failure_at_every_depth),
        cmocka_unit_test(test_queue_against_model),
        cmocka_unit_test(test_consume_is_cheap),
        cmocka_unit_test(test_frame_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
