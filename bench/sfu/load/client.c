/* One peer connection: ICE (controlling), DTLS (client), SRTP, and what a receiver says of what it gets. */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Ours behind OpenSSL's, which makes macros of the profiles' names. */
#undef SRTP_AEAD_AES_128_GCM
#undef SRTP_AEAD_AES_256_GCM
#undef SRTP_AES128_CM_SHA1_80
#include "ice_check.h"
#include "proto/rtcp.h"
#include "proto/rtp_ext.h"
#include "sfu_load.h"

enum { BATCH = 32, PACKET = 2048, CONNECT_US = 5000000, CHECK_US = 2000000, GCM_128 = 7 };

static SSL_CTX *ctx;
static char print[96];

void client_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    uint8_t md[32];
    ctx = SSL_CTX_new(DTLS_client_method());
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    X509_digest(x, EVP_sha256(), md, NULL);
    for (unsigned i = 0; i < sizeof md; i++)
        snprintf(print + 3 * i, 4, i + 1 < sizeof md ? "%02X:" : "%02X", md[i]);
    SSL_CTX_use_certificate(ctx, x);
    SSL_CTX_use_PrivateKey(ctx, key);
    SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
    X509_free(x);
    EVP_PKEY_free(key);
}

const char *client_fingerprint(void)
{
    return print;
}

static int open_socket(struct client *c)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, big = 4 << 20;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = c->l->bind};
    socklen_t n = sizeof c->at;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
    getsockname(fd, (struct sockaddr *)&c->at, &n);
    epoll_ctl(c->l->epfd, EPOLL_CTL_ADD, fd, &e);
    return fd;
}

struct client *client_new(struct load *l)
{
    struct client *c = calloc(1, sizeof *c);
    l->clients = realloc(l->clients, (l->n + 1) * sizeof(struct client *));
    l->clients[l->n] = c;
    c->l = l;
    c->id = ++l->n;
    c->fd = open_socket(c);
    c->twcc_highest = -1;
    snprintf(c->ufrag, sizeof c->ufrag, "u%05u", c->id);
    snprintf(c->pwd, sizeof c->pwd, "0123456789abcdefghij%05u", c->id);
    return c;
}

/* ---- ICE ---- */

static void check(struct client *c)
{
    uint8_t p[ICE_CHECK_MAX];
    char name[400];
    if (c->l->server == FLOOR)
        return;
    snprintf(name, sizeof name, "%s:%s", c->their_ufrag, c->ufrag);
    c->checked_us = now_us();
    send(c->fd, p, ice_check(p, name, c->their_pwd, true), 0);
}

/* Agents that are not lite ask as well. */
static void answer_check(struct client *c, const struct stun_msg *m, const uint8_t *txid)
{
    uint8_t p[200];
    struct stun_builder b;
    if (m->cls != STUN_REQUEST)
        return;
    stun_begin(&b, p, sizeof p, STUN_SUCCESS, STUN_BINDING, txid);
    stun_put_integrity(&b, c->pwd, strlen(c->pwd));
    stun_put_fingerprint(&b);
    send(c->fd, p, stun_end(&b), 0);
}

/* ---- DTLS ---- */

static void flush(struct client *c)
{
    uint8_t all[16384];
    int n = BIO_read(c->out, all, sizeof all);
    for (int at = 0; at < n;) {
        int len = 13 + (all[at + 11] << 8 | all[at + 12]);
        send(c->fd, all + at, (size_t)len, 0);
        at += len;
    }
}

/* As browsers have it: 50 ms, doubled each time. */
static unsigned shake_again_us(SSL *ssl, unsigned before)
{
    (void)ssl;
    return before == 0 ? 50000 : before * 2;
}

