/* Workers with an SFU and nobody else around, and clients of groups with OpenSSL's DTLS and SRTP of their
 * own, by UDP or ICE-TCP. */
#ifndef TESTS_UNIT_GROUP_HOUSE_H
#define TESTS_UNIT_GROUP_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/sfu_letter.h"
#include "app/worker.h"
#include "base/buf.h"
#include "base/code.h"
#include "base/count.h"
#include "base/mem.h"
#include "base/util.h"
#include "ice_check.h"
#include "io/listen.h"
#include "io/mailbox.h"
#include "io/stream.h"
#include "proto/rtp.h"

/* Behind ours: it makes macros of the profiles' names. */
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define UNUSED_OK __attribute__((unused))

enum {
    ROOM = 9,
    TRACK = 77,
    WAIT_MS = 10000,
    SSRC = 4711,
    PATIENCE = 2000,
    CHANGE_CIPHER_SPEC = 20
};

struct house {
    struct listen_set set;
    struct mailbox *box;
    struct worker *w; /* has the room */
    struct worker *other;
    struct worker_team *team;
    bool relays;
    struct rec *rec; /* of the first worker, or NULL */
    struct rec_thread *recorder;
    /* The last of each that has come. */
    char answer[16384];
    uint64_t answered, refused;
    uint32_t refusal, tracks, tracks_gone, opened, ended, why;
};

static UNUSED_OK void on_letter(void *ctx, struct letter *l)
{
    struct house *h = ctx;
    struct media_sfu *m = container_of(l, struct media_sfu, letter);
    switch (l->kind) {
    case MEDIA_SFU_ANSWER:
        assert_true(str_copy(str_of(media_sfu_text(m), m->text_n), h->answer, sizeof h->answer));
        h->answered = m->peer;
        break;
    case MEDIA_SFU_REFUSED:
        h->refused++;
        h->refusal = m->code;
        break;
    case MEDIA_SFU_TRACK:
        h->tracks += m->there;
        h->tracks_gone += !m->there;
        break;
    case MEDIA_SFU_STATE:
        h->opened += m->there;
        h->ended += !m->there;
        h->why = m->code;
        break;
    case MEDIA_SFU_SPEAKER: break;
    default: fail_msg("letter %u", l->kind);
    }
    letter_drop(l);
}

static UNUSED_OK void hear(struct house *h)
{
    assert_true(mailbox_wait(h->box, WAIT_MS));
    mailbox_take(h->box, on_letter, h, 100);
}
#define HEAR_UNTIL(h, condition) \
    while (!(condition))         \
    hear(h)

#define TURN_REALM "test"

/* For one user, to nobody but us. */
static UNUSED_OK void offer_relays(const struct house *h, struct worker_conf *c)
{
    static const struct str users[] = {{"u:p", 3}};
    struct turn_server_conf *s = &c->turn.server;
    c->relays = true;
    c->max_relays = 10;
    snprintf(s->auth.realm, sizeof s->auth.realm, TURN_REALM);
    memset(s->auth.nonce_key, 7, sizeof s->auth.nonce_key);
    s->hash = (struct hash_key){1, 2};
    s->turn_port = h->set.udp_at[0].port;
    s->policy.own[s->policy.nown++] = addr_ip4(127, 0, 0, 1, 0);
    c->turn.users = users;
    c->turn.n_users = 1;
}

static UNUSED_OK struct worker *hire(struct house *h, unsigned index)
{
    char err[200];
    struct worker_conf conf = {.index = index,
                               .udp_fds = h->set.udp + index * h->set.nudp,
                               .nudp = h->set.nudp,
                               .stun = {.key = {3, 4}, .unlimited = true},
                               .team = h->team,
                               .groups = true,
                               .show_rooms = 4,
                               .max_streams = 40,
                               .recorder = h->recorder,
                               .control = h->box};
    conf.sfu.n_candidates = 1;
    conf.sfu.candidates[0].at = addr_ip4(127, 0, 0, 1, 9);
    conf.rec = index == 0 ? h->rec : NULL;
    if (h->relays)
        offer_relays(h, &conf);
    struct worker *w = worker_start(&conf, err, sizeof err);
    if (w == NULL)
        fail_msg("%s", err);
    return w;
}

