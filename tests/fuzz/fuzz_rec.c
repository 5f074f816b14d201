/* Any packets in any order to a recording: its files are read back strictly, whatever was in them. */
#include <stdint.h>
#include <stdlib.h>

#include "../unit/rec_world.h"
#include "media/sfu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACKS = 4, MS = 1000 };

/* What a packet costs at least: small inputs are to do much. */
struct step {
    uint8_t what, n;
    int8_t seq;
    uint8_t time;
};

static void packet(struct recording *r, struct rec_head *h, const struct step *s, int64_t now,
                   const uint8_t *p, size_t n)
{
    h->at_us = now;
    h->n = (uint16_t)n;
    h->stream = s->what >> 2 & 1;
    h->flags = s->what >> 3 & (REC_MARKER | REC_BEGINS | REC_HAS_SKEW);
    if (s->what == 0xFF)
        h->flags = REC_TRACK_END;
    if (s->time & 0x80) {
        h->timestamp += (uint32_t)s->time << (s->time & 31);
        h->sr_ntp = (uint64_t)s->time << 56 | (uint64_t)now;
        h->sr_timestamp = h->timestamp + s->n;
    }
    h->timestamp += s->time;
    recording_packet(r, h, p);
    h->seq += s->seq == 127 ? 100000 : s->seq;
}

/* Finished files are read to their end, and say what was counted. */
static void check(struct rec_world *w, bool finished)
{
    if (w->wrong != NULL)
        abort();
    for (int i = 0; i < w->n; i++) {
        struct mkv_file f = mkv_read(w->files[i].p, w->files[i].n);
        if (f.wrong != NULL || (finished && (f.cut || !w->files[i].closed || f.n == 0)))
            abort();
        free(f.blocks);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rec_world w = {0};
    struct rec_files files = rec_world_files(&w);
    struct recording_conf conf = {.wall_us = INT64_C(1795000000000000), .mono_us = 1000};
    struct recording *r = recording_new(&conf, &files);
    struct rec_head h[TRACKS] = {{0}};
    int64_t now = conf.mono_us;
    struct buf text;
    for (unsigned i = 0; i < TRACKS; i++) {
        uint8_t codec = i < size ? data[i] % CODECS : CODEC_VP8;
        h[i] = (struct rec_head){
            .track = i, .peer = i / 2, .kind = (uint8_t)i, .codec = codec, .seq = 65536};
    }
    for (size_t at = TRACKS; at + sizeof(struct step) <= size;) {
        struct step s = {data[at], data[at + 1], (int8_t)data[at + 2], data[at + 3]};
        at += sizeof s;
        size_t n = MIN_OF((size_t)s.n, size - at);
        now += (int64_t)(s.time & 0x7F) * MS;
        packet(r, &h[s.what % TRACKS], &s, now, data + at, n);
        at += n;
        if (s.n == 0)
            recording_tick(r, now += 500 * MS);
    }
    check(&w, false);
    recording_end(r, now, REC_STOPPED);
    check(&w, true);
    buf_init(&text, 1 << 20);
    recording_manifest(r, &text, now);
    if (text.failed)
        abort();
    buf_free(&text);
    recording_free(r);
    rec_world_free(&w);
    return 0;
}
