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
    for (unsigned i = 0; i < p->n_subs; i++)
        add_ssrcs(p->subs[i], out);
}

struct sfu_sub *sfu_sub_new(struct sfu_peer *p, struct str mid, bool is_video)
{
    struct sfu *s = p->sfu;
    if (p->n_subs == s->conf.max_subscribed || mid.n > SFU_MID_MAX)
        return NULL;
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
    p->subs[p->n_subs++] = u;
    p->room->stats.subscribed++;
    if (transport_out(p->transport) != NULL)
        add_ssrcs(u, transport_out(p->transport));
    return u;
}

void sfu_sub_free(struct sfu_sub *u)
{
    struct sfu_peer *p = u->peer;
    for (unsigned i = 0; i < p->n_subs; i++) {
        if (p->subs[i] == u)
            p->subs[i] = p->subs[--p->n_subs];
    }
    struct srtp *out = transport_out(p->transport);
    if (out != NULL) {
        srtp_end(out, u->sub.conf.ssrc);
        srtp_end(out, u->sub.conf.rtx_ssrc);
    }
    list_del(&u->of_pub);
    sub_free(&u->sub);
    p->room->stats.subscribed--;
    xfree(u);
}

void sfu_bind(struct sfu_sub *u, struct sfu_pub *b, int64_t now_us)
{
    if (b == u->pub) {
        sfu_choose(u, now_us);
        return;
    }
    list_del(&u->of_pub);
    u->pub = NULL;
    sub_aim(&u->sub, SUB_NONE, 0, 0);
    if (b == NULL || codec_is_video(b->codec) != u->is_video || u->pt[b->codec] == 255)
        return; /* nothing, or nothing that this line can carry */
    sub_detach(&u->sub, b->codec, u->pt[b->codec], u->rtx_pt[b->codec]);
    u->pub = b;
    list_push_back(&b->subs, &u->of_pub);
    sfu_choose(u, now_us);
}

/* ---- Choosing ---- */

/* The smallest stream that fills the size, by what its key frames say or else by what it takes. Until
 * streams are known in size, more bits are taken for more picture. */
static int best_stream(const struct sfu_sub *u)
{
    const struct sfu_pub *b = u->pub;
    int best = SUB_NONE;
    for (unsigned i = 0; i < b->n; i++) {
        if (!b->in[i].begun)
            continue;
        if (best == SUB_NONE || sfu_rate(&b->streams[i], SUB_ALL, SUB_ALL) >
                                    sfu_rate(&b->streams[best], SUB_ALL, SUB_ALL))
            best = (int)i;
    }
    return best;
}

void sfu_aim(struct sfu_sub *u)
{
    bool paused = u->pub == NULL || !u->open || (u->is_video && (u->width == 0 || u->height == 0));
    sub_aim(&u->sub, paused ? SUB_NONE : best_stream(u), SUB_ALL, SUB_ALL);
}

void sfu_choose(struct sfu_sub *u, int64_t now_us)
{
    sfu_aim(u);
    if (sub_waits(&u->sub) && u->is_video)
        sfu_want_key(u->pub, (unsigned)u->sub.target, now_us);
}

/* ---- Packets ---- */

void sfu_forward(struct sfu_pub *b, int64_t now_us, unsigned stream, int64_t seq,
                 const struct rtp *r, const uint8_t *packet, const struct codec_packet *k)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next) {
        struct sfu_sub *u = container_of(it, struct sfu_sub, of_pub);
        struct sub_out o;
        uint64_t switches = u->sub.switches;
        if (sub_take(&u->sub, now_us, (int)stream, seq, r, packet + r->head, k, b->in, &o))
            sfu_send(u, now_us, &o, r, packet);
        u->peer->room->stats.switches += u->sub.switches - switches;
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

static void send_again(struct sfu_sub *u, int64_t now_us, uint16_t seq)
{
    const struct sub_sent *e = sub_find(&u->sub, now_us, seq, u->peer->rtt_us);
    struct codec_packet k;
    struct sub_out o;
    struct rtp r;
    if (e == NULL || u->pub == NULL || e->stream >= (int)u->pub->n)
        return;
    const struct sfu_stream *st = &u->pub->streams[e->stream];
    const struct pktcache_packet *c =
        pktcache_get(&st->cache, sub_sent_seq(e, &u->pub->in[e->stream]));
    if (c == NULL || rtp_parse(&r, c->p, c->n) != RTP_OK ||
        !codec_read(u->pub->codec, c->p + r.head, r.payload, &k))
        return;
    sub_render(&u->sub, e, seq, &r, c->p + r.head, &k, &o);
    if (sub_wrap(&u->sub, &o) && sfu_send(u, now_us, &o, &r, c->p))
        u->peer->room->stats.again++;
}

void sfu_take_nack(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_nack_iter it;
    uint16_t seq;
    if (!rtcp_read_nack(k, &it))
        return;
    struct sfu_sub *u = sfu_sub_of(p, it.media);
    while (u != NULL && rtcp_nack_next(&it, &seq)) {
        p->room->stats.nacked++;
        send_again(u, now_us, seq);
    }
}

void sfu_take_pli(struct sfu_peer *p, int64_t now_us, uint32_t ssrc)
{
    struct sfu_sub *u = sfu_sub_of(p, ssrc);
    if (u == NULL || u->pub == NULL || !u->is_video)
        return;
    p->room->stats.key_frames_wanted++;
    if (u->sub.current != SUB_NONE)
        sfu_want_key(u->pub, (unsigned)u->sub.current, now_us);
}
