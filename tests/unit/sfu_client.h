/* What a client of sfu_world.h is, and what it makes of each packet that it gets. */
#ifndef MADANG_TESTS_SFU_CLIENT_H
#define MADANG_TESTS_SFU_CLIENT_H

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

#ifndef WORLD_CLIENTS /* who wants more says so before */
#define WORLD_CLIENTS 12
#define WORLD_LINES   24
#endif

enum {
    CLIENTS = WORLD_CLIENTS,
    LINES = WORLD_LINES,
    SECOND = 1000000,
    EXT_LEVEL = 1,
    EXT_ABS = 2,
    EXT_TWCC = 3,
    EXT_MID = 4,
    EXT_HOLD = 5,
    EXT_RID = 10
};
enum { PT_OPUS = 111, PT_RED = 63, PT_VP8 = 96, PT_RTX = 97 };
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
    uint8_t level;       /* of sound: 127 is silence */
    unsigned sizes[3];   /* bytes behind the descriptor, by layer; 0: 100 for each layer */
    uint8_t before[600]; /* of sound with redundancy: the last block */
    size_t before_n;
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

enum { LEFT = 256, LEFT_MAX = 500 };
/* A small packet that left to a client, sealed and in the clear. */
struct left {
    size_t sealed_n, n;
    int64_t twcc;
    uint8_t sealed[LEFT_MAX], plain[LEFT_MAX];
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
    bool only_remb; /* it has no transport-wide feedback */
    bool only_ccfb; /* but RFC 8888 */
    bool takes_red; /* sound with redundancy */
    /* What came. */
    unsigned ccfbs, told_came, told_lost; /* by RFC 8888 */
    unsigned plis, nacks, feedbacks, arrivals, reports, srs, rembs;
    uint64_t remb_bps; /* the last one */
    uint32_t pli_ssrc;
    uint16_t nacked[64];
    unsigned answers, refusals;
    bool open, ended;
    enum transport_end why;
    int64_t came_us[2];      /* when the last two packets came, as it was told */
    int64_t twcc_seen;       /* of what left to it */
    unsigned hold_ms;        /* how long it should hold pictures back, as it was last told */
    struct left left[LEFT];  /* a ring */
    unsigned n_left, copies; /* copies: of sound, byte by byte */
    struct link *link;       /* NULL: everything arrives at once, and nobody tells of it */
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
    struct rtcp_remb remb;
    struct rtcp_arrival a;
    struct rtcp_ccfb f;
    struct rtcp_ccfb_packet packet;
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
        if (rtcp_is_fb(&k, RTCP_PSFB, RTCP_FMT_AFB) && rtcp_read_remb(&k, &remb)) {
            c->rembs++;
            c->remb_bps = remb.bps;
        }
        if (rtcp_is_fb(&k, RTCP_RTPFB, RTCP_FMT_CCFB) && rtcp_read_ccfb(&k, &f)) {
            c->ccfbs++;
            while (rtcp_ccfb_next(&f, &packet)) {
                c->told_came += packet.came;
                c->told_lost += !packet.came;
                assert_true(!packet.came || packet.ato <= 1024 / 10); /* told soon */
            }
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
        if (e.id == EXT_HOLD)
            c->hold_ms = 10u * (unsigned)(get_u16(e.p) >> 4);
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

#endif
