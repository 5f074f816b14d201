/* Ids of nodes from 512 on are negative numbers to the database. Lists that come page by page have all of them, each once,
 * whatever the node is. */
#include "stay_world.h"

enum { MANY = 5, PAGES = 40 };

/* Counts how often each of the ids is on the pages of a list with one row each. */
static void each_once(struct client *c, const char *request, const uint64_t *ids, size_t n)
{
    unsigned seen[MANY + 2] = {0};
    char after[CONV_CURSOR_MAX + 200] = "";
    unsigned pages = 0;
    do {
        assert_true(++pages < PAGES);
        char fields[600];
        snprintf(fields, sizeof fields, "%s,'limit':1%s%s%s", request,
                 after[0] ? (strstr(request, "search") ? ",'before':'" : ",'after':'") : "", after,
                 after[0] ? "'" : "");
        const char *a = ask(c, "%s", fields);
        assert_ack(a);
        for (size_t i = 0; i < n; i++)
            seen[i] += strstr(a, id_text(ids[i])) != NULL;
        after[0] = 0;
        if (strstr(a, "\"next\":\""))
            value(a, "next", after, sizeof after);
        world_pass(c->w, SECOND);
    } while (after[0]);
    for (size_t i = 0; i < n; i++)
        if (seen[i] != 1)
            fail_msg("%s: id %zu was on %u pages", request, i, seen[i]);
}

static void pages_of(struct world *w, int node)
{
    uint64_t rooms[MANY + 1], people[MANY];
    char members[100];
    struct client *mina = device(w, MINA);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "user%c", 'a' + i);
        people[i] = ID_MAKE(i % 2 ? node : 3, 0, 77 + i);
        put_user(w, people[i], name);
        rooms[i] = make_room(mina, ",'public':true");
        const struct val v[] = {VAL_ID(rooms[0]), VAL_ID(people[i]), VAL_I(CONV_MEMBER),
                                VAL_I(CONV_OPEN), VAL_I(1000),       VAL_I(100)};
        run_proc(w, DB_MEMBER_PUT, v, ARRAY_LEN(v));
        assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true", id_text(people[i])));
        send_text(mina, rooms[i], "needle");
        world_pass(w, SECOND);
    }
    rooms[MANY] = open_with(mina, people[1]);
    send_text(mina, rooms[MANY], "needle @userb");
    conv_stale_all(w->d);
    each_once(mina, "'type':'convs'", rooms, MANY + 1);
    each_once(mina, "'type':'rooms_public'", rooms, MANY);
    each_once(mina, "'type':'search','text':'needle'", rooms, MANY + 1);
    snprintf(members, sizeof members, "'type':'members','conv':'%s'", id_text(rooms[0]));
    each_once(mina, members, people, MANY);
    each_once(mina, "'type':'people'", people, MANY);
    each_once(mina, "'type':'people','only':'favourites'", people, MANY);
    /* and what names ids inside of texts of the database */
    assert_ack(ask(mina, "'type':'react','conv':'%s','seq':1,'emoji':'x','on':true",
                   id_text(rooms[MANY])));
    const char *h = ask_conv(mina, "history", rooms[MANY], "");
    char want[64];
    snprintf(want, sizeof want, "'reactions':{'x':['%s']}", id_text(MINA));
    assert_has(h, want);
    snprintf(want, sizeof want, "'mentions':['%s']", id_text(people[1]));
    assert_has(h, want);
    /* and live */
    assert_ack(ask(mina, "'type':'conv_watch','on':true"));
    assert_ack(join(mina, id_text(rooms[1]), ""));
    world_pass(w, SECOND);
    assert_has(told(mina, "conv_live"), id_text(rooms[1]));
    assert_has(ask_conv(mina, "conv_get", rooms[1], ""), "'live':{'count':1");
}

static void any_node(void **state)
{
    static const int nodes[] = {0, 511, 512, 1023};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        void *one = NULL;
        call_setup(&one);
        struct world *w = one;
        w->cfg.node = nodes[i];
        world_again(w);
        pages_of(w, nodes[i]);
        world_teardown(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_node)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
