/* A stream that arrives, and the packets that are kept of it, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "media/pktcache.h"
#include "media/recv.h"

enum { S = 1000000, MS = 1000, CLOCK = 90000, RTT = 40 * MS };

struct world {
    struct recv r;
    int64_t now;
};

static struct world begin(void)
{
    struct world w = {.now = 50 * (int64_t)S};
    recv_init(&w.r, 7, CLOCK, true);
    return w;
}

static enum recv_verdict come(struct world *w, uint16_t number)
{
    int64_t seq;
    return recv_packet(&w->r, w->now, number, (uint32_t)(w->now / MS) * 90, 1000, &seq);
}

/* What is asked for now, as text. */
static const char *asked(struct world *w)
{
    static char text[2048];
    uint16_t out[RECV_MISSING_MAX];
    unsigned n = recv_nack(&w->r, w->now, RTT, out, RECV_MISSING_MAX);
    text[0] = '\0';
    for (unsigned i = 0, at = 0; i < n; i++)
        at += (unsigned)snprintf(text + at, sizeof text - at, "%s%u", i ? " " : "", out[i]);
    return text;
}

static void numbers_are_counted_on_over_wraps(void **state)
{
    (void)state;
    struct world w = begin();
    int64_t seq, last = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        enum recv_verdict v = recv_packet(&w.r, w.now, (uint16_t)(65000 + i), i * 3000, 100, &seq);
        assert_int_equal(v, i == 0 ? RECV_BEGIN : RECV_NEW);
        assert_true(i == 0 || seq == last + 1);
        last = seq;
        w.now += 10 * MS;
    }
    struct rtcp_report r;
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.highest_seq, 65000 + 199999);
    assert_int_equal(r.lost, 0);
    assert_int_equal(r.ssrc, 7);
}

static void what_is_missing_is_asked_for_again_and_again(void **state)
{
    (void)state;
    struct world w = begin();
    come(&w, 10);
    come(&w, 13);
    assert_string_equal(asked(&w), ""); /* perhaps they are only late */
    assert_int_equal(recv_deadline(&w.r), w.now + RECV_FIRST_US);
    w.now = recv_deadline(&w.r);
    assert_string_equal(asked(&w), "11 12");
    assert_string_equal(asked(&w), "");
    assert_int_equal(recv_deadline(&w.r), w.now + RTT + RTT / 4);
    assert_int_equal(come(&w, 11), RECV_LATE);
    w.now = recv_deadline(&w.r);
    assert_string_equal(asked(&w), "12");
    unsigned times = 2;
    for (; w.r.n_missing > 0; times++) {
        w.now = recv_deadline(&w.r);
        asked(&w);
    }
    assert_int_equal(times, RECV_TRIES + 1);
    assert_true(w.r.broken);
    assert_int_equal(w.r.given_up, 1);
    assert_int_equal(recv_deadline(&w.r), INT64_MAX);
}

static void what_overtakes_is_not_asked_for(void **state)
{
    (void)state;
    struct world w = begin();
    come(&w, 10);
    come(&w, 12);
    w.now += RECV_FIRST_US - 1;
    assert_int_equal(come(&w, 11), RECV_LATE);
    w.now += S;
    assert_string_equal(asked(&w), "");
    assert_false(w.r.broken);
}

static void what_is_too_old_is_given_up(void **state)
{
    (void)state;
    struct world w = begin();
    come(&w, 10);
    come(&w, 12);
    w.now += 2 * S;
    assert_string_equal(asked(&w), "");
    assert_true(w.r.broken);
    assert_int_equal(w.r.n_missing, 0);
}

static void a_key_frame_makes_older_gaps_pointless(void **state)
{
    (void)state;
    struct world w = begin();
    int64_t seq;
    come(&w, 10);
    come(&w, 12);
    recv_packet(&w.r, w.now, 14, 0, 1000, &seq);
    recv_forget_before(&w.r, seq);
    w.now += 10 * MS;
    assert_string_equal(asked(&w), "");
    recv_packet(&w.r, w.now, 16, 0, 1000, &seq);
    recv_forget_before(&w.r, seq - 1); /* 15 is still wanted */
    w.now += 10 * MS;
    assert_string_equal(asked(&w), "15");
}

