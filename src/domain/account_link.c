/* Links that let people in, and tokens of programs. */
#include "domain/account.h"

#include "base/code.h"

/* The steady time may make a step meanwhile, of less than a day: what runs out is looked at so often. */
#define TOKENS_EVERY (3600 * INT64_C(1000000))
#define DAY_MS       INT64_C(86400000)

/* Done, unknown (there was nothing to do), or the store's trouble. */
static void done(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK)
        reply_ok(d, &a->who);
    else
        reply_refused(d, &a->who, answer->db->status, CODE_UNKNOWN);
}

/* ---- links ---- */

static void invite_made(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    char path[8 + B64URL_SIZE(INVITE_LEN)] = "/i/";
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status,
                      CODE_NOT_ALLOWED); /* they have as many as may be */
        return;
    }
    size_t n = b64url_encode(path + 3, sizeof path - 3, a->data, INVITE_LEN);
    reply(d, &a->who,
          &(struct event){.type = RESULT_INVITE_MADE,
                          .u.account.invite_made = {
                              .code = str_of(path + 3, n),
                              .path = str_of(path, n + 3),
                              .expires_ms = (int64_t)a->a,
                          }});
}

void invite_make(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_invite_make *m = &cmd->u.account.invite_make;
    uint8_t code[INVITE_LEN], hash[SHA256_SIZE];
    bool admin = s->user->role > 0;
    if (!admin && (!d->cfg.user_invites || d->cfg.registration == REGISTRATION_CLOSED)) {
        emit_error(d, s, cmd->id, CODE_NOT_ALLOWED);
        return;
    }
    rng_bytes(&d->rng, code, sizeof code);
    sha256(code, sizeof code, hash);
    struct ask *a = ask_new(d, asker_of(cmd), invite_made, code, sizeof code);
    a->a = (uint64_t)(d->steady + m->ttl_s * 1000);
    ASK_DB(d, a, DB_INVITE_ADD, VAL_B(hash, sizeof hash), VAL_ID(account_id(d)),
           VAL_ID(s->user->id), VAL_I(INVITE_USER), VAL_NONE, VAL_I(m->uses), VAL_I(d->steady),
           VAL_I((int64_t)a->a));
    memzero(code, sizeof code);
}

static void invites_listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct invite_view list[200];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[4];
    size_t n = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (n < ARRAY_LEN(list) && db_rows_next(&it, row, 4))
        list[n++] = (struct invite_view){
            .key = val_id(&row[0]),
            .uses_left = row[1].i,
            .expires_ms = row[2].i,
            .kind = row[3].i > 0 && row[3].i < INVITE_KINDS ? (enum invite_kind)row[3].i
                                                            : INVITE_USER,
        };
    reply(d, &a->who, &(struct event){.type = RESULT_INVITES, .u.account.list = {list, n}});
}

void invite_list(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), invites_listed, NULL, 0), DB_INVITES, VAL_ID(s->user->id),
           VAL_I(d->steady));
}

void invite_end(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), done, NULL, 0), DB_INVITE_END,
           VAL_ID(cmd->u.account.key.key), VAL_ID(s->user->id));
}

/* ---- tokens of programs ---- */

static const struct {
    struct str name;
    unsigned bit;
} scopes[] = {
    {STR_INIT("messages"), SCOPE_MESSAGES},
    {STR_INIT("calls"), SCOPE_CALLS},
    {STR_INIT("directory"), SCOPE_DIRECTORY},
};

/* 0: one of them is no scope, or there is none. */
static unsigned scopes_read(const struct str_list *list)
{
    unsigned bits = 0;
    for (size_t i = 0; i < list->n; i++) {
        unsigned bit = 0;
        for (size_t k = 0; k < ARRAY_LEN(scopes); k++)
            if (str_eq(list->p[i], scopes[k].name))
                bit = scopes[k].bit;
        if (!bit)
            return 0;
        bits |= bit;
    }
    return bits;
}

