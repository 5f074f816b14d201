/* SIGUSR1: every session, room, connection and queue as one JSON object, for whoever has to find out
 * what a running server is doing. No secrets: no tokens, passwords, message texts. */
#ifndef MADANG_APP_DUMP_H
#define MADANG_APP_DUMP_H

#include <stdint.h>

#include "app/exchange.h"
#include "base/buf.h"

/* Appends the object. b->failed afterwards: it did not fit under the buffer's cap. */
void dump_write(struct buf *b, int64_t now_us, struct exchange *x);

/* Writes the text to DIR/dump-STAMP.json (0600) on a thread of its own, and logs where it is: control
 * does no file I/O. Takes the buffer's content over. */
void dump_save(const char *dir, int64_t wall_ms, struct buf *b);

#endif
