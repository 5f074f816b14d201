/* What somebody has on this server, as a file for themselves: JSON, since that is what people can take elsewhere. Read
 * page by page, written piece by piece; then it is a file of theirs for a day. */
#include "domain/account.h"
#include "domain/conv.h"
#include "domain/upload.h"

enum {
    CONVS_AT_ONCE = 100,
    MESSAGES_AT_ONCE = 50,
    TEXT_MAX = 4 << 20,
    KEPT_MS = 24 * 3600 * 1000,
    ANOTHER_AFTER_MS = 5000
};
enum { CONV_ROW = 7, MESSAGE_ROW = 8 };

/* Of ask.data. */
struct exporting {
    struct user *of; /* held, and marked, until it is over */
    uint64_t user, file, size;
    int64_t after;
    int64_t until; /* how long the file is kept */
    bool messages; /* conversations are done */
    bool some;     /* something stands in the list already */
    bool over;
};

static struct exporting *exporting_of(struct ask *a)
{
    return (struct exporting *)(void *)a->data;
}

/* ---- JSON ---- */

static void put_text(struct buf *b, struct str s)
{
    buf_puts(b, "\"");
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '"' || c == '\\')
            buf_u8(b, '\\');
        if (c < ' ')
            buf_putf(b, "\\u%04x", c);
        else
            buf_u8(b, c);
    }
    buf_puts(b, "\"");
}

static void put_key(struct buf *b, const char *key, struct str text)
{
    if (text.p) {
        buf_putf(b, ",\"%s\":", key);
        put_text(b, text);
    }
}

static void put_number(struct buf *b, const char *key, const struct val *v)
{
    if (v->kind == VAL_INT)
        buf_putf(b, ",\"%s\":%lld", key, (long long)v->i);
}

static void put_id(struct buf *b, const char *key, uint64_t id)
{
    char text[B32_SIZE];
    b32_encode(text, id);
    buf_putf(b, "\"%s\":\"%s\"", key, text);
}

static void put_conv(struct buf *b, const struct val row[CONV_ROW])
{
    static const char *const roles[] = {"member", "moderator", "owner"};
    buf_puts(b, "{");
    put_id(b, "conv", val_id(&row[0]));
    put_key(b, "kind", row[1].i ? STR("room") : STR("direct"));
    if (row[1].i) {
        put_key(b, "title", row[2].s);
        put_key(b, "topic", row[3].s);
        put_key(b, "role", str_from(roles[MIN_OF(MAX_OF(row[4].i, 0), 2)]));
    }
    put_number(b, "joined", &row[5]);
    put_key(b, "with", row[6].s);
    buf_puts(b, "}");
}

static void put_message(struct buf *b, const struct val row[MESSAGE_ROW])
{
    buf_puts(b, "{");
    put_id(b, "conv", val_id(&row[1]));
    put_number(b, "seq", &row[2]);
    put_number(b, "time", &row[3]);
    put_key(b, "text", row[4].s);
    put_number(b, "reply", &row[5]);
    put_number(b, "edited", &row[6]);
    put_number(b, "deleted", &row[7]);
    buf_puts(b, "}");
}

/* ---- the file ---- */

static void next_page(struct domain *d, struct ask *a);

static void drop_file(struct domain *d, const struct exporting *x)
{
    ask_disk_and_forget(d,
                        &(struct disk_request){.op = DISK_UNLINK, .name = {DISK_FILE, x->file, 0}});
}

/* It is over, either way; another one may begin. */
static void done(struct domain *d, struct ask *a)
{
    struct exporting *x = exporting_of(a);
    x->of->exporting = false;
    user_drop(d, x->of);
    x->of = NULL;
}

static void failed(struct domain *d, struct ask *a)
{
    drop_file(d, exporting_of(a));
    done(d, a);
}

static void added(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct exporting *x = exporting_of(a);
    if (answer->db->status == DB_OK) {
        struct event e = {.type = RESULT_EXPORT};
        e.u.conv.exported.file = x->file;
        e.u.conv.exported.size = (int64_t)x->size;
        e.u.conv.exported.expires_ms = x->until;
        reply(d, &a->who, &e);
        done(d, a);
        return;
    }
    failed(d, a);
    if (answer->db->status == DB_REFUSED)
        reply_retry(d, &a->who, CODE_STORE_FULL, 60000);
    else
        reply_db(d, &a->who, answer->db->status);
}

