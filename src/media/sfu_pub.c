/* What a peer sends: streams are told apart, kept, passed on. */
#include "media/sfu_int.h"

#include <string.h>

#include "base/util.h"

enum {
    FIRST_US = 250000, /* what is sent is known so soon */
    /* How long packets are kept that have left: a gap is seen with the next picture, and asked for more than once. */
    KEEP_MS = 300,
    KEEP_RTTS = 3,
    KEEP_WAITING_MS = 1000 /* where some wait to leave */
};

/* ---- Life ---- */

struct sfu_pub *sfu_pub_new(struct sfu_peer *p, uint64_t id, enum sfu_kind kind, enum codec codec,
                            struct str mid, unsigned streams)
{
    struct sfu *s = p->sfu;
    if (p->n_pubs == SFU_PUBLISHED_MAX || mid.n > SFU_MID_MAX)
        return NULL;
    struct sfu_pub *b = xcalloc(1, sizeof *b);
    b->id = id;
    b->peer = p;
    b->kind = kind;
    if (p->arrivals == NULL)
        p->arrivals = xcalloc(SFU_TWCC_MAX, sizeof *p->arrivals);
    b->codec = codec;
    b->pt = b->rtx_pt = b->red_pt = 255;
    b->asks = codec_is_video(codec);
    b->n = streams;
    b->streams = xcalloc(streams, sizeof *b->streams);
    b->in = xcalloc(streams, sizeof *b->in);
    str_copy(mid, b->mid, sizeof b->mid);
    list_init(&b->subs);
    bool video = codec_is_video(codec);
    for (unsigned i = 0; i < streams; i++) {
        recv_init(&b->in[i], 0, codec_clock(codec), b->asks);
        pktcache_init(&b->streams[i].cache, &s->memory, video ? SFU_VIDEO_SLOTS : SFU_SOUND_SLOTS);
        b->streams[i].key_asked_us = INT64_MIN / 2;
        if (codec_is_described(codec) && p->exts.id[RTP_EXT_DEPENDENCY] != 0)
            b->streams[i].dd = xcalloc(1, sizeof *b->streams[i].dd);
    }
    if (kind == SFU_MIC)
        b->is_ranked = speakers_add(&p->room->speakers, &b->speaker, b);
    p->pubs[p->n_pubs++] = b;
    list_push_back(&p->room->tracks, &b->in_room);
    hmap_insert(&s->tracks, &b->node, sfu_hash_id(s, id));
    p->room->stats.tracks++;
    return b;
}

void sfu_keep_stream(struct sfu_stream *st)
{
    if (!st->is_wanted)
        pktcache_keep(&st->cache, PKTCACHE_KEEP_MS);
    st->is_wanted = true;
}

void sfu_keep_longer(struct sfu_stream *st)
{
    st->waits = true;
    pktcache_keep(&st->cache, MAX_OF((unsigned)st->cache.keep_ms, (unsigned)KEEP_WAITING_MS));
}

void sfu_keep_enough(struct sfu_pub *b, int64_t now_us)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct sfu_stream *st = &b->streams[i];
        int64_t rtt_us = 0;
        st->is_wanted = false;
        LIST_FOREACH(it, &b->subs) {
            const struct sfu_sub *u = container_of(it, struct sfu_sub, of_pub);
            if (u->sub.current != (int)i && u->sub.target != (int)i)
                continue;
            st->is_wanted = true;
            rtt_us = MAX_OF(rtt_us, sfu_rtt_us(u->peer));
        }
        unsigned ms = KEEP_MS + KEEP_RTTS * (unsigned)(rtt_us / 1000);
        ms = MAX_OF(ms, st->waits ? (unsigned)KEEP_WAITING_MS : 0u);
        st->waits = false;
        pktcache_keep(&st->cache, ms);
        sfu_release_group(st, now_us);
        pktcache_age(&st->cache, now_us);
        pktcache_grow(&st->cache, (unsigned)(b->in[i].packets - st->packets) * 2 * ms / 1000);
        st->packets = b->in[i].packets;
    }
}

