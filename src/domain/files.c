/* Files by HTTP: who may have, or send, which. Whatever the reason, who may not hears the same: there is none. */
#include "domain/domain_int.h"
#include "domain/record.h"
#include "domain/upload.h"

static const struct file_grant *const no_file = NULL;

static bool none(struct domain *d, const struct ask *a, const struct ask_answer *answer)
{
    if (answer->db->status == DB_OK && answer->db->rows.n > 0)
        return false;
    if (answer->db->status == DB_BUSY)
        reply_db(d, &a->who, answer->db->status);
    else
        emit_http_file(d, a->who.http, no_file);
    return true;
}

static void avatar_answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[1];
    if (none(d, a, answer) || !db_row(answer->db, row, 1))
        return;
    struct file_grant g = {
        .name = disk_avatar(a->a, row[0].i, (uint32_t)a->b),
        .type = str_from(picture_type(avatar_kind(row[0].i))),
        .stamp = (uint64_t)row[0].i,
    };
    emit_http_file(d, a->who.http, &g);
}

static void file_answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[4]; /* name, mime, size, thumb */
    if (none(d, a, answer) || !db_row(answer->db, row, 4))
        return;
    bool thumb = a->b == 1;
    struct file_grant g = {
        .name = {.area = DISK_FILE, .id = a->a, .part = (uint32_t)a->b},
        .type = thumb ? str_from(picture_type((enum picture_kind)row[3].i)) : row[1].s,
        .filename = thumb ? STR_NONE : row[0].s,
    };
    emit_http_file(d, a->who.http, thumb && row[3].i == 0 ? no_file : &g);
}

static void upload_answered(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct val row[2]; /* key, user */
    if (!none(d, a, answer) && db_row(answer->db, row, 2))
        upload_grant(d, a->who.http, val_id(&row[1]), a->a);
}

void files_fetch(struct domain *d, struct session *s, const struct cmd *cmd)
{
    const struct cmd_fetch *f = &cmd->u.fetch;
    struct asker who = asker_of(cmd);
    uint8_t token[SHA256_SIZE];
    (void)s;
    if (f->what == FETCH_UPLOADED) { /* it was granted before, to this very request */
        upload_done(d, &who, f->id);
        return;
    }
    if (cmd->cookie.n == 0) {
        emit_http_file(d, who.http, no_file);
        return;
    }
    sha256(cmd->cookie.p, cmd->cookie.n, token);
    ask_then *then = f->what == FETCH_AVATAR ? avatar_answered
                     : f->what == FETCH_FILE ? file_answered
                                             : upload_answered;
    if (f->what == FETCH_RECORDING) {
        recording_fetch(d, cmd, token);
        return;
    }
    struct ask *a = ask_new(d, who, then, NULL, 0);
    a->a = f->id;
    a->b = f->part;
    if (f->what == FETCH_AVATAR)
        ASK_DB(d, a, DB_AVATAR_FOR, VAL_B(token, sizeof token), VAL_I(d->steady), VAL_ID(f->id));
    else if (f->what == FETCH_FILE)
        ASK_DB(d, a, DB_ATTACHMENT_FOR, VAL_B(token, sizeof token), VAL_I(d->steady),
               VAL_ID(f->id));
    else
        ASK_DB(d, a, DB_WEB_SESSION_WHO, VAL_B(token, sizeof token), VAL_I(d->steady));
}
