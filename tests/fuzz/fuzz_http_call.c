/* Calls and files at the web edge as a state machine: the input is a program that sends requests (whole ones and bytes
 * of any kind), answers for the policy and for the disk in any order and with any size, lets time pass, limits what a
 * connection takes, and cuts it. What is asked of the disk must make sense whatever it was told before; at the end nothing
 * may be left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/util.h"
#include "edge/web/visitor.h"
#include "edge/web/web.h"
#include "io/stream_fake.h"
#include "msg/effect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONNS = 4, STREAMS = 32, OPS = 300, ASKED = 16 };

struct yard {
    struct web_conf conf;
    struct counts counts;
    struct web *web;
    int64_t now;
    struct stream_fake *all[STREAMS], *conn[CONNS];
    int n_all;
    uint64_t fetches[ASKED]; /* calls and fetches that wait */
    struct disk_request disks[ASKED];
    unsigned n_fetches, n_disks;
    uint64_t last_number;
    bool refuse;
};

struct program {
    const uint8_t *p;
    size_t n;
};

static void check(bool good)
{
    if (!good)
        abort();
}

static unsigned take(struct program *g)
{
    if (g->n == 0)
        return 0;
    g->n--;
    return *g->p++;
}

/* ---- the world's side ---- */

static void remember(struct yard *y, uint64_t number)
{
    check(number > 0 && number <= y->last_number + 1);
    y->last_number = number > y->last_number ? number : y->last_number;
    y->fetches[y->n_fetches++ % ASKED] = number;
}

static void on_call(void *ctx, const struct web_call *c, int64_t now_us)
{
    struct yard *y = ctx;
    check(now_us == y->now && c->verb.n > 0 && c->verb.n <= 32 && c->visitor);
    remember(y, c->number);
}

static void on_fetch(void *ctx, const struct web_fetch *f, int64_t now_us)
{
    struct yard *y = ctx;
    check(now_us == y->now && f->file.id != 0 && f->visitor);
    remember(y, f->number);
}

static bool on_disk(void *ctx, const struct disk_request *rq)
{
    struct yard *y = ctx;
    check(rq->owner == DISK_OF_WEB && rq->number <= y->last_number);
    check(rq->op == DISK_READ || rq->op == DISK_WRITE);
    check(rq->n <= DISK_PIECE_MAX && rq->data.n <= DISK_PIECE_MAX);
    check(rq->op == DISK_READ || rq->data.n > 0 || !rq->there); /* the grant makes the file */
    y->disks[y->n_disks++ % ASKED] = *rq;
    return !y->refuse;
}

static int on_message(void *ctx, struct pipe *p, int64_t now_us, uint8_t *msg, size_t n)
{
    (void)ctx;
    (void)p;
    (void)now_us;
    (void)msg;
    (void)n;
    return 0;
}

static void on_lost(void *ctx, struct pipe *p, void *user, int64_t now_us)
{
    (void)ctx;
    (void)p;
    (void)user;
    (void)now_us;
}

static int64_t on_wall(void *ctx, int64_t now_us)
{
    (void)ctx;
    return now_us / 1000000;
}

static void settle(struct yard *y)
{
    for (int turn = 0; turn < 3; turn++)
        for (int i = 0; i < y->n_all; i++)
            stream_fake_round(y->all[i]);
}

static void pass(struct yard *y, int64_t us)
{
    y->now += us;
    for (int i = 0; i < y->n_all; i++)
        stream_fake_time(y->all[i], y->now);
    if (web_deadline(y->web) <= y->now)
        web_tick(y->web, y->now);
    settle(y);
}

/* ---- answers ---- */

static void answer_fetch(struct yard *y, struct program *g)
{
    static const char *const types[] = {"image/png", "text/html", "", "image/webp"};
    uint64_t number = y->fetches[take(g) % ASKED];
    unsigned how = take(g);
    struct cookie_change cookie = {.op = (enum cookie_op)(how >> 4 & 1)};
    struct file_grant file = {
        .name = {DISK_FILE, 5, 0},
        .type = str_from(types[how >> 2 & 3]),
        .filename = how & 16 ? STR("a\"b\r\n") : STR_NONE,
        .size = take(g) * 1000ULL,
        .stamp = how,
    };
    if (how % 4 == 0)
        web_file_grant(y->web, number, NULL);
    else if (how % 4 == 3)
        web_call_answer(y->web, number,
                        &(struct web_answer){.status = how & 32 ? 200 : 503,
                                             .json = STR("{}"),
                                             .cookie = how & 64 ? &cookie : NULL,
                                             .retry_ms = how});
    else
        web_file_grant(y->web, number, &file);
}

