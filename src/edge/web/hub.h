/*
 * The hub joins pipes and sessions: it turns messages into commands for the policy and the policy's
 * effects into frames in the sessions' outboxes. It checks request ids (each request reaches the
 * policy exactly once and in order), and owns what a session needs on this side: its outbox (sequence,
 * replay, cap), its last request id, its pipe. It knows no policy and no sockets. Sans-IO; times are
 * monotonic microseconds.
 */
#ifndef MADANG_EDGE_WEB_HUB_H
#define MADANG_EDGE_WEB_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "edge/web/pipe.h"

struct cmd;
struct effect;
struct hub;
struct outbox;
struct hub_visitor;

struct hub_conf {
    size_t message_max;      /* bytes of one message */
    size_t outbox_max;       /* bytes not yet sent, per session */
    size_t replay_max;       /* bytes sent and not acknowledged, per session */
    unsigned replay_count;   /* and how many messages */
    unsigned reorder_max;    /* requests that wait for a missing one */
    int64_t reorder_wait_us; /* and how long */
    /* The policy: gets each command exactly once. Synchronous; it answers by hub_effect(). */
    void (*command)(void *ctx, int64_t now_us, const struct cmd *cmd);
    void *ctx;
};

struct hub *hub_new(const struct hub_conf *conf);
void hub_free(struct hub *h);

/* ---- for pipes ---- */

/* One whole message. The bytes may be changed in place and are not kept. 0: taken; otherwise the code of
 * the refusal is in the answer that the pipe has got by say(). */
int hub_message(struct hub *h, struct pipe *p, int64_t now_us, const uint8_t *msg, size_t n);
/* The pipe has ended: its session waits for another one. */
void hub_pipe_lost(struct hub *h, struct pipe *p, int64_t now_us);
/* The other side has processed everything up to this sequence number (pong). */
void hub_acked(struct hub *h, struct pipe *p, uint64_t seq);
/* What a pipe sends from. NULL when it has no session. */
struct outbox *hub_outbox(struct pipe *p);
/* The id that log lines carry: the session's, "" before hello. */
const char *hub_log_id(struct pipe *p, char buf[16]);

/* ---- for app/ ---- */

void hub_effect(struct hub *h, int64_t now_us, const struct effect *e);
/* When hub_tick() wants to be called next (requests that wait for a missing one); INT64_MAX: never. */
int64_t hub_deadline(const struct hub *h);
void hub_tick(struct hub *h, int64_t now_us);
/* Tells everybody to come back after retry_ms and closes the pipes with 1001. */
void hub_closing(struct hub *h, unsigned retry_ms);
unsigned hub_sessions(const struct hub *h);

#endif
