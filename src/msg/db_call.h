/* Procedures about the record of calls: see msg/db_procs.h. */
#ifndef MADANG_MSG_DB_CALL_H
#define MADANG_MSG_DB_CALL_H

/* clang-format off */
#define DB_PROCS_CALL(DB_PROC)                                                                     \
    /* The record as it is now, whole, and a line in the history of both; again makes it anew. hidden: the callee \
     * gets no line. CONFLICT: one of the two is no more. */                                       \
    DB_PROC(CALL_PUT, WRITE,                                                                       \
        "id caller callee room video state reason text started answered ended now hidden missed", "") \
    /* All that go on and were recorded since `since` still do. */                                 \
    DB_PROC(CALLS_ALIVE, WRITE, "now since", "")                                                   \
    /* After a restart: what rang then was not answered. */                                        \
    DB_PROC(CALLS_RANG, WRITE, "before state reason", "")                                          \
    /* A while after it: those that nobody came back to are over. */                               \
    DB_PROC(CALLS_CLOSE, WRITE, "before state reason", "")                                         \
    DB_PROC(CALL_GET, READ_AFTER, "id",                                                            \
        "caller callee room video started answered ended alive")                                         \
    DB_PROC(CALLS_OF, READ_AFTER, "user before limit",                                             \
        "call other name display avatar way state reason text started answered ended video missed seen") \
    DB_PROC(CALLS_MISSED, READ_AFTER, "user", "missed")                                            \
    DB_PROC(CALLS_SEEN, WRITE, "user", "")                                                         \
    /* REFUSED: it was not this one's call. */                                                     \
    DB_PROC(CALL_STARS, WRITE, "call user stars", "")
/* clang-format on */

#endif
