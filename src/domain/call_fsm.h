/* The life of a direct call as a pure core: a table of what each event does in each state, and the two
 * sides with their devices, deadlines and outputs. It takes (call, now, input) and gives outputs; it knows
 * no session, room, store or message. A pair of state and event that is not meant to do anything is listed
 * as ignored; a test requires every pair to be listed, and docs/architecture/calls.md is made from the table.
 * Times are monotonic microseconds. A call has no pointers: it may be copied and compared. */
#ifndef MADANG_DOMAIN_CALL_FSM_H
#define MADANG_DOMAIN_CALL_FSM_H

#include <stdbool.h>
#include <stdint.h>

#define CALL_GRACE_US   (10 * 1000000LL) /* the caller has lost the network while it rings */
#define CALL_LOST_US    (30 * 1000000LL) /* somebody has lost it in the call */
#define CALL_RESTORE_US (60 * 1000000LL) /* the other one comes back after a restart */
#define CALL_LEGS       16               /* devices that ring; more are shown the call only */
#define CALL_OUTS       32               /* outputs of one input, at most */

enum call_state {
    CALL_IDLE,
    CALL_RINGING,
    CALL_ACCEPTED,
    CALL_HELD,      /* accepted, and at least one side has put it on hold */
    CALL_DECLINED,  /* this and the next three: over before an answer, and not yet known to be */
    CALL_CANCELLED, /* recorded */
    CALL_BUSY,
    CALL_EXPIRED,
    CALL_ENDED, /* after an answer, or recorded */
    CALL_STATES
};

enum call_event {
    CEV_INVITE,      /* the caller presses call */
    CEV_INVITE_BUSY, /* the same, and the callee takes no other call */
    CEV_INVITE_DND,  /* the same, and the callee is not to be disturbed */
    CEV_RESTORE,     /* after a restart of the server: somebody comes back who is in this call */
    CEV_CALLEE_CAME, /* the callee has one more device, perhaps after a reload or a push */
    CEV_CALLEE_LEFT, /* it has one less: one that rings, not the one in the call */
    CEV_CALLER_CAME, /* the caller has one more device */
    CEV_ANSWER,      /* by one device of the callee */
    CEV_GLARE,       /* the callee presses call, too */
    CEV_DECLINE,     /* by the callee */
    CEV_CANCEL,      /* by the caller */
    CEV_NO_ANSWER,   /* it has rung long enough */
    CEV_CALLER_LOST, /* the device of the caller has lost the network */
    CEV_CALLER_BACK, /* it is back, perhaps as another session after a reload */
    CEV_CALLER_OVER, /* it was not back in time */
    CEV_CALLEE_LOST,
    CEV_CALLEE_BACK,
    CEV_CALLEE_OVER,
    CEV_CALLER_TAKE, /* another device of the caller goes on with the call */
    CEV_CALLEE_TAKE,
    CEV_HOLD,
    CEV_UNHOLD,     /* by the last side that held */
    CEV_UNHOLD_ONE, /* by one side while the other one goes on holding */
    CEV_VIDEO,      /* somebody turns video on or off */
    CEV_THIRD,      /* a third person has come in: the call is a room now */
    CEV_BLOCK,      /* the callee blocks the caller, or the caller the callee */
    CEV_END,        /* by either side */
    CEV_RECORDED,   /* the store has what was decided last */
    CEV_UNRECORDED, /* the store could not take it */
    CEV_RETRY,      /* time to give it to the store again */
    CALL_EVENTS
};

enum call_action {
    CACT_IGNORE,
    CACT_RING,     /* the clock starts */
    CACT_REFUSE,   /* over before it rang */
    CACT_RESTORE,  /* goes on after a restart */
    CACT_RING_ONE, /* one more device rings */
    CACT_UNRING,   /* one less */
    CACT_SHOW,     /* a device is told how things stand */
    CACT_ACCEPT,   /* the device has it, the others stop */
    CACT_OVER,     /* over before an answer */
    CACT_LOST,     /* the clock of a lost device starts */
    CACT_BACK,     /* and stops */
    CACT_TAKE,     /* another device has it */
    CACT_HOLD,
    CACT_UNHOLD,
    CACT_VIDEO,
    CACT_GROUP,  /* the room is its own now */
    CACT_HIDE,   /* rings on for the caller alone */
    CACT_END,    /* over after an answer */
    CACT_FORGET, /* nothing is left to do */
    CACT_WAIT,   /* the store is asked again, later */
    CACT_RECORD, /* now */
    CALL_ACTIONS
};

struct call_step {
    bool listed;
    enum call_state next;
    enum call_action action;
};

const struct call_step *call_fsm(enum call_state state, enum call_event event);
const char *call_state_text(enum call_state state);
const char *call_event_text(enum call_event event);
const char *call_action_text(enum call_action action);

enum call_who { CALL_CALLER, CALL_CALLEE };

