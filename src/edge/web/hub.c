#include "edge/web/hub.h"

#include <string.h>

#include "base/code.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/web/wire_in.h"
#include "edge/web/wire_out.h"

/* A request that came before the one that it follows. */
struct held {
    struct list link;
    int64_t id;
    size_t n;
    uint8_t bytes[];
};

/* Exists only while something waits. */
struct held_box {
    struct timer due;
    struct hub_session *session;
    struct list requests; /* by id */
    unsigned n;
};

struct hub_session {
    struct outbox out;
    struct session_ref ref;
    int64_t last_id;       /* the last request that was taken */
    struct held_box *held; /* or NULL */
    struct list overflow;  /* in hub.overflow when its outbox is full */
};

/* Sessions lie in pages by slot, so that their outboxes never move. */
enum { PAGE_SESSIONS = 64 };
struct session_page {
    struct hub_session s[PAGE_SESSIONS];
};

struct hub {
    struct hub_conf conf;
    struct hub_counts counts;
    struct session_page **pages;
    size_t n_pages;
    struct heap deadlines;
    struct list overflow;
    struct buf text;       /* what is being encoded */
    struct pipe *speaking; /* whose message is being handled, or NULL */
    int refused;           /* HTTP status of what was said instead of taking it */
};

struct hub *hub_new(const struct hub_conf *conf)
{
    struct hub *h = xcalloc(1, sizeof *h);
    h->conf = *conf;
    buf_init(&h->text, conf->message_max);
    heap_init(&h->deadlines);
    list_init(&h->overflow);
    return h;
}

static struct hub_session *session_at(const struct hub *h, struct session_ref ref)
{
    size_t page = ref.slot / PAGE_SESSIONS;
    if (page >= h->n_pages || !h->pages[page]) {
        return NULL;
    }
    struct hub_session *s = &h->pages[page]->s[ref.slot % PAGE_SESSIONS];
    return s->ref.id == ref.id ? s : NULL;
}

static struct hub_session *session_make(struct hub *h, struct session_ref ref)
{
    size_t page = ref.slot / PAGE_SESSIONS;
    if (page >= h->n_pages) {
        size_t n = MAX_OF(page + 1, h->n_pages * 2);
        h->pages = xrealloc_array(h->pages, n, sizeof(struct session_page *));
        memset(h->pages + h->n_pages, 0, (n - h->n_pages) * sizeof(struct session_page *));
        h->n_pages = n;
    }
    if (!h->pages[page]) {
        h->pages[page] = xcalloc(1, sizeof(struct session_page));
    }
    struct hub_session *s = &h->pages[page]->s[ref.slot % PAGE_SESSIONS];
    memset(s, 0, sizeof *s);
    s->ref = ref;
    outbox_init(&s->out, &h->conf.outbox);
    list_init(&s->overflow);
    h->counts.sessions++;
    return s;
}

static void held_free(struct hub *h, struct hub_session *s)
{
    struct held_box *box = s->held;
    if (!box) {
        return;
    }
    while (!list_empty(&box->requests)) {
        struct held *r = container_of(box->requests.next, struct held, link);
        list_del(&r->link);
        h->counts.held_dropped++;
        xfree(r);
    }
    heap_del(&h->deadlines, &box->due);
    xfree(box);
    s->held = NULL;
}

static void session_drop(struct hub *h, struct hub_session *s)
{
    held_free(h, s);
    list_del(&s->overflow);
    outbox_free(&s->out);
    memset(s, 0, sizeof *s);
    h->counts.sessions--;
}

void hub_free(struct hub *h)
{
    if (!h) {
        return;
    }
    for (size_t i = 0; i < h->n_pages; i++) {
        for (unsigned k = 0; h->pages[i] && k < PAGE_SESSIONS; k++) {
            struct hub_session *s = &h->pages[i]->s[k];
            if (s->ref.id) {
                if (s->out.pipe) {
                    pipe_detach(s->out.pipe);
                }
                session_drop(h, s);
            }
        }
        xfree(h->pages[i]);
    }
    xfree(h->pages);
    heap_free(&h->deadlines);
    buf_free(&h->text);
    xfree(h);
}

/* ---- sending ---- */

/* What lies in h->text as a frame; NULL (and logged) when it was too long to encode. */
static struct frame *encoded(struct hub *h)
{
    h->counts.encoded++;
    if (h->text.failed) {
        log_error("hub", NULL, "a message longer than %u bytes was not sent", h->conf.message_max);
        return NULL;
    }
    return frame_new(buf_data(&h->text), buf_len(&h->text));
}

