/* Before the answer: who may prepare in the room of a call, and that no address of the callee but those of
 * relays comes to the caller. */
#include "call_world.h"

static const char offer[] =
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 192.168.7.4\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "m=audio 54609 UDP/TLS/RTP/SAVPF 111\r\n"
    "c=IN IP4 203.0.113.7\r\n"
    "a=rtcp:54610 IN IP4 203.0.113.7\r\n"
    "a=candidate:1 1 udp 2122260223 192.168.7.4 54609 typ host\r\n"
    "a=candidate:2 1 udp 1686052607 203.0.113.7 54609 typ srflx raddr "
    "192.168.7.4 rport 54609 generation 0\r\n"
    "a=candidate:3 1 udp 41885439 198.51.100.9 50001 typ relay raddr "
    "203.0.113.7 rport 54609 generation 0 ufrag abcd\r\n"
    "a=candidate:4 1 udp 41885438 2001:db8::9 50001 typ relay raddr "
    "2001:db8:7::4 rport 54609\r\n"
    "a=candidate:5 1 udp 41885437 198.51.100.9 50002 typ relay\r\n"
    "a=candidate:6 1 tcp 1518280447 192.168.7.4 9 typ host tcptype active\r\n"
    "a=remote-candidates:1 192.168.7.4 54609\r\n"
    "a=ice-ufrag:abcd\r\n"
    "a=ice-pwd:0123456789abcdefghijklmn\r\n"
    "a=mid:0\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n";

static const char left[] =
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=rtcp:9 IN IP4 0.0.0.0\r\n"
    "a=candidate:3 1 udp 41885439 198.51.100.9 50001 typ relay raddr 0.0.0.0 rport 0 "
    "generation 0 ufrag abcd\r\n"
    "a=candidate:4 1 udp 41885438 2001:db8::9 50001 typ relay raddr :: rport 0\r\n"
    "a=candidate:5 1 udp 41885437 198.51.100.9 50002 typ relay raddr 0.0.0.0 rport 0\r\n"
    "a=ice-ufrag:abcd\r\n"
    "a=ice-pwd:0123456789abcdefghijklmn\r\n"
    "a=mid:0\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n";

static void only_relays_are_left(void **state)
{
    (void)state;
    struct sdp_scan scan;
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_true(early_filter(str_from(offer), &b, &scan));
    assert_string_equal(buf_cstr(&b), left);
    assert_int_equal(scan.n_addrs, 3);
    assert_true(str_eq(scan.addrs[0].host, STR("198.51.100.9")) && scan.addrs[0].port == 50001);
    assert_true(str_eq(scan.addrs[1].host, STR("2001:db8::9")));
    assert_true(str_eq(scan.ufrag, STR("abcd")));
    assert_true(str_eq(scan.pwd, STR("0123456789abcdefghijklmn")));
    buf_free(&b);
}

