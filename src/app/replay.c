#include "app/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "app/sfu_core.h"
#include "app/stun_core.h"
#include "app/tape.h"

#include "app/turn_core.h"
#include "base/mem.h"

enum { DIFFERENCES_SHOWN = 20 };

/* A stream whose other side is the recording. */
struct replayed {
    struct stream s;
    struct replay *r;
    uint32_t conn;
};

struct replay {
    struct rec_reader *reader;
    struct rec_record rec; /* the one that is being fed */
    bool ahead;            /* rec has been read but not fed yet */
    struct exchange_conf conf;
    struct exchange *x;
    struct counts counts;
    struct replayed **streams; /* by number of the connection */
    uint32_t n_streams;
    struct rec_hash got;
    struct buf rows; /* of an answer of the database, so far */
    FILE *out;
    bool verbose;
    struct replay_result *result;
};

PRINTF_CHECK(2, 3)
static void differs(struct replay *r, const char *fmt, ...)
{
    va_list ap;
    if (r->result->differences++ < DIFFERENCES_SHOWN) {
        fprintf(r->out, "record %llu (%.6f s): ", (unsigned long long)r->rec.number,
                (double)r->rec.time / 1e6);
        va_start(ap, fmt);
        vfprintf(r->out, fmt, ap);
        va_end(ap);
        fputc('\n', r->out);
    }
}

static const char *const kind_names[] = {
    "open",     "data", "eof",      "writable", "deadline", "closed",     "wrote", "tick",
    "password", "job",  "text",     "wall",     "ready",    "drain",      "cut",   "hsts",
    "db_part",  "db",   "db_asked", "pushed",   "disk",     "disk_asked", "group",
};

static const char *kind_name(unsigned kind)
{
    unsigned i = kind - REC_INPUT;
    return kind == REC_OUTPUT ? "output" : i < ARRAY_LEN(kind_names) ? kind_names[i] : "?";
}

static bool read_next(struct replay *r)
{
    if (r->ahead) {
        r->ahead = false;
        return true;
    }
    return rec_next(r->reader, &r->rec) == ERR_OK;
}

/* What the world answered to a call of the exchange: must be the next record. */
static bool answer(struct replay *r, enum tape_kind kind, struct str *data)
{
    *data = STR_NONE;
    if (read_next(r) && r->rec.kind == kind) {
        *data = r->rec.data;
        return true;
    }
    differs(r, "the exchange asked for \"%s\", but the recording goes on with \"%s\"",
            kind_name(kind), kind_name(r->rec.kind));
    r->ahead = true;
    return false;
}

/* ---- the stream ---- */

static struct replayed *replayed_of(struct stream *s)
{
    return container_of(s, struct replayed, s);
}

static void out_call(struct replayed *f, enum tape_output what, uint64_t arg)
{
    uint8_t b[12];
    set_u32(b, f->conn);
    set_u64(b + 4, arg);
    rec_hash_add(&f->r->got, what, b, sizeof b);
}

static ssize_t f_writev(struct stream *s, const struct iovec *iov, int n)
{
    struct replayed *f = replayed_of(s);
    struct str data;
    ssize_t taken = -1;
    if (answer(f->r, TAPE_WROTE, &data)) {
        struct rd rd = rd_of(data.p, data.n);
        uint32_t conn = rd_u32(&rd), bytes = rd_u32(&rd);
        if (conn != f->conn) {
            differs(f->r, "connection %u wrote, but in the recording it is %u", f->conn, conn);
        }
        taken = bytes == UINT32_MAX ? -1 : (ssize_t)bytes;
    }
    tape_hash_iov(&f->r->got, f->conn, iov, n, taken);
    s->closing |= taken < 0;
    return taken;
}

static void f_want_write(struct stream *s)
{
    (void)s; /* the recording says when it became writable */
}

static void f_pause(struct stream *s, bool paused)
{
    out_call(replayed_of(s), TAPE_OUT_PAUSE, paused);
    s->paused = paused;
}

static void f_deadline(struct stream *s, int64_t at_us)
{
    out_call(replayed_of(s), TAPE_OUT_DEADLINE, (uint64_t)at_us);
}

static void f_shutdown(struct stream *s)
{
    out_call(replayed_of(s), TAPE_OUT_SHUTDOWN, 0);
}

static void f_close(struct stream *s, enum stream_why why)
{
    out_call(replayed_of(s), TAPE_OUT_CLOSE, why);
    s->closing = true;
}

static int64_t f_now(const struct stream *s)
{
    return container_of(s, const struct replayed, s)->r->rec.time;
}

