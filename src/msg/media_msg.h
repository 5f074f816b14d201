/*
 * Letters between control and the media workers: the only place where the two meet. Each begins
 * with struct letter and is owned by whoever holds it.
 */
#ifndef MADANG_MSG_MEDIA_MSG_H
#define MADANG_MSG_MEDIA_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/letter.h"
#include "base/tuple.h"

struct stream_handover; /* io/stream.h; control and worker only pass it on */
struct dtls_ctx;        /* io/dtls.h; the same */

enum media_kind {
    /* control -> worker */
    MEDIA_STREAM = 1, /* struct media_stream: a connection that spoke STUN or TURN */
    MEDIA_DUMP,       /* struct media_dump: write your state as JSON, send it back */
    /* To every worker, since any of them may own the relay of a scope: struct media_scope. */
    MEDIA_SCOPE_OPEN,  /* scope */
    MEDIA_SCOPE_PARTY, /* scope, party, pwd, addrs: posted before the candidate is delivered */
    MEDIA_PARTY_DROP,  /* scope, party: it left the call */
    MEDIA_SCOPE_CLOSE, /* scope: its relays end now */
    MEDIA_OWN_ADDRS,   /* struct media_own: the machine's addresses have changed */
    MEDIA_USERS,       /* struct media_users: other users and secrets from now on */
    MEDIA_DRAIN,       /* struct letter: new allocations are sent elsewhere */
    MEDIA_DTLS,        /* struct media_dtls: the certificate to show from now on */
    MEDIA_SFU_AT,      /* struct media_sfu_at: where groups are reached, from now on */
    /* To the worker that has the room; struct media_sfu, always with room. */
    MEDIA_SFU_OPEN,  /* room */
    MEDIA_SFU_CLOSE, /* room */
    MEDIA_SFU_OFFER, /* room, peer, rights, lines, text: an SDP offer */
    MEDIA_SFU_WISH,  /* peer, lines */
    /* room, there, peer: the recording's id, text: its folder, "ROOM/ID"; what becomes of it, the
     * recording thread tells (struct rec_state) */
    MEDIA_SFU_RECORD,
    MEDIA_SFU_AGREE, /* peer, there: it may be recorded from now on, or no more */
    MEDIA_SFU_KEY,  /* from the recording thread: the one line: a track, and which of its streams */
    MEDIA_SFU_MUTE, /* there, lines: tracks that are passed on to nobody, or are again */
    MEDIA_SFU_STATS, /* lines: peers as tracks; answered by MEDIA_SFU_FARES */
    MEDIA_SFU_LEAVE, /* peer */
    /* worker -> worker */
    MEDIA_RELAY,    /* struct media_relay: a datagram from one of our relays to another's */
    MEDIA_GUEST,    /* struct media_guest: a datagram of a client that moved to the wrong worker */
    MEDIA_SFU_PASS, /* struct media_sfu_pass: packets for a group of the other one */
    MEDIA_SFU_PATH, /* struct media_sfu_path: what comes by it is for me, or no more */
    /* worker -> control */
    MEDIA_DUMPED, /* struct media_dump with its text */
    /* struct media_sfu: */
    MEDIA_SFU_ANSWER,  /* room, peer, text: an SDP answer */
    MEDIA_SFU_REFUSED, /* room, peer, code: enum sfu_refusal */
    MEDIA_SFU_TRACK,   /* room, peer, there, and the one line: a track came or went */
    MEDIA_SFU_SPEAKER, /* room, peer, and the one line: whose microphone dominates now */
    MEDIA_SFU_STATE,   /* room, peer, there: connected, or gone with code: enum transport_end */
    MEDIA_SFU_FARES,   /* room, text: struct group_person of each peer that was asked for */
    /* recording thread -> control */
    MEDIA_REC_STATE /* struct rec_state (msg/rec_msg.h) */
};

struct media_stream {
    struct letter letter;
    struct stream_handover *conn; /* owned; NULL once somebody has taken it */
};

enum { MEDIA_SCOPE_ADDRS = 32, MEDIA_SCOPE_PWD = 256, MEDIA_OWN_MAX = 64 };

