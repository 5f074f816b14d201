/* Dependency descriptors: written by dd_source.h, read, rewritten, and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dd_source.h"

/* From memory of just that size, so that ASan sees what is read beyond. */
static bool read_exact(struct dd_frame *f, const uint8_t *p, size_t n,
                       const struct dd_structure *known, struct dd_structure *own)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    memcpy(copy, p, n);
    bool good = dd_read(f, copy, n, known, own);
    free(copy);
    return good;
}

static void a_structure_is_read(void **state)
{
    static const struct dd_structure none;
    struct dd_structure s;
    struct dd_frame f;
    struct dd_bits b;
    (void)state;
    unsigned n = dd_packet(&b, true, false, 7, 1000, &dd_l2t1, 7);
    assert_true(read_exact(&f, b.p, n, &none, &s));
    assert_true(f.start && !f.end && f.has_structure && !f.has_active && dd_is_key(&f));
    assert_int_equal(f.number, 1000);
    assert_ptr_equal(f.of, &s);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.targets, 2);
    assert_int_equal(s.layers, 2);
    assert_int_equal(s.chains, 1);
    assert_int_equal(s.active, 3);
    assert_int_equal(s.spatial[1], 1);
    assert_int_equal(s.width[1], 640);
    assert_int_equal(s.height[0], 180);
    assert_int_equal(dd_dti(&f, 0), DD_SWITCH);
    assert_int_equal(dd_dti(&f, 31), DD_ABSENT);
    assert_int_equal(dd_dti(&f, 99), DD_ABSENT);
    assert_int_equal(f.end_bit, b.at);
    for (unsigned i = 0; i < n; i++)
        assert_false(read_exact(&f, b.p, i, &none, &s));
    /* A frame that names the last template. */
    n = dd_packet(&b, true, true, 10, 1001, NULL, 0);
    assert_true(read_exact(&f, b.p, n, &s, NULL));
    assert_int_equal(f.spatial, 1);
    assert_int_equal(f.n_fdiffs, 2);
    assert_int_equal(f.fdiffs[0], 2);
    assert_int_equal(dd_dti(&f, 0), DD_ABSENT);
    assert_false(dd_is_key(&f));
    n = dd_packet(&b, true, true, 11, 1001, NULL, 0); /* there is none such */
    assert_false(read_exact(&f, b.p, n, &s, NULL));
    assert_int_equal(f.number, 1001);
    n = dd_packet(&b, true, true, 7, 1001, NULL, 0);
    assert_false(read_exact(&f, b.p, n, &none, NULL));
}

/* Decode targets "-D", two frames back of 300 and 5000, one chain. */
static unsigned put_custom(struct dd_bits *b, unsigned id, bool active)
{
    dd_packet(b, true, true, id, 77, NULL, 0);
    dd_put(b, 5, active ? 15 : 7);
    if (active)
        dd_put(b, 2, 1);
    dd_put(b, 2, DD_ABSENT);
    dd_put(b, 2, DD_DISCARDABLE);
    dd_put(b, 2, 3);
    dd_put(b, 12, 300 - 1);
    dd_put(b, 2, 1);
    dd_put(b, 4, 5 - 1);
    dd_put(b, 2, 0);
    dd_put(b, 8, 200);
    return (b->at + 7) / 8;
}

static void a_frame_says_what_differs(void **state)
{
    static const struct dd_structure none;
    struct dd_structure s;
    struct dd_frame f;
    struct dd_bits b;
    (void)state;
    assert_true(read_exact(&f, b.p, dd_packet(&b, true, false, 0, 1, &dd_l2t1, 0), &none, &s));
    for (unsigned active = 0; active < 2; active++) {
        unsigned n = put_custom(&b, 1, active);
        assert_true(read_exact(&f, b.p, n, &s, NULL));
        assert_int_equal(f.n_fdiffs, 2);
        assert_int_equal(f.fdiffs[0], 300);
        assert_int_equal(f.fdiffs[1], 5);
        assert_int_equal(dd_dti(&f, 0), DD_ABSENT);
        assert_int_equal(dd_dti(&f, 1), DD_DISCARDABLE);
        assert_int_equal(f.has_active, active);
        assert_int_equal(f.active, active ? 1 : 3);
        assert_int_equal(f.end_bit, b.at);
        for (unsigned i = 4; i < n; i++)
            assert_false(read_exact(&f, b.p, i, &s, NULL));
    }
}