static const struct stream_ops replayed_ops = {
    .writev = f_writev,
    .want_write = f_want_write,
    .pause = f_pause,
    .deadline = f_deadline,
    .shutdown = f_shutdown,
    .close = f_close,
    .now = f_now,
};

static void feed_open(struct replay *r, uint32_t conn, struct rd *rd)
{
    struct replayed *f = xcalloc(1, sizeof *f);
    f->s.ops = &replayed_ops;
    f->s.tls = rd_u8(rd);
    rd_copy(rd, &f->s.peer, sizeof f->s.peer);
    rd_copy(rd, &f->s.local, sizeof f->s.local);
    f->r = r;
    f->conn = conn;
    if (conn >= r->n_streams) {
        uint32_t n = MAX_OF(conn + 1, r->n_streams * 2);
        r->streams = xrealloc_array(r->streams, n, sizeof *r->streams);
        memset(r->streams + r->n_streams, 0, (n - r->n_streams) * sizeof *r->streams);
        r->n_streams = n;
    }
    r->streams[conn] = f;
    exchange_take(r->x, &f->s);
}

static void feed_closed(struct replay *r, struct replayed *f, enum stream_why why)
{
    f->s.closing = true;
    f->s.user->on_closed(&f->s, why);
    r->streams[f->conn] = NULL;
    xfree(f);
}

static void feed_eof(struct replayed *f)
{
    if (f->s.user->on_eof) {
        f->s.user->on_eof(&f->s);
    } else {
        f_close(&f->s, STREAM_EOF);
    }
}

static void feed_deadline(struct replayed *f)
{
    if (f->s.user->on_deadline) {
        f->s.user->on_deadline(&f->s, f->r->rec.time);
    } else {
        f_close(&f->s, STREAM_TIMEOUT);
    }
}

static void feed_stream(struct replay *r, struct rd *rd)
{
    unsigned kind = r->rec.kind;
    uint32_t conn = rd_u32(rd);
    if (kind == TAPE_OPEN) {
        feed_open(r, conn, rd);
        return;
    }
    struct replayed *f = conn < r->n_streams ? r->streams[conn] : NULL;
    if (!f) {
        differs(r, "no connection %u", conn);
    } else if (kind == TAPE_DATA) {
        out_call(f, TAPE_OUT_TAKEN, f->s.user->on_data(&f->s, rd->p, rd->n));
    } else if (kind == TAPE_WRITABLE && f->s.user->on_writable) {
        f->s.user->on_writable(&f->s);
    } else if (kind == TAPE_EOF) {
        feed_eof(f);
    } else if (kind == TAPE_DEADLINE) {
        feed_deadline(f);
    } else if (kind == TAPE_CLOSED) {
        feed_closed(r, f, rd_u8(rd));
    }
}

/* ---- the other inputs and the ports ---- */

static void feed_password(struct replay *r, struct rd *rd)
{
    struct password_answer a;
    a.job = rd_u64(rd);
    a.outcome = rd_u8(rd);
    a.weak = rd_u8(rd);
    a.hash = str_of(rd->p, rd->n);
    exchange_password(r->x, r->rec.time, &a);
}

static bool port_password(void *ctx, const struct password_job *job)
{
    struct replay *r = ctx;
    struct str data;
    tape_hash_job(&r->got, job);
    return answer(r, TAPE_JOB, &data) && data.n == 1 && data.p[0];
}

static void feed_db(struct replay *r, struct rd *rd)
{
    struct db_answer a; /* in an initialiser the order would be nobody's business */
    a.number = rd_u64(rd);
    a.proc = rd_u16(rd);
    a.status = rd_u8(rd);
    buf_put(&r->rows, rd->p, rd->n);
    a.rows = buf_str(&r->rows);
    exchange_db(r->x, r->rec.time, &a);
    buf_reset(&r->rows);
}

static bool port_db(void *ctx, const struct db_request *request)
{
    struct replay *r = ctx;
    struct str data;
    tape_hash_db(&r->got, request);
    return answer(r, TAPE_DB_ASKED, &data) && data.n == 1 && data.p[0];
}

static void feed_pushed(struct replay *r, struct rd *rd)
{
    struct push_answer a;
    a.outcome = rd_u8(rd);
    a.status = rd_u16(rd);
    a.attempts = rd_u8(rd);
    a.endpoint = str_of(rd->p, rd->n);
    exchange_pushed(r->x, r->rec.time, &a);
}

