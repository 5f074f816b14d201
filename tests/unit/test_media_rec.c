/* Recordings: packets go in, files come out, on virtual time; the files are read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/util.h"
#include "media/sfu.h"
#include "proto/rtcp.h"
#include "rec_world.h"

enum { S = 1000000, MS = 1000, STEP = 40 * MS };

struct world {
    struct rec_world disk;
    struct recording *r;
    int64_t now;
    struct mkv_file file; /* the last one that was looked at */
};

/* Somebody's stream. */
struct source {
    struct world *w;
    struct rec_head h;
    uint16_t width, height;
    unsigned pieces; /* packets of a picture */
};

static const struct recording_conf conf = {
    .id = 0xAB, .room = 0xCD, .wall_us = 1795000000 * (int64_t)S, .mono_us = 70 * (int64_t)S};

static struct world *begin(void)
{
    struct world *w = calloc(1, sizeof *w);
    w->now = conf.mono_us;
    struct rec_files files = rec_world_files(&w->disk);
    w->r = recording_new(&conf, &files);
    return w;
}

static void end(struct world *w)
{
    assert_null(w->disk.wrong);
    free(w->file.blocks);
    recording_free(w->r);
    rec_world_free(&w->disk);
    free(w);
}

static const struct mkv_file *look(struct world *w, int i)
{
    free(w->file.blocks);
    w->file = mkv_read(w->disk.files[i].p, w->disk.files[i].n);
    assert_null(w->file.wrong);
    return &w->file;
}

static const struct mkv_file *finished(struct world *w, int i)
{
    recording_end(w->r, w->now, REC_STOPPED);
    const struct mkv_file *f = look(w, i);
    assert_false(f->cut);
    assert_true(w->disk.files[i].closed);
    return f;
}

static struct source source(struct world *w, uint64_t track, enum sfu_kind kind, enum codec codec)
{
    return (struct source){.w = w,
                           .h = {.track = track,
                                 .peer = 7,
                                 .seq = 65536 + 65000,
                                 .timestamp = 0xFFFFF000u,
                                 .kind = kind,
                                 .codec = codec},
                           .width = 640,
                           .height = 360,
                           .pieces = 3};
}

static void put(struct source *s, const uint8_t *p, size_t n, bool marker)
{
    s->h.at_us = s->w->now;
    s->h.n = (uint16_t)n;
    s->h.flags = (uint8_t)((s->h.flags & ~REC_MARKER) | (marker ? REC_MARKER : 0));
    recording_packet(s->w->r, &s->h, p);
    s->h.flags &= (uint8_t)~REC_BEGINS;
    s->h.seq++;
}

/* One packet of a VP8 picture; its last byte tells which. */
static void put_vp8(struct source *s, unsigned piece, bool key, uint8_t mark)
{
    uint8_t p[60] = {piece == 0 ? 0x10 : 0x00, key ? 0 : 1, 0, 0, 0x9D, 0x01, 0x2A};
    p[7] = (uint8_t)s->width;
    p[8] = (uint8_t)(s->width >> 8);
    p[9] = (uint8_t)s->height;
    p[10] = (uint8_t)(s->height >> 8);
    p[59] = mark;
    put(s, p, sizeof p, piece + 1 == s->pieces);
}

static void picture(struct source *s, bool key, uint8_t mark)
{
    for (unsigned i = 0; i < s->pieces; i++)
        put_vp8(s, i, key, mark);
    s->h.timestamp += STEP / MS * 90;
}

static void pass(struct world *w, int64_t us)
{
    w->now += us;
    recording_tick(w->r, w->now);
}

static void sound(struct source *s)
{
    static const uint8_t silence[3] = {0xF8, 0xFF, 0xFE};
    put(s, silence, sizeof silence, false);
    s->h.timestamp += 960;
}

/* ---- Files ---- */