static void begin_shaking(struct client *c)
{
    c->state = SHAKING;
    c->ssl = SSL_new(ctx);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(c->in, -1);
    SSL_set_bio(c->ssl, c->in, c->out);
    SSL_set_options(c->ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(c->ssl, 1200);
    SSL_set_connect_state(c->ssl);
    DTLS_set_timer_cb(c->ssl, shake_again_us);
    SSL_do_handshake(c->ssl);
    flush(c);
}

static void take_keys(struct client *c, enum srtp_profile profile, const uint8_t *material)
{
    c->profile = profile;
    if (srtp_pair(profile, material, false, SOURCES_MAX + TRACKS_MAX, 8, &c->srtp_in,
                  &c->srtp_out) != ERR_OK)
        die("srtp");
    for (unsigned i = 0; i < 4; i++)
        srtp_add(c->srtp_out, c->id * 10 + i);
    c->state = OPEN;
    c->open_us = now_us();
}

static void take_dtls(struct client *c, const uint8_t *p, size_t n)
{
    uint8_t k[60];
    if (c->state != SHAKING)
        return;
    BIO_write(c->in, p, (int)n);
    SSL_do_handshake(c->ssl);
    flush(c);
    if (!SSL_is_init_finished(c->ssl))
        return;
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(c->ssl);
    if (chosen == NULL)
        die("no SRTP profile");
    SSL_export_keying_material(c->ssl, k, chosen->id == GCM_128 ? 56 : 60, "EXTRACTOR-dtls_srtp",
                               19, NULL, 0, 0);
    take_keys(c, (enum srtp_profile)chosen->id, k);
}

/* The floor has neither ICE nor DTLS: a hello, and keys that are no secret. */
static void greet(struct client *c)
{
    uint8_t hello[4] = {'h', (uint8_t)(c->id >> 8), (uint8_t)c->id, c->views}, k[60];
    memset(k, 7, sizeof k);
    take_keys(c, (enum srtp_profile)GCM_128, k);
    send(c->fd, hello, sizeof hello, 0);
}

void client_connect(struct client *c)
{
    int64_t until = now_us() + CONNECT_US;
    if (c->state == OPEN)
        return;
    if (connect(c->fd, (struct sockaddr *)&c->server, sizeof c->server) < 0)
        die("connect");
    c->state = CHECKING;
    check(c);
    if (c->l->server == FLOOR)
        greet(c);
    while (c->state != OPEN && now_us() < until) {
        pump(c->l, now_us() + 5000);
        if (c->state == CHECKING && now_us() > c->checked_us + 50000)
            check(c);
        if (c->state == SHAKING && DTLSv1_handle_timeout(c->ssl) > 0)
            flush(c);
    }
    if (c->state != OPEN)
        die(c->state == CHECKING ? "no answer to checks" : "no handshake");
}

/* ---- What comes ---- */

static void note_arrival(struct client *c, const struct rtp *r, const uint8_t *p, int64_t ns)
{
    struct rtp_ext_iter it = rtp_ext_iter(r, p);
    struct rtp_ext e;
    while (rtp_ext_next(&it, &e)) {
        if (e.id != c->twcc_id || e.len != 2)
            continue;
        uint16_t number = get_u16(e.p);
        int64_t seq = c->twcc_highest < 0 ? number + 65536
                                          : rtp_seq_unwrap(c->twcc_highest, number);
        if (c->twcc_highest < 0)
            c->twcc_base = seq;
        if (seq < c->twcc_base || seq - c->twcc_base >= ARRIVALS_MAX)
            return;
        for (int64_t i = c->twcc_highest + 1; i >= c->twcc_base && i < seq; i++)
            c->arrivals[i - c->twcc_base] = RTCP_NOT_CAME;
        c->arrivals[seq - c->twcc_base] = ns / 1000;
        if (seq > c->twcc_highest)
            c->twcc_highest = seq;
    }
}

static void note_source(struct client *c, const struct rtp *r)
{
    for (unsigned i = 0; i < c->n_sources; i++) {
        struct source *s = &c->sources[i];
        if (s->ssrc == r->ssrc) {
            int64_t seq = rtp_seq_unwrap(s->highest, r->seq);
            s->highest = seq > s->highest ? seq : s->highest;
            return;
        }
    }
    if (c->n_sources < SOURCES_MAX)
        c->sources[c->n_sources++] = (struct source){.ssrc = r->ssrc, .highest = r->seq};
}

static void take_blindly(struct client *c, const uint8_t *p, size_t n)
{
    struct rtp r;
    if (rtp_parse_sealed(&r, p, n) != RTP_OK)
        return;
    if (c->first_us == 0)
        c->first_us = now_us();
    note_source(c, &r);
    if (r.pt == PT_RTX)
        c->l->got.padding += c->l->counts;
    else
        c->l->got.packets += c->l->counts;
}

static void take_rtp(struct client *c, uint8_t *p, size_t n, int64_t arrived_ns)
{
    struct rtp r;
    if (c->blind) {
        take_blindly(c, p, n);
        return;
    }
    if (srtp_unprotect(c->srtp_in, p, &n) != SRTP_OK) {
        c->l->got.unsealed++;
        return;
    }
    if (rtp_parse(&r, p, n) != RTP_OK) {
        c->l->got.bad++;
        return;
    }
    if (c->twcc_id != 0)
        note_arrival(c, &r, p, arrived_ns);
    note_source(c, &r);
    take_media(c, &r, p, arrived_ns);
}

static void take_sr(struct client *c, const struct rtcp_packet *k)
{
    struct rtcp_sr sr;
    for (unsigned i = 0; rtcp_read_sr(k, &sr) && i < c->n_sources; i++) {
        if (c->sources[i].ssrc != sr.ssrc)
            continue;
        c->sources[i].lsr = rtcp_ntp_middle(sr.ntp);
        c->sources[i].lsr_us = now_us();
    }
}

/* What publishers have to know: that a key frame is wanted; what reports answer. */
static void take_rtcp(struct client *c, uint8_t *p, size_t n)
{
    struct rtcp_packet k;
    if (srtp_unprotect_rtcp(c->srtp_in, p, &n) != SRTP_OK || rtcp_check(p, n) != RTCP_OK)
        return;
    for (struct rtcp_iter it = rtcp_iter(p, n); rtcp_next(&it, &k);) {
        if (k.type == RTCP_SR)
            take_sr(c, &k);
        if (k.type != RTCP_PSFB || (k.count != RTCP_FMT_PLI && k.count != RTCP_FMT_FIR))
            continue;
        for (unsigned i = 0; i < c->l->n_publishers; i++)
            c->l->publishers[i].wants_key |= c->l->publishers[i].c == c;
    }
}

static void take(struct client *c, uint8_t *p, size_t n, int64_t arrived_ns)
{
    struct stun_msg m;
    if (n == 0)
        return;
    if (p[0] < 4) {
        if (stun_parse(&m, p, n) != STUN_OK)
            return;
        answer_check(c, &m, p + 8);
        if (m.cls == STUN_SUCCESS && c->state == CHECKING)
            begin_shaking(c);
    } else if (p[0] >= 20 && p[0] < 64) {
        take_dtls(c, p, n);
    } else if (c->state == OPEN && rtp_kind_of(p, n) == RTP_KIND_RTCP) {
        take_rtcp(c, p, n);
    } else if (c->state == OPEN) {
        take_rtp(c, p, n, arrived_ns);
    }
}

static int64_t arrival_of(struct msghdr *m)
{
    for (struct cmsghdr *k = CMSG_FIRSTHDR(m); k; k = CMSG_NXTHDR(m, k)) {
        struct timespec t;
        if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&t, CMSG_DATA(k), sizeof t);
        return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
    }
    return 0;
}

