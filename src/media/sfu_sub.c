/* Who is sent what. */
#include <string.h>

#include "base/util.h"
#include "media/sfu_int.h"

/* ---- Life ---- */

/* SRTP seals only for SSRCs that it was told of. */
static void add_ssrcs(struct sfu_sub *u, struct srtp *out)
{
    srtp_add(out, u->sub.conf.ssrc);
    if (u->sub.conf.rtx_ssrc != 0)
        srtp_add(out, u->sub.conf.rtx_ssrc);
}

void sfu_opened(struct sfu_peer *p)
{
    struct srtp *out = transport_out(p->transport);
    srtp_add(out, p->own_ssrc);
    for (unsigned i = 0; i < p->n_subs; i++) {
        add_ssrcs(p->subs[i], out);
        sfu_aim(p->subs[i]); /* sound from now on; pictures when there is a share for them */
    }
}

static void grow_subs(struct sfu_peer *p)
{
    p->subs_cap = p->subs_cap > 0 ? 2 * p->subs_cap : 4;
    p->subs = xrealloc(p->subs, p->subs_cap * sizeof *p->subs);
}

struct sfu_sub *sfu_sub_new(struct sfu_peer *p, int64_t now_us, struct str mid, bool is_video)
{
    struct sfu *s = p->sfu;
    if (p->n_subs == s->conf.max_subscribed || mid.n > SFU_MID_MAX)
        return NULL;
    if (p->down == NULL)
        sfu_down_open(p, now_us);
    if (p->n_subs == p->subs_cap)
        grow_subs(p);
    struct sfu_sub *u = xcalloc(1, sizeof *u);
    uint64_t r = rng_u64(&s->rng), q = rng_u64(&s->rng);
    struct sub_conf c = {
        .codec = is_video ? CODEC_VP8 : CODEC_OPUS, /* until there is a track */
        .ssrc = (uint32_t)r | 1,
        .rtx_ssrc = is_video ? (uint32_t)(r >> 32) & ~1u : 0, /* never the same */
        .first_seq = (uint16_t)q & 0x7FFF,
        .first_rtx_seq = (uint16_t)(q >> 16) & 0x7FFF,
        .first_timestamp = (uint32_t)(q >> 32),
    };
    str_copy(mid, u->mid, sizeof u->mid);
    u->peer = p;
    u->is_video = is_video;
    memset(u->pt, 255, sizeof u->pt);
    memset(u->rtx_pt, 255, sizeof u->rtx_pt);
    list_init(&u->of_pub);
    sub_init(&u->sub, &c);
    alloc_line_init(&u->share);
    u->left = (uint16_t)(c.first_seq - 1);
    u->at = (uint16_t)p->n_subs;
    p->subs[p->n_subs++] = u;
    p->room->stats.subscribed++;
    if (transport_out(p->transport) != NULL)
        add_ssrcs(u, transport_out(p->transport));
    return u;
}

void sfu_sub_free(struct sfu_sub *u)
{
    struct sfu_peer *p = u->peer;
    p->n_subs--; /* the last one */
    struct srtp *out = transport_out(p->transport);
    if (out != NULL) {
        srtp_end(out, u->sub.conf.ssrc);
        srtp_end(out, u->sub.conf.rtx_ssrc);
    }
    list_del(&u->of_pub);
    sub_free(&u->sub);
    xfree(u->copies);
    p->room->stats.subscribed--;
    xfree(u);
}

void sfu_bind(struct sfu_sub *u, struct sfu_pub *b)
{
    if (b == u->pub)
        return;
    sfu_stop(u);
    list_del(&u->of_pub);
    u->pub = NULL;
    struct alloc_line was = u->share;
    alloc_line_init(&u->share);
    alloc_line_wish(&u->share, was.priority, was.width, was.height);
    if (b == NULL || codec_is_video(b->codec) != u->is_video || u->pt[b->codec] == 255)
        return; /* nothing, or nothing that this line can carry */
    sub_detach(&u->sub, b->codec, u->pt[b->codec], u->rtx_pt[b->codec]);
    u->pub = b;
    list_push_back(&b->subs, &u->of_pub);
    sfu_aim(u);
}

