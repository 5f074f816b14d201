/*
 * Inside of the SFU; nobody else includes this. sfu.c: rooms, peers, who gets which packet. sfu_offer.c: offers
 * to lines. sfu_pub.c: what comes in. sfu_feed.c: feedback, both ways. sfu_sub.c: who is sent what. sfu_first.c: the
 * first picture that somebody sees. sfu_out.c: building, sealing, sending. sfu_down.c: how much leaves to a peer, and
 * when. sfu_sound.c: sound that survives losses. sfu_again.c: what is wanted again. sfu_ccfb.c: RFC 8888 for publishers.
 * sfu_stats.c: what can be looked at.
 */
#ifndef MADANG_MEDIA_SFU_INT_H
#define MADANG_MEDIA_SFU_INT_H

#include "base/crypto.h"
#include "base/heap.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/mem.h"
#include "media/bwe.h"
#include "media/hold.h"
#include "media/pacer.h"
#include "media/pktcache.h"
#include "media/recv.h"
#include "media/sfu.h"
#include "media/speaker.h"
#include "media/sub.h"
#include "proto/rtcp.h"
#include "proto/rtp_ext.h"

enum {
    SFU_S = 1000000,
    SFU_LAYERS = 4,        /* spatial and temporal ones that are told apart */
    SFU_SPARE_SSRCS = 8,   /* that one may send feedback by, or take instead of others */
    SFU_SSRCS_MAX = 32,    /* that one peer may send by */
    SFU_VIDEO_SLOTS = 256, /* of packets that are kept; at first, as many as may wait to leave */
    SFU_SOUND_SLOTS = 64,
    SFU_REMB_BPS = 5000000, /* what publishers may send who are told a rate; to begin with */
    SFU_RTT_US = 100000,    /* until it is known */
    SFU_IP_UDP = 28,        /* bytes that each packet costs ... */
    SFU_OVERHEAD = SFU_IP_UDP + 16, /* ... and with the tag of SRTP */
    SFU_TWCC_MAX = 512,             /* arrivals between two feedbacks */
    SFU_TWCC_EVERY_US = 50000,      /* draft-holmer-rmcat-transport-wide-cc-extensions-01 4 */
    SFU_REPORT_EVERY_US = SFU_S,
    SFU_KEY_EVERY_US = 150000, /* between two requests for a key frame */
    SFU_LISTEN_EVERY_US = 200000,
    SFU_SPEAKERS_MAX =
        1024 /* microphones of a room that are told apart; beyond that all are passed on */
};

struct sfu_room {
    struct hnode node; /* sfu.rooms, by id */
    uint64_t id;
    struct list peers, tracks;
    struct speakers speakers;
    int64_t listened_us;   /* when it was last asked who dominates */
    sfu_record_fn *record; /* NULL: nobody records it */
    void *record_ctx;
    struct sfu_stats stats;
};

/* One stream (layer) of a published track. */
struct sfu_stream {
    struct pktcache cache;
    struct dd_structure
        *dd; /* what its dependency descriptors refer to; owned; NULL: there are none */
    char rid[SFU_MID_MAX + 1];
    uint32_t rtx_ssrc;
    bool wants_key;
    uint8_t key_tries;    /* since it was wanted */
    int64_t key_asked_us; /* last PLI */
    /* Its last key frame and all that came behind it. */
    bool has_group; /* and refers to nothing else */
    int64_t group_seq, group_us;
    uint32_t group_timestamp, group_bytes;
    /* Of the current second, and of the one before: by layer. */
    uint32_t bytes[SFU_LAYERS][SFU_LAYERS], bps[SFU_LAYERS][SFU_LAYERS];
    uint8_t spatial, temporal; /* the highest layers of the second before */
    bool is_wanted;            /* somebody gets it, or waits for it: its packets are kept */
    bool waits;                /* some of it could not leave at once, in the last second */
    uint64_t packets;          /* that had come then */
    int64_t window_us, at_us;  /* at_us: its last packet */
    bool is_measured;
    uint16_t width, height; /* as its last key frame says */
};