static void drop_sources(struct sfu_peer *p, const struct sfu_pub *b)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < p->n_sources; i++) {
        if (p->sources[i].pub != b)
            p->sources[kept++] = p->sources[i];
    }
    p->n_sources = kept;
    if (p->takes_ccfb)
        sfu_forget_arrivals(p); /* they have the places of sources */
}

void sfu_pub_free(struct sfu_pub *b)
{
    struct sfu_peer *p = b->peer;
    struct sfu *s = p->sfu;
    struct sfu_track t = {
        .id = b->id, .peer = p->id, .kind = b->kind, .codec = b->codec, .streams = b->n};
    struct list *first;
    while ((first = list_first(&b->subs)) != NULL)
        sfu_bind(container_of(first, struct sfu_sub, of_pub), NULL);
    if (b->is_ranked)
        speakers_remove(&p->room->speakers, &b->speaker);
    drop_sources(p, b);
    for (unsigned i = 0; i < p->n_pubs; i++) {
        if (p->pubs[i] == b)
            p->pubs[i] = p->pubs[--p->n_pubs];
    }
    for (unsigned i = 0; i < b->n; i++) {
        pktcache_free(&b->streams[i].cache);
        xfree(b->streams[i].dd);
    }
    list_del(&b->in_room);
    hmap_remove(&s->tracks, &b->node);
    p->room->stats.tracks--;
    xfree(b->streams);
    xfree(b->in);
    xfree(b);
    s->ops.track(s->ops.ctx, p->room->id, &t, false);
}

/* ---- Which stream a packet is of ---- */

void sfu_add_source(struct sfu_peer *p, uint32_t ssrc, struct sfu_pub *b, unsigned stream,
                    bool is_rtx)
{
    unsigned at = 0; /* the one that it has taken over from, if any */
    while (at < p->n_sources && !(p->sources[at].pub == b && p->sources[at].stream == stream &&
                                  p->sources[at].is_rtx == is_rtx))
        at++;
    if (at == SFU_SSRCS_MAX || stream >= b->n)
        return;
    if (p->takes_ccfb && at < p->n_sources)
        sfu_forget_arrivals(p);
    p->n_sources = MAX_OF(p->n_sources, at + 1);
    p->sources[at] =
        (struct sfu_source){.ssrc = ssrc, .pub = b, .stream = (uint8_t)stream, .is_rtx = is_rtx};
    if (is_rtx)
        b->streams[stream].rtx_ssrc = ssrc;
    else if (b->in[stream].ssrc != ssrc)
        recv_init(&b->in[stream], ssrc, codec_clock(b->codec), b->asks);
}

struct sfu_pub *sfu_pub_of(struct sfu_peer *p, struct str mid)
{
    for (unsigned i = 0; i < p->n_pubs; i++) {
        if (str_eq(mid, str_from(p->pubs[i]->mid)))
            return p->pubs[i];
    }
    return NULL;
}

static bool carries(const struct sfu_pub *b, unsigned pt)
{
    return pt == b->pt || pt == b->red_pt;
}

static const struct sfu_source *find_source(const struct sfu_peer *p, uint32_t ssrc)
{
    for (unsigned i = 0; i < p->n_sources; i++) {
        if (p->sources[i].ssrc == ssrc)
            return &p->sources[i];
    }
    return NULL;
}

/* Where nobody agreed on sending mids: the only line that has this payload type (RFC 9143 9.2), if it has one
 * stream of which nothing is known yet. */
static struct sfu_pub *pub_of_type(struct sfu_peer *p, unsigned pt)
{
    struct sfu_pub *found = NULL;
    for (unsigned i = 0; i < p->n_pubs; i++) {
        struct sfu_pub *b = p->pubs[i];
        if (!carries(b, pt) && pt != b->rtx_pt)
            continue;
        if (found != NULL || b->n != 1)
            return NULL;
        found = b;
    }
    if (found == NULL || p->exts.id[RTP_EXT_MID] != 0)
        return NULL;
    return (pt != found->rtx_pt ? found->in[0].ssrc : found->streams[0].rtx_ssrc) == 0 ? found
                                                                                       : NULL;
}

