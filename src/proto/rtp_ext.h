/*
 * Header extensions of RTP (RFC 8285): reading, writing, and giving them other ids. Every end of a
 * connection numbers its extensions itself (a=extmap), so a packet that is passed on gets its
 * extension block built anew: struct rtp_ext_map says which id means what on one connection. Both
 * forms are read, the one-byte and the two-byte one; elements that nobody knows are passed over.
 */
#ifndef MADANG_PROTO_RTP_EXT_H
#define MADANG_PROTO_RTP_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "proto/rtp.h"

enum {
    RTP_EXT_ONE_BYTE = 0xBEDE, /* RFC 8285 4.2 */
    RTP_EXT_TWO_BYTE = 0x1000, /* 4.3; the low four bits are "appbits" and ignored */
    RTP_EXT_ONE_ID_MAX = 14,   /* of the one-byte form */
    RTP_EXT_ONE_LEN_MAX = 16,
    RTP_EXT_TWO_LEN_MAX = 255
};

/* What we know. The order is that of rtp_ext_uri's table. */
enum rtp_ext_kind {
    RTP_EXT_NONE,
    RTP_EXT_MID,               /* RFC 9143 15.1: text */
    RTP_EXT_RID,               /* RFC 8852 3.1: text */
    RTP_EXT_REPAIRED_RID,      /* RFC 8852 3.2: text */
    RTP_EXT_ABS_SEND_TIME,     /* 24 bits */
    RTP_EXT_TRANSPORT_CC,      /* draft-holmer-rmcat-transport-wide-cc-extensions-01 2: 16 bits */
    RTP_EXT_AUDIO_LEVEL,       /* RFC 6464 */
    RTP_EXT_VIDEO_ORIENTATION, /* 3GPP TS 26.114 7.4.5 */
    RTP_EXT_DEPENDENCY,        /* AV1's dependency descriptor (dd.h) */
    RTP_EXT_PLAYOUT_DELAY,     /* least and most, 12 bits each, in 10 ms */
    RTP_EXT_CAPTURE_TIME,      /* abs-capture-time: NTP time, and maybe an offset of clocks */
    RTP_EXT_KINDS
};

/* The URI of a=extmap, static; NULL for RTP_EXT_NONE. */
const char *rtp_ext_uri(enum rtp_ext_kind kind);
/* RTP_EXT_NONE for what we don't know. */
enum rtp_ext_kind rtp_ext_of_uri(struct str uri);

/* Ids of one connection, both ways round. All zeros knows nothing. */
struct rtp_ext_map {
    uint8_t kind[256];         /* of an id */
    uint8_t id[RTP_EXT_KINDS]; /* of a kind; 0 = not on this connection */
    bool high;                 /* there are ids that only the two-byte form has */
};
/* ERR_RANGE: id 0 or above 255, no such kind; ERR_EXISTS: the id or the kind is taken. */
enum err rtp_ext_map_add(struct rtp_ext_map *m, enum rtp_ext_kind kind, unsigned id);

/* ---- Reading ---- */

struct rtp_ext {
    const uint8_t *p; /* borrowed from the packet */
    uint8_t id;       /* 1 .. 255 */
    uint8_t len;
};

struct rtp_ext_iter {
    const uint8_t *p, *end;
    bool two;
    bool bad; /* an element ran over the end; what came before it is good */
};

/* An extension of another profile has no elements. */
struct rtp_ext_iter rtp_ext_iter(const struct rtp *r, const uint8_t *packet);
/* false at the end, or at what ends the list early: an element that doesn't fit (bad), id 15 of the
 * one-byte form, id 0 with a length there (RFC 8285 4.2). */
bool rtp_ext_next(struct rtp_ext_iter *it, struct rtp_ext *out);

/* All elements of known kinds, by kind; of several with one kind the first. */
struct rtp_ext_set {
    struct rtp_ext at[RTP_EXT_KINDS]; /* p = NULL: not there */
};
/* false when the block is malformed; what came before is in *out. */
bool rtp_ext_read(struct rtp_ext_set *out, const struct rtp_ext_map *m, const struct rtp *r,
                  const uint8_t *packet);

