/* Two, three people and the SFU between them, on virtual time. */
#include "msg/rec_msg.h"
#include "sfu_world.h"

enum { ROOM = 7, MIC_A = 501, CAM_A = 502, BOTH = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE };

struct pair {
    struct world *w;
    struct client *a, *b;
};

/* a publishes sound and a picture with `layers`; b receives both. */
static struct pair two(unsigned layers)
{
    struct pair p = {.w = world_new(NULL)};
    assert_true(sfu_room_open(p.w->sfu, ROOM));
    p.a = client_new(p.w);
    client_line(p.a, SENDS, SFU_MIC, 1, MIC_A);
    client_line(p.a, SENDS, SFU_CAMERA, layers, CAM_A);
    client_offer(p.a, ROOM, BOTH);
    client_connect(p.a);
    p.b = client_new(p.w);
    client_line(p.b, RECEIVES, SFU_MIC, 0, MIC_A);
    client_line(p.b, RECEIVES, SFU_CAMERA, 0, CAM_A);
    client_offer(p.b, ROOM, BOTH);
    client_connect(p.b);
    return p;
}

static void want(struct client *c, unsigned line, uint64_t track, uint16_t width)
{
    char mid[8];
    snprintf(mid, sizeof mid, "%u", line);
    struct sfu_wish wish = {str_from(mid), track, width, (uint16_t)(width * 9 / 16), ALLOC_VISIBLE};
    sfu_wish(c->w->sfu, c->w->now, c->id, &wish, 1);
}

static void frames(struct pair *p, unsigned n, unsigned layers, bool key)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned layer = 0; layer < layers; layer++) {
            client_send(p->a, 1, layer, key && i == 0, false);
            client_send(p->a, 1, layer, false, true);
        }
        client_send(p->a, 0, 0, false, true);
        p->a->lines[1].timestamp += 3000;
        p->a->lines[0].timestamp += 960;
        world_run(p->w, 33000);
    }
}

static void sound_and_picture_arrive(void **state)
{
    (void)state;
    struct pair p = two(1);
    assert_int_equal(p.w->tracks, 2);
    frames(&p, 1, 1, true);
    world_run(p.w, SECOND);                     /* what was kept is of no use */
    assert_int_equal(p.b->lines[0].packets, 1); /* sound is never asked for */
    assert_int_equal(p.b->lines[1].packets, 0); /* nobody looks yet */
    want(p.b, 1, CAM_A, 640);
    assert_int_equal(p.a->plis, 1); /* at once */
    assert_int_equal(p.a->pli_ssrc, send_ssrc(p.a, 1, 0));
    frames(&p, 3, 1, true);
    assert_int_equal(p.b->lines[1].packets, 6);
    assert_int_equal(p.b->lines[1].keys, 1);
    assert_int_equal(p.b->lines[0].packets, 4);
    want(p.b, 1, CAM_A, 0); /* hidden */
    frames(&p, 3, 1, true);
    assert_int_equal(p.b->lines[1].packets, 6);
    world_free(p.w);
}

static void people_come_and_go(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 2, 1, true);
    sfu_peer_close(p.w->sfu, p.b->id);
    frames(&p, 2, 1, true);
    assert_int_equal(p.b->lines[1].packets, 4);
    assert_int_equal(sfu_stats(p.w->sfu)->subscribed, 0);
    sfu_peer_close(p.w->sfu, p.a->id);
    assert_int_equal(p.w->tracks_gone, 2);
    assert_int_equal(sfu_stats(p.w->sfu)->peers, 0);
    assert_int_equal(sfu_stats(p.w->sfu)->tracks, 0);
    uint8_t junk[20] = {0x80};
    assert_false(sfu_input(p.w->sfu, p.w->now, &p.a->at, junk, sizeof junk, sizeof junk));
    assert_false(client_check(p.a));
    sfu_room_close(p.w->sfu, ROOM);
    assert_int_equal(sfu_stats(p.w->sfu)->rooms, 0);
    world_free(p.w);
}

static void the_largest_layer_is_sent_and_named_by_rid(void **state)
{
    (void)state;
    struct pair p = two(3);
    frames(&p, 40, 3, true); /* rates are known after a second */
    want(p.b, 1, CAM_A, 640);
    assert_int_equal(p.a->pli_ssrc, send_ssrc(p.a, 1, 2));
    frames(&p, 5, 3, true);
    assert_int_equal(p.b->lines[1].packets, 10);
    assert_true(p.b->lines[1].bytes / 10 > 200);
    world_free(p.w);
}