static void everything_is_written_back(void **state)
{
    static const struct dd_structure none;
    struct dd_structure s, s2;
    struct dd_frame f, g;
    struct dd_bits b;
    uint8_t out[DD_MAX + 8];
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        unsigned n = dd_packet(&b, true, false, 0, 1, &dd_l2t1_key, 0);
        assert_true(dd_read(&f, b.p, n, &none, &s));
        if (kind == 1)
            n = dd_packet(&b, false, true, 3, 2, NULL, 0);
        if (kind >= 2)
            n = put_custom(&b, 1, kind == 3);
        assert_true(dd_read(&f, b.p, n, &s, &s2));
        for (unsigned tell = 0; tell < 2; tell++) {
            struct dd_change c = dd_change_of(&f, 4321, tell, 2);
            size_t k = dd_write(out, sizeof out, b.p, &c);
            assert_true(k >= 3);
            assert_int_equal(dd_write(out, k - 1, b.p, &c), 0);
            assert_int_equal(k, dd_write(out, k, b.p, &c));
            assert_true(read_exact(&g, out, k, &s, &s2));
            assert_int_equal(g.number, 4321);
            assert_int_equal(g.start, f.start);
            assert_int_equal(g.end, f.end);
            assert_int_equal(g.has_structure, f.has_structure);
            assert_int_equal(g.has_active, tell || f.has_active);
            assert_int_equal(g.active, tell ? 2 : f.active);
            assert_int_equal(g.spatial, f.spatial);
            assert_true(g.dtis == f.dtis);
            assert_int_equal(g.n_fdiffs, f.n_fdiffs);
            assert_memory_equal(g.fdiffs, f.fdiffs, sizeof f.fdiffs);
            if (kind == 1)
                assert_int_equal(k, tell ? 4 : 3);
            if (g.has_structure)
                assert_memory_equal(&s2, &s, sizeof s);
        }
    }
}

static void targets_are_chosen_by_layers(void **state)
{
    static const struct dd_structure none;
    struct dd_structure s;
    struct dd_frame f;
    struct dd_bits b;
    (void)state;
    assert_true(dd_read(&f, b.p, dd_packet(&b, true, false, 0, 1, &dd_l1t3, 0), &none, &s));
    assert_int_equal(dd_target(&f, 7, 7), 2);
    assert_int_equal(dd_target(&f, 0, 1), 1);
    assert_int_equal(dd_target(&f, 0, 0), 0);
    f.active = 6; /* the least one is not made */
    assert_int_equal(dd_target(&f, 0, 0), 1);
    f.active = 0;
    assert_int_equal(dd_target(&f, 7, 7), -1);
    assert_int_equal(dd_below(&s, 2), 7);
    assert_int_equal(dd_below(&s, 0), 1);
    assert_true(dd_read(&f, b.p, dd_packet(&b, true, false, 0, 1, &dd_l2t1, 0), &none, &s));
    assert_int_equal(dd_target(&f, 0, 7), 0);
    assert_int_equal(dd_target(&f, 7, 0), 1);
}

static void too_much_is_refused(void **state)
{
    static const struct dd_structure none;
    struct dd_structure s;
    struct dd_frame f;
    struct dd_bits b = {0};
    (void)state;
    /* Layers without end. */
    dd_put(&b, 24, 1 << 23);
    dd_put(&b, 5, 16);
    dd_put(&b, 11, 0);
    for (unsigned i = 0; i < 70; i++)
        dd_put(&b, 2, 0);
    assert_false(dd_read(&f, b.p, DD_MAX, &none, &s));
    memset(&b, 0, sizeof b);
    dd_put(&b, 24, 1 << 23);
    dd_put(&b, 5, 16);
    dd_put(&b, 11, 0);
    for (unsigned i = 0; i < DD_LAYERS + 1; i++)
        dd_put(&b, 2, 2); /* spatial ones */
    assert_false(dd_read(&f, b.p, DD_MAX, &none, &s));
    assert_true(dd_read(&f, b.p, dd_packet(&b, true, false, 0, 1, &dd_l1t3, 0), &none, &s));
    /* More frames back than any codec has. */
    dd_packet(&b, true, false, 0, 1, NULL, 0);
    dd_put(&b, 5, 2);
    for (unsigned i = 0; i < DD_FDIFFS + 1; i++)
        dd_put(&b, 6, 1 << 4);
    assert_false(dd_read(&f, b.p, DD_MAX, &s, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_structure_is_read),
        cmocka_unit_test(a_frame_says_what_differs),
        cmocka_unit_test(everything_is_written_back),
        cmocka_unit_test(targets_are_chosen_by_layers),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
