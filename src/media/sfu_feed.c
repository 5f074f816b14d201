/* Feedback: what others tell us of ours, and what we tell publishers of theirs. */
#include "media/sfu_int.h"

#include "base/util.h"

enum { RTCP_MTU = 1200, ASK_MAX = 64, KEY_BACKOFF = 5, REMB_LEAST_BPS = 100000 };

/* ---- Transport-wide congestion control: what came when ---- */

void sfu_add_arrival(struct sfu_peer *p, int64_t now_us, int64_t seq)
{
    int64_t came_us = p->sfu->came_us;
    if (p->n_arrivals == 0 && p->twcc_at_us == 0)
        p->twcc_at_us = now_us + SFU_TWCC_EVERY_US;
    unsigned i = p->n_arrivals++;
    for (; i > 0 && p->arrivals[i - 1].seq > seq; i--)
        p->arrivals[i] = p->arrivals[i - 1];
    p->arrivals[i] = (struct sfu_arrival){seq, came_us != 0 ? came_us : now_us};
}

void sfu_forget_arrivals(struct sfu_peer *p)
{
    p->n_arrivals = 0;
    p->twcc_at_us = 0;
}

void sfu_note_arrival(struct sfu_peer *p, int64_t now_us, const struct rtp *r,
                      const uint8_t *packet)
{
    struct rtp_ext_set e;
    uint16_t number;
    if (p->exts.id[RTP_EXT_TRANSPORT_CC] == 0 || p->takes_ccfb || p->arrivals == NULL ||
        p->n_arrivals == SFU_TWCC_MAX || !rtp_ext_read(&e, &p->exts, r, packet) ||
        !rtp_ext_transport_cc(&e.at[RTP_EXT_TRANSPORT_CC], &number))
        return;
    int64_t seq = p->twcc_highest >= 0 ? rtp_seq_unwrap(p->twcc_highest, number) : 65536 + number;
    if (p->twcc_highest < 0)
        p->twcc_base = seq;
    p->twcc_highest = MAX_OF(p->twcc_highest, seq);
    sfu_add_arrival(p, now_us, seq);
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
    sfu_forget_arrivals(p);
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

static void take_rtt(struct sfu_peer *p, int64_t rtt_us)
{
    p->rtt_us = p->rtt_known ? p->rtt_us + (rtt_us - p->rtt_us) / 4 : rtt_us;
    p->rtt_known = true;
}

/* Reports of ours: the round trip, and how much is lost of the stream that has most packets. */
static void take_reports(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_report r;
    const struct sfu_sub *most = NULL;
    int64_t one, rtt = -1;
    unsigned fraction = 0;
    for (unsigned i = 0; rtcp_read_report(k, i, &r); i++) {
        const struct sfu_sub *u = sfu_sub_of(p, r.ssrc);
        if (u == NULL)
            continue;
        if (most == NULL || u->sub.packets > most->sub.packets) {
            most = u;
            fraction = r.fraction;
        }
        if (rtcp_rtt_us(&r, sfu_ntp(p->sfu, now_us), &one))
            rtt = MIN_OF(one, (int64_t)2 * SFU_S);
    }
    if (most == NULL)
        return;
    if (rtt >= 0)
        take_rtt(p, rtt);
    p->loss_down = fraction * 1000 / 256;
    bwe_report(&p->down->bwe, now_us, fraction, rtt);
    sfu_down_told(p, now_us);
}

/* What somebody who receives says of single packets, or of what there is room for. false: something else. */
static bool take_rate(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    struct rtcp_twcc t;
    struct rtcp_ccfb c;
    struct rtcp_remb m;
    if (p->down == NULL)
        return false;
    if (rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_TWCC) && rtcp_read_twcc(k, &t))
        bwe_twcc(&p->down->bwe, now_us, &t);
    else if (rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_CCFB) && rtcp_read_ccfb(k, &c))
        bwe_ccfb(&p->down->bwe, now_us, &c);
    else if (rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_AFB) && rtcp_read_remb(k, &m))
        bwe_remb(&p->down->bwe, now_us, m.bps);
    else
        return false;
    p->tells = p->tells || p->down->bwe.has_feedback;
    sfu_down_told(p, now_us);
    return true;
}

static void take_one(struct sfu_peer *p, int64_t now_us, const struct rtcp_packet *k)
{
    uint32_t sender, media;
    struct rtcp_fir fir;
    if (take_rate(p, now_us, k))
        return;
    if (k->type == RTCP_SR)
        take_sr(p, now_us, k);
    if (k->type == RTCP_SR || k->type == RTCP_RR)
        take_reports(p, now_us, k);
    else if (rtcp_is_fb(k, RTCP_RTPFB, RTCP_FMT_NACK))
        sfu_take_nack(p, now_us, k);
    else if (rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_PLI) && rtcp_read_pli(k, &sender, &media))
        sfu_take_pli(p, now_us, media);
    else if (rtcp_is_fb(k, RTCP_PSFB, RTCP_FMT_FIR) && rtcp_read_fir(k, 0, &fir))
        sfu_take_pli(p, now_us, fir.ssrc);
}