/* By the names in its extensions (RFC 9143 9.2, RFC 8852); a line with one stream needs no rid. */
static const struct sfu_source *learn(struct sfu_peer *p, const struct rtp *r,
                                      const uint8_t *packet)
{
    struct rtp_ext_set e;
    struct str mid, rid;
    rtp_ext_read(&e, &p->exts, r, packet);
    bool is_named = rtp_ext_text(&e.at[RTP_EXT_MID], &mid);
    struct sfu_pub *b = is_named ? sfu_pub_of(p, mid) : pub_of_type(p, r->pt);
    if (b == NULL)
        return NULL;
    bool is_rtx = r->pt == b->rtx_pt;
    if (!carries(b, r->pt) && !is_rtx)
        return NULL;
    enum rtp_ext_kind name = is_rtx ? RTP_EXT_REPAIRED_RID : RTP_EXT_RID;
    bool named = rtp_ext_text(&e.at[name], &rid);
    for (unsigned i = 0; i < b->n; i++) {
        bool fits = b->streams[i].rid[0] == '\0'
                        ? b->n == 1
                        : named && str_eq(rid, str_from(b->streams[i].rid));
        if (fits) {
            sfu_add_source(p, r->ssrc, b, i, is_rtx);
            return find_source(p, r->ssrc);
        }
    }
    return NULL;
}

static const struct sfu_source *source_of(struct sfu_peer *p, const struct rtp *r,
                                          const uint8_t *packet)
{
    const struct sfu_source *known = find_source(p, r->ssrc);
    return known != NULL ? known : learn(p, r, packet);
}

/* ---- Packets ---- */

/* RFC 4588 4: the number that was lost, then what was lost. The header moves up by those two bytes. false:
 * padding that probes, or nothing is known that it could repair. */
static bool unwrap(const struct sfu_source *src, uint8_t **bytes, size_t *n, struct rtp *r)
{
    const struct sfu_pub *b = src->pub;
    if (r->payload < 2 || b->in[src->stream].ssrc == 0)
        return false;
    uint16_t number = get_u16(*bytes + r->head);
    memmove(*bytes + 2, *bytes, r->head);
    *bytes += 2;
    *n -= 2;
    rtp_set_seq(*bytes, number);
    rtp_set_ssrc(*bytes, b->in[src->stream].ssrc);
    rtp_set_pt(*bytes, b->pt);
    return rtp_parse(r, *bytes, *n) == RTP_OK;
}

static void next_window(struct sfu_stream *st, uint64_t us)
{
    st->spatial = st->temporal = 0;
    for (unsigned i = 0; i < SFU_LAYERS; i++) {
        for (unsigned k = 0; k < SFU_LAYERS; k++) {
            uint32_t bps = (uint32_t)((uint64_t)st->bytes[i][k] * 8 * SFU_S / us);
            st->bps[i][k] = st->bps[i][k] != 0 && bps != 0 ? (st->bps[i][k] + bps) / 2 : bps;
            if (st->bytes[i][k] == 0)
                continue;
            st->spatial = MAX_OF(st->spatial, (uint8_t)i);
            st->temporal = MAX_OF(st->temporal, (uint8_t)k);
        }
    }
    memset(st->bytes, 0, sizeof st->bytes);
}

static void measure(struct sfu_stream *st, int64_t now_us, const struct codec_packet *k, size_t n)
{
    st->bytes[MIN_OF(k->spatial, SFU_LAYERS - 1)][MIN_OF(k->temporal, SFU_LAYERS - 1)] +=
        (uint32_t)n + SFU_OVERHEAD;
    if (k->width != 0) {
        st->width = k->width;
        st->height = k->height;
    }
    st->at_us = now_us;
    if (now_us - st->window_us < (st->is_measured ? SFU_S : FIRST_US))
        return;
    st->is_measured = st->window_us != 0;
    if (st->is_measured)
        next_window(st, (uint64_t)(now_us - st->window_us));
    st->window_us = now_us;
}

