/* What workers tell of groups. Rooms and peers that are no more are passed over. */
#include "domain/group.h"

#include "domain/whip.h"

static void on_answer(struct domain *d, struct group_peer *p, const struct group_news *n)
{
    group_peer_answered(p);
    p->answered = true;
    if (p->whip) {
        whip_answered(d, p->whip, n->text);
        return;
    }
    emit_to(d, p->session,
            &(struct event){.type = EVENT_GROUP_ANSWER,
                            .u.group.answer = {p->group->room->id, str_from(p->conn), n->text}});
}

static void on_refused(struct domain *d, struct group_peer *p, const struct group_news *n)
{
    group_peer_answered(p);
    group_tell_refused(d, p, n->refusal);
    if (!p->answered || n->refusal == GROUP_GONE)
        group_peer_end(d, p, true);
}

static void on_track(struct domain *d, struct group_peer *p, const struct group_news *n)
{
    for (unsigned i = 0; i < p->n_tracks; i++) {
        struct group_published_track *t = &p->tracks[i];
        if (t->track.track != n->track || (!t->there && !n->there))
            continue;
        t->there = n->there;
        t->track.codec = n->codec;
        group_tell_track(d, p, t, n->there);
        whip_review(d, p->group->room);
    }
}

/* The others of the same person have had their time. */
static void on_connected(struct domain *d, struct group_peer *p)
{
    struct group_peer *next;
    p->open = true;
    group_tell_state(d, p, GROUP_LINK_CONNECTED, GROUP_ENDS);
    for (struct group_peer *o = p->session ? p->next : NULL; o; o = next) { /* the older ones */
        next = o->next;
        group_peer_end(d, o, true);
    }
}

static void on_state(struct domain *d, struct group_peer *p, const struct group_news *n)
{
    if (n->there) {
        on_connected(d, p);
        return;
    }
    group_tell_state(d, p, GROUP_LINK_ENDED, n->end);
    group_peer_end(d, p, true);
}

static void on_speaker(struct domain *d, struct group *g, const struct group_news *n)
{
    const struct group_peer *p = group_peer_find(d, n->peer);
    uint64_t who = p && p->group == g && p->session ? p->session->id : 0;
    if (g->speaker == who || !g->on)
        return;
    g->speaker = who;
    whip_review(d, g->room);
    emit_room(d, g->room,
              &(struct event){.type = EVENT_GROUP_SPEAKER, .u.group.speaker = {g->room->id, who}},
              NULL);
}

static void on_stats(struct domain *d, const struct group *g, const struct group_news *n)
{
    for (uint32_t i = 0; i < n->n_people; i++) {
        struct group_peer *p = group_peer_find(d, n->people[i].session);
        if (!p || p->group != g || !p->session)
            continue;
        p->fares = n->people[i];
        p->fares.session = p->session->id;
    }
}

void domain_group(struct domain *d, int64_t now_us, int64_t wall_ms, const struct group_news *n)
{
    static void (*const about_peer[GROUP_NEWS_KINDS])(struct domain *, struct group_peer *,
                                                      const struct group_news *) = {
        [GROUP_NEWS_ANSWER] = on_answer,
        [GROUP_NEWS_REFUSED] = on_refused,
        [GROUP_NEWS_TRACK] = on_track,
        [GROUP_NEWS_STATE] = on_state,
    };
    domain_time(d, now_us, wall_ms);
    struct group *g = group_find(d, n->room);
    struct group_peer *p = group_peer_find(d, n->peer);
    if (!g)
        return;
    if (n->about == GROUP_NEWS_SPEAKER)
        on_speaker(d, g, n);
    else if (n->about == GROUP_NEWS_STATS)
        on_stats(d, g, n);
    else if (p && p->group == g)
        about_peer[n->about](d, p, n);
    else if (n->about == GROUP_NEWS_REFUSED && n->peer == 0)
        group_failed(d, g->room);
}
