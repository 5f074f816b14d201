/* Sound that survives losses: what comes with redundancy is taken apart, so that all that is kept, recorded and passed on
 * is plain; who loses packets gets the last ones once more, with the next one. */
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "media/sfu_int.h"

enum {
    MORE = 2, /* older packets that go along, at most */
    RED_HEAD = 4,
    RED_BACK_MAX = 0x3FFF, /* RFC 2198 3: ticks, and ... */
    RED_LEN_MAX = 0x3FF,   /* ... bytes of an older block */
    RED_MAX = 1000,        /* heads and older blocks */
    COPY_MAX = 500,        /* bytes of a sealed packet that is kept */
    COPY_LATE_US = 200000, /* what left before that is too late to be heard */
    HOLD_US = 30000000,    /* since it was last needed */
    CALM_US =
        2000000, /* so long no queue has grown: there is room for sound, whatever is known of it */
    CROWDED_US = 60000000, /* if that was wrong */
    MEMORY = 8             /* looks that a loss is remembered for, about */
};
/* Shares of what is sent; what the sound may take of the estimate. */
static const double SOME_LOST = 0.005, MUCH_LOST = 0.02, ROOM = 0.8;

/* The last packets of a line as they left: the same number must never be sealed again with other bytes, but the same bytes
 * may be sent as often as one likes; whoever has had them already passes them over (RFC 3711 3.3.2). */
struct sfu_copies {
    struct {
        int64_t at_us;
        size_t n; /* 0: none */
        uint8_t bytes[COPY_MAX];
    } at[MORE + 1]; /* a ring */
    unsigned newest;
};

/* ---- How much is needed ---- */

static bool is_calm(const struct sfu_down *d, int64_t now_us)
{
    return now_us - d->bwe.calm_us > CALM_US;
}

/* What is lost on the way to the peer, of what it tells of: by chance, not since a queue is full. */
static double share_lost(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    const struct bwe_stats *st = &d->bwe.stats;
    if (!d->bwe.has_feedback)
        return p->loss_down / 1000.0;
    double lost = (double)(st->lost - MIN_OF(st->lost, d->lost_before));
    double came = (double)(st->came - MIN_OF(st->came, d->came_before));
    d->lost_before = st->lost;
    d->came_before = st->came;
    if (is_calm(d, now_us)) {
        d->lost += lost - d->lost / MEMORY;
        d->told += lost + came - d->told / MEMORY;
    }
    return d->told > 0 ? d->lost / d->told : 0;
}

/* Without what goes along, which takes about as much again. */
static double plain_bps(const struct sfu_peer *p)
{
    double bps = 0;
    for (unsigned i = 0; i < p->n_subs; i++) {
        const struct sfu_sub *u = p->subs[i];
        if (!u->is_video && u->open && u->pub != NULL)
            bps += (double)sfu_rate(&u->pub->streams[0], SUB_ALL, SUB_ALL);
    }
    return bps;
}

double sfu_sound_bps(const struct sfu_peer *p, unsigned along)
{
    return plain_bps(p) * (1 + along);
}

/* Lines whose browsers take no redundancy have their packets kept. */
static void keep_copies(struct sfu_sub *u, bool on)
{
    on = on && !u->is_video && u->open && u->red_pt == 0;
    if (on && u->copies == NULL) {
        u->copies = xcalloc(1, sizeof *u->copies);
    } else if (!on) {
        xfree(u->copies);
        u->copies = NULL;
    }
}

static unsigned needed(double lost)
{
    return lost >= MUCH_LOST ? MORE : lost >= SOME_LOST ? 1 : 0;
}

/* What fits into the estimate; more, one after the other, where that is low only since little is sent. */
static unsigned allowed(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    unsigned fits = d->guard;
    while (fits > 0 && sfu_sound_bps(p, fits) > ROOM * bwe_bps(&d->bwe))
        fits--;
    if (d->along > fits && !is_calm(d, now_us))
        d->crowded_us = now_us + CROWDED_US;
    if (!is_calm(d, now_us) || now_us < d->crowded_us)
        return fits;
    return MAX_OF(fits, MIN_OF((unsigned)d->guard, d->along + 1u));
}

void sfu_guard(struct sfu_peer *p, int64_t now_us)
{
    struct sfu_down *d = p->down;
    unsigned n = needed(share_lost(p, now_us));
    if (n >= d->guard || now_us - d->guard_us > HOLD_US) {
        d->guard = (uint8_t)n;
        d->guard_us = now_us;
    }
    d->along = (uint8_t)allowed(p, now_us);
    for (unsigned i = 0; i < p->n_subs; i++)
        keep_copies(p->subs[i], d->along > 0);
}

/* ---- Redundancy that comes (RFC 2198) ---- */

/* The packet that was lost, under the head of the one that has brought it. */
static void take_older(struct sfu_pub *b, int64_t now_us, unsigned stream, const struct rtp *r,
                       const uint8_t *bytes, uint16_t seq, const struct codec_block *block)
{
    uint8_t packet[RTP_PACKET_MAX];
    struct rtp old;
    size_t n = r->head + block->bytes.n; /* less than what it came in */
    memcpy(packet, bytes, r->head);
    memcpy(packet + r->head, block->bytes.p, block->bytes.n);
    rtp_set_seq(packet, seq);
    rtp_set_timestamp(packet, r->timestamp - block->back);
    rtp_set_pt(packet, b->pt);
    rtp_set_marker(packet, false);
    rtp_set_padding_bit(packet, false);
    if (block->bytes.n == 0 || rtp_parse(&old, packet, n) != RTP_OK)
        return;
    b->peer->room->stats.restored++;
    sfu_take_media(b, now_us, stream, &old, packet, n, false);
}

