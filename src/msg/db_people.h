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
    DB_PROC(BLOCKS, READ_AFTER, "user", "other")
/* clang-format on */

#endif
