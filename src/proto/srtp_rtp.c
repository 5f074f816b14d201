/* RTP packets: protecting and unprotecting. */
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/util.h"
#include "proto/rtp.h"
#include "proto/srtp_int.h"

static enum srtp_result counted(struct srtp *s, enum srtp_result r)
{
    s->counts.rtp[r]++;
    return r;
}

/* Everything before the payload; p is the header of head_n bytes. */
static bool begin(struct srtp *s, const uint8_t *p, size_t head_n, uint32_t ssrc, uint64_t index)
{
    uint8_t iv[SRTP_CTR_IV];
    if (s->gcm) {
        srtp_gcm_iv(&s->keys.rtp, ssrc, index, iv);
        return srtp_gcm_begin(s->rtp, iv) && srtp_gcm_aad(s->rtp, p, head_n);
    }
    srtp_ctr_iv(&s->keys.rtp, ssrc, index, iv);
    return srtp_ctr_begin(s->rtp, iv);
}

/* The tag behind n bytes. */
static bool seal_end(struct srtp *s, uint8_t *p, size_t n, uint64_t index)
{
    if (s->gcm)
        return srtp_gcm_seal_end(s->rtp, p + n);
    srtp_sha1_tag(s->rtp, p, n, (uint32_t)(index >> 16), p + n);
    return true;
}

/* The index of an outgoing packet. It counts as used from here on, whatever comes of it: a nonce
 * that may have left must not be taken again. */
static enum srtp_result take_index(struct srtp *s, const uint8_t *head, uint64_t *index)
{
    struct srtp_stream *t = srtp_find(s, get_u32(head + 8));
    if (!s->out || !t)
        return SRTP_E_STREAM;
    enum srtp_result r = srtp_window_guess(&t->rtp, get_u16(head + 2), index);
    if (r == SRTP_OK)
        r = srtp_window_check(&t->rtp, *index);
    if (r == SRTP_OK)
        srtp_window_mark(&t->rtp, *index);
    return r;
}

static enum srtp_result protect(struct srtp *s, uint8_t *p, size_t *n, size_t cap)
{
    uint64_t index;
    size_t head = rtp_head_size(p, *n);
    if (head == 0)
        return SRTP_E_MALFORMED;
    if (cap < *n + s->tag)
        return SRTP_E_ROOM;
    enum srtp_result r = take_index(s, p, &index);
    if (r != SRTP_OK)
        return r;
    if (!begin(s, p, head, get_u32(p + 8), index) ||
        !srtp_cipher_update(s->rtp, p + head, p + head, *n - head) || !seal_end(s, p, *n, index))
        return SRTP_E_CRYPTO;
    *n += s->tag;
    return SRTP_OK;
}

enum srtp_result srtp_protect(struct srtp *s, uint8_t *p, size_t *n, size_t cap)
{
    return counted(s, protect(s, p, n, cap));
}

/* Front, payload and padding, encrypted to dst. The front is filled up with payload to whole blocks,
 * so that the payload, which is long, is encrypted from the start of one. */
static bool update_parts(struct srtp *s, uint8_t *dst, const struct srtp_parts *parts)
{
    enum { BLOCK = 16 };
    size_t fill = (BLOCK - parts->front_n % BLOCK) % BLOCK;
    size_t copied = MIN_OF(fill, parts->payload_n), first = parts->front_n + copied;
    size_t rest = parts->payload_n - copied;
    if (first > 0) {
        memcpy(dst, parts->front, parts->front_n);
        if (copied > 0) /* payload may be NULL */
            memcpy(dst + parts->front_n, parts->payload, copied);
        if (!srtp_cipher_update(s->rtp, dst, dst, first))
            return false;
    }
    if (rest > 0 && !srtp_cipher_update(s->rtp, dst + first, parts->payload + copied, rest))
        return false;
    if (parts->pad == 0)
        return true;
    uint8_t *pad = dst + first + rest;
    memset(pad, 0, parts->pad);
    pad[parts->pad - 1] = parts->pad;
    return srtp_cipher_update(s->rtp, pad, pad, parts->pad);
}

