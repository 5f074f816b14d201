/* Loading people: from the database, once, for everybody who waits. */
#include "domain_world.h"

#include "domain/domain_int.h"
#include "domain/user.h"

static unsigned called;
static struct user *held;

static void put_user(struct world *w, uint64_t id, const char *name)
{
    const struct val args[] = {
        VAL_ID(id),
        VAL_T(str_from(name)),
        VAL_T(str_from(name)),
        VAL_T(str_from(name)),
        VAL_T(STR("Di")),
        VAL_I(0),
        VAL_NONE,
        VAL_I(USER_STRANGERS),
        VAL_T(STR("ko")),
        VAL_I(1000),
    };
    struct db_request rq = {DB_USER_ADD, 0, args, ARRAY_LEN(args)};
    struct buf rows;
    buf_init(&rows, 1 << 16);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    buf_free(&rows);
}

static void put_pair(struct world *w, enum db_proc proc, uint64_t a, uint64_t b)
{
    const struct val args[] = {VAL_ID(a), VAL_ID(b), VAL_I(1)};
    struct db_request rq = {proc, 0, args, proc == DB_BLOCK_ON ? 3 : 2};
    struct buf rows;
    buf_init(&rows, 1 << 16);
    assert_int_equal(db_run(w->db.db, &rq, &rows), DB_OK);
    buf_free(&rows);
}

static void then_called(struct domain *d, struct ask *ask, struct user *u, enum db_status status)
{
    (void)d;
    called++;
    assert_int_equal(status, DB_OK);
    if (ask->a == 1) {
        assert_non_null(u);
        assert_true(str_eq(user_name(u), STR("mina")));
        assert_true(str_eq(user_display(u), STR("Di")));
        assert_true(u->korean && u->settings == USER_STRANGERS && u->created_ms == 1000);
        assert_true(idset_has(&u->blocked, 2) && idset_has(&u->favourites, 3));
        if (ask->b)
            held = user_hold(u);
    } else {
        assert_null(u);
    }
}

static void want(struct world *w, uint64_t id, uint64_t hold)
{
    struct ask *a = ask_new(w->d, (struct asker){0}, NULL, NULL, 0);
    a->a = id;
    a->b = hold;
    user_with(w->d, id, a, then_called);
}

static void test_load(void **state)
{
    struct world *w = *state;
    put_user(w, 1, "mina");
    put_user(w, 2, "jun");
    put_user(w, 3, "sora");
    put_pair(w, DB_BLOCK_ON, 1, 2);
    put_pair(w, DB_FAVOURITE_ON, 1, 3);
    called = 0;
    want(w, 1, 0);
    want(w, 1, 1); /* waits for the same */
    want(w, 9, 0);
    want(w, 0, 0); /* nobody, at once */
    assert_int_equal(called, 1);
    assert_null(user_find(w->d, 1));
    assert_int_equal(w->db.waiting, 6);
    world_dbs(w);
    assert_int_equal(called, 4);
    assert_ptr_equal(user_find(w->d, 1), held);
    assert_int_equal(w->d->users.n, 1);
    want(w, 1, 0); /* at once */
    assert_int_equal(called, 5);
    assert_int_equal(w->db.waiting, 0);
    user_drop(w->d, held);
    assert_int_equal(w->d->users.n, 0);
}

static void failed(struct domain *d, struct ask *ask, struct user *u, enum db_status status)
{
    (void)d;
    (void)ask;
    called++;
    assert_null(u);
    assert_int_equal(status, DB_BUSY);
}

static void test_store_fails(void **state)
{
    struct world *w = *state;
    called = 0;
    w->db.fail = DB_BUSY;
    user_with(w->d, 7, ask_new(w->d, (struct asker){0}, NULL, NULL, 0), failed);
    world_dbs(w);
    assert_int_equal(called, 1);
    assert_int_equal(w->d->users.n, 0);
}

/* One that waits when everything ends is freed with the rest. */
static void test_end(void **state)
{
    struct world *w = *state;
    w->db.hold = true;
    want(w, 7, 0);
    assert_int_equal(w->d->users.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_load),
        WORLD_TEST(test_store_fails),
        WORLD_TEST(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
