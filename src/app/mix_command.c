#include "app/mix_command.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/mix_plan.h"
#include "base/mem.h"
#include "base/util.h"

enum { PLAN_MAX = 1 << 20, PATH_CAP = 4096, ARGS_MAX = 4 * MANIFEST_TRACKS + 40 };

static const char help[] =
    "Usage: madang mix [--output FILE] [--print] DIR\n\n"
    "  Makes one file of the recording in DIR: cameras side by side, a shared screen large beside\n"
    "  them, all sound mixed. Needs the program ffmpeg (Debian: apt install ffmpeg).\n\n"
    "  --output FILE   without it DIR/mix.mp4; FILE.webm becomes VP9 and Opus, anything else\n"
    "                  H.264 and AAC\n"
    "  --print         only shows what ffmpeg would be told\n";

struct mix {
    const struct command *cmd;
    const char *dir, *output;
    bool print;
    struct manifest *manifest;
    struct buf plan;
    char path[PATH_CAP], part[PATH_CAP + 8];
    char (*inputs)[PATH_CAP];
    const char *args[ARGS_MAX];
    unsigned n;
};

static void add(struct mix *x, const char *a)
{
    if (x->n + 1 < ARGS_MAX)
        x->args[x->n++] = a;
}

static void add_all(struct mix *x, const char *const *list)
{
    while (*list != NULL)
        add(x, *list++);
}

/* ---- What ffmpeg is told ---- */

static void add_inputs(struct mix *x)
{
    const struct manifest *m = x->manifest;
    x->inputs = xcalloc(m->n, sizeof *x->inputs);
    for (unsigned i = 0; i < m->n; i++) {
        snprintf(x->inputs[i], PATH_CAP, "file:%.3900s/%s", x->dir, m->tracks[i].file);
        add(x, "-reinit_filter"); /* pictures change their size */
        add(x, "0");
        add(x, "-i");
        add(x, x->inputs[i]);
    }
}

static bool is_webm(const char *file)
{
    return str_ends(str_from(file), STR(".webm"));
}

static void add_output(struct mix *x)
{
    static const char *const h264[] = {"-c:v",      "libx264",    "-preset", "veryfast", "-crf",
                                       "23",        "-c:a",       "aac",     "-b:a",     "160k",
                                       "-movflags", "+faststart", "-f",      "mp4",      NULL};
    static const char *const vp9[] = {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used",
                                      "6",    "-crf",       "33",        "-b:v",     "0",
                                      "-c:a", "libopus",    "-f",        "webm",     NULL};
    if (mix_has_picture(x->manifest)) {
        add(x, "-map");
        add(x, "[picture]");
    }
    if (mix_has_sound(x->manifest)) {
        add(x, "-map");
        add(x, "[sound]");
    }
    add_all(x, is_webm(x->path) ? vp9 : h264);
    add(x, x->part);
}

static void tell(struct mix *x)
{
    static const char *const begin[] = {"ffmpeg", "-hide_banner", "-nostdin", "-y",
                                        "-v",     "warning",      NULL};
    add_all(x, begin);
    add_inputs(x);
    add(x, "-filter_complex");
    add(x, buf_cstr(&x->plan));
    add_output(x);
}

static void show(const struct mix *x)
{
    for (unsigned i = 0; i < x->n; i++)
        fprintf(x->cmd->out, "%s%s", i > 0 ? " " : "", x->args[i]);
    fputc('\n', x->cmd->out);
}

/* ---- The run ---- */

static int run(const struct mix *x)
{
    pid_t child;
    int status;
    int e =
        posix_spawnp(&child, "ffmpeg", NULL, NULL, (char *const *)(uintptr_t)x->args, x->cmd->env);
    if (e == ENOENT)
        return command_say(x->cmd, "the program ffmpeg is not here; the recording's own files play "
                                   "without it (Debian: apt install ffmpeg)");
    if (e != 0)
        return command_say(x->cmd, "ffmpeg could not be started: %s", strerror(e));
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return command_say(x->cmd, "ffmpeg was lost: %s", strerror(errno));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        unlink(x->part);
        return command_say(x->cmd, "ffmpeg has failed; what it said stands above");
    }
    if (rename(x->part, x->path) != 0)
        return command_say(x->cmd, "%s cannot be put in its place: %s", x->path, strerror(errno));
    fprintf(x->cmd->out, "%s\n", x->path);
    return 0;
}

static int mix(struct mix *x)
{
    char why[512];
    if (!manifest_read(x->dir, x->manifest, why, sizeof why))
        return command_say(x->cmd, "%s", why);
    if (x->manifest->n == 0)
        return command_say(x->cmd, "nobody was seen or heard in this recording");
    int n = x->output != NULL ? snprintf(x->path, sizeof x->path, "%s", x->output)
                              : snprintf(x->path, sizeof x->path, "%s/mix.mp4", x->dir);
    if (n >= PATH_CAP)
        return command_say(x->cmd, "the name is too long");
    snprintf(x->part, sizeof x->part, "%s.part", x->path);
    mix_plan(x->manifest, &x->plan);
    if (x->plan.failed || buf_cstr(&x->plan) == NULL)
        return command_say(x->cmd, "there is too much in this recording");
    tell(x);
    if (!x->print)
        return run(x);
    show(x);
    return 0;
}

/* false: what was asked for is not clear. */
static bool read_args(struct mix *x)
{
    char *const *argv = x->cmd->argv;
    for (int i = 1; i < x->cmd->argc; i++) {
        if (strcmp(argv[i], "--print") == 0)
            x->print = true;
        else if (strcmp(argv[i], "--output") == 0 && i + 1 < x->cmd->argc)
            x->output = argv[++i];
        else if (strncmp(argv[i], "--output=", 9) == 0)
            x->output = argv[i] + 9;
        else if (argv[i][0] == '-' || x->dir != NULL)
            return false;
        else
            x->dir = argv[i];
    }
    return x->dir != NULL;
}

int mix_command(const struct command *cmd)
{
    struct mix *x;
    int status;
    if (cmd->argc > 1 && strcmp(cmd->argv[1], "--help") == 0) {
        fputs(help, cmd->out);
        return 0;
    }
    x = xcalloc(1, sizeof *x);
    x->cmd = cmd;
    x->manifest = xcalloc(1, sizeof *x->manifest);
    buf_init(&x->plan, PLAN_MAX);
    if (read_args(x)) {
        status = mix(x);
    } else {
        fputs(help, cmd->err);
        status = 1;
    }
    buf_free(&x->plan);
    xfree(x->inputs);
    xfree(x->manifest);
    xfree(x);
    return status;
}