static enum srtp_result protect_to(struct srtp *s, uint8_t *dst, size_t cap,
                                   const struct srtp_parts *parts, size_t *n)
{
    uint64_t index;
    size_t head = parts->head_n;
    size_t size = head + parts->front_n + parts->payload_n + parts->pad;
    if (rtp_head_size(parts->head, head) != head || size > RTP_PACKET_MAX)
        return SRTP_E_MALFORMED;
    if (cap < size + s->tag)
        return SRTP_E_ROOM;
    enum srtp_result r = take_index(s, parts->head, &index);
    if (r != SRTP_OK)
        return r;
    memcpy(dst, parts->head, head);
    if (parts->pad > 0)
        rtp_set_padding_bit(dst, true);
    if (!begin(s, dst, head, get_u32(dst + 8), index) || !update_parts(s, dst + head, parts) ||
        !seal_end(s, dst, size, index))
        return SRTP_E_CRYPTO;
    *n = size + s->tag;
    return SRTP_OK;
}

enum srtp_result srtp_protect_to(struct srtp *s, uint8_t *dst, size_t cap,
                                 const struct srtp_parts *parts, size_t *n)
{
    return counted(s, protect_to(s, dst, cap, parts, n));
}

unsigned srtp_protect_batch(struct srtp *s, struct srtp_job *jobs, unsigned n)
{
    unsigned ok = 0;
    for (unsigned i = 0; i < n; i++) {
        struct srtp_job *j = &jobs[i];
        j->result = srtp_protect_to(s, j->dst, j->cap, &j->parts, &j->n);
        ok += j->result == SRTP_OK;
    }
    return ok;
}

/* In place: n bytes and their tag behind them. */
static enum srtp_result open_packet(struct srtp *s, uint8_t *p, size_t n, size_t head,
                                    uint64_t index)
{
    uint8_t tag[SRTP_SHA1_TAG];
    if (!s->gcm) { /* what isn't authentic isn't decrypted at all */
        srtp_sha1_tag(s->rtp, p, n, (uint32_t)(index >> 16), tag);
        if (!ct_equal(tag, p + n, sizeof tag))
            return SRTP_E_AUTH;
    }
    if (!begin(s, p, head, get_u32(p + 8), index) ||
        !srtp_cipher_update(s->rtp, p + head, p + head, n - head))
        return SRTP_E_CRYPTO;
    return !s->gcm || srtp_gcm_open_end(s->rtp, p + n) ? SRTP_OK : SRTP_E_AUTH;
}

static enum srtp_result unprotect(struct srtp *s, uint8_t *p, size_t *n)
{
    static const struct srtp_stream none;
    struct srtp_stream *t;
    uint64_t index;
    size_t size = *n > s->tag ? *n - s->tag : 0, head = rtp_head_size(p, size);
    if (head == 0)
        return SRTP_E_MALFORMED;
    if (s->out)
        return SRTP_E_STREAM;
    uint32_t ssrc = get_u32(p + 8);
    enum srtp_result r = srtp_stream_in(s, ssrc, &t);
    const struct srtp_window *w = t ? &t->rtp : &none.rtp;
    if (r == SRTP_OK)
        r = srtp_window_guess(w, get_u16(p + 2), &index);
    if (r == SRTP_OK)
        r = srtp_window_check(w, index);
    if (r == SRTP_OK)
        r = open_packet(s, p, size, head, index);
    if (r != SRTP_OK)
        return r;
    if (!t)
        t = srtp_place(s, ssrc);
    srtp_window_mark(&t->rtp, index);
    *n = size;
    return SRTP_OK;
}

enum srtp_result srtp_unprotect(struct srtp *s, uint8_t *p, size_t *n)
{
    return counted(s, unprotect(s, p, n));
}
