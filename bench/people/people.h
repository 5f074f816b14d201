/* people_load: the directory and presence, measured in the policy itself, without sockets. A house is a domain with a
 * database that answers at once, between the calls of the domain; what goes out is encoded as the edge does. */
#ifndef MADANG_BENCH_PEOPLE_H
#define MADANG_BENCH_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "domain/domain.h"
#include "edge/store/db.h"

struct house {
    struct domain_config cfg;
    struct domain *d;
    struct db *db;
    struct asked *first, **last; /* answers that wait */
    int64_t now, wall;
    uint64_t opened;  /* the session that the last hello made */
    uint64_t sent;    /* events, encoded once each */
    uint64_t told;    /* and how many sessions they went to */
    uint64_t bytes;   /* of events, once each */
    uint64_t watcher; /* count what this session is told: */
    uint64_t heard;
    struct buf answer; /* the last ack or error */
    int64_t db_us;     /* in the database */
};

void die(const char *what);
int64_t cpu_us(void);
/* The value at p of the sorted list: it is sorted here. */
int64_t part(int64_t *v, size_t n, double p);

void house_open(struct house *h, const char *path);
void house_close(struct house *h);
void house_cmd(struct house *h, const struct cmd *cmd);
/* Time goes on; what is due is done when it is. */
void house_pass(struct house *h, int64_t us);
/* Runs a procedure beside the domain. */
void house_run(struct house *h, enum db_proc proc, const struct val *args, unsigned n);
void house_person(struct house *h, uint64_t id, const char *name, const char *display);
/* Signs somebody in (the cookie is made of the id) and opens a session, which is returned. */
void house_cookie(struct house *h, uint64_t id);
uint64_t house_hello(struct house *h, uint64_t id);

void make_seed(const char *path, unsigned long people);
void measure_directory(const char *dir);
void measure_presence(void);

#endif
