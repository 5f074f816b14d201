/*
 * An SFU on virtual time with clients as browsers are: they offer, check, shake hands (the keys are agreed on
 * by the test), publish and receive by SRTP of their own. What they are sent is looked at packet by packet.
 */
#ifndef MADANG_TESTS_SFU_WORLD_H
#define MADANG_TESTS_SFU_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "ice_check.h"
#include "media/sfu.h"
#include "proto/rtcp.h"
#include "proto/rtp.h"
#include "proto/rtp_ext.h"
#include "sfu_link.h"

#define UNUSED_OK __attribute__((unused))

enum {
    CLIENTS = 12,
    LINES = 24,
    SECOND = 1000000,
    EXT_LEVEL = 1,
    EXT_ABS = 2,
    EXT_TWCC = 3,
    EXT_MID = 4,
    EXT_RID = 10
};
enum { PT_OPUS = 111, PT_VP8 = 96, PT_RTX = 97 };
enum direction { SENDS, RECEIVES };

struct line {
    enum direction direction;
    bool video;
    unsigned layers; /* of what is sent */
    enum sfu_kind kind;
    uint64_t track;
    uint32_t ssrc, rtx; /* received: as the answer says */
    /* Sending. */
    uint16_t seq[3], picture[3];
    uint32_t timestamp;
    uint8_t level;     /* of sound: 127 is silence */
    unsigned sizes[3]; /* bytes behind the descriptor, by layer; 0: 100 for each layer */
    /* Received, by number. */
    uint64_t packets, keys, again, bytes;
    uint64_t repeats, padding; /* what was there before, and padding: probes */
    uint8_t there[65536 / 8];  /* numbers that came */
    uint64_t of_layer[8];      /* packets, if sizes are given */
    bool key;                  /* the last one began a key frame */
    bool was_led;              /* something was sent on it */
    uint16_t first_seq;
    uint16_t last_seq;
    uint32_t last_timestamp;
    bool begun;
};

struct client {
    struct world *w;
    uint64_t id;
    struct tuple at;
    struct line lines[LINES];
    unsigned n;
    char ufrag[16], pwd[64], remote[8];
    struct srtp *in, *out;
    uint8_t material[SRTP_MATERIAL_MAX];
    uint16_t twcc; /* next that it sends */
    unsigned restarts;
    /* What came. */
    unsigned plis, nacks, feedbacks, arrivals, reports, srs;
    uint32_t pli_ssrc;
    uint16_t nacked[64];
    unsigned answers, refusals;
    bool open, ended;
    enum transport_end why;
    int64_t came_us[2]; /* when the last two packets came, as it was told */
    int64_t twcc_seen;  /* of what left to it */
    struct link *link;  /* NULL: everything arrives at once, and nobody tells of it */
};

struct world {
    struct sfu *sfu;
    int64_t now;
    struct client clients[CLIENTS];
    unsigned n;
    unsigned tracks, tracks_gone, flushes;
    uint64_t dominant; /* the last speaker that was told */
    unsigned changes;
    enum sfu_refusal refusal;
    /* Decides about each datagram to a client; NULL: all arrive. */
    bool (*lose)(struct world *w, struct client *to, uint32_t ssrc, uint16_t seq);
    /* Sees each sealed packet of a client; false: it does not arrive. NULL: all do. */
    bool (*uplink)(struct world *w, struct client *from, uint32_t ssrc, uint16_t seq,
                   const uint8_t *p, size_t n);
    /* Sees each number of a line that arrived, in whatever way. */
    void (*arrived)(struct world *w, struct client *c, unsigned line, uint16_t seq, bool key);
    /* Sees each packet in the clear before all others; true: nobody else need. NULL: there is none. */
    bool (*took)(struct world *w, struct client *c, const struct rtp *r, const uint8_t *p);
    void *of_test;
    char answer[65536];
};

static UNUSED_OK struct client *client_at(struct world *w, const struct tuple *at)
{
    for (unsigned i = 0; i < w->n; i++) {
        if (memcmp(&w->clients[i].at.peer, &at->peer, sizeof at->peer) == 0)
            return &w->clients[i];
    }
    return NULL;
}

