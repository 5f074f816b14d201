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
    ERRCODE(LOBBY, "lobby", "Somebody who moderates this room has to let this session in.")       \
    ERRCODE(RECORDED, "recorded", "This room is being recorded: who comes in agrees to that.")    \
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
    ERRCODE(NOT_GROUP, "not_group", "Media of this room does not go through the server.")         \
    ERRCODE(NO_MEDIA, "no_media", "This session has no place for audio and video.")               \
    ERRCODE(RECORDINGS_OFF, "recordings_off", "Rooms are not recorded here.")                     \
    ERRCODE(PEER_UNKNOWN, "peer_unknown", "There is no such participant in this room.")           \
    ERRCODE(BAD_BODY, "bad_body", "The body is missing or too large.")                            \
    ERRCODE(SIGN_IN_REQUIRED, "sign_in_required", "Only who is signed in may ask this.")          \
    ERRCODE(SIGN_IN_WRONG, "sign_in_wrong", "The name or the password is wrong.")                 \
    ERRCODE(NAME_TAKEN, "name_taken", "Somebody has this name.")                                  \
    ERRCODE(NAME_CONFUSABLE, "name_confusable", "Somebody has a name that looks like this one.")  \
    ERRCODE(WEAK_PASSWORD, "weak_password", "This password is too easy to guess.")                \
    ERRCODE(BAD_INVITE, "bad_invite", "This link is not good, or not any more.")                  \
    ERRCODE(REGISTRATION_CLOSED, "registration_closed", "This server takes no new people.")       \
    ERRCODE(LAST_ADMIN, "last_admin", "Nobody else administers this server.")                     \
    ERRCODE(PASSKEY_REFUSED, "passkey_refused", "This passkey is not accepted.")                  \
    ERRCODE(CONFIRM_REQUIRED, "confirm_required",                                                 \
            "This wants the password or a passkey once more.")                                    \
    ERRCODE(BAD_PICTURE, "bad_picture", "This is no picture that can be taken.")                  \
    ERRCODE(NOT_ALLOWED, "not_allowed", "This person may not do that.")                           \
    ERRCODE(UNKNOWN, "unknown", "There is no such thing.")                                        \
    ERRCODE(USER_UNKNOWN, "user_unknown", "There is no such person.")                             \
    ERRCODE(IN_CALL, "in_call", "This device is in a call.")                                      \
    ERRCODE(CALL_UNKNOWN, "call_unknown", "There is no such call.")                               \
    ERRCODE(CALL_OVER, "call_over", "The call is over, or was answered elsewhere.")               \
    ERRCODE(CONV_UNKNOWN, "conv_unknown", "There is no such conversation.")                       \
    ERRCODE(BANNED, "banned", "This person was banned from the room.")                            \
    ERRCODE(TOO_LATE, "too_late", "The time for this is over.")                                   \
    ERRCODE(STORE_BUSY, "store_busy", "The store cannot take this just now.")                     \
    ERRCODE(STORE_FULL, "store_full", "The store is full.")                                       \
    ERRCODE(QUOTA_FULL, "quota_full", "This person's files would take more than they may.")       \
    ERRCODE(INTERNAL, "internal", "Something is broken in the server; its log says what.")

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
    const char *field;  /* static; which field of the request, or NULL */
    int64_t retry_ms;   /* 0: not said */
    const char *reason; /* static; a word that says more (weak_password), or NULL */
};

#endif
