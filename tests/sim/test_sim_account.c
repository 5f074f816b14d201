/* People and browsers at random on virtual time, against a model that fits one screen: who exists, which cookie is good
 * for whom, and which live session hangs on which sign-in. After each action every cookie and every session must be what
 * the model says. SIM_SEED=N runs one seed, SIM_RUNS=N as many as wanted. */
#include "unit/account_world.h"
#include "unit/slow.h"

enum { PEOPLE = 5, BROWSERS = 7, SIGN_INS = 512, STEPS = 250, RUNS = 60 };

static const char *const names[PEOPLE] = {"mina", "jun", "sora", "김철수", "田中太郎"};

struct sign_in_model {
    int person;
    bool good;
};

struct model {
    struct world *w;
    struct rng rng;
    uint64_t seed;
    int step;
    struct {
        bool exists, disabled;
        int password; /* number of the one that holds */
    } people[PEOPLE];
    int passwords; /* numbers given */
    struct sign_in_model sign_ins[SIGN_INS];
    int n_sign_ins;
    struct browser browsers[BROWSERS];
    int of_browser[BROWSERS];   /* its sign-in, -1: none */
    int of_client[CLIENTS_MAX]; /* likewise; -1: a guest */
    bool live[CLIENTS_MAX];
};

static int below(struct model *m, int n)
{
    return (int)rng_below(&m->rng, (uint64_t)n);
}

static void expect(const struct model *m, bool good, const char *what, const char *got)
{
    if (!good)
        fail_msg("seed %llu, step %d: %s: %.300s", (unsigned long long)m->seed, m->step, what, got);
}

static const char *password_text(int number)
{
    static char text[4][32];
    static unsigned turn;
    char *out = text[turn++ % 4];
    snprintf(out, sizeof text[0], "horse number %d", number);
    return out;
}

/* The browser has a new sign-in of that person. */
static void model_in(struct model *m, int browser, int person)
{
    assert_true(m->n_sign_ins < SIGN_INS);
    m->sign_ins[m->n_sign_ins] = (struct sign_in_model){person, true};
    m->of_browser[browser] = m->n_sign_ins++;
}

/* All of that person are over but one (-1: all). */
static void model_out(struct model *m, int person, int but)
{
    for (int i = 0; i < m->n_sign_ins; i++)
        if (m->sign_ins[i].person == person && i != but)
            m->sign_ins[i].good = false;
}

/* ---- what people do ---- */

static void do_register(struct model *m)
{
    int b = below(m, BROWSERS), p = below(m, PEOPLE), number = m->passwords++;
    const char *a = call(m->w, &m->browsers[b], "register", "{'name':'%s','password':'%s'}",
                         names[p], password_text(number));
    if (m->people[p].exists) {
        expect(m, has(a, "'name_taken'"), "registering a name that is taken", a);
        return;
    }
    expect(m, has(a, "{'user':{"), "registering", a);
    m->people[p].exists = true;
    m->people[p].disabled = false;
    m->people[p].password = number;
    model_in(m, b, p);
}

static void do_sign_in(struct model *m)
{
    int b = below(m, BROWSERS), p = below(m, PEOPLE);
    bool right = below(m, 4) > 0;
    int number = right ? m->people[p].password : 1000000;
    const char *a = sign_in(m->w, &m->browsers[b], names[p], password_text(number));
    if (right && m->people[p].exists && !m->people[p].disabled) {
        expect(m, has(a, "{'user':{"), "signing in", a);
        model_in(m, b, p);
    } else {
        expect(m, has(a, "'sign_in_wrong'"), "signing in wrongly", a);
    }
}

static void do_sign_out(struct model *m)
{
    int b = below(m, BROWSERS);
    const char *a = post(m->w, &m->browsers[b], "sign_out", "{}");
    expect(m, strcmp(a, "{}") == 0, "signing out", a);
    if (m->of_browser[b] >= 0)
        m->sign_ins[m->of_browser[b]].good = false;
    m->of_browser[b] = -1;
}

static void do_hello(struct model *m)
{
    int b = below(m, BROWSERS), in = m->of_browser[b];
    if (m->w->n_clients == CLIENTS_MAX)
        return;
    struct client *c = client_new(m->w);
    int at = (int)(c - m->w->clients);
    c->browser = &m->browsers[b];
    const char *a = ask(c, "'type':'hello','v':1");
    bool good = in >= 0 && m->sign_ins[in].good;
    expect(m, has(a, "'user':{") == good, "hello", a);
    m->of_client[at] = good ? in : -1;
    m->live[at] = true;
}

static struct client *some_client(struct model *m, int *sign_in_of)
{
    int start = below(m, CLIENTS_MAX);
    for (int i = 0; i < CLIENTS_MAX; i++) {
        int at = (start + i) % CLIENTS_MAX;
        if (m->live[at] && m->of_client[at] >= 0) {
            *sign_in_of = m->of_client[at];
            return &m->w->clients[at];
        }
    }
    return NULL;
}

