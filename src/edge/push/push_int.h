/* Between push.c (the thread, its queue) and push_http.c (one attempt, by libcurl). */
#ifndef MADANG_EDGE_PUSH_PUSH_INT_H
#define MADANG_EDGE_PUSH_PUSH_INT_H

#include "base/list.h"
#include "edge/push/push.h"

struct push_http; /* one attempt that is under way */

/* How an attempt ended. */
struct push_result {
    unsigned status;       /* 0: no answer */
    bool forbidden;        /* the address was none to connect to */
    int64_t retry_after_s; /* -1: not said */
    char error[96];        /* for the log */
};

/* Prepares the request: encrypts, signs, sets every option. NULL: the endpoint or the key is nothing to
 * send to. key is the server's; options and job are borrowed until push_http_free. */
struct push_http *push_http_new(const struct push_options *options, const struct p256 *key,
                                const struct push_job *job);
void push_http_free(struct push_http *h);
/* The CURL handle, whose private pointer is h. */
void *push_http_easy(struct push_http *h);
/* After it is done with this CURLcode. */
void push_http_result(struct push_http *h, int code, struct push_result *out);

/* Whether it is worth another try, and what the answer to the domain is otherwise. */
enum push_verdict { PUSH_DONE, PUSH_AGAIN };
enum push_verdict push_judge(const struct push_result *r, enum push_outcome *outcome);

#endif
