/* Rooms that stay: made, described, archived, found, joined and left. */
#include "domain/conv.h"

#include "base/code.h"
#include "base/mem.h"
#include "domain/names.h"
#include "domain/upload.h"

enum { SHOWN_TO_ALL = 50, PUBLIC_COLS = 5 };

/* The room looks different now: to everybody in a small one; to `user` in any. */
static void show(struct domain *d, const struct conv *c, uint64_t user)
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
    } else if (answer->db->status == DB_REFUSED) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED);
    } else {
        reply_db(d, &a->who, answer->db->status);
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
    c->flags = (uint8_t)a->a;
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

/* ---- join ---- */

static void now_inside(struct domain *d, struct conv *c, uint64_t user)
{
    struct conv_member *m = conv_put_member(c, user);
    if (m->state == CONV_REQUEST)
        conv_count(d, user_find(d, user), 0, -1);
    m->state = CONV_OPEN;
    m->role = CONV_MEMBER;
    m->read = c->last_seq;
    show(d, c, user);
}

static void joined(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = c ? conv_member(c, call->user) : NULL;
    if (answer->db->status == DB_REFUSED) {
        reply_error(d, &a->who,
                    m && m->state == CONV_BANNED ? CODE_BANNED
                    : call->one.n                ? CODE_BAD_INVITE
                                                 : CODE_ROOM_FULL);
    } else if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else {
        if (c)
            now_inside(d, c, call->user);
        conv_reply(d, &a->who, call->conv, call->user);
    }
}

/* call->one: the link that it goes by, if any. */
static void join_loaded(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct conv_call *call = conv_call(a);
    const struct conv_member *m = c ? conv_member(c, call->user) : NULL;
    bool open = c && c->kind == CONV_ROOM && !(c->flags & CONV_ARCHIVED);
    if (status != DB_OK)
        reply_db(d, &a->who, status);
    else if (!c || c->kind != CONV_ROOM)
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
    else if (m && m->state == CONV_OPEN)
        conv_reply(d, &a->who, c->id, call->user);
    else if (m && m->state == CONV_BANNED)
        /* Who was banned from a private room learns no more of it. */
        reply_error(d, &a->who,
                    call->one.n || (c->flags & (CONV_PUBLIC | CONV_UNLISTED)) ? CODE_BANNED
                                                                              : CODE_CONV_UNKNOWN);
    else if (open && call->one.n)
        CONV_ASK(d, a, c, joined, DB_LINK_USE, VAL_B(call->one.p, call->one.n), VAL_I(d->wall),
                 VAL_ID(call->user), VAL_I(d->cfg.members_max));
    else if (open && (m || (c->flags & (CONV_PUBLIC | CONV_UNLISTED))))
        CONV_ASK(d, a, c, joined, DB_MEMBER_PUT, VAL_ID(c->id), VAL_ID(call->user),
                 VAL_I(CONV_MEMBER), VAL_I(CONV_OPEN), VAL_I(d->wall),
                 VAL_I(m ? INT64_MAX : d->cfg.members_max));
    else
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
}

static void link_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[2];
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else if (!db_row(answer->db, row, 2)) {
        reply_error(d, &a->who, CODE_BAD_INVITE);
    } else {
        conv_call(a)->conv = val_id(&row[0]);
        conv_with(d, conv_call(a)->conv, a, join_loaded);
    }
}

void room_join(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_join *q = &cmd->u.conv.join;
    struct ask *a =
        ask_new(d, asker_of(cmd), link_found, NULL, sizeof(struct conv_call) + SHA256_SIZE);
    struct conv_call *call = conv_call(a);
    call->type = cmd->type;
    call->user = s->user->id;
    call->conv = q->conv;
    if (q->link.n == 0) {
        conv_with(d, q->conv, a, join_loaded);
        return;
    }
    sha256(q->link.p, q->link.n, (uint8_t *)call->text);
    call->one = str_of(call->text, SHA256_SIZE);
    ASK_DB(d, a, DB_LINK_GET, VAL_B(call->text, SHA256_SIZE), VAL_I(d->wall), VAL_ID(call->user));
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
        show(d, c, 0);
    }
    conv_gone(d, call->conv, call->user);
    if (answer->db->proc == DB_ROOM_DELETE) {
        avatar_remove_files(d, call->conv);
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

/* ---- found by anybody ---- */

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct room_public_view list[CONV_PAGE_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[PUBLIC_COLS];
    struct event e = {.type = RESULT_ROOMS_PUBLIC};
    char next[CONV_CURSOR_MAX];
    struct buf cursor;
    size_t n = 0;
    bool more = false;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (!more && db_rows_next(&it, row, PUBLIC_COLS)) {
        more = n == MIN_OF(a->b, CONV_PAGE_MAX);
        if (!more)
            list[n++] =
                (struct room_public_view){val_id(&row[0]), row[1].s, row[2].s, row[3].i, row[4].i};
    }
    buf_init_fixed(&cursor, next, sizeof next);
    if (more && n > 0)
        cursor_put(&cursor, (int64_t)list[n - 1].conv, 0);
    e.u.conv.page.list = (struct object_list){list, n};
    e.u.conv.page.next = buf_str(&cursor);
    reply(d, &a->who, &e);
}

void rooms_public(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_page *q = &cmd->u.conv.page;
    int64_t after = INT64_MIN, unused;
    if (q->after.n && !cursor_get(q->after, &after, &unused)) {
        emit_bad(d, s, cmd->id, "after");
        return;
    }
    struct ask *a = ask_new(d, asker_of(cmd), listed, NULL, 0);
    a->b = (uint64_t)q->limit;
    ASK_DB(d, a, DB_ROOMS_PUBLIC, VAL_T(q->text), VAL_I(after), VAL_I(q->limit + 1));
}
