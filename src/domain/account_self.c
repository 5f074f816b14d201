/* What people change about their own account. */
#include "domain/account.h"
#include "domain/upload.h"

#include "base/buf.h"
#include "domain/conv.h"
#include "domain/search_key.h"

/* ---- names and settings ---- */

static void set_read(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[ACCOUNT_ME_COLS];
    struct me_view me;
    struct user_settings settings;
    if (!db_row(answer->db, row, ACCOUNT_ME_COLS)) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    account_me(row, &me, &settings);
    struct event e = {.type = RESULT_ME, .u.account.me.user = &me};
    struct session *s = session_find(d, a->who.session);
    reply(d, &a->who, &e);
    e.type = EVENT_ME;
    if (s && s->user)
        user_tell(d, s->user, &e, s);
}

static void set_stored(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct user *u = user_find(d, c->user);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (u && answer->db->proc == DB_USER_SET_DISPLAY) {
        user_set_display(u, str_of(c->display, c->display_n));
        LIST_FOREACH_SAFE(l, &u->sessions) {
            session_take_display(d, container_of(l, struct session, of_user));
        }
        presence_user_changed(d, u);
    }
    a->then = set_read;
    ASK_DB(d, a, DB_USER_ME, VAL_ID(c->user));
}

static uint32_t settings_with(uint32_t bits, const struct user_settings *s)
{
    const struct {
        enum tri want;
        uint32_t bit;
    } each[] = {
        {s->last_seen, USER_LAST_SEEN}, {s->read_marks, USER_READ_MARKS},
        {s->push, USER_PUSH},           {s->early_address, USER_EARLY_ADDRESS},
        {s->strangers, USER_STRANGERS},
    };
    for (size_t i = 0; i < ARRAY_LEN(each); i++) {
        if (each[i].want == TRI_YES)
            bits |= each[i].bit;
        else if (each[i].want == TRI_NO)
            bits &= ~each[i].bit;
    }
    return bits;
}

void account_set(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_account_set *set = &cmd->u.account.set;
    struct ask *a = account_ask(d, cmd, set_stored);
    struct account_call *c = account_call(a);
    struct user *u = s->user;
    c->user = u->id;
    if (set->settings) { /* believed at once: two changes one after the other add up */
        u->settings = settings_with(u->settings, set->settings);
        if (set->display.n)
            ASK_AND_FORGET(d, DB_USER_SET_SETTINGS, VAL_ID(u->id), VAL_I(u->settings));
    }
    if (set->display.n == 0) {
        ASK_DB(d, a, DB_USER_SET_SETTINGS, VAL_ID(u->id), VAL_I(u->settings));
        return;
    }
    if (names_clean(set->display, d->cfg.name_max, c->display, &c->display_n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_NAME);
        ask_free(a);
        return;
    }
    struct buf words;
    buf_init(&words, SEARCH_KEY_MAX + 1);
    search_key(&words, user_name(u), str_of(c->display, c->display_n));
    ASK_DB(d, a, DB_USER_SET_DISPLAY, VAL_ID(u->id), VAL_T(str_of(c->display, c->display_n)),
           VAL_T(buf_str(&words)));
    buf_free(&words);
}

/* ---- what wants the password again, or a passkey ---- */

/* The session that asked, if it is still that person's. */
static struct session *asker_session(struct domain *d, struct ask *a)
{
    struct session *s = session_find(d, a->who.session);
    return s && s->user && s->user->id == account_call(a)->user ? s : NULL;
}

static void changed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct user *u = user_find(d, c->user);
    struct str codes[RECOVERY_CODES];
    struct event e = {.type = RESULT_RECOVERY};
    struct val before;
    if (answer->db->status == DB_REFUSED) {
        reply_error(d, &a->who,
                    c->what == CMD_ACCOUNT_DELETE ? CODE_LAST_ADMIN : CODE_SIGN_IN_WRONG);
        return;
    }
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (c->what == CMD_ACCOUNT_RECOVERY) {
        e.u.account.recovery = account_codes(c, codes);
        reply(d, &a->who, &e);
        account_tell(d, c->user);
        return;
    }
    reply_ok(d, &a->who);
    if (c->what == CMD_ACCOUNT_DELETE)
        avatar_remove_files(d, c->user, db_row(answer->db, &before, 1) ? before.i : 0);
    if (u && c->what == CMD_ACCOUNT_PASSWORD)
        user_end_sessions(d, u, 0, c->keep);
    else if (u)
        user_gone(d, u);
}

