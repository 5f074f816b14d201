/* Talking and relaying: chat, whisper, typing, desc, cand, file; and names, rates, tickets' codec. */
#include "domain_world.h"

#include "domain/names.h"
#include "domain/ratelimit.h"
#include "domain/ticket.h"

struct pair {
    struct client *a, *b, *c; /* a and b share a room; c is elsewhere */
    char room[B32_SIZE];
};

static struct pair pair(struct world *w)
{
    struct pair p = {hello(w, "a"), hello(w, "b"), hello(w, "c"), ""};
    create(p.a, p.room, "");
    join(p.b, p.room, "");
    drain_all(w);
    return p;
}

static void chatting(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    const char *m =
        ask(p.a, "'type':'chat','room':'%s','text':'hello \\\"you\\\"\\n\\u0001'", p.room);
    assert_has(m, "'seq':1,'time':1800000000000}");
    assert_has(next(p.b), "{'type':'chat','room':'");
    assert_has(last(p.b), "'name':'a','text':'hello \\\"you\\\"\\n\\u0001','seq':1,'time':18");
    assert_string_equal(last(p.a), last(p.b)); /* to the sender, too */
    assert_has(ask(p.b, "'type':'chat','room':'%s','text':'2'", p.room), "'seq':2");
    assert_string_equal(next(p.c), "");
    m = join(p.c, p.room, "");
    assert_has(m, "'history':[{'type':'chat','room':'");
    assert_has(m, "'seq':1,");
    assert_has(m, "'text':'2','seq':2,");
    assert_error(ask(p.c, "'type':'chat','room':'0000000000001','text':'x'"), "not_in_room");
    assert_error(ask(p.c, "'type':'chat','room':'%s','text':''", p.room), "bad_request");
    assert_error(ask(p.c, "'type':'chat','room':'%s'", p.room), "bad_request");
}

static void chat_has_a_length_and_a_rate(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    char text[2001 * 3 + 1];
    for (int i = 0; i < 2001; i++)
        memcpy(text + 3 * i, "\xea\xb0\x80", 3);
    text[2001 * 3] = 0;
    assert_error(ask(p.a, "'type':'chat','room':'%s','text':'%s'", p.room, text), "too_long");
    assert_error(
        ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'%s'", p.room, p.b->sid, text),
        "too_long");
    text[2000 * 3] = 0;
    assert_ack(ask(p.a, "'type':'chat','room':'%s','text':'%s'", p.room, text));
    for (int i = 0; i < 18; i++)
        assert_ack(ask(p.a, "'type':'chat','room':'%s','text':'x'", p.room));
    assert_error(ask(p.a, "'type':'chat','room':'%s','text':'x'", p.room), "rate");
    world_pass(w, SECOND / 5);
    assert_ack(ask(p.a, "'type':'chat','room':'%s','text':'x'", p.room));
}

static void history_has_a_hundred(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    for (int i = 0; i < 130; i++) {
        assert_ack(ask(p.a, "'type':'chat','room':'%s','text':'m%d.'", p.room, i));
        world_pass(w, SECOND);
    }
    const char *m = join(p.c, p.room, "");
    assert_false(has(m, "'m29.'"));
    assert_has(m, "'text':'m30.','seq':31");
    assert_has(m, "'text':'m129.','seq':130");
}

static void whispering(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    struct client *d = hello(w, "d");
    join(d, p.room, "");
    drain_all(w);
    assert_has(ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'psst'", p.room, p.b->sid),
               "'time':18");
    assert_has(next(p.b), "{'type':'whisper','room':'");
    assert_has(last(p.b), "'name':'a','text':'psst','time':18");
    assert_string_equal(next(d), "");
    assert_error(ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'x'", p.room, p.c->sid),
                 "peer_unknown");
    assert_error(ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'x'", p.room, p.a->sid),
                 "peer_unknown");
    assert_error(ask(p.c, "'type':'whisper','room':'%s','to':'%s','text':'x'", p.room, p.a->sid),
                 "not_in_room");
    for (int i = 0; i < 19; i++)
        ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'x'", p.room, p.b->sid);
    assert_error(ask(p.a, "'type':'whisper','room':'%s','to':'%s','text':'x'", p.room, p.b->sid),
                 "rate");
}