static UNUSED_OK void open_room(struct worker *w, uint64_t room)
{
    assert_true(worker_post(w, &sfu_letter(MEDIA_SFU_OPEN, room, 0, 0, STR_NONE)->letter));
}

/* The rest of h says how. */
static UNUSED_OK void build_house(struct house *h, unsigned workers)
{
    char err[200];
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}, .workers = workers};
    assert_true(listen_open(&lc, &h->set, err, sizeof err));
    h->box = mailbox_new("control", 256);
    h->team = workers > 1 ? worker_team_new(workers) : NULL;
    h->w = hire(h, 0);
    h->other = workers > 1 ? hire(h, 1) : NULL;
    open_room(h->w, ROOM);
}

static UNUSED_OK void open_house_with(struct house *h, unsigned workers, bool relays)
{
    *h = (struct house){.relays = relays};
    build_house(h, workers);
}

static UNUSED_OK void open_house_recorded(struct house *h, struct rec_thread *recorder)
{
    *h = (struct house){.recorder = recorder};
    build_house(h, 1);
}

static UNUSED_OK void open_house_of(struct house *h, unsigned workers)
{
    open_house_with(h, workers, false);
}

static UNUSED_OK void open_house(struct house *h)
{
    open_house_of(h, 1);
}

/* Another connection, as the doorman hands it on. */
static UNUSED_OK int stream_to(struct house *h, struct worker *w)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    struct stream_handover *o = xcalloc(1, sizeof *o);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    getsockname(h->set.tcp[0], (struct sockaddr *)&at, &n);
    addr_from_sockaddr(&o->local, (struct sockaddr *)&at, n);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, n), 0);
    struct pollfd f = {.fd = h->set.tcp[0], .events = POLLIN};
    assert_int_equal(poll(&f, 1, WAIT_MS), 1);
    o->fd = accept4(h->set.tcp[0], (struct sockaddr *)&at, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(o->fd >= 0);
    addr_from_sockaddr(&o->peer, (struct sockaddr *)&at, n);
    worker_give_stream(w, o);
    return fd;
}

static UNUSED_OK void close_house(struct house *h)
{
    worker_stop(h->w, 0);
    worker_stop(h->other, 0);
    worker_team_free(h->team);
    mailbox_take(h->box, on_letter, h, 1000);
    mailbox_free(h->box);
    listen_close(&h->set);
}

/* ---- A client ---- */

struct client {
    struct house *h;
    struct worker *w; /* whose room it is in */
    uint64_t room, id;
    int fd;
    bool tcp;  /* fd is a stream, each packet behind its length */
    bool turn; /* in ChannelData of a relay */
    bool sends;
    char ufrag[16], pwd[64];
    uint32_t ssrc; /* that it is sent */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    bool loses_last; /* the server's last flight, once */
    char print[96];
    struct srtp *srtp_in, *srtp_out;
};

static UNUSED_OK void show_certificate(struct client *c)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    uint8_t md[32];
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    X509_digest(x, EVP_sha256(), md, NULL);
    hex_colons(c->print, md, sizeof md);
    SSL_CTX_use_certificate(c->ctx, x);
    SSL_CTX_use_PrivateKey(c->ctx, key);
    X509_free(x);
    EVP_PKEY_free(key);
}

static UNUSED_OK int socket_to(const struct house *h)
{
    struct sockaddr_storage to;
    socklen_t n = sizeof to;
    getsockname(h->set.udp[0], (struct sockaddr *)&to, &n);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
    return fd;
}

