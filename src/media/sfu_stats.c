/* What can be looked at from outside. */
#include <string.h>

#include "base/util.h"
#include "media/sfu_int.h"

enum { MS = 1000 };

void sfu_stats_add(struct sfu_stats *to, const struct sfu_stats *more)
{
    uint64_t *a = (uint64_t *)to;
    const uint64_t *b = (const uint64_t *)more;
    for (size_t i = 0; i < sizeof *to / sizeof *a; i++)
        a[i] += b[i];
}

const struct sfu_stats *sfu_stats(struct sfu *s)
{
    s->all = s->gone;
    HMAP_FOREACH(it, &s->rooms)
        sfu_stats_add(&s->all, &container_of(it, struct sfu_room, node)->stats);
    return &s->all;
}

void sfu_look_at_estimates(struct sfu *s)
{
    HMAP_FOREACH(it, &s->rooms) {
        struct sfu_room *r = container_of(it, struct sfu_room, node);
        r->stats.estimate_bps = 0;
        LIST_FOREACH(k, &r->peers) {
            const struct sfu_down *d = container_of(k, struct sfu_peer, in_room)->down;
            r->stats.estimate_bps += d != NULL ? (uint64_t)bwe_bps(&d->bwe) : 0;
        }
    }
}

const struct sfu_stats *sfu_room_stats(const struct sfu *s, uint64_t room)
{
    const struct sfu_room *r = sfu_find_room(s, room);
    return r != NULL ? &r->stats : NULL;
}

void sfu_each_room(const struct sfu *s, void *ctx,
                   void (*fn)(void *ctx, uint64_t room, const struct sfu_stats *st))
{
    HMAP_FOREACH(it, &s->rooms) {
        const struct sfu_room *r = container_of(it, struct sfu_room, node);
        fn(ctx, r->id, &r->stats);
    }
}

void sfu_each_peer(const struct sfu *s, uint64_t room, void *ctx,
                   void (*fn)(void *ctx, uint64_t peer))
{
    const struct sfu_room *r = sfu_find_room(s, room);
    if (r == NULL)
        return;
    LIST_FOREACH(it, &r->peers)
        fn(ctx, container_of(it, struct sfu_peer, in_room)->id);
}

/* ---- One peer ---- */

void sfu_count_way(struct sfu_peer *p, const struct tuple *to)
{
    unsigned way = to != NULL ? 1 + 2 * to->transport + (to->peer.family == 6) : 0;
    if (way == p->way)
        return;
    if (p->way != 0)
        p->room->stats.ways[p->way - 1]--;
    if (way != 0)
        p->room->stats.ways[way - 1]++;
    p->way = way;
}

/* Of what it publishes: the richest stream. */
static void look_at_pub(const struct sfu_pub *b, struct sfu_line_stats *out)
{
    *out = (struct sfu_line_stats){.publishes = true,
                                   .codec = b->codec,
                                   .track = b->id,
                                   .streams = b->n,
                                   .stream = -1,
                                   .spatial = -1,
                                   .temporal = -1};
    str_copy(str_from(b->mid), out->mid, sizeof out->mid);
    for (unsigned i = 0; i < b->n; i++) {
        const struct sfu_stream *st = &b->streams[i];
        uint64_t bps = sfu_rate(st, SUB_ALL, SUB_ALL);
        if (bps == 0 || bps < out->bps)
            continue;
        out->stream = (int)i;
        out->spatial = st->spatial;
        out->temporal = st->temporal;
        out->width = st->width;
        out->height = st->height;
        out->bps = bps;
    }
}

static void look_at_sub(const struct sfu_sub *u, struct sfu_line_stats *out)
{
    *out = (struct sfu_line_stats){.stream = -1, .spatial = -1, .temporal = -1};
    str_copy(str_from(u->mid), out->mid, sizeof out->mid);
    if (u->pub == NULL)
        return;
    out->track = u->pub->id;
    out->streams = u->pub->n;
    out->codec = u->pub->codec;
    if (u->sub.current == SUB_NONE)
        return;
    const struct sfu_stream *st = &u->pub->streams[u->sub.current];
    out->stream = u->sub.current;
    out->spatial = MIN_OF(u->sub.spatial, st->spatial);
    out->temporal = MIN_OF(u->sub.temporal, st->temporal);
    out->width = st->width;
    out->height = st->height;
    out->bps = sfu_rate(st, u->sub.spatial, u->sub.temporal);
}

static int rtt_ms(const struct sfu_peer *p)
{
    bool known = p->rtt_known || (p->down != NULL && p->down->bwe.stats.came > 0);
    return known ? (int)(sfu_rtt_us(p) / MS) : -1;
}

bool sfu_peer_stats(const struct sfu *s, uint64_t peer, struct sfu_peer_stats *out,
                    struct sfu_line_stats *lines, unsigned max)
{
    const struct sfu_peer *p = sfu_find_peer(s, peer);
    if (p == NULL)
        return false;
    *out = (struct sfu_peer_stats){.room = p->room->id,
                                   .open = transport_state(p->transport) == TRANSPORT_OPEN,
                                   .rtt_ms = rtt_ms(p),
                                   .loss_up = p->loss_up,
                                   .loss_down = p->loss_down};
    if (p->down != NULL) {
        out->estimate_bps = (uint64_t)bwe_bps(&p->down->bwe);
        out->wanted_bps = (uint64_t)p->down->wanted_bps;
        out->sent_bps = (uint64_t)p->down->bwe.sent_bps;
    }
    for (unsigned i = 0; i < p->n_pubs && out->n_lines < max; i++)
        look_at_pub(p->pubs[i], &lines[out->n_lines++]);
    for (unsigned i = 0; i < p->n_subs && out->n_lines < max; i++)
        look_at_sub(p->subs[i], &lines[out->n_lines++]);
    return true;
}
