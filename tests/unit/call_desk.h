/* A call on virtual time with two devices of the caller and three of the callee; for test_call_*.c. */
#ifndef MADANG_TESTS_CALL_DESK_H
#define MADANG_TESTS_CALL_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/util.h"
#include "domain/call_fsm.h"

#define SECOND 1000000LL
#define RING   (45 * SECOND)
enum { A1 = 11, A2 = 12, B1 = 21, B2 = 22, B3 = 23 }; /* devices of the caller and of the callee */

struct desk {
    struct call_fsm c;
    int64_t now;
    struct call_outs out;
};

static inline bool put(struct desk *k, struct call_input in)
{
    return call_fsm_take(&k->c, k->now, &in, &k->out);
}
#define DO(k, ...) put(k, (struct call_input){.event = __VA_ARGS__})

static inline bool device(struct desk *k, enum call_who who, uint64_t dev, enum call_happens what)
{
    return call_fsm_device(&k->c, k->now, who, dev, what, &k->out);
}

static inline uint32_t outs_of(const struct call_outs *out, enum call_out_kind kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < out->n; i++)
        n += out->o[i].kind == kind;
    return n;
}

/* The outputs as text: R rec, r ring, t tell, s show, v sieve, f free, p publish, l leave, c close,
 * g group, h hide, m missed, . forget. */
static inline const char *said(const struct desk *k)
{
    static const char letters[] = "Rrtsvfplcghm.";
    static char text[CALL_OUTS + 1];
    uint32_t i;
    for (i = 0; i < k->out.n; i++)
        text[i] = letters[k->out.o[i].kind];
    text[i] = 0;
    return text;
}

/* Time goes on; how many things were due. */
static inline int pass(struct desk *k, int64_t us)
{
    struct call_outs all = {0};
    int64_t end = k->now + us;
    int n = 0;
    while (call_fsm_deadline(&k->c) <= end) {
        k->now = MAX_OF(k->now, call_fsm_deadline(&k->c));
        assert_true(call_fsm_tick(&k->c, k->now, &k->out));
        for (uint32_t i = 0; i < k->out.n; i++)
            all.o[all.n++] = k->out.o[i];
        n++;
    }
    k->now = end;
    assert_false(call_fsm_tick(&k->c, k->now, &k->out));
    k->out = all;
    return n;
}

static inline struct desk desk(void)
{
    return (struct desk){.now = 5 * SECOND};
}

static inline struct desk ringing(void)
{
    struct desk k = desk();
    assert_true(DO(&k, CEV_INVITE, .ring_us = RING, .device = A1, .on = true));
    assert_string_equal(said(&k), "tR");
    assert_true(device(&k, CALL_CALLEE, B1, CALL_CAME));
    assert_string_equal(said(&k), "r");
    assert_int_equal(k.out.o[0].device, B1);
    assert_true(device(&k, CALL_CALLEE, B2, CALL_CAME));
    assert_int_equal(k.c.state, CALL_RINGING);
    return k;
}

static inline struct desk talking(void)
{
    struct desk k = ringing();
    k.now += SECOND;
    assert_true(DO(&k, CEV_ANSWER, .device = B2));
    assert_string_equal(said(&k), "vtR");
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    return k;
}

static inline void recorded(struct desk *k, const char *expect)
{
    assert_false(DO(k, CEV_RECORDED, .record = k->c.record - 1)); /* of an earlier one */
    assert_true(DO(k, CEV_RECORDED, .record = k->c.record));
    assert_string_equal(said(k), expect);
    assert_int_equal(k->c.state, CALL_ENDED);
    assert_int_equal(call_fsm_deadline(&k->c), INT64_MAX);
}

#endif
