/* What the files of SRTP share: a connection's direction and its streams. For srtp*.c, and for
 * tests that begin from session keys, as RFC 7714's vectors do. */
#ifndef MADANG_PROTO_SRTP_INT_H
#define MADANG_PROTO_SRTP_INT_H

#include "proto/srtp.h"
#include "proto/srtp_cipher.h"
#include "proto/srtp_kdf.h"
#include "proto/srtp_window.h"

enum { SRTP_ENDED_EACH = 8 }; /* SSRCs that may be ended, for each that may live */
#define SRTP_INDEX_LIMIT  ((uint64_t)1 << 48)
#define SRTCP_INDEX_LIMIT ((uint64_t)1 << 31)

struct srtp_stream {
    struct srtp_window rtp;
    struct srtp_window rtcp;
    uint32_t ssrc;
};

struct srtp {
    struct srtp_cipher *rtp, *rtcp;
    struct srtp_stream *streams; /* n_streams of cap, in no order; owned */
    uint16_t *slots; /* hash table: 0 or the place in streams plus 1; lies behind streams */
    uint32_t *ended; /* n_ended of ended_cap; owned */
    uint32_t last;   /* the place of the SSRC that was looked for last */
    uint16_t profile;
    uint16_t max, cap, n_streams; /* cap: what there is memory for, at most max */
    uint16_t n_ended, ended_cap;
    uint8_t shift; /* of the hash: 2^(32 - shift) slots */
    bool gcm, out;
    uint8_t tag; /* bytes */
    struct srtp_keys keys;
    struct srtp_counts counts;
};

/* As srtp_new, from session keys, which are copied. */
struct srtp *srtp_make(enum srtp_profile profile, enum srtp_way way, const struct srtp_keys *keys,
                       unsigned streams_max);
/* NULL: not there. */
struct srtp_stream *srtp_find(struct srtp *s, uint32_t ssrc);
/* Memory for so many streams and ended SSRCs, as loading needs it; within max. false: there is none. */
bool srtp_grow(struct srtp *s, unsigned streams, unsigned ended);
/* A place for an SSRC that has none; NULL: there is no more. Takes no memory. */
struct srtp_stream *srtp_place(struct srtp *s, uint32_t ssrc);
bool srtp_is_ended(const struct srtp *s, uint32_t ssrc);

/* Incoming: the stream; *out = NULL and SRTP_OK: none so far, but this SSRC may get a place, once a
 * packet of it is authentic. */
enum srtp_result srtp_stream_in(struct srtp *s, uint32_t ssrc, struct srtp_stream **out);

/* Nonces: RFC 7714 8.1 and 9.1, RFC 3711 4.1.1. In all of them an index of SRTCP lies where one of
 * SRTP does. */
void srtp_gcm_iv(const struct srtp_half *h, uint32_t ssrc, uint64_t index, uint8_t iv[SRTP_GCM_IV]);
void srtp_ctr_iv(const struct srtp_half *h, uint32_t ssrc, uint64_t index, uint8_t iv[SRTP_CTR_IV]);

#endif
