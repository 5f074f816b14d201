/*
 * A thread's mailbox: any thread posts letters, the owner takes them all at once, in the order in
 * which each sender posted. Lock-free, bounded, and the owner is woken by its eventfd once, until it
 * begins to take. A letter is an owned message: it begins with struct letter (base/letter.h),
 * posting it gives it away, and whoever takes it frees it with letter_drop() or keeps it.
 */
#ifndef MADANG_IO_MAILBOX_H
#define MADANG_IO_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/letter.h"

struct loop;
struct mailbox;

typedef void mailbox_fn(void *ctx, struct letter *l); /* owns l */

/* cap: letters waiting at once. NULL with errno when there is no eventfd. */
struct mailbox *mailbox_new(const char *name, unsigned cap);
/* Letters that are still in it are dropped. Nobody may post any more. */
void mailbox_free(struct mailbox *m);

/* Puts it on the owner's loop: fn is called for each letter, at most 256 of them in a round. */
int mailbox_attach(struct mailbox *m, struct loop *l, mailbox_fn *fn, void *ctx);
void mailbox_detach(struct mailbox *m);

/* Any thread. false: the box is full, counted, and the letter is still the caller's. */
bool mailbox_post(struct mailbox *m, struct letter *l);
/* The same without waking the owner: for what it need not know before it next looks by itself. Who puts
 * must ring within a time that is good enough; mailbox_post() by anybody rings too. */
bool mailbox_put(struct mailbox *m, struct letter *l);
/* Any thread: wakes the owner if letters wait. */
void mailbox_ring(struct mailbox *m);
/* Owner without a loop (tests, a plain thread): takes what is there, at most max letters. */
unsigned mailbox_take(struct mailbox *m, mailbox_fn *fn, void *ctx, unsigned max);
/* Owner without a loop: waits for a letter; false after timeout_ms. */
bool mailbox_wait(struct mailbox *m, int timeout_ms);

struct mailbox_stats {
    uint64_t posted, refused, wakeups, waiting;
};
void mailbox_stats(const struct mailbox *m, struct mailbox_stats *out);

#endif
