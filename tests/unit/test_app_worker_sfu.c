/* The SFU on a worker's UDP port, over loopback: two clients with OpenSSL's DTLS and SRTP of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
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
#include "proto/rtp.h"

/* Behind ours: it makes macros of the profiles' names. */
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { ROOM = 9, TRACK = 77, WAIT_MS = 10000, SSRC = 4711, PATIENCE = 2000 };

struct house {
    struct listen_set set;
    struct mailbox *box;
    struct worker *w; /* has the room */
    struct worker *other;
    struct worker_team *team;
    /* The last of each that has come. */
    char answer[16384];
    uint64_t answered, refused;
    uint32_t refusal, tracks, tracks_gone, opened, ended, why;
};

static void on_letter(void *ctx, struct letter *l)
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
    default: fail_msg("letter %u", l->kind);
    }
    letter_drop(l);
}

static void hear(struct house *h)
{
    assert_true(mailbox_wait(h->box, WAIT_MS));
    mailbox_take(h->box, on_letter, h, 100);
}
#define HEAR_UNTIL(h, condition) \
    while (!(condition))         \
    hear(h)

static struct worker *hire(struct house *h, unsigned index)
{
    char err[200];
    struct worker_conf conf = {.index = index,
                               .udp_fds = h->set.udp + index * h->set.nudp,
                               .nudp = h->set.nudp,
                               .stun = {.key = {3, 4}, .unlimited = true},
                               .team = h->team,
                               .groups = true,
                               .control = h->box};
    conf.sfu.n_candidates = 1;
    conf.sfu.candidates[0].at = addr_ip4(127, 0, 0, 1, 9);
    struct worker *w = worker_start(&conf, err, sizeof err);
    if (w == NULL)
        fail_msg("%s", err);
    return w;
}

static void open_room(struct worker *w, uint64_t room)
{
    assert_true(worker_post(w, &sfu_letter(MEDIA_SFU_OPEN, room, 0, 0, STR_NONE)->letter));
}

static void open_house_of(struct house *h, unsigned workers)
{
    char err[200];
    struct listen_conf lc = {.naddrs = 1, .addrs = {addr_ip4(127, 0, 0, 1, 0)}, .workers = workers};
    memset(h, 0, sizeof *h);
    assert_true(listen_open(&lc, &h->set, err, sizeof err));
    h->box = mailbox_new("control", 256);
    h->team = workers > 1 ? worker_team_new(workers) : NULL;
    h->w = hire(h, 0);
    h->other = workers > 1 ? hire(h, 1) : NULL;
    open_room(h->w, ROOM);
}

static void open_house(struct house *h)
{
    open_house_of(h, 1);
}

static void close_house(struct house *h)
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
    bool sends;
    char ufrag[16], pwd[64];
    uint32_t ssrc; /* that it is sent */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    char print[96];
    struct srtp *srtp_in, *srtp_out;
};

static void show_certificate(struct client *c)
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

static int socket_to(const struct house *h)
{
    struct sockaddr_storage to;
    socklen_t n = sizeof to;
    getsockname(h->set.udp[0], (struct sockaddr *)&to, &n);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, n), 0);
    return fd;
}

static void client_open(struct client *c, struct house *h, uint64_t id, bool sends)
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

static void client_close(struct client *c)
{
    srtp_free(c->srtp_in);
    srtp_free(c->srtp_out);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

static size_t client_read(struct client *c, uint8_t *p, size_t cap)
{
    struct pollfd f = {.fd = c->fd, .events = POLLIN};
    assert_int_equal(poll(&f, 1, WAIT_MS), 1);
    ssize_t n = recv(c->fd, p, cap, 0);
    assert_true(n > 0);
    return (size_t)n;
}

static void client_offer(struct client *c, const char *print)
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

static void value(const char *text, const char *name, char *to, size_t cap)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    assert_true(str_copy(str_of(at, strcspn(at, "\r\n ")), to, cap));
}

static void take_answer(struct client *c)
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

static void client_check(struct client *c)
{
    uint8_t p[ICE_CHECK_MAX];
    char name[64];
    struct stun_msg m;
    snprintf(name, sizeof name, "%s:abcd", c->ufrag);
    assert_true(send(c->fd, p, ice_check(p, name, c->pwd, true), 0) > 0);
    size_t n = client_read(c, p, sizeof p);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.cls, STUN_SUCCESS);
    assert_true(stun_check_sha1(&m, c->pwd, strlen(c->pwd)));
}

