/* People with accounts in the small world of domain_world.h. */
#ifndef MADANG_TESTS_ACCOUNT_WORLD_H
#define MADANG_TESTS_ACCOUNT_WORLD_H

#include "domain_world.h"

#include "domain/domain_int.h"
#include "domain/user.h"
#include "domain/username.h"

static inline struct world *open_world(void)
{
    struct world *w = world_new();
    w->cfg.registration = REGISTRATION_OPEN;
    w->addr_key = 7;
    world_again(w);
    return w;
}

/* post() with values: quotes are ' as there. */
static inline const char *call(struct world *w, struct browser *b, const char *verb,
                               const char *fmt, ...) PRINTF_CHECK(4, 5);
static inline const char *call(struct world *w, struct browser *b, const char *verb,
                               const char *fmt, ...)
{
    char text[8192];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, sizeof text - 1);
    return post(w, b, verb, text);
}

#define PW "correct horse"

/* An account with the password PW. */
static inline struct browser person(struct world *w, const char *name)
{
    struct browser b = {.has_cookie = false};
    const char *a = call(w, &b, "register", "{'name':'%s','password':'" PW "'}", name);
    if (!has(a, "{'user':{"))
        fail_msg("%s", a);
    assert_true(b.has_cookie);
    return b;
}

static inline const char *sign_in(struct world *w, struct browser *b, const char *name,
                                  const char *password)
{
    return call(w, b, "sign_in", "{'name':'%s','password':'%s'}", name, password);
}

/* A live session with that browser's cookie. */
static inline struct client *session_of(struct world *w, const struct browser *b)
{
    struct client *c = client_new(w);
    c->browser = b;
    assert_ack(ask(c, "'type':'hello','v':1"));
    return c;
}

/* The key of that session's sign-in. */
static inline uint64_t sign_in_of(const struct client *c)
{
    return session_find(c->w->d, c->session)->web_key;
}

/* Runs a procedure as another process would: the first value of the first row, 0 without. */
static inline int64_t outside(struct world *w, enum db_status expected, enum db_proc proc,
                              const struct val *args, unsigned n)
{
    struct db_request rq = {proc, 0, args, n};
    struct val first[DB_COLS_MAX];
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), expected);
    struct rd rd = rd_of(buf_data(&rows), buf_len(&rows));
    first[0] = VAL_NONE;
    if (rd_u8(&rd) > 0)
        val_read(&rd, &first[0]);
    int64_t i = first[0].i;
    buf_free(&rows);
    return i;
}
#define OUTSIDE(w, proc, ...)                                  \
    outside(w, DB_OK, proc, (const struct val[]){__VA_ARGS__}, \
            sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))

#endif
