/* The whole control side as a state machine: the input is a program that opens connections, says things
 * on them (whole messages with the tokens and rooms that were heard, or bytes of any kind), cuts them,
 * lets time pass, limits what they take, answers about passwords and from the database (yard_db.h). At the end
 * everybody goes, and nothing may be left. The last inputs are recorded: a finding leaves, beside libFuzzer's artifact, a file for
 * `madang replay` in MADANG_ARTIFACTS (or the current folder); where it lies is said. */
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/tape.h"
#include "base/log.h"
#include "base/rec.h"
#include "io/stream_fake.h"
#include "yard_db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { CONNS = 8, STREAMS = 64, OPS = 400, HEARD = 4, PEERS = 128 };

struct yard {
    struct exchange_conf conf;
    struct counts counts;
    struct tape *tape;
    int64_t now;
    struct stream_fake *all[STREAMS];
    int n_all;
    struct stream_fake *conn[CONNS]; /* those that the program still holds */
    char token[HEARD][23], room[HEARD][14], session[HEARD][14], call[HEARD][14];
    unsigned tokens, rooms, sessions, n_calls;
    uint64_t jobs[16];
    unsigned n_jobs;
    unsigned next_id[CONNS];
    bool draining;
    int scopes;      /* of relays, open */
    bool groups;     /* there are such */
    int group_rooms; /* of workers, open */
    uint64_t group, recording, last_track;
    uint64_t peers[PEERS]; /* that have offered and did not leave */
    unsigned n_peers;
    struct yard_db db;
    bool people; /* there was something about people with accounts */
};

struct program {
    const uint8_t *p;
    size_t n;
};

static struct rec *rec;
static char rec_name[256];

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "does not hold: %s; see: madang replay %s\n", what, rec_name);
        abort();
    }
}

static unsigned take(struct program *g)
{
    if (g->n == 0) {
        return 0;
    }
    g->n--;
    return *g->p++;
}

static struct str take_bytes(struct program *g)
{
    size_t n = take(g);
    n = n > g->n ? g->n : n;
    if (n == 0) {
        return STR_NONE;
    }
    struct str s = str_of(g->p, n);
    g->p += n;
    g->n -= n;
    return s;
}

/* ---- the world's side ---- */

static bool port_password(void *ctx, const struct password_job *job)
{
    struct yard *y = ctx;
    if (y->n_jobs == ARRAY_LEN(y->jobs)) {
        return false;
    }
    y->jobs[y->n_jobs++] = job->job;
    return true;
}

static bool port_db(void *ctx, const struct db_request *request)
{
    struct yard *y = ctx;
    return yard_db_ask(&y->db, request);
}

static struct str port_ca(void *ctx)
{
    (void)ctx;
    return STR("certificate");
}

static void port_text(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_puts(out, ",\"x\":1");
}

static void settle(struct yard *y)
{
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < y->n_all; i++) {
            stream_fake_round(y->all[i]);
        }
    }
}

static void check_box(void *arg, const struct hub_session_dump *d)
{
    const struct yard *y = arg;
    const struct outbox *o = d->out;
    check(o->bytes <= y->conf.outbox.kept_bytes && o->count <= y->conf.outbox.kept_count &&
              o->sent <= o->count && o->sent_bytes <= o->bytes,
          "the cap of an outbox");
    check(d->held <= y->conf.reorder_max, "the cap of requests that wait");
}

static void pass(struct yard *y, int64_t us)
{
    y->now += us;
    for (int i = 0; i < y->n_all; i++) {
        stream_fake_time(y->all[i], y->now);
    }
    if (exchange_deadline(tape_exchange(y->tape)) <= y->now) {
        tape_tick(y->tape, y->now);
    }
    settle(y);
    hub_visit(exchange_hub(tape_exchange(y->tape)), check_box, y);
}

/* ---- what is said ---- */

/* Remembers values of a key in what a connection was told. */
static unsigned note(const struct stream_fake *f, const char *key, char *to, size_t size,
                     unsigned n)
{
    const char *p = (const char *)f->out, *end = p + f->out_len;
    size_t len = strlen(key);
    while (p && (size_t)(end - p) > len + size && (p = memmem(p, (size_t)(end - p), key, len))) {
        p += len;
        if ((size_t)(end - p) >= size) {
            memcpy(to + n++ % HEARD * size, p, size - 1);
        }
    }
    return n;
}

