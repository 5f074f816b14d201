/*
 * The tape stands between the exchange and the world, and writes down everything that goes in: what
 * connections bring, letters, the time of each. A stream is wrapped in one of its own that forwards
 * and records, so nothing is recorded (or costs anything) while recording is off. After each input
 * comes the hash of what the exchange did with it. app/replay.c reads it back.
 */
#ifndef MADANG_APP_TAPE_H
#define MADANG_APP_TAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/exchange.h"
#include "base/rec.h"
#include "io/stream.h"

/* The exchange's core id in a recording; the workers have files, and ids, of their own
 * (app/stun_core.h). */
enum { TAPE_EXCHANGE = 0 };

/* Kinds of records of the exchange. Those marked * come within another input: what the world
 * answered to a call of the exchange. "conn" is a u32. All numbers are big endian. */
enum tape_kind {
    TAPE_OPEN = REC_INPUT, /* conn, u8 tls, peer, local (struct addr as bytes) */
    TAPE_DATA,             /* conn, bytes */
    TAPE_EOF,              /* conn */
    TAPE_WRITABLE,         /* conn */
    TAPE_DEADLINE,         /* conn */
    TAPE_CLOSED,           /* conn, u8 why */
    TAPE_WROTE,            /* * conn, u32 bytes taken; UINT32_MAX: closing */
    TAPE_TICK,             /* */
    TAPE_PASSWORD,         /* u64 job, u8 outcome, u8 weak, hash text */
    TAPE_JOB,              /* * u8 whether the password thread took it */
    TAPE_TEXT,             /* * bytes: CA certificate, health, metrics */
    TAPE_WALL,             /* u64 offset */
    TAPE_READY,            /* */
    TAPE_DRAIN,            /* u64 retry_ms */
    TAPE_CUT,              /* */
    TAPE_HSTS,             /* u8 */
    TAPE_DB_PART,          /* bytes of the rows of the answer that follows */
    TAPE_DB,               /* u64 number, u16 proc, u8 status, the last bytes of the rows */
    TAPE_DB_ASKED,         /* * u8 whether the store took it */
    TAPE_PUSHED,           /* u8 outcome, u16 status, u8 attempts, endpoint text */
    TAPE_DISK,             /* u64 number, u8 owner, u8 op, u8 status, u64 size, bytes read */
    TAPE_DISK_ASKED,       /* * u8 whether the disk thread took it */
    TAPE_GROUP,            /* tape_group_write() */
    TAPE_RECORDED          /* u64 recording, u64 bytes, u64 duration_us, u8 ended, u8 end */
};

struct tape;

/* Makes the exchange with recording around it. r == NULL: nothing is recorded, and the calls below
 * go straight to the exchange. conf is written into the checkpoint (it holds secrets: the file is
 * the operator's alone). */
struct tape *tape_new(struct rec *r, const struct exchange_conf *conf,
                      const struct exchange_ports *ports, int64_t now_us, int64_t wall_offset_us,
                      struct counts *counts);
void tape_free(struct tape *t);
struct exchange *tape_exchange(struct tape *t);

/* The inputs of app/exchange.h. */
void tape_take(void *ctx, struct stream *s); /* ctx is the tape */
void tape_tick(struct tape *t, int64_t now_us);
void tape_password(struct tape *t, int64_t now_us, const struct password_answer *answer);
void tape_db(struct tape *t, int64_t now_us, const struct db_answer *answer);
void tape_pushed(struct tape *t, int64_t now_us, const struct push_answer *answer);
void tape_disk(struct tape *t, int64_t now_us, const struct disk_answer *answer);
void tape_group(struct tape *t, int64_t now_us, const struct group_news *news);
void tape_recorded(struct tape *t, int64_t now_us, const struct rec_state *state);
void tape_wall(struct tape *t, int64_t now_us, int64_t wall_offset_us);
void tape_hsts(struct tape *t, int64_t now_us, bool on);
void tape_ready(struct tape *t, int64_t now_us);
void tape_drain(struct tape *t, int64_t now_us, int64_t retry_ms);
/* The end of the drain: closes every connection that is still there. */
void tape_cut(struct tape *t, int64_t now_us);
/* Now and then: when nobody is there and much has been recorded, the exchange is made anew with another
 * seed, and a checkpoint with it, so that the ring may forget what was before. */
void tape_idle(struct tape *t, int64_t now_us);

/* What a stream's calls add to the hash of outputs; the same in recording and replay. */
enum tape_output {
    TAPE_OUT_BYTES = 1,
    TAPE_OUT_PAUSE,
    TAPE_OUT_DEADLINE,
    TAPE_OUT_SHUTDOWN,
    TAPE_OUT_CLOSE,
    TAPE_OUT_JOB,
    TAPE_OUT_TAKEN,
    TAPE_OUT_RELAY,
    TAPE_OUT_DB,
    TAPE_OUT_PUSH,
    TAPE_OUT_DISK,
    TAPE_OUT_GROUP
};

void tape_hash_iov(struct rec_hash *h, uint32_t conn, const struct iovec *iov, int n,
                   ssize_t taken);
void tape_hash_job(struct rec_hash *h, const struct password_job *job);
void tape_hash_relay(struct rec_hash *h, const struct relay_scope *what);
void tape_hash_db(struct rec_hash *h, const struct db_request *request);
void tape_hash_push(struct rec_hash *h, const struct push_job *job);
void tape_hash_group(struct rec_hash *h, const struct group_order *order);
void tape_hash_disk(struct rec_hash *h, const struct disk_request *request);

/* News of groups as bytes. What is read points into them, but the people, which are the caller's to free. */
void tape_group_write(struct buf *b, const struct group_news *news);
bool tape_group_read(struct rd *r, struct group_news *news);

/* The checkpoint of the exchange: its settings and seed. What is read owns memory (tape_conf_free);
 * false: it is not of this version. */
void tape_conf_write(struct buf *b, const struct exchange_conf *conf, int64_t wall_offset_us);
bool tape_conf_read(struct rd *r, struct exchange_conf *conf, int64_t *wall_offset_us);
void tape_conf_free(struct exchange_conf *conf);

#endif
