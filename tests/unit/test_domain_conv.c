/* Direct conversations as people's pages see them: JSON in, JSON out, on virtual time, with the real store. */
#include "conv_world.h"

static void a_stranger_writes_first(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *a2 = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = open_with(a, JUN);
    assert_int_equal(open_with(a2, JUN), conv);
    assert_false(has(ask(b, "'type':'convs'"), "'kind'")); /* nothing was said */
    drain_all(w);
    const char *ack = send_as(a, conv, "c1", "hello");
    assert_has(ack, "'seq':1,'time':");
    assert_has(told(a, "message"), "'client':'c1'");
    assert_has(told(a2, "message"), "'client':'c1'");
    assert_has(told(b, "message"), "'text':'hello'");
    assert_false(has(told(b, "message"), "client"));
    assert_has(told(b, "conv"), "'state':'request'");
    assert_has(told(b, "conv"), "'with':{'user':'0000000000001','name':'mina'");
    assert_has(told(b, "badges"), "'unread':0,'requests':1");
    assert_string_equal(told(a, "delivered"), ""); /* a stranger learns nothing */
    assert_ack(ask_conv(b, "read", conv, ",'seq':1"));
    assert_string_equal(told(a, "read"), "");
    drain_all(w);
    assert_ack(ask_conv(b, "conv_answer", conv, ",'as':'accept'"));
    assert_has(told(b, "badges"), "'unread':0,'requests':0");
    assert_has(told(b, "conv"), "'state':'open'");
    drain_all(w);
    send_text(a, conv, "again");
    assert_has(told(a, "delivered"), "'seq':2");
    assert_has(told(b, "badges"), "'unread':1,'requests':0");
    assert_ack(ask_conv(b, "read", conv, ",'seq':2"));
    assert_has(told(a, "read"), "'user':'0000000000002','seq':2");
    assert_has(told(b, "badges"), "'unread':0");
    /* a new device finds it so */
    const char *list = ask(a, "'type':'convs'");
    assert_has(list, "'others_read':2,'delivered':2");
    assert_has(list, "'unread':0");
    assert_has(list, "'last':{'conv':");
}

static void to_write_back_is_to_accept(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = open_with(a, JUN);
    send_text(a, conv, "hello");
    drain_all(w);
    send_text(b, conv, "who is it?");
    assert_has(told(b, "badges"), "'requests':0");
    assert_has(told(b, "conv"), "'state':'open'");
    assert_has(told(a, "message"), "who is it?");
    assert_has(told(a, "badges"), "'unread':1");
}

static void a_request_is_ignored(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = open_with(a, JUN);
    send_text(a, conv, "buy this");
    assert_ack(ask_conv(b, "conv_answer", conv, ",'as':'ignore'"));
    assert_has(told(b, "conv"), "'state':'ignored'");
    drain_all(w);
    send_text(a, conv, "buy that");
    assert_string_equal(told(b, "badges"), "");
    assert_string_equal(told(a, "delivered"), "");
    assert_int_equal(number_of(ask(device(w, JUN), "'type':'convs'"), "unread"), 2);
}

static void the_same_client_id_is_the_same_message(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *a2 = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    const char *one = str_dup(str_from(send_as(a, conv, "x", "first")));
    world_pass(w, SECOND);
    drain_all(w);
    const char *two = send_as(a2, conv, "x", "second thoughts");
    assert_int_equal(number_of(one, "seq"), number_of(two, "seq"));
    assert_int_equal(number_of(one, "time"), number_of(two, "time"));
    assert_string_equal(told(b, "message"), "");
    const char *other = send_as(b, conv, "x", "mine"); /* another author's */
    assert_int_equal(number_of(other, "seq"), number_of(one, "seq") + 1);
    xfree((char *)one);
}

static void order_is_one_for_all(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    w->db.hold = true;
    for (int i = 0; i < 10; i++) {
        struct client *c = i % 2 ? a : b;
        char own[16];
        snprintf(own, sizeof own, "o%d", i);
        assert_string_equal(send_as(c, conv, own, "x"), "");
    }
    w->db.hold = false;
    world_settle(w);
    int64_t next_a = 2, next_b = 2;
    for (size_t i = 0; i < a->n_log; i++)
        if (has(a->log[i], "{'type':'message'") && number_of(a->log[i], "seq") > 1)
            assert_int_equal(number_of(a->log[i], "seq"), next_a++);
    for (size_t i = 0; i < b->n_log; i++)
        if (has(b->log[i], "{'type':'message'") && number_of(b->log[i], "seq") > 1)
            assert_int_equal(number_of(b->log[i], "seq"), next_b++);
    assert_int_equal(next_a, 12);
    assert_int_equal(next_b, 12);
}

