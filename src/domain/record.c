/* Rooms that are recorded. Who moderates a room and has an account may begin it; everybody in the room is told, and
 * only who has agreed is in the files: who came before is asked, who comes later has to agree first. Programs have
 * nobody to ask: whoever let them in did. What the packets go through is not the domain's business: it gives
 * GROUP_ORDER_RECORD and its kin, and takes domain_recorded(). */
#include "domain/record.h"

#include <inttypes.h>

#include "base/mem.h"
#include "domain/group.h"
#include "domain/user.h"

enum { FOLDER_TEXT = 24, AGAIN_MS = 5000 };

/* ---- what people are told ---- */

static void tell(struct domain *d, const struct recording *g, const struct room *r,
                 enum rec_end why)
{
    struct event e = {.type = EVENT_RECORDING};
    e.u.record.recording.room = r->id;
    e.u.record.recording.by = session_find(d, g->by) ? g->by : 0;
    e.u.record.recording.name = str_of(g->name, g->name_n);
    e.u.record.recording.since_ms = g->since_ms;
    e.u.record.recording.on = why == REC_ENDS;
    e.u.record.recording.why = why;
    emit_room(d, r, &e, NULL);
}

/* ---- orders ---- */

static void order_record(struct domain *d, const struct recording *g, bool on)
{
    char folder[FOLDER_TEXT];
    snprintf(folder, sizeof folder, "%02x/%016" PRIx64, (unsigned)(g->id & 0xff), g->id);
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_RECORD,
                                         .room = g->group,
                                         .recording = g->id,
                                         .on = on,
                                         .text = str_from(folder)});
}

static void order_name(struct domain *d, const struct recording *g, const struct group_peer *p)
{
    group_order(d, &(struct group_order){.kind = GROUP_ORDER_NAME,
                                         .room = g->group,
                                         .peer = p->id,
                                         .recording = g->id,
                                         .text = session_name(p->session)});
}

static void order_agree(struct domain *d, const struct group_peer *p, bool on)
{
    group_order(d, &(struct group_order){
                       .kind = GROUP_ORDER_AGREE, .room = p->group->id, .peer = p->id, .on = on});
}

static bool has_agreed(const struct group_peer *p)
{
    const struct part *part = p->session ? room_part(p->group->room, p->session) : NULL;
    return part && (part->agreed || p->session->program);
}

void record_offered(struct domain *d, const struct group_peer *p)
{
    const struct recording *g = p->group->room->recording;
    if (!g || !g->asked || !has_agreed(p))
        return;
    order_agree(d, p, true);
    if (g->begun)
        order_name(d, g, p);
}

static void agreed(struct domain *d, const struct part *part)
{
    for (const struct group_peer *p = part->peers; p; p = p->next)
        record_offered(d, p);
}

static void taken_back(struct domain *d, const struct part *part)
{
    for (const struct group_peer *p = part->peers; p; p = p->next)
        order_agree(d, p, false);
}

/* ---- life ---- */

static struct recording *recording_find(const struct domain *d, uint64_t id)
{
    LIST_FOREACH(l, &d->recordings) {
        struct recording *g = container_of(l, struct recording, link);
        if (g->id == id)
            return g;
    }
    return NULL;
}

static void recording_free(struct domain *d, struct recording *g)
{
    list_del(&g->link);
    d->n_recordings--;
    xfree(g);
}

void record_free_all(struct domain *d)
{
    while (!list_empty(&d->recordings))
        recording_free(d, container_of(list_first(&d->recordings), struct recording, link));
}

void record_forget(struct room *r)
{
    if (r->recording)
        r->recording->room = NULL;
    r->recording = NULL;
}

static void store_state(struct domain *d, const struct recording *g, unsigned state)
{
    ASK_AND_FORGET(d, DB_RECORDING_SET, VAL_ID(g->id), VAL_I(state), VAL_I(g->bytes),
                   VAL_I(g->duration_ms));
}

/* The room is recorded no more, and hears why. */
static void let_go(struct domain *d, struct recording *g, enum rec_end why)
{
    struct room *r = g->room;
    if (!r)
        return;
    record_forget(r);
    for (uint32_t i = 0; i < r->n_parts; i++)
        r->parts[i].agreed = false;
    tell(d, g, r, why);
    roomlist_touch(d, r);
    group_review(d, r);
}

static void stop(struct domain *d, struct recording *g, enum rec_end why)
{
    if (g->stopping)
        return;
    g->stopping = true;
    g->why = why;
    if (g->asked)
        order_record(d, g, false);
}

void record_room_ends(struct domain *d, struct room *r)
{
    if (!r->recording)
        return;
    stop(d, r->recording, REC_STOPPED);
    record_forget(r);
}

void record_left(struct domain *d, const struct room *r)
{
    for (uint32_t i = 0; r->recording && i < r->n_parts; i++)
        if (!r->parts[i].session->program)
            return;
    if (r->recording)
        stop(d, r->recording, REC_STOPPED);
}

void record_drain(struct domain *d)
{
    LIST_FOREACH(l, &d->recordings) {
        struct recording *g = container_of(l, struct recording, link);
        stop(d, g, REC_SHUTDOWN);
        if (g->begun) /* there may be no time for its last word */
            store_state(d, g, REC_SHUTDOWN);
    }
}

void record_boot(struct domain *d)
{
    ASK_AND_FORGET(d, DB_RECORDINGS_CUT, VAL_I(RECORDING_RUNS), VAL_I(RECORDING_CUT_OFF));
}

