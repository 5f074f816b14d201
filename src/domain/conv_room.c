/* Rooms that stay: made, described, locked by a password, archived and left. */
#include "domain/conv.h"

#include "base/code.h"
#include "base/mem.h"
#include "domain/names.h"
#include "domain/upload.h"

enum { SHOWN_TO_ALL = 50 };

void room_show(struct domain *d, const struct conv *c, uint64_t user)
{
    if (c->n <= SHOWN_TO_ALL)
        conv_show_all(d, c);
    else
        conv_show(d, c->id, user);
}

static uint8_t flags_with(uint8_t flags, enum tri is_public, enum tri unlisted)
{
    if (is_public != TRI_ABSENT)
        flags = (uint8_t)(is_public ? flags | CONV_PUBLIC : flags & ~CONV_PUBLIC);
    if (unlisted != TRI_ABSENT)
        flags = (uint8_t)(unlisted ? flags | CONV_UNLISTED : flags & ~CONV_UNLISTED);
    return flags;
}

/* ---- make ---- */

static void made(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct conv_call *call = conv_call(a);
    if (answer->db->status == DB_OK) {
        conv_reply(d, &a->who, call->conv, call->user);
        conv_show(d, call->conv, call->user);
    } else {
        reply_refused(d, &a->who, answer->db->status, CODE_NOT_ALLOWED);
    }
}

void room_make(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_edit *q = &cmd->u.conv.room;
    char title[NAMES_BYTES_MAX];
    size_t n;
    if (names_clean(q->title, d->cfg.title_max, title, &n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_TITLE);
        return;
    }
    struct ask *a = ask_new(d, asker_of(cmd), made, NULL, sizeof(struct conv_call));
    struct conv_call *call = conv_call(a);
    call->conv = conv_new_id(d);
    call->user = s->user->id;
    ASK_DB(d, a, DB_ROOM_MAKE, VAL_ID(call->conv), VAL_ID(call->user), VAL_T(str_of(title, n)),
           VAL_T(q->topic), VAL_I(flags_with(0, q->is_public, q->unlisted)), VAL_I(d->wall),
           VAL_I(d->cfg.convs_max));
}

/* ---- edit, archive ---- */

/* a->a: the flags that it has now. */
static void edited(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply_ok(d, &a->who);
    if (!c)
        return;
    bool closer = (c->flags & ~a->a & (CONV_PUBLIC | CONV_UNLISTED)) != 0;
    c->flags = (uint8_t)((a->a & ~(uint64_t)CONV_PROGRAMS) | (c->flags & CONV_PROGRAMS));
    if (conv_call(a)->type == CMD_ROOM_EDIT && conv_call(a)->one.n) {
        xfree(c->title);
        c->title = str_dup(conv_call(a)->one);
    }
    live_edited(d, c, closer);
    conv_show_all(d, c);
}

void room_do_edit(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                  struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    enum tri is_public = (enum tri)(call->seq / 4 - 1), unlisted = (enum tri)(call->seq % 4 - 1);
    bool opens = is_public != TRI_ABSENT || unlisted != TRI_ABSENT || call->n[1] >= 0;
    (void)u;
    if (opens && !conv_may(c, m, CONV_DO_OPEN)) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
        return;
    }
    a->a = flags_with(c->flags, is_public, unlisted);
    CONV_ASK(d, a, c, edited, DB_ROOM_EDIT, VAL_ID(c->id), VAL_T_OR_NULL(call->one),
             call->other ? VAL_T(call->two) : VAL_NONE, VAL_I((int64_t)a->a),
             call->n[1] < 0    ? VAL_NONE
             : call->n[1] == 0 ? VAL_I(-1)
                               : VAL_I(call->n[1]));
}

void room_do_archive(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                     struct conv_member *m)
{
    (void)u;
    (void)m;
    a->a = conv_call(a)->n[0] ? c->flags | CONV_ARCHIVED : c->flags & ~(unsigned)CONV_ARCHIVED;
    CONV_ASK(d, a, c, edited, DB_ROOM_EDIT, VAL_ID(c->id), VAL_NONE, VAL_NONE, VAL_I((int64_t)a->a),
             VAL_NONE);
}

/* ---- the password: hashed on its thread ---- */

static void password_known(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    (void)status;
    reply_ok(d, &a->who);
    if (c)
        conv_show_all(d, c);
}

static void password_set(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (c)
        c->stale = true; /* what it is now is read */
    conv_with(d, conv_call(a)->conv, a, password_known);
}

static void password_hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = c ? conv_insider(c, call->user) : NULL;
    if (answer->password->outcome != PASSWORD_OK)
        reply_retry(d, &a->who, CODE_BUSY, 1000);
    else if (!m || !conv_may(c, m, CONV_DO_OPEN)) /* not any more */
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    else
        CONV_ASK(d, a, c, password_set, DB_ROOM_PASSWORD, VAL_ID(c->id),
                 VAL_T(str_head(answer->password->hash, PASSWORD_HASH_MAX)));
}

void room_do_password(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                      struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    struct password_job job = {.kind = PASSWORD_HASH, .password = call->one};
    (void)m;
    if (call->one.n == 0) {
        CONV_ASK(d, a, c, password_set, DB_ROOM_PASSWORD, VAL_ID(c->id), VAL_NONE);
        return;
    }
    c->refs++;
    a->then = password_hashed;
    ask_password_share(d, a, &job, &(struct password_share){.account = u->id});
}

/* ---- leave ---- */

/* Who was only invited has one request less. */
static void deleted(struct domain *d, struct conv *c)
{
    conv_dirty(d);
    if (!c)
        return;
    for (uint32_t i = 0; i < c->n; i++)
        if (c->members[i].state == CONV_REQUEST) {
            conv_count(d, user_find(d, c->members[i].user), 0, -1);
            conv_gone(d, c->id, c->members[i].user);
        }
    c->n = 0;
    live_sieve(d, c, LEFT_ENDED);
    c->stale = true;
}

static void left(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = c ? conv_member(c, call->user) : NULL;
    if (answer->db->status != DB_OK && answer->db->status != DB_REFUSED) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply_ok(d, &a->who);
    if (m && m->state != CONV_BANNED) { /* a ban that was quicker stays */
        conv_count(d, user_find(d, call->user), conv_unread(c, m) ? -1 : 0, 0);
        conv_drop_member(c, call->user);
        live_sieve(d, c, LEFT_ENDED);
        room_show(d, c, 0);
    }
    conv_gone(d, call->conv, call->user);
    if (answer->db->proc == DB_ROOM_DELETE) {
        struct val picture;
        avatar_remove_files(d, call->conv, db_row(answer->db, &picture, 1) ? picture.i : 0);
        deleted(d, c);
    }
}

void room_do_leave(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                   struct conv_member *m)
{
    uint32_t others = 0;
    for (uint32_t i = 0; i < c->n; i++)
        others += c->members[i].state == CONV_OPEN && c->members[i].user != u->id;
    if (m->role != CONV_OWNER)
        CONV_ASK(d, a, c, left, DB_MEMBER_GONE, VAL_ID(c->id), VAL_ID(u->id), VAL_I(0));
    else if (others == 0) /* the last one: nobody could come back */
        CONV_ASK(d, a, c, left, DB_ROOM_DELETE, VAL_ID(c->id), VAL_I(d->wall));
    else
        reply_error(d, &a->who, CODE_NOT_ALLOWED); /* somebody has to own it */
}