static void typing(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    struct client *d = hello(w, "d");
    char text[120];
    join(d, p.room, "");
    lose_pipe(d);
    drain_all(w);
    snprintf(text, sizeof text, "{\"type\":\"typing\",\"room\":\"%s\",\"on\":true}", p.room);
    say(p.a, text);
    assert_has(next(p.b), "{'type':'typing','room':'");
    assert_has(last(p.b), "'on':true}");
    assert_string_equal(next(p.a), "");
    assert_string_equal(next(d), ""); /* not kept for who is away */
    for (int i = 0; i < 30; i++)
        say(p.a, text);
    assert_int_equal(p.b->n_log - p.b->seen, 9); /* the rate: silence */
    assert_string_equal(next(p.a), "");
    say(p.c, text); /* not in the room */
    assert_string_equal(next(p.c), "");
}

static void relaying(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    assert_ack(ask(p.a,
                   "'type':'desc','room':'%s','to':'%s','conn':'m1','kind':'offer'\n"
                   "v=0\r\na=ice-ufrag:'q'\n",
                   p.room, p.b->sid));
    const char *m = next(p.b);
    assert_has(m, "{'type':'desc','room':'");
    assert_has(m, "'conn':'m1','kind':'offer'}\nv=0\r\na=ice-ufrag:");
    assert_non_null(strstr(m, "ufrag:'q'\n")); /* bytes as they were */
    assert_ack(ask(p.b, "'type':'desc','room':'%s','to':'%s','conn':'m1','kind':'rollback'", p.room,
                   p.a->sid));
    assert_has(last(p.a), "'kind':'rollback'}\n");
    assert_ack(
        ask(p.b, "'type':'cand','room':'%s','to':'%s','conn':'m1'\na=mid:0\n", p.room, p.a->sid));
    assert_has(last(p.a), "'conn':'m1'}\na=mid:0\n");
    assert_error(ask(p.a, "'type':'cand','room':'%s','to':'%s','conn':'m1'\nx", p.room, p.c->sid),
                 "peer_unknown");
    assert_error(ask(p.c, "'type':'cand','room':'%s','to':'%s','conn':'m1'\nx", p.room, p.a->sid),
                 "not_in_room");
    assert_error(ask(p.a, "'type':'cand','room':'%s','to':'%s','conn':'m1'", p.room, p.b->sid),
                 "bad_body");
    assert_error(ask(p.a, "'type':'desc','room':'%s','to':'%s','conn':'m1','kind':'answer'", p.room,
                     p.b->sid),
                 "bad_body");
    assert_int_equal(p.c->n_log, 2); /* its hello's ack and its own error */
}

static void relay_keeps_order_and_rate(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    for (int i = 0; i < 60; i++)
        assert_ack(ask(p.a, "'type':'desc','room':'%s','to':'%s','conn':'m1','kind':'offer'\nn=%d.",
                       p.room, p.b->sid, i));
    assert_error(ask(p.a, "'type':'desc','room':'%s','to':'%s','conn':'m1','kind':'offer'\nx",
                     p.room, p.b->sid),
                 "rate");
    for (int i = 0; i < 60; i++) {
        char want[16];
        snprintf(want, sizeof want, "\nn=%d.", i);
        assert_non_null(strstr(next(p.b), want));
    }
    for (int i = 0; i < 200; i++)
        assert_ack(
            ask(p.a, "'type':'cand','room':'%s','to':'%s','conn':'m1'\nx", p.room, p.b->sid));
    assert_error(ask(p.a, "'type':'cand','room':'%s','to':'%s','conn':'m1'\nx", p.room, p.b->sid),
                 "rate");
}

static void files(void **state)
{
    struct world *w = *state;
    struct pair p = pair(w);
    assert_ack(ask(p.a,
                   "'type':'file','room':'%s','to':'%s','conn':'f-7','kind':'offer',"
                   "'name':'a.pdf','size':9007199254740992,'mime':'application/pdf'",
                   p.room, p.b->sid));
    assert_has(next(p.b), "'conn':'f-7','kind':'offer','name':'a.pdf','size':9007199254740992,"
                          "'mime':'application/pdf'}");
    static const char *const kinds[] = {"accept", "decline", "cancel"};
    for (int i = 0; i < 3; i++) {
        assert_ack(ask(p.b, "'type':'file','room':'%s','to':'%s','conn':'f-7','kind':'%s'", p.room,
                       p.a->sid, kinds[i]));
        assert_has(last(p.b), "'type':'ack'");
        assert_has(last(p.a), kinds[i]);
        assert_false(has(last(p.a), "size"));
    }
    assert_error(
        ask(p.a, "'type':'file','room':'%s','to':'%s','conn':'f','kind':'offer'", p.room, p.b->sid),
        "bad_request");
    assert_error(ask(p.a,
                     "'type':'file','room':'%s','to':'%s','conn':'f','kind':'offer',"
                     "'name':'a\\n','size':1",
                     p.room, p.b->sid),
                 "bad_request");
    char name[257];
    memset(name, 'n', 256);
    name[256] = 0;
    assert_error(ask(p.a,
                     "'type':'file','room':'%s','to':'%s','conn':'f','kind':'offer',"
                     "'name':'%s','size':1",
                     p.room, p.b->sid, name),
                 "too_long");
    for (int i = 0; i < 19; i++)
        ask(p.a, "'type':'file','room':'%s','to':'%s','conn':'f','kind':'cancel'", p.room,
            p.b->sid);
    assert_error(ask(p.a, "'type':'file','room':'%s','to':'%s','conn':'f','kind':'cancel'", p.room,
                     p.b->sid),
                 "rate");
}

