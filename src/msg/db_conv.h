/* Procedures about conversations and their messages: see msg/db_procs.h. Lists that come as one value: numbers
 * separated by commas; names a line each (of letters, digits, '.', '_' and '-' only). */
#ifndef MADANG_MSG_DB_CONV_H
#define MADANG_MSG_DB_CONV_H

/* Bits of conv.flags. */
enum { CONV_PUBLIC = 1, CONV_ARCHIVED = 2, CONV_UNLISTED = 4, CONV_PROGRAMS = 8 };
/* conv_member.state. OPEN is 0: only these count as members of a room; the two people of a direct conversation
 * always do. */
enum conv_state { CONV_OPEN, CONV_REQUEST, CONV_IGNORED, CONV_BANNED };
/* conv_member.role */
enum conv_role { CONV_MEMBER, CONV_MODERATOR, CONV_OWNER, CONV_ROLES };

/* How a conversation looks to one person: columns of CONV_OF and CONVS. */
#define DB_CONV_COLS                                                                       \
    "id kind last_seq last_time title topic flags retention picture role state read draft" \
    " other_read other name display avatar members"                                        \
    " m_seq m_author m_time m_text m_reply m_edited m_deleted m_client m_guest password"   \
    " other_delivered"
/* author: NULL when a guest has said it, by the name `guest`. reactions: lines of "emoji user"; files: lines of fields
 * separated by \x1f; mentions: users and spaces. */
#define DB_MESSAGE_COLS \
    "seq author time text reply edited deleted client reactions files mentions guest hidden"

