#include "app/tape.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "io/stream.h"

enum { PIECE_MAX = REC_DATA_MAX - 64, ANEW_AFTER = REC_SIZE_MIN / 4 };

struct tape {
    struct exchange *x;
    struct exchange_ports ports;
    struct rec *rec; /* NULL: not recording */
    struct exchange_conf conf;
    struct counts *counts;
    struct rec_hash out;
    struct list streams;
    int64_t now_us, wall_offset_us;
    uint64_t recorded; /* bytes since the last checkpoint */
    int64_t asked;     /* of passwords, database and disk: answers that are still to come */
    uint32_t last_conn;
    bool ready;
};

/* A stream as the exchange sees it; everything goes to the real one below. */
struct taped {
    struct stream s;
    struct stream *real;
    struct tape *tape;
    struct list link;
    uint32_t conn;
};

static struct taped *taped_of(struct stream *s)
{
    return container_of(s, struct taped, s);
}

/* ---- writing ---- */

static void put_conn(struct tape *t, uint32_t conn, enum tape_kind kind, const void *p, size_t n)
{
    uint8_t head[4];
    set_u32(head, conn);
    t->recorded += n;
    rec_put2(t->rec, (uint16_t)kind, TAPE_EXCHANGE, t->now_us, head, sizeof head, p, n);
}

static void put(struct tape *t, enum tape_kind kind, const void *p, size_t n)
{
    t->recorded += n;
    rec_put(t->rec, (uint16_t)kind, TAPE_EXCHANGE, t->now_us, p, n);
}

static void put_u64(struct tape *t, enum tape_kind kind, uint64_t v)
{
    uint8_t b[8];
    set_u64(b, v);
    put(t, kind, b, sizeof b);
}

/* After each input: what came of it. */
static void put_outputs(struct tape *t)
{
    rec_put_hash(t->rec, TAPE_EXCHANGE, t->now_us, &t->out);
}

static void out_call(struct taped *ts, enum tape_output what, uint64_t arg)
{
    uint8_t b[12];
    set_u32(b, ts->conn);
    set_u64(b + 4, arg);
    rec_hash_add(&ts->tape->out, what, b, sizeof b);
}

/* ---- the exchange's calls, going down ---- */

static void mirror(struct taped *ts)
{
    ts->s.paused = ts->real->paused;
    ts->s.closing = ts->real->closing;
}

static ssize_t taped_writev(struct stream *s, const struct iovec *iov, int n)
{
    struct taped *ts = taped_of(s);
    ssize_t taken = stream_writev(ts->real, iov, n);
    uint8_t b[4];
    set_u32(b, taken < 0 ? UINT32_MAX : (uint32_t)taken);
    put_conn(ts->tape, ts->conn, TAPE_WROTE, b, sizeof b);
    tape_hash_iov(&ts->tape->out, ts->conn, iov, n, taken);
    mirror(ts);
    return taken;
}

static void taped_want_write(struct stream *s)
{
    stream_want_write(taped_of(s)->real);
}

static void taped_pause(struct stream *s, bool paused)
{
    struct taped *ts = taped_of(s);
    out_call(ts, TAPE_OUT_PAUSE, paused);
    ts->real->ops->pause(ts->real, paused);
    mirror(ts);
}

static void taped_deadline(struct stream *s, int64_t at_us)
{
    struct taped *ts = taped_of(s);
    out_call(ts, TAPE_OUT_DEADLINE, (uint64_t)at_us);
    stream_deadline(ts->real, at_us);
}

static void taped_shutdown(struct stream *s)
{
    struct taped *ts = taped_of(s);
    out_call(ts, TAPE_OUT_SHUTDOWN, 0);
    stream_shutdown(ts->real);
    mirror(ts);
}

static void taped_close(struct stream *s, enum stream_why why)
{
    struct taped *ts = taped_of(s);
    out_call(ts, TAPE_OUT_CLOSE, why);
    stream_close(ts->real, why);
    mirror(ts);
}

static int64_t taped_now(const struct stream *s)
{
    return container_of(s, const struct taped, s)->tape->now_us;
}

static const struct stream_ops taped_ops = {
    .writev = taped_writev,
    .want_write = taped_want_write,
    .pause = taped_pause,
    .deadline = taped_deadline,
    .shutdown = taped_shutdown,
    .close = taped_close,
    .now = taped_now,
};

/* ---- what happens to the real stream, going up ---- */