/* A track that is published. */
struct sfu_pub {
    struct list in_room;
    struct hnode node; /* sfu.tracks, by id */
    uint64_t id;
    struct sfu_peer *peer;
    char mid[SFU_MID_MAX + 1];
    enum sfu_kind kind;
    enum codec codec;
    uint8_t pt, rtx_pt; /* 255: none */
    uint8_t red_pt;     /* of sound with its redundancy; 255: none */
    bool asks;          /* what is missing can be had again */
    unsigned n;
    struct sfu_stream *streams; /* n, owned */
    struct recv *in;            /* how they arrive; n, owned */
    struct list subs;
    struct speaker speaker; /* of a microphone */
    bool muted;
    bool is_ranked; /* it is one of room.speakers */
};

/* A line on which a track is sent. */
struct sfu_sub {
    struct list of_pub; /* sfu_pub.subs; in no list without one */
    struct sfu_peer *peer;
    struct sfu_pub *pub; /* NULL: none */
    char mid[SFU_MID_MAX + 1];
    uint16_t at;             /* its place in peer->subs, for as long as the peer is there */
    uint16_t left;           /* the last number that has left */
    bool is_video, open;     /* open: the answer has said so */
    bool lowered;            /* the last choice was a smaller one */
    uint32_t bps;            /* of the last choice */
    uint64_t packets;        /* that had been sent when it was last looked at */
    struct alloc_line share; /* of pictures: what the page wants of it, and what it gets */
    struct hold hold;        /* of pictures: what the receiver is told of their delay */
    uint8_t pt[CODECS], rtx_pt[CODECS]; /* of this line; 255: none */
    uint8_t red_pt;                     /* of Opus with its redundancy; 0: none */
    struct sfu_copies *copies;          /* sound that left; owned; NULL: it is not sent twice */
    struct sub sub;
};

/* Which stream an SSRC is. */
struct sfu_source {
    uint32_t ssrc;
    struct sfu_pub *pub;
    uint8_t stream;
    bool is_rtx;
    bool is_told;  /* by RFC 8888: of those before ... */
    uint16_t told; /* ... this number */
};

struct sfu_arrival {
    int64_t seq, at_us;
};

/* What leaves to a peer that receives: how much, and when. */
struct sfu_down {
    struct bwe bwe;
    struct pacer pacer;
    struct alloc alloc;
    int64_t share_us;  /* when it is to be shared again */
    int64_t begun_us;  /* when the first packet left; 0: none has */
    int64_t found_us;  /* the last probe that found more */
    double shared_bps; /* for which it was shared */
    double wanted_bps; /* what all that is wanted would take */
    bool is_told;      /* some feedback has come */
    /* Older sound that goes along: packets that losses call for, since when; and that there is room for. */
    uint8_t guard, along;
    int64_t guard_us,
        crowded_us; /* crowded_us: until then there is no more room than the estimate says */
    uint64_t came_before, lost_before;
    double lost, told;  /* packets of late */
    double again_bytes; /* that may be sent once more now, ... */
    int64_t again_us;   /* ... as of then */
    uint16_t pad_at;    /* the line that repeats something for a probe */
    uint16_t pads;      /* so far in a row */
};

struct sfu_peer {
    struct list in_room;
    struct hnode node, by_ufrag; /* sfu.peers, sfu.ufrags */
    struct timer timer;
    struct sfu *sfu;
    struct sfu_room *room;
    uint64_t id;
    unsigned rights;
    struct transport *transport;
    unsigned way; /* as it was counted: 1 + index of sfu_stats.ways, 0 for none */
    char ufrag[SFU_UFRAG + 1], pwd[ICE_LOCAL_PWD + 1];
    uint64_t answers;
    char cname[17];
    struct rtp_ext_map exts;
    bool takes_dd;     /* dependency descriptors, on what it receives */
    uint32_t own_ssrc; /* sender of feedback that is about no stream of ours */
    unsigned n_pubs, n_subs, n_sources;
    struct sfu_pub *pubs[SFU_PUBLISHED_MAX];
    struct sfu_sub **subs; /* owned; as the lines were offered. None goes before the peer */
    unsigned subs_cap;
    struct sfu_down *down; /* NULL: it has never received */
    bool tells;            /* of each packet what became of it */
    bool agreed;           /* to being in the room's recording */
    struct sfu_source sources[SFU_SSRCS_MAX];
    /* Transport-wide congestion control: what came, what leaves. */
    struct sfu_arrival
        *arrivals; /* SFU_TWCC_MAX, in order of number; owned; NULL: publishes nothing */
    unsigned n_arrivals;
    int64_t twcc_base, twcc_highest;
    uint8_t twcc_count;
    uint16_t twcc_out;
    int64_t twcc_at_us, report_at_us; /* next */
    int64_t rtt_us;
    bool rtt_known;
    unsigned loss_up, loss_down; /* thousandths, as of the last reports */
    unsigned lost_up;            /* the same with what came when it was asked for */
    uint64_t late_up;            /* what had come late until then */
    bool takes_remb;             /* is told a rate by us, since it takes nothing better */
    bool takes_ccfb;             /* is told of single packets of its sources (RFC 8888) */
    uint64_t remb_bps;
    bool has_skew;
    uint64_t skew; /* our NTP clock minus that of what it sends */
    bool ended;
};