static void hear(struct yard *y, struct stream_fake *f)
{
    if (f->out_len == 0) {
        return;
    }
    y->tokens = note(f, "\"token\":\"", y->token[0], sizeof y->token[0], y->tokens);
    y->rooms = note(f, "{\"room\":\"", y->room[0], sizeof y->room[0], y->rooms);
    y->n_calls = note(f, "{\"call\":\"", y->call[0], sizeof y->call[0], y->n_calls);
    y->sessions = note(f, "\"session\":\"", y->session[0], sizeof y->session[0], y->sessions);
    stream_fake_take(f, f->out_len);
}

/* $T a token, $R a room, $S a session, $I the next id, $N a number, $B bytes of the input. */
static const char *const messages[] = {
    "{\"type\":\"hello\",\"id\":1,\"v\":1}",
    "{\"type\":\"hello\",\"id\":1,\"v\":1,\"name\":\"$B\",\"join\":{\"room\":\"$R\"}}",
    "{\"type\":\"hello\",\"id\":1,\"v\":1,\"replaces\":\"$T\",\"join\":{\"room\":\"$R\"}}",
    "{\"type\":\"resume\",\"v\":1,\"token\":\"$T\",\"seq\":$N}",
    "{\"type\":\"ping\",\"seq\":$N}",
    "{\"type\":\"bye\"}",
    "{\"type\":\"create\",\"id\":$I,\"title\":\"$B\"}",
    "{\"type\":\"create\",\"id\":$I,\"password\":\"$B\",\"capacity\":$N}",
    "{\"type\":\"join\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"join\",\"id\":$I,\"room\":\"$R\",\"password\":\"$B\"}",
    "{\"type\":\"leave\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"watch\",\"id\":$I,\"on\":true}",
    "{\"type\":\"room_set\",\"id\":$I,\"room\":\"$R\",\"locked\":true,\"capacity\":$N}",
    "{\"type\":\"room_set\",\"id\":$I,\"room\":\"$R\",\"password\":\"$B\",\"title\":\"$B\"}",
    "{\"type\":\"room_remove\",\"id\":$I,\"room\":\"$R\",\"session\":\"$S\"}",
    "{\"type\":\"room_merge\",\"id\":$I,\"room\":\"$R\",\"into\":\"$R\"}",
    "{\"type\":\"ticket\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"media\",\"id\":$I,\"room\":\"$R\",\"on\":true}",
    "{\"type\":\"state\",\"id\":$I,\"mic\":true}",
    "{\"type\":\"name\",\"id\":$I,\"name\":\"$B\"}",
    "{\"type\":\"chat\",\"id\":$I,\"room\":\"$R\",\"text\":\"$B\"}",
    "{\"type\":\"chat\",\"id\":$N,\"room\":\"$R\",\"text\":\"$B\"}",
    "{\"type\":\"whisper\",\"id\":$I,\"room\":\"$R\",\"to\":\"$S\",\"text\":\"$B\"}",
    "{\"type\":\"typing\",\"room\":\"$R\",\"on\":true}",
    "{\"type\":\"desc\",\"id\":$I,\"room\":\"$R\",\"to\":\"$S\"$B",
    "{\"type\":\"cand\",\"id\":$I,\"room\":\"$R\",\"to\":\"$S\",\"conn\":\"c\"}\n$B",
    "$B",
};

/* Where there are groups. */
static const char *const groups[] = {
    "{\"type\":\"group_offer\",\"id\":$I,\"room\":\"$R\",\"conn\":\"a\",\"lines\":[{\"mid\":\"0\","
    "\"kind\":\"mic\"}]}\nv=0",
    "{\"type\":\"group_offer\",\"id\":$I,\"room\":\"$R\",\"conn\":\"c$N\",\"lines\":[{\"mid\":"
    "\"0\","
    "\"kind\":\"camera\"},{\"mid\":\"$N\"}]}\nv=0",
    "{\"type\":\"group_wish\",\"id\":$I,\"room\":\"$R\",\"conn\":\"a\",\"wishes\":[{\"mid\":\"1\","
    "\"width\":$N}]}",
    "{\"type\":\"group_close\",\"id\":$I,\"room\":\"$R\",\"conn\":\"a\"}",
    "{\"type\":\"group_stats\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"media\",\"id\":$I,\"room\":\"$R\",\"on\":false}",
    "{\"type\":\"record_agree\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"record_stop\",\"id\":$I,\"room\":\"$R\"}",
};