/* ---- the small parts ---- */

static void names_are_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum names_verdict verdict;
        const char *out;
    } cases[] = {
        {"Mina", NAMES_OK, "Mina"},
        {"  a   b  ", NAMES_OK, "a b"},
        {"\xc2\xa0"
         "a\xe3\x80\x80"
         "b",
         NAMES_OK, "a b"},                                                  /* other spaces */
        {"e\xcc\x81", NAMES_OK, "\xc3\xa9"},                                /* NFC */
        {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", NAMES_OK, "\xed\x95\x9c"}, /* jamo */
        {"\xe2\x9d\xa4\xef\xb8\x8f", NAMES_OK, "\xe2\x9d\xa4\xef\xb8\x8f"}, /* a red heart */
        {"\xf0\x9f\x98\x80", NAMES_OK, "\xf0\x9f\x98\x80"},
        {"\xf0\x9f\xab\xa9", NAMES_OK, "\xf0\x9f\xab\xa9"}, /* U+1FAE9: younger than the tables */
        {"", NAMES_EMPTY, ""},
        {" \xe3\x80\x80 ", NAMES_EMPTY, ""},
        {"a\x01", NAMES_BAD, ""},
        {"a\x7f", NAMES_BAD, ""},
        {"a\xc2\x85", NAMES_BAD, ""}, /* U+0085 */
        {"a\xe2\x80\xae"
         "b",
         NAMES_BAD, ""}, /* U+202E right-to-left override */
        {"a\xe2\x81\xa6"
         "b",
         NAMES_BAD, ""},                  /* U+2066 isolate */
        {"a\xe2\x80\x8b", NAMES_BAD, ""}, /* U+200B zero-width space */
        {"a\xe2\x80\x8d", NAMES_BAD, ""}, /* U+200D joiner */
        {"a\xef\xbb\xbf", NAMES_BAD, ""}, /* U+FEFF */
        {"a\xc2\xad", NAMES_BAD, ""},     /* soft hyphen */
        {"\xe3\x85\xa4", NAMES_BAD, ""},  /* U+3164 Hangul filler */
        {"\xe1\x85\x9f", NAMES_BAD, ""},  /* U+115F */
        {"\xe2\xa0\x80", NAMES_BAD, ""},  /* U+2800 */
        {"a\xef\xb8\x8f", NAMES_BAD, ""}, /* a selector on a letter */
        {"\xee\x80\x80", NAMES_BAD, ""},  /* U+E000 private */
        {"a\xe2\x80\xa8"
         "b",
         NAMES_BAD, ""},                     /* U+2028 */
        {"\xcd\xb8", NAMES_BAD, ""},         /* U+0378 unassigned */
        {"\xf3\xa0\x81\xa1", NAMES_BAD, ""}, /* U+E0061 tag */
        {"\xcc\x81"
         "a",
         NAMES_BAD, ""}, /* begins with a mark */
        {"a\xcc\x96\xcc\x96\xcc\x96\xcc\x96\xcc\x96", NAMES_BAD, ""},
        {"123456789012345678901234567890123", NAMES_TOO_LONG, ""},
        {"12345678901234567890123456789012", NAMES_OK, "12345678901234567890123456789012"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[NAMES_BYTES_MAX];
        size_t n;
        enum names_verdict v = names_clean(str_from(cases[i].in), 32, out, &n);
        if (v != cases[i].verdict)
            fail_msg("case %zu: %d, not %d", i, v, cases[i].verdict);
        if (v == NAMES_OK)
            assert_true(str_eq(str_of(out, n), str_from(cases[i].out)));
    }
    char big[5000], out[NAMES_BYTES_MAX];
    size_t n;
    memset(big, 0xc3, sizeof big);
    assert_int_equal(names_clean(str_of(big, sizeof big), 32, out, &n), NAMES_TOO_LONG);
}

static void made_up_names_fit(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {1};
    rng_init(&rng, seed);
    for (int i = 0; i < 4000; i++) {
        char mem[NAMES_BYTES_MAX], out[NAMES_BYTES_MAX];
        size_t n;
        struct buf b;
        buf_init_fixed(&b, mem, sizeof mem);
        names_person(&b, &rng, i & 1);
        assert_int_equal(names_clean(buf_str(&b), 24, out, &n), NAMES_OK);
        assert_true(str_eq(buf_str(&b), str_of(out, n)));
    }
    char mem[NAMES_BYTES_MAX], long_name[] = "12345678901234567890123456789012";
    struct buf b;
    buf_init_fixed(&b, mem, sizeof mem);
    names_room(&b, str_from(long_name), 20, false);
    assert_true(str_eq(buf_str(&b), STR("1234567890123's room")));
}

static void buckets(void **state)
{
    (void)state;
    struct domain_rate r = {3, SECOND};
    int64_t at = 0, now = 50 * SECOND;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ratelimit_take(&at, &r, now), 0);
    assert_int_equal(ratelimit_take(&at, &r, now), 1000);
    assert_int_equal(ratelimit_take(&at, &r, now + 999001), 1);
    assert_int_equal(ratelimit_take(&at, &r, now + SECOND), 0);
    assert_int_equal(ratelimit_take(&at, &r, now + SECOND), 1000);
    now += 100 * SECOND; /* never more than the burst */
    for (int i = 0; i < 3; i++)
        assert_int_equal(ratelimit_take(&at, &r, now), 0);
    assert_true(ratelimit_take(&at, &r, now) > 0);
    struct domain_rate none = {0, SECOND};
    for (int i = 0; i < 100; i++)
        assert_int_equal(ratelimit_take(&at, &none, now), 0);
}

