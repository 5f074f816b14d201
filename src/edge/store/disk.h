/*
 * Files beside the database: pictures of people, files of messages, uploads. One thread does all of it, so that
 * a slow disk delays nobody else; requests wait in a bounded queue, and a full queue is an answer at once. All
 * files lie under one directory, two levels deep, under names made of numbers (msg/disk_msg.h).
 */
#ifndef MADANG_EDGE_STORE_DISK_H
#define MADANG_EDGE_STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/letter.h"
#include "msg/disk_msg.h"

/* ---- the work itself, on the caller's thread ---- */

struct disk;

struct disk_conf {
    const char *dir;    /* made if need be, with what is below it: 0700 */
    uint64_t bytes_max; /* of all files together; 0: as many as fit */
    const char *
        recordings; /* of rooms: a directory of its own, which is not counted; NULL: there are none */
};

/* Opens the directory, counts what lies there, and removes what was on its way or made for one download. NULL
 * with a sentence in err. */
struct disk *disk_open(const struct disk_conf *conf, char *err, size_t errlen);
void disk_close(struct disk *d);
/* into: DISK_PIECE_MAX bytes for what is read; answer->data lies there. */
void disk_do(struct disk *d, const struct disk_request *rq, uint8_t *into,
             struct disk_answer *answer);
/* Takes one file or recording away without opening all that: for tools that run beside a server (which goes on
 * counting a file's bytes until it is started again). dir: as in disk_conf, for recordings the folder above theirs.
 * What isn't there is gone, too. */
bool disk_remove(const char *dir, const struct disk_name *name);
/* Bytes of all files. Any thread. */
uint64_t disk_bytes(const struct disk *d);
uint64_t disk_bytes_max(const struct disk *d);

/* ---- the thread ---- */

struct disk_thread;

struct disk_letter {
    struct letter letter;
    struct disk_answer answer;
    uint8_t bytes[];
};

struct disk_options {
    unsigned queue;     /* requests that may wait; 0 = 256 */
    size_t queue_bytes; /* and their data; 0 = 16 MiB */
    uint32_t kind;      /* letter.kind of the answers */
    /* On the disk thread: takes the letter (true), for example by mailbox_post(), or not (false), then it is
     * offered again a little later until the thread is stopped. */
    bool (*deliver)(void *ctx, struct disk_letter *letter);
    void *ctx;
};

/* Takes d over, also when it fails (NULL with errno). */
struct disk_thread *disk_start(struct disk *d, const struct disk_options *options);
/* Queues a request; data is copied. Each accepted one gets exactly one letter, in the order of the calls. False:
 * the queue is full, there will be no letter. Any thread. */
bool disk_submit(struct disk_thread *t, const struct disk_request *rq);
struct disk_stats {
    uint64_t bytes; /* of all files */
    uint64_t bytes_max;
    unsigned waiting;
    uint64_t answers[DISK_STATUSES];
    uint64_t refused; /* requests that found the queue full */
};
/* Any thread. */
void disk_stats(struct disk_thread *t, struct disk_stats *out);
/* Does what waits (letters are not delivered any more), ends the thread and closes the disk. NULL is fine. */
void disk_stop(struct disk_thread *t);

#endif
