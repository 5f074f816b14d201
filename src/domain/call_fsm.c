/* What the actions of the table do to a call, and what they give out. */
#include "domain/call_fsm.h"

#include "base/util.h"

#define SECOND 1000000LL

static void put(struct call_outs *out, enum call_out_kind kind, uint64_t device)
{
    if (out->n < CALL_OUTS)
        out->o[out->n++] = (struct call_out){kind, device};
}

static void put_record(struct call_fsm *c, struct call_outs *out)
{
    c->record++;
    c->retry_at = 0;
    put(out, CALL_OUT_RECORD, 0);
}

bool call_fsm_talking(const struct call_fsm *c)
{
    return c->state == CALL_ACCEPTED || c->state == CALL_HELD;
}

bool call_fsm_over(const struct call_fsm *c)
{
    return c->state >= CALL_DECLINED;
}

bool call_fsm_missed(const struct call_fsm *c)
{
    return call_fsm_over(c) && !c->answered && !c->hidden && c->reason != CALL_WHY_DECLINED;
}

static uint32_t leg_of(const struct call_fsm *c, uint64_t device)
{
    uint32_t i = 0;
    while (i < c->n_legs && c->legs[i] != device)
        i++;
    return i;
}

bool call_fsm_admits(const struct call_fsm *c, uint64_t device)
{
    if (device == 0 || call_fsm_over(c))
        return false;
    return device == c->sides[CALL_CALLER].device || device == c->sides[CALL_CALLEE].device ||
           leg_of(c, device) < c->n_legs;
}

/* ---- before the answer ---- */

