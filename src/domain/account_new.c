/* Ways to an account without a password that was there before: registering, recovery codes, links. */
#include "domain/account.h"

#include "base/buf.h"
#include "domain/search_key.h"

/* ---- registering ---- */

static void refuse_name(struct domain *d, const struct asker *who, enum username_verdict v)
{
    static const char *const reasons[] = {[USERNAME_SHORT] = "short",
                                          [USERNAME_LONG] = "long",
                                          [USERNAME_BAD] = "character",
                                          [USERNAME_MIXED] = "mixed"};
    reply_wire_error(
        d, who, &(struct wire_error){.code = CODE_BAD_NAME, .field = "name", .reason = reasons[v]});
}

static void registered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    switch (answer->db->status) {
    case DB_OK: account_signed_in(d, a); break;
    case DB_CONFLICT: reply_error(d, &a->who, CODE_NAME_TAKEN); break;
    case DB_REFUSED: reply_error(d, &a->who, CODE_BAD_INVITE); break;
    default: reply_db(d, &a->who, answer->db->status);
    }
}

static void register_hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    uint8_t codes[RECOVERY_CODES * SHA256_SIZE];
    struct buf words;
    if (!account_hashed(d, a, answer->password))
        return;
    struct str name = str_of(c->name.name, c->name.name_n),
               display = str_of(c->display, c->display_n);
    buf_init(&words, SEARCH_KEY_MAX + 1);
    search_key(&words, name, display);
    account_make_codes(d, c, codes);
    account_fresh(d, &c->fresh);
    c->user = account_id(d);
    const struct val args[] = {
        VAL_ID(c->user),
        VAL_T(name),
        VAL_T(account_name(c)),
        VAL_T(str_of(c->name.look, c->name.look_n)),
        VAL_T(display),
        VAL_I(c->role),
        VAL_T(account_hash(c)),
        VAL_I(USER_SETTINGS_DEFAULT),
        VAL_T(str_of(c->lang, c->lang_n)),
        VAL_I(d->steady),
        VAL_T(buf_str(&words)),
        VAL_B(codes, sizeof codes),
        FRESH_TOKEN(c),
        FRESH_VISIT(d, c),
        VAL_B(c->code, sizeof c->code),
    };
    a->then = registered;
    if (c->linked)
        ask_db(d, a, DB_USER_REGISTER_INVITED, args, ARRAY_LEN(args));
    else
        ask_db(d, a, DB_USER_REGISTER, args, ARRAY_LEN(args) - 1);
    buf_free(&words);
}

/* What speaks against a link (a row of NAME_CHECK), or CODE_NONE. A closed server takes whom the operator
 * let in. */
static enum errcode link_refusal(const struct domain *d, const struct val *kind,
                                 const struct val *maker)
{
    if (kind->kind == VAL_NULL || (kind->i != INVITE_USER && kind->i != INVITE_ADMIN))
        return CODE_BAD_INVITE;
    if (d->cfg.registration == REGISTRATION_CLOSED && maker->kind != VAL_NULL)
        return CODE_REGISTRATION_CLOSED;
    return CODE_NONE;
}

static void register_checked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    struct val row[4];
    enum errcode refusal = CODE_NONE;
    if (!db_row(answer->db, row, 4)) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (c->linked)
        refusal = link_refusal(d, &row[2], &row[3]);
    if (!refusal)
        refusal = row[0].i ? CODE_NAME_TAKEN : row[1].i ? CODE_NAME_CONFUSABLE : CODE_NONE;
    if (refusal) {
        reply_error(d, &a->who, refusal);
        return;
    }
    c->role = c->linked && row[2].i == INVITE_ADMIN ? USER_ADMIN : USER_MEMBER;
    a->then = register_hashed;
    account_new_password(d, a, str_of(c->name.name, c->name.name_n),
                         str_of(c->display, c->display_n));
}

/* Fills the call from what was said; false: refused and answered. */
static bool register_take(struct domain *d, struct ask *a, const struct cmd_register *r)
{
    struct account_call *c = account_call(a);
    enum username_verdict v = username_make(r->name, &c->name);
    if (v != USERNAME_OK) {
        refuse_name(d, &a->who, v);
        return false;
    }
    switch (names_clean(r->display, d->cfg.name_max, c->display, &c->display_n)) {
    case NAMES_OK: break;
    case NAMES_EMPTY:
        c->display_n = c->name.name_n;
        memcpy(c->display, c->name.name, c->name.name_n);
        break;
    default:
        reply_wire_error(d, &a->who,
                         &(struct wire_error){.code = CODE_BAD_NAME, .field = "display"});
        return false;
    }
    c->linked = r->invite.n > 0;
    if (c->linked && !account_code(r->invite, INVITE_LEN, c->code)) {
        reply_error(d, &a->who, CODE_BAD_INVITE);
        return false;
    }
    if (str_eq(r->lang, STR("ko")) || str_eq(r->lang, STR("en"))) {
        memcpy(c->lang, r->lang.p, 2);
        c->lang_n = 2;
    }
    return account_take_password(d, a, r->password, true);
}

void account_register(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_register *r = &cmd->u.account.reg;
    struct asker who = asker_of(cmd);
    (void)s;
    if (d->cfg.registration != REGISTRATION_OPEN && r->invite.n == 0) {
        reply_error(d, &who, CODE_REGISTRATION_CLOSED);
        return;
    }
    if (!account_rate(d, cmd, CMD_REGISTER))
        return;
    struct ask *a = account_ask(d, cmd, register_checked);
    struct account_call *c = account_call(a);
    if (!register_take(d, a, r)) {
        ask_free(a);
        return;
    }
    ASK_DB(d, a, DB_NAME_CHECK, VAL_T(account_name(c)), VAL_T(str_of(c->name.look, c->name.look_n)),
           VAL_B(c->code, sizeof c->code), VAL_I(d->steady));
}

