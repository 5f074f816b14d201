/* Procedures about the record of calls: see msg/db_procs.h. */
#ifndef MADANG_MSG_DB_CALL_H
#define MADANG_MSG_DB_CALL_H

/* clang-format off */
#define DB_PROCS_CALL(DB_PROC)                                                                     \
    /* A call rings: its record, and a line in the history of both. */                             \
    DB_PROC(CALL_ADD, WRITE, "id caller callee room video now", "")                                \
    DB_PROC(CALL_ANSWERED, WRITE, "id room now", "")                                               \
    /* REFUSED: it has ended before. */                                                            \
    DB_PROC(CALL_ENDED, WRITE, "id state reason now", "")                                          \
    DB_PROC(CALLS_OF, READ, "user before limit",                                                   \
        "call other way state reason started answered ended video seen")                           \
    DB_PROC(CALLS_MISSED, READ_AFTER, "user", "missed")                                            \
    DB_PROC(CALLS_SEEN, WRITE, "user", "")
/* clang-format on */

#endif
