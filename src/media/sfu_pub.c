/* What a peer sends: streams are told apart, kept, passed on; feedback about them goes back. */
#include "media/sfu_int.h"

#include <string.h>

#include "base/util.h"

enum { RTCP_MTU = 1200, ASK_MAX = 64, KEY_BACKOFF = 5 };

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
    b->codec = codec;
    b->n = streams;
    b->streams = xcalloc(streams, sizeof *b->streams);
    b->in = xcalloc(streams, sizeof *b->in);
    str_copy(mid, b->mid, sizeof b->mid);
    list_init(&b->subs);
    bool video = codec_is_video(codec);
    for (unsigned i = 0; i < streams; i++) {
        recv_init(&b->in[i], 0, codec_clock(codec), video);
        pktcache_init(&b->streams[i].cache, &s->memory, video ? SFU_VIDEO_SLOTS : SFU_SOUND_SLOTS);
        b->streams[i].key_asked_us = INT64_MIN / 2;
    }
    if (kind == SFU_MIC)
        b->is_ranked = speakers_add(&p->room->speakers, &b->speaker, b);
    p->pubs[p->n_pubs++] = b;
    list_push_back(&p->room->tracks, &b->in_room);
    hmap_insert(&s->tracks, &b->node, sfu_hash_id(s, id));
    s->stats.tracks++;
    return b;
}

static void drop_sources(struct sfu_peer *p, const struct sfu_pub *b)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < p->n_sources; i++) {
        if (p->sources[i].pub != b)
            p->sources[kept++] = p->sources[i];
    }
    p->n_sources = kept;
}

void sfu_pub_free(struct sfu_pub *b)
{
    struct sfu_peer *p = b->peer;
    struct sfu *s = p->sfu;
    struct sfu_track t = {
        .id = b->id, .peer = p->id, .kind = b->kind, .codec = b->codec, .streams = b->n};
    struct list *first;
    while ((first = list_first(&b->subs)) != NULL)
        sfu_bind(container_of(first, struct sfu_sub, of_pub), NULL, 0);
    if (b->is_ranked)
        speakers_remove(&p->room->speakers, &b->speaker);
    drop_sources(p, b);
    for (unsigned i = 0; i < p->n_pubs; i++) {
        if (p->pubs[i] == b)
            p->pubs[i] = p->pubs[--p->n_pubs];
    }
    for (unsigned i = 0; i < b->n; i++)
        pktcache_free(&b->streams[i].cache);
    list_del(&b->in_room);
    hmap_remove(&s->tracks, &b->node);
    s->stats.tracks--;
    xfree(b->streams);
    xfree(b->in);
    xfree(b);
    s->ops.track(s->ops.ctx, p->room->id, &t, false);
}

/* ---- Which stream a packet is of ---- */

void sfu_add_source(struct sfu_peer *p, uint32_t ssrc, struct sfu_pub *b, unsigned stream,
                    bool is_rtx)
{
    if (p->n_sources == SFU_SSRCS_MAX || stream >= b->n)
        return;
    p->sources[p->n_sources++] =
        (struct sfu_source){.ssrc = ssrc, .pub = b, .stream = (uint8_t)stream, .is_rtx = is_rtx};
    if (is_rtx)
        b->streams[stream].rtx_ssrc = ssrc;
    else if (b->in[stream].ssrc != ssrc)
        recv_init(&b->in[stream], ssrc, codec_clock(b->codec), codec_is_video(b->codec));
}

struct sfu_pub *sfu_pub_of(struct sfu_peer *p, struct str mid)
{
    for (unsigned i = 0; i < p->n_pubs; i++) {
        if (str_eq(mid, str_from(p->pubs[i]->mid)))
            return p->pubs[i];
    }
    return NULL;
}

/* By the names in its extensions (RFC 9143 9.2, RFC 8852); a line with one stream needs no rid. */
static const struct sfu_source *learn(struct sfu_peer *p, const struct rtp *r,
                                      const uint8_t *packet)
{
    struct rtp_ext_set e;
    struct str mid, rid;
    rtp_ext_read(&e, &p->exts, r, packet);
    struct sfu_pub *b = rtp_ext_text(&e.at[RTP_EXT_MID], &mid) ? sfu_pub_of(p, mid) : NULL;
    if (b == NULL)
        return NULL;
    bool is_rtx = r->pt == b->rtx_pt;
    if (r->pt != b->pt && !is_rtx)
        return NULL;
    enum rtp_ext_kind name = is_rtx ? RTP_EXT_REPAIRED_RID : RTP_EXT_RID;
    bool named = rtp_ext_text(&e.at[name], &rid);
    for (unsigned i = 0; i < b->n; i++) {
        bool fits = b->streams[i].rid[0] == '\0'
                        ? b->n == 1
                        : named && str_eq(rid, str_from(b->streams[i].rid));
        if (fits && p->n_sources < SFU_SSRCS_MAX) {
            sfu_add_source(p, r->ssrc, b, i, is_rtx);
            return &p->sources[p->n_sources - 1];
        }
    }
    return NULL;
}

