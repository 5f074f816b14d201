/* `madang user …`, `madang invite`, `madang admin-link`: what operators do with people, also while a server runs on
 * the same database (it notices within a second, and ends what has to end). The whole work of a process: text goes to
 * out, what is wrong to err; the result is the exit status. */
#ifndef MADANG_APP_PEOPLE_COMMANDS_H
#define MADANG_APP_PEOPLE_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The world of a command, so that tests can give another one. */
struct people_command {
    int argc;
    char *const *argv; /* argv[0] is "user", "invite" or "admin-link" */
    char *const *env;
    int64_t now_ms; /* wall clock */
    FILE *in, *out, *err;
};

/* Whether the word is one of these commands. */
bool people_command_is(const char *word);
int people_command(const struct people_command *cmd);

#endif
