/*
 * The transport of one peer connection: what comes by its 5-tuples is told apart (RFC 7983), ICE-lite
 * says where it may come from and go to, DTLS agrees on keys, and SRTP opens and seals. A core: it
 * knows no socket and no clock, and of DTLS only that datagrams go in and keys come out, since
 * OpenSSL is the world's.
 *
 *   NEW ── first check ──► CHECKED ── first DTLS ──► SHAKING ── keys ──► OPEN
 *    └──────────┴───────────────┴── no consent, deadline, refused ─────────┴──► ENDED
 *
 * Nothing that is not authenticated moves anything: DTLS counts only from a path that a check has
 * validated, and media only when SRTP has opened it. Only the owner ends a transport for good.
 */
#ifndef MADANG_MEDIA_TRANSPORT_H
#define MADANG_MEDIA_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/tuple.h"
#include "proto/ice_lite.h"
#include "proto/srtp.h"

struct transport;

enum transport_state {
    TRANSPORT_NEW,
    TRANSPORT_CHECKED,
    TRANSPORT_SHAKING,
    TRANSPORT_OPEN,
    TRANSPORT_ENDED
};

/* Why it has ended. */
enum transport_end {
    TRANSPORT_NO_CONSENT,  /* nobody came, or no check for 30 s (RFC 7675 5.1) */
    TRANSPORT_TIMEOUT,     /* no keys within shake_us of the first DTLS */
    TRANSPORT_REFUSED,     /* DTLS failed or was ended by the other side */
    TRANSPORT_FINGERPRINT, /* another certificate than was signalled */
    TRANSPORT_PROFILE,     /* no SRTP profile in common */
    TRANSPORT_ENDS
};
const char *transport_end_name(enum transport_end e);

/* Packets that went no further, and why. */
enum transport_drop {
    TRANSPORT_DROP_PATH,  /* from where no check came */
    TRANSPORT_DROP_EARLY, /* media before there were keys */
    TRANSPORT_DROP_LATE,  /* DTLS after it, or to what has ended */
    TRANSPORT_DROP_SRTP,  /* not authentic, a replay, malformed: srtp_counts() says which */
    TRANSPORT_DROP_KIND,  /* neither STUN nor DTLS nor RTP nor RTCP */
    TRANSPORT_DROPS
};
const char *transport_drop_name(enum transport_drop d);

enum { TRANSPORT_FINGERPRINT_MAX = 64, TRANSPORT_RTCP_MAX = 1400 };

/* What happens while one of the calls below runs. None may free the transport. */
struct transport_ops {
    /* A datagram leaves. d->data is borrowed until it has been flushed if flags has
     * TRANSPORT_BORROWED, else for the call. */
    void (*send)(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags);
    /* The other side's DTLS, from a validated path. The first one begins. */
    void (*dtls)(void *ctx, const uint8_t *p, size_t n);
    /* From now on what comes by `at` is for this transport, or no more. Before the answer leaves. */
    void (*path)(void *ctx, const struct tuple *at, bool is_ours);
    /* Authentic, in the clear; p may be changed, and lives as long as the train. */
    void (*rtp)(void *ctx, int64_t now_us, uint8_t *p, size_t n);
    void (*rtcp)(void *ctx, int64_t now_us, const uint8_t *p, size_t n);
    void (*state)(void *ctx, enum transport_state s);
};
enum { TRANSPORT_BORROWED = 1 };

struct transport_conf {
    struct str ufrag, pwd, remote_ufrag;            /* as ice_lite_init() */
    uint8_t fingerprint[TRANSPORT_FINGERPRINT_MAX]; /* of the other side's certificate */
    uint32_t fingerprint_n;
    uint32_t fingerprint_hash;        /* the world's number of it (io/dtls_media.h); kept for it */
    unsigned in_streams, out_streams; /* SSRCs, as srtp_new(); transport_expect() */
    int64_t shake_us;                 /* 0 = 10 s */
};

/* NULL: the credentials are too long, or no memory. */
struct transport *transport_new(const struct transport_conf *conf, const struct transport_ops *ops,
                                void *ctx, int64_t now_us);
/* Paths are given back (ops->path) first. */
void transport_free(struct transport *t);

/* Another offer of the other side may restart ICE, with names that it has not used before. */
bool transport_restart(struct transport *t, struct str ufrag, struct str pwd,
                       struct str remote_ufrag);
/* Does an offer with this name go on with what is there? */
bool transport_is_of(const struct transport *t, struct str remote_ufrag);

/* A STUN message whose USERNAME names this transport, or that came by one of its paths. */
enum ice_verdict transport_stun(struct transport *t, int64_t now_us, const struct tuple *from,
                                const struct stun_msg *m);
/* n datagrams of seg bytes behind one another, the last may be shorter: `len` bytes in all, none of them
 * STUN. Opened in place. */
void transport_input(struct transport *t, int64_t now_us, const struct tuple *from, uint8_t *p,
                     size_t len, size_t seg);
/* A connection by which it was reached is gone. */
void transport_hangup(struct transport *t, const struct tuple *who);

/* What DTLS has to say to the other side. */
void transport_dtls_send(struct transport *t, const uint8_t *p, size_t n);
/* The handshake has ended: keying material as RFC 5764 4.2, and the fingerprint of what the other side
 * showed, by the hash of conf. The transport is OPEN or has ENDED when it returns. */
void transport_dtls_done(struct transport *t, enum srtp_profile profile, const uint8_t *material,
                         const uint8_t *fingerprint, size_t fingerprint_n);
/* It failed, or the other side has said goodbye. */
void transport_dtls_failed(struct transport *t);

/* The other side may send by so many SSRCs, if that is more than it might before. */
void transport_expect(struct transport *t, unsigned in_streams);
/* Sealing. NULL until it is OPEN; the caller seals with it and sends by transport_send(). */
struct srtp *transport_out(struct transport *t);
/* One sealed datagram to the selected path, borrowed until the flush. false: there is none now. */
bool transport_send(struct transport *t, const void *p, size_t n);
/* A compound RTCP packet in the clear, at most TRANSPORT_RTCP_MAX bytes; false: it cannot be sent. */
bool transport_send_rtcp(struct transport *t, const uint8_t *p, size_t n);

void transport_tick(struct transport *t, int64_t now_us);
/* INT64_MAX once it has ended. */
int64_t transport_deadline(const struct transport *t);

enum transport_state transport_state(const struct transport *t);
/* Only when it has ended. */
enum transport_end transport_why(const struct transport *t);
uint32_t transport_fingerprint_hash(const struct transport *t);
const struct ice_lite *transport_ice(const struct transport *t);

struct transport_stats {
    uint64_t received, received_bytes; /* datagrams by its paths */
    uint64_t sent, sent_bytes;
    uint64_t checks[ICE_VERDICTS];
    uint64_t drops[TRANSPORT_DROPS];
};
const struct transport_stats *transport_stats(const struct transport *t);
/* How SRTP fared, by direction; NULL before it is open. */
const struct srtp_counts *transport_srtp_counts(const struct transport *t, enum srtp_way way);

/* Appends a flat record (a version in front, integers big endian, times as ages) of an OPEN transport;
 * it holds keys. The one that was saved must send no more. false: not OPEN, or no room. */
bool transport_save(const struct transport *t, int64_t now_us, struct buf *out);
/* ops->path is called for each of its paths. ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE, ERR_NOMEM; on
 * ERR_OK *out is OPEN. */
enum err transport_load(struct transport **out, const struct transport_ops *ops, void *ctx,
                        int64_t now_us, const uint8_t *p, size_t n);

#endif
