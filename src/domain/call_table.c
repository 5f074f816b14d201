/* The table of call_fsm.h. */
#include "domain/call_fsm.h"

#define STEP(next, action)               \
    {                                    \
        true, CALL_##next, CACT_##action \
    }

/* What concerns the record is the same in every state in which the call is over. */
#define OVER(state, recorded_next)                                                          \
    [CEV_INVITE] = STEP(state, IGNORE), [CEV_INVITE_BUSY] = STEP(state, IGNORE),            \
    [CEV_INVITE_DND] = STEP(state, IGNORE), [CEV_RESTORE] = STEP(state, IGNORE),            \
    [CEV_CALLEE_CAME] = STEP(state, IGNORE), /* came too late */                            \
        [CEV_CALLEE_LEFT] = STEP(state, IGNORE), [CEV_CALLER_CAME] = STEP(state, IGNORE),   \
    [CEV_ANSWER] = STEP(state, IGNORE), /* crossed with the end: told that it is over */    \
        [CEV_GLARE] = STEP(state, IGNORE), [CEV_DECLINE] = STEP(state, IGNORE),             \
    [CEV_CANCEL] = STEP(state, IGNORE), [CEV_NO_ANSWER] = STEP(state, IGNORE),              \
    [CEV_CALLER_LOST] = STEP(state, IGNORE), [CEV_CALLER_BACK] = STEP(state, IGNORE),       \
    [CEV_CALLER_OVER] = STEP(state, IGNORE), [CEV_CALLEE_LOST] = STEP(state, IGNORE),       \
    [CEV_CALLEE_BACK] = STEP(state, IGNORE), [CEV_CALLEE_OVER] = STEP(state, IGNORE),       \
    [CEV_CALLER_TAKE] = STEP(state, IGNORE), [CEV_CALLEE_TAKE] = STEP(state, IGNORE),       \
    [CEV_HOLD] = STEP(state, IGNORE), [CEV_UNHOLD] = STEP(state, IGNORE),                   \
    [CEV_UNHOLD_ONE] = STEP(state, IGNORE), [CEV_VIDEO] = STEP(state, IGNORE),              \
    [CEV_THIRD] = STEP(state, IGNORE), [CEV_BLOCK] = STEP(state, IGNORE),                   \
    [CEV_END] = STEP(state, IGNORE), /* both press it */                                    \
        [CEV_RECORDED] = STEP(recorded_next, FORGET), [CEV_UNRECORDED] = STEP(state, WAIT), \
    [CEV_RETRY] = STEP(state, RECORD)

/* With an answer, on hold or not: `state` is where it stays. */
#define TALKING(state)                                                                  \
    [CEV_INVITE] = STEP(state, IGNORE), [CEV_INVITE_BUSY] = STEP(state, IGNORE),        \
    [CEV_INVITE_DND] = STEP(state, IGNORE),                                             \
    [CEV_RESTORE] = STEP(state, BACK),         /* the second one comes back */          \
        [CEV_CALLEE_CAME] = STEP(state, SHOW), /* it may take the call */               \
        [CEV_CALLEE_LEFT] = STEP(state, IGNORE), [CEV_CALLER_CAME] = STEP(state, SHOW), \
    [CEV_ANSWER] = STEP(state, IGNORE),      /* answered elsewhere */                   \
        [CEV_GLARE] = STEP(state, IGNORE),   /* there is one call already */            \
        [CEV_DECLINE] = STEP(state, IGNORE), /* another device was quicker */           \
        [CEV_CANCEL] = STEP(ENDED, END),     /* crossed with the answer */              \
        [CEV_NO_ANSWER] = STEP(state, IGNORE), [CEV_CALLER_LOST] = STEP(state, LOST),   \
    [CEV_CALLER_BACK] = STEP(state, BACK), [CEV_CALLER_OVER] = STEP(ENDED, END),        \
    [CEV_CALLEE_LOST] = STEP(state, LOST), [CEV_CALLEE_BACK] = STEP(state, BACK),       \
    [CEV_CALLEE_OVER] = STEP(ENDED, END), [CEV_CALLER_TAKE] = STEP(state, TAKE),        \
    [CEV_CALLEE_TAKE] = STEP(state, TAKE), [CEV_HOLD] = STEP(HELD, HOLD),               \
    [CEV_VIDEO] = STEP(state, VIDEO), [CEV_THIRD] = STEP(state, GROUP),                 \
    [CEV_BLOCK] = STEP(ENDED, END), [CEV_END] = STEP(ENDED, END),                       \
    [CEV_RECORDED] = STEP(state, IGNORE),     /* the record goes on */                  \
        [CEV_UNRECORDED] = STEP(state, WAIT), /* a restart must find it */              \
        [CEV_RETRY] = STEP(state, RECORD)

