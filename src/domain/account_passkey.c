/* Passkeys: challenges, and what is done with a verdict. The check itself is a pure function that the
 * configuration brings (edge/keys/webauthn.h). */
#include "domain/account.h"

#include "base/code.h"
#include "base/mem.h"

#define CHALLENGE_US INT64_C(300000000)

/* ---- challenges: random, for one use, five minutes long ---- */

/* Where the next one goes: who has enough of them gives up their own oldest, so that nobody can push out those
 * of everybody. */
static struct challenge *challenge_place(struct challenge *all, uint64_t by, int64_t now)
{
    struct challenge *oldest = &all[0], *own = NULL;
    int n = 0;
    for (int i = 0; i < CHALLENGES; i++) {
        struct challenge *c = &all[i];
        if (c->until < oldest->until)
            oldest = c;
        if (c->by != by || c->until <= now)
            continue;
        n++;
        if (!own || c->until < own->until)
            own = c;
    }
    return by && n >= CHALLENGES_EACH ? own : oldest;
}

static void challenge_make(struct domain *d, enum challenge_for what, uint64_t by,
                           struct challenge *out)
{
    struct challenge *c = challenge_place(d->challenges[what], by, d->now);
    rng_bytes(&d->rng, c->bytes, sizeof c->bytes);
    c->by = by;
    c->until = d->now + CHALLENGE_US;
    *out = *c;
}

/* The one that the client answers to, which is used up. by 0: whoever's it is, since the address of a phone
 * may change while it signs in. The check will look whether that is what was signed; here it is only found
 * (5.8.1 of the specification fixes how it is written). */
static bool challenge_take(struct domain *d, struct str client_data, enum challenge_for what,
                           uint64_t by, uint8_t out[PASSKEY_CHALLENGE])
{
    const struct str key = STR("\"challenge\":\"");
    size_t at = str_find(client_data, key), n;
    if (at == STR_NPOS)
        return false;
    struct str text = str_skip(client_data, at + key.n);
    text = str_head(text, MIN_OF(str_chr(text, '"'), text.n));
    if (!b64url_decode(out, PASSKEY_CHALLENGE, &n, text) || n != PASSKEY_CHALLENGE)
        return false;
    for (int i = 0; i < CHALLENGES; i++) {
        struct challenge *c = &d->challenges[what][i];
        if (c->until <= d->now || (by && c->by != by) ||
            !ct_equal(c->bytes, out, PASSKEY_CHALLENGE))
            continue;
        memzero(c, sizeof *c);
        return true;
    }
    return false;
}

static bool check(const struct domain *d, struct passkey_check *c, struct passkey_verdict *v)
{
    struct str origins[ARRAY_LEN(d->cfg.origins)];
    c->rp_id = str_from(d->cfg.rp_id);
    c->origins = origins;
    for (size_t i = 0; i < ARRAY_LEN(origins) && d->cfg.origins[i][0]; i++)
        origins[c->n_origins++] = str_from(d->cfg.origins[i]);
    c->verified = true;
    d->cfg.passkey_check(c, v);
    return v->outcome == PASSKEY_OK;
}

static bool possible(struct domain *d, const struct asker *who)
{
    if (d->cfg.passkeys && d->cfg.passkey_check)
        return true;
    reply_error(d, who, CODE_PASSKEY_REFUSED);
    return false;
}

static void handle_of(uint64_t user, uint8_t handle[USER_HANDLE_LEN])
{
    set_u64(handle, user);
}

/* ---- begin ---- */

static void begin_reply(struct domain *d, const struct asker *who, const struct challenge *c,
                        const struct passkey_user_view *user, struct str_list ids)
{
    reply(d, who,
          &(struct event){.type = RESULT_PASSKEY_BEGIN,
                          .u.account.passkey_begin = {
                              .challenge = str_of(c->bytes, sizeof c->bytes),
                              .rp = str_from(d->cfg.rp_id),
                              .user = user,
                              .exclude = user ? ids : (struct str_list){NULL, 0},
                              .allow = user ? (struct str_list){NULL, 0} : ids,
                              .timeout_ms = CHALLENGE_US / 1000,
                          }});
}

enum { KEYS_MAX = 20 };

