/* What people ask of calls. */
#include "domain/call.h"

#include "base/mem.h"

#define AT_ONCE      2 /* conversations of one person: one, and one that waits or is on hold */
#define BUSY_WAIT_MS 5000

static void call_reply(struct domain *d, const struct asker *who, const struct call *c,
                       enum call_who side)
{
    struct call_object o;
    struct call_views v;
    call_fill(c, side, &o, &v);
    reply(d, who, &(struct event){.type = RESULT_CALL, .u.call.call = {.call = &o}});
}

/* The live call of that id that s's person knows of; otherwise the request is answered. */
static struct call *my_call(struct domain *d, struct session *s, const struct cmd *cmd, uint64_t id,
                            enum call_who *side)
{
    struct call *c = call_find(d, id);
    bool mine = c && (c->user[CALL_CALLER] == s->user || c->user[CALL_CALLEE] == s->user);
    *side = mine ? call_side(c, s->user) : CALL_CALLER;
    if (!mine || (c->f.hidden && *side == CALL_CALLEE)) {
        emit_error(d, s, cmd->id, CODE_CALL_UNKNOWN);
        return NULL;
    }
    if (call_fsm_over(&c->f)) {
        emit_error(d, s, cmd->id, CODE_CALL_OVER);
        return NULL;
    }
    return c;
}

/* The same when s is the device that is in it. */
static struct call *my_talk(struct domain *d, struct session *s, const struct cmd *cmd, uint64_t id,
                            enum call_who *side)
{
    struct call *c = my_call(d, s, cmd, id, side);
    if (!c || (call_fsm_talking(&c->f) && c->f.sides[*side].device == s->id))
        return c;
    emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
    return NULL;
}

/* ---- to call somebody ---- */

struct call_ask {
    uint64_t with; /* invite: the call that somebody is asked into; 0: a call of its own */
    bool video;
};

static struct call *call_between(const struct user *a, const struct user *b)
{
    for (struct call_end *e = a->calls; e; e = e->next)
        if (!call_fsm_over(&e->call->f) &&
            (e->call->user[CALL_CALLER] == b || e->call->user[CALL_CALLEE] == b))
            return e->call;
    return NULL;
}

/* There is a call between the two. True: that is the answer. */
static bool call_again(struct domain *d, struct session *s, const struct asker *who, struct call *c,
                       const struct call_ask *ask)
{
    enum call_who side = call_side(c, s->user);
    bool rings = side == CALL_CALLEE && c->f.state == CALL_RINGING;
    if (side == CALL_CALLEE && c->f.hidden)
        return false;
    if (ask->with || (rings && call_at(s, NULL))) {
        reply_error(d, who, CODE_IN_CALL);
        return true;
    }
    if (rings) /* both want the same: it is answered */
        CALL_PUT(d, c, CEV_GLARE, .device = s->id, .on = ask->video);
    call_reply(d, who, c, side);
    return true;
}

static enum call_event call_invite_as(const struct user *callee, bool hidden)
{
    if (hidden)
        return CEV_INVITE;
    if (callee->mode == PRESENCE_MODE_DND)
        return CEV_INVITE_DND;
    return call_count(callee) > AT_ONCE ? CEV_INVITE_BUSY : CEV_INVITE;
}

static void call_begin(struct domain *d, struct session *s, const struct asker *who,
                       struct user *to, const struct call_ask *ask)
{
    struct call *with = ask->with ? call_find(d, ask->with) : NULL;
    bool hidden = idset_has(&to->blocked, s->user->id);
    struct call *c = call_new(d, 0, s->user, to);
    if (with) {
        c->room = with->room;
        c->joins = true;
    } else if (!call_room_open(d, c, s)) {
        call_drop(d, c);
        reply_retry(d, who, CODE_BUSY, BUSY_WAIT_MS);
        return;
    }
    enum call_event how = call_invite_as(to, hidden);
    CALL_PUT(d, c, how, .device = s->id, .on = ask->video, .hidden = hidden,
             .ring_us = d->cfg.ring_us);
    if (how != CEV_INVITE)
        call_room_close(d, c);
    call_reply(d, who, c, CALL_CALLER);
    if (how == CEV_INVITE)
        call_push(d, c, PUSH_CALL);
    call_ring_all(d, c);
}

