/*
 * The selective forwarding unit of one worker (RFC 7667 3.7): rooms, the peer connections in them, what
 * they publish, and who is sent what of it. A core: datagrams, commands and time go in; datagrams, answers
 * and news come out. It allocates when people come, offer and go, never for a packet.
 *
 * Names of rooms, peers and tracks are the caller's 64-bit ids, 0 is none. A peer is one
 * RTCPeerConnection of somebody to this server; its client always offers (docs/architecture/sfu.md).
 */
#ifndef MADANG_MEDIA_SFU_H
#define MADANG_MEDIA_SFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "base/tuple.h"
#include "media/alloc.h"
#include "media/transport.h"
#include "proto/codec.h"
#include "proto/sdp.h"

struct rec_head;
struct sfu;

enum {
    SFU_LINES_MAX = 128,   /* of one offer */
    SFU_PUBLISHED_MAX = 8, /* tracks of one peer */
    SFU_PREFERENCES = 4,   /* codecs for pictures */
    SFU_MID_MAX = 16,
    SFU_FINGERPRINT_TEXT = 95 /* SHA-256 */
};

/* Ufrags of ours begin with the worker's number, so that every worker knows whose a check is. */
enum { SFU_UFRAG = 8, SFU_UFRAG_WORKER = 2 };

struct sfu_conf {
    unsigned worker;
    struct hash_key hash; /* random */
    uint8_t seed[32];     /* random: names, passwords, numbers to begin with */
    char fingerprint[SFU_FINGERPRINT_TEXT + 1]; /* of our certificate */
    struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
    unsigned n_candidates;
    size_t cache_bytes;      /* for packets of all streams; 0 = 64 MB */
    unsigned max_rooms;      /* 0 = 1024 */
    unsigned max_peers;      /* 0 = 4096 */
    unsigned max_subscribed; /* lines of one peer that are sent on; 0 = 100 */
    unsigned out_bytes;      /* sealed and not flushed; 0 = 1 MB */
    unsigned last_n;         /* pictures that a peer is sent at a time; 0 = any number */
    unsigned loudest;        /* microphones of a room that are passed on at a time; 0 = 8 */
    /* What is sent to one peer, bits a second: at first, 0 = 300 k (5 M to whom tells nothing of single
     * packets); at most, 0 = 20 M. */
    double start_bps, max_bps;
    /* For pictures, best first; CODEC_NONE ends it. Nothing: VP8, H.264, VP9, AV1. */
    enum codec preference[SFU_PREFERENCES];
};

enum sfu_kind { SFU_MIC, SFU_CAMERA, SFU_SCREEN, SFU_SOUND, SFU_KINDS };

enum sfu_refusal {
    SFU_BAD_OFFER,    /* sdp_parse() says no */
    SFU_NO_MEDIA,     /* nothing in the offer is for us */
    SFU_FULL,         /* a limit of ours */
    SFU_UNKNOWN_PEER, /* there is no such peer (any more) */
    SFU_REFUSALS
};
const char *sfu_refusal_name(enum sfu_refusal r);

struct sfu_track {
    uint64_t id, peer;
    enum sfu_kind kind;
    enum codec codec;
    unsigned streams; /* layers of simulcast */
};

/* None may call the SFU. Borrowed for the call unless said otherwise. What nobody wants to know is NULL. */
struct sfu_ops {
    void *ctx;
    /* flags: TRANSPORT_BORROWED: d->data lives until sfu_flushed(). */
    void (*send)(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags);
    /* What was borrowed has to leave now. */
    void (*flush)(void *ctx);
    /* DTLS of that peer's other side; the first one begins an association. */
    void (*dtls)(void *ctx, uint64_t peer, const uint8_t *p, size_t n);
    /* The peer's association is of no use any more. */
    void (*dtls_end)(void *ctx, uint64_t peer);
    /* A path leads here, or no more: packets that other workers get are to be passed on. */
    void (*path)(void *ctx, const struct tuple *at, bool is_ours);
    void (*answer)(void *ctx, uint64_t room, uint64_t peer, struct str sdp);
    void (*refused)(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why);
    void (*track)(void *ctx, uint64_t room, const struct sfu_track *t, bool is_there);
    /* Whose microphone dominates the room now. */
    void (*speaker)(void *ctx, uint64_t room, uint64_t peer, uint64_t track);
    /* OPEN, or ENDED with why; an ended peer is gone. */
    void (*state)(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                  enum transport_end why);
};

