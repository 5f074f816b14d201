/* Files that go out: pictures of people, files of messages. The policy says whether this client may have it; the
 * bytes come from the disk thread piece by piece, the next one when the last has left, so that a slow reader holds
 * one piece. What people have sent is never shown as a page: only safe types of pictures are shown at all. */
#include <stdio.h>
#include <string.h>

#include "base/code.h"
#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

enum { FIELDS_MAX = 2048 };

void transfer_free(struct transfer *t)
{
    if (t != NULL)
        buf_free(&t->fields);
    xfree(t);
}

bool http_file_id(struct str path, uint64_t *id, struct str *rest)
{
    struct str text;

    if (str_split_once(path, '/', &text, rest) && rest->n == 0)
        return false;
    return b32_decode(text, id) && *id != 0;
}

void http_ask_grant(struct web_conn *c, enum fetch_what what)
{
    struct http_call *call = c->u.http->call;
    struct web_handlers *h = &c->web->h;
    struct cmd_fetch file = call->t->what;

    file.what = what;
    h->fetch(h->ctx,
             &(struct web_fetch){
                 .number = call->number, .file = file, .peer = &c->peer, .visitor = call->visitor},
             conn_now(c));
}

bool http_ask_disk(struct web_conn *c, struct disk_request rq)
{
    struct http_call *call = c->u.http->call;
    struct web_handlers *h = &c->web->h;

    rq.owner = DISK_OF_WEB;
    rq.number = call->number;
    rq.name = call->t->name;
    c->u.http->phase = HTTP_WAIT;
    stream_deadline(c->s, conn_now(c) + c->web->conf->call_us);
    return h->disk(h->ctx, &rq);
}

/* ---- the request ----------------------------------------------------------------------------- */

/* "0001-camera.webm", exactly as it is called. */
static bool read_recording_file(struct str name, uint32_t *part)
{
    char exact[DISK_RECORDING_NAME];
    unsigned number = 0;

    *part = 0;
    if (str_eq(name, STR("manifest.json")))
        return true;
    for (size_t i = 0; i < 4 && i < name.n; i++) {
        if (name.p[i] < '0' || name.p[i] > '9')
            return false;
        number = number * 10 + (unsigned)(name.p[i] - '0');
    }
    for (unsigned k = 0; number > 0 && k < 2 * DISK_RECORDING_KINDS; k++) {
        *part = disk_recording_part(number, k / 2, k % 2);
        disk_recording_file(*part, exact);
        if (str_eq(name, str_from(exact)))
            return true;
    }
    return false;
}

static bool read_recording(struct str path, struct cmd_fetch *what)
{
    struct str name;

    what->what = FETCH_RECORDING;
    return http_file_id(path, &what->id, &name) && read_recording_file(name, &what->part);
}

static bool read_path(struct str path, struct cmd_fetch *what)
{
    struct str rest, avatar = STR("/api/avatar/"), recording = STR("/api/recording/");
    bool picture = str_starts(path, avatar);

    if (str_starts(path, recording))
        return read_recording(str_skip(path, recording.n), what);

    if (!http_file_id(str_skip(path, picture ? avatar.n : strlen("/api/file/")), &what->id, &rest))
        return false;
    what->what = picture ? FETCH_AVATAR : FETCH_FILE;
    what->part = str_eq(rest, STR("512")) ? 512 : str_eq(rest, STR("96")) ? 96 : 0;
    if (picture)
        return what->part != 0;
    what->part = str_eq(rest, STR("thumb"));
    return rest.n == 0 || what->part == 1;
}

/* What is too long to be a good one is left out: it only saves work. */
static void keep(const struct http1_request *req, struct str name, char out[MATCH_MAX])
{
    if (http1_field_count(req, name) == 1)
        str_copy(http1_field(req, name), out, MATCH_MAX);
}

void http_file_begin(struct web_conn *c, const struct http1_request *req)
{
    struct cmd_fetch what = {.what = FETCH_FILE};
    struct http_call *call;
    struct transfer *t;

    if (!read_path(req->path, &what)) {
        http_reply_status(c, req, 404);
        return;
    }
    call = http_call_new(c, req, CALL_GET);
    call->t = t = xcalloc(1, sizeof *t);
    buf_init(&t->fields, FIELDS_MAX);
    t->what = what;
    keep(req, STR("range"), t->range);
    keep(req, STR("if-range"), t->if_range);
    keep(req, STR("if-none-match"), t->match);
    if (http_call_wait(c, call))
        http_ask_grant(c, what.what);
}

/* ---- the policy has said yes ----------------------------------------------------------------- */

/* Types that nothing runs in, and that browsers know by their first bytes. */
static bool shown(struct str type)
{
    static const struct str safe[] = {STR_INIT("image/png"), STR_INIT("image/jpeg"),
                                      STR_INIT("image/webp"), STR_INIT("image/gif")};

    for (size_t i = 0; i < ARRAY_LEN(safe); i++)
        if (str_eq(type, safe[i]))
            return true;
    return false;
}

/* RFC 8187: any name as ASCII. */
static void put_filename(struct buf *b, struct str name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    buf_puts(b, "; filename*=UTF-8''");
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] != '\0' && strchr(plain, name.p[i]) != NULL)
            buf_u8(b, (uint8_t)name.p[i]);
        else
            buf_putf(b, "%%%02X", (unsigned char)name.p[i]);
    }
}