static void push(struct hub *h, struct hub_session *s, struct frame *f)
{
    h->counts.frames_out++;
    switch (pipe_push(&s->out, f)) {
    case OUTBOX_SLOW: h->counts.slow++; break;
    case OUTBOX_FULL:
        if (list_empty(&s->overflow)) {
            h->counts.overflow++;
            list_push_back(&h->overflow, &s->overflow);
        }
        break;
    default: break;
    }
}

/* Sends h->text to one session, in sequence. */
static void push_text(struct hub *h, struct hub_session *s)
{
    struct frame *f = encoded(h);
    if (f) {
        push(h, s, f);
        frame_unref(f);
    }
}

/* Sends h->text to a pipe, beside the sequence. */
static void say_text(struct hub *h, struct pipe *p)
{
    struct frame *f = encoded(h);
    if (f) {
        pipe_send(p, f);
        frame_unref(f);
    }
}

static void say_error(struct hub *h, struct pipe *p, int64_t id, const struct wire_error *e)
{
    h->counts.errors[e->code]++;
    h->refused = e->code == CODE_RATE || e->code == CODE_BUSY ? 429 : 400;
    buf_reset(&h->text);
    wire_out_error(&h->text, id, e);
    say_text(h, p);
}

static void say_code(struct hub *h, struct pipe *p, int64_t id, enum errcode code)
{
    say_error(h, p, id, &(struct wire_error){.code = code});
}

static void push_error(struct hub *h, struct hub_session *s, int64_t id, const struct wire_error *e)
{
    h->counts.errors[e->code]++;
    buf_reset(&h->text);
    wire_out_error(&h->text, id, e);
    push_text(h, s);
}

/* ---- receiving ---- */

static void command(struct hub *h, int64_t now, const struct cmd *c)
{
    h->counts.commands[c->type]++;
    h->conf.policy.command(h->conf.policy.ctx, now, c);
    hub_settle(h, now);
}

/* One IPv4 address or one IPv6 /64 counts as one person's. Never 0, which means nobody. */
static uint64_t addr_key(const struct hub *h, const struct addr *a)
{
    struct addr site = addr_limit_key(a);
    return addr_hash(&h->conf.hash, &site) | 1;
}

static void take_hello(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    if (c->id != 1) {
        say_code(h, p, c->id, CODE_BAD_ID);
        return;
    }
    c->u.hello.addr_key = addr_key(h, pipe_peer(p));
    command(h, now, c);
}

static void take_resume(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    struct session_ref ref;
    struct hub_session *s = NULL;
    if (h->conf.policy.find_token(h->conf.policy.ctx, c->u.resume.token, &ref)) {
        s = session_at(h, ref);
    }
    int64_t seq = c->u.resume.seq;
    if (!s || seq < 0 || !outbox_can_rewind(&s->out, (uint64_t)seq)) {
        h->counts.resume_gone += s != NULL;
        say_code(h, p, 0, CODE_SESSION_UNKNOWN);
        return;
    }
    c->session = ref.id;
    command(h, now, c);
}

static void take_first(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    switch (c->type) {
    case CMD_HELLO: take_hello(h, p, now, c); break;
    case CMD_RESUME: take_resume(h, p, now, c); break;
    default: say_code(h, p, c->id, CODE_NO_SESSION);
    }
}

/* Without an id: nothing to put in order. */
static void take_notification(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    struct hub_session *s = p->user;
    if (c->type == CMD_RESUME) {
        say_error(h, p, 0, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = "type"});
        return;
    }
    if (c->type != CMD_PING) {
        command(h, now, c);
        return;
    }
    if (c->u.ping.seq >= 0 && outbox_acked(&s->out, (uint64_t)c->u.ping.seq) == OUTBOX_BAD) {
        say_error(h, p, 0, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = "seq"});
        return;
    }
    buf_reset(&h->text);
    wire_out_pong(&h->text);
    say_text(h, p);
}

/* Keeps a request whose predecessor is still under way. False: no room, or it waits already. */
static bool hold(struct hub *h, struct hub_session *s, int64_t now, int64_t id, struct str message)
{
    if (!s->held) {
        s->held = xcalloc(1, sizeof *s->held);
        s->held->session = s;
        list_init(&s->held->requests);
        heap_set(&h->deadlines, &s->held->due, now + h->conf.reorder_wait_us);
    }
    struct list *at = s->held->requests.prev;
    while (at != &s->held->requests && container_of(at, struct held, link)->id >= id) {
        if (container_of(at, struct held, link)->id == id) {
            return true;
        }
        at = at->prev;
    }
    if (s->held->n >= h->conf.reorder_max) {
        return false;
    }
    struct held *r = xmalloc(sizeof *r + message.n);
    r->id = id;
    r->n = message.n;
    memcpy(r->bytes, message.p, message.n);
    list_insert_before(at->next, &r->link);
    s->held->n++;
    h->counts.held++;
    return true;
}