/* Something that does nothing for each one that is NULL. sfu_new() does it, too. */
void sfu_ops_complete(struct sfu_ops *ops);

/* conf is copied. */
struct sfu *sfu_new(const struct sfu_conf *conf, const struct sfu_ops *ops);
/* Without a word to anybody but ops->path and ops->dtls_end. */
void sfu_free(struct sfu *s);
/* Our certificate was renewed: for offers from now on. */
void sfu_fingerprint(struct sfu *s, const char *text);
/* The server is reached elsewhere: for offers from now on. At most SDP_CANDIDATES_MAX count. */
void sfu_candidates(struct sfu *s, const struct sdp_candidate *c, unsigned n);
/* NTP time (rtcp_ntp()) minus monotonic time; for sender reports. */
void sfu_wall(struct sfu *s, int64_t wall_offset_us);

/* ---- Commands ---- */

bool sfu_room_open(struct sfu *s, uint64_t room); /* false: full; true also when it is there */
void sfu_room_close(struct sfu *s, uint64_t room);

enum { SFU_MAY_PUBLISH = 1, SFU_MAY_SUBSCRIBE = 2 };

/* What the client says about a line of its offer. */
struct sfu_line {
    struct str mid;
    enum sfu_kind kind; /* of a line that sends */
    uint64_t
        track; /* sends: the id that the track gets; receives: the one that is wanted, 0: none yet */
};

struct sfu_offer {
    uint64_t room, peer;
    unsigned rights;
    struct str sdp;
    const struct sfu_line *lines;
    unsigned n_lines;
};
/* Makes the peer, or changes what it publishes and subscribes to; ops->answer or ops->refused. */
void sfu_offer(struct sfu *s, int64_t now_us, const struct sfu_offer *o);
void sfu_peer_close(struct sfu *s, uint64_t peer);

/* What somebody wants to see on one of the lines that it receives on. */
struct sfu_wish {
    struct str mid;
    uint64_t track;         /* 0: nothing; another one than before: it takes the place */
    uint16_t width, height; /* at most, as it is shown; 0: paused */
    enum alloc_priority priority;
};
void sfu_wish(struct sfu *s, int64_t now_us, uint64_t peer, const struct sfu_wish *w, unsigned n);

/* ---- Recording ---- */

/* Every packet of the tracks of a room that may be recorded, those that nobody is sent, too, in order of arrival. Borrowed;
 * may not call the SFU. */
typedef void sfu_record_fn(void *ctx, uint64_t room, const struct rec_head *h,
                           const uint8_t *payload);
/* From now on; fn NULL: no more. To begin with, nobody has agreed to it. false: there is no such room. */
bool sfu_record(struct sfu *s, int64_t now_us, uint64_t room, sfu_record_fn *fn, void *ctx);
/* The peer has agreed: from now on its tracks are in the room's recording; or no more. Asks for key frames. */
void sfu_agree(struct sfu *s, int64_t now_us, uint64_t peer, bool on);
/* A key frame of one stream of a track, if there is such a one. */
void sfu_key(struct sfu *s, int64_t now_us, uint64_t track, unsigned stream);

/* Nothing of the track goes to anybody, until that is lifted. */
void sfu_mute(struct sfu *s, int64_t now_us, uint64_t track, bool on);

/* ---- Packets ---- */

/* By a STUN message's USERNAME: is it for a peer of ours? worker: whose it is then. */
bool sfu_is_for(struct str ufrag, unsigned *worker);
bool sfu_knows(const struct sfu *s, const struct tuple *from);
/* A connectivity check. false: nobody has this name. */
bool sfu_stun(struct sfu *s, int64_t now_us, const struct tuple *from, const struct stun_msg *m);
/* When what is put in next came to this machine, where that is known better than by now_us (a busy processor reads late, and
 * then much at once): publishers are told, and estimate their line by it. Until it is set again; 0: now. */
void sfu_came(struct sfu *s, int64_t came_us);
/* Everything else of a path that is known: a train, as transport_input(). false: it isn't known. */
bool sfu_input(struct sfu *s, int64_t now_us, const struct tuple *from, uint8_t *p, size_t len,
               size_t seg);
void sfu_hangup(struct sfu *s, const struct tuple *who);
/* What a peer's DTLS has to say, has agreed on, or that it has failed: as the functions of
 * media/transport.h. A peer that is no more is passed over. */
void sfu_dtls_send(struct sfu *s, uint64_t peer, const uint8_t *p, size_t n);
void sfu_dtls_done(struct sfu *s, uint64_t peer, enum srtp_profile profile, const uint8_t *material,
                   const uint8_t *fingerprint, size_t fingerprint_n);
