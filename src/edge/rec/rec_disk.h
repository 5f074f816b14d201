/*
 * The folder of recordings: how many bytes lie there, how many may, and the files of one recording while it is
 * written. What is appended waits in memory until there is enough of it; written bytes are sent on their way to
 * the disk at once, and waited for (fsync) only at the end of a recording. Synchronous: for the recording thread.
 */
#ifndef MADANG_EDGE_REC_REC_DISK_H
#define MADANG_EDGE_REC_REC_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/rec_msg.h"

enum { REC_DISK_FILES = 256 /* open at a time, of one recording */ };

struct rec_disk;
struct rec_folder;

struct rec_disk_conf {
    const char *dir;  /* made if need be: 0700 */
    uint64_t quota;   /* bytes of all recordings; 0: as many as fit */
    uint64_t reserve; /* bytes that are left free on the disk */
};

/* NULL with a sentence in err. */
struct rec_disk *rec_disk_open(const struct rec_disk_conf *conf, char *err, size_t errlen);
void rec_disk_close(struct rec_disk *d);
/* Bytes of all recordings: what lay there when one last began, and what has come. Any thread. */
uint64_t rec_disk_bytes(const struct rec_disk *d);

/* A new folder for one recording, path "ROOM/ID". NULL: *why says why. */
struct rec_folder *rec_folder_open(struct rec_disk *d, struct str path, enum rec_end *why);
/* What is the matter: REC_ENDS means nothing. Once something is, nothing more is written. */
enum rec_end rec_folder_trouble(const struct rec_folder *f);

/* As struct rec_files (media/rec_track.h), ctx is the folder. */
int rec_folder_create(void *ctx, const char *name);
void rec_folder_append(void *ctx, int file, const void *p, size_t n);
void rec_folder_rewrite(void *ctx, int file, uint64_t at, const void *p, size_t n);
void rec_folder_close_file(void *ctx, int file);

/* A few times a second: writes what has waited, looks at the quota and at the disk. */
void rec_folder_flush(struct rec_folder *f);
/* Puts manifest.json in place of what was there. */
void rec_folder_manifest(struct rec_folder *f, struct str text);
/* All bytes are on the disk when it returns, if that is possible. */
void rec_folder_close(struct rec_folder *f);

#endif