/* Of people with accounts. $U somebody's id, $V that of a call. */
static const char *const people[] = {
    "{\"type\":\"account_set\",\"id\":$I,\"display\":\"$B\",\"settings\":{\"last_seen\":false}}",
    "{\"type\":\"account_password\",\"id\":$I,\"old\":\"$B\",\"password\":\"violet trombone "
    "81$B\"}",
    "{\"type\":\"account_recovery\",\"id\":$I,\"password\":\"$B\"}",
    "{\"type\":\"account_delete\",\"id\":$I,\"password\":\"$B\"}",
    "{\"type\":\"account_sessions\",\"id\":$I}",
    "{\"type\":\"account_end\",\"id\":$I,\"others\":true}",
    "{\"type\":\"account_end\",\"id\":$I,\"all\":true}",
    "{\"type\":\"invite_make\",\"id\":$I,\"uses\":$N}",
    "{\"type\":\"invites\",\"id\":$I}",
    "{\"type\":\"token_make\",\"id\":$I,\"name\":\"$B\",\"scopes\":[\"calls\"]}",
    "{\"type\":\"tokens\",\"id\":$I}",
    "{\"type\":\"passkeys\",\"id\":$I}",
    "{\"type\":\"passkey_begin\",\"id\":$I}",
    "{\"type\":\"passkey_begin\",\"id\":$I,\"confirm\":true}",
    "{\"type\":\"confirm\",\"id\":$I,\"password\":\"$B\"}",
    "{\"type\":\"people\",\"id\":$I,\"query\":\"$B\"}",
    "{\"type\":\"person\",\"id\":$I,\"user\":\"$U\"}",
    "{\"type\":\"people_watch\",\"id\":$I,\"users\":[\"$U\",\"$U\"]}",
    "{\"type\":\"favourite\",\"id\":$I,\"user\":\"$U\",\"on\":true}",
    "{\"type\":\"block\",\"id\":$I,\"user\":\"$U\",\"on\":true}",
    "{\"type\":\"presence\",\"id\":$I,\"mode\":\"dnd\"}",
    "{\"type\":\"idle\",\"on\":true}",
    "{\"type\":\"call\",\"id\":$I,\"to\":\"$U\",\"video\":true}",
    "{\"type\":\"call_answer\",\"id\":$I,\"call\":\"$V\",\"video\":true}",
    "{\"type\":\"call_decline\",\"id\":$I,\"call\":\"$V\"}",
    "{\"type\":\"call_cancel\",\"id\":$I,\"call\":\"$V\"}",
    "{\"type\":\"call_end\",\"id\":$I,\"call\":\"$V\"}",
    "{\"type\":\"call_take\",\"id\":$I,\"call\":\"$V\"}",
    "{\"type\":\"call_invite\",\"id\":$I,\"call\":\"$V\",\"to\":\"$U\"}",
    "{\"type\":\"calls\",\"id\":$I}",
    "{\"type\":\"calls_seen\",\"id\":$I}",
    "{\"type\":\"record_start\",\"id\":$I,\"room\":\"$R\"}",
    "{\"type\":\"recordings\",\"id\":$I}",
    "{\"type\":\"push_set\",\"id\":$I,\"endpoint\":\"https://$B/"
    "\",\"p256dh\":\"$B\",\"auth\":\"$B\"}",
};

static const struct {
    const char *verb, *body;
} calls[] = {
    {"me", "{}"},
    {"register", "{\"name\":\"ann\",\"password\":\"violet trombone 81\",\"invite\":\"$B\"}"},
    {"sign_in", "{\"name\":\"$B\",\"password\":\"violet trombone 81\"}"},
    {"sign_in", "{\"name\":\"ann\",\"password\":\"violet trombone 81\"}"},
    {"sign_out", "{}"},
    {"recover",
     "{\"name\":\"ann\",\"code\":\"abcd-efgh-jkmn\",\"password\":\"violet trombone 82\"}"},
    {"reset", "{\"link\":\"AAECAwQFBgcICQoLDA0ODw\",\"password\":\"violet trombone 82\"}"},
    {"invite", "{\"invite\":\"AAECAwQFBgcICQoLDA0ODw\"}"},
    {"passkey_begin", "{}"},
    {"$B", "$B"},
};

