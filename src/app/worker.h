/*
 * A media worker: one thread with its own loop, its own UDP sockets on every family, its own STUN and
 * TURN servers. It answers Bindings and relays, over UDP and over TCP and TLS connections that the
 * doorman has handed on. Nothing is shared with other threads but its mailboxes and its counters.
 */
#ifndef MADANG_APP_WORKER_H
#define MADANG_APP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/turn_core.h"
#include "base/letter.h"
#include "media/sfu.h"
#include "proto/stun_server.h"

struct counts;
struct mailbox;
struct rec;
struct rec_thread;
struct stream;
struct stream_handover;
struct worker;
struct worker_team;

struct worker_conf {
    unsigned index;     /* 0 .. LISTEN_WORKERS_MAX - 1; part of names and ids */
    const int *udp_fds; /* its sockets, one for each listening address (-1: none); they stay the
                             * caller's, and open until worker_stop() has returned */
    unsigned nudp;
    unsigned max_streams;   /* 0 = 4096 */
    int64_t stream_idle_us; /* a stream without a whole message for so long is closed; 0 = 30 s */
    struct stun_server_conf stun;
    bool relays; /* TURN, too */
    struct turn_core_conf
        turn;                 /* server.seed is the caller's to fill, .worker and .workers are not;
                                 * what it points to is copied */
    struct worker_team *team; /* of all workers; NULL: it is the only one */
    bool groups;              /* an SFU, too */
    unsigned show_rooms;      /* of which the numbers can be seen one by one */
    struct sfu_conf sfu;      /* worker, seed, hash and fingerprint are not the caller's to fill */
    uint8_t dtls_cookie_key[32]; /* random, the same for all workers */
    unsigned max_relays;         /* relay sockets at once: each costs a descriptor; 0: none */
    struct rec_thread *recorder; /* records groups; NULL: nobody does. Outlives the worker */
    struct rec *rec;             /* recording, or NULL; the worker's alone until it has stopped */
    struct mailbox *control;     /* where MEDIA_DUMPED goes; may be NULL */
};

/* Where n workers reach each other, for what goes from a relay of one to a relay of another. Made
 * before the first of them starts, and freed after the last one has stopped. NULL with errno. */
struct worker_team *worker_team_new(unsigned n);
void worker_team_free(struct worker_team *t);

/* Makes the worker and everything it needs, then starts its thread, with all signals blocked. NULL
 * with a sentence in err. */
struct worker *worker_start(const struct worker_conf *conf, char *err, size_t errlen);

/* Any thread. What cannot be posted is closed and counted. */
void worker_give_stream(struct worker *w, struct stream_handover *h);
/* For doorman_taker(d, DOORMAN_STUN, ...): ctx is the worker; takes the stream off its loop. */
void worker_take(void *ctx, struct stream *s);
/* Any thread: a letter of msg/media_msg.h. false: its mailbox is full, the letter is still yours. */
bool worker_post(struct worker *w, struct letter *l);
/* The same, but it is read only when the worker next looks: before each TURN request, or at
 * worker_ring(). */
bool worker_put(struct worker *w, struct letter *l);
void worker_ring(struct worker *w);
/* Any thread: asks for a dump; MEDIA_DUMPED with the same cookie comes to conf.control. */
void worker_ask_dump(struct worker *w, uint64_t cookie);

/* Ends the thread and frees everything. Streams get at most drain_us to send what they have. */
void worker_stop(struct worker *w, int64_t drain_us);

/* Any thread: what its TURN server had counted some milliseconds ago, added to *sum. */
void worker_turn_stats(const struct worker *w, struct turn_stats *sum);
/* The same of its SFU; each member on its own. */
void worker_sfu_stats(const struct worker *w, struct sfu_stats *sum);
/* Of single rooms, about a second ago: at most conf.show_rooms. How many were written. */
unsigned worker_sfu_rooms(const struct worker *w, struct sfu_room_stats *out, unsigned max);
/* CPU time of its thread. */
uint64_t worker_cpu_us(const struct worker *w);
/* What its thread counts; may be read at any time until worker_stop(). */
const struct counts *worker_counts(const struct worker *w);

#endif