static void what_is_worth_a_message(void **state)
{
    (void)state;
    static const struct {
        const char *body, *left; /* NULL: nothing */
    } tries[] = {
        {"a=ice-ufrag:x\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n", NULL},
        {"a=candidate:1 1 udp 1 192.0.2.1 5 typ relayed\r\n", NULL},
        {"a=candidate:1 1 udp 1 192.0.2.1 5 typ host relay\r\n", NULL},
        {"a=candidate:1 1 udp 1 192.0.2.1 typ relay\r\n", NULL},
        {"a=candidate:1 1 udp 1 192.0.2.1 99999 typ relay\r\n", NULL},
        {"a=candidate:", NULL},
        {"", NULL},
        {"\r\n", NULL},
        {"a=end-of-candidates", "a=end-of-candidates\r\n"},
        {"a=madang-instance:7\na=madang-holds:3\n", "a=madang-instance:7\r\na=madang-holds:3\r\n"},
        {"a=candidate:1 1 udp 1 192.0.2.1 5 typ relay raddr", /* broken after what counts */
         "a=candidate:1 1 udp 1 192.0.2.1 5 typ relay raddr 0.0.0.0 rport 0\r\n"},
        {"o=short\r\n", "o=short IN IP4 0.0.0.0\r\n"},
        {"c=IN IP6 2001:db8::1\r\n", "c=IN IP4 0.0.0.0\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        struct sdp_scan scan;
        struct buf b;
        buf_init(&b, 1 << 16);
        bool worth = early_filter(str_from(tries[i].body), &b, &scan);
        if (worth != (tries[i].left != NULL))
            fail_msg("%s: %s", tries[i].body, worth ? "worth" : "not worth");
        if (worth)
            assert_string_equal(buf_cstr(&b), tries[i].left);
        buf_free(&b);
    }
}

/* "typ relay" is what the caller says; whoever gets it sends there, and looks names up. */
static void what_no_relay_has(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool passes;
    } tries[] = {
        {"198.51.100.9", true},
        {"2001:db8::9", true},
        {"192.168.7.1", true}, /* a server at home */
        {"fd00::1", true},
        {"127.0.0.1", true},
        {"who-looks.attacker.example", false},
        {"0a7c2f5e-1d7b-4f0e-9d3c-1f3f6d6a2b10.local", false},
        {"localhost", false},
        {"198.51.100.9.", false},
        {"198.51.100", false},
        {"198.51.100.09", false},
        {"0xc6336409", false},
        {"3325256713", false},
        {"198.51.100.9:53", false},
        {"[2001:db8::9]", false},
        {"[2001:db8::9]:53", false},
        {"fe80::1%2", false},
        {"fe80::1", false},
        {"169.254.169.254", false},
        {"64:ff9b::a9fe:a9fe", false}, /* the same by a translator */
        {"::ffff:169.254.169.254", false},
        {"0.0.0.0", false},
        {"::", false},
        {"224.0.0.251", false},
        {"ff02::fb", false},
        {"255.255.255.255", false},
        {"240.0.0.1", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        struct sdp_scan scan;
        struct buf in, b;
        buf_init(&in, 1 << 10);
        buf_init(&b, 1 << 10);
        buf_putf(&in, "a=candidate:1 1 udp 1 %s 53 typ relay\r\n", tries[i].address);
        bool worth = early_filter(buf_str(&in), &b, &scan);
        if (worth != tries[i].passes || (scan.n_addrs == 1) != worth || (buf_len(&b) > 0) != worth)
            fail_msg("%s: %s", tries[i].address, worth ? "passes" : "does not pass");
        buf_free(&b);
        buf_free(&in);
    }
}

/* However a body is cut, no address of a host is left in it. */
static void wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t from = 0; from < sizeof offer; from++)
        for (size_t to = from; to < sizeof offer; to += 7) {
            char *text = str_dup(str_of(offer + from, to - from)); /* for the sanitizer */
            struct sdp_scan scan;
            struct buf b;
            buf_init(&b, 1 << 16);
            bool line = from == 0 || offer[from - 1] == '\n';
            if (early_filter(str_of(text, to - from), &b, &scan) && line) {
                assert_null(strstr(buf_cstr(&b), "192.168"));
                assert_null(strstr(buf_cstr(&b), "203.0"));
            }
            buf_free(&b);
            xfree(text);
        }
}

static const char *send_to(struct client *from, const struct talk *t, const struct client *to,
                           const char *type, const char *body)
{
    return ask(from, "'type':'%s','room':'%s','to':'%s','conn':'m1'%s\n%s", type, t->room, to->sid,
               strcmp(type, "desc") == 0 ? ",'kind':'offer'" : "", body);
}

static void two_prepare(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    struct client *b3 = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    assert_has(told(b, "ring"), t.room);
    assert_ack(join(a, t.room, ""));
    assert_ack(join(b, t.room, ""));
    assert_ack(join(b2, t.room, ""));
    drain_all(w);
    assert_ack(send_to(a, &t, b, "desc", offer));
    assert_string_equal(strchr(told(b, "desc"), '\n') + 1, left);
    assert_ack(send_to(b, &t, a, "desc", offer)); /* whichever way */
    assert_string_equal(strchr(told(a, "desc"), '\n') + 1, left);
    assert_ack(
        send_to(b, &t, a, "cand", "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n"));
    assert_string_equal(told(a, "cand"), ""); /* there was nothing left to send */
    assert_ack(
        send_to(b, &t, a, "cand", "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ relay\r\n"));
    assert_has(told(a, "cand"), "typ relay raddr 0.0.0.0");
    assert_error(send_to(b, &t, b2, "desc", offer), "peer_unknown"); /* they do not talk */
    assert_error(ask(b, "'type':'chat','room':'%s','text':'x'", t.room), "not_allowed");
    assert_error(ask(a, "'type':'whisper','room':'%s','to':'%s','text':'x'", t.room, b->sid),
                 "not_allowed");
    assert_error(ask(a,
                     "'type':'file','room':'%s','to':'%s','conn':'f','kind':'offer','name':'x',"
                     "'size':1",
                     t.room, b->sid),
                 "peer_unknown");
    assert_int_equal(people_in(w, &t), 3);
    drain_all(w);
    assert_ack(pick_up(b, &t, ""));
    assert_int_equal(people_in(w, &t), 2); /* who did not answer is out, who did is in */
    assert_has(told(b2, "left"), "'reason':'ended'");
    assert_has(told(a, "left"), b2->sid);
    assert_has(told(b, "left"), b2->sid);
    assert_error(join(b3, t.room, ""), "room_locked");
    assert_ack(send_to(b, &t, a, "desc", offer)); /* and all may pass */
    assert_string_equal(strchr(told(a, "desc"), '\n') + 1, offer);
    assert_ack(ask(b, "'type':'chat','room':'%s','text':'x'", t.room));
}