static void repeats_are_known(void **state)
{
    (void)state;
    struct world w = begin();
    for (uint16_t i = 100; i < 1500; i++) {
        if (i != 600)
            come(&w, i);
    }
    assert_int_equal(come(&w, 1499), RECV_REPEAT);
    assert_int_equal(come(&w, 1000), RECV_REPEAT);
    assert_int_equal(come(&w, 600), RECV_LATE); /* 900 packets later */
    assert_int_equal(come(&w, 600), RECV_REPEAT);
    assert_int_equal(come(&w, 300), RECV_REPEAT); /* too far behind to tell */
    assert_int_equal(w.r.repeats, 4);
    assert_int_equal(w.r.packets, 1400);
}

static void nothing_before_the_first_one(void **state)
{
    (void)state;
    struct world w = begin();
    assert_int_equal(come(&w, 5), RECV_BEGIN);
    assert_int_equal(come(&w, 4), RECV_REPEAT);
    assert_int_equal(come(&w, 6), RECV_NEW);
}

static void a_jump_is_another_beginning(void **state)
{
    (void)state;
    struct world w = begin();
    struct rtcp_report r;
    come(&w, 10);
    come(&w, 12);
    assert_int_equal(come(&w, 12 + RECV_JUMP + 1), RECV_BEGIN);
    assert_true(w.r.broken);
    assert_int_equal(w.r.n_missing, 0);
    assert_int_equal(come(&w, 12 + RECV_JUMP + 2), RECV_NEW);
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.lost, 0);
    assert_int_equal(w.r.packets, 4);
}

static void a_hole_too_large_is_not_asked_for(void **state)
{
    (void)state;
    struct world w = begin();
    come(&w, 1);
    come(&w, 1 + RECV_MISSING_MAX + 2);
    assert_true(w.r.broken);
    assert_int_equal(w.r.n_missing, 0);
    /* Many small ones: the oldest go. */
    w = begin();
    for (uint16_t i = 0; i < 2 * RECV_MISSING_MAX + 20; i += 2)
        come(&w, i);
    assert_int_equal(w.r.n_missing, RECV_MISSING_MAX);
    assert_true(w.r.broken);
}

static void sound_asks_for_nothing(void **state)
{
    (void)state;
    struct world w = begin();
    w.r.asks = false;
    come(&w, 1);
    come(&w, 9);
    assert_int_equal(recv_deadline(&w.r), INT64_MAX);
    assert_false(w.r.broken);
}

static void reports_tell_loss_and_jitter(void **state)
{
    (void)state;
    struct world w = begin();
    struct rtcp_report r;
    struct rtcp_sr sr = {.ntp = 0x1122334455667788, .timestamp = 1000};
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.highest_seq, 0);
    for (uint16_t i = 0; i < 100; i++) {
        if (i % 4 != 1)
            come(&w, i);
        w.now += 20 * MS;
    }
    recv_sender_report(&w.r, w.now, &sr);
    w.now += S / 2;
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.lost, 25);
    assert_int_equal(r.fraction, 64);
    assert_int_equal(r.jitter, 0);
    assert_int_equal(r.lsr, 0x33445566);
    assert_int_equal(r.dlsr, 32768);
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.fraction, 0); /* of this interval */
    assert_int_equal(r.lost, 25);
    /* RFC 3550 A.8: a packet that is 10 ms late adds a sixteenth of that. */
    int64_t seq;
    recv_packet(&w.r, w.now, 100, (uint32_t)((w.now - 10 * MS) / MS) * 90, 10, &seq);
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.jitter, 900 / 16);
}

static void more_came_than_were_expected(void **state)
{
    (void)state;
    struct world w = begin();
    struct rtcp_report r;
    come(&w, 1);
    come(&w, 3);
    recv_report(&w.r, w.now, &r);
    come(&w, 2);
    recv_report(&w.r, w.now, &r);
    assert_int_equal(r.lost, 0);
    assert_int_equal(r.fraction, 0);
}

static void the_senders_clock_is_known_from_its_reports(void **state)
{
    (void)state;
    struct world w = begin();
    uint64_t ntp;
    struct rtcp_sr sr = {.ntp = (uint64_t)100 << 32, .timestamp = 0xFFFFFF00};
    assert_false(recv_ntp_at(&w.r, 5, &ntp));
    recv_sender_report(&w.r, w.now, &sr);
    assert_true(recv_ntp_at(&w.r, 0xFFFFFF00u + CLOCK * 3 / 2, &ntp));
    assert_int_equal(ntp, ((uint64_t)101 << 32) + 0x80000000u);
    assert_true(recv_ntp_at(&w.r, 0xFFFFFF00u - CLOCK, &ntp));
    assert_int_equal(ntp, (uint64_t)99 << 32);
    assert_true(recv_ntp_at(&w.r, 0xFFFFFF00u + 0x7FFFFFFF, &ntp));
    assert_int_equal(ntp >> 32, 100 + 0x7FFFFFFF / CLOCK);
}

