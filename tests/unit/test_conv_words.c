/* Searching and deleting: only what one may see is found, whatever was typed; and what was deleted is in no file any
 * more. */
#include "conv_world.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *search(struct client *c, const char *text)
{
    return ask(c, "'type':'search','text':'%s'", text);
}

static void words_are_found(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    send_text(a, conv, "내일 서울역에서 만나요");
    send_text(b, conv, "Wi-Fi 비밀번호는 냉장고에");
    assert_has(search(b, "울역"), "서울역에서");
    assert_has(search(b, "서울역에서"), "서울역에서");
    assert_has(search(b, "역"), "서울역에서");
    assert_has(search(a, "WI-fi"), "냉장고");
    assert_has(search(a, "냉장 wi"), "냉장고");
    assert_has(search(a, "부산"), "'found':[]");
    assert_has(ask(a, "'type':'search','text':'wi','conv':'%s'", id_text(conv)), "냉장고");
    assert_has(ask(a, "'type':'search','text':'wi','conv':'%s'", id_text(77)), "'found':[]");
}

static void only_in_what_one_is_in(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t conv = friends(a, b, JUN);
    send_text(a, conv, "between us");
    assert_has(search(b, "between"), "between us");
    assert_has(search(c, "between"), "'found':[]");
    assert_has(ask(c, "'type':'search','text':'between','conv':'%s'", id_text(conv)), "'found':[]");
}

static void what_is_typed_is_no_query(void **state)
{
    static const char *const typed[] = {
        "\\\"",
        "\\\" OR \\\"*",
        "a* OR b*",
        "text:between",
        "NEAR(a b)",
        "NOT a",
        "^between",
        "{text}: x",
        "between AND",
        "(((",
        "*",
        "- - -",
        "\\u0027; DROP TABLE x; --",
        "\\\\\\\"",
        "+++ ++",
        "!!!",
        "col : \\\"a\\\"",
        "\\u202e",
        "“between”",
    };
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t conv = friends(a, b, JUN);
    send_text(a, conv, "between us");
    for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
        const char *own = search(a, typed[i]), *other = search(c, typed[i]);
        assert_ack(own);
        assert_has(other, "'found':[]");
        world_pass(w, 2 * SECOND);
    }
    assert_has(search(a, "between"), "between us");
}

static void found_in_pages(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    char next[64] = "";
    int64_t expected = 12;
    for (int i = 2; i <= 12; i++) {
        send_text(a, conv, "pear");
        world_pass(w, SECOND);
    }
    while (expected > 1) {
        char before[96] = "";
        if (next[0])
            snprintf(before, sizeof before, ",'before':'%s'", next);
        const char *p = ask(b, "'type':'search','text':'pear','limit':4%s", before);
        for (const char *m = strstr(p, "\"seq\":"); m; m = strstr(m + 1, "\"seq\":"))
            assert_int_equal(strtoll(m + 6, NULL, 10), expected--);
        if (!has(p, "'next'"))
            break;
        value(p, "next", next, sizeof next);
    }
    assert_int_equal(expected, 1);
}

/* ---- what was deleted ---- */

static char dir[64], path[96];

static bool in_file(const char *file, const char *text)
{
    char buf[4096 + 64];
    FILE *f = fopen(file, "rb");
    size_t n, kept = 0, len = strlen(text);
    bool found = false;
    assert_non_null(f);
    while (!found && (n = fread(buf + kept, 1, 4096, f)) > 0) {
        n += kept;
        for (size_t i = 0; i + len <= n && !found; i++)
            found = memcmp(buf + i, text, len) == 0;
        kept = MIN_OF(n, len);
        memmove(buf, buf + n - kept, kept);
    }
    fclose(f);
    return found;
}

static bool in_files(const char *text)
{
    struct dirent *e;
    DIR *all = opendir(dir);
    bool found = false;
    assert_non_null(all);
    while ((e = readdir(all)) != NULL) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            found |= in_file(file, text);
    }
    closedir(all);
    return found;
}

/* The same world with its database in files. */
static int file_setup(void **state)
{
    char why[512];
    struct world *w = world_new();
    snprintf(dir, sizeof dir, "/tmp/test_conv_words.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/madang.db", dir);
    list_init(&w->db.answers);
    w->db.db = db_open(path, &(struct db_conf){0}, why, sizeof why);
    assert_non_null(w->db.db);
    for (uint64_t user = MINA; user <= HANA; user++) {
        char name[8];
        snprintf(name, sizeof name, "p%d", (int)user);
        put_user(w, user, name);
        put_browser(w, user);
    }
    *state = w;
    return 0;
}