/* ---- Recording ---- */

struct taken {
    unsigned packets, begins, markers;
    struct rec_head last[2]; /* sound, picture */
};

static void take(void *ctx, uint64_t room, const struct rec_head *h, const uint8_t *payload)
{
    struct taken *t = ctx;
    assert_int_equal(room, ROOM);
    assert_non_null(payload);
    t->packets++;
    t->begins += (h->flags & REC_BEGINS) != 0;
    t->markers += h->kind == SFU_CAMERA && (h->flags & REC_MARKER);
    t->last[h->kind == SFU_CAMERA] = *h;
}

static void who_records_gets_everything_whoever_looks(void **state)
{
    (void)state;
    struct pair p = two(1);
    struct taken t = {0};
    frames(&p, 2, 1, true);
    assert_false(sfu_record(p.w->sfu, p.w->now, ROOM + 1, take, &t));
    assert_true(sfu_record(p.w->sfu, p.w->now, ROOM, take, &t));
    frames(&p, 2, 1, true);
    assert_int_equal(t.packets, 0); /* it has not agreed */
    assert_int_equal(p.a->plis, 0);
    sfu_agree(p.w->sfu, p.w->now, 99, true);
    sfu_agree(p.w->sfu, p.w->now, p.a->id, true);
    assert_int_equal(p.a->plis, 1); /* at once */
    frames(&p, 10, 1, true);
    assert_int_equal(p.b->lines[1].packets, 0); /* nobody looks */
    assert_int_equal(t.packets, 30);
    assert_int_equal(t.markers, 10);
    assert_int_equal(t.begins, 0);
    assert_int_equal(t.last[0].track, MIC_A);
    assert_int_equal(t.last[0].codec, CODEC_OPUS);
    assert_int_equal(t.last[1].track, CAM_A);
    assert_int_equal(t.last[1].peer, p.a->id);
    assert_int_equal(t.last[1].codec, CODEC_VP8);
    assert_int_equal(t.last[1].timestamp, (uint32_t)(p.a->lines[1].timestamp - 3000));
    assert_int_equal((uint16_t)t.last[1].seq, (uint16_t)(p.a->lines[1].seq[0] - 1));
    world_run(p.w, SECOND);
    sfu_key(p.w->sfu, p.w->now, CAM_A, 0);
    assert_int_equal(p.a->plis, 2);
    sfu_key(p.w->sfu, p.w->now, CAM_A, 1); /* there is no such one */
    sfu_key(p.w->sfu, p.w->now, MIC_A, 0);
    assert_true(sfu_record(p.w->sfu, p.w->now, ROOM, NULL, NULL));
    frames(&p, 2, 1, true);
    assert_true(
        sfu_record(p.w->sfu, p.w->now, ROOM, take, &t)); /* another one: it is asked again */
    frames(&p, 2, 1, true);
    assert_int_equal(t.packets, 30);
    assert_int_equal(p.a->plis, 2);
    sfu_agree(p.w->sfu, p.w->now, p.a->id, true);
    frames(&p, 2, 1, true);
    assert_int_equal(t.packets, 36);
    sfu_agree(p.w->sfu, p.w->now, p.a->id, false); /* it has changed its mind */
    frames(&p, 2, 1, true);
    assert_int_equal(t.packets, 36);
    world_free(p.w);
}

/* ---- Loss ---- */

static void ask_for(struct pair *p, uint16_t seq)
{
    uint8_t mem[64];
    struct rtcp_writer wr;
    rtcp_begin(&wr, mem, sizeof mem);
    rtcp_put_nack(&wr, (uint32_t)p->b->id, p->b->lines[1].ssrc, &seq, 1);
    client_feedback(p->b, &wr);
    world_run(p->w, 50000);
}

