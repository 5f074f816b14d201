/* The record of calls in the store: each call as it goes, what was missed, what a restart left open. */
#include "domain/call.h"

#define SECOND      1000000LL
#define ALIVE_EVERY (60 * SECOND)
#define CLOSE_AFTER (120 * SECOND)

enum { OF_COLS = 15, GET_COLS = 8 };

/* ---- writing ---- */

static int64_t ms_of(const struct call *c, int64_t at)
{
    return c->started_ms + (at - c->f.started) / 1000;
}

static struct val when(const struct call *c, int64_t at)
{
    return at ? VAL_I(ms_of(c, at)) : VAL_NONE;
}

static void recorded(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    struct call *c = call_find(d, ask->a);
    enum db_status status = answer->db->status;
    bool refused = status == DB_BUSY || status == DB_FULL || status == DB_FAILED;
    if (!c)
        return;
    if (call_fsm_over(&c->f) && ask->b == c->f.record) {
        struct asker who = c->done;
        c->done = (struct asker){0};
        if (refused)
            reply_db(d, &who, status);
        else
            reply_ok(d, &who);
    }
    /* a conflict: one of the two has no account any more, and so no history */
    CALL_PUT(d, c, refused ? CEV_UNRECORDED : CEV_RECORDED, .record = (uint32_t)ask->b);
}

void call_record(struct domain *d, struct call *c)
{
    const struct call_fsm *f = &c->f;
    struct ask *ask = ask_new(d, (struct asker){0}, recorded, NULL, 0);
    ask->a = c->id;
    ask->b = f->record;
    if (!d->calls_alive_at)
        d->calls_alive_at = d->now + ALIVE_EVERY;
    ASK_DB(d, ask, DB_CALL_PUT, VAL_ID(c->id), VAL_ID(c->user[CALL_CALLER]->id),
           VAL_ID(c->user[CALL_CALLEE]->id), VAL_ID(c->room), VAL_I(f->video), VAL_I(f->state),
           VAL_I(f->reason), VAL_T(str_from(c->text ? c->text : "")), VAL_I(c->started_ms),
           when(c, f->answered), when(c, f->ended), VAL_I(d->steady), VAL_I(f->hidden),
           VAL_I(call_fsm_missed(f)));
}

/* ---- restarts ---- */

void call_boot(struct domain *d)
{
    if (d->calls_since_ms)
        return;
    d->calls_since_ms = d->steady;
    d->calls_close_at = d->now + CLOSE_AFTER;
    ASK_AND_FORGET(d, DB_CALLS_RANG, VAL_I(d->steady), VAL_I(CALL_CANCELLED),
                   VAL_I(CALL_WHY_RESTART));
}

int64_t call_record_deadline(const struct domain *d)
{
    int64_t close = d->calls_close_at ? d->calls_close_at : INT64_MAX;
    int64_t alive = d->calls_alive_at ? d->calls_alive_at : INT64_MAX;
    return MIN_OF(close, alive);
}

void call_record_tick(struct domain *d)
{
    if (d->calls_close_at && d->calls_close_at <= d->now) {
        d->calls_close_at = 0;
        ASK_AND_FORGET(d, DB_CALLS_CLOSE, VAL_I(d->calls_since_ms), VAL_I(CALL_ENDED),
                       VAL_I(CALL_WHY_RESTART));
    }
    if (d->calls_alive_at && d->calls_alive_at <= d->now) {
        d->calls_alive_at = d->calls.n ? d->now + ALIVE_EVERY : 0;
        if (d->calls.n)
            ASK_AND_FORGET(d, DB_CALLS_ALIVE, VAL_I(d->steady), VAL_I(d->calls_since_ms));
    }
}

/* What is known of a call that may go on after a restart. */
struct old_call {
    uint64_t call, room, people[2];
    int64_t started_ms, answered_ms, alive_ms;
    bool video;
};

/* For how long they have talked, by the steady time: the wall clock may have jumped meanwhile. It knows little after
 * a power cut, but it is not earlier than when the call was seen to go on. */
static int64_t talked_ms(const struct domain *d, const struct old_call *old)
{
    return MAX_OF(MAX_OF(d->steady, old->alive_ms) - old->answered_ms, 0);
}