static const struct sfu_source *source_of(struct sfu_peer *p, const struct rtp *r,
                                          const uint8_t *packet)
{
    for (unsigned i = 0; i < p->n_sources; i++) {
        if (p->sources[i].ssrc == r->ssrc)
            return &p->sources[i];
    }
    return learn(p, r, packet);
}

/* ---- Transport-wide congestion control: what came when ---- */

static void note_arrival(struct sfu_peer *p, int64_t now_us, const struct rtp *r,
                         const uint8_t *packet)
{
    struct rtp_ext_set e;
    uint16_t number;
    if (p->exts.id[RTP_EXT_TRANSPORT_CC] == 0 || p->n_arrivals == SFU_TWCC_MAX ||
        !rtp_ext_read(&e, &p->exts, r, packet) ||
        !rtp_ext_transport_cc(&e.at[RTP_EXT_TRANSPORT_CC], &number))
        return;
    int64_t seq = p->twcc_highest >= 0 ? rtp_seq_unwrap(p->twcc_highest, number) : 65536 + number;
    if (p->twcc_highest < 0)
        p->twcc_base = seq;
    if (p->n_arrivals == 0 && p->twcc_at_us == 0)
        p->twcc_at_us = now_us + SFU_TWCC_EVERY_US;
    p->twcc_highest = MAX_OF(p->twcc_highest, seq);
    unsigned i = p->n_arrivals++;
    for (; i > 0 && p->arrivals[i - 1].seq > seq; i--)
        p->arrivals[i] = p->arrivals[i - 1];
    p->arrivals[i] = (struct sfu_arrival){seq, now_us};
}

static void tell_arrivals(struct sfu_peer *p)
{
    static const unsigned most = 1024;
    int64_t at[1024];
    uint8_t mem[RTCP_MTU];
    struct rtcp_writer w;
    unsigned i = 0;
    rtcp_begin(&w, mem, sizeof mem);
    while (i < p->n_arrivals && p->arrivals[i].seq < p->twcc_base)
        i++; /* told of as lost already */
    while (i < p->n_arrivals) {
        int64_t base = p->twcc_base;
        if (p->arrivals[i].seq - base >= most)
            base = p->arrivals[i].seq; /* a hole that nobody can fill */
        unsigned n = 0;
        for (unsigned k = i; k < p->n_arrivals && p->arrivals[k].seq - base < most; k++) {
            while (n <= (unsigned)(p->arrivals[k].seq - base))
                at[n++] = RTCP_NOT_CAME;
            at[p->arrivals[k].seq - base] = p->arrivals[k].at_us;
        }
        unsigned told = rtcp_put_twcc(&w, p->own_ssrc, p->n_sources ? p->sources[0].ssrc : 0,
                                      p->twcc_count++, (uint16_t)base, at, n);
        sfu_send_rtcp(p, &w);
        if (told == 0)
            break;
        p->twcc_base = base + told;
        while (i < p->n_arrivals && p->arrivals[i].seq < p->twcc_base)
            i++;
    }
    p->n_arrivals = 0;
    p->twcc_at_us = 0;
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

static void measure(struct sfu_stream *st, int64_t now_us, size_t n)
{
    st->window_bytes += n;
    if (now_us - st->window_us < SFU_S)
        return;
    if (st->window_us != 0)
        st->bps = st->window_bytes * 8 * SFU_S / (uint64_t)(now_us - st->window_us);
    st->window_us = now_us;
    st->window_bytes = 0;
}

/* There is another stream to choose from. It may begin with a key frame: nobody is asked for one before
 * that has been passed on. */
static void aim_again(struct sfu_pub *b)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next)
        sfu_aim(container_of(it, struct sfu_sub, of_pub));
}

