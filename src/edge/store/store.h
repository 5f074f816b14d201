/*
 * The store: the database on threads of its own, so that nobody waits for the disk. Requests go in, each gets
 * exactly one letter.
 *
 * The writer takes everything that waits, runs it as one group (each request in a savepoint, so that one that
 * fails harms no other), commits once, and only then answers: DB_OK is on the disk. While it waits for the disk the
 * next group gathers. The reader, on a connection of its own, serves DB_READ beside it: scrolling, search and
 * export never queue before a commit. Answers of each of the two come in the order of the requests.
 *
 * A full disk is DB_FULL and passes by itself when there is room; a full queue is refused at once. What
 * other processes change (madang user add) is noticed within a second.
 */
#ifndef MADANG_EDGE_STORE_STORE_H
#define MADANG_EDGE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/count.h"
#include "base/letter.h"
#include "msg/db.h"

struct store;

/* The answer as a letter; answer.rows lies in `rows`. drop frees all. */
struct store_letter {
    struct letter letter;
    struct db_answer answer; /* number 0: another process has changed the database */
    char rows[];
};

/* Called on the store's threads; takes the letter (true), for example by mailbox_post(), or not (false),
 * then it is offered again a little later until the store is stopped. */
typedef bool store_deliver_fn(void *ctx, struct store_letter *letter);

struct store_options {
    const char *path; /* of the database; made when it is not there */
    unsigned queue;   /* requests that may wait for each thread; 0: 4,096 */
    uint32_t kind;    /* letter.kind of the answers */
    store_deliver_fn *deliver;
    void *ctx;
    /* For tests. */
    const char *vfs;
    unsigned max_pages;
};

/* Opens the database, brings it up to date and starts the threads. NULL with a sentence in err. */
struct store *store_start(const struct store_options *options, char *err, size_t errlen);

/* Queues a request; what its values point to is copied. False: the queue is full, there will be no letter. Any
 * thread. */
bool store_submit(struct store *store, const struct db_request *request);

/* Runs and commits what waits, offers each answer once more, ends the threads and closes the database. NULL is
 * fine. */
void store_stop(struct store *store);

/* The two threads. */
enum { STORE_WRITER, STORE_READER, STORE_LANES };

struct store_stats {
    unsigned waiting[STORE_LANES];
    uint64_t answers[DB_STATUSES];
    uint64_t refused;          /* the queue was full */
    uint64_t commits;          /* groups that were kept */
    uint64_t committed;        /* requests in them */
    uint64_t group_max;        /* the biggest of them */
    uint64_t checkpoints;      /* of the write-ahead log */
    uint64_t wal_pages;        /* in it now */
    uint64_t outside;          /* times that another process has changed something */
    const struct hist *commit; /* time of a commit: the disk's */
};

/* Any thread. */
void store_stats(struct store *store, struct store_stats *out);

#endif
