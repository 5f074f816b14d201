/* The inside of the domain: the objects, and the functions that its files give each other. Only
 * src/domain and its tests include this. All pointers between objects are valid as long as both are in
 * the domain's tables; nothing here is kept across a call by anybody else. */
#ifndef MADANG_DOMAIN_DOMAIN_INT_H
#define MADANG_DOMAIN_DOMAIN_INT_H

#include "base/crypto.h"
#include "base/hash.h"
#include "base/hmap.h"
#include "base/list.h"
#include "base/pool.h"
#include "domain/ask.h"
#include "domain/attempts.h"
#include "domain/challenge.h"
#include "domain/domain.h"
#include "domain/idset.h"
#include "domain/presence.h"
#include "domain/session_fsm.h"
#include "domain/steady.h"
#include "domain/ticket.h"

struct room;
struct call;
struct group;
struct group_peer;
struct recording;
struct user;
struct watcher;

/* A request that waits for the password thread or the store. Belongs to its session. */
enum pending_kind { PENDING_JOIN, PENDING_CREATE, PENDING_ROOM_SET };

struct pending {
    struct pending *next;
    uint64_t number; /* of the password job, and in the store's letters */
    enum pending_kind kind;
    bool hello;    /* the answer is hello's */
    bool verified; /* the password was right when it was number `password` */
    int64_t id;
    uint64_t room;
    uint32_t password;
    bool media;
    bool agrees; /* to being recorded */
    enum tri mic;
    enum tri cam;
    struct ticket *ticket;   /* join: opened, or NULL */
    int64_t since;           /* join of a room that stays: as in struct part */
    struct cmd_room_set set; /* create, room_set: set.title points to `title` */
    char title[];
};

struct session {
    struct hnode by_id;
    struct hnode by_token;
    struct list away; /* in domain.away or .leaving while SESSION_AWAY */
    struct list watch;
    struct list of_user; /* in user.sessions */
    struct user *user;   /* NULL: a guest */
    uint64_t web_key;    /* of a user: which sign-in (the row of web_session) this one belongs to */
    uint64_t id;
    uint64_t conn;     /* 0: none */
    uint64_t addr_key; /* of where hello came from; 0: not known */
    uint64_t lineage;  /* id of the first session of this person's chain */
    uint64_t replaces; /* while SESSION_NEW: the session that ends when hello is answered */
    int64_t away_until;
    int64_t lost_at;         /* when the pipe was lost */
    int64_t token_until;     /* the steady time when its API token runs out; 0: never */
    struct watcher *watcher; /* whose presence it watches, or NULL */
    int64_t rates[RATE_KINDS];
    struct room **rooms; /* &one while there is at most one */
    struct room *one;
    struct room *media; /* where it publishes */
    struct pending *pending;
    struct list doors; /* rooms whose lobby it waits in: lobby.c */
    char *name;
    uint8_t token[TOKEN_LEN];
    uint32_t slot;
    uint16_t name_n;
    uint8_t n_doors;
    uint8_t n_rooms;
    uint8_t cap_rooms;
    uint8_t n_pending;
    uint8_t state;  /* enum session_state */
    uint8_t scopes; /* of an API token; 0: it is a person's own, which may do all */
    bool korean;
    bool mic;
    bool cam;
    bool screen;
    int64_t hand_ms;    /* when it was raised; 0: it is not */
    bool program;       /* of a whip: without a pipe, and told nothing */
    bool idle;          /* nobody is in front of it */
    bool watches_convs; /* is told who is in live rooms of its conversations */
};

/* A participant's relays. told: the scopes in the room that know this one as a party, and some that
 * have gone since. */
struct scope_list {
    uint32_t n;
    uint32_t cap;
    uint64_t ids[];
};
struct scope {
    uint64_t id; /* 0: there are no relays */
    struct scope_list *told;
};

struct part {
    struct session *session;
    struct scope scope;
    uint64_t user; /* in a room that stays; 0: a guest */
    int64_t since; /* the number that its conversation had reached when this guest came in first */
    uint32_t access; /* version of the ticket that let it in; UINT32_MAX: came in otherwise */
    struct group_peer *peers; /* its connections to the SFU, the newest first */
    uint8_t muted;            /* bits of enum mute_kind */
    bool media;
    bool wants_media; /* asked for a place when there was none */
    bool agreed;      /* to being in the room's recording */
};