static void what_the_store_refuses_is_refused(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    w->db.fail = DB_FULL;
    assert_error(send_as(a, conv, "s", "x"), "store_full");
    w->db.fail = DB_BUSY;
    assert_error(send_as(a, conv, "s", "x"), "store_busy");
    w->db.fail = DB_OK;
    assert_string_equal(told(b, "message"), "");
    assert_has(send_as(a, conv, "s", "x"), "'seq':2");
}

static void history_is_scrolled(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    for (int i = 2; i <= 25; i++) {
        char text[16];
        snprintf(text, sizeof text, "text %d.", i);
        send_text(i % 2 ? a : b, conv, text);
        world_pass(w, SECOND);
    }
    const char *h = ask_conv(a, "history", conv, ",'limit':10");
    assert_has(h, "text 25.");
    assert_has(h, "text 16.");
    assert_false(has(h, "text 15."));
    assert_has(h, "'first':false,'last':true");
    h = ask_conv(a, "history", conv, ",'before':16,'limit':10");
    assert_has(h, "'messages':[{'conv'");
    assert_int_equal(number_of(h, "seq"), 6);
    assert_has(h, "text 15.");
    assert_has(h, "'first':false,'last':false");
    h = ask_conv(a, "history", conv, ",'before':6,'limit':10");
    assert_int_equal(number_of(h, "seq"), 1);
    assert_has(h, "'first':true,'last':false");
    h = ask_conv(a, "history", conv, ",'after':20,'limit':5");
    assert_int_equal(number_of(h, "seq"), 21);
    assert_has(h, "'first':false,'last':true");
    h = ask_conv(a, "history", conv, ",'after':0,'limit':5");
    assert_has(h, "'first':true,'last':false");
    h = ask_conv(a, "history", conv, ",'around':12,'limit':4");
    assert_int_equal(number_of(h, "seq"), 10);
    assert_has(h, "text 13.");
    assert_false(has(h, "text 14."));
    assert_has(h, "'first':false,'last':false");
}

static void long_pages_are_cut(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    char text[3901];
    memset(text, 'x', 3900);
    text[3900] = 0;
    for (int i = 2; i <= 61; i++) {
        send_text(a, conv, text);
        world_pass(w, SECOND);
    }
    const char *h = ask_conv(a, "history", conv, ",'limit':100");
    assert_true(strlen(h) < 200000);
    assert_has(h, "'first':false,'last':true");
    assert_has(h, "'seq':61");
    h = ask_conv(a, "history", conv, ",'after':0,'limit':100");
    assert_has(h, "'first':true,'last':false");
}

static void a_message_is_edited(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t conv = friends(a, b, JUN);
    int64_t seq = send_text(a, conv, "teh cat");
    char at[64];
    snprintf(at, sizeof at, ",'seq':%d,'text':'the cat'", (int)seq);
    drain_all(w);
    assert_error(ask_conv(b, "edit", conv, at), "not_allowed");
    assert_error(ask_conv(c, "edit", conv, at), "conv_unknown");
    assert_error(ask_conv(a, "edit", conv, ",'seq':99,'text':'x'"), "unknown");
    assert_ack(ask_conv(a, "edit", conv, at));
    assert_has(told(b, "message_changed"), "'text':'the cat'");
    assert_has(told(b, "message_changed"), "'edited':");
    assert_has(ask_conv(b, "search", conv, ",'text':'cat'"), "'found':[{");
    assert_has(ask_conv(b, "search", conv, ",'text':'teh'"), "'found':[]");
    world_pass(w, 15 * MINUTE + SECOND);
    assert_error(ask_conv(a, "edit", conv, at), "too_late");
}

