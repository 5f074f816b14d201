/* Lines of the crowd: what goes over a connection and how it goes wrong. Bytes leave and arrive in
 * pieces of any size; frames, chunks and responses are taken apart here. What was said comes out by
 * heard(), what happened to the way by way_lost() and posted() (crowd_person.h). */
#ifndef MADANG_TESTS_CROWD_WIRE_H
#define MADANG_TESTS_CROWD_WIRE_H

#include "sim/crowd_world.h"

/* crowd_person.h */
static void heard(struct person *p, const char *text, size_t n, uint64_t id, bool ws);
static void way_open(struct line *l);
static void way_lost(struct line *l);
static void posted(struct line *l, int status);

/* ---- connections ---- */

static struct line *line_new(struct world *w, enum role role, struct person *who,
                             struct browser *browser)
{
    struct line *l = xcalloc(1, sizeof *l);
    char ip[32];
    snprintf(ip, sizeof ip, "192.0.2.%d", who ? who->n + 1 : browser ? browser->n * 3 + 1 : 200);
    l->w = w;
    l->f = stream_fake_new(ip, true, NULL, NULL);
    l->f->now_us = w->now;
    if (!w->calm && chance(w, 40)) {
        l->f->room = 500 + below(w, 1 << (9 + below(w, 8)));
    }
    l->role = role;
    l->who = who;
    l->browser = browser;
    buf_init(&l->tx, 16 << 20);
    buf_init(&l->rx, 16 << 20);
    buf_init(&l->text, 16 << 20);
    list_push_back(&w->lines, &l->link);
    tape_take(w->tape, &l->f->s);
    return l;
}

static void line_free(struct line *l)
{
    list_del(&l->link);
    stream_fake_free(l->f);
    buf_free(&l->tx);
    buf_free(&l->rx);
    buf_free(&l->text);
    xfree(l);
}

/* The way breaks, in one of the ways in which ways break. */
static void line_cut(struct line *l)
{
    static const enum stream_why why[] = {STREAM_RESET, STREAM_EOF, STREAM_DEAD_PEER, STREAM_ERROR};
    struct world *w = l->w;
    w->did.cuts++;
    if (chance(w, 25)) {
        stream_fake_feed_eof(l->f); /* says no more, and doesn't listen */
        l->mute = true;
        l->f->room = 0;
        l->f->blocked = true;
    } else {
        stream_fake_break(l->f, why[below(w, ARRAY_LEN(why))]);
    }
    buf_free(&l->tx);
}

/* Nobody waits for it any more; what was said may still arrive, or not. */
static void line_abandon(struct line *l)
{
    l->who = NULL;
    l->browser = NULL;
    l->wake_at = l->w->now + (l->mute ? 100000000 : (int64_t)below(l->w, 3000000));
}

/* ---- saying ---- */

static void tx_text(struct line *l, const char *text)
{
    buf_puts(&l->tx, text);
}

static void tx_frame(struct line *l, unsigned op, bool fin, const char *p, size_t n)
{
    uint8_t head[14] = {(uint8_t)(op | (fin ? 0x80 : 0))}, mask[4];
    size_t m = 2;
    rng_bytes(&l->w->rng, mask, sizeof mask);
    if (n < 126) {
        head[1] = (uint8_t)(0x80 | n);
    } else if (n < 65536) {
        head[1] = 0x80 | 126;
        set_u16(head + 2, (uint16_t)n);
        m = 4;
    } else {
        head[1] = 0x80 | 127;
        set_u64(head + 2, n);
        m = 10;
    }
    buf_put(&l->tx, head, m);
    buf_put(&l->tx, mask, 4);
    uint8_t *to = buf_reserve(&l->tx, n);
    for (size_t i = 0; i < n; i++) {
        to[i] = (uint8_t)p[i] ^ mask[i % 4];
    }
    buf_commit(&l->tx, n);
}

/* A text message, in one frame or many, with control frames in between. */
static void tx_message(struct line *l, const char *p, size_t n)
{
    unsigned op = 1;
    while (n > 0 && chance(l->w, 20)) {
        size_t k = below(l->w, n);
        tx_frame(l, op, false, p, k);
        op = 0;
        p += k;
        n -= k;
        if (chance(l->w, 20)) {
            tx_frame(l, 9, true, "?", below(l->w, 2));
        }
    }
    tx_frame(l, op, true, p, n);
}

