/* The crowd's world, for test_sim_exchange.c: people with their sessions as docs/protocol.md makes a
 * client believe them to be, browsers whose tabs share a stream, and the lines (connections) between
 * them and the whole control side. Nothing here is taken from what the server keeps. */
#ifndef MADANG_TESTS_CROWD_WORLD_H
#define MADANG_TESTS_CROWD_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "app/tape.h"
#include "base/code.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rec.h"
#include "io/stream_fake.h"
#include "unit/scope_watch.h"

enum {
    PEOPLE = 30,
    BROWSERS = 10, /* three people each */
    ASKS = 12,     /* requests without an answer, of one person */
    IN_ROOMS = 8,
    IN_ROOM = 64,
    POSTS_MAX = 4, /* connections for POSTs, of one person */
    HASHES = 4096, /* messages remembered, to compare when they come again */
    ROOMS = 1024,
    SAID = 2048, /* messages remembered of a room */
    JOBS = 64,
    PAIRS = 16384,
    TEXT_MAX = 72000
};

enum role { ROLE_WS, ROLE_STREAM, ROLE_POLL, ROLE_POST, ROLE_NOISE };

struct line {
    struct list link;
    struct world *w;
    struct stream_fake *f;
    enum role role;
    struct person *who;      /* WS, POST; NULL: abandoned, what it holds may still arrive */
    struct browser *browser; /* STREAM, POLL; NULL: abandoned */
    struct buf tx, rx;       /* said and not yet on the wire; read and not yet understood */
    bool open;               /* the response's head was read */
    bool slow;               /* reads nothing for a while */
    bool mute;               /* neither reads nor writes any more */
    bool waiting;            /* POST, POLL: for a response */
    bool dead;
    int64_t ask;     /* POST: the request's id under way; 0: none, -1: hello or resume */
    size_t chunk;    /* STREAM: bytes of the chunk that are still to come */
    struct buf text; /* STREAM, POLL: what the chunks held */
    int64_t wake_at; /* when a slow one reads again, when the next poll goes out */
};

struct browser {
    int n;
    char key[24];
    struct line *line; /* the GET; NULL: none */
    bool poll, up;
};

enum ask_state { ASK_FREE, ASK_WAITS, ASK_FLIES, ASK_SENT };

struct ask { /* a request, until it is answered */
    enum ask_state state;
    int64_t id, sent_at;
    char type[16];
    uint64_t room, to;
    uint32_t number; /* of what was said to one person or the room */
    bool malformed;
    char *text;
    size_t n;
};

struct seen_room {
    uint64_t id;
    uint64_t people[IN_ROOM];
    unsigned n;
    int64_t last_seq;         /* -1: not known yet */
    uint32_t last_of[PEOPLE]; /* number of the last message of each */
};

enum person_state { OFF, OPENING, GREETING, UP, LOST };

struct person {
    struct world *w;
    int n;
    unsigned life; /* sessions begun */
    enum person_state state;
    uint64_t session;
    char token[32];
    char replaces[32];
    uint64_t replaced_room;
    /* the pipe */
    struct line *line;       /* WebSocket */
    struct browser *browser; /* or a tab of this */
    char tab[17];
    unsigned tabs;
    bool resuming, exact; /* the greeting is a resume, with the true number */
    int64_t give_up_at;
    uint64_t pipe_seq, seq; /* of the last message of this pipe; of the last one processed */
    uint64_t pinged_seq;
    int64_t pinged_at;  /* the silence that answers a ping is a lost pipe */
    int64_t lost_since; /* since when it may have been away for the server */
    uint64_t hashes[HASHES];
    int64_t next_id;
    struct ask asks[ASKS];
    char *first; /* hello or resume, to be sent */
    bool first_flies;
    struct seen_room rooms[IN_ROOMS];
    unsigned n_rooms, joins; /* and joins and creates without an answer */
    char ticket[1024];
    uint64_t ticket_room;
    uint32_t number;
    bool wanted; /* may start (again) */
};

