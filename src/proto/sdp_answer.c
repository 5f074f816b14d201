/* The answer to an offer (RFC 9429 5.3.1), line for line. */
#include <inttypes.h>

#include "base/util.h"
#include "proto/sdp_int.h"

struct writer {
    struct buf *out;
    const struct sdp_answer *a;
};

static bool keeps(uint64_t mask, unsigned i)
{
    return mask >> i & 1;
}

static bool keeps_codec(const struct sdp_media *m, const struct sdp_line *l, unsigned i)
{
    return keeps(l->codecs, i) && m->codecs[i].name != SDP_UNKNOWN;
}

/* Is anything left of it, once the decisions are taken? */
static bool is_used(const struct sdp_media *m, const struct sdp_line *l)
{
    bool any = false;
    for (unsigned i = 0; i < m->n_codecs; i++)
        any |= keeps_codec(m, l, i);
    return any && !m->rejected && m->kind != SDP_OTHER && l->action != SDP_REJECT;
}

/* ---- One transport for all ---- */

static void put_candidates(const struct writer *w)
{
    unsigned n = MIN_OF(w->a->n_candidates, (unsigned)SDP_CANDIDATES_MAX);
    char ip[ADDR_STR_SIZE];
    for (unsigned i = 0; i < n; i++) {
        const struct sdp_candidate *c = &w->a->candidates[i];
        /* RFC 8445 5.1.2.1, RFC 6544 4.2: type 126, passive TCP behind UDP, in our order. */
        unsigned local = 65535 - i, type = c->tcp ? 100 : 126;
        uint32_t priority = (uint32_t)(type << 24 | local << 8 | 255u);
        buf_putf(w->out, "a=candidate:%u 1 %s %" PRIu32 " %s %u typ host%s\r\n", i + 1,
                 c->tcp ? "tcp" : "udp", priority, addr_format_ip(&c->at, ip), (unsigned)c->at.port,
                 c->tcp ? " tcptype passive" : "");
    }
    buf_puts(w->out, "a=end-of-candidates\r\n");
}

static void put_transport(const struct writer *w, bool first)
{
    buf_putf(w->out,
             "a=ice-ufrag:" PRIstr "\r\na=ice-pwd:" PRIstr "\r\n"
             "a=fingerprint:sha-256 " PRIstr "\r\na=setup:passive\r\n",
             STR_ARG(w->a->ufrag), STR_ARG(w->a->pwd), STR_ARG(w->a->fingerprint));
    if (first)
        put_candidates(w);
}

/* ---- Codecs ---- */

static void put_feedback(const struct writer *w, const struct sdp_codec *c, unsigned kept)
{
    static const char *const texts[] = {"nack",         "nack pli",  "ccm fir",
                                        "transport-cc", "goog-remb", "ack ccfb"};
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
        if (c->feedback & kept & 1u << i)
            buf_putf(w->out, "a=rtcp-fb:%u %s\r\n", (unsigned)c->pt, texts[i]);
    }
}

static void put_codec(const struct writer *w, const struct sdp_codec *c, unsigned feedback)
{
    unsigned pt = c->pt;
    buf_putf(w->out, "a=rtpmap:%u %s/%" PRIu32, pt, sdp_codec_text(c->name), c->clock);
    if (c->channels > 1)
        buf_putf(w->out, "/%u", (unsigned)c->channels);
    buf_puts(w->out, "\r\n");
    put_feedback(w, c, feedback);
    if (c->fmtp.n > 0)
        buf_putf(w->out, "a=fmtp:%u " PRIstr "\r\n", pt, STR_ARG(c->fmtp));
}

static void put_codecs(const struct writer *w, const struct sdp_media *m, const struct sdp_line *l)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (keeps_codec(m, l, i))
            put_codec(w, &m->codecs[i], l->feedback);
    }
}

/* RFC 8285 5: what the offer wants to send we receive, and the other way round. */
static void put_exts(const struct writer *w, const struct sdp_media *m, const struct sdp_line *l)
{
    static const char *const answered[] = {"/inactive", "/recvonly", "/sendonly", ""};
    for (unsigned i = 0; i < m->n_exts; i++) {
        const struct sdp_ext *e = &m->exts[i];
        if (keeps(l->exts, i))
            buf_putf(w->out, "a=extmap:%u%s %s\r\n", (unsigned)e->id, answered[e->direction & 3],
                     rtp_ext_uri((enum rtp_ext_kind)e->kind));
    }
}

/* ---- Streams ---- */

