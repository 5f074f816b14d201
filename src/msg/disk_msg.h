/* Letters between the control thread and the disk thread, which does all file I/O that isn't the database's.
 * Each request gets exactly one answer, in the order of the requests. Slices are borrowed for the time of the
 * call: who queues a letter copies. */
#ifndef MADANG_MSG_DISK_MSG_H
#define MADANG_MSG_DISK_MSG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

/* A file is named by numbers that the server made: nothing that a client says becomes part of a path. */
enum disk_area {
    DISK_AVATAR, /* pictures of people */
    DISK_FILE,   /* what messages have with them */
    DISK_UPLOAD, /* what is on its way; nothing of it outlives the server */
    DISK_EXPORT, /* what somebody asked for of their own; likewise */
    DISK_RECORDING, /* of rooms: written by the recording thread; read and removed here when they are over */
    DISK_AREAS
};
struct disk_name {
    enum disk_area area;
    uint64_t id;
    uint64_t part; /* several files of one id: sizes of a picture, a thumbnail */
};

/* A picture of a user or a room: by its stamp, so that the row in the database decides which one it is, and one that
 * was being changed when the power went is still the one before. */
static inline struct disk_name disk_avatar(uint64_t id, int64_t stamp, uint32_t pixels)
{
    return (struct disk_name){DISK_AVATAR, id, (uint64_t)stamp << 10 | pixels};
}

/* A file of a recording, as the recording thread calls it (media/rec_track.c): "0001-camera.webm". Part 0 is the
 * manifest. */
enum { DISK_RECORDING_KINDS = 4, DISK_RECORDING_NAME = 24, DISK_RECORDING_FILES = 9999 };
#define DISK_RECORDING_ALL UINT64_MAX /* to remove: the whole recording */
static inline uint32_t disk_recording_part(unsigned number, unsigned kind, bool mkv)
{
    return number | kind << 16 | (uint32_t)mkv << 20;
}
static inline unsigned disk_recording_kind(uint64_t part)
{
    return part >> 16 & (DISK_RECORDING_KINDS - 1);
}
static inline bool disk_recording_is_mkv(uint64_t part)
{
    return part >> 20 & 1;
}
static inline const char *disk_recording_word(unsigned kind)
{
    static const char *const words[DISK_RECORDING_KINDS] = {"mic", "camera", "screen", "sound"};
    return words[kind];
}
static inline void disk_recording_file(uint64_t part, char name[DISK_RECORDING_NAME])
{
    if (part == 0)
        snprintf(name, DISK_RECORDING_NAME, "manifest.json");
    else
        snprintf(name, DISK_RECORDING_NAME, "%04u-%s.%s", (unsigned)(part & 0xffff),
                 disk_recording_word(disk_recording_kind(part)),
                 disk_recording_is_mkv(part) ? "mkv" : "webm");
}

enum disk_op {
    DISK_READ, /* n bytes from `at` on, or what there is; n = 0 asks for the size alone */
    DISK_WRITE, /* data at `at`, which must not be beyond the end; sync: and it is there after a loss of power */
    DISK_RENAME, /* to `to`, in place of what is there; kept over a loss of power */
    DISK_UNLINK, /* what isn't there is gone, too */
    DISK_OPS
};

enum { DISK_PIECE_MAX = 65536 }; /* bytes of one read or write */

enum disk_owner { DISK_OF_WEB, DISK_OF_DOMAIN };

struct disk_request {
    enum disk_op op;
    enum disk_owner owner;
    uint64_t number; /* the asker's, goes back */
    struct disk_name name;
    struct disk_name to;
    uint64_t at;
    uint32_t n;
    bool sync;
    bool there;    /* write: only into a file that is there; who was too late makes none */
    uint64_t room; /* write: FULL also when the file could not grow to this */
    struct str data;
};

enum disk_status {
    DISK_OK,
    DISK_MISSING, /* there is no such file */
    DISK_FULL,    /* the disk or the quota is full */
    DISK_BUSY,    /* too much waits: nothing was done */
    DISK_FAILED,  /* any other error: it is in the log */
    DISK_STATUSES
};

struct disk_answer {
    enum disk_op op;
    enum disk_owner owner;
    uint64_t number;
    enum disk_status status;
    uint64_t size;   /* of the file, after it was done */
    struct str data; /* read */
};

#endif
