/* Who is there, and who hears of it. docs/architecture/presence.md. presence.c knows how each person is;
 * watch.c tells it to the sessions that watch; directory.c answers questions. Inside of the domain only.
 *
 * A person is there while they have a session (also one that has lost its pipe and may resume), and for
 * PRESENCE_GRACE_US after the last one's pipe was lost or the last one has ended, so that a reload does not blink. */
#ifndef MADANG_DOMAIN_PRESENCE_H
#define MADANG_DOMAIN_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/hmap.h"
#include "base/list.h"
#include "msg/people.h"

struct ask;
struct cmd;
struct domain;
struct session;
struct user;
struct val;

#define PRESENCE_GRACE_US   (8 * INT64_C(1000000))
#define PRESENCE_QUIET_US   (10 * INT64_C(1000000)) /* after a start nobody is said to be offline */
#define PRESENCE_EVERY_US   (INT64_C(1000000) / 2)  /* between two events to one watcher */
#define PRESENCE_COLLECT_US (INT64_C(1000000) / 5)  /* a first change waits for others */
#define SEEN_EVERY_US       (30 * INT64_C(1000000)) /* between two writes of who was seen last */
#define SEEN_SOON_US        (2 * INT64_C(1000000))
#define SEEN_AGAIN_US       (600 * INT64_C(1000000)) /* who stays is written so often */
#define SEEN_MAX            500                      /* people of one write */

/* Of struct user. */
struct user_presence {
    struct timer fade;  /* set: no session any more, but not gone yet */
    struct list seen;   /* in .here, or in .left until it is written */
    int64_t gone_at;    /* when the last pipe was lost */
    int64_t written_at; /* in .here; in .left: when they left */
    bool held;          /* from the first session until it was written when they were last seen */
    bool idle;          /* while it fades: how the last device was */
};

/* Of struct domain. */
struct presence_house {
    struct heap fading;
    struct list here; /* users, by written_at */
    struct list left; /* by the time when they left */
    uint32_t n_here;
    uint32_t n_left;
    int64_t quiet_until;
    bool quiet;
    /* watch.c */
    struct hmap watched; /* by id */
    struct list changed; /* of watched, since the last events */
    struct list dirty;   /* watchers that are to be told */
    uint32_t n_pairs;
    int64_t changed_at; /* the first of .changed */
    int64_t told_at;
};

/* ---- what others say ---- */

void presence_user_init(struct user *u);
/* u has one device more; one less, which was s. */
void presence_came(struct domain *d, struct user *u);
void presence_went(struct domain *d, struct user *u, const struct session *s);
/* They have signed out: if that was everywhere, they are not waited for. */
void presence_signed_out(struct domain *d, struct user *u);
/* The account is no more: not here, and not held for the sake of being seen. */
void presence_drop(struct domain *d, struct user *u);
/* Something about somebody may look different now to those who watch. */
void presence_touch(struct domain *d, uint64_t user);
/* u talks to somebody now, or no longer does: call_user_talks() says which. */
void presence_user_talks(struct domain *d, struct user *u);
/* The same; and their name or picture is another one. */
void presence_user_changed(struct domain *d, struct user *u);
/* The session is over: it watches nobody. */
void presence_forget(struct domain *d, struct session *s);

void presence_init(struct domain *d);
/* The server begins: for a while it does not know who is only late. */
void presence_start(struct domain *d);
void presence_free(struct domain *d);
void presence_tick(struct domain *d);
/* The server stops: when they were last seen, which is now, and that their sign-ins were used. */
void presence_drain(struct domain *d);
int64_t presence_deadline(const struct domain *d);

/* ---- how somebody is ---- */

/* To anybody who may see it. */
enum presence presence_of(const struct user *u);
bool presence_is_here(const struct user *u);
/* When somebody who may see it saw u last, on the wall clock: who is invisible was seen when they became so. */
int64_t presence_last_seen(const struct domain *d, const struct user *u);

/* What the database says of somebody. */
struct seen_row {
    uint64_t user;
    int64_t last_seen_ms;
    uint32_t settings;
    int64_t hidden_since_ms; /* when they blocked who asks; 0: never */
};
/* How `me` may see them: from memory if they are there, otherwise from the row (NULL: there is nobody). */
void presence_seen_by(const struct domain *d, const struct user *me, uint64_t user,
                      const struct seen_row *row, struct presence_view *v);
/* The person whose row it is, and what `me` thinks of them. */
void directory_view(const struct domain *d, const struct user *me, const struct val *row,
                    struct somebody_view *v);

/* ---- requests: of who is signed in, and within the rate ---- */

void presence_request(struct domain *d, struct session *s, const struct cmd *cmd);
void presence_idle(struct domain *d, struct session *s, const struct cmd *cmd);
void watch_request(struct domain *d, struct session *s, const struct cmd *cmd);
void directory_find(struct domain *d, struct session *s, const struct cmd *cmd);
void directory_person(struct domain *d, struct session *s, const struct cmd *cmd);
void directory_mark(struct domain *d, struct session *s, const struct cmd *cmd);

/* ---- watch.c, for presence.c ---- */
void watch_tick(struct domain *d);
int64_t watch_deadline(const struct domain *d);
void watch_touch_all(struct domain *d);

#endif