static const struct call_step table[CALL_STATES][CALL_EVENTS] =
    {
        [CALL_IDLE] =
            {
                [CEV_INVITE] = STEP(RINGING, RING),
                [CEV_INVITE_BUSY] = STEP(BUSY, REFUSE),
                [CEV_INVITE_DND] = STEP(BUSY, REFUSE),
                [CEV_RESTORE] = STEP(ACCEPTED, RESTORE),
                /* there is nothing yet that anything could happen to */
                [CEV_CALLEE_CAME] = STEP(IDLE, IGNORE),
                [CEV_CALLEE_LEFT] = STEP(IDLE, IGNORE),
                [CEV_CALLER_CAME] = STEP(IDLE, IGNORE),
                [CEV_ANSWER] = STEP(IDLE, IGNORE),
                [CEV_GLARE] = STEP(IDLE, IGNORE),
                [CEV_DECLINE] = STEP(IDLE, IGNORE),
                [CEV_CANCEL] = STEP(IDLE, IGNORE),
                [CEV_NO_ANSWER] = STEP(IDLE, IGNORE),
                [CEV_CALLER_LOST] = STEP(IDLE, IGNORE),
                [CEV_CALLER_BACK] = STEP(IDLE, IGNORE),
                [CEV_CALLER_OVER] = STEP(IDLE, IGNORE),
                [CEV_CALLEE_LOST] = STEP(IDLE, IGNORE),
                [CEV_CALLEE_BACK] = STEP(IDLE, IGNORE),
                [CEV_CALLEE_OVER] = STEP(IDLE, IGNORE),
                [CEV_CALLER_TAKE] = STEP(IDLE, IGNORE),
                [CEV_CALLEE_TAKE] = STEP(IDLE, IGNORE),
                [CEV_HOLD] = STEP(IDLE, IGNORE),
                [CEV_UNHOLD] = STEP(IDLE, IGNORE),
                [CEV_UNHOLD_ONE] = STEP(IDLE, IGNORE),
                [CEV_VIDEO] = STEP(IDLE, IGNORE),
                [CEV_THIRD] = STEP(IDLE, IGNORE),
                [CEV_BLOCK] = STEP(IDLE, IGNORE),
                [CEV_END] = STEP(IDLE, IGNORE),
                [CEV_RECORDED] = STEP(IDLE, IGNORE),
                [CEV_UNRECORDED] = STEP(IDLE, IGNORE),
                [CEV_RETRY] = STEP(IDLE, IGNORE),
            },
        [CALL_RINGING] =
            {
                [CEV_INVITE] = STEP(RINGING, IGNORE), /* pressed twice: it is this call */
                [CEV_INVITE_BUSY] = STEP(RINGING, IGNORE),
                [CEV_INVITE_DND] = STEP(RINGING, IGNORE),
                [CEV_RESTORE] =
                    STEP(RINGING, IGNORE), /* a ringing call does not outlive a restart */
                [CEV_CALLEE_CAME] = STEP(RINGING, RING_ONE),
                [CEV_CALLEE_LEFT] = STEP(RINGING, UNRING),
                [CEV_CALLER_CAME] = STEP(RINGING, SHOW), /* it may take the call */
                [CEV_ANSWER] = STEP(ACCEPTED, ACCEPT),
                [CEV_GLARE] = STEP(ACCEPTED, ACCEPT),
                [CEV_DECLINE] = STEP(DECLINED, OVER),
                [CEV_CANCEL] = STEP(CANCELLED, OVER),
                [CEV_NO_ANSWER] = STEP(EXPIRED, OVER),
                [CEV_CALLER_LOST] = STEP(RINGING, LOST),
                [CEV_CALLER_BACK] = STEP(RINGING, BACK),
                [CEV_CALLER_OVER] = STEP(CANCELLED, OVER),
                [CEV_CALLEE_LOST] = STEP(RINGING, IGNORE), /* has no device in the call */
                [CEV_CALLEE_BACK] = STEP(RINGING, IGNORE),
                [CEV_CALLEE_OVER] = STEP(RINGING, IGNORE),
                [CEV_CALLER_TAKE] = STEP(RINGING, TAKE),
                [CEV_CALLEE_TAKE] = STEP(RINGING, IGNORE), /* it answers */
                [CEV_HOLD] = STEP(RINGING, IGNORE),        /* there is nothing to hold */
                [CEV_UNHOLD] = STEP(RINGING, IGNORE),
                [CEV_UNHOLD_ONE] = STEP(RINGING, IGNORE),
                [CEV_VIDEO] = STEP(RINGING, VIDEO),
                [CEV_THIRD] = STEP(RINGING, IGNORE), /* there are not even two */
                [CEV_BLOCK] = STEP(RINGING, HIDE),
                [CEV_END] = STEP(RINGING, IGNORE), /* is cancel or decline */
                [CEV_RECORDED] = STEP(RINGING, IGNORE),
                [CEV_UNRECORDED] = STEP(RINGING, IGNORE), /* what comes later is recorded whole */
                [CEV_RETRY] = STEP(RINGING, IGNORE),
            },
        [CALL_ACCEPTED] =
            {
                TALKING(ACCEPTED),
                [CEV_UNHOLD] = STEP(ACCEPTED, IGNORE), /* nobody holds */
                [CEV_UNHOLD_ONE] = STEP(ACCEPTED, IGNORE),
            },
        [CALL_HELD] =
            {
                TALKING(HELD),
                [CEV_UNHOLD] = STEP(ACCEPTED, UNHOLD),
                [CEV_UNHOLD_ONE] = STEP(HELD, UNHOLD),
            },
        [CALL_DECLINED] = {OVER(DECLINED, ENDED)},
        [CALL_CANCELLED] = {OVER(CANCELLED, ENDED)},
        [CALL_BUSY] = {OVER(BUSY, ENDED)},
        [CALL_EXPIRED] = {OVER(EXPIRED, ENDED)},
        [CALL_ENDED] = {OVER(ENDED, ENDED)},
};

