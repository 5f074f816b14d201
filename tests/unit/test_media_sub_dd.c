/*
 * Layers by the dependency descriptor: encoders of several scalability modes, a track on its way to a receiver that
 * decodes a frame only if it has everything the frame refers to, and whose numbers must have no gap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/code.h"
#include "base/crypto.h"
#include "base/util.h"
#include "dd_source.h"
#include "media/sub.h"

enum { PER_FRAME = 2, TICKS = 3000, PICTURE_US = 33333, FIRST = 20 };

/* One picture of a stream is so many frames; each has a template. */
struct encoder {
    const struct dd_mode *mode;
    const unsigned *templates; /* of the frames of a group of pictures: [picture][frame] */
    const unsigned *keys;      /* of a key picture */
    unsigned group;
    struct dd_structure s;
    unsigned picture; /* of the group */
    bool key;         /* the next one is */
    uint16_t frame;
    uint32_t timestamp;
    int64_t seq;
};

static const unsigned l1t3_keys[] = {0}, l1t3_group[] = {1, 3, 2, 3};
static const unsigned l2t1_keys[] = {0, 2}, l2t1_group[] = {1, 3};

struct receiver {
    bool begun, ended, has_structure;
    uint16_t seq, frame;
    uint32_t timestamp, active;
    struct dd_structure s;
    bool has[65536];
    unsigned frames, keys, in_layer[DD_LAYERS][DD_LAYERS];
};

struct world {
    int64_t now;
    struct encoder e[2];
    struct recv in[2];
    struct sub s;
    struct receiver *v;
    unsigned picture_asked; /* how often a key frame was needed */
};

static void begin(struct world *w, const struct dd_mode *mode, const unsigned *keys,
                  const unsigned *group, unsigned n)
{
    memset(w, 0, sizeof *w);
    w->now = 1000000;
    w->v = calloc(1, sizeof *w->v);
    for (unsigned i = 0; i < 2; i++) {
        w->e[i] = (struct encoder){.mode = mode,
                                   .templates = group,
                                   .keys = keys,
                                   .group = n,
                                   .key = true,
                                   .frame = (uint16_t)(65500 - 30000 * i),
                                   .timestamp = 777 * i,
                                   .seq = 65536 + 1000 * i};
        recv_init(&w->in[i], i + 1, 90000, true);
    }
    struct sub_conf c = {
        .codec = CODEC_AV1, .ssrc = 5, .rtx_ssrc = 6, .pt = 96, .rtx_pt = 97, .first_seq = 100};
    sub_init(&w->s, &c);
}

static void end(struct world *w)
{
    sub_free(&w->s);
    free(w->v);
}

/* ---- The receiver ---- */

static void receive_frame(struct receiver *v, const struct dd_frame *f)
{
    for (unsigned i = 0; i < f->n_fdiffs; i++)
        assert_true(v->has[(uint16_t)(f->number - f->fdiffs[i])]);
    if (dd_is_key(f))
        memset(v->has, 0, sizeof v->has);
    assert_true(!v->begun || (int16_t)(f->number - v->frame) > 0);
    v->has[f->number] = true;
    v->frame = f->number;
    v->frames++;
    v->keys += dd_is_key(f);
    v->in_layer[f->spatial][f->temporal]++;
}

static void receive(struct receiver *v, const uint8_t *dd, const struct sub_out *o)
{
    struct dd_structure own;
    struct dd_frame f;
    uint8_t out[DD_MAX];
    assert_true(o->dd.targets > 0);
    size_t n = dd_write(out, sizeof out, dd, &o->dd);
    assert_true(n > 0);
    assert_true(dd_read(&f, out, n, &v->s, &own));
    if (f.has_structure)
        v->s = own;
    if (f.has_structure || f.has_active)
        v->s.active = f.active;
    assert_true(v->s.n > 0);
    if (v->begun) {
        assert_int_equal(o->seq, (uint16_t)(v->seq + 1));
        assert_true(v->ended == (o->timestamp != v->timestamp)); /* the marker ends the picture */
    }
    if (f.start)
        receive_frame(v, &f);
    v->begun = true;
    v->seq = o->seq;
    v->timestamp = o->timestamp;
    v->ended = o->marker;
}