void client_readable(struct client *c)
{
    static uint8_t bytes[BATCH][PACKET];
    static char control[BATCH][64];
    struct mmsghdr m[BATCH];
    struct iovec v[BATCH];
    int n;
    do {
        for (int i = 0; i < BATCH; i++) {
            v[i] = (struct iovec){bytes[i], PACKET};
            m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i],
                                           .msg_iovlen = 1,
                                           .msg_control = control[i],
                                           .msg_controllen = sizeof control[i]};
        }
        n = recvmmsg(c->fd, m, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            take(c, bytes[i], m[i].msg_len, arrival_of(&m[i].msg_hdr));
    } while (n == BATCH);
}

/* ---- What it says of it ---- */

void client_send_rtcp(struct client *c, uint8_t *p, size_t n, size_t cap)
{
    if (c->state == OPEN && srtp_protect_rtcp(c->srtp_out, p, &n, cap) == SRTP_OK)
        send(c->fd, p, n, 0);
}

void client_report(struct client *c, int64_t now)
{
    uint8_t p[1500];
    struct rtcp_writer w;
    if (c->state != OPEN)
        return;
    if (now > c->checked_us + CHECK_US)
        check(c);
    for (unsigned at = 0; at < c->n_sources && c->l->server != FLOOR;) {
        struct rtcp_report r[RTCP_REPORTS_MAX];
        unsigned n = 0;
        for (; at < c->n_sources && n < RTCP_REPORTS_MAX; at++) {
            const struct source *s = &c->sources[at];
            int64_t since = s->lsr != 0 ? now - s->lsr_us : 0;
            r[n++] = (struct rtcp_report){.ssrc = s->ssrc,
                                          .highest_seq = (uint32_t)s->highest,
                                          .lsr = s->lsr,
                                          .dlsr = (uint32_t)(since * 65536 / 1000000)};
        }
        rtcp_begin(&w, p, 1300);
        rtcp_put_rr(&w, c->id * 10 + 3, r, n);
        client_send_rtcp(c, p, w.len, sizeof p);
    }
}

void client_feed_back(struct client *c)
{
    uint8_t p[1500];
    struct rtcp_writer w;
    if (c->state != OPEN || c->twcc_id == 0 || c->twcc_highest < c->twcc_base)
        return;
    unsigned n = (unsigned)(c->twcc_highest - c->twcc_base + 1);
    rtcp_begin(&w, p, 1300);
    unsigned told = rtcp_put_twcc(&w, c->id * 10 + 3, c->sources[0].ssrc, c->twcc_count++,
                                  (uint16_t)c->twcc_base, c->arrivals, n);
    if (told == 0)
        told = n;
    client_send_rtcp(c, p, w.len, sizeof p);
    memmove(c->arrivals, c->arrivals + told, (n - told) * sizeof c->arrivals[0]);
    c->twcc_base += told;
}