void sfu_dtls_failed(struct sfu *s, uint64_t peer);
/* Is there such a peer, and has it no keys yet? */
bool sfu_dtls_waits(const struct sfu *s, uint64_t peer);
/* By which hash the fingerprint is wanted (enum sdp_hash). */
enum sdp_hash sfu_dtls_hash(const struct sfu *s, uint64_t peer);
/* All that was borrowed has left. */
void sfu_flushed(struct sfu *s);

void sfu_tick(struct sfu *s, int64_t now_us);
int64_t sfu_deadline(const struct sfu *s);

/* ---- Looking ---- */

/* By which way a peer is sent to: enum tuple_transport, and IPv6 behind IPv4. */
enum { SFU_WAYS = 2 * (TUPLE_RELAY + 1) };

/* Of all, or of one room. All members are uint64_t: they are added up. */
struct sfu_stats {
    uint64_t rooms, peers, tracks, subscribed; /* now */
    uint64_t ways[SFU_WAYS];                   /* of these peers, now; those that have one */
    uint64_t estimate_bps; /* what may be sent to all of them, as of sfu_look_at_estimates() */
    uint64_t in_packets, in_bytes;   /* authentic RTP */
    uint64_t out_packets, out_bytes; /* whatever left */
    uint64_t again, again_bytes;     /* of these: retransmissions (RTX) */
    uint64_t padding, padding_bytes; /* of these: to probe */
    uint64_t along,
        along_bytes; /* sound that was sent along with later one, against losses: packets and bytes of it */
    uint64_t restored; /* packets of sound that were lost, and came along with later ones */
    uint64_t asked, key_frames_asked;   /* NACKed numbers and PLIs that we sent */
    uint64_t replayed;                  /* lines that began with a key frame that was kept */
    uint64_t nacked, key_frames_wanted; /* that came */
    uint64_t switches;                  /* subscriptions that went on with another stream */
    uint64_t raised, lowered;           /* choices of layers for an estimate */
    uint64_t waited;                    /* packets that could not leave at once */
    uint64_t too_late;                  /* packets that were not sent, since too many waited */
    uint64_t unknown_ssrc, malformed, lost_memory;
    uint64_t refused[SFU_REFUSALS]; /* offers */
    uint64_t opened, ended[TRANSPORT_ENDS];
};
void sfu_stats_add(struct sfu_stats *to, const struct sfu_stats *more);
/* Good until the next call. */
const struct sfu_stats *sfu_stats(struct sfu *s);
void sfu_look_at_estimates(struct sfu *s);
/* NULL: there is no such room. */
const struct sfu_stats *sfu_room_stats(const struct sfu *s, uint64_t room);
struct sfu_room_stats {
    uint64_t room;
    struct sfu_stats st;
};
void sfu_each_room(const struct sfu *s, void *ctx,
                   void (*fn)(void *ctx, uint64_t room, const struct sfu_stats *st));
/* By id, in no order; nothing may be changed meanwhile. */
void sfu_each_peer(const struct sfu *s, uint64_t room, void *ctx,
                   void (*fn)(void *ctx, uint64_t peer));

/* One line of a peer, as of the last second. */
struct sfu_line_stats {
    char mid[SFU_MID_MAX + 1];
    bool publishes;
    enum codec codec; /* CODEC_NONE: nothing is sent on it */
    uint64_t track;   /* 0: none */
    unsigned streams; /* of the track: layers of simulcast */
    /* What of it goes to the peer, none of it -1; of what it publishes: the highest that there is. */
    int stream, spatial, temporal;
    uint16_t width, height; /* of the stream, where its key frames tell; else 0 */
    uint64_t bps;
};

struct sfu_peer_stats {
    uint64_t room;
    bool open;
    uint64_t estimate_bps;       /* what may be sent to it; 0: it receives nothing */
    uint64_t wanted_bps;         /* what all that it wants to see would take */
    uint64_t sent_bps;           /* what is sent to it */
    int rtt_ms;                  /* -1: not known yet */
    unsigned loss_up, loss_down; /* thousandths: of what it sends, of what it is sent */
    unsigned n_lines;            /* that were written */
};
/* At most `max` lines. false: there is no such peer (any more). */
bool sfu_peer_stats(const struct sfu *s, uint64_t peer, struct sfu_peer_stats *out,
                    struct sfu_line_stats *lines, unsigned max);

#endif