struct ban {
    uint64_t lineage;
    int64_t until;
};

struct room {
    struct hnode by_id;
    struct list public; /* in domain.public */
    struct list dirty;  /* in domain.dirty */
    struct list orphan; /* in domain.orphans while it waits for its owner */
    uint64_t id;
    uint64_t owner; /* 0: waits for it */
    int64_t orphan_until;
    char *title;
    char *hash;         /* NULL: no password */
    struct part *parts; /* in the order of entering */
    struct ban *bans;
    uint32_t n_parts;
    uint32_t cap_parts;
    uint32_t n_media;
    uint32_t capacity;
    uint32_t version;  /* grows with each change that tickets hold */
    uint32_t access;   /* the version that last changed who may enter */
    uint32_t password; /* grows with each new password */
    uint32_t epoch;    /* tells this life of the room from those before a restart */
    uint32_t base;     /* version of the ticket that made it; 0: it was created */
    uint16_t title_n;
    uint16_t n_bans;
    bool is_public;
    bool locked;
    bool lobby;
    bool publish_few;    /* only who moderates has media */
    bool share_few;      /* or shares a screen */
    struct list waiters; /* in the lobby */
    uint32_t n_waiters;
    struct list whips;           /* sessions of programs: whip.h */
    bool programs;               /* they may come in by tokens of the owner's */
    struct group *group;         /* NULL: it has none */
    struct recording *recording; /* NULL: it has none; record.h */
    int64_t no_group_until;      /* none could be had */
    struct list no_group;        /* in domain.no_group meanwhile */
    uint64_t call;               /* that made it and ends it; 0: none, or there are more than two */
    bool stays;    /* the live room of the conversation of this id, which says who may do what */
    bool of_calls; /* made by a call: stays, empty or not, while one that is not over is for it */
};

struct addr_bucket {
    struct hnode node;
    struct list order; /* by last use */
    uint64_t key;
    int64_t full_at;
};

struct job { /* a password job under way */
    uint64_t number;
    uint64_t session;
    uint64_t addr;
};

struct domain {
    struct domain_config cfg;
    domain_sink_fn *sink;
    void *sink_arg;
    int64_t now;
    int64_t wall;   /* what time it is: under messages, calls, in lists */
    int64_t steady; /* what ends or deletes by age goes by this: steady.h */
    struct steady clock;
    int64_t clock_kept; /* the steady time that is stored */
    struct rng rng;
    struct hash_key hash_key;
    struct pool sessions_pool;
    struct hmap sessions; /* by id */
    struct hmap tokens;
    struct hmap rooms;
    struct hmap users; /* loaded ones: user.h */
    struct hmap addrs;
    struct list addr_order;
    struct list away;    /* by deadline: the wait is the same for all */
    struct list leaving; /* the same for those who said that they leave */
    struct list orphans;
    struct list watchers;
    struct list public;
    struct list dirty;
    uint64_t *gone;
    size_t n_gone;
    size_t cap_gone;
    int64_t list_sent; /* when the last `rooms` event went out */
    bool list_changed;
    uint32_t n_away;
    uint32_t n_public;
    uint32_t n_parts;
    uint32_t n_watchers;
    uint64_t next_number;
    const struct session *entering; /* in a room, but not announced there yet; nearly always NULL */
    struct job *jobs;
    uint32_t n_jobs;
    struct hmap asks;    /* by number */
    struct list hashing; /* of them, those of accounts that wait for a password */
    struct presence_house presence;
    struct hmap whips; /* by their secret names: whip.h */
    struct list whips_over;
    struct hmap groups; /* by their own id: group.h */
    struct hmap group_peers;
    struct list group_back, group_close, no_group,
        group_offers;       /* by deadline: each kind waits equally long */
    struct list recordings; /* that are not over: record.h */
    uint32_t n_recordings;
    struct hmap calls;
    struct list timed_calls;
    int64_t
        calls_since_ms; /* what was recorded before is of before the restart; 0: not asked yet */
    int64_t calls_close_at; /* when those that nobody came back to are over; 0: that is done */
    int64_t calls_alive_at; /* when it is recorded next that calls go on; 0: there are none */
    struct hmap convs;      /* loaded ones: conv.h */
    struct list convs_used;
    struct {
        struct list dirty; /* conversations whose live room has changed */
        int64_t sent;      /* when that was told last */
    } live;
    struct conv_tidy {
        int64_t words_at;  /* when the index is tidied; 0: there is nothing */
        int64_t edited;    /* when a message was edited last */
        int64_t edits_at;  /* when old texts of what was edited go; 0: there are none */
        int64_t retain_at; /* when it is looked for what is too old; 0: not begun */
    } tidy;
    int64_t
        tokens_at; /* when it is looked next for sessions whose API token has run out; 0: never */
    struct attempts attempts;
    int64_t attempts_written;                      /* when (attempts_keep.c) */
    int attempts_known;                            /* what was written before the restart */
    struct challenge *challenges[CHALLENGE_KINDS]; /* CHALLENGES, the oldest is overwritten */
    struct hmap confirmed;                         /* confirm.c, by sign-in */
    struct list confirmed_order;
    struct idset attaching;    /* uploads that are becoming files: attach.c */
    struct idset repainting;   /* people and rooms whose picture is being changed: avatar.c */
    struct hmap uploads;       /* upload.h, by id */
    struct list uploads_order; /* by deadline: the wait is the same for all */
    uint32_t *free_slots;
    uint32_t n_free_slots;
    uint32_t cap_free_slots;
    uint32_t next_slot;
    /* scratch of one effect: the sink never comes back in */
    struct session_ref *refs, *told; /* told: those of them that have a pipe */
    size_t cap_refs, cap_told;
    uint32_t n_programs;
    struct person_view *people;
    size_t cap_people;
    struct room_view *views;
    size_t cap_views;
    struct group_track *tracks;
    size_t cap_tracks;
};

