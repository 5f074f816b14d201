/* Asking in the domain: answers find their ask, several one after the other, and replies find who asked. */
#include "domain_world.h"

#include "domain/ask.h"
#include "domain/domain_int.h"

enum { NOW_MS = 1800000000 };

struct seen {
    unsigned steps;
    enum db_status status;
    struct val row[4];
    char text[64];
    enum password_outcome outcome;
    char hash[80];
};

static struct seen seen;

static void keep_row(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    (void)d;
    assert_non_null(answer->db);
    assert_null(answer->password);
    seen.steps++;
    seen.status = answer->db->status;
    if (db_row(answer->db, seen.row, 1))
        assert_true(str_copy(seen.row[0].s, seen.text, sizeof seen.text));
    if (seen.status == DB_OK)
        reply_ok(d, &a->who);
    else
        reply_db(d, &a->who, seen.status);
}

static struct asker asker_on(struct client *c)
{
    return (struct asker){.session = c->session, .id = c->next_id++};
}

static void test_a_write_and_what_it_wrote(void **state)
{
    struct world *w = *state;
    struct client *c = hello(w, "mina");
    seen = (struct seen){0};
    struct asker who = asker_on(c);
    struct ask *a = ask_new(w->d, who, keep_row, NULL, 0);
    ASK_DB(w->d, a, DB_SETTING_SET, VAL_T(STR("admin_made")), VAL_T(STR("예")));
    assert_int_equal(seen.steps, 0); /* never from within */
    world_settle(w);
    assert_int_equal(seen.steps, 1);
    assert_ack(answer_to(c, who.id));

    who = asker_on(c);
    a = ask_new(w->d, who, keep_row, NULL, 0);
    ASK_DB(w->d, a, DB_SETTING_GET, VAL_T(STR("admin_made")));
    world_settle(w);
    assert_int_equal(seen.steps, 2);
    assert_string_equal(seen.text, "예");
    assert_ack(answer_to(c, who.id));
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.asks, 0);
}

static void hashed(struct domain *d, struct ask *a, const struct ask_answer *answer);

static void stored(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    assert_int_equal(answer->db->status, DB_OK);
    assert_string_equal(a->data, "password");
    seen.steps++;
    reply_ok(d, &a->who);
}

static void hashed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    assert_non_null(answer->password);
    seen.steps++;
    seen.outcome = answer->password->outcome;
    if (seen.outcome != PASSWORD_OK) {
        reply_retry(d, &a->who, CODE_BUSY, 1000);
        return;
    }
    assert_true(str_copy(answer->password->hash, seen.hash, sizeof seen.hash));
    a->then = stored;
    ASK_DB(d, a, DB_SETTING_SET, VAL_T(STR("hash")), VAL_T(answer->password->hash));
}

static void test_one_thing_after_the_other(void **state)
{
    struct world *w = *state;
    struct client *c = hello(w, "mina");
    seen = (struct seen){0};
    struct asker who = asker_on(c);
    struct ask *a = ask_new(w->d, who, hashed, "password", sizeof "password");
    ask_password(w->d, a, PASSWORD_HASH, str_from(a->data), STR_NONE);
    world_settle(w);
    assert_int_equal(seen.steps, 2);
    assert_string_equal(seen.hash, "hash of password");
    assert_ack(answer_to(c, who.id));
}

static void test_a_busy_password_thread(void **state)
{
    struct world *w = *state;
    struct client *c = hello(w, "mina");
    seen = (struct seen){0};
    w->hold_jobs = true;
    struct asker who = asker_on(c);
    struct ask *a = ask_new(w->d, who, hashed, "password", sizeof "password");
    ask_password(w->d, a, PASSWORD_HASH, str_from(a->data), STR_NONE);
    world_settle(w);
    assert_int_equal(seen.steps, 0);
    world_passwords(w, PASSWORD_BUSY);
    assert_int_equal(seen.steps, 1);
    assert_error(answer_to(c, who.id), "busy");
}

/* Each status that is no success is an error that says what to do. */
static void test_what_a_failing_store_is_to_people(void **state)
{
    static const struct {
        enum db_status status;
        const char *code;
    } cases[] = {
        {DB_BUSY, "'code':'store_busy'"},
        {DB_FULL, "'code':'store_full'"},
        {DB_FAILED, "'code':'internal'"},
        {DB_CONFLICT, "'code':'internal'"},
    };
    struct world *w = *state;
    struct client *c = hello(w, "mina");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        w->db.fail = cases[i].status;
        struct asker who = asker_on(c);
        struct ask *a = ask_new(w->d, who, keep_row, NULL, 0);
        ASK_DB(w->d, a, DB_SETTING_SET, VAL_T(STR("key")), VAL_T(STR("value")));
        world_settle(w);
        assert_has(answer_to(c, who.id), cases[i].code);
    }
    assert_has(last(c), "'code':'internal'");
}

static void test_who_asked_has_gone(void **state)
{
    struct world *w = *state;
    struct client *c = hello(w, "mina");
    seen = (struct seen){0};
    w->db.hold = true;
    struct ask *a = ask_new(w->d, asker_on(c), keep_row, NULL, 0);
    ASK_DB(w->d, a, DB_SETTING_SET, VAL_T(STR("key")), VAL_T(STR("value")));
    ASK_AND_FORGET(w->d, DB_SETTING_SET, VAL_T(STR("key")), VAL_T(STR("other")));
    say(c, "{\"type\":\"bye\"}");
    assert_int_not_equal(c->ended, 0);
    size_t heard = c->n_log;
    world_dbs(w);
    assert_int_equal(seen.steps, 1);
    assert_int_equal(c->n_log, heard);
    reply_error(w->d, &(struct asker){0}, CODE_BUSY); /* nobody asked */
}

/* What is not asked any more is nobody's; what still waits when the house is taken down is freed. */
static void test_answers_to_nobody(void **state)
{
    struct world *w = *state;
    domain_db(w->d, w->now, w->wall, &(struct db_answer){.proc = DB_SETTING_GET, .number = 4711});
    domain_db(w->d, w->now, w->wall, &(struct db_answer){0});
    w->db.hold = true;
    ASK_AND_FORGET(w->d, DB_SETTING_SET, VAL_T(STR("key")), VAL_T(STR("value")));
    struct domain_counts n;
    domain_count(w->d, &n);
    assert_int_equal(n.asks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_write_and_what_it_wrote),
        WORLD_TEST(test_one_thing_after_the_other),
        WORLD_TEST(test_a_busy_password_thread),
        WORLD_TEST(test_what_a_failing_store_is_to_people),
        WORLD_TEST(test_who_asked_has_gone),
        WORLD_TEST(test_answers_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
