/* RTCP packets: protecting and unprotecting (RFC 3711 3.4, RFC 7714 9). With GCM the tag stands before
 * the word with the index, with HMAC behind it. */
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "proto/rtcp.h"
#include "proto/srtp_int.h"

enum { CLEAR = 8, WORD = 4 }; /* header and SSRC stay in the clear; the index with its E bit */
#define ENCRYPTED 0x80000000u

static enum srtp_result counted(struct srtp *s, enum srtp_result r)
{
    s->counts.rtcp[r]++;
    return r;
}

/* n: without tag and word. */
static bool plausible(const uint8_t *p, size_t n)
{
    return n >= CLEAR && n <= RTCP_PACKET_MAX && p[0] >> 6 == 2;
}

static bool begin(struct srtp *s, const uint8_t *p, uint32_t index)
{
    uint8_t iv[SRTP_CTR_IV], aad[CLEAR + WORD];
    if (!s->gcm) {
        srtp_ctr_iv(&s->keys.rtcp, get_u32(p + 4), index, iv);
        return srtp_ctr_begin(s->rtcp, iv);
    }
    srtp_gcm_iv(&s->keys.rtcp, get_u32(p + 4), index, iv);
    memcpy(aad, p, CLEAR);
    set_u32(aad + CLEAR, ENCRYPTED | index);
    return srtp_gcm_begin(s->rtcp, iv) && srtp_gcm_aad(s->rtcp, aad, sizeof aad);
}

static enum srtp_result protect(struct srtp *s, uint8_t *p, size_t *n, size_t cap)
{
    if (!plausible(p, *n))
        return SRTP_E_MALFORMED;
    if (cap < *n + WORD + s->tag)
        return SRTP_E_ROOM;
    struct srtp_stream *t = srtp_find(s, get_u32(p + 4));
    if (!s->out || !t)
        return SRTP_E_STREAM;
    uint64_t index = t->rtcp.next;
    if (index >= SRTCP_INDEX_LIMIT)
        return SRTP_E_EXHAUSTED;
    srtp_window_mark(&t->rtcp, index);
    if (!begin(s, p, (uint32_t)index) ||
        !srtp_cipher_update(s->rtcp, p + CLEAR, p + CLEAR, *n - CLEAR))
        return SRTP_E_CRYPTO;
    uint32_t word = ENCRYPTED | (uint32_t)index;
    if (s->gcm) {
        if (!srtp_gcm_seal_end(s->rtcp, p + *n))
            return SRTP_E_CRYPTO;
        set_u32(p + *n + s->tag, word);
    } else {
        set_u32(p + *n, word);
        srtp_sha1_tag(s->rtcp, p, *n, word, p + *n + WORD);
    }
    *n += WORD + s->tag;
    return SRTP_OK;
}

enum srtp_result srtp_protect_rtcp(struct srtp *s, uint8_t *p, size_t *n, size_t cap)
{
    return counted(s, protect(s, p, n, cap));
}

/* In place: n bytes, behind them tag and word. */
static enum srtp_result open_packet(struct srtp *s, uint8_t *p, size_t n, uint32_t word)
{
    uint8_t tag[SRTP_SHA1_TAG];
    if (!s->gcm) {
        srtp_sha1_tag(s->rtcp, p, n, word, tag);
        if (!ct_equal(tag, p + n + WORD, sizeof tag))
            return SRTP_E_AUTH;
    }
    if (!begin(s, p, word & ~ENCRYPTED) ||
        !srtp_cipher_update(s->rtcp, p + CLEAR, p + CLEAR, n - CLEAR))
        return SRTP_E_CRYPTO;
    return !s->gcm || srtp_gcm_open_end(s->rtcp, p + n) ? SRTP_OK : SRTP_E_AUTH;
}

static enum srtp_result unprotect(struct srtp *s, uint8_t *p, size_t *n)
{
    static const struct srtp_stream none;
    struct srtp_stream *t;
    size_t trailer = WORD + s->tag, size = *n > trailer ? *n - trailer : 0;
    if (!plausible(p, size))
        return SRTP_E_MALFORMED;
    if (s->out)
        return SRTP_E_STREAM;
    uint32_t ssrc = get_u32(p + 4), word = get_u32(p + size + (s->gcm ? s->tag : 0));
    if (!(word & ENCRYPTED))
        return SRTP_E_CLEAR;
    uint32_t index = word & ~ENCRYPTED;
    enum srtp_result r = srtp_stream_in(s, ssrc, &t);
    if (r == SRTP_OK)
        r = srtp_window_check(t ? &t->rtcp : &none.rtcp, index);
    if (r == SRTP_OK)
        r = open_packet(s, p, size, word);
    if (r != SRTP_OK)
        return r;
    if (!t)
        t = srtp_place(s, ssrc);
    srtp_window_mark(&t->rtcp, index);
    *n = size;
    return SRTP_OK;
}

enum srtp_result srtp_unprotect_rtcp(struct srtp *s, uint8_t *p, size_t *n)
{
    return counted(s, unprotect(s, p, n));
}