static void a_message_is_deleted(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    int64_t seq = send_text(a, conv, "a secret");
    char at[64];
    snprintf(at, sizeof at, ",'seq':%d", (int)seq);
    assert_error(ask_conv(b, "delete", conv, at), "not_allowed");
    assert_ack(ask(b, "'type':'react','conv':'%s','seq':2,'emoji':'+1','on':true", id_text(conv)));
    drain_all(w);
    assert_ack(ask_conv(a, "delete", conv, at));
    assert_has(told(b, "message_changed"), "'deleted':true");
    assert_has(told(b, "message_changed"), "'text':''");
    assert_error(ask_conv(a, "delete", conv, at), "unknown");
    assert_error(ask_conv(a, "edit", conv, ",'seq':2,'text':'x'"), "unknown");
    assert_error(ask_conv(b, "react", conv, ",'seq':2,'emoji':'+1','on':true"), "unknown");
    const char *h = ask_conv(b, "history", conv, "");
    assert_false(has(h, "secret"));
    assert_false(has(h, "+1"));
    assert_has(h, "'seq':2");
    assert_has(ask_conv(b, "search", conv, ",'text':'secret'"), "'found':[]");
    assert_false(has(ask(b, "'type':'convs'"), "secret"));
}

static void reactions_replies_mentions(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    assert_ack(ask_conv(b, "react", conv, ",'seq':1,'emoji':'👍','on':true"));
    assert_has(told(a, "message_changed"), "'reactions':{'👍':['0000000000002']}");
    assert_ack(ask_conv(a, "react", conv, ",'seq':1,'emoji':'👍','on':true"));
    assert_ack(ask_conv(a, "react", conv, ",'seq':1,'emoji':'👍','on':true"));
    assert_has(told(b, "message_changed"), "'👍':['0000000000001','0000000000002']");
    assert_ack(ask_conv(a, "react", conv, ",'seq':1,'emoji':'❤','on':true"));
    assert_ack(ask_conv(b, "react", conv, ",'seq':1,'emoji':'👍','on':false"));
    assert_has(ask_conv(b, "history", conv, ""), "'👍':['0000000000001']");
    assert_error(ask_conv(b, "react", conv, ",'seq':1,'emoji':'a b','on':true"), "bad_request");
    assert_error(ask_conv(b, "react", conv, ",'seq':7,'emoji':'👍','on':true"), "unknown");
    drain_all(w);
    assert_ack(
        ask_conv(a, "send", conv, ",'client':'m','text':'@Jun. and @sora, mail@jun','reply':1"));
    assert_has(told(b, "message"), "'reply':1");
    assert_has(told(b, "message"), "'mentions':['0000000000002']}");
}

static void who_is_blocked_is_not_told(void **state)
{
    struct world *w = *state;
    blocks(w, JUN, MINA);
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t conv = open_with(a, JUN), fine = open_with(a, SORA);
    drain_all(w);
    /* The same answers as from somebody who is just not there. */
    assert_has(send_as(a, conv, "b1", "please"), "'seq':1,'time':");
    assert_has(send_as(a, fine, "b2", "please"), "'seq':1,'time':");
    assert_string_equal(told(b, "message"), "");
    assert_string_equal(told(b, "conv"), "");
    assert_string_equal(told(b, "badges"), "");
    assert_has(told(c, "message"), "please");
    assert_string_equal(told(a, "delivered"), "");
    assert_ack(ask_conv(a, "edit", conv, ",'seq':1,'text':'PLEASE'"));
    assert_ack(ask_conv(a, "react", conv, ",'seq':1,'emoji':'x','on':true"));
    say(a, "{\"type\":\"typing_conv\",\"conv\":\"0000000000001\",\"on\":true}");
    assert_string_equal(told(b, "message_changed"), "");
    assert_has(ask(b, "'type':'convs'"), "'convs':[]");
    assert_has(ask(b, "'type':'search','text':'please'"), "'found':[]");
    assert_has(ask_conv(b, "history", conv, ""), "'messages':[]");
    assert_has(ask_conv(a, "history", conv, ""), "PLEASE");
    assert_error(ask_conv(b, "send", conv, ",'client':'z','text':'no'"), "not_allowed");
    assert_error(ask(b, "'type':'conv_open','user':'%s'", id_text(MINA)), "not_allowed");
}

/* Whose block came later is not told either: what they had stays as it was, on new devices as well. */
static void a_later_block_stops_delivery(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    send_text(a, conv, "on your device");
    assert_has(ask(a, "'type':'convs'"), "'delivered':2");
    assert_ack(ask(b, "'type':'block','user':'%s','on':true", id_text(MINA)));
    send_text(a, conv, "not any more");
    assert_ack(ask(device(w, JUN), "'type':'convs'"));
    assert_has(ask(a, "'type':'convs'"), "'delivered':2");
}

