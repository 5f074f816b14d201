/* The directory: finding people, pages, favourites, blocks, and what nobody may learn. */
#include "people_world.h"

/* The user names of a page in their order, with a space behind each. */
static const char *names(const char *answer)
{
    static char out[4096];
    size_t n = 0;
    assert_ack(answer);
    out[0] = 0;
    for (const char *p = answer; (p = strstr(p, "\"name\":\"")) != NULL;) {
        p += 8;
        n += (size_t)snprintf(out + n, sizeof out - n, "%.*s ", (int)strcspn(p, "\""), p);
    }
    return out;
}

static const char *search(struct client *c, const char *query)
{
    return names(ask(c, "'type':'people','query':'%s'", query));
}

static void who_is_found(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    put_person(w, 10, "cs.kim", "김철수");
    put_person(w, 11, "kang_cm", "강창민");
    put_person(w, 12, "Jean", "Jean-Luc PICARD");
    put_person(w, 13, "ki", "기미나");
    /* any word of both names, by its beginning, in whatever case */
    assert_string_equal(search(mina, "pic"), "Jean ");
    assert_string_equal(search(mina, "LUC"), "Jean ");
    assert_string_equal(search(mina, "sora"), "sora ");
    assert_string_equal(search(mina, "le"), "sora ");
    assert_string_equal(search(mina, "icard"), "");
    /* several words, in any order, each somewhere */
    assert_string_equal(search(mina, "lee so"), "sora ");
    assert_string_equal(search(mina, "picard jean luc"), "Jean ");
    assert_string_equal(search(mina, "lee jean"), "");
    /* Korean: words, given names, initial consonants, and what is still being typed */
    assert_string_equal(search(mina, "김"), "cs.kim ");
    assert_string_equal(search(mina, "철수"), "cs.kim ");
    assert_string_equal(search(mina, "ㄱㅊ"), "kang_cm cs.kim ");
    assert_string_equal(search(mina, "ㄱㅊㅅ"), "cs.kim ");
    assert_string_equal(search(mina, "김ㅊ"), "cs.kim ");
    assert_string_equal(search(mina, "기"), "ki cs.kim ");
    assert_string_equal(search(mina, "김처"), "cs.kim ");
    assert_string_equal(search(mina, "김척"), "");
    assert_string_equal(search(mina, "ㅊㅅ kim"), "cs.kim ");
    /* nothing to look for */
    assert_string_equal(search(mina, "!?"), "");
    assert_string_equal(search(mina, "%"), "");
    assert_string_equal(search(mina, "  "), "Jean sora kang_cm ki cs.kim jun hana ");
    /* not oneself, though a link to oneself works */
    assert_string_equal(search(mina, "mina"), "");
    assert_has(ask(mina, "'type':'person','name':'MINA'"), "'display':'김미나'");
}

/* Follows `next` to the end; each name once. Returns how many there were; out: the names. */
static unsigned all_pages(struct client *c, const char *fields, int limit, char *out, size_t cap)
{
    char next[2100] = "", more[2200] = "";
    unsigned pages = 0, total = 0;
    size_t n = 0;
    do {
        const char *a = ask(c, "'type':'people','limit':%d%s%s", limit, fields, more);
        const char *list = names(a);
        n += (size_t)snprintf(out + n, cap - n, "%s", list);
        unsigned here = 0;
        for (const char *p = list; *p; p++)
            here += *p == ' ';
        assert_true(here <= (unsigned)limit);
        total += here;
        bool there_is_more = has(a, "'next':'");
        if (there_is_more)
            snprintf(more, sizeof more, ",'after':'%s'", value(a, "next", next, sizeof next));
        else
            break;
        world_pass(c->w, SECOND); /* the rate */
    } while (++pages < 500);
    assert_true(pages < 500);
    return total;
}

enum { TEAM = 1000, TEAM_SIZE = 137 };