/* ---- The encoder ---- */

static void frame(struct world *w, unsigned stream, unsigned i, bool deliver)
{
    struct encoder *e = &w->e[stream];
    unsigned n = e->mode->spatial, id;
    id = e->key ? e->keys[i] : e->templates[e->picture * n + i];
    for (unsigned k = 0; k < PER_FRAME; k++) {
        bool structure = e->key && i == 0 && k == 0;
        struct codec_packet p = {.descriptor = 1};
        struct dd_structure own;
        struct dd_frame f;
        struct dd_bits b;
        struct sub_out o;
        unsigned size = dd_packet(&b, k == 0, k == PER_FRAME - 1, (FIRST + id) % 64, e->frame,
                                  structure ? e->mode : NULL, FIRST);
        struct rtp r = {.seq = (uint16_t)e->seq,
                        .timestamp = e->timestamp,
                        .marker = i == n - 1 && k == PER_FRAME - 1,
                        .payload = 20};
        static const uint8_t payload[20] = {0x10};
        assert_true(dd_read(&f, b.p, size, &e->s, &own));
        codec_describe(&p, &f);
        if (deliver && sub_take(&w->s, w->now, (int)stream, e->seq, &r, payload, &p, w->in, &o))
            receive(w->v, b.p, &o);
        w->picture_asked += w->s.needs_key;
        w->s.needs_key = false;
        if (structure)
            e->s = own;
        e->seq++;
    }
    e->frame++;
}

static void pictures(struct world *w, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        for (unsigned stream = 0; stream < 2; stream++) {
            struct encoder *e = &w->e[stream];
            for (unsigned i = 0; i < e->mode->spatial; i++)
                frame(w, stream, i, true);
            e->picture = e->key ? (e->group > 1 ? 1 : 0) : (e->picture + 1) % e->group;
            e->key = false;
            e->timestamp += TICKS;
        }
        w->now += PICTURE_US;
    }
}

static void clear(struct world *w)
{
    memset(w->v->in_layer, 0, sizeof w->v->in_layer);
    w->picture_asked = 0;
}

/* ---- Tests ---- */

static void temporal_layers_come_and_go(void **state)
{
    (void)state;
    struct world w;
    begin(&w, &dd_l1t3, l1t3_keys, l1t3_group, 4);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    pictures(&w, 16);
    assert_int_equal(w.v->frames, 16);
    assert_int_equal(w.v->s.active, 7);
    clear(&w);
    sub_aim(&w.s, 0, SUB_ALL, 0);
    pictures(&w, 16);
    assert_int_equal(w.v->in_layer[0][0], 4);
    assert_int_equal(w.v->in_layer[0][1] + w.v->in_layer[0][2], 0);
    assert_int_equal(w.v->s.active, 1);
    clear(&w);
    sub_aim(&w.s, 0, SUB_ALL, 1);
    pictures(&w, 16);
    assert_int_equal(w.v->in_layer[0][1], 4);
    assert_int_equal(w.v->in_layer[0][2], 0);
    assert_int_equal(w.v->s.active, 3);
    clear(&w);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    pictures(&w, 16);
    assert_in_range(w.v->in_layer[0][2], 7, 8);
    assert_int_equal(w.v->s.active, 7);
    assert_int_equal(w.picture_asked, 0); /* no key frame was needed for any of it */
    assert_int_equal(w.v->keys, 1);
    end(&w);
}

static void spatial_layers_go_at_once_and_come_with_a_key_frame(void **state)
{
    (void)state;
    struct world w;
    begin(&w, &dd_l2t1, l2t1_keys, l2t1_group, 1);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[1][0], 5);
    clear(&w);
    sub_aim(&w.s, 0, 0, SUB_ALL);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[0][0], 5);
    assert_int_equal(w.v->in_layer[1][0], 0);
    assert_int_equal(w.v->s.active, 1);
    assert_int_equal(w.picture_asked, 0);
    sub_aim(&w.s, 0, 1, SUB_ALL);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[1][0], 0);
    assert_true(w.picture_asked > 0); /* it refers to what was never sent */
    w.e[0].key = true;
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[1][0], 5);
    assert_int_equal(w.v->s.active, 3);
    end(&w);
}

