/* Thousands of random lives of a call agree with a model that is written as simply as people would
 * say it. */
#include "call_desk.h"

struct model { /* what somebody who watches would say */
    enum { NONE, RINGS, TALKS, OVER, FORGOTTEN } is;
    enum call_reason why;
    bool hidden, group, answered, held[2];
    uint64_t who[2]; /* who talks, with which device */
    int64_t ring_end, lost_at[2], patience[2];
    bool lost[2];
    bool ring[8]; /* devices of the callee, by their last digit */
    bool refused; /* the record of the moment was refused */
};

static void model_over(struct model *m, enum call_reason reason)
{
    m->is = OVER;
    m->why = reason;
    m->lost[0] = m->lost[1] = false;
    memset(m->ring, 0, sizeof m->ring);
}

static void model_time(struct model *m, int64_t now)
{
    for (;;) {
        int64_t first = INT64_MAX;
        enum call_reason reason = CALL_WHY_NONE;
        if (m->is == RINGS && m->ring_end <= now) {
            first = m->ring_end;
            reason = CALL_WHY_NO_ANSWER;
        }
        for (int i = 0; i < 2; i++)
            if ((m->is == RINGS || m->is == TALKS) && m->lost[i] &&
                m->lost_at[i] + m->patience[i] <= now && m->lost_at[i] + m->patience[i] < first) {
                first = m->lost_at[i] + m->patience[i];
                reason = CALL_WHY_LOST;
            }
        if (first == INT64_MAX)
            return;
        model_over(m, reason);
    }
}

static void model_answer(struct model *m, uint64_t dev)
{
    if (m->is != RINGS || m->hidden)
        return;
    m->is = TALKS;
    m->answered = true;
    m->who[1] = dev;
    m->patience[0] = 30 * SECOND;
    memset(m->ring, 0, sizeof m->ring);
}

/* One thing that somebody does: to the core, and to the model. */
static void act(struct desk *k, struct model *m, struct rng *r)
{
    uint64_t what = rng_below(r, 22), a = A1 + rng_below(r, 3), b = B1 + rng_below(r, 3);
    enum call_who w = (enum call_who)rng_below(r, 2);
    uint64_t dev = w == CALL_CALLER ? a : b;
    bool live = m->is == RINGS || m->is == TALKS;
    k->out.n = 0;
    switch (what) {
    case 0:
    case 1:
        pass(k, (int64_t)rng_below(r, 20 * SECOND));
        model_time(m, k->now);
        break;
    case 2:
        DO(k, CEV_ANSWER, .device = b);
        model_answer(m, b);
        break;
    case 3:
        DO(k, CEV_GLARE, .device = b, .on = true);
        model_answer(m, b);
        break;
    case 4:
        if (rng_below(r, 3))
            break;
        DO(k, CEV_DECLINE, .device = b);
        if (m->is == RINGS && !m->hidden)
            model_over(m, CALL_WHY_DECLINED);
        break;
    case 5:
        if (rng_below(r, 3))
            break;
        DO(k, CEV_CANCEL);
        if (live)
            model_over(m, CALL_WHY_HANGUP);
        break;
    case 6:
        if (rng_below(r, 3))
            break;
        DO(k, CEV_END, .who = w);
        if (m->is == TALKS || (m->is == RINGS && w == CALL_CALLER))
            model_over(m, CALL_WHY_HANGUP);
        else if (m->is == RINGS && !m->hidden)
            model_over(m, CALL_WHY_DECLINED);
        break;
    case 7:
    case 8:
        device(k, CALL_CALLEE, b, CALL_CAME);
        if (m->is == RINGS && !m->hidden)
            m->ring[b % 10] = true;
        break;
    case 9:
    case 10:
    case 11:
        device(k, w, dev, what == 9 ? CALL_GONE : CALL_LOST);
        if (live && m->who[w] == dev && !m->lost[w]) {
            m->lost[w] = true;
            m->lost_at[w] = k->now;
            m->patience[w] = m->is == RINGS ? 10 * SECOND : 30 * SECOND;
        } else if (what == 9 && w == CALL_CALLEE && m->who[1] != dev) {
            m->ring[dev % 10] = false;
        }
        break;
    case 12:
    case 13:
        device(k, w, dev, CALL_BACK);
        if (m->who[w] == dev)
            m->lost[w] = false;
        break;
    case 14: {
        uint64_t other = dev == A1 || dev == B1 ? dev + 1 : dev - 1;
        call_fsm_reloaded(&k->c, k->now, w, dev, other, &k->out);
        if (live && m->who[w] == dev) {
            m->who[w] = other;
            m->lost[w] = false;
        } else if (m->is == RINGS && w == CALL_CALLEE && !m->hidden) {
            m->ring[dev % 10] = false;
            m->ring[other % 10] = true;
        }
        break;
    }
    case 15:
        DO(k, w == CALL_CALLER ? CEV_CALLER_TAKE : CEV_CALLEE_TAKE, .device = dev);
        if (m->is == TALKS || (m->is == RINGS && w == CALL_CALLER)) {
            if (m->who[w] != dev)
                m->lost[w] = false;
            m->who[w] = dev;
        }
        break;
    case 16:
    case 17:
        DO(k, what == 16 ? CEV_HOLD : CEV_UNHOLD, .who = w);
        if (m->is == TALKS)
            m->held[w] = what == 16;
        break;
    case 18:
        DO(k, CEV_THIRD);
        if (m->is == TALKS)
            m->group = true;
        break;
    case 19:
        if (rng_below(r, 4))
            break;
        DO(k, CEV_BLOCK, .who = w);
        if (m->is == TALKS)
            model_over(m, CALL_WHY_BLOCKED);
        else if (m->is == RINGS && w == CALL_CALLER)
            model_over(m, CALL_WHY_HANGUP);
        else if (m->is == RINGS) {
            m->hidden = true;
            memset(m->ring, 0, sizeof m->ring);
        }
        break;
    case 20: DO(k, CEV_VIDEO, .on = rng_below(r, 2)); break;
    default:
        DO(k, CEV_RESTORE, .who = w, .device = m->who[w]);
        if (m->is == TALKS)
            m->lost[w] = false;
        break;
    }
}