static void a_file_is_whole_when_it_ends_and_plays_before(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    for (unsigned i = 0; i < 500; i++) {
        picture(&s, i % 100 == 0, (uint8_t)i);
        pass(w, STEP);
    }
    const struct mkv_file *f = look(w, 0);
    assert_true(f->cut);
    assert_int_equal(f->n, 500);
    f = finished(w, 0);
    assert_string_equal(w->disk.files[0].name, "0001-camera.webm");
    assert_string_equal(f->doc_type, "webm");
    assert_string_equal(f->codec, "V_VP8");
    assert_int_equal(f->width, 640);
    assert_int_equal(f->height, 360);
    assert_int_equal(f->n, 500);
    assert_int_equal(f->clusters, 5);
    assert_int_equal(f->cues, 5);
    assert_int_equal(f->seeks, 3);
    assert_true(f->longest_cluster_ms < 5000);
    assert_int_equal((int64_t)f->duration, 20000);
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(f->blocks[i].ms, 40 * i);
        assert_int_equal(f->blocks[i].key, i % 100 == 0);
        assert_int_equal(f->blocks[i].n, 3 * 59);
        assert_int_equal(f->blocks[i].p[f->blocks[i].n - 1], (uint8_t)i);
    }
    end(w);
}

static void a_file_cut_anywhere_has_every_whole_frame_before(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    for (unsigned i = 0; i < 60; i++) {
        picture(&s, i % 30 == 0, (uint8_t)i);
        pass(w, 5 * STEP);
        s.h.timestamp += 4 * STEP / MS * 90;
    }
    unsigned last = 0;
    size_t n = w->disk.files[0].n; /* cut off before the end, or when it was finished: both play */
    for (int whole = 0; whole < 2; whole++) {
        last = 0;
        for (size_t cut = 0; cut <= n; cut++) {
            struct mkv_file f = mkv_read(w->disk.files[0].p, cut);
            assert_null(f.wrong);
            assert_true(f.n >= last && f.n <= last + 1);
            last = f.n;
            free(f.blocks);
        }
        assert_int_equal(last, 60);
        recording_end(w->r, w->now, REC_STOPPED);
    }
    end(w);
}

/* ---- Order ---- */

static void packets_may_overtake_each_other_and_numbers_wrap(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    s.pieces = 1;
    s.h.timestamp -= 3600;
    picture(&s, true, 0);
    for (unsigned i = 1; i < 2000; i += 4) {
        static const unsigned order[4] = {2, 0, 3, 1};
        struct source was = s;
        for (unsigned k = 0; k < 4; k++) {
            s = was;
            s.h.seq += order[k];
            s.h.timestamp += order[k] * 3600;
            picture(&s, false, (uint8_t)(i + order[k]));
        }
        s = was;
        picture(&s, false, 99); /* the first one comes again */
        s = was;
        s.h.seq += 4;
        s.h.timestamp += 4 * 3600;
        pass(w, 4 * STEP);
    }
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(f->n, 2001);
    for (unsigned i = 0; i < f->n; i++)
        assert_int_equal(f->blocks[i].ms, 40 * i);
    end(w);
}

static void a_damaged_picture_is_left_out_up_to_the_next_key(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    for (unsigned i = 0; i < 200; i++) {
        if (i == 50) { /* its middle is lost */
            put_vp8(&s, 0, false, 0);
            s.h.seq++;
            put_vp8(&s, 2, false, 0);
            s.h.timestamp += 3600;
        } else {
            picture(&s, i == 0 || i == 120, (uint8_t)i);
        }
        pass(w, STEP);
        if (i == 52)
            assert_int_equal(w->disk.keys_wanted,
                             1); /* before the first one; this may still come */
    }
    assert_in_range(w->disk.keys_wanted, 2, 3); /* two seconds later the loss is a loss */
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(f->n, 50 + 80);
    assert_int_equal(f->blocks[50].ms, 120 * 40);
    assert_true(f->blocks[50].key);
    assert_int_equal(recording_stats(w->r).lost, 1);
    end(w);
}

