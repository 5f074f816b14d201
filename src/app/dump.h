/* SIGUSR1: every session, room, connection, queue and allocation as one JSON object, for whoever has to find out
 * what a running server is doing. No secrets: no tokens, passwords, message texts. */
#ifndef MADANG_APP_DUMP_H
#define MADANG_APP_DUMP_H

#include <stdint.h>

#include "app/exchange.h"
#include "base/buf.h"
#include "msg/media_msg.h"

struct store;

/* A dump under way: control's part is there at once, each worker's comes as a letter. All zeros at the
 * start. */
struct dump_job {
    struct buf text;
    unsigned waiting; /* for so many workers; 0: nothing is under way */
    unsigned taken;
    uint64_t number; /* the cookie of the letters */
};

/* store: NULL when there is none. */
void dump_begin(struct dump_job *j, int64_t now_us, struct exchange *x, struct store *store,
                unsigned workers);
/* A worker's part (the letter stays the caller's); true: it was the last. */
bool dump_take(struct dump_job *j, const struct media_dump *m);
/* Writes what there is to DIR/dump-STAMP.json (0600) on a thread of its own, since control does no
 * file I/O, and logs where it is. */
void dump_end(struct dump_job *j, const char *dir, int64_t wall_ms);

#endif
