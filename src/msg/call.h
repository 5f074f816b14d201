/* Direct calls: docs/protocol-people.md, section 3. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_CALL_H
#define MADANG_MSG_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define CALL_CMDTYPES(CMDTYPE)                     \
    CMDTYPE(CALL, "call", BY_PIPE)                 \
    CMDTYPE(CALL_ANSWER, "call_answer", BY_PIPE)   \
    CMDTYPE(CALL_DECLINE, "call_decline", BY_PIPE) \
    CMDTYPE(CALL_CANCEL, "call_cancel", BY_PIPE)   \
    CMDTYPE(CALL_END, "call_end", BY_PIPE)         \
    CMDTYPE(CALL_HOLD, "call_hold", BY_PIPE)       \
    CMDTYPE(CALL_VIDEO, "call_video", BY_PIPE)     \
    CMDTYPE(CALL_TAKE, "call_take", BY_PIPE)       \
    CMDTYPE(CALL_INVITE, "call_invite", BY_PIPE)   \
    CMDTYPE(CALL_BACK, "call_back", BY_PIPE)       \
    CMDTYPE(CALL_QUALITY, "call_quality", BY_PIPE) \
    CMDTYPE(CALLS, "calls", BY_PIPE)               \
    CMDTYPE(CALLS_SEEN, "calls_seen", BY_PIPE)

#define CALL_EVENTTYPES(EVENTTYPE) \
    EVENTTYPE(RING, "ring")        \
    EVENTTYPE(CALL, "call")

#define CALL_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(CALL)                 \
    RESULTTYPE(CALLS)

#define CALL_TEXT_MAX 200 /* characters that go with a refusal */
#define CALL_PAGE_MAX 100 /* records in one answer */

/* What becomes of the call that this device is in. */
enum call_other { CALL_OTHER_NONE, CALL_OTHER_HOLD, CALL_OTHER_END, CALL_OTHERS };

/* Of struct cmd, u.call. */
union call_args {
    struct cmd_call { /* call, call_invite */
        uint64_t call;
        uint64_t to; /* a user */
        bool video;
    } call;
    struct cmd_call_answer {
        uint64_t call;
        bool video;
        enum call_other other;
    } answer;
    struct cmd_call_decline {
        uint64_t call;
        struct str text;
    } decline;
    struct cmd_call_on { /* hold, video */
        uint64_t call;
        bool on;
    } on;
    uint64_t id; /* cancel, end, take, back */
    struct cmd_call_quality {
        uint64_t call;
        int64_t stars;
    } quality;
    struct cmd_calls {
        int64_t before; /* 0: the newest */
        int64_t limit;
    } calls;
};

/* As docs/protocol-people.md says them. */
enum call_shown {
    CALL_SHOWN_RINGING,
    CALL_SHOWN_ACCEPTED,
    CALL_SHOWN_DECLINED,
    CALL_SHOWN_CANCELLED,
    CALL_SHOWN_BUSY,
    CALL_SHOWN_EXPIRED,
    CALL_SHOWN_ENDED,
    CALL_SHOWN_STATES
};
enum call_outcome {
    CALL_WAS_ANSWERED,
    CALL_WAS_MISSED,
    CALL_WAS_DECLINED,
    CALL_WAS_CANCELLED,
    CALL_WAS_BUSY,
    CALL_OUTCOMES
};

/* Who somebody is, in short. */
struct who_view {
    uint64_t user;
    struct str name;
    struct str display;
    int64_t avatar;
};

/* The same for everybody: devices are named, each knows which one it is. */
struct call_object {
    uint64_t call;
    enum call_shown state;
    const struct who_view *caller, *callee;
    bool video;
    bool group;
    bool early; /* it rings, and nothing is taken out of what the two say: favourites who wish it */
    uint64_t room; /* 0: there is nothing to join (any more, or for this one) */
    int64_t started_ms, answered_ms, ended_ms; /* 0: not yet */
    struct str reason;                         /* n = 0: none */
    struct str text;
    uint64_t caller_device, callee_device; /* sessions; 0: none */
    struct id_list held;                   /* users */
    struct id_list lost;
};

struct call_record {
    uint64_t call;
    const struct who_view *with;
    enum call_way { CALL_IN, CALL_OUT } way;
    enum call_outcome outcome;
    struct str reason;
    struct str text;
    int64_t started_ms;
    int64_t duration_ms;
    bool video;
    bool seen;
};

/* Of struct event, u.call. */
union call_view {
    struct {
        const struct call_object *call;
        bool waiting;           /* ring: this person is in a call */
    } call;                     /* EVENT_RING, EVENT_CALL, RESULT_CALL */
    struct object_list records; /* of call_record: RESULT_CALLS */
};

#endif