/* The next request of the session, good or not: it takes its number. */
static void take_request(struct hub *h, struct hub_session *s, int64_t now, struct wire_in *in)
{
    s->last_id = in->cmd.id;
    if (in->error.code != CODE_NONE) {
        push_error(h, s, in->cmd.id, &in->error);
    } else {
        command(h, now, &in->cmd);
    }
}

/* What waited and is next by now. The session may end with any of them. */
static void take_held(struct hub *h, struct session_ref ref, int64_t now)
{
    struct hub_session *s;
    while ((s = session_at(h, ref)) && s->held) {
        struct held *r = container_of(s->held->requests.next, struct held, link);
        if (r->id > s->last_id + 1) {
            return;
        }
        list_del(&r->link);
        if (--s->held->n == 0) {
            held_free(h, s);
        }
        struct wire_in in;
        wire_in_parse(&in, str_of(r->bytes, r->n), 0);
        in.cmd.session = ref.id;
        in.cmd.conn = s->out.pipe ? s->out.pipe->id : 0;
        take_request(h, s, now, &in);
        wire_in_free(&in);
        xfree(r);
    }
}

static void take_in_order(struct hub *h, struct pipe *p, int64_t now, struct wire_in *in,
                          struct str message)
{
    struct hub_session *s = p->user;
    struct session_ref ref = s->ref;
    if (in->cmd.id <= s->last_id) {
        h->counts.repeated++;
    } else if (in->cmd.id == s->last_id + 1) {
        take_request(h, s, now, in);
        take_held(h, ref, now);
    } else if (!pipe_reorders(p) || !hold(h, s, now, in->cmd.id, message)) {
        say_code(h, p, in->cmd.id, CODE_BAD_ID);
    }
}

int hub_message(struct hub *h, struct pipe *p, int64_t now_us, struct str message, bool utf8)
{
    struct wire_in in;
    struct hub_session *s = p->user;
    bool good = wire_in_parse(&in, message, utf8 ? WIRE_IN_UTF8 : 0);
    in.cmd.conn = p->id;
    in.cmd.session = s ? s->ref.id : 0;
    h->speaking = p;
    h->refused = 0;
    if (s && in.cmd.id > 0) {
        take_in_order(h, p, now_us, &in, message);
    } else if (!good) {
        say_error(h, p, in.cmd.id, &in.error);
    } else if (!s) {
        take_first(h, p, now_us, &in.cmd);
    } else {
        take_notification(h, p, now_us, &in.cmd);
    }
    h->speaking = NULL;
    wire_in_free(&in);
    return h->refused;
}

void hub_pipe_lost(struct hub *h, struct pipe *p, void *user, int64_t now_us)
{
    const struct hub_session *s = user;
    if (s) {
        struct cmd c = {.type = CMD_PIPE_LOST, .session = s->ref.id, .conn = p->id};
        command(h, now_us, &c);
    }
}

/* ---- effects ---- */

static void session_opened(struct hub *h, const struct effect *e)
{
    struct hub_session *s = session_make(h, e->session);
    h->counts.opened++;
    s->last_id = 1;
    if (h->speaking && h->speaking->id == e->conn) {
        pipe_attach(h->speaking, &s->out, s, s->ref.id);
    }
}

static void session_bound(struct hub *h, const struct effect *e)
{
    struct hub_session *s = session_at(h, e->session);
    struct pipe *p = h->speaking;
    if (!s || !p || p->id != e->conn) {
        return;
    }
    if (s->out.pipe) {
        pipe_close(s->out.pipe, PIPE_CLOSE_REPLACED);
    }
    outbox_rewind(&s->out, (uint64_t)e->seq);
    h->counts.resumed++;
    buf_reset(&h->text);
    wire_out_resumed(&h->text, s->ref.id, e->seq, s->last_id);
    say_text(h, p);
    pipe_attach(p, &s->out, s, s->ref.id);
}

static unsigned ended_close_code(enum ended_reason reason)
{
    switch (reason) {
    case ENDED_REPLACED: return PIPE_CLOSE_REPLACED;
    case ENDED_OVERFLOW: return PIPE_CLOSE_SLOW;
    default: return PIPE_CLOSE_BYE;
    }
}

static void session_ended(struct hub *h, const struct effect *e)
{
    struct hub_session *s = session_at(h, e->session);
    if (!s) {
        return;
    }
    struct pipe *p = s->out.pipe;
    h->counts.ended[e->reason]++;
    if (p) {
        buf_reset(&h->text);
        if (wire_out_ended(&h->text, e->reason)) {
            say_text(h, p);
        }
        pipe_close(p, ended_close_code(e->reason));
    }
    session_drop(h, s);
}

