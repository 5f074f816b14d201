/* Files of messages: a finished upload, perhaps with a small picture of it, becomes a file of its owner's, which a message
 * may then have with it (`send`). The file has the id of its upload: who asks again, since the answer was lost, hears of the
 * same file. What no message has after a day goes again. What kind of file it is the server sees by its
 * first bytes: what is called a picture and is none is only a file. */
#include "base/picture.h"
#include "domain/account.h"
#include "domain/upload.h"

enum { THUMB_PIXELS = 1024, THUMB_BYTES = 512 * 1024, UNSENT_MS = 24 * 3600 * 1000, TIDY = 100 };
enum { FILES = 2 }; /* itself, and the small picture */

/* Of ask.data. */
struct attaching {
    uint64_t user;
    uint64_t uploads[FILES]; /* the second one 0: none */
    struct picture pictures[FILES];
    uint64_t size;
    unsigned at;
    unsigned mime_n, name_n;
    char mime[UPLOAD_MIME_MAX];
    char name[UPLOAD_NAME_MAX * 4];
};

static struct attaching *attaching_of(struct ask *a)
{
    return (struct attaching *)(void *)a->data;
}

static unsigned n_files(const struct attaching *c)
{
    return c->uploads[1] ? 2 : 1;
}

static void remove_files(struct domain *d, uint64_t file)
{
    for (uint32_t part = 0; part < FILES; part++)
        ask_disk_and_forget(
            d, &(struct disk_request){.op = DISK_UNLINK, .name = {DISK_FILE, file, part}});
}

static uint64_t file_of(const struct attaching *c)
{
    return c->uploads[0];
}

/* ---- the last steps first; before each answer it ends ---- */

static void end(struct domain *d, const struct attaching *c)
{
    idset_remove(&d->attaching, c->uploads[0]);
}

static void added(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct attaching *c = attaching_of(a);
    end(d, c);
    if (answer->db->status == DB_OK) {
        reply(d, &a->who,
              &(struct event){.type = RESULT_ATTACH,
                              .u.files.attach = {
                                  .file = file_of(c),
                                  .size = (int64_t)c->size,
                                  .mime = str_of(c->mime, c->mime_n),
                                  .width = c->pictures[0].width,
                                  .height = c->pictures[0].height,
                                  .thumb = c->pictures[1].kind != PICTURE_NONE,
                              }});
        return;
    }
    remove_files(d, file_of(c));
    reply_refused(d, &a->who, answer->db->status, CODE_QUOTA_FULL);
}

static void add(struct domain *d, struct ask *a)
{
    const struct attaching *c = attaching_of(a);
    a->then = added;
    ASK_DB(d, a, DB_ATTACHMENT_ADD, VAL_ID(file_of(c)), VAL_ID(c->user),
           VAL_T(str_of(c->name, c->name_n)), VAL_T(str_of(c->mime, c->mime_n)),
           VAL_I((int64_t)c->size), VAL_I(c->pictures[0].width), VAL_I(c->pictures[0].height),
           VAL_I(c->pictures[1].kind), VAL_I(d->steady), VAL_I(d->steady + UNSENT_MS),
           VAL_I((int64_t)d->cfg.files_each_max));
}

static void move(struct domain *d, struct ask *a);

static void moved(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct attaching *c = attaching_of(a);
    if (answer->disk->status != DISK_OK) {
        end(d, c);
        remove_files(d, file_of(c));
        for (; c->at < n_files(c); c->at++)
            upload_unlink(d, upload_sealed(c->uploads[c->at]));
        reply_disk(d, &a->who, answer->disk->status);
    } else if (++c->at < n_files(c)) {
        move(d, a);
    } else {
        add(d, a);
    }
}

static void move(struct domain *d, struct ask *a)
{
    struct attaching *c = attaching_of(a);
    a->then = moved;
    ask_disk(d, a,
             &(struct disk_request){.op = DISK_RENAME,
                                    .name = upload_sealed(c->uploads[c->at]),
                                    .to = {DISK_FILE, file_of(c), c->at}});
}

/* What the first bytes say counts more than what the client says. */
static void take_type(struct attaching *c, const struct upload *u)
{
    struct str mime = str_of(u->mime, u->mime_n);
    if (c->pictures[0].kind)
        mime = str_from(picture_type(c->pictures[0].kind));
    else if (mime.n == 0 || str_starts_nocase(mime, STR("image/")))
        mime = STR("application/octet-stream");
    c->mime_n = (unsigned)mime.n;
    memcpy(c->mime, mime.p, mime.n);
    c->name_n = u->name_bytes;
    if (u->name_bytes)
        memcpy(c->name, u->name, u->name_bytes);
}