/* ---- scope_of.c: what API tokens are for ---- */
/* Whether the session may ask this, or hear of it. */
bool scope_allows_cmd(const struct session *s, enum cmd_type type);
bool scope_allows_event(const struct session *s, enum event_type type);

/* ---- dispatch.c: to who handles it ---- */

void dispatch(struct domain *d, const struct cmd *cmd);

/* ---- emit.c: effects ---- */
void emit_ack(struct domain *d, struct session *s, int64_t id, const struct event *result);
void emit_ok(struct domain *d, struct session *s, int64_t id);
void emit_error(struct domain *d, struct session *s, int64_t id, enum errcode code);
void emit_bad(struct domain *d, struct session *s, int64_t id, const char *field);
void emit_retry(struct domain *d, struct session *s, int64_t id, enum errcode code,
                int64_t retry_ms);
void emit_wire_error(struct domain *d, struct session *s, int64_t id,
                     const struct wire_error *error);
void emit_conn_error(struct domain *d, uint64_t conn, int64_t id, const struct wire_error *error);
/* Answers a call: by the result, or by the error when result is NULL. cookie may be NULL: it stays. */
void emit_http(struct domain *d, uint64_t http, const struct event *result,
               const struct wire_error *error, const struct cookie_change *cookie);
/* The same for CMD_FETCH; NULL: there is no such file for this client. */
void emit_http_file(struct domain *d, uint64_t http, const struct file_grant *file);
void emit_to(struct domain *d, struct session *s, const struct event *e);
/* To everybody in the room but `except` (may be NULL). */
void emit_room(struct domain *d, const struct room *r, const struct event *e,
               const struct session *except);
void emit_list(struct domain *d, const struct session_ref *to, size_t n, const struct event *e);
struct session_ref *scratch_refs(struct domain *d, size_t n);

/* Of a session without a pipe. */
#define NO_SLOT UINT32_MAX

static inline struct session_ref session_ref(const struct session *s)
{
    return (struct session_ref){s->id, s->slot};
}

static inline struct str session_name(const struct session *s)
{
    return str_of(s->name, s->name_n);
}

/* ---- session.c ---- */
struct session *session_find(const struct domain *d, uint64_t id);
struct session *session_find_token(const struct domain *d, struct str text);
void session_hello(struct domain *d, const struct cmd *cmd);
/* Answers hello; joined or error when there was a join. */
void session_hello_done(struct domain *d, struct session *s, int64_t id,
                        const struct joined_view *joined, const struct wire_error *error);
