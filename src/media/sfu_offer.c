/* Offers: what becomes of each line, and the answer. */
#include <stdio.h>
#include <string.h>

#include "base/code.h"
#include "base/util.h"
#include "media/sfu_int.h"

/* ---- Codecs ---- */

static enum codec codec_of(const struct sdp_codec *c)
{
    static const enum codec map[SDP_CODEC_NAMES] = {
        [SDP_OPUS] = CODEC_OPUS, [SDP_PCMU] = CODEC_PCMU, [SDP_PCMA] = CODEC_PCMA,
        [SDP_VP8] = CODEC_VP8,   [SDP_VP9] = CODEC_VP9,   [SDP_H264] = CODEC_H264,
        [SDP_AV1] = CODEC_AV1,
    };
    return c->name < SDP_CODEC_NAMES ? map[c->name] : CODEC_NONE;
}

static bool is_zero(struct str value)
{
    return value.n == 0 || str_eq(value, STR("0"));
}

/* RFC 6184 8.1, table 5: baseline that keeps to what main has, too. `loosely`: any baseline, as encoders have never
 * made the rest of it, and single NAL units, which everybody takes. */
static bool is_plain_h264(const struct sdp_codec *c, bool loosely)
{
    struct str level = sdp_param(c->fmtp, STR("profile-level-id"));
    uint8_t bytes[3] = {0x42, 0x00, 0x0A};
    size_t n;
    if (level.n > 0 && (!hex_decode(bytes, sizeof bytes, &n, level) || n != sizeof bytes))
        return false;
    if (bytes[0] != 0x42)
        return false;
    return loosely ||
           ((bytes[1] & 0x40) && str_eq(sdp_param(c->fmtp, STR("packetization-mode")), STR("1")));
}

/* Profiles that every receiver of the codec decodes: what one publishes has to suit all. */
static bool is_common(const struct sdp_codec *c, bool loosely)
{
    switch (codec_of(c)) {
    case CODEC_NONE: return false;
    case CODEC_H264: return is_plain_h264(c, loosely);
    case CODEC_VP9: return is_zero(sdp_param(c->fmtp, STR("profile-id")));
    case CODEC_AV1: return is_zero(sdp_param(c->fmtp, STR("profile")));
    default: return true;
    }
}

static int look_for(const struct sdp_media *m, enum codec codec, bool loosely)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (codec_of(&m->codecs[i]) == codec && is_common(&m->codecs[i], loosely))
            return (int)i;
    }
    return -1;
}

/* What somebody sends need not be all that receivers have to be able to take. */
static int find_codec(const struct sdp_media *m, enum codec codec)
{
    int i = look_for(m, codec, false);
    return i >= 0 || !(m->direction & SDP_SENDS) ? i : look_for(m, codec, true);
}

static int best_codec(const struct sfu *s, const struct sdp_media *m)
{
    static const enum codec sound[] = {CODEC_OPUS, CODEC_PCMU, CODEC_PCMA};
    bool video = m->kind == SDP_VIDEO;
    const enum codec *list = video ? s->conf.preference : sound;
    int best = -1;
    for (unsigned i = 0; best < 0 && i < (video ? SFU_PREFERENCES : ARRAY_LEN(sound)); i++)
        best = list[i] != CODEC_NONE ? find_codec(m, list[i]) : -1;
    return best;
}

/* Sound with redundancy of that codec (RFC 2198), or -1. */
static int red_of(const struct sdp_media *m, int codec)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (m->codecs[i].name == SDP_RED && m->codecs[i].apt == m->codecs[codec].pt)
            return (int)i;
    }
    return -1;
}

static uint64_t with_rtx(const struct sdp_media *m, int i)
{
    int rtx = sdp_rtx_of(m, (unsigned)i), red = red_of(m, i);
    return 1ull << i | (rtx >= 0 ? 1ull << rtx : 0) | (red >= 0 ? 1ull << red : 0);
}

/* ---- Lines ---- */

struct offer {
    struct sfu *s;
    struct sfu_peer *p;
    const struct sfu_offer *o;
    const struct sdp *sdp;
    int64_t now_us;
    struct sdp_line lines[SDP_LINES_MAX];
    char names[SDP_LINES_MAX][2][24]; /* msid of what is given */
};

static const struct sfu_line *said_of(const struct sfu_offer *o, struct str mid)
{
    for (unsigned i = 0; i < o->n_lines; i++) {
        if (str_eq(o->lines[i].mid, mid))
            return &o->lines[i];
    }
    return NULL;
}

