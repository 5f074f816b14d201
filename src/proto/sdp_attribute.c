/* The a= lines of an offer, by a table. */
#include <string.h>

#include "base/code.h"
#include "base/util.h"
#include "proto/sdp_int.h"

/* ---- ICE and DTLS ---- */

static bool set_text(struct str *to, struct str value)
{
    *to = value;
    return sdp_is_token(value);
}

/* RFC 8839 5.4: ice-char. */
static bool is_ice(struct str s, size_t least)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = str_lower_char(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return s.n >= least && s.n <= SDP_TEXT_MAX;
}

static bool on_ufrag(struct sdp_reader *r, struct str value)
{
    r->here->ufrag = value;
    return is_ice(value, 4);
}

static bool on_pwd(struct sdp_reader *r, struct str value)
{
    r->here->pwd = value;
    return is_ice(value, 22);
}

static bool on_options(struct sdp_reader *r, struct str value)
{
    for (struct str one; (one = sdp_word(&value)).n > 0;)
        r->sdp->trickle |= str_eq(one, STR("trickle"));
    return true;
}

static bool on_lite(struct sdp_reader *r, struct str value)
{
    (void)value;
    r->lite = true;
    return true;
}

/* RFC 8122 5: "sha-256 AB:CD:..."; of several the first that we can check. */
static bool on_fingerprint(struct sdp_reader *r, struct str value)
{
    static const struct {
        struct str name;
        unsigned n;
    } hashes[SDP_HASHES] = {
        {STR_INIT("sha-256"), 32}, {STR_INIT("sha-384"), 48}, {STR_INIT("sha-512"), 64}};
    struct sdp_security *s = r->here;
    struct str name = sdp_word(&value), one;
    unsigned h = 0, n = 0;
    while (h < SDP_HASHES && !str_eq_nocase(name, hashes[h].name))
        h++;
    if (h == SDP_HASHES || (s->fingerprint_n > 0 && !s->inherited))
        return true;
    s->inherited = false;
    for (bool more = true; more; n++) {
        size_t got;
        more = str_split_once(value, ':', &one, &value);
        if (n == hashes[h].n || one.n != 2 || !hex_decode(s->fingerprint + n, 1, &got, one))
            return false;
    }
    s->fingerprint_n = n;
    s->hash = (enum sdp_hash)h;
    return n == hashes[h].n;
}

static bool on_setup(struct sdp_reader *r, struct str value)
{
    bool active = str_eq(value, STR("actpass")) || str_eq(value, STR("active"));
    r->here->passive = str_eq(value, STR("passive"));
    return active || r->here->passive || str_eq(value, STR("holdconn"));
}

/* ---- The session ---- */

static bool on_group(struct sdp_reader *r, struct str value)
{
    if (str_eq(sdp_word(&value), STR("BUNDLE")) && r->bundle.n == 0)
        r->bundle = value;
    return true;
}

static bool on_mixed(struct sdp_reader *r, struct str value)
{
    (void)value;
    if (r->m != NULL)
        r->m->mixed = true;
    else
        r->mixed = true;
    return true;
}

static bool set_direction(struct sdp_reader *r, unsigned d)
{
    if (r->m != NULL)
        r->m->direction = d;
    else
        r->direction = d;
    return true;
}

static bool on_sendrecv(struct sdp_reader *r, struct str value)
{
    (void)value;
    return set_direction(r, SDP_SENDS | SDP_RECEIVES);
}

static bool on_sendonly(struct sdp_reader *r, struct str value)
{
    (void)value;
    return set_direction(r, SDP_SENDS);
}

static bool on_recvonly(struct sdp_reader *r, struct str value)
{
    (void)value;
    return set_direction(r, SDP_RECEIVES);
}

static bool on_inactive(struct sdp_reader *r, struct str value)
{
    (void)value;
    return set_direction(r, 0);
}

/* ---- One section ---- */

static bool on_mid(struct sdp_reader *r, struct str value)
{
    return set_text(&r->m->mid, value);
}