void session_resume(struct domain *d, const struct cmd *cmd);
void session_event(struct domain *d, struct session *s, enum session_event ev,
                   const struct cmd *cmd);
void session_tick(struct domain *d);
int64_t session_deadline(const struct domain *d);
void session_set_state(struct domain *d, struct session *s, const struct cmd *cmd);
void session_set_name(struct domain *d, struct session *s, const struct cmd *cmd);
void session_free_all(struct domain *d);
/* One of a program, without a pipe; NULL: there are too many. It ends by session_program_end alone. */
struct session *session_program(struct domain *d, struct str name);
void session_program_end(struct domain *d, struct session *s);
/* In rooms, who is signed in has their display name. */
void session_take_display(struct domain *d, struct session *s);
/* Takes a token out of the bucket of that address; otherwise how long to wait, in milliseconds. */
int64_t session_addr_rate(struct domain *d, uint64_t addr_key, const struct domain_rate *rate);
/* True when it took a token of that bucket; otherwise the request is answered with `rate`. */
bool session_rate(struct domain *d, struct session *s, int64_t id, enum domain_rate_kind kind);
/* Tells every room, and s itself, that s looks different now. */
void session_tell(struct domain *d, struct session *s);
/* The same without one room (NULL: none). */
void session_tell_except(struct domain *d, struct session *s, const struct room *except);
/* Whether that changed anything. */
bool session_take_state(struct session *s, enum tri mic, enum tri cam, enum tri screen);

/* ---- pending.c ---- */
struct pending *pending_new(struct domain *d, struct session *s, enum pending_kind kind, int64_t id,
                            struct str title);
struct pending *pending_find(struct session *s, uint64_t number);
void pending_free(struct session *s, struct pending *p);
void pending_free_all(struct session *s);
/* A job for the password thread; false (and nothing is done) when too many are under way. */
bool pending_job(struct domain *d, struct session *s, struct pending *p, enum password_kind kind,
                 struct str password, struct str hash);
/* Whose job that was; it is none any more. */
struct session *pending_job_done(struct domain *d, uint64_t number);

/* ---- room.c: the object and its participants ---- */
struct room *room_find(const struct domain *d, uint64_t id);
/* Which life of the room this is; 0: there is none. Goes with requests to the store as ctx.flags, so
 * that an answer about an earlier life is not taken for one about this. */
uint32_t room_epoch(const struct domain *d, uint64_t id);
struct room *room_new(struct domain *d, uint64_t id, struct str title);
void room_free_all(struct domain *d);
void room_view(const struct room *r, struct room_view *v);
void person_view(const struct part *p, struct person_view *v);
/* All of them, in the domain's scratch. */
const struct person_view *room_people(struct domain *d, const struct room *r);
struct part *room_part(const struct room *r, const struct session *s);
/* The room of that id if s is in it, else NULL. */
struct room *session_room(const struct session *s, uint64_t id);
struct part *room_add(struct domain *d, struct room *r, struct session *s);
/* The same with a scope that exists: it comes from another room. */
struct part *room_add_moved(struct domain *d, struct room *r, struct session *s,
                            const struct scope *scope);
/* s leaves: the others are told, media and ownership pass on, an empty room goes away. */
void room_leave(struct domain *d, struct room *r, struct session *s, enum left_reason reason);
void room_drop_part(struct domain *d, struct room *r, struct session *s);
/* The same, but the scope stays open and is the caller's. */
struct scope room_take_part(struct domain *d, struct room *r, struct session *s);
void room_destroy(struct domain *d, struct room *r);
/* After a change that tickets hold; access: who may enter changed too. Tells everybody. */
void room_changed(struct domain *d, struct room *r, uint64_t by, bool access);
void room_set_title(struct room *r, struct str title);
void room_set_hash(struct room *r, struct str hash);
void room_own(struct domain *d, struct room *r, uint64_t owner);
void room_tick(struct domain *d);
int64_t room_deadline(const struct domain *d);
void room_ticket(struct domain *d, const struct room *r, const struct session *s,
                 char out[TICKET_TEXT_MAX], size_t *n);
void room_ban(struct domain *d, struct room *r, uint64_t lineage);
bool room_banned(const struct domain *d, const struct room *r, uint64_t lineage);

