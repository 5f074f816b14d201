/*
 * The control thread: its loop with the doorman, the exchange behind the tape, letters from the other
 * threads, signals and the end. Everything that can fail has been opened before (app/main.c).
 */
#ifndef MADANG_APP_CONTROL_H
#define MADANG_APP_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/exchange.h"
#include "app/relay_mail.h"
#include "app/relay_people.h"
#include "edge/push/push.h"
#include "edge/store/password.h"
#include "edge/store/store.h"
#include "io/doorman.h"

struct cert_keeper;
struct control;
struct listen_set;
struct rec;
struct recorder;
struct worker;

struct control_conf {
    struct exchange_conf exchange;
    struct doorman_conf doorman; /* census is control's */
    unsigned max_connections, max_per_addr;
    struct password_options password; /* deliver and ctx are control's */
    struct store_options store;       /* path and queue; the rest is control's */
    struct push_options push;         /* deliver, ctx and kind are control's */
    bool push_on;
    const char *files_dir; /* of pictures and files */
    uint64_t files_max;    /* bytes of them */
    int64_t slow_round_us;
    int64_t drain_us; /* after SIGTERM: how long clients have to go */
    int64_t retry_ms; /* and when they are told to come back */
    const char *data_dir;
    struct listen_set *listen;
    struct cert_keeper *certs;
    struct relay_own_conf own;
    bool relays;         /* TURN is on */
    bool groups;         /* workers have SFUs */
    unsigned show_rooms; /* of each worker, whose numbers are in the metrics one by one */
    bool turn_only;      /* no page: the drain waits for relays */
    struct rec *rec;     /* or NULL */
    /* SIGHUP: does what isn't control's own (log level), and reads who may relay; false: nothing
     * of that has changed, or it cannot be read. */
    bool (*reload)(void *ctx, struct relay_people *people);
    void *ctx;
};

/* Blocks the signals that control takes, for this thread and all that it starts: call it before any
 * other thread exists. conf and what it points to must outlive it. NULL with a sentence in err. */
struct control *control_new(const struct control_conf *conf, char *err, size_t errlen);
/* Where connections that speak STUN go, and whose numbers /metrics shows. Borrowed. */
void control_workers(struct control *c, struct worker *const *workers, unsigned n);
/* Whose numbers /metrics shows, and who hears names. Borrowed; NULL: nothing is recorded. */
void control_recorder(struct control *c, struct recorder *r);
struct mailbox *control_mailbox(struct control *c);
/* Listens, says that it is ready, and runs until SIGTERM or SIGINT and the drain after it. */
void control_run(struct control *c);
void control_free(struct control *c);

#endif
