/* What the requests of accounts share. */
#include "domain/account.h"

#include "base/addr.h"
#include "base/code.h"
#include "base/utf8.h"
#include "base/utf8_form.h"

enum { TOUCH_EVERY_MS = 60000 };

static uint8_t keep(char *to, size_t cap, struct str from)
{
    from = str_head(from, cap);
    if (from.n)
        memcpy(to, from.p, from.n);
    return (uint8_t)from.n;
}

void visit_set(struct visit *v, uint64_t addr_key, struct str addr, struct str agent)
{
    struct addr a;
    v->addr_key = addr_key;
    v->addr_n = keep(v->addr, sizeof v->addr, addr);
    v->agent_n = keep(v->agent, sizeof v->agent, agent);
    v->net_n = 0;
    if (addr_parse(&a, addr)) {
        char text[ADDR_STR_SIZE];
        struct addr net = addr_limit_key(&a);
        v->net_n = keep(v->net, sizeof v->net, str_from(addr_format_ip(&net, text)));
    }
}

struct ask *account_ask(struct domain *d, const struct cmd *cmd, ask_then *then)
{
    struct ask *a = ask_new(d, asker_of(cmd), then, NULL, sizeof(struct account_call));
    struct account_call *c = account_call(a);
    c->what = cmd->type;
    c->left = -1;
    visit_set(&c->visit, cmd->addr_key, cmd->addr, cmd->agent);
    return a;
}

uint64_t account_id(struct domain *d)
{
    uint64_t random;
    do
        random = rng_u64(&d->rng);
    while ((random & 0xffffffffffffULL) == 0);
    return ID_MAKE(d->cfg.node, d->cfg.worker, random);
}

void account_fresh(struct domain *d, struct fresh *f)
{
    rng_bytes(&d->rng, f->token, sizeof f->token);
    sha256(f->token, sizeof f->token, f->hash);
    f->key = account_id(d);
}

int64_t account_expires(const struct domain *d)
{
    return d->steady + d->cfg.sign_in_ms;
}

void account_use_session(struct domain *d, struct ask *a, const uint8_t hash[SHA256_SIZE],
                         struct str addr)
{
    ASK_DB(d, a, DB_WEB_SESSION_USE, VAL_B(hash, SHA256_SIZE), VAL_I(d->steady));
    ASK_AND_FORGET(d, DB_WEB_SESSION_TOUCH, VAL_B(hash, SHA256_SIZE), VAL_I(d->steady),
                   VAL_I(account_expires(d)), VAL_T(addr), VAL_I(d->steady - TOUCH_EVERY_MS));
}

/* ---- passwords and codes ---- */

size_t account_password_bytes(struct str password, char out[ACCOUNT_PASSWORD_BYTES])
{
    size_t n = 0, chars = utf8_count(password.p, password.n);
    if (chars == 0 || chars > PASSWORD_MAX || password.n > ACCOUNT_PASSWORD_BYTES)
        return 0;
    if (!utf8_form(UTF8_FORM_NFC, password, out, ACCOUNT_PASSWORD_BYTES, &n)) {
        n = password.n;
        memcpy(out, password.p, n);
    }
    return n;
}

bool account_take_password(struct domain *d, struct ask *a, struct str password, bool min)
{
    static const struct wire_error weak = {
        .code = CODE_WEAK_PASSWORD, .field = "password", .reason = "short"};
    struct account_call *c = account_call(a);
    c->password_n = account_password_bytes(password, c->password);
    if (c->password_n == 0) {
        reply_bad(d, &a->who, "password");
        return false;
    }
    if (min && utf8_count(c->password, c->password_n) < ACCOUNT_PASSWORD_MIN) {
        reply_wire_error(d, &a->who, &weak);
        return false;
    }
    return true;
}

bool account_code(struct str text, size_t n, uint8_t hash[SHA256_SIZE])
{
    uint8_t code[64];
    size_t len;
    if (!b64url_decode(code, sizeof code, &len, text) || len != n)
        return false;
    sha256(code, len, hash);
    return true;
}

