#include <string.h>

#include "base/mem.h"
#include "base/util.h"
#include "edge/web/web_int.h"

/* Event streams and long-polls, and the POSTs that go with them: docs/protocol.md, section 7. A stream
 * (struct es) has a key and tabs; its connection carries it for as long as it lasts, or for one poll. */

enum { KEY_LEN = 22, TAB_MAX = 16, FILL_MAX = 65536 };

static bool all_alnum(struct str s, const char *also)
{
    for (size_t i = 0; i < s.n; i++) {
        char ch = str_lower_char(s.p[i]);

        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
              (also[0] != '\0' && (ch == also[0] || ch == also[1]))))
            return false;
    }
    return true;
}

static bool key_ok(struct str key)
{
    return key.n == KEY_LEN && all_alnum(key, "-_");
}

static struct es *find(struct web *w, const char *key)
{
    uint64_t hash = siphash24(&w->conf->hash, key, KEY_LEN);

    for (struct hnode *it = hmap_first(&w->streams, hash); it; it = hmap_next_same(it)) {
        struct es *es = container_of(it, struct es, node);

        if (memcmp(es->key, key, KEY_LEN) == 0)
            return es;
    }
    return NULL;
}

static struct es *create(struct web *w, const char *key)
{
    struct es *es;

    if (w->streams.n >= w->conf->streams_max)
        return NULL;
    es = xcalloc(1, sizeof *es);
    es->web = w;
    list_init(&es->gap);
    list_init(&es->tabs);
    buf_init(&es->said, w->out_max);
    memcpy(es->key, key, KEY_LEN);
    hmap_insert(&w->streams, &es->node, siphash24(&w->conf->hash, key, KEY_LEN));
    count_inc(w->counts, COUNT_CONNS_SSE);
    return es;
}

/* The stream broke: its sessions have lost their pipe. A connection that still hangs on it must have
 * been let go by the caller. */
static void destroy(struct es *es, int64_t now_us)
{
    struct list *it;

    hmap_remove(&es->web->streams, &es->node);
    while ((it = list_first(&es->tabs)) != NULL)
        es_tab_lost(container_of(it, struct tab, link), now_us);
    /* Only now: the tabs that were left have heard of each loss, and one may have got too slow. */
    list_del(&es->gap);
    buf_free(&es->said);
    count_dec(es->web->counts, COUNT_CONNS_SSE);
    xfree(es);
}

/* ---- the connection of a stream ------------------------------------------------------------- */

static void put_chunk(struct web_conn *c, struct str data)
{
    if (buf_len(&c->out) == 0)
        c->progress_at = conn_now(c);
    buf_putf(&c->out, "%zx\r\n", data.n);
    buf_put_str(&c->out, data);
    conn_put(c, "\r\n", 2);
}

static void write_stream_head(struct web_conn *c, struct str origin)
{
    struct buf *b = &c->out;

    http1_status(b, 200);
    http_common_fields(c, b, false);
    /* For nginx, which would hold events back otherwise. */
    buf_puts(b, "Content-Type: text/event-stream\r\nCache-Control: no-store, no-transform\r\n"
                "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n");
    if (origin.n > 0) {
        http1_header(b, "Access-Control-Allow-Origin", origin);
        buf_puts(b, "Vary: Origin\r\n");
    }
    http1_head_end(b);
    put_chunk(c, STR(":\n\n"));
    http_count(c->web, 200);
    c->progress_at = conn_now(c);
}

/* Ends the stream that c carries: a new connection has come for its key, or the server ends. */
static void let_go(struct es *es)
{
    struct web_conn *c = es->conn;

    es->conn = NULL;
    if (c == NULL)
        return;
    c->es = NULL;
    if (c->mode == MODE_POLL && c->u.http->phase != HTTP_SEND) {
        struct reply r = {.status = 200,
                          .type = "text/event-stream",
                          .origin = str_of(c->u.http->origin, c->u.http->origin_len),
                          .body = STR(":\n\n")};

        c->mode = MODE_HTTP;
        http_reply(c, NULL, &r);
    } else if (c->mode == MODE_POLL) {
        c->mode = MODE_HTTP;
    } else {
        conn_put(c, "0\r\n\r\n", 5);
        conn_finish(c);
    }
}