/* A tuple and whose it is. */
struct sfu_path {
    struct hnode node; /* sfu.paths */
    struct tuple at;
    struct sfu_peer *peer;
};

struct sfu {
    struct sfu_conf conf;
    struct sfu_ops ops;
    struct rng rng;
    struct pktcache_memory memory;
    struct hmap rooms, peers, ufrags, tracks, paths;
    struct heap timers;
    struct sfu_peer *last; /* whom the last train was for */
    struct tuple last_at;
    uint8_t *out; /* sealed packets until they have left; owned */
    size_t out_n;
    int64_t wall_offset_us;
    int64_t came_us;       /* sfu_came() */
    struct sfu_stats gone; /* of rooms that are closed, and what is of none */
    struct sfu_stats all;  /* sfu_stats() */
};

/* ---- sfu.c ---- */
/* What a peer makes of its transport; also of one that is loaded (transport_load). */
extern const struct transport_ops sfu_transport_ops;
uint64_t sfu_hash_id(const struct sfu *s, uint64_t id);
struct sfu_room *sfu_find_room(const struct sfu *s, uint64_t id);
struct sfu_peer *sfu_find_peer(const struct sfu *s, uint64_t id);
struct sfu_pub *sfu_find_track(const struct sfu *s, uint64_t id);
/* NULL: full. The room exists. */
struct sfu_peer *sfu_peer_new(struct sfu *s, int64_t now_us, const struct sfu_offer *o,
                              const struct sdp *sdp);
void sfu_peer_free(struct sfu_peer *p);
/* When the peer's timer has to ring, anew. */
void sfu_set_timer(struct sfu_peer *p);
/* Where it is sent to now; NULL: nowhere. */
void sfu_count_way(struct sfu_peer *p, const struct tuple *to);
uint64_t sfu_ntp(const struct sfu *s, int64_t now_us);

/* ---- sfu_offer.c ---- */
void sfu_new_credentials(struct sfu_peer *p);

/* ---- sfu_pub.c ---- */
struct sfu_pub *sfu_pub_new(struct sfu_peer *p, uint64_t id, enum sfu_kind kind, enum codec codec,
                            struct str mid, unsigned streams);
/* What a packet says of its frame. */
struct sfu_reading {
    struct codec_packet k; /* refers to the rest */
    struct dd_frame dd;
    struct dd_structure own; /* that the packet brought */
};
bool sfu_read(const struct sfu_pub *b, unsigned stream, const struct rtp *r, const uint8_t *packet,
              struct sfu_reading *out);
void sfu_pub_free(struct sfu_pub *b);
/* Each second: how long packets of its streams are kept, by who gets them. Takes memory. */
void sfu_keep_enough(struct sfu_pub *b, int64_t now_us);
/* Somebody is going to get it. */
void sfu_keep_stream(struct sfu_stream *st);
/* Some of it has to wait, and is read when it leaves. */
void sfu_keep_longer(struct sfu_stream *st);
/* What the peer publishes on that line; NULL: nothing. */
struct sfu_pub *sfu_pub_of(struct sfu_peer *p, struct str mid);
void sfu_add_source(struct sfu_peer *p, uint32_t ssrc, struct sfu_pub *b, unsigned stream,
                    bool is_rtx);
