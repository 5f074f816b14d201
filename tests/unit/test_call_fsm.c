/* Direct calls as a table and a core: every pair is listed, every transition and deadline is taken. */
#include "call_desk.h"

/* ---- the table ---- */

static void every_pair_is_listed(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++)
        for (int e = 0; e < CALL_EVENTS; e++) {
            const struct call_step *step = call_fsm((enum call_state)s, (enum call_event)e);
            if (!step->listed)
                fail_msg("%s x %s is not listed", call_state_text((enum call_state)s),
                         call_event_text((enum call_event)e));
            if (step->action == CACT_IGNORE)
                assert_int_equal(step->next, s);
            assert_true(s == CALL_IDLE || step->next != CALL_IDLE);
            if (s >= CALL_DECLINED)
                assert_true((int)step->next == s || step->next == CALL_ENDED);
            assert_non_null(call_action_text(step->action));
        }
}

static void every_state_event_and_action_is_used(void **state)
{
    (void)state;
    bool reached[CALL_STATES] = {[CALL_IDLE] = true}, done[CALL_ACTIONS] = {false};
    for (int e = 0; e < CALL_EVENTS; e++) {
        bool used = false;
        for (int s = 0; s < CALL_STATES; s++) {
            const struct call_step *step = call_fsm((enum call_state)s, (enum call_event)e);
            used |= step->action != CACT_IGNORE;
            done[step->action] = true;
            if (s != (int)step->next)
                reached[step->next] = true;
        }
        if (!used)
            fail_msg("nothing ever comes of %s", call_event_text((enum call_event)e));
    }
    for (int s = 0; s < CALL_STATES; s++)
        assert_true(reached[s]);
    for (int a = 0; a < CALL_ACTIONS; a++)
        assert_true(done[a]);
}

static void what_is_ignored_changes_nothing(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++)
        for (int e = 0; e < CALL_EVENTS; e++) {
            if (call_fsm((enum call_state)s, (enum call_event)e)->action != CACT_IGNORE)
                continue;
            struct desk k = {.now = 7, .c = {.state = (enum call_state)s}};
            struct call_fsm was = k.c;
            if ((e == CEV_END && s == CALL_RINGING)) /* is cancel or decline */
                continue;
            assert_false(DO(&k, (enum call_event)e, .device = A1));
            assert_int_equal(k.out.n, 0);
            assert_memory_equal(&was, &k.c, sizeof was);
        }
}

/* ---- before the answer ---- */

static void nobody_answers(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_int_equal(call_fsm_deadline(&k.c), 50 * SECOND);
    assert_int_equal(pass(&k, RING - 1), 0);
    assert_int_equal(k.c.state, CALL_RINGING);
    assert_int_equal(pass(&k, 1), 1);
    assert_int_equal(k.c.state, CALL_EXPIRED);
    assert_int_equal(k.c.reason, CALL_WHY_NO_ANSWER);
    assert_string_equal(said(&k), "ctR");
    assert_false(call_fsm_admits(&k.c, A1));
    recorded(&k, "m.");
}

static void nobody_has_a_device(void **state)
{
    (void)state;
    struct desk k = desk();
    assert_true(DO(&k, CEV_INVITE, .ring_us = RING, .device = A1));
    pass(&k, 44 * SECOND);
    assert_true(device(&k, CALL_CALLEE, B1, CALL_CAME)); /* a push has woken it */
    assert_string_equal(said(&k), "r");
    assert_true(DO(&k, CEV_ANSWER, .device = B1));
    assert_int_equal(pass(&k, 60 * SECOND), 0); /* nothing rings on */
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    k = desk();
    assert_true(DO(&k, CEV_INVITE, .ring_us = RING, .device = A1));
    pass(&k, RING);
    assert_int_equal(k.c.state, CALL_EXPIRED);
    recorded(&k, "m.");
}