static void put_team(struct world *w)
{
    char name[32], display[64];
    for (int i = 0; i < TEAM_SIZE; i++) {
        snprintf(name, sizeof name, "team%03d", i);
        /* many have the same name, and each can be found by several words that begin alike */
        snprintf(display, sizeof display, "%s teamwork", i % 3 ? "김팀장" : "김대리");
        put_person(w, (uint64_t)(TEAM + i), name, display);
    }
}

static void pages(void **state)
{
    struct world *w = *state;
    static char all[8192], again[8192];
    struct client *mina = device(w, MINA);
    put_team(w);
    for (int limit = 1; limit <= 100; limit += 33) {
        assert_int_equal(all_pages(mina, "", limit, all, sizeof all), TEAM_SIZE + 3);
        assert_int_equal(all_pages(mina, ",'query':'team'", limit, all, sizeof all), TEAM_SIZE);
        if (limit == 1)
            memcpy(again, all, sizeof all);
        assert_string_equal(all, again); /* the same order, whatever the pages */
        for (int i = 0; i < TEAM_SIZE; i++) {
            char name[32];
            snprintf(name, sizeof name, "team%03d ", i);
            const char *first = strstr(all, name);
            assert_non_null(first);
            assert_null(strstr(first + 1, name));
        }
        assert_int_equal(all_pages(mina, ",'query':'김대'", limit, all, sizeof all), 46);
        assert_int_equal(all_pages(mina, ",'query':'teamw ㄱㅌ'", limit, all, sizeof all), 91);
        assert_int_equal(all_pages(mina, ",'only':'favourites'", limit, all, sizeof all), 0);
    }
    /* a full page that is the last one says so */
    const char *a = ask(mina, "'type':'people','query':'팀장 team001','limit':1");
    assert_string_equal(names(a), "team001 ");
    assert_false(has(a, "'next'"));
    assert_error(ask(mina, "'type':'people','limit':0"), "bad_request");
    assert_error(ask(mina, "'type':'people','limit':101"), "bad_request");
}

static void filters(void **state)
{
    struct world *w = *state;
    static char all[8192];
    struct client *mina = device(w, MINA);
    put_team(w);
    for (int i = 0; i < 30; i++) {
        assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true",
                       id_text((uint64_t)(TEAM + i * 3))));
        if (i < 20)
            device(w, (uint64_t)(TEAM + i));
        world_pass(w, SECOND);
    }
    for (int i = 0; i < 5; i++)
        assert_ack(
            ask(mina, "'type':'block','user':'%s','on':true", id_text((uint64_t)(TEAM + i))));
    assert_int_equal(all_pages(mina, ",'only':'favourites'", 7, all, sizeof all), 30);
    assert_int_equal(all_pages(mina, ",'only':'favourites','query':'team00'", 3, all, sizeof all),
                     4);
    assert_int_equal(all_pages(mina, ",'only':'blocked'", 2, all, sizeof all), 5);
    assert_int_equal(all_pages(mina, ",'only':'online'", 4, all, sizeof all), 15);
    assert_int_equal(all_pages(mina, ",'only':'online','query':'김대'", 4, all, sizeof all), 5);
    assert_int_equal(all_pages(mina, ",'only':'online','query':'sora'", 4, all, sizeof all), 0);
    assert_error(ask(mina, "'type':'people','only':'admins'"), "bad_request");
    /* as a row says it */
    const char *a = ask(mina, "'type':'people','query':'team006'");
    assert_has(a, "'name':'team006','display':'김대리 teamwork','avatar':0,'presence':'online',"
                  "'favourite':true,'blocked':false}]");
    /* neither the invisible nor those who blocked are online */
    RUN(w, DB_BLOCK_ON, VAL_ID(HANA), VAL_ID(MINA), VAL_I(w->wall));
    RUN(w, DB_USER_SET_PRESENCE, VAL_ID(SORA), VAL_I(PRESENCE_MODE_INVISIBLE));
    device(w, HANA);
    device(w, SORA);
    assert_int_equal(all_pages(mina, ",'only':'online'", 100, all, sizeof all), 15);
    assert_int_equal(all_pages(mina, ",'only':'online','query':'hana'", 9, all, sizeof all), 0);
    assert_int_equal(all_pages(mina, ",'query':'hana'", 9, all, sizeof all), 1);
}

