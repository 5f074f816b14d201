/* The cookie of who is signed in: `__Host-madang`, and `madang` where there is no TLS, since browsers take the
 * prefix only with Secure. Its value is a token of 32 bytes as base64url, and nothing else is taken for one. */
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "edge/web/web_int.h"

enum { VALUE_LEN = 43 };

static struct str cookie_name(const struct web_conn *c)
{
    return c->u.http->secure ? STR("__Host-madang") : STR("madang");
}

/* RFC 6265, 4.2.1: pairs with "; " between them, in one field. A name that is there twice may have been put there
 * by somebody else: then neither counts. */
static bool find_cookie(const struct http1_request *req, struct str name, struct str *value)
{
    struct str rest = http1_field(req, STR("cookie")), pair, key, val;
    bool found = false;

    if (http1_field_count(req, STR("cookie")) != 1)
        return false;
    while (rest.n > 0) {
        str_split_once(rest, ';', &pair, &rest);
        if (!str_split_once(str_trim(pair), '=', &key, &val) || !str_eq(key, name))
            continue;
        if (found)
            return false;
        found = true;
        *value = val;
    }
    return found;
}

struct visitor *http_visitor(const struct web_conn *c, const struct http1_request *req)
{
    struct visitor *v = xcalloc(1, sizeof *v);
    struct str value, other, agent = str_head(http1_field(req, STR("user-agent")), AGENT_MAX);
    size_t n = 0;

    /* Pages of another origin (allow-origin) have no account here, although a browser sends the cookie along where
     * both are one site. */
    bool own = http_origin_ok(c, req, &other) && other.n == 0;
    v->has_cookie = own && find_cookie(req, cookie_name(c), &value) && value.n == VALUE_LEN &&
                    b64url_decode(v->cookie, sizeof v->cookie, &n, value) && n == COOKIE_TOKEN;
    for (size_t i = 0; i < agent.n; i++)
        v->agent[i] = agent.p[i] >= 0x20 && agent.p[i] < 0x7f ? agent.p[i] : '?';
    v->agent_len = (uint8_t)agent.n;
    return v;
}

void visitor_free(struct visitor *v)
{
    if (v != NULL)
        memzero(v, sizeof *v);
    xfree(v);
}

void http_set_cookie(const struct web_conn *c, struct buf *b, const struct cookie_change *change)
{
    char value[B64URL_SIZE(COOKIE_TOKEN)] = "";
    long long age = change->op == COOKIE_SET ? (long long)change->max_age_s : 0;

    if (change->op == COOKIE_KEEP)
        return;
    if (change->op == COOKIE_SET)
        b64url_encode(value, sizeof value, change->token, COOKIE_TOKEN);
    buf_putf(b, "Set-Cookie: " PRIstr "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s\r\n",
             STR_ARG(cookie_name(c)), value, age, c->u.http->secure ? "; Secure" : "");
    memzero(value, sizeof value);
}
