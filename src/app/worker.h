/*
 * A media worker: one thread with its own loop, its own UDP sockets on every family, its own STUN
 * server. It answers Bindings over UDP, and over TCP and TLS connections that the doorman has
 * handed on. Nothing is shared with other threads but its mailbox and counters that may be read at
 * any time.
 */
#ifndef MADANG_APP_WORKER_H
#define MADANG_APP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/letter.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/udp.h"
#include "proto/stun_server.h"

struct counts;
struct worker;
struct mailbox;
struct rec;

struct worker_conf {
    unsigned index; /* 0.. ; part of names and ids */
    const int
        *udp_fds; /* its sockets, one for each listening address; borrowed until worker_free() */
    unsigned nudp;
    unsigned max_streams; /* 0 = 4096 */
    int64_t
        stream_idle_us; /* a stream that sends no whole message for so long is closed; 0 = 30 s */
    struct stun_server_conf stun;
    struct rec *rec;         /* recording, or NULL; the worker's alone */
    struct mailbox *control; /* where MEDIA_DUMPED and MEDIA_STOPPED go; may be NULL */
};

/* Makes the worker and everything it needs, then starts its thread. NULL with a sentence in err. */
struct worker *worker_start(const struct worker_conf *conf, char *err, size_t errlen);
struct mailbox *worker_mailbox(struct worker *w);

/* Hands a stream over; what can't be posted is closed and counted. Any thread. */
void worker_give_stream(struct worker *w, struct stream_handover *h);

/* Ends the thread (drains at most drain_us for streams that are writing) and frees everything. */
void worker_stop(struct worker *w, int64_t drain_us);

/* What its thread counts; may be read at any time. */
const struct counts *worker_counts(const struct worker *w);

#endif
