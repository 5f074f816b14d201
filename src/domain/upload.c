#include "domain/upload.h"

#include "base/mem.h"
#include "base/util.h"
#include "domain/account.h"
#include "domain/domain_int.h"
#include "domain/names.h"
#include "domain/user.h"

enum {
    UPLOADS_EACH = 16,            /* of one person at a time */
    SMALL_BYTES = 5 * 1024 * 1024 /* may be a picture of oneself, which counts as no file */
};

static struct upload *find_any(const struct domain *d, uint64_t id)
{
    for (struct hnode *it = hmap_first(&d->uploads, hash_u64(&d->hash_key, id)); it;
         it = hmap_next_same(it)) {
        struct upload *u = container_of(it, struct upload, by_id);
        if (u->id == id)
            return u;
    }
    return NULL;
}

struct upload *upload_find(struct domain *d, uint64_t user, uint64_t id)
{
    struct upload *u = find_any(d, id);
    return u && u->user == user && u->done ? u : NULL;
}

static void release(struct domain *d, struct upload *u)
{
    hmap_remove(&d->uploads, &u->by_id);
    list_del(&u->order);
    xfree(u->name);
    xfree(u);
}

void upload_take(struct domain *d, struct upload *u)
{
    release(d, u);
}

void upload_unlink(struct domain *d, struct disk_name name)
{
    ask_disk_and_forget(d, &(struct disk_request){.op = DISK_UNLINK, .name = name});
}

void upload_drop(struct domain *d, struct upload *u)
{
    upload_unlink(d, u->done ? upload_sealed(u->id) : upload_file(u->id));
    release(d, u);
}

/* What somebody has under way; all of it counts as if it were there. */
static void count(const struct domain *d, uint64_t user, unsigned *n, uint64_t *bytes)
{
    *n = 0;
    *bytes = 0;
    LIST_FOREACH(it, &d->uploads_order) {
        const struct upload *u = container_of(it, struct upload, order);
        if (u->user == user) {
            *n += 1;
            *bytes += u->size;
        }
    }
}

static struct upload *make(struct domain *d, uint64_t user, const struct cmd_upload *c)
{
    struct upload *u = xcalloc(1, sizeof *u);
    u->id = account_id(d);
    u->user = user;
    u->size = (uint64_t)c->size;
    u->until = d->now + d->cfg.upload_us;
    u->name = str_dup(c->name);
    u->name_bytes = (uint16_t)c->name.n;
    u->mime_n = (uint8_t)c->mime.n;
    if (c->mime.n)
        memcpy(u->mime, c->mime.p, c->mime.n);
    hmap_insert(&d->uploads, &u->by_id, hash_u64(&d->hash_key, u->id));
    list_push_back(&d->uploads_order, &u->order);
    return u;
}

/* Lists of files separate by control characters, and no name or type has any. */
static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < ' ' || s.p[i] == 127)
            return true;
    return false;
}

static void begin(struct domain *d, const struct asker *who, uint64_t user,
                  const struct cmd_upload *c)
{
    unsigned n;
    uint64_t bytes;
    count(d, user, &n, &bytes);
    if (n >= UPLOADS_EACH || bytes + (uint64_t)c->size > d->cfg.uploads_each_max) {
        reply_retry(d, who, CODE_STORE_FULL, 60000);
    } else if (d->uploads.n >= (size_t)d->cfg.max_sessions) {
        reply_retry(d, who, CODE_BUSY, 1000);
    } else {
        const struct upload *u = make(d, user, c);
        reply(d, who,
              &(struct event){.type = RESULT_UPLOAD,
                              .u.files.upload = {.upload = u->id, .size = (int64_t)u->size}});
    }
}

/* Of ask.data. */
struct wish {
    uint64_t user;
    struct cmd_upload c; /* its texts are in `text` */
    char text[UPLOAD_NAME_MAX * 4 + UPLOAD_MIME_MAX];
};

/* How much somebody has is known: is there room for one more? */
static void counted(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct wish *w = (const struct wish *)(void *)a->data;
    struct val sum;
    if (!db_row(answer->db, &sum, 1))
        reply_db(d, &a->who, answer->db->status);
    else if ((uint64_t)sum.i + (uint64_t)w->c.size > d->cfg.files_each_max)
        reply_error(d, &a->who, CODE_QUOTA_FULL);
    else
        begin(d, &a->who, w->user, &w->c);
}

