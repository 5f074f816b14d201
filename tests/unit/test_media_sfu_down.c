/* How much of a publisher's pictures reaches people whose lines carry little, on virtual time. */
#include "sfu_hall.h"

/* What share of the frames of a second came as this layer or a better one, in percent. */
static unsigned share_of(struct hall *h, struct client *c, unsigned layer)
{
    struct line *l = &c->lines[VIEWER_CAM];
    uint64_t before[LAYERS], there = 0;
    for (unsigned i = 0; i < LAYERS; i++)
        before[i] = l->of_layer[i];
    run(h, 1);
    for (unsigned i = layer; i < h->layers; i++)
        there += (l->of_layer[i] - before[i]) * 100 / packets_of[h->layers == 1 ? LAYERS - 1 : i];
    return (unsigned)(there / 25);
}

/* Seconds until that layer, or better, comes whole; 99: never. */
static unsigned until(struct hall *h, struct client *c, unsigned layer)
{
    for (unsigned s = 1; s <= 30; s++) {
        if (share_of(h, c, layer) >= 95)
            return s;
    }
    return 99;
}

static void a_good_way_carries_everything(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *c = viewer(&h, 10e6);
    assert_in_range(until(&h, c, LAYERS - 1), 1, 5);
    assert_int_equal(c->link->dropped, 0);
    world_free(h.w);
}

static void a_narrow_way_carries_a_low_layer_and_a_wide_one_all_of_it_again(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *c = viewer(&h, 600e3);
    assert_in_range(until(&h, c, 0), 1, 3);
    run(&h, 10);
    uint64_t dropped = c->link->dropped;
    assert_true(share_of(&h, c, 0) >= 95);
    assert_int_equal(c->link->dropped, dropped);
    c->link->bps = 5e6;
    assert_in_range(until(&h, c, LAYERS - 1), 1, 10);
    c->link->bps = 500e3; /* and back again */
    run(&h, 3);
    assert_in_range(until(&h, c, 0), 1, 3);
    world_free(h.w);
}

static void a_bad_way_costs_others_nothing(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *good = viewer(&h, 10e6);
    until(&h, good, LAYERS - 1);
    uint64_t dropped = good->link->dropped;
    viewer(&h, 150e3);
    struct client *worse = viewer(&h, 600e3);
    for (unsigned s = 0; s < 15; s++) {
        worse->link->bps = s % 5 == 0 ? 0 : 600e3;
        assert_true(share_of(&h, good, LAYERS - 1) >= 99);
    }
    assert_int_equal(good->link->dropped, dropped);
    world_free(h.w);
}

static void who_loses_packets_is_told_to_hold_pictures_back(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *good = viewer(&h, 10e6), *bad = viewer(&h, 10e6);
    bad->link->loss = 50;
    run(&h, 5);
    /* A gap is seen, and one question is answered. */
    assert_in_range(bad->hold_ms, DELAY_US / 1000 + 50, 250);
    assert_int_equal(good->hold_ms, 0);
    assert_true(share_of(&h, bad, LAYERS - 1) >= 90); /* and it goes on getting all */
    bad->link->loss = 200;
    run(&h, 10);
    assert_true(bad->hold_ms > DELAY_US / 1000 + 90); /* two */
    bad->link->loss = 0;
    run(&h, 25);
    assert_int_equal(bad->hold_ms, 0);
    world_free(h.w);
}

/* Asks for the last n numbers of the picture. */
static void ask(struct hall *h, struct client *c, unsigned n)
{
    uint16_t wanted[200];
    uint8_t mem[1200];
    struct rtcp_writer w;
    for (unsigned i = 0; i < n; i++)
        wanted[i] = (uint16_t)(c->lines[VIEWER_CAM].last_seq - n + i);
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_nack(&w, (uint32_t)c->id, c->lines[VIEWER_CAM].ssrc, wanted, n);
    client_feedback(c, &w);
    run(h, 1);
}

static void who_has_lost_too_much_gets_a_key_frame(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    run(&h, 10);
    unsigned plis = h.from->plis;
    uint64_t again = sfu_stats(h.w->sfu)->again;
    ask(&h, c, 20);
    assert_int_equal(h.from->plis, plis);
    assert_int_equal(sfu_stats(h.w->sfu)->again - again, 20);
    ask(&h, c, 200);
    assert_int_equal(h.from->plis, plis + 1);
    assert_true(sfu_stats(h.w->sfu)->again - again < 100);
    world_free(h.w);
}

