/*
 * The hub joins pipes and sessions: it turns messages into commands for the policy, and the policy's
 * effects into frames in the sessions' outboxes. Here is what a session needs on this side: its
 * outbox (sequence, replay, cap), the id of its last request, requests that overtook others.
 * Contract with the policy: msg/effect.h; with pipes: edge/web/pipe.h. Knows no policy and no sockets;
 * times are monotonic microseconds. One thread owns it.
 */
#ifndef MADANG_EDGE_WEB_HUB_H
#define MADANG_EDGE_WEB_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "edge/web/outbox.h"
#include "edge/web/pipe.h"
#include "msg/cmd.h"
#include "msg/effect.h"
#include "msg/errcode.h"

struct web_answer;
struct web_call;
struct web_fetch;
struct web_whip;
struct web_whip_answer;

/* The policy as the hub sees it. */
struct hub_policy {
    /* Takes a command and gives its effects through hub_effect() before it returns. */
    void (*command)(void *ctx, int64_t now_us, const struct cmd *cmd);
    /* Whose token this is; false: nobody's. */
    bool (*find_token)(void *ctx, struct str token, struct session_ref *out);
    void *ctx;
};

struct hub_conf {
    struct hub_policy policy;
    /* Takes the answer to a call: web_call_answer. */
    void (*answer)(void *ctx, uint64_t call, const struct web_answer *a);
    /* And that to a fetch: web_file_grant. */
    void (*grant)(void *ctx, uint64_t fetch, const struct file_grant *file);
    /* And that to a whip, unless it is an error: web_whip_answer. */
    void (*whip)(void *ctx, uint64_t whip, const struct web_whip_answer *a);
    void *answer_ctx;
    struct outbox_limits outbox;
    struct hash_key hash;    /* random: for addresses */
    uint32_t message_max;    /* bytes of a frame that is encoded, also of the longest answer */
    unsigned reorder_max;    /* POSTed requests of a session that wait for a missing one; 16 */
    int64_t reorder_wait_us; /* and how long; 5 s */
};

struct hub_counts {
    uint64_t sessions; /* now */
    uint64_t opened, ended[ENDED_REASONS];
    uint64_t commands[CMD_COUNT];  /* by type, as given to the policy */
    uint64_t errors[CODE_COUNT];   /* by code, as answered */
    uint64_t encoded, frames_out;  /* frames encoded, and pushed to sessions */
    uint64_t repeated;             /* requests that were seen before */
    uint64_t held, held_dropped;   /* requests that waited, and those given up */
    uint64_t resumed, resume_gone; /* resumes, and those whose replay was gone */
    uint64_t slow, overflow;       /* pipes dropped as slow readers; sessions ended since
                                      something for them could not be kept or encoded */
};

struct hub;

struct hub *hub_new(const struct hub_conf *conf);
/* Pipes must be gone or are left without a session; the outboxes are freed. */
void hub_free(struct hub *h);

/* ---- what pipes give ---- */

/* One whole message. utf8: the pipe has checked it already. 0: taken; otherwise it was refused, the
 * pipe has been told, and this is the status that fits for a POST. */
int hub_message(struct hub *h, struct pipe *p, int64_t now_us, struct str message, bool utf8);
/* The pipe has ended and is detached: its session (user, may be NULL) waits for another. */
void hub_pipe_lost(struct hub *h, struct pipe *p, void *user, int64_t now_us);

/* A call has come. Its answer goes to hub_conf.answer, from within or later. */
void hub_call(struct hub *h, const struct web_call *call, int64_t now_us);
/* A file is asked for: its answer goes to hub_conf.grant or hub_conf.answer, from within or later. */
void hub_fetch(struct hub *h, const struct web_fetch *fetch, int64_t now_us);
/* Media by HTTP: its answer goes to hub_conf.whip or hub_conf.answer, from within or later. */
void hub_whip(struct hub *h, const struct web_whip *whip, int64_t now_us);

/* ---- what app/ gives ---- */

void hub_effect(struct hub *h, const struct effect *e);
/* After each call of the policy that didn't come from the hub itself: ends the sessions whose
 * outbox is full. */
void hub_settle(struct hub *h, int64_t now_us);
/* Gives up requests whose predecessor did not come. Due at hub_deadline(); INT64_MAX: never. */
void hub_tick(struct hub *h, int64_t now_us);
int64_t hub_deadline(const struct hub *h);
/* Tells all sessions to come back after retry_ms and closes their pipes with 1001. */
void hub_closing(struct hub *h, int64_t retry_ms);

const struct hub_counts *hub_counts(const struct hub *h);

/* For the dump of SIGUSR1. */
struct hub_session_dump {
    uint64_t session;
    int64_t last_id;
    unsigned held;
    const struct outbox *out;
};
void hub_visit(const struct hub *h, void (*fn)(void *arg, const struct hub_session_dump *s),
               void *arg);

#endif
