/* Conversations in memory: who is in one, and what they may do there. Kept while they are used, a few thousand at
 * most; texts stay in the database. What was asked of the store is done to the object when the store has
 * answered, so that nobody is told what is not kept. Inside of the domain only. */
#ifndef MADANG_DOMAIN_CONV_H
#define MADANG_DOMAIN_CONV_H

#include "domain/domain_int.h"
#include "domain/user.h"
#include "msg/conv.h"
#include "msg/db_conv.h"

struct conv_member {
    uint64_t user;
    int64_t read;
    int64_t delivered;
    uint8_t role;  /* enum conv_role */
    uint8_t state; /* enum conv_state */
};

struct conv {
    struct hnode by_id;
    struct list used; /* in domain.convs_used, the last one at its end */
    struct list waiting;
    uint64_t id;
    uint32_t refs;   /* of asks under way */
    uint8_t loading; /* answers that are still to come */
    bool stale; /* another process, or somebody's deletion, may have changed it: to be read again */
    bool missing;
    enum db_status status;
    uint8_t kind; /* enum conv_kind */
    uint8_t flags;
    int64_t last_seq;
    int64_t retention_s;
    uint64_t people[2];          /* direct: also when one of them is no member any more */
    struct conv_member *members; /* by user */
    uint32_t n;
    uint32_t cap;
    char *title;      /* of a room */
    char *hash;       /* of its password; NULL: none */
    struct list live; /* in domain.live.dirty: who is in its live room has changed */
};

/* What people do in conversations, and who may: conv_rights.c. */
enum conv_action {
    CONV_DO_READ,
    CONV_DO_WRITE,      /* send, react, edit, typing */
    CONV_DO_DELETE,     /* what one has written */
    CONV_DO_DELETE_ANY, /* what others have */
    CONV_DO_DESCRIBE,   /* title, topic, picture */
    CONV_DO_OPEN,       /* public, unlisted, retention */
    CONV_DO_INVITE,
    CONV_DO_REMOVE, /* remove, ban, lift a ban */
    CONV_DO_RANK,   /* make moderators, hand over */
    CONV_DO_ARCHIVE,
    CONV_DO_LEAVE,
    CONV_ACTIONS
};
bool conv_may(const struct conv *c, const struct conv_member *m, enum conv_action what);

/* A request about one conversation, while it waits. Texts lie in `text`, one after the other. */
struct conv_call {
    enum cmd_type type;
    uint64_t conv;
    uint64_t user; /* who asks */
    uint64_t other;
    int64_t seq;
    int64_t n[3];
    struct str one, two; /* in text */
    char text[];
};

static inline struct conv_call *conv_call(struct ask *a)
{
    return (struct conv_call *)(void *)a->data;
}

/* ---- conv.c ---- */
/* The same while it is being read again: for who holds it. */
struct conv *conv_pinned(const struct domain *d, uint64_t id);
/* The loaded conversation, or NULL. */
struct conv *conv_find(const struct domain *d, uint64_t id);
struct conv_member *conv_member(const struct conv *c, uint64_t user);
/* Who counts as being in it; NULL: nobody, or somebody who is only invited, or banned. */
struct conv_member *conv_insider(const struct conv *c, uint64_t user);
/* The other one of a direct conversation. */
uint64_t conv_other(const struct conv *c, uint64_t user);
/* Gets it as user_with() gets people. c is NULL when there is none, or the store could not say (status). */
typedef void conv_then(struct domain *d, struct ask *ask, struct conv *c, enum db_status status);
void conv_with(struct domain *d, uint64_t id, struct ask *ask, conv_then *then);
struct conv_member *conv_put_member(struct conv *c, uint64_t user);
void conv_drop_member(struct conv *c, uint64_t user);
/* Asks the store for what was asked of c, which stays until conv_back(). */
void conv_ask(struct domain *d, struct ask *a, struct conv *c, ask_then *then, enum db_proc proc,
              const struct val *args, unsigned n);
#define CONV_ASK(d, a, c, then, proc, ...)                           \
    conv_ask(d, a, c, then, proc, (const struct val[]){__VA_ARGS__}, \
             sizeof((const struct val[]){__VA_ARGS__}) / sizeof(struct val))
/* First thing in `then`: the conversation. */
struct conv *conv_back(struct domain *d, struct ask *a);
void conv_free_all(struct domain *d);
/* All of them are read again before they are used. */
void conv_stale_all(struct domain *d);
uint64_t conv_new_id(struct domain *d);

/* ---- conv_tell.c: what people learn ---- */
/* To all devices of those who are in it (and `who` alone, or all but `who`, 0: nobody); `but` may be NULL. */
void conv_tell(struct domain *d, const struct conv *c, const struct event *e, uint64_t only,
               uint64_t except, const struct session *but);