uint64_t sfu_rate(const struct sfu_stream *st, unsigned spatial, unsigned temporal)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SFU_LAYERS && i <= spatial; i++) {
        for (unsigned k = 0; k < SFU_LAYERS && k <= temporal; k++)
            sum += st->bps[i][k];
    }
    return sum;
}

/* A stream has begun, perhaps anew, under other numbers. It may begin with a key frame: nobody is asked for one
 * before that has been passed on. */
static void aim_again(struct sfu_pub *b, int64_t now_us, unsigned stream)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next) {
        struct sfu_sub *u = container_of(it, struct sfu_sub, of_pub);
        if (u->sub.current == (int)stream)
            sfu_stop(u);
        if (b->streams[stream].at_us == 0)
            sfu_share(u->peer, now_us);
        else
            sfu_aim(u);
    }
}

static void ask_again(struct sfu_pub *b, int64_t now_us)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next)
        sfu_ask_key(container_of(it, struct sfu_sub, of_pub), now_us);
}

void sfu_mute(struct sfu *s, int64_t now_us, uint64_t track, bool on)
{
    struct sfu_pub *b = sfu_find_track(s, track);
    if (b == NULL || b->muted == on)
        return;
    b->muted = on;
    for (unsigned i = 0; i < b->n; i++)
        b->streams[i].has_group = false; /* what is not passed on is not kept */
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next)
        sfu_aim(container_of(it, struct sfu_sub, of_pub));
    ask_again(b, now_us);
}

static void pass_over(struct sfu_pub *b, unsigned stream, int64_t seq)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next)
        sub_pass_over(&container_of(it, struct sfu_sub, of_pub)->sub, (int)stream, seq);
}

/* One of the loudest? And who dominates the room? */
static bool is_heard(struct sfu_pub *b, int64_t now_us, const struct rtp *r, const uint8_t *bytes)
{
    struct sfu_room *room = b->peer->room;
    struct sfu *s = b->peer->sfu;
    struct rtp_ext_set e;
    struct rtp_audio_level level = {.level = SPEAKER_UNKNOWN};
    if (!b->is_ranked)
        return true;
    rtp_ext_read(&e, &b->peer->exts, r, bytes);
    rtp_ext_audio_level(&e.at[RTP_EXT_AUDIO_LEVEL], &level);
    bool heard = speakers_level(&room->speakers, now_us, &b->speaker, level.level, level.voice);
    if (now_us - room->listened_us >= SFU_LISTEN_EVERY_US) {
        room->listened_us = now_us;
        if (speakers_tick(&room->speakers, now_us) && room->speakers.dominant != NULL) {
            const struct sfu_pub *who = room->speakers.dominant->owner;
            s->ops.speaker(s->ops.ctx, room->id, who->peer->id, who->id);
        }
    }
    return heard;
}

bool sfu_read(const struct sfu_pub *b, unsigned stream, const struct rtp *r, const uint8_t *packet,
              struct sfu_reading *out)
{
    const struct dd_structure *dd = b->streams[stream].dd;
    struct rtp_ext e;
    if (!codec_read(b->codec, packet + r->head, r->payload, &out->k))
        return false;
    if (dd != NULL && rtp_ext_find(&e, RTP_EXT_DEPENDENCY, &b->peer->exts, r, packet) &&
        dd_read(&out->dd, e.p, e.len, dd, &out->own))
        codec_describe(&out->k, &out->dd);
    return true;
}

/* The next packets refer to it. */
static void keep_structure(struct dd_structure *to, const struct dd_frame *f)
{
    if (f->has_structure)
        *to = *f->of;
    if (f->has_active)
        to->active = f->active;
}