static void what_the_publisher_loses_is_asked_for(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 2, 1, true);
    uint16_t lost = p.a->lines[1].seq[0]++;
    frames(&p, 1, 1, false);
    assert_int_equal(p.a->nacks, 1);
    assert_int_equal(p.a->nacked[0], lost);
    unsigned plis = p.a->plis;
    ask_for(&p, (uint16_t)(p.b->lines[1].last_seq -
                           2)); /* its viewer lacks it, too: that makes no key frame */
    assert_int_equal(p.a->plis, plis);
    uint64_t before = p.b->lines[1].packets;
    uint16_t next = p.a->lines[1].seq[0];
    p.a->lines[1].seq[0] = lost; /* sent again */
    client_send(p.a, 1, 0, false, false);
    p.a->lines[1].seq[0] = next;
    assert_int_equal(p.b->lines[1].packets, before + 1);
    world_run(p.w, SECOND);
    assert_int_equal(p.a->nacks, 1);
    world_free(p.w);
}

static bool every_fifth(struct world *w, struct client *to, uint32_t ssrc, uint16_t seq)
{
    (void)w, (void)to, (void)ssrc;
    return seq % 5 == 0;
}

static void what_a_subscriber_loses_comes_again(void **state)
{
    (void)state;
    struct pair p = two(1);
    uint8_t mem[200];
    struct rtcp_writer wr;
    uint16_t lost[40];
    unsigned n = 0;
    want(p.b, 1, CAM_A, 640);
    frames(&p, 1, 1, true);
    world_run(p.w, SECOND); /* probes repeat something at first */
    uint16_t first = p.b->lines[1].last_seq;
    p.w->lose = every_fifth;
    frames(&p, 20, 1, false);
    for (uint16_t i = 1; i <= 40; i++) {
        if ((uint16_t)(first + i) % 5 == 0)
            lost[n++] = (uint16_t)(first + i);
    }
    assert_int_equal(p.b->lines[1].packets, 42 - n);
    rtcp_begin(&wr, mem, sizeof mem);
    rtcp_put_nack(&wr, (uint32_t)p.b->id, p.b->lines[1].ssrc, lost, n);
    client_feedback(p.b, &wr);
    assert_int_equal(p.b->lines[1].again, n);
    assert_int_equal(p.b->lines[1].packets, 42);
    client_feedback(p.b, &wr); /* it is on its way */
    assert_int_equal(p.b->lines[1].again, n);
    world_free(p.w);
}

/* The number is still known, the packet is not: who waits for it sees nothing more, and browsers ask after 3 s only. */
static void what_is_gone_brings_a_key_frame(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 2, 1, true);
    frames(&p, 1, 1, false);
    uint16_t old = p.b->lines[1].last_seq;
    for (unsigned i = 0; i < 4; i++) {
        frames(&p, 10, 1, false);
        world_run(p.w, SECOND / 2);
    }
    unsigned plis = p.a->plis;
    uint64_t again = sfu_stats(p.w->sfu)->again;
    ask_for(&p, p.b->lines[1].last_seq);
    assert_int_equal(sfu_stats(p.w->sfu)->again, again + 1);
    assert_int_equal(p.a->plis, plis);
    ask_for(&p, old);
    assert_int_equal(sfu_stats(p.w->sfu)->again, again + 1);
    assert_int_equal(p.a->plis, plis + 1);
    world_free(p.w);
}

static void a_wish_for_a_key_frame_goes_on_at_once_and_not_too_often(void **state)
{
    (void)state;
    struct pair p = two(1);
    uint8_t mem[64];
    struct rtcp_writer wr;
    want(p.b, 1, CAM_A, 640);
    frames(&p, 2, 1, true);
    world_run(p.w, SECOND);
    unsigned before = p.a->plis;
    rtcp_begin(&wr, mem, sizeof mem);
    rtcp_put_pli(&wr, (uint32_t)p.b->id, p.b->lines[1].ssrc);
    for (int i = 0; i < 100; i++)
        client_feedback(p.b, &wr);
    assert_int_equal(p.a->plis, before + 1);
    world_run(p.w, 20 * (int64_t)SECOND); /* nobody answers: slower and slower */
    assert_in_range(p.a->plis, before + 8, before + 12);
    world_free(p.w);
}

/* ---- Feedback ---- */

static void the_publisher_learns_what_arrived_and_when(void **state)
{
    (void)state;
    struct pair p = two(1);
    frames(&p, 60, 1, true);
    assert_int_equal(p.a->arrivals, 180);
    assert_in_range(p.a->feedbacks, 25, 45);
    assert_in_range(p.a->reports, 1, 3);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 60, 1, true);
    assert_true(p.b->srs >= 2);
    world_free(p.w);
}

