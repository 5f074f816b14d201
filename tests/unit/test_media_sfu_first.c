/* The first picture that somebody sees: the last key frame and what came behind it, or one that is asked for early. */
#include "sfu_world.h"

enum {
    ROOM = 7,
    CAM = 502,
    BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE,
    FRAME_US = 33333,
    TICKS = 3000
};

struct stage {
    struct world *w;
    struct client *a;      /* publishes */
    struct client *seated; /* has looked from the beginning, so that packets are kept */
    uint32_t times[64];
    unsigned n; /* pictures that the newest viewer got */
};

/* Each picture's time, once; not of what is sent again. */
static bool note_time(struct world *w, struct client *c, const struct rtp *r, const uint8_t *p)
{
    struct stage *g = w->of_test;
    (void)p;
    if (c != g->seated && r->ssrc == c->lines[0].ssrc && g->n < 64 &&
        (g->n == 0 || g->times[g->n - 1] != r->timestamp))
        g->times[g->n++] = r->timestamp;
    return false;
}

static void frames(struct stage *g, unsigned n, bool key)
{
    struct line *l = &g->a->lines[0];
    for (unsigned i = 0; i < n; i++) {
        for (unsigned layer = 0; layer < l->layers; layer++) {
            client_send(g->a, 0, layer, key && i == 0, false);
            client_send(g->a, 0, layer, false, true);
        }
        l->timestamp += TICKS;
        world_run(g->w, FRAME_US);
    }
}

static void look(struct client *c, uint16_t width)
{
    struct sfu_wish wish = {STR("0"), CAM, width, (uint16_t)(width * 9 / 16), ALLOC_VISIBLE};
    sfu_wish(c->w->sfu, c->w->now, c->id, &wish, 1);
}

/* Has an answer and has said what is to be seen. */
static struct client *invite(struct stage *g)
{
    struct client *c = client_new(g->w);
    client_line(c, RECEIVES, SFU_CAMERA, 0, CAM);
    client_offer(c, ROOM, BOTH);
    look(c, 640);
    return c;
}

/* ... and has keys. A little later, since what was kept leaves at a pace. */
static void let_in(struct client *c)
{
    client_connect(c);
    world_run(c->w, FRAME_US);
}

static void raise_curtain(struct stage *g, unsigned layers)
{
    *g = (struct stage){.w = world_new(NULL)};
    g->w->of_test = g;
    g->w->took = note_time;
    assert_true(sfu_room_open(g->w->sfu, ROOM));
    g->a = client_new(g->w);
    client_line(g->a, SENDS, SFU_CAMERA, layers, CAM);
    client_offer(g->a, ROOM, BOTH);
    client_connect(g->a);
    g->seated = invite(g);
    let_in(g->seated);
    frames(g, 8, true); /* it settles */
    world_run(g->w, 2 * SECOND);
    g->a->plis = 0;
    g->n = 0;
}

static uint64_t replayed(const struct stage *g)
{
    return sfu_stats(g->w->sfu)->replayed;
}

static void who_comes_sees_at_once_what_was_kept(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 5, true);
    struct client *b = invite(&g);
    let_in(b);
    struct line *l = &b->lines[0];
    assert_int_equal(l->packets, 10); /* though nothing has come meanwhile */
    assert_int_equal(l->keys, 1);
    assert_int_equal(g.a->plis, 0);
    assert_int_equal(replayed(&g), 1);
    frames(&g, 3, false);
    assert_int_equal(l->packets, 16);
    assert_int_equal((uint16_t)(l->last_seq - l->first_seq), 15); /* no gap */
    /* Pictures that are over come 1 ms after each other, and those of now as they are made. */
    assert_int_equal(g.n, 8);
    for (unsigned i = 1; i < g.n; i++)
        assert_int_equal(g.times[i] - g.times[i - 1], i < 5 ? 90 : TICKS);
    /* Another one comes: the first one notices nothing. */
    uint64_t before = l->packets;
    struct client *c = invite(&g);
    let_in(c);
    assert_int_equal(c->lines[0].packets, 16);
    assert_int_equal(l->packets, before);
    assert_int_equal(g.a->plis, 0);
    world_free(g.w);
}

/* In the middle of a picture: its rest comes as it is sent. */
static void a_picture_that_is_not_whole_yet_is_ended_later(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 2, true);
    client_send(g.a, 0, 0, false, false);
    struct client *b = invite(&g);
    let_in(b);
    assert_int_equal(b->lines[0].packets, 5);
    uint32_t time = b->lines[0].last_timestamp;
    client_send(g.a, 0, 0, false, true);
    assert_int_equal(b->lines[0].packets, 6);
    assert_int_equal(b->lines[0].last_timestamp, time);
    world_free(g.w);
}

