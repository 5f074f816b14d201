/*
 * An SFU on virtual time with clients as browsers are: they offer, check, shake hands (the keys are agreed on
 * by the test), publish and receive by SRTP of their own. What they are sent is looked at packet by packet.
 */
#ifndef MADANG_TESTS_SFU_WORLD_H
#define MADANG_TESTS_SFU_WORLD_H

#include "sfu_client.h"

/* The same number was sealed before: then it has to be the same bytes, or its keystream has been used twice. */
static UNUSED_OK const struct left *find_left(const struct client *c, const uint8_t *p, size_t n)
{
    for (unsigned i = 0; i < LEFT; i++) {
        if (c->left[i].sealed_n == n && memcmp(c->left[i].sealed, p, n) == 0)
            return &c->left[i];
    }
    fail_msg("a number was sealed twice");
    return NULL;
}

static UNUSED_OK void deliver(struct client *c, int64_t twcc, const uint8_t *p, size_t n)
{
    if (c->link == NULL)
        client_rtp(c, p, n);
    else
        link_take(c->link, c->w->now, twcc, p, n);
}

static UNUSED_OK void world_media(struct client *c, uint8_t *p, size_t n)
{
    struct left *to = &c->left[c->n_left % LEFT];
    uint8_t sealed[LEFT_MAX];
    size_t sealed_n = n;
    memcpy(sealed, p, MIN_OF(n, sizeof sealed));
    enum srtp_result r = srtp_unprotect(c->in, p, &n);
    if (r == SRTP_E_REPLAY) {
        const struct left *k = find_left(c, sealed, sealed_n);
        c->copies++;
        deliver(c, k->twcc, k->plain, k->n);
        return;
    }
    assert_int_equal(r, SRTP_OK);
    check_leaving(c, p, n);
    if (sealed_n <= LEFT_MAX) {
        *to = (struct left){.sealed_n = sealed_n, .n = n, .twcc = c->twcc_seen};
        memcpy(to->sealed, sealed, sealed_n);
        memcpy(to->plain, p, n);
        c->n_left++;
    }
    deliver(c, c->twcc_seen, p, n);
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
    world_media(c, copy, n);
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
             l->video ? "video" : "audio",
             l->video       ? "96 97"
             : c->takes_red ? "111 63"
                            : "111",
             i);
    buf_putf(b, "a=extmap:4 %s\r\na=extmap:3 %s\r\na=extmap:2 %s\r\n", rtp_ext_uri(RTP_EXT_MID),
             rtp_ext_uri(RTP_EXT_TRANSPORT_CC), rtp_ext_uri(RTP_EXT_ABS_SEND_TIME));
    buf_putf(b, "a=extmap:1 %s\r\na=extmap:10 %s\r\n", rtp_ext_uri(RTP_EXT_AUDIO_LEVEL),
             rtp_ext_uri(RTP_EXT_RID));
    buf_putf(b, "a=%s\r\n", l->direction == SENDS ? "sendonly" : "recvonly");
    if (l->video)
        buf_putf(b, "a=extmap:5 %s\r\n", rtp_ext_uri(RTP_EXT_PLAYOUT_DELAY));
    if (l->video)
        buf_putf(b, "a=rtcp-fb:96 %s\r\n",
                 c->only_remb   ? "goog-remb"
                 : c->only_ccfb ? "ack ccfb"
                                : "transport-cc");
    if (l->video)
        buf_puts(b, "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
                    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
    else
        buf_puts(b, "a=rtpmap:111 opus/48000/2\r\n");
    if (!l->video && !c->only_remb && !c->only_ccfb)
        buf_puts(b, "a=rtcp-fb:111 transport-cc\r\n");
    if (!l->video && c->takes_red)
        buf_puts(b, "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n");
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

/* What lies at p becomes the newest block of RED (RFC 2198), behind what was sent before; how many bytes. */
static UNUSED_OK size_t put_red(struct line *l, uint8_t *p, size_t n)
{
    uint8_t newest[sizeof l->before];
    size_t older = l->before_n, heads = older > 0 ? 5 : 1;
    assert_true(n <= sizeof newest);
    memcpy(newest, p, n);
    if (older > 0)
        set_u32(p, (0x80u | PT_OPUS) << 24 | 960u << 10 | (uint32_t)older);
    p[heads - 1] = PT_OPUS;
    memcpy(p + heads, l->before, older);
    memcpy(p + heads + older, newest, n);
    memcpy(l->before, newest, n);
    l->before_n = n;
    return heads + older + n;
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
                    .pt = l->video       ? PT_VP8
                          : c->takes_red ? PT_RED
                                         : PT_OPUS,
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
    size_t head = n;
    memcpy(p + n, vp8, sizeof vp8);
    n += sizeof vp8 + more;
    memset(p + n - more, l->sizes[layer] > 0 ? (int)layer : 7, more);
    if (r.pt == PT_RED)
        n = head + put_red(l, p + head, n - head);
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
