/*
 * The whole SFU as a core: the input says who comes, offers, checks, sends what and how much time passes. What
 * clients send is sealed with their keys, so that any bytes reach the places behind SRTP. Nothing may be read
 * or written beyond its end, no timer may ring for ever, and in the end nothing is left.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "../unit/ice_check.h"
#include "media/sfu.h"
#include "proto/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 4, ROOMS = 2, STEPS_MAX = 400, SEALED = 64, SEALED_MAX = 500 };

/* A small packet that left: the same number again has to be the same bytes. */
struct sealed {
    size_t n;
    uint8_t p[SEALED_MAX];
};

struct client {
    struct tuple at;
    uint64_t id;
    char ufrag[16], pwd[64];
    struct srtp *in, *out;
    uint8_t material[SRTP_MATERIAL_MAX];
    struct sealed sealed[SEALED]; /* a ring */
    unsigned n_sealed;
};

struct world {
    struct sfu *sfu;
    int64_t now;
    struct client c[CLIENTS];
    struct rd in;
};

static struct client *who(struct world *w, uint64_t peer)
{
    return &w->c[(peer - 1) % CLIENTS];
}

static bool is_known(const struct client *c, const uint8_t *p, size_t n)
{
    for (unsigned i = 0; i < SEALED; i++) {
        if (c->sealed[i].n == n && memcmp(c->sealed[i].p, p, n) == 0)
            return true;
    }
    return false;
}

/* Whatever leaves as media can be opened by whom it is for, or was opened before. */
static void open_media(struct client *c, uint8_t *p, size_t n)
{
    struct sealed s = {.n = n <= SEALED_MAX ? n : 0};
    memcpy(s.p, p, s.n);
    enum srtp_result r = srtp_unprotect(c->in, p, &n);
    if (r == SRTP_E_REPLAY && is_known(c, s.p, s.n))
        return;
    if (r != SRTP_OK)
        abort();
    c->sealed[c->n_sealed++ % SEALED] = s;
}

static void on_send(void *ctx, const struct tuple *to, const struct datagram *d, unsigned flags)
{
    struct world *w = ctx;
    uint8_t copy[2048];
    size_t n = d->ndata;
    struct client *c = &w->c[to->peer.ip[3] % CLIENTS];
    (void)flags;
    if (n > sizeof copy)
        abort();
    memcpy(copy, d->data, n);
    if (n > 1 && rtp_kind_of(copy, n) == RTP_KIND_RTP && c->in != NULL)
        open_media(c, copy, n);
}

static void on_dtls_end(void *ctx, uint64_t peer)
{
    struct client *c = who(ctx, peer);
    srtp_free(c->in);
    srtp_free(c->out);
    c->in = c->out = NULL;
}

static void find_value(struct str text, struct str name, char *to, size_t cap)
{
    size_t at = str_find(text, name);
    struct str head, tail;
    if (at == STR_NPOS)
        abort();
    str_split_once(str_skip(text, at + name.n), '\r', &head, &tail);
    if (!str_copy(head, to, cap))
        abort();
}

static void on_answer(void *ctx, uint64_t room, uint64_t peer, struct str sdp)
{
    struct client *c = who(ctx, peer);
    (void)room;
    if (str_find(sdp, STR("a=ice-ufrag:")) == STR_NPOS)
        return; /* every line was rejected */
    find_value(sdp, STR("a=ice-ufrag:"), c->ufrag, sizeof c->ufrag);
    find_value(sdp, STR("a=ice-pwd:"), c->pwd, sizeof c->pwd);
}

/* ---- Steps ---- */

