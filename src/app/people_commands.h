/* `madang user …`, `madang invite`, `madang admin-link`: what operators do with people, also while a server runs on
 * the same database (it notices within a second, and ends what has to end). The whole work of a process: text goes to
 * out, what is wrong to err; the result is the exit status. */
#ifndef MADANG_APP_PEOPLE_COMMANDS_H
#define MADANG_APP_PEOPLE_COMMANDS_H

#include <stdbool.h>

#include "app/command.h"

/* Whether the word is one of these commands. */
bool people_command_is(const char *word);
/* argv[0] is "user", "invite" or "admin-link" */
int people_command(const struct command *cmd);

#endif