static void agree(const struct desk *k, const struct model *m)
{
    const struct call_fsm *c = &k->c;
    assert_int_equal(c->state == CALL_RINGING, m->is == RINGS);
    assert_int_equal(call_fsm_talking(c), m->is == TALKS);
    assert_int_equal(call_fsm_over(c), m->is >= OVER);
    assert_int_equal(c->group, m->group);
    assert_int_equal(c->hidden, m->hidden);
    assert_int_equal(c->answered != 0, m->answered);
    if (m->is >= OVER)
        assert_int_equal(c->reason, m->why);
    if (m->is == TALKS)
        assert_int_equal(c->state == CALL_HELD, m->held[0] || m->held[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(c->sides[i].lost_until != 0, m->lost[i]);
        if (m->is != OVER)
            assert_int_equal(c->sides[i].device, m->who[i]);
    }
    for (uint64_t d = A1; d <= B3; d++) {
        bool live = m->is == RINGS || m->is == TALKS;
        bool in = live && (d == m->who[0] || d == m->who[1] || (d >= B1 && m->ring[d % 10]));
        assert_int_equal(call_fsm_admits(c, d), in);
    }
    assert_int_equal(call_fsm_missed(c),
                     m->is >= OVER && !m->answered && !m->hidden && m->why != CALL_WHY_DECLINED);
}

/* The store answers at last, perhaps after refusing; then it is forgotten, once. */
static void finish(struct desk *k, struct model *m, struct rng *r)
{
    while (rng_below(r, 3) == 0) {
        assert_true(DO(k, CEV_UNRECORDED, .record = k->c.record));
        assert_int_equal(pass(k, 31 * SECOND), 1);
        assert_string_equal(said(k), "R");
    }
    bool missed = !m->answered && !m->hidden && m->why != CALL_WHY_DECLINED;
    assert_true(DO(k, CEV_RECORDED, .record = k->c.record));
    assert_string_equal(said(k), missed ? "m." : ".");
}

static void random_lives_agree_with_the_model(void **state)
{
    (void)state;
    uint32_t ended[CALL_REASONS] = {0}, answered = 0;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        uint8_t bytes[RNG_SEED_SIZE] = {0};
        struct rng r;
        memcpy(bytes, &seed, sizeof seed);
        rng_init(&r, bytes);
        struct desk k = desk();
        struct model m = {.is = RINGS, .who = {A1, 0}, .hidden = rng_below(&r, 10) == 0};
        m.ring_end = k.now + RING;
        DO(&k, CEV_INVITE, .ring_us = RING, .device = A1, .on = true, .hidden = m.hidden);
        for (int i = 0; i < 200 && m.is < OVER; i++) {
            bool was = m.is == RINGS || m.is == TALKS;
            uint32_t record = k.c.record;
            act(&k, &m, &r);
            agree(&k, &m);
            if (was && m.is == OVER) { /* told and recorded once, and the room is done with */
                assert_int_equal(outs_of(&k.out, CALL_OUT_TELL), 1);
                assert_int_equal(outs_of(&k.out, CALL_OUT_RECORD), 1);
                assert_int_equal(outs_of(&k.out, m.group ? CALL_OUT_LEAVE : CALL_OUT_CLOSE), 1);
                assert_int_equal(k.c.record, record + 1);
            }
            assert_int_equal(outs_of(&k.out, CALL_OUT_FORGET), 0);
        }
        if (m.is < OVER) {
            DO(&k, CEV_END, .who = CALL_CALLER);
            model_over(&m, CALL_WHY_HANGUP);
        }
        ended[m.why]++;
        answered += m.answered;
        finish(&k, &m, &r);
    }
    for (int i = CALL_WHY_HANGUP; i < CALL_REASONS; i++) /* all of this was among them */
        assert_true(ended[i] > 20 || i == CALL_WHY_BUSY || i == CALL_WHY_DND ||
                    i == CALL_WHY_RESTART);
    assert_in_range(answered, 1000, 4500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
