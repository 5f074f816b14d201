/* Between push.c (the thread, its queue) and push_http.c (all that touches libcurl). */
#ifndef MADANG_EDGE_PUSH_PUSH_INT_H
#define MADANG_EDGE_PUSH_PUSH_INT_H

#include "base/list.h"
#include "edge/push/push.h"

struct push_http;  /* one attempt that is under way */
struct push_multi; /* several of them */

/* Loads libcurl, once for the process and before there are other threads that could do so, too. False with
 * the rest of a sentence. Everything else here needs it. */
bool push_http_load(char *err, size_t errlen);

/* How an attempt ended. */
struct push_result {
    unsigned status;       /* 0: no answer */
    bool forbidden;        /* the address was none to connect to */
    int64_t retry_after_s; /* -1: not said */
    char error[96];        /* for the log */
};

/* Prepares the request: encrypts, signs, sets every option. NULL: the endpoint or the key is nothing to
 * send to. key is the server's; options and job are borrowed until push_http_free.
 * owner is for the caller. */
struct push_http *push_http_new(const struct push_options *options, const struct p256 *key,
                                const struct push_job *job, void *owner);
void push_http_free(struct push_http *h);
void *push_http_owner(const struct push_http *h);
/* After it has ended with this code. */
void push_http_result(struct push_http *h, int code, struct push_result *out);

/* NULL: no memory. All attempts must have been removed. */
struct push_multi *push_multi_new(void);
void push_multi_free(struct push_multi *m);
bool push_multi_add(struct push_multi *m, struct push_http *h);
void push_multi_remove(struct push_multi *m, struct push_http *h);
/* Does what can be done without waiting. */
void push_multi_run(struct push_multi *m);
/* One that has ended, and how; NULL: none. */
struct push_http *push_multi_ended(struct push_multi *m, int *code);
/* Waits until something can be done, somebody wakes it, or ms are over. */
void push_multi_wait(struct push_multi *m, int ms);
/* Any thread. */
void push_multi_wake(struct push_multi *m);

/* Whether it is worth another try, and what the answer to the domain is otherwise. */
enum push_verdict { PUSH_DONE, PUSH_AGAIN };
enum push_verdict push_judge(const struct push_result *r, enum push_outcome *outcome);

#endif
