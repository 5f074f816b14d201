/*
 * The exchange is everything that the control thread decides with: web edge, hub, policy and the
 * store of messages in memory, joined. It sees connections as struct stream, time as numbers, and is
 * seeded once: the same inputs give the same outputs, byte for byte. app/control.c runs it on a
 * loop, app/replay.c feeds it from a recording, tests feed it by hand.
 *
 * Inputs: streams (exchange_take and what their user callbacks bring), exchange_tick, exchange_password,
 * exchange_db, exchange_pushed, exchange_group, exchange_recorded, exchange_wall, exchange_hsts, exchange_drain. Outputs: what is written to streams, and the ports below.
 */
#ifndef MADANG_APP_EXCHANGE_H
#define MADANG_APP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/count.h"
#include "base/crypto.h"
#include "base/str.h"
#include "domain/domain.h"
#include "edge/store/mem_store.h"
#include "edge/web/hub.h"
#include "edge/web/web.h"

struct exchange;
struct stream;

struct exchange_conf {
    struct web_conf web; /* hash is filled from the seed */
    struct outbox_limits outbox;
    struct domain_config domain;
    uint32_t frame_max;   /* longest message to a client */
    unsigned reorder_max; /* see hub_conf */
    int64_t reorder_wait_us;
    size_t history;       /* messages kept for each room */
    size_t history_bytes; /* and bytes for all rooms */
    uint8_t seed[RNG_SEED_SIZE];
};

struct exchange_ports {
    void *ctx;
    /* Hands a job to the password thread; false: its queue is full. Copies what it needs. */
    bool (*password)(void *ctx, const struct password_job *job);
    struct str (*ca_cert)(void *ctx);
    void (*health)(void *ctx, struct buf *json);
    void (*metrics)(void *ctx, struct buf *out);
    /* What relays may reach has changed; borrowed for the call. May be NULL without relays. */
    void (*relay)(void *ctx, const struct relay_scope *what);
    /* For the worker that has the group; borrowed for the call. NULL: there are no groups. */
    void (*group)(void *ctx, const struct group_order *order);
    /* Hands a request to the store; false: its queue is full, and the answer is DB_BUSY. Copies what it
     * needs. NULL: there is no database. */
    bool (*db)(void *ctx, const struct db_request *request);
    /* Hands a message to the push thread, or drops it when that has too many. Copies what it needs. NULL:
     * there is no push. */
    void (*push)(void *ctx, const struct push_job *job);
    /* The same to the disk thread, for exchange_disk. NULL: there are no files. */
    bool (*disk)(void *ctx, const struct disk_request *request);
};

/* conf is copied, but what it points to must outlive the exchange. wall_offset_us: what has to be
 * added to the monotonic time to get the wall clock. */
struct exchange *exchange_new(const struct exchange_conf *conf, const struct exchange_ports *ports,
                              int64_t wall_offset_us, struct counts *counts);
/* All streams must have been closed. */
void exchange_free(struct exchange *x);

/* A connection that speaks HTTP; ctx is the exchange: fits doorman_taker. */
void exchange_take(void *ctx, struct stream *s);
/* Does what is due; the next time is exchange_deadline() (INT64_MAX: never). */
void exchange_tick(struct exchange *x, int64_t now_us);
int64_t exchange_deadline(const struct exchange *x);
void exchange_password(struct exchange *x, int64_t now_us, const struct password_answer *answer);
void exchange_db(struct exchange *x, int64_t now_us, const struct db_answer *answer);
void exchange_pushed(struct exchange *x, int64_t now_us, const struct push_answer *answer);
void exchange_disk(struct exchange *x, int64_t now_us, const struct disk_answer *answer);
void exchange_group(struct exchange *x, int64_t now_us, const struct group_news *news);
void exchange_recorded(struct exchange *x, int64_t now_us, const struct rec_state *state);
/* The wall clock was set. */
void exchange_wall(struct exchange *x, int64_t wall_offset_us);
/* Another certificate is shown: whether browsers trust it (web_conf.hsts). */
void exchange_hsts(struct exchange *x, bool on);
void exchange_ready(struct exchange *x, int64_t now_us);
/* The server stops: everybody is told to come back after retry_ms. */
void exchange_drain(struct exchange *x, int64_t now_us, int64_t retry_ms);

/* For metrics and dumps; borrowed. */
struct web *exchange_web(struct exchange *x);
const struct hub *exchange_hub(const struct exchange *x);
const struct domain *exchange_domain(const struct exchange *x);
const struct mem_store *exchange_store(const struct exchange *x);

#endif
