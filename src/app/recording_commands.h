/* `madang recordings list`, `madang recordings remove ID`: what operators do with recordings of rooms, also while a
 * server runs on the same database. The whole work of a process: text goes to out, what is wrong to err; the result is
 * the exit status. */
#ifndef MADANG_APP_RECORDING_COMMANDS_H
#define MADANG_APP_RECORDING_COMMANDS_H

#include "app/command.h"

/* argv[0] is "recordings" */
int recording_command(const struct command *cmd);

#endif
