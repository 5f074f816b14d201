/* Procedures about files that come and go by HTTP: see msg/db_procs.h. token: the hash of the asker's cookie. */
#ifndef MADANG_MSG_DB_FILES_H
#define MADANG_MSG_DB_FILES_H

/* clang-format off */
#define DB_PROCS_FILES(DB_PROC)                                                                    \
    /* Who has signed in with this; no row: nobody. */                                             \
    DB_PROC(WEB_SESSION_WHO, READ, "token now", "key user")                                        \
    /* The stamp of somebody's picture, for everybody who is signed in; or of a room's, for who is in it \
     * or was asked in, and for everybody where it is public. */                                   \
    DB_PROC(AVATAR_FOR, READ, "token now whose", "avatar")                                         \
    /* was: the stamp before. */                                                                   \
    DB_PROC(AVATAR_SET, WRITE, "user avatar", "was")                                               \
    /* A file that the asker may have: sent in a conversation that they are in, or their own. */   \
    /* A file that no message has yet. REFUSED: all files of that user would be more than `most` bytes. */ \
    DB_PROC(ATTACHMENT_ADD, WRITE,                                                                 \
        "id user name mime size width height thumb now expires most", "")                          \
    /* A file that somebody has made, and still has. */                                            \
    DB_PROC(ATTACHMENT_MADE, READ_AFTER, "id user now", "size mime width height thumb")            \
    /* Bytes of all files of somebody. */                                                          \
    DB_PROC(ATTACHMENTS_SIZE, READ_AFTER, "user", "bytes")                                         \
    /* Files that nobody may have any more. */                                                     \
    DB_PROC(ATTACHMENTS_OVER, READ_AFTER, "now limit", "id")                                       \
    DB_PROC(ATTACHMENT_REMOVE, WRITE, "id now", "")                                                \
    /* Files of messages that are kept no longer than so; their messages say that there was one. */ \
    DB_PROC(ATTACHMENTS_OLD, READ_AFTER, "before limit", "id")                                     \
    DB_PROC(ATTACHMENT_EMPTY, WRITE, "id", "")                                                     \
    DB_PROC(ATTACHMENT_FOR, READ, "token now file", "name mime size thumb")
/* clang-format on */

#endif
