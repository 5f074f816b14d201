/* Links that the operator gives out, made in the database by whoever starts or runs madang: not by the
 * policy, which may be running meanwhile in another process. */
#ifndef MADANG_APP_PEOPLE_LINKS_H
#define MADANG_APP_PEOPLE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "msg/account.h"
#include "msg/ids.h"

struct db;

#define PEOPLE_PATH_MAX 64

/* Makes a link of that kind: `uses` times until now_ms + ttl_ms, of target for INVITE_RESET (else 0). path gets
 * "/i/CODE", to be put behind the server's address; it is nowhere else. An administrator's link ends all that
 * were made before. False: the database refused. */
bool people_link(struct db *db, enum invite_kind kind, uint64_t target, int64_t uses,
                 int64_t now_ms, int64_t ttl_ms, char path[PEOPLE_PATH_MAX]);

/* At the start: a link for the first administrator when there is none; false (and path is "") when there
 * is one, or nobody is there to read it (quiet), or the database says why not later. clock_ms: what the last run
 * knew of the time (domain/steady.h), 0 for nothing. */
bool people_first_link(const char *database, int64_t now_ms, bool quiet, char path[PEOPLE_PATH_MAX],
                       int64_t *clock_ms);

#endif
