/* Events and results: what the domain tells, without any JSON. An event goes to one or many
 * sessions and is encoded once; a result is the content of an ack. All pointers and slices are
 * borrowed for the time of the sink's call. */
#ifndef MADANG_MSG_EVENT_H
#define MADANG_MSG_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/cmd.h"
#include "msg/errcode.h"
#include "msg/ids.h"

/* EVENTTYPE(SYMBOL, "type") */
#define ROOM_EVENTTYPES(EVENTTYPE)          \
    EVENTTYPE(ENTERED, "entered")           \
    EVENTTYPE(LEFT, "left")                 \
    EVENTTYPE(PARTICIPANT, "participant")   \
    EVENTTYPE(ROOM_CHANGED, "room_changed") \
    EVENTTYPE(MERGED, "merged")             \
    EVENTTYPE(ROOMS, "rooms")               \
    EVENTTYPE(CHAT, "chat")                 \
    EVENTTYPE(WHISPER, "whisper")           \
    EVENTTYPE(TYPING, "typing")             \
    EVENTTYPE(NOTICE, "notice")             \
    EVENTTYPE(DESC, "desc")                 \
    EVENTTYPE(CAND, "cand")                 \
    EVENTTYPE(FILE, "file")

#define EVENTTYPES(EVENTTYPE)      \
    ROOM_EVENTTYPES(EVENTTYPE)     \
    ACCOUNT_EVENTTYPES(EVENTTYPE)  \
    PEOPLE_EVENTTYPES(EVENTTYPE)   \
    CALL_EVENTTYPES(EVENTTYPE)     \
    CONV_EVENTTYPES(EVENTTYPE)     \
    FILES_EVENTTYPES(EVENTTYPE)    \
    GROUP_EVENTTYPES(EVENTTYPE)    \
    MODERATE_EVENTTYPES(EVENTTYPE) \
    RECORD_EVENTTYPES(EVENTTYPE)

/* RESULTTYPE(SYMBOL): results beside those of rooms, below. */
#define RESULTTYPES(RESULTTYPE)     \
    ACCOUNT_RESULTTYPES(RESULTTYPE) \
    PEOPLE_RESULTTYPES(RESULTTYPE)  \
    CALL_RESULTTYPES(RESULTTYPE)    \
    CONV_RESULTTYPES(RESULTTYPE)    \
    FILES_RESULTTYPES(RESULTTYPE)   \
    GROUP_RESULTTYPES(RESULTTYPE)   \
    RECORD_RESULTTYPES(RESULTTYPE)

enum event_type {
    EVENT_NONE,
#define EVENTTYPE_ENUM(symbol, type) EVENT_##symbol,
    EVENTTYPES(EVENTTYPE_ENUM)
#undef EVENTTYPE_ENUM
        EVENT_COUNT,
    RESULT_EMPTY = EVENT_COUNT, /* {} */
    RESULT_HELLO,
    RESULT_JOINED, /* create, join */
    RESULT_WATCH,
    RESULT_ROOM,   /* room_set */
    RESULT_TICKET, /* ticket */
    RESULT_MEDIA,  /* media */
    RESULT_NAME,
    RESULT_CHAT,    /* seq, time */
    RESULT_WHIP,    /* of CMD_WHIP */
    RESULT_WHISPER, /* time */
#define RESULTTYPE_ENUM(symbol) RESULT_##symbol,
    RESULTTYPES(RESULTTYPE_ENUM)
#undef RESULTTYPE_ENUM
        RESULT_END
};

struct room_view {
    uint64_t id;
    struct str title;
    uint64_t owner; /* 0: null, a room that waits for its owner after a restart */
    uint32_t count;
    uint32_t capacity;
    bool is_public;
    bool password;
    bool locked;
    bool stays; /* its id is that of a conversation */
    bool lobby;
    bool publish_few; /* only who moderates publishes */
    bool share_few;   /* or shares a screen */
    bool programs;
    int64_t recording_ms; /* since when it is recorded; 0: it is not */
};

struct person_view {
    uint64_t session;
    uint64_t user; /* in rooms that stay, who is signed in; else 0 */
    struct str name;
    bool mic;
    bool cam;
    bool screen;
    bool media;
    bool away;
    int64_t hand_ms; /* when it was raised; 0: it is not */
    uint8_t muted;   /* bits of enum mute_kind: by who moderates, until they lift it */
    bool program;    /* it sends by WHIP: nobody to talk to */
    bool recorded;   /* has agreed to it */
};