/* What came in one poll, as one response. */
static void answer_poll(struct web_conn *c, struct es *es)
{
    struct buf *b = &c->web->scratch;
    struct reply r = {.status = 200,
                      .type = "text/event-stream",
                      .origin = str_of(c->u.http->origin, c->u.http->origin_len)};

    es_take(es, b, FILL_MAX);
    if (b->failed) {
        stream_close(c->s, STREAM_LIMIT);
    } else {
        if (buf_len(b) == 0)
            buf_puts(b, ":\n\n");
        r.body = buf_str(b);
        http_reply(c, NULL, &r);
    }
    buf_free(b);
}

static void poll_answered(struct web_conn *c, struct es *es)
{
    es->conn = NULL;
    c->es = NULL;
    c->mode = MODE_HTTP;
    es->gap_at = conn_now(c) + c->web->conf->poll_gap_us;
    list_push_back(&c->web->gaps, &es->gap);
    http_sent(c);
}

static void poll_writable(struct web_conn *c, struct es *es)
{
    if (c->u.http->phase != HTTP_SEND) {
        if (!es_has_news(es))
            return;
        answer_poll(c, es);
        if (c->s->closing)
            return;
    }
    if (conn_flush_out(c))
        poll_answered(c, es);
}

void es_on_writable(struct web_conn *c)
{
    struct es *es = c->es;
    struct buf *b = &c->web->scratch;

    if (c->mode == MODE_POLL) {
        poll_writable(c, es);
        return;
    }
    while (!c->s->closing && conn_flush_out(c) && es_has_news(es)) {
        es_take(es, b, FILL_MAX);
        if (!b->failed)
            put_chunk(c, buf_str(b));
        else
            stream_close(c->s, STREAM_LIMIT);
        buf_free(b);
    }
}

static void break_stream(struct web_conn *c, enum stream_why why)
{
    struct es *es = c->es;

    c->es = NULL;
    es->conn = NULL;
    destroy(es, conn_now(c));
    stream_close(c->s, why);
}

void es_on_deadline(struct web_conn *c, int64_t now_us)
{
    const struct web_conf *conf = c->web->conf;

    if (c->es->slow) {
        count_inc(c->web->counts, COUNT_DROP_OUTBOX_FULL);
        break_stream(c, STREAM_SLOW);
    } else if (buf_len(&c->out) > 0 && now_us >= c->progress_at + conf->write_us) {
        count_inc(c->web->counts, COUNT_DROP_PEER_DEAD);
        break_stream(c, STREAM_TIMEOUT);
    } else if (c->mode == MODE_STREAM) {
        if (buf_len(&c->out) == 0)
            put_chunk(c, STR(":\n\n"));
        stream_deadline(c->s, now_us + conf->beat_us);
    } else if (c->u.http->phase != HTTP_SEND) {
        answer_poll(c, c->es);
    } else {
        stream_deadline(c->s, c->progress_at + conf->write_us);
    }
}

void es_on_closed(struct web_conn *c)
{
    struct es *es = c->es;

    if (es == NULL)
        return;
    es->conn = NULL;
    c->es = NULL;
    destroy(es, conn_now(c));
}

/* For an answer that is written when the request is gone. */
static void remember_origin(struct http_state *h, struct str origin)
{
    h->origin_len = origin.n <= sizeof h->origin ? (uint8_t)origin.n : 0;
    if (h->origin_len > 0)
        memcpy(h->origin, origin.p, origin.n);
}

/* ---- GET /api/stream/KEY -------------------------------------------------------------------- */

static void begin_poll(struct web_conn *c, struct es *es, struct str origin)
{
    remember_origin(c->u.http, origin);
    c->mode = MODE_POLL;
    es->poll = true;
    stream_deadline(c->s, conn_now(c) + c->web->conf->poll_us);
    if (es_has_news(es))
        conn_want_write(c);
}

static void begin_stream(struct web_conn *c, struct str origin)
{
    write_stream_head(c, origin);
    c->mode = MODE_STREAM;
    conn_free_http(c);
    stream_deadline(c->s, conn_now(c) + c->web->conf->beat_us);
    conn_want_write(c);
}

void es_begin(struct web_conn *c, const struct http1_request *req)
{
    struct str key = str_skip(req->path, strlen("/api/stream/")), origin;
    bool poll = str_eq(req->query, STR("poll=1"));
    struct es *es;

    if (!http_origin_ok(c, req, &origin)) {
        count_inc(c->web->counts, COUNT_DROP_WS_ORIGIN);
        http_reply_status(c, req, 403);
        return;
    }
    if (!key_ok(key) || req->minor == 0) {
        http_reply_status(c, req, 404);
        return;
    }
    es = c->web->draining ? NULL : find(c->web, key.p);
    if (es != NULL) {
        let_go(es);
        /* Only polls follow one another; else the former stream has broken. */
        if (!poll || !es->poll) {
            destroy(es, conn_now(c));
            es = NULL;
        }
    }
    if (es == NULL && !c->web->draining)
        es = create(c->web, key.p);
    if (es == NULL) {
        http_reply_error(c, req, 503, "busy", origin);
        return;
    }
    list_del(&es->gap);
    es->conn = c;
    es->peer = c->peer;
    c->es = es;
    if (poll)
        begin_poll(c, es, origin);
    else
        begin_stream(c, origin);
}

