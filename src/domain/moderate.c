/* Who keeps order in a room, and how: asking others to be quiet, or seeing to it. */
#include "domain/conv.h"

/* The member that s is in the room's conversation; NULL: none, or it has none. */
static const struct conv_member *member_of(struct domain *d, const struct room *r, uint64_t user,
                                           const struct conv **c)
{
    *c = r->stays ? conv_pinned(d, r->id) : NULL;
    return *c && user ? conv_insider(*c, user) : NULL;
}

bool moderates(struct domain *d, const struct room *r, const struct session *s)
{
    const struct conv *c;
    if (!r->stays)
        return r->owner == s->id;
    const struct conv_member *m = member_of(d, r, s->user ? s->user->id : 0, &c);
    return m && conv_may(c, m, CONV_DO_REMOVE);
}

struct room *moderated(struct domain *d, struct session *s, int64_t id, uint64_t room)
{
    struct room *r = session_room(s, room);
    if (r && moderates(d, r, s))
        return r;
    emit_error(d, s, id, !r ? CODE_NOT_IN_ROOM : r->stays ? CODE_NOT_ALLOWED : CODE_NOT_OWNER);
    return NULL;
}

struct part *moderated_part(struct domain *d, struct session *s, int64_t id, struct room *r,
                            uint64_t session)
{
    struct session *other = session_find(d, session);
    struct part *p = other ? room_part(r, other) : NULL;
    const struct conv *c;
    enum errcode code = CODE_NONE;
    if (!p) {
        code = CODE_PEER_UNKNOWN;
    } else if (r->stays && other != s) {
        const struct conv_member *m = member_of(d, r, s->user ? s->user->id : 0, &c);
        const struct conv_member *theirs = member_of(d, r, p->user, &c);
        if (theirs && (!m || theirs->role >= m->role))
            code = CODE_NOT_ALLOWED;
    }
    if (!code)
        return p;
    emit_error(d, s, id, code);
    return NULL;
}

bool may_publish(struct domain *d, const struct room *r, const struct session *s)
{
    return !r->publish_few || moderates(d, r, s);
}

bool may_share(struct domain *d, const struct room *r, const struct session *s)
{
    return !r->share_few || moderates(d, r, s);
}

/* ---- lobby and rights ---- */

static bool set_one(bool *to, enum tri v)
{
    if (v == TRI_ABSENT || *to == (v == TRI_YES))
        return false;
    *to = v == TRI_YES;
    return true;
}

static void take_places(struct domain *d, struct room *r)
{
    for (uint32_t i = 0; i < r->n_parts; i++) {
        struct part *p = &r->parts[i];
        if (p->media && !may_publish(d, r, p->session))
            media_give(d, r, p);
    }
}

bool order_set(struct domain *d, struct room *r, const struct cmd_room_set *set)
{
    bool lobby = set_one(&r->lobby, set->lobby);
    bool publish = set_one(&r->publish_few, set->publish_few);
    bool share = set_one(&r->share_few, set->share_few);
    if (lobby && !r->lobby)
        lobby_opens(d, r);
    if (publish) {
        take_places(d, r);
        group_review(d, r);
    }
    for (uint32_t i = 0; share && i < r->n_parts; i++)
        group_mute(d, &r->parts[i], false);
    return lobby || publish || share;
}

/* ---- muting ---- */

static void mute_hard(struct domain *d, struct room *r, struct part *p, unsigned kind, bool on)
{
    uint8_t bit = (uint8_t)(1u << kind);
    if (!(p->muted & bit) == !on)
        return;
    p->muted = (uint8_t)(on ? p->muted | bit : p->muted & ~bit);
    group_mute(d, p, false);
    media_tell(d, r, p);
}

static void lower_hand(struct domain *d, struct session *s)
{
    if (!s->hand_ms)
        return;
    s->hand_ms = 0;
    session_tell(d, s);
}

void room_mute(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_mute *q = &cmd->u.moderate.mute;
    struct room *r = moderated(d, s, cmd->id, q->room);
    struct part *p = r ? moderated_part(d, s, cmd->id, r, q->session) : NULL;
    bool on = q->on != TRI_NO;
    if (!p)
        return;
    struct session *other = p->session;
    emit_ok(d, s, cmd->id);
    if (q->kind == MUTE_HAND)
        lower_hand(d, other);
    else if (q->hard || !on)
        mute_hard(d, r, p, q->kind, on);
    if (on && other != s)
        emit_to(d, other,
                &(struct event){.type = EVENT_MUTE_REQUEST,
                                .u.moderate.mute = {r->id, s->id, q->kind, q->hard}});
}