/* a->a: to confirm, not to add one */
static void begin_listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct session *s = session_find(d, a->who.session);
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[5];
    struct challenge c;
    struct str ids[KEYS_MAX];
    struct buf text;
    size_t n = 0;
    uint8_t handle[USER_HANDLE_LEN];
    if (answer->db->status != DB_OK || !s || !s->user) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    buf_init(&text, KEYS_MAX * B64URL_SIZE(PASSKEY_ID_MAX));
    uint8_t *mem = buf_reserve(&text, KEYS_MAX * B64URL_SIZE(PASSKEY_ID_MAX));
    for (; n < KEYS_MAX && mem && db_rows_next(&it, row, 5); n++) {
        char *to = (char *)mem + n * B64URL_SIZE(PASSKEY_ID_MAX);
        ids[n] = str_of(to, b64url_encode(to, B64URL_SIZE(PASSKEY_ID_MAX), row[4].s.p, row[4].s.n));
    }
    challenge_make(d, a->a ? CHALLENGE_CONFIRM : CHALLENGE_ADD, s->user->id, &c);
    handle_of(s->user->id, handle);
    const struct passkey_user_view user = {str_of(handle, sizeof handle), user_name(s->user),
                                           user_display(s->user)};
    if (a->a && n == 0)
        reply_error(d, &a->who, CODE_PASSKEY_REFUSED);
    else
        begin_reply(d, &a->who, &c, a->a ? NULL : &user, (struct str_list){ids, n});
    buf_free(&text);
}

void passkey_begin(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    struct challenge c;
    if (!possible(d, &who))
        return;
    bool confirm = cmd->u.account.passkey.confirm;
    if (s) {
        if (!confirm && !confirm_recent(d, s, cmd->id))
            return;
        struct ask *a = ask_new(d, who, begin_listed, NULL, 0);
        a->a = confirm;
        ASK_DB(d, a, DB_PASSKEYS, VAL_ID(s->user->id));
    } else if (account_rate(d, cmd, CMD_PASSKEY_BEGIN)) {
        challenge_make(d, CHALLENGE_SIGN_IN, cmd->addr_key, &c);
        begin_reply(d, &who, &c, NULL, (struct str_list){NULL, 0});
    }
}

/* ---- one more ---- */

static void added(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_CONFLICT || answer->db->status == DB_REFUSED) {
        /* it is somebody's already; or they have as many as may be, or have signed out */
        reply_error(d, &a->who, CODE_PASSKEY_REFUSED);
    } else if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else {
        reply(d, &a->who, &(struct event){.type = RESULT_PASSKEY_KEY, .u.account.key = a->a});
        account_tell(d, a->b);
    }
}

void passkey_add(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_passkey *p = &cmd->u.account.passkey;
    struct asker who = asker_of(cmd);
    uint8_t challenge[PASSKEY_CHALLENGE];
    struct passkey_verdict *v;
    char name[NAMES_BYTES_MAX];
    size_t name_n;
    if (!possible(d, &who) || !confirm_recent(d, s, cmd->id))
        return;
    if (names_clean(p->name, d->cfg.name_max, name, &name_n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_NAME);
        return;
    }
    v = xcalloc(1, sizeof *v);
    struct passkey_check c = {.kind = PASSKEY_REGISTER,
                              .challenge = str_of(challenge, sizeof challenge),
                              .client_data = p->client_data,
                              .attestation = p->attestation};
    if (s->user->passkeys >= KEYS_MAX ||
        !challenge_take(d, p->client_data, CHALLENGE_ADD, s->user->id, challenge) ||
        !check(d, &c, v)) {
        emit_error(d, s, cmd->id, CODE_PASSKEY_REFUSED);
    } else {
        struct ask *a = ask_new(d, who, added, NULL, 0);
        a->a = account_id(d);
        a->b = s->user->id;
        ASK_DB(d, a, DB_PASSKEY_ADD, VAL_B(v->id, v->id_len), VAL_ID(a->a), VAL_ID(s->user->id),
               VAL_T(str_of(name, name_n)), VAL_B(v->key, v->key_len), VAL_I(v->algorithm),
               VAL_I(v->counter), VAL_I(v->backup_eligible), VAL_I(d->steady), VAL_ID(s->web_key));
    }
    xfree(v);
}

/* ---- signing in, and confirming that one is still there ---- */

/* What the client said, kept while its passkey is looked up: the parts lie one behind the other. */
struct said {
    struct account_call call; /* first: account_signed_in() takes the ask for an account's */
    uint8_t challenge[PASSKEY_CHALLENGE];
    size_t n[5];
};

static void signed_in(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK)
        account_signed_in(d, a);
    else
        reply_refused(d, &a->who, answer->db->status, CODE_PASSKEY_REFUSED);
}

static void confirmed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK) {
        confirm_mark(d, a->a, true);
        reply_ok(d, &a->who);
    } else {
        reply_refused(d, &a->who, answer->db->status, CODE_PASSKEY_REFUSED);
    }
}

/* It was good: a new sign-in, or a mark at the one that asks (a->a). */
static void sign_in_good(struct domain *d, struct ask *a, struct str credential,
                         const struct passkey_verdict *v)
{
    struct account_call *ac = account_call(a);
    if (a->a) {
        a->then = confirmed;
        ASK_DB(d, a, DB_PASSKEY_USE, VAL_ID(ac->user), VAL_I(d->steady),
               VAL_B(credential.p, credential.n), VAL_I(v->counter), VAL_ID(a->a));
        return;
    }
    account_fresh(d, &ac->fresh);
    a->then = signed_in;
    ASK_DB(d, a, DB_PASSKEY_SIGN_IN, FRESH_TOKEN(ac), VAL_ID(ac->user), VAL_I(d->steady),
           FRESH_VISIT(d, ac), VAL_B(credential.p, credential.n), VAL_I(v->counter));
}

