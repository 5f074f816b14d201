/* Commands: what the edges ask of the domain. One struct for each message of docs/protocol.md that
 * concerns it, and a few that the edge makes itself. Everything a struct str points to is borrowed
 * for the time of the call; the domain copies what it keeps. The domain takes each request once
 * and in order: ids are checked, put in order and de-duplicated by the edge's session object. */
#ifndef MADANG_MSG_CMD_H
#define MADANG_MSG_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/account.h"
#include "msg/call.h"
#include "msg/conv.h"
#include "msg/files.h"
#include "msg/group.h"
#include "msg/ids.h"
#include "msg/moderate.h"
#include "msg/people.h"
#include "msg/push_msg.h"
#include "msg/record.h"
#include "msg/values.h"
#include "msg/whip.h"

/* How a command comes: in a message of a pipe, by POST /api/TYPE, or either way. */
enum cmd_way {
    BY_PIPE = 1,
    BY_HTTP = 2,
    NO_ID = 4,     /* a notification: no id, no answer */
    WITH_BODY = 8, /* bytes after the object */
};

/* CMDTYPE(SYMBOL, "type", ways) */
#define ROOM_CMDTYPES(CMDTYPE)                   \
    CMDTYPE(HELLO, "hello", BY_PIPE)             \
    CMDTYPE(RESUME, "resume", BY_PIPE | NO_ID)   \
    CMDTYPE(PING, "ping", BY_PIPE | NO_ID)       \
    CMDTYPE(BYE, "bye", BY_PIPE | NO_ID)         \
    CMDTYPE(CREATE, "create", BY_PIPE)           \
    CMDTYPE(JOIN, "join", BY_PIPE)               \
    CMDTYPE(LEAVE, "leave", BY_PIPE)             \
    CMDTYPE(WATCH, "watch", BY_PIPE)             \
    CMDTYPE(ROOM_SET, "room_set", BY_PIPE)       \
    CMDTYPE(ROOM_REMOVE, "room_remove", BY_PIPE) \
    CMDTYPE(ROOM_MERGE, "room_merge", BY_PIPE)   \
    CMDTYPE(TICKET, "ticket", BY_PIPE)           \
    CMDTYPE(MEDIA, "media", BY_PIPE)             \
    CMDTYPE(STATE, "state", BY_PIPE)             \
    CMDTYPE(NAME, "name", BY_PIPE)               \
    CMDTYPE(CHAT, "chat", BY_PIPE)               \
    CMDTYPE(WHISPER, "whisper", BY_PIPE)         \
    CMDTYPE(TYPING, "typing", BY_PIPE | NO_ID)   \
    CMDTYPE(DESC, "desc", BY_PIPE | WITH_BODY)   \
    CMDTYPE(CAND, "cand", BY_PIPE | WITH_BODY)   \
    CMDTYPE(FILE, "file", BY_PIPE)

/* All that come from clients; those of people with accounts are declared, with their fields, in a header
 * for each topic. */
#define CMDTYPES(CMDTYPE)      \
    ROOM_CMDTYPES(CMDTYPE)     \
    ACCOUNT_CMDTYPES(CMDTYPE)  \
    PEOPLE_CMDTYPES(CMDTYPE)   \
    CALL_CMDTYPES(CMDTYPE)     \
    CONV_CMDTYPES(CMDTYPE)     \
    PUSH_CMDTYPES(CMDTYPE)     \
    FILES_CMDTYPES(CMDTYPE)    \
    GROUP_CMDTYPES(CMDTYPE)    \
    MODERATE_CMDTYPES(CMDTYPE) \
    RECORD_CMDTYPES(CMDTYPE)   \
    RECORDINGS_CMDTYPES(CMDTYPE)

enum cmd_type {
    CMD_NONE,
#define CMDTYPE_ENUM(symbol, type, ways) CMD_##symbol,
    CMDTYPES(CMDTYPE_ENUM)
#undef CMDTYPE_ENUM
        CMD_WIRE_COUNT,             /* those above come from messages; those below the edge makes */
    CMD_PIPE_LOST = CMD_WIRE_COUNT, /* the pipe `conn` of `session` is gone */
    CMD_OVERFLOW,                   /* what `session` is to be told cannot be kept or encoded */
    CMD_ANNOUNCE,                   /* from the operator: a notice to every session */
    CMD_FETCH,                      /* by HTTP: may this client have, or send, this file? */
    CMD_WHIP,                       /* the same: media of a program or a player */
    CMD_COUNT
};

struct cmd_join {
    uint64_t room;       /* 0 when the text is no id */
    struct str password; /* n = 0: none */
    struct str ticket;   /* base64url, n = 0: none */
    bool has_link;       /* into a room that stays, for who is no member */
    uint8_t link[CONV_LINK_BYTES];
    bool media;  /* a place of the mesh is wanted */
    bool agrees; /* to being recorded, where that is so */
    enum tri mic;
    enum tri cam;
};