/* Why a call is over. */
enum call_reason {
    CALL_WHY_NONE,
    CALL_WHY_HANGUP, /* ended or cancelled by somebody */
    CALL_WHY_DECLINED,
    CALL_WHY_BUSY,
    CALL_WHY_DND,
    CALL_WHY_NO_ANSWER,
    CALL_WHY_LOST,    /* somebody lost the network and was not back in time */
    CALL_WHY_BLOCKED, /* somebody blocked the other one */
    CALL_WHY_RESTART, /* nobody came back after a restart of the server */
    CALL_REASONS
};
const char *call_reason_text(enum call_reason reason);

struct call_side {
    uint64_t device;    /* that is in the call; of the callee 0 until the answer */
    int64_t lost_since; /* meaningful while lost_until is not 0 */
    int64_t lost_until; /* 0: it is there */
    bool held;          /* this side has put the call on hold */
};

struct call_fsm {
    enum call_state state;
    enum call_reason reason;
    bool video;
    bool group;  /* it has become a room: whoever leaves, the others stay */
    bool hidden; /* the callee knows nothing of it: nothing rings, nothing is recorded for it */
    struct call_side sides[2];
    uint64_t legs[CALL_LEGS]; /* devices of the callee that ring */
    uint32_t n_legs;
    uint32_t record;  /* number of the last CALL_OUT_RECORD */
    uint32_t refused; /* how often the store has refused that one */
    int64_t started;
    int64_t answered; /* 0: never */
    int64_t ended;    /* when it was really over: with a lost device when that was lost */
    int64_t ring_until;
    int64_t retry_at; /* 0: nothing waits */
};

struct call_input {
    enum call_event event;
    enum call_who who; /* of hold, unhold, end */
    uint64_t device;   /* of invite, came, left, lost, back, answer, glare, take, restore */
    bool on;           /* invite, answer, video: with video */
    bool hidden;       /* invite: the callee is not to know */
    int64_t ring_us;   /* invite: after which nobody has answered */
    uint32_t record;   /* recorded, unrecorded: which */
};

enum call_out_kind {
    CALL_OUT_RECORD, /* give it to the store as it is now; `record` numbers the request */
    CALL_OUT_RING,   /* `device` of the callee rings */
    CALL_OUT_TELL,   /* every device of both is told how it is now (hidden: of the caller) */
    CALL_OUT_SHOW,   /* `device` is told */
    CALL_OUT_SIEVE, /* whom call_fsm_admits refuses leaves the room, the others are no longer early */
    CALL_OUT_FREE,    /* `device` no longer publishes in the room: the call is on hold */
    CALL_OUT_PUBLISH, /* and now it does again */
    CALL_OUT_LEAVE,   /* `device` leaves the room, which goes on without it */
    CALL_OUT_CLOSE,   /* the room is over */
    CALL_OUT_GROUP,   /* the room stands on its own from now on */
    CALL_OUT_HIDE,    /* every device of the callee is told that it is over */
    CALL_OUT_MISSED,  /* it is recorded that the callee has missed it: the badge */
    CALL_OUT_FORGET,  /* the last output */
    CALL_OUT_KINDS
};

struct call_out {
    enum call_out_kind kind;
    uint64_t device;
};

struct call_outs {
    uint32_t n;
    struct call_out o[CALL_OUTS];
};

/* Takes one input. False: it was ignored, and there are no outputs. Inputs that depend on who and what is
 * there are made precise first: END while it rings is CANCEL or DECLINE, UNHOLD may be UNHOLD_ONE. */
bool call_fsm_take(struct call_fsm *c, int64_t now, const struct call_input *in,
                   struct call_outs *out);
/* What happens to a device, whichever it is: made an event of the table. `side`: whose it is. LOST: no
 * network (rings on); GONE: never comes back under this id. */
enum call_happens { CALL_CAME, CALL_LOST, CALL_BACK, CALL_GONE };
bool call_fsm_device(struct call_fsm *c, int64_t now, enum call_who side, uint64_t device,
                     enum call_happens what, struct call_outs *out);
/* The page of `old` was reloaded and is `device` now. */
bool call_fsm_reloaded(struct call_fsm *c, int64_t now, enum call_who side, uint64_t old,
                       uint64_t device, struct call_outs *out);
/* Does the one thing that is due first; false: nothing is. */
bool call_fsm_tick(struct call_fsm *c, int64_t now, struct call_outs *out);
int64_t call_fsm_deadline(const struct call_fsm *c); /* INT64_MAX: none */

/* May this device be in the room of the call? While it rings: the caller's, and those that ring. */
bool call_fsm_admits(const struct call_fsm *c, uint64_t device);
/* Accepted, on hold or not. */
bool call_fsm_talking(const struct call_fsm *c);
/* Over: whatever is left concerns the record. */
bool call_fsm_over(const struct call_fsm *c);
/* Did the callee miss it? */
bool call_fsm_missed(const struct call_fsm *c);

#endif
