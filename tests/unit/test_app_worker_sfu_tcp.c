/* Groups over connections (ICE-TCP): framing, moving to the group's worker, limits, ends. */
#include "group_house.h"

static void client_by_tcp(struct client *c, struct house *h, uint64_t id, bool sends,
                          struct worker *w)
{
    client_open(c, h, id, sends);
    close(c->fd);
    c->fd = stream_to(h, w);
    c->tcp = true;
}

static void speak_and_hear(struct client *a, struct client *b, uint16_t from)
{
    uint8_t p[2048];
    for (uint16_t i = from; i < from + 50; i++) {
        client_talk(a, i);
        struct rtp r = client_hear(b, p, sizeof p);
        assert_int_equal(r.ssrc, b->ssrc);
        assert_int_equal(r.payload, 80);
        assert_int_equal(p[r.head], (uint8_t)i);
    }
}

static void both_by_tcp(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house(&h);
    client_by_tcp(&a, &h, 1, true, h.w);
    client_by_tcp(&b, &h, 2, false, h.w);
    client_connect(&a);
    client_connect(&b);
    speak_and_hear(&a, &b, 0);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

static void one_by_tcp_and_the_other_by_udp(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_by_tcp(&b, &h, 2, false, h.w);
    client_connect(&a);
    client_connect(&b);
    speak_and_hear(&a, &b, 0);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

static void a_connection_goes_to_the_worker_of_its_group(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house_of(&h, 2);
    client_by_tcp(&a, &h, 1, true, h.other);
    client_by_tcp(&b, &h, 2, false, h.w);
    client_connect(&a);
    client_connect(&b);
    speak_and_hear(&a, &b, 0);
    assert_int_equal(count_get(worker_counts(h.other), COUNT_SFU_PASSED), 0);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

/* Over UDP it goes on, without a second handshake. */
static void another_way_takes_over_when_a_connection_ends(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    open_house(&h);
    client_by_tcp(&a, &h, 1, true, h.w);
    client_open(&b, &h, 2, false);
    client_connect(&a);
    client_connect(&b);
    speak_and_hear(&a, &b, 0);
    int udp = socket_to(&h);
    close(a.fd);
    a.fd = udp;
    a.tcp = false;
    client_check(&a);
    speak_and_hear(&a, &b, 50);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

static bool ends(int fd)
{
    uint8_t p[64];
    struct pollfd f = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&f, 1, WAIT_MS), 1);
    return recv(fd, p, sizeof p, 0) <= 0;
}

static void what_is_no_packet_ends_a_connection(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    open_house(&h);
    client_by_tcp(&a, &h, 1, true, h.w);
    client_offer(&a, a.print);
    take_answer(&a);
    client_check(&a);
    static const uint8_t long_one[2] = {0xFF, 0xFF}, empty[2] = {0};
    assert_int_equal(send(a.fd, long_one, 2, 0), 2);
    assert_true(ends(a.fd));
    close(a.fd);
    a.fd = stream_to(&h, h.w);
    client_check(&a);
    assert_int_equal(send(a.fd, empty, 2, 0), 2);
    assert_true(ends(a.fd));
    assert_int_equal(count_get(worker_counts(h.w), COUNT_DROP_STUN_FRAME), 2);
    client_close(&a);
    close_house(&h);
}

/* Who has no group may ask a thousand times. */
static void a_stranger_is_sent_away(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    uint8_t p[ICE_CHECK_MAX];
    open_house(&h);
    client_by_tcp(&a, &h, 1, true, h.w);
    size_t n = ice_check(p, "00abcdef:xyzw", "not the password", true);
    for (int i = 0; i < 1000; i++)
        client_write(&a, p, n);
    uint8_t all[2048] = {(uint8_t)(n >> 8), (uint8_t)n};
    memcpy(all + 2, p, n);
    while (send(a.fd, all, n + 2, MSG_NOSIGNAL) > 0 &&
           count_get(worker_counts(h.w), COUNT_DROP_STUN_RATE) == 0)
        ;
    assert_true(ends(a.fd));
    assert_int_equal(count_get(worker_counts(h.w), COUNT_DROP_STUN_RATE), 1);
    client_close(&a);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_by_tcp),
        cmocka_unit_test(one_by_tcp_and_the_other_by_udp),
        cmocka_unit_test(a_connection_goes_to_the_worker_of_its_group),
        cmocka_unit_test(another_way_takes_over_when_a_connection_ends),
        cmocka_unit_test(what_is_no_packet_ends_a_connection),
        cmocka_unit_test(a_stranger_is_sent_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
