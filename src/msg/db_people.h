/* Procedures about who knows whom: see msg/db_procs.h. */
#ifndef MADANG_MSG_DB_PEOPLE_H
#define MADANG_MSG_DB_PEOPLE_H

/* clang-format off */
#define DB_PROCS_PEOPLE(DB_PROC)                                                                   \
    /* A word of one's names in lower case, or its initial consonants: found by any of its beginnings. */ \
    DB_PROC(WORDS_CLEAR, WRITE, "user", "")                                                        \
    DB_PROC(WORD_ADD, WRITE, "user word", "")                                                      \
    /* Words from `first` on and before `end`; names after `after` ("" for the first page). */     \
    DB_PROC(PEOPLE_FIND, READ, "first end after limit", "id name display avatar last_seen settings") \
    DB_PROC(FAVOURITE_ON, WRITE, "user other", "")                                                 \
    DB_PROC(FAVOURITE_OFF, WRITE, "user other", "")                                                \
    DB_PROC(FAVOURITES, READ_AFTER, "user", "other")                                               \
    DB_PROC(BLOCK_ON, WRITE, "user other now", "")                                                 \
    DB_PROC(BLOCK_OFF, WRITE, "user other", "")                                                    \
    DB_PROC(BLOCKS, READ_AFTER, "user", "other")                                                   \
    /* push; a person has at most 20 browsers: the oldest subscriptions go */                      \
    DB_PROC(PUSH_ADD, WRITE, "endpoint user session p256dh auth now", "")                          \
    DB_PROC(PUSH_REMOVE, WRITE, "user endpoint", "")                                               \
    /* Of somebody whose settings have this bit. */                                                \
    DB_PROC(PUSH_SUBS, READ_AFTER, "user bit", "endpoint p256dh auth session")                          \
    DB_PROC(PUSH_END, WRITE, "endpoint", "")                                                       \
    DB_PROC(PUSH_FAILED, WRITE, "endpoint", "") /* the tenth time it goes */
/* clang-format on */

#endif