static UNUSED_OK struct client *client_of(struct world *w, uint64_t id)
{
    for (unsigned i = 0; i < w->n; i++) {
        if (w->clients[i].id == id)
            return &w->clients[i];
    }
    return NULL;
}

/* ---- What a client gets ---- */

static UNUSED_OK void client_rtcp(struct client *c, const uint8_t *p, size_t n)
{
    struct rtcp_packet k;
    struct rtcp_nack_iter it;
    struct rtcp_twcc t;
    struct rtcp_arrival a;
    uint32_t sender;
    assert_int_equal(rtcp_check(p, n), RTCP_OK);
    for (struct rtcp_iter i = rtcp_iter(p, n); rtcp_next(&i, &k);) {
        c->srs += k.type == RTCP_SR;
        c->reports += k.type == RTCP_RR;
        if (rtcp_is_fb(&k, RTCP_PSFB, RTCP_FMT_PLI) && rtcp_read_pli(&k, &sender, &c->pli_ssrc))
            c->plis++;
        if (rtcp_is_fb(&k, RTCP_RTPFB, RTCP_FMT_NACK) && rtcp_read_nack(&k, &it)) {
            while (c->nacks < 64 && rtcp_nack_next(&it, &c->nacked[c->nacks]))
                c->nacks++;
        }
        if (rtcp_is_fb(&k, RTCP_RTPFB, RTCP_FMT_TWCC) && rtcp_read_twcc(&k, &t)) {
            c->feedbacks++;
            while (rtcp_twcc_next(&t, &a)) {
                c->arrivals += a.came;
                c->came_us[0] = a.came ? c->came_us[1] : c->came_us[0];
                c->came_us[1] = a.came ? a.at_us : c->came_us[1];
            }
        }
    }
}

/* false: it was there before. */
static UNUSED_OK bool client_media(struct line *l, const struct rtp *r, const uint8_t *p,
                                   uint16_t seq, unsigned skip)
{
    uint8_t bit = (uint8_t)(1u << seq % 8);
    if (l->there[seq / 8] & bit) {
        l->repeats++;
        return false;
    }
    l->there[seq / 8] |= bit;
    const uint8_t *payload = p + r->head + skip;
    struct codec_packet k;
    assert_true(codec_read(l->video ? CODEC_VP8 : CODEC_OPUS, payload, r->payload - skip, &k));
    l->key = k.key;
    l->keys += k.key;
    l->packets++;
    l->bytes += r->size;
    l->of_layer[p[r->size - 1] & 7]++;
    if (!l->begun || rtp_seq_diff(seq, l->last_seq) > 0) {
        l->last_seq = seq;
        l->last_timestamp = r->timestamp;
    }
    l->begun = true;
    return true;
}

/* What is sent first is something to begin with, whether it arrives or not. */
static UNUSED_OK void lead(struct line *l, const struct rtp *r, const uint8_t *p)
{
    struct codec_packet k;
    if (!l->was_led && l->video) {
        assert_true(codec_read(CODEC_VP8, p + r->head, r->payload, &k));
        assert_true(k.key);
    }
    if (!l->was_led)
        l->first_seq = r->seq;
    l->was_led = true;
}

/* When it leaves: numbers for the transport have no gap, and a line begins with something to begin with. */
static UNUSED_OK void check_leaving(struct client *c, const uint8_t *p, size_t n)
{
    struct rtp r;
    struct rtp_ext e;
    assert_int_equal(rtp_parse(&r, p, n), RTP_OK);
    struct rtp_ext_iter it = rtp_ext_iter(&r, p);
    while (rtp_ext_next(&it, &e)) {
        if (e.id != EXT_TWCC)
            continue;
        assert_int_equal(get_u16(e.p), (uint16_t)(c->twcc_seen + 1));
        c->twcc_seen = c->twcc_seen < 0 ? get_u16(e.p) : c->twcc_seen + 1;
    }
    for (unsigned i = 0; i < c->n; i++) {
        if (c->lines[i].direction == RECEIVES && c->lines[i].ssrc == r.ssrc)
            lead(&c->lines[i], &r, p);
    }
}

