/* The commands around credentials: `madang token` and `madang turn-key`. Both are the whole work of
 * a process: text goes to out, what is wrong to err; the result is the exit status. */
#ifndef MADANG_APP_RELAY_COMMANDS_H
#define MADANG_APP_RELAY_COMMANDS_H

#include <stdint.h>
#include <stdio.h>

/* The world of a command, so that tests can give another one. */
struct relay_command {
    char *const *argv; /* argv[0] is the command's name; ends with NULL */
    char *const *env;
    int64_t wall_s;
    FILE *in, *out, *err;
};

int relay_command_token(const struct relay_command *cmd);
int relay_command_key(const struct relay_command *cmd);

/* "90", "90s", "10m", "1h", "7d": seconds; 0: it is none. */
int64_t relay_command_seconds(const char *text);

#endif
