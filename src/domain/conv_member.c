/* Who is in a room that stays: ranks, invitations, removals, bans. */
#include "domain/conv.h"

#include "base/code.h"
#include "base/mem.h"

enum { MEMBER_COLS = 6 };

/* ---- the list ---- */

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    const struct conv_member *me = c ? conv_insider(c, call->user) : NULL;
    struct member_view list[CONV_PAGE_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[MEMBER_COLS];
    size_t n = 0, seen = 0;
    int64_t last = 0;
    bool more = false;
    if (answer->db->status != DB_OK || !me) {
        if (me)
            reply_db(d, &a->who, answer->db->status);
        else
            reply_error(d, &a->who, CODE_CONV_UNKNOWN);
        return;
    }
    bool all = conv_may(c, me, CONV_DO_REMOVE);
    while (!more && db_rows_next(&it, row, MEMBER_COLS)) {
        more = seen++ == (size_t)MIN_OF(call->n[0], CONV_PAGE_MAX);
        if (more)
            break;
        last = row[0].i;
        if (row[5].i != CONV_OPEN && c->kind == CONV_ROOM && !all)
            continue; /* whom it was asked in, or put out, is for those who did it */
        list[n++] = (struct member_view){
            .who = {val_id(&row[0]), row[1].s, row[2].s, row[3].i},
            .role = (enum conv_rank)MIN_OF(MAX_OF(row[4].i, 0), CONV_IS_OWNER),
            .banned = row[5].i == CONV_BANNED,
            .invited = c->kind == CONV_ROOM && row[5].i == CONV_REQUEST,
        };
    }
    conv_reply_page(d, &a->who, RESULT_MEMBERS, (struct object_list){list, n}, more, last, 0);
}

void room_do_members(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                     struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    int64_t after = INT64_MIN, unused;
    (void)u;
    (void)m;
    if (call->one.n && !cursor_get(call->one, &after, &unused)) {
        reply_bad(d, &a->who, "after");
        return;
    }
    CONV_ASK(d, a, c, listed, DB_MEMBERS, VAL_ID(c->id), VAL_I(after), VAL_I(call->n[0] + 1));
}

/* ---- ranks, removals, bans ---- */

static void out(struct domain *d, struct conv *c, uint64_t user, bool banned)
{
    const struct conv_member *m = conv_member(c, user);
    bool inside = m && m->state != CONV_BANNED;
    if (inside)
        conv_count(d, user_find(d, user), conv_unread(c, m) ? -1 : 0,
                   m->state == CONV_REQUEST ? -1 : 0);
    conv_drop_member(c, user);
    if (banned)
        conv_put_member(c, user)->state = CONV_BANNED;
    live_sieve(d, c, LEFT_REMOVED);
    if (inside)
        conv_gone(d, c->id, user);
}

/* To all who may have the list of members open. */
static void tell_rank(struct domain *d, const struct conv *c, struct conv_member *m, uint8_t role)
{
    m->role = role;
    conv_tell(d, c,
              &(struct event){.type = EVENT_MEMBER,
                              .u.conv.mark = {.conv = c->id, .user = m->user, .role = role}},
              0, 0, NULL);
}

static void set(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status,
                      call->n[0] == AS_BANNED ? CODE_USER_UNKNOWN : CODE_UNKNOWN);
        return;
    }
    reply_ok(d, &a->who);
    struct conv_member *m = c ? conv_member(c, call->other) : NULL;
    struct conv_member *me = c ? conv_member(c, call->user) : NULL;
    if (!c)
        return;
    switch ((enum member_as)call->n[0]) {
    case AS_MEMBER:
    case AS_MODERATOR:
        if (m)
            tell_rank(d, c, m, call->n[0] == AS_MODERATOR ? CONV_MODERATOR : CONV_MEMBER);
        break;
    case AS_OWNER:
        if (m && me) {
            tell_rank(d, c, m, CONV_OWNER);
            tell_rank(d, c, me, CONV_MODERATOR);
        }
        break;
    default:
        out(d, c, call->other, call->n[0] == AS_BANNED);
        room_show(d, c, call->user); /* there is one less */
        return;
    }
    conv_show(d, c->id, call->other);
    conv_show(d, c->id, call->user);
}

/* Ranks are given to members, by the owner alone. */
static void rank(struct domain *d, struct ask *a, struct conv *c, const struct conv_member *me,
                 const struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    if (!conv_may(c, me, CONV_DO_RANK) || m == me)
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    else if (!m || m->state != CONV_OPEN)
        reply_error(d, &a->who, CODE_UNKNOWN);
    else if (call->n[0] == AS_OWNER)
        CONV_ASK(d, a, c, set, DB_HAND_OVER, VAL_ID(c->id), VAL_ID(me->user), VAL_ID(m->user));
    else
        CONV_ASK(d, a, c, set, DB_MEMBER_ROLE, VAL_ID(c->id), VAL_ID(m->user),
                 VAL_I(call->n[0] == AS_MODERATOR ? CONV_MODERATOR : CONV_MEMBER));
}

