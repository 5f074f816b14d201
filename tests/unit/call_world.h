/* People with accounts and several devices in the world of domain_world.h; for test_domain_call*.c. */
#ifndef MADANG_TESTS_CALL_WORLD_H
#define MADANG_TESTS_CALL_WORLD_H

#include "domain_world.h"

#include "domain/call.h"

enum { MINA = 1, JUN = 2, SORA = 3, HANA = 4, NOBODY = 9 };

static inline void run_proc(struct world *w, enum db_proc proc, const struct val *args, unsigned n)
{
    struct db_request rq = {proc, 0, args, n};
    struct buf rows;
    buf_init(&rows, 1 << 16);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    buf_free(&rows);
}

static inline void put_user(struct world *w, uint64_t id, const char *name)
{
    struct val text = VAL_T(str_from(name));
    const struct val args[] = {VAL_ID(id),
                               text,
                               text,
                               text,
                               text,
                               VAL_I(0),
                               VAL_NONE,
                               VAL_I(USER_SETTINGS_DEFAULT),
                               VAL_T(STR("ko")),
                               VAL_I(1000)};
    run_proc(w, DB_USER_ADD, args, ARRAY_LEN(args));
}

static inline void blocks(struct world *w, uint64_t who, uint64_t whom)
{
    const struct val args[] = {VAL_ID(who), VAL_ID(whom), VAL_I(1)};
    db_inline_open(&w->db);
    run_proc(w, DB_BLOCK_ON, args, 3);
}

static struct browser browsers[HANA + 1];

/* Signed in for good. */
static inline void put_browser(struct world *w, uint64_t user)
{
    uint8_t hash[SHA256_SIZE];
    struct browser *b = &browsers[user];
    b->has_cookie = true;
    memset(b->cookie, (int)user, sizeof b->cookie);
    sha256(b->cookie, sizeof b->cookie, hash);
    const struct val args[] = {
        VAL_B(hash, sizeof hash), VAL_ID(user),   VAL_ID(user),  VAL_I(w->wall),
        VAL_I(w->wall * 2),       VAL_T(STR("")), VAL_T(STR(""))};
    run_proc(w, DB_WEB_SESSION_ADD, args, ARRAY_LEN(args));
}

static inline int call_setup(void **state)
{
    static const char *const names[] = {NULL, "mina", "jun", "sora", "hana"};
    struct world *w = world_new();
    *state = w;
    for (uint64_t user = MINA; user <= HANA; user++) {
        put_user(w, user, names[user]);
        put_browser(w, user);
    }
    return 0;
}
#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, world_teardown)

static inline struct session *session_of(const struct client *c)
{
    struct session *s = session_find(c->w->d, c->session);
    assert_non_null(s);
    return s;
}

/* One more device of that person; more: fields of hello. */
static inline struct client *device_with(struct world *w, uint64_t user, const char *more)
{
    struct client *c = client_new(w);
    c->browser = &browsers[user];
    const char *a = ask(c, "'type':'hello','v':1%s", more);
    assert_ack(a);
    assert_non_null(session_of(c)->user);
    value(a, "token", c->token, sizeof c->token);
    return c;
}

static inline struct client *device(struct world *w, uint64_t user)
{
    return device_with(w, user, "");
}

static inline const char *id_text(uint64_t id)
{
    static char text[4][B32_SIZE];
    static unsigned at;
    at = (at + 1) % 4;
    b32_encode(text[at], id);
    return text[at];
}

/* The last message of that kind that c got; "" when there is none since the last drain. */
static inline const char *told(const struct client *c, const char *type)
{
    char head[64];
    const char *found = "";
    snprintf(head, sizeof head, "{\"type\":\"%s\"", type);
    for (size_t i = c->seen; i < c->n_log; i++)
        if (strncmp(c->log[i], head, strlen(head)) == 0)
            found = c->log[i];
    return found;
}

struct talk {
    char call[B32_SIZE];
    char room[B32_SIZE];
};

/* The call and the room that a message names. */
static inline struct talk talk_of(const char *message)
{
    struct talk t;
    const char *inner = strstr(message, "\"call\":{");
    if (!inner)
        fail_msg("no call in: %.600s", message);
    value(inner, "call", t.call, sizeof t.call);
    t.room[0] = 0;
    if (strstr(inner, "\"room\":\""))
        value(inner, "room", t.room, sizeof t.room);
    return t;
}

static inline const char *dial(struct client *c, uint64_t to)
{
    return ask(c, "'type':'call','to':'%s','video':true", id_text(to));
}

static inline const char *ask_call(struct client *c, const char *type, const struct talk *t,
                                   const char *more)
{
    return ask(c, "'type':'%s','call':'%s'%s", type, t->call, more);
}

static inline const char *pick_up(struct client *c, const struct talk *t, const char *more)
{
    char fields[128];
    snprintf(fields, sizeof fields, ",'video':true%s", more);
    return ask_call(c, "call_answer", t, fields);
}

/* a calls b, who answers there; both come into the room. */
static inline struct talk talk(struct client *a, struct client *b, uint64_t b_user)
{
    struct talk t = talk_of(dial(a, b_user));
    assert_has(told(b, "ring"), t.call);
    assert_ack(pick_up(b, &t, ""));
    assert_ack(join(a, t.room, ""));
    assert_ack(join(b, t.room, ""));
    drain_all(a->w);
    return t;
}

static inline uint32_t people_in(struct world *w, const struct talk *t)
{
    uint64_t id;
    assert_true(b32_decode(str_from(t->room), &id));
    const struct room *r = room_find(w->d, id);
    return r ? r->n_parts : UINT32_MAX;
}

#endif
