/* The flat record of a direction: magic, version, profile, way, streams_max, streams, ended SSRCs; the
 * session keys; for each stream SSRC and both windows; the ended SSRCs. */
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "proto/srtp_int.h"

enum {
    MAGIC = 0x6D535254,
    VERSION = 1,
    HEAD = 4 + 2 + 2 + 2 + 2 + 2 + 2,
    WINDOW_BYTES = 8 + SRTP_WINDOW / 8,
    STREAM_BYTES = 4 + 2 * WINDOW_BYTES
};

static size_t half_size(enum srtp_profile p)
{
    return srtp_key_size(p) + srtp_salt_size(p) + (srtp_is_gcm(p) ? 0 : SRTP_AUTH_KEY);
}

size_t srtp_save_size(const struct srtp *s)
{
    return HEAD + 2 * half_size((enum srtp_profile)s->profile) +
           (size_t)s->n_streams * STREAM_BYTES + (size_t)s->n_ended * 4;
}

static void put_half(struct buf *b, enum srtp_profile p, const struct srtp_half *h)
{
    buf_put(b, h->key, srtp_key_size(p));
    buf_put(b, h->salt, srtp_salt_size(p));
    if (!srtp_is_gcm(p))
        buf_put(b, h->auth, SRTP_AUTH_KEY);
}

static void put_window(struct buf *b, const struct srtp_window *w)
{
    buf_u64(b, w->next);
    for (unsigned i = 0; i < SRTP_WINDOW / 64; i++)
        buf_u64(b, w->bits[i]);
}

size_t srtp_save(const struct srtp *s, uint8_t *out, size_t cap)
{
    enum srtp_profile p = (enum srtp_profile)s->profile;
    struct buf b;
    buf_init_fixed(&b, out, cap);
    buf_u32(&b, MAGIC);
    buf_u16(&b, VERSION);
    buf_u16(&b, s->profile);
    buf_u16(&b, s->out ? SRTP_OUT : SRTP_IN);
    buf_u16(&b, s->max);
    buf_u16(&b, s->n_streams);
    buf_u16(&b, s->n_ended);
    put_half(&b, p, &s->keys.rtp);
    put_half(&b, p, &s->keys.rtcp);
    for (unsigned i = 0; i < s->n_streams; i++) {
        buf_u32(&b, s->streams[i].ssrc);
        put_window(&b, &s->streams[i].rtp);
        put_window(&b, &s->streams[i].rtcp);
    }
    for (unsigned i = 0; i < s->n_ended; i++)
        buf_u32(&b, s->ended[i]);
    return b.failed ? 0 : buf_len(&b);
}

struct head {
    enum srtp_profile profile;
    uint16_t way, cap, streams, ended;
};

static enum err read_head(struct rd *r, struct head *h)
{
    if (rd_u32(r) != MAGIC)
        return ERR_SYNTAX;
    uint16_t version = rd_u16(r);
    uint16_t profile = rd_u16(r);
    h->way = rd_u16(r);
    h->cap = rd_u16(r);
    h->streams = rd_u16(r);
    h->ended = rd_u16(r);
    if (r->bad)
        return ERR_SYNTAX;
    h->profile = (enum srtp_profile)profile;
    if (version != VERSION || srtp_key_size(h->profile) == 0)
        return ERR_UNSUPPORTED;
    if (h->way > SRTP_OUT || h->cap == 0 || h->cap > SRTP_STREAMS_MAX || h->streams > h->cap ||
        h->ended > h->cap * SRTP_ENDED_EACH)
        return ERR_RANGE;
    size_t want = 2 * half_size(h->profile) + (size_t)h->streams * STREAM_BYTES +
                  (size_t)h->ended * 4;
    return r->n == want ? ERR_OK : ERR_SYNTAX;
}

static void read_half(struct rd *r, enum srtp_profile p, struct srtp_half *h)
{
    rd_copy(r, h->key, srtp_key_size(p));
    rd_copy(r, h->salt, srtp_salt_size(p));
    if (!srtp_is_gcm(p))
        rd_copy(r, h->auth, SRTP_AUTH_KEY);
}

static bool read_window(struct rd *r, struct srtp_window *w, uint64_t limit)
{
    w->next = rd_u64(r);
    for (unsigned i = 0; i < SRTP_WINDOW / 64; i++)
        w->bits[i] = rd_u64(r);
    return srtp_window_valid(w, limit);
}

static bool read_streams(struct rd *r, struct srtp *s, const struct head *h)
{
    for (unsigned i = 0; i < h->streams; i++) {
        uint32_t ssrc = rd_u32(r);
        struct srtp_stream *t = srtp_find(s, ssrc) ? NULL : srtp_place(s, ssrc);
        if (!t || !read_window(r, &t->rtp, SRTP_INDEX_LIMIT) ||
            !read_window(r, &t->rtcp, SRTCP_INDEX_LIMIT))
            return false;
    }
    for (unsigned i = 0; i < h->ended; i++) {
        uint32_t ssrc = rd_u32(r);
        if (srtp_find(s, ssrc) || srtp_is_ended(s, ssrc))
            return false;
        s->ended[s->n_ended++] = ssrc;
    }
    return true;
}

enum err srtp_load(struct srtp **out, const uint8_t *p, size_t n)
{
    struct rd r = rd_of(p, n);
    struct srtp_keys keys = {0};
    struct head h;
    enum err e = read_head(&r, &h);
    if (e != ERR_OK)
        return e;
    read_half(&r, h.profile, &keys.rtp);
    read_half(&r, h.profile, &keys.rtcp);
    struct srtp *s = srtp_make(h.profile, (enum srtp_way)h.way, &keys, h.cap);
    memzero(&keys, sizeof keys);
    if (!s)
        return ERR_NOMEM;
    if (!srtp_grow(s, h.streams, h.ended)) {
        srtp_free(s);
        return ERR_NOMEM;
    }
    if (!read_streams(&r, s, &h)) {
        srtp_free(s);
        return ERR_RANGE;
    }
    *out = s;
    return ERR_OK;
}
