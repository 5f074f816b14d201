/* Every error code of docs/protocol.md, section 8: ERRCODE(SYMBOL, "code", "English message").
 * A test compares this list with the document. */
#ifndef MADANG_MSG_ERRCODE_H
#define MADANG_MSG_ERRCODE_H

#define ERRCODES(ERRCODE)                                                                         \
    ERRCODE(BAD_JSON, "bad_json", "This is not a JSON object as the protocol wants it.")          \
    ERRCODE(BAD_REQUEST, "bad_request", "A field is missing, of the wrong type or out of range.") \
    ERRCODE(UNKNOWN_TYPE, "unknown_type", "There is no message of this type.")                    \
    ERRCODE(BAD_ID, "bad_id", "The id is not the next one.")                                      \
    ERRCODE(NO_SESSION, "no_session", "The first message is hello or resume.")                    \
    ERRCODE(VERSION, "version", "This version of the protocol is not spoken here.")               \
    ERRCODE(SESSION_UNKNOWN, "session_unknown", "This session cannot be resumed.")                \
    ERRCODE(STREAM_UNKNOWN, "stream_unknown", "There is no such stream.")                         \
    ERRCODE(RATE, "rate", "Too many of this kind.")                                               \
    ERRCODE(BUSY, "busy", "The server cannot take this just now.")                                \
    ERRCODE(BAD_NAME, "bad_name", "This name is not allowed.")                                    \
    ERRCODE(BAD_TITLE, "bad_title", "This title is not allowed.")                                 \
    ERRCODE(TOO_LONG, "too_long", "This text is too long.")                                       \
    ERRCODE(ROOM_UNKNOWN, "room_unknown", "There is no such room.")                               \
    ERRCODE(ROOM_FULL, "room_full", "This room is full.")                                         \
    ERRCODE(ROOM_LOCKED, "room_locked", "This room is locked.")                                   \
    ERRCODE(ROOM_LIMIT, "room_limit", "The server has as many rooms as it may have.")             \
    ERRCODE(PASSWORD_REQUIRED, "password_required", "This room wants a password.")                \
    ERRCODE(PASSWORD_WRONG, "password_wrong", "This is not the password of the room.")            \
    ERRCODE(REMOVED, "removed", "You were removed from this room.")                               \
    ERRCODE(ROOMS_CAP, "rooms_cap", "This session is in as many rooms as it may be.")             \
    ERRCODE(ALREADY_JOINED, "already_joined", "This session is in the room already.")             \
    ERRCODE(NOT_IN_ROOM, "not_in_room", "This session is not in that room.")                      \
    ERRCODE(NOT_OWNER, "not_owner", "Only the owner of the room may do this.")                    \
    ERRCODE(MEDIA_FULL, "media_full", "All places for audio and video are taken.")                \
    ERRCODE(MEDIA_ELSEWHERE, "media_elsewhere", "This session publishes in another room.")        \
    ERRCODE(PEER_UNKNOWN, "peer_unknown", "There is no such participant in this room.")           \
    ERRCODE(BAD_BODY, "bad_body", "The body is missing or too large.")

enum errcode {
    CODE_NONE,
#define ERRCODE_ENUM(symbol, code, message) CODE_##symbol,
    ERRCODES(ERRCODE_ENUM)
#undef ERRCODE_ENUM
        CODE_COUNT
};

/* What an error says beside its code. */
struct wire_error {
    enum errcode code;
    const char *field; /* static; which field of the request, or NULL */
    int64_t retry_ms;  /* 0: not said */
};

#endif