static void what_comes_late_but_in_time_is_no_loss(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8), again = s;
    for (unsigned i = 0; i < 100; i++) {
        if (i == 50) {
            again = s;
            s.h.seq += 3;
            s.h.timestamp += 3600;
        } else {
            picture(&s, i == 0, (uint8_t)i);
        }
        if (i == 95)
            picture(&again, false, 50);
        pass(w, STEP);
    }
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(f->n, 100);
    assert_int_equal(f->blocks[50].p[f->blocks[50].n - 1], 50);
    end(w);
}

static void padding_leaves_no_gap(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    for (unsigned i = 0; i < 20; i++) {
        picture(&s, i == 0, (uint8_t)i);
        put(&s, NULL, 0, false);
        pass(w, STEP);
    }
    assert_int_equal(finished(w, 0)->n, 20);
    end(w);
}

/* ---- Time ---- */

static void silence_is_a_gap_in_time_and_noted(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_MIC, CODEC_OPUS);
    struct buf text;
    for (unsigned i = 0; i < 50; i++) {
        sound(&s);
        pass(w, 20 * MS);
    }
    s.h.timestamp += 9 * 48000; /* muted: numbers go on, time passes */
    pass(w, 9 * (int64_t)S);
    for (unsigned i = 0; i < 50; i++) {
        sound(&s);
        pass(w, 20 * MS);
    }
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(f->n, 100);
    assert_int_equal(f->blocks[49].ms, 980);
    assert_int_equal(f->blocks[50].ms, 10000);
    assert_int_equal((int64_t)f->duration, 11000);
    assert_int_equal(f->channels, 2);
    assert_int_equal(f->rate, 48000);
    buf_init(&text, 1 << 16);
    recording_manifest(w->r, &text, w->now);
    assert_non_null(strstr(buf_cstr(&text), "\"gaps_ms\": [[1000, 9000]]"));
    buf_free(&text);
    end(w);
}

/* Clocks of sound cards are off; the sender's reports tell by how much. */
static void reports_keep_sound_and_picture_together(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source mic = source(w, 1, SFU_MIC, CODEC_OPUS),
                  cam = source(w, 2, SFU_CAMERA, CODEC_VP8);
    const uint64_t theirs = UINT64_C(0x1234567890ABCDEF), ours = rtcp_ntp(conf.wall_us);
    struct buf text;
    mic.h.flags = cam.h.flags = REC_HAS_SKEW;
    mic.h.skew = cam.h.skew = ours - theirs;
    cam.pieces = 1;
    for (unsigned i = 0; i < 3600 * 25; i++) {
        int64_t t = (int64_t)i * STEP;
        w->now = conf.mono_us + 30 * MS + t; /* the network takes 30 ms ... */
        if (i % 25 == 0) {
            mic.h.sr_ntp = cam.h.sr_ntp = theirs + rec_us_ntp(t + 1); /* never 0 */
            mic.h.sr_timestamp = mic.h.timestamp;
            cam.h.sr_timestamp = cam.h.timestamp;
        }
        uint32_t before = mic.h.timestamp;
        sound(&mic);
        /* ... and the sound card runs fast by 100 in a million. */
        mic.h.timestamp = before + 1920 + (i % 25 == 0 ? 4 : 0) + (i % 125 == 0 ? 4 : 0);
        if (i == 0)
            w->now += 90 * MS; /* ... but the first picture has to wait */
        picture(&cam, i % 250 == 0, 0);
    }
    const struct mkv_file *f = finished(w, 0);
    assert_in_range(f->blocks[f->n - 1].ms, 3599960 - 3, 3599960 + 3);
    buf_init(&text, 1 << 16);
    recording_manifest(w->r, &text, w->now);
    const char *first = strstr(buf_cstr(&text), "\"start_ms\": "),
               *second = strstr(first + 1, "\"start_ms\": ");
    double mic_ms = strtod(first + 12, NULL), cam_ms = strtod(second + 12, NULL);
    assert_true(mic_ms - cam_ms < 1 && cam_ms - mic_ms < 1);
    assert_non_null(strstr(buf_cstr(&text), "\"clock\": \"sender\""));
    buf_free(&text);
    end(w);
}

