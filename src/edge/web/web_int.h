#ifndef MADANG_EDGE_WEB_WEB_INT_H
#define MADANG_EDGE_WEB_WEB_INT_H

/* What the files of the web edge know of each other; nobody else includes this. A connection begins
 * in mode HTTP and may become a WebSocket, an event stream, or (until it is answered) a long-poll. */

#include "base/buf.h"
#include "base/count.h"
#include "base/hmap.h"
#include "base/list.h"
#include "edge/web/pipe.h"
#include "edge/web/visitor.h"
#include "edge/web/web.h"
#include "io/stream.h"
#include "msg/effect.h"
#include "proto/http1.h"
#include "proto/ws.h"

enum {
    WEB_GATHER = 32768,        /* small frames are gathered into one piece of this size */
    WEB_SAID_MAX = 256 * 1024, /* beside the outbox: pongs, resumed, errors without id */
    WEB_OUT_MAX = 4 << 20,     /* what one connection may hold unsent, and one longest message */
    WS_EARLY_MAX = 1024,       /* of a hello that comes with the request to upgrade */
    WS_QUIET_US = 2000000,  /* without new messages: then a ping asks for what is unacknowledged */
    WEB_CLOSE_US = 2000000, /* for a close frame or a last answer to get out */
};

enum web_mode {
    MODE_HTTP,
    MODE_WS,
    MODE_STREAM,
    MODE_POLL,
    MODE_DONE, /* what is in out still goes out, then the stream shuts down */
};

struct es;
struct web_conn;

/* A request being read or answered. */
enum http_phase {
    HTTP_HEAD,
    HTTP_BODY,
    HTTP_PIECES, /* of an upload */
    HTTP_WAIT,   /* for somebody's answer */
    HTTP_SEND
};

enum { HTTP_VERB_MAX = 32 };

/* What somebody else has to answer: the policy, or the disk. */
enum call_kind {
    CALL_VERB,
    CALL_GET,
    CALL_PUT,
    CALL_LOOK, /* how much of an upload is there? */
    CALL_WHIP
};
struct transfer;
struct whip_call;
struct http_call {
    struct hnode node; /* in web.calls once somebody was asked */
    uint64_t number;   /* 0: nobody was asked yet */
    struct web_conn *conn;
    struct visitor *visitor;
    struct transfer *t;     /* of a file, or NULL */
    struct whip_call *whip; /* of CALL_WHIP */
    uint8_t kind;
    uint8_t verb_len;
    char verb[HTTP_VERB_MAX];
};

/* The body is complete; it may be changed in place. */
typedef void http_body_fn(struct web_conn *c, uint8_t *body, size_t n);

struct http_state {
    struct http1_scan scan;
    struct http1_body body;
    struct buf collect;      /* of a POST's body, when it comes in pieces */
    struct str tail;         /* goes out after conn->out: constant, or in owned */
    uint8_t *owned;          /* a file of --web-dir; freed once sent */
    http_body_fn *then;      /* for the body */
    struct http_call *call;  /* or NULL */
    struct visitor *visitor; /* of a POST to a stream, or NULL */
    char key[22];            /* of /api/send/KEY/TAB */
    char tab[16];
    char origin[128]; /* for Access-Control-Allow-Origin */
    uint8_t origin_len;
    uint8_t tab_len;
    uint8_t phase;
    bool head_begun; /* a request's first bytes are here */
    bool head_only;  /* HEAD */
    bool close;      /* after this response */
    bool secure;     /* TLS here, or at a trusted proxy */
};

struct ws_state {
    struct pipe pipe;
    struct web_conn *conn;
    struct list soon; /* in web.soon while notices wait for company */
    struct ws_reader reader;
    int64_t opened_at;
    int64_t last_in;
    int64_t pinged_at; /* a ping is under way since; 0: none */
    uint64_t seen_seq; /* last number sent when we looked last */
    bool watching;     /* something is unacknowledged, and a look is due within WS_QUIET_US */
    bool slow;
    bool unheard; /* a hello came with the request, and no frame since */
};

