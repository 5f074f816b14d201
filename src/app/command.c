#include "app/command.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

enum { TEXT_MAX = 1 << 20 };

int command_say(const struct command *cmd, const char *fmt, ...)
{
    va_list ap;
    fprintf(cmd->err, "madang %s: ", cmd->argv[0]);
    va_start(ap, fmt);
    vfprintf(cmd->err, fmt, ap);
    va_end(ap);
    fputc('\n', cmd->err);
    return 1;
}

bool command_helps(const struct command *cmd, const char *help)
{
    for (int i = 1; i < cmd->argc; i++) {
        if (strcmp(cmd->argv[i], "--help") == 0) {
            fputs(help, cmd->out);
            return true;
        }
    }
    return false;
}

int command_configured(const struct command *cmd, int argc, char *const *argv,
                       int (*then)(void *ctx, const struct config *c), void *ctx)
{
    struct config *c = xcalloc(1, sizeof *c);
    struct buf text;
    buf_init(&text, TEXT_MAX);
    umask(077);
    enum config_outcome outcome = config_load(c, argc, argv, cmd->env, &text);
    int status = outcome == CONFIG_WRONG;
    if (outcome == CONFIG_START)
        status = then(ctx, c);
    else
        fwrite(buf_data(&text), 1, buf_len(&text), outcome == CONFIG_WRONG ? cmd->err : cmd->out);
    buf_free(&text);
    config_free(c);
    xfree(c);
    return status;
}
