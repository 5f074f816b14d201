/*
 * A track on its way to one peer: layers and numbers. The source is a simulcast VP8 encoder with three streams of three
 * temporal layers (and a VP9 one with spatial layers), the receiver a model that takes nothing but a seamless stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "media/sub.h"

enum {
    S = 1000000,
    STREAMS = 3,
    PER_FRAME = 3,
    FRAME_TICKS = 3000,
    SSRC = 5,
    RTX = 6,
    PT = 96,
    RTX_PT = 97
};

/* Temporal layers of a group of four pictures, as browsers make them. */
static const uint8_t layers[4] = {0, 2, 1, 2};
static const bool syncs[4] = {false, true, true, false};

struct encoder {
    uint16_t number;    /* next */
    uint32_t timestamp; /* of the next frame */
    uint16_t picture;
    uint8_t tl0;
    unsigned frame;
    bool key;    /* the next one shall be */
    int64_t seq; /* counted on */
};

struct packet {
    struct rtp r;
    struct codec_packet k;
    uint8_t payload[40];
    int64_t seq;
};

struct world {
    struct rng rng;
    int64_t now;
    struct encoder e[STREAMS];
    struct recv in[STREAMS];
    struct sub s;
    struct sub_out out;
};

static void begin(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    uint8_t bytes[RNG_SEED_SIZE] = {0};
    memcpy(bytes, &seed, sizeof seed);
    rng_init(&w->rng, bytes);
    w->now = 10 * (int64_t)S;
    for (int i = 0; i < STREAMS; i++) {
        uint64_t r = rng_u64(&w->rng);
        w->e[i] = (struct encoder){.number = (uint16_t)r,
                                   .timestamp = (uint32_t)(r >> 16),
                                   .picture = (uint16_t)(r >> 48) & 0x7FFF,
                                   .tl0 = (uint8_t)(r >> 8),
                                   .key = true};
        w->e[i].seq = 65536 + w->e[i].number;
        recv_init(&w->in[i], (uint32_t)i + 1, 90000, true);
    }
    struct sub_conf c = {.codec = CODEC_VP8,
                         .ssrc = SSRC,
                         .rtx_ssrc = RTX,
                         .pt = PT,
                         .rtx_pt = RTX_PT,
                         .first_seq = (uint16_t)rng_u64(&w->rng),
                         .first_rtx_seq = 900,
                         .first_timestamp = 123456};
    sub_init(&w->s, &c);
}

/* Packet i of PER_FRAME of the stream's current frame. */
static struct packet make(struct world *w, int stream, unsigned i)
{
    struct encoder *e = &w->e[stream];
    unsigned at = e->key ? 0 : e->frame % 4;
    struct packet p = {.r = {.seq = e->number,
                             .timestamp = e->timestamp,
                             .marker = i == PER_FRAME - 1,
                             .payload = 20},
                       .seq = e->seq};
    uint8_t *q = p.payload;
    q[0] = (uint8_t)(0x80 | (i == 0 ? 0x10 : 0));
    q[1] = 0xE0;
    set_u16(q + 2, (uint16_t)(e->picture | 0x8000));
    q[4] = (uint8_t)(e->tl0 + (layers[at] == 0));
    q[5] = (uint8_t)(layers[at] << 6 | (syncs[at] || e->key ? 0x20 : 0));
    q[6] = e->key && i == 0 ? 0x00 : 0x01;
    assert_true(codec_read(CODEC_VP8, q, 20, &p.k));
    e->number++;
    e->seq++;
    return p;
}

static void next_frame(struct world *w, int stream)
{
    struct encoder *e = &w->e[stream];
    unsigned at = e->key ? 0 : e->frame % 4;
    if (e->key)
        e->frame = 0;
    e->tl0 = (uint8_t)(e->tl0 + (layers[at] == 0));
    e->frame++;
    e->key = false;
    e->timestamp += FRAME_TICKS;
    e->picture = (e->picture + 1) & 0x7FFF;
}

static bool take(struct world *w, int stream, const struct packet *p)
{
    return sub_take(&w->s, w->now, stream, p->seq, &p->r, p->payload, &p->k, w->in, &w->out);
}

/* ---- The receiver ---- */