static void cancelled_and_declined(void **state)
{
    (void)state;
    static const struct {
        struct call_input in;
        enum call_state state;
        enum call_reason reason;
        const char *recorded;
    } ways[] = {
        {{CEV_CANCEL, .device = A1}, CALL_CANCELLED, CALL_WHY_HANGUP, "m."},
        {{CEV_END, .who = CALL_CALLER}, CALL_CANCELLED, CALL_WHY_HANGUP, "m."},
        {{CEV_BLOCK, .who = CALL_CALLER}, CALL_CANCELLED, CALL_WHY_HANGUP, "m."},
        {{CEV_DECLINE, .device = B1}, CALL_DECLINED, CALL_WHY_DECLINED, "."},
        {{CEV_END, .who = CALL_CALLEE}, CALL_DECLINED, CALL_WHY_DECLINED, "."},
    };
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct desk k = ringing();
        assert_true(put(&k, ways[i].in));
        assert_int_equal(k.c.state, ways[i].state);
        assert_int_equal(k.c.reason, ways[i].reason);
        assert_string_equal(said(&k), "ctR");
        assert_false(DO(&k, CEV_ANSWER, .device = B1)); /* too late */
        assert_false(device(&k, CALL_CALLEE, B3, CALL_CAME));
        recorded(&k, ways[i].recorded);
    }
}

static void busy_and_not_to_be_disturbed(void **state)
{
    (void)state;
    struct desk k = desk();
    assert_true(DO(&k, CEV_INVITE_BUSY, .device = A1, .on = true));
    assert_int_equal(k.c.state, CALL_BUSY);
    assert_int_equal(k.c.reason, CALL_WHY_BUSY);
    assert_string_equal(said(&k), "tR");
    assert_false(device(&k, CALL_CALLEE, B1, CALL_CAME));
    recorded(&k, "m.");
    k = desk();
    assert_true(DO(&k, CEV_INVITE_DND, .device = A1));
    assert_int_equal(k.c.reason, CALL_WHY_DND);
    assert_int_equal(call_fsm_deadline(&k.c), INT64_MAX);
    recorded(&k, "m.");
}

static void the_caller_is_lost_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_true(device(&k, CALL_CALLER, A1, CALL_LOST));
    assert_string_equal(said(&k), ""); /* nobody is told: it rings on */
    assert_int_equal(pass(&k, 10 * SECOND - 1), 0);
    assert_true(device(&k, CALL_CALLER, A1, CALL_BACK));
    assert_int_equal(k.c.state, CALL_RINGING);
    assert_false(device(&k, CALL_CALLER, A1, CALL_BACK));
    assert_true(device(&k, CALL_CALLER, A1, CALL_LOST));
    pass(&k, 3 * SECOND);
    assert_false(device(&k, CALL_CALLER, A1, CALL_GONE)); /* the clock runs already */
    assert_int_equal(pass(&k, 7 * SECOND - 1), 0);
    assert_int_equal(pass(&k, 1), 1);
    assert_int_equal(k.c.state, CALL_CANCELLED);
    assert_int_equal(k.c.reason, CALL_WHY_LOST);
    recorded(&k, "m.");
}

static void the_caller_is_answered_while_lost(void **state)
{
    (void)state;
    struct desk k = ringing();
    device(&k, CALL_CALLER, A1, CALL_LOST);
    pass(&k, 9 * SECOND);
    assert_true(DO(&k, CEV_ANSWER, .device = B1));
    assert_int_equal(call_fsm_deadline(&k.c), 35 * SECOND); /* 30 s from when it was lost */
    assert_int_equal(pass(&k, 21 * SECOND - 1), 0);
    assert_true(device(&k, CALL_CALLER, A1, CALL_BACK));
    assert_int_equal(pass(&k, 100 * SECOND), 0);
    assert_int_equal(k.c.state, CALL_ACCEPTED);
}