static void blocked_from_the_request(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    uint64_t conv = open_with(a, JUN);
    send_text(a, conv, "hi");
    assert_ack(ask_conv(b, "conv_answer", conv, ",'as':'block'"));
    assert_has(told(b2, "badges"), "'requests':0");
    drain_all(w);
    send_text(a, conv, "hi!");
    assert_string_equal(told(b, "message"), "");
    assert_has(ask_conv(b, "history", conv, ""), "'seq':1");
    assert_false(has(ask_conv(b, "history", conv, ""), "hi!"));
}

static void typing_and_drafts(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *a2 = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    char text[128];
    snprintf(text, sizeof text, "{\"type\":\"typing_conv\",\"conv\":\"%s\",\"on\":true}",
             id_text(conv));
    say(a, text);
    assert_has(told(b, "typing_conv"), "'user':'0000000000001','on':true");
    assert_string_equal(told(a2, "typing_conv"), "");
    assert_ack(ask_conv(a, "draft", conv, ",'text':'half a th'"));
    assert_has(told(a2, "conv"), "'draft':'half a th'");
    assert_false(has(told(b, "conv"), "draft"));
    assert_has(ask(a2, "'type':'convs'"), "'draft':'half a th'");
    send_text(a, conv, "half a thought");
    assert_false(has(ask(a2, "'type':'convs'"), "'draft'"));
}

static void marks_can_be_turned_off(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    assert_ack(ask(b, "'type':'account_set','settings':{'read_marks':false}"));
    send_text(a, conv, "well?");
    drain_all(w);
    assert_ack(ask_conv(b, "read", conv, ",'seq':2"));
    assert_string_equal(told(a, "read"), "");
    assert_has(told(b2, "read"), "'seq':2"); /* one's own devices */
    assert_false(has(ask(a, "'type':'convs'"), "others_read"));
    assert_has(last(a), "'delivered':2");
    send_text(b, conv, "well.");
    assert_ack(ask_conv(a, "read", conv, ",'seq':3"));
    assert_string_equal(told(b, "read"), ""); /* who shows none sees none */
}

static void the_list_has_pages(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA);
    uint64_t with[3] = {JUN, SORA, HANA};
    char next[64];
    for (size_t i = 0; i < 3; i++) {
        send_text(a, open_with(a, with[i]), "hi");
        world_pass(w, SECOND);
    }
    const char *p = ask(a, "'type':'convs','limit':2");
    assert_has(p, "'name':'hana'");
    assert_has(p, "'name':'sora'");
    assert_false(has(p, "'name':'jun'"));
    value(p, "next", next, sizeof next);
    p = ask(a, "'type':'convs','limit':2,'after':'%s'", next);
    assert_has(p, "'name':'jun'");
    assert_false(has(p, "'next'"));
    assert_error(ask(a, "'type':'convs','after':'x'"), "bad_request");
}

static void strangers_can_be_turned_off(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = open_with(a, JUN);
    assert_ack(ask(b, "'type':'account_set','settings':{'strangers':false}"));
    assert_int_equal(open_with(a, JUN), conv); /* no stranger any more */
    assert_error(ask(device(w, SORA), "'type':'conv_open','user':'%s'", id_text(JUN)),
                 "not_allowed");
}

static void who_is_unknown(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *c = device(w, SORA), *guest = hello(w, "Guest");
    uint64_t conv = friends(a, device(w, JUN), JUN);
    assert_error(ask(a, "'type':'conv_open','user':'%s'", id_text(NOBODY)), "user_unknown");
    assert_error(ask(a, "'type':'conv_open','user':'%s'", id_text(MINA)), "user_unknown");
    assert_error(ask(a, "'type':'conv_open','user':'nonsense'"), "user_unknown");
    assert_error(send_as(c, conv, "f", "x"), "conv_unknown");
    assert_error(send_as(c, 12345, "f", "x"), "conv_unknown");
    assert_error(send_as(guest, conv, "f", "x"), "sign_in_required");
    assert_error(ask(guest, "'type':'convs'"), "sign_in_required");
    assert_error(send_as(a, conv, "", "x"), "bad_request");
    assert_error(send_as(a, conv, "e", ""), "bad_request");
    char text[4002];
    memset(text, 'x', 4001);
    text[4001] = 0;
    assert_error(send_as(a, conv, "l", text), "too_long");
}

