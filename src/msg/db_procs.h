/* The procedures of the database: what the domain may ask of it. One list for each topic, in
 *
 *   msg/db_account.h   people, their ways in, settings of the server   SQL: edge/store/sql_account.c
 *   msg/db_people.h    directory, favourites, blocks, push             SQL: edge/store/sql_people.c
 *   msg/db_call.h      the record of calls                             SQL: edge/store/sql_call.c
 *   msg/db_conv.h      conversations, members, messages                SQL: edge/store/sql_conv.c
 *   msg/db_files.h     files                                           SQL: edge/store/sql_files.c
 *   msg/db_record.h    recordings of rooms                             SQL: edge/store/sql_record.c
 *
 * with lines DB_PROC(SYMBOL, MODE, "arguments", "columns of a row"): names separated by spaces, in order,
 * "" for none. They document, and a unit test counts them against the SQL. MODE is
 *
 *   WRITE       changes something; answered after it was committed: what is answered DB_OK survives
 *   READ        on the reader's thread, beside the writer: sees all that had been answered when it was asked
 *   READ_AFTER  on the writer's thread: sees also what was asked before it and is not answered yet
 *
 * Times are milliseconds since 1970, ids 64 bits (VAL_ID), yes and no 1 and 0. A procedure is given the
 * time; it never looks at a clock. */
#ifndef MADANG_MSG_DB_PROCS_H
#define MADANG_MSG_DB_PROCS_H

#include "msg/db_account.h"
#include "msg/db_call.h"
#include "msg/db_conv.h"
#include "msg/db_files.h"
#include "msg/db_people.h"
#include "msg/db_record.h"

#define DB_PROCS(DB_PROC)     \
    DB_PROCS_ACCOUNT(DB_PROC) \
    DB_PROCS_PEOPLE(DB_PROC)  \
    DB_PROCS_CALL(DB_PROC)    \
    DB_PROCS_CONV(DB_PROC)    \
    DB_PROCS_FILES(DB_PROC)   \
    DB_PROCS_RECORD(DB_PROC)

enum db_mode { DB_WRITE, DB_READ, DB_READ_AFTER };

enum db_proc {
    DB_NONE,
#define DB_PROC_ENUM(symbol, mode, args, cols) DB_##symbol,
    DB_PROCS(DB_PROC_ENUM)
#undef DB_PROC_ENUM
        DB_PROC_COUNT
};

#endif
