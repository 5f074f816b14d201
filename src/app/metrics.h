/* The text of /metrics: what every part of the house has counted, in Prometheus's format. */
#ifndef MADANG_APP_METRICS_H
#define MADANG_APP_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/count.h"

struct disk_thread;
struct exchange;
struct recorder;
struct store;
struct worker;

struct metrics_sources {
    struct exchange *exchange;
    struct counts *counts;    /* control's own; its gauges are brought up to date here */
    struct store *store;      /* NULL: there is none */
    struct disk_thread *disk; /* likewise */
    struct recorder *recorder;
    unsigned passwords_waiting;
    unsigned connections;
    uint64_t rec_dropped;
    struct worker *const *workers;
    unsigned n_workers;
    bool relays;    /* they have TURN servers */
    bool groups;    /* and SFUs */
    unsigned rooms; /* of each worker's so many are told of one by one */
};

/* Control thread. */
void metrics_write(struct buf *out, const struct metrics_sources *src);

#endif