static void offer(struct world *w, struct client *c)
{
    static const char *const lines[] = {
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n"
        "a=fmtp:97 apt=96\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 transport-cc\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:99 rtx/90000\r\n"
        "a=fmtp:99 apt=98\r\na=rtcp-fb:98 ack ccfb\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\n"
        "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n",
    };
    static const char *const ways[] = {"a=sendonly\r\n", "a=recvonly\r\n", "a=sendrecv\r\n"};
    struct sfu_line said[4];
    char mids[4][4];
    struct buf b;
    unsigned n = rd_u8(&w->in) % 5;
    buf_init(&b, 1 << 16);
    buf_puts(&b, "v=0\r\na=group:BUNDLE 0 1 2 3\r\na=ice-pwd:0123456789012345678901\r\n");
    buf_putf(&b, "a=ice-ufrag:abc%u\r\n", rd_u8(&w->in) % 3u);
    buf_puts(&b, "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:"
                 "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n");
    for (unsigned i = 0; i < n; i++) {
        uint8_t v = rd_u8(&w->in);
        snprintf(mids[i], sizeof mids[i], "%u", i);
        bool red = v % 3 == 0 && (v & 0x80);
        buf_puts(&b, lines[red ? 3 : v % 3]);
        buf_puts(&b, ways[v / 3 % 3]);
        buf_putf(
            &b, "a=mid:%u\r\na=rtcp-mux\r\na=extmap:4 %s\r\na=extmap:3 %s\r\na=extmap:10 %s\r\n", i,
            rtp_ext_uri(RTP_EXT_MID), rtp_ext_uri(RTP_EXT_TRANSPORT_CC), rtp_ext_uri(RTP_EXT_RID));
        if (v & 0x40)
            buf_puts(&b, "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n");
        buf_putf(&b, "a=ssrc:%u cname:x\r\n", 100u + v);
        said[i] = (struct sfu_line){str_from(mids[i]), (enum sfu_kind)(v % SFU_KINDS),
                                    rd_u8(&w->in) % 8u};
    }
    struct sfu_offer o = {
        1 + rd_u8(&w->in) % ROOMS, c->id, rd_u8(&w->in) % 4u, buf_str(&b), said, n};
    sfu_offer(w->sfu, w->now, &o);
    buf_free(&b);
}

static void check(struct world *w, struct client *c)
{
    uint8_t in[ICE_CHECK_MAX], v = rd_u8(&w->in);
    char name[64];
    struct stun_msg m;
    snprintf(name, sizeof name, "%s:abc%u", c->ufrag, v % 3u);
    c->at.peer.port = (uint16_t)(5000 + v / 16);
    if (stun_parse(&m, in, ice_check(in, name, c->pwd, v & 8)) == STUN_OK)
        sfu_stun(w->sfu, w->now, &c->at, &m);
}

static void shake(struct world *w, struct client *c)
{
    uint8_t hello[20] = {22}, print[32];
    memset(print, 0xAB, sizeof print);
    sfu_input(w->sfu, w->now, &c->at, hello, sizeof hello, sizeof hello);
    if (c->in != NULL || !sfu_dtls_waits(w->sfu, c->id))
        return;
    for (unsigned i = 0; i < sizeof c->material; i++)
        c->material[i] = (uint8_t)(i + c->id);
    if (srtp_pair(SRTP_AEAD_AES_128_GCM, c->material, false, 400, 64, &c->in, &c->out) != ERR_OK)
        abort();
    sfu_dtls_done(w->sfu, c->id, SRTP_AEAD_AES_128_GCM, c->material, print, sizeof print);
}

/* A header that is mostly right before bytes of the input. */
static void rtp(struct world *w, struct client *c)
{
    static const uint8_t pts[] = {111, 96, 97, 98, 99, 5};
    uint8_t p[600], v = rd_u8(&w->in);
    struct rtp r = {.ssrc = 100u + rd_u8(&w->in),
                    .seq = rd_u16(&w->in),
                    .timestamp = (uint32_t)rd_u16(&w->in) * 1000,
                    .pt = pts[v % 6],
                    .marker = v & 0x80};
    struct rtp_ext_writer x;
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    char mid = (char)('0' + v / 8 % 4);
    rtp_ext_begin(&x, p, n, sizeof p, false);
    rtp_ext_put(&x, 4, &mid, 1);
    rtp_ext_put(&x, 10, v & 0x40 ? "h" : "l", 1);
    rtp_ext_put_transport_cc(&x, 3, rd_u16(&w->in));
    n = rtp_ext_end(&x);
    struct str payload = rd_str(&w->in, MIN_OF((size_t)(rd_u8(&w->in) % 64), w->in.n));
    if (c->out == NULL || n == 0)
        return;
    if (payload.n > 0)
        memcpy(p + n, payload.p, payload.n);
    n += payload.n;
    srtp_add(c->out, r.ssrc);
    if (srtp_protect(c->out, p, &n, sizeof p) == SRTP_OK)
        sfu_input(w->sfu, w->now, &c->at, p, n, n);
}

static void rtcp(struct world *w, struct client *c)
{
    uint8_t p[600] = {0x80, 200, 0, 1};
    struct str bytes = rd_str(&w->in, MIN_OF((size_t)(rd_u8(&w->in) % 96), w->in.n));
    size_t n = bytes.n;
    if (c->out == NULL || n < 8)
        return;
    memcpy(p, bytes.p, n);
    srtp_add(c->out, get_u32(p + 4));
    if (srtp_protect_rtcp(c->out, p, &n, sizeof p) == SRTP_OK)
        sfu_input(w->sfu, w->now, &c->at, p, n, n);
}