/* Authentic and in the clear. */
void sfu_take_rtp(struct sfu_peer *p, int64_t now_us, uint8_t *bytes, size_t n);
/* One packet of a stream in the clear and in its own form: it is kept, recorded and passed on. */
void sfu_take_media(struct sfu_pub *b, int64_t now_us, unsigned stream, const struct rtp *r,
                    const uint8_t *bytes, size_t n, bool is_rtx);
/* The bits a second of its layers up to these; all of a stream: SUB_ALL. */
uint64_t sfu_rate(const struct sfu_stream *st, unsigned spatial, unsigned temporal);

/* ---- sfu_feed.c ---- */
void sfu_take_rtcp(struct sfu_peer *p, int64_t now_us, const uint8_t *bytes, size_t n);
/* That has come, in order of the number, to be told of soon; and all of them have been. */
void sfu_add_arrival(struct sfu_peer *p, int64_t now_us, int64_t seq);
void sfu_forget_arrivals(struct sfu_peer *p);
/* For transport-wide feedback. */
void sfu_note_arrival(struct sfu_peer *p, int64_t now_us, const struct rtp *r,
                      const uint8_t *packet);
/* A key frame of that stream is needed: asks for it now or soon. */
void sfu_want_key(struct sfu_pub *b, unsigned stream, int64_t now_us);
/* Feedback that is due; reports. */
void sfu_feed_back(struct sfu_peer *p, int64_t now_us);
int64_t sfu_feedback_due(const struct sfu_peer *p);

/* ---- sfu_ccfb.c ---- */
/* For feedback by RFC 8888, one of a source; and that feedback. */
void sfu_note_source(struct sfu_peer *p, int64_t now_us, const struct sfu_source *from,
                     uint16_t seq);
void sfu_tell_sources(struct sfu_peer *p, int64_t now_us);

/* ---- sfu_sub.c ---- */
/* There are keys now. */
void sfu_opened(struct sfu_peer *p);
/* NULL: no memory or full. */
struct sfu_sub *sfu_sub_new(struct sfu_peer *p, int64_t now_us, struct str mid, bool is_video);
void sfu_sub_free(struct sfu_sub *u);
/* Which track goes out on this line; NULL: none. sfu_share() has to follow. */
void sfu_bind(struct sfu_sub *u, struct sfu_pub *b);
/* Nothing more of what it sends; a key frame is the next thing that leaves. */
void sfu_stop(struct sfu_sub *u);
/* Which stream of the track, and how much of it, as was chosen. */
void sfu_aim(struct sfu_sub *u);
/* Asks for the key frame that it takes to get there. */
void sfu_ask_key(struct sfu_sub *u, int64_t now_us);
/* The packet that left under that number, from the publisher's cache; NULL: it is not to be had any more. */
const struct pktcache_packet *sfu_find_sent(const struct sfu_sub *u, const struct sub_sent *e,
                                            uint16_t seq, struct rtp *r, struct sub_out *o);
/* A packet of the publisher, which is in the stream's cache. */
void sfu_forward(struct sfu_pub *b, int64_t now_us, unsigned stream, int64_t seq,
                 const struct rtp *r, const uint8_t *packet, const struct codec_packet *k,
                 bool is_kept);
/* The receiver cannot go on without a key frame of what it is sent. */
void sfu_need_key(struct sfu_sub *u, int64_t now_us);
void sfu_take_pli(struct sfu_peer *p, int64_t now_us, uint32_t ssrc);
struct sfu_sub *sfu_sub_of(struct sfu_peer *p, uint32_t ssrc);

/* ---- sfu_first.c ---- */
/* A packet of pictures has come, and is kept or not. */
void sfu_note_group(struct sfu_stream *st, int64_t now_us, int64_t seq, const struct rtp *r,
                    const struct codec_packet *k, bool is_kept);
/* Now and then: it need not be kept any more, once it is old. */
void sfu_release_group(struct sfu_stream *st, int64_t now_us);
/* The last key frame of what the line waits for and all behind it, if that is little and recent: then nobody is asked
 * for another one. false: it still waits. */