static void a_ticket_of_before_opens_nothing(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN), *b2 = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    char ticket[2000], more[2100];
    value(join(b2, t.room, ""), "ticket", ticket, sizeof ticket);
    join(a, t.room, "");
    pick_up(b, &t, "");
    snprintf(more, sizeof more, ",'ticket':'%s'", ticket);
    assert_error(join(b2, t.room, more), "room_locked");
}

static void who_is_invisible_does_not_prepare(void **state)
{
    struct world *w = *state;
    struct client *a = device(w, MINA), *b = device(w, JUN);
    session_of(b)->user->mode = PRESENCE_MODE_INVISIBLE;
    struct talk t = talk_of(dial(a, JUN));
    assert_false(has(told(b, "ring"), "'room'"));
    assert_error(join(b, t.room, ""), "room_locked");
    assert_ack(join(a, t.room, ""));
    assert_ack(pick_up(b, &t, ""));
    assert_ack(join(b, t.room, ""));
}

static void favourites_who_wish_it(void **state)
{
    struct world *w = *state;
    const struct val there[] = {VAL_ID(MINA), VAL_ID(JUN)}, back[] = {VAL_ID(JUN), VAL_ID(MINA)};
    run_proc(w, DB_FAVOURITE_ON, there, 2);
    run_proc(w, DB_FAVOURITE_ON, back, 2);
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    join(a, t.room, "");
    join(b, t.room, "");
    session_of(a)->user->settings |= USER_EARLY_ADDRESS;
    assert_ack(send_to(b, &t, a, "desc", offer));
    assert_string_equal(strchr(told(a, "desc"), '\n') + 1, left); /* both have to */
    session_of(b)->user->settings |= USER_EARLY_ADDRESS;
    assert_ack(send_to(b, &t, a, "desc", offer));
    assert_string_equal(strchr(told(a, "desc"), '\n') + 1, offer);
}

/* Pages use other ways than relays only if they are told that the other one may, too. */
static void favourites_are_told(void **state)
{
    struct world *w = *state;
    const struct val there[] = {VAL_ID(MINA), VAL_ID(JUN)}, back[] = {VAL_ID(JUN), VAL_ID(MINA)};
    run_proc(w, DB_FAVOURITE_ON, there, 2);
    struct client *a = device(w, MINA), *b = device(w, JUN);
    session_of(a)->user->settings |= USER_EARLY_ADDRESS;
    session_of(b)->user->settings |= USER_EARLY_ADDRESS;
    assert_false(has(dial(a, JUN), "'early'"));
    assert_false(has(told(b, "ring"), "'early'"));
    run_proc(w, DB_FAVOURITE_ON, back, 2);
    world_again(w);
    a = device(w, MINA), b = device(w, JUN);
    session_of(a)->user->settings |= USER_EARLY_ADDRESS;
    assert_false(has(dial(a, JUN), "'early'"));
    assert_false(has(told(b, "ring"), "'early'"));
    world_again(w);
    a = device(w, MINA), b = device(w, JUN);
    session_of(a)->user->settings |= USER_EARLY_ADDRESS;
    session_of(b)->user->settings |= USER_EARLY_ADDRESS;
    struct talk t = talk_of(dial(a, JUN));
    assert_has(told(b, "ring"), "'early':true");
    assert_false(has(pick_up(b, &t, ""), "'early'")); /* it is over with the ringing */
}

/* What the relays are told is what the other side is told: a host's address opens nothing. */
static void relays_of_those_who_prepare(void **state)
{
    struct world *w = *state;
    w->cfg.relays = true;
    world_again(w);
    struct client *a = device(w, MINA), *b = device(w, JUN);
    struct talk t = talk_of(dial(a, JUN));
    join(a, t.room, "");
    join(b, t.room, "");
    relays(w);
    send_to(b, &t, a, "desc", offer);
    const char *said = relays(w);
    assert_non_null(strstr(said, "198.51.100.9"));
    assert_null(strstr(said, "192.168"));
    assert_null(strstr(said, "203.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_relays_are_left),
        cmocka_unit_test(what_is_worth_a_message),
        cmocka_unit_test(what_no_relay_has),
        cmocka_unit_test(wherever_it_is_cut),
        CALL_TEST(two_prepare),
        CALL_TEST(a_ticket_of_before_opens_nothing),
        CALL_TEST(who_is_invisible_does_not_prepare),
        CALL_TEST(favourites_who_wish_it),
        CALL_TEST(favourites_are_told),
        CALL_TEST(relays_of_those_who_prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
