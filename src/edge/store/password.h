/*
 * The password thread: argon2id (RFC 9106) for people's passwords and the locks of rooms, away from
 * everybody who must not wait. One job takes about 40 ms and 19 MiB (a VERIFY with a renewal twice
 * that, a weak new password a millisecond); they wait in a bounded queue, and a full queue is an
 * answer at once, so that a flood of wrong passwords delays nothing but passwords. Passwords are
 * copied once and wiped as soon as they have been used. The parameters stand in the encoded hash
 * ("$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH"), so that they can change without breaking old ones.
 */
#ifndef MADANG_EDGE_STORE_PASSWORD_H
#define MADANG_EDGE_STORE_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/letter.h"
#include "msg/store_msg.h"

struct password_thread;

/* The answer as a letter. answer.hash lies in `encoded`; drop frees all. */
struct password_letter {
    struct letter letter;
    struct password_answer answer;
    char encoded[PASSWORD_HASH_MAX];
};

/*
 * Called on the password thread; takes the letter (true), for example by mailbox_post(), or not
 * (false), then it is offered again a little later until the thread is stopped.
 */
typedef bool password_deliver_fn(void *ctx, struct password_letter *letter);

struct password_options {
    unsigned queue;     /* jobs that may wait; 0 = 64 */
    uint32_t kind;      /* letter.kind of the answers */
    uint32_t memory_kb; /* of one hash; 0 = 19456 (19 MiB) */
    uint32_t passes;    /* 0 = 2 */
    password_deliver_fn *deliver;
    void *ctx;
};

/* Starts the thread. NULL with errno when there is none to be had. */
struct password_thread *password_start(const struct password_options *options);

/*
 * Queues a job; its slices are copied. Each accepted job gets exactly one letter, in the order of
 * the calls. False: the queue is full or the password too long, there will be no letter, the
 * caller answers PASSWORD_BUSY. Any thread.
 */
bool password_submit(struct password_thread *thread, const struct password_job *job);

/* Jobs that are waiting. Any thread. */
unsigned password_waiting(struct password_thread *thread);

/* Ends the job that is under way (its letter is not delivered), wipes those that wait, frees. */
void password_stop(struct password_thread *thread);

/*
 * The work itself, on the caller's thread; here for tests and tools. `encoded` gets
 * PASSWORD_HASH_MAX bytes at most, with a 0. False: no memory.
 */
bool password_hash(struct str password, const uint8_t salt[16], uint32_t memory_kb, uint32_t passes,
                   char encoded[PASSWORD_HASH_MAX]);

/*
 * PASSWORD_WRONG also for a text that is no argon2id hash, or one whose cost is beyond 256 MiB and
 * 16 passes: nobody but us has written it, so it is damaged. PASSWORD_BUSY: no memory.
 */
enum password_outcome password_verify(struct str password, struct str encoded);

/* Whether a hash was made at another cost than this one (0: as above). False for damaged texts. */
bool password_outdated(struct str encoded, uint32_t memory_kb, uint32_t passes);

#endif
