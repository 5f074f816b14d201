#include "edge/web/hub.h"

#include <string.h>

#include "base/code.h"
#include "base/log.h"
#include "base/mem.h"
#include "edge/web/hub_int.h"
#include "edge/web/wire_in.h"
#include "edge/web/wire_out.h"

struct hub *hub_new(const struct hub_conf *conf)
{
    struct hub *h = xcalloc(1, sizeof *h);
    wire_in_init();
    h->conf = *conf;
    buf_init(&h->text, conf->message_max);
    heap_init(&h->deadlines);
    list_init(&h->overflow);
    return h;
}

struct hub_session *hub_session_at(const struct hub *h, struct session_ref ref)
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

static void session_drop(struct hub *h, struct hub_session *s)
{
    hub_held_free(h, s);
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

/* What lies in h->text as a frame; NULL (and logged) when it was too long, or there was no memory for it. */
static struct frame *encoded(struct hub *h)
{
    h->counts.encoded++;
    if (h->text.failed) {
        log_error("hub", NULL, "a message for a client does not fit %u bytes, or memory",
                  h->conf.message_max);
        return NULL;
    }
    return frame_new(buf_data(&h->text), buf_len(&h->text));
}

/* Sends a frame (borrowed) to a session, in sequence. One that could not be encoded cannot be left out: the
 * session would go on with a hole in what it knows. It ends, as one does whose outbox is full. */
static void push(struct hub *h, struct hub_session *s, struct frame *f, bool soon)
{
    enum outbox_result r = !f     ? OUTBOX_FULL
                           : soon ? pipe_push_soon(&s->out, f)
                                  : pipe_push(&s->out, f);
    h->counts.frames_out += r != OUTBOX_FULL;
    switch (r) {
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
    push(h, s, f, false);
    frame_unref(f);
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

void hub_say_error(struct hub *h, struct pipe *p, int64_t id, const struct wire_error *e)
{
    h->counts.errors[e->code]++;
    h->refused = e->code == CODE_RATE || e->code == CODE_BUSY ? 429 : 400;
    buf_reset(&h->text);
    wire_out_error(&h->text, id, e);
    say_text(h, p);
}

void hub_say_code(struct hub *h, struct pipe *p, int64_t id, enum errcode code)
{
    hub_say_error(h, p, id, &(struct wire_error){.code = code});
}

void hub_say_pong(struct hub *h, struct pipe *p)
{
    buf_reset(&h->text);
    wire_out_pong(&h->text);
    say_text(h, p);
}

void hub_push_error(struct hub *h, struct hub_session *s, int64_t id, const struct wire_error *e)
{
    h->counts.errors[e->code]++;
    buf_reset(&h->text);
    wire_out_error(&h->text, id, e);
    push_text(h, s);
}

/* ---- effects ---- */

static const char *id_text(uint64_t id, char out[B32_SIZE])
{
    b32_encode(out, id);
    return out;
}

static void log_bound(const struct hub_session *s, const struct pipe *p, const char *what)
{
    char id[B32_SIZE], peer[ADDR_STR_SIZE];
    if (log_on(LOG_LEVEL_DEBUG)) {
        log_debug("session", id_text(s->ref.id, id), "%s from %s by %s, connection %llu", what,
                  addr_format_ip(pipe_peer(p), peer), pipe_kind_name(p), (unsigned long long)p->id);
    }
}

static void session_opened(struct hub *h, const struct effect *e)
{
    struct hub_session *s = session_make(h, e->session);
    h->counts.opened++;
    s->last_id = 1;
    if (h->speaking && h->speaking->id == e->conn) {
        pipe_attach(h->speaking, &s->out, s, s->ref.id);
        log_bound(s, h->speaking, "opened");
    }
}

static void session_bound(struct hub *h, const struct effect *e)
{
    struct hub_session *s = hub_session_at(h, e->session);
    struct pipe *p = h->speaking;
    if (!s || !p || p->id != e->conn) {
        return;
    }
    if (s->out.pipe && s->out.pipe != p) {
        pipe_close(s->out.pipe, PIPE_CLOSE_REPLACED);
    }
    /* The client says again what came after last_id: nobody waits for gaps of the former pipe. */
    hub_held_free(h, s);
    outbox_rewind(&s->out, (uint64_t)e->seq);
    h->counts.resumed++;
    buf_reset(&h->text);
    wire_out_resumed(&h->text, s->ref.id, e->seq, s->last_id);
    say_text(h, p);
    pipe_attach(p, &s->out, s, s->ref.id);
    log_bound(s, p, "resumed");
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
    struct hub_session *s = hub_session_at(h, e->session);
    if (!s) {
        return;
    }
    static const char *const reasons[ENDED_REASONS] = {"bye",      "gone",      "replaced",
                                                       "overflow", "not begun", "signed out"};
    struct pipe *p = s->out.pipe;
    char id[B32_SIZE];
    h->counts.ended[e->reason]++;
    log_debug("session", id_text(s->ref.id, id), "ended: %s", reasons[e->reason]);
    if (p) {
        buf_reset(&h->text);
        if (wire_out_ended(&h->text, e->reason)) {
            say_text(h, p);
        }
        pipe_close(p, ended_close_code(e->reason));
    }
    session_drop(h, s);
}

/* What nobody waits for may wait for company on its way. */
static bool may_wait(enum event_type type)
{
    switch (type) {
    case EVENT_ENTERED:
    case EVENT_LEFT:
    case EVENT_PARTICIPANT:
    case EVENT_ROOM_CHANGED:
    case EVENT_ROOMS:
    case EVENT_TYPING: return true;
    default: return false;
    }
}

static void send_event(struct hub *h, const struct effect *e)
{
    bool soon = may_wait(e->event->type);
    buf_reset(&h->text);
    wire_out_event(&h->text, e->event);
    struct frame *f = encoded(h);
    for (size_t i = 0; i < e->n_to; i++) {
        struct hub_session *s = hub_session_at(h, e->to[i]);
        if (s) {
            push(h, s, f, soon);
        }
    }
    frame_unref(f);
}

static void answer(struct hub *h, const struct effect *e)
{
    struct hub_session *s = hub_session_at(h, e->session);
    if (e->type == EFFECT_ERROR && e->session.id == 0) {
        if (h->speaking && h->speaking->id == e->conn) {
            hub_say_error(h, h->speaking, e->id, &e->error);
        }
    } else if (!s) {
        return;
    } else if (e->type == EFFECT_ERROR) {
        hub_push_error(h, s, e->id, &e->error);
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
    case EFFECT_HTTP: hub_call_answer(h, e); break;
    case EFFECT_HTTP_FILE: h->conf.grant(h->conf.answer_ctx, e->http, e->file); break;
    case EFFECT_STORE:
    case EFFECT_PASSWORD:
    case EFFECT_DISK:
    case EFFECT_RELAY:
    case EFFECT_DB:
    case EFFECT_GROUP:
    case EFFECT_PUSH: break; /* app/exchange hands these on */
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
