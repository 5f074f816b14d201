/* `madang token --room ROOM …`: a bearer token for a program that publishes into a room or watches it (WHIP, WHEP);
 * works beside the running server. The whole work of a process: text goes to out, what is wrong to err; the result
 * is the exit status. */
#ifndef MADANG_APP_MEDIA_COMMANDS_H
#define MADANG_APP_MEDIA_COMMANDS_H

#include <stdbool.h>

#include "app/command.h"

/* `madang token` makes credentials for relays, too (relay_commands.h): is it a room's that is asked for? */
bool media_command_is(int argc, char *const *argv);
/* argv[0] is "token" */
int media_command(const struct command *cmd);

#endif