/* ---- Choosing ---- */

void sfu_stop(struct sfu_sub *u)
{
    if (u->sub.current != SUB_NONE && u->left != (uint16_t)u->sub.out_highest) {
        u->peer->room->stats.too_late += pacer_drop(&u->peer->down->pacer, u->at);
        sub_unsend(&u->sub, (uint16_t)(u->left + 1));
    }
    sub_aim(&u->sub, SUB_NONE, 0, 0);
}

void sfu_aim(struct sfu_sub *u)
{
    const struct alloc_option *o = alloc_choice(&u->share);
    if (u->pub == NULL || u->pub->muted || !u->open || transport_out(u->peer->transport) == NULL ||
        (u->is_video && o == NULL)) {
        sfu_stop(u);
    } else if (u->is_video) {
        u->lowered = u->bps > o->bps;
        u->bps = o->bps;
        sub_aim(&u->sub, o->stream, o->spatial, o->temporal);
    } else {
        sub_aim(&u->sub, u->pub->in[0].begun ? 0 : SUB_NONE, SUB_ALL, SUB_ALL);
    }
    if (u->sub.target != SUB_NONE)
        sfu_keep_stream(&u->pub->streams[u->sub.target]);
}

void sfu_ask_key(struct sfu_sub *u, int64_t now_us)
{
    if (u->is_video && u->pub != NULL && sub_waits(&u->sub) && !sfu_replay(u, now_us))
        sfu_want_key(u->pub, (unsigned)u->sub.target, now_us);
}

/* ---- Packets ---- */

void sfu_forward(struct sfu_pub *b, int64_t now_us, unsigned stream, int64_t seq,
                 const struct rtp *r, const uint8_t *packet, const struct codec_packet *k,
                 bool is_kept)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next) {
        struct sfu_sub *u = container_of(it, struct sfu_sub, of_pub);
        struct sub_out o;
        uint64_t switches = u->sub.switches;
        if (sub_take(&u->sub, now_us, (int)stream, seq, r, packet + r->head, k, b->in, &o))
            sfu_leave(u, now_us, &o, r, packet, is_kept);
        u->peer->room->stats.switches += u->sub.switches - switches;
        if (k->begins && u->sub.current != (int)stream)
            sfu_look_for_stale(u, now_us);
        if (u->sub.needs_key)
            sfu_want_key(b, stream, now_us);
        u->sub.needs_key = false;
    }
}

struct sfu_sub *sfu_sub_of(struct sfu_peer *p, uint32_t ssrc)
{
    for (unsigned i = 0; i < p->n_subs; i++) {
        if (p->subs[i]->sub.conf.ssrc == ssrc)
            return p->subs[i];
    }
    return NULL;
}

const struct pktcache_packet *sfu_find_sent(const struct sfu_sub *u, const struct sub_sent *e,
                                            uint16_t seq, struct rtp *r, struct sub_out *o)
{
    struct sfu_reading m;
    if (u->pub == NULL || e->stream >= (int)u->pub->n)
        return NULL;
    const struct pktcache_packet *c =
        pktcache_get(&u->pub->streams[e->stream].cache, sub_sent_seq(e, &u->pub->in[e->stream]));
    if (c == NULL || rtp_parse(r, c->p, c->n) != RTP_OK ||
        !sfu_read(u->pub, (unsigned)e->stream, r, c->p, &m))
        return NULL;
    sub_render(&u->sub, e, seq, r, c->p + r->head, &m.k, o);
    return c;
}

void sfu_need_key(struct sfu_sub *u, int64_t now_us)
{
    if (u->pub != NULL && u->is_video && u->sub.current != SUB_NONE)
        sfu_want_key(u->pub, (unsigned)u->sub.current, now_us);
}

void sfu_take_pli(struct sfu_peer *p, int64_t now_us, uint32_t ssrc)
{
    struct sfu_sub *u = sfu_sub_of(p, ssrc);
    if (u == NULL || u->pub == NULL || !u->is_video)
        return;
    p->room->stats.key_frames_wanted++;
    sfu_need_key(u, now_us);
}
