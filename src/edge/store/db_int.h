/* The inside of the database connection. Only src/edge/store and its tests include this. */
#ifndef MADANG_EDGE_STORE_DB_INT_H
#define MADANG_EDGE_STORE_DB_INT_H

#include "edge/store/db.h"
#include "edge/store/schema.h"

struct sqlite3;
struct sqlite3_stmt;

struct db {
    struct sqlite3 *sq;
    char *path;
    int wal_pages;
    unsigned busy_ms, failures;
    struct sqlite3_stmt *statements[DB_PROC_COUNT][SQL_STEPS_MAX]; /* prepared when first used */
};

/* What a result code of SQLite means to who asked. */
enum db_status db_status_of(struct db *db, int rc);
/* The first value of a statement; -1 on failure. */
int64_t db_pragma(struct db *db, const char *sql);
/* Makes the tokenizer "madang" known (db_words.c); false: this SQLite has no FTS5. */
bool db_words_register(struct sqlite3 *sq);
/* Are the tables those of a fresh database? */
bool db_same_tables(struct db *db, const char *path, char *err, size_t errlen);

#endif
