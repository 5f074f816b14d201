/* Procedures about recordings of rooms: see msg/db_procs.h. state: msg/record.h. */
#ifndef MADANG_MSG_DB_RECORD_H
#define MADANG_MSG_DB_RECORD_H

/* clang-format off */
#define DB_PROCS_RECORD(DB_PROC)                                                                   \
    DB_PROC(RECORDING_ADD, WRITE, "id user room title state now", "")                              \
    DB_PROC(RECORDING_SET, WRITE, "id state bytes duration", "")                                   \
    /* What ran when the server fell. */                                                           \
    DB_PROC(RECORDINGS_CUT, WRITE, "runs cut_off", "")                                             \
    DB_PROC(RECORDINGS_OF, READ_AFTER, "user limit",                                               \
        "id room title started duration bytes state")                                              \
    /* One of that user's. */                                                                      \
    DB_PROC(RECORDING_OF, READ_AFTER, "id user", "state")                                          \
    /* Anybody's, for the operator; user: the name, or NULL. */                                    \
    DB_PROC(RECORDINGS_ALL, READ, "after limit",                                                   \
        "id user room title started duration bytes state")                                         \
    DB_PROC(RECORDING_GET, READ, "id", "state")                                                    \
    DB_PROC(RECORDING_REMOVE, WRITE, "id", "")                                                     \
    /* Those of people who have deleted their account. */                                          \
    DB_PROC(RECORDINGS_LEFT, READ_AFTER, "runs limit", "id")                                       \
    /* One that is over, of whoever has signed in with this. */                                    \
    DB_PROC(RECORDING_FOR, READ, "token now id runs", "title started")
/* clang-format on */

#endif
