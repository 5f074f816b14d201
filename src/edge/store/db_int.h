/* The inside of the database connection. Only src/edge/store and its tests include this. */
#ifndef MADANG_EDGE_STORE_DB_INT_H
#define MADANG_EDGE_STORE_DB_INT_H

#include "edge/store/db.h"
#include "edge/store/schema.h"

struct sqlite3;
struct sqlite3_stmt;

enum { INDEX_LATER_MAX = 1024 };

struct db {
    struct sqlite3 *sq;
    char *path;
    int wal_pages;
    unsigned busy_ms, failures;
    struct sqlite3_stmt *statements[DB_PROC_COUNT][SQL_STEPS_MAX]; /* prepared when first used */
    struct sqlite3_stmt *save, *undo, *release;                    /* savepoint of a request */
    int64_t unindexed
        [INDEX_LATER_MAX]; /* messages of this group whose words are not yet in the index */
    unsigned n_unindexed;
};

/* Runs the steps of a procedure, without a savepoint. */
enum db_status db_steps(struct db *db, const struct db_request *rq, struct buf *rows);

/* db_index.c. FTS5 writes a segment for each savepoint that comes after a change: a message's words, put in with it,
 * would cost more than all the rest of it. So they wait for the end of the group, and go in at once. */
/* The message that was just added. */
void db_index_later(struct db *db);
/* Before a request: does it need the index whole, or is there no room to remember another message? */
bool db_index_due(const struct db *db, const struct sql_proc *sql);
/* Puts in what waits. Where that fails, the whole group is taken back. */
enum db_status db_index(struct db *db);

/* What a result code of SQLite means to who asked. */
enum db_status db_status_of(struct db *db, int rc);
/* The first value of a statement; -1 on failure. */
int64_t db_pragma(struct db *db, const char *sql);
/* Makes the tokenizer "madang" known (db_words.c); false: this SQLite has no FTS5. */
bool db_words_register(struct sqlite3 *sq);
/* Are the tables those of a fresh database? */
bool db_same_tables(struct db *db, const char *path, char *err, size_t errlen);

#endif
