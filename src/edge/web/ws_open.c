/* The opening of a WebSocket: who may, what is answered, and a hello that came with the request. */
#include <stdio.h>
#include <string.h>

#include "base/code.h"
#include "base/utf8.h"
#include "edge/web/web_int.h"

/* docs/protocol.md, section 7 */
#define WS_SUBPROTOCOL  "madang.v1"
#define WS_WITH_HELLO   "madang.v1.hello"
#define WS_HELLO_PREFIX "hello."

static void refuse(struct web_conn *c, const struct http1_request *req, int status)
{
    struct reply r = {.status = status, .type = "text/plain; charset=utf-8"};
    char text[64];

    r.body =
        str_of(text, (size_t)snprintf(text, sizeof text, "%d %s\n", status, http1_reason(status)));
    if (status == 426)
        r.extra = STR("Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
    c->u.http->close = true;
    http_reply(c, req, &r);
}

/* The response, without the fields that only pages need: each opening costs what it must. */
static void say_welcome(struct web_conn *c, const char *key, struct str subprotocol)
{
    static const char before[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Protocol: ";
    static const char accept[] = "\r\nSec-WebSocket-Accept: ";
    char mem[sizeof before + sizeof WS_WITH_HELLO + sizeof accept + WS_ACCEPT_LEN + 4], *p = mem;

    memcpy(p, before, sizeof before - 1);
    p += sizeof before - 1;
    memcpy(p, subprotocol.p, subprotocol.n);
    p += subprotocol.n;
    memcpy(p, accept, sizeof accept - 1);
    p += sizeof accept - 1;
    ws_accept_key(key, p);
    memcpy(p + WS_ACCEPT_LEN, "\r\n\r\n", 4);
    conn_put(c, mem, (size_t)(p + WS_ACCEPT_LEN + 4 - mem));
    http_count(c->web, 101);
}

/* The client's first message, if it came with the request: in text, which has room for WS_EARLY_MAX
 * bytes. 0 when there is none, or none that we can take; the client says it in a frame then. */
static size_t early_hello(const struct http1_request *req, uint8_t *text)
{
    struct str hello = ws_offered_after(req, STR(WS_HELLO_PREFIX));
    size_t n = 0;

    if (hello.n == 0 || !ws_offers(req, STR(WS_WITH_HELLO)) ||
        !b64url_decode(text, WS_EARLY_MAX, &n, hello) || !utf8_valid(text, n))
        return 0;
    return n;
}

void ws_begin(struct web_conn *c, const struct http1_request *req)
{
    struct web_handlers *h = &c->web->h;
    uint8_t hello[WS_EARLY_MAX];
    struct visitor *visitor;
    struct str allow;
    const char *key;
    size_t n;
    int status = ws_handshake_check(req, WS_SUBPROTOCOL, &key);

    if (status == 101 && !http_origin_ok(c, req, &allow)) {
        count_inc(c->web->counts, COUNT_DROP_WS_ORIGIN);
        status = 403;
    }
    if (status == 101 && c->web->draining)
        status = 503;
    if (status != 101) {
        refuse(c, req, status);
        return;
    }
    n = early_hello(req, hello);
    visitor = http_visitor(c, req);
    say_welcome(c, key, n > 0 ? STR(WS_WITH_HELLO) : STR(WS_SUBPROTOCOL));
    ws_become(c);
    c->u.ws->pipe.visitor = visitor;
    if (n > 0) {
        c->u.ws->unheard = true;
        h->message(h->ctx, &c->u.ws->pipe, conn_now(c), hello, n);
    }
}
