/* The SFU on a worker's UDP port, over loopback: two clients with OpenSSL's DTLS and SRTP of their own. */
#include "group_house.h"

/* ---- Tests ---- */

static void drop_at(struct letter *l)
{
    xfree(container_of(l, struct media_sfu_at, letter));
}

static void one_speaks_and_the_other_hears(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    uint8_t p[2048];
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_open(&b, &h, 2, false);
    client_connect(&a);
    assert_int_equal(h.tracks, 1);
    client_connect(&b);
    for (uint16_t i = 0; i < 100; i++) {
        client_talk(&a, (uint16_t)(65500 + i));
        struct rtp r = client_hear(&b, p, sizeof p);
        assert_int_equal(r.ssrc, b.ssrc);
        assert_int_equal(r.payload, 80);
        assert_int_equal(p[r.head], (uint8_t)(65500 + i));
    }
    assert_true(worker_post(h.w, &sfu_letter(MEDIA_SFU_LEAVE, ROOM, 1, 0, STR_NONE)->letter));
    HEAR_UNTIL(&h, h.tracks_gone == 1);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

/* Everything of `a`, which arrives elsewhere, and everything of `b`, which does not. */
static void what_arrives_at_another_worker_is_passed_on(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    uint8_t p[2048];
    open_house_of(&h, 2);
    client_open(&a, &h, 1, true);
    client_arrive_at(&a, h.other);
    client_open(&b, &h, 2, false);
    client_arrive_at(&b, h.w);
    client_connect(&a);
    client_connect(&b);
    for (uint16_t i = 0; i < 100; i++) {
        client_talk(&a, i);
        struct rtp r = client_hear(&b, p, sizeof p);
        assert_int_equal(r.ssrc, b.ssrc);
        assert_int_equal(p[r.head], (uint8_t)i);
    }
    assert_true(count_get(worker_counts(h.other), COUNT_SFU_PASSED) > 100);
    assert_int_equal(count_get(worker_counts(h.w), COUNT_SFU_PASSED), 0);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

/* The same socket, first for a group of one worker and then of the other: what the first one was told of is
 * forgotten. */
static void a_socket_may_come_back_for_another_group(void **state)
{
    (void)state;
    struct house h;
    struct client a, again;
    open_house_of(&h, 2);
    open_room(h.other, ROOM + 1);
    client_open(&a, &h, 1, true);
    client_arrive_at(&a, h.other);
    client_connect(&a);
    uint64_t passed = count_get(worker_counts(h.other), COUNT_SFU_PASSED);
    client_open(&again, &h, 2, true);
    close(again.fd);
    again.fd = a.fd;
    again.room = ROOM + 1;
    again.w = h.other;
    client_connect(&again);
    client_talk(&again, 1);
    client_bind(&again); /* behind it */
    assert_int_equal(count_get(worker_counts(h.other), COUNT_SFU_PASSED), passed);
    a.fd = socket_to(&h);
    client_close(&a);
    client_close(&again);
    close_house(&h);
}

static void another_certificate_than_was_signalled_ends_it(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                     "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F");
    take_answer(&a);
    client_check(&a);
    client_shake(&a);
    HEAR_UNTIL(&h, h.ended == 1);
    assert_int_equal(h.why, TRANSPORT_FINGERPRINT);
    assert_int_equal(h.opened, 0);
    client_close(&a);
    close_house(&h);
}

static void an_answer_names_where_the_server_is_now(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    struct sfu_stats stats = {0};
    struct sfu_room_stats rooms[4];
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, a.print);
    take_answer(&a);
    assert_non_null(strstr(h.answer, " 127.0.0.1 9 typ host"));
    struct media_sfu_at *at = xcalloc(1, sizeof *at);
    at->letter = (struct letter){.kind = MEDIA_SFU_AT, .drop = drop_at};
    at->n = 2;
    at->at[0] = addr_ip4(192, 0, 2, 7, 4);
    at->at[1] = addr_ip4(192, 0, 2, 7, 5);
    at->tcp = 2;
    assert_true(worker_post(h.w, &at->letter));
    h.answered = 0;
    client_offer(&a, a.print);
    take_answer(&a);
    assert_null(strstr(h.answer, "127.0.0.1 9"));
    assert_non_null(strstr(h.answer, " udp 2130706431 192.0.2.7 4 typ host\r\n"));
    assert_non_null(strstr(h.answer, " 192.0.2.7 5 typ host tcptype passive\r\n"));
    client_close(&a);
    /* Its numbers are there for all when the worker has had some milliseconds. */
    while (stats.peers == 0) {
        stats = (struct sfu_stats){0};
        worker_sfu_stats(h.w, &stats);
    }
    assert_int_equal(stats.rooms, 1);
    while (worker_sfu_rooms(h.w, rooms, ARRAY_LEN(rooms)) == 0) {
    }
    assert_int_equal(rooms[0].room, ROOM);
    assert_int_equal(rooms[0].st.rooms, 1);
    assert_int_equal(worker_sfu_rooms(h.w, rooms, 0), 0);
    close_house(&h);
}

static void what_is_no_offer_is_refused(void **state)
{
    (void)state;
    struct house h;
    open_house(&h);
    assert_true(
        worker_post(h.w, &sfu_letter(MEDIA_SFU_OFFER, ROOM, 1, 0, STR("nonsense"))->letter));
    HEAR_UNTIL(&h, h.refused == 1);
    assert_int_equal(h.refusal, SFU_BAD_OFFER);
    close_house(&h);
}

static void who_is_nobody_is_not_answered_as_somebody(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    uint8_t p[512];
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, a.print);
    take_answer(&a);
    /* DTLS and media before any check: dropped, and the check works afterwards. */
    memset(p, 22, 100);
    client_write(&a, p, 100);
    memset(p, 0x80, 100);
    client_write(&a, p, 100);
    client_check(&a);
    client_bind(&a);
    assert_true(count_get(worker_counts(h.w), COUNT_DROP_UDP_MEDIA) > 0);
    client_shake(&a);
    HEAR_UNTIL(&h, h.opened == 1);
    client_close(&a);
    close_house(&h);
}

/* As browsers have it. */
static unsigned soon_us(SSL *ssl, unsigned before)
{
    (void)ssl;
    return before == 0 ? 50000 : 2 * before;
}

/* ... and is sent again, though the server has put its handshake away. */
static void the_last_flight_may_be_lost(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    open_house(&h);
    client_open(&a, &h, 1, true);
    DTLS_set_timer_cb(a.ssl, soon_us);
    a.loses_last = true;
    client_connect(&a);
    assert_false(a.loses_last);
    client_close(&a);
    close_house(&h);
}

/* A whole town that connects anew: handshakes that are done linger, and make room for the next ones. */
static void more_come_than_handshakes_linger(void **state)
{
    enum { MANY = 520 };
    (void)state;
    struct house h;
    open_house(&h);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct client c;
        client_open(&c, &h, i, false);
        client_connect(&c);
        client_close(&c);
    }
    assert_int_equal(h.opened, MANY);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_speaks_and_the_other_hears),
        cmocka_unit_test(what_arrives_at_another_worker_is_passed_on),
        cmocka_unit_test(a_socket_may_come_back_for_another_group),
        cmocka_unit_test(another_certificate_than_was_signalled_ends_it),
        cmocka_unit_test(an_answer_names_where_the_server_is_now),
        cmocka_unit_test(what_is_no_offer_is_refused),
        cmocka_unit_test(who_is_nobody_is_not_answered_as_somebody),
        cmocka_unit_test(the_last_flight_may_be_lost),
        cmocka_unit_test(more_come_than_handshakes_linger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
