/* `madang recordings list`, `madang recordings remove ID`: what operators do with recordings of rooms, also while a
 * server runs on the same database. The whole work of a process: text goes to out, what is wrong to err; the result is
 * the exit status. */
#ifndef MADANG_APP_RECORDING_COMMANDS_H
#define MADANG_APP_RECORDING_COMMANDS_H

#include <stdio.h>

/* The world of a command, so that tests can give another one. */
struct recording_command {
    int argc;
    char *const *argv; /* argv[0] is "recordings" */
    char *const *env;
    FILE *out, *err;
};

int recording_command(const struct recording_command *cmd);

#endif
