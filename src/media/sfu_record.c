/* What recordings get of a room: a copy of each packet's head, and its payload where it lies. */
#include "media/sfu_int.h"
#include "msg/rec_msg.h"

void sfu_record_packet(const struct sfu_pub *b, int64_t now_us, unsigned stream, int64_t seq,
                       const struct rtp *r, const uint8_t *bytes, bool begins)
{
    const struct sfu_room *room = b->peer->room;
    const struct recv *in = &b->in[stream];
    unsigned flags = (r->marker ? REC_MARKER : 0) | (begins ? REC_BEGINS : 0) |
                     (b->peer->has_skew ? REC_HAS_SKEW : 0);
    const struct rec_head h = {.track = b->id,
                               .peer = b->peer->id,
                               .seq = seq,
                               .at_us = now_us,
                               .sr_ntp = in->sr_ntp,
                               .skew = b->peer->skew,
                               .sr_timestamp = in->sr_timestamp,
                               .timestamp = r->timestamp,
                               .n = (uint16_t)r->payload,
                               .kind = (uint8_t)b->kind,
                               .codec = (uint8_t)b->codec,
                               .stream = (uint8_t)stream,
                               .flags = (uint8_t)flags};
    room->record(room->record_ctx, room->id, &h, bytes + r->head);
}

bool sfu_record(struct sfu *s, int64_t now_us, uint64_t room, sfu_record_fn *fn, void *ctx)
{
    struct sfu_room *r = sfu_find_room(s, room);
    (void)now_us;
    if (r == NULL)
        return false;
    r->record = fn;
    r->record_ctx = ctx;
    for (struct list *it = r->peers.next; it != &r->peers; it = it->next)
        container_of(it, struct sfu_peer, in_room)->agreed = false;
    return true;
}

void sfu_agree(struct sfu *s, int64_t now_us, uint64_t peer, bool on)
{
    struct sfu_peer *p = sfu_find_peer(s, peer);
    if (p == NULL || p->agreed == on)
        return;
    p->agreed = on;
    for (unsigned i = 0; on && i < p->n_pubs; i++)
        for (unsigned k = 0; codec_is_video(p->pubs[i]->codec) && k < p->pubs[i]->n; k++)
            sfu_want_key(p->pubs[i], k, now_us);
}

void sfu_key(struct sfu *s, int64_t now_us, uint64_t track, unsigned stream)
{
    struct sfu_pub *b = sfu_find_track(s, track);
    if (b != NULL && stream < b->n && codec_is_video(b->codec))
        sfu_want_key(b, stream, now_us);
}
