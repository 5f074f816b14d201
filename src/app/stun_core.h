/*
 * The STUN server of one worker as a core that can be recorded and replayed: each input is written
 * with its time and sender, and at the end of a round the hash of what came out.
 */
#ifndef MADANG_APP_STUN_CORE_H
#define MADANG_APP_STUN_CORE_H

#include "base/rec.h"
#include "proto/stun_server.h"

/* Core ids in recordings: worker i's STUN server is STUN_CORE_FIRST + i. */
enum { STUN_CORE_FIRST = 16, STUN_CORE_LAST = 31 };

struct stun_core {
    struct stun_server *server;
    struct stun_server_conf conf;
    struct rec *rec; /* NULL: nothing is recorded */
    uint16_t id;
    int64_t last_us;
    struct rec_hash hash;
};

/* rec may be NULL. */
void stun_core_init(struct stun_core *c, const struct stun_server_conf *conf, struct rec *rec,
                    unsigned worker, int64_t now_us);
void stun_core_free(struct stun_core *c);
/* As stun_server_input(). */
enum stun_verdict stun_core_input(struct stun_core *c, int64_t now_us, const uint8_t *p, size_t n,
                                  const struct addr *from, bool over_stream, uint8_t *out,
                                  size_t *out_len);
/* The end of a round. */
void stun_core_round(struct stun_core *c, int64_t now_us);

/* Feeds one record of a STUN core to c, which is all zeros at the start and is freed by
 * stun_core_free(). false with a sentence in why: an output differs, or the record is no good. */
bool stun_core_replay(struct stun_core *c, const struct rec_record *r, char *why, size_t why_n);

#endif