static struct taped *happened(struct stream *real, enum tape_kind kind, const void *p, size_t n)
{
    struct taped *ts = real->ctx;
    ts->tape->now_us = stream_now(real);
    mirror(ts);
    put_conn(ts->tape, ts->conn, kind, p, n);
    return ts;
}

static size_t on_data(struct stream *real, const uint8_t *p, size_t n)
{
    struct taped *ts = happened(real, TAPE_DATA, p, n);
    struct tape *t = ts->tape;
    size_t taken = ts->s.user->on_data(&ts->s, p, n);
    out_call(ts, TAPE_OUT_TAKEN, taken);
    put_outputs(t);
    return taken;
}

static void on_eof(struct stream *real)
{
    struct taped *ts = happened(real, TAPE_EOF, NULL, 0);
    if (ts->s.user->on_eof) {
        ts->s.user->on_eof(&ts->s);
    } else {
        taped_close(&ts->s, STREAM_EOF);
    }
    put_outputs(ts->tape);
}

static void on_writable(struct stream *real)
{
    struct taped *ts = happened(real, TAPE_WRITABLE, NULL, 0);
    if (ts->s.user->on_writable) {
        ts->s.user->on_writable(&ts->s);
    }
    put_outputs(ts->tape);
}

static void on_deadline(struct stream *real, int64_t now_us)
{
    struct taped *ts = happened(real, TAPE_DEADLINE, NULL, 0);
    if (ts->s.user->on_deadline) {
        ts->s.user->on_deadline(&ts->s, now_us);
    } else {
        taped_close(&ts->s, STREAM_TIMEOUT);
    }
    put_outputs(ts->tape);
}

static void on_closed(struct stream *real, enum stream_why why)
{
    uint8_t b = (uint8_t)why;
    struct taped *ts = happened(real, TAPE_CLOSED, &b, 1);
    struct tape *t = ts->tape;
    ts->s.closing = true;
    ts->s.user->on_closed(&ts->s, why);
    list_del(&ts->link);
    xfree(ts);
    put_outputs(t);
}

static const struct stream_user taped_user = {
    .name = "taped",
    .on_data = on_data,
    .on_eof = on_eof,
    .on_writable = on_writable,
    .on_deadline = on_deadline,
    .on_closed = on_closed,
};

void tape_take(void *ctx, struct stream *real)
{
    struct tape *t = ctx;
    if (!t->rec) {
        exchange_take(t->x, real);
        return;
    }
    struct taped *ts = xcalloc(1, sizeof *ts);
    ts->s = (struct stream){
        .ops = &taped_ops, .peer = real->peer, .local = real->local, .tls = real->tls};
    ts->real = real;
    ts->tape = t;
    ts->conn = ++t->last_conn;
    list_push_back(&t->streams, &ts->link);

    uint8_t head[1 + 2 * sizeof(struct addr)] = {real->tls};
    memcpy(head + 1, &real->peer, sizeof(struct addr));
    memcpy(head + 1 + sizeof(struct addr), &real->local, sizeof(struct addr));
    t->now_us = stream_now(real);
    put_conn(t, ts->conn, TAPE_OPEN, head, sizeof head);
    stream_set_user(real, &taped_user, ts);
    exchange_take(t->x, &ts->s);
    put_outputs(t);
}

/* ---- the other inputs ---- */

void tape_tick(struct tape *t, int64_t now_us)
{
    t->now_us = now_us;
    put(t, TAPE_TICK, NULL, 0);
    exchange_tick(t->x, now_us);
    put_outputs(t);
}

void tape_password(struct tape *t, int64_t now_us, const struct password_answer *answer)
{
    uint8_t head[10];
    set_u64(head, answer->job);
    head[8] = (uint8_t)answer->outcome;
    head[9] = (uint8_t)answer->weak;
    t->now_us = now_us;
    rec_put2(t->rec, TAPE_PASSWORD, TAPE_EXCHANGE, now_us, head, sizeof head, answer->hash.p,
             answer->hash.n);
    t->asked--;
    exchange_password(t->x, now_us, answer);
    put_outputs(t);
}

void tape_db(struct tape *t, int64_t now_us, const struct db_answer *answer)
{
    struct str rows = answer->rows;
    uint8_t head[11];
    t->now_us = now_us;
    for (; rows.n > PIECE_MAX; rows = str_skip(rows, PIECE_MAX)) {
        put(t, TAPE_DB_PART, rows.p, PIECE_MAX);
    }
    set_u64(head, answer->number);
    set_u16(head + 8, (uint16_t)answer->proc);
    head[10] = (uint8_t)answer->status;
    t->recorded += rows.n;
    rec_put2(t->rec, TAPE_DB, TAPE_EXCHANGE, now_us, head, sizeof head, rows.p, rows.n);
    t->asked -= answer->number != 0;
    exchange_db(t->x, now_us, answer);
    put_outputs(t);
}

