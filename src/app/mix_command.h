/* `madang mix DIR`: makes one file of a recording with ffmpeg, which is a program of its own and need not be there for
 * anything else. The whole work of a process: the result is the exit status. */
#ifndef MADANG_APP_MIX_COMMAND_H
#define MADANG_APP_MIX_COMMAND_H

#include "app/command.h"

/* argv[0] is "mix" */
int mix_command(const struct command *cmd);

#endif
