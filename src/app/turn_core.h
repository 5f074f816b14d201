/*
 * The TURN server of one worker with all that it knows (users, scopes of calls) as one core that can
 * be recorded and replayed: each input is written with its time before it is handled, each answer
 * of the world (could a relay be opened?) after it, and at the end of a round the hash of what came
 * out. Without a recording the calls go straight through. One thread owns it; only
 * turn_core_stats() may be called by others.
 */
#ifndef MADANG_APP_TURN_CORE_H
#define MADANG_APP_TURN_CORE_H

#include "base/letter.h"
#include "proto/turn_server.h"
#include "proto/turn_users.h"

/* Core ids in recordings: worker i's TURN server is TURN_CORE_FIRST + i. */
enum { TURN_CORE_FIRST = 32, TURN_CORE_LAST = 47 };

struct rec;
struct rec_record;

struct turn_core_conf {
    struct turn_server_conf server; /* scopes and auth.users are filled here */
    uint8_t scope_key[32];          /* of call-scoped passwords: the hub has the same */
    struct str secrets[2];          /* REST; n = 0: none */
    const struct str *users;        /* "name:password" or "name:0xkey" */
    unsigned n_users;
    unsigned max_scopes; /* 0: no call-scoped relays */
};

struct turn_core;

/* conf and all that it points to is copied. rec may be NULL. NULL with a sentence in why: a user is
 * not one. */
struct turn_core *turn_core_new(const struct turn_core_conf *conf, const struct turn_ops *ops,
                                struct rec *rec, int64_t now_us, int64_t wall_offset_us, char *why,
                                size_t why_n);
void turn_core_free(struct turn_core *c);

/* As those of proto/turn_server.h. */
enum turn_drop turn_core_input(struct turn_core *c, int64_t now_us, const struct tuple *from,
                               const uint8_t *p, size_t n);
enum turn_drop turn_core_peer(struct turn_core *c, int64_t now_us, struct turn_relay *r,
                              const struct addr *from, const uint8_t *p, size_t n);
enum turn_drop turn_core_foreign(struct turn_core *c, int64_t now_us, const struct addr *from,
                                 uint64_t scope, const struct addr *to, const uint8_t *p, size_t n);
void turn_core_icmp(struct turn_core *c, int64_t now_us, struct turn_relay *r,
                    const struct addr *peer, uint8_t type, uint8_t code, uint32_t data);
void turn_core_hangup(struct turn_core *c, int64_t now_us, const struct tuple *who);
bool turn_core_knows(const struct turn_core *c, const struct tuple *who);
void turn_core_tick(struct turn_core *c, int64_t now_us);
int64_t turn_core_deadline(const struct turn_core *c);
void turn_core_wall(struct turn_core *c, int64_t now_us, int64_t wall_offset_us);
void turn_core_drain(struct turn_core *c, int64_t now_us);
void turn_core_dump(const struct turn_core *c, int64_t now_us, struct buf *out, unsigned max);

/* A letter of control: MEDIA_SCOPE_*, MEDIA_PARTY_DROP, MEDIA_OWN_ADDRS, MEDIA_USERS. False: it
 * is none of these. It stays the caller's. */
bool turn_core_letter(struct turn_core *c, int64_t now_us, const struct letter *l);

/* The end of a round: writes the hash, and makes what was counted visible to others. */
void turn_core_round(struct turn_core *c, int64_t now_us);

/* Any thread: what had been counted at the end of the last round, added to *sum. */
void turn_core_stats(const struct turn_core *c, struct turn_stats *sum);

/* ---- replay ---- */

struct turn_replay;

/* next gives the record after this one; the core asks for it where the world answered it. */
struct turn_replay *turn_replay_new(bool (*next)(void *ctx, struct rec_record *out), void *ctx);
void turn_replay_free(struct turn_replay *t);
/* Feeds one record. False with a sentence in why: an output differs, or the record is no good. */
bool turn_replay_feed(struct turn_replay *t, const struct rec_record *r, char *why, size_t why_n);

#endif