/* Two that were read at once came 4 ms apart, and that is what the publisher estimates its line by. */
static void the_publisher_learns_when_it_came_to_the_machine(void **state)
{
    (void)state;
    struct pair p = two(1);
    world_run(p.w, SECOND);
    for (int ago_ms = 5; ago_ms > 0; ago_ms -= 4) {
        sfu_came(p.w->sfu, p.w->now - ago_ms * (SECOND / 1000));
        client_send(p.a, 0, 0, false, true);
    }
    sfu_came(p.w->sfu, 0);
    world_run(p.w, SECOND);
    assert_int_equal(p.a->came_us[1] - p.a->came_us[0], 4000);
    world_free(p.w);
}

/* A second of pictures of which of each ten so many are lost on the way to us. */
static void lose_of_ten(struct pair *p, unsigned lost)
{
    for (unsigned i = 0; i < 30; i++) {
        if (i % 10 < lost)
            p->a->lines[1].seq[0] += 2;
        else
            client_send(p->a, 1, 0, false, false), client_send(p->a, 1, 0, false, true);
        p->a->lines[1].timestamp += 3000;
        world_run(p->w, 33333);
    }
}

static void who_takes_only_a_rate_is_told_one(void **state)
{
    (void)state;
    struct pair p = {.w = world_new(NULL)};
    sfu_room_open(p.w->sfu, ROOM);
    p.a = client_new(p.w);
    p.a->only_remb = true;
    client_line(p.a, SENDS, SFU_MIC, 1, MIC_A);
    client_line(p.a, SENDS, SFU_CAMERA, 1, CAM_A);
    client_offer(p.a, ROOM, BOTH);
    assert_non_null(strstr(p.w->answer, "goog-remb"));
    client_connect(p.a);
    for (unsigned i = 0; i < 4; i++)
        lose_of_ten(&p, 0);
    assert_in_range(p.a->rembs, 3, 5);
    uint64_t before = p.a->remb_bps;
    assert_in_range(before, 4000000, 6000000);
    for (unsigned i = 0; i < 4; i++)
        lose_of_ten(&p, 3);
    assert_true(p.a->remb_bps < before * 7 / 10);
    before = p.a->remb_bps;
    for (unsigned i = 0; i < 4; i++)
        lose_of_ten(&p, 0);
    assert_true(p.a->remb_bps > before);
    world_free(p.w);
}

/* RFC 8888: of each source by its own numbers, a hole that nobody can fill passed over. */
static void who_takes_no_numbers_for_the_transport_is_told_of_each_source(void **state)
{
    (void)state;
    enum { N = 300, HOLE = 1500 };
    struct pair p = {.w = world_new(NULL)};
    sfu_room_open(p.w->sfu, ROOM);
    p.a = client_new(p.w);
    p.a->only_ccfb = true;
    client_line(p.a, SENDS, SFU_MIC, 1, MIC_A);
    client_line(p.a, SENDS, SFU_CAMERA, 2, CAM_A);
    p.a->lines[1].seq[1] = 65400; /* it wraps */
    client_offer(p.a, ROOM, BOTH);
    assert_non_null(strstr(p.w->answer, "a=rtcp-fb:96 ack ccfb\r\n"));
    client_connect(p.a);
    for (unsigned i = 0; i < N; i++) {
        client_send(p.a, 0, 0, false, true);
        for (unsigned k = 0; k < 2; k++)
            client_send(p.a, 1, k, i == 0, true);
        if (i % 10 == 5)
            p.a->lines[1].seq[0]++; /* lost on the way */
        world_run(p.w, 10000);
    }
    world_run(p.w, SECOND);
    assert_int_equal(p.a->feedbacks, 0);
    assert_in_range(p.a->ccfbs, 50, 70); /* each 50 ms */
    assert_int_equal(p.a->told_came, 3 * N);
    assert_int_equal(p.a->told_lost, N / 10);
    p.a->lines[1].seq[0] += HOLE;
    client_send(p.a, 1, 0, false, true);
    world_run(p.w, SECOND);
    assert_int_equal(p.a->told_came, 3 * N + 1);
    assert_int_equal(p.a->told_lost, N / 10);
    world_free(p.w);
}

/* ---- Who speaks ---- */

enum { MICS = 6, LOUD = 3 };