static bool on_mux(struct sdp_reader *r, struct str value)
{
    (void)value;
    r->m->mux = true;
    return true;
}

static bool on_rsize(struct sdp_reader *r, struct str value)
{
    (void)value;
    r->m->rsize = true;
    return true;
}

static bool on_bundle_only(struct sdp_reader *r, struct str value)
{
    (void)value;
    r->m->rejected = false;
    return true;
}

/* RFC 8830: "stream track"; the track is optional, and "-" is no stream. */
static bool on_msid(struct sdp_reader *r, struct str value)
{
    struct str stream = sdp_word(&value), track = sdp_word(&value);
    if (r->m->stream.n > 0)
        return true;
    r->m->stream = stream;
    r->m->track = track;
    return sdp_is_token(stream) && (track.n == 0 || sdp_is_token(track));
}

static unsigned direction_of(struct str text)
{
    if (str_eq(text, STR("sendonly")))
        return SDP_SENDS;
    if (str_eq(text, STR("recvonly")))
        return SDP_RECEIVES;
    return str_eq(text, STR("inactive")) ? 0 : SDP_SENDS | SDP_RECEIVES;
}

/* RFC 8285 8: "4 uri", "4/sendonly uri attributes" */
static bool on_extmap(struct sdp_reader *r, struct str value)
{
    struct sdp_media *m = r->m;
    struct str id = sdp_word(&value), direction, uri = sdp_word(&value);
    uint64_t n;
    str_split_once(id, '/', &id, &direction);
    if (!str_to_u64(id, 4351, &n) || n == 0 || uri.n == 0)
        return false;
    enum rtp_ext_kind kind = rtp_ext_of_uri(uri);
    if (kind == RTP_EXT_NONE || n > 255 || m->n_exts == SDP_EXTS_MAX)
        return true;
    for (unsigned i = 0; i < m->n_exts; i++) {
        if (m->exts[i].id == n)
            return false;
        if (m->exts[i].kind == kind)
            return true;
    }
    m->exts[m->n_exts++] = (struct sdp_ext){
        .id = (uint8_t)n, .kind = (uint8_t)kind, .direction = (uint8_t)direction_of(direction)};
    return true;
}

/* ---- Layers ---- */

static bool is_rid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = str_lower_char(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return s.n > 0 && s.n <= 16; /* as long as the one-byte extension carries */
}

/* RFC 8851 10: "h send pt=96;max-width=..." */
static bool on_rid(struct sdp_reader *r, struct str value)
{
    struct sdp_section *s = &r->section;
    struct str rid = sdp_word(&value), way = sdp_word(&value);
    if (!is_rid(rid) || (!str_eq(way, STR("send")) && !str_eq(way, STR("recv"))))
        return false;
    if (str_eq(way, STR("send")) && s->n_rids < SDP_STREAMS_MAX)
        s->rids[s->n_rids++] = rid;
    return true;
}

/* RFC 8853 5.1: "send h;m,m2;~l recv ..."; of alternatives the first one. */
static bool on_simulcast(struct sdp_reader *r, struct str value)
{
    struct sdp_section *s = &r->section;
    struct str way, list, one, other;
    while ((way = sdp_word(&value)).n > 0) {
        list = sdp_word(&value);
        if (!str_eq(way, STR("send")))
            continue;
        for (bool more = true; more && s->n_simulcast < SDP_STREAMS_MAX;) {
            more = str_split_once(list, ';', &one, &list);
            str_split_once(one, ',', &one, &other);
            one = str_skip(one, str_starts(one, STR("~")) ? 1 : 0);
            if (!is_rid(one))
                return false;
            s->simulcast[s->n_simulcast++] = one;
        }
    }
    return true;
}

static bool get_ssrc(struct str text, uint32_t *out)
{
    uint64_t v;
    bool ok = str_to_u64(text, UINT32_MAX, &v);
    if (ok)
        *out = (uint32_t)v;
    return ok;
}

