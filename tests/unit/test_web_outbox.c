/* edge/web/outbox against a model: arrays without any cleverness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "edge/web/outbox.h"

static struct frame *frame_of(size_t n)
{
    struct frame *f = frame_new_raw(n);

    memset(f->data, 'x', n);
    return f;
}

static enum outbox_result push(struct outbox *o, size_t n)
{
    struct frame *f = frame_of(n);
    enum outbox_result r = outbox_push(o, f);

    frame_unref(f);
    return r;
}

static void counts_from_one(void **state)
{
    struct outbox o;
    uint64_t seq;

    (void)state;
    outbox_init(&o, NULL);
    assert_null(outbox_next(&o, &seq));
    assert_null(o.ring);
    for (int i = 0; i < 20; i++)
        assert_int_equal(push(&o, 1), OUTBOX_OK);
    for (uint64_t i = 1; i <= 20; i++) {
        assert_non_null(outbox_next(&o, &seq));
        assert_int_equal(seq, i);
    }
    assert_null(outbox_next(&o, &seq));
    assert_int_equal(outbox_sent_seq(&o), 20);
    outbox_free(&o);
}

static void frees_the_ring_when_all_is_acknowledged(void **state)
{
    struct outbox o;
    uint64_t seq;

    (void)state;
    outbox_init(&o, NULL);
    push(&o, 10);
    push(&o, 10);
    outbox_next(&o, &seq);
    assert_int_equal(outbox_acked(&o, 2), OUTBOX_BAD); /* never sent */
    assert_int_equal(outbox_acked(&o, 1), OUTBOX_OK);
    assert_int_equal(outbox_acked(&o, 0), OUTBOX_OK); /* old news */
    assert_int_equal(o.bytes, 10);
    outbox_next(&o, &seq);
    assert_int_equal(seq, 2);
    assert_int_equal(outbox_acked(&o, 2), OUTBOX_OK);
    assert_null(o.ring);
    assert_int_equal(o.bytes, 0);
    push(&o, 1);
    outbox_next(&o, &seq);
    assert_int_equal(seq, 3);
    outbox_free(&o);
}

static void rewinds_to_what_was_not_processed(void **state)
{
    struct outbox o;
    uint64_t seq;

    (void)state;
    outbox_init(&o, NULL);
    for (int i = 0; i < 10; i++)
        push(&o, 1);
    for (int i = 0; i < 6; i++)
        outbox_next(&o, &seq);
    outbox_acked(&o, 2);
    assert_int_equal(outbox_rewind(&o, 1), OUTBOX_GONE);
    assert_int_equal(outbox_rewind(&o, 7), OUTBOX_BAD);
    assert_false(outbox_can_rewind(&o, 1));
    assert_false(outbox_can_rewind(&o, 7));
    assert_true(outbox_can_rewind(&o, 6));
    assert_int_equal(outbox_rewind(&o, 4), OUTBOX_OK);
    for (uint64_t i = 5; i <= 10; i++) {
        assert_non_null(outbox_next(&o, &seq));
        assert_int_equal(seq, i);
    }
    outbox_free(&o);
}

static const struct outbox_limits small = {
    .unsent_bytes = 100,
    .unsent_count = 5,
    .replay_bytes = 50,
    .replay_count = 3,
    .kept_bytes = 300,
    .kept_count = 12,
};

static void trims_the_replay(void **state)
{
    struct outbox o;
    uint64_t seq;

    (void)state;
    outbox_init(&o, &small);
    for (int i = 0; i < 5; i++) {
        push(&o, 1);
        outbox_next(&o, &seq);
    }
    assert_int_equal(o.sent, 3);
    assert_int_equal(outbox_rewind(&o, 1), OUTBOX_GONE);
    assert_int_equal(outbox_rewind(&o, 2), OUTBOX_OK);
    while (outbox_next(&o, &seq))
        ;
    push(&o, 40);
    assert_non_null(outbox_next(&o, &seq));
    assert_int_equal(o.sent_bytes, 42);
    push(&o, 60); /* larger than the replay may be: it alone stays until the next one */
    struct frame *f = outbox_next(&o, &seq);
    assert_int_equal(f->len, 60);
    assert_int_equal(o.sent, 1);
    push(&o, 1);
    outbox_next(&o, &seq);
    assert_int_equal(o.sent, 1);
    assert_int_equal(outbox_rewind(&o, outbox_last_seq(&o) - 1), OUTBOX_OK);
    outbox_free(&o);
}

