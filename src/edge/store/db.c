#include "edge/store/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "edge/store/db_int.h"

enum { BUSY_MS = 2000, CACHE_KB = 16 * 1024, FAILURES_SAID = 10, SQLITE_NEEDED = 3038000 };

/* ---- what SQLite says ---- */

static bool no_room(const struct db *db, int rc)
{
    int e = sqlite3_system_errno(db->sq);
    return (rc & 0xff) == SQLITE_FULL ||
           ((rc & 0xff) == SQLITE_IOERR && (e == ENOSPC || e == EDQUOT));
}

enum db_status db_status_of(struct db *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return DB_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return DB_BUSY;
    case SQLITE_CONSTRAINT: return DB_CONFLICT;
    default: return no_room(db, rc) ? DB_FULL : DB_FAILED;
    }
}

const char *db_status_name(enum db_status status)
{
    static const char *const names[] = {"ok", "busy", "full", "conflict", "refused", "failed"};
    return (unsigned)status < DB_STATUSES ? names[status] : "?";
}

const char *db_error(const struct db *db)
{
    return sqlite3_errmsg(db->sq);
}

/* A disk that fails, fails often: the first words tell it all. A commit that is kept begins anew. */
static bool worth_a_line(struct db *db)
{
    return db->failures++ < FAILURES_SAID;
}

static int exec(struct db *db, const char *sql)
{
    return sqlite3_exec(db->sq, sql, NULL, NULL, NULL);
}

int64_t db_pragma(struct db *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db->sq, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

/* ---- a request ---- */

static sqlite3_stmt *statement(struct db *db, enum db_proc proc, unsigned step)
{
    sqlite3_stmt **at = &db->statements[proc][step];
    const char *sql = schema_proc(proc)->sql->steps[step].sql;
    if (!*at && sqlite3_prepare_v3(db->sq, sql, -1, SQLITE_PREPARE_PERSISTENT, at, NULL) != 0)
        log_error("store", NULL, "%s, step %u: %s", schema_proc(proc)->name, step, db_error(db));
    return *at;
}

static int bind_one(sqlite3_stmt *st, int i, const struct val *v)
{
    switch (v->kind) {
    case VAL_INT: return sqlite3_bind_int64(st, i, v->i);
    case VAL_TEXT: return sqlite3_bind_text(st, i, v->s.p, (int)v->s.n, SQLITE_STATIC);
    case VAL_BLOB: return sqlite3_bind_blob(st, i, v->s.p, (int)v->s.n, SQLITE_STATIC);
    default: return sqlite3_bind_null(st, i);
    }
}

static struct val column(sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER: return VAL_I(sqlite3_column_int64(st, i));
    case SQLITE_FLOAT: return VAL_I(sqlite3_column_int64(st, i));
    case SQLITE_TEXT: {
        const void *p = sqlite3_column_text(st, i);
        return VAL_T(str_of(p, (size_t)sqlite3_column_bytes(st, i)));
    }
    case SQLITE_BLOB: {
        const void *p = sqlite3_column_blob(st, i);
        return VAL_B(p, (size_t)sqlite3_column_bytes(st, i));
    }
    default: return VAL_NONE;
    }
}

static bool put_row(sqlite3_stmt *st, struct buf *rows)
{
    struct val cols[DB_COLS_MAX];
    unsigned n = (unsigned)MIN_OF(sqlite3_column_count(st), DB_COLS_MAX);
    for (unsigned i = 0; i < n; i++)
        cols[i] = column(st, (int)i);
    db_row_write(rows, cols, n);
    return !rows->failed && buf_len(rows) <= DB_ROWS_MAX;
}