static struct sfu_sub *sub_of(struct sfu_peer *p, struct str mid)
{
    for (unsigned i = 0; i < p->n_subs; i++) {
        if (str_eq(mid, str_from(p->subs[i]->mid)))
            return p->subs[i];
    }
    return NULL;
}

static void tell_track(struct sfu_pub *b)
{
    struct sfu *s = b->peer->sfu;
    struct sfu_track t = {
        .id = b->id, .peer = b->peer->id, .kind = b->kind, .codec = b->codec, .streams = b->n};
    s->ops.track(s->ops.ctx, b->peer->room->id, &t, true);
}

static struct sfu_pub *publish(struct offer *f, const struct sdp_media *m,
                               const struct sfu_line *said, int codec)
{
    const struct sdp_codec *c = &m->codecs[codec];
    int rtx = sdp_rtx_of(m, (unsigned)codec), red = red_of(m, codec);
    if (sfu_find_track(f->s, said->track) != NULL)
        return NULL;
    struct sfu_pub *b =
        sfu_pub_new(f->p, said->track, said->kind, codec_of(c), m->mid, m->n_streams);
    if (b == NULL)
        return NULL;
    b->pt = c->pt;
    b->rtx_pt = rtx >= 0 ? m->codecs[rtx].pt : 255;
    b->red_pt = red >= 0 ? m->codecs[red].pt : 255;
    b->asks |= c->feedback & SDP_FB_NACK;
    for (unsigned i = 0; i < b->n; i++)
        b->in[i].asks = b->asks;
    for (unsigned i = 0; i < m->n_streams; i++) {
        const struct sdp_stream *st = &m->streams[i];
        str_copy(st->rid, b->streams[i].rid, sizeof b->streams[i].rid);
        if (st->ssrc != 0)
            sfu_add_source(f->p, st->ssrc, b, i, false);
        if (st->rtx != 0)
            sfu_add_source(f->p, st->rtx, b, i, true);
    }
    tell_track(b);
    return b;
}

/* A line on which the client sends. */
static void take_line(struct offer *f, unsigned i, const struct sfu_line *said)
{
    const struct sdp_media *m = &f->sdp->lines[i];
    struct sfu_pub *b = sfu_pub_of(f->p, m->mid);
    int codec = best_codec(f->s, m);
    if (b != NULL && b->id != said->track) {
        sfu_pub_free(b);
        b = NULL;
    }
    if (codec < 0 || (b == NULL && publish(f, m, said, codec) == NULL))
        return;
    f->lines[i].action = SDP_TAKE;
    f->lines[i].codecs = with_rtx(m, codec);
    f->lines[i].first = (unsigned)(red_of(m, codec) >= 0 ? red_of(m, codec) : codec);
    f->lines[i].streams = (1u << m->n_streams) - 1;
}

/* Sound and picture on lines of the same place among their kind are one stream, whose parts browsers play in time with
 * each other: who aims lines puts there what belongs together. */
static void name_line(struct offer *f, unsigned i, const struct sfu_sub *u)
{
    char *stream = f->names[i][0], *track = f->names[i][1];
    unsigned place = 0;
    for (unsigned k = 0; k < i; k++)
        place += f->lines[k].action == SDP_GIVE && f->sdp->lines[k].kind == f->sdp->lines[i].kind;
    snprintf(stream, sizeof f->names[i][0], "place%u", place);
    b32_encode(track, (uint64_t)u->sub.conf.ssrc);
    f->lines[i].stream = str_from(stream);
    f->lines[i].track = str_from(track);
}

/* A line on which we send: every codec that we may have to send on it is kept. */
static void give_line(struct offer *f, unsigned i)
{
    const struct sdp_media *m = &f->sdp->lines[i];
    struct sfu_sub *u = sub_of(f->p, m->mid);
    uint64_t kept = 0;
    bool has_rtx = false;
    if (u == NULL)
        u = sfu_sub_new(f->p, f->now_us, m->mid, m->kind == SDP_VIDEO);
    if (u == NULL)
        return;
    for (enum codec c = CODEC_OPUS; c < CODECS; c++) {
        int at = find_codec(m, c), rtx = at >= 0 ? sdp_rtx_of(m, (unsigned)at) : -1;
        u->pt[c] = at >= 0 ? m->codecs[at].pt : 255;
        u->rtx_pt[c] = rtx >= 0 ? m->codecs[rtx].pt : 255;
        has_rtx |= rtx >= 0;
        kept |= at >= 0 ? with_rtx(m, at) : 0;
    }
    int opus = find_codec(m, CODEC_OPUS), red = opus >= 0 ? red_of(m, opus) : -1;
    u->red_pt = red >= 0 ? m->codecs[red].pt : 0;
    u->open = true;
    f->lines[i].action = SDP_GIVE;
    f->lines[i].codecs = kept;
    if (!has_rtx) /* no number may be encrypted twice */
        f->lines[i].feedback &= ~(unsigned)SDP_FB_NACK;
    f->lines[i].ssrc = u->sub.conf.ssrc;
    f->lines[i].rtx = has_rtx ? u->sub.conf.rtx_ssrc : 0;
    name_line(f, i, u);
}