struct chat_view {
    uint64_t from;
    struct str name;
    struct str text;
    int64_t seq; /* in the room, from 1 */
    int64_t time_ms;
};

/* What the credential for one's own relays is made of (turn_scope_credential of
 * proto/turn_users.h); the domain knows neither. */
struct relay_view {
    uint64_t scope;     /* 0: there are no relays */
    const uint8_t *key; /* 32 bytes, secret */
};

struct hello_facts;

/* What became of a request of WHIP or WHEP. */
struct whip_view {
    enum whip_verb verb;
    bool stale;             /* trickle: that is not the ETag (any more) */
    const uint8_t *session; /* offer: WHIP_RESOURCE bytes, secret */
    struct str etag;        /* offer; trickle, when ICE restarts */
    struct str body;        /* offer: an SDP answer; trickle: a fragment when ICE restarts */
    struct relay_view relay;
    const struct hello_facts *facts;
};

struct joined_view {
    struct room_view room;
    uint64_t self;
    const struct person_view *people;
    size_t n_people;
    const struct chat_view *history; /* oldest first */
    size_t n_history;
    struct str ticket;
    bool media;
    struct relay_view relay;
    const struct group_view_mode *group; /* NULL: the server has no groups */
};

/* What hello's ack says of the server: the same for everybody, from the configuration. */
struct hello_facts {
    struct str server; /* "madang/0.1.0" */
    int64_t resume_s;
    int64_t ping_s;
    int64_t stun_port; /* 0: none */
    int64_t turn_udp;  /* ports of TURN over UDP, and over TCP and TLS; 0: none */
    int64_t turn_tcp;
    bool turn_tls;
    int64_t limit_name;
    int64_t limit_chat;
    int64_t limit_title;
    int64_t limit_message;
    int64_t limit_rooms_per_session;
    int64_t limit_mesh;
    int64_t limit_group; /* 0: there are no groups */
    bool recordings;     /* people with an account may record rooms */
};

struct hello_view {
    uint64_t session;
    struct str token;
    struct str name;
    const struct hello_facts *facts;
    const struct joined_view *joined; /* or NULL */
    struct wire_error join_error;     /* code CODE_NONE: none */
    const struct me_view *user;       /* NULL: a guest */
    const struct badges_view *badges; /* of a user */
};

enum left_reason {
    LEFT_LEFT,
    LEFT_GONE,
    LEFT_REMOVED,
    LEFT_REPLACED,
    LEFT_MERGED,
    LEFT_ENDED,
    LEFT_REASONS
};

struct rooms_view {
    const struct room_view *changed; /* in RESULT_WATCH: all */
    size_t n_changed;
    const uint64_t *gone;
    size_t n_gone;
    uint32_t total;  /* public rooms */
    uint32_t people; /* sessions */
};

struct event {
    enum event_type type;
    uint64_t room; /* where the event has one; notice: 0 when it concerns none */
    uint64_t
        from; /* sender (chat to file), or the session that it is about (left); room_changed: by */
    union {
        struct {
            struct person_view person;
            uint32_t count;
            uint64_t replaces; /* 0: nobody */
        } entered;
        struct {
            enum left_reason reason;
            uint32_t count;
        } left;
        struct person_view participant;
        struct room_view room; /* room_changed, RESULT_ROOM */
        struct {
            uint64_t from; /* room id */
            const struct joined_view *joined;
        } merged;
        struct rooms_view rooms; /* rooms, RESULT_WATCH */
        struct chat_view chat;   /* chat, RESULT_CHAT, RESULT_WHISPER; whisper without seq */
        bool on;                 /* typing, RESULT_MEDIA */
        struct {
            struct str code;
            struct str text;
        } notice;
        struct cmd_relay relay; /* desc, cand */
        struct cmd_file file;
        struct hello_view hello;
        const struct joined_view *joined;
        struct str ticket;
        struct str name;
        struct whip_view whip;
        union account_view account;
        union people_view people;
        union call_view call;
        union conv_view conv;
        union files_view files;
        union group_view group;
        union moderate_view moderate;
        union record_view record;
    } u;
};

#endif