static void the_caller_reloads_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    device(&k, CALL_CALLER, A1, CALL_LOST);
    pass(&k, 4 * SECOND);
    assert_true(call_fsm_reloaded(&k.c, k.now, CALL_CALLER, A1, A2, &k.out));
    assert_int_equal(k.c.sides[CALL_CALLER].device, A2);
    assert_false(device(&k, CALL_CALLER, A1, CALL_GONE)); /* the old session ends */
    assert_int_equal(pass(&k, 30 * SECOND), 0);
    assert_true(call_fsm_admits(&k.c, A2));
    assert_false(call_fsm_admits(&k.c, A1));
}

static void the_callee_reloads_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_false(device(&k, CALL_CALLEE, B1, CALL_LOST)); /* it may come back and rings then */
    assert_true(call_fsm_admits(&k.c, B1));
    assert_true(call_fsm_reloaded(&k.c, k.now, CALL_CALLEE, B1, B3, &k.out));
    assert_string_equal(said(&k), "r");
    assert_int_equal(k.out.o[0].device, B3);
    assert_false(call_fsm_admits(&k.c, B1));
    assert_true(call_fsm_admits(&k.c, B3));
    assert_true(device(&k, CALL_CALLEE, B2, CALL_GONE));
    assert_true(device(&k, CALL_CALLEE, B3, CALL_GONE));
    assert_int_equal(k.c.n_legs, 0);
    assert_int_equal(k.c.state, CALL_RINGING); /* and it rings on without any */
    assert_false(device(&k, CALL_CALLEE, B3, CALL_GONE));
}

static void more_devices_than_ring(void **state)
{
    (void)state;
    struct desk k = desk();
    DO(&k, CEV_INVITE, .ring_us = RING, .device = A1);
    for (uint64_t i = 0; i < CALL_LEGS + 3; i++) {
        assert_true(device(&k, CALL_CALLEE, 100 + i, CALL_CAME));
        assert_string_equal(said(&k), i < CALL_LEGS ? "r" : "s");
    }
    assert_true(device(&k, CALL_CALLEE, 100, CALL_CAME)); /* told again, not kept twice */
    assert_int_equal(k.c.n_legs, CALL_LEGS);
    assert_false(call_fsm_admits(&k.c, 100 + CALL_LEGS));
}

static void one_device_answers(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_int_equal(k.c.sides[CALL_CALLEE].device, B2);
    assert_int_equal(k.c.answered, 6 * SECOND);
    assert_false(call_fsm_admits(&k.c, B1));
    assert_true(call_fsm_admits(&k.c, B2));
    assert_false(DO(&k, CEV_ANSWER, .device = B1));
    assert_false(DO(&k, CEV_DECLINE, .device = B1));
    assert_int_equal(k.c.sides[CALL_CALLEE].device, B2);
    assert_int_equal(k.c.state, CALL_ACCEPTED);
}

static void both_press_call(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_true(
        DO(&k, CEV_GLARE, .device = B3, .on = true)); /* on a device that did not ring yet */
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    assert_int_equal(k.c.sides[CALL_CALLEE].device, B3);
    assert_string_equal(said(&k), "vtR");
    assert_false(DO(&k, CEV_GLARE, .device = B1));
    assert_false(DO(&k, CEV_INVITE, .ring_us = RING, .device = A1));
}

static void blocked_people_hear_it_ring(void **state)
{
    (void)state;
    struct desk k = desk(), o = desk();
    assert_true(DO(&k, CEV_INVITE, .ring_us = RING, .device = A1, .hidden = true));
    assert_true(DO(&o, CEV_INVITE, .ring_us = RING, .device = A1));
    assert_string_equal(said(&k), said(&o)); /* as with somebody who is not there */
    assert_false(device(&k, CALL_CALLEE, B1, CALL_CAME));
    assert_false(DO(&k, CEV_ANSWER, .device = B1));
    assert_false(DO(&k, CEV_DECLINE, .device = B1));
    assert_int_equal(call_fsm_deadline(&k.c), call_fsm_deadline(&o.c));
    pass(&k, RING);
    pass(&o, RING);
    assert_string_equal(said(&k), said(&o));
    assert_int_equal(k.c.reason, o.c.reason);
    assert_int_equal(k.c.state, o.c.state);
    recorded(&k, "."); /* but the callee has not missed anything */
    recorded(&o, "m.");
}

