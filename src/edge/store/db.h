/*
 * The database, synchronously: one SQLite connection that knows the procedures of msg/db_procs.h. The
 * store's threads own one each; tests and tools use it directly, also in memory (":memory:"). WAL,
 * synchronous=FULL, foreign keys, secure_delete: what db_commit() has answered DB_OK survives the
 * loss of power.
 *
 * Requests that change something run in a group: db_begin(), db_run() for each, db_commit(). One that fails
 * is taken back alone. Without a group, db_run() makes a group of the one.
 */
#ifndef MADANG_EDGE_STORE_DB_H
#define MADANG_EDGE_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "msg/db.h"

struct db;

struct db_conf {
    bool reader;          /* may not write, makes and migrates nothing */
    unsigned busy_ms;     /* how long it waits for other processes; 0: 2,000 */
    const char *vfs;      /* SQLite's name of a VFS; NULL: the default */
    unsigned max_pages;   /* tests of a full disk: the database may have so many; 0: no limit */
    bool own_checkpoints; /* db_checkpoint() is called; otherwise SQLite does it within commits */
};

/* Opens or makes the database and brings its tables up to date. Reads nothing big. NULL with a sentence in
 * err: it is damaged, of a newer madang, no database of ours, or the disk refuses. */
struct db *db_open(const char *path, const struct db_conf *conf, char *err, size_t errlen);
void db_close(struct db *db);

/* Runs a request; rows are appended to `rows` (nothing unless DB_OK). */
enum db_status db_run(struct db *db, const struct db_request *request, struct buf *rows);

enum db_status db_begin(struct db *db);
/* After each db_run() of a group: false when SQLite took the whole group back (a full or failing disk): all
 * that the group had done before is undone, and there is no group any more. */
bool db_in_group(const struct db *db);
/* Not DB_OK: nothing of the group was kept. */
enum db_status db_commit(struct db *db);
void db_rollback(struct db *db);

/* Copies what lies in the write-ahead log into the database, as far as readers let it. Returns the pages that
 * are not copied yet; -1: the disk refused. */
int db_checkpoint(struct db *db);
/* Copies all of it and cuts the log's file to nothing, so that what was deleted is nowhere any more. False: a reader
 * was in the way. Does not wait. */
bool db_shred(struct db *db);
/* Pages in the log after the last commit. */
int db_wal_pages(const struct db *db);

/* Changes when another connection has committed something (PRAGMA data_version). */
int64_t db_data_version(struct db *db);

/* What went wrong last, for the log: SQLite's words. Borrowed until the next call. */
const char *db_error(const struct db *db);

/* "ok", "busy", ...: for metrics and the log. */
const char *db_status_name(enum db_status status);

/* Copies a database to `file`, which must not exist, while others use it. `err` gets a sentence on false. */
bool db_backup(struct db *db, const char *file, char *err, size_t errlen);
/* integrity_check, foreign_key_check, and that the tables are those of this version. What is wrong is appended to
 * `out`, a line each; false when something is. */
bool db_check(struct db *db, struct buf *out);

#endif