struct receiver {
    bool begun, in_frame;
    uint16_t seq, picture;
    uint8_t tl0;
    uint32_t timestamp;
    unsigned frames, keys, high; /* high: frames of temporal layers above 0 */
    bool synced[3];
};

/* Packets in order, none lost. */
static void receive(struct receiver *v, const struct packet *p, const struct sub_out *o)
{
    uint8_t q[40];
    struct codec_packet k;
    memcpy(q, p->payload, sizeof q);
    memcpy(q, o->front, o->front_n);
    assert_int_equal(o->front_n, o->skip);
    assert_true(codec_read(CODEC_VP8, q, 20, &k));
    assert_int_equal(o->ssrc, SSRC);
    assert_int_equal(o->pt, PT);
    if (v->begun) {
        assert_int_equal(o->seq, (uint16_t)(v->seq + 1));
    } else {
        assert_true(k.key);
    }
    if (!v->in_frame) {
        assert_true(k.begins);
        if (v->begun) {
            assert_int_equal(k.picture, (v->picture + 1) & 0x7FFF);
            assert_int_equal(k.tl0, (uint8_t)(v->tl0 + (k.temporal == 0)));
            assert_in_range(o->timestamp - v->timestamp, 1, 90000 * 15);
        }
        if (k.key)
            v->synced[1] = v->synced[2] = true;
        else if (k.up)
            v->synced[k.temporal] = true;
        assert_true(k.temporal == 0 || v->synced[k.temporal]);
        v->frames++;
        v->keys += k.key;
        v->high += k.temporal > 0;
    } else {
        assert_false(k.begins);
        assert_int_equal(k.picture, v->picture);
        assert_int_equal(o->timestamp, v->timestamp);
    }
    v->in_frame = !o->marker;
    v->begun = true;
    v->seq = o->seq;
    v->picture = k.picture;
    v->tl0 = k.tl0;
    v->timestamp = o->timestamp;
}

/* One frame of all streams. */
static void run_frame(struct world *w, struct receiver *v)
{
    for (int stream = 0; stream < STREAMS; stream++) {
        for (unsigned i = 0; i < PER_FRAME; i++) {
            struct packet p = make(w, stream, i);
            if (take(w, stream, &p))
                receive(v, &p, &w->out);
        }
        next_frame(w, stream);
    }
    w->now += 33333;
}

static void nothing_leaves_before_it_is_wanted_and_a_key_frame_comes(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    begin(&w, 1);
    run_frame(&w, &v);
    assert_false(v.begun);
    sub_aim(&w.s, 1, SUB_ALL, SUB_ALL);
    assert_true(sub_waits(&w.s));
    run_frame(&w, &v);
    assert_false(v.begun);
    w.e[0].key = true; /* of another stream */
    run_frame(&w, &v);
    assert_false(v.begun);
    w.e[1].key = true;
    run_frame(&w, &v);
    assert_true(v.begun);
    assert_false(sub_waits(&w.s));
    assert_int_equal(v.frames, 1);
    assert_int_equal(v.seq, (uint16_t)(w.s.conf.first_seq + PER_FRAME - 1));
    assert_int_equal(v.timestamp, 123456);
    sub_free(&w.s);
}

static void temporal_layers_come_and_go_without_gaps(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    begin(&w, 2);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    for (int i = 0; i < 40; i++)
        run_frame(&w, &v);
    assert_int_equal(v.frames, 40);
    assert_int_equal(v.high, 30);
    sub_aim(&w.s, 0, SUB_ALL, 0);
    for (int i = 0; i < 40; i++)
        run_frame(&w, &v);
    assert_int_equal(v.frames, 50);
    assert_int_equal(v.high, 30);
    v.synced[1] = v.synced[2] = false;
    sub_aim(&w.s, 0, SUB_ALL, 1);
    for (int i = 0; i < 40; i++)
        run_frame(&w, &v);
    assert_int_equal(v.frames, 70);
    assert_false(v.synced[2]);
    sub_free(&w.s);
}