static void blocked_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_true(DO(&k, CEV_BLOCK, .who = CALL_CALLEE));
    assert_string_equal(said(&k), "vhR");
    assert_int_equal(k.c.state, CALL_RINGING);
    assert_false(call_fsm_admits(&k.c, B1));
    assert_true(call_fsm_admits(&k.c, A1));
    assert_false(DO(&k, CEV_BLOCK, .who = CALL_CALLEE));
    pass(&k, RING);
    assert_int_equal(k.c.state, CALL_EXPIRED);
    recorded(&k, ".");
}

static void video_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_true(k.c.video);
    assert_true(DO(&k, CEV_VIDEO, .on = false));
    assert_false(k.c.video);
    assert_string_equal(said(&k), "t");
    assert_true(DO(&k, CEV_ANSWER, .device = B1, .on = true));
    assert_true(k.c.video);
    assert_true(DO(&k, CEV_VIDEO, .on = false));
    assert_true(k.c.video); /* it was a call with video */
}

static void the_caller_takes_it_elsewhere_while_it_rings(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_true(device(&k, CALL_CALLER, A2, CALL_CAME));
    assert_string_equal(said(&k), "s");
    assert_true(DO(&k, CEV_CALLER_TAKE, .device = A2));
    assert_int_equal(k.c.sides[CALL_CALLER].device, A2);
    assert_false(DO(&k, CEV_CALLEE_TAKE, .device = B1));
    assert_int_equal(k.c.state, CALL_RINGING);
}

static void what_wants_two(void **state)
{
    (void)state;
    struct desk k = ringing();
    assert_false(DO(&k, CEV_HOLD, .who = CALL_CALLER));
    assert_false(DO(&k, CEV_UNHOLD, .who = CALL_CALLER));
    assert_false(DO(&k, CEV_THIRD));
    assert_false(DO(&k, CEV_RESTORE, .device = B1, .who = CALL_CALLEE));
}

/* ---- in the call ---- */

static void the_call_ends(void **state)
{
    (void)state;
    static const struct call_input ways[] = {
        {CEV_END, .who = CALL_CALLER},
        {CEV_END, .who = CALL_CALLEE},
        {CEV_CANCEL, .who = CALL_CALLER}, /* crossed with the answer */
    };
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct desk k = talking();
        pass(&k, 60 * SECOND);
        assert_true(put(&k, ways[i]));
        assert_int_equal(k.c.state, CALL_ENDED);
        assert_int_equal(k.c.reason, CALL_WHY_HANGUP);
        assert_int_equal(k.c.ended - k.c.answered, 60 * SECOND);
        assert_string_equal(said(&k), "ctR");
        assert_false(put(&k, ways[!i]));
        recorded(&k, ".");
    }
}

static void hold_by_one_and_by_both(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_false(DO(&k, CEV_UNHOLD, .who = CALL_CALLER));
    assert_true(DO(&k, CEV_HOLD, .who = CALL_CALLEE));
    assert_int_equal(k.c.state, CALL_HELD);
    assert_string_equal(said(&k), "ft");
    assert_int_equal(k.out.o[0].device, B2);
    assert_false(DO(&k, CEV_HOLD, .who = CALL_CALLEE));
    assert_false(DO(&k, CEV_UNHOLD, .who = CALL_CALLER)); /* it is not that one's */
    assert_true(DO(&k, CEV_HOLD, .who = CALL_CALLER));
    assert_true(DO(&k, CEV_UNHOLD, .who = CALL_CALLEE));
    assert_int_equal(k.c.state, CALL_HELD); /* the other one still holds */
    assert_string_equal(said(&k), "pt");
    assert_true(DO(&k, CEV_UNHOLD, .who = CALL_CALLER));
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    assert_int_equal(k.out.o[0].device, A1);
    assert_true(DO(&k, CEV_HOLD, .who = CALL_CALLER));
    assert_true(DO(&k, CEV_END, .who = CALL_CALLEE));
    assert_int_equal(k.c.state, CALL_ENDED);
}

