/* Letters between the domain and the two slow helpers: the store of room histories and the
 * password thread. Each request gets exactly one answer, those of the store in the order of the
 * requests. The answer carries back what the domain needs to go on, so that the domain keeps
 * nothing while it waits. Slices are borrowed for the time of the call: who queues a letter copies. */
#ifndef MADANG_MSG_STORE_MSG_H
#define MADANG_MSG_STORE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/event.h"

/* Goes back unchanged in the answer; only the domain knows what it means. */
struct store_ctx {
    uint64_t session;
    int64_t id;
    uint64_t arg;
    uint32_t kind;
    uint32_t flags;
};

enum store_kind {
    STORE_APPEND, /* answer: the message with its seq */
    STORE_LOAD,   /* answer: the last messages of the room */
    STORE_DROP    /* the room is gone: forget its messages; the only one without an answer */
};

struct store_request {
    enum store_kind kind;
    uint64_t room;
    struct store_ctx ctx;
    struct chat_view message; /* of append; seq is the store's business */
};

struct store_answer {
    enum store_kind kind;
    uint64_t room;
    struct store_ctx ctx;
    bool failed;                     /* the store could not do it: busy */
    struct chat_view message;        /* append */
    const struct chat_view *history; /* load: oldest first */
    size_t n_history;
};

enum password_kind { PASSWORD_HASH, PASSWORD_VERIFY };

#define PASSWORD_MAX      128 /* characters; at most 4 bytes each */
#define PASSWORD_HASH_MAX 160 /* bytes of an encoded argon2id hash ("$argon2id$…") */

struct password_job {
    enum password_kind kind;
    uint64_t job;        /* the domain's number, goes back in the answer */
    struct str password; /* secret: wipe the copy after use, never log */
    struct str hash;     /* verify: encoded */
    uint8_t salt[16];    /* hash */
};

enum password_outcome { PASSWORD_OK, PASSWORD_WRONG, PASSWORD_BUSY /* or out of memory */ };

struct password_answer {
    uint64_t job;
    enum password_outcome outcome;
    struct str hash; /* of PASSWORD_HASH when OK: encoded, at most PASSWORD_HASH_MAX bytes */
};

#endif
