/* The life of a session as a table: what each event does in each state. A pair that is not meant to
 * happen is listed as ignored; a test requires every pair to be listed. */
#ifndef MADANG_DOMAIN_SESSION_FSM_H
#define MADANG_DOMAIN_SESSION_FSM_H

#include <stdbool.h>

enum session_state {
    SESSION_NEW,   /* hello is not answered yet: its join waits for a password or the store */
    SESSION_LIVE,  /* has a pipe */
    SESSION_AWAY,  /* lost its pipe, may resume */
    SESSION_ENDED, /* on its way out: leaving its rooms */
    SESSION_STATES
};

enum session_event {
    SEV_HELLO_DONE, /* the ack of hello goes out */
    SEV_PIPE_LOST,
    SEV_RESUME,
    SEV_TIMEOUT, /* away for too long */
    SEV_BYE,
    SEV_REPLACED,   /* another hello named it as replaced */
    SEV_OVERFLOW,   /* what it is to be told cannot be kept or encoded */
    SEV_SIGNED_OUT, /* the sign-in that it belongs to was ended */
    SESSION_EVENTS
};

enum session_action {
    SACT_IGNORE,
    SACT_ANSWER, /* tell hello's answer */
    SACT_AWAY,   /* tell the rooms, start the clock */
    SACT_BACK,   /* bind the pipe, tell the rooms */
    SACT_REBIND, /* the pipe is replaced by a newer one */
    SACT_END,
    SESSION_ACTIONS
};

struct session_step {
    bool listed;
    enum session_state next;
    enum session_action action;
};

const struct session_step *session_fsm(enum session_state state, enum session_event event);
const char *session_state_text(enum session_state state);

#endif
