/* What operators do with a database: look whether it is sound, copy it. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "edge/store/db_int.h"

enum { BACKUP_BUSY_MS = 50, BACKUP_BUSY_TIMES = 200, SAYS_MAX = 100 };

/* ---- the same tables? ---- */

static const char list_tables[] =
    "SELECT coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"
    " ORDER BY type, name";

static bool schema_text(sqlite3 *sq, struct buf *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(sq, list_tables, -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        buf_puts(out, (const char *)sqlite3_column_text(st, 0));
        buf_puts(out, ";\n");
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE;
}

static bool fresh_text(struct buf *out)
{
    sqlite3 *sq = NULL;
    bool good = sqlite3_open(":memory:", &sq) == SQLITE_OK && db_words_register(sq);
    for (int v = 0; v < SCHEMA_VERSION; v++)
        for (const char *const *sql = schema_migrations[v]; *sql && good; sql++)
            good = sqlite3_exec(sq, *sql, NULL, NULL, NULL) == SQLITE_OK;
    good = good && schema_text(sq, out);
    sqlite3_close(sq);
    return good;
}

bool db_same_tables(struct db *db, const char *path, char *err, size_t errlen)
{
    struct buf fresh, here;
    buf_init(&fresh, 1 << 20);
    buf_init(&here, 1 << 20);
    bool same = fresh_text(&fresh) && schema_text(db->sq, &here) &&
                str_eq(buf_str(&fresh), buf_str(&here));
    if (!same)
        snprintf(err, errlen,
                 "The tables of the database %s are not those of this version of madang: restore a "
                 "backup, or move the file away to begin anew.",
                 path);
    buf_free(&fresh);
    buf_free(&here);
    return same;
}

/* ---- check ---- */

static bool says(struct db *db, const char *sql, const char *fine, const char *what,
                 struct buf *out)
{
    sqlite3_stmt *st = NULL;
    bool good = true;
    int rc = sqlite3_prepare_v2(db->sq, sql, -1, &st, NULL), n = 0;
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        text = text ? text : "";
        if (!fine || strcmp(text, fine) != 0) {
            good = false;
            if (n++ < SAYS_MAX)
                buf_putf(out, "%s: %s\n", what, text);
        }
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE) {
        good = false;
        buf_putf(out, "%s: %s\n", what, db_error(db));
    }
    sqlite3_finalize(st);
    return good;
}

bool db_check(struct db *db, struct buf *out)
{
    char why[512];
    bool good = says(db, "PRAGMA integrity_check", "ok", "integrity", out);
    good &= says(db,
                 "SELECT 'row ' || coalesce(rowid, '?') || ' of ' || \"table\" ||"
                 " ' refers to a row of ' || parent || ' that is not there'"
                 " FROM pragma_foreign_key_check",
                 NULL, "foreign key", out);
    if (!db_same_tables(db, db->path, why, sizeof why)) {
        good = false;
        buf_putf(out, "tables: %s\n", why);
    }
    return good;
}

/* ---- backup ---- */

/* All in one step: it is one snapshot, whatever is written meanwhile, and writers do not wait. */
static int copy_pages(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_OK, busy = 0;
    if (!b)
        return sqlite3_errcode(to);
    while (rc == SQLITE_OK) {
        rc = sqlite3_backup_step(b, -1);
        if ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && busy++ < BACKUP_BUSY_TIMES) {
            sqlite3_sleep(BACKUP_BUSY_MS);
            rc = SQLITE_OK;
        }
    }
    int done = sqlite3_backup_finish(b);
    return rc == SQLITE_DONE ? done : rc;
}

static bool sync_file(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

bool db_backup(struct db *db, const char *file, char *err, size_t errlen)
{
    /* Made here, so that only the owner may read it and nothing is overwritten. */
    int fd = open(file, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    sqlite3 *to = NULL;
    if (fd < 0) {
        snprintf(err, errlen, "The backup %s cannot be made: %s.", file, strerror(errno));
        return false;
    }
    close(fd);
    int rc = sqlite3_open(file, &to);
    if (rc == SQLITE_OK)
        rc = copy_pages(to, db->sq);
    /* One file is what people copy away: no log beside it. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    bool good = rc == SQLITE_OK;
    if (!good)
        snprintf(err, errlen, "The backup %s was not finished: %s.", file, sqlite3_errstr(rc));
    sqlite3_close(to);
    if (good && !sync_file(file)) {
        snprintf(err, errlen, "The backup %s cannot be written out: %s.", file, strerror(errno));
        good = false;
    }
    if (!good)
        unlink(file);
    return good;
}
