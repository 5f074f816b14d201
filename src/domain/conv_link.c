/* Links that lead into a room that stays: made with so many uses and an end, listed, ended. */
#include "domain/conv.h"

#include "base/code.h"

enum { LINK_COLS = 5, LINKS_MAX = 100 };

/* ---- making one ---- */

/* The code lies in call->text. */
static void made(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct conv_call *call = conv_call(a);
    char path[8 + B64URL_SIZE(CONV_LINK_BYTES)];
    struct event e = {.type = RESULT_ROOM_LINK};
    conv_back(d, a);
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status,
                      CODE_NOT_ALLOWED); /* the room has as many as may be */
        return;
    }
    size_t n = b64url_encode(path + 3, sizeof path - 3, call->text, CONV_LINK_BYTES);
    memcpy(path, "/g/", 3);
    e.u.conv.link.code = str_of(path + 3, n);
    e.u.conv.link.path = str_of(path, n + 3);
    e.u.conv.link.expires_ms = call->seq;
    reply(d, &a->who, &e);
}

/* DB_LINKS_END, DB_LINK_END */
static void ended(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    conv_back(d, a);
    if (answer->db->status == DB_OK)
        reply_ok(d, &a->who);
    else
        reply_refused(d, &a->who, answer->db->status, CODE_UNKNOWN);
}

void room_link_make(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                    struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    uint8_t hash[SHA256_SIZE], code[CONV_LINK_BYTES];
    (void)m;
    if (call->n[0] == 0) {
        CONV_ASK(d, a, c, ended, DB_LINKS_END, VAL_ID(c->id));
        return;
    }
    /* An ask with room for the code. */
    struct ask *own = ask_new(d, a->who, NULL, NULL, sizeof *call + CONV_LINK_BYTES);
    struct conv_call *mine = conv_call(own);
    *mine = *call;
    rng_bytes(&d->rng, code, sizeof code);
    memcpy(mine->text, code, sizeof code);
    mine->seq = d->steady + call->n[1] * 1000;
    sha256(code, sizeof code, hash);
    CONV_ASK(d, own, c, made, DB_LINK_ADD, VAL_B(hash, sizeof hash), VAL_ID(conv_new_id(d)),
             VAL_ID(c->id), VAL_ID(u->id), VAL_I(call->n[0]), VAL_I(d->steady), VAL_I(mine->seq));
}

/* ---- the list, and the end of one ---- */

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct room_link_view list[LINKS_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[LINK_COLS];
    size_t n = 0;
    conv_back(d, a);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (n < LINKS_MAX && db_rows_next(&it, row, LINK_COLS))
        list[n++] =
            (struct room_link_view){val_id(&row[0]), row[1].i, row[2].i, row[3].i, row[4].s};
    struct event e = {.type = RESULT_ROOM_LINKS};
    e.u.conv.page.list = (struct object_list){list, n};
    reply(d, &a->who, &e);
}

void room_do_links(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                   struct conv_member *m)
{
    (void)u;
    (void)m;
    CONV_ASK(d, a, c, listed, DB_LINKS, VAL_ID(c->id), VAL_I(d->steady));
}

void room_do_link_end(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                      struct conv_member *m)
{
    (void)u;
    (void)m;
    CONV_ASK(d, a, c, ended, DB_LINK_END, VAL_ID(c->id), VAL_ID(conv_call(a)->other));
}
