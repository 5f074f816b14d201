/* Who is at the other end of a request, beside the address: what the policy learns of a client when it
 * begins a session or makes a call. */
#ifndef MADANG_EDGE_WEB_VISITOR_H
#define MADANG_EDGE_WEB_VISITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { COOKIE_TOKEN = 32, AGENT_MAX = 160 };

struct visitor {
    bool has_cookie;
    uint8_t agent_len;
    uint8_t cookie
        [COOKIE_TOKEN]; /* the token of the sign-in: secret, nobody has looked whether it is good */
    char agent[AGENT_MAX]; /* User-Agent, cut; no controls in it */
};

/* Wipes it; NULL is fine. */
void visitor_free(struct visitor *v);

static inline struct str visitor_cookie(const struct visitor *v)
{
    return v && v->has_cookie ? str_of(v->cookie, COOKIE_TOKEN) : STR_NONE;
}

static inline struct str visitor_agent(const struct visitor *v)
{
    return v ? str_of(v->agent, v->agent_len) : STR_NONE;
}

#endif
