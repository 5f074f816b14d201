/* `madang mix DIR`: makes one file of a recording with ffmpeg, which is a program of its own and need not be there for
 * anything else. The whole work of a process: the result is the exit status. */
#ifndef MADANG_APP_MIX_COMMAND_H
#define MADANG_APP_MIX_COMMAND_H

#include <stdio.h>

struct mix_command {
    int argc;
    char *const *argv; /* argv[0] is "mix" */
    char *const *env;
    FILE *out, *err;
};

int mix_command(const struct mix_command *cmd);

#endif
