#include "app/recording_commands.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/code.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/store/data_lock.h"
#include "edge/store/db.h"
#include "edge/store/disk.h"
#include "msg/record.h"

enum { PATH_CAP = 4096, SENTENCE = 1024, PAGE = 200, OPTIONS_MAX = 64 };
enum { COLS = 8 };

static const char help[] =
    "Usage: madang recordings list       [OPTION]...\n"
    "       madang recordings remove ID  [OPTION]...\n\n"
    "  list     a line for each recording of a room, with tabs between: when it began (UTC), its\n"
    "           id, whose it is (- while what a deleted account left is being removed), the\n"
    "           room's id and title, how long it lasts, bytes, and its state: running, or why it\n"
    "           has ended (docs/protocol.md, section 13)\n"
    "  remove   takes its files and its place in the list away; cannot be taken back\n\n"
    "A server may run meanwhile. OPTIONs are those of madang; --data DIR says where the\n"
    "database and the recordings lie.\n";

/* What the words after the command said. */
struct options {
    const char *words[2]; /* verb, id */
    int n_words;
    char *rest[OPTIONS_MAX]; /* for config_load; rest[0] is the program */
    int n_rest;
};

struct run {
    const struct command *cmd;
    const struct options *o;
    const struct config *c;
    struct db *db;
};

static int say_database(const struct run *r, enum db_status s)
{
    return command_say(r->cmd, "the database refuses (%s): %s", db_status_name(s), db_error(r->db));
}

/* ---- list ---- */

static void print_one(FILE *out, const struct val row[COLS])
{
    char id[B32_SIZE], room[B32_SIZE], when[32] = "-";
    time_t began = (time_t)(row[4].i / 1000);
    int64_t s = row[5].i / 1000;
    struct str user = row[1].kind == VAL_NULL ? STR("-") : row[1].s;
    struct tm tm;
    if (gmtime_r(&began, &tm))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    b32_encode(id, val_id(&row[0]));
    b32_encode(room, val_id(&row[2]));
    fprintf(out,
            "%s\t%s\t" PRIstr "\t%s\t" PRIstr "\t%" PRId64 ":%02d:%02d\t%" PRId64 " bytes\t%s\n",
            when, id, STR_ARG(user), room, STR_ARG(row[3].s), s / 3600, (int)(s / 60 % 60),
            (int)(s % 60), row[6].i, recording_state_name((unsigned)row[7].i));
}

static int list(const struct run *r)
{
    int64_t after = INT64_MIN;
    for (;;) {
        struct buf rows;
        struct val row[COLS];
        const struct val args[] = {VAL_I(after), VAL_I(PAGE)};
        unsigned n = 0;
        buf_init(&rows, DB_ROWS_MAX);
        enum db_status s =
            db_run(r->db, &(struct db_request){DB_RECORDINGS_ALL, 1, args, 2}, &rows);
        struct db_rows it = db_rows_of(buf_str(&rows));
        for (; s == DB_OK && db_rows_next(&it, row, COLS); n++) {
            print_one(r->cmd->out, row);
            after = row[0].i;
        }
        buf_free(&rows);
        if (s != DB_OK)
            return say_database(r, s);
        if (n < PAGE)
            return 0;
    }
}

/* ---- remove ---- */

/* RECORDING_STATES: there is none. */
static enum db_status state_of(const struct run *r, uint64_t id, int64_t *state)
{
    const struct val args[] = {VAL_ID(id)};
    struct val row;
    struct buf rows;
    buf_init(&rows, DB_ROWS_MAX);
    struct db_answer a = {
        .status = db_run(r->db, &(struct db_request){DB_RECORDING_GET, 1, args, 1}, &rows)};
    a.rows = buf_str(&rows);
    *state = db_row(&a, &row, 1) ? row.i : RECORDING_STATES;
    buf_free(&rows);
    return a.status;
}

/* The files first: should the rest not come about, it can be asked for again. */
static int remove_over(const struct run *r, uint64_t id)
{
    const struct disk_name all = {DISK_RECORDING, id, DISK_RECORDING_ALL};
    const struct val args[] = {VAL_ID(id)};
    struct buf rows;
    if (!disk_remove(r->c->data, &all))
        return command_say(r->cmd, "its files cannot be removed; it stays in the list");
    buf_init(&rows, DB_ROWS_MAX);
    enum db_status s = db_run(r->db, &(struct db_request){DB_RECORDING_REMOVE, 1, args, 1}, &rows);
    buf_free(&rows);
    return s == DB_OK ? 0 : say_database(r, s);
}

/* What "runs" although no server does was running when one fell. None starts while we hold the lock. */
static int remove_running(const struct run *r, uint64_t id)
{
    char why[SENTENCE];
    int lock = data_lock(r->c->data, why, sizeof why);
    if (lock < 0)
        return command_say(r->cmd,
                           "it still runs: whoever moderates the room has to stop it first");
    int status = remove_over(r, id);
    data_unlock(lock);
    return status;
}

static int remove_one(const struct run *r)
{
    const char *text = r->o->words[1];
    uint64_t id = 0;
    int64_t state = RECORDING_STATES;
    if (!text)
        return command_say(r->cmd, "remove wants an ID, as in madang recordings list");
    enum db_status s = b32_decode(str_from(text), &id) ? state_of(r, id, &state) : DB_OK;
    if (s != DB_OK)
        return say_database(r, s);
    if (state == RECORDING_STATES)
        return command_say(r->cmd, "there is no recording \"%.80s\"", text);
    return state == RECORDING_RUNS ? remove_running(r, id) : remove_over(r, id);
}

/* ---- the command line ---- */

/* The words that stand first are ours, the rest is madang's. */
static void read_options(const struct command *cmd, struct options *o)
{
    *o = (struct options){0};
    o->rest[o->n_rest++] = cmd->argv[0];
    for (int i = 1; i < cmd->argc; i++) {
        if (cmd->argv[i][0] != '-' && o->n_rest == 1 && o->n_words < (int)ARRAY_LEN(o->words))
            o->words[o->n_words++] = cmd->argv[i];
        else if (o->n_rest < OPTIONS_MAX)
            o->rest[o->n_rest++] = cmd->argv[i];
    }
}

static int with_database(void *ctx, const struct config *c)
{
    char path[PATH_CAP], why[SENTENCE];
    struct run *r = ctx;
    snprintf(path, sizeof path, "%s/%s", c->data, DATABASE_FILE);
    r->c = c;
    r->db = db_open(path, &(struct db_conf){0}, why, sizeof why);
    if (!r->db)
        return command_say(r->cmd, "%s", why);
    int status = strcmp(r->o->words[0], "list") == 0 ? list(r) : remove_one(r);
    db_close(r->db);
    return status;
}

int recording_command(const struct command *cmd)
{
    struct options o;
    if (command_helps(cmd, help))
        return 0;
    read_options(cmd, &o);
    const char *verb = o.words[0] ? o.words[0] : "";
    if (strcmp(verb, "list") != 0 && strcmp(verb, "remove") != 0)
        return command_say(
            cmd, "there is no such command; madang recordings --help lists what there is");
    return command_configured(cmd, o.n_rest, o.rest, with_database,
                              &(struct run){.cmd = cmd, .o = &o});
}