static UNUSED_OK void client_open(struct client *c, struct house *h, uint64_t id, bool sends)
{
    memset(c, 0, sizeof *c);
    c->h = h;
    c->w = h->w;
    c->room = ROOM;
    c->id = id;
    c->sends = sends;
    c->fd = socket_to(h);
    c->ctx = SSL_CTX_new(DTLS_client_method());
    assert_int_equal(SSL_CTX_set_tlsext_use_srtp(c->ctx, "SRTP_AEAD_AES_128_GCM"), 0);
    show_certificate(c);
    c->ssl = SSL_new(c->ctx);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(c->in, -1);
    SSL_set_bio(c->ssl, c->in, c->out);
    SSL_set_options(c->ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(c->ssl, 1200);
    SSL_set_connect_state(c->ssl);
}

static UNUSED_OK void client_close(struct client *c)
{
    srtp_free(c->srtp_in);
    srtp_free(c->srtp_out);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

enum { CHANNEL = 0x4001 };

/* On a stream the head says how long it is, and ChannelData is padded. */
static UNUSED_OK size_t client_read(struct client *c, uint8_t *p, size_t cap)
{
    struct pollfd f = {.fd = c->fd, .events = POLLIN};
    uint8_t all[2048];
    size_t head = c->turn ? 4 : c->tcp ? 2 : 0, want = sizeof all, pad = 0;
    assert_int_equal(poll(&f, 1, WAIT_MS), 1);
    if (c->tcp) {
        assert_int_equal(recv(c->fd, all, head, MSG_WAITALL), (ssize_t)head);
        want = get_u16(all + head - 2);
        pad = c->turn ? -want & 3 : 0;
        assert_true(want + pad <= sizeof all - head);
    }
    ssize_t n = c->tcp ? recv(c->fd, all + head, want + pad, MSG_WAITALL)
                       : recv(c->fd, all, sizeof all, 0);
    assert_true(n > 0);
    size_t len = c->tcp ? want : (size_t)n - head;
    assert_true(len <= cap && (!c->turn || get_u16(all) == CHANNEL));
    memcpy(p, all + head, len);
    return len;
}

static UNUSED_OK void client_write(struct client *c, const uint8_t *p, size_t n)
{
    uint8_t all[2048] = {0};
    size_t head = c->turn ? 4 : c->tcp ? 2 : 0, pad = c->turn ? -n & 3 : 0;
    assert_true(n + pad <= sizeof all - head);
    if (c->turn)
        set_u16(all, CHANNEL);
    if (head > 0)
        set_u16(all + head - 2, (uint16_t)n);
    memcpy(all + head, p, n);
    assert_int_equal(send(c->fd, all, head + n + pad, MSG_NOSIGNAL), (ssize_t)(head + n + pad));
}

static UNUSED_OK void client_offer(struct client *c, const char *print)
{
    char text[2048];
    struct media_sfu *m;
    snprintf(text, sizeof text,
             "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
             "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n"
             "a=fingerprint:sha-256 %s\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\na=%s\r\n"
             "a=rtpmap:111 opus/48000/2\r\na=ssrc:%u cname:x\r\n",
             print, c->sends ? "sendonly" : "recvonly", (unsigned)SSRC);
    m = sfu_letter(MEDIA_SFU_OFFER, c->room, c->id, 1, str_from(text));
    m->rights = SFU_MAY_PUBLISH | SFU_MAY_SUBSCRIBE;
    m->lines[0].track = TRACK;
    m->lines[0].kind = SFU_MIC;
    memcpy(m->lines[0].mid, "0", 2);
    assert_true(worker_post(c->w, &m->letter));
}

static UNUSED_OK void value(const char *text, const char *name, char *to, size_t cap)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    assert_true(str_copy(str_of(at, strcspn(at, "\r\n ")), to, cap));
}

static UNUSED_OK void take_answer(struct client *c)
{
    char ssrc[16];
    HEAR_UNTIL(c->h, c->h->answered == c->id);
    value(c->h->answer, "a=ice-ufrag:", c->ufrag, sizeof c->ufrag);
    value(c->h->answer, "a=ice-pwd:", c->pwd, sizeof c->pwd);
    if (!c->sends) {
        value(c->h->answer, "a=ssrc:", ssrc, sizeof ssrc);
        c->ssrc = (uint32_t)strtoul(ssrc, NULL, 10);
    }
}

static UNUSED_OK void client_check(struct client *c)
{
    uint8_t p[ICE_CHECK_MAX];
    char name[64];
    struct stun_msg m;
    snprintf(name, sizeof name, "%s:abcd", c->ufrag);
    client_write(c, p, ice_check(p, name, c->pwd, true));
    size_t n = client_read(c, p, sizeof p);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.cls, STUN_SUCCESS);
    assert_true(stun_check_sha1(&m, c->pwd, strlen(c->pwd)));
}