static UNUSED_OK void client_rtp(struct client *c, const uint8_t *p, size_t n)
{
    struct rtp r;
    assert_int_equal(rtp_parse(&r, p, n), RTP_OK);
    if (c->w->took != NULL && c->w->took(c->w, c, &r, p))
        return;
    for (unsigned i = 0; i < c->n; i++) {
        struct line *l = &c->lines[i];
        if (l->direction != RECEIVES)
            continue;
        if (l->ssrc == r.ssrc) {
            if (c->w->lose != NULL && c->w->lose(c->w, c, r.ssrc, r.seq))
                return;
            if (!client_media(l, &r, p, r.seq, 0))
                return; /* sent again while it waited */
            if (c->w->arrived != NULL)
                c->w->arrived(c->w, c, i, r.seq, l->key);
            return;
        }
        if (l->rtx != 0 && l->rtx == r.ssrc) {
            if (r.payload == 0) {
                l->padding++;
                return;
            }
            if (!client_media(l, &r, p, get_u16(p + r.head), 2))
                return;
            l->again++;
            if (c->w->arrived != NULL)
                c->w->arrived(c->w, c, i, get_u16(p + r.head), l->key);
            return;
        }
    }
    fail_msg("nobody asked for ssrc %u", r.ssrc);
}

static UNUSED_OK void world_send(void *ctx, const struct tuple *to, const struct datagram *d,
                                 unsigned flags)
{
    struct world *w = ctx;
    struct client *c = client_at(w, to);
    uint8_t copy[2048];
    size_t n = d->ndata;
    (void)flags;
    assert_non_null(c);
    assert_int_equal(d->nhead, 0);
    memcpy(copy, d->data, n);
    if (copy[0] < 4 || (copy[0] >= 20 && copy[0] < 64))
        return; /* an answer to a check; a handshake */
    if (rtp_kind_of(copy, n) == RTP_KIND_RTCP) {
        assert_int_equal(srtp_unprotect_rtcp(c->in, copy, &n), SRTP_OK);
        client_rtcp(c, copy, n);
        return;
    }
    assert_int_equal(srtp_unprotect(c->in, copy, &n), SRTP_OK);
    check_leaving(c, copy, n);
    if (c->link == NULL)
        client_rtp(c, copy, n);
    else
        link_take(c->link, w->now, c->twcc_seen, copy, n);
}

static UNUSED_OK void world_flush(void *ctx)
{
    struct world *w = ctx;
    w->flushes++;
}

static UNUSED_OK void world_dtls(void *ctx, uint64_t peer, const uint8_t *p, size_t n)
{
    (void)ctx, (void)peer, (void)p, (void)n;
}

static UNUSED_OK void world_dtls_end(void *ctx, uint64_t peer)
{
    (void)ctx, (void)peer;
}

static UNUSED_OK void world_path(void *ctx, const struct tuple *at, bool is_ours)
{
    (void)ctx, (void)at, (void)is_ours;
}

static UNUSED_OK void copy_value(const char *text, const char *name, char *to, size_t cap)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    str_copy(str_of(at, strcspn(at, "\r\n ")), to, cap);
}

/* SSRCs of the lines that we are sent on. */
static UNUSED_OK void read_ssrcs(struct client *c, const char *text)
{
    char mid[32];
    for (unsigned i = 0; i < c->n; i++) {
        struct line *l = &c->lines[i];
        snprintf(mid, sizeof mid, "a=mid:%u\r\n", i);
        const char *at = strstr(text, mid), *end;
        if (l->direction != RECEIVES || at == NULL)
            continue;
        end = strstr(at, "\r\nm=");
        const char *fid = strstr(at, "a=ssrc-group:FID "), *one = strstr(at, "a=ssrc:");
        if (fid != NULL && (end == NULL || fid < end)) {
            char *rest;
            l->ssrc = (uint32_t)strtoul(fid + 17, &rest, 10);
            l->rtx = (uint32_t)strtoul(rest, NULL, 10);
        } else if (one != NULL && (end == NULL || one < end)) {
            l->ssrc = (uint32_t)strtoul(one + 7, NULL, 10);
        }
    }
}

