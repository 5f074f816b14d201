/* Everybody of one room moves into another. */
#include "domain/domain_int.h"

#include "base/mem.h"

struct move {
    struct session *session;
    struct scope scope; /* goes with it, unless it was in the other room, too, or does not get in */
    bool media;         /* had a place of the mesh, or waited for one */
    bool came;          /* is in the other room now and wasn't before */
    bool took;          /* was in the other room, and publishes there now */
    bool told;          /* gets `merged` */
};

/* How many would be in `into`. */
static uint32_t merge_count(const struct room *r, const struct room *into)
{
    uint32_t n = into->n_parts;
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (!room_part(into, r->parts[i].session))
            n++;
    return n;
}

/* Whether s may merge r into `into`; otherwise the request is answered. */
static bool merge_allowed(struct domain *d, struct session *s, int64_t id, const struct room *r,
                          const struct room *into)
{
    enum errcode code = CODE_NONE;
    if (!into || !room_part(into, s))
        code = CODE_NOT_IN_ROOM;
    else if (into->stays) /* who may be in it is the conversation's business */
        code = CODE_NOT_ALLOWED;
    else if (into->owner != s->id && (into->locked || into->hash))
        code = CODE_NOT_OWNER;
    else if (merge_count(r, into) > into->capacity)
        code = CODE_ROOM_FULL;
    if (code)
        emit_error(d, s, id, code);
    return code == CODE_NONE;
}

void merge_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct room *r = manage_owned(d, s, cmd->id, cmd->room);
    if (!r)
        return;
    if (cmd->u.into == r->id) {
        emit_bad(d, s, cmd->id, "into");
        return;
    }
    if (!merge_allowed(d, s, cmd->id, r, room_find(d, cmd->u.into)))
        return;
    struct store_request load = {.kind = STORE_LOAD,
                                 .room = cmd->u.into,
                                 .ctx = {.kind = CTX_MERGE,
                                         .session = s->id,
                                         .id = cmd->id,
                                         .arg = r->id,
                                         .flags = room_epoch(d, cmd->u.into)}};
    d->sink(d->sink_arg, &(struct effect){.type = EFFECT_STORE, .store = &load});
}

/* Takes everybody out of r; the array is the caller's. */
static struct move *merge_empty(struct domain *d, struct room *r, uint32_t *n)
{
    *n = r->n_parts;
    struct move *moves = xcalloc(*n, sizeof *moves);
    for (uint32_t i = 0; i < *n; i++) {
        struct part *p = &r->parts[0];
        moves[i].session = p->session;
        moves[i].media = p->media || p->wants_media;
        moves[i].scope = room_take_part(d, r, p->session);
    }
    return moves;
}

static void merge_fill(struct domain *d, struct room *into, struct move *m)
{
    struct part *p = room_part(into, m->session);
    m->told = true;
    if (!p && room_banned(d, into, m->session->lineage)) {
        m->told = false;
        return;
    }
    if (!p) {
        p = room_add_moved(d, into, m->session, &m->scope);
        m->scope = (struct scope){0};
        m->came = true;
    }
    if (!m->media)
        return;
    bool had = p->media;
    if (!media_take(d, into, p))
        p->wants_media = true;
    m->took = p->media && !had && !m->came;
}

static void merge_tell(struct domain *d, uint64_t from, struct room *into, const struct move *m,
                       const struct store_answer *history)
{
    struct joined_text text;
    struct joined_view joined;
    if (!m->told) {
        emit_to(d, m->session,
                &(struct event){.type = EVENT_LEFT,
                                .room = from,
                                .from = m->session->id,
                                .u.left = {.reason = LEFT_MERGED, .count = 0}});
        return;
    }
    joined_fill(d, into, m->session, history, &text, &joined);
    emit_to(d, m->session,
            &(struct event){.type = EVENT_MERGED, .u.merged = {.from = from, .joined = &joined}});
}

/* To the first n_before participants of `into`, who were there before: now they are count. */
static void merge_tell_entered(struct domain *d, struct room *into, uint32_t n_before,
                               uint32_t count, const struct move *m)
{
    struct session_ref *to = scratch_refs(d, n_before);
    size_t n = 0;
    for (uint32_t i = 0; i < n_before; i++)
        to[n++] = session_ref(into->parts[i].session);
    struct event e = {.type = EVENT_ENTERED, .room = into->id};
    person_view(room_part(into, m->session), &e.u.entered.person);
    e.u.entered.count = count;
    emit_list(d, to, n, &e);
}

void merge_go_on(struct domain *d, struct session *s, const struct store_answer *history)
{
    int64_t id = history->ctx.id;
    if (history->failed || history->ctx.flags != room_epoch(d, history->room)) {
        emit_retry(d, s, id, CODE_BUSY, 1000);
        return;
    }
    struct room *r = manage_owned(d, s, id, history->ctx.arg);
    struct room *into = room_find(d, history->room);
    if (!r || !merge_allowed(d, s, id, r, into))
        return;
    whip_leave_room(d, r);
    uint32_t n, before = into->n_parts, count = before;
    uint64_t from = r->id;
    struct move *moves = merge_empty(d, r, &n);
    for (uint32_t i = 0; i < n; i++)
        merge_fill(d, into, &moves[i]);
    for (uint32_t i = 0; i < n; i++)
        scope_close(d, into, &moves[i].scope);
    bool mode = group_decide(d, into);
    emit_ok(d, s, id);
    for (uint32_t i = 0; i < n; i++)
        if (moves[i].came)
            merge_tell_entered(d, into, before, ++count, &moves[i]);
    for (uint32_t i = 0; i < n; i++)
        merge_tell(d, from, into, &moves[i], history);
    for (uint32_t i = 0; i < n; i++)
        if (moves[i].took)
            media_tell(d, into, room_part(into, moves[i].session));
    if (mode)
        group_tell_mode(d, into, NULL);
    for (uint32_t i = 0; i < n; i++)
        if (moves[i].came) {
            lobby_leave(d, into, moves[i].session);
            lobby_show(d, into, moves[i].session);
        }
    xfree(moves);
    room_destroy(d, r);
}