struct pair { /* what one session said to another, and what arrived */
    uint64_t from, to;
    uint32_t sent, got;
    uint64_t sent_hash, got_hash;
};

struct known_room { /* what was said in it, whoever heard it */
    uint64_t id;
    bool again; /* it may have been gone for a while */
    uint64_t said[SAID];
};

struct job {
    uint64_t job;
    enum password_kind kind;
    char password[520], hash[PASSWORD_HASH_MAX + 1];
};

struct world {
    struct exchange_conf conf;
    struct counts counts;
    struct tape *tape;
    struct rec *rec;
    struct rng rng;
    uint64_t seed;
    char file[200];
    int64_t now;
    struct list lines;
    struct person people[PEOPLE];
    struct browser browsers[BROWSERS];
    struct pair pairs[PAIRS]; /* by hash */
    struct known_room rooms[ROOMS];
    unsigned n_rooms;
    struct job jobs[JOBS];
    unsigned n_jobs;
    struct scope_watch scopes;
    bool calm; /* no faults, no new requests */
    uint32_t key;
    uint64_t excused; /* sessions that ended because they missed too much */
    struct {
        uint64_t answers, events, chats, repeats, resumes, unknown, cuts, posts, ended;
    } did;
};

#define CHECK(w, cond, ...)                                      \
    do {                                                         \
        if (!(cond)) {                                           \
            complain(w, __FILE__, __LINE__, #cond, __VA_ARGS__); \
        }                                                        \
    } while (0)

PRINTF_CHECK(5, 6)
static inline void complain(struct world *w, const char *file, int line, const char *cond,
                            const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    print_error("%s:%d: %s: %s\nseed %llu at %.6f s; see: madang replay %s\n", file, line, cond,
                text, (unsigned long long)w->seed, (double)w->now / 1e6, w->file);
    _fail(file, line);
}

static inline uint64_t below(struct world *w, uint64_t n)
{
    return rng_below(&w->rng, n);
}

static inline bool chance(struct world *w, unsigned percent)
{
    return below(w, 100) < percent;
}

static inline uint64_t hash_text(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t h = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ b[i]) * 0x100000001b3ULL;
    }
    return h;
}

static inline struct person *person_of(struct world *w, uint64_t session)
{
    for (int i = 0; session && i < PEOPLE; i++) {
        if (w->people[i].session == session) {
            return &w->people[i];
        }
    }
    return NULL;
}

static inline struct pair *pair_of(struct world *w, uint64_t from, uint64_t to)
{
    uint64_t at = hash_text(&(uint64_t[2]){from, to}, 16);
    for (int i = 0; i < PAIRS; i++, at++) {
        struct pair *pair = &w->pairs[at % PAIRS];
        if (pair->from == 0) {
            pair->from = from;
            pair->to = to;
        }
        if (pair->from == from && pair->to == to) {
            return pair;
        }
    }
    CHECK(w, false, "more pairs than the test has place for");
    return NULL;
}

static inline struct seen_room *room_of(struct person *p, uint64_t id)
{
    for (unsigned i = 0; i < p->n_rooms; i++) {
        if (p->rooms[i].id == id) {
            return &p->rooms[i];
        }
    }
    return NULL;
}

static inline int place_of(const struct seen_room *r, uint64_t session)
{
    for (unsigned i = 0; i < r->n; i++) {
        if (r->people[i] == session) {
            return (int)i;
        }
    }
    return -1;
}

static inline struct known_room *known(struct world *w, uint64_t id)
{
    for (unsigned i = 0; i < w->n_rooms; i++) {
        if (w->rooms[i].id == id) {
            return &w->rooms[i];
        }
    }
    CHECK(w, w->n_rooms < ROOMS, "more rooms than the test has place for");
    w->rooms[w->n_rooms].id = id;
    return &w->rooms[w->n_rooms++];
}

/* The ends of a round on all connections. */
static inline void settle(struct world *w)
{
    for (int turn = 0; turn < 3; turn++) {
        LIST_FOREACH(it, &w->lines) {
            stream_fake_round(container_of(it, struct line, link)->f);
        }
    }
}

#endif
