/* Recordings: every input of a core, and hashes of what it gave out, in a ring file of fixed size.
 * `madang replay FILE` feeds the inputs to the same core again and says which record's output
 * differs. One writer belongs to one thread; threads write files of their own.
 *
 * The file is memory of the process (a shared mapping, space reserved when it is opened): writing
 * is a copy, never a system call, and a process that is killed leaves all that it recorded.
 *
 * A replay starts at a checkpoint: the core is new or empty, and the record's bytes (its seed, its
 * settings) make it. The ring overwrites its oldest block. Would that take the newest checkpoint of
 * a core that is being recorded, the core is paused instead: nothing more of it is written until
 * its next checkpoint (what came before stays replayable as long as no other core needs the room).
 * A reader gives only what can be replayed: for each core, nothing before its first checkpoint.
 *
 *   writer, in a loop round:                       replay:
 *     rec_put(r, REC_INPUT + letter, core, ...)      rec_next(rd, &rc)
 *     outputs -> rec_hash_add(&h, ...)               feed rc, outputs -> rec_hash_add(&h, ...)
 *     rec_put_hash(r, core, now, &h)                 at REC_OUTPUT: rec_expect(&rc, &h, why, ...)  */
#ifndef MADANG_BASE_REC_H
#define MADANG_BASE_REC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum {
    REC_CHECKPOINT = 1, /* the core starts here; the bytes are its seed and settings */
    REC_OUTPUT = 2,     /* the hash of what the core gave out for the inputs before */
    REC_PAUSE = 3,      /* the core's recording stops here, until its next checkpoint */
    REC_NOTE = 4,       /* text for people; never compared */
    REC_INPUT = 16      /* from here on the kinds are the core's own letters */
};

enum {
    REC_CORES = 64,             /* core ids are 0 .. 63 */
    REC_DATA_MAX = 192 * 1024,  /* bytes of one record */
    REC_SIZE_MIN = 1024 * 1024, /* of a file */
    REC_BLOCK = 256 * 1024      /* what is overwritten at once */
};

struct rec;

/* Makes FILE (0600, never through a symlink), reserves `size` bytes, rounded down to blocks. A
 * recording that is there already moves to FILE.1, since it may tell why the last run ended.
 * ERR_EXISTS: FILE is something else; ERR_RANGE: size too small; ERR_IO: errno tells. On ERR_OK
 * *out is to be closed. */
enum err rec_open(struct rec **out, const char *file, uint64_t size);
/* NULL is fine. The file stays. */
void rec_close(struct rec *r);

/* A checkpoint; also ends a pause. The first record of a core must be one: what comes before is
 * dropped. r = NULL is fine in all of these and does nothing, so that callers need no `if`. */
void rec_checkpoint(struct rec *r, uint16_t core, int64_t time, const void *p, size_t n);
/* One input or note. rec_put2 writes two pieces one after the other as one record. */
void rec_put(struct rec *r, uint16_t kind, uint16_t core, int64_t time, const void *p, size_t n);
void rec_put2(struct rec *r, uint16_t kind, uint16_t core, int64_t time, const void *p, size_t n,
              const void *q, size_t m);

/* Whether inputs of that core are being written; false for r = NULL. For callers whose records cost
 * something to make. */
bool rec_on(const struct rec *r, uint16_t core);
/* The core has ended: its checkpoint no longer holds the ring back. */
void rec_core_end(struct rec *r, uint16_t core);
/* Records not written because the core was paused, had no checkpoint, or the record was too big
 * (this also pauses the core). For COUNT_DROP_RECORD_PAUSED. */
uint64_t rec_dropped(const struct rec *r);

/* What a core gave out since its last REC_OUTPUT. All zeros is the start. */
struct rec_hash {
    uint64_t v;
    uint32_t n; /* outputs */
};

/* Adds one output: what it is (any number, such as the effect's kind) and its bytes. */
void rec_hash_add(struct rec_hash *h, uint64_t what, const void *p, size_t n);
/* Writes the hash as REC_OUTPUT and starts it anew. No outputs, no record. */
void rec_put_hash(struct rec *r, uint16_t core, int64_t time, struct rec_hash *h);

/* A record that was read; data is borrowed until rec_reader_close. */
struct rec_record {
    uint64_t number; /* from 0 for the first one ever written to this file */
    int64_t time;
    uint16_t kind;
    uint16_t core;
    struct str data;
};

struct rec_reader;

/* Reads the file, which may be of a process that is still running or was killed. ERR_NOT_FOUND,
 * ERR_IO (errno), ERR_SYNTAX: no recording, or of a version that isn't known. */
enum err rec_reader_open(struct rec_reader **out, const char *file);
void rec_reader_close(struct rec_reader *r);
/* The next record that can be replayed, in the order written. ERR_EOF at the end. */
enum err rec_next(struct rec_reader *r, struct rec_record *out);
/* Records passed over because their core's checkpoint is gone. */
uint64_t rec_reader_skipped(const struct rec_reader *r);

/* At a REC_OUTPUT of a replay: is this what came out now? Starts the hash anew. On false `why` says
 * "record 123 (core 1): output differs: ...". */
bool rec_expect(const struct rec_record *rec, struct rec_hash *got, char *why, size_t why_n);
/* At any record but REC_OUTPUT: outputs that the recording knows nothing of? False and `why` then.
 * (Outputs without a record between them are one hash.) */
bool rec_expect_none(const struct rec_record *rec, struct rec_hash *got, char *why, size_t why_n);

#endif