/* ---- media.c: the places of the mesh ---- */
bool media_take(struct domain *d, struct room *r, struct part *p);
void media_give(struct domain *d, struct room *r, struct part *p);
/* The same without telling anybody. */
void media_release(struct domain *d, struct room *r, struct part *p);
void media_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* Tells everybody in the room how p is now. */
void media_tell(struct domain *d, struct room *r, const struct part *p);
/* A place is free again: those who wanted one are told. */
void media_tell_free(struct domain *d, struct room *r);

/* ---- whip.c: programs that publish and players (whip.h is its inside) ---- */
void whip_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* Lets programs in by tokens of the owner's, or puts those out that came so; true: that is new. */
bool whip_switch(struct domain *d, struct room *r, enum tri on);
void whip_token(struct domain *d, struct session *s, const struct cmd *cmd);
/* The programs leave the room; the room is no more. */
void whip_leave_room(struct domain *d, struct room *r);
void whip_room_ends(struct room *r);
void whip_free_all(struct domain *d);
void whip_tick(struct domain *d);
int64_t whip_deadline(const struct domain *d);

/* ---- group*.c: media through the server (group.h is their inside) ---- */
/* The room's mode is group. */
bool group_on(const struct room *r);
/* How many participants may have media. */
uint32_t group_places(const struct domain *d, const struct room *r);
/* After n_media has changed: is the mode another one now? Then the room is to be told. */
bool group_decide(struct domain *d, struct room *r);
void group_tell_mode(struct domain *d, const struct room *r, const struct session *except);
/* Both. */
void group_review(struct domain *d, struct room *r);
/* Borrowed until the next one. */
void group_view(struct domain *d, const struct room *r, struct group_view_mode *v);
/* It goes through the server as long as it is recorded: whether that may be, and from now on. */
bool group_may_hold(const struct domain *d, const struct room *r);
bool group_hold(struct domain *d, struct room *r);
/* No worker takes the room. */
void group_failed(struct domain *d, struct room *r);
/* The participant leaves; has no place any more. */
void group_leave(struct domain *d, struct room *r, struct part *part);
void group_lost_place(struct domain *d, struct part *part);
void group_room_ends(struct domain *d, struct room *r);
/* Memory alone. */
void group_forget(struct domain *d, struct room *r);
void group_offer(struct domain *d, struct session *s, const struct cmd *cmd);
void group_wish(struct domain *d, struct session *s, const struct cmd *cmd);
void group_hang_up(struct domain *d, struct session *s, const struct cmd *cmd);
void group_stats(struct domain *d, struct session *s, const struct cmd *cmd);
/* What the participant is muted for has changed, or it has offered. */
void group_mute(struct domain *d, const struct part *part, bool offered);
void group_tick(struct domain *d);
int64_t group_deadline(const struct domain *d);

/* ---- record.c: rooms that are recorded (record.h is its inside) ---- */
void record_start(struct domain *d, struct session *s, const struct cmd *cmd);
void record_stop(struct domain *d, struct session *s, const struct cmd *cmd);
void record_agree(struct domain *d, struct session *s, const struct cmd *cmd);
/* r, which may be NULL, is recorded, and s would come in without having agreed to that. */
bool record_holds(struct domain *d, const struct room *r, const struct session *s, bool agrees);
/* r is recorded, and everybody was told. */
bool record_on(const struct room *r);
int64_t record_since(const struct room *r); /* 0: it is not */
/* The peer has made an offer. */
void record_offered(struct domain *d, const struct group_peer *p);
/* Somebody has left; the room ends; its memory does. */
void record_left(struct domain *d, const struct room *r);
void record_room_ends(struct domain *d, struct room *r);
void record_forget(struct room *r);
void record_boot(struct domain *d);
void record_drain(struct domain *d);
void record_free_all(struct domain *d);

