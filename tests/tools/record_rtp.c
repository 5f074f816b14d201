/*
 * record_rtp DIR TRACK...: makes a recording of RTP that others have packed. A TRACK is
 * KIND,CODEC,OFFSET,LOSE,FILE: FILE has packets behind their lengths (RFC 4571), as GStreamer's rtpstreampay writes
 * them, OFFSET is the timestamp at time 0, and every LOSE-th packet is lost (0: none). Neighbours come in the wrong
 * order now and then. Sender reports come once a second; sound is under way for 20 ms, pictures for 80.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/util.h"
#include "media/recording.h"
#include "media/sfu.h"
#include "proto/rtcp.h"
#include "proto/rtp.h"

enum { FILES = 16, PACKETS = 200000, S = 1000000 };

static const char *const kinds[SFU_KINDS] = {"mic", "camera", "screen", "sound"};
static const char *const codecs[CODECS] = {"none", "opus", "pcmu", "pcma",
                                           "vp8",  "vp9",  "h264", "av1"};

struct packet {
    struct rec_head h;
    uint8_t *payload;
};

static struct packet *all;
static size_t n_all;
static const char *dir;
static FILE *files[FILES];

static int create(void *ctx, const char *name)
{
    char path[4096];
    (void)ctx;
    for (int i = 0; i < FILES; i++) {
        if (files[i] != NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, name);
        files[i] = fopen(path, "w+b");
        return files[i] != NULL ? i : REC_NO_FILE;
    }
    return REC_NO_FILE;
}

static void append(void *ctx, int file, const void *p, size_t n)
{
    (void)ctx;
    fseek(files[file], 0, SEEK_END);
    fwrite(p, 1, n, files[file]);
}

static void rewrite(void *ctx, int file, uint64_t at, const void *p, size_t n)
{
    (void)ctx;
    fseek(files[file], (long)at, SEEK_SET);
    fwrite(p, 1, n, files[file]);
}

static void close_file(void *ctx, int file)
{
    (void)ctx;
    fclose(files[file]);
    files[file] = NULL;
}

static void want_key(void *ctx, uint64_t track, unsigned stream)
{
    (void)ctx, (void)track, (void)stream;
}

static unsigned index_of(const char *const *names, unsigned n, struct str s)
{
    for (unsigned i = 0; i < n; i++) {
        if (str_eq(s, str_from(names[i])))
            return i;
    }
    fprintf(stderr, "record_rtp: what is %.*s?\n", (int)s.n, s.p);
    exit(1);
}

struct track {
    uint64_t id;
    unsigned kind;
    enum codec codec;
    uint32_t offset;
    unsigned lose;
    int64_t seq, time;
    unsigned count;
};

/* One packet as its sender made it, with the time at which it comes. */
static void take(struct track *t, const uint8_t *p, size_t n)
{
    struct rtp r;
    if (rtp_parse(&r, p, n) != RTP_OK || n_all == PACKETS)
        exit(1);
    t->seq = t->seq == 0 ? 65536 + r.seq : rtp_seq_unwrap(t->seq, r.seq);
    t->time = rtp_timestamp_unwrap(t->time, r.timestamp - t->offset);
    t->count++;
    if (t->lose > 0 && t->count % t->lose == 0)
        return;
    int64_t sent = t->time * S / codec_clock(t->codec);
    int64_t reported = sent - sent % S;
    struct packet *k = &all[n_all++];
    *k = (struct packet){
        .h = {.track = t->id,
              .peer = 1,
              .seq = t->seq,
              .at_us = sent + (codec_is_video(t->codec) ? 80000 : 20000) +
                       (t->count % 50 == 7 ? 15000 : 0),
              .sr_ntp = rtcp_ntp(reported + S),
              .sr_timestamp = (uint32_t)(reported * (int64_t)codec_clock(t->codec) / S) + t->offset,
              .timestamp = r.timestamp,
              .n = r.payload,
              .kind = (uint8_t)t->kind,
              .codec = (uint8_t)t->codec,
              .flags = (uint8_t)(REC_HAS_SKEW | (r.marker ? REC_MARKER : 0))},
        .payload = xmalloc(r.payload)};
    memcpy(k->payload, p + r.head, r.payload);
}

static void read_track(uint64_t id, const char *spec)
{
    struct str part[5] = {{NULL, 0}}, rest = str_from(spec);
    uint64_t offset, lose;
    uint8_t length[2], p[65536];
    for (unsigned i = 0; i < 4; i++)
        str_split_once(rest, ',', &part[i], &rest);
    if (!str_to_u64(part[2], UINT32_MAX, &offset) || !str_to_u64(part[3], 1000000, &lose))
        exit(2);
    struct track t = {.id = id,
                      .kind = index_of(kinds, SFU_KINDS, part[0]),
                      .codec = (enum codec)index_of(codecs, CODECS, part[1]),
                      .offset = (uint32_t)offset,
                      .lose = (unsigned)lose};
    FILE *f = fopen(rest.p, "rb");
    if (f == NULL) {
        fprintf(stderr, "record_rtp: %s: %s\n", rest.p, strerror(errno));
        exit(1);
    }
    while (fread(length, 1, 2, f) == 2) {
        size_t n = get_u16(length);
        if (fread(p, 1, n, f) != n)
            exit(1);
        take(&t, p, n);
    }
    fclose(f);
}

static int by_arrival(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    return (x->h.at_us > y->h.at_us) - (x->h.at_us < y->h.at_us);
}

/* The sender's clock is a second ahead of time 0, ours says 2026 then: the least delay that was seen is 20 ms. */
static void record(struct recording *r, int64_t wall)
{
    int64_t now = 0;
    qsort(all, n_all, sizeof *all, by_arrival);
    for (size_t i = 0; i < n_all; i++) {
        all[i].h.skew = rtcp_ntp(wall) + rec_us_ntp(20000) - rtcp_ntp(S);
        now = all[i].h.at_us;
        recording_packet(r, &all[i].h, all[i].payload);
        recording_tick(r, now);
        xfree(all[i].payload);
    }
    recording_end(r, now, REC_STOPPED);
}

int main(int argc, char **argv)
{
    const struct rec_files ops = {NULL, create, append, rewrite, close_file, want_key};
    const struct recording_conf conf = {.id = 1, .room = 2, .wall_us = 1795000000 * (int64_t)S};
    char path[4096];
    struct buf text;
    if (argc < 3)
        return 2;
    dir = argv[1];
    all = xcalloc(PACKETS, sizeof *all);
    for (int i = 2; i < argc; i++)
        read_track((uint64_t)i - 1, argv[i]);
    struct recording *r = recording_new(&conf, &ops);
    recording_name(r, 1, STR("Mina"));
    record(r, conf.wall_us);
    buf_init(&text, 1 << 20);
    recording_manifest(r, &text, 0);
    snprintf(path, sizeof path, "%s/manifest.json", dir);
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        return 1;
    fwrite(buf_data(&text), 1, buf_len(&text), f);
    fclose(f);
    buf_free(&text);
    recording_free(r);
    xfree(all);
    return 0;
}
