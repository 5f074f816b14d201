/* The picture of a person, or of a room that stays: two finished uploads, 96 and 512 pixels wide and high, that the browser has cut and encoded.
 * They are looked at, moved to their place under another stamp, and the row is written; then those of the stamp before go
 * and everybody's pages learn the new one. One change at a time. */
#include "base/picture.h"
#include "domain/account.h"
#include "domain/conv.h"
#include "domain/upload.h"

enum { SIZES = 2, KIND_BITS = 2 };

static const struct {
    uint32_t pixels;
    uint64_t bytes_max;
} sizes[SIZES] = {{96, 256 * 1024}, {512, 5 * 1024 * 1024}};

/* Of ask.data. */
struct change {
    uint64_t user; /* whose uploads they are */
    uint64_t room; /* 0: it is a picture of the user */
    uint64_t uploads[SIZES];
    unsigned at; /* which of them is being looked at, or moved */
    enum picture_kind kind;
    int64_t stamp;
};

static struct change *change_of(struct ask *a)
{
    return (struct change *)(void *)a->data;
}

enum picture_kind avatar_kind(int64_t stamp)
{
    return (enum picture_kind)(stamp & ((1 << KIND_BITS) - 1));
}

static uint64_t whose(const struct change *c)
{
    return c->room ? c->room : c->user;
}

void avatar_remove_files(struct domain *d, uint64_t id, int64_t stamp)
{
    for (unsigned i = 0; stamp && i < SIZES; i++)
        ask_disk_and_forget(
            d, &(struct disk_request){.op = DISK_UNLINK,
                                      .name = disk_avatar(id, stamp, sizes[i].pixels)});
}

static void tell(struct domain *d, const struct asker *who, const struct change *c)
{
    struct user *u = user_find(d, c->user);
    struct conv *room = conv_find(d, c->room);
    struct event e = {.type = c->room ? RESULT_ROOM_PICTURE : RESULT_AVATAR};
    if (c->room) {
        e.u.conv.picture = c->stamp;
        if (room)
            conv_show_all(d, room);
    } else {
        e.u.files.avatar.avatar = c->stamp;
        if (u) {
            u->avatar = c->stamp;
            presence_user_changed(d, u);
            account_tell(d, u->id);
        }
    }
    reply(d, who, &e);
}

static void stored(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct change *c = change_of(a);
    struct val before;
    idset_remove(&d->repainting, whose(c));
    if (answer->db->status != DB_OK) {
        avatar_remove_files(d, whose(c), c->stamp);
        if (answer->db->status == DB_REFUSED && c->room)
            reply_error(d, &a->who, CODE_CONV_UNKNOWN);
        else
            reply_db(d, &a->who, answer->db->status);
    } else {
        if (db_row(answer->db, &before, 1) && before.i != c->stamp)
            avatar_remove_files(d, whose(c), before.i);
        tell(d, &a->who, c);
    }
}

static void store(struct domain *d, struct ask *a)
{
    const struct change *c = change_of(a);
    a->then = stored;
    if (c->room)
        ASK_DB(d, a, DB_ROOM_PICTURE, VAL_ID(c->room), VAL_I(c->stamp));
    else
        ASK_DB(d, a, DB_AVATAR_SET, VAL_ID(c->user), VAL_I(c->stamp));
}

static void move(struct domain *d, struct ask *a);

static void moved(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct change *c = change_of(a);
    if (answer->disk->status != DISK_OK) {
        idset_remove(&d->repainting, whose(c));
        avatar_remove_files(d, whose(c), c->stamp);
        for (; c->at < SIZES; c->at++)
            upload_unlink(d, upload_sealed(c->uploads[c->at]));
        reply_disk(d, &a->who, answer->disk->status);
    } else if (++c->at < SIZES) {
        move(d, a);
    } else {
        store(d, a);
    }
}

