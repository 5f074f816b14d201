#include "app/db_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/store/data_lock.h"
#include "edge/store/db.h"

enum { TEXT_MAX = 1 << 20, PATH_CAP = 4096, SENTENCE = 1024 };

static const char help[] =
    "Usage: madang db check               [OPTION]...\n"
    "       madang db backup FILE         [OPTION]...\n"
    "       madang db restore FILE        [OPTION]...\n\n"
    "  check     looks whether the database is sound; a server may run meanwhile\n"
    "  backup    copies it to FILE, which must not exist; a server may run meanwhile\n"
    "  restore   puts FILE in its place, and keeps what was there as madang.db.before;\n"
    "            the server must be stopped\n\n"
    "OPTIONs are those of madang; --data DIR says where the database lies.\n";

static void path_in(char out[PATH_CAP], const char *dir, const char *more)
{
    snprintf(out, PATH_CAP, "%s/%s%s", dir, DATABASE_FILE, more);
}

/* Through SQLite, so that what lies in the write-ahead log counts. NULL: it has been said why. */
static struct db *open_reader(const struct command *cmd, const char *path)
{
    char why[SENTENCE];
    if (access(path, F_OK) != 0) {
        command_say(cmd, "there is no database %s: %s", path, strerror(errno));
        return NULL;
    }
    struct db *db = db_open(path, &(struct db_conf){.reader = true}, why, sizeof why);
    if (!db)
        command_say(cmd, "%s", why);
    return db;
}

/* ---- check ---- */

/* False: it has been said what is wrong. */
static bool check_file(const struct command *cmd, const char *path)
{
    struct buf text;
    struct db *db = open_reader(cmd, path);
    if (!db)
        return false;
    buf_init(&text, TEXT_MAX);
    bool good = db_check(db, &text);
    fwrite(buf_data(&text), 1, buf_len(&text), cmd->err);
    buf_free(&text);
    db_close(db);
    if (!good)
        command_say(cmd, "%s is not sound", path);
    return good;
}

static int check(const struct command *cmd, const char *dir)
{
    char path[PATH_CAP];
    path_in(path, dir, "");
    if (!check_file(cmd, path))
        return 1;
    fprintf(cmd->out, "%s is sound.\n", path);
    return 0;
}

/* ---- backup ---- */

static int backup(const struct command *cmd, const char *dir, const char *file)
{
    char path[PATH_CAP], why[SENTENCE];
    path_in(path, dir, "");
    struct db *db = open_reader(cmd, path);
    if (!db)
        return 1;
    bool good = db_backup(db, file, why, sizeof why);
    db_close(db);
    if (!good)
        return command_say(cmd, "%s", why);
    fprintf(cmd->out, "%s is a copy of %s.\n", file, path);
    return 0;
}

/* ---- restore ---- */

static bool move(const struct command *cmd, const char *from, const char *to)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return true;
    command_say(cmd, "%s cannot be moved to %s: %s", from, to, strerror(errno));
    return false;
}

static bool sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* The database and its log belong together: both move, the log first, so that no log is ever found beside a database
 * that it is not of. */
static bool put_in_place(const struct command *cmd, const char *dir, const char *fresh)
{
    static const char *const parts[] = {"-wal", "-shm", ""};
    char from[PATH_CAP], to[PATH_CAP];
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char after[16];
        snprintf(after, sizeof after, ".before%s", parts[i]);
        path_in(from, dir, parts[i]);
        path_in(to, dir, after);
        unlink(to);
        if (!move(cmd, from, to))
            return false;
    }
    path_in(to, dir, "");
    return move(cmd, fresh, to);
}

static int restore_locked(const struct command *cmd, const char *dir, const char *file)
{
    char fresh[PATH_CAP], why[SENTENCE];
    if (!check_file(cmd, file))
        return command_say(cmd, "nothing was changed");
    struct db *db = open_reader(cmd, file);
    if (!db)
        return 1;
    path_in(fresh, dir, ".new");
    unlink(fresh);
    bool good = db_backup(db, fresh, why, sizeof why);
    db_close(db);
    if (!good)
        return command_say(cmd, "%s", why);
    if (!put_in_place(cmd, dir, fresh))
        return 1;
    if (!sync_folder(dir))
        return command_say(cmd, "the folder %s cannot be written out: %s", dir, strerror(errno));
    fprintf(cmd->out, "The database is that of %s now; what was there before is %s.before.\n", file,
            DATABASE_FILE);
    return 0;
}

static int restore(const struct command *cmd, const char *dir, const char *file)
{
    char why[SENTENCE];
    int lock = data_lock(dir, why, sizeof why);
    if (lock < 0)
        return command_say(cmd, "%s Stop it first.", why);
    int status = restore_locked(cmd, dir, file);
    data_unlock(lock);
    return status;
}

/* ---- the command line ---- */

struct request {
    const struct command *cmd;
    const char *verb, *file;
};

static int run(void *ctx, const struct config *c)
{
    const struct request *r = ctx;
    if (strcmp(r->verb, "check") == 0)
        return check(r->cmd, c->data);
    return strcmp(r->verb, "backup") == 0 ? backup(r->cmd, c->data, r->file)
                                          : restore(r->cmd, c->data, r->file);
}

int db_command(const struct command *cmd)
{
    const char *verb = cmd->argc > 1 ? cmd->argv[1] : "--help", *file = "";
    bool wants_file = strcmp(verb, "backup") == 0 || strcmp(verb, "restore") == 0;
    int used = 1 + wants_file;
    if (strcmp(verb, "--help") == 0) {
        fputs(help, cmd->out);
        return 0;
    }
    if (!wants_file && strcmp(verb, "check") != 0)
        return command_say(cmd, "there is no command \"%s\"; madang db --help lists what there is",
                           verb);
    if (wants_file && cmd->argc > 2 && cmd->argv[2][0] != '-')
        file = cmd->argv[2];
    if (wants_file && !file[0])
        return command_say(cmd, "%s wants a FILE", verb);
    return command_configured(cmd, cmd->argc - used, cmd->argv + used, run,
                              &(struct request){cmd, verb, file});
}
