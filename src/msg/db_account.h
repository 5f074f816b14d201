/* Procedures about accounts: see msg/db_procs.h. */
#ifndef MADANG_MSG_DB_ACCOUNT_H
#define MADANG_MSG_DB_ACCOUNT_H

/* clang-format off */
#define DB_PROCS_ACCOUNT(DB_PROC)                                                                  \
    /* What the server knows of itself ("admin_made"): a text under a key. */                      \
    DB_PROC(SETTING_GET, READ_AFTER, "key", "value")                                               \
    DB_PROC(SETTING_SET, WRITE, "key value", "")                                                   \
    /* CONFLICT: the name, or one that looks like it, is taken. password: encoded, or NULL. */     \
    DB_PROC(USER_ADD, WRITE,                                                                       \
        "id name name_key skeleton display role password settings lang now", "")                   \
    DB_PROC(USER_GET, READ_AFTER, "id",                                                            \
        "id name display role flags settings presence avatar lang created last_seen")              \
    DB_PROC(USER_BY_NAME, READ_AFTER, "name_key",                                                  \
        "id name display role flags settings presence avatar lang created last_seen password")     \
    DB_PROC(USER_COUNT, READ, "", "users admins")                                                  \
    /* token: the hash of a cookie. USE: REFUSED when there is none that is good at `now`; slides  \
     * `expires`. */                                                                               \
    DB_PROC(WEB_SESSION_ADD, WRITE, "token key user now expires addr agent", "")                   \
    DB_PROC(WEB_SESSION_USE, WRITE, "token now expires addr", "key user")                          \
    DB_PROC(WEB_SESSION_END, WRITE, "token", "key user")                                           \
    DB_PROC(WEB_SESSION_KEYS, READ_AFTER, "user", "key")
/* clang-format on */

#endif
