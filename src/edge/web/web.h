#ifndef MADANG_EDGE_WEB_WEB_H
#define MADANG_EDGE_WEB_WEB_H

/* The whole web edge as one object: HTTP/1.1 with the page, health and metrics, and the three kinds
 * of pipe (WebSocket, event stream, long-poll). It sees connections only as struct stream and has
 * no clock, no randomness and no files of its own (but --web-dir), so that everything it writes
 * follows from what it was given: see docs/architecture/web-edge.md. One thread owns it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "edge/web/pipe.h"
#include "msg/cmd.h"
#include "proto/http1.h"

struct cookie_change;
struct counts;
struct disk_answer;
struct disk_request;
struct file_grant;
struct stream;
struct visitor;
struct web;

struct web_conf {
    bool tls;                  /* the server speaks TLS: plain HTTP is redirected */
    bool alone;                /* only /healthz and /metrics, also without TLS: madang turn */
    bool hsts;                 /* with a certificate that browsers trust */
    const char *web_dir;       /* serve the page from this folder; NULL: from the binary */
    const struct str *origins; /* allowed beside the same host: "https://example.kr" */
    size_t n_origins;
    const struct cidr *trusted; /* proxies whose X-Forwarded-For and -Proto count */
    size_t n_trusted;
    const struct cidr *metrics; /* who may read /metrics beside loopback */
    size_t n_metrics;
    struct http1_limits head;
    uint32_t message_max; /* bytes of one message */
    uint32_t frame_max;   /* bytes of the longest message that goes out; a connection can hold it */
    uint32_t streams_max; /* event streams and long-polls */
    uint32_t rate_burst;  /* HTTP requests per address (not loopback) at once; 0: no limit */
    uint64_t upload_max;  /* bytes of the longest upload */
    int64_t rate_every_us; /* and then one in that time */
    int64_t head_us;       /* from a request's first byte to the end of its head */
    int64_t body_us;       /* for the body */
    int64_t idle_us;       /* between two requests */
    int64_t write_us;      /* without any progress in sending */
    int64_t call_us;       /* for the answer to a call */
    int64_t hello_us;      /* from the WebSocket's opening to a session */
    int64_t ping_us;       /* silence before a ping */
    int64_t pong_us;       /* silence after it: the peer is dead */
    int64_t beat_us;       /* comment lines on an event stream */
    int64_t poll_us;       /* a long-poll without news is answered after this */
    int64_t poll_gap_us;   /* between two polls */
    int64_t notice_us;     /* that a notice may wait for others, to leave with one send; 0: none */
    struct hash_key hash;  /* random */
};

/* The defaults of docs/protocol.md and docs/operating.md; hash is zero. */
void web_conf_defaults(struct web_conf *conf);

/* A call: POST /api/VERB. Everything is borrowed. */
struct web_call {
    uint64_t number; /* never used again */
    struct str verb;
    struct str body;
    const struct addr *peer;
    const struct visitor *visitor;
};

struct web_answer {
    int status;
    struct str json;
    const struct cookie_change *cookie; /* or NULL */
    int64_t retry_ms;                   /* 0: not said */
};

/* A file is asked for, or sent: GET /api/avatar/ID/SIZE, GET /api/file/ID, PUT /api/upload/ID. */
struct web_fetch {
    uint64_t number; /* never used again, nor by a call */
    struct cmd_fetch file;
    const struct addr *peer;
    const struct visitor *visitor;
};

/* A request of WHIP or WHEP. Everything is borrowed. */
struct web_whip {
    uint64_t number; /* never used again, nor by a call */
    uint64_t room;
    struct cmd_whip cmd;
    const struct addr *peer;
    const struct visitor *visitor;
};

struct web_whip_answer {
    int status;
    const uint8_t *session; /* 201: WHIP_RESOURCE bytes */
    struct str etag;        /* n = 0: none */
    struct str body;        /* SDP, a fragment of it, or JSON with what is wrong */
    int64_t turn_tcp;       /* 201: port of TURN over TCP, 0: none */
    bool turn_tls;
    struct str username, credential;
    int64_t retry_ms;
};

struct web_handlers {
    void *ctx;
    /* One whole message; it may be changed in place and is gone afterwards. Returns 0 when it was taken,
     * or the HTTP status for a POST that it came by (400, 429): what went wrong has been said by
     * pipe_send or in sequence. May attach, detach or close the pipe. */
    int (*message)(void *ctx, struct pipe *p, int64_t now_us, uint8_t *msg, size_t n);
    /* The pipe is gone; it has been detached already. user is what was attached, or NULL. */
    void (*pipe_lost)(void *ctx, struct pipe *p, void *user, int64_t now_us);
    /* The CA's certificate (DER or PEM) for /ca.crt; empty: 404. Borrowed until the next call. */
    struct str (*ca_cert)(void *ctx);
    /* Appends members to the JSON object of /healthz, each with a comma in front. May be NULL. */
    void (*health)(void *ctx, struct buf *json);
    /* Appends the text of /metrics. */
    void (*metrics)(void *ctx, struct buf *out);
    /* Seconds since 1970 at this monotonic time, for Date. */
    int64_t (*wall_s)(void *ctx, int64_t now_us);
    /* A call has come: web_call_answer, from within or later. */
    void (*call)(void *ctx, const struct web_call *call, int64_t now_us);
    /* May this client have that file? web_file_grant or web_call_answer, from within or later. */
    void (*fetch)(void *ctx, const struct web_fetch *fetch, int64_t now_us);
    /* A request of WHIP or WHEP: web_whip_answer, from within or later. */
    void (*whip)(void *ctx, const struct web_whip *whip, int64_t now_us);
    /* A request to the disk thread, whose answer is for web_disk; false: its queue is full. */
    bool (*disk)(void *ctx, const struct disk_request *rq);
};

/* conf and everything it points to must outlive the web; handlers are copied. counts: this thread's. */
struct web *web_new(const struct web_conf *conf, const struct web_handlers *handlers,
                    struct counts *counts);

/* All streams must have been closed (their on_closed has come). */
void web_free(struct web *w);

/* Takes over a connection that speaks HTTP: for doorman_taker (ctx is the web). */
void web_take(void *ctx, struct stream *s);

/* Answers a call. Nothing happens when its client has gone, or was told to come again since it took too long
 * (web_conf.call_us). */
void web_call_answer(struct web *w, uint64_t number, const struct web_answer *a);
/* The same for a whip. */
void web_whip_answer(struct web *w, uint64_t number, const struct web_whip_answer *a);

/* Answers a fetch; file NULL: 404, and no word more. */
void web_file_grant(struct web *w, uint64_t number, const struct file_grant *file);
/* An answer of the disk thread to a request of the web's. */
void web_disk(struct web *w, const struct disk_answer *a);

/* What /healthz says: 503 until ready, 503 again while draining. */
void web_ready(struct web *w);

/* No more keep-alive, idle HTTP connections are closed, new requests get Connection: close. Pipes stay
 * until somebody closes them. */
void web_drain(struct web *w, int64_t now_us);

/* Closes every connection at once (the end of draining). */
void web_close_all(struct web *w);

/* Connections that are open. */
size_t web_connections(const struct web *w);

/* When web_tick wants to be called; INT64_MAX: not. (Only for long-polls between two requests: all
 * else hangs on the streams' own deadlines.) */
int64_t web_deadline(const struct web *w);
void web_tick(struct web *w, int64_t now_us);

/* For SIGUSR1: appends one JSON object with every connection and its queues. */
void web_dump(const struct web *w, int64_t now_us, struct buf *json);

#endif