/* More words begin alike than are looked at for one answer, and none of these people fit. */
static void a_long_way_to_the_next(void **state)
{
    struct world *w = *state;
    static char all[8192];
    struct client *mina = device(w, MINA);
    char name[32];
    RUN(w, DB_USER_SET_DISPLAY, VAL_ID(SORA), VAL_T(STR("x y")), VAL_T(STR("sora\nxx5000\ny\n")));
    for (int i = 0; i < 4500; i++) {
        snprintf(name, sizeof name, "xx%04d\n", i);
        RUN(w, DB_USER_SET_DISPLAY, VAL_ID(JUN), VAL_T(STR("x")), VAL_T(str_from(name)));
        struct val n = VAL_T(str_from(name));
        if (i % 3 == 0) {
            RUN(w, DB_USER_ADD, VAL_ID((uint64_t)(5000 + i)), n, n, n, n, VAL_I(0), VAL_NONE,
                VAL_I(0), VAL_T(STR("ko")), VAL_I(1000));
            RUN(w, DB_USER_SET_DISPLAY, VAL_ID((uint64_t)(5000 + i)), n,
                VAL_T(str_from("xx1\nxx2\nxx3\n")));
        }
    }
    /* "xx" leads: the longest; "y" is the second word of nobody but SORA */
    RUN(w, DB_USER_SET_DISPLAY, VAL_ID(SORA), VAL_T(STR("xx5000 y")),
        VAL_T(STR("sora\nxx5000\ny\n")));
    assert_string_equal(names(ask(mina, "'type':'people','query':'xx y'")), "sora ");
    assert_int_equal(all_pages(mina, ",'query':'xx y'", 10, all, sizeof all), 1);
    assert_int_equal(all_pages(mina, ",'query':'xx zz'", 10, all, sizeof all), 0);
}

