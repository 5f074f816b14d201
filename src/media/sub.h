/*
 * A track on its way to one peer: which of its streams (layers of simulcast) and how much of that
 * (temporal and spatial layers) is sent, and under which numbers, so that the receiver sees one stream
 * without seams: sequence numbers without gaps, timestamps that go on, picture ids that count. It
 * remembers where each number came from, for retransmission (RFC 4588). A core: it decides and numbers,
 * packets are read by their owner and sealed by the transport.
 */
#ifndef MADANG_MEDIA_SUB_H
#define MADANG_MEDIA_SUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/recv.h"
#include "proto/codec.h"
#include "proto/rtp.h"

enum {
    SUB_STREAMS_MAX = 4, /* of one track */
    SUB_NONE = -1,
    SUB_ALL = 7,      /* temporal or spatial layers */
    SUB_FRONT = 16,   /* bytes of a descriptor that was rewritten */
    SUB_MEMORY = 1024 /* numbers that can be asked for again, at most: sub_grow() */
};
enum { SUB_MEMORY_FIRST = 128, SUB_MEMORY_SOUND = 64, SUB_FRAMES = 256, SUB_ALL_TARGETS = 255 };

/* Where a number that was sent came from. 12 bytes: each line has hundreds of them. */
struct sub_sent {
    uint32_t timestamp_offset;
    uint16_t in_seq; /* low bits */
    uint16_t picture_offset;
    uint16_t again_ms; /* when it was last sent again, low bits of milliseconds; 0: never */
    uint8_t tl0_offset;
    int8_t stream; /* SUB_NONE: not in use */
};

struct sub_conf {
    enum codec codec;
    uint32_t ssrc, rtx_ssrc;           /* rtx_ssrc 0: no retransmission */
    uint8_t pt, rtx_pt;                /* rtx_pt 255: none for this codec */
    uint16_t first_seq, first_rtx_seq; /* random (RFC 3550 5.1) */
    uint32_t first_timestamp;
};

struct sub {
    struct sub_conf conf;
    int current; /* the stream that is being sent, or SUB_NONE */
    int target;  /* the one that should be; SUB_NONE: paused */
    uint8_t spatial, spatial_target, temporal, temporal_target; /* the highest that is sent */
    /* Of streams with a dependency descriptor. */
    uint8_t decode; /* the decode target that is sent; SUB_ALL_TARGETS: none was chosen yet */
    bool entered;   /* something of it was sent, so that it can be decoded */
    bool needs_key; /* only a key frame leads to the layers that are wanted; the owner clears it */
    uint16_t mask_at;                 /* the frame since which ... */
    uint32_t mask;                    /* ... these decode targets are active for the receiver */
    uint16_t frame;                   /* newest that was sent, as it came */
    uint64_t frames[SUB_FRAMES / 64]; /* which of the last ones were sent: a ring */
    int64_t in_highest;               /* of the current stream */
    int64_t offset;                   /* out = in + offset */
    int64_t key_seq;                  /* number of the newest key frame that was sent */
    int64_t out_highest;              /* last number that was given; first - 1 at the beginning */
    uint32_t in_timestamp, timestamp_offset, out_timestamp; /* of the newest packet */
    int64_t newest_us;
    uint16_t picture, picture_offset; /* newest that was sent; out = in + offset */
    int32_t left_out;                 /* the last picture that was not (VP8); -1: none */
    uint8_t tl0, tl0_offset;
    uint16_t rtx_seq;
    bool begun;            /* something was sent */
    bool ended;            /* ... and the last of it ended a picture */
    bool hurries;          /* sub_hurry() */
    struct sub_sent *sent; /* ring by out number; owned */
    uint32_t sent_mask;
    uint64_t packets, octets; /* for sender reports; octets of payload */
    uint64_t switches, skipped, resent, resent_in_vain;
};

/* What leaves for one packet that came. */
struct sub_out {
    uint32_t ssrc, timestamp;
    uint16_t seq;
    uint8_t pt;
    bool marker;
    int8_t stream;   /* with in_seq: the packet, in its stream's cache */
    uint8_t front_n; /* bytes of front that stand for ... */
    uint16_t skip;   /* ... so many bytes at the beginning of the payload */
    int64_t in_seq;
    uint8_t front[SUB_FRONT];
    struct dd_change dd; /* what becomes of the dependency descriptor */
};