void account_hash_it(struct domain *d, struct ask *a, struct password_job *job)
{
    const struct account_call *c = account_call(a);
    struct password_share share = {.addr = c->visit.addr_key};
    /* Not for who is known, or strangers could keep their places taken. */
    if (c->name.key_n && !c->known)
        share.account = siphash24(&d->hash_key, c->name.key, c->name.key_n);
    ask_password_share(d, a, job, &share);
}

void account_new_password(struct domain *d, struct ask *a, struct str name, struct str display)
{
    struct password_job job = {
        .kind = PASSWORD_NEW,
        .password = account_password(account_call(a)),
        .n_names = 2,
        .names = {name, display},
    };
    account_hash_it(d, a, &job);
}

bool account_hashed(struct domain *d, struct ask *a, const struct password_answer *answer)
{
    struct account_call *c = account_call(a);
    struct wire_error weak = {.code = CODE_WEAK_PASSWORD, .field = "password"};
    if (answer->outcome == PASSWORD_OK && answer->hash.n <= sizeof c->hash) {
        c->hash_n = answer->hash.n;
        memcpy(c->hash, answer->hash.p, answer->hash.n);
        memzero(c->password, sizeof c->password);
        return true;
    }
    weak.reason = weak_reason_name(answer->weak);
    if (answer->outcome == PASSWORD_WEAK)
        reply_wire_error(d, &a->who, &weak);
    else
        reply_retry(d, &a->who, CODE_BUSY, 1000);
    return false;
}

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford's base32 */

static void hash_recovery(const char text[12], uint8_t hash[SHA256_SIZE])
{
    char all[] = "madang recovery ............";
    memcpy(all + sizeof all - 1 - 12, text, 12);
    sha256(all, sizeof all - 1, hash);
    memzero(all, sizeof all);
}

void account_make_codes(struct domain *d, struct account_call *c,
                        uint8_t hashes[RECOVERY_CODES * SHA256_SIZE])
{
    for (int i = 0; i < RECOVERY_CODES; i++) {
        char text[12];
        uint64_t random = rng_u64(&d->rng);
        for (int k = 0; k < 12; k++, random >>= 5)
            text[k] = digits[random & 31];
        hash_recovery(text, hashes + i * SHA256_SIZE);
        char *out = c->codes[i];
        for (int k = 0; k < 12; k++) {
            if (k == 4 || k == 8)
                *out++ = '-';
            *out++ = text[k];
        }
        *out = 0;
        memzero(text, sizeof text);
    }
    c->n_codes = RECOVERY_CODES;
}

struct str_list account_codes(const struct account_call *c, struct str list[RECOVERY_CODES])
{
    for (int i = 0; i < c->n_codes; i++)
        list[i] = str_from(c->codes[i]);
    return (struct str_list){list, c->n_codes};
}

bool account_recovery_code(struct str text, uint8_t hash[SHA256_SIZE])
{
    char plain[12];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = str_lower_char(text.p[i]);
        c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
        if (c == '-' || c == ' ')
            continue;
        if (c == 0 || !strchr(digits, c) || n == sizeof plain)
            return false;
        plain[n++] = c;
    }
    if (n == sizeof plain)
        hash_recovery(plain, hash);
    memzero(plain, sizeof plain);
    return n == sizeof plain;
}

bool account_rate(struct domain *d, const struct cmd *cmd, enum cmd_type as)
{
    static const struct domain_rate registering = {20, 30 * INT64_C(1000000)};
    static const struct domain_rate asking = {60, INT64_C(1000000) / 2};
    const struct domain_rate *rate = as == CMD_REGISTER  ? &registering
                                     : as == CMD_SIGN_IN ? &d->cfg.sign_in
                                                         : &asking;
    struct asker who = asker_of(cmd);
    if (!cmd->addr_key)
        return true;
    int64_t wait = session_addr_rate(d, cmd->addr_key ^ hash_u64(&d->hash_key, (uint64_t)as), rate);
    if (wait)
        reply_retry(d, &who, CODE_RATE, wait);
    return wait == 0;
}

/* ---- how people see themselves ---- */

