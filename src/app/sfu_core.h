/*
 * An SFU (media/sfu.h) whose inputs and outputs are recorded when there is a recording, so that
 * `madang replay` can repeat them: the worker gives it everything by these functions, and looks at it by
 * sfu_core_sfu(). Without a recording they are the SFU's own. When there is no room any more, and much has been
 * recorded, it begins anew from another seed, with a checkpoint.
 */
#ifndef MADANG_APP_SFU_CORE_H
#define MADANG_APP_SFU_CORE_H

#include "base/rec.h"
#include "media/sfu.h"

struct sfu_core;

/* Core ids in recordings: worker i's SFU is SFU_CORE_FIRST + i. */
enum { SFU_CORE_FIRST = 48, SFU_CORE_LAST = 63 };

/* conf and ops are copied; rec may be NULL. */
struct sfu_core *sfu_core_new(const struct sfu_conf *conf, const struct sfu_ops *ops,
                              struct rec *rec, int64_t now_us);
void sfu_core_free(struct sfu_core *c);
/* For looking. Not the same after other calls. */
struct sfu *sfu_core_sfu(const struct sfu_core *c);
/* With what was counted by those before it. */
void sfu_core_stats(const struct sfu_core *c, struct sfu_stats *out);

/* ---- As their namesakes in media/sfu.h ---- */

void sfu_core_fingerprint(struct sfu_core *c, int64_t now_us, const char *text);
void sfu_core_candidates(struct sfu_core *c, int64_t now_us, const struct sdp_candidate *at,
                         unsigned n);
void sfu_core_wall(struct sfu_core *c, int64_t now_us, int64_t wall_offset_us);
bool sfu_core_room_open(struct sfu_core *c, int64_t now_us, uint64_t room);
void sfu_core_room_close(struct sfu_core *c, int64_t now_us, uint64_t room);
void sfu_core_offer(struct sfu_core *c, int64_t now_us, const struct sfu_offer *o);
void sfu_core_peer_close(struct sfu_core *c, int64_t now_us, uint64_t peer);
void sfu_core_wish(struct sfu_core *c, int64_t now_us, uint64_t peer, const struct sfu_wish *w,
                   unsigned n);
bool sfu_core_record(struct sfu_core *c, int64_t now_us, uint64_t room, sfu_record_fn *fn,
                     void *ctx);
void sfu_core_agree(struct sfu_core *c, int64_t now_us, uint64_t peer, bool on);
void sfu_core_key(struct sfu_core *c, int64_t now_us, uint64_t track, unsigned stream);
void sfu_core_mute(struct sfu_core *c, int64_t now_us, uint64_t track, bool on);
/* p, n: the message as it came. */
bool sfu_core_stun(struct sfu_core *c, int64_t now_us, const struct tuple *from,
                   const struct stun_msg *m, const uint8_t *p, size_t n);
void sfu_core_came(struct sfu_core *c, int64_t came_us);
bool sfu_core_input(struct sfu_core *c, int64_t now_us, const struct tuple *from, uint8_t *p,
                    size_t len, size_t seg);
void sfu_core_hangup(struct sfu_core *c, int64_t now_us, const struct tuple *who);
void sfu_core_dtls_send(struct sfu_core *c, int64_t now_us, uint64_t peer, const uint8_t *p,
                        size_t n);
/* material: DTLS_KEYING_MAX bytes, whatever the profile takes of them. */
void sfu_core_dtls_done(struct sfu_core *c, int64_t now_us, uint64_t peer,
                        enum srtp_profile profile, const uint8_t *material,
                        const uint8_t *fingerprint, size_t fingerprint_n);
void sfu_core_dtls_failed(struct sfu_core *c, int64_t now_us, uint64_t peer);
void sfu_core_tick(struct sfu_core *c, int64_t now_us);
/* Also the end of a round: what came out of it is written down. */
void sfu_core_flushed(struct sfu_core *c, int64_t now_us);

/* ---- Replay ---- */

/* Feeds the records of one core, in order. */
struct sfu_replay;
struct sfu_replay *sfu_replay_new(void);
void sfu_replay_free(struct sfu_replay *r);
/* false: what came out differs, or it cannot be fed; why says how. */
bool sfu_replay_feed(struct sfu_replay *r, const struct rec_record *rec, char *why, size_t why_n);

#endif