static void do_change_password(struct model *m)
{
    int in, number = m->passwords++;
    struct client *c = some_client(m, &in);
    if (!c)
        return;
    int p = m->sign_ins[in].person;
    bool right = below(m, 4) > 0;
    const char *a = ask(c, "'type':'account_password','old':'%s','password':'%s'",
                        password_text(right ? m->people[p].password : 1000000),
                        password_text(number));
    expect(m, has(a, right ? "'type':'ack'" : "'sign_in_wrong'"), "changing a password", a);
    if (!right)
        return;
    m->people[p].password = number;
    model_out(m, p, in);
}

static void do_end(struct model *m)
{
    int in;
    struct client *c = some_client(m, &in);
    if (!c)
        return;
    bool all = below(m, 2);
    ask(c, "'type':'account_end','%s':true", all ? "all" : "others");
    model_out(m, m->sign_ins[in].person, all ? -1 : in);
}

static void do_delete(struct model *m)
{
    int in;
    struct client *c = some_client(m, &in);
    if (!c || below(m, 3))
        return;
    int p = m->sign_ins[in].person;
    ask(c, "'type':'account_delete','password':'%s'", password_text(m->people[p].password));
    expect(m, has(answer_to(c, c->next_id - 1), "'type':'ack'"), "deleting", last(c));
    m->people[p].exists = false;
    model_out(m, p, -1);
}

/* The operator, in another process. */
static void do_outside(struct model *m)
{
    int p = below(m, PEOPLE), what = below(m, 3), number = m->passwords++;
    char key[USERNAME_KEY_MAX], hash[64];
    size_t n;
    if (!m->people[p].exists)
        return;
    assert_true(username_key(str_from(names[p]), key, &n));
    int64_t id = OUTSIDE(m->w, DB_USER_BY_NAME, VAL_T(str_of(key, n)));
    if (what == 0) {
        OUTSIDE(m->w, DB_USER_ENABLE, VAL_I(id));
        m->people[p].disabled = false;
    } else if (what == 1) {
        OUTSIDE(m->w, DB_USER_DISABLE, VAL_I(id));
        m->people[p].disabled = true;
        model_out(m, p, -1);
    } else {
        snprintf(hash, sizeof hash, "hash of %s", password_text(number));
        OUTSIDE(m->w, DB_PASSWORD_SET, VAL_I(id), VAL_T(str_from(hash)));
        m->people[p].password = number;
        model_out(m, p, -1);
    }
    domain_db(m->w->d, m->w->now, m->w->wall, &(struct db_answer){.status = DB_OK});
    world_settle(m->w);
}

static void do_close(struct model *m)
{
    int at = below(m, CLIENTS_MAX);
    if (!m->live[at])
        return;
    lose_pipe(&m->w->clients[at]);
    world_pass(m->w, 40 * SECOND);
    m->live[at] = false;
}

/* ---- what must hold ---- */

static void check(struct model *m)
{
    for (int b = 0; b < BROWSERS; b++) {
        int in = m->of_browser[b];
        bool good = in >= 0 && m->sign_ins[in].good;
        const char *a = post(m->w, &m->browsers[b], "me", "{}");
        expect(m, has(a, "{'user':{") == good, "a cookie", a);
        if (good) {
            char name[64];
            snprintf(name, sizeof name, "'name':'%s'", names[m->sign_ins[in].person]);
            expect(m, has(a, name), "whose cookie", a);
        }
        if (!good)
            m->of_browser[b] = -1; /* it was told so */
    }
    for (size_t i = 0; i < m->w->n_clients; i++) {
        if (m->live[i] && m->of_client[i] >= 0 && !m->sign_ins[m->of_client[i]].good) {
            expect(m, m->w->clients[i].ended == ENDED_SIGNED_OUT + 1, "a session that should end",
                   last(&m->w->clients[i]));
            m->live[i] = false;
        }
        expect(m, m->live[i] == (m->w->clients[i].session != 0), "a session",
               last(&m->w->clients[i]));
    }
    expect(m, m->w->d->asks.n == 0, "something waits for ever", "");
}

static void run(uint64_t seed)
{
    static void (*const actions[])(struct model * m) = {
        do_register,        do_sign_in, do_sign_in, do_sign_out, do_hello, do_hello,
        do_change_password, do_end,     do_delete,  do_outside,  do_close,
    };
    uint8_t bytes[RNG_SEED_SIZE] = "people at random";
    struct model *m = calloc(1, sizeof *m);
    memcpy(bytes + 24, &seed, sizeof seed);
    rng_init(&m->rng, bytes);
    m->seed = seed;
    m->w = open_world();
    m->w->addr_key = 0; /* how often one may guess is test_account's */
    memset(m->of_browser, -1, sizeof m->of_browser);
    memset(m->of_client, -1, sizeof m->of_client);
    for (m->step = 0; m->step < STEPS; m->step++) {
        actions[below(m, (int)ARRAY_LEN(actions))](m);
        check(m);
        if (m->step % 20 == 0)
            world_pass(m->w, 3600 * SECOND);
    }
    world_free(m->w);
    free(m);
}

static void test_people(void **state)
{
    const char *seed = getenv("SIM_SEED"), *runs = getenv("SIM_RUNS");
    (void)state;
    if (seed) {
        run(strtoull(seed, NULL, 10));
        return;
    }
    for (uint64_t i = 1; i <= (runs ? strtoull(runs, NULL, 10) : RUNS / SLOW_ALONE); i++)
        run(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_people)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
