/* Signing in and out, and how often one may guess. */
#include "domain/account.h"

/* ---- attempts ---- */

static struct attempt attempt_of(const struct account_call *c)
{
    return (struct attempt){c->visit.addr_key, account_name(c), true};
}

bool account_try(struct domain *d, struct ask *a, bool signed_in)
{
    struct account_call *c = account_call(a);
    struct attempt who = attempt_of(c);
    attempts_boot(d);
    int64_t wait = attempts_wait(&d->attempts, d->now, &who, true);
    if (wait > 0) {
        reply_retry(d, &a->who, CODE_RATE, wait);
        return false;
    }
    c->wait_ms = signed_in ? 0 : attempts_wait(&d->attempts, d->now, &who, false);
    attempts_begin(&d->attempts, d->now, &who);
    return true;
}

bool account_try_known(struct domain *d, struct ask *a, bool known)
{
    struct account_call *c = account_call(a);
    c->known = known;
    if (known || c->wait_ms == 0)
        return true;
    account_try_undo(d, a);
    reply_retry(d, &a->who, CODE_RATE, c->wait_ms);
    return false;
}

void account_try_good(struct domain *d, struct ask *a)
{
    struct attempt who = attempt_of(account_call(a));
    attempts_good(&d->attempts, &who);
}

void account_try_undo(struct domain *d, struct ask *a)
{
    struct attempt who = attempt_of(account_call(a));
    attempts_undo(&d->attempts, &who);
}

/* ---- signing in ---- */

static void sign_in_added(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK)
        account_signed_in(d, a);
    else
        reply_refused(d, &a->who, answer->db->status,
                      CODE_SIGN_IN_WRONG); /* it was changed a moment ago */
}

static void sign_in_verified(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    const struct password_answer *p = answer->password;
    memzero(c->password, sizeof c->password);
    if (p->outcome == PASSWORD_BUSY) {
        account_try_undo(d, a);
        reply_retry(d, &a->who, CODE_BUSY, 1000);
        return;
    }
    if (p->outcome != PASSWORD_OK || c->user == 0) {
        reply_error(d, &a->who, CODE_SIGN_IN_WRONG);
        return;
    }
    account_try_good(d, a);
    account_fresh(d, &c->fresh);
    a->then = sign_in_added;
    ASK_DB(d, a, DB_SIGN_IN, FRESH_TOKEN(c), VAL_ID(c->user), VAL_I(d->steady), FRESH_VISIT(d, c),
           VAL_T(account_hash(c)), VAL_T_OR_NULL(p->hash));
}

static void sign_in_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    struct val row[4];
    if (answer->db->status != DB_OK) {
        account_try_undo(d, a);
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    bool found = db_row(answer->db, row, 4);
    if (!account_try_known(d, a, row[3].i != 0))
        return;
    bool good = found && row[1].i == 0;
    c->user = good ? val_id(&row[0]) : 0;
    c->hash_n = MIN_OF(row[2].s.n, sizeof c->hash);
    if (c->hash_n)
        memcpy(c->hash, row[2].s.p, c->hash_n);
    a->then = sign_in_verified;
    /* Nobody of that name costs as much, and so does who may not come in. */
    struct password_job job = {
        .kind = c->hash_n ? PASSWORD_VERIFY : PASSWORD_NOBODY,
        .password = account_password(c),
        .hash = account_hash(c),
        .renew = c->hash_n > 0,
    };
    account_hash_it(d, a, &job);
}

struct ask *account_guess(struct domain *d, const struct cmd *cmd, ask_then *then, struct str name,
                          struct str password, bool min)
{
    if (!account_rate(d, cmd, CMD_SIGN_IN))
        return NULL;
    struct ask *a = account_ask(d, cmd, then);
    struct account_call *c = account_call(a);
    if (!username_key(name, c->name.key, &c->name.key_n))
        c->name.key_n = 0;
    if (account_take_password(d, a, password, min) && account_try(d, a, false))
        return a;
    ask_free(a);
    return NULL;
}

void account_sign_in(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_sign_in *in = &cmd->u.account.sign_in;
    struct ask *a = account_guess(d, cmd, sign_in_found, in->name, in->password, false);
    (void)s;
    if (!a)
        return;
    struct account_call *c = account_call(a);
    ASK_DB(d, a, DB_SIGN_IN_FIND, VAL_T(account_name(c)),
           VAL_T(str_of(c->visit.net, c->visit.net_n)));
}

/* ---- signing out ---- */

static void signed_out(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    static const struct cookie_change clear = {.op = COOKIE_CLEAR};
    struct val row[2];
    if (answer->db->status != DB_OK && answer->db->status != DB_REFUSED) {
        reply_db(d, &a->who, answer->db->status); /* it may still be good: keep it */
        return;
    }
    if (db_row(answer->db, row, 2)) {
        struct user *u = user_find(d, val_id(&row[1]));
        if (u)
            user_end_sessions(d, u, val_id(&row[0]), 0);
    }
    reply_cookie(d, &a->who, &(struct event){.type = RESULT_EMPTY}, &clear);
}

void account_sign_out(struct domain *d, struct session *s, const struct cmd *cmd)
{
    static const struct cookie_change clear = {.op = COOKIE_CLEAR};
    struct asker who = asker_of(cmd);
    uint8_t hash[SHA256_SIZE];
    (void)s;
    if (cmd->cookie.n != SECRET_LEN) {
        reply_cookie(d, &who, &(struct event){.type = RESULT_EMPTY}, &clear);
        return;
    }
    sha256(cmd->cookie.p, cmd->cookie.n, hash);
    struct ask *a = account_ask(d, cmd, signed_out);
    ASK_DB(d, a, DB_WEB_SESSION_END, VAL_B(hash, sizeof hash));
}

/* ---- who am I ---- */

static void me_read(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct val row[ACCOUNT_ME_COLS];
    struct me_view me;
    struct user_settings settings;
    struct policy_view policy;
    struct cookie_change cookie = {.op = COOKIE_SET, .max_age_s = d->cfg.sign_in_ms / 1000};
    if (!db_row(answer->db, row, ACCOUNT_ME_COLS)) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    account_me(row, &me, &settings);
    memcpy(cookie.token, c->fresh.token, sizeof cookie.token); /* the same, for longer */
    struct event e = {.type = RESULT_ME, .u.account.me = {&me, account_policy(d, &policy)}};
    reply_cookie(d, &a->who, &e, &cookie);
    memzero(&cookie, sizeof cookie);
}

static void me_used(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    static const struct cookie_change clear = {.op = COOKIE_CLEAR};
    struct policy_view policy;
    struct val row[2];
    if (db_row(answer->db, row, 2)) {
        a->then = me_read;
        ASK_DB(d, a, DB_USER_ME, row[1]);
    } else if (answer->db->status == DB_REFUSED) {
        struct event e = {.type = RESULT_ME, .u.account.me.policy = account_policy(d, &policy)};
        reply_cookie(d, &a->who, &e, &clear);
    } else {
        reply_db(d, &a->who, answer->db->status);
    }
}

void account_me_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    struct policy_view policy;
    (void)s;
    if (cmd->cookie.n != SECRET_LEN) {
        reply(
            d, &who,
            &(struct event){.type = RESULT_ME, .u.account.me.policy = account_policy(d, &policy)});
        return;
    }
    struct ask *a = account_ask(d, cmd, me_used);
    struct fresh *f = &account_call(a)->fresh;
    memcpy(f->token, cmd->cookie.p, sizeof f->token);
    sha256(f->token, sizeof f->token, f->hash);
    account_use_session(d, a, f->hash, cmd->addr);
}
