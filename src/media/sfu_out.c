/* Building, sealing and sending: the last steps of every packet. */
#include <string.h>

#include "base/util.h"
#include "media/sfu_int.h"

enum { HEAD_MAX = 256, PACKET_MAX = PKTCACHE_LARGE + HEAD_MAX + SRTP_TRAILER_MAX };

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

static size_t build_head(struct sfu_peer *p, int64_t now_us, const struct sub_out *o,
                         const struct rtp *r, const struct rtp_ext_map *from, const uint8_t *packet,
                         uint8_t head[HEAD_MAX])
{
    const uint32_t ours = 1u << RTP_EXT_MID | 1u << RTP_EXT_RID | 1u << RTP_EXT_REPAIRED_RID |
                          1u << RTP_EXT_ABS_SEND_TIME | 1u << RTP_EXT_TRANSPORT_CC;
    struct rtp out = {.timestamp = o->timestamp,
                      .ssrc = o->ssrc,
                      .seq = o->seq,
                      .pt = o->pt,
                      .marker = o->marker};
    struct rtp_ext_writer w;
    size_t n = rtp_put_head(head, HEAD_MAX, &out, NULL);
    bool two = rtp_ext_needs_two(from, &p->exts, ours, r, packet);
    rtp_ext_begin(&w, head, n, HEAD_MAX, two);
    if (p->exts.id[RTP_EXT_ABS_SEND_TIME] != 0)
        rtp_ext_put_abs_send_time(&w, p->exts.id[RTP_EXT_ABS_SEND_TIME], abs_send_time(now_us));
    if (p->exts.id[RTP_EXT_TRANSPORT_CC] != 0)
        rtp_ext_put_transport_cc(&w, p->exts.id[RTP_EXT_TRANSPORT_CC], p->twcc_out);
    rtp_ext_rebuild(&w, from, &p->exts, ours, r, packet);
    return rtp_ext_end(&w);
}

bool sfu_send(struct sfu_sub *u, int64_t now_us, const struct sub_out *o, const struct rtp *r,
              const uint8_t *packet)
{
    struct sfu_peer *p = u->peer;
    struct srtp *srtp = transport_out(p->transport);
    uint8_t head[HEAD_MAX];
    size_t n = 0;
    if (srtp == NULL || o->skip > r->payload)
        return false;
    size_t head_n = build_head(p, now_us, o, r, &u->pub->peer->exts, packet, head);
    struct srtp_parts parts = {
        .head = head,
        .front = o->front,
        .payload = packet + r->head + o->skip,
        .head_n = (uint16_t)head_n,
        .front_n = o->front_n,
        .payload_n = (uint16_t)(r->payload - o->skip),
    };
    uint8_t *to = slab(p->sfu);
    if (head_n == 0 || srtp_protect_to(srtp, to, PACKET_MAX, &parts, &n) != SRTP_OK)
        return false;
    p->sfu->out_n += n;
    p->twcc_out++;
    return transport_send(p->transport, to, n);
}

void sfu_send_rtcp(struct sfu_peer *p, struct rtcp_writer *w)
{
    if (w->len > 0)
        transport_send_rtcp(p->transport, w->p, w->len);
    rtcp_begin(w, w->p, w->cap);
}
