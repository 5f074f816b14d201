/*
 * A recording of one room: packets of its tracks go in, bytes of files come out, one file for each track, and a
 * manifest that says what they are and how they belong together (docs/architecture/recording.md). A core.
 */
#ifndef MADANG_MEDIA_RECORDING_H
#define MADANG_MEDIA_RECORDING_H

#include "base/buf.h"
#include "media/rec_track.h"

enum { RECORDING_TRACKS_MAX = 1000, RECORDING_PEERS_MAX = 1000, RECORDING_NAME = 128 };

struct recording;

struct recording_conf {
    uint64_t id, room;
    int64_t wall_us, mono_us; /* one moment by both clocks: its time 0 */
};

/* files is copied. */
struct recording *recording_new(const struct recording_conf *conf, const struct rec_files *files);
/* Without finishing anything. */
void recording_free(struct recording *r);
/* What the manifest calls them; the last one counts. */
void recording_name(struct recording *r, uint64_t peer, struct str name);
/* payload: h->n bytes. */
void recording_packet(struct recording *r, const struct rec_head *h, const uint8_t *payload);
/* Packets that nobody could take. */
void recording_dropped(struct recording *r, uint64_t packets);
/* A few times a second. */
void recording_tick(struct recording *r, int64_t now_us);
/* Finishes all files. */
void recording_end(struct recording *r, int64_t now_us, enum rec_end why);

struct recording_stats {
    uint64_t bytes, dropped, lost, left_out;
    unsigned tracks; /* with a file */
};
struct recording_stats recording_stats(const struct recording *r);
/* Has a track come or gone since the manifest was last written? */
bool recording_changed(const struct recording *r);
/* The manifest, as JSON. */
void recording_manifest(struct recording *r, struct buf *out, int64_t now_us);

#endif
