/* Procedures about conversations and their messages: see msg/db_procs.h. */
#ifndef MADANG_MSG_DB_CONV_H
#define MADANG_MSG_DB_CONV_H

/* clang-format off */
#define DB_PROCS_CONV(DB_PROC)                                                                     \
    /* The direct conversation of two people, low < high: made unless it is there. state: of `high`'s and \
     * `low`'s membership when it is made. */                                                      \
    DB_PROC(CONV_DIRECT, WRITE, "id low high now state_low state_high", "id")                      \
    DB_PROC(CONV_GET, READ_AFTER, "id",                                                            \
        "id kind created last_seq last_time title topic owner flags password retention picture")   \
    DB_PROC(CONV_MEMBERS, READ_AFTER, "conv", "user role state read_seq delivered_seq")            \
    /* Idempotent: the same client id of the same author again gives the seq and time of before, and is_new \
     * is 0. REFUSED: there is no such conversation. */                                            \
    DB_PROC(MESSAGE_ADD, WRITE, "conv author client now text reply", "id seq time is_new")         \
    /* The last `limit` messages before seq `before`, newest first. */                             \
    DB_PROC(HISTORY_BEFORE, READ, "conv before limit",                                             \
        "id seq author time text reply edited deleted client")                                     \
    DB_PROC(READ_MARK, WRITE, "conv user seq", "")
/* clang-format on */

#endif
