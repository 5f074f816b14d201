#include "proto/rtp_ext.h"

#include <string.h>

#include "base/util.h"

/* ---- Which extensions there are ---- */

static const char *const uris[RTP_EXT_KINDS] = {
    [RTP_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
    [RTP_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    [RTP_EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    [RTP_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    [RTP_EXT_TRANSPORT_CC] =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    [RTP_EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    [RTP_EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
    [RTP_EXT_DEPENDENCY] =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    [RTP_EXT_PLAYOUT_DELAY] = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    [RTP_EXT_CAPTURE_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
};

const char *rtp_ext_uri(enum rtp_ext_kind kind)
{
    return (unsigned)kind < RTP_EXT_KINDS ? uris[kind] : NULL;
}

enum rtp_ext_kind rtp_ext_of_uri(struct str uri)
{
    for (unsigned kind = RTP_EXT_NONE + 1; kind < RTP_EXT_KINDS; kind++) {
        if (str_eq(uri, str_from(uris[kind])))
            return (enum rtp_ext_kind)kind;
    }
    return RTP_EXT_NONE;
}

enum err rtp_ext_map_add(struct rtp_ext_map *m, enum rtp_ext_kind kind, unsigned id)
{
    if (id == 0 || id > 255 || kind == RTP_EXT_NONE || (unsigned)kind >= RTP_EXT_KINDS)
        return ERR_RANGE;
    if (m->kind[id] != RTP_EXT_NONE || m->id[kind] != 0)
        return ERR_EXISTS;
    m->kind[id] = (uint8_t)kind;
    m->id[kind] = (uint8_t)id;
    m->high = m->high || id > RTP_EXT_ONE_ID_MAX;
    return ERR_OK;
}

/* ---- Reading ---- */

struct rtp_ext_iter rtp_ext_iter(const struct rtp *r, const uint8_t *packet)
{
    struct rtp_ext_iter it = {0};
    it.two = (r->ext_profile & 0xFFF0) == RTP_EXT_TWO_BYTE;
    if (r->ext && (it.two || r->ext_profile == RTP_EXT_ONE_BYTE)) {
        it.p = packet + r->ext_at;
        it.end = it.p + r->ext_len;
    }
    return it;
}

static bool stop(struct rtp_ext_iter *it, bool bad)
{
    it->p = it->end;
    it->bad = it->bad || bad;
    return false;
}

bool rtp_ext_next(struct rtp_ext_iter *it, struct rtp_ext *out)
{
    while (it->p < it->end && *it->p == 0)
        it->p++; /* padding may stand anywhere */
    if (it->p >= it->end)
        return false;
    size_t left = (size_t)(it->end - it->p), head = it->two ? 2 : 1;
    if (left < head)
        return stop(it, true);
    out->id = it->two ? it->p[0] : it->p[0] >> 4;
    out->len = it->two ? it->p[1] : (uint8_t)((it->p[0] & 15) + 1);
    if (!it->two && (out->id == 0 || out->id == 15))
        return stop(it, false);
    if (left < head + out->len)
        return stop(it, true);
    out->p = it->p + head;
    it->p += head + out->len;
    return true;
}

bool rtp_ext_read(struct rtp_ext_set *out, const struct rtp_ext_map *m, const struct rtp *r,
                  const uint8_t *packet)
{
    struct rtp_ext_iter it = rtp_ext_iter(r, packet);
    struct rtp_ext e;
    *out = (struct rtp_ext_set){0};
    while (rtp_ext_next(&it, &e)) {
        unsigned kind = m->kind[e.id];
        if (kind != RTP_EXT_NONE && !out->at[kind].p)
            out->at[kind] = e;
    }
    return !it.bad;
}

bool rtp_ext_find(struct rtp_ext *out, enum rtp_ext_kind kind, const struct rtp_ext_map *m,
                  const struct rtp *r, const uint8_t *packet)
{
    struct rtp_ext_iter it = rtp_ext_iter(r, packet);
    while (m->id[kind] != 0 && rtp_ext_next(&it, out)) {
        if (out->id == m->id[kind])
            return true;
    }
    return false;
}

static bool is_token(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool rtp_ext_text(const struct rtp_ext *e, struct str *out)
{
    if (!e->p || e->len == 0 || e->len > RTP_EXT_ONE_LEN_MAX)
        return false;
    for (unsigned i = 0; i < e->len; i++) {
        if (!is_token(e->p[i]))
            return false;
    }
    *out = str_of(e->p, e->len);
    return true;
}

bool rtp_ext_abs_send_time(const struct rtp_ext *e, uint32_t *out)
{
    if (!e->p || e->len != 3)
        return false;
    *out = (uint32_t)e->p[0] << 16 | get_u16(e->p + 1);
    return true;
}

bool rtp_ext_transport_cc(const struct rtp_ext *e, uint16_t *out)
{
    if (!e->p || e->len != 2)
        return false;
    *out = get_u16(e->p);
    return true;
}

bool rtp_ext_audio_level(const struct rtp_ext *e, struct rtp_audio_level *out)
{
    if (!e->p || e->len != 1)
        return false;
    *out = (struct rtp_audio_level){.level = e->p[0] & 0x7F, .voice = e->p[0] & 0x80};
    return true;
}

bool rtp_ext_orientation(const struct rtp_ext *e, struct rtp_orientation *out)
{
    if (!e->p || e->len != 1)
        return false;
    *out = (struct rtp_orientation){
        .degrees = (uint16_t)((e->p[0] & 3) * 90), .flip = e->p[0] & 4, .back = e->p[0] & 8};
    return true;
}

/* ---- Writing ---- */

void rtp_ext_begin(struct rtp_ext_writer *w, uint8_t *packet, size_t at, size_t cap, bool two)
{
    *w = (struct rtp_ext_writer){.p = packet, .at = at, .len = at, .cap = cap, .two = two};
    w->failed = at > cap;
}

static bool fits_form(bool two, unsigned id, size_t n)
{
    if (two)
        return id >= 1 && id <= 255 && n <= RTP_EXT_TWO_LEN_MAX;
    return id >= 1 && id <= RTP_EXT_ONE_ID_MAX && n >= 1 && n <= RTP_EXT_ONE_LEN_MAX;
}

uint8_t *rtp_ext_put(struct rtp_ext_writer *w, unsigned id, const void *value, size_t n)
{
    if (w->failed || !fits_form(w->two, id, n))
        return NULL;
    /* With the block's header, and so that the padding at the end fits, too. */
    size_t len = w->len == w->at ? w->at + RTP_EXT_HEADER : w->len;
    size_t end = len + (w->two ? 2 : 1) + n;
    size_t data = ((end - w->at - RTP_EXT_HEADER) + 3) & ~(size_t)3;
    if (data > RTP_EXT_MAX || w->cap - w->at < RTP_EXT_HEADER + data) {
        w->failed = true;
        return NULL;
    }
    if (w->two) {
        w->p[len++] = (uint8_t)id;
        w->p[len++] = (uint8_t)n;
    } else {
        w->p[len++] = (uint8_t)(id << 4 | (n - 1));
    }
    if (value && n > 0)
        memcpy(w->p + len, value, n);
    else
        memset(w->p + len, 0, n);
    w->len = end;
    return w->p + len;
}

uint8_t *rtp_ext_put_abs_send_time(struct rtp_ext_writer *w, unsigned id, uint32_t v)
{
    uint8_t value[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    return rtp_ext_put(w, id, value, sizeof value);
}

uint8_t *rtp_ext_put_transport_cc(struct rtp_ext_writer *w, unsigned id, uint16_t seq)
{
    uint8_t value[2] = {(uint8_t)(seq >> 8), (uint8_t)seq};
    return rtp_ext_put(w, id, value, sizeof value);
}

uint8_t *rtp_ext_put_audio_level(struct rtp_ext_writer *w, unsigned id, struct rtp_audio_level v)
{
    uint8_t value = (uint8_t)((v.voice ? 0x80 : 0) | MIN_OF(v.level, 127));
    return rtp_ext_put(w, id, &value, 1);
}

size_t rtp_ext_end(struct rtp_ext_writer *w)
{
    if (w->failed)
        return 0;
    if (w->len == w->at)
        return w->at;
    while ((w->len - w->at) % 4 != 0)
        w->p[w->len++] = 0;
    set_u16(w->p + w->at, w->two ? RTP_EXT_TWO_BYTE : RTP_EXT_ONE_BYTE);
    set_u16(w->p + w->at + 2, (uint16_t)((w->len - w->at - RTP_EXT_HEADER) / 4));
    rtp_set_ext_bit(w->p, true);
    return w->len;
}

/* The next element that is to be passed on, and under which id. */
static bool next_kept(struct rtp_ext_iter *it, const struct rtp_ext_map *from,
                      const struct rtp_ext_map *to, uint32_t leave, struct rtp_ext *e, unsigned *id)
{
    while (rtp_ext_next(it, e)) {
        unsigned kind = from->kind[e->id];
        *id = to->id[kind]; /* of RTP_EXT_NONE it is always 0 */
        if (*id != 0 && !(leave >> kind & 1))
            return true;
    }
    return false;
}

unsigned rtp_ext_rebuild(struct rtp_ext_writer *w, const struct rtp_ext_map *from,
                         const struct rtp_ext_map *to, uint32_t leave, const struct rtp *r,
                         const uint8_t *packet)
{
    struct rtp_ext_iter it = rtp_ext_iter(r, packet);
    struct rtp_ext e;
    unsigned id, lost = 0;
    while (next_kept(&it, from, to, leave, &e, &id))
        lost += !rtp_ext_put(w, id, e.p, e.len);
    return lost;
}

bool rtp_ext_needs_two(const struct rtp_ext_map *from, const struct rtp_ext_map *to, uint32_t leave,
                       const struct rtp *r, const uint8_t *packet)
{
    struct rtp_ext_iter it = rtp_ext_iter(r, packet);
    struct rtp_ext e;
    unsigned id;
    if (to->high)
        return true;
    if (!it.two) /* what came in the one-byte form fits into it */
        return false;
    while (next_kept(&it, from, to, leave, &e, &id)) {
        if (!fits_form(false, id, e.len))
            return true;
    }
    return false;
}