static void too_many_at_once(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    bool limited = false;
    for (int i = 0; i < 40 && !limited; i++) {
        char own[16];
        snprintf(own, sizeof own, "r%d", i);
        limited = has(send_as(a, conv, own, "x"), "'code':'rate'");
    }
    assert_true(limited);
}

static void texts_are_kept_as_they_are(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    static const char xss[] = "<img src=x onerror=alert(1)> </script> &amp; \\u202e";
    send_text(a, conv, xss);
    assert_has(told(b, "message"), "<img src=x onerror=alert(1)> </script> &amp; ");
}

/* The person can be woken. */
static void put_push(struct world *w, uint64_t user)
{
    uint8_t key[PUSH_P256DH] = {4};
    const struct val args[] = {VAL_T(STR("https://push.example/1")),
                               VAL_ID(user),
                               VAL_ID(user),
                               VAL_B(key, sizeof key),
                               VAL_B(key, PUSH_SECRET),
                               VAL_I(1)};
    run_proc(w, DB_PUSH_ADD, args, ARRAY_LEN(args));
}

static void push_goes_to_who_is_away(void **state)
{
    struct world *w = *state;
    w->cfg.push_key[0] = 'k';
    world_again(w);
    struct client *a = device(w, MINA), *b = device(w, JUN);
    uint64_t conv = friends(a, b, JUN);
    put_push(w, JUN);
    assert_ack(ask(b, "'type':'account_set','settings':{'push':true}"));
    say(b, "{\"type\":\"bye\"}");
    world_pass(w, MINUTE);
    unsigned before = w->n_pushes;
    send_text(a, conv, "are you there?");
    assert_int_equal(w->n_pushes, before + 1);
    assert_has(w->pushes[before % ARRAY_LEN(w->pushes)].body, "are you there?");
}

/* Of a room's members, whom somebody blocked is not told to them on the lock screen; also when nothing of the
 * person is in memory any more. */
static void who_is_blocked_pushes_nothing(void **state)
{
    struct world *w = *state;
    w->cfg.push_key[0] = 'k';
    world_again(w);
    struct client *a = device(w, MINA), *b = device(w, JUN), *c = device(w, SORA);
    uint64_t room = make_room(a, ",'public':true");
    put_push(w, JUN);
    assert_ack(ask_conv(b, "room_join", room, ""));
    assert_ack(ask_conv(c, "room_join", room, ""));
    assert_ack(ask(b, "'type':'account_set','settings':{'push':true}"));
    assert_ack(ask(b, "'type':'block','user':'%s','on':true", id_text(SORA)));
    say(b, "{\"type\":\"bye\"}");
    world_pass(w, MINUTE);
    unsigned before = w->n_pushes;
    send_text(c, room, "@jun you hear me");
    assert_int_equal(w->n_pushes, before);
    send_text(a, room, "@jun are you there?");
    assert_int_equal(w->n_pushes, before + 1);
    assert_has(w->pushes[before % ARRAY_LEN(w->pushes)].body, "are you there?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(a_stranger_writes_first),
        CALL_TEST(to_write_back_is_to_accept),
        CALL_TEST(a_request_is_ignored),
        CALL_TEST(the_same_client_id_is_the_same_message),
        CALL_TEST(order_is_one_for_all),
        CALL_TEST(what_the_store_refuses_is_refused),
        CALL_TEST(history_is_scrolled),
        CALL_TEST(long_pages_are_cut),
        CALL_TEST(a_message_is_edited),
        CALL_TEST(a_message_is_deleted),
        CALL_TEST(reactions_replies_mentions),
        CALL_TEST(who_is_blocked_is_not_told),
        CALL_TEST(a_later_block_stops_delivery),
        CALL_TEST(blocked_from_the_request),
        CALL_TEST(typing_and_drafts),
        CALL_TEST(marks_can_be_turned_off),
        CALL_TEST(the_list_has_pages),
        CALL_TEST(strangers_can_be_turned_off),
        CALL_TEST(who_is_unknown),
        CALL_TEST(too_many_at_once),
        CALL_TEST(texts_are_kept_as_they_are),
        CALL_TEST(push_goes_to_who_is_away),
        CALL_TEST(who_is_blocked_pushes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
