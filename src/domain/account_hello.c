/* Whose a session is: hello takes its identity from the cookie. */
#include "domain/account.h"

/* What of hello is needed when the database has answered; texts lie behind it. */
struct waiting {
    struct cmd_join join;
    bool has_join;
};

static void go_on(struct domain *d, struct ask *a, struct session *s)
{
    struct waiting *w = (struct waiting *)(void *)a->data;
    if (w->has_join) {
        const char *texts = a->data + sizeof *w;
        w->join.password.p = texts;
        w->join.ticket.p = texts + w->join.password.n;
        join_request(d, s, a->who.id, &w->join, true);
    } else {
        session_hello_done(d, s, a->who.id, NULL, NULL);
    }
}

static void refuse(struct domain *d, struct ask *a, struct session *s)
{
    emit_error(d, s, a->who.id, CODE_SIGN_IN_REQUIRED);
    session_event(d, s, SEV_SIGNED_OUT, &(struct cmd){0});
}

static void counted(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct session *s = session_find(d, a->who.session);
    struct val row[ACCOUNT_ME_COLS];
    if (!s || !s->user)
        return;
    bool found = db_row(answer->db, row, answer->db->proc == DB_USER_ME ? ACCOUNT_ME_COLS : 3);
    if (answer->db->proc == DB_USER_ME) {
        if (found) {
            s->user->recovery_left = (uint32_t)row[11].i;
            s->user->passkeys = (uint32_t)row[12].i;
        }
        ASK_DB(d, a, DB_USER_BADGES, VAL_ID(s->user->id));
        return;
    }
    if (found)
        s->user->badges = (struct badges_view){row[0].i, row[1].i, row[2].i};
    go_on(d, a, s);
}

static void loaded(struct domain *d, struct ask *a, struct user *u, enum db_status status)
{
    struct session *s = session_find(d, a->who.session);
    if (!s)
        return;
    if (!u && status != DB_OK) {
        emit_retry(d, s, a->who.id, CODE_STORE_BUSY, 1000);
        session_event(d, s, SEV_OVERFLOW, &(struct cmd){0});
        return;
    }
    if (!u) { /* disabled a moment ago */
        refuse(d, a, s);
        return;
    }
    s->web_key = a->b;
    user_attach(d, u, s);
    session_take_display(d, s);
    user_check_sign_ins(d, u); /* it may have been ended while the person was read */
    a->then = counted;
    ASK_DB(d, a, DB_USER_ME, VAL_ID(u->id));
}

static void found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct session *s = session_find(d, a->who.session);
    bool program = answer->db->proc == DB_TOKEN_USE;
    struct val row[4];
    if (!s)
        return;
    if (db_row(answer->db, row, program ? 4 : 2)) {
        s->scopes = program ? (uint8_t)row[2].i : 0;
        if (program)
            token_watch(d, s, row[3].i);
        a->b = val_id(&row[0]);
        user_with(d, val_id(&row[1]), a, loaded);
    } else if (answer->db->status != DB_REFUSED) {
        /* It may be good: who is signed in does not become a guest because a disk is full. */
        emit_retry(d, s, a->who.id, CODE_STORE_BUSY, 1000);
        session_event(d, s, SEV_OVERFLOW, &(struct cmd){0});
    } else if (program || !d->cfg.guests) {
        refuse(d, a, s);
    } else {
        go_on(d, a, s);
    }
}

void account_hello(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_hello *h = &cmd->u.hello;
    struct asker who = {.session = s->id, .id = cmd->id};
    uint8_t hash[SHA256_SIZE];
    size_t texts = h->has_join ? h->join.password.n + h->join.ticket.n : 0;
    struct ask *a = ask_new(d, who, found, NULL, sizeof(struct waiting) + texts);
    struct waiting *w = (struct waiting *)(void *)a->data;
    w->has_join = h->has_join;
    w->join = h->join;
    if (h->has_join && h->join.password.n)
        memcpy(a->data + sizeof *w, h->join.password.p, h->join.password.n);
    if (h->has_join && h->join.ticket.n)
        memcpy(a->data + sizeof *w + h->join.password.n, h->join.ticket.p, h->join.ticket.n);
    if (h->api_token.n) {
        if (!str_starts(h->api_token, STR("mdt_")) ||
            !account_code(str_skip(h->api_token, 4), SECRET_LEN, hash))
            memset(hash, 0, sizeof hash); /* one that nobody has */
        ASK_DB(d, a, DB_TOKEN_USE, VAL_B(hash, sizeof hash), VAL_I(d->steady));
        return;
    }
    sha256(h->cookie.p, h->cookie.n, hash);
    account_use_session(d, a, hash, h->addr);
}