/* Everybody sends sound for so many packets of 20 ms; how many of each the last one has heard. */
static void everybody_talks(struct world *w, unsigned packets, uint64_t heard[MICS])
{
    struct client *ear = &w->clients[MICS];
    uint64_t before[MICS];
    for (unsigned i = 0; i < MICS; i++)
        before[i] = ear->lines[i].packets;
    for (unsigned k = 0; k < packets; k++) {
        for (unsigned i = 0; i < MICS; i++) {
            client_send(&w->clients[i], 0, 0, false, true);
            w->clients[i].lines[0].timestamp += 960;
        }
        world_run(w, 20000);
    }
    for (unsigned i = 0; i < MICS; i++)
        heard[i] = ear->lines[i].packets - before[i];
}

static void the_loudest_are_passed_on_and_the_speaker_is_told(void **state)
{
    (void)state;
    struct sfu_conf conf = {.loudest = LOUD};
    struct world *w = world_new(&conf);
    uint64_t heard[MICS], all = 0;
    sfu_room_open(w->sfu, ROOM);
    for (unsigned i = 0; i < MICS; i++) {
        struct client *c = client_new(w);
        client_line(c, SENDS, SFU_MIC, 1, 700 + i);
        c->lines[0].level = i < LOUD ? 30 : 110;
        client_offer(c, ROOM, BOTH);
        client_connect(c);
    }
    struct client *ear = client_new(w);
    for (unsigned i = 0; i < MICS; i++)
        client_line(ear, RECEIVES, SFU_MIC, 0, 700 + i);
    client_offer(ear, ROOM, BOTH);
    client_connect(ear);
    everybody_talks(w, 100, heard); /* they settle */
    everybody_talks(w, 100, heard);
    for (unsigned i = 0; i < MICS; i++) {
        assert_int_equal(heard[i], i < LOUD ? 100 : 0);
        all += heard[i];
    }
    assert_int_equal(all, LOUD * 100);
    /* One of the others speaks up, alone: heard from the first packets on, and soon the speaker. */
    for (unsigned i = 0; i < MICS; i++)
        w->clients[i].lines[0].level = i == MICS - 1 ? 20 : 120;
    everybody_talks(w, 100, heard);
    assert_in_range(heard[MICS - 1], 95, 100);
    assert_int_equal(w->dominant, 700 + MICS - 1);
    /* Silence keeps the last one. */
    unsigned changes = w->changes;
    w->clients[MICS - 1].lines[0].level = 127;
    everybody_talks(w, 200, heard);
    assert_int_equal(w->changes, changes);
    sfu_peer_close(w->sfu, w->clients[MICS - 1].id);
    everybody_talks(w, 0, heard);
    world_free(w);
}

/* ---- Rights and limits ---- */

static void who_may_not_publish_does_not(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    sfu_room_open(w->sfu, ROOM);
    struct client *c = client_new(w);
    client_line(c, SENDS, SFU_MIC, 1, 77);
    client_line(c, RECEIVES, SFU_CAMERA, 0, 0);
    client_offer(c, ROOM, SFU_MAY_SUBSCRIBE);
    assert_int_equal(w->tracks, 0);
    assert_non_null(strstr(w->answer, "a=inactive"));
    assert_non_null(strstr(w->answer, "a=sendonly"));
    client_offer(c, ROOM, 0);
    assert_null(strstr(w->answer, "a=sendonly"));
    world_free(w);
}

/* What is played in time with each other has one name: a line of sound and one of pictures, by their places. */
static void lines_are_named_in_pairs(void **state)
{
    static const char *const names[] = {"place0", "place1", "place0", "place2", "place1"};
    static const enum sfu_kind kinds[] = {SFU_MIC, SFU_MIC, SFU_CAMERA, SFU_MIC, SFU_CAMERA};
    (void)state;
    struct world *w = world_new(NULL);
    sfu_room_open(w->sfu, ROOM);
    struct client *c = client_new(w);
    client_line(c, SENDS, SFU_MIC, 1, 77);
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
        client_line(c, RECEIVES, kinds[i], 0, 0);
    client_offer(c, ROOM, BOTH);
    const char *at = w->answer;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        at = strstr(at, "\na=msid:");
        assert_non_null(at);
        at += strlen("\na=msid:");
        assert_memory_equal(at, names[i], strlen(names[i]));
    }
    assert_null(strstr(at, "\na=msid:"));
    world_free(w);
}