/* ---- conv_live.c, conv_door.c: live rooms of rooms that stay (conv.h) ---- */
/* Who is in r has changed. */
void live_touch(struct domain *d, const struct room *r);
/* r goes: nobody is in it. */
void live_closed(struct domain *d, const struct room *r);
void live_set(struct domain *d, struct session *s, const struct cmd *cmd, struct room *r);
void live_remove(struct domain *d, struct session *s, const struct cmd *cmd, struct room *r);
/* What keeps somebody out who was removed: the person where there is one, or else the chain of sessions. */
uint64_t live_ban_key(const struct session *s);
/* `t` is of the life before the restart, and later than what the room was made from. */
void live_correct(struct domain *d, struct room *r, const struct ticket *t);
void live_watch(struct domain *d, struct session *s, const struct cmd *cmd);
/* Joins when the conversation says so. */
void live_join(struct domain *d, struct session *s, struct pending *p, const struct cmd_join *join);

/* ---- join.c, create.c ---- */
void join_request(struct domain *d, struct session *s, int64_t id, const struct cmd_join *join,
                  bool hello);
void join_refuse(struct domain *d, struct session *s, struct pending *p,
                 const struct wire_error *error);
/* The checks are made, and the room is there unless p has a ticket of it. */
void join_enter(struct domain *d, struct session *s, struct pending *p,
                const struct store_answer *history);
/* The session in this room whose place s takes over, or NULL. */
struct session *join_replaced(struct domain *d, const struct room *r, const struct session *s);
bool join_ticket_good(const struct ticket *t, const struct room *r);
void join_go_on(struct domain *d, struct session *s, struct pending *p,
                const struct store_answer *history);
void join_password(struct domain *d, struct session *s, struct pending *p,
                   const struct password_answer *answer);
void create_request(struct domain *d, struct session *s, const struct cmd *cmd);
void create_finish(struct domain *d, struct session *s, struct pending *p, struct str hash);
/* The answer of create, join and merge; `text` is the caller's memory for what v points to. */
struct joined_text {
    char ticket[TICKET_TEXT_MAX];
    struct group_view_mode group;
};
void joined_fill(struct domain *d, struct room *r, struct session *s,
                 const struct store_answer *history, struct joined_text *text,
                 struct joined_view *v);
