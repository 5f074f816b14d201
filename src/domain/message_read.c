/* Messages that stay: read, searched, marked; drafts and typing; what becomes of a stranger's first one. */
#include "domain/conv.h"

#include "base/mem.h"

enum { PAGE_BYTES = 160 * 1024, FOUND_COLS = 2 + CONV_MESSAGE_COLS };

/* ---- history ---- */

struct page {
    struct message_view *list;
    struct message_room *rooms;
    size_t n;
};

static void page_init(struct page *p, size_t n)
{
    p->list = xcalloc(n, sizeof *p->list);
    p->rooms = xcalloc(n, sizeof *p->rooms);
    p->n = 0;
}

static void page_free(struct page *p)
{
    xfree(p->list);
    xfree(p->rooms);
}

/* Takes off at the end that was not asked for first until it fits a message. True: something went. */
static bool page_cut(struct page *p, bool front)
{
    size_t bytes = 0, before = p->n;
    for (size_t i = 0; i < p->n; i++)
        bytes += p->list[i].text.n + 300;
    while (p->n > 1 && bytes > PAGE_BYTES) {
        bytes -= p->list[front ? 0 : p->n - 1].text.n + 300;
        if (front)
            p->list++;
        p->n--;
    }
    return p->n < before;
}

/* One more than wanted was asked for on each side: whether there is more. */
static void found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[CONV_MESSAGE_COLS];
    struct page p;
    int64_t under = 0, over = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (!c || !conv_insider(c, call->user)) {
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
        return;
    }
    page_init(&p, CONV_PAGE_MAX + 2);
    while (p.n < CONV_PAGE_MAX + 2 && db_rows_next(&it, row, CONV_MESSAGE_COLS)) {
        conv_message(&p.list[p.n], &p.rooms[p.n], c->id, call->user, row);
        (*(row[0].i < call->seq ? &under : &over))++;
        p.n++;
    }
    struct page all = p;
    bool first = call->n[0] ? under <= call->n[0] : call->seq <= 1;
    bool last = call->n[1] ? over <= call->n[1] : call->seq > c->last_seq;
    if (call->n[0] && !first) {
        p.list++;
        p.n--;
    }
    if (call->n[1] && !last)
        p.n--;
    bool front = call->n[1] == 0;
    bool less = page_cut(&p, front);
    struct event e = {.type = RESULT_HISTORY};
    e.u.conv.page.list = (struct object_list){p.list, p.n};
    e.u.conv.page.first = first && !(less && front);
    e.u.conv.page.last = last && !(less && !front);
    reply(d, &a->who, &e);
    page_free(&all);
}

void message_history(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                     struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    (void)m;
    CONV_ASK(d, a, c, found, DB_HISTORY, VAL_ID(c->id), VAL_ID(u->id), VAL_I(call->seq),
             VAL_I(call->n[0] ? call->n[0] + 1 : 0), VAL_I(call->n[1] ? call->n[1] + 1 : 0));
}

/* ---- read ---- */

static bool shows_marks(const struct user *u)
{
    return u && (u->settings & USER_READ_MARKS);
}

static void marked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct conv_member *m = c ? conv_insider(c, call->user) : NULL;
    struct val row;
    struct user *u = user_find(d, call->user);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply_ok(d, &a->who);
    if (!m || !db_row(answer->db, &row, 1) || row.i <= m->read)
        return;
    bool was = conv_unread(c, m);
    m->read = row.i;
    conv_count(d, u, (int)conv_unread(c, m) - (int)was, 0);
    struct event e = {.type = EVENT_READ,
                      .u.conv.mark = {.conv = c->id, .user = call->user, .seq = row.i}};
    conv_tell(d, c, &e, call->user, 0, session_find(d, a->who.session));
    /* Others learn of it in direct conversations, where both show it and nobody is a stranger. */
    uint64_t other = c->kind == CONV_DIRECT ? conv_other(c, call->user) : 0;
    const struct user *o = other ? user_find(d, other) : NULL;
    if (m->state == CONV_OPEN && o && shows_marks(u) && shows_marks(o) && !user_blocks(u, o))
        conv_tell(d, c, &e, other, 0, NULL);
}

void message_mark(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                  struct conv_member *m)
{
    (void)m;
    CONV_ASK(d, a, c, marked, DB_READ_MARK, VAL_ID(c->id), VAL_ID(u->id), VAL_I(conv_call(a)->seq));
}

static void arrived(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[3];
    while (db_rows_next(&it, row, 3)) {
        struct conv *c = conv_find(d, val_id(&row[0]));
        struct conv_member *m = c ? conv_member(c, a->a) : NULL;
        const struct user *o = user_find(d, val_id(&row[2])), *u = user_find(d, a->a);
        if (m)
            m->delivered = row[1].i;
        if (o && u && !user_blocks(u, o))
            user_tell(d, o,
                      &(struct event){
                          .type = EVENT_DELIVERED,
                          .u.conv.mark = {.conv = val_id(&row[0]), .user = a->a, .seq = row[1].i}},
                      NULL);
    }
}