static void move(struct domain *d, struct ask *a)
{
    struct change *c = change_of(a);
    a->then = moved;
    ask_disk(d, a,
             &(struct disk_request){.op = DISK_RENAME,
                                    .name = upload_sealed(c->uploads[c->at]),
                                    .to = disk_avatar(whose(c), c->stamp, sizes[c->at].pixels)});
}

/* Both are what they should be: they are this picture's now, if they are still there. */
static void take_both(struct domain *d, struct ask *a)
{
    struct change *c = change_of(a);
    struct upload *u[SIZES];
    for (unsigned i = 0; i < SIZES; i++) {
        u[i] = upload_find(d, c->user, c->uploads[i]);
        if (!u[i]) {
            idset_remove(&d->repainting, whose(c));
            reply_error(d, &a->who, CODE_BAD_PICTURE);
            return;
        }
    }
    for (unsigned i = 0; i < SIZES; i++)
        upload_take(d, u[i]);
    c->at = 0;
    c->stamp = d->wall << KIND_BITS | c->kind;
    move(d, a);
}

static void look(struct domain *d, struct ask *a);

static void looked(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct change *c = change_of(a);
    struct str data = answer->disk->data;
    struct picture p;
    enum disk_status status = answer->disk->status;
    if (status != DISK_OK && status != DISK_MISSING) {
        idset_remove(&d->repainting, whose(c));
        reply_disk(d, &a->who, status);
    } else if (!picture_look(data.p, data.n, &p) || p.kind > PICTURE_WEBP ||
               (c->kind && p.kind != c->kind) || p.width != sizes[c->at].pixels ||
               p.height != sizes[c->at].pixels) {
        idset_remove(&d->repainting, whose(c));
        reply_error(d, &a->who, CODE_BAD_PICTURE);
    } else {
        c->kind = p.kind;
        if (++c->at < SIZES)
            look(d, a);
        else
            take_both(d, a);
    }
}

static void look(struct domain *d, struct ask *a)
{
    struct change *c = change_of(a);
    a->then = looked;
    ask_disk(d, a,
             &(struct disk_request){
                 .op = DISK_READ, .name = upload_sealed(c->uploads[c->at]), .n = DISK_PIECE_MAX});
}

/* Looks at the uploads, if there are any. */
static void begin(struct domain *d, struct asker who, const struct change *c, bool none)
{
    for (unsigned i = 0; !none && i < SIZES; i++) {
        const struct upload *u = upload_find(d, c->user, c->uploads[i]);
        if (!u || u->size > sizes[i].bytes_max || (i && c->uploads[i] == c->uploads[0])) {
            reply_error(d, &who, CODE_BAD_PICTURE);
            return;
        }
    }
    if (!idset_add(&d->repainting, whose(c))) {
        reply_retry(d, &who, CODE_BUSY, 1000);
        return;
    }
    struct ask *a = ask_new(d, who, stored, c, sizeof *c);
    if (none)
        store(d, a);
    else
        look(d, a);
}

void avatar_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_avatar *want = &cmd->u.files.avatar;
    struct change c = {.user = s->user->id};
    struct asker who = asker_of(cmd);
    if (want->none == (want->upload != NULL)) {
        reply_bad(d, &who, "upload");
        return;
    }
    if (want->upload) {
        c.uploads[0] = want->upload->small;
        c.uploads[1] = want->upload->large;
    }
    begin(d, who, &c, want->none);
}

/* n[0]: 1 for a picture, its uploads in `seq` and `other`; -1: none any more; 0: neither or both were said. */
void room_do_picture(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                     struct conv_member *m)
{
    const struct conv_call *call = conv_call(a);
    struct change change = {.user = u->id, .room = c->id};
    (void)m;
    change.uploads[0] = (uint64_t)call->seq;
    change.uploads[1] = call->other;
    if (call->n[0] == 0)
        reply_bad(d, &a->who, "upload");
    else
        begin(d, a->who, &change, call->n[0] < 0);
}