static void put_value(struct yard *y, struct program *g, unsigned slot, char what, struct buf *b)
{
    unsigned k;
    switch (what) {
    case 'T': buf_puts(b, y->token[take(g) % HEARD]); break;
    case 'R': buf_puts(b, y->room[take(g) % HEARD]); break;
    case 'S': buf_puts(b, y->session[take(g) % HEARD]); break;
    case 'U': buf_puts(b, take(g) & 1 ? "0000000000027" : "0000000000026"); break;
    case 'V': buf_puts(b, y->call[take(g) % HEARD]); break;
    case 'I':
        k = ++y->next_id[slot];
        buf_putf(b, "%u", k);
        break;
    case 'N': buf_putf(b, "%u", take(g)); break;
    default: buf_put_str(b, take_bytes(g)); break;
    }
}

static void compose_from(struct yard *y, struct program *g, unsigned slot, struct buf *b,
                         const char *m)
{
    if (strstr(m, "\"id\":1,")) {
        y->next_id[slot] = 1;
    }
    for (; *m; m++) {
        if (*m == '$') {
            put_value(y, g, slot, *++m, b);
        } else {
            buf_u8(b, (uint8_t)*m);
        }
    }
}

static void compose(struct yard *y, struct program *g, unsigned slot, struct buf *b)
{
    unsigned which = take(g);
    const char *m = which >= 128               ? people[which % ARRAY_LEN(people)]
                    : y->groups && which >= 64 ? groups[which % ARRAY_LEN(groups)]
                                               : messages[which % ARRAY_LEN(messages)];
    compose_from(y, g, slot, b, m);
}

static struct stream_fake *open_conn(struct yard *y, unsigned slot)
{
    if (y->n_all == STREAMS) {
        return NULL;
    }
    char ip[32];
    snprintf(ip, sizeof ip, "192.0.2.%u", slot + 1);
    struct stream_fake *f = stream_fake_new(ip, slot % 2, NULL, NULL);
    f->now_us = y->now;
    y->all[y->n_all++] = f;
    y->conn[slot] = f;
    tape_take(y->tape, &f->s);
    return f;
}

static struct stream_fake *conn_at(struct yard *y, unsigned slot)
{
    return y->conn[slot] ? y->conn[slot] : open_conn(y, slot);
}

static void feed_text(struct stream_fake *f, const char *text)
{
    stream_fake_feed(f, text, strlen(text));
}

/* In two pieces, where the input says. */
static void feed_split(struct stream_fake *f, struct program *g, struct buf *b)
{
    size_t at = take(g);
    at = at < buf_len(b) ? at : buf_len(b);
    stream_fake_feed(f, buf_data(b), at);
    stream_fake_feed(f, buf_data(b) + at, buf_len(b) - at);
    buf_reset(b);
}

static void say_ws(struct stream_fake *f, struct yard *y, struct program *g, unsigned slot)
{
    struct buf text, frame;
    buf_init(&text, 1 << 17);
    buf_init(&frame, 1 << 17);
    compose(y, g, slot, &text);
    size_t n = buf_len(&text);
    buf_u8(&frame, 0x81);
    if (n < 126) {
        buf_u8(&frame, (uint8_t)(0x80 | n));
    } else {
        buf_u8(&frame, 0x80 | 126);
        buf_u16(&frame, (uint16_t)n);
    }
    buf_u32(&frame, 0); /* a mask of zeros */
    buf_put_str(&frame, buf_str(&text));
    feed_split(f, g, &frame);
    buf_free(&text);
    buf_free(&frame);
}

#define KEY "0123456789abcdefABCDE"

