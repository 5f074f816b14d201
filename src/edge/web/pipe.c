#include "edge/web/pipe.h"

#include <stddef.h>

void pipe_attach(struct pipe *p, struct outbox *out, void *user, uint64_t session)
{
    if (p->closed)
        return;
    p->out = out;
    p->user = user;
    p->session = session;
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

enum outbox_result pipe_push(struct outbox *out, struct frame *f)
{
    enum outbox_result r = outbox_push(out, f);

    if (out->pipe == NULL || r == OUTBOX_FULL)
        return r;
    if (r == OUTBOX_SLOW)
        out->pipe->ops->slow(out->pipe);
    else
        out->pipe->ops->wake(out->pipe);
    return r;
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