/* How it is told what arrives: of several ways the best one. */
static unsigned feedback_of(const struct sdp *sdp)
{
    unsigned all = 0;
    for (unsigned i = 0; i < sdp->n; i++) {
        for (unsigned k = 0; k < sdp->lines[i].n_codecs; k++)
            all |= sdp->lines[i].codecs[k].feedback;
    }
    return all & SDP_FB_TWCC ? SDP_FB_TWCC : all & SDP_FB_CCFB ? SDP_FB_CCFB : all & SDP_FB_REMB;
}

/* An id means one thing on all lines of a bundle (RFC 9143 7.1.4); who numbers each line anew, as aiortc does,
 * is answered on the first of them. */
static uint32_t common_exts(const struct offer *f, const struct sdp_media *m)
{
    uint32_t kept = 0;
    for (unsigned k = 0; k < m->n_exts; k++)
        if (f->p->exts.kind[m->exts[k].id] == m->exts[k].kind)
            kept |= (uint32_t)1 << k;
    return kept;
}

static void decide(struct offer *f, unsigned i)
{
    const struct sdp_media *m = &f->sdp->lines[i];
    const struct sfu_line *said = said_of(f->o, m->mid);
    struct sdp_line *l = &f->lines[i];
    bool sends = m->direction & SDP_SENDS, receives = m->direction & SDP_RECEIVES;
    *l = (struct sdp_line){.action = SDP_HOLD,
                           .codecs = UINT64_MAX,
                           .exts = common_exts(f, m),
                           .feedback = SDP_FB_NACK | SDP_FB_PLI | SDP_FB_FIR | feedback_of(f->sdp)};
    if (m->kind == SDP_OTHER || m->rejected) {
        l->action = SDP_REJECT;
        return;
    }
    if (sends && said != NULL && said->track != 0 && (f->o->rights & SFU_MAY_PUBLISH))
        take_line(f, i, said);
    else if (receives && said != NULL && (f->o->rights & SFU_MAY_SUBSCRIBE))
        give_line(f, i);
}

/* ---- The whole offer ---- */

/* What needs the two-byte form wants its consent (RFC 8285 6). */
static void learn_extensions(struct sfu_peer *p, const struct sdp *sdp)
{
    memset(&p->exts, 0, sizeof p->exts);
    p->takes_dd = false;
    for (unsigned i = 0; i < sdp->n; i++) {
        for (unsigned k = 0; k < sdp->lines[i].n_exts; k++) {
            const struct sdp_ext *e = &sdp->lines[i].exts[k];
            if (e->id <= RTP_EXT_ONE_ID_MAX || sdp->lines[i].mixed)
                rtp_ext_map_add(&p->exts, (enum rtp_ext_kind)e->kind, e->id);
            p->takes_dd |= e->kind == RTP_EXT_DEPENDENCY && sdp->lines[i].mixed &&
                           (sdp->lines[i].direction & e->direction & SDP_RECEIVES);
        }
    }
}

/* Lines that the client no longer sends on. */
static void end_lines(struct offer *f)
{
    for (unsigned k = f->p->n_pubs; k-- > 0;) {
        struct sfu_pub *b = f->p->pubs[k];
        bool goes_on = false;
        for (unsigned i = 0; i < f->sdp->n; i++)
            goes_on |= f->lines[i].action == SDP_TAKE &&
                       str_eq(f->sdp->lines[i].mid, str_from(b->mid));
        if (!goes_on)
            sfu_pub_free(b);
    }
}

static void bind_lines(struct offer *f)
{
    for (unsigned i = 0; i < f->sdp->n; i++) {
        if (f->lines[i].action != SDP_GIVE)
            continue;
        const struct sfu_line *said = said_of(f->o, f->sdp->lines[i].mid);
        struct sfu_pub *b = said->track != 0 ? sfu_find_track(f->s, said->track) : NULL;
        struct sfu_sub *u = sub_of(f->p, f->sdp->lines[i].mid);
        if (u != NULL)
            sfu_bind(u, b != NULL && b->peer->room == f->p->room ? b : NULL);
    }
    sfu_share(f->p, f->now_us);
    sfu_ask_keys(f->p, f->now_us);
}

