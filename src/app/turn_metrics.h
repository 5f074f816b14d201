/* What TURN servers have counted, in Prometheus's format: madang_turn_*. */
#ifndef MADANG_APP_TURN_METRICS_H
#define MADANG_APP_TURN_METRICS_H

#include "base/buf.h"
#include "proto/turn_server.h"

void turn_metrics_write(struct buf *out, const struct turn_stats *s);

/* Adds every number of b to a. */
void turn_stats_add(struct turn_stats *a, const struct turn_stats *b);

#endif
