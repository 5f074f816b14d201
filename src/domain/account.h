/* The inside of what accounts do: what a request remembers while it waits for the database and the password
 * thread, and the steps that several of them share. Which file decides what: docs/architecture/accounts.md. */
#ifndef MADANG_DOMAIN_ACCOUNT_H
#define MADANG_DOMAIN_ACCOUNT_H

#include "domain/domain_int.h"
#include "domain/names.h"
#include "domain/user.h"
#include "domain/username.h"

enum {
    ACCOUNT_PASSWORD_MIN = 8, /* characters */
    ACCOUNT_PASSWORD_BYTES = PASSWORD_MAX * 4,
    ACCOUNT_AGENT_MAX = 160,
    ACCOUNT_ME_COLS = 13,
    ACCOUNT_LINK_DAYS = 7
};

/* Where a request comes from. */
struct visit {
    uint64_t addr_key;
    uint8_t addr_n, net_n, agent_n;
    char addr[ADDR_STR_SIZE];
    char net[ADDR_STR_SIZE];
    char agent[ACCOUNT_AGENT_MAX];
};
void visit_set(struct visit *v, uint64_t addr_key, struct str addr, struct str agent);

/* A sign-in that begins: its token is new, always. */
struct fresh {
    uint8_t token[SECRET_LEN]; /* the cookie: secret */
    uint8_t hash[SHA256_SIZE]; /* what the database knows */
    uint64_t key;
};

struct account_call {
    struct visit visit;
    struct fresh fresh;
    enum cmd_type what;
    uint64_t user;
    uint64_t keep;   /* the sign-in that goes on */
    int64_t wait_ms; /* what somebody who is not known would have to wait */
    int64_t left;    /* recovery codes; -1: not told */
    enum user_role role;
    bool linked; /* code is a link's */
    bool known;  /* signed in, or has signed in from that network before */
    uint8_t lang_n;
    uint8_t n_codes;
    char lang[2];
    uint8_t code[SHA256_SIZE]; /* hash of a link's or a recovery code */
    struct username name;      /* of attempts: its key alone */
    size_t display_n, password_n, hash_n;
    char display[NAMES_BYTES_MAX];
    char password[ACCOUNT_PASSWORD_BYTES];
    char hash[PASSWORD_HASH_MAX];
    char codes[RECOVERY_CODES][RECOVERY_TEXT + 1];
};

static inline struct account_call *account_call(struct ask *a)
{
    return (struct account_call *)(void *)a->data;
}
static inline struct str account_password(const struct account_call *c)
{
    return str_of(c->password, c->password_n);
}
static inline struct str account_name(const struct account_call *c)
{
    return str_of(c->name.key, c->name.key_n);
}
static inline struct str account_hash(const struct account_call *c)
{
    return str_of(c->hash, c->hash_n);
}

/* ---- account.c: steps that many share ---- */

/* An ask of `cmd` with an empty account_call that knows where it comes from. */
struct ask *account_ask(struct domain *d, const struct cmd *cmd, ask_then *then);
/* The values of a new sign-in, in the order of the procedures: token key | expires addr agent net. */
#define FRESH_TOKEN(c) VAL_B((c)->fresh.hash, SHA256_SIZE), VAL_ID((c)->fresh.key)
#define FRESH_VISIT(d, c)                                                         \
    VAL_I(account_expires(d)), VAL_T(str_of((c)->visit.addr, (c)->visit.addr_n)), \
        VAL_T(str_of((c)->visit.agent, (c)->visit.agent_n)),                      \
        VAL_T(str_of((c)->visit.net, (c)->visit.net_n))
void account_fresh(struct domain *d, struct fresh *f);
int64_t account_expires(const struct domain *d);
/* Asks whose sign-in that cookie's hash is (DB_WEB_SESSION_USE). That it was used is written down beside, at most once
 * a minute: with a full disk people still come in, and reloading a page costs no commit. */
void account_use_session(struct domain *d, struct ask *a, const uint8_t hash[SHA256_SIZE],
                         struct str addr);
uint64_t account_id(struct domain *d);
/* A password as bytes to hash: NFC, so that it is the same from every keyboard (OpaqueString, RFC 8265, 4.2; what
 * has no such form stays as it is). out has ACCOUNT_PASSWORD_BYTES. 0: longer than PASSWORD_MAX, or empty. */
size_t account_password_bytes(struct str password, char out[ACCOUNT_PASSWORD_BYTES]);
/* Keeps the password; false: it was refused (too long, or no text) and answered. min: also when it is short. */
bool account_take_password(struct domain *d, struct ask *a, struct str password, bool min);
/* The hash of a code of n bytes that a client says in base64url; false: it is none. */
bool account_code(struct str text, size_t n, uint8_t hash[SHA256_SIZE]);
/* Asks the password thread, within the share of c->visit and c->name; the last thing its caller does: `then` may have
 * been called with PASSWORD_BUSY. */
