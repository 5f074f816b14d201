/* madang user, invite, admin-link: on a database of their own, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/people_commands.h"
#include "app/people_links.h"
#include "base/code.h"
#include "base/crypto.h"
#include "base/util.h"
#include "edge/store/db.h"
#include "edge/store/password.h"

struct ran {
    int status;
    char out[4000], err[2000];
};

static char folder[64], database[80];

static struct ran run(const char *input, char **argv)
{
    struct ran r = {0};
    int argc = 0;
    while (argv[argc])
        argc++;
    FILE *in = fmemopen((void *)(uintptr_t)input, strlen(input) ? strlen(input) : 1, "r");
    FILE *out = fmemopen(r.out, sizeof r.out - 1, "w"),
         *err = fmemopen(r.err, sizeof r.err - 1, "w");
    struct command cmd = {argc, argv, NULL, INT64_C(1800000000000), in, out, err};
    char *env[] = {NULL};
    cmd.env = env;
    r.status = people_command(&cmd);
    fclose(in);
    fclose(out);
    fclose(err);
    return r;
}

#define RUN(...)        run("", (char *[]){__VA_ARGS__, "--data", folder, NULL})
#define TYPE(line, ...) run(line, (char *[]){__VA_ARGS__, "--data", folder, NULL})

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/madang-people-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(database, sizeof database, "%s/madang.db", folder);
    return 0;
}

static int teardown(void **state)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char file[128];
        snprintf(file, sizeof file, "%s%s", database, parts[i]);
        unlink(file);
    }
    return rmdir(folder);
}

/* The values of the first row. */
static struct val look(struct buf *rows, enum db_proc proc, const struct val *args, unsigned n,
                       unsigned col, unsigned cols)
{
    char why[512];
    struct val row[16];
    struct db *db = db_open(database, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(db);
    buf_init(rows, 1 << 16);
    struct db_answer a = {.status = db_run(db, &(struct db_request){proc, 1, args, n}, rows)};
    a.rows = buf_str(rows);
    db_close(db);
    return db_row(&a, row, cols) ? row[col] : VAL_NONE;
}

static int64_t link_kind(const char *out, const char *begins)
{
    uint8_t code[INVITE_LEN], hash[SHA256_SIZE];
    struct buf rows;
    size_t n;
    assert_memory_equal(out, begins, strlen(begins));
    const char *text = strstr(out, "/i/") + 3;
    assert_true(b64url_decode(code, sizeof code, &n, str_of(text, strcspn(text, "\n"))));
    sha256(code, n, hash);
    const struct val args[] = {VAL_B(hash, sizeof hash), VAL_I(INT64_C(1800000000001))};
    struct val kind = look(&rows, DB_INVITE_GET, args, 2, 0, 5);
    buf_free(&rows);
    return kind.kind == VAL_INT ? kind.i : -1;
}

static void people(void **state)
{
    (void)state;
    struct ran r = RUN("user", "add", "Mina", "--display", "김미나");
    assert_string_equal(r.err, "");
    assert_int_equal(r.status, 0);
    assert_int_equal(link_kind(r.out, "https://localhost:8443/i/"), INVITE_RESET);
    r = RUN("user", "add", "rnina");
    assert_int_equal(r.status, 1);
    assert_string_equal(r.err, "madang user: somebody has this name, or one that looks like it\n");
    assert_int_equal(RUN("user", "add", "a").status, 1);
    r = TYPE("password1\n", "user", "add", "jun", "--password", "--admin");
    assert_non_null(strstr(r.err, "too easy to guess"));
    r = TYPE("seven purple windmills\n", "user", "add", "jun", "--password", "--admin");
    assert_string_equal(r.err, "");
    assert_string_equal(r.out, "");
    r = RUN("user", "list");
    assert_string_equal(r.out, "jun\tjun\tadmin\tsince 2027-01-15, seen 2027-01-15\n"
                               "Mina\t김미나\tuser\tsince 2027-01-15, seen 2027-01-15\n");
    struct buf rows;
    const struct val key = VAL_T(STR("jun"));
    struct val hash = look(&rows, DB_USER_BY_NAME, &key, 1, 11, 12);
    assert_int_equal(password_verify(STR("seven purple windmills"), hash.s), PASSWORD_OK);
    buf_free(&rows);
    /* found by the words of both names */
    const struct val find[] = {
        VAL_I(0),           VAL_T(STR("")),         VAL_I(INT64_MIN), VAL_I(10),
        VAL_T(STR("ㄱㅁ")), VAL_T(STR("ㄱㅁ\xf4")), VAL_NONE,         VAL_NONE};
    assert_int_equal(look(&rows, DB_PEOPLE_FIND, find, 8, 1, 9).kind, VAL_INT);
    buf_free(&rows);
}

static void changes(void **state)
{
    (void)state;
    RUN("user", "add", "mina");
    assert_int_equal(
        TYPE("seven purple windmills\n", "user", "add", "jun", "--password", "--admin").status, 0);
    struct ran r = RUN("user", "delete", "jun");
    assert_non_null(strstr(r.err, "nobody else administers"));
    assert_int_equal(RUN("user", "grant", "MINA", "admin").status, 0);
    assert_int_equal(RUN("user", "grant", "mina", "queen").status, 1);
    assert_int_equal(RUN("user", "disable", "jun").status, 0);
    assert_non_null(strstr(RUN("user", "list").out, "admin, disabled"));
    assert_int_equal(RUN("user", "enable", "jun").status, 0);
    r = TYPE("eight purple windmills\n", "user", "passwd", "jun", "--password");
    assert_string_equal(r.err, "");
    r = RUN("user", "passwd", "jun");
    assert_int_equal(link_kind(r.out, "https://"), INVITE_RESET);
    assert_int_equal(RUN("user", "delete", "jun").status, 0);
    r = RUN("user", "passwd", "jun");
    assert_string_equal(r.err, "madang user: there is nobody called \"jun\"\n");
    assert_null(strstr(RUN("user", "list").out, "jun"));
}

static void links(void **state)
{
    int64_t clock;
    (void)state;
    char path[PEOPLE_PATH_MAX];
    struct ran r =
        RUN("invite", "--uses", "3", "--days", "2", "--name", "talk.example.org", "--port", "443");
    assert_string_equal(r.err, "");
    assert_int_equal(link_kind(r.out, "https://talk.example.org/i/"), INVITE_USER);
    assert_int_equal(RUN("invite", "--uses", "none").status, 1);
    r = RUN("admin-link", "--tls", "off");
    assert_int_equal(link_kind(r.out, "http://localhost:8443/i/"), INVITE_ADMIN);
    struct ran second = RUN("admin-link");
    assert_int_equal(link_kind(second.out, "https://"), INVITE_ADMIN);
    assert_int_equal(link_kind(r.out, "http://"), -1); /* the earlier one has ended */
    /* the start makes one as long as there is nobody */
    assert_true(people_first_link(database, INT64_C(1800000000000), false, path, &clock));
    assert_int_equal(link_kind(second.out, "https://"), -1);
    RUN("user", "add", "mina", "--admin");
    assert_false(people_first_link(database, INT64_C(1800000000000), false, path, &clock));
    assert_string_equal(path, "");
}

static void words(void **state)
{
    (void)state;
    assert_true(people_command_is("user") && people_command_is("admin-link"));
    assert_false(people_command_is("--port") || people_command_is(""));
    assert_non_null(strstr(RUN("user", "--help").out, "madang user add NAME"));
    assert_int_equal(RUN("user").status, 1);
    assert_int_equal(RUN("user", "frob", "mina").status, 1);
    assert_int_equal(RUN("user", "add").status, 1);
    assert_non_null(strstr(RUN("invite", "--frob").err, "--frob"));
    assert_int_equal(RUN("user", "list").status, 0); /* nobody */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(people), T(changes), T(links), T(words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
