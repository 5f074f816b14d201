/* Accounts and signing in: docs/protocol-people.md, section 1. What is added to cmd.h and event.h. How
 * to add a message: docs/architecture/web-edge.md. */
#ifndef MADANG_MSG_ACCOUNT_H
#define MADANG_MSG_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/people.h"
#include "msg/values.h"

#define ACCOUNT_CMDTYPES(CMDTYPE)                              \
    CMDTYPE(ME, "me", BY_HTTP)                                 \
    CMDTYPE(REGISTER, "register", BY_HTTP)                     \
    CMDTYPE(SIGN_IN, "sign_in", BY_HTTP)                       \
    CMDTYPE(SIGN_OUT, "sign_out", BY_HTTP)                     \
    CMDTYPE(RECOVER, "recover", BY_HTTP)                       \
    CMDTYPE(RESET, "reset", BY_HTTP)                           \
    CMDTYPE(INVITE, "invite", BY_HTTP)                         \
    CMDTYPE(PASSKEY_SIGN_IN, "passkey_sign_in", BY_HTTP)       \
    CMDTYPE(PASSKEY_BEGIN, "passkey_begin", BY_HTTP | BY_PIPE) \
    CMDTYPE(PASSKEY_ADD, "passkey_add", BY_PIPE)               \
    CMDTYPE(PASSKEY_CONFIRM, "passkey_confirm", BY_PIPE)       \
    CMDTYPE(PASSKEYS, "passkeys", BY_PIPE)                     \
    CMDTYPE(PASSKEY_NAME, "passkey_name", BY_PIPE)             \
    CMDTYPE(PASSKEY_REMOVE, "passkey_remove", BY_PIPE)         \
    CMDTYPE(ACCOUNT_SET, "account_set", BY_PIPE)               \
    CMDTYPE(CONFIRM, "confirm", BY_PIPE)                       \
    CMDTYPE(ACCOUNT_PASSWORD, "account_password", BY_PIPE)     \
    CMDTYPE(ACCOUNT_RECOVERY, "account_recovery", BY_PIPE)     \
    CMDTYPE(ACCOUNT_DELETE, "account_delete", BY_PIPE)         \
    CMDTYPE(ACCOUNT_SESSIONS, "account_sessions", BY_PIPE)     \
    CMDTYPE(ACCOUNT_END, "account_end", BY_PIPE)               \
    CMDTYPE(INVITE_MAKE, "invite_make", BY_PIPE)               \
    CMDTYPE(INVITES, "invites", BY_PIPE)                       \
    CMDTYPE(INVITE_END, "invite_end", BY_PIPE)                 \
    CMDTYPE(TOKEN_MAKE, "token_make", BY_PIPE)                 \
    CMDTYPE(TOKENS, "tokens", BY_PIPE)                         \
    CMDTYPE(TOKEN_END, "token_end", BY_PIPE)

#define ACCOUNT_EVENTTYPES(EVENTTYPE) \
    EVENTTYPE(ME, "me")               \
    EVENTTYPE(BADGES, "badges")

#define ACCOUNT_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(ME)                      \
    RESULTTYPE(SIGNED_IN)               \
    RESULTTYPE(INVITE)                  \
    RESULTTYPE(RECOVERY)                \
    RESULTTYPE(ACCOUNT_SESSIONS)        \
    RESULTTYPE(INVITE_MADE)             \
    RESULTTYPE(INVITES)                 \
    RESULTTYPE(TOKEN)                   \
    RESULTTYPE(TOKENS)                  \
    RESULTTYPE(PASSKEY_BEGIN)           \
    RESULTTYPE(PASSKEY_KEY)             \
    RESULTTYPE(PASSKEYS)

#define SECRET_LEN      32 /* bytes of a cookie's or an API token's secret */
#define INVITE_LEN      16 /* and of a link's code */
#define RECOVERY_CODES  10
#define RECOVERY_TEXT   14 /* xxxx-xxxx-xxxx */
#define USER_HANDLE_LEN 8  /* WebAuthn's user.id: the id, big endian */

enum user_role { USER_MEMBER, USER_ADMIN, USER_ROLES };
enum registration { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED, REGISTRATIONS };

/* What a person decides of oneself; all of them are there when it goes out. */
struct user_settings {
    enum tri last_seen;
    enum tri read_marks;
    enum tri early_address;
    enum tri push;
    enum tri strangers;
};

struct me_view {
    uint64_t user;
    struct str name;
    struct str display;
    enum user_role role;
    int64_t avatar; /* a stamp; 0: none */
    int64_t created_ms;
    const struct user_settings *settings;
    enum presence_mode mode;
    int64_t recovery_left;
    int64_t passkeys;
};

