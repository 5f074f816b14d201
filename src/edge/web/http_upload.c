/* Files that come in: PUT /api/upload/ID with Content-Range, of an upload that the policy knows. The body goes to
 * the disk thread in pieces, and the next one is read when the last is written: a fast sender waits. What was written
 * stays when the connection breaks; HEAD says how much, and a PUT goes on there. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

/* ---- the request ----------------------------------------------------------------------------- */

/* "bytes A-B/TOTAL" (RFC 9110, 14.4) of as many bytes as the body has; without it the body is the whole. */
static bool read_range(const struct http1_request *req, struct transfer *t)
{
    struct str value = http1_field(req, STR("content-range")), range, total, from, to;
    uint64_t last;

    t->first = 0;
    t->total = req->length;
    if (value.p == NULL)
        return req->length > 0;
    return http1_field_count(req, STR("content-range")) == 1 && str_starts(value, STR("bytes ")) &&
           str_split_once(str_skip(value, 6), '/', &range, &total) &&
           str_split_once(range, '-', &from, &to) && str_to_u64(from, INT64_MAX, &t->first) &&
           str_to_u64(to, INT64_MAX, &last) && str_to_u64(total, INT64_MAX, &t->total) &&
           last >= t->first && last < t->total && last - t->first + 1 == req->length;
}

static int check_put(struct web_conn *c, const struct http1_request *req, struct transfer *t)
{
    if (http_refuse_stranger(c, req) != 0)
        return 403;
    if (req->chunked || !req->has_length)
        return 411;
    if (!read_range(req, t))
        return 400;
    return t->total > c->web->conf->upload_max ? 413 : 0;
}

void http_upload_begin(struct web_conn *c, const struct http1_request *req)
{
    struct str path = str_skip(req->path, strlen("/api/upload/")), rest;
    struct cmd_fetch what = {.what = FETCH_UPLOAD};
    bool put = req->method == HTTP1_PUT;
    struct transfer *t = xcalloc(1, sizeof *t);
    int status = http_file_id(path, &what.id, &rest) && rest.n == 0 ? 0 : 404;
    struct http_call *call;

    if (status == 0 && put)
        status = check_put(c, req, t);
    if (status == 0 && put)
        status = -http1_body_init(&c->u.http->body, req, c->web->conf->upload_max);
    if (status != 0) {
        xfree(t);
        c->u.http->close |= put;
        http_reply_status(c, req, status);
        return;
    }
    call = http_call_new(c, req, put ? CALL_PUT : CALL_LOOK);
    call->t = t;
    buf_init(&t->fields, 256);
    t->what = what;
    t->expects = req->expect_continue;
    if (http_call_wait(c, call))
        http_ask_grant(c, FETCH_UPLOAD);
}

/* The policy knows it: how much is there? Only here a file is made, by writing nothing: when the upload is dropped
 * or taken later, what is still on its way must not make another one that nobody counts. */
void http_upload_granted(struct web_conn *c, const struct file_grant *g)
{
    const struct http_call *call = c->u.http->call;
    struct transfer *t = call->t;

    t->name = g->name;
    t->end = g->size;
    bool put = call->kind == CALL_PUT;
    struct disk_request rq = {.op = put ? DISK_WRITE : DISK_READ, .room = put ? g->size : 0};
    if (!http_ask_disk(c, rq))
        http_call_fail(c, 503, "busy");
}

/* ---- answers --------------------------------------------------------------------------------- */

/* {"have":N,"size":M}, and the same in fields for HEAD. */
static void answer(struct web_conn *c, int status)
{
    const struct http_call *call = c->u.http->call;
    const struct transfer *t = call->t;
    char json[80], fields[120];
    struct reply r = {.status = status, .type = "application/json"};
    unsigned long long have = t->at, size = t->end;

    r.body = str_of(
        json, (size_t)snprintf(json, sizeof json, "{\"have\":%llu,\"size\":%llu}", have, size));
    r.extra = str_of(fields, (size_t)snprintf(fields, sizeof fields,
                                              "Upload-Offset: %llu\r\nUpload-Length: %llu\r\n",
                                              have, size));
    c->u.http->close |= call->kind == CALL_PUT && !http1_body_done(&c->u.http->body);
    http_call_free(c);
    http_reply(c, NULL, &r);
}

static void refuse(struct web_conn *c, enum disk_status status)
{
    if (status == DISK_FULL)
        http_call_fail(c, 503, "store_full");
    else if (status == DISK_BUSY)
        http_call_fail(c, 503, "store_busy");
    else if (status == DISK_MISSING)
        http_call_fail(c, 404, "unknown");
    else
        http_call_fail(c, 500, "internal");
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void want_body(struct web_conn *c)
{
    struct http_state *h = c->u.http;

    h->phase = HTTP_PIECES;
    stream_deadline(c->s, conn_now(c) + c->web->conf->body_us);
    if (c->s->paused)
        stream_resume(c->s);
}

/* How much is there is known: may the body begin? */
static void begin_body(struct web_conn *c, uint64_t have)
{
    struct http_call *call = c->u.http->call;
    struct transfer *t = call->t;

    t->at = have;
    if (call->kind == CALL_LOOK) {
        answer(c, 200);
    } else if (t->first != have || t->total != t->end) {
        answer(c, 409); /* and how much there is */
    } else {
        t->begun = true;
        if (t->expects)
            conn_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        want_body(c);
    }
}

/* A piece is written. */
static void go_on(struct web_conn *c, uint64_t have)
{
    struct http_state *h = c->u.http;
    struct transfer *t = h->call->t;

    t->at += buf_len(&h->collect);
    buf_reset(&h->collect);
    if (have < t->at)
        refuse(c, DISK_FAILED);
    else if (!http1_body_done(&h->body))
        want_body(c);
    else if (t->at < t->end)
        answer(c, 200);
    else
        http_ask_grant(c, FETCH_UPLOADED);
}

void http_upload_disk(struct web_conn *c, const struct disk_answer *a)
{
    const struct transfer *t = c->u.http->call->t;
    bool none = a->status == DISK_MISSING && !t->begun;

    if (a->status != DISK_OK && !none)
        refuse(c, a->status);
    else if (!t->begun)
        begin_body(c, none ? 0 : a->size);
    else
        go_on(c, a->size);
}

static void write_piece(struct web_conn *c)
{
    struct http_state *h = c->u.http;
    const struct transfer *t = h->call->t;
    struct disk_request rq = {.op = DISK_WRITE,
                              .at = t->at,
                              .there = true,
                              .sync = http1_body_done(&h->body),
                              .data = buf_str(&h->collect)};

    if (!http_ask_disk(c, rq))
        refuse(c, DISK_BUSY);
}

size_t http_upload_data(struct web_conn *c, const uint8_t *p, size_t n)
{
    struct http_state *h = c->u.http;
    size_t room = DISK_PIECE_MAX - buf_len(&h->collect), used = 0;
    struct str piece;
    enum http1_body_result r =
        http1_body(&h->body, (const char *)p, MIN_OF(n, room), &used, &piece);

    if (r == HTTP1_BODY_DATA)
        buf_put_str(&h->collect, piece);
    if (h->collect.failed)
        refuse(c, DISK_BUSY);
    else if (http1_body_done(&h->body) || buf_len(&h->collect) == DISK_PIECE_MAX)
        write_piece(c);
    return used;
}
