/* Payload types: what they are, how they are set up, which feedback there is for them. */
#include <string.h>

#include "base/util.h"
#include "proto/sdp_int.h"

static const struct {
    const char *name;
    uint32_t clock;
    enum sdp_kind kind;
} known[SDP_CODEC_NAMES] = {
    [SDP_OPUS] = {"opus", 48000, SDP_AUDIO}, [SDP_RED] = {"red", 48000, SDP_AUDIO},
    [SDP_PCMU] = {"PCMU", 8000, SDP_AUDIO},  [SDP_PCMA] = {"PCMA", 8000, SDP_AUDIO},
    [SDP_VP8] = {"VP8", 90000, SDP_VIDEO},   [SDP_VP9] = {"VP9", 90000, SDP_VIDEO},
    [SDP_H264] = {"H264", 90000, SDP_VIDEO}, [SDP_AV1] = {"AV1", 90000, SDP_VIDEO},
    [SDP_RTX] = {"rtx", 0, SDP_VIDEO},
};

const char *sdp_codec_text(enum sdp_codec_name n)
{
    return (unsigned)n < SDP_CODEC_NAMES && known[n].name != NULL ? known[n].name : "";
}

static enum sdp_codec_name name_of(struct str text, uint32_t clock, enum sdp_kind kind)
{
    for (unsigned i = SDP_UNKNOWN + 1; i < SDP_CODEC_NAMES; i++) {
        bool fits = i == SDP_RTX || (known[i].clock == clock && known[i].kind == kind);
        if (fits && str_eq_nocase(text, str_from(known[i].name)))
            return (enum sdp_codec_name)i;
    }
    return SDP_UNKNOWN;
}

int sdp_codec_of_pt(const struct sdp_media *m, unsigned pt)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        if (m->codecs[i].pt == pt)
            return (int)i;
    }
    return -1;
}

struct str sdp_param(struct str fmtp, struct str name)
{
    struct str one, key, value;
    for (bool more = true; more;) {
        more = str_split_once(fmtp, ';', &one, &fmtp);
        if (str_split_once(str_trim(one), '=', &key, &value) && str_eq_nocase(key, name))
            return value;
    }
    return STR_NONE;
}

int sdp_rtx_of(const struct sdp_media *m, unsigned i)
{
    for (unsigned k = 0; k < m->n_codecs; k++) {
        if (m->codecs[k].name == SDP_RTX && m->codecs[k].apt == m->codecs[i].pt)
            return (int)k;
    }
    return -1;
}

/* RFC 3551 6: what needs no rtpmap. */
static struct sdp_codec codec_of(uint8_t pt, enum sdp_kind kind)
{
    struct sdp_codec c = {.pt = pt, .apt = 255, .channels = 1};
    if (kind == SDP_AUDIO && (pt == 0 || pt == 8)) {
        c.name = pt == 0 ? SDP_PCMU : SDP_PCMA;
        c.clock = 8000;
    }
    return c;
}

enum sdp_result sdp_formats(struct sdp_media *m)
{
    struct str rest = m->fmts, one;
    uint64_t pt;
    if (m->kind == SDP_OTHER)
        return SDP_OK;
    while ((one = sdp_word(&rest)).n > 0) {
        if (!str_to_u64(one, 127, &pt) || sdp_codec_of_pt(m, (unsigned)pt) >= 0)
            return SDP_E_MEDIA;
        if (m->n_codecs == SDP_CODECS_MAX)
            return SDP_E_CAP;
        m->codecs[m->n_codecs++] = codec_of((uint8_t)pt, m->kind);
    }
    return m->n_codecs > 0 ? SDP_OK : SDP_E_MEDIA;
}

/* "96 ..." : the codec, NULL if the line does not list it (RFC 8866 6.6: that is nobody's then). */
static bool codec_here(struct sdp_reader *r, struct str *value, struct sdp_codec **c)
{
    uint64_t pt;
    *c = NULL;
    if (!str_to_u64(sdp_word(value), 127, &pt))
        return false;
    int i = sdp_codec_of_pt(r->m, (unsigned)pt);
    if (i >= 0)
        *c = &r->m->codecs[i];
    return true;
}

/* "96 VP8/90000", "111 opus/48000/2" */
bool sdp_rtpmap(struct sdp_reader *r, struct str value)
{
    struct sdp_codec *c;
    struct str name, clock, channels;
    uint64_t hz, n = 1;
    if (!codec_here(r, &value, &c) || !str_split_once(value, '/', &name, &clock) ||
        !sdp_is_token(name))
        return false;
    bool told = str_split_once(clock, '/', &clock, &channels);
    if (!str_to_u64(clock, UINT32_MAX, &hz) || (told && !str_to_u64(channels, 255, &n)))
        return false;
    if (c != NULL) {
        c->clock = (uint32_t)hz;
        c->channels = (uint8_t)n;
        c->name = (uint8_t)name_of(name, c->clock, r->m->kind);
    }
    return true;
}

/* "97 apt=96", "63 111/111", "96 level-asymmetry-allowed=1;..." */
bool sdp_fmtp(struct sdp_reader *r, struct str value)
{
    struct sdp_codec *c;
    struct str first, rest;
    uint64_t pt;
    if (!codec_here(r, &value, &c))
        return false;
    if (c == NULL)
        return true;
    c->fmtp = value;
    str_split_once(value, ';', &first, &rest);
    if (str_starts(first, STR("apt=")))
        first = str_skip(first, 4);
    else
        str_split_once(first, '/', &first, &rest);
    if (str_to_u64(first, 127, &pt))
        c->apt = (uint8_t)pt;
    return true;
}

/* "96 nack pli", "* transport-cc" */
bool sdp_rtcp_fb(struct sdp_reader *r, struct str value)
{
    static const struct {
        struct str text;
        uint8_t bit;
    } messages[] = {
        {STR_INIT("nack"), SDP_FB_NACK},      {STR_INIT("nack pli"), SDP_FB_PLI},
        {STR_INIT("ccm fir"), SDP_FB_FIR},    {STR_INIT("transport-cc"), SDP_FB_TWCC},
        {STR_INIT("goog-remb"), SDP_FB_REMB}, {STR_INIT("ack ccfb"), SDP_FB_CCFB},
    };
    struct sdp_codec *c = NULL;
    bool of_all = str_starts(value, STR("* "));
    if (of_all)
        sdp_word(&value);
    else if (!codec_here(r, &value, &c))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (!str_eq(str_trim(value), messages[i].text))
            continue;
        if (of_all)
            r->section.feedback_of_all |= messages[i].bit;
        else if (c != NULL)
            c->feedback |= messages[i].bit;
    }
    return true;
}
