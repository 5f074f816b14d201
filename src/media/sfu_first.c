/* The first picture that somebody sees: from what was kept, or asked for before they are there. */
#include "base/util.h"
#include "media/sfu_int.h"

enum {
    RECENT_US = 1000000,
    PACKETS_MAX = 200, /* the pacer has places for 256 */
    /* With what waits already. A publisher who is asked needs 20 ms until its next picture, two ways through the
     * network, and as long as a key frame takes to leave. */
    LEAVES_US = 100000,
    HELD_MAX = 100000 /* bytes that are kept for it: what leaves in that time at the first pace */
};

void sfu_note_group(struct sfu_stream *st, int64_t now_us, int64_t seq, const struct rtp *r,
                    const struct codec_packet *k, bool is_kept)
{
    bool is_of_key = st->has_group && r->timestamp == st->group_timestamp;
    if (k->key && !is_of_key && (!st->has_group || seq > st->group_seq)) {
        st->has_group = true;
        st->group_seq = seq;
        st->group_us = now_us;
        st->group_timestamp = r->timestamp;
        st->group_bytes = 0;
    } else if (k->key && is_of_key && seq < st->group_seq) {
        st->group_seq = seq; /* they have overtaken each other */
    } else if (k->dd != NULL && !k->key && (k->dd->has_structure || k->dd->has_active)) {
        st->has_group = false; /* what came before would be read by the new one */
    }
    st->has_group = st->has_group && is_kept;
    st->group_bytes += (uint32_t)r->size + SFU_OVERHEAD;
    bool is_held = st->has_group && st->group_bytes <= HELD_MAX &&
                   now_us - st->group_us <= RECENT_US;
    pktcache_hold(&st->cache, is_held ? st->group_seq : INT64_MAX);
}

void sfu_release_group(struct sfu_stream *st, int64_t now_us)
{
    if (!st->has_group || now_us - st->group_us > RECENT_US)
        pktcache_hold(&st->cache, INT64_MAX);
}

/* Is all of it there, and is there little enough? */
static bool is_worth_it(const struct sfu_sub *u, unsigned stream, int64_t now_us)
{
    const struct sfu_stream *st = &u->pub->streams[stream];
    const struct recv *in = &u->pub->in[stream];
    const struct pacer *pacer = &u->peer->down->pacer;
    return st->has_group && in->begun && !in->broken && in->n_missing == 0 &&
           now_us - st->group_us <= RECENT_US && in->highest - st->group_seq < PACKETS_MAX &&
           pktcache_is_whole(&st->cache, st->group_seq) &&
           pacer_wait_us(pacer) + pacer_takes_us(pacer, st->group_bytes) <= LEAVES_US;
}

static void pass_again(struct sfu_sub *u, int64_t now_us, unsigned stream, int64_t seq)
{
    struct sfu_pub *b = u->pub;
    const struct pktcache_packet *c = pktcache_get(&b->streams[stream].cache, seq);
    struct sfu_reading m;
    struct sub_out o;
    struct rtp r;
    if (c == NULL || rtp_parse(&r, c->p, c->n) != RTP_OK || !sfu_read(b, stream, &r, c->p, &m))
        sub_pass_over(&u->sub, (int)stream, seq); /* it was padding */
    else if (sub_take(&u->sub, now_us, (int)stream, seq, &r, c->p + r.head, &m.k, b->in, &o))
        sfu_leave(u, now_us, &o, &r, c->p, true);
}

bool sfu_replay(struct sfu_sub *u, int64_t now_us)
{
    int target = u->sub.target;
    if (u->sub.current != SUB_NONE || u->pub->muted || !is_worth_it(u, (unsigned)target, now_us))
        return false; /* from another layer that would be a way back */
    const struct sfu_stream *st = &u->pub->streams[target];
    sub_hurry(&u->sub, true);
    for (int64_t i = st->group_seq; i <= u->pub->in[target].highest; i++)
        pass_again(u, now_us, (unsigned)target, i);
    sub_hurry(&u->sub, false);
    u->peer->room->stats.replayed += u->sub.current == target;
    return u->sub.current == target;
}

/* Handshakes take two round trips more, in which the publisher can have made it. Which layer it will be is not known
 * before there is an estimate; most begin with the least one. */
void sfu_call_ahead(struct sfu_peer *p, int64_t now_us)
{
    for (unsigned i = 0; i < p->n_subs; i++) {
        struct sfu_sub *u = p->subs[i];
        if (!u->is_video || !u->open || u->pub == NULL || u->pub->muted || u->share.width == 0)
            continue;
        sfu_find_options(u, now_us);
        unsigned stream = u->share.options[0].stream;
        if (u->share.n == 0 || is_worth_it(u, stream, now_us))
            continue;
        sfu_keep_stream(&u->pub->streams[stream]);
        sfu_want_key(u->pub, stream, now_us);
    }
}