/* Takes memory for the ring; aborts without. At first SUB_MEMORY_FIRST numbers of pictures are remembered. */
void sub_init(struct sub *s, const struct sub_conf *conf);
void sub_free(struct sub *s);
/* Of pictures at least so many numbers are to be remembered, as far as SUB_MEMORY goes. Takes memory; not for a packet. */
void sub_grow(struct sub *s, unsigned numbers);

/* What should be sent from now on: the stream, or SUB_NONE, and layers of it. A stream begins with its next
 * key frame; until then the current one goes on. */
void sub_aim(struct sub *s, int stream, unsigned spatial, unsigned temporal);
/* Is a key frame of the target needed, to get there? */
static inline bool sub_waits(const struct sub *s)
{
    return s->target != SUB_NONE && s->target != s->current;
}
/* Another track takes the place of this one on the line: its codec, and the payload types for that. Numbers
 * go on; sound stays sound, and pictures pictures. */
void sub_detach(struct sub *s, enum codec codec, uint8_t pt, uint8_t rtx_pt);

/* A packet of one of the track's streams. true: *out leaves for it. streams[i] is how stream i arrives; its
 * sender reports tell how timestamps of two streams belong together. */
bool sub_take(struct sub *s, int64_t now_us, int stream, int64_t in_seq, const struct rtp *r,
              const uint8_t *payload, const struct codec_packet *k, const struct recv *streams,
              struct sub_out *out);

/* What is given from now on came a while ago, a key frame first, and leaves all together: times of its pictures are
 * moved close to each other, so that nobody takes them for pictures of the future, and plays all that follow later. */
void sub_hurry(struct sub *s, bool on);

/* A number of that stream has come that holds nothing for others (padding): none is left for it. */
void sub_pass_over(struct sub *s, int stream, int64_t in_seq);

/* Where the number came from; NULL: nowhere, or it is forgotten. */
const struct sub_sent *sub_at(const struct sub *s, uint16_t seq);
/* The numbers from seq on will never leave: they are given out anew. What is sent begins with a key frame. */
void sub_unsend(struct sub *s, uint16_t seq);
/* A number for padding that nobody will ask for again, behind what was sent. false: not now, since a picture has
 * begun and not ended, or nothing was sent yet. */
bool sub_pad(struct sub *s, struct sub_out *out);

/* The packet with that number is wanted again: where it came from, or NULL: it was never sent, is
 * forgotten, or was sent again within rtt_us. */
const struct sub_sent *sub_find(struct sub *s, int64_t now_us, uint16_t seq, int64_t rtt_us);
/* Was it sent since the last key frame ... */
bool sub_is_needed(const struct sub *s, uint16_t seq);
/* ... and cannot be had any more? Of sound nothing is needed. */
bool sub_is_forgotten(const struct sub *s, uint16_t seq);
/* Its number in the stream that it came from; `in` is how that stream arrives. */
int64_t sub_sent_seq(const struct sub_sent *from, const struct recv *in);
/* The packet as it left under the number seq. */
void sub_render(const struct sub *s, const struct sub_sent *from, uint16_t seq, const struct rtp *r,
                const uint8_t *payload, const struct codec_packet *k, struct sub_out *out);
/* Makes of *out its retransmission (RFC 4588 4): SSRC, type and number of the RTX stream, and the
 * number that it had in front of the payload. false: there is no RTX. */
bool sub_wrap(struct sub *s, struct sub_out *out);

/* The sender report at now_us = ntp of ours. skew: what our clock is ahead of the sender's (ours minus
 * theirs, 32.32), the same for all tracks of that sender, so that sound and picture stay together. false: nothing was
 * sent yet. */
bool sub_report(const struct sub *s, int64_t now_us, uint64_t ntp, const struct recv *stream,
                bool has_skew, uint64_t skew, struct rtcp_sr *out);

#endif