static void say_post(struct stream_fake *f, struct yard *y, struct program *g, unsigned slot)
{
    struct buf text, post;
    unsigned where = take(g);
    buf_init(&text, 1 << 17);
    buf_init(&post, 1 << 17);
    compose(y, g, slot, &text);
    buf_putf(&post,
             "POST /api/send/" KEY "%c/t%u HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             'A' + (int)(where & 1), where >> 1 & 3, buf_len(&text));
    buf_put_str(&post, buf_str(&text));
    feed_split(f, g, &post);
    buf_free(&text);
    buf_free(&post);
}

#define TOKEN  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define COOKIE "Cookie: __Host-madang=" TOKEN "; madang=" TOKEN "\r\n" /* with TLS, and without */

static void say_call(struct stream_fake *f, struct yard *y, struct program *g, unsigned slot)
{
    struct buf verb, body, post;
    unsigned which = take(g);
    buf_init(&verb, 1 << 12);
    buf_init(&body, 1 << 17);
    buf_init(&post, 1 << 18);
    compose_from(y, g, slot, &verb, calls[which % ARRAY_LEN(calls)].verb);
    compose_from(y, g, slot, &body, calls[which % ARRAY_LEN(calls)].body);
    buf_puts(&post, "POST /api/");
    buf_put_str(&post, buf_str(&verb));
    buf_putf(&post,
             " HTTP/1.1\r\nHost: h\r\nOrigin: http%s://h\r\nContent-Type: application/json\r\n"
             "%sContent-Length: %zu\r\n\r\n",
             f->s.tls ? "s" : "", which & 128 ? COOKIE : "", buf_len(&body));
    buf_put_str(&post, buf_str(&body));
    feed_split(f, g, &post);
    buf_free(&verb);
    buf_free(&body);
    buf_free(&post);
}

static void answer_db(struct yard *y, struct program *g)
{
    struct buf rows;
    unsigned how = take(g);
    struct str bytes = take_bytes(g);
    if (y->db.n == 0) {
        return;
    }
    buf_init(&rows, DB_ROWS_MAX);
    struct db_answer a = yard_db_answer(&y->db, how, bytes, &rows);
    tape_db(y->tape, y->now, &a);
    buf_free(&rows);
}

/* ---- the program ---- */

static void to_conn(struct yard *y, struct program *g, unsigned op, unsigned slot)
{
    struct stream_fake *f = conn_at(y, slot);
    struct str bytes;
    if (!f) {
        return;
    }
    switch (op) {
    case 0:
        feed_text(f, "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade"
                     "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        break;
    case 1: feed_text(f, "GET /api/stream/" KEY "A HTTP/1.1\r\nHost: h\r\n\r\n"); break;
    case 2: feed_text(f, "GET /api/stream/" KEY "B?poll=1 HTTP/1.1\r\nHost: h\r\n\r\n"); break;
    case 3:
    case 4: say_ws(f, y, g, slot); break;
    case 5:
    case 6: say_post(f, y, g, slot); break;
    case 7:
        bytes = take_bytes(g);
        stream_fake_feed(f, bytes.p, bytes.n);
        break;
    case 8: hear(y, f); break;
    case 9:
        f->room = take(g) * 16;
        f->blocked = f->room == 0;
        break;
    case 10: stream_fake_room(f, take(g) * 64); break;
    case 11: stream_fake_feed_eof(f); break;
    default: stream_fake_break(f, (enum stream_why)(take(g) % STREAM_WHYS)); break;
    }
    if (op >= 11) {
        y->conn[slot] = NULL;
    }
}

/* What only people with accounts do. */
static void to_people(struct yard *y, struct program *g, unsigned op, unsigned slot)
{
    struct stream_fake *f = op < 8 ? conn_at(y, slot) : NULL;
    if (f && op < 2) {
        feed_text(f, "GET /api/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade"
                     "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: madang.v1\r\n" COOKIE
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    } else if (f) {
        say_call(f, y, g, slot);
    } else if (op == 15) {
        tape_db(y->tape, y->now, &(struct db_answer){0}); /* changed from outside */
    } else {
        answer_db(y, g);
    }
}

/* What a worker may tell, in any order, about those that are and were. */
static void tell_group(struct yard *y, struct program *g)
{
    unsigned what = take(g);
    uint64_t peer = y->peers[take(g) % PEERS];
    struct group_person fares = {.session = peer, .rtt_ms = take(g)};
    tape_group(y->tape, y->now,
               &(struct group_news){.about = (enum group_news_kind)(what % GROUP_NEWS_KINDS),
                                    .room = y->group,
                                    .peer = what & 64 ? 0 : peer,
                                    .track = what & 32 ? y->last_track : take(g),
                                    .kind = (enum group_kind)(what % GROUP_KINDS),
                                    .codec = (enum group_codec)(what % GROUP_CODECS),
                                    .refusal = (enum group_refusal)(what % GROUP_REFUSALS),
                                    .end = (enum group_end)(what % GROUP_NO_PLACE),
                                    .there = what & 128,
                                    .text = STR("v=0"),
                                    .people = &fares,
                                    .n_people = 1});
}

/* The recording thread: of the recording that was ordered last, or of one that is none. */
static void tell_recorded(struct yard *y, struct program *g)
{
    unsigned what = take(g);
    tape_recorded(y->tape, y->now,
                  &(struct rec_state){.recording = what & 1 ? y->recording : what,
                                      .ended = what & 2,
                                      .end = what >> 2 & 7,
                                      .bytes = what,
                                      .duration_us = 1000 * what});
}

static void to_world(struct yard *y, struct program *g, unsigned op)
{
    unsigned arg = take(g);
    if (y->groups && op == 15 && (arg & 15) == 1) {
        tell_recorded(y, g);
    } else if (y->groups && op == 15 && arg & 1 && arg != 255) {
        tell_group(y, g);
    } else if (op == 13) {
        pass(y, (int64_t)arg * 1000);
    } else if (op == 14) {
        pass(y, (int64_t)arg * 250000);
    } else if (y->n_jobs) {
        struct password_answer a = {.job = y->jobs[--y->n_jobs],
                                    .outcome = (enum password_outcome)(arg % 3),
                                    .hash = STR("$argon2id$x")};
        tape_password(y->tape, y->now, &a);
    } else if (arg == 255 && !y->draining) {
        y->draining = true;
        tape_drain(y->tape, y->now, 500);
    }
}

static void step(struct yard *y, struct program *g)
{
    unsigned op = take(g), slot = op >> 4 & (CONNS - 1);
    bool of_people = op & 128;
    op &= 15;
    if (of_people) {
        y->people = true;
        to_people(y, g, op, slot);
    } else if (op < 13) {
        to_conn(y, g, op, slot);
    } else {
        to_world(y, g, op);
    }
    settle(y);
    for (unsigned i = 0; i < CONNS; i++) {
        if (y->conn[i] && (y->conn[i]->told_closed || y->n_all == STREAMS)) {
            y->conn[i] = NULL;
        }
    }
}

/* What is answered may ask again, as long as there is another row; nobody asks for ever. */
static void settle_asks(struct yard *y)
{
    for (int i = 0; i < 10000 && y->db.n + y->n_jobs > 0; i++) {
        const uint8_t row_or_none[] = {i < 50 ? 0 : 4, 0};
        answer_db(y, &(struct program){row_or_none, sizeof row_or_none});
        while (y->n_jobs) {
            tape_password(
                y->tape, y->now,
                &(struct password_answer){.job = y->jobs[--y->n_jobs], .outcome = PASSWORD_BUSY});
        }
    }
    check(y->db.n == 0, "every ask comes to its end");
}

static void all_go(struct yard *y)
{
    struct exchange *x = tape_exchange(y->tape);
    struct domain_counts n;
    for (int i = 0; i < y->n_all; i++) {
        stream_fake_break(y->all[i], STREAM_RESET);
    }
    settle(y);
    check(web_connections(exchange_web(x)) == 0, "no connection is left");
    for (int i = 0; i < 80; i++) {
        pass(y, 1000000);
    }
    for (int i = 0; i < 200; i++) {
        pass(y, 1000000);
        settle_asks(y);
    }
    if (y->draining) { /* whoever was told to come back is not awaited here any more */
        return;
    }
    domain_count(exchange_domain(x), &n);
    check(n.sessions + n.rooms + n.participants + n.watchers + n.away + n.password_jobs + n.asks ==
              0,
          "nobody is left");
    check(hub_counts(exchange_hub(x))->sessions == 0, "the hub is empty");
    check(count_get(&y->counts, COUNT_CONNS_WS) + count_get(&y->counts, COUNT_CONNS_SSE) == 0,
          "pipes are counted");
    /* Where people were, the database is tidied now and then. */
    check(exchange_deadline(x) > (y->people ? y->now : INT64_MAX - 1), "nothing is due");
    check(y->scopes == 0, "all scopes are closed");
    check(y->group_rooms == 0 && y->n_peers == 0, "all groups are closed");
}

static void port_relay(void *ctx, const struct relay_scope *what)
{
    struct yard *y = ctx;
    y->scopes += what->kind == RELAY_OPEN;
    y->scopes -= what->kind == RELAY_CLOSE;
}

/* Each peer offers first and leaves once, in a room that is open. */
static void port_group(void *ctx, const struct group_order *o)
{
    struct yard *y = ctx;
    unsigned i = 0;
    y->group_rooms += o->kind == GROUP_ORDER_OPEN;
    y->group_rooms -= o->kind == GROUP_ORDER_CLOSE;
    y->group = o->room;
    y->recording = o->kind == GROUP_ORDER_RECORD ? o->recording : y->recording;
    while (i < y->n_peers && y->peers[i] != o->peer) {
        i++;
    }
    if (o->kind == GROUP_ORDER_OFFER) {
        check(i < PEERS && y->group_rooms > 0, "an offer in a room");
        y->peers[i] = o->peer;
        y->n_peers = i == y->n_peers ? i + 1 : y->n_peers;
        y->last_track = o->n_lines ? o->lines[0].track : 0;
    } else if (o->kind == GROUP_ORDER_LEAVE) {
        check(i < y->n_peers, "who leaves was there");
        y->peers[i] = y->peers[--y->n_peers];
    }
}

static struct yard *yard_new(unsigned flags)
{
    struct yard *y = calloc(1, sizeof *y);
    web_conf_defaults(&y->conf.web);
    domain_config_defaults(&y->conf.domain);
    y->conf.domain.facts.server = STR("madang/fuzz");
    y->conf.domain.relays = true;
    y->conf.outbox = outbox_limits_default;
    if (flags & 1) {
        y->conf.outbox = (struct outbox_limits){3000, 6, 2500, 5, 5000, 10};
    }
    y->conf.domain.max_sessions = flags & 2 ? 3 : 100;
    y->conf.domain.max_rooms = flags & 4 ? 1 : 10;
    y->groups = flags & 8;
    y->conf.domain.groups = !y->groups ? GROUPS_NEVER : flags & 16 ? GROUPS_ALWAYS : GROUPS_AUTO;
    y->conf.web.streams_max = 2;
    y->conf.frame_max = 4 << 20;
    y->conf.reorder_max = 4;
    y->conf.reorder_wait_us = 5000000;
    y->conf.history = 5;
    y->conf.history_bytes = 3000;
    y->now = 1000000;
    for (int i = 0; i < HEARD; i++) {
        memset(y->token[i], 'A', sizeof y->token[i] - 1);
        memset(y->room[i], '0', sizeof y->room[i] - 1);
        memset(y->session[i], '0', sizeof y->session[i] - 1);
        memset(y->call[i], '0', sizeof y->call[i] - 1);
    }
    y->tape = tape_new(rec, &y->conf,
                       &(struct exchange_ports){y, port_password, port_ca, port_text, port_text,
                                                port_relay, port_group, port_db, NULL, NULL},
                       y->now, INT64_C(1800000000000000), &y->counts);
    tape_ready(y->tape, y->now);
    return y;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program g = {data, size};
    struct yard *y = yard_new(take(&g));
    for (int i = 0; i < OPS && g.n > 0; i++) {
        step(y, &g);
    }
    all_go(y);
    tape_free(y->tape);
    for (int i = 0; i < y->n_all; i++) {
        stream_fake_free(y->all[i]);
    }
    free(y);
    return 0;
}

/* ---- the recording ---- */

static void on_death(void)
{
    fprintf(stderr, "The last inputs are recorded: madang replay %s\n", rec_name);
}

static void on_exit_well(void)
{
    rec_close(rec);
    unlink(rec_name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *dir = getenv("MADANG_ARTIFACTS");
    (void)argc;
    (void)argv;
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(rec_name, sizeof rec_name, "%s/fuzz_exchange-%d.rec", dir ? dir : ".", (int)getpid());
    if (rec_open(&rec, rec_name, 2 << 20) != ERR_OK) {
        fprintf(stderr, "%s cannot be written: nothing is recorded\n", rec_name);
        rec = NULL;
        return 0;
    }
    __sanitizer_set_death_callback(on_death);
    atexit(on_exit_well);
    return 0;
}
