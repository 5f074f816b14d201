/*
 * Letters to and from the recording thread (edge/rec). Workers tell it of recordings and give it packets, in
 * one order; control gives it names; it tells control what becomes of a recording, and has publishers asked for
 * key frames.
 */
#ifndef MADANG_MSG_REC_MSG_H
#define MADANG_MSG_REC_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/letter.h"

enum rec_letter_kind {
    REC_START = 1, /* worker: struct rec_order_letter; text: the folder, "ROOM/ID" */
    REC_PACKETS,   /* worker: struct rec_batch */
    REC_STOP,      /* worker: struct rec_order_letter */
    REC_REFUSE,    /* worker: struct rec_order_letter: there is nothing to record */
    REC_NAME       /* control: struct rec_order_letter: peer, and what they are called */
};

struct rec_order_letter {
    struct letter letter;
    uint64_t recording, room, peer;
    uint32_t worker;          /* who has the room */
    int64_t wall_us, mono_us; /* the same moment, by both clocks of ours */
    uint32_t text_n;
    char text[];
};

enum rec_packet_flag {
    REC_MARKER = 1,
    REC_BEGINS = 2,    /* numbers and times begin anew */
    REC_HAS_SKEW = 4,  /* skew is known */
    REC_TRACK_END = 16 /* no packet: the track is no more */
};

/* A packet of a published track, in the clear; its payload lies behind, and the next head where
 * rec_batch_step() says. n = 0: it had no payload, but its number counts. */
struct rec_head {
    uint64_t track, peer;
    int64_t seq;   /* counted on over wraps */
    int64_t at_us; /* when it came, monotonic */
    uint64_t
        sr_ntp; /* the stream's last sender report: this moment of the sender's clock ... 0: none */
    uint64_t skew;         /* our NTP clock minus the sender's */
    uint32_t sr_timestamp; /* ... was this time of its stream */
    uint32_t timestamp;
    uint16_t n;
    uint8_t kind, codec; /* enum sfu_kind, enum codec */
    uint8_t stream;      /* layer of simulcast */
    uint8_t flags;
};

/* A batch has less; a packet has at most 2,048 of them. */
enum { REC_BATCH_BYTES = 64 << 10 };

/* Packets of one recording, in order of arrival. */
struct rec_batch {
    struct letter letter;
    uint64_t recording;
    uint64_t dropped; /* packets before it that found the thread's queue full */
    uint32_t len;
    _Alignas(8) uint8_t bytes[];
};
static inline size_t rec_batch_step(size_t n)
{
    return sizeof(struct rec_head) + ((n + 7) & ~(size_t)7);
}

/* Why a recording has ended. */
enum rec_end {
    REC_STOPPED,   /* it was asked for, or the room was closed */
    REC_QUOTA,     /* all recordings have as many bytes as they may */
    REC_DISK_FULL, /* next to nothing is left on the disk */
    REC_FAILED,    /* it could not be written: the log says more */
    REC_REFUSED,   /* it could not begin */
    REC_SHUTDOWN,  /* the server stops */
    REC_ENDS
};
/* "stopped", "quota", ...: static. */
static inline const char *rec_end_name(unsigned e)
{
    static const char *const names[REC_ENDS] = {"stopped", "quota",   "disk_full",
                                                "failed",  "refused", "shutdown"};
    return e < REC_ENDS ? names[e] : "?";
}

/* To control: it has started (and is told again every few seconds, with what there is of it), or it has ended. */
struct rec_state {
    struct letter letter;
    uint64_t recording, room;
    bool ended;
    uint32_t end; /* enum rec_end */
    uint64_t bytes, dropped;
    int64_t duration_us;
};

#endif