static int file_teardown(void **state)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    world_free(*state);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char file[128];
        snprintf(file, sizeof file, "%s%s", path, names[i]);
        unlink(file);
    }
    return rmdir(dir);
}

/* The writer of the store does that after a step that says SQL_SHRED. */
static void shredded(struct world *w)
{
    assert_true(db_shred(w->db.db));
}

static void deleted_is_in_no_file(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    for (int i = 2; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof text, i == 20 ? "xylophone zeppelin" : "plain words %d", i);
        send_text(i % 2 ? a : b, conv, text);
        world_pass(w, SECOND);
    }
    assert_ack(ask_conv(b, "edit", conv, ",'seq':38,'text':'quicksilver'"));
    assert_ack(ask_conv(b, "edit", conv, ",'seq':38,'text':'harmless'"));
    shredded(w);
    assert_true(in_files("xylophone zeppelin"));
    assert_true(in_files("quicksilver")); /* kept for 15 minutes */
    assert_ack(ask_conv(b, "delete", conv, ",'seq':20"));
    shredded(w);
    assert_false(in_files("xylophone zeppelin")); /* the text is gone at once */
    world_pass(w, MINUTE + SECOND);
    shredded(w);
    assert_false(in_files("xylophone")); /* and its words when the index was tidied */
    assert_false(in_files("zeppelin"));
    world_pass(w, 17 * MINUTE);
    shredded(w);
    assert_false(in_files("quicksilver"));
    assert_true(in_files("harmless"));
    assert_has(search(a, "plain"), "plain words");
}

/* The server ends between the deletion and the tidying: the next one does it. */
static void undone_work_is_done_after_a_restart(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    send_text(a, conv, "xylophone");
    assert_ack(ask_conv(a, "delete", conv, ",'seq':2"));
    shredded(w);
    world_again(w);
    device(w, JUN);
    world_pass(w, MINUTE + SECOND);
    shredded(w);
    assert_false(in_files("xylophone"));
}

/* One piece of that work; whether there is more of it. */
static bool tidied(struct world *w, int64_t pages)
{
    const struct val v[] = {VAL_I(pages)};
    struct val left;
    struct db_request rq = {DB_WORDS_TIDY, 0, v, 1};
    struct buf rows;
    buf_init(&rows, 1 << 16);
    assert_int_equal(db_run(db_inline_open(&w->db), &rq, &rows), DB_OK);
    struct db_rows it = db_rows_of(buf_str(&rows));
    assert_true(db_rows_next(&it, &left, 1));
    buf_free(&rows);
    return left.i;
}

/* Others commit between the pieces; what is deleted meanwhile is for another round. */
static void the_index_is_tidied_in_pieces(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    for (int i = 2; i < 60; i++) {
        char text[3000];
        size_t n = 0;
        for (int k = 0; n + 20 < sizeof text; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "w%dx%d ", i, k);
        send_text(a, conv, i == 30 ? "xylophone" : i == 40 ? "zeppelin" : text);
        world_pass(w, SECOND / 2);
    }
    assert_ack(ask_conv(a, "delete", conv, ",'seq':30"));
    int pieces = 1;
    bool more = tidied(w, -2);
    assert_true(more);
    send_text(b, conv, "meanwhile");
    assert_ack(ask_conv(a, "delete", conv, ",'seq':40"));
    for (; more; pieces++)
        more = tidied(w, 2);
    assert_in_range(pieces, 4, 10000);
    shredded(w);
    assert_false(in_files("xylophone"));
    assert_has(search(b, "meanwhile"), "meanwhile");
    world_pass(w, MINUTE + SECOND); /* the other round */
    shredded(w);
    assert_false(in_files("zeppelin"));
}

static void a_deleted_room_is_in_no_file(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    uint64_t room = make_room(a, "");
    send_text(a, room, "xylophone");
    assert_ack(ask_conv(a, "room_leave", room, ""));
    world_pass(w, MINUTE + SECOND);
    shredded(w);
    assert_false(in_files("xylophone"));
}

int main(void)
{
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, file_setup, file_teardown)
    const struct CMUnitTest tests[] = {
        CALL_TEST(words_are_found),
        CALL_TEST(only_in_what_one_is_in),
        CALL_TEST(what_is_typed_is_no_query),
        CALL_TEST(found_in_pages),
        FILE_TEST(deleted_is_in_no_file),
        FILE_TEST(undone_work_is_done_after_a_restart),
        FILE_TEST(the_index_is_tidied_in_pieces),
        FILE_TEST(a_deleted_room_is_in_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
