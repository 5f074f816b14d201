/* Inside of sdp*.c; nobody else includes this. */
#ifndef MADANG_PROTO_SDP_INT_H
#define MADANG_PROTO_SDP_INT_H

#include "proto/sdp.h"

enum { SDP_SSRCS_MAX = 16, SDP_FIDS_MAX = 8 };

/* What one m= section has said so far, beside its struct sdp_media. */
struct sdp_section {
    struct str rids[SDP_STREAMS_MAX], simulcast[SDP_STREAMS_MAX];
    unsigned n_rids, n_simulcast;
    uint32_t ssrcs[SDP_SSRCS_MAX], fids[SDP_FIDS_MAX][2], sim[SDP_STREAMS_MAX];
    unsigned n_ssrcs, n_fids, n_sim;
    uint8_t feedback_of_all; /* rtcp-fb:* */
};

/* Credentials and certificate, of the session or of one section. */
struct sdp_security {
    struct str ufrag, pwd;
    uint8_t fingerprint[SDP_FINGERPRINT];
    unsigned fingerprint_n;
    enum sdp_hash hash;
    bool passive;
    bool inherited; /* the fingerprint is the session's: the section may have its own */
};

struct sdp_reader {
    struct sdp *sdp;
    struct sdp_media *m; /* NULL: the session's part */
    struct sdp_section section;
    struct sdp_security session, *here; /* here: of the section that is being read */
    struct sdp_security *all;           /* by line */
    struct str bundle;                  /* mids */
    unsigned direction;                 /* of the session, for sections that say nothing */
    bool lite, mixed, said_direction;
};

/* sdp_attribute.c: one a= line. */
enum sdp_result sdp_attribute(struct sdp_reader *r, struct str name, struct str value);
/* sdp_codec.c */
enum sdp_result sdp_formats(struct sdp_media *m);
bool sdp_rtpmap(struct sdp_reader *r, struct str value);
bool sdp_fmtp(struct sdp_reader *r, struct str value);
bool sdp_rtcp_fb(struct sdp_reader *r, struct str value);

/* Up to a space: the next word; empty at the end. */
struct str sdp_word(struct str *rest);
/* 1 .. SDP_TEXT_MAX characters of RFC 8866's token. */
bool sdp_is_token(struct str s);

#endif
