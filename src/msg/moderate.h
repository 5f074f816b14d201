/* Keeping order in a room: docs/protocol.md, section 11. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_MODERATE_H
#define MADANG_MSG_MODERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define MODERATE_CMDTYPES(CMDTYPE)           \
    CMDTYPE(ROOM_MUTE, "room_mute", BY_PIPE) \
    CMDTYPE(KNOCK, "knock", BY_PIPE)         \
    CMDTYPE(ROOM_ADMIT, "room_admit", BY_PIPE)

#define MODERATE_EVENTTYPES(EVENTTYPE)      \
    EVENTTYPE(MUTE_REQUEST, "mute_request") \
    EVENTTYPE(KNOCKING, "knocking")         \
    EVENTTYPE(ADMITTED, "admitted")

/* screen: with its sound. */
enum mute_kind { MUTE_MIC, MUTE_CAMERA, MUTE_SCREEN, MUTE_HAND, MUTE_KINDS };

/* Of struct cmd, u.moderate. */
union moderate_args {
    struct cmd_room_mute {
        uint64_t room;
        uint64_t session;
        enum mute_kind kind;
        bool hard;
        enum tri on; /* TRI_NO: a hard one is lifted */
    } mute;
    struct cmd_knock {
        uint64_t room;
        enum tri on; /* TRI_NO: it goes away */
    } knock;
    struct cmd_room_admit {
        uint64_t room;
        uint64_t session;
        bool on;
    } admit;
};

/* Of struct event, u.moderate. */
union moderate_view {
    struct {
        uint64_t room;
        uint64_t by;
        enum mute_kind kind;
        bool hard;
    } mute;
    struct {
        uint64_t room;
        uint64_t session;
        uint64_t user; /* 0: a guest */
        struct str name;
        bool on;
    } knocking;
    struct {
        uint64_t room;
        bool on;
    } admitted;
};

#endif
