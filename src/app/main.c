#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "app/db_commands.h"
#include "app/house.h"
#include "app/media_commands.h"
#include "app/mix_command.h"
#include "app/people_commands.h"
#include "app/recording_commands.h"
#include "app/relay_commands.h"
#include "app/relay_people.h"
#include "app/replay.h"
#include "app/settings.h"
#include "base/clock.h"
#include "base/crypto.h"
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

static bool reread_people(struct relay_people *people, const struct config *fresh)
{
    char why[512];
    bool good = relay_people_load(people, fresh, why, sizeof why);
    if (!good) {
        log_error("relay", NULL, "who may relay stays as it was: %s", why);
    }
    return good;
}

/* What may change while the server runs: the log's level, and who may relay. */
static bool reread(void *ctx, struct relay_people *people)
{
    bool good = false;
    const struct command_line *cmd = ctx;
    struct config *fresh = xcalloc(1, sizeof *fresh);
    struct buf text;
    if (load(fresh, cmd, &text) == CONFIG_START) {
        log_set_level((enum log_level)fresh->log_level);
        good = reread_people(people, fresh);
        log_info("house", NULL, "the configuration was read again");
    } else {
        log_error("house", NULL, "the configuration is broken, nothing was changed: " PRIstr,
                  STR_ARG(str_trim(buf_str(&text))));
    }
    buf_free(&text);
    config_free(fresh);
    xfree(fresh);
    return good;
}

static int serve(const struct config *c, struct command_line *cmd)
{
    struct house_conf *h = xcalloc(1, sizeof *h);
    struct addr public_ip;
    struct relay_people people;
    char why[512];
    log_set_level((enum log_level)c->log_level);
    log_set_format((enum log_format)c->log_format);
    if (!relay_people_load(&people, c, why, sizeof why)) {
        fprintf(stderr, "madang: %s\n", why);
        xfree(h);
        return 1;
    }
    settings_apply(h, c, &people);
    if (settings_public_ip(c, &public_ip)) {
        h->certs.public_ip = c->public_ip.n ? c->public_ip.v : &public_ip;
        h->certs.n_public_ip = MAX_OF(c->public_ip.n, 1);
        h->public_ip = c->public_ip.n ? &public_ip : NULL;
    }
    h->control.reload = reread;
    h->control.ctx = cmd;
    int status = house_run(h);
    relay_people_free(&people);
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

/* Others on this machine can read the command line: what is secret in it is made unreadable there, and
 * a copy kept for SIGHUP. */
static struct command_line keep_command_line(int argc, char **argv)
{
    static const char *const secret[] = {"--user", "--secret"};
    struct command_line cmd = {argc, xcalloc((size_t)argc + 1, sizeof *argv)};
    for (int i = 0; i < argc; i++) {
        cmd.argv[i] = str_dup(str_from(argv[i]));
    }
    for (int i = 1; i < argc; i++) {
        for (size_t k = 0; k < ARRAY_LEN(secret); k++) {
            size_t n = strlen(secret[k]);
            if (strncmp(argv[i], secret[k], n) == 0 && argv[i][n] == '=') {
                memset(argv[i] + n + 1, '*', strlen(argv[i] + n + 1));
            } else if (strcmp(cmd.argv[i - 1], secret[k]) == 0) {
                memset(argv[i], '*', strlen(argv[i]));
            }
        }
    }
    return cmd;
}

static void forget_command_line(struct command_line *cmd)
{
    for (int i = 0; i < cmd->argc; i++) {
        memzero(cmd->argv[i], strlen(cmd->argv[i]));
        xfree(cmd->argv[i]);
    }
    xfree(cmd->argv);
}

static int serve_configured(struct command_line *cmd)
{
    struct config *c = xcalloc(1, sizeof *c);
    struct buf text;
    enum config_outcome outcome = load(c, cmd, &text);
    int status = outcome == CONFIG_WRONG;
    if (outcome != CONFIG_START) {
        FILE *to = outcome == CONFIG_WRONG ? stderr : stdout;
        fwrite(buf_data(&text), 1, buf_len(&text), to);
    }
    buf_free(&text);
    if (outcome == CONFIG_START) {
        status = faults_armed() ? serve(c, cmd) : 1;
    }
    config_free(c);
    xfree(c);
    return status;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    const struct command own = {
        argc - 1, argv + 1, environ, clock_wall_us() / US_PER_MS, stdin, stdout, stderr,
    };
    if (strcmp(command, "replay") == 0) {
        return replay_main(argc - 1, argv + 1);
    }
    if (media_command_is(argc, argv)) {
        return media_command(&own);
    }
    if (strcmp(command, "token") == 0) {
        return relay_command_token(&own);
    }
    if (strcmp(command, "turn-key") == 0) {
        return relay_command_key(&own);
    }
    if (strcmp(command, "db") == 0) {
        return db_command(&own);
    }
    if (strcmp(command, "mix") == 0) {
        return mix_command(&own);
    }
    if (people_command_is(command)) {
        return people_command(&own);
    }
    if (strcmp(command, "recordings") == 0) {
        return recording_command(&own);
    }
    struct command_line cmd = keep_command_line(argc, argv);
    int status = serve_configured(&cmd);
    forget_command_line(&cmd);
    return status;
}