static void another_rooms_track_is_nobodys(void **state)
{
    (void)state;
    struct pair p = two(1);
    sfu_room_open(p.w->sfu, ROOM + 1);
    struct client *c = client_new(p.w);
    client_line(c, RECEIVES, SFU_CAMERA, 0, CAM_A);
    client_offer(c, ROOM + 1, BOTH);
    client_connect(c);
    want(c, 0, CAM_A, 640);
    frames(&p, 5, 1, true);
    assert_int_equal(c->lines[0].packets, 0);
    world_free(p.w);
}

static void there_are_limits(void **state)
{
    (void)state;
    struct sfu_conf conf = {.max_rooms = 1, .max_peers = 1, .max_subscribed = 2};
    struct world *w = world_new(&conf);
    assert_true(sfu_room_open(w->sfu, 1));
    assert_true(sfu_room_open(w->sfu, 1));
    assert_false(sfu_room_open(w->sfu, 2));
    struct client *c = client_new(w), *d = client_new(w);
    for (int i = 0; i < 4; i++)
        client_line(c, RECEIVES, SFU_CAMERA, 0, 0);
    client_offer(c, 1, BOTH);
    assert_int_equal(sfu_stats(w->sfu)->subscribed, 2);
    client_line(d, RECEIVES, SFU_CAMERA, 0, 0);
    client_offer(d, 1, BOTH);
    assert_int_equal(d->refusals, 1);
    assert_int_equal(w->refusal, SFU_FULL);
    sfu_peer_close(w->sfu, c->id);
    client_offer(d, 2, BOTH); /* no such room */
    assert_int_equal(w->refusal, SFU_FULL);
    struct sfu_offer bad = {1, d->id, BOTH, STR("v=1"), NULL, 0};
    sfu_offer(w->sfu, w->now, &bad);
    assert_int_equal(w->refusal, SFU_BAD_OFFER);
    world_free(w);
}

static void strangers_ssrcs_are_counted_and_dropped(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t q[200];
        struct rtp r = {.ssrc = 900000 + i % 6, .seq = (uint16_t)i, .pt = PT_VP8};
        size_t n = rtp_put_head(q, sizeof q, &r, NULL);
        memset(q + n, 0x10, 50);
        n += 50;
        srtp_add(p.a->out, r.ssrc);
        if (srtp_protect(p.a->out, q, &n, sizeof q) == SRTP_OK)
            sfu_input(p.w->sfu, p.w->now, &p.a->at, q, n, n);
    }
    assert_int_equal(sfu_stats(p.w->sfu)->unknown_ssrc, 1000);
    assert_int_equal(p.b->lines[1].packets, 0);
    world_free(p.w);
}

/* ---- What can be seen ---- */

static void add_up(void *ctx, uint64_t room, const struct sfu_stats *st)
{
    assert_int_equal(room, ROOM);
    *(uint64_t *)ctx += st->in_packets;
}

static void what_happens_can_be_seen(void **state)
{
    (void)state;
    struct pair p = two(2);
    struct sfu_peer_stats st;
    struct sfu_line_stats lines[4];
    uint64_t in = 0;
    want(p.b, 1, CAM_A, 640);
    frames(&p, 70, 2, true);
    assert_true(sfu_peer_stats(p.w->sfu, p.a->id, &st, lines, 4));
    assert_true(st.open);
    assert_int_equal(st.n_lines, 2);
    assert_true(lines[0].publishes && lines[1].publishes);
    assert_int_equal(lines[1].track, CAM_A);
    assert_int_equal(lines[1].streams, 2);
    assert_int_equal(lines[1].stream, 1);
    assert_in_range(lines[1].bps, 40000, 120000); /* 60 packets a second of about 130 bytes */
    assert_true(sfu_peer_stats(p.w->sfu, p.b->id, &st, lines, 4));
    assert_int_equal(st.room, ROOM);
    assert_int_equal(lines[1].track, CAM_A);
    assert_int_equal(lines[1].codec, CODEC_VP8);
    assert_true(lines[1].stream >= 0 && !lines[1].publishes);
    assert_true(sfu_peer_stats(p.w->sfu, p.b->id, &st, lines, 1));
    assert_int_equal(st.n_lines, 1);
    assert_false(sfu_peer_stats(p.w->sfu, 12345, &st, lines, 4));
    /* Of the room and of all the same, also when the room is no more. */
    const struct sfu_stats *room = sfu_room_stats(p.w->sfu, ROOM);
    sfu_each_room(p.w->sfu, &in, add_up);
    assert_int_equal(in, 70 * 5);
    assert_int_equal(room->in_packets, in);
    assert_int_equal(room->opened, 2);
    sfu_room_close(p.w->sfu, ROOM);
    assert_null(sfu_room_stats(p.w->sfu, ROOM));
    assert_int_equal(sfu_stats(p.w->sfu)->in_packets, in);
    assert_int_equal(sfu_stats(p.w->sfu)->rooms + sfu_stats(p.w->sfu)->peers, 0);
    world_free(p.w);
}

