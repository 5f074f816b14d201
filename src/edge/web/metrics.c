#include "edge/web/web_int.h"

void http_metrics(struct web_conn *c, const struct http1_request *req)
{
    struct web *w = c->web;
    struct reply r = {.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8"};

    if (!http_metrics_ok(c, req)) {
        http_reply_status(c, req, 403);
        return;
    }
    if (w->h.metrics != NULL)
        w->h.metrics(w->h.ctx, &w->scratch);
    r.body = buf_str(&w->scratch);
    http_reply(c, req, &r);
    buf_reset(&w->scratch);
}

void http_health(struct web_conn *c, const struct http1_request *req)
{
    struct web *w = c->web;
    struct buf *b = &w->scratch;
    bool ok = w->ready && !w->draining;
    struct reply r = {.status = ok ? 200 : 503, .type = "application/json"};

    buf_putf(b, "{\"status\":\"%s\"", w->draining ? "draining" : ok ? "ok" : "starting");
    if (w->h.health != NULL)
        w->h.health(w->h.ctx, b);
    buf_puts(b, "}\n");
    r.body = buf_str(b);
    http_reply(c, req, &r);
    buf_reset(b);
}