static UNUSED_OK void world_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    struct world *w = ctx;
    struct client *c = client_of(w, peer);
    (void)room;
    assert_non_null(c);
    assert_true(str_copy(sdp, w->answer, sizeof w->answer));
    copy_value(w->answer, "a=ice-ufrag:", c->ufrag, sizeof c->ufrag);
    copy_value(w->answer, "a=ice-pwd:", c->pwd, sizeof c->pwd);
    read_ssrcs(c, w->answer);
    c->answers++;
}

static UNUSED_OK void world_refused(void *ctx, uint64_t room, uint64_t peer, enum sfu_refusal why)
{
    struct world *w = ctx;
    struct client *c = client_of(w, peer);
    (void)room;
    w->refusal = why;
    if (c != NULL)
        c->refusals++;
}

static UNUSED_OK void world_track(void *ctx, uint64_t room, const struct sfu_track *t,
                                  bool is_there)
{
    struct world *w = ctx;
    (void)room, (void)t;
    w->tracks += is_there;
    w->tracks_gone += !is_there;
}

static UNUSED_OK void world_speaker(void *ctx, uint64_t room, uint64_t peer, uint64_t track)
{
    struct world *w = ctx;
    (void)room, (void)peer;
    w->dominant = track;
    w->changes++;
}

static UNUSED_OK void world_state(void *ctx, uint64_t room, uint64_t peer, enum transport_state s,
                                  enum transport_end why)
{
    struct world *w = ctx;
    struct client *c = client_of(w, peer);
    (void)room;
    assert_non_null(c);
    c->open |= s == TRANSPORT_OPEN;
    c->ended |= s == TRANSPORT_ENDED;
    c->why = why;
}

