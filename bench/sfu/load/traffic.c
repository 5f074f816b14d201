/* What publishers send (25 pictures a second of 10 packets in bursts of 3 every 5 ms, 50 packets of sound), and what
 * becomes of it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "proto/rtcp.h"
#include "proto/rtp_ext.h"
#include "sfu_load.h"

enum {
    FRAME_US = 40000,
    BURST_US = 5000,
    BURST = 3,
    FRAME_PACKETS = 10,
    AUDIO_US = 20000,
    VIDEO_BYTES = 1100,
    AUDIO_BYTES = 120,
    SEALED = VIDEO_BYTES + 64
};

static int64_t realtime_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void publisher_begin(struct publisher *p, struct client *c, unsigned index, int64_t at_us)
{
    *p = (struct publisher){.c = c, .index = index, .wants_key = true};
    p->video_us = at_us;
    p->audio_us = at_us + 1300;
}

/* Header and what the transport counts. */
static size_t put_head(struct publisher *p, uint8_t *to, enum kind kind, bool last)
{
    struct rtp r = {.ssrc = p->c->id * 10 + kind,
                    .seq = p->seq[kind]++,
                    .timestamp = kind == VIDEO ? p->frame * 3600 : p->numbers[AUDIO] * 960,
                    .pt = kind == VIDEO ? PT_VP8 : PT_OPUS,
                    .marker = last};
    struct rtp_ext_writer x;
    size_t n = rtp_put_head(to, SEALED, &r, NULL);
    if (p->c->twcc_id == 0)
        return n;
    rtp_ext_begin(&x, to, n, SEALED, false);
    rtp_ext_put_transport_cc(&x, p->c->twcc_id, p->twcc++);
    return rtp_ext_end(&x);
}

/* RFC 7741 4.2, and of a key frame what says so (RFC 6386 9.1). */
static void put_vp8(const struct publisher *p, uint8_t *to, bool first)
{
    const uint8_t d[4] = {(uint8_t)(0x80 | (first ? 0x10 : 0)), 0x80,
                          (uint8_t)(0x80 | (p->frame >> 8 & 0x7F)), (uint8_t)p->frame};
    static const uint8_t key[10] = {0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x00, 0x05, 0xD0, 0x02};
    memcpy(to, d, sizeof d);
    if (first && p->is_key)
        memcpy(to + 4, key, sizeof key);
    else
        to[4] = 0x11;
}

static size_t build(struct publisher *p, uint8_t *to, enum kind kind)
{
    bool first = p->packet == 0, last = kind == VIDEO && p->packet + 1 == FRAME_PACKETS;
    size_t size = kind == VIDEO ? VIDEO_BYTES : AUDIO_BYTES;
    size_t head = put_head(p, to, kind, last), n = size;
    struct stamp s = {.sent_ns = realtime_ns(),
                      .number = p->numbers[kind]++,
                      .publisher = (uint16_t)p->index,
                      .kind = kind,
                      .is_key = kind == VIDEO && p->is_key,
                      .is_last = last};
    memset(to + head, 0x5A, size - head);
    if (kind == VIDEO)
        put_vp8(p, to + head, first);
    memcpy(to + head + STAMP_AT, &s, sizeof s);
    p->octets[kind] += (uint32_t)(size - head);
    if (srtp_protect(p->c->srtp_out, to, &n, SEALED) != SRTP_OK)
        die("sealing");
    return n;
}

static void send_burst(struct publisher *p, enum kind kind, unsigned n)
{
    static uint8_t bytes[BURST][SEALED];
    struct mmsghdr m[BURST];
    struct iovec v[BURST];
    for (unsigned i = 0; i < n; i++) {
        v[i] = (struct iovec){bytes[i], build(p, bytes[i], kind)};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
        if (kind == VIDEO)
            p->packet++;
    }
    int sent = sendmmsg(p->c->fd, m, n, 0);
    p->c->l->sent += p->c->l->counts && sent > 0 ? (unsigned)sent : 0;
}

static void send_video(struct publisher *p)
{
    unsigned left = FRAME_PACKETS - p->packet, n = left < BURST ? left : BURST;
    int64_t frame_us = FRAME_US * 100 / (int64_t)p->c->l->fps_percent;
    if (p->packet == 0) {
        p->is_key = p->wants_key;
        p->wants_key = false;
    }
    send_burst(p, VIDEO, n);
    if (p->packet < FRAME_PACKETS) {
        p->video_us += BURST_US;
        return;
    }
    p->packet = 0;
    p->frame++;
    p->video_us += frame_us - BURST_US * ((FRAME_PACKETS - 1) / BURST);
}

int64_t publishers_send(struct load *l, int64_t now)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; !l->stopped && i < l->n_publishers; i++) {
        struct publisher *p = &l->publishers[i];
        if (p->c->state != OPEN)
            continue;
        if (now >= p->video_us)
            send_video(p);
        if (now >= p->audio_us) {
            send_burst(p, AUDIO, 1);
            p->audio_us += AUDIO_US;
        }
        next = p->video_us < next ? p->video_us : next;
        next = p->audio_us < next ? p->audio_us : next;
    }
    return next;
}

void publishers_report(struct load *l)
{
    for (unsigned i = 0; i < l->n_publishers; i++) {
        struct publisher *p = &l->publishers[i];
        uint8_t out[200];
        struct rtcp_writer w;
        uint64_t ntp = rtcp_ntp(realtime_ns() / 1000);
        rtcp_begin(&w, out, 150);
        for (enum kind k = VIDEO; k <= AUDIO; k++) {
            struct rtcp_sr sr = {.ntp = ntp,
                                 .ssrc = p->c->id * 10 + k,
                                 .timestamp = k == VIDEO ? p->frame * 3600 : p->numbers[k] * 960,
                                 .packets = p->numbers[k],
                                 .octets = p->octets[k]};
            rtcp_put_sr(&w, &sr, NULL, 0);
        }
        if (l->server != FLOOR)
            client_send_rtcp(p->c, out, w.len, sizeof out);
    }
}

static void count_latency(struct load *l, int64_t ns)
{
    int64_t us = ns / 1000;
    l->latency[us < 0 ? 0 : us < LATENCIES ? us : LATENCIES - 1]++;
}

void take_media(struct client *c, const struct rtp *r, const uint8_t *p, int64_t arrived_ns)
{
    struct load *l = c->l;
    struct stamp s;
    if (r->payload < STAMP_AT + sizeof s || r->pt == PT_RTX) {
        l->got.padding += l->counts;
        return;
    }
    memcpy(&s, p + r->head + STAMP_AT, sizeof s);
    if (s.publisher >= TRACKS_MAX || s.kind > AUDIO) {
        l->got.bad++;
        return;
    }
    if (c->first_us == 0)
        c->first_us = now_us();
    if (c->key_us == 0 && s.is_key && s.is_last)
        c->key_us = now_us();
    uint32_t *next = &c->next[s.publisher][s.kind];
    bool is_late = (int32_t)(s.number - *next) < 0;
    if (!is_late)
        *next = s.number + 1;
    if (!l->counts)
        return;
    l->got.late += is_late;
    l->got.packets++;
    l->got.timed++;
    count_latency(l, arrived_ns - s.sent_ns);
}
