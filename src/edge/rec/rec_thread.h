/*
 * The recording thread: takes letters of msg/rec_msg.h, makes files of them (media/recording.h) and writes these
 * (edge/rec/rec_disk.h). Nobody waits for it: a letter that finds its mailbox full stays the poster's.
 */
#ifndef MADANG_EDGE_REC_REC_THREAD_H
#define MADANG_EDGE_REC_REC_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "edge/rec/rec_disk.h"
#include "msg/rec_msg.h"

struct rec_thread;

struct rec_options {
    struct rec_disk_conf disk;
    unsigned queue;      /* letters that may wait; 0 = 512, which is 32 MB of packets */
    unsigned max;        /* recordings at once; 0 = 64 */
    uint32_t state_kind; /* letter.kind of struct rec_state */
    /* On the recording thread: takes the letter (true), or not (false), then it is dropped; states that say
     * nothing new come again anyway, the end of a recording is offered until it is taken. */
    bool (*deliver)(void *ctx, struct rec_state *state);
    /* On the recording thread: the publisher of a stream is to send a key frame. */
    void (*want_key)(void *ctx, unsigned worker, uint64_t track, unsigned stream);
    void *ctx;
};

/* NULL with a sentence in err. */
struct rec_thread *rec_thread_start(const struct rec_options *o, char *err, size_t errlen);
/* Any thread. false: the mailbox is full, the letter is still the caller's. */
bool rec_thread_post(struct rec_thread *t, struct letter *l);
/* Letters for it; freed by letter_drop(). */
struct rec_order_letter *rec_order_letter_new(enum rec_letter_kind kind, uint64_t recording,
                                              struct str text);
/* With room for REC_BATCH_BYTES. */
struct rec_batch *rec_batch_new(uint64_t recording);

struct rec_thread_stats {
    uint64_t bytes;     /* of all recordings, also of those that are over */
    unsigned recording; /* now */
    uint64_t refused;   /* letters that found the mailbox full */
};
/* Any thread. */
void rec_thread_stats(const struct rec_thread *t, struct rec_thread_stats *out);
/* Ends what is recorded (REC_SHUTDOWN) and the thread. NULL is fine. */
void rec_thread_stop(struct rec_thread *t);

#endif
