/* A person with an account, in memory: while they have a live session, are in a call, or somebody is just
 * asking for them. All else about them stays in the database. Who keeps a pointer across calls of the
 * domain holds the user (user_hold, user_drop); sessions do that for their user. Inside of the
 * domain only. */
#ifndef MADANG_DOMAIN_USER_H
#define MADANG_DOMAIN_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hmap.h"
#include "base/list.h"
#include "base/str.h"
#include "domain/idset.h"
#include "domain/presence.h"
#include "msg/account.h"
#include "msg/db.h"

struct ask;
struct call_end;
struct domain;
struct event;
struct session;

/* Bits of the column `flags`. */
enum { USER_DISABLED = 1, USER_DELETED = 2 };

/* Bits of the column `settings`; their meaning: docs/protocol-people.md, Settings. */
enum {
    USER_LAST_SEEN = 1,
    USER_READ_MARKS = 2,
    USER_EARLY_ADDRESS = 4,
    USER_PUSH = 8,
    USER_STRANGERS = 16,
    USER_SETTINGS_DEFAULT = USER_LAST_SEEN | USER_READ_MARKS | USER_STRANGERS
};

struct user {
    struct hnode by_id; /* in domain.users */
    uint64_t id;
    uint32_t refs;
    uint8_t loading; /* answers of the store that are still to come */
    bool missing;    /* there is no such person, or the store could not say */
    enum db_status status;
    struct list waiting; /* of asks (user_with) */

    char *name;
    char *display;
    uint16_t name_n;
    uint16_t display_n;
    uint8_t role;  /* enum user_role */
    uint8_t flags; /* never USER_DISABLED or _DELETED: these are not given out */
    uint8_t mode;  /* enum presence_mode */
    bool korean;
    uint32_t settings;
    int64_t avatar;
    int64_t created_ms;
    int64_t last_seen_ms;
    uint32_t recovery_left; /* as of the last hello or change */
    uint32_t passkeys;
    struct badges_view badges; /* as of the last hello */
    struct idset blocked;
    struct idset favourites;

    struct list sessions; /* live ones and those that are away: struct session.of_user */
    uint32_t n_sessions;
    struct user_presence presence;

    bool exporting; /* one file of one's own data at a time */

    struct call_end *calls; /* that this person is in, or that ring: call.h */
};

/* The loaded user of that id, or NULL. */
struct user *user_find(const struct domain *d, uint64_t id);

/* Gets somebody, from memory at once or from the database later, and calls then(d, ask, u, status).
 * u is NULL when there is nobody of that id, the account is disabled or deleted, or the store failed
 * (status tells: DB_OK for nobody). u is valid during the call. The ask is freed after it unless it
 * was used to ask again, as after ask_db. */
typedef void user_then(struct domain *d, struct ask *ask, struct user *u, enum db_status status);
void user_with(struct domain *d, uint64_t id, struct ask *ask, user_then *then);

struct user *user_hold(struct user *u);
/* Frees it when nobody else holds it. NULL is fine. */
void user_drop(struct domain *d, struct user *u);

static inline struct str user_name(const struct user *u)
{
    return str_of(u->name, u->name_n);
}

static inline struct str user_display(const struct user *u)
{
    return str_of(u->display, u->display_n);
}

/* Whether one of them has blocked the other. */
bool user_blocks(const struct user *a, const struct user *b);

/* A session belongs to u from now on, until it ends: it holds u. */
void user_attach(struct domain *d, struct user *u, struct session *s);
void user_detach(struct domain *d, struct session *s);
/* Its sign-in was used until now, however long ago its hello was. */
void user_session_used(struct domain *d, const struct session *s);
/* Ends its live sessions (`ended`, signed_out): all, or only those of one sign-in (web_key), or all except
 * those of one; 0: not limited. */
void user_end_sessions(struct domain *d, struct user *u, uint64_t only, uint64_t except);
/* Reads again which sign-ins are good, and ends the sessions of those that are not. */
void user_check_sign_ins(struct domain *d, struct user *u);
/* The account was deleted or disabled: all of them end, and nothing of it is kept in memory for later. */
void user_gone(struct domain *d, struct user *u);
void user_set_display(struct user *u, struct str display);
/* To all live sessions of u but `except` (may be NULL). */
void user_tell(struct domain *d, const struct user *u, const struct event *e,
               const struct session *except);
/* The database says something else now (another process changed it): reads everybody again. */
void user_reload_all(struct domain *d);
void user_free_all(struct domain *d);

#endif