struct web_conn {
    struct list link;
    struct web *web;
    struct stream *s;
    uint64_t id;
    struct addr peer; /* the client's, after trusted proxies */
    struct buf out;   /* goes out before everything else */
    int64_t progress_at;
    uint8_t mode;
    union {
        struct http_state *http; /* in all other modes; NULL once it isn't needed any more */
        struct ws_state *ws;     /* MODE_WS */
    } u;
    struct es *es; /* MODE_STREAM, MODE_POLL */
};

struct web {
    const struct web_conf *conf;
    struct web_handlers h;
    struct counts *counts;
    struct list conns;
    size_t n_conns;
    uint64_t next_id;
    bool ready, draining;
    int dir_fd;
    struct hmap streams; /* struct es by key */
    struct list gaps;    /* struct es between two polls, the earliest first */
    struct list soon;    /* struct ws_state with notices that leave at soon_at, all at once */
    int64_t soon_at;     /* 0: there are none */
    struct list quiet;   /* struct tab, the one that posted longest ago first */
    struct list graves;  /* struct tab that are freed when control is back in the loop */
    struct hmap rates;   /* struct rate by address */
    struct hmap calls;   /* struct http_call by number */
    uint64_t next_call;
    size_t out_max;     /* hard cap of what one connection may hold unsent */
    struct buf scratch; /* for composing; empty between two calls */
    uint8_t gather[WEB_GATHER];
};

/* ---- web.c ---- */

void conn_want_write(struct web_conn *c);
/* Appends to out; when that is full the connection is closed. */
void conn_put(struct web_conn *c, const void *p, size_t n);
/* Closes the connection when something did not fit into out: half a message must not go out. */
void conn_check_out(struct web_conn *c);
/* Sends what is in out. True when out is empty now. */
bool conn_flush_out(struct web_conn *c);
/* What is in out goes out, then the stream shuts down. The state of the mode must be gone. */
void conn_finish(struct web_conn *c);
void conn_free_http(struct web_conn *c);
static inline int64_t conn_now(const struct web_conn *c)
{
    return stream_now(c->s);
}

/* ---- http.c: reading requests ---- */

static inline bool http_has_body(enum http1_method method)
{
    return method == HTTP1_POST || method == HTTP1_PUT || method == HTTP1_PATCH;
}

void http_begin(struct web_conn *c);
size_t http_on_data(struct web_conn *c, uint8_t *p, size_t n);
void http_on_writable(struct web_conn *c);
void http_on_deadline(struct web_conn *c, int64_t now_us);
/* The response has been written: next request or the end. */
void http_sent(struct web_conn *c);

/* The body of this request is wanted (http->body is prepared); `then` gets it. */
void http_body_begin(struct web_conn *c, const struct http1_request *req, http_body_fn *then);

/* ---- http_cookie.c ---- */

/* What the request says of who sends it. */
struct visitor *http_visitor(const struct web_conn *c, const struct http1_request *req);
/* Appends Set-Cookie, if there is a change. */
void http_set_cookie(const struct web_conn *c, struct buf *b, const struct cookie_change *change);

/* ---- http_call.c ---- */

void http_call_begin(struct web_conn *c, const struct http1_request *req);
void http_call_body(struct web_conn *c, uint8_t *body, size_t n);
/* 403 for what is not sent by our own page; 0: fine. */
int http_refuse_stranger(const struct web_conn *c, const struct http1_request *req);
/* c has none. */
struct http_call *http_call_new(struct web_conn *c, const struct http1_request *req,
                                enum call_kind kind);
/* From here on the answer may come. False: too many wait already, and that was said. */
bool http_call_wait(struct web_conn *c, struct http_call *call);
struct http_call *http_call_find(struct web *w, uint64_t number);
/* The call that c makes, if any, is none any more. */
void http_call_free(struct web_conn *c);
/* Answers with an error instead, which says no more than the status and a code. */
void http_call_fail(struct web_conn *c, int status, const char *code);
void http_call_late(struct web_conn *c);

/* ---- http_file.c: files that go out ---- */

