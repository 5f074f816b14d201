/*
 * A pipe carries the messages of one session: a WebSocket connection, or one TAB of an SSE or
 * long-poll stream. The session (edge/web/hub.h) owns sequence, replay and cap; a pipe owns nothing
 * but its way to the other side. Who implements a pipe embeds struct pipe, fills ops, and calls
 * hub_message() for what comes in and hub_pipe_lost() once when it ends.
 */
#ifndef MADANG_EDGE_WEB_PIPE_H
#define MADANG_EDGE_WEB_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/frame.h"

struct hub_session;
struct pipe;

/* Close codes of docs/protocol.md, section 7. A pipe without close frames just ends. */
enum pipe_close {
    PIPE_DONE = 1000,
    PIPE_GOING_AWAY = 1001,
    PIPE_PROTOCOL = 1002,
    PIPE_NOT_TEXT = 1003,
    PIPE_NOT_UTF8 = 1007,
    PIPE_TOO_BIG = 1009,
    PIPE_NO_HELLO = 4000,
    PIPE_SLOW = 4008,
    PIPE_REPLACED = 4009
};

struct pipe_ops {
    /* The session's outbox has something new: send it at the end of this round (outbox_next() until it
     * is empty or the way is full). Cheap to call often. */
    void (*wake)(struct pipe *p);
    /* A message outside of the sequence (pong, resumed, closing, errors without id): goes out before
     * everything in the outbox that hasn't been sent yet. Takes a reference of its own. */
    void (*say)(struct pipe *p, struct frame *f);
    /* What was said still goes out, then the close code, then the pipe ends. The hub has let it go
     * already (p->session is NULL): no hub_pipe_lost() is needed any more, but does no harm. */
    void (*close)(struct pipe *p, enum pipe_close code);
};

struct pipe {
    const struct pipe_ops *ops;
    struct hub_session *session; /* the hub's: NULL before hello or resume and after the end */
    uint64_t id;                 /* of the connection, for the log */
    struct addr peer;            /* the person's address (behind a trusted proxy: what that says) */
    const char *kind;            /* "ws", "sse", "poll" */
    bool reorders;               /* requests may overtake each other (POST): gaps are waited for */
};

#endif
