/* Programs that publish into rooms and players that watch them, by plain HTTP: WHIP (RFC 9725) and WHEP. A program that
 * publishes is a participant, with a session that has no pipe; who watches is nobody whom the others see. whip.c has the
 * requests and the life of these sessions, whip_aim.c says which tracks a player gets, whip_sdp.c has what changes
 * in a description, whip_door.c opens rooms that stay. */
#ifndef MADANG_DOMAIN_WHIP_H
#define MADANG_DOMAIN_WHIP_H

#include "domain/domain_int.h"
#include "domain/names.h"

enum { WHIP_LINES = 32 }; /* of one offer; those behind them get nothing */

struct whip_aim {
    char mid[GROUP_MID_MAX + 1];
    bool video;
    uint64_t track; /* what it carries; 0: nothing */
};

struct whip {
    struct hnode by_name;        /* in domain.whips */
    struct list of_room;         /* in room.whips */
    struct list over;            /* in domain.whips_over */
    uint8_t name[WHIP_RESOURCE]; /* of the session; secret */
    uint64_t http;               /* the request that waits for the worker; 0: none */
    enum whip_verb asked;        /* and what it was */
    uint64_t room;
    struct session *program; /* who publishes; NULL: it watches */
    struct scope scope;      /* relays of who watches */
    struct group_peer *peer; /* NULL: it is over */
    uint32_t generation;     /* of ICE: the ETag */
    struct str offer;        /* owned */
    uint8_t n_lines;
    struct whip_aim lines[WHIP_LINES]; /* of who watches */
    char watched[NAMES_BYTES_MAX];     /* "": everybody */
    bool by_operator;                  /* its token is of `madang token` */
};

/* ---- whip_aim.c ---- */
/* What the lines are to carry now; true: that is something else than before. */
bool whip_aim(const struct room *r, struct whip *w);

/* ---- whip_door.c ---- */
/* Nobody is in the room of this offer: asks whether it is one that stays, opens it if programs may come in, and goes on by
 * whip_offer(). */
void whip_knock(struct domain *d, const struct cmd *cmd, bool by_operator);
/* asked: the room is open if it is one that stays. */
void whip_offer(struct domain *d, const struct cmd *cmd, bool asked);

/* ---- whip_sdp.c ---- */
/* The offer gets other credentials of ICE. */
void whip_renew_offer(struct whip *w, struct str ufrag, struct str pwd);
bool whip_has_ufrag(const struct whip *w, struct str ufrag);
/* The credentials of a description, as a fragment (RFC 8840, 9). */
void whip_put_fragment(struct buf *b, struct str sdp);

/* ---- whip.c, for group*.c ---- */
void whip_answered(struct domain *d, struct whip *w, struct str sdp);
void whip_refused(struct domain *d, struct whip *w, enum group_refusal code);
/* Its connection is no more: it ends with the next tick. */
void whip_lost(struct domain *d, struct whip *w);
/* Tracks have come or gone, or somebody else dominates. */
void whip_review(struct domain *d, struct room *r);

#endif