/* By which it may send: streams and their repair, and feedback, of which some have one for each line. */
static void expect_ssrcs(struct sfu_peer *p)
{
    unsigned n = SFU_SPARE_SSRCS + p->n_subs;
    for (unsigned i = 0; i < p->n_pubs; i++)
        n += 2 * p->pubs[i]->n;
    transport_expect(p->transport, n);
}

static bool write_answer(struct offer *f)
{
    struct sfu *s = f->s;
    struct sfu_peer *p = f->p;
    struct buf out;
    struct sdp_answer a = {
        .session = p->id >> 1, /* RFC 8866 5.2 wants it to fit 63 bits */
        .version = ++p->answers,
        .ufrag = str_from(p->ufrag),
        .pwd = str_from(p->pwd),
        .fingerprint = str_from(s->conf.fingerprint),
        .cname = str_from(p->cname),
        .candidates = s->conf.candidates,
        .n_candidates = s->conf.n_candidates,
    };
    buf_init(&out, (size_t)8 * SDP_MAX);
    bool ok = sdp_write_answer(&out, f->sdp, &a, f->lines);
    if (ok)
        s->ops.answer(s->ops.ctx, p->room->id, p->id, buf_str(&out));
    buf_free(&out);
    return ok;
}

static void refuse(struct sfu *s, const struct sfu_offer *o, enum sfu_refusal why)
{
    struct sfu_room *room = sfu_find_room(s, o->room);
    (room != NULL ? &room->stats : &s->gone)->refused[why]++;
    s->ops.refused(s->ops.ctx, o->room, o->peer, why);
}

/* The peer that the offer is of: there already, maybe with other ICE names, or new. */
static struct sfu_peer *peer_for(struct sfu *s, int64_t now_us, const struct sfu_offer *o,
                                 const struct sdp *sdp)
{
    struct sfu_peer *p = sfu_find_peer(s, o->peer);
    if (p == NULL)
        return sfu_peer_new(s, now_us, o, sdp);
    if (!transport_is_of(p->transport, sdp->ufrag)) {
        sfu_new_credentials(p);
        transport_restart(p->transport, str_from(p->ufrag), str_from(p->pwd), sdp->ufrag);
    }
    return p;
}

void sfu_offer(struct sfu *s, int64_t now_us, const struct sfu_offer *o)
{
    struct sdp sdp;
    unsigned line;
    if (sdp_parse(&sdp, o->sdp, &line) != SDP_OK) {
        refuse(s, o, SFU_BAD_OFFER);
        return;
    }
    struct offer *f = xcalloc(1, sizeof *f);
    *f = (struct offer){.s = s, .o = o, .sdp = &sdp, .now_us = now_us};
    f->p = peer_for(s, now_us, o, &sdp);
    if (f->p == NULL) {
        refuse(s, o, SFU_FULL);
    } else {
        f->p->rights = o->rights;
        learn_extensions(f->p, &sdp);
        f->p->tells = feedback_of(&sdp) & (SDP_FB_TWCC | SDP_FB_CCFB);
        f->p->takes_remb = feedback_of(&sdp) == SDP_FB_REMB;
        f->p->takes_ccfb = feedback_of(&sdp) == SDP_FB_CCFB;
        for (unsigned i = 0; i < sdp.n; i++)
            decide(f, i);
        end_lines(f);
        bind_lines(f);
        expect_ssrcs(f->p);
        if (!write_answer(f))
            refuse(s, o, SFU_NO_MEDIA);
        sfu_set_timer(f->p);
    }
    xfree(f);
    sdp_free(&sdp);
}

void sfu_wish(struct sfu *s, int64_t now_us, uint64_t peer, const struct sfu_wish *w, unsigned n)
{
    struct sfu_peer *p = sfu_find_peer(s, peer);
    for (unsigned i = 0; p != NULL && i < n; i++) {
        struct sfu_sub *u = sub_of(p, w[i].mid);
        struct sfu_pub *b = w[i].track != 0 ? sfu_find_track(s, w[i].track) : NULL;
        if (u == NULL)
            continue;
        sfu_bind(u, b != NULL && b->peer->room == p->room ? b : NULL);
        alloc_line_wish(&u->share, w[i].priority, w[i].width, w[i].height);
    }
    if (p == NULL)
        return;
    sfu_share(p, now_us);
    sfu_ask_keys(p, now_us);
    sfu_set_timer(p);
}
