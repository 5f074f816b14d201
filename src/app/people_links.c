#include "app/people_links.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/util.h"
#include "edge/store/db.h"

enum { ROWS = 4096 };
#define DAY_MS INT64_C(86400000)

static bool run(struct db *db, enum db_proc proc, const struct val *args, unsigned n)
{
    struct buf rows;
    buf_init(&rows, ROWS);
    bool good = db_run(db, &(struct db_request){proc, 1, args, n}, &rows) == DB_OK;
    buf_free(&rows);
    return good;
}

bool people_link(struct db *db, enum invite_kind kind, uint64_t target, int64_t uses,
                 int64_t now_ms, int64_t ttl_ms, char path[PEOPLE_PATH_MAX])
{
    uint8_t code[INVITE_LEN], hash[SHA256_SIZE];
    char text[B64URL_SIZE(INVITE_LEN)];
    uint64_t key;
    random_bytes(code, sizeof code);
    random_bytes(&key, sizeof key);
    sha256(code, sizeof code, hash);
    b64url_encode(text, sizeof text, code, sizeof code);
    snprintf(path, PEOPLE_PATH_MAX, "/i/%s", text);
    const struct val old[] = {VAL_I(kind)};
    const struct val args[] = {
        VAL_B(hash, sizeof hash),
        VAL_ID(ID_MAKE(0, 0, key | 1)),
        VAL_NONE,
        VAL_I(kind),
        VAL_ID(target),
        VAL_I(uses),
        VAL_I(now_ms),
        VAL_I(now_ms + ttl_ms),
    };
    bool good = (kind != INVITE_ADMIN || run(db, DB_INVITES_VOID, old, 1)) &&
                run(db, DB_INVITE_ADD, args, ARRAY_LEN(args));
    memzero(code, sizeof code);
    memzero(text, sizeof text);
    if (!good)
        path[0] = 0;
    return good;
}

static bool has_admin(struct db *db)
{
    struct buf rows;
    struct val row[1];
    buf_init(&rows, ROWS);
    struct db_answer a = {
        .status = db_run(db, &(struct db_request){DB_ADMIN_EXISTS, 1, NULL, 0}, &rows)};
    a.rows = buf_str(&rows);
    bool has = !db_row(&a, row, 1) || row[0].i > 0;
    buf_free(&rows);
    return has;
}

/* What the last run of the server knew (domain/steady.h). */
static int64_t kept_clock(struct db *db)
{
    const struct val key = VAL_T(STR("clock"));
    struct db_request rq = {DB_SETTING_GET, 0, &key, 1};
    struct val row;
    struct buf rows;
    uint64_t known;
    int64_t ms = 0;
    buf_init(&rows, ROWS);
    struct db_answer a = {.proc = DB_SETTING_GET, .status = db_run(db, &rq, &rows)};
    a.rows = buf_str(&rows);
    if (db_row(&a, &row, 1) && str_to_u64(row.s, INT64_MAX / 1000, &known))
        ms = (int64_t)known;
    buf_free(&rows);
    return ms;
}

bool people_first_link(const char *database, int64_t now_ms, bool quiet, char path[PEOPLE_PATH_MAX],
                       int64_t *clock_ms)
{
    char why[1024];
    struct db *db = db_open(database, &(struct db_conf){0}, why, sizeof why);
    path[0] = 0;
    *clock_ms = 0;
    if (!db)
        return false; /* the store will say so */
    *clock_ms = kept_clock(db);
    bool made = !quiet && !has_admin(db) &&
                people_link(db, INVITE_ADMIN, 0, 1, now_ms, 7 * DAY_MS, path);
    db_close(db);
    return made;
}
