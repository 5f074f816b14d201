/*
 * Session descriptions of WebRTC (RFC 8866, RFC 9429): reading an offer and writing the answer to it. The
 * server never offers. One transport for all (BUNDLE, RFC 9143; rtcp-mux), ICE-lite, DTLS passive.
 *
 * The parser is strict about what it understands and passes over what it doesn't; everything is
 * capped. What it gives borrows the text. Policy is the caller's: it looks at the lines of the offer,
 * decides for each what becomes of it, and has the answer written. Pure.
 */
#ifndef MADANG_PROTO_SDP_H
#define MADANG_PROTO_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"
#include "proto/rtp_ext.h"

enum {
    SDP_MAX = 65536,
    SDP_LINES_MAX = 128,  /* m= lines */
    SDP_CODECS_MAX = 64,  /* payload types of one line: as many as a bit mask holds */
    SDP_EXTS_MAX = 24,    /* header extensions of one line */
    SDP_STREAMS_MAX = 4,  /* simulcast layers of one line */
    SDP_TEXT_MAX = 256,   /* mid, ice-ufrag, ice-pwd, parts of msid */
    SDP_FINGERPRINT = 64, /* bytes of SHA-512 */
    SDP_CANDIDATES_MAX = 16
};

enum sdp_result {
    SDP_OK,
    SDP_E_SIZE,      /* empty, or more than SDP_MAX */
    SDP_E_LINE,      /* not "x=value", or not text */
    SDP_E_VERSION,   /* does not begin with v=0 */
    SDP_E_MEDIA,     /* an m= line is malformed */
    SDP_E_ATTRIBUTE, /* one that we understand is malformed */
    SDP_E_CAP,       /* too many of something, or no memory */
    SDP_E_MID,       /* one of several lines is without mid, or two have the same */
    SDP_E_BUNDLE,    /* one of several lines that are in use is not in the one group */
    SDP_E_MUX,       /* RTP and RTCP apart */
    SDP_E_ICE,       /* no ufrag or password; or the other side is lite, too */
    SDP_E_DTLS,      /* no fingerprint that we can check, or it wants to be passive */
    SDP_RESULTS
};
const char *sdp_result_name(enum sdp_result r);

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_OTHER };

/* From the offerer's side. */
enum { SDP_SENDS = 1, SDP_RECEIVES = 2 };

enum sdp_codec_name {
    SDP_UNKNOWN,
    SDP_OPUS,
    SDP_RED,
    SDP_PCMU,
    SDP_PCMA,
    SDP_VP8,
    SDP_VP9,
    SDP_H264,
    SDP_AV1,
    SDP_RTX,
    SDP_CODEC_NAMES
};
/* As rtpmap has it ("opus", "VP8"), static; "" for unknown. */
const char *sdp_codec_text(enum sdp_codec_name n);

/* Feedback messages (RFC 4585 4.2, RFC 5104 7.1, RFC 8888 6). */
enum {
    SDP_FB_NACK = 1,
    SDP_FB_PLI = 2,
    SDP_FB_FIR = 4,
    SDP_FB_TWCC = 8,
    SDP_FB_REMB = 16,
    SDP_FB_CCFB = 32
};

struct sdp_codec {
    struct str fmtp;  /* "" without */
    uint32_t clock;   /* Hz; 0: nothing is known of this payload type */
    uint8_t pt;       /* 0 .. 127 */
    uint8_t name;     /* enum sdp_codec_name */
    uint8_t apt;      /* of RTX (RFC 4588 8.6) and RED: what it carries; 255: not told */
    uint8_t feedback; /* SDP_FB_*, as far as we understand them */
    uint8_t channels;
};

struct sdp_ext {
    uint8_t id;
    uint8_t kind;      /* enum rtp_ext_kind, never RTP_EXT_NONE */
    uint8_t direction; /* SDP_SENDS | SDP_RECEIVES, as the offerer sees it */
};

/* What will be sent on a line: the layers of simulcast from low to high where the offer tells the order
 * by SIM; in the order of the offer where it names rids (RFC 8853: most wanted first). */