static void tx_upgrade(struct line *l)
{
    tx_text(l, "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Origin: https://h\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1"
               "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

static void tx_get(struct line *l)
{
    buf_putf(&l->tx, "GET /api/stream/%s%s HTTP/1.1\r\nHost: h\r\n\r\n", l->browser->key,
             l->browser->poll ? "?poll=1" : "");
    l->waiting = true;
    l->open = false;
}

static void tx_post(struct line *l, const struct person *p, const char *text, size_t n)
{
    buf_putf(&l->tx,
             "POST /api/send/%s/%s HTTP/1.1\r\nHost: h\r\nOrigin: https://h\r\n"
             "Content-Type: text/plain;charset=utf-8\r\n",
             p->browser->key, p->tab);
    if (chance(l->w, 15)) {
        size_t k = below(l->w, n);
        buf_puts(&l->tx, "Transfer-Encoding: chunked\r\n\r\n");
        if (k > 0) {
            buf_putf(&l->tx, "%zx\r\n%.*s\r\n", k, (int)k, text);
        }
        buf_putf(&l->tx, "%zx\r\n%.*s\r\n0\r\n\r\n", n - k, (int)(n - k), text + k);
    } else {
        buf_putf(&l->tx, "Content-Length: %zu\r\n\r\n", n);
        buf_put(&l->tx, text, n);
    }
    l->waiting = true;
    l->w->did.posts++;
}

/* ---- hearing ---- */

/* A response's head: its status once it is whole, else 0; *n is its length. */
static int head_of(struct line *l, size_t *n, size_t *length)
{
    const char *p = (const char *)buf_data(&l->rx);
    const char *end = p ? memmem(p, buf_len(&l->rx), "\r\n\r\n", 4) : NULL;
    if (!end) {
        return 0;
    }
    *n = (size_t)(end + 4 - p);
    CHECK(l->w, *n < 4096 && memcmp(p, "HTTP/1.1 ", 9) == 0, "no response: %.*s", (int)*n, p);
    const char *field = memmem(p, *n, "Content-Length: ", 16);
    *length = field ? strtoul(field + 16, NULL, 10) : 0;
    return (int)strtol(p + 9, NULL, 10);
}

/* Too slow, too often, or just now not. */
static bool refused(int status)
{
    return status == 408 || status == 429 || status == 503;
}

static void hear_control(struct line *l, unsigned op, const char *p, size_t n)
{
    if (op == 9 && !l->mute) {
        tx_frame(l, 10, true, p, n);
    } else if (op == 8) {
        /* What the server says before it ends has been processed; it will close. */
        CHECK(l->w, n >= 2, "a close frame without a code");
        unsigned code = (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
        CHECK(l->w, code >= 1000 && code < 5000, "close code %u", code);
    }
}

static void hear_frames(struct line *l)
{
    while (buf_len(&l->rx) >= 2) {
        const uint8_t *p = buf_data(&l->rx);
        size_t head = 2, n = p[1];
        CHECK(l->w, (p[0] & 0x70) == 0 && (p[0] & 0x80), "a frame begins with %02x", p[0]);
        head = n == 126 ? 4 : n == 127 ? 10 : 2;
        if (buf_len(&l->rx) < head) {
            return;
        }
        n = n == 126 ? get_u16(p + 2) : n == 127 ? get_u64(p + 2) : n;
        if (buf_len(&l->rx) < head + n) {
            return;
        }
        if ((p[0] & 15) != 1) {
            hear_control(l, p[0] & 15, (const char *)p + head, n);
        } else if (l->who) {
            heard(l->who, (const char *)p + head, n, 0, true);
        }
        buf_consume(&l->rx, head + n);
    }
}

static void hear_ws(struct line *l)
{
    size_t head, length;
    if (!l->open) {
        int status = head_of(l, &head, &length);
        if (status == 0) {
            return;
        }
        CHECK(l->w, status == 101 || refused(status), "status %d", status);
        buf_consume(&l->rx, head);
        if (status != 101) {
            way_lost(l);
            return;
        }
        l->open = true;
        if (l->who) {
            way_open(l);
        }
    }
    hear_frames(l);
}

/* One event of a stream, without its empty line. */
static void hear_event(struct line *l, char *p, const char *end)
{
    static char text[TEXT_MAX * 2];
    char tab[17] = "";
    uint64_t id = 0;
    size_t n = 0;
    for (char *eol; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        eol = eol ? eol : p + (end - p);
        size_t len = (size_t)(eol - p);
        if (len > 7 && memcmp(p, "event: ", 7) == 0) {
            CHECK(l->w, len - 7 <= 16, "a tab of %zu letters", len - 7);
            memcpy(tab, p + 7, len - 7);
        } else if (len > 4 && memcmp(p, "id: ", 4) == 0) {
            id = strtoull(p + 4, NULL, 10);
        } else if (len >= 6 && memcmp(p, "data: ", 6) == 0) {
            text[n] = '\n';
            memcpy(text + n + 1, p + 6, len - 6);
            n += len - 5;
        } else {
            CHECK(l->w, *p == ':', "a line of an event: %.*s", (int)len, p);
        }
    }
    for (int i = 0; n > 0 && i < PEOPLE; i++) {
        struct person *who = &l->w->people[i];
        if (who->browser == l->browser && strcmp(who->tab, tab) == 0) {
            heard(who, text + 1, n - 1, id, false);
            return;
        }
    }
}

static void hear_events(struct line *l)
{
    char *end;
    while (l->browser && buf_len(&l->text) > 0 &&
           (end = memmem(buf_data(&l->text), buf_len(&l->text), "\n\n", 2))) {
        char *p = (char *)(uintptr_t)buf_data(&l->text);
        hear_event(l, p, end);
        buf_consume(&l->text, (size_t)(end + 2 - p));
    }
}

static bool hear_chunk(struct line *l)
{
    const char *p = (const char *)buf_data(&l->rx);
    size_t have = buf_len(&l->rx);
    const char *eol = have ? memmem(p, have, "\r\n", 2) : NULL;
    char *after;
    if (!eol) {
        return false;
    }
    size_t n = strtoul(p, &after, 16), head = (size_t)(eol + 2 - p);
    CHECK(l->w, after == eol && n < 8 << 20, "a chunk of %.*s", (int)(eol - p), p);
    if (have < head + n + 2) {
        return false;
    }
    CHECK(l->w, memcmp(p + head + n, "\r\n", 2) == 0, "a chunk doesn't end");
    buf_put(&l->text, p + head, n);
    buf_consume(&l->rx, head + n + 2);
    hear_events(l);
    return true;
}

static void hear_stream(struct line *l)
{
    size_t head, length;
    if (!l->open) {
        int status = head_of(l, &head, &length);
        if (status == 0) {
            return;
        }
        CHECK(l->w, status == 200 || refused(status), "status %d", status);
        buf_consume(&l->rx, head);
        if (status != 200) {
            way_lost(l);
            return;
        }
        l->open = true;
        way_open(l);
    }
    while (l->browser && hear_chunk(l)) {
    }
}

/* Responses with a length: of POSTs and polls. */
static void hear_responses(struct line *l)
{
    size_t head, length;
    int status;
    while (l->waiting && (status = head_of(l, &head, &length)) != 0 &&
           buf_len(&l->rx) >= head + length) {
        l->waiting = false;
        if (l->role == ROLE_POST) {
            buf_consume(&l->rx, head + length);
            posted(l, status);
            continue;
        }
        CHECK(l->w, status == 200 || refused(status), "status %d", status);
        if (status != 200) {
            way_lost(l);
            return;
        }
        buf_put(&l->text, buf_data(&l->rx) + head, length);
        buf_consume(&l->rx, head + length);
        l->wake_at = l->w->now + (int64_t)below(l->w, chance(l->w, 10) ? 9000000 : 200000);
        way_open(l);
        hear_events(l);
    }
}

/* ---- each step ---- */

static void line_write(struct line *l)
{
    static uint8_t piece[TEXT_MAX * 2];
    while (buf_len(&l->tx) > 0 && !l->f->s.closing && !l->mute) {
        size_t n = MIN_OF(buf_len(&l->tx), sizeof piece);
        if (!l->w->calm && chance(l->w, 60)) {
            size_t most = (size_t)1 << below(l->w, 15);
            n = 1 + below(l->w, MIN_OF(n, most));
        }
        /* What the other side doesn't take waits in the stream, and beyond that here. */
        n = MIN_OF(n, STREAM_HELD_MAX - l->f->held_len);
        if (n == 0) {
            return;
        }
        memcpy(piece, buf_data(&l->tx), n);
        buf_consume(&l->tx, n);
        stream_fake_feed(l->f, piece, n);
        if (!l->w->calm && chance(l->w, 30)) {
            return;
        }
    }
}

static void line_read(struct line *l)
{
    size_t n = l->f->out_len;
    if (n == 0 || l->mute || l->slow) {
        return;
    }
    if (!l->w->calm && chance(l->w, 30)) {
        n = 1 + below(l->w, n);
    }
    buf_put(&l->rx, l->f->out, n);
    stream_fake_take(l->f, n);
    stream_fake_room(l->f, n);
    switch (l->role) {
    case ROLE_WS: hear_ws(l); break;
    case ROLE_STREAM: hear_stream(l); break;
    case ROLE_NOISE: buf_reset(&l->rx); break;
    default: hear_responses(l);
    }
}

/* False: it is over and everybody knows. */
static bool line_step(struct line *l)
{
    struct world *w = l->w;
    if (l->slow && w->now >= l->wake_at) {
        l->slow = false;
    }
    line_write(l);
    line_read(l);
    if (l->role == ROLE_POLL && l->browser && !l->waiting && w->now >= l->wake_at &&
        !l->f->s.closing) {
        tx_get(l);
    }
    bool abandoned = l->role != ROLE_NOISE && !l->who && !l->browser;
    if (abandoned && w->now >= l->wake_at && !l->f->s.closing) {
        stream_fake_break(l->f, STREAM_RESET);
    }
    if (!l->f->told_closed || (l->f->out_len > 0 && !l->mute && !l->slow && !abandoned)) {
        return true;
    }
    if (l->role != ROLE_NOISE && !abandoned && !l->mute) {
        way_lost(l);
    }
    return l->mute && !abandoned;
}

#endif