bool sfu_replay(struct sfu_sub *u, int64_t now_us);
/* The peer is going to be open in a moment: asks for the key frames that it will begin with. */
void sfu_call_ahead(struct sfu_peer *p, int64_t now_us);

/* ---- sfu_down.c ---- */
/* The peer is going to receive. */
void sfu_down_open(struct sfu_peer *p, int64_t now_us);
void sfu_down_close(struct sfu_peer *p);
/* A packet leaves, now or when it is its turn. is_kept: it is in the publisher's cache. */
void sfu_leave(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
               const uint8_t *packet, bool is_kept);
/* It waits for its turn. false: there is no room. */
bool sfu_queue(struct sfu_sub *u, int64_t now_us, enum pacer_class c, uint16_t seq, unsigned size);
/* The ways to send what the line is bound to, as of now. */
void sfu_find_options(struct sfu_sub *u, int64_t now_us);
/* Shares the estimate between the peer's lines and aims all of them. */
void sfu_share(struct sfu_peer *p, int64_t now_us);
/* Asks for the key frames that its lines wait for. */
void sfu_ask_keys(struct sfu_peer *p, int64_t now_us);
/* Is what the line is sent not being sent any more, while other streams of its track go on? Then another one is. */
void sfu_look_for_stale(struct sfu_sub *u, int64_t now_us);
/* The bandwidth estimation was told something. */
void sfu_down_told(struct sfu_peer *p, int64_t now_us);
void sfu_down_tick(struct sfu_peer *p, int64_t now_us);
int64_t sfu_down_due(const struct sfu_peer *p);
/* Thousandths that do not reach the peer the first time. */
unsigned sfu_lost_down(const struct sfu_peer *p);
/* A round trip to the peer, as well as it is known. */
int64_t sfu_rtt_us(const struct sfu_peer *p);

/* ---- sfu_sound.c ---- */
/* How much older sound goes along from now on, by what is lost on the way to the peer. Takes memory; not for a packet. */
void sfu_guard(struct sfu_peer *p, int64_t now_us);
/* What all of its sound takes, with so much along. */
double sfu_sound_bps(const struct sfu_peer *p, unsigned along);
/* Makes the packet plain Opus, in place, once what it brings along of packets that were lost has been taken. false: it is
 * malformed. */
bool sfu_take_red(struct sfu_pub *b, int64_t now_us, unsigned stream, uint8_t **bytes, size_t *n,
                  struct rtp *r);
/* One packet of sound, with what goes along. */
void sfu_send_sound(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
                    const uint8_t *packet);
/* ---- sfu_again.c ---- */
/* The peer asks for these of ours. */
void sfu_take_nack(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k);
/* A number that was asked for, by RTX. */
void sfu_send_again(struct sfu_sub *u, int64_t now_us, uint16_t seq, uint8_t cluster);
/* Any number that has left, once more; the bytes of the datagram, 0: it could not leave. */
size_t sfu_repeat(struct sfu_sub *u, int64_t now_us, uint16_t seq, uint8_t cluster);

/* ---- sfu_record.c ---- */
/* A packet of a room that is recorded; begins: its numbers do so anew. */
void sfu_record_packet(const struct sfu_pub *b, int64_t now_us, unsigned stream, int64_t seq,
                       const struct rtp *r, const uint8_t *bytes, bool begins);

/* ---- sfu_out.c ---- */
/* Builds, seals and sends one packet; r and packet as they came. cluster: of a probe. The bytes of the datagram;
 * 0: it could not leave. */
size_t sfu_send(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
                const uint8_t *packet, uint8_t cluster);
/* The same with n bytes in front of the payload, instead of o->front. */
size_t sfu_send_behind(struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                       const struct rtp *r, const uint8_t *packet, const uint8_t *front, size_t n);
/* The same bytes once more, as they left. */
bool sfu_send_sealed(struct sfu_peer *p, const uint8_t *sealed, size_t n);
/* The same of nothing but n bytes of padding. */
size_t sfu_send_padding(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, uint8_t n,
                        uint8_t cluster);
/* The peer's feedback and reports, in as few datagrams as fit. */
void sfu_send_rtcp(struct sfu_peer *p, struct rtcp_writer *w);

#endif
