#include "domain/session_fsm.h"

#define STEP(next, action)                  \
    {                                       \
        true, SESSION_##next, SACT_##action \
    }

static const struct session_step table[SESSION_STATES][SESSION_EVENTS] =
    {
        [SESSION_NEW] =
            {
                [SEV_HELLO_DONE] = STEP(LIVE, ANSWER),
                [SEV_PIPE_LOST] = STEP(ENDED, END), /* nobody has its token yet */
                [SEV_RESUME] = STEP(NEW, IGNORE),   /* nobody has its token yet */
                [SEV_TIMEOUT] = STEP(NEW, IGNORE),  /* the clock runs only in AWAY */
                [SEV_BYE] = STEP(ENDED, END),
                [SEV_REPLACED] = STEP(NEW, IGNORE), /* nobody has its token yet */
                [SEV_OVERFLOW] = STEP(ENDED, END),
                [SEV_SIGNED_OUT] = STEP(ENDED, END),
            },
        [SESSION_LIVE] =
            {
                [SEV_HELLO_DONE] = STEP(LIVE, IGNORE), /* answered once */
                [SEV_PIPE_LOST] = STEP(AWAY, AWAY),
                [SEV_RESUME] = STEP(LIVE, REBIND),
                [SEV_TIMEOUT] = STEP(LIVE, IGNORE),
                [SEV_BYE] = STEP(ENDED, END),
                [SEV_REPLACED] = STEP(ENDED, END),
                [SEV_OVERFLOW] = STEP(ENDED, END),
                [SEV_SIGNED_OUT] = STEP(ENDED, END),
            },
        [SESSION_AWAY] =
            {
                [SEV_HELLO_DONE] = STEP(AWAY, IGNORE),
                [SEV_PIPE_LOST] = STEP(AWAY, IGNORE), /* it has none */
                [SEV_RESUME] = STEP(LIVE, BACK),
                [SEV_TIMEOUT] = STEP(ENDED, END),
                [SEV_BYE] = STEP(ENDED, END), /* by a beacon that overtook the end of the stream */
                [SEV_REPLACED] = STEP(ENDED, END),
                [SEV_OVERFLOW] = STEP(ENDED, END),
                [SEV_SIGNED_OUT] = STEP(ENDED, END),
            },
        [SESSION_ENDED] =
            {
                [SEV_HELLO_DONE] = STEP(ENDED, IGNORE),
                [SEV_PIPE_LOST] = STEP(ENDED, IGNORE),
                [SEV_RESUME] = STEP(ENDED, IGNORE),
                [SEV_TIMEOUT] = STEP(ENDED, IGNORE),
                [SEV_BYE] = STEP(ENDED, IGNORE),
                [SEV_REPLACED] = STEP(ENDED, IGNORE),
                [SEV_OVERFLOW] = STEP(ENDED, IGNORE),
                [SEV_SIGNED_OUT] = STEP(ENDED, IGNORE),
            },
};

const struct session_step *session_fsm(enum session_state state, enum session_event event)
{
    return &table[state][event];
}

const char *session_state_text(enum session_state state)
{
    static const char *const text[SESSION_STATES] = {"new", "live", "away", "ended"};
    return text[state];
}
