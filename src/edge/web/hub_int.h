/* Inside the hub: what hub.c (sessions, what goes out) and hub_receive.c (what comes in) share. */
#ifndef MADANG_EDGE_WEB_HUB_INT_H
#define MADANG_EDGE_WEB_HUB_INT_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "edge/web/hub.h"

/* A request that came before the one that it follows. */
struct held {
    struct list link;
    int64_t id;
    size_t n;
    uint8_t bytes[];
};

/* Exists only while something waits. */
struct held_box {
    struct timer due;
    struct hub_session *session;
    struct list requests; /* by id */
    unsigned n;
};

struct hub_session {
    struct outbox out;
    struct session_ref ref;
    int64_t last_id;       /* the last request that was taken */
    struct held_box *held; /* or NULL */
    struct list overflow;  /* in hub.overflow when its outbox is full */
};

/* Sessions lie in pages by slot, so that their outboxes never move. */
enum { PAGE_SESSIONS = 64 };
struct session_page {
    struct hub_session s[PAGE_SESSIONS];
};

struct hub {
    struct hub_conf conf;
    struct hub_counts counts;
    struct session_page **pages;
    size_t n_pages;
    struct heap deadlines;
    struct list overflow;
    struct buf text;       /* what is being encoded */
    struct pipe *speaking; /* whose message is being handled, or NULL */
    int refused;           /* HTTP status of what was said instead of taking it */
};

/* hub.c */
struct hub_session *hub_session_at(const struct hub *h, struct session_ref ref);
/* An error beside the sequence, to a pipe. */
void hub_say_error(struct hub *h, struct pipe *p, int64_t id, const struct wire_error *e);
void hub_say_code(struct hub *h, struct pipe *p, int64_t id, enum errcode code);
void hub_say_pong(struct hub *h, struct pipe *p);
/* An error that answers a request, in sequence. */
void hub_push_error(struct hub *h, struct hub_session *s, int64_t id, const struct wire_error *e);

/* hub_receive.c */
void hub_command(struct hub *h, int64_t now, const struct cmd *c);
/* One IPv4 address or one IPv6 /64 counts as one person's. Never 0, which means nobody. */
uint64_t hub_addr_key(const struct hub *h, const struct addr *a);
void hub_held_free(struct hub *h, struct hub_session *s);

/* hub_call.c */
void hub_call_answer(struct hub *h, const struct effect *e);

#endif
