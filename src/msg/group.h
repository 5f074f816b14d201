/* Groups: media that goes through the server's SFU. docs/protocol.md, section 10. What is added to cmd.h and event.h,
 * and what the domain and the workers tell each other of it (app/group_mail.h makes letters of that). */
#ifndef MADANG_MSG_GROUP_H
#define MADANG_MSG_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define GROUP_CMDTYPES(CMDTYPE)                              \
    CMDTYPE(GROUP_OFFER, "group_offer", BY_PIPE | WITH_BODY) \
    CMDTYPE(GROUP_WISH, "group_wish", BY_PIPE)               \
    CMDTYPE(GROUP_CLOSE, "group_close", BY_PIPE)             \
    CMDTYPE(GROUP_STATS, "group_stats", BY_PIPE)             \
    CMDTYPE(MEDIA_TOKEN, "media_token", BY_PIPE)

#define GROUP_EVENTTYPES(EVENTTYPE)           \
    EVENTTYPE(GROUP_MODE, "group_mode")       \
    EVENTTYPE(GROUP_ANSWER, "group_answer")   \
    EVENTTYPE(GROUP_REFUSED, "group_refused") \
    EVENTTYPE(GROUP_STATE, "group_state")     \
    EVENTTYPE(GROUP_TRACK, "group_track")     \
    EVENTTYPE(GROUP_SPEAKER, "group_speaker")

#define GROUP_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(GROUP_OFFER)           \
    RESULTTYPE(GROUP_STATS)           \
    RESULTTYPE(MEDIA_TOKEN)

enum {
    GROUP_LINES_MAX = 128,   /* of an offer, and wishes at once */
    GROUP_PUBLISHED_MAX = 8, /* tracks of one connection */
    GROUP_MID_MAX = 16,
    GROUP_OFFER_MAX = 65536 /* bytes of SDP */
};

/* In the order of media/sfu.h, proto/codec.h, media/alloc.h; app/group_mail.c checks that. */
enum group_kind { GROUP_MIC, GROUP_CAMERA, GROUP_SCREEN, GROUP_SOUND, GROUP_KINDS };
enum group_codec {
    GROUP_CODEC_NONE,
    GROUP_OPUS,
    GROUP_PCMU,
    GROUP_PCMA,
    GROUP_VP8,
    GROUP_VP9,
    GROUP_H264,
    GROUP_AV1,
    GROUP_CODECS
};
enum group_priority {
    GROUP_PINNED,
    GROUP_SPEAKER,
    GROUP_SHARED,
    GROUP_VISIBLE,
    GROUP_THUMBNAIL,
    GROUP_PRIORITIES
};
enum group_refusal {
    GROUP_BAD_OFFER,
    GROUP_NO_MEDIA,
    GROUP_FULL,
    GROUP_GONE, /* there is nothing (any more) that would answer */
    GROUP_REFUSALS
};
/* Why a connection is over. */
enum group_end {
    GROUP_NO_CONSENT,
    GROUP_TIMEOUT,
    GROUP_REFUSED, /* its DTLS failed, or was ended */
    GROUP_FINGERPRINT,
    GROUP_PROFILE,
    GROUP_NO_PLACE, /* it published, and has no place for that any more */
    GROUP_ENDS
};

/* A line of an offer, or a wish about one. */
struct group_line {
    struct str mid;
    enum group_kind kind;  /* of one that sends; GROUP_KINDS: it receives */
    uint64_t track;        /* sends: what is published; receives: what is wanted; 0: nothing */
    int64_t width, height; /* of a wish: as it is shown, in device pixels; 0: not at all */
    enum group_priority priority;
};

/* Of struct cmd, u.group. */
union group_args {
    struct cmd_group_offer {
        uint64_t room;
        struct str conn;
        struct object_list lines; /* struct group_line */
        struct str sdp;           /* the body */
    } offer;
    struct cmd_group_wish {
        uint64_t room;
        struct str conn;
        struct object_list wishes; /* struct group_line */
    } wish;
    struct cmd_group_close {
        uint64_t room;
        struct str conn;
    } close;
    uint64_t room;           /* stats */
    struct cmd_media_token { /* for programs: msg/whip.h */
        uint64_t room;
        bool publish, view;
        int64_t ttl_s;
    } token;
};

