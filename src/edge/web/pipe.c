#include "edge/web/pipe.h"

#include <stddef.h>

#include "edge/web/visitor.h"

void pipe_attach(struct pipe *p, struct outbox *out, void *user, uint64_t session)
{
    if (p->closed)
        return;
    p->out = out;
    p->user = user;
    p->session = session;
    visitor_free(p->visitor);
    p->visitor = NULL;
    out->pipe = p;
    p->ops->wake(p);
}

void pipe_detach(struct pipe *p)
{
    if (p->out != NULL)
        p->out->pipe = NULL;
    p->out = NULL;
    p->user = NULL;
}

static enum outbox_result push(struct outbox *out, struct frame *f, bool soon)
{
    enum outbox_result r = outbox_push(out, f);
    const struct pipe_ops *ops = out->pipe != NULL ? out->pipe->ops : NULL;

    if (ops == NULL || r == OUTBOX_FULL)
        return r;
    if (r == OUTBOX_SLOW)
        ops->slow(out->pipe);
    else if (soon && ops->wake_soon != NULL)
        ops->wake_soon(out->pipe);
    else
        ops->wake(out->pipe);
    return r;
}

enum outbox_result pipe_push(struct outbox *out, struct frame *f)
{
    return push(out, f, false);
}

enum outbox_result pipe_push_soon(struct outbox *out, struct frame *f)
{
    return push(out, f, true);
}

void pipe_send(struct pipe *p, struct frame *f)
{
    if (!p->closed)
        p->ops->send(p, f);
}

void pipe_close(struct pipe *p, unsigned code)
{
    if (!p->closed)
        p->ops->close(p, code);
}

const struct addr *pipe_peer(const struct pipe *p)
{
    return p->ops->peer(p);
}

const char *pipe_kind_name(const struct pipe *p)
{
    return p->kind == PIPE_WS ? "ws" : p->kind == PIPE_STREAM ? "stream" : "poll";
}
