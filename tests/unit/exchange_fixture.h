/* The whole control side on fake streams and virtual time; for test_app_*.c. */
#ifndef MADANG_TESTS_EXCHANGE_FIXTURE_H
#define MADANG_TESTS_EXCHANGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/tape.h"
#include "db_inline.h"
#include "disk_inline.h"
#include "io/stream_fake.h"

enum { YARD_CLIENTS = 12, YARD_TEXT = 1 << 17 };

struct client {
    struct yard *yard;
    struct stream_fake *f; /* NULL: not connected */
    char text[YARD_TEXT];  /* the message that hear() returned */
    unsigned close_code;   /* of the close frame, 0: none yet */
    unsigned heard;        /* sequenced messages */
};

struct yard {
    struct exchange_conf conf;
    struct counts counts;
    struct tape *tape;
    int64_t now;
    bool refuse_jobs;
    uint64_t last_job;
    enum password_kind last_kind;
    unsigned relays[RELAY_KINDS];
    struct {
        uint64_t room, peer, track; /* of the last orders that had one */
    } group;
    struct db_inline db;
    struct disk_inline disk;
    void (*on_relay)(struct yard *y, const struct relay_scope *what);
    struct stream_fake *streams[64];
    int n_streams;
    struct client c[YARD_CLIENTS];
};

static inline bool yard_password(void *ctx, const struct password_job *job)
{
    struct yard *y = ctx;
    y->last_job = job->job;
    y->last_kind = job->kind;
    return !y->refuse_jobs;
}

static inline struct str yard_ca(void *ctx)
{
    (void)ctx;
    return STR("-----BEGIN CERTIFICATE-----\n");
}

static inline void yard_text(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_puts(out, "");
}

static inline void yard_relay(void *ctx, const struct relay_scope *what)
{
    struct yard *y = ctx;
    y->relays[what->kind]++;
    if (y->on_relay) {
        y->on_relay(y, what);
    }
}

static inline void yard_group(void *ctx, const struct group_order *order)
{
    struct yard *y = ctx;
    y->group.room = order->room;
    y->group.peer = order->peer ? order->peer : y->group.peer;
    y->group.track = order->n_lines ? order->lines[0].track : y->group.track;
}

static inline bool yard_db(void *ctx, const struct db_request *request)
{
    struct yard *y = ctx;
    return db_inline_ask(&y->db, request);
}

static inline bool yard_disk(void *ctx, const struct disk_request *rq)
{
    struct yard *y = ctx;
    return disk_inline_ask(&y->disk, rq);
}

static inline struct yard *yard_new(struct rec *rec, void (*change)(struct exchange_conf *conf))
{
    struct yard *y = calloc(1, sizeof *y);
    web_conf_defaults(&y->conf.web);
    y->conf.web.notice_us = 0;
    domain_config_defaults(&y->conf.domain);
    y->conf.domain.facts.server = STR("madang/test");
    y->conf.domain.relays = true;
    y->conf.outbox = outbox_limits_default;
    y->conf.frame_max = 4 << 20;
    y->conf.reorder_max = 4;
    y->conf.reorder_wait_us = 5000000;
    y->conf.history = 100;
    y->conf.history_bytes = 1 << 20;
    memset(y->conf.seed, 7, sizeof y->conf.seed);
    if (change) {
        change(&y->conf);
    }
    y->now = 1000000;
    y->tape = tape_new(rec, &y->conf,
                       &(struct exchange_ports){y, yard_password, yard_ca, yard_text, yard_text,
                                                yard_relay, yard_group, yard_db, NULL, yard_disk},
                       y->now, INT64_C(1800000000000000), &y->counts);
    tape_ready(y->tape, y->now);
    for (int i = 0; i < YARD_CLIENTS; i++) {
        y->c[i].yard = y;
    }
    return y;
}

static inline void yard_stored(void *ctx, const struct db_answer *answer)
{
    struct yard *y = ctx;
    tape_db(y->tape, y->now, answer);
}

static inline void yard_disk_done(void *ctx, const struct disk_answer *answer)
{
    struct yard *y = ctx;
    tape_disk(y->tape, y->now, answer);
}

/* Ends of rounds on all streams, and answers of database and disk, until nothing happens any more. */
static inline void yard_settle(struct yard *y)
{
    for (int turn = 0; turn < 4; turn++) {
        db_inline_answer(&y->db, yard_stored, y);
        disk_inline_answer(&y->disk, yard_disk_done, y);
        for (int i = 0; i < y->n_streams; i++) {
            stream_fake_round(y->streams[i]);
        }
    }
}

static inline void yard_free(struct yard *y)
{
    web_close_all(exchange_web(tape_exchange(y->tape)));
    yard_settle(y);
    for (int i = 0; i < y->n_streams; i++) {
        stream_fake_free(y->streams[i]);
    }
    tape_free(y->tape);
    db_inline_free(&y->db);
    disk_inline_free(&y->disk);
    free(y);
}