static void settings_of(uint32_t bits, struct user_settings *s)
{
    *s = (struct user_settings){
        .last_seen = (bits & USER_LAST_SEEN) != 0,
        .read_marks = (bits & USER_READ_MARKS) != 0,
        .early_address = (bits & USER_EARLY_ADDRESS) != 0,
        .push = (bits & USER_PUSH) != 0,
        .strangers = (bits & USER_STRANGERS) != 0,
    };
}

void account_me(const struct val row[ACCOUNT_ME_COLS], struct me_view *me, struct user_settings *s)
{
    settings_of((uint32_t)row[5].i, s);
    *me = (struct me_view){
        .user = val_id(&row[0]),
        .name = row[1].s,
        .display = row[2].s,
        .role = row[3].i ? USER_ADMIN : USER_MEMBER,
        .mode = (enum presence_mode)row[6].i,
        .avatar = row[7].i,
        .created_ms = row[9].i,
        .settings = s,
        .recovery_left = row[11].i,
        .passkeys = row[12].i,
    };
}

void account_me_of_user(const struct user *u, struct me_view *me, struct user_settings *s)
{
    settings_of(u->settings, s);
    *me = (struct me_view){
        .user = u->id,
        .name = user_name(u),
        .display = user_display(u),
        .role = u->role ? USER_ADMIN : USER_MEMBER,
        .mode = (enum presence_mode)u->mode,
        .avatar = u->avatar,
        .created_ms = u->created_ms,
        .settings = s,
        .recovery_left = u->recovery_left,
        .passkeys = u->passkeys,
    };
}

const struct policy_view *account_policy(const struct domain *d, struct policy_view *p)
{
    *p = (struct policy_view){
        .registration = d->cfg.registration,
        .guests = d->cfg.guests,
        .user_invites = d->cfg.user_invites,
        .passkeys = d->cfg.passkeys,
        .push_key = str_from(d->cfg.push_key),
        .name_min = USERNAME_MIN,
        .name_max = USERNAME_MAX,
        .password_min = ACCOUNT_PASSWORD_MIN,
        .retention_s = d->cfg.retention_s,
        .upload_max = (int64_t)d->cfg.upload_max,
    };
    return p;
}

static void told(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[ACCOUNT_ME_COLS];
    struct user *u = user_find(d, a->a);
    struct me_view me;
    struct user_settings settings;
    if (!u || !db_row(answer->db, row, ACCOUNT_ME_COLS))
        return;
    u->recovery_left = (uint32_t)row[11].i;
    u->passkeys = (uint32_t)row[12].i;
    account_me(row, &me, &settings);
    user_tell(d, u, &(struct event){.type = EVENT_ME, .u.account.me.user = &me}, NULL);
}

void account_tell(struct domain *d, uint64_t user)
{
    if (!user_find(d, user))
        return;
    struct ask *a = ask_new(d, (struct asker){0}, told, NULL, 0);
    a->a = user;
    ASK_DB(d, a, DB_USER_ME, VAL_ID(user));
}

static void signed_in(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct account_call *c = account_call(a);
    struct val row[ACCOUNT_ME_COLS];
    struct str codes[RECOVERY_CODES];
    struct me_view me;
    struct user_settings settings;
    struct cookie_change cookie = {.op = COOKIE_SET, .max_age_s = d->cfg.sign_in_ms / 1000};
    if (!db_row(answer->db, row, ACCOUNT_ME_COLS)) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    confirm_mark(d, c->fresh.key, c->what == CMD_PASSKEY_SIGN_IN);
    account_me(row, &me, &settings);
    memcpy(cookie.token, c->fresh.token, sizeof cookie.token);
    struct event e = {.type = RESULT_SIGNED_IN,
                      .u.account.signed_in = {&me, account_codes(c, codes), c->left}};
    reply_cookie(d, &a->who, &e, &cookie);
    memzero(&cookie, sizeof cookie);
}

void account_signed_in(struct domain *d, struct ask *a)
{
    a->then = signed_in;
    ASK_DB(d, a, DB_USER_ME, VAL_ID(account_call(a)->user));
}