static void who_looks_away_and_back_goes_on_without_a_key_frame(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    struct client *b = invite(&g);
    client_connect(b);
    frames(&g, 3, true);
    unsigned plis = g.a->plis;
    look(b, 0);
    frames(&g, 3, false);
    assert_int_equal(b->lines[0].packets, 6);
    uint32_t time = b->lines[0].last_timestamp;
    look(b, 640);
    assert_int_equal(b->lines[0].packets, 6 + 12);
    assert_int_equal((uint16_t)(b->lines[0].last_seq - b->lines[0].first_seq), 17);
    assert_true(rtp_timestamp_diff(b->lines[0].last_timestamp, time) > 0);
    frames(&g, 1, false);
    assert_int_equal(b->lines[0].packets, 20);
    assert_int_equal(g.a->plis, plis);
    world_free(g.w);
}

/* Whatever is wrong with what was kept: the publisher is asked, once, and nothing is sent before it answers. */
static void is_asked_for(struct stage *g)
{
    unsigned plis = g->a->plis;
    struct client *b = invite(g);
    client_connect(b);
    assert_int_equal(b->lines[0].packets, 0);
    assert_int_equal(g->a->plis, plis + 1);
    assert_int_equal(replayed(g), 0);
    frames(g, 2, true);
    assert_int_equal(b->lines[0].packets, 4);
    assert_int_equal(b->lines[0].keys, 1);
    world_free(g->w);
}

static void a_key_frame_of_long_ago_is_not_shown(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 31, true);
    is_asked_for(&g);
}

static void a_group_with_a_gap_is_not_shown(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 2, true);
    g.a->lines[0].seq[0]++; /* it may come yet */
    frames(&g, 2, false);
    is_asked_for(&g);
}

static void more_than_leaves_in_a_tenth_of_a_second_is_not_shown(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    g.a->lines[0].sizes[0] = 1200;
    frames(&g, 20, true); /* 50 kB: half of it */
    struct client *b = invite(&g);
    let_in(b);
    world_run(g.w, SECOND / 5); /* probes have their own pace */
    assert_int_equal(b->lines[0].packets, 40);
    world_free(g.w);
    raise_curtain(&g, 1);
    g.a->lines[0].sizes[0] = 1200;
    frames(&g, 41, true);
    is_asked_for(&g);
}

static void what_was_sent_while_muted_is_not_missed(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 2, true);
    sfu_mute(g.w->sfu, g.w->now, CAM, true);
    frames(&g, 2, false);
    sfu_mute(g.w->sfu, g.w->now, CAM, false);
    world_run(g.w, SECOND / 5); /* who looks already waits, too */
    is_asked_for(&g);
}

/* It switches with a key frame that is still to come: an old one would be a way back. */
static void another_layer_begins_with_a_new_key_frame(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 2);
    struct client *b = invite(&g);
    client_connect(b);
    frames(&g, 20, true); /* the least layer; then the other one is known, too */
    frames(&g, 5, true);
    uint64_t begun = replayed(&g);
    frames(&g, 100, false);
    assert_int_equal(replayed(&g), begun);
    world_free(g.w);
}

/* Numbers that begin anew with lower ones are kept, too. */
static void a_stream_that_begins_anew_is_kept(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    g.a->lines[0].seq[0] = 40000;
    frames(&g, 3, true);
    g.a->lines[0].seq[0] = 100;
    frames(&g, 3, true);
    struct client *b = invite(&g);
    let_in(b);
    assert_int_equal(b->lines[0].packets, 6);
    assert_int_equal(sfu_stats(g.w->sfu)->lost_memory, 0);
    world_free(g.w);
}

static void the_key_frame_is_asked_for_while_hands_are_shaken(void **state)
{
    (void)state;
    struct stage g;
    raise_curtain(&g, 1);
    frames(&g, 40, true);
    struct client *b = invite(&g);
    assert_int_equal(g.a->plis, 0); /* an offer alone does not */
    assert_true(client_check(b));
    assert_int_equal(g.a->plis, 1);
    assert_true(client_check(b));
    frames(&g, 2, true);
    assert_int_equal(b->lines[0].packets, 0);
    let_in(b);
    assert_int_equal(b->lines[0].packets, 4);
    assert_int_equal(g.a->plis, 1);
    world_free(g.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_sees_at_once_what_was_kept),
        cmocka_unit_test(a_picture_that_is_not_whole_yet_is_ended_later),
        cmocka_unit_test(who_looks_away_and_back_goes_on_without_a_key_frame),
        cmocka_unit_test(a_key_frame_of_long_ago_is_not_shown),
        cmocka_unit_test(a_group_with_a_gap_is_not_shown),
        cmocka_unit_test(more_than_leaves_in_a_tenth_of_a_second_is_not_shown),
        cmocka_unit_test(what_was_sent_while_muted_is_not_missed),
        cmocka_unit_test(another_layer_begins_with_a_new_key_frame),
        cmocka_unit_test(a_stream_that_begins_anew_is_kept),
        cmocka_unit_test(the_key_frame_is_asked_for_while_hands_are_shaken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
