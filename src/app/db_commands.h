/* `madang db check|backup FILE|restore FILE`: what operators do with the database, also while a server runs on it.
 * The whole work of a process: text goes to out, what is wrong to err; the result is the exit status. */
#ifndef MADANG_APP_DB_COMMANDS_H
#define MADANG_APP_DB_COMMANDS_H

#include <stdio.h>

/* The world of a command, so that tests can give another one. */
struct db_command {
    int argc;
    char *const *argv; /* argv[0] is "db" */
    char *const *env;
    FILE *out, *err;
};

int db_command(const struct db_command *cmd);

#endif