static void a_stream_that_begins_anew_goes_on_in_the_file(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP8);
    for (unsigned i = 0; i < 50; i++) {
        if (i == 25) {
            s.h.seq = 65536 + 5;
            s.h.timestamp = 12345;
            s.h.flags |= REC_BEGINS;
            s.width = 320; /* and it is smaller */
        }
        picture(&s, i == 0 || i == 25, (uint8_t)i);
        pass(w, STEP);
    }
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(w->disk.n, 1);
    assert_int_equal(f->n, 50);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(f->blocks[i].ms, 40 * i);
    end(w);
}

/* ---- Layers ---- */

static void the_largest_layer_that_flows_is_written(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source low = source(w, 1, SFU_CAMERA, CODEC_VP8), high = low;
    high.h.stream = 2;
    high.h.timestamp = 777;
    low.width = 320;
    for (unsigned i = 0; i < 300; i++) {
        if (i >= 50 && i < 150)
            picture(&high, i == 60, 2); /* its first pictures need one that isn't there */
        picture(&low, i == 0 || i == 200, 1);
        pass(w, STEP);
    }
    const struct mkv_file *f = finished(w, 0);
    unsigned large = 0, small = 0;
    for (unsigned i = 0; i < f->n; i++)
        *(f->blocks[i].p[f->blocks[i].n - 1] == 2 ? &large : &small) += 1;
    assert_int_equal(large, 90);
    assert_int_equal(small, 60 + 100); /* from the key frame after the large one had stopped */
    assert_int_equal(f->blocks[60].ms, 2400);
    assert_true(w->disk.keys_wanted > 0);
    end(w);
}

static void each_track_and_codec_has_a_file(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source a = source(w, 1, SFU_SCREEN, CODEC_VP8), b = source(w, 2, SFU_SOUND, CODEC_PCMU);
    uint8_t g711[160] = {0xFF};
    struct buf text;
    recording_name(w->r, 7, STR("Mina \"M\" Kim"));
    for (unsigned i = 0; i < 10; i++) {
        picture(&a, i == 0, 0);
        put(&b, g711, sizeof g711, false);
        b.h.timestamp += 160;
        pass(w, 20 * MS);
    }
    a.h.flags = REC_TRACK_END;
    recording_packet(w->r, &a.h, NULL);
    a.h.flags = 0;
    picture(&a, true, 0); /* it was taken up again */
    b.h.codec = CODEC_PCMA;
    put(&b, g711, sizeof g711, false);
    recording_end(w->r, w->now, REC_QUOTA);
    assert_int_equal(w->disk.n, 4);
    assert_string_equal(w->disk.files[1].name, "0002-sound.mkv");
    assert_string_equal(look(w, 1)->codec, "A_MS/ACM");
    assert_string_equal(look(w, 1)->doc_type, "matroska");
    assert_int_equal(look(w, 1)->n, 10);
    assert_int_equal(look(w, 0)->n, 10);
    assert_int_equal(look(w, 2)->n, 1);
    buf_init(&text, 1 << 16);
    recording_manifest(w->r, &text, w->now);
    assert_non_null(
        strstr(buf_cstr(&text), "\"name\": \"Mina \\\"M\\\" Kim\", \"kind\": \"screen\""));
    assert_non_null(strstr(buf_cstr(&text), "\"ended\": \"quota\""));
    assert_false(recording_changed(w->r));
    buf_free(&text);
    end(w);
}