static void put_taken(const struct writer *w, const struct sdp_media *m, const struct sdp_line *l)
{
    bool any = false;
    for (unsigned i = 0; m->by_rid && i < m->n_streams; i++) {
        if (keeps(l->streams, i))
            buf_putf(w->out, "a=rid:" PRIstr " recv\r\n", STR_ARG(m->streams[i].rid));
    }
    for (unsigned i = 0; m->by_rid && i < m->n_streams; i++) {
        if (!keeps(l->streams, i))
            continue;
        buf_putf(w->out, "%s" PRIstr, any ? ";" : "a=simulcast:recv ", STR_ARG(m->streams[i].rid));
        any = true;
    }
    if (any)
        buf_puts(w->out, "\r\n");
}

static void put_ssrc(const struct writer *w, const struct sdp_line *l, uint32_t ssrc)
{
    buf_putf(w->out,
             "a=ssrc:%" PRIu32 " cname:" PRIstr "\r\n"
             "a=ssrc:%" PRIu32 " msid:" PRIstr " " PRIstr "\r\n",
             ssrc, STR_ARG(w->a->cname), ssrc, STR_ARG(l->stream), STR_ARG(l->track));
}

static void put_given(const struct writer *w, const struct sdp_line *l)
{
    buf_putf(w->out, "a=msid:" PRIstr " " PRIstr "\r\n", STR_ARG(l->stream), STR_ARG(l->track));
    if (l->rtx != 0)
        buf_putf(w->out, "a=ssrc-group:FID %" PRIu32 " %" PRIu32 "\r\n", l->ssrc, l->rtx);
    put_ssrc(w, l, l->ssrc);
    if (l->rtx != 0)
        put_ssrc(w, l, l->rtx);
}

/* ---- Lines ---- */

static void put_rejected(const struct writer *w, const struct sdp_media *m)
{
    buf_putf(w->out, "m=" PRIstr " 0 " PRIstr " " PRIstr "\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n",
             STR_ARG(m->name), STR_ARG(m->proto), STR_ARG(m->fmts));
    if (m->mid.n > 0)
        buf_putf(w->out, "a=mid:" PRIstr "\r\n", STR_ARG(m->mid));
}

static void put_head(const struct writer *w, const struct sdp_media *m, const struct sdp_line *l)
{
    buf_putf(w->out, "m=" PRIstr " 9 " PRIstr, STR_ARG(m->name), STR_ARG(m->proto));
    if (keeps_codec(m, l, l->first))
        buf_putf(w->out, " %u", (unsigned)m->codecs[l->first].pt);
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (i != l->first && keeps_codec(m, l, i))
            buf_putf(w->out, " %u", (unsigned)m->codecs[i].pt);
    }
    buf_puts(w->out, "\r\nc=IN IP4 0.0.0.0\r\n");
    if (m->mid.n > 0)
        buf_putf(w->out, "a=mid:" PRIstr "\r\n", STR_ARG(m->mid));
}

static void put_group(const struct writer *w, const struct sdp *offer, const struct sdp_line *lines)
{
    buf_puts(w->out, "a=group:BUNDLE");
    for (unsigned i = 0; i < offer->n; i++) {
        if (is_used(&offer->lines[i], &lines[i]))
            buf_putf(w->out, " " PRIstr, STR_ARG(offer->lines[i].mid));
    }
    buf_puts(w->out, "\r\n");
}

static void put_line(const struct writer *w, const struct sdp_media *m, const struct sdp_line *l,
                     bool first)
{
    static const char *const directions[] = {
        [SDP_REJECT] = "inactive", "inactive", "recvonly", "sendonly"};
    bool gives = l->action == SDP_GIVE && (m->direction & SDP_RECEIVES);
    bool takes = l->action == SDP_TAKE && (m->direction & SDP_SENDS);
    put_head(w, m, l);
    put_transport(w, first);
    buf_putf(w->out, "a=rtcp-mux\r\n%sa=%s\r\n", m->rsize ? "a=rtcp-rsize\r\n" : "",
             directions[gives || takes ? l->action : SDP_HOLD]);
    if (m->mixed)
        buf_puts(w->out, "a=extmap-allow-mixed\r\n");
    put_exts(w, m, l);
    put_codecs(w, m, l);
    if (takes)
        put_taken(w, m, l);
    if (gives)
        put_given(w, l);
}

bool sdp_write_answer(struct buf *out, const struct sdp *offer, const struct sdp_answer *a,
                      const struct sdp_line *lines)
{
    struct writer w = {out, a};
    bool first = true;
    buf_putf(out, "v=0\r\no=- %" PRIu64 " %" PRIu64 " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
             a->session, a->version);
    if (offer->grouped)
        put_group(&w, offer, lines);
    buf_puts(out, "a=ice-lite\r\na=msid-semantic: WMS *\r\n");
    for (unsigned i = 0; i < offer->n; i++) {
        if (!is_used(&offer->lines[i], &lines[i])) {
            put_rejected(&w, &offer->lines[i]);
            continue;
        }
        put_line(&w, &offer->lines[i], &lines[i], first);
        first = false;
    }
    return !out->failed;
}