static void send_event(struct hub *h, const struct effect *e)
{
    buf_reset(&h->text);
    wire_out_event(&h->text, e->event);
    struct frame *f = encoded(h);
    for (size_t i = 0; f && i < e->n_to; i++) {
        struct hub_session *s = session_at(h, e->to[i]);
        if (s) {
            push(h, s, f);
        }
    }
    frame_unref(f);
}

static void answer(struct hub *h, const struct effect *e)
{
    struct hub_session *s = session_at(h, e->session);
    if (e->type == EFFECT_ERROR && e->session.id == 0) {
        if (h->speaking && h->speaking->id == e->conn) {
            say_error(h, h->speaking, e->id, &e->error);
        }
    } else if (!s) {
        return;
    } else if (e->type == EFFECT_ERROR) {
        push_error(h, s, e->id, &e->error);
    } else {
        buf_reset(&h->text);
        wire_out_ack(&h->text, e->id, e->event);
        push_text(h, s);
    }
}

void hub_effect(struct hub *h, const struct effect *e)
{
    switch (e->type) {
    case EFFECT_SESSION_OPENED: session_opened(h, e); break;
    case EFFECT_SESSION_BOUND: session_bound(h, e); break;
    case EFFECT_SESSION_ENDED: session_ended(h, e); break;
    case EFFECT_SEND: send_event(h, e); break;
    case EFFECT_ACK:
    case EFFECT_ERROR: answer(h, e); break;
    case EFFECT_STORE:
    case EFFECT_PASSWORD: break; /* app/control hands these on */
    }
}

void hub_settle(struct hub *h, int64_t now_us)
{
    while (!list_empty(&h->overflow)) {
        struct hub_session *s = container_of(h->overflow.next, struct hub_session, overflow);
        list_del(&s->overflow);
        struct cmd c = {.type = CMD_OVERFLOW, .session = s->ref.id};
        h->counts.commands[c.type]++;
        h->conf.policy.command(h->conf.policy.ctx, now_us, &c);
    }
}

int64_t hub_deadline(const struct hub *h)
{
    return heap_next_at(&h->deadlines);
}

void hub_tick(struct hub *h, int64_t now_us)
{
    struct timer *t;
    while ((t = heap_pop_due(&h->deadlines, now_us))) {
        struct hub_session *s = container_of(t, struct held_box, due)->session;
        if (s->out.pipe) {
            say_code(h, s->out.pipe, s->last_id + 1, CODE_BAD_ID);
        }
        held_free(h, s);
    }
}

/* ---- the rest ---- */

static void each_session(const struct hub *h, void (*fn)(void *arg, struct hub_session *s),
                         void *arg)
{
    for (size_t i = 0; i < h->n_pages; i++) {
        for (unsigned k = 0; h->pages[i] && k < PAGE_SESSIONS; k++) {
            if (h->pages[i]->s[k].ref.id) {
                fn(arg, &h->pages[i]->s[k]);
            }
        }
    }
}

static void close_session_pipe(void *arg, struct hub_session *s)
{
    struct pipe *p = s->out.pipe;
    if (p) {
        pipe_send(p, arg);
        pipe_close(p, PIPE_CLOSE_GOING_AWAY);
    }
}

void hub_closing(struct hub *h, int64_t retry_ms)
{
    buf_reset(&h->text);
    wire_out_closing(&h->text, retry_ms);
    struct frame *f = encoded(h);
    if (f) {
        each_session(h, close_session_pipe, f);
    }
    frame_unref(f);
}

const struct hub_counts *hub_counts(const struct hub *h)
{
    return &h->counts;
}

const char *hub_log_id(const struct pipe *p, char out[ID_TEXT_LEN + 1])
{
    const struct hub_session *s = p->user;
    if (s) {
        b32_encode(out, s->ref.id);
    } else {
        memcpy(out, "-", 2);
    }
    return out;
}

struct visit {
    void (*fn)(void *arg, const struct hub_session_dump *s);
    void *arg;
};

static void visit_session(void *arg, struct hub_session *s)
{
    const struct visit *v = arg;
    v->fn(v->arg, &(struct hub_session_dump){.session = s->ref.id,
                                             .last_id = s->last_id,
                                             .held = s->held ? s->held->n : 0,
                                             .out = &s->out});
}

void hub_visit(const struct hub *h, void (*fn)(void *arg, const struct hub_session_dump *s),
               void *arg)
{
    each_session(h, visit_session, &(struct visit){fn, arg});
}
