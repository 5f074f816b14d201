/* What is left of recordings: lists, files, and their end. A recording belongs to whoever began it, and to nobody else:
 * not to others who moderate the room, nor to programs with a token. */
#include "domain/record.h"

#include "domain/names.h"
#include "domain/user.h"

enum { COLS = 7, TIDY = 20 };

/* ---- the list ---- */

static void listed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct recording_view list[RECORDINGS_LIST_MAX];
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[COLS];
    size_t n = 0;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    for (; n < RECORDINGS_LIST_MAX && db_rows_next(&it, row, COLS); n++)
        list[n] = (struct recording_view){
            .recording = val_id(&row[0]),
            .room = val_id(&row[1]),
            .title = row[2].s,
            .started_ms = row[3].i,
            .duration_ms = row[4].i,
            .bytes = row[5].i,
            .state = row[6].i >= 0 && row[6].i < RECORDING_STATES ? (unsigned)row[6].i
                                                                  : RECORDING_CUT_OFF,
        };
    reply(d, &a->who, &(struct event){.type = RESULT_RECORDINGS, .u.record.list = {list, n}});
}

void recording_list(struct domain *d, struct session *s, const struct cmd *cmd)
{
    ASK_DB(d, ask_new(d, asker_of(cmd), listed, NULL, 0), DB_RECORDINGS_OF, VAL_ID(s->user->id),
           VAL_I(RECORDINGS_LIST_MAX));
}

/* ---- the end ---- */

static struct disk_request removal_of(uint64_t id)
{
    return (struct disk_request){.op = DISK_UNLINK,
                                 .name = {DISK_RECORDING, id, DISK_RECORDING_ALL}};
}

static void removed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK)
        reply_ok(d, &a->who);
    else
        reply_db(d, &a->who, answer->db->status);
}

/* The files first: should the rest not come about, it can be asked for again. */
static void emptied(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    if (answer->disk->status != DISK_OK) {
        reply_disk(d, &a->who, answer->disk->status);
        return;
    }
    a->then = removed;
    ASK_DB(d, a, DB_RECORDING_REMOVE, VAL_ID(a->a));
}

static void found(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val state;
    if (answer->db->status != DB_OK) {
        reply_db(d, &a->who, answer->db->status);
    } else if (!db_row(answer->db, &state, 1)) {
        reply_error(d, &a->who, CODE_UNKNOWN);
    } else if (state.i == RECORDING_RUNS) {
        reply_retry(d, &a->who, CODE_BUSY, 1000);
    } else {
        struct disk_request rq = removal_of(a->a);
        a->then = emptied;
        ask_disk(d, a, &rq);
    }
}

void recording_remove(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct ask *a = ask_new(d, asker_of(cmd), found, NULL, 0);
    a->a = cmd->u.record.recording;
    ASK_DB(d, a, DB_RECORDING_OF, VAL_ID(a->a), VAL_ID(s->user->id));
}

static void tidied(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct db_rows rows = db_rows_of(answer->db->rows);
    struct val id;
    (void)a;
    while (db_rows_next(&rows, &id, 1)) {
        struct disk_request rq = removal_of(val_id(&id));
        ask_disk_and_forget(d, &rq);
        ASK_AND_FORGET(d, DB_RECORDING_REMOVE, VAL_ID(val_id(&id)));
    }
}

void recording_tidy(struct domain *d)
{
    ASK_DB(d, ask_new(d, (struct asker){0}, tidied, NULL, 0), DB_RECORDINGS_LEFT,
           VAL_I(RECORDING_RUNS), VAL_I(TIDY));
}

/* ---- files ---- */

static const char *type_of(uint64_t part)
{
    static const char *const types[2][2] = {{"audio/webm", "audio/x-matroska"},
                                            {"video/webm", "video/x-matroska"}};
    enum group_kind kind = (enum group_kind)disk_recording_kind(part);
    bool video = kind == GROUP_CAMERA || kind == GROUP_SCREEN;
    return part == 0 ? "application/json" : types[video][disk_recording_is_mkv(part)];
}

/* The room's title, and the file's own name. */
static struct str name_for(uint64_t part, struct str title, char *out, size_t size)
{
    char own[DISK_RECORDING_NAME];
    disk_recording_file(part, own);
    int n = snprintf(out, size, "%.*s%s%s", (int)title.n, title.p, title.n ? " " : "", own);
    return str_of(out, (size_t)n);
}

static void granted(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    char name[NAMES_BYTES_MAX + 2 + DISK_RECORDING_NAME];
    struct val row[2]; /* title, started */
    bool there = answer->db->status == DB_OK && db_row(answer->db, row, 2);
    if (answer->db->status == DB_BUSY) {
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    if (!there) {
        emit_http_file(d, a->who.http, NULL);
        return;
    }
    struct str title = str_head(row[0].s, NAMES_BYTES_MAX);
    struct file_grant g = {
        .name = {DISK_RECORDING, a->a, a->b},
        .type = str_from(type_of(a->b)),
        .filename = name_for(a->b, title, name, sizeof name),
        .stamp = (uint64_t)row[1].i,
        .as_said = true,
    };
    emit_http_file(d, a->who.http, &g);
}

void recording_fetch(struct domain *d, const struct cmd *cmd, const uint8_t token[SHA256_SIZE])
{
    struct ask *a = ask_new(d, asker_of(cmd), granted, NULL, 0);
    a->a = cmd->u.fetch.id;
    a->b = cmd->u.fetch.part;
    ASK_DB(d, a, DB_RECORDING_FOR, VAL_B(token, SHA256_SIZE), VAL_I(d->steady), VAL_ID(a->a),
           VAL_I(RECORDING_RUNS));
}