static void layers_that_stand_alone_change_with_key_frames_only(void **state)
{
    (void)state;
    struct world w;
    begin(&w, &dd_l2t1_key, l2t1_keys, l2t1_group, 1);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[0][0], 1); /* of the key frame */
    assert_int_equal(w.v->in_layer[1][0], 5);
    sub_aim(&w.s, 0, 0, SUB_ALL);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[1][0], 10);
    assert_true(w.picture_asked > 0);
    w.e[0].key = true;
    clear(&w);
    pictures(&w, 5);
    assert_int_equal(w.v->in_layer[0][0], 5);
    assert_int_equal(w.v->in_layer[1][0], 0);
    end(&w);
}

static void frame_numbers_go_on_over_streams(void **state)
{
    (void)state;
    struct world w;
    begin(&w, &dd_l1t3, l1t3_keys, l1t3_group, 4);
    sub_aim(&w.s, 0, SUB_ALL, SUB_ALL);
    pictures(&w, 50); /* over the wrap of its numbers */
    sub_aim(&w.s, 1, SUB_ALL, 1);
    pictures(&w, 4);
    assert_true(sub_waits(&w.s));
    uint16_t last = w.v->frame;
    w.e[1].key = true;
    frame(&w, 1, 0, true);
    assert_int_equal(w.v->frame, (uint16_t)(last + 1));
    assert_int_equal(w.v->s.active, 3);
    w.e[1].key = false;
    w.e[1].picture = 1;
    w.e[1].timestamp += TICKS;
    pictures(&w, 20);
    assert_int_equal(w.v->keys, 2);
    end(&w);
}

/* Whatever is wanted when: the receiver's checks hold. */
static void any_wishes_leave_no_seam(void **state)
{
    static const struct {
        const struct dd_mode *mode;
        const unsigned *keys, *group;
        unsigned n;
    } modes[] = {{&dd_l1t3, l1t3_keys, l1t3_group, 4},
                 {&dd_l2t1, l2t1_keys, l2t1_group, 1},
                 {&dd_l2t1_key, l2t1_keys, l2t1_group, 1}};
    (void)state;
    for (unsigned seed = 0; seed < 300; seed++) {
        uint8_t bytes[RNG_SEED_SIZE] = {(uint8_t)seed, (uint8_t)(seed >> 8)};
        struct world w;
        struct rng rng;
        rng_init(&rng, bytes);
        begin(&w, modes[seed % 3].mode, modes[seed % 3].keys, modes[seed % 3].group,
              modes[seed % 3].n);
        for (unsigned i = 0; i < 60; i++) {
            unsigned stream = (unsigned)rng_below(&rng, 2);
            sub_aim(&w.s, (int)stream, (unsigned)rng_below(&rng, 3), (unsigned)rng_below(&rng, 4));
            w.e[stream].key |= rng_below(&rng, 3) == 0 || w.picture_asked > 0;
            w.picture_asked = 0;
            pictures(&w, 1 + (unsigned)rng_below(&rng, 6));
        }
        assert_true(w.v->frames > 20);
        end(&w);
    }
}

/* ---- What Chromium sends (tests/vectors/dd) ---- */

struct take {
    uint32_t timestamp;
    bool marker;
    uint8_t dd[DD_MAX];
    size_t n;
};