/* What speaks against it; CODE_NONE: nothing. */
static enum errcode call_refusal(const struct domain *d, const struct session *s,
                                 const struct user *to, const struct call_ask *ask)
{
    const struct call *with = ask->with ? call_find(d, ask->with) : NULL;
    if (!to || to == s->user)
        return CODE_USER_UNKNOWN;
    if (idset_has(&s->user->blocked, to->id))
        return CODE_NOT_ALLOWED;
    if (ask->with && (!with || !call_fsm_talking(&with->f) || call_device(with, s->user) != s->id))
        return CODE_CALL_UNKNOWN;
    if (!ask->with && (call_at(s, NULL) || call_count(s->user) >= AT_ONCE))
        return CODE_IN_CALL;
    return d->calls.n >= (size_t)d->cfg.max_sessions ? CODE_BUSY : CODE_NONE;
}

static void call_found(struct domain *d, struct ask *ask, struct user *to, enum db_status status)
{
    const struct call_ask *what = (const struct call_ask *)ask->data;
    struct session *s = session_find(d, ask->who.session);
    if (!s || !s->user)
        return;
    if (!to && status != DB_OK) {
        reply_db(d, &ask->who, status);
        return;
    }
    struct call *c = to && to != s->user ? call_between(s->user, to) : NULL;
    if (c && call_again(d, s, &ask->who, c, what))
        return;
    enum errcode code = call_refusal(d, s, to, what);
    if (code == CODE_BUSY)
        reply_retry(d, &ask->who, code, BUSY_WAIT_MS);
    else if (code)
        reply_error(d, &ask->who, code);
    else
        call_begin(d, s, &ask->who, to, what);
}

static void call_read(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    if (answer->db->status != DB_OK)
        reply_db(d, &ask->who, answer->db->status);
    else
        user_with(d, ask->a, ask, call_found);
}

/* What user_with would ask for somebody who is not in memory. */
static void call_read_as_if(struct domain *d, struct ask *ask)
{
    ASK_AND_FORGET(d, DB_USER_GET, VAL_ID(ask->a));
    ASK_AND_FORGET(d, DB_BLOCKS, VAL_ID(ask->a));
    ASK_DB(d, ask, DB_FAVOURITES, VAL_ID(ask->a));
}

static void do_call(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call *q = &cmd->u.call.call;
    struct call_ask what = {.video = q->video};
    enum call_who side;
    if (!session_rate(d, s, cmd->id, RATE_CALL))
        return;
    if (cmd->type == CMD_CALL_INVITE) {
        const struct call *c = my_talk(d, s, cmd, q->call, &side);
        if (!c)
            return;
        what = (struct call_ask){.with = c->id, .video = c->f.video};
    }
    struct ask *ask = ask_new(d, asker_of(cmd), call_read, &what, sizeof what);
    ask->a = q->to;
    if (user_find(d, q->to)) /* not told by how long it takes: as if it had to be read */
        call_read_as_if(d, ask);
    else
        user_with(d, q->to, ask, call_found);
}

/* ---- to answer ---- */

static void do_answer(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call_answer *q = &cmd->u.call.answer;
    enum call_who side;
    struct call *c = my_call(d, s, cmd, q->call, &side);
    if (!c)
        return;
    if (side != CALL_CALLEE || c->f.state != CALL_RINGING) {
        bool elsewhere = side == CALL_CALLEE && c->f.sides[CALL_CALLEE].device != s->id;
        emit_error(d, s, cmd->id, elsewhere ? CODE_CALL_OVER : CODE_NOT_ALLOWED);
        return;
    }
    if (q->other == CALL_OTHER_NONE && call_at(s, c)) {
        emit_error(d, s, cmd->id, CODE_IN_CALL);
        return;
    }
    call_make_way(d, s, c, q->other == CALL_OTHER_END);
    CALL_PUT(d, c, CEV_ANSWER, .device = s->id, .on = q->video);
    struct asker who = asker_of(cmd);
    call_reply(d, &who, c, side);
}