static void port_push(void *ctx, const struct push_job *job)
{
    struct replay *r = ctx;
    tape_hash_push(&r->got, job);
}

static void feed_disk(struct replay *r, struct rd *rd)
{
    struct disk_answer a = {0};
    a.number = rd_u64(rd);
    a.owner = rd_u8(rd);
    a.op = rd_u8(rd);
    a.status = rd_u8(rd);
    a.size = rd_u64(rd);
    a.data = str_of(rd->p, rd->n);
    exchange_disk(r->x, r->rec.time, &a);
}

static void feed_group(struct replay *r, struct rd *rd)
{
    struct group_news n;
    if (!tape_group_read(rd, &n)) {
        differs(r, "these are no news of a group");
        return;
    }
    exchange_group(r->x, r->rec.time, &n);
    xfree((void *)n.people);
}

static void feed_recorded(struct replay *r, struct rd *rd)
{
    struct rec_state s = {.recording = rd_u64(rd)};
    s.bytes = rd_u64(rd);
    s.duration_us = (int64_t)rd_u64(rd);
    s.ended = rd_u8(rd) != 0;
    s.end = rd_u8(rd);
    exchange_recorded(r->x, r->rec.time, &s);
}

static void port_group(void *ctx, const struct group_order *order)
{
    struct replay *r = ctx;
    tape_hash_group(&r->got, order);
}

static bool port_disk(void *ctx, const struct disk_request *request)
{
    struct replay *r = ctx;
    struct str data;
    tape_hash_disk(&r->got, request);
    return answer(r, TAPE_DISK_ASKED, &data) && data.n == 1 && data.p[0];
}

static struct str port_ca_cert(void *ctx)
{
    struct str data;
    answer(ctx, TAPE_TEXT, &data);
    return data;
}

static void port_text(void *ctx, struct buf *out)
{
    struct str data;
    answer(ctx, TAPE_TEXT, &data);
    buf_put_str(out, data);
}

static void port_relay(void *ctx, const struct relay_scope *what)
{
    struct replay *r = ctx;
    tape_hash_relay(&r->got, what);
}

static void finish(struct replay *r)
{
    for (uint32_t i = 0; i < r->n_streams; i++) {
        if (r->streams[i]) {
            feed_closed(r, r->streams[i], STREAM_DRAIN);
        }
    }
    exchange_free(r->x);
    tape_conf_free(&r->conf);
    r->x = NULL;
    r->conf = (struct exchange_conf){0};
    r->got = (struct rec_hash){0};
}

/* At a checkpoint: the exchange begins, or begins anew. */
static bool start(struct replay *r)
{
    struct rd rd = rd_of(r->rec.data.p, r->rec.data.n);
    int64_t wall_offset_us = 0;
    if (r->x) {
        finish(r);
    }
    if (!tape_conf_read(&rd, &r->conf, &wall_offset_us)) {
        tape_conf_free(&r->conf);
        return false;
    }
    r->x = exchange_new(&r->conf,
                        &(struct exchange_ports){
                            .ctx = r,
                            .password = port_password,
                            .ca_cert = port_ca_cert,
                            .health = port_text,
                            .metrics = port_text,
                            .relay = port_relay,
                            .group = port_group,
                            .db = port_db,
                            .push = port_push,
                            .disk = port_disk,
                        },
                        wall_offset_us, &r->counts);
    return true;
}

static void feed(struct replay *r)
{
    struct rd rd = rd_of(r->rec.data.p, r->rec.data.n);
    int64_t now = r->rec.time;
    switch (r->rec.kind) {
    case TAPE_TICK: exchange_tick(r->x, now); break;
    case TAPE_PASSWORD: feed_password(r, &rd); break;
    case TAPE_WALL: exchange_wall(r->x, (int64_t)rd_u64(&rd)); break;
    case TAPE_DB_PART: buf_put(&r->rows, rd.p, rd.n); break;
    case TAPE_DB: feed_db(r, &rd); break;
    case TAPE_PUSHED: feed_pushed(r, &rd); break;
    case TAPE_DISK: feed_disk(r, &rd); break;
    case TAPE_GROUP: feed_group(r, &rd); break;
    case TAPE_RECORDED: feed_recorded(r, &rd); break;
    case TAPE_HSTS: exchange_hsts(r->x, rd_u8(&rd)); break;
    case TAPE_READY: exchange_ready(r->x, now); break;
    case TAPE_DRAIN: exchange_drain(r->x, now, (int64_t)rd_u64(&rd)); break;
    case TAPE_CUT: web_close_all(exchange_web(r->x)); break;
    case TAPE_WROTE:
    case TAPE_JOB:
    case TAPE_TEXT:
    case TAPE_DB_ASKED:
        differs(r, "the exchange did not ask for \"%s\"", kind_name(r->rec.kind));
        break;
    default: feed_stream(r, &rd);
    }
}

