/* People with accounts and names in the world of domain_world.h, signed in with the cookie of a browser; for
 * test_presence.c and test_people.c. */
#ifndef MADANG_TESTS_PEOPLE_WORLD_H
#define MADANG_TESTS_PEOPLE_WORLD_H

#include "domain_world.h"

#include "base/crypto.h"
#include "domain/domain_int.h"
#include "domain/search_key.h"
#include "domain/user.h"

enum { MINA = 1, JUN = 2, SORA = 3, HANA = 4, NOBODY = 99 };

/* As another process, or a test, does it. */
static inline void run_proc(struct world *w, enum db_proc proc, const struct val *args, unsigned n)
{
    struct db_request rq = {proc, 0, args, n};
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    buf_free(&rows);
}
#define RUN(w, proc, ...)                                \
    run_proc(w, proc, (const struct val[]){__VA_ARGS__}, \
             sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))

static inline void put_person(struct world *w, uint64_t id, const char *name, const char *display)
{
    struct buf words;
    struct val n = VAL_T(str_from(name));
    buf_init(&words, SEARCH_KEY_MAX + 1);
    search_key(&words, str_from(name), str_from(display));
    RUN(w, DB_USER_ADD, VAL_ID(id), n, n, n, VAL_T(str_from(display)), VAL_I(0), VAL_NONE,
        VAL_I(USER_SETTINGS_DEFAULT), VAL_T(STR("ko")), VAL_I(1000));
    RUN(w, DB_USER_SET_DISPLAY, VAL_ID(id), VAL_T(str_from(display)), VAL_T(buf_str(&words)));
    buf_free(&words);
}

/* A row's value of that column of USER_GET. */
static inline int64_t stored(struct world *w, uint64_t id, unsigned column)
{
    const struct val args[] = {VAL_ID(id)};
    struct db_request rq = {DB_USER_GET, 1, args, 1};
    struct val row[11];
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    struct db_answer a = {DB_USER_GET, 1, DB_OK, buf_str(&rows)};
    assert_true(db_row(&a, row, 11));
    int64_t v = row[column].i;
    buf_free(&rows);
    return v;
}
enum { COLUMN_PRESENCE = 6, COLUMN_LAST_SEEN = 10 };

/* A new sign-in of that person in another browser, and a page of it. */
static inline struct client *device(struct world *w, uint64_t user)
{
    static struct browser browsers[CLIENTS_MAX];
    struct client *c = client_new(w);
    struct browser *b = &browsers[c - w->clients];
    uint8_t hash[SHA256_SIZE];
    uint64_t key = 1000 + w->next_conn;
    *b = (struct browser){.has_cookie = true};
    memcpy(b->cookie, &user, sizeof user);
    memcpy(b->cookie + 8, &key, sizeof key);
    sha256(b->cookie, sizeof b->cookie, hash);
    RUN(w, DB_WEB_SESSION_ADD, VAL_B(hash, sizeof hash), VAL_ID(key), VAL_ID(user), VAL_I(w->wall),
        VAL_I(w->wall + 100000000), VAL_T(STR("192.0.2.7")), VAL_T(STR("Tester/1")));
    c->browser = b;
    const char *a = ask(c, "'type':'hello','v':1");
    assert_has(a, "'user':{'user':");
    value(a, "token", c->token, sizeof c->token);
    return c;
}

static inline const char *id_text(uint64_t id)
{
    static char text[8][B32_SIZE];
    static unsigned at;
    at = (at + 1) % 8;
    b32_encode(text[at], id);
    return text[at];
}

/* The page is closed, and says so; or the network is gone. */
static inline void close_page(struct client *c)
{
    struct cmd cmd = {.type = CMD_PIPE_LOST, .session = c->session, .conn = c->conn, .u.on = true};
    domain_cmd(c->w->d, c->w->now, c->w->wall, &cmd);
    world_settle(c->w);
}

static inline const char *watch(struct client *c, uint64_t user)
{
    return ask(c, "'type':'people_watch','users':['%s']", id_text(user));
}

/* How many events of that type c got since the last drain, and the last one ("" without). */
static inline unsigned told_times(const struct client *c, const char *type, const char **last)
{
    char head[64];
    unsigned n = 0;
    snprintf(head, sizeof head, "{\"type\":\"%s\"", type);
    *last = "";
    for (size_t i = c->seen; i < c->n_log; i++) {
        if (strncmp(c->log[i], head, strlen(head)) == 0) {
            *last = c->log[i];
            n++;
        }
    }
    return n;
}

/* That c was told, in one event since the last drain, exactly this of that person: `how` as it stands in JSON
 * with ' for ". */
static inline void assert_told(struct client *c, uint64_t user, const char *how)
{
    const char *last;
    char expect[256];
    unsigned n = told_times(c, "presence", &last);
    snprintf(expect, sizeof expect, "'changed':[{'user':'%s','presence':%s}]", id_text(user), how);
    if (n != 1)
        fail_msg("%u events of presence, the last one: %s", n, last);
    assert_has(last, expect);
    drain(c);
}

static inline void assert_not_told(struct client *c)
{
    const char *last;
    if (told_times(c, "presence", &last))
        fail_msg("was told: %s", last);
}

static inline int people_setup(void **state)
{
    struct world *w = world_new();
    *state = w;
    put_person(w, MINA, "mina", "김미나");
    put_person(w, JUN, "jun", "박준");
    put_person(w, SORA, "sora", "Sora Lee");
    put_person(w, HANA, "hana", "한하나");
    return 0;
}
#define PEOPLE_TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)

#endif