/* ---- Changes in a call ---- */

static void what_is_muted_goes_to_nobody(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 4, 1, true);
    struct line sound = p.b->lines[0], picture = p.b->lines[1];
    assert_true(sound.packets == 4 && picture.packets == 8);
    sfu_mute(p.w->sfu, p.w->now, CAM_A, true);
    sfu_mute(p.w->sfu, p.w->now, MIC_A, true);
    sfu_mute(p.w->sfu, p.w->now, 12345, true); /* nobody's */
    frames(&p, 4, 1, true);
    want(p.b, 1, CAM_A, 1280); /* asking for more changes nothing */
    world_run(p.w, 3 * (int64_t)SECOND);
    frames(&p, 4, 1, true);
    assert_int_equal(p.b->lines[0].packets, sound.packets);
    assert_int_equal(p.b->lines[1].packets, picture.packets);
    unsigned plis = p.a->plis;
    sfu_mute(p.w->sfu, p.w->now, CAM_A, false);
    sfu_mute(p.w->sfu, p.w->now, MIC_A, false);
    assert_int_equal(p.a->plis, plis + 1);
    frames(&p, 1, 1, false); /* pictures begin with a key frame */
    assert_int_equal(p.b->lines[0].packets, sound.packets + 1);
    assert_int_equal(p.b->lines[1].packets, picture.packets);
    frames(&p, 1, 1, true);
    assert_int_equal(p.b->lines[1].packets, picture.packets + 2);
    assert_int_equal(p.b->lines[1].last_seq, (uint16_t)(picture.last_seq + 2)); /* no gap */
    assert_int_equal(p.b->lines[0].last_seq, (uint16_t)(sound.last_seq + 2));
    world_free(p.w);
}

static void a_line_is_used_for_another_track(void **state)
{
    (void)state;
    struct pair p = two(1);
    struct client *c = client_new(p.w);
    client_line(c, SENDS, SFU_CAMERA, 1, 900);
    client_offer(c, ROOM, BOTH);
    client_connect(c);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 4, 1, true);
    uint16_t seq = p.b->lines[1].last_seq;
    uint32_t stamp = p.b->lines[1].last_timestamp;
    want(p.b, 1, 900, 640);
    client_send(c, 0, 0, false, true); /* first something that nobody can begin with */
    world_run(p.w, 100000);
    assert_int_equal(c->plis, 1);
    client_send(c, 0, 0, true, true);
    assert_int_equal(p.b->lines[1].last_seq, (uint16_t)(seq + 1));
    assert_in_range(p.b->lines[1].last_timestamp - stamp, 9000, 20000); /* 0.13 s */
    frames(&p, 3, 1, true);
    assert_int_equal(p.b->lines[1].last_seq, (uint16_t)(seq + 1));
    world_free(p.w);
}

static void ice_restarts_and_nothing_is_lost(void **state)
{
    (void)state;
    struct pair p = two(1);
    want(p.b, 1, CAM_A, 640);
    frames(&p, 2, 1, true);
    char before[16];
    memcpy(before, p.b->ufrag, sizeof before);
    p.b->restarts++;
    client_offer(p.b, ROOM, BOTH);
    assert_string_not_equal(before, p.b->ufrag);
    p.b->at.peer.port = 6000; /* another network */
    assert_true(client_check(p.b));
    frames(&p, 2, 1, false);
    assert_int_equal(p.b->lines[1].packets, 8);
    world_free(p.w);
}

