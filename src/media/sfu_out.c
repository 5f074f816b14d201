/* Building, sealing and sending: the last steps of every packet. */
#include <string.h>

#include "base/util.h"
#include "media/sfu_int.h"

enum { HEAD_MAX = 384, PACKET_MAX = PKTCACHE_LARGE + HEAD_MAX + SRTP_TRAILER_MAX };

/* Memory for one sealed packet, good until the flush. */
static uint8_t *slab(struct sfu *s)
{
    if (s->out_n + PACKET_MAX > s->conf.out_bytes) {
        s->ops.flush(s->ops.ctx);
        s->out_n = 0;
    }
    return s->out + s->out_n;
}

/* Seconds with 18 bits behind the point (rtp_ext.h). */
static uint32_t abs_send_time(int64_t now_us)
{
    return (uint32_t)(((uint64_t)now_us << 18) / 1000000) & 0xFFFFFF;
}

/* Descriptors are longer than the one-byte form holds where they bring a structure. */
static size_t write_descriptor(const struct sfu_peer *p, const struct sub_out *o,
                               const struct rtp *r, const struct rtp_ext_map *from,
                               const uint8_t *packet, uint8_t out[DD_MAX])
{
    struct rtp_ext e;
    if (!p->takes_dd || o->dd.targets == 0 ||
        !rtp_ext_find(&e, RTP_EXT_DEPENDENCY, from, r, packet))
        return 0;
    return dd_write(out, DD_MAX, e.p, &o->dd);
}

/* r NULL: nothing came, it is padding of ours. */
static size_t build_head(const struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                         const struct rtp *r, const struct rtp_ext_map *from, const uint8_t *packet,
                         uint8_t head[HEAD_MAX])
{
    const struct sfu_peer *p = u->peer;
    const uint32_t ours = 1u << RTP_EXT_MID | 1u << RTP_EXT_RID | 1u << RTP_EXT_REPAIRED_RID |
                          1u << RTP_EXT_ABS_SEND_TIME | 1u << RTP_EXT_TRANSPORT_CC |
                          1u << RTP_EXT_DEPENDENCY |
                          (uint32_t)u->hold.told << RTP_EXT_PLAYOUT_DELAY;
    uint8_t dd[DD_MAX], hold[HOLD_SIZE];
    size_t dd_n = write_descriptor(p, o, r, from, packet, dd);
    struct rtp out = {.timestamp = o->timestamp,
                      .ssrc = o->ssrc,
                      .seq = o->seq,
                      .pt = o->pt,
                      .marker = o->marker};
    struct rtp_ext_writer w;
    size_t n = rtp_put_head(head, HEAD_MAX, &out, NULL);
    bool two = dd_n > RTP_EXT_ONE_LEN_MAX ||
               (r != NULL ? rtp_ext_needs_two(from, &p->exts, ours, r, packet) : p->exts.high);
    rtp_ext_begin(&w, head, n, HEAD_MAX, two);
    if (p->exts.id[RTP_EXT_ABS_SEND_TIME] != 0)
        rtp_ext_put_abs_send_time(&w, p->exts.id[RTP_EXT_ABS_SEND_TIME], abs_send_time(now_us));
    if (p->exts.id[RTP_EXT_TRANSPORT_CC] != 0)
        rtp_ext_put_transport_cc(&w, p->exts.id[RTP_EXT_TRANSPORT_CC], p->twcc_out);
    if (u->hold.told && p->exts.id[RTP_EXT_PLAYOUT_DELAY] != 0) {
        hold_write(&u->hold, hold);
        rtp_ext_put(&w, p->exts.id[RTP_EXT_PLAYOUT_DELAY], hold, sizeof hold);
    }
    if (dd_n > 0)
        rtp_ext_put(&w, p->exts.id[RTP_EXT_DEPENDENCY], dd, dd_n);
    if (r != NULL)
        rtp_ext_rebuild(&w, from, &p->exts, ours, r, packet);
    return rtp_ext_end(&w);
}

/* Every packet that leaves has a number for the transport, whether the peer is told of it or not. */
static size_t seal(struct sfu_peer *p, int64_t now_us, const struct sub_out *o,
                   const struct srtp_parts *parts, uint8_t cluster)
{
    struct srtp *srtp = transport_out(p->transport);
    uint8_t *to = slab(p->sfu);
    size_t n = 0;
    if (srtp == NULL || parts->head_n == 0 ||
        srtp_protect_to(srtp, to, PACKET_MAX, parts, &n) != SRTP_OK)
        return 0;
    struct bwe_packet sent = {.ssrc = o->ssrc,
                              .number = p->twcc_out++,
                              .seq = o->seq,
                              .size = (uint16_t)(n + SFU_IP_UDP),
                              .cluster = cluster};
    p->sfu->out_n += n;
    bwe_sent(&p->down->bwe, now_us, &sent);
    return transport_send(p->transport, to, n) ? n : 0;
}

static size_t send_parts(struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                         const struct rtp *r, const uint8_t *packet, const uint8_t *front,
                         size_t front_n, uint8_t cluster)
{
    uint8_t head[HEAD_MAX];
    if (o->skip > r->payload || front_n + r->payload > PKTCACHE_LARGE)
        return 0;
    size_t head_n = build_head(u, now_us, o, r, &u->pub->peer->exts, packet, head);
    struct srtp_parts parts = {
        .head = head,
        .front = front,
        .payload = packet + r->head + o->skip,
        .head_n = (uint16_t)head_n,
        .front_n = (uint16_t)front_n,
        .payload_n = (uint16_t)(r->payload - o->skip),
    };
    return seal(u->peer, now_us, o, &parts, cluster);
}

size_t sfu_send(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
                const uint8_t *packet, uint8_t cluster)
{
    return send_parts(u, now_us, o, r, packet, o->front, o->front_n, cluster);
}

size_t sfu_send_behind(struct sfu_sub *u, int64_t now_us, const struct sub_out *o,
                       const struct rtp *r, const uint8_t *packet, const uint8_t *front, size_t n)
{
    return send_parts(u, now_us, o, r, packet, front, n, BWE_PROBE_NONE);
}

bool sfu_send_sealed(struct sfu_peer *p, const uint8_t *sealed, size_t n)
{
    uint8_t *to = slab(p->sfu);
    memcpy(to, sealed, n);
    p->sfu->out_n += n;
    return transport_send(p->transport, to, n);
}

size_t sfu_send_padding(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, uint8_t n,
                        uint8_t cluster)
{
    uint8_t head[HEAD_MAX];
    size_t head_n = build_head(u, now_us, o, NULL, NULL, NULL, head);
    struct srtp_parts parts = {
        .head = head, .front = head, .payload = head, .head_n = (uint16_t)head_n, .pad = n};
    return seal(u->peer, now_us, o, &parts, cluster);
}

void sfu_send_rtcp(struct sfu_peer *p, struct rtcp_writer *w)
{
    if (w->len > 0)
        transport_send_rtcp(p->transport, w->p, w->len);
    rtcp_begin(w, w->p, w->cap);
}
