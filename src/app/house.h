/*
 * Puts the house up: checks, opens and starts everything in an order in which nothing is half started
 * when something is wrong, runs it until it is told to stop, and takes it down. Knows no
 * configuration file: app/settings.c makes a house_conf of one.
 */
#ifndef MADANG_APP_HOUSE_H
#define MADANG_APP_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/cert_keeper.h"
#include "app/control.h"
#include "app/turn_banner.h"
#include "app/worker.h"
#include "io/listen.h"

struct house_conf {
    struct control_conf
        control; /* listen, certs, rec and the exchange's seed and keys are filled here */
    struct cert_keeper_conf certs;
    struct listen_conf listen;
    struct worker_conf worker; /* index, sockets, rec, control are filled here */
    const char *record;        /* FILE, or NULL */
    uint64_t record_size;
    uint64_t recordings_quota; /* bytes of all recordings of groups */
    unsigned fd_reserve;       /* descriptors that are not connections */
    bool quiet;                /* print no addresses */
    bool turn_only;            /* madang turn: no page */
    unsigned max_relays;       /* relay sockets at once, of all workers */
    bool need_relays;          /* somebody has asked for so many: fewer is an error */
    const struct addr *public_ip;
    struct turn_banner banner; /* of madang turn; ports are filled here */
};

/* The process's exit status: 0, or 1 after one clear sentence on stderr. */
int house_run(const struct house_conf *conf);

#endif