static void back_reply(struct domain *d, const struct asker *who, const struct call *c,
                       enum call_who side)
{
    struct call_object o;
    struct call_views v;
    call_fill(c, side, &o, &v);
    reply(d, who, &(struct event){.type = RESULT_CALL, .u.call.call = {.call = &o}});
}

static bool back_live(struct domain *d, struct session *s, const struct asker *who, uint64_t id)
{
    struct call *c = call_find(d, id);
    if (!c)
        return false;
    bool mine = c->user[CALL_CALLER] == s->user || c->user[CALL_CALLEE] == s->user;
    enum call_who side = call_side(c, s->user);
    if (!mine || (c->f.hidden && side == CALL_CALLEE)) {
        reply_error(d, who, CODE_CALL_UNKNOWN);
    } else if (!call_fsm_talking(&c->f)) {
        reply_error(d, who, CODE_CALL_OVER);
    } else {
        CALL_PUT(d, c, CEV_RESTORE, .who = side, .device = s->id);
        back_reply(d, who, c, side);
    }
    return true;
}

static void back_both(struct domain *d, struct ask *ask, struct user *other, enum db_status status)
{
    const struct old_call *old = (const struct old_call *)ask->data;
    struct session *s = session_find(d, ask->who.session);
    if (!s || !s->user || back_live(d, s, &ask->who, old->call))
        return;
    if (!other) {
        if (status == DB_OK)
            reply_error(d, &ask->who, CODE_CALL_OVER);
        else
            reply_db(d, &ask->who, status);
        return;
    }
    if (user_blocks(s->user, other)) { /* since the restart: that ends a call */
        reply_error(d, &ask->who, CODE_CALL_OVER);
        return;
    }
    bool caller = old->people[CALL_CALLER] == s->user->id;
    struct call *c = call_new(d, old->call, caller ? s->user : other, caller ? other : s->user);
    c->room = old->room;
    c->started_ms = old->started_ms;
    int64_t answered = d->now - talked_ms(d, old) * 1000;
    c->f.started = answered - MAX_OF(old->answered_ms - old->started_ms, 0) * 1000;
    c->f.answered = answered | 1; /* 0 is never */
    c->f.video = old->video;
    c->f.group = true; /* the room has come back by its tickets, on its own */
    c->back = true;
    CALL_PUT(d, c, CEV_RESTORE, .who = caller ? CALL_CALLER : CALL_CALLEE, .device = s->id);
    back_reply(d, &ask->who, c, caller ? CALL_CALLER : CALL_CALLEE);
}

static void back_found(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    struct val row[GET_COLS];
    struct old_call *old = (struct old_call *)ask->data;
    struct session *s = session_find(d, ask->who.session);
    if (!s || !s->user)
        return;
    if (answer->db->status != DB_OK) {
        reply_db(d, &ask->who, answer->db->status);
        return;
    }
    bool found = db_row(answer->db, row, GET_COLS);
    old->people[CALL_CALLER] = val_id(&row[0]);
    old->people[CALL_CALLEE] = val_id(&row[1]);
    if (!found || (old->people[0] != s->user->id && old->people[1] != s->user->id)) {
        reply_error(d, &ask->who, CODE_CALL_UNKNOWN);
        return;
    }
    if (row[5].kind == VAL_NULL || row[6].kind != VAL_NULL) {
        reply_error(d, &ask->who, CODE_CALL_OVER);
        return;
    }
    old->room = val_id(&row[2]);
    old->video = row[3].i != 0;
    old->started_ms = row[4].i;
    old->answered_ms = row[5].i;
    old->alive_ms = row[7].i;
    user_with(d, old->people[old->people[0] == s->user->id], ask, back_both);
}

void call_back(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    struct old_call old = {.call = cmd->u.call.id};
    if (back_live(d, s, &who, old.call))
        return;
    struct ask *ask = ask_new(d, who, back_found, &old, sizeof old);
    ASK_DB(d, ask, DB_CALL_GET, VAL_ID(old.call));
}

/* ---- history ---- */