static void take(struct domain *d, struct ask *a)
{
    struct attaching *c = attaching_of(a);
    struct upload *u[FILES] = {upload_find(d, c->user, c->uploads[0]), NULL};
    u[1] = c->uploads[1] ? upload_find(d, c->user, c->uploads[1]) : NULL;
    if (!u[0] || (c->uploads[1] && !u[1])) { /* it was dropped meanwhile */
        end(d, c);
        reply_error(d, &a->who, CODE_UNKNOWN);
        return;
    }
    take_type(c, u[0]);
    c->size = u[0]->size;
    upload_take(d, u[0]);
    if (u[1])
        upload_take(d, u[1]);
    c->at = 0;
    move(d, a);
}

static void look(struct domain *d, struct ask *a);

static void looked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct attaching *c = attaching_of(a);
    struct picture *p = &c->pictures[c->at];
    if (answer->disk->status != DISK_OK) {
        end(d, c);
        reply_disk(d, &a->who, answer->disk->status);
        return;
    }
    picture_look(answer->disk->data.p, answer->disk->data.n, p);
    if (c->at == 1 && (!p->kind || p->width > THUMB_PIXELS || p->height > THUMB_PIXELS)) {
        end(d, c);
        reply_error(d, &a->who, CODE_BAD_PICTURE);
    } else if (++c->at < n_files(c)) {
        look(d, a);
    } else {
        take(d, a);
    }
}

static void look(struct domain *d, struct ask *a)
{
    struct attaching *c = attaching_of(a);
    a->then = looked;
    ask_disk(d, a,
             &(struct disk_request){
                 .op = DISK_READ, .name = upload_sealed(c->uploads[c->at]), .n = DISK_PIECE_MAX});
}

/* There is no such upload: was this file of `user` made of it before? */
static void made(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[5]; /* size mime width height thumb */
    if (answer->db->status != DB_OK)
        reply_db(d, &a->who, answer->db->status);
    else if (!db_row(answer->db, row, 5))
        reply_error(d, &a->who, CODE_UNKNOWN);
    else
        reply(d, &a->who,
              &(struct event){.type = RESULT_ATTACH,
                              .u.files.attach = {
                                  .file = a->a,
                                  .size = row[0].i,
                                  .mime = row[1].s,
                                  .width = row[2].i,
                                  .height = row[3].i,
                                  .thumb = row[4].i != PICTURE_NONE,
                              }});
}

static void ask_made(struct domain *d, const struct asker *who, uint64_t user, uint64_t file)
{
    struct ask *a = ask_new(d, *who, made, NULL, 0);
    a->a = file;
    ASK_DB(d, a, DB_ATTACHMENT_MADE, VAL_ID(file), VAL_ID(user), VAL_I(d->steady));
}

void attach_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_attach *q = &cmd->u.files.attach;
    struct attaching c = {.user = s->user->id, .uploads = {q->upload, q->thumb}};
    struct asker who = asker_of(cmd);
    const struct upload *thumb = q->thumb ? upload_find(d, c.user, q->thumb) : NULL;
    if (q->thumb == q->upload)
        reply_error(d, &who, CODE_UNKNOWN);
    else if (idset_has(&d->attaching, q->upload))
        reply_retry(d, &who, CODE_BUSY, 1000);
    else if (!upload_find(d, c.user, q->upload))
        ask_made(d, &who, c.user, q->upload);
    else if (q->thumb && (!thumb || thumb->size > THUMB_BYTES))
        reply_error(d, &who, CODE_BAD_PICTURE);
    else {
        idset_add(&d->attaching, q->upload);
        look(d, ask_new(d, who, looked, &c, sizeof c));
    }
}

/* ---- what no message has, and what is old ---- */

static void tidied(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct db_rows rows = db_rows_of(answer->db->rows);
    struct val id;
    (void)a;
    while (db_rows_next(&rows, &id, 1)) {
        remove_files(d, val_id(&id));
        ASK_AND_FORGET(d, DB_ATTACHMENT_REMOVE, VAL_ID(val_id(&id)), VAL_I(d->steady));
    }
}

/* The bytes first: should the rest not come about, the next round does it again. */
static void emptied(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct db_rows rows = db_rows_of(answer->db->rows);
    struct val id;
    (void)a;
    while (db_rows_next(&rows, &id, 1)) {
        remove_files(d, val_id(&id));
        ASK_AND_FORGET(d, DB_ATTACHMENT_EMPTY, VAL_ID(val_id(&id)));
    }
}

void attach_tidy(struct domain *d)
{
    if (d->cfg.files_ms > 0)
        ASK_DB(d, ask_new(d, (struct asker){0}, emptied, NULL, 0), DB_ATTACHMENTS_OLD,
               VAL_I(d->steady - d->cfg.files_ms), VAL_I(TIDY));
    ASK_DB(d, ask_new(d, (struct asker){0}, tidied, NULL, 0), DB_ATTACHMENTS_OVER, VAL_I(d->steady),
           VAL_I(TIDY));
}