static void do_ring(struct call_fsm *c, int64_t now, const struct call_input *in,
                    struct call_outs *out)
{
    c->video = in->on;
    c->hidden = in->hidden;
    c->started = now;
    c->ring_until = now + in->ring_us;
    c->sides[CALL_CALLER].device = in->device;
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static void do_refuse(struct call_fsm *c, int64_t now, const struct call_input *in,
                      struct call_outs *out)
{
    c->video = in->on;
    c->started = c->ended = now;
    c->reason = in->event == CEV_INVITE_DND ? CALL_WHY_DND : CALL_WHY_BUSY;
    c->sides[CALL_CALLER].device = in->device;
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static void do_accept(struct call_fsm *c, int64_t now, const struct call_input *in,
                      struct call_outs *out)
{
    struct call_side *caller = &c->sides[CALL_CALLER];
    c->sides[CALL_CALLEE].device = in->device;
    c->n_legs = 0;
    c->answered = now;
    c->ring_until = 0;
    c->video |= in->on;
    if (caller->lost_until)
        caller->lost_until = caller->lost_since + CALL_LOST_US;
    put(out, CALL_OUT_SIEVE, 0);
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static enum call_reason why(enum call_event ev)
{
    switch (ev) {
    case CEV_DECLINE: return CALL_WHY_DECLINED;
    case CEV_NO_ANSWER: return CALL_WHY_NO_ANSWER;
    case CEV_BLOCK: return CALL_WHY_BLOCKED;
    case CEV_CALLER_OVER:
    case CEV_CALLEE_OVER: return CALL_WHY_LOST;
    default: return CALL_WHY_HANGUP;
    }
}

static void stop_clocks(struct call_fsm *c)
{
    c->ring_until = 0;
    c->sides[CALL_CALLER].lost_until = c->sides[CALL_CALLEE].lost_until = 0;
    c->n_legs = 0;
}

static void do_over(struct call_fsm *c, int64_t now, enum call_event ev, struct call_outs *out)
{
    c->reason = why(ev);
    c->ended = now;
    stop_clocks(c);
    put(out, CALL_OUT_CLOSE, 0);
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static void do_hide(struct call_fsm *c, struct call_outs *out)
{
    c->hidden = true;
    c->n_legs = 0;
    put(out, CALL_OUT_SIEVE, 0);
    put(out, CALL_OUT_HIDE, 0);
    put_record(c, out);
}

static void do_ring_one(struct call_fsm *c, uint64_t device, struct call_outs *out)
{
    if (c->n_legs < CALL_LEGS && leg_of(c, device) == c->n_legs)
        c->legs[c->n_legs++] = device;
    put(out, leg_of(c, device) < c->n_legs ? CALL_OUT_RING : CALL_OUT_SHOW, device);
}

/* ---- in the call ---- */

/* Which side an event is about when its name says so. */
static enum call_who side_of(enum call_event ev, enum call_who who)
{
    switch (ev) {
    case CEV_CALLER_LOST:
    case CEV_CALLER_BACK:
    case CEV_CALLER_OVER:
    case CEV_CALLER_TAKE:
    case CEV_CANCEL: return CALL_CALLER;
    case CEV_CALLEE_LOST:
    case CEV_CALLEE_BACK:
    case CEV_CALLEE_OVER:
    case CEV_CALLEE_TAKE: return CALL_CALLEE;
    default: return who;
    }
}

static void do_end(struct call_fsm *c, int64_t now, const struct call_input *in,
                   struct call_outs *out)
{
    struct call_side *s = &c->sides[side_of(in->event, in->who)];
    c->reason = why(in->event);
    c->ended = c->reason == CALL_WHY_LOST ? s->lost_since : now;
    stop_clocks(c);
    put(out, c->group ? CALL_OUT_LEAVE : CALL_OUT_CLOSE, c->group ? s->device : 0);
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static void do_restore(struct call_fsm *c, int64_t now, const struct call_input *in,
                       struct call_outs *out)
{
    struct call_side *other = &c->sides[!in->who];
    c->sides[in->who].device = in->device;
    other->lost_since = now;
    other->lost_until = now + CALL_RESTORE_US;
    put(out, CALL_OUT_TELL, 0);
    put_record(c, out);
}

static void do_lost(struct call_fsm *c, int64_t now, struct call_side *s, struct call_outs *out)
{
    bool talking = call_fsm_talking(c);
    s->lost_since = now;
    s->lost_until = now + (talking ? CALL_LOST_US : CALL_GRACE_US);
    if (talking)
        put(out, CALL_OUT_TELL, 0);
}

/* Back, or another one of the same person. */
static void do_come(struct call_side *s, uint64_t device, struct call_outs *out)
{
    s->lost_until = 0;
    s->device = device;
    put(out, CALL_OUT_TELL, 0);
}

static void do_hold(struct call_side *s, bool held, struct call_outs *out)
{
    s->held = held;
    put(out, held ? CALL_OUT_FREE : CALL_OUT_PUBLISH, s->device);
    put(out, CALL_OUT_TELL, 0);
}

static void do_group(struct call_fsm *c, struct call_outs *out)
{
    c->group = true;
    put(out, CALL_OUT_GROUP, 0);
    put(out, CALL_OUT_TELL, 0);
}

/* ---- the record ---- */

static void do_forget(struct call_fsm *c, struct call_outs *out)
{
    if (call_fsm_missed(c))
        put(out, CALL_OUT_MISSED, 0);
    put(out, CALL_OUT_FORGET, 0);
}

static void do_wait(struct call_fsm *c, int64_t now)
{
    c->refused++;
    c->retry_at = now + (int64_t)MIN_OF(c->refused, 30u) * SECOND;
}

/* ---- inputs ---- */

/* What is meant, given who and what is there. */
static enum call_event precise(const struct call_fsm *c, const struct call_input *in)
{
    if (in->event == CEV_END && c->state == CALL_RINGING)
        return in->who == CALL_CALLER ? CEV_CANCEL : CEV_DECLINE;
    if (in->event == CEV_BLOCK && c->state == CALL_RINGING && in->who == CALL_CALLER)
        return CEV_CANCEL;
    if (in->event == CEV_UNHOLD && c->sides[!in->who].held)
        return CEV_UNHOLD_ONE;
    return in->event;
}

/* Whether there is nothing to do although the table would have it done: it is so already. */
static bool is_so(const struct call_fsm *c, const struct call_input *in, enum call_action action)
{
    const struct call_side *s = &c->sides[side_of(in->event, in->who)];
    switch (action) {
    case CACT_RING_ONE: return c->hidden;
    case CACT_SHOW: return c->hidden && in->event == CEV_CALLEE_CAME;
    case CACT_UNRING: return leg_of(c, in->device) == c->n_legs;
    case CACT_ACCEPT: return c->hidden;
    case CACT_OVER: return c->hidden && in->event == CEV_DECLINE;
    case CACT_LOST: return s->lost_until != 0;
    case CACT_BACK: return s->lost_until == 0 && s->device == in->device;
    case CACT_TAKE: return s->device == in->device;
    case CACT_HOLD: return s->held;
    case CACT_UNHOLD: return !s->held;
    case CACT_GROUP: return c->group;
    case CACT_HIDE: return c->hidden;
    case CACT_FORGET:
    case CACT_WAIT: return in->record != c->record;
    default: return false;
    }
}

static void act(struct call_fsm *c, int64_t now, const struct call_input *in,
                enum call_action action, struct call_outs *out)
{
    struct call_side *s = &c->sides[side_of(in->event, in->who)];
    switch (action) {
    case CACT_RING: do_ring(c, now, in, out); break;
    case CACT_REFUSE: do_refuse(c, now, in, out); break;
    case CACT_RESTORE: do_restore(c, now, in, out); break;
    case CACT_RING_ONE: do_ring_one(c, in->device, out); break;
    case CACT_UNRING: c->legs[leg_of(c, in->device)] = c->legs[--c->n_legs]; break;
    case CACT_SHOW: put(out, CALL_OUT_SHOW, in->device); break;
    case CACT_ACCEPT: do_accept(c, now, in, out); break;
    case CACT_OVER: do_over(c, now, in->event, out); break;
    case CACT_LOST: do_lost(c, now, s, out); break;
    case CACT_BACK:
    case CACT_TAKE: do_come(s, in->device, out); break;
    case CACT_HOLD:
    case CACT_UNHOLD: do_hold(s, action == CACT_HOLD, out); break;
    case CACT_VIDEO:
        c->video = in->on || (c->video && c->state != CALL_RINGING);
        put(out, CALL_OUT_TELL, 0);
        break;
    case CACT_GROUP: do_group(c, out); break;
    case CACT_HIDE: do_hide(c, out); break;
    case CACT_END: do_end(c, now, in, out); break;
    case CACT_FORGET: do_forget(c, out); break;
    case CACT_WAIT: do_wait(c, now); break;
    case CACT_RECORD: put_record(c, out); break;
    default: break;
    }
}

static bool take(struct call_fsm *c, int64_t now, struct call_input in, struct call_outs *out)
{
    in.event = precise(c, &in);
    const struct call_step *step = call_fsm(c->state, in.event);
    if (step->action == CACT_IGNORE || is_so(c, &in, step->action))
        return false;
    act(c, now, &in, step->action, out);
    c->state = step->next;
    return true;
}

bool call_fsm_take(struct call_fsm *c, int64_t now, const struct call_input *in,
                   struct call_outs *out)
{
    out->n = 0;
    return take(c, now, *in, out);
}

bool call_fsm_device(struct call_fsm *c, int64_t now, enum call_who side, uint64_t device,
                     enum call_happens what, struct call_outs *out)
{
    static const enum call_event in_call[][2] = {
        [CALL_LOST] = {CEV_CALLER_LOST, CEV_CALLEE_LOST},
        [CALL_BACK] = {CEV_CALLER_BACK, CEV_CALLEE_BACK},
        [CALL_GONE] = {CEV_CALLER_LOST, CEV_CALLEE_LOST},
    };
    struct call_input in = {.who = side, .device = device};
    out->n = 0;
    if (what == CALL_CAME)
        in.event = side == CALL_CALLER ? CEV_CALLER_CAME : CEV_CALLEE_CAME;
    else if (device == c->sides[side].device)
        in.event = in_call[what][side];
    else if (what == CALL_GONE && side == CALL_CALLEE)
        in.event = CEV_CALLEE_LEFT;
    else
        return false;
    return take(c, now, in, out);
}

bool call_fsm_reloaded(struct call_fsm *c, int64_t now, enum call_who side, uint64_t old,
                       uint64_t device, struct call_outs *out)
{
    struct call_input in = {.who = side, .device = device};
    out->n = 0;
    if (old && old == c->sides[side].device) {
        in.event = side == CALL_CALLER ? CEV_CALLER_BACK : CEV_CALLEE_BACK;
        return take(c, now, in, out);
    }
    if (side == CALL_CALLEE)
        take(c, now, (struct call_input){.event = CEV_CALLEE_LEFT, .device = old}, out);
    in.event = side == CALL_CALLER ? CEV_CALLER_CAME : CEV_CALLEE_CAME;
    return take(c, now, in, out);
}

/* ---- time ---- */

static int64_t at_or_never(int64_t at)
{
    return at ? at : INT64_MAX;
}

/* What is due first, and when. */
static enum call_event next_due(const struct call_fsm *c, int64_t *at)
{
    int64_t caller = at_or_never(c->sides[CALL_CALLER].lost_until);
    int64_t callee = at_or_never(c->sides[CALL_CALLEE].lost_until);
    enum call_event ev = CEV_NO_ANSWER;
    *at = at_or_never(c->ring_until);
    if (caller < *at) {
        *at = caller;
        ev = CEV_CALLER_OVER;
    }
    if (callee < *at) {
        *at = callee;
        ev = CEV_CALLEE_OVER;
    }
    if (at_or_never(c->retry_at) < *at) {
        *at = c->retry_at;
        ev = CEV_RETRY;
    }
    return ev;
}

int64_t call_fsm_deadline(const struct call_fsm *c)
{
    int64_t at;
    next_due(c, &at);
    return at;
}

bool call_fsm_tick(struct call_fsm *c, int64_t now, struct call_outs *out)
{
    int64_t at;
    enum call_event ev = next_due(c, &at);
    out->n = 0;
    if (at > now)
        return false;
    return take(c, now, (struct call_input){.event = ev}, out);
}