static enum call_outcome outcome(const struct val row[OF_COLS])
{
    bool in = row[5].i == 1;
    if (row[10].kind != VAL_NULL)
        return CALL_WAS_ANSWERED;
    switch (row[7].i) {
    case CALL_WHY_DECLINED: return CALL_WAS_DECLINED;
    case CALL_WHY_BUSY:
    case CALL_WHY_DND: return in ? CALL_WAS_MISSED : CALL_WAS_BUSY;
    case CALL_WHY_HANGUP: return in ? CALL_WAS_MISSED : CALL_WAS_CANCELLED;
    default: return CALL_WAS_MISSED;
    }
}

static struct call_record record_of(const struct val row[OF_COLS], struct who_view *with)
{
    int64_t reason = row[7].i > 0 && row[7].i < CALL_REASONS ? row[7].i : 0;
    *with = (struct who_view){val_id(&row[1]), row[2].s, row[3].s, row[4].i};
    return (struct call_record){
        .call = val_id(&row[0]),
        .with = with,
        .way = row[5].i == 1 ? CALL_IN : CALL_OUT,
        .outcome = outcome(row),
        .reason = str_from(call_reason_text((enum call_reason)reason)),
        .text = row[8].s,
        .started_ms = row[9].i,
        .duration_ms = row[10].kind == VAL_NULL ? 0 : MAX_OF(row[11].i - row[10].i, 0),
        .video = row[12].i != 0,
        .seen = row[13].i == 0 || row[14].i != 0,
    };
}

static void history_found(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    struct val row[OF_COLS];
    struct who_view with[CALL_PAGE_MAX];
    struct call_record records[CALL_PAGE_MAX];
    struct event e = {.type = RESULT_CALLS, .u.call.records = {records, 0}};
    struct db_rows it = db_rows_of(answer->db->rows);
    if (answer->db->status != DB_OK) {
        reply_db(d, &ask->who, answer->db->status);
        return;
    }
    size_t n = 0;
    for (; n < CALL_PAGE_MAX && db_rows_next(&it, row, OF_COLS); n++)
        records[n] = record_of(row, &with[n]);
    e.u.call.records.n = n;
    reply(d, &ask->who, &e);
}

void call_history(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_calls *q = &cmd->u.call.calls;
    ASK_DB(d, ask_new(d, asker_of(cmd), history_found, NULL, 0), DB_CALLS_OF, VAL_ID(s->user->id),
           VAL_I(q->before ? q->before : INT64_MAX), VAL_I(q->limit));
}

/* ---- what was missed ---- */

static void missed_counted(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    struct val n;
    struct user *u = user_find(d, ask->a);
    if (!u || !db_row(answer->db, &n, 1))
        return;
    u->badges.missed = n.i;
    user_tell(d, u, &(struct event){.type = EVENT_BADGES, .u.account.badges = u->badges}, NULL);
}

void call_tell_missed(struct domain *d, const struct user *u)
{
    struct ask *ask = ask_new(d, (struct asker){0}, missed_counted, NULL, 0);
    ask->a = u->id;
    ASK_DB(d, ask, DB_CALLS_MISSED, VAL_ID(u->id));
}

static void answered_plainly(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK)
        reply_ok(d, &ask->who);
    else
        reply_refused(d, &ask->who, answer->db->status, CODE_CALL_UNKNOWN);
}

static void seen_stored(struct domain *d, struct ask *ask, const struct ask_answer *answer)
{
    const struct user *u = user_find(d, ask->a);
    answered_plainly(d, ask, answer);
    if (u && answer->db->status == DB_OK)
        call_tell_missed(d, u);
}

void call_seen(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct ask *ask = ask_new(d, asker_of(cmd), seen_stored, NULL, 0);
    ask->a = s->user->id;
    ASK_DB(d, ask, DB_CALLS_SEEN, VAL_ID(s->user->id));
}

void call_quality(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_call_quality *q = &cmd->u.call.quality;
    ASK_DB(d, ask_new(d, asker_of(cmd), answered_plainly, NULL, 0), DB_CALL_STARS, VAL_ID(q->call),
           VAL_ID(s->user->id), VAL_I(q->stars));
}