static void without_a_file_nothing_is_written(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source a = source(w, 1, SFU_MIC, CODEC_OPUS), b = source(w, 2, SFU_MIC, CODEC_OPUS);
    w->disk.most = 1;
    for (unsigned i = 0; i < 10; i++) {
        sound(&a);
        sound(&b);
        pass(w, 20 * MS);
    }
    assert_int_equal(finished(w, 0)->n, 10);
    assert_int_equal(w->disk.n, 1);
    end(w);
}

/* ---- Codecs ---- */

static const uint8_t sps[] = {0x67, 0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40, 0x50, 0x05,
                              0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
                              0x00, 0x03, 0x03, 0x20, 0xF1, 0x83, 0x19, 0x60}; /* 1280x720, high */
static const uint8_t small_sps[] = {0x67, 0x42, 0xC0, 0x0D, 0xD9, 0x01, 0x51, 0x9E, 0x22,
                                    0x6C, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00,
                                    0x00, 0x0C, 0x83, 0xC5, 0x0A, 0x92}; /* 322x182, cropped */
static const uint8_t pps[] = {0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0};

static void put_h264_key(struct source *s, const uint8_t *set, size_t n)
{
    uint8_t p[200] = {0x78, 0, (uint8_t)n}; /* STAP-A */
    memcpy(p + 3, set, n);
    p[3 + n] = 0;
    p[4 + n] = sizeof pps;
    memcpy(p + 5 + n, pps, sizeof pps);
    put(s, p, 5 + n + sizeof pps, false);
    put(s, (const uint8_t[]){0x7C, 0x85, 1, 2, 3}, 5, false); /* FU-A: an IDR in three pieces */
    put(s, (const uint8_t[]){0x7C, 0x05, 4, 5}, 4, false);
    put(s, (const uint8_t[]){0x7C, 0x45, 6}, 3, true);
    s->h.timestamp += 3600;
}

static void h264_becomes_units_with_lengths(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_H264);
    put(&s, (const uint8_t[]){0x65, 9, 9}, 3, true); /* a key frame without its sets */
    s.h.timestamp += 3600;
    put_h264_key(&s, sps, sizeof sps);
    put(&s, (const uint8_t[]){0x41, 7, 8}, 3, true);
    s.h.timestamp += 3600;
    put(&s, (const uint8_t[]){0x7C, 0x05, 4, 5}, 4, true); /* it has no beginning */
    const struct mkv_file *f = finished(w, 0);
    static const uint8_t idr[] = {0, 0, 0, 7, 0x65, 1, 2, 3, 4, 5, 6},
                         slice[] = {0, 0, 0, 3, 0x41, 7, 8};
    assert_string_equal(f->codec, "V_MPEG4/ISO/AVC");
    assert_int_equal(f->width, 1280);
    assert_int_equal(f->height, 720);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->blocks[0].n, 4 + sizeof sps + 4 + sizeof pps + sizeof idr);
    assert_memory_equal(f->blocks[0].p + 4, sps, sizeof sps);
    assert_memory_equal(f->blocks[0].p + f->blocks[0].n - sizeof idr, idr, sizeof idr);
    assert_int_equal(f->blocks[1].n, sizeof slice);
    assert_memory_equal(f->blocks[1].p, slice, sizeof slice);
    assert_int_equal(f->setup.n, 6 + 2 + sizeof sps + 1 + 2 + sizeof pps);
    static const uint8_t avcc[] = {1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, sizeof sps};
    assert_memory_equal(f->setup.p, avcc, sizeof avcc);
    end(w);
}

static void h264_says_how_large_it_is_cropped(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_H264);
    put_h264_key(&s, small_sps, sizeof small_sps);
    assert_int_equal(finished(w, 0)->width, 322);
    assert_int_equal(w->file.height, 182);
    end(w);
}

