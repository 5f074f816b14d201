/* The index of words, a group at a time. */
#include <sqlite3.h>

#include "base/buf.h"
#include "edge/store/db_int.h"

void db_index_later(struct db *db)
{
    if (sqlite3_changes(db->sq) > 0)
        db->unindexed[db->n_unindexed++] = sqlite3_last_insert_rowid(db->sq);
}

bool db_index_due(const struct db *db, const struct sql_proc *sql)
{
    bool needs = db->n_unindexed == INDEX_LATER_MAX;
    for (unsigned i = 0; i < SQL_STEPS_MAX && sql->steps[i].sql; i++)
        needs |= sql->steps[i].words;
    return needs && db->n_unindexed > 0;
}

enum db_status db_index(struct db *db)
{
    enum db_status status = DB_OK;
    struct buf none;
    buf_init(&none, 0);
    for (unsigned i = 0; i < db->n_unindexed && status == DB_OK; i++) {
        struct val args[] = {VAL_I(db->unindexed[i])};
        status = db_steps(db, &(struct db_request){DB_MESSAGE_INDEX, 0, args, 1}, &none);
    }
    buf_free(&none);
    db->n_unindexed = 0;
    if (status != DB_OK)
        db_rollback(db);
    return status;
}