/* To those who look or listen; what is nothing for them leaves no gap. */
static void pass_on(struct sfu_pub *b, int64_t now_us, unsigned i, int64_t seq, const struct rtp *r,
                    const uint8_t *bytes, size_t n)
{
    struct sfu_stream *st = &b->streams[i];
    struct sfu_reading m;
    bool is_padding = r->payload == 0; /* it probes */
    bool is_read = !is_padding && sfu_read(b, i, r, bytes, &m);
    b->peer->room->stats.malformed += !is_padding && !is_read;
    if (!is_read || b->muted || !is_heard(b, now_us, r, bytes)) {
        pass_over(b, i, seq);
        return;
    }
    const struct pktcache_packet *kept =
        st->is_wanted ? pktcache_put(&st->cache, seq, now_us, bytes, n) : NULL;
    b->peer->room->stats.lost_memory += st->is_wanted && kept == NULL;
    if (m.k.dd != NULL && seq == b->in[i].highest)
        keep_structure(st->dd, m.k.dd);
    if (m.k.key && codec_is_video(b->codec)) {
        st->wants_key = b->in[i].broken = false;
        st->key_tries = 0;
        recv_forget_before(&b->in[i], seq);
    }
    if (codec_is_video(b->codec))
        sfu_note_group(st, now_us, seq, r, &m.k, kept != NULL);
    measure(st, now_us, &m.k, n);
    sfu_forward(b, now_us, i, seq, r, kept != NULL ? kept->p : bytes, &m.k, kept != NULL);
}

/* Who only sends is told of no round trip by reports of ours; answers tell of it, too. */
static void take_answer(struct sfu_peer *p, struct recv *in, bool is_rtx)
{
    if (is_rtx && in->answer_us > 0 && !p->rtt_known)
        p->rtt_us += (in->answer_us - p->rtt_us) / 4;
    in->answer_us = 0;
}

void sfu_take_media(struct sfu_pub *b, int64_t now_us, unsigned i, const struct rtp *r,
                    const uint8_t *bytes, size_t n, bool is_rtx)
{
    int64_t seq;
    enum recv_verdict v = recv_packet(&b->in[i], now_us, r->seq, r->timestamp, n, &seq);
    if (v == RECV_REPEAT)
        return;
    take_answer(b->peer, &b->in[i], is_rtx);
    if (v == RECV_BEGIN) {
        b->streams[i].has_group = false;
        pktcache_clear(&b->streams[i].cache);
        aim_again(b, now_us, i);
    }
    if (b->peer->room->record != NULL && b->peer->agreed && !b->muted)
        sfu_record_packet(b, now_us, i, seq, r, bytes, v == RECV_BEGIN);
    pass_on(b, now_us, i, seq, r, bytes, n);
    if (v == RECV_BEGIN)
        ask_again(b, now_us);
}

void sfu_take_rtp(struct sfu_peer *p, int64_t now_us, uint8_t *bytes, size_t n)
{
    struct rtp r;
    struct sfu_stats *st = &p->room->stats;
    st->in_packets++;
    st->in_bytes += n;
    if (rtp_parse(&r, bytes, n) != RTP_OK) {
        st->malformed++;
        return;
    }
    sfu_note_arrival(p, now_us, &r, bytes);
    const struct sfu_source *src = source_of(p, &r, bytes);
    if (src == NULL) {
        st->unknown_ssrc++;
        return;
    }
    sfu_note_source(p, now_us, src, r.seq);
    if (src->is_rtx && !unwrap(src, &bytes, &n, &r))
        return;
    bool is_red = r.pt == src->pub->red_pt;
    if (!carries(src->pub, r.pt) ||
        (is_red && !sfu_take_red(src->pub, now_us, src->stream, &bytes, &n, &r))) {
        st->malformed++;
        return;
    }
    sfu_take_media(src->pub, now_us, src->stream, &r, bytes, n, src->is_rtx);
}