static void av1_becomes_sized_obus(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_AV1);
    /* N, two elements: a sequence header without a size (640x362), and the beginning of a frame. */
    static const uint8_t first[] = {0x68, 12,   0x08, 0,    0,    0,    0x0C, 0xC4, 0xFF,
                                    0x69, 0x36, 0xBE, 0x40, 0x10, 0x30, 1,    2};
    static const uint8_t second[] = {0x90, 3, 4}; /* its end */
    static const uint8_t third[] = {0x00, 2,    0x12, 0,
                                    3,    0x32, 1,    5}; /* a delimiter, a frame with a size */
    static const uint8_t key[] = {0x0A, 11,   0,    0,    0, 0x0C, 0xC4, 0xFF, 0x69, 0x36,
                                  0xBE, 0x40, 0x10, 0x32, 4, 1,    2,    3,    4};
    put(&s, first, sizeof first, false);
    put(&s, second, sizeof second, true);
    s.h.timestamp += 3600;
    put(&s, third, sizeof third, true);
    const struct mkv_file *f = finished(w, 0);
    assert_string_equal(f->codec, "V_AV1");
    assert_int_equal(f->width, 640);
    assert_int_equal(f->height, 362);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->blocks[0].n, sizeof key);
    assert_memory_equal(f->blocks[0].p, key, sizeof key);
    assert_int_equal(f->blocks[1].n, 3);
    assert_memory_equal(f->blocks[1].p, third + 5, 3);
    assert_int_equal(f->setup.n, 4 + 13);
    assert_memory_equal(f->setup.p, "\x81\x01\x0c\x00", 4);
    end(w);
}

static void vp9_layers_become_one_superframe(void **state)
{
    (void)state;
    struct world *w = begin();
    struct source s = source(w, 1, SFU_CAMERA, CODEC_VP9);
    /* B and E, the head of a key frame of 642x362; then a layer above it. */
    static const uint8_t base[] = {0x2C, 0x00, 0,    0x82, 0x49, 0x83, 0x42,
                                   0x00, 0x28, 0x10, 0x16, 0x96, 0x38};
    static const uint8_t upper[] = {0x2C, 0x03, 0, 0xAA, 0xBB};
    static const uint8_t index[] = {0xD9, 10, 0, 0, 0, 2, 0, 0, 0, 0xD9};
    put(&s, base, sizeof base, false);
    put(&s, upper, sizeof upper, true);
    s.h.timestamp += 3600;
    put(&s, (const uint8_t[]){0x6C, 0x00, 0, 0x86}, 4, true);
    const struct mkv_file *f = finished(w, 0);
    assert_int_equal(f->width, 642);
    assert_int_equal(f->height, 362);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->blocks[0].n, 12 + sizeof index);
    assert_memory_equal(f->blocks[0].p + 12, index, sizeof index);
    assert_int_equal(f->blocks[1].n, 1);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_whole_when_it_ends_and_plays_before),
        cmocka_unit_test(a_file_cut_anywhere_has_every_whole_frame_before),
        cmocka_unit_test(packets_may_overtake_each_other_and_numbers_wrap),
        cmocka_unit_test(a_damaged_picture_is_left_out_up_to_the_next_key),
        cmocka_unit_test(what_comes_late_but_in_time_is_no_loss),
        cmocka_unit_test(padding_leaves_no_gap),
        cmocka_unit_test(silence_is_a_gap_in_time_and_noted),
        cmocka_unit_test(reports_keep_sound_and_picture_together),
        cmocka_unit_test(a_stream_that_begins_anew_goes_on_in_the_file),
        cmocka_unit_test(the_largest_layer_that_flows_is_written),
        cmocka_unit_test(each_track_and_codec_has_a_file),
        cmocka_unit_test(without_a_file_nothing_is_written),
        cmocka_unit_test(h264_becomes_units_with_lengths),
        cmocka_unit_test(h264_says_how_large_it_is_cropped),
        cmocka_unit_test(av1_becomes_sized_obus),
        cmocka_unit_test(vp9_layers_become_one_superframe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