static void sound_flows_where_pictures_cannot(void **state)
{
    (void)state;
    struct hall h = hall_new(1); /* one stream, of more than there is room for */
    run(&h, 2);
    struct client *c = viewer(&h, 250e3);
    run(&h, 5);
    uint64_t before = c->lines[VIEWER_MIC].packets;
    c->link->waited_us = 0;
    run(&h, 10);
    assert_in_range(c->lines[VIEWER_MIC].packets - before, 499, 501);
    assert_true(c->link->waited_us < 150000);
    world_free(h.w);
}

static void the_first_picture_does_not_wait_for_an_estimate(void **state)
{
    (void)state;
    struct hall h = hall_new(1);
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    unsigned plis = h.from->plis;
    assert_true(plis > 0); /* at once */
    frame(&h);
    assert_int_equal(c->lines[VIEWER_CAM].keys, 1);
    assert_true(share_of(&h, c, 0) >= 99);
    run(&h, 10);
    assert_in_range(h.from->plis, plis, plis + 1); /* it never stopped */
    world_free(h.w);
}

static void what_begins_anew_is_sent_again_too(void **state)
{
    (void)state;
    struct hall h = hall_new(1);
    uint8_t mem[100];
    struct rtcp_writer w;
    h.from->lines[1].seq[0] = 60000;
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    assert_in_range(until(&h, c, 0), 1, 5);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t again = sfu_stats(h.w->sfu)->again;
        rtcp_begin(&w, mem, sizeof mem);
        rtcp_put_nack(&w, (uint32_t)c->id, c->lines[VIEWER_CAM].ssrc,
                      &c->lines[VIEWER_CAM].last_seq, 1);
        client_feedback(c, &w);
        run(&h, 1);
        assert_true(sfu_stats(h.w->sfu)->again > again);
        h.from->lines[1].seq[0] += 5000; /* its encoder was made anew */
        h.from->plis++;
        run(&h, 2);
    }
    world_free(h.w);
}

/* Reports each second, and nothing of single packets. */
static void report(struct hall *h, struct client *c, unsigned fraction)
{
    uint8_t mem[200];
    struct rtcp_writer w;
    struct rtcp_report r = {.ssrc = c->lines[VIEWER_CAM].ssrc, .fraction = (uint8_t)fraction};
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_rr(&w, (uint32_t)c->id, &r, 1);
    client_feedback(c, &w);
    run(h, 1);
}

static void who_tells_of_no_packet_is_judged_by_reports(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    c->link->is_mute = true;
    for (unsigned s = 0; s < 5; s++)
        report(&h, c, 0);
    assert_in_range(until(&h, c, LAYERS - 1), 1, 2);
    for (unsigned s = 0; s < 10; s++)
        report(&h, c, 100); /* 40 % are lost */
    uint64_t high = c->lines[VIEWER_CAM].of_layer[LAYERS - 1];
    for (unsigned s = 0; s < 5; s++)
        report(&h, c, 12);
    assert_int_equal(c->lines[VIEWER_CAM].of_layer[LAYERS - 1], high);
    struct sfu_peer_stats st;
    struct sfu_line_stats lines[2];
    assert_true(sfu_peer_stats(h.w->sfu, c->id, &st, lines, 2));
    assert_int_equal(st.loss_down, 12 * 1000 / 256);
    assert_true(st.estimate_bps < 1000000);
    c->link->is_mute = false; /* now it does, and is believed */
    assert_in_range(until(&h, c, LAYERS - 1), 1, 15);
    world_free(h.w);
}

static void a_rate_that_is_told_is_a_limit(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    uint8_t mem[200];
    struct rtcp_writer w;
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    assert_in_range(until(&h, c, LAYERS - 1), 1, 5);
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_remb(&w, (uint32_t)c->id, 300000, &c->lines[VIEWER_CAM].ssrc, 1);
    client_feedback(c, &w);
    run(&h, 1);
    uint64_t middle = c->lines[VIEWER_CAM].of_layer[1];
    assert_true(share_of(&h, c, 0) >= 95);
    assert_int_equal(c->lines[VIEWER_CAM].of_layer[1], middle);
    world_free(h.w);
}