enum { MATCH_MAX = 100 };
struct transfer {
    struct cmd_fetch what;
    struct disk_name name; /* once it was granted */
    uint64_t at;           /* the next byte */
    uint64_t end; /* get: behind the last one that goes out; put: how long the whole is to be */
    uint64_t first, total; /* put: what the client says */
    bool begun;            /* get: the head of the response is out; put: the body is being taken */
    bool inlined, fresh;   /* fresh: asked for again each time */
    bool expects;          /* put: "100 Continue", once it is welcome */
    char type[40];
    char etag[64];
    struct buf fields; /* more of the response */
    char range[MATCH_MAX], match[MATCH_MAX], if_range[MATCH_MAX];
};

void http_file_begin(struct web_conn *c, const struct http1_request *req);
void http_file_granted(struct web_conn *c, const struct file_grant *g);
void http_file_read(struct web_conn *c, const struct disk_answer *a);
/* All that was there has left. True: more is to come, or the connection ends. */
bool http_file_more(struct web_conn *c);
void transfer_free(struct transfer *t);
/* Asks the disk; false: it is too busy. */
bool http_ask_disk(struct web_conn *c, struct disk_request rq);
/* Asks the policy about the transfer's file. */
void http_ask_grant(struct web_conn *c, enum fetch_what what);
/* "ID" or "ID/REST", as in a path. */
bool http_file_id(struct str path, uint64_t *id, struct str *rest);

/* ---- http_upload.c: files that come in ---- */

void http_upload_begin(struct web_conn *c, const struct http1_request *req);
void http_upload_granted(struct web_conn *c, const struct file_grant *g);
void http_upload_disk(struct web_conn *c, const struct disk_answer *a);
/* Bytes of the body; how many were taken. */
size_t http_upload_data(struct web_conn *c, const uint8_t *p, size_t n);

/* ---- http_whip.c ---- */

void http_whip_begin(struct web_conn *c, const struct http1_request *req);
void whip_call_free(struct whip_call *k);

/* ---- http_reply.c: writing responses ---- */

struct reply {
    int status;
    const char *type;  /* Content-Type; NULL: none */
    struct str body;   /* copied, unless lasting */
    bool lasting;      /* body is constant memory, or http->owned */
    bool page;         /* with CSP and Permissions-Policy */
    bool gzip;         /* Content-Encoding */
    bool vary;         /* Vary: Accept-Encoding */
    bool ranges;       /* Accept-Ranges: bytes */
    const char *cache; /* Cache-Control; NULL: no-store */
    const char *allow; /* 405 */
    struct str etag;
    struct str extra;  /* whole field lines with CRLF */
    struct str origin; /* Access-Control-Allow-Origin */
    bool later;        /* the body is `length` bytes that the caller writes */
    uint64_t length;
    uint64_t full;  /* 206, 416: size of the whole */
    uint64_t first; /* 206: offset of body */
};

/* Writes the head and the body (not for HEAD), and moves to HTTP_SEND. */
void http_reply(struct web_conn *c, const struct http1_request *req, const struct reply *r);
/* A short text: "404 Not Found". */
void http_reply_status(struct web_conn *c, const struct http1_request *req, int status);
/* The same, and the connection ends after it. req may be NULL. */
void http_fail(struct web_conn *c, const struct http1_request *req, int status);
/* {"type":"error","code":…} of docs/protocol.md. */
void http_reply_error(struct web_conn *c, const struct http1_request *req, int status,
                      const char *code, struct str origin);
/* Fields that every response has; the empty line is the caller's. */
void http_common_fields(struct web_conn *c, struct buf *b, bool close);
void http_count(struct web *w, int status);

/* ---- http_route.c ---- */

void http_route(struct web_conn *c, const struct http1_request *req);

/* ---- http_check.c: who asks ---- */

/* Sets c->peer and http->secure from the stream and, behind trusted proxies, from the fields. */
void http_see_peer(struct web_conn *c, const struct http1_request *req);
/* False for an Origin that is neither this host's nor allowed. *allow gets the origin to be named in
 * Access-Control-Allow-Origin, empty for the same host. */
