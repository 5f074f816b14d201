/* Procedures about accounts: see msg/db_procs.h. Codes and tokens are hashes (SHA-256); passwords are encoded
 * argon2id hashes; `net` is the network of an address, by which a known one is recognized. */
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
    /* Whether a name is free, and what link a code is of (NULL: of none that is good). */         \
    DB_PROC(NAME_CHECK, READ_AFTER, "name_key skeleton code now", "taken alike kind maker")        \
    /* The person, words to be found by (a line each), recovery codes (32 bytes each), the first   \
     * sign-in. INVITED takes one use of a link of kind `role`; REFUSED: it has none. */           \
    DB_PROC(USER_REGISTER, WRITE,                                                                  \
        "id name name_key skeleton display role password settings lang now words codes"            \
        " token key expires addr agent net", "")                                                   \
    DB_PROC(USER_REGISTER_INVITED, WRITE,                                                          \
        "id name name_key skeleton display role password settings lang now words codes"            \
        " token key expires addr agent net invite", "")                                            \
    DB_PROC(USER_GET, READ_AFTER, "id",                                                            \
        "id name display role flags settings presence avatar lang created last_seen")              \
    /* As one sees oneself. */                                                                     \
    DB_PROC(USER_ME, READ_AFTER, "id",                                                             \
        "id name display role flags settings presence avatar lang created last_seen"               \
        " recovery_left passkeys")                                                                 \
    DB_PROC(USER_BADGES, READ_AFTER, "user", "missed unread requests")                             \
    DB_PROC(USER_BY_NAME, READ_AFTER, "name_key",                                                  \
        "id name display role flags settings presence avatar lang created last_seen password")     \
    DB_PROC(USER_COUNT, READ, "", "users admins")                                                  \
    DB_PROC(ADMIN_EXISTS, READ, "", "admin")                                                       \
    DB_PROC(USER_LIST, READ, "after limit", "id name display role flags created last_seen")        \
    DB_PROC(USER_SET_DISPLAY, WRITE, "user display words", "")                                     \
    DB_PROC(USER_SET_SETTINGS, WRITE, "user settings", "")                                         \
    DB_PROC(USER_SET_ROLE, WRITE, "user role", "")                                                 \
    /* Disabling ends all sign-ins. */                                                             \
    DB_PROC(USER_DISABLE, WRITE, "user", "")                                                       \
    DB_PROC(USER_ENABLE, WRITE, "user", "")                                                        \
    /* What is left is a row without a name. REFUSED: the last administrator, or nobody. */        \
    /* avatar: the stamp of the picture that there was. */                                         \
    DB_PROC(USER_DELETE, WRITE, "user", "avatar")                                                  \
    /* token: the hash of a cookie. USE: REFUSED when there is none that is good at `now`. */       \
    DB_PROC(WEB_SESSION_ADD, WRITE, "token key user now expires addr agent", "")                   \
    DB_PROC(WEB_SESSION_USE, READ_AFTER, "token now", "key user")                                  \
    /* Slides `expires`, unless it was used since `since` from the same address. */                \
    DB_PROC(WEB_SESSION_TOUCH, WRITE, "token now expires addr since", "")                          \
    /* A page of that sign-in was open until now. */                                               \
    DB_PROC(WEB_SESSION_LEFT, WRITE, "key now expires", "")                                        \
    DB_PROC(WEB_SESSION_END, WRITE, "token", "key user")                                           \
    /* Of browsers and of tokens. */                                                               \
    DB_PROC(WEB_SESSION_KEYS, READ_AFTER, "user", "key")                                           \
    DB_PROC(WEB_SESSIONS, READ_AFTER, "user now", "key created used addr agent")                   \
    DB_PROC(WEB_SESSION_END_KEY, WRITE, "user key", "")                                            \
    DB_PROC(WEB_SESSIONS_END, WRITE, "user except", "")                                            \
    /* known: the person signed in from that network before. */                                    \
    DB_PROC(SIGN_IN_FIND, READ_AFTER, "name_key net", "id flags password known")                   \
    /* A sign-in, and perhaps the same password at a new cost. REFUSED: the password has changed   \
     * meanwhile, or the account was disabled. */                                                  \
    DB_PROC(SIGN_IN, WRITE,                                                                        \
        "token key user now expires addr agent net old_password new_password", "")                 \
    DB_PROC(PASSWORD_GET, READ_AFTER, "user", "password")                                          \
    /* Ends all sign-ins but `keep`, and all tokens. REFUSED: it is not `old_password` any more,   \
     * or `keep` has ended. */                                                                     \
    DB_PROC(PASSWORD_CHANGE, WRITE, "user old_password new_password keep now", "")                 \
    /* This and the uses of codes and links end all sign-ins, tokens and passkeys. */              \
    DB_PROC(PASSWORD_SET, WRITE, "user new_password", "")                                          \
    /* This and what else has a `session`, the key of a sign-in: REFUSED when it has ended. */     \
    DB_PROC(RECOVERY_SET, WRITE, "user codes session now", "")                                     \
    DB_PROC(RECOVERY_FIND, READ_AFTER, "name_key net code", "id flags known good")                 \
    DB_PROC(RECOVERY_USE, WRITE,                                                                   \
        "user code now new_password token key expires addr agent net", "left")                     \
    DB_PROC(RESET_USE, WRITE,                                                                      \
        "code now new_password token key expires addr agent net", "user")                          \
    /* REFUSED: its maker has 100 that are good. */                                                \
    DB_PROC(INVITE_ADD, WRITE, "code key maker kind target uses now expires", "")                  \
    /* The links of one kind that nobody made (the operator's): ended. */                          \
    DB_PROC(INVITES_VOID, WRITE, "kind", "")                                                       \
    DB_PROC(INVITE_GET, READ_AFTER, "code now", "kind by name target target_display")              \
    DB_PROC(INVITES, READ_AFTER, "maker now", "key uses_left expires kind")                        \
    DB_PROC(INVITE_END, WRITE, "key maker", "")                                                    \
    /* REFUSED: the user has 100 that are good. */                                                 \
    DB_PROC(TOKEN_ADD, WRITE, "token key user name scopes now expires session", "")                \
    DB_PROC(TOKENS, READ_AFTER, "user now", "key name scopes created used expires")                \
    DB_PROC(TOKEN_END, WRITE, "user key", "")                                                      \
    DB_PROC(TOKEN_USE, WRITE, "token now", "key user scopes expires")                              \
    /* REFUSED: the user has 20. */                                                                \
    DB_PROC(PASSKEY_ADD, WRITE,                                                                    \
        "cred key user name public_key alg counter eligible now session", "")                      \
    DB_PROC(PASSKEYS, READ_AFTER, "user", "key name created used cred")                            \
    DB_PROC(PASSKEY_GET, READ_AFTER, "cred", "key user flags public_key alg counter eligible")     \
    DB_PROC(PASSKEY_SIGN_IN, WRITE,                                                                \
        "token key user now expires addr agent net cred counter", "")                              \
    DB_PROC(PASSKEY_USE, WRITE, "user now cred counter session", "")                               \
    DB_PROC(PASSKEY_RENAME, WRITE, "user key name", "")                                            \
    DB_PROC(PASSKEY_END, WRITE, "user key", "")
/* clang-format on */

#endif
