/*
 * Telling the service manager how things stand (sd_notify(3), by hand: the protocol is one datagram
 * to the socket named in NOTIFY_SOCKET). Without a manager nothing happens.
 */
#ifndef MADANG_APP_SDNOTIFY_H
#define MADANG_APP_SDNOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Everything is up: clients will be answered. `status` is a line for `systemctl status`, or NULL. */
bool sdnotify_ready(const char *status);

/* SIGHUP: begins reading again; sdnotify_ready() ends it. mono_us: CLOCK_MONOTONIC. */
bool sdnotify_reloading(int64_t mono_us);

bool sdnotify_stopping(void);

/* Any message, e.g. "WATCHDOG=1". False: there is no manager, or it could not be reached (errno). */
bool sdnotify_send(const char *message);

#endif
