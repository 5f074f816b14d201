/* The inside of groups: rooms whose media goes through the server's SFU. group.c decides when, group_peer.c knows the
 * connections of people to it, group_news.c takes what the workers tell. Which worker has a room, and packets, are
 * not the domain's business: it gives EFFECT_GROUP and takes domain_group(). */
#ifndef MADANG_DOMAIN_GROUP_H
#define MADANG_DOMAIN_GROUP_H

#include "domain/domain_int.h"

struct whip;

struct group_published_track {
    struct group_track track; /* the session is that of the peer */
    char mid[GROUP_MID_MAX + 1];
    bool muted; /* the worker was told so */
    bool there; /* the worker has it: others may be told */
};

/* One connection of a participant to the SFU. */
struct group_peer {
    struct hnode by_id;      /* in domain.group_peers */
    struct group_peer *next; /* of the same participant, an older one */
    struct list waits;       /* in domain.group_offers while an offer has no answer */
    int64_t until;           /* and how long it may take */
    struct group *group;
    struct session *session; /* NULL: somebody who only watches, by whip */
    struct whip *whip;       /* whose it is, when it is no page's */
    uint64_t id;
    uint32_t asked; /* offers without an answer */
    bool answered;  /* once at least */
    bool open;
    uint8_t n_tracks;
    struct group_published_track tracks[GROUP_PUBLISHED_MAX];
    struct group_person fares;
    char conn[CONN_NAME_MAX + 1];
};

/* One life of a room's group. When the room goes back, it stays for a while, so that people can move their media. */
struct group {
    struct hnode by_id; /* in domain.groups */
    struct list timed;  /* in domain.group_back or .group_close */
    int64_t until;
    struct room *room;
    uint64_t id;
    uint64_t speaker;            /* whose microphone dominates: a session; 0: nobody's */
    struct group_peer *watchers; /* connections without a participant */
    uint32_t n_peers;
    bool on; /* the room's mode */
};

/* ---- group.c ---- */
struct group *group_find(const struct domain *d, uint64_t id);
void group_order(struct domain *d, const struct group_order *order);
/* All connections and the group itself go; nobody is told. */
void group_end(struct domain *d, struct group *g);

/* ---- group_peer.c ---- */
struct group_peer *group_peer_find(const struct domain *d, uint64_t id);
/* It goes, and its tracks with it, which the room is told if `tell`. The group may go with it. */
void group_peer_end(struct domain *d, struct group_peer *p, bool tell);
void group_tell_track(struct domain *d, const struct group_peer *p,
                      const struct group_published_track *t, bool on);
/* What the one whose connection it is hears of it. */
void group_tell_refused(struct domain *d, const struct group_peer *p, enum group_refusal code);
void group_tell_state(struct domain *d, const struct group_peer *p, enum group_link state,
                      enum group_end reason);
/* A connection by whip: of a participant, or, NULL, of somebody who watches. */
struct group_peer *group_peer_program(struct domain *d, struct room *r, struct part *part,
                                      struct whip *w);
/* Gives the lines that send the tracks that they publish. */
void group_peer_tracks(struct domain *d, struct group_peer *p, struct group_line *lines,
                       uint32_t n);
/* The lines that send, as they were offered last: at most GROUP_PUBLISHED_MAX. */
uint32_t group_peer_lines(const struct group_peer *p, struct group_line *out);
void group_peer_offer(struct domain *d, struct group_peer *p, unsigned rights, struct str sdp,
                      const struct group_line *lines, uint32_t n);
/* An offer was answered, one way or the other. */
void group_peer_answered(struct group_peer *p);

#endif