void account_hash_it(struct domain *d, struct ask *a, struct password_job *job);
/* Has the password judged and hashed; what the names are counts against it. */
void account_new_password(struct domain *d, struct ask *a, struct str name, struct str display);
/* Keeps the new hash. False: weak, or busy, and answered. */
bool account_hashed(struct domain *d, struct ask *a, const struct password_answer *answer);
/* The end of whatever signs in: asks how the person sees themselves and answers with the cookie. */
void account_signed_in(struct domain *d, struct ask *a);
/* False when the address asks too often; answered. */
bool account_rate(struct domain *d, const struct cmd *cmd, enum cmd_type as);
/* All live sessions of somebody are told how they are now. */
void account_tell(struct domain *d, uint64_t user);
/* Reads a row of USER_ME; what it points to is the row's. */
void account_me(const struct val row[ACCOUNT_ME_COLS], struct me_view *me, struct user_settings *s);
void account_me_of_user(const struct user *u, struct me_view *me, struct user_settings *s);
const struct policy_view *account_policy(const struct domain *d, struct policy_view *p);
/* Makes ten codes, and their hashes one after the other. */
void account_make_codes(struct domain *d, struct account_call *c,
                        uint8_t hashes[RECOVERY_CODES * SHA256_SIZE]);
struct str_list account_codes(const struct account_call *c, struct str list[RECOVERY_CODES]);
/* The hash of a recovery code as people type it; false: it is none. */
bool account_recovery_code(struct str text, uint8_t hash[SHA256_SIZE]);

/* ---- attempts over a restart (attempts_keep.c) ---- */

void attempts_start(struct domain *d);
/* Somebody tries: what was written before the restart is read, once. */
void attempts_boot(struct domain *d);
int64_t attempts_deadline(const struct domain *d);
void attempts_tick(struct domain *d);
/* At once, where something has changed. */
void attempts_write(struct domain *d);

/* ---- attempts (account_in.c) ---- */

/* Refuses (answered; false) or counts an attempt at c->name from the caller's address. signed_in: the asker
 * is that person, who is slowed by nobody else. */
bool account_try(struct domain *d, struct ask *a, bool signed_in);
/* The beginning of what strangers may guess with, a name and a password: counts it, and keeps both. What cannot be a name
 * is one that nobody has. NULL: it has been answered. */
struct ask *account_guess(struct domain *d, const struct cmd *cmd, ask_then *then, struct str name,
                          struct str password, bool min);
/* Whether somebody who is not known there may go on; otherwise answered, and as if it had not been. */
bool account_try_known(struct domain *d, struct ask *a, bool known);
void account_try_good(struct domain *d, struct ask *a);
void account_try_undo(struct domain *d, struct ask *a);

/* ---- confirm.c: what wants more than an open page ---- */

void confirm_init(struct domain *d);
void confirm_free(struct domain *d);
/* With that sign-in a password or passkey was used now. */
void confirm_mark(struct domain *d, uint64_t web_key, bool passkey);
/* Whether that was within the last ten minutes; otherwise answered. */
bool confirm_recent(struct domain *d, struct session *s, int64_t id);
/* Whether it was, by a passkey: as good as the password for what wants that. */
bool confirm_by_passkey(const struct domain *d, uint64_t web_key);

/* ---- account_hello.c ---- */

/* The session belongs to who has the cookie, if anybody; then hello goes on. */
void account_hello(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- handlers: calls by HTTP have no session ---- */
void account_me_request(struct domain *d, struct session *s, const struct cmd *cmd);
void account_register(struct domain *d, struct session *s, const struct cmd *cmd);
void account_sign_in(struct domain *d, struct session *s, const struct cmd *cmd);
void account_sign_out(struct domain *d, struct session *s, const struct cmd *cmd);
void account_recover(struct domain *d, struct session *s, const struct cmd *cmd);
void account_reset(struct domain *d, struct session *s, const struct cmd *cmd);
void account_invite(struct domain *d, struct session *s, const struct cmd *cmd);
void account_set(struct domain *d, struct session *s, const struct cmd *cmd);
void account_confirm(struct domain *d, struct session *s, const struct cmd *cmd);
void account_sessions(struct domain *d, struct session *s, const struct cmd *cmd);
void account_end(struct domain *d, struct session *s, const struct cmd *cmd);
void invite_make(struct domain *d, struct session *s, const struct cmd *cmd);
void invite_list(struct domain *d, struct session *s, const struct cmd *cmd);
void invite_end(struct domain *d, struct session *s, const struct cmd *cmd);
void token_make(struct domain *d, struct session *s, const struct cmd *cmd);
void token_list(struct domain *d, struct session *s, const struct cmd *cmd);
void token_end(struct domain *d, struct session *s, const struct cmd *cmd);
/* s goes on until its API token runs out (steady time, ms; 0: never), and ends then (`ended`, signed_out). */
void token_watch(struct domain *d, struct session *s, int64_t until_ms);
int64_t token_deadline(const struct domain *d);
void token_tick(struct domain *d);
void passkey_begin(struct domain *d, struct session *s, const struct cmd *cmd);
void passkey_sign_in(struct domain *d, struct session *s, const struct cmd *cmd);
void passkey_add(struct domain *d, struct session *s, const struct cmd *cmd);
void passkey_list(struct domain *d, struct session *s, const struct cmd *cmd);
void passkey_rename(struct domain *d, struct session *s, const struct cmd *cmd);
void passkey_remove(struct domain *d, struct session *s, const struct cmd *cmd);

/* "Firefox on Linux" of a User-Agent; static or in `out`. */
struct str account_device(struct str agent, char out[64]);

#endif
