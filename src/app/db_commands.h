/* `madang db check|backup FILE|restore FILE`: what operators do with the database, also while a server runs on it.
 * The whole work of a process: text goes to out, what is wrong to err; the result is the exit status. */
#ifndef MADANG_APP_DB_COMMANDS_H
#define MADANG_APP_DB_COMMANDS_H

#include "app/command.h"

/* argv[0] is "db" */
int db_command(const struct command *cmd);

#endif