/* See proto/turn_scope.h. Allocated only as far as it is needed: media_scope_size(). */
struct media_scope {
    struct letter letter;
    uint64_t scope, party;
    uint32_t pwd_len, naddrs;
    char pwd[MEDIA_SCOPE_PWD];
    struct addr addrs[MEDIA_SCOPE_ADDRS];
};

/* How much of the letter there is: pwd and addrs with MEDIA_SCOPE_PARTY only, and naddrs of these. */
static inline size_t media_scope_size(const struct media_scope *m)
{
    if (m->letter.kind != MEDIA_SCOPE_PARTY)
        return offsetof(struct media_scope, pwd);
    return offsetof(struct media_scope, addrs) +
           (m->naddrs < MEDIA_SCOPE_ADDRS ? m->naddrs : MEDIA_SCOPE_ADDRS) * sizeof m->addrs[0];
}

struct media_own {
    struct letter letter;
    uint32_t nown, nlan;
    struct addr own[MEDIA_OWN_MAX]; /* port 0 */
    struct cidr lan[MEDIA_OWN_MAX]; /* the networks that they are in */
};

/* Texts, each ended by NUL: `secrets` REST secrets (2 at most), then `users` as turn_users_add()
 * takes them. drop wipes it. */
struct media_users {
    struct letter letter;
    uint32_t secrets, users;
    uint32_t len;
    char text[];
};

/* A batch of datagrams between relays of two workers, each behind the other in bytes. */
struct media_relay {
    struct letter letter;
    struct addr from, to;
    uint64_t scope;
    uint32_t len, seg; /* as a train: n datagrams of seg bytes, the last may be shorter */
    uint8_t bytes[];
};

/* As it came by UDP: from peer to local. */
struct media_guest {
    struct letter letter;
    struct addr peer, local;
    uint32_t ifindex, len;
    uint8_t bytes[];
};

struct media_dtls {
    struct letter letter;
    struct dtls_ctx *ctx; /* owned: a reference; NULL once somebody has taken it */
};

enum { MEDIA_SFU_AT_MAX = 16 };

/* Candidates of answers to come, best first. */
struct media_sfu_at {
    struct letter letter;
    uint32_t n;
    struct addr at[MEDIA_SFU_AT_MAX];
    uint32_t tcp; /* bit i: candidate i is passive TCP (RFC 6544), else UDP */
};

enum { MEDIA_SFU_MID = 16, MEDIA_SFU_LINES = 128 };

/* A line of an offer, or a track. */
struct media_sfu_line {
    uint64_t track;
    uint32_t kind, codec, streams; /* media/sfu.h, proto/codec.h */
    uint16_t width, height;        /* of a wish */
    uint32_t priority;             /* of a wish: media/alloc.h */
    char mid[MEDIA_SFU_MID + 1];
};

/* Everything about the SFU. What a kind does not name is 0. The lines lie at the end, then the text. */
struct media_sfu {
    struct letter letter;
    uint64_t room, peer;
    uint32_t rights, code, there;
    uint32_t n_lines, text_n;
    struct media_sfu_line lines[];
};
static inline char *media_sfu_text(const struct media_sfu *m)
{
    return (char *)(uintptr_t)&m->lines[m->n_lines];
}

/* Trains behind one another, each a struct media_sfu_train and its bytes, padded to 8. */
struct media_sfu_pass {
    struct letter letter;
    uint32_t worker; /* that they came to */
    uint32_t len;
    _Alignas(8) uint8_t bytes[];
};
struct media_sfu_train {
    struct tuple from;
    uint32_t len, seg;   /* n datagrams of seg bytes, the last may be shorter */
    uint32_t is_strange; /* whoever passes it on does not know yet that the path is yours */
    uint32_t zero;
    int64_t came_us; /* when the kernel got it; 0: nobody knows */
};

struct media_sfu_path {
    struct letter letter;
    struct tuple at;
    uint32_t worker; /* whose it is */
    uint32_t is_there;
};

struct media_dump {
    struct letter letter;
    uint32_t worker;
    uint64_t cookie; /* the asker's; comes back */
    char *text;      /* one JSON object, NUL-terminated; owned by the letter */
};

#endif