static void cursors_that_are_nonsense(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    static const char *const bad[] = {"x",
                                      "====",
                                      "AAAA",
                                      "AAAAAAAAAAD_",
                                      "AAAAAAAAAAAA",
                                      "\\u0027 OR 1=1",
                                      "AAAAAAAAAAAAAAAAAAA*"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_has(ask(mina, "'type':'people','after':\"%s\"", bad[i]), "'code':'bad_");
    char text[3000];
    memset(text, 'A', sizeof text);
    text[sizeof text - 1] = 0;
    assert_error(ask(mina, "'type':'people','after':'%s'", text), "bad_request");
    /* made up but well formed: only a place to begin at */
    char place[64];
    uint8_t bytes[8 + 6] = {0x80, 0, 0, 0, 0, 0, 0, 0};
    memcpy(bytes + 8, "\xEB\xB0\x95", 3); /* 박 */
    b64url_encode(place, sizeof place, bytes, 11);
    assert_string_equal(names(ask(mina, "'type':'people','after':'%s'", place)), "jun hana ");
    assert_string_equal(names(ask(mina, "'type':'people','only':'online','after':'%s'", place)),
                        "");
    /* before and behind the words that are looked for */
    assert_string_equal(names(ask(mina, "'type':'people','query':'한','after':'%s'", place)),
                        "hana ");
    assert_string_equal(names(ask(mina, "'type':'people','query':'sora','after':'%s'", place)), "");
}

static void queries_that_are_nonsense(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    char text[600];
    static const char *const odd[] = {"\\u0027 OR 1=1 --",
                                      "\\ud7a3",
                                      "\\uffff",
                                      "\xF4\x8F\xBF\xBF",
                                      "*",
                                      "NEAR(a b)",
                                      "\\\"mina\\\"",
                                      "ㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎㅎ",
                                      "힣",
                                      "하",
                                      "\\u1112\\u1161"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        const char *a = ask(mina, "'type':'people','query':\"%s\"", odd[i]);
        if (!has(a, "{'type':'ack'") && !has(a, "'code':'bad_"))
            fail_msg("%s: %s", odd[i], a);
    }
    memset(text, 'a', sizeof text);
    text[512] = 0;
    assert_string_equal(search(mina, text), "");
    text[512] = 'a';
    text[513] = 0;
    assert_error(ask(mina, "'type':'people','query':'%s'", text), "bad_request");
    memset(text, ' ', 512);
    text[512] = 0;
    for (int i = 0; i < 512; i += 2)
        text[i] = 'a';
    assert_string_equal(search(mina, text), "");
}

static void marks(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *phone = device(w, MINA), *jun = device(w, JUN);
    const char *e;
    drain_all(w);
    assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true", id_text(JUN)));
    assert_int_equal(told_times(phone, "person_changed", &e), 1);
    assert_has(e, "'person':{'user':'0000000000002','name':'jun','display':'박준','avatar':0,"
                  "'presence':'online','favourite':true,'blocked':false}}");
    assert_int_equal(told_times(mina, "person_changed", &e), 0);
    assert_int_equal(told_times(jun, "person_changed", &e), 0);
    assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true", id_text(JUN))); /* again */
    drain_all(w);
    assert_ack(ask(mina, "'type':'block','user':'%s','on':true", id_text(JUN)));
    assert_int_equal(told_times(phone, "person_changed", &e), 1);
    assert_has(e, "'presence':'offline','favourite':true,'blocked':true}}");
    assert_int_equal(told_times(jun, "person_changed", &e), 0);
    assert_true(user_blocks(user_find(w->d, MINA), user_find(w->d, JUN)));
    /* kept */
    world_again(w);
    mina = device(w, MINA);
    assert_string_equal(names(ask(mina, "'type':'people','only':'blocked'")), "jun ");
    assert_string_equal(names(ask(mina, "'type':'people','only':'favourites'")), "jun ");
    assert_ack(ask(mina, "'type':'block','user':'%s','on':false", id_text(JUN)));
    assert_ack(ask(mina, "'type':'favourite','user':'%s','on':false", id_text(JUN)));
    assert_has(ask(mina, "'type':'person','user':'%s'", id_text(JUN)),
               "'favourite':false,'blocked':false");
    assert_false(idset_has(&user_find(w->d, MINA)->blocked, JUN));
    /* not oneself, nobody, no id */
    for (int i = 0; i < 2; i++) {
        const char *what = i ? "block" : "favourite";
        assert_error(ask(mina, "'type':'%s','user':'%s','on':true", what, id_text(MINA)),
                     "bad_request");
        assert_error(ask(mina, "'type':'%s','user':'%s','on':true", what, id_text(NOBODY)),
                     "user_unknown");
        assert_error(ask(mina, "'type':'%s','user':'nobody','on':true", what), "user_unknown");
        assert_error(ask(mina, "'type':'%s','user':'%s'", what, id_text(JUN)), "bad_request");
    }
    w->db.fail = DB_FULL;
    assert_error(ask(mina, "'type':'block','user':'%s','on':true", id_text(JUN)), "store_full");
    assert_false(idset_has(&user_find(w->d, MINA)->blocked, JUN));
}

static void marks_have_a_limit(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    struct user *u = user_find(w->d, MINA);
    for (uint64_t i = 0; i < 1000; i++)
        idset_add(&u->blocked, 100000 + i);
    assert_error(ask(mina, "'type':'block','user':'%s','on':true", id_text(JUN)), "not_allowed");
    assert_ack(ask(mina, "'type':'block','user':'%s','on':false", id_text(JUN)));
    assert_ack(ask(mina, "'type':'favourite','user':'%s','on':true", id_text(JUN)));
}

/* Who blocks during a call ends it; who is blocked is called in vain. */
static void a_block_ends_a_call(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA), *jun = device(w, JUN);
    const char *e;
    assert_ack(ask(jun, "'type':'call','to':'%s','video':false", id_text(MINA)));
    assert_int_equal(told_times(mina, "ring", &e), 1);
    assert_ack(ask(mina, "'type':'block','user':'%s','on':true", id_text(JUN)));
    drain_all(w);
    world_pass(w, MINUTE);
    ask(jun, "'type':'call','to':'%s','video':false", id_text(MINA));
    assert_int_equal(told_times(mina, "ring", &e), 0);
}

