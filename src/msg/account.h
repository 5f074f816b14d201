/* Accounts and signing in: docs/protocol-people.md, section 1. What is added to cmd.h and event.h. How
 * to add a message: docs/architecture/web-edge.md. */
#ifndef MADANG_MSG_ACCOUNT_H
#define MADANG_MSG_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define ACCOUNT_CMDTYPES(CMDTYPE) CMDTYPE(ME, "me", BY_HTTP)

#define ACCOUNT_EVENTTYPES(EVENTTYPE) \
    EVENTTYPE(ME, "me")               \
    EVENTTYPE(BADGES, "badges")

#define ACCOUNT_RESULTTYPES(RESULTTYPE) RESULTTYPE(ME)

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
};

struct badges_view {
    int64_t missed;
    int64_t unread;
    int64_t requests;
};

/* Of struct cmd, u.account. */
union account_args {
    char none; /* me */
};

/* Of struct event, u.account. */
union account_view {
    struct {
        const struct me_view *user; /* NULL: nobody is signed in */
        const struct policy_view *policy;
    } me; /* RESULT_ME; of EVENT_ME without the policy */
    struct badges_view badges;
};

#endif
