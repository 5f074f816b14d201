/*
 * Writes a Matroska or WebM file (RFC 9559, EBML: RFC 8794) with one track, while it goes on. A core: bytes
 * to append and places to rewrite come out, through ops. Whatever a file is cut off at, what lies before
 * plays: sizes are unknown until something has ended, then they are written in their place; at the end come
 * the index (Cues), the duration and where everything lies (SeekHead), into room that was left for them.
 */
#ifndef MADANG_MEDIA_MKV_H
#define MADANG_MEDIA_MKV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/codec.h"

enum { MKV_CLUSTER_MS = 5000, MKV_CUES_MAX = 8192, MKV_FRAME_MAX = 8 << 20 };

struct mkv_track {
    enum codec codec;
    uint16_t width, height; /* of pictures */
    struct str setup;       /* CodecPrivate; for Opus and G.711 it is made here */
    const char *name;       /* of the track, UTF-8 */
    int64_t wall_us;        /* since 1970: what time 0 of the file is */
};

/* None may call the writer. What is given is borrowed for the call. */
struct mkv_ops {
    void *ctx;
    void (*append)(void *ctx, const void *p, size_t n);
    void (*rewrite)(void *ctx, uint64_t at, const void *p, size_t n); /* within what was appended */
};

struct mkv_cue {
    int64_t ms;
    uint64_t at; /* of its cluster, from the segment's first byte */
};

struct mkv {
    struct mkv_ops ops;
    bool video;
    uint64_t size;    /* appended so far */
    uint64_t segment; /* where its data begins */
    uint64_t info, tracks, duration_at;
    uint64_t cluster; /* where the open one begins; 0: none is open */
    int64_t cluster_ms, last_ms;
    struct mkv_cue *cues; /* owned */
    unsigned n_cues, cues_cap;
    int64_t cue_every_ms;
};

/* "webm" or "mkv": what files with this codec are. */
const char *mkv_ending(enum codec c);

/* Writes what lies before the frames. */
void mkv_begin(struct mkv *m, const struct mkv_ops *ops, const struct mkv_track *t);
/* One frame; ms since the file's time 0. Times that go back are taken as the last one; a frame of nothing or of
 * more than MKV_FRAME_MAX bytes is left out. */
void mkv_frame(struct mkv *m, int64_t ms, bool key, struct str frame);
/* The end: nothing may follow. */
void mkv_end(struct mkv *m, int64_t duration_ms);
/* Gives memory back, also without an end. */
void mkv_free(struct mkv *m);

#endif
