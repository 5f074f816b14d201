/* What comes in: requests in their order, each exactly once, to the policy. */
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "edge/web/hub_int.h"
#include "edge/web/visitor.h"
#include "edge/web/wire_in.h"

enum { FAULTS_MAX = 32 };

void hub_held_free(struct hub *h, struct hub_session *s)
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

void hub_command(struct hub *h, int64_t now, const struct cmd *c)
{
    h->counts.commands[c->type]++;
    h->conf.policy.command(h->conf.policy.ctx, now, c);
    hub_settle(h, now);
}

uint64_t hub_addr_key(const struct hub *h, const struct addr *a)
{
    struct addr site = addr_limit_key(a);
    return addr_hash(&h->conf.hash, &site) | 1;
}

static void take_hello(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    if (c->id != 1) {
        hub_say_code(h, p, c->id, CODE_BAD_ID);
        return;
    }
    char addr[ADDR_STR_SIZE];
    struct visitor visitor = {0}; /* the pipe forgets its own once it has a session: now */
    if (p->visitor)
        visitor = *p->visitor;
    c->u.hello.addr_key = hub_addr_key(h, pipe_peer(p));
    c->u.hello.addr = str_from(addr_format_ip(pipe_peer(p), addr));
    c->u.hello.cookie = visitor_cookie(&visitor);
    c->u.hello.agent = visitor_agent(&visitor);
    hub_command(h, now, c);
    memzero(&visitor, sizeof visitor);
}

static void take_resume(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    struct session_ref ref;
    struct hub_session *s = NULL;
    if (h->conf.policy.find_token(h->conf.policy.ctx, c->u.resume.token, &ref)) {
        s = hub_session_at(h, ref);
    }
    int64_t seq = c->u.resume.seq;
    if (!s || seq < 0 || !outbox_can_rewind(&s->out, (uint64_t)seq)) {
        h->counts.resume_gone += s != NULL;
        hub_say_code(h, p, 0, CODE_SESSION_UNKNOWN);
        return;
    }
    c->session = ref.id;
    hub_command(h, now, c);
}

static void take_first(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    switch (c->type) {
    case CMD_HELLO: take_hello(h, p, now, c); break;
    case CMD_RESUME: take_resume(h, p, now, c); break;
    default: hub_say_code(h, p, 0, CODE_NO_SESSION);
    }
}

/* A poll whose answer was lost on its way is a broken stream for the client, while here the next
 * poll just goes on with it: so a TAB may resume the session that it has. From a number that was
 * acknowledged since, it is an old POST that comes late. */
static bool resumes_own(struct hub *h, const struct pipe *p, const struct cmd *c)
{
    struct session_ref ref;
    const struct hub_session *s = p->user;
    return c->type == CMD_RESUME && pipe_reorders(p) &&
           h->conf.policy.find_token(h->conf.policy.ctx, c->u.resume.token, &ref) &&
           hub_session_at(h, ref) == s && outbox_can_rewind(&s->out, (uint64_t)c->u.resume.seq);
}

/* Without an id: nothing to put in order. */
static void take_notification(struct hub *h, struct pipe *p, int64_t now, struct cmd *c)
{
    struct hub_session *s = p->user;
    if (resumes_own(h, p, c)) {
        take_resume(h, p, now, c);
        return;
    }
    if (c->type == CMD_RESUME) {
        hub_say_error(h, p, 0, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = "type"});
        return;
    }
    if (c->type != CMD_PING) {
        hub_command(h, now, c);
        return;
    }
    if (c->u.ping.seq >= 0 && outbox_acked(&s->out, (uint64_t)c->u.ping.seq) == OUTBOX_BAD) {
        hub_say_error(h, p, 0, &(struct wire_error){.code = CODE_BAD_REQUEST, .field = "seq"});
        return;
    }
    hub_say_pong(h, p);
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
        hub_push_error(h, s, in->cmd.id, &in->error);
    } else {
        hub_command(h, now, &in->cmd);
    }
}

/* What waited and is next by now. The session may end with any of them. */
static void take_held(struct hub *h, struct session_ref ref, int64_t now)
{
    struct hub_session *s;
    while ((s = hub_session_at(h, ref)) && s->held) {
        struct held *r = container_of(s->held->requests.next, struct held, link);
        if (r->id > s->last_id + 1) {
            return;
        }
        list_del(&r->link);
        if (--s->held->n == 0) {
            hub_held_free(h, s);
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
        /* Without the id: an error with one is counted by the client as part of the sequence. */
        hub_say_code(h, p, 0, CODE_BAD_ID);
    }
}

/* Messages that are no good cost work: who sends too many of them in one connection loses it. */
static void note_fault(struct hub *h, struct pipe *p, int64_t now)
{
    struct hub_session *s = p->user;
    if (p->closed || ++p->faults < FAULTS_MAX) {
        return;
    }
    pipe_close(p, PIPE_CLOSE_FAULTS);
    hub_pipe_lost(h, p, s, now);
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
        hub_say_error(h, p, in.cmd.type == CMD_HELLO ? in.cmd.id : 0, &in.error);
    } else if (!s) {
        take_first(h, p, now_us, &in.cmd);
    } else {
        take_notification(h, p, now_us, &in.cmd);
    }
    h->speaking = NULL;
    hub_settle(h, now_us); /* an answer without a command may have overflown, too */
    if (!good || h->refused == 400) {
        note_fault(h, p, now_us);
    }
    wire_in_free(&in);
    return h->refused;
}

void hub_pipe_lost(struct hub *h, struct pipe *p, void *user, int64_t now_us)
{
    const struct hub_session *s = user;
    if (s) {
        struct cmd c = {
            .type = CMD_PIPE_LOST, .session = s->ref.id, .conn = p->id, .u.on = p->leaving};
        char id[B32_SIZE];
        b32_encode(id, s->ref.id);
        log_debug("session", id, "lost its connection %llu", (unsigned long long)p->id);
        hub_command(h, now_us, &c);
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
            hub_say_code(h, s->out.pipe, 0, CODE_BAD_ID);
        }
        hub_held_free(h, s);
    }
}
