/* What test_sim_group.c stands on: what its people believe, and a worker that takes orders of the policy and tells it,
 * later, what became of them. */
#ifndef TESTS_SIM_GROUP_WORKER_H
#define TESTS_SIM_GROUP_WORKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "domain/group.h"
#include "edge/store/mem_store.h"

#define SECOND 1000000LL

enum {
    BOTS = 9,
    ROOMS = 4,
    TRACKS = 64,
    PEERS = 64,
    GROUPS = 64,
    NEWS = 512,
    WAITING = 32,
    STEPS = 3000,
    MIDS = 4
};

/* ---- what people believe ---- */

struct seen_room {
    uint64_t id, owner;
    uint64_t people[BOTS], knocking[BOTS];
    unsigned n, n_knocking, n_tracks;
    struct {
        uint64_t id, session;
    } tracks[TRACKS];
    bool group;
};

struct waiting {
    int64_t id;
    struct cmd cmd;
};

struct bot {
    uint64_t conn, session;
    bool acked, away;
    char token[32];
    int64_t next_id;
    struct seen_room rooms[ROOMS];
    unsigned n_rooms;
    struct waiting waiting[WAITING];
    unsigned n_waiting;
    uint64_t at_door, knocks; /* rooms; 0: none */
};

/* ---- the worker ---- */

struct worker_track {
    uint64_t id;
    bool there, muted;
};
struct worker_peer {
    uint64_t id, group;
    struct worker_track tracks[MIDS];
    bool answered;
};

struct sim {
    struct domain_config cfg;
    struct domain *d;
    struct mem_store *ms;
    struct rng rng;
    int64_t now, wall, failed_at;
    uint64_t next_conn, hash;
    struct bot bots[BOTS];
    uint64_t rooms[16];
    unsigned n_rooms, n_dbs;
    struct db_request dbs[64];
    struct password_job jobs[32];
    unsigned n_jobs;
    uint64_t groups[GROUPS];
    unsigned n_groups;
    struct worker_peer peers[PEERS];
    unsigned n_peers;
    struct group_news news[NEWS];
    unsigned n_news;
    unsigned groups_made, moved, ended; /* what a run has seen */
};

static uint64_t below(struct sim *s, uint64_t n)
{
    return rng_below(&s->rng, n);
}

static enum tri some_tri(struct sim *s)
{
    return (enum tri)((int)below(s, 3) - 1);
}

static void mix(struct sim *s, uint64_t v)
{
    s->hash = (s->hash ^ v) * 0x100000001b3ULL;
}

static struct bot *bot_of(struct sim *s, uint64_t session)
{
    for (unsigned i = 0; i < BOTS; i++)
        if (session && s->bots[i].session == session)
            return &s->bots[i];
    return NULL;
}

static struct seen_room *seen(struct bot *b, uint64_t room)
{
    for (unsigned i = 0; i < b->n_rooms; i++)
        if (b->rooms[i].id == room)
            return &b->rooms[i];
    return NULL;
}

static void forget_room(struct bot *b, uint64_t room)
{
    struct seen_room *r = seen(b, room);
    assert_non_null(r);
    *r = b->rooms[--b->n_rooms];
}

static bool take_out(uint64_t *all, unsigned *n, uint64_t what)
{
    for (unsigned i = 0; i < *n; i++)
        if (all[i] == what) {
            all[i] = all[--*n];
            return true;
        }
    return false;
}

/* ---- the worker takes orders ---- */

static void will_tell(struct sim *s, struct group_news n)
{
    assert_true(s->n_news < NEWS);
    s->news[s->n_news++] = n;
}

static struct worker_peer *peer_of(struct sim *s, uint64_t id)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].id == id)
            return &s->peers[i];
    return NULL;
}

static bool has_group(const struct sim *s, uint64_t id)
{
    for (unsigned i = 0; i < s->n_groups; i++)
        if (s->groups[i] == id)
            return true;
    return false;
}

static void on_open(struct sim *s, uint64_t group)
{
    s->groups_made++;
    assert_false(has_group(s, group));
    if (below(s, 12) == 0) { /* there is no room for it */
        will_tell(s, (struct group_news){
                         .about = GROUP_NEWS_REFUSED, .room = group, .refusal = GROUP_FULL});
        return;
    }
    assert_true(s->n_groups < GROUPS);
    s->groups[s->n_groups++] = group;
}

