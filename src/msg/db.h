/* What the domain asks of the database, without SQL: a procedure of msg/db_procs.h with values in, a
 * status and rows out. Rows are one flat run of bytes, so that letters, the tape and tests carry an answer
 * without knowing it:
 *
 *   row   = u8 number of values, then the values
 *   value = u8 enum val_kind, then INT: 8 bytes; TEXT, BLOB: u32 length, bytes    (big endian)
 *
 * Whoever reads an answer believes none of it: a value of another kind than expected reads as 0 or
 * the empty text, and a row that is broken ends the rows. Slices are borrowed for the time of the call;
 * who queues a letter copies. */
#ifndef MADANG_MSG_DB_H
#define MADANG_MSG_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "msg/db_procs.h"

enum val_kind { VAL_NULL, VAL_INT, VAL_TEXT, VAL_BLOB };

struct val {
    enum val_kind kind;
    int64_t i;    /* INT; 0 otherwise */
    struct str s; /* TEXT (UTF-8), BLOB; empty otherwise */
};

#define VAL_NONE ((struct val){VAL_NULL, 0, {NULL, 0}})

static inline struct val VAL_I(int64_t i) {
    return (struct val){VAL_INT, i, {NULL, 0}};
}

/* An id: 64 bits that SQLite keeps as a signed number. VAL_ID(0) is NULL: no id. */
static inline struct val
VAL_ID(uint64_t id) {
    return id ? VAL_I((int64_t)id) : VAL_NONE;
}

static inline struct val
VAL_T(struct str s) {
    return (struct val){VAL_TEXT, 0, {s.p ? s.p : "", s.n}};
}

/* The same, but NULL when there is no text. */
static inline struct val
VAL_T_OR_NULL(struct str s) {
    return s.n ? VAL_T(s) : VAL_NONE;
}

static inline struct val
VAL_B(const void *p, size_t n) {
    return (struct val){VAL_BLOB, 0, {p ? p : "", n}};
}

static inline uint64_t
val_id(const struct val *v)
{
    return (uint64_t)v->i;
}

#define DB_ARGS_MAX  24        /* values of one request */
#define DB_COLS_MAX  32        /* values of one row */
#define DB_BYTES_MAX (1 << 20) /* of all values of one request */
#define DB_ROWS_MAX  (4 << 20) /* bytes of all rows of one answer; more is DB_FAILED */

enum db_status {
    DB_OK,
    DB_BUSY,     /* too much is waiting, or another process has the database; try again */
    DB_FULL,     /* there is no room on the disk; nothing of this was kept */
    DB_CONFLICT, /* UNIQUE, CHECK or a foreign key said no */
    DB_REFUSED,  /* a step that must find something found nothing: all of it was taken back */
    DB_FAILED,   /* the disk or the database is broken; the log says how */
    DB_STATUSES
};

struct db_request {
    enum db_proc proc;
    uint64_t number; /* the domain's, comes back in the answer; not 0 */
    const struct val *args;
    unsigned n_args;
};

struct db_answer {
    enum db_proc proc;
    uint64_t number; /* 0: nobody's; another process has changed the database */
    enum db_status status;
    struct str rows; /* empty unless DB_OK */
};

/* ---- reading ---- */

struct db_rows {
    struct rd rd;
    bool bad; /* the bytes are no rows: nobody can have written them but a broken recording */
};

static inline struct db_rows db_rows_of(struct str rows)
{
    return (struct db_rows){.rd = rd_of(rows.p, rows.n)};
}

static inline bool val_read(struct rd *rd, struct val *v)
{
    *v = VAL_NONE;
    switch (rd_u8(rd)) {
    case VAL_NULL: break;
    case VAL_INT: *v = VAL_I((int64_t)rd_u64(rd)); break;
    case VAL_TEXT: *v = VAL_T(rd_str(rd, rd_u32(rd))); break;
    case VAL_BLOB: {
        struct str s = rd_str(rd, rd_u32(rd));
        *v = VAL_B(s.p, s.n);
        break;
    }
    default: rd->bad = true;
    }
    return !rd->bad;
}

/* The next row, which has n values; its slices point into the answer. False after the last one, and all
 * values are NULL then. */
static inline bool db_rows_next(struct db_rows *it, struct val *cols, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        cols[i] = VAL_NONE;
    if (it->bad || it->rd.n == 0)
        return false;
    it->bad = rd_u8(&it->rd) != n;
    for (unsigned i = 0; i < n && !it->bad; i++)
        it->bad = !val_read(&it->rd, &cols[i]);
    for (unsigned i = 0; i < n && it->bad; i++)
        cols[i] = VAL_NONE;
    return !it->bad;
}

/* The first row of an answer that is DB_OK; false: there is none. */
static inline bool db_row(const struct db_answer *a, struct val *cols, unsigned n)
{
    struct db_rows it = db_rows_of(a->status == DB_OK ? a->rows : STR_NONE);
    return db_rows_next(&it, cols, n);
}

/* ---- writing: the store, and tests that play it ---- */

static inline void val_write(struct buf *b, const struct val *v)
{
    buf_u8(b, (uint8_t)v->kind);
    if (v->kind == VAL_INT) {
        buf_u64(b, (uint64_t)v->i);
    } else if (v->kind != VAL_NULL) {
        buf_u32(b, (uint32_t)v->s.n);
        buf_put_str(b, v->s);
    }
}

static inline void db_row_write(struct buf *b, const struct val *cols, unsigned n)
{
    buf_u8(b, (uint8_t)n);
    for (unsigned i = 0; i < n; i++)
        val_write(b, &cols[i]);
}

#endif
