/* The database of a fuzzed yard: requests wait, and are answered with what the input says, mostly with rows as their
 * procedure gives them, sometimes with anything. */
#ifndef MADANG_TESTS_YARD_DB_H
#define MADANG_TESTS_YARD_DB_H

#include <stdlib.h>
#include <string.h>

#include "edge/store/schema.h"
#include "msg/db.h"

enum { YARD_ASKED = 64, YARD_NOW_MS = 1799999999 };

struct yard_db {
    struct {
        uint64_t number;
        enum db_proc proc;
    } asked[YARD_ASKED];
    unsigned n;
};

static inline bool yard_db_ask(struct yard_db *db, const struct db_request *rq)
{
    schema_init();
    if (!schema_proc(rq->proc) || schema_proc(rq->proc)->n_args != rq->n_args)
        abort(); /* the domain asks with as many values as were agreed */
    if (db->n == YARD_ASKED)
        return false;
    db->asked[db->n].number = rq->number;
    db->asked[db->n++].proc = rq->proc;
    return true;
}

static inline bool yard_named(const char *const *names, const char *name, size_t n)
{
    for (; *names; names++)
        if (strlen(*names) == n && memcmp(*names, name, n) == 0)
            return true;
    return false;
}

/* What a column of that name may hold; `byte` chooses. */
static inline struct val yard_value(const char *name, size_t n, unsigned byte)
{
    static const char *const ids[] = {"id",   "key",  "user", "other", "caller", "callee",
                                      "call", "room", "conv", "maker", "target", NULL};
    static const char *const texts[] = {"name",  "display", "lang",  "title",  "topic",    "text",
                                        "agent", "addr",    "draft", "client", "endpoint", NULL};
    static const char *const times[] = {"created", "started",   "answered", "ended", "used",
                                        "expires", "last_seen", "time",     NULL};
    static const char blob[80];
    if (byte % 16 == 15)
        return VAL_NONE;
    if (byte % 16 == 14)
        return VAL_I(
            byte & 16 ? -1 : INT64_C(1) << 52); /* a database may be wrong, but no time overflows */
    if (yard_named(ids, name, n))
        return VAL_I(70 + byte % 3);
    if (yard_named(texts, name, n))
        return VAL_T(byte % 3 ? STR("ann") : STR("김미나"));
    if (yard_named(times, name, n))
        return VAL_I(YARD_NOW_MS * INT64_C(1000) + byte);
    if (n == 5 && memcmp(name, "flags", 5) == 0)
        return VAL_I(byte % 16 == 13);
    if (n == 6 && memcmp(name, "p256dh", 6) == 0)
        return VAL_B(blob, 65);
    if (n == 8 && memcmp(name, "password", 8) == 0)
        return VAL_T(STR("$argon2id$x"));
    return byte % 8 == 7 ? VAL_B(blob, byte % 80) : VAL_I(byte % 3);
}

static inline void yard_row(const struct sql_info *info, const uint8_t *bytes, size_t n,
                            struct buf *rows)
{
    struct val cols[DB_COLS_MAX];
    const char *name = info->cols;
    for (unsigned i = 0; i < info->n_cols; i++) {
        size_t len = strcspn(name, " ");
        cols[i] = yard_value(name, len, n ? bytes[i % n] : 0);
        name += len + (name[len] == ' ');
    }
    db_row_write(rows, cols, info->n_cols);
}

/* Takes out the oldest, or the one before the last, and answers it. how: 0..2 a row, 3 two, 4 none, 5 the bytes as
 * they are, 6 and on: a status that is no success. */
static inline struct db_answer yard_db_answer(struct yard_db *db, unsigned how, struct str bytes,
                                              struct buf *rows)
{
    unsigned at = how & 128 && db->n > 1 ? db->n - 2 : 0;
    struct db_answer a = {.proc = db->asked[at].proc, .number = db->asked[at].number};
    const struct sql_info *info = schema_proc(a.proc);
    memmove(&db->asked[at], &db->asked[at + 1], (--db->n - at) * sizeof db->asked[0]);
    how %= 12;
    if (how >= 6)
        a.status = (enum db_status)(1 + how % (DB_STATUSES - 1));
    else if (how == 5)
        buf_put_str(rows, bytes);
    else if (how < 4 && info->n_cols > 0)
        for (unsigned i = 0; i < 1 + (how == 3); i++)
            yard_row(info, (const uint8_t *)bytes.p, bytes.n, rows);
    a.rows = a.status == DB_OK ? buf_str(rows) : STR_NONE;
    return a;
}

#endif