static void describe(struct transfer *t, const struct file_grant *g)
{
    struct buf *b = &t->fields;

    t->name = g->name;
    t->inlined = shown(g->type);
    t->fresh = g->as_said;
    if ((!t->inlined && !g->as_said) || !str_copy(g->type, t->type, sizeof t->type))
        snprintf(t->type, sizeof t->type, "application/octet-stream");
    snprintf(t->etag, sizeof t->etag, "\"%llx-%llx-%llx\"", (unsigned long long)g->name.id,
             (unsigned long long)g->name.part, (unsigned long long)g->stamp);
    buf_puts(b, "Content-Security-Policy: sandbox; default-src 'none'\r\n"
                "Cross-Origin-Resource-Policy: same-origin\r\nContent-Disposition: ");
    buf_puts(b, t->inlined ? "inline" : "attachment");
    if (g->filename.n > 0)
        put_filename(b, str_head(g->filename, 255));
    buf_puts(b, "\r\n");
}

static struct reply reply_of(const struct transfer *t)
{
    return (struct reply){
        .status = 200,
        .type = t->type,
        .cache = t->fresh ? "private, no-cache" : "private, max-age=31536000, immutable",
        .etag = str_from(t->etag),
        .extra = buf_str(&t->fields),
        .ranges = true,
    };
}

static bool wants_range(const struct web_conn *c, const struct transfer *t)
{
    return t->range[0] != '\0' && !c->u.http->head_only &&
           (t->if_range[0] == '\0' || strcmp(t->if_range, t->etag) == 0);
}

void http_file_granted(struct web_conn *c, const struct file_grant *g)
{
    struct transfer *t = c->u.http->call->t;
    uint32_t n;

    describe(t, g);
    /* The size alone, when it decides what is read. */
    n = wants_range(c, t) || c->u.http->head_only ? 0 : DISK_PIECE_MAX;
    if (t->match[0] != '\0' && http_etag_known(str_from(t->match), str_from(t->etag), STR_NONE)) {
        struct reply r = reply_of(t);

        r.status = 304;
        r.type = NULL;
        t->begun = true; /* and t->at == t->end */
        http_reply(c, NULL, &r);
    } else if (!http_ask_disk(c, (struct disk_request){.op = DISK_READ, .n = n})) {
        http_call_fail(c, 503, "busy");
    }
}

/* ---- the bytes ------------------------------------------------------------------------------- */

static void begin_answer(struct web_conn *c, struct transfer *t, uint64_t size)
{
    struct reply r = reply_of(t);
    uint64_t first = 0, last = size - 1;
    enum http_range range = wants_range(c, t) ? http_range(str_from(t->range), size, &first, &last)
                                              : RANGE_NONE;

    r.full = size;
    t->at = t->end = 0;
    if (range == RANGE_BAD) {
        r.status = 416;
    } else if (range == RANGE_ONE) {
        r.status = 206;
        r.first = t->at = first;
        t->end = last + 1;
    } else {
        t->end = size;
    }
    r.later = true;
    r.length = t->end - t->at;
    t->begun = true;
    if (c->u.http->head_only)
        t->at = t->end;
    http_reply(c, NULL, &r);
}

static void refuse(struct web_conn *c, enum disk_status status)
{
    if (c->u.http->call->t->begun)
        stream_close(c->s, STREAM_ERROR); /* what was promised cannot be sent */
    else if (status == DISK_MISSING)
        http_call_fail(c, 404, "unknown");
    else if (status == DISK_BUSY)
        http_call_fail(c, 503, "busy");
    else
        http_call_fail(c, 500, "internal");
}

void http_file_read(struct web_conn *c, const struct disk_answer *a)
{
    struct http_state *h = c->u.http;
    struct transfer *t = h->call->t;

    if (a->status != DISK_OK || (t->begun && a->data.n == 0)) {
        refuse(c, a->status);
        return;
    }
    if (!t->begun)
        begin_answer(c, t, a->size);
    if (a->data.n > 0 && t->at < t->end) {
        struct str piece = str_head(a->data, (size_t)MIN_OF(t->end - t->at, DISK_PIECE_MAX));

        t->at += piece.n;
        h->phase = HTTP_SEND;
        c->progress_at = conn_now(c);
        stream_deadline(c->s, c->progress_at + c->web->conf->write_us);
        conn_put(c, piece.p, piece.n);
    }
}

bool http_file_more(struct web_conn *c)
{
    const struct http_call *call = c->u.http->call;
    const struct transfer *t = call != NULL && call->kind == CALL_GET ? call->t : NULL;
    struct disk_request rq = {.op = DISK_READ};

    if (t == NULL || t->at == t->end)
        return false;
    rq.at = t->at;
    rq.n = (uint32_t)MIN_OF(t->end - t->at, DISK_PIECE_MAX);
    if (!http_ask_disk(c, rq))
        stream_close(c->s, STREAM_LIMIT);
    return true;
}

/* ---- answers, for this file and the next ----------------------------------------------------- */

void web_file_grant(struct web *w, uint64_t number, const struct file_grant *g)
{
    struct http_call *call = http_call_find(w, number);

    if (call == NULL || call->kind == CALL_VERB)
        return;
    if (g == NULL)
        http_call_fail(call->conn, 404, "unknown");
    else if (call->kind == CALL_GET)
        http_file_granted(call->conn, g);
    else
        http_upload_granted(call->conn, g);
}

void web_disk(struct web *w, const struct disk_answer *a)
{
    struct http_call *call = http_call_find(w, a->number);

    if (call == NULL || call->conn->u.http->phase != HTTP_WAIT)
        return; /* the client has gone, or was sent away */
    if (call->kind == CALL_GET)
        http_file_read(call->conn, a);
    else
        http_upload_disk(call->conn, a);
}