/* A Binding without a name is for the STUN server, as ever. */
static void client_bind(struct client *c)
{
    uint8_t p[512], txid[STUN_TXID] = {9};
    struct stun_builder b;
    struct stun_msg m;
    stun_begin(&b, p, sizeof p, STUN_REQUEST, STUN_BINDING, txid);
    assert_true(send(c->fd, p, stun_end(&b), 0) > 0);
    size_t n = client_read(c, p, sizeof p);
    assert_int_equal(stun_parse(&m, p, n), STUN_OK);
    assert_int_equal(m.integrity_at, 0);
}

/* Opens sockets until the kernel gives what comes by one to that worker. */
static void client_arrive_at(struct client *c, struct worker *w)
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

static void flush(struct client *c)
{
    uint8_t all[16384];
    int n = BIO_read(c->out, all, sizeof all);
    for (int at = 0; at < n;) {
        int len = 13 + (all[at + 11] << 8 | all[at + 12]);
        assert_int_equal(send(c->fd, all + at, (size_t)len, 0), len);
        at += len;
    }
}

static void client_shake(struct client *c)
{
    uint8_t p[2048], k[56];
    SSL_do_handshake(c->ssl);
    for (int i = 0; i < PATIENCE && !SSL_is_init_finished(c->ssl); i++) {
        flush(c);
        size_t n = client_read(c, p, sizeof p);
        if (p[0] >= 20 && p[0] < 64)
            BIO_write(c->in, p, (int)n);
        SSL_do_handshake(c->ssl);
    }
    assert_true(SSL_is_init_finished(c->ssl));
    flush(c);
    SSL_export_keying_material(c->ssl, k, sizeof k, "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0);
    assert_int_equal(srtp_pair(SRTP_AEAD_AES_128_GCM, k, false, 16, 4, &c->srtp_in, &c->srtp_out),
                     ERR_OK);
}

static void client_connect(struct client *c)
{
    unsigned before = c->h->opened;
    client_offer(c, c->print);
    take_answer(c);
    client_check(c);
    client_shake(c);
    HEAR_UNTIL(c->h, c->h->opened == before + 1);
}

static void client_talk(struct client *c, uint16_t seq)
{
    uint8_t p[300];
    struct rtp r = {.ssrc = SSRC, .seq = seq, .pt = 111, .timestamp = seq * 960u};
    size_t n = rtp_put_head(p, sizeof p, &r, NULL);
    memset(p + n, seq, 80);
    n += 80;
    srtp_add(c->srtp_out, SSRC);
    assert_int_equal(srtp_protect(c->srtp_out, p, &n, sizeof p), SRTP_OK);
    assert_int_equal(send(c->fd, p, n, 0), (ssize_t)n);
}

/* The next packet of media, opened. */
static struct rtp client_hear(struct client *c, uint8_t *p, size_t cap)
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

/* ---- Tests ---- */

static void drop_at(struct letter *l)
{
    xfree(container_of(l, struct media_sfu_at, letter));
}

static void one_speaks_and_the_other_hears(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    uint8_t p[2048];
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_open(&b, &h, 2, false);
    client_connect(&a);
    assert_int_equal(h.tracks, 1);
    client_connect(&b);
    for (uint16_t i = 0; i < 100; i++) {
        client_talk(&a, (uint16_t)(65500 + i));
        struct rtp r = client_hear(&b, p, sizeof p);
        assert_int_equal(r.ssrc, b.ssrc);
        assert_int_equal(r.payload, 80);
        assert_int_equal(p[r.head], (uint8_t)(65500 + i));
    }
    assert_true(worker_post(h.w, &sfu_letter(MEDIA_SFU_LEAVE, ROOM, 1, 0, STR_NONE)->letter));
    HEAR_UNTIL(&h, h.tracks_gone == 1);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

/* Everything of `a`, which arrives elsewhere, and everything of `b`, which does not. */
static void what_arrives_at_another_worker_is_passed_on(void **state)
{
    (void)state;
    struct house h;
    struct client a, b;
    uint8_t p[2048];
    open_house_of(&h, 2);
    client_open(&a, &h, 1, true);
    client_arrive_at(&a, h.other);
    client_open(&b, &h, 2, false);
    client_arrive_at(&b, h.w);
    client_connect(&a);
    client_connect(&b);
    for (uint16_t i = 0; i < 100; i++) {
        client_talk(&a, i);
        struct rtp r = client_hear(&b, p, sizeof p);
        assert_int_equal(r.ssrc, b.ssrc);
        assert_int_equal(p[r.head], (uint8_t)i);
    }
    assert_true(count_get(worker_counts(h.other), COUNT_SFU_PASSED) > 100);
    assert_int_equal(count_get(worker_counts(h.w), COUNT_SFU_PASSED), 0);
    client_close(&a);
    client_close(&b);
    close_house(&h);
}

/* The same socket, first for a group of one worker and then of the other: what the first one was told of is
 * forgotten. */
static void a_socket_may_come_back_for_another_group(void **state)
{
    (void)state;
    struct house h;
    struct client a, again;
    open_house_of(&h, 2);
    open_room(h.other, ROOM + 1);
    client_open(&a, &h, 1, true);
    client_arrive_at(&a, h.other);
    client_connect(&a);
    uint64_t passed = count_get(worker_counts(h.other), COUNT_SFU_PASSED);
    client_open(&again, &h, 2, true);
    close(again.fd);
    again.fd = a.fd;
    again.room = ROOM + 1;
    again.w = h.other;
    client_connect(&again);
    client_talk(&again, 1);
    client_bind(&again); /* behind it */
    assert_int_equal(count_get(worker_counts(h.other), COUNT_SFU_PASSED), passed);
    a.fd = socket_to(&h);
    client_close(&a);
    client_close(&again);
    close_house(&h);
}

static void another_certificate_than_was_signalled_ends_it(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                     "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F");
    take_answer(&a);
    client_check(&a);
    client_shake(&a);
    HEAR_UNTIL(&h, h.ended == 1);
    assert_int_equal(h.why, TRANSPORT_FINGERPRINT);
    assert_int_equal(h.opened, 0);
    client_close(&a);
    close_house(&h);
}

static void an_answer_names_where_the_server_is_now(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    struct sfu_stats stats = {0};
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, a.print);
    take_answer(&a);
    assert_non_null(strstr(h.answer, " 127.0.0.1 9 typ host"));
    struct media_sfu_at *at = xcalloc(1, sizeof *at);
    at->letter = (struct letter){.kind = MEDIA_SFU_AT, .drop = drop_at};
    at->n = 2;
    at->at[0] = addr_ip4(192, 0, 2, 7, 4);
    at->at[1] = addr_ip4(192, 0, 2, 7, 5);
    at->tcp = 2;
    assert_true(worker_post(h.w, &at->letter));
    h.answered = 0;
    client_offer(&a, a.print);
    take_answer(&a);
    assert_null(strstr(h.answer, "127.0.0.1 9"));
    assert_non_null(strstr(h.answer, " udp 2130706431 192.0.2.7 4 typ host\r\n"));
    assert_non_null(strstr(h.answer, " 192.0.2.7 5 typ host tcptype passive\r\n"));
    client_close(&a);
    /* Its numbers are there for all when the worker has had some milliseconds. */
    while (stats.peers == 0) {
        stats = (struct sfu_stats){0};
        worker_sfu_stats(h.w, &stats);
    }
    assert_int_equal(stats.rooms, 1);
    close_house(&h);
}

