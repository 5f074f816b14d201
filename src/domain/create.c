/* Making rooms. */
#include "domain/domain_int.h"

#include "domain/names.h"

#define BUSY_WAIT_MS 1000

/* The title as asked for, or one made up; false: refused. */
static bool create_title(struct domain *d, const struct session *s, struct str wanted,
                         char out[NAMES_BYTES_MAX], size_t *n)
{
    struct buf made;
    switch (names_clean(wanted, d->cfg.title_max, out, n)) {
    case NAMES_OK: return true;
    case NAMES_EMPTY:
        buf_init_fixed(&made, out, NAMES_BYTES_MAX);
        names_room(&made, session_name(s), d->cfg.title_max, s->korean);
        *n = buf_len(&made);
        return true;
    default: return false;
    }
}

static enum errcode create_check(const struct domain *d, const struct session *s)
{
    if (s->n_rooms >= d->cfg.rooms_per_session)
        return CODE_ROOMS_CAP;
    return d->rooms.n >= (size_t)d->cfg.max_rooms ? CODE_ROOM_LIMIT : CODE_NONE;
}

void create_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_create *c = &cmd->u.create;
    char title[NAMES_BYTES_MAX];
    size_t title_n;
    if (!session_rate(d, s, cmd->id, RATE_JOIN))
        return;
    enum errcode code = create_check(d, s);
    if (!code && !create_title(d, s, c->title, title, &title_n))
        code = CODE_BAD_TITLE;
    if (code) {
        emit_error(d, s, cmd->id, code);
        return;
    }
    if (c->capacity && (c->capacity < 2 || c->capacity > d->cfg.capacity_max)) {
        emit_bad(d, s, cmd->id, "capacity");
        return;
    }
    if (s->n_pending >= d->cfg.rooms_per_session) {
        emit_retry(d, s, cmd->id, CODE_BUSY, BUSY_WAIT_MS);
        return;
    }
    struct pending *p = pending_new(d, s, PENDING_CREATE, cmd->id, str_of(title, title_n));
    p->media = c->media;
    p->mic = c->mic;
    p->cam = c->cam;
    p->set.is_public = c->is_public ? TRI_YES : TRI_NO;
    p->set.capacity = c->capacity ? c->capacity : d->cfg.capacity_default;
    if (!c->password.n) {
        create_finish(d, s, p, STR_NONE);
    } else if (!pending_job(d, s, p, PASSWORD_HASH, c->password, STR_NONE)) {
        pending_free(s, p);
        emit_retry(d, s, cmd->id, CODE_BUSY, BUSY_WAIT_MS);
    }
}

static uint64_t create_id(struct domain *d)
{
    uint64_t id;
    do
        id = ID_MAKE(d->cfg.node, d->cfg.worker, rng_u64(&d->rng));
    while ((id & 0xffffffffffffULL) == 0 || room_find(d, id));
    return id;
}

void create_finish(struct domain *d, struct session *s, struct pending *p, struct str hash)
{
    enum errcode code = create_check(d, s);
    if (code) {
        emit_error(d, s, p->id, code);
        pending_free(s, p);
        return;
    }
    struct room *r = room_new(d, create_id(d), p->set.title);
    r->capacity = (uint32_t)p->set.capacity;
    if (hash.n)
        room_set_hash(r, hash);
    room_own(d, r, s->id);
    if (p->set.is_public == TRI_YES)
        roomlist_show(d, r);
    struct part *part = room_add(d, r, s);
    if (p->media && !media_take(d, r, part))
        part->wants_media = true;
    bool changed = session_take_state(s, p->mic, p->cam, TRI_ABSENT);
    struct joined_text text;
    struct joined_view joined;
    group_decide(d, r);
    joined_fill(d, r, s, NULL, &text, &joined);
    emit_ack(d, s, p->id, &(struct event){.type = RESULT_JOINED, .u.joined = &joined});
    pending_free(s, p);
    if (changed)
        session_tell_except(d, s, r);
}