bool http_origin_ok(const struct web_conn *c, const struct http1_request *req, struct str *allow);
bool http_metrics_ok(const struct web_conn *c, const struct http1_request *req);
/* One request more of this address; false: too many. */
bool http_rate_ok(struct web *w, const struct addr *peer, int64_t now_us);
void http_rate_free(struct web *w);

/* ---- http_static.c, http_dir.c: the page ---- */

enum http_range { RANGE_NONE, RANGE_ONE, RANGE_BAD };
/* "bytes=a-b", "bytes=a-", "bytes=-n"; several ranges or anything unreadable is ignored, as RFC 9110,
 * 14.2 allows. */
enum http_range http_range(struct str value, uint64_t size, uint64_t *first, uint64_t *last);
/* If-None-Match compares weakly: W/ doesn't matter, and neither does which coding the client has (gzip may be
 * empty). RFC 9110, 13.1.2. */
bool http_etag_known(struct str list, struct str plain, struct str gzip);
void http_static(struct web_conn *c, const struct http1_request *req, struct str path, bool root);
void http_page(struct web_conn *c, const struct http1_request *req);
void http_player(struct web_conn *c, const struct http1_request *req);
/* A file of --web-dir by its relative path; false: there is none. http->owned gets it. */
bool http_dir_read(struct web_conn *c, struct str path, struct str *body, char etag[40]);
int http_dir_open(const char *path);

/* ---- ws_open.c: the request to become a WebSocket ---- */

void ws_begin(struct web_conn *c, const struct http1_request *req);

/* ---- ws_conn.c ---- */

/* From here on the connection is one. */
void ws_become(struct web_conn *c);
size_t ws_on_data(struct web_conn *c, uint8_t *p, size_t n);
void ws_on_writable(struct web_conn *c);
void ws_on_deadline(struct web_conn *c, int64_t now_us);
void ws_on_closed(struct web_conn *c);
/* Lets the notices leave that have waited for company. */
void ws_soon_is_now(struct web *w);

/* ---- es.c: event streams and long-polls ---- */

struct tab {
    struct list link;  /* in es->tabs, or in web->graves */
    struct list quiet; /* in web->quiet, by heard_at */
    int64_t heard_at;  /* when it posted last */
    struct es *es;
    struct pipe pipe;
    uint8_t name_len;
    char name[16];
};

struct es {
    struct hnode node;
    struct list gap; /* in web->gaps */
    struct web *web;
    struct web_conn *conn; /* NULL between two polls */
    struct list tabs;
    struct buf said; /* events without numbers, encoded */
    struct addr peer;
    int64_t gap_at;
    uint32_t n_tabs;
    bool poll;
    bool slow;
    char key[22];
};

void es_begin(struct web_conn *c, const struct http1_request *req);
void es_post_begin(struct web_conn *c, const struct http1_request *req);
/* The body is complete: a message for a tab. */
void es_post(struct web_conn *c, uint8_t *msg, size_t n);
void es_on_writable(struct web_conn *c);
void es_on_deadline(struct web_conn *c, int64_t now_us);
/* The connection is gone. */
void es_on_closed(struct web_conn *c);
void es_tick(struct web *w, int64_t now_us);
int64_t es_deadline(const struct web *w);
void es_reap(struct web *w);
void es_close_all(struct web *w);

/* es_pipe.c: a TAB as a pipe, and how events are written */
struct tab *es_tab(struct es *es, struct str name);
void es_tab_lost(struct tab *t, int64_t now_us);
/* Appends one event; seq 0: without id. */
void es_event(struct buf *b, const struct tab *t, uint64_t seq, struct str message);
/* Appends what is to be said, up to about max bytes. */
void es_take(struct es *es, struct buf *b, size_t max);
bool es_has_news(const struct es *es);

/* ---- metrics ---- */

void http_metrics(struct web_conn *c, const struct http1_request *req);
void http_health(struct web_conn *c, const struct http1_request *req);

#endif