static void lost_in_the_call(void **state)
{
    (void)state;
    for (int held = 0; held < 2; held++) {
        struct desk k = talking();
        if (held)
            DO(&k, CEV_HOLD, .who = CALL_CALLER);
        assert_true(device(&k, CALL_CALLEE, B2, CALL_LOST));
        assert_string_equal(said(&k), "t");
        assert_int_equal(pass(&k, 30 * SECOND - 1), 0);
        assert_true(device(&k, CALL_CALLEE, B2, CALL_BACK));
        assert_true(device(&k, CALL_CALLER, A1, CALL_LOST));
        pass(&k, SECOND);
        assert_true(device(&k, CALL_CALLEE, B2, CALL_GONE));
        assert_int_equal(pass(&k, 29 * SECOND), 1);
        assert_int_equal(k.c.state, CALL_ENDED);
        assert_int_equal(k.c.reason, CALL_WHY_LOST);
        assert_int_equal(k.c.ended, 36 * SECOND - 1); /* when the caller was lost */
        assert_int_equal(call_fsm_deadline(&k.c), INT64_MAX);
        recorded(&k, ".");
    }
    struct desk k = talking();
    device(&k, CALL_CALLEE, B2, CALL_LOST);
    pass(&k, 30 * SECOND);
    assert_int_equal(k.c.reason, CALL_WHY_LOST);
}

static void take_it_here(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_true(device(&k, CALL_CALLEE, B1, CALL_CAME));
    assert_string_equal(said(&k), "s");
    assert_true(DO(&k, CEV_CALLEE_TAKE, .device = B1));
    assert_string_equal(said(&k), "t");
    assert_true(call_fsm_admits(&k.c, B1));
    assert_false(call_fsm_admits(&k.c, B2));
    assert_false(device(&k, CALL_CALLEE, B2, CALL_GONE)); /* nobody is lost */
    assert_false(DO(&k, CEV_CALLEE_TAKE, .device = B1));
    device(&k, CALL_CALLER, A1, CALL_LOST);
    pass(&k, 29 * SECOND);
    assert_true(
        DO(&k, CEV_CALLER_TAKE, .device = A2)); /* the first one is lost, the other is not */
    assert_int_equal(pass(&k, 100 * SECOND), 0);
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    assert_true(call_fsm_reloaded(&k.c, k.now, CALL_CALLEE, B1, B3, &k.out));
    assert_true(call_fsm_admits(&k.c, B3));
    assert_false(device(&k, CALL_CALLER, A1, CALL_LOST));
    assert_true(call_fsm_reloaded(&k.c, k.now, CALL_CALLEE, B1, B2, &k.out)); /* one that watches */
    assert_string_equal(said(&k), "s");
}

static void a_third_person(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_true(DO(&k, CEV_THIRD));
    assert_string_equal(said(&k), "gt");
    assert_false(DO(&k, CEV_THIRD));
    assert_true(DO(&k, CEV_END, .who = CALL_CALLEE));
    assert_string_equal(said(&k), "ltR"); /* the room goes on */
    assert_int_equal(k.out.o[0].device, B2);
    k = talking();
    DO(&k, CEV_THIRD);
    device(&k, CALL_CALLER, A1, CALL_LOST);
    pass(&k, 30 * SECOND);
    assert_string_equal(said(&k), "ltR");
    assert_int_equal(k.out.o[0].device, A1);
}

