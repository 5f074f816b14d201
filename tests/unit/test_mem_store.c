/* The store of messages in memory: numbers, caps, forgetting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/store/mem_store.h"

static struct mem_store *store(size_t per_room, size_t bytes)
{
    return mem_store_new(per_room, bytes, (const uint8_t *)"0123456789abcdef");
}

static int64_t append(struct mem_store *ms, uint64_t room, const char *text)
{
    struct store_request r = {.kind = STORE_APPEND, .room = room, .ctx = {1, 2, 3, 4, 5}};
    r.message = (struct chat_view){9, STR("name"), str_from(text), 0, 77};
    mem_store_request(ms, &r);
    struct store_answer a;
    assert_true(mem_store_answer(ms, &a));
    assert_int_equal(a.kind, STORE_APPEND);
    assert_memory_equal(&a.ctx, &r.ctx, sizeof a.ctx);
    assert_true(str_eq(a.message.text, str_from(text)));
    assert_true(str_eq(a.message.name, STR("name")));
    assert_true(a.message.from == 9 && a.message.time_ms == 77 && a.room == room);
    assert_false(mem_store_answer(ms, &a));
    return a.message.seq;
}

static size_t load(struct mem_store *ms, uint64_t room, struct store_answer *a)
{
    mem_store_request(ms, &(struct store_request){.kind = STORE_LOAD, .room = room});
    assert_true(mem_store_answer(ms, a));
    return a->n_history;
}

static void messages_are_numbered(void **state)
{
    (void)state;
    struct mem_store *ms = store(3, 1 << 20);
    struct store_answer a;
    assert_int_equal(load(ms, 1, &a), 0);
    for (int i = 1; i <= 5; i++) {
        char text[8];
        snprintf(text, sizeof text, "m%d", i);
        assert_int_equal(append(ms, 1, text), i);
        assert_int_equal(append(ms, 2, ""), i);
    }
    assert_int_equal(load(ms, 1, &a), 3);
    for (int i = 0; i < 3; i++) {
        char text[8];
        snprintf(text, sizeof text, "m%d", i + 3);
        assert_int_equal(a.history[i].seq, i + 3);
        assert_true(str_eq(a.history[i].text, str_from(text)));
        assert_true(a.history[i].from == 9 && a.history[i].time_ms == 77);
    }
    struct mem_store_counts n;
    mem_store_count(ms, &n);
    assert_int_equal(n.rooms, 2);
    assert_int_equal(n.messages, 6);
    mem_store_request(ms, &(struct store_request){.kind = STORE_DROP, .room = 1});
    mem_store_request(ms, &(struct store_request){.kind = STORE_DROP, .room = 5});
    assert_false(mem_store_answer(ms, &a));
    mem_store_count(ms, &n);
    assert_int_equal(n.rooms, 1);
    assert_int_equal(append(ms, 1, "again"), 1);
    mem_store_free(ms);
}

static void bytes_have_a_cap(void **state)
{
    (void)state;
    struct mem_store *ms = store(100, 300);
    struct store_answer a;
    struct mem_store_counts n;
    char text[400];
    memset(text, 'x', sizeof text);
    text[100] = 0;
    append(ms, 1, text);
    append(ms, 2, text);
    assert_int_equal(append(ms, 2, text), 2); /* drops the oldest of this room */
    mem_store_count(ms, &n);
    assert_int_equal(n.messages, 2);
    assert_true(n.bytes <= 300);
    assert_int_equal(append(ms, 3, text), 1); /* no room at all: numbered, delivered, not kept */
    assert_int_equal(load(ms, 3, &a), 0);
    assert_int_equal(append(ms, 3, "s"), 2);
    assert_int_equal(load(ms, 3, &a), 1);
    assert_int_equal(a.history[0].seq, 2);
    text[100] = 'x';
    text[399] = 0;
    append(ms, 1, text);
    assert_int_equal(load(ms, 1, &a), 0);
    mem_store_count(ms, &n);
    assert_true(n.bytes <= 300);
    mem_store_free(ms);
    ms = store(0, 300);
    assert_int_equal(append(ms, 1, "x"), 1);
    assert_int_equal(load(ms, 1, &a), 0);
    mem_store_request(
        ms, &(struct store_request){.kind = STORE_LOAD, .room = 1}); /* left in the queue */
    mem_store_free(ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_numbered),
        cmocka_unit_test(bytes_have_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
