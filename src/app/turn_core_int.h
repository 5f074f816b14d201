/* What the recording and the replay of a TURN server share; nobody else includes this. */
#ifndef MADANG_APP_TURN_CORE_INT_H
#define MADANG_APP_TURN_CORE_INT_H

#include <stdatomic.h>

#include "app/turn_core.h"
#include "base/buf.h"
#include "base/rec.h"

/* Structs go as their bytes: a recording is replayed by the version that made it. */
enum turn_record {
    TURN_REC_CLIENT = REC_INPUT, /* struct tuple, bytes */
    TURN_REC_PEER,               /* struct turn_rec_peer, bytes */
    TURN_REC_FOREIGN,            /* struct turn_rec_foreign, bytes */
    TURN_REC_ICMP,               /* struct turn_rec_icmp */
    TURN_REC_HANGUP,             /* struct tuple */
    TURN_REC_TICK,
    TURN_REC_WALL,   /* u64 offset */
    TURN_REC_DRAIN,  /* */
    TURN_REC_LETTER, /* u32 kind, the letter's bytes behind its head */
    TURN_REC_OPENED  /* within another: u8, whether the relay could be opened */
};

struct turn_rec_peer {
    struct addr at, from; /* at: what the relay is bound to */
};

struct turn_rec_foreign {
    struct addr from, to;
    uint64_t scope;
};

struct turn_rec_icmp {
    struct addr at, peer;
    uint32_t type, code, data;
};

/* What outputs add to the hash. */
enum turn_output {
    TURN_OUT_VERDICT = 1,
    TURN_OUT_CLIENT,
    TURN_OUT_OPEN,
    TURN_OUT_CLOSE,
    TURN_OUT_PEER,
    TURN_OUT_WORKER,
    TURN_OUT_OWNER,
    TURN_OUT_MEDIA
};

enum { TURN_STATS_WORDS = sizeof(struct turn_stats) / sizeof(uint64_t) };
_Static_assert(sizeof(struct turn_stats) % sizeof(uint64_t) == 0, "is copied by words");

struct turn_core {
    struct turn_core_conf conf; /* owns its texts */
    struct turn_server *server;
    struct turn_users *users;
    struct turn_scopes *scopes;
    struct turn_ops ops; /* the worker's; replay's */
    struct rec *rec;
    uint16_t id;
    bool hashing; /* outputs are hashed: recording or replay */
    bool draining;
    bool told; /* everything counted is visible */
    int64_t wall_offset_us, last_us;
    uint64_t recorded; /* bytes since the last checkpoint */
    struct rec_hash hash;
    struct turn_stats before; /* of servers that a checkpoint replaced */
    _Atomic uint64_t visible[TURN_STATS_WORDS];
};

/* Makes scopes, users and server of c->conf. False with a sentence in why. */
bool turn_core_build(struct turn_core *c, int64_t now_us, char *why, size_t why_n);
/* Frees them, and the texts if asked. */
void turn_core_tear(struct turn_core *c, bool texts);
/* Copies of all texts. */
void turn_core_own_texts(struct turn_core *c);
/* A letter of that kind, made of what was recorded of it. */
void turn_core_replay_letter(struct turn_core *c, int64_t now_us, uint32_t kind,
                             const uint8_t *body, size_t n);
void turn_core_verdict(struct turn_core *c, enum turn_drop v);

/* The checkpoint. */
void turn_core_put(struct buf *b, const struct turn_core *c);
/* False: it is of another version. The texts of c are then its own. */
bool turn_core_get(struct rd *r, struct turn_core *c);

#endif