static void streams_change_at_key_frames(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    begin(&w, 3);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    for (int i = 0; i < 10; i++)
        run_frame(&w, &v);
    sub_aim(&w.s, 2, SUB_ALL, SUB_ALL);
    for (int i = 0; i < 10; i++)
        run_frame(&w, &v);
    assert_int_equal(w.s.current, 0); /* the old one goes on meanwhile */
    assert_int_equal(v.frames, 20);
    w.e[2].key = true;
    run_frame(&w, &v);
    assert_int_equal(w.s.current, 2);
    assert_int_equal(v.keys, 2);
    assert_int_equal(w.s.switches, 1);
    sub_free(&w.s);
}

static void any_wish_at_any_time_gives_one_seamless_stream(void **state)
{
    uint64_t frames = 0, changes = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct world w;
        struct receiver v = {0};
        begin(&w, seed);
        for (int i = 0; i < 300; i++) {
            if (rng_u64(&w.rng) % 8 == 0)
                sub_aim(&w.s, (int)(rng_u64(&w.rng) % 4) - 1, SUB_ALL,
                        (unsigned)(rng_u64(&w.rng) % 3));
            if (rng_u64(&w.rng) % 4 == 0)
                w.e[rng_u64(&w.rng) % STREAMS].key = true;
            run_frame(&w, &v);
        }
        frames += v.frames;
        changes += w.s.switches;
        assert_int_equal(w.s.packets, v.frames * (uint64_t)PER_FRAME);
        assert_int_equal(w.s.octets, w.s.packets * 20);
        sub_free(&w.s);
    }
    assert_true(frames > 20000 && changes > 300);
}

/* ---- Loss and disorder ---- */

static void what_comes_late_takes_its_own_place(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct world w;
        struct packet p[200];
        bool seen[70000] = {false};
        int64_t numbers[200];
        begin(&w, seed);
        sub_aim(&w.s, 0, SUB_ALL, (unsigned)(seed % 3));
        for (int i = 0; i < 198; i++) {
            p[i] = make(&w, 0, (unsigned)i % PER_FRAME);
            if (i % PER_FRAME == PER_FRAME - 1)
                next_frame(&w, 0);
        }
        for (int i = 3; i < 197; i++) { /* after the key frame neighbours change places */
            if (rng_u64(&w.rng) % 4 == 0) {
                struct packet swap = p[i];
                p[i] = p[i + 1];
                p[i + 1] = swap;
            }
        }
        int64_t last_seq = -1;
        for (int i = 0; i < 198; i++) {
            numbers[i] = -1;
            if (!take(&w, 0, &p[i]))
                continue;
            assert_false(seen[w.out.seq]);
            seen[w.out.seq] = true;
            numbers[i] = w.out.seq;
            if (p[i].k.temporal == 0)
                last_seq = p[i].seq;
        }
        /* In the order of the source the numbers go up, whatever the order of arrival was. */
        for (int i = 0; i < 198; i++) {
            for (int k = 0; k < i; k++) {
                if (numbers[i] >= 0 && numbers[k] >= 0)
                    assert_int_equal(p[i].seq > p[k].seq,
                                     rtp_seq_diff((uint16_t)numbers[i], (uint16_t)numbers[k]) > 0);
            }
        }
        assert_true(last_seq > 0);
        sub_free(&w.s);
    }
}

static void a_number_that_was_lost_is_found_again(void **state)
{
    (void)state;
    struct world w;
    struct packet p[12];
    uint16_t numbers[12];
    struct sub_out again;
    begin(&w, 7);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    recv_packet(&w.in[0], w.now, w.e[0].number, 0, 10, &(int64_t){0});
    for (int i = 0; i < 12; i++) {
        p[i] = make(&w, 0, (unsigned)i % PER_FRAME);
        if (i % PER_FRAME == PER_FRAME - 1)
            next_frame(&w, 0);
        if (i == 4)
            continue; /* it never reached us */
        assert_true(take(&w, 0, &p[i]));
        numbers[i] = w.out.seq;
    }
    const struct sub_sent *e = sub_find(&w.s, w.now, numbers[6], 50000);
    assert_non_null(e);
    assert_int_equal(sub_sent_seq(e, &w.in[0]), p[6].seq);
    sub_render(&w.s, e, numbers[6], &p[6].r, p[6].payload, &p[6].k, &again);
    assert_int_equal(again.seq, numbers[6]);
    assert_true(sub_wrap(&w.s, &again));
    assert_int_equal(again.ssrc, RTX);
    assert_int_equal(again.pt, RTX_PT);
    assert_int_equal(again.seq, 900);
    assert_int_equal(get_u16(again.front), numbers[6]);
    assert_null(sub_find(&w.s, w.now + 40000, numbers[6], 50000)); /* it is under way */
    assert_non_null(sub_find(&w.s, w.now + 60000, numbers[6], 50000));
    /* The one that we wait for ourselves has its number, too. */
    e = sub_find(&w.s, w.now, (uint16_t)(numbers[3] + 1), 50000);
    assert_non_null(e);
    assert_int_equal(sub_sent_seq(e, &w.in[0]), p[4].seq);
    assert_true(take(&w, 0, &p[4]));
    assert_int_equal(w.out.seq, (uint16_t)(numbers[3] + 1));
    assert_null(sub_find(&w.s, w.now, (uint16_t)(numbers[11] + 1), 0)); /* was never sent */
    assert_null(sub_find(&w.s, w.now, (uint16_t)(numbers[0] - 1), 0));
    assert_null(sub_find(&w.s, w.now, (uint16_t)(numbers[0] - 3000), 0));
    assert_int_equal(w.s.resent_in_vain, 3);
    sub_free(&w.s);
}

