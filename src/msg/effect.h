/* Effects: what the domain wants done. They come one by one to the sink that domain_new was given,
 * during a call of the domain, in the order in which they must take effect; the sink must not call
 * the domain's changing functions (queue answers and hand them over when the call has returned).
 *
 * The contract with the edge's session object (sequence, replay, request ids):
 * - It exists from EFFECT_SESSION_OPENED to EFFECT_SESSION_ENDED, under the slot of the session_ref.
 * - ACK, ERROR with a session, and SEND are sequenced messages: each takes the next number. An ERROR
 *   without a session goes to the pipe `conn`, outside of any sequence (hello was refused).
 * - Request ids are the edge's: hello is 1, each next one is last + 1; POSTs that overtake wait
 *   there; one that was seen before is dropped. The domain answers every request that it is given
 *   exactly once, by ACK or ERROR, perhaps later (password, store). An error that the edge finds itself
 *   (bad_request, unknown_type with an id) it sequences itself and doesn't pass on.
 * - A pipe that closes: CMD_PIPE_LOST with its conn; the domain ignores it when the session has
 *   another pipe by now. EFFECT_SESSION_BOUND replaces the pipe: the edge closes the old one (4009),
 *   sends `resumed` and the replay, then what follows.
 * - CMD_OVERFLOW when something for the session could not be kept, or not be encoded: it ends. */
#ifndef MADANG_MSG_EFFECT_H
#define MADANG_MSG_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "msg/db.h"
#include "msg/disk_msg.h"
#include "msg/errcode.h"
#include "msg/event.h"
#include "msg/ids.h"
#include "msg/push_msg.h"
#include "msg/store_msg.h"

enum effect_type {
    EFFECT_SESSION_OPENED, /* conn -> session; the ack of hello follows, now or later */
    EFFECT_SESSION_BOUND,  /* a resume: conn -> session, which has processed up to seq */
    EFFECT_SESSION_ENDED,  /* the session is over, for this reason */
    EFFECT_SEND,           /* event to to[0..n) */
    EFFECT_ACK,            /* event is the result of request id of session */
    EFFECT_ERROR,     /* error answers request id of session, or of conn when session.id is 0 */
    EFFECT_STORE,     /* a request to the store */
    EFFECT_PASSWORD,  /* a job for the password thread */
    EFFECT_HTTP,      /* answers the call `http`: by event, or by error when that is NULL */
    EFFECT_HTTP_FILE, /* answers CMD_FETCH: the file, or there is none for this client */
    EFFECT_RELAY,     /* what relays may reach has changed: before what tells clients of it */
    EFFECT_DB,        /* a request to the database */
    EFFECT_DISK,      /* a request to the disk thread */
    EFFECT_GROUP,     /* for the worker that has the room, or will have it */
    EFFECT_PUSH /* a message for a browser without a page; answered by domain_pushed() if it is taken */
};

/* What the answer to a call does to the cookie of its browser. */
enum cookie_op { COOKIE_KEEP, COOKIE_SET, COOKIE_CLEAR };
struct cookie_change {
    enum cookie_op op;
    uint8_t token[32]; /* set: secret */
    int64_t max_age_s; /* set */
};

/* A file that a client may have, or may send. */
struct file_grant {
    struct disk_name name;
    struct str type;     /* only safe types of pictures are shown; all else is saved */
    struct str filename; /* for what is saved; n = 0: none */
    uint64_t stamp;      /* another one for each content of that name */
    uint64_t size;       /* of an upload: how long it is to be */
    bool as_said;        /* saved with its own type, and asked for again each time */
};

enum ended_reason {
    ENDED_BYE,        /* asked for; the pipe closes with 1000 */
    ENDED_GONE,       /* no resume in time; there is no pipe */
    ENDED_REPLACED,   /* `ended` is sent to the pipe, if there is one */
    ENDED_OVERFLOW,   /* the same */
    ENDED_NEW,        /* its pipe was lost before hello was answered */
    ENDED_SIGNED_OUT, /* its person's sign-in was ended; `ended` is sent */
    ENDED_REASONS
};

/* Call-scoped relays (proto/turn_scope.h). A scope is one participant of one room, from entering to
 * leaving; its id is random, never 0 and never used again. */
enum relay_kind {
    RELAY_OPEN,  /* scope: before its credential is told to anybody */
    RELAY_PARTY, /* party signalled this to scope: before the message that says so is sent */
    RELAY_DROP,  /* party has left the room */
    RELAY_CLOSE, /* scope has: its relays end now */
    RELAY_KINDS
};
#define RELAY_PWD_MAX 256 /* RFC 8839, 5.4 */
struct relay_scope {
    enum relay_kind kind;
    uint64_t scope;
    uint64_t party;           /* party, drop: another scope */
    struct str pwd;           /* party: ICE's; n = 0: none in this message */
    const struct addr *addrs; /* party: each once, without ports */
    uint32_t n_addrs;
};

struct effect {
    enum effect_type type;
    struct session_ref session;
    uint64_t conn;
    int64_t id;
    int64_t seq;
    uint64_t http;
    struct cookie_change cookie;
    const struct file_grant *file; /* NULL: none */
    const struct disk_request *disk;
    enum ended_reason reason;
    struct wire_error error;
    const struct event *event;
    const struct session_ref *to; /* valid during the call; no session twice */
    size_t n_to;
    const struct store_request *store;
    const struct password_job *password;
    const struct relay_scope *relay;
    const struct group_order *group;
    const struct db_request *db;
    const struct push_job *push; /* without a body: that is made of: */
    const struct push_note *note;
};

#endif