static void tickets_are_sealed(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {1}, key[32] = {2};
    rng_init(&rng, seed);
    struct ticket t = {.room = 77,
                       .lineage = 78,
                       .until_ms = 1000,
                       .version = 3,
                       .access = 2,
                       .epoch = 9,
                       .capacity = 100,
                       .is_public = true,
                       .owner = true,
                       .title_n = NAMES_BYTES_MAX,
                       .hash_n = PASSWORD_HASH_MAX};
    memset(t.title, 't', sizeof t.title);
    memset(t.hash, 'h', sizeof t.hash);
    char text[TICKET_TEXT_MAX], again[TICKET_TEXT_MAX];
    size_t n = ticket_seal(&t, key, &rng, text);
    assert_true(n > 0 && n < TICKET_TEXT_MAX);
    ticket_seal(&t, key, &rng, again);
    assert_string_not_equal(text, again); /* another nonce */
    struct ticket o;
    memset(&o, 0, sizeof o);
    assert_true(ticket_open(&o, key, str_of(text, n), 999));
    assert_true(o.room == 77 && o.lineage == 78 && o.version == 3 && o.access == 2 && o.epoch == 9);
    assert_true(o.is_public && !o.locked && o.owner && o.capacity == 100);
    assert_memory_equal(o.title, t.title, sizeof t.title);
    assert_memory_equal(o.hash, t.hash, sizeof t.hash);
    assert_false(ticket_open(&o, key, str_of(text, n), 1000)); /* too old */
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        text[i] = c == 'x' ? 'y' : 'x';
        assert_false(ticket_open(&o, key, str_of(text, n), 0));
        text[i] = c;
        assert_false(ticket_open(&o, key, str_of(text, i), 0));
    }
    assert_true(ticket_open(&o, key, str_of(text, n), 0));
    key[0]++;
    assert_false(ticket_open(&o, key, str_of(text, n), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(chatting),
        WORLD_TEST(chat_has_a_length_and_a_rate),
        WORLD_TEST(history_has_a_hundred),
        WORLD_TEST(whispering),
        WORLD_TEST(typing),
        WORLD_TEST(relaying),
        WORLD_TEST(relay_keeps_order_and_rate),
        WORLD_TEST(files),
        cmocka_unit_test(names_are_cleaned),
        cmocka_unit_test(made_up_names_fit),
        cmocka_unit_test(buckets),
        cmocka_unit_test(tickets_are_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
