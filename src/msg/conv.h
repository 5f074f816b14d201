/* Conversations and messages that stay: docs/protocol-people.md, section 4. What is added to cmd.h and
 * event.h. */
#ifndef MADANG_MSG_CONV_H
#define MADANG_MSG_CONV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/call.h"
#include "msg/files.h"
#include "msg/values.h"

#define CONV_CMDTYPES(CMDTYPE)                           \
    CMDTYPE(CONVS, "convs", BY_PIPE)                     \
    CMDTYPE(CONV_OPEN, "conv_open", BY_PIPE)             \
    CMDTYPE(CONV_GET, "conv_get", BY_PIPE)               \
    CMDTYPE(SEND, "send", BY_PIPE)                       \
    CMDTYPE(EDIT, "edit", BY_PIPE)                       \
    CMDTYPE(DELETE, "delete", BY_PIPE)                   \
    CMDTYPE(REACT, "react", BY_PIPE)                     \
    CMDTYPE(HISTORY, "history", BY_PIPE)                 \
    CMDTYPE(READ, "read", BY_PIPE)                       \
    CMDTYPE(TYPING_CONV, "typing_conv", BY_PIPE | NO_ID) \
    CMDTYPE(DRAFT, "draft", BY_PIPE)                     \
    CMDTYPE(CONV_ANSWER, "conv_answer", BY_PIPE)         \
    CMDTYPE(SEARCH, "search", BY_PIPE)                   \
    CMDTYPE(EXPORT, "export", BY_PIPE)                   \
    CMDTYPE(ROOM_MAKE, "room_make", BY_PIPE)             \
    CMDTYPE(ROOM_EDIT, "room_edit", BY_PIPE)             \
    CMDTYPE(MEMBERS, "members", BY_PIPE)                 \
    CMDTYPE(MEMBER_SET, "member_set", BY_PIPE)           \
    CMDTYPE(ROOM_INVITE, "room_invite", BY_PIPE)         \
    CMDTYPE(ROOM_JOIN, "room_join", BY_PIPE)             \
    CMDTYPE(ROOM_LEAVE, "room_leave", BY_PIPE)           \
    CMDTYPE(ROOM_ARCHIVE, "room_archive", BY_PIPE)       \
    CMDTYPE(ROOMS_PUBLIC, "rooms_public", BY_PIPE)       \
    CMDTYPE(ROOM_LINKS, "room_links", BY_PIPE)           \
    CMDTYPE(ROOM_LINK_END, "room_link_end", BY_PIPE)     \
    CMDTYPE(ROOM_PICTURE, "room_picture", BY_PIPE)       \
    CMDTYPE(ROOM_PASSWORD, "room_password", BY_PIPE)     \
    CMDTYPE(ROOM_LOOK, "room_look", BY_PIPE)             \
    CMDTYPE(CONV_WATCH, "conv_watch", BY_PIPE)

#define CONV_EVENTTYPES(EVENTTYPE)                \
    EVENTTYPE(MESSAGE, "message")                 \
    EVENTTYPE(MESSAGE_CHANGED, "message_changed") \
    EVENTTYPE(CONV, "conv")                       \
    EVENTTYPE(READ, "read")                       \
    EVENTTYPE(DELIVERED, "delivered")             \
    EVENTTYPE(TYPING_CONV, "typing_conv")         \
    EVENTTYPE(CONV_LIVE, "conv_live")             \
    EVENTTYPE(MEMBER, "member")

#define CONV_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(CONV)                 \
    RESULTTYPE(CONVS)                \
    RESULTTYPE(SENT)                 \
    RESULTTYPE(HISTORY)              \
    RESULTTYPE(SEARCH)               \
    RESULTTYPE(EXPORT)               \
    RESULTTYPE(MEMBERS)              \
    RESULTTYPE(ROOM_LINK)            \
    RESULTTYPE(ROOMS_PUBLIC)         \
    RESULTTYPE(ROOM_LINKS)           \
    RESULTTYPE(ROOM_PICTURE)         \
    RESULTTYPE(ROOM_LOOK)

#define CONV_TEXT_MAX   4000 /* characters */
#define CONV_CLIENT_MAX 32
#define CONV_EMOJI_MAX  16 /* characters: some are a family of four */
#define CONV_TOPIC_MAX  300
#define CONV_FILES_MAX  10
#define CONV_PAGE_MAX   100
#define CONV_CURSOR_MAX 64
#define CONV_LINK_BYTES 16
#define CONV_LIVE_NAMES 8 /* of those who are in a live room */

enum conv_as { CONV_ACCEPT, CONV_IGNORE, CONV_BLOCK, CONV_ANSWERS };
enum member_as {
    AS_MEMBER,
    AS_MODERATOR,
    AS_OWNER,
    AS_REMOVED,
    AS_BANNED,
    AS_NONE, /* no longer banned */
    MEMBERS_AS
};

