/*
 * SRTP as a machine: bytes choose what is sent, what arrives, in which order, how often and how damaged;
 * what is saved, loaded and ended. No packet passes twice, none that was damaged passes at all or
 * changes anything, and what passes is what was sent. The first byte chooses the profile.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "proto/rtp.h"
#include "proto/srtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 16, CAP = 160, STREAMS = 3, RECORD = 8192 };

struct sent {
    uint8_t p[CAP], plain[CAP];
    size_t n, plain_n;
    bool rtcp, came;
};

struct world {
    const uint8_t *p, *end;
    struct srtp *out, *in;
    struct sent slots[SLOTS];
    unsigned next;
    uint16_t seq[4];
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static uint8_t byte(struct world *w)
{
    return w->p < w->end ? *w->p++ : 0;
}

static enum srtp_result open_packet(struct world *w, bool rtcp, uint8_t *p, size_t *n)
{
    return rtcp ? srtp_unprotect_rtcp(w->in, p, n) : srtp_unprotect(w->in, p, n);
}

static void send_rtp(struct world *w)
{
    uint8_t how = byte(w);
    unsigned ssrc = how & 3, payload = byte(w) % 100;
    struct sent s = {.plain_n = RTP_HEADER + payload};
    int step = (int8_t)byte(w);
    w->seq[ssrc] = (uint16_t)(w->seq[ssrc] + (how & 4 ? 200 * step : step));
    struct rtp r = {.seq = w->seq[ssrc], .ssrc = ssrc, .pt = 96};
    rtp_put_head(s.plain, CAP, &r, NULL);
    memset(s.plain + RTP_HEADER, how, payload);
    unsigned front = how >> 3;
    front = MIN_OF(front, payload);
    struct srtp_parts parts = {.head = s.plain,
                               .front = s.plain + RTP_HEADER,
                               .payload = s.plain + RTP_HEADER + front,
                               .head_n = RTP_HEADER,
                               .front_n = (uint16_t)front,
                               .payload_n = (uint16_t)(payload - front)};
    if (srtp_protect_to(w->out, s.p, CAP, &parts, &s.n) == SRTP_OK)
        w->slots[w->next++ % SLOTS] = s;
}

static void send_rtcp(struct world *w)
{
    struct sent s = {.plain_n = 8 + 4 * (byte(w) % 20u), .rtcp = true};
    set_u32(s.plain, 0x80C90000 | (uint32_t)(s.plain_n / 4 - 1));
    set_u32(s.plain + 4, byte(w) & 3);
    memcpy(s.p, s.plain, s.n = s.plain_n);
    if (srtp_protect_rtcp(w->out, s.p, &s.n, CAP) == SRTP_OK)
        w->slots[w->next++ % SLOTS] = s;
}

static void arrive(struct world *w)
{
    struct sent *s = &w->slots[byte(w) % SLOTS];
    uint8_t p[CAP];
    size_t n = s->n;
    memcpy(p, s->p, n);
    if (open_packet(w, s->rtcp, p, &n) != SRTP_OK)
        return;
    require(!s->came && n == s->plain_n && memcmp(p, s->plain, n) == 0);
    s->came = true;
}

static void arrive_damaged(struct world *w)
{
    static uint8_t before[RECORD], after[RECORD];
    const struct sent *s = &w->slots[byte(w) % SLOTS];
    size_t n = s->n, at = byte(w), cut = byte(w) % 4;
    uint8_t *p = malloc(n ? n : 1), by = byte(w);
    memcpy(p, s->p, n);
    if (n > 0)
        p[at % n] ^= by;
    bool damaged = (n > 0 && by != 0) || (cut > 0 && cut <= n);
    n = cut <= n ? n - cut : n;
    size_t saved = srtp_save(w->in, before, RECORD);
    enum srtp_result r = damaged ? open_packet(w, s->rtcp, p, &n) : SRTP_E_AUTH;
    require(r != SRTP_OK && srtp_save(w->in, after, RECORD) == saved &&
            memcmp(before, after, saved) == 0);
    free(p);
}

/* Bytes of the input as they are: nobody without the key passes. */
static void arrive_raw(struct world *w)
{
    size_t want = byte(w), left = (size_t)(w->end - w->p);
    size_t n = MIN_OF(want, left), m = n;
    uint8_t *p = malloc(n ? n : 1), *q = malloc(n ? n : 1);
    memcpy(p, w->p, n);
    memcpy(q, w->p, n);
    w->p += n;
    require(srtp_unprotect(w->in, p, &n) != SRTP_OK);
    require(srtp_unprotect_rtcp(w->in, q, &m) != SRTP_OK && n == m);
    free(p);
    free(q);
}

static void reload(struct srtp **s)
{
    static uint8_t before[RECORD], after[RECORD];
    size_t n = srtp_save(*s, before, RECORD);
    srtp_free(*s);
    require(n > 0 && srtp_load(s, before, n) == ERR_OK);
    require(srtp_save(*s, after, RECORD) == n && memcmp(before, after, n) == 0);
}

/* A record with a wrong byte: refused, or taken and then saved as it came. */
static void load_damaged(struct world *w)
{
    static uint8_t record[RECORD], again[RECORD];
    struct srtp *s = NULL;
    size_t n = srtp_save(w->in, record, RECORD);
    size_t at = (size_t)byte(w) << 8;
    at |= byte(w);
    record[at % n] ^= byte(w);
    if (srtp_load(&s, record, n) != ERR_OK) {
        require(s == NULL);
        return;
    }
    require(srtp_save(s, again, RECORD) == n && memcmp(record, again, n) == 0);
    srtp_free(s);
}

static void step(struct world *w)
{
    switch (byte(w) % 16) {
    case 0: send_rtcp(w); break;
    case 1: arrive_damaged(w); break;
    case 2: arrive_raw(w); break;
    case 3: reload(byte(w) & 1 ? &w->in : &w->out); break;
    case 4: load_damaged(w); break;
    case 5: srtp_end(byte(w) & 1 ? w->in : w->out, byte(w) & 3); break;
    case 6: srtp_add(w->out, byte(w) & 3); break;
    case 7:
    case 8:
    case 9:
    case 10: arrive(w); break;
    default: send_rtp(w); break;
    }
    require(srtp_streams(w->in) <= STREAMS && srtp_streams(w->out) <= STREAMS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM,
                                                 SRTP_AES128_CM_SHA1_80};
    static const uint8_t key[SRTP_KEY_MAX] = "a key that nobody guesses";
    struct world w = {.p = data, .end = data + size};
    enum srtp_profile p = profiles[byte(&w) % ARRAY_LEN(profiles)];
    w.out = srtp_new(p, SRTP_OUT, key, key, STREAMS);
    w.in = srtp_new(p, SRTP_IN, key, key, STREAMS);
    require(w.out && w.in);
    for (uint32_t ssrc = 0; ssrc < STREAMS; ssrc++) {
        w.seq[ssrc] = 65500;
        require(srtp_add(w.out, ssrc) == ERR_OK);
    }
    while (w.p < w.end)
        step(&w);
    srtp_free(w.out);
    srtp_free(w.in);
    return 0;
}