static void take(struct replay *r)
{
    char why[160];
    if (r->rec.kind == REC_OUTPUT) {
        r->result->outputs++;
        if (!rec_expect(&r->rec, &r->got, why, sizeof why)) {
            differs(r, "%s", why);
        }
        return;
    }
    if (!rec_expect_none(&r->rec, &r->got, why, sizeof why)) {
        differs(r, "%s", why);
    }
    if (r->rec.kind < REC_INPUT) {
        return;
    }
    if (r->verbose) {
        fprintf(r->out, "%llu %.6f %s %zu\n", (unsigned long long)r->rec.number,
                (double)r->rec.time / 1e6, kind_name(r->rec.kind), r->rec.data.n);
    }
    r->result->inputs++;
    feed(r);
}

/* The exchange's records, from the checkpoint in r->rec on. */
static bool replay_exchange(struct replay *r)
{
    do {
        if (r->rec.kind == REC_CHECKPOINT && !start(r)) {
            fprintf(r->out, "The recording was made by another version of madang.\n");
            return false;
        }
        take(r);
    } while (read_next(r));
    finish(r);
    xfree(r->streams);
    buf_free(&r->rows);
    return true;
}

static bool next_answer(void *ctx, struct rec_record *out)
{
    struct replay *r = ctx;
    bool more = read_next(r);
    *out = r->rec;
    return more;
}

/* A worker's file: one STUN server, one TURN server and one SFU. */
static bool replay_worker(struct replay *r)
{
    struct stun_core stun = {0};
    struct turn_replay *turn = turn_replay_new(next_answer, r);
    struct sfu_replay *sfu = sfu_replay_new();
    char why[160];
    while (read_next(r)) {
        struct rec_record rec = r->rec;
        r->result->outputs += rec.kind == REC_OUTPUT;
        r->result->inputs += rec.kind >= REC_INPUT;
        if (r->verbose && rec.kind >= REC_INPUT) {
            fprintf(r->out, "%llu %.6f core %u %u %zu\n", (unsigned long long)rec.number,
                    (double)rec.time / 1e6, rec.core, rec.kind, rec.data.n);
        }
        bool good = rec.core >= SFU_CORE_FIRST    ? sfu_replay_feed(sfu, &rec, why, sizeof why)
                    : rec.core >= TURN_CORE_FIRST ? turn_replay_feed(turn, &rec, why, sizeof why)
                                                  : stun_core_replay(&stun, &rec, why, sizeof why);
        if (!good) {
            differs(r, "%s", why);
        }
    }
    sfu_replay_free(sfu);
    turn_replay_free(turn);
    stun_core_free(&stun);
    return true;
}

bool replay_file(const char *file, bool verbose, FILE *out, struct replay_result *result)
{
    struct replay r = {.out = out, .verbose = verbose, .result = result};
    *result = (struct replay_result){0};
    buf_init(&r.rows, DB_ROWS_MAX);
    enum err e = rec_reader_open(&r.reader, file);
    if (e != ERR_OK) {
        fprintf(out, "%s: %s.\n", file,
                e == ERR_SYNTAX ? "this is no recording of madang" : strerror(errno));
        return false;
    }
    bool good = true;
    if (rec_next(r.reader, &r.rec) == ERR_OK) {
        r.ahead = r.rec.core != TAPE_EXCHANGE;
        good = r.ahead ? replay_worker(&r) : replay_exchange(&r);
    }
    result->skipped = rec_reader_skipped(r.reader);
    rec_reader_close(r.reader);
    return good;
}

int replay_main(int argc, char **argv)
{
    int status = 0;
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (argc < (verbose ? 3 : 2)) {
        fprintf(stderr, "usage: madang replay [-v] FILE...\n");
        return 2;
    }
    for (int i = verbose ? 2 : 1; i < argc; i++) {
        struct replay_result res;
        if (!replay_file(argv[i], verbose, stdout, &res)) {
            return 2;
        }
        printf("%s: %llu inputs, %llu outputs compared, %llu differences\n", argv[i],
               (unsigned long long)res.inputs, (unsigned long long)res.outputs,
               (unsigned long long)res.differences);
        status |= res.differences > 0;
    }
    return status;
}
