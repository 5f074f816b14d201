/* Procedures about who knows whom: see msg/db_procs.h.
 *
 * People are rows as `me` may see them, of which disabled and deleted ones are none: first where they stand in
 * the order that is read (a word, or the display name in lower case), then their columns; hidden_since: when
 * they blocked `me`. Reading goes on behind a place (`after`, with `after_id` among equals) and ends after `limit`
 * people; of words also after 2,000, and then the last row is that place, without a name. */
#ifndef MADANG_MSG_DB_PEOPLE_H
#define MADANG_MSG_DB_PEOPLE_H

/* clang-format off */
#define DB_PEOPLE_COLS "place id name display avatar last_seen settings mode hidden_since"
#define DB_PEOPLE_FROM "me after after_id limit"

#define DB_PROCS_PEOPLE(DB_PROC)                                                                   \
    /* Who has a word from `first` on and before `end`, and one from `second` (NULL: whatever) before    \
     * `second_end`; each once, by the first of their words that fits. */                          \
    DB_PROC(PEOPLE_FIND, READ, DB_PEOPLE_FROM " first end second second_end", DB_PEOPLE_COLS)      \
    DB_PROC(PEOPLE_LIST, READ, DB_PEOPLE_FROM, DB_PEOPLE_COLS)                                     \
    DB_PROC(PEOPLE_FAVOURITES, READ_AFTER, DB_PEOPLE_FROM, DB_PEOPLE_COLS)                         \
    DB_PROC(PEOPLE_BLOCKED, READ_AFTER, DB_PEOPLE_FROM, DB_PEOPLE_COLS)                            \
    DB_PROC(PERSON_GET, READ_AFTER, "me user", DB_PEOPLE_COLS)                                     \
    DB_PROC(PERSON_BY_NAME, READ_AFTER, "me name_key", DB_PEOPLE_COLS)                             \
    /* ids: [1,2,3] as text. */                                                                    \
    DB_PROC(PEOPLE_SEEN, READ, "me ids", "id last_seen settings mode hidden_since")                \
    /* seen: [[id,time],...] as text. */                                                           \
    DB_PROC(USERS_SEEN, WRITE, "seen", "")                                                         \
    DB_PROC(USER_SET_PRESENCE, WRITE, "user mode", "")                                             \
    /* REFUSED: there is nobody of that id. Otherwise the row is that person's. */                 \
    DB_PROC(FAVOURITE_ON, WRITE, "user other", DB_PEOPLE_COLS)                                     \
    DB_PROC(FAVOURITE_OFF, WRITE, "user other", DB_PEOPLE_COLS)                                    \
    DB_PROC(FAVOURITES, READ_AFTER, "user", "other")                                               \
    DB_PROC(BLOCK_ON, WRITE, "user other seen", DB_PEOPLE_COLS)                                    \
    DB_PROC(BLOCK_OFF, WRITE, "user other", DB_PEOPLE_COLS)                                        \
    DB_PROC(BLOCKS, READ_AFTER, "user", "other")                                                   \
    /* push; a person has at most 20 browsers: the oldest subscriptions go */                      \
    DB_PROC(PUSH_ADD, WRITE, "endpoint user session p256dh auth now", "")                          \
    DB_PROC(PUSH_REMOVE, WRITE, "user endpoint", "")                                               \
    /* Of somebody whose settings have this bit. */                                                \
    DB_PROC(PUSH_SUBS, READ_AFTER, "user bit from", "endpoint p256dh auth session")                \
    DB_PROC(PUSH_END, WRITE, "endpoint", "")                                                       \
    DB_PROC(PUSH_FAILED, WRITE, "endpoint", "") /* the tenth time it goes */
/* clang-format on */

#endif
