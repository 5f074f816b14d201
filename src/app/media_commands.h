/* `madang token --room ROOM …`: a bearer token for a program that publishes into a room or watches it (WHIP, WHEP);
 * works beside the running server. The whole work of a process: text goes to out, what is wrong to err; the result
 * is the exit status. */
#ifndef MADANG_APP_MEDIA_COMMANDS_H
#define MADANG_APP_MEDIA_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The world of the command, so that tests can give another one. */
struct media_command {
    int argc;
    char *const *argv; /* argv[0] is "token" */
    char *const *env;
    int64_t now_ms; /* wall clock */
    FILE *out, *err;
};

/* `madang token` makes credentials for relays, too (relay_commands.h): is it a room's that is asked for? */
bool media_command_is(int argc, char *const *argv);
int media_command(const struct media_command *cmd);

#endif