/* RFC 5576 4.1: "1234 cname:..." */
static bool on_ssrc(struct sdp_reader *r, struct str value)
{
    struct sdp_section *s = &r->section;
    uint32_t ssrc;
    if (!get_ssrc(sdp_word(&value), &ssrc))
        return false;
    for (unsigned i = 0; i < s->n_ssrcs; i++) {
        if (s->ssrcs[i] == ssrc)
            return true;
    }
    if (s->n_ssrcs < SDP_SSRCS_MAX)
        s->ssrcs[s->n_ssrcs++] = ssrc;
    return true;
}

/* RFC 5576 4.2: "FID main rtx" (RFC 4588 8.1), "SIM low mid high" */
static bool on_ssrc_group(struct sdp_reader *r, struct str value)
{
    struct sdp_section *s = &r->section;
    struct str kind = sdp_word(&value);
    uint32_t v[SDP_STREAMS_MAX];
    unsigned n = 0;
    for (struct str one; (one = sdp_word(&value)).n > 0 && n < SDP_STREAMS_MAX;) {
        if (!get_ssrc(one, &v[n++]))
            return false;
    }
    if (str_eq(kind, STR("FID")) && n == 2 && s->n_fids < SDP_FIDS_MAX) {
        memcpy(s->fids[s->n_fids++], v, sizeof s->fids[0]);
    } else if (str_eq(kind, STR("SIM"))) {
        memcpy(s->sim, v, n * sizeof *v);
        s->n_sim = n;
    }
    return true;
}

/* ---- The table ---- */

enum { SESSION = 1, SECTION = 2 };

static const struct {
    struct str name;
    bool (*on)(struct sdp_reader *r, struct str value);
    unsigned where;
} attributes[] = {
    {STR_INIT("ice-ufrag"), on_ufrag, SESSION | SECTION},
    {STR_INIT("ice-pwd"), on_pwd, SESSION | SECTION},
    {STR_INIT("ice-options"), on_options, SESSION | SECTION},
    {STR_INIT("ice-lite"), on_lite, SESSION},
    {STR_INIT("fingerprint"), on_fingerprint, SESSION | SECTION},
    {STR_INIT("setup"), on_setup, SESSION | SECTION},
    {STR_INIT("group"), on_group, SESSION},
    {STR_INIT("extmap-allow-mixed"), on_mixed, SESSION | SECTION},
    {STR_INIT("sendrecv"), on_sendrecv, SESSION | SECTION},
    {STR_INIT("sendonly"), on_sendonly, SESSION | SECTION},
    {STR_INIT("recvonly"), on_recvonly, SESSION | SECTION},
    {STR_INIT("inactive"), on_inactive, SESSION | SECTION},
    {STR_INIT("mid"), on_mid, SECTION},
    {STR_INIT("rtcp-mux"), on_mux, SECTION},
    {STR_INIT("rtcp-rsize"), on_rsize, SECTION},
    {STR_INIT("bundle-only"), on_bundle_only, SECTION},
    {STR_INIT("msid"), on_msid, SECTION},
    {STR_INIT("extmap"), on_extmap, SECTION},
    {STR_INIT("rtpmap"), sdp_rtpmap, SECTION},
    {STR_INIT("fmtp"), sdp_fmtp, SECTION},
    {STR_INIT("rtcp-fb"), sdp_rtcp_fb, SECTION},
    {STR_INIT("rid"), on_rid, SECTION},
    {STR_INIT("simulcast"), on_simulcast, SECTION},
    {STR_INIT("ssrc"), on_ssrc, SECTION},
    {STR_INIT("ssrc-group"), on_ssrc_group, SECTION},
};

enum sdp_result sdp_attribute(struct sdp_reader *r, struct str name, struct str value)
{
    unsigned where = r->m != NULL ? SECTION : SESSION;
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (str_eq(attributes[i].name, name) && (attributes[i].where & where))
            return attributes[i].on(r, value) ? SDP_OK : SDP_E_ATTRIBUTE;
    }
    return SDP_OK;
}
