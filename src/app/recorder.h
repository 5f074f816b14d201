/*
 * The recording thread among the others: what it tells goes to control's mailbox as MEDIA_REC_STATE (struct
 * rec_state, msg/rec_msg.h), the key frames that it wants to workers as MEDIA_SFU_KEY. Workers get the thread with
 * their configuration; control gives names with recorder_name().
 */
#ifndef MADANG_APP_RECORDER_H
#define MADANG_APP_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct mailbox;
struct recorder;
struct rec_thread;
struct worker;

struct recorder_conf {
    const char *data_dir; /* recordings lie in its folder "recordings" */
    uint64_t quota;       /* bytes of all */
    struct mailbox *control;
};

/* NULL with a sentence in err. */
struct recorder *recorder_open(const struct recorder_conf *conf, char *err, size_t errlen);
struct rec_thread *recorder_thread(const struct recorder *r);
/* A worker has started. */
void recorder_worker(struct recorder *r, unsigned index, struct worker *w);
/* Workers are going: nobody is asked for key frames any more. Before the first of them stops. */
void recorder_alone(struct recorder *r);
/* Any thread: what the manifest calls somebody. false: the thread has too much to do. */
bool recorder_name(struct recorder *r, uint64_t recording, uint64_t peer, struct str name);
/* After the workers, before control's mailbox. Finishes what is recorded; NULL is fine. */
void recorder_close(struct recorder *r);

#endif
