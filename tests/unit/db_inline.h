/* The real database in memory, without threads: for fixtures that play the store. A request is run at once
 * (so that a write is seen by the next request), the answer waits until it is asked for, since it must not come
 * from within the call that asked. */
#ifndef MADANG_TESTS_DB_INLINE_H
#define MADANG_TESTS_DB_INLINE_H

#include "base/list.h"
#include "base/mem.h"
#include "edge/store/db.h"

struct db_inline_answer {
    struct list link;
    struct db_answer answer;
    struct buf rows;
};

struct db_inline {
    struct db *db; /* opened by the first request */
    struct list answers;
    unsigned waiting;
    unsigned asked;      /* ever */
    enum db_status fail; /* not DB_OK: what every request is answered, without being run */
    bool refuse;         /* the queue is full */
    bool hold;           /* answers wait */
};

static inline struct db *db_inline_open(struct db_inline *in)
{
    char why[512];
    if (!in->db) {
        list_init(&in->answers);
        in->db = db_open(":memory:", &(struct db_conf){0}, why, sizeof why);
        if (!in->db)
            fail_msg("%s", why);
    }
    return in->db;
}

static inline bool db_inline_ask(struct db_inline *in, const struct db_request *request)
{
    db_inline_open(in);
    if (in->refuse)
        return false;
    struct db_inline_answer *a = xcalloc(1, sizeof *a);
    buf_init(&a->rows, DB_ROWS_MAX);
    a->answer = (struct db_answer){request->proc, request->number, in->fail, STR_NONE};
    if (in->fail == DB_OK)
        a->answer.status = db_run(in->db, request, &a->rows);
    a->answer.rows = buf_str(&a->rows);
    list_push_back(&in->answers, &a->link);
    in->waiting++;
    in->asked++;
    return true;
}

static inline void db_inline_answer(struct db_inline *in,
                                    void (*give)(void *ctx, const struct db_answer *answer),
                                    void *ctx)
{
    while (in->waiting > 0 && !in->hold) {
        struct db_inline_answer *a =
            container_of(list_pop_front(&in->answers), struct db_inline_answer, link);
        in->waiting--;
        give(ctx, &a->answer);
        buf_free(&a->rows);
        xfree(a);
    }
}

static inline void db_inline_drop(void *ctx, const struct db_answer *answer)
{
    (void)ctx;
    (void)answer;
}

static inline void db_inline_free(struct db_inline *in)
{
    in->hold = false;
    db_inline_answer(in, db_inline_drop, NULL);
    db_close(in->db);
    in->db = NULL;
}

#endif
