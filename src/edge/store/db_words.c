/* The tokenizer "madang" of FTS5: SQLite's interface around edge/store/words.h. */
#include <sqlite3.h>

#include "edge/store/db_int.h"
#include "edge/store/words.h"

enum { QUERY_MAX = 16384 };

struct sink {
    void *ctx;
    int (*token)(void *, int, const char *, int, int, int);
};

static int put(void *ctx, struct str word, size_t start, size_t end)
{
    const struct sink *s = ctx;
    return s->token(s->ctx, 0, word.p, (int)word.n, (int)start, (int)end);
}

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
                    int (*token)(void *, int, const char *, int, int, int))
{
    struct sink s = {ctx, token};
    (void)t;
    return words_cut(str_of(text, (size_t)n), (flags & FTS5_TOKENIZE_QUERY) != 0, put, &s);
}

/* It has no state; SQLite wants a pointer that is not NULL. */
static int create(void *ctx, const char **args, int n, Fts5Tokenizer **out)
{
    static char nothing;
    (void)ctx;
    (void)args;
    (void)n;
    *out = (Fts5Tokenizer *)&nothing;
    return SQLITE_OK;
}

static void forget(Fts5Tokenizer *t)
{
    (void)t;
}

static fts5_api *api_of(sqlite3 *sq)
{
    fts5_api *api = NULL;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(sq, "SELECT fts5(?1)", -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(st);
    }
    sqlite3_finalize(st);
    return api;
}

/* madang_query(typed): a query that finds nothing when there is nothing to look for. */
static void query(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    const char *typed = (const char *)sqlite3_value_text(args[0]);
    struct buf b;
    (void)n;
    buf_init(&b, QUERY_MAX);
    if (!words_query(&b, str_of(typed, (size_t)sqlite3_value_bytes(args[0]))) || b.failed) {
        buf_reset(&b);
        buf_puts(&b, "\"\"");
    }
    sqlite3_result_text(ctx, buf_str(&b).p, (int)buf_len(&b), SQLITE_TRANSIENT);
    buf_free(&b);
}

bool db_words_register(struct sqlite3 *sq)
{
    fts5_tokenizer own = {create, forget, tokenize};
    fts5_api *api = api_of(sq);
    return api && api->iVersion >= 2 &&
           api->xCreateTokenizer(api, "madang", NULL, &own, NULL) == SQLITE_OK &&
           sqlite3_create_function(sq, "madang_query", 1,
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                   query, NULL, NULL) == SQLITE_OK;
}