static void numbers_of_before_a_change_can_still_be_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    begin(&w, 8);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    run_frame(&w, &v);
    uint16_t first = w.s.conf.first_seq;
    int64_t seq_of_first = w.e[0].seq - PER_FRAME;
    sub_aim(&w.s, 1, SUB_ALL, SUB_ALL);
    w.e[1].key = true;
    run_frame(&w, &v);
    assert_int_equal(w.s.current, 1);
    const struct sub_sent *e = sub_find(&w.s, w.now, first, 0);
    assert_non_null(e);
    assert_int_equal(e->stream, 0);
    assert_int_equal(e->in_seq, (uint16_t)seq_of_first);
    sub_detach(&w.s, CODEC_H264, 102, 103);
    assert_null(sub_find(&w.s, w.now, first, 0));
    sub_free(&w.s);
}

static void more_is_remembered_when_more_is_sent(void **state)
{
    (void)state;
    struct world w;
    struct packet p;
    uint16_t first = 0;
    begin(&w, 12);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    recv_packet(&w.in[0], w.now, w.e[0].number, 0, 10, &(int64_t){0});
    for (unsigned i = 0; i < 420; i++) {
        if (i == 120)
            sub_grow(&w.s, 300);
        p = make(&w, 0, i % PER_FRAME);
        if (i % PER_FRAME == PER_FRAME - 1)
            next_frame(&w, 0);
        assert_true(take(&w, 0, &p));
        first = i == 0 ? w.out.seq : first;
    }
    assert_int_equal(w.s.sent_mask, 511);
    for (uint16_t i = 0; i < 420; i++)
        assert_non_null(sub_at(&w.s, (uint16_t)(first + i)));
    assert_null(sub_at(&w.s, (uint16_t)(first - 1)));
    sub_grow(&w.s, 100000);
    assert_int_equal(w.s.sent_mask, SUB_MEMORY - 1);
    assert_non_null(sub_at(&w.s, first));
    sub_free(&w.s);
}

static void what_has_not_left_gives_its_numbers_back(void **state)
{
    (void)state;
    struct world w;
    struct packet p;
    begin(&w, 9);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    uint16_t first = w.s.conf.first_seq;
    for (unsigned i = 0; i < PER_FRAME; i++) {
        p = make(&w, 0, i);
        assert_true(take(&w, 0, &p));
    }
    next_frame(&w, 0);
    assert_non_null(sub_at(&w.s, (uint16_t)(first + 1)));
    sub_unsend(&w.s, (uint16_t)(first + 1)); /* only the first one has left */
    assert_null(sub_at(&w.s, (uint16_t)(first + 1)));
    assert_non_null(sub_at(&w.s, first));
    p = make(&w, 0, 0); /* goes on with what is no longer there */
    assert_false(take(&w, 0, &p));
    w.e[0].key = true;
    next_frame(&w, 0);
    w.e[0].key = true;
    p = make(&w, 0, 0);
    assert_true(take(&w, 0, &p));
    assert_int_equal(w.out.seq, (uint16_t)(first + 1));
    sub_free(&w.s);
}

