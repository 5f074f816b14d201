#ifndef MADANG_EDGE_WEB_PIPE_H
#define MADANG_EDGE_WEB_PIPE_H

/* A way to one client: a WebSocket, or one TAB of an event stream or long-poll. It carries the
 * outbox of the session that is attached to it; what is no part of the sequence (pong, resumed,
 * closing, errors without id) is sent beside it. Nothing is written at once: all that was pushed in
 * a loop round leaves with one send when the round ends.
 *
 * A pipe belongs to the web edge and dies with its connection: web_handlers.pipe_lost is the last
 * that is heard of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "edge/web/outbox.h"

enum pipe_kind {
    PIPE_WS,
    PIPE_STREAM, /* server-sent events */
    PIPE_POLL,   /* long-poll */
};

/* Why a pipe ends (docs/protocol.md, section 7): WebSocket close codes, and what a TAB of a stream is
 * told as {"type":"closed","code":N}. */
enum pipe_close_code {
    PIPE_CLOSE_BYE = 1000,
    PIPE_CLOSE_GOING_AWAY = 1001,
    PIPE_CLOSE_NO_HELLO = 4000,
    PIPE_CLOSE_FAULTS = 4000,
    PIPE_CLOSE_SLOW = 4008,
    PIPE_CLOSE_REPLACED = 4009,
};

struct pipe;
struct visitor;

/* How a kind of pipe does it: for the kinds themselves. Users call the functions below. */
struct pipe_ops {
    void (*wake)(struct pipe *p);
    void (*wake_soon)(struct pipe *p); /* NULL: as wake */
    void (*send)(struct pipe *p, struct frame *f);
    void (*slow)(struct pipe *p);
    void (*close)(struct pipe *p, unsigned code);
    const struct addr *(*peer)(const struct pipe *p);
};

struct pipe {
    const struct pipe_ops *ops;
    struct outbox *out; /* of the session attached, or NULL */
    struct visitor
        *visitor;     /* of the request that it came by, until a session is attached; owned */
    void *user;       /* the session attached: the owner's; NULL before hello or resume */
    uint64_t id;      /* of the connection, unique in this process: for logs and commands */
    uint64_t session; /* id of the session attached, for logs; 0 before */
    uint8_t kind;     /* enum pipe_kind */
    uint8_t faults;   /* messages that were no good: the owner's count */
    bool leaving;     /* the client's page is being closed (or reloaded): it said so */
    bool closed;      /* closed or lost: nothing goes through it any more */
};

/* Binds a session (its outbox, the owner's pointer, its id) to the pipe; what is unsent goes out with
 * this loop round. The outbox must outlive the binding. The outbox must have no other pipe: close
 * that one first (PIPE_CLOSE_REPLACED). */
void pipe_attach(struct pipe *p, struct outbox *out, void *user, uint64_t session);

/* Undoes the binding (the session ended). The pipe stays open. Harmless without one. */
void pipe_detach(struct pipe *p);

/* outbox_push, and wakes the outbox's pipe if there is one. On OUTBOX_SLOW the frame was taken and the
 * pipe's connection is on its way out (PIPE_CLOSE_SLOW); web_handlers.pipe_lost will come from the
 * loop, nothing is to be done. On OUTBOX_FULL the frame was not taken: end the session (overflow). */
enum outbox_result pipe_push(struct outbox *out, struct frame *f);

/* The same for what may wait a moment (web_conf.notice_us) for company: a crowd that comes in at once is many
 * notices to everybody, and a send costs more than all else. Anything pushed by pipe_push takes it along. */
enum outbox_result pipe_push_soon(struct outbox *out, struct frame *f);

/* Sends a message that is no part of the sequence, before all of the outbox that is not yet sent. Takes
 * a reference of its own. Nothing happens on a closed pipe. */
void pipe_send(struct pipe *p, struct frame *f);

/* Detaches, sends what was pending by pipe_send (and everything unsent in the outbox that was attached),
 * then the close code, and ends the pipe. pipe_lost will not be called for it; the pointer is dead
 * when control returns to the loop. Harmless when closed already. */
void pipe_close(struct pipe *p, unsigned code);

/* The client's address, after trusted proxies. Valid as long as the pipe. */
const struct addr *pipe_peer(const struct pipe *p);

/* Requests may overtake each other in this pipe (POST on several connections), so gaps in their ids are
 * waited for. */
static inline bool pipe_reorders(const struct pipe *p)
{
    return p->kind != PIPE_WS;
}

/* "ws", "stream", "poll": for logs. */
const char *pipe_kind_name(const struct pipe *p);

#endif