const struct call_step *call_fsm(enum call_state state, enum call_event event)
{
    return &table[state][event];
}

const char *call_state_text(enum call_state state)
{
    static const char *const text[CALL_STATES] = {
        "idle", "ringing", "accepted", "held", "declined", "cancelled", "busy", "expired", "ended"};
    return text[state];
}

const char *call_event_text(enum call_event event)
{
    static const char *const text[CALL_EVENTS] = {
        [CEV_INVITE] = "invite",
        [CEV_INVITE_BUSY] = "invite, busy",
        [CEV_INVITE_DND] = "invite, do not disturb",
        [CEV_RESTORE] = "back after a restart",
        [CEV_CALLEE_CAME] = "callee's device came",
        [CEV_CALLEE_LEFT] = "callee's device left",
        [CEV_CALLER_CAME] = "caller's device came",
        [CEV_ANSWER] = "answer",
        [CEV_GLARE] = "callee calls, too",
        [CEV_DECLINE] = "decline",
        [CEV_CANCEL] = "cancel",
        [CEV_NO_ANSWER] = "no answer",
        [CEV_CALLER_LOST] = "caller lost",
        [CEV_CALLER_BACK] = "caller back",
        [CEV_CALLER_OVER] = "caller lost too long",
        [CEV_CALLEE_LOST] = "callee lost",
        [CEV_CALLEE_BACK] = "callee back",
        [CEV_CALLEE_OVER] = "callee lost too long",
        [CEV_CALLER_TAKE] = "caller takes it elsewhere",
        [CEV_CALLEE_TAKE] = "callee takes it elsewhere",
        [CEV_HOLD] = "hold",
        [CEV_UNHOLD] = "go on",
        [CEV_UNHOLD_ONE] = "go on, other holds",
        [CEV_VIDEO] = "video on, off",
        [CEV_THIRD] = "third person",
        [CEV_BLOCK] = "block",
        [CEV_END] = "end",
        [CEV_RECORDED] = "recorded",
        [CEV_UNRECORDED] = "not recorded",
        [CEV_RETRY] = "time to record",
    };
    return text[event];
}

const char *call_action_text(enum call_action action)
{
    static const char *const text[CALL_ACTIONS] = {
        [CACT_IGNORE] = "-",
        [CACT_RING] = "ring",
        [CACT_REFUSE] = "refuse",
        [CACT_RESTORE] = "go on",
        [CACT_RING_ONE] = "ring there, too",
        [CACT_UNRING] = "ring there no more",
        [CACT_SHOW] = "show it there",
        [CACT_ACCEPT] = "join the two, stop the others",
        [CACT_OVER] = "tell, record",
        [CACT_LOST] = "start its clock",
        [CACT_BACK] = "stop its clock",
        [CACT_TAKE] = "move to that device",
        [CACT_HOLD] = "hold",
        [CACT_UNHOLD] = "let go",
        [CACT_VIDEO] = "tell",
        [CACT_GROUP] = "leave the room to itself",
        [CACT_HIDE] = "ring on for the caller alone",
        [CACT_END] = "part, tell, record",
        [CACT_FORGET] = "badge, forget",
        [CACT_WAIT] = "wait",
        [CACT_RECORD] = "record again",
    };
    return text[action];
}

const char *call_reason_text(enum call_reason reason)
{
    static const char *const text[CALL_REASONS] = {
        "", "hangup", "declined", "busy", "dnd", "no_answer", "lost", "blocked", "restart"};
    return text[reason];
}