/* A large one, which can only be a file: nobody should send it in vain. */
static void count_first(struct domain *d, const struct asker *who, uint64_t user,
                        const struct cmd_upload *c)
{
    struct ask *a = ask_new(d, *who, counted, NULL, sizeof(struct wish));
    struct wish *w = (struct wish *)(void *)a->data;
    w->user = user;
    w->c = *c;
    if (c->name.n)
        memcpy(w->text, c->name.p, c->name.n);
    if (c->mime.n)
        memcpy(w->text + c->name.n, c->mime.p, c->mime.n);
    w->c.name = str_of(w->text, c->name.n);
    w->c.mime = str_of(w->text + c->name.n, c->mime.n);
    ASK_DB(d, a, DB_ATTACHMENTS_SIZE, VAL_ID(user));
}

void upload_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_upload *c = &cmd->u.files.upload;
    struct asker who = asker_of(cmd);
    bool name_fine = names_file(c->name);
    if (!name_fine || has_control(c->mime))
        reply_bad(d, &who, name_fine ? "mime" : "name");
    else if ((uint64_t)c->size > d->cfg.upload_max)
        reply_wire_error(d, &who, &(struct wire_error){.code = CODE_TOO_LONG, .field = "size"});
    else if (c->size > SMALL_BYTES)
        count_first(d, &who, s->user->id, c);
    else
        begin(d, &who, s->user->id, c);
}

void upload_end_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    struct asker who = asker_of(cmd);
    struct upload *u = find_any(d, cmd->u.files.end.upload);
    if (!u || u->user != s->user->id) {
        reply_error(d, &who, CODE_UNKNOWN);
    } else {
        upload_drop(d, u);
        reply_ok(d, &who);
    }
}

/* ---- by HTTP ---- */

/* Somebody with that cookie wants to send upload `id`, or to know how much of it is there. */
void upload_grant(struct domain *d, uint64_t http, uint64_t user, uint64_t id)
{
    const struct upload *u = find_any(d, id);
    bool his = u && user != 0 && u->user == user;
    /* One that is done has all its bytes, and nothing can follow them. */
    struct file_grant g = {.name = his && u->done ? upload_sealed(id) : upload_file(id),
                           .size = his ? u->size : 0};
    emit_http_file(d, http, his ? &g : NULL);
}

static void reply_done(struct domain *d, const struct asker *who, const struct upload *u)
{
    int64_t size = (int64_t)u->size;
    reply(d, who,
          &(struct event){.type = RESULT_UPLOAD,
                          .u.files.upload = {.upload = u->id, .have = size, .size = size}});
}

/* a->a: the upload. */
static void sealed(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct upload *u = find_any(d, a->a);
    if (!u) { /* dropped meanwhile */
        upload_unlink(d, upload_sealed(a->a));
        reply_error(d, &a->who, CODE_UNKNOWN);
        return;
    }
    u->sealing = false;
    if (answer->disk->status != DISK_OK) {
        reply_disk(d, &a->who, answer->disk->status);
        return;
    }
    u->done = true;
    u->until = d->now + d->cfg.upload_us;
    list_del(&u->order);
    list_push_back(&d->uploads_order, &u->order);
    reply_done(d, &a->who, u);
}

/* All of it is written. Somebody may send it by two requests at once: the first that ends makes it what it is, and what
 * the other one has written goes. */
void upload_done(struct domain *d, const struct asker *who, uint64_t id)
{
    struct upload *u = find_any(d, id);
    if (!u || u->done) {
        upload_unlink(d, upload_file(id));
        if (u)
            reply_done(d, who, u);
        else
            reply_error(d, who, CODE_UNKNOWN);
        return;
    }
    if (u->sealing) {
        reply_retry(d, who, CODE_BUSY, 1000);
        return;
    }
    u->sealing = true;
    struct ask *a = ask_new(d, *who, sealed, NULL, 0);
    a->a = id;
    ask_disk(d, a,
             &(struct disk_request){
                 .op = DISK_RENAME, .name = upload_file(id), .to = upload_sealed(id)});
}

/* ---- time ---- */

int64_t upload_deadline(const struct domain *d)
{
    struct list *it = list_first(&d->uploads_order);
    return it ? container_of(it, struct upload, order)->until : INT64_MAX;
}

void upload_tick(struct domain *d)
{
    while (upload_deadline(d) <= d->now)
        upload_drop(d, container_of(list_first(&d->uploads_order), struct upload, order));
}

void upload_free_all(struct domain *d)
{
    HMAP_FOREACH_SAFE(it, &d->uploads)
        release(d, container_of(it, struct upload, by_id));
    hmap_free(&d->uploads);
    idset_free(&d->attaching);
    idset_free(&d->repainting);
}