/* A Binding without a name is for the STUN server, as ever. */
static UNUSED_OK void client_bind(struct client *c)
{
    uint8_t p[512], txid[STUN_TXID] = {9};
    struct stun_builder b;
    struct stun_msg m;
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_BINDING, txid);
    client_write(c, p, stun_end(&b));
    size_t n = client_read(c, p, sizeof p);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.integrity_at, 0);
}

/* Opens sockets until the kernel gives what comes by one to that worker. */
static UNUSED_OK void client_arrive_at(struct client *c, struct worker *w)
{
    for (int i = 0; i < PATIENCE; i++) {
        uint64_t before = count_get(worker_counts(w), COUNT_STUN_UDP);
        client_bind(c);
        if (count_get(worker_counts(w), COUNT_STUN_UDP) > before)
            return;
        close(c->fd);
        c->fd = socket_to(c->h);
    }
    fail_msg("nothing arrives there");
}

static UNUSED_OK void flush(struct client *c)
{
    uint8_t all[16384];
    int n = BIO_read(c->out, all, sizeof all);
    for (int at = 0; at < n;) {
        int len = 13 + (all[at + 11] << 8 | all[at + 12]);
        client_write(c, all + at, (size_t)len);
        at += len;
    }
}

static UNUSED_OK void client_shake(struct client *c)
{
    uint8_t p[2048], k[56];
    SSL_do_handshake(c->ssl);
    for (int i = 0; i < PATIENCE && !SSL_is_init_finished(c->ssl); i++) {
        flush(c);
        size_t n = client_read(c, p, sizeof p);
        if (c->loses_last && p[0] == CHANGE_CIPHER_SPEC) {
            c->loses_last = false;
            while (DTLSv1_handle_timeout(c->ssl) == 0)
                sched_yield();
        } else if (p[0] >= 20 && p[0] < 64) {
            BIO_write(c->in, p, (int)n);
        }
        SSL_do_handshake(c->ssl);
    }
    assert_true(SSL_is_init_finished(c->ssl));
    flush(c);
    SSL_export_keying_material(c->ssl, k, sizeof k, "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0);
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, k, false, 16, 4, &c->srtp_in, &c->srtp_out),
                     ERR_OK);
}

static UNUSED_OK void client_connect(struct client *c)
{
    unsigned before = c->h->opened;
    client_offer(c, c->print);
    take_answer(c);
    client_check(c);
    client_shake(c);
    HEAR_UNTIL(c->h, c->h->opened == before + 1);
}

static UNUSED_OK void client_talk(struct client *c, uint16_t seq)
{
    uint8_t p[300];
    struct rtp r = {.ssrc = SSRC, .seq = seq, .pt = 111, .timestamp = seq * 960u};
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    memset(p + n, seq, 80);
    n += 80;
    srtp_add(c->srtp_out, SSRC);
    assert_int_equal(srtp_protect(c->srtp_out, p, &n, sizeof p), SRTP_OK);
    client_write(c, p, n);
}

/* The next packet of media, opened. */
static UNUSED_OK struct rtp client_hear(struct client *c, uint8_t *p, size_t cap)
{
    struct rtp r;
    for (;;) {
        size_t n = client_read(c, p, cap);
        if (rtp_kind_of(p, n) != RTP_KIND_RTP)
            continue;
        assert_int_equal(srtp_unprotect(c->srtp_in, p, &n), SRTP_OK);
        assert_int_equal(rtp_parse(&r, p, n), RTP_OK);
        return r;
    }
}

#endif