static UNUSED_OK struct world *world_new(const struct sfu_conf *conf)
{
    static const struct sfu_ops ops = {NULL,           world_send,    world_flush,  world_dtls,
                                       world_dtls_end, world_path,    world_answer, world_refused,
                                       world_track,    world_speaker, world_state};
    struct world *w = calloc(1, sizeof *w);
    struct sfu_conf c = conf ? *conf : (struct sfu_conf){0};
    struct sfu_ops o = ops;
    o.ctx = w;
    memset(c.seed, 5, sizeof c.seed);
    snprintf(c.fingerprint, sizeof c.fingerprint, "%s",
             "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
             "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
    c.candidates[0].at = addr_ip4(198, 51, 100, 1, 3478);
    c.n_candidates = 1;
    w->now = 100 * (int64_t)SECOND;
    w->sfu = sfu_new(&c, &o);
    sfu_wall(w->sfu, 1700000000 * (int64_t)SECOND);
    return w;
}

static UNUSED_OK void world_free(struct world *w)
{
    sfu_free(w->sfu);
    for (unsigned i = 0; i < w->n; i++) {
        srtp_free(w->clients[i].in);
        srtp_free(w->clients[i].out);
        free(w->clients[i].link);
    }
    free(w);
}

static void client_feedback(struct client *c, const struct rtcp_writer *wr);

/* What has arrived, and what is told of it. */
static UNUSED_OK void links_run(struct world *w)
{
    uint8_t mem[1200];
    struct rtcp_writer wr;
    for (unsigned i = 0; i < w->n; i++) {
        struct client *c = &w->clients[i];
        const struct in_flight *f;
        while (c->link != NULL && (f = link_arrived(c->link, w->now)) != NULL)
            client_rtp(c, f->bytes, f->n);
        if (c->link == NULL)
            continue;
        rtcp_begin(&wr, mem, sizeof mem);
        while (c->out != NULL && link_tell(c->link, w->now, (uint32_t)c->id, &wr)) {
            client_feedback(c, &wr);
            rtcp_begin(&wr, mem, sizeof mem);
        }
    }
}

static UNUSED_OK int64_t next_event(const struct world *w)
{
    int64_t at = sfu_deadline(w->sfu);
    for (unsigned i = 0; i < w->n; i++) {
        if (w->clients[i].link != NULL)
            at = MIN_OF(at, link_due(w->clients[i].link));
    }
    return at;
}

/* Time goes on, with all that is due meanwhile. */
static UNUSED_OK void world_run(struct world *w, int64_t us)
{
    int64_t until = w->now + us, at;
    while ((at = next_event(w)) <= until) {
        w->now = at > w->now ? at : w->now;
        links_run(w);
        at = sfu_deadline(w->sfu);
        if (at > w->now)
            continue;
        sfu_tick(w->sfu, w->now);
        assert_true(sfu_deadline(w->sfu) > at); /* no timer that rings for ever */
    }
    w->now = until;
    sfu_flushed(w->sfu);
}

/* ---- A client ---- */

static UNUSED_OK struct client *client_new(struct world *w)
{
    assert_true(w->n < CLIENTS);
    struct client *c = &w->clients[w->n++];
    c->w = w;
    c->id = 1000 + w->n;
    c->at.peer = addr_ip4(192, 0, 2, (uint8_t)w->n, 5000);
    c->at.local = addr_ip4(198, 51, 100, 1, 3478);
    c->twcc_seen = -1;
    snprintf(c->remote, sizeof c->remote, "peer%u", w->n % 10);
    for (unsigned i = 0; i < sizeof c->material; i++)
        c->material[i] = (uint8_t)(i * 7 + w->n);
    return c;
}

static UNUSED_OK unsigned client_line(struct client *c, enum direction d, enum sfu_kind kind,
                                      unsigned layers, uint64_t track)
{
    struct line *l = &c->lines[c->n];
    *l = (struct line){.direction = d,
                       .video = kind == SFU_CAMERA || kind == SFU_SCREEN,
                       .layers = layers,
                       .kind = kind,
                       .track = track,
                       .timestamp = 1000 * (uint32_t)c->id,
                       .level = 40};
    return c->n++;
}

static UNUSED_OK void put_line(struct buf *b, const struct client *c, unsigned i)
{
    const struct line *l = &c->lines[i];
    buf_putf(b, "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%u\r\na=rtcp-mux\r\n",
             l->video ? "video" : "audio", l->video ? "96 97" : "111", i);
    buf_putf(b, "a=extmap:4 %s\r\na=extmap:3 %s\r\na=extmap:2 %s\r\n", rtp_ext_uri(RTP_EXT_MID),
             rtp_ext_uri(RTP_EXT_TRANSPORT_CC), rtp_ext_uri(RTP_EXT_ABS_SEND_TIME));
    buf_putf(b, "a=extmap:1 %s\r\na=extmap:10 %s\r\n", rtp_ext_uri(RTP_EXT_AUDIO_LEVEL),
             rtp_ext_uri(RTP_EXT_RID));
    buf_putf(b, "a=%s\r\n", l->direction == SENDS ? "sendonly" : "recvonly");
    if (l->video)
        buf_puts(b, "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
                    "a=rtcp-fb:96 transport-cc\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
    else
        buf_puts(b, "a=rtpmap:111 opus/48000/2\r\n");
    if (l->direction == SENDS && l->layers > 1) {
        for (unsigned k = 0; k < l->layers; k++)
            buf_putf(b, "a=rid:r%u send\r\n", k);
        buf_puts(b, "a=simulcast:send r0;r1");
        buf_puts(b, l->layers > 2 ? ";r2\r\n" : "\r\n");
    }
}

static UNUSED_OK void client_offer(struct client *c, uint64_t room, unsigned rights)
{
    struct buf b;
    struct sfu_line lines[LINES];
    char mids[LINES][8];
    buf_init(&b, 1 << 20);
    buf_puts(&b, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for (unsigned i = 0; i < c->n; i++) {
        buf_putf(&b, " %u", i);
        snprintf(mids[i], sizeof mids[i], "%u", i);
        lines[i] = (struct sfu_line){str_from(mids[i]), c->lines[i].kind, c->lines[i].track};
    }
    buf_putf(&b, "\r\na=ice-ufrag:%s%u\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n",
             c->remote, c->restarts);
    buf_puts(&b, "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
                 "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n");
    for (unsigned i = 0; i < c->n; i++)
        put_line(&b, c, i);
    struct sfu_offer o = {room, c->id, rights, buf_str(&b), lines, c->n};
    sfu_offer(c->w->sfu, c->w->now, &o);
    buf_free(&b);
}

static UNUSED_OK bool client_check(struct client *c)
{
    uint8_t in[ICE_CHECK_MAX];
    char name[64];
    struct stun_msg m;
    snprintf(name, sizeof name, "%s:%s%u", c->ufrag, c->remote, c->restarts);
    assert_int_equal(stun_parse(&m, in, ice_check(in, name, c->pwd, true)), STUN_OK);
    return sfu_stun(c->w->sfu, c->w->now, &c->at, &m);
}

/* Checks, shakes hands, has keys. */
static UNUSED_OK void client_connect(struct client *c)
{
    uint8_t hello[30] = {22, 254, 253}, print[32];
    struct world *w = c->w;
    assert_true(client_check(c));
    assert_true(sfu_input(w->sfu, w->now, &c->at, hello, sizeof hello, sizeof hello));
    memset(print, 0xAB, sizeof print);
    sfu_dtls_done(w->sfu, c->id, SRTP_AEAD_AES_128_GCM, c->material, print, sizeof print);
    assert_true(c->open);
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, c->material, false, 256, 64, &c->in, &c->out),
                     ERR_OK);
    world_run(w, 0);
}

static UNUSED_OK uint32_t send_ssrc(const struct client *c, unsigned line, unsigned layer)
{
    return (uint32_t)(c->id * 1000 + line * 10 + layer);
}

/* One packet of a line; key: it begins a key frame. Numbers may be skipped by the caller. */
static UNUSED_OK void client_send(struct client *c, unsigned line, unsigned layer, bool key,
                                  bool last)
{
    struct line *l = &c->lines[line];
    struct world *w = c->w;
    uint8_t p[1500];
    char mid[8], rid[8];
    struct rtp r = {.ssrc = send_ssrc(c, line, layer),
                    .seq = l->seq[layer]++,
                    .timestamp = l->timestamp,
                    .pt = l->video ? PT_VP8 : PT_OPUS,
                    .marker = last};
    struct rtp_ext_writer x;
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    snprintf(mid, sizeof mid, "%u", line);
    snprintf(rid, sizeof rid, "r%u", layer);
    rtp_ext_begin(&x, p, n, sizeof p, false);
    rtp_ext_put(&x, EXT_MID, mid, strlen(mid));
    if (l->layers > 1)
        rtp_ext_put(&x, EXT_RID, rid, strlen(rid));
    rtp_ext_put_transport_cc(&x, EXT_TWCC, c->twcc++);
    if (!l->video)
        rtp_ext_put_audio_level(
            &x, EXT_LEVEL, (struct rtp_audio_level){.level = l->level, .voice = l->level < 100});
    n = rtp_ext_end(&x);
    uint8_t vp8[12] = {0x90, 0x80, 0x80, 0, (uint8_t)!key, 1, 2, 3, 4, 5, 6, 7};
    set_u16(vp8 + 2, (uint16_t)(0x8000 | (l->picture[layer] & 0x7FFF)));
    if (last)
        l->picture[layer]++;
    unsigned more = l->sizes[layer] > 0 ? l->sizes[layer] : 100 * layer;
    memcpy(p + n, vp8, sizeof vp8);
    n += sizeof vp8 + more;
    memset(p + n - more, l->sizes[layer] > 0 ? (int)layer : 7, more);
    srtp_add(c->out, r.ssrc);
    assert_int_equal(srtp_protect(c->out, p, &n, sizeof p), SRTP_OK);
    if (w->uplink == NULL || w->uplink(w, c, r.ssrc, r.seq, p, n))
        sfu_input(w->sfu, w->now, &c->at, p, n, n);
}

static UNUSED_OK void client_feedback(struct client *c, const struct rtcp_writer *wr)
{
    uint8_t p[1500];
    size_t n = wr->len;
    memcpy(p, wr->p, n);
    srtp_add(c->out, (uint32_t)c->id);
    assert_int_equal(srtp_protect_rtcp(c->out, p, &n, sizeof p), SRTP_OK);
    sfu_input(c->w->sfu, c->w->now, &c->at, p, n, n);
}

#endif
