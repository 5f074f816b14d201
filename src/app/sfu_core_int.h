/* What the recording and the replay of an SFU share; nobody else includes this. */
#ifndef MADANG_APP_SFU_CORE_INT_H
#define MADANG_APP_SFU_CORE_INT_H

#include "app/sfu_core.h"

/* Structs go as their bytes: a recording is replayed by the version that made it. */
enum sfu_record_kind {
    SFU_REC_FINGERPRINT = REC_INPUT, /* text */
    SFU_REC_AT,                      /* struct sdp_candidate, n times */
    SFU_REC_WALL,                    /* i64 */
    SFU_REC_OPEN,                    /* u64 room */
    SFU_REC_CLOSE,                   /* u64 room */
    SFU_REC_OFFER,                   /* struct sfu_rec_offer, lines, SDP */
    SFU_REC_LEAVE,                   /* u64 peer */
    SFU_REC_WISH,                    /* u64 peer, wishes */
    SFU_REC_RECORD,                  /* struct sfu_rec_two: room, on */
    SFU_REC_KEY,                     /* struct sfu_rec_two: track, stream */
    SFU_REC_MUTE,                    /* struct sfu_rec_two: track, on */
    SFU_REC_AGREE,                   /* struct sfu_rec_two: peer, on */
    SFU_REC_STUN,                    /* struct tuple, bytes */
    SFU_REC_TRAIN,                   /* struct sfu_rec_train, bytes */
    SFU_REC_HANGUP,                  /* struct tuple */
    SFU_REC_DTLS,                    /* u64 peer, bytes */
    SFU_REC_KEYS,                    /* struct sfu_rec_keys */
    SFU_REC_FAILED,                  /* u64 peer */
    SFU_REC_TICK,
    SFU_REC_FLUSHED
};

struct sfu_rec_two {
    uint64_t id, what;
};
struct sfu_rec_offer {
    uint64_t room, peer;
    uint32_t rights, n_lines;
};
struct sfu_rec_train {
    struct tuple from;
    uint64_t seg;
    int64_t came_us;
};
struct sfu_rec_keys {
    uint64_t peer;
    uint32_t profile, fingerprint_n;
    uint8_t material[96];
    uint8_t fingerprint[64];
};

/* What outputs add to the hash. */
enum sfu_output {
    SFU_OUT_SEND = 1,
    SFU_OUT_DTLS,
    SFU_OUT_DTLS_END,
    SFU_OUT_PATH,
    SFU_OUT_ANSWER,
    SFU_OUT_REFUSED,
    SFU_OUT_TRACK,
    SFU_OUT_SPEAKER,
    SFU_OUT_STATE
};

struct sfu_core {
    struct sfu_conf conf; /* for the next one */
    struct sfu *sfu;
    struct sfu_ops ops; /* the worker's; replay's do nothing */
    struct rec *rec;
    uint16_t id;
    bool hashing; /* recording or replay */
    int64_t wall_offset_us, came_us;
    uint64_t recorded; /* bytes since the last checkpoint */
    struct rec_hash hash;
    struct sfu_stats before; /* of those that a checkpoint replaced */
};

/* Makes c->sfu of c->conf. */
void sfu_core_build(struct sfu_core *c);
/* The checkpoint. */
struct sfu_rec_start {
    struct sfu_conf conf;
    int64_t wall_offset_us;
};

#endif
