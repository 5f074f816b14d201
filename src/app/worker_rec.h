/*
 * What a worker does for recordings of its rooms: copies packets into letters, which leave for the recording
 * thread when they are full or old. It never waits: a letter that finds the thread's mailbox full is dropped,
 * and counted in the next one.
 */
#ifndef MADANG_APP_WORKER_REC_H
#define MADANG_APP_WORKER_REC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct rec_thread;
struct sfu_core;
struct worker;
struct worker_rec;

struct worker_rec *worker_rec_open(struct worker *w, struct sfu_core *core,
                                   struct rec_thread *thread);
/* Ends its recordings. */
void worker_rec_close(struct worker_rec *r);

/* MEDIA_SFU_RECORD: from now on, as recording `id` into the folder "ROOM/ID"; one of a room at a time. */
void worker_rec_begin(struct worker_rec *r, uint64_t room, uint64_t id, struct str folder);
void worker_rec_end(struct worker_rec *r, uint64_t room);
/* A track of a room is no more. */
void worker_rec_track_gone(struct worker_rec *r, uint64_t room, uint64_t track);

#endif