/* Lets time pass, in steps that no deadline can slip through. */
static inline void yard_wait(struct yard *y, int64_t us)
{
    int64_t end = y->now + us;
    while (y->now < end) {
        y->now = MIN_OF(end, y->now + 50000);
        for (int i = 0; i < y->n_streams; i++) {
            stream_fake_time(y->streams[i], y->now);
        }
        if (exchange_deadline(tape_exchange(y->tape)) <= y->now) {
            tape_tick(y->tape, y->now);
        }
        yard_settle(y);
    }
}

static inline struct stream_fake *yard_connect(struct yard *y)
{
    struct stream_fake *f = stream_fake_new("192.0.2.7", true, NULL, NULL);
    f->now_us = y->now;
    assert_true(y->n_streams < 64);
    y->streams[y->n_streams++] = f;
    tape_take(y->tape, &f->s);
    return f;
}

static inline void feed_text(struct stream_fake *f, const char *text)
{
    stream_fake_feed(f, text, strlen(text));
}

/* fields: more of the request, each with CR LF. */
static inline void client_open_with(struct client *c, const char *fields)
{
    c->f = yard_connect(c->yard);
    c->close_code = 0;
    feed_text(c->f, "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nOrigin: https://h\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Protocol: madang.v1\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    feed_text(c->f, fields);
    feed_text(c->f, "\r\n");
    yard_settle(c->yard);
    const char *end = c->f->out ? memmem(c->f->out, c->f->out_len, "\r\n\r\n", 4) : NULL;
    assert_non_null(end);
    assert_memory_equal(c->f->out, "HTTP/1.1 101", 12);
    stream_fake_take(c->f, (size_t)(end + 4 - (const char *)c->f->out));
}

static inline void client_open(struct client *c)
{
    client_open_with(c, "");
}

/* Sends a text message as one masked frame. */
PRINTF_CHECK(2, 3)
static inline void say(struct client *c, const char *fmt, ...)
{
    static uint8_t frame[YARD_TEXT + 16];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf((char *)frame + 8, YARD_TEXT, fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, 65535);
    uint8_t head[8] = {0x81, 0x80 | 126, (uint8_t)(n >> 8), (uint8_t)n, 1, 2, 3, 4};
    uint8_t *start = frame;
    if (n < 126) {
        head[1] = (uint8_t)(0x80 | n);
        memmove(head + 2, head + 4, 4);
        start = frame + 2;
    }
    memcpy(start, head, n < 126 ? 6 : 8);
    for (int i = 0; i < n; i++) {
        frame[8 + i] ^= (uint8_t)(i % 4 + 1);
    }
    stream_fake_feed(c->f, start, (size_t)n + (n < 126 ? 6 : 8));
    yard_settle(c->yard);
}

static inline bool sequenced(const char *text)
{
    static const char *const beside[] = {"pong", "resumed", "closing", "ended"};
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        char start[40];
        snprintf(start, sizeof start, "{\"type\":\"%s\"", beside[i]);
        if (strncmp(text, start, strlen(start)) == 0) {
            return false;
        }
    }
    return strncmp(text, "{\"type\":\"error\",\"code\"", 22) != 0;
}

/* The next text message, or NULL. Pings are passed over, a close frame is noted. */
static inline const char *hear(struct client *c)
{
    while (c->f && c->f->out_len >= 2) {
        const uint8_t *p = c->f->out;
        size_t head = 2, n = p[1];
        if (n == 126) {
            head = 4;
            n = get_u16(p + 2);
        } else if (n == 127) {
            head = 10;
            n = get_u64(p + 2);
        }
        assert_true(head + n <= c->f->out_len && n < YARD_TEXT);
        unsigned opcode = p[0] & 15;
        memcpy(c->text, p + head, n);
        c->text[n] = 0;
        if (opcode == 8) {
            c->close_code = get_u16(p + head);
        }
        stream_fake_take(c->f, head + n);
        if (opcode == 1) {
            c->heard += sequenced(c->text);
            return c->text;
        }
    }
    return NULL;
}

/* Hears messages until one contains the text; fails when none does. */
static inline const char *hear_with(struct client *c, const char *part)
{
    const char *text;
    while ((text = hear(c))) {
        if (strstr(text, part)) {
            return text;
        }
    }
    fail_msg("nothing with %s came", part);
    return NULL;
}

static inline void hear_all(struct client *c)
{
    while (hear(c)) {
    }
}

/* The value of "name":"value" or "name":value in the text. */
static inline const char *field(const char *text, const char *name, char out[256])
{
    char key[64];
    int n = snprintf(key, sizeof key, "\"%s\":", name);
    const char *p = strstr(text, key);
    assert_non_null(p);
    p += n;
    p += *p == '"';
    size_t len = strcspn(p, "\",}");
    assert_true(len < 256);
    memcpy(out, p, len);
    out[len] = 0;
    return out;
}

static inline void cut(struct client *c)
{
    stream_fake_break(c->f, STREAM_RESET);
    yard_settle(c->yard);
    c->f = NULL;
}

#endif
