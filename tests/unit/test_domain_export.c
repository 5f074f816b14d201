/* One's own data as a file: all of what one has written, nothing of others, sound JSON; and no file when the disk or the
 * store refuses. */
#include <jansson.h>

#include "conv_world.h"

static uint64_t file_of(const char *answer)
{
    char text[B32_SIZE];
    uint64_t id;
    assert_true(b32_decode(str_from(value(answer, "file", text, sizeof text)), &id));
    return id;
}

/* All of the file; NULL: there is none. */
static char *contents(struct world *w, uint64_t file)
{
    uint8_t piece[DISK_PIECE_MAX];
    struct buf all;
    struct disk_answer a = {0};
    buf_init(&all, 8 << 20);
    do {
        disk_do(disk_inline_open(&w->disk),
                &(struct disk_request){.op = DISK_READ,
                                       .name = {DISK_FILE, file, 0},
                                       .at = buf_len(&all),
                                       .n = sizeof piece},
                piece, &a);
        buf_put_str(&all, a.status == DISK_OK ? a.data : STR_NONE);
    } while (a.status == DISK_OK && a.data.n > 0);
    char *text = buf_len(&all) ? str_dup(buf_str(&all)) : NULL;
    buf_free(&all);
    return text;
}

static void all_of_it(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    char text[3501];
    memset(text, 'x', 3500);
    text[3500] = 0;
    for (int i = 2; i <= 120; i++) {
        send_text(i % 2 ? a : b, conv, i % 2 ? text : "of jun");
        world_pass(w, SECOND);
    }
    send_text(a, conv, "a \\\"quote\\\", \\\\ and \\u0001, 안녕");
    make_room(a, "");
    const char *answer = ask(a, "'type':'export'");
    assert_ack(answer);
    assert_int_equal(number_of(answer, "expires"), w->wall + 24 * 60 * MINUTE / 1000);
    char *file = contents(w, file_of(answer));
    assert_int_equal(number_of(answer, "size"), strlen(file));
    assert_non_null(file);
    json_t *o = json_loads(file, 0, NULL);
    assert_non_null(o);
    json_t *messages = json_object_get(o, "messages");
    assert_int_equal(json_array_size(messages), 61);
    assert_int_equal(json_array_size(json_object_get(o, "conversations")), 2);
    assert_string_equal(json_string_value(json_object_get(json_object_get(o, "account"), "name")),
                        "mina");
    json_t *last = json_array_get(messages, 60);
    assert_string_equal(json_string_value(json_object_get(last, "text")),
                        "a \"quote\", \\ and \x01, 안녕");
    assert_null(strstr(file, "of jun"));
    json_decref(o);
    xfree(file);
}

static void nothing_was_said(void **state)
{
    struct world *w = *state;
    const char *answer = ask(device(w, MINA), "'type':'export'");
    assert_ack(answer);
    char *file = contents(w, file_of(answer));
    json_t *o = json_loads(file, 0, NULL);
    assert_non_null(o);
    assert_int_equal(json_array_size(json_object_get(o, "messages")), 0);
    json_decref(o);
    xfree(file);
    assert_error(ask(hello(w, "Guest"), "'type':'export'"), "sign_in_required");
}

static void it_is_refused(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    disk_inline_open(&w->disk);
    w->disk.fail = DISK_FULL;
    assert_error(ask(a, "'type':'export'"), "store_full");
    w->disk.fail = DISK_OK;
    w->db.fail = DB_BUSY;
    assert_error(ask(a, "'type':'export'"), "store_busy");
    w->db.fail = DB_OK;
    assert_int_equal(disk_bytes(w->disk.disk), 0); /* nothing is left behind */
    assert_error(ask(a, "'type':'export'"), "rate");
}

static void there_is_no_room(void **state)
{
    struct world *w = *state;
    w->cfg.files_each_max = 10;
    world_again(w);
    assert_error(ask(device(w, MINA), "'type':'export'"), "store_full");
    assert_int_equal(disk_bytes(w->disk.disk), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(all_of_it),
        CALL_TEST(nothing_was_said),
        CALL_TEST(it_is_refused),
        CALL_TEST(there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