static void tell_tracks(struct sim *s, struct worker_peer *p, const struct group_order *o)
{
    for (unsigned m = 0; m < MIDS; m++) {
        struct worker_track *t = &p->tracks[m], was = *t;
        uint64_t id = 0;
        for (uint32_t i = 0; i < o->n_lines; i++)
            if (o->lines[i].kind != GROUP_KINDS && o->lines[i].mid.p[0] == (char)('0' + m))
                id = o->lines[i].track;
        if (was.id == id)
            continue;
        *t = (struct worker_track){.id = id, .there = id != 0};
        struct group_news n = {
            .about = GROUP_NEWS_TRACK, .room = p->group, .peer = p->id, .track = was.id};
        if (was.id)
            will_tell(s, n);
        n.track = id;
        n.codec = m % 3 ? GROUP_VP8 : GROUP_OPUS;
        n.there = true;
        if (id)
            will_tell(s, n);
    }
}

static void on_offer(struct sim *s, const struct group_order *o)
{
    struct worker_peer *p = peer_of(s, o->peer);
    struct group_news n = {
        .about = GROUP_NEWS_REFUSED, .room = o->room, .peer = o->peer, .refusal = GROUP_GONE};
    if (!has_group(s, o->room)) {
        will_tell(s, n);
        return;
    }
    if (below(s, 12) == 0) {
        n.refusal = GROUP_BAD_OFFER;
        will_tell(s, n);
        return;
    }
    if (p == NULL) {
        assert_true(s->n_peers < PEERS);
        p = &s->peers[s->n_peers++];
        *p = (struct worker_peer){.id = o->peer, .group = o->room};
    }
    assert_true(p->group == o->room);
    n.about = GROUP_NEWS_ANSWER;
    n.text = STR("v=0");
    will_tell(s, n);
    tell_tracks(s, p, o);
    if (!p->answered && below(s, 6))
        will_tell(s,
                  (struct group_news){
                      .about = GROUP_NEWS_STATE, .room = o->room, .peer = o->peer, .there = true});
    p->answered = true;
}

static void on_mute(struct sim *s, const struct group_order *o)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        for (unsigned m = 0; m < MIDS; m++)
            for (uint32_t k = 0; k < o->n_lines; k++)
                if (s->peers[i].tracks[m].id == o->lines[k].track)
                    s->peers[i].tracks[m].muted = o->on;
}

static void on_order(struct sim *s, const struct group_order *o)
{
    struct worker_peer *p = peer_of(s, o->peer);
    mix(s, (uint64_t)o->kind << 32 ^ o->room ^ o->peer ^ o->n_lines);
    switch (o->kind) {
    case GROUP_ORDER_OPEN: on_open(s, o->room); break;
    case GROUP_ORDER_CLOSE:
        for (unsigned i = 0; i < s->n_peers; i++)
            assert_true(s->peers[i].group != o->room); /* all were told to go */
        take_out(s->groups, &s->n_groups, o->room);
        break;
    case GROUP_ORDER_OFFER: on_offer(s, o); break;
    case GROUP_ORDER_LEAVE:
        if (p)
            *p = s->peers[--s->n_peers];
        break;
    case GROUP_ORDER_MUTE: on_mute(s, o); break;
    case GROUP_ORDER_WISH:
    case GROUP_ORDER_RECORD: /* tests/unit/test_domain_record.c */
    case GROUP_ORDER_AGREE:
    case GROUP_ORDER_NAME: break;
    case GROUP_ORDER_STATS:
        for (uint32_t i = 0; i < o->n_lines; i++)
            assert_true(o->lines[i].track != 0);
        break;
    case GROUP_ORDERS: fail();
    }
}

/* Something happens on a line. */
static void on_line(struct sim *s)
{
    if (s->n_peers == 0)
        return;
    unsigned at = (unsigned)below(s, s->n_peers);
    struct worker_peer p = s->peers[at];
    struct group_news n = {.about = GROUP_NEWS_SPEAKER, .room = p.group, .peer = p.id};
    if (below(s, 4) == 0) {
        s->ended++;
        s->peers[at] = s->peers[--s->n_peers];
        n.about = GROUP_NEWS_STATE;
        n.end = (enum group_end)below(s, GROUP_NO_PLACE);
    }
    will_tell(s, n);
}

static bool news_one(struct sim *s)
{
    if (s->n_news == 0)
        return false;
    struct group_news n = s->news[0];
    memmove(s->news, s->news + 1, --s->n_news * sizeof *s->news);
    if (n.about == GROUP_NEWS_REFUSED && n.peer == 0)
        s->failed_at = s->now;
    domain_group(s->d, s->now, s->wall, &n);
    return true;
}

#endif