static void sign_in_found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct said *said = (struct said *)(void *)a->data;
    struct account_call *ac = &said->call;
    struct val row[7];
    struct str part[5];
    uint8_t owner[USER_HANDLE_LEN];
    const char *at = a->data + sizeof *said;
    bool found = db_row(answer->db, row, 7);
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    for (int i = 0; i < 5; at += said->n[i++])
        part[i] = str_of(at, said->n[i]);
    handle_of(found ? val_id(&row[1]) : 0, owner);
    struct passkey_check c = {
        .kind = PASSKEY_SIGN_IN,
        .challenge = str_of(said->challenge, sizeof said->challenge),
        .client_data = part[1],
        .auth_data = part[2],
        .signature = part[3],
        .user_handle = part[4],
        .owner = str_of(owner, sizeof owner),
        .public_key = row[3].s,
        .algorithm = (int32_t)row[4].i,
        .counter = (uint32_t)row[5].i,
        .backup_eligible = row[6].i != 0,
    };
    struct passkey_verdict *v = xcalloc(1, sizeof *v);
    bool other = found && ac->user && ac->user != val_id(&row[1]); /* than who asks to confirm */
    if (!found || other || row[2].i != 0 || !check(d, &c, v)) {
        reply_error(d, &a->who, CODE_PASSKEY_REFUSED);
    } else {
        ac->user = val_id(&row[1]);
        sign_in_good(d, a, part[0], v);
    }
    xfree(v);
}

void passkey_sign_in(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_passkey *p = &cmd->u.account.passkey;
    const struct str part[5] = {p->credential, p->client_data, p->auth_data, p->signature,
                                p->user_handle};
    struct asker who = asker_of(cmd);
    size_t n = sizeof(struct said);
    if (!possible(d, &who) || (!s && !account_rate(d, cmd, CMD_PASSKEY_SIGN_IN)))
        return;
    for (int i = 0; i < 5; i++)
        n += part[i].n;
    struct ask *a = ask_new(d, who, sign_in_found, NULL, n);
    struct said *said = (struct said *)(void *)a->data;
    char *to = a->data + sizeof *said;
    said->call.left = -1;
    said->call.what = cmd->type;
    said->call.user = s ? s->user->id : 0;
    a->a = s ? s->web_key : 0;
    visit_set(&said->call.visit, cmd->addr_key, cmd->addr, cmd->agent);
    for (int i = 0; i < 5; i++) {
        said->n[i] = part[i].n;
        if (part[i].n)
            memcpy(to, part[i].p, part[i].n);
        to += part[i].n;
    }
    if (!challenge_take(d, p->client_data, s ? CHALLENGE_CONFIRM : CHALLENGE_SIGN_IN,
                        said->call.user, said->challenge)) {
        reply_error(d, &who, CODE_PASSKEY_REFUSED);
        ask_free(a);
        return;
    }
    ASK_DB(d, a, DB_PASSKEY_GET, VAL_B(p->credential.p, p->credential.n));
}

/* ---- the list ---- */

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct key_view list[100];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[5];
    size_t n = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    while (n < ARRAY_LEN(list) && db_rows_next(&it, row, 5))
        list[n++] = (struct key_view){
            .key = val_id(&row[0]), .name = row[1].s, .created_ms = row[2].i, .used_ms = row[3].i};
    reply(d, &a->who, &(struct event){.type = RESULT_PASSKEYS, .u.account.list = {list, n}});
}

void passkey_list(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), listed, NULL, 0), DB_PASSKEYS, VAL_ID(s->user->id));
}

static void changed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK) {
        reply_ok(d, &a->who);
        account_tell(d, a->a);
    } else {
        reply_refused(d, &a->who, answer->db->status, CODE_UNKNOWN);
    }
}

void passkey_rename(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_key *k = &cmd->u.account.key;
    char name[NAMES_BYTES_MAX];
    size_t n;
    if (names_clean(k->name, d->cfg.name_max, name, &n) != NAMES_OK) {
        emit_error(d, s, cmd->id, CODE_BAD_NAME);
        return;
    }
    struct ask *a = ask_new(d, asker_of(cmd), changed, NULL, 0);
    a->a = s->user->id;
    ASK_DB(d, a, DB_PASSKEY_RENAME, VAL_ID(s->user->id), VAL_ID(k->key), VAL_T(str_of(name, n)));
}

void passkey_remove(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (!confirm_recent(d, s, cmd->id))
        return;
    struct ask *a = ask_new(d, asker_of(cmd), changed, NULL, 0);
    a->a = s->user->id;
    ASK_DB(d, a, DB_PASSKEY_END, VAL_ID(s->user->id), VAL_ID(cmd->u.account.key.key));
}