/* ---- The cache ---- */

static void packets_are_kept_until_the_ring_comes_round(void **state)
{
    (void)state;
    struct pktcache_memory m;
    struct pktcache c;
    uint8_t p[PKTCACHE_LARGE + 1] = {0};
    pktcache_memory_init(&m, 1 << 20);
    pktcache_init(&c, &m, 100);
    assert_int_equal(c.mask, 127);
    for (int64_t i = 0; i < 300; i++) {
        p[0] = (uint8_t)i;
        const struct pktcache_packet *k = pktcache_put(&c, i, i * 10, p, 1000 + (size_t)i);
        assert_ptr_equal(k, pktcache_get(&c, i));
    }
    assert_null(pktcache_get(&c, 171));
    assert_int_equal(pktcache_get(&c, 172)->p[0], 172);
    assert_int_equal(pktcache_get(&c, 299)->n, 1299);
    assert_null(pktcache_get(&c, 300));
    assert_null(pktcache_get(&c, -1));
    assert_null(pktcache_put(&c, 299, 3000, p, 10)); /* it is there */
    assert_null(pktcache_put(&c, 100, 3000, p, 10)); /* behind the ring */
    assert_int_equal(c.dropped, 0);
    assert_true(pktcache_is_whole(&c, 172));
    assert_false(pktcache_is_whole(&c, 171));
    assert_null(pktcache_put(&c, 300, 3000, p, sizeof p));
    assert_false(pktcache_is_whole(&c, 300)); /* it found no room */
    assert_true(pktcache_is_whole(&c, 301));
    assert_int_equal(c.dropped, 1);
    assert_int_equal(m.large.in_use, 127); /* its place is empty now */
    pktcache_hold(&c, 290);
    pktcache_age(&c, 3600 * (int64_t)S);
    assert_null(pktcache_get(&c, 289));
    assert_non_null(pktcache_get(&c, 290));
    pktcache_hold(&c, INT64_MAX);
    pktcache_age(&c, 3600 * (int64_t)S + 1);
    assert_null(pktcache_get(&c, 299));
    pktcache_clear(&c);
    assert_non_null(pktcache_put(&c, 5, 4000, p, 10));
    assert_true(pktcache_is_whole(&c, 5));
    pktcache_free(&c);
    assert_int_equal(m.large.in_use, 0);
    pktcache_memory_free(&m);
}

static void packets_are_kept_for_a_time(void **state)
{
    (void)state;
    struct pktcache_memory m;
    struct pktcache c;
    uint8_t p[1000] = {0};
    const int64_t ms = 1000, each = 20 * ms, kept = PKTCACHE_KEEP_MS * ms / each;
    pktcache_memory_init(&m, 1 << 20);
    pktcache_init(&c, &m, 512);
    for (int64_t i = 1; i < 1000; i++) {
        if (i % 10 != 0) /* some never come */
            assert_non_null(pktcache_put(&c, i, i * each, p, sizeof p));
        if (i > kept && (i - kept + 1) % 10 != 0)
            assert_non_null(pktcache_get(&c, i - kept + 1));
        assert_true(m.large.in_use <= kept);
    }
    assert_non_null(pktcache_put(&c, 990, 1000 * each, p, sizeof p)); /* late */
    assert_non_null(pktcache_put(&c, 600, 1000 * each, p, sizeof p)); /* and very late */
    assert_non_null(pktcache_get(&c, 600));
    /* A stream that has jumped, and one that comes back after a pause. */
    assert_non_null(pktcache_put(&c, 2900, 1001 * each, p, sizeof p));
    assert_non_null(pktcache_get(&c, 2900));
    assert_null(pktcache_get(&c, 999));
    assert_int_equal(m.large.in_use, 1);
    for (int64_t i = 0; i < 600; i++)
        assert_non_null(pktcache_put(&c, 3000 + i, 60 * S + i, p, sizeof p));
    assert_int_equal(m.large.in_use, 512);
    pktcache_free(&c);
    assert_int_equal(m.large.in_use, 0);
    pktcache_memory_free(&m);
}