/* The first element of that kind; false: none, or the block is malformed before it. */
bool rtp_ext_find(struct rtp_ext *out, enum rtp_ext_kind kind, const struct rtp_ext_map *m,
                  const struct rtp *r, const uint8_t *packet);

/* Values; false: not there, or a size that it can't have. Texts are 1 .. 16 characters that are
 * letters, digits, - or _ (RFC 8851, RFC 9143; RFC 8285 alone would allow more). */
bool rtp_ext_text(const struct rtp_ext *e, struct str *out);
/* Seconds * 2^18 modulo 2^24 (wraps every 64 s). */
bool rtp_ext_abs_send_time(const struct rtp_ext *e, uint32_t *out);
bool rtp_ext_transport_cc(const struct rtp_ext *e, uint16_t *out);

struct rtp_audio_level {
    uint8_t level; /* 0 (loudest) .. 127 (silence): -dBov */
    bool voice;    /* the sender takes it for speech */
};
bool rtp_ext_audio_level(const struct rtp_ext *e, struct rtp_audio_level *out);

struct rtp_orientation {
    uint16_t degrees; /* 0, 90, 180, 270: by so much clockwise to show it upright */
    bool flip;        /* horizontally, before turning */
    bool back;        /* the camera looks away from the person */
};
bool rtp_ext_orientation(const struct rtp_ext *e, struct rtp_orientation *out);

/* ---- Writing ---- */

/* Writes a block at p + at of a packet whose header ends there, so: rtp_put_head, rtp_ext_begin,
 * rtp_ext_put ..., rtp_ext_end. */
struct rtp_ext_writer {
    uint8_t *p;
    size_t at, len, cap; /* the block begins at `at`; the packet has len bytes so far, of cap */
    bool two, failed;
};

/* two: the two-byte form, which takes every id and length, but which the other side must have agreed to
 * (a=extmap-allow-mixed, or all its blocks are of that form). */
void rtp_ext_begin(struct rtp_ext_writer *w, uint8_t *packet, size_t at, size_t cap, bool two);
/* Appends an element and returns where its value lies, for values filled in later (a sequence
 * number for the transport); value = NULL leaves zeros. NULL: no room (the writer has failed), or
 * id or length not possible in this form (nothing is written, the writer goes on). */
uint8_t *rtp_ext_put(struct rtp_ext_writer *w, unsigned id, const void *value, size_t n);
uint8_t *rtp_ext_put_abs_send_time(struct rtp_ext_writer *w, unsigned id, uint32_t v);
uint8_t *rtp_ext_put_transport_cc(struct rtp_ext_writer *w, unsigned id, uint16_t seq);
uint8_t *rtp_ext_put_audio_level(struct rtp_ext_writer *w, unsigned id, struct rtp_audio_level v);
/* Pads the block to a multiple of 4, writes its header, sets X. The size of the packet's header, or
 * 0 if it failed. Without elements there is no block and no X. */
size_t rtp_ext_end(struct rtp_ext_writer *w);

/* Copies to w the elements of the packet whose kinds both maps have, under the ids of `to`, except
 * kinds whose bit (1 << kind) is set in `leave`: those the caller writes itself. Returns how many
 * could not be written (this form has no such id or length, or there is no room). */
unsigned rtp_ext_rebuild(struct rtp_ext_writer *w, const struct rtp_ext_map *from,
                         const struct rtp_ext_map *to, uint32_t leave, const struct rtp *r,
                         const uint8_t *packet);
/* Must the block for `to` have the two-byte form? Because of an id there (agreeing on one above 14
 * means to take that form), or since rtp_ext_rebuild would lose an element that is too long or empty. */
bool rtp_ext_needs_two(const struct rtp_ext_map *from, const struct rtp_ext_map *to, uint32_t leave,
                       const struct rtp *r, const uint8_t *packet);

#endif