void leave_request(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- manage.c: what owners do ---- */
/* The room if s owns it; otherwise the request is answered. */
struct room *manage_owned(struct domain *d, struct session *s, int64_t id, uint64_t room);
void manage_set(struct domain *d, struct session *s, const struct cmd *cmd);
void manage_set_finish(struct domain *d, struct session *s, struct pending *p, struct str hash);
void manage_remove(struct domain *d, struct session *s, const struct cmd *cmd);
void manage_ticket(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- moderate.c ---- */
bool moderates(struct domain *d, const struct room *r, const struct session *s);
/* The room if s is in it and moderates there; the participant if s may moderate them. Otherwise the request is answered. */
struct room *moderated(struct domain *d, struct session *s, int64_t id, uint64_t room);
struct part *moderated_part(struct domain *d, struct session *s, int64_t id, struct room *r,
                            uint64_t session);
void room_mute(struct domain *d, struct session *s, const struct cmd *cmd);
/* May s do in r what only some may do there, if it is so? */
bool may_publish(struct domain *d, const struct room *r, const struct session *s);
bool may_share(struct domain *d, const struct room *r, const struct session *s);
/* What room_set says of lobby and rights, with all that follows; whether that changed anything. */
bool order_set(struct domain *d, struct room *r, const struct cmd_room_set *set);

/* ---- lobby.c ---- */
/* s may come in, but for the lobby; t: its ticket, or NULL. */
bool lobby_holds(struct domain *d, const struct room *r, const struct session *s,
                 const struct ticket *t);
bool lobby_admitted(const struct room *r, const struct session *s);
void lobby_arrive(struct domain *d, struct room *r, struct session *s);
/* It has come in, or waits no more. */
void lobby_leave(struct domain *d, struct room *r, struct session *s);
/* s is told who waits, if it moderates. */
void lobby_show(struct domain *d, const struct room *r, struct session *s);
/* There is no lobby any more. */
void lobby_opens(struct domain *d, struct room *r);
void lobby_session_ends(struct domain *d, struct session *s);
void lobby_room_ends(struct domain *d, struct room *r);
void lobby_forget(struct room *r);
void knock_request(struct domain *d, struct session *s, const struct cmd *cmd);
void room_admit(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- merge.c ---- */
void merge_request(struct domain *d, struct session *s, const struct cmd *cmd);
void merge_go_on(struct domain *d, struct session *s, const struct store_answer *history);

/* ---- message.c ---- */
/* `chat` in the live room of a room that stays: a message of the conversation. */
void message_chat(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- chat.c ---- */
void chat_request(struct domain *d, struct session *s, const struct cmd *cmd);
void chat_stored(struct domain *d, const struct store_answer *answer);
void chat_whisper(struct domain *d, struct session *s, const struct cmd *cmd);
void chat_typing(struct domain *d, struct session *s, const struct cmd *cmd);
void chat_announce(struct domain *d, const struct cmd *cmd);

/* ---- relay.c ---- */
void relay_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* The participant `to` of the room that s is in, too; otherwise the request is answered. */
struct session *relay_peer(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- scope.c: what relays may reach ---- */
struct scope scope_open(struct domain *d);
/* The scope's participant is in r no more. */
void scope_close(struct domain *d, const struct room *r, struct scope *scope);
/* `from` tells `to` how it can be reached. */
void scope_signalled(struct domain *d, const struct room *r, const struct session *from,
                     const struct session *to, const struct sdp_scan *scan);
void scope_free(struct scope *scope); /* without any effect */

/* ---- call*.c: direct calls (call.h is their inside) ---- */
void call_request(struct domain *d, struct session *s, const struct cmd *cmd);
/* A device of somebody signed in is there; has lost its pipe; has one again; is over (said: its client,
 * or the person, wanted that); is `old` after a reload. Before it is detached from its user. */
void call_session_came(struct domain *d, struct session *s);
void call_session_away(struct domain *d, struct session *s);
void call_session_back(struct domain *d, struct session *s);
void call_session_gone(struct domain *d, struct session *s, bool said);
void call_session_reloaded(struct domain *d, struct session *old, struct session *s);
/* u blocks `other` from now on. */
void call_user_blocks(struct domain *d, struct user *u, uint64_t other);
/* Somebody of this account is in a call. */
bool call_user_talks(const struct user *u);
/* The server knows of the calls of before its restart from now on; once. */
void call_boot(struct domain *d);
/* May s come into the room, lock or not, because of a call? */
bool call_admits(struct domain *d, const struct room *r, const struct session *s);
/* s has come in, or leaves while the others stay. */
void call_entered(struct domain *d, struct room *r, struct session *s);
void call_left(struct domain *d, uint64_t room, struct session *s);
/* Some call that is not over is for this room. */
bool call_wants(const struct domain *d, const struct room *r);
/* Nobody has answered the call of this room. */
bool call_rings_in(const struct domain *d, const struct room *r);
/* What may pass between two in the room of a call that nobody has answered. */
enum call_passes { CALL_PASSES_ALL, CALL_PASSES_RELAYED, CALL_PASSES_NOTHING };
enum call_passes call_passes(const struct domain *d, const struct room *r, const struct session *s,
                             const struct session *to);
void call_tick(struct domain *d);
int64_t call_deadline(const struct domain *d);
void call_free_all(struct domain *d);

/* ---- conv_tidy.c (conv.h is the inside of conversations) ---- */
/* Somebody is signed in: the slow work begins; once. */
void conv_boot(struct domain *d);
/* Both clocks now: the first thing of every call from outside. */
void domain_time(struct domain *d, int64_t now_us, int64_t wall_ms);

/* ---- early.c ---- */
/* What is left of an SDP or a trickle fragment when only relayed candidates may be told; false: nothing
 * worth sending. Slices point into `body` or `out`. */
bool early_filter(struct str body, struct buf *out, struct sdp_scan *scan);

/* ---- roomlist.c ---- */
void roomlist_watch(struct domain *d, struct session *s, const struct cmd *cmd);
void roomlist_unwatch(struct domain *d, struct session *s);
void roomlist_touch(struct domain *d, struct room *r); /* something of a public room changed */
void roomlist_people(struct domain *d);                /* the number of sessions changed */
void roomlist_show(struct domain *d, struct room *r);  /* it is public now */
void roomlist_hide(struct domain *d, struct room *r);  /* it no longer is, or goes away */
void roomlist_tick(struct domain *d);
int64_t roomlist_deadline(const struct domain *d);

/* ---- what the store's letters are for: struct store_ctx.kind ---- */
enum { CTX_CHAT = 1, CTX_JOIN, CTX_MERGE, CTX_DROP };

#endif