static void what_is_kept_follows_what_is_needed(void **state)
{
    (void)state;
    struct pktcache_memory m;
    struct pktcache c;
    uint8_t p[1000] = {0};
    const int64_t each = 20000;
    pktcache_memory_init(&m, 1 << 20);
    pktcache_init(&c, &m, 32);
    pktcache_keep(&c, 100);
    for (int64_t i = 1000; i < 1200; i++) {
        if (i == 1040)
            pktcache_keep(&c, 1000);
        if (i == 1060)
            pktcache_grow(&c, 100); /* with all that was there */
        assert_non_null(pktcache_put(&c, i, i * each, p, sizeof p));
        int64_t kept = i < 1040 ? PKTCACHE_LEAST : i < 1060 ? 32 : 50;
        assert_true(m.large.in_use <= kept + 1);
        if (i > 1000 + kept && (i < 1040 || i >= 1090))
            assert_non_null(pktcache_get(&c, i - kept + 1));
    }
    pktcache_keep(&c, PKTCACHE_KEEP_MAX_MS + 1);
    pktcache_age(&c, 1210 * each);
    assert_int_equal(m.large.in_use, 50); /* what has gone before does not come back */
    pktcache_age(&c, 1290 * each);
    assert_non_null(pktcache_get(&c, 1199));
    assert_null(pktcache_get(&c, 1190));
    pktcache_clear(&c);
    assert_int_equal(m.large.in_use, 0);
    assert_non_null(pktcache_put(&c, 7, 1300 * each, p, sizeof p)); /* it has begun anew */
    assert_non_null(pktcache_get(&c, 7));
    pktcache_age(&c, 1500 * each);
    assert_int_equal(m.large.in_use, 0);
    assert_non_null(pktcache_put(&c, 8, 1500 * each, p, sizeof p));
    pktcache_free(&c);
    pktcache_memory_free(&m);
}

static void sizes_have_their_own_memory(void **state)
{
    (void)state;
    struct pktcache_memory m;
    struct pktcache c;
    uint8_t p[1500] = {0};
    pktcache_memory_init(&m, 1 << 20);
    pktcache_init(&c, &m, 4);
    pktcache_put(&c, 0, 0, p, PKTCACHE_SMALL);
    pktcache_put(&c, 1, 0, p, PKTCACHE_SMALL + 1);
    assert_int_equal(m.small.in_use, 1);
    assert_int_equal(m.large.in_use, 1);
    pktcache_put(&c, 4, 0, p, 1500);
    assert_int_equal(m.small.in_use, 0);
    assert_int_equal(m.large.in_use, 2);
    pktcache_free(&c);
    pktcache_memory_free(&m);
}

static void without_memory_a_stream_lives_on_its_own(void **state)
{
    (void)state;
    struct pktcache_memory m;
    struct pktcache a, b;
    uint8_t p[1500] = {0};
    pktcache_memory_init(&m, 10 * PKTCACHE_LARGE);
    pktcache_init(&a, &m, 64);
    pktcache_init(&b, &m, 64);
    for (int64_t i = 0; i < 10; i++)
        assert_non_null(pktcache_put(&a, i, 0, p, 1500));
    assert_null(pktcache_put(&b, 0, 0, p, 1500)); /* it has nothing to give up */
    assert_int_equal(b.dropped, 1);
    for (int64_t i = 10; i < 1000; i++) {
        assert_non_null(pktcache_put(&a, i, 0, p, 1500));
        assert_non_null(pktcache_get(&a, i - 9));
        assert_null(pktcache_get(&a, i - 10));
    }
    pktcache_free(&a);
    assert_non_null(pktcache_put(&b, 1, 0, p, 1500));
    pktcache_free(&b);
    pktcache_memory_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_counted_on_over_wraps),
        cmocka_unit_test(what_is_missing_is_asked_for_again_and_again),
        cmocka_unit_test(what_overtakes_is_not_asked_for),
        cmocka_unit_test(what_is_too_old_is_given_up),
        cmocka_unit_test(a_key_frame_makes_older_gaps_pointless),
        cmocka_unit_test(repeats_are_known),
        cmocka_unit_test(nothing_before_the_first_one),
        cmocka_unit_test(a_jump_is_another_beginning),
        cmocka_unit_test(a_hole_too_large_is_not_asked_for),
        cmocka_unit_test(sound_asks_for_nothing),
        cmocka_unit_test(reports_tell_loss_and_jitter),
        cmocka_unit_test(more_came_than_were_expected),
        cmocka_unit_test(the_senders_clock_is_known_from_its_reports),
        cmocka_unit_test(packets_are_kept_until_the_ring_comes_round),
        cmocka_unit_test(packets_are_kept_for_a_time),
        cmocka_unit_test(what_is_kept_follows_what_is_needed),
        cmocka_unit_test(sizes_have_their_own_memory),
        cmocka_unit_test(without_memory_a_stream_lives_on_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