/* Nobody, a deleted and a disabled person are one answer; and so are people to those whom they blocked and
 * people who are not there. */
static void what_nobody_may_learn(void **state)
{
    struct world *w = *state;
    struct client *mina = device(w, MINA);
    char nobody[512], blocked[512], away[512];
    put_person(w, 20, "gone", "간 사람");
    put_person(w, 21, "barred", "막힌 사람");
    put_person(w, 22, "hostile", "막은 사람");
    put_person(w, 23, "hostilf", "막은 사람");
    RUN(w, DB_USER_DELETE, VAL_ID(20));
    RUN(w, DB_USER_DISABLE, VAL_ID(21));
    RUN(w, DB_BLOCK_ON, VAL_ID(22), VAL_ID(MINA), VAL_I(5000));
    static const char *const asks[] = {"'type':'person','user':'%s'",
                                       "'type':'favourite','user':'%s','on':true",
                                       "'type':'block','user':'%s','on':true"};
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        const uint64_t none[] = {20, 21, NOBODY};
        for (size_t k = 0; k < ARRAY_LEN(none); k++) {
            char fields[128];
            uint64_t before = w->effects;
            snprintf(fields, sizeof fields, asks[i], id_text(none[k]));
            const char *a = ask(mina, "%s", fields);
            assert_error(a, "user_unknown");
            snprintf(k ? blocked : nobody, sizeof nobody, "%s", strchr(a, 'c'));
            if (k)
                assert_string_equal(strchr(nobody, ','), strchr(blocked, ','));
            assert_int_equal(w->effects - before, 2); /* one question, one answer */
        }
    }
    assert_error(ask(mina, "'type':'person','name':'gone'"), "user_unknown");
    assert_error(ask(mina, "'type':'person','name':'barred'"), "user_unknown");
    assert_error(ask(mina, "'type':'person','name':'\\u202e!'"), "user_unknown");
    assert_error(ask(mina, "'type':'person'"), "user_unknown");
    assert_string_equal(search(mina, "사람"), "hostile hostilf ");
    assert_string_equal(search(mina, "gone"), "");
    assert_string_equal(search(mina, "barred"), "");
    /* who has blocked looks like who is not there, there or not */
    device(w, 22);
    for (int i = 0; i < 3; i++) {
        static const char *const how[] = {"'type':'person','user':'%s'",
                                          "'type':'people_watch','users':['%s']",
                                          "'type':'favourite','user':'%s','on':true"};
        char fields[128];
        uint64_t before = w->effects;
        snprintf(fields, sizeof fields, how[i], id_text(22));
        snprintf(blocked, sizeof blocked, "%s", strchr(ask(mina, "%s", fields), ',') + 7);
        uint64_t between = w->effects;
        snprintf(fields, sizeof fields, how[i], id_text(23));
        snprintf(away, sizeof away, "%s", strchr(ask(mina, "%s", fields), ',') + 7);
        assert_int_equal(between - before, w->effects - between);
        /* but for id, name and time, which are whose they are */
        for (char *p = blocked, *q = away; *p; p++, q++) {
            if (*p == 'm' && *q == 'n') /* ...0m, ...0n: 20 and 21 + 2 */
                *p = *q;
        }
        char *t = strstr(blocked, "\"last_seen\":5000"), *u = strstr(away, "\"last_seen\":1000");
        if (i < 2) {
            assert_non_null(t);
            assert_non_null(u);
        }
        assert_int_equal(strlen(blocked), strlen(away));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(who_is_found),
        PEOPLE_TEST(pages),
        PEOPLE_TEST(filters),
        PEOPLE_TEST(a_long_way_to_the_next),
        PEOPLE_TEST(cursors_that_are_nonsense),
        PEOPLE_TEST(queries_that_are_nonsense),
        PEOPLE_TEST(marks),
        PEOPLE_TEST(marks_have_a_limit),
        PEOPLE_TEST(a_block_ends_a_call),
        PEOPLE_TEST(what_nobody_may_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
