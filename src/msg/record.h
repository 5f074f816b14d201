/* Recording rooms: docs/protocol.md, section 13. What is added to cmd.h and event.h. The letters of the recording
 * thread are in msg/rec_msg.h. */
#ifndef MADANG_MSG_RECORD_H
#define MADANG_MSG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/rec_msg.h"
#include "msg/values.h"

/* In a room; and what is one's own of it afterwards, which no API token is for. */
#define RECORD_CMDTYPES(CMDTYPE)                   \
    CMDTYPE(RECORD_START, "record_start", BY_PIPE) \
    CMDTYPE(RECORD_STOP, "record_stop", BY_PIPE)   \
    CMDTYPE(RECORD_AGREE, "record_agree", BY_PIPE)
#define RECORDINGS_CMDTYPES(CMDTYPE)           \
    CMDTYPE(RECORDINGS, "recordings", BY_PIPE) \
    CMDTYPE(RECORDING_REMOVE, "recording_remove", BY_PIPE)

#define RECORD_EVENTTYPES(EVENTTYPE)   EVENTTYPE(RECORDING, "recording")
#define RECORD_RESULTTYPES(RESULTTYPE) RESULTTYPE(RECORDINGS)

/* How a recording stands, in the database and in lists: enum rec_end says how one has ended. */
enum {
    RECORDING_RUNS = REC_ENDS, /* or did so when the server last fell */
    RECORDING_CUT_OFF,
    RECORDING_STATES
};
/* "running", "cut_off", or how it has ended: static. */
static inline const char *recording_state_name(unsigned state)
{
    if (state == RECORDING_RUNS)
        return "running";
    return state == RECORDING_CUT_OFF ? "cut_off" : rec_end_name(state);
}

enum { RECORDINGS_LIST_MAX = 200 };

/* Of struct cmd, u.record. */
struct record_args {
    uint64_t room;      /* record_start, record_stop, record_agree */
    uint64_t recording; /* recording_remove */
    enum tri on;        /* record_agree; TRI_NO: no more */
};

struct recording_view {
    uint64_t recording;
    uint64_t room;
    struct str title; /* of the room, then */
    int64_t started_ms;
    int64_t duration_ms;
    int64_t bytes;
    unsigned state;
};

/* Of struct event, u.record. */
union record_view {
    struct {
        uint64_t room;
        uint64_t by; /* the session that has begun it; 0: it has left */
        struct str name;
        int64_t since_ms;
        unsigned why; /* enum rec_end; REC_ENDS: it goes on */
        bool on;
    } recording;
    struct object_list list; /* struct recording_view */
};

#endif
