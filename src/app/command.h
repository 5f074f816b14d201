/* What all commands beside the server's own have in common (`madang db`, `user`, `token`, `recordings`, `mix`): their
 * world, so that tests can give another one, what they say when something is wrong, and reading the configuration. */
#ifndef MADANG_APP_COMMAND_H
#define MADANG_APP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "app/config.h"
#include "base/util.h"

struct command {
    int argc;
    char *const *argv; /* argv[0] is the command's name, argv[argc] NULL */
    char *const *env;
    int64_t now_ms; /* wall clock */
    FILE *in, *out, *err;
};

/* A line on err that begins with the command. Returns 1, the status of what failed. */
PRINTF_CHECK(2, 3) int command_say(const struct command *cmd, const char *fmt, ...);
/* True: one of the words is --help, and this was printed. */
bool command_helps(const struct command *cmd, const char *help);
/* Reads the configuration, for which argv[0..argc) are words (argv[0] is none), and goes on with it; what is made from
 * now on is nobody else's to read. Returns the status: then's; 1 if the configuration is wrong, which is said; 0 if it
 * was only to be printed or checked. */
int command_configured(const struct command *cmd, int argc, char *const *argv,
                       int (*then)(void *ctx, const struct config *c), void *ctx);

#endif
