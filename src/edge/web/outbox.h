#ifndef MADANG_EDGE_WEB_OUTBOX_H
#define MADANG_EDGE_WEB_OUTBOX_H

/* What a session has been told and is yet to be told: the one place that owns sequence numbers,
 * replay and caps, whatever pipe (WebSocket, event stream, long-poll) carries it. The n-th message
 * pushed has the number n, beginning with 1 (docs/protocol.md, section 3).
 *
 *        acked            sent                tail
 *     -----|--- replay -----|--- to be sent ----|
 *
 * Replay that outgrows its cap while a pipe is attached is forgotten, oldest first: whoever resumes
 * from before it gets OUTBOX_GONE. A pipe under which too much is waiting to be sent reads too
 * slowly: OUTBOX_SLOW, it is dropped with close code 4008 and the session may resume. What is kept
 * in all, with or without a pipe, has a cap of its own: OUTBOX_FULL, and the session ends.
 *
 * The ring is allocated with the first frame and freed when all is acknowledged. A core: no clock,
 * no I/O. Embed one in each session. */

#include <stdbool.h>
#include <stdint.h>

#include "base/frame.h"

struct pipe;

struct outbox_limits {
    uint32_t unsent_bytes; /* waiting under a pipe; default 1 MB */
    uint32_t unsent_count; /* default 4,096 */
    uint32_t replay_bytes; /* sent, not acknowledged, under a pipe; default 256 kB */
    uint32_t replay_count; /* default 1,000 */
    uint32_t kept_bytes;   /* all; default 2 MB */
    uint32_t kept_count;   /* default 8,192 */
};

extern const struct outbox_limits outbox_limits_default;

enum outbox_result {
    OUTBOX_OK,
    OUTBOX_SLOW, /* push: taken, but the pipe must be dropped */
    OUTBOX_FULL, /* push: not taken, the session must end */
    OUTBOX_GONE, /* rewind: some of it is forgotten already */
    OUTBOX_BAD,  /* acked, rewind: a number that was never sent */
};

struct outbox {
    struct frame **ring;
    const struct outbox_limits *limits;
    struct pipe *pipe; /* who carries it now, or NULL; kept by pipe_attach and pipe_detach */
    uint64_t acked;    /* number of the last message that is forgotten */
    uint32_t first;    /* index of number acked + 1 in the ring */
    uint32_t size;     /* of the ring; a power of two, or 0 */
    uint32_t count;    /* frames in the ring */
    uint32_t sent;     /* how many of them were handed to a pipe */
    uint32_t bytes;    /* payload bytes of all */
    uint32_t sent_bytes;
    uint32_t grace_bytes; /* unsent at the last rewind, or too long alone: not this pipe's fault */
    uint32_t grace_count;
};

/* An empty outbox. limits must outlive it; NULL means the defaults. */
void outbox_init(struct outbox *o, const struct outbox_limits *limits);

/* Drops all frames. The pipe must have been detached. */
void outbox_free(struct outbox *o);

/* Adds a frame as the next number (takes a reference of its own). OUTBOX_OK,
 * OUTBOX_SLOW or OUTBOX_FULL. Callers use pipe_push (pipe.h), which wakes the pipe too. */
enum outbox_result outbox_push(struct outbox *o, struct frame *f);

/* The next frame to be sent, and its number; NULL when there is none. It counts as sent from now
 * on. The outbox may forget it with any later call: take a reference to keep it. */
struct frame *outbox_next(struct outbox *o, uint64_t *seq);

/* All up to seq has been processed by the client: forget it. OUTBOX_BAD (and no effect) if seq was
 * never sent; an old number is fine. */
enum outbox_result outbox_acked(struct outbox *o, uint64_t seq);

/* A client resumes and has processed all up to seq: what comes after is to be sent (again).
 * OUTBOX_GONE, OUTBOX_BAD: no effect. */
enum outbox_result outbox_rewind(struct outbox *o, uint64_t seq);

/* Number of the last message handed to a pipe; 0: none. */
static inline uint64_t outbox_sent_seq(const struct outbox *o)
{
    return o->acked + o->sent;
}

/* Number of the last message pushed. */
static inline uint64_t outbox_last_seq(const struct outbox *o)
{
    return o->acked + o->count;
}

/* Whether outbox_rewind would be OUTBOX_OK. */
static inline bool outbox_can_rewind(const struct outbox *o, uint64_t seq)
{
    return seq >= o->acked && seq <= outbox_sent_seq(o);
}

static inline bool outbox_has_unsent(const struct outbox *o)
{
    return o->count > o->sent;
}

#endif