/* Feedback about numbers that may have left. */
static void feedback(struct world *w, struct client *c)
{
    uint8_t mem[400];
    struct rtcp_writer r;
    int64_t at[64];
    unsigned n = 1 + rd_u8(&w->in) % 64;
    uint16_t base = rd_u16(&w->in) % 512;
    uint8_t v = rd_u8(&w->in);
    for (unsigned i = 0; i < n; i++)
        at[i] = rd_u8(&w->in) % 4 != 0 ? w->now + (int64_t)i * v * 100 : RTCP_NOT_CAME;
    rtcp_begin(&r, mem, sizeof mem);
    if (v % 4 == 0)
        rtcp_put_remb(&r, 1, (uint64_t)base << v % 32, &(uint32_t){1}, 1);
    else
        rtcp_put_twcc(&r, 1, 0, v, base, at, n);
    size_t len = r.len;
    if (c->out == NULL || len == 0)
        return;
    srtp_add(c->out, 1);
    if (srtp_protect_rtcp(c->out, mem, &len, sizeof mem) == SRTP_OK)
        sfu_input(w->sfu, w->now, &c->at, mem, len, len);
}

static void wish(struct world *w, struct client *c)
{
    char mid[2] = {(char)('0' + rd_u8(&w->in) % 4), 0};
    struct sfu_wish s = {str_from(mid), rd_u8(&w->in) % 8u, rd_u8(&w->in), rd_u8(&w->in),
                         (enum alloc_priority)(rd_u8(&w->in) % ALLOC_PRIORITIES)};
    sfu_wish(w->sfu, w->now, c->id, &s, 1);
}

static void run(struct world *w, int64_t us)
{
    int64_t until = w->now + us;
    for (unsigned rings = 0; sfu_deadline(w->sfu) <= until; rings++) {
        w->now = MAX_OF(w->now, sfu_deadline(w->sfu));
        sfu_tick(w->sfu, w->now);
        if (rings > 20000)
            abort();
    }
    w->now = until;
    sfu_flushed(w->sfu);
}

static void step(struct world *w)
{
    uint8_t v = rd_u8(&w->in);
    struct client *c = &w->c[v / 16 % CLIENTS];
    switch (v % 16) {
    case 0: offer(w, c); break;
    case 1: sfu_peer_close(w->sfu, c->id); break;
    case 2: sfu_room_open(w->sfu, 1 + v / 64 % ROOMS); break;
    case 3: v & 0x80 ? sfu_room_close(w->sfu, 1 + v / 64 % ROOMS) : (void)0; break;
    case 4: check(w, c); break;
    case 5: shake(w, c); break;
    case 6: wish(w, c); break;
    case 7: run(w, (int64_t)rd_u16(&w->in) * 1000); break;
    case 8: sfu_hangup(w->sfu, &c->at); break;
    case 9: sfu_dtls_failed(w->sfu, c->id); break;
    case 10: rtcp(w, c); break;
    case 11: feedback(w, c); break;
    default: rtp(w, c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.now = 1000000, .in = rd_of(data, size)};
    struct sfu_ops ops = {.ctx = &w, .send = on_send, .dtls_end = on_dtls_end, .answer = on_answer};
    struct sfu_conf conf = {.cache_bytes = 1 << 18, .max_subscribed = 6, .out_bytes = 1 << 14};
    conf.candidates[0].at = addr_ip4(198, 51, 100, 1, 3478);
    conf.n_candidates = 1;
    w.sfu = sfu_new(&conf, &ops);
    for (unsigned i = 0; i < CLIENTS; i++) {
        w.c[i].id = i + 1;
        w.c[i].at.peer = addr_ip4(192, 0, 2, (uint8_t)i, 5000);
        w.c[i].at.local = addr_ip4(198, 51, 100, 1, 3478);
    }
    sfu_room_open(w.sfu, 1);
    for (unsigned i = 0; i < STEPS_MAX && w.in.n > 0; i++)
        step(&w);
    run(&w, 40000000);
    const struct sfu_stats *s = sfu_stats(w.sfu);
    if (s->peers + s->tracks + s->subscribed > 0)
        abort(); /* without checks nobody stays for 40 s */
    sfu_free(w.sfu);
    return 0;
}