static void blocked_in_the_call(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_true(DO(&k, CEV_BLOCK, .who = CALL_CALLEE));
    assert_int_equal(k.c.state, CALL_ENDED);
    assert_int_equal(k.c.reason, CALL_WHY_BLOCKED);
}

static void the_server_restarts(void **state)
{
    (void)state;
    struct desk k = desk();
    k.c.answered = -100 * SECOND;
    assert_true(DO(&k, CEV_RESTORE, .who = CALL_CALLEE, .device = B1));
    assert_string_equal(said(&k), "tR");
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    assert_int_equal(pass(&k, 59 * SECOND), 0);
    assert_true(DO(&k, CEV_RESTORE, .who = CALL_CALLER, .device = A1));
    assert_false(DO(&k, CEV_RESTORE, .who = CALL_CALLER, .device = A1));
    assert_int_equal(pass(&k, 100 * SECOND), 0);
    assert_true(DO(&k, CEV_END, .who = CALL_CALLER));
    assert_true(k.c.ended > k.c.answered);
    k = desk();
    k.c.answered = 1;
    assert_true(DO(&k, CEV_RESTORE, .who = CALL_CALLER, .device = A1));
    assert_int_equal(pass(&k, 60 * SECOND), 1); /* nobody else came */
    assert_int_equal(k.c.state, CALL_ENDED);
    assert_int_equal(k.c.reason, CALL_WHY_LOST);
    assert_int_equal(k.c.ended, 5 * SECOND);
    recorded(&k, ".");
}

static void the_store_refuses(void **state)
{
    (void)state;
    struct desk k = talking();
    assert_false(DO(&k, CEV_UNRECORDED, .record = k.c.record - 1)); /* what came later is whole */
    assert_true(DO(&k, CEV_UNRECORDED, .record = k.c.record));
    assert_int_equal(pass(&k, SECOND), 1);
    assert_string_equal(said(&k), "R");
    assert_int_equal(k.c.state, CALL_ACCEPTED);
    DO(&k, CEV_END, .who = CALL_CALLER);
    for (uint32_t i = 2; i < 50; i++) {
        assert_true(DO(&k, CEV_UNRECORDED, .record = k.c.record));
        assert_int_equal(pass(&k, (int64_t)MIN_OF(i, 30u) * SECOND - 1), 0);
        assert_int_equal(pass(&k, 1), 1);
        assert_string_equal(said(&k), "R");
    }
    recorded(&k, ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_listed),
        cmocka_unit_test(every_state_event_and_action_is_used),
        cmocka_unit_test(what_is_ignored_changes_nothing),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(nobody_has_a_device),
        cmocka_unit_test(cancelled_and_declined),
        cmocka_unit_test(busy_and_not_to_be_disturbed),
        cmocka_unit_test(the_caller_is_lost_while_it_rings),
        cmocka_unit_test(the_caller_is_answered_while_lost),
        cmocka_unit_test(the_caller_reloads_while_it_rings),
        cmocka_unit_test(the_callee_reloads_while_it_rings),
        cmocka_unit_test(more_devices_than_ring),
        cmocka_unit_test(one_device_answers),
        cmocka_unit_test(both_press_call),
        cmocka_unit_test(blocked_people_hear_it_ring),
        cmocka_unit_test(blocked_while_it_rings),
        cmocka_unit_test(video_while_it_rings),
        cmocka_unit_test(the_caller_takes_it_elsewhere_while_it_rings),
        cmocka_unit_test(what_wants_two),
        cmocka_unit_test(the_call_ends),
        cmocka_unit_test(hold_by_one_and_by_both),
        cmocka_unit_test(lost_in_the_call),
        cmocka_unit_test(take_it_here),
        cmocka_unit_test(a_third_person),
        cmocka_unit_test(blocked_in_the_call),
        cmocka_unit_test(the_server_restarts),
        cmocka_unit_test(the_store_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