static unsigned read_takes(const char *name, struct take *takes, unsigned max)
{
    char path[512], line[1024];
    unsigned n = 0;
    snprintf(path, sizeof path, TESTS_DIR "/vectors/dd/chromium-%s.txt", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (n < max && fgets(line, sizeof line, f) != NULL) {
        char *rest;
        if (line[0] == '#')
            continue;
        takes[n].timestamp = (uint32_t)strtoul(line, &rest, 10);
        takes[n].marker = strtoul(rest, &rest, 10);
        struct str hex = str_trim(str_from(rest));
        assert_true(hex_decode(takes[n].dd, DD_MAX, &takes[n].n, hex));
        n++;
    }
    fclose(f);
    return n;
}

/* What was recorded, to somebody who wants those layers; with wishes > 0 ever other ones, every so many packets. */
static void replay(const struct take *takes, unsigned n, unsigned seed, unsigned wishes,
                   unsigned spatial, unsigned temporal, struct receiver *v)
{
    uint8_t bytes[RNG_SEED_SIZE] = {(uint8_t)seed};
    struct dd_structure known = {0}, own;
    struct recv in;
    struct rng rng;
    struct sub s;
    struct sub_conf c = {.codec = CODEC_AV1, .ssrc = 5, .pt = 96, .rtx_pt = 97};
    rng_init(&rng, bytes);
    recv_init(&in, 1, 90000, true);
    sub_init(&s, &c);
    sub_aim(&s, 0, spatial, temporal);
    for (unsigned i = 0; i < n; i++) {
        const struct take *t = &takes[i];
        struct rtp r = {
            .seq = (uint16_t)i, .timestamp = t->timestamp, .marker = t->marker, .payload = 9};
        struct codec_packet k = {.descriptor = 1};
        struct dd_frame f;
        struct sub_out o;
        static const uint8_t payload[9];
        if (wishes > 0 && rng_below(&rng, wishes) == 0)
            sub_aim(&s, 0, (unsigned)rng_below(&rng, 4), (unsigned)rng_below(&rng, 4));
        assert_true(dd_read(&f, t->dd, t->n, &known, &own));
        codec_describe(&k, &f);
        if (sub_take(&s, 1000000 + i * 10000, 0, 65536 + i, &r, payload, &k, &in, &o))
            receive(v, t->dd, &o);
        if (f.has_structure)
            known = own;
        if (f.has_active)
            known.active = f.active;
    }
    sub_free(&s);
}

static void what_chromium_sends_is_cut_down_without_a_seam(void **state)
{
    static const struct {
        const char *name;
        unsigned spatial, temporal; /* layers */
    } modes[] = {{"av1-l1t3", 1, 3},     {"av1-l2t2-key", 2, 2}, {"av1-l3t3", 3, 3},
                 {"av1-l3t3-key", 3, 3}, {"av1-s2t1", 2, 1},     {"h264-l1t3", 1, 3}};
    static struct take takes[500];
    (void)state;
    for (unsigned m = 0; m < ARRAY_LEN(modes); m++) {
        unsigned n = read_takes(modes[m].name, takes, ARRAY_LEN(takes));
        unsigned least = UINT32_MAX;
        assert_true(n > 100);
        for (unsigned spatial = modes[m].spatial; spatial-- > 0;) {
            for (unsigned temporal = modes[m].temporal; temporal-- > 0;) {
                struct receiver *v = calloc(1, sizeof *v);
                replay(takes, n, 0, 0, spatial, temporal, v);
                assert_true(v->frames > 10 && v->keys >= 3);
                assert_true(v->frames <= least);
                for (unsigned t = temporal + 1; t < DD_LAYERS; t++)
                    assert_int_equal(v->in_layer[spatial][t], 0);
                for (unsigned k = spatial + 1; k < DD_LAYERS; k++)
                    assert_int_equal(v->in_layer[k][0], 0);
                if (modes[m].spatial == 1)
                    least = v->frames;
                free(v);
            }
        }
        for (unsigned seed = 0; seed < 200; seed++) {
            struct receiver *v = calloc(1, sizeof *v);
            replay(takes, n, seed, 20, SUB_ALL, SUB_ALL, v);
            assert_true(v->frames > 10);
            free(v);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporal_layers_come_and_go),
        cmocka_unit_test(spatial_layers_go_at_once_and_come_with_a_key_frame),
        cmocka_unit_test(layers_that_stand_alone_change_with_key_frames_only),
        cmocka_unit_test(frame_numbers_go_on_over_streams),
        cmocka_unit_test(any_wishes_leave_no_seam),
        cmocka_unit_test(what_chromium_sends_is_cut_down_without_a_seam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
