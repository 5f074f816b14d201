/* Rooms that stay as who is not in them sees them: the list of public ones, and what one would come into. */
#include "domain/conv.h"

enum { PUBLIC_COLS = 6 };

void room_public(const struct domain *d, struct room_public_view *v, const struct val *row)
{
    const struct room *r = room_find(d, val_id(&row[0]));
    *v = (struct room_public_view){
        .conv = val_id(&row[0]),
        .title = row[1].s,
        .topic = row[2].s,
        .picture = row[3].i,
        .members = row[4].i,
        .password = row[5].i != 0,
        .live = r ? r->n_parts : 0,
    };
}

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct room_public_view list[CONV_PAGE_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[PUBLIC_COLS];
    size_t n = 0;
    int64_t last = 0;
    bool more = false;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (!more && db_rows_next(&it, row, PUBLIC_COLS)) {
        more = n == MIN_OF(a->b, CONV_PAGE_MAX);
        if (more)
            break;
        last = row[0].i;
        room_public(d, &list[n++], row);
    }
    conv_reply_page(d, &a->who, RESULT_ROOMS_PUBLIC, (struct object_list){list, n}, more, last, 0);
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

/* ---- one of them ---- */

static void looked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[PUBLIC_COLS];
    struct room_public_view room;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else if (!db_row(answer->db, row, PUBLIC_COLS)) {
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
    } else {
        room_public(d, &room, row);
        reply(d, &a->who, &(struct event){.type = RESULT_ROOM_LOOK, .u.conv.look = &room});
    }
}

/* a->a: who asks; 0: a guest. a->b: by a link that is good. */
static void look_loaded(struct domain *d, struct ask *a, struct conv *c, enum db_status status)
{
    const struct conv_member *m = c && a->a ? conv_member(c, a->a) : NULL;
    bool knows =
        c && ((c->flags & (CONV_PUBLIC | CONV_UNLISTED)) || a->b || (m && m->state != CONV_BANNED));
    if (status != DB_OK) {
        reply_db(d, &a->who, status);
    } else if (!knows || c->kind != CONV_ROOM) {
        reply_error(d, &a->who, CODE_CONV_UNKNOWN);
    } else {
        a->then = looked;
        ASK_DB(d, a, DB_ROOM_LOOK, VAL_ID(c->id));
    }
}

static void look_link(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[2];
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else if (!db_row(answer->db, row, 2)) {
        reply_error(d, &a->who, CODE_BAD_INVITE);
    } else {
        a->b = true;
        conv_with(d, val_id(&row[0]), a, look_loaded);
    }
}

void room_look(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_room_join *q = &cmd->u.conv.join;
    struct ask *a = ask_new(d, asker_of(cmd), look_link, NULL, 0);
    uint8_t hash[SHA256_SIZE];
    a->a = s->user ? s->user->id : 0;
    if (q->link.n == 0) {
        conv_with(d, q->conv, a, look_loaded);
        return;
    }
    sha256(q->link.p, q->link.n, hash);
    ASK_DB(d, a, DB_LINK_GET, VAL_B(hash, sizeof hash), VAL_I(d->steady), VAL_ID(a->a));
}