static void who_is_silent_for_long_is_gone(void **state)
{
    (void)state;
    struct pair p = two(1);
    for (int i = 0; i < 40; i++) {
        client_check(p.a);
        world_run(p.w, SECOND);
    }
    assert_true(p.b->ended);
    assert_int_equal(p.b->why, TRANSPORT_NO_CONSENT);
    assert_false(p.a->ended);
    assert_int_equal(sfu_stats(p.w->sfu)->peers, 1);
    world_free(p.w);
}

static void assert_ways(struct pair *p, uint64_t udp4, uint64_t udp6, uint64_t tcp4,
                        uint64_t relay6)
{
    const uint64_t *n = sfu_stats(p->w->sfu)->ways;
    assert_int_equal(n[2 * TUPLE_UDP], udp4);
    assert_int_equal(n[2 * TUPLE_UDP + 1], udp6);
    assert_int_equal(n[2 * TUPLE_TCP], tcp4);
    assert_int_equal(n[2 * TUPLE_RELAY + 1], relay6);
}

static void the_way_to_each_is_counted(void **state)
{
    static const uint8_t ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};
    (void)state;
    struct pair p = two(1);
    assert_ways(&p, 2, 0, 0, 0);
    struct tuple first = p.b->at;
    p.b->at.peer = addr_ip6(ip6, 5000);
    assert_true(client_check(p.b));
    assert_ways(&p, 1, 1, 0, 0);
    p.b->at.transport = TUPLE_RELAY;
    world_run(p.w, 1000);
    assert_true(client_check(p.b));
    assert_ways(&p, 1, 0, 0, 1);
    p.b->at = first;
    p.b->at.stream = 3;
    p.b->at.transport = TUPLE_TCP;
    assert_true(client_check(p.b));
    assert_ways(&p, 1, 0, 1, 0);
    sfu_hangup(p.w->sfu, &p.b->at); /* and the one that was heard last takes over */
    assert_ways(&p, 1, 0, 0, 1);
    sfu_peer_close(p.w->sfu, p.b->id);
    assert_ways(&p, 1, 0, 0, 0);
    world_free(p.w);
}

static void names_tell_the_worker(void **state)
{
    struct sfu_conf conf = {.worker = 37};
    unsigned worker = 0;
    (void)state;
    struct world *w = world_new(&conf);
    sfu_room_open(w->sfu, ROOM);
    struct client *c = client_new(w);
    client_line(c, RECEIVES, SFU_MIC, 0, 0);
    client_offer(c, ROOM, BOTH);
    assert_true(sfu_is_for(str_from(c->ufrag), &worker));
    assert_int_equal(worker, 37);
    assert_false(sfu_is_for(STR("short"), &worker));
    assert_false(sfu_is_for(STR("u1234567"), &worker)); /* no letter of ours */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_and_picture_arrive),
        cmocka_unit_test(people_come_and_go),
        cmocka_unit_test(the_largest_layer_is_sent_and_named_by_rid),
        cmocka_unit_test(who_records_gets_everything_whoever_looks),
        cmocka_unit_test(what_the_publisher_loses_is_asked_for),
        cmocka_unit_test(what_a_subscriber_loses_comes_again),
        cmocka_unit_test(what_is_gone_brings_a_key_frame),
        cmocka_unit_test(a_wish_for_a_key_frame_goes_on_at_once_and_not_too_often),
        cmocka_unit_test(the_publisher_learns_what_arrived_and_when),
        cmocka_unit_test(the_publisher_learns_when_it_came_to_the_machine),
        cmocka_unit_test(who_takes_only_a_rate_is_told_one),
        cmocka_unit_test(who_takes_no_numbers_for_the_transport_is_told_of_each_source),
        cmocka_unit_test(the_loudest_are_passed_on_and_the_speaker_is_told),
        cmocka_unit_test(who_may_not_publish_does_not),
        cmocka_unit_test(lines_are_named_in_pairs),
        cmocka_unit_test(another_rooms_track_is_nobodys),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(strangers_ssrcs_are_counted_and_dropped),
        cmocka_unit_test(what_happens_can_be_seen),
        cmocka_unit_test(what_is_muted_goes_to_nobody),
        cmocka_unit_test(a_line_is_used_for_another_track),
        cmocka_unit_test(ice_restarts_and_nothing_is_lost),
        cmocka_unit_test(who_is_silent_for_long_is_gone),
        cmocka_unit_test(the_way_to_each_is_counted),
        cmocka_unit_test(names_tell_the_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