/* ---- recovery codes ---- */

/* A new password by code or link: all that was signed in ends. */
static void renewed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    struct val row[1];
    if (answer->db->status == DB_REFUSED) {
        reply_error(d, &a->who, c->what == CMD_RESET ? CODE_BAD_INVITE : CODE_SIGN_IN_WRONG);
        return;
    }
    if (!db_row(answer->db, row, 1)) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (c->what == CMD_RESET)
        c->user = val_id(&row[0]);
    else
        c->left = row[0].i;
    struct user *u = user_find(d, c->user);
    if (u)
        user_end_sessions(d, u, 0, 0);
    account_signed_in(d, a);
}

static void recover_hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    if (c->user == 0) {
        if (answer->password->outcome == PASSWORD_BUSY) {
            account_try_undo(d, a);
            reply_retry(d, &a->who, CODE_BUSY, 1000);
        } else {
            reply_error(d, &a->who, CODE_SIGN_IN_WRONG);
        }
        return;
    }
    account_try_good(d, a);
    if (!account_hashed(d, a, answer->password))
        return;
    account_fresh(d, &c->fresh);
    a->then = renewed;
    ASK_DB(d, a, DB_RECOVERY_USE, VAL_ID(c->user), VAL_B(c->code, sizeof c->code), VAL_I(d->steady),
           VAL_T(account_hash(c)), FRESH_TOKEN(c), FRESH_VISIT(d, c));
}

static void recover_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    struct val row[4];
    if (answer->db->status != DB_OK) {
        account_try_undo(d, a);
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    bool found = db_row(answer->db, row, 4);
    if (!account_try_known(d, a, row[2].i != 0))
        return;
    c->user = found && row[1].i == 0 && row[3].i ? val_id(&row[0]) : 0;
    a->then = recover_hashed;
    struct password_job nobody = {.kind = PASSWORD_NOBODY, .password = account_password(c)};
    if (c->user)
        account_new_password(d, a, account_name(c), STR_NONE);
    else
        account_hash_it(d, a, &nobody);
}

void account_recover(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_recover *r = &cmd->u.account.recover;
    struct ask *a = account_guess(d, cmd, recover_found, r->name, r->password, true);
    (void)s;
    if (!a)
        return;
    struct account_call *c = account_call(a);
    /* What is no code is one that nobody has: the hash is zeros. */
    account_recovery_code(r->code, c->code);
    ASK_DB(d, a, DB_RECOVERY_FIND, VAL_T(account_name(c)),
           VAL_T(str_of(c->visit.net, c->visit.net_n)), VAL_B(c->code, sizeof c->code));
}

/* ---- links ---- */

static void reset_hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    if (!account_hashed(d, a, answer->password))
        return;
    account_fresh(d, &c->fresh);
    a->then = renewed;
    ASK_DB(d, a, DB_RESET_USE, VAL_B(c->code, sizeof c->code), VAL_I(d->steady),
           VAL_T(account_hash(c)), FRESH_TOKEN(c), FRESH_VISIT(d, c));
}

static void reset_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[5];
    if (db_row(answer->db, row, 5) && row[0].i == INVITE_RESET) {
        a->then = reset_hashed;
        account_new_password(d, a, row[2].s, row[4].s);
    } else if (answer->db->status == DB_OK) {
        reply_error(d, &a->who, CODE_BAD_INVITE);
    } else {
        reply_db(d, &a->who, answer->db->status);
    }
}

void account_reset(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_reset *r = &cmd->u.account.reset;
    (void)s;
    if (!account_rate(d, cmd, CMD_SIGN_IN))
        return;
    struct ask *a = account_ask(d, cmd, reset_found);
    struct account_call *c = account_call(a);
    if (!account_code(r->link, INVITE_LEN, c->code)) {
        reply_error(d, &a->who, CODE_BAD_INVITE);
        ask_free(a);
    } else if (!account_take_password(d, a, r->password, true)) {
        ask_free(a);
    } else {
        ASK_DB(d, a, DB_INVITE_GET, VAL_B(c->code, sizeof c->code), VAL_I(d->steady));
    }
}

static void invite_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[5];
    if (!db_row(answer->db, row, 5) || row[0].i < 0 || row[0].i >= INVITE_KINDS) {
        if (answer->db->status == DB_OK)
            reply_error(d, &a->who, CODE_BAD_INVITE);
        else
            reply_db(d, &a->who, answer->db->status);
        return;
    }
    reply(d, &a->who,
          &(struct event){.type = RESULT_INVITE,
                          .u.account.invite = {(enum invite_kind)row[0].i, row[1].s, row[2].s}});
}

void account_invite(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    uint8_t hash[SHA256_SIZE];
    (void)s;
    if (!account_rate(d, cmd, CMD_INVITE))
        return;
    if (!account_code(cmd->u.account.invite.invite, INVITE_LEN, hash)) {
        reply_error(d, &who, CODE_BAD_INVITE);
        return;
    }
    ASK_DB(d, ask_new(d, who, invite_found, NULL, 0), DB_INVITE_GET, VAL_B(hash, sizeof hash),
           VAL_I(d->steady));
}