struct cmd_hello {
    int64_t v;
    struct str name;      /* n = 0: make one */
    struct str lang;      /* "ko", "en" or anything else */
    struct str client;    /* for the log */
    struct str replaces;  /* token text, n = 0: none */
    struct str api_token; /* of a program: "mdt_…", n = 0: none. Secret */
    bool has_join;
    struct cmd_join join;
    /* Set by the edge: */
    uint64_t addr_key; /* the same for one IPv4 address or IPv6 /64; 0: no limit */
    struct str addr;   /* the address as text */
    struct str cookie; /* token of the sign-in, 32 bytes; n = 0: none. Secret */
    struct str agent;  /* User-Agent, cut */
};

/* The edge looks the token up by domain_find_token and asks its replay whether `seq` can be
 * continued before it gives this command to the domain with `session` set. */
struct cmd_resume {
    int64_t v;
    struct str token;
    int64_t seq;
};

struct cmd_ping { /* for the edge alone */
    int64_t seq;  /* -1: absent */
};

struct cmd_create {
    struct str title; /* n = 0: make one */
    struct str password;
    bool is_public;
    int64_t capacity; /* 0: the default */
    bool media;
    enum tri mic;
    enum tri cam;
};

struct cmd_room_set {
    bool has_title;
    bool has_password; /* with n = 0: take it away */
    struct str title;
    struct str password;
    enum tri is_public;
    enum tri locked;
    enum tri programs; /* may come in by tokens: whip.h */
    enum tri lobby;
    enum tri publish_few; /* who moderates alone may have camera and microphone */
    enum tri share_few;   /* or share a screen */
    int64_t capacity;     /* 0: absent */
};

struct cmd_state {
    enum tri mic;
    enum tri cam;
    enum tri screen;
    enum tri hand;
};

/* What the relay has to know of an SDP or a trickle fragment, found by one scan. Slices of the
 * body. The first ufrag and pwd count: bundled sections share them. */
#define SDP_SCAN_ADDRS 32
struct sdp_addr {
    struct str host; /* an address as text, or a name that ends in .local */
    uint16_t port;
};
struct sdp_scan {
    struct str ufrag;
    struct str pwd;
    uint32_t n_addrs;
    bool more_addrs; /* there were more than fit */
    struct sdp_addr addrs[SDP_SCAN_ADDRS];
};

enum desc_kind { DESC_OFFER, DESC_ANSWER, DESC_ROLLBACK, DESC_KINDS };
struct cmd_relay { /* desc, cand */
    struct str conn_name;
    enum desc_kind kind; /* of desc */
    struct str body;
    const struct sdp_scan *scan;
};

enum file_kind { FILE_OFFER, FILE_ACCEPT, FILE_DECLINE, FILE_CANCEL, FILE_KINDS };
struct cmd_file {
    struct str conn_name;
    enum file_kind kind;
    struct str name; /* name, size and mime: of an offer */
    struct str mime; /* n = 0: absent */
    int64_t size;
};

/* A file that a request by HTTP is about. Answered by EFFECT_HTTP_FILE, or by EFFECT_HTTP. */
enum fetch_what {
    FETCH_AVATAR,   /* of user id, part: pixels */
    FETCH_FILE,     /* part 1: its thumbnail */
    FETCH_UPLOAD,   /* it is to be sent, or somebody asks how much is there */
    FETCH_UPLOADED, /* all of it is there; EFFECT_HTTP answers */
    FETCH_RECORDING /* part: disk_recording_part() */
};
struct cmd_fetch {
    enum fetch_what what;
    uint64_t id;
    uint32_t part;
};

struct cmd {
    enum cmd_type type;
    uint64_t session; /* who asks, known from the pipe; 0 for hello */
    uint64_t conn;    /* the edge's number of the pipe: never 0, never used again */
    int64_t id;       /* of the request; 0 when the type has none */
    uint64_t
        http; /* of a call (BY_HTTP): its number, never used again; then session, conn and id are 0 */
    /* Of calls, as in cmd_hello. */
    uint64_t addr_key;
    struct str addr;
    struct str cookie;
    struct str agent;
    uint64_t room; /* where the type has a room: leave to file */
    uint64_t to;   /* room_remove (session), whisper, desc, cand, file */
    union {
        struct cmd_hello hello;
        struct cmd_resume resume;
        struct cmd_ping ping;
        struct cmd_create create;
        struct cmd_join join;
        struct cmd_room_set room_set;
        struct cmd_state state;
        struct cmd_relay relay;
        struct cmd_file file;
        uint64_t into;   /* room_merge */
        bool on;         /* watch, media, typing; pipe_lost: its client said that it leaves */
        struct str name; /* name */
        struct str text; /* chat, whisper; announce: the notice's text */
        struct cmd_fetch fetch;
        struct cmd_whip whip;
        union account_args account;
        union people_args people;
        union call_args call;
        union conv_args conv;
        union push_args push;
        union files_args files;
        union group_args group;
        union moderate_args moderate;
        struct record_args record;
    } u;
};

#endif