static void confirm_hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    char old[PASSWORD_HASH_MAX];
    size_t old_n = c->hash_n;
    memcpy(old, c->hash, old_n);
    if (!account_hashed(d, a, answer->password) || !asker_session(d, a))
        return;
    a->then = changed;
    ASK_DB(d, a, DB_PASSWORD_CHANGE, VAL_ID(c->user), VAL_T(str_of(old, old_n)),
           VAL_T(account_hash(c)), VAL_ID(c->keep), VAL_I(d->steady));
}

static void confirm_go_on(struct domain *d, struct ask *a, struct session *s)
{
    struct account_call *c = account_call(a);
    uint8_t codes[RECOVERY_CODES * SHA256_SIZE];
    switch (c->what) {
    case CMD_ACCOUNT_PASSWORD:
        a->then = confirm_hashed;
        account_new_password(d, a, user_name(s->user), user_display(s->user));
        break;
    case CMD_ACCOUNT_RECOVERY:
        account_make_codes(d, c, codes);
        a->then = changed;
        ASK_DB(d, a, DB_RECOVERY_SET, VAL_ID(c->user), VAL_B(codes, sizeof codes), VAL_ID(c->keep),
               VAL_I(d->steady));
        break;
    case CMD_CONFIRM: reply_ok(d, &a->who); break;
    default: a->then = changed; ASK_DB(d, a, DB_USER_DELETE, VAL_ID(c->user));
    }
}

static void confirm_verified(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct session *s = asker_session(d, a);
    if (answer->password->outcome == PASSWORD_BUSY) {
        account_try_undo(d, a);
        reply_retry(d, &a->who, CODE_BUSY, 1000);
    } else if (answer->password->outcome != PASSWORD_OK) {
        reply_error(d, &a->who, CODE_SIGN_IN_WRONG);
    } else {
        account_try_good(d, a);
        confirm_mark(d, c->keep, false);
        if (s)
            confirm_go_on(d, a, s);
    }
}

/* The old password lies behind the call; a->a is its length, 0: a passkey was used a moment ago. */
static void confirm_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct account_call *c = account_call(a);
    struct session *s = asker_session(d, a);
    struct val row[1];
    if (!db_row(answer->db, row, 1)) {
        if (a->a)
            account_try_undo(d, a);
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    c->hash_n = MIN_OF(row[0].s.n, sizeof c->hash);
    if (c->hash_n)
        memcpy(c->hash, row[0].s.p, c->hash_n);
    if (!a->a) {
        if (s)
            confirm_go_on(d, a, s);
        return;
    }
    a->then = confirm_verified;
    struct str old = str_of(a->data + sizeof *c, (size_t)a->a);
    struct password_job job = {
        .kind = c->hash_n ? PASSWORD_VERIFY : PASSWORD_NOBODY,
        .password = old,
        .hash = account_hash(c),
    };
    account_hash_it(d, a, &job);
}

/* Keeps the password that was said; without one, a passkey must have been used. Otherwise it is answered. */
static bool confirm_says(struct domain *d, struct ask *a, struct session *s, const struct cmd *cmd)
{
    const struct str old = cmd->u.account.password.old;
    a->a = account_password_bytes(old, a->data + sizeof(struct account_call));
    if (a->a > 0)
        return true;
    if (old.n > 0 || cmd->type == CMD_CONFIRM)
        emit_bad(d, s, cmd->id, cmd->type == CMD_ACCOUNT_PASSWORD ? "old" : "password");
    else if (confirm_by_passkey(d, s->web_key))
        return true;
    else
        emit_error(d, s, cmd->id, CODE_CONFIRM_REQUIRED);
    return false;
}