static void token_made(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    char text[8 + B64URL_SIZE(SECRET_LEN)] = "mdt_";
    if (answer->db->status != DB_OK) {
        reply_refused(d, &a->who, answer->db->status,
                      CODE_NOT_ALLOWED); /* they have as many as may be, or have signed out */
        return;
    }
    size_t n = b64url_encode(text + 4, sizeof text - 4, a->data, SECRET_LEN);
    reply(d, &a->who,
          &(struct event){.type = RESULT_TOKEN, .u.account.token = str_of(text, n + 4)});
    memzero(text, sizeof text);
}

void token_make(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_token_make *m = &cmd->u.account.token;
    char name[NAMES_BYTES_MAX];
    size_t name_n;
    struct fresh f;
    unsigned bits = scopes_read(&m->scopes);
    if (!bits) {
        emit_bad(d, s, cmd->id, "scopes");
        return;
    }
    if (names_clean(m->name, d->cfg.name_max, name, &name_n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_NAME);
        return;
    }
    if (!confirm_recent(d, s, cmd->id))
        return;
    account_fresh(d, &f);
    struct ask *a = ask_new(d, asker_of(cmd), token_made, f.token, sizeof f.token);
    ASK_DB(d, a, DB_TOKEN_ADD, VAL_B(f.hash, sizeof f.hash), VAL_ID(f.key), VAL_ID(s->user->id),
           VAL_T(str_of(name, name_n)), VAL_I(bits), VAL_I(d->steady),
           m->ttl_s ? VAL_I(d->steady + m->ttl_s * 1000) : VAL_NONE, VAL_ID(s->web_key));
    memzero(&f, sizeof f);
}

static void tokens_listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct key_view list[200];
    struct str words[200][ARRAY_LEN(scopes)];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[6];
    size_t n = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    for (; n < ARRAY_LEN(list) && db_rows_next(&it, row, 6); n++) {
        size_t k = 0;
        for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
            if (row[2].i & scopes[i].bit)
                words[n][k++] = scopes[i].name;
        list[n] = (struct key_view){
            .key = val_id(&row[0]),
            .name = row[1].s,
            .scopes = {words[n], k},
            .created_ms = row[3].i,
            .used_ms = row[4].i,
            .expires_ms = row[5].i,
        };
    }
    reply(d, &a->who, &(struct event){.type = RESULT_TOKENS, .u.account.list = {list, n}});
}

void token_list(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), tokens_listed, NULL, 0), DB_TOKENS, VAL_ID(s->user->id),
           VAL_I(d->steady));
}

static void token_ended(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct user *u = user_find(d, a->b);
    done(d, a, answer);
    if (answer->db->status == DB_OK && u)
        user_end_sessions(d, u, a->a, 0);
}

void token_end(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct ask *a = ask_new(d, asker_of(cmd), token_ended, NULL, 0);
    a->a = cmd->u.account.key.key;
    a->b = s->user->id;
    ASK_DB(d, a, DB_TOKEN_END, VAL_ID(a->b), VAL_ID(a->a));
}

/* ---- sessions end with their token ---- */

void token_watch(struct domain *d, struct session *s, int64_t until_ms)
{
    s->token_until = until_ms;
    if (!until_ms)
        return;
    int64_t in = MAX_OF(until_ms - d->steady, 0);
    int64_t at = d->now + MIN_OF(in, TOKENS_EVERY / 1000) * 1000;
    if (!d->tokens_at || at < d->tokens_at)
        d->tokens_at = at;
}

int64_t token_deadline(const struct domain *d)
{
    return d->tokens_at ? d->tokens_at : INT64_MAX;
}

void token_tick(struct domain *d)
{
    if (token_deadline(d) > d->now)
        return;
    d->tokens_at = 0;
    HMAP_FOREACH_SAFE(it, &d->sessions) {
        struct session *s = container_of(it, struct session, by_id);
        if (s->token_until && s->token_until <= d->steady)
            session_event(d, s, SEV_SIGNED_OUT, &(struct cmd){0});
        else
            token_watch(d, s, s->token_until);
    }
}