/* clang-format off */
#define DB_PROCS_CONV(DB_PROC)                                                                     \
    /* The direct conversation of two people, low < high: made unless it is there. state: of `high`'s and \
     * `low`'s membership when it is made. REFUSED: `who` has `max` conversations. */              \
    DB_PROC(CONV_DIRECT, WRITE, "id low high now state_low state_high who max", "id")              \
    /* Whether `user` has a direct conversation with `other` that they took up. */                \
    DB_PROC(CONV_KNOWN, READ_AFTER, "low high user", "known")                                      \
    DB_PROC(CONV_GET, READ_AFTER, "id", "kind last_seq flags retention low high title password")   \
    DB_PROC(CONV_MEMBERS, READ_AFTER, "conv", "user role state read_seq delivered_seq")            \
    DB_PROC(CONV_OF, READ_AFTER, "user conv", DB_CONV_COLS)                                        \
    /* Those that come after (time, id), the newest first. */                                      \
    DB_PROC(CONVS, READ_AFTER, "user time id limit", DB_CONV_COLS)                                 \
    /* Idempotent: the same client id of the same author again gives the seq and time of before, and is_new \
     * is 0. names: of people who may be mentioned; files: ids. delivered: the other one is there. REFUSED: \
     * there is no such conversation, the author is no member of it, or it is archived. */         \
    DB_PROC(MESSAGE_ADD, WRITE, "conv author client now text reply delivered names files",         \
        "is_new " DB_MESSAGE_COLS)                                                          \
    /* The same for a guest in the live room: the room is there and not archived, or REFUSED. */   \
    DB_PROC(GUEST_ADD, WRITE, "conv guest client now text names", "is_new " DB_MESSAGE_COLS)       \
    /* The store's own: a message's words, at the end of a group. */                               \
    DB_PROC(MESSAGE_INDEX, WRITE, "message", "")                                                   \
    DB_PROC(MESSAGE_GET, READ_AFTER, "conv seq user", "author time deleted")                       \
    /* REFUSED: it is not the author's, was deleted, or is older than `since`. */                  \
    DB_PROC(MESSAGE_EDIT, WRITE, "conv seq author now text since names", DB_MESSAGE_COLS)          \
    /* A tombstone stays. REFUSED: there is nothing to delete, or it is not theirs (any: whosever). */ \
    DB_PROC(MESSAGE_DELETE, WRITE, "conv seq author now any", DB_MESSAGE_COLS)                     \
    /* REFUSED: there is no such message. More than `max` of one message are not kept. */          \
    DB_PROC(REACT_ON, WRITE, "conv seq user emoji max", DB_MESSAGE_COLS)                           \
    DB_PROC(REACT_OFF, WRITE, "conv seq user emoji", DB_MESSAGE_COLS)                              \
    /* The last `before` messages under seq `at` and the first `after` ones from it on, ascending. */ \
    DB_PROC(HISTORY, READ, "conv user at before after", DB_MESSAGE_COLS)                           \
    /* For guests in a live room: the last `limit` of what was said after number `since`, ascending. */ \
    DB_PROC(ROOM_SAID, READ_AFTER, "conv since limit", "seq author name text time")                \
    DB_PROC(READ_MARK, WRITE, "conv user seq", "read")                                             \
    /* All that somebody has in direct conversations is on a device now; not with whom they have blocked. */                        \
    DB_PROC(DELIVERED_ALL, WRITE, "user", "conv seq other")                                        \
    DB_PROC(DRAFT, WRITE, "conv user text", "")                                                    \
    DB_PROC(MEMBER_STATE, WRITE, "conv user state", "")                                            \
    /* Newest first, message ids below `before`. conv: NULL for all that the person is in. */      \
    DB_PROC(SEARCH, READ, "user text conv before limit", "id conv " DB_MESSAGE_COLS)               \
    /* rooms */                                                                                    \
    DB_PROC(ROOM_MAKE, WRITE, "id owner title topic flags now max", "")                            \
    /* NULL: stays as it is. retention -1: the server's. Of flags all but CONV_PROGRAMS. */        \
    DB_PROC(ROOM_EDIT, WRITE, "id title topic flags retention", "")                                \
    DB_PROC(ROOM_PROGRAMS, WRITE, "id on", "")                                                     \
    /* was, picture: the stamp of the one before. */                                              \
    DB_PROC(ROOM_PICTURE, WRITE, "id picture", "was")                                              \
    /* password: its hash, NULL: none. */                                                          \
    DB_PROC(ROOM_PASSWORD, WRITE, "id password", "")                                               \
    DB_PROC(ROOM_DELETE, WRITE, "id now", "picture")                                               \
    DB_PROC(MEMBERS, READ_AFTER, "conv after limit", "user name display avatar role state")        \
    /* REFUSED: the room has `max` members, or that one was banned and is not to be. */            \
    DB_PROC(MEMBER_PUT, WRITE, "conv user role state now max", "")                                 \
    DB_PROC(MEMBER_ROLE, WRITE, "conv user role", "")                                              \
    DB_PROC(MEMBER_GONE, WRITE, "conv user banned", "")                                            \
    DB_PROC(HAND_OVER, WRITE, "conv owner to", "")                                                 \
    /* REFUSED: the room has 100 that are good. */                                                 \
    DB_PROC(LINK_ADD, WRITE, "code key conv maker uses now expires", "")                           \
    DB_PROC(LINKS_END, WRITE, "conv", "")                                                          \
    /* REFUSED: there is none. */                                                                  \
    DB_PROC(LINK_END, WRITE, "conv key", "")                                                       \
    /* Those that are good, the newest first. */                                                   \
    DB_PROC(LINKS, READ_AFTER, "conv now", "key uses_left created expires maker_display")          \
    DB_PROC(LINK_GET, READ_AFTER, "code now user", "conv state")                                   \
    /* One use of it. REFUSED: it has none, or the room is full. */                                \
    DB_PROC(LINK_USE, WRITE, "code now user max", "")                                              \
    /* The same for somebody who does not become a member. */                                      \
    DB_PROC(LINK_SPEND, WRITE, "code now", "")                                                     \
    DB_PROC(ROOMS_PUBLIC, READ, "query after limit", "id title topic picture members password")    \
    /* One of them, public or not, that is not archived. */                                        \
    DB_PROC(ROOM_LOOK, READ_AFTER, "id", "id title topic picture members password")                \
    /* slow work */                                                                                \
    /* Takes what was deleted out of the index for good, if there is anything: a piece of so many pages, negative at \
     * the beginning. left: there is more to do. */                                                \
    DB_PROC(WORDS_TIDY, WRITE, "pages", "left")                                                    \
    DB_PROC(EDITS_FORGET, WRITE, "before", "")                                                     \
    /* Conversations after `after` with messages that are too old. */                              \
    DB_PROC(RETAIN_FIND, READ, "now default_s after limit", "conv before")                         \
    DB_PROC(RETAIN_DELETE, WRITE, "conv before limit now", "left")                                 \
    /* One's own: pages by message id. */                                                          \
    DB_PROC(EXPORT_MESSAGES, READ, "user after limit", "id conv seq time text reply edited deleted") \
    DB_PROC(EXPORT_CONVS, READ, "user after limit", "id kind title topic role joined other_name")
/* clang-format on */

#endif