void account_confirm(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_account_password *p = &cmd->u.account.password;
    struct ask *a = ask_new(d, asker_of(cmd), confirm_found, NULL,
                            sizeof(struct account_call) + ACCOUNT_PASSWORD_BYTES);
    struct account_call *c = account_call(a);
    c->what = cmd->type;
    c->user = s->user->id;
    c->keep = s->web_key;
    c->left = -1;
    c->known = true;
    c->visit.addr_key = s->addr_key;
    if (!username_key(user_name(s->user), c->name.key, &c->name.key_n))
        c->name.key_n = 0;
    if (!confirm_says(d, a, s, cmd) ||
        (cmd->type == CMD_ACCOUNT_PASSWORD && !account_take_password(d, a, p->password, true)) ||
        (a->a && !account_try(d, a, true))) {
        ask_free(a);
        return;
    }
    ASK_DB(d, a, DB_PASSWORD_GET, VAL_ID(c->user));
}

/* ---- one's sign-ins ---- */

struct str account_device(struct str agent, char out[64])
{
    /* In this order: most browsers also say that they are others. */
    static const char *const browsers[][2] = {
        {"Edg", "Edge"},      {"OPR/", "Opera"},      {"SamsungBrowser", "Samsung Internet"},
        {"Whale/", "Whale"},  {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
        {"CriOS", "Chrome"},  {"Chrome", "Chrome"},   {"Safari", "Safari"},
        {"madang", "madang"},
    };
    static const char *const systems[][2] = {
        {"Android", "Android"}, {"iPhone", "iPhone"},   {"iPad", "iPad"},   {"Windows", "Windows"},
        {"CrOS", "ChromeOS"},   {"Macintosh", "macOS"}, {"Linux", "Linux"},
    };
    const char *browser = NULL, *system = NULL;
    struct buf b;
    for (size_t i = 0; !browser && i < ARRAY_LEN(browsers); i++)
        if (str_find(agent, str_from(browsers[i][0])) != STR_NPOS)
            browser = browsers[i][1];
    for (size_t i = 0; !system && i < ARRAY_LEN(systems); i++)
        if (str_find(agent, str_from(systems[i][0])) != STR_NPOS)
            system = systems[i][1];
    buf_init_fixed(&b, out, 64);
    if (browser)
        buf_puts(&b, browser);
    if (browser && system)
        buf_puts(&b, " on ");
    if (system)
        buf_puts(&b, system);
    if (!browser && !system) /* a program: what it calls itself, up to its version */
        buf_put_str(&b, str_head(agent, MIN_OF(str_chr(agent, '/'), (size_t)60)));
    return buf_str(&b);
}

static void sessions_listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct sign_in_view list[100];
    char devices[100][64];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[5];
    struct session *s = session_find(d, a->who.session);
    size_t n = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (n < ARRAY_LEN(list) && db_rows_next(&it, row, 5)) {
        list[n] = (struct sign_in_view){
            .key = val_id(&row[0]),
            .created_ms = row[1].i,
            .used_ms = row[2].i,
            .address = row[3].s,
            .device = account_device(row[4].s, devices[n]),
            .this_one = s && s->web_key == val_id(&row[0]),
        };
        n++;
    }
    reply(d, &a->who,
          &(struct event){.type = RESULT_ACCOUNT_SESSIONS, .u.account.list = {list, n}});
}

void account_sessions(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), sessions_listed, NULL, 0), DB_WEB_SESSIONS,
           VAL_ID(s->user->id), VAL_I(d->steady));
}

static void ended(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct user *u = user_find(d, c->user);
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status, CODE_UNKNOWN);
    } else {
        reply_ok(d, &a->who);
        if (u)
            user_end_sessions(d, u, a->a, c->keep);
    }
}

void account_end(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_account_end *end = &cmd->u.account.end;
    struct ask *a = account_ask(d, cmd, ended);
    struct account_call *c = account_call(a);
    c->user = s->user->id;
    if (end->all || end->others) {
        c->keep = end->all ? 0 : s->web_key;
        ASK_DB(d, a, DB_WEB_SESSIONS_END, VAL_ID(c->user), VAL_ID(c->keep));
    } else {
        a->a = end->key;
        ASK_DB(d, a, DB_WEB_SESSION_END_KEY, VAL_ID(c->user), VAL_ID(end->key));
    }
}