void tape_pushed(struct tape *t, int64_t now_us, const struct push_answer *answer)
{
    uint8_t head[4] = {(uint8_t)answer->outcome, 0, 0, (uint8_t)answer->attempts};
    set_u16(head + 1, (uint16_t)answer->status);
    t->now_us = now_us;
    t->recorded += answer->endpoint.n;
    rec_put2(t->rec, TAPE_PUSHED, TAPE_EXCHANGE, now_us, head, sizeof head, answer->endpoint.p,
             answer->endpoint.n);
    exchange_pushed(t->x, now_us, answer);
    put_outputs(t);
}

void tape_disk(struct tape *t, int64_t now_us, const struct disk_answer *answer)
{
    uint8_t head[19];
    set_u64(head, answer->number);
    head[8] = (uint8_t)answer->owner;
    head[9] = (uint8_t)answer->op;
    head[10] = (uint8_t)answer->status;
    set_u64(head + 11, answer->size);
    t->now_us = now_us;
    t->recorded += answer->data.n;
    rec_put2(t->rec, TAPE_DISK, TAPE_EXCHANGE, now_us, head, sizeof head, answer->data.p,
             answer->data.n);
    t->asked--;
    exchange_disk(t->x, now_us, answer);
    put_outputs(t);
}

void tape_group(struct tape *t, int64_t now_us, const struct group_news *news)
{
    t->now_us = now_us;
    if (t->rec) {
        struct buf b;
        buf_init(&b, REC_DATA_MAX);
        tape_group_write(&b, news);
        put(t, TAPE_GROUP, buf_data(&b), buf_len(&b));
        buf_free(&b);
    }
    exchange_group(t->x, now_us, news);
    put_outputs(t);
}

void tape_recorded(struct tape *t, int64_t now_us, const struct rec_state *state)
{
    uint8_t b[26];
    set_u64(b, state->recording);
    set_u64(b + 8, state->bytes);
    set_u64(b + 16, (uint64_t)state->duration_us);
    b[24] = state->ended;
    b[25] = (uint8_t)state->end;
    t->now_us = now_us;
    put(t, TAPE_RECORDED, b, sizeof b);
    exchange_recorded(t->x, now_us, state);
    put_outputs(t);
}

void tape_wall(struct tape *t, int64_t now_us, int64_t wall_offset_us)
{
    t->now_us = now_us;
    t->wall_offset_us = wall_offset_us;
    put_u64(t, TAPE_WALL, (uint64_t)wall_offset_us);
    exchange_wall(t->x, wall_offset_us);
}

void tape_hsts(struct tape *t, int64_t now_us, bool on)
{
    uint8_t b = on;
    t->now_us = now_us;
    t->conf.web.hsts = on;
    put(t, TAPE_HSTS, &b, 1);
    exchange_hsts(t->x, on);
}

void tape_ready(struct tape *t, int64_t now_us)
{
    t->now_us = now_us;
    t->ready = true;
    put(t, TAPE_READY, NULL, 0);
    exchange_ready(t->x, now_us);
    put_outputs(t);
}

void tape_drain(struct tape *t, int64_t now_us, int64_t retry_ms)
{
    t->now_us = now_us;
    put_u64(t, TAPE_DRAIN, (uint64_t)retry_ms);
    exchange_drain(t->x, now_us, retry_ms);
    put_outputs(t);
}

void tape_cut(struct tape *t, int64_t now_us)
{
    t->now_us = now_us;
    put(t, TAPE_CUT, NULL, 0);
    web_close_all(exchange_web(t->x));
    put_outputs(t);
}

/* ---- ports: what the world answers is an input too ---- */

/* Whether another thread took what it was asked: if so, its answer will come. */
static bool put_taken(struct tape *t, enum tape_kind kind, bool taken)
{
    uint8_t b = taken;
    t->asked += taken;
    put(t, kind, &b, 1);
    return taken;
}

static bool port_password(void *ctx, const struct password_job *job)
{
    struct tape *t = ctx;
    bool taken = t->ports.password(t->ports.ctx, job);
    tape_hash_job(&t->out, job);
    return put_taken(t, TAPE_JOB, taken);
}

static bool port_db(void *ctx, const struct db_request *request)
{
    struct tape *t = ctx;
    bool taken = t->ports.db && t->ports.db(t->ports.ctx, request);
    tape_hash_db(&t->out, request);
    return put_taken(t, TAPE_DB_ASKED, taken);
}

