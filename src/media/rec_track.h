/*
 * One published track on its way into a file (or several, one after the other, when its codec changes): its
 * streams are put in order and unpacked, one of them is written, times become those of the file. A core;
 * nobody but media/recording.c uses it.
 *
 * Times in a file are those of the sender's clock, from its first frame on: RTP timestamps, which sender
 * reports pull towards that clock by at most 1 ms each, so that an hour later sound and picture of one person still
 * belong together. What time 0 was on our clock is known from the reports, too; without any, from arrivals.
 */
#ifndef MADANG_MEDIA_REC_TRACK_H
#define MADANG_MEDIA_REC_TRACK_H

#include "base/list.h"
#include "media/mkv.h"
#include "media/rec_unpack.h"
#include "msg/rec_msg.h"

enum { REC_STREAMS_MAX = 4, REC_GAPS_MAX = 1000, REC_FILE_NAME = 40, REC_NO_FILE = -1 };

/* From timestamps of one stream to times in the file. */
struct rec_clock {
    uint32_t hz;
    bool begun;
    bool exact;          /* a sender report has said how it belongs to the sender's clock */
    int64_t first, last; /* timestamps, counted on over wraps */
    int64_t base_us;     /* time of `first` in the file; sender reports move it */
    uint64_t sr_ntp;     /* of the last report that was looked at */
};

struct rec_stream {
    struct rec_track *track;
    unsigned index;
    struct rec_order order;
    struct rec_unpack unpack;
    struct rec_clock clock;
    uint64_t sr_ntp;
    uint32_t sr_timestamp;
    int64_t asked_us; /* for a key frame */
    int64_t frame_us; /* when its last whole frame came */
    uint32_t area;    /* of its last key frame, pixels */
};

struct rec_gap {
    int64_t at_ms, ms;
};

/* Where files come from; none may call back. */
struct rec_files {
    void *ctx;
    int (*create)(void *ctx, const char *name); /* REC_NO_FILE: it can't; then nothing is written */
    void (*append)(void *ctx, int file, const void *p, size_t n);
    void (*rewrite)(void *ctx, int file, uint64_t at, const void *p, size_t n);
    void (*close)(void *ctx, int file);
    /* The publisher of that stream is to send a key frame. */
    void (*want_key)(void *ctx, uint64_t track, unsigned stream);
};

struct rec_track {
    struct list link;
    const struct rec_files *files;
    uint64_t id, peer;
    unsigned number, kind;
    enum codec codec;
    bool ended;                                  /* the file is finished, streams are gone */
    struct rec_stream *streams[REC_STREAMS_MAX]; /* owned; NULL: nothing came yet */
    int current;                                 /* the one that is written; -1: none */
    int file;                                    /* REC_NO_FILE: not begun */
    char name[REC_FILE_NAME];
    struct mkv mkv;
    int64_t wall_minus_mono_us;
    int64_t start_us;   /* when the first frame came, monotonic */
    uint64_t start_ntp; /* the sender's clock at time 0; if has_ntp */
    bool has_ntp;
    int64_t last_ms, step_ms; /* of the last frame, and between it and the one before */
    uint64_t frames, bytes, lost, left_out, late;
    uint16_t width, height; /* of the first frame */
    bool broken;            /* there is no file to be had */
    unsigned n_gaps, gaps_cap;
    struct rec_gap *gaps; /* owned */
};

/* number: in the file's name. */
struct rec_track *rec_track_new(const struct rec_files *files, const struct rec_head *h,
                                unsigned number, int64_t wall_minus_mono_us);
void rec_track_packet(struct rec_track *t, const struct rec_head *h, const uint8_t *payload);
void rec_track_tick(struct rec_track *t, int64_t now_us);
/* Writes what waits and finishes the file. */
void rec_track_end(struct rec_track *t);
void rec_track_free(struct rec_track *t);
static inline bool rec_track_has_file(const struct rec_track *t)
{
    return t->name[0] != '\0';
}

/* A difference of NTP times (32.32 seconds) in microseconds, and back. */
int64_t rec_ntp_us(uint64_t ntp);
uint64_t rec_us_ntp(int64_t us);

#endif