static void tells_slow_from_full(void **state)
{
    struct outbox o;
    uint64_t seq;
    struct pipe *some = (struct pipe *)&o;

    (void)state;
    outbox_init(&o, &small);
    o.pipe = some;
    for (int i = 0; i < 5; i++)
        assert_int_equal(push(&o, 1), OUTBOX_OK);
    assert_int_equal(push(&o, 1), OUTBOX_SLOW); /* taken all the same */
    assert_int_equal(o.count, 6);
    o.pipe = NULL;
    for (int i = 0; i < 6; i++)
        assert_int_equal(push(&o, 1), OUTBOX_OK);
    assert_int_equal(push(&o, 1), OUTBOX_FULL);
    assert_int_equal(o.count, 12);
    /* Whoever resumes into a long queue isn't slow for it. */
    assert_int_equal(outbox_rewind(&o, 0), OUTBOX_OK);
    o.pipe = some;
    outbox_next(&o, &seq);
    outbox_acked(&o, seq);
    assert_int_equal(push(&o, 1), OUTBOX_OK);
    while (outbox_next(&o, &seq))
        outbox_acked(&o, seq);
    for (int i = 0; i < 5; i++)
        assert_int_equal(push(&o, 1), OUTBOX_OK);
    assert_int_equal(push(&o, 1), OUTBOX_SLOW); /* the grace is used up */
    o.pipe = NULL;
    outbox_free(&o);
    outbox_init(&o, &small);
    o.pipe = some;
    assert_int_equal(push(&o, 100), OUTBOX_OK);
    assert_int_equal(push(&o, 1), OUTBOX_SLOW);
    assert_int_equal(push(&o, 200), OUTBOX_FULL);
    o.pipe = NULL;
    outbox_free(&o);
    /* One that is longer than all that may wait: only what waits beside it counts. */
    outbox_init(&o, &small);
    o.pipe = some;
    assert_int_equal(push(&o, 101), OUTBOX_OK);
    assert_int_equal(push(&o, 99), OUTBOX_OK);
    while (outbox_next(&o, &seq))
        outbox_acked(&o, seq);
    assert_int_equal(push(&o, 100), OUTBOX_OK);
    assert_int_equal(push(&o, 1), OUTBOX_SLOW);
    o.pipe = NULL;
    outbox_free(&o);
}

/* ---- model ---------------------------------------------------------------------------------- */

struct model {
    uint32_t len[100000];
    uint64_t acked, sent, last;
    uint64_t bytes;
};

static uint64_t sum(const struct model *m, uint64_t from, uint64_t to)
{
    uint64_t n = 0;

    for (uint64_t i = from + 1; i <= to; i++)
        n += m->len[i];
    return n;
}

static void step(struct outbox *o, struct model *m, struct rng *rng)
{
    uint64_t seq, x = rng_below(rng, 100);

    if (x < 45) {
        uint32_t n = (uint32_t)rng_below(rng, 20);
        bool fits = m->last - m->acked < small.kept_count &&
                    sum(m, m->acked, m->last) + n <= small.kept_bytes;

        assert_int_equal(push(o, n) == OUTBOX_FULL, !fits);
        if (fits)
            m->len[++m->last] = n;
    } else if (x < 85) {
        struct frame *f = outbox_next(o, &seq);

        assert_int_equal(f != NULL, m->sent < m->last);
        if (f == NULL)
            return;
        m->sent++;
        assert_int_equal(seq, m->sent);
        assert_int_equal(f->len, m->len[seq]);
        while (m->sent - m->acked > 1 && (m->sent - m->acked > small.replay_count ||
                                          sum(m, m->acked, m->sent) > small.replay_bytes))
            m->acked++;
    } else if (x < 95) {
        seq = m->acked + rng_below(rng, m->sent - m->acked + 3);
        assert_int_equal(outbox_acked(o, seq), seq > m->sent ? OUTBOX_BAD : OUTBOX_OK);
        if (seq <= m->sent)
            m->acked = seq;
    } else {
        seq = m->acked + rng_below(rng, m->sent - m->acked + 3);
        if (seq > 0 && x == 99)
            seq--;
        enum outbox_result want = seq < m->acked  ? OUTBOX_GONE
                                  : seq > m->sent ? OUTBOX_BAD
                                                  : OUTBOX_OK;
        assert_int_equal(outbox_rewind(o, seq), want);
        if (want == OUTBOX_OK)
            m->acked = m->sent = seq;
    }
}

static void behaves_like_the_model(void **state)
{
    static struct model m;
    struct outbox o;
    struct rng rng;
    uint8_t seed[RNG_SEED_SIZE] = {42};

    (void)state;
    rng_init(&rng, seed);
    outbox_init(&o, &small);
    for (int i = 0; i < 60000; i++) {
        step(&o, &m, &rng);
        assert_int_equal(o.acked, m.acked);
        assert_int_equal(outbox_sent_seq(&o), m.sent);
        assert_int_equal(outbox_last_seq(&o), m.last);
        assert_int_equal(o.bytes, sum(&m, m.acked, m.last));
        assert_int_equal(o.sent_bytes, sum(&m, m.acked, m.sent));
        assert_int_equal(o.ring == NULL, m.last == m.acked);
    }
    assert_true(m.last > 10000);
    outbox_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_from_one),
        cmocka_unit_test(frees_the_ring_when_all_is_acknowledged),
        cmocka_unit_test(rewinds_to_what_was_not_processed),
        cmocka_unit_test(trims_the_replay),
        cmocka_unit_test(tells_slow_from_full),
        cmocka_unit_test(behaves_like_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