static void padding_has_numbers_behind_whole_pictures(void **state)
{
    (void)state;
    struct world w;
    struct packet p;
    struct sub_out o;
    begin(&w, 10);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    recv_packet(&w.in[0], w.now, w.e[0].number, 0, 10, &(int64_t){0});
    assert_false(sub_pad(&w.s, &o)); /* nothing was sent yet */
    for (unsigned i = 0; i < PER_FRAME; i++) {
        p = make(&w, 0, i);
        assert_true(take(&w, 0, &p));
        assert_int_equal(sub_pad(&w.s, &o), i + 1 == PER_FRAME);
    }
    assert_int_equal(o.seq, (uint16_t)(w.out.seq + 1));
    assert_int_equal(o.timestamp, w.out.timestamp);
    assert_null(sub_at(&w.s, o.seq)); /* nobody gets it again */
    next_frame(&w, 0);
    p = make(&w, 0, 0);
    assert_true(take(&w, 0, &p));
    assert_int_equal(w.out.seq, (uint16_t)(o.seq + 1));
    assert_int_equal(sub_sent_seq(sub_at(&w.s, w.out.seq), &w.in[0]), p.seq);
    sub_free(&w.s);
}

static void without_a_type_for_it_there_is_no_rtx(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 11);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    sub_detach(&w.s, CODEC_VP8, PT, 255);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    struct packet p = make(&w, 0, 0);
    assert_true(take(&w, 0, &p));
    assert_false(sub_wrap(&w.s, &w.out));
    sub_free(&w.s);
}

/* ---- Time ---- */

static void timestamps_follow_the_senders_clock_over_a_change(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    begin(&w, 9);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    run_frame(&w, &v);
    uint32_t before = v.timestamp;
    /* Both streams say what time it was at a timestamp of theirs; frames of one moment belong together. */
    struct rtcp_sr a = {.ntp = (uint64_t)50 << 32, .timestamp = w.e[0].timestamp},
                   b = {.ntp = (uint64_t)50 << 32, .timestamp = w.e[1].timestamp};
    recv_sender_report(&w.in[0], w.now, &a);
    recv_sender_report(&w.in[1], w.now, &b);
    sub_aim(&w.s, 1, SUB_ALL, SUB_ALL);
    w.e[1].key = true;
    w.now += 700000; /* the network held it back; the picture is still of the next moment */
    run_frame(&w, &v);
    assert_in_range(v.timestamp - before, FRAME_TICKS - 3, FRAME_TICKS + 3);
    sub_free(&w.s);
}

static void reports_keep_sound_and_picture_together(void **state)
{
    (void)state;
    struct world w;
    struct receiver v = {0};
    struct rtcp_sr sr, out;
    begin(&w, 10);
    assert_false(sub_report(&w.s, w.now, 1, &w.in[0], false, 0, &out));
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    run_frame(&w, &v);
    uint64_t ours = (uint64_t)1000 << 32, theirs = (uint64_t)300 << 32;
    assert_true(sub_report(&w.s, w.now + S, ours, &w.in[0], false, 0, &out));
    assert_int_equal(out.timestamp, v.timestamp + 90000u + 2999); /* one frame ago, and a second */
    sr = (struct rtcp_sr){.ntp = theirs, .timestamp = w.e[0].timestamp};
    recv_sender_report(&w.in[0], w.now, &sr);
    uint64_t skew = ours - theirs;
    assert_true(sub_report(&w.s, w.now, ours + ((uint64_t)2 << 32), &w.in[0], true, skew, &out));
    assert_int_equal(out.timestamp, v.timestamp + FRAME_TICKS + 2 * 90000u);
    assert_int_equal(out.packets, PER_FRAME);
    assert_int_equal(out.octets, PER_FRAME * 20);
    assert_true(out.ntp == ours + ((uint64_t)2 << 32));
    /* What cannot be true is not believed. */
    assert_true(sub_report(&w.s, w.now, ours, &w.in[0], true, skew ^ (uint64_t)1 << 62, &out));
    assert_in_range(out.timestamp - v.timestamp, 0, FRAME_TICKS);
    sub_free(&w.s);
}

/* ---- VP9 with spatial layers ---- */