static void do_decline(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call_decline *q = &cmd->u.call.decline;
    enum call_who side;
    struct call *c = my_call(d, s, cmd, q->call, &side);
    if (!c)
        return;
    if (side != CALL_CALLEE) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
    } else if (c->f.state != CALL_RINGING) {
        emit_error(d, s, cmd->id, CODE_CALL_OVER); /* another device was quicker */
    } else {
        struct asker who = asker_of(cmd);
        c->text = q->text.n ? str_dup(q->text) : NULL;
        CALL_FINISH(d, c, &who, CEV_DECLINE, .who = side, .device = s->id);
    }
}

/* ---- to end, to hold, to move ---- */

static void do_end(struct domain *d, struct session *s, const struct cmd *cmd)
{
    enum call_who side;
    struct call *c = my_call(d, s, cmd, cmd->u.call.id, &side);
    if (!c)
        return;
    if (cmd->type == CMD_CALL_CANCEL && side != CALL_CALLER) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    struct asker who = asker_of(cmd);
    CALL_FINISH(d, c, &who, CEV_END, .who = side);
}

static void do_hold(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call_on *q = &cmd->u.call.on;
    enum call_who side;
    struct call *c = my_talk(d, s, cmd, q->call, &side);
    if (!c)
        return;
    if (!q->on) /* one waits while the other goes on */
        call_make_way(d, s, c, false);
    for (struct call_end *e = s->user->calls; e; e = e->next)
        if (e->call->room == c->room && call_device(e->call, s->user) == s->id)
            CALL_PUT(d, e->call, q->on ? CEV_HOLD : CEV_UNHOLD, .who = call_side(e->call, s->user));
    emit_ok(d, s, cmd->id);
}

static void do_video(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call_on *q = &cmd->u.call.on;
    enum call_who side;
    struct call *c = my_call(d, s, cmd, q->call, &side);
    if (!c)
        return;
    if (c->f.sides[side].device != s->id) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    CALL_PUT(d, c, CEV_VIDEO, .who = side, .on = q->on);
    emit_ok(d, s, cmd->id);
}

/* All calls of s's person in that room: of a group one device has them all. */
static void call_take_all(struct domain *d, struct session *s, const struct call *c, uint64_t from)
{
    static const enum call_event events[] = {CEV_CALLER_TAKE, CEV_CALLEE_TAKE};
    for (struct call_end *e = s->user->calls; e; e = e->next)
        if (e->call->room == c->room && call_device(e->call, s->user) == from)
            CALL_PUT(d, e->call, events[call_side(e->call, s->user)], .device = s->id);
}

static void do_take(struct domain *d, struct session *s, const struct cmd *cmd)
{
    enum call_who side;
    struct call *c = my_call(d, s, cmd, cmd->u.call.id, &side);
    if (!c)
        return;
    if (call_at(s, c)) {
        emit_error(d, s, cmd->id, CODE_IN_CALL);
        return;
    }
    if (side == CALL_CALLEE && c->f.state == CALL_RINGING) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED); /* it answers */
        return;
    }
    call_take_all(d, s, c, c->f.sides[side].device);
    struct asker who = asker_of(cmd);
    call_reply(d, &who, c, side);
}

void call_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    static void (*const handlers[CMD_WIRE_COUNT])(struct domain *, struct session *,
                                                  const struct cmd *) = {
        [CMD_CALL] = do_call,
        [CMD_CALL_INVITE] = do_call,
        [CMD_CALL_ANSWER] = do_answer,
        [CMD_CALL_DECLINE] = do_decline,
        [CMD_CALL_CANCEL] = do_end,
        [CMD_CALL_END] = do_end,
        [CMD_CALL_HOLD] = do_hold,
        [CMD_CALL_VIDEO] = do_video,
        [CMD_CALL_TAKE] = do_take,
        [CMD_CALL_BACK] = call_back,
        [CMD_CALLS] = call_history,
        [CMD_CALLS_SEEN] = call_seen,
        [CMD_CALL_QUALITY] = call_quality,
    };
    if (!s->user)
        emit_error(d, s, cmd->id, CODE_SIGN_IN_REQUIRED);
    else
        handlers[cmd->type](d, s, cmd);
}