void sfu_take_rtcp(struct sfu_peer *p, int64_t now_us, const uint8_t *bytes, size_t n)
{
    struct rtcp_packet k;
    if (rtcp_check(bytes, n) != RTCP_OK) {
        p->room->stats.malformed++;
        return;
    }
    for (struct rtcp_iter it = rtcp_iter(bytes, n); rtcp_next(&it, &k);)
        take_one(p, now_us, &k);
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
    b->peer->room->stats.key_frames_asked++;
}

static void ask(struct sfu_peer *p, int64_t now_us, struct sfu_pub *b, unsigned i,
                struct rtcp_writer *w)
{
    uint16_t missing[ASK_MAX];
    unsigned n = recv_nack(&b->in[i], now_us, sfu_rtt_us(p), missing, ASK_MAX);
    if (n > 0)
        rtcp_put_nack(w, p->own_ssrc, b->in[i].ssrc, missing, n);
    p->room->stats.asked += n;
    if (b->in[i].broken && codec_is_video(b->codec) && !list_empty(&b->subs))
        b->streams[i].wants_key = true;
    if (b->streams[i].wants_key)
        sfu_want_key(b, i, now_us);
}

/* Of all that it has sent since the last reports: what is missing, and what did not come the first time. */
static void note_loss(struct sfu_peer *p)
{
    uint64_t expected = 0, came = 0, late = 0;
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n; k++) {
            const struct recv *in = &p->pubs[i]->in[k];
            expected += in->begun ? (uint64_t)(in->highest - in->base + 1) - in->expected_before
                                  : 0;
            came += in->received - in->received_before;
            late += in->late;
        }
    }
    uint64_t at_once = came - MIN_OF(came, late - MIN_OF(late, p->late_up));
    p->loss_up = expected > came ? (unsigned)((expected - came) * 1000 / expected) : 0;
    p->lost_up = expected > at_once ? (unsigned)((expected - at_once) * 1000 / expected) : 0;
    p->late_up = late;
}

static uint64_t rate_up(const struct sfu_peer *p)
{
    uint64_t bps = 0;
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n; k++)
            bps += sfu_rate(&p->pubs[i]->streams[k], SUB_ALL, SUB_ALL);
    }
    return bps;
}

/* For those who take nothing better (draft-alvestrand-rmcat-remb-03): what losses allow. */
static void limit(struct sfu_peer *p, struct rtcp_writer *w)
{
    uint32_t ssrcs[SFU_SSRCS_MAX];
    unsigned n = 0;
    uint64_t most = MAX_OF(2 * rate_up(p), (uint64_t)SFU_REMB_BPS);
    for (unsigned i = 0; i < p->n_sources; i++) {
        if (!p->sources[i].is_rtx)
            ssrcs[n++] = p->sources[i].ssrc;
    }
    if (!p->takes_remb || n == 0)
        return;
    if (p->lost_up > 100)
        p->remb_bps -= p->remb_bps * p->lost_up / 2000;
    else if (p->lost_up < 20)
        p->remb_bps = MIN_OF(p->remb_bps + p->remb_bps * 8 / 100, most);
    p->remb_bps = MAX_OF(p->remb_bps, (uint64_t)REMB_LEAST_BPS);
    rtcp_put_remb(w, p->own_ssrc, p->remb_bps, ssrcs, n);
}

static void report(struct sfu_peer *p, int64_t now_us, struct rtcp_writer *w)
{
    struct rtcp_report r[RTCP_REPORTS_MAX];
    unsigned n = 0;
    struct rtcp_sr sr;
    note_loss(p);
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n && n < RTCP_REPORTS_MAX; k++) {
            if (p->pubs[i]->in[k].begun)
                recv_report(&p->pubs[i]->in[k], now_us, &r[n++]);
        }
    }
    if (n > 0)
        rtcp_put_rr(w, p->own_ssrc, r, n);
    limit(p, w);
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
        for (unsigned i = 0; i < p->n_pubs; i++)
            sfu_keep_enough(p->pubs[i], now_us);
        report(p, now_us, &w);
    }
    for (unsigned i = 0; i < p->n_pubs; i++) {
        for (unsigned k = 0; k < p->pubs[i]->n; k++)
            ask(p, now_us, p->pubs[i], k, &w);
    }
    sfu_send_rtcp(p, &w);
    if (p->n_arrivals > 0 && now_us >= p->twcc_at_us && p->takes_ccfb)
        sfu_tell_sources(p, now_us);
    else if (p->n_arrivals > 0 && now_us >= p->twcc_at_us)
        tell_arrivals(p);
}

int64_t sfu_feedback_due(const struct sfu_peer *p)
{
    int64_t at = p->report_at_us;
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
