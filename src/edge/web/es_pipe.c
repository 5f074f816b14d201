#include <string.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

/* One TAB of an event stream or long-poll as a pipe, and the events that carry its messages. */

enum { TABS_MAX = 16 };

static struct tab *tab_of(const struct pipe *p)
{
    return container_of(p, struct tab, pipe);
}

static void put_lines(struct buf *b, struct str message)
{
    for (;;) {
        struct str line, rest;
        bool more = str_split_once(message, '\n', &line, &rest);

        buf_puts(b, "data: ");
        buf_put_str(b, line);
        buf_puts(b, "\n");
        if (!more)
            break;
        message = rest;
    }
    buf_puts(b, "\n");
}

void es_event(struct buf *b, const struct tab *t, uint64_t seq, struct str message)
{
    buf_puts(b, "event: ");
    buf_put(b, t->name, t->name_len);
    if (seq > 0)
        buf_putf(b, "\nid: %llu", (unsigned long long)seq);
    buf_puts(b, "\n");
    put_lines(b, message);
}

bool es_has_news(const struct es *es)
{
    if (buf_len(&es->said) > 0)
        return true;
    LIST_FOREACH(it, &es->tabs) {
        const struct tab *t = container_of(it, struct tab, link);

        if (t->pipe.out != NULL && outbox_has_unsent(t->pipe.out))
            return true;
    }
    return false;
}

void es_take(struct es *es, struct buf *b, size_t max)
{
    buf_put_str(b, buf_str(&es->said));
    buf_free(&es->said);
    LIST_FOREACH(it, &es->tabs) {
        struct tab *t = container_of(it, struct tab, link);
        struct frame *f;
        uint64_t seq;

        while (t->pipe.out != NULL && buf_len(b) < max &&
               (f = outbox_next(t->pipe.out, &seq)) != NULL)
            es_event(b, t, seq, frame_str(f));
    }
}

/* ---- pipe ops ------------------------------------------------------------------------------- */

static void wake(struct es *es)
{
    if (es->conn != NULL)
        conn_want_write(es->conn);
}

static void op_wake(struct pipe *p)
{
    wake(tab_of(p)->es);
}

/* One clogged connection carries all tabs: all of them lose their pipe. */
static void op_slow(struct pipe *p)
{
    struct es *es = tab_of(p)->es;

    es->slow = true;
    if (es->conn != NULL) {
        stream_deadline(es->conn->s, conn_now(es->conn));
        return;
    }
    /* Between two polls nobody reads anyway: its time is over at the next tick. */
    list_del(&es->gap);
    es->gap_at = 0;
    list_push_front(&es->web->gaps, &es->gap);
}

static void say(struct tab *t, struct str message)
{
    struct es *es = t->es;

    es_event(&es->said, t, 0, message);
    if (es->said.failed || buf_len(&es->said) > WEB_SAID_MAX)
        op_slow(&t->pipe);
    wake(es);
}

static void op_send(struct pipe *p, struct frame *f)
{
    say(tab_of(p), frame_str(f));
}

/* Takes the tab off its stream; it is freed when control is back in the loop. */
static void bury(struct tab *t)
{
    list_del(&t->quiet);
    list_del(&t->link);
    t->es->n_tabs--;
    list_push_back(&t->es->web->graves, &t->link);
}

static void op_close(struct pipe *p, unsigned code)
{
    struct tab *t = tab_of(p);
    struct buf text;
    char mem[64];
    struct frame *f;
    uint64_t seq;

    if (code != PIPE_CLOSE_REPLACED && code != PIPE_CLOSE_SLOW && p->out != NULL)
        while (buf_len(&t->es->said) < WEB_SAID_MAX && (f = outbox_next(p->out, &seq)) != NULL)
            es_event(&t->es->said, t, seq, frame_str(f));
    p->closed = true;
    pipe_detach(p);
    buf_init_fixed(&text, mem, sizeof mem);
    buf_putf(&text, "{\"type\":\"closed\",\"code\":%u}", code);
    say(t, buf_str(&text));
    bury(t);
}

static const struct addr *op_peer(const struct pipe *p)
{
    return &tab_of(p)->es->peer;
}

static const struct pipe_ops es_pipe_ops = {
    .wake = op_wake,
    .send = op_send,
    .slow = op_slow,
    .close = op_close,
    .peer = op_peer,
};

/* ---- tabs ----------------------------------------------------------------------------------- */

void es_tab_lost(struct tab *t, int64_t now_us)
{
    struct web *w = t->es->web;
    void *user = t->pipe.user;

    t->pipe.closed = true;
    pipe_detach(&t->pipe);
    bury(t);
    w->h.pipe_lost(w->h.ctx, &t->pipe, user, now_us);
}

/* The oldest tab without a session makes room. */
static bool make_room(struct es *es)
{
    LIST_FOREACH(it, &es->tabs) {
        struct tab *t = container_of(it, struct tab, link);

        if (t->pipe.user == NULL) {
            t->pipe.closed = true;
            bury(t);
            return true;
        }
    }
    return false;
}

struct tab *es_tab(struct es *es, struct str name)
{
    struct tab *t;

    LIST_FOREACH(it, &es->tabs) {
        t = container_of(it, struct tab, link);
        if (str_eq(str_of(t->name, t->name_len), name))
            return t;
    }
    if (es->n_tabs >= TABS_MAX && !make_room(es))
        return NULL;
    t = xcalloc(1, sizeof *t);
    t->es = es;
    list_init(&t->quiet);
    t->pipe.ops = &es_pipe_ops;
    t->pipe.id = ++es->web->next_id;
    t->pipe.kind = es->poll ? PIPE_POLL : PIPE_STREAM;
    t->name_len = (uint8_t)name.n;
    memcpy(t->name, name.p, name.n);
    list_push_back(&es->tabs, &t->link);
    es->n_tabs++;
    return t;
}

void es_reap(struct web *w)
{
    struct list *it;

    while ((it = list_pop_front(&w->graves)) != NULL) {
        struct tab *t = container_of(it, struct tab, link);

        visitor_free(t->pipe.visitor);
        xfree(t);
    }
}