static void written(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    const struct exporting *x = exporting_of(a);
    if (answer->disk->status != DISK_OK) {
        failed(d, a);
        reply_disk(d, &a->who, answer->disk->status);
    } else if (!x->over) {
        next_page(d, a);
    } else {
        a->then = added;
        exporting_of(a)->until = d->steady + KEPT_MS;
        ASK_DB(d, a, DB_ATTACHMENT_ADD, VAL_ID(x->file), VAL_ID(x->user), VAL_T(STR("madang.json")),
               VAL_T(STR("application/json")), VAL_I((int64_t)x->size), VAL_I(0), VAL_I(0),
               VAL_I(0), VAL_I(d->wall), VAL_I(x->until), VAL_I((int64_t)d->cfg.files_each_max));
    }
}

/* In pieces: one that fails makes the next ones fail, since they would begin beyond the end. */
static void write_out(struct domain *d, struct ask *a, struct str text)
{
    struct exporting *x = exporting_of(a);
    bool last = false;
    a->then = written;
    while (!last) {
        struct str piece = str_head(text, DISK_PIECE_MAX);
        struct disk_request rq = {
            .op = DISK_WRITE, .name = {DISK_FILE, x->file, 0}, .at = x->size, .data = piece};
        x->size += piece.n;
        text = str_skip(text, piece.n);
        last = text.n == 0;
        if (last)
            ask_disk(d, a, &rq);
        else
            ask_disk_and_forget(d, &rq);
    }
}

static void page_read(struct domain *d, struct ask *a, const struct ask_answer *answer)
{
    struct exporting *x = exporting_of(a);
    struct db_rows it = db_rows_of(answer->db->rows);
    struct val row[MESSAGE_ROW];
    struct buf b;
    int n = 0;
    if (answer->db->status != DB_OK) {
        failed(d, a);
        reply_db(d, &a->who, answer->db->status);
        return;
    }
    buf_init(&b, TEXT_MAX);
    while (db_rows_next(&it, row, x->messages ? MESSAGE_ROW : CONV_ROW)) {
        buf_puts(&b, x->some ? ",\n" : "\n");
        if (x->messages)
            put_message(&b, row);
        else
            put_conv(&b, row);
        x->after = row[0].i;
        x->some = true;
        n++;
    }
    if (n < (x->messages ? MESSAGES_AT_ONCE : CONVS_AT_ONCE)) {
        buf_puts(&b, x->messages ? "]}\n" : "],\n\"messages\":[");
        x->over = x->messages;
        x->messages = true;
        x->some = false;
        x->after = INT64_MIN;
    }
    write_out(d, a, buf_str(&b));
    buf_free(&b);
}

static void next_page(struct domain *d, struct ask *a)
{
    const struct exporting *x = exporting_of(a);
    a->then = page_read;
    ASK_DB(d, a, x->messages ? DB_EXPORT_MESSAGES : DB_EXPORT_CONVS, VAL_ID(x->user),
           VAL_I(x->after), VAL_I(x->messages ? MESSAGES_AT_ONCE : CONVS_AT_ONCE));
}

void export_request(struct domain *d, struct session *s, const struct cmd *cmd)
{
    if (s->user->exporting) {
        emit_retry(d, s, cmd->id, CODE_RATE, ANOTHER_AFTER_MS);
        return;
    }
    struct exporting x = {
        .of = user_hold(s->user), .user = s->user->id, .file = account_id(d), .after = INT64_MIN};
    s->user->exporting = true;
    struct ask *a = ask_new(d, asker_of(cmd), NULL, &x, sizeof x);
    struct val created = VAL_I(s->user->created_ms);
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_puts(&b, "{\"account\":{");
    put_id(&b, "user", s->user->id);
    put_key(&b, "name", user_name(s->user));
    put_key(&b, "display", user_display(s->user));
    put_number(&b, "created", &created);
    buf_puts(&b, "},\n\"conversations\":[");
    write_out(d, a, buf_str(&b));
    buf_free(&b);
}
