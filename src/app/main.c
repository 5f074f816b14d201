#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "app/house.h"
#include "app/replay.h"
#include "app/settings.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/seam.h"

enum { TEXT_MAX = 1 << 20 };

/* What SIGHUP needs to read the configuration again. */
struct command_line {
    int argc;
    char **argv;
};

static enum config_outcome load(struct config *c, const struct command_line *cmd, struct buf *text)
{
    buf_init(text, TEXT_MAX);
    return config_load(c, cmd->argc, cmd->argv, environ, text);
}

/* The log's level is the one setting that may change while the server runs. */
static void reread(void *ctx)
{
    const struct command_line *cmd = ctx;
    struct config *fresh = xcalloc(1, sizeof *fresh);
    struct buf text;
    if (load(fresh, cmd, &text) == CONFIG_START) {
        log_set_level((enum log_level)fresh->log_level);
        log_info("house", NULL, "the configuration was read again");
    } else {
        log_error("house", NULL, "the configuration is broken, nothing was changed: " PRIstr,
                  STR_ARG(str_trim(buf_str(&text))));
    }
    buf_free(&text);
    config_free(fresh);
    xfree(fresh);
}

static int serve(const struct config *c, struct command_line *cmd)
{
    struct house_conf *h = xcalloc(1, sizeof *h);
    struct addr public_ip;
    log_set_level((enum log_level)c->log_level);
    log_set_format((enum log_format)c->log_format);
    settings_apply(h, c);
    if (settings_public_ip(c, &public_ip)) {
        h->certs.public_ip = &public_ip;
        h->public_ip = c->public_ip.n ? &public_ip : NULL;
    }
    h->control.reload = reread;
    h->control.ctx = cmd;
    int status = house_run(h);
    xfree(h);
    return status;
}

/* For tests of the whole program: makes system calls fail (io/seam.h). It is no setting. */
static bool faults_armed(void)
{
    const char *spec = getenv("MADANG_FAULTS");
    if (spec == NULL || seam_parse(spec)) {
        return true;
    }
    fprintf(stderr, "madang: MADANG_FAULTS is wrong; it looks like writev:short:0.2,seed:7\n");
    return false;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "replay") == 0) {
        return replay_main(argc - 1, argv + 1);
    }
    struct command_line cmd = {argc, argv};
    struct config *c = xcalloc(1, sizeof *c);
    struct buf text;
    enum config_outcome outcome = load(c, &cmd, &text);
    int status = outcome == CONFIG_WRONG;
    if (outcome != CONFIG_START) {
        FILE *to = outcome == CONFIG_WRONG ? stderr : stdout;
        fwrite(buf_data(&text), 1, buf_len(&text), to);
    }
    buf_free(&text);
    if (outcome == CONFIG_START) {
        status = faults_armed() ? serve(c, &cmd) : 1;
    }
    config_free(c);
    xfree(c);
    return status;
}