struct sdp_stream {
    struct str rid;     /* "": known by ssrc */
    uint32_t ssrc, rtx; /* 0: not told */
};

struct sdp_media {
    enum sdp_kind kind;
    unsigned direction; /* SDP_SENDS | SDP_RECEIVES */
    bool rejected;      /* port 0, and not bundle-only */
    bool bundled, mux;
    bool rsize;       /* reduced-size RTCP (RFC 5506) */
    bool mixed;       /* one-byte and two-byte extensions may be mixed (RFC 8285 6) */
    bool by_rid;      /* simulcast by rid was offered: the answer has to name them */
    struct str name;  /* "audio", "video", "application" */
    struct str proto; /* "UDP/TLS/RTP/SAVPF" */
    struct str fmts;  /* the rest of the m= line */
    struct str mid;
    struct str stream, track; /* msid (RFC 8830); "" without */
    unsigned n_codecs, n_exts, n_streams;
    struct sdp_codec codecs[SDP_CODECS_MAX];
    struct sdp_ext exts[SDP_EXTS_MAX];
    struct sdp_stream streams[SDP_STREAMS_MAX];
};

/* As io/dtls_media.h numbers them. */
enum sdp_hash { SDP_SHA256, SDP_SHA384, SDP_SHA512, SDP_HASHES };

struct sdp {
    struct str ufrag, pwd; /* of the transport that all lines share */
    uint8_t fingerprint[SDP_FINGERPRINT];
    unsigned fingerprint_n;
    enum sdp_hash hash;
    bool trickle;
    bool grouped; /* it has a BUNDLE group; without, only one line is in use */
    unsigned n;
    struct sdp_media *lines; /* owned */
};

/* Reads an offer; out borrows the text. On SDP_OK it is to be freed; otherwise *line is where it went
 * wrong, from 1 (0: in no line), and out holds nothing. */
enum sdp_result sdp_parse(struct sdp *out, struct str text, unsigned *line);
void sdp_free(struct sdp *s);

/* Index into m->codecs, or -1. */
int sdp_codec_of_pt(const struct sdp_media *m, unsigned pt);
/* One of "a=1; b=2" (RFC 8866 6.15), names without regard to case; "" if it isn't there. */
struct str sdp_param(struct str fmtp, struct str name);
/* The RTX that repeats what codec i sends, or -1. */
int sdp_rtx_of(const struct sdp_media *m, unsigned i);

/* ---- The answer ---- */

enum sdp_action {
    SDP_REJECT, /* port 0: this line is not for us, for ever */
    SDP_HOLD,   /* inactive, may be used later */
    SDP_TAKE,   /* we receive what the line sends */
    SDP_GIVE    /* we send on it */
};

/* What becomes of one line. Bits count the arrays of the line. */
struct sdp_line {
    enum sdp_action action;
    uint64_t codecs;    /* kept; none: the line is rejected */
    unsigned first;     /* of these: the one that is named first, which is what the client sends */
    uint32_t exts;      /* kept */
    unsigned streams;   /* SDP_TAKE: rids kept */
    unsigned feedback;  /* SDP_FB_* kept where the offer has them */
    uint32_t ssrc, rtx; /* SDP_GIVE; rtx 0: none */
    struct str stream, track;
};

struct sdp_candidate {
    struct addr at;
    bool tcp; /* passive (RFC 6544 4.1); else UDP */
};

struct sdp_answer {
    uint64_t session; /* the same for all answers of one connection */
    uint64_t version; /* one more with each */
    struct str ufrag, pwd;
    struct str fingerprint; /* SHA-256 as "AB:CD:..." */
    struct str cname;
    const struct sdp_candidate *candidates; /* best first */
    unsigned n_candidates;                  /* at most SDP_CANDIDATES_MAX count */
};

/* lines: as many as the offer has. false: it doesn't fit into out. */
bool sdp_write_answer(struct buf *out, const struct sdp *offer, const struct sdp_answer *a,
                      const struct sdp_line *lines);

#endif