static void choose_again(struct sfu_pub *b, int64_t now_us)
{
    for (struct list *it = b->subs.next; it != &b->subs; it = it->next)
        sfu_choose(container_of(it, struct sfu_sub, of_pub), now_us);
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

/* To those who look or listen; what is nothing for them leaves no gap. */
static void pass_on(struct sfu_pub *b, int64_t now_us, unsigned i, int64_t seq, const struct rtp *r,
                    const uint8_t *bytes, size_t n)
{
    struct sfu_stream *st = &b->streams[i];
    struct codec_packet k;
    bool is_padding = r->payload == 0; /* it probes */
    bool is_read = !is_padding && codec_read(b->codec, bytes + r->head, r->payload, &k);
    b->peer->sfu->stats.malformed += !is_padding && !is_read;
    if (!is_read || !is_heard(b, now_us, r, bytes)) {
        pass_over(b, i, seq);
        return;
    }
    const struct pktcache_packet *kept = pktcache_put(&st->cache, seq, now_us, bytes, n);
    b->peer->sfu->stats.lost_memory += kept == NULL;
    if (k.key) {
        st->wants_key = b->in[i].broken = false;
        st->key_tries = 0;
        recv_forget_before(&b->in[i], seq);
    }
    measure(st, now_us, n);
    sfu_forward(b, now_us, i, seq, r, kept != NULL ? kept->p : bytes, &k);
}

static void take_media(struct sfu_pub *b, int64_t now_us, unsigned i, const struct rtp *r,
                       const uint8_t *bytes, size_t n)
{
    int64_t seq;
    enum recv_verdict v = recv_packet(&b->in[i], now_us, r->seq, r->timestamp, n, &seq);
    if (v == RECV_REPEAT)
        return;
    if (v == RECV_BEGIN)
        aim_again(b);
    pass_on(b, now_us, i, seq, r, bytes, n);
    if (v == RECV_BEGIN)
        choose_again(b, now_us);
}

void sfu_take_rtp(struct sfu_peer *p, int64_t now_us, uint8_t *bytes, size_t n)
{
    struct rtp r;
    struct sfu *s = p->sfu;
    s->stats.in_packets++;
    s->stats.in_bytes += n;
    if (rtp_parse(&r, bytes, n) != RTP_OK) {
        s->stats.malformed++;
        return;
    }
    note_arrival(p, now_us, &r, bytes);
    const struct sfu_source *src = source_of(p, &r, bytes);
    if (src == NULL) {
        s->stats.unknown_ssrc++;
        return;
    }
    if (src->is_rtx && !unwrap(src, &bytes, &n, &r))
        return;
    if (r.pt != src->pub->pt) {
        s->stats.malformed++;
        return;
    }
    take_media(src->pub, now_us, src->stream, &r, bytes, n);
}

/* ---- RTCP ---- */

/* Our clock minus theirs, the smallest that was seen lately: the network only adds to it. */
static void learn_skew(struct sfu_peer *p, uint64_t ours, uint64_t theirs)
{
    uint64_t skew = ours - theirs;
    int64_t step = (int64_t)(skew - p->skew);
    if (!p->has_skew || step < 0 || step > (int64_t)1 << 32)
        p->skew = skew; /* earlier than ever, or another clock */
    else
        p->skew += (uint64_t)(step / 64); /* clocks drift */
    p->has_skew = true;
}

static void take_sr(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_sr sr;
    if (!rtcp_read_sr(k, &sr))
        return;
    for (unsigned i = 0; i < p->n_sources; i++) {
        const struct sfu_source *src = &p->sources[i];
        if (src->ssrc != sr.ssrc || src->is_rtx)
            continue;
        recv_sender_report(&src->pub->in[src->stream], now_us, &sr);
        learn_skew(p, sfu_ntp(p->sfu, now_us), sr.ntp);
    }
}

static void take_reports(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_report r;
    int64_t rtt;
    for (unsigned i = 0; rtcp_read_report(k, i, &r); i++) {
        if (sfu_sub_of(p, r.ssrc) != NULL && rtcp_rtt_us(&r, sfu_ntp(p->sfu, now_us), &rtt))
            p->rtt_us += (MIN_OF(rtt, (int64_t)2 * SFU_S) - p->rtt_us) / 4;
    }
}

void sfu_take_rtcp(struct sfu_peer *p, int64_t now_us, const uint8_t *bytes, size_t n)
{
    struct rtcp_packet k;
    uint32_t sender, media;
    struct rtcp_fir fir;
    if (rtcp_check(bytes, n) != RTCP_OK) {
        p->sfu->stats.malformed++;
        return;
    }
    for (struct rtcp_iter it = rtcp_iter(bytes, n); rtcp_next(&it, &k);) {
        if (k.type == RTCP_SR)
            take_sr(p, now_us, &k);
        if (k.type == RTCP_SR || k.type == RTCP_RR)
            take_reports(p, now_us, &k);
        else if (rtcp_is_fb(&k, RTCP_RTPFB, RTCP_FMT_NACK))
            sfu_take_nack(p, now_us, &k);
        else if (rtcp_is_fb(&k, RTCP_PSFB, RTCP_FMT_PLI) && rtcp_read_pli(&k, &sender, &media))
            sfu_take_pli(p, now_us, media);
        else if (rtcp_is_fb(&k, RTCP_PSFB, RTCP_FMT_FIR) && rtcp_read_fir(&k, 0, &fir))
            sfu_take_pli(p, now_us, fir.ssrc);
    }
}

/* ---- Feedback ---- */

/* When it may be asked for again. Nobody is asked for ever at full pace: an encoder may have stopped. */
static int64_t key_due(const struct sfu_pub *b, unsigned stream)
{
    const struct sfu_stream *st = &b->streams[stream];
    int64_t pause = (int64_t)SFU_KEY_EVERY_US << (st->key_tries > 0 ? st->key_tries - 1 : 0);
    return b->in[stream].ssrc != 0 ? st->key_asked_us + pause : INT64_MAX;
}

void sfu_want_key(struct sfu_pub *b, unsigned stream, int64_t now_us)
{
    struct sfu_stream *st = &b->streams[stream];
    uint8_t mem[64];
    struct rtcp_writer w;
    st->wants_key = true;
    if (now_us < key_due(b, stream) || transport_out(b->peer->transport) == NULL)
        return; /* feedback comes back to it */
    st->key_asked_us = now_us;
    st->key_tries += st->key_tries < KEY_BACKOFF;
    rtcp_begin(&w, mem, sizeof mem);
    rtcp_put_pli(&w, b->peer->own_ssrc, b->in[stream].ssrc);
    sfu_send_rtcp(b->peer, &w);
    b->peer->sfu->stats.key_frames_asked++;
}

static void ask(struct sfu_peer *p, int64_t now_us, struct sfu_pub *b, unsigned i,
                struct rtcp_writer *w)
{
    uint16_t missing[ASK_MAX];
    unsigned n = recv_nack(&b->in[i], now_us, p->rtt_us, missing, ASK_MAX);
    if (n > 0)
        rtcp_put_nack(w, p->own_ssrc, b->in[i].ssrc, missing, n);
    p->sfu->stats.asked += n;
    if (b->in[i].broken && !list_empty(&b->subs))
        b->streams[i].wants_key = true;
    if (b->streams[i].wants_key)
        sfu_want_key(b, i, now_us);
}

static void report(struct sfu_peer *p, int64_t now_us, struct rtcp_writer *w)
{
    struct rtcp_report r[RTCP_REPORTS_MAX];
    unsigned n = 0;
    struct rtcp_sr sr;
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n && n < RTCP_REPORTS_MAX; k++) {
            if (p->pubs[i]->in[k].begun)
                recv_report(&p->pubs[i]->in[k], now_us, &r[n++]);
        }
    }
    if (n > 0)
        rtcp_put_rr(w, p->own_ssrc, r, n);
    for (unsigned i = 0; i < p->n_subs; i++) {
        const struct sfu_sub *u = p->subs[i];
        const struct sfu_peer *from = u->pub != NULL ? u->pub->peer : p;
        if (u->pub == NULL || u->sub.current == SUB_NONE ||
            !sub_report(&u->sub, now_us, sfu_ntp(p->sfu, now_us), &u->pub->in[u->sub.current],
                        from->has_skew, from->skew, &sr))
            continue;
        if (w->len + 64 > w->cap)
            sfu_send_rtcp(p, w);
        rtcp_put_sr(w, &sr, NULL, 0);
        rtcp_put_cname(w, sr.ssrc, str_from(p->cname));
    }
}

