/*
 * The SFU of a worker among its sockets: what it wants sent, the DTLS handshakes of its peers, letters, and
 * when it wants to be woken. The rest of the worker knows it by these functions only.
 */
#ifndef MADANG_APP_WORKER_SFU_H
#define MADANG_APP_WORKER_SFU_H

#include "base/tuple.h"
#include "msg/media_msg.h"

struct buf;
struct sfu_stats;
struct udp_train;
struct worker;
struct sfu_room_stats;
struct worker_sfu;

/* NULL with a sentence in why. */
struct worker_sfu *worker_sfu_open(struct worker *w, char *why, size_t why_n);
void worker_sfu_close(struct worker_sfu *f);

/* A STUN message of one of its peers? Then it has been answered, or it is silence. */
bool worker_sfu_stun(struct worker_sfu *f, const struct tuple *from, const uint8_t *p, size_t n);
/* When that which follows came, by the kernel's stamp: sfu_came(). 0: now. */
void worker_sfu_came(struct worker_sfu *f, int64_t came_us);
/* Datagrams by a path of a peer: a train, none of it STUN. false: it is nobody's. */
bool worker_sfu_input(struct worker_sfu *f, const struct tuple *from, uint8_t *p, size_t len,
                      size_t seg);
/* Is this a path of a peer? */
bool worker_sfu_knows(const struct worker_sfu *f, const struct tuple *at);
/* The connection of a path is gone. */
void worker_sfu_hangup(struct worker_sfu *f, const struct tuple *at);
/* MEDIA_SFU_*; it stays the caller's. */
void worker_sfu_letter(struct worker_sfu *f, const struct letter *l);
/* The end of a round: everything that was queued has left. */
void worker_sfu_round(struct worker_sfu *f, int64_t now_us);
/* A JSON array of its rooms. */
void worker_sfu_dump(const struct worker_sfu *f, struct buf *out, unsigned max);
/* Any thread: what was counted some milliseconds ago, added to *sum. */
void worker_sfu_add_stats(const struct worker_sfu *f, struct sfu_stats *sum);
/* Any thread: of single rooms, as worker_sfu_rooms(). */
unsigned worker_sfu_copy_rooms(const struct worker_sfu *f, struct sfu_room_stats *out,
                               unsigned max);

#endif
