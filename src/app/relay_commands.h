/* The commands around credentials: `madang token` and `madang turn-key`. Both are the whole work of
 * a process; the result is the exit status. */
#ifndef MADANG_APP_RELAY_COMMANDS_H
#define MADANG_APP_RELAY_COMMANDS_H

#include "app/command.h"

int relay_command_token(const struct command *cmd);
int relay_command_key(const struct command *cmd);

/* "90", "90s", "10m", "1h", "7d": seconds; 0: it is none. */
int64_t relay_command_seconds(const char *text);

#endif