/* Of struct cmd, u.conv. */
union conv_args {
    struct cmd_page { /* convs, rooms_public, members, search */
        uint64_t conv;
        struct str text; /* query */
        struct str after;
        int64_t limit;
    } page;
    uint64_t id;      /* conv_open: a user; conv_get, room_leave, room_links: a conversation */
    struct cmd_send { /* send, edit, delete, draft */
        uint64_t conv;
        int64_t seq;
        struct str client;
        struct str text;
        int64_t reply; /* 0: none */
        struct id_list files;
    } send;
    struct cmd_react {
        uint64_t conv;
        int64_t seq;
        struct str emoji;
        bool on;
    } react;
    struct cmd_history {
        uint64_t conv;
        int64_t before, after, around; /* -1: absent */
        int64_t limit;
    } history;
    struct cmd_conv_on { /* typing_conv, room_archive */
        uint64_t conv;
        bool on;
    } on;
    struct cmd_conv_answer {
        uint64_t conv;
        enum conv_as as;
    } answer;
    struct cmd_room_edit { /* room_make, room_edit */
        uint64_t conv;
        struct str title; /* n = 0: absent */
        struct str topic; /* p = NULL: absent */
        enum tri is_public;
        enum tri unlisted;
        int64_t retention_s; /* -1: absent; 0: as the server has it */
    } room;
    struct cmd_member_set {
        uint64_t conv;
        uint64_t user;
        enum member_as role;
    } member;
    struct cmd_room_invite {
        uint64_t conv;
        uint64_t user; /* 0: a link */
        int64_t uses;
        int64_t ttl_s;
    } invite;
    struct cmd_room_link_end {
        uint64_t conv;
        uint64_t key;
    } link_end;
    struct cmd_room_picture { /* one of them */
        uint64_t conv;
        const struct avatar_uploads *upload;
        bool none;
    } picture;
    struct cmd_room_join { /* room_join, room_look */
        uint64_t conv;     /* 0: by the link */
        struct str link;
        struct str password; /* n = 0: none. Secret */
    } join;
    struct cmd_room_password {
        uint64_t conv;
        struct str password; /* n = 0: take it away. Secret */
    } password;
    bool watch; /* conv_watch */
};

struct file_view {
    uint64_t file;
    struct str name, mime;
    int64_t size;
    int64_t width, height; /* 0: not known */
    bool thumb;
    bool gone; /* it was kept long enough */
    int64_t place;
};

struct message_view {
    uint64_t conv;
    int64_t seq;
    uint64_t from;    /* 0: a guest */
    struct str guest; /* the name that one had */
    int64_t time_ms;
    struct str text;
    int64_t reply;     /* 0: none */
    int64_t edited_ms; /* 0: never */
    bool deleted;
    struct str client; /* only to the author */
    struct id_map reactions;
    struct object_list files; /* of file_view */
    struct id_list mentions;
};

/* Who is in the live room of a room that stays. */
struct live_person {
    uint64_t user; /* 0: a guest */
    struct str name;
};
struct live_view {
    int64_t count;
    struct object_list people; /* of live_person: the first ones */
};

enum conv_shown { CONV_IS_OPEN, CONV_IS_REQUEST, CONV_IS_IGNORED, CONV_IS_ARCHIVED, CONV_SHOWN };

struct conv_object {
    uint64_t conv;
    enum conv_kind { CONV_DIRECT, CONV_ROOM, CONV_KINDS } kind;
    const struct who_view *with; /* direct */
    struct str title, topic;
    int64_t picture;
    bool is_public, unlisted;
    enum conv_rank { CONV_IS_MEMBER, CONV_IS_MODERATOR, CONV_IS_OWNER, CONV_RANKS } role;
    const struct message_view *last;
    int64_t seq, read, unread;
    int64_t others_read; /* 0: nothing, or it isn't told */
    int64_t delivered;   /* to the other one of a direct conversation; likewise */
    struct str draft;
    enum conv_shown state;
    int64_t retention_s; /* 0: as the server has it */
    int64_t members;
    bool password;
    const struct live_view *live; /* NULL: nobody is there */
};

struct member_view {
    struct who_view who;
    enum conv_rank role;
    bool banned;
    bool invited;
};

struct found_view {
    const struct message_view *message;
    uint64_t conv;
};

struct room_link_view {
    uint64_t key;
    int64_t uses_left;
    int64_t created_ms, expires_ms;
    struct str by; /* who made it */
};

struct room_public_view {
    uint64_t conv;
    struct str title, topic;
    int64_t picture;
    int64_t members;
    bool password;
    int64_t live; /* how many are in its live room */
};

/* Of struct event, u.conv. */
union conv_view {
    struct {
        uint64_t file;
        int64_t size;
        int64_t expires_ms;
    } exported;      /* EXPORT */
    int64_t picture; /* ROOM_PICTURE */
    struct {
        const struct conv_object *conv; /* EVENT_CONV, RESULT_CONV */
        const struct conv_object
            *was; /* EVENT_CONV: this person is no member any more; only its id is told */
        bool gone;
    } conv;
    const struct message_view *message; /* EVENT_MESSAGE, EVENT_MESSAGE_CHANGED */
    struct {
        int64_t seq;
        int64_t time_ms;
    } sent;
    struct {
        uint64_t conv;
        uint64_t user;
        int64_t seq;
        bool on;
        enum conv_rank role;
    } mark; /* EVENT_READ, EVENT_DELIVERED, EVENT_TYPING_CONV, EVENT_MEMBER */
    struct {
        struct object_list list; /* CONVS, HISTORY, SEARCH, MEMBERS, ROOMS_PUBLIC, ROOM_LINKS */
        struct str next;         /* n = 0: that was all */
        bool first, last;        /* HISTORY */
    } page;
    struct {
        struct str code;
        struct str path;
        int64_t expires_ms;
    } link;
    const struct room_public_view *look; /* ROOM_LOOK */
    struct {
        uint64_t conv;
        const struct live_view *live;
    } live; /* EVENT_CONV_LIVE */
};

#endif
