/* Media by plain HTTP: WHIP (RFC 9725) publishes into a room, WHEP (draft-ietf-wish-whep-03) watches it. Commands
 * that the edge makes of requests, and their result. */
#ifndef MADANG_MSG_WHIP_H
#define MADANG_MSG_WHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/ids.h"
#include "msg/values.h"

enum { WHIP_RESOURCE = 16, WHIP_NAME_MAX = 256, WHIP_BODY_MAX = 65536, WHIP_ETAG_MAX = 32 };

enum whip_verb {
    WHIP_OFFER,   /* POST: makes a session of body, an SDP offer */
    WHIP_TRICKLE, /* PATCH: candidates, or other credentials: ICE restarts */
    WHIP_END      /* DELETE */
};

/* A line of an offer. */
struct whip_line {
    struct str mid;
    bool video; /* or sound */
    bool sends; /* or receives */
};

/* Of struct cmd, u.whip; with `room`. */
struct cmd_whip {
    enum whip_verb verb;
    bool view;        /* WHEP */
    struct str name;  /* as the participant is called; view: who is watched, n = 0: everybody */
    struct str token; /* Authorization: Bearer; n = 0: none. Secret */
    const uint8_t *session; /* WHIP_RESOURCE bytes, of a session that there is; secret */
    struct str etag;        /* trickle: If-Match without quotes, or "*"; n = 0: none */
    struct str body;
    struct object_list lines; /* offer: struct whip_line */
    struct str ufrag, pwd;    /* trickle: the client's, as the fragment has them */
};

#endif
