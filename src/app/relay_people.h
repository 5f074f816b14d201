/*
 * Who may relay: users and shared secrets, from the configuration and from the files that it names.
 * Read at the start and on SIGHUP; workers get them once as settings and then as letters.
 */
#ifndef MADANG_APP_RELAY_PEOPLE_H
#define MADANG_APP_RELAY_PEOPLE_H

#include "app/config.h"
#include "app/turn_core.h"

enum { RELAY_PEOPLE_MAX = 10000 }; /* users */

/* The texts are its own and end in NUL. */
struct relay_people {
    struct str secrets[2]; /* the newer first; n = 0: none */
    struct str *users;
    unsigned n_users;
};

/* False with a sentence in why (without a secret in it): a file cannot be read, or a line of it is
 * not what it should be. A file is lines; empty ones and those that begin with # don't count, and
 * space at both ends of one doesn't. Files that others may read are logged as a warning. */
bool relay_people_load(struct relay_people *p, const struct config *c, char *why, size_t why_n);
/* Wipes and frees; fine for all zeros. */
void relay_people_free(struct relay_people *p);

/* MEDIA_USERS with all of them. */
struct letter *relay_people_letter(const struct relay_people *p);

#endif