static void port_push(void *ctx, const struct push_job *job)
{
    struct tape *t = ctx;
    tape_hash_push(&t->out, job);
    if (t->ports.push) {
        t->ports.push(t->ports.ctx, job);
    }
}

static bool port_disk(void *ctx, const struct disk_request *request)
{
    struct tape *t = ctx;
    bool taken = t->ports.disk && t->ports.disk(t->ports.ctx, request);
    tape_hash_disk(&t->out, request);
    return put_taken(t, TAPE_DISK_ASKED, taken);
}

static struct str port_ca_cert(void *ctx)
{
    struct tape *t = ctx;
    struct str pem = t->ports.ca_cert(t->ports.ctx);
    put(t, TAPE_TEXT, pem.p, pem.n);
    return pem;
}

/* Lets fn append to out, and records what it appended. */
static void port_text(struct tape *t, struct buf *out, void (*fn)(void *ctx, struct buf *out))
{
    size_t before = buf_len(out);
    fn(t->ports.ctx, out);
    size_t n = buf_len(out) - before;
    put(t, TAPE_TEXT, buf_data(out) + before, MIN_OF(n, (size_t)PIECE_MAX));
}

static void port_health(void *ctx, struct buf *json)
{
    struct tape *t = ctx;
    port_text(t, json, t->ports.health);
}

static void port_metrics(void *ctx, struct buf *out)
{
    struct tape *t = ctx;
    port_text(t, out, t->ports.metrics);
}

static void port_relay(void *ctx, const struct relay_scope *what)
{
    struct tape *t = ctx;
    tape_hash_relay(&t->out, what);
    t->ports.relay(t->ports.ctx, what);
}

static void port_group(void *ctx, const struct group_order *order)
{
    struct tape *t = ctx;
    tape_hash_group(&t->out, order);
    t->ports.group(t->ports.ctx, order);
}

/* ---- life ---- */

static void begin(struct tape *t)
{
    struct buf text;
    buf_init(&text, REC_DATA_MAX);
    tape_conf_write(&text, &t->conf, t->wall_offset_us);
    rec_checkpoint(t->rec, TAPE_EXCHANGE, t->now_us, buf_data(&text), buf_len(&text));
    memzero((void *)buf_data(&text), buf_len(&text));
    buf_free(&text);
    t->recorded = 0;
    t->x = exchange_new(&t->conf,
                        &(struct exchange_ports){
                            .ctx = t,
                            .password = port_password,
                            .ca_cert = port_ca_cert,
                            .health = port_health,
                            .metrics = port_metrics,
                            .relay = port_relay,
                            .group = port_group,
                            .db = port_db,
                            .push = port_push,
                            .disk = port_disk,
                        },
                        t->wall_offset_us, t->counts);
}

struct tape *tape_new(struct rec *r, const struct exchange_conf *conf,
                      const struct exchange_ports *ports, int64_t now_us, int64_t wall_offset_us,
                      struct counts *counts)
{
    struct tape *t = xcalloc(1, sizeof *t);
    t->rec = r;
    t->ports = *ports;
    t->counts = counts;
    t->now_us = now_us;
    t->wall_offset_us = wall_offset_us;
    list_init(&t->streams);
    if (r) {
        t->conf = *conf;
        begin(t);
    } else {
        t->x = exchange_new(conf, ports, wall_offset_us, counts);
    }
    return t;
}

static bool nobody_there(struct tape *t)
{
    struct domain_counts n;
    domain_count(exchange_domain(t->x), &n);
    return list_empty(&t->streams) && n.sessions == 0 && n.rooms == 0 && n.recordings == 0 &&
           n.password_jobs == 0 && n.asks == 0 && n.uploads == 0 && t->asked <= 0;
}

void tape_idle(struct tape *t, int64_t now_us)
{
    if (!t->rec || !t->ready || t->recorded < ANEW_AFTER || !nobody_there(t)) {
        return;
    }
    t->now_us = now_us;
    exchange_free(t->x);
    random_bytes(t->conf.seed, sizeof t->conf.seed);
    begin(t);
    tape_ready(t, now_us);
}

void tape_free(struct tape *t)
{
    if (!t) {
        return;
    }
    exchange_free(t->x);
    rec_core_end(t->rec, TAPE_EXCHANGE);
    memzero(t, sizeof *t);
    xfree(t);
}

struct exchange *tape_exchange(struct tape *t)
{
    return t->x;
}