struct group_track {
    uint64_t track;
    uint64_t session;
    enum group_kind kind;
    enum group_codec codec;
};

struct group_published {
    struct str mid;
    uint64_t track; /* 0: it may not */
};

/* How one connection fares, a moment ago. */
struct group_person {
    uint64_t session;
    int64_t up_bps, down_bps;
    int64_t loss_up, loss_down; /* thousandths */
    int64_t rtt_ms;             /* -1: not known */
    int64_t estimate_bps;       /* what may be sent to it; 0: nothing is */
};

/* How media goes in a room. */
enum group_mode { GROUP_DIRECT, GROUP_ON, GROUP_MODES };
struct group_view_mode {
    enum group_mode mode;
    struct object_list tracks; /* struct group_track */
};

/* Of struct event, u.group. */
union group_view {
    struct {
        struct object_list tracks; /* struct group_published */
    } offered;
    struct {
        struct object_list people; /* struct group_person */
    } stats;
    struct {
        struct str token; /* secret */
    } token;
    struct group_mode_event {
        uint64_t room;
        struct group_view_mode now;
    } mode;
    struct group_answer {
        uint64_t room;
        struct str conn;
        struct str sdp; /* the body */
    } answer;
    struct group_refused {
        uint64_t room;
        struct str conn;
        enum group_refusal code;
    } refused;
    struct group_state {
        uint64_t room;
        struct str conn;
        enum group_link { GROUP_LINK_CONNECTED, GROUP_LINK_ENDED, GROUP_LINKS } state;
        enum group_end reason; /* GROUP_ENDS: none */
    } state;
    struct group_track_event {
        uint64_t room;
        const struct group_track *track;
        bool on;
    } track;
    struct group_speaker {
        uint64_t room;
        uint64_t session; /* 0: nobody */
    } speaker;
};

/* ---- the domain and the workers ---- */

enum { GROUP_MAY_PUBLISH = 1, GROUP_MAY_SUBSCRIBE = 2 };

/* What the domain wants of the worker that has the room. Rooms and peers have random ids of their own, one for each
 * life of a group and for each connection. */
enum group_order_kind {
    GROUP_ORDER_OPEN,   /* room: the first one of a room */
    GROUP_ORDER_CLOSE,  /* room, and all in it: the last one */
    GROUP_ORDER_OFFER,  /* peer, rights, sdp, lines; answered by ANSWER or REFUSED */
    GROUP_ORDER_WISH,   /* peer, lines */
    GROUP_ORDER_LEAVE,  /* peer: its last one */
    GROUP_ORDER_MUTE,   /* on, lines: tracks that are passed on to nobody (any more) */
    GROUP_ORDER_STATS,  /* lines: peers as tracks; answered by STATS */
    GROUP_ORDER_RECORD, /* recording, on, text: its folder; what becomes of it: struct rec_state */
    GROUP_ORDER_AGREE,  /* peer, on: its tracks may be in the recording, or no more */
    GROUP_ORDER_NAME,   /* recording, peer, text: what it calls them; for the recording thread */
    GROUP_ORDERS
};
struct group_order {
    enum group_order_kind kind;
    uint64_t room;
    uint64_t peer;
    uint64_t recording;
    unsigned rights;
    bool on;
    struct str sdp;
    struct str text;
    const struct group_line *lines;
    uint32_t n_lines;
};

/* What the domain is told. What is about a room or peer that is no more is nothing. */
enum group_news_kind {
    GROUP_NEWS_ANSWER,  /* peer, text: SDP */
    GROUP_NEWS_REFUSED, /* peer (0: the room itself), refusal */
    GROUP_NEWS_TRACK,   /* peer, track, kind, codec, there */
    GROUP_NEWS_SPEAKER, /* peer */
    GROUP_NEWS_STATE,   /* peer, there; or it is gone, end */
    GROUP_NEWS_STATS,   /* people: session is the peer */
    GROUP_NEWS_KINDS
};
struct group_news {
    enum group_news_kind about;
    uint64_t room;
    uint64_t peer;
    uint64_t track;
    enum group_kind kind;
    enum group_codec codec;
    enum group_refusal refusal;
    enum group_end end;
    bool there;
    struct str text;
    const struct group_person *people;
    uint32_t n_people;
};

#endif
