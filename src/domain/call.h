/* Direct calls in the domain: objects around the core of call_fsm.h, with their two people, their room and
 * their record. Inside of the domain only. */
#ifndef MADANG_DOMAIN_CALL_H
#define MADANG_DOMAIN_CALL_H

#include "domain/call_fsm.h"
#include "domain/domain_int.h"
#include "domain/user.h"

/* A person's place in a call: in user.calls. */
struct call_end {
    struct call_end *next;
    struct call *call;
};

struct call {
    struct hnode by_id;
    struct list timed; /* in domain.timed_calls, by `due` */
    int64_t due;       /* call_fsm_deadline(&f) */
    uint64_t id;
    uint64_t room;
    struct user *user[2]; /* held */
    struct call_end end[2];
    struct call_fsm f;
    int64_t started_ms;
    bool talks; /* as was told last */
    bool back;  /* after a restart: its room stands alone as a group's, but need not be one */
    bool joins; /* the room is that of another call: somebody is asked into it */
    struct asker done; /* who is told when the end is recorded */
    char *text;        /* that came with a refusal, or NULL */
};

/* What a call_object points to. */
struct call_views {
    struct who_view who[2];
    uint64_t held[2];
    uint64_t lost[2];
};

/* ---- call.c: the objects, and what becomes of their outputs ---- */
struct call *call_find(const struct domain *d, uint64_t id);
struct call *call_new(struct domain *d, uint64_t id, struct user *caller, struct user *callee);
/* Gives the call an input and does what comes of it; the call may be gone after it. False: ignored. */
bool call_put(struct domain *d, struct call *c, const struct call_input *in);
/* The same, which ends it: who asked is answered when that is recorded, or cannot be for now. */
void call_finish(struct domain *d, struct call *c, const struct asker *who,
                 const struct call_input *in);
#define CALL_PUT(d, c, ...) call_put(d, c, &(const struct call_input){.event = __VA_ARGS__})
#define CALL_FINISH(d, c, who, ...) \
    call_finish(d, c, who, &(const struct call_input){.event = __VA_ARGS__})
/* Of one that was never begun. */
void call_drop(struct domain *d, struct call *c);
enum call_who call_side(const struct call *c, const struct user *u);
/* The device of u in the call, or 0. */
uint64_t call_device(const struct call *c, const struct user *u);
/* The call that this device is in and that it has not put on hold, or that it makes; in another room than
 * `but` (may be NULL). NULL: none. */
struct call *call_at(const struct session *s, const struct call *but);
/* What this device is in gives way: it is put on hold, or ended when it cannot be. */
void call_make_way(struct domain *d, struct session *s, const struct call *but, bool end);
/* In how many conversations somebody is, or may be soon: calls of one room count once, those that this
 * person knows nothing of don't. */
uint32_t call_count(const struct user *u);
void call_fill(const struct call *c, enum call_who to, struct call_object *o, struct call_views *v);
void call_ring(struct domain *d, struct call *c, struct session *s);
/* Rings on all devices of the callee. */
void call_ring_all(struct domain *d, struct call *c);

/* ---- call_push.c: who has no page open ---- */
void call_push(struct domain *d, const struct call *c, enum push_kind kind);

/* ---- call_room.c: who may be in the room, and what may be said there ---- */
bool call_room_open(struct domain *d, struct call *c, const struct session *s);
void call_room_sieve(struct domain *d, struct call *c);
void call_room_close(struct domain *d, struct call *c);
void call_room_leave(struct domain *d, struct call *c, uint64_t device);
void call_room_media(struct domain *d, struct call *c, uint64_t device, bool on);
/* A third one has come in by c: the room and its calls stand on their own. */
void call_room_group(struct domain *d, struct call *c);
/* Before the answer the callee's devices may prepare: the caller could see that they are there. */
bool call_may_prepare(const struct call *c);
/* Whether the two may learn each other's addresses before the answer: favourites of each other who wish it. */
bool call_open_early(const struct call *c);

/* ---- call_record.c: the store ---- */
void call_record(struct domain *d, struct call *c);
void call_tell_missed(struct domain *d, const struct user *u);
void call_back(struct domain *d, struct session *s, const struct cmd *cmd);
void call_history(struct domain *d, struct session *s, const struct cmd *cmd);
void call_seen(struct domain *d, struct session *s, const struct cmd *cmd);
void call_quality(struct domain *d, struct session *s, const struct cmd *cmd);
void call_record_tick(struct domain *d);
int64_t call_record_deadline(const struct domain *d);

#endif
