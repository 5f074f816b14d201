/* What is wanted again by those who receive: sent as RTX, as far as there is room for it, or a key frame in its place. */
#include <math.h>

#include "base/util.h"
#include "media/sfu_int.h"

enum {
    BURST_US = 250000, /* of the budget may leave at once */
    MANY = 64,         /* that are missing at a time: a key frame is sooner there */
    TWICE = 30,   /* thousandths that are lost: another round trip is what a second copy spares */
    QUEUE_MS = 50 /* so much waits in front of the peer's line: it has no room to spare */
};
/* Of the estimate. What was lost since there was too much comes to more than there is room for, and asking for it
 * again and again would keep the queue full for seconds; what is lost anyway is worth its price. */
static const double SHARE = 0.5, SHARE_FULL = 0.1;

static bool is_full(const struct sfu_down *d)
{
    return bwe_trend_queue_ms(&d->bwe.trend) > QUEUE_MS;
}

static bool has_room(struct sfu_down *d, int64_t now_us)
{
    double bytes_us = (is_full(d) ? SHARE_FULL : SHARE) * bwe_bps(&d->bwe) / 8e6;
    d->again_bytes =
        fmin(d->again_bytes + bytes_us * (double)(now_us - d->again_us), bytes_us * BURST_US);
    d->again_us = now_us;
    return d->again_bytes >= 0;
}

size_t sfu_repeat(struct sfu_sub *u, int64_t now_us, uint16_t seq, uint8_t cluster)
{
    const struct sub_sent *e = sub_at(&u->sub, seq);
    struct sub_out o;
    struct rtp r;
    const struct pktcache_packet *c = e != NULL ? sfu_find_sent(u, e, seq, &r, &o) : NULL;
    if (c == NULL || !sub_wrap(&u->sub, &o))
        return 0;
    return sfu_send(u, now_us, &o, &r, c->p, cluster);
}

void sfu_send_again(struct sfu_sub *u, int64_t now_us, uint16_t seq, uint8_t cluster)
{
    size_t n = sfu_repeat(u, now_us, seq, cluster);
    u->peer->room->stats.again += n > 0;
    u->peer->room->stats.again_bytes += n;
}

/* The packet of a number that is remembered; NULL: it is no more. */
static const struct pktcache_packet *find_packet(const struct sfu_sub *u, uint16_t seq)
{
    const struct sub_sent *e = sub_at(&u->sub, seq);
    if (e == NULL || u->pub == NULL || e->stream >= (int)u->pub->n)
        return NULL;
    return pktcache_get(&u->pub->streams[e->stream].cache, sub_sent_seq(e, &u->pub->in[e->stream]));
}

/* It cannot be had any more, and without it nothing can be shown until the next key frame. Numbers of padding were
 * never anything; what has not come yet is asked for where it comes from. */
static bool is_gone(const struct sfu_sub *u, uint16_t seq)
{
    const struct sub_sent *e = sub_at(&u->sub, seq);
    if (!sub_is_needed(&u->sub, seq) || e == NULL)
        return sub_is_forgotten(&u->sub, seq);
    if (u->pub == NULL || e->stream >= (int)u->pub->n)
        return false;
    const struct recv *in = &u->pub->in[e->stream];
    return find_packet(u, seq) == NULL && !recv_lacks(in, (uint16_t)sub_sent_seq(e, in));
}

/* What lies before a key frame, receivers can do without. */
static bool may_leave(const struct sfu_sub *u, int64_t now_us, uint16_t seq)
{
    struct sfu_down *d = u->peer->down;
    return has_room(d, now_us) && (!is_full(d) || sub_is_needed(&u->sub, seq));
}

/* There is no room for it now; it will be asked for again. */
static void keep_it(const struct sfu_sub *u, uint16_t seq)
{
    const struct sub_sent *e = sub_at(&u->sub, seq);
    if (sub_is_needed(&u->sub, seq) && find_packet(u, seq) != NULL)
        sfu_keep_longer(&u->pub->streams[e->stream]);
}

static void leave_again(struct sfu_sub *u, int64_t now_us, uint16_t seq)
{
    struct sfu_peer *p = u->peer;
    struct sub_out o;
    struct rtp r;
    uint8_t cluster;
    if (!may_leave(u, now_us, seq)) {
        keep_it(u, seq);
        return;
    }
    const struct sub_sent *e = sub_find(&u->sub, now_us, seq, sfu_rtt_us(p));
    const struct pktcache_packet *c = e != NULL ? sfu_find_sent(u, e, seq, &r, &o) : NULL;
    if (c == NULL || u->sub.conf.rtx_pt > 127 || rtp_seq_diff(seq, u->left) > 0)
        return; /* what waits need not be sent again */
    unsigned size = c->n + 2u + SFU_OVERHEAD;
    p->down->again_bytes -= size;
    if (pacer_pass(&p->down->pacer, now_us, PACER_AGAIN, size, &cluster))
        sfu_send_again(u, now_us, seq, cluster);
    else
        sfu_queue(u, now_us, PACER_AGAIN, seq, size);
    if (sfu_lost_down(p) < TWICE || is_full(p->down) || !has_room(p->down, now_us))
        return;
    p->down->again_bytes -= size;
    sfu_queue(u, now_us, PACER_AGAIN, seq, size);
}

void sfu_take_nack(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_nack_iter it;
    uint16_t seq;
    unsigned n = 0;
    bool lost = false;
    if (!rtcp_read_nack(k, &it))
        return;
    struct sfu_sub *u = sfu_sub_of(p, it.media);
    while (u != NULL && rtcp_nack_next(&it, &seq)) {
        p->room->stats.nacked++;
        lost = lost || is_gone(u, seq);
        n += sub_is_needed(&u->sub, seq);
        if (n <= MANY)
            leave_again(u, now_us, seq);
    }
    if (u != NULL && u->is_video && (lost || n > MANY))
        sfu_need_key(u, now_us);
}