static void what_is_no_offer_is_refused(void **state)
{
    (void)state;
    struct house h;
    open_house(&h);
    assert_true(
        worker_post(h.w, &sfu_letter(MEDIA_SFU_OFFER, ROOM, 1, 0, STR("nonsense"))->letter));
    HEAR_UNTIL(&h, h.refused == 1);
    assert_int_equal(h.refusal, SFU_BAD_OFFER);
    close_house(&h);
}

static void who_is_nobody_is_not_answered_as_somebody(void **state)
{
    (void)state;
    struct house h;
    struct client a;
    uint8_t p[512];
    open_house(&h);
    client_open(&a, &h, 1, true);
    client_offer(&a, a.print);
    take_answer(&a);
    /* DTLS and media before any check: dropped, and the check works afterwards. */
    memset(p, 22, 100);
    assert_int_equal(send(a.fd, p, 100, 0), 100);
    memset(p, 0x80, 100);
    assert_int_equal(send(a.fd, p, 100, 0), 100);
    client_check(&a);
    client_bind(&a);
    assert_true(count_get(worker_counts(h.w), COUNT_DROP_UDP_MEDIA) > 0);
    client_shake(&a);
    HEAR_UNTIL(&h, h.opened == 1);
    client_close(&a);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_speaks_and_the_other_hears),
        cmocka_unit_test(what_arrives_at_another_worker_is_passed_on),
        cmocka_unit_test(a_socket_may_come_back_for_another_group),
        cmocka_unit_test(another_certificate_than_was_signalled_ends_it),
        cmocka_unit_test(an_answer_names_where_the_server_is_now),
        cmocka_unit_test(what_is_no_offer_is_refused),
        cmocka_unit_test(who_is_nobody_is_not_answered_as_somebody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
