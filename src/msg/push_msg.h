/* Web Push: what the domain wants told to a browser that has no page open, and what became of it. The
 * push thread (edge/push/push.h) does the work. Slices are borrowed for the call: who queues copies. */
#ifndef MADANG_MSG_PUSH_MSG_H
#define MADANG_MSG_PUSH_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    PUSH_ENDPOINT_MAX = 1024, /* bytes of a subscription's URL */
    PUSH_P256DH = 65,         /* bytes of its public key, */
    PUSH_SECRET = 16,         /* and of its secret (getKey("p256dh"), getKey("auth")) */
    PUSH_BODY_MAX = 3000,     /* bytes of a message: what every service takes, with room to spare */
    PUSH_TOPIC_MAX = 32       /* characters (RFC 8030, 5.4) */
};

enum push_urgency { PUSH_NORMAL, PUSH_HIGH, PUSH_LOW, PUSH_VERY_LOW };

/* What is told: the service worker of the page shows it in the person's language. */
enum push_kind {
    PUSH_CALL,   /* somebody calls */
    PUSH_MISSED, /* nobody has answered; replaces the former */
    PUSH_TAKEN,  /* they have, or declined, on another device; likewise */
    PUSH_MESSAGE,
    PUSH_KINDS
};

struct push_note {
    enum push_kind kind;
    uint64_t id;              /* of the call, or of the conversation */
    struct str name, display; /* of who calls or writes */
    struct str text;          /* of a message; what is longer than 300 bytes is cut */
    bool video;
    int64_t time_ms;
};

struct push_job {
    struct str endpoint; /* as the browser gave it: https */
    uint8_t p256dh[PUSH_P256DH];
    uint8_t auth[PUSH_SECRET];
    struct str body;  /* JSON for the service worker; encrypted on the way */
    struct str topic; /* base64url characters: replaces one of that topic which waits; or empty */
    enum push_urgency urgency; /* PUSH_HIGH: a call that rings */
    uint32_t ttl_s; /* how long the service keeps it, and how long we try: 0 is now or never */
};

enum push_outcome {
    PUSH_SENT,      /* the service has it (201, or another 2xx) */
    PUSH_GONE,      /* 404, 410: the subscription is over, forget it */
    PUSH_REFUSED,   /* the service will not take this message, now or later (other 4xx) */
    PUSH_FAILED,    /* not reached, or too busy, for as long as it was worth trying */
    PUSH_FORBIDDEN, /* the endpoint is nothing to connect to: not https, not public, no such key */
    PUSH_BUSY,      /* the queue is full; there was no attempt */
    PUSH_OUTCOMES
};

/* The subscription comes back with it, so that the domain keeps nothing while it waits. */
struct push_answer {
    struct str endpoint;
    enum push_outcome outcome;
    unsigned status; /* of HTTP; 0: there was none */
    unsigned attempts;
};

static inline const char *push_outcome_name(enum push_outcome outcome)
{
    static const char *const names[PUSH_OUTCOMES] = {"sent",   "gone",      "refused",
                                                     "failed", "forbidden", "busy"};
    return (unsigned)outcome < PUSH_OUTCOMES ? names[outcome] : "?";
}

/* ---- what clients say of it: docs/protocol-people.md, section 5 ---- */

#define PUSH_CMDTYPES(CMDTYPE)             \
    CMDTYPE(PUSH_ADD, "push_add", BY_PIPE) \
    CMDTYPE(PUSH_REMOVE, "push_remove", BY_PIPE)

/* Of struct cmd, u.push. */
union push_args {
    struct cmd_push {
        struct str endpoint;
        struct str p256dh, auth; /* bytes; only of push_add */
    } sub;
};

#endif