void message_arrived(struct domain *d, uint64_t user)
{
    struct ask *a = ask_new(d, (struct asker){0}, arrived, NULL, 0);
    a->a = user;
    ASK_DB(d, a, DB_DELIVERED_ALL, VAL_ID(user));
}

/* ---- drafts, typing ---- */

static void drafted(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct conv_call *call = conv_call(a);
    conv_back(d, a);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply_ok(d, &a->who);
    conv_show(d, call->conv, call->user);
}

void message_draft(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                   struct conv_member *m)
{
    (void)m;
    CONV_ASK(d, a, c, drafted, DB_DRAFT, VAL_ID(c->id), VAL_ID(u->id),
             VAL_T_OR_NULL(conv_call(a)->one));
}

void message_typing(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    struct event e = {.type = EVENT_TYPING_CONV,
                      .u.conv.mark = {.conv = c->id, .user = u->id, .on = call->n[0] != 0}};
    if (m->state != CONV_OPEN)
        return;
    if (c->kind == CONV_DIRECT) {
        const struct conv_member *other = conv_member(c, conv_other(c, u->id));
        const struct user *o = other ? user_find(d, other->user) : NULL;
        if (!o || other->state != CONV_OPEN || user_blocks(u, o))
            return;
    }
    conv_tell(d, c, &e, 0, u->id, NULL);
}

/* ---- strangers, invitations ---- */

static void answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct conv *c = conv_back(d, a);
    const struct conv_call *call = conv_call(a);
    struct conv_member *m = c ? conv_member(c, call->user) : NULL;
    struct user *u = user_find(d, call->user);
    if (answer->db->status != DB_OK && answer->db->status != DB_REFUSED) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply_ok(d, &a->who);
    if (!m || answer->db->status == DB_REFUSED)
        return;
    bool was = conv_unread(c, m), asked = m->state == CONV_REQUEST;
    bool counted = c->kind == CONV_ROOM || c->last_seq > 0;
    if (answer->db->proc == DB_MEMBER_GONE) {
        conv_count(d, u, 0, asked ? -1 : 0);
        conv_drop_member(c, call->user);
        conv_gone(d, c->id, call->user);
        return;
    }
    m->state = call->n[0] == CONV_ACCEPT ? CONV_OPEN : CONV_IGNORED;
    conv_count(d, u, (int)conv_unread(c, m) - (int)was, asked && counted ? -1 : 0);
    if (c->kind == CONV_ROOM)
        conv_show_all(d, c);
    else
        conv_show(d, c->id, call->user);
}

void message_answer(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    bool yes = call->n[0] == CONV_ACCEPT;
    uint64_t other = c->kind == CONV_DIRECT ? conv_other(c, u->id) : 0;
    if (c->kind == CONV_ROOM && m->state == CONV_OPEN) {
        reply_error(d, &a->who, CODE_NOT_ALLOWED); /* to leave is something else */
        return;
    }
    if (call->n[0] == CONV_BLOCK && other && idset_add(&u->blocked, other)) {
        ASK_AND_FORGET(d, DB_BLOCK_ON, VAL_ID(u->id), VAL_ID(other), VAL_I(d->wall));
        call_user_blocks(d, u, other);
    }
    if (c->kind == CONV_ROOM && !yes)
        CONV_ASK(d, a, c, answered, DB_MEMBER_GONE, VAL_ID(c->id), VAL_ID(u->id), VAL_I(0));
    else
        CONV_ASK(d, a, c, answered, DB_MEMBER_STATE, VAL_ID(c->id), VAL_ID(u->id),
                 VAL_I(yes ? CONV_OPEN : CONV_IGNORED));
}

/* ---- search ---- */

/* a->a: who; a->b: how many were wanted. */
static void searched(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[FOUND_COLS];
    struct page p;
    struct found_view hits[CONV_PAGE_MAX];
    size_t bytes = 0;
    int64_t id = 0;
    bool more = false;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    page_init(&p, CONV_PAGE_MAX);
    while (!more && db_rows_next(&it, row, FOUND_COLS)) {
        bytes += row[5].s.n + 300;
        more = p.n == MIN_OF(a->b, CONV_PAGE_MAX) || (p.n > 0 && bytes > PAGE_BYTES);
        if (more)
            break;
        uint64_t conv = val_id(&row[1]);
        conv_message(&p.list[p.n], &p.rooms[p.n], conv, a->a, row + 2);
        hits[p.n] = (struct found_view){&p.list[p.n], conv};
        id = row[0].i;
        p.n++;
    }
    conv_reply_page(d, &a->who, RESULT_SEARCH, (struct object_list){hits, p.n}, more, id, 0);
    page_free(&p);
}

void message_search(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_page *q = &cmd->u.conv.page;
    int64_t before = INT64_MAX, unused;
    if (q->after.n && !cursor_get(q->after, &before, &unused)) {
        emit_bad(d, s, cmd->id, "before");
        return;
    }
    struct ask *a = ask_new(d, asker_of(cmd), searched, NULL, 0);
    a->a = s->user->id;
    a->b = (uint64_t)q->limit;
    ASK_DB(d, a, DB_SEARCH, VAL_ID(a->a), VAL_T(q->text), VAL_ID(q->conv), VAL_I(before),
           VAL_I(q->limit + 1));
}