/* ---- beginning ---- */

/* It is written down: the room goes to the group's way if need be, and everybody hears of it before anything is
 * recorded. */
static void added(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct recording *g = recording_find(d, a->a);
    struct room *r = g ? g->room : NULL;
    if (!g)
        return;
    if (answer->db->status == DB_OK && r && !g->stopping && group_hold(d, r)) {
        g->asked = true;
        g->group = r->group->id;
        tell(d, g, r, REC_ENDS);
        roomlist_touch(d, r);
        order_record(d, g, true);
        for (uint32_t i = 0; i < r->n_parts; i++) {
            agreed(d, &r->parts[i]);
            if (r->parts[i].agreed)
                media_tell(d, r, &r->parts[i]);
        }
        reply_ok(d, &a->who);
        return;
    }
    if (answer->db->status == DB_OK) {
        ASK_AND_FORGET(d, DB_RECORDING_REMOVE, VAL_ID(g->id));
        reply_retry(d, &a->who, CODE_BUSY, AGAIN_MS);
    } else {
        reply_db(d, &a->who, answer->db->status);
    }
    if (r) {
        record_forget(r);
        group_review(d, r);
    }
    recording_free(d, g);
}

static struct recording *recording_new(struct domain *d, struct room *r, const struct session *s)
{
    struct recording *g = xcalloc(1, sizeof *g + s->name_n);
    do
        g->id = rng_u64(&d->rng);
    while (g->id == 0 || recording_find(d, g->id));
    g->room = r;
    g->user = s->user->id;
    g->by = s->id;
    g->since_ms = d->wall;
    g->why = REC_ENDS;
    g->name_n = s->name_n;
    memcpy(g->name, s->name, s->name_n);
    list_push_back(&d->recordings, &g->link);
    d->n_recordings++;
    r->recording = g;
    return g;
}

void record_start(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = moderated(d, s, cmd->id, cmd->u.record.room);
    if (!r)
        return;
    if (!d->cfg.recordings || d->cfg.groups == GROUPS_NEVER) {
        emit_error(d, s, cmd->id, CODE_RECORDINGS_OFF);
        return;
    }
    if (r->recording && !r->recording->stopping) { /* somebody was faster */
        emit_ok(d, s, cmd->id);
        return;
    }
    if (r->recording || !group_may_hold(d, r)) {
        emit_retry(d, s, cmd->id, CODE_BUSY, AGAIN_MS);
        return;
    }
    const struct recording *g = recording_new(d, r, s);
    room_part(r, s)->agreed = true;
    struct ask *a = ask_new(d, asker_of(cmd), added, NULL, 0);
    a->a = g->id;
    ASK_DB(d, a, DB_RECORDING_ADD, VAL_ID(g->id), VAL_ID(g->user), VAL_ID(r->id),
           VAL_T(str_of(r->title, r->title_n)), VAL_I(RECORDING_RUNS), VAL_I(d->wall));
}

void record_stop(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = moderated(d, s, cmd->id, cmd->u.record.room);
    if (!r)
        return;
    emit_ok(d, s, cmd->id);
    if (r->recording)
        stop(d, r->recording, REC_STOPPED);
}

/* ---- consent ---- */

bool record_holds(struct domain *d, const struct room *r, const struct session *s, bool agrees)
{
    return r && r->recording && r->recording->asked && !agrees && !join_replaced(d, r, s);
}

bool record_on(const struct room *r)
{
    return r->recording && r->recording->asked;
}

int64_t record_since(const struct room *r)
{
    return record_on(r) ? r->recording->since_ms : 0;
}

void record_agree(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = session_room(s, cmd->u.record.room);
    struct part *part = r ? room_part(r, s) : NULL;
    if (!r) {
        emit_error(d, s, cmd->id, CODE_NOT_IN_ROOM);
        return;
    }
    bool on = cmd->u.record.on != TRI_NO;
    emit_ok(d, s, cmd->id);
    if (!record_on(r) || part->agreed == on)
        return;
    part->agreed = on;
    if (on)
        agreed(d, part);
    else
        taken_back(d, part);
    media_tell(d, r, part);
}

/* ---- what the recording thread tells ---- */

static void begun(struct domain *d, struct recording *g)
{
    g->begun = true;
    for (uint32_t i = 0; g->room && i < g->room->n_parts; i++)
        for (const struct group_peer *p = g->room->parts[i].peers; p; p = p->next)
            if (has_agreed(p))
                order_name(d, g, p);
}

void domain_recorded(struct domain *d, int64_t now_us, int64_t wall_ms, const struct rec_state *n)
{
    domain_time(d, now_us, wall_ms);
    struct recording *g = recording_find(d, n->recording);
    if (!g)
        return;
    g->bytes = (int64_t)n->bytes;
    g->duration_ms = n->duration_us / 1000;
    if (!n->ended) {
        store_state(d, g, RECORDING_RUNS);
        if (!g->begun)
            begun(d, g);
        return;
    }
    enum rec_end why = n->end < REC_ENDS ? (enum rec_end)n->end : REC_FAILED;
    if (why == REC_STOPPED && g->why != REC_ENDS)
        why = g->why;
    if (g->begun)
        store_state(d, g, why);
    else
        ASK_AND_FORGET(d, DB_RECORDING_REMOVE, VAL_ID(g->id));
    if (!g->stopping) /* it ended by itself: the worker still copies, and would refuse another one */
        order_record(d, g, false);
    let_go(d, g, why);
    recording_free(d, g);
}