/* A disk that lies, too: of sizes, and by giving less or more than was asked for. */
static void answer_disk(struct yard *y, struct program *g)
{
    static uint8_t bytes[DISK_PIECE_MAX];
    const struct disk_request *rq = &y->disks[take(g) % ASKED];
    unsigned how = take(g), n = take(g) * 300;
    struct disk_answer a = {.op = rq->op, .owner = DISK_OF_WEB, .number = rq->number};
    a.status = how & 1 ? (enum disk_status)(how >> 1 & 7) % DISK_STATUSES : DISK_OK;
    a.size = how & 16 ? take(g) * 1000ULL : rq->at + rq->data.n;
    a.data = str_of(bytes, how & 32 ? MIN_OF(n, (unsigned)DISK_PIECE_MAX) : rq->n);
    web_disk(y->web, &a);
}

/* ---- requests ---- */

#define ID     "0000000000005"
#define ORIGIN "Host: h\r\nOrigin: http://h\r\n"
static const char *const requests[] = {
    "GET /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /api/avatar/" ID "/96 HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"5-0-1\"\r\n\r\n",
    "GET /api/file/" ID " HTTP/1.1\r\nHost: h\r\nRange: bytes=5-9\r\n\r\n",
    "GET /api/file/" ID
    " HTTP/1.1\r\nHost: h\r\nRange: bytes=-70000\r\nIf-Range: \"5-0-1\"\r\n\r\n",
    "HEAD /api/file/" ID " HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD /api/upload/" ID " HTTP/1.1\r\nHost: h\r\n\r\n",
    "PUT /api/upload/" ID " HTTP/1.1\r\n" ORIGIN "Content-Length: 1000\r\n\r\n",
    "PUT /api/upload/" ID " HTTP/1.1\r\n" ORIGIN
    "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n",
    "PUT /api/upload/" ID " HTTP/1.1\r\n" ORIGIN
    "Content-Range: bytes 1000-1999/5000\r\nContent-Length: 1000\r\n\r\n",
    "POST /api/me HTTP/1.1\r\n" ORIGIN
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "POST /api/me HTTP/1.1\r\n" ORIGIN
    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
};

static struct stream_fake *conn_at(struct yard *y, unsigned slot)
{
    if (!y->conn[slot] && y->n_all < STREAMS) {
        struct stream_fake *f = stream_fake_new("192.0.2.1", false, NULL, NULL);
        f->now_us = y->now;
        y->conn[slot] = y->all[y->n_all++] = f;
        web_take(y->web, &f->s);
    }
    return y->conn[slot];
}

static void to_conn(struct program *g, unsigned op, struct stream_fake *f)
{
    static const uint8_t body[DISK_PIECE_MAX];
    const char *text;
    size_t n;
    switch (op) {
    case 0:
    case 1:
        text = requests[take(g) % ARRAY_LEN(requests)];
        stream_fake_feed(f, text, strlen(text));
        break;
    case 2: stream_fake_feed(f, body, take(g) * 257); break;
    case 3:
        n = take(g);
        n = MIN_OF(n, g->n);
        stream_fake_feed(f, g->p, n);
        g->p += n;
        g->n -= n;
        break;
    case 4:
        f->room = take(g) * 16;
        f->blocked = f->room == 0;
        break;
    case 5: stream_fake_room(f, take(g) * 1024); break;
    case 6:
        if (f->out_len > 0)
            stream_fake_take(f, f->out_len);
        break;
    case 7: stream_fake_feed_eof(f); break;
    default: stream_fake_break(f, STREAM_RESET); break;
    }
}

static void step(struct yard *y, struct program *g)
{
    unsigned op = take(g), slot = op >> 4 & (CONNS - 1);
    op &= 15;
    if (op < 9) {
        struct stream_fake *f = conn_at(y, slot);
        if (f)
            to_conn(g, op, f);
        if (op >= 7)
            y->conn[slot] = NULL;
    } else if (op < 11) {
        answer_fetch(y, g);
    } else if (op < 13) {
        answer_disk(y, g);
    } else if (op == 13) {
        pass(y, take(g) * 1000000LL);
    } else {
        y->refuse = op == 14;
    }
    settle(y);
    for (unsigned i = 0; i < CONNS; i++)
        if (y->conn[i] && y->conn[i]->told_closed)
            y->conn[i] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program g = {data, size};
    struct yard y = {.now = 1000000};
    web_conf_defaults(&y.conf);
    y.conf.upload_max = 200000;
    y.web = web_new(&y.conf,
                    &(struct web_handlers){.ctx = &y,
                                           .message = on_message,
                                           .pipe_lost = on_lost,
                                           .wall_s = on_wall,
                                           .call = on_call,
                                           .fetch = on_fetch,
                                           .disk = on_disk},
                    &y.counts);
    web_ready(y.web);
    for (int i = 0; i < OPS && g.n > 0; i++)
        step(&y, &g);
    for (int i = 0; i < y.n_all; i++)
        stream_fake_break(y.all[i], STREAM_RESET);
    settle(&y);
    check(web_connections(y.web) == 0);
    for (uint64_t number = 1; number <= y.last_number; number++) { /* nobody is found any more */
        web_file_grant(y.web, number, NULL);
        web_disk(y.web, &(struct disk_answer){.number = number});
    }
    web_free(y.web);
    for (int i = 0; i < y.n_all; i++)
        stream_fake_free(y.all[i]);
    return 0;
}