static void nobody_is_sent_more_than_the_operator_allows(void **state)
{
    (void)state;
    struct sfu_conf conf = {.max_bps = 700e3};
    struct hall h = hall_like(LAYERS, &conf);
    struct sfu_peer_stats st;
    struct sfu_line_stats lines[2];
    run(&h, 2);
    struct client *c = viewer(&h, 20e6);
    assert_in_range(until(&h, c, 1), 1, 10);
    run(&h, 10);
    assert_true(share_of(&h, c, 1) >= 95);
    assert_int_equal(share_of(&h, c, LAYERS - 1), 0);
    assert_true(sfu_peer_stats(h.w->sfu, c->id, &st, lines, 2));
    assert_in_range(st.estimate_bps, 500000, 700000);
    world_free(h.w);
}

static void pictures_of_the_most_important_are_sent(void **state)
{
    (void)state;
    enum { PICTURES = 4, LAST = 2 };
    struct sfu_conf conf = {.last_n = LAST};
    struct hall h = hall_like(1, &conf);
    run(&h, 2);
    struct client *c = client_new(h.w);
    c->link = link_new(20e6, DELAY_US);
    for (unsigned i = 0; i < PICTURES; i++)
        client_line(c, RECEIVES, SFU_CAMERA, 0, CAM);
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    struct sfu_wish wish[] = {{STR("0"), CAM, 640, 360, ALLOC_VISIBLE},
                              {STR("1"), CAM, 640, 360, ALLOC_THUMBNAIL},
                              {STR("2"), CAM, 640, 360, ALLOC_PINNED},
                              {STR("3"), CAM, 640, 360, ALLOC_THUMBNAIL}};
    sfu_wish(h.w->sfu, h.w->now, c->id, wish, PICTURES);
    run(&h, 10);
    for (unsigned i = 0; i < PICTURES; i++)
        assert_int_equal(c->lines[i].packets > 0, i == 0 || i == 2);
    wish[0].width = wish[0].height = 0; /* there is room for somebody */
    wish[3].priority = ALLOC_SPEAKER;
    sfu_wish(h.w->sfu, h.w->now, c->id, wish, PICTURES);
    run(&h, 10);
    assert_int_equal(c->lines[1].packets, 0);
    assert_true(c->lines[3].packets > 100);
    world_free(h.w);
}

static void people_come_and_go_while_packets_wait(void **state)
{
    (void)state;
    struct hall h = hall_new(LAYERS);
    run(&h, 2);
    struct client *c = viewer(&h, 300e3);
    for (unsigned i = 0; i < 100; i++) {
        look(c, i % 2 ? 1280 : 0);
        frame(&h);
        if (i % 10 == 9) { /* numbers of the publisher begin anew */
            for (unsigned k = 0; k < LAYERS; k++)
                h.from->lines[1].seq[k] += 5000;
            h.from->plis++;
        }
    }
    look(c, 1280);
    assert_in_range(until(&h, c, 0), 1, 10);
    sfu_peer_close(h.w->sfu, h.from->id);
    world_run(h.w, SECOND);
    assert_int_equal(sfu_stats(h.w->sfu)->tracks, 0);
    world_free(h.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_way_carries_everything),
        cmocka_unit_test(a_narrow_way_carries_a_low_layer_and_a_wide_one_all_of_it_again),
        cmocka_unit_test(a_bad_way_costs_others_nothing),
        cmocka_unit_test(who_loses_packets_is_told_to_hold_pictures_back),
        cmocka_unit_test(who_has_lost_too_much_gets_a_key_frame),
        cmocka_unit_test(sound_flows_where_pictures_cannot),
        cmocka_unit_test(what_begins_anew_is_sent_again_too),
        cmocka_unit_test(who_tells_of_no_packet_is_judged_by_reports),
        cmocka_unit_test(a_rate_that_is_told_is_a_limit),
        cmocka_unit_test(nobody_is_sent_more_than_the_operator_allows),
        cmocka_unit_test(pictures_of_the_most_important_are_sent),
        cmocka_unit_test(people_come_and_go_while_packets_wait),
        cmocka_unit_test(the_first_picture_does_not_wait_for_an_estimate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