void sfu_feed_back(struct sfu_peer *p, int64_t now_us)
{
    uint8_t mem[RTCP_MTU];
    struct rtcp_writer w;
    if (transport_out(p->transport) == NULL)
        return;
    rtcp_begin(&w, mem, sizeof mem);
    if (now_us >= p->report_at_us) {
        p->report_at_us = now_us + SFU_REPORT_EVERY_US;
        report(p, now_us, &w);
    }
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n; k++)
            ask(p, now_us, p->pubs[i], k, &w);
    }
    sfu_send_rtcp(p, &w);
    if (p->n_arrivals > 0 && now_us >= p->twcc_at_us)
        tell_arrivals(p);
}

int64_t sfu_feedback_due(const struct sfu_peer *p)
{
    int64_t at = transport_state(p->transport) == TRANSPORT_OPEN ? p->report_at_us : INT64_MAX;
    if (at == INT64_MAX)
        return at;
    if (p->n_arrivals > 0)
        at = MIN_OF(at, p->twcc_at_us);
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n; k++) {
            const struct sfu_stream *st = &p->pubs[i]->streams[k];
            at = MIN_OF(at, recv_deadline(&p->pubs[i]->in[k]));
            if (st->wants_key)
                at = MIN_OF(at, key_due(p->pubs[i], k));
        }
    }
    return at;
}
