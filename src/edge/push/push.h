/*
 * The push thread: the only part of the server that calls others. It contacts the push services of the
 * browsers of people who asked for it (Google's, Mozilla's, Apple's, Microsoft's, or whose URL a browser
 * brings), encrypts (RFC 8291), signs (RFC 8292) and posts (RFC 8030), up to 8 at once, by libcurl,
 * which is loaded only then.
 *
 * Endpoints are strangers' words, so: https only, with the certificate checked; each connection's address
 * is looked at after the name was resolved and before anything is sent, and must be public; no redirects,
 * no proxy from the environment, no cookies; 10 seconds, and 16 kB of answer. What fails is tried again
 * (Retry-After, or 1, 2, 4, … seconds) as long as the message would still be of use.
 */
#ifndef MADANG_EDGE_PUSH_PUSH_H
#define MADANG_EDGE_PUSH_PUSH_H

#include "base/addr.h"
#include "base/letter.h"
#include "edge/push/p256.h"
#include "msg/push_msg.h"

struct push_thread;

struct push_letter {
    struct letter letter;
    struct push_answer answer; /* its endpoint lies in: */
    char endpoint[PUSH_ENDPOINT_MAX];
};

/* Called on the push thread; takes the letter (true), or not, then it is offered again until the thread
 * stops. */
typedef bool push_deliver_fn(void *ctx, struct push_letter *letter);

struct push_options {
    unsigned queue;              /* jobs that wait or are under way; 0 = 256 */
    uint32_t kind;               /* letter.kind of the answers */
    uint8_t secret[P256_SECRET]; /* of the server's key */
    const char *subject;         /* "mailto:…" or "https://…", or NULL (RFC 8292, 2.1) */
    const char *ca_file;         /* instead of the system's authorities, for tests; or NULL */
    const struct cidr *allow;    /* networks that are reached though not public, for tests */
    size_t n_allow;
    unsigned attempts;  /* at most; 0 = 5 */
    int64_t backoff_ms; /* before the second; 0 = 1000 */
    push_deliver_fn *deliver;
    void *ctx;
};

/* Strings and allow are borrowed and must outlive it. NULL with a sentence (without capital and full stop)
 * in err. */
struct push_thread *push_start(const struct push_options *options, char *err, size_t errlen);

/* Queues a job, copied. Each accepted job gets exactly one letter, unless the thread is stopped before.
 * False: the queue is full, or something is longer than it may be; there will be no letter. Any thread. */
bool push_submit(struct push_thread *t, const struct push_job *job);
/* Jobs that wait or are under way. Any thread. */
unsigned push_waiting(struct push_thread *t);
/* Drops what is under way and waits for the thread, not for any server. NULL is fine. */
void push_stop(struct push_thread *t);

#endif