/* One step: its rows replace those of the step before, if it gives rows. */
static enum db_status run_step(struct db *db, const struct db_request *rq, unsigned step,
                               struct buf *rows, size_t from)
{
    const struct sql_step *what = &schema_proc(rq->proc)->sql->steps[step];
    sqlite3_stmt *st = statement(db, rq->proc, step);
    int rc = SQLITE_OK, found = 0;
    bool fits = true;
    if (!st)
        return DB_FAILED;
    int n = MIN_OF(sqlite3_bind_parameter_count(st), (int)rq->n_args);
    for (int i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind_one(st, i + 1, &rq->args[i]);
    if (sqlite3_column_count(st) > 0)
        buf_truncate(rows, from);
    while (rc == SQLITE_OK && fits && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        found++;
        fits = put_row(st, rows);
        rc = SQLITE_OK;
    }
    if (rc == SQLITE_DONE && sqlite3_column_count(st) == 0)
        found = sqlite3_changes(db->sq);
    enum db_status status = fits ? db_status_of(db, rc) : DB_FAILED;
    if (status == DB_FAILED && worth_a_line(db))
        log_error("store", NULL, "%s: %s", schema_proc(rq->proc)->name,
                  fits ? db_error(db) : "its rows are too many");
    if (status == DB_OK && what->message)
        db_index_later(db);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return status == DB_OK && what->must && found == 0 ? DB_REFUSED : status;
}

static bool wanted(const struct sql_step *step, const struct db_request *rq, bool fresh)
{
    return (fresh || !step->fresh) &&
           (step->given == 0 || rq->args[step->given - 1].kind != VAL_NULL);
}

enum db_status db_steps(struct db *db, const struct db_request *rq, struct buf *rows)
{
    const struct sql_step *steps = schema_proc(rq->proc)->sql->steps;
    enum db_status status = DB_OK;
    size_t from = buf_len(rows);
    unsigned unindexed = db->n_unindexed;
    for (unsigned i = 0; i < SQL_STEPS_MAX && steps[i].sql && status == DB_OK; i++)
        if (wanted(&steps[i], rq, db->n_unindexed > unindexed))
            status = run_step(db, rq, i, rows, from);
    if (status != DB_OK)
        buf_truncate(rows, from);
    return status;
}

static bool known(const struct db_request *rq)
{
    const struct sql_info *info = schema_proc(rq->proc);
    if (info && info->sql && info->n_args == rq->n_args)
        return true;
    log_error("store", NULL, "procedure %s is asked with %u values", info ? info->name : "?",
              rq->n_args);
    return false;
}

/* A statement without values or rows, prepared when first used. */
static bool again(struct db *db, sqlite3_stmt **st, const char *sql)
{
    if (!*st)
        sqlite3_prepare_v3(db->sq, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    bool good = *st && sqlite3_step(*st) == SQLITE_DONE;
    sqlite3_reset(*st);
    return good;
}

static enum db_status run_saved(struct db *db, const struct db_request *rq, struct buf *rows)
{
    unsigned unindexed = db->n_unindexed;
    if (!again(db, &db->save, "SAVEPOINT request"))
        return db_status_of(db, sqlite3_extended_errcode(db->sq));
    enum db_status status = db_steps(db, rq, rows);
    if (status != DB_OK && db_in_group(db)) {
        again(db, &db->undo, "ROLLBACK TO request");
        db->n_unindexed = unindexed;
    }
    if (db_in_group(db))
        again(db, &db->release, "RELEASE request");
    return status;
}

/* One step is all or nothing by itself; several need a savepoint. */
static enum db_status run_in_group(struct db *db, const struct db_request *rq, struct buf *rows)
{
    const struct sql_info *info = schema_proc(rq->proc);
    if (info->mode != DB_WRITE)
        return db_steps(db, rq, rows);
    /* Before the savepoint: words of others' messages must not go with a request that fails. */
    enum db_status status = db_index_due(db, info->sql) ? db_index(db) : DB_OK;
    if (status != DB_OK)
        return status;
    return info->sql->steps[1].sql ? run_saved(db, rq, rows) : db_steps(db, rq, rows);
}

enum db_status db_run(struct db *db, const struct db_request *rq, struct buf *rows)
{
    size_t from = buf_len(rows);
    if (!known(rq))
        return DB_FAILED;
    if (db_in_group(db) || schema_proc(rq->proc)->mode != DB_WRITE)
        return run_in_group(db, rq, rows);
    enum db_status status = db_begin(db);
    if (status == DB_OK)
        status = run_in_group(db, rq, rows);
    if (status == DB_OK)
        status = db_commit(db);
    else
        db_rollback(db);
    if (status != DB_OK)
        buf_truncate(rows, from);
    return status;
}

/* ---- groups ---- */

bool db_in_group(const struct db *db)
{
    return !sqlite3_get_autocommit(db->sq);
}

enum db_status db_begin(struct db *db)
{
    db->n_unindexed = 0;
    return db_status_of(db, exec(db, "BEGIN IMMEDIATE"));
}

enum db_status db_commit(struct db *db)
{
    enum db_status status = db_index(db);
    if (status == DB_OK)
        status = db_status_of(db, exec(db, "COMMIT"));
    if (status != DB_OK) {
        if (status == DB_FAILED && worth_a_line(db))
            log_error("store", NULL, "a commit failed: %s", db_error(db));
        db_rollback(db);
    } else {
        db->failures = 0;
    }
    return status;
}

void db_rollback(struct db *db)
{
    if (db_in_group(db))
        exec(db, "ROLLBACK");
}

static int on_wal(void *ctx, sqlite3 *sq, const char *name, int pages)
{
    struct db *db = ctx;
    (void)sq;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

int db_checkpoint(struct db *db)
{
    int in_log = 0, done = 0;
    int rc = sqlite3_wal_checkpoint_v2(db->sq, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
    if (rc == SQLITE_OK && in_log >= 0)
        db->wal_pages = in_log;
    return rc == SQLITE_OK ? in_log - done : -1;
}

bool db_shred(struct db *db)
{
    sqlite3_busy_timeout(db->sq, 0);
    int rc = sqlite3_wal_checkpoint_v2(db->sq, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(db->sq, (int)db->busy_ms);
    if (rc == SQLITE_OK)
        db->wal_pages = 0;
    return rc == SQLITE_OK;
}

int db_wal_pages(const struct db *db)
{
    return db->wal_pages;
}

int64_t db_data_version(struct db *db)
{
    return db_pragma(db, "PRAGMA data_version");
}

/* ---- opening ---- */

PRINTF_CHECK(3, 4)
static bool refuse(char *err, size_t errlen, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, errlen, fmt, ap);
    va_end(ap);
    return false;
}

static bool set_up(struct db *db, const struct db_conf *conf)
{
    char text[96];
    sqlite3_extended_result_codes(db->sq, 1);
    db->busy_ms = conf->busy_ms ? conf->busy_ms : BUSY_MS;
    sqlite3_busy_timeout(db->sq, (int)db->busy_ms);
    sqlite3_db_config(db->sq, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sq, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db->sq, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->sq, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    snprintf(text, sizeof text, "PRAGMA cache_size = -%d", CACHE_KB);
    if (!db_words_register(db->sq))
        return false;
    /* The first statement reads the file's head: a damaged one shows itself here. */
    return exec(db, "PRAGMA foreign_keys = ON") == SQLITE_OK &&
           exec(db, "PRAGMA secure_delete = ON") == SQLITE_OK &&
           exec(db, "PRAGMA synchronous = FULL") == SQLITE_OK &&
           exec(db, "PRAGMA journal_size_limit = 33554432") == SQLITE_OK &&
           exec(db, "PRAGMA temp_store = MEMORY") == SQLITE_OK && exec(db, text) == SQLITE_OK &&
           exec(db, conf->reader ? "PRAGMA query_only = ON" : "PRAGMA journal_mode = WAL") ==
               SQLITE_OK;
}

static bool whose_is_it(struct db *db, const char *path, int64_t *version, char *err, size_t errlen)
{
    int64_t application = db_pragma(db, "PRAGMA application_id");
    int64_t tables = db_pragma(db, "SELECT count(*) FROM sqlite_schema");
    *version = db_pragma(db, "PRAGMA user_version");
    if (application < 0 || tables < 0 || *version < 0)
        return refuse(err, errlen, "The database %s cannot be read: %s.", path, db_error(db));
    if (application != SCHEMA_APPLICATION && (application != 0 || *version != 0 || tables > 0))
        return refuse(err, errlen, "%s is a database, but not one of madang.", path);
    if (*version > SCHEMA_VERSION)
        return refuse(
            err, errlen,
            "The database %s was made by a newer madang (its tables are version %lld, this "
            "program knows %d): start the newer one, or restore an older backup.",
            path, (long long)*version, SCHEMA_VERSION);
    return true;
}

static bool migrate_step(struct db *db, int version)
{
    char text[64];
    const char *const *sql = schema_migrations[version];
    for (; *sql; sql++)
        if (exec(db, *sql) != SQLITE_OK)
            return false;
    snprintf(text, sizeof text, "PRAGMA user_version = %d", version + 1);
    return exec(db, text) == SQLITE_OK;
}

/* All steps in one transaction: the tables are those of before, or those of now. */
static bool migrate(struct db *db, const char *path, int64_t version, char *err, size_t errlen)
{
    char text[64];
    bool good = version == SCHEMA_VERSION;
    if (good)
        return true;
    snprintf(text, sizeof text, "PRAGMA application_id = %d", SCHEMA_APPLICATION);
    good = exec(db, "BEGIN IMMEDIATE") == SQLITE_OK && exec(db, text) == SQLITE_OK;
    /* Another process may have done it meanwhile. */
    version = good ? db_pragma(db, "PRAGMA user_version") : 0;
    for (int v = (int)version; v < SCHEMA_VERSION && good; v++)
        good = migrate_step(db, v);
    if (!good || exec(db, "COMMIT") != SQLITE_OK) {
        refuse(err, errlen, "The tables of the database %s cannot be brought up to date: %s.", path,
               db_error(db));
        db_rollback(db);
        return false;
    }
    return true;
}

static bool open_file(struct db *db, const char *path, const struct db_conf *conf, char *err,
                      size_t errlen)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (conf->reader ? 0 : SQLITE_OPEN_CREATE);
    int64_t version = 0;
    if (sqlite3_open_v2(path, &db->sq, flags, conf->vfs) != SQLITE_OK)
        return refuse(err, errlen, "The database %s cannot be opened: %s%s%s.", path,
                      db->sq ? db_error(db) : "no memory", db->sq && errno ? ", " : "",
                      db->sq && errno ? strerror(errno) : "");
    if (!conf->reader && sqlite3_db_readonly(db->sq, "main") == 1)
        return refuse(err, errlen,
                      "The database %s may only be read: its file, or the disk, is "
                      "write-protected.",
                      path);
    if (!set_up(db, conf))
        return refuse(err, errlen, "The database %s cannot be used: %s.", path, db_error(db));
    if (!whose_is_it(db, path, &version, err, errlen))
        return false;
    if (conf->reader && version != SCHEMA_VERSION)
        return refuse(err, errlen, "The tables of the database %s are not up to date.", path);
    if (!conf->reader && !migrate(db, path, version, err, errlen))
        return false;
    return db_same_tables(db, path, err, errlen);
}

struct db *db_open(const char *path, const struct db_conf *conf, char *err, size_t errlen)
{
    if (sqlite3_libversion_number() < SQLITE_NEEDED) {
        snprintf(err, errlen, "SQLite %s is too old: madang needs 3.38 or newer.",
                 sqlite3_libversion());
        return NULL;
    }
    struct db *db = xcalloc(1, sizeof *db);
    schema_init();
    db->path = xstrdup(path);
    errno = 0;
    if (!open_file(db, path, conf, err, errlen)) {
        db_close(db);
        return NULL;
    }
    sqlite3_wal_hook(db->sq, on_wal, db);
    if (!conf->own_checkpoints)
        sqlite3_wal_autocheckpoint(db->sq, 1000);
    if (conf->max_pages) {
        char text[64];
        snprintf(text, sizeof text, "PRAGMA max_page_count = %u", conf->max_pages);
        exec(db, text);
    }
    return db;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (unsigned i = 0; i < DB_PROC_COUNT; i++)
        for (unsigned k = 0; k < SQL_STEPS_MAX; k++)
            sqlite3_finalize(db->statements[i][k]);
    sqlite3_finalize(db->save);
    sqlite3_finalize(db->undo);
    sqlite3_finalize(db->release);
    sqlite3_close(db->sq);
    xfree(db->path);
    xfree(db);
}