/* ---- POST /api/send/KEY/TAB ----------------------------------------------------------------- */

void es_post_begin(struct web_conn *c, const struct http1_request *req)
{
    struct http_state *h = c->u.http;
    struct str key, tab, origin;
    int r;

    if (!http_origin_ok(c, req, &origin)) {
        count_inc(c->web->counts, COUNT_DROP_WS_ORIGIN);
        http_fail(c, req, 403);
        return;
    }
    if (!str_split_once(str_skip(req->path, strlen("/api/send/")), '/', &key, &tab) ||
        !key_ok(key) || tab.n == 0 || tab.n > TAB_MAX || !all_alnum(tab, "")) {
        http_fail(c, req, 404);
        return;
    }
    if (!req->chunked && !req->has_length) {
        http_fail(c, req, 411);
        return;
    }
    r = http1_body_init(&h->body, req, c->web->conf->message_max);
    if (r < 0) {
        count_inc(c->web->counts, COUNT_DROP_HTTP_CAP);
        http_fail(c, req, -r);
        return;
    }
    memcpy(h->key, key.p, KEY_LEN);
    memcpy(h->tab, tab.p, tab.n);
    h->tab_len = (uint8_t)tab.n;
    remember_origin(h, origin);
    h->visitor = http_visitor(c, req);
    http_body_begin(c, req, es_post);
}

void es_post(struct web_conn *c, uint8_t *msg, size_t n)
{
    struct http_state *h = c->u.http;
    struct web *w = c->web;
    struct es *es = find(w, h->key);
    struct str origin = str_of(h->origin, h->origin_len);
    struct tab *t = es != NULL ? es_tab(es, str_of(h->tab, h->tab_len)) : NULL;
    struct reply r = {.status = 202, .origin = origin};
    int status;

    if (t == NULL) {
        http_reply_error(c, NULL, es != NULL ? 429 : 404, es != NULL ? "busy" : "stream_unknown",
                         origin);
        return;
    }
    if (t->pipe.user == NULL) { /* it may begin a session */
        visitor_free(t->pipe.visitor);
        t->pipe.visitor = h->visitor;
        h->visitor = NULL;
    }
    t->heard_at = conn_now(c);
    list_del(&t->quiet);
    list_push_back(&w->quiet, &t->quiet);
    status = w->h.message(w->h.ctx, &t->pipe, conn_now(c), msg, n);
    if (status == 0)
        http_reply(c, NULL, &r);
    else
        http_reply_error(c, NULL, status, status == 429 ? "rate" : "bad_request", origin);
}

/* ---- between two polls ---------------------------------------------------------------------- */

/* A stream may go on when one of its tabs was closed: who posts nothing for long is gone. Long, since
 * browsers hold back the timers of pages that nobody looks at. */
static int64_t tab_until(const struct web *w)
{
    struct list *it = list_first(&w->quiet);

    return it == NULL ? INT64_MAX
                      : container_of(it, struct tab, quiet)->heard_at +
                            3 * (w->conf->ping_us + w->conf->pong_us);
}

int64_t es_deadline(const struct web *w)
{
    struct list *it = list_first(&w->gaps);
    int64_t gap = it != NULL ? container_of(it, struct es, gap)->gap_at : INT64_MAX;

    return MIN_OF(gap, tab_until(w));
}

void es_tick(struct web *w, int64_t now_us)
{
    struct list *it;

    while ((it = list_first(&w->gaps)) != NULL) {
        struct es *es = container_of(it, struct es, gap);

        if (es->gap_at > now_us)
            break;
        destroy(es, now_us);
    }
    while (tab_until(w) <= now_us) {
        count_inc(w->counts, COUNT_DROP_PEER_DEAD);
        es_tab_lost(container_of(list_first(&w->quiet), struct tab, quiet), now_us);
    }
}

void es_close_all(struct web *w)
{
    HMAP_FOREACH_SAFE(it, &w->streams) {
        struct es *es = container_of(it, struct es, node);

        if (es->conn == NULL)
            destroy(es, 0);
    }
}