/* What this server allows. */
struct policy_view {
    enum registration registration;
    bool guests;
    bool user_invites;
    bool passkeys;
    struct str push_key; /* n = 0: no push */
    int64_t name_min, name_max;
    int64_t password_min;
    int64_t retention_s; /* 0: messages are kept for ever */
    int64_t upload_max;  /* bytes of one file */
};

struct badges_view {
    int64_t missed;
    int64_t unread;
    int64_t requests;
};

enum invite_kind { INVITE_USER, INVITE_ADMIN, INVITE_RESET, INVITE_KINDS };

/* What an API token may be used for, beside saying who it belongs to. */
enum { SCOPE_MESSAGES = 1, SCOPE_CALLS = 2, SCOPE_DIRECTORY = 4, SCOPE_ALL = 7 };

struct cmd_register {
    struct str name;
    struct str display;
    struct str password;
    struct str invite; /* the code's bytes; n = 0: none */
    struct str lang;
};

struct cmd_sign_in {
    struct str name;
    struct str password;
};

struct cmd_recover {
    struct str name;
    struct str code;
    struct str password;
};

struct cmd_reset {
    struct str link;
    struct str password;
};

struct cmd_invite {
    struct str invite;
};

struct cmd_account_set {
    struct str display;
    const struct user_settings *settings;
};

struct cmd_account_password { /* also confirm, _recovery and _delete, without the new one */
    struct str old;           /* n = 0: a passkey was used a moment ago */
    struct str password;
};

struct cmd_account_end {
    uint64_t key;
    bool others;
    bool all;
};

struct cmd_invite_make {
    int64_t uses;
    int64_t ttl_s;
};

struct cmd_key { /* invite_end, token_end, passkey_name, passkey_remove */
    uint64_t key;
    struct str name;
};

struct cmd_token_make {
    struct str name;
    struct str_list scopes;
    int64_t ttl_s;
};

struct cmd_passkey { /* passkey_begin, _sign_in, _confirm and _add; bytes */
    bool confirm;    /* begin: to be sure who it is, not to add one */
    struct str name;
    struct str credential;
    struct str client_data;
    struct str auth_data;
    struct str signature;
    struct str user_handle;
    struct str attestation;
};

/* Of struct cmd, u.account. */
union account_args {
    struct cmd_register reg;
    struct cmd_sign_in sign_in;
    struct cmd_recover recover;
    struct cmd_reset reset;
    struct cmd_invite invite;
    struct cmd_account_set set;
    struct cmd_account_password password;
    struct cmd_account_end end;
    struct cmd_invite_make invite_make;
    struct cmd_key key;
    struct cmd_token_make token;
    struct cmd_passkey passkey;
};

/* One browser that is signed in. */
struct sign_in_view {
    uint64_t key;
    struct str device;
    struct str address;
    int64_t used_ms;
    int64_t created_ms;
    bool this_one;
};

struct invite_view {
    uint64_t key;
    int64_t uses_left;
    int64_t expires_ms;
    enum invite_kind kind;
};

struct key_view { /* an API token or a passkey */
    uint64_t key;
    struct str name;
    int64_t created_ms;
    int64_t used_ms;    /* 0: never */
    int64_t expires_ms; /* 0: never; tokens only */
    struct str_list scopes;
};

struct passkey_user_view {
    struct str id;
    struct str name;
    struct str display;
};

/* Of struct event, u.account. */
union account_view {
    struct {
        const struct me_view *user; /* NULL: nobody is signed in */
        const struct policy_view *policy;
    } me; /* RESULT_ME; of EVENT_ME without the policy */
    struct badges_view badges;
    struct {
        const struct me_view *user;
        struct str_list recovery; /* of register */
        int64_t left;             /* of recover: codes that are left; -1 otherwise */
    } signed_in;
    struct {
        enum invite_kind kind;
        struct str by;
        struct str name;
    } invite;
    struct str_list recovery;
    struct object_list list; /* sign_in_view, invite_view or key_view */
    struct {
        struct str code;
        struct str path;
        int64_t expires_ms;
    } invite_made;
    struct str token;
    struct {
        struct str challenge;
        struct str rp;
        const struct passkey_user_view *user; /* NULL: to sign in */
        struct str_list exclude;              /* credential ids in base64url: to add one */
        struct str_list allow;                /* the same: to confirm */
        int64_t timeout_ms;
    } passkey_begin;
    uint64_t key;
};

#endif
