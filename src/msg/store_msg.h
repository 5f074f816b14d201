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

enum password_kind {
    PASSWORD_HASH,   /* a lock of a room: hash it */
    PASSWORD_VERIFY, /* is it the one that `hash` was made of? */
    PASSWORD_NEW,    /* somebody's new password: is it strong enough? then hash it */
    PASSWORD_NOBODY  /* there is no such person: WRONG, after as much work as a VERIFY */
};

#define PASSWORD_MAX      128 /* characters; at most 4 bytes each */
#define PASSWORD_HASH_MAX 160 /* bytes of an encoded argon2id hash ("$argon2id$…") */
#define PASSWORD_NAMES    4   /* names that a new password is compared with */
#define PASSWORD_NAME_MAX 128 /* bytes of each; more is cut off */

struct password_job {
    enum password_kind kind;
    uint64_t job;        /* the domain's number, goes back in the answer */
    struct str password; /* secret: wipe the copy after use, never log */
    struct str hash;     /* verify: encoded */
    uint8_t salt[16];    /* hash, new, and verify with renew: random */
    bool renew;          /* verify: if right, and made at another cost than today's, hash it anew */
    unsigned n_names;    /* new: at most PASSWORD_NAMES */
    struct str names[PASSWORD_NAMES]; /* user name, display name, the server's name, … */
};

enum password_outcome {
    PASSWORD_OK,
    PASSWORD_WRONG,
    PASSWORD_BUSY, /* or out of memory */
    PASSWORD_WEAK  /* only of PASSWORD_NEW: `weak` says why */
};

/* Why a new password is refused: what most of it consists of. */
enum weak_reason {
    WEAK_NONE,      /* it is not weak */
    WEAK_SHORT,     /* nothing known, but too short or too plain */
    WEAK_COMMON,    /* one of those that everybody tries first */
    WEAK_NAME,      /* the person's own names */
    WEAK_DATE,      /* a date or a year */
    WEAK_REPEAT,    /* the same again and again, or counted on: abcd, 1234 */
    WEAK_KEYBOARD,  /* keys that lie side by side */
    WEAK_GUESSABLE, /* words of the dictionary */
    WEAK_REASONS
};

/* As the protocol calls it. */
static inline const char *weak_reason_name(enum weak_reason reason)
{
    static const char *const names[WEAK_REASONS] = {"none", "short",  "common",   "name",
                                                    "date", "repeat", "keyboard", "guessable"};
    return (unsigned)reason < WEAK_REASONS ? names[reason] : names[WEAK_GUESSABLE];
}

struct password_answer {
    uint64_t job;
    enum password_outcome outcome;
    struct str hash; /* when OK: of hash and new; of verify only the renewed one, else empty.
                      * Encoded, at most PASSWORD_HASH_MAX bytes */
    enum weak_reason weak;
};

#endif