void room_do_member(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *me)
{
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = conv_member(c, call->other);
    (void)u;
    switch ((enum member_as)call->n[0]) {
    case AS_MEMBER:
    case AS_MODERATOR:
    case AS_OWNER: rank(d, a, c, me, m); return;
    case AS_REMOVED:
        if (!m || m->state == CONV_BANNED) {
            reply_error(d, &a->who, CODE_UNKNOWN);
            return;
        }
        break;
    case AS_NONE:
        if (!m || m->state != CONV_BANNED) {
            reply_error(d, &a->who, CODE_UNKNOWN);
            return;
        }
        break;
    default: break;
    }
    if (m && m->role >= me->role) { /* also oneself */
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    } else if (call->n[0] == AS_BANNED) {
        CONV_ASK(d, a, c, set, DB_MEMBER_PUT, VAL_ID(c->id), VAL_ID(call->other),
                 VAL_I(CONV_MEMBER), VAL_I(CONV_BANNED), VAL_I(d->wall), VAL_I(INT64_MAX));
    } else {
        CONV_ASK(d, a, c, set, DB_MEMBER_GONE, VAL_ID(c->id), VAL_ID(call->other),
                 VAL_I(call->n[0] == AS_NONE));
    }
}

/* ---- invitations ---- */

static void invited(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status, CODE_ROOM_FULL);
        return;
    }
    reply_ok(d, &a->who);
    if (!c)
        return;
    struct conv_member *m = conv_put_member(c, call->other);
    m->state = CONV_REQUEST;
    m->read = c->last_seq;
    conv_count(d, user_find(d, call->other), 0, 1);
    conv_show(d, c->id, call->other);
}

/* Whether that may be asked at all; otherwise it is answered. */
static bool invite_possible(struct domain *d, struct ask *a, const struct conv *c)
{
    const struct conv_call *call = conv_call(a);
    const struct conv_member *me = c ? conv_insider(c, call->user) : NULL;
    const struct conv_member *m = c ? conv_member(c, call->other) : NULL;
    if (!me || !conv_may(c, me, CONV_DO_INVITE) || (m && m->state == CONV_BANNED))
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    else if (m) /* is there, or was asked */
        reply_ok(d, &a->who);
    else
        return true;
    return false;
}

/* n[2]: blocked. To who knows them it looks as if the other one does not answer: no hint. */
static void invite_go(struct domain *d, struct ask *a, struct conv *c)
{
    const struct conv_call *call = conv_call(a);
    if (call->n[2])
        reply_ok(d, &a->who);
    else
        CONV_ASK(d, a, c, invited, DB_MEMBER_PUT, VAL_ID(c->id), VAL_ID(call->other),
                 VAL_I(CONV_MEMBER), VAL_I(CONV_REQUEST), VAL_I(d->wall),
                 VAL_I(d->cfg.members_max));
}

static void invite_known(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    struct val known;
    if (!db_row(answer->db, &known, 1))
        reply_db(d, &a->who, answer->db->status);
    else if (!known.i)
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    else if (invite_possible(d, a, c))
        invite_go(d, a, c);
}

/* Who wants no strangers is asked by people they chose or write with. That comes before blocks, which it would
 * show otherwise. */
static void invite_found(struct domain *d, struct ask *a, struct user *other, enum db_status status)
{
    struct conv_call *call = conv_call(a);
    struct conv *c = conv_find(d, call->conv);
    if (!other) {
        if (status != DB_OK)
            reply_db(d, &a->who, status);
        else
            reply_error(d, &a->who, CODE_USER_UNKNOWN);
        return;
    }
    if (!invite_possible(d, a, c))
        return;
    call->n[2] = idset_has(&other->blocked, call->user);
    if ((other->settings & USER_STRANGERS) || idset_has(&other->favourites, call->user))
        invite_go(d, a, c);
    else
        CONV_ASK(d, a, c, invite_known, DB_CONV_KNOWN, VAL_ID(MIN_OF(call->user, call->other)),
                 VAL_ID(MAX_OF(call->user, call->other)), VAL_ID(call->other));
}

void room_do_invite(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *m)
{
    if (conv_call(a)->other)
        user_with(d, conv_call(a)->other, a, invite_found);
    else
        room_link_make(d, a, c, u, m);
}