/* Tells somebody, on all devices, how a conversation looks to them now. */
void conv_show(struct domain *d, uint64_t conv, uint64_t user);
void conv_show_all(struct domain *d, const struct conv *c);
void conv_gone(struct domain *d, uint64_t conv, uint64_t user);
/* Answers with the conversation as `user` sees it. */
void conv_reply(struct domain *d, const struct asker *who, uint64_t conv, uint64_t user);
/* The numbers at the door: so many more conversations with something unread, so many more requests. */
void conv_count(struct domain *d, struct user *u, int unread, int requests);
bool conv_unread(const struct conv *c, const struct conv_member *m);
/* A message or a conversation out of a row; what it points to lies in the row and in `room`. */
enum { CONV_MESSAGE_COLS = 13, CONV_COLS = 30, CONV_REACTIONS_MAX = 200 };
struct message_room {
    struct id_map_item reactions[CONV_REACTIONS_MAX];
    uint64_t reactors[CONV_REACTIONS_MAX];
    struct file_view files[CONV_FILES_MAX];
    uint64_t mentions[64];
};
void conv_message(struct message_view *m, struct message_room *room, uint64_t conv, uint64_t user,
                  const struct val *row);
void conv_list(struct domain *d, struct session *s, const struct cmd *cmd);
void conv_get(struct domain *d, struct session *s, const struct cmd *cmd);
/* Answers with a page of a list; more: the next one is asked for with a cursor that holds (one, two). */
void conv_reply_page(struct domain *d, const struct asker *who, enum event_type type,
                     struct object_list list, bool more, int64_t one, int64_t two);
bool cursor_get(struct str text, int64_t *one, int64_t *two);

/* ---- conv_live.c: the live room of a room that stays; its id is the conversation's ---- */
/* Made for the first who comes in; ticket (may be NULL): of the life before a restart. */
struct room *live_open(struct domain *d, struct conv *c, const struct ticket *ticket);
/* Something of the conversation is another now: title, public, archived, password, or it is gone. access: who may come
 * in, too. */
void live_edited(struct domain *d, struct conv *c, bool access);
/* Who may not be in the live room any more is put out. */
void live_sieve(struct domain *d, struct conv *c, enum left_reason reason);
/* NULL when nobody is there. The view is the caller's. */
struct live_shown {
    struct live_view view;
    struct live_person people[CONV_LIVE_NAMES];
};
const struct live_view *live_shown(const struct domain *d, uint64_t conv, struct live_shown *out);
/* Who is told by `chat` and not by `message`. */
void live_said(struct domain *d, const struct conv *c, uint64_t session,
               const struct message_view *m);
int64_t live_deadline(const struct domain *d);
void live_tick(struct domain *d);

/* ---- conv_door.c: into a room ---- */
void room_join(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- conv_look.c: rooms from outside ---- */
/* As who is not in it sees it; what it points to lies in the row. */
void room_public(const struct domain *d, struct room_public_view *v, const struct val *row);
void rooms_public(struct domain *d, struct session *s, const struct cmd *cmd);
void room_look(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- conv_request.c ---- */
void conv_request(struct domain *d, struct session *s, const struct cmd *cmd);
void conv_open(struct domain *d, struct session *s, const struct cmd *cmd);
typedef void conv_do(struct domain *d, struct ask *a, struct conv *c, struct user *u,
                     struct conv_member *m);

/* ---- message.c, message_read.c ---- */
conv_do message_send, message_edit, message_delete, message_react;
conv_do message_history, message_mark, message_typing, message_draft, message_answer;
void message_search(struct domain *d, struct session *s, const struct cmd *cmd);
/* Somebody has a device there: what waits for them has arrived. */
void message_arrived(struct domain *d, uint64_t user);

/* ---- conv_room.c, conv_member.c ---- */
conv_do room_do_edit, room_do_members, room_do_member, room_do_invite, room_do_leave,
    room_do_archive, room_do_password;
/* conv_link.c: made with room_invite without a user; the list; the end of one */
conv_do room_link_make, room_do_links, room_do_link_end;
/* avatar.c */
conv_do room_do_picture;
void room_make(struct domain *d, struct session *s, const struct cmd *cmd);
/* Who is told that the room looks different: everybody in a small one, or `user` alone. */
void room_show(struct domain *d, const struct conv *c, uint64_t user);

/* ---- export.c ---- */
void export_request(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- conv_tidy.c ---- */
void conv_tick(struct domain *d);
int64_t conv_deadline(const struct domain *d);
/* Something was deleted: it is taken out of the index soon. */
void conv_dirty(struct domain *d);
void conv_edited(struct domain *d);

#endif