bool sfu_take_red(struct sfu_pub *b, int64_t now_us, unsigned stream, uint8_t **bytes, size_t *n,
                  struct rtp *r)
{
    struct codec_block blocks[CODEC_RED_MAX];
    if (r->payload == 0) /* padding */
        return true;
    unsigned older = codec_read_red(*bytes + r->head, r->payload, blocks);
    if (older == 0 || blocks[0].pt != b->pt)
        return false;
    while (--older > 0) {
        uint16_t seq = (uint16_t)(r->seq - older);
        if (blocks[older].pt == b->pt && recv_lacks(&b->in[stream], seq))
            take_older(b, now_us, stream, r, *bytes, seq, &blocks[older]);
    }
    size_t before = r->payload - blocks[0].bytes.n;
    memmove(*bytes + before, *bytes, r->head);
    *bytes += before;
    *n -= before;
    rtp_set_pt(*bytes, b->pt);
    return rtp_parse(r, *bytes, *n) == RTP_OK;
}

/* ---- Redundancy that leaves (RFC 2198) ---- */

struct block {
    const uint8_t *p;
    unsigned n, back;
};

/* The packet with that number, as an older block of r. */
static bool find_block(const struct sfu_pub *b, int64_t seq, const struct rtp *r, struct block *out)
{
    const struct pktcache_packet *c = pktcache_get(&b->streams[0].cache, seq);
    struct rtp old;
    if (c == NULL || rtp_parse(&old, c->p, c->n) != RTP_OK)
        return false;
    *out = (struct block){c->p + old.head, (unsigned)old.payload, r->timestamp - old.timestamp};
    return out->n > 0 && out->n <= RED_LEN_MAX && out->back > 0 && out->back <= RED_BACK_MAX;
}

/* Heads and older blocks, oldest first; how many bytes, 0: there is nothing to send along. */
static size_t put_older(const struct sfu_sub *u, const struct sub_out *o, const struct rtp *r,
                        unsigned most, uint8_t out[RED_MAX])
{
    struct block found[MORE];
    unsigned n = 0;
    size_t heads = 1, bytes = 0;
    for (unsigned i = 1; i <= most && n < MORE; i++) {
        if (!find_block(u->pub, o->in_seq - (int64_t)i, r, &found[n]) ||
            heads + RED_HEAD + bytes + found[n].n > RED_MAX)
            continue;
        heads += RED_HEAD;
        bytes += found[n++].n;
    }
    if (n == 0)
        return 0;
    uint8_t *head = out, *block = out + heads;
    while (n-- > 0) {
        set_u32(head, (0x80u | u->sub.conf.pt) << 24 | found[n].back << 10 | found[n].n);
        memcpy(block, found[n].p, found[n].n);
        head += RED_HEAD;
        block += found[n].n;
    }
    *head = u->sub.conf.pt;
    return heads + bytes;
}

/* With older blocks; false: there are none. */
static bool send_red(struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                     const struct rtp *r, const uint8_t *packet)
{
    struct sfu_peer *p = u->peer;
    struct sub_out red = *o;
    uint8_t older[RED_MAX];
    size_t n = u->sub.conf.codec == CODEC_OPUS ? put_older(u, o, r, p->down->along, older) : 0;
    if (n == 0)
        return false;
    red.pt = u->red_pt;
    size_t sent = sfu_send_behind(u, now_us, &red, r, packet, older, n);
    pacer_spent_more(&p->down->pacer, (unsigned)n);
    p->room->stats.along += sent > 0;
    p->room->stats.along_bytes += sent > 0 ? n : 0;
    return true;
}

/* ---- Copies ---- */

static void send_copies(struct sfu_sub *u, int64_t now_us)
{
    struct sfu_peer *p = u->peer;
    const struct sfu_copies *c = u->copies;
    for (unsigned i = 1; i <= p->down->along; i++) {
        unsigned at = (c->newest + MORE + 1 - i) % (MORE + 1);
        size_t n = c->at[at].n;
        if (n == 0 || now_us - c->at[at].at_us > COPY_LATE_US ||
            !sfu_send_sealed(p, c->at[at].bytes, n))
            continue;
        pacer_spent_more(&p->down->pacer, (unsigned)n);
        p->room->stats.along++;
        p->room->stats.along_bytes += n;
    }
}

/* What lies last in the slabs. */
static void keep_copy(struct sfu_copies *c, int64_t now_us, const struct sfu *s, size_t n)
{
    c->newest = (c->newest + 1) % (MORE + 1);
    c->at[c->newest].n = n <= COPY_MAX ? n : 0;
    c->at[c->newest].at_us = now_us;
    memcpy(c->at[c->newest].bytes, s->out + s->out_n - n, c->at[c->newest].n);
}

void sfu_send_sound(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
                    const uint8_t *packet)
{
    if (u->peer->down->along > 0 && u->red_pt != 0 && send_red(u, now_us, o, r, packet))
        return;
    size_t n = sfu_send(u, now_us, o, r, packet, BWE_PROBE_NONE);
    if (n == 0 || u->copies == NULL)
        return;
    keep_copy(u->copies, now_us, u->peer->sfu, n);
    send_copies(u, now_us);
}