static struct packet vp9(uint16_t picture, unsigned spatial, bool alone, bool last, int64_t seq)
{
    struct packet p = {
        .r = {.seq = (uint16_t)seq, .timestamp = picture * 3000u, .payload = 20, .marker = last},
        .seq = seq};
    uint8_t *q = p.payload;
    q[0] = (uint8_t)(0xA0 | (alone ? 0 : 0x40) | 0x0C); /* I L B E, one packet a layer */
    set_u16(q + 1, (uint16_t)(0x8000 | picture));
    q[3] = (uint8_t)(spatial << 1 | (spatial > 0));
    q[4] = 1;
    q[5] = 0xEE;
    assert_true(codec_read(CODEC_VP9, q, 20, &p.k));
    return p;
}

static void spatial_layers_end_their_pictures(void **state)
{
    (void)state;
    struct world w;
    struct sub_conf c = {.codec = CODEC_VP9, .ssrc = SSRC, .pt = PT, .first_seq = 100};
    begin(&w, 11);
    sub_free(&w.s);
    sub_init(&w.s, &c);
    sub_aim(&w.s, 0, 1, SUB_ALL);
    int64_t seq = 70000;
    uint16_t expected = 100;
    static const struct {
        uint16_t picture;
        bool alone;
        unsigned aim, sent; /* layers that leave */
    } steps[] = {{1, true, 1, 2}, {2, false, 1, 2}, {3, false, 0, 1}, {4, false, 2, 1},
                 {5, true, 2, 3}, {6, false, 2, 3}, {7, false, 1, 2}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        unsigned sent = 0, markers = 0;
        sub_aim(&w.s, 0, steps[i].aim, SUB_ALL);
        for (unsigned layer = 0; layer < 3; layer++) {
            struct packet p = vp9(steps[i].picture, layer, steps[i].alone, layer == 2, seq++);
            if (!take(&w, 0, &p))
                continue;
            assert_int_equal(w.out.seq, expected++);
            assert_int_equal(markers, 0); /* nothing behind the end of a picture */
            markers += w.out.marker;
            sent++;
        }
        assert_int_equal(sent, steps[i].sent);
        assert_int_equal(markers, 1);
    }
    sub_free(&w.s);
}

/* ---- Sound ---- */

static void sound_begins_at_once(void **state)
{
    (void)state;
    struct world w;
    struct sub_conf c = {.codec = CODEC_OPUS, .ssrc = SSRC, .pt = 111, .first_seq = 65535};
    struct packet p = {.r = {.seq = 5, .timestamp = 77, .payload = 20}, .seq = 65541};
    begin(&w, 12);
    sub_free(&w.s);
    sub_init(&w.s, &c);
    codec_read(CODEC_OPUS, p.payload, 20, &p.k);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    assert_true(take(&w, 0, &p));
    assert_int_equal(w.out.seq, 65535);
    assert_int_equal(w.out.front_n, 0);
    p.seq++;
    p.r.timestamp += 960;
    assert_true(take(&w, 0, &p));
    assert_int_equal(w.out.seq, 0);
    assert_int_equal(w.out.timestamp, 960);
    assert_false(sub_wrap(&w.s, &w.out)); /* no RTX */
    sub_free(&w.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_it_is_wanted_and_a_key_frame_comes),
        cmocka_unit_test(temporal_layers_come_and_go_without_gaps),
        cmocka_unit_test(streams_change_at_key_frames),
        cmocka_unit_test(any_wish_at_any_time_gives_one_seamless_stream),
        cmocka_unit_test(what_comes_late_takes_its_own_place),
        cmocka_unit_test(a_number_that_was_lost_is_found_again),
        cmocka_unit_test(numbers_of_before_a_change_can_still_be_asked_for),
        cmocka_unit_test(more_is_remembered_when_more_is_sent),
        cmocka_unit_test(what_has_not_left_gives_its_numbers_back),
        cmocka_unit_test(padding_has_numbers_behind_whole_pictures),
        cmocka_unit_test(without_a_type_for_it_there_is_no_rtx),
        cmocka_unit_test(timestamps_follow_the_senders_clock_over_a_change),
        cmocka_unit_test(reports_keep_sound_and_picture_together),
        cmocka_unit_test(spatial_layers_end_their_pictures),
        cmocka_unit_test(sound_begins_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
